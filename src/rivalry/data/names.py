"""The data sets that have a name: a table of strings, read without torch so that listing it is immediate."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Named:
    """One data set that `open_data` knows by name.

    Attributes:
        kind: "image" or "points".
        where: "bundled" (in the package), "generated" (made from a seed) or "fetched" (once, on demand).
        what: one line on what it holds.
    """

    kind: str
    where: str
    what: str


NAMES = {
    "mnist": Named("image", "bundled", "handwritten digits, 60,000 + 10,000, 28 x 28 grey, 10 classes"),
    "tiles": Named("image", "bundled", "Dungeon Crawl sprites, 2,630, 32 x 32 RGB over black, 29 classes"),
    "digits": Named("image", "bundled", "small handwritten digits, 1,500 + 297, 8 x 8 grey, 10 classes"),
    "fashion-mnist": Named("image", "fetched", "clothes, 60,000 + 10,000, 28 x 28 grey, 10 classes"),
    "cifar10": Named("image", "fetched", "small photographs, 50,000 + 10,000, 32 x 32 RGB, 10 classes"),
    "triangles": Named("image", "generated", "filled triangles, 10,000 + 2,000, 28 x 28 grey, 2 classes"),
    "ring": Named("points", "generated", "8 Gaussians of deviation 0.01 on a circle of radius 1"),
    "grid": Named("points", "generated", "25 Gaussians of deviation 0.05 on a 5 x 5 grid from -4 to 4"),
    "spiral": Named("points", "generated", "two arms of one spiral, within a circle of radius 2"),
    "moons": Named("points", "generated", "two half circles, each reaching into the other"),
    "swiss-roll": Named("points", "generated", "a rolled-up line in the plane, within a circle of radius 2"),
    "parallel-lines": Named(
        "points", "generated", "points (0, y), y uniform in [0, 1]: one of WGAN's two lines"
    ),
}
