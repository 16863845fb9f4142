"""Perceptual path length: how far samples move, as they are seen, for a small step between two codes.

    PPL = E d(G(c_t), G(c_{t+ε})) / ε²,        c_t on the way from one code to another

Karras et al. 2018, "A Style-Based Generator Architecture for Generative Adversarial Networks" (arXiv 1812.04948), with
100,000 steps at t even on [0, 1]; Karras et al. 2019, "Analyzing and Improving the Image Quality of StyleGAN" (arXiv
1912.04958), with 50,000 at t = 0, in w.  Styles w are joined by straight lines, normal codes z by arcs.  d grows with
the square of a small change, as LPIPS does and the squared distance between features: the limit ε -> 0 is there.

A smooth generator scores low.  So does one that always makes the same image: the score does not judge how samples
look.  Scores are comparable only under the same distance, space and sampling, which the provenance states.

Deviation: the codes of an arc change evenly in norm; the released code joins codes of norm 1, which is the same to a
generator that normalizes them.
"""

from collections.abc import Callable
from typing import Any, Literal, cast

import torch
from torch import Tensor
from torch.nn import functional as F

from rivalry.errors import BadRequest
from rivalry.game import Game, Styled
from rivalry.labels import every_class
from rivalry.maths.chance import seeded
from rivalry.maths.paths import lerp, slerp
from rivalry.metrics.extractors.extractor import Extractor
from rivalry.metrics.game.codes import draws_normal, evaluating, require_latent
from rivalry.metrics.score import Score

Distance = Callable[[Tensor, Tensor], Tensor]  # samples (n, ...) and (n, ...) -> (n,), of the second order
Space = Literal["w", "z"]
Sampling = Literal["end", "full"]

LARGEST = 256  # pixels of the shorter side from which images are halved, or cut to a third ..., by averaging


def ppl(
    game: Game,
    extractor: Extractor | None = None,
    *,
    distance: Distance | None = None,
    features: str = "",
    n: int = 50_000,
    epsilon: float = 1e-4,
    space: Space | None = None,
    sampling: Sampling = "end",
    trim: tuple[float, float] = (1, 99),
    seed: int = 0,
    progress: Callable[[str, int, int], None] | None = None,
    provenance: dict[str, Any] | None = None,
) -> Score:
    """The mean squared speed of samples along the way between codes; lower is smoother.

    Args:
        extractor: the distance is the squared Euclidean one of its features.
        distance: one in place of it: of pairs of samples (n, ...), images in [-1, 1], to (n,).  LPIPS makes the
            score that of the papers.
        features: the distance's name, for the score's; the extractor's where not given.
        space: w, of a game that has styles and the default there, or z.
        n, epsilon, sampling, trim, seed, progress: see `path_length`.

    Raises:
        BadRequest: neither an extractor nor a distance, or both; and as `path_length`.
    """
    if (extractor is None) == (distance is None):
        raise BadRequest("ppl needs something to see samples by: an extractor or a distance, one of the two")
    if extractor is not None:
        distance, features = squared_distance(extractor), features or extractor.name
    assert distance is not None
    space = space or ("w" if isinstance(game, Styled) else "z")
    steps = path_length(
        game,
        distance,
        n=n,
        epsilon=epsilon,
        space=space,
        sampling=sampling,
        trim=trim,
        seed=seed,
        progress=progress,
    )
    facts = {
        **(provenance or {}),
        "n fake": n,
        "epsilon": epsilon,
        "space": space,
        "way": "arc" if space == "z" and draws_normal(require_latent("ppl", game)) else "straight",
        "sampling": sampling,
        "trim": list(trim),
        "kept": len(steps),
        "spread": "standard error over the steps that are left",
    }
    error = float(steps.std() / len(steps) ** 0.5) if len(steps) > 1 else None
    return Score(f"ppl[{features or 'distance'}]", float(steps.mean()), n, error, "low", facts)


