"""The page in a real browser: every room is used, nothing is asked of another host, and no error is logged.

One server and one browser serve all tests; one training is watched by several of them.
"""

import base64
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import rivalry.human

pytest.importorskip("starlette", reason="needs the extra `studio`")
sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
AXE = Path(os.environ.get("RIVALRY_AXE", "axe.min.js"))
DIGITS = Path(rivalry.__file__).parent / "runs" / "shipped" / "digits"
RING = {"width": "64", "latent": "8", "lr": "0.001", "dropout": "0"}  # learned in some 600 rounds
ROOMS = ("family/gan", "live/gan", "use/digits", "compare", "judge")
REFUSED = "Failed to load resource: the server responded with a status of 400 (Bad Request)"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="needs a Chromium; $CHROMIUM may say where it is"),
    pytest.mark.skipif(
        "RIVALRY_BROWSER" not in os.environ, reason="RIVALRY_BROWSER=1 asks for the tests in a browser"
    ),
]


class Home(NamedTuple):
    """A studio that is served: its address, and its folder of runs."""

    address: str
    runs: Path


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A studio with a generator of digits."""
    runs = tmp_path_factory.mktemp("studio") / "runs"
    shutil.copytree(DIGITS, runs / "digits")
    environment = {**os.environ, "RIVALRY_CACHE": str(runs.parent / "cache"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "rivalry", "studio", str(runs), "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    found = re.search(r"http://\S+", server.stdout.readline())
    assert found
    yield Home(found[0], runs)
    server.terminate()
    server.wait(60)
    server.stdout.close()


@pytest.fixture(scope="module")
def browser() -> Iterator["sync_api.Browser"]:
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def trouble() -> list[str]:
    """What went wrong with the page: requests to other hosts, and errors of the console."""
    return []


@pytest.fixture
def page(browser: "sync_api.Browser", home: Home, trouble: list[str]) -> Iterator["sync_api.Page"]:
    """A page of the studio.  When its test is over, nothing may have gone wrong with it."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(60_000)
    ours = (home.address, "data:", "blob:")
    page.on("request", lambda sent: None if sent.url.startswith(ours) else trouble.append(sent.url))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("console", lambda said: trouble.append(said.text) if said.type == "error" else None)
    yield page
    page.close()
    assert trouble == []


