"""Small pictures whose content is known by construction, and rules that read this content from any picture.

`shapes`: one filled shape on a plain ground; its color, shape and size are known, its place varies.  Measurements
    of translation and editing read them from pictures with `read_attributes`.
`marks`: two small marks at the ends of a long picture whose colors agree, which no patch of half its length shows.
    `consistent` tells whether they do.

Both are drawn from a seed and are the same on every machine.  The two splits are two draws from one distribution.
"""

import math
from functools import cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest

Array = np.ndarray

SIDE = 32  # pixels of a picture of a shape
SPLITS = {"train": (10_000, 0), "test": (2_000, 1)}  # how many pictures, from which seed
FINE = 4  # points a pixel, in each direction, at which a shape is sampled

COLORS = {"red": (220, 40, 40), "green": (50, 170, 60), "blue": (50, 90, 220), "yellow": (240, 200, 40)}
SHAPES = ("circle", "square", "triangle", "cross")
SIZES = {"small": 60, "large": 170}  # square pixels, the same for every shape
GROUNDS = (32, 224)
MARGIN = 1.5  # pixels along the border that stay free

HUES = {
    "red": (230, 30, 30),
    "yellow": (220, 220, 20),
    "green": (30, 200, 40),
    "cyan": (20, 210, 220),
    "blue": (40, 60, 240),
    "magenta": (220, 40, 220),
}
HIGH, WIDE = 8, 48  # pixels of a picture of marks
RADIUS = 2.0  # pixels, of a mark
STRIP = 8  # pixels from the left and from the right border within which a mark lies


def open_shapes(name: str, split: str = "train") -> Dataset:
    """The set "shapes" or "marks": 10,000 training and 2,000 test pictures.

    Raises:
        BadRequest: for a split that is neither "train" nor "test".
    """
    if split not in SPLITS:
        raise BadRequest(f"{name!r} has no split {split!r}; it has train and test")
    return {"shapes": shapes, "marks": marks}[name](*SPLITS[split])


def shapes(n: int = 10_000, seed: int = 0) -> Dataset:
    """Draw one filled shape on a plain ground, dark or light, at a random place, with antialiased edges.

    Every combination of color, shape, size and ground is equally likely, and all shapes of one size cover the
    same area.

    Returns:
        uint8 (n, 3, 32, 32); the label is the color.  Columns "color", "shape" and "size", int64 (n,), with the
        names of their values in `facts["attributes"]`.
    """
    draw = np.random.default_rng(seed)
    color, shape, size = (draw.integers(len(names), size=n) for names in (COLORS, SHAPES, SIZES))
    ground = np.array(GROUNDS, np.float32)[draw.integers(len(GROUNDS), size=n)]
    reach = reach_of(shape, size)
    center = (
        MARGIN - reach[..., 0] + (SIDE - 2 * MARGIN - reach[..., 1] + reach[..., 0]) * draw.random((n, 2))
    )
    x = painted(color, shape, size, ground, center)
    return _dataset(
        "shapes",
        x,
        {"color": (color, tuple(COLORS)), "shape": (shape, SHAPES), "size": (size, tuple(SIZES))},
    )


def marks(n: int = 10_000, seed: int = 0) -> Dataset:
    """Draw two round marks of one color on plain grey, one near the left border and one near the right.

    The distance between them is at least 32 pixels.  Their heights are independent of each other; the grey is uniform
    from 96 to 160 for the whole picture.

    Returns:
        uint8 (n, 3, 8, 48); the label is the color, and so is the column "color", int64 (n,).
    """
    draw = np.random.default_rng(seed)
    color = draw.integers(len(HUES), size=n)
    grey = draw.uniform(96, 160, (n, 1, 1))
    room = STRIP - 2 * RADIUS - 2 * MARGIN
    across = MARGIN + RADIUS + room * draw.random((2, n))
    down = MARGIN + RADIUS + (HIGH - 2 * RADIUS - 2 * MARGIN) * draw.random((2, n))
    ink, scale = np.array([*HUES.values()])[color], np.full(n, RADIUS * np.pi**0.5)
    places = np.stack([across[0], down[0]], 1), np.stack([WIDE - across[1], down[1]], 1)
    layers = [(_coverage("circle", place, scale, (HIGH, WIDE)), ink) for place in places]
    x = _paint(grey.astype(np.float32), layers)
    return _dataset("marks", x, {"color": (color, tuple(HUES))})


