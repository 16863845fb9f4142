"""Hostile runs end in a refusal, or well: never in a traceback, never in a change outside the run."""

import random
from itertools import islice

import pytest
import runs

CASES = 200


def test_hostile_runs_end_well_or_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    runs.run()
    for name, act in islice(runs.cases(0), CASES):
        try:
            act()
        except Exception as fault:
            raise AssertionError(f"{name}: {type(fault).__name__}: {fault}") from fault


def test_a_change_outside_the_run_is_seen() -> None:
    """The control: a use that writes where it may not is a fault."""

    def careless(run: runs.Path) -> None:
        (run.parent / "victim").write_text("another's")

    with pytest.raises(AssertionError, match="a file outside the run was written"):
        runs.attack(runs.odd, careless, random.Random(0))


def test_the_cases_follow_from_their_seed() -> None:
    first, again, other = ([name for name, _ in islice(runs.cases(seed), 20)] for seed in (1, 1, 2))
    assert first == again != other
