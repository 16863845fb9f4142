"""`styled-captions`: captions of photographs in two styles, humorous and romantic, from a copy on disk.

6,000 + 500 captions of each style (Gan et al. 2017, "StyleNet"; as Li et al. 2018, arXiv 1804.06437, split them; CC
BY-SA 4.0), in the files sentiment.train.0, .train.1, .dev.0 and .dev.1 of their folder data/imagecaption.  Files whose
names begin with imagecaption_ are read too.

Line k of both styles was written for the same photograph.  Games draw each style by itself; in the split "test" the
column "partner" holds the row of the other caption, which a person wrote in the other style.
"""

from dataclasses import replace
from pathlib import Path

import torch

from rivalry.data.readers.members import open_regular
from rivalry.data.readers.text import Over, tabled
from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.settings import Count, Natural

STYLES = ("humorous", "romantic")
PARTS = {"train": "train", "test": "dev"}  # split -> the part of a file's name
BEGINNINGS = ("", "imagecaption_")
LARGEST = 1 << 24  # bytes of a file that are read
WHERE = "github.com/lijuncen/Sentiment-and-Style-Transfer has them in data/imagecaption (CC BY-SA 4.0, 1 MB)"


def open_styled_captions(
    name: str,
    split: str = "train",
    *,
    path: str = "",
    least: Natural = 3,
    longest: Count = 20,
    over: Over = "cut",
) -> Dataset:
    """Captions as words; the label is the style.

    Settings:
        path: the folder with the four files
        least: how often the training split must hold a word; rarer ones are unknown
        longest: words of a caption
        over: what becomes of longer ones: cut, or drop

    Raises:
        BadRequest: no path, a file that is missing, or no such split.
    """
    if split not in PARTS:
        raise BadRequest(f"{name!r} has no split {split!r}; it has train and test")
    if not path:
        raise BadRequest(f"{name!r} reads a copy on disk: {name}:path=FOLDER.  {WHERE}")
    train, test = ([_lines(path, part, k) for k in range(len(STYLES))] for part in PARTS.values())
    how = {"tokens": "words", "least": least, "longest": longest, "over": over, "held_out": test}
    data = tabled(name, repr(name), train, STYLES, split, **how)  # type: ignore[arg-type]
    facts = {**data.facts, "source": path, "license": "CC BY-SA 4.0"}
    if split == "train" or len(data) != 2 * len(test[0]) or len(test[0]) != len(test[1]):
        return replace(data, facts=facts)
    n = len(test[0])
    return replace(data, facts=facts, others={"partner": (torch.arange(2 * n) + n) % (2 * n)})


def _lines(path: str, part: str, style: int) -> list[str]:
    """The captions of one file, in lower case; a few letters in them are of Windows-1252."""
    names = [f"{beginning}sentiment.{part}.{style}" for beginning in BEGINNINGS]
    folder = Path(path).expanduser()
    found = [folder / one for one in names if (folder / one).is_file()]
    if not found:
        raise BadRequest(f"{path} has no file {names[0]}.  {WHERE}")
    with open_regular(found[0]) as file:
        text = file.read(LARGEST).decode("cp1252", errors="replace")
    return [line.strip().lower() for line in text.splitlines() if line.strip()]
