"""A question of `rivalry lab`, answered once, with its numbers kept.

    python benchmarks/lab.py QUESTION [--quick] [--seeds 3] [--data NAME] [--output lab/QUESTION]

Writes the report to `--output`, and benchmarks/results/lab-QUESTION.json and .md (lab-QUESTION-NAME
with `--data`): the rows, their table, the sentences.
"""

import argparse
import importlib
from pathlib import Path
from typing import Any

import torch
from certificate import certificate
from record import record

from rivalry.lab.questions import QUESTIONS
from rivalry.runs.progress import steps


def main() -> None:
    options = parse()
    torch.set_num_threads(1)
    module, function = QUESTIONS[options.question].target.split(":")
    answer = getattr(importlib.import_module(f"rivalry.lab.{module}"), function)
    data = {"data": options.data} if options.data else {}
    asked = f"{options.question}{' --quick' if options.quick else ''} --seeds {options.seeds}"
    asked += f" --data {options.data}" if data else ""
    name = "-".join([options.question, *data.values()])
    provenance = {**certificate(), "command": f"python benchmarks/lab.py {asked}"}
    with steps() as show:
        found = answer(quick=options.quick, seeds=options.seeds, progress=show, **data)
    print(found.write(options.output or Path("lab") / name))
    rows = [finite({**row, **provenance}) for row in found.rows]
    says = [*found.found, *found.control, found.under]
    record(f"lab-{name}", rows, found.key, found.columns, says)
    print("\n".join(says))


def finite(row: dict[str, Any]) -> dict[str, Any]:
    """A row as JSON has it: a number that is not finite is none."""
    none = lambda value: isinstance(value, float) and not -1e300 < value < 1e300
    return {name: None if none(value) else value for name, value in row.items()}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("question", choices=list(QUESTIONS))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--data", help="for a question that takes it")
    parser.add_argument("--output", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
