"""The collapse alarm: what is alike, what looks like data, and when it rings."""

from pathlib import Path

import torch
from torch import Tensor

from rivalry.data import open_data
from rivalry.data.source import Dataset
from rivalry.game import Game
from rivalry.runs.alarm import Alikeness, collapse_alarm
from rivalry.runs.run import Run

N = 64


class Shows:
    """What an alarm asks of an engine: a game whose samples are given, one batch a look."""

    class ranks:
        first = True

    t, seconds, in_play = 0, 0.0, 0.0

    class data:
        drawn = 0

    def __init__(self, x: Tensor):
        self.x, self.game = x, self.__enter__()

    def evaluating(self) -> "Shows":
        return self

    def __enter__(self) -> Game:
        class Given(Game):
            draw = decode = lambda *_: None  # it has codes
            sample = lambda _, n: self.x

        return Given()

    def __exit__(self, *_: object) -> None: ...


def rings(tmp_path: Path, real: Dataset, *batches: Tensor) -> list[bool]:
    """Whether the alarm rings at each of the looks."""
    said: list[str] = []
    run = Run.create(tmp_path / f"run{len(list(tmp_path.iterdir()))}", {"spec": real.spec.to_json()})
    alarm = collapse_alarm(run, real, said.append, Shows(batches[0]), N)  # type: ignore[arg-type]
    found = []
    for x in batches:
        before = len(said)
        alarm(Shows(x), ())  # type: ignore[arg-type]
        found.append(len(said) > before)
    return found


def cases(real: Dataset) -> dict[str, Tensor]:
    fresh = real.rows(torch.arange(N) * 3 + 1)
    one = real.rows(slice(5, 6)).expand_as(fresh)
    blur = real.rows(slice(0, 500)).mean(0, keepdim=True).expand_as(fresh)
    noise = lambda scale: scale * torch.randn(fresh.shape, generator=torch.Generator().manual_seed(0))
    return {"fresh": fresh, "one": one + noise(1e-3), "blur": blur + noise(1e-3), "untrained": noise(1e-3)}


def test_what_is_alike_and_what_looks_like_data() -> None:
    for name in ("digits", "ring"):
        real = open_data(name)
        alike, there = Alikeness(real, N), cases(real)
        assert alike.ratio(there["fresh"]) > 0.8 and alike.looks_like_data(there["fresh"]), name
        assert alike.ratio(there["one"]) < 0.1 and alike.looks_like_data(there["one"]), name
        for untaught in ("blur", "untrained"):
            assert alike.ratio(there[untaught]) < 0.1 and not alike.looks_like_data(there[untaught]), name


def test_it_rings_once_for_a_collapse_and_never_before_anything_is_learned(tmp_path: Path) -> None:
    real = open_data("digits")
    x = cases(real)
    assert rings(tmp_path, real, *[x["untrained"]] * 6, *[x["blur"]] * 6) == [False] * 12
    assert rings(tmp_path, real, *[x["fresh"]] * 12) == [False] * 12
    assert rings(tmp_path, real, x["untrained"], x["one"], x["one"]) == [False, True, False]
    once = rings(tmp_path, real, x["fresh"], x["blur"], x["blur"], x["fresh"], x["one"])
    assert once == [False, True, False, False, True]
