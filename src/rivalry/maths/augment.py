"""Differentiable augmentation: with few images, the critic sees changed copies of them.

Reals and fakes pass through the same random transformations T on their way to the critic, in the
generator's turn as well, so the gradient must flow through T:

    score = D(augment(x))            for x real or fake, in both turns
    augment.observe(D(augment(real)))

Images are (n, c, h, w) in [-1, 1], c from 1 to 4, of any height and width: gray, gray + alpha, RGB, RGBA.
Colors change in the gray or RGB channels alone; what moves, moves with its alpha.  All transformations are
linear or affine in x given their random numbers, so they may be differentiated twice.
"""

from functools import reduce
from math import pi, sqrt

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.errors import BadRequest, unknown
from rivalry.maths.divergences import as_float32


class Augment(nn.Module):
    """x (n, c, h, w) -> the same shape, differentiable in x; each image draws its own transformation."""

    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError

    def observe(self, real_scores: Tensor) -> None:
        """Take the critic's scores of augmented reals, (n,) or (n, ...); only adaptive augmentations use them."""


class Nothing(Augment):
    """The identity."""

    def forward(self, x: Tensor) -> Tensor:
        return x


def _color_channels(x: Tensor) -> int:
    """How many leading channels are color: 1 of gray (+ alpha), 3 of RGB (+ alpha)."""
    if x.dim() != 4 or not 1 <= x.shape[1] <= 4:
        raise ValueError(f"augmentation expects images (n, c, h, w) with c from 1 to 4, got {(*x.shape,)}")
    return 3 if x.shape[1] >= 3 else 1


def _rejoin(color: Tensor, x: Tensor) -> Tensor:
    """The new color with the old alpha, where there is one."""
    k = color.shape[1]
    return color if k == x.shape[1] else torch.cat([color, x[:, k:]], 1)


# ---------------------------------------------------------------- DiffAugment


def _uniform(x: Tensor) -> Tensor:
    return torch.rand(len(x), 1, 1, 1, device=x.device, dtype=x.dtype)


def _color(x: Tensor) -> Tensor:
    """Brightness + U(-1/2, 1/2), then saturation · U(0, 2), then contrast · U(1/2, 3/2)."""
    color = x[:, : _color_channels(x)] + (_uniform(x) - 0.5)
    gray = color.mean(1, keepdim=True)
    color = gray + (color - gray) * (2 * _uniform(x))  # the identity on one channel
    mean = color.mean((1, 2, 3), keepdim=True)
    return _rejoin(mean + (color - mean) * (_uniform(x) + 0.5), x)


def _sources(n: int, size: int, device: torch.device) -> Tensor:
    """Where each pixel of an axis comes from, for n images shifted by up to 1/8 of it: (n, size)."""
    reach = (size + 4) // 8
    return torch.arange(size, device=device) - torch.randint(-reach, reach + 1, (n, 1), device=device)


def _translation(x: Tensor) -> Tensor:
    """A shift by up to 1/8 of the height and of the width; zeros come in."""
    n, c, h, w = x.shape
    rows = _sources(n, h, x.device)[:, None, :, None]  # (n, 1, h, 1)
    columns = _sources(n, w, x.device)[:, None, None, :]  # (n, 1, 1, w)
    inside = (rows >= 0) & (rows < h) & (columns >= 0) & (columns < w)
    source = rows.clamp(0, h - 1) * w + columns.clamp(0, w - 1)  # (n, 1, h, w)
    return x.flatten(2).gather(2, source.flatten(2).expand(n, c, h * w)).view(x.shape) * inside


def _window(n: int, size: int, device: torch.device) -> Tensor:
    """Which pixels of an axis lie in a window of half its size around a random one: (n, size)."""
    side = (size + 1) // 2
    start = torch.randint(0, size + 1 - side % 2, (n, 1), device=device) - side // 2
    at = torch.arange(size, device=device)
    return (at >= start) & (at < start + side)


def _cutout(x: Tensor) -> Tensor:
    """A window of half the height and half the width set to zero; it may hang over the border."""
    n, _, h, w = x.shape
    return x * ~(_window(n, h, x.device)[:, None, :, None] & _window(n, w, x.device)[:, None, None, :])


_POLICIES = {"color": _color, "translation": _translation, "cutout": _cutout}


