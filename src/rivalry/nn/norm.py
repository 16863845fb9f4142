"""Batch normalization: conditioned on the class, and with statistics that are gathered anew."""

import copy
from collections.abc import Iterable

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


class ConditionalBatchNorm(nn.Module):
    """Batch normalization with a gain and a bias for each class (Dumoulin et al. 2016, arXiv 1610.07629).

    (n, channels, h, w), labels (n,) -> (n, channels, h, w).  With no classes it is batch normalization.
    """

    def __init__(self, channels: int, classes: int = 0):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=not classes)
        if classes:
            self.gain, self.bias = nn.Embedding(classes, channels), nn.Embedding(classes, channels)
            nn.init.ones_(self.gain.weight)
            nn.init.zeros_(self.bias.weight)

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        x = self.norm(x)
        if label is None:
            return x
        return x * self.gain(label)[..., None, None] + self.bias(label)[..., None, None]


def with_statistics_of(batches: Iterable[tuple[Tensor, ...]], network: nn.Module) -> nn.Module:
    """A copy in evaluation mode whose batch norm has the statistics of these batches, each counting alike.

    A network without batch norm, or whose batch norm keeps no statistics, is given back as it is.

    Args:
        batches: the arguments of the network, a tuple for each call.
    """
    if not any(isinstance(layer, _BatchNorm) and layer.track_running_stats for layer in network.modules()):
        return network
    network = copy.deepcopy(network).eval()
    for layer in network.modules():
        if isinstance(layer, _BatchNorm):
            layer.reset_running_stats()
            layer.momentum = None  # the plain mean over all batches
            layer.train()
    for batch in batches:
        network(*batch)
    return network.eval()
