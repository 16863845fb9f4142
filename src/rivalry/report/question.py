"""The report of an experiment of `rivalry lab`: a question, what was found, tables and curves; one page, offline."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rivalry.files import Folder
from rivalry.report.markup import Html, tag
from rivalry.report.page import whole


def write_question(
    folder: Path,
    question: str,
    found: Sequence[str],
    sections: Sequence[Html],
    data: dict[str, Any],
    under: str,
) -> Path:
    """Write report.html and found.json into `folder`, which is made where it is missing.

    Args:
        question: the title.
        found: sentences made from the measured numbers; they stand first.
        sections: what they are made from.
        data: of JSON's types, whatever was measured.
        under: the line below the title: when, with what.

    Returns:
        The path of the page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    page = whole(
        question,
        tag("header", tag("h1", question), tag("p", under)),
        tag(
            "main",
            tag("section", tag("h2", "Found"), tag("ul", *(tag("li", sentence) for sentence in found))),
            *sections,
        ),
    )
    for name, text in (("found.json", json.dumps(data, indent=1) + "\n"), ("report.html", page)):
        with Folder(folder).writing(name) as file:
            file.write(text.encode("utf-8", errors="replace"))
    return folder / "report.html"


def section(title: str, *inside: Html | str | None) -> Html:
    """A part of the page; a text is a quiet paragraph."""
    parts = [tag("p", each, class_="quiet") if type(each) is str else each for each in inside]
    return tag("section", tag("h2", title), *parts)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Html:
    """Rows whose first cell is their name."""
    body = [tag("tr", tag("th", row[0], scope="row"), *(tag("td", cell) for cell in row[1:])) for row in rows]
    top = tag("tr", *(tag("th", word, scope="col") for word in head))
    return tag("table", tag("thead", top), tag("tbody", *body), class_="metrics")
