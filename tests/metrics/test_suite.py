"""The suite: what it picks, what it refuses, what its scores tell, and that worse samples score worse."""

import subprocess
import sys

import pytest
import torch
from toys import bars

from rivalry.data.sets.toys import Modes
from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.metrics.extractors.extractor import Extractor, train_judge
from rivalry.metrics.remarks import remarks
from rivalry.metrics.score import Score
from rivalry.metrics.suite import Evidence, Parts, choose, evaluate, table
from rivalry.metrics.table import METRICS, PRESETS, function

SHAPE = (1, 10, 10)
DISTANCES = ("fid", "kid", "precision", "recall", "density", "coverage", "diversity", "authenticity")


def ring(n=300) -> Dataset:
    centers = torch.tensor([[1.0, 0], [0, 1], [-1, 0], [0, -1]])
    x = centers[torch.arange(n) % 4] + 0.01 * torch.randn(n, 2, generator=torch.Generator().manual_seed(0))
    return Dataset(Spec("ring", "points", (2,)), x, facts={"modes": Modes(centers, 0.01)})


@pytest.fixture(scope="module")
def judge() -> Extractor:
    return train_judge(bars(400, 0), bars(200, 1), steps=40)


def values(scores):
    return {score.name: score.value for score in scores}


def names(scores):
    return [score.name for score in scores]


def test_every_metric_is_where_the_table_says_and_needs_what_evidence_supplies():
    for metric in METRICS:
        assert callable(function(metric))
        assert all(
            hasattr(Evidence, need) or need in ("real", "fake", "asked", "game", "progress", "rows")
            for need in metric.needs
        )
    assert {name for preset in PRESETS.values() for name in preset} <= {metric.name for metric in METRICS}


def test_the_table_of_metrics_is_read_without_torch():
    code = "import rivalry.metrics.table, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_standard_on_labeled_images_and_with_labels_asked_for(judge):
    real, fake = bars(300, 2), bars(200, 3)
    found = names(evaluate(real, fake.x, extractor=judge))
    assert found == [
        f"{m}[judge-bars]"
        for m in ("confident", "classes", *DISTANCES[:6], "inception-score", "diversity", "authenticity")
    ]
    assert "accuracy[judge-bars]" in names(evaluate(real, fake.x, fake.label, "quick", judge))


def test_standard_on_unlabeled_images_compares_pixels():
    real = bars(300, 2)
    plain = Dataset(Spec("plain", "image", SHAPE), real.x)
    assert names(evaluate(plain, bars(300, 3).x)) == [f"{m}[pixels]" for m in DISTANCES]


def test_standard_on_points_counts_modes_where_they_are_known():
    data = ring()
    assert values(evaluate(data, data.x))["modes"] == 4
    unknown = Dataset(data.spec, data.x)
    assert names(evaluate(unknown, data.x)) == [f"{m}[coordinates]" for m in DISTANCES]


def test_uint8_samples_score_as_the_same_images_in_floats(judge):
    real, fake = bars(300, 2), bars(200, 3)
    assert values(evaluate(real, fake.x, extractor=judge)) == values(
        evaluate(real, fake.rows(slice(None)), extractor=judge)
    )


def test_worse_samples_score_worse_than_held_out_real_ones(judge):
    real, fresh = bars(600, 2), bars(400, 3)
    noise = torch.rand(400, *SHAPE, generator=torch.Generator().manual_seed(0)) * 2 - 1
    fakes = {
        "half of the classes": bars(400, 4, classes=2).x,
        "one image": fresh.x[:1].expand(400, *SHAPE),
        "noise": noise,
        "blurred": torch.nn.functional.avg_pool2d(fresh.rows(slice(None)), 5, 1, 2),
    }
    good = values(evaluate(real, fresh.x, fresh.label, extractor=judge))
    for name, fake in fakes.items():
        bad = values(evaluate(real, fake, fresh.label, extractor=judge))
        for metric in ("fid", "kid"):
            assert bad[f"{metric}[judge-bars]"] > 3 * abs(good[f"{metric}[judge-bars]"]), (name, metric)
        for metric in ("accuracy", "inception-score"):
            assert bad[f"{metric}[judge-bars]"] < 0.8 * good[f"{metric}[judge-bars]"], (name, metric)


def test_dropped_classes_are_counted(judge):
    found = evaluate(bars(300, 2), bars(300, 3, classes=2).x, metrics="judge", extractor=judge)
    assert values(found)["classes[judge-bars]"] == 2
    assert found[1].details["histogram"]["three"] == 0


def test_a_score_tells_where_it_comes_from(judge):
    score = evaluate(bars(300, 2), bars(200, 3).x, metrics=["fid"], extractor=judge, split="test")[0]
    assert score.n == 200
    assert (
        score.provenance
        | {
            "data": "bars",
            "split": "test",
            "n real": 300,
            "n fake": 200,
            "extractor": "judge-bars",
            "extractor hash": judge.hash,
            "torch": torch.__version__,
        }
        == score.provenance
    )
    assert score.provenance["spread"]


def test_progress_reaches_the_end_of_what_it_tells(judge):
    told = {}
    evaluate(
        bars(30, 2),
        bars(20, 3).x,
        metrics="fid",
        extractor=judge,
        progress=lambda *a: told.update({a[0]: a[1:]}),
    )
    assert told == {"features of real data": (30, 30), "features of samples": (20, 20)}


