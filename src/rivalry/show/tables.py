"""Tables of samples as pictures: a sheet whose rows and columns have heads."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from rivalry.data.source import Spec
from rivalry.show.sheets import GAP, INK, MARGIN, sheet

HEAD = 16  # pixels for a line of text
LONGEST = 24  # letters of a head


def table(x: Tensor, spec: Spec, rows: Sequence[str], columns: Sequence[str]) -> Image.Image:
    """A picture of samples in rows and columns, each with its head.

    Points do not lie in rows and columns: theirs is one scatter, with a color for each row.

    Args:
        x: (rows, columns, ...), as games make it.
        spec: of the data.
        rows, columns: the heads; an empty one leaves its row or column without.  Column heads that do not fit
            beside each other are thinned out.
    """
    across, down = len(columns), len(rows)
    assert x.shape[:2] == (down, across), f"{tuple(x.shape[:2])} samples under {down} x {across} heads"
    flat = x.flatten(0, 1)
    named, labels = replace(spec, classes=tuple(rows)), torch.arange(down).repeat_interleave(across)
    if (whole := spec.meaning.picture(flat, named, labels)) is not None:
        return whole
    grid = sheet(flat, spec, across)
    font = ImageFont.load_default(size=13)
    rows, columns = ([_short(head) for head in heads] for heads in (rows, columns))
    left = round(max(font.getlength(head) for head in rows)) + (MARGIN if any(rows) else 0)
    top = HEAD if any(columns) else 0
    page = Image.new("RGB", (left + grid.width, top + grid.height), "white")
    page.paste(grid, (left, top))
    draw = ImageDraw.Draw(page)
    width, height = (grid.width - 2 * MARGIN + GAP) / across, (grid.height - 2 * MARGIN + GAP) / down
    for i, head in enumerate(rows):
        middle = top + MARGIN + i * height + (height - GAP) / 2
        draw.text((left, middle), head, fill=INK, font=font, anchor="rm")
    free = 0.0  # where the last head ends
    for i, head in enumerate(columns):
        middle, half = left + MARGIN + i * width + (width - GAP) / 2, font.getlength(head) / 2
        if head and free <= middle - half and middle + half <= page.width:
            draw.text((middle, top + MARGIN - 3), head, fill=INK, font=font, anchor="ms")
            free = middle + half + 6
    return page


def heads(values: Sequence[float | int]) -> list[str]:
    """Numbers as heads."""
    return [f"{value:.3g}" if isinstance(value, float) else str(value) for value in values]


def blank(spec: Spec) -> Tensor:
    """The datum that stands in a cell which holds nothing."""
    return spec.meaning.blank(spec.x)


def _short(head: str) -> str:
    return head if len(head) <= LONGEST else head[: LONGEST - 1] + "…"
