"""The README as a package index shows it, made when the package is built (a metadata hook of hatchling).

An index has none of the repository's other files.  A link to one leads to the repository, if `[project.urls]` names it
as Source; else the text of the link stays without it, and a picture is left out.
"""

import re
from pathlib import Path
from typing import Any

try:
    from hatchling.metadata.plugin.interface import MetadataHookInterface
except ImportError:  # outside of a build
    MetadataHookInterface = object  # type: ignore[assignment,misc]

_LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!https?://|#)([^)\s]+)\)")
_COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)


def for_an_index(text: str, source: str = "") -> str:
    """The README without comments, and with its relative links below `source`, or without them."""

    def absolute(found: re.Match[str]) -> str:
        picture, words, path = found.groups()
        if not source:
            return "" if picture else words
        return f"{picture}[{words}]({source.rstrip('/')}/{'raw' if picture else 'blob'}/main/{path})"

    return _LINK.sub(absolute, _COMMENT.sub("", text))


class Readme(MetadataHookInterface):  # type: ignore[misc]
    """Sets `readme`, which is dynamic in pyproject.toml."""

    def update(self, metadata: dict[str, Any]) -> None:
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        source = metadata.get("urls", {}).get("Source", "")
        metadata["readme"] = {"content-type": "text/markdown", "text": for_an_index(text, source)}
