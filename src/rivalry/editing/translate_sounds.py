"""Translating sound files.  A sound that is longer than the game's data is carried over in pieces that overlap."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from rivalry.data.readers.sounds import Sound, mono_or_stereo, sound_of
from rivalry.data.source import Spec
from rivalry.editing.codes import seeded
from rivalry.editing.images import Given
from rivalry.editing.translate import require_translator
from rivalry.errors import BadRequest
from rivalry.game import Game, Translator
from rivalry.metrics.suite import Progress

OVERLAP = 8  # an eighth of a piece is common to it and the next
CHUNK = 16  # pieces at a time


def translated_sounds(
    game: Game,
    sounds: Sequence[Given],
    spec: Spec,
    to: int | None = None,
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> Iterator[tuple[Given, Tensor]]:
    """Each sound with its translation (channels, t) in [-1, 1], at the rate of the game's data and of its own length.

    Args:
        spec: of the data that the game was trained on.
        to: the number of a domain; None where there is only one way to go.

    Raises:
        BadRequest: the game does not translate sounds, or a file cannot be used.  Raised before any work.
    """
    require_translator(game)
    heard = [fitting(sound_of(one.path), spec, one.path) for one in sounds]
    return _each(cast(Translator, game), sounds, heard, spec, to, seed, progress)


def fitting(sound: Sound, spec: Spec, path: Path) -> Tensor:
    """A sound at the rate and in the channels of the data: (channels, t).

    Raises:
        BadRequest: nothing is left of it at this rate.
    """
    x = mono_or_stereo(sound, int(spec.about["rate"]), spec.shape[0])
    if not x.shape[1]:
        raise BadRequest(f"{path} is too short")
    return x


def _each(
    game: Translator,
    sounds: Sequence[Given],
    heard: Sequence[Tensor],
    spec: Spec,
    to: int | None,
    seed: int,
    progress: Progress | None,
) -> Iterator[tuple[Given, Tensor]]:
    for k, (one, x) in enumerate(zip(sounds, heard), 1):
        pieces = in_pieces(x, spec.shape[1])
        with seeded(cast(Game, game), seed), torch.no_grad():
            device = cast(Game, game).device
            made = [game.translate(some.to(device), to).float().cpu() for some in pieces.split(CHUNK)]
        if progress:
            progress("translating", k, len(sounds))
        yield one, joined(torch.cat(made), x.shape[1])


def in_pieces(x: Tensor, length: int) -> Tensor:
    """A sound (c, t) in pieces (n, c, length), each begun 7 / 8 of a length after the one before, padded with zeros."""
    step = length - length // OVERLAP
    n = max(1, -(-(x.shape[1] - length // OVERLAP) // step))
    padded = torch.nn.functional.pad(x, (0, (n - 1) * step + length - x.shape[1]))
    return padded.unfold(1, length, step).transpose(0, 1)


def joined(pieces: Tensor, t: int) -> Tensor:
    """The inverse of `in_pieces`; where two overlap, one fades out as the other fades in: (n, c, length) -> (c, t)."""
    n, c, length = pieces.shape
    common, step = length // OVERLAP, length - length // OVERLAP
    fade = (torch.arange(common) + 0.5) / common
    x = torch.zeros(c, (n - 1) * step + length)
    for i, piece in enumerate(pieces):
        piece = piece.clone()
        if i:
            piece[:, :common] *= fade
        if i < n - 1:
            piece[:, length - common :] *= 1 - fade
        x[:, i * step : i * step + length] += piece
    return x[:, :t]
