"""Sentences: (t,) numbers of tokens.  After the last one follow the end token and padding.

`Column.about` holds `vocabulary`, the tokens from number 4 on, and `join`, the text between two of them in a sentence:
a space for words, nothing for characters.  A token that begins with `GLUE` is joined by nothing to the one before it: a
comma behind a word.  If `bytes` is true, each letter of a token stands for a byte of UTF-8: a token is one byte, or the
bytes that a token of a tokenizer stands for.  If `fixed` is true, every sentence fills all places: it has no end token,
no padding and nothing unknown.
"""

import json
import re
from collections.abc import Sequence
from typing import Any, BinaryIO

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from rivalry.errors import BadRequest
from rivalry.kinds.kind import Example, Kind
from rivalry.kinds.spec import Column

PAD, START, END, UNKNOWN = range(4)
SPECIAL = ("<pad>", "<start>", "<end>", "<unknown>")
GLUE = "\u2060"  # Unicode's word joiner, which is not seen
WORD = re.compile(r"\w+(?:['’-]\w+)*|[^\w\s]")
BYTES = [chr(i) for i in range(256)]  # the vocabulary where tokens are bytes
LEGEND = "(= a sentence of the data, + not on the sheet before)\n"
BUCKETS = 512  # the number of buckets for hashed pairs of tokens
LINE, SIZE, LETTER = (
    48,
    13,
    7,
)  # of a tile: letters per line, font size, and pixels per letter


