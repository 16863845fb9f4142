"""Normalizations that are told the class."""

from torch import Tensor, nn


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
