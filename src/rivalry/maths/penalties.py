"""Terms on the gradient of a critic's score, and constraints on its weights, as values.

    penalties = [r1(10, every=16)]
    on_real, on_fake = Pass(D, real), Pass(D, fake)
    terms = [p.on(on_real, on_fake) for p in penalties if p.due(t)]
    loss = divergence.critic(on_real.scores, on_fake.scores) + sum(terms)

A penalty measures ∇ₓD, the gradient of the score in the datum; lowering it costs a second derivative, so
a critic under a penalty must be twice differentiable and must not mix the data of a batch (no batch norm).
Points and scores are taken in float32 with autocast off, whatever the precision of the round (float64
stays float64).  R1 and R2 look at the reals and fakes themselves: the pass that they make is the one whose
scores the loss counts.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from rivalry.errors import BadRequest
from rivalry.maths.divergences import as_float32
from rivalry.nn.spectral import TRANSPOSED, output_dim

Scorer = Callable[[Tensor], Tensor]  # x (n, ...) -> scores (n,) or (n, ...)


class Pass:
    """One pass of a critic over points, made when it is first asked for, and once.

    Asked for its gradient before its scores, it is made in float32 and open to derivatives in the points, and its
    scores serve the critic's loss as well: a penalty on the gradient costs no second pass.

    Attributes:
        critic: gives the scores.
        x: (n, ...); for the gradient they are cut off from whatever made them.
    """

    def __init__(self, critic: Scorer, x: Tensor):
        self.critic, self.x = critic, x

    @cached_property
    def scores(self) -> Tensor:
        """(n,) or (n, ...)"""
        return self.critic(self.x)

    @cached_property
    def gradient(self) -> Tensor:
        """∇ₓ of the score of each point, itself differentiable in the critic's weights: (n, ...).

        A critic of many scores a point (patches) is taken at their mean, which is how the divergences count them.
        """
        x = as_float32(self.x.detach()).requires_grad_()
        with torch.enable_grad(), torch.autocast(x.device.type, enabled=False):
            self.scores = self.critic(x)
            total = self.scores.reshape(len(x), -1).mean(1).sum()  # the sum keeps the data apart
            (gradient,) = torch.autograd.grad(total, x, create_graph=True)
        return gradient


Measure = Callable[[Pass, Pass], Tensor]


@dataclass(frozen=True)
class Penalty:
    """A term of the critic's loss: weight · every · measure(on real, on fake).

    `every` is lazy regularization (Karras et al. 2020, arXiv 1912.04958, B): a penalty due in every k-th
    round only is k times as heavy there, so its pull on average is that of `weight` in every round.

    Attributes:
        name: for the log.
        measure: (the critic's pass over reals, over fakes) -> scalar.
        weight: at least 0.
        every: rounds from one time that it is due to the next, at least 1.
    """

    name: str
    measure: Measure
    weight: float
    every: int = 1

    def __post_init__(self) -> None:
        if self.weight < 0 or self.every < 1:
            raise BadRequest(
                f"{self.name} needs a weight of at least 0 and every of at least 1, "
                f"got weight={self.weight} and every={self.every}"
            )

    def due(self, t: int) -> bool:
        """Whether round `t` (from 0) pays it."""
        return t % self.every == 0

    def on(self, real: Pass, fake: Pass) -> Tensor:
        """The term.  Ask for it before the scores of the passes: what it has made serves both."""
        return self.weight * self.every * self.measure(real, fake)

    def __call__(self, critic: Scorer, real: Tensor, fake: Tensor) -> Tensor:
        """The term by itself, with passes of its own."""
        return self.on(Pass(critic, real), Pass(critic, fake))


def _slope(critic: Scorer, x: Tensor) -> Tensor:
    return torch.linalg.vector_norm(Pass(critic, x).gradient.flatten(1), dim=1)  # (n, ...) -> (n,)


def _half_square(seen: Pass) -> Tensor:
    return 0.5 * seen.gradient.flatten(1).square().sum(1).mean()


def _interpolates(real: Tensor, fake: Tensor) -> Tensor:
    """One point drawn uniformly from the line between each real and its fake."""
    if real.shape != fake.shape:
        came = f"{(*real.shape,)} and {(*fake.shape,)}"
        raise ValueError(f"a gradient penalty pairs reals with fakes of the same shape, got {came}")
    real, fake = as_float32(real.detach()), as_float32(fake.detach())
    share = torch.rand(len(real), *[1] * (real.dim() - 1), device=real.device, dtype=real.dtype)
    return torch.lerp(real, fake, share)


def gradient_penalty(
    weight: float = 10.0, *, target: float = 1.0, one_sided: bool = False, every: int = 1
) -> Penalty:
    """λ E(‖∇D(x̂)‖ - 1)², x̂ uniform between a real and a fake
    (Gulrajani et al. 2017, arXiv 1704.00028, eq. 3).

    Args:
        weight: λ.
        target: the slope asked for, 1 in the paper.
        one_sided: only slopes above the target are punished: E max(0, ‖∇D(x̂)‖ - 1)²
            (WGAN-LP, Petzka et al. 2017, arXiv 1709.08894).
        every: see `Penalty`.
    """

    def measure(real: Pass, fake: Pass) -> Tensor:
        excess = _slope(real.critic, _interpolates(real.x, fake.x)) - target
        return (excess.clamp(min=0) if one_sided else excess).square().mean()

    return Penalty("gradient-penalty", measure, weight, every)


def dragan(weight: float = 10.0, *, every: int = 1) -> Penalty:
    """λ E(‖∇D(x + δ)‖ - 1)² around the reals, δ ~ N(0, s²I) (Kodali et al. 2017, arXiv 1705.07215).

    The paper leaves s open; here it is half the standard deviation of the batch, the scale of the authors'
    code.  That code draws δ uniformly from [0, s) and shrinks it by a second uniform factor, which moves
    every image to the bright side; we keep the Gaussian of the paper.
    """

    def measure(real: Pass, fake: Pass) -> Tensor:
        x = as_float32(real.x.detach())
        return (_slope(real.critic, x + 0.5 * x.std() * torch.randn_like(x)) - 1).square().mean()

    return Penalty("dragan", measure, weight, every)


def r1(weight: float = 10.0, *, every: int = 1) -> Penalty:
    """(γ/2) E‖∇D(x)‖² on the reals, γ the weight (Mescheder et al. 2018, arXiv 1801.04406, eq. 9)."""
    return Penalty("r1", lambda real, fake: _half_square(real), weight, every)


def r2(weight: float = 10.0, *, every: int = 1) -> Penalty:
    """(γ/2) E‖∇D(x)‖² on the fakes, γ the weight (Mescheder et al. 2018, arXiv 1801.04406, eq. 10)."""
    return Penalty("r2", lambda real, fake: _half_square(fake), weight, every)


# ---------------------------------------------------------------- on the generator


class PathLength(nn.Module):
    """weight · every · E(‖J_wᵀ y‖ - a)²: a step in style space moves every image equally far.

    J_w is the derivative of the image in its style, y a normal picture, and a the mean of the lengths so far
    (Karras et al. 2019, "Analyzing and Improving the Image Quality of StyleGAN", arXiv 1912.04958, 3.2).
    The length of a style with many layers is the root of the mean of its layers' squares.

    Args:
        weight: at least 0.
        every: rounds from one time that it is due to the next.
        decay: of the mean a.
    """

    name = "path-length"
    mean: Tensor

    def __init__(self, weight: float = 2.0, *, every: int = 4, decay: float = 0.99):
        super().__init__()
        self.weight, self.every, self.decay = weight, every, decay
        self.register_buffer("mean", torch.zeros(()))

    def due(self, t: int) -> bool:
        return t % self.every == 0

    def forward(self, synthesize: Scorer, w: Tensor) -> Tensor:
        """The term for styles w (n, layers, d) that depend on the generator's weights; moves a."""
        lengths = path_lengths(synthesize, w, create_graph=True)
        self.mean.lerp_(lengths.detach().mean().to(self.mean.dtype), 1 - self.decay)
        return self.weight * self.every * (lengths - self.mean.clone()).square().mean()


def path_lengths(synthesize: Scorer, w: Tensor, *, create_graph: bool = False) -> Tensor:
    """‖J_wᵀ y‖ for styles w (n, layers, d), y drawn: (n,).  Pictures are scaled so that their size does not matter."""
    w = w if w.requires_grad else w.detach().requires_grad_()
    with torch.enable_grad(), torch.autocast(w.device.type, enabled=False):
        x = synthesize(as_float32(w))
        y = torch.randn_like(x) / math.sqrt(x.shape[-2] * x.shape[-1])
        (slope,) = torch.autograd.grad((x * y).sum(), w, create_graph=create_graph)
    return slope.square().sum(2).mean(1).sqrt()


# ---------------------------------------------------------------- on the weights


_FILTERED = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, *TRANSPOSED)


