"""The main job: train, resume, load, sample, evaluate.  The command line is these functions, typed."""

import inspect
import os
import platform
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import rivalry
from rivalry import callbacks, catalog, settings
from rivalry.data import open_data
from rivalry.data.source import Dataset, Source, Spec
from rivalry.engine import Engine, NonFinite
from rivalry.errors import BadRequest, RunFailed, unknown
from rivalry.game import Conditional, Game
from rivalry.goal import Goal, seconds
from rivalry.metrics.score import Score
from rivalry.precision import choose_device, choose_precision, describe
from rivalry.progress import progress
from rivalry.ranks import Ranks, join
from rivalry.report import write_report
from rivalry.run import Run, command

SHEETS = 12  # over a whole run
MEASURES = 5


class Interrupted(KeyboardInterrupt):
    """A signal ended the run; everything is saved.  Carries the run."""

    def __init__(self, run: Run, name: str):
        super().__init__(f"stopped by {name}; everything is saved.  Go on with: rivalry resume {run.path}")
        self.run, self.signal = run, signal.Signals[name]


def train(
    game: str,
    data: str | Dataset | None = None,
    *,
    recipe: str | None = None,
    rounds: int | None = None,
    samples: int | None = None,
    time: str | float | None = None,
    run: str | Path | None = None,
    seed: int = 0,
    device: str = "auto",
    precision: str = "auto",
    save_every: str | float = 30,
    measure: bool = True,
    quiet: bool = False,
    **given: Any,
) -> Run:
    """Train a game and leave a run on disk.

    Args:
        game: a name of `rivalry list`.
        data: a name of `rivalry list data`, a path, a Hugging Face id or a `Dataset`; the recipe's by default.
        recipe: a named set of settings of this game, see `rivalry show GAME`.
        rounds, samples, time: how long, one of the three ("90s", "10m"); the recipe's by default, else 2 minutes.
        run: where to; `runs/<game>-<data>-<date>-<k>` by default.
        seed: of every random number.
        device: auto, cpu, cuda, cuda:1, mps.
        precision: auto, fp32, bf16.
        save_every: time between checkpoints.
        measure: score the samples five times on the way and keep the best checkpoint.
        quiet: show no progress.
        given: settings of the game.

    Raises:
        BadRequest: before anything is begun or written.
        RunFailed: with everything kept.
    """
    entry = catalog.find(game)
    chosen = _recipe(entry, recipe)
    data = data if data is not None else chosen.pop("data", None)
    chosen.pop("data", None)
    lengths = {"rounds": rounds, "samples": samples, "seconds": None if time is None else seconds(time)}
    advised = {"rounds": chosen.pop("rounds", None), "samples": chosen.pop("samples", None)}
    advised["seconds"] = seconds(chosen.pop("time", 120)) if not any(advised.values()) else None
    goal = Goal(**(lengths if any(v is not None for v in lengths.values()) else advised))
    if data is None:
        raise BadRequest(f"what should {game} be trained on?  Name it with --data: `rivalry list data`, or a folder")
    make = catalog.maker(entry)
    values = settings.check(make, {**chosen, **given}, game)
    where = choose_device(device)
    dataset = data if isinstance(data, Dataset) else open_data(data)
    precision = choose_precision(precision, where, small=dataset.spec.kind == "points")
    seconds(save_every)
    ranks = join()
    told = {
        "game": game,
        "recipe": recipe,
        "settings": values,
        "data": dataset.spec.name if isinstance(data, Dataset) else data,
        "spec": dataset.spec.to_json(),
        "seed": seed,
        "goal": goal.to_json(),
        "versions": {"rivalry": rivalry.__version__, "torch": torch.__version__, "python": platform.python_version()},
        "device": describe(where),
        "precision": precision,
        "world": ranks.world,
        "save_every": seconds(save_every),
        "command": command(),
        "commit": _commit(),
    }
    engine = _engine(make, told, dataset, where, ranks)  # refuses what the game cannot use, before a run exists
    name = f"{game}-{Path(told['data']).stem}"
    place = _create(Path(run) if run else None, told, name, ranks)
    return _play(place, engine, goal, dataset, measure=measure, quiet=quiet)


