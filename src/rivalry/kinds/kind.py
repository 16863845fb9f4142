"""What a kind of data says of itself: the questions that the rest of the package asks."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar

import torch
from PIL import Image
from torch import Tensor

if TYPE_CHECKING:
    from rivalry.data.source import Column, Dataset, Spec

Write = Callable[[Tensor, "Column", BinaryIO], None]


def in_full_precision(x: Tensor) -> Tensor:
    """Real numbers in float32, whatever precision they came in; whole numbers as they are."""
    return x.float() if x.is_floating_point() else x


def is_number(value: Any) -> bool:
    """A number, and not true or false."""
    return isinstance(value, int | float) and not isinstance(value, bool)


class Kind:
    """One kind of data.  A subclass answers what differs; its one instance stands in `rivalry.kinds.KINDS`.

    A column of the data (`Column`) has a kind, a shape, and `about`: what else the kind must know of these data,
    such as a vocabulary or a sampling rate, as a table of JSON's types.

    Attributes:
        name: as `Spec.kind` says it: "image".
        plural: for sentences: "images".
        dtype: of stored data.
        real: games see real numbers, of which a small step has a meaning; else whole numbers.
        bounded: games see and make values in [-1, 1].
        dims: how many axes a datum has.
        axes: how many axes the grid has that convolutions can walk: 2 for images.
        raw: the name of the features that are the data themselves.
        single: the ending of a file that holds one datum, for a folder of samples; "" where there is none.
        writes: ending of a file -> what writes samples to it; beside .png (a sheet) and .npz (arrays).
    """

    name: ClassVar[str]
    plural: ClassVar[str]
    dtype: ClassVar[torch.dtype] = torch.float32
    real: ClassVar[bool] = True
    bounded: ClassVar[bool] = False
    dims: ClassVar[int] = 1
    axes: ClassVar[int] = 0
    raw: ClassVar[str] = "values"
    single: ClassVar[str] = ""
    writes: ClassVar[dict[str, Write]] = {}

    # ------------------------------------------------------------------ stored, and seen by games

    def seen(self, stored: Tensor) -> Tensor:
        """Stored rows as games see them; what has been seen already stays as it is."""
        return stored

    def kept(self, x: Tensor) -> Tensor:
        """What games make, as it is stored: the inverse of `seen`."""
        return x.to(self.dtype)

    def refuse(self, x: Tensor, column: "Column") -> str:
        """Why these samples (n, ...), as games see them, are not of the kind and shape; "" where they are."""
        if tuple(x.shape[1:]) != tuple(column.shape):
            came, expected = (" x ".join(map(str, shape)) for shape in (x.shape[1:], column.shape))
            return f"they are {came}; expected {expected}"
        bad = int((~x.flatten(1).isfinite().all(1)).sum()) if x.is_floating_point() else 0
        return f"{bad:,} of {len(x):,} hold values that are not finite" if bad else ""

    def fits(self, shape: tuple[int, ...], about: dict[str, Any]) -> bool:
        """Whether a datum can have this shape, and this can be said about it.  Both may come from elsewhere."""
        return len(shape) == self.dims

    def places(self, shape: tuple[int, ...]) -> int:
        """How many places the grid of a datum of this shape has: a weight of a convolution is used at each."""
        return math.prod(shape[len(shape) - self.axes :])

    def unplayable(self, spec: "Spec") -> str:
        """What a game needs and these data are not, as the end of "GAME needs ..."; "" where games can play."""
        return ""

    # ------------------------------------------------------------------ in words, and shown

    def words(self, column: "Column") -> str:
        """What one datum is: "28 x 28 grey"."""
        return " x ".join(map(str, column.shape))

    def tiles(self, x: Tensor, column: "Column") -> Tensor:
        """A small picture of each datum: (n, ...) -> (n, c, h, w) in [-1, 1] with c of 1 to 4."""
        raise NotImplementedError

    def picture(self, x: Tensor, spec: "Spec", labels: Tensor | None, **behind: Any) -> Image.Image | None:
        """One picture of all samples together, where the kind has one; None lays `tiles` out as a sheet."""
        return None

    def background(self, real: "Dataset") -> dict[str, Any]:
        """What `picture` shows behind samples, by name."""
        return {}

    def beside(self, x: Tensor, column: "Column") -> dict[str, bytes]:
        """What a sheet has beside its picture, by ending: {".txt": ...}."""
        return {}

    def blank(self, column: "Column") -> Tensor:
        """The datum that stands in a cell which holds nothing."""
        return torch.zeros(column.shape, dtype=self.dtype)

    def write_single(self, x: Tensor, column: "Column", file: BinaryIO) -> None:
        """Write one datum to a file with the ending `single`."""
        raise NotImplementedError

    # ------------------------------------------------------------------ compared

    def vectors(self, x: Tensor) -> Tensor:
        """Data (n, ...) as vectors (n, d), float32, whose Euclidean distance tells how far two data are apart."""
        return x.flatten(1).float()

    def extractors(self, spec: "Spec") -> tuple[str, ...]:
        """What samples are compared on where nobody says: the first of these that can be had."""
        return (self.raw,)

    def shown(self, n: int) -> int:
        """How many samples a sheet of the training shows, of the `n` that are laid out as tiles."""
        return n

    # ------------------------------------------------------------------ small

    def toy(self, n: int = 64, classes: int = 3) -> "Dataset":
        """A small data set of this kind, the same at every call: for the contract of games, and for `show`."""
        raise NotImplementedError
