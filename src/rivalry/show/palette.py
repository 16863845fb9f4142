"""Pictures with few colors and large pixels, as game art has them."""

import torch
from PIL import Image
from torch import Tensor

from rivalry.data.source import Spec
from rivalry.errors import BadRequest
from rivalry.kinds.image import to_uint8

OPAQUE = 128  # alpha from which a pixel of few colors is opaque


def require_pictures(spec: Spec) -> None:
    """Refuse samples that are no pictures.

    Raises:
        BadRequest: says what they are.
    """
    if spec.meaning.axes != 2:
        raise BadRequest(f"colors and pixels are of images; this game was trained on {spec.meaning.plural}")


def few_colors(x: Tensor, colors: int) -> Tensor:
    """Pictures in the same few colors, found by median cut over all of them together.

    Args:
        x: (n, c, h, w) in [-1, 1], c 1 to 4.  Alpha is not counted as color; it becomes all or nothing.
        colors: how many, 1 to 256.

    Returns:
        (n, c, h, w) in [-1, 1].
    """
    n, c, h, w = x.shape
    pixels = to_uint8(x).movedim(1, -1).reshape(n * h, w, c)
    deep = 3 if c >= 3 else 1
    flat = pixels[..., :deep].expand(-1, -1, 3).contiguous().numpy()
    page = Image.fromarray(flat).quantize(colors, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    found = torch.frombuffer(bytearray(page.convert("RGB").tobytes()), dtype=torch.uint8).view(n * h, w, 3)
    alpha = (pixels[..., deep:] >= OPAQUE).to(torch.uint8) * 255
    made = torch.cat([found[..., :deep], alpha], 2)
    return made.view(n, h, w, c).movedim(-1, 1).float() / 127.5 - 1


def large_pixels(x: Tensor, times: int) -> Tensor:
    """Each pixel repeated: (n, c, h, w) -> (n, c, times h, times w)."""
    return x.repeat_interleave(times, 2).repeat_interleave(times, 3)
