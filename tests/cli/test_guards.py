"""What protects a run: rollback, the collapse alarm, signals, a full disk."""

import errno
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from toys import points

import rivalry
from rivalry.cli import main
from rivalry.data.source import Source, Spec
from rivalry.errors import RunFailed
from rivalry.game import Game, Move, Player
from rivalry.maths.optimizers import adam
from rivalry.runs.checkpoint import Checkpoint
from rivalry.runs.run import Run


class Toy(Game):
    """A cloud of `spread(t)` whose generator moves to the data's middle; `spoiled(t)` says when a term is NaN."""

    batch = 8

    def __init__(self, spread: Callable[[int], float], spoiled: Callable[[int], bool]):
        super().__init__()
        self.spread, self.spoiled = spread, spoiled
        self.G = nn.Linear(2, 2)
        self.register_buffer("scale", torch.ones(()))
        self.generator = Player(self.G, optimizer=adam(1e-3))

    def round(self, data: Source, t: int) -> Iterator[Move]:
        (x,) = data.take(self.batch)
        self.scale.fill_(self.spread(t))
        penalty = self.G.weight.square().sum() * (float("nan") if self.spoiled(t) else 1.0)
        yield Move(
            self.generator, (self.sample(8) - x).mean(0).square().sum() + penalty, {"penalty": penalty}
        )

    def sample(self, n: int) -> Tensor:
        return self.G(torch.zeros(n, 2)) + self.scale * torch.randn(n, 2)


def toy(
    spread: Callable[[int], float] = lambda t: 1.0, spoiled: Callable[[int], bool] = lambda t: False
) -> Callable[[Spec], Game]:
    def make(spec: Spec) -> Game:
        return Toy(spread, spoiled)

    return make


def train(make: Callable[[Spec], Game], rounds: int = 60, **more: object) -> Run:
    return rivalry.train(make, data=points(classes=0), rounds=rounds, run="run", quiet=True, **more)


def events(run: str | Path = "run") -> list[dict]:
    lines = [json.loads(line) for line in (Path(run) / "log.jsonl").read_text().splitlines()]
    return [line for line in lines if "event" in line]


# ------------------------------------------------------------------ what is not finite


def test_nan_in_every_try_goes_back_once_then_fails_and_keeps_everything(capsys) -> None:
    with pytest.raises(RunFailed, match="round 10: the term 'penalty' of 'generator' is not finite"):
        train(toy(spoiled=lambda t: t == 10), save_every=0)
    assert [(e["event"], e["round"]) for e in events()] == [("rollback", 10), ("failed", 10)]
    assert "went back to round 10 and on with other random numbers" in capsys.readouterr().err
    assert "the term &#x27;penalty&#x27;" in Path("run/report.html").read_text().replace("&#39;", "&#x27;")
    last = Run.open("run").checkpoint("newest")
    assert last.round == 10
    assert all(value.isfinite().all() for value in last.weights().values())


def test_nan_once_goes_back_and_finishes() -> None:
    tries: list[int] = []

    def spoiled(t: int) -> bool:
        tries.append(t)
        return t == 10 and tries.count(10) == 1

    run = train(toy(spoiled=spoiled), rounds=20, save_every=0)
    assert [e["event"] for e in events()] == ["rollback", "done"]
    assert tries == [*range(11), *range(10, 20)]
    assert run.checkpoint("newest").state()["rollbacks"] == 1


def test_nan_before_the_first_checkpoint_fails_at_once() -> None:
    with pytest.raises(RunFailed, match=r"'penalty'.*run keeps everything"):
        train(toy(spoiled=lambda t: t == 3))
    assert [e["event"] for e in events()] == ["failed"]
    assert Path("run/report.html").exists()


def test_a_loss_that_leaves_the_numbers_is_exit_status_1(typed) -> None:
    answer = typed("train wgan --data ring --rounds 40 -s lr=1e30 -s clip=1e30 -s width=8 --run run -q")
    assert answer.status == 1
    assert "is not finite" in answer.err and "run keeps everything" in answer.err
    assert len(answer.err.splitlines()) == 1
    assert events()[-1]["event"] == "failed"


# ------------------------------------------------------------------ collapse


@pytest.mark.parametrize(
    ("spread", "rings"),
    [
        pytest.param(lambda t: 1.0, [], id="healthy"),
        pytest.param(lambda t: 0.0, [], id="constant, so that nothing was learned"),
        pytest.param(lambda t: float(t < 30), [35], id="falls"),
        pytest.param(lambda t: float(t >= 15), [], id="begins all alike"),
        pytest.param(lambda t: float(not 10 <= t < 20 and t < 40), [15, 45], id="falls twice"),
    ],
)
def test_the_alarm_rings_when_samples_become_all_alike(spread: Callable, rings: list[int], capsys) -> None:
    train(toy(spread))  # 60 rounds, looked at every 5
    assert [e["round"] for e in events() if e["event"] == "collapse"] == rings
    assert capsys.readouterr().err.count("the generator is collapsing") == len(rings)


