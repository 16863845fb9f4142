"""Skill rating: generators and critics of one training, or of several, play each other in a tournament.

    s_ij = share of pairs of a fake of G_i and a real for which D_j does not score the real higher

Olsson, Bhupatiraju, Brown, Odena and Goodfellow 2018, "Skill Rating for Generative Models" (arXiv 1808.04888).  Every
generator meets every critic; s_ij is the generator's result and 1 - s_ij the critic's, each match a game of Glicko-2.
At 0.5 the critic does no better than by chance.  No extractor is needed, so any kind of data can be rated.

Deviation: the paper counts a sample for the generator where the critic is wrong about it, by the threshold
D(x) = 1/2.  The scores of Wasserstein, relativistic and least squares critics have no such threshold, so here
a critic compares two samples.  As in the paper, a tie goes to the generator: a critic that gives all
the same score wins no match.

Ratings are relative to the players of one tournament.  A generator that fools only weak critics looks strong, and
one that has memorized is not detected.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.metrics.game.glicko import Rating, update
from rivalry.metrics.score import Score

LEAST = 3  # snapshots that make a tournament
RESULT = "share of pairs of a fake and a real for which the critic does not score the real higher"


@dataclass(frozen=True)
class Snapshot:
    """A generator and a critic at one moment of a training.

    Attributes:
        name: of the two, as it stands in the details; each player's own.
        round: when it was taken.
        sample: (n, label) -> n samples (n, ...), of these classes where `label` (n,) is given and not None.
        score: (x, label) -> scores, one for each of x (n, ...) or for each pack of them; real is high.
    """

    name: str
    round: int
    sample: Callable[[int, Tensor | None], Tensor]
    score: Callable[[Tensor, Tensor | None], Tensor]


def skill(
    players: Sequence[Snapshot],
    real: Dataset,
    *,
    matches: int = 10,
    batch: int = 64,
    tau: float = 0.5,
    seed: int = 0,
    provenance: dict[str, Any] | None = None,
) -> Score:
    """The rating of the newest generator in a tournament of snapshots; higher is better.

    Its spread is the deviation of Glicko-2.  The details hold `generators` and `critics`, a learning curve each: for
    each snapshot, the oldest first, its name, round, rating and deviation; and `results`, the mean share of points
    of each generator (rows) against each critic.

    Args:
        players: 3 snapshots or more, each of another name.
        real: data that the critics compare the fakes with.
        matches: periods of the tournament, in each of which all meet once, on fresh samples and data.
        batch: fakes and reals of a match.
        tau: see `glicko.update`.

    Raises:
        BadRequest: fewer than 3 snapshots, two of one name, no match or batch, or scores that are not finite.
    """
    _require(players, real, matches, batch)
    players = sorted(players, key=lambda player: player.round)
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed)
        results = torch.stack([play(players, real, batch) for _ in range(matches)])
    generators, critics = ratings(results, tau)
    newest = generators[-1]
    facts = {
        **(provenance or {}),
        "n real": batch * matches,
        "n fake": batch * matches,
        "matches": matches,
        "result": RESULT,
        "tau": tau,
        "spread": "deviation of Glicko-2",
    }
    details = {
        "generators": _curve(players, generators),
        "critics": _curve(players, critics),
        "results": results.mean(0).tolist(),
    }
    return Score("skill", newest.rating, batch * matches, newest.deviation, "high", facts, details)


def play(players: Sequence[Snapshot], real: Dataset, batch: int) -> Tensor:
    """One period: the result of each generator (rows) against each critic (columns), in [0, 1]."""
    rows = torch.randint(len(real), (batch,))
    label = None if real.label is None else real.column("label", rows)
    fakes = [player.sample(batch, label) for player in players]
    results = torch.empty(len(players), len(players), dtype=torch.float64)
    for j, judge in enumerate(players):
        on_real = _scores(judge, real.rows(rows), label)
        for i, fake in enumerate(fakes):
            results[i, j] = share_fooled(_scores(judge, fake, label), on_real)
    return results


def share_fooled(on_fake: Tensor, on_real: Tensor) -> float:
    """Of all pairs, the share in which the real is not scored higher: (n,), (m,) -> [0, 1]."""
    return float((on_fake[:, None] >= on_real).double().mean())


def ratings(results: Tensor, tau: float = 0.5) -> tuple[list[Rating], list[Rating]]:
    """Ratings of generators and of critics after all periods of a tournament.

    Args:
        results: (periods, generators, critics), the result of each generator against each critic, in [0, 1].
    """
    generators, critics = [Rating()] * results.shape[1], [Rating()] * results.shape[2]
    for result in results:  # all are rated by the ratings from before the period
        generators, critics = (
            [update(g, critics, row.tolist(), tau) for g, row in zip(generators, result)],
            [update(c, generators, (1 - column).tolist(), tau) for c, column in zip(critics, result.T)],
        )
    return generators, critics


def _scores(judge: Snapshot, x: Tensor, label: Tensor | None) -> Tensor:
    scores = judge.score(x, label).double().cpu()
    if not scores.isfinite().all():
        raise BadRequest(f"skill: the critic {judge.name!r} gives scores that are not finite")
    return scores


def _curve(players: Sequence[Snapshot], rated: Sequence[Rating]) -> list[dict[str, Any]]:
    return [
        {"name": p.name, "round": p.round, "rating": r.rating, "deviation": r.deviation}
        for p, r in zip(players, rated)
    ]


def _require(players: Sequence[Snapshot], real: Dataset, matches: int, batch: int) -> None:
    if len(players) < LEAST:
        raise BadRequest(f"skill needs a tournament of at least {LEAST} snapshots; got {len(players)}")
    if len({player.name for player in players}) < len(players):
        raise BadRequest("skill: two snapshots have the same name, so their ratings could not be told apart")
    if matches < 1 or batch < 1:
        raise BadRequest(f"skill: matches and batch are 1 or more; got {matches} and {batch}")
    if not len(real):
        raise BadRequest("skill: there are no data to play against")