def reach_of(shape: Array, size: Array) -> Array:
    """How far shapes reach from their centroids, in pixels: (n, 2, 2), (left, right) and (top, bottom)."""
    scale = np.sqrt(np.array([*SIZES.values()], np.float32))[size]
    return np.array([_REACH[name] for name in SHAPES], np.float32)[shape] * scale[:, None, None]


def painted(color: Array, shape: Array, size: Array, ground: Array, center: Array) -> Array:
    """Pictures of one shape each: uint8 (n, 3, 32, 32).

    Args:
        color, shape, size: (n,) numbers of their names.
        ground: (n,) grey, 0 to 255.
        center: (n, 2) the centroid across and down, in pixels.
    """
    scale = np.sqrt(np.array([*SIZES.values()], np.float32))[size]
    covered = np.empty((len(color), SIDE, SIDE), np.float32)
    for kind, name in enumerate(SHAPES):
        mine = np.nonzero(shape == kind)[0]
        covered[mine] = _coverage(name, center[mine], scale[mine])
    return _paint(ground[:, None, None], [(covered, np.array([*COLORS.values()])[color])])


def read_attributes(x: Tensor) -> dict[str, Tensor]:
    """Read the color, the shape and the size of the one shape in each picture, as numbers of their names.

    The ground is the median of the border; the shape is where the difference from it is more than half of the largest.
    The size follows from the area.  To find which shape it is, it is moved and
    scaled so that its centroid is 0 and its area 1, and correlated with each known shape at two strengths of
    blur.  A picture without a shape gets an answer too.

    Args:
        x: (n, 3, 32, 32) in [-1, 1].

    Returns:
        "color", "shape" and "size", int64 (n,).
    """
    ground, ink, share = _seen(x)
    frame, area = _frame(share)
    return {
        "color": torch.cdist(ground + ink, _levels(COLORS).to(x)).argmin(1),
        "shape": (frame @ _templates().to(x).T).argmax(1) % len(SHAPES),
        "size": (area > np.prod([*SIZES.values()]) ** 0.5).long(),
    }


def read_centers(x: Tensor) -> Tensor:
    """The centroid of the one shape in each picture, across and down: (n, 3, 32, 32) -> (n, 2) in [-1, 1]."""
    return _placed(_seen(x)[2])[2]


