"""Continuing a moving picture from a file, by a game that makes the next frame."""

from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor

from rivalry.data.readers.clips import FILMS
from rivalry.data.readers.decode import DAMAGED, reason_of
from rivalry.data.readers.films import decode_film
from rivalry.data.readers.members import Member, open_regular
from rivalry.data.source import Spec
from rivalry.errors import BadRequest
from rivalry.game import Continuing, Game
from rivalry.maths.chance import by_row
from rivalry.metrics.image.images import light


def require_continuing(game: Game) -> Continuing:
    """The game, as one that continues.

    Raises:
        BadRequest: it makes whole clips, or no clips at all.
    """
    if not isinstance(game, Continuing):
        raise BadRequest("this game does not continue clips; next-frame does (`rivalry train next-frame`)")
    return game


def told_frames(path: Path, spec: Spec, past: int) -> Tensor:
    """The last `past` frames of a file, as the game sees them: (1, past, c, h, w) in [-1, 1].

    Raises:
        BadRequest: no such file, no moving picture, or one that is too short.
    """
    if not path.is_file():
        raise BadRequest(f"no file {str(path)!r}")
    if path.suffix.lower() not in FILMS:
        raise BadRequest(f"{path} is no moving picture; expected {', '.join(sorted(FILMS))}")
    _, c, h, w = spec.shape
    try:
        frames = decode_film([Member(path.name, lambda: open_regular(path), (0, 0))], (h, w), "files").frames
    except DAMAGED as error:
        raise BadRequest(f"{path} cannot be read as a moving picture: {reason_of(error)}") from error
    if len(frames) < past:
        raise BadRequest(f"this game continues from {past} frames; {path} has {len(frames)}")
    x = torch.from_numpy(np.ascontiguousarray(frames[-past:])).permute(0, 3, 1, 2).float() / 127.5 - 1
    return _in_channels(x, c)[None]


def _in_channels(x: Tensor, c: int) -> Tensor:
    """RGB frames (f, 3, h, w) in grey or RGB, without or with an alpha that is opaque throughout."""
    x = light(x)[:, None] if c < 3 else x
    return x if c % 2 else torch.cat([x, torch.ones_like(x[:, :1])], 1)


def continuation(game: Continuing, told: Tensor, n: int, *, seed: int = 0) -> Tensor:
    """The frames that were told and `n` new ones: (1, past, c, h, w) -> (past + n, c, h, w), on the processor."""
    device = cast(Game, game).device
    with torch.no_grad(), by_row(seed, range(1), device):
        made = game.continued(told.to(device), n)
    return torch.cat([told, made.float().cpu()], 1)[0]
