"""A model is a game: players take turns, each turn lowers one loss by moving one player's parameters.

A round is a Python generator that *describes* the turns as moves; the engine *performs* them.

    class GAN(Game):
        def round(self, data, t):
            real, = data.take(self.batch)
            fake = self.sample(len(real))
            yield Move(self.critic, divergence.critic(self.D(real), self.D(fake.detach())))
            yield Move(self.generator, divergence.generator(self.D(fake)))

`yield a` then `yield b` alternates.  `yield a, b` is simultaneous: the gradients of both moves are computed before
any parameter changes.
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
    from rivalry.data.source import Source, Spec


class Optimizer(Protocol):
    """Changes parameters by their gradients.  Its state is a tree of numbers and tensors.

    The optimizers of `maths.optimizers` and of torch are of this type.
    """

    @property
    def state(self) -> Mapping[Any, dict[str, Any]]: ...
    def step(self) -> Any: ...
    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, saved: dict[str, Any], /) -> None: ...


class Player:
    """Parameters that move together, and the optimizer that moves them.

    A player is not a network, and it owns no loss: CycleGAN's two translators are one player; CoGAN's players share
    weights.

    Args:
        parts: modules and single parameters.  A weight that two parts share is counted once.
        optimizer: a function that makes the optimizer from the list of parameters (see `maths.optimizers`).
        clip: the largest norm of the player's whole gradient, or None.
    """

    def __init__(
        self,
        *parts: nn.Module | nn.Parameter,
        optimizer: Callable[[list[nn.Parameter]], Optimizer],
        clip: float | None = None,
    ):
        self.parts, self.make, self.clip = parts, optimizer, clip
        self.name = "?"  # `Game.__setattr__` sets it to the name of the attribute

    @cached_property
    def parameters(self) -> list[nn.Parameter]:
        every = (part.parameters() if isinstance(part, nn.Module) else [part] for part in self.parts)
        return list(dict.fromkeys(p for some in every for p in some if p.requires_grad))

    @cached_property
    def optimizer(self) -> Optimizer:
        return self.make(self.parameters)  # made on first use, after the game was moved to its device


@dataclass(slots=True)
class Move:
    """One turn: `player` lowers `loss`.

    Attributes:
        player: the player that moves; None for a player that moves by its own rules (a policy moved by PPO).
        loss: a finite scalar that depends on the player's parameters; None reports a move that was already made.
        notes: scalars for the log.  They stay tensors, so that training does not wait for an accelerator.
        hold: keep the gradient, and add it to that of the player's next move, without a step now.  A large batch can
            so be computed in small parts, one in memory at a time (plain gradients only).
    """

    player: Player | None
    loss: Tensor | None
    notes: Mapping[str, Tensor | float] = field(default_factory=dict)
    hold: bool = False

    @property
    def name(self) -> str:
        return self.player.name if self.player else "outside"


class Game(nn.Module):
    """Networks, players, the round that they repeat, and what the trained game can do.

    A game holds only mathematics: no device, precision, rank, log or file.  State that must survive a restart is a
    parameter, a buffer or the extra state of a module.
    """

    reads: tuple[str, ...] = ("x",)  # the columns of the data that a batch holds, in this order
    makes: str = "x"  # the column that samples are compared with
    batch: int = 64  # data of one turn, over all processes together
    actors: int = (
        0  # copies of the environment that a round plays in; 0 for a game that is played on data alone
    )

    def round(self, data: "Source", t: int) -> Iterator[Move | tuple[Move, ...]]:
        """Describe round `t` as moves.  The round takes its own data: `data.take(n)` or `next(data)`."""
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
        """Facts to show about the game, in addition to the sizes of its players."""
        return {}

    @property
    def players(self) -> dict[str, Player]:
        return {name: value for name, value in vars(self).items() if isinstance(value, Player)}

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device


# What a trained game can do.  Metrics and editing tools check for one of these protocols, never for a class.


@runtime_checkable
class Latent(Protocol):
    """Samples are made from codes: `draw` draws codes, `decode` turns them into samples."""

    def draw(self, n: int) -> Tensor: ...
    def decode(self, z: Tensor, **given: Any) -> Tensor: ...


@runtime_checkable
class Coded(Protocol):
    """Parts of the codes have names, and each has a meaning: `sample(n, code={"c0": 3, "c1": -0.5})`."""

    @property
    def named(self) -> dict[str, int]: ...  # name -> number of categories; 0 for a number in [-1, 1]
    def with_parts(self, z: Tensor, code: Mapping[str, float]) -> Tensor: ...


@runtime_checkable
class Conditional(Protocol):
    """Samples of a given class: `sample(n, label=3)`, where `label` is an int or a tensor (n,)."""

    classes: int


@runtime_checkable
class Conditioned(Protocol):
    """Samples for a datum of another column, of any kind: `sample(n, caption=c)` for the column "caption"."""

    conditioned_on: str  # the name of the column, and of the argument: (n, ...), or (1, ...) for all samples


@runtime_checkable
class Density(Protocol):
    """Computes the log-likelihood of a datum, in nats."""

    def log_prob(self, x: Tensor) -> Tensor: ...


@runtime_checkable
class Linking(Protocol):
    """Scores how likely two nodes of a graph are to be joined: (v, v), symmetric."""

    def link_scores(self) -> Tensor: ...


@runtime_checkable
class Mass(Protocol):
    """Computes the log-probability of 8-bit images, in nats.  For a density it is a lower bound (see `levels`)."""

    def log_mass(self, x: Tensor) -> Tensor: ...


@runtime_checkable
class Translator(Protocol):
    """Translates data from one domain to another: `sample(n, source=x, label=to)` is `translate(x, to)`.

    Domains are the classes of the data, by number.  `to` may be left out if there is only one direction.
    """

    def translate(self, x: Tensor, to: Tensor | int | None = None) -> Tensor: ...


@runtime_checkable
class Enlarger(Protocol):
    """Makes pictures of any size larger: (n, c, h, w) in [-1, 1] -> (n, c, times h, times w) in [-1, 1]."""

    times: int

    def enlarge(self, x: Tensor) -> Tensor: ...


@runtime_checkable
class Filler(Protocol):
    """Fills holes in pictures: (n, c, h, w) in [-1, 1], and (n, 1, h, w), 1 where pixels are missing."""

    def fill(self, x: Tensor, hole: Tensor) -> Tensor: ...


@runtime_checkable
class Layered(Protocol):
    """Makes clips of a foreground over a background: `layers(z)` are the clips and the foreground's share of pixels."""

    def draw(self, n: int) -> Tensor: ...
    def layers(
        self, z: Tensor
    ) -> tuple[Tensor, Tensor]: ...  # (n, f, c, h, w), and (n, f, 1, h, w) in [0, 1]