def press(page: "sync_api.Page", name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def standing(page: "sync_api.Page") -> str:
    return page.locator("[role=status]").first.inner_text()


def round_of(page: "sync_api.Page") -> int:
    return int(re.search(r"round (\d+)", standing(page))[1])


def shown(page: "sync_api.Page", words: str, seconds: float = 60) -> None:
    """Wait until the line about the training has words of this pattern."""
    line = page.locator("[role=status]").first
    sync_api.expect(line).to_have_text(re.compile(words), timeout=1000 * seconds)


def until(true: Callable[[], Any], seconds: float = 60) -> None:
    """Wait until something is true.  (`page.wait_for_function` is stopped by the page's own policy for scripts.)"""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "this did not become true"
        time.sleep(0.1)


# ---------------------------------------------------------------------- family


def test_a_game_is_found_on_the_map_by_keyboard(page: "sync_api.Page", home: Home) -> None:
    page.goto(home.address)
    name = page.locator("css=text", has_text=re.compile("^wgan-gp$"))
    page.locator("svg [role=button]").filter(has=name).focus()
    page.keyboard.press("Enter")
    sync_api.expect(page.locator("pre")).to_contain_text("1704.00028", timeout=60_000)
    assert page.url.endswith("#family/wgan-gp")
    press(page, "Train")
    sync_api.expect(page.get_by_label("Game", exact=True)).to_have_value("wgan-gp", timeout=60_000)


# ---------------------------------------------------------------------- live


def test_what_makes_no_sense_is_refused_beside_its_field(
    page: "sync_api.Page", home: Home, trouble: list[str]
) -> None:
    page.goto(f"{home.address}#live/gan")
    page.locator("form summary", has_text="Settings").first.click()
    page.get_by_label("lr", exact=True).fill("-1")
    with page.expect_console_message(lambda said: said.type == "error"):
        press(page, "Begin")
    beside = page.locator(".field", has=page.get_by_label("lr", exact=True)).locator("[role=alert]")
    sync_api.expect(beside).to_contain_text("> 0")
    assert trouble.pop() == REFUSED  # which is how a browser logs the refusal


def test_what_is_hidden_is_not_seen(page: "sync_api.Page", home: Home) -> None:
    page.goto(f"{home.address}#live/gan")
    page.wait_for_selector("form summary")
    assert page.locator("canvas.plane[hidden]").count() >= 1
    seen = page.evaluate(
        "[...document.querySelectorAll('[hidden]')].filter(e => e.getClientRects().length).length"
    )
    assert seen == 0


@pytest.fixture(scope="module")
def learned(browser: "sync_api.Browser", home: Home) -> str:
    """A game of the ring that was trained from the page until it shows seven of the eight modes, and waits."""
    page = browser.new_page()
    page.goto(f"{home.address}#live/gan")
    page.locator("form summary", has_text="Settings").first.click()
    for name, value in RING.items():
        page.get_by_label(name, exact=True).fill(value)
    page.get_by_label("Rounds", exact=True).first.fill("1000000")
    press(page, "Begin")
    shown(page, "[78]/8 modes", seconds=200)
    press(page, "Pause")
    page.close()
    return "gan-ring-0"


def test_a_training_is_paused_and_played_turn_by_turn(
    page: "sync_api.Page", home: Home, learned: str
) -> None:
    page.goto(f"{home.address}#live/gan")
    page.wait_for_selector("canvas.plane:not([hidden])")
    press(page, "One turn")
    page.wait_for_selector("ol li")
    at = round_of(page)
    press(page, "One round")
    shown(page, f"round {at + 1},")
    page.reload()
    page.wait_for_selector("canvas.plane:not([hidden])")  # nothing is lost
    assert round_of(page) == at + 1
    drawn = "canvas => canvas.getContext('2d').getImageData(0, 0, 400, 180).data.some(Boolean)"
    until(lambda: page.locator("canvas.curve").first.evaluate(drawn))
    press(page, "Play")
    until(lambda: round_of(page) > at + 5)
    press(page, "Stop and save")
    page.wait_for_selector("ol >> text=saved")
    assert list((home.runs / learned / "checkpoints").glob("*/weights.safetensors"))


# ---------------------------------------------------------------------- use


def opened(page: "sync_api.Page", home: Home, label: str) -> None:
    """The room Use, with the digits of one class."""
    page.goto(f"{home.address}#use/digits")
    page.wait_for_selector(".tiles button")
    before = page.locator(".tiles img").first.get_attribute("src")
    page.get_by_label("Class", exact=True).select_option(label)
    until(lambda: page.locator(".tiles img").first.get_attribute("src") != before)


def paint(page: "sync_api.Page", ends: tuple[tuple[float, float], tuple[float, float]]) -> None:
    """A stroke of the mouse over the chosen sample, in shares of its width and height."""
    box = page.locator(".easel canvas").bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in ends]
    page.mouse.move(*places[0])
    page.mouse.down()
    page.mouse.move(*places[1], steps=8)
    page.mouse.up()


def test_a_stroke_takes_its_color(page: "sync_api.Page", home: Home) -> None:
    """How much of the rest stays depends on the stroke and on the generator: see benchmarks/editing.py, `brush`."""
    opened(page, home, "7")
    page.locator(".tiles button").nth(0).click()
    page.get_by_label("Color", exact=True).fill("#ffffff")
    paint(page, ((0.3, 0.5), (0.7, 0.5)))
    press(page, "Find the nearest samples")
    said = page.locator("#said", has_text="outside")
    inside, _ = map(int, re.findall(r"(\d+) %", said.inner_text()))
    assert inside <= 30


def test_a_picture_is_inverted(page: "sync_api.Page", home: Home) -> None:
    """One of the generator's own samples, for which there is a code."""
    opened(page, home, "3")
    source = page.locator(".tiles img").nth(2).get_attribute("src")
    digit = base64.b64decode(source.partition(",")[2])
    page.get_by_label("Find the code").set_input_files(
        {"name": "digit.png", "mimeType": "image/png", "buffer": digit}
    )
    told = page.get_by_text("mean squared error")
    told.wait_for()
    assert float(told.inner_text().rpartition(" ")[2]) <= 0.03


