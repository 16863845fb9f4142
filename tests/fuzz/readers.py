"""Hostile data: pictures, folders, zips, arrays, tables and files of labels that are damaged or made to do harm.

`cases(seed)` gives names and callables without end; each must end well or with BadRequest, in seconds.
"""

import io
import json
import os
import random
import struct
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, features

from rivalry.data import open_data
from rivalry.data.check import check, render
from rivalry.errors import BadRequest

Chance = random.Random
FORMATS = ["PNG", "JPEG", "GIF", "BMP", "TIFF", "PPM"] + [
    f for f in ("WEBP", "AVIF") if features.check(f.lower())
]
MODES = {"PNG": ["L", "LA", "RGB", "RGBA", "P", "1", "I;16"], "TIFF": ["L", "RGB", "I;16", "F", "CMYK", "I"]}
TEXTS = [
    "",
    "file_name,label\n",
    '{"labels": [["a", 1]]}',
    "[" * 5000,
    '{"labels": null}',
    "9" * 5000,
    "\0",
    "\ufeff,",
]
NAMES = [
    "a/1.png",
    "b/2.png",
    "train/a/3.png",
    "Test/b/4.PNG",
    "5.jfif",
    "\x1b[2J.png",
    "",
    "/",
    "x/",
    "dataset.json",
]
HEADERS = [
    "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 8, 8), }",
    "{'descr': '<f8', 'fortran_order': True, 'shape': (-1, 8), }",
    "{'descr': '|O', 'fortran_order': False, 'shape': (3,), }",
    "{'descr': '<U9', 'fortran_order': False, 'shape': (99999999999999999999, 8), }",
    "{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (3,), }",
    "{[]: 1}",
    "(" * 300,
    "'''",
]


def cases(seed: int) -> Iterator[tuple[str, Callable[[], None]]]:
    """Names and callables, the same for the same seed."""
    chance = random.Random(seed)
    while True:
        kind = chance.choice(
            [pictures, pictures, label_files, zips, arrays, arrays, headers, columns, odd_files]
        )
        name = f"{kind.__name__}, {chance.getrandbits(48):x}"
        yield name, lambda kind=kind, name=name: _read(kind, random.Random(name))


def _read(kind: Callable[[Path, Chance], Path], chance: Chance) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = kind(Path(folder), chance)
        os.environ["RIVALRY_CACHE"] = f"{folder}/cache"
        with suppress(BadRequest):
            if chance.random() < 0.5:
                told = render(check(str(path)))
                assert all(line.isprintable() for line in told.split("\n"))
                told.encode("utf-8")
            else:
                open_data(str(path), chance.choice(["train", "train", "test"]), pairs=chance.random() < 0.2)


# ---------------------------------------------------------------------- kinds of data


def pictures(folder: Path, chance: Chance) -> Path:
    """A folder of three pictures, one of them mutated."""
    kind = chance.choice(FORMATS)
    (folder / "d").mkdir()
    for i in range(3):
        held = picture(kind, chance.choice(MODES.get(kind, ["RGB"])))
        name = f"{i}.{chance.choice(['png', 'jpg', 'tiff', 'avif'])}"
        (folder / "d" / name).write_bytes(spoiled(held, chance) if i == 0 else held)
    return folder / "d"


def label_files(folder: Path, chance: Chance) -> Path:
    where = folder / "d"
    where.mkdir()
    for name in "ab":
        (where / f"{name}.png").write_bytes(picture("PNG", "L"))
    rows = "file_name,label\na.png,1\nb.png,0\n"
    lines = '{"file_name": "a.png", "label": 1}\n{"file_name": "b.png", "label": [0]}\n'
    told = json.dumps({"labels": [["a.png", 1], ["b.png", 0]]})
    text = chance.choice([rows, rows, lines, told, chance.choice(TEXTS)]).encode()
    name = chance.choice(["labels.csv", "metadata.csv", "metadata.jsonl", "dataset.json"])
    (where / name).write_bytes(spoiled(text, chance))
    return where


def zips(folder: Path, chance: Chance) -> Path:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", chance.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as archive:
        for name in chance.sample(NAMES, 4):
            archive.writestr(zipfile.ZipInfo(name), picture("PNG", "RGB"))
    (folder / "d.zip").write_bytes(spoiled(held.getvalue(), chance))
    return folder / "d.zip"


