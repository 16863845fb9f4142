"""`rivalry train` and `rivalry resume`."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rivalry.cli import options
from rivalry.errors import BadRequest

if TYPE_CHECKING:
    from rivalry.runs.advice import Advice


@click.command()
@click.argument("game", required=False)
@click.option("--data", help="a name of `rivalry list data`, a folder, zip, npz, ...")
@click.option("--env", help="the environment of an agent: CartPole-v1; of demonstrations it is known")
@click.option(
    "--recipe", help="a named set of settings, see `rivalry show GAME`; `laptop` by default without a GPU"
)
@click.option("--size", help="of the images, to which they are cropped and resized: 64 or 48x64")
@options.goal
@click.option(
    "--run",
    "--run-dir",
    "run",
    type=options.PATH,
    help="the directory to write (torchrun takes --run for its own)",
)
@options.seed
@options.device
@click.option("--precision", default="auto", help="auto, fp32 or bf16")
@click.option(
    "--dynamics",
    default="gradient",
    help="how moves become steps: gradient, optimistic, extragradient, consensus, stale",
)
@click.option(
    "--schedule",
    default="none",
    help="of the step sizes: none, linear, linear:0.5 (falls from half of the run on), cosine, warmup:ROUNDS, or "
    "several: warmup:500+cosine",
)
@click.option("--save-every", default="30s", help="time between checkpoints, at least; 0 for each round")
@click.option("--keep", type=int, default=2, help="how many checkpoints are kept, beside the best")
@click.option("--measure/--no-measure", default=True, help="score samples on the way and keep the best")
@click.option("settings", "-s", multiple=True, metavar="NAME=VALUE", help="a setting")
@options.quiet
def train(
    game: str | None,
    data: str | None,
    env: str | None,
    recipe: str | None,
    size: str | None,
    rounds: int | None,
    samples: int | None,
    time: str | None,
    run: Path | None,
    seed: int,
    device: str,
    precision: str,
    dynamics: str,
    schedule: str,
    save_every: str,
    keep: int,
    measure: bool,
    settings: tuple[str, ...],
    quiet: bool,
) -> None:
    """Train a game on data, and leave a run on disk.

    GAME is a name of `rivalry list`.  Without it, the data and this machine decide, as `rivalry data check` advises.
    """
    from rivalry import catalog

    if game is not None:
        catalog.find(game)
    given, pixels = parse(settings), options.height_and_width(size)
    if game is None:
        advice = _advised(data, device)
        game, recipe, pixels = advice.game, recipe or advice.recipe, pixels or advice.size
        given = {**advice.settings, **given}
        time = advice.time if rounds is None and samples is None and time is None else time
    from rivalry.runs import training

    done = training.train(
        game,
        data,
        env=env,
        recipe=recipe,
        size=pixels,
        rounds=rounds,
        samples=samples,
        time=time,
        run=run,
        seed=seed,
        device=device,
        precision=precision,
        dynamics=dynamics,
        schedule=schedule,
        save_every=save_every,
        keep=keep,
        measure=measure,
        quiet=quiet,
        **given,
    )
    _tell(done.path)


@click.command()
@click.argument("run", type=options.PATH)
@click.option("--data", help="the place of its data, where they lie elsewhere now")
@options.goal
@options.device
@options.quiet
def resume(
    run: Path,
    data: str | None,
    rounds: int | None,
    samples: int | None,
    time: str | None,
    device: str,
    quiet: bool,
) -> None:
    """Go on with a run.

    RUN is its directory; it goes on to the goal that it was given, or to a new one.
    """
    from rivalry.runs import training

    done = training.resume(
        run, data=data, rounds=rounds, samples=samples, time=time, device=device, quiet=quiet
    )
    _tell(done.path)


def _advised(data: str | None, device: str) -> "Advice":
    """What suits the data and this machine; says so."""
    if not data:
        raise BadRequest("train what, on what?  `rivalry train GAME --data FOLDER`, or only --data FOLDER")
    from rivalry.catalog import CATALOG
    from rivalry.data.check import glance
    from rivalry.play.precision import choose_device
    from rivalry.runs.advice import advise
    from rivalry.runs.guards import say
    from rivalry.runs.progress import steps
    from rivalry.waiting import shown_by

    with steps() as show, shown_by(show):
        report = glance(data, CATALOG)
    advice = advise(report, choose_device(device))
    if advice is None:
        raise BadRequest(f"no game suits {data!r} as it is; `rivalry data check` says what is wrong")
    say(f"no game was named, so it is `{advice.command(data)}`: {'; '.join(advice.reasons)}")
    return advice


def _tell(path: Path) -> None:
    """Print where the run is: once, however many processes played it."""
    if os.environ.get("RANK", "0") == "0":
        print(path)


def parse(settings: tuple[str, ...]) -> dict[str, Any]:
    """`("width=64", "lr=1e-3")` as names and texts; the game's signature gives them their types."""
    given = {}
    for setting in settings:
        name, sign, value = setting.partition("=")
        if not (name and sign):
            raise BadRequest(f"a setting is NAME=VALUE, such as -s width=64; got {setting!r}")
        if name in {parameter.name for parameter in train.params}:
            raise BadRequest(f"{name} is an option, not a setting: --{name} {value}")
        given[name.replace("-", "_")] = value
    return given
