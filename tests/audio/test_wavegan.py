"""WaveGAN's parts, spectra as round trips, and the metrics of sounds."""

import pytest
import torch
from torch import Tensor

from rivalry.data import open_data
from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.games.audio.wavegan import wavegan
from rivalry.maths.spectra import (
    Frames,
    from_frequency,
    griffin_lim,
    instantaneous_frequency,
    log_magnitude,
    spectral_convergence,
)
from rivalry.metrics.audio.convergence import convergence
from rivalry.metrics.audio.pitch import pitch, spectral_peak
from rivalry.metrics.suite import evaluate
from rivalry.nn.waves import PhaseShuffle, WaveCritic, WaveGenerator, quarterings, shifted

NOTES = open_data("notes", "test").only(torch.arange(48))


def decibels(x: Tensor, y: Tensor) -> Tensor:
    """The signal-to-noise ratio of y as a copy of x: (n, t) -> (n,)."""
    return 20 * (x.norm(dim=1) / (y - x).norm(dim=1)).log10()


# ---------------------------------------------------------------------- spectra


@pytest.mark.parametrize(("window", "hop"), [(256, 128), (128, 32), (64, 32)])
def test_log_magnitude_and_instantaneous_frequency_give_the_sound_back(window: int, hop: int) -> None:
    x, frames = NOTES.x[:, 0], Frames(1024, window, hop)
    spectrum = frames.spectrum(x)
    assert spectrum.shape[1:] == (frames.bins, frames.frames)
    frequency = instantaneous_frequency(spectrum)
    assert frequency.abs().max() <= 1
    assert decibels(x, frames.sound(from_frequency(log_magnitude(spectrum), frequency))).min() >= 30
    without = frames.sound(from_frequency(log_magnitude(spectrum), torch.zeros_like(frequency)))
    assert decibels(x, without).max() < 10  # the control: magnitudes alone


def test_the_instantaneous_frequency_of_a_tone_is_its_frequency() -> None:
    frames, rate = Frames(2048, 128, 32), 8000
    x = torch.sin(2 * torch.pi * 1010 * torch.arange(2048) / rate)[None]
    turn = instantaneous_frequency(frames.spectrum(x))[0, 16, 4:-4]  # bin 16 of 128 is 1,000 Hz
    expected = (2 * 1010 / rate * 32 + 1) % 2 - 1  # 0.08
    assert (turn - expected).abs().max() < 0.01


def test_griffin_lim_finds_phases() -> None:
    x, frames = NOTES.x[:, 0], Frames(1024, 256, 64)
    wanted = frames.spectrum(x).abs()
    off = [
        spectral_convergence(frames.spectrum(griffin_lim(wanted, frames, k)).abs(), wanted) for k in (0, 16)
    ]
    assert off[1].mean() <= 0.25 and (off[1] < off[0]).float().mean() > 0.9
    zero = frames.sound(wanted.to(torch.complex64))
    assert spectral_convergence(frames.spectrum(zero).abs(), wanted).mean() > 0.25  # the control: no phases


# ---------------------------------------------------------------------- networks


def test_phase_shuffle_shifts_by_at_most_n_and_mirrors_the_border() -> None:
    x = torch.arange(6.0).expand(2, 3, 6)
    assert shifted(x, 2)[0, 0].tolist() == [2, 1, 0, 1, 2, 3]
    assert shifted(x, -2)[1, 2].tolist() == [2, 3, 4, 5, 4, 3]
    torch.manual_seed(0)
    shuffle, seen = PhaseShuffle(2), set()
    for _ in range(60):
        (row,) = shuffle(x).flatten(0, 1).unique(dim=0)  # one shift for the whole batch
        seen.add(tuple(row.tolist()))
    assert seen == {tuple(shifted(x, k)[0, 0].tolist()) for k in range(-2, 3)}
    assert torch.equal(shuffle.eval()(x), x) and torch.equal(PhaseShuffle(0)(x), x)


def test_the_layers_are_the_papers() -> None:
    G, D = WaveGenerator(100, (1, 16_384), width=4), WaveCritic((1, 16_384), width=4, shuffle=2)
    assert G.small == 16 and [up.in_channels for up in G.ups] == [64, 32, 16, 8, 4]
    assert [up(torch.zeros(1, up.in_channels, 16)).shape[-1] for up in G.ups] == [64] * 5
    assert D.last.in_features == 16 * 64
    assert sum(isinstance(layer, PhaseShuffle) for layer in D.body) == 4  # none after the last
    assert [quarterings(t) for t in (16, 64, 1000, 1024, 65_536)] == [1, 1, 2, 3, 6]


def test_classes_are_an_option() -> None:
    told, untold = (wavegan(NOTES.spec, width=1, condition=yes) for yes in (True, False))
    assert (told.classes, untold.classes) == (12, 0) and untold.reads == ("x",)
    x = NOTES.rows(slice(0, 2))
    assert not torch.equal(told.score(x, 0), told.score(x, 1))
    with pytest.raises(BadRequest, match="is not told classes"):
        untold.sample(2, label=0)
    with pytest.raises(BadRequest, match="wavegan needs data of kind 'wave'"):
        wavegan(Spec("ring", "points", (2,)))


# ---------------------------------------------------------------------- metrics


def test_pitch_is_right_for_notes_and_by_chance_for_others() -> None:
    assert NOTES.label is not None
    right = evaluate(NOTES, NOTES.x, NOTES.label, metrics="pitch")[0]
    assert right.value == 1 and right.name == "pitch"
    turned = NOTES.label.roll(1)
    assert pitch(NOTES, NOTES.x, turned, NOTES.facts["pitches"]).value == 0
    same = NOTES.x[:1].expand(48, -1, -1)
    assert pitch(NOTES, same, NOTES.label, NOTES.facts["pitches"]).value == pytest.approx(1 / 12)
    noise = torch.rand(48, 1, 1024, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert pitch(NOTES, noise, NOTES.label, NOTES.facts["pitches"]).value < 0.1
    other = Dataset(Spec("a", "wave", (1, 1024), ("low", "high"), about={"rate": 8000}), NOTES.x, turned % 2)
    with pytest.raises(BadRequest, match="pitch needs data whose pitches are known"):
        evaluate(other, NOTES.x, turned % 2, metrics="pitch")


def test_the_peak_is_a_frequency() -> None:
    t = torch.arange(1000) / 8000
    x = torch.stack([torch.sin(2 * torch.pi * f * t) + 0.2 for f in (100.0, 777.0)])[:, None]
    assert (spectral_peak(x, 8000) - torch.tensor([100.0, 777.0])).abs().max() < 2


def test_convergence_is_0_for_equal_magnitudes_and_1_for_silence() -> None:
    rows = torch.arange(8)
    assert convergence(NOTES, NOTES.x[:8], rows).value == 0
    assert convergence(NOTES, -NOTES.x[:8], rows).value == pytest.approx(0, abs=1e-6)
    assert convergence(NOTES, 0 * NOTES.x[:8], rows).value == pytest.approx(1)
    assert convergence(NOTES, NOTES.x[:8], rows + 1).value > 0.5
