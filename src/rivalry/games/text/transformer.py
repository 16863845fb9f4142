"""A causal transformer that learns each next token by maximum likelihood: the second baseline of every game of text.

    max_θ  E_x[ Σ_t log p_θ(x_t | x_1 ... x_{t-1}) ]

(Vaswani et al. 2017, "Attention Is All You Need", arXiv 1706.03762, its decoder alone.)  Each place attends to those
before it, so that a whole sentence is learned in one pass; a sample takes a pass for each token, in which the keys and
values of the tokens before are kept.

Deviations:
    The decoder alone, since nothing is translated.
    Normalization before each part in place of behind it, with which deep stacks learn without a warm-up.
    Learned embeddings of places in place of sines, GELU in place of ReLU, as in later models of language.
    A constant step size; `--schedule warmup:500+cosine` gives one that rises and falls.
"""

from rivalry.data.source import Spec
from rivalry.errors import BadRequest
from rivalry.games.sentences import MaximumLikelihood
from rivalry.kinds.tokens import vocabulary_size
from rivalry.maths.optimizers import adam
from rivalry.nn.next_token import Causal
from rivalry.settings import Count, Fraction, Rate


def transformer(
    spec: Spec,
    *,
    width: Count = 128,
    layers: Count = 4,
    heads: Count = 4,
    dropout: Fraction = 0.1,
    batch: Count = 64,
    lr: Rate = 1e-3,
    clip: Rate = 1.0,
) -> MaximumLikelihood:
    """Sentences by maximum likelihood, a token at a time, each attending to those before.

    Settings:
        width: numbers that stand for a token in every layer, a multiple of heads
        layers: of attention and a perceptron, one over the other
        heads: parts of the width that attend on their own
        dropout: share of the units that is dropped, in every layer
        batch: sentences of one turn
        lr: Adam's step size
        clip: the largest norm of the gradient
    """
    spec.require("transformer", kind="tokens")
    if width % heads:
        raise BadRequest(f"transformer: width is a multiple of heads; got {width} and {heads}")
    network = Causal(vocabulary_size(spec.x), width, layers, heads, spec.shape[0], dropout, len(spec.classes))
    return MaximumLikelihood(network, spec, optimizer=adam(lr), batch=batch, clip=clip)


RECIPES = {"transformer": {"laptop": {"layers": 2, "time": "10m"}}}
