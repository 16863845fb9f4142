"""The page in a real browser: a game is trained from it, nothing is asked of another host, and nothing fails."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="needs the extra `studio`")
sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not os.path.exists(CHROMIUM), reason="needs a Chromium at $CHROMIUM or /usr/bin/chromium"
    ),
    pytest.mark.skipif(
        "RIVALRY_BROWSER" not in os.environ, reason="RIVALRY_BROWSER=1 asks for the tests in a browser"
    ),
]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[str]:
    """The address of a studio without runs."""
    command = [sys.executable, "-m", "rivalry", "studio", str(tmp_path / "runs"), "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    found = re.search(r"http://\S+", server.stdout.readline())
    assert found
    yield found[0]
    server.terminate()
    server.wait(30)


def test_a_game_is_trained_from_the_page(home: str, tmp_path: Path) -> None:
    with sync_api.sync_playwright() as play:
        page = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"]).new_page()
        trouble: list[str] = []
        page.on("request", lambda r: None if r.url.startswith((home, "data:")) else trouble.append(r.url))
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.goto(f"{home}#live/gan")
        page.locator("input[type=number]").first.fill("0")
        page.get_by_role("button", name="Begin", exact=True).click()
        page.wait_for_selector("text=from 1 to")  # refused, in words
        page.locator("input[type=number]").first.fill("100000")
        page.get_by_role("button", name="Begin", exact=True).click()
        page.wait_for_selector("canvas.plane:not([hidden])", timeout=90_000)
        page.get_by_role("button", name="Pause", exact=True).click()
        page.get_by_role("button", name="One turn", exact=True).click()
        page.wait_for_selector("ol li")
        page.reload()
        page.wait_for_selector("canvas.plane:not([hidden])")  # nothing is lost
        page.get_by_role("button", name="Stop and save").click()
        page.wait_for_selector("ol >> text=saved", timeout=60_000)
        assert not trouble
    assert list((tmp_path / "runs").glob("gan-ring-0/checkpoints/*/weights.safetensors"))
