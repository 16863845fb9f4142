"""Sounds from a folder or zip of .wav files, and of .flac, .ogg or .mp3 files where soundfile is installed.

    sounds/dog/1.wav   sounds/cat/2.wav     sub-folders are classes
    sounds/train/...   sounds/test/...      these folders at the top are splits, see `SPLITS`
    sounds/1.wav       sounds/2.wav         else every tenth sound of a class is in the split "test"

All become floats in [-1, 1] of one rate, one length and one number of channels.  They are resampled by a polyphase
filter (scipy.signal.resample_poly), whose default Kaiser window lets no frequency fold back above the new limit.
"""

import io
import math
import statistics
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from rivalry.data.readers.budget import LARGEST_MEMBER
from rivalry.data.readers.decode import DAMAGED
from rivalry.data.readers.images import sort_classes
from rivalry.data.readers.layout import laid_out, without_single_folder
from rivalry.data.readers.members import Member, members_of, open_regular
from rivalry.data.readers.splits import canonical
from rivalry.data.source import Column, Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.settings import Natural

Samples = NDArray[np.float32]  # (t, channels)
Channels = Literal["mono", "stereo"]

COMPRESSED = (".flac", ".ogg", ".mp3")  # which soundfile reads
ENDINGS = (".wav", *COMPRESSED)
SHORTEST = 16  # samples of a sound
FASTEST = 1_000_000  # samples per second
MOST = 2**29  # samples of a whole set, in memory
CLIPPED = 0.01  # of a sound's samples are at full scale and equal to the one before


class Sound(NamedTuple):
    """One decoded file: its name, its samples (t, channels) in [-1, 1], how many there are per second."""

    name: str
    samples: Samples
    rate: int


def open_sounds(
    path: Path,
    split: str = "train",
    size: tuple[int, int] | None = None,
    *,
    rate: Natural = 0,
    length: Natural = 0,
    channels: Channels = "mono",
) -> Dataset:
    """A folder or zip of sounds as a table.

    Settings:
        rate: samples per second that all are resampled to; 0 for the rate that most files have
        length: samples to which all are cut, or padded with silence at their end; 0 for the median length
        channels: mono is the mean of a file's channels; stereo is two, equal ones for a mono file

    Returns:
        float32 (n, channels, t) in [-1, 1], with labels if sub-folders are classes.  `facts["skipped"]` lists (name,
        reason) of each file that holds no sound: damaged, silent, too short.  `facts["converted"]` counts what was
        changed, and `facts["passed"]` counts files of other types.

    Raises:
        BadRequest: no such split, no file that can be used, or more than fits into memory.
    """
    if size is not None:
        raise BadRequest(f"{path} holds sounds, which have no size in pixels; leave the size out")
    if rate > FASTEST or 0 < length < SHORTEST:
        raise BadRequest(
            f"sounds have {SHORTEST} samples or more, at most {FASTEST:,} a second; "
            f"got length={length}, rate={rate} (0 for what most files have)"
        )
    members, passed = _readable(path)
    splits, class_of = laid_out([one.name for one in members])
    split = canonical(split)
    if split not in splits:
        raise BadRequest(f"{path} has no split {split!r}; it has {', '.join(splits)}")
    wanted = set(splits[split])
    sounds, skipped = decoded([one for one in members if one.name in wanted])
    if not sounds:
        raise BadRequest(_nothing(path, split, skipped, passed))
    x, rate, converted = as_table(sounds, rate, length, channels)
    classes = sort_classes(set(class_of.values()))
    number = {name: i for i, name in enumerate(classes)}
    label = torch.tensor([number[class_of[one.name]] for one in sounds]) if classes else None
    name = path.resolve().name if path.is_dir() else path.stem
    spec = Spec(name, "wave", tuple(x.shape[1:]), classes, about={"rate": rate})
    facts = {
        "source": str(path),
        "splits": tuple(splits),
        "skipped": skipped,
        "converted": converted,
        "passed": passed,
    }
    return Dataset(spec, x, label, facts)


