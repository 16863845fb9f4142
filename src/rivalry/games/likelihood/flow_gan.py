"""Flow-GAN: a generator whose likelihood is known, trained as a generator, by its likelihood, or by both.

    min_G max_D  E_x[D(x)] - E_z[D(G(z))] - λ E_x[log p_G(x)],        G = f⁻¹, p_G as of a flow f

(Grover et al. 2017, "Flow-GAN: Combining Maximum Likelihood and Adversarial Learning in Generative Models",
arXiv 1705.08868, equation 9.)  D is kept Lipschitz by a gradient penalty.  The likelihood shows what no critic sees:
a generator that is trained against a critic alone makes samples that may look well, and gives real data next to no
probability.

Deviations:
    λ weighs the likelihood per dimension, so that one value serves images of any size.
    Images are on [-1, 1], spread over the levels of the data; both players see them so.
    With likelihood alone it is NICE's game: no critic is there.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from torch import Tensor, nn

from rivalry.averages import average_of
from rivalry.data.source import Source, Spec
from rivalry.divergences import Divergence, wasserstein
from rivalry.game import Game, Move, Player
from rivalry.games.likelihood.nice import Density, Flow, gaussian, logistic, nice_flow
from rivalry.levels import Levels
from rivalry.nn.choice import critic_for
from rivalry.nn.coupling import start_from_data
from rivalry.optimizers import MakeOptimizer, adam
from rivalry.penalties import Penalty, gradient_penalty
from rivalry.settings import Count, Fraction, Rate, Weight
