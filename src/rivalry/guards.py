"""What keeps a run safe: one process at a time, signals, failures that are told, one way back."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

try:
    import fcntl
except ImportError:  # Windows has none
    fcntl = None  # type: ignore[assignment]

from rivalry import terminal
from rivalry.callbacks import standing
from rivalry.engine import Engine, NonFinite
from rivalry.errors import BadRequest, RunFailed
from rivalry.goal import Goal
from rivalry.ranks import Ranks
from rivalry.report import write_report
from rivalry.run import Run


class Interrupted(KeyboardInterrupt):
    """A signal ended the run; everything is saved.  Carries the run."""

    def __init__(self, run: Run, name: str):
        super().__init__(f"stopped by {name}; everything is saved.  Go on with: rivalry resume {run.path}")
        self.run, self.signal = run, signal.Signals[name]


@contextmanager
def failures_told(run: Run, engine: Engine) -> Iterator[None]:
    """Write a failure to the log and the report before it goes on its way.

    Raises:
        RunFailed: nothing could be written any more; what was there is untouched.
    """
    try:
        yield
    except Exception as failure:
        if engine.ranks.first:
            with suppress(OSError):  # the disk may be what failed
                run.log({**standing(engine), "event": "failed", "message": str(failure)})
                write_report(run.path)
        if isinstance(failure, OSError) and failure.errno is not None:
            raise RunFailed(
                f"round {engine.t}: cannot write to {run.path}: {failure.strerror}.\n"
                f"Make room, then: rivalry resume {run.path}"
            ) from failure
        raise


def guarded(run: Run, engine: Engine, goal: Goal) -> None:
    """Play; when a loss is not finite go back to the last good checkpoint, once."""
    try:
        engine.play(goal)
    except NonFinite as trouble:
        found = run.newest(say)
        if found is None or engine.rollbacks:
            where = f"{run.path} keeps everything" + (" up to the last checkpoint" if found else "")
            raise RunFailed(f"{trouble}; {where}.  A smaller lr or a penalty helps most often") from trouble
        engine.restore(*found[1:])
        engine.rollbacks += 1
        engine.reseed()  # the same numbers would lead to the same end
        message = f"{trouble}; went back to round {engine.t} and on with other random numbers"
        if engine.ranks.first:
            run.log({**standing(engine), "event": "rollback", "message": message})
        say(message)
        guarded(run, engine, goal)


@contextmanager
def alone(run: Run, ranks: Ranks) -> Iterator[None]:
    """Hold the run's directory, so that no other process plays the same run meanwhile.

    Raises:
        BadRequest: another one does.
    """
    if fcntl is None or not ranks.first:
        yield
        return
    held = os.open(run.path, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BadRequest(f"another process is training {run.path}; wait for it, or stop it") from None
        yield
    finally:
        os.close(held)


@contextmanager
def signals(engine: Engine) -> Iterator[None]:
    """Ctrl-C and SIGTERM end the run after the round at hand; a second Ctrl-C ends it at once."""

    def ask(number: int, frame: Any) -> None:
        if engine.stopping and number == signal.SIGINT:
            raise KeyboardInterrupt
        engine.stopping = signal.Signals(number).name

    try:
        before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # not the main thread: its owner handles signals
        before = {}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def say(message: str) -> None:
    if os.environ.get("RANK", "0") == "0":  # many processes, one message
        terminal.say(f"rivalry: {message}")
