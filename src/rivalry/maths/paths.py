"""Paths between codes: straight lines, and arcs on the sphere.

    lerp(a, b; t)  = (1 - t) a + t b
    slerp(a, b; t) = sin((1 - t) θ) / sin θ · a + sin(t θ) / sin θ · b,    θ the angle between a and b

White 2016, "Sampling Generative Networks" (arXiv 1609.04468): halfway on the straight line between two normal codes of
d numbers lies a code of norm √(d/2).  The typical norm is √d, and in training codes of other norms are rare.

Deviation: where a and b differ in norm, the norm changes evenly from one to the other and the angle evenly from 0 to θ;
the formula on raw codes does neither.
"""

import torch
from torch import Tensor

STRAIGHT = 1e-6  # sin θ up to which two codes count as parallel or opposite


def lerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """Row i is the place t[i] on the straight line from a[i] to b[i]: (n, ...) in the type of a.

    Args:
        a, b: (n, ...) the ends; (1, ...) for one pair at n places.
        t: (n,) in [0, 1]; 0 gives a and 1 gives b, exactly.  All is computed in float64.
    """
    return _line(a.double(), b.double(), t.double()).to(a.dtype)


def slerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """Row i is the place t[i] on the arc from a[i] to b[i]: (n, ...) in the type of a.

    Nearly parallel codes have no stable arc, nearly opposite ones have many, and a code of norm 0 has none: such pairs
    are joined by a straight line.

    Args:
        a, b: (n, ...) the ends; (1, ...) for one pair at n places.
        t: (n,) in [0, 1]; 0 gives a and 1 gives b, exactly.  All is computed in float64.
    """
    x, y, t = a.double(), b.double(), t.double()
    norm_x, norm_y = (z.flatten(1).norm(dim=1) for z in (x, y))
    u, v = x.flatten(1) / norm_x[:, None], y.flatten(1) / norm_y[:, None]
    angle = 2 * torch.atan2((u - v).norm(dim=1), (u + v).norm(dim=1))  # exact for small angles, unlike acos
    norm = (1 - t) * norm_x + t * norm_y
    of_x = ((1 - t) * angle).sin() / angle.sin() * (norm / norm_x)
    of_y = (t * angle).sin() / angle.sin() * (norm / norm_y)
    has_arc = angle.sin() > STRAIGHT  # false where a norm is 0, since the angle is nan
    arc = _for_rows(of_x, x) * x + _for_rows(of_y, y) * y
    return torch.where(_for_rows(has_arc, x), arc, _line(x, y, t)).to(a.dtype)


def _line(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    t = _for_rows(t, a)
    return (1 - t) * a + t * b


def _for_rows(values: Tensor, codes: Tensor) -> Tensor:
    """One value for each row, in a shape that multiplies codes (n, ...): (n,) -> (n, 1, ...)."""
    return values.view(-1, *[1] * (codes.dim() - 1))
