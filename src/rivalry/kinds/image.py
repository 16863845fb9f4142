"""Images: (c, h, w) with c of 1 to 4 (grey, grey + alpha, RGB, RGBA); stored as bytes, in [-1, 1] for games."""

from typing import Any, BinaryIO

import torch
from PIL import Image
from torch import Tensor

from rivalry.errors import BadRequest
from rivalry.kinds.kind import Example, Kind
from rivalry.kinds.spec import Column, Spec

COLORS = {1: "grey", 2: "grey and alpha", 3: "RGB", 4: "RGBA"}
LEAST = 8  # the smallest height and width, in pixels


MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def to_uint8(x: Tensor) -> Tensor:
    """The bytes of an image: the exact inverse of `byte / 127.5 - 1`.

    Args:
        x: any shape, float.  Values outside of [-1, 1] are clipped; NaN becomes -1.

    Returns:
        The same shape, uint8 in 0..255.
    """
    bytes_of = x.detach().float().nan_to_num(nan=-1).add(1).mul(127.5).round()
    return bytes_of.clamp(0, 255).to(torch.uint8)


def to_image(x: Tensor) -> Image.Image:
    """One sample as a picture: (c, h, w) in [-1, 1], c in 1..4 -> grey, grey + alpha, RGB or RGBA, h x w."""
    if x.ndim != 3 or x.shape[0] not in MODES:
        raise BadRequest(f"expected an image (c, h, w) with c in 1..4, got {tuple(x.shape)}")
    c, h, w = x.shape
    return Image.frombytes(
        MODES[c], (w, h), to_uint8(x).permute(1, 2, 0).contiguous().cpu().numpy().tobytes()
    )


class ImageKind(Kind):
    name, plural = "image", "images"
    dtype, bounded, dims, axes, raw, single = torch.uint8, True, 3, 2, "pixels", ".png"
    judged = "Picture"

    def fits(self, shape: tuple[int, ...], about: dict[str, Any]) -> bool:
        return super().fits(shape, about) and shape[0] in COLORS

    def seen(self, stored: Tensor) -> Tensor:
        """Bytes / 127.5 - 1; floats are in [-1, 1] already."""
        return stored.float().div_(127.5).sub_(1) if stored.dtype == torch.uint8 else stored

    def kept(self, x: Tensor) -> Tensor:
        return to_uint8(x)

    def refuse(self, x: Tensor, column: Column) -> str:
        if (why := super().refuse(x, column)) or not x.numel():
            return why
        most = float(x.abs().max())  # 0 ... 255 in floats
        return f"they hold values up to {most:.4g}; expected floats in [-1, 1] or uint8" if most > 10 else ""

    def unplayable(self, spec: Spec) -> str:
        _, h, w = spec.shape
        if min(h, w) >= LEAST:
            return ""
        return f"images of at least {LEAST} x {LEAST}; {spec.name!r} has {h} x {w}"

    def words(self, column: Column) -> str:
        c, h, w = column.shape
        return f"{h} x {w} {COLORS.get(c, f'with {c} channels')}"

    def tiles(self, x: Tensor, column: Column) -> Tensor:
        return x

    def blank(self, column: Column) -> Tensor:
        """White, and transparent if there is alpha: (c, h, w) in [-1, 1]."""
        x = torch.ones(column.shape)
        if column.shape[0] in (2, 4):
            x[-1] = -1
        return x

    def write_single(self, x: Tensor, column: Column, file: BinaryIO) -> None:
        to_image(x).save(file, "png")

    def extractors(self, spec: Spec) -> tuple[str, ...]:
        """For labeled images the judge; for unlabeled ones in color EfficientNet, if it is installed."""
        if spec.classes:
            return ("judge",)
        return ("efficientnet-lite0", self.raw) if spec.shape[0] == 3 else (self.raw,)

    def example(self, n: int, classes: int) -> Example:
        """Noise, 8 x 8 grey."""
        x = torch.randint(256, (n, 1, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
        return Example("images", x, torch.arange(n) % classes)


IMAGE = ImageKind()
