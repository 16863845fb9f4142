"""Games of sentences."""

from rivalry.games.entry import Entry

ENTRIES = (
    Entry(
        "lstm",
        "rivalry.games.text.lstm:lstm",
        "Generating Sequences With Recurrent Neural Networks",
        "Graves",
        2013,
        "arXiv 1308.0850",
        "the next word by a recurrent network and maximum likelihood",
        kinds=("tokens",),
    ),
)
