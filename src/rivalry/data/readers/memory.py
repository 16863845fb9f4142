"""Data that lie in memory: arrays, tensors, lists of pictures, map-style data sets of torch and of Hugging Face.

(60000, 28, 28) uint8        an array or tensor, read as those of a .npz are (see `arrays`)
(images, labels)             two of them
[picture, picture, ...]      pictures of Pillow, or arrays of one shape
ToyDataset()                 anything with a length and items: x, (x, label), or {"image": x, "label": 3}
DataLoader(...)              its data set: how batches are drawn is the game's affair
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader

from rivalry.data.readers.arrays import as_table
from rivalry.data.readers.columns import choose_columns, named_labels
from rivalry.data.readers.decode import MODES, fit, in_mode, resize
from rivalry.data.readers.decoded import Size
from rivalry.data.readers.images import sort_classes
from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest

EXPECTED = (
    "data are a name, a path, a tensor, an array, a list of pictures, a torch Dataset with a length, a DataLoader, "
    "a Hugging Face dataset, a rivalry Dataset or a Source"
)


def from_memory(data: Any, size: Size | None = None) -> Dataset:
    """A table of what lies in memory.

    Args:
        data: see above; labels are whole numbers or strings.
        size: height and width in pixels to crop and resize images to; of pictures of many sizes the most common one.

    Raises:
        BadRequest: it is none of these, or its values are none that are read.
    """
    if isinstance(data, DataLoader):
        data = data.dataset
    what = f"the {type(data).__name__}"
    if not _has_rows(data):
        raise BadRequest(f"{EXPECTED}; got {type(data).__name__}")
    rows, labels, names = _columns(data, what)
    if not len(rows):
        raise BadRequest(f"{what} holds no data")
    if any(isinstance(one, Image.Image) for one in rows):
        table, converted = _of_pictures(rows, what, size)
    else:
        table, converted = as_table(_stacked(rows, what), what, 0)
    if size is not None and table.dtype == np.uint8:
        table = resize(table, size)
    classes, label = _numbered(labels, names, len(table), what)
    kind = "image" if table.dtype == np.uint8 else "points"
    spec = Spec(type(data).__name__.lower(), kind, tuple(table.shape[1:]), classes)
    facts = {"source": what, "splits": ("train",), "skipped": [], "converted": converted, "passed": {}}
    return Dataset(spec, torch.from_numpy(table), label, facts)


def _has_rows(data: Any) -> bool:
    return (
        hasattr(data, "__len__")
        and hasattr(data, "__getitem__")
        and not isinstance(data, str | bytes | Mapping)
    )


def _columns(data: Any, what: str) -> tuple[Any, list[Any] | None, tuple[str, ...]]:
    """The data `x` of each row, the label of each where there are labels, and the names of labels that are numbers."""
    if isinstance(data, Tensor | np.ndarray):
        return data, None, ()
    if (
        isinstance(data, tuple)
        and len(data) == 2
        and all(isinstance(one, Tensor | np.ndarray) for one in data)
    ):
        return data[0], list(_array(data[1])), ()
    if hasattr(data, "column_names") and hasattr(data, "features"):  # of Hugging Face
        return _of_hub(data, what)
    items = [data[i] for i in range(len(data))]
    names = tuple(getattr(data, "classes", ()))
    first = items[0] if items else None
    if isinstance(first, Mapping):
        image, label = choose_columns([*first], what)
        return [one[image] for one in items], [one[label] for one in items] if label else None, names
    if isinstance(first, tuple | list) and len(first) == 2 and not np.isscalar(first[0]):
        return [one[0] for one in items], [one[1] for one in items], names
    if isinstance(first, tuple | list) and len(first) == 1:
        return [one[0] for one in items], None, ()
    return items, None, ()


def _of_hub(data: Any, what: str) -> tuple[list[Any], list[Any] | None, tuple[str, ...]]:
    image, label = choose_columns(data.column_names, what)
    labels = [one[label] for one in data.select_columns([label])] if label else None
    names = tuple(getattr(data.features[label], "names", None) or ()) if label else ()
    return [one[image] for one in data.select_columns([image])], labels, names


def _of_pictures(rows: Sequence[Any], what: str, size: Size | None) -> tuple[np.ndarray, dict[str, int]]:
    """Pictures of Pillow as bytes: of one size, in the fewest channels that hold all of them."""
    if strange := [type(one).__name__ for one in rows if not isinstance(one, Image.Image)]:
        raise BadRequest(f"{what} holds pictures and also {strange[0]}; expected pictures alone")
    bands = {band for one in rows for band in one.convert("RGBA" if one.mode == "P" else one.mode).getbands()}
    mode = MODES[(1 if bands <= {"L", "1", "A", "I", "F"} else 3) + ("A" in bands)]
    common = Counter((one.height, one.width) for one in rows).most_common(1)[0][0]
    done: Counter[str] = Counter()

    def pixels(one: Image.Image) -> np.ndarray:
        steps: list[str] = []
        fitted = np.asarray(fit(in_mode(one, mode, steps), size or common, steps))
        done.update(steps)
        return fitted.reshape(*(size or common), len(mode)).transpose(2, 0, 1)

    return np.stack([pixels(one) for one in rows]), dict(done)


def _array(x: Any) -> np.ndarray:
    return x.detach().cpu().numpy() if isinstance(x, Tensor) else np.asarray(x)


def _stacked(rows: Any, what: str) -> np.ndarray:
    if isinstance(rows, Tensor | np.ndarray):
        return _array(rows)
    arrays = [_array(one) for one in rows]
    shapes = Counter(one.shape for one in arrays)
    if len(shapes) > 1:
        (one, _), (other, _) = shapes.most_common(2)
        raise BadRequest(f"{what} holds data of the shapes {one} and {other}; expected one shape for all")
    return np.stack(arrays)


def _numbered(
    labels: list[Any] | None, names: tuple[str, ...], n: int, what: str
) -> tuple[tuple[str, ...], Tensor | None]:
    """The names of the classes, and the label of each row by its number."""
    if labels is None:
        return (), None
    plain: Callable[[Any], Any] = lambda one: one.item() if isinstance(one, Tensor | np.generic) else one
    if len(labels) != n:
        raise BadRequest(f"{what} holds {n} data and {len(labels)} labels")
    values = [plain(one) for one in labels]
    told = [name for name in named_labels(values, names, what) if name is not None]
    if len(told) < n:
        raise BadRequest(
            f"{n - len(told)} of the {n} data in {what} have no label; leave them out, or all labels"
        )
    classes = names or sort_classes(set(told))
    number = {name: i for i, name in enumerate(classes)}
    return classes, torch.tensor([number[name] for name in told])
