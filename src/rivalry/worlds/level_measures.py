"""What can be counted in a level of tiles."""

from collections.abc import Callable, Sequence

from rivalry.worlds.platformer import SOLID

Level = Sequence[str]  # rows of letters, the top row first


def gaps(level: Level) -> int:
    """Runs of columns without ground: the bottom row is not solid there."""
    bottom = "".join("." if letter in SOLID else " " for letter in level[-1])
    return len([run for run in bottom.split(".") if run])


def _count(letters: str) -> Callable[[Level], int]:
    return lambda level: sum(row.count(letter) for row in level for letter in letters)


MEASURES: dict[str, Callable[[Level], int]] = {
    "enemies": _count("E"),
    "gaps": gaps,
    "pipes": _count("<"),
    "coins": _count("o"),
    "blocks": _count("S?Q"),
    "cannons": _count("B"),
}
