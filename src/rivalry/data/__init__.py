"""Data: from a name or a path to a table (`Dataset`), and from a table to endless batches (`Source`).

Importing this package imports no torch, so that names can be listed at once.
"""

import importlib
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, Union

from rivalry.data.names import NAMES, Named
from rivalry.errors import BadRequest, unknown
from rivalry.kinds import KINDS, find_kind, reader_of, reader_of_folder
from rivalry.terminal import say

if TYPE_CHECKING:
    from torch import Tensor
    from torch.utils.data import DataLoader

    from rivalry.data.source import Column, Dataset

__all__ = ["ENVIRONMENT", "NAMES", "Data", "Named", "Rows", "one_datum", "open_data"]


ENVIRONMENT = "env:"  # before the name of an environment, which holds no data and makes experience

LAYOUTS = "docs/your-data.md shows every layout that is read"


class Rows(Protocol):
    """Data in memory, one item a datum: a tensor, an array, a list of pictures, a data set of torch or Hugging Face."""

    def __len__(self) -> int: ...
    def __getitem__(self, row: Any, /) -> Any: ...


Data: TypeAlias = Union[str, Path, "Dataset", Rows, "DataLoader[Any]"]  # what `open_data` opens


def open_data(
    data: Data, split: str = "train", size: tuple[int, int] | None = None, *, pairs: bool = False
) -> "Dataset":
    """Open data by name, by path, or by Hugging Face id ("owner/name"), tried in this order.

    What lies in memory becomes a table too (see `readers.memory`), and a table stays as it is.

    Settings of a data set follow a colon: "oracle:vocabulary=50,length=8", "captions.txt:tokens=characters".

    A path is a folder of images, or a .zip of one, a .npz or a .parquet; `images`, `arrays` and `columns` say
    how each is read.  If a folder has the name of a data set, write ./mnist for the folder.

    "env:CartPole-v1" is an environment: a table of no episodes, for games that learn from experience.

    Args:
        split: "train", "test", or another that the data set has.
        size: height and width in pixels to which images are cropped and resized.
        pairs: read a folder or zip as aligned pairs (see `pairs`), with a column "source".

    Returns:
        uint8 images (n, c, h, w) or float32 points (n, d), int64 labels (n,) where there are any, and facts:
        `source` and `splits` always; `skipped`, `passed`, `converted`, `modes`, `license` where they apply.

    Raises:
        BadRequest: nothing of this name, no such split, or nothing that can be used.
    """
    if not isinstance(data, str | Path):
        return _in_memory(data, size)
    name_or_path = str(data)
    if size is not None and min(size) < 1:
        raise BadRequest(f"the size {size[0]} x {size[1]} has no pixels; expected height and width from 1")
    if not name_or_path.strip():
        raise BadRequest(
            "data have a name or a path; got none.  `rivalry list data` names them, `.` is this folder"
        )
    name_or_path, told = with_settings(name_or_path)
    if name_or_path in NAMES:
        _say_which(name_or_path)
        return _open_named(name_or_path, split, size, told)
    if name_or_path.startswith(ENVIRONMENT):
        return _open_environment(name_or_path.removeprefix(ENVIRONMENT), split, size)
    path = Path(name_or_path).expanduser()
    if _exists(path):
        return _open_path(path, split, size, pairs, told)
    if re.fullmatch(r"[A-Za-z0-9][\w.-]*/[\w.-]+", name_or_path) and not _names_a_file(path):
        from rivalry.data.readers.columns import open_hub

        return open_hub(name_or_path, split, size)
    if "/" in name_or_path or _names_a_file(path):
        raise BadRequest(f"no file or folder {name_or_path!r}")
    raise unknown(
        "data set", name_or_path, NAMES, "`rivalry list data` names them, and a path is data as well"
    )


@cache
def _say_which(name: str) -> None:
    """Say, once, that a data set is taken where a file or folder of its name is there too."""
    if _exists(Path(name)):
        say(
            f"{name} is the data set of that name (`rivalry list data`); for the one that lies here, write ./{name}"
        )


def one_datum(path: Path, column: "Column") -> "Tensor":
    """The datum of one file, as this column has it: (1, ...).

    Raises:
        BadRequest: a kind that is not read from single files, no such file, or one that cannot be used.
    """
    row = KINDS[column.kind]
    if not row.one:
        raise BadRequest(f"{column.meaning.plural} are not read from single files")
    if not path.is_file():
        raise BadRequest(f"no file {str(path)!r}")
    module, function = row.one.split(":")
    return getattr(importlib.import_module(f"rivalry.data.readers.{module}"), function)(path, column)


