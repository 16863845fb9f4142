"""Write README.zh-CN.md anew from README.md: whatever is known in Chinese, the rest in English.

    python tools/chinese_readme.py              write it, and list what has no translation yet
    python tools/chinese_readme.py --check      fail where it is not what README.md says now

Translations lie in tools/readme.zh-CN.json, by the English text of a heading, paragraph, item, cell or remark.  Numbers
are taken from README.md: both texts hold {0}, {1}, ... in their places.  Commands are never translated.
"""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README, CHINESE = ROOT / "README.md", ROOT / "README.zh-CN.md"
KNOWN = Path(__file__).with_name("readme.zh-CN.json")
NUMBER = re.compile(r"(?<![\w.])\d+(?:[.,]\d+)*")
ALIKE = re.compile(
    r"rivalry|.*, arXiv [\d., ]+|\[[^\]]*\]\([^)]*\)"
)  # a citation or a link is the same in Chinese
REMARK = re.compile(r"^(.*?\S)(\s{2,}(?:# )?|\s+# )(\S.*)$")  # a command, a gap, what is said of it
HEAD = "<!-- made by tools/chinese_readme.py from README.md -->\n\n[English](README.md)\n\n"

Say = Callable[[str], str]


def chinese(text: str, known: dict[str, str], missing: list[str]) -> str:
    """README.md in Chinese.  Texts that are not in `known` stay, and are added to `missing`."""

    def say(english: str) -> str:
        numbers = NUMBER.findall(english)
        key = template(english)
        if ALIKE.fullmatch(english) or not re.search(r"[A-Za-z]{2}", re.sub(r"`[^`]*`|\{\d+\}", "", key)):
            return english  # nor has a name, a number or a sign another form
        if key not in known:
            missing.append(key)
            return english
        return re.sub(r"\{(\d+)\}", lambda found: numbers[int(found[1])], known[key])

    return HEAD + "\n".join(_block(block, say) for block in blocks(text)) + "\n"


def template(english: str) -> str:
    """A text with {0}, {1}, ... in the places of its numbers."""
    count = iter(range(1000))
    return NUMBER.sub(lambda _: f"{{{next(count)}}}", english)


def blocks(text: str) -> list[list[str]]:
    """The lines of headings, paragraphs, items, rows, fences and blanks, a list for each."""
    found: list[list[str]] = []
    fenced = False
    for line in text.splitlines():
        if line.startswith("```"):
            fenced = not fenced
            if not fenced:
                found[-1].append(line)
                continue
            found.append([line])
        elif fenced or (found and _goes_on(found[-1], line)):
            found[-1].append(line)
        else:
            found.append([line])
    return found


def _goes_on(block: list[str], line: str) -> bool:
    alone = lambda one: not one.strip() or one.startswith(("#", "|", "<!--", "!["))
    return not alone(block[0]) and not alone(line) and not line.startswith("- ") and block[-1] != "```"


def _block(lines: list[str], say: Say) -> str:
    first = lines[0]
    if first.startswith("```"):
        return "\n".join([first, *(_code(line, say) for line in lines[1:-1]), lines[-1]])
    if first.startswith("|"):
        cells = first.strip("|").split(" | ") if " | " in first else [first.strip("|")]
        return first if set(first) <= set("|-") else "| " + " | ".join(say(c.strip()) for c in cells) + " |"
    if not first.strip() or first.startswith("<!--"):
        return first
    whole = " ".join(line.strip() for line in lines)
    sign, words = re.match(r"(#+ |- |)(.*)", whole).groups()  # type: ignore[union-attr]
    return sign + say(words)


def _code(line: str, say: Say) -> str:
    found = REMARK.match(line)
    return f"{found[1]}{found[2]}{say(found[3])}" if found and not line.startswith(" ") else line


def renewed() -> tuple[str, list[str]]:
    """README.zh-CN.md as it should be, and the texts without a translation."""
    missing: list[str] = []
    known = json.loads(KNOWN.read_text(encoding="utf-8")) if KNOWN.exists() else {}
    return chinese(README.read_text(encoding="utf-8"), known, missing), missing


if __name__ == "__main__":
    text, missing = renewed()
    if "--check" in sys.argv[1:]:
        if CHINESE.read_text(encoding="utf-8") != text:
            sys.exit("README.zh-CN.md is not what README.md says: python tools/chinese_readme.py")
    else:
        CHINESE.write_text(text, encoding="utf-8")
    for key in missing:
        print(json.dumps({key: ""}, ensure_ascii=False))
