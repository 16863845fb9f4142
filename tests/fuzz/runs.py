"""Hostile runs: run.json, state.json, logs, tensors and links that `train` never wrote.

`cases(seed)` gives names and callables without end; each must end well or with BadRequest or RunFailed, which
people see as one line.  Each acts on a copy of one small run, beside a file and a folder that must stay as they are.
"""

import hashlib
import json
import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from rivalry.errors import BadRequest, RunFailed

VALUES: list[Any] = [
    None, True, -1, 0, 1, 2, 7, 10**5, 10**9, 10**30, -(10**30), 0.5, 1e308, float("inf"), float("nan"), "", "x",
    "\x1b[2J", "\0", "../../etc", "\ud800", "a" * 5000, [], [1], [[]], [None] * 5, {}, {"a": 1}, {"__tensor__": "x"},
    {"__tensor__": []}, {"__pairs__": 3}, {"__float__": "x"}, {"__pairs__": [[[], 1]]}, "best", "fp32", "gan", "9" * 30,
]  # fmt: skip


@cache
def run() -> Path:
    """A run of two rounds on points."""
    from rivalry.runs import training

    path = Path(tempfile.mkdtemp(prefix="rivalry-fuzz-")) / "run"
    small = {"width": 4, "latent": 2, "batch": 8}
    training.train("gan", "ring", run=path, rounds=2, quiet=True, measure=False, **small)
    return path


def cases(seed: int) -> Iterator[tuple[str, Callable[[], None]]]:
    """Names and callables, the same for the same seed."""
    chance = random.Random(seed)
    spoil = [about, about, state, state, log, tensors, link, link, odd]
    while True:
        how, use = chance.choice(spoil), chance.choice(USES)
        name = f"{how.__name__}, {use.__name__}, {chance.getrandbits(48):x}"
        yield name, lambda how=how, use=use, name=name: attack(how, use, random.Random(name))


def attack(
    how: Callable[[Path, random.Random], None], use: Callable[[Path], None], chance: random.Random
) -> None:
    """Spoil a copy of the run, use it, and see that nothing outside it has changed.

    Raises:
        AssertionError: something has; anything else that is no refusal is a fault as well.
    """
    with tempfile.TemporaryDirectory() as name:
        here = Path(name)
        copy, victim, folder = here / "run", here / "victim", here / "folder"
        shutil.copytree(run(), copy, symlinks=True)
        victim.write_text("mine")
        (folder / "000001").mkdir(parents=True)
        how(copy, chance)
        with suppress(BadRequest, RunFailed):
            use(copy)
        assert victim.read_text() == "mine", "a file outside the run was written"
        assert [p.name for p in folder.rglob("*")] == ["000001"], "a folder outside the run was changed"


# ---------------------------------------------------------------------- how it is spoiled


def about(run: Path, chance: random.Random) -> None:
    file = run / "run.json"
    file.write_bytes(_spoiled(file.read_bytes(), chance))


def state(run: Path, chance: random.Random) -> None:
    """Its hashes are made anew most times: whoever writes a run can write them."""
    file = _checkpoint(run) / "state.json"
    file.write_bytes(_spoiled(file.read_bytes(), chance, deep=True))
    if chance.random() < 0.9:
        _hash_anew(run)


def log(run: Path, chance: random.Random) -> None:
    lines = (run / "log.jsonl").read_bytes().splitlines()
    sound = list(lines)
    for _ in range(chance.randint(1, 5)):
        line = (
            _spoiled(chance.choice(sound), chance) if chance.random() < 0.6 else _text(chance.choice(VALUES))
        )
        lines.insert(chance.randrange(len(lines) + 1), line)
    (run / "log.jsonl").write_bytes(b"\n".join(lines))


def tensors(run: Path, chance: random.Random) -> None:
    file = _checkpoint(run) / chance.choice(["weights.safetensors", "state.safetensors"])
    raw = file.read_bytes()
    size = int.from_bytes(raw[:8], "little")
    if chance.random() < 0.3:
        file.write_bytes(_bytes(raw, chance))
    else:
        header = _spoiled(raw[8 : 8 + size], chance, deep=True)
        file.write_bytes(len(header).to_bytes(8, "little") + header + raw[8 + size :])
    _hash_anew(run)


