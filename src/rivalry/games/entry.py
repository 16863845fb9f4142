"""One game of the catalog: its module, its paper, and the kinds of data that it plays on."""

from typing import NamedTuple

# Kinds of real numbers, of which a small step has a meaning.
VALUES = ("image", "points", "wave", "clip", "graph", "table", "episode")


class Entry(NamedTuple):
    """One game.

    Attributes:
        name: as it is asked for.
        target: "module:attribute" of the function that makes it: `make(spec, **settings) -> Game`.
        title, authors, year, paper: of its paper ("arXiv 1406.2661").
        idea: how it differs from others, in a few words.
        kinds: of the data that it plays on.
        needs: requirements on the data: "labels", two or more; "domains", two labels; "pairs", aligned;
            "captions", a sentence with each; "sounds", a sound with each.
    """

    name: str
    target: str
    title: str
    authors: str
    year: int
    paper: str
    idea: str
    kinds: tuple[str, ...] = ("image",)
    needs: tuple[str, ...] = ()

    @property
    def room(self) -> str:
        """The folder of `rivalry.games` that it lies in."""
        return self.target.split(".")[2]
