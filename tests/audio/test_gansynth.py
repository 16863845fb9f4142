"""GANSynth's pictures as a round trip, what its networks are told, and the coherence of harmonics' phases."""

import pytest
import torch
from toys import engine_of

from rivalry.data import open_data
from rivalry.data.source import toy
from rivalry.games.audio.gansynth import FrequencyPictures, frames_of, gansynth
from rivalry.games.audio.specgan import Pictures
from rivalry.maths.spectra import Frames
from rivalry.metrics.audio.coherence import coherence, coherences
from rivalry.metrics.audio.pitch import pitch
from rivalry.metrics.suite import evaluate
from rivalry.play.goal import Goal

NOTES = open_data("notes", "test").only(torch.arange(48))
ABOUT = (NOTES.label, NOTES.facts["pitches"])


def test_a_sound_that_becomes_a_picture_and_a_sound_again_is_the_same_within_30_decibels() -> None:
    pictures = FrequencyPictures(frames_of(1024))
    pictures.measure(NOTES.x)
    made = pictures(NOTES.x)
    assert made.shape == (48, 2, 128, 17) and made.abs().max() <= 1 and made[:, 0].max() == 1
    again = pictures.sound(made)
    noise = lambda y: (20 * (NOTES.x.norm(dim=2) / (y - NOTES.x).norm(dim=2)).log10()).min()
    assert noise(again) >= 30
    without = pictures.sound(torch.cat([made[:, :1], 0 * made[:, 1:]], 1))
    assert noise(without) < 10  # the control: magnitudes alone
    assert frames_of(64) == Frames(64, 16, 4) and frames_of(16) == Frames(16, 8, 2)


def test_the_pitch_is_joined_to_the_code_as_loud_as_it() -> None:
    torch.manual_seed(0)
    game = gansynth(NOTES.spec, width=2, latent=24, phase=8)
    code = game.told(torch.zeros(12, 24), torch.arange(12))
    assert torch.equal(code[:, 24:], torch.eye(12) * 12**0.5) and code[:, 24:].square().mean() == 1
    z = game.draw(2)
    assert not torch.equal(game.decode(z, 0), game.decode(z, 1))
    without = gansynth(toy("wave", classes=0).spec, width=2)
    assert without.classes == 0 and without.D.names is None and without.sample(2).shape == (2, 1, 64)


def test_the_critic_comes_to_name_the_pitches_of_data() -> None:
    data = toy("wave", 48, classes=3)
    engine = engine_of(gansynth, data, settings={"phase": 40, "width": 8, "largest": 16, "lr": 3e-3})
    game = engine.game
    seen = lambda: game.D.verdicts(game.shown(data.x, game.D.critic.now))[1][0].argmax(1)
    engine.play(Goal(rounds=40))
    with torch.no_grad():
        assert (seen() == data.label).float().mean() > 0.9  # a third by chance


# ---------------------------------------------------------------------- the metric


def test_phases_of_steady_tones_are_coherent_in_tune_or_not_and_those_of_noise_are_not() -> None:
    t, draw = torch.arange(1024) / 8000, torch.Generator().manual_seed(0)
    f = torch.tensor([440.0, 600.0, 830.0])
    steady = torch.sin(2 * torch.pi * (f[:, None] * t + 0.3)) + torch.sin(4 * torch.pi * f[:, None] * t)
    assert coherences(steady, f, 8000).min() > 0.99
    assert coherences(steady, f * 1.01, 8000).min() > 0.95  # a sixth of a semitone
    noise = torch.randn(300, 1024, generator=draw)
    assert 0.3 < coherences(noise, f[:1].expand(300), 8000).mean() < 0.4
    phase = torch.rand(3, 8, generator=draw).repeat_interleave(128, 1)
    jumping = torch.sin(2 * torch.pi * (f[:, None] * t + phase))
    assert coherences(jumping, f, 8000).mean() < 0.7
    assert coherences(0 * steady, f, 8000).max() == 0


def test_turns_that_are_kept_are_more_coherent_than_phases_that_are_found() -> None:
    own = evaluate(NOTES, NOTES.x, NOTES.label, metrics="phase-coherence")[0]
    assert own.name == "phase-coherence" and own.value > 0.97
    turns, spectra = FrequencyPictures(frames_of(1024)), Pictures(Frames(1024, 64, 32), steps=16)
    for pictures in (turns, spectra):
        pictures.measure(NOTES.x)
    kept, found = (coherence(NOTES, p.sound(p(NOTES.x)), *ABOUT).value for p in (turns, spectra))
    assert kept == pytest.approx(own.value, abs=0.01) and found < own.value
    assert pitch(NOTES, turns.sound(turns(NOTES.x)), *ABOUT).value == 1
