"""WGAN-GP on words: a generator of whole sentences whose tokens stay distributions, and no likelihood.

    min_D  E[D(G(z))] - E[D(x)] + λ E[(‖∇D(x̂)‖ - 1)²]        min_G  -E[D(G(z))]

with G(z) a softmax over tokens at each place and x a 1 at each token (Gulrajani et al. 2017, "Improved Training of
Wasserstein GANs", arXiv 1704.00028, section 4.4).  Nothing is drawn inside G and no place waits for the one before.  It
is the control of what relaxation alone does: the critic sees real data that are always sharp, and soft fakes.  Samples
are the likeliest token at each place.

Deviations:
    Two residual blocks in place of five, and 128 channels in place of 512, for processors without an accelerator.
    Words where the paper has characters, if the data are words.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.data.source import Source, Spec
from rivalry.game import Game, Move, Player
from rivalry.kinds.tokens import END, PAD, impossible, vocabulary_size
from rivalry.maths.divergences import wasserstein
from rivalry.maths.optimizers import adam
from rivalry.maths.penalties import gradient_penalty
from rivalry.maths.priors import normal
from rivalry.settings import Count, Rate, Weight


class Block(nn.Module):
    """x + 0.3 · two convolutions of five tokens: (n, width, t) -> the same."""

    def __init__(self, width: int):
        super().__init__()
        self.one = nn.Conv1d(width, width, 5, padding=2)
        self.two = nn.Conv1d(
            width, width, 5, padding=2, bias=False
        )  # the critic's score would lose its last constant

    def forward(self, x: Tensor) -> Tensor:
        return x + 0.3 * self.two(F.relu(self.one(F.relu(x))))


class SoftGenerator(nn.Module):
    """(n, latent) -> a distribution over tokens at each place (n, t, v); impossible tokens have none."""

    never: Tensor

    def __init__(self, latent: int, width: int, blocks: int, length: int, never: Tensor):
        super().__init__()
        self.begin = nn.Linear(latent, width * length)
        self.blocks = nn.Sequential(*(Block(width) for _ in range(blocks)))
        self.read = nn.Conv1d(width, len(never), 1)
        self.length = length
        self.register_buffer("never", never, persistent=False)

    def forward(self, z: Tensor) -> Tensor:
        h = self.blocks(self.begin(z).view(len(z), -1, self.length))
        return (self.read(h).transpose(1, 2).float() + self.never).softmax(2)


class SoftCritic(nn.Module):
    """(n, t, v) -> (n,)."""

    def __init__(self, width: int, blocks: int, length: int, tokens: int):
        super().__init__()
        self.embed = nn.Conv1d(tokens, width, 1)
        self.blocks = nn.Sequential(*(Block(width) for _ in range(blocks)))
        self.read = nn.Linear(width * length, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.read(self.blocks(self.embed(x.transpose(1, 2))).flatten(1)).squeeze(1)


class WGANText(Game):
    """Algorithm 1 of WGAN-GP on distributions over tokens.

    Args:
        G: codes -> (n, t, v).
        D: (n, t, v) -> (n,), real is high.
    """

    def __init__(
        self,
        G: nn.Module,
        D: nn.Module,
        *,
        latent: int,
        tokens: int,
        critic_steps: int,
        penalty: float,
        batch: int,
        lr: float,
    ):
        super().__init__()
        self.G, self.D, self.prior, self.tokens, self.batch = G, D, normal(latent), tokens, batch
        self.critic_steps, self.penalty = critic_steps, gradient_penalty(penalty)
        self.generator = Player(G, optimizer=adam(lr, 0.5))
        self.critic = Player(D, optimizer=adam(lr, 0.5))

    def round(self, data: Source, t: int) -> Iterator[Move]:
        for _ in range(self.critic_steps):
            (x,) = data.take(self.batch)
            real = self.sharp(x)
            with torch.no_grad():
                fake = self.G(self.draw(len(x)))
            term = self.penalty(self.D, real, fake)
            loss = wasserstein.critic(self.D(real), self.D(fake))
            yield Move(self.critic, loss + term, {"divergence": loss, "penalty": term})
        fake = self.G(self.draw(len(x)))
        yield Move(self.generator, wasserstein.generator(self.D(fake)), {"hardness": fake.amax(2).mean()})

    def sharp(self, x: Tensor) -> Tensor:
        """Tokens as distributions: (n, t) -> (n, t, v)."""
        return F.one_hot(x, self.tokens).float()

    def draw(self, n: int) -> Tensor:
        """Codes from the prior: (n, latent)."""
        return self.prior(n, self.device)

    def decode(self, z: Tensor) -> Tensor:
        """The likeliest token at each place, and padding behind the end: (n, t)."""
        x = self.G(z).argmax(2)
        over = ((x == END) | (x == PAD)).long().cumsum(1)
        return x.masked_fill((over > 1) | ((over == 1) & (x != END)), PAD)

    def sample(self, n: int) -> Tensor:
        return self.decode(self.draw(n))

    def score(self, x: Tensor) -> Tensor:
        """The critic's score of sentences: (n, t) -> (n,)."""
        return self.D(self.sharp(x))


def wgan_text(
    spec: Spec,
    *,
    latent: Count = 128,
    width: Count = 128,
    blocks: Count = 2,
    critic_steps: Count = 5,
    penalty: Weight = 10.0,
    batch: Count = 64,
    lr: Rate = 1e-4,
) -> WGANText:
    """Whole sentences of soft tokens by WGAN-GP.

    Settings:
        latent: length of the code z, normal
        width: channels of both networks
        blocks: residual blocks of each
        critic_steps: turns of the critic in each round
        penalty: weight of the penalty on the critic's slope
        batch: sentences of one turn
    """
    spec.require("wgan-text", kind="tokens")
    length, tokens = spec.shape[0], vocabulary_size(spec.x)
    never = torch.zeros(tokens).masked_fill(impossible(spec.x), -float("inf"))
    if not spec.about.get("fixed", False):
        never[PAD] = 0.0  # a place behind the end
    return WGANText(
        SoftGenerator(latent, width, blocks, length, never),
        SoftCritic(width, blocks, length, tokens),
        latent=latent,
        tokens=tokens,
        critic_steps=critic_steps,
        penalty=penalty,
        batch=batch,
        lr=lr,
    )


RECIPES = {
    "wgan-text": {
        "laptop": {"time": "20m"},
        "oracle": {"data": "oracle", "width": 64, "rounds": 600},
    }
}