def arrays(folder: Path, chance: Chance) -> Path:
    shape = chance.choice([(3, 8, 8), (3, 8, 8, 3), (3, 2), (3,), (), (0, 8, 8), (3, 1, 8, 8), (3, 9, 9, 9)])
    dtype = chance.choice(["u1", "u2", "i8", "f2", "f4", "f8", "c8", "U3", "S2", "M8[s]", "?", "V4"])
    some = np.random.default_rng(chance.getrandbits(32)).integers(0, chance.choice([2, 256, 70_000]), shape)
    x = (
        (some.astype("u8").astype("V4") if dtype == "V4" else some.astype("i8").astype(dtype))
        if dtype
        else some
    )
    key = chance.choice(["x", "images", "arr_0", "train_x", "other", "\x1b[2J"])
    labels = {
        chance.choice(["y", "arr_1", "label"]): np.array(
            chance.choice([[1, 2, 0], [[1], [2], [3]], 3, ["a", "b", "é"]])
        )
    }
    held = io.BytesIO()
    np.savez(held, **{key: x, **labels})
    (folder / "d.npz").write_bytes(
        spoiled(held.getvalue(), chance) if chance.random() < 0.6 else held.getvalue()
    )
    return folder / "d.npz"


def headers(folder: Path, chance: Chance) -> Path:
    """Arrays whose header is made by hand."""
    told = chance.choice(HEADERS).encode()
    with zipfile.ZipFile(folder / "d.npz", "w") as archive:
        version = chance.choice([b"\1\0", b"\1\0", b"\2\0", b"\3\0", b"\7\1"])
        size = struct.pack("<H" if version[0] == 1 else "<I", len(told) + 1)
        archive.writestr(
            "x.npy", b"\x93NUMPY" + version + size + told + b"\n" + bytes(chance.choice([0, 24, 192]))
        )
    return folder / "d.npz"


def columns(folder: Path, chance: Chance) -> Path:
    """A Parquet file; without pyarrow, one that is refused."""
    (folder / "d.parquet").write_bytes(spoiled(table(chance.choice([0, 1, 2])), chance))
    return folder / "d.parquet"


def odd_files(folder: Path, chance: Chance) -> Path:
    """Pipes, links in circles, and files of other kinds under names of data."""
    where = folder / "d"
    where.mkdir()
    (where / "1.png").write_bytes(picture("PNG", "L"))
    if hasattr(os, "mkfifo"):
        os.mkfifo(where / chance.choice(["x.png", "labels.csv", "x.npz"]))
    (where / chance.choice(["self.png", "up"])).symlink_to(
        chance.choice(["self.png", "..", "up", "/dev/zero"])
    )
    (where / "d.npz").write_bytes(chance.randbytes(50))
    return chance.choice([where, where, where / "x.npz", where / "d.npz", where / "self.png"])


# ---------------------------------------------------------------------- what they are made of


@cache
def picture(kind: str, mode: str) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (12, 10, 3), dtype=np.uint8)
    if mode == "I;16":
        image = Image.fromarray(pixels[..., 0].astype(np.uint16) * 257)
    else:
        image = Image.fromarray(pixels).convert("L" if mode in "IF" else mode)
        image = image.convert(mode)
    held = io.BytesIO()
    image.save(held, kind)
    return held.getvalue()


@cache
def table(which: int) -> bytes:
    try:
        import pyarrow
        import pyarrow.parquet as parquet
    except ImportError:
        return b"PAR1PAR1"
    labels = [[0, -1, 1], ["a", None, "\x1b"], [1.5, 2.0, 3.0]][which]
    columns = {"image": [{"bytes": picture("PNG", "L"), "path": None}] * 2 + [None], "label": labels}
    named = {"huggingface": json.dumps({"info": {"features": {"label": {"names": ["x", "y"]}}}})}
    held = io.BytesIO()
    parquet.write_table(pyarrow.table(columns).replace_schema_metadata(named), held)
    return held.getvalue()


def spoiled(held: bytes, chance: Chance) -> bytes:
    """The same bytes with a few changed, cut short, doubled, or with a large number in place of one."""
    made = bytearray(held)
    for _ in range(chance.choice([1, 1, 2, 8])):
        at = (
            chance.randrange(len(made) + 1)
            if len(made) < 64 or chance.random() < 0.5
            else chance.randrange(64)
        )
        how = chance.randrange(5)
        if how == 0:
            made[at : at + 1] = bytes([chance.randrange(256)])
        elif how == 1:
            del made[at : at + chance.randrange(1, 9)]
        elif how == 2:
            made[at:at] = made[at : at + chance.randrange(1, 30)]
        elif how == 3:
            made[at : at + 4] = chance.choice(
                [b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0", b"\0\x80\0\0"]
            )
        else:
            del made[max(at, 1) :]
    return bytes(made)
