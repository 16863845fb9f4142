"""Sentences that ship with the package: captions of photographs, and Chinese quatrains.  NOTICE has their licenses."""

import gzip
from pathlib import Path

from rivalry.data.readers.text import LONGEST, Over, Tokens, tabled
from rivalry.data.source import Dataset
from rivalry.settings import Count, Natural

HERE = Path(__file__).parent / "bundled"
LICENSES = {
    "coco-captions": "COCO captions: CC BY 4.0, by way of Texygen, MIT",
    "poems": "by way of Texygen, MIT",
}


def open_sentences(
    name: str,
    split: str = "train",
    *,
    tokens: Tokens = "auto",
    least: Natural = 0,
    longest: Count = LONGEST,
    over: Over = "cut",
) -> Dataset:
    """The set "coco-captions", 10,000 + 10,000 captions, or "poems", 16,394 quatrains of which every tenth is held out.

    Settings:
        tokens: words, characters or bytes; auto: words of captions, characters of poems
        least: how often the training split must hold a token; rarer ones are unknown; 0: 2 for words, else 1
        longest: tokens of a sentence
        over: what becomes of longer ones: cut, or drop
    """
    if name == "poems":
        lines, held_out = [[line.replace(" ", "") for line in _lines("poems")]], None
    else:
        lines, held_out = [_lines("coco-train")], [_lines("coco-test")]
    dataset = tabled(
        name,
        repr(name),
        lines,
        (),
        split,
        tokens=tokens,
        least=least,
        longest=longest,
        over=over,
        held_out=held_out,
    )
    dataset.facts |= {"source": "bundled", "license": LICENSES[name]}
    return dataset


def _lines(stem: str) -> list[str]:
    with gzip.open(HERE / f"{stem}.txt.gz", "rt", encoding="utf-8") as file:
        return [line.strip() for line in file if line.strip()]
