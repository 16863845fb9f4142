"""Graphs with a fixed number of nodes: (v, v) bytes, 1 where two nodes are joined; -1 and 1 for games."""

from typing import Any, BinaryIO

import torch
from torch import Tensor

from rivalry.kinds.kind import Example, Kind
from rivalry.kinds.spec import Column

LARGEST = 160  # pixels of a tile
SHOWN = 9  # graphs on a sheet


class GraphKind(Kind):
    name, plural = "graph", "graphs"
    dtype, bounded, dims, raw, single = torch.uint8, True, 2, "adjacency", ".csv"

    def fits(self, shape: tuple[int, ...], about: dict[str, Any]) -> bool:
        return super().fits(shape, about) and shape[0] == shape[1]

    def seen(self, stored: Tensor) -> Tensor:
        return stored.float() * 2 - 1 if stored.dtype == torch.uint8 else stored

    def kept(self, x: Tensor) -> Tensor:
        """Two nodes are joined where the value is above 0 in either direction."""
        return ((x > 0) | (x.transpose(-1, -2) > 0)).to(torch.uint8)

    def valid(self, x: Tensor, column: Column) -> Tensor:
        """Edges that have no direction, and lead from no node to itself."""
        joined = x > 0
        loops = joined.diagonal(dim1=1, dim2=2).any(1)
        return super().valid(x, column) & (joined == joined.transpose(1, 2)).all((1, 2)) & ~loops

    def words(self, column: Column) -> str:
        return f"{column.shape[0]} nodes"

    def tiles(self, x: Tensor, column: Column) -> Tensor:
        """The matrix of neighbors, dark where two nodes are joined: (n, v, v) -> (n, 1, h, h).

        A pixel of a graph with more than 160 nodes stands for several pairs, and is dark if one of them is joined.
        """
        joined = self.seen(self.kept(x))[:, None]
        side = min(len(joined[0, 0]), LARGEST)
        return -torch.nn.functional.adaptive_max_pool2d(joined, side)

    def shown(self, n: int) -> int:
        return min(n, SHOWN)

    def write_single(self, x: Tensor, column: Column, file: BinaryIO) -> None:
        """Write a line for each edge, with the numbers of its two nodes."""
        for a, b in torch.nonzero(self.kept(x).triu()).tolist():
            file.write(f"{a},{b}\n".encode())

    def example(self, n: int, classes: int) -> Example:
        """Graphs of eight nodes.  The class says how many of the nodes are joined."""
        label = torch.arange(n) % classes
        chance = torch.rand(n, 8, 8, generator=torch.Generator().manual_seed(0)).triu(1)
        edges = (chance > 0) & (chance < (0.2 + 0.2 * label)[:, None, None])
        x = (edges | edges.transpose(1, 2)).to(torch.uint8)
        return Example("graphs", x, label)


GRAPH = GraphKind()
