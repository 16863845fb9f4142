"""The policy gradient for sentences: each token is an action, and a critic's judgment is its reward.

    ∇ E[R] = E[ Σ_t ∇ log p(x_t | x_<t) · (Q_t - b_t) ]

for any baseline b_t that does not depend on the token x_t (Williams 1992, "Simple Statistical Gradient-Following
Algorithms").  A baseline leaves the mean as it is and makes the noise smaller.
"""

import torch
from torch import Tensor


def surrogate(log_p: Tensor, advantage: Tensor, there: Tensor) -> Tensor:
    """A loss whose gradient is minus the policy gradient: the mean over sentences of -Σ_t log p_t · advantage_t.

    Args:
        log_p: (n, t), of the tokens that were drawn; differentiable.
        advantage: (n, t), Q less its baseline; no gradient is taken through it.
        there: (n, t), whether the place holds a token.
    """
    return -(log_p * advantage.detach() * there).sum(1).mean()


def mean_of_others(q: Tensor, there: Tensor) -> Tensor:
    """The mean of each column over the other rows that have a token there; 0 where there is no other: (n, t).

    As a baseline it does not depend on the row's own tokens, so that the gradient stays unbiased.
    """
    weight = there.to(q.dtype)
    rest, count = (q * weight).sum(0) - q * weight, weight.sum(0) - weight
    return rest / count.clamp(min=1)


def returns(reward: Tensor, discount: float) -> Tensor:
    """The discounted sum of the rewards from each place on, Σ_s≥t γ^(s - t) r_s: (n, t) -> (n, t)."""
    total, found = torch.zeros_like(reward[:, 0]), list[Tensor]()
    for r in reversed(reward.unbind(1)):
        total = r + discount * total
        found.append(total)
    return torch.stack(found[::-1], 1)


def gumbel(uniform: Tensor) -> Tensor:
    """Gumbel noise from uniform numbers on [0, 1).

    The argmax of logits + noise is a draw from their softmax (Gumbel 1954).
    """
    return -(-uniform.clamp(1e-20, 1 - 1e-7).log()).log()


def relaxed(logits: Tensor, noise: Tensor, inverse_temperature: float) -> Tensor:
    """softmax(β (logits + noise)): a distribution that is a draw, one token, in the limit of a large β.

    (Jang et al. 2016, arXiv 1611.01144; Maddison et al. 2016, arXiv 1611.00712, with β = 1/τ.)
    """
    return (inverse_temperature * (logits + noise)).softmax(-1)