def path_length(
    game: Game,
    distance: Distance,
    *,
    n: int = 50_000,
    epsilon: float = 1e-4,
    space: Space = "w",
    sampling: Sampling = "end",
    trim: tuple[float, float] = (1, 99),
    seed: int = 0,
    chunk: int = 100,
    progress: Callable[[str, int, int], None] | None = None,
) -> Tensor:
    """d/ε² for n short steps, those within the percentiles of `trim`: (at most n,) float64.

    Both ends of a step have the same class, every class in turn, and the same chance where a game adds any.  Nothing
    is rounded to bytes: samples so close would differ only by the rounding.

    Args:
        game: one that decodes codes, and for w one that has styles.
        distance: of samples as the game makes them; images of 512 pixels or more are averaged down.
        n: how many steps.
        epsilon: ε, the share of the whole way that a step goes.
        space: where the way lies: straight in w; in z an arc between normal codes, and straight between others.
        sampling: "end", steps at t = 0, or "full", at t even on [0, 1].
        trim: percentiles outside of which steps are left out; (0, 100) keeps all.
        chunk: steps that are decoded at once.
        progress: called with the name of the step, steps done and steps in all.

    Raises:
        BadRequest: a game without codes or styles, a setting out of range, or distances that are not finite.
    """
    latent = require_latent("ppl", game)
    _require(game, n, epsilon, space, sampling, trim)
    way = slerp if space == "z" and draws_normal(latent) else lerp
    labels, steps = every_class(game, n), []
    with evaluating(game), seeded(seed, game.device), torch.no_grad():
        for start in range(0, n, chunk):
            size = min(chunk, n - start)
            label = None if labels is None else labels[start : start + size].to(game.device)
            a, b = (_code(game, latent.draw(size), space, label) for _ in range(2))
            t = torch.rand(size, device=a.device, dtype=torch.float64) * (sampling == "full")
            ends = (way(a, b, t), way(a, b, t + epsilon))
            x, y = (_decoded(game, code, space, label, seed=start) for code in ends)
            steps.append(distance(x, y).double().cpu() / epsilon**2)
            if progress:
                progress("walking between codes", start + size, n)
    return trimmed(torch.cat(steps), trim)


def squared_distance(extractor: Extractor) -> Distance:
    """|f(x) - f(y)|² of the extractor's features, for each pair: (n, ...), (n, ...) -> (n,)."""
    network = extractor.network

    def features(x: Tensor) -> Tensor:
        device = next((p.device for p in network.parameters()), x.device)
        out = network(x.to(device))
        return (out[0] if isinstance(out, tuple) else out).flatten(1).double()

    def distance(x: Tensor, y: Tensor) -> Tensor:
        with evaluating(network), torch.no_grad():
            return (features(x) - features(y)).square().sum(1)

    return distance


def trimmed(steps: Tensor, trim: tuple[float, float]) -> Tensor:
    """Those within two percentiles, which are themselves among the steps: (n,) -> (at most n,).

    Raises:
        BadRequest: some are not finite.
    """
    if bad := int((~steps.isfinite()).sum()):
        raise BadRequest(f"ppl: {bad:,} of {len(steps):,} distances are not finite")
    low = steps.quantile(trim[0] / 100, interpolation="lower")
    high = steps.quantile(trim[1] / 100, interpolation="higher")
    return steps[(steps >= low) & (steps <= high)]


def _code(game: Game, z: Tensor, space: Space, label: Tensor | None) -> Tensor:
    if space == "z":
        return z
    styled = cast(Styled, game)
    return styled.style(z) if label is None else styled.style(z, label)


def _decoded(game: Game, code: Tensor, space: Space, label: Tensor | None, *, seed: int) -> Tensor:
    """The sample of a code, with chance from this seed; large images are averaged down."""
    with seeded(seed, game.device):
        if space == "w":
            x = cast(Styled, game).synthesize(code)
        else:
            x = require_latent("ppl", game).decode(code, **({} if label is None else {"label": label}))
    factor = min(x.shape[2:]) // LARGEST if x.dim() == 4 else 1
    return F.avg_pool2d(x, factor) if factor > 1 else x


def _require(
    game: Game, n: int, epsilon: float, space: str, sampling: str, trim: tuple[float, float]
) -> None:
    if n < 1:
        raise BadRequest(f"ppl takes 1 step or more; got {n}")
    if not 0 < epsilon < 1:
        raise BadRequest(f"ppl: epsilon is a share of the way, above 0 and below 1; got {epsilon}")
    if space not in ("w", "z"):
        raise BadRequest(f"ppl: codes lie in z or, where there are styles, in w; got {space!r}")
    if space == "w" and not isinstance(game, Styled):
        raise BadRequest("ppl: this game has no styles (StyleGAN and StyleGAN2 have); measure it in z")
    if sampling not in ("end", "full"):
        raise BadRequest(
            f"ppl: steps are taken at the 'end' of a way or over the 'full' of it; got {sampling!r}"
        )
    if not 0 <= trim[0] < trim[1] <= 100:
        raise BadRequest(f"ppl: trim holds two percentiles, the lower one first; got {trim}")
