"""Metrics of tables: closed forms, and controls that must fail."""

import math

import pytest
import torch

from rivalry.data.source import Dataset, Spec
from rivalry.kinds.table import Place
from rivalry.metrics.rows.closest import advantage, closest
from rivalry.metrics.rows.columns import Part, columns, likeness, pairs
from rivalry.metrics.rows.learners import all_columns, tstr
from rivalry.metrics.suite import evaluate

ABOUT = {
    "columns": [
        *(Place(name).to_json() for name in "abc"),
        Place("kind", "category", ("low", "high")).to_json(),
    ],
    "target": "kind",
}


def table(n: int, seed: int) -> Dataset:
    """b = a + noise, c = -a + noise, and whether a is above 0."""
    draw = torch.Generator().manual_seed(seed)
    a = torch.randn(n, 1, generator=draw)
    others = torch.tensor([[1.0, -1.0]]) * a + 0.3 * torch.randn(n, 2, generator=draw)
    x = torch.cat([a, others, (a > 0).float()], 1)
    return Dataset(Spec("t", "table", (4,), ("low", "high"), about=ABOUT), x, x[:, 3].long())


TRAIN, TEST = table(400, 0), table(400, 1)


def shuffled(within_class: bool) -> torch.Tensor:
    """The columns of the training rows, each in an order of its own."""
    draw, x = torch.Generator().manual_seed(3), TRAIN.x.clone()
    for group in [x[:, 3] == 0, x[:, 3] == 1] if within_class else [torch.ones(400, dtype=torch.bool)]:
        rows = torch.nonzero(group).flatten()
        for i in range(4):
            x[rows, i] = TRAIN.x[rows[torch.randperm(len(rows), generator=draw)], i]
    return x


def test_likeness_has_known_values() -> None:
    number, category = Place("a"), Place("k", "category", ("x", "y", "z"))
    at = torch.linspace(0, 1, 1001)
    assert abs(likeness(Part(number, at), Part(number, at + 0.25)) - 0.75) < 2e-3
    assert likeness(Part(number, at), Part(number, at + 2)) == 0
    p, q = torch.tensor([0.0, 0, 1, 2]), torch.tensor([0.0, 1, 1, 1])
    assert likeness(Part(category, p), Part(category, q)) == 0.5
    some = torch.tensor([0.5, math.nan, 0.5])
    assert likeness(Part(number, some), Part(number, some)) == 1


def test_independent_columns_are_right_alone_and_wrong_in_pairs() -> None:
    for x in (TRAIN.x, shuffled(False)):
        assert columns(TRAIN, x).value == 1
    assert pairs(TRAIN, TRAIN.x).value == 1
    assert pairs(TRAIN, TEST.x).value > 0.9
    assert pairs(TRAIN, shuffled(False)).value < 0.65  # three ρ of ± .9 and three cross tables


def test_a_target_can_be_gamed_and_all_columns_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sklearn")
    monkeypatch.setattr("rivalry.metrics.rows.learners.TREES", 20)
    gamed = shuffled(True)
    score = {s.name: s.value for s in tstr(TRAIN, TEST, gamed, 3)}
    assert score["trtr[forest]"] > 0.97 and score["tstr[forest]"] > 0.95
    fair, real = (s.value for s in all_columns(TRAIN, TEST, TEST.x.flip(0)))
    assert abs(fair - real) < 0.05
    assert all_columns(TRAIN, TEST, gamed)[0].value < real - 0.15


def test_copies_are_caught_and_fresh_rows_are_not() -> None:
    fresh = {s.name: s.value for s in closest(TRAIN, TEST, table(400, 2).x)}
    assert abs(fresh["closer-to-training"] - 0.5) < 0.075 and fresh["copies"] == 0
    assert abs(fresh["membership"] - 0.5) < 0.06 and fresh["membership-advantage"] < 0.15
    assert abs(fresh["neighbor-ratio"] - fresh["neighbor-ratio[held-out]"]) < 0.06
    drawn = torch.randint(400, (400,), generator=torch.Generator().manual_seed(0))
    copied = {s.name: s.value for s in closest(TRAIN, TEST, TRAIN.x[drawn])}
    assert copied["closer-to-training"] == 1 and copied["copies"] == 1
    assert abs(copied["membership"] - (1 - 1 / (2 * math.e))) < 0.04
    assert abs(copied["membership-advantage"] - (1 - 1 / math.e)) < 0.06 and copied["neighbor-ratio"] == 0


def test_the_advantage_of_known_distances() -> None:
    near, far = torch.tensor([0.0, 1, 2, 3]), torch.tensor([2.0, 3, 4, 5])
    assert advantage(near, far) == 0.5 and advantage(far, near) == 0 and advantage(near, near) == 0


def test_a_preset_measures_tables() -> None:
    names = {s.name for s in evaluate(TRAIN, TEST.x, metrics="quick")}
    assert {"columns", "pairs"} <= names
