"""The return of an agent: the sum of the environment's rewards over an episode, beside others' in the same place.

    R = E[Σ_t r_t]

Blind to how the return is reached.  An imitator that does something else than the demonstrator may have a higher one;
and where the environment pays for nothing that was shown, the return says nothing about the imitation.

In a grid world, `cells` is the number of different cells that an episode visits: how much of it the agent explores.
"""

from typing import Any

import torch
from torch import Tensor

from rivalry.data.source import Dataset, Spec
from rivalry.game import Actor
from rivalry.metrics.score import Score
from rivalry.worlds.experience import played
from rivalry.worlds.experience import returns as summed
from rivalry.worlds.policies import random_policy


def returns(
    actor: Actor,
    real: Dataset,
    fake: Tensor,
    *,
    n: int = 50,
    seed: int = 0,
    provenance: dict[str, Any] | None = None,
) -> list[Score]:
    """The agent's mean return with its standard error, those of the demonstrations, and of random actions.

    Args:
        real: the demonstrations; there may be none.
        fake: episodes that the agent played, (episodes, t, d).
        n: episodes of random actions.
        seed: of these.
    """
    others = {"random": random_episodes(real.spec, n, seed)}
    others |= {"demonstrations": real.x} if len(real) else {}
    return scores(fake, others, real.spec, provenance)


def scores(
    x: Tensor, others: dict[str, Tensor], spec: Spec, provenance: dict[str, Any] | None = None
) -> list[Score]:
    """Scores of episodes (n, t, d), and of others' episodes by name."""
    facts = {**(provenance or {}), "spread": "standard error over episodes"}
    measures = {"returns": summed, **({"cells": cells} if spec.about.get("grid") else {})}
    named = {"": x, **{f"[{name}]": each for name, each in others.items()}}
    return [
        _score(f"{name}{who}", measures[name](each), facts)
        for name in measures
        for who, each in named.items()
    ]


def cells(x: Tensor) -> Tensor:
    """How many different places on the grid each episode visits: (n, t, d) -> (n,)."""
    visited = [row[row[:, -1] > 0.5][:, :2] for row in x]
    return torch.tensor([len(places.unique(dim=0)) for places in visited], dtype=torch.double)


def random_episodes(spec: Spec, n: int, seed: int) -> Tensor:
    """Episodes of random actions: (n, t, d)."""
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        return played(spec, torch.randint(2**31, (n,)).tolist(), random_policy(spec))


def _score(name: str, values: Tensor, facts: dict[str, Any]) -> Score:
    n = len(values)
    error = float(values.std() / n**0.5) if n > 1 else None
    return Score(
        name,
        float(values.mean()),
        n,
        error,
        "high",
        facts,
        {"deviation": float(values.std()) if n > 1 else 0.0},
    )
