"""Arithmetic on codes: exact where a game is linear, of a typical norm where it is not."""

import pytest
import torch
from smooth import SHAPE, SPEC, Linear, Smooth, Stylish, same

from rivalry.editing.arithmetic import analogy, mean, renormalized, sheet, turn, turned, turning
from rivalry.editing.codes import decoded, drawn, lengths, of_seeds, typical
from rivalry.errors import BadRequest
from rivalry.show.tables import blank, table


def test_a_set_minus_itself_is_nothing() -> None:
    a, c = drawn(Linear(), 5), drawn(Linear(), 3, seed=1)
    torch.testing.assert_close(analogy(a, a, c), mean(c))
    assert turn(a, a).abs().max() == 0


def test_a_linear_game_does_in_images_what_is_done_in_codes() -> None:
    game = Linear()
    a, b, c = (of_seeds(game, seeds) for seeds in ([1, 2, 3], [4, 5], [6, 7, 8, 9]))
    images = [decoded(game, codes).mean(0) for codes in (a, b, c)]
    torch.testing.assert_close(decoded(game, analogy(a, b, c)[None])[0], images[0] - images[1] + images[2])


@pytest.mark.parametrize("k", [1, 3, 10])
def test_a_mean_of_normal_codes_shrinks_by_the_root_of_their_number(k: int) -> None:
    game = Linear(latent=900)
    assert mean(drawn(game, k)).norm() == pytest.approx(30 / k**0.5, rel=0.06)
    a, b, c = (drawn(game, k, seed=seed) for seed in range(3))
    assert analogy(a, b, c).norm() == pytest.approx(30 * (3 / k) ** 0.5, rel=0.06)


def test_renormalized_codes_keep_their_direction() -> None:
    codes = drawn(Linear(), 6).view(6, 2, 4)
    found = renormalized(codes, 3.0)
    torch.testing.assert_close(lengths(found), torch.full((6,), 3.0))
    torch.testing.assert_close(found / found[:, :1, :1], codes / codes[:, :1, :1])
    torch.testing.assert_close(renormalized(codes, lengths(codes)), codes)
    assert renormalized(torch.zeros(1, 5), 3.0).tolist() == [[0] * 5]


def test_a_turn_vector_turns_what_two_sets_differ_in_and_little_else() -> None:
    game = Linear(latent=50)
    codes = drawn(game, 400)
    shows = codes[:, 7] > 0  # what the sets differ in: the sign of one number
    vector = turn(codes[shows], codes[~shows])
    assert vector[7] == pytest.approx(2 * (2 / torch.pi) ** 0.5, abs=0.15)  # the means of half normals
    others = drawn(game, 20, seed=9)
    moved = turned(others, vector, torch.tensor([-2.0, 0.0, 2.0]))
    assert torch.equal(moved[:, 1], others)
    assert (moved[:, 2, 7] > 0).all() and (moved[:, 0, 7] < 0).float().mean() > 0.9
    rest = torch.arange(50) != 7
    assert (moved[:, 2] - others)[:, rest].square().mean() < 0.1


def test_a_mean_needs_an_example() -> None:
    with pytest.raises(BadRequest, match="one example or more"):
        mean(torch.zeros(0, 5))


def test_the_sheet_shows_means_at_the_typical_norm_beside_their_examples() -> None:
    game = Smooth()
    a, b, c = (of_seeds(game, seeds) for seeds in ([1, 2, 3], [4], [5, 6]))
    means = torch.stack([mean(a), mean(b), mean(c), analogy(a, b, c)])
    x = blank(SPEC).repeat(4, 4, 1, 1, 1)
    x[:, 0] = decoded(game, renormalized(means, typical(game).norm))
    for row, some in enumerate((a, b, c)):
        x[row, 1 : 1 + len(some)] = decoded(game, some)
    told = table(x, SPEC, ["a", "minus", "plus", "a - minus + plus"], ["mean", "1", "2", "3"])
    assert same(sheet(game, SPEC, a, b, c), told)


def test_styles_are_averaged_as_they_are() -> None:
    game = Stylish()
    a, b, c = (of_seeds(game, [seed], "w") for seed in (1, 2, 3))
    page = sheet(game, SPEC, a, b, c, space="w")
    x = torch.stack([*(decoded(game, w, "w") for w in (a, b, c)), decoded(game, a - b + c, "w")])
    x = torch.cat([x, x], 1)
    x[3, 1] = blank(SPEC)
    told = table(x, SPEC, ["a", "minus", "plus", "a - minus + plus"], ["mean", "1"])
    assert same(page, told)


def test_turning_by_nothing_shows_the_codes_themselves_and_by_more_keeps_their_norm() -> None:
    game = Linear()
    codes, vector = of_seeds(game, [1, 2]), torch.ones(8)
    moved = renormalized((codes + 3 * vector), lengths(codes))
    x = torch.stack([decoded(game, codes), decoded(game, moved)], 1)
    told = table(x, SPEC, ["", ""], ["0", "3"])
    page = turning(game, SPEC, vector, codes, [0.0, 3.0])
    assert same(page, told)
    assert x.shape == (2, 2, *SHAPE)


def test_one_class_is_asked_for() -> None:
    game = Smooth(classes=2)
    codes = drawn(game, 2)
    with pytest.raises(BadRequest, match="--label"):
        sheet(game, SPEC, codes, codes, codes)
    with pytest.raises(BadRequest, match="--label"):
        turning(game, SPEC, codes[0], codes, [1.0])
