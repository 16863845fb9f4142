"""Make docs/gallery.md: what games show after minutes of a processor, each with its command, its time and a score.

    python tools/make_gallery.py --time 3m dcgan stylegan2    these, on the data that `ON` names for them
    python tools/make_gallery.py --time 3m dcgan:tiles        on other data
    python tools/make_gallery.py --missing --time 3m          all that nobody has run yet
    python tools/make_gallery.py              only writes the page anew, from the runs that were made before

Each game is trained with the recipe `laptop`.  Its last sheet becomes docs/gallery/GAME.png, and docs/gallery/GAME.json
says how it was made, with the first lines of what it wrote where it writes text.  The page shows those, and names the
games that nobody has run yet.
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
ON = {  # the data that a game is shown on, where the kind of its data does not decide it
    "infogan": "mnist", "projection-gan": "mnist", "cgan": "mnist", "acgan": "mnist", "wgan-gp": "mnist",
    "sngan-projection": "mnist", "biggan": "mnist", "biggan-deep": "mnist", "progan": "mnist-32",
    "cogan": "mnist-edges", "cyclegan": "mnist-edges", "discogan": "mnist-edges", "dualgan": "mnist-edges",
    "pix2pix": "emoji", "stargan": "shapes", "sagan": "marks", "esrgan": "tiles", "inpaint": "tiles", "vqgan": "tiles",
    "text-to-image": "captioned-shapes", "sound-to-image": "spoken-to-drawn", "ebm": "ring",
    "vae": "mnist", "vae-gan": "avatars", "aae": "mnist", "glo": "mnist", "autoencoder": "mnist",
    "ddpm": "mnist", "ddgan": "mnist", "flow-matching": "mnist", "cross-aligned": "cipher", "hifigan": "spoken-digits",
    "rgan": "sines",
}  # fmt: skip
OF_KIND = {
    "image": "avatars", "tokens": "coco-captions", "graph": "blocks", "wave": "notes", "clip": "moving-shapes",
    "table": "breast-cancer", "tiles": "mario-levels", "points": "ring",
}  # fmt: skip
DEMONSTRATED = {
    "bc",
    "gail",
    "airl",
}  # play in CartPole, from demonstrations; other agents in a maze, without any
DEMONSTRATE = "demonstrate CartPole-fixed --policy scripted -n 10 -o demos.npz"
MAZE = "MiniGrid-Empty-16x16-v0"
LINES = 8  # of what a game wrote
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
    parser.add_argument("games", nargs="*", metavar="GAME[:DATA]")
    parser.add_argument("--missing", action="store_true", help="all games that are not there yet")
    parser.add_argument("--time", default="10m")
    options = parser.parse_args()
    GALLERY.mkdir(exist_ok=True)
    for asked in [*options.games, *(missing() if options.missing else [])]:
        game, _, data = asked.partition(":")
        about = made(find(game).name, data, options.time)
        (GALLERY / f"{game}.json").write_text(json.dumps(about, indent=1) + "\n")
        print(about, flush=True)
        (DOCS / "gallery.md").write_text(page())
    (DOCS / "gallery.md").write_text(page())


def made(game: str, data: str, time: str) -> dict[str, Any]:
    """Train the game, keep its last sheet, and tell how it was made."""
    words = ["train", game, *played_on(game, data), "--recipe", "laptop"]
    words += (
        [] if "rounds" in recipes(find(game))["laptop"] else ["--time", time]
    )  # where it has no length of its own
    before = [DEMONSTRATE.split()] if game in DEMONSTRATED else []
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        for command in [*before, [*words, "--run", "run", "--quiet"]]:
            called = [sys.executable, "-m", "rivalry", *command]
            subprocess.run(called, check=True, stdout=subprocess.DEVNULL, cwd=folder)
        lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
        done = next(line for line in reversed(lines) if line.get("event") == "done")
        sheet = run / "samples" / f"{done['round']:06d}.png"
        shutil.copy(sheet, GALLERY / f"{game}.png")
        wrote = sheet.with_suffix(".txt")
        said = find(game).kinds[0] == "tokens"
        text = wrote.read_text(encoding="utf-8").splitlines()[:LINES] if said else []
    return {
        "command": "\n".join("rivalry " + " ".join(command) for command in [*before, words]),
        "rounds": done["round"],
        "seconds": done["seconds"],
        "in_play": done["in_play"],
        "score": last_score(lines),
        "text": text,
        "commit": commit(),
        "hardware": f"{platform.machine()}, {os.environ.get('OMP_NUM_THREADS') or os.cpu_count()} thread(s)",
        "torch": torch.__version__,
    }


def played_on(game: str, data: str) -> list[str]:
    """The words of a command that say what the game is played on."""
    kind = find(game).kinds[0]
    if kind == "episode" and not data:
        return ["--data", "demos.npz"] if game in DEMONSTRATED else ["--env", MAZE]
    return ["--data", data or ON.get(game) or OF_KIND[kind]]


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
    there = [(entry, GALLERY / f"{entry.name}.json") for entry in CATALOG]
    parts = [HEAD, *(section(e.name, e.idea, json.loads(f.read_text())) for e, f in there if f.is_file())]
    if missing():
        parts.append(f"## Not run yet\n\n{', '.join(f'`{name}`' for name in missing())}\n")
    return "\n".join(parts)


def missing() -> list[str]:
    """The games with a recipe `laptop` that are not in the gallery."""
    return [
        entry.name
        for entry in CATALOG
        if "laptop" in recipes(entry) and not (GALLERY / f"{entry.name}.json").is_file()
    ]


def section(game: str, idea: str, about: dict[str, Any]) -> str:
    overhead = 1 - about["in_play"] / about["seconds"]
    facts = [
        f"{about['rounds']:,} rounds in {about['seconds']:.0f} s, {overhead:.0%} of it for sheets and scores",
        about["score"] or "no score",
        f"{about['hardware']}, torch {about['torch']}, commit {about['commit']}",
    ]
    told = "\n".join(f"- {fact}" for fact in facts)
    text = "".join(f"> {line}\n>\n" for line in about.get("text", []))
    shown = f"![samples of {game}](gallery/{game}.png)\n\n{text}"
    return f"## {game}: {idea}\n\n```\n{about['command']}\n```\n\n{shown}{told}\n"


if __name__ == "__main__":
    main()
