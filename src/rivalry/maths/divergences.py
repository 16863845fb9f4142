"""The losses of the adversarial game, of the critic's and of the generator's scores, as values.

A critic scores a datum, real high.  Its loss and the generator's follow from one divergence between
the data p and the samples q; in the original game (Goodfellow et al. 2014, arXiv 1406.2661)

    min_G max_D  E_p[log σ(D(x))] + E_z[log(1 - σ(D(G(z))))]

    d = f_divergence("pearson")
    d.critic(D(real), D(fake))       # lowered by the critic
    d.generator(D(fake))             # lowered by the generator

Scores are logits of shape (n,) or (n, ...): a critic of patches counts every patch alike.  They may come
in bfloat16; every loss is a scalar in float32 (in float64 for scores in float64).  σ is written out as
softplus, so the losses built on it are exact for scores of any size; the exceptions are named below.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import log

import torch
from torch import Tensor
from torch.nn import functional as F

from rivalry.errors import BadRequest, unknown

Elementwise = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Divergence:
    """A critic's loss and a generator's.

    Attributes:
        name: as the command line spells it.
        critic: (real scores, fake scores) -> scalar that the critic lowers.
        generator: fake scores -> scalar that the generator lowers.
    """

    name: str
    critic: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Relativistic:
    """A critic that says how much *more* real the real is, so the generator's loss needs the reals too.

    Attributes:
        name: as the command line spells it.
        critic: (real scores, fake scores) -> scalar that the critic lowers.
        generator: (real scores, fake scores) -> scalar that the generator lowers.
    """

    name: str
    critic: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor, Tensor], Tensor]


def as_float32(x: Tensor) -> Tensor:
    """`x` in float32, or in float64 if it came so."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def _mean(of: Elementwise, scores: Tensor) -> Tensor:
    return of(as_float32(scores)).mean()


# ---------------------------------------------------------------- the classics


def _logistic(real: Tensor, fake: Tensor) -> Tensor:
    return _mean(lambda s: F.softplus(-s), real) + _mean(F.softplus, fake)  # -E log σ(s) - E log(1 - σ(s))


minimax = Divergence("minimax", _logistic, lambda fake: -_mean(F.softplus, fake))
"""The original game: G lowers E log(1 - σ(D(G(z)))) = -E softplus(D(G(z))) (arXiv 1406.2661, eq. 1).

At the best critic the critic's loss is 2 log 2 - 2 JSD(p, q).  The generator's gradient vanishes where the
critic is sure of a fake.
"""

non_saturating = Divergence("non-saturating", _logistic, lambda fake: _mean(lambda s: F.softplus(-s), fake))
"""The same critic; G lowers -E log σ(D(G(z))), which pulls hardest where it fails (arXiv 1406.2661, 3)."""

least_squares = Divergence(
    "least-squares",
    lambda real, fake: 0.5 * (_mean(lambda s: (s - 1).square(), real) + _mean(torch.square, fake)),
    lambda fake: 0.5 * _mean(lambda s: (s - 1).square(), fake),
)
"""LSGAN with a = 0, b = c = 1 (Mao et al. 2016, arXiv 1611.04076, eq. 9), its factors of 1/2 kept.

    D: 1/2 E(D(x) - 1)² + 1/2 E D(G(z))²        G: 1/2 E(D(G(z)) - 1)²
"""

hinge = Divergence(
    "hinge",
    lambda real, fake: _mean(lambda s: F.relu(1 - s), real) + _mean(lambda s: F.relu(1 + s), fake),
    lambda fake: -_mean(lambda s: s, fake),
)
"""E max(0, 1 - D(x)) + E max(0, 1 + D(G(z))); G lowers -E D(G(z)) (Lim & Ye 2017, arXiv 1705.02894)."""

wasserstein = Divergence(
    "wasserstein",
    lambda real, fake: _mean(lambda s: s, fake) - _mean(lambda s: s, real),
    lambda fake: -_mean(lambda s: s, fake),
)
"""-(E D(x) - E D(G(z))), which is -W₁ at the best 1-Lipschitz D (Arjovsky et al. 2017, arXiv 1701.07875).

Nothing here keeps D Lipschitz: that is the work of a penalty, of clipping or of spectral normalization.
"""


# ---------------------------------------------------------------- f-GAN


def _log_softplus(v: Tensor) -> Tensor:
    """log softplus(-v), where softplus(-v) itself would underflow: it is -v within 2e-7 beyond 15."""
    return torch.where(v > 15, -v, F.softplus(-v.clamp(max=15)).log())


def _alpha(alpha: float) -> tuple[Elementwise, Elementwise]:
    power = alpha / (alpha - 1)
    if alpha > 1:  # the conjugate is flat left of t = 1/(1-α), where the best density ratio is 0
        return lambda v: v, lambda v: (F.relu((alpha - 1) * v + 1).pow(power) - 1) / alpha
    scale = log(1 - alpha)
    return (
        lambda v: 1 / (1 - alpha) - F.softplus(-v),
        lambda v: (torch.exp(power * (scale + _log_softplus(v))) - 1) / alpha,
    )


# kind: (g_f(v), f*(g_f(v))), the second simplified by hand so that nothing cancels or overflows needlessly
_F: dict[str, tuple[Elementwise, Elementwise]] = {
    "kl": (lambda v: v, lambda v: torch.exp(v - 1)),
    "reverse-kl": (lambda v: -torch.exp(-v), lambda v: v - 1),
    "jensen-shannon": (lambda v: log(2) - F.softplus(-v), lambda v: F.softplus(v) - log(2)),
    "gan": (lambda v: -F.softplus(-v), F.softplus),
    "squared-hellinger": (lambda v: -torch.expm1(-v), torch.expm1),
    "pearson": (lambda v: v, lambda v: v.square() / 4 + v),
    "neyman": (lambda v: -torch.expm1(-v), lambda v: -2 * torch.expm1(-v / 2)),
    "total-variation": (lambda v: torch.tanh(v) / 2, lambda v: torch.tanh(v) / 2),
}
F_KINDS = (*_F, "alpha")