def test_data_that_are_all_alike_are_no_collapse() -> None:
    data = points(classes=0)
    data.x.zero_()
    rivalry.train(toy(), data=data, rounds=60, run="run", quiet=True)
    assert [e["event"] for e in events()] == ["done"]


# ------------------------------------------------------------------ signals

LONG = ["train", "gan", "--data", "ring", "--rounds", "200", "-s", "width=16", "--no-measure"]


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tensor]:
    """The weights of the long run when nobody stops it."""
    run = tmp_path_factory.mktemp("unbroken") / "run"
    rivalry.train("gan", "ring", rounds=200, width=16, measure=False, run=run, quiet=True)
    return Run.open(run).checkpoint("newest").weights()


def play_long(folder: Path) -> None:
    """The long run as a process of the command line plays it: its words go to the files `out` and `err`."""
    os.chdir(folder)
    for stream, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT), stream)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # as a process starts; a forked one ignores it
    torch.set_num_threads(1)
    sys.argv = ["rivalry", *LONG, "--run", "run"]
    main()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_says_how_to_go_on_and_resume_ends_bit_identical(
    typed, start, unbroken, here, number
) -> None:
    process = start(play_long, here)
    while not Path("run/log.jsonl").exists() and process.is_alive():
        time.sleep(0.01)
    os.kill(process.pid, number)
    process.join(timeout=120)
    assert (process.exitcode, Path("out").read_text()) == (128 + number, "")
    said = Path("err").read_text()
    assert said.splitlines()[-1] == (
        f"rivalry: stopped by {number.name}; everything is saved.  Go on with: rivalry resume run"
    )
    assert "Traceback" not in said
    run = Run.open("run")
    assert 20 <= run.checkpoint("newest").round < 200
    assert [e["event"] for e in events()][-1] == "stopped"
    assert Path("run/report.html").exists()
    assert typed("resume run -q").status == 0
    resumed = run.checkpoint("newest").weights()
    assert run.checkpoint("newest").round == 200
    assert [name for name in unbroken if not torch.equal(unbroken[name], resumed[name])] == []
    assert events()[-1]["event"] == "done"


# ------------------------------------------------------------------ a full disk


def fails_after(n: int, function: Callable) -> Callable:
    """`function`, until the disk is full after `n` calls."""
    calls = iter(range(n))

    def write(*words: object, **more: object) -> object:
        if next(calls, None) is None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return function(*words, **more)

    return write


SAVES = "train gan --data ring --rounds 40 -s width=8 --save-every 0s --no-measure --run run -q"


def test_a_disk_that_fills_while_saving_is_one_message_and_the_last_checkpoint_lives(
    typed, monkeypatch
) -> None:
    monkeypatch.setattr(Checkpoint, "write", fails_after(3, Checkpoint.write))
    answer = typed(SAVES)
    assert (answer.status, answer.out) == (1, "")
    assert "cannot write the checkpoint of round 4: No space left on device" in answer.err
    assert "the last good one is run/checkpoints/000003" in answer.err
    assert answer.err.splitlines()[1:] == ["Make room, then: rivalry resume run"]
    assert events()[-1]["event"] == "failed"
    assert rivalry.load("run").sample(5).isfinite().all()


def test_a_disk_that_fills_elsewhere_is_one_message_too(typed, monkeypatch) -> None:
    monkeypatch.setattr(Run, "log", fails_after(0, Run.log))
    answer = typed(SAVES)
    assert answer.status == 1
    first, second = answer.err.splitlines()
    assert first.endswith("cannot write to run: No space left on device.")
    assert second == "Make room, then: rivalry resume run"
    assert rivalry.load("run").sample(5).isfinite().all()


def test_a_full_disk_leaves_no_half_of_a_checkpoint_and_resume_goes_on(typed, monkeypatch) -> None:
    with monkeypatch.context() as full:
        full.setattr(
            "rivalry.runs.checkpoint.write_tensors", fails_after(5, rivalry.runs.checkpoint.write_tensors)
        )  # in the third
        assert typed(SAVES).status == 1
    assert sorted(p.name for p in Path("run/checkpoints").iterdir()) == ["000001", "000002"]
    assert typed("resume run -q").status == 0
    assert Run.open("run").checkpoint("newest").round == 40


