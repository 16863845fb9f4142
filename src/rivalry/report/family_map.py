"""The map of the family as an SVG: years to the right, a band for each room, lines from parents to children.

The same layout as the studio's map, as a picture that needs neither a server nor a script.
"""

from collections import Counter
from typing import Any

from rivalry.report.markup import Html, tag

WIDE, TALL, COLUMN, GAP, TOP, LEFT = 116, 22, 142, 6, 34, 92
STYLE = """
.family text { font: 11px system-ui, sans-serif; fill: #1f2328; } .family .year { fill: #667079; }
.family rect { fill: #fff; stroke: #2662aa; } .family .adversarial rect { fill: #dbe7f6; }
.family path { fill: none; stroke: #a9b1b9; stroke-width: 1.1; } .family line { stroke: #e3e5e8; }
"""
Places = dict[str, tuple[float, float]]


def places(games: list[dict[str, Any]]) -> tuple[Places, dict[str, float], list[int], float]:
    """Where each game stands, where each band begins, the years of the columns, and the height of all."""
    years = sorted({game["year"] for game in games})
    at, bands, top = Places(), dict[str, float](), float(TOP)
    for room in dict.fromkeys(game["room"] for game in games):
        filled = Counter[int]()
        for game in (one for one in games if one["room"] == room):
            row = filled[game["year"]]
            filled[game["year"]] += 1
            at[game["name"]] = LEFT + years.index(game["year"]) * COLUMN, top + 6 + row * (TALL + GAP)
        bands[room] = top
        top += max(filled.values()) * (TALL + GAP) + 18
    return at, bands, years, top


def family_map(games: list[dict[str, Any]], adversarial: set[str]) -> Html:
    """The picture.

    Args:
        games: of `report.family`.
        adversarial: the games in which players have opposed losses; the others are drawn paler.
    """
    at, bands, years, height = places(games)
    width = LEFT + len(years) * COLUMN
    columns = [tag("text", year, x=LEFT + k * COLUMN, y=20, class_="year") for k, year in enumerate(years)]
    rooms = [
        part
        for room, top in bands.items()
        for part in (
            tag("line", x1=0, x2=width, y1=f"{top - 6:.0f}", y2=f"{top - 6:.0f}"),
            tag("text", room, x=6, y=f"{top + 20:.0f}", class_="year"),
        )
    ]
    lines = [
        tag("path", d=_way(at[parent], at[game["name"]])) for game in games for parent in game["parents"]
    ]
    boxes = [_box(game, at[game["name"]], game["name"] in adversarial) for game in games]
    return tag(
        "svg",
        tag("title", f"{len(games)} games by year and room, with lines from parents to children"),
        tag("style", Html(STYLE)),
        *[*columns, *rooms, *lines, *boxes],
        class_="family",
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width} {height:.0f}",
        width=width,
        height=f"{height:.0f}",
        role="img",
    )


def _box(game: dict[str, Any], place: tuple[float, float], adversarial: bool) -> Html:
    x, y = place
    return tag(
        "g",
        tag("title", f"{game['title']} ({game['authors']}, {game['year']}): {game['idea']}"),
        tag("rect", x=x, y=f"{y:.0f}", width=WIDE, height=TALL, rx=5),
        tag("text", game["name"], x=x + 6, y=f"{y + 15:.0f}"),
        class_="adversarial" if adversarial else None,
    )


def _way(a: tuple[float, float], b: tuple[float, float]) -> str:
    """A curve from a parent's right side to a child's left one; from left to left where both are of one year."""
    from_y, to_y = a[1] + TALL / 2, b[1] + TALL / 2
    if a[0] == b[0]:
        return f"M{a[0]:.0f} {from_y:.0f}C{a[0] - 20:.0f} {from_y:.0f} {b[0] - 20:.0f} {to_y:.0f} {b[0]:.0f} {to_y:.0f}"
    start, end = a[0] + WIDE, b[0]
    return f"M{start:.0f} {from_y:.0f}C{start + 26:.0f} {from_y:.0f} {end - 30:.0f} {to_y:.0f} {end:.0f} {to_y:.0f}"
