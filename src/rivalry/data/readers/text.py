"""Sentences from a text file, one on each line, from a folder of such files, or from a column of a table.

A folder's files are classes.  Settings follow the name: `captions.txt:tokens=characters,longest=30,over=drop`.
"""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import torch

from rivalry.data.readers.cells import DELIMITERS
from rivalry.data.readers.tokenizer import splitter_of
from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.kinds.tokens import BYTES, END, PAD, SPECIAL, UNKNOWN, words
from rivalry.settings import Count, Natural

LONGEST = 40  # tokens of a sentence, if nothing else is asked for
LARGEST = 1 << 28  # bytes of one file
RARE = 2  # words that are rarer in the training split are "unknown"
IDEOGRAPH = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
SPLITS = ("train", "test")
TEXTS = ("text", "sentence", "sentences", "caption", "captions", "content", "review", "title")
LABELS = ("label", "labels", "class", "category", "target")

Tokens = Literal["auto", "words", "characters", "bytes"]
Over = Literal["cut", "drop"]
Size = tuple[int, int]


def open_text(
    path: Path,
    split: str = "train",
    size: Size | None = None,
    *,
    tokens: Tokens = "auto",
    tokenizer: str = "",
    least: Natural = 0,
    longest: Count = LONGEST,
    over: Over = "cut",
) -> Dataset:
    """Read the sentences of a file, or of the files of a folder: UTF-8, one on each line.  Empty lines are skipped.

    Every tenth sentence is in the split "test".

    Settings:
        tokens: words, characters or bytes; auto: characters if most letters are ideographs, else words
        tokenizer: a tokenizer.json of the package tokenizers, in place of these
        least: how often the training split must hold a token; rarer ones are unknown; 0: 2 for words, else 1
        longest: tokens of a sentence
        over: what becomes of longer ones: cut, or drop

    Returns:
        int64 tokens (n, t), with a class for each file if there are several.  The fact `remarks` says how many
        sentences were cut or dropped.

    Raises:
        BadRequest: no such split, a size, no or equal sentences, too large, or not UTF-8.
    """
    files = sorted(path.glob("*.txt")) if path.is_dir() else [path]
    require_no_size(path, size)
    lines = [lines_of(file) for file in files]
    if len(files) > 1 and (bare := [file for file, some in zip(files, lines) if not some]):
        raise BadRequest(f"{bare[0]} holds no sentence, and each file is a class: fill it, or take it away")
    classes = tuple(file.stem for file in files) if len(files) > 1 else ()
    how: dict[str, Any] = {"tokens": tokens, "least": least, "longest": longest, "over": over}
    how["tokenizer"] = tokenizer
    return tabled(path.stem, str(path), lines, classes, split, **how)


def open_csv(
    path: Path,
    split: str = "train",
    size: Size | None = None,
    *,
    column: str = "",
    label: str = "",
    tokens: Tokens = "auto",
    tokenizer: str = "",
    least: Natural = 0,
    longest: Count = LONGEST,
    over: Over = "cut",
) -> Dataset:
    """Read a column of sentences from a CSV with a line of names, and their classes from another where there is one.

    Settings:
        column: that holds the sentences; by default the first of text, sentence, caption, content, review, title
        label: the column of the classes; by default the first of label, class, category, target, or none
        tokens: words, characters or bytes; auto: characters if most letters are ideographs, else words
        tokenizer: a tokenizer.json of the package tokenizers, in place of these
        least: how often the training split must hold a token; rarer ones are unknown; 0: 2 for words, else 1
        longest: tokens of a sentence
        over: what becomes of longer ones: cut, or drop

    Raises:
        BadRequest: no such column, and as `open_text`.
    """
    require_no_size(path, size)
    try:
        lines = decoded(path).splitlines()
        rows = csv.reader(lines, delimiter=_delimiter(lines[:1], [column] if column else TEXTS))
        names = next(rows, [])
        text, kind = columns_of(names, str(path), column, label)
        at = names.index(text), names.index(kind) if kind else -1
        pairs = [(row[at[0]], row[at[1]] if kind else "") for row in rows if len(row) == len(names)]
    except csv.Error as error:
        raise BadRequest(f"{path} is no CSV: {error}") from error
    how: dict[str, Any] = {"tokens": tokens, "least": least, "longest": longest, "over": over}
    how["tokenizer"] = tokenizer
    return of_pairs(path.stem, str(path), pairs, split, **how)


