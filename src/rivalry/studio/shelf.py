"""The folder of runs that the studio shows: names in it, and no way out of it."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from rivalry.errors import BadRequest
from rivalry.files import Folder
from rivalry.human.store import FILE
from rivalry.paths import without_places
from rivalry.runs.opening import open_run
from rivalry.runs.run import Run
from rivalry.runs.trees import finite

NAME = re.compile(r"[A-Za-z0-9][\w.,+-]{0,119}", re.ASCII)
MOST = 500  # runs that are listed, points of a curve
DRAWN = "drawn-"
SCALARS = (int, float, str, bool, type(None))


class Shelf:
    """One folder of runs and studies.

    Args:
        folder: it is made when the first run is.
    """

    def __init__(self, folder: Path):
        self.folder = folder.resolve()

    def place(self, name: str) -> Path:
        """The folder of this name, which may not exist yet.

        Raises:
            BadRequest: no plain name, or a link.
        """
        if not NAME.fullmatch(name):
            raise BadRequest("a name holds letters, digits and . , + - _ and begins with a letter or digit")
        path = self.folder / name
        if path.is_symlink():
            raise BadRequest(f"{name} is a link, and the studio follows none")
        return path

    def run(self, name: str) -> Run:
        """The run of this name.

        Raises:
            BadRequest: there is none, or it is not what `train` wrote.
        """
        path = self.place(name)
        if not (path / "run.json").is_file():
            raise BadRequest(f"there is no run {name!r} here")
        return open_run(path)

    def free(self, stem: str, taken: str = "") -> str:
        """A name that nothing has, nor will have: stem-0, stem-1, ..."""
        safe = re.sub(r"[^\w.,+-]", "_", stem, flags=re.ASCII)[:100] or "run"
        names = (f"{safe}-{k}" for k in range(10**6))
        return next(name for name in names if name != taken and not (self.folder / name).exists())

    def keep(self, points: Tensor) -> str:
        """Keep points (n, 2) that somebody drew as data, and return their name."""
        self.folder.mkdir(parents=True, exist_ok=True)
        kept = self.drawn()
        name = next(name for k in range(10**6) if (name := f"{DRAWN}{k}") not in kept)
        with Folder(self.folder).writing(f"{name}.npz") as file:
            np.savez(file, x=points.numpy())
        return name

    def drawn(self) -> dict[str, Path]:
        """The data that somebody drew here: name -> file."""
        found = sorted(self.folder.glob(f"{DRAWN}*.npz"))
        return {path.stem: path for path in found if NAME.fullmatch(path.name) and not path.is_symlink()}

    def runs(self) -> list[dict[str, Any]]:
        """Every run that can be opened, newest first: its name, game, data and how far it is."""
        found = []
        for path in self._with("run.json"):
            try:
                run = self.run(path.name)
            except BadRequest:
                continue
            about = {key: run.config.get(key) for key in ("game", "data", "started")}
            rounds = [checkpoint.round for checkpoint in run.checkpoints()]
            found.append(
                {"name": path.name, **about, "round": max(rounds, default=0), "goal": run.config["goal"]}
            )
        return [{**one, "data": without_places(one["data"])} for one in found]

    def studies(self) -> list[str]:
        """The names of the human studies."""
        return [path.name for path in self._with(FILE)]

    def _with(self, file: str) -> Iterable[Path]:
        try:
            inside = [
                path for path in self.folder.iterdir() if NAME.fullmatch(path.name) and not path.is_symlink()
            ]
        except OSError:
            return []
        found = [path for path in inside if (path / file).is_file()]
        return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)[:MOST]

    def record(self, name: str) -> dict[str, Any]:
        """What a run's files tell: its settings, curves, scores, events and the rounds of its sheets."""
        run = self.run(name)
        lines = list(run.lines())
        told = (
            "game",
            "data",
            "recipe",
            "settings",
            "seed",
            "goal",
            "dynamics",
            "schedule",
            "precision",
            "spec",
        )
        about = {key: run.config.get(key) for key in told}
        return {
            "name": name,
            "about": {**about, "data": without_places(about["data"])},
            "curves": curves(lines),
            "scores": scores(lines),
            "events": [
                {
                    "round": line.get("round", 0),
                    "event": str(line["event"]),
                    "message": str(line.get("message", "")),
                }
                for line in lines
                if "event" in line
            ][-50:],
            "sheets": sorted(int(p.stem) for p in (run.path / "samples").glob("*.png") if p.stem.isdecimal()),
        }

    def sheet(self, name: str, at: str) -> bytes:
        """The PNG of a sheet.

        Raises:
            BadRequest: no such sheet.
        """
        path = self.run(name).path / "samples" / f"{at}.png"
        if not re.fullmatch(r"[0-9]{1,12}|classes", at) or path.is_symlink() or not path.is_file():
            raise BadRequest(f"{name} has no such sheet")
        return path.read_bytes()

    def without(self, message: object) -> str:
        """A message without any path of this machine."""
        return without_places(
            str(message).replace(f"{self.folder}/", "").replace(str(self.folder), "the runs")
        )


def curves(lines: list[dict[str, Any]]) -> dict[str, list[tuple[int, float]]]:
    """Each note over the rounds, thinned to a few hundred points."""
    found: dict[str, list[tuple[int, float]]] = {}
    for line in lines:
        notes = line.get("notes")
        for name, value in notes.items() if isinstance(notes, dict) else ():
            if isinstance(value, int | float):
                found.setdefault(name, []).append((line.get("round", 0), value))
    return {name: points[:: -(-len(points) // MOST)] for name, points in found.items()}


def scores(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The scores of each time that the run was measured."""
    found = []
    for line in lines:
        metrics = line.get("metrics")
        for score in metrics if isinstance(metrics, list) else ():
            if isinstance(score, dict):
                kept = {
                    key: score.get(key) for key in ("name", "value", "n", "spread", "spread_is", "better")
                }
                found.append({"round": line.get("round", 0), **kept})
    return [
        {key: value if isinstance(value, SCALARS) else None for key, value in one.items()} for one in found
    ]


def as_json(value: object) -> str:
    """JSON in which numbers that are not finite are null."""
    try:
        return json.dumps(value, default=str, allow_nan=False)
    except ValueError:  # some are not
        return json.dumps(finite(value), default=str, allow_nan=False)
