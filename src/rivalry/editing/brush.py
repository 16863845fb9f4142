"""The brush: paint on a sample, and the code moves to the nearest sample that looks so.

    min_z  mean over the painted pixels of (G(z) - color)²  +  E · (edges of G(z) - drawn edges)²  +  C · |z - z₀|²/d

Zhu et al. 2016, "Generative Visual Manipulation on the Natural Image Manifold" (iGAN, arXiv 1609.03552), section 3.2.
z is in standard deviations of the prior, of d numbers; z₀ is the code that one began with.  Edges are histograms of
the orientation of slopes, as HOG's: how dark or light a line is does not matter, only how it runs.  Adam lowers the sum
from z₀ and from several codes near it, and the best are kept.

A warp is a stroke too: a disc of the sample itself, put down elsewhere.

Deviations: the paper adds a critic's term, which its code sets to 0; here is none.  Its warp moves a square and
constrains edges as well as colors; here it moves a disc and constrains the colors alone.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.data.source import Spec
from rivalry.editing.codes import Space, decode, decoded, given_labels, of_seeds, seeded, typical
from rivalry.editing.invert import require_invertible
from rivalry.errors import BadRequest
from rivalry.game import Game
from rivalry.maths.optimizers import Adam

STEPS, RATE = 25, 0.1  # of Adam; the paper's code has the same rate
STARTS, SHOWN = 16, 8
AROUND = 0.3  # deviation of the starts; with the 0.5 of the paper's code, the rest of a sample changes too
# Adam moves each number of a code at one rate, however little it matters.  With this ε, what matters to a stroke moves;
# it falls to 0 where all pixels are painted (by the square of their share), since then all numbers of the code matter.
EPSILON = 0.03
EDGE, CLOSE = 0.2, 0.01  # weights, for colors in [-1, 1]
ORIENTATIONS, CELL = 8, 8  # of a histogram; pixels of a cell's side
GREY = (0.299, 0.587, 0.114)  # the share of red, green and blue in grey (ITU-R BT.601)


class Strokes(NamedTuple):
    """What was painted.

    Attributes:
        color: (c, h, w) in [-1, 1]; only its masked pixels count.
        mask: (h, w) bool, the painted pixels.
        edges: (h, w) in [0, 1], the drawn lines; None without any.
    """

    color: Tensor
    mask: Tensor
    edges: Tensor | None = None

    @classmethod
    def read(cls, paint: Tensor | None, edges: Tensor | None, spec: Spec) -> "Strokes":
        """Strokes from pictures with alpha, uint8 (4, h, w) of the data's size: what is opaque was drawn.

        Raises:
            BadRequest: pictures of another size, or nothing was drawn.
        """
        c, h, w = spec.shape
        for drawn in (paint, edges):
            if drawn is not None and drawn.shape != (4, h, w):
                raise BadRequest(
                    f"what is painted has 4 channels, {h} x {w}, as the samples; got {(*drawn.shape,)}"
                )
        none = torch.zeros(4, h, w, dtype=torch.uint8)
        rgba = (none if paint is None else paint).float() / 255
        lines = None if edges is None else (edges[3] > 127).float()
        strokes = cls(_channels(rgba[:3], c) * 2 - 1, rgba[3] > 0.5, lines)
        if not (strokes.mask.any() or (lines is not None and lines.any())):
            raise BadRequest("nothing was painted: every pixel of the picture is transparent")
        return strokes

    def over(self, other: "Strokes") -> "Strokes":
        """These strokes, and the other's where these painted nothing."""
        color = torch.where(self.mask, self.color, other.color)
        return Strokes(color, self.mask | other.mask, other.edges if self.edges is None else self.edges)


