"""The messages of the guards and of the engine."""

from rivalry.paths import without_places
from rivalry.report.markup import Html, tag
from rivalry.report.record import Record
from rivalry.report.tables import clipped

MESSAGES = 50  # the last ones; the log has them all


def warnings(record: Record) -> Html | None:
    """What a reader must know before the numbers."""
    shown = [event for event in record.events if event["event"] in ("collapse", "rollback")][-3:]
    if record.ended == "failed":
        shown.append(next(event for event in reversed(record.events) if event["event"] == "failed"))
    if not shown:
        return None
    return tag("section", *(_event(event, "p") for event in shown), class_="warnings")


def messages(record: Record) -> Html:
    """Every event but the saving of checkpoints, which are counted."""
    saved = [event for event in record.events if event["event"] == "saved"]
    others = [event for event in record.events if event["event"] != "saved"]
    sentences = []
    if saved:
        sentences.append(f"{len(saved)} checkpoints saved, the last at round {int(saved[-1]['round']):,}.")
    if record.replayed:
        sentences.append(
            f"{record.replayed} reports were played again after a restart; the curves show the last play."
        )
    if record.unreadable:
        sentences.append(f"{record.unreadable} lines of log.jsonl could not be read.")
    if len(others) > MESSAGES:
        sentences.append(f"The last {MESSAGES} of {len(others)} messages:")
    return tag(
        "section",
        tag("h2", "Messages"),
        tag("p", " ".join(sentences), class_="quiet") if sentences else None,
        tag("ul", *(_event(event, "li") for event in others[-MESSAGES:]), class_="events")
        if others
        else tag("p", "No warning, no rollback.", class_="quiet"),
    )


def _event(event: dict[str, object], name: str) -> Html:
    kind = clipped(event["event"], 40)
    known = kind if kind in ("rollback", "collapse", "failed", "stopped", "done") else "other"
    when = tag("span", f"round {event['round']:,}", class_="when")
    return tag(
        name,
        tag("b", kind),
        when,
        tag("bdi", clipped(without_places(event.get("message", "")), 400)),
        class_=known,
    )
