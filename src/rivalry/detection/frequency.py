"""The baseline: logistic regression on how much power a picture has at each frequency.

(Durall et al. 2019, "Unmasking DeepFakes with simple features", arXiv 1911.00686.)  Generators that enlarge by
transposed convolutions leave too little or too much of the high frequencies.  A network that does no better than
these few numbers has learned no more than this.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from rivalry.metrics.image.images import light

RIDGE = 1e-3


def spectrum(x: Tensor) -> Tensor:
    """The log of the mean power at each whole frequency: (n, c, h, w) in [-1, 1] -> (n, k) float32.

    Frequency i has i periods along the shorter side.  The last lies in the corners, beyond half of the side: a grid of
    single pixels, as transposed convolutions leave it, has its power there.
    """
    power = torch.fft.fft2(light(x).double()).abs().square()  # (n, h, w)
    h, w = power.shape[1:]
    away = torch.sqrt(torch.fft.fftfreq(h)[:, None].square() + torch.fft.fftfreq(w).square()) * min(h, w)
    ring = away.round().long().flatten()
    many = torch.bincount(ring).clamp(min=1)
    sums = torch.zeros(len(x), len(many), dtype=torch.double).index_add_(1, ring, power.flatten(1))
    return (sums / many + 1e-6).log().float()


def frequency_scores(train: Tensor, made: Tensor, test: Tensor) -> Tensor:
    """Scores (m,) of test pictures, high for made, by a regression on the spectra of others.

    Args:
        train: (n, c, h, w) in [-1, 1].
        made: (n,) bool.
        test: (m, c, h, w) in [-1, 1].
    """
    a, b = spectrum(train), spectrum(test)
    mean, std = a.mean(0), a.std(0).clamp(min=1e-6)
    a, b = (a - mean) / std, (b - mean) / std
    weights = torch.zeros(a.shape[1] + 1, requires_grad=True)
    descent = torch.optim.LBFGS([weights], max_iter=100, line_search_fn="strong_wolfe")

    def cost() -> Tensor:
        descent.zero_grad()
        fit = F.binary_cross_entropy_with_logits(a @ weights[1:] + weights[0], made.float())
        loss = fit + RIDGE * weights[1:].square().sum()
        loss.backward()
        return loss

    with torch.enable_grad():
        descent.step(cost)
    return (b @ weights[1:] + weights[0]).detach()
