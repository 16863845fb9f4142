"""At most so many real data are compared, evenly spread; their features are kept as they come."""

import pytest
import torch
from torch import Tensor, nn

from rivalry.data.source import Dataset, Spec
from rivalry.metrics import suite
from rivalry.metrics.extractors import extractor as extractors
from rivalry.metrics.extractors.extractor import PART, Extractor, features_of


class Counting(nn.Module):
    """Features of one number; it counts the data that pass, and fails after so many."""

    passed, most = 0, 10**9

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        Counting.passed += len(x)
        if Counting.passed > Counting.most:
            raise KeyboardInterrupt
        return x * self.scale


def points(n: int) -> Dataset:
    return Dataset(Spec("line", "points", (1,)), torch.arange(float(n))[:, None])


def test_features_that_were_interrupted_go_on(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("RIVALRY_CACHE", str(tmp_path))
    data, extractor = points(3 * PART + 500), Extractor("counting", Counting())
    monkeypatch.setattr(Counting, "passed", 0)
    monkeypatch.setattr(Counting, "most", 2 * PART + 500)
    with pytest.raises(KeyboardInterrupt):
        features_of(extractor, data, "train")
    monkeypatch.setattr(Counting, "passed", 0)
    monkeypatch.setattr(Counting, "most", 10**9)
    steps: list[tuple[int, int]] = []
    features, _ = features_of(extractor, data, "train", progress=lambda *one: steps.append(one))
    assert Counting.passed == PART + 500  # two parts were there
    assert torch.equal(features, data.x)
    assert steps[-1] == (len(data), len(data))
    assert not list(extractors.cache_dir("features").glob("*.parts"))
    features_of(extractor, data, "train")
    assert Counting.passed == PART + 500  # and now the whole is


def test_real_data_are_taken_evenly_and_recorded() -> None:
    evidence = suite.Evidence(points(1000), torch.zeros(10, 1), real_n=10)
    assert len(evidence.compared) == len(evidence.real_features) == 10
    steps = evidence.compared.x[:, 0].diff()
    assert steps.min() >= 90 and evidence.compared.x[0] < 100 and evidence.compared.x[-1] >= 900
    assert evidence.provenance(with_extractor=True)["n real"] == 10
    assert evidence.provenance(with_extractor=True)["real data"] == "10 of 1,000, evenly spread"
    assert evidence.provenance(with_extractor=False)["n real"] == 1000  # copies are looked for among all
    assert "real data" not in suite.Evidence(points(10), torch.zeros(9, 1), real_n=10).provenance(True)
