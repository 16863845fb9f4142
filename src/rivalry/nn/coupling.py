"""Maps that can be undone, whose Jacobian has a determinant that is cheap to compute: the parts of flows.

A `Bijection` maps x to y and tells log |det dy/dx| of each datum; `inverse` maps y to x and tells log |det dx/dy|,
so that the two logs of a round trip add up to 0.  Data are points (n, d) or images (n, c, h, w).
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.nn.perceptron import perceptron

Mapped = tuple[Tensor, Tensor]  # (n, ...) and the log-determinants (n,)


class Bijection(nn.Module):
    """x -> (y, log |det dy/dx|), and back."""

    def forward(self, x: Tensor) -> Mapped:
        raise NotImplementedError

    def inverse(self, y: Tensor) -> Mapped:
        raise NotImplementedError


class Chain(Bijection):
    """One bijection after the other."""

    def __init__(self, steps: Sequence[Bijection]):
        super().__init__()
        self.steps = nn.ModuleList(steps)

    def forward(self, x: Tensor) -> Mapped:
        total = x.new_zeros(x.shape[0])
        for step in self.steps:
            x, log_det = step(x)
            total = total + log_det
        return x, total

    def inverse(self, y: Tensor) -> Mapped:
        total = y.new_zeros(y.shape[0])
        for step in reversed(self.steps):
            y, log_det = step.inverse(y)  # type: ignore[operator]
            total = total + log_det
        return y, total


class MultiScale(Bijection):
    """After each scale half of the channels are done, and the rest goes on: images (n, c, h, w) <-> codes (n, chw).

    (Dinh et al. 2016, arXiv 1605.08803, section 3.6.)  Points, or a single scale, are flattened at the end.
    """

    def __init__(self, scales: Sequence[Bijection], shape: tuple[int, ...]):
        super().__init__()
        self.scales, self.shapes = nn.ModuleList(scales), _shapes_of(scales, shape)

    def forward(self, x: Tensor) -> Mapped:
        done, total = list[Tensor](), x.new_zeros(x.shape[0])
        for i, scale in enumerate(self.scales):
            x, log_det = scale(x)
            total = total + log_det
            if i < len(self.scales) - 1:
                x, out = x.chunk(2, 1)
                done.append(out.flatten(1))
        return torch.cat([*done, x.flatten(1)], 1), total

    def inverse(self, y: Tensor) -> Mapped:
        parts = list(y.split([math.prod(shape) for shape in self.shapes], 1))
        x, total = parts.pop().reshape(-1, *self.shapes[-1]), y.new_zeros(y.shape[0])
        for i, scale in reversed(list(enumerate(self.scales))):
            if i < len(self.scales) - 1:
                x = torch.cat([x, parts.pop().reshape(-1, *self.shapes[i])], 1)
            x, log_det = scale.inverse(x)  # type: ignore[operator]
            total = total + log_det
        return x, total


@torch.no_grad()
def _shapes_of(scales: Sequence[Bijection], shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The shape of the codes that end at each scale."""
    x, shapes = torch.zeros(1, *shape), list[tuple[int, ...]]()
    for i, scale in enumerate(scales):
        x, _ = scale(x)
        x = x.chunk(2, 1)[0] if i < len(scales) - 1 else x
        shapes.append(tuple(x.shape[1:]))
    return shapes


# ---------------------------------------------------------------------- without networks


class Logit(Bijection):
    """Pixels in [-1, 1] to the whole line: logit(α + (1 - 2α)(x + 1)/2) (Dinh et al. 2016, section 4.1).

    The samples of a flow lie between -1/(1 - 2α) and 1/(1 - 2α).
    """

    def __init__(self, alpha: float = 0.05):
        super().__init__()
        self.alpha = alpha

    def forward(self, x: Tensor) -> Mapped:
        share = self.alpha + (1 - 2 * self.alpha) * (x + 1) / 2
        y = share.log() - (-share).log1p()
        return y, self._log_slope(y)

    def inverse(self, y: Tensor) -> Mapped:
        x = (y.sigmoid() - self.alpha) / (1 - 2 * self.alpha) * 2 - 1
        return x, -self._log_slope(y)

    def _log_slope(self, y: Tensor) -> Tensor:
        """dy/dx = (1 - 2α)/2 / (σ(y)(1 - σ(y)))."""
        slopes = F.softplus(y) + F.softplus(-y) + math.log((1 - 2 * self.alpha) / 2)
        return slopes.flatten(1).sum(1)


