"""The commands, one module for each group of them."""

from typing import Annotated

import typer

from rivalry import __version__
from rivalry.cli import data, evaluate, listing, sample, train

app = typer.Typer(
    name="rivalry",
    help="Train, measure and use the whole family of adversarial models.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    if version:
        print(f"rivalry {__version__}")
        raise typer.Exit()


app.command("list")(listing.show_list)
app.command("show")(listing.show_game)
app.command("train")(train.train)
app.command("resume")(train.resume)
app.command("sample")(sample.sample)
app.command("evaluate")(evaluate.evaluate)
app.add_typer(data.app, name="data")
