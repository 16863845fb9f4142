"""Data: what a datum is (`Spec`), a table of data (`Dataset`), and endless batches from it (`Source`)."""

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from rivalry.errors import BadRequest
from rivalry.kinds import find_kind
from rivalry.kinds.image import to_image
from rivalry.kinds.kind import Kind
from rivalry.kinds.spec import Column, Spec

__all__ = ["Column", "Dataset", "Source", "Spec", "TableSource", "toy"]


@dataclass
class Dataset:
    """A table of data: each row is a datum.

    Attributes:
        spec: the description of a datum.
        x: the data as the kind stores them, in memory or mapped from a file: uint8 (n, c, h, w) for images, float32
            (n, d) for points, int64 (n, t) for tokens.
        label: int64 (n,), or None if `spec.classes` is empty.
        facts: further facts: the modes of a toy, skipped files, license, source.
        others: the columns of `spec.extra` by name, and columns for measurements (attributes that are known by
            construction).  Bytes are images, as in `x`.
    """

    spec: Spec
    x: Tensor
    label: Tensor | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    others: dict[str, Tensor] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.x)

    def _repr_html_(self) -> str:
        """What a notebook shows: how many of what, and the first of them where they can be drawn."""
        classes = f", {len(self.spec.classes)} classes" if self.spec.classes else ""
        said = f"{self.spec.name}: {len(self):,} {self.spec.meaning.plural}, {self.spec.words}{classes}"
        few = self.rows(slice(0, 16))
        if self.spec.meaning.axes != 2 or not len(few):
            return f"<p>{escape(said)}</p>"
        file = io.BytesIO()
        to_image(torch.cat([*self.spec.meaning.tiles(few, self.spec.x)], 2)).save(file, "png")
        uri = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"
        return f'<div><img src="{uri}" alt="the first of the data"><p>{escape(said)}</p></div>'

    def rows(self, index: Tensor | slice, device: torch.device | str = "cpu") -> Tensor:
        """The data `x` of these rows as games get them: images are float32 in [-1, 1]."""
        return self.column("x", index, device)

    def column(self, name: str, index: Tensor | slice, device: torch.device | str = "cpu") -> Tensor:
        """One column of these rows: "x" (see `rows`), "label", one of `others`, or "row", their own numbers (int64)."""
        there = {"x": self.x, **({} if self.label is None else {"label": self.label}), **self.others}
        if name == "row" and name not in there:
            return torch.arange(len(self))[index.cpu() if isinstance(index, Tensor) else index].to(device)
        if name not in there:
            raise BadRequest(f"{self.spec.name!r} has no column {name!r}; it has {', '.join(there)}")
        values = there[name][index].to(device)
        return self._kind_of(name, values).seen(values) if name != "label" else values

    def _kind_of(self, name: str, values: Tensor) -> Kind:
        """The kind of a column.  A column for measurements has the kind of `x` if it is stored in the same way."""
        if name in self.spec.extra:
            return self.spec.extra[name].meaning
        return self.spec.meaning

    def only(self, index: Tensor) -> "Dataset":
        """The same table with only these rows."""
        label = None if self.label is None else self.label[index]
        others = {name: values[index] for name, values in self.others.items()}
        return Dataset(self.spec, self.x[index], label, self.facts, others)

    def to(self, device: torch.device | str) -> "Dataset":
        """The same table with its data on `device`, so that batches are indexed there."""
        label = None if self.label is None else self.label.to(device)
        others = {name: values.to(device) for name, values in self.others.items()}
        return Dataset(self.spec, self.x.to(device), label, self.facts, others)


def toy(kind: str, n: int = 64, classes: int = 3) -> Dataset:
    """The small data set of a kind, with labels if `classes` is not 0: for tests and for `rivalry show`."""
    example = find_kind(kind).example(n, max(classes, 1))
    names = tuple(f"class {i}" for i in range(classes))
    spec = Spec(example.name, kind, tuple(example.x.shape[1:]), names, about=example.about)
    return Dataset(spec, example.x, example.label if classes else None)


EVERYTHING = -1  # stands for "all rows" among the labels in `_drawn` and `_orders`
BY_CHANCE = -2  # stands there for rows that were each taken by chance


@runtime_checkable
class Source(Protocol):
    """A source of batches for a game: a table (`TableSource`), a stream, or an environment that makes experience.

    Attributes:
        spec: the description of a datum.
        drawn: the number of data drawn so far, over all processes.  Goals and logs use it.
    """

    @property
    def spec(self) -> Spec: ...
    @property
    def drawn(self) -> int: ...

    def take(self, n: int, label: int | None = None) -> tuple[Tensor, ...]:
        """The columns of the next `n` data, or of the next `n` of one class."""

    def state_dict(self) -> dict[str, Any]:
        """The position, as a tree of numbers, strings and tensors.  A resumed run continues from there."""

    def load_state_dict(self, state: dict[str, Any]) -> None: ...


