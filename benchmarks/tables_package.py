"""The same rows, steps and seed by the package `ctgan` (Business Source License): it is run here, and never copied.

    pip install --no-deps ctgan rdt pandas plotly faker tqdm narwhals python-dateutil six

Its numbers are told as decimals, its categories as text.  What it makes is judged as a game's samples are: clipped to
the range of the data and rounded, which helps it where a number lies outside.
"""

import time
from typing import Any

import torch
from record import Row
from torch import Tensor

from rivalry.data.source import Dataset
from rivalry.kinds.table import Place, cells, places

BATCH = 500  # rows of a step, its default


def by_package(name: str, real: Dataset, steps: int, seed: int) -> tuple[Tensor, Row]:
    """As many rows as the data (n, p) from the package's "CTGAN" or "TVAE", and its "rounds" and "seconds"."""
    import ctgan
    import pandas

    known = places(real.spec.x)
    assert all(place.type != "missing" for place in known), "the package takes no empty cells"
    columns = {p.name: _told(p, some) for p, some in zip(known, cells(real.x, real.spec.x))}
    an_epoch = max(len(real) // BATCH, 1)  # steps
    torch.manual_seed(seed)
    made = getattr(ctgan, name)(epochs=steps // an_epoch, batch_size=BATCH, enable_gpu=False)
    made.set_random_state(seed)
    began = time.perf_counter()
    made.fit(pandas.DataFrame(columns), [place.name for place in known if place.sorts])
    took = time.perf_counter() - began
    rows = made.sample(len(real))
    fake = torch.stack([_stored(place, rows[place.name]) for place in known], 1).float()
    return fake, {"rounds": steps // an_epoch * an_epoch, "seconds": took}


def _told(place: Place, some: list[str]) -> list[Any]:
    return some if place.sorts else [float(cell) for cell in some]


def _stored(place: Place, column: Any) -> Tensor:
    """A column as games see it, see `kinds.table`."""
    if place.sorts:
        return torch.tensor([float(place.categories.index(str(cell))) for cell in column])
    low, high = place.range()
    return ((torch.tensor(column.to_numpy(float)) - place.center) / place.scale).clamp(low, high)
