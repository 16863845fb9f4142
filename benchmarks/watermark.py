"""Whether the mark in the pixels is read where it is, and not where it is not.

    python benchmarks/watermark.py [--clean 500] [--marked 100] [--seed 0]

Pictures are sheets of 8 x 8 sprites (`tiles`) with white between them, and of 8 x 8 digits (`mnist`).  Of the marked:
the mean number of 32 bits that are read wrongly after JPEG at several qualities, how many pictures have any wrong at
80, and how much the mark changes (PSNR in dB; higher is less).  Of the clean: how many are taken for marked, and the
most bits that agree by chance.  Writes benchmarks/results/watermark.json and .md.
"""

import argparse
import io
import platform
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from certificate import of_process
from PIL import Image
from record import Row, record, recorded_with

from rivalry.data.readers.idx import read_idx
from rivalry.provenance.watermark import TAG, mark, read

QUALITIES = (95, 90, 80, 70, 50)
SIDE, MARGIN = 8, 2  # sprites to a side of a sheet, and pixels between them
COLUMNS = (
    *(f"wrong bits at {quality}" for quality in QUALITIES),
    "pictures with a wrong bit at 80",
    "marked",
    "psnr",
    "least psnr",
    "clean",
    "taken for marked",
    "most bits that agree",
)
HERE = Path(__file__).resolve().parents[1] / "src" / "rivalry" / "data" / "sets" / "bundled"

Draw = Callable[[np.random.Generator], np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clean", type=int, default=500, help="pictures of each sort")
    parser.add_argument("--marked", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    provenance = of_process(f"cpu ({processor()}, 1 thread)")
    for name, draw in (("sheets of sprites", sprites()), ("sheets of digits", digits())):
        rng = np.random.default_rng(options.seed)
        row = {**marked(draw, rng, options.marked), **clean(draw, rng, options.clean)}
        whole = {"what": name, "seed": options.seed, **row, **provenance}
        print(whole, flush=True)
        record("watermark", recorded_with(whole, "watermark", "what"), "what", COLUMNS)


def marked(draw: Draw, rng: np.random.Generator, n: int) -> Row:
    wrong: dict[int, list[int]] = {quality: [] for quality in QUALITIES}
    psnr = []
    for _ in range(n):
        x = draw(rng)
        y = mark(x)
        psnr.append(10 * np.log10(255**2 / np.square(y.astype(float) - x).mean()))
        for quality in QUALITIES:
            wrong[quality].append((read(jpeg(y, quality)).bits ^ TAG).bit_count())
    return {
        **{f"wrong bits at {quality}": float(np.mean(counts)) for quality, counts in wrong.items()},
        "pictures with a wrong bit at 80": int(np.count_nonzero(wrong[80])),
        "marked": n,
        "psnr": float(np.mean(psnr)),
        "least psnr": float(np.min(psnr)),
    }


def clean(draw: Draw, rng: np.random.Generator, n: int) -> Row:
    seen = [read(draw(rng)) for _ in range(n)]
    return {
        "clean": n,
        "taken for marked": sum(one.found for one in seen),
        "most bits that agree": max(one.agree for one in seen),
    }


def sprites() -> Draw:
    """Sheets of sprites over black, with white between them: uint8 (274, 274, 3)."""
    every = []
    with zipfile.ZipFile(HERE / "tiles.zip") as archive:
        for name in archive.namelist():
            pixels = np.array(Image.open(io.BytesIO(archive.read(name))).convert("RGBA")).astype(int)
            every.append((pixels[..., :3] * pixels[..., 3:] // 255).astype(np.uint8))

    def draw(rng: np.random.Generator) -> np.ndarray:
        step = 32 + MARGIN
        page = np.full((SIDE * step + MARGIN, SIDE * step + MARGIN, 3), 255, np.uint8)
        for row, column, which in places(rng, len(every)):
            top, left = MARGIN + row * step, MARGIN + column * step
            page[top : top + 32, left : left + 32] = every[which]
        return page

    return draw


def digits() -> Draw:
    """Sheets of digits, side by side: uint8 (224, 224)."""
    every = read_idx(HERE / "t10k-images-idx3-ubyte.gz")

    def draw(rng: np.random.Generator) -> np.ndarray:
        page = np.zeros((SIDE * 28, SIDE * 28), np.uint8)
        for row, column, which in places(rng, len(every)):
            page[28 * row : 28 * row + 28, 28 * column : 28 * column + 28] = every[which]
        return page

    return draw


def places(rng: np.random.Generator, n: int) -> Iterator[tuple[int, int, int]]:
    """Row, column, and which of n is there."""
    for i, which in enumerate(rng.choice(n, SIDE * SIDE, replace=False)):
        yield i // SIDE, i % SIDE, int(which)


def jpeg(x: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(x).save(file, "jpeg", quality=quality)
    with Image.open(file) as image:
        return np.array(image)


def processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


if __name__ == "__main__":
    main()
