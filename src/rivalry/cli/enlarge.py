"""`rivalry enlarge`."""

from pathlib import Path
from typing import cast

import click

from rivalry.cli import options


@click.command()
@click.argument("picture", type=options.PATH)
@click.option("--with", "run", required=True, help="a run of esrgan")
@click.option("--times", type=click.IntRange(2), help="how many times as high and wide; what the run learned")
@click.option("--resize", "convert", is_flag=True, help="convert a picture of another mode first")
@click.option("output", "-o", type=options.PATH, required=True, help="a .png")
@options.which
@options.device
def enlarge(
    picture: Path, run: str, times: int | None, convert: bool, output: Path, which: str, device: str
) -> None:
    """Enlarge a picture, with the details that the pictures of a run's data have.

    The details are made up: they are likely, and say nothing about what was there.
    """
    from rivalry.data.source import Spec
    from rivalry.editing.enlarge import enlarged, repeats, to_enlarge
    from rivalry.game import Enlarger
    from rivalry.kinds.image import to_image
    from rivalry.runs.opening import load, local, open_run
    from rivalry.show.output import require_ending, written

    require_ending(output, (".png",))
    opened = open_run(local(run))
    game = load(opened, device=device, which=which)
    passes = repeats(game, times)
    spec = Spec.from_json(opened.config["spec"])
    x = to_enlarge(picture, spec, cast(Enlarger, game).times ** passes, convert)
    with written(output) as file:
        to_image(enlarged(game, x, passes)[0]).save(file, "png")
    print(output)
