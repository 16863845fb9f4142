"""Makes the bundled graph `cora-ml.npz` from the files of hheidrich/CELL (MIT): python tools/bundle_cora.py FOLDER.

The split lies in a pickle there.  Its sha256 is checked, and it is read with an unpickler that can make arrays of
NumPy and nothing else.
"""

import hashlib
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np

TARGET = Path(__file__).parents[1] / "src/rivalry/data/sets/bundled/cora-ml.npz"
SHA256 = "ebd1ac16c98a26f2e5807353211b727a95213c13997edcbd53a13926c04c1eec"
ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"): np._core.multiarray._reconstruct,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}


class ArraysOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed")
        return ALLOWED[module, name]


def edges(path: Path) -> np.ndarray:
    """The edges (m, 2) of a sparse matrix in compressed rows, each once."""
    with np.load(path) as file:
        indptr, indices = file["indptr"], file["indices"]
    rows = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    return np.stack([rows, indices], 1)[rows < indices].astype(np.uint16)


def main(folder: Path) -> None:
    pickled = (folder / "CELL_link_prediction.p").read_bytes()
    if hashlib.sha256(pickled).hexdigest() != SHA256:
        raise SystemExit("the split has another sha256 than the one that was looked at")
    with (folder / "CELL_link_prediction.p").open("rb") as file:
        held_out = ArraysOnly(file).load()
        val, val_none, test, test_none = (once(pairs) for pairs in held_out)
    train = edges(folder / "CELL_CORA-ML_train.npz")
    whole = {*map(tuple, edges(folder / "CELL_CORA-ML.npz").tolist())}
    assert {*map(tuple, np.concatenate([train, val, test]).tolist())} == whole
    assert not {*map(tuple, np.concatenate([val_none, test_none]).tolist())} & whole
    arrays = {"train": train, "validation": val, "test": test}
    nowhere = {"validation_none": val_none, "test_none": test_none}
    np.savez_compressed(TARGET, nodes=np.array(2810), **arrays, **nowhere)
    print({name: len(value) for name, value in (arrays | nowhere).items()})


def once(pairs: np.ndarray) -> np.ndarray:
    """Each pair once, whichever way round it stands."""
    return np.unique(np.sort(pairs, 1), axis=0).astype(np.uint16)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
