"""The collapse alarm: samples that lie much closer together than data do, of a generator that has learned something."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from rivalry.data.source import Dataset
from rivalry.game import Latent, Move
from rivalry.given import given_for
from rivalry.kinds.kind import in_full_precision
from rivalry.play.engine import Callback, Engine
from rivalry.runs.callbacks import standing
from rivalry.runs.run import Run

LOW = 0.2  # of the distance between data: samples that lie closer together are alike
NEAR = 1.3  # times the distance of data from their nearest: samples that lie so near to data look like them
AWAY = 0.7  # of the distance of data from their mean: what lies nearer to it is a blur, not a datum
CLOSER = (
    0.85  # of the distance at the beginning: a generator whose samples are no nearer to data has not learned
)
COARSE = 0.1  # of the same distance: what is nearer than this to a datum lies on it, however dense data are


class Alikeness:
    """Samples against data: do they lie apart from each other, and do they lie where data lie.

    Args:
        real: the data; 2 · `n` of them, evenly spread, are compared with.
        n: the number of samples to come.
    """

    def __init__(self, real: Dataset, n: int):
        self._vectors = real.spec.meaning.vectors
        x = self._vectors(real.rows(torch.linspace(0, len(real) - 1, 2 * n).long()))
        self._data, others = x[::2], x[1::2]
        self._apart = _apart(others) or 1e-9  # all data may be the same
        self._mean = self._data.mean(0)
        self._off = self._away(others)
        self._near = max(NEAR * _nearest(others, self._data), COARSE * self._off)

    def ratio(self, x: Tensor) -> float:
        """The mean distance between two samples, divided by that between two data."""
        return _apart(self._vectors(x)) / self._apart

    def nearest(self, x: Tensor) -> float:
        """The distance of samples from the nearest data, the median over samples."""
        return _nearest(self._vectors(x), self._data)

    def looks_like_data(self, x: Tensor) -> bool:
        """Whether samples lie as near to data as data do, and are no blur around their mean."""
        v = self._vectors(x)
        return _nearest(v, self._data) <= self._near and self._away(v) >= AWAY * self._off

    def _away(self, v: Tensor) -> float:
        return float((v - self._mean).norm(dim=1).mean())


def _apart(v: Tensor) -> float:
    return float(torch.pdist(v).mean())


def _nearest(v: Tensor, data: Tensor) -> float:
    return float(torch.cdist(v, data).min(1).values.median())


def collapse_alarm(
    run: Run, real: Dataset, say: Callable[[str], None], engine: Engine, n: int = 64, share: float = LOW
) -> Callback:
    """Warn when samples lie much closer together than real data do.

    The samples of an untrained generator are all alike too.  So there is no warning before the generator has learned
    something: before its samples lay apart once, or lie where data lie, and nearer than at the beginning.  There is
    one warning; the next can come only after the samples lay apart again.  Measured by benchmarks/alarm.py.

    Args:
        engine: at its first round, so that the samples of the beginning are known.  Of a run that is resumed they are
            not, nor of a game that has no codes, whose samples may take long; then samples have to lie apart once.
        n: the number of samples.
        share: of the distance between data, below which it warns.
    """
    alike = Alikeness(real, n)
    learned, ringing = False, False

    def drawn(now: Engine) -> Tensor:
        with now.evaluating() as game:
            return in_full_precision(game.sample(n, **given_for(game, real, n))).cpu()

    knows = engine.t == 0 and engine.ranks.first and isinstance(engine.game, Latent)
    begun = alike.nearest(drawn(engine)) if knows else 0.0

    def callback(engine: Engine, moves: Sequence[Move] = ()) -> None:
        nonlocal learned, ringing
        if not engine.ranks.first:
            return
        x = drawn(engine)
        ratio = alike.ratio(x)
        nearer = alike.nearest(x) <= CLOSER * begun
        learned = learned or ratio >= share or (nearer and alike.looks_like_data(x))
        low = ratio < share and learned
        if low and not ringing:
            message = (
                f"round {engine.t}: samples lie {ratio:.0%} as far apart as real data do: the generator is "
                "collapsing. What helps most often: a gradient penalty, a slower generator, or packing"
            )
            run.log({**standing(engine), "event": "collapse", "message": message})
            say(message)
        ringing = low

    return callback
