"""Runs on the Hugging Face Hub: pushed with a model card, and pulled as a stranger's run is.

    push   one folder of regular files: run.json, log, sheets, report, the checkpoint, README.md
    pull   the same names alone, each within its limit, checked before anything is loaded

The client is `huggingface_hub`, of the extra `hub`; it knows addresses, accounts and how to log in.
"""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rivalry.cache import cache_dir
from rivalry.errors import BadRequest
from rivalry.files import Folder, removed
from rivalry.report import write_report
from rivalry.runs import card, opening
from rivalry.runs.run import Run
from rivalry.runs.sharing import gathered

ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
LIMITS = {  # the files of a run, and the most bytes of each
    re.compile(r"run\.json"): 2**24,
    re.compile(r"log\.jsonl"): 2**28,
    re.compile(r"samples/\w{1,40}\.(png|txt|csv|wav|gif)"): 2**26,
    re.compile(r"checkpoints/\d{1,15}/state\.json"): 2**26,
    re.compile(r"checkpoints/\d{1,15}/(weights|state)\.safetensors"): 2**35,
}
LISTED = 10_000  # files of a repository that are looked at
SHEETS = 200  # files of samples/ that are fetched
SPARE = 2**28  # bytes that stay free on the disk


def push(run: str | Path | Run, name: str, *, which: str = "best", private: bool = False) -> str:
    """Upload a run to the Hub, with a model card made from it; its address.

    Args:
        run: a run or its directory.
        name: of the repository, "user/name"; it is created if it does not exist.
        which: the checkpoint that is uploaded: "best", "newest" or its round.
        private: of a repository that is created.

    Raises:
        BadRequest: no run, no such checkpoint, no client, or the Hub refuses.
    """
    _require_id(name)
    run = run if isinstance(run, Run) else opening.open_run(run)
    client = _client()
    with TemporaryDirectory() as above:
        shared = gathered(run, Path(above) / "run", which)
        text = card.card(shared, shared.checkpoints()[0].round, name)
        (shared.path / card.NAME).write_text(text, encoding="utf-8")
        with _explained(f"{name} cannot be pushed"):
            address = client.create_repo(name, private=private, exist_ok=True)
            client.upload_folder(
                repo_id=name, folder_path=str(shared.path), commit_message=f"{run.config['game']} by rivalry"
            )
    return str(address)


def pull(name: str, folder: str | Path | None = None) -> Run:
    """Fetch a run from the Hub, checked as a stranger's run: names, sizes, schema, hashes.

    Args:
        folder: where it is written; runs/<user>--<name> by default.

    Raises:
        BadRequest: no such repository, it is no run, or `folder` exists.
    """
    _require_id(name)
    place = Path(folder) if folder is not None else Path("runs") / name.replace("/", "--")
    if place.exists():
        raise BadRequest(f"{place} exists; name another folder with -o")
    client = _client()
    with _explained(f"{name} cannot be pulled"):
        listed = [*islice(client.list_repo_tree(name, recursive=True), LISTED)]
    wanted = _wanted({one.path: one.size for one in listed if hasattr(one, "size")}, name)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        if (free := shutil.disk_usage(place.parent).free) < 2 * sum(wanted.values()) + SPARE:
            raise BadRequest(f"{name} has {sum(wanted.values()):,} bytes, and {free:,} are free")
        with TemporaryDirectory() as above:
            with _explained(f"{name} cannot be pulled"):
                client.snapshot_download(name, local_dir=above, allow_patterns=[*wanted])
            _lay(Path(above), wanted, place)
    except OSError as error:
        raise BadRequest(f"cannot write {place}: {error.strerror or error}") from error
    return opening.open_run(place)


def fetched(name: str) -> Path:
    """The copy in the cache of a run on the Hub; it is pulled if there is none yet."""
    place = cache_dir("hub") / name.replace("/", "--")
    if not (place / "run.json").is_file():
        shutil.rmtree(place, ignore_errors=True)
        pull(name, place)
    return place


def is_id(name: str) -> bool:
    """Whether this may name a run on the Hub: "user/name"."""
    return bool(ID.fullmatch(name))


def _wanted(sizes: dict[str, int], name: str) -> dict[str, int]:
    """The files of a repository that are a run's, each with its size; of checkpoints, the newest.

    Raises:
        BadRequest: it holds no run, or one of these files is larger than any that `train` writes.
    """
    limits = {path: most for path in sizes for form, most in LIMITS.items() if form.fullmatch(path)}
    rounds = {path.split("/")[1] for path in limits if path.startswith("checkpoints/")}
    if "run.json" not in limits or not rounds:
        raise BadRequest(
            f"{name} is not a run: it holds no {'checkpoint' if 'run.json' in limits else 'run.json'}"
        )
    newest = max(rounds, key=int)
    sheets = sorted(path for path in limits if path.startswith("samples/"))[-SHEETS:]
    kept = [p for p in limits if p in sheets or p.startswith(f"checkpoints/{newest}/") or "/" not in p]
    for path in kept:
        size = sizes[path]
        if not isinstance(size, int) or not 0 <= size <= limits[path]:
            raise BadRequest(f"{name}: {path} has {size} bytes; a run has at most {limits[path]:,} there")
    return {path: sizes[path] for path in kept}


def _lay(found: Path, wanted: dict[str, int], place: Path) -> None:
    """Copy the files of a download into `place`, completely or not at all, after a look at what they hold."""
    above = Folder(place.parent)
    temporary = above.begin(place.name)
    try:
        folder = Folder(place.parent / temporary)
        for name, size in wanted.items():
            file = found / name
            if file.is_symlink() or not file.is_file() or file.stat().st_size != size:
                raise BadRequest(f"{name} is not what the Hub listed: expected a file of {size:,} bytes")
            with file.open("rb") as source, folder.writing(name) as target:
                shutil.copyfileobj(source, target)
        run = opening.open_run(folder.path)
        if run.newest() is None:
            raise BadRequest("its checkpoint is damaged: the hashes are not those that were written")
        write_report(run.path)  # the repository's own may hold a program
        above.move(temporary, place.name)
    except BaseException:
        removed(above, temporary)
        raise


def _require_id(name: str) -> None:
    if not is_id(name):
        raise BadRequest(f"a repository is user/name, of letters, digits, '-', '_' and '.'; got {name!r}")


def _client() -> Any:
    try:
        import huggingface_hub
    except ImportError:
        raise BadRequest("the Hub needs its client: pip install 'rivalry[hub]'") from None
    return huggingface_hub


ADVICE = {  # the client's errors, by name
    "LocalTokenNotFoundError": "log in first: hf auth login",
    "RepositoryNotFoundError": "there is no such repository, or it is private: hf auth login",
    "GatedRepoError": "its owner grants access by request; ask there, then: hf auth login",
    "OfflineModeIsEnabled": "the Hub's client is told to stay offline (HF_HUB_OFFLINE)",
}


@contextmanager
def _explained(what: str) -> Iterator[None]:
    """Turn whatever the client raises into one line."""
    try:
        yield
    except BadRequest:
        raise
    except Exception as error:  # of the client, of its network library, of the system
        status = getattr(getattr(error, "response", None), "status_code", None)
        why = ADVICE.get(type(error).__name__)
        why = why or ("the Hub refuses this account: hf auth login" if status in (401, 403) else None)
        first = next(iter(str(error).strip().splitlines()), "")[:200]
        raise BadRequest(f"{what}: {why or f'{type(error).__name__}: {first}'}") from error
