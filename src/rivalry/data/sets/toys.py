"""Data made from a seed, whose distribution is known exactly: points in the plane, and triangles.

Every function gives the same table for the same arguments on every machine.  The two splits of a name are two
draws from one distribution, with the seeds of `SPLITS`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest

Array = np.ndarray

SPLITS = {"train": (100_000, 0), "test": (10_000, 1)}  # how many points, from which seed


@dataclass(frozen=True)
class Modes:
    """The modes of a mixture of equally likely round Gaussians.

    Attributes:
        centers: (k, d) float32.
        std: the standard deviation of each mode along every axis.
    """

    centers: Tensor
    std: float


def ring(n: int = 100_000, seed: int = 0) -> Dataset:
    """8 Gaussians of deviation 0.01, evenly on the circle of radius 1; the label is the mode.

    The circle is divided by 8, not by 7: `linspace(0, 2π, 8)` with its end point, as in a well-known
    notebook, puts two modes in one place.
    """
    angle = 2 * np.pi * np.arange(8) / 8
    return _mixture("ring", np.stack([np.cos(angle), np.sin(angle)], 1), 0.01, n, seed)


def grid(n: int = 100_000, seed: int = 0) -> Dataset:
    """25 Gaussians of deviation 0.05 at {-4, -2, 0, 2, 4}²; the label is the mode."""
    side = np.array([-4.0, -2.0, 0.0, 2.0, 4.0])
    centers = np.stack(np.meshgrid(side, side, indexing="ij"), -1).reshape(25, 2)
    return _mixture("grid", centers, 0.05, n, seed)


def spiral(n: int = 100_000, seed: int = 0, noise: float = 0.03) -> Dataset:
    """Two arms of an Archimedean spiral of one and a half turns, radius 0.2 to 2; the label is the arm.

    Args:
        noise: deviation of each coordinate from its arm.
    """
    draw = np.random.default_rng(seed)
    arm = draw.integers(2, size=n)
    turn = np.sqrt(draw.random(n)) * 3 * np.pi  # the root: as many points on the outer turns as they are long
    angle = turn + np.pi * arm
    radius = 0.2 + 1.8 * turn / (3 * np.pi)
    x = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1) + noise * draw.standard_normal((n, 2))
    return _points("spiral", x, arm, ("arm 0", "arm 1"))


def moons(n: int = 100_000, seed: int = 0, noise: float = 0.05) -> Dataset:
    """Two half circles of radius 1 around (0, 0) and (1, 0.5), shifted to mean 0; the label is the moon.

    Args:
        noise: deviation of each coordinate from its half circle.
    """
    draw = np.random.default_rng(seed)
    moon = draw.integers(2, size=n)
    angle, sign = np.pi * draw.random(n), 1 - 2 * moon
    x = np.stack([moon + sign * np.cos(angle), 0.5 * moon + sign * np.sin(angle)], 1) - [0.5, 0.25]
    return _points("moons", x + noise * draw.standard_normal((n, 2)), moon, ("upper", "lower"))


def swiss_roll(n: int = 100_000, seed: int = 0, noise: float = 0.03) -> Dataset:
    """A line rolled up one and a half times, from radius 2/3 to 2, uniform in its angle; no labels.

    Args:
        noise: deviation of each coordinate from the line.
    """
    draw = np.random.default_rng(seed)
    angle = 1.5 * np.pi * (1 + 2 * draw.random(n))
    x = (2 * angle / (4.5 * np.pi))[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    return _points("swiss-roll", x + noise * draw.standard_normal((n, 2)))


def parallel_lines(n: int = 100_000, seed: int = 0, theta: float = 0.0) -> Dataset:
    """Points (θ, y), y uniform in [0, 1]: example 1 of Wasserstein GAN (Arjovsky et al. 2017, 1701.07875).

    The set "parallel-lines" is the real line, θ = 0.  For the fake line, call this function with another θ.
    W₁ between the two is |θ|, while their Jensen-Shannon divergence is log 2 for every θ but 0.

    Args:
        theta: the first coordinate of every point, kept in `facts["theta"]`.
    """
    y = np.random.default_rng(seed).random(n)
    dataset = _points("parallel-lines", np.stack([np.full(n, theta), y], 1))
    dataset.facts["theta"] = theta
    return dataset


def triangles(n: int = 10_000, seed: int = 0, size: int = 28) -> Dataset:
    """Draw white filled triangles on black, at random places and angles, with antialiased edges.

    The label is the shape: equilateral, or right-angled with two equal sides.  The distance from the center
    to a corner is uniform between 0.18 and 0.36 of the side, and the circle through the corners lies
    inside the image.

    Args:
        size: height and width in pixels.

    Returns:
        uint8 images (n, 1, size, size) with two classes.
    """
    draw = np.random.default_rng(seed)
    label = draw.integers(2, size=n)
    shape = (
        np.array([[0, 2 / 3, 4 / 3], [0, 0.5, 1]])[label] * np.pi
    )  # (n, 3) the corners' angles on a circle
    angle = shape + 2 * np.pi * draw.random((n, 1))
    radius = size * draw.uniform(0.18, 0.36, (n, 1))
    center = radius + (size - 2 * radius) * draw.random((n, 2))  # (n, 2) in pixels
    corners = center[:, None] + radius[..., None] * np.stack([np.cos(angle), np.sin(angle)], -1)  # (n, 3, 2)
    drawn = [_fill(part, size) for part in np.array_split(corners, max(1, n // 1000))]
    spec = Spec("triangles", "image", (1, size, size), ("equilateral", "right"))
    x = torch.from_numpy(np.concatenate(drawn)[:, None])
    return Dataset(spec, x, torch.from_numpy(label.astype(np.int64)), _facts())


TOYS: dict[str, Callable[..., Dataset]] = {
    "ring": ring,
    "grid": grid,
    "spiral": spiral,
    "moons": moons,
    "swiss-roll": swiss_roll,
    "parallel-lines": parallel_lines,
    "triangles": triangles,
}


def open_toy(name: str, split: str = "train") -> Dataset:
    """The toy of this name: 100,000 training and 10,000 test points, or 10,000 and 2,000 triangles.

    Raises:
        BadRequest: for a split that is neither "train" nor "test".
    """
    if split not in SPLITS:
        raise BadRequest(f"{name!r} has no split {split!r}; it has train and test")
    n, seed = SPLITS[split]
    if name == "triangles":
        n = 10_000 if split == "train" else 2_000
    return TOYS[name](n, seed)


def _mixture(name: str, centers: Array, std: float, n: int, seed: int) -> Dataset:
    draw = np.random.default_rng(seed)
    mode = draw.integers(len(centers), size=n)
    x = centers[mode] + std * draw.standard_normal((n, 2))
    dataset = _points(name, x, mode, tuple(f"mode {i}" for i in range(len(centers))))
    dataset.facts["modes"] = Modes(torch.from_numpy(centers.astype(np.float32)), std)
    return dataset


def _points(name: str, x: Array, label: Array | None = None, classes: tuple[str, ...] = ()) -> Dataset:
    table = torch.from_numpy(x.astype(np.float32))
    labels = None if label is None else torch.from_numpy(label.astype(np.int64))
    return Dataset(Spec(name, "points", (x.shape[1],), classes), table, labels, _facts())


def _facts() -> dict[str, object]:
    return {"source": "generated", "splits": tuple(SPLITS)}


def _fill(corners: Array, size: int) -> Array:
    """Paint triangles with these corners, given counterclockwise: (n, 3, 2) in pixels -> uint8 (n, size, size).

    A pixel's brightness is its signed distance from the nearest edge, clipped to half a pixel on each side.
    """
    start = corners.astype(np.float32)
    edge = np.roll(start, -1, axis=1) - start
    edge /= np.linalg.norm(edge, axis=-1, keepdims=True)
    at = np.arange(size, dtype=np.float32) + 0.5
    inside = np.full((len(corners), size, size), math.inf, np.float32)
    for k in range(3):
        (ex, ey), (sx, sy) = edge[:, k].T[:, :, None], start[:, k].T[:, :, None]
        across = ex[..., None] * (at - sy)[:, :, None] - ey[..., None] * (at - sx)[:, None, :]
        np.minimum(inside, across, out=inside)
    return np.rint(255 * np.clip(inside + 0.5, 0, 1)).astype(np.uint8)
