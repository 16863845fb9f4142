"""Games of sounds."""

from rivalry.games.entry import Entry

ENTRIES = (
    Entry(
        "wavegan",
        "rivalry.games.audio.wavegan:wavegan",
        "Adversarial Audio Synthesis",
        "Donahue, McAuley & Puckette",
        2018,
        "arXiv 1802.04208",
        "convolutions over the samples of a sound; a critic that is shifted in time at random",
        kinds=("wave",),
    ),
    Entry(
        "specgan",
        "rivalry.games.audio.specgan:specgan",
        "Adversarial Audio Synthesis",
        "Donahue, McAuley & Puckette",
        2018,
        "arXiv 1802.04208",
        "pictures of a sound's frequencies over time; Griffin-Lim finds the phases",
        kinds=("wave",),
    ),
    Entry(
        "gansynth",
        "rivalry.games.audio.gansynth:gansynth",
        "GANSynth: Adversarial Neural Audio Synthesis",
        "Engel et al.",
        2019,
        "arXiv 1902.08710",
        "growing pictures of log-magnitude and instantaneous frequency, told the pitch",
        kinds=("wave",),
    ),
    Entry(
        "hifigan",
        "rivalry.games.audio.hifigan:hifigan",
        "HiFi-GAN: Generative Adversarial Networks for Efficient and High Fidelity Speech Synthesis",
        "Kong, Kim & Bae",
        2020,
        "arXiv 2010.05646",
        "sounds from their mel spectra; critics of periods and of scales",
        kinds=("wave",),
    ),
)