class DiffAugment(Augment):
    """Every image, always: the transformations of Zhao et al. 2020 (arXiv 2006.10738), in the order given.

    Args:
        policy: of "color" (brightness ± 1/2, saturation 0 to 2, contrast 1/2 to 3/2), "translation" (up to
            1/8 of each side) and "cutout" (a window of half of each side).

    Raises:
        BadRequest: another transformation.
    """

    def __init__(self, policy: tuple[str, ...] = ("color", "translation", "cutout")):
        super().__init__()
        for name in policy:
            if name not in _POLICIES:
                raise unknown("transformation", name, _POLICIES, f"one of {', '.join(_POLICIES)}")
        self.policy = policy

    def forward(self, x: Tensor) -> Tensor:
        _color_channels(x)  # refuses what is no image
        y = as_float32(x)
        for name in self.policy:
            y = _POLICIES[name](y)
        return y.to(x.dtype)


# ---------------------------------------------------------------- ADA


def _affine(linear: Tensor, shift: Tensor | None = None) -> Tensor:
    """(n, k, k) and (n, k) -> (n, k+1, k+1), the map y = linear x + shift in homogeneous coordinates."""
    matrix = F.pad(linear, (0, 1, 0, 1))
    matrix[:, -1, -1] = 1
    if shift is not None:
        matrix[:, :-1, -1] = shift
    return matrix


def _move(x: Tensor, y: Tensor) -> Tensor:
    return _affine(torch.eye(2, device=x.device, dtype=x.dtype).expand(len(x), 2, 2), torch.stack([x, y], 1))


def _stretch(x: Tensor, y: Tensor) -> Tensor:
    return _affine(torch.diag_embed(torch.stack([x, y], 1)))


def _turn(angle: Tensor) -> Tensor:
    c, s = angle.cos(), angle.sin()
    return _affine(torch.stack([c, -s, s, c], 1).view(-1, 2, 2))


def _struck(matrix: Tensor) -> Tensor:
    """Which of n matrices are not the identity, to be laid over images: (n, 1, 1, 1)."""
    identity = torch.eye(matrix.shape[-1], device=matrix.device, dtype=matrix.dtype)
    return (matrix != identity).any(2).any(1)[:, None, None, None]


def _warp(x: Tensor, source: Tensor) -> Tensor:
    """Each output pixel, read bilinearly where `source` (n, 3, 3) sends it, in pixels from the center."""
    h, w = x.shape[2:]
    half = torch.tensor([w / 2, h / 2, 1.0], device=x.device, dtype=x.dtype)
    theta = source * half / half[:, None]  # the same map in the coordinates of grid_sample, from -1 to 1
    grid = F.affine_grid(theta[:, :2], list(x.shape), align_corners=False)
    warped = F.grid_sample(x, grid, padding_mode="reflection", align_corners=False)
    return torch.where(_struck(source), warped, x)


def _recolor(x: Tensor, palette: Tensor) -> Tensor:
    """The color of each pixel, one or three numbers, sent through an affine map (n, k+1, k+1)."""
    k = palette.shape[-1] - 1
    color = torch.baddbmm(palette[:, :k, k:], palette[:, :k, :k], x[:, :k].flatten(2))
    return torch.where(_struck(palette), _rejoin(color.view(len(x), k, *x.shape[2:]), x), x)


