"""The metrics of this room: a row each."""

from rivalry.metrics.entry import Metric

ENTRIES = (
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
        "memorization",
        "image.memorization:memorization",
        ("real", "held_out", "fake", "progress"),
        "share of samples closer to a training image than held-out data are, seen through flips, shifts and crops",
        ("image",),
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
        "attributes",
        "image.attributes:attributes",
        ("real", "fake", "rows", "reader"),
        "share of samples that show what their sentence says, for each attribute and for all together",
        ("image",),
    ),
    Metric(
        "retrieval",
        "image.retrieval:retrieval",
        ("real", "fake", "rows", "captions"),
        "share of samples whose own sentence is found among twenty",
        ("image",),
    ),
)