def _delimiter(head: Sequence[str], columns: Sequence[str]) -> str:
    """What separates the names of the first line so that one of these columns is among them; a comma if nothing."""
    holds = lambda one: any(name in columns for row in csv.reader(head, delimiter=one) for name in row)
    return next(filter(holds, DELIMITERS), ",")


def columns_of(names: Sequence[str], where: str, column: str = "", label: str = "") -> tuple[str, str]:
    """The names of the columns of sentences and of classes; "" if there are no classes.

    Raises:
        BadRequest: names the columns that there are.
    """
    for asked in filter(None, (column, label)):
        if asked not in names:
            raise BadRequest(f"{where} has no column {asked!r}; it has {', '.join(names) or 'none'}")
    text = column or next((name for name in TEXTS if name in names), "")
    if not text:
        there = ", ".join(names) or "none"
        raise BadRequest(f"{where} has the columns {there}; name that of the sentences: {where}:column=NAME")
    return text, label or next((name for name in LABELS if name in names), "")


def of_pairs(name: str, where: str, pairs: Iterable[tuple[str, str]], split: str, **how: Any) -> Dataset:
    """A table of sentences with their classes, "" for none."""
    lines: dict[str, list[str]] = {}
    for text, kind in pairs:
        if line := " ".join(text.split()):
            lines.setdefault(kind, []).append(line)
    classes = tuple(sorted(lines)) if len(lines) > 1 else ()
    return tabled(name, where, [lines[kind] for kind in sorted(lines)], classes, split, **how)


def tabled(
    name: str,
    where: str,
    lines: Sequence[Sequence[str]],
    classes: tuple[str, ...],
    split: str,
    *,
    tokens: Tokens = "auto",
    tokenizer: str = "",
    least: int = 0,
    longest: int = LONGEST,
    over: Over = "cut",
    held_out: Sequence[Sequence[str]] | None = None,
) -> Dataset:
    """Sentences of each class as a table of tokens.

    Args:
        lines: the sentences of each class, of which every tenth is held out if `held_out` is None.
        held_out: those of the split "test".
    """
    if split not in SPLITS:
        raise BadRequest(f"{where} has no split {split!r}; it has train and test")
    n, different = sum(map(len, lines)), len({line for some in lines for line in some})
    if n < 2:
        raise BadRequest(f"{where} holds {n} sentence{'s' * (n != 1)}; expected two or more, one a line")
    if different < 2:
        raise BadRequest(f"all {n:,} sentences of {where} are the same; there is nothing to learn")
    if tokenizer and tokens != "auto":
        raise BadRequest(f"{where} is told tokens={tokens} and a tokenizer; leave one of them out")
    if tokens == "auto" and not tokenizer:
        tokens = (
            "characters" if _mostly_ideographs(line for some in lines for line in some[:200]) else "words"
        )
    train, test = _shared_out(lines) if held_out is None else (lines, held_out)
    split_line = splitter_of(tokenizer) if tokenizer else SPLITTERS[tokens]
    known = _in_tokens(train, split_line)
    vocabulary = _vocabulary(known, least or (RARE if tokens == "words" else 1), tokens)
    chosen = known if split == "train" else _in_tokens(test, split_line)
    kept = [[row for row in some if over == "cut" or len(row) <= longest] for some in chosen]
    rows = [row for some in kept for row in some]
    if not rows:
        why = f"has no sentence of at most {longest} tokens: longest=N keeps longer ones"
        if not sum(map(len, chosen)):
            why = "has fewer than ten sentences, so that none is held out"
        raise BadRequest(f"{where} {why}")
    width = 1 + min(
        longest, max(len(row) for some in (*known, *_in_tokens(test, split_line)) for row in some)
    )
    about: dict[str, Any] = {"vocabulary": vocabulary, "join": " " if tokens == "words" else ""}
    about |= {"bytes": True} if tokens == "bytes" or tokenizer else {}
    label = torch.tensor([k for k, some in enumerate(kept) for _ in some]) if classes else None
    too_long = sum(len(row) > longest for some in chosen for row in some)
    facts = {"source": where, "splits": SPLITS, "skipped": [], "converted": {}}
    facts["remarks"] = [_too_long(too_long, len(rows), longest, over)] if too_long else []
    spec = Spec(name, "tokens", (width,), classes, about=about)
    return Dataset(spec, encode(rows, vocabulary, width), label, facts)


