"""Animations: samples one after another, as a .gif or an .mp4."""

import importlib
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, BinaryIO

from PIL import Image
from torch import Tensor

from rivalry.data.source import Spec
from rivalry.errors import BadRequest
from rivalry.show.sheets import sheet

ENDINGS = (".gif", ".mp4")
RATE = 25  # frames per second; a .gif counts time in hundredths of a second


def require_movie(ending: str, spec: Spec) -> None:
    """Refuse a request for an animation that cannot be made.

    Raises:
        BadRequest: the data are not images, or PyAV, which an .mp4 needs, is not installed.
    """
    require_format(ending)
    if spec.meaning.axes != 2:
        raise BadRequest(f"a {ending} shows images; {spec.name!r} holds {spec.meaning.plural}: write a .png")


def require_format(ending: str) -> None:
    """Refuse an .mp4 where PyAV is not installed."""
    if ending == ".mp4":
        _av()


def write_movie(x: Tensor, file: BinaryIO, ending: str, spec: Spec) -> None:
    """Write samples (n, c, h, w) in [-1, 1] as an animation, enlarged as on sheets."""
    write_frames([sheet(one[None], spec) for one in x], file, ending)


def write_frames(frames: Sequence[Image.Image], file: BinaryIO, ending: str) -> None:
    """Write pictures of one size as an animation."""
    if ending == ".gif":
        frames[0].save(
            file,
            "gif",
            save_all=True,
            append_images=list(frames[1:]),
            duration=1000 // RATE,
            loop=0,
            optimize=True,
        )
    else:
        _encode(frames, file)


def _encode(frames: Sequence[Image.Image], file: BinaryIO) -> None:
    """Write H.264 in the color format that every player supports.  It needs an even width and height."""
    even = (frames[0].width // 2 * 2, frames[0].height // 2 * 2)
    with _av().open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(RATE), options={"crf": "16"})
        stream.width, stream.height = even
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            container.mux(stream.encode(_av().VideoFrame.from_image(frame.crop((0, 0, *even)))))
        container.mux(stream.encode())


def _av() -> Any:
    try:
        return importlib.import_module("av")
    except ImportError:
        raise BadRequest("an .mp4 needs PyAV: pip install 'rivalry[video]'; a .gif needs nothing") from None
