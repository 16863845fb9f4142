"""Games of moving pictures."""

from rivalry.games.entry import Entry

ENTRIES = (
    Entry(
        "videogan",
        "rivalry.games.video.videogan:videogan",
        "Generating Videos with Scene Dynamics",
        "Vondrick, Pirsiavash & Torralba",
        2016,
        "arXiv 1609.02612",
        "a moving foreground and a background that cannot move, joined by a mask",
        kinds=("clip",),
    ),
    Entry(
        "mocogan",
        "rivalry.games.video.mocogan:mocogan",
        "MoCoGAN: Decomposing Motion and Content for Video Generation",
        "Tulyakov, Liu, Yang & Kautz",
        2017,
        "arXiv 1707.04993",
        "a content that stays, a motion from a recurrent network; critics of frames and of clips",
        kinds=("clip",),
    ),
    Entry(
        "next-frame",
        "rivalry.games.video.next_frame:next_frame",
        "Deep multi-scale video prediction beyond mean square error",
        "Mathieu, Couprie & LeCun",
        2015,
        "arXiv 1511.05440",
        "the frame that follows, coarse to fine; a critic in place of the mean of all futures",
        kinds=("clip",),
    ),
)
