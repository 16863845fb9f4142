"""Callbacks, called after each round: log, sheets, metrics, the collapse alarm.

A callback is any function `(engine, moves) -> None`.  These callbacks do not change the training: a run with them
and a run without them end with the same weights.
"""

import io
import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.game import Actor, Move, Translator
from rivalry.given import given_for, rows_for, target_data, words_under
from rivalry.kinds.kind import in_full_precision
from rivalry.labels import every_class
from rivalry.metrics.score import Score
from rivalry.play.engine import Callback, Engine
from rivalry.runs.run import Run
from rivalry.runs.saving import Saver
from rivalry.runs.tensorboard import to_tensorboard as to_tensorboard  # beside `to_run`

if TYPE_CHECKING:
    from rivalry.metrics.extractors.extractor import Extractor

ALIKE = 8  # samples of a sheet that are told the same

Report = Callable[[Engine, dict[str, float]], None]
QUICK = 1000  # samples of a quick score
EPISODES = 10  # of an agent, for its scores during training


def log(*reports: Report, every: int = 20) -> Callback:
    """Every `every` rounds, give each report the mean of each note since the last time, by "player/note"."""
    gathered: dict[str, list[Tensor | float]] = defaultdict(list)

    def callback(engine: Engine, moves: Sequence[Move]) -> None:
        for move in moves:
            for name, note in move.notes.items():
                gathered[f"{move.name}/{name}"].append(note.detach() if isinstance(note, Tensor) else note)
        if engine.t % every:
            return
        means = [
            torch.stack([torch.as_tensor(n).float().reshape(()) for n in notes]).mean()
            for notes in gathered.values()
        ]
        engine.ranks.average(means)
        values = torch.stack(means).tolist() if means else []  # the only place that waits for an accelerator
        for report in reports if engine.ranks.first else ():
            report(engine, dict(zip(gathered, values)))
        gathered.clear()

    return callback


def to_run(run: Run) -> Report:
    """Write reports to the run's log."""
    return lambda engine, notes: run.log({**standing(engine), "notes": notes})


def sheets(run: Run, real: Dataset, n: int = 64) -> Callback:
    """Save samples of the same codes as samples/<round>.png.  Points are drawn over some of the real ones.

    Translations are shown next to their sources and, if they are known, next to the true targets.  A game that is told
    sentences makes eight samples for each, with the sentence under them.
    """
    from rivalry.show.sheets import sheet

    kind = real.spec.meaning
    n, behind = kind.shown(n), kind.background(real.x, real.facts)
    before: Tensor | None = None

    def callback(engine: Engine, moves: Sequence[Move] = ()) -> None:
        nonlocal before
        if engine.ranks.first:
            with engine.evaluating() as game:
                given = given_for(game, real, n, each=ALIKE)
                x = in_full_precision(game.sample(n, **given)).cpu()
            under = words_under(game, real.spec, given, ALIKE)
            if isinstance(game, Translator):
                x, behind["columns"] = _side_by_side(given["source"].cpu(), x, target_data(engine.game, real))
            run.picture(f"{engine.t:06d}", sheet(x, real.spec, under=under, **behind))
            for ending, content in kind.marked(x, real.spec.x, before, real.x).items():
                run.beside(f"{engine.t:06d}{ending}", content)
            before = x

    return callback


def _side_by_side(source: Tensor, made: Tensor, real: Dataset) -> tuple[Tensor, int]:
    """Sources, their translations and, for pairs, the true targets side by side; and the number of columns."""
    triples = [source, made]
    if "source" in real.spec.extra:
        triples.append(real.rows(torch.linspace(0, len(real) - 1, len(made)).long()))
    return torch.stack(triples, 1).flatten(0, 1), len(triples) * 4


def class_sheet(run: Run, engine: Engine, real: Dataset, each: int = 10) -> None:
    """Write samples/classes.png: a row for each of the first classes.  A translator's sources are the first row."""
    from rivalry.show.sheets import sheet

    spec = engine.data.spec
    if every_class(engine.game, 1) is None:
        return
    rows = rows_of_classes(spec, each) // each
    labels = torch.arange(rows).repeat_interleave(each)
    with engine.evaluating() as game:
        given = given_for(game, real, rows * each, labels)
        if isinstance(game, Translator):  # the same sources are translated to every domain
            source = real.column(game.reads[0], torch.linspace(0, len(real) - 1, each).long())
            given["source"] = source.to(game.device).repeat(rows, *[1] * (source.ndim - 1))
        x = in_full_precision(game.sample(rows * each, **given)).cpu()
    if isinstance(game, Translator):
        x, labels = torch.cat([source, x]), torch.cat([torch.zeros(each, dtype=torch.long), labels + 1])
        spec = replace(spec, classes=("source", *spec.classes))
    run.picture("classes", sheet(x, spec, columns=each, labels=labels))


def rows_of_classes(spec: Spec, each: int = 10) -> int:
    """The number of samples on the sheet of classes."""
    return min(len(spec.classes), 20) * each


