"""What strangers' files do: each fault that was seen, with the value that is right."""

import io
import json
import os
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from rivalry.data import open_data
from rivalry.data.check import check, render
from rivalry.data.readers import budget
from rivalry.errors import BadRequest
from rivalry.terminal import plain


def draw(path: Path, pixels: np.ndarray, mode: str | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).convert(mode).save(path) if mode else Image.fromarray(pixels).save(path)


def grey(value: int, dtype: type = np.uint8) -> np.ndarray:
    pixels = np.full((8, 8), value, dtype)
    pixels[0] = 0
    return pixels


def refused(told: str, where: Path) -> None:
    with pytest.raises(BadRequest, match=told):
        open_data(str(where))


# ------------------------------------------------------------------ text that steers a terminal


@pytest.mark.parametrize("text", ["\x1b[2J", "\x9b2J", "\r", "\x07", "\u202e", "\u2028", "\x7f", "\udcff"])
def test_control_characters_are_shown_as_escapes(text: str) -> None:
    shown = plain(f"a{text}b")
    assert shown.isprintable() and shown.encode("utf-8") and shown[0] == "a" and shown[-1] == "b"


def test_letters_of_every_script_stay() -> None:
    kept = "é ß 漢字 می‌خواهم 👩‍🚀"
    assert plain(kept) == kept
    assert plain("one\ntwo") == "one\\ntwo" and plain("one\ntwo", keep="\n") == "one\ntwo"


def test_no_name_of_a_file_a_class_or_a_key_steers_the_terminal(tmp_path: Path) -> None:
    for name in ("a\x1b]0;x\x07", "b\nall is well"):
        draw(tmp_path / "d" / name / "1\x1b[2J.png", grey(9))
    (tmp_path / "d" / "x.\x1b[1m").write_text("no image")
    (tmp_path / "d" / "b\nall is well" / "\x9bbad.png").write_text("no image")
    told = render(check(str(tmp_path / "d")))
    assert all(line.isprintable() for line in told.split("\n"))
    assert "all is well" in told and "\nall is well" not in told


# ------------------------------------------------------------------ what unpacks to far more than it is


def bomb(width: int, height: int) -> bytes:
    """A TIFF whose header tells of so many pixels of one byte, in a strip that is not there."""
    entries = [
        (256, 4, width),
        (257, 4, height),
        (258, 3, 8),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 8),
        (277, 3, 1),
    ]
    entries += [(278, 4, height), (279, 4, 8)]
    packed = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + packed + bytes(4)


@pytest.mark.parametrize(
    ("size", "told"), [((8_388_632, 20), "at most"), ((11_000, 11_000), "exhaust memory")]
)
def test_a_small_file_of_many_pixels_is_refused_by_its_header(tmp_path: Path, size, told: str) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a.tif").write_bytes(bomb(*size))
    refused(told, tmp_path / "d")


