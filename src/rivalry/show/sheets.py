"""Pictures of samples: a sheet with a tile for each datum, or one picture of all samples if the kind has one.

Sheets are white with dark text, so that any viewer shows them well.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor
from torch.nn import functional as F

from rivalry.data.source import Spec
from rivalry.errors import BadRequest
from rivalry.kinds.image import MODES, to_uint8

MARGIN = 8  # pixels around the grid
GAP = 2  # pixels between two samples
READABLE = 64  # pixels; small images are enlarged to about this size
LARGEST = 2048  # no sheet is larger than this on its longer side, while a sample keeps a pixel
LINE = 20  # pixels of a line of text under a row
SQUARE = 4  # pixels of a square of the checkerboard behind transparent pixels
INK = (34, 38, 44)


def sheet(
    x: Tensor,
    spec: Spec,
    columns: int | None = None,
    labels: Tensor | Sequence[int] | None = None,
    *,
    under: Sequence[str] = (),
    real: Tensor | None = None,
    modes: Tensor | None = None,
) -> Image.Image:
    """One picture of many samples.

    Images are laid out in a grid, row by row, and enlarged by a whole factor; if the sheet would exceed `LARGEST`
    pixels, they are reduced by a whole factor.  Grey with alpha and RGBA are shown over a light checkerboard, so that
    transparent, white and black look different.

    Args:
        x: (n, ...) as games make it; n >= 1.
        spec: the description of the data; its kind draws the picture of a datum.
        columns: samples in a row; by default the sheet is nearly square.
        labels: (n,), the class of each sample.  Images: every class begins a row, in the order of the
            labels, with its name at the left.  Points: a color for each class.
        under: sentences; the samples belong to them in order, as many to each, and a sentence stands under its rows.
        real: points only: (m, d) real data, in grey beneath.
        modes: points only: (k, d), small circles.

    Raises:
        BadRequest: the kind cannot be drawn, or x does not have the shape that the kind asks for.
    """
    labels = None if labels is None else torch.as_tensor(labels).detach().cpu().long()
    if labels is not None and labels.shape != x.shape[:1]:
        raise BadRequest(f"expected one label a sample, got {len(labels)} for {len(x)} samples")
    behind: dict[str, Any] = {
        name: value for name, value in (("real", real), ("modes", modes)) if value is not None
    }
    if (whole := spec.meaning.picture(x, spec, labels, **behind)) is not None:
        return whole
    x = spec.meaning.tiles(x, spec.x)
    if x.ndim != 4 or x.shape[1] not in MODES or len(x) == 0:
        raise BadRequest(f"expected images (n, c, h, w) with n >= 1 and c in 1..4, got {tuple(x.shape)}")
    if columns is not None and columns < 1:
        raise BadRequest(f"a sheet needs one column or more, got {columns}")
    if under:
        return _by_sentence(x, columns, under)
    if labels is None:
        return _grid(x, columns)
    return _by_class(x, columns, labels, spec.classes)


def _grid(x: Tensor, columns: int | None) -> Image.Image:
    n = len(x)
    columns = min(columns or square(n, *x.shape[2:]), n)
    places = [divmod(i, columns) for i in range(n)]
    return _lay(x, places, names={}, indent=0, under={})


def square(n: int, h: int, w: int) -> int:
    """The columns of a nearly square sheet of n samples of this height and width."""
    return min(math.ceil(math.sqrt(n * h / w)), n)


def _by_sentence(x: Tensor, columns: int | None, under: Sequence[str]) -> Image.Image:
    each = math.ceil(len(x) / len(under))
    columns = min(columns or (each if len(under) > 1 else math.ceil(math.sqrt(each))), each, 16)
    rows = math.ceil(each / columns)
    places = [(i // each * rows + i % each // columns, i % each % columns) for i in range(len(x))]
    last = {(k + 1) * rows - 1: sentence for k, sentence in enumerate(under)}
    last = {min(row, places[-1][0]): sentence for row, sentence in last.items()}
    return _lay(x, places, names={}, indent=0, under=last)


def _by_class(x: Tensor, columns: int | None, labels: Tensor, classes: tuple[str, ...]) -> Image.Image:
    counts = labels.unique(return_counts=True)[1]
    columns = columns or min(int(counts.max()), 16)
    order, places, names, row = [], [], {}, 0
    for label in labels.unique().tolist():
        members = torch.nonzero(labels == label).flatten().tolist()
        names[row] = classes[label] if 0 <= label < len(classes) else str(label)
        places += [(row + i // columns, i % columns) for i in range(len(members))]
        order += members
        row += math.ceil(len(members) / columns)
    names = {row: name if len(name) <= 24 else name[:23] + "…" for row, name in names.items()}
    font = ImageFont.load_default(size=13)
    widest = max(font.getlength(name) for name in names.values())
    return _lay(
        x[torch.tensor(order, device=x.device)], places, names, indent=math.ceil(widest) + MARGIN, under={}
    )


def _lay(
    x: Tensor,
    places: list[tuple[int, int]],
    names: dict[int, str],
    indent: int,
    under: dict[int, str],
) -> Image.Image:
    """Samples at (row, column), the names of some rows at their left, `indent` pixels for those, text under others."""
    rows, columns = (1 + max(place[axis] for place in places) for axis in (0, 1))
    pixels = _resized(x, rows, columns, at_least=14 if names else 1)
    tiles = _opaque(to_uint8(pixels)).permute(0, 2, 3, 1).contiguous().cpu().numpy()  # (n, h, w, 3)
    font, (h, w) = ImageFont.load_default(size=13), tiles.shape[1:3]
    top = lambda row: MARGIN + row * (h + GAP) + LINE * sum(above < row for above in under)
    wide = max([columns * (w + GAP) - GAP, *(math.ceil(font.getlength(text)) for text in under.values())])
    page = Image.new("RGB", (2 * MARGIN + indent + wide, MARGIN - GAP + top(rows)), "white")
    for tile, (row, column) in zip(tiles, places):
        page.paste(Image.fromarray(tile), (MARGIN + indent + column * (w + GAP), top(row)))
    draw = ImageDraw.Draw(page)
    for row, name in names.items():
        draw.text((indent, top(row) + h / 2), name, fill=INK, font=font, anchor="rm")
    for row, text in under.items():
        draw.text((MARGIN + indent, top(row) + h + LINE / 2), text, fill=INK, font=font, anchor="lm")
    return page


def _resized(x: Tensor, rows: int, columns: int, at_least: int) -> Tensor:
    """Enlarged by a whole factor until readable, or reduced by one until the sheet is not too large."""
    x = x.detach().float()
    h, w = x.shape[2:]

    def longest(factor: float) -> float:
        return 2 * MARGIN + max(rows * (h * factor + GAP), columns * (w * factor + GAP))

    factor = max(1, round(READABLE / max(h, w) - 0.2), math.ceil(at_least / h))
    while factor > 1 and longest(factor) > LARGEST:
        factor -= 1
    if factor > 1:
        return x.repeat_interleave(factor, dim=2).repeat_interleave(factor, dim=3)
    divisor = 1
    while longest(1 / divisor) > LARGEST and divisor < min(h, w):
        divisor += 1
    return F.avg_pool2d(x, divisor, ceil_mode=True, count_include_pad=False) if divisor > 1 else x


def _opaque(x: Tensor) -> Tensor:
    """(n, 1..4, h, w) -> (n, 3, h, w) uint8; alpha is laid over a light checkerboard."""
    if x.shape[1] in (1, 3):
        return x.expand(-1, 3, -1, -1)
    h, w = x.shape[2:]
    down, across = torch.arange(h, device=x.device) // SQUARE, torch.arange(w, device=x.device) // SQUARE
    board = 255.0 - 35.0 * ((down[:, None] + across) % 2)  # (h, w)
    color, alpha = x[:, :-1].float(), x[:, -1:].float() / 255
    return (color * alpha + board * (1 - alpha)).round().to(torch.uint8).expand(-1, 3, -1, -1)


def captioned(picture: Image.Image, text: str) -> Image.Image:
    """A picture, enlarged by a whole factor until readable, with a line of text under it."""
    font = ImageFont.load_default(size=13)
    wide = math.ceil(font.getlength(text)) + 2 * MARGIN
    factor = max(1, math.ceil(READABLE * 2 / max(picture.size)) if max(picture.size) < READABLE else 1)
    shown = picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST)
    page = Image.new("RGB", (max(shown.width, wide), shown.height + LINE), "white")
    page.paste(shown.convert("RGB"), ((page.width - shown.width) // 2, 0))
    ImageDraw.Draw(page).text(
        (page.width / 2, shown.height + LINE / 2), text, fill=INK, font=font, anchor="mm"
    )
    return page
