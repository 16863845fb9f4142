"""`rivalry evaluate`."""

import json
from pathlib import Path

import click

from rivalry.cli import options


@click.command()
@click.argument("subject", metavar="RUN|FOLDER|NPZ")
@options.scoring
@click.option(
    "--detector", help="cascade.xml or model.onnx (perhaps @240x320): the share in which it finds its object"
)
@click.option("-o", "--output", type=options.PATH, help="a folder for pictures: closest pairs, defects")
@options.seed
@options.which
@options.device
@options.as_json
def evaluate(
    subject: str,
    data: str | None,
    metrics: str,
    n: int,
    real_n: int,
    resize: bool,
    split: str,
    features: str | None,
    detector: str | None,
    output: Path | None,
    seed: int,
    which: str,
    device: str,
    as_json: bool,
) -> None:
    """Score samples against real data.

    They are those of a run, or anyone's images: a folder, a .zip or a .npz.
    """
    from functools import partial

    from rivalry.maths.watched import watching
    from rivalry.metrics.remarks import remarks
    from rivalry.metrics.suite import table
    from rivalry.runs.progress import steps
    from rivalry.runs.scoring import evaluate
    from rivalry.terminal import say
    from rivalry.waiting import shown_by

    with steps() as show, shown_by(show), watching(partial(show, "sampling")):
        scores = evaluate(
            subject,
            data,
            metrics=metrics,
            n=n,
            real_n=real_n,
            resize=resize,
            split=split,
            seed=seed,
            device=device,
            which=which,
            features=features,
            output=output,
            detector=detector,
            progress=show,
        )
    if scores:  # under torchrun the first process has them
        for score in (one for one in scores if one.name.startswith("detected[")):
            shares = f"{score.value:.0%} of the samples, {score.details['real']:.0%} of the data"
            say(f"{score.name}: found in {shares}")
        lines = [table(scores), *remarks(scores)]
        print(json.dumps([s.to_json() for s in scores], indent=1) if as_json else "\n".join(lines))
