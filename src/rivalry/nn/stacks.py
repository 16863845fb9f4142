"""Convolutions in which a pixel sees only the pixels before it: PixelCNN's two stacks.

The vertical stack sees the rows above a pixel, the horizontal one the pixels to the left of it in its row.  The
vertical stack is an input of the horizontal one, so there is no blind spot (van den Oord et al. 2016, "Conditional
Image Generation with PixelCNN Decoders", arXiv 1606.05328, section 2.2).  Within a pixel channel k may see channels
before k: feature maps are divided among the channels, and masks keep their order.
"""

from collections.abc import Callable
from functools import partial
from math import sqrt
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.maths.watched import watched
from rivalry.nn.masked import in_order

SIDE = 3  # of every convolution


def groups_of(width: int, channels: int) -> Tensor:
    """To which channel of a pixel each of `width` maps belongs: as many to each, in order."""
    return torch.arange(width) * channels // width


class Row(nn.Conv2d):
    """1 x 3 over the two pixels to the left and the pixel itself, or a part of it: (n, a, h, w) -> (n, b, h, w).

    Args:
        inputs, outputs: the channel that each map belongs to.
        strictly: an output sees only the maps of channels before its own, and not its own, in its own pixel.
        taps: 3, or 1 for only the pixel.
    """

    mask: Tensor

    def __init__(self, inputs: Tensor, outputs: Tensor, *, strictly: bool = False, taps: int = SIDE):
        super().__init__(len(inputs), len(outputs), (1, taps))
        mask = torch.ones_like(self.weight)
        a, b = inputs[None], outputs[:, None]
        mask[:, :, 0, -1] = (a < b if strictly else a <= b).float()
        self.register_buffer("mask", mask)
        self.taps = taps

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(F.pad(x, (self.taps - 1, 0)), self.weight * self.mask, self.bias)


