"""The skill of a run: its checkpoints play each other, generators against critics (see `metrics.skill`).

This shows the progress of a training without any extractor or judge: the critic of each checkpoint scores the samples
of every other checkpoint.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from rivalry.data import open_data
from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.game import Conditional, Critic, Game, Translator
from rivalry.metrics.game.skill import LEAST, Snapshot, skill
from rivalry.metrics.score import Score
from rivalry.runs.opening import as_trained, load, open_run
from rivalry.runs.places import data_of
from rivalry.runs.run import Run


def skill_of_run(
    path: str | Path | Run,
    *,
    data: Dataset | None = None,
    split: str = "train",
    matches: int = 10,
    batch: int = 64,
    seed: int = 0,
    device: str = "cpu",
    game: Callable[..., Game] | None = None,
) -> Score:
    """Rate the checkpoints that a run kept; all of them are in memory at once.

    Args:
        path: a run or its directory.
        data: what the critics hold samples against; the run's own by default.
        split: of the run's own data.
        matches, batch, seed: see `metrics.skill.skill`.
        game: what made the game, where that is a function of your own.

    Returns:
        The score "skill": the rating of the newest generator, with learning curves of both sides in the details.

    Raises:
        BadRequest: fewer than 3 checkpoints, a game without a critic, or one that translates.
        Damaged: a checkpoint is not what was written.
    """
    run = path if isinstance(path, Run) else open_run(path)
    kept = run.checkpoints()
    if len(kept) < LEAST:
        raise BadRequest(
            f"{run.path} keeps {len(kept)} checkpoints, and a tournament needs {LEAST}: a run keeps its best and the "
            "two newest; train it with --keep 20"
        )
    players = [
        snapshot(load(run, which=str(at.round), device=device, game=game), at.round) for at in reversed(kept)
    ]
    real = data or open_data(data_of(run), split, **as_trained(run))
    provenance: dict[str, Any] = {"data": real.spec.name, "split": split, "run": str(run.path)}
    provenance["torch"] = torch.__version__
    return skill(players, real, matches=matches, batch=batch, seed=seed, provenance=provenance)


def snapshot(game: Game, at: int) -> Snapshot:
    """A game in evaluation mode as a player of a tournament; told classes only where it knows them.

    Raises:
        BadRequest: the game has no critic, or needs something to translate.
    """
    if not isinstance(game, Critic):
        raise BadRequest("skill needs generators and critics; this game has no critic to ask")
    if isinstance(game, Translator):
        raise BadRequest("skill rates samples from nothing; this game translates what it is given")
    critic, conditional = cast(Critic, game), isinstance(game, Conditional) and game.classes

    def given(label: Tensor | None) -> dict[str, Tensor]:
        if not conditional:
            return {}
        if label is None:
            raise BadRequest("skill: this game is told classes, and the data have no labels to tell it")
        return {"label": label.to(game.device)}

    return Snapshot(
        f"round {at}",
        at,
        lambda n, label: game.sample(n, **given(label)),
        lambda x, label: critic.score(x.to(game.device), **given(label)),
    )
