"""The files that belong to a sheet: text, sounds, animations.  Each is decoded and encoded again.

A file that claims to be a sound may hold anything.  The page therefore holds only decoded contents: samples of a
sound, frames of an animation, escaped text.
"""

import base64
import io
import wave
from pathlib import Path

from PIL import Image

from rivalry.report.markup import Html, tag
from rivalry.report.pictures import UNREADABLE

LINES, LETTERS = 24, 4_000  # of a text
SECONDS, LARGEST = 30, 1_500_000  # of a sound, and bytes of any file
FRAMES, SIDE = 64, 480  # of an animation


def companion(path: Path) -> Html | None:
    """The HTML for this file; None if it cannot be read or has an unknown ending."""
    shown = SHOWN.get(path.suffix.lower())
    try:
        if shown is None or path.is_symlink() or not path.is_file() or path.stat().st_size > 20 * LARGEST:
            return None
        return shown(path)
    except (*UNREADABLE, wave.Error, EOFError):
        return None


def _text(path: Path) -> Html:
    with path.open(encoding="utf-8", errors="replace") as file:
        text = file.read(LETTERS)
    lines = text.splitlines()[:LINES]
    return tag("pre", "\n".join("".join(c if c.isprintable() else "·" for c in line) for line in lines))


def _sound(path: Path) -> Html | None:
    """16-bit PCM of at most half a minute."""
    with wave.open(str(path), "rb") as file:
        channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
        frames = file.readframes(min(file.getnframes(), SECONDS * rate, LARGEST // max(1, channels * width)))
    written = io.BytesIO()
    with wave.open(written, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(width)
        out.setframerate(rate)
        out.writeframes(frames)
    return tag("audio", src=_uri("audio/wav", written.getvalue()), controls="controls", preload="none")


def _animation(path: Path) -> Html | None:
    with Image.open(path) as file:
        duration = int(file.info.get("duration", 100))
        frames = []
        for index in range(min(getattr(file, "n_frames", 1), FRAMES)):
            file.seek(index)
            frame = file.convert("RGB")
            frame.thumbnail((SIDE, SIDE), Image.Resampling.NEAREST)
            frames.append(frame)
    written = io.BytesIO()
    frames[0].save(
        written, "gif", save_all=True, append_images=frames[1:], duration=min(max(duration, 20), 2000), loop=0
    )
    if written.tell() > LARGEST:
        return None
    width, height = frames[0].size
    return tag("img", src=_uri("image/gif", written.getvalue()), width=width, height=height, alt="animation")


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


SHOWN = {".txt": _text, ".csv": _text, ".wav": _sound, ".gif": _animation}
