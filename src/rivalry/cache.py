"""The folder for things that are fetched or decoded once: `$RIVALRY_CACHE`, else the user's cache directory."""

import os
from pathlib import Path


def cache_dir(*parts: str) -> Path:
    """The cache directory, or a folder in it.  It is created if it is missing."""
    chosen = os.environ.get("RIVALRY_CACHE")
    root = (
        Path(chosen)
        if chosen
        else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rivalry"
    )
    folder = root.joinpath(*parts)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
