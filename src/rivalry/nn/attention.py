"""Self-attention over the places of an image: every place may use every other.

    o_j = Σ_i softmax_i(f(x_i)ᵀ g(x_j)) h(x_i),        y = γ v(o) + x,    γ = 0 at the start

(Zhang et al. 2018, "Self-Attention Generative Adversarial Networks", arXiv 1805.08318, equations 1 to 3.)
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.errors import BadRequest


class SelfAttention(nn.Module):
    """(n, c, h, w) -> the same.

    The keys and values are halved by max pooling, as in the authors' code: a quarter of the memory.  A map with a side
    of one place is not halved.

    Args:
        channels: c.
        size: h and w of the map, for the description of the network; see `described`.
    """

    def __init__(self, channels: int, size: tuple[int, int]):
        super().__init__()
        self.size = size
        few, some = max(1, channels // 8), max(1, channels // 2)
        self.query, self.key = (
            nn.Conv2d(channels, few, 1, bias=False),
            nn.Conv2d(channels, few, 1, bias=False),
        )
        self.value, self.out = (
            nn.Conv2d(channels, some, 1, bias=False),
            nn.Conv2d(some, channels, 1, bias=False),
        )
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        values = _halved(self.value(x)).flatten(2)  # (n, c/2, h'w')
        seen = values @ self.weights(x).flatten(3).flatten(1, 2).transpose(1, 2)  # (n, c/2, hw)
        return x + self.gamma * self.out(seen.view(x.shape[0], -1, *x.shape[2:]))

    def weights(self, x: Tensor) -> Tensor:
        """The weight that each place (h, w) gives to each of (h', w'): (n, h, w, h', w'), summing to 1 over those."""
        queries, keys = self.query(x), _halved(self.key(x))
        scores = queries.flatten(2).transpose(1, 2) @ keys.flatten(2)  # (n, hw, h'w')
        return scores.softmax(2).view(x.shape[0], *x.shape[2:], *keys.shape[2:])


def nearest_map(sides: Sequence[int], asked: int) -> int:
    """Which of a network's maps is attended on: the one whose shorter side is nearest to `asked`, as a ratio.

    Args:
        sides: the shorter sides of its maps, one at least.
        asked: a side; 0 for no attention.

    Returns:
        The number of the map, or -1 for none.
    """
    if not asked:
        return -1
    return min(range(len(sides)), key=lambda i: abs(math.log(sides[i] / asked)))


def described(network: nn.Module) -> str:
    """The sizes of the maps that a network attends on, in words: "14 x 14"; empty for none."""
    sizes = [layer.size for layer in network.modules() if isinstance(layer, SelfAttention)]
    return ", ".join(f"{h} x {w}" for h, w in sizes)


def _halved(x: Tensor) -> Tensor:
    return F.max_pool2d(x, 2) if min(x.shape[2:]) > 1 else x


def attended(network: nn.Module, call: Callable[[], Tensor]) -> tuple[Tensor, Tensor]:
    """The result of `call`, and the weights of the first attention layer that it ran.

    Args:
        network: whose layers are watched.
        call: runs a part of it: (n, ...).

    Returns:
        The result, and weights (n, h, w, h', w'), see `SelfAttention.weights`.

    Raises:
        BadRequest: no attention was run.
    """
    looked: list[Tensor] = []

    def watch(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        assert isinstance(layer, SelfAttention)
        looked.append(layer.weights(inputs[0]))

    layers = [layer for layer in network.modules() if isinstance(layer, SelfAttention)]
    hooks = [layer.register_forward_pre_hook(watch) for layer in layers]
    try:
        made = call()
    finally:
        for hook in hooks:
            hook.remove()
    if not looked:
        raise BadRequest(
            "no layer of this game attends: there are no maps to show (sagan and biggan have them)"
        )
    return made, looked[0]