def resume(
    run: str | Path | Run,
    *,
    data: Dataset | None = None,
    rounds: int | None = None,
    samples: int | None = None,
    time: str | float | None = None,
    device: str = "auto",
    quiet: bool = False,
    measure: bool = True,
) -> Run:
    """Go on with a run to the goal that it was given, or to a new one; from its start if no checkpoint was reached.

    Raises:
        BadRequest: not a run, or every checkpoint of it is damaged.
        RunFailed: as `train`.
    """
    run = run if isinstance(run, Run) else Run.open(run)
    told = run.told
    new = {"rounds": rounds, "samples": samples, "seconds": None if time is None else seconds(time)}
    goal = Goal(**(new if any(v is not None for v in new.values()) else told["goal"]))
    where = choose_device(device)
    dataset = data or open_data(told["data"])
    if dataset.spec != Spec.from_json(told["spec"]):
        raise BadRequest(f"{run.path} was trained on other data than {told['data']!r} holds now: {dataset.spec}")
    engine = _engine(catalog.maker(catalog.find(told["game"])), told, dataset, where, join())
    warn = lambda message: print(f"rivalry: {message}", file=sys.stderr)
    found = run.newest(warn)
    if found is None and run.checkpoints():
        raise BadRequest(f"every checkpoint of {run.path} is damaged; train anew with: {told['command']}")
    if found is not None:
        engine.restore(*found[1:])
    if engine.ranks.first:
        run.rewind(engine.t)
    return _play(run, engine, goal, dataset, measure=measure, quiet=quiet)


def load(run: str | Path | Run, *, device: str = "cpu", which: str = "best") -> Game:
    """The trained game, ready to sample: weights frozen, in evaluation mode.

    Args:
        run: a run, its directory, or the id of one on the Hugging Face Hub ("owner/name").
        which: "best" (the newest where none was crowned), "newest", or a round that has a checkpoint.

    Raises:
        BadRequest: no run there, or no sound checkpoint in it.
    """
    run = run if isinstance(run, Run) else Run.open(local(str(run)))
    game = build(run.told)
    wanted = run.best() if which == "best" else None
    if which not in ("best", "newest"):
        wanted = next((c for c in run.checkpoints() if str(c.round) == which.lstrip("0")), None)
        if wanted is None:
            raise unknown("checkpoint", which, [str(c.round) for c in run.checkpoints()], f"in {run.path}")
    found = run.newest() if wanted is None else (wanted, wanted.weights(), wanted.state())
    if found is None:
        raise BadRequest(f"{run.path} holds no sound checkpoint yet; `rivalry resume {run.path}` trains it")
    _, weights, state = found
    game.load_state_dict({**weights, **state["extra"]})
    return game.to(choose_device(device)).eval().requires_grad_(False)


def build(told: dict[str, Any]) -> Game:
    """The untrained game that a run.json describes."""
    make = catalog.maker(catalog.find(told["game"]))
    torch.manual_seed(told["seed"])
    return make(Spec.from_json(told["spec"]), **settings.check(make, told["settings"], told["game"]))


def draw(game: Game, n: int, *, seed: int = 0, chunk: int = 500, **given: Any) -> Tensor:
    """`n` samples, on the processor: (n, ...) float32.  The same seed gives the same samples.

    Args:
        given: what `game.sample` takes; a tensor of n rows is dealt out with the chunks.
    """
    if n < 1:
        raise BadRequest(f"samples are drawn by one or more; got {n}")
    devices = [game.device] if game.device.type == "cuda" else []
    with torch.random.fork_rng(devices), torch.no_grad():
        torch.manual_seed(seed)
        parts = []
        for start in range(0, n, chunk):
            size = min(chunk, n - start)
            rows = {k: v[start : start + size] if isinstance(v, Tensor) and v.dim() else v for k, v in given.items()}
            parts.append(game.sample(size, **rows).float().cpu())
    return torch.cat(parts)


def evaluate(
    subject: str | Path | Run | Game | Tensor,
    data: str | Dataset | None = None,
    *,
    metrics: str | Sequence[str] = "standard",
    n: int = 10_000,
    split: str = "train",
    seed: int = 0,
    device: str = "cpu",
    which: str = "best",
) -> list[Score]:
    """Score a run, a game, a folder of images or a tensor of samples against real data.

    Args:
        subject: a `Run` or its directory, a loaded `Game`, a folder or file of images, or samples (n, ...).
        data: what is real; a run's own data by default.
        metrics: "quick", "standard" or names of `rivalry list metrics`.
        n: how many samples to draw from a game.
        split: of the real data.
    """
    from rivalry.metrics import suite

    run = _as_run(subject)
    if run is not None:
        data = data if data is not None else run.told["data"]
        subject = load(run, device=device, which=which)
    if data is None:
        raise BadRequest("against which data?  Name the real ones with --data")
    real = data if isinstance(data, Dataset) else open_data(data, split)
    asked = None
    if isinstance(subject, Game):
        asked = _every_class(subject, n)
        fake = draw(subject, n, seed=seed, **({} if asked is None else {"label": asked}))
    elif isinstance(subject, Tensor):
        fake = subject
    else:
        folder = open_data(str(subject))
        fake = folder.rows(slice(0, n))
    return suite.evaluate(real, fake, asked, metrics, split=split)


