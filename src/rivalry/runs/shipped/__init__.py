"""Small trained runs that come with the package.  Wherever a run is named, `demo:NAME` names one of them.

NAME/ is the run and NAME.json tells how it was made: command, seed, commit, hardware, scores, the license of its data.
tools/make_demo_runs.py of the repository makes both.  A run is copied into the cache when it is asked for, since
commands write into the runs that they are given; its report is written there.
"""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from rivalry.errors import unknown

PREFIX = "demo:"
HERE = Path(__file__).parent


def certificates() -> dict[str, dict[str, Any]]:
    """How each run was made, by its name."""
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted(HERE.glob("*.json"))}


def is_shipped(name: object) -> bool:
    return isinstance(name, str | Path) and str(name).startswith(PREFIX)


def copied(name: str) -> Path:
    """The copy in the cache of the run `demo:NAME`; made if there is none yet.

    Raises:
        BadRequest: there is no such run, or the cache cannot be written.
    """
    from rivalry.data.readers.kept import DONE, is_whole, kept_at, write_whole
    from rivalry.report import write_report

    known = certificates()
    if (name := name.removeprefix(PREFIX)) not in known:
        raise unknown("trained run", name, known, "`rivalry list runs` names them")
    made = hashlib.sha256((HERE / f"{name}.json").read_bytes()).hexdigest()[:12]
    folder = kept_at("demo", f"{name}-{made}")

    def write(temporary: Path) -> None:
        shutil.copytree(HERE / name, temporary, dirs_exist_ok=True, copy_function=shutil.copyfile)
        write_report(temporary)
        shutil.copyfile(HERE / f"{name}.json", temporary / DONE)

    if not is_whole(folder):
        write_whole(folder, write)
    return folder
