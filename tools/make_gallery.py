"""Make docs/gallery.md: what games show after minutes of a processor, each with its command, its time and a score.

    python tools/make_gallery.py --time 3m dcgan:avatars projection-gan:mnist cyclegan:mnist-edges
    python tools/make_gallery.py              only writes the page anew, from the runs that were made before

Each GAME:DATA is trained with the recipe `laptop`.  Its last sheet becomes docs/gallery/GAME.png, and docs/gallery/
GAME.json says how it was made.  The page shows those, and names the games that nobody has run yet.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

from rivalry.catalog import CATALOG, find, recipes
from rivalry.runs.origin import commit

DOCS = Path(__file__).parents[1] / "docs"
GALLERY = DOCS / "gallery"
HEAD = """# Gallery

What a game shows on a laptop: its last sheet after the time that is named, made by `tools/make_gallery.py` with the
recipe `laptop` on a processor without a GPU.  Nothing was picked: the sheet is the first 64 samples of one run with
seed 0.  The score is the last that the run made of itself, on 1,000 samples; scores of different data or features
cannot be compared.
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("games", nargs="*", metavar="GAME:DATA")
    parser.add_argument("--time", default="10m")
    options = parser.parse_args()
    GALLERY.mkdir(exist_ok=True)
    for asked in options.games:
        game, _, data = asked.partition(":")
        about = made(find(game).name, data, options.time)
        (GALLERY / f"{game}.json").write_text(json.dumps(about, indent=1) + "\n")
        print(about, flush=True)
        (DOCS / "gallery.md").write_text(page())
    (DOCS / "gallery.md").write_text(page())


def made(game: str, data: str, time: str) -> dict[str, Any]:
    """Train the game, keep its last sheet, and tell how it was made."""
    words = ["train", game, "--data", data, "--recipe", "laptop", "--time", time]
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        command = [sys.executable, "-m", "rivalry", *words, "--run", str(run), "--quiet"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
        done = next(line for line in reversed(lines) if line.get("event") == "done")
        shutil.copy(run / "samples" / f"{done['round']:06d}.png", GALLERY / f"{game}.png")
    return {
        "command": "rivalry " + " ".join(words),
        "rounds": done["round"],
        "seconds": done["seconds"],
        "in_play": done["in_play"],
        "score": last_score(lines),
        "commit": commit(),
        "hardware": f"{platform.machine()}, {os.environ.get('OMP_NUM_THREADS') or os.cpu_count()} thread(s)",
        "torch": torch.__version__,
    }


def last_score(lines: list[dict[str, Any]]) -> str:
    """The last Fréchet distance of the log in words; empty if there is none."""
    scores = [score for line in lines for score in line.get("metrics", [])]
    found = [score for score in scores if score["name"].startswith("fid")]
    if not found:
        return ""
    spread = found[-1].get("spread")
    return f"{found[-1]['name']} {found[-1]['value']:.3g}" + (f" ± {spread:.2g}" if spread else "")


def page() -> str:
    """The page, from what lies in docs/gallery."""
    parts, missing = [HEAD], []
    for entry in CATALOG:
        about = GALLERY / f"{entry.name}.json"
        if about.is_file():
            parts.append(section(entry.name, entry.idea, json.loads(about.read_text())))
        elif "laptop" in recipes(entry):
            missing.append(f"`{entry.name}`")
    if missing:
        parts.append(f"## Not run yet\n\n{', '.join(missing)}\n")
    return "\n".join(parts)


def section(game: str, idea: str, about: dict[str, Any]) -> str:
    overhead = 1 - about["in_play"] / about["seconds"]
    facts = [
        f"{about['rounds']:,} rounds in {about['seconds']:.0f} s, {overhead:.0%} of it for sheets and scores",
        about["score"] or "no score",
        f"{about['hardware']}, torch {about['torch']}, commit {about['commit']}",
    ]
    told = "\n".join(f"- {fact}" for fact in facts)
    return f"## {game}: {idea}\n\n```\n{about['command']}\n```\n\n![samples of {game}](gallery/{game}.png)\n\n{told}\n"


if __name__ == "__main__":
    main()
