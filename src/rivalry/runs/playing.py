"""Playing a run to its goal: the engine, with everything that watches it."""

from collections.abc import Callable, Sequence
from functools import partial
from time import monotonic

from rivalry.data.source import Dataset
from rivalry.game import Actor, Translator
from rivalry.labels import every_class
from rivalry.play.engine import Callback, Engine
from rivalry.play.goal import Goal
from rivalry.report import write_report
from rivalry.runs import callbacks
from rivalry.runs.alarm import collapse_alarm
from rivalry.runs.callbacks import EPISODES, QUICK
from rivalry.runs.faster import faster_than
from rivalry.runs.guards import Interrupted, failures_logged, guarded, say, signals
from rivalry.runs.overhead import SHEET, Overhead, Work
from rivalry.runs.pace import tell_pace
from rivalry.runs.progress import progress
from rivalry.runs.run import Run
from rivalry.runs.saving import Saver

SHEETS = 12  # the number of sheets of a whole run
MEASURES = 5
SCORING = 3.0  # seconds that scores take beyond drawing, before they were made once


def play(
    run: Run,
    engine: Engine,
    goal: Goal,
    dataset: Dataset,
    further: Sequence[Callback],
    *,
    quiet: bool,
    began: float,
) -> Run:
    """Play to the goal with everything that goes with a run: log, sheets, scores, checkpoints, guards, the report.

    Args:
        engine: restored, if the run goes on.
        dataset: for sheets, scores and the alarm; empty if they are not wanted.
        further: callbacks of the user, called after ours.
        began: the time (`time.monotonic`) from which a goal in time counts.

    Raises:
        Interrupted: a signal ended it; everything is saved.
        RunFailed: training failed; everything is kept.
    """
    saver = Saver(run, run.config.get("save_every", 30), run.config.get("keep", 2))
    sheet = callbacks.sheets(run, dataset, SHEET)
    sheets = Work(sheet, SHEET, last=False)
    rows = 0 if every_class(engine.game, 1) is None else callbacks.rows_of_classes(dataset.spec)
    overhead = Overhead(goal, saver, before=monotonic() - began, after=SHEET + rows)
    with progress(goal, quiet or not engine.ranks.first) as show, signals(engine):
        engine.callbacks = [
            callbacks.log(callbacks.to_run(run), callbacks.to_tensorboard(run)),
            overhead.at_shares(SHEETS, sheets),
            saver,
            show,
        ]
        acts = isinstance(engine.game, Actor)
        # What a translator makes differs as its sources do, and a good agent does the same in every episode.
        if len(dataset) > 1 and not isinstance(engine.game, Translator) and not acts:
            alarm = collapse_alarm(run, dataset, say, engine)
            engine.callbacks.append(overhead.at_shares(SHEETS, Work(alarm, SHEET)))
        scores = None
        if run.config.get("measure", True) and acts:
            returns = callbacks.measure(run, callbacks.episode_scores(dataset), saver, say)
            engine.callbacks.append(overhead.at_shares(SHEETS, Work(returns, EPISODES)))
        elif run.config.get("measure", True) and len(dataset) >= 1000:
            measure = callbacks.measure(run, callbacks.quick_scores(dataset), saver, say)
            scores = Work(measure, QUICK, SCORING, done=int(run.best() is not None))
            engine.callbacks.append(overhead.at_shares(MEASURES, scores))
        if not quiet and engine.ranks.first:
            first_sheet = lambda now: overhead.first_at(now, sheets, SHEETS)
            engine.callbacks.append(
                tell_pace(goal, say, first_sheet, partial(faster_than, run.config, engine))
            )
        engine.callbacks += [overhead.reserve, *further]
        with failures_logged(run, engine):
            guarded(run, engine, goal, saver)
            saver.save(engine)
            saver.wait()
            if scores and engine.ranks.first:
                _tell_unmeasured(run, engine, overhead, scores)
            _finish(run, engine, goal, sheet, dataset)
    engine.ranks.wait()
    if engine.stopping:
        raise Interrupted(run, engine.stopping)
    return run


def _tell_unmeasured(run: Run, engine: Engine, overhead: Overhead, scores: Work) -> None:
    """Say why a run by time ends without scores, if it does."""
    if overhead.goal.seconds is None or scores.done or engine.stopping:
        return
    message = (
        f"not scored: scores would take about {overhead.expected(engine, scores):.0f} s, more than a tenth of "
        f"{overhead.goal} leaves for them; `rivalry evaluate {run.path}` makes them"
    )
    run.log({**callbacks.standing(engine), "event": "unmeasured", "message": message})
    say(message)


def _finish(run: Run, engine: Engine, goal: Goal, sheet: Callable[..., None], dataset: Dataset) -> None:
    if engine.ranks.first:
        done = engine.progress(goal) >= 1
        with engine.after_play():
            sheet(engine)
            callbacks.class_sheet(run, engine, dataset)
            callbacks.film(run, engine)
        event, message = ("done", f"reached {goal}") if done else ("stopped", f"stopped by {engine.stopping}")
        run.log({**callbacks.standing(engine), "event": event, "message": message})
        write_report(run.path)
