"""Games that carry images and sentences from one domain to another."""

from rivalry.games.entry import Entry

ENTRIES = (
    Entry(
        "pix2pix",
        "rivalry.games.translation.pix2pix:pix2pix",
        "Image-to-Image Translation with Conditional Adversarial Networks",
        "Isola et al.",
        2016,
        "arXiv 1611.07004",
        "from a picture to its pair: U-Net, critic of patches, L1",
        needs=("pairs",),
    ),
    Entry(
        "cyclegan",
        "rivalry.games.translation.cyclegan:cyclegan",
        "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks",
        "Zhu et al.",
        2017,
        "arXiv 1703.10593",
        "between two domains without pairs: there and back again",
        needs=(
            "labels",
            "domains",
        ),
    ),
    Entry(
        "discogan",
        "rivalry.games.translation.cyclegan:discogan",
        "Learning to Discover Cross-Domain Relations with Generative Adversarial Networks",
        "Kim et al.",
        2017,
        "arXiv 1703.05192",
        "between two domains without pairs, each way judged by itself",
        needs=(
            "labels",
            "domains",
        ),
    ),
    Entry(
        "dualgan",
        "rivalry.games.translation.cyclegan:dualgan",
        "DualGAN: Unsupervised Dual Learning for Image-to-Image Translation",
        "Yi et al.",
        2017,
        "arXiv 1704.02510",
        "between two domains without pairs, with Wasserstein critics of patches",
        needs=(
            "labels",
            "domains",
        ),
    ),
    Entry(
        "stargan",
        "rivalry.games.translation.stargan:stargan",
        "StarGAN: Unified Generative Adversarial Networks for Multi-Domain Image-to-Image Translation",
        "Choi et al.",
        2018,
        "arXiv 1711.09020",
        "one translator for many domains",
        needs=("labels",),
    ),
    Entry(
        "cross-aligned",
        "rivalry.games.translation.cross_aligned:cross_aligned",
        "Style Transfer from Non-Parallel Text by Cross-Alignment",
        "Shen et al.",
        2017,
        "arXiv 1705.09655",
        "sentences from one style to another without pairs, by aligned states of a decoder",
        kinds=("tokens",),
        needs=("labels", "domains"),
    ),
)
