"""Data that are no table: a stream that is never held whole, of any kind, trains, logs and resumes like any other."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import rivalry
from rivalry.data.source import Source, Spec, toy
from rivalry.errors import BadRequest
from rivalry.play.dynamics import DYNAMICS, Extragradient, find_dynamics


class Tones:
    """Sine waves, each made when it is asked for."""

    spec = Spec("tones", "wave", (1, 64), about={"rate": 8000})

    def __init__(self, seed: int = 0, shown: int = 0):
        self.drawn = 0
        self.generator = torch.Generator().manual_seed(seed)
        if shown:
            self.table = toy("wave", shown, classes=0)

    def take(self, n: int, label: int | None = None) -> tuple[Tensor, ...]:
        self.drawn += n
        pitch = 1 + 4 * torch.rand(n, 1, generator=self.generator)
        return (torch.sin(pitch * torch.arange(64) / 10)[:, None],)

    def state_dict(self) -> dict[str, Any]:
        return {"drawn": self.drawn, "generator": self.generator.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.drawn = state["drawn"]
        self.generator.set_state(state["generator"])


def test_a_stream_is_a_source_and_a_table_is_none() -> None:
    assert isinstance(Tones(), Source)
    assert not isinstance(toy("points"), Source)


def test_a_stream_is_trained_on_and_resumed_bit_for_bit(tmp_path: Path) -> None:
    play = dict(width=16, batch=8, quiet=True)
    run = rivalry.train("gan", Tones(), rounds=6, run=tmp_path / "one", **play)
    rivalry.resume(run, data=Tones(seed=5), rounds=12, quiet=True)
    straight = rivalry.train("gan", Tones(), rounds=12, run=tmp_path / "two", **play)
    one, two = (rivalry.load(r, which="newest").state_dict() for r in (run, straight))
    assert all(torch.equal(one[name], two[name]) for name in two)
    assert max(line["samples"] for line in run.lines() if "samples" in line) == 96


def test_a_stream_that_shows_a_table_is_looked_at(tmp_path: Path) -> None:
    run = rivalry.train("gan", Tones(shown=64), rounds=4, run=tmp_path / "run", width=16, quiet=True)
    assert list((run.path / "samples").glob("*.wav"))
    assert "<audio" in (run.path / "report.html").read_text()


@pytest.mark.parametrize("kind", ["wave", "clip", "tokens"])
def test_a_strangers_data_set_of_any_kind_has_sheets_and_a_report(kind: str, tmp_path: Path) -> None:
    game = "lstm" if kind == "tokens" else "gan"
    data = toy(kind, classes=0)
    run = rivalry.train(game, data, rounds=3, run=tmp_path / "run", width=16, quiet=True)
    assert list((run.path / "samples").glob("*.png"))
    assert (run.path / "report.html").stat().st_size > 10_000
    assert rivalry.load(run).sample(2).shape == (2, *data.spec.shape)


def test_dynamics_are_asked_for_by_name(tmp_path: Path) -> None:
    assert {type(find_dynamics(name)).__name__.lower() for name in DYNAMICS} == set(DYNAMICS)
    assert find_dynamics("stale:3").delay == 3
    for wrong in ("stale:x", "gradient:2", "stale:-1"):
        with pytest.raises(BadRequest):
            find_dynamics(wrong)
    data = toy("points")
    runs = [
        rivalry.train("gan", data, rounds=5, run=tmp_path / name, width=8, dynamics=name, quiet=True)
        for name in ("gradient", "extragradient")
    ]
    assert runs[1].config["dynamics"] == "extragradient"
    weights = [rivalry.load(run, which="newest").state_dict() for run in runs]
    assert not all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert isinstance(find_dynamics("extragradient"), Extragradient)
