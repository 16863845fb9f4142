"""Shared by metrics on images: the check of images, color, light, and random pairs."""

from collections.abc import Callable
from math import ceil

import torch
from torch import Tensor

from rivalry.data.source import Dataset
from rivalry.errors import BadRequest

LUMA = (0.299, 0.587, 0.114)  # of red, green and blue (ITU-R BT.601)


def require_images(who: str, fake: Tensor, real: Dataset | None = None, *, least: int, side: int) -> None:
    """Refuse images that a metric cannot measure.

    Args:
        who: the metric, for the message.
        fake: samples.
        real: data that they are compared with, if they are.
        least: how many images a side the metric needs.
        side: how many pixels their shorter side needs.

    Raises:
        BadRequest: not images, too few or too small, of another shape than the data, or not finite.
    """
    if fake.ndim != 4 or not fake.is_floating_point():
        came = f"{str(fake.dtype).removeprefix('torch.')} {tuple(fake.shape)}"
        raise BadRequest(f"{who} needs images (n, c, h, w) of floats in [-1, 1]; got {came}")
    shape = tuple(fake.shape[1:])
    if real is not None and tuple(real.spec.shape) != shape:
        raise BadRequest(f"{who}: samples are images {shape}, {real.spec.name!r} holds {real.spec.shape}")
    for kind, n in (("samples", len(fake)), ("data", least if real is None else len(real))):
        if n < least:
            raise BadRequest(f"{who} needs at least {least} {kind}; got {n}")
    if min(shape[1:]) < side:
        raise BadRequest(f"{who} needs images of at least {side} x {side}; these are {shape[1]} x {shape[2]}")
    if bad := int((~fake.flatten(1).isfinite().all(1)).sum()):
        raise BadRequest(f"{who}: {bad:,} of {len(fake):,} samples are not finite")


def in_color(x: Tensor) -> Tensor:
    """Images as networks for color photographs take them: (n, 1 or 3, h, w) -> (n, 3, h, w), grey repeated.

    Raises:
        BadRequest: another number of channels.
    """
    if x.shape[1] not in (1, 3):
        raise BadRequest(f"a network for color photographs takes 1 or 3 channels; got {x.shape[1]}")
    return x.expand(-1, 3, -1, -1)


def light(x: Tensor) -> Tensor:
    """How light images are: (n, c, h, w), c in 1..4 -> (n, h, w) in the same range; alpha is left out."""
    if x.shape[1] < 3:
        return x[:, 0]
    return torch.einsum("nchw,c->nhw", x[:, :3], x.new_tensor(LUMA))


def random_pairs(n: int, pairs: int, seed: int) -> tuple[Tensor, Tensor]:
    """The rows of random pairs of n: (pairs,) and (pairs,), two different rows each.

    No row is in a second pair before every other row (but one, for odd n) has been in a first.
    """
    generator = torch.Generator().manual_seed(seed)
    half = n // 2
    orders = [torch.randperm(n, generator=generator)[: 2 * half] for _ in range(ceil(pairs / half))]
    first, second = torch.cat([order.view(2, half) for order in orders], 1)[:, :pairs]
    return first, second


def mean_of_pairs(
    compare: Callable[[Tensor, Tensor], Tensor], images: Tensor | Dataset, pairs: int, seed: int, chunk: int
) -> tuple[float, float]:
    """The mean of a comparison over random pairs of images, and its standard error.

    Args:
        compare: of images (n, c, h, w) with as many others, (n,).
        chunk: pairs that are compared together.
    """
    rows = images.rows if isinstance(images, Dataset) else images.__getitem__
    chunks = zip(*(some.split(chunk) for some in random_pairs(len(images), pairs, seed)))
    each = torch.cat([compare(rows(first), rows(second)) for first, second in chunks])
    return float(each.double().mean()), error_of_pairs(each, len(images))


def error_of_pairs(values: Tensor, n: int) -> float:
    """The standard error of the mean over `random_pairs` of n: of all pairs only n/2 count, which share no row."""
    return float(values.double().std() / min(len(values), n // 2) ** 0.5)
