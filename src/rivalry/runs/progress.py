"""Showing the progress of long work: a bar on a terminal, plain lines otherwise."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from rivalry.game import Move
from rivalry.play.engine import Callback, Engine
from rivalry.play.goal import Goal
from rivalry.terminal import plain, say
from rivalry.waiting import Steps

LINES_EVERY = 10.0  # seconds between plain lines


@contextmanager
def progress(goal: Goal, quiet: bool = False) -> Iterator[Callback]:
    """A callback that shows the progress of a run while the context lasts."""
    if quiet:
        yield lambda engine, moves: None
    elif display := _notebook():
        yield _cell(goal, display)
    elif sys.stderr.isatty():
        with _bar() as bar:
            task = bar.add_task("training", total=1.0, status="")
            yield lambda engine, moves: bar.update(
                task, completed=engine.progress(goal), status=_status(engine, moves)
            )
    else:
        yield _lines(goal)


@contextmanager
def steps() -> Iterator[Steps]:
    """A function `(what, done, of)` that shows the progress of work in steps while the context lasts."""
    if not sys.stderr.isatty():
        yield _step_lines()
        return
    with _bar() as bar:
        tasks: dict[str, TaskID] = {}

        def show(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(escape(plain(what)), status="")
            bar.update(tasks[what], completed=done, total=of)

        yield show


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TimeElapsedColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
        TextColumn("{task.fields[status]}"),
        console=Console(stderr=True),
        refresh_per_second=4,
        transient=True,
    )


def _notebook() -> Any:
    """The module by which a notebook that runs this shows things; None elsewhere."""
    ipython = sys.modules.get("IPython")  # a kernel has imported it
    shell = ipython.get_ipython() if ipython else None
    return ipython.display if ipython and hasattr(shell, "kernel") else None


def _cell(goal: Goal, display: Any) -> Callback:
    """One bar in the cell's output, drawn anew four times a second and at the end."""
    shown, last = None, 0.0

    def callback(engine: Engine, moves: Sequence[Move]) -> None:
        nonlocal shown, last
        share = engine.progress(goal)
        if share < 1 and time.monotonic() - last < 0.25:
            return
        last = time.monotonic()
        bar = f'<progress value="{share:.3f}" max="1"></progress> {share:.0%} {_status(engine, moves)}'
        if shown is None:
            shown = display.display(display.HTML(bar), display_id=True)
        else:
            shown.update(display.HTML(bar))

    return callback


def _lines(goal: Goal) -> Callback:
    last = time.monotonic()

    def callback(engine: Engine, moves: Sequence[Move]) -> None:
        nonlocal last
        if time.monotonic() - last >= LINES_EVERY:
            say(f"{engine.progress(goal):4.0%}  {_status(engine, moves)}")
            last = time.monotonic()

    return callback


def _step_lines() -> Steps:
    last, begun = time.monotonic(), dict[str, float]()

    def show(what: str, done: int, of: int) -> None:
        nonlocal last
        now = time.monotonic()
        began = begun.setdefault(what, now)
        if now - last >= LINES_EVERY:
            left = f", about {(now - began) / done * (of - done):.0f} s left" if now > began else ""
            say(f"{done / of:4.0%}  {what}{left}")
            last = now

    return show


def _status(engine: Engine, moves: Sequence[Move]) -> str:
    return f"round {engine.t:,}  {engine.data.drawn:,} samples  {engine.t / max(engine.in_play, 1e-9):.1f} rounds/s"
