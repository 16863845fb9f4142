"""Hostile inputs, by the thousand: how many end in anything but a result or one line that teaches.

    python benchmarks/fuzz.py [--inputs 10000] [--arguments 1000] [--seed 0]

Every module in tests/fuzz that has `cases(seed)` takes part: `arguments` with command lines, the others share the
inputs.  Each escape is printed with its name and the place where it was raised; the exit status is 1 if there is one.
"""

import argparse
import faulthandler
import importlib.util
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

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


def attack(name: str, cases: Iterator[tuple[str, Callable[[], None]]], n: int) -> int:
    """How many of the first n cases escape."""
    escapes: Counter[str] = Counter()
    begun = time.monotonic()
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
        if (took := time.monotonic() - start) > SLOW:
            print(f"  {name}: {what} took {took:.0f} s")
    faulthandler.cancel_dump_traceback_later()
    print(
        f"{name:10} {n:6,} inputs  {sum(escapes.values()):4} tracebacks  {time.monotonic() - begun:5.0f} s",
        flush=True,
    )
    return sum(escapes.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--arguments", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # decoders warn of what they then refuse
    modules = found()
    others = [name for name in modules if name != "arguments"]
    share = {name: -(-options.inputs // len(others)) for name in others} | {"arguments": options.arguments}
    escapes = sum(attack(name, cases(options.seed), share[name]) for name, cases in modules.items())
    sys.exit(bool(escapes))


if __name__ == "__main__":
    main()
