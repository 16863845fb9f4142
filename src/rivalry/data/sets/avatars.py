"""Small faces whose parts are known by construction, and a rule that reads these parts from any picture.

`avatars`: a head on a plain ground, at the same place up to a shift of one pixel.  The color of the hair and what
    the head wears are known; skin and ground vary.  Measurements of editing read both from edited pictures with
    `read_avatars`.

They are drawn from a seed and are the same on every machine.  The two splits are two draws from one distribution.
"""

from functools import cache
from itertools import product

import torch
from torch import Tensor

from rivalry.data.sets.shapes import COLORS, SPLITS
from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest

SIDE = 32
WEARS = ("nothing", "glasses", "patch", "mask")
SKINS = (250, 215, 190), (110, 70, 45)  # from one to the other
GROUNDS = (96, 224)  # grey, from one to the other
SHIFT = 1.0  # pixels, in each direction

DARK, LIPS, CLOTH, SHIRT = (25, 25, 35), (150, 50, 60), (225, 240, 245), (90, 95, 120)
EYES = (12.5, 17.0), (19.5, 17.0)


def open_avatars(name: str, split: str = "train") -> Dataset:
    """The set "avatars": 10,000 training and 2,000 test pictures.

    Raises:
        BadRequest: for a split that is neither "train" nor "test".
    """
    if split not in SPLITS:
        raise BadRequest(f"{name!r} has no split {split!r}; it has {' and '.join(SPLITS)}")
    return avatars(*SPLITS[split])


def avatars(n: int = 10_000, seed: int = 0) -> Dataset:
    """Draw heads that wear nothing, glasses, an eye patch or a mask, with hair of four colors, all equally likely.

    Returns:
        uint8 (n, 3, 32, 32); the label is what is worn.  Columns "hair" and "wears", int64 (n,), with the names of
        their values in `facts["attributes"]`.
    """
    draw = torch.Generator().manual_seed(seed)
    hair, wears = (torch.randint(len(names), (n,), generator=draw) for names in (COLORS, WEARS))
    skin, ground = torch.rand(2, n, generator=draw)
    shift = SHIFT * (2 * torch.rand(n, 2, generator=draw) - 1)
    parts = zip(*(column.split(500) for column in (hair, wears, skin, ground, shift)))  # what fits a cache
    x = torch.cat([drawn(*part).round().byte() for part in parts])
    columns = {"hair": hair, "wears": wears}
    names = {"hair": tuple(COLORS), "wears": WEARS}
    facts = {"source": "generated", "splits": tuple(SPLITS), "attributes": names}
    return Dataset(Spec("avatars", "image", (3, SIDE, SIDE), WEARS), x, wears, facts, columns)


def read_avatars(x: Tensor) -> dict[str, Tensor]:
    """Read the hair and what is worn: those of the nearest head that the set could hold.

    The distance is the squared difference over the pixels that belong to the head for every shift.  A picture is
    compared with heads of five skins, with and without a shift of a pixel.  A picture without a head gets an
    answer too.

    Args:
        x: (n, 3, 32, 32) in [-1, 1].

    Returns:
        "hair" and "wears", int64 (n,).
    """
    if x.shape[1:] != (3, SIDE, SIDE):
        raise BadRequest(f"expected pictures (n, 3, {SIDE}, {SIDE}) in [-1, 1], got {tuple(x.shape)}")
    hair, wears, heads, inside = (some.to(x.device) for some in _templates())
    pixels = (x.float().flatten(2)[..., inside] + 1) * 127.5
    nearest = torch.cdist(pixels.flatten(1), heads).argmin(1)
    return {"hair": hair[nearest], "wears": wears[nearest]}


# ---------------------------------------------------------------------- drawing


def drawn(hair: Tensor, wears: Tensor, skin: Tensor, ground: Tensor, shift: Tensor) -> Tensor:
    """Paint heads, one part over another.

    Args:
        hair, wears: numbers of their names, (n,).
        skin, ground: from 0 to 1, (n,).
        shift: across and down, in pixels, (n, 2).

    Returns:
        (n, 3, 32, 32) in [0, 255].
    """
    at = torch.arange(SIDE) + 0.5
    u, v = at - shift[:, :1, None], (at - shift[:, 1:])[..., None]  # (n, 1, 32) and (n, 32, 1)
    worn = lambda name: (wears == WEARS.index(name))[:, None, None]
    face = _oval(u, v, (16, 18), (8.5, 10)) * _edge(v - 12)  # under a fringe
    eyes = torch.stack([_oval(u, v, eye, (1.4, 1.4)) for eye in EYES]).amax(0)
    rims = torch.stack([_ring(u, v, eye, 3.0, 0.6) for eye in EYES]).amax(0)
    bridge = _edge(0.8 - (u - 16).abs()) * _edge(0.5 - (v - EYES[0][1]).abs())
    grey = GROUNDS[0] + (GROUNDS[1] - GROUNDS[0]) * ground
    x = grey[:, None, None, None].expand(-1, 3, SIDE, SIDE)
    for covered, color in (
        (_oval(u, v, (16, 37), (13, 9)), _ink(SHIRT)),
        (_oval(u, v, (16, 16), (10.5, 12)), torch.tensor([*COLORS.values()]).float()[hair]),
        (face, torch.lerp(_ink(SKINS[0]), _ink(SKINS[1]), skin[:, None])),
        (eyes, _ink(DARK)),
        (_oval(u, v, (16, 23.5), (3, 1)), _ink(LIPS)),
        (torch.maximum(rims, bridge) * worn("glasses"), _ink(DARK)),
        (_oval(u, v, EYES[0], (3.4, 3.0)) * worn("patch"), _ink(DARK)),
        (_oval(u, v, (16, 24.5), (7, 4.5)) * face * worn("mask"), _ink(CLOTH)),
    ):
        x = torch.lerp(x, color[..., None, None], covered[:, None])
    return x


def _edge(inside: Tensor) -> Tensor:
    """The share of a pixel that is covered, from the distance in pixels by which its middle lies inside."""
    return (inside + 0.5).clamp(0, 1)


def _oval(u: Tensor, v: Tensor, center: tuple[float, float], radii: tuple[float, float]) -> Tensor:
    far = torch.hypot((u - center[0]) / radii[0], (v - center[1]) / radii[1])
    return _edge((1 - far) * min(radii))


def _ring(u: Tensor, v: Tensor, center: tuple[float, float], radius: float, half: float) -> Tensor:
    return _edge(half - (torch.hypot(u - center[0], v - center[1]) - radius).abs())


def _ink(color: tuple[int, int, int]) -> Tensor:
    return torch.tensor([color]).float()


# ---------------------------------------------------------------------- reading


@cache
def _templates() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Hair, what is worn, and the pixels inside of every head to compare with; and the index of these pixels."""
    skins, shifts = torch.linspace(0, 1, 5).tolist(), (-SHIFT, 0.0, SHIFT)
    every = torch.tensor([*product(range(len(COLORS)), range(len(WEARS)), skins, shifts, shifts)])
    hair, wears = every[:, 0].long(), every[:, 1].long()
    heads = drawn(hair, wears, every[:, 2], torch.zeros(len(every)), every[:, 3:])
    at = torch.arange(SIDE) + 0.5
    inside = _oval(at[None, None], at[None, :, None], (16, 16.5), (9, 10)).flatten() == 1
    return hair, wears, heads.flatten(2)[..., inside].flatten(1), inside
