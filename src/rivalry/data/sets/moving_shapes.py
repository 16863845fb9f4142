"""`moving-shapes`: clips of one colored thing that moves over a grey texture that stands still.

    plain       it moves left or right from near the middle, at one speed
    turns=true  it comes down to a wall and there turns left or right, with equal chance; so the frame after the wall
                has two possible contents, and no frame before it tells which

The thing is a square or a disc of one area.  Only the thing has color, so that `read_motion` can find it, and tell its
color, shape and direction, in any clip: a pixel is (1 - w) · grey + w · color, and w is the share of it that the thing
covers.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.settings import Count

SIDE = 16  # pixels of a frame
SPLITS = {"train": (4_000, 0), "test": (1_000, 1)}  # how many clips, from which seed
COLORS = {"red": (230, 50, 50), "green": (50, 190, 70), "blue": (60, 90, 230)}
SHAPES = ("square", "disc")
DIRECTIONS = ("left", "right")
AREA = 25.0  # pixels that the thing covers
GROUNDS = (50, 170)  # the darkest and the lightest grey of the texture
PATCH = 3  # pixels between the values that the texture is drawn from
TRAVEL = 4.4  # pixels from the first frame of a plain clip to its last
RADIUS = (AREA / torch.pi) ** 0.5
WALL = 14  # the first row of the wall
WALL_GREY = 215
DOWN, ASIDE = 1.6, 2.0  # pixels a frame, before the turn and after it
STILL = 1.0  # pixels; what moves less from the first frame to the last moves in no direction
RATE = 8  # frames per second


class Motion(NamedTuple):
    """What `read_motion` finds in clips.

    Attributes:
        mask: (n, f, h, w) bool, the pixels of which the thing covers more than half.
        direction: (n,) 0 for left, 1 for right, 2 for neither, by its places in the first and in the last frame.
        color, shape: (n, f) numbers of their names, frame by frame.
    """

    mask: Tensor
    direction: Tensor
    color: Tensor
    shape: Tensor


def open_moving_shapes(name: str, split: str = "train", *, frames: Count = 8, turns: bool = False) -> Dataset:
    """4,000 training and 1,000 test clips of 16 x 16 RGB.

    Settings:
        frames: of a clip, 3 or more; with turns 8 or more
        turns: it comes down to a wall and turns there

    Returns:
        uint8 (n, frames, 3, 16, 16); the label is the direction.  Columns "color" and "shape", int64 (n,), and "mask",
        bool (n, frames, 16, 16).  With turns also "turn", int64 (n,), the first frame after the wall, and "other", the
        same clips had they turned the other way.  The fact `motion` is the rule that reads clips.

    Raises:
        BadRequest: no such split, or too few frames.
    """
    if split not in SPLITS:
        raise BadRequest(f"{name!r} has no split {split!r}; it has train and test")
    if frames < (least := 8 if turns else 3):
        raise BadRequest(f"{name!r} has {least} frames or more{' with turns' * turns}; got {frames}")
    n, seed = SPLITS[split]
    draw = torch.Generator().manual_seed(seed)
    direction, shape, color = (
        torch.randint(len(of), (n,), generator=draw) for of in (DIRECTIONS, SHAPES, COLORS)
    )
    ground = _texture(n, draw)
    others = {"color": color, "shape": shape}
    if turns:
        ground[:, WALL:] = WALL_GREY
        center, others["turn"] = _to_the_wall(n, frames, draw)
        aside = _aside(center, others["turn"])
        there, back = (
            center + side[:, None, None] * aside for side in (2 * direction - 1, 1 - 2 * direction)
        )
        others["other"] = _painted(ground, _covered(back, shape), color)
    else:
        there = _across(n, frames, direction, draw)
    covered = _covered(there, shape)
    others["mask"] = covered > 0.5
    x = _painted(ground, covered, color)
    facts = {
        "source": "generated",
        "splits": tuple(SPLITS),
        "attributes": {"color": tuple(COLORS), "shape": SHAPES},
        "motion": read_motion,
    }
    spec = Spec(name, "clip", tuple(x.shape[1:]), DIRECTIONS, about={"rate": RATE})
    return Dataset(spec, x, direction, facts, others)


def read_motion(x: Tensor) -> Motion:
    """Read where the thing is, and what it is, from clips (n, f, 3, 16, 16) in [-1, 1].

    A clip without a colored thing gets an answer too.
    """
    if x.ndim != 5 or tuple(x.shape[2:]) != (3, SIDE, SIDE):
        raise BadRequest(f"expected clips (n, f, 3, {SIDE}, {SIDE}) in [-1, 1], got {tuple(x.shape)}")
    chroma = x - x.mean(2, keepdim=True)
    inks = _inks().to(x)  # (colors, 3)
    color = (chroma.clamp(-1, 1).sum((3, 4)) @ F.normalize(inks).T).argmax(-1)  # (n, f)
    ink = inks[color]
    covered = torch.einsum("nfchw,nfc->nfhw", chroma, ink) / ink.square().sum(-1)[..., None, None]
    covered = covered.clamp(0, 1)
    center = _center(covered)
    looks = torch.stack(
        [_covered(center.flatten(0, 1)[:, None], torch.full((1,), k)) for k in range(len(SHAPES))]
    )
    shape = (looks[:, :, 0] - covered.flatten(0, 1)).square().sum((2, 3)).argmin(0).view_as(color)
    moved = center[:, -1, 0] - center[:, 0, 0]
    direction = torch.where(moved.abs() < STILL, 2, (moved > 0).long())
    return Motion(covered > 0.5, direction, color, shape)


def _inks() -> Tensor:
    """What distinguishes each color from grey: (colors, 3), on the scale of [-1, 1]."""
    colors = torch.tensor([*COLORS.values()]) / 127.5 - 1
    return colors - colors.mean(1, keepdim=True)


def _center(covered: Tensor) -> Tensor:
    """The centroid, across and down, in pixels: (n, f, h, w) -> (n, f, 2)."""
    strong = covered * (covered > 0.25)
    at, mass = torch.arange(SIDE).to(covered) + 0.5, strong.sum((2, 3)).clamp(min=1e-6)
    return torch.stack([(strong.sum(axis) @ at) / mass for axis in (2, 3)], -1)


# ---------------------------------------------------------------------- places of the thing: (n, f, 2)


def _across(n: int, frames: int, direction: Tensor, draw: torch.Generator) -> Tensor:
    """From near the middle to one side, on one height."""
    start = torch.rand(2, n, 1, generator=draw) * torch.tensor([1.5, 10.0])[:, None, None]
    moved = TRAVEL * torch.linspace(0, 1, frames) * (2 * direction - 1)[:, None]
    return torch.stack([SIDE / 2 - 0.75 + start[0] + moved, 3 + start[1].expand(n, frames)], 2)


def _to_the_wall(n: int, frames: int, draw: torch.Generator) -> tuple[Tensor, Tensor]:
    """Down to the wall, where it stays, and the first frame after it arrived (n,): half of the clip, or one more."""
    turn = frames // 2 + torch.randint(2, (n,), generator=draw)
    speed = min(DOWN, (WALL - 2 * RADIUS) / (frames // 2))
    before = (turn[:, None] - 1 - torch.arange(frames)).clamp(min=0)
    across = SIDE / 2 - 1 + 2 * torch.rand(n, 1, generator=draw)
    return torch.stack([across.expand(n, frames), WALL - RADIUS - speed * before], 2), turn


def _aside(center: Tensor, turn: Tensor) -> Tensor:
    """How far to a side it is in each frame, until it stays at the border: (n, f, 2)."""
    after = (torch.arange(center.shape[1]) - turn[:, None] + 1).clamp(min=0)
    nearest = torch.minimum(center[:, :1, 0], SIDE - center[:, :1, 0]) - RADIUS
    return torch.stack([torch.minimum(ASIDE * after, nearest), torch.zeros(after.shape)], 2)


# ---------------------------------------------------------------------- painting


def _covered(center: Tensor, shape: Tensor) -> Tensor:
    """The share of every pixel that the thing covers: (n, f, 2) and (n,) or (1,) -> (n, f, 16, 16)."""
    at = torch.arange(SIDE).to(center) + 0.5
    across, down = (abs(at - center[..., axis, None]) for axis in (0, 1))  # (n, f, 16)
    half = AREA**0.5 / 2
    wide, high = ((half + 0.5 - away).clamp(0, 1) for away in (across, down))
    square = high[..., None] * wide[..., None, :]
    away = (down[..., None].square() + across[..., None, :].square()).sqrt()
    disc = (RADIUS + 0.5 - away).clamp(0, 1)
    return torch.where((shape.to(center.device) == 0)[:, None, None, None], square, disc)


def _painted(ground: Tensor, covered: Tensor, color: Tensor) -> Tensor:
    """(n, 16, 16) grey, (n, f, 16, 16) shares and (n,) colors -> uint8 (n, f, 3, 16, 16)."""
    ink = torch.tensor([*COLORS.values()], dtype=torch.float32)[color]
    share = covered[:, :, None]
    x = (1 - share) * ground[:, None, None] + share * ink[:, None, :, None, None]
    return x.round().to(torch.uint8)


def _texture(n: int, draw: torch.Generator) -> Tensor:
    """Random greys some pixels apart, and what lies between them: (n, 16, 16), 0 to 255."""
    points = SIDE // PATCH + 1
    low, high = GROUNDS
    coarse = low + (high - low) * torch.rand(n, 1, points, points, generator=draw)
    return F.interpolate(coarse, (SIDE, SIDE), mode="bilinear", align_corners=True)[:, 0]
