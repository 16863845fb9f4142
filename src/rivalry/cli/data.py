"""`rivalry data`: look at data before training on them."""

from typing import Annotated

import typer

app = typer.Typer(help="Look at data before training on them.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """Look at data before training on them."""


@app.command("check")
def check(path: Annotated[str, typer.Argument(help="a folder, zip, npz or Parquet file of images")]) -> None:
    """Say what is in a folder of images, what is wrong with it and which games it suits."""
    from rivalry.catalog import CATALOG
    from rivalry.data.check import check as look
    from rivalry.data.check import render

    print(render(look(path, CATALOG)))
