"""Features of data before training hold what is known of them, and outcomes are foretold only where there is a rule."""

import json
import math

import pytest
import torch

from rivalry.errors import BadRequest
from rivalry.lab.families import (
    FAMILIES,
    connectedness,
    dimension,
    features,
    intrinsic_dimension,
    kernel_rank,
    kernel_spectrum,
    lasting_components,
    longest_gap,
    rank_correlation,
)
from rivalry.lab.predict import Case, cases, conclusions, energy_distance, ridge, verdict, write

FEW = 800


def apart(x: torch.Tensor) -> torch.Tensor:
    return torch.cdist(x.double(), x.double())


def drawn(family: str, knob: float, seed: int = 3) -> torch.Tensor:
    return next(f for f in FAMILIES if f.name == family).data(knob, FEW, seed).x


@pytest.mark.parametrize("d", [1, 2, 4])
def test_the_intrinsic_dimension_is_that_of_a_cube_laid_into_more_numbers(d: int) -> None:
    torch.manual_seed(0)
    x = torch.rand(FEW, d) @ torch.linalg.qr(torch.randn(6, 6))[0][:d]
    assert intrinsic_dimension(apart(x)) == pytest.approx(d, rel=0.15)


@pytest.mark.parametrize("k", [2, 4, 8])
def test_components_that_lie_apart_are_counted(k: int) -> None:
    assert math.exp(lasting_components(apart(drawn("components", k)))) == pytest.approx(k)


def test_a_gap_lengthens_the_last_merging_and_a_whole_has_none() -> None:
    near, far = (longest_gap(apart(drawn("connectedness", gap))) for gap in (-1, 2))
    assert far > near + 1


def test_more_components_need_more_directions_of_the_kernel() -> None:
    ranks = [kernel_rank(kernel_spectrum(apart(drawn("smoothness", waves)))) for waves in (0.5, 2, 8)]
    assert ranks == sorted(ranks)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.name)
def test_data_of_a_family_have_mean_zero_and_deviation_one_and_follow_their_seed(family) -> None:
    knob = family.knobs[2]
    x, again, other = (family.data(knob, FEW, seed).x for seed in (0, 0, 1))
    assert torch.equal(x, again) and not torch.equal(x, other)
    assert float(x.square().mean()) == pytest.approx(1, abs=0.1)
    assert all(math.isfinite(value) for value in features(x[:300]).values())


def test_the_surface_of_a_ball_has_its_dimension() -> None:
    x = dimension(FEW, 2, torch.Generator().manual_seed(0))
    assert float(torch.linalg.matrix_rank((x.T @ x) / len(x), atol=0.01)) == 3
    assert connectedness(4, 0.0, torch.Generator()).shape == (4, 2)


def test_the_energy_distance_is_none_of_the_same_and_that_of_two_points() -> None:
    x = torch.randn(200, 2)
    assert energy_distance(x, x) == pytest.approx(0, abs=1e-12)
    assert energy_distance(torch.zeros(5, 1), torch.full((5, 1), 3.0)) == pytest.approx(6)


def invented(rule, noise: float = 0.0) -> list[Case]:
    """Four families, of which the outcome follows a rule of the first feature."""
    generator = torch.Generator().manual_seed(0)
    found = []
    for family in "abcd":
        for knob in range(6):
            u, v, e = torch.randn(3, generator=generator).tolist()
            found.append(Case(family, knob, {"u": u, "v": v}, {"gan": rule(u) + noise * e}))
    return found


def test_a_rule_is_foretold_on_families_that_were_not_seen() -> None:
    found = verdict(invented(lambda u: 2 * u, 0.1), "gan")
    assert found.overall > 0.9 > found.chance
    assert min(found.within.values()) > 0.7
    assert found.weights["u"] > 5 * abs(found.weights["v"])
    said = " ".join(conclusions([found]))
    assert "more than chance" in said and "largest weight is u" in said and "it fails" not in said


def test_noise_is_not_foretold() -> None:
    found = verdict(invented(lambda u: 0.0, 1.0), "gan")
    assert found.overall < 0.5
    said = " ".join(conclusions([found]))
    assert ("no more than chance" in said) == (found.overall <= found.chance)


def test_ridge_is_the_solution_of_its_equations() -> None:
    x, y = torch.randn(30, 3, dtype=torch.float64), torch.randn(30, dtype=torch.float64)
    w = ridge(x, y)
    torch.testing.assert_close(x.T @ (x @ w - y) + w, torch.zeros(3, dtype=torch.float64), atol=1e-9, rtol=0)
    assert math.isnan(rank_correlation(torch.ones(4), torch.arange(4.0)))


def test_distributions_are_trained_on_and_reported(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rivalry.lab.predict.SAMPLES", 200)
    found = cases(3, 2, families=FAMILIES[:3], models=["gan", "no-such-game"])
    assert len(found) == 6 and all(math.isfinite(case.outcome["gan"]) for case in found)
    page = write(tmp_path, found, [verdict(found, "gan")], 3, ["vae"])
    assert "left out: vae" in page.read_text()
    assert len(json.loads((tmp_path / "found.json").read_text())["cases"]) == 6
    with pytest.raises(BadRequest, match="three families or more"):
        cases(1, families=FAMILIES[:2])
