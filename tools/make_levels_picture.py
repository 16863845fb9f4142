"""Draw two stretches of the training levels with the sprites of the package: docs/levels.png.

python tools/make_levels_picture.py
"""

from pathlib import Path

import torch

from rivalry.data.sets.levels import BUNDLED, TILES, read_levels
from rivalry.kinds.image import to_image
from rivalry.kinds.spec import Column
from rivalry.kinds.tiles import TILES as KIND

SHOWN = {"mario-7-1.txt": 20, "mario-1-1.txt": 60}  # level, and the column where the stretch begins
WIDTH, LARGER = 56, 2  # tiles of a stretch, and how often each pixel is repeated
PICTURE = Path(__file__).resolve().parents[1] / "docs" / "levels.png"


def main() -> None:
    levels = read_levels(BUNDLED)
    x = torch.stack(
        [torch.from_numpy(levels[name][:, begin : begin + WIDTH]) for name, begin in SHOWN.items()]
    )
    drawn = KIND.tiles(x, Column("tiles", tuple(x.shape[1:]), {"tiles": list(TILES)}))
    gap = torch.ones(3, 6, drawn.shape[3])
    page = to_image(torch.cat([drawn[0], gap, drawn[1]], 1))
    page.resize((LARGER * page.width, LARGER * page.height), 0).save(PICTURE, "png")


if __name__ == "__main__":
    main()
