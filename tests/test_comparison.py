"""Side by side: who is best, and what is noise."""

import pytest
import torch

from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.metrics.features.frechet import fid
from rivalry.metrics.score import INTERVAL, OVER_PARTS, Score
from rivalry.runs.comparison import Comparison, compare, difference_of, holm, names_of, p_value

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
    found = {(d.score, d.one, d.other): d for d in comparison().differences}
    assert found["fid[x]", "a", "b"].error == pytest.approx(0.5)
    assert found["fid[x]", "a", "b"].noise
    assert found["fid[x]", "a", "b"].p == pytest.approx(0.3173, abs=1e-4)  # one error apart
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
    assert "n = 600 of each" in found.table()


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


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.6]) == [1.0, 1.0]
    assert holm([]) == []


def test_p_is_of_the_normal_or_of_student():
    assert p_value(1.96, 1.0, float("inf")) == pytest.approx(0.05, abs=1e-4)
    assert p_value(-2.042, 1.0, 30) == pytest.approx(0.05, abs=1e-4)  # the table of Student's t
    assert (p_value(0.0, 0.0, 30), p_value(0.1, 0.0, 30)) == (1.0, 0.0)


def test_a_deviation_over_parts_is_no_error():
    """With it every difference would be noise; without an error none is called noise."""
    of = lambda value, kind: Score("s", value, 100, 0.5, "low", spread_is=kind)
    assert difference_of(of(1.0, OVER_PARTS), of(1.4, OVER_PARTS))[1:] == (None, None)
    assert difference_of(of(1.0, INTERVAL), of(1.4, INTERVAL))[1] == pytest.approx(2**0.5 * 0.5 / 1.96)
    both = Comparison({"a": {"s": of(1.0, OVER_PARTS)}, "b": {"s": of(1.4, OVER_PARTS)}})
    assert not both.differences[0].noise


def test_equal_values_without_spread_are_no_different():
    one = Score("s", 1.0, 100, 0.0, "low")
    both = Comparison({"a": {"s": one}, "b": {"s": one}, "c": {"s": Score("s", 1.1, 100, 0.0, "low")}})
    assert [d.noise for d in both.differences] == [True, False, False]


def test_rounding_is_neither_a_difference_nor_a_spread():
    one, other = Score("s", 0.3, 100, 0.0), Score("s", 0.1 + 0.2, 100, 0.0)
    assert one.value != other.value
    assert difference_of(one, other) == (0.0, 0.0, 1.0)
    assert "±" not in str(Score("s", 0.5, 100, 2e-17))
    assert "± 2e-07" in str(Score("s", 0.5, 100, 2e-7))


def test_what_the_reals_do_to_both_cancels():
    """On few reals the distances of one set of fakes and its copy move together: their difference has no error."""
    draw = lambda n, seed: torch.randn(n, 4, generator=torch.Generator().manual_seed(seed))
    real, fake = draw(40, 0), draw(400, 1) + 1
    a, b, c = (fid(r, f) for r, f in ((real, fake), (real, draw(400, 2) + 1), (draw(40, 3), fake)))
    independent = (a.spread**2 + b.spread**2) ** 0.5
    assert difference_of(a, b)[1] < 0.6 * independent
    assert difference_of(a, c)[1] == pytest.approx(
        (a.spread**2 + c.spread**2) ** 0.5
    )  # other reals: no pairs


def test_more_scores_need_more_to_be_different():
    """A difference of 2.5 errors is significant in one test, and noise among twenty."""
    of = lambda value: Score("", value, 100, 1.0, "low")
    table = lambda k: Comparison(
        {
            "a": {str(i): of(0.0) for i in range(k)},
            "b": {str(i): of(2.5 * 2**0.5 * (i == 0)) for i in range(k)},
        }
    )
    assert not table(1).between("0", "a", "b").noise
    assert table(20).between("0", "a", "b").noise


def test_all_are_measured_on_the_number_that_the_smallest_has():
    draw = lambda n, seed: torch.randn(n, 3, generator=torch.Generator().manual_seed(seed))
    with pytest.warns(UserWarning, match="all are measured on 150 samples: few has no more"):
        found = compare({"many": draw(700, 1), "few": draw(150, 2)}, POINTS, metrics="fid")
    assert {of["fid[coordinates]"].n for of in found.scores.values()} == {150}
    assert found.differences[0].noise  # of one distribution; the distance on 700 is a third of that on 150
    with pytest.raises(BadRequest, match="these differ: many 700, few 150"):
        compare({"many": draw(700, 1), "few": draw(150, 2)}, POINTS, metrics="fid", cut=False)
