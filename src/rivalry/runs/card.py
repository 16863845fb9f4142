"""A model card: what a run is, in Markdown, made from the run's own files and the catalog.

A run may come from a stranger, so each of its words is shown as code, in which Markdown and HTML have no effect.
"""

import math
import re
from typing import Any

from rivalry import catalog
from rivalry.paths import without_places
from rivalry.report.axes import short
from rivalry.report.record import Record, number, read_record
from rivalry.report.tables import clipped
from rivalry.runs.run import Run
from rivalry.terminal import plain

NAME = "README.md"
ROWS = 60  # of each table
UNMEASURED = "No score was measured.  `rivalry evaluate` measures it."


def card(run: Run, played: int, name: str) -> str:
    """The model card of a run.

    Args:
        played: the round of the checkpoint that goes with it.
        name: of the repository, "user/name".
    """
    record = read_record(run.path)
    parts = [
        _front(run),
        f"# {_code(run.config['game'])} on {_code(_data(run))}",
        _what(run),
        *_picture(record),
        "**All that this model makes is synthetic.**  Say so wherever it is shown; no sample is a record of "
        "anything that was.",
        "## Use",
        f'```python\nimport rivalry\n\nsamples = rivalry.sample("{name}", 64, seed=1)\n```',
        f"On the command line: `rivalry pull {name}`, then `rivalry sample RUN`.",
        "## Settings",
        _table(("setting", "value"), list(run.config["settings"].items())),
        "## Data",
        _table(("", ""), _about_data(run)),
        "The data are not part of this repository.",
        "## Scores",
        *_scores(record, played),
        "## Limits",
        "\n".join(f"- {limit}" for limit in _limits(record, played)),
        "## Origin",
        _table(("", ""), _origin(run, record, played)),
    ]
    return "\n\n".join(parts) + "\n"


def _front(run: Run) -> str:
    tags = ["gan", "generative", "synthetic"]
    tags += [
        word for word in (run.config["game"], run.config["spec"]["kind"]) if re.fullmatch(r"[\w-]+", word)
    ]
    return "\n".join(["---", "library_name: rivalry", "tags:", *(f"- {tag}" for tag in tags), "---"])


def _what(run: Run) -> str:
    known = [entry for entry in catalog.CATALOG if entry.name == run.config["game"]]
    if not known:
        return "The game is a function of the authors' own; loading the run needs it."
    entry = known[0]
    return f"{entry.title} ({entry.authors} {entry.year}, {entry.paper}), trained with rivalry."


def _picture(record: Record) -> list[str]:
    return [f"![samples](samples/{record.sheets[max(record.sheets)].name})"] if record.sheets else []


def _data(run: Run) -> str:
    return without_places(run.config["data"]).removeprefix("./")


def _about_data(run: Run) -> list[tuple[str, object]]:
    spec = run.config["spec"]
    rows: list[tuple[str, object]] = [("name", _data(run)), ("kind", spec["kind"]), ("shape", spec["shape"])]
    if classes := spec.get("classes"):
        rows.append(
            ("classes", f"{len(classes)}: " + ", ".join(classes[:20]) + (" ..." * (len(classes) > 20)))
        )
    return rows


def _scores(record: Record, played: int) -> list[str]:
    """The last score of each name, of this checkpoint where there is one."""
    rows = []
    for name, scores in record.metrics.items():
        when, score = next((one for one in reversed(scores) if one[0] == played), scores[-1])
        rows.append((name, _value(score), _count(score), when, _provenance(score)))
    if not rows:
        return [UNMEASURED]
    others = sum(row[3] != played for row in rows)
    notes = (
        [f"{others} of them were measured at another round than that of the weights here."] if others else []
    )
    return [_table(("score", "value", "n", "round", "provenance"), rows), *notes]


def _value(score: dict[str, Any]) -> str:
    value, spread = number(score.get("value")), number(score.get("spread"))
    if not math.isfinite(value):
        return "-"
    if not math.isfinite(spread):
        return short(value)
    return f"{short(value)} ± {spread:.2g} ({score.get('spread_is') or 'spread'})"


def _count(score: dict[str, Any]) -> str:
    n = number(score.get("n"))
    return f"{n:,.0f}" if math.isfinite(n) else "-"


def _provenance(score: dict[str, Any]) -> str:
    found = score.get("provenance")
    return ", ".join(f"{k}: {clipped(v, 80)}" for k, v in found.items()) if isinstance(found, dict) else "-"


def _limits(record: Record, played: int) -> list[str]:
    """What these weights were not shown to do, from what the run says."""
    found = [
        f"Trained for {played:,} rounds on one set of data: it knows nothing beyond them, and has their biases.",
        "Scores on features compare with scores on the same features, data and number of samples alone.",
    ]
    if not any(name.startswith(("copying", "memorization", "authenticity")) for name in record.metrics):
        found.append(
            "Whether samples repeat training data was not measured (`rivalry evaluate --metrics copying`)."
        )
    if not any(name.startswith(("recall", "coverage", "prdc", "modes")) for name in record.metrics):
        found.append("How much of the data's variety it covers was not measured (`--metrics prdc`).")
    rung = [event for event in record.events if event["event"] == "collapse"]
    if rung:
        found.append(f"The collapse alarm rang {len(rung)} times, last at round {int(rung[-1]['round']):,}.")
    if record.ended in (None, "stopped", "failed"):
        found.append(f"Training did not reach its goal ({record.ended or 'no end recorded'}).")
    return found


def _origin(run: Run, record: Record, played: int) -> list[tuple[str, object]]:
    config = run.config
    rows: list[tuple[str, object]] = [
        ("command", without_places(config.get("command", "-"))),
        ("seed", config["seed"]),
        ("rounds", played),
        ("seconds of play, whole run", round(record.seconds)),
    ]
    keys = ("recipe", "size", "precision", "device", "commit", "started", "fingerprint")
    rows += [(key, config[key]) for key in keys if config.get(key) is not None]
    return rows + list(config.get("versions", {}).items())


def _table(head: tuple[str, ...], rows: list[Any]) -> str:
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for row in rows[:ROWS]:
        lines.append(f"| {' | '.join(_code(value) for value in row)} |")
    return "\n".join([*lines, *([f"\n{len(rows) - ROWS} more are left out."] if len(rows) > ROWS else [])])


def _code(value: object) -> str:
    """A value as code of Markdown that fits a cell of a table."""
    words = plain(clipped(value, 300)).replace("`", "'").replace("|", "\\|")
    return f"`{words}`" if words.strip() else "-"