class TokensKind(Kind):
    name, plural = "tokens", "sentences"
    dtype, real, raw, dimension = torch.int64, False, "n-grams", "token"

    def fits(self, shape: tuple[int, ...], about: dict[str, Any]) -> bool:
        vocabulary = about.get("vocabulary")
        return (
            super().fits(shape, about)
            and isinstance(vocabulary, list)
            and all(isinstance(token, str) for token in vocabulary)
            and isinstance(about.get("join", " "), str)
            and all(isinstance(about.get(name, False), bool) for name in ("fixed", "bytes"))
            and not (about.get("bytes") and any(map(_holds_others, vocabulary)))
        )

    def refuse(self, x: Tensor, column: Column) -> str:
        if why := super().refuse(x, column):
            return why
        if x.is_floating_point() or (
            x.numel() and not 0 <= int(x.min()) <= int(x.max()) < vocabulary_size(column)
        ):
            return f"they are not whole numbers of tokens from 0 to {vocabulary_size(column) - 1:,}"
        return ""

    def valid(self, x: Tensor, column: Column) -> Tensor:
        """Tokens of the vocabulary up to the end of the sentence, and nothing after it; no end if `fixed`."""
        possible = ~impossible(column).to(x.device)
        word = possible[x.clamp(0, len(possible) - 1)] & (x < len(possible)) & (x >= 0)
        if column.about.get("fixed", False):
            return word.all(1)
        ended = (x == END).cumsum(1)
        after = (ended - (x == END).long()) > 0
        return torch.where(after, x == PAD, word).all(1) & (ended[:, -1] > 0)

    def words(self, column: Column) -> str:
        return f"up to {column.shape[0] - 1} of {vocabulary_size(column) - len(SPECIAL):,} tokens"

    def dimensions(self, x: Tensor) -> Tensor:
        """The tokens of each sentence, its end among them."""
        return (x != PAD).sum(1).cpu()

    def tiles(self, x: Tensor, column: Column) -> Tensor:
        """Each sentence in dark letters on white: (n, t) -> (n, 1, h, w)."""
        lines = [_wrapped(sentence) for sentence in sentences(x, column)]
        across = max((len(line) for some in lines for line in some), default=1)
        size = (LETTER * max(across, 4) + 4, (SIZE + 3) * max(map(len, lines), default=1) + 4)
        drawn = [torch.from_numpy(np.array(_drawn(some, size), dtype=np.uint8)) for some in lines]
        return torch.stack(drawn)[:, None].float() / 127.5 - 1

    def beside(self, x: Tensor, column: Column) -> dict[str, bytes]:
        return {".txt": "".join(f"{sentence}\n" for sentence in sentences(x, column)).encode()}

    def said(self, x: Tensor, column: Column) -> list[str]:
        return sentences(x, column)

    def typed(self, text: str, column: Column) -> Tensor:
        """A sentence of known words, in lower case where only that is known: (1, t)."""
        words = words_of(text, column)
        number = {token: i for i, token in enumerate(column.about["vocabulary"], len(SPECIAL))}
        known = [number.get(word, number.get(word.lower(), UNKNOWN)) for word in words]
        if unknown := [word for word, i in zip(words, known) if i == UNKNOWN]:
            some = ", ".join([*column.about["vocabulary"][:20], *["…"][: len(number) > 20]])
            raise BadRequest(f"not in the vocabulary: {', '.join(unknown)}; it has {some}")
        if not 0 < len(known) < column.shape[0]:
            raise BadRequest(
                f"a sentence here has 1 to {column.shape[0] - 1} tokens; this one has {len(known)}"
            )
        return torch.tensor([[*known, END] + [PAD] * (column.shape[0] - 1 - len(known))])

    def marked(self, x: Tensor, column: Column, before: Tensor | None, known: Tensor) -> dict[str, bytes]:
        """Lines that begin with "=" where a sentence of the data is repeated, else with "+" where it is a new one."""
        old = set() if before is None else set(sentences(before, column))
        data = set(map(tuple, known.tolist()))
        lines = [
            f"{'=' if tuple(row) in data else '+' if sentence not in old else ' '} {sentence}\n"
            for row, sentence in zip(x.tolist(), sentences(x, column))
        ]
        return {".txt": "".join([LEGEND, *lines]).encode()}

    def vectors(self, x: Tensor) -> Tensor:
        """Counts of pairs of neighboring tokens in hashed buckets, of length 1: (n, t) -> (n, 512)."""
        bucket, there = pairs(x)
        counted = torch.zeros(len(x), BUCKETS, device=x.device)
        counted.scatter_add_(1, bucket, there.float())
        return counted / counted.norm(dim=1, keepdim=True).clamp(min=1e-9)

    def example(self, n: int, classes: int) -> Example:
        """Sentences of three words: a subject, a verb and a place.  The class is the verb."""
        subjects, verbs, places = (
            ("cat", "dog", "owl"),
            ("sits", "sleeps", "sings"),
            ("here", "there", "inside"),
        )
        generator = torch.Generator().manual_seed(0)
        label = torch.arange(n) % classes
        who, where = (torch.randint(3, (n,), generator=generator) for _ in range(2))
        first = len(SPECIAL)
        end = torch.full((n,), END)
        x = torch.stack([first + who, first + 3 + label % 3, first + 6 + where, end, 0 * end], 1)
        about = {"vocabulary": [*subjects, *verbs, *places], "join": " "}
        return Example("sentences", x, label, about)


def vocabulary_size(column: Column) -> int:
    """The number of different tokens, including the special ones."""
    return len(SPECIAL) + len(column.about["vocabulary"])


def impossible(column: Column) -> Tensor:
    """Which tokens no sentence holds: padding and the start, and if `fixed` the end and what is unknown: (v,) bool."""
    number = torch.arange(vocabulary_size(column))
    if column.about.get("fixed", False):
        return number < len(SPECIAL)
    return (number == PAD) | (number == START)


def pairs(x: Tensor) -> tuple[Tensor, Tensor]:
    """The hashed bucket of each pair of neighboring tokens, and whether neither is padding: (n, t) -> (n, t - 1)."""
    first, second = x[:, :-1], x[:, 1:]
    return (first * 1_000_003 + second * 8_191) % BUCKETS, (first != PAD) & (second != PAD)


def sentences(x: Tensor, column: Column) -> list[str]:
    """The sentences as text: (n, t) -> n strings, each up to its end token."""
    known: Sequence[str] = (*SPECIAL, *column.about["vocabulary"])
    join, of_bytes = column.about.get("join", " "), column.about.get("bytes", False)
    rows = [row[: length(row)] for row in x.tolist()]
    if of_bytes:
        return [_of_bytes([known[i] for i in row if i >= len(SPECIAL)]) for row in rows]
    return [joined([known[i] for i in row], join) for row in rows]


