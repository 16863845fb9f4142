"""Translating a text file, line by line: line k of the result is the translation of line k."""

from collections.abc import Sequence
from typing import cast

import torch

from rivalry.data.readers.text import encode
from rivalry.data.source import Spec
from rivalry.editing.translate import require_translator
from rivalry.errors import BadRequest
from rivalry.game import Game, Translator
from rivalry.kinds.tokens import sentences, words_of

CHUNK = 256  # lines at a time


def translated_lines(
    game: Game, lines: Sequence[str], spec: Spec, to: int | None
) -> tuple[list[str], list[str]]:
    """The translations of sentences, and the words that the game does not know, which it reads as "unknown".

    Args:
        spec: of the data that the game was trained on.
        to: the number of a domain; None where there is only one way to go.

    Raises:
        BadRequest: the game does not translate, no lines, or one that is too long or holds only unknown words.
    """
    require_translator(game)
    rows, vocabulary, longest = (
        [words_of(line, spec.x) for line in lines],
        spec.about["vocabulary"],
        spec.shape[0],
    )
    if not rows:
        raise BadRequest("there is no sentence to translate; expected one a line")
    known = set(vocabulary)
    for number, row in enumerate(rows, 1):
        if len(row) >= longest:
            raise BadRequest(
                f"line {number} has {len(row)} tokens; this game was trained on at most {longest - 1}"
            )
        if not known.intersection(row):
            raise BadRequest(f"line {number} holds no word of the data: {' '.join(row[:8])}")
    x = encode(rows, vocabulary, longest)
    with torch.no_grad():
        made = [cast(Translator, game).translate(some.to(game.device), to).cpu() for some in x.split(CHUNK)]
    unknown = dict.fromkeys(word for row in rows for word in row if word not in known)
    return sentences(torch.cat(made), spec.x), list(unknown)
