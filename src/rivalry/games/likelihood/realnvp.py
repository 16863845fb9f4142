"""RealNVP: couplings that scale as well as shift, on images at several scales.

    max_f  E_x[log p(f(x)) + log |det ∂f/∂x|],        y = m x + (1 - m)(x exp(s(m x)) + t(m x)) in each coupling

(Dinh et al. 2016, "Density estimation using Real NVP", arXiv 1605.08803, equations 4 and 9.)  On images: three
couplings by a checkerboard, blocks of 2 x 2 pixels become channels, three couplings by channels, half of the channels
are done; and so again, with four couplings by a checkerboard at the end.

Deviations:
    Normalization that starts from the first batch (Glow's) where the paper has batch norm: a datum's likelihood
        then does not depend on its batch.
    Convolutions without weight norm and without batch norm in them; the last one begins at 0.
    A side that is odd is not halved.
"""

import math
from collections.abc import Callable
from functools import partial

from torch import Tensor, nn

from rivalry.data.source import Spec
from rivalry.games.likelihood.nice import Flow, gaussian, require_numbers
from rivalry.maths.levels import Levels
from rivalry.maths.optimizers import adam
from rivalry.nn.coupling import (
    ActNorm,
    Bijection,
    BoundedScale,
    Chain,
    Coupling,
    ImageNet,
    Logit,
    MultiScale,
    PointNet,
    Squeeze,
    checkerboard,
    halves,
)
from rivalry.settings import Count, Fraction, Rate

Mask = Callable[[tuple[int, ...], bool], Tensor]


def realnvp(
    spec: Spec,
    *,
    width: Count = 64,
    blocks: Count = 2,
    scales: Count = 2,
    couplings: Count = 6,
    levels: Count = 256,
    batch: Count = 64,
    lr: Rate = 1e-3,
    average: Fraction = 0.999,
) -> Flow:
    """Affine couplings, at several scales on images.

    Settings:
        width: channels of the networks in couplings, or units of a hidden layer for points
        blocks: residual blocks of such a network, or hidden layers for points
        scales: how often half of an image's channels is done before the rest goes on, at most
        couplings: only for points: how often one half is changed by the other
        levels: of a pixel, over which images are spread; no matter for points
        lr: Adam's step size
        average: decay of the moving average of the weights; 0 for none
    """
    require_numbers(spec, "realnvp")
    if spec.meaning.axes == 2:
        flow = _of_images(spec.shape, width, blocks, scales)
    else:
        flow = _of_points(spec.shape, width, blocks, couplings)
    return Flow(
        flow,
        gaussian(math.prod(spec.shape)),
        shape=spec.shape,
        optimizer=adam(lr),
        batch=batch,
        levels=Levels(levels) if spec.meaning.axes == 2 else None,
        average=average,
    )


def _of_points(shape: tuple[int, ...], width: int, hidden: int, couplings: int) -> Bijection:
    net = lambda: PointNet(shape[0], width, hidden)
    return MultiScale([Chain(_couplings(shape, halves, couplings, net))], shape)


def _of_images(shape: tuple[int, ...], width: int, blocks: int, scales: int) -> Bijection:
    made, begin = list[Bijection](), [Logit()]
    c, h, w = shape
    for _ in range(scales - 1):
        if (h % 2 and w % 2) or min(h, w) < 4:
            break
        squeeze, here = Squeeze(h, w), (c, h, w)
        c, h, w = c * squeeze.a * squeeze.b, h // squeeze.a, w // squeeze.b
        by_pixels = _couplings(here, checkerboard, 3, partial(ImageNet, here[0], width, blocks))
        by_channels = _couplings((c, h, w), halves, 3, partial(ImageNet, c, width, blocks))
        made.append(Chain([*begin, *by_pixels, squeeze, *by_channels]))
        c, begin = c // 2, []
    last = _couplings((c, h, w), checkerboard, 4, partial(ImageNet, c, width, blocks))
    return MultiScale([*made, Chain([*begin, *last])], shape)


def _couplings(shape: tuple[int, ...], mask: Mask, n: int, net: Callable[[], nn.Module]) -> list[Bijection]:
    """n couplings whose masks keep one part and the other by turns, each after a normalization."""
    pairs = (
        (ActNorm(shape), Coupling(mask(shape, bool(i % 2)), net(), BoundedScale(shape))) for i in range(n)
    )
    return [step for pair in pairs for step in pair]


RECIPES = {
    "realnvp": {
        "ring": {"data": "ring", "time": "3m", "couplings": 10},
        "digits": {"data": "digits", "time": "4m", "width": 32, "levels": 17},
        "mnist": {"data": "mnist", "time": "20m", "width": 32, "lr": 5e-4},
    }
}
