"""GLO: a generator without encoder or critic; each datum has a code of its own, which is learned beside the weights.

    min_{G, z_1..z_N}  1/N Σ_i ℓ(G(z_i), x_i)      with ‖z_i‖ <= 1

with ℓ the distance of Laplacian pyramids (Bojanowski et al. 2017, "Optimizing the Latent Space of Generative Networks",
arXiv 1707.05776, equations 2 and 3).  After each step codes that left the unit ball are projected back onto it.
Samples come from a normal distribution with the mean and the full covariance of the codes (section 4).

Deviations:
    Adam for the generator, where the paper has gradient descent with a step of 1; a code's step is that of its own
        datum, whatever the batch, where the paper's 10 is for the mean over one.
    A pyramid of binomial weights and three levels.
    The principal components that codes start from are those of the first thousand data drawn, each scaled to
        deviation 1/√d; a code is set when its datum is first seen, so under several processes only by one of them.
    DCGAN's generator with layer normalization.
"""

import math
from collections.abc import Callable, Iterator
from typing import Literal, cast

import torch
from torch import Tensor, nn

from rivalry.data.source import Source, Spec
from rivalry.errors import BadRequest
from rivalry.game import Game, Move, Player
from rivalry.given import require_shape
from rivalry.maths.fitted import placed
from rivalry.maths.optimizers import MakeOptimizer, adam, sgd
from rivalry.maths.priors import normal
from rivalry.maths.pyramid import laplacian_distance
from rivalry.nn.autoencoder import Decoder
from rivalry.settings import Count, Rate

SEEN = 1000  # data that principal components are computed from


class Start(nn.Module):
    """The code that a datum starts with: N(0, I/d), put into the ball, whatever the datum.

    Args:
        numbers: of a datum.
        latent: d.
    """

    def __init__(self, numbers: int, latent: int):
        super().__init__()
        self.latent = latent

    def look(self, x: Tensor) -> None:
        """Look at data (n, ...) once, before any code is asked for."""

    def forward(self, x: Tensor) -> Tensor:
        """(n, ...) -> (n, d)."""
        return in_ball(torch.randn(len(x), self.latent, device=x.device) / math.sqrt(self.latent))


class Principal(Start):
    """The first d principal components of the datum, each of deviation 1/√d, put into the ball."""

    mean: Tensor
    basis: Tensor

    def __init__(self, numbers: int, latent: int):
        super().__init__(numbers, latent)
        self.register_buffer("mean", torch.zeros(numbers))
        self.register_buffer("basis", torch.zeros(numbers, latent))

    def look(self, x: Tensor) -> None:
        flat = x.flatten(1).float()
        self.mean.copy_(flat.mean(0))
        _, strengths, rows = torch.linalg.svd(flat - self.mean, full_matrices=False)
        many = min(self.latent, int((strengths > 1e-4 * strengths[0]).sum()))  # where data vary at all
        deviations = strengths[:many] / math.sqrt(len(flat))
        self.basis[:, :many] = rows[:many].T / deviations / math.sqrt(self.latent)

    def forward(self, x: Tensor) -> Tensor:
        return in_ball((x.flatten(1).float() - self.mean) @ self.basis)


STARTS = {"pca": Principal, "random": Start}


