"""Scoring a run, a game or samples against real data."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from rivalry.data import Data, open_data
from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.game import Actor, Game
from rivalry.given import given_for, rows_for, target_data
from rivalry.metrics import suite
from rivalry.metrics.extractors.find import find_extractor
from rivalry.metrics.extractors.fingerprints import share_known
from rivalry.metrics.extractors.resize import RESIZER, fitted
from rivalry.metrics.features.neighbors import spaced
from rivalry.metrics.image.detector import Detector, detected
from rivalry.metrics.image.detector_files import detector_from
from rivalry.metrics.pictures import pictures
from rivalry.metrics.score import Score, Scores
from rivalry.metrics.table import PRESETS, find
from rivalry.play.ranks import Ranks, join
from rivalry.report import write_report
from rivalry.runs.drawing import draw, parts
from rivalry.runs.opening import as_run, as_trained, load
from rivalry.runs.places import data_of
from rivalry.runs.run import Run
from rivalry.show.output import written

EPISODES = 100  # of an agent that are measured, at most
REAL = 10_000  # real data that samples are compared with on features


def evaluate(
    subject: str | Path | Run | Game | Tensor,
    data: Data | None = None,
    *,
    metrics: str | Sequence[str] = "standard",
    n: int = 10_000,
    real_n: int = REAL,
    split: str = "train",
    seed: int = 0,
    device: str = "cpu",
    which: str = "best",
    features: str | nn.Module | None = None,
    output: str | Path | None = None,
    progress: suite.Progress | None = None,
    resize: bool = False,
    detector: str | Path | None = None,
) -> Scores:
    """Score a run, a game, a folder of images or a tensor of samples against real data.

    Args:
        subject: a `Run` or its directory, a loaded `Game`, a folder, .zip or .npz of images, or samples (n, ...).
        data: the real data; a run's own data by default.
        real_n: the number of real data that samples are compared with on features.  Of more data, so many are taken,
            evenly spread, and the scores record it.  Judges are trained on all data, and copies are looked for in all.
        metrics: "quick", "standard", "full" or names of `rivalry list metrics`.
        n: the number of samples to draw from a game.  Of a folder, archive or tensor with more samples, `n` are taken,
            evenly spaced in their order, with a warning.  An agent plays at most 100 episodes.
        split: the split of the real data to compare with.  The other split, if there is one, is the held-out data.
        features: the features to compare samples on: "judge", "pixels", "efficientnet-lite0", "inception-2015", or
            a network of your own.  The default is the judge of labeled images.
        output: a folder for the pictures of scores that have one (memorization, defects).
        progress: called with the name of the work, the steps done, and the number of steps.
        resize: convert images of another size or number of channels to those of the data.  Without it they are refused.
        detector: a cascade.xml or a model.onnx: the share of samples in which it finds its object is a further score,
            beside the same share of the data; see `metrics.image.detector_files`.

    Returns:
        The scores.  Under torchrun the processes share the drawing and the extractor.  The first process scores; the
        others get an empty list.
    """
    if n < 1:
        raise BadRequest(f"samples are drawn by one or more; got {n}")
    if real_n < 2:
        raise BadRequest(f"samples are compared with two or more real data; got {real_n}")
    for name in metrics.split(",") if isinstance(metrics, str) and metrics not in PRESETS else ():
        find(name.strip())  # raises for an unknown metric, before anything is drawn
    finder = detector_from(str(detector)) if detector is not None else None
    ranks = join()
    run = as_run(subject)
    if run is not None:
        data = data if data is not None else data_of(run)
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
    rows: Tensor | None = None
    if game is not None:
        n = min(n, EPISODES) if isinstance(game, Actor) else n  # it has to play each of them
        fake, asked = _samples_of(game, real, n, seed, ranks)
        rows = rows_for(game, real, n, asked)
        real = target_data(game, real)
    else:
        fake, asked = _samples_in(cast("str | Path | Tensor", subject), real, n, resize)
    extractor = None
    if features is not None:
        extractor = find_extractor(features, real.spec, real if split == "train" else None)
    if (output or finder) and isinstance(fake, suite.Parts):
        fake = fake.whole()  # pictures of scores need all samples at once
    scores = suite.evaluate(
        real, fake, asked, metrics, extractor, split, progress, held_out, game, ranks, rows, real_n
    )
    if finder and ranks.first:
        scores.append(_detected(cast(Tensor, fake), real, finder, split))
    if resize and isinstance(fake, Tensor) and game is None:
        scores = [replace(s, provenance={**s.provenance, "resizer": RESIZER}) for s in scores]
    for picture in pictures(scores, cast(Tensor, fake), real) if output else ():
        with written(Path(output) / picture.name) as file:  # type: ignore[arg-type]
            picture.image.save(file, "png")
    if run is not None and ranks.first:
        _keep(scores, run, which)
    return Scores(scores)


def _detected(fake: Tensor, real: Dataset, finder: tuple[Detector, str], split: str) -> Score:
    """The share of samples in which a detector finds its object."""
    real.spec.require("a detector", kind="image")
    found, name = finder
    provenance = {"data": real.spec.name, "split": split, "torch": torch.__version__}
    return detected(suite.as_seen(real, fake), real, detector=found, name=name, provenance=provenance)


def _keep(scores: list[Score], run: Run, which: str) -> None:
    """Write scores to the run's log and report.  If that fails, only warn: the scores are still returned."""
    try:
        lines = [score.to_json() for score in scores]
        run.log({"round": run.checkpoint(which).round, "weights": which, "metrics": lines})
        write_report(run.path)
    except OSError as error:
        warnings.warn(f"the scores could not be kept in {run.path}: {error.strerror or error}", stacklevel=3)


def _samples_of(
    game: Game, real: Dataset, n: int, seed: int, ranks: Ranks
) -> tuple[Tensor | suite.Parts, Tensor | None]:
    """Samples of a game, and the labels they were asked for.  A single process draws the samples part by part."""
    given: dict[str, Any] = dict(given_for(game, real, n))
    asked = given["label"].cpu() if "label" in given else None
    if ranks.world > 1:
        return draw(game, n, seed=seed, ranks=ranks, **given), asked
    of_two: dict[str, Any] = dict(given_for(game, real, 2))
    two = draw(game, 2, seed=seed, **of_two)
    suite.as_seen(target_data(game, real), two)  # refused before a judge is trained for them
    return suite.Parts(n, lambda: parts(game, n, seed=seed, **given)), asked


def _samples_in(
    subject: str | Path | Tensor, real: Dataset, n: int, resize: bool
) -> tuple[Tensor, Tensor | None]:
    """Existing samples, and the labels that came with them.  If there are more than `n`, `n` evenly spaced ones."""
    samples = Dataset(real.spec, subject) if isinstance(subject, Tensor) else open_data(str(subject))
    name = "the tensor" if isinstance(subject, Tensor) else str(subject)
    if not resize and (odd := samples.facts.get("other_size")):
        raise BadRequest(
            f"{name} holds images of several sizes: {odd}, and most are {samples.spec.words}; "
            "--resize converts all of them"
        )
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
    """Warn if samples are equal to real data: if all of them are, the data are measured against themselves."""
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
    """The labels of samples as numbers of the real data's classes: (n,).  None if those lack one of the classes."""
    if samples.label is None or not set(samples.spec.classes) <= set(real.spec.classes):
        return None
    return torch.tensor([real.spec.classes.index(name) for name in samples.spec.classes])[samples.label[rows]]
