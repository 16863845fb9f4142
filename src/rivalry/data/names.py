"""The data sets that have a name: a table of strings.  It needs no torch, so that listing it is fast."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Named:
    """One data set that `open_data` knows by name.

    Attributes:
        kind: of the data: "image", "points", "tokens".
        where: "bundled" (in the package), "generated" (from a seed or a bundled set), "installed" (with another
            package), "fetched" (once, on demand) or "on disk" (from the user's copy).
        what: a line about its contents.
        opener: "module:function" of this package; it is called with the name and a split.
    """

    kind: str
    where: str
    what: str
    opener: str


def _bundled(what: str) -> Named:
    return Named("image", "bundled", what, "sets.bundled:open_bundled")


def _toy(kind: str, what: str) -> Named:
    return Named(kind, "generated", what, "sets.toys:open_toy")


def _from_mnist(what: str) -> Named:
    return Named("image", "generated", what, "sets.from_mnist:open_from_mnist")


def _shapes(what: str) -> Named:
    return Named("image", "generated", what, "sets.shapes:open_shapes")


def _sentences(what: str) -> Named:
    return Named("tokens", "bundled", what, "sets.sentences:open_sentences")


def _fetched(what: str, opener: str = "readers.fetch:open_fetched") -> Named:
    return Named("image", "fetched", what, opener)


NAMES = {
    "mnist": _bundled("handwritten digits, 60,000 + 10,000, 28 x 28 grey, 10 classes"),
    "tiles": _bundled("Dungeon Crawl sprites, 2,630, 32 x 32 RGB over black, 29 classes"),
    "digits": _bundled("small handwritten digits, 1,500 + 297, 8 x 8 grey, 10 classes"),
    "fashion-mnist": _fetched("clothes, 60,000 + 10,000, 28 x 28 grey, 10 classes"),
    "cifar10": _fetched("small photographs, 50,000 + 10,000, 32 x 32 RGB, 10 classes"),
    "emoji": _fetched(
        "outlines and their colors in pairs, 1,805 + 239, 64 x 64 RGB, 12 classes", "sets.emoji:open_emoji"
    ),
    "emoji-names": _fetched(
        "emoji and their names as sentences, 2,180 + 280, 64 x 64 RGB, 12 classes", "sets.emoji:open_emoji"
    ),
    "emoji-styles": _fetched(
        "Noto and Twemoji, two domains of different emoji, 1,729 + 354, 64 x 64 RGB, 2 classes",
        "sets.emoji:open_emoji",
    ),
    "mnist-32": _from_mnist("mnist with a black border, 60,000 + 10,000, 32 x 32 grey, 10 classes"),
    "colored-mnist": _from_mnist("mnist in six colors, 60,000 + 10,000, 28 x 28 RGB, 10 classes"),
    "mnist-edges": _from_mnist(
        "digits and the edges of other digits, 60,000 + 10,000, 28 x 28 grey, 2 classes"
    ),
    "stacked-mnist": _from_mnist("a digit in each channel, 1,000 modes, 60,000 + 10,000, 28 x 28 RGB"),
    "shapes": _shapes("a shape of known color, kind and size, 10,000 + 2,000, 32 x 32 RGB, 4 classes"),
    "marks": _shapes("two marks far apart that agree in color, 10,000 + 2,000, 8 x 48 RGB, 6 classes"),
    "captioned-shapes": Named(
        "image",
        "generated",
        "a shape and a sentence that says what it is, 10,000 + 2,000, 32 x 32 RGB; 4 of 48 combinations withheld",
        "sets.captioned:open_captioned",
    ),
    "cipher": Named(
        "tokens",
        "generated",
        "a small language, plain and with 60 % of its words exchanged, 20,000 + 2,000, 2 classes",
        "sets.cipher:open_cipher",
    ),
    "avatars": Named(
        "image",
        "generated",
        "heads of known hair that wear something known, 10,000 + 2,000, 32 x 32 RGB, 4 classes",
        "sets.avatars:open_avatars",
    ),
    "cora-ml": Named(
        "graph", "bundled", "2,810 papers and their citations, a tenth held out", "sets.graphs:open_graph_set"
    ),
    "blocks": Named(
        "graph",
        "generated",
        "200 nodes in four blocks, a tenth of the edges held out",
        "sets.graphs:open_graph_set",
    ),
    "coco-captions": _sentences("captions of photographs, 10,000 + 10,000 sentences of up to 40 words"),
    "poems": _sentences("Chinese quatrains of five characters a line, 14,755 + 1,639 of 24 characters"),
    "styled-captions": Named(
        "tokens",
        "on disk",
        "humorous and romantic captions, 12,000 + 1,000, 2 classes; styled-captions:path=FOLDER",
        "sets.styled_captions:open_styled_captions",
    ),
    "breast-cancer": Named(
        "table",
        "installed",
        "measurements of 569 tumors and the diagnosis, a half held out; it comes with scikit-learn",
        "sets.tables:open_table_set",
    ),
    "census": Named(
        "table",
        "on disk",
        "40 columns of a census and whether an income is above 50,000, 10,000 + 10,000; census:path=FILE",
        "sets.census:open_census",
    ),
    "synthetic-table": Named(
        "table",
        "generated",
        "numbers, dates and categories that depend on each other in a known way, 4,000 + 4,000",
        "sets.tables:open_table_set",
    ),
    "sines": Named(
        "episode",
        "generated",
        "five slow sines of 24 steps, 10,000 + 2,000 series",
        "sets.series:open_series",
    ),
    "oracle": Named(
        "tokens",
        "generated",
        "a synthetic language of known likelihood, 10,000 + 2,000 sentences; oracle:vocabulary=500,length=20",
        "sets.oracle:open_oracle",
    ),
    "mario-levels": Named(
        "tiles",
        "bundled",
        "2,518 windows of 15 levels of Super Mario Bros., 14 x 28 of 13 tiles; mario-levels:width=28,step=1",
        "sets.levels:open_levels",
    ),
    "levels": Named(
        "tiles",
        "on disk",
        "your own levels, as the same tiles; levels:path=FOLDER",
        "sets.levels:open_levels",
    ),
    "notes": Named(
        "wave",
        "generated",
        "tones of 12 pitches in 4 timbres, 6,000 + 1,200, 1,024 samples at 8 kHz, 12 classes",
        "sets.notes:open_notes",
    ),
    "moving-shapes": Named(
        "clip",
        "generated",
        "a thing that moves left or right, 4,000 + 1,000, 8 frames of 16 x 16 RGB, 2 classes; moving-shapes:turns=true",
        "sets.moving_shapes:open_moving_shapes",
    ),
    "chest-xrays": Named(
        "image",
        "on disk",
        "PneumoniaMNIST: normal chests and pneumonia, 28 x 28 grey, 2 classes; chest-xrays:path=FILE",
        "sets.xrays:open_xrays",
    ),
    "actions": Named(
        "clip",
        "on disk",
        "nine people who wave, jump or bend, 16 frames of 32 x 32 RGB, 4 classes; actions:path=FOLDER",
        "sets.actions:open_actions",
    ),
    "sprites": Named(
        "clip",
        "on disk",
        "figures who walk, cast or slash, 4,000 + 1,000, 8 frames of 32 x 32 RGB, 9 classes; sprites:path=FOLDER",
        "sets.sprites:open_sprites",
    ),
    "spoken-digits": Named(
        "wave",
        "on disk",
        "ten words by six people, 2,700 + 300, 8 kHz, 10 classes; spoken-digits:path=FOLDER",
        "sets.spoken_digits:open_spoken_digits",
    ),
    "tones-to-discs": Named(
        "image",
        "generated",
        "a disc and a tone: the louder the larger, hue by pitch, 6,000 + 1,200, 16 x 16 RGB",
        "sets.discs:open_discs",
    ),
    "spoken-to-drawn": Named(
        "image",
        "on disk",
        "a digit said and one drawn, a speaker held out, 5,000 + 500, 16 x 16 grey, 10 classes; "
        "spoken-to-drawn:path=FOLDER",
        "sets.spoken_to_drawn:open_spoken_to_drawn",
    ),
    "triangles": _toy("image", "filled triangles, 10,000 + 2,000, 28 x 28 grey, 2 classes"),
    "ring": _toy("points", "8 Gaussians of deviation 0.01 on a circle of radius 1"),
    "grid": _toy("points", "25 Gaussians of deviation 0.05 on a 5 x 5 grid from -4 to 4"),
    "spiral": _toy("points", "two arms of one spiral, within a circle of radius 2"),
    "moons": _toy("points", "two half circles, each reaching into the other"),
    "swiss-roll": _toy("points", "a rolled-up line in the plane, within a circle of radius 2"),
    "parallel-lines": _toy("points", "points (0, y), y uniform in [0, 1]: one of WGAN's two lines"),
}
