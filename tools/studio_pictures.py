"""Pictures of the studio's rooms for docs/studio.md, taken in a headless Chromium from real runs.

    python tools/studio_pictures.py RUNS OUT [ROOM ...]

RUNS is a folder that may be new: the run `demo:digits` is copied into it, and what the page trains lies there
afterwards.  OUT gets studio-<room>.png, of at most 150 kB each, for each of the rooms, or of those that are named:
family, live, pair, digits, use, compare, judge, phone.  Prints requests to other hosts and errors of the console, of
which there are to be none.

Needs playwright and a Chromium (`CHROMIUM`, /usr/bin/chromium by default).
"""

import io
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, sync_playwright

import rivalry

WIDE, NARROW = {"width": 1280, "height": 860}, {"width": 360, "height": 740}
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
DIGITS = Path(rivalry.__file__).parent / "runs" / "shipped" / "digits"
RING = {"width": "64", "latent": "8", "lr": "0.001", "dropout": "0"}
PATIENCE = 140  # seconds
MOST = 150_000  # bytes of a picture


class Visit:
    """A page of a studio that is visited, and the folder that its pictures are put into."""

    def __init__(self, page: Page, home: str, out: Path):
        self.page, self.home, self.out = page, home, out
        self.trouble: list[str] = []
        ours = (home, "data:", "blob:")
        page.set_default_timeout(1000 * PATIENCE)
        page.on("request", lambda r: None if r.url.startswith(ours) else self.trouble.append(r.url))
        page.on("pageerror", lambda error: self.trouble.append(str(error)))
        page.on("console", lambda said: self.trouble.append(said.text) if said.type == "error" else None)

    def go(self, room: str) -> None:
        self.page.goto("about:blank")
        self.page.goto(f"{self.home}#{room}")

    def until(self, true: str) -> None:
        """Wait until an expression is true.  (`wait_for_function` is stopped by the page's policy for scripts.)"""
        end = time.monotonic() + PATIENCE
        while not self.page.evaluate(true):
            assert time.monotonic() < end, f"this did not become true: {true}"
            time.sleep(0.1)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def keep(self, name: str) -> None:
        """The page as it is seen now, in as many colors as 150 kB allow."""
        self.page.mouse.move(0, 0)
        with Image.open(io.BytesIO(self.page.screenshot())) as seen:
            for colors in (256, 128, 64, 32):
                file = io.BytesIO()
                seen.convert("RGB").quantize(colors, dither=Image.Dither.NONE).save(
                    file, "png", optimize=True
                )
                if len(file.getvalue()) <= MOST:
                    break
        (self.out / f"studio-{name}.png").write_bytes(file.getvalue())
        print(f"studio-{name}.png: {len(file.getvalue()) / 1000:.0f} kB", flush=True)

    def settle(self, game: str, beside: str = "") -> None:
        """Choose settings with which the ring is learned quickly."""
        self.go(f"live/{game}")
        self.until("document.querySelector('form details .field')")
        if beside:
            self.page.get_by_label("Beside it", exact=True).select_option(beside)
            self.until("document.querySelectorAll('form details').length > 1")
        self.page.locator("form summary", has_text="Settings").first.click()
        for name, value in RING.items():
            self.page.locator("form").get_by_label(name, exact=True).first.fill(value)
        self.page.locator("form").get_by_label("Rounds", exact=True).fill("1000000")

    def stop(self) -> None:
        self.press("Stop and save")
        self.page.wait_for_selector("ol >> text=saved")


# ---------------------------------------------------------------------- rooms


def family(visit: Visit) -> None:
    visit.go("family/wgan-gp")
    visit.page.wait_for_selector("pre")
    visit.page.wait_for_timeout(300)
    visit.keep("family")


def live(visit: Visit) -> None:
    """A game of the ring, until it shows seven of the eight modes, and then a round of it turn by turn."""
    visit.settle("gan")
    visit.press("Begin")
    words = "/[78]\\/8 modes/.test(document.querySelector('[role=status]').textContent)"
    visit.until(words)
    visit.press("Pause")
    for _ in range(3):
        visit.press("One turn")
        visit.page.wait_for_timeout(500)
    visit.page.get_by_text("Pause", exact=True).scroll_into_view_if_needed()
    visit.keep("live")
    print(visit.page.locator("[role=status]").first.inner_text())
    visit.stop()


def pair(visit: Visit) -> None:
    """Two games on the same data, which are drawn by hand."""
    visit.settle("gan", "wgan-gp")
    page = visit.page
    page.get_by_text("Draw your own distribution").click()
    box: Any = page.locator("canvas.spray").bounding_box()
    for (a, b), (c, d) in (((0.2, 0.3), (0.5, 0.7)), ((0.5, 0.7), (0.8, 0.3)), ((0.3, 0.15), (0.7, 0.15))):
        page.mouse.move(box["x"] + a * box["width"], box["y"] + b * box["height"])
        page.mouse.down()
        page.mouse.move(box["x"] + c * box["width"], box["y"] + d * box["height"], steps=30)
        page.mouse.up()
    visit.press("Use it as data")
    visit.until("document.querySelector('form').textContent.includes('drawn-')")
    visit.press("Begin")
    far = "one => /round ([2-9]\\d\\d|\\d{4})/.test(one.textContent)"
    visit.until(f"[...document.querySelectorAll('.views [role=status]')].every({far})")
    page.evaluate("scrollTo(0, 0)")
    visit.keep("pair")
    visit.stop()


