"""Hashes of networks and of data: what a score was computed with, and what a cached file belongs to."""

import hashlib
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