def warped(x: Tensor, start: tuple[float, float], end: tuple[float, float], radius: float) -> Strokes:
    """The strokes of a warp: the disc of a sample around `start`, put down around `end`.

    Args:
        x: (c, h, w) the sample.
        start, end: (column, row) in pixels from the upper left corner; the way is rounded to whole pixels.
        radius: of the disc, in pixels.

    Raises:
        BadRequest: no pixel of the disc lies in the picture where it was and where it comes to.
    """
    h, w = x.shape[1:]
    right, down = (round(b - a) for a, b in zip(start, end))
    rows, columns = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
    row, column = rows - down, columns - right  # where each pixel comes from
    there = (row >= 0) & (row < h) & (column >= 0) & (column < w)
    mask = there & ((column + 0.5 - start[0]) ** 2 + (row + 0.5 - start[1]) ** 2 <= radius**2)
    if not mask.any():
        raise BadRequest(f"nothing of the disc lies in the picture, which is {h} x {w}")
    return Strokes(x.roll((down, right), (1, 2)), mask)


def _channels(rgb: Tensor, c: int) -> Tensor:
    """Colors (3, h, w) in [0, 1] in the channels of the data, opaque where these have alpha."""
    grey = (rgb * torch.tensor(GREY)[:, None, None]).sum(0, keepdim=True)
    color = rgb if c >= 3 else grey
    return torch.cat([color, torch.ones_like(grey)]) if c in (2, 4) else color


class Brushed(NamedTuple):
    """What the brush found, best first.

    Attributes:
        codes: (k, ...) z or styles.
        x: (k, c, h, w) their samples, on the processor.
        inside: (k,) mean squared color error in the painted pixels, over that of the sample that one began with.
        outside: (k,) mean squared change of the other pixels, over that which random codes make.
    """

    codes: Tensor
    x: Tensor
    inside: Tensor
    outside: Tensor


def brush(
    game: Game,
    code: Tensor,
    strokes: Strokes,
    space: Space = "z",
    label: int | None = None,
    *,
    steps: int = STEPS,
    starts: int = STARTS,
    shown: int = SHOWN,
    close: float = CLOSE,
    seed: int = 0,
) -> Brushed:
    """The samples nearest to a code that look as painted.

    Args:
        game: as `opening.load` gives it: frozen, in evaluation mode.
        code: (1, ...) the code of the sample that was painted on: z, or styles (1, layers, d).
        label: the class of the sample, of a game that is told classes.
        starts: the code itself, and others near it.
        shown: how many of them are returned.
        close: the weight of the distance to the code.

    Raises:
        BadRequest: a game whose codes cannot be followed back, or strokes of another size.
    """
    require_invertible(game, space)
    before = decoded(game, code, space, label)
    if before.shape[1:] != strokes.color.shape:
        raise BadRequest(
            f"this game makes {tuple(before.shape[1:])}; painted was {tuple(strokes.color.shape)}"
        )
    cost = _Cost(game, code, strokes, space, label, close)
    with seeded(game, seed):
        noise = AROUND * torch.randn(starts, *code.shape[1:]).to(code)
    noise[0] = 0
    painted = float(strokes.mask.float().mean())
    epsilon = EPSILON * (1 - painted**2) + 1e-8
    u = _descended(cost, cost.middle + noise, steps, epsilon)
    with torch.no_grad():
        best = cost(u).argsort()[:shown]
    codes = cost.code(u[best])
    x = decoded(game, codes, space, label)
    others = decoded(game, of_seeds(game, range(seed + 1, seed + 33), space, label), space, label)
    return Brushed(codes, x, *shares(before, x, others, strokes))


class _Cost:
    """The sum that is lowered, for each whitened code: (n, ...) -> (n,)."""

    def __init__(
        self, game: Game, code: Tensor, strokes: Strokes, space: Space, label: int | None, close: float
    ):
        self.game, self.strokes, self.space, self.label, self.close = game, strokes, space, label, close
        self.known = typical(game, space)
        self.middle = (code - self.known.mean) / self.known.std  # (1, ...)

    def code(self, u: Tensor) -> Tensor:
        return self.known.mean + self.known.std * u

    def __call__(self, u: Tensor) -> Tensor:
        told = given_labels(self.game, len(u), self.label).get("label") if self.space == "z" else None
        x, strokes = decode(self.game, self.code(u), self.space, told).float(), self.strokes
        cost = self.close * (u - self.middle).square().flatten(1).mean(1)
        if strokes.mask.any():
            cost = cost + masked(x, strokes.color.to(x), strokes.mask.to(x.device))
        if strokes.edges is not None:
            cost = cost + EDGE * edge_error(x, strokes.edges.to(x))
        return cost


