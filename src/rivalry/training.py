"""The main job: train a game and leave a run on disk; go on with one."""

import os
import platform
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

try:
    import fcntl
except ImportError:  # Windows has none
    fcntl = None  # type: ignore[assignment]

import torch

import rivalry
from rivalry import callbacks, catalog, settings
from rivalry.data import open_data
from rivalry.data.source import Dataset, Source, Spec
from rivalry.engine import Engine, NonFinite
from rivalry.errors import BadRequest, RunFailed, unknown
from rivalry.game import Game
from rivalry.goal import Goal, seconds
from rivalry.metrics.score import Score
from rivalry.precision import choose_device, choose_precision, describe
from rivalry.progress import progress
from rivalry.ranks import Ranks, join
from rivalry.report import write_report
from rivalry.run import Run, command
from rivalry.trained import every_class, from_anywhere, maker_of, open_run, refuse_seed
from rivalry.trees import save_json

if TYPE_CHECKING:
    from rivalry.metrics.features import Extractor

SHEETS = 12  # over a whole run
MEASURES = 5


class Interrupted(KeyboardInterrupt):
    """A signal ended the run; everything is saved.  Carries the run."""

    def __init__(self, run: Run, name: str):
        super().__init__(f"stopped by {name}; everything is saved.  Go on with: rivalry resume {run.path}")
        self.run, self.signal = run, signal.Signals[name]


