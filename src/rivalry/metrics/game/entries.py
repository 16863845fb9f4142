"""The metrics of this room: a row each."""

from rivalry.metrics.entry import Metric

ENTRIES = (
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
        "returns",
        "game.returns:returns",
        ("actor", "real", "fake"),
        "rewards that an agent collects in an episode, beside the demonstrator's and random actions'",
        ("episode",),
    ),
)