def _descended(cost: _Cost, start: Tensor, steps: int, epsilon: float) -> Tensor:
    """Where Adam comes to from each of the starts: (n, ...)."""
    u = nn.Parameter(start.clone())
    optimizer = Adam([u], lr=RATE, betas=(0.9, 0.999), eps=epsilon, weight_decay=0.0)
    for _ in range(steps):
        with torch.enable_grad():
            (u.grad,) = torch.autograd.grad(cost(u).sum(), u)
        optimizer.step()
    return u.detach()


def masked(x: Tensor, y: Tensor, mask: Tensor) -> Tensor:
    """The mean squared difference in the masked pixels: (n, c, h, w), (c, h, w) or alike, (h, w) -> (n,)."""
    return ((x - y).square() * mask).sum((1, 2, 3)) / (mask.sum() * x.shape[1]).clamp(min=1)


def edge_error(x: Tensor, lines: Tensor) -> Tensor:
    """How differently edges run where lines were drawn: (n, c, h, w), (h, w) -> (n,)."""
    cell = max(2, min(CELL, min(lines.shape) // 4))
    drawn = orientations(lines[None], cell)  # (1, 8, rows, columns)
    there = F.max_pool2d(lines[None, None], cell, ceil_mode=False)[0, 0] > 0
    apart = (orientations(grey(x), cell) - drawn).square().sum(1)
    return (apart * there).sum((1, 2)) / there.sum().clamp(min=1)


def grey(x: Tensor) -> Tensor:
    """(n, c, h, w) -> (n, h, w)."""
    return (x[:, :3] * x.new_tensor(GREY)[:, None, None]).sum(1) if x.shape[1] >= 3 else x[:, 0]


def orientations(x: Tensor, cell: int) -> Tensor:
    """Histograms of the orientation of slopes in square cells: (n, h, w) -> (n, 8, h // cell, w // cell), of norm 1.

    A slope counts for the orientations near its own by the cosine of twice the angle between them.
    """
    dx, dy = x[:, :, 1:] - x[:, :, :-1], x[:, 1:] - x[:, :-1]
    dx, dy = F.pad(dx, (0, 1)), F.pad(dy, (0, 0, 0, 1))
    size = (dx.square() + dy.square() + 1e-8).sqrt()
    double = torch.stack(
        [(dx.square() - dy.square()) / size, 2 * dx * dy / size], 1
    )  # |slope| · (cos 2θ, sin 2θ)
    angle = 2 * torch.pi * torch.arange(ORIENTATIONS).to(x) / ORIENTATIONS
    along = torch.einsum("nahw,oa->nohw", double, torch.stack([angle.cos(), angle.sin()], 1)).relu()
    cells = F.avg_pool2d(along, cell)
    return cells / (cells.square().sum(1, keepdim=True) + 1e-4).sqrt()


def shares(before: Tensor, after: Tensor, others: Tensor, strokes: Strokes) -> tuple[Tensor, Tensor]:
    """The share of the color error that is left inside of the mask, and of a random code's change outside of it.

    Args:
        before: (1, c, h, w) the sample that was painted on.
        after: (k, c, h, w) what was found.
        others: (m, c, h, w) samples of random codes.

    Returns:
        (k,) and (k,); a share of nothing is 0.
    """
    out = ~strokes.mask
    at_first = masked(before, strokes.color, strokes.mask)
    random = masked(others, before[0], out).mean()
    inside, outside = masked(after, strokes.color, strokes.mask), masked(after, before[0], out)
    share = lambda part, whole: part / whole if whole > 1e-12 else torch.zeros_like(part)
    return share(inside, at_first), share(outside, random)


def painted(before: Tensor, strokes: Strokes) -> Tensor:
    """A sample (c, h, w) with the strokes over it."""
    x = torch.where(strokes.mask, strokes.color, before)
    return x if strokes.edges is None else torch.where(strokes.edges > 0, -x.sign(), x)