def test_a_disk_that_fills_while_sampling_leaves_the_old_file(typed, ring: Path, monkeypatch) -> None:
    Path("x.png").write_bytes(b"mine")
    monkeypatch.setattr("rivalry.show.samples.sheet", fails_after(0, rivalry.runs.checkpoint.write_tensors))
    answer = typed("sample ring -o x.png")
    assert answer.status == 2
    assert "cannot write x.png: No space left on device" in answer.err
    assert Path("x.png").read_bytes() == b"mine"
    assert sorted(p.name for p in Path().iterdir()) == ["ring", "x.png"]


# ------------------------------------------------------------------ what must not end a run, or be forgotten


def test_scores_that_cannot_be_had_are_told_of_and_training_goes_on(monkeypatch, capsys) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise rivalry.errors.BadRequest("fid needs samples that differ")

    monkeypatch.setattr("rivalry.metrics.suite.evaluate", refuse)
    rivalry.train(toy(), data=points(n=1000, classes=0), rounds=10, run="run", quiet=True)
    assert [e["event"] for e in events()] == ["unmeasured"] * 5 + ["done"]
    assert "could not be scored: fid needs samples that differ" in events()[0]["message"]
    assert capsys.readouterr().err.count("could not be scored") == 5
    assert Run.open("run").checkpoint("newest").round == 10


def test_a_run_that_is_not_measured_is_not_measured_when_it_goes_on() -> None:
    told = {"data": points(n=1000, classes=0), "quiet": True}
    rivalry.train(toy(), rounds=10, run="run", measure=False, **told)
    measured = lambda: [line for line in Run.open("run").lines() if "metrics" in line]
    rivalry.resume("run", game=toy(), rounds=20, **told)
    assert measured() == []
    rivalry.resume("run", game=toy(), rounds=30, measure=True, **told)  # the control
    assert len(measured()) > 0
    assert Run.open("run").config["measure"] is True


def test_a_run_that_goes_on_with_other_data_of_the_same_count_is_told(capsys) -> None:
    data, other = points(classes=0), points(classes=0)
    rivalry.train(toy(), data=data, rounds=10, run="run", quiet=True)
    rivalry.resume("run", game=toy(), data=data, rounds=20, quiet=True)
    assert "holds other data" not in capsys.readouterr().err  # the control
    other.x[3, 1] += 1e-3
    rivalry.resume("run", game=toy(), data=other, rounds=30, quiet=True)
    said = "'points' holds other data than those that the run was trained on: the weights will differ"
    assert said in capsys.readouterr().err
    assert next(e["message"] for e in events() if e["event"] == "changed").startswith(said)


def test_threads_are_restored_and_else_told_of(monkeypatch) -> None:
    seen: list[int] = []

    def make(spec: Spec) -> Game:
        seen.append(torch.get_num_threads())
        return Toy(lambda t: 1.0, lambda t: False)

    try:
        monkeypatch.setattr("os.cpu_count", lambda: 2)
        torch.set_num_threads(2)
        rivalry.train(make, data=points(classes=0), rounds=5, run="points", quiet=True)
        run = Run.open("points")
        assert run.config["threads"] == 1  # points are played on one
        run.config["threads"] = 2
        run.write_about()
        torch.set_num_threads(1)
        monkeypatch.setattr(
            "rivalry.runs.training._engine", lambda *_: seen.append(torch.get_num_threads()) or 1 / 0
        )
        with pytest.raises(ZeroDivisionError):
            rivalry.resume("points", game=make, data=points(classes=0), rounds=10, quiet=True)
        assert seen[-1] == 2
        run.config["threads"] = 64
        run.write_about()
        said = rivalry.runs.training._what_changed(run.config, points(classes=0), rivalry.play.ranks.Ranks())
        assert said == [
            "the run had 64 threads and now has 2: the weights will differ from those of a run that was never stopped"
        ]
        said = rivalry.runs.training._what_changed(
            {"world": 3}, points(classes=0), rivalry.play.ranks.Ranks()
        )
        assert [words.partition(":")[0] for words in said] == [
            "the run was played by 3 process(es) and now by 1"
        ]
    finally:
        torch.set_num_threads(1)


def test_scores_of_a_run_that_cannot_be_written_are_printed(typed, ring: Path, monkeypatch) -> None:
    def read_only(*_: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(Run, "log", read_only)
    answer = typed("evaluate ring -n 200 --metrics fid")
    assert answer.status == 0
    assert "fid" in answer.out
    assert "the scores could not be kept in ring: Read-only file system" in answer.err