def _filters(layer: nn.Module) -> Tensor:
    """The weight as one row per output unit: (out, fan in).  A parametrized layer gives its raw weight."""
    parametrized = parametrize.is_parametrized(layer, "weight")
    weight = layer.parametrizations.weight.original if parametrized else layer.weight  # type: ignore[union-attr]
    assert isinstance(weight, Tensor)
    return as_float32(weight.movedim(output_dim(layer), 0)).flatten(1)


def orthogonal(module: nn.Module, weight: float = 1e-4) -> Tensor:
    """β Σ_layers ‖W Wᵀ ⊙ (1 - I)‖²_F: the filters of a layer apart, their lengths free
    (Brock et al. 2018, arXiv 1809.11096, eq. 3).

    A term for the loss of whoever owns the weights, generator or critic: no data enter.  It reads every
    linear and convolutional layer of `module`; W holds one filter a row, as the authors' code does
    (the paper writes WᵀW for filters in columns).  Embeddings and normalizations are left alone.

    Args:
        module: at least one linear or convolutional layer.
        weight: β, 1e-4 in the paper.

    Returns:
        A scalar in float32, differentiable in the weights.
    """
    layers = [layer for layer in module.modules() if isinstance(layer, _FILTERED)]
    if not layers:
        raise ValueError(f"no linear or convolutional layer in {type(module).__name__} to keep orthogonal")
    with torch.autocast(_filters(layers[0]).device.type, enabled=False):
        return weight * torch.stack([_overlap(rows) for rows in map(_filters, layers)]).sum()


