"""`rivalry edit direction`: it adds itself to `edit`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rivalry.cli import options
from rivalry.cli.edit import Opened, _codes, _draw, _example, _label, _resize, _space, _tool, edit
from rivalry.errors import BadRequest

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor

    from rivalry.editing.codes import Space

INVERTED = 24  # pictures of a class that are inverted


@edit.command()
@_tool
@click.option("--plus", required=True, help="seeds, a folder of images, or class:NAME of the run's data")
@click.option("--minus", required=True, help="the same, of what the direction leads away from")
@click.option("--seeds", default="0-4", help="samples that are moved along it")
@click.option("--strengths", default="-3,-2,-1,0,1,2,3", help="in standard deviations of codes along it")
@_space
@_label
@_resize
@options.seed
def direction(
    opened: Opened,
    output: Path | None,
    plus: str,
    minus: str,
    seeds: str,
    strengths: str,
    space: "Space",
    label: str | None,
    resize: bool,
    seed: int,
) -> None:
    """Find what tells one group of pictures from another, and move samples along it.

    The direction is the mean code of --plus less the mean code of --minus; pictures are inverted first.  A .npz beside
    the sheet holds it (`vector`, `spread`).
    """
    import numpy as np

    from rivalry.cli import typed
    from rivalry.editing import codes, direction
    from rivalry.runs.drawing import refuse_seed
    from rivalry.show.output import written
    from rivalry.terminal import say

    refuse_seed(seed)
    codes.require(opened.game, space)
    asked = opened.label(label)
    codes.require_one_class(opened.game, asked)
    moved, amounts = typed.seeds(seeds), typed.numbers(strengths, "strengths")
    groups = [_group(opened, text, resize) for text in (plus, minus)]
    output = output or opened.place("direction", Path(plus).name, Path(minus).name, space, label)

    def draw() -> "Image.Image":
        with_it, without = (_codes(opened, one, space, asked, seed) for one in groups)
        found = direction.between(opened.game, with_it, without, space)
        with written(output.with_suffix(".npz")) as file:
            np.savez(file, vector=found.vector.cpu().numpy(), spread=found.spread)
        say(f"the two groups are {found.apart:.2g} standard deviations of codes apart along the direction")
        return direction.sheet(opened.game, opened.spec, found, moved, amounts, space, asked)

    _draw(output, draw)


def _group(opened: Opened, text: str, resize: bool) -> "list[int] | Tensor":
    """Seeds, the images of a folder, or the first images of a class of the run's data."""
    from rivalry.data import open_data
    from rivalry.editing import invert
    from rivalry.runs.opening import as_trained
    from rivalry.runs.places import data_of

    kind, sign, name = text.partition(":")
    if kind != "class" or not sign:
        return _example(opened, text, resize)
    if name not in opened.spec.classes:
        raise BadRequest(
            f"the run's data have no class {name!r}; there is {', '.join(opened.spec.classes[:20]) or 'none'}"
        )
    invert.require_invertible(opened.game)
    data = open_data(data_of(opened.run), **as_trained(opened.run))
    assert data.label is not None
    rows = (data.label == opened.spec.classes.index(name)).nonzero().flatten()[:INVERTED]
    return data.rows(rows)
