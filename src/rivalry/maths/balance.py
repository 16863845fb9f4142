"""The weight of one loss beside another, set so that both pull a weight of the network equally hard.

    λ = ‖∂L_one/∂w‖ / (‖∂L_other/∂w‖ + δ),        w the last layer, which both losses reach

(Esser et al. 2020, "Taming Transformers for High-Resolution Image Synthesis", arXiv 2012.09841, equation 7.)
"""

import torch
from torch import Tensor

SMALL, MOST = 1e-4, 1e4  # δ, and the largest λ


def gradient_ratio(one: Tensor, other: Tensor, weight: Tensor) -> Tensor:
    """λ, a scalar without gradient, for the loss `one` and the loss `other` that it weighs.

    Args:
        weight: a parameter that both losses depend on.
    """
    pulls = [torch.autograd.grad(loss, weight, retain_graph=True)[0].norm() for loss in (one, other)]
    return (pulls[0] / (pulls[1] + SMALL)).clamp(max=MOST).detach()
