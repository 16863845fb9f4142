"""The map of all games, and what the catalog says of the family: by year, by room, by how many children."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from rivalry.lab.answer import Answer, Row
from rivalry.report.family import family
from rivalry.report.family_map import family_map
from rivalry.report.markup import Html, tag
from rivalry.report.question import section, table

QUESTION = "Which games are there, and what comes from what?"
# Rooms and games in which no critic opposes a generator: they are there as baselines.
BASELINES = {
    "vae", "autoencoder", "nice", "realnvp", "glow", "made", "maf", "pixelcnn", "pixelcnn++", "ebm", "ddpm",
    "flow-matching", "glo", "lstm", "transformer", "cell", "tvae", "copula", "bc", "icm", "rnd",
    "independent", "pixel-curiosity", "entropy-only",
}  # fmt: skip


def answer(*, quick: bool, seeds: int, progress: Callable[[str, int, int], None]) -> Answer:
    """The map, from the catalog alone; nothing is trained, so that quick and seeds change nothing."""
    rows, picture = rows_of(family()), the_map()
    head = ("game", "year", "room", "from", "children", "idea")
    cells = [
        (r["game"], str(r["year"]), r["room"], r["from"] or "–", str(r["children"]), r["idea"]) for r in rows
    ]
    return Answer(
        QUESTION,
        conclusions(rows),
        ["Every game of the catalog; parents are those whose idea a game changes, as its paper says."],
        controls(rows),
        [
            section("The map", tag("div", picture, style="overflow-x:auto")),
            section("All games", table(head, cells)),
        ],
        rows,
        "game",
        ("year", "room", "from", "children"),
        f"{len(rows)} games of the catalog",
        {"family.svg": picture},
    )


def the_map() -> Html:
    """The map of the catalog as an SVG."""
    games = family()
    return family_map(games, {row["game"] for row in rows_of(games) if row["adversarial"]})


def rows_of(games: list[dict[str, Any]]) -> list[Row]:
    return [_row(game, games) for game in games]


def _row(game: dict[str, Any], games: list[dict[str, Any]]) -> Row:
    name = game["name"]
    return {
        "game": name,
        "seed": 0,
        "year": game["year"],
        "room": game["room"],
        "from": ", ".join(game["parents"]),
        "children": sum(name in one["parents"] for one in games),
        "idea": game["idea"],
        "adversarial": name not in BASELINES,
    }


def conclusions(rows: list[Row]) -> list[str]:
    """What can be counted."""
    rooms, years = Counter(row["room"] for row in rows), Counter(row["year"] for row in rows)
    opposed, most = sum(row["adversarial"] for row in rows), max(rows, key=lambda row: row["children"])
    ((year, in_year),) = years.most_common(1)
    by_room = ", ".join(f"{room} {n}" for room, n in rooms.most_common())
    roots = [row["game"] for row in rows if not row["from"]]
    return [
        f"{len(rows)} games, {opposed} of them with players who oppose each other: {by_room}.",
        f"Most have their idea from {most['game']} ({most['children']} games); {len(roots)} come from no other here.",
        f"The year with most games is {year}, with {in_year}.",
    ]


def controls(rows: list[Row]) -> list[str]:
    """A map in which a child is older than its parent would be wrong."""
    year = {row["game"]: row["year"] for row in rows}
    wrong = [
        row["game"] for row in rows for one in row["from"].split(", ") if one and year[one] > row["year"]
    ]
    return [f"Games older than a parent: {', '.join(wrong) or 'none, as it must be'}."]
