"""Priors: what is drawn, and what truncation leaves of it."""

import pytest
import torch

from rivalry.games.image.infogan import coded
from rivalry.maths.priors import normal, uniform

CPU = torch.device("cpu")


@pytest.mark.parametrize("prior", [normal(6), uniform(6)], ids=["normal", "uniform"])
@pytest.mark.parametrize("threshold", [0.1, 0.5])
def test_nothing_lies_beyond_the_threshold(prior, threshold) -> None:
    torch.manual_seed(0)
    assert prior(500, CPU, threshold).abs().max() <= threshold
    assert prior(500, CPU).abs().max() > threshold


def test_a_normal_prior_is_truncated_and_not_squeezed() -> None:
    """Codes inside stay where they were; codes beyond are drawn again with the distribution of the inside."""
    torch.manual_seed(0)
    plain = normal(1)(40_000, CPU)
    torch.manual_seed(0)
    cut = normal(1)(40_000, CPU, 1.0)
    inside = plain.abs() <= 1
    assert torch.equal(cut[inside], plain[inside])
    for quantile in (0.1, 0.25, 0.5, 0.75, 0.9):
        assert cut[~inside].quantile(quantile).item() == pytest.approx(
            cut[inside].quantile(quantile).item(), abs=0.03
        )


def test_the_parts_of_a_code_that_is_asked_back() -> None:
    torch.manual_seed(0)
    z = coded(3, 4, 2)(2000, CPU)
    assert z.shape == (2000, 9)
    assert torch.equal(z[:, 3:7].sum(1), torch.ones(2000))
    assert (z[:, 3:7].mean(0) - 0.25).abs().max() < 0.04
    assert z[:, 7:].abs().max() <= 1
    torch.manual_seed(0)
    cut = coded(3, 4, 2)(2000, CPU, 0.5)
    assert torch.equal(cut[:, 3:7], z[:, 3:7])
    assert torch.equal(cut[:, :3], 0.5 * z[:, :3])
