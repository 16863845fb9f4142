"""Work beside play (sheets, scores, the collapse alarm): when it is due, and whether the time allows it.

A goal in rounds or samples is a number of rounds, however long they take: each work is done at its shares of the goal.
A goal in time is the time until the end.  Then all such work, with the checkpoints and what is done after the last
round, takes at most a tenth of the time that has passed.  A work that is due too soon waits, and if it waits until it
is due again, it is done once.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from rivalry.game import Move
from rivalry.play.engine import Callback, Engine
from rivalry.play.goal import Goal
from rivalry.runs.saving import Saver

SHARE = 0.1  # the largest share of a goal's time that this work may take
SHEET = 64  # samples of a sheet
PASSES = 4  # of the generator in play, at least, for each sample
ASKED_EVERY = (
    16  # rounds between two questions of several processes to the first, each of which makes them wait
)
REPORT = 0.5  # seconds to write the report


@dataclass
class Work:
    """One work that is done several times in a run.

    Attributes:
        do: does it.
        draws: the number of samples that it draws.
        further: seconds that it may take beyond drawing, as far as is known before it was done once.
        last: whether it is also done when the goal is reached.
        took: seconds that it took the last time; None before the first.
        done: how often it was done; in a resumed run at least once if it was done before.
    """

    do: Callback
    draws: int
    further: float = 0.0
    last: bool = True
    took: float | None = None
    done: int = 0

    def __call__(self, engine: Engine, moves: Sequence[Move] = ()) -> None:
        began = time.perf_counter()
        self.do(engine, moves)
        self.took = time.perf_counter() - began
        self.done += 1


class Overhead:
    """All work beside the play of one run.

    Args:
        goal: of the run.
        saver: what its checkpoints took counts as well.
        before: seconds that passed before play, in opening the data; a goal's time covers them too.
        after: samples that are drawn after the last round, for the last sheets.
    """

    def __init__(self, goal: Goal, saver: Saver, *, before: float = 0.0, after: int = SHEET):
        self.goal, self.saver, self.before, self.after = goal, saver, before, after
        self.works: list[Work] = []

    def at_shares(self, shares: int, work: Work) -> Callback:
        """Do the work whenever another 1/`shares` of the goal is reached, as soon as the time allows it."""
        self.works.append(work)
        reached_before: int | None = None

        def callback(engine: Engine, moves: Sequence[Move]) -> None:
            nonlocal reached_before
            reached = int(engine.progress(self.goal) * shares)
            if reached_before is None:
                reached_before = reached  # a resumed run does not repeat what it did before
            elif reached > reached_before and (reached < shares or work.last) and self._fits(engine, work):
                reached_before = reached  # in all processes in the same round: progress is the same in all
                work(engine, moves)

        return callback

    def first_at(self, engine: Engine, work: Work, shares: int) -> float:
        """Seconds from the beginning at which the work is done for the first time, as far as is known."""
        rate = engine.progress(self.goal) / max(
            engine.seconds + engine.reserved, 1e-9
        )  # of the goal, in a second
        due = 1 / shares / max(rate, 1e-12)
        if self.goal.seconds is None:
            return due
        expected = self.expected(engine, work) / SHARE
        return min(self.goal.seconds, max(due, expected))

    def reserve(self, engine: Engine, moves: Sequence[Move] = ()) -> None:
        """A callback: reserve the part of a goal's time that was used before play and is needed after it.

        At least half of the time remains for play.
        """
        if self.goal.seconds is not None:
            last = [work for work in self.works if work.last and self._allowed(engine, work, 1.0)]
            needed = self.before + self.ending(engine) + sum(self.expected(engine, work) for work in last)
            engine.reserved = min(needed, self.goal.seconds / 2)

    def ending(self, engine: Engine) -> float:
        """Seconds that the last sheets, the report and the last checkpoint will take, as far as is known."""
        return self.after * self._of_a_sample(engine) + REPORT + self.saver.cost

    def expected(self, engine: Engine, work: Work) -> float:
        """Seconds that the work will take: as many as the last time, else by the time of a sample."""
        return work.draws * self._of_a_sample(engine) + work.further if work.took is None else work.took

    def spent(self, engine: Engine) -> float:
        """Seconds that everything but play has taken so far."""
        return engine.overhead + self.saver.spent

    def _fits(self, engine: Engine, work: Work) -> bool:
        """Whether the work may be done now; the same in all processes, since the first decides."""
        share = engine.progress(self.goal)
        if engine.ranks.world == 1 or self.goal.seconds is None:
            return self._allowed(engine, work, share)
        if engine.t % ASKED_EVERY and share < 1:
            return False
        return engine.ranks.any(engine.ranks.first and self._allowed(engine, work, share))

    def _allowed(self, engine: Engine, work: Work, share: float) -> bool:
        """Whether everything but play stays within its part of the time when this share of the goal is reached.

        A work that is also done at the end has to leave room for that.  Once it was done, it is done at the end in any
        case: else an early score would decide which checkpoint is the best one.
        """
        if self.goal.seconds is None or (share >= 1 and work.last and work.done):
            return True
        most, took, ending = SHARE * self.goal.seconds, self.expected(engine, work), self.ending(engine)
        again = took if work.last and share < 1 else 0.0
        spent = self.spent(engine) + took
        return spent + ending * share <= most * share and spent + again + ending <= most

    def _of_a_sample(self, engine: Engine) -> float:
        """Seconds to draw a sample: at most those of any work, and before the first a part of those of a datum in play.

        In play a sample is drawn for either player, and a gradient costs two more passes.
        """
        known = [work.took / work.draws for work in self.works if work.took is not None]
        return min(known) if known else engine.in_play / max(1, engine.t * engine.game.batch) / PASSES
