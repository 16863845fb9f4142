"""A single graph from a file: a list of edges, a sparse matrix, GraphML or GML.

One edge in ten is held out, so that a game can be asked for it; the split "test" is the whole graph.  Graphs of other
sorts are made simple, and `facts["converted"]` says how many edges were changed: a direction, a weight, several edges
between two nodes and an edge from a node to itself are dropped.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from rivalry.data.sets.graphs import HELD_OUT, hold_out, joined
from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest

LARGEST = 1 << 28  # bytes of a file
MOST = 20_000  # nodes: a graph is a matrix of bytes
Size = tuple[int, int]


def open_edges(path: Path, split: str = "train", size: Size | None = None) -> Dataset:
    """Read an edge on each line: the names of two nodes, separated by spaces, tabs or commas.  "#" begins a remark.

    Raises:
        BadRequest: no such split, a size, a line without two names, or no graph that can be used.
    """
    lines = _text(path).splitlines()
    rows = [(i, re.split(r"[,\s]+", line.strip())) for i, line in enumerate(lines, 1) if _holds_edge(line)]
    if bad := [i for i, row in rows if len(row) < 2]:
        raise BadRequest(f"line {bad[0]} of {path} names no two nodes: {lines[bad[0] - 1][:40]!r}")
    return _table(path, [(row[0], row[1]) for _, row in rows], split, size)


def open_marked_up(path: Path, split: str = "train", size: Size | None = None) -> Dataset:
    """Read GraphML or GML, by networkx.

    Raises:
        BadRequest: networkx is not installed, or the file is no such graph.
    """
    try:
        import networkx as nx
    except ImportError:
        raise BadRequest(f"{path} needs networkx: pip install 'rivalry[graphs]'") from None
    text = _text(path)
    try:
        graph = nx.parse_graphml(text) if path.suffix.lower() == ".graphml" else nx.parse_gml(text)
    except Exception as error:  # of any parser of XML, and networkx's own
        raise BadRequest(f"{path} is no {path.suffix[1:]}: {str(error).splitlines()[0][:100]}") from None
    return _table(path, [(str(a), str(b)) for a, b in graph.edges()], split, size, map(str, graph.nodes()))


def of_sparse(path: Path, split: str, size: Size | None, indices: np.ndarray, indptr: np.ndarray) -> Dataset:
    """A graph from a sparse matrix in compressed rows, as scipy.sparse.save_npz writes it."""
    whole = indices.dtype.kind in "iu" and indptr.dtype.kind in "iu" and indices.ndim == indptr.ndim == 1
    if not whole or len(indptr) < 2 or (np.diff(indptr) < 0).any() or indptr[-1] != len(indices):
        raise BadRequest(f"{path} holds no sparse matrix in compressed rows")
    nodes = len(indptr) - 1
    if len(indices) and not 0 <= int(indices.min()) <= int(indices.max()) < nodes:
        raise BadRequest(f"{path} holds a matrix of {nodes:,} rows with other columns; a graph is square")
    rows = np.repeat(np.arange(nodes), np.diff(indptr))
    return _table(path, list(zip(rows.tolist(), indices.tolist())), split, size, range(nodes), directed=False)


def _table(
    path: Path,
    edges: list[tuple[str, str]] | list[tuple[int, int]],
    split: str,
    size: Size | None,
    nodes: Iterable[str] | Iterable[int] = (),
    *,
    directed: bool = True,
) -> Dataset:
    if size is not None:
        raise BadRequest(f"{path} holds a graph, which has no size in pixels; leave the size out")
    if split not in ("train", "test"):
        raise BadRequest(f"{path} has no split {split!r}; it has train and test")
    names = list(dict.fromkeys([*nodes, *(end for edge in edges for end in edge)]))
    if not edges:
        raise BadRequest(f"{path} holds a graph without edges; there is nothing to learn")
    if len(names) > MOST:
        raise BadRequest(f"{path} holds {len(names):,} nodes; at most {MOST:,} fit into a matrix")
    number = {name: i for i, name in enumerate(names)}
    pairs = torch.tensor([[number[a], number[b]] for a, b in edges])
    once, converted = _simple(pairs, directed)
    if len(once) < 10:
        raise BadRequest(f"{path} holds {len(once)} edges; ten or more are needed to hold one out")
    kept, held_out, none = hold_out(once, len(names), HELD_OUT, torch.Generator().manual_seed(0))
    facts = {
        "source": str(path),
        "splits": ("train", "test"),
        "skipped": [],
        "converted": converted,
        "held_out_edges": held_out,
        "no_edges": none,
    }
    spec = Spec(path.resolve().stem, "graph", (len(names), len(names)))
    return Dataset(spec, joined(kept if split == "train" else once, len(names))[None], facts=facts)


def _simple(pairs: Tensor, directed: bool) -> tuple[Tensor, dict[str, int]]:
    """Each pair of different nodes once, (m, 2), and what was dropped."""
    loops = pairs[:, 0] == pairs[:, 1]
    once = torch.unique(pairs[~loops].sort(1).values, dim=0)
    again = int((~loops).sum()) - len(once)
    found = {"edges from a node to itself, dropped": int(loops.sum())}
    found |= {"edges that name a pair again, in either direction, dropped": again} if directed else {}
    return once, {what: n for what, n in found.items() if n}


def _holds_edge(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith(("#", "%"))


def _text(path: Path) -> str:
    if not path.is_file():
        raise BadRequest(f"{path} is no regular file")
    if path.stat().st_size > LARGEST:
        raise BadRequest(f"{path} is larger than {LARGEST >> 20} MiB")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRequest(f"{path} is no UTF-8: {error.reason} at byte {error.start}") from None
