"""Spectral normalization: a layer's weight divided by its largest singular value, kept by power iteration.

    W̄ = W / σ(W),    σ(W) = max_{‖v‖ = 1} ‖W v‖ ≈ uᵀ W v

(Miyato et al. 2018, arXiv 1802.05957).  A convolution's weight counts as the matrix (out, rest), as in the
paper: this bounds the layer's Lipschitz constant only up to a factor that grows with the kernel.

Deviation: u and v start from 15 iterations on the weight at hand, so that the first round is normalized
too; the paper starts from a random u.
"""

from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
NORMALIZED = (nn.Linear, nn.Embedding, nn.Conv1d, nn.Conv2d, nn.Conv3d, *TRANSPOSED)
WARM_UP = 15

Module = TypeVar("Module", bound=nn.Module)


def _unit(x: Tensor) -> Tensor:
    return x / torch.linalg.vector_norm(x).clamp(min=1e-12)


class Spectral(nn.Module):
    """The parametrization W -> W / uᵀWv, differentiable in W with u and v held constant.

    Each forward in training takes one step, v <- Wᵀu/‖·‖ then u <- Wv/‖·‖ (Algorithm 1); this order lets
    the product Wv serve σ as well.  In eval nothing moves.  Autocast is off within.

    Attributes:
        u: (out,), a unit vector.
        v: a unit vector in the shape of the weight without its output dimension.

    Args:
        weight: the layer's weight, of two dimensions or more and not all zeros.
        dim: the output dimension: 0, or 1 in a transposed convolution.
    """

    u: Tensor
    v: Tensor

    def __init__(self, weight: Tensor, dim: int = 0):
        super().__init__()
        self.dim = dim
        with torch.no_grad():
            self.register_buffer(
                "u", _unit(torch.randn_like(weight.select(dim, 0).new_empty(weight.shape[dim])))
            )
            self.register_buffer(
                "v", torch.zeros_like(weight.select(dim, 0), memory_format=torch.contiguous_format)
            )
            for _ in range(WARM_UP):
                self(weight)

    def forward(self, weight: Tensor) -> Tensor:
        if not torch.is_autocast_enabled(weight.device.type):
            return self._normalized(weight)
        with torch.autocast(weight.device.type, enabled=False):
            return self._normalized(weight)

    def _normalized(self, weight: Tensor) -> Tensor:
        order = self._order(weight)
        matrix = weight.permute(self.dim, *order).flatten(1)  # (out, rest), a view wherever one exists
        stored = self.v.permute([d - (d > self.dim) for d in order])  # v, in the matrix's order of columns
        if self.training:
            v = _unit(self.u @ matrix.detach())
            image = matrix @ v
            u = _unit(image.detach())
            self.u.copy_(u)  # in place, while the graph holds u and v themselves: two forwards may share it
            stored.copy_(v.view(stored.shape))
        else:
            u, v = self.u.clone(), stored.flatten().clone()
            image = matrix @ v
        return weight * (u @ image).reciprocal()  # the derivative of a quotient takes two passes more

    def _order(self, weight: Tensor) -> list[int]:
        """The other dimensions as they lie in memory, so that channels_last weights are not copied."""
        others = [d for d in range(weight.dim()) if d != self.dim]
        return sorted(others, key=lambda d: -weight.stride()[d])


def output_dim(layer: nn.Module) -> int:
    """The dimension of a layer's weight that counts its outputs: 1 in a transposed convolution, else 0."""
    return int(isinstance(layer, TRANSPOSED))


def spectral_norm(module: Module) -> Module:
    """Normalize the weight of one linear, convolutional or embedding layer, in place; returns the layer.

    Raises:
        ValueError: another kind of layer, or one that is parametrized already.
    """
    if not isinstance(module, NORMALIZED):
        kinds = "a linear, convolutional or embedding layer"
        raise ValueError(f"spectral normalization is for {kinds}, got {type(module).__name__}")
    if parametrize.is_parametrized(module, "weight"):
        raise ValueError(f"the weight of this {type(module).__name__} is parametrized already")
    assert isinstance(module.weight, Tensor)
    parametrize.register_parametrization(module, "weight", Spectral(module.weight, output_dim(module)))
    return module


def spectral(network: Module, but: type[nn.Module] | tuple[type[nn.Module], ...] = ()) -> Module:
    """Normalize every linear, convolutional and embedding layer of a network, in place; returns the network.

    Layers that are parametrized already, and those of the kinds `but`, stay as they are.
    """
    for layer in list(network.modules()):
        bare = not parametrize.is_parametrized(layer, "weight")
        if bare and isinstance(layer, NORMALIZED) and not isinstance(layer, but):
            spectral_norm(layer)
    return network
