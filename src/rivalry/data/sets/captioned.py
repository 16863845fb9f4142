"""Pictures of one shape, each with a sentence that says its size, color, kind and place.

`captioned-shapes`: "a small red circle top left" beside 32 x 32 pixels.  Four colors, three kinds and four places make
    48 combinations, of two sizes each; the ground, dark or light, and the exact place are not said.  The splits
    "train" and "test" lack four of the combinations, and the split "withheld" holds nothing else: a model that
    understands the words by themselves draws those too.

They are drawn from a seed, the same on every machine; `read_captioned` reads the four attributes back from any picture.
"""

import numpy as np
import torch
from torch import Tensor

from rivalry.data.readers.text import encode
from rivalry.data.sets.shapes import (
    COLORS,
    GROUNDS,
    MARGIN,
    SHAPES,
    SIDE,
    SIZES,
    painted,
    reach_of,
    read_attributes,
    read_centers,
)
from rivalry.data.source import Column, Dataset, Spec
from rivalry.errors import BadRequest

Array = np.ndarray

KINDS_OF_SHAPE = SHAPES[:3]  # circle, square, triangle
PLACES = ("top left", "top right", "bottom left", "bottom right")
NAMES = {"color": tuple(COLORS), "shape": KINDS_OF_SHAPE, "size": tuple(SIZES), "place": PLACES}
WORDS = ["a", *SIZES, *COLORS, *KINDS_OF_SHAPE, "top", "bottom", "left", "right"]
COMBINATIONS = len(COLORS) * len(KINDS_OF_SHAPE) * len(PLACES)
WITHHELD = 4
CLEAR = 2.5  # pixels from the middle of the picture to the center of a shape, at least, in both directions
SPLITS = {  # how many pictures, from which seed, and whether they are those of the withheld combinations
    "train": (10_000, 0, False),
    "test": (2_000, 1, False),
    "withheld": (2_000, 2, True),
}


def open_captioned(name: str, split: str = "train") -> Dataset:
    """The set "captioned-shapes".

    Raises:
        BadRequest: for a split that is none of "train", "test" and "withheld".
    """
    if split not in SPLITS:
        raise BadRequest(f"{name!r} has no split {split!r}; it has train, test and withheld")
    n, seed, only = SPLITS[split]
    return captioned_shapes(n, seed, only=only)


def captioned_shapes(
    n: int = 10_000, seed: int = 0, *, withheld: int = WITHHELD, only: bool = False
) -> Dataset:
    """Shapes and the sentences that say what they are; every combination that is not withheld is equally likely.

    Args:
        withheld: how many of the 48 combinations of color, kind and place are left out.
        only: draw from the combinations that are left out, and from no others.

    Returns:
        uint8 (n, 3, 32, 32); the column "caption" holds tokens (n, 7).  Columns "color", "shape", "size" and "place",
        int64 (n,), with the names of their values in `facts["attributes"]`; `facts["read"]` reads them from pictures.

    Raises:
        BadRequest: no combination is left to draw from.
    """
    out = withheld_combinations(withheld)
    every = [(color, shape, place) for color in range(4) for shape in range(3) for place in range(4)]
    allowed = np.array([one for one in every if (one in out) == only])
    if not len(allowed):
        raise BadRequest(f"with {withheld} of {COMBINATIONS} combinations withheld, nothing is left to draw")
    draw = np.random.default_rng(seed)
    color, shape, place = allowed[draw.integers(len(allowed), size=n)].T
    size = draw.integers(len(SIZES), size=n)
    ground = np.array(GROUNDS, np.float32)[draw.integers(len(GROUNDS), size=n)]
    x = painted(color, shape, size, ground, _centers(shape, size, place, draw))
    values = {"color": color, "shape": shape, "size": size, "place": place}
    columns = {name: torch.from_numpy(value.astype(np.int64)) for name, value in values.items()}
    columns["caption"] = encode([sentence(*row) for row in zip(size, color, shape, place)], WORDS, 7)
    facts = {"source": "generated", "splits": tuple(SPLITS), "attributes": NAMES, "read": read_captioned}
    caption = Column("tokens", (7,), {"vocabulary": WORDS, "join": " "})
    spec = Spec("captioned-shapes", "image", (3, SIDE, SIDE), extra={"caption": caption})
    return Dataset(spec, torch.from_numpy(x), None, facts, columns)


def withheld_combinations(n: int) -> set[tuple[int, int, int]]:
    """The first `n` of all combinations (color, kind, place), in an order in which neighbors share nothing."""
    if not 0 <= n <= COMBINATIONS:
        raise BadRequest(f"of {COMBINATIONS} combinations 0 to {COMBINATIONS} are withheld; asked for {n}")
    return {(k % 4, k % 3, (k + k // 12 + 1) % 4) for k in range(n)}


def sentence(size: int, color: int, shape: int, place: int) -> list[str]:
    """The words of a picture: a small red circle top left."""
    said = [[*SIZES][size], [*COLORS][color], KINDS_OF_SHAPE[shape]]
    return ["a", *said, *PLACES[place].split()]


def read_captioned(x: Tensor) -> dict[str, Tensor]:
    """The four attributes of the one shape in each picture, as numbers of their names.

    The place is the quarter of the picture in which the centroid lies; see `read_attributes` for the others.  A
    cross, which no sentence names, is a shape of its own.

    Args:
        x: (n, 3, 32, 32) in [-1, 1].

    Returns:
        "color", "shape", "size" and "place", int64 (n,).
    """
    right, down = (read_centers(x) > 0).long().T
    return {**read_attributes(x), "place": 2 * down + right}


def _centers(shape: Array, size: Array, place: Array, draw: np.random.Generator) -> Array:
    """A center for each shape, so that all of it lies in the picture and the center in its quarter: (n, 2)."""
    reach = reach_of(shape, size)  # (n, 2, 2)
    far = np.stack([place % 2, place // 2], 1) == 1  # on the right, below
    low = np.where(far, SIDE / 2 + CLEAR, MARGIN - reach[..., 0])
    high = np.where(far, SIDE - MARGIN - reach[..., 1], SIDE / 2 - CLEAR)
    return low + (high - low) * draw.random(low.shape)
