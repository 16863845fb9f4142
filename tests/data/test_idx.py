"""IDX files come back as they were written, and damaged ones are refused in one line."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rivalry.data.readers.idx import read_idx
from rivalry.errors import BadRequest


def idx(x: np.ndarray) -> bytes:
    return struct.pack(f">HBB{x.ndim}I", 0, 8, x.ndim, *x.shape) + x.tobytes()


@given(
    shape=st.lists(st.integers(0, 9), min_size=1, max_size=4), seed=st.integers(0, 99), packed=st.booleans()
)
@settings(max_examples=50, deadline=None)
def test_round_trip(tmp_path_factory, shape: list[int], seed: int, packed: bool) -> None:
    x = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    path = tmp_path_factory.mktemp("idx") / ("x.gz" if packed else "x")
    path.write_bytes(gzip.compress(idx(x)) if packed else idx(x))
    got = read_idx(path)
    assert got.dtype == np.uint8
    assert got.flags.writeable
    assert np.array_equal(got, x)


def test_larger_than_one_piece(tmp_path: Path) -> None:
    x = np.random.default_rng(0).integers(0, 9, (700, 1000), dtype=np.uint8)
    (tmp_path / "x.gz").write_bytes(gzip.compress(idx(x)))
    assert np.array_equal(read_idx(tmp_path / "x.gz"), x)


WHOLE = idx(np.arange(60, dtype=np.uint8).reshape(3, 20))


@pytest.mark.parametrize(
    "raw",
    [b"", b"\x00", WHOLE[:10], WHOLE[:-1], WHOLE + b"\x00", b"\x89PNG" + WHOLE, b"\x00\x00\x0d" + WHOLE[3:]],
)
@pytest.mark.parametrize("packed", [False, True])
def test_damaged(tmp_path: Path, raw: bytes, packed: bool) -> None:
    path = tmp_path / ("x.gz" if packed else "x")
    path.write_bytes(gzip.compress(raw) if packed else raw)
    with pytest.raises(BadRequest, match="is not a"):
        read_idx(path)


def test_a_damaged_gzip(tmp_path: Path) -> None:
    path, whole = tmp_path / "x.gz", gzip.compress(WHOLE)
    lying = whole[:-4] + struct.pack("<I", 2**32 - 1)
    for raw in (
        b"",
        whole[:-1],
        whole[: len(whole) // 2],
        lying,
        b"hello, I am no gzip",
        whole[:-5] + b"x" + whole[-4:],
    ):
        path.write_bytes(raw)
        with pytest.raises(BadRequest, match="is not a whole IDX file"):
            read_idx(path)
