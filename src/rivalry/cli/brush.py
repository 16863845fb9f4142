"""`rivalry edit brush`: paint on a sample, and get the nearest samples that look so."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rivalry.cli import options
from rivalry.cli.edit import Opened, _draw, _label, _space, _tool, edit
from rivalry.errors import BadRequest

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor

    from rivalry.editing.codes import Space


@edit.command()
@_tool
@click.option(
    "--paint", type=options.PATH, help="a picture with alpha of the samples' size: opaque is painted"
)
@click.option("--edges", type=options.PATH, help="the same for lines, of which only the way they run counts")
@click.option(
    "--warp",
    type=float,
    nargs=5,
    help="X Y X Y RADIUS in pixels: the disc around the first place is pulled to the second",
)
@click.option("--of", "of", type=int, default=0, help="the seed of the sample that is painted on")
@click.option("--steps", type=click.IntRange(1), default=25, help="steps of the descent")
@click.option("--starts", type=click.IntRange(1), default=16, help="codes near that one from which it begins")
@_space
@_label
@options.seed
def brush(
    opened: Opened,
    output: Path | None,
    paint: Path | None,
    edges: Path | None,
    warp: tuple[float, float, float, float, float] | None,
    of: int,
    steps: int,
    starts: int,
    space: "Space",
    label: str | None,
    seed: int,
) -> None:
    """Paint on a sample: find the nearest samples that look as painted.

    A sheet shows the sample, what was painted, and the best eight; a .npz beside it holds their codes (`codes`), the
    share of the color error that is left inside of the mask (`inside`), and the change outside, as a share of that
    which random codes make (`outside`).
    """
    import numpy as np
    import torch

    from rivalry.editing import brush, codes
    from rivalry.runs.drawing import refuse_seed
    from rivalry.show.output import written
    from rivalry.show.sheets import sheet

    refuse_seed(seed)
    if paint is None and edges is None and warp is None:
        raise BadRequest(
            "name what was painted: --paint PNG, or --edges PNG, transparent where nothing was drawn; or --warp"
        )
    codes.require(opened.game, space)
    if opened.spec.meaning.axes != 2:
        raise BadRequest(f"one paints on images; the game was trained on {opened.spec.meaning.plural}")
    asked = opened.label(label)
    codes.require_one_class(opened.game, asked)
    drawn = None
    if paint is not None or edges is not None:
        drawn = brush.Strokes.read(_read(paint, opened), _read(edges, opened), opened.spec)
    output = output or opened.place("brush", of, space, label)
    held: dict[str, Any] = {}

    def draw() -> "Image.Image":
        code = codes.of_seeds(opened.game, [of], space, asked)
        before = codes.decoded(opened.game, code, space, asked)
        pulled = brush.warped(before[0], warp[:2], warp[2:4], warp[4]) if warp else None
        strokes = drawn.over(pulled) if drawn and pulled else drawn or pulled
        assert strokes
        found = brush.brush(opened.game, code, strokes, space, asked, steps=steps, starts=starts, seed=seed)
        held.update(
            codes=found.codes.cpu().numpy(), inside=found.inside.numpy(), outside=found.outside.numpy()
        )
        return sheet(torch.cat([before, brush.painted(before[0], strokes)[None], found.x]), opened.spec, 5)

    _draw(output, draw)
    with written(output.with_suffix(".npz")) as file:
        np.savez(file, **held)
    print(output.with_suffix(".npz"))


def _read(path: Path | None, opened: Opened) -> "Tensor | None":
    """A picture with alpha, of exactly the size of the samples: uint8 (4, h, w)."""
    if path is None:
        return None
    import torch

    from rivalry.data.readers.decode import DAMAGED, decode, look

    size = opened.spec.shape[1:]
    try:
        with path.open("rb") as file:
            header = look(file)
            if header.size != tuple(size):
                raise BadRequest(
                    f"{path} is {header.size[0]} x {header.size[1]}; the samples are {size[0]} x {size[1]}"
                )
            if not header.alpha:
                raise BadRequest(f"{path} has no alpha: leave transparent what was not painted")
            file.seek(0)
            return torch.from_numpy(decode(file, 4, header.size)[0])
    except BadRequest:
        raise
    except DAMAGED as error:
        why = str(error).partition("\n")[0] or type(error).__name__
        raise BadRequest(f"{path} cannot be read as an image: {why}") from error