def train(
    game: str | Callable[..., Game],
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
        game: a name of `rivalry list`, or a function `make(spec, *, setting=default, ...)` of your own.
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
    name, make = _made_by(game)
    chosen = _recipe(name, recipe) if recipe else {}
    advised_data = chosen.pop("data", None)
    data = advised_data if data is None or data == "" else data
    lengths = {"rounds": rounds, "samples": samples, "seconds": None if time is None else seconds(time)}
    advised = {"rounds": chosen.pop("rounds", None), "samples": chosen.pop("samples", None)}
    advised["seconds"] = seconds(chosen.pop("time", 120)) if not any(advised.values()) else None
    goal = Goal(**(lengths if any(v is not None for v in lengths.values()) else advised))
    if data is None:
        raise BadRequest(
            f"what should {name} be trained on?  Name it with --data: `rivalry list data`, or a folder"
        )
    values = settings.check(make, {**chosen, **given}, name)
    where = choose_device(device)
    dataset = data if isinstance(data, Dataset) else open_data(data)
    precision = choose_precision(precision, where, small=dataset.spec.kind == "points")
    seconds(save_every)
    refuse_seed(seed)
    ranks = join()
    told: dict[str, Any] = {
        "game": name,
        "recipe": recipe,
        "settings": values,
        "data": dataset.spec.name if isinstance(data, Dataset) else from_anywhere(data),
        "spec": dataset.spec.to_json(),
        "seed": seed,
        "goal": goal.to_json(),
        "versions": {
            "rivalry": rivalry.__version__,
            "torch": torch.__version__,
            "python": platform.python_version(),
        },
        "device": describe(where),
        "precision": precision,
        "world": ranks.world,
        "save_every": seconds(save_every),
        "command": command(),
        "commit": _commit(),
    }
    engine = _engine(
        make, told, dataset, where, ranks
    )  # refuses what the game cannot use, before a run exists
    place = _create(Path(run) if run else None, told, f"{name}-{Path(told['data']).stem}", ranks)
    with _alone(place, ranks):
        if ranks.first:
            _name_skipped(place, dataset)
        return _play(place, engine, goal, dataset, measure=measure, quiet=quiet)


def resume(
    run: str | Path | Run,
    *,
    game: Callable[..., Game] | None = None,
    data: Dataset | None = None,
    rounds: int | None = None,
    samples: int | None = None,
    time: str | float | None = None,
    device: str = "auto",
    quiet: bool = False,
    measure: bool = True,
) -> Run:
    """Go on with a run to the goal that it was given, or to a new one; from its start if no checkpoint was reached.

    A new goal becomes the run's own.  A run that has reached its goal is left as it is.

    Args:
        game: what made the game, where that is a function of your own.
        data: where the run was given a `Dataset`, and not a name.

    Raises:
        BadRequest: not a run, every checkpoint of it is damaged, or another process trains it.
        RunFailed: as `train`.
    """
    run = run if isinstance(run, Run) else open_run(run)
    told = run.told
    new = {"rounds": rounds, "samples": samples, "seconds": None if time is None else seconds(time)}
    goal = Goal(**(new if any(v is not None for v in new.values()) else told["goal"]))
    where = choose_device(device)
    dataset = data or open_data(told["data"])
    if dataset.spec != Spec.from_json(told["spec"]):
        raise BadRequest(
            f"{run.path} was trained on {_in_words(Spec.from_json(told['spec']))}; "
            f"{told['data']!r} now holds {_in_words(dataset.spec)}"
        )
    ranks = join()
    with _alone(run, ranks):
        engine = _engine(maker_of(told, game), told, dataset, where, ranks)
        _go_back(run, engine)
        closed = any(line.get("event") == "done" and line["round"] == engine.t for line in run.lines())
        if closed and engine.progress(goal) >= 1:
            _say(f"{run.path} has done {goal} already; --rounds, --samples or --time sets a longer goal")
            return run
        if ranks.first:
            run.rewind(engine.t)
            told["goal"] = goal.to_json()
            save_json(told, run.path / "run.json")
        return _play(run, engine, goal, dataset, measure=measure, quiet=quiet)


def _name_skipped(run: Run, dataset: Dataset) -> None:
    """Say which data cannot be used: the first of them, and how many."""
    if skipped := dataset.facts.get("skipped"):
        name, why = skipped[0]
        message = f"{len(skipped)} of the data cannot be used and are left out; the first, {name}: {why}"
        run.log({"round": 0, "event": "skipped", "message": message})
        _say(message)


def _go_back(run: Run, engine: Engine) -> None:
    """Restore the newest sound checkpoint, where there is one; name those that are damaged."""
    damages: list[str] = []
    found = run.newest(damages.append)
    if damages and not found:
        raise BadRequest(f"every checkpoint of {run.path} is damaged; train anew with: {run.told['command']}")
    for damage in damages:
        _say(damage)
    if found:
        try:
            engine.restore(*found[1:])
        except RuntimeError as error:  # torch lists every weight
            raise BadRequest(f"{found[0].path} holds another game than {run.path}/run.json names") from error


def _engine(
    make: Callable[..., Game], told: dict[str, Any], dataset: Dataset, device: torch.device, ranks: Ranks
) -> Engine:
    if dataset.spec.kind == "points":
        torch.set_num_threads(1)  # two threads make networks this small many times slower
    torch.manual_seed(told["seed"])
    game = make(dataset.spec, **told["settings"])
    if game.batch % ranks.world:
        raise BadRequest(
            f"a batch of {game.batch} cannot be shared by {ranks.world} processes; take a multiple"
        )
    near = dataset.to(device) if device.type != "cpu" and dataset.x.nbytes < 2**30 else dataset
    source = Source(
        near,
        game.reads,
        batch=game.batch,
        seed=told["seed"],
        device=device,
        rank=ranks.rank,
        world=ranks.world,
    )
    return Engine(game, source, seed=told["seed"], device=device, precision=told["precision"], ranks=ranks)


def _play(run: Run, engine: Engine, goal: Goal, dataset: Dataset, *, measure: bool, quiet: bool) -> Run:
    save, sheet = callbacks.checkpoint(run), callbacks.sheets(run, dataset)
    with progress(goal, quiet or not engine.ranks.first) as show, _signals(engine):
        engine.callbacks = [
            callbacks.log(callbacks.to_run(run), callbacks.to_tensorboard(run)),
            callbacks.at_shares(goal, SHEETS, sheet),
            callbacks.at_shares(goal, SHEETS, callbacks.collapse_alarm(run, dataset, _say)),
            callbacks.every(run.told.get("save_every", 30), save),
            show,
        ]
        if measure and len(dataset) >= 1000:
            engine.callbacks.append(
                callbacks.at_shares(goal, MEASURES, callbacks.measure(run, _scores_of(dataset)))
            )
        with _failures_told(run, engine):
            _guarded(run, engine, goal)
            save(engine, ())
            _finish(run, engine, goal, sheet)
    engine.ranks.wait()
    if engine.stopping:
        raise Interrupted(run, engine.stopping)
    return run


@contextmanager
def _failures_told(run: Run, engine: Engine) -> Iterator[None]:
    """Write a failure to the log and the report before it goes on its way.

    Raises:
        RunFailed: nothing could be written any more; what was there is untouched.
    """
    try:
        yield
    except Exception as failure:
        if engine.ranks.first:
            with suppress(OSError):  # the disk may be what failed
                run.log({**callbacks.standing(engine), "event": "failed", "message": str(failure)})
                write_report(run.path)
        if isinstance(failure, OSError) and failure.errno is not None:
            raise RunFailed(
                f"round {engine.t}: cannot write to {run.path}: {failure.strerror}.\n"
                f"Make room, then: rivalry resume {run.path}"
            ) from failure
        raise


def _guarded(run: Run, engine: Engine, goal: Goal) -> None:
    """Play; when a loss is not finite go back to the last good checkpoint, once."""
    try:
        engine.play(goal)
    except NonFinite as trouble:
        found = run.newest(_say)
        if found is None or engine.rollbacks:
            where = f"{run.path} keeps everything" + (" up to the last checkpoint" if found else "")
            raise RunFailed(f"{trouble}; {where}.  A smaller lr or a penalty helps most often") from trouble
        engine.restore(*found[1:])
        engine.rollbacks += 1
        engine.reseed()  # the same numbers would lead to the same end
        message = f"{trouble}; went back to round {engine.t} and on with other random numbers"
        if engine.ranks.first:
            run.log({**callbacks.standing(engine), "event": "rollback", "message": message})
        _say(message)
        _guarded(run, engine, goal)


def _finish(run: Run, engine: Engine, goal: Goal, sheet: Callable[..., None]) -> None:
    if engine.ranks.first:
        done = engine.progress(goal) >= 1
        event, message = ("done", f"reached {goal}") if done else ("stopped", f"stopped by {engine.stopping}")
        run.log({**callbacks.standing(engine), "event": event, "message": message})
        sheet(engine)
        _draw_classes(run, engine)
        write_report(run.path)


def _draw_classes(run: Run, engine: Engine, each: int = 10) -> None:
    """samples/classes.png: a row for each of the first classes."""
    from rivalry.sheets import sheet

    classes = engine.data.spec.classes
    if every_class(engine.game, 1) is None:
        return
    rows = min(len(classes), 20)
    with engine.aside() as game:
        x = game.sample(rows * each, label=torch.arange(rows, device=engine.device).repeat_interleave(each))
    labels = torch.arange(rows).repeat_interleave(each)
    sheet(x.float().cpu(), engine.data.spec, columns=each, labels=labels).save(
        run.path / "samples" / "classes.png"
    )


def _scores_of(dataset: Dataset, n: int = 1000) -> Callable[[Engine], list[Score]]:
    """Quick scores on the way: by the modes or the bundled judge where there is one, else on pixels."""
    from rivalry.metrics import features, suite

    judge = _judge_at_hand(dataset.spec)
    if (
        judge is None and dataset.spec.kind == "image"
    ):  # comparing on pixels needs no more than some of the data
        some = torch.linspace(0, len(dataset) - 1, min(len(dataset), 2 * n)).long()
        label = None if dataset.label is None else dataset.label[some]
        dataset = Dataset(dataset.spec, dataset.x[some], label, dataset.facts)
    extractor = judge or features.pixels(dataset.spec)

    def evaluate(engine: Engine) -> list[Score]:
        with engine.aside() as game:
            asked = every_class(game, n)
            given = {} if asked is None else {"label": asked.to(engine.device)}
            fake = game.sample(n, **given).float().cpu()
        return suite.evaluate(dataset, fake, asked, "quick", extractor)

    return evaluate


def _judge_at_hand(spec: Spec) -> "Extractor | None":
    """The judge that comes with the package, where one does; none is trained in the middle of a run."""
    from rivalry.metrics.features import judge

    try:
        return judge(spec)
    except BadRequest:
        return None


def _made_by(game: str | Callable[..., Game]) -> tuple[str, Callable[..., Game]]:
    """A game's name and what makes it."""
    if callable(game):
        return game.__name__, game
    return game, catalog.maker(catalog.find(game))


def _recipe(game: str, name: str) -> dict[str, Any]:
    known = catalog.recipes(catalog.find(game))
    if name not in known:
        raise unknown(f"recipe of {game}", name, known, f"it has {', '.join(known) or 'none'}")
    return dict(known[name])


def _in_words(spec: Spec) -> str:
    shape = " x ".join(map(str, spec.shape))
    return f"{spec.name!r} ({spec.kind}, {shape}, {len(spec.classes) or 'no'} classes)"


def _create(path: Path | None, told: dict[str, Any], name: str, ranks: Ranks) -> Run:
    if ranks.first:
        return Run.create(path, told, name)
    return Run(path or Path("runs") / name, {**told})  # looked at by the first process alone


@contextmanager
def _alone(run: Run, ranks: Ranks) -> Iterator[None]:
    """Hold the run's directory, so that no other process plays the same run meanwhile.

    Raises:
        BadRequest: another one does.
    """
    if fcntl is None or not ranks.first:
        yield
        return
    held = os.open(run.path, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BadRequest(f"another process is training {run.path}; wait for it, or stop it") from None
        yield
    finally:
        os.close(held)


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


def _say(message: str) -> None:
    if os.environ.get("RANK", "0") == "0":  # many processes, one message
        print(f"rivalry: {message}", file=sys.stderr)


def _commit() -> str | None:
    """The commit of the sources that ran, where they are a checkout."""
    folder = Path(__file__).parent
    try:
        out = subprocess.run(
            ["git", "-C", str(folder), "rev-parse", "--short", "HEAD"],
            capture_output=True,
            text=True,
            timeout=5,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return out.stdout.strip() or None if out.returncode == 0 else os.environ.get("RIVALRY_COMMIT")
