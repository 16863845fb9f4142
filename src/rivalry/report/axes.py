"""The axes of a chart: data coordinates to those of the picture, round ticks, numbers for people."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

WIDTH, HEIGHT = 340, 176
LEFT, RIGHT, TOP, BOTTOM = 46, 8, 20, 20


@dataclass(frozen=True)
class Frame:
    """Data coordinates x0..x1, y0..y1 to those of the SVG, y logarithmic or not."""

    x0: float
    x1: float
    y0: float
    y1: float
    log: bool

    def x(self, value: Array | float) -> Array:
        return LEFT + (np.asarray(value) - self.x0) / (self.x1 - self.x0) * (WIDTH - LEFT - RIGHT)

    def y(self, value: Array | float) -> Array:
        share = (self.scale(value) - self.scale(self.y0)) / (self.scale(self.y1) - self.scale(self.y0))
        return np.clip(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), -HEIGHT, 2 * HEIGHT)

    def scale(self, value: Array | float) -> Array:
        numbers = np.asarray(value, dtype=np.float64)
        return np.log10(np.maximum(numbers, 1e-99)) if self.log else numbers


def ticks(low: float, high: float, about: int) -> list[float]:
    """Round values within low..high, `about` so many."""
    raw = (high - low) / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * k for k in (1, 2, 2.5, 5, 10) if power * k >= raw * 0.999)
    digits = max(0, 2 - math.floor(math.log10(step)))
    return [round(k * step, digits) + 0.0 for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def powers(frame: Frame) -> list[float]:
    """Powers of ten inside the frame, four at most."""
    every = range(math.ceil(math.log10(frame.y0)), math.floor(math.log10(frame.y1)) + 1)
    return [10.0**k for k in every if k % math.ceil(len(every) / 4) == 0]


def short(value: float) -> str:
    """A number for people: four digits, thousands grouped, a power of ten only where it must be."""
    if not math.isfinite(value):
        return "not finite"
    if value == int(value) and abs(value) < 1e7:
        text = f"{int(value):,}"
    elif value != 0 and not 1e-3 <= abs(value) < 1e6:
        text = f"{value:.3g}".replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")
    else:
        text = f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
    return text.replace("-", "−")
