"""What one does with a trained run: load it, draw from it, score it."""

import inspect
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from math import isfinite
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from rivalry import catalog, settings
from rivalry.cache import cache_dir
from rivalry.data import NAMES, open_data
from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest, unknown
from rivalry.game import Conditional, Game, Styled
from rivalry.given import aim, given_for
from rivalry.kinds.kind import as_float32
from rivalry.maths.chance import by_row
from rivalry.metrics import suite
from rivalry.metrics.extractors.find import find_extractor
from rivalry.metrics.extractors.fingerprints import share_known
from rivalry.metrics.extractors.resize import RESIZER, fitted
from rivalry.metrics.features.neighbors import spaced
from rivalry.metrics.pictures import pictures
from rivalry.metrics.score import Score
from rivalry.metrics.table import PRESETS, find
from rivalry.play.precision import choose_device
from rivalry.play.ranks import Ranks, join
from rivalry.report import write_report
from rivalry.runs.bounded import within_its_weights
from rivalry.runs.checkpoint import Damaged
from rivalry.runs.run import Run
from rivalry.show.output import written


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
        built = build(run.told, game)
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


def build(told: dict[str, Any], make: Callable[..., Game] | None = None) -> Game:
    """The untrained game that a run.json describes."""
    make = maker_of(told, make)
    with torch.random.fork_rng([]):  # the caller's random numbers go on as if nothing had been built
        torch.manual_seed(told["seed"])
        return make(Spec.from_json(told["spec"]), **settings.check(make, told["settings"], told["game"]))


def maker_of(told: dict[str, Any], make: Callable[..., Game] | None = None) -> Callable[..., Game]:
    """What makes a run's game: `make` itself, else the catalog's game of its name.

    Raises:
        BadRequest: the catalog has no such game, so the function that made it is needed.
    """
    if make is not None:
        return make
    name = told["game"]
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
    name = run.told["game"]
    if any(entry.name == name for entry in catalog.CATALOG):  # else of a function of someone's own
        settings.check(
            catalog.maker(catalog.find(name)), run.told["settings"], f"{run.path}/run.json: {name}"
        )
    return run


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
        return as_float32(game.sample(size, **{name: mine(value) for name, value in given.items()})).cpu()


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
    features: str | nn.Module | None = None,
    output: str | Path | None = None,
    progress: suite.Progress | None = None,
    resize: bool = False,
) -> list[Score]:
    """Score a run, a game, a folder of images or a tensor of samples against real data.

    Args:
        subject: a `Run` or its directory, a loaded `Game`, a folder, .zip or .npz of images, or samples (n, ...).
        data: what is real; a run's own data by default.
        metrics: "quick", "standard", "full" or names of `rivalry list metrics`.
        n: how many samples to draw from a game; of a folder, archive or tensor with more, so many that lie evenly
            spaced in their order, with a warning.
        split: of the real data; the other one is held out, where there is one.
        features: what samples are compared on: "judge", "pixels", "efficientnet-lite0", "inception-2015", or a
            network of one's own; by default the judge of labeled images.
        output: a folder for the pictures of scores that have one: of memorization, of defects.
        progress: called with what is being done, how much of it is done, and how much there is.
        resize: bring images of another size or number of channels to those of the data, which are refused otherwise.

    Returns:
        The scores.  Under torchrun the processes share the drawing and the extractor, and the first one scores: the
        others get none.
    """
    if n < 1:
        raise BadRequest(f"samples are drawn by one or more; got {n}")
    for name in metrics.split(",") if isinstance(metrics, str) and metrics not in PRESETS else ():
        find(name.strip())  # before anything is drawn
    ranks = join()
    run = _as_run(subject)
    if run is not None:
        data = data if data is not None else run.told["data"]
        subject = load(run, device=device, which=which)
    if data is None:
        what = f"{subject} is not a run" if isinstance(subject, (str, Path)) else "these are samples alone"
        raise BadRequest(f"{what}; to score samples, name the real data with --data")
    opened = as_trained(run) if run is not None else {}
    real = data if isinstance(data, Dataset) else open_data(data, split, **opened)
    other = {"train": "test", "test": "train"}.get(split)
    held_out = None
    if isinstance(data, str) and other and other in real.facts.get("splits", ()):
        held_out = partial(open_data, data, other, **opened)
    game = subject if isinstance(subject, Game) else None
    if game is not None:
        fake, asked = _samples_of(game, real, n, seed, ranks)
        real = aim(game, real)
    else:
        fake, asked = _samples_in(cast("str | Path | Tensor", subject), real, n, resize)
    extractor = None
    if features is not None:
        extractor = find_extractor(features, real.spec, real if split == "train" else None)
    if output and isinstance(fake, suite.Parts):
        fake = fake.whole()  # pictures show samples themselves
    scores = suite.evaluate(real, fake, asked, metrics, extractor, split, progress, held_out, game, ranks)
    if resize and isinstance(fake, Tensor) and game is None:
        scores = [replace(s, provenance={**s.provenance, "resizer": RESIZER}) for s in scores]
    for picture in pictures(scores, cast(Tensor, fake), real) if output else ():
        with written(Path(output) / picture.name) as file:  # type: ignore[arg-type]
            picture.image.save(file, "png")
    if run is not None and ranks.first:
        _keep(scores, run, which)
    return scores