def local(name: str) -> Path:
    """A directory as it is; "owner/name" that is none is fetched from the Hugging Face Hub."""
    if Path(name).exists() or name.count("/") != 1 or name.startswith((".", "/", "runs/")):
        return Path(name)
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise BadRequest(f"no run at {name}; to fetch one from the Hub: pip install 'rivalry[hub]'") from None
    try:
        return Path(snapshot_download(name, allow_patterns=["*.json", "*.jsonl", "*.safetensors", "*.png"]))
    except Exception as error:
        raise BadRequest(f"no run at {name}, neither here nor on the Hub ({type(error).__name__})") from error


def given(game: Game, spec: Spec, *, label: str | None = None, truncation: float | None = None) -> dict[str, Any]:
    """What `game.sample` is told, from what a person typed.

    Raises:
        BadRequest: the game cannot be asked for that, or no class is called so.
    """
    told: dict[str, Any] = {}
    if label is not None:
        if not (isinstance(game, Conditional) and game.classes):
            raise BadRequest("this game is not told classes, so --label cannot ask for one")
        told["label"] = _label(label, spec.classes)
    if truncation is not None:
        if "truncation" not in inspect.signature(game.sample).parameters:
            raise BadRequest("this game has no truncation")
        if not 0 < truncation:
            raise BadRequest(f"truncation is above 0 (0.7, say: lower is nearer to the middle); got {truncation}")
        told["truncation"] = truncation
    return told


def _label(text: str, classes: tuple[str, ...]) -> int:
    """The number of a class that was told by name or by number; a name comes first."""
    if text in classes:
        return classes.index(text)
    if text.isdigit() and int(text) < len(classes):
        return int(text)
    if text.lstrip("-").isdigit():
        raise BadRequest(f"there are {len(classes)} classes, 0 to {len(classes) - 1}; asked for {text}")
    raise unknown("class", text, classes, f"there is {', '.join(classes[:20])}")


# ---------------------------------------------------------------------- parts of the above


def _engine(
    make: Callable[..., Game], told: dict[str, Any], dataset: Dataset, device: torch.device, ranks: Ranks
) -> Engine:
    if dataset.spec.kind == "points":
        torch.set_num_threads(1)  # two threads make networks this small many times slower
    torch.manual_seed(told["seed"])
    game = make(dataset.spec, **told["settings"])
    near = dataset.to(device) if device.type != "cpu" and dataset.x.nbytes < 2**30 else dataset
    source = Source(
        near, game.reads, batch=game.batch, seed=told["seed"], device=device, rank=ranks.rank, world=ranks.world
    )
    return Engine(game, source, seed=told["seed"], device=device, precision=told["precision"], ranks=ranks)


def _play(run: Run, engine: Engine, goal: Goal, dataset: Dataset, *, measure: bool, quiet: bool) -> Run:
    say = lambda message: print(f"rivalry: {message}", file=sys.stderr)
    save, sheet = callbacks.checkpoint(run), callbacks.sheets(run)
    with progress(goal, quiet or not engine.ranks.first) as show, _signals(engine):
        engine.callbacks = [
            callbacks.log(callbacks.to_run(run)),
            callbacks.at_shares(goal, SHEETS, sheet),
            callbacks.at_shares(goal, SHEETS, callbacks.collapse_alarm(run, dataset, say)),
            callbacks.every(run.told.get("save_every", 30), save),
            show,
        ]
        if engine.ranks.first and (board := callbacks.to_tensorboard(run)):
            engine.callbacks.append(callbacks.log(board))
        if measure:
            engine.callbacks.append(callbacks.at_shares(goal, MEASURES, callbacks.measure(run, _scores_of(dataset))))
        try:
            _guarded(run, engine, goal, say)
        except Exception as failure:
            run.log({**callbacks.standing(engine), "event": "failed", "message": str(failure)})
            write_report(run.path)
            raise
    save(engine, ())
    _finish(run, engine, goal, sheet)
    return run


