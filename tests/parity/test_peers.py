"""Side by side with the packages that people use: equal to what they define, or apart where they are known to be wrong.

`make parity` installs them beside the project and runs this; without them every test here is left out.
"""

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock, patch

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from rivalry.metrics.classes.inception_score import inception_score
from rivalry.metrics.features.density import density_coverage
from rivalry.metrics.features.frechet import fid
from rivalry.metrics.features.kid import kid_of_subsets
from rivalry.metrics.features.precision import precision_recall

N, D = 500, 24


def features(seed: int, shift: float = 0.0) -> Tensor:
    mix = torch.randn(D, D, generator=torch.Generator().manual_seed(9), dtype=torch.float64)
    return torch.randn(N, D, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) @ mix + shift


REAL, FAKE = features(0), features(1, 0.4)


def values(scores):
    return {score.name.split("[")[0]: score.value for score in scores}


class Table(nn.Module):
    """Stands for an extractor: an image names its row by its first two pixels."""

    def __init__(self, rows: Tensor):
        super().__init__()
        self.rows, self.num_features = rows, rows.shape[1]

    def forward(self, x: Tensor) -> Tensor:
        first = x.flatten(1).long()
        return self.rows[(256 * first[:, 0] + first[:, 1]) % len(self.rows)]


def pictures(rows: range) -> Tensor:
    index = torch.tensor(list(rows))
    x = torch.zeros(len(index), 3, 8, 8, dtype=torch.uint8)
    x[:, 0, 0, 0], x[:, 0, 0, 1] = (index // 256).byte(), (index % 256).byte()
    return x


@pytest.fixture
def fidelity() -> Iterator[ModuleType]:
    """torch-fidelity, which asks for torchvision at every import, and needs it for none of this."""
    stubs = ("", ".models", ".transforms", ".transforms.functional", ".datasets", ".models.vgg")
    with patch.dict(sys.modules):  # what was imported meanwhile is forgotten again
        sys.modules.update({f"torchvision{name}": MagicMock() for name in stubs})
        pytest.importorskip("torch_fidelity.metric_fid", reason="make parity installs it")
        yield pytest.importorskip("torch_fidelity")


@pytest.fixture
def torchmetrics() -> Iterator[None]:
    """torchmetrics, which cannot be imported where torch-fidelity is there and torchvision is not."""
    stub: Any = ModuleType("torch_fidelity.feature_extractor_inceptionv3")
    stub.FeatureExtractorInceptionV3 = nn.Module
    helpers: Any = ModuleType("torch_fidelity.helpers")
    helpers.vassert = lambda truth, message: None
    resize: Any = ModuleType("torch_fidelity.interpolate_compat_tensorflow")
    resize.interpolate_bilinear_2d_like_tensorflow1x = None
    with patch.dict(sys.modules):
        sys.modules.update({module.__name__: module for module in (stub, helpers, resize)})
        sys.modules["torch_fidelity"] = ModuleType("torch_fidelity")
        pytest.importorskip("torchmetrics.image.fid", reason="make parity installs it")
        yield


# ---------------------------------------------------------------------- prdc


def test_density_and_coverage_are_those_of_prdc() -> None:
    prdc = pytest.importorskip("prdc", reason="make parity installs it")
    theirs = prdc.compute_prdc(REAL.numpy(), FAKE.numpy(), nearest_k=5)
    ours = values(density_coverage(REAL, FAKE, k=5))
    assert ours["density"] == pytest.approx(theirs["density"], rel=1e-9)
    assert ours["coverage"] == pytest.approx(theirs["coverage"], rel=1e-9)


def test_precision_and_recall_are_those_of_prdc_where_no_point_lies_on_a_border() -> None:
    prdc = pytest.importorskip("prdc", reason="make parity installs it")
    theirs = prdc.compute_prdc(REAL.numpy(), FAKE.numpy(), nearest_k=3)
    ours = values(precision_recall(REAL, FAKE, k=3))
    assert (ours["precision"], ours["recall"]) == (theirs["precision"], theirs["recall"])
    collapsed = REAL[:1].repeat(N, 1)  # theirs is strict: a ball of radius 0 holds not even its center
    assert prdc.compute_prdc(REAL.numpy(), collapsed.numpy(), nearest_k=3)["recall"] == 0
    assert values(precision_recall(REAL, collapsed, k=3))["recall"] == 1 / N


# ---------------------------------------------------------------------- torchmetrics


def test_the_frechet_distance_is_that_of_torchmetrics(torchmetrics: None) -> None:
    peer = pytest.importorskip("torchmetrics.image.fid", reason="make parity installs it")
    metric = peer.FrechetInceptionDistance(feature=Table(torch.cat([REAL, FAKE]))).set_dtype(torch.float64)
    metric.update(pictures(range(N)), real=True)
    metric.update(pictures(range(N, 2 * N)), real=False)
    assert fid(REAL, FAKE, splits=0).value == pytest.approx(float(metric.compute()), rel=1e-5)


def test_kid_of_one_subset_of_everything_is_that_of_torchmetrics(torchmetrics: None) -> None:
    peer = pytest.importorskip("torchmetrics.image.kid", reason="make parity installs it")
    table = Table(torch.cat([REAL, FAKE]))
    metric = peer.KernelInceptionDistance(feature=table, subsets=1, subset_size=N).set_dtype(torch.float64)
    metric.update(pictures(range(N)), real=True)
    metric.update(pictures(range(N, 2 * N)), real=False)
    ours = kid_of_subsets(REAL, FAKE, subsets=1, size=N).value
    assert ours == pytest.approx(float(metric.compute()[0]), rel=1e-5)


# ---------------------------------------------------------------------- torch-fidelity


def test_the_frechet_distance_is_that_of_torch_fidelity(fidelity: ModuleType) -> None:
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

    statistics = [fid_features_to_statistics(x) for x in (REAL, FAKE)]
    theirs = fid_statistics_to_metric(*statistics, verbose=False)["frechet_inception_distance"]
    assert fid(REAL, FAKE, splits=0).value == pytest.approx(theirs, rel=1e-5)


def test_kid_of_one_subset_of_everything_is_that_of_torch_fidelity(fidelity: ModuleType) -> None:
    from torch_fidelity.metric_kid import kid_features_to_metric

    theirs = kid_features_to_metric(REAL, FAKE, kid_subsets=1, kid_subset_size=N, verbose=False)
    ours = kid_of_subsets(REAL, FAKE, subsets=1, size=N).value
    assert ours == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-5)


