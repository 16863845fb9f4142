"""`rivalry studio`: see games being learned, use and judge what they learned, in the browser."""

from importlib.util import find_spec
from pathlib import Path

import click

from rivalry.cli import options
from rivalry.errors import BadRequest


@click.command()
@click.argument("runs", type=options.PATH, default=Path("runs"))
@click.option("--port", type=click.IntRange(0, 65535), default=8000, help="0 takes any free one")
@click.option(
    "--host", default="127.0.0.1", help="another lets other machines in who have the token that is printed"
)
@click.option(
    "--data", "folders", multiple=True, type=options.PATH, help="a folder, zip or npz of yours to train on"
)
def studio(runs: Path, port: int, host: str, folders: tuple[Path, ...]) -> None:
    """Open the studio: one page on this machine that shows, trains, uses, compares and judges.

    RUNS is the folder of runs that it shows, and where it trains.
    """
    if any(find_spec(name) is None for name in ("starlette", "uvicorn", "websockets")):
        raise BadRequest("the studio needs `pip install 'rivalry[studio]'`")
    from rivalry.studio.server import serve

    serve(runs, host, port, folders)
