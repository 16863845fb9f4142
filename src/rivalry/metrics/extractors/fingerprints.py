"""Hashes of networks and of data: they name the network of a score, and the data of a cached file."""

import hashlib
import inspect
from typing import Any

import torch
from torch import Tensor, nn

from rivalry.data.source import Dataset


def hash_weights(network: nn.Module) -> str:
    """sha256 over the names and bytes of a network's state, in hexadecimal."""
    digest = hashlib.sha256()
    for name, value in sorted(network.state_dict().items()):
        digest.update(name.encode())
        digest.update(_bytes(value))
    return digest.hexdigest()


def hash_network(network: nn.Module) -> str:
    """sha256 over the computation of a network, as far as it can be known, in hexadecimal.

    Over the state that `hash_weights` reads, buffers that a state leaves out, and for each module its place, its
    class, the class's source (its bytecode where no source is at hand), and its settings: numbers, words, functions
    and tables of these.  Does not cover values that the code reads from elsewhere, as a global or a file.
    """
    digest = hashlib.sha256(hash_weights(network).encode())
    for place, module in network.named_modules():
        digest.update(f"{place}:{type(module).__module__}.{type(module).__qualname__}".encode())
        for kind in type(module).__mro__:
            if not kind.__module__.startswith("torch.") and kind is not object:
                digest.update(_code(kind))
        for name, value in sorted(vars(module).items()):
            if not name.startswith("_") and name != "training":
                digest.update(f"{name}={_described(value)}".encode())
        for name, value in sorted(module.named_buffers(recurse=False)):
            digest.update(name.encode() + bytes(_bytes(value)))
    return digest.hexdigest()


def _code(kind: Any) -> bytes:
    """The source of a class or function, else its bytecode with the constants in it."""
    try:
        return inspect.getsource(kind).encode()
    except (OSError, TypeError):
        made = [value for _, value in sorted(vars(kind).items())] if inspect.isclass(kind) else [kind]
        codes = [code for value in made if (code := getattr(value, "__code__", None))]
        return b"".join(_bytecode(code) for code in codes)


def _bytecode(code: Any) -> bytes:
    inner = [c for c in code.co_consts if inspect.iscode(c)]
    values = [c for c in code.co_consts if not inspect.iscode(c)]
    return code.co_code + repr((code.co_names, values)).encode() + b"".join(map(_bytecode, inner))


def _described(value: Any) -> str:
    """A setting in words that are the same in the next process; only its type where it has no such words."""
    if value is None or isinstance(
        value, bool | int | float | complex | str | bytes | torch.dtype | torch.Size
    ):
        return repr(value)
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_described, value))}]"
    if isinstance(value, dict):
        return f"{{{','.join(sorted(f'{_described(k)}:{_described(v)}' for k, v in value.items()))}}}"
    if isinstance(value, Tensor):
        return hashlib.sha256(_bytes(value)).hexdigest()
    if inspect.ismethod(value):
        value = value.__func__
    if inspect.isfunction(value):
        return hashlib.sha256(_code(value)).hexdigest()
    return f"{type(value).__module__}.{type(value).__qualname__}"


def fingerprint(data: Dataset) -> str:
    """sha256 over a data set's type, shape, values and labels, in hexadecimal."""
    digest = hashlib.sha256(f"{data.x.dtype} {tuple(data.x.shape)} {data.spec.classes}".encode())
    for start in range(0, len(data), 10_000):  # a piece at a time: the table may be mapped from a file
        digest.update(_bytes(data.x[start : start + 10_000]))
    if data.label is not None:
        digest.update(_bytes(data.label))
    return digest.hexdigest()


def share_known(x: Tensor, data: Dataset) -> float:
    """Which share of x (n, ...) is in the data, number by number, in [0, 1]; images are compared as bytes."""
    if tuple(x.shape[1:]) != tuple(data.spec.shape) or not len(x):
        return 0.0
    mine = _rows_hashed(x, data)
    known = {row for i in range(0, len(data), 10_000) for row in _rows_hashed(data.x[i : i + 10_000], data)}
    return sum(row in known for row in mine) / len(mine)


def _rows_hashed(x: Tensor, data: Dataset) -> list[bytes]:
    if data.spec.meaning.axes == 2 and x.dtype != torch.uint8:
        x = x.float().add(1).mul(127.5).round().clamp(0, 255).byte()
    x = x if x.dtype == torch.uint8 else x.float()
    return [hashlib.blake2b(row.tobytes(), digest_size=16).digest() for row in x.cpu().contiguous().numpy()]


def _bytes(tensor: Tensor) -> Any:
    return tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
