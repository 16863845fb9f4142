"""How the step sizes of all players change over a run: each is its own size times a factor.

    none             1 throughout
    linear           from 1 to 0 over the run; linear:0.5 begins to fall after half of it (CycleGAN, pix2pix)
    cosine           from 1 to 0 along half a cosine (Loshchilov & Hutter 2017, arXiv 1608.03983, without restarts)
    warmup:500       from 1/500 to 1 over the first 500 rounds
    warmup:500+cosine    the product of both

A factor is a function of the round's number and of the share of the goal that is reached: nothing of it needs saving,
and a resumed run takes the same steps.  Where the goal is a time, the share is one of seconds, as the goal is.
"""

import math
from collections.abc import Callable

from rivalry.errors import BadRequest, unknown
from rivalry.game import Game

Schedule = Callable[[int, float], float]  # (rounds played, share of the goal reached) -> factor

FORMS = {"none": "none", "linear": "linear or linear:0.5", "cosine": "cosine", "warmup": "warmup:ROUNDS"}


def find_schedule(asked: str) -> Schedule:
    """The schedule that is written so; see above.

    Raises:
        BadRequest: no such schedule, or a number that does not fit.
    """
    factors = [_one(part.strip(), asked) for part in asked.split("+")]
    return lambda t, share: math.prod(factor(t, share) for factor in factors)


def _one(part: str, asked: str) -> Schedule:
    name, colon, number = part.partition(":")
    if name not in FORMS:
        raise unknown("schedule", name, FORMS, f"there are {', '.join(FORMS.values())}")
    try:
        if name == "warmup":
            return _warmup(int(number))
        if name == "linear":
            return _linear(float(number) if colon else 0.0)
        if colon:
            raise ValueError
    except ValueError:
        raise BadRequest(f"a schedule of this kind is written {FORMS[name]}; got {asked!r}") from None
    return _cosine if name == "cosine" else lambda t, share: 1.0


def _warmup(rounds: int) -> Schedule:
    if rounds < 1:
        raise ValueError
    return lambda t, share: min(1.0, (t + 1) / rounds)


def _linear(begin: float) -> Schedule:
    if not 0 <= begin < 1:
        raise ValueError
    return lambda t, share: 1 - max(0.0, share - begin) / (1 - begin)


def _cosine(t: int, share: float) -> float:
    return (1 + math.cos(math.pi * share)) / 2


class StepSizes:
    """The step sizes of a game's players as they were made, and what sets them.

    Made before a state is restored, since the state of an optimizer holds the step size of its last round.
    """

    def __init__(self, game: Game):
        self._own = [table["lr"] for table in _tables(game)]

    def scale(self, game: Game, factor: float) -> None:
        """Let every step size be its own times the factor."""
        for table, own in zip(_tables(game), self._own):
            table["lr"] = own * factor


def _tables(game: Game) -> list[dict[str, float]]:
    """Where optimizers keep their step sizes: ours in `settings`, torch's in groups."""
    found: list[dict[str, float]] = []
    for player in game.players.values():
        optimizer = player.optimizer
        settings = getattr(optimizer, "settings", None)
        tables = [settings] if isinstance(settings, dict) else getattr(optimizer, "param_groups", [])
        found += [table for table in tables if "lr" in table]
    return found
