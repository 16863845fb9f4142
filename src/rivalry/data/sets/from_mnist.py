"""Sets made from MNIST: in color, on 32 x 32 pixels, stacked by three, and as digits and the edges of other digits.

They are computed from the bundled digits each time they are opened, and are the same on every machine.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from rivalry.data.sets.bundled import open_bundled
from rivalry.data.sets.shapes import HUES
from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest

SEEDS = {"train": 0, "test": 1}


def open_from_mnist(name: str, split: str = "train") -> Dataset:
    """The set "colored-mnist", "mnist-32", "mnist-edges" or "stacked-mnist", with the splits of MNIST.

    Raises:
        BadRequest: for a split that is neither "train" nor "test".
    """
    if split not in SEEDS:
        raise BadRequest(f"{name!r} has no split {split!r}; it has train and test")
    mnist = open_bundled("mnist", split)
    make = {
        "colored-mnist": _colored,
        "mnist-32": _padded,
        "mnist-edges": _with_edges,
        "stacked-mnist": _stacked,
    }[name]
    made = make(name, mnist, np.random.default_rng(SEEDS[split]))
    made.facts |= {**mnist.facts, "source": "made from mnist"}
    return made


def edges(x: Tensor) -> Tensor:
    """The edges of digits: the pixels that a digit gains by a dilation of one pixel.

    Digits and their edges are the first task of coupled GANs (Liu & Tuzel 2016, arXiv 1606.07536); the filter
    is our own.

    Args:
        x: (n, c, h, w), light on dark, bytes or floats in [-1, 1].

    Returns:
        The same shape, type and range, again light on dark.
    """
    value = x.float()
    gained = F.max_pool2d(value, 3, 1, 1) - value  # in [0, 255], or in [0, 2]
    return gained.to(x.dtype) if x.dtype == torch.uint8 else gained.sub(1).to(x.dtype)


def _colored(name: str, mnist: Dataset, draw: np.random.Generator) -> Dataset:
    """Digits on black in one of six colors, which is independent of the digit; the label is the digit."""
    color = torch.from_numpy(draw.integers(len(HUES), size=len(mnist)))
    ink = torch.tensor([*HUES.values()], dtype=torch.int16)[color][..., None, None]  # (n, 3, 1, 1)
    x = torch.empty(len(mnist), 3, 28, 28, dtype=torch.uint8)
    for rows in torch.arange(len(x)).split(1000):
        x[rows] = ((mnist.x[rows].int() * ink[rows] + 127) // 255).byte()
    spec = Spec(name, "image", (3, 28, 28), mnist.spec.classes)
    return Dataset(spec, x, mnist.label, {"attributes": {"color": tuple(HUES)}}, {"color": color})


def _padded(name: str, mnist: Dataset, _draw: np.random.Generator) -> Dataset:
    """Add two black pixels on every side."""
    return Dataset(
        Spec(name, "image", (1, 32, 32), mnist.spec.classes), F.pad(mnist.x, (2, 2, 2, 2)), mnist.label
    )


def _stacked(name: str, mnist: Dataset, draw: np.random.Generator) -> Dataset:
    """A digit in each of three channels, drawn independently: 1,000 modes (Metz et al. 2017, arXiv 1611.02163).

    The column "mode" holds the three digits as one number.
    """
    assert mnist.label is not None
    rows = torch.from_numpy(np.stack([draw.permutation(len(mnist)) for _ in range(3)]))  # (3, n)
    x = mnist.x[:, 0][rows].transpose(0, 1).contiguous()
    mode = torch.tensor([100, 10, 1]) @ mnist.label[rows]
    return Dataset(Spec(name, "image", (3, 28, 28)), x, None, {"stacked": True}, {"mode": mode})


def _with_edges(name: str, mnist: Dataset, draw: np.random.Generator) -> Dataset:
    """One half of the digits unchanged, and the edges of the other half; the label is the domain."""
    assert mnist.label is not None
    domain = torch.from_numpy(draw.permutation(np.arange(len(mnist)) % 2))
    x = mnist.x.clone()
    for rows in torch.nonzero(domain).flatten().split(1000):
        x[rows] = edges(x[rows])
    facts = {"attributes": {"digit": mnist.spec.classes}}
    return Dataset(
        Spec(name, "image", (1, 28, 28), ("digits", "edges")), x, domain, facts, {"digit": mnist.label}
    )
