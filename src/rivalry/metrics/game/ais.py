"""The likelihood of data under a decoder, by annealed importance sampling: a lower bound, and how far off it is.

    p(x) = ∫ N(z; 0, I) N(x; G(z), σ² I) dz,        p_β(z) ∝ p(z) p(x | z)^β,        0 = β_0 < ... < β_T = 1

    log p(x) ≥ E log 1/K Σ_k w_k,        log w_k = Σ_t (β_{t+1} - β_t) log p(x | z_t),        z_t ~ p_{β_t}, about

Neal 2001; Wu, Burda, Salakhutdinov and Grosse 2017, "On the Quantitative Analysis of Decoder-Based Generative
Models" (arXiv 1611.04273).  A chain moves from each β to the next by Hamiltonian Monte Carlo.  Begun at an exact
sample of the posterior and run backwards, the same chains bound log p(x) from above; such samples are had for data
that were simulated (bidirectional Monte Carlo: Grosse, Ghahramani and Adams 2015, arXiv 1511.02543), and on these
the gap between both bounds tells how far off the lower one is.

Each chain adapts a step size of its own, where the paper has one for all: chains of data that are hard to reach are
not held to the steps of the easy ones.  A step that learns from its chain breaks detailed balance a little; the
bounds of a linear decoder, whose likelihood is known, do not show it.

σ² is chosen on validation data: a small one makes sharp demands, and needs many temperatures.  Blind to how samples
look: a generator that has memorized, or one under a large σ, may score well.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from itertools import pairwise
from math import log, pi
from typing import Any, NamedTuple

import torch
from torch import Tensor

from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.game import Conditional, Game
from rivalry.given import target_data
from rivalry.maths.chance import seeded
from rivalry.metrics.game.codes import draws_normal, evaluating, require_latent
from rivalry.metrics.score import Score

Decode = Callable[[Tensor], Tensor]
Progress = Callable[[int, int], None]  # moves of the chains that are done, of how many

TARGET = 0.65  # share of moves that are accepted, which Hamiltonian Monte Carlo does best with
LONGER, SHORTER = 1.02, 0.98  # a step after it was accepted more often, or less often, than that
MEMORY = 0.9  # of the share of moves accepted so far
STEEP = 4.0  # the inverse temperatures are those of a sigmoid on [-4, 4]
GROUP = 16  # data whose chains are run at once


@dataclass(frozen=True)
class Chains:
    """How chains are run; see `log_likelihood`."""

    variance: float
    temperatures: int
    chains: int
    leapfrog: int
    step: float

    def __post_init__(self) -> None:
        for name, least in (("temperatures", 2), ("chains", 1), ("leapfrog", 1)):
            if (value := getattr(self, name)) < least:
                raise BadRequest(f"ais: {name} are {least} or more; got {value}")
        for name in ("variance", "step"):
            if not (value := getattr(self, name)) > 0:
                raise BadRequest(f"ais: the {name} is above 0; got {value}")


class Bounds(NamedTuple):
    """Simulated data and how likely they are.

    Attributes:
        x: (n, ...), drawn from the decoder and its noise.
        lower, upper: (n,) float64, of log p(x) in nats, bounds in the mean and not for each datum.
    """

    x: Tensor
    lower: Tensor
    upper: Tensor


def log_likelihood(
    decode: Decode,
    x: Tensor,
    latent: int,
    *,
    variance: float = 0.025,
    temperatures: int = 1000,
    chains: int = 16,
    leapfrog: int = 10,
    step: float = 0.01,
    seed: int = 0,
    progress: Progress | None = None,
) -> Tensor:
    """A lower bound of log p(x) in nats for each datum: (n,) float64, a bound in the mean, not for each.

    The chains of all data are decoded at once: chains · n codes, leapfrog · temperatures times, with gradients.

    Args:
        decode: codes (k, latent) -> (k, ...) as x is, differentiable and always the same; a network in it must be
            in evaluation mode.  Row i belongs to datum i mod n.
        x: (n, ...), whose type and device the codes have.
        latent: numbers in a code; codes are N(0, I).
        variance: σ² of the noise that is added to each number that is decoded.
        temperatures: how many β there are, 0 and 1 among them; more of them tighten the bound.
        chains: how many walk for each datum.
        leapfrog: steps of one Hamiltonian move.
        step: size of such a step at first.  It grows by 2 % a move at most: few temperatures want a larger one.
        progress: called with moves of the chains done, and moves in all.

    Raises:
        BadRequest: a setting out of range, data that are not finite, or decoded data of another shape.
    """
    way = Chains(variance, temperatures, chains, leapfrog, step)
    _require_data(x)
    generator = torch.Generator(x.device).manual_seed(seed)
    z = torch.randn(chains * len(x), latent, generator=generator, dtype=x.dtype, device=x.device)
    steps = z.new_full((len(z), 1), step)
    weights, _ = _anneal(decode, x, z, steps, sigmoid_schedule(temperatures), way, generator, progress)
    return _mean_of_logs(weights)


def bounds(
    decode: Decode,
    latent: int,
    *,
    n: int = 16,
    variance: float = 0.025,
    temperatures: int = 1000,
    chains: int = 16,
    leapfrog: int = 10,
    step: float = 0.01,
    seed: int = 0,
    progress: Progress | None = None,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
) -> Bounds:
    """Both bounds of log p(x) for n data simulated from the decoder itself; arguments as of `log_likelihood`.

    The upper bound is E -log 1/K Σ_k w_k, its chains run from β = 1 to 0, all of them from the code that the datum
    was decoded from, and with the steps that the chains of the lower bound ended with.

    Raises:
        BadRequest: as `log_likelihood`.
    """
    way = Chains(variance, temperatures, chains, leapfrog, step)
    generator = torch.Generator(device).manual_seed(seed)
    z = torch.randn(n, latent, generator=generator, dtype=dtype, device=device)
    with torch.no_grad():
        mean = decode(z)
    noise = torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
    x = mean + variance**0.5 * noise
    _require_data(x)
    betas = sigmoid_schedule(temperatures)
    begin = torch.randn(chains * n, latent, generator=generator, dtype=dtype, device=device)
    steps = begin.new_full((chains * n, 1), step)
    there, steps = _anneal(decode, x, begin, steps, betas, way, generator, progress)
    back, _ = _anneal(decode, x, z.repeat(chains, 1), steps, betas[::-1], way, generator, progress)
    return Bounds(x, _mean_of_logs(there), -_mean_of_logs(back))


def ais(
    game: Game,
    held_out: Dataset,
    *,
    n: int = 16,
    variance: float = 0.025,
    temperatures: int = 1000,
    chains: int = 16,
    leapfrog: int = 10,
    step: float = 0.01,
    seed: int = 0,
    progress: Callable[[str, int, int], None] | None = None,
    provenance: dict[str, Any] | None = None,
) -> Score:
    """The mean log-likelihood of data in nats a datum, a lower bound; higher is better.

    Images are measured on [0, 1] and dequantized by uniform noise, as in the paper; points as they are.  A game that
    is conditioned on classes is given those of the data.  The details hold the `gap` between the bounds of data
    simulated by the game, in nats: where it is large the score is far too low, and more temperatures help.

    Args:
        held_out: data that the game has not seen, evenly spaced rows of which are measured.
        n: how many.
        variance, temperatures, chains, leapfrog, step: see `log_likelihood`.
        progress: called with the name of the step, moves of the chains done and moves in all.

    Raises:
        BadRequest: a game without codes, with codes that are not normal or with chance of its own, data without
            the classes of the game, or fewer data than n.
    """
    options = asdict(Chains(variance, temperatures, chains, leapfrog, step))
    real = target_data(game, held_out)
    latent = _require(game, real, n)
    image = real.spec.meaning.axes == 2
    telling = lambda what: partial(progress, what) if progress else None
    on_real, lower, upper = [], [], []
    with evaluating(game):
        for i, rows in enumerate(torch.linspace(0, len(real) - 1, n).long().split(GROUP)):
            decode, x = _decoder(game, real, rows), real.rows(rows, game.device)
            x = _dequantized(x, seed + i) if image else x
            found = log_likelihood(
                decode, x, latent, **options, seed=seed + i, progress=telling("annealing to data")
            )
            known = bounds(
                decode,
                latent,
                n=len(rows),
                **options,
                seed=seed + i,
                progress=telling("annealing to simulated data"),
                dtype=x.dtype,
                device=x.device,
            )
            on_real.append(found.cpu())
            lower.append(known.lower.cpu())
            upper.append(known.upper.cpu())
    nats, low, high = torch.cat(on_real), torch.cat(lower), torch.cat(upper)
    facts = {
        **(provenance or {}),
        **options,
        "n real": n,
        "scale": "[0, 1], dequantized by uniform noise" if image else "the data's own",
        "spread": "standard error over the data",
    }
    gap = {"gap": float((high - low).mean()), "lower": float(low.mean()), "upper": float(high.mean())}
    error = float(nats.std() / n**0.5) if n > 1 else None
    return Score("ais", float(nats.mean()), n, error, "high", facts, gap)


def sigmoid_schedule(temperatures: int) -> list[float]:
    """β from 0 to 1, close together at both ends: 1 / (1 + exp(-t)) for t even on [-4, 4], stretched to reach them."""
    s = torch.linspace(-STEEP, STEEP, temperatures, dtype=torch.float64).sigmoid()
    return ((s - s[0]) / (s[-1] - s[0])).tolist()


# ---------------------------------------------------------------------- chains


class _Place(NamedTuple):
    """Where chains stand: codes (k, latent), log p(x | z) (k,) float64 and its gradient (k, latent)."""

    z: Tensor
    log_p: Tensor
    slope: Tensor


Look = Callable[[Tensor], _Place]


def _anneal(
    decode: Decode,
    x: Tensor,
    z: Tensor,
    step: Tensor,
    betas: list[float],
    way: Chains,
    generator: torch.Generator,
    progress: Progress | None,
) -> tuple[Tensor, Tensor]:
    """log w (chains, n) float64 of chains that begin at z ~ p_β for the first β and end at the last, and the sizes of
    step (k, 1) that they end with."""
    look = _looking(decode, x.repeat(way.chains, *[1] * (x.dim() - 1)), way.variance)
    here = look(z)
    if not here.log_p.isfinite().all():
        raise BadRequest("ais: some codes are decoded to values that are not finite")
    weights, accepted = torch.zeros_like(here.log_p), torch.full_like(here.log_p, TARGET)
    for done, (now, then) in enumerate(pairwise(betas), 1):
        weights += (then - now) * here.log_p
        here, chance = _move(look, here, then, step, way.leapfrog, generator)
        accepted = MEMORY * accepted + (1 - MEMORY) * chance
        step = step * torch.where(accepted > TARGET, LONGER, SHORTER)[:, None]
        if progress:
            progress(done, len(betas) - 1)
    return weights.view(way.chains, -1), step


def _looking(decode: Decode, x: Tensor, variance: float) -> Look:
    constant = x[0].numel() * log(2 * pi * variance) / 2

    def look(z: Tensor) -> _Place:
        with torch.enable_grad():
            z = z.detach().requires_grad_()
            made = decode(z)
            if made.shape != x.shape:
                raise BadRequest(f"ais: data are {tuple(x.shape[1:])}, decoded ones {tuple(made.shape[1:])}")
            log_p = -(x - made).flatten(1).double().square().sum(1) / (2 * variance) - constant
            (slope,) = torch.autograd.grad(log_p.sum(), z)
        return _Place(z.detach(), log_p.detach(), slope)

    return look


def _move(
    look: Look, here: _Place, beta: float, step: Tensor, leapfrog: int, generator: torch.Generator
) -> tuple[_Place, Tensor]:
    """One Hamiltonian move under p_β, and the chance (k,) that each chain had to take it."""
    momentum = torch.randn(here.z.shape, generator=generator, dtype=here.z.dtype, device=here.z.device)
    pull = lambda place: beta * place.slope - place.z
    energy = lambda place, v: (
        (place.z.double().square() + v.double().square()).sum(1) / 2 - beta * place.log_p
    )
    there, v = here, momentum + step / 2 * pull(here)
    for i in range(leapfrog):
        there = look(there.z + step * v)
        v = v + (step if i < leapfrog - 1 else step / 2) * pull(there)
    gain = energy(here, momentum) - energy(there, v)
    chance = gain.clamp(max=0).exp().nan_to_num(0)  # not a number where the path ran away
    drawn = torch.rand(chance.shape, generator=generator, dtype=chance.dtype, device=chance.device)
    taken = drawn < chance
    parts = (torch.where(taken.view(-1, *[1] * (a.dim() - 1)), a, b) for a, b in zip(there, here))
    return _Place(*parts), chance


def _mean_of_logs(weights: Tensor) -> Tensor:
    """log of the mean weight over chains: (chains, n) -> (n,)."""
    return weights.logsumexp(0) - log(len(weights))


# ---------------------------------------------------------------------- games and data


def _require(game: Game, real: Dataset, n: int) -> int:
    """The size of the game's codes; refuses a game, data or a number that make no sense."""
    latent = require_latent("ais", game)
    if not draws_normal(latent):
        raise BadRequest("ais is for codes from N(0, I); this game draws its codes from another distribution")
    if not 1 <= n <= len(real):
        raise BadRequest(f"ais measures from 1 to all {len(real):,} of the data; asked for {n:,}")
    if isinstance(game, Conditional) and game.classes and real.label is None:
        raise BadRequest(f"ais: this game needs classes, and {real.spec.name!r} has no labels")
    decode = _decoder(game, real, torch.zeros(1, dtype=torch.long))
    with evaluating(game), seeded(0, game.device), torch.no_grad():
        z = latent.draw(1)
        if not torch.equal(decode(z), decode(z)):
            raise BadRequest("ais needs a decoder that is always the same; this game adds chance of its own")
    return z.shape[1]


def _require_data(x: Tensor) -> None:
    if len(x) < 1:
        raise BadRequest("ais needs at least 1 datum; got none")
    if not x.isfinite().all():
        raise BadRequest("ais: some data are not finite")


def _decoder(game: Game, real: Dataset, rows: Tensor) -> Decode:
    """Codes to data for the classes of these rows, images on [0, 1]."""
    latent = require_latent("ais", game)
    conditional = isinstance(game, Conditional) and game.classes
    label = real.column("label", rows, game.device) if conditional else None

    def decode(z: Tensor) -> Tensor:
        x = latent.decode(z) if label is None else latent.decode(z, label=label.repeat(len(z) // len(label)))
        return (x + 1) / 2 if real.spec.meaning.axes == 2 else x

    return decode


def _dequantized(x: Tensor, seed: int) -> Tensor:
    """Images in [-1, 1] of 256 levels -> [0, 1], each value spread evenly over its level."""
    generator = torch.Generator(x.device).manual_seed(seed)
    noise = torch.rand(x.shape, generator=generator, dtype=x.dtype, device=x.device)
    return ((x + 1) * 127.5 + noise) / 256