class Squeeze(Bijection):
    """Blocks of pixels become channels: (n, c, h, w) -> (n, 4c, h/2, w/2); a side that is odd stays as it is."""

    def __init__(self, height: int, width: int):
        super().__init__()
        self.a, self.b = 2 - height % 2, 2 - width % 2

    def forward(self, x: Tensor) -> Mapped:
        n, c, h, w = x.shape
        y = x.view(n, c, h // self.a, self.a, w // self.b, self.b).permute(0, 1, 3, 5, 2, 4)
        return y.reshape(n, c * self.a * self.b, h // self.a, w // self.b), x.new_zeros(n)

    def inverse(self, y: Tensor) -> Mapped:
        n, c, h, w = y.shape
        x = y.view(n, c // (self.a * self.b), self.a, self.b, h, w).permute(0, 1, 4, 2, 5, 3)
        return x.reshape(n, -1, h * self.a, w * self.b), y.new_zeros(n)


class Reverse(Bijection):
    """The numbers of a point in the opposite order."""

    def forward(self, x: Tensor) -> Mapped:
        return x.flip(1), x.new_zeros(x.shape[0])

    def inverse(self, y: Tensor) -> Mapped:
        return self.forward(y)


class Flatten(Bijection):
    """Images (n, ...) as points (n, d)."""

    def __init__(self, shape: tuple[int, ...]):
        super().__init__()
        self.shape = shape

    def forward(self, x: Tensor) -> Mapped:
        return x.flatten(1), x.new_zeros(x.shape[0])

    def inverse(self, y: Tensor) -> Mapped:
        return y.view(-1, *self.shape), y.new_zeros(y.shape[0])


# ---------------------------------------------------------------------- with parameters


class ActNorm(Bijection):
    """Each channel scaled and shifted; at first so that the first batch has mean 0 and deviation 1.

    (Kingma & Dhariwal 2018, arXiv 1807.03039, section 3.1.)  `start_from_data` sets the mean and deviation.  They
    are buffers, and so a checkpoint holds them and processes agree on them; what learns begins as the identity.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, shape: tuple[int, ...]):
        super().__init__()
        self.places = math.prod(shape[1:])  # the pixels that share a scale
        size = (shape[0], *[1] * (len(shape) - 1))
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("deviation", torch.ones(size))
        self.log_scale, self.bias = nn.Parameter(torch.zeros(size)), nn.Parameter(torch.zeros(size))
        self.starting = False  # during `start_from_data` alone

    def forward(self, x: Tensor) -> Mapped:
        if self.starting:
            over = [0, *range(2, x.dim())]
            self.mean.copy_(x.mean(over).view_as(self.mean))
            self.deviation.copy_(x.std(over, correction=0).view_as(self.mean).clamp(min=1e-3))
        y = (x - self.mean) / self.deviation * self.log_scale.exp() + self.bias
        return y, self._log_det().expand(x.shape[0])

    def inverse(self, y: Tensor) -> Mapped:
        x = (y - self.bias) * (-self.log_scale).exp() * self.deviation + self.mean
        return x, -self._log_det().expand(y.shape[0])

    def _log_det(self) -> Tensor:
        return self.places * (self.log_scale - self.deviation.log()).sum()


@torch.no_grad()
def start_from_data(flow: nn.Module, x: Tensor) -> None:
    """Set the mean and deviation of every `ActNorm` in a flow to those of the batch x (n, ...) that reaches it."""
    norms = [part for part in flow.modules() if isinstance(part, ActNorm)]
    for norm in norms:
        norm.starting = True
    flow(x)
    for norm in norms:
        norm.starting = False


class Scale(Bijection):
    """Each number of a point times a positive one of its own: NICE's last layer (Dinh et al. 2014, section 3.3)."""

    def __init__(self, d: int):
        super().__init__()
        self.log_scale = nn.Parameter(torch.zeros(d))

    def forward(self, x: Tensor) -> Mapped:
        return x * self.log_scale.exp(), self.log_scale.sum().expand(x.shape[0])

    def inverse(self, y: Tensor) -> Mapped:
        return y * (-self.log_scale).exp(), -self.log_scale.sum().expand(y.shape[0])


class Mix(Bijection):
    """The channels of every pixel, or the numbers of a point, times one matrix W = P L U: Glow's 1 x 1 convolution.

    (Kingma & Dhariwal 2018, section 3.2.)  P is a permutation that stays; L has ones and U has ± exp(s) on its
    diagonal, so that log |det W| is the sum of s, once for every pixel.  It begins as a random rotation.
    """

    permutation: Tensor
    sign: Tensor

    def __init__(self, shape: tuple[int, ...]):
        super().__init__()
        self.places = math.prod(shape[1:])
        rotation = torch.linalg.qr(torch.randn(shape[0], shape[0]))[0]
        permutation, lower, upper = torch.linalg.lu(rotation)
        diagonal = upper.diagonal()
        self.register_buffer("permutation", permutation)
        self.register_buffer("sign", diagonal.sign())
        self.log_scale = nn.Parameter(diagonal.abs().log())
        self.lower, self.upper = nn.Parameter(lower.tril(-1)), nn.Parameter(upper.triu(1))

    def forward(self, x: Tensor) -> Mapped:
        return self._times(self._matrix(), x), (self.places * self.log_scale.sum()).expand(x.shape[0])

    def inverse(self, y: Tensor) -> Mapped:
        inverse = (
            self._matrix().double().inverse().to(y.dtype)
        )  # in double: errors would add up over the layers
        return self._times(inverse, y), (-self.places * self.log_scale.sum()).expand(y.shape[0])

    def _matrix(self) -> Tensor:
        lower = self.lower.tril(-1) + torch.eye(len(self.lower), device=self.lower.device)
        upper = self.upper.triu(1) + torch.diag(self.sign * self.log_scale.exp())
        return self.permutation @ lower @ upper

    @staticmethod
    def _times(matrix: Tensor, x: Tensor) -> Tensor:
        return torch.einsum("ij,nj...->ni...", matrix, x)


LogScale = Callable[[Tensor], Tensor]


class Coupling(Bijection):
    """What the mask keeps decides how the rest is scaled and shifted: y = m x + (1 - m)(x exp(s(m x)) + t(m x)).

    (Dinh et al. 2016, arXiv 1605.08803, equation 9; without s it is NICE's additive coupling.)

    Args:
        mask: of the shape of a datum: 1 where it is kept, 0 where it is changed.
        net: m x -> (n, ...) with twice the channels of x, the shifts and what `log_scale` reads; once where it is None.
        log_scale: turns the second half into s, in a way that keeps exp(s) in bounds.
    """

    mask: Tensor

    def __init__(self, mask: Tensor, net: nn.Module, log_scale: LogScale | None = None):
        super().__init__()
        self.register_buffer("mask", mask)
        self.net, self.log_scale = net, log_scale

    def forward(self, x: Tensor) -> Mapped:
        shift, s = self._shift_and_scale(x)
        return torch.where(self.mask > 0, x, x * s.exp() + shift), s.flatten(1).sum(1)

    def inverse(self, y: Tensor) -> Mapped:
        shift, s = self._shift_and_scale(y)
        return torch.where(self.mask > 0, y, (y - shift) * (-s).exp()), -s.flatten(1).sum(1)

    def _shift_and_scale(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Shift and s (n, ...), which is 0 where x is kept."""
        out = self.net(x * self.mask)
        if self.log_scale is None:
            return out, torch.zeros_like(x)
        shift, raw = out.chunk(2, 1)
        return shift, self.log_scale(raw) * (1 - self.mask)


class BoundedScale(nn.Module):
    """s = a tanh(r), a learned for each channel (Dinh et al. 2016, section 4.1)."""

    def __init__(self, shape: tuple[int, ...]):
        super().__init__()
        self.bound = nn.Parameter(torch.ones(shape[0], *[1] * (len(shape) - 1)))

    def forward(self, raw: Tensor) -> Tensor:
        return self.bound * raw.tanh()


def sigmoid_scale(raw: Tensor) -> Tensor:
    """exp(s) = σ(r + 2), which no input makes large: the choice of Glow's released code."""
    return F.logsigmoid(raw + 2)


# ---------------------------------------------------------------------- masks and networks


def checkerboard(shape: tuple[int, ...], odd: bool) -> Tensor:
    """1 on the even pixels of a checkerboard, or on the odd ones: of this shape (c, h, w)."""
    _, h, w = shape
    even = (torch.arange(h)[:, None] + torch.arange(w)) % 2 == 0
    return (even != odd).float().expand(shape).clone()


def halves(shape: tuple[int, ...], odd: bool) -> Tensor:
    """1 on the first half of the channels, or of the numbers of a point; or on the second half."""
    first = torch.arange(shape[0]) < (shape[0] + 1) // 2
    return (first != odd).float().view(-1, *[1] * (len(shape) - 1)).expand(shape).clone()


def zeroed(layer: nn.Linear | nn.Conv2d) -> nn.Linear | nn.Conv2d:
    """The layer with weights and biases 0: a coupling that begins as the identity (Kingma & Dhariwal 2018, 3.3)."""
    nn.init.zeros_(layer.weight)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return layer


class PointNet(nn.Sequential):
    """A perceptron (n, d) -> (n, parts · d) that begins at 0."""

    def __init__(self, d: int, width: int, hidden: int, parts: int = 2):
        body = perceptron(d, *[width] * (hidden + 1))
        super().__init__(body, nn.LeakyReLU(0.2), zeroed(nn.Linear(width, parts * d)))


class ImageNet(nn.Module):
    """A residual network (n, c, h, w) -> (n, 2c, h, w) that begins at 0: 3 x 3 in, blocks of two 3 x 3, 3 x 3 out."""

    def __init__(self, channels: int, width: int, blocks: int):
        super().__init__()
        conv = lambda a, b: nn.Conv2d(a, b, 3, 1, 1)
        self.first, self.last = conv(channels, width), zeroed(conv(width, 2 * channels))
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.ReLU(), conv(width, width), nn.ReLU(), conv(width, width)) for _ in range(blocks)
        )

    def forward(self, x: Tensor) -> Tensor:
        h = self.first(x)
        for block in self.blocks:
            h = h + block(h)
        return self.last(F.relu(h))
