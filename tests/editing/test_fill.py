"""Filling: outside of the hole nothing changes, and inside stands what the generator makes of the rest."""

import pytest
import torch
from smooth import SHAPE, Smooth

from rivalry.editing.codes import decoded, of_seeds
from rivalry.editing.fill import border, boxed, fill, require_hole
from rivalry.editing.invert import invert
from rivalry.errors import BadRequest
from rivalry.kinds.image import to_uint8

C, H, W = SHAPE


@pytest.fixture(scope="module")
def whole() -> tuple[Smooth, torch.Tensor]:
    """A game, and a sample of it as bytes."""
    game = Smooth()
    return game, to_uint8(decoded(game, of_seeds(game, [3])))


def test_a_hole_in_an_own_sample_is_filled_with_what_was_there(whole) -> None:
    game, x = whole
    hole = boxed((1, 1, W // 2, H // 2), (H, W))
    broken = torch.where(hole, torch.randint_like(x, 256), x)
    found = fill(game, broken, hole, steps=100)
    assert torch.equal(found.x[..., ~hole], x[..., ~hole])  # to the bit
    off = (found.x.float() - x.float())[..., hole].square().mean().sqrt()
    others = to_uint8(decoded(game, of_seeds(game, [*range(10, 30)]))).float()
    control = (others - x.float())[..., hole].square().mean().sqrt()  # samples at random in its place
    assert off < 0.2 * control and found.error < 0.01


def test_outside_of_the_hole_nothing_changes_even_of_what_no_code_makes(whole) -> None:
    game, _ = whole
    noise = torch.randint(256, (1, C, H, W), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    hole = boxed((0, 0, 2, H), (H, W))
    found = fill(game, noise, hole, steps=5)
    assert torch.equal(found.x[..., ~hole], noise[..., ~hole])
    assert not torch.equal(found.x[..., hole], noise[..., hole])


def test_pixels_in_the_hole_count_for_nothing(whole) -> None:
    game, x = whole
    hole = boxed((1, 1, 2, 2), (H, W))
    one, other = (torch.where(hole, torch.full_like(x, value), x) for value in (0, 255))
    assert torch.equal(fill(game, one, hole, steps=5).x, fill(game, other, hole, steps=5).x)
    given = one.float() / 127.5 - 1
    everything = invert(game, given, steps=5, guess=False, known=torch.ones(H, W))
    assert torch.allclose(everything.errors, invert(game, given, steps=5, guess=False).errors, rtol=1e-4)


def test_the_border_of_a_step_is_its_height() -> None:
    x = torch.zeros(1, 1, 6, 6, dtype=torch.uint8)
    hole = boxed((3, 0, 3, 6), (6, 6))
    x[..., 3:] = 255
    assert border(x, hole) == pytest.approx(2.0)
    assert border(torch.full_like(x, 9), hole) == 0


def test_holes_that_cannot_be_filled_are_refused() -> None:
    everything, nothing = torch.ones(6, 6, dtype=torch.bool), torch.zeros(6, 6, dtype=torch.bool)
    for hole, said in (
        (everything, "covers all"),
        (nothing, "marks nothing"),
        (nothing[:5], "mask is 5 x 6"),
    ):
        with pytest.raises(BadRequest, match=said):
            require_hole(hole, (6, 6))
    for box in ((5, 0, 2, 2), (0, 0, 0, 1), (0, 5, 1, 2)):
        with pytest.raises(BadRequest, match="does not lie in a picture"):
            boxed(box, (6, 6))
