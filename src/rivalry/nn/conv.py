"""DCGAN's networks, for an image of any size from 8 x 8 on and of 1 to 4 channels.

(Radford et al. 2015, arXiv 1511.06434.)  The image is halved by strided convolutions until its shorter side
is 4 to 7, and doubled back from there; the channels double and halve with it.
"""

import math
from collections.abc import Callable

from torch import Tensor, nn

Shape = tuple[int, int, int]  # channels, height, width
Norm = Callable[[int], nn.Module]


def halvings(shape: Shape) -> int:
    """How often an image is halved until its shorter side is 4 to 7; at least once."""
    return max(1, int(math.log2(min(shape[1:]) / 4)))


def batch_norm(channels: int) -> nn.Module:
    """Batch normalization (Ioffe & Szegedy 2015): not for a critic whose penalty is of each sample by itself."""
    return nn.BatchNorm2d(channels)


def layer_norm(channels: int) -> nn.Module:
    """Layer normalization over channels and places (Ba et al. 2016)."""
    return nn.GroupNorm(1, channels)


def no_norm(channels: int) -> nn.Module:
    return nn.Identity()


class ConvGenerator(nn.Module):
    """Codes (n, latent) -> images (n, c, h, w) in [-1, 1]: a linear layer, then transposed convolutions 4 x 4.

    The first layer is DCGAN's transposed convolution of a 1 x 1 map, written as the product that it is.
    """

    def __init__(self, latent: int, shape: Shape, *, width: int = 64, norm: Norm = batch_norm):
        super().__init__()
        c, h, w = shape
        k = halvings(shape)
        self.shape, self.small = shape, (math.ceil(h / 2**k), math.ceil(w / 2**k))
        channels = width * 2 ** (k - 1)
        self.first = nn.Linear(latent, channels * math.prod(self.small), bias=False)
        layers: list[nn.Module] = [norm(channels), nn.ReLU(inplace=True)]
        for i in range(k - 1, 0, -1):
            a, b = width * 2**i, width * 2 ** (i - 1)
            layers += [nn.ConvTranspose2d(a, b, 4, 2, 1, bias=False), norm(b), nn.ReLU(inplace=True)]
        self.body = nn.Sequential(*layers, nn.ConvTranspose2d(width, c, 4, 2, 1), nn.Tanh())
        self.apply(init_he if norm is no_norm else init_normal)

    def forward(self, z: Tensor) -> Tensor:
        x = self.first(z).view(z.shape[0], *self.small, -1).permute(0, 3, 1, 2)  # (n, channels, h/2^k, w/2^k)
        return self.body(x)[..., : self.shape[1], : self.shape[2]]


class ConvCritic(nn.Module):
    """Images (n, c, h, w) -> scores (n,): strided convolutions 4 x 4, then a linear layer; no norm on the first."""

    def __init__(self, shape: Shape, *, width: int = 64, norm: Norm = batch_norm):
        super().__init__()
        c, h, w = shape
        k = halvings(shape)
        layers: list[nn.Module] = [nn.Conv2d(c, width, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True)]
        for i in range(1, k):
            a, b = width * 2 ** (i - 1), width * 2**i
            layers += [nn.Conv2d(a, b, 4, 2, 1, bias=False), norm(b), nn.LeakyReLU(0.2, inplace=True)]
        self.body = nn.Sequential(*layers)
        self.channels = width * 2 ** (k - 1)  # of the last map
        self.feature_count = self.channels * (h >> k) * (w >> k)  # numbers in the features of an image
        self.last = nn.Linear(self.feature_count, 1)
        self.apply(init_he if norm is no_norm else init_normal)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.features(x)).squeeze(1)

    def features(self, x: Tensor) -> Tensor:
        """The features of which the score is a linear function: (n, c, h, w) -> (n, feature_count)."""
        # Flattened with the channels last, as the map lies in memory: no copy here, none of its gradient later.
        return self.body(x).permute(0, 2, 3, 1).flatten(1)


def init_normal(module: nn.Module) -> None:
    """DCGAN's start: weights from N(0, 0.02), gains of norms from N(1, 0.02), biases 0."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, (nn.BatchNorm2d, nn.GroupNorm)):
        nn.init.normal_(module.weight, 1.0, 0.02)
    if isinstance(bias := getattr(module, "bias", None), Tensor):
        nn.init.zeros_(bias)


def init_he(module: nn.Module) -> None:
    """He's start for networks without norms, which nothing else keeps in scale (He et al. 2015, arXiv 1502.01852)."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
        nn.init.kaiming_normal_(module.weight, 0.2)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
