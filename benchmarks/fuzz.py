"""Hostile inputs, by the thousand: how many end in anything but a result or one line that teaches.

    python benchmarks/fuzz.py [--inputs 10000] [--arguments 1000] [--seed 0] [--only readers] [--record]

Every module in tests/fuzz that has `cases(seed)` takes part: `arguments` with command lines, the others share the
inputs.  Each escape is printed with its name and the place where it was raised; the exit status is 1 if there is one.

With --record a row for each module and seed joins those in benchmarks/results/fuzz.json and .md, so that all inputs can
be tried in pieces, each with a seed of its own.
"""

import argparse
import faulthandler
import importlib.util
import json
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from certificate import certificate
from record import CERTIFICATE, RESULTS, Row, recorded_with

CASES = Path(__file__).parent.parent / "tests" / "fuzz"
SLOW = 20.0  # seconds of one case


def found() -> dict[str, Callable[[int], Iterator[tuple[str, Callable[[], None]]]]]:
    modules = {}
    for file in sorted(CASES.glob("*.py")):
        if file.stem.startswith("test_"):
            continue
        spec = importlib.util.spec_from_file_location(f"fuzz_{file.stem}", file)
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        if hasattr(module, "cases"):
            modules[file.stem] = module.cases
    return modules


class Outcome(NamedTuple):
    """What came of the inputs of one module: how many, how many escaped, and the seconds of the slowest and of all."""

    inputs: int
    tracebacks: int
    slowest: float
    seconds: float


def attack(name: str, cases: Iterator[tuple[str, Callable[[], None]]], n: int) -> Outcome:
    """Try the first n cases."""
    escapes: Counter[str] = Counter()
    begun, slowest = time.monotonic(), 0.0
    for what, case in islice(cases, n):
        start = time.monotonic()
        faulthandler.dump_traceback_later(10 * SLOW, exit=True)  # one that never ends is shown, and ends all
        try:
            case()
        except KeyboardInterrupt:
            raise
        except BaseException as escaped:
            at = traceback.extract_tb(escaped.__traceback__)[-1]
            key = f"{type(escaped).__name__} in {Path(at.filename).name}:{at.lineno}"
            if not escapes[key]:
                print(f"  {name}: {what}: {key}: {str(escaped)[:200]!r}")
            escapes[key] += 1
        slowest = max(slowest, took := time.monotonic() - start)
        if took > SLOW:
            print(f"  {name}: {what} took {took:.0f} s")
    faulthandler.cancel_dump_traceback_later()
    outcome = Outcome(n, sum(escapes.values()), slowest, time.monotonic() - begun)
    print(
        f"{name:10} {n:6,} inputs  {outcome.tracebacks:4} tracebacks  {outcome.seconds:5.0f} s "
        f"(slowest {slowest:.1f} s)",
        flush=True,
    )
    return outcome


def keep(rows: list[Row]) -> None:
    """Write the rows, and a table of the sums over the seeds of each module."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "fuzz.json").write_text(json.dumps({"rows": rows}, indent=1) + "\n")
    lines = ["| module | seeds | inputs | tracebacks | slowest, s | seconds |", "|---" * 6 + "|"]
    for module in dict.fromkeys(row["module"] for row in rows):
        mine = [row for row in rows if row["module"] == module]
        inputs, tracebacks, seconds = (
            sum(row[k] for row in mine) for k in ("inputs", "tracebacks", "seconds")
        )
        slowest, seeds = max(row["slowest"] for row in mine), ", ".join(str(row["seed"]) for row in mine)
        lines.append(f"| {module} | {seeds} | {inputs:,} | {tracebacks} | {slowest:.1f} | {seconds:.0f} |")
    lines.append("")
    for what in CERTIFICATE:
        lines.append(f"- {what}: " + ", ".join(dict.fromkeys(f"`{row[what]}`" for row in rows)))
    (RESULTS / "fuzz.md").write_text("\n".join(lines) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--arguments", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", help="modules; all by default")
    parser.add_argument("--record", action="store_true", help="write benchmarks/results/fuzz.json and .md")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # decoders warn of what they then refuse
    modules, provenance = found(), certificate()
    modules = {name: cases for name, cases in modules.items() if name in (options.only or modules)}
    others = [name for name in modules if name != "arguments"]
    share = {name: -(-options.inputs // len(others)) for name in others} | {"arguments": options.arguments}
    escapes = 0
    for name, cases in modules.items():
        outcome = attack(name, cases(options.seed), share[name])
        escapes += outcome.tracebacks
        if options.record:
            row = {"module": name, "seed": options.seed, **outcome._asdict(), **provenance}
            keep(recorded_with(row, "fuzz", "module"))
    sys.exit(bool(escapes))


if __name__ == "__main__":
    main()
