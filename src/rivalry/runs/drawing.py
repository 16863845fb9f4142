"""Drawing samples from a trained game, each with its own random numbers."""

import inspect
from collections.abc import Iterator, Mapping
from math import isfinite
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rivalry.errors import BadRequest
from rivalry.game import Game, Styled, Translator
from rivalry.given import require_steps, with_condition
from rivalry.kinds.kind import in_full_precision
from rivalry.labels import every_class
from rivalry.maths.chance import by_row
from rivalry.maths.watched import one_of
from rivalry.play.ranks import Ranks
from rivalry.runs.opening import load
from rivalry.runs.run import Run

SAMPLER = ("temperature", "top_k", "top_p")


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
        given: what the game is asked for: `label` (a number, or a tensor (n,)), `truncation`, `steps` of a sampler,
            `source` of a translator, `caption` (n, t) or `sound` (n, c, t), or one for all, `temperature`, `top_k` and
            `top_p` of a game of sentences.  Every class in turn by default.

    Raises:
        BadRequest: no run, or a game that makes its samples from data and was given none.
    """
    game = run if isinstance(run, Game) else load(run, device=device, which=which)
    if isinstance(game, Translator) and "source" not in given:
        raise BadRequest(
            "this game makes its samples from data that it is given: give them as source, (n, ...) in [-1, 1]"
        )
    if "truncation" in given:
        require_truncation(game, given["truncation"])
    if "steps" in given:
        require_own_steps(game, given["steps"])
    require_sampler(game, given)
    label = given.get("label", every_class(game, n))
    given |= {} if label is None else {"label": torch.as_tensor(label).expand(n).to(game.device)}
    return draw(game, n, seed=seed, **with_condition(game, given, n))


def draw(
    game: Game, n: int, *, seed: int = 0, chunk: int = 500, ranks: Ranks | None = None, **given: Any
) -> Tensor:
    """`n` samples on the CPU: (n, ...), real numbers in float32.  The same seed gives the same samples.

    Every sample has its own random numbers (`chance.by_row`).  The i-th sample of a seed therefore does not depend on
    `n`, on `chunk` or on the number of processes.

    Args:
        chunk: the number of samples at a time; even, so that `cogan`'s pairs stay together.
        ranks: the processes that share the work; all of them get every sample.
        given: arguments of `game.sample`.  A tensor of n rows is split into chunks as well.
    """
    if n < 1:
        raise BadRequest(f"samples are drawn by one or more; got {n}")
    refuse_seed(seed)
    ranks = ranks or Ranks()
    chunks = -(-n // chunk)
    mine = ranks.share_of(chunks).tolist()
    with torch.no_grad():
        parts = []
        for k, i in enumerate(mine or [0]):
            with one_of(max(len(mine), 1), k):
                parts.append(_chunk(game, i, min(chunk, n - i * chunk), seed, chunk, given))
    if ranks.world == 1:
        return torch.cat(parts)
    whole = parts[0].new_zeros(len(parts), chunk, *parts[0].shape[1:])  # the last chunk may be shorter
    for rows, part in zip(whole, parts):
        rows[: len(part)] = part
    return ranks.join(whole[: len(mine)], chunks).flatten(0, 1)[:n]


def parts(game: Game, n: int, *, seed: int = 0, chunk: int = 500, **given: Any) -> Iterator[Tensor]:
    """The samples of `draw`, one chunk after another: (chunk, ...) float32.  A chunk is drawn when it is asked for."""
    if n < 1:
        raise BadRequest(f"samples are drawn by one or more; got {n}")
    refuse_seed(seed)
    devices = [game.device] if game.device.type == "cuda" else []
    chunks = -(-n // chunk)
    for i in range(chunks):
        with torch.random.fork_rng(devices), torch.no_grad(), one_of(chunks, i):
            part = _chunk(game, i, min(chunk, n - i * chunk), seed, chunk, given)
        yield part


def _chunk(game: Game, i: int, size: int, seed: int, chunk: int, given: dict[str, Any]) -> Tensor:
    """The samples of chunk `i`."""
    rows = range(i * chunk, i * chunk + size)
    mine = lambda value: value[rows.start : rows.stop] if isinstance(value, Tensor) and value.dim() else value
    with by_row(seed, rows, game.device):
        return in_full_precision(
            game.sample(size, **{name: mine(value) for name, value in given.items()})
        ).cpu()


def refuse_seed(seed: int) -> None:
    """Refuse a number that cannot be a seed."""
    if not 0 <= seed < 2**32:
        raise BadRequest(f"a seed is a whole number from 0 to {2**32 - 1}; got {seed}")


def require_sampler(game: Game, given: Mapping[str, Any]) -> None:
    """Refuse a temperature, top-k or top-p for a game that does not draw one token after the other."""
    there = inspect.signature(game.sample).parameters
    for name in SAMPLER:
        if name in given and name not in there:
            option = name.replace("_", "-")
            raise BadRequest(f"this game does not draw one token after the other, so it has no {option}")


def require_truncation(game: Game, truncation: float) -> None:
    """Refuse a truncation that the game does not have.

    Styles are moved towards their mean, w̄ + ψ (w - w̄): ψ = 0 gives the mean, and ψ below 0 is allowed.  Codes are
    drawn within ± the truncation, which must be above 0.

    Raises:
        BadRequest: the game has no truncation, or does not allow this one.
    """
    if "truncation" not in inspect.signature(game.sample).parameters:
        raise BadRequest("this game has no truncation")
    if not isfinite(truncation) or (truncation <= 0 and not isinstance(game, Styled)):
        raise BadRequest(f"truncation is above 0 (0.7, say: lower is nearer to the middle); got {truncation}")


def require_own_steps(game: Game, steps: int) -> None:
    """Refuse a number of steps of a game whose sampler takes none, or less than one.

    Raises:
        BadRequest: says which.
    """
    if "steps" not in inspect.signature(game.sample).parameters:
        raise BadRequest("this game samples without steps (ddpm, flow-matching and ebm have them)")
    require_steps(steps, 1)
