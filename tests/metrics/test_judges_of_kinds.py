"""Judges of sounds and of clips: they learn what they must, not what they cannot, and are kept."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import torch

from rivalry.cache import cache_dir
from rivalry.data import open_data
from rivalry.data.source import Dataset, Spec, toy
from rivalry.errors import BadRequest
from rivalry.kinds import KINDS
from rivalry.metrics.extractors import extractor as extractors
from rivalry.metrics.extractors.classifier import untrained
from rivalry.metrics.extractors.extractor import (
    Extractor,
    extract,
    judge,
    load_judge,
    save_judge,
    train_judge,
)
from rivalry.metrics.extractors.seen import seen_as
from rivalry.metrics.suite import evaluate


@cache
def semitones(n: int, split: str = "train") -> Dataset:
    """The three lowest notes, a semitone apart."""
    data = open_data("notes", split)
    mine = data.only(torch.nonzero(data.label < 3).flatten()[:n])
    return Dataset(replace(mine.spec, classes=mine.spec.classes[:3]), mine.x, mine.label)


def turning(n: int, seed: int) -> Dataset:
    """Four frames of a texture that rolls to the left or to the right: only the order of its frames tells which."""
    draw = torch.Generator().manual_seed(seed)
    ground = torch.randint(256, (n, 1, 8, 8), dtype=torch.uint8, generator=draw)
    label = torch.randint(2, (n,), generator=draw)
    rolled = [torch.stack([ground.roll(way * k, 3) for k in range(4)], 1) for way in (-1, 1)]
    x = torch.where(label[:, None, None, None, None] == 1, rolled[1], rolled[0])
    return Dataset(Spec("turning", "clip", (4, 1, 8, 8), ("left", "right"), about={"rate": 8}), x, label)


@pytest.fixture(scope="module")
def hears() -> Extractor:
    return train_judge(semitones(600), semitones(150, "test"), steps=30)


@pytest.fixture(scope="module")
def watches() -> Extractor:
    return train_judge(turning(600, 0), turning(200, 1), steps=60)


def test_a_judge_of_notes_hears_their_pitch(hears: Extractor) -> None:
    assert hears.name == "judge-notes" and hears.facts["accuracy"] > 0.95
    test = semitones(150, "test")
    rolled = test.rows(slice(None)).roll(100, 2)  # the same notes, a little later
    _, logits = extract(hears, rolled)
    assert (logits.argmax(1) == test.label).float().mean() > 0.8


def test_a_judge_of_clips_sees_the_motion(watches: Extractor) -> None:
    assert watches.facts["accuracy"] > 0.9
    test = turning(200, 1)
    x = test.rows(slice(None))
    _, frozen = extract(watches, x[:, :1].expand_as(x).contiguous())
    assert (frozen.argmax(1) == test.label).float().mean() < 0.65
    _, backward = extract(watches, x.flip(1))
    assert (backward.argmax(1) == 1 - test.label).float().mean() > 0.9


def test_of_shuffled_labels_a_judge_learns_nothing() -> None:
    data = turning(300, 0)
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(0))
    mixed = Dataset(data.spec, data.x, data.label[order])
    assert train_judge(mixed, turning(200, 1), steps=30).facts["accuracy"] < 0.65


def test_the_inception_score_of_sounds_is_high_for_data_and_1_for_one_sound(hears: Extractor) -> None:
    data = semitones(150, "test")
    x = data.rows(slice(None))
    of = lambda fake: evaluate(data, fake, metrics=["inception-score"], extractor=hears)[0]
    real, one = of(x), of(x[:1].expand_as(x))
    assert real.name == "inception-score[judge-notes]" and real.value > 2.5 > 1.01 > one.value
    fid = evaluate(data, x, metrics=["fid"], extractor=hears)[0]
    assert fid.name == "fid[judge-notes]" and abs(fid.value) < 1e-3


@pytest.mark.parametrize("kind", ["image", "wave", "clip"])
def test_a_judge_is_written_and_read(kind: str, tmp_path: Path) -> None:
    data = toy(kind, 24, 3)
    made = train_judge(data, steps=2)
    save_judge(made, tmp_path / "judge.safetensors")
    read = load_judge(tmp_path / "judge.safetensors")
    assert read.hash == made.hash and read.facts == made.facts
    assert torch.equal(extract(read, data)[1], extract(made, data)[1])


def test_a_judge_is_trained_once(monkeypatch: pytest.MonkeyPatch) -> None:
    data = toy("wave", 24, 3)
    fit = extractors.fit
    monkeypatch.setattr(extractors, "fit", lambda *a, **k: fit(*a, **{**k, "steps": 1}))
    first = judge(data.spec, data)
    monkeypatch.setattr(extractors, "fit", lambda *a, **k: pytest.fail("trained again"))
    assert judge(data.spec, data).hash == first.hash
    assert len(list(cache_dir("judges").iterdir())) == 1


@pytest.mark.parametrize(
    "kind", [name for name, row in KINDS.items() if not toy(name, 2, 2).spec.meaning.judged]
)
def test_kinds_without_a_judge_say_so(kind: str) -> None:
    spec = toy(kind, 4, 2).spec
    assert seen_as(spec) is None
    with pytest.raises(BadRequest, match="it needs labeled images, sounds or clips"):
        judge(spec)
    with pytest.raises(BadRequest, match="no judge looks at"):
        untrained(spec, 2)
