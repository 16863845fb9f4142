"""Codes for editing: z of any latent game, or w, the styles.  They are drawn by seed and decoded in chunks."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple, cast

import torch
from torch import Tensor

from rivalry.errors import BadRequest
from rivalry.game import Conditional, Game, Latent, Styled
from rivalry.labels import every_class, labels_for
from rivalry.maths import chance
from rivalry.runs.drawing import refuse_seed

Space = Literal["z", "w"]
DRAWN = 1000  # the number of codes that `typical` draws


class Typical(NamedTuple):
    """Statistics of codes.

    Attributes:
        mean, std: of each number of a code.  A number that never varies has a std of 1.
        norm: the mean norm of a code.
    """

    mean: Tensor
    std: Tensor
    norm: float


def require(game: Game, space: Space = "z") -> None:
    """Refuse a game that has no codes, or no styles.

    Raises:
        BadRequest: the game has none; says which.
    """
    if not isinstance(game, Latent):
        raise BadRequest("this game decodes no codes, so there is nothing to edit")
    if space not in ("z", "w"):
        raise BadRequest(f"codes are edited in z or, where there are styles, in w; got {space!r}")
    if space == "w" and not isinstance(game, Styled):
        raise BadRequest("this game has no styles (StyleGAN and its kin do); edit its codes in z")


def of_seeds(
    game: Game, seeds: Sequence[int], space: Space = "z", label: Tensor | int | None = None
) -> Tensor:
    """The code of each seed, from which `drawing.draw(game, 1, seed=seed)` makes its sample.

    Args:
        label: one for all, (n,), or None for every class in turn.  Styles of a game with classes depend on it; codes
            do not.

    Returns:
        (n, ...): codes z, or styles w (n, layers, d), on the game's device.
    """
    require(game, space)
    if not seeds:
        raise BadRequest("codes are drawn by seed; name one seed or more, as in 1,2,3")
    z = []
    for seed in seeds:
        refuse_seed(seed)
        with chance.by_row(seed, range(1), game.device), torch.no_grad():
            z.append(cast(Latent, game).draw(1))
    return into(game, torch.cat(z), space, label)


def drawn(game: Game, n: int, space: Space = "z", *, seed: int = 0) -> Tensor:
    """`n` codes or styles at once, of every class in turn: (n, ...)."""
    require(game, space)
    with seeded(game, seed), torch.no_grad():
        z = cast(Latent, game).draw(n)
    return into(game, z, space)


@torch.no_grad()
def into(game: Game, z: Tensor, space: Space, label: Tensor | int | None = None) -> Tensor:
    """Codes z as they are, or the styles w (n, layers, d) of these codes and classes."""
    if space == "z":
        return z
    return cast(Styled, game).style(z, **given_labels(game, len(z), label))


def decoded(
    game: Game, codes: Tensor, space: Space = "z", label: Tensor | int | None = None, *, chunk: int = 100
) -> Tensor:
    """The samples of codes or styles: (n, ...) -> (n, ...) float32 on the CPU.

    The same codes give the same samples, even if the game draws further random numbers.

    Args:
        label: one for all, (n,), or None for every class in turn; a style knows its class already.
    """
    require(game, space)
    labels = given_labels(game, len(codes), label).get("label")
    parts = []
    with seeded(game, 0), torch.no_grad():
        for start in range(0, len(codes), chunk):
            rows = slice(start, start + chunk)
            part = decode(game, codes[rows].to(game.device), space, None if labels is None else labels[rows])
            parts.append(part.float().cpu())
    return torch.cat(parts)


def decode(game: Game, codes: Tensor, space: Space = "z", label: Tensor | None = None) -> Tensor:
    """Samples of these codes or styles on the game's device, with their gradient."""
    if space == "w":
        return cast(Styled, game).synthesize(codes)
    return cast(Latent, game).decode(codes, **({} if label is None else {"label": label}))


def given_labels(game: Game, n: int, label: Tensor | int | None = None) -> dict[str, Any]:
    """`{"label": (n,)}` for a game with classes, every class in turn by default; `{}` for other games.

    Raises:
        BadRequest: the label does not exist, or the game has no classes.
    """
    classes = game.classes if isinstance(game, Conditional) else 0
    label = every_class(game, n) if label is None else label
    return dict(zip(["label"], labels_for(n, label, classes, game.device)))


def require_one_class(game: Game, label: Tensor | int | None) -> None:
    """Refuse a game with classes if no class is named; for pictures whose samples must all be of one class.

    Raises:
        BadRequest: no class is named.
    """
    if label is None and isinstance(game, Conditional) and game.classes:
        raise BadRequest("this game is told classes, and one is needed here: name it with --label")


def typical(game: Game, space: Space = "z") -> Typical:
    """Statistics of codes of the prior, or of styles, from a thousand of them, always the same."""
    codes = drawn(game, DRAWN, space)
    std = codes.std(0)
    return Typical(codes.mean(0), std.where(std > 1e-6, torch.ones_like(std)), float(lengths(codes).mean()))


def lengths(codes: Tensor) -> Tensor:
    """The Euclidean norm of each code: (n, ...) -> (n,)."""
    return codes.flatten(1).norm(dim=1)


@contextmanager
def seeded(game: Game, seed: int) -> Iterator[None]:
    """A context with random numbers from this seed.  The caller's random numbers are not changed."""
    refuse_seed(seed)
    with chance.seeded(seed, game.device):
        yield
