"""A study from its images to its numbers, with judges whose errors are known."""

import json
import os
from collections import Counter
from pathlib import Path

import pytest
from pictures import pictures
from PIL import Image

from rivalry.errors import BadRequest
from rivalry.human import Study
from rivalry.human.realism import modal
from rivalry.human.store import FILE


@pytest.fixture
def top(tmp_path: Path) -> Path:
    for name in ("photos", "gan", "vae"):
        pictures(tmp_path / name)
    return tmp_path


def created(top: Path, kind: str = "real-or-fake", **more: object) -> Study:
    sources = {"gan": top / "gan"} if kind == "real-or-fake" else {n: top / n for n in ("gan", "vae")}
    real = {"real": top / "photos"} if kind == "real-or-fake" else {}
    return Study.create(top / "study", kind, **{"sources": sources, **real, **more})


def origin(study: Study, number: int) -> str:
    return {item.id: item.source for item in study.items}[number]


# ------------------------------------------------------------------ its images


def test_images_are_copied_under_names_that_tell_nothing(top: Path) -> None:
    pictures(top / "jpegs", ending="jpg")
    study = created(top, sources={"gan": top / "jpegs"})
    files = sorted((top / "study" / "images").iterdir())
    assert [file.name for file in files] == [f"{i:06d}.png" for i in range(12)]
    in_order = [item.source for item in sorted(study.items, key=lambda item: item.path)]
    assert Counter(in_order) == {"gan": 6, "real": 6}
    assert in_order != sorted(in_order) and in_order != sorted(in_order, reverse=True)
    before = {Image.open(file).tobytes() for file in (top / "photos").iterdir()}
    after = {Image.open(study.folder / i.path).tobytes() for i in study.items if i.real}
    assert after == before


def test_a_png_says_nothing_of_where_it_was(top: Path) -> None:
    told = Image.new("RGB", (8, 10))
    exif = told.getexif()
    exif[0x010E] = "made by a generator"
    told.save(top / "gan" / "told.jpg", exif=exif)
    study = created(top)
    assert all(not Image.open(study.folder / item.path).info for item in study.items)


def test_the_folder_is_its_owners_alone(top: Path) -> None:
    before = os.umask(0)
    try:
        created(top).close()
    finally:
        os.umask(before)
    assert (top / "study").stat().st_mode & 0o777 == 0o700
    assert [p.name for p in sorted((top / "study").iterdir())] == ["images", FILE]


def test_at_most_so_many_images_of_each_source_are_drawn(top: Path) -> None:
    study = created(top, most=4)
    assert Counter(item.source for item in study.items) == {"gan": 4, "real": 4}


def test_images_of_different_sizes_are_warned_of(top: Path) -> None:
    pictures(top / "large", size=(20, 20))
    with pytest.warns(UserWarning, match="real and fake images differ in size"):
        created(top, sources={"gan": top / "large"})


# ------------------------------------------------------------------ real or fake


def test_a_judge_sees_each_image_once_and_both_kinds_as_often(top: Path) -> None:
    study = created(top)
    shown = []
    while question := study.next("judge"):
        assert question.answers == ("real", "fake") and question.exposure is None
        shown += question.items
        study.answer(question, "real")
    assert len(set(shown)) == len(shown) >= 6
    assert 6 in Counter(origin(study, number) for number in shown).values()  # until one side is all seen


def test_a_question_stays_until_it_is_answered(top: Path) -> None:
    study = created(top)
    assert study.next("judge") == study.next("judge")
    assert Study.open(study.folder).next("judge") == study.next("judge")
    question = study.next("judge")
    study.answer(question, "fake", seconds=0.7)
    assert study.next("judge") != question


def test_images_are_asked_about_as_often_as_each_other(top: Path) -> None:
    study = created(top)
    counts: Counter[int] = Counter()
    for j in range(8):
        for _ in range(4):
            question = study.next(f"judge-{j}")
            counts.update(question.items)
            study.answer(question, "real")
    for real in (True, False):
        some = [counts[item.id] for item in study.items if item.real == real]
        assert max(some) - min(some) <= 1


def test_judges_of_known_error_are_measured(top: Path) -> None:
    """Wrong about every second fake, and about no real."""
    study, fakes = created(top), 0
    for j in range(6):
        while question := study.next(f"judge-{j}"):
            fake = origin(study, question.items[0]) == "gan"
            fakes += fake
            study.answer(question, "fake" if fake and fakes % 2 else "real")
    both, on_fakes, on_reals = study.result()
    assert both.name == "hype-infinity[gan]"
    assert on_fakes.value == pytest.approx(0.5, abs=0.5 / fakes + 1e-9) and on_reals.value == 0
    assert both.value == pytest.approx(on_fakes.value / 2)
    assert (both.provenance["study"], both.provenance["judges"]) == ("study", 6)
    json.dumps([score.to_json() for score in study.result()])


def test_two_sources_of_fakes_are_measured_against_the_same_reals(top: Path) -> None:
    study = created(top, sources={"gan": top / "gan", "vae": top / "vae"})
    for j in range(4):
        while question := study.next(f"judge-{j}"):
            study.answer(question, "fake" if origin(study, question.items[0]) == "vae" else "real")
    found = {score.name: score.value for score in study.result()}
    assert found["hype-infinity[gan]"] == 0.5  # everything is taken for real
    assert found["hype-infinity[vae]"] == 0
    assert found["hype-infinity-reals[gan]"] == found["hype-infinity-reals[vae]"] == 0


