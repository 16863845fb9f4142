"""A run opened: its description checked, its game built and loaded."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from rivalry import catalog, settings
from rivalry.cache import cache_dir
from rivalry.data import NAMES
from rivalry.data.source import Spec
from rivalry.errors import BadRequest
from rivalry.game import Game
from rivalry.play.precision import choose_device
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
        run: a run, its directory, or the id of one on the Hugging Face Hub ("owner/name").
        which: "best" (the newest where none was crowned), "newest", or a round that has a checkpoint.
        game: what made the game, where that is a function of your own: a run names games of the catalog alone,
            so that one from elsewhere can make nothing else run.

    Raises:
        BadRequest: no run there, or no such checkpoint in it.
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
    # torch lists every weight; what comes from elsewhere may hold anything
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise BadRequest(f"{checkpoint.path} holds another game than {run.path}/run.json names") from error
    return built.to(choose_device(device)).eval().requires_grad_(False)


def build(config: dict[str, Any], make: Callable[..., Game] | None = None) -> Game:
    """The untrained game that a run.json describes."""
    make = maker_of(config, make)
    with torch.random.fork_rng([]):  # the caller's random numbers go on as if nothing had been built
        torch.manual_seed(config["seed"])
        return make(
            Spec.from_json(config["spec"]), **settings.check(make, config["settings"], config["game"])
        )


def maker_of(config: dict[str, Any], make: Callable[..., Game] | None = None) -> Callable[..., Game]:
    """What makes a run's game: `make` itself, else the catalog's game of its name.

    Raises:
        BadRequest: the catalog has no such game, so the function that made it is needed.
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
    """The run at `path`, whose run.json is what `train` writes, its settings those of its game.

    Raises:
        BadRequest: no run, one of a newer version, or one that `train` cannot have left so.
    """
    run = Run.open(path)
    name = run.config["game"]
    run.config["settings"] = in_words_of_today(name, run.config["settings"])
    if any(entry.name == name for entry in catalog.CATALOG):  # else of a function of someone's own
        settings.check(
            catalog.maker(catalog.find(name)), run.config["settings"], f"{run.path}/run.json: {name}"
        )
    return run


GONE = {
    ("unrolled", "stride")
}  # settings of (game, name) that runs of before may hold, and that decide nothing now
RENAMED = {("augment", "diff"): "diffaugment"}  # values of settings that are called otherwise now


def in_words_of_today(game: str, given: dict[str, Any]) -> dict[str, Any]:
    """The settings of a run of before as they are called now."""
    kept = {name: value for name, value in given.items() if (game, name) not in GONE}
    renamed = lambda name, value: RENAMED.get((name, value), value) if isinstance(value, str) else value
    return {name: renamed(name, value) for name, value in kept.items()}


def as_trained(run: Run) -> dict[str, Any]:
    """How the run's data were opened: their size where one was asked for, and as pairs."""
    size = run.config.get("size")
    return {"size": tuple(size) if size else None, "pairs": "source" in run.config["spec"].get("extra", ())}


def from_anywhere(data: str) -> str:
    """A path that is good in every working directory; a name as it is."""
    return str(Path(data).resolve()) if data not in NAMES and Path(data).exists() else data


def local(name: str) -> Path:
    """A directory as it is; "owner/name" that is none is fetched from the Hugging Face Hub."""
    if Path(name).exists() or name.count("/") != 1 or name.startswith((".", "/", "runs/")):
        return Path(name)
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise BadRequest(f"no run at {name}; to fetch one from the Hub: pip install 'rivalry[hub]'") from None
    try:
        place = cache_dir("hub") / name.replace("/", "--")  # not the Hub's own cache, which consists of links
        patterns = ["*.json", "*.jsonl", "*.safetensors", "*.png"]
        return Path(snapshot_download(name, allow_patterns=patterns, local_dir=place))
    except Exception as error:
        raise BadRequest(f"no run at {name}, neither here nor on the Hub ({type(error).__name__})") from error


def as_run(subject: Any) -> Run | None:
    if isinstance(subject, Run):
        return subject
    is_path = isinstance(subject, (str, Path))
    return open_run(subject) if is_path and (Path(subject) / "run.json").exists() else None
