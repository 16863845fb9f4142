"""Weights that others trained: where they lie, and how they are read without running anything in them.

A `.safetensors` holds tensors and nothing else.  A `.pth` is a pickle, which can hold code: it is opened only when
its sha256 is the one known, from the bytes that were hashed, and by torch's reader that accepts only tensors.  Of a
pickle of numpy's arrays in an archive the bytes of the arrays are copied out, and the rest of it is never carried
out.
"""

import hashlib
import io
import os
import pickletools
import tarfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from rivalry.cache import cache_dir
from rivalry.errors import BadRequest


def find_weights(who: str, given: str | Path | None, variable: str, names: Sequence[str], get: str) -> Path:
    """The file given, else the one that an environment variable names, else one that lies in the user's cache.

    Args:
        who: the network of the weights, for the message.
        given: a path, or None.
        variable: the name of the environment variable.
        names: possible names of the file in the folder "weights" of the cache.
        get: where to get it, for the message.

    Raises:
        BadRequest: there is none; the message lists the places that were tried.
    """
    named = os.environ.get(variable)
    if given:
        tried, places = [Path(given)], str(given)
    elif named:
        tried, places = [Path(named)], f"${variable}, which is {named}"
    else:
        tried = [cache_dir("weights") / name for name in names]
        places = f"${variable}, which is not set, and {', '.join(map(str, tried))}"
    for path in tried:
        if path.is_file():
            return path
    raise BadRequest(f"no weights for {who}: tried {places}; {get}")


def read_weights(path: Path, sha256: str = "") -> dict[str, Tensor]:
    """The tensors of a file by name, on the CPU.

    Args:
        path: a `.safetensors`, or a `.pth`.
        sha256: in hexadecimal, of the one `.pth` that may be opened; "" for none.

    Raises:
        BadRequest: a damaged file, of another kind, or with another sha256; nothing of it was loaded.
    """
    if path.suffix == ".safetensors":
        try:
            return load_file(path)
        except (SafetensorError, OSError) as error:
            raise BadRequest(f"{path} cannot be read: {error}") from None
    if path.suffix != ".pth" or not sha256:
        raise BadRequest(f"{path}: expected a .safetensors{' or a .pth' if sha256 else ''}")
    written = path.read_bytes()
    found = hashlib.sha256(written).hexdigest()
    if found != sha256:
        raise BadRequest(f"{path} was not opened: its sha256 is {found}, expected {sha256}")
    return torch.load(io.BytesIO(written), map_location="cpu", weights_only=True)


def read_arrays(path: Path, member: str, sha256: str) -> list[Tensor]:
    """The arrays of 64 or more float32 in a pickle that lies in a `.tar.gz`, flat, in the order of writing.

    Args:
        path: the archive.
        member: the pickle's name in it.
        sha256: of the pickle, in hexadecimal.

    Raises:
        BadRequest: a damaged archive, no such member, or one with another sha256; nothing of it was loaded.
    """
    try:
        with tarfile.open(path, "r:gz") as archive:
            opened = archive.extractfile(member)
            written = opened.read() if opened else b""
    except (tarfile.TarError, KeyError, OSError, EOFError, zlib.error) as error:
        raise BadRequest(f"{path} cannot be read: {error}") from None
    found = hashlib.sha256(written).hexdigest()
    if found != sha256:
        raise BadRequest(f"{path}: {member} was not read: its sha256 is {found}, expected {sha256}")
    held = [argument for step, argument, _ in pickletools.genops(written) if step.name == "BINBYTES"]
    return [torch.frombuffer(bytearray(array), dtype=torch.float32) for array in held]  # type: ignore[arg-type]


def fill(network: nn.Module, state: Mapping[str, Tensor], source: object) -> None:
    """Give a network these weights, in float32; it may have been built on the device "meta".

    Args:
        state: by the names of the network's own `state_dict`; counts of batches may be left out.
        source: where they come from, for the message.

    Raises:
        BadRequest: names or shapes that are not the network's.
    """
    weights = {name: value.float() if value.is_floating_point() else value for name, value in state.items()}
    try:
        network.load_state_dict(weights, assign=True)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise BadRequest(
            f"{source} does not fit: {reason[:300]}{' ...' if len(reason) > 300 else ''}"
        ) from None
