"""The house: a room imports only from rooms below it, and what is light stays light."""

import ast
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import rivalry
from rivalry.catalog import CATALOG
from rivalry.catalog import ROOMS as GAME_ROOMS
from rivalry.kinds import KINDS

ROOT = Path(rivalry.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

# From the ground up.  A module is in the room of the longest name here that it begins with.
LAYERS = [
    "errors cache terminal moved paths waiting",
    "files",
    "settings kinds show.scatter",
    "labels maths nn games.entry data.source data.names game given",
    "data metrics show human worlds",
    "games",
    "catalog play report",
    "runs",
    "editing detection provenance lab",
    "cli studio __main__",
]
ROOMS = {room: height for height, layer in enumerate(LAYERS) for room in layer.split()}
ENGINE = (
    "play.engine", "play.dynamics", "play.ranks", "play.goal", "play.precision", "play.schedule",
    "runs.run", "runs.callbacks", "runs.progress",
    "runs.opening", "runs.drawing", "runs.scoring", "runs.training", "catalog",
)  # fmt: skip


def module_of(file: Path) -> str:
    """`nn.conv` for `.../rivalry/nn/conv.py`; the package itself is the empty name."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(file): file for file in FILES}
STATEMENTS = (ast.stmt, ast.excepthandler, ast.match_case)


@cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


@cache
def imports(file: Path) -> set[str]:
    """The modules of ours that a file imports, but for those that it imports only for types."""
    found: set[str] = set()
    for node in _without_type_checking(tree_of(file)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} imports relatively"
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {
                name if name.removeprefix("rivalry.") in MODULES else str(node.module) for name in whole
            }
    return {name.removeprefix("rivalry").lstrip(".") for name in found if name.split(".")[0] == "rivalry"}


def _without_type_checking(tree: ast.AST) -> list[ast.AST]:
    """The statements of a file: expressions hold no import, and are most of the nodes."""
    nodes, found = [tree], []
    while nodes:
        node = nodes.pop()
        found.append(node)
        if not (isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"):
            nodes += (n for n in ast.iter_child_nodes(node) if isinstance(n, STATEMENTS))
    return found


def height(module: str) -> int:
    names = module.split(".")
    for end in range(len(names), 0, -1):
        if (room := ".".join(names[:end])) in ROOMS:
            return ROOMS[room]
    raise AssertionError(f"{module} is in no room: give it one in LAYERS")


def test_a_room_imports_only_from_rooms_below() -> None:
    above = [
        f"{module} imports {name}"
        for module, file in MODULES.items()
        for name in imports(file)
        if module and name and height(name) > height(module)
    ]
    assert above == []


# What a room shares: the game of which most of its own are values.
SHARED = {
    "games.two_players",
    "games.sentences",
    "games.agents.ppo",
    "games.agents.sac",
    "games.table.asked",
    "games.likelihood.nice",
    "games.likelihood.made",
    "games.likelihood.autoencoder",
    "games.likelihood.flow_matching",
}


def test_games_import_neither_each_other_nor_the_engine() -> None:
    for module, file in MODULES.items():
        if module.startswith("games."):
            others = {name for name in imports(file) if name.startswith("games.")}
            assert others <= {*SHARED, "games.entry"}, module
            assert not imports(file) & set(ENGINE), module


def test_what_is_imported_is_read_rightly(tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text(
        "import torch\nfrom rivalry import catalog\nfrom rivalry.nn.conv import ConvCritic\n"
        "if TYPE_CHECKING:\n    from rivalry.play.engine import Engine\ndef f():\n    import rivalry.runs.training\n"
    )
    assert imports(file) == {"catalog", "nn.conv", "runs.training"}
    assert height("nn.conv") < height("games.image.gan") < height("play.engine") < height("cli.train")
    assert height("data.source") <= height("nn") < height("data.sets.toys")


@pytest.mark.parametrize("module", ENGINE[:9])
def test_the_engine_names_no_game(module: str) -> None:
    names = {entry.name for entry in CATALOG}
    said = {
        node.value
        for node in ast.walk(tree_of(MODULES[module]))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert not names & said
    assert not {name for name in imports(MODULES[module]) if name.startswith("games")}


def test_catalog_and_folder_agree() -> None:
    entered = {entry.target.split(":")[0].removeprefix("rivalry.") for entry in CATALOG}
    there = {
        module
        for module, file in MODULES.items()
        if module.startswith("games.")
        and file.stem
        not in ("__init__", "entries", "entry", "two_players", "sentences", "ppo", "sac", "asked", "laptop")
    }
    assert entered == there
    assert len({entry.name for entry in CATALOG}) == len(CATALOG)
    assert {entry.room for entry in CATALOG} == set(GAME_ROOMS)


def compared_kinds(tree: ast.AST) -> list[str]:
    """The comparisons in a file with a string that names a kind."""
    found = []
    for node in ast.walk(tree):
        sides = [node.left, *node.comparators] if isinstance(node, ast.Compare) else []
        if isinstance(node, ast.MatchValue):
            sides = [node.value]
        strings = {c.value for side in sides for c in ast.walk(side) if isinstance(c, ast.Constant)}
        if strings & set(KINDS) and "kind" in ast.unparse(node):
            found.append(ast.unparse(node))
    return found


def test_nothing_outside_of_kinds_compares_a_kind() -> None:
    outside = {m: compared_kinds(tree_of(file)) for m, file in MODULES.items() if not m.startswith("kinds")}
    assert {module: found for module, found in outside.items() if found} == {}


def test_a_comparison_of_kinds_is_seen() -> None:
    tree = ast.parse("if spec.kind == 'image' or kind in ('points', 'wave'): pass")
    assert compared_kinds(tree) == [
        "spec.kind == 'image'",
        "kind in ('points', 'wave')",
    ]


def test_files_are_named_for_their_subject() -> None:
    assert not {file.stem for file in FILES} & {"utils", "util", "helpers", "common", "base", "misc"}


def test_a_file_can_be_read_in_one_sitting() -> None:
    lines = {module: len(file.read_text().splitlines()) for module, file in MODULES.items()}
    assert {module: n for module, n in lines.items() if n >= 450} == {}


# ---------------------------------------------------------------------- what is light

HEAVY = ("torch", "numpy", "scipy", "PIL")


def loaded(code: str) -> set[str]:
    """Which heavy packages are loaded once this code has run in a fresh interpreter."""
    told = f"{code}\nimport sys\nprint('\\n' + ' '.join(name for name in {HEAVY} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def as_typed(*words: str) -> str:
    """Code that runs a command line and goes on after it."""
    return (
        f"import sys; sys.argv = {['rivalry', *words]}\nfrom rivalry.cli import main\n"
        "try: main()\nexcept SystemExit as end: assert not end.code, end.code"
    )


LIGHT = {
    "import rivalry": "import rivalry",
    "the commands": "import rivalry.cli.app",
    "--help": as_typed("--help"),
    "--version": as_typed("--version"),
    "train --help": as_typed("train", "--help"),
    "list": as_typed("list"),
    "list --json": as_typed("list", "--json"),
    "list data": as_typed("list", "data"),
    "list metrics": as_typed("list", "metrics"),
    "list runs": as_typed("list", "runs"),
}


@pytest.mark.parametrize("what", LIGHT)
def test_light_work_loads_nothing_heavy(what: str) -> None:
    assert loaded(LIGHT[what]) == set()


def test_heavy_work_is_seen_to_be_heavy() -> None:
    assert "numpy" in loaded("import numpy")


@pytest.mark.parametrize("words", [["--help"], ["list"]], ids=" ".join)
def test_light_work_is_immediate(words: list[str]) -> None:
    """In 0.3 s, or on a slow or busy machine in twice the time that click alone takes to import."""
    command, click = [sys.executable, "-m", "rivalry", *words], [sys.executable, "-c", "import click"]
    pairs = [(_cpu_seconds(command), _cpu_seconds(click)) for _ in range(4)]
    assert any(ours < 0.3 or ours < 2 * theirs for ours, theirs in pairs)


def test_heavy_work_is_not() -> None:
    torch, click = ([sys.executable, "-c", f"import {name}"] for name in ("torch", "click"))
    assert _cpu_seconds(torch) > 2 * _cpu_seconds(click)


def _cpu_seconds(command: list[str]) -> float:
    """The processor time of one command: its own, whatever else the machine is busy with."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return used.ru_utime + used.ru_stime
