"""Parquet files and data sets of the Hub: columns of encoded images, and their labels."""

import io
import json
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rivalry.data import open_data
from rivalry.errors import BadRequest

pyarrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")


def png(value: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.full((8, 9), value, np.uint8)).save(file, "PNG")
    return file.getvalue()


def saved(path: Path, names: tuple[str, ...] = (), **columns) -> str:
    table = pyarrow.table(columns)
    if names:
        told = {"info": {"features": {"label": {"names": names, "_type": "ClassLabel"}}}}
        table = table.replace_schema_metadata({"huggingface": json.dumps(told)})
    parquet.write_table(table, path / "set.parquet")
    return str(path / "set.parquet")


@pytest.mark.parametrize("wrap", [lambda raw: raw, lambda raw: {"bytes": raw, "path": "a.png"}])
def test_images_alone_and_as_structs(tmp_path: Path, wrap) -> None:
    data = open_data(saved(tmp_path, image=[wrap(png(v)) for v in (3, 5, 7)], label=[4, 2, 4]))
    assert data.x[:, 0, 0, 0].tolist() == [3, 5, 7]
    assert data.spec.shape == (1, 8, 9)
    assert data.spec.classes == ("2", "4")
    assert data.label.tolist() == [1, 0, 1]


def test_names_of_labels_are_read_from_the_metadata(tmp_path: Path) -> None:
    data = open_data(saved(tmp_path, ("dog", "cat", "ant"), image=[png(1), png(2)], label=[2, 0]))
    assert data.spec.classes == ("dog", "cat", "ant")
    assert data.label.tolist() == [2, 0]


def test_no_labels(tmp_path: Path) -> None:
    assert open_data(saved(tmp_path, image=[png(1)])).label is None


def test_a_corrupt_cell_is_skipped_with_its_label(tmp_path: Path) -> None:
    data = open_data(saved(tmp_path, image=[png(1), b"hello", png(3)], label=["a", "b", "c"]))
    assert data.label.tolist() == [0, 2]
    assert data.facts["skipped"] == [("row 1", "not an image")]


def test_a_path_in_a_cell_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(png(9))
    cells = [{"bytes": None, "path": str(tmp_path / "secret.png")}, {"bytes": png(1), "path": ""}]
    data = open_data(saved(tmp_path, image=cells))
    assert data.x[:, 0, 0, 0].tolist() == [1]
    assert data.facts["skipped"] == [("row 0", "expected the bytes of an image, got NoneType")]


def test_what_cannot_be_used(tmp_path: Path, monkeypatch) -> None:
    where = saved(tmp_path, pixels=[png(1)])
    with pytest.raises(BadRequest, match="holds 1 row; expected 10 rows or more"):
        open_data(where)
    where = saved(tmp_path, image=[png(1)], label=[0.5])
    with pytest.raises(BadRequest, match="not all whole numbers or strings"):
        open_data(where)
    with pytest.raises(BadRequest, match="has no split 'test'"):
        open_data(where, "test")
    Path(where).write_bytes(Path(where).read_bytes()[:40])
    with pytest.raises(BadRequest, match=r"set\.parquet is not a whole Parquet file"):
        open_data(where)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(BadRequest, match="needs pyarrow to be read: pip install pyarrow"):
        open_data(where)


# The Hub, played by a stand-in that answers as the `datasets` library does


class Names:
    names = ("dog", "cat")


class Table:
    def __init__(self, rows: list[dict]):
        self.rows, self.column_names, self.cache_files = rows, ["image", "label"], []
        self.features = {"label": Names()}

    def cast_column(self, name: str, feature: object) -> "Table":
        assert (name, feature) == ("image", "not decoded")
        return self

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, key):
        return [row[key] for row in self.rows] if isinstance(key, str) else self.rows[key]


@pytest.fixture
def hub(monkeypatch):
    library = types.ModuleType("datasets")

    def load(name: str, split: str) -> Table:
        assert (name, split) == ("someone/pets", "train")
        return Table([{"image": {"bytes": png(v), "path": None}, "label": v % 2} for v in (4, 5)])

    def splits(name: str) -> list[str]:
        if name != "someone/pets":
            raise ConnectionError("the Hub cannot be reached\nand more lines")
        return ["train"]

    library.load_dataset, library.get_dataset_split_names = load, splits
    library.Image = lambda decode: "decoded" if decode else "not decoded"
    monkeypatch.setitem(sys.modules, "datasets", library)


@pytest.mark.usefixtures("hub")
def test_a_data_set_of_the_hub(tmp_path: Path, monkeypatch) -> None:
    data = open_data("someone/pets")
    assert data.x[:, 0, 0, 0].tolist() == [4, 5]
    assert data.spec.classes == ("dog", "cat")
    assert data.label.tolist() == [0, 1]
    with pytest.raises(BadRequest, match="someone/pets has no split 'test'; it has train"):
        open_data("someone/pets", "test")
    with pytest.raises(BadRequest, match=r"did not give 'nobody/nothing': the Hub cannot be reached$"):
        open_data("nobody/nothing")
    monkeypatch.chdir(tmp_path)
    Image.new("L", (8, 8), 9).save((tmp_path / "someone").mkdir() or (tmp_path / "someone/pets.png"))
    (tmp_path / "someone/pets").mkdir()
    (tmp_path / "someone/pets.png").rename(tmp_path / "someone/pets/1.png")
    assert open_data("someone/pets").x.unique().tolist() == [9]  # a folder of this name comes first


def test_the_hub_without_its_client(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(BadRequest, match=r"no folder 'someone/pets' here.* pip install 'rivalry\[hub\]'"):
        open_data("someone/pets")
