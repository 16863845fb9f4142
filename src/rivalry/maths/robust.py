"""A critic that is trained against attacks, as a term of its loss.

    weight · E[softplus(-D(x - δ_x)) + softplus(D(G(z) + δ_z))],     δ the worst change of length ε at most

(Madry et al. 2017, arXiv 1706.06083, equation 2.1, for the two classes real and fake; for GANs see Zhou & Krähenbühl
2018, "Don't let your Discriminator be fooled", ICLR 2019.)
"""

from torch import Tensor
from torch.nn import functional as F

from rivalry.maths.attack import Norm, pgd
from rivalry.maths.divergences import as_float32
from rivalry.maths.penalties import Pass, Penalty


def robust(weight: float = 1.0, *, reach: float, norm: Norm = "L2", steps: int = 5) -> Penalty:
    """The logistic loss at the worst points near the data.

    Args:
        weight: beside the loss at the data themselves.
        reach: ε, in the unit of the data.
        norm: by which a change is measured.
        steps: of the attack.
    """

    def measure(real: Pass, fake: Pass) -> Tensor:
        critic = real.critic
        down = pgd(lambda x: -critic(x), as_float32(real.x), reach, norm, steps=steps)
        up = pgd(critic, as_float32(fake.x), reach, norm, steps=steps)
        on_real, on_fake = critic(real.x.detach() + down), critic(fake.x.detach() + up)
        return F.softplus(-on_real).mean() + F.softplus(on_fake).mean()

    return Penalty("robust", measure, weight)
