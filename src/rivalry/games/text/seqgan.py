"""SeqGAN: the critic's judgment of whole sentences, carried to each token by roll-outs and the policy gradient.

    min_D  E_x[softplus(-D(x))] + E_G[softplus(D(x))]        max_G  E_G[ Σ_t log G(x_t | x_<t) · (Q_t - b_t) ]

    Q_t = the mean of σ(D) over sentences that begin with x_1 ... x_t and that the generator completes

(Yu et al. 2016, "SeqGAN: Sequence Generative Adversarial Nets with Policy Gradient", arXiv 1609.05473, algorithm 1.)
The arg max behind a token lets no gradient through, so the critic's judgment is a reward.  A first phase is
maximum likelihood, a second trains the critic alone, and then both play.  The network that completes sentences
follows the generator with a delay.

Deviations:
    A baseline, the mean of Q_t over the other sentences of the batch, and advantages of deviation 1: rewards of one
        sign make every token of a sentence likelier, and their noise hides which of them was better.
    The optimizer of the adversarial phase takes smaller steps (3e-3) than that of maximum likelihood (1e-2).
    The critic has one logit, and kernels of 2 to 5 tokens with as many filters each, for twelve kernels of up to 20; no
        weight decay on its last layer.
    15 turns of the critic for each of the generator, where the released code has about 4,690.
"""

import copy
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from rivalry.data.source import Source, Spec
from rivalry.game import Move, Player
from rivalry.games.sentences import Sentences, drawn
from rivalry.kinds.tokens import END, PAD, START, vocabulary_size
from rivalry.maths.chance import uniform
from rivalry.maths.divergences import non_saturating
from rivalry.maths.optimizers import adam
from rivalry.maths.policy import mean_of_others, surrogate
from rivalry.nn.next_token import Recurrent
from rivalry.nn.sentence_critics import ConvSentenceCritic
from rivalry.settings import Count, Fraction, Natural, Rate

CLIP = 5.0  # the largest norm of the generator's gradient


