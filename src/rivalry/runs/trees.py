"""Trees of numbers, strings and tensors on disk: JSON for the tree, safetensors for the tensors.  Never pickle."""

import json
import math
from pathlib import Path
from typing import Any, BinaryIO

import torch
from safetensors.torch import load_file
from torch import Tensor

_TENSOR = "__tensor__"
_PAIRS = "__pairs__"  # a dict whose keys are not strings, such as an optimizer's
_FLOAT = "__float__"  # inf and nan, which JSON cannot express

_TYPES = {  # the names that safetensors uses
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.complex64: "C64",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.int16: "I16",
    torch.int8: "I8",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}


def flatten(tree: Any, tensors: dict[str, Tensor], path: str = "") -> Any:
    """The tree with each tensor replaced by its name, the tensors going into `tensors`.

    Raises:
        TypeError: a leaf is not a number, a string, None or a tensor.
    """
    if isinstance(tree, Tensor):
        while path in tensors:  # the keys 1 and "1" would have the same name
            path += "'"
        tensors[path] = tree
        return {_TENSOR: path}
    if isinstance(tree, dict):
        branches = [[flatten(k, {}, path), flatten(v, tensors, f"{path}/{k}")] for k, v in tree.items()]
        plain = all(isinstance(key, str) for key in tree) and not {_TENSOR, _PAIRS, _FLOAT} & tree.keys()
        return dict(branches) if plain else {_PAIRS: branches}
    if isinstance(tree, float) and not math.isfinite(tree):
        return {_FLOAT: repr(tree)}
    if isinstance(tree, (list, tuple)):
        return [flatten(value, tensors, f"{path}/{i}") for i, value in enumerate(tree)]
    if tree is None or isinstance(tree, (bool, int, float, str)):
        return tree
    raise TypeError(
        f"a checkpoint holds numbers, strings, None and tensors; {path!r} is a {type(tree).__name__}"
    )


def unflatten(tree: Any, tensors: dict[str, Tensor]) -> Any:
    """The inverse of `flatten`; tuples come back as lists."""
    if isinstance(tree, list):
        return [unflatten(value, tensors) for value in tree]
    if not isinstance(tree, dict):
        return tree
    if _TENSOR in tree:
        return tensors[tree[_TENSOR]]
    if _FLOAT in tree:
        return float(tree[_FLOAT])
    if _PAIRS in tree:
        return {unflatten(key, tensors): unflatten(value, tensors) for key, value in tree[_PAIRS]}
    return {key: unflatten(value, tensors) for key, value in tree.items()}


def detached(tree: Any) -> Any:
    """The tree with a copy of every tensor, on the CPU.  Further training does not change the copies."""
    if isinstance(tree, Tensor):
        return tree.detach().to("cpu", copy=True)
    if isinstance(tree, dict):
        return {key: detached(value) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [detached(value) for value in tree]
    return tree


def write_tensors(tensors: dict[str, Tensor], file: BinaryIO) -> None:
    """Write tensors as safetensors, one after another, so that only one is copied at a time.

    The format: the length of the header as 8 bytes, the header as JSON (type, shape and place of each tensor), then
    the numbers.  Wide types come first, so that each number lies at a multiple of its width.
    """
    names = sorted(tensors, key=lambda name: (-tensors[name].element_size(), name))
    header, end = {}, 0
    for name in names:
        one = tensors[name]
        size = one.numel() * one.element_size()
        offsets = [end, end + size]
        header[name] = {"dtype": _TYPES[one.dtype], "shape": list(one.shape), "data_offsets": offsets}
        end += size
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    file.write(len(text).to_bytes(8, "little") + text)
    for name in names:
        file.write(tensors[name].detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)


def load_tensors(file: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file.

    Raises:
        OSError: the file cannot be opened, which torch says in another way.
    """
    try:
        return load_file(file)
    except RuntimeError as error:
        raise OSError(str(error)) from error


def write_json(tree: Any, file: BinaryIO) -> None:
    """Write JSON.

    Raises:
        ValueError: a number is not finite, which JSON cannot express.
    """
    file.write((json.dumps(tree, indent=1, allow_nan=False) + "\n").encode())


def read_json(text: bytes) -> Any:
    """Read JSON.

    Raises:
        ValueError: it is not JSON, holds a number that is not finite, or is nested too deep.
    """
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON")


def finite(tree: Any) -> Any:
    """The tree with None for every number that is not finite."""
    if isinstance(tree, dict):
        return {key: finite(value) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [finite(value) for value in tree]
    return None if isinstance(tree, float) and not math.isfinite(tree) else tree
