"""Pictures of the studio's rooms, taken in a headless Chromium from a folder of runs, and what went wrong meanwhile.

    python tools/studio_pictures.py RUNS OUT

Prints requests to other hosts, errors of the console, and the frames and rounds a second of a game in the plane.  Needs
playwright and a Chromium (`CHROMIUM`, /usr/bin/chromium by default).
"""

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")


def main(runs: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    server, home = opened(runs)
    try:
        with sync_playwright() as play:
            browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            page = browser.new_page(viewport=WIDE)
            trouble = watched(page, home)
            visit(page, home, out)
            for scheme, name in (("dark", "en-US"), ("light", "zh-CN")):
                context = browser.new_context(viewport=NARROW, color_scheme=scheme, locale=name)
                small = context.new_page()
                trouble += watched(small, home)
                for room in ("family/gan", "live/gan", "use", "compare"):
                    small.goto(f"{home}#{room}")
                    small.wait_for_timeout(2500)
                    wide = small.evaluate("document.documentElement.scrollWidth")
                    print(f"{room}, {name}, 360 px: the page is {wide} px wide")
                    small.screenshot(path=out / f"{room.split('/')[0]}-narrow-{scheme}.png")
            print("trouble:", trouble or "none")
    finally:
        server.terminate()
        server.wait(30)


def opened(runs: Path) -> tuple[subprocess.Popen[str], str]:
    """A studio on any free port, and its address."""
    command = [sys.executable, "-m", "rivalry", "studio", str(runs), "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    found = re.search(r"http://\S+", server.stdout.readline())
    assert found, "the studio did not begin"
    return server, found[0]


def watched(page: Page, home: str) -> list[str]:
    """Requests to other hosts and errors, as they come."""
    trouble: list[str] = []
    page.on(
        "request", lambda r: None if r.url.startswith((home, "data:", "blob:")) else trouble.append(r.url)
    )
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("console", lambda said: trouble.append(said.text) if said.type == "error" else None)
    return trouble


def visit(page: Page, home: str, out: Path) -> None:
    """A picture of each room, with a training that is watched, paused, stepped and stopped."""
    page.goto(f"{home}#family/wgan-gp")
    page.wait_for_selector("pre")
    print(
        "first paint, ms:",
        page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime"),
    )
    page.screenshot(path=out / "family.png")
    live(page, home, out)
    page.goto(f"{home}#use")
    page.wait_for_selector(".tiles button", timeout=60_000)
    page.click(".tiles button >> nth=0")
    paint(page)
    page.screenshot(path=out / "use-painted.png")
    began = time.monotonic()
    page.get_by_role("button", name="Find the nearest samples").click()
    page.locator(".tiles img").nth(23).wait_for()  # the sixteen samples, and the best eight
    print(f"brush: 25 steps of 16 codes in {time.monotonic() - began:.2f} s")
    page.screenshot(path=out / "use.png", full_page=True)
    page.goto(f"{home}#compare")
    boxes = page.locator("input[type=checkbox]")
    for k in range(min(2, boxes.count())):
        boxes.nth(k).check()
    page.get_by_role("button", name="Show").click()
    page.wait_for_selector("h2 >> nth=2")
    page.wait_for_timeout(800)
    page.screenshot(path=out / "compare.png")
    judge(page, home, out)


def live(page: Page, home: str, out: Path) -> None:
    page.goto(f"{home}#live/gan")
    page.get_by_role("button", name="Begin", exact=True).click()
    page.wait_for_selector("canvas.plane:not([hidden])", timeout=90_000)
    page.wait_for_timeout(20_000)
    print("live:", page.locator("p[role=status]").first.inner_text())
    page.screenshot(path=out / "live.png")
    for name in ("Pause", "One turn", "One turn", "One turn"):
        page.get_by_role("button", name=name, exact=True).click()
        page.wait_for_timeout(400)
    page.screenshot(path=out / "live-turns.png", full_page=True)
    page.reload()
    page.wait_for_selector("canvas.plane:not([hidden])", timeout=30_000)
    print("after a reload:", page.locator("p[role=status]").first.inner_text())
    page.get_by_role("button", name="Stop and save").click()
    page.wait_for_selector("ol >> text=saved", timeout=60_000)


def paint(page: Page) -> None:
    """A stroke across the middle of the chosen sample."""
    box: Any = page.locator(".easel canvas").bounding_box()
    x, y = box["x"], box["y"] + box["height"] / 2
    page.mouse.move(x + 0.3 * box["width"], y)
    page.mouse.down()
    page.mouse.move(x + 0.7 * box["width"], y, steps=8)
    page.mouse.up()


def judge(page: Page, home: str, out: Path) -> None:
    """A study of one run, and twenty answers by keys."""
    page.goto(f"{home}#judge")
    page.wait_for_selector("select")
    page.get_by_role("button", name="Make the study").click()
    page.wait_for_selector("text=Next question", timeout=60_000)
    page.get_by_role("button", name="Next question").click()
    page.wait_for_selector(".judged img")
    page.screenshot(path=out / "judge.png")
    for k in range(20):
        page.keyboard.press("rf"[k % 2])
        page.wait_for_selector(f"text={k + 1} answers.", timeout=10_000)
    page.get_by_role("button", name="Result").click()
    page.wait_for_selector("td")
    page.screenshot(path=out / "judge-result.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
