"""A scatter plot: samples over real data, with the modes of the data."""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from rivalry.errors import BadRequest

Array = NDArray[np.float64]
Color = tuple[int, int, int]

SIDE = 440  # pixels of the frame
BORDER, TOP, BELOW = 48, 16, 58
FINE = 2  # drawn so many times larger, then reduced, for smooth edges
SAMPLE, REAL, INK, PALE = (38, 98, 170), (176, 180, 186), (34, 38, 44), (196, 200, 206)
CLASSES: tuple[Color, ...] = (
    (38, 98, 170),
    (201, 106, 32),
    (60, 136, 82),
    (178, 58, 72),
    (122, 92, 160),
    (128, 96, 72),
    (196, 110, 160),
    (112, 118, 126),
    (150, 146, 40),
    (40, 150, 165),
)


def scatter(
    x: Tensor,
    *,
    real: Tensor | None = None,
    modes: Tensor | None = None,
    labels: Tensor | None = None,
    classes: tuple[str, ...] = (),
) -> Image.Image:
    """Points as dots, denser where darker, on equal axes.

    If real data or modes are given, the frame shows all of them, so that pictures of different times can be compared.
    Else it shows nearly all samples.  The caption counts the samples outside of the frame.

    Args:
        x: (n, d), n >= 1.  With d > 2 the first two coordinates are shown; with d = 1, points on a line.
        real: (m, d), drawn in grey, below the samples.
        modes: (k, d), small circles.
        labels: (n,), int: a color for each class.
        classes: their names.

    Raises:
        BadRequest: x is not a table of points.
    """
    if x.ndim != 2 or len(x) == 0:
        raise BadRequest(f"expected points (n, d) with n >= 1, got {tuple(x.shape)}")
    points = _plane(x)
    behind = [_plane(rows) for rows in (real, modes) if rows is not None and len(rows)]
    center, half = _window(np.concatenate(behind) if behind else points, exact=bool(behind))

    def place(xy: Array) -> Array:
        """Coordinates -> pixels of the fine canvas, y upward."""
        return (np.array([1, -1]) * (xy - center) / half + 1) * (SIDE * FINE / 2)

    canvas = np.full((SIDE * FINE, SIDE * FINE, 3), 255.0)
    if real is not None and len(real):
        _dots(canvas, place(_plane(real)), REAL, len(real))
    for color, members in _colored(labels, len(points)):
        _dots(canvas, place(points[members]), color, len(points))
    frame = Image.fromarray(canvas.round().astype(np.uint8))
    if modes is not None:
        _circles(frame, place(_plane(modes)))
    # NaN compares false, so such a point counts as outside
    outside = int((~(np.abs(points - center) <= half).all(axis=1)).sum())
    return _page(
        frame.reduce(FINE), center, half, _legend(len(points), outside, real, modes, labels, classes)
    )


def _plane(x: Tensor) -> Array:
    """(n, d) -> (n, 2)."""
    flat = x.detach().cpu().double()[:, :2]
    return torch.nn.functional.pad(flat, (0, 2 - flat.shape[1])).numpy()


def _window(points: Array, exact: bool) -> tuple[Array, float]:
    """Center and half side of a square that holds all points, or all but the furthest 1 %."""
    points = points[np.isfinite(points).all(axis=1)]
    if len(points) == 0:
        return np.zeros(2), 1.0
    low, high = np.quantile(points, (0.0, 1.0) if exact else (0.005, 0.995), axis=0)
    half = float(np.max(high - low)) / 2
    return (low + high) / 2, 1.08 * half if half > 1e-9 else 1.0


def _colored(labels: Tensor | None, n: int) -> list[tuple[Color, NDArray[np.bool_]]]:
    if labels is None:
        return [(SAMPLE, np.ones(n, dtype=bool))]
    numbers = labels.numpy()
    return [(CLASSES[label % len(CLASSES)], numbers == label) for label in np.unique(numbers).tolist()]


