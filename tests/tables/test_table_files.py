"""Tables of files: what is read, and that what is written is of the same columns, types, ranges and rounding."""

import csv
import json
from pathlib import Path

import pytest
import torch

from rivalry.data import open_data
from rivalry.data.check import check, render
from rivalry.errors import BadRequest
from rivalry.kinds.table import cells, header, places, values
from rivalry.runs.schema import ABOUT
from rivalry.show.samples import save


def pulse(i: int) -> str:
    return "" if i % 7 == 0 else str(i % 13 + 100)


ROWS = [
    [str(20 + i % 37), "FM"[i % 2], f"{1.5 * (i % 23):.2f}", pulse(i), f"2024-01-{i % 28 + 1:02d}"]
    for i in range(120)
]  # fmt: skip
NAMES = ["age", "sex", "dose", "pulse", "day"]


def written(
    path: Path, rows: list[list[str]], names: list[str] = NAMES, by: str = ",", code: str = "utf-8"
) -> str:
    path.write_bytes("\n".join(by.join(row) for row in [names, *rows]).encode(code))
    return str(path)


def test_what_is_written_is_what_was_read(tmp_path: Path) -> None:
    data = open_data(written(tmp_path / "a.csv", ROWS))
    kept = [row for i, row in enumerate(ROWS) if i % 5 != 4]
    assert [place.type for place in places(data.spec.x)] == [
        "number",
        "category",
        "number",
        "number",
        "missing",
        "date",
    ]
    assert header(data.spec.x) == NAMES
    assert [list(row) for row in zip(*cells(data.x, data.spec.x))] == kept
    save(lambda: [data.x], tmp_path / "b.csv", data.spec)
    with (tmp_path / "b.csv").open() as file:
        assert [*csv.reader(file)] == [NAMES, *kept]
    assert torch.isnan(values(data.x, data.spec.x)[:, 3]).sum() == sum(not row[3] for row in kept)
    save(lambda: [data.x], tmp_path / "c.parquet", data.spec)
    again = open_data(str(tmp_path / "c.parquet"))
    assert [place.type for place in places(again.spec.x)] == [place.type for place in places(data.spec.x)]


def test_what_a_game_makes_is_written_within_ranges_and_rounded(tmp_path: Path) -> None:
    column = open_data(written(tmp_path / "a.csv", ROWS)).spec.x
    wild = 50 * torch.randn(200, 6, generator=torch.Generator().manual_seed(0))
    age, sex, dose, pulse, day = cells(wild, column)
    assert set(age) == {"20", "56"} | (set(age) & {str(a) for a in range(20, 57)})
    assert set(sex) == {"F", "M"} and set(day) <= {f"2024-01-{d:02d}" for d in range(1, 29)}
    assert all(0 <= float(d) <= 33 and len(d.split(".")[1]) == 2 for d in dose)
    assert "" in pulse and all(p == "" or 100 <= int(p) <= 112 for p in pulse)


def test_delimiters_encodings_and_decimal_commas_are_found_out(tmp_path: Path) -> None:
    rows = [[f"{i},5", "Köln" if i % 2 else "Bonn"] for i in range(40)]
    for by, code in ((";", "utf-8"), (";", "cp1252"), ("\t", "utf-16")):
        data = open_data(written(tmp_path / "a.csv", rows, ["number", "town"], by, code))
        assert [place.type for place in places(data.spec.x)] == ["number", "category"]
        assert places(data.spec.x)[1].categories == ("Bonn", "Köln") or by == "\t"
    assert "Windows-1252" in render(
        check(written(tmp_path / "b.csv", rows, ["number", "town"], ";", "cp1252"))
    )


