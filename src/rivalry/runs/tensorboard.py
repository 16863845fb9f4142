"""A run for TensorBoard: notes, scores and sheets as event files, where the `log` extra is installed."""

import importlib.util
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from typing import Any

import numpy as np
from PIL import Image

from rivalry.cache import cache_dir
from rivalry.play.engine import Engine
from rivalry.report.record import number
from rivalry.runs.run import Run
from rivalry.terminal import say

ABSENT = "rivalry: TensorBoard is not installed, so nothing is written for it: pip install 'rivalry[log]'"


def to_tensorboard(run: Run) -> Callable[[Engine, dict[str, float]], None]:
    """Write reports to the run's folder `tensorboard`, and from now on its scores and sheets as well.

    Where TensorBoard is missing, this is said once on a machine.
    """
    if importlib.util.find_spec("tensorboard") is None:
        _say_once()
        return lambda engine, notes: None
    try:
        str(run.path).encode()
    except UnicodeEncodeError:  # TensorBoard writes file names as UTF-8
        return lambda engine, notes: None
    board = Board(run)
    run.listeners.append(board)
    return lambda engine, notes: board.numbers(notes, engine.t)


class Board:
    """The event files of a run.  They are begun when something is written, so that one process alone has some."""

    def __init__(self, run: Run):
        self.run = run

    @cached_property
    def writer(self) -> Any:
        from torch.utils.tensorboard import SummaryWriter

        return SummaryWriter(str(self.run.path / "tensorboard"))

    def numbers(self, numbers: dict[str, float], step: int) -> None:
        for name, value in numbers.items():
            self.writer.add_scalar(name, value, step)
        self.writer.flush()

    def line(self, line: dict[str, Any]) -> None:
        """The scores of a line of the log, under "scores"."""
        if scores := line.get("metrics"):
            self.numbers({f"scores/{s['name']}": number(s["value"]) for s in scores}, line["round"])

    def picture(self, name: str, image: Image.Image) -> None:
        """A sheet: those of rounds under "samples", at their rounds."""
        tag, step = ("samples", int(name)) if name.isdigit() else (name, 0)
        self.writer.add_image(tag, np.asarray(image.convert("RGB")), step, dataformats="HWC")
        self.writer.flush()


def _say_once() -> None:
    with suppress(OSError), (cache_dir() / "said-tensorboard").open("x"):
        say(ABSENT)