class TableSource:
    """Endless batches of a table.  Each epoch holds every row once, in a new random order.

    Batches of one class can be taken too; each class has its own epochs.

    With several processes, each takes its share of every batch.  The shares together are exactly the batch that a
    single process would take, so that the same command means the same game on any number of devices.

    Args:
        dataset: the table to draw from.
        columns: the columns of a batch, in this order.
        batch: the number of data that `next` takes.
        seed: the seed of the order.
        device: the device of the batches.
        rank, world: the number of this process, and how many processes there are.
    """

    def __init__(
        self,
        dataset: Dataset,
        columns: tuple[str, ...] = ("x",),
        *,
        batch: int = 64,
        seed: int = 0,
        device: torch.device | str = "cpu",
        rank: int = 0,
        world: int = 1,
    ):
        if len(dataset) == 0:
            raise BadRequest(f"{dataset.spec.name!r} holds no data")
        for name in columns:
            dataset.column(name, slice(0, 1))  # raises if there is no such column
        self.dataset, self.columns, self.batch = dataset, columns, batch
        self.seed, self.device, self.rank, self.world = seed, torch.device(device), rank, world
        self._drawn = {EVERYTHING: 0}  # label -> number of rows drawn so far
        self._orders: dict[int, tuple[int, Tensor]] = {}  # label -> the present epoch, and its rows in order

    @property
    def spec(self) -> Spec:
        return self.dataset.spec

    @property
    def drawn(self) -> int:
        """The number of data drawn so far."""
        return sum(self._drawn.values())

    def take(self, n: int, label: int | None = None) -> tuple[Tensor, ...]:
        """The columns of the next `n` data, or of the next `n` of one class.

        With several processes, returns this process's share of them.
        """
        if n % self.world:
            raise BadRequest(f"a batch of {n} cannot be shared by {self.world} processes; take a multiple")
        rows = self._indices(n, EVERYTHING if label is None else label)
        mine = rows[self.rank :: self.world].to(self.dataset.x.device)
        return tuple(self.dataset.column(name, mine, self.device) for name in self.columns)

    def take_each(self, chance: float) -> tuple[Tensor, ...]:
        """The columns of rows that are each taken with this chance, independently of all others: Poisson sampling.

        How many there are changes from one call to the next, and there may be none.  A chance of 1 takes all rows.

        Raises:
            BadRequest: several processes, of which each would have to know what the others took.
        """
        if self.world > 1:
            raise BadRequest("rows are taken by chance in one process only; leave torchrun out")
        rows = torch.nonzero(torch.rand(len(self.dataset), dtype=torch.float64) < chance).flatten()
        self._drawn[BY_CHANCE] = self._drawn.get(BY_CHANCE, 0) + len(rows)
        mine = rows.to(self.dataset.x.device)
        return tuple(self.dataset.column(name, mine, self.device) for name in self.columns)

    def __next__(self) -> tuple[Tensor, ...]:
        return self.take(self.batch)

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        return self

    def _indices(self, n: int, label: int) -> Tensor:
        """The indices of the next `n` rows of this label.  They may continue in the next epoch."""
        parts, drawn = [], self._drawn.get(label, 0)
        while n:
            order = self._order(label, drawn)
            part = order[drawn % len(order) :][:n]
            parts.append(part)
            n -= len(part)
            drawn += len(part)
        self._drawn[label] = drawn
        return torch.cat(parts)

    def _order(self, label: int, drawn: int) -> Tensor:
        """The rows of this label in the order of the epoch that holds row number `drawn`."""
        epoch, order = self._orders.get(label, (-1, torch.empty(0)))
        if (
            epoch < 0 or drawn // len(order) != epoch
        ):  # the order follows from seed and epoch, so it need not be saved
            rows = self._rows(label)
            epoch = drawn // len(rows)
            generator = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch + 7_368_787 * (label + 1))
            order = rows[torch.randperm(len(rows), generator=generator)]
            self._orders[label] = epoch, order
        return order

    def _rows(self, label: int) -> Tensor:
        if label == EVERYTHING:
            return torch.arange(len(self.dataset))
        labels = self.dataset.label
        rows = torch.empty(0) if labels is None else torch.nonzero(labels.cpu() == label).flatten()
        if not len(rows):
            classes = self.spec.classes
            name = classes[label] if label < len(classes) else label
            raise BadRequest(f"{self.spec.name!r} holds nothing of class {name!r}")
        return rows

    def state_dict(self) -> dict[str, Any]:
        drawn = {str(label): n for label, n in self._drawn.items()}
        return {"drawn": drawn, "seed": self.seed, "rows": len(self.dataset)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if state["rows"] != len(self.dataset):
            raise BadRequest(
                f"the run was trained on {state['rows']} data, {self.spec.name!r} now has {len(self.dataset)}"
            )
        self._drawn = {int(label): n for label, n in state["drawn"].items()}
        self.seed, self._orders = state["seed"], {}
