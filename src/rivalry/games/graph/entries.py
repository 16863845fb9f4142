"""Games of graphs."""

from rivalry.games.entry import Entry

ENTRIES = (
    Entry(
        "netgan",
        "rivalry.games.graph.netgan:netgan",
        "NetGAN: Generating Graphs via Random Walks",
        "Bojchevski et al.",
        2018,
        "arXiv 1803.00816",
        "random walks against those of a graph; steps that are frequent become edges",
        kinds=("graph",),
    ),
    Entry(
        "cell",
        "rivalry.games.graph.cell:cell",
        "NetGAN without GAN: From Random Walks to Low-Rank Approximations",
        "Rendsburg, Heidrich & von Luxburg",
        2020,
        "ICML 2020",
        "netgan's low rank by maximum likelihood, without an adversary",
        kinds=("graph",),
    ),
)
