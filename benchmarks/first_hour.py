"""A stranger with a folder of pictures: the command that `data check` gives, on five folders.

    python benchmarks/first_hour.py [--time 10m] [--folders grey-digits faces ...]

The folders are written from data of the package: grey digits of 28 pixels with labels; faces of 64 pixels without; the
same in many sizes up to 1,000 pixels; 60 of them; and digits beside edges of others, two domains.  For each,
`rivalry data check` is run, and the one command that it prints, with the time that is asked for here.  Written down
are the command, the share of the time that sheets and scores took, and the time until the end.

Writes benchmarks/results/first-hour.json and .md, and a sheet of each folder to docs/first-hour/.
"""

import argparse
import json
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from certificate import certificate
from PIL import Image
from record import RESULTS, record, recorded_with

from rivalry.data import open_data
from rivalry.kinds.image import to_image
from rivalry.play.goal import seconds

RIVALRY = [sys.executable, "-m", "rivalry"]
SHEETS = RESULTS.parents[1] / "docs" / "first-hour"
COLUMNS = ("advised", "rounds", "seconds", "measuring")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--time", default="10m")
    parser.add_argument("--folders", nargs="*", default=list(FOLDERS), choices=list(FOLDERS))
    options = parser.parse_args()
    SHEETS.mkdir(exist_ok=True)
    provenance = certificate()
    for name in options.folders:
        with tempfile.TemporaryDirectory() as place:
            FOLDERS[name](Path(place) / name)
            row = {"folder": name, "seed": 0, **played(Path(place), name, options.time), **provenance}
        print(row, flush=True)
        rows = recorded_with(row, "first-hour", "folder")
        record("first-hour", rows, "folder", COLUMNS, ["measuring: the share of the time in all"])


def played(place: Path, name: str, time: str) -> dict[str, Any]:
    """What came of the command that `data check` gives."""
    told = subprocess.run(
        [*RIVALRY, "data", "check", name], cwd=place, check=True, capture_output=True, text=True
    )
    (command,) = [
        line.strip() for line in told.stdout.splitlines() if line.strip().startswith("rivalry train")
    ]
    words = shlex.split(command)[1:]
    words[words.index("--time") + 1] = time
    subprocess.run([*RIVALRY, *words, "--run", "run", "-q"], cwd=place, check=True, stdout=subprocess.DEVNULL)
    lines = [json.loads(line) for line in (place / "run" / "log.jsonl").read_text().splitlines()]
    done = next(line for line in reversed(lines) if line.get("event") == "done")
    shutil.copy(place / "run" / "samples" / f"{done['round']:06d}.png", SHEETS / f"{name}.png")
    return {
        "advised": shlex.join(["rivalry", *words]),
        "rounds": done["round"],
        "seconds": done["seconds"],
        "measuring": 1 - done["in_play"] / seconds(time),
    }


def digits(folder: Path, n: int = 5000) -> None:
    data = open_data("mnist")
    assert data.label is not None
    for i in range(n):
        write(data.rows(slice(i, i + 1))[0], folder / data.spec.classes[int(data.label[i])] / f"{i}.png")


def faces(folder: Path, n: int = 5000, size: Callable[[int], int] = lambda i: 64) -> None:
    data = open_data("avatars")
    for i in range(n):
        write(data.rows(slice(i, i + 1))[0], folder / f"{i}.png", size(i))


def many_sizes(folder: Path) -> None:
    chosen = torch.randint(100, 1001, (1500,), generator=torch.Generator().manual_seed(0)).tolist()
    faces(folder, len(chosen), chosen.__getitem__)


def two_domains(folder: Path, n: int = 4000) -> None:
    data = open_data("mnist-edges")
    assert data.label is not None
    for i in range(n):
        write(data.rows(slice(i, i + 1))[0], folder / f"train{'AB'[int(data.label[i])]}" / f"{i}.png")


def write(x: torch.Tensor, path: Path, size: int | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = to_image(x)
    (image.resize((size, size), Image.Resampling.BICUBIC) if size else image).save(path)


FOLDERS: dict[str, Callable[[Path], None]] = {
    "grey-digits": digits,
    "faces": faces,
    "many-sizes": many_sizes,
    "sixty": lambda folder: faces(folder, 60),
    "two-domains": two_domains,
}

if __name__ == "__main__":
    main()
