"""Levels: (h, w) numbers of tiles, the top row first.

`Column.about` holds `tiles`, a letter for each tile.  Tile 0 is what an empty level is full of.
"""

from typing import Any, BinaryIO

import torch
from torch import Tensor

from rivalry.kinds.kind import Example, Kind
from rivalry.kinds.spec import Column
from rivalry.kinds.tile_sprites import SIDE, sprites

MOST = 64  # different tiles
BUCKETS = 512  # of hashed patterns of 2 x 2 tiles


class TilesKind(Kind):
    name, plural, dimension, raw, single = "tiles", "levels", "tile", "patterns", ".txt"
    dtype, real, dims = torch.int64, False, 2

    def fits(self, shape: tuple[int, ...], about: dict[str, Any]) -> bool:
        tiles = about.get("tiles")
        return (
            super().fits(shape, about)
            and isinstance(tiles, list)
            and 0 < len(tiles) <= MOST
            and all(isinstance(letter, str) and len(letter) == 1 and letter.isprintable() for letter in tiles)
            and len(set(tiles)) == len(tiles)
        )

    def refuse(self, x: Tensor, column: Column) -> str:
        if why := super().refuse(x, column):
            return why
        return "" if bool(self.valid(x, column).all()) else f"they are not {self._range(column)}"

    def valid(self, x: Tensor, column: Column) -> Tensor:
        if x.is_floating_point():
            return torch.zeros(len(x), dtype=torch.bool, device=x.device)
        return ((x >= 0) & (x < len(column.about["tiles"]))).flatten(1).all(1)

    def _range(self, column: Column) -> str:
        return f"whole numbers of tiles from 0 to {len(column.about['tiles']) - 1}"

    def words(self, column: Column) -> str:
        h, w = column.shape
        return f"{h} x {w} tiles of {len(column.about['tiles'])}"

    def described(self, column: Column) -> list[str]:
        return [f"tiles: {' '.join(column.about['tiles'])}"]

    def tiles(self, x: Tensor, column: Column) -> Tensor:
        """Each level drawn, 8 x 8 pixels a tile: (n, h, w) -> (n, 3, 8 h, 8 w)."""
        n, h, w = x.shape
        drawn = sprites(column.about["tiles"])[x.long().cpu()]  # (n, h, w, 3, 8, 8)
        return drawn.permute(0, 3, 1, 4, 2, 5).reshape(n, 3, SIDE * h, SIDE * w).float() / 127.5 - 1

    def beside(self, x: Tensor, column: Column) -> dict[str, bytes]:
        return {".txt": "\n".join(text(one, column) for one in x).encode()}

    def write_single(self, x: Tensor, column: Column, file: BinaryIO) -> None:
        file.write(text(x, column).encode())

    def vectors(self, x: Tensor) -> Tensor:
        """Counts of patterns of 2 x 2 tiles in hashed buckets, of length 1: (n, h, w) -> (n, 512)."""
        bucket = (patterns(x) * 2_654_435_761 % 2**32 % BUCKETS).flatten(1)
        counted = torch.zeros(len(x), BUCKETS, device=x.device)
        counted.scatter_add_(1, bucket, torch.ones_like(bucket, dtype=torch.float32))
        return counted / counted.norm(dim=1, keepdim=True).clamp(min=1e-9)

    def shown(self, n: int) -> int:
        return min(n, 16)

    def example(self, n: int, classes: int) -> Example:
        """Levels 8 x 8 of ground, with gaps, and with as many blocks in the air as the class says."""
        generator = torch.Generator().manual_seed(0)
        x, label = torch.zeros(n, 8, 8, dtype=torch.int64), torch.arange(n) % classes
        x[:, 7] = (torch.rand(n, 8, generator=generator) > 0.2).long()
        for i in range(n):
            at = torch.randperm(8, generator=generator)[: 1 + int(label[i])]
            x[i, 4, at] = 2
        return Example("levels", x, label, {"tiles": ["-", "X", "S"]})


def patterns(x: Tensor) -> Tensor:
    """The number of each pattern of 2 x 2 tiles: (n, h, w) -> (n, h - 1, w - 1)."""
    x = x.long()
    upper, lower = x[:, :-1], x[:, 1:]
    row = lambda some: some[:, :, :-1] * MOST + some[:, :, 1:]
    return row(upper) * MOST**2 + row(lower)


def text(x: Tensor, column: Column) -> str:
    """A level (h, w) as lines of letters."""
    letters = column.about["tiles"]
    return "".join("".join(letters[i] for i in row) + "\n" for row in x.tolist())


def _write_text(x: Tensor, column: Column, file: BinaryIO) -> None:
    file.write(TILES.beside(x, column)[".txt"])


TilesKind.writes = {".txt": _write_text}
TILES = TilesKind()
