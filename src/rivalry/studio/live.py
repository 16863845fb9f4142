"""A training that is watched: an ordinary `train`, with a callback that shows it and does what the page asks.

It runs in a process of its own, so that what else the studio does changes none of its random numbers: the same seed
gives the weights that `rivalry train` gives, but for step sizes that somebody changed on the way.

Frames go through a pipe, one at a time: the next is made when the last was taken, and so nobody who looks slowly can
hold up the training.  Frames take at most a twelfth of its time, a fifth of which is for the critic's surface: it
comes with some frames and stays until the next.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch

from rivalry.errors import BadRequest, RunFailed
from rivalry.game import Move
from rivalry.paths import without_places
from rivalry.play.engine import Engine
from rivalry.runs.callbacks import standing
from rivalry.runs.guards import Interrupted
from rivalry.runs.run import Run
from rivalry.runs.training import resume, train
from rivalry.studio.frames import frame, opening
from rivalry.studio.shelf import as_json

SHARE, OF_LOOKS = 0.065, 0.015  # of the time: for frames, and for those with the critic's surface
LEAST = 1 / 20  # seconds from a frame to the next
COMMANDS = ("play", "pause", "round", "turn", "stop", "rate", "point", "ready")


class Pace:
    """When to do something again that may take a share of the time.

    It can be done between two rounds only.  What comes late for that is made up for by the next, which then is due
    earlier, so that the share is kept in the mean.
    """

    def __init__(self, share: float):
        self.share, self.next, self.cost = share, 0.0, 0.0

    def is_due(self) -> bool:
        return time.perf_counter() >= self.next

    def took(self, seconds: float) -> None:
        usual, self.cost = min(seconds, self.cost), seconds  # one slow turn, as the first is, says little
        now, wait = time.perf_counter(), max(LEAST, usual / self.share)
        self.next = max(self.next, now - wait) + wait


class Watch:
    """The callback.

    Args:
        line: to the studio; commands come from it and messages (kind, JSON) go to it.
        path: of the run, for its log.
        paused: wait before the second round.
    """

    def __init__(self, line: Connection, path: Path, paused: bool = False):
        self.line, self.path, self.paused = line, path, paused
        self.ready, self.rate = True, 1.0
        self.frames, self.looks = Pace(SHARE), Pace(OF_LOOKS)
        self.begun = False
        self.turns: Iterator[tuple[Move, ...]] | None = None  # of a round that is played turn by turn
        self.played: list[Move] = []  # of that round
        self.leave = False  # play the next round, and then wait again
        self.notes: dict[str, float] = {}
        self.pointed: int | None = None  # the picture that somebody points at

    def __call__(self, engine: Engine, moves: Sequence[Move]) -> None:
        if not self.begun:
            self.begun = True
            self.send("begun", {"run": self.path.name, **opening(engine)})
        self.notes = noted(moves) if self.is_due() or self.paused else self.notes
        self.obey(engine)
        if self.is_due() or self.paused:
            self.show(engine)
        self.leave = False
        while self.paused and not self.leave and not engine.stopping:
            self.obey(engine, wait=True)

    # ------------------------------------------------------------------ what is asked

    def obey(self, engine: Engine, wait: bool = False) -> None:
        """Do what was asked since the last time; with `wait`, wait for the next command first."""
        try:
            while wait or self.line.poll():
                self.do(engine, self.line.recv())
                wait = False
        except (EOFError, OSError):  # the studio has gone: keep what there is
            self.paused = False
            engine.stop("SIGTERM")

    def do(self, engine: Engine, command: dict[str, Any]) -> None:
        """Do one command: {"do": one of COMMANDS}."""
        match command["do"]:
            case "ready":
                self.ready = True
            case "pause":
                self.paused = True
                self.show(engine)
            case "turn":
                self.paused = True
                self.play_turn(engine)
            case "round" if self.turns is None:
                self.paused = self.leave = True
            case "round":
                self.end_round(engine)
                self.show(engine)
            case "play":
                self.end_round(engine)
                self.paused = False
            case "stop":
                self.end_round(engine)
                self.paused = False
                engine.stop("SIGTERM")
            case "point":
                self.pointed = command["at"]
                if self.paused:
                    self.show(engine)
            case "rate":
                self.set_rate(engine, command["factor"])

    def play_turn(self, engine: Engine) -> None:
        """Play one turn of the next round, and say what it did."""
        if self.turns is None:
            self.turns, self.played = engine.turns(), []
        if (moves := next(self.turns, None)) is None:
            self.finish(engine)
            return
        self.played += moves
        self.notes |= noted(moves)
        self.send(
            "turn", {"t": engine.t, "turn": len(self.played), "moves": [said(engine, one) for one in moves]}
        )
        self.show(engine)

    def end_round(self, engine: Engine) -> None:
        """Play the rest of a round that was begun turn by turn."""
        for moves in self.turns or ():
            self.played += moves
        if self.turns is not None:
            self.finish(engine)

    def finish(self, engine: Engine) -> None:
        """Count a round that was played here, as the engine counts its own."""
        self.turns = None
        engine.t += 1
        for callback in engine.callbacks:
            if callback is not self:
                callback(engine, self.played)
        self.send("turn", {"t": engine.t, "turn": 0, "moves": []})
        self.show(engine)

    def set_rate(self, engine: Engine, factor: float) -> None:
        """Let every step size be `factor` times its own, and write it into the run's log."""
        engine.rescale(factor)
        self.rate = factor
        message = f"each step size is {factor:g} times its own from here on, while this training lasts"
        Run.open(self.path).log({**standing(engine), "event": "changed", "message": message})
        self.show(engine)

    # ------------------------------------------------------------------ what is shown

    def is_due(self) -> bool:
        return self.ready and (self.frames.is_due() or self.looks.is_due())

    def show(self, engine: Engine) -> None:
        """Send a frame if the last was taken; while nothing moves, at once."""
        if not (self.ready or self.paused):
            return
        whole, began = self.paused or self.looks.is_due(), time.perf_counter()
        facts: dict[str, Any] = {
            "t": engine.t,
            "drawn": engine.data.drawn,
            "in_play": engine.in_play,
            "rate": self.rate,
        }
        facts |= {"paused": self.paused, "notes": self.notes}
        self.send("frame", {**facts, **frame(engine, self.pointed, whole=whole)})
        self.ready = False
        (self.looks if whole else self.frames).took(time.perf_counter() - began)

    def send(self, kind: str, message: dict[str, Any]) -> None:
        with suppress(OSError):  # the studio has gone, which `obey` notices
            self.line.send((kind, as_json(message)))


