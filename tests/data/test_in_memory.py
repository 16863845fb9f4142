"""Data in memory become tables: what each form holds is what the table holds."""

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.data import Dataset as TorchDataset

import rivalry
from rivalry.data import open_data
from rivalry.errors import BadRequest

BYTES = np.random.default_rng(0).integers(0, 256, (6, 8, 9, 3), dtype=np.uint8)  # (n, h, w, c)
X = torch.from_numpy(BYTES).permute(0, 3, 1, 2)
LABELS = torch.tensor([0, 2, 2, 0, 5, 5])


class Items(TorchDataset):
    """A map-style data set of torch, as one writes it."""

    classes = ("cat", "dog", "hen", "owl", "pig", "rat")

    def __init__(self, item: Any):
        self.item = item

    def __len__(self) -> int:
        return len(BYTES)

    def __getitem__(self, i: int) -> Any:
        return self.item(i)


class Hub:
    """A stand-in for a data set of Hugging Face, of which only this much is used."""

    column_names = ("image", "label")

    class _Classes:
        names = ("zero", "one", "two", "three", "four", "five")

    features = {"label": _Classes(), "image": None}  # noqa: RUF012

    def __init__(self, columns: tuple[str, ...] = ("image", "label")):
        self.columns = columns

    def __len__(self) -> int:
        return len(BYTES)

    def __getitem__(self, i: int) -> dict[str, Any]:
        if i >= len(self):
            raise IndexError
        row = {"image": Image.fromarray(BYTES[i]), "label": int(LABELS[i])}
        return {name: row[name] for name in self.columns}

    def select_columns(self, names: list[str]) -> "Hub":
        return Hub(tuple(names))


def picture(i: int) -> Image.Image:
    return Image.fromarray(BYTES[i])


@pytest.mark.parametrize(
    "data",
    [
        BYTES,
        X,
        X / 127.5 - 1,
        X / 255,
        [picture(i) for i in range(6)],
        list(BYTES),
        Items(picture),
        Items(lambda i: X[i] / 255),
        DataLoader(Items(lambda i: X[i]), batch_size=4, shuffle=True),
    ],
    ids=["array", "tensor", "centered", "unit", "pictures", "arrays", "items", "transformed", "loader"],
)
def test_the_same_pictures_in_every_form_are_the_same_table(data: Any) -> None:
    opened = open_data(data)
    assert torch.equal(opened.x, X)
    assert (opened.spec.kind, opened.spec.shape, opened.spec.classes) == ("image", (3, 8, 9), ())


@pytest.mark.parametrize(
    ("data", "classes"),
    [
        ((X, LABELS), ("0", "2", "5")),
        (TensorDataset(X, LABELS), ("0", "2", "5")),
        (Items(lambda i: (picture(i), int(LABELS[i]))), Items.classes),
        (Items(lambda i: {"image": X[i], "label": LABELS[i]}), Items.classes),
        ([(picture(i), "ab"[i % 2]) for i in range(6)], ("a", "b")),
        (Hub(), Hub._Classes.names),
    ],
    ids=["arrays", "tensors", "items", "mappings", "list", "hub"],
)
def test_labels_keep_their_names(data: Any, classes: tuple[str, ...]) -> None:
    opened = open_data(data)
    assert torch.equal(opened.x, X)
    assert opened.spec.classes == classes
    told = [classes[k] for k in opened.label]
    if "5" in classes or "a" in classes:
        assert told == (["ab"[i % 2] for i in range(6)] if "a" in classes else [str(int(k)) for k in LABELS])
    else:
        assert told == [classes[k] for k in LABELS]


def test_points_and_sizes_and_modes() -> None:
    points = torch.randn(5, 2, dtype=torch.double)
    assert torch.equal(open_data(points).x, points.float())
    assert open_data(points).spec.kind == "points"
    mixed = [Image.new("L", (9, 8)), Image.new("L", (9, 8)), Image.new("RGB", (20, 20), "red")]
    opened = open_data(mixed)
    assert opened.spec.shape == (3, 8, 9)  # the most common size, in the channels that all of them need
    assert opened.x[2].float().mean((1, 2)).tolist() == [255, 0, 0]
    assert open_data(mixed[:2]).spec.shape == (1, 8, 9)
    assert open_data(mixed, size=(10, 12)).spec.shape == (3, 10, 12)
    assert open_data(X, size=(16, 16)).spec.shape == (3, 16, 16)
    assert open_data(opened) is opened


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (3, "data are a name, a path, a tensor, .*; got int"),
        ({"x": X}, "got dict"),
        ([], "the list holds no data"),
        ([picture(0), X[0]], "pictures and also Tensor"),
        ([X[0], X[0, :, :5]], r"shapes \(3, 8, 9\) and \(3, 5, 9\)|shapes \(3, 5, 9\) and"),
        ((X, LABELS[:4]), "6 data and 4 labels"),
        ((X, LABELS / 2), "not all whole numbers or strings"),
        (torch.zeros(4, 5, dtype=torch.int64), "expected images"),
        (X.float().log(), "not finite"),
        (np.array(["a", "b"]), "expected numbers"),
        ([{"a": 1}], "has the columns a; expected one named image"),
    ],
)
def test_a_wrong_type_is_refused_in_one_line(data: Any, told: str) -> None:
    with pytest.raises(BadRequest, match=told) as raised:
        open_data(data)
    assert "\n" not in str(raised.value)


def test_a_game_trains_on_a_tensor_and_calls_back(tmp_path: Any) -> None:
    seen: list[tuple[int, list[str]]] = []
    watch = lambda engine, moves: seen.append((engine.t, [move.name for move in moves]))
    how = {"quiet": True, "measure": False, "width": 4, "latent": 4, "batch": 4}
    data = X.repeat(2, 1, 1, 1)[..., :8]
    run = rivalry.train("dcgan", data, rounds=2, run=tmp_path / "a", callbacks=[watch], **how)
    assert seen == [(1, ["critic", "generator"]), (2, ["critic", "generator"])]
    rivalry.resume(run, data=data, rounds=3, callbacks=[watch], quiet=True)
    assert seen[2:] == [(3, ["critic", "generator"])]
    plain = rivalry.train("dcgan", data.numpy(), rounds=3, run=tmp_path / "b", **how)
    weights = [rivalry.load(one, which="newest").state_dict() for one in (run, plain)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    with pytest.raises(BadRequest, match="got int"):
        rivalry.train("dcgan", 3, run=tmp_path / "c")
    assert not (tmp_path / "c").exists()
