"""Inversion: finding the code of an image.

    min_z  mean (G(z) - x)² + λ max(0, rms(z) - r)²        z in standard deviations of the prior

Adam minimizes this from several starts: an encoder's estimate, and the best of a thousand random codes (as Zhu et al.
2016, arXiv 1609.03552).  The second term limits the norm of codes, since the generator was never trained on codes far
from the middle.  The limit r grows from 1, which half of all codes exceed, to a value that one code in a hundred
exceeds.  A small r at the beginning helps: fewer descents end in a bad local minimum.

Styles are one for all layers, "w", or one for each layer, "w+" (Abdal et al. 2019, arXiv 1904.03189).  "w+" comes
nearer to any image, but its styles are unlike those of samples.
"""

import math
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Literal, NamedTuple

import torch
from PIL import Image
from torch import Tensor

from rivalry.data.source import Spec
from rivalry.editing.codes import DRAWN, Space, decode, decoded, drawn, given_labels, require, typical
from rivalry.editing.encoder import Encoder, encoder_of, whitened
from rivalry.errors import BadRequest
from rivalry.game import Conditional, Game
from rivalry.maths.optimizers import adam
from rivalry.metrics.features.neighbors import squared_distances
from rivalry.metrics.suite import Progress
from rivalry.nn.conv import Shape
from rivalry.show.tables import blank, table

Where = Literal["z", "w", "w+"]

# Chosen on own samples of two generators of digits: a tenth of this rate, or no prior, left several times the error.
RATE, PRIOR, STEPS = 0.3, 0.3, 200
STARTS = 4  # for each image, and for each class that is tried
LEARNING = 2  # steps of the encoder's training for each of the descent
KEPT = 2  # of them go on when a fifth of the steps are done
ROWS = 128  # codes that descend at a time


class Inverted(NamedTuple):
    """The result of an inversion.

    Attributes:
        codes: (n, ...) z, or styles (n, layers, d), on the game's device.
        x: (n, ...) what they decode to, on the processor.
        errors: (n,) mean squared difference from the image, of values in [-1, 1].
        label: (n,) the class of each, where the game is told classes.
    """

    codes: Tensor
    x: Tensor
    errors: Tensor
    label: Tensor | None


