"""What tells where a run comes from: the sources that ran, and the data that it was trained on."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import torch

from rivalry.data.source import Dataset
from rivalry.metrics.extractors.fingerprints import fingerprint

LARGE = 2**30  # bytes of data that are hashed in a second


def fingerprint_of(dataset: Dataset) -> str:
    """Tells a table of data from any other; of one too large to be read at once, by rows spread over it."""
    few = dataset
    if dataset.x.nbytes > LARGE:
        few = dataset.only(torch.linspace(0, len(dataset) - 1, 1000, dtype=torch.double).long())
    tables = [few, *(replace(few, x=few.others[name]) for name in few.spec.extra)]
    return "".join(fingerprint(table)[:32] for table in tables)[:160]


def commit() -> str | None:
    """The commit of the sources that ran, where they are a checkout."""
    folder = Path(__file__).parent
    try:
        out = subprocess.run(
            ["git", "-C", str(folder), "rev-parse", "--short", "HEAD"],
            capture_output=True,
            text=True,
            timeout=5,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return out.stdout.strip() or None if out.returncode == 0 else os.environ.get("RIVALRY_COMMIT")
