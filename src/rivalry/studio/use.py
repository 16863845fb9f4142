"""What one does with a trained game: samples, sliders along codes, paths, mixing, inversion, the brush, dreams.

Each function takes what the page asked and answers with pictures (PNG in base64) and codes (nested lists), so that the
studio itself remembers nothing.  All of it is done by `rivalry.editing` and `rivalry.runs.drawing`.
"""

import base64
import io
import threading
from typing import Any, cast

import torch
from torch import Tensor

from rivalry.data.source import Spec
from rivalry.editing import arithmetic, brush, codes, dream, factorize, invert, mix
from rivalry.editing.seers import Seer, layers, of_game
from rivalry.editing.translate import carried
from rivalry.errors import BadRequest
from rivalry.game import Coded, Conditional, Conditioned, Game, Latent, Steerable, Styled, Translator
from rivalry.kinds.image import to_image
from rivalry.maths.paths import lerp, slerp
from rivalry.runs.drawing import require_truncation, sample
from rivalry.runs.opening import load
from rivalry.show.sheets import sheet
from rivalry.studio import asked as get
from rivalry.studio.asked import Asked
from rivalry.studio.frames import png
from rivalry.studio.shelf import Shelf

KEPT = 2  # games in memory
NUMBERS = 12  # of a code that get a slider
MOST = 64  # samples
FRAME = 120  # ms of a picture of a film
WORDS = 60  # of a vocabulary that are told
SECONDS = 15.0  # that an inversion may take
DREAMED = 112  # pixels of the shorter side of a dream at most, or the picture's own


class Opened:
    """A run's game with what it can do."""

    def __init__(self, game: Game, spec: Spec):
        self.game, self.spec = game, spec
        self.latent = isinstance(game, Latent)
        self.space: codes.Space = "w" if isinstance(game, Styled) else "z"
        self.image = spec.meaning.axes == 2
        self.classes = game.classes if isinstance(game, Conditional) else 0

    def label(self, asked: Asked) -> int | None:
        """The class that was asked for; 0 where the game is told classes and none was."""
        if not self.classes:
            return None
        return get.whole(asked, "label", 0, 0, self.classes - 1)

    def code(self, value: object) -> Tensor:
        """A code (1, ...) from nested lists."""
        like = codes.of_seeds(self.game, [0], self.space, 0 if self.classes else None)
        return get.tensor([value], like, "a code")

    def shown(self, x: Tensor) -> list[str]:
        """A picture of each sample; where samples are pictures, of their own pixels and nothing else."""
        return [png(to_image(one) if self.image else sheet(one[None], self.spec)) for one in x]

    def typed(self, asked: Asked) -> dict[str, Tensor]:
        """What a game that is told something was told in words, as an argument of its `sample`."""
        if not isinstance(self.game, Conditioned):
            return {}
        column = self.spec.extra[self.game.conditioned_on]
        return {self.game.conditioned_on: column.meaning.typed(get.text(asked, "text", ""), column)}

    def seer(self) -> Seer:
        """The game's critic as a network that dreams."""
        return of_game("this game", self.game, self.spec)

    def read(self, asked: Asked, times: int = 1) -> Tensor:
        """An uploaded picture (1, c, h, w) in [-1, 1], at the size of samples or so many times as large."""
        c, h, w = self.spec.shape
        pixels = get.picture(get.unpacked(asked, "picture"), c, (times * h, times * w))
        return torch.tensor(pixels).float().div(127.5).sub(1)[None]

    def decoded(self, z: Tensor, label: int | None) -> list[str]:
        return self.shown(codes.decoded(self.game, z, self.space, label))


class Uses:
    """The opened games of a shelf.  One piece of work at a time, since torch's random numbers are shared."""

    def __init__(self, shelf: Shelf):
        self.shelf, self.lock = shelf, threading.Lock()
        self._open: dict[tuple[str, str], Opened] = {}

    def opened(self, name: str) -> Opened:
        """The game of a run, from its best checkpoint."""
        run = self.shelf.run(name)
        key = (name, run.checkpoint().path.name)
        if key not in self._open:
            while len(self._open) >= KEPT:
                self._open.pop(next(iter(self._open)))
            self._open[key] = Opened(load(run), Spec.from_json(run.config["spec"]))
        return self._open[key]

    def do(self, what: str, asked: Asked) -> dict[str, Any]:
        """Answer one request.

        Raises:
            BadRequest: the game cannot do this, or what was asked makes no sense.
        """
        if what not in TOOLS:
            raise BadRequest(f"the studio can: {', '.join(TOOLS)}")
        with self.lock:
            return TOOLS[what](self.opened(get.text(asked, "run")), asked)