class Above(nn.Conv2d):
    """3 x 3 over the pixel's row and the two rows above it: (n, a, h, w) -> (n, b, h, w)."""

    def __init__(self, a: int, b: int):
        super().__init__(a, b, SIDE)

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(F.pad(x, (SIDE // 2, SIDE // 2, SIDE - 1, 0)), self.weight, self.bias)


def shifted(v: Tensor) -> Tensor:
    """Maps moved down by one row, so that each row sees only the rows above it."""
    return F.pad(v, (0, 0, 1, 0))[:, :, :-1]


class Layer(nn.Module):
    """One layer of both stacks.

    `down(v, *label)` gives the new v and the input of the horizontal stack, not shifted yet; `right(h, link, *label)`
    the new h.  Both (n, maps, rows, columns).
    """

    def down(self, v: Tensor, *label: Tensor) -> tuple[Tensor, Tensor]:
        raise NotImplementedError

    def right(self, h: Tensor, link: Tensor, *label: Tensor) -> Tensor:
        raise NotImplementedError


class GatedLayer(Layer):
    """tanh(a) σ(b) of masked convolutions, conditioned on the class: equation 4 and figure 2 of the paper.

    Args:
        inputs: the channel that each map of h belongs to.
        groups: the same for the new maps.
        first: h is the image: a pixel must not see itself, and there is nothing to add to.
    """

    def __init__(self, inputs: Tensor, groups: Tensor, *, classes: int, first: bool = False):
        super().__init__()
        width, twice = len(groups), groups.repeat(2)
        self.first = first
        self.above = Above(len(inputs), 2 * width)
        self.link = nn.Conv2d(2 * width, 2 * width, 1)
        self.row = Row(inputs, twice, strictly=first)
        self.out = Row(groups, groups, taps=1)
        self.by_class = nn.ModuleList(nn.Embedding(classes, 2 * width) for _ in range(2)) if classes else None

    def down(self, v: Tensor, *label: Tensor) -> tuple[Tensor, Tensor]:
        v = self.above(v) + self._of(0, *label)
        return _gated(v), self.link(v)

    def right(self, h: Tensor, link: Tensor, *label: Tensor) -> Tensor:
        new = self.out(_gated(self.row(h) + link + self._of(1, *label)))
        return new if self.first else h + new

    def _of(self, stack: int, *label: Tensor) -> Tensor | float:
        return self.by_class[stack](*label)[..., None, None] if self.by_class else 0.0


def _gated(maps: Tensor) -> Tensor:
    a, b = maps.chunk(2, 1)
    return a.tanh() * b.sigmoid()


class ResidualLayer(Layer):
    """PixelCNN++'s residual block in both stacks (Salimans et al. 2017, arXiv 1701.05517, sections 2.4 and 2.5).

    h + gate(conv(dropout(elu(conv(elu(h)) + link)))), elu of h and of -h side by side.
    """

    def __init__(self, width: int, *, classes: int, dropout: float):
        super().__init__()
        one = torch.zeros(width, dtype=torch.int64)  # all maps belong to the whole pixel
        self.above = nn.ModuleList([Above(2 * width, width), Above(2 * width, 2 * width)])
        self.link = nn.Conv2d(2 * width, width, 1)
        self.row = nn.ModuleList([Row(one.repeat(2), one), Row(one.repeat(2), one.repeat(2))])
        self.by_class = nn.ModuleList(nn.Embedding(classes, 2 * width) for _ in range(2)) if classes else None
        self.dropout = nn.Dropout2d(dropout)

    def down(self, v: Tensor, *label: Tensor) -> tuple[Tensor, Tensor]:
        inner = self.above[1](self.dropout(_both_elus(self.above[0](_both_elus(v)))))
        v = v + _linear_gate(inner + self._of(0, *label))
        return v, self.link(_both_elus(v))

    def right(self, h: Tensor, link: Tensor, *label: Tensor) -> Tensor:
        inner = self.row[1](self.dropout(_both_elus(self.row[0](_both_elus(h)) + link)))
        return h + _linear_gate(inner + self._of(1, *label))

    def _of(self, stack: int, *label: Tensor) -> Tensor | float:
        return self.by_class[stack](*label)[..., None, None] if self.by_class else 0.0


def _both_elus(x: Tensor) -> Tensor:
    return F.elu(torch.cat([x, -x], 1))


def _linear_gate(maps: Tensor) -> Tensor:
    a, b = maps.chunk(2, 1)
    return a * b.sigmoid()


class FirstLayer(Layer):
    """The image to maps, in both stacks: a pixel does not see itself, nor any of its channels."""

    def __init__(self, channels: int, width: int):
        super().__init__()
        self.above, self.link = Above(channels, width), nn.Conv2d(width, width, 1)
        self.row = Row(torch.zeros(channels), torch.zeros(width), strictly=True)

    def down(self, v: Tensor, *label: Tensor) -> tuple[Tensor, Tensor]:
        v = self.above(v)
        return v, self.link(v)

    def right(self, h: Tensor, link: Tensor, *label: Tensor) -> Tensor:
        return self.row(h) + link


class TwoStacks(nn.Module):
    """Images (n, c, h, w) in [-1, 1] -> parameters of the distribution of each number: (n, c, h, w, parts).

    Args:
        layers: the first of them takes the image.
        head: the last h to (n, c · parts, h, w).
        finish: (parameters, image) -> parameters, where a channel depends on the channels before it.
        joined: each layer of the second half is also given, by a 1 x 1 convolution, what its mirror in the first
            half made (PixelCNN++'s short-cuts).
    """

    def __init__(
        self,
        layers: list[Layer],
        head: nn.Module,
        channels: int,
        *,
        finish: Callable[[Tensor, Tensor], Tensor] = lambda parameters, x: parameters,
        joined: nn.ModuleList | None = None,
    ):
        super().__init__()
        self.layers, self.head, self.joined = nn.ModuleList(layers), head, joined
        self.channels, self.finish = channels, finish
        self.reach = (SIDE - 1) * sum(
            _rows(layer) for layer in layers
        )  # rows above that a row's v depends on

    def forward(self, x: Tensor, *label: Tensor) -> Tensor:
        links = [shifted(link) for link in self._down(x, *label)]
        return self._right(x, links, *label)

    @torch.no_grad()
    def fill(self, draw: Callable[[Tensor, Tensor], Tensor], u: Tensor, *label: Tensor) -> Tensor:
        """Images drawn row by row: the input from the rows above is computed once for each row.

        Args:
            draw: (parameters, u) -> numbers.
            u: (n, c, h, w) uniform on (0, 1).
        """
        x = torch.zeros_like(u)
        _, c, height, width = u.shape
        for i in watched(range(height)):
            links = self._links_of_row(x, i, *label)
            step = lambda row, i=i, links=links: draw(self._right(row, links, *label), u[:, :, i : i + 1])
            x[:, :, i : i + 1] = in_order(step, x[:, :, i : i + 1].clone(), c * width)
        return x

    def _links_of_row(self, x: Tensor, i: int, *label: Tensor) -> list[Tensor]:
        """The input of row i from the rows above it, for each layer (n, maps, 1, w)."""
        if i == 0:
            return [torch.zeros_like(link[:, :, :1]) for link in self._down(x[:, :, :1], *label)]
        seen = x[:, :, max(0, i - 1 - self.reach) : i]
        return [link[:, :, -1:] for link in self._down(seen, *label)]

    def _down(self, v: Tensor, *label: Tensor) -> list[Tensor]:
        links, made = list[Tensor](), list[Tensor]()
        for i, layer in enumerate(self.layers):
            v, link = cast(Layer, layer).down(self._with_mirror(v, made, i, 0), *label)
            links.append(link)
            made.append(v)
        return links

    def _right(self, h: Tensor, links: list[Tensor], *label: Tensor) -> Tensor:
        x, made = h, list[Tensor]()
        for i, (layer, link) in enumerate(zip(self.layers, links)):
            h = cast(Layer, layer).right(self._with_mirror(h, made, i, 1), link, *label)
            made.append(h)
        parameters = self.head(h)  # (n, c · parts, rows, w)
        n, _, rows, width = parameters.shape
        return self.finish(parameters.view(n, self.channels, -1, rows, width).movedim(2, -1), x)

    def _with_mirror(self, maps: Tensor, made: list[Tensor], i: int, stack: int) -> Tensor:
        mirror = (
            len(self.layers) - i
        )  # of layers 1 to 2k: the last meets the first, layer k + 1 meets layer k
        if self.joined is None or not 1 <= mirror < i:
            return maps
        return maps + self.joined[mirror - 1][stack](made[mirror])  # type: ignore[index]


def _rows(layer: nn.Module) -> int:
    """How many convolutions follow each other in the vertical stack of a layer."""
    return sum(isinstance(part, Above) for part in layer.modules())


def gated_stacks(shape: tuple[int, ...], parts: int, *, width: int, depth: int, classes: int) -> TwoStacks:
    """PixelCNN's network: gated layers, then two 1 x 1 convolutions."""
    c = shape[0]
    pixel, groups = torch.arange(c), groups_of(width, c)
    layers: list[Layer] = [GatedLayer(pixel, groups, classes=classes, first=True)]
    layers += [GatedLayer(groups, groups, classes=classes) for _ in range(depth - 1)]
    outputs = pixel.repeat_interleave(parts)
    head = nn.Sequential(nn.ReLU(), Row(groups, groups, taps=1), nn.ReLU(), Row(groups, outputs, taps=1))
    return TwoStacks(layers, head, c)


def residual_stacks(
    shape: tuple[int, ...], components: int, *, width: int, blocks: int, classes: int, dropout: float
) -> TwoStacks:
    """PixelCNN++'s network at one scale: twice `blocks` residual layers, the second half joined to the first.

    It tells logits, means and log-scales of the components: (n, c, h, w, 3 · components).
    """
    c = shape[0]
    layers: list[Layer] = [FirstLayer(c, width)]
    layers += [ResidualLayer(width, classes=classes, dropout=dropout) for _ in range(2 * blocks)]
    one = lambda: nn.ModuleList(nn.Conv2d(width, width, 1) for _ in range(2))
    joined = nn.ModuleList(one() for _ in range(blocks))
    last = nn.Conv2d(width, c * (c + 2) * components, 1)
    nn.init.normal_(last.weight, 0.0, 0.1 / sqrt(width))
    return TwoStacks(
        layers, nn.Sequential(nn.ELU(), last), c, finish=partial(linked_means, components), joined=joined
    )


def linked_means(components: int, parameters: Tensor, x: Tensor) -> Tensor:
    """Means that are linear in the earlier channels of the same pixel (Salimans et al. 2017, equation 3).

    Logits, means, log-scales and c - 1 slopes of k components (n, c, h, w, (c + 2) k), images (n, c, h, w) ->
    (n, c, h, w, 3k).
    """
    k, c = components, x.shape[1]
    logits, means, log_scales, slopes = parameters.split([k, k, k, (c - 1) * k], -1)
    if c == 1:
        return torch.cat([logits, means, log_scales], -1)
    slopes = slopes.unflatten(-1, (c - 1, k)).tanh()
    earlier = torch.ones(c, c - 1, device=x.device).tril(-1)  # of channel i, the channels j < i
    known = x[:, :-1].movedim(1, -1)[:, None] * earlier[:, None, None]  # (n, c, h, w, c - 1)
    return torch.cat([logits, means + (slopes * known[..., None]).sum(-2), log_scales], -1)
