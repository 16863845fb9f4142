"""Folders of small images, each of them another."""

from pathlib import Path

import numpy as np
from PIL import Image


def pictures(folder: Path, n: int = 6, size: tuple[int, int] = (10, 8), ending: str = "png") -> Path:
    """A folder of n noise images; the folder's name decides of what noise."""
    folder.mkdir(parents=True)
    generator = np.random.default_rng(list(folder.name.encode()))
    for i in range(n):
        pixels = generator.integers(256, size=(*size, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{folder.name}-{i}.{ending}")
    return folder
