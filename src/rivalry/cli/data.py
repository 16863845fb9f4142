"""`rivalry data`: look at data before training on them."""

import click


@click.group()
def data() -> None:
    """Look at data before training on them."""


@data.command()
@click.argument("path")
def check(path: str) -> None:
    """Say what is in a folder of images, and what to train on it.

    What is wrong with it, one command to copy, and what else suits.  PATH is a folder, a zip, a .npz or a Parquet
    file.
    """
    from rivalry.catalog import CATALOG
    from rivalry.data.check import check as look
    from rivalry.data.check import render
    from rivalry.play.precision import choose_device
    from rivalry.runs.advice import advise, lines
    from rivalry.runs.progress import steps
    from rivalry.waiting import shown_by

    with steps() as show, shown_by(show):
        report = look(path, CATALOG)
    print(render(report, suits=False))
    for line in lines(report, advise(report, choose_device("auto"))):
        print(line)
