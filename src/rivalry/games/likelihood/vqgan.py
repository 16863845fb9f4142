"""VQGAN: images as a few discrete codes, and a transformer that writes new ones.

First phase, with x̂ = G(q(E(x))) and q the nearest codes:

    min_{E,G,codes}  |x - x̂| + perceptual(x, x̂) + L_q + λ w E[-D(x̂)],        λ = ‖∂L_rec/∂last‖ / (‖∂L_D/∂last‖ + δ)
    min_D  E[max(0, 1 - D(x))] + E[max(0, 1 + D(x̂))]

Second phase: max Σ_i log p(s_i | s_1 ... s_{i-1}) of the codes s of images, by a causal transformer (Esser, Rombach &
Ommer 2020, "Taming Transformers for High-Resolution Image Synthesis", arXiv 2012.09841, sections 3.1 and 3.2).  D
scores patches; L_q is in `nn/quantizer.py`, λ in `maths/balance.py`.  Told classes, the transformer begins with the
class.

A code z for editing is a normal number for each place, through which the transformer draws its token: token i is the
quantile Φ(z_i) of its distribution given the tokens before it.  So `decode` makes of N(0, I) what `sample` makes, and
`encode` finds a code of any image, whose data are the image drawn again.

Deviations:
    Codes that nothing is nearest to are restarted; the paper has many that are never used.
    The perceptual term is off unless asked for, since it needs weights that others trained.
    The critic learns from the first round on; what it thinks counts from `adversarial_from` on.  The released code
        does not train it before that, and begins with a critic that knows nothing.
    Small networks without attention in encoder and decoder; β is on the term that it is on in the paper, where the
        released code has it on the other one by default.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.data.source import Source, Spec
from rivalry.errors import BadRequest
from rivalry.game import Game, Move, Player
from rivalry.given import require_shape
from rivalry.labels import labels_for
from rivalry.maths.balance import gradient_ratio
from rivalry.maths.chance import normal
from rivalry.maths.divergences import as_float32, hinge
from rivalry.maths.optimizers import MakeOptimizer, adam
from rivalry.metrics.image.perceptual import Perceptual
from rivalry.nn.masked import in_order
from rivalry.nn.patch import PatchCritic
from rivalry.nn.quantizer import Quantizer, perplexity
from rivalry.nn.tokenizer import MapDecoder, MapEncoder, padded
from rivalry.nn.transformer import CausalTransformer
from rivalry.settings import Count, Natural, Rate, Weight

Unlike = Callable[[Tensor, Tensor], Tensor]  # images (n, c, h, w) and (n, c, h, w) -> a scalar
GROUP = 64  # samples that are written at once, which bounds the memory
HEADS = 4


class VQGAN(Game):
    """A tokenizer that plays against a critic of patches, and then a transformer over its tokens.

    Args:
        encoder: images (n, c, h, w) -> maps (n, d, h', w').
        quantizer: maps -> the nearest codes.
        decoder: maps -> images; `last` is its last layer.
        D: images -> scores of patches, real is high.
        transformer: tokens (n, h' w'), and labels -> logits of each, see `CausalTransformer`.
        shape: of an image.
        grid: h' and w'.
        tokenizer_rounds: rounds of the first phase.
        adversarial_from: the round from which the critic counts for the tokenizer.
        weight: w, of the critic's term.
        terms: of the reconstruction beside the mean absolute difference, by name.
        classes: the number of classes that the transformer is conditioned on; 0 for none.
        generator, critic, writer: the optimizers of tokenizer, critic and transformer.
    """

    def __init__(
        self,
        encoder: nn.Module,
        quantizer: Quantizer,
        decoder: MapDecoder,
        D: nn.Module,
        transformer: nn.Module,
        *,
        shape: tuple[int, ...],
        grid: tuple[int, int],
        tokenizer_rounds: int,
        adversarial_from: int,
        weight: float,
        terms: dict[str, Unlike],
        classes: int,
        batch: int,
        generator: MakeOptimizer,
        critic: MakeOptimizer,
        writer: MakeOptimizer,
    ):
        super().__init__()
        self.encoder, self.quantizer, self.decoder, self.D = encoder, quantizer, decoder, D
        self.transformer, self.terms, self.weight = transformer, terms, weight
        self.tokenizer_rounds, self.adversarial_from = tokenizer_rounds, adversarial_from
        self.shape, self.grid, self.classes, self.batch = shape, grid, classes, batch
        self.reads = ("x", "label") if classes else ("x",)
        self.generator = Player(encoder, quantizer, decoder, optimizer=generator)
        self.critic = Player(D, optimizer=critic)
        self.writer = Player(transformer, optimizer=writer, clip=1.0)

    def round(self, data: Source, t: int) -> Iterator[Move]:
        x, *given = data.take(self.batch)
        if t < self.tokenizer_rounds:
            yield from self.play(x, float(t >= self.adversarial_from))
        else:
            yield self.write(self.tokens(x).flatten(1), *given)

    def play(self, x: Tensor, counts: float) -> Iterator[Move]:
        """A turn of the tokenizer and one of the critic.

        Args:
            counts: 1 where the critic's term counts for the tokenizer, else 0.
        """
        h = self.encoder(x)
        found = self.quantizer(h)
        again = self.decoder(found.z)
        terms = {name: unlike(x, again) for name, unlike in self.terms.items()}
        likeness = (as_float32(again) - x).abs().mean() + sum(terms.values())
        fooled = hinge.generator(self.D(again))
        balance = gradient_ratio(likeness, fooled, self.decoder.last.weight)
        used = perplexity(found.number, len(self.quantizer.codes))
        notes = {
            "reconstruction": likeness,
            "codes": found.loss,
            "balance": balance,
            "perplexity": used,
            **terms,
        }
        yield Move(self.generator, likeness + found.loss + counts * self.weight * balance * fooled, notes)
        self.quantizer.restart(h, found.number)
        real, fake = self.D(x), self.D(again.detach())
        yield Move(self.critic, hinge.critic(real, fake), {"real": real.mean(), "fake": fake.mean()})

    def write(self, tokens: Tensor, *given: Tensor) -> Move:
        """A turn of the transformer on tokens (n, h' w')."""
        logits = as_float32(self.transformer(tokens, *given))
        loss = F.cross_entropy(logits.flatten(0, 1), tokens.flatten())
        return Move(self.writer, loss, {"nats a token": loss})

    def tokens(self, x: Tensor) -> Tensor:
        """The numbers of the codes of images: (n, c, h, w) -> (n, h', w')."""
        require_shape("data", x, self.shape)
        with torch.no_grad():
            return self.quantizer.nearest(as_float32(self.encoder(x)))

    def drawn(self, tokens: Tensor) -> Tensor:
        """The images of tokens: (n, h', w') -> (n, c, h, w) in [-1, 1]."""
        return self.decoder(self.quantizer.looked_up(tokens)).clamp(-1, 1)

    def reconstruct(self, x: Tensor) -> Tensor:
        """Images drawn again from their codes."""
        return self.drawn(self.tokens(x))

    def draw(self, n: int) -> Tensor:
        """Codes from N(0, I): (n, h' w')."""
        return normal((n, self.grid[0] * self.grid[1]), self.device)

    def decode(self, z: Tensor, label: Tensor | int | None = None) -> Tensor:
        """The images of codes, in groups of 64: (n, h' w') -> (n, c, h, w); of every class in turn by default."""
        require_shape("codes", z, (self.grid[0] * self.grid[1],))
        given = labels_for(len(z), label, self.classes, self.device)
        groups = zip(*(each.split(GROUP) for each in (z, *given)))
        return torch.cat([self.drawn(self.written(*group).unflatten(1, self.grid)) for group in groups])

    def encode(self, x: Tensor, label: Tensor | int | None = None) -> Tensor:
        """Codes by which the transformer writes the tokens of these images: (n, c, h, w) -> (n, h' w').

        Raises:
            BadRequest: the game is told classes and none is given.
        """
        if self.classes and label is None:
            raise BadRequest("this game is told classes: give the label of each datum, or one for all")
        tokens = self.tokens(x).flatten(1)
        upto = self.upto(tokens, *labels_for(len(x), label, self.classes, self.device))
        ends = F.pad(upto, (1, 0)).gather(2, torch.stack([tokens, tokens + 1], 2))
        return torch.special.ndtri(ends.mean(2)).float()  # the middle of the token's share

    def written(self, z: Tensor, *given: Tensor) -> Tensor:
        """The tokens that these codes stand for: (n, t) -> (n, t)."""
        u = torch.special.ndtr(z.double())[..., None]
        last = len(self.quantizer.codes) - 1
        step = lambda tokens: (self.upto(tokens, *given) < u).sum(2).clamp(max=last)
        return in_order(step, torch.zeros_like(z, dtype=torch.int64), z.shape[1])

    def upto(self, tokens: Tensor, *given: Tensor) -> Tensor:
        """P(token <= k) of each token given those before it: (n, t) -> (n, t, codes) float64."""
        with torch.no_grad():
            return self.transformer(tokens, *given).double().softmax(2).cumsum(2)

    def sample(self, n: int, label: Tensor | int | None = None) -> Tensor:
        """`n` samples; of class `label`, or of every class in turn."""
        return self.decode(self.draw(n), label)

    def score(self, x: Tensor) -> Tensor:
        """The critic's mean score over patches: (n, c, h, w) -> (n,), real is high."""
        return self.D(x).flatten(1).mean(1)

    def facts(self) -> dict[str, str]:
        h, w = self.grid
        return {"tokens": f"{h} x {w} of {len(self.quantizer.codes):,} codes"}


