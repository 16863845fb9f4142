"""Opening a run: check its description, build its game and load the weights."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from rivalry import catalog, settings
from rivalry.data.source import Spec
from rivalry.errors import BadRequest
from rivalry.game import Game
from rivalry.play.precision import choose_device
from rivalry.runs import shipped
from rivalry.runs.bounded import within_its_weights
from rivalry.runs.checkpoint import Damaged
from rivalry.runs.run import Run


def load(
    run: str | Path | Run,
    *,
    device: str = "cpu",
    which: str = "best",
    game: Callable[..., Game] | None = None,
) -> Game:
    """The trained game, ready to sample: weights frozen, in evaluation mode.

    Args:
        run: a run, its directory, "demo:NAME", or the id of one on the Hugging Face Hub ("owner/name").
        which: "best" (the newest if there is no best one), "newest", or a round that has a checkpoint.
        game: your own function that made the game, if it is not in the catalog.  A run only names games of the
            catalog, so that a run from somebody else cannot execute other code.

    Raises:
        BadRequest: there is no run, or the run has no such checkpoint.
        Damaged: the checkpoint is not what was written.
    """
    run = run if isinstance(run, Run) else open_run(local(str(run)))
    with within_its_weights(run):
        built = build(run.config, game)
    try:
        checkpoint, weights, state = run.read(which)
    except Damaged as damage:
        raise Damaged(f"{damage}; another may be whole: --which newest") from damage
    try:
        built.load_state_dict({**weights, **state["extra"]})
    # not torch's own message: it lists every weight, and the names may hold anything
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise BadRequest(f"{checkpoint.path} holds another game than {run.path}/run.json names") from error
    return built.to(choose_device(device)).eval().requires_grad_(False)


def build(config: dict[str, Any], make: Callable[..., Game] | None = None) -> Game:
    """The untrained game that a run.json describes."""
    make = maker_of(config, make)
    with torch.random.fork_rng([]):  # the caller's random numbers are not changed
        torch.manual_seed(config["seed"])
        return make(
            Spec.from_json(config["spec"]), **settings.check(make, config["settings"], config["game"])
        )


def maker_of(config: dict[str, Any], make: Callable[..., Game] | None = None) -> Callable[..., Game]:
    """The function that makes a run's game: `make` if it is given, else the catalog's game of its name.

    Raises:
        BadRequest: the catalog has no such game, so the user's function is needed.
    """
    if make is not None:
        return make
    name = config["game"]
    if all(entry.name != name for entry in catalog.CATALOG):
        raise BadRequest(
            f"the catalog has no game {name!r}: a function of someone's own made this run, and is needed "
            "again; from Python: rivalry.load(run, game=...)"
        )
    return catalog.maker(catalog.find(name))


def open_run(path: str | Path) -> Run:
    """Open the run at `path`, or one that comes with the package, "demo:NAME".

    Its run.json is checked against the schema, and its settings against the game.

    Raises:
        BadRequest: no run, a run of a newer version, or a run.json that `train` cannot have written.
    """
    run = Run.open(shipped.copied(str(path)) if shipped.is_shipped(path) else path)
    name = run.config["game"]
    run.config["settings"] = in_words_of_today(name, run.config["settings"])
    if any(entry.name == name for entry in catalog.CATALOG):  # else the game was made by a user's function
        settings.check(
            catalog.maker(catalog.find(name)), run.config["settings"], f"{run.path}/run.json: {name}"
        )
    return run


# (game, setting): in older runs, without effect now; the trace of an agent is 0.95.
GONE = {("unrolled", "stride"), ("gail", "trace"), ("airl", "trace")}
RENAMED = {("augment", "diff"): "diffaugment"}  # (setting, old value) -> new value


def in_words_of_today(game: str, given: dict[str, Any]) -> dict[str, Any]:
    """The settings of an older run, with their present names and values."""
    kept = {name: value for name, value in given.items() if (game, name) not in GONE}
    renamed = lambda name, value: RENAMED.get((name, value), value) if isinstance(value, str) else value
    return {name: renamed(name, value) for name, value in kept.items()}


def as_trained(run: Run) -> dict[str, Any]:
    """The arguments with which the run's data were opened: the size if one was given, and whether as pairs."""
    size = run.config.get("size")
    return {"size": tuple(size) if size else None, "pairs": "source" in run.config["spec"].get("extra", ())}


def local(name: str) -> Path:
    """The local directory of a run.  "user/name" that is no directory is fetched from the Hugging Face Hub."""
    from rivalry.runs import hub

    if shipped.is_shipped(name) or Path(name).exists() or not hub.is_id(name) or name.startswith("runs/"):
        return Path(name)
    try:
        return hub.fetched(name)
    except BadRequest as error:
        raise BadRequest(f"there is no run at {name}, and none on the Hub: {error}") from error


def as_run(subject: Any) -> Run | None:
    """The run that something is, or names; None for anything else."""
    if isinstance(subject, Run):
        return subject
    is_path = isinstance(subject, (str, Path))
    is_run = shipped.is_shipped(subject) or (is_path and (Path(subject) / "run.json").exists())
    return open_run(subject) if is_run else None
