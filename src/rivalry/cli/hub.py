"""`rivalry push` and `rivalry pull`: runs on the Hugging Face Hub."""

from pathlib import Path

import click

from rivalry.cli import options


@click.command()
@click.argument("run")
@click.argument("name", metavar="USER/NAME")
@click.option("--private", is_flag=True, help="create the repository for yourself alone")
@options.which
def push(run: str, name: str, private: bool, which: str) -> None:
    """Upload a run to the Hugging Face Hub, with a model card.

    RUN is its directory.  The card tells settings, data, scores with spread and provenance, and limits.
    """
    from rivalry.runs import hub

    print(hub.push(run, name, which=which, private=private))


@click.command()
@click.argument("name", metavar="USER/NAME")
@click.option("folder", "-o", type=options.PATH, help="where it is written; runs/USER--NAME by default")
def pull(name: str, folder: Path | None) -> None:
    """Fetch a run from the Hugging Face Hub.

    It is checked as a stranger's run: names and sizes of files, run.json, hashes.  Nothing in it can execute.
    """
    from rivalry.runs import hub

    print(hub.pull(name, folder).path)