class ADA(Augment):
    """Adaptive augmentation: each transformation strikes each image with probability p, and p follows how
    much the critic has overfitted (Karras et al. 2020, arXiv 2006.06676).

        r = E[sign(D(T(x)))] over reals,    p <- p + sign(r - target) · n / speed

    where n images were observed since the last adjustment, made at every fourth `observe` as in the paper;
    p stays in [0, 1].  At p = 0 the images come back bit for bit.

    Transformations, in the paper's order and with its distributions (appendix B, w and h the sides):
    flip of x; turn by a multiple of 90°; shift by a whole number of pixels, U(±1/8) of each side; isotropic
    scale, log-normal of 0.2 ln 2; turn by U(±π); anisotropic scale, log-normal of 0.2 ln 2; turn by U(±π);
    shift, N(0, 1/8) of each side; brightness + N(0, 0.2); contrast · log-normal of 0.5 ln 2; luma flip;
    hue turned by U(±π); saturation · log-normal of ln 2.  On gray images the luma flip negates, and hue
    and saturation have nothing to change.

    Deviations: the geometry is one bilinear sampling with reflection at the borders; the paper also doubles
    the resolution around it with a wavelet filter against aliasing.  Its image-space filters and
    corruptions are left out, as in the paper's own final choice.  Images that no geometry struck are not
    resampled.

    State: buffers only, so that p survives a restart.

    Attributes:
        p: the probability, a scalar tensor.

    Args:
        target: of r, 0.6 in the paper; a lower one augments more.
        speed: the number of images in which p can go from 0 to 1, 500,000 in the paper.
    """

    p: Tensor
    signs: Tensor
    images: Tensor
    batches: Tensor

    def __init__(self, target: float = 0.6, speed: float = 500_000):
        super().__init__()
        if speed <= 0:
            raise BadRequest(f"ADA's speed is a number of images above 0, got {speed}")
        self.target, self.speed = target, speed
        self.register_buffer("p", torch.tensor(0.0))
        self.register_buffer("signs", torch.tensor(0.0))  # since the last adjustment: Σ of n · mean sign,
        self.register_buffer("images", torch.tensor(0.0))  # Σ of n
        self.register_buffer("batches", torch.tensor(0))  # and how many batches, of the four

    @torch.no_grad()
    def observe(self, real_scores: Tensor) -> None:
        n = len(real_scores)
        self.signs += n * real_scores.float().sign().mean()
        self.images += n
        self.batches += 1
        due = self.batches >= 4
        step = (self.signs / self.images - self.target).sign() * self.images / self.speed
        self.p.add_(step * due).clamp_(0, 1)
        for sum_ in (self.signs, self.images, self.batches):
            sum_.mul_(~due)

    def forward(self, x: Tensor) -> Tensor:
        k = _color_channels(x)
        with torch.autocast(x.device.type, enabled=False):
            y = as_float32(x)
            y = _warp(y, self._geometry(y))
            return _recolor(y, self._palette(y, k)).to(x.dtype)

    def _sometimes(self, matrix: Tensor, p: Tensor | None = None) -> Tensor:
        """Of n matrices, those on which the dice fall under p; the identity for the others."""
        dice = torch.rand(len(matrix), 1, 1, device=matrix.device)
        identity = torch.eye(matrix.shape[-1], device=matrix.device, dtype=matrix.dtype)
        return torch.where(dice < (self.p if p is None else p), matrix, identity)

    def _geometry(self, x: Tensor) -> Tensor:
        """Where the pixels of each image come from: (n, 3, 3), in pixels from the center.

        That is the inverse of the paper's map, so the inverses multiply in the order of the steps.  Each
        step is as likely as its inverse, so the inverses are drawn as the steps would be.
        """
        n, _, h, w = x.shape
        uniform = lambda: torch.rand(n, device=x.device, dtype=x.dtype)
        normal = lambda: torch.randn(n, device=x.device, dtype=x.dtype)
        turn_p = 1 - (1 - self.p).sqrt()  # of each of the two turns: either happens with probability p
        mirror, zoom, squeeze = 1 - 2 * uniform().round(), (0.2 * normal()).exp2(), (0.2 * normal()).exp2()
        across, down = ((uniform() - 0.5) * (w / 4)).round(), ((uniform() - 0.5) * (h / 4)).round()
        steps = [
            self._sometimes(_stretch(mirror, torch.ones_like(mirror))),
            self._sometimes(_turn((4 * uniform()).floor() * (pi / 2))),
            self._sometimes(_move(across, down)),
            self._sometimes(_stretch(zoom, zoom)),
            self._sometimes(_turn((2 * uniform() - 1) * pi), turn_p),
            self._sometimes(_stretch(squeeze, 1 / squeeze)),
            self._sometimes(_turn((2 * uniform() - 1) * pi), turn_p),
            self._sometimes(_move(normal() * (w / 8), normal() * (h / 8))),
        ]
        return reduce(torch.matmul, steps)

    def _palette(self, x: Tensor, k: int) -> Tensor:
        """The affine map of each image's colors: (n, k+1, k+1)."""
        scalar = lambda draw: draw(len(x), 1, 1, device=x.device, dtype=x.dtype)
        identity = torch.eye(k, device=x.device, dtype=x.dtype)
        gray = torch.full_like(identity, 1 / k)  # vvᵀ, the projection on the gray axis v = (1, ..., 1)/√k
        axis = identity.roll(1, 0) - identity.roll(1, 1)  # of a turn about v, times √3; 0 for gray images
        angle = (2 * scalar(torch.rand) - 1) * pi
        steps = [
            _affine(identity.expand(len(x), k, k), 0.2 * scalar(torch.randn)[:, 0]),
            _affine(identity * (0.5 * scalar(torch.randn)).exp2()),
            _affine(identity - 2 * gray * scalar(torch.rand).round()),
            _affine(gray + angle.cos() * (identity - gray) + angle.sin() * axis / sqrt(3)),
            _affine(gray + scalar(torch.randn).exp2() * (identity - gray)),
        ]
        return reduce(lambda done, step: self._sometimes(step) @ done, steps[1:], self._sometimes(steps[0]))


AUGMENTS: dict[str, type[Augment]] = {
    "none": Nothing,
    "diffaugment": DiffAugment,
    "ada": ADA,
}  # as settings name them
