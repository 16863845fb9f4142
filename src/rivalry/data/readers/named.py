"""Arrays that name their kind: sounds, clips, sentences and others in a .npz archive.

An archive says what its data are by `kind`, a name of `rivalry.kinds.KINDS`, and what else the kind must know by
`about`, a table of JSON: `numpy.savez(path, x=waves, kind="wave", about='{"rate": 8000}')`.  `rivalry sample -o x.npz`
writes both.
"""

import json
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rivalry.errors import BadRequest
from rivalry.kinds import find_kind
from rivalry.kinds.kind import Kind
from rivalry.kinds.spec import Column

KEYS = ("kind", "about")
MOST = 1 << 20  # letters of `about`


def text_of(value: np.ndarray, what: str) -> str:
    """The text of an array that holds one string.

    Raises:
        BadRequest: it holds something else, or is far too long.
    """
    if value.dtype.kind != "U" or value.size != 1 or value.dtype.itemsize > 4 * MOST:
        raise BadRequest(f"{what} is {value.dtype} of shape {value.shape}; expected one string")
    return str(value.reshape(()))


def about_of(text: str, what: str) -> dict[str, Any]:
    """The table that `about` holds.

    Raises:
        BadRequest: it is no table of JSON.
    """
    try:
        about = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"{what} is no JSON: {error}") from error
    if not isinstance(about, dict):
        raise BadRequest(f'{what} is no table of JSON; expected, for instance, {{"rate": 16000}}')
    return about


def as_kind(x: np.ndarray, kind: Kind, about: dict[str, Any], what: str) -> Tensor:
    """The data as this kind stores them, from an array of stored values or of values as games make them.

    Raises:
        BadRequest: the type, the shape or the values do not fit the kind.
    """
    column = Column(kind.name, tuple(x.shape[1:]), about)
    if x.dtype.kind not in "biuf" or not x.size or not kind.fits(column.shape, about):
        raise BadRequest(
            f"{what} is {x.dtype} of shape {x.shape}, which are no {kind.plural}; one of ours has the shape "
            f"(n, {', '.join(map(str, find_kind(kind.name).example(1, 1).x.shape[1:]))})"
        )
    values = torch.from_numpy(np.ascontiguousarray(_typed(x, kind, what)))
    if why := kind.refuse(kind.seen(values), column):
        raise BadRequest(f"{what} are no {kind.plural}: {why}")
    return kind.kept(kind.seen(values))


def _typed(x: np.ndarray, kind: Kind, what: str) -> np.ndarray:
    """Whole numbers in the type that the kind stores; real numbers in float32, as games make them."""
    stored = torch.empty(0, dtype=kind.dtype).numpy().dtype
    if x.dtype.kind == "f" or stored.kind == "f":
        return x.astype(np.float32, copy=False)
    ends, low, high = np.iinfo(stored), int(x.min()), int(x.max())
    if not ends.min <= low <= high <= ends.max:
        raise BadRequest(f"{what} hold {low} to {high}; {kind.plural} are stored as {ends.min} to {ends.max}")
    return x.astype(stored, copy=False)
