"""What lies beside a sheet: text that is printed, sounds that are played, animations.  Each is read and written anew.

A file that says it is a sound may be anything, so the page holds nothing that was not decoded first: samples of a
sound, frames of a picture, escaped letters.
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
    """What the page shows of this file; None of one that cannot be read, or that is of no known ending."""
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
