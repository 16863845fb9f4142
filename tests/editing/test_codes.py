"""Codes by seed are those of `rivalry sample`, and decoding them is the same in any chunks."""

import pytest
import torch
from smooth import Linear, Mute, Smooth, Stylish

from rivalry.editing.codes import (
    decoded,
    drawn,
    given_labels,
    lengths,
    of_seeds,
    require,
    require_one_class,
    typical,
)
from rivalry.errors import BadRequest
from rivalry.runs.drawing import draw


@pytest.mark.parametrize("space", ["z", "w"])
def test_a_seed_is_the_sample_that_is_drawn_with_it(space) -> None:
    game, seeds = Stylish(), [3, 0, 3, 12345]
    x = decoded(game, of_seeds(game, seeds, space), space)
    torch.testing.assert_close(x, torch.cat([draw(game, 1, seed=seed) for seed in seeds]))


def test_a_seed_of_a_class_as_well_and_every_class_in_turn_where_none_is_told() -> None:
    game, seeds = Smooth(classes=3), [5, 6, 7, 8]
    codes = of_seeds(game, seeds)
    for label, each in ((2, [2, 2, 2, 2]), (None, [0, 1, 2, 0])):
        truth = torch.cat([draw(game, 1, seed=seed, label=k) for seed, k in zip(seeds, each)])
        torch.testing.assert_close(decoded(game, codes, label=label), truth)


@pytest.mark.parametrize("chunk", [1, 4, 7, 100])
def test_chunks_do_not_change_samples_or_their_classes(chunk: int) -> None:
    game = Smooth(classes=3)
    codes = drawn(game, 10)
    torch.testing.assert_close(decoded(game, codes, chunk=chunk), game.decode(codes))


def test_the_same_codes_give_the_same_samples_of_a_game_that_adds_chance() -> None:
    class Noisy(Linear):
        def decode(self, z: torch.Tensor) -> torch.Tensor:
            return super().decode(z) + torch.randn(len(z), *self.shape)

    game = Noisy()
    codes = drawn(game, 5)
    assert torch.equal(decoded(game, codes), decoded(game, codes))
    assert not torch.equal(game.decode(codes), game.decode(codes))


def test_the_callers_random_numbers_go_on_undisturbed() -> None:
    game = Linear()
    torch.manual_seed(1)
    truth = torch.rand(3)
    torch.manual_seed(1)
    decoded(game, of_seeds(game, [1, 2]))
    typical(game)
    assert torch.equal(torch.rand(3), truth)


def test_normal_codes_are_typically_of_norm_root_d() -> None:
    known = typical(Linear(latent=400))
    assert known.norm == pytest.approx(20, rel=0.01)
    assert known.mean.abs().max() < 0.2
    assert known.std.mean() == pytest.approx(1, abs=0.01)
    assert lengths(torch.full((2, 3, 4), 2.0)).tolist() == pytest.approx([48**0.5] * 2)


def test_a_number_that_never_varies_is_not_divided_by() -> None:
    class Tied(Linear):
        def draw(self, n: int, truncation: float | None = None) -> torch.Tensor:
            return super().draw(n) * torch.tensor([1.0] * 7 + [0.0])

    assert typical(Tied()).std[-1] == 1


@pytest.mark.parametrize(
    ("game", "space", "said"),
    [
        (Mute(), "z", "decodes no codes"),
        (Linear(), "w", "has no styles"),
        (Linear(), "v", "in z or, where there are styles, in w; got 'v'"),
    ],
)
def test_what_a_game_lacks_is_said(game, space, said) -> None:
    with pytest.raises(BadRequest, match=said):
        require(game, space)


def test_classes_are_checked() -> None:
    with pytest.raises(BadRequest, match="labels go from 0 to 2; asked for 3"):
        given_labels(Smooth(classes=3), 2, 3)
    with pytest.raises(BadRequest, match="not told classes"):
        decoded(Linear(), torch.zeros(1, 8), label=1)
    with pytest.raises(BadRequest, match="name it with --label"):
        require_one_class(Smooth(classes=3), None)
    require_one_class(Smooth(classes=3), 0)
    require_one_class(Linear(), None)


def test_seeds_are_asked_for() -> None:
    with pytest.raises(BadRequest, match="one seed or more"):
        of_seeds(Linear(), [])
    with pytest.raises(BadRequest, match="from 0 to"):
        of_seeds(Linear(), [-1])
