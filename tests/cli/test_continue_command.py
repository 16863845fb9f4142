"""`rivalry continue` as a user types it."""

from pathlib import Path

import pytest
from PIL import Image

from rivalry.data.source import toy
from rivalry.runs import training


def moving(file: Path, n: int, side: int = 20) -> Path:
    frames = [Image.new("RGB", (side, side), (25 * k, 0, 0)) for k in range(n)]
    frames[0].save(file, save_all=True, append_images=frames[1:], duration=100)
    return file


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("runs")
    given = {"rounds": 1, "quiet": True, "device": "cpu", "measure": False, "width": 4}
    data = toy("clip", classes=0)
    return {
        "next": training.train("next-frame", data, run=place / "next", past=2, **given).path,
        "whole": training.train("videogan", data, run=place / "whole", latent=4, **given).path,
    }


def test_a_clip_is_continued(typed, here: Path, runs: dict[str, Path]) -> None:
    moving(here / "clip.gif", 5)
    answer = typed("continue", runs["next"], "clip.gif", "-n", 6, "-o", "out.gif", "--which", "newest")
    assert (answer.status, answer.out, answer.err) == (0, "out.gif\n", "")
    with Image.open(here / "out.gif") as film:
        assert film.n_frames <= 2 + 6  # equal frames in a row are one frame of a .gif
        assert film.n_frames > 1
    typed("continue", runs["next"], "clip.gif", "-n", 6, "-o", "again.gif", "--which", "newest")
    assert (here / "out.gif").read_bytes() == (here / "again.gif").read_bytes()


@pytest.mark.parametrize(
    ("run", "words", "why"),
    [
        ("next", "clip.gif -o out.mp4", "this is written to a .gif; got out.mp4"),
        ("next", "nothing.gif -o out.gif", "no file 'nothing.gif'"),
        ("next", "a.txt -o out.gif", "a.txt is no moving picture; expected .avi, .gif"),
        (
            "next",
            "still.gif -o out.gif",
            "still.gif cannot be read as a moving picture: 1 frame; a clip has two",
        ),
        ("whole", "clip.gif -o out.gif", "this game does not continue clips; next-frame does"),
    ],
)
def test_bad_input_is_answered_in_a_line(
    typed, here: Path, runs: dict[str, Path], run: str, words: str, why: str
) -> None:
    moving(here / "clip.gif", 5)
    moving(here / "still.gif", 1)
    (here / "a.txt").write_text("x")
    answer = typed("continue", runs[run], *words.split(), "--which", "newest")
    assert answer.status == 2 and why in answer.err and "Traceback" not in answer.err