def decoded(members: Sequence[Member]) -> tuple[list[Sound], list[tuple[str, str]]]:
    """The sounds of these files, and (name, reason) of each file that holds none.

    Raises:
        BadRequest: together they hold more samples than fit into memory.
    """
    sounds, skipped, total = list[Sound](), list[tuple[str, str]](), 0
    for one in members:
        try:
            sound = decode(one)
        except DAMAGED as error:
            skipped.append((one.name, str(error) or "damaged"))
            continue
        total += sound.samples.size
        if total > MOST:
            raise BadRequest(f"these sounds hold more than {MOST:,} samples; take a part of them")
        sounds.append(sound)
    return sounds, skipped


def decode(member: Member) -> Sound:
    """One file, in floats; floats beyond [-1, 1] are divided by their peak.

    Raises:
        one of `DAMAGED`: the bytes are no sound, or a sound without anything to hear.
    """
    with member.open() as file:
        content = file.read(LARGEST_MEMBER + 1)
    if len(content) > LARGEST_MEMBER:
        raise ValueError(f"larger than {LARGEST_MEMBER >> 20} MiB")
    read = _read_wav if member.ending == ".wav" else _read_compressed
    x, rate = read(content)
    if x.ndim != 2 or not 1 <= rate <= FASTEST:
        raise ValueError(f"an array of shape {x.shape} at {rate} samples per second")
    if len(x) < SHORTEST:
        raise ValueError(f"{len(x)} sample{'s' * (len(x) != 1)}; a sound has {SHORTEST} or more")
    if not np.isfinite(x).all():
        raise ValueError("it holds values that are not finite")
    if np.ptp(x, axis=0).max() == 0:
        raise ValueError("silent: all samples are equal")
    return Sound(member.name, x / max(1.0, float(abs(x).max())), rate)


def _read_wav(content: bytes) -> tuple[Samples, int]:
    """A RIFF file: bytes from 0 to 255, whole numbers of 16, 24 or 32 bits, floats.  24 bits come shifted to 32."""
    from scipy.io import wavfile

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", wavfile.WavFileWarning)  # of chunks that are no samples
        try:
            rate, x = wavfile.read(io.BytesIO(content))
        except NameError as error:  # scipy's reader never came to the chunk that holds the samples
            raise ValueError("no whole .wav file: it holds no samples") from error
    x = x.reshape(len(x), -1)
    if x.dtype == np.uint8:
        return (x.astype(np.float32) - 128) / 128, rate
    if x.dtype.kind == "i":
        return (x / -float(np.iinfo(x.dtype).min)).astype(np.float32), rate
    return x.astype(np.float32), rate


def _read_compressed(content: bytes) -> tuple[Samples, int]:
    import soundfile

    try:
        return soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
    except soundfile.SoundFileError as error:  # it names the object in memory, which tells nobody anything
        raise ValueError(str(error).rpartition(">: ")[2]) from error


def one_sound(path: Path, column: Column) -> torch.Tensor:
    """One file at the rate, length and number of channels of a column: (1, channels, t) in [-1, 1].

    Raises:
        BadRequest: it holds no sound, or a package is missing that reads it.
    """
    sound = sound_of(path)
    channels, length = column.shape
    x, _, _ = as_table([sound], int(column.about["rate"]), length, "mono" if channels == 1 else "stereo")
    return x


def sound_of(path: Path) -> Sound:
    """One file, decoded.

    Raises:
        BadRequest: as `one_sound` does.
    """
    member = Member(path.name, partial(open_regular, path), (0, 0))
    if member.ending not in ENDINGS:
        raise BadRequest(f"{path} is no sound; expected a .wav, or a .flac, .ogg or .mp3")
    if member.ending in COMPRESSED and not find_spec("soundfile"):
        raise BadRequest(f"{path} is compressed: pip install 'rivalry[sound]' reads it")
    try:
        return decode(member)
    except DAMAGED as error:
        raise BadRequest(f"{path} cannot be used as a sound: {str(error) or 'damaged'}") from error


