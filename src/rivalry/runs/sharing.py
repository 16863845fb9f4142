"""What of a run is shared: one folder of regular files, with one checkpoint and no link."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from rivalry.report import write_report
from rivalry.runs.run import Run

SHEETS = 12  # sheets that are shared: the first, the last and some between


def gathered(run: Run, folder: Path, which: str = "best", sheets: int = SHEETS, report: bool = True) -> Run:
    """Copy what is shared of a run into `folder`, which must not exist.

    The copy holds run.json, the log, some sheets with their companions, and the checkpoint `which`.  It has no link
    `best`: a link cannot be kept in an archive, and the newest checkpoint is the best one where there is no other.

    Args:
        sheets: the most sheets of rounds that are copied.
        report: write a report, which repeats the sheets.

    Raises:
        BadRequest: the run has no such checkpoint.
        Damaged: the checkpoint is not what was written.
    """
    checkpoint, *_ = run.read(which)  # raises if it is damaged
    copy = Run.create(folder, {})
    if (log := run.path / "log.jsonl").is_file():
        shutil.copyfile(log, folder / log.name)
    for picture in _chosen(run, sheets):
        for one in [picture, *_companions(picture)]:
            shutil.copyfile(one, folder / "samples" / one.name)
    shutil.copytree(
        checkpoint.path, folder / "checkpoints" / checkpoint.path.name, copy_function=shutil.copyfile
    )
    copy.config = run.config
    copy.write_about()
    if report:
        write_report(folder)
    return copy


def _chosen(run: Run, most: int) -> Sequence[Path]:
    """The sheet of every class, and at most `most` of the sheets of rounds, evenly spread, the last among them."""
    found = sorted((run.path / "samples").glob("*.png"))
    rounds = [path for path in found if path.stem.isdigit() and not path.is_symlink()]
    most = min(most, len(rounds))
    kept = [
        rounds[-1 - round(i * (len(rounds) - 1) / max(most - 1, 1))] for i in range(most)
    ]  # the last first
    return [*kept, *(path for path in found if path.stem == "classes" and not path.is_symlink())]


def _companions(picture: Path) -> list[Path]:
    """The files beside a sheet: a text, sounds, an animation."""
    beside = picture.parent.glob(f"{picture.stem}.*")
    return [path for path in beside if path != picture and path.is_file() and not path.is_symlink()]
