"""A single graph from a file: a list of edges, a sparse matrix, or a form that networkx reads.

One edge in ten is held out, so that a game can be asked for it; the split "test" is the whole graph.  Graphs of other
sorts are made simple: a direction, a weight, several edges between two nodes and an edge from a node to itself are
dropped, and `facts["converted"]` of the split "train" says how many.  `facts["notes"]` says of how many components the
graph is.
"""

import io
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rivalry.data.readers.cells import NUMBER
from rivalry.data.readers.members import open_regular
from rivalry.data.sets.graphs import HELD_OUT, hold_out, joined, spanning
from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest

LARGEST = 1 << 28  # bytes of a file
MOST = 20_000  # nodes: a graph is a matrix of bytes
ENDS = {
    ("source", "target"),
    ("from", "to"),
    ("node1", "node2"),
    ("src", "dst"),
    ("u", "v"),
}  # names of columns
LOOPS = "edges from a node to itself, dropped"
AGAIN = "edges that name a pair again, dropped"
BACK = "edges that go back along another, dropped"
DIRECTIONS = "directions of edges, dropped"
WEIGHTS = "weights of edges, dropped"
Size = tuple[int, int]


def open_edges(path: Path, split: str = "train", size: Size | None = None) -> Dataset:
    """Read an edge on each line: the names of two nodes, separated by spaces, tabs or commas.  "#" begins a remark.

    Raises:
        BadRequest: no such split, a size, a line without two names, or no graph that can be used.
    """
    lines = _text(path).splitlines()
    rows = [(i, _parted(line)) for i, line in enumerate(lines, 1) if _holds_edge(line)]
    if rows and _names_ends(rows[0][1]):
        rows = rows[1:]
    if bad := [i for i, row in rows if len(row) < 2]:
        raise BadRequest(f"line {bad[0]} of {path} names no two nodes: {lines[bad[0] - 1][:40]!r}")
    dropped = {WEIGHTS: sum(len(row) == 3 and bool(NUMBER.fullmatch(row[2])) for _, row in rows)}
    return _table(path, [(row[0], row[1]) for _, row in rows], split, size, dropped=dropped)


def reader_of_edges(path: Path) -> str:
    """The reader of edges, if this .txt or .csv is a list of them, else "".

    A .csv is one if its columns are named as the ends of edges are; a .txt if each line holds two whole numbers, and
    perhaps a third that is a weight.
    """
    if path.suffix.lower() not in (".txt", ".csv") or not path.is_file():
        return ""
    with open_regular(path) as file:
        head = file.read(1 << 14).decode("utf-8-sig", errors="replace")
    rows = [_parted(line) for line in head.splitlines()[:50] if _holds_edge(line)]
    if path.suffix.lower() == ".csv":
        return "graphs:open_edges" if rows and _names_ends(rows[0]) else ""
    whole = [row for row in rows[:-1] if 2 <= len(row) <= 3 and row[0].isdecimal() and row[1].isdecimal()]
    return "graphs:open_edges" if whole and len(whole) == len(rows) - 1 else ""


def open_marked_up(path: Path, split: str = "train", size: Size | None = None) -> Dataset:
    """Read a form of networkx: GraphML, GML, GEXF, Pajek's .net, or .adjlist.

    Raises:
        BadRequest: networkx is not installed, or the file is no such graph.
    """
    try:
        import networkx as nx
    except ImportError:
        raise BadRequest(f"{path} needs networkx: pip install 'rivalry[graphs]'") from None
    text = _text(path)
    try:
        graph = _parsed(nx, text, path.suffix.lower())
    except Exception as error:  # of any parser of XML, and networkx's own
        raise BadRequest(f"{path} is no {path.suffix[1:]}: {str(error).splitlines()[0][:100]}") from None
    dropped = {DIRECTIONS: len(graph.edges()) if graph.is_directed() else 0}
    dropped[WEIGHTS] = sum("weight" in facts for _, _, facts in graph.edges(data=True))
    edges = [(str(a), str(b)) for a, b in graph.edges()]
    return _table(path, edges, split, size, map(str, graph.nodes()), dropped=dropped)


