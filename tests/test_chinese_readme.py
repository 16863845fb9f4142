"""README.zh-CN.md says what README.md says: headings, commands and figures are the same."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
HOW = "python tools/chinese_readme.py writes README.zh-CN.md anew; Chinese goes into tools/readme.zh-CN.json"
LEAST = 0.8  # of the texts are in Chinese


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("chinese_readme", ROOT / "tools" / "chinese_readme.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def headings(text: str) -> list[str]:
    return [line.split(" ")[0] for line in outside(text) if line.startswith("#")]


def commands(text: str) -> list[str]:
    """The lines of code, without what is said of them."""
    found = "\n".join(re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)).splitlines()
    return [re.split(r" {2,}|\s+# ", line.strip())[0] for line in found if line.strip()]


def outside(text: str) -> list[str]:
    return re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE).splitlines()


def figures(text: str) -> list[list[str]]:
    """The numbers of each row of a table, in any order: languages differ in theirs."""
    rows = [line for line in outside(text) if line.startswith("|")]
    return [sorted(re.findall(r"\d+(?:[.,]\d+)*", row)) for row in rows]


def code(text: str) -> list[str]:
    return sorted(
        re.findall(r"`[^`]+`|\]\([^)]+\)", "\n".join(outside(text)).replace("[English](README.md)", ""))
    )


def test_headings_commands_and_figures_are_the_same() -> None:
    english, chinese = (
        (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md")
    )
    for part in (headings, commands, figures, code):
        ours, theirs = part(english), part(chinese)
        differ = [(a, b) for a, b in zip(ours, theirs) if a != b] or [
            (ours[len(theirs) :], theirs[len(ours) :])
        ]
        assert ours == theirs, f"{part.__name__} differ, the first at {differ[0]}.  {HOW}"


def test_it_is_what_the_tool_writes(tool: ModuleType) -> None:
    text, missing = tool.renewed()
    assert (ROOT / "README.zh-CN.md").read_text(encoding="utf-8") == text, HOW
    translated = len(tool.json.loads(tool.KNOWN.read_text(encoding="utf-8")))
    assert len(missing) <= (1 - LEAST) * translated, f"no Chinese for {missing}.  {HOW}"


def test_numbers_follow_the_english_text_and_what_is_new_is_told(tool: ModuleType) -> None:
    known = {"{0} rounds of `r3gan`, {1} %": "`r3gan` 的 {1} %，{0} 轮"}
    missing: list[str] = []
    text = (
        "# rivalry\n\n- 2,000 rounds of `r3gan`, 97.5 %\n\nNothing 3.\n\n```\nrivalry list    the games\n```"
    )
    told = tool.chinese(text, known, missing).removeprefix(tool.HEAD)
    assert told.splitlines()[2] == "- `r3gan` 的 97.5 %，2,000 轮"
    assert missing == ["Nothing {0}.", "the games"]
    assert commands(told) == ["rivalry list"]


@pytest.mark.parametrize(
    ("part", "damage"),
    [
        (headings, ("## 使用", "使用")),
        (commands, ("rivalry show dcgan", "rivalry show gan")),
        (figures, ("1.66 ± 0.17", "1.67 ± 0.17")),
        (code, ("`fid[judge-mnist]`", "fid")),
    ],
)
def test_a_difference_is_seen(part, damage: tuple[str, str]) -> None:
    chinese = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")
    damaged = chinese.replace(*damage)
    if damaged == chinese:
        pytest.skip(f"README.md says {damage[0]!r} no more")
    assert part(damaged) != part(chinese)
