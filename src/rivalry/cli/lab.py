"""`rivalry lab QUESTION`: experiments on the family itself."""

import importlib
import json
from pathlib import Path
from typing import Any

import click

from rivalry.cli import options
from rivalry.errors import unknown
from rivalry.lab.questions import QUESTIONS, Question


class Questions(click.Group):
    """A group whose error about an unknown command names the nearest one."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            raise unknown("question", args[0], self.commands, f"there is {', '.join(sorted(self.commands))}")
        return super().resolve_command(ctx, args)


@click.group(cls=Questions)
def lab() -> None:
    """Questions about adversarial models, answered by an experiment."""


QUICK = (
    ". --quick: small networks, short training; the full protocol may say the contrary, as it did of `batch`."
)


def command_of(name: str, question: Question) -> click.Command:
    """The command that asks one question of `rivalry.lab.questions`."""

    def ask(quick: bool, seeds: int, output: Path | None, **asked: str | None) -> None:
        from rivalry.runs.progress import steps

        module, function = question.target.split(":")
        answer = getattr(importlib.import_module(f"rivalry.lab.{module}"), function)
        with steps() as show:
            found = answer(quick=quick, seeds=seeds, progress=show, **asked)
        if quick and question.trains:
            found.under += QUICK
        page = found.write(output or Path("lab") / name)
        print("\n".join([*found.found, *found.control, str(page)]))

    declared = [
        click.option("--quick", is_flag=True, help="a smaller experiment, in less than five minutes"),
        click.option("--seeds", type=click.IntRange(min=1), default=3, help="how often all is drawn anew"),
        *(click.option(f"--{option}", help=said) for option, said in question.takes.items()),
        click.option("-o", "--output", type=options.PATH, help=f"a folder for the report; lab/{name}"),
    ]
    for option in reversed(declared):
        ask = option(ask)
    return click.command(name, help=question.about)(ask)


for each, one in QUESTIONS.items():
    lab.add_command(command_of(each, one))


@lab.command("audit-metrics")
@click.option("--data", default="mnist", help="labeled images with a test split")
@click.option("-n", type=int, default=2000, help="how many images are scored at a time")
@click.option("--metrics", help="names of `rivalry list metrics`: fid,prdc; a broad choice by default")
@click.option("--features", help="what images are compared on; the judge of the data by default")
@click.option("--values", "shown", is_flag=True, help="show the scores themselves too")
@click.option("--train", "most", type=int, default=10_000, help="how many training images are compared with")
@options.seed
def audit_metrics(
    data: str, n: int, metrics: str | None, features: str | None, shown: bool, most: int, seed: int
) -> None:
    """Damage real images in known ways, and table which metric notices what."""
    import torch

    from rivalry.data import open_data
    from rivalry.errors import BadRequest
    from rivalry.lab.audit_metrics import METRICS, audit, table, values
    from rivalry.metrics.extractors.find import find_extractor
    from rivalry.metrics.features.neighbors import spaced
    from rivalry.metrics.table import find
    from rivalry.runs.progress import steps

    if n < 100 or most < n:
        raise BadRequest(
            f"audit-metrics scores 100 images or more, and no more than it compares with; got {n}"
        )
    chosen = metrics.split(",") if metrics else METRICS
    for name in chosen:
        find(name)
    train, test = open_data(data), open_data(data, "test")
    train.spec.require("audit-metrics", kind="image", classes=True)
    extractor = find_extractor(features or "judge", train.spec, train)
    some = train.only(spaced(torch.arange(len(train)), most))
    with steps() as show:
        findings = audit(some, test, n=n, metrics=chosen, extractor=extractor, seed=seed, progress=show)
    print(table(findings))
    if shown:
        print(f"\n{values(findings)}")
    print("\n▼ noticed, and read as worse   ▲ as better   ◆ noticed   · within noise   – refused")


@lab.command()
@click.argument("run", type=options.PATH)
@click.option("--matches", type=int, default=10, help="batches of each match")
@options.seed
@options.device
@options.as_json
def skill(run: Path, matches: int, seed: int, device: str, as_json: bool) -> None:
    """Let the checkpoints of a run play each other: a learning curve without any extractor.

    RUN keeps 3 or more of them: train with --keep 20.
    """
    from rivalry.lab.skill import skill_of_run

    score = skill_of_run(run, matches=matches, seed=seed, device="cpu" if device == "auto" else device)
    print(json.dumps(score.to_json(), indent=1) if as_json else f"{score}\n{curve(score.details)}")


@lab.command()
@click.option(
    "--data",
    multiple=True,
    help="breast-cancer and digits by default; also chest-xrays:path=pneumoniamnist.npz",
)
@click.option("--seeds", type=click.IntRange(min=2), default=10, help="how often everything is drawn anew")
@click.option("--quick", is_flag=True, help="2 seeds")
@options.as_json
def augment(data: tuple[str, ...], seeds: int, quick: bool, as_json: bool) -> None:
    """Does a GAN help where real data are few?  Beside noise, flips, SMOTE and a VAE."""
    from dataclasses import asdict

    from rivalry.lab.augment import DEVICE, INCLUDED, LEFT_OUT, QUESTION, about, table, verdict
    from rivalry.lab.augment import augment as play
    from rivalry.runs.progress import steps

    found, wanted = dict[str, Any](), data or INCLUDED
    for name in wanted:
        about(name)
    if not as_json:
        print(QUESTION)
    for name in wanted:
        with steps() as show:
            some = play(name, 2 if quick else seeds, progress=show)
        found[name] = [asdict(one) for one in some]
        if not as_json:  # as soon as it is known, since the next data may take long
            print("\n".join(["", f"{name}: {about(name)}", "", table(some), "", *verdict(some)]), flush=True)
    if as_json:
        print(json.dumps(found, indent=1))
        return
    print("\n".join(["", *([] if data else [LEFT_OUT]), DEVICE]))


def curve(details: dict[str, Any]) -> str:
    """The ratings of both sides by round."""
    rating = lambda one: f"{one['rating']:5.0f} ± {one['deviation']:<4.0f}"
    rows = [
        f"{g['round']:>9,}  {rating(g)}  {rating(c)}"
        for g, c in zip(details["generators"], details["critics"])
    ]
    return "\n".join([f"{'round':>9}  {'generator':<12}  critic", *rows])


@lab.command()
@click.option("--data", default="mnist", help="images; with --quick digits by default")
@click.option(
    "--seconds", type=float, help="of the processor that each model is trained; 120, or 6 with --quick"
)
@click.option("--parameters", type=int, help="of each model, about; 300,000, or 100,000 with --quick")
@click.option("--families", help="some of them, by their games: dcgan,realnvp,ddpm")
@click.option("--quick", is_flag=True, help="on small images, in less than five minutes")
@click.option(
    "-o", "--output", type=options.PATH, default=Path("lab/tradeoffs"), help="a folder for the report"
)
@options.seed
def tradeoffs(
    data: str,
    seconds: float | None,
    parameters: int | None,
    families: str | None,
    quick: bool,
    output: Path,
    seed: int,
) -> None:
    """Train one model of each kind for the same time and compare what they can do.

    A GAN, a VAE, a flow, an autoregressive, an energy-based, a diffusion and a flow-matching model, and hybrids.
    """
    from dataclasses import replace

    from rivalry.data import open_data
    from rivalry.errors import BadRequest, unknown
    from rivalry.lab import tradeoffs as experiment
    from rivalry.lab.tradeoffs_found import conclusions
    from rivalry.lab.tradeoffs_page import write
    from rivalry.metrics.extractors.find import find_extractor
    from rivalry.runs.progress import steps

    if seconds is not None and not 0 < seconds < float("inf"):
        raise BadRequest(f"--seconds is above 0; got {seconds:g}")
    if parameters is not None and parameters < 1000:
        raise BadRequest(f"--parameters is 1,000 or more; got {parameters:,}")
    by_game = {family.game: family for family in experiment.FAMILIES}
    wanted = [name.strip() for name in families.split(",")] if families else list(by_game)
    for name in wanted:
        if name not in by_game:
            raise unknown("model of this comparison", name, by_game, f"there is {', '.join(by_game)}")
    plan = experiment.QUICK if quick else experiment.Plan()
    plan = replace(plan, seed=seed, seconds=seconds or plan.seconds, parameters=parameters or plan.parameters)
    name = "digits" if quick and data == "mnist" else data
    train, test = open_data(name), open_data(name, "test")
    train.spec.require("tradeoffs", kind="image")
    chosen = [by_game[name] for name in wanted]
    skipped = [family.game for family in chosen if not experiment.in_catalog(family)]
    extractor = find_extractor("judge" if train.label is not None else "pixels", train.spec, train)
    with steps() as show:
        findings = experiment.tradeoffs(
            train, test, plan, families=chosen, extractor=extractor, progress=show
        )
    page = write(output, findings, plan, name, skipped)
    print("\n".join(conclusions(findings)))
    print(page)


@lab.command()
@click.option("--rounds", type=int, help="of each training; 3000, or 400 with --quick")
@click.option("--quick", is_flag=True, help="fewer distributions and shorter trainings")
@click.option(
    "-o", "--output", type=options.PATH, default=Path("lab/predict"), help="a folder for the report"
)
@options.seed
def predict(rounds: int | None, quick: bool, output: Path, seed: int) -> None:
    """Foretell from the data alone how training will end, on distributions that are known."""
    from rivalry.errors import BadRequest
    from rivalry.lab import predict as experiment
    from rivalry.runs.progress import steps

    if rounds is not None and rounds < 1:
        raise BadRequest(f"--rounds is one or more; got {rounds}")
    rounds, knobs = rounds or (400 if quick else 3000), 3 if quick else 6
    with steps() as show:
        found = experiment.cases(rounds, knobs, seed=seed, progress=show)
    models = experiment.there(experiment.MODELS)
    verdicts = [experiment.verdict(found, model, seed) for model in models]
    skipped = [name for name in experiment.MODELS if name not in models]
    page = experiment.write(output, found, verdicts, rounds, skipped)
    print("\n".join(experiment.conclusions(verdicts)))
    print(page)