def _guarded(run: Run, engine: Engine, goal: Goal, say: Callable[[str], None]) -> None:
    """Play; when a loss is not finite go back to the last good checkpoint, once."""
    try:
        engine.play(goal)
    except NonFinite as trouble:
        found = run.newest(say)
        if found is None or engine.rollbacks:
            where = f"{run.path} keeps everything" + (" up to the last checkpoint" if found else "")
            raise RunFailed(f"{trouble}; {where}.  A smaller lr or a penalty helps most often") from trouble
        engine.restore(*found[1:])
        engine.rollbacks += 1
        engine.reseed()  # the same numbers would lead to the same end
        message = f"{trouble}; went back to round {engine.t} and on with other random numbers"
        run.log({**callbacks.standing(engine), "event": "rollback", "message": message})
        say(message)
        _guarded(run, engine, goal, say)


def _finish(run: Run, engine: Engine, goal: Goal, sheet: Callable[..., None]) -> None:
    if engine.ranks.first:
        done = engine.progress(goal) >= 1
        event, message = ("done", f"reached {goal}") if done else ("stopped", f"stopped by {engine.stopping}")
        run.log({**callbacks.standing(engine), "event": event, "message": message})
        sheet(engine)
        _draw_classes(run, engine)
        write_report(run.path)
    engine.ranks.wait()
    if engine.stopping:
        raise Interrupted(run, engine.stopping)


def _draw_classes(run: Run, engine: Engine, each: int = 10) -> None:
    """samples/classes.png: a row for each of the first classes."""
    from rivalry.sheets import sheet

    if not getattr(engine.game, "classes", 0):
        return
    rows = min(engine.game.classes, 20)
    with engine.aside() as game:
        x = game.sample(rows * each, label=torch.arange(rows, device=engine.device).repeat_interleave(each))
    labels = torch.arange(rows).repeat_interleave(each)
    sheet(x.float().cpu(), engine.data.spec, columns=each, labels=labels).save(run.path / "samples" / "classes.png")


def _scores_of(dataset: Dataset) -> Callable[[Engine], list[Score]]:
    """Quick scores on the way, where there is something to score by without training it first."""
    from rivalry.metrics import suite

    def evaluate(engine: Engine) -> list[Score]:
        if not engine.ranks.first or not suite.ready(dataset.spec, dataset):
            return []
        with engine.aside() as game:
            asked = _every_class(game, 1000)
            given = {} if asked is None else {"label": asked.to(engine.device)}
            fake = game.sample(1000, **given).float().cpu()
        return suite.evaluate(dataset, fake, asked, "quick")

    return evaluate


def _every_class(game: Game, n: int) -> Tensor | None:
    """Labels to ask for: every class in turn; None of a game that is told none."""
    if isinstance(game, Conditional) and game.classes:
        return torch.arange(n) % game.classes
    return None


def _recipe(entry: catalog.Entry, name: str | None) -> dict[str, Any]:
    known = catalog.recipes(entry)
    if name is None:
        return {}
    if name not in known:
        raise unknown(f"recipe of {entry.name}", name, known, f"it has {', '.join(known) or 'none'}")
    return dict(known[name])


def _create(path: Path | None, told: dict[str, Any], name: str, ranks: Ranks) -> Run:
    if ranks.first:
        return Run.create(path, told, name)
    return Run(path or Path("runs") / name, {**told})  # looked at by the first process alone


def _as_run(subject: Any) -> Run | None:
    if isinstance(subject, Run):
        return subject
    is_path = isinstance(subject, (str, Path))
    return Run.open(subject) if is_path and (Path(subject) / "run.json").exists() else None


@contextmanager
def _signals(engine: Engine) -> Iterator[None]:
    """Ctrl-C and SIGTERM end the run after the round at hand; a second Ctrl-C ends it at once."""

    def ask(number: int, frame: Any) -> None:
        if engine.stopping and number == signal.SIGINT:
            raise KeyboardInterrupt
        engine.stopping = signal.Signals(number).name

    try:
        before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # not the main thread: its owner handles signals
        before = {}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _commit() -> str | None:
    """The commit of the sources that ran, where they are a checkout."""
    folder = Path(__file__).parent
    try:
        out = subprocess.run(
            ["git", "-C", str(folder), "rev-parse", "--short", "HEAD"], capture_output=True, text=True, timeout=5
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return out.stdout.strip() or None if out.returncode == 0 else os.environ.get("RIVALRY_COMMIT")
