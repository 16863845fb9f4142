"""Paths from seed to seed: legs that join, and closed paths that have no seam."""

import math

import pytest
import torch
from smooth import SPEC, Linear, Smooth, Stylish, same
from torch import Tensor

from rivalry.editing.codes import decoded, of_seeds
from rivalry.editing.interpolate import frames, legs, loop, sheet
from rivalry.errors import BadRequest
from rivalry.maths.paths import lerp, slerp
from rivalry.show.tables import table


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def angles(path: Tensor) -> Tensor:
    """Between each and the next."""
    unit = torch.nn.functional.normalize(path.double().flatten(1), dim=1)
    return 2 * torch.atan2((unit[1:] - unit[:-1]).norm(dim=1), (unit[1:] + unit[:-1]).norm(dim=1))


def test_each_leg_begins_where_the_last_one_ended() -> None:
    points = draw(4, 7)
    path = legs(points, 5, closed=True)
    assert path.shape == (4, 5, 7)
    assert torch.equal(path[:, 0], points)
    assert torch.equal(path[:, -1], points.roll(-1, 0))
    assert torch.equal(legs(points, 5), path[:3])


def test_a_loop_has_no_code_twice_and_no_seam() -> None:
    points = torch.eye(3)  # the legs are of the same length
    path = loop(points, 8)
    assert len(path.unique(dim=0)) == len(path) == 24
    around = angles(torch.cat([path, path[:1]]))
    torch.testing.assert_close(around, torch.full((24,), math.pi / 16).double(), rtol=1e-5, atol=0)


@pytest.mark.parametrize(("points", "steps", "said"), [(1, 5, "got 1 of them"), (3, 1, "two steps or more")])
def test_a_path_needs_points_and_steps(points: int, steps: int, said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        legs(draw(points, 4), steps)


def test_a_movie_passes_every_seed_at_its_time() -> None:
    game = Stylish()
    for space, between in (("z", slerp), ("w", lerp)):
        x = frames(game, [4, 5, 6], steps=10, between=between, space=space)
        torch.testing.assert_close(x[::10], decoded(game, of_seeds(game, [4, 5, 6])))


def test_a_movie_of_a_game_that_is_told_classes_keeps_to_one() -> None:
    game = Smooth(classes=3)
    torch.testing.assert_close(
        frames(game, [4, 5], steps=4, label=2)[::4], decoded(game, of_seeds(game, [4, 5]), label=2)
    )
    with pytest.raises(BadRequest, match="--label"):
        frames(game, [4, 5])


def test_a_row_of_the_sheet_is_a_leg_of_one_class() -> None:
    game, seeds = Smooth(classes=2), [1, 2, 3]
    page = sheet(game, SPEC, seeds, steps=3, closed=True)
    paths = legs(of_seeds(game, seeds), 3, closed=True)
    x = torch.stack([decoded(game, leg, label=k) for leg, k in zip(paths, (0, 1, 0))])
    told = table(x, SPEC, ["1 to 2", "2 to 3", "3 to 1"], ["0", "0.5", "1"])
    assert same(page, told)
    assert not same(page, sheet(game, SPEC, seeds, steps=3, closed=True, label=1))


def test_linear_games_give_straight_paths() -> None:
    game = Linear()
    x = frames(game, [1, 2], steps=4, between=lerp)
    torch.testing.assert_close(x[2], (x[0] + x[4]) / 2)
