"""Sentences from a text file, one on each line, or from a folder of such files, each of which is a class."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch

from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.kinds.tokens import END, PAD, SPECIAL, UNKNOWN, WORD

LONGEST = 40  # tokens of a sentence; the rest is cut off
LARGEST = 1 << 28  # bytes of one file
RARE = 2  # words that are rarer in the training split are "unknown"
IDEOGRAPH = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
SPLITS = ("train", "test")


def open_text(path: Path, split: str = "train", size: tuple[int, int] | None = None) -> Dataset:
    """Read the sentences of a file, or of the files of a folder: UTF-8, one on each line.  Empty lines are skipped.

    Every tenth sentence is in the split "test".  Tokens are words, or characters if most letters are ideographs.  A
    word that the training split holds less than twice becomes the token for unknown words.

    Returns:
        int64 tokens (n, t), with a class for each file if there are several.  The fact `cut` is the number of
        sentences that were longer than 40 tokens.

    Raises:
        BadRequest: no such split, a size, no sentences, too large, or not UTF-8.
    """
    if size is not None:
        raise BadRequest(f"{path} holds sentences, which have no size in pixels; leave the size out")
    if split not in SPLITS:
        raise BadRequest(f"{path} has no split {split!r}; it has train and test")
    files = sorted(path.glob("*.txt")) if path.is_dir() else [path]
    lines = [lines_of(file) for file in files]
    if sum(map(len, lines)) < 2:
        raise BadRequest(f"{path} holds {sum(map(len, lines))} sentences; expected two or more, one a line")
    by_character = _mostly_ideographs(line for some in lines for line in some[:200])
    split_up = list if by_character else WORD.findall
    parts = [[split_up(line) for line in some] for some in lines]
    vocabulary = _vocabulary(parts, 1 if by_character else RARE)
    kept = [[row for i, row in enumerate(some) if (i % 10 == 9) == (split == "test")] for some in parts]
    rows = [row for some in kept for row in some]
    if not rows:
        raise BadRequest(f"{path} has fewer than ten sentences, so that none is held out")
    longest = min(LONGEST, max(len(row) for some in parts for row in some))
    spec = Spec(
        path.stem,
        "tokens",
        (longest + 1,),
        tuple(file.stem for file in files) if len(files) > 1 else (),
        about={"vocabulary": vocabulary, "join": "" if by_character else " "},
    )
    label = torch.tensor([k for k, some in enumerate(kept) for _ in some]) if spec.classes else None
    cut = sum(len(row) > longest for row in rows)
    facts = {"source": str(path), "splits": SPLITS, "cut": cut, "skipped": [], "converted": {}}
    return Dataset(spec, encode(rows, vocabulary, longest + 1), label, facts)


def encode(rows: Sequence[Sequence[str]], vocabulary: Sequence[str], width: int) -> torch.Tensor:
    """Sentences as numbers: (n, width) int64.  Each ends with the end token, followed by padding."""
    number = {token: i for i, token in enumerate(vocabulary, len(SPECIAL))}
    x = torch.full((len(rows), width), PAD)
    for i, row in enumerate(rows):
        numbers = [number.get(token, UNKNOWN) for token in row[: width - 1]] + [END]
        x[i, : len(numbers)] = torch.tensor(numbers)
    return x


def lines_of(file: Path) -> list[str]:
    """The lines of a file of UTF-8 that are not empty."""
    if not file.is_file():
        raise BadRequest(f"{file} is no regular file")
    if file.stat().st_size > LARGEST:
        raise BadRequest(f"{file} is larger than {LARGEST >> 20} MiB; take a part of it")
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRequest(f"{file} is not UTF-8 (byte {error.start:,}); save it as UTF-8") from None
    return [line.strip() for line in text.splitlines() if line.strip()]


def _mostly_ideographs(lines: Iterable[str]) -> bool:
    text = "".join(lines)
    return len(IDEOGRAPH.findall(text)) * 2 > len(text)


def _vocabulary(parts: Sequence[Sequence[Sequence[str]]], least: int) -> list[str]:
    """The tokens of the training split, the most frequent first."""
    counted = Counter(token for some in parts for i, row in enumerate(some) if i % 10 != 9 for token in row)
    return sorted((t for t, n in counted.items() if n >= least), key=lambda t: (-counted[t], t))
