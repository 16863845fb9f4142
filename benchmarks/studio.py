"""The studio while people look on: speed with the page open and closed, first paint, weight, the brush, many clients.

    python benchmarks/studio.py page       weight of the page, first paint, steps of the brush
    python benchmarks/studio.py speed      rounds and frames a second of `gan` on the ring, the page open and closed
    python benchmarks/studio.py clients    ten clients at once, of which three take nothing: memory before and after

Each part takes about a minute or two, and replaces its own rows of benchmarks/results/studio.json and .md.  The page
is that of a headless Chromium (`CHROMIUM`, /usr/bin/chromium by default; needs playwright).

Open and closed take turns, twice each.  Where other programs use the machine, rounds a second of the clock say more
about these than about the studio; rounds a second of the training's processor time are given beside them.
"""

import argparse
import base64
import io
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from certificate import certificate
from PIL import Image
from playwright.sync_api import Page, sync_playwright
from record import RESULTS
from websockets.sync.client import connect

import rivalry

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
DIGITS = Path(rivalry.__file__).parent / "runs" / "shipped" / "digits"
SLOW = (3, 6, 9)  # of ten clients
TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
Rows = dict[str, dict[str, Any]]


class Home(NamedTuple):
    """A studio that is served: its address, and the number of its process."""

    address: str
    pid: int

    @property
    def origin(self) -> str:
        return self.address.rstrip("/")

    def ask(self, path: str, **asked: Any) -> dict[str, Any]:
        """The answer to a question; without arguments it is got, else posted."""
        body = json.dumps(asked).encode() if asked else None
        request = urllib.request.Request(
            f"{self.origin}{path}", body, {"content-type": "application/json", "origin": self.origin}
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.loads(answer.read())

    def frames(self, path: str = "/watch") -> Iterator[dict[str, Any]]:
        """The frames of the training, for as long as they are asked for."""
        where = f"{self.origin.replace('http', 'ws')}{path}"
        with connect(where, origin=self.origin, max_size=2**24) as line:
            for text in line:
                told = json.loads(text)
                if told["is"] == "frame":
                    yield told["told"]


def main() -> None:
    options = parse()
    with tempfile.TemporaryDirectory() as folder, served(Path(folder) / "runs") as home:
        rows = {"page": page, "speed": speed, "clients": clients}[options.part](home, options)
    keep(" ".join([options.part, *("=".join(pair) for pair in options.set)]), rows)


@contextmanager
def served(runs: Path) -> Iterator[Home]:
    """A studio with a generator of digits."""
    shutil.copytree(DIGITS, runs / "digits")
    command = [sys.executable, "-m", "rivalry", "studio", str(runs), "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    found = re.search(r"http://\S+", server.stdout.readline())
    assert found, "the studio did not begin"
    try:
        yield Home(found[0], server.pid)
    finally:
        server.terminate()
        server.wait(60)


@contextmanager
def browsed() -> Iterator[Page]:
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser.new_page(viewport={"width": 1280, "height": 900})
        browser.close()


# ---------------------------------------------------------------------- the page


def page(home: Home, options: argparse.Namespace) -> Rows:
    home.ask("/api/use/facts", run="digits")  # torch is there, and the generator
    with browsed() as shown:
        paints = []
        for _ in range(5):
            shown.goto("about:blank")
            shown.goto(home.address)
            shown.wait_for_selector("svg [role=button]")
            script = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
            paints.append(shown.evaluate(script))
    files = list((Path(rivalry.__file__).parent / "studio" / "page").iterdir())
    code = home.ask("/api/use/sample", run="digits", n=1, label=7)["codes"][0]
    took = [brushed(home, code, seed) for seed in range(6)][1:]
    return {
        "weight of the page": {
            "value": sum(one.stat().st_size for one in files) / 1000,
            "unit": "kB",
            "wanted": "< 300",
        },
        "first paint": measured(paints, "ms", "< 1000"),
        "brush: steps of 16 codes": measured([25 / one for one in took], "a second"),
    }


def brushed(home: Home, code: Any, seed: int) -> float:
    """Seconds from a stroke to the eight pictures that are shown, as the page asks for them."""
    paint, file = Image.new("RGBA", (28, 28)), io.BytesIO()
    paint.paste((255, 255, 255, 255), (9, 12, 19, 15))
    paint.save(file, "png")
    drawn = base64.b64encode(file.getvalue()).decode()
    began = time.perf_counter()
    home.ask("/api/use/brush", run="digits", code=code, label=7, paint=drawn, seed=seed)
    return time.perf_counter() - began


# ---------------------------------------------------------------------- speed


class Moment(NamedTuple):
    """Where a training is: its round, the time, and its own processor time."""

    round: int
    clock: float
    processor: float


def speed(home: Home, options: argparse.Namespace) -> Rows:
    settings = dict(options.set)
    home.ask("/api/train", game="gan", data="ring", rounds=10**7, settings=settings)
    next(iter(home.frames()))
    worker = child_of(home.pid)
    looks: dict[str, list[tuple[Moment, Moment]]] = {"open": [], "closed": []}
    frames = []
    with browsed() as shown:
        for _ in range(2):
            shown.goto(f"{home.address}#live/gan")
            shown.wait_for_selector("canvas.plane:not([hidden])")
            time.sleep(3)
            before = moment(home, worker)
            shown.evaluate(COUNT)
            time.sleep(options.seconds)
            drawn, passed = shown.evaluate("[window.drawn, performance.now() - window.began]")
            frames.append(1000 * drawn / passed)
            looks["open"].append((before, moment(home, worker)))
            shown.goto("about:blank")
            time.sleep(2)
            before = moment(home, worker)
            time.sleep(options.seconds)
            looks["closed"].append((before, moment(home, worker)))
    home.ask("/api/live", do="stop")
    rates = {
        (name, clock): [(b.round - a.round) / (getattr(b, clock) - getattr(a, clock)) for a, b in some]
        for name, some in looks.items()
        for clock in ("clock", "processor")
    }
    ratio = lambda clock: statistics.mean(rates["open", clock]) / statistics.mean(rates["closed", clock])
    rows: Rows = {
        "frames shown, page open": measured(frames, "a second", "≥ 20"),
        "rounds, page open": measured(rates["open", "clock"], "a second"),
        "rounds, page closed": measured(rates["closed", "clock"], "a second"),
        "open : closed": {"value": ratio("clock"), "unit": "", "wanted": "≥ 0.9"},
        "rounds, page open, by processor time": measured(rates["open", "processor"], "a second"),
        "rounds, page closed, by processor time": measured(rates["closed", "processor"], "a second"),
        "open : closed, by processor time": {"value": ratio("processor"), "unit": "", "wanted": "≥ 0.9"},
    }
    told = ", ".join("=".join(pair) for pair in options.set)
    return {f"{name} ({told})" if told else name: row for name, row in rows.items()}


# Counts how often the line about the training changes, which is once a drawn frame.
COUNT = """() => {
  window.drawn = 0; window.began = performance.now();
  new MutationObserver(() => { window.drawn += 1; })
    .observe(document.querySelector('[role=status]'), { childList: true, characterData: true, subtree: true });
}"""


def moment(home: Home, worker: int) -> Moment:
    """The newest frame that is made after this was called."""
    frames = home.frames()
    next(frames)  # may be an old one
    at = next(frames)["t"]
    found = Moment(at, time.perf_counter(), processor(worker))
    frames.close()  # type: ignore[attr-defined]
    return found


def child_of(pid: int) -> int:
    """The process of the training: the child of the studio that uses the most memory."""
    children = [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    for task in Path(f"/proc/{pid}/task").iterdir():
        children += [int(one) for one in (task / "children").read_text().split()]
    return max(children, key=memory)


def processor(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def memory(pid: int) -> float:
    """Resident MB of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


# ---------------------------------------------------------------------- many clients


def clients(home: Home, options: argparse.Namespace) -> Rows:
    home.ask("/api/train", game="gan", data="ring", rounds=10**7)
    next(iter(home.frames()))
    worker, stop, taken = child_of(home.pid), threading.Event(), [0] * 10
    looking = [threading.Thread(target=look, args=(home, k, taken, stop)) for k in range(10)]
    for one in looking:
        one.start()
    time.sleep(5)
    began, first = moment(home, worker), (memory(home.pid), memory(worker))
    seen = []
    for _ in range(options.minutes * 6):
        time.sleep(10)
        seen.append((memory(home.pid), memory(worker)))
    ended = moment(home, worker)
    stop.set()
    for one in looking:
        one.join()
    home.ask("/api/live", do="stop")
    name = f"ten clients for {options.minutes} min"
    return {
        f"{name}: memory of the studio before": {"value": first[0], "unit": "MB"},
        f"{name}: after": {"value": seen[-1][0], "unit": "MB", "wanted": "flat"},
        f"{name}: memory of the training before": {"value": first[1], "unit": "MB"},
        f"{name}: of the training after": {"value": seen[-1][1], "unit": "MB", "wanted": "flat"},
        f"{name}: frames that the seven took": {"value": sum(taken), "unit": ""},
        f"{name}: rounds": {"value": (ended.round - began.round) / (ended.clock - began.clock), "unit": "a second"},
    }  # fmt: skip


def look(home: Home, k: int, taken: list[int], stop: threading.Event) -> None:
    """A client; three of the ten take one frame and no more."""
    for _ in home.frames():
        taken[k] += 1
        if k in SLOW:
            stop.wait()
        if stop.is_set():
            return


# ---------------------------------------------------------------------- the record


def measured(values: list[float], unit: str, wanted: str = "") -> dict[str, Any]:
    return {"value": statistics.mean(values), "each": values, "unit": unit, "wanted": wanted}


def keep(part: str, rows: Rows) -> None:
    file = RESULTS / "studio.json"
    told = json.loads(file.read_text()) if file.exists() else {}
    told[part] = {"rows": rows, "certificate": certificate("cpu")}
    file.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    lines = ["# The studio", "", "| | measured | wanted |", "|---|---|---|"]
    for one in told.values():
        for name, row in one["rows"].items():
            each = f" ({', '.join(f'{value:.4g}' for value in row['each'])})" if "each" in row else ""
            lines.append(f"| {name} | {row['value']:.4g} {row['unit']}{each} | {row.get('wanted', '')} |")
    for name, one in told.items():
        said = ", ".join(f"{key}: `{value}`" for key, value in one["certificate"].items())
        lines += ["" if name == next(iter(told)) else None, f"- {name}: {said}"]
    (RESULTS / "studio.md").write_text("\n".join(line for line in lines if line is not None) + "\n")
    print("\n".join(line for line in lines if line is not None))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=("page", "speed", "clients"))
    parser.add_argument("--seconds", type=float, default=15, help="of each turn of `speed`")
    pair = lambda text: tuple(text.split("=", 1))
    parser.add_argument("--set", nargs="*", type=pair, default=[], help="settings of `speed`: width=64")
    parser.add_argument("--minutes", type=int, default=1, help="of `clients`")
    return parser.parse_args()


if __name__ == "__main__":
    main()
