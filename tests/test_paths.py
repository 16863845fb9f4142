"""Straight lines and arcs: exact ends, even speed, the norm that is typical; one pair at places, and pairs in rows."""

import math

import pytest
import torch
from torch import Tensor

from rivalry.maths import paths

T = torch.linspace(0, 1, 11)


def lerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """One pair (...) at places (k,): (k, ...)."""
    return paths.lerp(a[None], b[None], t)


def slerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """One pair (...) at places (k,): (k, ...)."""
    return paths.slerp(a[None], b[None], t)


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def angles(path: Tensor) -> Tensor:
    """Between each and the next."""
    unit = torch.nn.functional.normalize(path.double().flatten(1), dim=1)
    return 2 * torch.atan2((unit[1:] - unit[:-1]).norm(dim=1), (unit[1:] + unit[:-1]).norm(dim=1))


@pytest.mark.parametrize("between", [lerp, slerp])
@pytest.mark.parametrize("seed", range(10))
def test_the_ends_are_exact(between, seed: int) -> None:
    a, b = draw(2, 40, seed=seed) * torch.tensor([[1.0], [3.7]])
    path = between(a, b, T)
    assert torch.equal(path[0], a)
    assert torch.equal(path[-1], b)


@pytest.mark.parametrize("seed", range(10))
def test_an_arc_has_an_even_speed_and_a_norm_that_goes_evenly(seed: int) -> None:
    a, b = draw(2, 40, seed=seed) * torch.tensor([[1.0], [3.7]])
    path = slerp(a, b, T)
    torch.testing.assert_close(angles(path), angles(torch.stack([a, b])).expand(10) / 10, rtol=1e-5, atol=0)
    torch.testing.assert_close(path.norm(dim=1), lerp(a.norm(), b.norm(), T))


def test_a_straight_line_has_no_even_angle_and_loses_norm() -> None:
    a, b = torch.eye(100)[:2] * 10.0
    assert angles(lerp(a, b, T)).std() > 0.01
    assert lerp(a, b, T)[5].norm() == pytest.approx(10 / math.sqrt(2))
    torch.testing.assert_close(slerp(a, b, T).norm(dim=1), torch.full((11,), 10.0))


def test_an_arc_at_right_angles_is_cosine_and_sine() -> None:
    x, y = torch.eye(2)
    truth = torch.stack([(T * math.pi / 2).cos(), (T * math.pi / 2).sin()], 1)
    torch.testing.assert_close(slerp(x, y, T), truth)


@pytest.mark.parametrize("turned", [1 + 1e-7, 2.0, -1.0, -1 - 1e-7, 0.0])
def test_codes_in_one_line_are_joined_by_a_straight_line(turned: float) -> None:
    a = draw(20)
    b = turned * a
    assert torch.equal(slerp(a, b, T), lerp(a, b, T))


def test_an_arc_of_a_small_angle_is_nearly_straight() -> None:
    a = torch.eye(30)[0].double()
    b = a + 1e-4 * torch.eye(30)[1]
    path = slerp(a, b, T)
    torch.testing.assert_close(path, lerp(a, b, T), rtol=0, atol=1e-8)
    torch.testing.assert_close(angles(path), torch.full((10,), 1e-5, dtype=torch.double), rtol=1e-4, atol=0)


def test_codes_of_any_shape_are_joined() -> None:
    a, b = draw(2, 3, 4, 5)
    torch.testing.assert_close(slerp(a, b, T).flatten(1), slerp(a.flatten(), b.flatten(), T))


def test_arcs_of_rows_pass_at_an_even_angle_and_norm() -> None:
    a, b = torch.tensor([[2.0, 0.0]]).double(), torch.tensor([[0.0, 4.0]]).double()
    halfway = paths.slerp(a, b, torch.tensor([0.5]))
    torch.testing.assert_close(halfway, torch.full((1, 2), 3 / 2**0.5, dtype=torch.float64))
    assert torch.equal(paths.slerp(a, b, torch.tensor([1.0])), b)
    quarter = torch.tensor([[1.5, 1.0]]).double()
    assert torch.equal(paths.lerp(a, b, torch.tensor([0.25])), quarter)
    one_number = paths.slerp(torch.tensor([[2.0]]), torch.tensor([[4.0]]), torch.tensor([0.5]))
    assert float(one_number) == 3


@pytest.mark.parametrize("between", [paths.lerp, paths.slerp])
def test_each_row_is_the_path_of_its_own_pair(between) -> None:
    """Among them a zero, a parallel and an opposite pair, which must not change the other rows."""
    a, b, t = draw(7, 2, 5), draw(7, 2, 5, seed=1), torch.rand(7, generator=torch.Generator().manual_seed(2))
    a[1], b[2], b[3], b[4] = 0, 0, 2 * a[3], -a[4]
    rows = between(a, b, t)
    assert rows.dtype == a.dtype and rows.isfinite().all()
    for i in range(7):
        assert torch.equal(rows[i : i + 1], between(a[i : i + 1], b[i : i + 1], t[i : i + 1]))
    line = torch.equal(rows[1:5], paths.lerp(a, b, t)[1:5])
    assert line and (between is paths.lerp) == torch.equal(rows, paths.lerp(a, b, t))
