"""Graphs with a fixed number of nodes: (v, v) bytes, 1 where two nodes are joined; -1 and 1 for games."""

from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

from rivalry.kinds.kind import Example, Kind
from rivalry.kinds.layout import drawing
from rivalry.kinds.spec import Column

SIDE = 160  # pixels of a tile
DRAWN = 300  # nodes of a graph that is drawn, at most
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
        """A drawing of nodes and edges; of more than 300 nodes the matrix of neighbors: (n, v, v) -> (n, 1, 160, 160).

        A pixel of the matrix stands for several pairs, and is dark if one of them is joined.
        """
        joined = self.kept(x)
        if joined.shape[1] > DRAWN:
            return -torch.nn.functional.adaptive_max_pool2d(self.seen(joined)[:, None], SIDE)
        drawn = [np.array(drawing(one.double().cpu().numpy(), SIDE)) for one in joined]
        return torch.from_numpy(np.stack(drawn))[:, None].float() / 127.5 - 1

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


def _write_graphml(x: Tensor, column: Column, file: BinaryIO) -> None:
    """Write the first graph as GraphML, its nodes being numbers."""
    edges = torch.nonzero(GRAPH.kept(x[:1])[0].triu()).tolist()
    nodes = "".join(f'<node id="{i}"/>\n' for i in range(column.shape[0]))
    lines = "".join(f'<edge source="{a}" target="{b}"/>\n' for a, b in edges)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
    file.write(f'{head}<graph edgedefault="undirected">\n{nodes}{lines}</graph>\n</graphml>\n'.encode())


GraphKind.writes = {".graphml": _write_graphml}
GRAPH = GraphKind()
