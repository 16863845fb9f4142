"""The metrics of this room: a row each."""

from rivalry.metrics.entry import Metric

ENTRIES = (
    Metric(
        "pitch",
        "audio.pitch:pitch",
        ("real", "fake", "asked", "pitches"),
        "share of sounds whose spectrum has its peak at the pitch that was asked for",
        ("wave",),
    ),
    Metric(
        "phase-coherence",
        "audio.coherence:coherence",
        ("real", "fake", "asked", "pitches"),
        "how steadily the phases of a sound's harmonics turn: 1 for steady tones",
        ("wave",),
    ),
    Metric(
        "log-mel-distance",
        "audio.log_mel:log_mel_distance",
        ("real", "fake", "rows"),
        "distance of a sound's mel spectrum from that of the sound it was made for",
        ("wave",),
    ),
    Metric(
        "spectral-convergence",
        "audio.convergence:convergence",
        ("real", "fake", "rows"),
        "distance of a sound's spectrogram from that of the sound that it was made for",
        ("wave",),
    ),
)
