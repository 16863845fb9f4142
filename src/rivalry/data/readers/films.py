"""One moving picture, decoded: a GIF, a video, a folder of frames, or a strip of frames side by side in one picture."""

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from rivalry.data.readers.budget import LARGEST_MEMBER, require_image
from rivalry.data.readers.decode import fit, formats
from rivalry.data.readers.members import Member

Size = tuple[int, int]  # height and width
Layout = Literal["files", "folders", "strips"]  # what a film is: a GIF or a video, pictures, or a picture

VIDEOS = {".mp4": "mp4", ".mov": "mov", ".m4v": "mp4", ".webm": "matroska", ".mkv": "matroska", ".avi": "avi"}
READ_BY_AV = "pip install 'rivalry[video]' reads it"
RATE = 8.0  # frames per second of frames that say nothing of time, and of a GIF whose frames last 0
MOST_FRAMES = 100_000  # of a file
MOST_PIXELS = 2**31  # of all frames of a file together, before they are made smaller


class Film(NamedTuple):
    """The frames of one file in one size, and the seconds at which each begins.

    Attributes:
        frames: uint8 (f, h, w, 3).
        times: (f,) seconds, rising from 0.
        rate: frames per second on the mean; None for frames that say nothing of time.
        changed: what was done to the frames.
    """

    frames: NDArray[np.uint8]
    times: NDArray[np.float64]
    rate: float | None
    changed: tuple[str, ...] = ()


Picture = tuple[Image.Image, float]  # a frame, and the second at which it begins


def size_of(files: Sequence[Member], layout: Layout) -> Size:
    """Height and width of the frames of a film, from a header.

    Raises:
        one of `DAMAGED`: no film.
    """
    with _opened(files[0]) as content:
        if files[0].ending in VIDEOS:
            with _video(content, files[0].ending) as (stream, _):
                return stream.height, stream.width
        with Image.open(content, formats=formats()) as image:
            require_image(*image.size, image.width * image.height * 4, content.getbuffer().nbytes)
            side = min(image.size)
            return (side, side) if layout == "strips" else (image.height, image.width)


def decode_film(files: Sequence[Member], size: Size, layout: Layout) -> Film:
    """Decode a film, each frame cropped around its center and resized where it has another size.

    Args:
        files: one file, or the frames of a folder in their order.
        layout: a strip is a picture of square frames side by side, or one below the other.

    Raises:
        one of `DAMAGED`: damaged, too large, or a film of less than two frames.
    """
    read = {"folders": _frames_of_files, "strips": _frames_of_strip, "files": _frames_of_file}[layout](files)
    frames, times, done, pixels = list[NDArray[np.uint8]](), list[float](), list[str](), 0
    for image, time in read:
        pixels += image.width * image.height
        if len(frames) == MOST_FRAMES or pixels > MOST_PIXELS:
            raise ValueError(f"more than {MOST_FRAMES:,} frames or {MOST_PIXELS:,} pixels; take a part of it")
        frames.append(np.asarray(fit(image.convert("RGB"), size, done)))
        times.append(time)
    if len(frames) < 2:
        raise ValueError(f"{len(frames)} frame{'s' * (len(frames) != 1)}; a clip has two or more")
    at = np.asarray(times) - times[0]
    if (np.diff(at) <= 0).any():
        raise ValueError("its frames are not in the order of their times")
    rate = float((len(frames) - 1) / at[-1]) if layout == "files" else None
    return Film(np.stack(frames), at, rate, tuple(dict.fromkeys(done)))


@contextmanager
def _opened(member: Member) -> Iterator[io.BytesIO]:
    with member.open() as file:
        content = file.read(LARGEST_MEMBER + 1)
    if len(content) > LARGEST_MEMBER:
        raise ValueError(f"larger than {LARGEST_MEMBER >> 20} MiB")
    yield io.BytesIO(content)


def _frames_of_file(files: Sequence[Member]) -> Iterator[Picture]:
    return (_frames_of_video if files[0].ending in VIDEOS else _frames_of_gif)(files[0])


def _frames_of_gif(member: Member) -> Iterator[Picture]:
    """Each frame as it is shown, over those before it; GIF counts time in hundredths of a second."""
    with _opened(member) as content, Image.open(content, formats=("GIF",)) as image:
        packed = content.getbuffer().nbytes
        time = 0.0
        for frame in ImageSequence.Iterator(image):
            require_image(*frame.size, frame.width * frame.height * 4, packed)
            yield frame, time
            time += float(frame.info.get("duration", 0)) / 1000 or 1 / RATE


def _frames_of_files(files: Sequence[Member]) -> Iterator[Picture]:
    for number, one in enumerate(files):
        with _opened(one) as content, Image.open(content, formats=formats()) as image:
            require_image(*image.size, image.width * image.height * 4, content.getbuffer().nbytes)
            yield image, number / RATE


def _frames_of_strip(files: Sequence[Member]) -> Iterator[Picture]:
    """Squares as high as the picture's shorter side."""
    with _opened(files[0]) as content, Image.open(content, formats=formats()) as image:
        require_image(*image.size, image.width * image.height * 4, content.getbuffer().nbytes)
        side, along = min(image.size), max(image.size)
        if along % side:
            raise ValueError(f"{image.width} x {image.height} pixels are no whole number of square frames")
        for k in range(along // side):
            x, y = (k * side, 0) if image.width > image.height else (0, k * side)
            yield image.crop((x, y, x + side, y + side)), k / RATE


def _frames_of_video(member: Member) -> Iterator[Picture]:
    with _opened(member) as content, _video(content, member.ending) as (stream, frames):
        for number, frame in enumerate(frames()):
            require_image(
                frame.width, frame.height, frame.width * frame.height * 3, content.getbuffer().nbytes
            )
            time = frame.time if frame.time is not None else number / float(stream.average_rate or RATE)
            yield frame.to_image(), time


@contextmanager
def _video(content: io.BytesIO, ending: str) -> Iterator[tuple[Any, Callable[[], Iterator[Any]]]]:
    """The first video stream of a file and a function that decodes it.

    The format follows from the ending: FFmpeg left to guess would take playlists, which name other files to read.
    """
    if find_spec("av") is None:
        raise ValueError(READ_BY_AV)
    import av

    try:
        with av.open(content, mode="r", format=VIDEOS[ending]) as container:
            if not container.streams.video:
                raise ValueError("it holds no pictures")
            stream = container.streams.video[0]
            yield stream, lambda: container.decode(stream)
    except av.FFmpegError as error:
        raise ValueError(str(error)) from error
