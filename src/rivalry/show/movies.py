"""Pictures that move: samples one after the other, as a .gif or an .mp4 that repeats without a seam."""

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
RATE = 25  # pictures a second: a .gif counts time in hundredths of one


def require_movie(ending: str, spec: Spec) -> None:
    """Refuse what cannot be made to move.

    Raises:
        BadRequest: the data are no images, or an .mp4 is wanted and PyAV is not installed.
    """
    if spec.meaning.axes != 2:
        raise BadRequest(f"a {ending} shows images; {spec.name!r} holds {spec.meaning.plural}: write a .png")
    if ending == ".mp4":
        _av()


def write_movie(x: Tensor, file: BinaryIO, ending: str, spec: Spec) -> None:
    """Write samples (n, c, h, w) in [-1, 1] as a movie, enlarged as they are on sheets."""
    frames = [sheet(one[None], spec) for one in x]
    if ending == ".gif":
        frames[0].save(
            file, "gif", save_all=True, append_images=frames[1:], duration=1000 // RATE, loop=0, optimize=True
        )
    else:
        _encode(frames, file)


def _encode(frames: Sequence[Image.Image], file: BinaryIO) -> None:
    """H.264 with the color format that every player knows, which asks for even sides."""
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
