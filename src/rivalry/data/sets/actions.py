"""`actions`: nine people who wave, jump or bend, real films of 64 x 64 pixels, from a copy on disk.

Four of the Weizmann actions (Gorelick, Blank, Shechtman, Irani & Basri 2007, "Actions as Space-Time Shapes"), as the
authors of MoCoGAN cut them: {action}/{number}.jpg, each a strip of square frames, for research use.  They are 18 MB and
are not part of the package.
"""

import re
from pathlib import Path

import torch

from rivalry.data.readers.clips import as_table
from rivalry.data.readers.decode import DAMAGED, reason_of
from rivalry.data.readers.films import Film, decode_film
from rivalry.data.readers.members import Member, members_of
from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.settings import Count

ACTIONS = {
    "0": "waving one hand",
    "1": "waving both hands",
    "3": "jumping jacks",
    "4": "bending",
}  # by the name of their folder
FILE = re.compile(r"(?:.*/)?([0134])/(\d+)\.(?:jpg|png)")
RATE = 25  # frames per second, of the recordings
SMALLEST = 8  # pixels of a side
WHERE = "github.com/sergeytulyakov/mocogan has them in data/actions (research use, 18 MB)"


def open_actions(
    name: str, split: str = "train", *, path: str = "", frames: Count = 16, every: Count = 8, side: Count = 32
) -> Dataset:
    """Clips of the films of eight people, or of the ninth.

    Settings:
        path: the folder or zip with the strips
        frames: of a clip
        every: a further clip begins at every so many frames of a film
        side: pixels of a frame, height and width; films have 64

    Returns:
        uint8 (n, frames, 3, side, side); the label is the action.  The last film of each action is the split "test".

    Raises:
        BadRequest: no path, no films there, no such split, or frames that are too small.
    """
    if split not in ("train", "test"):
        raise BadRequest(f"{name!r} has no split {split!r}; it has train and test")
    if side < SMALLEST or frames < 2:
        raise BadRequest(
            f"{name!r} has 2 frames or more, of {SMALLEST} pixels or more; got {frames} of {side}"
        )
    where = Path(path).expanduser()
    if not path or not where.exists():
        missing = f"{path} is not there" if path else f"{name!r} reads a copy on disk: {name}:path=FOLDER"
        raise BadRequest(f"{missing}.  {WHERE}")
    of_action: dict[str, list[Member]] = {action: [] for action in ACTIONS}
    for one in members_of(where):
        if match := FILE.fullmatch(one.name):
            of_action[match[1]].append(one)
    mine = {
        action: films[-1:] if split == "test" else films[:-1] or films for action, films in of_action.items()
    }
    films, label, skipped = _read(mine, side)
    if not films:
        raise BadRequest(f"{path} holds no films such as 0/00000002.jpg that can be read.  {WHERE}")
    x, owner, _, converted = as_table(films, frames, every=every)
    facts = {
        "source": path,
        "splits": ("train", "test"),
        "license": "research use",
        "skipped": skipped,
        "converted": converted,
    }
    spec = Spec(name, "clip", tuple(x.shape[1:]), tuple(ACTIONS.values()), about={"rate": RATE})
    return Dataset(spec, x, torch.tensor(label)[owner], facts)


def _read(
    of_action: dict[str, list[Member]], side: int
) -> tuple[list[Film], list[int], list[tuple[str, str]]]:
    """The films, the number of the action of each, and (name, reason) of each that cannot be used."""
    films, label, skipped = list[Film](), list[int](), list[tuple[str, str]]()
    for number, members in enumerate(of_action.values()):
        for one in members:
            try:
                films.append(decode_film([one], (side, side), "strips"))
            except DAMAGED as error:
                skipped.append((one.name, reason_of(error)))
                continue
            label.append(number)
    return films, label, skipped
