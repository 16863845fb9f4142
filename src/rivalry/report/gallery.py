"""The pictures of a report: the last samples, the sheets through time, the classes."""

from pathlib import Path

from rivalry.report.companions import companion
from rivalry.report.markup import Html, join, tag
from rivalry.report.pictures import Picture, embed
from rivalry.report.record import Record

THROUGH_TIME = 8  # sheets shown, the first, the best and the last among them


def final_picture(record: Record) -> Html | None:
    """samples/final.png, else the sheet of the best checkpoint, else the last one."""
    final = record.path / "samples" / "final.png"
    if final.is_file():
        path, words = final, "final samples"
    elif record.best is not None and record.best in record.sheets:
        path, words = record.sheets[record.best], f"samples of the best checkpoint, round {record.best:,}"
    elif record.sheets:
        last = max(record.sheets)
        path, words = record.sheets[last], f"samples at round {last:,}"
    else:
        return None
    played = int(path.stem) if path.stem.isdigit() else -1
    with_it = _beside(record, played)
    figure = _figure(embed(path, widest=1000, limit=350_000), path, words, words, "sheet-final")
    return tag("div", figure, *with_it, class_="beside") if any(with_it) else figure


def _beside(record: Record, played: int) -> list[Html | None]:
    """The files beside a sheet, else those of the last round that has any: an agent is filmed at the end alone."""
    if played in record.beside or not record.beside:
        return [companion(one) for one in record.beside.get(played, ())]
    last = max(record.beside)
    films = [companion(one) for one in record.beside[last] if one.suffix.lower() == ".gif"]
    words = tag("figcaption", f"at round {last:,}")
    return [tag("figure", film, words) for film in films if film]


def through_time(record: Record) -> Html | None:
    """Some of the sheets, in order."""
    if not record.sheets:
        return None
    figures = []
    for played in _chosen(sorted(record.sheets), record.best):
        path = record.sheets[played]
        words = join(f"round {played:,}", tag("b", " best") if played == record.best else None)
        figures.append(
            _figure(embed(path, 640, 150_000), path, words, f"samples at round {played}", f"sheet-{played}")
        )
    few = f" ({len(figures)} of {len(record.sheets)} sheets)" if len(figures) < len(record.sheets) else ""
    return tag(
        "section",
        tag("h2", "Samples through time"),
        tag("p", f"Drawn at the rounds named{few}; choose one to enlarge it.", class_="quiet"),
        tag("div", *figures, class_="strip"),
    )


def _chosen(rounds: list[int], best: int | None) -> list[int]:
    """The first, the last, the best, and some others; more of them from the early rounds, when most changes."""
    if len(rounds) <= THROUGH_TIME:
        return rounds
    last = len(rounds) - 1
    chosen = {rounds[round(last * (k / (THROUGH_TIME - 1)) ** 1.6)] for k in range(THROUGH_TIME)}
    if best in rounds and best not in chosen:
        between = chosen - {rounds[0], rounds[-1]}
        chosen = chosen - {min(between, key=lambda played: abs(played - best))} | {best}
    return sorted(chosen)


def classes(record: Record) -> Html | None:
    """samples/classes.png, one class a row."""
    path = record.path / "samples" / "classes.png"
    if not path.is_file():
        return None
    figure = _figure(
        embed(path, 1200, 350_000), path, "one class a row", "samples, one class a row", "sheet-classes"
    )
    return tag("section", tag("h2", "Samples class by class"), tag("div", figure, class_="wide"))


def _figure(picture: Picture | None, path: Path, words: str, alt: str, id: str) -> Html:
    if picture is None:
        return tag("figure", tag("p", f"{path.name} cannot be read", class_="none"), tag("figcaption", words))
    # Enlarging is a matter of the style sheet: the figure is the page's target; "#_" is nobody.
    close = tag("a", "close", href="#_", class_="close")
    image = tag("a", picture.html(alt), href=f"#{id}")
    return tag("figure", image, tag("figcaption", words, close), id=id, class_="sheet")
