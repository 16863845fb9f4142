"""Graphs as matrices: random walks on them, and graphs assembled from scores of their edges."""

from typing import NamedTuple

import torch
from torch import Tensor


class Neighbors(NamedTuple):
    """The neighbors of all nodes, one node after another.

    Attributes:
        of: (2 · edges,) the neighbors.
        first: (v,) the place of a node's first neighbor.
        degree: (v,) the number of its neighbors.
    """

    of: Tensor
    first: Tensor
    degree: Tensor


def neighbors(joined: Tensor) -> Neighbors:
    """The neighbors in a graph: (v, v) bool."""
    degree = joined.sum(1)
    return Neighbors(joined.nonzero()[:, 1], degree.cumsum(0) - degree, degree)


def random_walks(graph: Neighbors, n: int, length: int) -> Tensor:
    """Unbiased random walks, each from a random node that has neighbors: (n, length) int64.

    Every step goes to one of the neighbors, all equally likely.
    """
    starts = graph.degree.nonzero()[:, 0]
    node = starts[torch.randint(len(starts), (n,), device=starts.device)]
    walk = [node]
    for _ in range(length - 1):
        which = (torch.rand(n, device=node.device) * graph.degree[node]).long()
        node = graph.of[graph.first[node] + which.clamp(max=graph.degree[node] - 1)]
        walk.append(node)
    return torch.stack(walk, 1)


def transitions(walks: Tensor, nodes: int) -> Tensor:
    """How often walks step from one node to another, in either direction: (n, t) -> (v, v), symmetric."""
    count = torch.zeros(nodes * nodes, device=walks.device)
    step = (walks[:, :-1] * nodes + walks[:, 1:]).flatten()
    count.index_add_(0, step, torch.ones_like(step, dtype=count.dtype))
    count = count.view(nodes, nodes)
    return count + count.T


def stationary(chain: Tensor) -> Tensor:
    """The stationary distribution π = π T of a Markov chain whose entries are all positive: (v, v) -> (v,)."""
    v = len(chain)
    system = (chain.double() - torch.eye(v, dtype=torch.float64, device=chain.device)).T
    system[-1] = 1.0  # one equation follows from the others; in its place Σ π = 1
    right = torch.zeros(v, dtype=torch.float64, device=chain.device)
    right[-1] = 1.0
    return torch.linalg.solve(system, right).clamp(min=0).to(chain.dtype)


def assembled(scores: Tensor, edges: int, chance: Tensor) -> Tensor:
    """Graphs with a given number of edges, where a pair is joined the sooner the higher its score.

    Every pair gets a waiting time from an exponential distribution whose rate is its score.  Pairs that come first are
    joined; this draws pairs by their scores without replacement (Efraimidis & Spirakis 2006).  Before that each node
    gets the pair of its own that comes first, so that no node stays alone.

    Args:
        scores: (v, v), symmetric, at least 0; the diagonal does not count.
        edges: of each graph; there are more if the nodes alone need more.
        chance: (n, v · (v - 1) / 2), uniform on [0, 1).

    Returns:
        (n, v, v) bool, symmetric, without loops.
    """
    v = len(scores)
    a, b = torch.triu_indices(v, v, 1, device=scores.device)
    rate = scores[a, b].clamp(min=1e-12 * float(scores.detach().max().clamp(min=1e-12)))
    return torch.stack([_earliest(-torch.log1p(-one) / rate, (a, b), v, edges) for one in chance])


def _earliest(time: Tensor, pairs: tuple[Tensor, Tensor], v: int, edges: int) -> Tensor:
    a, b = pairs
    first = torch.full((v,), torch.inf, device=time.device)
    for end in pairs:
        first.scatter_reduce_(0, end, time, "amin")
    joined = (time == first[a]) | (time == first[b])
    further = edges - int(joined.sum())
    if further > 0:
        rest = time.masked_fill(joined, torch.inf)
        joined[rest.topk(min(further, len(rest)), largest=False).indices] = True
    graph = torch.zeros(v, v, dtype=torch.bool, device=time.device)
    graph[a[joined], b[joined]] = True
    return graph | graph.T
