"""Side by side: who is best, and what is noise."""

import pytest
import torch

from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.metrics.score import Score
from rivalry.runs.comparison import Comparison, compare, names_of

POINTS = Dataset(
    Spec("cloud", "points", (3,)), torch.randn(800, 3, generator=torch.Generator().manual_seed(0))
)


def comparison() -> Comparison:
    of = lambda fid, error, recall: {
        "fid[x]": Score("fid[x]", fid, 100, error, "low"),
        "recall[x]": Score("recall[x]", recall, 100, 0.02, "high"),
        "precision[x]": Score("precision[x]", 0.5, 100, 0.02, "high"),
    }
    return Comparison({"a": of(1.0, 0.3, 0.9), "b": of(1.5, 0.4, 0.2), "c": of(9.0, 0.3, 0.88)})


def test_a_difference_is_noise_below_two_of_its_errors():
    found = {(d.score, d.one, d.other): d for d in comparison().differences()}
    assert found["fid[x]", "a", "b"].error == pytest.approx(0.5)
    assert found["fid[x]", "a", "b"].noise
    assert not found["fid[x]", "a", "c"].noise
    assert not found["recall[x]", "a", "b"].noise


def test_the_best_is_on_the_side_that_the_score_says():
    assert comparison().best("fid[x]") == "a"
    assert comparison().best("recall[x]") == "a"


def test_the_table_marks_the_best_and_what_is_within_noise_of_it():
    lines = comparison().table().splitlines()
    assert " ".join(lines[1].split()) == "fid[x] 1 ± 0.3 * 1.5 ± 0.4 = 9 ± 0.3 low is better"


def test_scores_on_other_features_are_not_set_side_by_side():
    both = Comparison({"a": {"fid[x]": Score("fid[x]", 1, 9)}, "b": {"fid[y]": Score("fid[y]", 1, 9)}})
    assert both.shared == []


def test_tensors_are_compared_and_the_shifted_one_is_worse():
    near, far = (torch.randn(600, 3, generator=torch.Generator().manual_seed(s)) for s in (1, 2))
    found = compare({"near": near, "far": far + 2}, POINTS, metrics="fid,prdc")
    assert found.best("fid[coordinates]") == "near"
    assert not found.between("fid[coordinates]", "near", "far").noise
    assert found.plot().size[0] > 300
    assert len(found.to_json()["differences"]) == 5


def test_a_plot_needs_precision_and_recall():
    with pytest.raises(BadRequest, match="compare with --metrics prdc"):
        compare({"a": POINTS.x, "b": POINTS.x + 1}, POINTS, metrics="fid").plot()


def test_paths_are_called_by_the_shortest_endings_that_differ(tmp_path):
    assert names_of([tmp_path / "one", tmp_path / "two"]) == ["one", "two"]
    assert names_of([tmp_path / "a" / "run", tmp_path / "b" / "run"]) == ["a/run", "b/run"]
    with pytest.raises(BadRequest, match="named twice"):
        names_of([tmp_path / "one", tmp_path / "one"])


def test_refuses_one_alone():
    with pytest.raises(BadRequest, match="two subjects or more; got 1"):
        compare([POINTS.x], POINTS)
