"""A small network that scores each place of a picture; the score of the picture is the mean over its places.

(Chai et al. 2020, "What makes fake images detectable?", arXiv 2008.10588: the places of a picture are judged one by
one.)  The map of scores is therefore no explanation that was added: the verdict is its mean, exactly.
"""

from itertools import pairwise

from torch import Tensor, nn

from rivalry.nn.conv import Shape, halvings


class Places(nn.Module):
    """Pictures (n, c, h, w) in [-1, 1] -> scores (n, h', w') of their places, high for made.

    Args:
        shape: (c, h, w); the sides are halved until the shorter one is 8 to 15.
        width: channels of the first layer; they double with each halving, up to 8 times.
    """

    def __init__(self, shape: Shape, width: int = 16):
        super().__init__()
        widths = [width * 2 ** min(i, 3) for i in range(max(2, halvings(shape)))]
        self.body = nn.Sequential(
            *_layer(shape[0], width, 1),
            *_layer(width, width, 1),
            *(layer for a, b in pairwise(widths) for layer in _layer(a, b, 2)),
            nn.Conv2d(widths[-1], 1, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x)[:, 0]


def _layer(inside: int, outside: int, stride: int) -> list[nn.Module]:
    convolution = nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
    return [convolution, nn.BatchNorm2d(outside), nn.ReLU(inplace=True)]
