"""Games that make levels of tiles."""

from rivalry.games.entry import Entry

ENTRIES = (
    Entry(
        "level-gan",
        "rivalry.games.levels.level_gan:level_gan",
        "Evolving Mario Levels in the Latent Space of a Deep Convolutional Generative Adversarial Network",
        "Volz et al.",
        2018,
        "arXiv 1805.00728",
        "levels as maps of tiles: a softmax of tiles at each place, by WGAN",
        kinds=("tiles",),
    ),
)
