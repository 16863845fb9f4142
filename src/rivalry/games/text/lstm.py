"""A recurrent network that learns each next token by maximum likelihood: the baseline of every game of text.

    max_θ  E_x[ Σ_t log p_θ(x_t | x_1 ... x_{t-1}) ]

(Graves 2013, "Generating Sequences With Recurrent Neural Networks", arXiv 1308.0850; Hochreiter & Schmidhuber 1997.)

There is one player without an opponent: each token is predicted from the data's own tokens (teacher forcing).  A colder
sampler, `temperature` below 1, makes likelier sentences that are less different from each other, so every
adversarial result has to be compared with this whole curve.

Deviations:
    One layer where the paper has up to seven, and Adam where it has RMSprop with clipping of each derivative; the
        gradient's norm is clipped.
    The loss is the mean over tokens, so that a sentence's length does not set the step.
"""

from rivalry.data.source import Spec
from rivalry.games.sentences import MaximumLikelihood
from rivalry.kinds.tokens import vocabulary_size
from rivalry.maths.optimizers import adam
from rivalry.nn.next_token import Recurrent
from rivalry.settings import Count, Fraction, Rate


def lstm(
    spec: Spec,
    *,
    embedding: Count = 64,
    width: Count = 256,
    layers: Count = 1,
    dropout: Fraction = 0.2,
    batch: Count = 64,
    lr: Rate = 2e-3,
    clip: Rate = 5.0,
) -> MaximumLikelihood:
    """Sentences by maximum likelihood, a token at a time.

    Settings:
        embedding: numbers that stand for a token
        width: units of the recurrent layer
        layers: recurrent layers, one over the other
        dropout: share of the units that is dropped, before and after the recurrence
        batch: sentences of one turn
        lr: Adam's step size
        clip: the largest norm of the gradient
    """
    spec.require("lstm", kind="tokens")
    network = Recurrent(vocabulary_size(spec.x), embedding, width, layers, dropout, len(spec.classes))
    return MaximumLikelihood(network, spec, optimizer=adam(lr), batch=batch, clip=clip)


RECIPES = {
    "lstm": {
        "laptop": {"width": 128, "time": "10m"},
        "oracle": {
            "data": "oracle",
            "embedding": 32,
            "width": 32,
            "dropout": 0.0,
            "lr": 1e-2,
            "rounds": 3000,
        },
    }
}
