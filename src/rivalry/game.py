"""A model is a game: players take turns, each turn lowers one loss by moving one player's parameters.

A round is a Python generator that *describes* the turns as moves; the engine *performs* them.

    class GAN(Game):
        def round(self, data, t):
            real, = data.take(self.batch)
            fake = self.sample(len(real))
            yield Move(self.critic, divergence.critic(self.D(real), self.D(fake.detach())))
            yield Move(self.generator, divergence.generator(self.D(fake)))

`yield a` then `yield b` alternates; `yield a, b` is simultaneous: everyone looks before anyone leaps.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from rivalry.errors import BadRequest, unknown

if TYPE_CHECKING:
    from rivalry.data.source import Source


class Optimizer(Protocol):
    """Moves its parameters by their gradients, and keeps what it remembers of each as a tree of numbers and tensors.

    Those of `optimizers` and every one of torch.
    """

    @property
    def state(self) -> Mapping[Any, dict[str, Any]]: ...
    def step(self) -> Any: ...
    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, saved: dict[str, Any], /) -> None: ...


class Player:
    """Parameters that move together, and the optimizer that moves them.

    Not a network, and it owns no loss: CycleGAN's two translators are one player, CoGAN's share weights.

    Args:
        parts: modules and single parameters; a weight shared by two parts counts once.
        optimizer: makes the optimizer from the list of parameters (see `optimizers`).
        clip: the largest norm of the player's whole gradient, or None.
    """

    def __init__(
        self,
        *parts: nn.Module | nn.Parameter,
        optimizer: Callable[[list[nn.Parameter]], Optimizer],
        clip: float | None = None,
    ):
        self.parts, self.make, self.clip = parts, optimizer, clip
        self.name = "?"  # Game gives it the name of the attribute it is kept under

    @cached_property
    def parameters(self) -> list[nn.Parameter]:
        every = (part.parameters() if isinstance(part, nn.Module) else [part] for part in self.parts)
        return list(dict.fromkeys(p for some in every for p in some if p.requires_grad))

    @cached_property
    def optimizer(self) -> Optimizer:
        return self.make(self.parameters)  # made late: after the game has moved to its device


@dataclass(slots=True)
class Move:
    """One turn: `player` lowers `loss`.

    Attributes:
        player: who moves; None for one who moved by rules of its own (a policy moved by PPO).
        loss: a finite scalar that depends on the player's parameters; None reports a move already made.
        notes: scalars worth a line in the log, kept as tensors so that nobody waits for them.
        hold: the gradient waits and joins that of the player's next move, which steps: a large batch in small
            parts, each gone from memory before the next (plain gradients only).
    """

    player: Player | None
    loss: Tensor | None
    notes: dict[str, Tensor | float] = field(default_factory=dict)
    hold: bool = False

    @property
    def name(self) -> str:
        return self.player.name if self.player else "outside"


class Game(nn.Module):
    """Networks, players, the round that they repeat, and what the trained game can do.

    A game knows mathematics alone: no device, precision, rank, log or file.  Whatever must survive a
    restart is a parameter, a buffer or the extra state of a module.
    """

    reads: tuple[str, ...] = ("x",)  # the columns of the data that a batch holds, in this order
    makes: str = "x"  # the column that samples ought to be like
    batch: int = 64  # data of one turn, over all processes together

    def round(self, data: "Source", t: int) -> Iterator[Move | tuple[Move, ...]]:
        """Describe round `t` as moves.  It pulls its own data: `data.take(n)` or `next(data)`."""
        raise NotImplementedError

    sample: Callable[..., Tensor]
    """`sample(n, **given)`: n samples in data space; `given` = label, text, source image, truncation ..."""

    def forward(self, x: Tensor, *args: Any, **given: Any) -> Tensor:
        """`game(z)` decodes codes; the `game(x)` of a translator carries data to the other domain."""
        if isinstance(self, Translator):
            return self.translate(x, *args, **given)
        if isinstance(self, Latent):
            return self.decode(x, *args, **given)
        raise BadRequest("this game has no codes to decode and translates nothing; it has sample(n)")

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Player):
            value.name = name  # self.critic = Player(...) is named "critic"
        super().__setattr__(name, value)

    def facts(self) -> dict[str, str]:
        """What is worth knowing of it beside the sizes of its players."""
        return {}

    @property
    def players(self) -> dict[str, Player]:
        return {name: value for name, value in vars(self).items() if isinstance(value, Player)}

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device


# What a trained game can do.  Metrics, editing tools and the studio ask for one of these, never for a class.


@runtime_checkable
class Latent(Protocol):
    """Samples are decoded from codes that can be drawn."""

    def draw(self, n: int) -> Tensor: ...
    def decode(self, z: Tensor, **given: Any) -> Tensor: ...


@runtime_checkable
class Coded(Protocol):
    """Parts of its codes have names and a meaning of their own: `sample(n, code={"c0": 3, "c1": -0.5})`."""

    @property
    def named(self) -> dict[str, int]: ...  # by name: how many categories, or 0 of a number on [-1, 1]
    def with_parts(self, z: Tensor, code: Mapping[str, float]) -> Tensor: ...


@runtime_checkable
class Conditional(Protocol):
    """Samples can be asked for by class: `sample(n, label=3)`, `label` an int or a tensor (n,)."""

    classes: int


@runtime_checkable
class Density(Protocol):
    """Knows the likelihood of a datum, in nats."""

    def log_prob(self, x: Tensor) -> Tensor: ...


@runtime_checkable
class Mass(Protocol):
    """Knows how likely 8-bit images are on their levels, in nats; of a density it is a lower bound (see `levels`)."""

    def log_mass(self, x: Tensor) -> Tensor: ...


@runtime_checkable
class Translator(Protocol):
    """Carries data from one domain to another: `sample(n, source=x, label=to)` is `translate(x, to)`.

    Domains are the classes of the data, by number; where there is only one way to go, `to` need not be told.
    """

    def translate(self, x: Tensor, to: Tensor | int | None = None) -> Tensor: ...


@runtime_checkable
class Styled(Protocol):
    """Decodes a code by way of styles, one for each of its layers: z -> w (n, layers, d) -> x."""

    def style(self, z: Tensor, label: Tensor | int | None = None) -> Tensor: ...
    def synthesize(self, w: Tensor) -> Tensor: ...
    def middle(self) -> Tensor: ...  # the mean style (d,)


@runtime_checkable
class Steerable(Protocol):
    """Tells the matrices (out, d) that a code, or a style, meets first: its strongest directions are theirs."""

    def input_matrices(self) -> list[Tensor]: ...


@runtime_checkable
class Critic(Protocol):
    """Tells real from fake: (n, ...) -> (n,), real is high."""

    def score(self, x: Tensor, **given: Any) -> Tensor: ...


def norm(tensors: Iterable[Tensor]) -> Tensor:
    """The Euclidean norm of many tensors taken as one vector, in float32."""
    return torch.nn.utils.get_total_norm(tensors)


def require_part(named: Mapping[str, int], name: str, value: float) -> None:
    """Refuse a part of a code that there is not, or a value that it cannot have.

    Args:
        named: see `Coded.named`.

    Raises:
        BadRequest: what there is.
    """
    if name not in named:
        raise unknown("part of the code", name, named, f"there is {', '.join(named)}")
    categories = named[name]
    if categories and value not in range(categories):
        raise BadRequest(f"{name} is a category, 0 to {categories - 1}; got {value:g}")
    if not math.isfinite(value):
        raise BadRequest(f"{name} is a number, drawn between -1 and 1; got {value}")