def test_a_set_has_one_limit_whatever_its_members_are(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(budget, "ALLOWANCE", 2**16)
    with zipfile.ZipFile(tmp_path / "z.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for i in range(4):
            archive.writestr(f"{i}.bmp", bytes(2**18))
    refused("z.zip is refused: .* bytes unpack to", tmp_path / "z.zip")
    np.savez_compressed(tmp_path / "z.npz", x=np.zeros((400, 64, 64), np.uint8))
    refused("z.npz is refused: .* bytes unpack to", tmp_path / "z.npz")
    for i in range(64):
        draw(tmp_path / "d" / f"{i}.png", np.zeros((512, 512), np.uint8))
    refused("d is refused: .* bytes unpack to", tmp_path / "d")
    draw(
        tmp_path / "e" / "noise.png", np.random.default_rng(0).integers(256, size=(300, 300), dtype=np.uint8)
    )
    assert len(open_data(str(tmp_path / "e"))) == 1  # larger than the allowance, but not than its file


def test_an_array_whose_header_tells_of_more_than_there_is_allocates_nothing(tmp_path: Path) -> None:
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        head, {"descr": "|u1", "fortran_order": False, "shape": (10**12, 64)}
    )
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", head.getvalue())
    refused("x in .* is damaged: 0 bytes are no uint8", tmp_path / "a.npz")


# ------------------------------------------------------------------ no regular files, folders in circles


def test_a_pipe_is_named_and_never_waited_for(tmp_path: Path) -> None:
    for i in range(4):
        draw(tmp_path / "d" / f"{i}.png", grey(i))
    os.mkfifo(tmp_path / "d" / "x.png")
    data = open_data(str(tmp_path / "d"))
    assert len(data) == 4 and data.facts["skipped"] == [("x.png", "not a regular file")]
    os.mkfifo(tmp_path / "x.npz")
    refused("neither a folder nor a regular file", tmp_path / "x.npz")
    os.mkfifo(tmp_path / "d" / "labels.csv")
    refused("labels.csv cannot be read .* not a regular file", tmp_path / "d")


def test_a_folder_is_read_once_however_it_is_linked(tmp_path: Path) -> None:
    draw(tmp_path / "d" / "a" / "1.png", grey(5))
    for place, target in {"d/self": "self", "d/a/up": "..", "d/again": "a", "d/a/b": "."}.items():
        (tmp_path / place).symlink_to(target)
    assert len(open_data(str(tmp_path / "d"))) == 1


# ------------------------------------------------------------------ ranges, depth, channels


@pytest.mark.parametrize(
    ("low", "high", "dtype"),
    [
        (0, 1, np.float32),
        (-1e-6, 1 + 1e-6, np.float64),
        (-1, 1, np.float32),
        (-1.01, 1.005, np.float32),
        (0, 255, np.float32),
        (-0.4, 255.6, np.float64),
        (0, 1, np.uint8),
        (0, 1, np.int64),
        (-1, 1, np.int8),
        (0, 1023, np.int32),
        (0, 4095, np.uint16),
        (0, 65535, np.uint16),
    ],
)
def test_values_of_every_range_fill_black_to_white(tmp_path: Path, low, high, dtype) -> None:
    x = np.zeros((3, 8, 8), np.float64) + low
    x[:, 4:] = high
    np.savez(tmp_path / "a.npz", x=x.astype(dtype))
    read = open_data(str(tmp_path / "a.npz")).x
    assert (int(read[:, :, :4].max()), int(read[:, :, 4:].min())) == (0, 255)


@pytest.mark.parametrize(("low", "high"), [(0, 1.5), (-3, 3), (0, 300), (-0.5, 16)])
def test_floats_that_fit_no_range_are_refused(tmp_path: Path, low: float, high: float) -> None:
    np.savez(tmp_path / "a.npz", x=np.linspace(low, high, 128, dtype=np.float32).reshape(2, 8, 8))
    refused("expected 0 to 255, 0 to 1 or -1 to 1", tmp_path / "a.npz")


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_a_deeper_file_has_the_scale_of_the_whole_set(tmp_path: Path, bits: int) -> None:
    white = 2**bits - 1
    draw(tmp_path / "d" / "train" / "0.png", grey(white // 5, np.uint16))
    draw(tmp_path / "d" / "train" / "1.tif", grey(2 * white // 5, np.int32))
    draw(tmp_path / "d" / "test" / "2.png", grey(white, np.uint16))
    read = [open_data(str(tmp_path / "d"), split).x.amax((1, 2, 3)).tolist() for split in ("train", "test")]
    assert read == [[51, 102], [255]]
    report = check(str(tmp_path / "d"))
    assert report.converted == {f"{bits}-bit": 3}
    assert bool(report.notes) == (bits < 16)


def test_channels_follow_pixels(tmp_path: Path) -> None:
    color = np.zeros((8, 8, 3), np.uint8)
    color[..., 0] = 9
    for i in range(3):
        draw(tmp_path / "color" / f"{i}.png", color, "RGBA" if i == 1 else None)
        draw(tmp_path / "grey" / f"{i}.png", grey(10 * i), [None, "P", "RGBA"][i])
    for name, channels in {"color": 3, "grey": 1}.items():
        assert open_data(str(tmp_path / name)).spec.shape == (channels, 8, 8)
        assert check(str(tmp_path / name)).channels == channels
    assert open_data(str(tmp_path / "grey")).x.amax((1, 2, 3)).tolist() == [0, 10, 20]
    clear = np.concatenate([color, np.full((8, 8, 1), 254, np.uint8)], 2)
    draw(tmp_path / "color" / "9.png", clear)
    assert open_data(str(tmp_path / "color")).spec.shape == (4, 8, 8)  # a control: one that is not opaque


# ------------------------------------------------------------------ labels and splits


def stylegan(path: Path, labels: object) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(6):
            held = io.BytesIO()
            Image.fromarray(grey(i)).save(held, "png")
            archive.writestr(f"{i // 3:05}/img{i:08}.png", held.getvalue())
        archive.writestr("dataset.json", json.dumps({"labels": labels}))
    return path


def test_stylegans_labels_are_read_and_its_folders_are_none(tmp_path: Path) -> None:
    told = [[f"{i // 3:05}/img{i:08}.png", i % 2] for i in range(6)]
    data = open_data(str(stylegan(tmp_path / "c.zip", told)))
    assert data.label is not None and data.label.tolist() == [0, 1, 0, 1, 0, 1]
    assert data.spec.classes == ("0", "1")
    assert open_data(str(stylegan(tmp_path / "u.zip", None))).spec.classes == ()
    refused("dataset.json cannot be read", stylegan(tmp_path / "v.zip", [["a.png", [0.1, 0.2]]]))


@pytest.mark.parametrize(
    "names", ["Train Test", "training testing", "TRAIN VAL", "train Validation", "train dev"]
)
def test_splits_have_any_of_their_names_in_any_case(tmp_path: Path, names: str) -> None:
    train, other = names.split()
    draw(tmp_path / "d" / train / "a" / "1.png", grey(1))
    draw(tmp_path / "d" / train / "b" / "1.png", grey(2))
    draw(tmp_path / "d" / other / "b" / "1.png", grey(3))
    draw(tmp_path / "d" / "unused" / "1.png", grey(4))
    draw(tmp_path / "d" / "5.png", grey(5))
    for name, held in {"train": [1, 2], train: [1, 2], other: [3]}.items():
        data = open_data(str(tmp_path / "d"), name)
        assert data.x.amax((1, 2, 3)).tolist() == held and data.spec.classes == ("a", "b")
    assert data.facts["passed"] == {"images in unused/, which is no split": 1, "images beside the splits": 1}


def test_what_is_passed_over_is_counted_by_ending_and_named(tmp_path: Path) -> None:
    draw(tmp_path / "d" / "1.png", grey(1))
    Image.fromarray(grey(2)).save(tmp_path / "d" / "2.jfif", "JPEG")
    for name in ("a.txt", "b.TXT", "LICENSE", "train.csv", "metadata.csv"):
        (tmp_path / "d" / name).write_text("id\n1\n")
    report = check(str(tmp_path / "d"))
    assert report.n == 2
    assert report.passed == {
        ".txt": 2,
        "without an ending": 1,
        "train.csv (labels are read from labels.csv)": 1,
        "metadata.csv (it holds no labels)": 1,
    }
    assert "passed over" in render(report)


def test_a_photograph_of_a_phone_is_read_or_the_way_to_it_is_named(tmp_path: Path) -> None:
    draw(tmp_path / "d" / "1.png", grey(1))
    (tmp_path / "d" / "2.HEIC").write_bytes(b"no image")
    try:
        import pillow_heif  # noqa: F401
    except ImportError:
        assert check(str(tmp_path / "d")).passed == {".heic (pip install 'rivalry[heic]' reads it)": 1}
    else:
        assert check(str(tmp_path / "d")).corrupt == [("2.HEIC", "not an image")]


def test_a_metadata_jsonl_gives_labels(tmp_path: Path) -> None:
    rows = [{"file_name": f"{i}.png", "label": "ab"[i % 2]} for i in range(4)]
    for i in range(4):
        draw(tmp_path / "d" / f"{i}.png", grey(i))
    (tmp_path / "d" / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    data = open_data(str(tmp_path / "d"))
    assert data.label is not None and (data.spec.classes, data.label.tolist()) == (("a", "b"), [0, 1, 0, 1])


@pytest.mark.parametrize("key", ["arr_1", "other"])
def test_the_second_array_of_savez_is_the_labels(tmp_path: Path, key: str) -> None:
    x = np.random.default_rng(0).integers(256, size=(4, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "a.npz", arr_0=x, **{key: np.array([2, 0, 2, 10])})
    data = open_data(str(tmp_path / "a.npz"))
    if key == "arr_1":
        assert data.label is not None and (data.label.tolist(), data.spec.classes) == (
            [1, 0, 1, 2],
            ("0", "2", "10"),
        )
    else:
        assert data.label is None and data.facts["passed"] == {"the array other": 1}


def test_the_mark_of_no_label_is_no_class(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")

    def write(labels: list[int | None]) -> Path:
        cells = []
        for i in range(len(labels)):
            held = io.BytesIO()
            Image.fromarray(grey(i)).save(held, "png")
            cells.append({"bytes": held.getvalue(), "path": None})
        table = pyarrow.table({"image": cells, "label": pyarrow.array(labels, pyarrow.int64())})
        named = {"info": {"features": {"label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}}}
        parquet.write_table(
            table.replace_schema_metadata({"huggingface": json.dumps(named)}), tmp_path / "a.parquet"
        )
        return tmp_path / "a.parquet"

    data = open_data(str(write([0, -1, 1, None, 0])))
    assert data.label is not None and data.label.tolist() == [0, 1, 0]
    assert data.x.amax((1, 2, 3)).tolist() == [0, 2, 4]
    assert data.facts["passed"] == {"rows without a label": 2}
    none = open_data(str(write([-1, -1, -1])))
    assert none.label is None and none.spec.classes == () and len(none) == 3
    refused("row 2 of .* has the label 2; there are 2 names", write([0, 1, 2]))


def test_a_whole_number_of_thousands_of_digits_is_a_name(tmp_path: Path) -> None:
    for name in ("9" * 200, "10"):
        draw(tmp_path / "d" / name / "1.png", grey(1))
    assert torch.equal(open_data(str(tmp_path / "d")).label, torch.tensor([0, 1]))
