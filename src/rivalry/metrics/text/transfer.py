"""Sentences in another style: is the style there, and what became of the content.

    style-accuracy   the share of samples that a classifier of its own takes for the style that was asked for
    bleu-source      BLEU-4 of a sample against its own source: what was kept, word by word
    word-accuracy    the share of the words of the true translation that stand in their places
    bleu-truth       BLEU-4 of a sample against the true translation

The last two need data whose translation is known (the column "truth" of `cipher`).  What plain copies of the sources
would get stands in the details, as `copy`: each number is to be read beside it.  Style and content pull against each
other, since a copy keeps all and a sentence of the data has all the style; neither number says anything alone.

The classifier is a logistic regression on counts of words, and of pairs of neighboring words in 512 hashed buckets, of
the split that is not measured; no game is trained with it.  How often it is right of real sentences stands in the
details, as `real`.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from rivalry.data.source import Dataset
from rivalry.kinds.tokens import BUCKETS, END, PAD, length, pairs, vocabulary_size
from rivalry.maths.optimizers import adam
from rivalry.metrics.interval import SPREAD_OF_SHARE, wilson, wilson_error
from rivalry.metrics.score import Score
from rivalry.metrics.text.bleu import LENGTHS, most_often, sentence_bleu

STEPS, RATE = 100, 0.03  # of the classifier's Adam
DECAY = 1e-4  # weight of the sum of squares of its weights


def style_and_source(
    held_out: Dataset,
    real: Dataset,
    fake: Tensor,
    rows: Tensor,
    asked: Tensor,
    *,
    provenance: dict[str, Any] | None = None,
) -> list[Score]:
    """Style accuracy, and BLEU to the source.

    Args:
        held_out: sentences with classes, of another split than `real`; the classifier learns them.
        real: the sentences that were translated, with classes.
        fake: (n, t) translations.
        rows: (n,) the row of `real` that each is a translation of.
        asked: (n,) the class that each was translated to.
    """
    real.spec.require("style", kind="tokens", classes=True)
    assert real.label is not None
    says = Classifier(held_out)
    right, source = says(fake) == asked.cpu(), real.x[rows]
    hits, n = int(right.sum()), len(right)
    copies = says(source) == asked.cpu()
    details = {
        "interval": wilson(hits, n),
        "real": float((says(real.x) == real.label.cpu()).float().mean()),
        "copy": float(copies.float().mean()),
    }
    facts = {**(provenance or {}), "n fake": n}
    spread = {**facts, "spread": SPREAD_OF_SHARE}
    return [
        Score("style-accuracy[words+pairs]", hits / n, n, wilson_error(hits, n), "high", spread, details),
        _mean("bleu-source", own_bleu(fake, source), "", facts, {"copy": 1.0}),
    ]


def against_truth(
    real: Dataset, fake: Tensor, rows: Tensor, truth: Tensor, *, provenance: dict[str, Any] | None = None
) -> list[Score]:
    """Word accuracy and BLEU against the true translations.

    Args:
        real, fake, rows: see `style_and_source`.
        truth: (m, t) the true translation of each row of `real`.
    """
    true, source = truth[rows], real.x[rows]
    hits, of = words_right(fake, true), int((true > END).sum())
    copied = words_right(source, true) / of
    facts = {**(provenance or {}), "n fake": len(fake)}
    spread = {**facts, "spread": SPREAD_OF_SHARE}
    bleu_of_copies = float(own_bleu(source, true).mean())
    details = {"interval": wilson(hits, of), "copy": copied, "words": of}
    return [
        Score("word-accuracy", hits / of, len(fake), wilson_error(hits, of), "high", spread, details),
        _mean("bleu-truth", own_bleu(fake, true), "high", facts, {"copy": bleu_of_copies}),
    ]


def words_right(made: Tensor, true: Tensor) -> int:
    """How many words of the true sentences (n, t) stand in the same places of others."""
    return int(((made.cpu() == true.cpu()) & (true.cpu() > END)).sum())


def own_bleu(made: Tensor, references: Tensor) -> Tensor:
    """BLEU-4 of each sentence (n, t) against one reference of its own: (n,)."""
    return torch.tensor([_bleu(row, own) for row, own in zip(_rows(made), _rows(references))])


class Classifier:
    """A logistic regression of the classes of sentences: (n, t) tokens -> (n,) classes."""

    def __init__(self, data: Dataset):
        assert data.label is not None
        x, label = data.x.cpu(), data.label.cpu()
        self.words = vocabulary_size(data.spec.x)
        self.weight = torch.zeros(self.words + BUCKETS, len(data.spec.classes), requires_grad=True)
        self.bias = torch.zeros(len(data.spec.classes), requires_grad=True)
        optimizer = adam(RATE)([self.weight, self.bias])
        with torch.enable_grad():
            for _ in range(STEPS):
                small = DECAY * self.weight.square().sum()
                optimizer.descend(F.cross_entropy(self.logits(x), label) + small)

    def logits(self, x: Tensor) -> Tensor:
        """The sum of what each word and each pair of words says: (n, t) -> (n, classes)."""
        bucket, there = pairs(x)
        says = [(self.weight[x], x != PAD), (self.weight[self.words + bucket], there)]
        return self.bias + sum((values * counts[:, :, None]).sum(1) for values, counts in says)

    def __call__(self, tokens: Tensor) -> Tensor:
        with torch.no_grad():
            return self.logits(tokens.cpu()).argmax(1)


def _rows(x: Tensor) -> list[list[int]]:
    return [row[: length(row)] for row in x.tolist()]


def _bleu(row: Sequence[int], reference: Sequence[int]) -> float:
    most = {n: most_often([reference], n) for n in range(1, max(LENGTHS) + 1)}
    return sentence_bleu(row, most, [len(reference)])[max(LENGTHS)]


def _mean(name: str, values: Tensor, better: str, facts: dict[str, Any], details: dict[str, Any]) -> Score:
    error = float(values.std()) / math.sqrt(len(values)) if len(values) > 1 else None
    return Score(name, float(values.mean()), len(values), error, better, facts, details)