@runtime_checkable
class Continuing(Protocol):
    """Continues a clip frame by frame, from its last `past` frames: (n, past or more, ...) -> (n, steps, ...)."""

    past: int

    def continued(self, x: Tensor, steps: int) -> Tensor: ...


@runtime_checkable
class Styled(Protocol):
    """Decodes a code in two steps, with a style for each layer between them: z -> w (n, layers, d) -> x."""

    def style(self, z: Tensor, label: Tensor | int | None = None) -> Tensor: ...
    def synthesize(self, w: Tensor) -> Tensor: ...
    def middle(self) -> Tensor: ...  # the mean style (d,)


@runtime_checkable
class Steerable(Protocol):
    """Returns the matrices (out, d) that are applied to a code, or a style, first; `edit factorize` uses them."""

    def input_matrices(self) -> list[Tensor]: ...


@runtime_checkable
class Critic(Protocol):
    """Scores how real data are: (n, ...) -> (n,).  Real data score high."""

    def score(self, x: Tensor, **given: Any) -> Tensor: ...


@runtime_checkable
class Actor(Protocol):
    """Acts in an environment: what it sees (n, observation) -> what it does, (n,) or (n, action).

    Its samples are the episodes that it plays; `spec` describes them, and names the environment.
    """

    spec: "Spec"

    def act(self, seen: Tensor) -> Tensor: ...


def norm(tensors: Iterable[Tensor]) -> Tensor:
    """The Euclidean norm of all tensors together, as one vector, in float32."""
    return torch.nn.utils.get_total_norm(tensors)


def require_part(named: Mapping[str, int], name: str, value: float) -> None:
    """Refuse the name of a part that a code does not have, or a value that the part cannot have.

    Args:
        named: see `Coded.named`.

    Raises:
        BadRequest: no such part or value; names the possible ones.
    """
    if name not in named:
        raise unknown("part of the code", name, named, f"there is {', '.join(named)}")
    categories = named[name]
    if categories and value not in range(categories):
        raise BadRequest(f"{name} is a category, 0 to {categories - 1}; got {value:g}")
    if not math.isfinite(value):
        raise BadRequest(f"{name} is a number, drawn between -1 and 1; got {value}")
