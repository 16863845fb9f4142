"""Glow: normalization, a learned mixing of the channels and a coupling, again and again.

    max_f  E_x[log p(f(x)) + log |det ∂f/∂x|],        each step: y = coupling(W · norm(x))

(Kingma & Dhariwal 2018, "Glow: Generative Flow with Invertible 1x1 Convolutions", arXiv 1807.03039, table 1 and
figure 2.)  At each scale blocks of 2 x 2 pixels become channels, steps follow, and half of the channels are done.
On points the steps are the same, with W a matrix over the numbers of a point.

Deviations:
    The codes that are done at a scale are N(0, I); the paper's prior of them depends on what goes on.
    With classes, all codes of a class have a mean of their own; the paper shifts those of the last scale alone, and
        adds a classifier's loss.
    A side that is odd is not halved, and there are fewer scales for a small image.
"""

import math
from collections.abc import Callable
from functools import partial

from torch import nn

from rivalry.data.source import Spec
from rivalry.errors import BadRequest
from rivalry.games.likelihood.nice import Flow, gaussian, require_numbers
from rivalry.maths.levels import Levels
from rivalry.maths.optimizers import adam
from rivalry.nn.coupling import (
    ActNorm,
    Bijection,
    Chain,
    Coupling,
    Logit,
    Mix,
    MultiScale,
    PointNet,
    Squeeze,
    halves,
    sigmoid_scale,
    zeroed,
)
from rivalry.settings import Count, Fraction, Rate


def glow(
    spec: Spec,
    *,
    width: Count = 64,
    depth: Count = 8,
    scales: Count = 3,
    conditional: bool = False,
    levels: Count = 256,
    batch: Count = 64,
    lr: Rate = 1e-3,
    average: Fraction = 0.999,
) -> Flow:
    """Steps of flow at several scales.

    Settings:
        width: channels of the networks in couplings, or units of their hidden layers for points
        depth: steps at each scale
        scales: how often an image is halved, at most
        conditional: is it conditioned on the classes, where the data have any
        levels: of a pixel, over which images are spread; no matter for points
        lr: Adam's step size
        average: decay of the moving average of the weights; 0 for none
    """
    require_numbers(spec, "glow")
    image = spec.meaning.axes == 2
    return Flow(
        _of_images(spec, width, depth, scales) if image else _of_points(spec.shape, width, depth),
        gaussian(math.prod(spec.shape)),
        shape=spec.shape,
        optimizer=adam(lr),
        batch=batch,
        levels=Levels(levels) if image else None,
        classes=len(spec.classes) if conditional else 0,
        average=average,
    )


def _of_points(shape: tuple[int, ...], width: int, depth: int) -> Bijection:
    return MultiScale([Chain(_steps(shape, depth, partial(PointNet, shape[0], width, 2)))], shape)


def _of_images(spec: Spec, width: int, depth: int, scales: int) -> Bijection:
    made, begin = list[Bijection](), [Logit()]
    c, h, w = spec.shape
    for i in range(scales):
        if i and ((h % 2 and w % 2) or min(h, w) < 4):
            break
        squeeze, c = Squeeze(h, w), c if i == 0 else c // 2
        c, h, w = c * squeeze.a * squeeze.b, h // squeeze.a, w // squeeze.b
        if c < 2:
            raise BadRequest(
                f"glow needs an even side or 2 channels and more; {spec.name!r} is {h} x {w} with one: "
                "--size makes it even"
            )
        made.append(Chain([*begin, squeeze, *_steps((c, h, w), depth, partial(_network, c, width))]))
        begin = []
    return MultiScale(made, spec.shape)


def _steps(shape: tuple[int, ...], depth: int, net: Callable[[], nn.Module]) -> list[Bijection]:
    steps: list[Bijection] = []
    for i in range(depth):
        steps += [ActNorm(shape), Mix(shape), Coupling(halves(shape, bool(i % 2)), net(), sigmoid_scale)]
    return steps


def _network(channels: int, width: int) -> nn.Module:
    """3 x 3, 1 x 1 and 3 x 3 convolutions, the last of which begins at 0 (appendix B)."""
    return nn.Sequential(
        nn.Conv2d(channels, width, 3, 1, 1),
        nn.ReLU(),
        nn.Conv2d(width, width, 1),
        nn.ReLU(),
        zeroed(nn.Conv2d(width, 2 * channels, 3, 1, 1)),
    )


RECIPES = {
    "glow": {
        "ring": {"data": "ring", "time": "3m", "width": 64},
        "digits": {"data": "digits", "time": "4m", "width": 48, "scales": 2, "levels": 17},
        "mnist": {"data": "mnist", "time": "20m", "lr": 5e-4},
    }
}
