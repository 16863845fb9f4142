"""`rivalry train` and `rivalry resume`."""

import inspect
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from rivalry.errors import BadRequest

Rounds = Annotated[int | None, typer.Option(help="train for so many rounds")]
Samples = Annotated[int | None, typer.Option(help="... or until so many real data were drawn")]
Time = Annotated[str | None, typer.Option(help="... or for so long: 90s, 10m, 1h30m")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, mps")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="show no progress")]


def train(
    game: Annotated[str, typer.Argument(help="a name of `rivalry list`")],
    data: Annotated[
        str | None, typer.Option(help="a name of `rivalry list data`, a folder, zip, npz, ...")
    ] = None,
    recipe: Annotated[
        str | None, typer.Option(help="a named set of settings, see `rivalry show GAME`")
    ] = None,
    rounds: Rounds = None,
    samples: Samples = None,
    time: Time = None,
    run: Annotated[
        Path | None,
        typer.Option("--run", "--run-dir", help="the directory to write (torchrun takes --run for its own)"),
    ] = None,
    seed: Annotated[int, typer.Option(help="of every random number")] = 0,
    device: Device = "auto",
    precision: Annotated[str, typer.Option(help="auto, fp32 or bf16")] = "auto",
    save_every: Annotated[str, typer.Option(help="time between checkpoints")] = "30s",
    measure: Annotated[bool, typer.Option(help="score samples on the way and keep the best")] = True,
    settings: Annotated[list[str] | None, typer.Option("-s", metavar="NAME=VALUE", help="a setting")] = None,
    quiet: Quiet = False,
) -> None:
    """Train a game on data, and leave a run on disk."""
    from rivalry import catalog

    catalog.find(game)
    given = parse(settings or [])
    from rivalry import training

    done = training.train(
        game,
        data,
        recipe=recipe,
        rounds=rounds,
        samples=samples,
        time=time,
        run=run,
        seed=seed,
        device=device,
        precision=precision,
        save_every=save_every,
        measure=measure,
        quiet=quiet,
        **given,
    )
    _tell(done.path)


def resume(
    run: Annotated[Path, typer.Argument(help="the run's directory")],
    rounds: Rounds = None,
    samples: Samples = None,
    time: Time = None,
    device: Device = "auto",
    quiet: Quiet = False,
) -> None:
    """Go on with a run, to the goal that it was given or to a new one."""
    from rivalry import training

    done = training.resume(run, rounds=rounds, samples=samples, time=time, device=device, quiet=quiet)
    _tell(done.path)


def _tell(path: Path) -> None:
    """Print where the run is: once, however many processes played it."""
    if os.environ.get("RANK", "0") == "0":
        print(path)


def parse(settings: list[str]) -> dict[str, Any]:
    """`["width=64", "lr=1e-3"]` as names and texts; the game's signature gives them their types."""
    told = {}
    for setting in settings:
        name, sign, value = setting.partition("=")
        if not (name and sign):
            raise BadRequest(f"a setting is NAME=VALUE, such as -s width=64; got {setting!r}")
        if name in inspect.signature(train).parameters:
            raise BadRequest(f"{name} is an option, not a setting: --{name} {value}")
        told[name.replace("-", "_")] = value
    return told
