"""What a frame of a training shows: samples of the same codes, and for the plane the critic's surface and its slope.

Of one picture, the one that somebody points at, it shows which pixels the critic would have darker or brighter.

The surface is the critic's score over a grid.  An arrow is the gradient of the score at a sample: the way on which the
critic would take the sample for more real, which is the way that the generator's turn moves it.
"""

import base64
import inspect
import io
from typing import Any, NamedTuple

import torch
from PIL import Image
from torch import Tensor

from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.game import Critic, Game, Translator
from rivalry.given import given_for
from rivalry.kinds.kind import in_full_precision
from rivalry.metrics.points.modes import assigned
from rivalry.play.engine import Engine
from rivalry.show.sheets import GAP, MARGIN, sheet, square

MADE, FEW, REAL = 400, 100, 1000  # points that are drawn; FEW while it plays, between two looks of the critic
GRID, ARROWS = 32, 60
IMAGES = 36
BRIGHTER, DARKER = (11, 98, 180), (196, 74, 10)  # blue and orange
PAST = 0.25  # of the width of the data, that the surface reaches beyond them


class Box(NamedTuple):
    """The part of the plane that is shown."""

    left: float
    right: float
    low: float
    high: float


def is_plane(spec: Spec) -> bool:
    """Whether a datum is two numbers."""
    return spec.shape == (2,)


def table_of(engine: Engine) -> Dataset | None:
    """The table that the engine's data are drawn from, if it is one."""
    return getattr(engine.data, "dataset", None) or getattr(engine.data, "table", None)


def box_of(real: Tensor) -> Box:
    """The data (n, 2) with some room around them."""
    low, high = real.min(0).values, real.max(0).values
    room = PAST * (high - low).clamp(min=1e-3)
    (left, bottom), (right, top) = (low - room).tolist(), (high + room).tolist()
    return Box(left, right, bottom, top)


def opening(engine: Engine) -> dict[str, Any]:
    """What does not change while a training lasts: the players, and real data of the plane."""
    spec, real = engine.data.spec, table_of(engine)
    told: dict[str, Any] = {"kind": spec.kind, "plural": spec.meaning.plural, "shape": spec.shape}
    told |= {"batch": engine.game.batch, "players": list(engine.game.players), "classes": len(spec.classes)}
    if is_plane(spec) and real is not None:
        some = real.rows(torch.linspace(0, len(real) - 1, min(REAL, len(real))).long()).float().cpu()
        told |= {"real": rounded(some), "box": box_of(some)}
    return told


def frame(engine: Engine, pointed: int | None = None, *, whole: bool = True) -> dict[str, Any]:
    """The samples of now.  Training is not affected: random numbers, modes and gradients are put back.

    Args:
        pointed: the number of a picture of the sheet, of which the gradient of the critic's score is shown too.
        whole: in the plane, with the critic's surface and its slope, which take most of the time.
    """
    spec, real = engine.data.spec, table_of(engine)
    if real is None:
        return {}
    with engine.evaluating() as game:
        if is_plane(spec):
            return plane(game, real, whole)
        n = spec.meaning.shown(IMAGES)
        given = given_for(game, real, n)
        x = in_full_precision(game.sample(n, **given)).cpu()
        shown = {"sheet": png(sheet(x, spec, **_behind(game, real)))}
        if spec.meaning.axes != 2 or not isinstance(game, Critic):
            return shown
        grid = {"columns": square(n, *spec.shape[1:]), "of": n, "margin": MARGIN, "gap": GAP}
        if pointed is None or pointed >= n:
            return {**shown, "grid": grid}
        return {
            **shown,
            "grid": grid,
            "pointed": {"at": pointed, "slopes": score_slopes(game, x, given, pointed)},
        }


def _behind(game: Game, real: Dataset) -> dict[str, Any]:
    return {} if isinstance(game, Translator) else real.spec.meaning.background(real.x, real.facts)


def plane(game: Game, real: Dataset, whole: bool = True) -> dict[str, Any]:
    """Samples (x, y), the modes among them, the surface in rows from low to high, and arrows (x, y, dx, dy).

    If not `whole`, fewer samples and neither surface nor arrows.
    """
    n = MADE if whole else FEW
    given = given_for(game, real, n)
    x = in_full_precision(game.sample(n, **given)).cpu()
    found: dict[str, Any] = {"made": rounded(x)}
    if (known := real.facts.get("modes")) is not None and x.isfinite().all():
        nearest, good = assigned(x, known.centers, known.std)  # the score itself also finds how sure it is
        found["modes"] = {"found": len(nearest[good].unique()), "of": len(known.centers)}
    if not (whole and isinstance(game, Critic)):
        return found
    try:
        label = given.get("label")
        box = box_of(real.rows(torch.linspace(0, len(real) - 1, min(REAL, len(real))).long()).float().cpu())
        return {**found, **looks(game, x, box, label)}
    except BadRequest:  # a critic that cannot score points by themselves
        return found


def looks(game: Game, x: Tensor, box: Box, label: Tensor | None) -> dict[str, Any]:
    """The critic's scores over the grid, and its slope at the first samples."""
    assert isinstance(game, Critic)
    ys, xs = torch.linspace(box.low, box.high, GRID), torch.linspace(box.left, box.right, GRID)
    grid = torch.stack(torch.meshgrid(xs, ys, indexing="xy"), -1).flatten(0, 1).to(game.device)
    told = lambda n: {} if label is None else {"label": label[torch.arange(n) % len(label)]}
    surface = game.score(grid, **told(len(grid))).float().cpu()
    with torch.enable_grad():
        at = x[:ARROWS].to(game.device).requires_grad_()
        (slope,) = torch.autograd.grad(game.score(at, **told(len(at))).float().sum(), at)
    arrows = torch.cat([at.detach(), slope], 1).cpu()
    return {"surface": {"size": GRID, "values": rounded(surface), "box": box}, "arrows": rounded(arrows)}


def score_slopes(game: Game, x: Tensor, given: dict[str, Tensor], at: int) -> str:
    """The gradient of the critic's score in a picture's pixels, as a PNG of its size.

    Blue where brighter pixels would score higher, orange where darker ones would, the more opaque the steeper; "" where
    the critic cannot score pictures alone.
    """
    assert isinstance(game, Critic)
    taken = inspect.signature(game.score).parameters
    told = {name: value[at : at + 1] for name, value in given.items() if name in taken}
    try:
        with torch.enable_grad():
            one = x[at : at + 1].to(game.device).requires_grad_()
            (slope,) = torch.autograd.grad(game.score(one, **told).float().sum(), one)
    except BadRequest:
        return ""
    way = slope[0].mean(0).cpu()
    strength = way.abs() / way.abs().max().clamp(min=1e-12)
    color = torch.where(way[..., None] > 0, torch.tensor(BRIGHTER), torch.tensor(DARKER))
    pixels = torch.cat([color.float(), 255 * strength[..., None]], -1).round().byte()
    return png(Image.fromarray(pixels.numpy()))


def rounded(x: Tensor) -> list[Any]:
    """Numbers of four digits, which is more than a screen shows."""
    return (x.double() * 1e4).round().div(1e4).nan_to_num(0, 0, 0).tolist()


def png(image: Image.Image) -> str:
    """A picture as a text in base64."""
    file = io.BytesIO()
    image.save(file, "png")
    return base64.b64encode(file.getvalue()).decode()
