"""`rivalry fill`."""

from pathlib import Path

import click

from rivalry.cli import options
from rivalry.errors import BadRequest


@click.command()
@click.argument("picture", type=options.PATH)
@click.option("--mask", type=options.PATH, help="a picture of the same size; what is white is filled")
@click.option(
    "--box", help="x,y,width,height in pixels, from the upper left corner: fill this in place of a mask"
)
@click.option("--with", "run", required=True, help="a run of inpaint, or one whose generator fills")
@click.option("--label", help="the class of the picture; every class is tried by default")
@click.option("--steps", type=click.IntRange(1), default=200, help="of the descent")
@click.option("--starts", type=click.IntRange(2), default=4, help="the number of starts, for each class")
@click.option("--resize", is_flag=True, help="convert a picture of another size or mode first")
@click.option("output", "-o", type=options.PATH, required=True, help="a .png")
@options.seed
@options.which
@options.device
def fill(
    picture: Path,
    mask: Path | None,
    box: str | None,
    run: str,
    label: str | None,
    steps: int,
    starts: int,
    resize: bool,
    output: Path,
    seed: int,
    which: str,
    device: str,
) -> None:
    """Fill a hole in a picture with what a game makes of the rest: inpaint, or any generator.

    All pixels outside of the hole stay as they are.
    """
    from rivalry.cli.typed import given
    from rivalry.data.source import Spec
    from rivalry.editing import fill, images
    from rivalry.kinds.image import to_image, to_uint8
    from rivalry.runs.drawing import refuse_seed
    from rivalry.runs.opening import load, local, open_run
    from rivalry.runs.progress import steps as shown_steps
    from rivalry.show.output import require_ending, written
    from rivalry.terminal import say

    refuse_seed(seed)
    require_ending(output, (".png",))
    if (mask is None) == (box is None):
        raise BadRequest(
            "name the hole: either --mask M.png, white where pixels are missing, or --box x,y,w,h"
        )
    opened = open_run(local(run))
    spec = Spec.from_json(opened.config["spec"])
    game = load(opened, device=device, which=which)
    files = images.given_images([picture])
    if len(files) != 1:
        raise BadRequest(f"one picture is filled at a time; {picture} holds {len(files)}")
    resize = resize or opened.config.get("size") is not None
    images.require_readable(files, spec, resize)
    fill.require_filling(game)
    asked = given(game, spec, label=label).get("label")
    x = to_uint8(images.read(files, spec, resize))
    size = (x.shape[2], x.shape[3])
    hole = fill.boxed(_box(box), size) if mask is None else images.one_picture(mask, 1)[0, 0] > 0
    fill.require_hole(hole, size)
    with written(output) as file:
        with shown_steps() as show:
            found = fill.fill(game, x, hole, asked, steps=steps, starts=starts, seed=seed, progress=show)
        to_image(found.x[0].float() / 127.5 - 1).save(file, "png")
    if found.error is not None:
        say(f"outside of the hole the sample differs by {found.error:.2g} (mean square of values in [-1, 1])")
    print(output)


def _box(text: str | None) -> tuple[int, int, int, int]:
    """ "4,8,10,12" as numbers."""
    parts = (text or "").split(",")
    if len(parts) != 4 or not all(part.strip().isdigit() for part in parts):
        raise BadRequest(f"a box is x,y,width,height in whole pixels, as in 4,8,10,12; got {text!r}")
    x, y, w, h = (int(part) for part in parts)
    return x, y, w, h
