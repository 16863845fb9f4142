"""`rivalry continue`."""

from pathlib import Path

import click

from rivalry.cli import options


@click.command("continue")
@click.argument("run")
@click.argument("clip", type=options.PATH)
@click.option("n", "-n", type=click.IntRange(1, 10_000), default=64, help="frames to make")
@click.option("output", "-o", type=options.PATH, required=True, help="the .gif to write to")
@options.seed
@options.which
@options.device
def continue_(run: str, clip: Path, n: int, output: Path, seed: int, which: str, device: str) -> None:
    """Continue a moving picture, frame by frame.

    RUN is the directory of a run that learned to make the next frame.  CLIP is a .gif or a video.  Its
    frames are cropped and resized to those of the run; the last ones are continued, and written before the new ones.
    """
    from rivalry.data.source import Spec
    from rivalry.editing.continuing import continuation, require_continuing, told_frames
    from rivalry.runs.drawing import refuse_seed
    from rivalry.runs.opening import load, local, open_run
    from rivalry.show.output import require_ending, written

    refuse_seed(seed)
    require_ending(output, (".gif",))
    opened = open_run(local(run))
    spec = Spec.from_json(opened.config["spec"])
    game = require_continuing(load(opened, device=device, which=which))
    told = told_frames(clip, spec, game.past)
    made = continuation(game, told, n, seed=seed)
    with written(output) as file:
        spec.meaning.write_single(made, spec.x, file)
    print(output)