def facts(opened: Opened, asked: Asked) -> dict[str, Any]:
    """What this game can be asked for."""
    game = opened.game
    return {
        "latent": opened.latent,
        "space": opened.space,
        "image": opened.image,
        "shape": opened.spec.shape,
        "classes": list(opened.spec.classes)[: opened.classes],
        "domains": list(opened.spec.classes) if isinstance(game, Translator) else [],
        "words": _words(opened),
        "truncation": _has_truncation(game),
        "directions": isinstance(game, Steerable) and opened.latent,
        "bands": list(mix.BANDS) if isinstance(game, Styled) else [],
        "layers": _layers(opened),
        "parts": cast(Coded, game).named if isinstance(game, Coded) and opened.latent else {},
        "given": "pictures"
        if isinstance(game, Translator)
        else game.conditioned_on
        if isinstance(game, Conditioned)
        else "",
    }


def _layers(opened: Opened) -> list[str]:
    """The layers of the critic that may dream; none where it looks at no pictures alone."""
    try:
        return [name for name, shape in layers(opened.seer()).items() if len(shape) == 3]
    except BadRequest:
        return []


def _words(opened: Opened) -> list[str]:
    """Some words that the game may be told; none where it is told no sentences."""
    if not isinstance(opened.game, Conditioned):
        return []
    return list(opened.spec.extra[opened.game.conditioned_on].about.get("vocabulary", ()))[:WORDS]


def _has_truncation(game: Game) -> bool:
    try:
        require_truncation(game, 0.7)
    except BadRequest:
        return False
    return True


def samples(opened: Opened, asked: Asked) -> dict[str, Any]:
    """Samples from a seed on.  Where there are codes, each sample comes with its own, from which the page goes on."""
    n, seed = get.whole(asked, "n", 16, 1, MOST), get.whole(asked, "seed", 0, 0, 2**31)
    truncation, label = get.number(asked, "truncation"), opened.label(asked)
    if opened.latent and truncation is None and opened.image and not isinstance(opened.game, Conditioned):
        z = codes.of_seeds(opened.game, range(seed, seed + n), opened.space, label)
        return {"pictures": opened.decoded(z, label), "codes": z.tolist()}
    given: dict[str, Any] = {} if label is None else {"label": label}
    given |= {} if truncation is None else {"truncation": truncation}
    given |= opened.typed(asked)
    x = sample(opened.game, n, seed=seed, **given)
    return {"pictures": opened.shown(x) if opened.image else [png(sheet(x, opened.spec))], "codes": []}


def steer(opened: Opened, asked: Asked) -> dict[str, Any]:
    """A code moved along directions, numbers of the code, named parts, or the difference of two groups of codes.

    `amounts` are in standard deviations of codes: {"direction": {"0": 1.5}, "number": {...}, "part": {...},
    "between": 1.0}; `plus` and `minus` hold the groups.
    """
    z, label, game = opened.code(asked.get("code")), opened.label(asked), opened.game
    amounts = asked.get("amounts")
    if not isinstance(amounts, dict):
        raise BadRequest("amounts is a table")
    z = _along(z, opened, _amounts(amounts, "direction"), _amounts(amounts, "number"))
    if turned := get.number(amounts, "between", 0.0):
        plus, minus = (
            torch.cat([opened.code(one) for one in _group(asked, side)]) for side in ("plus", "minus")
        )
        z = z + turned * arithmetic.turn(plus, minus)
    parts = {name: value for name, value in _amounts(amounts, "part").items()}
    if parts and isinstance(game, Coded):
        z = cast(Coded, game).with_parts(z, parts)
    return {"pictures": opened.decoded(z, label), "codes": z.tolist()}


def _amounts(amounts: Asked, kind: str) -> dict[str, float]:
    table = amounts.get(kind, {})
    if not isinstance(table, dict) or len(table) > MOST:
        raise BadRequest(f"{kind} is a small table of numbers")
    return {str(name): get.number(table, name, 0.0) or 0.0 for name in table}


def _group(asked: Asked, side: str) -> list[Any]:
    group = asked.get(side)
    if not isinstance(group, list) or not 0 < len(group) <= MOST:
        raise BadRequest("a direction between two groups needs a sample or more in each")
    return group


def _along(z: Tensor, opened: Opened, directions: dict[str, float], numbers: dict[str, float]) -> Tensor:
    """The code, moved along the strongest directions and along its own numbers."""
    if not (directions or numbers):
        return z
    if z.dim() > 3 or (z.dim() == 3 and opened.space == "z"):
        raise BadRequest("the codes of this game are tables, which have no directions")
    vectors = []
    if directions:
        every = factorize.directions(opened.game).vectors
        vectors += [every[_place(name, len(every))] * amount for name, amount in directions.items()]
    for name, amount in numbers.items():
        vectors.append(torch.eye(z.shape[-1])[_place(name, z.shape[-1])] * amount)
    drawn = codes.drawn(opened.game, codes.DRAWN, opened.space)
    moved = [v * factorize.deviations(drawn, v[None] / v.norm()).cpu() for v in vectors if v.norm() > 0]
    return z + torch.stack(moved).sum(0).to(z) if moved else z


def _place(name: str, many: int) -> int:
    if not name.isdecimal() or int(name) >= many:
        raise BadRequest(f"there are {many} of them, from 0 on")
    return int(name)


