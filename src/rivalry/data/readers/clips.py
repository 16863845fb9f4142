"""Clips from a folder or zip of GIFs, of videos, of folders of frames, or of strips of frames.

    films/walk/1.gif   films/run/2.mp4      a file a film; sub-folders are classes
    films/walk/1/1.png films/walk/1/2.png   a folder of pictures a film, with films:layout=folders or films:frames=16
    films/walk/1.png                        square frames side by side in a picture, with films:layout=strips
    films/train/...    films/test/...       these folders at the top are splits, see `SPLITS`; else every tenth
                                            film of a class is in the split "test"

All become RGB frames of one size, one rate and one number: a frame is the one that is shown at its time, of a film that
is too long the beginning is taken, and of one that is too short the last frame is repeated.
"""

import statistics
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from rivalry.data.readers.decode import DAMAGED, reason_of
from rivalry.data.readers.films import RATE, VIDEOS, Film, Layout, Size, decode_film, size_of
from rivalry.data.readers.images import open_images, sort_classes
from rivalry.data.readers.layout import laid_out, without_single_folder
from rivalry.data.readers.members import Member, members_of
from rivalry.data.readers.splits import canonical
from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.settings import Natural, Weight

FILMS = {".gif", *VIDEOS}
SMALLEST = 8  # pixels of a side
MOST = 2**31  # bytes of a whole set, in memory


def open_clips(
    path: Path,
    split: str = "train",
    size: Size | None = None,
    *,
    frames: Natural = 0,
    rate: Weight = 0.0,
    every: Natural = 0,
    layout: Literal["auto", "files", "folders", "strips"] = "auto",
) -> Dataset:
    """A folder or zip of films as a table.

    Settings:
        frames: of a clip; films are cut to it, or padded with their last frame; 0 for the median of the films
        rate: frames per second that all are brought to; 0 for the rate that most films have
        every: a further clip begins at every so many frames of a film, as long as it is whole; 0 for one clip a film
        layout: files, a film each; folders, of frames; strips, pictures of square frames; auto for files where there
            are any, else folders

    Returns:
        uint8 (n, frames, 3, h, w), with labels if sub-folders are classes; `size` is by default that of most films.
        `facts["skipped"]` lists (name, reason) of each film that cannot be used: damaged, of one frame.
        `facts["converted"]` counts what was changed, and `facts["passed"]` counts files of other types.

    Raises:
        BadRequest: no such split, no film that can be used, or more than fits into memory.
    """
    films, passed, found = _listed(path, layout)
    splits, class_of = laid_out(list(films))
    split = canonical(split)
    if films and split not in splits:
        raise BadRequest(f"{path} has no split {split!r}; it has {', '.join(splits)}")
    names = splits.get(split, [])
    read, skipped = _decoded({name: films[name] for name in names}, size, found)
    if not read:
        if (
            skipped
            and all(why.startswith("1 frame;") for _, why in skipped)
            and layout == "auto"
            and not frames
        ):
            return open_images(path, split, size)  # GIFs of one frame each are pictures
        raise BadRequest(_nothing(path, split, skipped, passed))
    x, owner, about_rate, converted = as_table(list(read.values()), frames, rate, every)
    kept = list(read)
    classes = sort_classes(set(class_of.values()))
    number = {name: i for i, name in enumerate(classes)}
    label = torch.tensor([number[class_of[kept[i]]] for i in owner]) if classes else None
    name = path.resolve().name if path.is_dir() else path.stem
    spec = Spec(name, "clip", tuple(x.shape[1:]), classes, about={"rate": about_rate})
    facts = {
        "source": str(path),
        "splits": tuple(splits),
        "skipped": skipped,
        "converted": converted,
        "passed": passed,
    }
    return Dataset(spec, x, label, facts)