def encode(rows: Sequence[Sequence[str]], vocabulary: Sequence[str], width: int) -> torch.Tensor:
    """Sentences as numbers: (n, width) int64.  Each ends with the end token, followed by padding."""
    number = {token: i for i, token in enumerate(vocabulary, len(SPECIAL))}
    x = torch.full((len(rows), width), PAD)
    for i, row in enumerate(rows):
        numbers = [number.get(token, UNKNOWN) for token in row[: width - 1]] + [END]
        x[i, : len(numbers)] = torch.tensor(numbers)
    return x


def require_no_size(path: Path, size: Size | None) -> None:
    """Refuse a size in pixels."""
    if size is not None:
        raise BadRequest(f"{path} holds sentences, which have no size in pixels; leave the size out")


def lines_of(file: Path) -> list[str]:
    """The lines of a text file that are not empty."""
    return [line.strip() for line in decoded(file).splitlines() if line.strip()]


def decoded(file: Path) -> str:
    """The text of a file in UTF-8, with or without a byte order mark.

    Raises:
        BadRequest: no regular file, too large, or another encoding, which is named.
    """
    if not file.is_file():
        raise BadRequest(f"{file} is no regular file")
    if file.stat().st_size > LARGEST:
        raise BadRequest(f"{file} is larger than {LARGEST >> 20} MiB; take a part of it")
    content = file.read_bytes()
    try:
        text = content.decode("utf-8-sig")
        at = text.find("\0", 0, 4096)
    except UnicodeDecodeError as error:
        at = error.start
    if at < 0:
        return text
    if content[:4096].count(0) > 0.6 * min(len(content), 4096):  # of UTF-16 it is a half
        raise BadRequest(f"{file} is no text: it is of zero bytes")
    likely = encoding_of(content)
    raise BadRequest(
        f"{file} is not UTF-8 (byte {at:,}) but {likely}, it seems: iconv -f {likely} -t UTF-8 {file} > NEW"
    )


def encoding_of(content: bytes) -> str:
    """The likely encoding of a text that is not UTF-8: by its mark, by zero bytes, by what ideographs it would hold."""
    if (
        content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        or content[:200].count(0) > len(content[:200]) / 4
    ):
        return "UTF-16"
    for encoding in ("GB18030", "BIG5", "SHIFT_JIS"):
        text = content[:4000].decode(encoding, errors="ignore")
        if _mostly_ideographs([text]):
            return encoding
    return "WINDOWS-1252"


def _too_long(n: int, of: int, longest: int, over: Over) -> str:
    if over == "drop":
        return (
            f"{n:,} sentences are longer than {longest} tokens and are left out: longest=N keeps longer ones"
        )
    return f"{n:,} of {of:,} sentences are longer than {longest} tokens and were cut: longest=N, or over=drop"


def _shared_out(lines: Sequence[Sequence[str]]) -> tuple[list[list[str]], list[list[str]]]:
    """Nine of ten sentences of each class, and the tenth."""
    train = [[line for i, line in enumerate(some) if i % 10 != 9] for some in lines]
    return train, [list(some[9::10]) for some in lines]


def _in_tokens(
    lines: Sequence[Sequence[str]], split_line: Callable[[str], list[str]]
) -> list[list[list[str]]]:
    return [[split_line(line) for line in some] for some in lines]


def _mostly_ideographs(lines: Iterable[str]) -> bool:
    text = "".join(lines)
    return len(IDEOGRAPH.findall(text)) * 2 > len(text)


def _vocabulary(parts: Sequence[Sequence[Sequence[str]]], least: int, tokens: Tokens) -> list[str]:
    """The tokens that are frequent enough, the most frequent first; all 256 bytes in their order."""
    if tokens == "bytes":
        return BYTES
    counted = Counter(token for some in parts for row in some for token in row)
    often = (t for t, n in counted.items() if n >= least and t not in SPECIAL)
    return sorted(often, key=lambda t: (-counted[t], t))


SPLITTERS: dict[Tokens, Callable[[str], list[str]]] = {
    "words": words,
    "characters": list,
    "bytes": lambda line: [BYTES[byte] for byte in line.encode()],
}
