"""How much better an action was than the policy's average: generalized advantage estimation, and PPO's loss.

    δ_t = r_t + γ V(s_{t+1}) - V(s_t)        A_t = δ_t + γλ A_{t+1}

(Schulman et al. 2015, arXiv 1506.02438.)  Nothing follows a step that ended an episode: V(s_{t+1}) is 0 there.  After
a step at which the episode was cut by its horizon, V(s_{t+1}) stands for the rest.
"""

import torch
from torch import Tensor


def advantages(
    reward: Tensor,
    value: Tensor,
    following: Tensor,
    ended: Tensor,
    cut: Tensor,
    *,
    discount: float,
    trace: float,
) -> Tensor:
    """A_t of steps in order, (steps, copies).

    Args:
        reward: of each step, (steps, copies), as all others.
        value, following: V of what was seen before and after the step.
        ended, cut: 1 where the episode ended with the step by itself, or by its horizon.
        discount, trace: γ and λ.
    """
    delta = reward + discount * following * (1 - ended) - value
    carried = discount * trace * (1 - ended) * (1 - cut)
    found, last = torch.empty_like(delta), torch.zeros_like(delta[0])
    for t in range(len(delta) - 1, -1, -1):
        last = delta[t] + carried[t] * last
        found[t] = last
    return found


def clipped_surrogate(log_ratio: Tensor, advantage: Tensor, within: float) -> Tensor:
    """-E[min(ρ A, clip(ρ, 1 ± within) A)], ρ the new probability by the old one (arXiv 1707.06347, eq. 7)."""
    ratio = log_ratio.exp()
    return -torch.minimum(ratio * advantage, ratio.clamp(1 - within, 1 + within) * advantage).mean()
