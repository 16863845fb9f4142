"""Clips: (frames, c, h, w), stored as bytes, in [-1, 1] for games.  `Column.about` holds `rate` (frames per second)."""

import io
from typing import Any, BinaryIO

import torch
from PIL import Image
from torch import Tensor

from rivalry.kinds.image import COLORS, IMAGE, to_image
from rivalry.kinds.kind import Example, Kind, is_number
from rivalry.kinds.spec import Column, Spec

RATE = 8  # frames per second, by default
ACROSS = 8  # frames on a tile
MOVING = 16  # clips in the animation that belongs to a sheet


class ClipKind(Kind):
    name, plural = "clip", "clips"
    dtype, bounded, dims, axes, raw, single = torch.uint8, True, 4, 3, "pixels", ".gif"
    judged = "Frames"

    def fits(self, shape: tuple[int, ...], about: dict[str, Any]) -> bool:
        rate = about.get("rate", RATE)
        return super().fits(shape, about) and shape[1] in COLORS and is_number(rate) and 0 < rate <= 1000

    def seen(self, stored: Tensor) -> Tensor:
        return IMAGE.seen(stored)

    def kept(self, x: Tensor) -> Tensor:
        return IMAGE.kept(x)

    def places(self, shape: tuple[int, ...]) -> int:
        frames, _, h, w = shape
        return frames * h * w

    def unplayable(self, spec: Spec) -> str:
        if len(spec.shape) == 4 and spec.shape[1] in COLORS and min(spec.shape[2:]) >= 8:
            return ""
        shape = " x ".join(map(str, spec.shape))
        return f"clips (frames, c, h, w) of at least 8 x 8; {spec.name!r} has {shape}"

    def words(self, column: Column) -> str:
        frames, c, h, w = column.shape
        return f"{frames} frames of {h} x {w} {COLORS.get(c, f'with {c} channels')}"

    def tiles(self, x: Tensor, column: Column) -> Tensor:
        """Some frames side by side: (n, f, c, h, w) -> (n, c, h, w · 8)."""
        shown = torch.linspace(0, x.shape[1] - 1, min(ACROSS, x.shape[1])).long()
        return torch.cat(list(x[:, shown].unbind(1)), 3)

    def beside(self, x: Tensor, column: Column) -> dict[str, bytes]:
        """An animation of the first clips, four in each row."""
        some, across = x[:MOVING], min(4, len(x))
        some = some[: len(some) // across * across]
        rows = [torch.cat(list(row), 3) for row in some.split(across)]  # each (f, c, h, across · w)
        file = io.BytesIO()
        self.write_single(torch.cat(rows, 2), column, file)
        return {".gif": file.getvalue()}

    def write_single(self, x: Tensor, column: Column, file: BinaryIO) -> None:
        frames = [_enlarged(to_image(frame).convert("RGB")) for frame in x]
        duration = round(1000 / float(column.about.get("rate", RATE)))
        frames[0].save(file, "gif", save_all=True, append_images=frames[1:], duration=duration, loop=0)

    def extractors(self, spec: Spec) -> tuple[str, ...]:
        """The judge of labeled clips."""
        return ("judge", self.raw) if spec.classes else (self.raw,)

    def example(self, n: int, classes: int) -> Example:
        """Three frames of 8 x 8 grey with a bright row that moves; the class is where it begins."""
        label = torch.arange(n) % classes
        x = torch.randint(60, (n, 3, 1, 8, 8), generator=torch.Generator().manual_seed(0))
        for frame in range(3):
            x[torch.arange(n), frame, 0, (label + 2 * frame) % 8] += 180
        return Example("clips", x.to(torch.uint8), label, {"rate": RATE})


def _enlarged(frame: Image.Image) -> Image.Image:
    """The picture, enlarged by a whole factor to a width of about 200 pixels."""
    factor = max(1, 200 // max(frame.size))
    return frame.resize((frame.width * factor, frame.height * factor), Image.Resampling.NEAREST)


CLIP = ClipKind()