def test_asking_ends_when_the_interval_is_narrow(top: Path) -> None:
    study, count = created(top, width=0.35), 0
    for j in range(40):
        while question := study.next(f"judge-{j}"):
            study.answer(question, "real" if origin(study, question.items[0]) == "real" else "fake")
            count += 1
    low, high = study.result()[1].details["interval"]
    assert high - low <= 0.35
    assert 8 < count < 40 * 6


# ------------------------------------------------------------------ with a limit of time


def test_a_timed_study_follows_the_staircase_and_tells_the_threshold(top: Path) -> None:
    pictures(top / "many", n=200)
    pictures(top / "reals", n=200)
    study = created(top, sources={"gan": top / "many"}, real=top / "reals", timed=True)
    exposures = []
    for i in range(150):
        question = study.next("judge")
        exposures.append(question.exposure)
        truth = "real" if origin(study, question.items[0]) == "real" else "fake"
        study.answer(question, truth if i % 4 else {"real": "fake", "fake": "real"}[truth])
        if i == 0:
            with pytest.raises(BadRequest, match="a judge who has ended a block of 150"):
                study.result()
    assert exposures[:5] == [500, 530, 520, 510, 500]  # wrong, and three times right
    assert study.next("judge").exposure == 500
    (score,) = study.result()
    assert score.name == "hype-time[gan]"
    assert score.value == modal(exposures)


# ------------------------------------------------------------------ pairs


def test_pairs_show_two_sources_on_either_side_and_never_the_same_images_again(top: Path) -> None:
    study = created(top, "pairs")
    before, sides = (), set()
    for _ in range(20):
        question = study.next("judge")
        assert question.answers == ("left", "right", "tie")
        assert {origin(study, number) for number in question.items} == {"gan", "vae"}
        assert not set(question.items) & set(before)
        sides.add(origin(study, question.items[0]))
        study.answer(question, "tie")
        before = question.items
    assert sides == {"gan", "vae"}


def test_the_better_of_three_is_found_whatever_its_side(top: Path) -> None:
    study = created(top, "pairs", real=top / "photos")
    order = ["vae", "gan", "real"]
    for i in range(45):
        question = study.next(f"judge-{i % 3}")
        ranks = [order.index(origin(study, number)) for number in question.items]
        study.answer(question, "left" if ranks[0] > ranks[1] else "right")
    scores = {score.name: score for score in study.result()}
    assert [scores[f"strength[{name}]"].details["rank"] for name in order] == [3, 2, 1]
    assert scores["strength[real]"].value > scores["strength[gan]"].value > scores["strength[vae]"].value
    json.dumps([score.to_json() for score in study.result()])


def test_the_only_pair_is_asked_once(top: Path) -> None:
    study = created(top, "pairs", most=1)
    study.answer(study.next("judge"), "left")
    assert study.next("judge") is None
    assert study.next("another") is not None


# ------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"kind": "fakes"}, "no kind of study 'fakes'"),
        ({"real": None}, "needs fakes and, with --real"),
        ({"sources": {}}, "needs fakes and, with --real"),
        ({"sources": {"real": "gan"}}, "cannot be called 'real'"),
        ({"kind": "pairs", "real": None}, "two sources or more"),
        ({"kind": "pairs", "timed": True}, "a timed study asks real or fake"),
        ({"sources": {"a": "gan", "b": "vae"}, "timed": True}, "about one source"),
        ({"real": "gan"}, "cannot be both real and fake"),
        ({"width": 0}, "above 0; got 0"),
        ({"width": float("nan")}, "above 0; got nan"),
        ({"most": 0}, "1 or more"),
        ({"seed": -1}, "0 or more"),
        ({"sources": {"gan": "nowhere"}}, "no file or folder 'nowhere'"),
        ({"sources": {"gan": "empty"}}, "no images in empty"),
        ({"sources": {"gan": "damaged"}}, "0.png cannot be read as an image"),
        ({"folder": "gan"}, "gan is already there"),
        ({"folder": "file.txt/a/study"}, "cannot write file.txt/a/study"),
    ],
)
def test_a_study_without_sense_is_refused_and_nothing_is_written(top: Path, monkeypatch, given, says) -> None:
    monkeypatch.chdir(top)
    (top / "empty").mkdir()
    (top / "damaged").mkdir()
    (top / "damaged" / "0.png").write_bytes(b"no image")
    (top / "file.txt").write_text("")
    before = sorted(top.rglob("*"))
    asked = {
        "folder": "deep/study",
        "kind": "real-or-fake",
        "sources": {"gan": "gan"},
        "real": "photos",
        **given,
    }
    with pytest.raises(BadRequest, match=says) as refusal:
        Study.create(**asked)
    assert "\n" not in str(refusal.value)
    assert sorted(top.rglob("*")) == before


def test_too_few_answers_are_no_result(top: Path) -> None:
    for kind in ("real-or-fake", "pairs"):
        with Study.create(top / kind, kind, {"gan": top / "gan"}, top / "photos") as study:
            with pytest.raises(BadRequest, match="has too few answers") as refusal:
                study.result()
            assert "\n" not in str(refusal.value)


def test_refuses_a_judge_with_a_name_and_an_answer_to_another_question(top: Path) -> None:
    study = created(top)
    with pytest.raises(BadRequest, match="a judge is a pseudonym"):
        study.next("Jane Doe")
    with pytest.raises(BadRequest, match="the answer is real or fake; got 'left'"):
        study.answer(study.next("judge"), "left")
    assert study.next("judge") is not None
