"""Sentences beside images, as a column of tokens."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from torch import Tensor

from rivalry.data.readers.members import Member
from rivalry.data.readers.text import LONGEST, RARE, encode
from rivalry.data.source import Column
from rivalry.errors import BadRequest
from rivalry.kinds.tokens import WORD

Skipped = list[tuple[str, str]]


def caption_column(said: Sequence[str], taught: Sequence[str]) -> tuple[Column, Tensor]:
    """The description of a column, and its tokens (n, t), for sentences; words are in lower case.

    Args:
        said: a sentence for each row.
        taught: the sentences of the training split.  A word that they hold less than twice is unknown, unless all are.
    """
    rows, known = ([WORD.findall(text.lower()) for text in some] for some in (said, taught))
    counted = Counter(word for row in known for word in row)
    often = [w for w, n in counted.items() if n >= RARE] or [*counted]
    words = sorted(often, key=lambda w: (-counted[w], w))
    width = 1 + min(LONGEST, max(map(len, known)))
    return Column("tokens", (width,), {"vocabulary": words, "join": " "}), encode(rows, words, width)


def with_sentences(
    members: list[Member], captions: Mapping[str, str], where: Path
) -> tuple[list[Member], Skipped]:
    """The images that have a sentence, and those that have none; all of them if no image has one.

    Raises:
        BadRequest: more than one image in a hundred has none.
    """
    mute = [(one.name, "no sentence of this image") for one in members if one.name not in captions]
    if not captions:
        return members, []
    if len(mute) > max(1, len(members) // 100):
        raise BadRequest(f"{len(mute)} images in {where} have no sentence; the first is {mute[0][0]}")
    return [one for one in members if one.name in captions], mute