def path(opened: Opened, asked: Asked) -> dict[str, Any]:
    """Samples on the way from one code to another."""
    steps, label = get.whole(asked, "steps", 9, 2, 33), opened.label(asked)
    a, b = opened.code(asked.get("from")), opened.code(asked.get("to"))
    between = lerp if opened.space == "w" else slerp
    way = between(a, b, torch.linspace(0, 1, steps))
    return {"pictures": opened.decoded(way, label), "codes": way.tolist()}


def mixed(opened: Opened, asked: Asked) -> dict[str, Any]:
    """A code with the layers `band` (coarse, middle, fine) of another code, `of`."""
    if opened.space != "w":
        raise BadRequest("only generators with styles are mixed: those of stylegan and stylegan2")
    target, source = opened.code(asked.get("code")), opened.code(asked.get("of"))
    w = mix.mixed(target, source, mix.band(get.text(asked, "band"), target.shape[1]))[:, 0]
    return {"pictures": opened.decoded(w, opened.label(asked)), "codes": w.tolist()}


def dreamed(opened: Opened, asked: Asked) -> dict[str, Any]:
    """A picture (`picture`, base64), and what the game's critic makes of it: Deep Dream, on a layer of its own."""
    seer = opened.seer()
    x = opened.read(asked, max(1, DREAMED // min(opened.spec.shape[1:])))
    ascent = dream.Ascent(steps=get.whole(asked, "steps", dream.STEPS, 1, 4 * dream.STEPS))
    made = dream.dream(seer, x, get.text(asked, "layer", "") or None, ascent=ascent)
    return {"pictures": [*opened.shown(x), *opened.shown(made)], "codes": []}


def found(opened: Opened, asked: Asked) -> dict[str, Any]:
    """The code whose sample is nearest to an uploaded picture (`picture`, base64)."""
    invert.require_invertible(opened.game)
    x = opened.read(asked)
    done = invert.invert(opened.game, x, opened.space, opened.label(asked), guess=False, seconds=SECONDS)
    shown = opened.shown(x) + opened.shown(done.x)
    return {"pictures": shown, "codes": done.codes.tolist(), "errors": done.errors.tolist()}


def painted(opened: Opened, asked: Asked) -> dict[str, Any]:
    """The best codes for what was painted: `paint` and `edges` are PNG with alpha, opaque where something was drawn."""
    if not opened.image:
        raise BadRequest("one paints on pictures; this game makes others")
    strokes = brush.Strokes.read(_drawn(opened, asked, "paint"), _drawn(opened, asked, "edges"), opened.spec)
    seed, steps = get.whole(asked, "seed", 0, 0, 2**31), get.whole(asked, "steps", brush.STEPS, 1, 200)
    label = opened.label(asked)
    done = brush.brush(
        opened.game, opened.code(asked.get("code")), strokes, opened.space, label, steps=steps, seed=seed
    )
    return {
        "pictures": opened.shown(done.x),
        "codes": done.codes.tolist(),
        "inside": done.inside.tolist(),
        "outside": done.outside.tolist(),
    }


def _drawn(opened: Opened, asked: Asked, name: str) -> Tensor | None:
    data = get.unpacked(asked, name)
    if not data:
        return None
    _, h, w = opened.spec.shape
    return torch.from_numpy(get.picture(data, 4, (h, w)))


def translated(opened: Opened, asked: Asked) -> dict[str, Any]:
    """An uploaded or drawn picture (`picture`, base64) in the domain `to`, beside itself."""
    if not isinstance(opened.game, Translator) or not opened.image:
        raise BadRequest("this game translates no pictures")
    domains = len(opened.spec.classes)
    to = get.whole(asked, "to", 0, 0, domains - 1) if domains and asked.get("to") is not None else None
    x = opened.read(asked)
    made = carried(opened.game, x.to(opened.game.device), to, get.whole(asked, "seed", 0, 0, 2**31))
    return {"pictures": [*opened.shown(x), *opened.shown(made)], "codes": []}


def film(opened: Opened, asked: Asked) -> dict[str, Any]:
    """Samples of these codes as a GIF (base64) that runs forth and back."""
    told = asked.get("codes")
    if not opened.image or not isinstance(told, list) or not 2 <= len(told) <= MOST:
        raise BadRequest(f"a film is made of 2 to {MOST} codes of pictures")
    z = torch.cat([opened.code(one) for one in told])
    pictures = [to_image(x) for x in codes.decoded(opened.game, z, opened.space, opened.label(asked))]
    frames, file = [*pictures, *pictures[-2:0:-1]], io.BytesIO()
    frames[0].save(file, "gif", save_all=True, append_images=frames[1:], duration=FRAME, loop=0)
    return {"film": base64.b64encode(file.getvalue()).decode()}


TOOLS = {
    "facts": facts, "sample": samples, "steer": steer, "path": path, "invert": found, "brush": painted,
    "translate": translated, "film": film, "mix": mixed, "dream": dreamed,
}  # fmt: skip
