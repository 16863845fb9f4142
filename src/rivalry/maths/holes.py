"""Random holes in pictures: strokes of a brush, or a box."""

import torch
from torch import Tensor

from rivalry.maths.chance import uniform

TURNS = 4  # straight parts of a stroke
STROKES = 2
WIDTH = (0.08, 0.25)  # of a brush, as a share of the shorter side
LENGTH = 0.4  # of a straight part, at most, as a share of it
BOX = (0.25, 0.5)  # of a box's sides, as a share of the picture's


def free_form(n: int, size: tuple[int, int], device: torch.device) -> Tensor:
    """Holes (n, 1, h, w), 1 where pixels are missing: half of them are strokes, and half are boxes.

    A stroke is a broken line of random width, as in Yu et al. 2018 ("Free-Form Image Inpainting with Gated
    Convolution", arXiv 1806.03589), that begins in the picture and covers a pixel at least.
    """
    strokes, boxes = brushed(n, size, device), boxed(n, size, device)
    return torch.where(uniform((n, 1, 1, 1), device) < 0.5, strokes, boxes)


def brushed(n: int, size: tuple[int, int], device: torch.device) -> Tensor:
    """Strokes (n, 1, h, w): every pixel that is no further from the line than half the brush."""
    h, w = size
    short = min(size)
    drawn = uniform((n, STROKES, TURNS + 2, 2), device)
    begin = drawn[:, :, :1] * torch.tensor([h - 1.0, w - 1.0], device=device)
    steps = (2 * drawn[:, :, 1:-1] - 1) * LENGTH * short
    points = torch.cat([begin, begin + steps.cumsum(2)], 2)  # (n, strokes, turns + 1, 2)
    away = distance(points[:, :, :-1].flatten(1, 2), points[:, :, 1:].flatten(1, 2), size)
    low, high = WIDTH
    brush = (low + (high - low) * drawn[:, :, -1, 0]) * short
    half = (0.5 * brush).clamp(min=0.75).repeat_interleave(TURNS, 1)[..., None, None]  # 0.75 meets a pixel
    return (away <= half).any(1, keepdim=True).float()


def distance(a: Tensor, b: Tensor, size: tuple[int, int]) -> Tensor:
    """How far each pixel is from the line from a to b: two of (n, k, 2), as rows and columns -> (n, k, h, w)."""
    rows, columns = (torch.arange(side, device=a.device).float() for side in size)
    at = torch.stack(torch.meshgrid(rows, columns, indexing="ij"), -1)  # (h, w, 2)
    a, along = a[:, :, None, None], (b - a)[:, :, None, None]
    share = ((at - a) * along).sum(-1) / along.square().sum(-1).clamp(min=1e-6)
    return (at - a - share.clamp(0, 1)[..., None] * along).norm(dim=-1)


def boxed(n: int, size: tuple[int, int], device: torch.device) -> Tensor:
    """Boxes (n, 1, h, w) of a quarter to a half of each side, anywhere."""
    share, place = uniform((n, 2, 2), device).unbind(1)
    inside = []
    for axis, side in enumerate(size):
        length = ((BOX[0] + (BOX[1] - BOX[0]) * share[:, axis]) * side).round().clamp(min=1)
        first = (place[:, axis] * (side - length + 1)).floor()
        at = torch.arange(side, device=device)
        inside.append((at >= first[:, None]) & (at < (first + length)[:, None]))
    return (inside[0][:, None, :, None] & inside[1][:, None, None, :]).float()
