"""Small pictures of the tiles of platform games, 8 x 8 pixels: our own, drawn as letters of a palette.

The letters of the tiles are those of the Video Game Level Corpus.  A tile that has no picture here is a plain square
whose color follows from its letter.
"""

import torch
from torch import Tensor

SIDE = 8
PALETTE = {
    ".": (124, 180, 240), "k": (30, 30, 40), "w": (250, 250, 245), "b": (150, 82, 42), "d": (92, 48, 24),
    "o": (222, 148, 84), "y": (250, 206, 70), "u": (196, 140, 30), "g": (66, 166, 74), "e": (30, 104, 44),
    "l": (146, 214, 120), "r": (196, 62, 50), "s": (120, 124, 134), "t": (78, 82, 92),
}  # fmt: skip

_EMPTY = ["........"] * 8
_PIPE_LEFT, _PIPE_RIGHT = [".elgggge"[:7] + "g"] * 8, ["ggggeee."] * 8
_BARREL = ["tsssssst"] * 8
ART = {
    "-": _EMPTY,
    "X": ["oooooood", "obbbbbbd", "obbobbbd", "obbbbbbd", "obbbbobd", "obobbbbd", "obbbbbbd", "dddddddd"],
    "S": ["bbbdbbbb", "bbbdbbbb", "dddddddd", "bbbbbbbd", "bbbbbbbd", "dddddddd", "bbbdbbbb", "bbbdbbbb"],
    "?": ["yyyyyyyu", "yuuuuyyu", "yuyyyuyu", "yyyyuuyu", "yyyuuyyu", "yyyyyyyu", "yyyuuyyu", "uuuuuuuu"],
    "Q": ["uuuuuuud", "ubbbbbbd", "ubuubuud", "ubbbbbbd", "ubbbbbbd", "ubuubuud", "ubbbbbbd", "dddddddd"],
    "E": ["........", "..rrrr..", ".rrrrrr.", "rwkrrkwr", "rrrrrrrr", ".owwwwo.", "..oooo..", ".dd..dd."],
    "<": ["eeeeeeee", "elgggggg", "elgggggg", "elgggggg", "eeeeeeee", *_PIPE_LEFT[:3]],
    ">": ["eeeeeeee", "gggggeee", "gggggeee", "gggggeee", "eeeeeeee", *_PIPE_RIGHT[:3]],
    "[": _PIPE_LEFT,
    "]": _PIPE_RIGHT,
    "o": ["........", "...yy...", "..yuuy..", "..yuyy..", "..yuyy..", "..yuuy..", "...yy...", "........"],
    "B": ["tttttttt", "tsssssst", "tskkkkst", "tkwwkkkt", "tkwkkkkt", "tskkkkst", "tsssssst", "tttttttt"],
    "b": _BARREL,
}


def sprite(letter: str) -> Tensor:
    """The picture of a tile: uint8 (3, 8, 8)."""
    if letter in ART:
        colors = [[PALETTE[pixel] for pixel in line] for line in ART[letter]]
        return torch.tensor(colors, dtype=torch.uint8).permute(2, 0, 1)
    code = ord(letter) * 2_654_435_761 % 2**24
    color = torch.tensor([code >> 16, code >> 8 & 255, code & 255], dtype=torch.uint8)
    return color[:, None, None].expand(3, SIDE, SIDE).clone()


def sprites(letters: list[str]) -> Tensor:
    """The pictures of all tiles: uint8 (k, 3, 8, 8)."""
    return torch.stack([sprite(letter) for letter in letters])
