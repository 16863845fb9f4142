"""`rivalry data`: look at data before training on them."""

import click


@click.group()
def data() -> None:
    """Look at data before training on them."""


@data.command()
@click.argument("path")
def check(path: str) -> None:
    """Say what is in a folder of images.

    What is wrong with it, and which games it suits.  PATH is a folder, a zip, a .npz or a Parquet file.
    """
    from rivalry.catalog import CATALOG
    from rivalry.data.check import check as look
    from rivalry.data.check import render

    print(render(look(path, CATALOG)))
