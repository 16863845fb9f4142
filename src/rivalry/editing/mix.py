"""Style mixing: some layers of a sample get the style of another sample.

Karras et al. 2018, "A Style-Based Generator Architecture for Generative Adversarial Networks"
(arXiv 1812.04948), section 3.1 and figure 3: the layers of coarse resolutions set pose and shape, those in the
middle smaller features, the fine ones color and texture.
"""

from collections.abc import Sequence

import torch
from PIL import Image
from torch import Tensor

from rivalry.data.source import Spec
from rivalry.editing.codes import decoded, of_seeds
from rivalry.errors import BadRequest, unknown
from rivalry.game import Game
from rivalry.show.tables import blank, heads, table

BANDS = ("coarse", "middle", "fine")
_SHARES = (4 / 18, 8 / 18)  # where middle and fine begin: at the 5th and 9th of the paper's 18 layers


def band(name: str, layers: int) -> range:
    """The layers of a part of the generator, in the paper's proportions, each part with one layer at least.

    Args:
        name: "coarse", "middle", "fine"; or layers by number, "2" or "2-5", counted from 0.
        layers: how many there are.

    Raises:
        BadRequest: no part of this name, no such layer, or too few layers for three parts.
    """
    first, sign, last = name.partition("-")
    if first.isdigit() and (last.isdigit() if sign else True):
        chosen = range(int(first), int(last if sign else first) + 1)
        if not chosen or chosen[-1] >= layers:
            raise BadRequest(
                f"there are {layers} layers, 0 to {layers - 1}, counted upwards; asked for {name}"
            )
        return chosen
    if name not in BANDS:
        raise unknown("part of the layers", name, BANDS, f"there is {', '.join(BANDS)}, or numbers: 0-3")
    if layers < len(BANDS):
        raise BadRequest(f"{layers} layers have no coarse, middle and fine; ask for layers by number: 0")
    middle = max(1, round(_SHARES[0] * layers))
    fine = min(layers - 1, max(middle + 1, round(_SHARES[1] * layers)))
    edges = (0, middle, fine, layers)
    at = BANDS.index(name)
    return range(edges[at], edges[at + 1])


def mixed(targets: Tensor, sources: Tensor, layers: range) -> Tensor:
    """Every target with these layers taken from every source.

    Args:
        targets: (n, layers, d), styles.
        sources: (m, layers, d).

    Returns:
        (n, m, layers, d).
    """
    w = targets[:, None].repeat(1, len(sources), 1, 1)
    taken = torch.tensor(layers, device=w.device)
    w[:, :, taken] = sources[:, taken].to(w)
    return w


def sheet(
    game: Game,
    spec: Spec,
    sources: Sequence[int],
    targets: Sequence[int],
    parts: Sequence[str] = BANDS,
    label: int | None = None,
) -> Image.Image:
    """A picture of every target with each part of its layers taken from every source.

    Sources are in the first row, targets in the first column; a block of rows for each part.

    Args:
        sources, targets: seeds.
        parts: see `band`.
        label: of all; None for every class in turn.
    """
    givers, takers = (of_seeds(game, seeds, "w", label) for seeds in (sources, targets))
    taken = [band(part, givers.shape[1]) for part in parts]
    shown = decoded(game, takers, "w")
    rows = [torch.cat([blank(spec)[None], decoded(game, givers, "w")])]
    for layers in taken:
        made = decoded(game, mixed(takers, givers, layers).flatten(0, 1), "w")
        made = made.unflatten(0, (len(takers), len(givers)))
        rows += [torch.cat([target[None], row]) for target, row in zip(shown, made)]
    names = ["", *(f"{part}: {seed}" for part in parts for seed in targets)]
    return table(torch.stack(rows), spec, names, ["", *heads(sources)])