def joined(tokens: Sequence[str], join: str) -> str:
    """The text of these tokens: `join` between any two, but before one that begins with `GLUE`."""
    if not join:
        return "".join(tokens)
    text = "".join(token[1:] if token.startswith(GLUE) else join + token for token in tokens)
    return text.removeprefix(join)


def words(text: str) -> list[str]:
    """The words and signs of a text.  One that follows another without a space begins with `GLUE`.

    `joined(words(text), " ")` is the text again, with one space for several.
    """
    found = WORD.finditer(text.replace(GLUE, ""))
    end, tokens = 0, list[str]()
    for one in found:
        tokens.append(GLUE * (bool(tokens) and one.start() == end) + one[0])
        end = one.end()
    return tokens


def words_of(text: str, column: Column) -> list[str]:
    """The tokens of a sentence as text, cut as the files are that the column was read from.

    A sign that the vocabulary does not have behind a word is taken as one that stands alone.
    """
    if column.about.get("bytes", False):
        return _pieces(text.strip(), column.about["vocabulary"])
    if not column.about.get("join", " "):
        return [*text.strip()]
    known = set(column.about["vocabulary"])
    return [word if word in known else word.removeprefix(GLUE) for word in words(text)]


def _pieces(text: str, vocabulary: Sequence[str]) -> list[str]:
    """A text cut into bytes, or into the longest pieces of a tokenizer that fit, from its beginning."""
    if vocabulary == BYTES:
        return [BYTES[byte] for byte in text.encode()]
    letters = " ".join(text.split()).encode().decode("latin-1")
    known, longest = {*vocabulary}, max(map(len, vocabulary))
    found = [_longest_first(some, known, longest) for some in (letters, f" {letters}", f"{letters} ")]
    return min(found, key=lambda some: (sum(piece not in known for piece in some), len(some)))


def _longest_first(letters: str, known: set[str], longest: int) -> list[str]:
    """Letters cut into the longest known pieces from the left; a letter that begins none is a piece of its own."""
    found = list[str]()
    while letters:
        size = next((k for k in range(longest, 1, -1) if letters[:k] in known), 1)
        found.append(letters[:size])
        letters = letters[size:]
    return found


def _holds_others(token: str) -> bool:
    """Whether a token has letters that stand for no byte."""
    return not token or max(map(ord, token)) > 255


def _of_bytes(tokens: Sequence[str]) -> str:
    """Letters that stand for bytes as the text that these bytes are in UTF-8, without spaces at its ends."""
    return "".join(tokens).encode("latin-1").decode("utf-8", errors="replace").strip(" ")


def length(row: Sequence[int]) -> int:
    """The number of tokens before the end token, or before the padding."""
    return next((k for k, token in enumerate(row) if token in (END, PAD)), len(row))


def _wrapped(sentence: str) -> list[str]:
    """The sentence in up to four lines of at most `LINE` letters."""
    lines, words = [""], sentence.split(" ")
    for word in words:
        if len(lines[-1]) + len(word) + 1 > LINE and lines[-1]:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()[:LINE]
    return lines[:4]


def _drawn(lines: Sequence[str], size: tuple[int, int]) -> Image.Image:
    page = Image.new("L", size, 255)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(size=SIZE)
    for k, line in enumerate(lines):
        draw.text((2, 2 + k * (SIZE + 3)), line, fill=34, font=font)
    return page


def _write_text(x: Tensor, column: Column, file: BinaryIO) -> None:
    file.write(TOKENS.beside(x, column)[".txt"])


def _write_json_lines(x: Tensor, column: Column, file: BinaryIO) -> None:
    for sentence in sentences(x, column):
        file.write(json.dumps({"text": sentence}, ensure_ascii=False).encode() + b"\n")


TokensKind.writes = {".txt": _write_text, ".jsonl": _write_json_lines}
TOKENS = TokensKind()
