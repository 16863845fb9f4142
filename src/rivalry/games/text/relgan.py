"""RelGAN: relaxed tokens let the critic's gradient through, and its judgment is relative.

    y_t = softmax(β (logits_t + g_t)),   x_t = arg max(logits_t + g_t),   g Gumbel noise

    min_D  E[softplus(D(y) - D(x))]        min_G  E[softplus(D(x) - D(y))]        x real, y relaxed

(Nie et al. 2019, "RelGAN: Relational Generative Adversarial Networks for Text Generation", ICLR; the relaxation of
Jang et al. 2016, arXiv 1611.01144, and the loss of Jolicoeur-Martineau 2018, arXiv 1807.00734.)  x_t is drawn from the
generator's own distribution.  The inverse temperature β rises exponentially from 1: soft tokens at first, whose
gradient is small in variance and wrong in mean, and almost hard ones at the end.  The next step is given the hard
token, so gradients pass through the network's state alone.  A first phase is maximum likelihood.

Deviations:
    An LSTM in place of the relational memory, which the paper's ablation has as well.
    No temperature is tuned for each set: β rises to 100 within the game's own number of rounds.
    Fewer filters and representations in the critic, 64 and 16 for 300 and 64, for processors without an accelerator.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from rivalry.data.source import Source, Spec
from rivalry.game import Move, Player
from rivalry.games.sentences import Sentences
from rivalry.kinds.tokens import PAD, vocabulary_size
from rivalry.maths.chance import uniform
from rivalry.maths.divergences import relativistic_paired
from rivalry.maths.optimizers import adam
from rivalry.maths.policy import gumbel, relaxed
from rivalry.nn.next_token import Recurrent
from rivalry.nn.sentence_critics import ConvSentenceCritic
from rivalry.settings import Count, Natural, Rate

CLIP = 5.0  # the largest norm of a player's gradient


class RelGAN(Sentences):
    """Maximum likelihood, then a generator of relaxed tokens against a relativistic critic.

    Args:
        network: the generator.
        D: tokens (n, t) or distributions (n, t, v) -> scores (n, representations), real is high.
        warmup: rounds of maximum likelihood.
        beta: the inverse temperature at the end, above 1.
        anneal: rounds after the warm-up in which it rises from 1 to `beta`.
    """

    def __init__(
        self,
        network: Recurrent,
        D: nn.Module,
        spec: Spec,
        *,
        warmup: int,
        critic_steps: int,
        beta: float,
        anneal: int,
        batch: int,
        lr: float,
        adversarial_lr: float,
    ):
        super().__init__(network, spec, classes=0, batch=batch)
        self.D, self.warmup, self.critic_steps, self.beta, self.anneal = D, warmup, critic_steps, beta, anneal
        self.likelihood = Player(network, optimizer=adam(lr), clip=CLIP)
        self.generator = Player(network, optimizer=adam(adversarial_lr), clip=CLIP)
        self.critic = Player(D, optimizer=adam(adversarial_lr), clip=CLIP)

    def round(self, data: Source, t: int) -> Iterator[Move]:
        if t < self.warmup:
            (x,) = data.take(self.batch)
            yield Move(self.likelihood, *self.likelihood_loss(x))
            return
        beta = self.inverse_temperature(t - self.warmup)
        for _ in range(self.critic_steps):
            (x,) = data.take(self.batch)
            with torch.no_grad():
                soft = self.soft(len(x), beta)
            yield Move(self.critic, relativistic_paired.critic(self.D(x), self.D(soft)))
        (x,) = data.take(self.batch)
        soft = self.soft(len(x), beta)
        loss = relativistic_paired.generator(self.D(x), self.D(soft))
        yield Move(self.generator, loss, {"beta": beta, "hardness": soft.amax(2).mean()})

    def inverse_temperature(self, t: int) -> float:
        """β of the t-th round after the warm-up: β_max^(t / anneal), and then β_max."""
        return self.beta ** min(1.0, t / self.anneal)

    def soft(self, n: int, beta: float) -> Tensor:
        """`n` sentences of relaxed tokens: (n, t, v), with gradients to the generator; exact tokens behind the end.

        Hard tokens are drawn first.  One pass over them then gives the same logits, this time with their gradients.
        """
        noise = gumbel(uniform((n, self.longest, len(self.never)), self.device))
        with torch.no_grad():
            x = self.spoken(n, lambda logits, t: (logits + noise[:, t]).argmax(1, keepdim=True))
        y = relaxed(self.logits(x), noise, beta)
        exact = torch.nn.functional.one_hot(x, len(self.never)).to(y)
        return torch.where((x == PAD)[..., None], exact, y)

    def score(self, x: Tensor) -> Tensor:
        """The critic's score of sentences, the mean over its representations: (n, t) -> (n,)."""
        return self.D(x).view(len(x), -1).mean(1)


def relgan(
    spec: Spec,
    *,
    embedding: Count = 32,
    width: Count = 32,
    representations: Count = 16,
    critic_width: Count = 64,
    warmup: Natural = 3000,
    critic_steps: Count = 5,
    beta: Rate = 100.0,
    anneal: Count = 2000,
    batch: Count = 64,
    lr: Rate = 1e-2,
    adversarial_lr: Rate = 1e-4,
) -> RelGAN:
    """Sentences by relaxed tokens and a relativistic critic.

    Settings:
        embedding: numbers that stand for a token
        width: units of the generator's recurrent layer
        representations: numbers of the critic's embedding, each of which is scored on its own
        critic_width: filters of each of the critic's kernels
        warmup: rounds of maximum likelihood at first
        critic_steps: turns of the critic in each round after them
        beta: inverse temperature of the relaxed tokens at the end; at the beginning it is 1
        anneal: rounds in which it rises
        batch: sentences of one turn
        lr: Adam's step size, in maximum likelihood
        adversarial_lr: of both players against each other
    """
    spec.require("relgan", kind="tokens")
    tokens = vocabulary_size(spec.x)
    return RelGAN(
        Recurrent(tokens, embedding, width),
        ConvSentenceCritic(
            tokens, spec.shape[0], representations, critic_width, representations=representations
        ),
        spec,
        warmup=warmup,
        critic_steps=critic_steps,
        beta=beta,
        anneal=anneal,
        batch=batch,
        lr=lr,
        adversarial_lr=adversarial_lr,
    )


RECIPES = {
    "relgan": {
        "laptop": {"width": 64, "embedding": 64, "warmup": 2000, "time": "20m"},
        "oracle": {"data": "oracle", "representations": 8, "critic_width": 32, "anneal": 300, "rounds": 3300},
        "paper": {
            "data": "oracle:vocabulary=5000",
            "representations": 64,
            "critic_width": 300,
            "warmup": 23_550,
            "anneal": 3000,
            "rounds": 26_550,
        },
    }
}
