"""The metrics of this room: a row each."""

from rivalry.metrics.entry import FEATURES, LABELED, Metric

ENTRIES = (
    Metric(
        "judge",
        "classes.judge:verdicts",
        ("fake_logits", "real_logits", "features", "classes"),
        "share of samples that a classifier of the data is sure of, and the classes it sees",
    ),
    Metric(
        "accuracy",
        "classes.accuracy:accuracy",
        ("fake_logits", "asked", "features"),
        "share of samples classified as the label that was asked for",
    ),
    Metric(
        "inception-score",
        "classes.inception_score:inception_score",
        ("logits", "features"),
        "are samples told apart with confidence, and are all classes there",
    ),
    Metric(
        "balance",
        "classes.balance:balance",
        ("fake_logits", "real_logits", "features", "classes"),
        "are the classes there in the proportions of the data, with a test",
    ),
    Metric(
        "intra-class-fid",
        "classes.intra_class:intra_class_fid",
        (*FEATURES, "real_label", "asked"),
        "Fréchet distance within each class that was asked for",
    ),
    Metric(
        "train-on-synthetic",
        "classes.synthetic:train_on_synthetic",
        LABELED,
        "accuracy on held-out data of a classifier trained on samples alone",
        ("image",),
    ),
    Metric(
        "stacked-modes",
        "classes.stacked:stacked_modes",
        ("fake", "digit_judge"),
        "which of the 1,000 triples of digits of stacked-mnist are there, and KL to their proportions",
        ("image",),
    ),
)
