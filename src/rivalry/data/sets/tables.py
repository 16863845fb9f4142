"""Tables: measured tumors, and a drawn table whose dependence is known.

`breast-cancer`: 30 measurements of cell nuclei in 569 images of breast masses, and the diagnosis (Wolberg, Street &
    Mangasarian 1995, CC BY 4.0), as scikit-learn has them.  A half is held out.
`synthetic-table`: numbers, whole numbers, categories, a date and empty cells, each depending on others in a known way:
    `income = 2 + .05 age + noise` in thousands, `smoker` twice as likely in the north, `visits` a Poisson number around
    1 + 3 [smoker], `weight` missing for one in ten.
"""

from datetime import timedelta

import numpy as np
import torch

from rivalry.data.readers.table import from_columns
from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.kinds.table import START

SPLITS = {"train": (4_000, 0), "test": (4_000, 1)}
REGIONS = ("north", "east", "south", "west")
SHARES = (0.5, 0.3, 0.17, 0.03)


def open_table_set(name: str, split: str = "train") -> Dataset:
    """The set "breast-cancer" or "synthetic-table".

    Raises:
        BadRequest: for a split that is neither "train" nor "test", or without scikit-learn.
    """
    if split not in SPLITS:
        raise BadRequest(f"{name!r} has no split {split!r}; it has train and test")
    dataset, license = {"breast-cancer": _breast_cancer, "synthetic-table": _synthetic}[name](split)
    dataset.facts.update({"source": name, "splits": tuple(SPLITS), "license": license})
    return dataset


def _breast_cancer(split: str) -> tuple[Dataset, str]:
    try:
        from sklearn.datasets import load_breast_cancer
    except ImportError as error:
        raise BadRequest("'breast-cancer' comes with scikit-learn: pip install scikit-learn") from error
    told = load_breast_cancer()
    columns = [[repr(float(value)) for value in column] for column in told.data.T]
    columns.append([str(told.target_names[k]) for k in told.target])
    test = torch.ones(len(told.target), dtype=torch.bool)
    test[torch.randperm(len(test), generator=torch.Generator().manual_seed(0))[: (len(test) + 1) // 2]] = (
        False
    )
    names = [*map(str, told.feature_names), "diagnosis"]
    return from_columns("breast-cancer", names, columns, split, target="diagnosis", test=test), "CC BY 4.0"


def _synthetic(split: str) -> tuple[Dataset, str]:
    both = [_drawn(*SPLITS[name]) for name in SPLITS]
    columns = {name: [*both[0][name], *both[1][name]] for name in both[0]}
    test = torch.arange(sum(n for n, _ in SPLITS.values())) >= SPLITS["train"][0]
    dataset = from_columns(
        "synthetic-table", [*columns], [*columns.values()], split, target="smoker", test=test
    )
    return dataset, "CC0"


def _drawn(n: int, seed: int) -> dict[str, list[str]]:
    draw = np.random.default_rng(seed)
    age = draw.integers(18, 90, n)
    region = draw.choice(4, n, p=SHARES)
    smoker = draw.random(n) < np.where(region == 0, 0.4, 0.2)
    income = 2 + 0.05 * age + 0.5 * draw.standard_normal(n)
    visits = draw.poisson(1 + 3 * smoker) + draw.integers(0, 12, n) * (draw.random(n) < 0.05)
    weight = np.where(draw.random(n) < 0.5, draw.normal(62, 6, n), draw.normal(84, 7, n))
    days = draw.integers(0, 3650, n)
    return {
        "age": [str(one) for one in age],
        "region": [REGIONS[k] for k in region],
        "smoker": ["yes" if one else "no" for one in smoker],
        "income": [f"{one:.2f}" for one in income],
        "visits": [str(one) for one in visits],
        "weight": ["" if draw.random() < 0.1 else f"{one:.1f}" for one in weight],
        "admitted": [f"{START + timedelta(days=12_000 + int(one)):%Y-%m-%d}" for one in days],
    }
