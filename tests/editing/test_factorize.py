"""Directions in closed form: a linear generator's are its right singular vectors."""

import pytest
import torch
from smooth import SPEC, Linear, Smooth, Stylish, same, weight

from rivalry.editing.codes import decoded, drawn, of_seeds
from rivalry.editing.factorize import deviations, directions, input_matrices, sheet, steered
from rivalry.errors import BadRequest
from rivalry.show.tables import table


@pytest.mark.parametrize("seed", range(5))
def test_a_linear_generators_directions_are_its_right_singular_vectors(seed: int) -> None:
    game = Linear(seed=seed)
    found = directions(game)
    _, values, vectors = torch.linalg.svd(game.A, full_matrices=False)
    torch.testing.assert_close(found.strengths, values)
    torch.testing.assert_close((found.vectors * vectors).sum(1).abs(), torch.ones(8))
    torch.testing.assert_close(found.vectors @ found.vectors.T, torch.eye(8), rtol=0, atol=1e-5)


def test_no_direction_moves_samples_further_than_the_first_or_less_than_the_last() -> None:
    game = Linear()
    move = lambda steps: decoded(game, steps).flatten(1).norm(dim=1)
    found = directions(game)
    torch.testing.assert_close(move(found.vectors), found.strengths)
    others = move(torch.nn.functional.normalize(drawn(game, 500), dim=1))
    assert others.max() < found.strengths[0]
    assert others.min() > found.strengths[-1]


def test_the_sign_is_that_of_the_largest_entry() -> None:
    vectors = directions(Linear()).vectors
    assert (vectors.gather(1, vectors.abs().argmax(1, keepdim=True)) > 0).all()


def test_chosen_layers_are_factorized_together() -> None:
    game = Stylish()
    A = torch.cat([game.layers[1], game.layers[4]])
    values = torch.linalg.svdvals(A)
    torch.testing.assert_close(directions(game, [1, 4]).strengths, values)
    assert not torch.allclose(directions(game).strengths, values)


def test_only_chosen_layers_of_a_style_are_moved() -> None:
    code, vectors = torch.rand(6, 5), torch.eye(5)[:2]
    moved = steered(code, vectors, torch.tensor([-1.0, 0.0, 2.0]), [1, 3])
    assert moved.shape == (2, 3, 6, 5)
    assert torch.equal(moved[:, 1], code.expand(2, -1, -1))
    truth = code.clone()
    truth[[1, 3], 1] += 2
    assert torch.equal(moved[1, 2], truth)
    assert torch.equal(
        steered(code[0], vectors, torch.tensor([[1.0], [3.0]]))[1, 0], code[0] + 3 * vectors[1]
    )


def test_strengths_are_in_deviations_of_the_codes() -> None:
    codes = torch.randn(4000, 3, generator=torch.Generator().manual_seed(0)) * torch.tensor([1.0, 2.0, 5.0])
    torch.testing.assert_close(deviations(codes, torch.eye(3)), torch.tensor([1.0, 2, 5]), rtol=0.05, atol=0)
    styles = codes[:, None].expand(-1, 4, -1)
    assert torch.equal(deviations(styles, torch.eye(3)), deviations(codes, torch.eye(3)))


def test_the_middle_of_the_sheet_is_the_sample_and_the_first_row_the_strongest() -> None:
    game = Linear()
    vectors = directions(game).vectors[:2]
    scale = deviations(drawn(game, 1000), vectors)
    code = of_seeds(game, [4])[0]
    moved = steered(code, vectors, scale[:, None] * torch.tensor([-1.0, 0.0, 1.0]))
    x = decoded(game, moved.flatten(0, 1)).unflatten(0, (2, 3))
    told = table(x, SPEC, ["1", "2"], ["-1", "0", "1"])
    assert same(sheet(game, SPEC, [-1.0, 0.0, 1.0], count=2, seed=4), told)
    torch.testing.assert_close(x[:, 1], decoded(game, code[None]).expand(2, -1, -1, -1))


def test_a_sample_of_a_class_stays_of_its_class() -> None:
    class Told(Smooth):
        def input_matrices(self) -> list[torch.Tensor]:
            return [self.first]

    game = Told(classes=3)
    pages = [sheet(game, SPEC, [0.0, 1.0], count=1, label=k) for k in (None, 0, 2)]
    assert same(pages[0], pages[1])
    assert not same(pages[0], pages[2])


def test_what_cannot_be_factorized_is_refused() -> None:
    with pytest.raises(BadRequest, match="which matrices its codes meet first"):
        input_matrices(Smooth())
    with pytest.raises(BadRequest, match="layers 0 to 5; asked for 6"):
        directions(Stylish(), [6])
    with pytest.raises(BadRequest, match="asked for none"):
        directions(Stylish(), [])


def test_readers_are_left_as_they_are() -> None:
    game = Linear()
    directions(game)
    assert torch.equal(game.A, weight(120, 8))
