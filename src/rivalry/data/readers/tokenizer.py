"""A tokenizer that the user brings, as the package `tokenizers` saves it: tokenizer.json.

What a run keeps is not the tokenizer but the piece of text that each token stands for, as bytes of UTF-8, so that
tokens turn back into sentences without the package.  The file is parsed as JSON by the package; nothing in it is run.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rivalry.data.readers.members import open_regular
from rivalry.errors import BadRequest
from rivalry.kinds.tokens import SPECIAL, UNKNOWN

LARGEST = 1 << 26  # bytes of the file
SPACE = "\u2581"  # what stands for a space in tokens of SentencePiece
SIGNS = ".,!?"  # before which the decoder of WordPiece sets no space


def splitter_of(path: str) -> Callable[[str], list[str]]:
    """A function from a sentence to its pieces; a letter of a piece is a byte.  Unknown tokens are `SPECIAL[UNKNOWN]`.

    Raises:
        BadRequest: no such file, another form, or the package is missing.
    """
    tokenizer, told = _loaded(Path(path).expanduser())
    piece, unknown = _piece_of(told, path), _unknown(told)

    def split(line: str) -> list[str]:
        tokens = tokenizer.encode(line, add_special_tokens=False).tokens
        pieces = (SPECIAL[UNKNOWN] if token == unknown else piece(token) for token in tokens)
        return [one for one in pieces if one]

    return split


def _loaded(path: Path) -> tuple[Any, dict[str, Any]]:
    """The tokenizer, and its file as a table."""
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise BadRequest(f"{path} needs the package tokenizers: pip install 'rivalry[text]'") from None
    if not path.is_file():
        raise BadRequest(f"no tokenizer {str(path)!r}; expected a tokenizer.json")
    with open_regular(path) as file:
        raw = file.read(LARGEST + 1)
    if len(raw) > LARGEST:
        raise BadRequest(f"{path} is larger than {LARGEST >> 20} MiB; it is no tokenizer.json")
    try:
        text = raw.decode()
        return Tokenizer.from_str(text), json.loads(text)
    except Exception as error:  # the package raises Exception itself
        raise BadRequest(f"{path} is no tokenizer.json: {str(error).splitlines()[0][:100]}") from None


def _unknown(told: dict[str, Any]) -> str | None:
    """The token for what the tokenizer does not know; None if there is none."""
    model = told.get("model", {})
    if isinstance(number := model.get("unk_id"), int):
        return model["vocab"][number][0]
    return model.get("unk_token")


def _piece_of(told: dict[str, Any], path: str) -> Callable[[str], str]:
    """What a token stands for, by the decoder that the file names: a letter a byte, with its space before or behind.

    Raises:
        BadRequest: a decoder that is none of these.
    """
    decoder = told.get("decoder") or {"type": "none"}
    types = {one.get("type") for one in decoder.get("decoders", [decoder])}
    if "ByteLevel" in types:
        byte_of = _bytes_of_letters()
        return lambda token: "".join(chr(byte_of[letter]) for letter in token if letter in byte_of)
    if "WordPiece" in types:
        mark = decoder.get("prefix", "##")
        return lambda token: _letters(_of_word_piece(token, mark))
    if "BPEDecoder" in types:
        end = decoder.get("suffix", "</w>")
        return lambda token: _letters(token.replace(end, " "))
    if types & {"Metaspace", "ByteFallback", "Replace"}:
        return _of_sentence_piece
    if types == {"none"}:  # whole words
        return lambda token: _letters(f" {token}")
    raise BadRequest(
        f"{path} has the decoder {decoder.get('type')!r}, of which pieces cannot be told; use another"
    )


def _of_word_piece(token: str, mark: str) -> str:
    if token.startswith(mark):
        return token.removeprefix(mark)
    return token if token in SIGNS else f" {token}"


def _of_sentence_piece(token: str) -> str:
    """A token with signs for spaces, or <0xE4> for a single byte."""
    if len(token) == 6 and token.startswith("<0x") and token.endswith(">"):
        return chr(int(token[3:5], 16))
    return _letters(token.replace(SPACE, " "))


def _letters(text: str) -> str:
    """A letter for each byte of a text in UTF-8."""
    return text.encode().decode("latin-1")


def _bytes_of_letters() -> dict[str, int]:
    """The byte for which each letter stands in tokens of bytes (Radford et al. 2019): printable ones for themselves.

    The others, in their order, are the letters from number 256 on.
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(b): b for b in printable} | {chr(256 + i): b for i, b in enumerate(others)}
