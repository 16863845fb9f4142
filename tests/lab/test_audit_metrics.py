"""Damages do what they say, and the audit notices what it must."""

import pytest
import torch
from toys import bars

from rivalry.errors import BadRequest
from rivalry.lab.audit_metrics import DAMAGES, Finding, Samples, audit, some_of, table, values
from rivalry.metrics.extractors.extractor import train_judge

FEW = ("labels wrong", "classes dropped")
TRAIN, TEST = bars(600, 0), bars(600, 1)


def damaged(name, strength) -> tuple[Samples, Samples]:
    before = some_of(TEST, 200, 0)
    return before, DAMAGES[name][0](before, TRAIN, strength, torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damage_keeps_shape_range_and_number(name):
    for strength in DAMAGES[name][1]:
        before, after = damaged(name, strength)
        assert after.x.shape == before.x.shape
        assert after.asked.shape == before.asked.shape
        assert after.x.abs().max() <= 1 + 1e-6
        assert not (torch.equal(after.x, before.x) and torch.equal(after.asked, before.asked))


def test_blur_keeps_the_mean_and_lowers_the_slopes():
    before, after = damaged("blur, pixels", 1.0)
    assert after.x.mean() == pytest.approx(float(before.x.mean()), abs=0.02)
    assert after.x.diff(dim=2).square().mean() < 0.5 * before.x.diff(dim=2).square().mean()


def test_dropped_classes_are_gone_and_wrong_labels_are_wrong():
    assert damaged("classes dropped", 0.5)[1].asked.max() == 1
    before, after = damaged("labels wrong", 0.5)
    assert (before.asked != after.asked).float().mean() == pytest.approx(0.5, abs=0.12)
    assert torch.equal(before.x, after.x)


def test_copies_are_rows_of_the_training_data():
    _, after = damaged("copies of training data", 1.0)
    train = {image.numpy().tobytes() for image in TRAIN.rows(slice(None))}
    assert all(image.numpy().tobytes() in train for image in after.x)
    _, mirrored = damaged("mirrored copies", 1.0)
    assert all(image.flip(2).contiguous().numpy().tobytes() in train for image in mirrored.x)


def test_collapse_leaves_so_many_images_of_each_class():
    _, after = damaged("images a class", 1)
    assert len(after.x.flatten(1).unique(dim=0)) == 4


def test_the_audit_notices_what_it_must_and_says_in_which_direction():
    judge = train_judge(bars(400, 2), bars(200, 3), steps=40)
    found = audit(TRAIN, TEST, n=200, metrics=["accuracy", "fid"], extractor=judge, damages=FEW)
    said = {(f.damage, f.strength, f.score.split("[")[0]): f.verdict for f in found}
    assert said["labels wrong", 0.5, "accuracy"] == "worse"
    assert said["labels wrong", 0.5, "fid"] == ""
    assert said["classes dropped", 0.5, "fid"] == "worse"
    rows = table(found).splitlines()
    assert rows[0] == "| score | labels wrong 0.05, 0.5 | classes dropped 0.1, 0.5 |"
    assert rows[2].startswith("| `accuracy[judge-bars]` |") and "▼" in rows[2]
    assert rows[3] == "| `fid[judge-bars]` | · · | · ▼ |"
    assert len(values(found).splitlines()) == 3 + sum(len(DAMAGES[name][1]) for name in FEW)


def test_directions():
    finding = lambda value, better: Finding("d", 1, "s", value, 1.0, 0.1, better).verdict
    assert [finding(2, "high"), finding(2, "low"), finding(2, ""), finding(1.2, "high")] == [
        "better",
        "worse",
        "moved",
        "",
    ]


def test_what_ranges_over_orders_of_magnitude_is_compared_by_its_logarithm():
    finding = lambda value: Finding("d", 1, "s", value, 1e6, 1.0, "high", orders=True)
    assert finding(1e5).moved == pytest.approx(-2.303, abs=1e-3)
    assert [finding(value).verdict for value in (1e6, 1e5, 1e3)] == ["", "", "worse"]


def test_where_the_control_never_moves_any_move_is_noticed():
    finding = lambda value: Finding("d", 1, "s", value, 10.0, 0.0, "high")
    assert [finding(value).verdict for value in (10, 9)] == ["", "worse"]


def test_refuses_too_few_images():
    with pytest.raises(BadRequest, match="twice as many held-out images"):
        audit(TRAIN, TEST, n=400)
