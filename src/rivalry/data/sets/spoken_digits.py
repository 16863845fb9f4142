"""`spoken-digits`: "zero" to "nine" said by six people at 8 kHz, from a copy on disk.

The Free Spoken Digit Dataset (Jackson et al., github.com/Jakobovski/free-spoken-digit-dataset, CC BY-SA 4.0): 3,000
files that are named {digit}_{speaker}_{take}.wav.  It is 16 MB and is not part of the package.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import torch

from rivalry.data.readers.members import Member, members_of
from rivalry.data.readers.sounds import as_table, decoded
from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.settings import Count

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
RATE = 8_000
FILE = re.compile(r"(?:.*/)?(\d)_([a-z]+)_(\d+)\.wav")
HELD_OUT = 5  # the first takes of each digit and speaker are the split "test", as the set's authors have it
WHERE = "github.com/Jakobovski/free-spoken-digit-dataset has the recordings (CC BY-SA 4.0, 16 MB)"


def open_spoken_digits(
    name: str, split: str = "train", *, path: str = "", length: Count = 4096, speaker: str = ""
) -> Dataset:
    """2,700 training and 300 test recordings, or those of all but one speaker, and of this one.

    Settings:
        path: the folder or zip with the recordings
        length: samples to which all are cut, or padded with silence at their end
        speaker: hold out all recordings of this person in place of the first takes of everybody

    Returns:
        float32 (n, 1, length) at 8 kHz; the label is the digit.  The column "speaker", int64 (n,), numbers the names in
        `facts["attributes"]["speaker"]`.

    Raises:
        BadRequest: no path, no recordings there, no such split or speaker.
    """
    if split not in ("train", "test"):
        raise BadRequest(f"{name!r} has no split {split!r}; it has train and test")
    where = Path(path).expanduser()
    if not path or not where.exists():
        missing = f"{path} is not there" if path else f"{name!r} reads a copy on disk: {name}:path=FOLDER"
        raise BadRequest(f"{missing}.  {WHERE}")
    members = members_of(where)
    found = {one.name: match for one in members if (match := FILE.fullmatch(one.name))}
    people = sorted({match[2] for match in found.values()})
    if not people:
        raise BadRequest(f"{path} holds no files such as 7_jackson_32.wav.  {WHERE}")
    if speaker and speaker not in people:
        raise BadRequest(f"{name!r} has no speaker {speaker!r}; it has {', '.join(people)}")
    is_out = lambda match: match[2] == speaker if speaker else int(match[3]) < HELD_OUT
    mine = [one for one in members if one.name in found and is_out(found[one.name]) == (split == "test")]
    return _read(name, mine, found, people, length, {"source": path, "license": "CC BY-SA 4.0"})


def _read(
    name: str,
    members: Sequence[Member],
    found: dict[str, re.Match[str]],
    people: list[str],
    length: int,
    facts: dict[str, object],
) -> Dataset:
    sounds, skipped = decoded(members)
    if not sounds:
        raise BadRequest(f"none of the {len(members)} recordings of {name!r} can be used: {skipped[:1]}")
    x, rate, converted = as_table(sounds, RATE, length)
    label = torch.tensor([int(found[one.name][1]) for one in sounds])
    said_by = torch.tensor([people.index(found[one.name][2]) for one in sounds])
    facts |= {"splits": ("train", "test"), "skipped": skipped, "converted": converted}
    facts["attributes"] = {"speaker": tuple(people)}
    spec = Spec(name, "wave", tuple(x.shape[1:]), DIGITS, about={"rate": rate})
    return Dataset(spec, x, label, facts, {"speaker": said_by})
