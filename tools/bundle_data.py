"""Make src/rivalry/data/sets/bundled from the sources that NOTICE names.

    python tools/bundle_data.py SOURCES

SOURCES holds mnist/*.gz (the four files of MNIST), crawl_tiles/crawl_tiles.zip (releases/Nov-2015 of the Dungeon Crawl
tiles) and mario_levels/smb_levels.zip (levels of the Video Game Level Corpus).  The digits come from scikit-learn.  The
same sources give the same files.
"""

import argparse
import gzip
import hashlib
import io
import shutil
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

BUNDLED = Path(__file__).resolve().parents[1] / "src" / "rivalry" / "data" / "sets" / "bundled"

# Whole folders that hold no things: the interface, marks laid over other tiles, and the loose parts of the
# players' paper dolls (hair, boots, hands ...).  What a player can wholly be stays.
LEFT_OUT = ("gui", "misc")
PLAYER_KEPT = ("player/base", "player/transform", "player/felids")
SMALLEST_CLASS = 20  # sprites; a smaller folder joins the rest of its first level
LEAST_COVER = 0.1  # a sprite that covers less is an overlay: a brand on a weapon, a corner of a tentacle


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sources", type=Path)
    sources = parser.parse_args().sources
    BUNDLED.mkdir(parents=True, exist_ok=True)
    for file in sorted((sources / "mnist").glob("*.gz")):
        shutil.copyfile(file, BUNDLED / file.name)
    bundle_tiles(sources / "crawl_tiles" / "crawl_tiles.zip", BUNDLED / "tiles.zip")
    bundle_digits(BUNDLED / "digits.npz")
    bundle_levels(sources / "mario_levels" / "smb_levels.zip", BUNDLED / "mario_levels.zip")
    for source, name in SENTENCES.items():
        bundle_sentences(sources / source, BUNDLED / f"{name}.txt.gz")
    for file in sorted(one for one in BUNDLED.iterdir() if one.suffix in (".gz", ".zip", ".npz")):
        print(f"{file.stat().st_size:>10,}  {file.name}")


def bundle_tiles(source: Path, target: Path) -> None:
    """32 x 32 sprites in one folder a class, byte for byte as the source has them."""
    left_out: Counter[str] = Counter()
    seen: set[str] = set()
    sprites: dict[str, bytes] = {}
    with zipfile.ZipFile(source) as archive:
        for name in sorted(archive.namelist()):
            if name.endswith(".png"):
                encoded = archive.read(name)
                why = unwanted(name, Image.open(io.BytesIO(encoded)), seen)
                left_out[why] += 1
                if not why:
                    sprites[name] = encoded  # as it is: most have a palette, and would double as RGBA
    folders = Counter(folder_of(name) for name in sprites)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, encoded in sprites.items():
            folder = folder_of(name)
            folder = folder if folders[folder] >= SMALLEST_CLASS else folder.split("/")[0]
            member = zipfile.ZipInfo(f"{folder.replace('/', '-')}/{name.replace('/', '-')}")  # dated 1980
            archive.writestr(member, encoded)
    classes = Counter(name.split("/")[0] for name in zipfile.ZipFile(target).namelist())
    print(f"{len(sprites)} sprites in {len(classes)} classes: {dict(sorted(classes.items()))}")
    print(f"left out: { ({why: n for why, n in left_out.items() if why}) }")


def unwanted(name: str, image: Image.Image, seen: set[str]) -> str:
    """Why a sprite is left out, or "" for one that stays; `seen` remembers the pixels of those."""
    top, second = name.split("/")[0], "/".join(name.split("/")[:2])
    if top in LEFT_OUT:
        return "interface and overlays"
    if top == "player" and second not in PLAYER_KEPT:
        return "loose parts of paper dolls"
    if image.size != (32, 32):
        return "not 32 x 32"
    pixels = np.asarray(image.convert("RGBA")).astype(np.uint16)
    if (pixels[..., 3] > 0).mean() < LEAST_COVER:
        return f"covers less than {LEAST_COVER:.0%}"
    digest = hashlib.sha256((pixels[..., :3] * pixels[..., 3:] // 255).tobytes()).hexdigest()
    if digest in seen:
        return "same over black as one before"
    seen.add(digest)
    return ""


def folder_of(name: str) -> str:
    """The first two levels of folders, but one folder for all that are players."""
    folder = "/".join(name.split("/")[:-1][:2])
    return "player" if folder in PLAYER_KEPT else folder


def bundle_levels(source: Path, target: Path) -> None:
    """The text files as they are, by name, without dates."""
    with (
        zipfile.ZipFile(source) as there,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
    ):
        for name in sorted(name for name in there.namelist() if name.endswith(".txt")):
            member = zipfile.ZipInfo(name.rpartition("/")[2])
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, there.read(name))


SENTENCES = {"coco/image_coco.txt": "coco-train", "coco/test_coco.txt": "coco-test", "poems/shi.txt": "poems"}


def bundle_sentences(source: Path, target: Path) -> None:
    """The file as it is, packed with gzip, without a date."""
    with target.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as file:
        file.write(source.read_bytes())


def bundle_digits(target: Path) -> None:
    """scikit-learn's digits, whose pixels count 0 to 16, as bytes 0 to 255."""
    digits = load_digits()
    x = np.rint(digits.images * (255 / 16)).astype(np.uint8)
    with zipfile.ZipFile(
        target, "w", zipfile.ZIP_DEFLATED, compresslevel=9
    ) as archive:  # savez, without today's date
        for key, values in {"x": x, "y": digits.target.astype(np.uint8)}.items():
            encoded = io.BytesIO()
            np.lib.format.write_array(encoded, values, allow_pickle=False)
            member = zipfile.ZipInfo(f"{key}.npy")
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, encoded.getvalue())


if __name__ == "__main__":
    main()
