"""Rows of a table: (d,) numbers, one for each column.  `Column.about` holds `columns`, the names."""

import csv
import io
import math
from typing import Any, BinaryIO

import torch
from torch import Tensor

from rivalry.kinds.kind import Example, Kind
from rivalry.kinds.spec import Column

HEIGHT, BAR = 32, 6  # pixels of a tile's bars


class TableKind(Kind):
    name, plural, raw = "table", "rows", "columns"

    def fits(self, shape: tuple[int, ...], about: dict[str, Any]) -> bool:
        names = about.get("columns", [""] * math.prod(shape))
        return (
            super().fits(shape, about)
            and isinstance(names, list)
            and len(names) == shape[0]
            and all(isinstance(name, str) for name in names)
        )

    def words(self, column: Column) -> str:
        return f"{column.shape[0]} columns"

    def tiles(self, x: Tensor, column: Column) -> Tensor:
        """A bar for each column, scaled from its least to its greatest value in these rows: (n, d) -> (n, 1, h, w)."""
        x = x.detach().float().nan_to_num()
        low, high = x.amin(0), x.amax(0)
        share = ((x - low) / (high - low).clamp(min=1e-9)).clamp(0.03, 1)  # (n, d)
        level = torch.linspace(1, 0, HEIGHT)[:, None]
        dark = level <= share[:, None]  # (n, h, d)
        dark = dark.repeat_interleave(BAR, 2) & (torch.arange(x.shape[1] * BAR) % BAR > 0)
        return torch.where(dark, -0.6, 1.0)[:, None]

    def beside(self, x: Tensor, column: Column) -> dict[str, bytes]:
        file = io.BytesIO()
        _write_csv(x, column, file)
        return {".csv": file.getvalue()}

    def example(self, n: int, classes: int) -> Example:
        """Three columns; the third is the sum of the others."""
        x = torch.randn(n, 2, generator=torch.Generator().manual_seed(0))
        rows = torch.cat([x, x.sum(1, keepdim=True)], 1)
        return Example("rows", rows, torch.arange(n) % classes, {"columns": ["a", "b", "sum"]})


def _write_csv(x: Tensor, column: Column, file: BinaryIO) -> None:
    """A header and a line for each row."""
    names = column.about.get("columns", [f"column {i}" for i in range(x.shape[1])])
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([f"{value:.7g}" for value in row] for row in x.tolist())
    file.write(text.getvalue().encode())


TableKind.writes = {".csv": _write_csv}
TABLE = TableKind()
