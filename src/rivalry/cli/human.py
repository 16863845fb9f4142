"""`rivalry human`: what people say of images."""

import io
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rivalry.cli import options
from rivalry.errors import BadRequest

if TYPE_CHECKING:
    from rivalry.human import Question, Study

KEYS = {"r": "real", "f": "fake"}, {"l": "left", "r": "right", "t": "tie"}  # of one image, of two


@click.group()
def human() -> None:
    """Measure by people: real or fake, or which of two is better.

    Every answer is kept at once.  Judges have pseudonyms.
    """


@human.command()
@click.argument("folder", type=options.PATH)
@click.argument("sources", nargs=-1, required=True, metavar="[NAME=]FOLDER...")
@click.option("--kind", type=click.Choice(["real-or-fake", "pairs"]), help="what is asked")
@click.option("--real", type=options.PATH, help="the real images; real-or-fake needs them")
@click.option("--timed", is_flag=True, help="show each image shortly, and find the exposure that is needed")
@click.option("--width", type=float, help="ask no more once every 95 % interval is as narrow")
@click.option("--most", type=click.IntRange(1), default=5000, help="images of each source, drawn at random")
@options.seed
def new(
    folder: Path,
    sources: tuple[str, ...],
    kind: str | None,
    real: Path | None,
    timed: bool,
    width: float | None,
    most: int,
    seed: int,
) -> None:
    """Make a study of images.

    SOURCES are folders or zips of images, each called by its own name or by NAME.  They are copied into FOLDER under
    names that tell nothing of where they come from.
    """
    from rivalry.human import Study

    if kind is None:
        raise BadRequest("say what is asked: --kind real-or-fake, or --kind pairs")
    made = Study.create(folder, kind, _named(sources), real, timed=timed, width=width, most=most, seed=seed)
    made.close()
    print(folder)


def _named(sources: tuple[str, ...]) -> dict[str, Path]:
    """Sources by name: as given in NAME=FOLDER, else the folder's own."""
    named: dict[str, Path] = {}
    for text in sources:
        name, sign, path = text.partition("=")
        place = Path(path if sign else text)
        name = name if sign else (place.stem if place.suffix == ".zip" else place.resolve().name)
        if not name or name in named:
            raise BadRequest(f"each source needs a name of its own; name this one: NAME={place}")
        named[name] = place
    return named


@human.command()
@click.argument("folder", type=options.PATH)
@click.option("--judge", required=True, help="a pseudonym: letters, digits, - and _")
def ask(folder: Path, judge: str) -> None:
    """Put questions until there are no more.

    One line answers each: r or f for real or fake; l, r or t for left, right or a tie; q stops.  A terminal shows the
    path of what to look at, and for how long in a timed study; that time is kept as it was asked for.
    """
    from rivalry.human import Study

    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")  # what is no text is no answer
    with Study.open(folder) as study:
        count = put(study, judge, sys.stdin.readline)
    print(f"{count} answers of {judge} were kept; `rivalry human result {folder}` tells what all amount to")


def put(study: "Study", judge: str, read: Callable[[], str]) -> int:
    """Put questions to a judge, and count the answers: until none is left, or `q`, or the end of what is read.

    Args:
        read: the next line that was typed; "" when there are no more.
    """
    count = 0
    while question := study.next(judge):
        print(f"{count + 1}. {_in_words(question)}", end=" ", flush=True)
        begun = time.monotonic()
        answer = _answer(question, read)
        if answer is None:
            return count
        study.answer(question, answer, time.monotonic() - begun)
        count += 1
    print("there is nothing left to ask")
    return count


def _in_words(question: "Question") -> str:
    """The question in a line, with the keys that answer it."""
    keys = ", ".join(f"{key} = {answer}" for key, answer in KEYS[len(question.images) - 1].items())
    shortly = f" for {question.exposure} ms" if question.exposure else ""
    return f"{' | '.join(map(str, question.images))}{shortly} [{keys}, q = stop]"


def _answer(question: "Question", read: Callable[[], str]) -> str | None:
    """What was typed, by its key or in full; None for a wish to stop."""
    keys = KEYS[len(question.images) - 1]
    while line := read():
        word = line.strip().lower()
        if word in ("q", "quit"):
            return None
        if word in keys or word in question.answers:
            return keys.get(word, word)
        print(f"no answer: {word!r}; it is {', '.join(keys)}, or q to stop", file=sys.stderr)
    print()  # the question is left standing
    return None


@human.command()
@click.argument("folder", type=options.PATH)
@options.as_json
def result(folder: Path, as_json: bool) -> None:
    """Say what the answers amount to."""
    from rivalry.human import Study

    with Study.open(folder) as study:
        scores = study.result()
    if as_json:
        print(json.dumps([score.to_json() for score in scores], indent=1))
        return
    from rivalry.metrics.suite import table

    print(table(scores))
