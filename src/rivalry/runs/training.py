"""The main task: train a game and write a run to disk, or resume a run."""

import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import torch
from torch import nn

import rivalry
from rivalry import catalog, settings
from rivalry.data import ENVIRONMENT, Data, open_data, with_settings
from rivalry.data.source import Dataset, Source, Spec
from rivalry.errors import BadRequest
from rivalry.game import Game
from rivalry.paths import is_absolute
from rivalry.play.dynamics import find_dynamics
from rivalry.play.engine import Callback, Engine
from rivalry.play.goal import Goal, seconds
from rivalry.play.precision import choose_device, choose_precision, describe
from rivalry.play.ranks import Ranks, join
from rivalry.play.schedule import find_schedule
from rivalry.runs import schema
from rivalry.runs.bounded import within_its_weights
from rivalry.runs.callbacks import standing
from rivalry.runs.drawing import refuse_seed
from rivalry.runs.guards import locked, say
from rivalry.runs.opening import as_trained, maker_of, open_run
from rivalry.runs.origin import commit, fingerprint_of
from rivalry.runs.places import data_of, named, remember
from rivalry.runs.playing import play
from rivalry.runs.probe import is_small
from rivalry.runs.progress import steps
from rivalry.runs.recipes import in_place_of, in_words, plan, usual_recipe
from rivalry.runs.run import Run, command
from rivalry.waiting import shown_by
from rivalry.worlds.experience import source_of


