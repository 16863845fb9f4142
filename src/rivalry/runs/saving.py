"""Writing checkpoints during training: the state is copied, and a thread writes the copy."""

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

SHARE = 0.02  # the largest share of the time that checkpoints may take


class Saver:
    """Writes a run's checkpoints.  It is a callback.

    Args:
        every: seconds of play between two checkpoints; more if writing would take over 2 % of the time.  0 means
            after every round, whatever it costs.
        keep: the number of newest checkpoints that are kept, in addition to the best.

    Attributes:
        cost: seconds that the last checkpoint took: time of training, and processor time of the thread.
        spent: the same for all checkpoints together.
    """

    def __init__(self, run: Run, every: float = 30.0, keep: int = 2):
        self.run, self.every, self.keep = run, every, keep
        self.cost, self.spent = 0.0, 0.0
        self._pool = ThreadPoolExecutor(1, "checkpoint")
        self._writing: Future[Checkpoint] | None = None
        self._written: tuple[int, int] | None = None  # round and rollbacks of the last checkpoint
        self._last: float | None = None  # its time, in seconds of play
        self._wished = False  # all processes were asked to save together

    def __call__(self, engine: Engine, moves: Sequence[Move] = ()) -> None:
        """Write a checkpoint if it is due."""
        self._last = engine.seconds if self._last is None else self._last
        if engine.ranks.world == 1:
            wanted = self._is_due(engine)
        elif not (wanted := "save" in engine.all_wishes) and not self._wished and self._is_due(engine):
            engine.wishes.add("save")  # all processes get this request after the next round
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
        """Start to write a checkpoint of the present state, after the checkpoint before it is on the disk.

        Raises:
            RunFailed: the checkpoint before it could not be written.
        """
        self.wait()
        began = time.perf_counter()
        engine.check()  # a state that is not finite is never saved
        self._last, self._wished = engine.seconds, False
        if self._written == (engine.t, engine.rollbacks):  # a round is never written twice
            return
        state = engine.state()  # all processes take part: it gathers their random states
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
        """Wait until the last checkpoint is on the disk.

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
        """Write a checkpoint of the present state and, if it is the best so far, link `best` to it."""
        self.save(engine)
        if engine.ranks.first and is_best:
            self.wait()
            self.run.crown(Checkpoint(self.run.path / "checkpoints" / f"{engine.t:06d}"))
