"""What a person types: lists of seeds, of numbers, of parts of the layers, settings of codes."""

from collections.abc import Sequence

from rivalry.errors import BadRequest
from rivalry.runs.trained import refuse_seed

MANY = 1000


def seeds(text: str) -> list[int]:
    """ "1,2,3", "0-7" or both as numbers, in this order.

    Raises:
        BadRequest: what is no list of seeds.
    """
    found: list[int] = []
    for part in text.split(","):
        first, sign, last = (piece.strip() for piece in part.partition("-"))
        if not first.isdigit() or (sign and not last.isdigit()) or (sign and int(last) < int(first)):
            raise BadRequest(f"seeds are like 1,2,3 or 0-7; got {text!r}")
        if int(last or first) - int(first) + len(found) >= MANY:
            raise BadRequest(f"that are more than {MANY} seeds: {text}")
        found += range(int(first), int(last or first) + 1)
    for seed in found:
        refuse_seed(seed)
    return found


def numbers(text: str, what: str) -> list[float]:
    """ "-3,0,1.5" as numbers.

    Args:
        what: they are, for the message.

    Raises:
        BadRequest: what is no list of finite numbers.
    """
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        found = [float("nan")]
    if not all(abs(value) < float("inf") for value in found):
        raise BadRequest(f"{what} are numbers such as -1,0,1.5; got {text!r}")
    return found


def parts(texts: Sequence[str]) -> dict[str, str]:
    """ "c0=3", "c1=-0.5" as names and what they are set to.

    Raises:
        BadRequest: what sets nothing, or a name that is set twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, sign, value = (piece.strip() for piece in text.partition("="))
        if not (name and sign and value):
            raise BadRequest(f"a part of the code is set as in c0=3; got {text!r}")
        if name in found:
            raise BadRequest(f"{name} is set twice: {found[name]} and {value}")
        found[name] = value
    return found


def truncations(text: str) -> list[float | None]:
    """ "0.3,0.7,none" as numbers, and None for no truncation; whether they are in range the game's tool says."""
    return [None if part.strip() == "none" else numbers(part, "truncations")[0] for part in text.split(",")]
