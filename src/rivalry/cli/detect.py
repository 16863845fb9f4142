"""`rivalry detect`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rivalry.cli import options

if TYPE_CHECKING:
    from rivalry.detection.detector import Detector


class _Detect(click.Group):
    """A group in which a word that is no command is a picture to look at."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = ["pictures", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Detect)
def detect() -> None:
    """Tell made pictures from real ones.

    rivalry detect train --real DATA --fake RUN -o FILE trains a detector; rivalry detect PICTURE --with FILE asks it.
    A file that is named as a command is written ./train.
    """


@detect.command()
@click.option("--real", required=True, help="real pictures: data by name or path")
@click.option(
    "--fake", multiple=True, required=True, help="a run, or a folder of made pictures; several allowed"
)
@click.option("-n", type=click.IntRange(1), default=4000, help="how many of the real, and of the made in all")
@click.option("--size", help="bring the data to this size: 64, or 48x64")
@click.option("--steps", type=click.IntRange(1), default=1500, help="of training")
@click.option("--time", help="... or until so much time is over: 90s, 10m")
@click.option("--augment/--no-augment", default=True, help="blur and compress pictures at random meanwhile")
@click.option("--resize", is_flag=True, help="convert made pictures of another size or mode")
@click.option("output", "-o", type=options.PATH, required=True, help="the detector: a .safetensors")
@options.as_json
@options.seed
@options.device
def train(
    real: str,
    fake: tuple[str, ...],
    n: int,
    size: str | None,
    steps: int,
    time: str | None,
    augment: bool,
    resize: bool,
    output: Path,
    as_json: bool,
    seed: int,
    device: str,
) -> None:
    """Train a detector, calibrate it, and measure it on pictures that it never saw."""
    import torch

    from rivalry.cli.options import height_and_width
    from rivalry.data import open_data
    from rivalry.detection.detector import as_bytes, train_detector
    from rivalry.detection.seen import made_pictures, real_pictures
    from rivalry.play.goal import seconds
    from rivalry.runs.drawing import refuse_seed
    from rivalry.runs.progress import steps as shown_steps
    from rivalry.show.output import require_ending, written

    refuse_seed(seed)
    require_ending(output, (".safetensors",))
    limit = seconds(time) if time else float("inf")
    data = open_data(real, size=height_and_width(size))
    pictures = real_pictures(data, n, seed)
    with written(output) as file, shown_steps() as show:
        each = -(-n // len(fake))
        made = [made_pictures(one, data.spec, each, seed, resize=resize, device=device) for one in fake]
        names = (data.spec.name, tuple(Path(one).name for one in fake))
        found = train_detector(
            pictures,
            torch.cat(made)[:n],
            names=names,
            steps=steps,
            seconds=limit,
            augment=augment,
            seed=seed,
            progress=show,
        )
        file.write(as_bytes(found))
    if as_json:
        print(json.dumps({"file": str(output), **found.facts}))
    else:
        _tell(found)
        print(output)


def _tell(found: "Detector") -> None:
    """What was measured."""
    from rivalry.terminal import say

    facts = found.facts
    say(
        f"average precision {facts['ap']:.3f}, after JPEG 75 {facts['ap_jpeg75']:.3f}; of the frequencies alone "
        f"{facts['ap_frequencies']:.3f}; calibration error {facts['calibration_error']:.3f}"
    )
    say(found.limits())


@detect.command()
@click.argument("inputs", nargs=-1, required=True, type=options.PATH, metavar="PICTURE|FOLDER...")
@click.option("--with", "detector", required=True, type=options.PATH, help="the file of a detector")
@click.option("--resize", is_flag=True, help="convert pictures of another size or mode")
@click.option("output", "-o", type=options.PATH, help="a .png: each picture, and where the detector looked")
@options.as_json
def pictures(
    inputs: tuple[Path, ...], detector: Path, resize: bool, output: Path | None, as_json: bool
) -> None:
    """Ask a detector about pictures: the probability that each was made, if half of all are."""
    from rivalry.detection.detector import load_detector
    from rivalry.detection.seen import heat_sheet, to_look_at
    from rivalry.editing.images import given_images
    from rivalry.show.output import require_ending, written
    from rivalry.terminal import say

    if output is not None:
        require_ending(output, (".png",))
    found = load_detector(detector)
    files = given_images(inputs)
    x = to_look_at(found, files, resize)
    p = found.probabilities(x).tolist()
    if output is not None:
        with written(output) as file:
            heat_sheet(found, x).save(file, "png")
    if as_json:
        made = [{"picture": str(one.path), "made": probability} for one, probability in zip(files, p)]
        print(json.dumps({"pictures": made, "facts": found.facts, "limits": found.limits()}))
        return
    for one, probability in zip(files, p):
        print(f"{probability:.3f}  {one.path}")
    say(found.limits())
    if output is not None:
        print(output)
