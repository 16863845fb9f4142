"""What a person types: lists of seeds, of numbers, of parts of the layers, settings of codes."""

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rivalry.data import one_datum
from rivalry.data.source import Spec
from rivalry.errors import BadRequest, unknown
from rivalry.game import Conditional, Conditioned, Game
from rivalry.kinds import KINDS
from rivalry.runs.drawing import refuse_seed, require_own_steps, require_sampler, require_truncation

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


def category(text: str, game: Game) -> dict[str, str]:
    """ "sex=F" as a column and the category that is asked for.

    Raises:
        BadRequest: it is no such text, or the game cannot be asked for a category.
    """
    name, sign, value = (piece.strip() for piece in text.partition("="))
    if not (name and sign):
        raise BadRequest(f"a category is asked for as in sex=F; got {text!r}")
    if "where" not in inspect.signature(game.sample).parameters:
        raise BadRequest("this game cannot be asked for a category of a column; ctgan can")
    return {name: value}


def truncations(text: str) -> list[float | None]:
    """ "0.3,0.7,none" as numbers, and None for no truncation; whether they are in range the game's tool says."""
    return [None if part.strip() == "none" else numbers(part, "truncations")[0] for part in text.split(",")]


def given(
    game: Game,
    spec: Spec,
    *,
    label: str | None = None,
    truncation: float | None = None,
    text: str | None = None,
    sound: Path | None = None,
    steps: int | None = None,
) -> dict[str, Any]:
    """The arguments of `game.sample` from what a person typed.

    Raises:
        BadRequest: the game does not have this option, or there is no such class.
    """
    found: dict[str, Any] = {}
    if label is not None:
        if not (isinstance(game, Conditional) and game.classes):
            raise BadRequest("this game is not told classes, so --label cannot ask for one")
        found["label"] = _label(label, spec.classes)
    if truncation is not None:
        require_truncation(game, truncation)
        found["truncation"] = truncation
    if text is not None:
        if not isinstance(game, Conditioned):
            raise BadRequest("this game is not told sentences, so --text cannot ask for one")
        column = spec.extra[game.conditioned_on]
        found[game.conditioned_on] = column.meaning.typed(text, column)
    if sound is not None:
        if not isinstance(game, Conditioned) or not KINDS[spec.extra[game.conditioned_on].kind].one:
            raise BadRequest("this game is not told sounds, so --sound cannot ask for one")
        found[game.conditioned_on] = one_datum(sound, spec.extra[game.conditioned_on])
    if steps is not None:
        require_own_steps(game, steps)
        found["steps"] = steps
    return found


def asking(game: Conditioned, spec: Spec) -> str:
    """The option by which a game is told what it makes its samples for."""
    return "--sound FILE.wav" if KINDS[spec.extra[game.conditioned_on].kind].one else '--text "..."'


def sampler(game: Game, **asked: float | None) -> dict[str, Any]:
    """The temperature, top-k and top-p that were asked for.

    Raises:
        BadRequest: the game does not draw one token after the other.
    """
    found = {name: value for name, value in asked.items() if value is not None}
    require_sampler(game, found)
    return found


def _label(text: str, classes: tuple[str, ...]) -> int:
    """The number of a class, given by name or by number.  Names are tried first."""
    if text in classes:
        return classes.index(text)
    if text.isdigit() and int(text) < len(classes):
        return int(text)
    if text.lstrip("-").isdigit():
        raise BadRequest(f"there are {len(classes)} classes, 0 to {len(classes) - 1}; asked for {text}")
    raise unknown("class", text, classes, f"there is {', '.join(classes[:20])}")
