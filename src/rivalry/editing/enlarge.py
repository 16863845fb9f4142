"""Enlarging a picture file by a game that learned to."""

from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from rivalry.data.source import Spec
from rivalry.editing.images import Given, own_size, read
from rivalry.errors import BadRequest
from rivalry.game import Enlarger, Game

MOST = 16_000_000  # pixels of what is made: with 64 maps of them 4 GB


def repeats(game: Game, times: int | None) -> int:
    """How often the game is applied to enlarge so many times; once where nobody said.

    Raises:
        BadRequest: the game does not enlarge, or not so many times.
    """
    if not isinstance(game, Enlarger):
        raise BadRequest("this game does not enlarge pictures; a run of esrgan does")
    ways = {game.times**k: k for k in range(1, 7)}
    if times is not None and times not in ways:
        raise BadRequest(
            f"this run enlarges {game.times} times, or {game.times**2} by two passes; asked for {times}"
        )
    return 1 if times is None else ways[times]


def to_enlarge(path: Path, spec: Spec, times: int, convert: bool = False) -> Tensor:
    """The picture at its own size: (1, c, h, w) in [-1, 1], with the channels of the game's data.

    Args:
        spec: of the data that the game was trained on.
        times: it will be so many times as high and wide.
        convert: change its mode if it has another.

    Raises:
        BadRequest: no picture, one of another mode, or one that would become too large.
    """
    h, w = own_size(path)
    if h * w * times**2 > MOST:
        raise BadRequest(f"{path} would become {h * times} x {w * times}; at most {MOST:,} pixels are made")
    own = Spec(spec.name, spec.kind, (spec.shape[0], h, w))
    return read([Given(path, Path(path.name))], own, convert)


@torch.no_grad()
def enlarged(game: Game, x: Tensor, passes: int = 1) -> Tensor:
    """(1, c, h, w) in [-1, 1] -> the same `game.times` to the power of `passes` times as high and wide."""
    for _ in range(passes):
        x = cast(Enlarger, game).enlarge(x.to(game.device))
    return x.float().cpu()
