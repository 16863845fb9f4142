"""ScratchGAN: no likelihood at any time; a reward for every token, and batches large enough for its noise.

    min_D  E_x[mean_t softplus(-D_t(x))] + E_G[mean_t softplus(D_t(x))]

    max_G  E_G[ Σ_t log G(x_t | x_<t) · (R_t - b) ],   R_t = Σ_{s ≥ t} γ^(s - t) (2 σ(D_s) - 1)

(de Masson d'Autume et al. 2019, "Training Language GANs from Scratch", arXiv 1905.09922.)  The critic scores each
token given those up to it, so that a token is rewarded by what follows soon, without roll-outs.  The baseline b is a
moving average of the rewards.  The generator begins untrained.

Deviations:
    One recurrent layer of 128 units in place of two of 512, embeddings learned from nothing in place of GloVe's, and
        an output that is not tied to them.
    The critic's weights have no decay, and each critic step is followed by one of the generator.
    A generator's rate of 1e-3 in place of 9.6e-5, and a critic's of 1e-3 in place of 9.4e-3, for minutes in place of
        200,000 steps.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from rivalry.data.source import Source, Spec
from rivalry.game import Move, Player
from rivalry.games.sentences import Sentences
from rivalry.kinds.tokens import PAD, vocabulary_size
from rivalry.maths.divergences import non_saturating
from rivalry.maths.optimizers import adam
from rivalry.maths.policy import returns, surrogate
from rivalry.nn.next_token import Recurrent
from rivalry.nn.sentence_critics import RecurrentTokenCritic
from rivalry.settings import Count, Fraction, Rate


class ScratchGAN(Sentences):
    """A generator that learns from dense rewards alone.

    Args:
        network: the generator.
        D: tokens (n, t) -> scores of each token given those up to it (n, t), real is high.
        discount: γ, of the rewards of later tokens.
        decay: the share of the old baseline that each round keeps.
    """

    baseline: Tensor

    def __init__(
        self,
        network: Recurrent,
        D: nn.Module,
        spec: Spec,
        *,
        discount: float,
        decay: float,
        batch: int,
        lr: float,
        critic_lr: float,
    ):
        super().__init__(network, spec, classes=0, batch=batch)
        self.D, self.discount, self.decay = D, discount, decay
        self.register_buffer("baseline", torch.zeros(()))
        self.generator = Player(network, optimizer=adam(lr, 0.5))
        self.critic = Player(D, optimizer=adam(critic_lr, 0.5))

    def round(self, data: Source, t: int) -> Iterator[Move]:
        (x,) = data.take(self.batch)
        with torch.no_grad():
            fake = self.sample(len(x))
        on_real, on_fake = self.D(x)[x != PAD], self.D(fake)[fake != PAD]
        notes = {"real": on_real.sigmoid().mean(), "fake": on_fake.sigmoid().mean()}
        yield Move(self.critic, non_saturating.critic(on_real, on_fake), notes)

        there = fake != PAD
        with torch.no_grad():
            total = returns((2 * self.D(fake).sigmoid() - 1) * there, self.discount)
            mean = total[there].mean()
        loss = surrogate(self.of_tokens(fake), total - self.baseline, there)
        self.baseline.lerp_(mean, 1 - self.decay)
        yield Move(self.generator, loss, {"return": mean})

    def score(self, x: Tensor) -> Tensor:
        """The critic's mean score of a sentence's tokens: (n, t) -> (n,)."""
        there = (x != PAD).to(self.baseline)
        return (self.D(x) * there).sum(1) / there.sum(1).clamp(min=1)


def scratchgan(
    spec: Spec,
    *,
    embedding: Count = 64,
    width: Count = 128,
    critic_width: Count = 128,
    dropout: Fraction = 0.1,
    discount: Fraction = 0.23,
    decay: Fraction = 0.08,
    batch: Count = 512,
    lr: Rate = 1e-3,
    critic_lr: Rate = 1e-3,
) -> ScratchGAN:
    """Sentences without a likelihood, by a critic of every token.

    Settings:
        embedding: numbers that stand for a token, in both networks
        width: units of the generator's recurrent layer
        critic_width: units of the critic's recurrent layer
        dropout: share of the critic's units that is dropped
        discount: of the rewards of later tokens, for each token between
        decay: share of the old baseline that each round keeps
        batch: sentences of one turn
        lr: Adam's step size, of the generator
        critic_lr: of the critic
    """
    spec.require("scratchgan", kind="tokens")
    tokens = vocabulary_size(spec.x)
    return ScratchGAN(
        Recurrent(tokens, embedding, width),
        RecurrentTokenCritic(tokens, spec.shape[0], embedding, critic_width, dropout),
        spec,
        discount=discount,
        decay=decay,
        batch=batch,
        lr=lr,
        critic_lr=critic_lr,
    )


RECIPES = {
    "scratchgan": {
        "laptop": {"batch": 256, "time": "20m"},
        "oracle": {
            "data": "oracle",
            "width": 32,
            "embedding": 32,
            "critic_width": 64,
            "batch": 256,
            "rounds": 600,
        },
    }
}