def vqgan(
    spec: Spec,
    *,
    codes: Count = 256,
    width: Count = 64,
    halvings: Count = 2,
    patience: Natural = 50,
    critic_width: Count = 32,
    adversarial_weight: Weight = 0.8,
    adversarial_from: Natural = 500,
    perceptual: Weight = 0.0,
    tokenizer_rounds: Count = 3000,
    transformer_width: Count = 128,
    batch: Count = 32,
    lr: Rate = 5e-4,
) -> VQGAN:
    """A tokenizer of images, a critic of patches, and a transformer of four layers over the tokens.

    Settings:
        codes: how many there are
        width: channels of the tokenizer's largest map
        halvings: of an image until its map is quantized
        patience: rounds without use after which a code is restarted; 0 for never
        critic_width: channels of the critic's first map
        adversarial_weight: of the critic's term, beside the ratio of gradients
        adversarial_from: the round from which the critic counts for the tokenizer
        perceptual: weight of LPIPS, whose weights $RIVALRY_LPIPS names; 0 for none
        tokenizer_rounds: rounds of the first phase; the transformer learns in those after them
        transformer_width: of the transformer, a multiple of 4
        lr: Adam's step size, of all players
    """
    spec.require("vqgan", kind="image")
    if transformer_width % HEADS:
        raise BadRequest(f"vqgan: transformer_width is a multiple of {HEADS}; got {transformer_width}")
    shape, size, classes = spec.shape, 16, len(spec.classes)
    grid = tuple(side >> halvings for side in padded(shape, halvings))  # type: ignore[arg-type]
    made = {"width": width, "halvings": halvings}
    return VQGAN(
        MapEncoder(shape, size, **made),  # type: ignore[arg-type]
        Quantizer(codes, size, patience=patience),
        MapDecoder(shape, size, **made),  # type: ignore[arg-type]
        PatchCritic(shape, width=critic_width, depth=2),  # type: ignore[arg-type]
        CausalTransformer(
            codes, grid[0] * grid[1], width=transformer_width, depth=4, heads=HEADS, classes=classes
        ),
        shape=shape,
        grid=grid,  # type: ignore[arg-type]
        tokenizer_rounds=tokenizer_rounds,
        adversarial_from=adversarial_from,
        weight=adversarial_weight,
        terms={"perceptual": Perceptual(perceptual)} if perceptual else {},
        classes=classes,
        batch=batch,
        generator=adam(lr, 0.5, 0.9),
        critic=adam(lr, 0.5, 0.9),
        writer=adam(lr),
    )


RECIPES = {
    "vqgan": {
        "tiles": {"data": "tiles", "rounds": 3000, "width": 32, "tokenizer_rounds": 1500},
        "mnist": {"data": "mnist", "rounds": 3000, "width": 32, "codes": 128, "tokenizer_rounds": 1500},
        "laptop": {"data": "tiles", "rounds": 6000, "width": 32, "tokenizer_rounds": 3000},
    }
}