def _overlap(rows: Tensor) -> Tensor:
    """Σ_{i≠j} ⟨w_i, w_j⟩² over the rows of W (n, d)."""
    n, d = rows.shape
    if n < 2 * d:
        return cast(Tensor, _Overlap.apply(rows))
    # ‖W Wᵀ‖ = ‖Wᵀ W‖, which is far smaller; so many rows overlap, and little of the difference cancels
    return (rows.T @ rows).square().sum() - rows.square().sum(1).square().sum()


class _Overlap(torch.autograd.Function):
    """‖W Wᵀ ⊙ (1 - I)‖²_F with its gradient 4 (W Wᵀ ⊙ (1 - I)) W: one product in place of autograd's two."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        gram = _off_diagonal(rows)
        ctx.save_for_backward(rows, gram)
        return torch.linalg.vector_norm(gram).square()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        rows, gram = ctx.saved_tensors
        if torch.is_grad_enabled():  # the gradient itself is to be derived, and what was saved is a constant
            gram = _off_diagonal(rows)
        return 4 * gradient * (gram @ rows)


def _off_diagonal(rows: Tensor) -> Tensor:
    gram = rows @ rows.T
    return gram.fill_diagonal_(0) if not gram.requires_grad else gram - gram.diagonal().diag()


def clip_weights(bound: float) -> Callable[[nn.Module], None]:
    """After each move of the critic: w <- clip(w, -c, c) for every parameter (Arjovsky et al. 2017,
    arXiv 1701.07875, Algorithm 1).

    Args:
        bound: c > 0, 0.01 in the paper.
    """
    if bound <= 0:
        raise BadRequest(f"weights are clipped to [-c, c] with c > 0, got c={bound}")

    @torch.no_grad()
    def clip(module: nn.Module) -> None:
        for parameter in module.parameters():
            parameter.clamp_(-bound, bound)

    return clip
