"""HiFi-GAN: mel spectra, the layout of periods, the losses, pieces of long sounds, and the metric."""

from pathlib import Path

import pytest
import torch
from toys import engine_of

from rivalry.data import open_data
from rivalry.data.readers.sounds import Sound
from rivalry.data.source import TableSource, toy
from rivalry.editing.translate_sounds import fitting, in_pieces, joined
from rivalry.games.audio.hifigan import hifigan, hop_of
from rivalry.maths.chance import seeded
from rivalry.maths.mel import LogMel, mel_bands
from rivalry.maths.spectra import Frames, spectral_convergence
from rivalry.metrics.audio.log_mel import log_mel_distance
from rivalry.metrics.suite import evaluate
from rivalry.nn.vocoder import MelToWave, PeriodCritic, folded, strides_of
from rivalry.play.goal import Goal

NOTES = open_data("notes", "test").only(torch.arange(24))


# ---------------------------------------------------------------------- mel spectra


@pytest.mark.parametrize(("bands", "bins", "rate"), [(40, 129, 8000), (80, 513, 22_050), (40, 9, 16_000)])
def test_bands_are_means_and_none_is_empty(bands: int, bins: int, rate: int) -> None:
    w = mel_bands(bands, bins, rate)
    assert w.shape == (bands, bins) and w.min() >= 0
    torch.testing.assert_close(w.sum(1), torch.ones(bands))
    center = (w * torch.linspace(0, rate / 2, bins)).sum(1)
    assert (center.diff() > -1e-3).all()


def test_a_tone_is_loudest_in_its_band_and_twice_as_loud_is_log_2_more() -> None:
    mel, t = LogMel(Frames(2048, 256, 64), 40, 8000), torch.arange(2048) / 8000
    x = 0.4 * torch.sin(2 * torch.pi * torch.tensor([300.0, 2000.0])[:, None] * t)[:, None]
    logs = mel(x)
    center = (mel.bands * torch.linspace(0, 4000, 129)).sum(1)
    assert (center[logs[:, 0, :, 16].argmax(1)] / torch.tensor([300.0, 2000.0]) - 1).abs().max() < 0.06
    loud = logs > logs.amax() - 3
    torch.testing.assert_close((mel(2 * x) - logs)[loud], torch.full_like(logs[loud], 2).log())


def test_griffin_lim_hears_a_sound_from_its_bands_and_phases_of_others_do_not_fit() -> None:
    mel = LogMel(Frames(1024, 256, 64), 40, 8000)
    logs = mel(NOTES.x)
    magnitude = mel.magnitude(logs)
    assert ((mel.bands @ magnitude).clamp(min=0.01).log() - logs).abs().mean() < 0.1
    off = lambda x: float((mel(x) - logs).abs().mean())
    found, rows = mel.griffin_lim(logs), torch.arange(24)
    assert off(found) < 0.5 < off(NOTES.x.roll(1, 0))
    assert log_mel_distance(NOTES, found, rows).value == pytest.approx(off(found), rel=1e-3)


# ---------------------------------------------------------------------- networks and losses


def test_a_period_is_a_column() -> None:
    x = torch.arange(10.0)[None, None]
    assert folded(x, 5)[0, 0].tolist() == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]
    assert folded(x, 3)[0, 0, -1].tolist() == [9, 8, 7]  # mirrored
    torch.manual_seed(0)
    critic, x = PeriodCritic(4, 4), torch.rand(1, 1, 64)
    moved = x.clone()
    moved[..., 1::4] += 1  # one column alone
    differs = (critic(x).scores != critic(moved).scores).any(2)[0, 0]
    assert differs.tolist() == [False, True, False, False]


def test_a_frame_becomes_as_many_samples_as_there_are_to_the_next() -> None:
    assert [strides_of(hop) for hop in (2, 8, 16, 64, 256)] == [[2], [8], [8, 2], [8, 8], [8, 8, 4]]
    assert [hop_of(t) for t in (16, 64, 511, 512, 4096)] == [2, 8, 32, 64, 64]
    for hop in (2, 16, 64):
        assert MelToWave(40, hop, width=8)(torch.zeros(2, 40, 5)).shape == (2, 1, 5 * hop)


def test_the_losses_are_those_of_the_equations() -> None:
    data = toy("wave", 16, classes=0)
    torch.manual_seed(0)
    game = hifigan(data.spec, width=8, critic_width=4, batch=4, segment=32, features=2.0, spectrum=45.0)
    with seeded(1, game.device):
        moves = game.round(TableSource(data, batch=4), 0)
        critic = next(moves).loss
        terms = next(moves).notes
    with seeded(1, game.device), torch.no_grad():
        x = game.cut(TableSource(data, batch=4).take(4)[0])
        fake = game.G(game.piece(x)[:, 0])[..., :32]
    assert x.shape == (4, 1, 32)
    real, made = game.D(x), game.D(fake)
    by_hand = sum(((a.scores - 1) ** 2).mean() + (b.scores**2).mean() for a, b in zip(real, made))
    torch.testing.assert_close(critic, by_hand, rtol=1e-2, atol=1e-3)  # power iteration moves between the two
    maps = sum((p - q).abs().mean() for a, b in zip(real, made) for p, q in zip(a.maps, b.maps))
    torch.testing.assert_close(terms["features"], 2 * maps, rtol=1e-2, atol=1e-3)
    distance = (game.piece(x) - game.piece(fake)).abs().mean()
    torch.testing.assert_close(terms["spectrum"], 45 * distance)


def test_it_learns_the_spectra_of_tones() -> None:
    data = toy("wave", 32, classes=0)
    engine = engine_of(hifigan, data, settings={"width": 16, "critic_width": 4, "lr": 2e-3, "segment": 0})
    off = lambda: log_mel_distance(data, engine.game.translate(data.x), torch.arange(32)).value
    with torch.no_grad():
        before = off()
    engine.play(Goal(rounds=25))
    with torch.no_grad():
        assert off() < 0.5 * before


# ---------------------------------------------------------------------- sounds of any length, and the metric


@pytest.mark.parametrize("t", [10, 64, 65, 120, 500])
def test_pieces_join_to_the_sound_that_they_are_of(t: int) -> None:
    x = torch.rand(2, t, generator=torch.Generator().manual_seed(0)) - 0.5
    pieces = in_pieces(x, 64)
    assert pieces.shape[1:] == (2, 64) and len(pieces) == max(1, -(-(t - 8) // 56))
    torch.testing.assert_close(joined(pieces, t), x)


def test_a_sound_is_brought_to_the_rate_and_the_channels_of_the_data() -> None:
    stereo = Sound("a.wav", torch.rand(1000, 2).numpy(), 16_000)
    assert fitting(stereo, NOTES.spec, Path("a.wav")).shape == (1, 500)


def test_the_distance_is_that_of_logarithms_and_knows_no_phase() -> None:
    rows = torch.arange(24)
    assert evaluate(NOTES, NOTES.x, None, rows=rows, metrics="log-mel-distance")[0].value == 0
    assert log_mel_distance(NOTES, -NOTES.x, rows).value == pytest.approx(0, abs=1e-5)
    loud = log_mel_distance(NOTES, NOTES.x / 2, rows).value
    assert 0.2 < loud < 0.694  # log 2 where there is more than silence
    assert log_mel_distance(NOTES, 0 * NOTES.x, rows).value > 2 * loud
    frames = Frames(1024, 256, 64)
    assert (
        spectral_convergence(
            frames.spectrum(-NOTES.x[:, 0]).abs(), frames.spectrum(NOTES.x[:, 0]).abs()
        ).max()
        < 1e-4
    )
