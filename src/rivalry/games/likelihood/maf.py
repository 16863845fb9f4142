"""MAF: each number is normalized by a mean and a scale that depend on the numbers before it, several times over.

    max_f  E_x[log p(f(x)) + log |det ∂f/∂x|],        z_i = (x_i - μ_i(x_<i)) exp(-α_i(x_<i)) in each layer

(Papamakarios et al. 2017, "Masked Autoregressive Flow for Density Estimation", arXiv 1705.07057, equations 3 to 5.)
All of z is computed at once by MADE's masked network; a sample needs as many passes as a datum has numbers at worst.

Deviations:
    Normalization that starts from the first batch (Glow's) where the paper has batch norm.
    Log-scales are kept within ± 3, so that sampling cannot overflow on its way.
    Pixels are spread over the levels of the data.
"""

import math

from rivalry.data.source import Spec
from rivalry.games.likelihood.nice import Flow, gaussian
from rivalry.maths.levels import Levels
from rivalry.maths.optimizers import adam
from rivalry.nn.coupling import ActNorm, Bijection, Chain, Flatten, Logit, MultiScale, Reverse
from rivalry.nn.masked import MaskedAffine
from rivalry.settings import Count, Fraction, Rate


def maf(
    spec: Spec,
    *,
    width: Count = 512,
    depth: Count = 1,
    layers: Count = 5,
    levels: Count = 256,
    batch: Count = 100,
    lr: Rate = 1e-3,
    average: Fraction = 0.999,
) -> Flow:
    """Masked autoregressive layers, the order of the numbers reversed between them.

    Settings:
        width: units of a hidden layer
        depth: hidden layers of each masked network
        layers: masked networks one after the other
        levels: of a pixel, over which images are spread; no matter for points
        lr: Adam's step size
        average: decay of the moving average of the weights; 0 for none
    """
    spec.require("maf", kind=("image", "points"))
    image, d = spec.meaning.axes == 2, math.prod(spec.shape)
    steps: list[Bijection] = [Logit(), Flatten(spec.shape)] if image else []
    for i in range(layers):
        steps += [Reverse()] * (i > 0) + [ActNorm((d,)), MaskedAffine(d, width=width, depth=depth)]
    return Flow(
        MultiScale([Chain(steps)], spec.shape),
        gaussian(d),
        shape=spec.shape,
        optimizer=adam(lr),
        batch=batch,
        levels=Levels(levels) if image else None,
        average=average,
    )


RECIPES = {
    "maf": {
        "ring": {"data": "ring", "time": "3m", "width": 64, "depth": 2, "layers": 8},
        "digits": {"data": "digits", "time": "4m", "width": 256, "levels": 17},
        "mnist": {"data": "mnist", "time": "20m", "lr": 5e-4},
    }
}
