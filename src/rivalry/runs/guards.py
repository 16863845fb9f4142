"""Protection of a run: a lock, signals, logged failures, and going back to the last checkpoint once."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

try:
    import fcntl
except ImportError:  # Windows has no such module
    fcntl = None  # type: ignore[assignment]

from rivalry import terminal
from rivalry.errors import BadRequest, RunFailed
from rivalry.play.engine import Engine, NonFinite
from rivalry.play.goal import Goal
from rivalry.play.ranks import Ranks
from rivalry.report import write_report
from rivalry.runs.callbacks import standing
from rivalry.runs.run import Run
from rivalry.runs.saving import Saver


class Interrupted(KeyboardInterrupt):
    """A signal ended the run; everything is saved.  The attribute `run` is the run."""

    def __init__(self, run: Run, name: str):
        super().__init__(f"stopped by {name}; everything is saved.  Go on with: rivalry resume {run.path}")
        self.run, self.signal = run, signal.Signals[name]


@contextmanager
def failures_logged(run: Run, engine: Engine) -> Iterator[None]:
    """Write a failure to the log and the report, then raise it again.

    Raises:
        RunFailed: the failure was that nothing could be written; the files on disk are not changed.
    """
    try:
        yield
    except Exception as failure:
        if engine.ranks.first:
            with suppress(OSError):  # writing may fail as well, for example on a full disk
                run.log({**standing(engine), "event": "failed", "message": str(failure)})
                write_report(run.path)
        if isinstance(failure, OSError) and failure.errno is not None:
            raise RunFailed(
                f"round {engine.t}: cannot write to {run.path}: {failure.strerror}.\n{run.way_on(failure)}"
            ) from failure
        raise


def guarded(run: Run, engine: Engine, goal: Goal, saver: Saver) -> None:
    """Train.  If a loss is not finite, go back to the last good checkpoint, but only once."""
    try:
        engine.play(goal)
    except NonFinite as trouble:
        saver.wait()
        engine.ranks.wait()  # until the first process has written its checkpoint
        found = run.newest(say)
        if found is None or engine.rollbacks:
            where = f"{run.path} keeps everything" + (" up to the last checkpoint" if found else "")
            raise RunFailed(f"{trouble}; {where}.  A smaller lr or a penalty helps most often") from trouble
        engine.restore(*found[1:])
        engine.rollbacks += 1
        engine.reseed()  # with the same random numbers it would fail again
        message = f"{trouble}; went back to round {engine.t} and on with other random numbers"
        if engine.ranks.first:
            run.log({**standing(engine), "event": "rollback", "message": message})
        say(message)
        guarded(run, engine, goal, saver)


@contextmanager
def locked(run: Run, ranks: Ranks) -> Iterator[None]:
    """Lock the run's directory, so that no other process trains the same run at the same time.

    Raises:
        BadRequest: another process trains it; raised in every process.
    """
    held: list[int] = []
    try:
        ranks.by_first(lambda: _hold(run, held))
        yield
    finally:
        for handle in held:
            os.close(handle)


def _hold(run: Run, held: list[int]) -> str:
    if fcntl is None:
        return ""
    held.append(os.open(run.path, os.O_RDONLY))
    with suppress(OSError):  # some file systems have no locks
        try:
            fcntl.flock(held[0], fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadRequest(f"another process is training {run.path}; wait for it, or stop it") from None
    return ""


@contextmanager
def signals(engine: Engine) -> Iterator[None]:
    """Ctrl-C and SIGTERM end the run after the current round; a second Ctrl-C ends it at once."""

    asked: set[str] = set()

    def ask(number: int, frame: Any) -> None:
        name = signal.Signals(number).name
        if name == "SIGINT" and (engine.stopping or name in asked):
            raise KeyboardInterrupt
        asked.add(name)
        engine.stop(name)

    try:
        before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # not the main thread: the caller handles signals
        before = {}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def say(message: str) -> None:
    if os.environ.get("RANK", "0") == "0":  # only the first process prints it
        terminal.say(f"rivalry: {message}")
