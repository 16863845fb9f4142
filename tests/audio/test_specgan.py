"""SpecGAN's pictures of sounds."""

import torch

from rivalry.data import open_data
from rivalry.games.audio.specgan import Pictures, specgan, window_for
from rivalry.maths.spectra import Frames, spectral_convergence
from rivalry.metrics.audio.pitch import pitch

NOTES = open_data("notes", "test").only(torch.arange(96))


def test_a_picture_is_nearly_square_and_its_bins_are_standardized() -> None:
    assert [window_for(t) for t in (16, 64, 1024, 16_384)] == [8, 16, 64, 256]
    pictures = Pictures(Frames(1024, 64, 32), steps=16)
    pictures.measure(NOTES.x)
    made = pictures(NOTES.x)
    assert made.shape == (96, 1, 32, 33) and made.abs().max() <= 1
    assert made.mean((0, 1, 3)).abs().max() < 0.1
    assert (made.std((0, 1, 3)) * 3 - 1).abs().max() < 0.2


def test_a_sound_that_becomes_a_picture_and_a_sound_again_keeps_its_pitch() -> None:
    pictures = Pictures(Frames(1024, 256, 64), steps=16)
    pictures.measure(NOTES.x)
    again = pictures.sound(pictures(NOTES.x))
    magnitude = lambda x: pictures.frames.spectrum(x[:, 0]).abs()
    assert (
        spectral_convergence(magnitude(again), magnitude(NOTES.x)).median() < 0.35
    )  # clipped at 3 deviations too
    assert NOTES.label is not None
    assert pitch(NOTES, again, NOTES.label, NOTES.facts["pitches"]).value > 0.95


def test_statistics_are_taken_once_and_kept() -> None:
    game = specgan(NOTES.spec, width=1, condition=False)
    assert {"pictures.mean", "pictures.deviation"} <= game.state_dict().keys()
    assert game.classes == 0 and game.sample(2).shape == (2, 1, 1024)
