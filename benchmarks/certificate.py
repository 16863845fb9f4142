"""The provenance of a measured number: command, commit, hardware, versions, date."""

import datetime
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any


def certificate(device: str = "cpu") -> dict[str, Any]:
    """The birth certificate of numbers measured by this process on `device`."""
    import torch

    from rivalry.play.precision import choose_device, describe

    return of_process(describe(choose_device(device)), torch.__version__)


def of_process(hardware: str, torch: str = "not used") -> dict[str, Any]:
    """The same, for a measurement that may do without torch.

    Args:
        hardware: in words.
        torch: its version.
    """
    return {
        "command": "python " + " ".join([os.path.relpath(sys.argv[0]), *sys.argv[1:]]),
        "commit": commit(),
        "hardware": f"{hardware}; {os.cpu_count()} cores in all",
        "torch": torch,
        "python": platform.python_version(),
        "date": datetime.date.today().isoformat(),
    }


def commit() -> str:
    """The commit of this checkout, with a + when it was changed since; RIVALRY_COMMIT where there is no git."""
    folder = Path(__file__).parent
    git = ["git", "-C", str(folder)]
    head = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    if head.returncode:
        return os.environ.get("RIVALRY_COMMIT", "unknown")
    changed = subprocess.run(
        [*git, "status", "--porcelain", "--untracked-files=no", ":/src"],
        capture_output=True,
        text=True,
        check=False,
    )
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")
