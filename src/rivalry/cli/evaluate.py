"""`rivalry evaluate`."""

import json

import click

from rivalry.cli import options


@click.command()
@click.argument("subject", metavar="RUN|FOLDER")
@click.option("--data", help="the real data; a run's own by default")
@click.option(
    "--metrics", default="standard", help="quick, standard, or names of `rivalry list metrics`: fid,kid"
)
@click.option("-n", type=int, default=10_000, help="how many samples to draw")
@click.option("--split", default="train", help="of the real data: train or test")
@options.seed
@options.which
@options.device
@options.as_json
def evaluate(
    subject: str,
    data: str | None,
    metrics: str,
    n: int,
    split: str,
    seed: int,
    which: str,
    device: str,
    as_json: bool,
) -> None:
    """Score samples against real data.

    They are those of a run, or a folder of anyone's images.
    """
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
