"""The commands, one module for each group of them."""

import click

from rivalry import __version__
from rivalry.cli import (
    agents,
    brush,  # noqa: F401  # adds itself to `edit`
    compare,
    completion,
    continue_,
    data,
    detect,
    direction,  # noqa: F401  # adds itself to `edit`
    dream,
    edit,
    enlarge,
    evaluate,
    export,
    fill,
    hub,
    human,
    invert,  # noqa: F401  # adds itself to `edit`
    lab,
    listing,
    provenance,
    sample,
    search,  # noqa: F401  # adds itself to `edit`
    studio,
    train,
    translate,
)


@click.group(
    help="Train, measure and use the whole family of adversarial models.",
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
)
@click.version_option(__version__, message="rivalry %(version)s", help="Print the version.")
@click.option(
    "--install-completion",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=completion.on_request,
    help="Complete commands in the shell at hand: bash, zsh or fish.",
)
@click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of an error.")
def app() -> None:
    """The group of all commands.  `main` handles --debug; the option is declared here for the help text."""


for command in (
    listing.show_list,
    listing.show_game,
    train.train,
    train.resume,
    sample.sample,
    provenance.keys,
    provenance.verify,
    edit.edit,
    translate.translate,
    continue_.continue_,
    dream.dream,
    detect.detect,
    fill.fill,
    enlarge.enlarge,
    agents.demonstrate,
    agents.watch,
    evaluate.evaluate,
    compare.compare,
    export.export,
    hub.push,
    hub.pull,
    human.human,
    lab.lab,
    data.data,
    studio.studio,
):
    app.add_command(command)
