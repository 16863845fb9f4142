"""The table of metrics.  A metric's module, and torch with it, is imported when the metric is asked for."""

import importlib
from collections.abc import Callable
from typing import Any, NamedTuple

from rivalry.errors import unknown
from rivalry.metrics.presets import PRESETS

__all__ = ["METRICS", "PRESETS", "Metric", "find", "function"]


class Metric(NamedTuple):
    """One metric.

    Attributes:
        name: as it is asked for; its scores are named with their extractor: "fid[judge-mnist]".
        target: "module:function" below `rivalry.metrics`; the function returns one `Score` or several.
        needs: the arguments it is called with, each a name that `evidence.Evidence` can supply.
        title: what it measures, in a line.
        kinds: of the data that it is for; none for any.
        package: a further package that it needs, as it is imported; `pip install 'rivalry[metrics]'` does it.
    """

    name: str
    target: str
    needs: tuple[str, ...]
    title: str
    kinds: tuple[str, ...] = ()
    package: str = ""


FEATURES = ("real_features", "fake_features", "features")
LABELED = ("real", "held_out", "fake", "asked", "progress")

METRICS = (
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
        "fid",
        "features.frechet:fid",
        FEATURES,
        "Fréchet distance of fake from real features, each taken as a Gaussian",
    ),
    Metric(
        "kid",
        "features.kid:kid",
        FEATURES,
        "kernel distance of fake from real features, unbiased at any number of samples",
    ),
    Metric(
        "prdc",
        "features.density:prdc",
        FEATURES,
        "precision, recall, density and coverage in one pass over the distances",
    ),
    Metric(
        "fid-infinity",
        "features.fid_infinity:fid_infinity",
        FEATURES,
        "Fréchet distance that unlimited samples would have, extrapolated, with an interval",
    ),
    Metric(
        "kid-subsets",
        "features.kid:kid_of_subsets",
        FEATURES,
        "kernel distance over subsets of 1,000, as others report it",
    ),
    Metric(
        "c2st",
        "features.c2st:c2st",
        FEATURES,
        "held-out accuracy of a classifier of real against fake, with its p-value",
    ),
    Metric(
        "mifid",
        "features.mifid:mifid",
        FEATURES,
        "Fréchet distance that copies of the training data make worse",
    ),
    Metric(
        "copying",
        "features.copying:data_copying",
        ("real_features", "held_out_features", "fake_features", "features"),
        "do samples lie nearer to the training data than held-out data do; far below 0 for copies",
    ),
    Metric(
        "authenticity",
        "features.authenticity:authenticity",
        FEATURES,
        "share of samples that lie further from the training data than those lie from each other",
    ),
    Metric(
        "ms-ssim",
        "image.ssim:ms_ssim_diversity",
        ("fake", "real"),
        "how alike pairs of samples are, at every scale",
        ("image",),
    ),
    Metric(
        "lpips",
        "image.lpips:lpips_diversity",
        ("fake", "real"),
        "how far apart pairs of samples look, on features for photographs",
        ("image",),
    ),
    Metric(
        "sharpness",
        "image.sharpness:sharpness",
        ("fake", "real"),
        "fine detail of samples against that of data",
        ("image",),
    ),
    Metric(
        "precision",
        "features.precision:precision_recall",
        FEATURES,
        "share of samples that lie among the data, and (recall) of the data that lie among samples",
    ),
    Metric(
        "density",
        "features.density:density_coverage",
        FEATURES,
        "how thickly data lie around samples, and (coverage) the share of data with a sample at hand",
    ),
    Metric(
        "inception-score",
        "classes.inception_score:inception_score",
        ("logits", "features"),
        "are samples told apart with confidence, and are all classes there",
    ),
    Metric(
        "diversity",
        "features.diversity:diversity",
        FEATURES,
        "how far samples lie from each other, against how far data do",
    ),
    Metric(
        "support-size",
        "features.support_size:support_size",
        FEATURES,
        "how many different samples there are, by the birthday paradox",
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
        "memorization",
        "image.memorization:memorization",
        ("real", "held_out", "fake", "progress"),
        "share of samples closer to a training image than held-out data are, seen through flips, shifts and crops",
        ("image",),
    ),
    Metric(
        "geometry-score",
        "features.geometry:geometry_score",
        (*FEATURES, "progress"),
        "are there as many holes in the cloud of samples as in that of the data",
        package="gudhi",
    ),
    Metric(
        "ppl",
        "game.ppl:ppl",
        ("game", "extractor", "progress"),
        "perceptual path length: how smoothly samples follow their codes",
    ),
    Metric(
        "ais",
        "game.ais:ais",
        ("game", "held_out", "progress"),
        "log-likelihood by annealed importance sampling, slow",
    ),
    Metric(
        "nll",
        "game.nll:nll",
        ("density", "held_out", "progress"),
        "negative log-likelihood of held-out data, in bits per dimension or per token",
    ),
    Metric(
        "defects",
        "features.defects:defects",
        FEATURES,
        "how well samples and data can be told apart, and along which directions",
    ),
    Metric(
        "faces",
        "image.detector:faces",
        ("fake", "real"),
        "share of samples in which OpenCV's cascade finds a frontal face",
        ("image",),
        package="cv2",
    ),
    Metric(
        "modes",
        "points.modes:modes",
        ("fake", "centers", "std"),
        "modes of a toy that are found, share of samples near one, reverse KL to their proportions",
    ),
    Metric(
        "stacked-modes",
        "classes.stacked:stacked_modes",
        ("fake", "digit_judge"),
        "which of the 1,000 triples of digits of stacked-mnist are there, and KL to their proportions",
        ("image",),
    ),
    Metric(
        "valid",
        "kind.valid:valid",
        ("validity",),
        "share of samples that could be data of their kind: sentences that end, graphs without loops",
        ("tokens", "graph", "table", "episode"),
    ),
    Metric(
        "attributes",
        "image.attributes:attributes",
        ("real", "fake", "rows", "reader"),
        "share of samples that show what their sentence says, for each attribute and for all together",
        ("image",),
    ),
    Metric(
        "bleu",
        "text.bleu:bleu",
        ("real", "fake"),
        "share of a sentence's pairs, triples and quadruples of tokens that sentences of the data hold",
        ("tokens",),
    ),
    Metric(
        "link-prediction",
        "graph.links:link_prediction",
        ("link_scores", "missing_edges", "no_edges"),
        "are held-out edges scored above pairs that are not joined: area under ROC, average precision",
        ("graph",),
    ),
    Metric(
        "edge-overlap",
        "graph.statistics:edge_overlap",
        ("real", "fake"),
        "share of a sample's edges that the data's graph has",
        ("graph",),
    ),
    Metric(
        "graph-statistics",
        "graph.statistics:statistics",
        ("real", "fake"),
        "degrees, triangles, components, paths of samples beside those of the data",
        ("graph",),
    ),
    Metric(
        "graph-mmd",
        "graph.statistics:set_distance",
        ("real", "fake"),
        "kernel distance of sets of graphs by degrees, clustering and spectrum",
        ("graph",),
    ),
    Metric(
        "pitch",
        "audio.pitch:pitch",
        ("real", "fake", "asked", "pitches"),
        "share of sounds whose spectrum has its peak at the pitch that was asked for",
        ("wave",),
    ),
    Metric(
        "phase-coherence",
        "audio.coherence:coherence",
        ("real", "fake", "asked", "pitches"),
        "how steadily the phases of a sound's harmonics turn: 1 for steady tones",
        ("wave",),
    ),
    Metric(
        "spectral-convergence",
        "audio.convergence:convergence",
        ("real", "fake", "rows"),
        "distance of a sound's spectrogram from that of the sound that it was made for",
        ("wave",),
    ),
    Metric(
        "columns",
        "rows.columns:columns",
        ("real", "fake"),
        "is each column distributed as in the data: Kolmogorov-Smirnov for numbers, total variation for categories",
        ("table",),
    ),
    Metric(
        "pairs",
        "rows.columns:pairs",
        ("real", "fake"),
        "does each pair of columns depend on each other as in the data",
        ("table",),
    ),
    Metric(
        "all-columns",
        "rows.learners:all_columns",
        ("real", "held_out", "fake"),
        "each column predicted from all others on held-out data by forests of samples, beside forests of data",
        ("table",),
        package="sklearn",
    ),
    Metric(
        "tstr",
        "rows.learners:tstr",
        ("real", "held_out", "fake", "target"),
        "the target predicted on held-out data by learners of samples, beside learners of data",
        ("table",),
        package="sklearn",
    ),
    Metric(
        "closest",
        "rows.closest:closest",
        ("real", "held_out", "fake"),
        "are samples nearer to training rows than to held-out ones; copies; can membership be told",
        ("table",),
    ),
    Metric(
        "returns",
        "game.returns:returns",
        ("actor", "real", "fake"),
        "rewards that an agent collects in an episode, beside the demonstrator's and random actions'",
        ("episode",),
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
    Metric(
        "vendi",
        "features.vendi:vendi",
        FEATURES,
        "how many different samples there seem to be, by the entropy of a kernel",
    ),
    Metric(
        "fld",
        "features.fld:fld",
        ("real_features", "held_out_features", "fake_features", "features"),
        "likelihood of held-out data around samples: fidelity, diversity and copies in one number",
    ),
    Metric(
        "cmmd",
        "features.cmmd:cmmd",
        FEATURES,
        "distance under a Gaussian kernel of width 10, as it is defined for CLIP",
    ),
    Metric("swd", "features.sliced:sliced_wasserstein", FEATURES, "Wasserstein distance along random lines"),
    Metric(
        "alpha-precision",
        "features.alpha_precision:alpha_precision",
        FEATURES,
        "are samples where typical data are, and (beta-recall) data where typical samples are",
    ),
    Metric(
        "prd",
        "features.prd:prd",
        FEATURES,
        "precision against recall as a curve, over clusters of both sides",
    ),
)


def find(name: str) -> Metric:
    """The metric of this name.

    Raises:
        BadRequest: no such metric; names the nearest metric or preset.
    """
    for metric in METRICS:
        if metric.name == name:
            return metric
    known = [metric.name for metric in METRICS] + list(PRESETS)
    raise unknown("metric", name, known, "`rivalry list metrics` names them all")


def function(metric: Metric) -> Callable[..., Any]:
    """The function that computes the metric: `compute(**needs, provenance=...) -> Score | list[Score]`."""
    module, attribute = metric.target.split(":")
    return getattr(importlib.import_module(f"rivalry.metrics.{module}"), attribute)
