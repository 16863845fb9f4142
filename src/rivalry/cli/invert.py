"""`rivalry edit invert`: it adds itself to `edit`."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rivalry.cli import options
from rivalry.cli.edit import Opened, _draw, _resize, _tool, edit
from rivalry.errors import BadRequest

if TYPE_CHECKING:
    from PIL import Image

    from rivalry.editing.invert import Where


@edit.command()
@_tool
@click.argument("inputs", nargs=-1, type=options.PATH, metavar="[IMAGE|FOLDER]...")
@click.option("--seeds", help="invert samples of these seeds, in place of images")
@click.option("--space", default="z", help="z; or w, one style for all layers; or w+, one for each")
@click.option("--label", help="the class of all images; every class is tried by default")
@click.option(
    "--steps",
    type=click.IntRange(1),
    default=200,
    help="steps of the descent; an encoder is trained for twice as many",
)
@click.option("--time", help="the longest time of the search: 30s, 5m")
@click.option(
    "--tune",
    type=click.IntRange(0, 100_000),
    default=0,
    help="steps by which a copy of the generator is brought nearer to the images",
)
@click.option("--along", type=options.PATH, help="the .npz of a direction: show the images moved along it")
@click.option("--strengths", default="-3,-2,-1,0,1,2,3", help="with --along, in standard deviations of codes")
@click.option(
    "--encoder/--no-encoder", "guess", default=True, help="also start from the code that an encoder gives"
)
@click.option(
    "--starts", type=click.IntRange(2), default=4, help="the number of starts for each image and class"
)
@_resize
@options.seed
def invert(
    opened: Opened,
    output: Path | None,
    inputs: tuple[Path, ...],
    seeds: str | None,
    space: "Where",
    label: str | None,
    time: str | None,
    tune: int,
    along: Path | None,
    strengths: str,
    resize: bool,
    **given: Any,
) -> None:
    """Find the codes behind images, and change the images by them.

    The encoder is trained once for each run, and kept.

    A sheet shows each image and, below it, what its code becomes; a .npz beside it holds the codes (`codes`), the
    mean squared errors (`errors`, of values in [-1, 1]), the classes (`label`) and the names (`names`).

    With --tune a copy of the generator is moved until it makes the images from their codes; the run stays as it is.
    With --along a second sheet shows the images moved along a direction, by the tuned generator if there is one.
    """
    import numpy as np

    from rivalry.cli import typed
    from rivalry.editing import codes, direction, images, invert
    from rivalry.editing import tune as tuning
    from rivalry.play.goal import seconds
    from rivalry.runs.drawing import refuse_seed
    from rivalry.runs.progress import steps
    from rivalry.show.output import written
    from rivalry.terminal import say

    refuse_seed(given["seed"])
    given["seconds"] = seconds(time) if time else float("inf")
    if bool(inputs) == bool(seeds):
        raise BadRequest("name either images, or samples of the game by --seeds")
    invert.require_invertible(opened.game, space)
    way, amounts = None, typed.numbers(strengths, "strengths")
    if along:
        way = direction.read(along)
        tuning.require_along(way, opened.game, space)
    asked = opened.label(label)
    own = typed.seeds(seeds) if seeds else []
    files = images.given_images(inputs) if inputs else []
    resize = resize or opened.sized
    images.require_readable(files, opened.spec, resize)
    names = [str(seed) for seed in own] or [str(file.path) for file in files]
    output = output or opened.place("invert", seeds or Path(inputs[0]).name, space, label)
    held: dict[str, Any] = {"names": np.array(names)}
    moved: list[Image.Image] = []

    def draw() -> "Image.Image":
        if own:
            x = codes.decoded(opened.game, codes.of_seeds(opened.game, own), label=asked)
        else:
            x = images.read(files, opened.spec, resize)
        with steps() as show:
            found = invert.invert(opened.game, x, space, asked, progress=show, **given)
            asks: dict[str, Any] = {"steps": tune, "seed": given["seed"], "tell": partial(show, "tuning")}
            nearer = tuning.tuned(opened.game, x, found, space, **asks) if tune else None
        if nearer:
            held.update(tuned_errors=nearer.found.errors.numpy())
            say(tuning.in_words(found, nearer))
        if way:
            game = nearer.game if nearer else opened.game
            moved.append(tuning.along(game, opened.spec, found, way, amounts, space))
        held.update(codes=found.codes.cpu().numpy(), errors=found.errors.numpy())
        if found.label is not None:
            held["label"] = found.label.cpu().numpy()
        return invert.sheet(found, x, opened.spec, tuned=nearer.found if nearer else None)

    _draw(output, draw)
    if moved:
        _draw(output.with_name(f"{output.stem}-along.png"), moved.pop)
    arrays = output.with_suffix(".npz")
    with written(arrays) as file:
        np.savez(file, **held)
    print(arrays)