def test_the_critic_dreams_of_the_chosen_sample(page: "sync_api.Page", home: Home) -> None:
    opened(page, home, "5")
    page.locator(".tiles button").nth(0).click()
    page.get_by_text("Deep Dream").click()
    press(page, "Dream")
    before, after = (page.get_by_alt_text(name).last for name in ("The chosen sample", "The dream"))
    after.wait_for()
    assert before.get_attribute("src") != after.get_attribute("src")


# ---------------------------------------------------------------------- compare


def test_runs_stand_side_by_side(page: "sync_api.Page", home: Home, learned: str) -> None:
    page.goto(f"{home.address}#compare")
    for name in ("digits", learned):
        page.get_by_label(name, exact=True).check()
    press(page, "Show")
    head = page.get_by_role("rowheader", name="data", exact=True)
    row, table = (page.locator(kind, has=head) for kind in ("tr", "table"))
    sync_api.expect(row.locator("td")).to_have_count(2, timeout=60_000)
    _, *names = table.locator("thead th").all_inner_texts()
    assert dict(zip(names, row.locator("td").all_inner_texts())) == {"digits": "mnist", learned: "ring"}


# ---------------------------------------------------------------------- judge


def test_a_study_gives_the_interval_of_rivalry_human(page: "sync_api.Page", home: Home) -> None:
    page.goto(f"{home.address}#judge")
    page.locator("section select").nth(1).select_option("digits")
    page.get_by_label("Images of each source").fill("30")  # none is asked about once one kind alone is left
    press(page, "Make the study")
    page.wait_for_url("**/#judge/study-*")
    press(page, "Next question")
    for k in range(20):
        page.wait_for_selector(f"text={k} answers.")
        if k == 10:
            asked = page.locator(".judged img").first.get_attribute("src")
            page.reload()
            press(page, "Next question")
            sync_api.expect(page.locator(".judged img").first).to_have_attribute("src", asked)
            page.wait_for_selector("text=10 answers.")
        page.keyboard.press("rf"[k % 2])
    page.wait_for_selector("text=20 answers.")
    press(page, "Result")
    row = page.locator("tr", has_text="…").first
    ends = [float(end) for end in row.locator("td").nth(1).inner_text().split(" … ")]
    name = page.evaluate("location.hash.split('/')[1]")
    with rivalry.human.Study.open(home.runs / name) as study:
        scores = [one for one in study.result() if one.name == row.locator("th").inner_text()]
    assert ends in [[float(f"{end:.3g}") for end in score.details["interval"]] for score in scores]


# ---------------------------------------------------------------------- for everybody


def test_the_page_fits_a_phone_and_speaks_chinese(browser: "sync_api.Browser", home: Home) -> None:
    phone = browser.new_context(viewport={"width": 360, "height": 740}, locale="zh-CN")
    page = phone.new_page()
    page.set_default_timeout(60_000)
    for room in ROOMS:
        page.goto("about:blank")
        page.goto(f"{home.address}#{room}")
        page.wait_for_selector("main select, main svg, main input")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, room
        assert page.evaluate("document.documentElement.lang") == "zh"
    assert "训练" in page.locator("nav").inner_text()
    phone.close()


@pytest.mark.skipif(not AXE.is_file(), reason="$RIVALRY_AXE names no axe.min.js (npm pack axe-core)")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(page: "sync_api.Page", home: Home, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(home.address)
    page.evaluate(AXE.read_text())
    for room in ROOMS:
        page.evaluate("room => { location.hash = room; }", room)
        until(lambda: "Loading" not in page.locator("main").inner_text())
        if room.startswith("use"):
            page.locator(".tiles button").first.click()
        found = page.evaluate("async () => (await axe.run()).violations")
        serious = [one for one in found if one["impact"] in ("serious", "critical")]
        assert not [(one["id"], [node["html"] for node in one["nodes"]]) for one in serious], room
