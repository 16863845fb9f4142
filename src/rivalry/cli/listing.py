"""`rivalry list` and `rivalry show`: what there is."""

import json

import click

from rivalry import catalog
from rivalry.cli import options
from rivalry.errors import unknown


@click.command("list")
@click.argument("what", default="games", metavar="[games|data|metrics]")
@click.option("--kind", help="only games of this kind, such as image")
@options.as_json
def show_list(what: str, kind: str | None, as_json: bool) -> None:
    """List the games, the data sets or the metrics."""
    lists = {"games": lambda: _games(kind), "data": _data, "metrics": _metrics}
    if what not in lists:
        raise unknown("list of", what, lists, "there is one of games, data and metrics")
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

    from rivalry.data.source import Spec
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
        print(f"\nRecipe {name} (--recipe {name})\n  " + "  ".join(f"{k}={v}" for k, v in recipe.items()))
    classes = 2 if "domains" in entry.needs else 10
    extra = ("source",) if "pairs" in entry.needs else ()
    built = make(Spec("28 x 28 grey", "image", (1, 28, 28), tuple("0123456789"[:classes]), extra))
    print(f"\nPlayers, on 28 x 28 grey images of {classes} classes")
    for name, player in built.players.items():
        print(f"  {name:{wide}}   {sum(p.numel() for p in player.parameters):,} parameters")
    for name, fact in built.facts().items():
        print(f"  {name}: {fact}")


def _games(kind: str | None) -> list[dict[str, object]]:
    kinds = {entry.kind for entry in catalog.CATALOG}
    if kind is not None and kind not in kinds:
        raise unknown("kind of game", kind, kinds, f"there is {', '.join(sorted(kinds))}")
    return [
        {
            "name": e.name,
            "kind": e.kind,
            "year": e.year,
            "title": e.title,
            "authors": e.authors,
            "paper": e.paper,
        }
        for e in catalog.CATALOG
        if kind in (None, e.kind)
    ]


def _data() -> list[dict[str, object]]:
    from rivalry.data.names import NAMES

    return [{"name": name, "kind": told.kind, "what": told.what} for name, told in NAMES.items()]


def _metrics() -> list[dict[str, object]]:
    from rivalry.metrics.table import METRICS

    return [{"name": metric.name, "what": metric.title} for metric in METRICS]