def test_the_inception_score_is_that_of_torch_fidelity(fidelity: ModuleType) -> None:
    from torch_fidelity.metric_isc import isc_features_to_metric

    logits = 3 * features(3)
    theirs = isc_features_to_metric(logits, splits=10, shuffle=False)
    ours = inception_score(logits, splits=10, seed=None)
    assert ours.value == pytest.approx(theirs["inception_score_mean"], rel=1e-6)
    assert ours.details["deviation"] == pytest.approx(theirs["inception_score_std"], rel=1e-6)


def test_precision_and_recall_are_those_of_torch_fidelity(fidelity: ModuleType) -> None:
    from torch_fidelity.metric_prc import prc_features_to_metric

    theirs = prc_features_to_metric(FAKE, REAL, prc_neighborhood=3, prc_batch_size=1000, verbose=False)
    ours = values(precision_recall(REAL, FAKE, k=3))
    assert ours["precision"] == pytest.approx(theirs["precision"], abs=1e-6)
    assert ours["recall"] == pytest.approx(theirs["recall"], abs=1e-6)


# ---------------------------------------------------------------------- clean-fid, pytorch-msssim


def test_clean_resizing_is_that_of_clean_fid() -> None:
    peer = pytest.importorskip("cleanfid.resize", reason="make parity installs it")
    from rivalry.metrics.extractors.resize import resize

    image = np.random.default_rng(0).integers(256, size=(40, 56, 3), dtype=np.uint8)
    theirs = peer.build_resizer("clean")(image)
    ours = resize(torch.from_numpy(image).permute(2, 0, 1)[None], 299)[0].permute(1, 2, 0).numpy()
    assert np.abs(ours - theirs).max() < 1e-3  # grey levels
