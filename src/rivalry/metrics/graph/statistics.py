"""Statistics of graphs, and how much of the data's graph is in a sample.

clustering       3 · triangles / pairs of edges that meet (transitivity)
local clustering the mean over nodes of the share of their neighbors' pairs that are joined; 0 for fewer than two
assortativity    Pearson's correlation of the degrees at the two ends of an edge
power law        1 + v / Σ log(d / d_min), the exponent by maximum likelihood over nodes with neighbors
gini             of the degrees
entropy          - Σ (d / 2m) log(d / 2m) / log v, of the shares of all ends of edges
largest          nodes of the largest component
path             the mean length of shortest paths in the largest component

(Bojchevski et al. 2018, arXiv 1803.00816, appendix A.)  Their code divides triangles by claws, and their table calls
that the clustering coefficient; here it is the usual one.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, shortest_path
from torch import Tensor

from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.metrics.score import Score

Matrix = NDArray[np.float64]
PATHS = 500  # nodes from which the lengths of paths are taken, evenly spread


def statistics(real: Dataset, fake: Tensor, *, provenance: dict[str, Any] | None = None) -> list[Score]:
    """The mean of each statistic over the samples; the details hold the data's own, `of the data`.

    A statistic is neither good nor bad in itself: it should be that of the data.

    Args:
        real: graphs.
        fake: (n, v, v), 1 where two nodes are joined.

    Raises:
        BadRequest: data that are no graphs, or no samples.
    """
    real.spec.require("graph-statistics", kind="graph")
    if not len(fake):
        raise BadRequest("graph-statistics needs at least 1 sample; got none")
    made = [of_graph(_matrix(one)) for one in fake]
    step = max(1, len(real) // 20)
    data = [of_graph(_matrix(one)) for one in real.rows(slice(0, None, step))]
    scores = []
    for name in made[0]:
        values = np.array([one[name] for one in made])
        error = float(values.std(ddof=1) / len(values) ** 0.5) if len(values) > 1 else None
        own = float(np.mean([one[name] for one in data]))
        facts = {**(provenance or {}), "n fake": len(fake)}
        scores.append(
            Score(f"graph {name}", float(values.mean()), len(fake), error, "", facts, {"of the data": own})
        )
    return scores


def edge_overlap(real: Dataset, fake: Tensor, *, provenance: dict[str, Any] | None = None) -> Score:
    """The share of a sample's edges that are edges of the data's graph; 1 is a copy.

    Args:
        real: one graph.
        fake: (n, v, v).

    Raises:
        BadRequest: several graphs.
    """
    if len(real) != 1:
        raise BadRequest(f"edge-overlap compares with one graph; {real.spec.name!r} holds {len(real):,}")
    own = real.rows(slice(0, 1))[0] > 0
    made = fake > 0
    shares = (made & own).sum((1, 2)) / made.sum((1, 2)).clamp(min=1)
    error = float(shares.std() / len(shares) ** 0.5) if len(shares) > 1 else None
    facts = {**(provenance or {}), "n fake": len(fake)}
    return Score("edge-overlap", float(shares.mean()), len(fake), error, "", facts)


def of_graph(a: Matrix) -> dict[str, float]:
    """The statistics of one graph: (v, v), symmetric, 0 and 1."""
    degree = a.sum(1)
    sparse = csr_array(a)
    closed = (sparse @ sparse).multiply(sparse).sum(1)  # of each node, twice its triangles
    pairs = degree * (degree - 1)
    local = np.divide(closed, pairs, out=np.zeros_like(degree), where=pairs > 0)
    count, part = connected_components(sparse, directed=False)
    size = np.bincount(part)
    return {
        "edges": float(a.sum() / 2),
        "most neighbors": float(degree.max()),
        "triangles": float(closed.sum() / 6),
        "clustering": float(closed.sum() / max(pairs.sum(), 1)),
        "local clustering": float(local.mean()),
        "assortativity": _assortativity(a, degree),
        "power law": _power_law(degree),
        "gini": _gini(degree),
        "entropy": _entropy(degree),
        "components": float(count),
        "largest": float(size.max()),
        "path": _path(sparse, np.flatnonzero(part == size.argmax())),
    }


def _matrix(x: Tensor) -> Matrix:
    return (x > 0).cpu().numpy().astype(np.float64)


def _assortativity(a: Matrix, degree: Matrix) -> float:
    one, other = a.nonzero()
    x, y = degree[one], degree[other]
    return float(np.corrcoef(x, y)[0, 1]) if len(x) and x.std() > 0 else 0.0


def _power_law(degree: Matrix) -> float:
    d = degree[degree > 0]
    total = np.log(d / d.min()).sum() if len(d) else 0.0
    return float(1 + len(d) / total) if total > 0 else float("inf")


def _gini(degree: Matrix) -> float:
    d, n = np.sort(degree), len(degree)
    return float((2 * np.arange(1, n + 1) - n - 1) @ d / (n * max(d.sum(), 1)))


def _entropy(degree: Matrix) -> float:
    p = degree[degree > 0] / max(degree.sum(), 1)
    return float(-(p * np.log(p)).sum() / np.log(len(degree)))


def _path(sparse: csr_array, nodes: NDArray[np.int64]) -> float:
    if len(nodes) < 2:
        return 0.0
    starts = nodes[np.linspace(0, len(nodes) - 1, min(PATHS, len(nodes))).astype(int)]
    lengths = shortest_path(sparse, directed=False, unweighted=True, indices=starts)[:, nodes]
    return float(lengths.sum() / (len(starts) * (len(nodes) - 1)))


def set_distance(real: Dataset, fake: Tensor, *, provenance: dict[str, Any] | None = None) -> list[Score]:
    """Maximum mean discrepancy of sets of graphs, by degrees, by local clustering and by the spectrum.

    Each graph becomes a histogram; the kernel of two is exp(-W²/2) of their Wasserstein distance W in units of the
    histogram's range over 10 (You et al. 2018, GraphRNN, arXiv 1802.08773).  Values below 0 mean no distance.

    Raises:
        BadRequest: fewer than two graphs on a side.
    """
    if min(len(real), len(fake)) < 2:
        raise BadRequest(
            f"graph-mmd compares sets; got {len(real)} graphs of the data and {len(fake)} samples"
        )
    step = max(1, len(real) // 200)
    sides = [real.rows(slice(0, None, step)), fake[:200]]
    facts = {**(provenance or {}), "n real": len(sides[0]), "n fake": len(sides[1])}
    scores = []
    for name, histogram in HISTOGRAMS.items():
        a, b = (np.stack([histogram(_matrix(one)) for one in side]) for side in sides)
        value = _kernel(a, a, True) + _kernel(b, b, True) - 2 * _kernel(a, b, False)
        scores.append(Score(f"graph-mmd {name}", value, len(b), None, "low", facts))
    return scores


BINS = 20


def _of_degrees(a: Matrix) -> Matrix:
    return np.histogram(a.sum(1) / max(len(a) - 1, 1), BINS, (0, 1))[0] / len(a)


def _of_clustering(a: Matrix) -> Matrix:
    degree, closed = a.sum(1), ((a @ a) * a).sum(1)
    pairs = degree * (degree - 1)
    local = np.divide(closed, pairs, out=np.zeros_like(degree), where=pairs > 0)
    return np.histogram(local, BINS, (0, 1))[0] / len(a)


def _of_spectrum(a: Matrix) -> Matrix:
    """Eigenvalues of I - D^(-1/2) A D^(-1/2), which lie in [0, 2]."""
    scale = np.where(a.sum(1) > 0, np.maximum(a.sum(1), 1) ** -0.5, 0)
    values = np.linalg.eigvalsh(np.eye(len(a)) - scale[:, None] * a * scale)
    return np.histogram(values.clip(0, 2), BINS, (0, 2))[0] / len(a)


HISTOGRAMS = {"degrees": _of_degrees, "clustering": _of_clustering, "spectrum": _of_spectrum}


def _kernel(a: Matrix, b: Matrix, same: bool) -> float:
    """The mean kernel of two sets of histograms, without that of a graph with itself."""
    distance = np.abs(a.cumsum(1)[:, None] - b.cumsum(1)[None]).sum(2) * 10 / BINS
    k = np.exp(-(distance**2) / 2)
    return float((k.sum() - np.trace(k)) / (len(a) * (len(a) - 1)) if same else k.mean())
