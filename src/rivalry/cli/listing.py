"""`rivalry list` and `rivalry show`: what there is."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from rivalry import catalog
from rivalry.cli import options
from rivalry.errors import unknown
from rivalry.games.laptop import LAPTOP, MEASURED

if TYPE_CHECKING:
    from rivalry.data.source import Spec


@click.command("list")
@click.argument("what", default="games", metavar="[games|data|metrics|runs]")
@click.option("--kind", help="only games of this kind, such as image")
@options.as_json
def show_list(what: str, kind: str | None, as_json: bool) -> None:
    """List the games, the data sets, the metrics or the trained runs that come with the package."""
    lists = {"games": lambda: _games(kind), "data": _data, "metrics": _metrics, "runs": _runs}
    if what not in lists:
        raise unknown("list of", what, lists, "there is one of games, data, metrics and runs")
    rows = lists[what]()
    if as_json:
        print(json.dumps(rows, indent=1))
        return
    widths = [max(len(str(row[column])) for row in rows) for column in rows[0]]
    for row in rows:
        print("  ".join(f"{value!s:{width}}" for value, width in zip(row.values(), widths)).rstrip())


@click.command("show")
@click.argument("game")
def show_game(game: str) -> None:
    """Show a game: paper, settings, recipes, players.

    GAME is a name of `rivalry list`.
    """
    import inspect

    from rivalry.settings import settings_of

    entry = catalog.find(game)
    make = catalog.maker(entry)
    print(f"{entry.name}: {entry.title} ({entry.authors} {entry.year}, {entry.paper})\n")
    print(inspect.getdoc(inspect.getmodule(make)) or "")
    print("\nSettings (-s name=value)")
    known = settings_of(make)
    wide = max(len(name) for name in known)
    for setting in known.values():
        print(f"  {setting.name:{wide}} = {setting.default!s:10}  {setting.meaning}  [{setting.kind}]")
    for name, recipe in catalog.recipes(entry).items():
        told = "  ".join(f"{k}={v}" for k, v in recipe.items()) or "the defaults"
        print(f"\nRecipe {name} (--recipe {name}{_unmeasured(entry.name, name)})\n  {told}")
    spec = _example(entry)
    built = make(spec)
    print(f"\nPlayers, on {spec.meaning.plural} of {spec.words} in {len(spec.classes)} classes")
    for name, player in built.players.items():
        print(f"  {name:{wide}}   {sum(p.numel() for p in player.parameters):,} parameters")
    for name, fact in built.facts().items():
        print(f"  {name}: {fact}")


def _unmeasured(game: str, recipe: str) -> str:
    own = game in LAPTOP and recipe == "laptop" and game not in MEASURED
    return "; not measured, the settings are those of its kin" if own else ""


def _example(entry: catalog.Entry) -> "Spec":
    """What a game may play on, of the first of its kinds: images as MNIST's, else the kind's own toy."""
    from rivalry.data.source import Spec, toy
    from rivalry.kinds import find_kind

    kind = find_kind(entry.kinds[0])
    classes = tuple("0123456789"[: 2 if "domains" in entry.needs else 10])
    spec = toy(kind.name, classes=len(classes)).spec
    if kind.axes == 2:
        spec = Spec("28 x 28 grey", kind.name, (1, 28, 28), classes)
    caption, sound = toy("tokens").spec.x, toy("wave").spec.x
    further = {"pairs": {"source": spec.x}, "captions": {"caption": caption}, "sounds": {"sound": sound}}
    return replace(spec, extra=next((further[need] for need in entry.needs if need in further), {}))


def _games(kind: str | None) -> list[dict[str, object]]:
    kinds = {entry.room for entry in catalog.CATALOG}
    if kind is not None and kind not in kinds:
        raise unknown("kind of game", kind, kinds, f"there is {', '.join(sorted(kinds))}")
    return [
        {
            "name": e.name,
            "kind": e.room,
            "year": e.year,
            "title": e.title,
            "authors": e.authors,
            "paper": e.paper,
        }
        for e in catalog.CATALOG
        if kind in (None, e.room)
    ]


def _data() -> list[dict[str, object]]:
    from rivalry.data.names import NAMES

    return [{"name": name, "kind": named.kind, "what": named.what} for name, named in NAMES.items()]


def _metrics() -> list[dict[str, object]]:
    from rivalry.metrics.table import METRICS

    return [{"name": metric.name, "what": metric.title} for metric in METRICS]


def _runs() -> list[dict[str, object]]:
    from rivalry.runs.shipped import PREFIX, certificates

    return [
        {"name": f"{PREFIX}{name}", "game": made["game"], "data": made["data"], "what": made["what"]}
        for name, made in certificates().items()
    ]
