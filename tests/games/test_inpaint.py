"""Inpainting: holes, what lies outside of them, and what must be learned."""

import pytest
import torch
from toys import bars, engine_of

from rivalry.editing.fill import boxed, fill
from rivalry.errors import BadRequest
from rivalry.games.translation.inpaint import inpaint
from rivalry.kinds.image import to_uint8
from rivalry.maths.chance import by_row
from rivalry.maths.holes import distance, free_form
from rivalry.play.goal import Goal

CPU = torch.device("cpu")


def test_the_distance_from_a_line_is_that_of_geometry() -> None:
    away = distance(torch.tensor([[[2.0, 1.0]]]), torch.tensor([[[2.0, 4.0]]]), (6, 6))[0, 0]
    assert away[2, 1:5].abs().max() < 1e-6
    assert away[5, 2] == 3 and away[2, 0] == 1
    assert away[0, 0] == pytest.approx(5**0.5)


def test_holes_are_holes_and_each_its_own() -> None:
    torch.manual_seed(0)
    holes = free_form(400, (24, 32), CPU)
    assert set(holes.unique().tolist()) == {0.0, 1.0}
    shares = holes.mean((1, 2, 3))
    assert shares.min() > 0 and shares.max() < 0.7 and 0.05 < shares.mean() < 0.35
    assert len(holes.flatten(1).unique(dim=0)) > 350
    with by_row(1, range(4), CPU):
        whole = free_form(4, (9, 9), CPU)
    with by_row(1, range(2, 3), CPU):
        assert torch.equal(free_form(1, (9, 9), CPU), whole[2:3])


def test_what_is_in_the_hole_counts_for_nothing_and_outside_is_untouched_to_the_bit() -> None:
    game = engine_of(inpaint, bars(8, 0)).game.eval()
    hole = boxed((2, 3, 5, 4), (10, 10))
    x = torch.randint(256, (1, 1, 10, 10), dtype=torch.uint8)
    found = fill(game, x, hole)
    assert found.error is None
    assert torch.equal(found.x[..., ~hole], x[..., ~hole])
    assert not torch.equal(found.x[..., hole], x[..., hole])
    other = torch.where(hole, 255 - x, x)
    assert torch.equal(fill(game, other, hole).x, found.x)
    with pytest.raises(BadRequest, match="this game's pictures are 1 x 10 x 10; got 1 x 9 x 10"):
        game.fill(torch.zeros(1, 1, 9, 10), torch.ones(1, 1, 9, 10))


def test_it_learns_what_the_rest_tells() -> None:
    """A bar that goes on to both sides of the hole; a hole in a place without one."""
    data = bars(64, 0)
    engine = engine_of(inpaint, data, settings={"adversarial": 0.0, "lr": 3e-3, "batch": 16})
    engine.play(Goal(rounds=150))
    hole = boxed((3, 0, 4, 10), (10, 10))
    x = bars(16, 1).x
    made = torch.cat([fill(engine.game.eval(), one[None], hole).x for one in x]).float()
    off = (made - x.float())[..., hole].abs().mean()
    mean = data.x.float().mean(0)  # the control: the mean picture
    assert off < 0.6 * (mean - x.float())[..., hole].abs().mean()
    assert to_uint8(made / 127.5 - 1).shape == x.shape


def test_a_game_of_nothing_is_refused() -> None:
    with pytest.raises(BadRequest, match="nothing to learn from"):
        inpaint(bars(8, 0).spec, adversarial=0.0, reconstruction=0.0)