class GLO(Game):
    """A generator and a table of codes, which move at once.

    Args:
        G: (n, latent) codes -> (n, ...) data.
        start: the first codes of data.
        distance: ℓ, of two batches (n, ...) -> (n,).
        latent: length of a code.
        rows: codes in the table, as many as there are data or more.
        generator, codes: the optimizers of the two players.
    """

    table: Tensor
    begun: Tensor

    def __init__(
        self,
        G: nn.Module,
        start: Start,
        *,
        distance: Callable[[Tensor, Tensor], Tensor],
        latent: int,
        rows: int,
        batch: int,
        generator: MakeOptimizer,
        codes: MakeOptimizer,
    ):
        super().__init__()
        self.G, self.start, self.distance, self.batch = G, start, distance, batch
        self.latent, self.rows, self.reads = latent, rows, ("x", "row")
        self.table = nn.Parameter(torch.zeros(rows, latent))
        self.register_buffer("begun", torch.zeros(rows, dtype=torch.bool))  # the codes whose data were seen
        self.generator = Player(G, optimizer=generator)
        self.codes = Player(self.table, optimizer=codes)

    def round(self, data: Source, t: int) -> Iterator[tuple[Move, ...]]:
        if t == 0:
            self.start.look(data.take(SEEN)[0])
        x, row = data.take(self.batch)
        self.begin(x, row)
        each = self.distance(self.G(self.table[row]), x)  # (n,)
        yield (
            Move(self.codes, each.sum()),  # of a code, the loss of its datum
            Move(self.generator, each.mean(), {"distance": each.mean()}),
        )
        with torch.no_grad():
            self.table[row] = in_ball(self.table[row])

    @torch.no_grad()
    def begin(self, x: Tensor, row: Tensor) -> None:
        """Set the codes of data that are seen for the first time.

        Raises:
            BadRequest: there are more data than codes.
        """
        if int(row.max()) >= self.rows:
            raise BadRequest(
                f"glo has {self.rows:,} codes, one for each datum, and there are more data: set rows to their number"
            )
        new = ~self.begun[row]
        self.table[row] = torch.where(new[:, None], self.start(x), self.table[row])
        self.begun[row] = True

    def draw(self, n: int, truncation: float | None = None) -> Tensor:
        """Codes from the normal distribution with the moments of those in the table: (n, latent).

        Truncated: numbers beyond the threshold are drawn again, before they are mixed and shifted.
        """
        z, known = normal(self.latent)(n, self.device, truncation), self.table.detach()[self.begun]
        if len(known) < 2:  # nothing was learned yet
            return z / math.sqrt(self.latent)
        return placed(z, known.mean(0), known.T.cov())

    def decode(self, z: Tensor) -> Tensor:
        """The data of codes: (n, latent) -> (n, ...)."""
        require_shape("codes", z, (self.latent,))
        return self.G(z)

    def sample(self, n: int, truncation: float | None = None) -> Tensor:
        return self.decode(self.draw(n, truncation))

    def reconstruct(self, row: Tensor) -> Tensor:
        """The data of these rows (n,), drawn again from the codes that were learned for them: (n, ...)."""
        return self.G(self.table[row])

    def input_matrices(self) -> list[Tensor]:
        """The matrix (out, latent) by which the generator reads a code."""
        return [cast(Decoder, self.G).input_matrix()]

    def facts(self) -> dict[str, str]:
        return {"codes": f"{int(self.begun.sum()):,} of {self.rows:,} are learned"}


def in_ball(z: Tensor) -> Tensor:
    """Each code (n, d) that is longer than 1 scaled to length 1, the nearest point of the ball."""
    return z / z.norm(dim=1, keepdim=True).clamp(min=1)


def glo(
    spec: Spec,
    *,
    latent: Count = 64,
    width: Count = 64,
    start: Literal["pca", "random"] = "pca",
    rows: Count = 60_000,
    batch: Count = 128,
    lr: Rate = 1e-3,
    code_lr: Rate = 1.0,
) -> GLO:
    """A generator and a table of codes.

    Settings:
        latent: length of a code
        width: channels of the map nearest to the image, or units of a hidden layer for points
        start: codes begin as principal components of their data, or at random
        rows: codes in the table, as many as there are data or more
        lr: Adam's step size of the generator
        code_lr: step size of a code
    """
    spec.require("glo", kind=("image", "points"))
    return GLO(
        Decoder(latent, spec, width=width),
        STARTS[start](math.prod(spec.shape), latent),
        distance=laplacian_distance,
        latent=latent,
        rows=rows,
        batch=batch,
        generator=adam(lr),
        codes=sgd(code_lr),
    )


RECIPES = {
    "glo": {
        "digits": {"data": "digits", "time": "2m", "latent": 32, "width": 32, "rows": 1500, "batch": 64},
        "mnist": {"data": "mnist", "time": "10m", "width": 32},
        "laptop": {"data": "mnist", "time": "10m", "width": 32},
    }
}