def test_bad_tables_are_refused_or_said(tmp_path: Path) -> None:
    names = [["a", str(i)] for i in range(40)]
    mixed = [[str(i) if i % 3 else f"no {i}", "x"] for i in range(90)]
    for rows, head, said in (
        ([], NAMES, "holds only a line of names"),
        (ROWS[:1], NAMES, "holds 1 row;"),
        (ROWS, ["age", "sex", "age", "pulse", "day"], "two columns named 'age'"),
        ([[f"patient {i}", "1"] for i in range(60)], ["id", "b"], r"'id' has 60 different texts .* drop=id"),
        (mixed, ["a", "b"], "mixes numbers and text"),
        ([*ROWS, *[["1", "2"]] * 5], NAMES, "5 rows of .* do not fit its header"),
    ):
        with pytest.raises(BadRequest, match=said):
            open_data(written(tmp_path / "a.csv", rows, head))
    for content, said in (
        ("", "is empty"),
        ("\n , \n", "is empty"),
        ("a,b\n" + ",\n" * 30, "every cell of .* is empty below its line of names"),
        ("a,b\n" + "NA,7\n" * 30, "every column of .* holds a single value, or nothing"),
    ):
        (tmp_path / "a.csv").write_text(content)
        with pytest.raises(BadRequest, match=said):
            open_data(str(tmp_path / "a.csv"))
    with pytest.raises(BadRequest, match="no column 'aeg'"):
        open_data(written(tmp_path / "a.csv", ROWS) + ":drop=aeg")
    odd = [["", "1", *one] for one in names]
    told = render(check(written(tmp_path / "a.csv", odd, ["gone", "same", "letter", "id"])))
    assert "'gone' holds nothing" in told and "'same' holds only '1'" in told
    assert "if it names rows, leave it out with drop=id" in told


def test_older_encodings_and_rows_without_cells_are_said(tmp_path: Path) -> None:
    for code, letters, said in (("gb18030", "男女", "GB18030"), ("cp1252", "äß", "Windows-1252")):
        rows = [[str(i), letters[i % 2] + "b"] for i in range(40)]
        file = written(tmp_path / "a.csv", [*rows, ["", ""]], ["a", "b"], code=code)
        data = open_data(file)
        assert set(places(data.spec.x)[1].categories) == {letter + "b" for letter in letters}
        assert f"read as {said}: if letters look wrong" in data.facts["notes"][0]
        assert "rows without any cell, left out: 1" in data.facts["notes"]


def test_settings_tell_columns(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", ROWS)
    data = open_data(f"{path}:categorical=age+pulse,drop=day,target=sex")
    assert [place.type for place in places(data.spec.x)] == ["category", "category", "number", "category"]
    assert data.spec.classes == ("F", "M") and data.label is not None
    assert data.label.tolist() == [i % 2 for i in range(120) if i % 5 != 4]
    assert len(open_data(path, "test")) == 24


def test_named_tables() -> None:
    data = open_data("synthetic-table")
    age, income = values(data.x, data.spec.x)[:, (0, 3)].T
    slope = float(((age - age.mean()) * income).mean() / age.var())
    assert len(data) == 4000 and abs(slope - 0.05) < 0.003
    pytest.importorskip("sklearn")
    data = open_data("breast-cancer")
    assert (len(data), data.spec.shape, data.spec.classes) == (285, (31,), ("benign", "malignant"))


def test_a_run_of_a_table_is_read_back(tmp_path: Path) -> None:
    data = open_data(written(tmp_path / "a.csv", ROWS) + ":target=sex")
    assert ABOUT.holds(data.spec.about)
    assert not ABOUT.holds({"columns": [{"a": {"b": 1}}]})
    assert data.spec.meaning.fits(data.spec.shape, json.loads(json.dumps(data.spec.about)))
    for wrong in (
        {"type": "numbers"},
        {"scale": 0.0},
        {"categories": ["a", "a"]},
        {"decimals": -1},
        {"more": 1},
    ):
        about = {"columns": [{"name": "a", **wrong}]}
        assert not data.spec.meaning.fits((1,), about)
