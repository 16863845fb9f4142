"""Copula: the distribution of each column as it is, joined by the correlations of a normal distribution.

    u_j = F_j(x_j),   g = Φ⁻¹(u),   max_R Σ_i log N(g_i; 0, R),     x_j = F_j⁻¹(Φ(g_j))

(Sklar 1959; Patki, Wedge & Veeramachaneni 2016, "The Synthetic Data Vault", which uses it for tables.)  F_j is the
share of rows below; among equal cells, and so within a category, u is uniform.  `independent` is the same with
R = I: it has the columns right and nothing else, and is the control for claims about how columns depend on each other.

There is no adversary and no gradient: each round fits quantiles and R anew on the rows that it takes, so that one round
of many rows is enough.  With `per_class` there is a copula for each class, drawn as often as the data have the class.

Deviations:
    F is kept as a table of quantiles; SDV fits families of distributions.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from rivalry.data.source import Source, Spec
from rivalry.errors import BadRequest
from rivalry.game import Game, Move, Player
from rivalry.kinds.table import places, target_of
from rivalry.maths.chance import normal
from rivalry.maths.optimizers import sgd
from rivalry.settings import Count

JITTER = 1e-4  # added to the diagonal of R


class Copula(Game):
    """Quantiles of each column, and what joins them.

    Args:
        correlated: fit R; else R = I.
        per_class: a copula for each category of the target.
        quantiles: that are kept of each column.
    """

    cells: Tensor
    low: Tensor
    high: Tensor

    def __init__(self, spec: Spec, *, correlated: bool, per_class: bool, quantiles: int, batch: int):
        super().__init__()
        known, self.target = places(spec.x), target_of(spec.x)
        if per_class and (self.target < 0 or not known[self.target].sorts):
            raise BadRequest(
                f"per_class needs a target of categories; {spec.name!r} has none (tell it: FILE:target=COLUMN)"
            )
        groups, p = known[self.target].sorts if per_class else 1, len(known)
        self.batch, self.groups = batch, groups
        normal_quantiles = torch.special.ndtri(
            (torch.arange(quantiles) + 0.5) / quantiles
        )  # until it is fitted
        self.quantiles = nn.Parameter(normal_quantiles.repeat(groups, p, 1))
        self.shares = nn.Parameter(torch.zeros(groups))
        self.factor = nn.Parameter(torch.eye(p).repeat(groups, 1, 1)) if correlated else None
        fitted = [self.quantiles, self.shares, *([self.factor] if self.factor is not None else [])]
        self.model = Player(*fitted, optimizer=sgd(1.0))  # it moves by its own rules
        self.register_buffer("cells", torch.tensor([place.sorts > 0 for place in known]), persistent=False)

    def round(self, data: Source, t: int) -> Iterator[Move]:
        (x,) = data.take(self.batch)
        self.fit(x)
        yield Move(self.model, None, {"rows": torch.tensor(float(len(x)))})

    @torch.no_grad()
    def fit(self, x: Tensor) -> None:
        """The copula of each group from rows (n, p)."""
        group = x[:, self.target].round().long() if self.groups > 1 else torch.zeros_like(x[:, 0]).long()
        for k in range(self.groups):
            self.shares[k] = (group == k).float().mean()
            if bool((group == k).any()):
                self.fit_group(k, x[group == k])

    def fit_group(self, k: int, x: Tensor) -> None:
        """The copula of group k from its rows (n, p)."""
        ranked = x.T.contiguous().sort(1).values  # (p, n)
        share = (torch.arange(self.quantiles.shape[2], device=x.device) + 0.5) / self.quantiles.shape[2]
        self.quantiles[k] = ranked[:, (share * len(x)).long()]
        if self.factor is not None:
            below = torch.searchsorted(ranked, x.T.contiguous())
            upto = torch.searchsorted(ranked, x.T.contiguous(), right=True)
            u = (below + torch.rand_like(ranked) * (upto - below)) / len(x)
            g = torch.special.ndtri(u.clamp(1e-4, 1 - 1e-4).double())
            g = g - g.mean(1, keepdim=True)
            g = g / g.norm(dim=1, keepdim=True).clamp(min=1e-9)
            R = (g @ g.T).fill_diagonal_(1) + JITTER * torch.eye(len(g), device=x.device)
            L = torch.linalg.cholesky(R)
            self.factor[k] = (L / L.norm(dim=1, keepdim=True)).float()

    def draw(self, n: int) -> Tensor:
        """Codes: (n, 1 + p), the first for the class."""
        return normal((n, 1 + self.quantiles.shape[1]), self.device)

    def decode(self, z: Tensor) -> Tensor:
        """Rows (n, p) of codes."""
        edges = self.shares.cumsum(0)
        u = torch.special.ndtr(z)
        group = torch.searchsorted(edges, u[:, 0] * edges[-1]).clamp(max=self.groups - 1)
        g = z[:, 1:]
        if self.factor is not None:
            g = torch.einsum("npj,nj->np", self.factor[group], g)
        at = (torch.special.ndtr(g) * self.quantiles.shape[2] - 0.5).clamp(0, self.quantiles.shape[2] - 1)
        at = torch.where(self.cells, at.round(), at)
        column = torch.arange(g.shape[1], device=g.device)
        read = lambda i: self.quantiles[group[:, None], column, i.long()]  # (n, p)
        return torch.lerp(read(at.floor()), read(at.ceil()), at - at.floor())

    def sample(self, n: int) -> Tensor:
        """`n` rows: (n, p)."""
        return self.decode(self.draw(n))


def copula(spec: Spec, *, per_class: bool = False, quantiles: Count = 1000, batch: Count = 10_000) -> Copula:
    """A Gaussian copula.

    Settings:
        per_class: a copula for each category of the target
        quantiles: that are kept of each column
        batch: rows that it is fitted on
    """
    spec.require("copula", kind="table")
    return Copula(spec, correlated=True, per_class=per_class, quantiles=quantiles, batch=batch)


def independent(
    spec: Spec, *, per_class: bool = False, quantiles: Count = 1000, batch: Count = 10_000
) -> Copula:
    """Each column by itself.

    Settings:
        per_class: columns for each category of the target
        quantiles: that are kept of each column
        batch: rows that it is fitted on
    """
    spec.require("independent", kind="table")
    return Copula(spec, correlated=False, per_class=per_class, quantiles=quantiles, batch=batch)


RECIPES = {name: {"laptop": {"rounds": 1}} for name in ("copula", "independent")}
