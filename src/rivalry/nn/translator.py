"""Networks from image to image, for images of any size from 8 x 8 on.

Each halving is undone to the exact size from before it, so odd sides need neither padding nor cropping.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.maths.chance import some_rows
from rivalry.nn.conv import Shape, batch_norm, halvings, init_normal


class InstanceNorm(nn.Module):
    """Each channel of each datum to mean 0 and variance 1 over its places (Ulyanov et al. 2016, arXiv 1607.08022).

    (n, c, h, w) -> the same, without gain and bias; more than one place.
    """

    def forward(self, x: Tensor) -> Tensor:
        if x.device.type != "cpu" or torch.compiler.is_compiling():
            return F.instance_norm(x)
        # On a processor batch norm alone reads channels that lie last as they lie: a third of the time.
        return torch.cat([F.batch_norm(one, None, None, training=True) for one in x.split(1)])


class Residual(nn.Module):
    """x + 3 x 3 - norm - relu - 3 x 3 - norm: (n, c, h, w) -> the same."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv1, self.conv2 = (
            nn.Conv2d(channels, channels, 3, 1, 1, padding_mode="reflect", bias=False) for _ in range(2)
        )
        self.norm = InstanceNorm()

    def forward(self, x: Tensor) -> Tensor:
        return x + self.norm(self.conv2(F.relu(self.norm(self.conv1(x)))))


class ResidualTranslator(nn.Module):
    """Images (n, c + joined, h, w) -> images (n, c, h, w) in [-1, 1]: two halvings, residual blocks, two doublings.

    (Johnson et al. 2016, arXiv 1603.08155; as in Zhu et al. 2017, arXiv 1703.10593, appendix 7.2.)

    Args:
        shape: of the images that are made.
        joined: channels that are joined to the image and constant over it.  Then the first map is not normalized:
            subtracting its mean over places would remove what these channels say.
        width: channels at full size; they double where the size is halved.
        blocks: residual blocks: 6 for images of 128 x 128, 9 for larger ones in the paper.
    """

    def __init__(self, shape: Shape, *, joined: int = 0, width: int = 64, blocks: int = 9):
        super().__init__()
        c, k = shape[0], width
        self.first = nn.Conv2d(c + joined, k, 7, 1, 3, padding_mode="reflect", bias=joined > 0)
        self.first_norm = nn.Identity() if joined else InstanceNorm()
        self.downs = nn.ModuleList([nn.Conv2d(a, 2 * a, 3, 2, 1, bias=False) for a in (k, 2 * k)])
        self.blocks = nn.Sequential(*[Residual(4 * k) for _ in range(blocks)])
        self.ups = nn.ModuleList([nn.ConvTranspose2d(2 * a, a, 3, 2, 1, bias=False) for a in (2 * k, k)])
        self.last = nn.Conv2d(k, c, 7, 1, 3, padding_mode="reflect")
        self.norm = InstanceNorm()
        self.apply(init_normal)

    def forward(self, x: Tensor) -> Tensor:
        x, sizes = F.relu(self.first_norm(self.first(x))), []
        for down in self.downs:
            sizes.append(list(x.shape[2:]))
            x = F.relu(self.norm(down(x)))
        x = self.blocks(x)
        for up in self.ups:
            x = F.relu(self.norm(up(x, output_size=sizes.pop())))
        return self.last(x).tanh()


class EncoderDecoder(nn.Module):
    """Images (n, c, h, w) -> images (n, c, h, w) in [-1, 1], by way of a map whose shorter side is 4 to 7.

    DCGAN's critic without its last layer, then its generator without its first
    (Kim et al. 2017, arXiv 1703.05192).
    """

    def __init__(self, shape: Shape, *, width: int = 64):
        super().__init__()
        c, k = shape[0], halvings(shape)
        sizes = [c, *(width * 2**i for i in range(k))]
        self.downs = nn.ModuleList(
            [nn.Conv2d(sizes[i], sizes[i + 1], 4, 2, 1, bias=i == 0) for i in range(k)]
        )
        self.ups = nn.ModuleList(
            [nn.ConvTranspose2d(sizes[i], sizes[i - 1], 4, 2, 1, bias=i == 1) for i in range(k, 0, -1)]
        )
        self.down_norms = nn.ModuleList([nn.Identity(), *map(batch_norm, sizes[2:])])
        self.up_norms = nn.ModuleList(map(batch_norm, sizes[-2:0:-1]))
        self.apply(init_normal)

    def forward(self, x: Tensor) -> Tensor:
        sizes = []
        for down, norm in zip(self.downs, self.down_norms):
            sizes.append(list(x.shape[2:]))
            x = F.leaky_relu(norm(down(x)), 0.2)
        for up, norm in zip(self.ups, self.up_norms):
            x = F.relu(norm(up(x, output_size=sizes.pop())))
        return self.ups[-1](x, output_size=sizes.pop()).tanh()


class EachDomain(nn.ModuleList):
    """A network for each domain: (n, ...) and domains (n,) -> what each datum's own network makes of it."""

    def __init__(self, networks: Iterable[nn.Module]):
        super().__init__(networks)

    def forward(self, x: Tensor, domain: Tensor) -> Tensor:
        if torch.compiler.is_compiling():  # a program for batches of any size: each network gets all of it
            every = torch.stack([network(x) for network in self], 1)
            return every[torch.arange(x.shape[0], device=x.device), domain]
        rows = [torch.nonzero(domain == k).flatten() for k in range(len(self))]
        made = []
        for network, mine in zip(self, rows):
            with some_rows(mine):
                made += [network(x[mine])] if len(mine) else []
        return torch.cat(made)[torch.cat(rows).argsort()]
