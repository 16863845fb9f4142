"""PixelCNN++: whole pixels follow each other, and a mixture of logistics says which level a number has.

    max_θ  E_x[Σ_i log Σ_k π_k (σ((x_i + 1/(L-1) - μ_k)/s_k) - σ((x_i - 1/(L-1) - μ_k)/s_k))]

for levels at distances of 2/(L-1), the first and the last with the tails (Salimans et al. 2017, "PixelCNN++: Improving
the PixelCNN with Discretized Logistic Mixture Likelihood and Other Modifications", arXiv 1701.05517, equations 1 to
3).  π, μ and s depend on the pixels before; μ of a pixel's later channels is also linear in its earlier ones.
Residual layers with dropout, the second half of them joined to the first by short-cuts.

Deviations:
    One scale: the paper also computes at a half and a quarter of the side, which spares time and loses nothing that
        enough layers do not see on small images.  Without it an image is made row by row.
    Each channel has weights π of its own, where the paper draws one component for the whole pixel.
    A few blocks of a few dozen maps, where the paper has 5 a scale of 160.
    Told classes, every layer adds a vector of the class, as PixelCNN does.
"""

from rivalry.data.source import Spec
from rivalry.games.likelihood.made import Autoregressive
from rivalry.maths.levels import Levels
from rivalry.maths.optimizers import adam
from rivalry.nn.conditionals import Logistics
from rivalry.nn.stacks import residual_stacks
from rivalry.settings import Count, Fraction, Rate


def pixelcnn_pp(
    spec: Spec,
    *,
    width: Count = 32,
    blocks: Count = 3,
    components: Count = 10,
    dropout: Fraction = 0.5,
    conditional: bool = False,
    levels: Count = 256,
    batch: Count = 32,
    lr: Rate = 1e-3,
    average: Fraction = 0.999,
) -> Autoregressive:
    """Residual masked convolutions in two stacks, and a mixture of logistics.

    Settings:
        width: maps of each stack
        blocks: residual layers of the first half, and of the second
        components: of the mixture
        dropout: share of the maps that is dropped in training
        conditional: is it conditioned on the classes, where the data have any
        levels: of a pixel
        lr: Adam's step size
        average: decay of the moving average of the weights; 0 for none
    """
    spec.require("pixelcnn++", kind="image")
    mixture, classes = Logistics(Levels(levels), components), len(spec.classes) if conditional else 0
    return Autoregressive(
        residual_stacks(spec.shape, components, width=width, blocks=blocks, classes=classes, dropout=dropout),
        mixture,
        shape=spec.shape,
        optimizer=adam(lr),
        batch=batch,
        classes=classes,
        average=average,
    )


RECIPES = {
    "pixelcnn++": {
        "digits": {"data": "digits", "time": "4m", "levels": 17},
        "mnist": {"data": "mnist", "time": "20m"},
    }
}