def invert(
    game: Game,
    x: Tensor,
    where: Where = "z",
    label: Tensor | int | None = None,
    *,
    steps: int = STEPS,
    starts: int = STARTS,
    seconds: float = math.inf,
    seed: int = 0,
    guess: bool = True,
    encoder: Encoder | None = None,
    known: Tensor | None = None,
    progress: Progress | None = None,
) -> Inverted:
    """The codes whose samples are nearest to these images.

    Args:
        game: as `opening.load` gives it: frozen, in evaluation mode.
        x: (n, c, h, w) in [-1, 1].
        where: codes z, a style for all layers, or one a layer.
        label: of a game that is told classes: one for all, (n,), or None to try every class and keep the best.
        steps: of Adam; the encoder, if it has to be trained, takes twice as many.
        starts: for each image and class; the first is the encoder's.
        seconds: the time that everything may take: a third for the encoder's training, the rest for the descent.
            Results then depend on the speed of the machine.
        guess: use an encoder's estimate as a start too; else only the best of a thousand codes.
        encoder: the encoder; by default that of `encoder_of`.
        known: (h, w), 1 where a pixel counts and 0 where it does not; errors are then means over the known.  An
            encoder, which sees all pixels, is not asked.

    Raises:
        BadRequest: a game without codes, or whose decoding cannot be followed back; images of another shape.
    """
    require_invertible(game, where)
    space: Space = "z" if where == "z" else "w"
    shape = _shape(game, x)
    begun = time.monotonic()
    guess = guess and known is None
    if guess and encoder is None:
        bounds: dict[str, Any] = {"steps": LEARNING * steps, "seconds": seconds / 3}
        encoder = encoder_of(game, shape, space, **bounds, seed=seed, progress=progress)
    search = _Search(game, where, encoder if guess else None, seed, known)
    classes = _classes(game, len(x), label)
    many = max(1, ROWS // (starts * (1 if classes is None else classes.shape[1])))
    found: list[_Found] = []
    parts = range(0, len(x), many)
    left = (seconds - (time.monotonic() - begun)) / len(parts)  # seconds for each part
    for part, start in enumerate(parts):
        rows = slice(start, start + many)
        places = search.starts(x[rows], None if classes is None else classes[rows], starts)
        tell = partial(_tell, progress, part, len(parts))
        found.append(search.descend(x[rows], places, steps, left, tell))
    codes = torch.cat([one.codes for one in found])
    labels = None if classes is None else torch.cat([one.label for one in found if one.label is not None])
    again = decoded(game, codes, space, labels)
    return Inverted(codes, again, _errors(again, x.float().cpu(), known), labels)


def _tell(progress: Progress | None, part: int, parts: int, share: float) -> None:
    """Tell of a share of one part of the work, in hundredths of a part."""
    if progress:
        progress("looking for codes", 100 * part + round(100 * share), 100 * parts)


def require_invertible(game: Game, where: Where = "z") -> None:
    """Refuse a game whose codes cannot be looked for.

    Raises:
        BadRequest: no codes, no styles, or samples that do not depend smoothly on them.
    """
    if where not in ("z", "w", "w+"):
        raise BadRequest(f"codes are looked for in z, w or w+; got {where!r}")
    space: Space = "z" if where == "z" else "w"
    require(game, space)
    codes = drawn(game, 1, space)
    with torch.enable_grad():
        smooth = codes.is_floating_point() and _decodes_with_gradient(game, codes, space)
    if not smooth:
        raise BadRequest("this game decodes codes without a gradient, so none can be looked for by descent")


def _decodes_with_gradient(game: Game, codes: Tensor, space: Space) -> bool:
    label = given_labels(game, len(codes)).get("label")
    return decode(game, codes.detach().requires_grad_(), space, label).requires_grad


def _shape(game: Game, x: Tensor) -> Shape:
    """The shape of the game's images, which is that of the images to look for."""
    shape = decoded(game, drawn(game, 1)).shape[1:]
    if len(shape) != 3:
        raise BadRequest(f"codes are looked for behind images; this game makes data of shape {tuple(shape)}")
    if x.shape[1:] != shape:
        raise BadRequest(f"this game makes images {tuple(shape)}; got {tuple(x.shape[1:])}")
    return shape[0], shape[1], shape[2]


class _Found(NamedTuple):
    """Codes, several for each image while they are looked for: (n, s, ...) whitened; then one each: (n, ...)."""

    codes: Tensor
    label: Tensor | None


class _Search:
    """What is the same for all images: the game, what its codes are like, and a thousand of its samples."""

    def __init__(
        self, game: Game, where: Where, encoder: Encoder | None, seed: int, known: Tensor | None = None
    ):
        self.game, self.where, self.encoder = game, where, encoder
        self.seen = None if known is None else known.to(game.device)
        self.space: Space = "z" if where == "z" else "w"
        self.known = typical(game, self.space)
        codes = drawn(game, DRAWN, self.space, seed=seed)
        self.class_of = given_labels(game, DRAWN).get("label")
        self.pool = whitened(codes, self.known, self.space)
        self.furthest = float(_rms(self.pool).quantile(0.99))
        self.samples = self._counted(decoded(game, codes, self.space).to(game.device)).flatten(1)

    def _counted(self, x: Tensor) -> Tensor:
        """The pixels that count; all others are 0."""
        return x if self.seen is None else x * self.seen

    def starts(self, x: Tensor, classes: Tensor | None, starts: int) -> _Found:
        """For each image, and each of its classes (n, k): the encoder's guess, if any, and the nearest samples."""
        x = x.to(self.game.device)
        with torch.no_grad():
            guess = [self.encoder(x)[:, None]] if self.encoder else []  # (n, 1, ...)
        counted = self._counted(x).flatten(1)
        apart = squared_distances(counted.double(), self.samples.double())  # (n, 1000)
        many = starts - len(guess)
        if classes is None or self.class_of is None:
            nearest = self.pool[apart.topk(many, largest=False).indices]
            return self._layered(_Found(torch.cat([*guess, nearest], 1), None))
        codes = []
        for label in classes.T:  # one class of each image
            other = self.class_of != label[:, None]
            nearest = self.pool[apart.masked_fill(other, torch.inf).topk(many, largest=False).indices]
            codes += [*guess, nearest]
        return self._layered(_Found(torch.cat(codes, 1), classes.repeat_interleave(starts, 1)))

    def descend(
        self, x: Tensor, begun: _Found, steps: int, seconds: float, tell: Callable[[float], None]
    ) -> _Found:
        """The best of these codes after `steps`, of which only the best few make more than a fifth.

        Args:
            seconds: that it may take.
            tell: of the share that is done.
        """
        x = x.to(self.game.device).float()
        first, last = _Pace(max(1, steps // 5), seconds / 6), _Pace(steps, seconds * 5 / 6)
        some, errors = self._adam(x, begun, first, lambda done: tell(done / 6), falling=False)
        best = _best(some, errors, min(KEPT, errors.shape[1]))
        found = self._adam(x, best, last, lambda done: tell((1 + 5 * done) / 6), falling=True)
        codes, label = _best(*found, 1)
        codes = self.known.mean + self.known.std * codes[:, 0]
        return _Found(codes, None if label is None else label[:, 0])

    def _adam(
        self, x: Tensor, begun: _Found, pace: "_Pace", tell: Callable[[float], None], *, falling: bool
    ) -> tuple[_Found, Tensor]:
        """Where Adam comes to, and the errors there (n, s); the rate falls to 0, or stays."""
        n, s = begun.codes.shape[:2]
        z = begun.codes.flatten(0, 1).clone().requires_grad_()
        label = None if begun.label is None else begun.label.flatten()
        x = x.repeat_interleave(s, 0)
        optimizer = adam(RATE)([z])
        for done in pace:
            tell(done)
            radius = 1 + (self.furthest - 1) * done if falling else 1.0
            with torch.enable_grad():
                again = decode(self.game, self.known.mean + self.known.std * z, self.space, label)
                errors = _errors(again.float(), x, self.seen)
                beyond = (_rms(z) - radius).clamp(min=0).square()
                if done >= 1:
                    break
                (z.grad,) = torch.autograd.grad((errors + PRIOR * beyond).sum(), z)
            if falling:
                optimizer.settings["lr"] = RATE * (1 + math.cos(math.pi * done)) / 2
            optimizer.step()
        return _Found(z.detach().unflatten(0, (n, s)), begun.label), errors.detach().view(n, s)

    def _layered(self, begun: _Found) -> _Found:
        """A style for each layer, where each is looked for by itself: (n, s, 1, d) -> (n, s, layers, d)."""
        if self.where != "w+":
            return begun
        return begun._replace(codes=begun.codes.expand(-1, -1, len(self.known.mean), -1))


class _Pace:
    """The share of a descent that is done before each of its steps, and 1 at its end: by steps or by time."""

    def __init__(self, steps: int, seconds: float):
        self.steps, self.seconds = steps, seconds

    def __iter__(self) -> Iterator[float]:
        begun = time.monotonic()
        for step in range(self.steps + 1):
            gone = (time.monotonic() - begun) / self.seconds if self.seconds > 0 else 1.0
            share = min(1.0, max(step / self.steps, gone))
            yield share
            if share == 1:
                return


def _best(found: _Found, errors: Tensor, many: int) -> _Found:
    """The `many` codes of the least error: (n, s, ...) -> (n, many, ...)."""
    best = errors.topk(many, largest=False).indices
    rows = torch.arange(len(best), device=best.device)[:, None]
    return _Found(found.codes[rows, best], None if found.label is None else found.label[rows, best])


def _classes(game: Game, n: int, label: Tensor | int | None) -> Tensor | None:
    """The classes to try for each image, (n, k): the given one, else all.  None for a game without classes."""
    if label is None and isinstance(game, Conditional) and game.classes:
        return torch.arange(game.classes, device=game.device).expand(n, -1)
    labels = given_labels(game, n, label).get("label")
    return None if labels is None else labels[:, None]


def _errors(x: Tensor, y: Tensor, known: Tensor | None = None) -> Tensor:
    """The mean squared difference of each from the other, over the pixels that count: (n, ...) -> (n,)."""
    if known is None:
        return (x - y).square().flatten(1).mean(1)
    return ((x - y).square() * known).flatten(1).mean(1) / known.float().mean()


def _rms(z: Tensor) -> Tensor:
    """(n, ...) -> (n,)."""
    return z.flatten(1).square().mean(1).sqrt()


def sheet(
    found: Inverted, x: Tensor, spec: Spec, columns: int = 12, tuned: Inverted | None = None
) -> Image.Image:
    """A picture of images (n, c, h, w) and, below each, what was found; row heads tell the mean error of a row.

    Args:
        tuned: what a tuned generator makes of the same codes, for a third row.
    """
    white, rows, names = blank(spec)[None], [], []
    for start in range(0, len(x), columns):
        part = slice(start, start + columns)
        made = {"found": found} | ({"tuned": tuned} if tuned else {})
        for some in (x[part].float().cpu(), *(one.x[part] for one in made.values())):
            rows.append(torch.cat([some, *[white] * (min(columns, len(x)) - len(some))]))
        names += ["given", *(f"{name}, {float(one.errors[part].mean()):.2g}" for name, one in made.items())]
    return table(torch.stack(rows), spec, names, [""] * min(columns, len(x)))