def measure(
    run: Run, evaluate: Callable[[Engine], list[Score]], saver: Saver, say: Callable[[str], None]
) -> Callback:
    """Write scores to the log.  If the deciding score is the best so far, save a checkpoint and link `best` to it.

    If the scores cannot be computed, a warning says why, and training goes on.
    """

    def callback(engine: Engine, moves: Sequence[Move] = ()) -> None:
        scores = _scores(run, evaluate, engine, say) if engine.ranks.first else []
        if engine.ranks.any(bool(scores)):
            before = [
                _rank(line["metrics"]) for line in run.lines() if "metrics" in line and "samples" in line
            ]
            if scores:
                run.log({**standing(engine), "metrics": scores})
            saver.save_best(engine, bool(scores) and _rank(scores) >= max(before, default=-math.inf))

    return callback


def _scores(
    run: Run, evaluate: Callable[[Engine], list[Score]], engine: Engine, say: Callable[[str], None]
) -> list[dict[str, Any]]:
    """The scores as they are logged; an empty list if they could not be computed."""
    try:
        return [score.to_json() for score in evaluate(engine)]
    except Exception as trouble:  # of any metric, of any game: none of them may end a run
        reason = str(trouble) if isinstance(trouble, BadRequest) else f"{type(trouble).__name__}: {trouble}"
        message = f"round {engine.t}: the samples could not be scored: {reason}"
        run.log({**standing(engine), "event": "unmeasured", "message": message})
        say(message)
        return []


def quick_scores(dataset: Dataset, n: int = QUICK) -> Callable[[Engine], list[Score]]:
    """Quick scores during training: on the modes or with the bundled judge if there is one, else on pixels."""
    from rivalry.metrics import suite
    from rivalry.metrics.extractors import extractor as features

    if len(dataset) < 2:  # a single graph: there is no distribution to compare with
        return lambda engine: []
    judge = _judge_at_hand(dataset.spec)
    extractor = judge or features.pixels(dataset.spec)
    # A part of the data is enough here.  The more numbers a datum has, the longer a score takes.
    dataset = _some(dataset, 10 * n if judge or dataset.x[0].numel() < 16 else 2 * n)

    def evaluate(engine: Engine) -> list[Score]:
        with engine.evaluating() as game:
            given = given_for(game, dataset, n)
            fake = in_full_precision(game.sample(n, **given)).cpu()
        asked = given["label"].cpu() if "label" in given else None
        rows = rows_for(engine.game, dataset, n, asked)
        return suite.evaluate(target_data(engine.game, dataset), fake, asked, "quick", extractor, rows=rows)

    return evaluate


def episode_scores(dataset: Dataset, n: int = EPISODES) -> Callable[[Engine], list[Score]]:
    """The returns of an agent during training, beside those of the demonstrations and of random actions."""
    from rivalry.metrics.game.returns import random_episodes, scores

    others = {"random": random_episodes(dataset.spec, n, seed=0)}
    others |= {"demonstrations": dataset.x} if len(dataset) else {}

    def evaluate(engine: Engine) -> list[Score]:
        with engine.evaluating() as game:
            found = scores(in_full_precision(game.sample(n)).cpu(), others, dataset.spec)
        explores = not game.reads  # then the cells that it visits decide which checkpoint is the best
        return sorted(found, key=lambda score: explores and not score.name.startswith("cells"))

    return evaluate


def film(run: Run, engine: Engine) -> None:
    """Write an episode of an agent beside its last sheet, as a .gif, if its environment draws pictures."""
    from rivalry.runs.watching import filmed
    from rivalry.show.movies import write_frames

    if not (engine.ranks.first and isinstance(engine.game, Actor)):
        return
    written = io.BytesIO()
    try:
        with engine.evaluating():
            frames, _ = filmed(engine.game, seed=0, most=64, widest=320)
    except BadRequest:
        return
    write_frames(frames, written, ".gif")
    run.beside(f"{engine.t:06d}.gif", written.getvalue())


def _some(dataset: Dataset, most: int) -> Dataset:
    """At most `most` rows of the data, evenly spread."""
    return dataset.only(torch.linspace(0, len(dataset) - 1, min(len(dataset), most)).long())


def _judge_at_hand(spec: Spec) -> "Extractor | None":
    """The judge that comes with the package, or None.  No judge is trained during a run."""
    from rivalry.metrics.extractors.extractor import judge

    try:
        return judge(spec)
    except BadRequest:
        return None


def standing(engine: Engine) -> dict[str, Any]:
    """The progress of a run: rounds, real data drawn, seconds in all, and seconds of the rounds alone."""
    clock = {"seconds": round(engine.seconds, 3), "in_play": round(engine.in_play, 3)}
    return {"round": engine.t, "samples": engine.data.drawn, **clock}


def _rank(scores: Any) -> float:
    """A number that says how good scores are; higher is better.  The Fréchet distance decides, else the first score.

    The scores may come from a log that somebody else wrote.
    """
    tables = [score for score in scores if isinstance(score, dict)] if isinstance(scores, list) else []
    named = [score for score in tables if isinstance(score.get("name"), str)]
    deciding = next((s for s in named if s["name"].startswith("fid")), named[0] if named else {})
    value = deciding.get("value")
    if not isinstance(value, int | float) or not math.isfinite(value):
        return -math.inf
    return -value if deciding.get("better") == "low" else value
