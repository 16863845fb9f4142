"""Make the trained runs that come with the package: src/rivalry/runs/shipped/NAME, and NAME.json, how it was made.

    python tools/make_demo_runs.py [NAME ...]        # some minutes of one quiet core for each

Each is a whole run of at most 2 MB.  The data of each may be redistributed, so that its pictures may.  With --stage
FOLDER, runs are trained there, and one that was stopped goes on: it ends with the same weights.
"""

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

import rivalry

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))
from certificate import certificate

from rivalry.paths import without_places
from rivalry.runs.run import Run
from rivalry.runs.sharing import gathered

SHIPPED = Path(__file__).resolve().parents[1] / "src" / "rivalry" / "runs" / "shipped"
MOST = 2_000_000  # bytes of a run
SHEETS = 1
TRANSLATION = {"size": (32, 32), "width": 6, "depth": 1, "dropout": 0.0, "batch": 8, "lr": 1e-3}
DEMOS: dict[str, dict[str, Any]] = {
    "digits": {
        "what": "handwritten digits, one class each",
        "train": {"game": "projection-gan", "data": "mnist", "rounds": 1000, "width": 16, "latent": 32},
        "metrics": "judge,accuracy,fid",
        "license": "MNIST (LeCun, Cortes, Burges): CC BY-SA 3.0",
    },
    "avatars": {
        "what": "small faces that wear nothing, glasses, a patch or a mask",
        "train": {"game": "projection-gan", "data": "avatars", "rounds": 2000, "width": 14, "latent": 32},
        "metrics": "fid,prdc",
        "features": "pixels",
        "license": "drawn by this package: Apache-2.0",
    },
    "emoji": {
        "what": "outlines of emoji in, colored emoji out",
        "train": {"game": "pix2pix", "data": "emoji", "rounds": 6000, "adversarial": 0.3, **TRANSLATION},
        "metrics": "fid",
        "features": "pixels",
        "license": "OpenMoji 17 (the OpenMoji project): CC BY-SA 4.0, and so are the pictures made from it",
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(DEMOS))
    parser.add_argument("--rounds", type=int, help="for a trial")
    parser.add_argument("--stage", type=Path, help="where runs are trained, and gone on with")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-n", type=int, default=2000, help="samples that are scored")
    parser.add_argument("-o", "--output", type=Path, default=SHIPPED)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    for name in asked.names or DEMOS:
        print(json.dumps(make(name, asked), indent=1), flush=True)


def make(name: str, asked: argparse.Namespace) -> dict[str, Any]:
    """Train, score and put in place one run; what was written beside it."""
    demo = DEMOS[name]
    how = {**demo["train"], **({"rounds": asked.rounds} if asked.rounds else {})}
    with tempfile.TemporaryDirectory() as temporary:
        folder = (asked.stage or Path(temporary)) / name
        run = _trained(how, folder, asked.seed)
        scores = rivalry.evaluate(run, metrics=demo["metrics"], n=asked.n, features=demo.get("features"))
        place = asked.output / name
        shutil.rmtree(place, ignore_errors=True)
        made = gathered(run, place, "newest", SHEETS, report=False)
    written = {
        "what": demo["what"],
        "game": how["game"],
        "data": how["data"],
        "license of the data": demo["license"],
        "settings": run.config["settings"],
        "seed": asked.seed,
        "rounds": made.checkpoints()[0].round,
        **{key: without_places(value) for key, value in certificate().items()},
        "bytes": size_of(made),
        "scores": [{k: v for k, v in s.to_json().items() if k != "details"} for s in scores],
    }
    (asked.output / f"{name}.json").write_text(json.dumps(written, indent=1) + "\n")
    if written["bytes"] > MOST:
        raise SystemExit(f"{name} has {written['bytes']:,} bytes; at most {MOST:,} are shipped")
    return written


def _trained(how: dict[str, Any], folder: Path, seed: int) -> Run:
    options = {"measure": False, "quiet": True}
    if (folder / "run.json").exists():
        return rivalry.resume(folder, **options)
    return rivalry.train(**how, run=folder, seed=seed, keep=1, save_every=20, **options)


def size_of(run: Run) -> int:
    return sum(path.stat().st_size for path in run.path.rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
