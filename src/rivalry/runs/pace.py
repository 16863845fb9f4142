"""The pace of a run, told once after its first rounds: how much fits into the time, and what would be faster."""

from collections.abc import Callable, Sequence

from rivalry.game import Move
from rivalry.play.engine import Callback, Engine
from rivalry.play.goal import Goal

PLAYED = 5.0  # seconds of rounds after which the pace is known
SLOW = 30.0  # seconds of a first round after which nobody waits for a second one
LEAST = 300  # rounds; with fewer, no game of the catalog learns


def tell_pace(
    goal: Goal,
    say: Callable[[str], None],
    first_sheet: Callable[[Engine], float],
    faster: Callable[[float], str] = lambda seconds: "",
) -> Callback:
    """A callback that says once how many rounds and samples fit into the goal, and when the first sheet comes.

    Args:
        first_sheet: seconds from the beginning of the run to its first sheet, as far as is known.
        faster: given the seconds of a round, the command that plays faster, in words; "" if there is none.
    """
    begun: tuple[int, float, int] | None = None
    told = False

    def callback(engine: Engine, moves: Sequence[Move]) -> None:
        nonlocal begun, told
        if told:
            return
        if begun is None and engine.in_play < SLOW:
            begun = engine.t, engine.in_play, engine.data.drawn  # the first round of a process is slower
            return
        rounds, seconds, samples = begun or (0, 0.0, 0)
        if engine.in_play - seconds < PLAYED or engine.t == rounds:
            return
        told = True
        pace = (engine.in_play - seconds) / (engine.t - rounds)
        drawn = (engine.data.drawn - samples) / (engine.t - rounds)
        message = in_words(goal, pace, drawn, first_sheet(engine), engine)
        if _all_rounds(goal, pace, drawn, engine) < LEAST and goal.seconds is not None:
            message += f".  Few games learn in fewer than {LEAST} rounds{faster(pace)}"
        say(message)

    return callback


def in_words(goal: Goal, pace: float, drawn: float, sheet: float, engine: Engine) -> str:
    """The pace as a sentence.

    Args:
        pace: seconds of a round.
        drawn: real data of a round.
        sheet: seconds from the beginning to the first sheet.
    """
    rounds = _all_rounds(goal, pace, drawn, engine)
    first = f"; the first sheet after about {duration(sheet)}"
    if goal.seconds is not None:
        return f"at this pace {rounds:,.0f} rounds and {rounds * drawn:,.0f} samples in {duration(goal.seconds)}{first}"
    return f"at this pace {goal} take {duration(rounds * pace)}{first}"


def _all_rounds(goal: Goal, pace: float, drawn: float, engine: Engine) -> float:
    """The number of rounds of the whole run."""
    if goal.rounds is not None:
        return goal.rounds
    if goal.samples is not None:
        return goal.samples / max(drawn, 1e-9)
    assert goal.seconds is not None
    left = max(0.0, goal.seconds - engine.seconds - engine.reserved)
    return engine.t + left / pace


def duration(seconds: float) -> str:
    """Seconds in words, to two digits: "40 s", "2 minutes", "3.5 hours"."""
    if seconds < 90:
        return f"{max(1, seconds):.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.2g} minutes"
    return f"{seconds / 3600:.2g} hours"
