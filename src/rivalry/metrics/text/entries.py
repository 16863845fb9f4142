"""The metrics of this room: a row each."""

from rivalry.metrics.entry import Metric

ENTRIES = (
    Metric(
        "bleu",
        "text.bleu:bleu",
        ("real", "fake"),
        "share of a sentence's pairs, triples and quadruples of tokens that sentences of the data hold",
        ("tokens",),
    ),
    Metric(
        "self-bleu",
        "text.self_bleu:self_bleu",
        ("real", "fake"),
        "how much of a sample stands in the other samples: high where they repeat each other",
        ("tokens",),
    ),
    Metric(
        "distinct",
        "text.distinct:distinct",
        ("real", "fake"),
        "share of different tokens, pairs and triples among all of the samples",
        ("tokens",),
    ),
    Metric(
        "unique",
        "text.distinct:unique",
        ("real", "fake"),
        "share of different sentences among the samples, and (copied) of those that stand in the data",
        ("tokens",),
    ),
    Metric(
        "nll-oracle",
        "text.nll_oracle:nll_oracle",
        ("real", "fake", "oracle"),
        "how likely samples are in the synthetic language of the data, in nats for each token",
        ("tokens",),
    ),
    Metric(
        "style",
        "text.transfer:style_and_source",
        ("held_out", "real", "fake", "rows", "asked"),
        "share of translations that a classifier takes for the style asked for, and BLEU to their sources",
        ("tokens",),
    ),
    Metric(
        "truth",
        "text.transfer:against_truth",
        ("real", "fake", "rows", "truth"),
        "share of words that are those of the true translation, and BLEU to it",
        ("tokens",),
    ),
)
