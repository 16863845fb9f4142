"""Single graphs with edges held out: a network of papers, and a drawn one whose blocks are known.

`cora-ml`: 2,810 papers and 7,981 citations between them (McCallum et al. 2000; Bojchevski & Günnemann 2018), with the
    held-out pairs of Rendsburg et al. 2020.
`blocks`: a stochastic block model with 200 nodes in four blocks (Holland et al. 1983).

In the split "train" a part of the edges is missing.  `facts["held_out_edges"]` lists them, (m, 2), and
`facts["no_edges"]` as many pairs that are not joined: a game that scores pairs is asked to tell them apart.  The split
"test" is the whole graph.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from rivalry.data.sets import bundled
from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest

NODES, BLOCKS = 200, 4
WITHIN, BETWEEN = 0.16, 0.01  # the chance that two nodes of one block are joined, and of two blocks
HELD_OUT = 0.1  # of the edges


def open_graph_set(name: str, split: str = "train") -> Dataset:
    """The set "cora-ml" or "blocks".

    Raises:
        BadRequest: for a split that is neither "train" nor "test".
    """
    if split not in ("train", "test"):
        raise BadRequest(f"{name!r} has no split {split!r}; it has train and test")
    return {"cora-ml": _cora, "blocks": _blocks}[name](split)


def _cora(split: str) -> Dataset:
    with np.load(Path(bundled.__file__).parent / "cora-ml.npz", allow_pickle=False) as archive:
        pairs = {name: torch.from_numpy(archive[name].astype(np.int64)) for name in archive.files}
    nodes, train = int(pairs["nodes"]), pairs["train"]
    edges = train if split == "train" else torch.cat([train, pairs["validation"], pairs["test"]])
    facts: dict[str, object] = {
        "license": "MIT",
        "held_out_edges": pairs["test"],
        "no_edges": pairs["test_none"],
    }
    return _single("cora-ml", joined(edges, nodes), facts)


def _blocks(split: str) -> Dataset:
    draw = torch.Generator().manual_seed(0)
    block = torch.arange(NODES) % BLOCKS
    chance = torch.where(block[:, None] == block, WITHIN, BETWEEN)
    edges = torch.nonzero((torch.rand(NODES, NODES, generator=draw) < chance).triu(1))
    kept, held_out, none = hold_out(edges, NODES, HELD_OUT, draw)
    facts: dict[str, object] = {"held_out_edges": held_out, "no_edges": none, "blocks": block}
    return _single("blocks", joined(kept if split == "train" else edges, NODES), facts)


def _single(name: str, matrix: Tensor, facts: dict[str, object]) -> Dataset:
    spec = Spec(name, "graph", tuple(matrix.shape))
    return Dataset(spec, matrix[None], facts={**facts, "source": name, "splits": ("train", "test")})


def joined(edges: Tensor, nodes: int) -> Tensor:
    """The matrix of a graph: edges (m, 2) -> uint8 (v, v), symmetric, without loops."""
    matrix = torch.zeros(nodes, nodes, dtype=torch.uint8)
    matrix[edges[:, 0], edges[:, 1]] = 1
    return (matrix | matrix.T).fill_diagonal_(0)


def hold_out(edges: Tensor, nodes: int, share: float, draw: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Take edges out of a graph without taking it apart.

    Args:
        edges: (m, 2), each once.
        share: of the edges to hold out.

    Returns:
        The edges that stay, (k, 2), among them a spanning forest; those held out, and as many pairs that are not
        joined.
    """
    order = edges[torch.randperm(len(edges), generator=draw)]
    needed = spanning(order.tolist(), nodes)
    free = [i for i in range(len(order)) if i not in needed]
    out = torch.tensor(free[: round(share * len(edges))], dtype=torch.int64)
    stay = torch.ones(len(order), dtype=torch.bool)
    stay[out] = False
    none = torch.nonzero((joined(edges, nodes) == 0).triu(1))
    return order[stay], order[out], none[torch.randperm(len(none), generator=draw)[: len(out)]]


def spanning(edges: list[list[int]], nodes: int) -> set[int]:
    """The numbers of edges that join two parts of the graph when they are added in order (Kruskal 1956)."""
    root = list(range(nodes))

    def find(node: int) -> int:
        while root[node] != node:
            root[node] = root[root[node]]
            node = root[node]
        return node

    needed = set()
    for i, (a, b) in enumerate(edges):
        if find(a) != find(b):
            root[find(a)] = find(b)
            needed.add(i)
    return needed