def _dots(canvas: Array, pixels: Array, color: Color, n: int) -> None:
    """Draw discs of `color` on the canvas.  Where k of them overlap, the opacity is 1 - (1 - opacity)^k."""
    size = len(canvas)
    pixels = pixels[np.isfinite(pixels).all(axis=1)]
    near = ((pixels > -FINE * 4) & (pixels < size + FINE * 4)).all(axis=1)
    at = pixels[near].round().astype(np.int64)
    radius = FINE * (2.4 if n <= 500 else 1.6)
    reach = range(-math.ceil(radius), math.ceil(radius) + 1)
    disc = np.array([(dx, dy) for dx in reach for dy in reach if dx * dx + dy * dy <= radius * radius])
    covered = (at[:, None] + disc).reshape(-1, 2)
    column, row = covered[((covered >= 0) & (covered < size)).all(axis=1)].T
    count = np.bincount(row * size + column, minlength=size * size)
    inked = count.nonzero()[0]  # few of all pixels
    opacity = min(0.7, 30 / math.sqrt(n))
    shown = (1 - (1 - opacity) ** np.arange(count.max() + 1.0))[count[inked], None]
    flat = canvas.reshape(-1, 3)
    flat[inked] += shown * (np.array(color) - flat[inked])


def _circles(frame: Image.Image, pixels: Array) -> None:
    draw, r, s = ImageDraw.Draw(frame), 5.5 * FINE, 6.5 * FINE
    for x, y in pixels[np.isfinite(pixels).all(axis=1)].tolist():
        draw.ellipse((x - s, y - s, x + s, y + s), outline="white", width=3 * FINE)
        draw.ellipse((x - r, y - r, x + r, y + r), outline=INK, width=FINE)


def _legend(
    n: int,
    outside: int,
    real: Tensor | None,
    modes: Tensor | None,
    labels: Tensor | None,
    classes: tuple[str, ...],
) -> list[tuple[Color | None, str]]:
    """The entries of the caption: (color of the dot, or None for a circle; words)."""
    entries: list[tuple[Color | None, str]] = []
    far = f", {outside:,} outside the frame" if outside else ""
    if labels is None:
        entries.append((SAMPLE, f"{n:,} samples{far}"))
    else:
        for label in np.unique(labels.numpy()).tolist():
            name = classes[label] if 0 <= label < len(classes) else str(label)
            entries.append((CLASSES[label % len(CLASSES)], name))
        entries.append((INK, f"{n:,} samples{far}"))
    if real is not None:
        entries.append((REAL, "data"))
    if modes is not None:
        entries.append((None, f"{len(modes):,} modes"))
    return entries


def _page(
    frame: Image.Image, center: Array, half: float, legend: list[tuple[Color | None, str]]
) -> Image.Image:
    page = Image.new("RGB", (SIDE + BORDER + TOP, SIDE + TOP + BELOW), "white")
    page.paste(frame, (BORDER, TOP))
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(size=12)
    draw.rectangle((BORDER - 1, TOP - 1, BORDER + SIDE, TOP + SIDE), outline=PALE)
    for axis, sign in ((0, 1), (1, -1)):
        for value in _ticks(center[axis] - half, center[axis] + half):
            at = (sign * (value - center[axis]) / half + 1) * SIDE / 2
            word = f"{value:.6g}"
            if axis == 0:
                draw.line((BORDER + at, TOP + SIDE, BORDER + at, TOP + SIDE + 4), fill=PALE)
                draw.text((BORDER + at, TOP + SIDE + 7), word, fill=INK, font=font, anchor="ma")
            else:
                draw.line((BORDER - 5, TOP + at, BORDER - 1, TOP + at), fill=PALE)
                draw.text((BORDER - 9, TOP + at), word, fill=INK, font=font, anchor="rm")
    x, y = float(BORDER), TOP + SIDE + 40
    for color, words in legend:
        if x + 14 + font.getlength(words) > BORDER + SIDE:
            break  # more classes than one line holds
        draw.ellipse((x, y - 4, x + 8, y + 4), fill=color, outline=color or INK)
        draw.text((x + 14, y), words, fill=INK, font=font, anchor="lm")
        x += 14 + font.getlength(words) + 18
    return page


def _ticks(low: float, high: float) -> list[float]:
    """About five round values between low and high."""
    raw = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * k for k in (1, 2, 5, 10) if power * k >= raw)
    return [k * step + 0.0 for k in range(math.ceil(low / step), math.floor(high / step) + 1)]