def _parsed(nx: Any, text: str, ending: str) -> Any:
    """The graph of networkx that a text is, by the ending of its file."""
    if ending == ".gexf":
        return nx.read_gexf(io.BytesIO(text.encode()))
    if ending == ".adjlist":
        return nx.parse_adjlist(text.splitlines())
    return {".graphml": nx.parse_graphml, ".gml": nx.parse_gml, ".net": nx.parse_pajek}[ending](text)


def of_sparse(path: Path, split: str, size: Size | None, indices: np.ndarray, indptr: np.ndarray) -> Dataset:
    """A graph from a sparse matrix in compressed rows, as scipy.sparse.save_npz writes it."""
    whole = indices.dtype.kind in "iu" and indptr.dtype.kind in "iu" and indices.ndim == indptr.ndim == 1
    if not whole or len(indptr) < 2 or (np.diff(indptr) < 0).any() or indptr[-1] != len(indices):
        raise BadRequest(f"{path} holds no sparse matrix in compressed rows")
    nodes = len(indptr) - 1
    if len(indices) and not 0 <= int(indices.min()) <= int(indices.max()) < nodes:
        raise BadRequest(f"{path} holds a matrix of {nodes:,} rows with other columns; a graph is square")
    rows = np.repeat(np.arange(nodes), np.diff(indptr))
    edges = list(zip(rows.tolist(), indices.tolist()))
    upper, lower = ({(a, b) for a, b in both if a < b} for both in (edges, [(b, a) for a, b in edges]))
    dropped = {DIRECTIONS: len(upper ^ lower)}
    return _table(path, edges, split, size, range(nodes), symmetric=True, dropped=dropped)


def _table(
    path: Path,
    edges: list[tuple[str, str]] | list[tuple[int, int]],
    split: str,
    size: Size | None,
    nodes: Iterable[str] | Iterable[int] = (),
    *,
    symmetric: bool = False,
    dropped: Mapping[str, int] | None = None,
) -> Dataset:
    """A simple graph of edges.

    Args:
        nodes: names of all, where the file has them.
        symmetric: every edge stands in both directions, as in a matrix.
        dropped: what the file has and a simple graph has not, and of how many edges.
    """
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
    once, converted = _simple(pairs, symmetric)
    if len(once) < 10:
        raise BadRequest(f"{path} holds {len(once)} edges; ten or more are needed to hold one out")
    kept, held_out, none = hold_out(once, len(names), HELD_OUT, torch.Generator().manual_seed(0))
    converted |= {what: n for what, n in (dropped or {}).items() if n}
    parts = len(names) - len(spanning(once.tolist(), len(names)))
    facts = {
        "source": str(path),
        "splits": ("train", "test"),
        "skipped": [],
        "converted": converted if split == "train" else {},
        "notes": [f"the graph is of {parts:,} components; none is taken apart"] if parts > 1 else [],
        "held_out_edges": held_out,
        "no_edges": none,
    }
    spec = Spec(path.resolve().stem, "graph", (len(names), len(names)))
    return Dataset(spec, joined(kept if split == "train" else once, len(names))[None], facts=facts)


def _simple(pairs: Tensor, symmetric: bool) -> tuple[Tensor, dict[str, int]]:
    """Each pair of different nodes once, (m, 2), and what was dropped."""
    loops = pairs[:, 0] == pairs[:, 1]
    others = pairs[~loops]
    one_way, once = torch.unique(others, dim=0), torch.unique(others.sort(1).values, dim=0)
    found = {LOOPS: int(loops.sum())}
    if not symmetric:
        found |= {AGAIN: len(others) - len(one_way), BACK: len(one_way) - len(once)}
    return once, {what: n for what, n in found.items() if n}


def _parted(line: str) -> list[str]:
    return [part.strip('"') for part in re.split(r"[,;\s]+", line.strip())]


def _names_ends(row: list[str]) -> bool:
    """Whether a line names the columns of a list of edges: "source,target"."""
    return len(row) in (2, 3) and tuple(name.lower() for name in row[:2]) in ENDS


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
