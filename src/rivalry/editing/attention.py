"""Maps of a generator's attention, drawn over its samples."""

import torch
from torch import Tensor
from torch.nn import functional as F

from rivalry.errors import BadRequest
from rivalry.game import Game, Latent
from rivalry.labels import labels_for
from rivalry.maths.chance import by_row
from rivalry.nn.attention import attended

HEAT = (1.0, 0.35, -0.6)  # of what was looked at, in [-1, 1]
MARK = (-0.6, 1.0, 0.2)  # of the place that looked
PLACES = ((0.25, 0.25), (0.25, 0.75), (0.75, 0.25), (0.75, 0.75))  # from the top, from the left


def attention_maps(game: Game, n: int, *, seed: int = 0, label: int | None = None) -> tuple[Tensor, Tensor]:
    """Samples and, for four positions of each, the attention from there to every position.

    Args:
        label: the class of the samples; by default every class in turn, if the game has classes.

    Returns:
        (n, c, h, w) in [-1, 1] and (n, 4, h, w) from 0 (none) to 1 (most).  The four positions are `PLACES`.

    Raises:
        BadRequest: the game has no codes, or no layer with attention.
    """
    if not isinstance(game, Latent):
        raise BadRequest("this game draws from no codes, so no attention over samples can be shown")
    with by_row(seed, range(n), game.device), torch.no_grad():
        z = game.draw(n)
        labels = labels_for(n, label, getattr(game, "classes", 0), game.device)
        x, weights = attended(game, lambda: game.decode(z, *labels))
    h, w = weights.shape[1:3]
    looks = torch.stack([weights[:, int(y * h), int(x * w)] for y, x in PLACES], 1)  # (n, 4, h', w')
    looks = F.interpolate(looks.float(), x.shape[2:], mode="bilinear", align_corners=False)
    return x.float().cpu(), (looks / looks.amax((2, 3), keepdim=True).clamp(min=1e-12)).cpu()


def attention_tiles(x: Tensor, looks: Tensor) -> Tensor:
    """A row of pictures for each sample: the sample with the positions marked, then the attention of each position.

    (n, c, h, w) and (n, 4, h, w) -> (n · 5, 3, h, w) in [-1, 1].
    """
    h, w = x.shape[2:]
    color = x[:, :3] if x.shape[1] >= 3 else x[:, :1].expand(-1, 3, -1, -1)
    heat, mark = (torch.tensor(of).view(3, 1, 1) for of in (HEAT, MARK))
    marked, rows = color.clone(), [color]
    for place, (down, across) in enumerate(PLACES):
        share = 0.85 * looks[:, place : place + 1]
        tile = torch.lerp(0.5 * (color - 1), heat.expand_as(color), share.expand_as(color))
        for picture in (tile, marked):
            picture[:, :, int(down * h), int(across * w)] = mark.view(3)
        rows.append(tile)
    rows[0] = marked
    return torch.stack(rows, 1).flatten(0, 1)