class SeqGAN(Sentences):
    """Maximum likelihood, then a critic, then both.

    Args:
        network: the generator.
        D: tokens (n, t) -> (n,) scores, real is high.
        rollouts: completions of each beginning of a sentence.
        delay: the share of its old weights that the network of the roll-outs keeps in each round.
        warmup: rounds of maximum likelihood.
        critic_warmup: rounds of the critic alone that follow.
        critic_steps: turns of the critic in each round after the warm-up.
    """

    def __init__(
        self,
        network: Recurrent,
        D: nn.Module,
        spec: Spec,
        *,
        rollouts: int,
        delay: float,
        warmup: int,
        critic_warmup: int,
        critic_steps: int,
        batch: int,
        lr: float,
        policy_lr: float,
        critic_lr: float,
    ):
        super().__init__(network, spec, classes=0, batch=batch)
        self.D, self.rollouts, self.delay = D, rollouts, delay
        self.warmup, self.alone, self.critic_steps = warmup, critic_warmup, critic_steps
        self.policy = copy.deepcopy(network).requires_grad_(False)
        self.likelihood = Player(network, optimizer=adam(lr), clip=CLIP)
        self.generator = Player(network, optimizer=adam(policy_lr), clip=CLIP)
        self.critic = Player(D, optimizer=adam(critic_lr))

    def round(self, data: Source, t: int) -> Iterator[Move]:
        if t < self.warmup:
            (x,) = data.take(self.batch)
            yield Move(self.likelihood, *self.likelihood_loss(x))
            self.follow(1.0)
            return
        if t >= self.warmup + self.alone:
            yield self.by_policy(*self.judged(self.batch))
            self.follow(1 - self.delay)
        for _ in range(self.critic_steps):
            (x,) = data.take(self.batch)
            with torch.no_grad():
                fake = self.sample(len(x))
            on_real, on_fake = self.D(x), self.D(fake)
            notes = {"real": on_real.sigmoid().mean(), "fake": on_fake.sigmoid().mean()}
            yield Move(self.critic, non_saturating.critic(on_real, on_fake), notes)

    def by_policy(self, x: Tensor, q: Tensor) -> Move:
        """The generator's turn: REINFORCE with the mean of the others as a baseline.

        Args:
            x: sentences of the generator, (n, t).
            q: the reward of each token, (n, t).
        """
        there = x != PAD
        advantage = (q - mean_of_others(q, there)) * there
        deviation = advantage.square().sum().div(there.sum()).sqrt()
        loss = surrogate(self.of_tokens(x), advantage / deviation.clamp(min=1e-8), there)
        return Move(self.generator, loss, {"reward": q[:, -1].mean(), "deviation": deviation})

    @torch.no_grad()
    def judged(self, n: int) -> tuple[Tensor, Tensor]:
        """Sentences of the generator (n, t), and Q of each of their tokens (n, t)."""
        x = self.sample(n)
        self.D.eval()
        whole = self.D(x).sigmoid()[None]  # of the last token: nothing is left to be completed
        begun = self.D(self.completed(x).flatten(0, 2)).sigmoid()
        self.D.train(self.training)
        q = begun.view(-1, self.rollouts, n).mean(1)  # (t - 1, n)
        return x, torch.cat([q, whole]).T

    @torch.no_grad()
    def completed(self, x: Tensor) -> Tensor:
        """Each beginning of each sentence, completed several times: (n, t) -> (t - 1, rollouts, n, t).

        All beginnings go on together: at place s there are those of 1 to s tokens, the longest of which joins there.
        """
        n, length = x.shape
        made = x.repeat(length - 1, self.rollouts, 1, 1)  # (t - 1, rollouts, n, t)
        begin = torch.full((n, 1), START, device=x.device)
        _, own = self.policy(begin)
        going: tuple[Tensor, ...] | None = None
        for s in range(1, length):
            said, own = self.policy(x[:, s - 1 : s], state=own)
            joined = said.repeat(self.rollouts, 1, 1), tuple(part.repeat(1, self.rollouts, 1) for part in own)
            last = made[: s - 1, ..., s - 1].reshape(-1, 1)
            logits, going = self._with(joined, last, going)
            token = drawn(self.possible(logits), uniform((len(logits), 1), x.device))
            token = token.view(s, self.rollouts, n)
            before = made[:s, ..., s - 1]
            made[:s, ..., s] = token.masked_fill((before == END) | (before == PAD), PAD)
        return made

    def _with(
        self, joined: tuple[Tensor, tuple[Tensor, ...]], last: Tensor, going: tuple[Tensor, ...] | None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The logits and states of the beginnings under way, after their last tokens, and of those that join."""
        logits, state = joined
        if going is None:
            return logits[:, -1], state
        more, going = self.policy(last, state=going)
        return torch.cat([more, logits])[:, -1], tuple(torch.cat(pair, 1) for pair in zip(going, state))

    @torch.no_grad()
    def follow(self, share: float) -> None:
        """Move the network of the roll-outs by this share of its way to the generator."""
        for mine, its in zip(self.policy.parameters(), self.network.parameters(), strict=True):
            mine.lerp_(its, share)

    def score(self, x: Tensor) -> Tensor:
        """The critic's score of sentences: (n, t) -> (n,)."""
        return self.D(x)


def seqgan(
    spec: Spec,
    *,
    embedding: Count = 32,
    width: Count = 32,
    critic_width: Count = 64,
    rollouts: Count = 16,
    delay: Fraction = 0.8,
    warmup: Natural = 3000,
    critic_warmup: Natural = 100,
    critic_steps: Count = 15,
    batch: Count = 64,
    lr: Rate = 1e-2,
    policy_lr: Rate = 3e-3,
    critic_lr: Rate = 1e-3,
) -> SeqGAN:
    """Sentences by the policy gradient, rewarded by a critic.

    Settings:
        embedding: numbers that stand for a token
        width: units of the generator's recurrent layer
        critic_width: filters of each of the critic's kernels
        rollouts: completions of each beginning of a sentence
        delay: share of its old weights that the network of the roll-outs keeps in each round
        warmup: rounds of maximum likelihood at first
        critic_warmup: rounds of the critic alone behind them
        critic_steps: turns of the critic in each round
        batch: sentences of one turn
        lr: Adam's step size, in maximum likelihood
        policy_lr: of the generator by the policy gradient
        critic_lr: of the critic
    """
    spec.require("seqgan", kind="tokens")
    tokens = vocabulary_size(spec.x)
    return SeqGAN(
        Recurrent(tokens, embedding, width),
        ConvSentenceCritic(tokens, spec.shape[0], 64, critic_width),
        spec,
        rollouts=rollouts,
        delay=delay,
        warmup=warmup,
        critic_warmup=critic_warmup,
        critic_steps=critic_steps,
        batch=batch,
        lr=lr,
        policy_lr=policy_lr,
        critic_lr=critic_lr,
    )


RECIPES = {
    "seqgan": {
        "laptop": {"rollouts": 4, "warmup": 2000, "width": 64, "embedding": 64, "time": "20m"},
        "oracle": {
            "data": "oracle",
            "rollouts": 4,
            "critic_width": 32,
            "critic_warmup": 40,
            "rounds": 3100,
        },
        "paper": {
            "data": "oracle:vocabulary=5000",
            "critic_width": 128,
            "warmup": 18_840,
            "critic_warmup": 3_000,
            "critic_steps": 300,
            "critic_lr": 1e-4,
            "rounds": 22_040,
        },
    }
}
