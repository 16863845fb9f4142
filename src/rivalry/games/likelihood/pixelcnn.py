"""PixelCNN with gates: a pixel is conditioned on the pixels above and to the left of it, and on the class.

    max_θ  E_{x,y}[Σ_i log p(x_i | x_1, ..., x_{i-1}, y)]

(van den Oord et al. 2016, "Conditional Image Generation with PixelCNN Decoders", arXiv 1606.05328, equations 1 to 4
and figure 2.)  A softmax over the levels of each number; within a pixel the channels follow each other.

Deviations:
    Adam where the paper has RMSProp, and a few layers of a few dozen maps where it has 15 and more of 256 and more.
    Kernels are 3 wide in all layers; the paper's first is 7.
    Likelihoods and samples come from the average of the weights over training.
"""

from rivalry.data.source import Spec
from rivalry.games.likelihood.made import Autoregressive
from rivalry.maths.levels import Levels
from rivalry.maths.optimizers import adam
from rivalry.nn.conditionals import Softmax
from rivalry.nn.stacks import gated_stacks
from rivalry.settings import Count, Fraction, Rate


def pixelcnn(
    spec: Spec,
    *,
    width: Count = 48,
    depth: Count = 8,
    conditional: bool = True,
    levels: Count = 256,
    batch: Count = 32,
    lr: Rate = 1e-3,
    average: Fraction = 0.999,
) -> Autoregressive:
    """Gated masked convolutions in two stacks.

    Settings:
        width: maps of each stack
        depth: gated layers
        conditional: is it conditioned on the classes, where the data have any
        levels: of a pixel
        lr: Adam's step size
        average: decay of the moving average of the weights; 0 for none
    """
    spec.require("pixelcnn", kind="image")
    softmax, classes = Softmax(Levels(levels)), len(spec.classes) if conditional else 0
    return Autoregressive(
        gated_stacks(spec.shape, softmax.parts, width=width, depth=depth, classes=classes),
        softmax,
        shape=spec.shape,
        optimizer=adam(lr),
        batch=batch,
        classes=classes,
        average=average,
    )


RECIPES = {
    "pixelcnn": {
        "digits": {"data": "digits", "time": "4m", "width": 32, "depth": 6, "levels": 17},
        "mnist": {"data": "mnist", "time": "20m", "width": 32},
    }
}
