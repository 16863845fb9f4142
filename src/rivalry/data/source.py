"""Endless batches from data: what a datum is (`Spec`), where data lie (`Dataset`), how they are drawn (`Source`)."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor

from rivalry.errors import BadRequest


@dataclass(frozen=True)
class Spec:
    """What one datum is.

    Attributes:
        name: of the data set, for people and for provenance.
        kind: "image" or "points"; later kinds add their name.
        shape: of one datum `x`: (c, h, w) in [-1, 1] for an image, (d,) for a point.
        classes: the names of the labels, in label order; empty when there are none.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    classes: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        return ("x", "label") if self.classes else ("x",)

    def require(self, who: str, *, kind: str | None = None, classes: bool = False) -> None:
        """Refuse data that the game `who` cannot use.

        Raises:
            BadRequest: what the game needs, and what this data set has.
        """
        if kind and self.kind != kind:
            raise BadRequest(f"{who} needs data of kind {kind!r}; {self.name!r} holds {self.kind}")
        if classes and not self.classes:
            raise BadRequest(f"{who} needs labels; {self.name!r} has none (sub-folders or a CSV give labels)")
        if self.kind == "image" and min(self.shape[1:]) < 8:
            _, h, w = self.shape
            raise BadRequest(f"{who} needs images of at least 8 x 8; {self.name!r} has {h} x {w}")

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> "Spec":
        return cls(told["name"], told["kind"], tuple(told["shape"]), tuple(told["classes"]))


@dataclass
class Dataset:
    """A table of data: one row a datum.

    Attributes:
        spec: what a datum is.
        x: uint8 (n, c, h, w) for images, in memory or mapped from a file; float32 (n, d) for points.
        label: int64 (n,), or None when `spec.classes` is empty.
        facts: what else is known: the modes of a toy, skipped files, licence, where it came from.
    """

    spec: Spec
    x: Tensor
    label: Tensor | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.x)

    def rows(self, index: Tensor | slice, device: torch.device | str = "cpu") -> Tensor:
        """Data `x` of these rows, as a game sees them: float32, images in [-1, 1]."""
        x = self.x[index].to(device)
        return x.float().div_(127.5).sub_(1) if x.dtype == torch.uint8 else x

    def column(self, name: str, index: Tensor | slice, device: torch.device | str = "cpu") -> Tensor:
        """One column of these rows: "x" (see `rows`) or "label", int64."""
        if name == "x":
            return self.rows(index, device)
        if name == "label" and self.label is not None:
            return self.label[index].to(device)
        raise BadRequest(f"{self.spec.name!r} has no column {name!r}; it has {', '.join(self.spec.columns)}")

    def to(self, device: torch.device | str) -> "Dataset":
        """The same table with its data on `device`, so that batches are indexed there."""
        label = None if self.label is None else self.label.to(device)
        return Dataset(self.spec, self.x.to(device), label, self.facts)


class Source:
    """Endless batches: every row once an epoch, in an order drawn anew for each epoch.

    With several processes each takes its share of every batch, and the shares together are exactly the
    batch that one process would take: the same command means the same game on any number of devices.

    Args:
        dataset: the table to draw from.
        columns: which columns a batch holds, in this order.
        batch: what `next` takes.
        seed: of the order.
        device: where batches are wanted.
        rank, world: which of how many processes this is.
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
            dataset.column(name, slice(0, 1))  # refuses a column that is not there
        self.dataset, self.columns, self.batch = dataset, columns, batch
        self.seed, self.device, self.rank, self.world = seed, torch.device(device), rank, world
        self.drawn = 0
        self._epoch = -1
        self._order = torch.empty(0, dtype=torch.long)

    @property
    def spec(self) -> Spec:
        return self.dataset.spec

    def take(self, n: int) -> tuple[Tensor, ...]:
        """The columns of the next `n` data; with several processes, of this process's share of them."""
        if n % self.world:
            raise BadRequest(f"a batch of {n} cannot be shared by {self.world} processes; take a multiple")
        mine = self._indices(n)[self.rank :: self.world].to(self.dataset.x.device)
        return tuple(self.dataset.column(name, mine, self.device) for name in self.columns)

    def __next__(self) -> tuple[Tensor, ...]:
        return self.take(self.batch)

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        return self

    def _indices(self, n: int) -> Tensor:
        """The rows of the next `n` data, over the end of an epoch where need be."""
        parts = []
        while n:
            epoch, start = divmod(self.drawn, len(self.dataset))
            part = self._permutation(epoch)[start : start + n]
            parts.append(part)
            n -= len(part)
            self.drawn += len(part)
        return torch.cat(parts)

    def _permutation(self, epoch: int) -> Tensor:
        if epoch != self._epoch:  # a function of seed and epoch alone: nothing of it needs saving
            generator = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
            self._order = torch.randperm(len(self.dataset), generator=generator)
            self._epoch = epoch
        return self._order

    def state_dict(self) -> dict[str, Any]:
        return {"drawn": self.drawn, "seed": self.seed, "rows": len(self.dataset)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if state["rows"] != len(self.dataset):
            raise BadRequest(
                f"the run was trained on {state['rows']} data, {self.spec.name!r} now has {len(self.dataset)}"
            )
        self.drawn, self.seed, self._epoch = state["drawn"], state["seed"], -1