def train(
    game: str | Callable[..., Game],
    data: Data | Source | None = None,
    *,
    env: str | None = None,
    recipe: str | None = None,
    size: tuple[int, int] | None = None,
    rounds: int | None = None,
    samples: int | None = None,
    time: str | float | None = None,
    run: str | Path | None = None,
    seed: int = 0,
    device: str = "auto",
    precision: str = "auto",
    dynamics: str = "gradient",
    schedule: str = "none",
    save_every: str | float = 30,
    keep: int = 2,
    measure: bool = True,
    quiet: bool = False,
    callbacks: Sequence[Callback] = (),
    **given: Any,
) -> Run:
    """Train a game and write a run to disk.

    Args:
        game: a name of `rivalry list`, or your own function `make(spec, *, setting=default, ...)`.
        data: a name of `rivalry list data`, a path or a Hugging Face id; a tensor, an array, (images, labels), a list
            of pictures, a map-style data set of torch, a `DataLoader` of one, or a data set of Hugging Face; a
            `Dataset`; or a `Source` that need not be a table: a stream, an environment.  If such a source has an
            attribute `table` (a `Dataset`), that is used for sheets, scores and the alarm.  The default is the
            recipe's data.
        env: the environment that an agent acts in; demonstrations name their own, which must be the same.
        recipe: a named set of settings of this game, see `rivalry show GAME`.  On a machine without a GPU, pictures
            are played with the recipe `laptop` by default; "paper" takes the paper's settings.
        size: height and width to which images are cropped and resized; by default they keep their size.
        rounds, samples, time: how long to train, by one of the three ("90s", "10m"); the recipe's goal by default,
            else 2 minutes.  `time` is the time until the end: with opening the data, and with sheets, scores and
            checkpoints, which take at most a tenth of it.
        run: the directory of the run; `runs/<game>-<data>-<date>-<k>` by default.
        seed: the seed of all random numbers.
        device: auto, cpu, cuda, cuda:1, mps.
        precision: auto, fp32, bf16.
        dynamics: how moves become steps: gradient, optimistic, extragradient, consensus:WEIGHT, stale:MOVES.
        schedule: of the step sizes: none, linear, linear:0.5, cosine, warmup:ROUNDS, or several joined by "+".
        save_every: time between checkpoints; more if they would take over 2 % of the time.  0 means every round.
        keep: the number of newest checkpoints to keep, in addition to the best.  `lab skill` needs several.
        measure: score the samples five times during training and keep the best checkpoint.
        quiet: show no progress.
        callbacks: called after each round and after ours, in every process, with the engine and the round's moves.
        given: settings of the game.

    Raises:
        BadRequest: the request makes no sense; raised before training begins or anything is written.
        RunFailed: training failed; everything is kept.
    """
    name, make = _made_by(game)
    lengths = {"rounds": rounds, "samples": samples, "seconds": None if time is None else seconds(time)}
    planned = plan(name, make, recipe, given, lengths)
    data = planned.data if data is None or (isinstance(data, str) and not data) else data
    data = f"{ENVIRONMENT}{env}" if data is None and env else data
    if data is None:
        raise BadRequest(
            f"what should {name} be trained on?  Name it with --data: `rivalry list data`, or a folder; the "
            "environment of an agent with --env"
        )
    where = choose_device(device)
    choose_precision(precision, where)  # raises if this machine does not have it
    find_dynamics(dynamics)
    find_schedule(schedule)
    seconds(save_every)
    if keep < 1:
        raise BadRequest(f"a run keeps 1 checkpoint or more; got {keep}")
    refuse_seed(seed)
    pairs = isinstance(game, str) and "pairs" in catalog.find(game).needs
    ranks = join()
    began = monotonic()
    with ranks.failing_together():
        dataset = ranks.first_before_others(lambda: _opened(data, quiet, size=size, pairs=pairs))
        if env and dataset.spec.about.get("env") != env:
            raise BadRequest(
                f"{dataset.spec.name!r} holds no episodes of {env}, but of {dataset.spec.about.get('env', 'nothing')}"
            )
        if recipe is None and (usual := usual_recipe(name, dataset.spec, where)):
            planned = plan(name, make, usual, given, lengths)
            if not quiet:
                say(in_words(name, usual))
        goal = planned.goal
        if planned.recipe and not quiet and (told := in_place_of(name, planned.recipe, goal)):
            say(told)
        config: dict[str, Any] = {
            "game": name,
            "recipe": planned.recipe,
            "settings": planned.settings,
            "data": named(str(data)) if isinstance(data, str | Path) else dataset.spec.name,
            "size": size,
            "spec": dataset.spec.to_json(),
            "seed": seed,
            "goal": goal.to_json(),
            "versions": {
                "rivalry": rivalry.__version__,
                "torch": torch.__version__,
                "python": platform.python_version(),
            },
            "device": describe(where),
            "precision": precision,  # `auto` is settled when the game is built: small ones stay in float32
            "dynamics": dynamics,
            "schedule": schedule,
            "save_every": seconds(save_every),
            "keep": keep,
            "measure": measure,
            "command": command(),
            "commit": commit(),
            "fingerprint": fingerprint_of(_table(dataset)),
        }
        engine = _engine(
            make, config, dataset, where, ranks
        )  # raises if the game cannot use the data, before a run exists
        config |= reproducible(ranks)
        place = _create(
            Path(run) if run else None,
            config,
            f"{name}-{Path(with_settings(config['data'])[0].removeprefix(ENVIRONMENT)).stem}",
            ranks,
        )
        with locked(place, ranks):
            if ranks.first:
                remember(config["fingerprint"], data)
                _name_skipped(place, _table(dataset))
            return play(place, engine, goal, _table(dataset), callbacks, quiet=quiet, began=began)


def resume(
    run: str | Path | Run,
    *,
    game: Callable[..., Game] | None = None,
    data: Data | Source | None = None,
    rounds: int | None = None,
    samples: int | None = None,
    time: str | float | None = None,
    device: str = "auto",
    quiet: bool = False,
    measure: bool | None = None,
    callbacks: Sequence[Callback] = (),
) -> Run:
    """Resume a run, to its own goal or to a new one.  It begins at the start if there is no checkpoint yet.

    A new goal replaces the run's own.  A run that has reached its goal is not changed.

    Args:
        game: your own function that made the game, if it is not in the catalog.
        data: the data, if the run was started with data instead of a name, or if they lie elsewhere now.
        measure: score the samples during training; by default as the run did before.
        callbacks: as those of `train`.

    Raises:
        BadRequest: it is not a run, all its checkpoints are damaged, or another process trains it.
        RunFailed: training failed; everything is kept.
    """
    ranks = join()
    began = monotonic()
    with ranks.failing_together():
        run = run if isinstance(run, Run) else open_run(run)
        config = run.config
        new = {"rounds": rounds, "samples": samples, "seconds": None if time is None else seconds(time)}
        goal = Goal(**(new if any(v is not None for v in new.values()) else config["goal"]))
        where, make = choose_device(device), maker_of(config, game)
        config["settings"] = settings.check(make, config["settings"], config["game"])
        known: Data | Source = data_of(run) if data is None else data
        dataset = ranks.first_before_others(lambda: _opened(known, quiet, **as_trained(run)))
        trained_on = Spec.from_json(config["spec"])
        if replace(dataset.spec, name=trained_on.name) != trained_on:  # a folder may be renamed
            raise BadRequest(
                f"{run.path} was trained on {_in_words(trained_on)}; "
                f"{config['data']!r} now holds {_in_words(dataset.spec)}"
            )
        if isinstance(known, str | Path) and (data is not None or is_absolute(config["data"])):
            config["data"] = named(str(known))
        with locked(run, ranks):
            return _resume(run, goal, dataset, known, make, where, ranks, callbacks, quiet, measure, began)


