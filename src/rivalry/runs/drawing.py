"""Samples drawn from a trained game, each with random numbers of its own."""

import inspect
from collections.abc import Iterator
from math import isfinite
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rivalry.errors import BadRequest
from rivalry.game import Game, Styled, Translator
from rivalry.kinds.kind import in_full_precision
from rivalry.labels import every_class
from rivalry.maths.chance import by_row
from rivalry.play.ranks import Ranks
from rivalry.runs.opening import load
from rivalry.runs.run import Run


def sample(
    run: str | Path | Run | Game,
    n: int = 64,
    *,
    seed: int = 0,
    device: str = "cpu",
    which: str = "best",
    **given: Any,
) -> Tensor:
    """`n` samples of a run, or of a game that was loaded: (n, ...), those that `rivalry sample` writes for this seed.

    Args:
        run: a `Run`, its directory, the id of one on the Hugging Face Hub, or a `Game`.
        device, which: of a run, as in `load`.
        given: what the game is asked for: `label` (a number, or a tensor (n,)), `truncation`, `source` of a
            translator.  Every class in turn by default.

    Raises:
        BadRequest: no run, or a game that makes its samples from pictures and was given none.
    """
    game = run if isinstance(run, Game) else load(run, device=device, which=which)
    if isinstance(game, Translator) and "source" not in given:
        raise BadRequest(
            "this game makes its samples from pictures: give them as source, (n, c, h, w) in [-1, 1]"
        )
    if "truncation" in given:
        require_truncation(game, given["truncation"])
    label = given.get("label", every_class(game, n))
    given |= {} if label is None else {"label": torch.as_tensor(label).expand(n).to(game.device)}
    return draw(game, n, seed=seed, **given)


def draw(
    game: Game, n: int, *, seed: int = 0, chunk: int = 500, ranks: Ranks | None = None, **given: Any
) -> Tensor:
    """`n` samples, on the processor: (n, ...), real numbers in float32.  The same seed gives the same samples.

    Every sample has random numbers of its own (`chance.by_row`): the i-th of a seed is the same whatever `n` and
    `chunk` are, and processes that share the chunks draw what one alone would.

    Args:
        chunk: samples at a time; even, so that `cogan`'s pairs stay together.
        ranks: the processes that share the work; all of them get every sample.
        given: what `game.sample` takes; a tensor of n rows is dealt out with the chunks.
    """
    if n < 1:
        raise BadRequest(f"samples are drawn by one or more; got {n}")
    refuse_seed(seed)
    ranks = ranks or Ranks()
    chunks = -(-n // chunk)
    mine = ranks.share_of(chunks).tolist()
    with torch.no_grad():
        parts = [_chunk(game, i, min(chunk, n - i * chunk), seed, chunk, given) for i in mine or [0]]
    if ranks.world == 1:
        return torch.cat(parts)
    whole = parts[0].new_zeros(len(parts), chunk, *parts[0].shape[1:])  # the last chunk may be a short one
    for rows, part in zip(whole, parts):
        rows[: len(part)] = part
    return ranks.join(whole[: len(mine)], chunks).flatten(0, 1)[:n]


def parts(game: Game, n: int, *, seed: int = 0, chunk: int = 500, **given: Any) -> Iterator[Tensor]:
    """The samples of `draw`, a chunk at a time, each drawn when it is asked for: (chunk, ...) float32."""
    if n < 1:
        raise BadRequest(f"samples are drawn by one or more; got {n}")
    refuse_seed(seed)
    devices = [game.device] if game.device.type == "cuda" else []
    for i in range(-(-n // chunk)):
        with torch.random.fork_rng(devices), torch.no_grad():
            part = _chunk(game, i, min(chunk, n - i * chunk), seed, chunk, given)
        yield part


def _chunk(game: Game, i: int, size: int, seed: int, chunk: int, given: dict[str, Any]) -> Tensor:
    """The samples of chunk i."""
    rows = range(i * chunk, i * chunk + size)
    mine = lambda value: value[rows.start : rows.stop] if isinstance(value, Tensor) and value.dim() else value
    with by_row(seed, rows, game.device):
        return in_full_precision(
            game.sample(size, **{name: mine(value) for name, value in given.items()})
        ).cpu()


def refuse_seed(seed: int) -> None:
    """Refuse what cannot begin random numbers."""
    if not 0 <= seed < 2**32:
        raise BadRequest(f"a seed is a whole number from 0 to {2**32 - 1}; got {seed}")


def require_truncation(game: Game, truncation: float) -> None:
    """Refuse a truncation that the game does not have.

    Styles are pulled towards their mean, w̄ + ψ (w - w̄): ψ of 0 is the mean itself, below 0 lies its other side.  Codes
    are drawn within ± the truncation, which is above 0.

    Raises:
        BadRequest: the game has no truncation, or not this one.
    """
    if "truncation" not in inspect.signature(game.sample).parameters:
        raise BadRequest("this game has no truncation")
    if not isfinite(truncation) or (truncation <= 0 and not isinstance(game, Styled)):
        raise BadRequest(f"truncation is above 0 (0.7, say: lower is nearer to the middle); got {truncation}")