def digits(visit: Visit) -> None:
    """A run on digits goes on, while the critic is asked about a sample."""
    visit.go("live")
    visit.page.get_by_label("Runs", exact=True).select_option("digits")
    visit.page.get_by_placeholder("Rounds").fill("100000")
    visit.press("Resume")
    visit.page.wait_for_selector(".pointed:not([hidden])")
    visit.page.wait_for_timeout(1500)
    box: Any = visit.page.locator(".pointed:not([hidden])").bounding_box()
    visit.page.locator(".pointed:not([hidden])").focus()
    for _ in range(9):
        visit.page.keyboard.press("ArrowRight")
    visit.page.wait_for_selector(".slopes:not([hidden])")
    visit.page.wait_for_timeout(300)
    assert box["width"] > 200
    visit.page.evaluate("scrollTo(0, 0)")
    visit.keep("digits")
    visit.stop()


def use(visit: Visit) -> None:
    page = visit.page
    visit.go("use/digits")
    page.wait_for_selector(".tiles button")
    before: Any = page.locator(".tiles img").first.get_attribute("src")
    page.get_by_label("Class", exact=True).select_option("7")
    visit.until(f"document.querySelector('.tiles img')?.src !== '{before}'")
    for group, chosen in (("plus", (1, 2)), ("minus", (4, 5))):
        page.get_by_label("A click on a sample", exact=True).select_option(group)
        for k in chosen:
            page.locator(".tiles button").nth(k).click()
    page.get_by_label("A click on a sample", exact=True).select_option("work")
    page.locator(".tiles button").nth(0).click()
    paint(page, ((0.3, 0.5), (0.7, 0.5)))
    visit.press("Find the nearest samples")
    page.locator("#said", has_text="outside").wait_for()
    print(page.locator("#said").inner_text())
    page.evaluate("scrollTo(0, 0)")
    paint(page, ((0.35, 0.2), (0.6, 0.2)))
    page.evaluate("scrollTo(0, 0)")
    visit.keep("use")
    visit.press("Path to the sample that is chosen next")
    page.locator(".tiles button").nth(3).click()
    with page.expect_download() as got:
        visit.press("Save the path as GIF")
    with Image.open(got.value.path()) as film:
        print(f"path.gif: {film.n_frames} frames of {film.size}")


def paint(page: Page, ends: tuple[tuple[float, float], tuple[float, float]]) -> None:
    """A stroke over the chosen sample."""
    box: Any = page.locator(".easel canvas").bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in ends]
    page.mouse.move(*places[0])
    page.mouse.down()
    page.mouse.move(*places[1], steps=8)
    page.mouse.up()


def compare(visit: Visit) -> None:
    visit.go("compare")
    visit.page.wait_for_selector("input[type=checkbox]")
    boxes = visit.page.locator("input[type=checkbox]")
    for k in range(min(2, boxes.count())):
        boxes.nth(k).check()
    visit.press("Show")
    visit.page.wait_for_selector("h2 >> nth=3")
    visit.page.wait_for_timeout(800)
    visit.keep("compare")


def judge(visit: Visit) -> None:
    """A study of digits, and twenty answers by keys."""
    page = visit.page
    visit.go("judge")
    page.wait_for_selector("section select")
    page.locator("section select").nth(1).select_option("digits")
    visit.press("Make the study")
    visit.until("location.hash.startsWith('#judge/study-')")
    visit.press("Next question")
    for k in range(20):
        page.wait_for_selector(f"text={k} answers.")
        page.keyboard.press("rf"[k % 2])
    page.wait_for_selector("text=20 answers.")
    visit.press("Result")
    page.wait_for_selector("td")
    page.wait_for_timeout(300)
    visit.keep("judge")


ROOMS = {
    "family": family,
    "live": live,
    "pair": pair,
    "digits": digits,
    "use": use,
    "compare": compare,
    "judge": judge,
}


def main(runs: Path, out: Path, rooms: list[str]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    if not (runs / "digits").exists():
        shutil.copytree(DIGITS, runs / "digits")
    server, home = opened(runs)
    try:
        with sync_playwright() as play:
            browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            for room in rooms or [*ROOMS, "phone"]:
                if room == "phone":
                    given: dict[str, Any] = {"viewport": NARROW, "color_scheme": "dark", "locale": "zh-CN"}
                    visit = Visit(browser.new_context(**given).new_page(), home, out)
                    phone(visit)
                else:
                    visit = Visit(browser.new_context(viewport=WIDE, locale="en-US").new_page(), home, out)
                    ROOMS[room](visit)
                print(f"{room}: trouble: {visit.trouble or 'none'}", flush=True)
                visit.page.close()
    finally:
        server.terminate()
        server.wait(60)


def phone(visit: Visit) -> None:
    """A narrow page, dark, in Chinese."""
    visit.go("use/digits")
    visit.page.wait_for_selector(".tiles button")
    visit.keep("phone")


def opened(runs: Path) -> tuple[subprocess.Popen[str], str]:
    """A studio on any free port, and its address."""
    command = [sys.executable, "-m", "rivalry", "studio", str(runs), "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    found = re.search(r"http://\S+", server.stdout.readline())
    assert found, "the studio did not begin"
    return server, found[0]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