def _resume(
    run: Run,
    goal: Goal,
    dataset: Dataset | Source,
    known: object,
    make: Callable[..., Game],
    where: torch.device,
    ranks: Ranks,
    further: Sequence[Callback],
    quiet: bool,
    measure: bool | None,
    began: float,
) -> Run:
    config = run.config
    changed = _what_changed(config, _table(dataset), ranks)
    with within_its_weights(run):
        engine = _engine(make, config, dataset, where, ranks)
    if ranks.first:
        run.mend()
    ranks.wait()
    _go_back(run, engine)
    changed += [restarted] if (restarted := getattr(engine.data, "restarted", "")) else []
    ends = [line for line in run.lines() if line.get("event") == "done" and line.get("round") == engine.t]
    # the clock of a run by time may stop a little before its time is over
    if ends and (engine.progress(goal) >= 1 or any(end.get("message") == f"reached {goal}" for end in ends)):
        say(f"{run.path} has done {goal} already; --rounds, --samples or --time sets a longer goal")
        return run
    config |= {"goal": goal.to_json(), "fingerprint": fingerprint_of(_table(dataset)), **reproducible(ranks)}
    config |= {} if measure is None else {"measure": measure}
    if ranks.first:
        run.rewind(engine.t)
        run.write_about()
        remember(config["fingerprint"], known)
        for message in changed:
            run.log({**standing(engine), "event": "changed", "message": message})
            say(message)
    return play(run, engine, goal, _table(dataset), further, quiet=quiet, began=began)


def _opened(data: Data | Source, quiet: bool, **how: Any) -> Dataset | Source:
    """A source as it is; all else as a table."""
    if isinstance(data, Source):
        return data
    if quiet:
        return open_data(data, **how)
    with steps() as show, shown_by(show):
        return open_data(data, **how)


def _table(data: Dataset | Source) -> Dataset:
    """The data as a table.  For a source: its attribute `table`, or an empty table if it has none."""
    if isinstance(data, Dataset):
        return data
    none = torch.empty(0, *data.spec.shape, dtype=data.spec.meaning.dtype)
    return getattr(data, "table", None) or Dataset(data.spec, none)


def reproducible(ranks: Ranks) -> dict[str, int]:
    """The numbers of threads and of processes.  Together with the seed they determine the weights to the last bit."""
    return {"threads": torch.get_num_threads(), "world": ranks.world}


def _what_changed(config: dict[str, Any], dataset: Dataset, ranks: Ranks) -> list[str]:
    """Sentences that name each change which makes a resumed run end with other weights.

    The number of threads is restored if the machine has as many processors.
    """
    found = []
    threads = config.get("threads", torch.get_num_threads())
    if threads <= (os.cpu_count() or 1):
        torch.set_num_threads(threads)
    if torch.get_num_threads() != threads:
        found.append(f"the run had {threads} threads and now has {torch.get_num_threads()}")
    world = config.get("world", ranks.world)
    if world != ranks.world:
        found.append(f"the run was played by {world} process(es) and now by {ranks.world}")
    if config.get("fingerprint", now := fingerprint_of(dataset)) != now:
        found.append(f"{config['data']!r} holds other data than those that the run was trained on")
    return [f"{what}: the weights will differ from those of a run that was never stopped" for what in found]


