"""PacGAN: the critic scores several samples together, so repeated samples are easy to tell from real ones.

    min_G max_D  E[log D(x_1, ..., x_m)] + E[log(1 - D(G(z_1), ..., G(z_m)))]

(Lin et al. 2017, "PacGAN: The power of two samples in generative adversarial networks", arXiv 1712.04086.)
Packing is a value: a critic of m samples joined along their channels, in an unchanged game.  On points the
networks are those of the paper's table 1; with pack = 1 they are its "GAN" row.

Deviations, on points, from the released code (fjxmlzn/PacGAN, synthetic_data_experiments):
    Both players move at once there, on one batch; here the generator answers the critic that has just moved.
    Its batch norm sees the samples of each place in the pack by themselves, ours all of them together; its
        running average is of deviations, ours of variances.
    400 epochs are 400,000 rounds there; the recipes stop at an eighth of them.
Deviations, on images:
    DCGAN's networks, rate and code of 100, the critic's first layer wider by the pack; the paper keeps the
        hyperparameters of each base system likewise.
"""

from torch import Tensor, nn

from rivalry.data.source import Spec
from rivalry.games.two_players import GAN
from rivalry.maths.divergences import non_saturating
from rivalry.maths.optimizers import adam
from rivalry.maths.priors import normal
from rivalry.nn.conv import ConvCritic, ConvGenerator
from rivalry.settings import Count, Fraction, Rate


class Packed(nn.Module):
    """A critic of `pack` samples at once: (n, c, ...) -> (n / pack,), from (n / pack, pack * c, ...)."""

    def __init__(self, critic: nn.Module, pack: int):
        super().__init__()
        self.critic, self.pack = critic, pack

    def forward(self, x: Tensor) -> Tensor:
        return self.critic(x.reshape(len(x) // self.pack, self.pack * x.shape[1], *x.shape[2:]))


class Maxout(nn.Module):
    """The largest of `pieces` linear maps, unit by unit (Goodfellow et al. 2013): (n, d) -> (n, units)."""

    def __init__(self, inputs: int, units: int, pieces: int = 5):
        super().__init__()
        self.linear, self.pieces = nn.Linear(inputs, units * pieces), pieces

    def forward(self, x: Tensor) -> Tensor:
        return (
            self.linear(x).unflatten(1, (self.pieces, -1)).amax(1)
        )  # along rows: 3 times faster than in them


def ring_generator(latent: int, dimension: int) -> nn.Module:
    """Four layers of 400 with batch norm and ReLU, then a linear one: (n, latent) -> (n, dimension).

    Batch norm has the constants of the released code, and as there samples are drawn by running statistics.
    """
    layers: list[nn.Module] = []
    for inputs in (latent, 400, 400, 400):
        layers += [
            nn.Linear(inputs, 400, bias=False),
            nn.BatchNorm1d(400, eps=1e-4, momentum=0.05),
            nn.ReLU(),
        ]
    return nn.Sequential(*layers, nn.Linear(400, dimension))


def ring_critic(dimension: int) -> nn.Module:
    """Three maxout layers of 200 with 5 pieces, then a linear one: (n, dimension) -> (n,)."""
    maxouts = [Maxout(dimension, 200), Maxout(200, 200), Maxout(200, 200)]
    return nn.Sequential(*maxouts, nn.Linear(200, 1), nn.Flatten(0))


def pacgan(
    spec: Spec,
    *,
    pack: Count = 2,
    latent: Count = 100,
    width: Count = 64,
    batch: Count = 100,
    lr: Rate = 2e-4,
    beta1: Fraction = 0.5,
    average: Fraction = 0.0,
) -> GAN:
    """A critic of `pack` samples at once.

    Settings:
        pack: how many samples the critic sees at once; 1 is the plain GAN
        latent: length of the code z, normal
        width: channels of the map nearest to the image
        batch: packs of one turn, so pack times as many data
    """
    d, *size = spec.shape
    spec.require("pacgan", kind=("image", "points"))
    if spec.meaning.axes == 2:
        G: nn.Module = ConvGenerator(latent, (d, size[0], size[1]), width=width)
        D: nn.Module = ConvCritic((d * pack, size[0], size[1]), width=width)
    else:
        G, D = ring_generator(latent, d).apply(_init), ring_critic(d * pack).apply(_init)
    return GAN(
        G,
        Packed(D, pack),
        prior=normal(latent),
        divergence=non_saturating,
        generator=adam(lr, beta1),
        critic=adam(lr, beta1),
        batch=batch * pack,
        average=average,
    )


def _init(module: nn.Module) -> None:
    """Weights from N(0, 0.02), biases 0."""
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, 0.0, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


RECIPES = {
    "pacgan": {
        "ring": {"data": "ring", "rounds": 50_000, "latent": 2, "batch": 100, "lr": 1e-4, "beta1": 0.8},
        "grid": {"data": "grid", "rounds": 50_000, "latent": 2, "batch": 100, "lr": 1e-4, "beta1": 0.8},
    }
}