def f_divergence(kind: str, *, alpha: float = 0.5, saturating: bool = False) -> Divergence:
    """The f-GAN of one f-divergence (Nowozin et al. 2016, arXiv 1606.00709).

    D_f(p‖q) = E_q[f(p/q)] is bounded from below, with equality at g_f(v(x)) = f'(p(x)/q(x)), by

        max_v  E_p[g_f(v)] - E_q[f*(g_f(v))]

    with f* the conjugate of f and g_f the output activation that keeps its argument in the domain of f*.
    The critic lowers the negative of the bound, so minus its loss estimates D_f:

        kind                f(u)                          g_f(v)             f*(t)
        kl                  u log u                       v                  exp(t - 1)
        reverse-kl          -log u                        -exp(-v)           -1 - log(-t)
        jensen-shannon      u log u - (u+1) log((u+1)/2)  log 2 - log(1+e⁻ᵛ) -log(2 - eᵗ)
        gan                 u log u - (u+1) log(u+1)      -log(1 + e⁻ᵛ)      -log(1 - eᵗ)
        squared-hellinger   (√u - 1)²                     1 - exp(-v)        t / (1 - t)
        pearson             (u - 1)²                      v                  t²/4 + t
        neyman              (1 - u)²/u                    1 - exp(-v)        2 - 2√(1 - t)
        total-variation     |u - 1|/2                     tanh(v)/2          t
        alpha < 1           (uᵅ - 1 - α(u-1))/(α(α-1))    1/(1-α) - log(1+e⁻ᵛ)
        alpha > 1           the same                      v
                                      f*(t) = ((t(α-1) + 1)^(α/(α-1)) - 1)/α for both

    Every g_f increases, so a real datum scores high.  "jensen-shannon" is 2 JSD (2 log 2 where p and q do
    not overlap), "gan" is 2 JSD - 2 log 2, as their f have it; the bound of "total-variation" is reached
    only in the limit of infinite scores, that of "neyman" and "reverse-kl" needs q > 0 wherever p > 0.

    Limits: the losses are exact for scores of any size for jensen-shannon, gan, total-variation and
    pearson (in float32 while v² is finite).  The rest are exponential in the score and overflow to inf, by
    their mathematics, at about v > 89 for kl, v < -88 for reverse-kl and neyman, |v| > 88 for
    squared-hellinger, v > 88 (1-α)/α for 0 < α < 1; long before that a few scores own the gradient.

    Args:
        kind: one of `F_KINDS`.
        alpha: of the α-divergence, neither 0 nor 1 (their limits are "reverse-kl" and "kl"); 1/2 gives twice
            squared-hellinger, 2 half of pearson, -1 half of neyman.  Other kinds do not read it.
        saturating: the generator lowers -E_q[f*(g_f(v))], the other side of the same bound (Algorithm 1);
            otherwise it raises E_q[g_f(v)], the paper's alternative (section 3.2), which learns from fakes
            that the critic is sure of.

    Raises:
        BadRequest: no such kind, or an alpha of 0 or 1.
    """
    if kind not in F_KINDS:
        raise unknown("f-divergence", kind, F_KINDS, f"one of {', '.join(F_KINDS)}")
    if alpha in (0, 1):
        raise BadRequest(f"alpha must be neither 0 nor 1, got {alpha}: ask for 'reverse-kl' or 'kl'")
    g, cost = _alpha(alpha) if kind == "alpha" else _F[kind]
    return Divergence(
        kind,
        lambda real, fake: _mean(cost, fake) - _mean(g, real),
        (lambda fake: -_mean(cost, fake)) if saturating else (lambda fake: -_mean(g, fake)),
    )


# ---------------------------------------------------------------- relativistic


def _paired(high: Tensor, low: Tensor) -> Tensor:
    if high.shape != low.shape:
        raise ValueError(
            f"paired scores need as many reals as fakes, got {(*high.shape,)} and {(*low.shape,)}"
        )
    return _mean(lambda s: F.softplus(-s), as_float32(high) - as_float32(low))


def _average(high: Tensor, low: Tensor) -> Tensor:
    high, low = as_float32(high), as_float32(low)
    return F.softplus(low.mean() - high).mean() + F.softplus(low - high.mean()).mean()


relativistic_paired = Relativistic("relativistic-paired", _paired, lambda real, fake: _paired(fake, real))
"""RpGAN: each real against its own fake (Jolicoeur-Martineau 2018, arXiv 1807.00734).

    D: E softplus(-(D(x) - D(G(z))))        G: E softplus(-(D(G(z)) - D(x)))
"""

relativistic_average = Relativistic("relativistic-average", _average, lambda real, fake: _average(fake, real))
"""RaGAN, standard version: each against the mean of the other kind (arXiv 1807.00734).

    D: -E log σ(D(x) - E D(G(z))) - E log(1 - σ(D(G(z)) - E D(x)))        G: the same, real and fake exchanged

The means are over the batch at hand (over all patches of a critic of patches), as in the paper.
"""


# ---------------------------------------------------------------- by name

DIVERGENCES: dict[str, Divergence] = {
    d.name: d
    for d in (minimax, non_saturating, least_squares, hinge, wasserstein, *(f_divergence(k) for k in F_KINDS))
}


def names() -> tuple[str, ...]:
    """The names of `DIVERGENCES`, the classics first and then the f-GAN family with its defaults."""
    return tuple(DIVERGENCES)
