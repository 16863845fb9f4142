"""The base class of kinds of data: the methods that the rest of the package calls."""

import math
from collections.abc import Callable
from typing import Any, BinaryIO, ClassVar, NamedTuple

import torch
from PIL import Image
from torch import Tensor

from rivalry.errors import BadRequest
from rivalry.kinds.spec import Column, Spec

Write = Callable[[Tensor, Column, BinaryIO], None]


class Example(NamedTuple):
    """A small data set as plain tensors.

    Attributes:
        name: of the data set.
        x: the data as they are stored.
        label: int64 (n,).
        about: as in `Column`.
    """

    name: str
    x: Tensor
    label: Tensor
    about: dict[str, Any] = {}  # noqa: RUF012  # never changed


def in_full_precision(x: Tensor) -> Tensor:
    """Real numbers of any precision become float32; whole numbers stay as they are."""
    return x.float() if x.is_floating_point() else x


def is_number(value: Any) -> bool:
    """Whether a value is a number, and not true or false."""
    return isinstance(value, int | float) and not isinstance(value, bool)


class Kind:
    """One kind of data.  A subclass overrides what differs; its only instance is in `rivalry.kinds.KINDS`.

    A column of the data (`Column`) has a kind, a shape, and `about`: further facts that the kind needs, such as a
    vocabulary or a sampling rate, as a dict of JSON's types.

    Attributes:
        name: the value of `Spec.kind`, such as "image".
        plural: for sentences, such as "images".
        dtype: the type of stored data.
        real: games get real numbers, so that a small change has a meaning; else whole numbers.
        bounded: games get and make values in [-1, 1].
        dims: the number of axes of a datum.
        axes: the number of axes for convolutions: 2 for images.
        dimension: what each of the numbers is called that a likelihood is of.
        raw: the name of the features that are the data themselves.
        judged: the layer of `metrics.extractors.seen` by which a judge looks at such data; "" for a kind without one.
        single: the ending of a file that holds one datum, for a folder of samples; "" if there is none.
        writes: ending of a file -> a function that writes samples to it, in addition to .png (a sheet) and .npz
            (arrays).
    """

    name: ClassVar[str]
    plural: ClassVar[str]
    dtype: ClassVar[torch.dtype] = torch.float32
    real: ClassVar[bool] = True
    bounded: ClassVar[bool] = False
    dims: ClassVar[int] = 1
    axes: ClassVar[int] = 0
    dimension: ClassVar[str] = "dimension"
    raw: ClassVar[str] = "values"
    judged: ClassVar[str] = ""
    single: ClassVar[str] = ""
    writes: ClassVar[dict[str, Write]] = {}

    # ------------------------------------------------------------------ as stored, and as games get them

    def seen(self, stored: Tensor) -> Tensor:
        """Convert stored rows to what games get.  Rows that are converted already stay as they are."""
        return stored

    def kept(self, x: Tensor) -> Tensor:
        """Convert what games make to what is stored: the inverse of `seen`."""
        return x.to(self.dtype)

    def refuse(self, x: Tensor, column: Column) -> str:
        """The reason why samples (n, ...), as games make them, do not fit the kind and shape; "" if they do."""
        if tuple(x.shape[1:]) != tuple(column.shape):
            came, expected = (" x ".join(map(str, shape)) for shape in (x.shape[1:], column.shape))
            return f"they are {came}; expected {expected}"
        bad = int((~x.flatten(1).isfinite().all(1)).sum()) if x.is_floating_point() else 0
        return f"{bad:,} of {len(x):,} hold values that are not finite" if bad else ""

    def valid(self, x: Tensor, column: Column) -> Tensor:
        """Whether each sample, as games make it, could be a datum of this kind: (n, ...) -> (n,) bool."""
        flat = x.flatten(1)
        if not x.is_floating_point():
            return torch.ones(len(x), dtype=torch.bool, device=x.device)
        return (flat.isfinite() & (flat.abs() <= 1 if self.bounded else True)).all(1)

    def fits(self, shape: tuple[int, ...], about: dict[str, Any]) -> bool:
        """Whether a datum can have this shape and this `about`.  Both may come from somebody else's file."""
        return len(shape) == self.dims

    def places(self, shape: tuple[int, ...]) -> int:
        """The number of positions in the grid of a datum; a weight of a convolution is used at each of them."""
        return math.prod(shape[len(shape) - self.axes :])

    def dimensions(self, x: Tensor) -> Tensor:
        """How many numbers of each datum a likelihood is of: (n, ...) -> (n,), by default all."""
        return torch.full((len(x),), x[:1].numel())

    def unplayable(self, spec: Spec) -> str:
        """The end of a sentence "GAME needs ..." if no game can play on these data; "" if games can."""
        return ""

    # ------------------------------------------------------------------ in words, and as pictures

    def words(self, column: Column) -> str:
        """One datum in words: "28 x 28 grey"."""
        return " x ".join(map(str, column.shape))

    def described(self, column: Column) -> list[str]:
        """What is known of the parts of a datum, a line for each; `rivalry data check` prints them."""
        return []

    def tiles(self, x: Tensor, column: Column) -> Tensor:
        """A small picture of each datum: (n, ...) -> (n, c, h, w) in [-1, 1] with c of 1 to 4."""
        raise NotImplementedError

    def picture(self, x: Tensor, spec: Spec, labels: Tensor | None, **behind: Any) -> Image.Image | None:
        """One picture of all samples together; None if the kind has no such picture.  Then `tiles` make a sheet."""
        return None

    def background(self, x: Tensor, facts: dict[str, Any]) -> dict[str, Any]:
        """The arguments of `picture` for what it shows behind samples: real data `x`, and facts about them."""
        return {}

    def beside(self, x: Tensor, column: Column) -> dict[str, bytes]:
        """Files that belong to a sheet in addition to its picture: ending -> content, {".txt": ...}."""
        return {}

    def marked(self, x: Tensor, column: Column, before: Tensor | None, known: Tensor) -> dict[str, bytes]:
        """The files of `beside` for a sheet of a run, which may mark what has changed and what is copied.

        Args:
            before: the samples of the sheet before, of the same random numbers; None for the first sheet.
            known: the data as they are stored.
        """
        return self.beside(x, column)

    def blank(self, column: Column) -> Tensor:
        """The datum for an empty cell of a sheet."""
        return torch.zeros(column.shape, dtype=self.dtype)

    def write_single(self, x: Tensor, column: Column, file: BinaryIO) -> None:
        """Write one datum to a file with the ending `single`."""
        raise NotImplementedError

    def said(self, x: Tensor, column: Column) -> list[str]:
        """Data (n, ...) as text that can stand under pictures made for them; an empty list for kinds without words."""
        return []

    def typed(self, text: str, column: Column) -> Tensor:
        """The datum (1, ...) that a person typed.

        Raises:
            BadRequest: a kind that cannot be typed, or a text that is no such datum.
        """
        raise BadRequest(f"{self.plural} cannot be typed; this game is asked for samples by them")

    # ------------------------------------------------------------------ for comparison

    def vectors(self, x: Tensor) -> Tensor:
        """Data (n, ...) as vectors (n, d), float32.  Their Euclidean distance is the distance of two data."""
        return x.flatten(1).float()

    def extractors(self, spec: Spec) -> tuple[str, ...]:
        """The default features to compare samples on: the first of these that is available."""
        return (self.raw,)

    def shown(self, n: int) -> int:
        """The number of samples on a sheet during training; `n` is the number for kinds that are shown as tiles."""
        return n

    # ------------------------------------------------------------------ an example

    def example(self, n: int, classes: int) -> Example:
        """`n` data of this kind in `classes` classes, the same in every call: for tests and for `rivalry show`."""
        raise NotImplementedError
