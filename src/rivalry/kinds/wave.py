"""Sounds: (channels, t) samples of pressure in [-1, 1].  `Column.about` holds `rate` (samples per second)."""

import io
import wave
from typing import Any, BinaryIO

import torch
from torch import Tensor

from rivalry.kinds.curves import curves
from rivalry.kinds.kind import Example, Kind, is_number
from rivalry.kinds.spec import Column, Spec

RATE = 16_000  # samples per second, by default
PLAYED = 8  # the number of sounds in the file that belongs to a sheet
WIDTH, HEIGHT = 128, 32  # pixels of a tile's waveform, and of the spectrogram below it
RANGE = 60.0  # decibels of a spectrogram


class WaveKind(Kind):
    name, plural = "wave", "sounds"
    bounded, dims, axes, raw, single = True, 2, 1, "waveform", ".wav"
    judged = "Spectrum"

    def fits(self, shape: tuple[int, ...], about: dict[str, Any]) -> bool:
        rate = about.get("rate", RATE)
        return super().fits(shape, about) and shape[0] in (1, 2) and is_number(rate) and 1 <= rate <= 1e6

    def refuse(self, x: Tensor, column: Column) -> str:
        if why := super().refuse(x, column):
            return why
        most = float(x.abs().max()) if x.numel() else 0.0
        return f"they hold values up to {most:.4g}; expected floats in [-1, 1]" if most > 10 else ""

    def unplayable(self, spec: Spec) -> str:
        if len(spec.shape) == 2 and spec.shape[0] in (1, 2) and spec.shape[1] >= 16:
            return ""
        shape = " x ".join(map(str, spec.shape))
        return f"sounds of 1 or 2 channels and 16 samples or more; {spec.name!r} has {shape}"

    def words(self, column: Column) -> str:
        rate = column.about.get("rate", RATE)
        channels = "mono" if column.shape[0] == 1 else "stereo"
        return f"{column.shape[1] / rate:.3g} s at {rate / 1000:g} kHz {channels}"

    def tiles(self, x: Tensor, column: Column) -> Tensor:
        """The waveform over its spectrogram: (n, channels, t) -> (n, 1, 64, 128)."""
        mono = x.detach().float().nan_to_num().mean(1)  # (n, t)
        return torch.cat([curves(mono[:, None], HEIGHT, WIDTH), spectrogram(mono)], 2)

    def beside(self, x: Tensor, column: Column) -> dict[str, bytes]:
        """A .wav file with the first sounds, one after another, with short silence between them."""
        file = io.BytesIO()
        _write_wav(x[:PLAYED], column, file)
        return {".wav": file.getvalue()}

    def write_single(self, x: Tensor, column: Column, file: BinaryIO) -> None:
        _write_wav(x[None], column, file)

    def vectors(self, x: Tensor) -> Tensor:
        """Magnitudes of the spectrum in 64 bands.  They do not change if a sound begins a little later."""
        spectrum = torch.fft.rfft(x.float().mean(1)).abs()
        return torch.log1p(torch.nn.functional.adaptive_avg_pool1d(spectrum[:, None], 64))[:, 0]

    def extractors(self, spec: Spec) -> tuple[str, ...]:
        """The judge of labeled sounds."""
        return ("judge", self.raw) if spec.classes else (self.raw,)

    def example(self, n: int, classes: int) -> Example:
        """Tones of 64 samples.  The class is the pitch."""
        label = torch.arange(n) % classes
        phase = 6.28 * torch.rand(n, 1, generator=torch.Generator().manual_seed(0))
        x = 0.8 * torch.sin(6.2832 * (2 + 2 * label)[:, None] * torch.arange(64) / 64 + phase)
        return Example("tones", x[:, None], label, {"rate": RATE})


def spectrogram(mono: Tensor) -> Tensor:
    """Log-magnitudes over time; low tones are at the bottom, loud ones dark: (n, t) -> (n, 1, 32, 128)."""
    window = min(256, mono.shape[1])
    spectrum = torch.stft(
        mono, window, hop_length=max(1, window // 4), window=torch.hann_window(window), return_complex=True
    ).abs()
    decibel = 20 * torch.log10(spectrum / spectrum.amax((1, 2), keepdim=True).clamp(min=1e-9) + 1e-9)
    dark = (decibel.clamp(-RANGE, 0) / RANGE + 1)[:, None]  # 0 for silence, 1 for the loudest
    small = torch.nn.functional.interpolate(dark, (HEIGHT, WIDTH), mode="bilinear", antialias=True)
    return 1 - 1.8 * small.flip(2)


def _write_wav(x: Tensor, column: Column, file: BinaryIO) -> None:
    """Write 16-bit PCM: the sounds one after another, with an eighth of a second between them."""
    rate = int(column.about.get("rate", RATE))
    silence = torch.zeros(len(x), x.shape[1], rate // 8 if len(x) > 1 else 0)
    samples = torch.cat([x.detach().cpu().float(), silence], 2).transpose(1, 2).reshape(-1, x.shape[1])
    pcm = (samples.nan_to_num().clamp(-1, 1) * 32767).round().to(torch.int16)
    with wave.open(file, "wb") as out:
        out.setnchannels(x.shape[1])
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(pcm.numpy().astype("<i2").tobytes())


WaveKind.writes = {".wav": _write_wav}
WAVE = WaveKind()
