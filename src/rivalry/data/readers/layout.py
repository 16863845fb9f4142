"""Splits and classes of files by the folders that they lie in."""

from collections import Counter
from collections.abc import Collection, Sequence

from rivalry.data.readers.splits import SPLITS, canonical


def without_single_folder(names: Sequence[str]) -> str:
    """The folders that hold all of these names, with a slash at the end; "" if there are none."""
    first = names[0].split("/")[:-1] if names else []
    depth = 0
    while depth < len(first) and all(n.split("/")[:-1][: depth + 1] == first[: depth + 1] for n in names):
        depth += 1
    return "".join(f"{folder}/" for folder in first[:depth])


def laid_out(names: Sequence[str]) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Split -> names, and name -> class.

    Folders at the top with the names of splits are splits, if one of them is "train"; else every tenth name of a class
    is in the split "test".  The first folder below the split is the class; there are no classes unless each name lies
    in one of two or more.
    """
    tops = {top: canonical(top) for top in _tops(names) if top.lower() in SPLITS}
    tops = tops if "train" in tops.values() else {}
    class_of, splits = dict[str, str](), dict[str, list[str]]()
    for name in names:
        folders = name.split("/")[:-1]
        if tops:
            if not folders or folders[0] not in tops:
                continue
            splits.setdefault(tops[folders.pop(0)], []).append(name)
        class_of[name] = folders[0] if folders else ""
    complete = all(class_of.values()) and len(set(class_of.values())) > 1
    return splits if tops else _tenths(names, class_of), class_of if complete else {}


def _tops(names: Collection[str]) -> set[str]:
    return {name.partition("/")[0] for name in names if "/" in name}


def _tenths(names: Sequence[str], class_of: dict[str, str]) -> dict[str, list[str]]:
    """Every tenth name of a class is in the split "test"; without ten there is none."""
    seen: Counter[str] = Counter()
    splits: dict[str, list[str]] = {"train": []}
    for name in names:
        seen[class_of[name]] += 1
        splits.setdefault("train" if seen[class_of[name]] % 10 else "test", []).append(name)
    return splits
