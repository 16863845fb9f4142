"""`rivalry dream`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rivalry.cli import options
from rivalry.errors import BadRequest

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor

    from rivalry.editing.dream import Ascent
    from rivalry.editing.seers import Seer


@click.command()
@click.argument("picture", type=options.PATH)
@click.option(
    "--with",
    "network",
    help="the network that looks: judge-DATA, a run, or efficientnet-lite0, which is taken where it is installed",
)
@click.option("--layer", help="the layer whose answer is raised; a name that is none lists all")
@click.option("--guide", type=options.PATH, help="a picture whose features are sought")
@click.option("--class", "label", help="raise the probability of a class instead, by name or number")
@click.option("--until", type=float, default=0.99, help="with --class: the probability to stop at")
@click.option("--octaves", type=click.IntRange(1, 12), default=4, help="sizes, each 1.4 times the last")
@click.option("--steps", type=click.IntRange(1), default=10, help="of each octave")
@click.option("--step", type=click.FloatRange(0, 255, min_open=True), default=1.5, help="of 255 levels")
@click.option("--jitter", type=click.IntRange(0), help="largest roll in pixels; by the picture's size")
@click.option("--size", type=click.IntRange(8, 4096), help="bring the shorter side to so many pixels first")
@click.option("--frames", type=click.IntRange(2), default=48, help="of a film")
@click.option(
    "--zoom", type=click.FloatRange(0, 1), default=0.05, help="from one frame of a film to the next"
)
@click.option("output", "-o", type=options.PATH, required=True, help="a .png, or a film: .gif or .mp4")
@options.seed
@options.which
@options.device
def dream(
    picture: Path,
    network: str | None,
    layer: str | None,
    guide: Path | None,
    label: str | None,
    until: float,
    octaves: int,
    steps: int,
    step: float,
    jitter: int | None,
    size: int | None,
    frames: int,
    zoom: float,
    output: Path,
    seed: int,
    which: str,
    device: str,
) -> None:
    """Change a picture until a layer of a network answers strongly to it (Deep Dream).

    With --class the picture is changed until the network takes it for that class.  A film zooms into the dream; with
    --class it shows the steps.  The picture has the colors that the network sees: a judge of grey digits dreams in
    grey.
    """
    from rivalry.editing.dream import Ascent, require_picture
    from rivalry.editing.images import one_picture
    from rivalry.editing.seers import class_number, default_seer, find_seer, require_layer
    from rivalry.runs.drawing import refuse_seed
    from rivalry.show.movies import ENDINGS
    from rivalry.show.output import require_ending, written

    refuse_seed(seed)
    require_ending(output, (".png", *ENDINGS))
    if label is not None and (layer or guide):
        raise BadRequest("--class raises the probability of a class: leave --layer and --guide out")
    seer = find_seer(network or default_seer(), device=device, which=which)
    x = one_picture(picture, seer.shape[0], size)
    require_picture(seer, x)
    ascent = Ascent(octaves, steps=steps, step=step / 127.5, jitter=jitter)
    if label is None:
        require_layer(seer, layer)
    else:
        class_number(seer, label)
    looked = None if guide is None else one_picture(guide, seer.shape[0])
    with written(output) as file:
        if label is not None:
            pages = _toward(seer, x, label, until, ascent, seed)
        else:
            still = output.suffix.lower() == ".png"
            pages = _dreamed(seer, x, layer, looked, ascent, seed, 1 if still else frames, zoom)
        if output.suffix.lower() == ".png":
            pages[-1].save(file, "png")
        else:
            from rivalry.show.movies import write_frames

            write_frames(pages, file, output.suffix.lower())
    print(output)


def _dreamed(
    seer: "Seer",
    x: "Tensor",
    layer: str | None,
    guide: "Tensor | None",
    ascent: "Ascent",
    seed: int,
    frames: int,
    zoom: float,
) -> "list[Image.Image]":
    """The dream, or the frames of a film of it."""
    from rivalry.editing.dream import dream, film
    from rivalry.kinds.image import to_image
    from rivalry.runs.progress import steps

    again = lambda y: dream(seer, y, layer, guide=guide, ascent=ascent, seed=seed)
    pages = []
    with steps() as show:
        for i, frame in enumerate(film(frames, again, x, zoom=zoom)):
            pages.append(to_image(frame[0]))
            show("dreaming", i + 1, frames)
    return pages


def _toward(
    seer: "Seer", x: "Tensor", label: str, until: float, ascent: "Ascent", seed: int
) -> "list[Image.Image]":
    """The picture on its way to a class, each with a line under it that tells the probability."""
    from rivalry.editing.dream import toward
    from rivalry.editing.seers import class_number
    from rivalry.kinds.image import to_image
    from rivalry.show.sheets import captioned
    from rivalry.terminal import say

    name = seer.classes[class_number(seer, label)]
    way = list(toward(seer, x, label, until=until, ascent=ascent, seed=seed))
    first, last = way[0][1], way[-1][1]
    say(f"{name}: {first:.0%} -> {last:.0%}" + ("" if last >= until else f", not {until:.0%}: more --steps"))
    return [captioned(to_image(y[0]), f"{name}: {first:.0%} -> {p:.0%}") for y, p in way]
