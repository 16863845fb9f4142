"""The report: one page that fetches and runs nothing, whatever a run's directory holds."""

import base64
import io
import json
import math
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from rivalry.errors import BadRequest
from rivalry.metrics.score import Score
from rivalry.paths import without_places
from rivalry.report import write_report
from rivalry.report.axes import short, ticks
from rivalry.report.gallery import final_picture
from rivalry.report.record import Record

HOSTILE = (
    """"><script>alert(1)</script><img src=x onerror=alert(2)>'</style></title><svg onload=alert(3)>&lt;"""
)
VOID = {"img", "meta", "br"}


class Page(HTMLParser):
    """Every tag with its attributes, every text, and whether each tag is closed in its turn."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.stack: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.texts)


def make(folder: Path, lines: list[dict[str, Any]] | None = None, **changed: Any) -> Path:
    """A run's directory: run.json, and a log where there are lines."""
    about = {
        "format": 1,
        "game": "dcgan",
        "recipe": None,
        "settings": {"width": 24},
        "data": "mnist",
        "spec": {"name": "mnist", "kind": "image", "shape": [1, 28, 28], "classes": list("0123456789")},
        "seed": 7,
        "goal": {"rounds": 1000},
        "versions": {"rivalry": "0.1.0", "torch": "2.13.0", "python": "3.11.7"},
        "device": "cpu (AMD EPYC, 2 threads)",
        "precision": "bf16",
        "command": "rivalry train dcgan --data mnist",
        "started": "2026-11-22T14:23:05+00:00",
        "commit": None,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.json").write_text(json.dumps(about | changed))
    if lines is not None:
        (folder / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def report(run_dir: Path) -> tuple[Page, str]:
    text = write_report(run_dir).read_text(encoding="utf-8")
    page = Page(text)
    assert page.stack == []
    return page, text


def noted(played: int, **notes: float) -> dict[str, Any]:
    told = {name.replace("_", "/", 1): value for name, value in notes.items()}
    return {"round": played, "samples": played * 64, "seconds": played / 10, "notes": told}


def safe(page: Page) -> None:
    """Nothing is fetched, nothing can run, and the policy would forbid it."""
    assert not {"script", "iframe", "object", "embed", "link", "base", "form"} & {tag for tag, _ in page.tags}
    for _, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")]
        assert (attributes.get("src") or "data:image/").startswith("data:image/")
        assert (attributes.get("href") or "#").startswith("#")
    policy = [
        told["content"] for tag, told in page.tags if told.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy == ["default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'"]


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with everything: notes, metrics, events, sheets, a best checkpoint, a torn last line."""
    lines: list[dict[str, Any]] = []
    for played in range(10, 1001, 10):
        lines.append(noted(played, critic_real=1.0, critic_fake=-1.0, generator_loss=100.0 / played))
        if played % 250 == 0:
            score = Score(
                "fid[judge-mnist]", 50 / played, 2000, 0.25, "low", {"features": "judge-mnist 9f31"}
            )
            lines.append({"round": played, "samples": 0, "seconds": 0, "metrics": [score.to_json()]})
    lines.append(
        {"round": 500, "samples": 1, "seconds": 1, "event": "rollback", "message": "the loss is nan"}
    )
    lines.append(
        {"round": 1000, "samples": 64_000, "seconds": 100, "event": "done", "message": "goal reached"}
    )
    run_dir = make(tmp_path_factory.mktemp("runs") / "run", lines)
    with (run_dir / "log.jsonl").open("a") as log:
        log.write('{"round": 10')
    (run_dir / "samples").mkdir()
    for played in range(50, 1001, 50):
        Image.effect_noise((400, 400), 80).save(run_dir / "samples" / f"{played:06d}.png")
    Image.effect_noise((1500, 1500), 80).save(run_dir / "samples" / "final.png")
    (run_dir / "samples" / "classes.png").write_bytes((run_dir / "samples" / "000050.png").read_bytes())
    (run_dir / "best").symlink_to("checkpoints/000750")
    return run_dir


@pytest.fixture(scope="module")
def told(full: Path) -> tuple[Page, str]:
    return report(full)


def test_it_is_one_safe_file_of_a_reasonable_size(told: tuple[Page, str]) -> None:
    page, text = told
    safe(page)
    assert "http://" not in text
    assert "https://" not in text
    assert "@import" not in text
    assert "url(" not in text
    assert len(text.encode()) < 5_000_000


def test_it_stays_small_whatever_the_run_logged(tmp_path: Path) -> None:
    lines: list[dict[str, Any]] = []
    for played in range(130):
        lines.append(noted(played, **{f"critic_n{k}": math.sin(played * k) for k in range(90)}))
        lines.append({"round": played, "event": "collapse", "message": "<" * 3000})
    score = {"value": 1.0, "n": 9, "provenance": {f"p{k}": "<" * 600 for k in range(100)},
             "details": {f"d{k}": list(range(64)) for k in range(9)}}  # fmt: skip
    for played in (64, 129):
        lines.append({"round": played, "metrics": [score | {"name": f"m{k}"} for k in range(50)]})
    run_dir = make(tmp_path, lines, settings={f"s{k}": "<" * 1000 for k in range(500)})
    (run_dir / "samples").mkdir()
    noise = Image.merge("RGB", [Image.effect_noise((640, 640), 90) for _ in range(3)])
    for name in ("final", "classes", *(f"{k:06d}" for k in range(8))):
        noise.save(run_dir / "samples" / f"{name}.png", compress_level=1)
    assert write_report(run_dir).stat().st_size < 5_000_000


def test_embedded_images_decode(told: tuple[Page, str]) -> None:
    page, _ = told
    sources = [has["src"] for tag, has in page.tags if tag == "img"]
    assert len(sources) == 10  # eight through time, the final sheet and the classes
    for source in sources:
        assert source is not None
        with Image.open(io.BytesIO(base64.b64decode(source.split(",", 1)[1]))) as image:
            image.load()
            assert max(image.size) <= 1200


def test_it_says_what_the_run_was_and_what_it_cost(told: tuple[Page, str]) -> None:
    page, _ = told
    for words in ("dcgan", "mnist", "22 November 2026", "1,000", "64,000", "1 min 40 s", "bf16", "2.13.0"):
        assert words in page.text
    for words in ("rivalry train dcgan --data mnist", "the loss is nan", "goal reached", "round 750", "best"):
        assert words in page.text
    for words in ("fid[judge-mnist]", "0.05", "± 0.25", "2,000", "judge-mnist 9f31"):
        assert words in page.text


def test_sheets_are_the_first_the_last_the_best_and_some_between(told: tuple[Page, str]) -> None:
    page, _ = told
    ids = [has["id"] for tag, has in page.tags if tag == "figure" and "id" in has]
    shown = sorted(int(i.removeprefix("sheet-")) for i in ids if i and i[6:].isdigit())
    assert {50, 750, 1000} <= set(shown)
    assert len(shown) == 8


def test_hostile_words_stay_words(tmp_path: Path) -> None:
    spec = {"name": HOSTILE, "kind": HOSTILE, "shape": [HOSTILE], "classes": [HOSTILE] * 4}
    score = {"name": HOSTILE, "value": 1.0, "n": 5, "spread": HOSTILE, "better": HOSTILE,
             "provenance": {HOSTILE: HOSTILE},
             "details": {HOSTILE: [1, 2, 3, 4], "b": {HOSTILE: 1}}}  # fmt: skip
    lines = [{"round": r, "samples": HOSTILE, "seconds": HOSTILE,
              "notes": {HOSTILE: 0.5, f"a/{HOSTILE}": r, f"{HOSTILE}/real": 1, f"{HOSTILE}/fake": 2}}
             for r in (1, 2)]  # fmt: skip
    lines += [{"round": r, "metrics": [score]} for r in (1, 2)]
    lines += [{"round": 2, "event": kind, "message": HOSTILE} for kind in ("rollback", "failed", HOSTILE)]
    words = ("game", "recipe", "data", "seed", "device", "precision", "command", "started", "commit")
    tables = {name: {HOSTILE: HOSTILE} for name in ("settings", "versions", "goal")}
    folder = tmp_path / HOSTILE.replace("/", "|")
    run_dir = make(folder, lines, spec=spec, **tables, **dict.fromkeys(words, HOSTILE))
    page, text = report(run_dir)
    safe(page)
    assert page.text.count("alert(1)") > 20
    assert "<script" not in text
    assert "<img src=x" not in text
    assert sum(tag == "style" for tag, _ in page.tags) == 1


def test_the_check_for_safety_can_fail() -> None:
    with pytest.raises(AssertionError):
        safe(Page(f"<p>{HOSTILE}</p>"))


@pytest.mark.parametrize("lines", [None, []])
def test_a_run_that_has_just_begun(tmp_path: Path, lines: list[dict[str, Any]] | None) -> None:
    page, _ = report(make(tmp_path, lines))
    assert "Nothing has been logged yet" in page.text
    assert "no end recorded" in page.text


def test_a_run_that_failed_says_so_first(tmp_path: Path) -> None:
    lines = [noted(1, critic_loss=1.0), {"round": 2, "event": "failed", "message": "critic's loss is nan"}]
    page, _ = report(make(tmp_path, lines))
    assert page.texts.index("critic's loss is nan") < page.texts.index("Curves")
    assert {"class": "state failed"} in [told for _, told in page.tags]


def test_a_run_that_goes_on_after_it_was_stopped_is_not_stopped(tmp_path: Path) -> None:
    lines = [
        noted(1, critic_loss=1.0),
        {"round": 1, "event": "stopped", "message": ""},
        noted(2, critic_loss=1.0),
    ]
    page, _ = report(make(tmp_path, lines))
    assert {"class": "state open"} in [told for _, told in page.tags]


def test_values_that_are_not_finite_leave_a_gap(tmp_path: Path) -> None:
    values = [1.0, 2.0, math.nan, math.inf, 3.0, 10**400, 4.0]
    page, text = report(make(tmp_path, [noted(r, critic_loss=v) for r, v in enumerate(values, 1)]))
    assert "3 not finite" in page.text
    lines = [told["d"] for tag, told in page.tags if tag == "path" and "line" in (told.get("class") or "")]
    assert [path.count("L") + 1 for path in lines if path] == [2, 1, 1]
    assert "nan" not in text.lower().split("</style>")[1]


def test_a_log_with_nothing_finite(tmp_path: Path) -> None:
    page, _ = report(make(tmp_path, [noted(r, critic_loss=math.nan) for r in range(200)]))
    assert "no finite value was logged" in page.text


@pytest.mark.parametrize("scale", [0.0, 1e-300, 1e-29, 1.0, 1e29, 1e300])
@pytest.mark.parametrize("n", [1, 2, 500])
def test_values_of_any_size_can_be_drawn(tmp_path: Path, scale: float, n: int) -> None:
    lines = [
        noted(r, critic_gradient=scale, critic_loss=scale * (-1) ** r, critic_real=scale * r)
        for r in range(n)
    ]
    _, text = report(make(tmp_path, lines))
    assert "nan" not in text.split("</style>")[1]


def test_a_long_curve_is_drawn_as_means(tmp_path: Path) -> None:
    page, _ = report(make(tmp_path, [noted(r, critic_loss=float(r % 2)) for r in range(1, 1201)]))
    (path,) = [told["d"] for tag, told in page.tags if told.get("class") == "line k0"]
    assert path is not None
    heights = {point.split()[1] for point in path.removeprefix("M").split("L")}
    assert len(heights) == 1  # ten values, half of them 1, in every point
    assert "means of 10" in page.text


def test_rounds_played_again_replace_what_came_after_them(tmp_path: Path) -> None:
    lines = [noted(r, critic_loss=5.0) for r in (10, 20, 30)] + [noted(20, critic_loss=1.0)]
    page, _ = report(make(tmp_path, lines))
    assert "2 reports were played again" in page.text
    (path,) = [told["d"] for tag, told in page.tags if told.get("class") == "line k0"]
    assert path is not None
    assert path.count("L") == 1


def test_lines_that_are_no_reports_are_counted(tmp_path: Path) -> None:
    run_dir = make(tmp_path, [noted(1, critic_loss=1.0)])
    with (run_dir / "log.jsonl").open("ab") as log:
        log.write(b'{"round": 1, "no\n[1, 2]\n\xff\xfe\n{"round": "x"}\n{"round": NaN}\n')
        log.write(b'{"round": 3, "notes": {}}\n{"rou')
    page, _ = report(run_dir)
    assert "5 lines of log.jsonl could not be read" in page.text


def test_a_sheet_that_is_no_picture_is_named(tmp_path: Path) -> None:
    run_dir = make(tmp_path, [])
    (run_dir / "samples").mkdir()
    (run_dir / "samples" / "000100.png").write_text("<svg onload=alert(1)>")
    page, _ = report(run_dir)
    assert "000100.png cannot be read" in page.text
    assert "img" not in {tag for tag, _ in page.tags}


def test_a_lone_surrogate_can_be_written(tmp_path: Path) -> None:
    page, _ = report(make(tmp_path, [], game="bad \ud800 name"))
    assert "bad ? name" in page.text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "holds no run.json"),
        ("{", "cannot be read"),
        ("[]", "does not describe"),
        ('{"format": 9}', "newer"),
    ],
)
def test_what_is_no_run_is_refused_in_words(tmp_path: Path, content: str | None, words: str) -> None:
    if content is not None:
        (tmp_path / "run.json").write_text(content)
    with pytest.raises(BadRequest, match=words):
        write_report(tmp_path)
    assert not (tmp_path / "report.html").exists()


def test_writing_it_needs_no_torch(full: Path) -> None:
    code = (
        "import sys, pathlib; from rivalry.report import write_report; "
        "write_report(pathlib.Path(sys.argv[1])); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(full)], check=True, timeout=60)


def test_numbers_are_written_for_people() -> None:
    told = [short(v) for v in (0, 1234567, 0.12345, -2.5, 3e-5, 2.5e9, 12345.6, math.nan)]
    assert told == ["0", "1,234,567", "0.1235", "−2.5", "3e−5", "2.5e9", "12,346", "not finite"]
    assert ticks(-1.2, 1.2, 4) == [-1, 0, 1]
    assert ticks(0, 5200, 4) == [0, 2000, 4000]


def test_a_prd_curve_is_drawn_and_a_damaged_one_is_not(tmp_path: Path) -> None:
    details = {"precision": [0.0, 0.5, 1.0], "recall": [1.0, 0.8, math.nan]}
    scores = [Score("prd-precision[pixels]", 0.9, 100, details=details).to_json()]
    page, text = report(make(tmp_path / "a", [{"round": 5, "metrics": scores}]))
    safe(page)
    assert "PRD curve" in text
    scores[0]["details"] = {"precision": "none", "recall": [1.0]}
    assert "PRD curve" not in report(make(tmp_path / "b", [{"round": 5, "metrics": scores}]))[1]


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("/home/anna/pictures", "pictures"),
        ("/home/anna/pictures/", "pictures"),
        ("C:\\Users\\anna\\pictures", "pictures"),
        (
            "rivalry train dcgan --data=/home/anna/a.zip --run ~/runs/x",
            "rivalry train dcgan --data=a.zip --run x",
        ),
        (
            "rivalry train dcgan --data data/pictures -s a=1/2",
            "rivalry train dcgan --data data/pictures -s a=1/2",
        ),
        ("owner/name", "owner/name"),
    ],
)
def test_a_page_names_no_folder_of_the_machine(told: str, shown: str) -> None:
    assert without_places(told) == shown


def test_the_film_of_the_last_round_is_shown_beside_the_best_sheet(tmp_path: Path) -> None:
    picture = Image.new("RGB", (8, 8))
    picture.save(tmp_path / "000001.png")
    picture.save(tmp_path / "000002.gif")
    record = Record(tmp_path, {})
    record.sheets, record.best = {1: tmp_path / "000001.png"}, 1
    record.beside = {2: [tmp_path / "000002.gif"]}
    page = Page(str(final_picture(record)))
    assert "at round 2" in page.text and "best checkpoint, round 1" in page.text
    assert sum("data:image/gif" in (told.get("src") or "") for name, told in page.tags if name == "img") == 1