def _decoded(
    films: dict[str, list[Member]], size: Size | None, layout: Layout
) -> tuple[dict[str, Film], list[tuple[str, str]]]:
    """The films by name, all in one size, and (name, reason) of each that cannot be used."""
    sizes, read, skipped, total = dict[str, Size](), dict[str, Film](), list[tuple[str, str]](), 0
    for name, files in films.items():
        try:
            sizes[name] = size_of(files, layout)
        except DAMAGED as error:
            skipped.append((name, reason_of(error)))
    if not sizes:
        return read, skipped
    size = size or Counter(sizes.values()).most_common(1)[0][0]
    if min(size) < SMALLEST:
        raise BadRequest(f"frames have {SMALLEST} x {SMALLEST} pixels or more; got {size[0]} x {size[1]}")
    for name in sizes:
        try:
            film = decode_film(films[name], size, layout)
        except DAMAGED as error:
            skipped.append((name, reason_of(error)))
            continue
        total += film.frames.nbytes
        if total > MOST:
            raise BadRequest(
                f"these films hold more than {MOST >> 30} GiB; give a smaller --size, or take a part"
            )
        read[name] = film
    return read, skipped


def as_table(
    films: Sequence[Film], frames: int = 0, rate: float = 0.0, every: int = 0
) -> tuple[torch.Tensor, list[int], float, dict[str, int]]:
    """Films as clips of one rate and number of frames: uint8 (n, f, 3, h, w), the film of each, the rate, what was
    changed.

    Args:
        frames, rate, every: see `open_clips`.
    """
    rates = Counter(round(film.rate, 2) for film in films if film.rate is not None)
    rate = rate or (rates.most_common(1)[0][0] if rates else RATE)
    done: Counter[str] = Counter(what for film in films for what in film.changed)
    rows = [at_rate(film, rate, done) for film in films]
    frames = max(2, frames or int(statistics.median(map(len, rows))))
    clips, owner = list[NDArray[np.uint8]](), list[int]()
    for i, row in enumerate(rows):
        done[f"cut to {frames} frames"] += len(row) > frames and not every
        done[f"padded with the last frame to {frames} frames"] += len(row) < frames
        starts = range(0, max(1, len(row) - frames + 1), every or len(row))
        for start in starts:
            clips.append(row[np.minimum(np.arange(start, start + frames), len(row) - 1)])
            owner.append(i)
    if len(clips) * clips[0].nbytes > MOST:
        raise BadRequest(
            f"{len(clips):,} clips of {frames} frames hold more than {MOST >> 30} GiB; use frames=N"
        )
    x = torch.from_numpy(np.stack(clips)).permute(0, 1, 4, 2, 3).contiguous()
    return x, owner, rate, {what: n for what, n in done.items() if n}


def at_rate(film: Film, rate: float, done: Counter[str]) -> NDArray[np.uint8]:
    """The frames that are shown at 0, 1/rate, 2/rate ... seconds; a film that says nothing of time stays as it is."""
    if film.rate is None:
        return film.frames
    last = film.times[-1] + 1 / film.rate
    times = np.arange(max(1, round(last * rate))) / rate
    shown = np.searchsorted(film.times, times + 1e-3, side="right") - 1
    if not np.array_equal(shown, np.arange(len(film.times))):
        done[f"to {rate:g} frames per second"] += 1
    return film.frames[shown]


# ---------------------------------------------------------------------- which files


def _listed(path: Path, layout: str) -> tuple[dict[str, list[Member]], dict[str, int], Layout]:
    """Name of a film -> its files, what is passed over -> how many, and what a film is."""
    every = members_of(path)
    is_film = lambda one: one.ending in FILMS
    found: Layout = "folders"
    if layout == "strips":
        found = "strips"
    elif layout == "files" or (layout == "auto" and any(map(is_film, every))):
        found = "files"
    films, passed = dict[str, list[Member]](), Counter[str]()
    for one in every:
        if is_film(one) if found == "files" else one.is_image:
            name = one.name.rpartition("/")[0] or path.name if found == "folders" else one.name
            films.setdefault(name, []).append(one)
        else:
            passed[one.ending or "without an ending"] += 1
    top = without_single_folder(list(films))
    return {name.removeprefix(top): files for name, files in films.items()}, dict(passed), found


def _nothing(path: Path, split: str, skipped: list[tuple[str, str]], passed: dict[str, int]) -> str:
    if skipped:
        name, why = skipped[0]
        return f"none of {len(skipped)} films in the split {split} of {path} can be used; the first, {name}: {why}"
    there = ", ".join(f"{n} {what}" for what, n in passed.items()) or "nothing"
    return f"{path} holds no moving pictures that can be read; it holds {there}"