def _keep(scores: list[Score], run: Run, which: str) -> None:
    """Write scores to the run's log and report; where that cannot be, say so: they are not lost for it."""
    try:
        told = [score.to_json() for score in scores]
        run.log({"round": run.checkpoint(which).round, "weights": which, "metrics": told})
        write_report(run.path)
    except OSError as error:
        warnings.warn(f"the scores could not be kept in {run.path}: {error.strerror or error}", stacklevel=4)


def _samples_of(
    game: Game, real: Dataset, n: int, seed: int, ranks: Ranks
) -> tuple[Tensor | suite.Parts, Tensor | None]:
    """Samples of a game and the labels that they were asked for; one process alone draws them part by part."""
    told: dict[str, Any] = dict(given_for(game, real, n))
    asked = told["label"].cpu() if "label" in told else None
    if ranks.world > 1:
        return draw(game, n, seed=seed, ranks=ranks, **told), asked
    return suite.Parts(n, lambda: parts(game, n, seed=seed, **told)), asked


def _samples_in(
    subject: str | Path | Tensor, real: Dataset, n: int, resize: bool
) -> tuple[Tensor, Tensor | None]:
    """Samples that are there already, and the labels that came with them; of more than `n`, evenly spaced ones."""
    samples = Dataset(real.spec, subject) if isinstance(subject, Tensor) else open_data(str(subject))
    name = "the tensor" if isinstance(subject, Tensor) else str(subject)
    rows = spaced(torch.arange(len(samples)), n)
    if len(rows) < len(samples):
        warnings.warn(
            f"{name} holds {len(samples):,} samples; {n:,} of them are measured, evenly spaced in their order "
            f"(-n {len(samples)} measures all)",
            stacklevel=3,
        )
    fake = samples.x[rows]
    warn_of_itself(name, fake, real)
    if resize:
        fake = fitted(samples.rows(rows), real.spec)
    return fake, None if isinstance(subject, Tensor) else asked_for(samples, real, rows)


def warn_of_itself(name: str, fake: Tensor, real: Dataset) -> None:
    """Say so when samples are data, number by number: all of them measure a perfect copy, some are copies."""
    known = share_known(fake, real)
    if known == 1:
        warnings.warn(
            f"{name} is measured against itself: all its samples are among the data, and the scores tell what a "
            "perfect copy gets",
            stacklevel=4,
        )
    elif known >= 0.01:
        warnings.warn(
            f"{known:.0%} of the samples in {name} are among the data, pixel by pixel", stacklevel=4
        )


def asked_for(samples: Dataset, real: Dataset, rows: Tensor) -> Tensor | None:
    """The classes of samples that came with labels, as numbers of the real data's: (n,).  None if these lack one."""
    if samples.label is None or not set(samples.spec.classes) <= set(real.spec.classes):
        return None
    return torch.tensor([real.spec.classes.index(name) for name in samples.spec.classes])[samples.label[rows]]


def as_trained(run: Run) -> dict[str, Any]:
    """How the run's data were opened: their size where one was asked for, and as pairs."""
    size = run.told.get("size")
    return {"size": tuple(size) if size else None, "pairs": "source" in run.told["spec"].get("extra", ())}


def refuse_seed(seed: int) -> None:
    """Refuse what cannot begin random numbers."""
    if not 0 <= seed < 2**32:
        raise BadRequest(f"a seed is a whole number from 0 to {2**32 - 1}; got {seed}")


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


def given(
    game: Game, spec: Spec, *, label: str | None = None, truncation: float | None = None
) -> dict[str, Any]:
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
        require_truncation(game, truncation)
        told["truncation"] = truncation
    return told


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


def _label(text: str, classes: tuple[str, ...]) -> int:
    """The number of a class that was told by name or by number; a name comes first."""
    if text in classes:
        return classes.index(text)
    if text.isdigit() and int(text) < len(classes):
        return int(text)
    if text.lstrip("-").isdigit():
        raise BadRequest(f"there are {len(classes)} classes, 0 to {len(classes) - 1}; asked for {text}")
    raise unknown("class", text, classes, f"there is {', '.join(classes[:20])}")


def _as_run(subject: Any) -> Run | None:
    if isinstance(subject, Run):
        return subject
    is_path = isinstance(subject, (str, Path))
    return open_run(subject) if is_path and (Path(subject) / "run.json").exists() else None
