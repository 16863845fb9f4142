"""Searching the codes of a generator of levels for one with what is wanted, by CMA-ES.

    min_z  Σ_k |m_k(G(z)) - w_k|  +  [the agent does not finish G(z)]  +  c max(0, rms(z) - 1.2)

m_k counts something in a level and w_k is how many are wanted (Volz et al. 2018, arXiv 1805.00728, section 4; CMA-ES:
Hansen & Ostermeier 2001).  The counts have no gradient, so the search draws codes from a normal distribution that it
moves toward the better ones.  It is the package `cma`; `pip install 'rivalry[levels]'`.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from rivalry.data.source import Spec
from rivalry.editing.codes import decoded, drawn, require
from rivalry.errors import BadRequest, unknown
from rivalry.game import Game
from rivalry.kinds.tiles import text
from rivalry.metrics.suite import Progress
from rivalry.worlds.level_measures import MEASURES
from rivalry.worlds.platformer import finish

TRIED = 32  # codes of a generation
BEGUN = 200  # random codes, the best of which is the beginning
SIGMA = 0.5  # of the first generation
FAR, FURTHEST = (
    2.0,
    1.2,
)  # cost of a code, for each unit that its rms is over 1.2, as few codes of the prior are


class Found(NamedTuple):
    """The result of a search.

    Attributes:
        x: (h, w) the level.
        code: (latent,).
        measured: name -> what was counted in it.
        finished: whether the agent finishes it.
        reached: whether everything is as wanted, and the level can be finished if that was asked for.
        tried: how many codes were looked at.
    """

    x: Tensor
    code: Tensor
    measured: dict[str, int]
    finished: bool
    reached: bool
    tried: int


def wanted(text: str) -> dict[str, int]:
    """ "enemies=5,gaps=2" as numbers by name.

    Raises:
        BadRequest: no such list, or something that cannot be counted.
    """
    found: dict[str, int] = {}
    for part in text.split(","):
        name, sign, value = (piece.strip() for piece in part.partition("="))
        if not (name and sign and value.isdigit()) or len(value) > 4:
            raise BadRequest(f"what is wanted is as in enemies=5,gaps=2; got {text!r}")
        if name not in MEASURES:
            raise unknown("thing to count", name, MEASURES, f"there is {', '.join(MEASURES)}")
        found[name] = int(value)
    return found


def search(
    game: Game,
    spec: Spec,
    want: Mapping[str, int],
    *,
    playable: bool = True,
    budget: int = 3000,
    seed: int = 0,
    progress: Progress | None = None,
) -> Found:
    """The level nearest to what is wanted, among those of `budget` codes at most.

    Args:
        game: as `opening.load` gives it, of levels.
        want: name of `MEASURES` -> how many.
        playable: a level that the agent does not finish costs as much as one thing too many.

    Raises:
        BadRequest: a game without codes or not of levels, or the package is not installed.
    """
    require_levels(game, spec)
    cost = _Cost(game, spec, want, playable)
    begun = drawn(game, BEGUN, seed=seed).cpu().double().numpy()
    costs = cost(begun)
    best, least = begun[costs.argmin()], costs.min()
    evolution, tried = _strategy(best, seed), BEGUN
    while least > 0 and tried + TRIED <= budget:
        codes = np.stack(evolution.ask())
        costs = cost(codes)
        evolution.tell(list(codes), costs.tolist())
        tried += TRIED
        if costs.min() < least:
            best, least = codes[costs.argmin()], costs.min()
        if progress:
            progress("searching", tried, budget)
        if evolution.stop():
            evolution = _strategy(best, seed + tried)  # it has settled: begin anew around the best
    return cost.found(best, tried)


def require_levels(game: Game, spec: Spec) -> None:
    """Refuse a game whose samples are no levels.

    Raises:
        BadRequest: says so.
    """
    require(game)
    if "tiles" not in spec.about:
        raise BadRequest(f"levels are searched; this game was trained on {spec.meaning.plural}")


def _strategy(code: np.ndarray, seed: int) -> Any:
    try:
        import cma
    except ImportError as error:
        raise BadRequest("the search needs the package cma: pip install 'rivalry[levels]'") from error
    return cma.CMAEvolutionStrategy(code, SIGMA, {"popsize": TRIED, "seed": seed + 1, "verbose": -9})


class _Cost:
    """How far levels are from what is wanted."""

    def __init__(self, game: Game, spec: Spec, want: Mapping[str, int], playable: bool):
        self.game, self.spec, self.want, self.playable = game, spec, want, playable

    def __call__(self, codes: np.ndarray) -> np.ndarray:
        """(n, latent) -> (n,), 0 for what is wanted."""
        levels = decoded(self.game, torch.from_numpy(codes).float()).long()
        rms = np.sqrt((codes**2).mean(1))
        return np.array([self.of(x) for x in levels]) + FAR * np.maximum(0, rms - FURTHEST)

    def of(self, x: Tensor) -> float:
        level = text(x, self.spec.x).splitlines()
        off = sum(abs(MEASURES[name](level) - count) for name, count in self.want.items())
        return float(off + (self.playable and finish(level) is None))

    def found(self, code: np.ndarray, tried: int) -> Found:
        z = torch.from_numpy(code).float()
        x = decoded(self.game, z[None])[0].long()
        level = text(x, self.spec.x).splitlines()
        measured = {name: measure(level) for name, measure in MEASURES.items()}
        return Found(x, z, measured, finish(level) is not None, self.of(x) == 0, tried)
