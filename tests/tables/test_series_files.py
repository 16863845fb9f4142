"""Series of files: windows are rows of the file, nothing held out is learned, and what is written has its units."""

import csv
import math
from pathlib import Path

import pytest
import torch

from rivalry.data import open_data
from rivalry.data.check import check, render
from rivalry.errors import BadRequest
from rivalry.games.table.rgan import rgan
from rivalry.runs.schema import ABOUT
from rivalry.show.samples import save

ROWS = [[f"2024-01-01 00:{i % 60:02d}:00", f"{100 + i}", f"{math.sin(i / 5):.2f}"] for i in range(60)]
NAMES = ["at", "height", "tide"]


def written(path: Path, rows: list[list[str]] = ROWS, names: list[str] = NAMES) -> str:
    path.write_text("\n".join(",".join(row) for row in [names, *rows]))
    return str(path)


def heights(data) -> torch.Tensor:
    """The first column in its units: (n, t)."""
    place = data.spec.about["columns"][0]
    return (data.x[:, :, 0].double() * place["scale"] + place["center"]).round()


def test_a_window_is_rows_in_a_row_and_no_row_is_in_both_splits(tmp_path: Path) -> None:
    file = written(tmp_path / "tide.csv")
    train, test = (open_data(f"{file}:window=6", split) for split in ("train", "test"))
    assert train.spec.shape == (6, 3) and (train.spec.kind, len(train), len(test)) == ("episode", 43, 7)
    assert torch.equal(heights(train)[0], torch.arange(100, 106).double())
    assert (heights(train).diff(dim=1) == 1).all() and (train.x[:, :, -1] == 1).all()
    assert float(heights(train).max()) < float(heights(test).min())
    apart = open_data(f"{file}:window=6,every=6")
    assert heights(apart).flatten().unique().numel() == 6 * len(apart) == 48
    mixed = [heights(open_data(f"{file}:window=6,shuffled=true", split)) for split in ("train", "test")]
    assert len(mixed[1]) == 11 and len(mixed[0]) == 44
    assert set(mixed[0].flatten().tolist()) & set(mixed[1].flatten().tolist())


def test_what_is_written_has_the_units_of_the_file_and_rgan_plays_on_it(tmp_path: Path) -> None:
    data = open_data(f"{written(tmp_path / 'tide.csv')}:window=6,every=6")
    assert ABOUT.holds(data.spec.about) and data.spec.meaning.fits(data.spec.shape, data.spec.about)
    save(lambda: [data.x], tmp_path / "made.csv", data.spec)
    with (tmp_path / "made.csv").open() as file:
        head, *lines = csv.reader(file)
    assert head == ["series", "step", "height", "tide"] and lines[0] == ["0", "0", "100", "0.00"]
    assert [line[2:] for line in lines] == [row[1:] for row in ROWS[:48]]
    x = rgan(data.spec, width=4).sample(3)
    assert x.shape == (3, 6, 3) and data.spec.meaning.valid(x, data.spec.x).all()
    said = render(check(f"{tmp_path}/tide.csv:window=6"))
    assert "'at' holds dates" in said and "height: whole numbers, 100 to 147" in said


def test_columns_of_strangers_do_not_fit(tmp_path: Path) -> None:
    spec = open_data(f"{written(tmp_path / 'tide.csv')}:window=6").spec
    fits = lambda columns: spec.meaning.fits(spec.shape, {**spec.about, "columns": columns})
    good = spec.about["columns"]
    category = {"name": "a", "type": "category", "categories": ["b"]}
    assert fits(good) and not any(map(fits, (good[:1], [*good[:1], category], "ab", [3, 4])))


@pytest.mark.parametrize(
    ("rows", "told", "said"),
    [
        (ROWS, "window=70", "has 60 rows, of which 48 are those of 'train'; a window of 70 needs more"),
        (ROWS, "window=0", "window"),
        ([[*row[:2], "calm"] for row in ROWS], "window=6", "'tide' holds texts such as 'calm'.*drop=tide"),
        ([[*row[:2], ""] for row in ROWS], "window=6", "'tide' is empty in the rows that are learned"),
        ([[row[0], "", row[2]] if i % 3 else row for i, row in enumerate(ROWS)], "window=6", "empty cell"),
        (ROWS, "window=6,drop=height+tide", "no column of .* is left"),
    ],
)
def test_bad_series_are_told(tmp_path: Path, rows: list[list[str]], told: str, said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        open_data(f"{written(tmp_path / 'tide.csv', rows)}:{told}")


def test_a_window_with_an_empty_cell_is_left_out_and_counted(tmp_path: Path) -> None:
    rows = [[row[0], "" if i == 20 else row[1], row[2]] for i, row in enumerate(ROWS)]
    data = open_data(f"{written(tmp_path / 'tide.csv', rows)}:window=6")
    assert len(data) == 43 - 6 and data.facts["passed"] == {"windows with an empty cell": 6}
