"""Deep Dream: a picture is changed until a layer of a network answers more strongly to it.

    x ← clip(x + s · g / mean|g|)        g = ∇ₓ ½‖a(x)‖²,  a: what the layer answers

(Mordvintsev, Olah and Tyka 2015, "Inceptionism".)  Four additions make the pictures:

- octaves: the ascent begins on a small copy.  What it added is enlarged and added to the next larger copy.
- jitter: the picture is rolled by some random pixels before each step, and back after it, so that no pattern of the
  network's own grid builds up.
- a guide: g = ∇ₓ Σ a(x)·b with, at each place, that answer b to the guide picture which has the largest product.
- the zoom loop: each frame of a film is the last one, enlarged a little about its middle and dreamed again.

Toward a class, the log-probability of the class is raised instead, and no step that would lower it is made.

Deviations: the largest jitter is 32 pixels, but at most an eighth of the shorter side, since our pictures are small.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from rivalry.editing.seers import Seer, answer, class_number, log_probability, require_layer
from rivalry.errors import BadRequest
from rivalry.metrics.extractors.resize import resize

STEP = 1.5 / 127.5  # the mean change of a number in [-1, 1] by one step: 1.5 of 255 levels
OCTAVES, SCALE, STEPS = 4, 1.4, 10
JITTER = 32  # pixels
LEAST = 8  # pixels of the shorter side of the smallest octave
HALVINGS = 12  # of a step toward a class, before the ascent ends


class Ascent(NamedTuple):
    """How the picture climbs.

    Attributes:
        octaves: copies of the picture, each `scale` times smaller than the next; fewer for a small picture.
        steps: of each octave.
        step: the mean change of a number in [-1, 1] by one step.
        jitter: the largest roll in pixels; None chooses it by the size of the picture.
    """

    octaves: int = OCTAVES
    scale: float = SCALE
    steps: int = STEPS
    step: float = STEP
    jitter: int | None = None


def dream(
    seer: Seer,
    x: Tensor,
    layer: str | None = None,
    *,
    guide: Tensor | None = None,
    ascent: Ascent | None = None,
    seed: int = 0,
) -> Tensor:
    """The picture as the layer would have it.

    Args:
        seer: the network that looks, from `find_seer`.
        x: (1, c, h, w) in [-1, 1], with the network's channels.
        layer: one of `layers`; one two thirds of the way by default.
        guide: (1, c, h', w') in [-1, 1], a picture whose features are sought.
        seed: of the jitter.

    Returns:
        (1, c, h, w) in [-1, 1], on the processor.

    Raises:
        BadRequest: no such layer, or a picture that the network does not take.
    """
    ascent = ascent or Ascent()
    require_picture(seer, x)
    layer = require_layer(seer, layer)
    objective = _norm if guide is None else _guided(_places(answer(seer, guide.to(seer.device), layer)))
    draw = torch.Generator().manual_seed(seed)
    value = lambda y: objective(answer(seer, y, layer))
    x = x.to(seer.device)
    sizes = octave_sizes((x.shape[2], x.shape[3]), ascent)
    added = torch.zeros_like(resize(x, sizes[0]))
    for size in sizes:
        copy = resize(x, size)
        added = F.interpolate(added, size, mode="bilinear", align_corners=False)
        y = (copy + added).clamp(-1, 1)
        for _ in range(ascent.steps):
            y = (y + ascent.step * _direction(value, y, ascent, draw)).clamp(-1, 1)
        added = y - copy
    return y.cpu()


def require_picture(seer: Seer, x: Tensor) -> None:
    """Refuse a picture that the network does not take.

    Raises:
        BadRequest: other channels, or a picture smaller than those that the network was trained on.
    """
    c, h, w = seer.shape
    if x.ndim != 4 or len(x) != 1 or x.shape[1] != c:
        raise BadRequest(f"{seer.name} takes one picture (1, {c}, h, w); got {tuple(x.shape)}")
    least = min(h, w) if seer.classes else LEAST
    if min(x.shape[2:]) < least:
        raise BadRequest(
            f"{seer.name} takes pictures of {least} pixels a side at least; got {x.shape[2]} x {x.shape[3]}: "
            f"--size {least} enlarges it"
        )


def octave_sizes(size: tuple[int, int], ascent: Ascent) -> list[tuple[int, int]]:
    """The sizes of the copies, from the smallest to the picture's own; none is below `LEAST` pixels but the last."""
    every = [tuple(round(side / ascent.scale**k) for side in size) for k in range(ascent.octaves)]
    kept = [(h, w) for k, (h, w) in enumerate(every) if k == 0 or min(h, w) >= LEAST]
    return kept[::-1]


