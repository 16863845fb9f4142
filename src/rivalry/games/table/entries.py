"""Games of tables and of series."""

from rivalry.games.entry import Entry

_CTGAN = ("Modeling Tabular data using Conditional GAN", "Xu et al.", 2019, "arXiv 1907.00503")
_SDV = ("The Synthetic Data Vault", "Patki, Wedge & Veeramachaneni", 2016, "DSAA 2016")

ENTRIES = (
    Entry(
        "ctgan",
        "rivalry.games.table.ctgan:ctgan",
        *_CTGAN,
        "numbers as modes of mixtures, rare categories asked for as often as others, packs of rows",
        kinds=("table",),
    ),
    Entry(
        "dp-ctgan",
        "rivalry.games.table.dp_ctgan:dp_ctgan",
        "Differentially Private Synthetic Data: Applied Evaluations and Enhancements",
        "Rosenblatt et al.",
        2020,
        "arXiv 2011.05537",
        "ctgan whose critic learns from clipped gradients with noise: how much a row can show is bounded",
        kinds=("table",),
    ),
    Entry(
        "tvae",
        "rivalry.games.table.tvae:tvae",
        *_CTGAN,
        "ctgan's code of rows by a variational autoencoder",
        kinds=("table",),
    ),
    Entry(
        "copula",
        "rivalry.games.table.copula:copula",
        *_SDV,
        "each column as it is, joined by the correlations of a normal distribution; no adversary",
        kinds=("table",),
    ),
    Entry(
        "independent",
        "rivalry.games.table.copula:independent",
        *_SDV,
        "each column by itself: the control for what columns tell about each other",
        kinds=("table",),
    ),
    Entry(
        "rgan",
        "rivalry.games.table.rgan:rgan",
        "Real-valued (Medical) Time Series Generation with Recurrent Conditional GANs",
        "Esteban et al.",
        2017,
        "arXiv 1706.02633",
        "series from noise at every step by an LSTM; the critic judges every step",
        kinds=("episode",),
    ),
)
