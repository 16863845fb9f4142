"""Hostile command lines: words that exist with values that do not.

`cases(seed)` gives names and callables without end; each runs `rivalry` in this process, which must end with a
status and at most a few lines.  Only commands that end before any work are asked for work.
"""

import contextlib
import io
import os
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from unittest.mock import patch

from rivalry.cli import main

VALUES = [
    "",
    " ",
    "0",
    "-1",
    "7",
    "9" * 30,
    "-" + "9" * 30,
    "1e400",
    "nan",
    "inf",
    "\x1b[2J",
    "\udcff",
    "x" * 5000,
    "a=b",
]
VALUES += [
    "=",
    "..",
    "/dev/null",
    "/proc/self/mem",
    "~",
    "~nobody",
    "ring",
    "digits",
    "x\ty",
    "a/b",
    "*",
    "0x10",
    "😀",
    "[]",
]
COMMANDS = [
    "train",
    "resume",
    "sample",
    "evaluate",
    "compare",
    "translate",
    "show",
    "list",
    "data",
    "edit",
    "lab",
    "human",
]
WORDS = [
    "gan",
    "dcgan",
    "check",
    "invert",
    "traverse",
    "skill",
    "ring",
    "nowhere",
    "games",
    "data",
    "metrics",
]
OPTIONS = [
    "--data",
    "--size",
    "--rounds",
    "--samples",
    "--time",
    "--run",
    "--seed",
    "--device",
    "--precision",
    "--keep",
]
OPTIONS += [
    "--save-every",
    "-n",
    "--label",
    "--truncation",
    "--metrics",
    "--which",
    "-o",
    "--batch",
    "--json",
    "--kind",
]
OPTIONS += ["--features", "--split", "--recipe", "--to", "--nonsense", "-h", "--help"]
SETTINGS = [
    "width",
    "latent",
    "batch",
    "lr",
    "beta1",
    "average",
    "spec",
    "self",
    "divergence",
    "critic_steps",
]


def cases(seed: int) -> Iterator[tuple[str, Callable[[], None]]]:
    """Names and callables, the same for the same seed."""
    chance = random.Random(seed)
    while True:
        words = typed(chance)
        yield repr(words)[:300], lambda words=words: run(words)


def typed(chance: random.Random) -> list[str]:
    """A command line; one that trains names data that are not there, or a setting that is refused."""
    command = chance.choice(COMMANDS)
    words = [command, *chance.sample([*WORDS, *VALUES], chance.randrange(3))]
    for option in chance.sample(OPTIONS, chance.randrange(4)):
        words += [option, chance.choice(VALUES)][: chance.choice([1, 2, 2, 2])]
    if command == "train":
        value = chance.choice(VALUES)
        setting = [f"{chance.choice(SETTINGS)}={value}", value][chance.random() < 0.1]
        words = [
            "train",
            chance.choice(["gan", "dcgan", *VALUES]),
            *words[2:],
            "-s",
            setting,
            "--rounds",
            "0",
        ]
    return words


def run(words: list[str]) -> None:
    """Type it in an empty folder.

    Raises:
        AssertionError: it ended with another status than 0, 1 or 2, or wrote what steers a terminal.
    """
    out, err, before = io.StringIO(), io.StringIO(), os.getcwd()
    with tempfile.TemporaryDirectory() as folder, patch.object(sys, "argv", ["rivalry", *words]):
        os.chdir(folder)
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                main()
            status: object = 0
        except SystemExit as end:
            status = end.code or 0
        finally:
            os.chdir(before)
    assert status in (0, 1, 2), f"status {status}"
    for line in (out.getvalue() + err.getvalue()).split("\n"):
        assert all(one.isprintable() or one in "\t\u200c\u200d\xa0\u3000" for one in line), (
            f"written: {line!r}"
        )
    told = err.getvalue()
    assert status == 0 or told.startswith("Usage: ") or len(told.splitlines()) < 6, told[:500]
