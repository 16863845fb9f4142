"""Networks in which an output sees only the inputs before it: masked layers, MADE, and MAF's bijection.

(Germain et al. 2015, "MADE", arXiv 1502.03509; Papamakarios et al. 2017, "Masked Autoregressive Flow for Density
Estimation", arXiv 1705.07057.)
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.nn.coupling import Bijection, Mapped

BOUND = 3.0  # of the log-scales of a masked flow: its sequential inverse then meets no overflow on its way


class MaskedLinear(nn.Linear):
    """A linear layer some of whose weights are 0: mask (out, in) of 0 and 1."""

    mask: Tensor

    def __init__(self, mask: Tensor):
        super().__init__(mask.shape[1], mask.shape[0])
        self.register_buffer("mask", mask.float())
        # Each unit has fewer inputs than the layer; the range of its first weights follows its own number.
        seen = mask.float().sum(1, keepdim=True).clamp(min=1)
        with torch.no_grad():
            self.weight.mul_((mask.shape[1] / seen).sqrt())

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight * self.mask, self.bias)


class Made(nn.Module):
    """A perceptron whose output i sees only inputs 0 to i - 1: (n, d) -> (n, d, parts).

    A hidden unit of degree m sees inputs 0 to m - 1; degrees are dealt out in turn, so that nothing is random.  The
    inputs are also connected straight to the outputs, as section 4.2 of the paper proposes.

    Args:
        parts: numbers that each output has.
        width, depth: units of a hidden layer, and hidden layers.
    """

    def __init__(self, d: int, parts: int, *, width: int, depth: int, dropout: float = 0.0):
        super().__init__()
        self.d, self.parts, self.dropout = d, parts, dropout
        inputs = torch.arange(1, d + 1)
        hidden = torch.arange(width) % max(1, d - 1) + 1
        outputs = inputs.repeat_interleave(parts)
        before = [inputs, *[hidden] * (depth - 1)]
        self.layers = nn.ModuleList(MaskedLinear(hidden[:, None] >= seen) for seen in before)
        self.last = MaskedLinear(outputs[:, None] > hidden)
        self.straight = MaskedLinear(outputs[:, None] > inputs)

    def forward(self, x: Tensor) -> Tensor:
        h = x
        for layer in self.layers:
            h = F.dropout(F.relu(layer(h)), self.dropout, self.training)
        return (self.last(h) + self.straight(x)).view(-1, self.d, self.parts)

    def begin_at_zero(self) -> "Made":
        """Every output 0 at first."""
        for parameter in [*self.last.parameters(), *self.straight.parameters()]:
            nn.init.zeros_(parameter)
        return self


class MaskedAffine(Bijection):
    """z_i = (x_i - μ_i) exp(-α_i), with μ_i and α_i of x_0 to x_{i-1}: all at once this way, one by one back.

    (Papamakarios et al. 2017, equations 3 and 4.)
    """

    def __init__(self, d: int, *, width: int, depth: int):
        super().__init__()
        self.made = Made(d, 2, width=width, depth=depth).begin_at_zero()

    def forward(self, x: Tensor) -> Mapped:
        mean, log_scale = self._mean_and_log_scale(x)
        return (x - mean) * (-log_scale).exp(), -log_scale.sum(1)

    def inverse(self, y: Tensor) -> Mapped:
        def step(x: Tensor) -> Tensor:
            mean, log_scale = self._mean_and_log_scale(x)
            return mean + y * log_scale.exp()

        x = in_order(step, torch.zeros_like(y), y.shape[1])
        return x, self._mean_and_log_scale(x)[1].sum(1)

    def _mean_and_log_scale(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean, raw = self.made(x).unbind(2)
        return mean, BOUND * (raw / BOUND).tanh()


def in_order(step: Callable[[Tensor], Tensor], x: Tensor, most: int) -> Tensor:
    """The x with step(x) = x, where each number of step(x) depends on the numbers of x before it alone.

    After k steps the first k numbers are right, whatever x was; most often all are right much earlier, and then a
    step changes nothing (Song et al. 2021, "Accelerating Feedforward Computation via Parallel Nonlinear Equation
    Solving", arXiv 2002.03629, the Jacobi iteration).

    Args:
        most: how many numbers there are in order.
    """
    for _ in range(most):
        x, before = step(x), x
        if torch.equal(x, before):
            break
    return x
