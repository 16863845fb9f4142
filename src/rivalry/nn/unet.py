"""The U-Net: an image halved until its shorter side is 1 and doubled back, each size seeing what was halved from it.

(Ronneberger et al. 2015, arXiv 1505.04597; as in Isola et al. 2016, arXiv 1611.07004, appendix 6.1.)
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.maths.chance import dropout
from rivalry.nn.conv import Shape, init_normal
from rivalry.nn.translator import InstanceNorm

DROPPED = 3  # of the innermost doublings


class UNet(nn.Module):
    """Images (n, c + joined, h, w) -> images (n, c, h, w) in [-1, 1].

    The map in the middle is not normalized: of a single place nothing would be left.

    Args:
        shape: of the images that are made.
        joined: channels that are joined to the image, such as a mask.
        width: channels of the first halving; they double up to eight times that.
        dropout: the share of the innermost maps that is dropped, in evaluation as in training: it is the
            network's only noise.
    """

    def __init__(self, shape: Shape, *, joined: int = 0, width: int = 64, dropout: float = 0.5):
        super().__init__()
        c, h, w = shape
        depth = min(h, w).bit_length() - 1
        sizes = [c, *(width * min(2**i, 8) for i in range(depth))]
        bare = (0, depth - 1)  # the first map and the middle: no norm, so a bias
        inputs = [c + joined, *sizes[1:]]
        self.downs = nn.ModuleList(
            [nn.Conv2d(a, b, 4, 2, 1, bias=i in bare) for i, (a, b) in enumerate(zip(inputs, sizes[1:]))]
        )
        self.ups = nn.ModuleList(
            [
                nn.ConvTranspose2d(sizes[i + 1] * (1 if i == depth - 1 else 2), sizes[i], 4, 2, 1, bias=not i)
                for i in range(depth - 1, -1, -1)
            ]
        )
        self.norm, self.dropout = InstanceNorm(), dropout
        self.apply(init_normal)

    def forward(self, x: Tensor) -> Tensor:
        size, skips = list(x.shape[2:]), [self.downs[0](x)]
        for down in self.downs[1:-1]:
            skips.append(self.norm(down(F.leaky_relu(skips[-1], 0.2))))
        x = self.downs[-1](F.leaky_relu(skips[-1], 0.2))
        for i, up in enumerate(self.ups[:-1]):
            skip = skips.pop()
            x = self.norm(up(F.relu(x), output_size=list(skip.shape[2:])))
            if i < DROPPED:
                x = dropout(x, self.dropout)
            x = torch.cat([x, skip], 1)
        return self.ups[-1](F.relu(x), output_size=size).tanh()
