"""A critic of patches: it scores every patch of an image by itself, wherever the patch lies.

(Isola et al. 2016, arXiv 1611.07004, section 3.2.2 and appendix 6.1.2.)
"""

from torch import Tensor, nn

from rivalry.nn.conv import Shape, halvings, init_normal
from rivalry.nn.translator import InstanceNorm


class PatchCritic(nn.Module):
    """Images (n, inputs, h, w) -> scores (n, h', w'), each of a patch.

    Args:
        shape: of the images.
        inputs: channels of the input; those of `shape` by default.
        width: channels of the first map; they double up to eight times that.
        depth: halvings; 0, 1, 2, 3, 4 see patches of side 7, 16, 34, 70, 142.  A small image has fewer.
    """

    def __init__(self, shape: Shape, *, inputs: int | None = None, width: int = 64, depth: int = 3):
        super().__init__()
        depth = min(depth, halvings(shape))
        sizes = [inputs or shape[0], *(width * min(2**i, 8) for i in range(depth + 1))]
        layers: list[nn.Module] = []
        for i, (a, b) in enumerate(zip(sizes, sizes[1:])):
            layers += [nn.Conv2d(a, b, 4, 2 if i < depth else 1, 1, bias=i == 0)]
            layers += [InstanceNorm()] * (i > 0) + [nn.LeakyReLU(0.2, inplace=True)]
        self.body = nn.Sequential(*layers, nn.Conv2d(sizes[-1], 1, 4, 1, 1))
        self.apply(init_normal)

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x).squeeze(1)
