"""LPIPS: how far apart two images look, on the features of a network for photographs.

    d(x, y) = Σ_l 1 / (h_l w_l) Σ_hw |w_l ⊙ (x̂_l - ŷ_l)|²

with x̂_l what layer l sees of x, at each place divided by its length over the channels (Zhang et al. 2018, "The
Unreasonable Effectiveness of Deep Features as a Perceptual Metric", arXiv 1801.03924; the linear heads w² of v0.1).
The layers are those of AlexNet (Krizhevsky 2014, arXiv 1404.5997) after each of its five convolutions.

As a measure of diversity, the mean over pairs of samples (Zhu et al. 2017, BicycleGAN, arXiv 1711.11586).  Blind to
whether the images are any good: noise lies further apart than any data.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rivalry.errors import BadRequest
from rivalry.metrics.fingerprints import hash_weights
from rivalry.metrics.images import error_of_pairs, in_color, random_pairs, require_images
from rivalry.metrics.resize import RESIZER, at_least
from rivalry.metrics.score import Score
from rivalry.metrics.weights import fill, find_weights, read_weights

FILE = "lpips-alex-v0.1.safetensors"
VARIABLE = "RIVALRY_LPIPS"
GET = (
    f"put {FILE} there, or name its path: the 'features.*' of torchvision's alexnet and the 'lin*.model.1.weight' of "
    "lpips/weights/v0.1/alex.pth, in one file"
)
TAPS = (1, 4, 7, 9, 11)  # the ReLU after each convolution
CHANNELS = (64, 192, 384, 256, 256)
CENTER, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)  # of photographs in [-1, 1], by channel
LEAST = 64  # pixels of the shorter side; under 31 AlexNet has nothing left to pool


def lpips_diversity(
    fake: Tensor,
    *,
    pairs: int = 1000,
    seed: int = 0,
    weights: str | Path | None = None,
    provenance: dict[str, Any] | None = None,
) -> Score:
    """The mean LPIPS between random pairs of samples, 0 or more; higher is more diverse, and 0 is one image.

    To be set beside the same of data, which good samples come up to; what is higher is noise.  Images with a shorter
    side under 64 pixels are enlarged to that.

    Args:
        fake: (n, 1 or 3, h, w) in [-1, 1], grey repeated in three channels.
        pairs: how many.
        seed: of the pairs.
        weights: a file as `load_lpips` takes it; by default the one that the environment variable RIVALRY_LPIPS
            names, or "lpips-alex-v0.1.safetensors" in the folder "weights" of the user's cache.

    Raises:
        BadRequest: no weights, not images, fewer than 4 of them, not finite, or under 2 pairs.
    """
    require_images("lpips", fake, least=4, side=1)
    if pairs < 2:
        raise BadRequest(f"lpips needs at least 2 pairs; got {pairs}")
    file = find_weights("lpips", weights, VARIABLE, [FILE], GET)
    distance = load_lpips(file).to(fake.device)
    see = lambda rows: at_least(in_color(fake[rows].float()), LEAST)
    chunks = zip(*(rows.split(50) for rows in random_pairs(len(fake), pairs, seed)))
    with torch.no_grad():
        each = torch.cat([distance(see(first), see(second)) for first, second in chunks])
    told = {
        "n fake": len(fake),
        "pairs": pairs,
        "seed": seed,
        "network": file.name,
        "network hash": hash_weights(distance),
        "resizer": f"{RESIZER}, to a shorter side of {LEAST} at least",
        "spread": "standard error over the pairs, of which at most n/2 count",
    }
    error = error_of_pairs(each, len(fake))
    return Score(
        "lpips", float(each.double().mean()), len(fake), error, "high", {**(provenance or {}), **told}
    )


class Lpips(nn.Module):
    """The distance of each pair of images: (n, 3, h, w) and (n, 3, h, w) in [-1, 1] -> (n,) of 0 or more.

    Args:
        features: layers one after the other.
        taps: which of them are looked at, by place.
        channels: of each of these; as many weights w² has its head.
    """

    center: Tensor
    scale: Tensor

    def __init__(self, features: nn.Sequential, taps: Sequence[int], channels: Sequence[int]):
        super().__init__()
        self.features, self.taps = features, tuple(taps)
        self.heads = nn.ParameterList(torch.ones(c) for c in channels)
        self.register_buffer("center", torch.tensor(CENTER).view(3, 1, 1), persistent=False)
        self.register_buffer("scale", torch.tensor(SCALE).view(3, 1, 1), persistent=False)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        if x.shape != y.shape:
            raise BadRequest(f"lpips compares images of one shape; got {tuple(x.shape)} and {tuple(y.shape)}")
        distance = x.new_zeros(len(x))
        for head, of_x, of_y in zip(self.heads, self.seen(x), self.seen(y)):
            apart = (directions(of_x) - directions(of_y)).square()
            distance = distance + torch.einsum("nchw,c->nhw", apart, head).mean((1, 2))
        return distance

    def seen(self, x: Tensor) -> list[Tensor]:
        """What each tapped layer makes of images."""
        x, found = (x - self.center) / self.scale, []
        for place, layer in enumerate(self.features):
            x = layer(x)
            if place in self.taps:
                found.append(x)
        return found


def directions(x: Tensor) -> Tensor:
    """Each place divided by its length over the channels: (n, c, h, w) -> the same shape."""
    return x / (x.square().sum(1, keepdim=True).sqrt() + 1e-10)


def alexnet() -> nn.Sequential:
    """AlexNet's convolutions, in one stream, as Krizhevsky 2014 has them; (n, 3, h, w), 31 pixels or more a side."""
    return nn.Sequential(
        nn.Conv2d(3, 64, 11, stride=4, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(64, 192, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(192, 384, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(256, 256, 3, padding=1),
        nn.ReLU(),
    )


def load_lpips(path: str | Path) -> Lpips:
    """LPIPS on AlexNet from a `.safetensors`.

    Its names are those under which both halves are public:

    - features.{0, 3, 6, 8, 10}.{weight, bias}: the convolutions of AlexNet, as torchvision has them (its
      `classifier.*` may be there too, and is left out);
    - lin{0, 1, 2, 3, 4}.model.1.weight: the linear heads (1, c, 1, 1) of v0.1, as the package lpips has them.

    So such a file is made by

        heads = torch.load("lpips/weights/v0.1/alex.pth", "cpu", weights_only=True)
        save_file(torchvision.models.alexnet(weights="IMAGENET1K_V1").state_dict() | heads, path)

    Raises:
        BadRequest: a file that cannot be read, or names and shapes that are not these.
    """
    state = read_weights(Path(path))
    network = Lpips(alexnet(), TAPS, CHANNELS)
    wanted = {name: value for name, value in state.items() if not name.startswith("classifier.")}
    for number, channels in enumerate(CHANNELS):
        head = wanted.pop(f"lin{number}.model.1.weight", None)
        if head is None or head.shape != (1, channels, 1, 1):
            raise BadRequest(
                f"{path} does not fit: it has no lin{number}.model.1.weight (1, {channels}, 1, 1)"
            )
        wanted[f"heads.{number}"] = head.flatten()
    fill(network, wanted, path)
    return network.eval().requires_grad_(False)
