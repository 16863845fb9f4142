"""Where data lie on this machine.

A run is made to be shared, so it names its data without the folders of the machine: a relative path as it was typed,
any other path by its last name.  The cache keeps where data of a fingerprint were read last, so that `resume` and
`evaluate` find them again from everywhere.
"""

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from rivalry.cache import cache_dir
from rivalry.data import ENVIRONMENT, NAMES, with_settings
from rivalry.errors import BadRequest
from rivalry.files import Folder
from rivalry.runs.run import Run


def named(data: str) -> str:
    """How a run names its data.  A name of `rivalry list data` and an id of the Hub stay as they are."""
    text, _ = with_settings(data)
    path = _there(text)
    if _is_name(text) or path is None:
        return data
    if path.is_absolute() or ".." in path.parts or not path.parts:
        path = Path(path.resolve().name)
    # a name, or owner/name, would be taken for another data set
    said = f"./{path.as_posix()}" if path.as_posix() in NAMES or len(path.parts) > 1 else path.as_posix()
    return said + data[len(text) :]


def remember(fingerprint: str, data: object) -> None:
    """Keep where data of this fingerprint were read, if it is a path.  A cache that cannot be written is no error."""
    if not isinstance(data, str | Path):
        return
    text, _ = with_settings(str(data))
    if _is_name(text) or (path := _there(text)) is None:
        return
    with suppress(OSError), Folder(cache_dir("places")).writing(_file_of(fingerprint)) as file:
        file.write(os.fsencode(path.resolve()) + os.fsencode(str(data)[len(text) :]))


def data_of(run: Run) -> str:
    """The data of a run, as `open_data` finds them here: where they were read last, else as the run names them.

    Raises:
        BadRequest: they are neither a name nor an id, and nothing lies there.
    """
    data = str(run.config["data"])
    text, _ = with_settings(data)
    if _is_name(text):
        return data
    if place := _remembered(run.config.get("fingerprint", "")):
        return place
    if _there(text) is None and not _is_id(text):
        raise BadRequest(
            f"the data of {run.path} are not found here: {data!r} lay elsewhere, or in memory; "
            "name their place with --data PATH (from Python: data=...)"
        )
    return data


def _remembered(fingerprint: str) -> str:
    """The path that was kept for this fingerprint, if it is still there; else an empty text."""
    try:
        place = os.fsdecode((cache_dir("places") / _file_of(fingerprint)).read_bytes()) if fingerprint else ""
        return place if place and _there(with_settings(place)[0]) else ""
    except (OSError, ValueError):
        return ""


def _is_name(text: str) -> bool:
    """Whether this is no path: a named data set, or an environment."""
    return text in NAMES or text.startswith(ENVIRONMENT)


def _there(data: str) -> Path | None:
    """The path of this name, if something lies there.  The name may be a stranger's."""
    with suppress(OSError, RuntimeError, ValueError):  # too long, no such user, no text
        if (path := Path(data).expanduser()).exists():
            return path
    return None


def _is_id(data: str) -> bool:
    """Whether this may be the id of a data set on the Hub, owner/name."""
    return data.count("/") == 1 and not data.startswith((".", "/", "~"))


def _file_of(fingerprint: str) -> str:
    return hashlib.sha256(fingerprint.encode()).hexdigest()  # a fingerprint may come from a stranger's run
