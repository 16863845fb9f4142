"""Networks that look at pictures, their layers, and what a layer answers: a judge, the critic of a run, EfficientNet.

A layer is asked by a hook that ends the forward pass as soon as its answer is there.  Convolutions so take pictures
of any size, though the network that they belong to ends in a layer of one size.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.data import open_data
from rivalry.data.source import Spec
from rivalry.editing.codes import given_labels
from rivalry.errors import BadRequest, unknown
from rivalry.game import Critic, Game
from rivalry.metrics.extractors.extractor import BUNDLED, Extractor, judge, load_judge
from rivalry.runs.opening import load, local, open_run

EFFICIENTNET = "efficientnet-lite0"
JUDGE = "judge-"


@dataclass(frozen=True)
class Seer:
    """A network that looks at pictures.

    Attributes:
        name: as the user names it.
        network: its layers are the modules of this.
        look: one whole forward pass: (n, c, h, w) in [-1, 1] -> anything; where there are classes,
            (features, logits (n, k)).
        shape: (c, h, w), of the pictures that it was trained on.
        classes: their names; empty for a network that knows none.
    """

    name: str
    network: nn.Module
    look: Callable[[Tensor], Any]
    shape: tuple[int, int, int]
    classes: tuple[str, ...] = ()

    @property
    def device(self) -> torch.device:
        return next(self.network.parameters()).device


def find_seer(name: str, *, device: str = "cpu", which: str = "best") -> Seer:
    """The network of this name.

    Args:
        name: "judge-DATA", "efficientnet-lite0", or a run, whose critic looks.

    Raises:
        BadRequest: no such network, or a run without a critic of images.
    """
    if name == EFFICIENTNET:
        from rivalry.metrics.extractors.efficientnet import efficientnet_lite0

        return of_extractor(efficientnet_lite0(), (3, 224, 224))
    if name.startswith(JUDGE):
        return _judge(name.removeprefix(JUDGE))
    return _critic(name, device, which)


def default_seer() -> str:
    """EfficientNet where it is installed; else the judge that comes with the package."""
    with suppress(BadRequest):
        find_seer(EFFICIENTNET)
        return EFFICIENTNET
    return f"{JUDGE}mnist"


def of_extractor(extractor: Extractor, shape: tuple[int, int, int]) -> Seer:
    """An extractor of images as a seer."""
    return Seer(extractor.name, extractor.network, extractor.network, shape, extractor.classes)


def _judge(data: str) -> Seer:
    """The judge of a data set: one that comes with the package, else one that is trained, once, on the data."""
    bundled = BUNDLED / f"{JUDGE}{data}.safetensors"
    if bundled.parent == BUNDLED and bundled.is_file():
        found = load_judge(bundled)
    else:
        train = open_data(data)
        train.spec.require("a dream", kind="image")
        found = judge(train.spec, train)
    c, h, w = found.facts["shape"]
    return of_extractor(found, (c, h, w))


def _critic(name: str, device: str, which: str) -> Seer:
    run = open_run(local(name))
    return of_game(name, load(run, device=device, which=which), Spec.from_json(run.config["spec"]))


def of_game(name: str, game: Game, spec: Spec) -> Seer:
    """The critic of a game.

    Raises:
        BadRequest: it has none that looks at images.
    """
    if spec.meaning.axes != 2 or not isinstance(game, Critic):
        raise BadRequest(f"{name} has no critic that looks at images; take the run of a GAN of images")
    c, h, w = spec.shape
    look = lambda x: game.score(x, **given_labels(game, len(x)))
    return Seer(name, game, look, (c, h, w))


def layers(seer: Seer) -> dict[str, tuple[int, ...]]:
    """The layers that a picture passes, in order, each with the shape of its answer to one picture."""
    found: dict[str, tuple[int, ...]] = {}

    def note(name: str) -> Callable[..., None]:
        def hook(_module: nn.Module, _given: Any, out: Any) -> None:
            if isinstance(out, Tensor) and out.is_floating_point() and len(out) == 2 and out.ndim > 1:
                found.setdefault(name, tuple(out.shape[1:]))

        return hook

    leaves = [
        (name, module)
        for name, module in seer.network.named_modules()
        if name and not any(module.children()) and "parametrizations" not in name
    ]
    handles = [module.register_forward_hook(note(name)) for name, module in leaves]
    try:
        with torch.no_grad():
            seer.look(torch.zeros(2, *seer.shape, device=seer.device))
    finally:
        for handle in handles:
            handle.remove()
    return found


def require_layer(seer: Seer, layer: str | None) -> str:
    """The layer that was asked for; by default one two thirds of the way through those that keep places.

    Raises:
        BadRequest: no such layer; lists those that there are.
    """
    known = layers(seer)
    if layer is None:
        keeping = [name for name, shape in known.items() if len(shape) == 3 and min(shape[1:]) > 1]
        return (keeping or [*known])[2 * len(keeping or known) // 3]
    if layer not in known:
        raise BadRequest(f"{seer.name} has no layer {layer!r}; it has {', '.join(known)}")
    return layer


def answer(seer: Seer, x: Tensor, layer: str) -> Tensor:
    """What a layer answers to pictures (n, c, h, w) in [-1, 1]: (n, ...), with its gradient.

    Pictures of a size that the network does not take are brought to its own size first.
    """
    try:
        return _reached(seer, x, layer)
    except (RuntimeError, ValueError):
        if tuple(x.shape[1:]) == seer.shape:
            raise
        return _reached(seer, at_own_size(seer, x), layer)


class _Reached(Exception):
    """Ends a forward pass at the layer that was asked."""


def _reached(seer: Seer, x: Tensor, layer: str) -> Tensor:
    found: list[Tensor] = []

    def stop(_module: nn.Module, _given: Any, out: Tensor) -> None:
        found.append(out)
        raise _Reached

    handle = seer.network.get_submodule(layer).register_forward_hook(stop)
    try:
        with suppress(_Reached):
            seer.look(x)
    finally:
        handle.remove()
    return found[0]


def at_own_size(seer: Seer, x: Tensor) -> Tensor:
    """Pictures at the size that the network was trained on, followed back by gradients."""
    size = seer.shape[1:]
    if tuple(x.shape[2:]) == size:
        return x
    return F.interpolate(x, size, mode="bilinear", antialias=True, align_corners=False)


def class_number(seer: Seer, asked: str | int) -> int:
    """The class that was asked for, by name or number.

    Raises:
        BadRequest: the network knows no classes, or not this one.
    """
    if not seer.classes:
        raise BadRequest(f"{seer.name} knows no classes; take a judge: --with judge-mnist")
    if str(asked) in seer.classes:
        return seer.classes.index(str(asked))
    if not str(asked).isdigit() or int(asked) >= len(seer.classes):
        raise unknown("class", str(asked), seer.classes, f"there is {', '.join(seer.classes)}")
    return int(asked)


def log_probability(seer: Seer, x: Tensor, label: int) -> Tensor:
    """The log-probability of a class for each picture, (n,), with its gradient.  Seen at the network's own size."""
    return seer.look(at_own_size(seer, x))[1].log_softmax(1)[:, label]
