"""Small pictures of curves, which show sounds and episodes."""

import torch
from torch import Tensor
from torch.nn import functional as F


def curves(x: Tensor, height: int, width: int) -> Tensor:
    """Curves over time, one below another: (n, rows, t) in [-1, 1] -> (n, 1, rows · height, width), dark on white.

    A column of pixels is dark from the lowest to the highest value that falls into this column.
    """
    x = x.detach().float().nan_to_num().clamp(-1, 1)
    high = F.adaptive_max_pool1d(x, width)  # (n, rows, width)
    low = -F.adaptive_max_pool1d(-x, width)
    level = torch.linspace(1, -1, height)[:, None]  # (height, 1), from the top down
    half = 1.5 / height  # a flat curve is a line of about a pixel and a half
    dark = (level <= high[:, :, None] + half) & (level >= low[:, :, None] - half)  # (n, rows, height, width)
    return torch.where(dark, -0.7, 1.0).flatten(1, 2)[:, None]
