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
    Entry(
        "transformer",
        "rivalry.games.text.transformer:transformer",
        "Attention Is All You Need",
        "Vaswani et al.",
        2017,
        "arXiv 1706.03762",
        "the next word by attention to those before it, and maximum likelihood",
        kinds=("tokens",),
    ),
    Entry(
        "seqgan",
        "rivalry.games.text.seqgan:seqgan",
        "SeqGAN: Sequence Generative Adversarial Nets with Policy Gradient",
        "Yu et al.",
        2016,
        "arXiv 1609.05473",
        "the critic rewards each word by how sentences that begin so end: the policy gradient",
        kinds=("tokens",),
    ),
)
