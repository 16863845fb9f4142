"""Generators of textures that repeat without a seam: what leaves a map on one side comes in on the other.

Every convolution is padded with the opposite edge.  That alone makes no seamless texture, since the first layer still
tells places apart, so while training the picture is rolled by a random distance: the critic sees the seam in the middle
as often as at the edge, and learns to refuse it.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.errors import BadRequest
from rivalry.nn.conv import ConvGenerator, halvings


class CircularUp(nn.Module):
    """A transposed convolution 4 x 4 with a stride of 2 on a torus: (n, a, h, w) -> (n, b, 2h, 2w).

    Args:
        conv: whose weights it has; a stride of 2 and a padding of 1.
    """

    def __init__(self, conv: nn.ConvTranspose2d):
        super().__init__()
        self.weight, self.bias = conv.weight, conv.bias

    def forward(self, x: Tensor) -> Tensor:
        wrapped = F.pad(x, (1, 1, 1, 1), mode="circular")  # one more place on each side is two more pixels
        return F.conv_transpose2d(wrapped, self.weight, self.bias, stride=2, padding=3)


class Seamless(nn.Module):
    """A generator on a torus, whose pictures are rolled while it is trained: (n, latent) -> (n, c, h, w).

    Raises:
        BadRequest: pictures whose sides are no multiples of the number of pixels that a place of the first map becomes.
    """

    def __init__(self, G: ConvGenerator):
        super().__init__()
        step = 2 ** halvings(G.shape)
        if any(side % step for side in G.shape[1:]):
            h, w = G.shape[1:]
            raise BadRequest(
                f"a texture without a seam has sides that are multiples of {step}; these are {h} x {w}"
            )
        self.G = G
        for name, layer in G.body.named_children():
            if isinstance(layer, nn.ConvTranspose2d):
                setattr(G.body, name, CircularUp(layer))

    def forward(self, z: Tensor) -> Tensor:
        x = self.G(z)
        if not self.training:
            return x
        far = [int(torch.randint(side, ())) for side in x.shape[2:]]
        return x.roll(far, (2, 3))


def seam(x: Tensor) -> float:
    """The energy of the steps across the edges of a picture that is repeated, divided by that of steps inside.

    Args:
        x: (n, c, h, w); 1 says that the seam is not seen.
    """
    energy = lambda a, b: (a - b).square().mean()
    across = energy(x[..., :1, :], x[..., -1:, :]) + energy(x[..., :1], x[..., -1:])
    inside = energy(x[..., 1:, :], x[..., :-1, :]) + energy(x[..., 1:], x[..., :-1])
    return float(across / inside.clamp(min=1e-12))
