"""The metrics of this room: a row each."""

from rivalry.metrics.entry import FEATURES, Metric

ENTRIES = (
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
        "geometry-score",
        "features.geometry:geometry_score",
        (*FEATURES, "progress"),
        "are there as many holes in the cloud of samples as in that of the data",
        package="gudhi",
    ),
    Metric(
        "defects",
        "features.defects:defects",
        FEATURES,
        "how well samples and data can be told apart, and along which directions",
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
