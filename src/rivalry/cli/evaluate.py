"""`rivalry evaluate`."""

import json
from typing import Annotated

import typer


def evaluate(
    subject: Annotated[str, typer.Argument(help="a run, or a folder of anyone's images")],
    data: Annotated[str | None, typer.Option(help="the real data; a run's own by default")] = None,
    metrics: Annotated[
        str, typer.Option(help="quick, standard, or names of `rivalry list metrics`: fid,kid")
    ] = "standard",
    n: Annotated[int, typer.Option("-n", help="how many samples to draw")] = 10_000,
    split: Annotated[str, typer.Option(help="of the real data: train or test")] = "train",
    seed: Annotated[int, typer.Option(help="of the samples")] = 0,
    which: Annotated[str, typer.Option(help="best, newest, or a round that has a checkpoint")] = "best",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda")] = "cpu",
    as_json: Annotated[bool, typer.Option("--json", help="as JSON, with provenance")] = False,
) -> None:
    """Score samples against real data."""
    from rivalry import trained
    from rivalry.metrics.suite import table
    from rivalry.progress import steps

    with steps() as show:
        scores = trained.evaluate(
            subject,
            data,
            metrics=metrics,
            n=n,
            split=split,
            seed=seed,
            device=device,
            which=which,
            progress=show,
        )
    print(json.dumps([s.to_json() for s in scores], indent=1) if as_json else table(scores))
