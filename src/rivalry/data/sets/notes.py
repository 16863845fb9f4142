"""`notes`: tones of the twelve pitches of an octave in several timbres, rendered from a seed.

A note is a sum of harmonics that begins fast and decays: x(t) = a · envelope(t) · Σ_k w_k sin(2π k f t + φ_k).  The
pitch is the class.  In every timbre the fundamental f is the loudest harmonic, so that the peak of a note's spectrum is
its pitch.  Phases, loudness and decay are drawn anew for each note.
"""

import torch
from torch import Tensor

from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest

RATE, LENGTH = 8_000, 1_024  # samples per second, samples of a note
SPLITS = {"train": (6_000, 0), "test": (1_200, 1)}  # how many notes, from which seed
NAMES = ("A4", "A#4", "B4", "C5", "C#5", "D5", "D#5", "E5", "F5", "F#5", "G5", "G#5")
A4 = 440.0  # Hz
TIMBRES = {  # loudness of the harmonics; the fourth of the highest pitch, 3,322 Hz, is below half of the rate
    "pure": (1.0, 0.0, 0.0, 0.0),
    "round": (1.0, 0.5, 0.25, 0.12),
    "hollow": (1.0, 0.0, 0.6, 0.0),
    "bright": (1.0, 0.8, 0.6, 0.5),
}
ATTACK = 0.004  # seconds


def pitches() -> Tensor:
    """The frequencies of the classes, in equal temperament: (12,) Hz."""
    return A4 * 2 ** (torch.arange(len(NAMES)) / 12)


def open_notes(name: str, split: str = "train") -> Dataset:
    """6,000 training and 1,200 test notes of 1,024 samples at 8 kHz.

    Returns:
        float32 (n, 1, 1024); the label is the pitch.  The fact `pitches` holds the frequency of each class, and the
        column "timbre", int64 (n,), numbers its timbre.

    Raises:
        BadRequest: for a split that is neither "train" nor "test".
    """
    if split not in SPLITS:
        raise BadRequest(f"{name!r} has no split {split!r}; it has train and test")
    n, seed = SPLITS[split]
    draw = torch.Generator().manual_seed(seed)
    label = torch.arange(n) % len(NAMES)
    timbre = torch.randint(len(TIMBRES), (n,), generator=draw)
    x = rendered(pitches()[label], timbre, draw)
    spec = Spec(name, "wave", (1, LENGTH), NAMES, about={"rate": RATE})
    facts = {
        "source": "generated",
        "splits": tuple(SPLITS),
        "pitches": pitches(),
        "attributes": {"timbre": tuple(TIMBRES)},
    }
    return Dataset(spec, x, label, facts, {"timbre": timbre})


def rendered(frequency: Tensor, timbre: Tensor, draw: torch.Generator) -> Tensor:
    """Notes of these frequencies (n,) in Hz and timbres (n,): (n, 1, 1024) in [-1, 1]."""
    n, t = len(frequency), torch.arange(LENGTH) / RATE
    weight = torch.tensor([*TIMBRES.values()])[timbre]  # (n, harmonics)
    phase, loud, decay = (torch.rand(n, d, generator=draw) for d in (weight.shape[1], 1, 1))
    x = torch.zeros(n, LENGTH)
    for k in range(weight.shape[1]):
        x += weight[:, k, None] * torch.sin(
            2 * torch.pi * ((k + 1) * frequency[:, None] * t + phase[:, k, None])
        )
    envelope = (t / ATTACK).clamp(max=1) * torch.exp(-t / (0.06 + 0.2 * decay))
    x = x * envelope
    return (x / x.abs().amax(1, keepdim=True) * (0.5 + 0.4 * loud))[:, None]