def link(run: Path, chance: random.Random) -> None:
    """One or two of its entries become links that lead out, round, or nowhere."""
    for _ in range(chance.randint(1, 2)):
        entries = sorted(run.rglob("*"))
        names = [str(p.relative_to(run)) for p in entries]
        names += ["log.jsonl", ".run.json.partial", ".log.jsonl.partial", "samples/.a.partial", "tensorboard"]
        place = run / chance.choice(names)
        target = chance.choice(["victim", "folder", "run", "nowhere", "folder/000001"])
        with suppress(OSError):  # below what has become a link to a file
            if place.is_dir() and not place.is_symlink():
                shutil.rmtree(place)
            place.unlink(missing_ok=True)
            place.symlink_to(run.parent / target)


def odd(run: Path, chance: random.Random) -> None:
    """One of its entries becomes a pipe, a folder in the place of a file, a file in that of a folder, or nothing."""
    place = chance.choice(sorted(p for p in run.rglob("*") if not p.is_symlink()))
    folder = place.is_dir()
    shutil.rmtree(place) if folder else place.unlink()
    how = chance.randrange(3)
    if how == 0:
        os.mkfifo(place)
    elif how == 1:
        place.touch() if folder else place.mkdir()


def _checkpoint(run: Path) -> Path:
    return max(p for p in (run / "checkpoints").iterdir() if p.name.isdigit())


def _hash_anew(run: Path) -> None:
    folder = _checkpoint(run)
    try:
        told = json.loads((folder / "state.json").read_bytes())
        told["sha256"]["state"] = hashlib.sha256(json.dumps(told["state"]).encode()).hexdigest()
        for name in ("weights.safetensors", "state.safetensors"):
            told["sha256"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        (folder / "state.json").write_text(json.dumps(told))
    except (ValueError, TypeError, LookupError, RecursionError):  # spoiled beyond that
        return


def _spoiled(text: bytes, chance: random.Random, deep: bool = False) -> bytes:
    """JSON with a few values exchanged, dropped or added; now and then bytes that are none."""
    if chance.random() < 0.15:
        return _bytes(text, chance)
    if chance.random() < 0.05:
        return b'{"a":' * 5000
    tree = json.loads(text)
    for _ in range(chance.randint(1, 3)):
        _spoil(tree, chance, 0.85 if deep else 0.4)
    return _text(tree)


def _spoil(tree: Any, chance: random.Random, down: float) -> None:
    while isinstance(tree, dict | list) and tree:
        keys = list(tree) if isinstance(tree, dict) else list(range(len(tree)))
        key = chance.choice(keys)
        if isinstance(tree[key], dict | list) and tree[key] and chance.random() < down:
            tree = tree[key]
            continue
        what = chance.randrange(4)
        if what == 0:
            del tree[key]
        elif what == 1 and isinstance(tree, dict):
            tree[chance.choice(["x", "format", "settings", "-1", "\x1b[1m"])] = deepcopy(
                chance.choice(VALUES)
            )
        else:
            tree[key] = deepcopy(chance.choice(VALUES))
        return


def _text(tree: Any) -> bytes:
    return json.dumps(tree).encode()


def _bytes(raw: bytes, chance: random.Random) -> bytes:
    """Cut short, with some bytes changed, or empty."""
    raw = bytearray(raw[: chance.randrange(len(raw) + 1)] if chance.random() < 0.5 else raw)
    for _ in range(chance.randint(0, 8)):
        if raw:
            raw[chance.randrange(len(raw))] = chance.randrange(256)
    return bytes(raw)


# ---------------------------------------------------------------------- how it is used


def sampled(run: Path) -> None:
    from rivalry.runs.drawing import draw
    from rivalry.runs.opening import load, open_run

    opened = open_run(run)
    game = load(opened, which="newest")
    draw(game, 2)


def resumed(run: Path) -> None:
    from rivalry.runs import training

    training.resume(run, rounds=3, quiet=True)


def reported(run: Path) -> None:
    from rivalry.report import write_report
    from rivalry.runs.opening import open_run

    write_report(open_run(run).path)


USES = [sampled, sampled, resumed, reported]
