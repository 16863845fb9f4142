"""Pictures in the page: decoded, reduced and encoded again, so that they can hold nothing but an image."""

import base64
import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from rivalry.report.markup import Html, tag

UNREADABLE = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)  # what Pillow raises


@dataclass(frozen=True)
class Picture:
    """A picture as it stands in the page."""

    uri: str  # data:image/...
    width: int
    height: int

    def html(self, alt: str) -> Html:
        return tag("img", src=self.uri, width=self.width, height=self.height, alt=alt, loading="lazy")


def embed(path: Path, widest: int, limit: int) -> Picture | None:
    """The picture in `path`, at most `widest` pixels a side and `limit` bytes; None if unreadable."""
    try:
        with Image.open(path) as file:
            image = file.convert("RGB")
    except UNREADABLE:
        return None
    image.thumbnail((widest, widest), Image.Resampling.LANCZOS)
    while True:
        data, kind = _encode(image, "PNG"), "png"
        if len(data) > limit:
            data, kind = _encode(image, "WEBP", quality=82), "webp"
        if len(data) <= limit or max(image.size) < 64:
            uri = f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"
            return Picture(uri, *image.size)
        image = image.resize((max(1, image.width * 3 // 4), max(1, image.height * 3 // 4)))


def _encode(image: Image.Image, format: str, **options: int) -> bytes:
    written = io.BytesIO()
    image.save(written, format, **options)
    return written.getvalue()
