"""Residual networks between codes, images and scores, for an image of any size from 8 x 8 on.

(Gulrajani et al. 2017, arXiv 1704.00028, appendix C; Miyato et al. 2018, arXiv 1802.05957, table 4.)  Where
there are classes, the generator normalizes by class and the critic projects onto a vector of the class
(Miyato & Koyama 2018, arXiv 1802.05637, equation 3).
"""

import math

from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.nn.attention import SelfAttention, nearest_map
from rivalry.nn.conv import Shape, halvings
from rivalry.nn.norm import ConditionalBatchNorm


class Up(nn.Module):
    """norm - relu - double - 3 x 3 - norm - relu - 3 x 3, added to double - 1 x 1: (n, a, h, w) -> (n, b, 2h, 2w)."""

    def __init__(self, a: int, b: int, classes: int = 0):
        super().__init__()
        self.norm1, self.norm2 = ConditionalBatchNorm(a, classes), ConditionalBatchNorm(b, classes)
        self.conv1, self.conv2 = nn.Conv2d(a, b, 3, 1, 1), nn.Conv2d(b, b, 3, 1, 1)
        self.beside = nn.Conv2d(a, b, 1)

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        h = self.conv1(F.interpolate(F.relu(self.norm1(x, label)), scale_factor=2))
        h = self.conv2(F.relu(self.norm2(h, label)))
        return h + F.interpolate(self.beside(x), scale_factor=2)


class Down(nn.Module):
    """relu - 3 x 3 - relu - 3 x 3 - halve, added to 1 x 1 - halve: (n, a, h, w) -> (n, b, h/2, w/2).

    Args:
        first: the block that sees the image, which is not rectified before it.
        halve: by average pooling; a side that is odd loses its last row.
    """

    def __init__(self, a: int, b: int, *, first: bool = False, halve: bool = True):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(a, b, 3, 1, 1), nn.Conv2d(b, b, 3, 1, 1)
        self.beside = nn.Conv2d(a, b, 1) if a != b or halve else nn.Identity()
        self.first, self.halve = first, halve

    def forward(self, x: Tensor) -> Tensor:
        h = self.conv2(F.relu(self.conv1(x if self.first else F.relu(x))))
        if not self.halve:
            return h + self.beside(x)
        return F.avg_pool2d(h, 2) + self.beside(F.avg_pool2d(x, 2))


class ResidualGenerator(nn.Module):
    """Codes (n, latent), and labels (n,) if there are classes, -> images (n, c, h, w) in [-1, 1].

    Args:
        attend: attention on the doubled map whose shorter side is nearest to this; 0 for none.
    """

    def __init__(self, latent: int, shape: Shape, *, width: int = 128, classes: int = 0, attend: int = 0):
        super().__init__()
        c, h, w = shape
        k = halvings(shape)
        self.shape, self.small = shape, (math.ceil(h / 2**k), math.ceil(w / 2**k))
        self.first = nn.Linear(latent, width * math.prod(self.small))
        self.blocks = nn.ModuleList([Up(width, width, classes) for _ in range(k)])
        sizes = [(self.small[0] * 2**i, self.small[1] * 2**i) for i in range(1, k + 1)]  # after each block
        if (chosen := nearest_map([min(size) for size in sizes], attend)) >= 0:
            self.blocks.insert(chosen + 1, SelfAttention(width, sizes[chosen]))
        self.norm = nn.BatchNorm2d(width)
        self.last = nn.Conv2d(width, c, 3, 1, 1)
        self.apply(init_xavier)

    def forward(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        x = self.first(z).view(len(z), *self.small, -1).permute(0, 3, 1, 2)
        for block in self.blocks:
            x = block(x, label)
        x = self.last(F.relu(self.norm(x))).tanh()
        return x[..., : self.shape[1], : self.shape[2]]


class ResidualCritic(nn.Module):
    """Images (n, c, h, w), and labels (n,) if there are classes, -> scores (n,): a linear map of the summed features.

    Told classes, the score gains the product of the features with a vector of the class (projection).

    Args:
        plain: blocks after the last halving.
        attend: attention on the halved map whose shorter side is nearest to this; 0 for none.
    """

    def __init__(
        self,
        shape: Shape,
        *,
        width: int = 128,
        classes: int = 0,
        plain: int = 2,
        attend: int = 0,
    ):
        super().__init__()
        k = halvings(shape)
        down: list[nn.Module] = [Down(shape[0] if i == 0 else width, width, first=i == 0) for i in range(k)]
        sizes = [(shape[1] >> i, shape[2] >> i) for i in range(1, k + 1)]  # after each block
        if (chosen := nearest_map([min(size) for size in sizes], attend)) >= 0:
            down.insert(chosen + 1, SelfAttention(width, sizes[chosen]))
        self.blocks = nn.Sequential(*down, *[Down(width, width, halve=False) for _ in range(plain)])
        self.last = nn.Linear(width, 1)
        self.apply(init_xavier)
        self.classes = nn.Embedding(classes, width) if classes else None

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        features = F.relu(self.blocks(x)).sum((2, 3))  # (n, width)
        score = self.last(features).squeeze(1)
        if self.classes is None or label is None:
            return score
        return score + (self.classes(label) * features).sum(1)


def init_xavier(module: nn.Module) -> None:
    """Glorot's uniform start, biases 0; times √2 for the 3 x 3 convolutions inside blocks."""
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        inside = isinstance(module, nn.Conv2d) and module.kernel_size == (3, 3)
        nn.init.xavier_uniform_(module.weight, math.sqrt(2) if inside else 1.0)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
