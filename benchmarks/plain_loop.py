"""The loop that most public repositories train with, written out: our engine is compared with it.

float32 in the layout (n, c, h, w); a DataLoader that turns each image on its own from PIL into a normalized tensor;
binary cross entropy; `loss.backward()`, which in the generator's turn computes the critic's weight gradients too;
`torch.optim.Adam` with its defaults; the losses read out with `.item()`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader


def to_tensor(image: Image.Image) -> Tensor:
    """PIL (h, w) or (h, w, c), 0 to 255 -> float32 (c, h, w) in [0, 1], as torchvision's ToTensor does it."""
    x = torch.from_numpy(np.array(image, copy=True))
    x = x.view(image.size[1], image.size[0], len(image.getbands()))
    return x.permute(2, 0, 1).contiguous().to(torch.float32).div(255)


def normalize(x: Tensor) -> Tensor:
    """[0, 1] -> [-1, 1], channel by channel, as torchvision's Normalize does it."""
    half = torch.full((len(x), 1, 1), 0.5)
    return x.clone().sub_(half).div_(half)


class Images(torch.utils.data.Dataset[Tensor]):
    """uint8 (n, c, h, w) served one at a time, each through PIL; resized there when `size` is given."""

    def __init__(self, x: Tensor, size: int | None = None):
        self.x, self.size = x.permute(0, 2, 3, 1).numpy(), size

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, i: int) -> Tensor:
        pixels = self.x[i]
        image = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
        if self.size:
            image = image.resize((self.size, self.size), Image.Resampling.BILINEAR)
        return normalize(to_tensor(image))


def endless(loader: DataLoader[Tensor]) -> Iterator[Tensor]:
    while True:
        yield from loader


@dataclass
class Plain:
    """A plain loop's networks, and how it wires them.

    Attributes:
        latent: draws n codes: (n, device) -> (n, 100).
        loss: binary cross entropy, of logits or, where the critic ends in a sigmoid, of probabilities.
        generator_first: the order of the two turns.
        share: the factor on the critic's two terms.
    """

    G: nn.Module
    D: nn.Module
    latent: Callable[[int, torch.device], Tensor]
    loss: nn.Module
    generator_first: bool = False
    share: float = 1.0


def plain_rounds(
    it: Plain, loader: DataLoader[Tensor], device: torch.device
) -> Iterator[tuple[float, float]]:
    """Train for ever, one round for each value taken; the values are the two losses."""
    G, D = it.G.to(device).train(), it.D.to(device).train()
    optimizer_G = torch.optim.Adam(G.parameters(), lr=2e-4, betas=(0.5, 0.999))
    optimizer_D = torch.optim.Adam(D.parameters(), lr=2e-4, betas=(0.5, 0.999))
    turns = (1, 0) if it.generator_first else (0, 1)
    losses = [torch.zeros(()), torch.zeros(())]
    for batch in endless(loader):
        real = batch.to(device)
        ones, zeros = torch.ones(len(real), device=device), torch.zeros(len(real), device=device)
        fake = G(it.latent(len(real), device))
        for turn in turns:
            if turn == 0:
                optimizer_D.zero_grad()
                on_real, on_fake = it.loss(D(real), ones), it.loss(D(fake.detach()), zeros)
                losses[0] = it.share * (on_real + on_fake)
                losses[0].backward()
                optimizer_D.step()
            else:
                optimizer_G.zero_grad()
                losses[1] = it.loss(D(fake), ones)
                losses[1].backward()
                optimizer_G.step()
        yield losses[0].item(), losses[1].item()
