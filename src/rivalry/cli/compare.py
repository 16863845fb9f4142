"""`rivalry compare`."""

import json
from pathlib import Path

import click

from rivalry.cli import options


@click.command()
@click.argument("subjects", metavar="RUN|FOLDER|NPZ...", nargs=-1, required=True)
@options.scoring
@click.option("-o", "--output", type=options.PATH, help="a .png of fidelity against diversity")
@click.option("--no-cut", is_flag=True, help="refuse subjects with different numbers of samples")
@options.seed
@options.which
@options.device
@options.as_json
def compare(
    subjects: tuple[str, ...],
    data: str | None,
    metrics: str,
    n: int,
    real_n: int,
    resize: bool,
    split: str,
    features: str | None,
    output: Path | None,
    no_cut: bool,
    seed: int,
    which: str,
    device: str,
    as_json: bool,
) -> None:
    """Set runs side by side: the same scores, and which differences are more than noise."""
    from rivalry.runs.comparison import compare as side_by_side
    from rivalry.runs.progress import steps
    from rivalry.show.output import require_ending, written
    from rivalry.waiting import shown_by

    if output:
        require_ending(output, (".png",))
    with steps() as show, shown_by(show):
        found = side_by_side(
            subjects,
            data,
            metrics=metrics,
            n=n,
            real_n=real_n,
            resize=resize,
            cut=not no_cut,
            split=split,
            seed=seed,
            device=device,
            which=which,
            features=features,
            progress=show,
        )
    if not any(found.scores.values()):  # under torchrun the first process has them
        return
    print(json.dumps(found.to_json(), indent=1) if as_json else found.table())
    if output:  # last: what was measured is told even where it makes no plot
        with written(output) as file:
            found.plot().save(file, "png")
