"""The metrics of this room: a row each."""

from rivalry.metrics.entry import Metric

ENTRIES = (
    Metric(
        "still-background",
        "video.still:still_background",
        ("real", "fake", "motion"),
        "change over time where nothing ever moves, by that where something does",
        ("clip",),
    ),
    Metric(
        "directions",
        "video.directions:directions",
        ("real", "fake", "motion"),
        "total variation of the directions of samples from those of the data",
        ("clip",),
    ),
    Metric(
        "constant-content",
        "video.directions:constant_content",
        ("real", "fake", "motion"),
        "share of frames that show the same thing as most frames of their clip",
        ("clip",),
    ),
    Metric(
        "mask-iou",
        "video.masks:mask_iou",
        ("real", "layered", "motion"),
        "overlap of a generator's own mask with what moves in its clips",
        ("clip",),
    ),
    Metric(
        "psnr",
        "video.frames:psnr",
        ("real", "fake", "rows"),
        "peak signal-to-noise ratio of predicted frames, in dB",
        ("clip",),
    ),
    Metric(
        "ssim",
        "video.frames:ssim",
        ("real", "fake", "rows"),
        "structural similarity of predicted frames to the true ones",
        ("clip",),
    ),
    Metric(
        "sharpness-difference",
        "video.frames:sharpness_difference",
        ("real", "fake", "rows"),
        "how well edges of predicted frames agree with the true ones, in dB",
        ("clip",),
    ),
)
