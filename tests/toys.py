"""Shared by the tests of the core: tiny data, tiny games, and equality to the last bit."""

import json
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from rivalry.data.source import Dataset, Spec, TableSource, toy
from rivalry.game import Game, Player
from rivalry.maths.optimizers import sgd
from rivalry.play.engine import Engine
from rivalry.play.goal import Goal
from rivalry.runs.trees import flatten
from rivalry.settings import settings_of
from rivalry.worlds.experience import source_of

ABOUT: dict[str, Any] = {  # what a run.json says at least
    "game": "toy",
    "settings": {},
    "data": "toy",
    "spec": {"name": "toy", "kind": "points", "shape": [2]},
    "seed": 0,
    "goal": {"rounds": 1},
}

SMALL = {
    "latent": 6, "heard": 6, "width": 8, "batch": 8, "critic_steps": 2, "steps": 2,
    "embedding": 4, "attend": 4, "parts": 2, "phase": 4, "largest": 16, "depth": 2, "blocks": 1,
    "actors": 2, "minibatch": 4, "epochs": 2, "features": 4, "sentence": 6,
    "hidden": 1, "couplings": 2, "scales": 2, "layers": 2, "components": 2, "critic_width": 8,
    "length": 5, "walks": 100,
    "codes": 8, "halvings": 2, "tokenizer_rounds": 1, "adversarial_from": 0, "transformer_width": 8, "rows": 64,
    "pack": 2, "pool": 2, "quantiles": 16,
    "warmup": 1, "critic_warmup": 0, "rollouts": 2, "heads": 2, "representations": 4,
    "walk": 2, "replay": 32,
    "content": 4, "motion": 2, "past": 2, "draws": 2, "fixed": "random", "side": 32,
}  # fmt: skip


def points(n: int = 64, d: int = 2, classes: int = 3) -> Dataset:
    """`n` normal points of `d` numbers, in classes by turns."""
    x = torch.randn(n, d, generator=torch.Generator().manual_seed(0))
    return Dataset(Spec("points", "points", (d,), _names(classes)), x, _labels(n, classes))


def images(*shape: int, n: int = 64, classes: int = 3) -> Dataset:
    """`n` noise images of this shape, uint8, in classes by turns."""
    x = torch.randint(256, (n, *shape), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    return Dataset(Spec("images", "image", shape, _names(classes)), x, _labels(n, classes))


def bars(n: int, seed: int, classes: int = 4) -> Dataset:
    """Noise (n, 1, 10, 10) with one of the first `classes` of four rows bright, uint8."""
    generator = torch.Generator().manual_seed(seed)
    label = torch.randint(classes, (n,), generator=generator)
    x = torch.randint(60, (n, 1, 10, 10), generator=generator)
    x[torch.arange(n), :, 1 + 2 * label] += 180
    spec = Spec("bars", "image", (1, 10, 10), ("one", "two", "three", "four"))
    return Dataset(spec, x.to(torch.uint8), label)


def small(make: Callable[..., Game], **given: Any) -> dict[str, Any]:
    """Settings of toy size for those that the game has."""
    return {**{name: value for name, value in SMALL.items() if name in settings_of(make)}, **given}


def engine_of(
    make: Callable[..., Game],
    dataset: Dataset,
    *,
    seed: int = 0,
    settings: dict[str, Any] | None = None,
    **parts: Any,
) -> Engine:
    """An engine for a game of toy size, all of it following from the seed."""
    torch.manual_seed(seed)
    game = make(dataset.spec, **small(make, **(settings or {})))
    return Engine(game, source_of(dataset, game, seed=seed), seed=seed, **parts)


def play(game: Game, rounds: int = 1, **parts: Any) -> Engine:
    """Play a game that asks little of its data."""
    engine = Engine(game, TableSource(points(), batch=8), **parts)
    engine.play(Goal(rounds=rounds))
    return engine


def bits(engine: Engine) -> dict[str, Any]:
    """All that an engine's future depends on, to the last bit; not the seconds that it has played."""
    tensors: dict[str, Tensor] = {}
    tree = flatten({**engine.state(), "seconds": 0, "overhead": 0}, tensors)
    raw = {
        name: t.detach().cpu().contiguous().numpy().tobytes()
        for name, t in {**tensors, **engine.weights()}.items()
    }
    return {"tree": json.dumps(tree), **raw}


def different(a: dict[str, Any], b: dict[str, Any]) -> list[str]:
    """The names under which two such records differ; none when they are equal."""
    return [name for name in {**a, **b} if a.get(name) != b.get(name)]


def paired(*shape: int, n: int = 64) -> Dataset:
    """`n` pairs of noise images of this shape: `x`, and the `source` that it is made from."""
    one, other = images(*shape, n=n, classes=0), images(*shape, n=n, classes=0)
    spec = Spec("pairs", "image", shape, (), ("source",))
    return Dataset(spec, one.x, None, {}, {"source": 255 - other.x.flip(-1)})


def captioned(*shape: int, n: int = 64) -> Dataset:
    """`n` noise images of this shape, each with a sentence of three words."""
    data, text = images(*shape, n=n, classes=0), toy("tokens", n, classes=0)
    spec = Spec("captioned", "image", shape, (), {"caption": text.spec.x})
    return Dataset(spec, data.x, None, {}, {"caption": text.x})


def sounding(*shape: int, n: int = 64, classes: int = 0) -> Dataset:
    """`n` noise images of this shape, each with a tone of 64 samples."""
    data, tones = images(*shape, n=n, classes=classes), toy("wave", n, classes=0)
    spec = Spec("sounding", "image", shape, _names(classes), {"sound": tones.spec.x})
    return Dataset(spec, data.x, data.label, {}, {"sound": tones.x})


def _names(classes: int) -> tuple[str, ...]:
    return tuple(f"class {i}" for i in range(classes))


def _labels(n: int, classes: int) -> Tensor | None:
    return torch.arange(n) % classes if classes else None


class Scalars(Game):
    """Two numbers, one player each; a test gives the round."""

    def __init__(self, x: float = 1.0, y: float = 1.0, lr: float = 0.1, clip: float | None = None):
        super().__init__()
        self.x, self.y = (nn.Parameter(torch.tensor(v, dtype=torch.double)) for v in (x, y))
        self.a = Player(self.x, optimizer=sgd(lr), clip=clip)
        self.b = Player(self.y, optimizer=sgd(lr))

    def numbers(self) -> tuple[float, float]:
        return self.x.item(), self.y.item()