def as_table(
    sounds: Sequence[Sound], rate: int = 0, length: int = 0, channels: Channels = "mono"
) -> tuple[torch.Tensor, int, dict[str, int]]:
    """Sounds of one rate, length and number of channels: float32 (n, channels, t), the rate, and what was changed.

    Args:
        rate, length, channels: see `open_sounds`.
    """
    rate = rate or Counter(one.rate for one in sounds).most_common(1)[0][0]
    if (after := sum(one.samples.size * rate // one.rate for one in sounds)) > MOST:
        raise BadRequest(f"at {rate:,} a second these sounds hold {after:,} samples, more than {MOST:,}")
    done: Counter[str] = Counter()
    rows = [resampled(in_channels(one.samples, channels, done), one.rate, rate, done) for one in sounds]
    length = max(SHORTEST, length or int(statistics.median(map(len, rows))))
    if len(rows) * length * rows[0].shape[1] > MOST:
        raise BadRequest(f"{len(rows):,} sounds of {length:,} samples are more than {MOST:,}; use length=N")
    x = np.zeros((len(rows), rows[0].shape[1], length), np.float32)
    for i, row in enumerate(rows):
        done[f"cut to {length:,} samples"] += len(row) > length
        done[f"padded with silence to {length:,} samples"] += len(row) < length
        done["clipped: flat at full scale for 1 % of the time or more"] += is_clipped(sounds[i].samples)
        x[i, :, : len(row)] = row[:length].T
    return torch.from_numpy(x), rate, {what: n for what, n in done.items() if n}


def mono_or_stereo(sound: Sound, rate: int, channels: int) -> torch.Tensor:
    """A sound at this rate, in one channel or in two, of its own length: (channels, t) in [-1, 1]."""
    done: Counter[str] = Counter()
    x = in_channels(sound.samples, "mono" if channels == 1 else "stereo", done)
    return torch.from_numpy(resampled(x, sound.rate, rate, done).T.copy())


def is_clipped(x: Samples) -> bool:
    """Whether a sound (t, channels) is flat at full scale for 1 % of the time or more."""
    return bool(((x[1:] == x[:-1]) & (abs(x[1:]) > 0.999)).mean() >= CLIPPED)


def in_channels(x: Samples, channels: Channels, done: Counter[str]) -> Samples:
    """(t, any) -> (t, 1) or (t, 2)."""
    wanted = 1 if channels == "mono" else 2
    if x.shape[1] == wanted:
        return x
    done["to mono by the mean of the channels" if wanted == 1 else "to stereo, equal on both sides"] += 1
    return np.repeat(x.mean(1, keepdims=True, dtype=np.float32), wanted, 1)


def resampled(x: Samples, old: int, new: int, done: Counter[str]) -> Samples:
    """(t, c) at `old` samples per second -> (t · new / old, c), in [-1, 1]."""
    if old == new:
        return x
    from scipy.signal import resample_poly

    done[f"resampled to {new:,} samples per second"] += 1
    common = math.gcd(old, new)
    return np.clip(resample_poly(x, new // common, old // common, axis=0), -1, 1).astype(np.float32)


# ---------------------------------------------------------------------- which files


def _readable(path: Path) -> tuple[list[Member], dict[str, int]]:
    """The files that are read, and what is passed over -> how many."""
    decoder = find_spec("soundfile") is not None
    reads = {".wav", *(COMPRESSED if decoder else ())}
    found, passed = list[Member](), Counter[str]()
    for one in members_of(path):
        if one.ending in reads:
            found.append(one)
        else:
            how = " (pip install 'rivalry[sound]' reads it)" if one.ending in COMPRESSED else ""
            passed[(one.ending or "without an ending") + how] += 1
    above = without_single_folder([one.name for one in found])
    return [replace(one, name=one.name.removeprefix(above)) for one in found], dict(passed)


def _nothing(path: Path, split: str, skipped: list[tuple[str, str]], passed: dict[str, Any]) -> str:
    if skipped:
        name, why = skipped[0]
        return f"none of {len(skipped)} files in the split {split} of {path} can be used; the first, {name}: {why}"
    there = ", ".join(f"{n} {what}" for what, n in passed.items()) or "nothing"
    return f"{path} holds no sounds that can be read; it holds {there}"
