"""Series whose distribution is known.

`sines`: five curves of 24 steps, (1 + sin(η t + θ)) / 2 with η and θ uniform on [0, 0.1] for each curve by itself: the
    slow sines on which TimeGAN was measured (Yoon, Jarrett & van der Schaar 2019, "Time-series Generative Adversarial
    Networks").
"""

import torch

from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest

SPLITS = {"train": (10_000, 0), "test": (2_000, 1)}  # how many, from which seed
STEPS, CURVES = 24, 5


def open_series(name: str, split: str = "train") -> Dataset:
    """The set "sines": (n, 24, 6), the last number of each step 1, as `kinds.episode` has it.

    Raises:
        BadRequest: for a split that is neither "train" nor "test".
    """
    if split not in SPLITS:
        raise BadRequest(f"{name!r} has no split {split!r}; it has train and test")
    n, seed = SPLITS[split]
    speed, start = 0.1 * torch.rand(2, n, 1, CURVES, generator=torch.Generator().manual_seed(seed))
    curves = (1 + (speed * torch.arange(STEPS)[:, None] + start).sin()) / 2
    x = torch.cat([curves, torch.ones(n, STEPS, 1)], 2)
    spec = Spec(name, "episode", (STEPS, CURVES + 1), about={"observation": CURVES})
    return Dataset(spec, x, None, {"source": name, "splits": tuple(SPLITS), "license": "CC0"})