@pytest.mark.parametrize(
    ("metrics", "says"),
    [
        ("fidd", "no metric 'fidd'; did you mean 'fid'"),
        ("standart", "no metric 'standart'; did you mean 'standard'"),
        ("zzz", "no metric 'zzz'; `rivalry list metrics`"),
        ([], "no metric was named"),
        ("fid,accuracy", "accuracy needs the labels that the samples were asked for"),
        ("modes", "modes needs data whose modes are known; those of 'bars' are not"),
    ],
)
def test_refuses_metrics_that_are_unknown_or_do_not_apply(judge, metrics, says):
    with pytest.raises(BadRequest, match=says):
        evaluate(bars(30, 2), bars(20, 3).x, metrics=metrics, extractor=judge)


def test_refuses_verdicts_where_nothing_tells_classes_apart():
    with pytest.raises(
        BadRequest, match="judge needs a classifier of the data; 'coordinates' tells no classes"
    ):
        evaluate(ring(), ring().x, metrics="judge")


@pytest.mark.parametrize(
    ("fake", "says"),
    [
        (torch.zeros(0, *SHAPE), "no samples"),
        (torch.zeros(5, 1, 10, 12), "samples are 1 x 10 x 12, 'bars' is 1 x 10 x 10"),
        (torch.zeros(5, *SHAPE).index_fill(0, torch.tensor([1]), float("nan")), "1 of 5 hold values"),
        (torch.full((5, *SHAPE), 255.0), r"values up to 255; expected floats in \[-1, 1\] or uint8"),
        (torch.zeros(1, *SHAPE), "fid needs at least 2 fake samples; got 1"),
    ],
)
def test_refuses_samples_that_cannot_be_measured(judge, fake, says):
    with pytest.raises(BadRequest, match=says) as refusal:
        evaluate(bars(30, 2), fake, metrics="fid", extractor=judge)
    assert "\n" not in str(refusal.value)


def test_a_held_out_split_does_not_train_a_judge_on_itself():
    with pytest.raises(BadRequest, match="give the data"):
        evaluate(bars(30, 2), bars(20, 3).x, split="test")


def test_the_table_lines_up():
    scores = [Score("fid[x]", 12.345, 10_000, 0.2, "low"), Score("modes", 25, 2500, None, "high")]
    assert table(scores).splitlines() == [
        "score   value    ±       n",
        "fid[x]  12.35  0.2  10,000  low is better",
        "modes      25        2,500  high is better",
    ]


def test_a_metric_whose_package_is_missing_says_so_and_a_preset_goes_without(judge, monkeypatch):
    real, fake = bars(300, 0), bars(200, 1).rows(slice(None))
    monkeypatch.setitem(sys.modules, "gudhi", None)
    with pytest.raises(BadRequest, match=r"geometry-score needs gudhi: pip install 'rivalry\[metrics\]'"):
        evaluate(real, fake, metrics="geometry-score", extractor=judge)
    assert "geometry-score" not in {
        metric.name for metric in choose("full", Evidence(real, fake, None, judge))
    }


def test_a_preset_leaves_out_what_the_samples_are_too_few_for(judge):
    with pytest.warns(UserWarning, match="prdc is left out: prdc needs at least 6 fake samples; got 5"):
        found = names(evaluate(bars(300, 2), bars(5, 3).x, extractor=judge))
    assert {"fid[judge-bars]", "kid[judge-bars]"} <= set(found)
    with pytest.raises(BadRequest, match="prdc needs at least 6"):
        evaluate(bars(300, 2), bars(5, 3).x, metrics="prdc", extractor=judge)


def test_accuracy_without_labels_is_refused_before_a_judge_is_trained(monkeypatch):
    monkeypatch.setattr(
        "rivalry.metrics.evidence.default_extractor", lambda *_: pytest.fail("a judge was trained")
    )
    with pytest.raises(BadRequest, match="accuracy needs the labels"):
        evaluate(bars(30, 2), bars(20, 3).x, metrics="accuracy")


def test_parts_score_as_the_whole_and_are_not_kept(judge):
    real, fake = bars(300, 2), bars(200, 3).rows(slice(None))
    alive = []

    def make():
        for part in fake.split(60):
            alive.append(len(part))
            yield part

    parts = Parts(200, make)
    assert torch.equal(parts.whole(), fake)
    alive.clear()
    found = values(evaluate(real, parts, metrics="fid,judge", extractor=judge))
    assert found == pytest.approx(
        values(evaluate(real, fake, metrics="fid,judge", extractor=judge)), rel=1e-5
    )
    assert alive == [60, 60, 60, 20]  # made once
    evidence = Evidence(real, parts, None, judge)
    assert len(evidence.fake_features) == 200 and "fake" not in vars(evidence)
    assert values(evaluate(real, parts, metrics="sharpness", extractor=judge)) == values(
        evaluate(real, fake, metrics="sharpness", extractor=judge)
    )


def test_copying_collapse_and_missing_classes_are_put_into_words(judge):
    real = bars(300, 2)
    said = lambda fake: " ".join(
        line.split(":")[0] for line in remarks(evaluate(real, fake, extractor=judge))
    )
    assert said(bars(200, 3).x) == ""
    assert "copying" in said(real.x[:200])
    assert "missing classes" in said(bars(200, 3, classes=2).x)
    assert "collapse" in said(bars(1, 3).x.expand(200, *SHAPE))