def _open_environment(name: str, split: str, size: tuple[int, int] | None) -> "Dataset":
    if split != "train" or size is not None:
        raise BadRequest(f"the environment {name!r} has neither splits nor a size in pixels; leave them out")
    from rivalry.worlds.world import open_environment

    return open_environment(name)


def with_settings(data: str) -> tuple[str, dict[str, str]]:
    """A name or a path, and the settings that follow it: "oracle:length=8" is "oracle" and {"length": "8"}.

    What exists as a path has no settings, whatever its name is.
    """
    found = re.fullmatch(r"(.+?):(\w+=[^,=]*(?:,\w+=[^,=]*)*)", data, re.DOTALL)
    if not found or _exists(Path(data).expanduser()):
        return data, {}
    return found[1], {k: v for k, v in (part.split("=") for part in found[2].split(","))}


def _in_memory(data: Any, size: tuple[int, int] | None) -> "Dataset":
    from rivalry.data.readers.memory import from_memory
    from rivalry.data.source import Dataset

    return data if isinstance(data, Dataset) else from_memory(data, size)


def _open_named(
    name: str, split: str, size: tuple[int, int] | None, told: dict[str, str] | None = None
) -> "Dataset":
    named = NAMES[name]
    if size is not None and find_kind(named.kind).axes != 2:
        raise BadRequest(f"{name!r} holds {named.kind}, which have no size in pixels; leave the size out")
    module, function = named.opener.split(":")
    open_it = getattr(importlib.import_module(f"rivalry.data.{module}"), function)
    dataset = open_it(name, split, **_checked(open_it, told, name))
    return dataset if size is None or dataset.spec.shape[1:] == size else _resized(dataset, size)


def _checked(open_it: Any, told: dict[str, str] | None, where: str) -> dict[str, Any]:
    """The settings for this opener, which are its keyword arguments, as those of a game are.

    Raises:
        BadRequest: it has no settings, none of this name, or the value does not fit.
    """
    if not told:
        return {}
    from rivalry.settings import check, settings_of

    if not settings_of(open_it):
        raise BadRequest(f"{where!r} has no settings; got {', '.join(told)}")
    return check(open_it, told, where)


def _resized(dataset: "Dataset", size: tuple[int, int]) -> "Dataset":
    from dataclasses import replace

    import torch

    from rivalry.data.readers.decode import resize

    fit = lambda images: torch.from_numpy(resize(images.numpy(), size))
    x = fit(dataset.x)
    others = {name: fit(v) if v.dtype == torch.uint8 else v for name, v in dataset.others.items()}
    extra = {
        name: replace(column, shape=(column.shape[0], *size)) if column.meaning.axes == 2 else column
        for name, column in dataset.spec.extra.items()
    }
    spec = replace(dataset.spec, shape=tuple(x.shape[1:]), extra=extra)
    return replace(dataset, spec=spec, x=x, others=others)


def _open_path(
    path: Path, split: str, size: tuple[int, int] | None, pairs: bool, told: dict[str, str]
) -> "Dataset":
    if not (path.is_dir() or path.is_file()):
        raise BadRequest(f"{path} is neither a folder nor a regular file")
    reader = "pairs:open_pairs" if pairs else _reader(path, told)
    module, function = reader.split(":")
    open_it = getattr(importlib.import_module(f"rivalry.data.readers.{module}"), function)
    return open_it(path, split, size, **_checked(open_it, told, str(path)))


def _reader(path: Path, told: dict[str, str]) -> str:
    """The reader for this path, chosen by its ending; for a folder, by the ending that most of its files have."""
    from rivalry.data.readers.array_folders import reader_of_arrays
    from rivalry.data.readers.graphs import reader_of_edges
    from rivalry.data.readers.table import reader_of_table

    if not told and (reader := reader_of_edges(path)):
        return reader
    if reader := reader_of_arrays(path) or reader_of_table(path, told):
        return reader
    if told.keys() & {"frames", "layout"}:  # pictures that are frames, which no ending tells
        return "clips:open_clips"
    if reader := reader_of_folder(path) if path.is_dir() else reader_of(path.suffix.lower()):
        return reader
    endings = ", ".join(f"a {ending}" for row in KINDS.values() for ending in row.reads)
    raise BadRequest(f"{path} is no data set; expected a folder of images, {endings}.  {LAYOUTS}")


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # the name is too long, or holds a zero byte
        return False


def _names_a_file(path: Path) -> bool:
    return bool(reader_of(path.suffix.lower()))
