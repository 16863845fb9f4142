"""How likely held-out data are under a game that knows likelihoods, in bits per dimension; of sentences, per token.

    nll = E_x[-log P(x)] / (E_x[d] log 2)

P is the probability of an image on its levels.  A density of images is turned into one by uniform dequantization,
which bounds it from below (see `levels`), so that flows and models of levels can be compared; points have a density
alone, whose bits depend on their unit and may be below 0.

Blind to how samples look: a model that gives a tenth of its mass to the data, and the rest to noise, loses log 10
nats a datum, which is little in many dimensions (Theis et al. 2015, arXiv 1511.01844, section 3.2).
"""

from collections.abc import Callable
from math import log
from typing import Any, cast

import torch
from torch import Tensor

from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.game import Density, Game, Mass
from rivalry.given import target_data
from rivalry.maths.chance import seeded
from rivalry.metrics.game.codes import evaluating
from rivalry.metrics.score import Score

GROUP = 100  # data that are scored at once


def nll(
    density: Density,
    held_out: Dataset,
    *,
    n: int = 1000,
    seed: int = 0,
    progress: Callable[[str, int, int], None] | None = None,
    provenance: dict[str, Any] | None = None,
) -> Score:
    """Bits per dimension of data that the game has not seen; lower is better.

    A model with classes is asked without one: log p(x) is that of all classes, equally likely.

    Args:
        density: the game.
        held_out: evenly spaced rows of it are scored.
        n: how many, or all where there are fewer.
        seed: of the noise of dequantization.
        progress: called with the name of the step, data done and data in all.

    Raises:
        BadRequest: images between the game's levels, or a game that knows only densities of images.
    """
    game = cast(Game, density)
    real = target_data(game, held_out)
    rows = torch.linspace(0, len(real) - 1, min(n, len(real))).long()
    of, dequantization = _measure(density, real)
    found = list[Tensor]()
    with evaluating(game), seeded(seed, game.device), torch.no_grad():
        for some in rows.split(GROUP):
            found.append(of(real.rows(some, game.device)).double().cpu())
            if progress:
                progress("likelihood of held-out data", sum(map(len, found)), len(rows))
    nats, d = torch.cat(found), real.spec.meaning.dimensions(real.x[rows]).double()
    bits = -nats / (d.mean() * log(2))
    off = bits - bits.mean() * d / d.mean()  # a long sentence has more bits, and more tokens
    error = float(off.std() / len(bits) ** 0.5) if len(bits) > 1 else None
    facts = {**(provenance or {}), "n real": len(rows), "dequantization": dequantization, "seed": seed}
    facts |= {"unit": f"bits per {real.spec.meaning.dimension}", "spread": "standard error over the data"}
    if said := game.facts().get("likelihood"):
        facts["likelihood"] = said
    return Score("nll", float(bits.mean()), len(rows), error, "low", facts, {"nats": float(nats.mean())})


def _measure(density: Density, real: Dataset) -> tuple[Callable[[Tensor], Tensor], str]:
    """The function that is measured, and how a density of images becomes a probability."""
    if real.spec.meaning.axes != 2:
        return density.log_prob, "none: a density"
    if not isinstance(density, Mass):
        raise BadRequest("nll of images needs their probability on levels; this game knows densities alone")
    levels = getattr(density, "levels", None)
    return density.log_mass, f"uniform over {levels.n} levels, one draw" if levels else "none: levels"