def _name_skipped(run: Run, dataset: Dataset) -> None:
    """Log and print how many data cannot be used, why the first of them cannot, and what else their reader remarks."""
    for message in dataset.facts.get("remarks", ()):
        run.log({"round": 0, "event": "remark", "message": message})
        say(message)
    if skipped := dataset.facts.get("skipped"):
        name, why = skipped[0]
        message = f"{len(skipped)} of the data cannot be used and are left out; the first, {name}: {why}"
        run.log({"round": 0, "event": "skipped", "message": message})
        say(message)


def _go_back(run: Run, engine: Engine) -> None:
    """Restore the newest undamaged checkpoint if there is one, and name the damaged ones."""
    damages: list[str] = []
    found = run.newest(damages.append)
    if damages and not found:
        raise BadRequest(f"every checkpoint of {run.path} is damaged; {run.anew()}")
    for damage in damages:
        say(damage)
    if not found:
        return
    checkpoint, weights, state = found
    trouble = (
        schema.wrong(state, schema.STATE, schema.STATE_FURTHER) if isinstance(state, dict) else "is no table"
    )
    if trouble is None and state["t"] != checkpoint.round:
        trouble = f"is of round {state['t']}"
    if trouble:
        raise BadRequest(f"{checkpoint.path}/state.json {trouble}: it is not what `train` wrote")
    try:
        engine.restore(weights, state)
    # not torch's own message: it lists every weight, and the names may hold anything
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        if isinstance(error, BadRequest):
            raise
        raise BadRequest(f"{checkpoint.path} holds another game than {run.path}/run.json names") from error


def _engine(
    make: Callable[..., Game],
    config: dict[str, Any],
    dataset: Dataset | Source,
    device: torch.device,
    ranks: Ranks,
) -> Engine:
    torch.manual_seed(config["seed"])
    game = make(dataset.spec, **config["settings"])
    small = is_small(game, dataset.spec)
    if small:
        torch.set_num_threads(1)  # with two threads, networks this small are many times slower
    config["precision"] = choose_precision(config.get("precision", "auto"), device, small=small)
    _check_batch(game, ranks.world)
    return Engine(
        game,
        _source(dataset, game, config["seed"], device, ranks) if isinstance(dataset, Dataset) else dataset,
        seed=config["seed"],
        device=device,
        precision=config["precision"],
        dynamics=find_dynamics(config.get("dynamics", "gradient")),
        schedule=find_schedule(config.get("schedule", "none")),
        ranks=ranks,
    )


def _source(dataset: Dataset, game: Game, seed: int, device: torch.device, ranks: Ranks) -> Source:
    near = dataset.to(device) if device.type != "cpu" and dataset.x.nbytes < 2**30 else dataset
    return source_of(near, game, seed=seed, device=device, rank=ranks.rank, world=ranks.world)


def _check_batch(game: Game, processes: int) -> None:
    if game.batch % processes:
        raise BadRequest(
            f"a batch of {game.batch} cannot be shared by {processes} processes; take a multiple"
        )
    if game.batch == processes and any(isinstance(part, nn.BatchNorm1d) for part in game.modules()):
        raise BadRequest(
            "batch norm needs a batch of 2 or more in each process; a single datum has no variance"
        )


def _made_by(game: str | Callable[..., Game]) -> tuple[str, Callable[..., Game]]:
    """The name of a game, and the function that makes it."""
    if callable(game):
        return game.__name__, game
    return game, catalog.maker(catalog.find(game))


def _in_words(spec: Spec) -> str:
    return f"{spec.name!r} ({spec.meaning.plural}, {spec.words}, {len(spec.classes) or 'no'} classes)"


def _create(path: Path | None, config: dict[str, Any], name: str, ranks: Ranks) -> Run:
    """The first process creates the directory and sends its path to the others."""
    made: list[Run] = []

    def create() -> str:
        made.append(Run.create(path, config, name))
        return str(made[0].path)

    where = ranks.by_first(create)
    return made[0] if made else Run(Path(where), config)
