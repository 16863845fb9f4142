"""Places of a graph's nodes in the plane, and a drawing of it."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Array = NDArray[np.float64]
TURNS = 60
FINE = 2  # drawn so many times larger, then reduced


def placed(a: Array) -> Array:
    """Places in [0, 1]², joined nodes near each other (Fruchterman & Reingold 1991): (v, v) -> (v, 2).

    The same graph has the same places: the nodes begin on a circle.
    """
    v = len(a)
    angle = 2 * np.pi * np.arange(v) / v
    at = np.stack([np.cos(angle), np.sin(angle)], 1)
    natural = 2 / v**0.5  # the distance at which attraction and repulsion are equal
    for turn in range(TURNS):
        apart = at[:, None] - at[None]
        distance = np.maximum(np.sqrt((apart**2).sum(2)), 1e-3)
        pull = natural**2 / distance**2 - a * distance / natural - 0.05 * distance
        moved = (apart * pull[..., None]).sum(1)
        length = np.maximum(np.sqrt((moved**2).sum(1, keepdims=True)), 1e-9)
        at = at + moved / length * np.minimum(length, 0.3 * (1 - turn / TURNS))
    low, high = at.min(0), at.max(0)
    return (at - low) / np.maximum(high - low, 1e-9)


def drawing(a: Array, side: int) -> Image.Image:
    """The graph as dots and lines, dark on white: (v, v) -> side x side, grey."""
    at = 4 * FINE + placed(a) * (side - 8) * FINE
    image = Image.new("L", (side * FINE, side * FINE), 255)
    draw = ImageDraw.Draw(image)
    for i, j in np.argwhere(np.triu(a, 1) > 0):
        draw.line([*at[i], *at[j]], fill=150, width=1)
    dot = max(1.0, min(3.0, 40 / len(a))) * FINE
    for x, y in at:
        draw.ellipse([x - dot, y - dot, x + dot, y + dot], fill=30)
    return image.resize((side, side), Image.Resampling.LANCZOS)