def _direction(value: Callable[[Tensor], Tensor], x: Tensor, ascent: Ascent, draw: torch.Generator) -> Tensor:
    """The gradient at a picture that was rolled, rolled back, divided by its mean size."""
    most = min(JITTER, min(x.shape[2:]) // 8) if ascent.jitter is None else ascent.jitter
    down, across = torch.randint(-most, most + 1, (2,), generator=draw).tolist()
    with torch.enable_grad():
        rolled = x.roll((down, across), (2, 3)).detach().requires_grad_()
        (g,) = torch.autograd.grad(value(rolled), rolled)
    g = g.roll((-down, -across), (2, 3))
    return g / g.abs().mean().clamp(min=1e-12)


def _norm(a: Tensor) -> Tensor:
    """½‖a‖², whose gradient by a is a itself."""
    return a.square().sum() / 2


def _places(a: Tensor) -> Tensor:
    """The answers at all places: (1, c, h, w) -> (c, h w); a layer without places has one."""
    return a.detach()[0].flatten(1) if a.ndim == 4 else a.detach().flatten()[:, None]


def _guided(b: Tensor) -> Callable[[Tensor], Tensor]:
    """Σ a·b with the best of the guide's answers b (c, m) at each place."""

    def objective(a: Tensor) -> Tensor:
        best = b[:, (_places(a).T @ b).argmax(1)]  # (c, h w)
        return (a[0].flatten(1) * best).sum() if a.ndim == 4 else (a.flatten()[:, None] * best).sum()

    return objective


def film(
    frames: int, again: Callable[[Tensor], Tensor], x: Tensor, *, zoom: float = 0.05
) -> Iterator[Tensor]:
    """The zoom loop: `frames` pictures, each the last one enlarged by `zoom` about its middle and dreamed `again`."""
    for _ in range(frames):
        x = again(x)
        yield x
        x = zoomed(x, zoom)


def zoomed(x: Tensor, zoom: float) -> Tensor:
    """A picture enlarged about its middle; its size stays.  (n, c, h, w) -> (n, c, h, w)."""
    scale = torch.tensor([[1.0, 0, 0], [0, 1, 0]]) / (1 + zoom)
    grid = F.affine_grid(scale.expand(len(x), 2, 3), list(x.shape), align_corners=False)
    return F.grid_sample(x, grid.to(x), mode="bicubic", padding_mode="border", align_corners=False).clamp(
        -1, 1
    )


def toward(
    seer: Seer,
    x: Tensor,
    asked: str | int,
    *,
    until: float = 0.99,
    ascent: Ascent | None = None,
    seed: int = 0,
) -> Iterator[tuple[Tensor, float]]:
    """The picture on its way to a class, each time with the probability of the class; first the picture itself.

    A step that would lower the probability is halved until it raises it.  The ascent ends at the probability
    `until`, after all steps of all octaves, or where no step raises it.  The picture has one octave, and is rolled
    only if `ascent` says how far: the gradient of a rolled picture may not raise the probability of the picture itself.

    Raises:
        BadRequest: the network knows no such class, or does not take the picture.
    """
    ascent = ascent or Ascent()
    ascent = ascent._replace(jitter=ascent.jitter or 0)
    require_picture(seer, x)
    label = class_number(seer, asked)
    if not 0 < until <= 1:
        raise BadRequest(f"a probability is above 0 and at most 1; got {until}")
    draw = torch.Generator().manual_seed(seed)
    value = lambda y: log_probability(seer, y, label).sum()
    x = x.to(seer.device)
    with torch.no_grad():
        now = float(value(x))
    yield x.cpu(), torch.tensor(now).exp().item()
    for _ in range(ascent.octaves * ascent.steps):
        if torch.tensor(now).exp().item() >= until:
            return
        found = _raised(value, x, now, ascent.step * _direction(value, x, ascent, draw))
        if found is None:
            return
        x, now = found
        yield x.cpu(), torch.tensor(now).exp().item()


def _raised(
    value: Callable[[Tensor], Tensor], x: Tensor, now: float, step: Tensor
) -> tuple[Tensor, float] | None:
    """The picture after the largest of step, step / 2, step / 4, ... that raises the value; None if none does."""
    for halving in range(HALVINGS):
        y = (x + step / 2**halving).clamp(-1, 1)
        with torch.no_grad():
            then = float(value(y))
        if then > now:
            return y, then
    return None