def noted(moves: Sequence[Move]) -> dict[str, float]:
    """The notes of these moves as numbers, by "player/note"."""
    return {f"{move.name}/{name}": value for move in moves for name, value in numbers(move).items()}


def numbers(move: Move) -> dict[str, float]:
    return {name: float(torch.as_tensor(note).detach()) for name, note in move.notes.items()}


def said(engine: Engine, move: Move) -> dict[str, Any]:
    """What a turn was: who moved, on how many data, and what it noted."""
    plural = engine.data.spec.meaning.plural
    return {"player": move.name, "batch": engine.game.batch, "plural": plural, "notes": numbers(move)}


def learn(asked: dict[str, Any], line: Connection) -> None:
    """Train or resume a run while it is watched, and say how it ended.

    Args:
        asked: `run`, a path; `resume`, whether it is there already; else the arguments of `train`.
    """
    path = Path(asked.pop("run"))
    watch = Watch(line, path, asked.pop("paused", False))
    try:
        if asked.pop("resume", False):
            resume(path, quiet=True, callbacks=[watch], **asked)
        else:
            settings = asked.pop("settings", {})
            train(asked.pop("game"), run=path, quiet=True, callbacks=[watch], **asked, **settings)
        watch.send("ended", {"run": path.name, "how": "done"})
    except Interrupted:
        watch.send("ended", {"run": path.name, "how": "stopped"})
    except (BadRequest, RunFailed) as trouble:
        watch.send("ended", {"run": path.name, "how": "failed", "why": without_places(trouble)})
