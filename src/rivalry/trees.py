"""Trees of numbers, strings and tensors on disk: JSON for the tree, safetensors for the tensors.  Never pickle."""

import json
import math
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import Tensor

_TENSOR = "__tensor__"
_PAIRS = "__pairs__"  # a dict whose keys are not strings, such as an optimizer's
_FLOAT = "__float__"  # inf and nan, for which JSON has no word


def flatten(tree: Any, tensors: dict[str, Tensor], path: str = "") -> Any:
    """The tree with each tensor replaced by its name, the tensors going into `tensors`.

    Raises:
        TypeError: a leaf that is neither number, string, None nor tensor.
    """
    if isinstance(tree, Tensor):
        while path in tensors:  # the keys 1 and "1" have one name
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


def save_tensors(tensors: dict[str, Tensor], file: Path) -> None:
    """Write tensors as safetensors; those that share memory are written once each."""
    separate = {name: t.detach().cpu().contiguous() for name, t in tensors.items()}
    seen: set[int] = set()
    for name, tensor in separate.items():
        if tensor.untyped_storage().data_ptr() in seen or tensor.untyped_storage().nbytes() > tensor.nbytes:
            separate[name] = tensor = tensor.clone()
        seen.add(tensor.untyped_storage().data_ptr())
    save_file(separate, file)


def load_tensors(file: Path) -> dict[str, Tensor]:
    return load_file(file)


def save_json(tree: Any, file: Path) -> None:
    """Write JSON beside, then rename, so that half of it is never seen.

    Raises:
        ValueError: a number that is not finite, for which JSON has no word.
    """
    beside = file.with_name(f".{file.name}.partial")
    beside.write_text(json.dumps(tree, indent=1, allow_nan=False) + "\n")
    beside.rename(file)


def finite(tree: Any) -> Any:
    """The tree with None for every number that is not finite."""
    if isinstance(tree, dict):
        return {key: finite(value) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [finite(value) for value in tree]
    return None if isinstance(tree, float) and not math.isfinite(tree) else tree
