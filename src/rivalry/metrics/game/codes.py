"""Games as decoders of codes: checks and draws for metrics of a generator's own geometry and density."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import torch
from torch import Tensor, nn

from rivalry.errors import BadRequest
from rivalry.game import Game, Latent
from rivalry.maths.chance import seeded

DRAWN = 10_000  # codes in the test of whether they are normal
FARTHEST = 3.5  # √n times the gap between two distribution functions; a true one is beyond it 5 times in 10¹¹


def require_latent(who: str, game: Game) -> Latent:
    """The game as a decoder of codes.

    Raises:
        BadRequest: it decodes none.
    """
    if not isinstance(game, Latent):
        raise BadRequest(f"{who} measures how codes are decoded; this game decodes none")
    return cast(Latent, game)


def draws_normal(game: Latent) -> bool:
    """Whether codes are drawn from N(0, I), by the test of Kolmogorov and Smirnov on 10,000 of them.

    Each number of a code is held against the normal distribution, and the squared norm of the code, which knows of
    scales and correlations, against χ².
    """
    with seeded(0, cast(Game, game).device), torch.no_grad():
        z = game.draw(DRAWN).double().cpu()
    if z.dim() != 2:
        return False
    size = torch.tensor(z.shape[1], dtype=torch.float64)
    along = torch.special.ndtr(z).T  # (d, n), each row uniform if z is normal
    around = torch.special.gammainc(size / 2, z.square().sum(1) / 2)
    return bool((_gaps(torch.cat([along, around[None]])) < FARTHEST).all())


def _gaps(u: Tensor) -> Tensor:
    """How far each row of u (k, n) is from uniform on [0, 1]: √n times the statistic of Kolmogorov, (k,)."""
    n = u.shape[1]
    rising, steps = u.sort(1).values, torch.arange(n, dtype=u.dtype) / n
    return n**0.5 * torch.maximum(rising - steps, steps + 1 / n - rising).amax(1)


@contextmanager
def evaluating(*networks: nn.Module) -> Iterator[None]:
    """Networks in evaluation mode, and afterwards each of their parts as it was: they may be in training."""
    modes = [(part, part.training) for network in networks for part in network.modules()]
    for network in networks:
        network.eval()
    try:
        yield
    finally:
        for part, mode in modes:
            part.training = mode
