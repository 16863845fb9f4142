"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from rivalry.errors import BadRequest

Option = Callable[[Callable[..., Any]], Callable[..., Any]]

PATH = click.Path(path_type=Path)

device = click.option("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps")
seed = click.option("--seed", type=int, default=0, help="of every random number")
quiet = click.option("--quiet", "-q", is_flag=True, help="show no progress")
which = click.option("--which", default="best", help="best, newest, or a round that has a checkpoint")
as_json = click.option("--json", "as_json", is_flag=True, help="as JSON")


def goal(command: Callable[..., Any]) -> Callable[..., Any]:
    """How long to train: one of three."""
    options: list[Option] = [
        click.option("--rounds", type=int, help="train for so many rounds"),
        click.option("--samples", type=int, help="... or until so many real data were drawn"),
        click.option("--time", help="... or until so much time is over: 90s, 10m, 1h30m"),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def scoring(command: Callable[..., Any]) -> Callable[..., Any]:
    """What is measured, on how many samples, against which data."""
    options: list[Option] = [
        click.option("--data", help="the real data; those of a run by default"),
        click.option(
            "--metrics",
            default="standard",
            help="quick, standard, full, or names of `rivalry list metrics`: fid,prdc",
        ),
        click.option("-n", type=int, default=10_000, help="how many samples to draw, or to take of a folder"),
        click.option(
            "--real-n", type=int, default=10_000, help="how many real data to compare with, evenly spread"
        ),
        click.option("--resize", is_flag=True, help="bring images of another size or mode to the data's"),
        click.option("--split", default="train", help="of the real data: train or test"),
        click.option(
            "--features",
            help="what samples are compared on: judge, pixels, efficientnet-lite0, inception-2015",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def height_and_width(text: str | None) -> tuple[int, int] | None:
    """ "64" or "48x64" (height, then width) as numbers."""
    if text is None:
        return None
    numbers = text.lower().split("x")
    if len(numbers) > 2 or not all(n.isdigit() and int(n) >= 8 for n in numbers):
        raise BadRequest(f"a size is 64, or height x width as in 48x64, from 8 pixels on; got {text!r}")
    return int(numbers[0]), int(numbers[-1])