def _seen(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The color of the ground (n, 3), that of the shape less the ground's (n, 3), and the shape (n, 32, 32)."""
    _refuse_other_pictures(x, (SIDE, SIDE))
    border = torch.cat([x[..., 0, :], x[..., -1, :], x[..., 1:-1, 0], x[..., 1:-1, -1]], 2)  # (n, 3, 124)
    ground = border.median(2).values
    away = x - ground[..., None, None]
    strength = _mean3(away.norm(dim=1))
    core = (strength > 0.75 * _most(strength)).to(x)[:, None]
    ink = (away * core).sum((2, 3)) / core.sum((2, 3))  # (n, 3) of the shape, seen from the ground
    return ground, ink, torch.einsum("nchw,nc->nhw", away, ink)  # in this direction alone noise has mean 0


def consistent(x: Tensor) -> Tensor:
    """Whether a picture has a colored mark near its left border, one near its right, and their colors agree.

    A mark is the place in its strip with the largest mean distance from grey over 5 x 5 pixels.  There is no
    mark if this distance is less than half of that of the palest mark.  Its color is the nearest in direction.

    Args:
        x: (n, 3, 8, 48) in [-1, 1].

    Returns:
        bool (n,).
    """
    _refuse_other_pictures(x, (HIGH, WIDE))
    chroma = F.avg_pool2d(x - x.mean(1, keepdim=True), 5, 1)  # (n, 3, 4, 44)
    hues = _levels(HUES).to(x)
    hues = hues - hues.mean(1, keepdim=True)
    found, colors = [], []
    for strip in (chroma[..., : STRIP - 4], chroma[..., -(STRIP - 4) :]):
        places = strip.flatten(2)  # (n, 3, places)
        strength, best = places.norm(dim=1).max(1)
        mark = places.gather(2, best[:, None, None].expand(-1, 3, 1))[..., 0]  # (n, 3)
        found.append(strength > 0.5 * hues.norm(dim=1).min() * np.pi * RADIUS**2 / 25)
        colors.append((mark @ F.normalize(hues).T).argmax(1))
    return found[0] & found[1] & (colors[0] == colors[1])


# ---------------------------------------------------------------------- drawing

_ROOT3 = 3**0.5
_ARM = 5**-0.5  # width of a cross of area 1, whose arms are as long as wide
_TALL = 3**0.25  # height of an equilateral triangle of area 1
_REACH = {  # of a shape of area 1 from its centroid: (left, right), (top, bottom)
    "circle": ((-(np.pi**-0.5), np.pi**-0.5),) * 2,
    "square": ((-0.5, 0.5),) * 2,
    "triangle": ((-_TALL / _ROOT3, _TALL / _ROOT3), (-_TALL * 2 / 3, _TALL / 3)),
    "cross": ((-1.5 * _ARM, 1.5 * _ARM),) * 2,
}


def _inside(shape: str, u: Array, v: Array) -> Array:
    """Whether points lie in a shape of area 1 with its centroid at 0; v points down."""
    if shape == "circle":
        return u**2 + v**2 < 1 / np.pi
    if shape == "square":
        return (abs(u) < 0.5) & (abs(v) < 0.5)
    if shape == "triangle":
        return (v < _TALL / 3) & (abs(u) < (v + _TALL * 2 / 3) / _ROOT3)
    wide, narrow = 1.5 * _ARM, 0.5 * _ARM
    return ((abs(u) < narrow) & (abs(v) < wide)) | ((abs(u) < wide) & (abs(v) < narrow))


def _coverage(shape: str, center: Array, scale: Array, size: tuple[int, int] = (SIDE, SIDE)) -> Array:
    """The share of every pixel that a shape covers: (n, *size).

    Args:
        center: (n, 2), its centroid across and down, in pixels.
        scale: (n,), the root of its area, in pixels.
    """
    reach = np.abs(_REACH[shape]).max() * scale.max(initial=0)
    wide = min(*size, 2 + math.ceil(2 * reach))  # pixels of the window that alone is computed
    corner = np.floor(center - wide / 2).astype(int).clip(0, np.array(size[::-1]) - wide)
    at = (np.arange(wide * FINE) + 0.5) / FINE
    u, v = ((corner[:, axis, None] + at - center[:, axis, None]) / scale[:, None] for axis in (0, 1))
    covered = np.zeros((len(center), *size), np.float32)
    for part in np.array_split(np.arange(len(center)), 1 + len(center) // 250):
        inside = _inside(shape, u[part, None].astype(np.float32), v[part][..., None].astype(np.float32))
        rows = inside.view(np.uint8).reshape(-1, wide, FINE, wide * FINE).sum(2, dtype=np.uint8)
        across, down = (corner[part, axis, None] + np.arange(wide) for axis in (0, 1))
        share = rows.reshape(-1, wide, wide, FINE).sum(3) / FINE**2
        covered[part[:, None, None], down[..., None], across[:, None]] = share
    return covered


def _paint(ground: Array, layers: list[tuple[Array, Array]]) -> Array:
    """Paint layers of coverage (n, h, w) and color (n, 3) on a grey ground (n, h or 1, w or 1): uint8 (n, 3, h, w)."""
    x = np.empty((len(ground), 3, *layers[0][0].shape[1:]), np.uint8)
    for part in np.array_split(np.arange(len(x)), 1 + len(x) // 250):  # what fits a processor's cache
        painted = ground[part, None]
        for covered, color in layers:
            share = covered[part, None]
            painted = painted * (1 - share) + color[part, :, None, None].astype(np.float32) * share
        x[part] = np.rint(painted.clip(0, 255))
    return x


def _dataset(name: str, x: Array, attributes: dict[str, tuple[Array, tuple[str, ...]]]) -> Dataset:
    """A table with a column for each attribute (values, names); the label is the color."""
    columns = {column: torch.from_numpy(values) for column, (values, _) in attributes.items()}
    names = {column: values_of for column, (_, values_of) in attributes.items()}
    facts = {"source": "generated", "splits": tuple(SPLITS), "attributes": names}
    spec = Spec(name, "image", x.shape[1:], names["color"])
    return Dataset(spec, torch.from_numpy(x), columns["color"], facts, columns)


# ---------------------------------------------------------------------- reading


def _refuse_other_pictures(x: Tensor, size: tuple[int, int]) -> None:
    if x.shape[1:] != (3, *size):
        raise BadRequest(f"expected pictures (n, 3, {size[0]}, {size[1]}) in [-1, 1], got {tuple(x.shape)}")


def _levels(colors: dict[str, tuple[int, int, int]]) -> Tensor:
    """Colors as a game sees them: (colors, 3) in [-1, 1]."""
    return torch.tensor([*colors.values()]) / 127.5 - 1


def _mean3(value: Tensor) -> Tensor:
    return F.avg_pool2d(value[:, None], 3, 1, 1, count_include_pad=False)[:, 0]


def _most(value: Tensor) -> Tensor:
    """The mean of the 24 largest values (the smallest shape has 60 pixels): (n, h, w) -> (n, 1, 1)."""
    return value.flatten(1).topk(24, 1).values.mean(1)[:, None, None]


def _frame(share: Tensor) -> tuple[Tensor, Tensor]:
    """A shape in the frame of its own centroid and area, of mean 0 and length 1, and its area in pixels.

    Args:
        share: (n, 32, 32), up to a factor the share of every pixel that the shape covers.

    Returns:
        (n, 256) and (n,).
    """
    share, area, center = _placed(share)
    theta = torch.zeros(len(share), 2, 3).to(share)
    theta[:, 0, 0] = theta[:, 1, 1] = 0.9 * area.sqrt() * 2 / SIDE
    theta[:, :, 2] = center
    grid = F.affine_grid(theta, [len(share), 1, 16, 16], align_corners=False)
    frame = F.grid_sample(share[:, None], grid, align_corners=False).flatten(1)
    return F.normalize(frame - frame.mean(1, keepdim=True)), area


def _placed(share: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The share of each pixel, at most about 1 (n, 32, 32); the area in pixels (n,); the centroid (n, 2) in [-1, 1]."""
    share = _mean3(share)
    share = share / _most(share)
    inside = (share > 0.5).to(share)
    area = inside.sum((1, 2)).clamp(min=1)
    at = (torch.arange(SIDE).to(share) + 0.5) * 2 / SIDE - 1  # as `affine_grid` counts
    return share, area, torch.stack([inside.sum(1) @ at, inside.sum(2) @ at], 1) / area[:, None]


@cache
def _templates() -> Tensor:
    """Every shape as `_frame` gives it, in both sizes, blurred by 0.7 and by 1.5 pixels: (16, 256).

    Row i holds shape i mod the number of shapes.
    """
    rows = []
    for area in SIZES.values():
        one = [_coverage(name, np.full((1, 2), SIDE / 2), np.array([area**0.5])) for name in SHAPES]
        for sigma in (0.7, 1.5):
            kernel = torch.exp(-((torch.arange(-6, 7) / sigma) ** 2) / 2)
            kernel = torch.outer(kernel, kernel) / kernel.sum() ** 2
            blurred = F.conv2d(torch.from_numpy(np.stack(one)), kernel[None, None], padding=6)
            rows.append(_frame(blurred[:, 0])[0])
    return torch.cat(rows)
