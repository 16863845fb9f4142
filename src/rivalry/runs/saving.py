"""Checkpoints written beside training: a copy of the state is taken, and a thread writes it."""

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from torch import Tensor

from rivalry.game import Move
from rivalry.play.engine import Engine
from rivalry.runs.checkpoint import Checkpoint
from rivalry.runs.run import Run
from rivalry.runs.trees import detached

SHARE = 0.02  # of the time may go into checkpoints


class Saver:
    """Writes a run's checkpoints; a callback that does so from time to time.

    Args:
        every: seconds of play between two, more where writing them would take over 2 % of the time; 0 is after every
            round, whatever it costs.
        keep: how many of the newest are kept, beside the best.

    Attributes:
        cost: seconds that the last one took: of training, and of the thread's processor.
        spent: what all of them took.
    """

    def __init__(self, run: Run, every: float = 30.0, keep: int = 2):
        self.run, self.every, self.keep = run, every, keep
        self.cost, self.spent = 0.0, 0.0
        self._pool = ThreadPoolExecutor(1, "checkpoint")
        self._writing: Future[Checkpoint] | None = None
        self._written: tuple[int, int] | None = None  # round and rollbacks of the last one
        self._last: float | None = None  # when that was, in seconds of play
        self._wished = False  # all were asked to have a part in one

    def __call__(self, engine: Engine, moves: Sequence[Move] = ()) -> None:
        """Write a checkpoint where it is time to."""
        self._last = engine.seconds if self._last is None else self._last
        if engine.ranks.world == 1:
            wanted = self._is_due(engine)
        elif not (wanted := "save" in engine.all_wishes) and not self._wished and self._is_due(engine):
            engine.wishes.add("save")  # all of them hear of it after the next round
            self._wished = True
        if wanted:
            self.save(engine)

    def _is_due(self, engine: Engine) -> bool:
        if self._last is None or not engine.ranks.first:
            return False
        if self.every and self._writing is not None and not self._writing.done():
            return False
        return engine.seconds - self._last >= (max(self.every, self.cost / SHARE) if self.every else 0.0)

    def save(self, engine: Engine) -> None:
        """Begin to write a checkpoint of this moment; the one before it is on the disk by then.

        Raises:
            RunFailed: the one before it could not be written.
        """
        self.wait()
        began = time.perf_counter()
        engine.check()  # what is not finite is never saved
        self._last, self._wished = engine.seconds, False
        if self._written == (engine.t, engine.rollbacks):  # a round is never written twice
            return
        state = engine.state()  # every process has a part in it
        self._written = engine.t, engine.rollbacks
        if engine.ranks.first:
            weights, state = detached(engine.weights()), detached(state)
            paid = time.perf_counter() - began
            self._writing = self._pool.submit(self._write, engine.t, weights, state, paid)

    def _write(self, t: int, weights: dict[str, Tensor], state: dict[str, Any], paid: float) -> Checkpoint:
        began = time.thread_time()
        written = self.run.save(t, weights, state, self.keep)
        self.cost = paid + time.thread_time() - began
        self.spent += self.cost
        return written

    def wait(self) -> None:
        """Until the last one is on the disk.

        Raises:
            RunFailed: it could not be written.
        """
        if self._writing is not None:
            writing, self._writing = self._writing, None
            try:
                writing.result()
            except BaseException:
                self._written = None
                raise

    def save_best(self, engine: Engine, is_best: bool) -> None:
        """Write a checkpoint of this moment and, where it is the best so far, let `best` point to it."""
        self.save(engine)
        if engine.ranks.first and is_best:
            self.wait()
            self.run.crown(Checkpoint(self.run.path / "checkpoints" / f"{engine.t:06d}"))
