"""Pictures for sounds: the pairs, the losses, what a critic and an encoder are told, and one file as a datum."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.io import wavfile
from toys import engine_of, sounding

from rivalry.data import one_datum, open_data
from rivalry.data.sets.bundled import open_bundled
from rivalry.data.sets.discs import HUE, area, hue_of, open_discs
from rivalry.data.sets.spoken_to_drawn import drawn_for, open_spoken_to_drawn, sixteen
from rivalry.data.source import TableSource
from rivalry.errors import BadRequest
from rivalry.games.image.sound_to_image import SoundToImage, sound_to_image
from rivalry.kinds.spec import Column
from rivalry.maths.chance import seeded
from rivalry.metrics.audio.pitch import spectral_peak
from rivalry.nn.hearing import SoundEncoder, stretched
from rivalry.play.goal import Goal


def small(classes: int = 0, **given: float) -> SoundToImage:
    torch.manual_seed(0)
    return sound_to_image(
        sounding(1, 8, 8, classes=classes).spec, width=8, latent=6, heard=6, batch=8, **given
    )


def spoken(folder: Path) -> str:
    """Ten digits by two people, three times each, as the pitch of a tone."""
    (folder / "recordings").mkdir()
    for digit in range(10):
        for speaker in ("ada", "theo"):
            for take in range(3):
                x = 0.5 * np.sin(2 * np.pi * (200 + 40 * digit) * np.arange(600) / 8000)
                wavfile.write(folder / f"recordings/{digit}_{speaker}_{take}.wav", 8000, x.astype(np.float32))
    return str(folder)


# ---------------------------------------------------------------------- pairs


def test_a_louder_tone_has_a_larger_disc_and_its_pitch_is_the_hue() -> None:
    data = open_discs("tones-to-discs", "test")
    x, sound = data.rows(slice(None)), data.others["sound"]
    loud, order = sound.pow(2).mean((1, 2)), lambda y: y.argsort().argsort().double()
    assert torch.corrcoef(torch.stack([order(loud), order(area(x))]))[0, 1] > 0.99
    off = (hue_of(x) - data.others["hue"] + 0.5) % 1 - 0.5
    assert off.abs().max() < 0.02
    high = (spectral_peak(sound, 8000) / 300).log() / math.log(4)  # 0 to 1
    assert (HUE[0] + (HUE[1] - HUE[0]) * high - data.others["hue"]).abs().max() < 0.02
    with pytest.raises(BadRequest, match="it has train and test"):
        open_discs("tones-to-discs", "val")


def test_a_digit_that_is_said_stands_beside_the_same_digit_drawn(tmp_path: Path) -> None:
    path = spoken(tmp_path)
    train, test = (
        open_spoken_to_drawn("spoken-to-drawn", split, path=path, length=600) for split in ("train", "test")
    )
    assert (len(train), len(test), train.spec.shape) == (60, 30, (1, 16, 16))
    heard = lambda data: ((spectral_peak(data.others["sound"], 8000) - 200) / 40).round().long()
    assert torch.equal(heard(train), train.label) and torch.equal(heard(test), test.label)
    mnist = open_bundled("mnist", "test")
    rows = drawn_for(test.label, mnist.label, torch.Generator().manual_seed(0))
    assert torch.equal(mnist.label[rows], test.label) and len(rows.unique()) == 30
    small = sixteen(mnist.x[rows])
    assert (
        small[:, :, 0].max() == 0
        and (small[:, :, 1:15, 1:15].float().mean() - mnist.x[rows].float().mean()) < 0.5
    )
    control = open_spoken_to_drawn("spoken-to-drawn", path=path, length=600, shuffled=True)
    assert torch.equal(control.x, train.x) and (heard(control) == control.label).float().mean() < 0.3
    assert torch.equal(control.others["sound"].sort(0)[0], train.others["sound"].sort(0)[0])


# ---------------------------------------------------------------------- losses and networks


@pytest.mark.parametrize("classes", [0, 3])
def test_the_losses_are_those_of_the_equations(classes: int) -> None:
    game, data = small(classes, weight=0.5), sounding(1, 8, 8, classes=classes)
    real, sound, *label = TableSource(data, game.reads, batch=8).take(8)
    with seeded(1, game.device), torch.no_grad():
        e = game.encoder(sound)
        fake = game.G(torch.cat([game.draw(8), e], 1))
        (on_real, says), (on_fake, _) = game.D(real, e), game.D(fake, e)
        hinge = (1 - on_real).relu().mean() + (1 + on_fake).relu().mean()
        for y in label:
            error = lambda logits, y=y: -logits.log_softmax(1)[range(8), y].mean()
            hinge += 0.5 * (error(says) + error(game.names(e)))
    game = small(classes, weight=0.5)  # power iteration has moved a step
    with seeded(1, game.device):
        move = next(game.round(TableSource(data, game.reads, batch=8), 0))
    torch.testing.assert_close(move.loss.detach(), hinge, rtol=1e-3, atol=1e-4)


def test_the_score_is_a_projection_onto_the_sound() -> None:
    """D(x, a) + D(x, b) = 2 D(x, (a + b) / 2) for encoded sounds a and b: it is affine in them."""
    game = small().eval()
    x, a, b = sounding(1, 8, 8).rows(slice(0, 4)), torch.randn(4, 6), torch.randn(4, 6)
    score = lambda e: game.D(x, e).scores
    torch.testing.assert_close(score(a) + score(b), 2 * score((a + b) / 2), rtol=1e-4, atol=1e-5)
    assert not torch.allclose(score(a), score(b))


def test_spectra_are_stretched_in_training_alone_and_each_by_itself() -> None:
    torch.manual_seed(0)
    x = torch.rand(2, 1, 12, 20).expand(2, -1, -1, -1)
    torch.testing.assert_close(stretched(x, 0.0), x, rtol=1e-4, atol=1e-5)
    flat = torch.full((3, 1, 12, 20), 0.7)
    torch.testing.assert_close(stretched(flat, 0.3), flat)
    encoder, sound = SoundEncoder((1, 64), 8000, 6, stretch=0.2), torch.rand(1, 1, 64).expand(4, -1, -1)
    each = encoder(sound)
    assert not torch.allclose(each[0], each[1])
    torch.testing.assert_close(encoder.eval()(sound)[0], encoder(sound)[1])


def test_a_game_learns_which_sound_belongs_to_a_picture_and_from_shuffled_pairs_does_not() -> None:
    """Pictures that are bright or dark, beside high or low tones, by critic alone: the generator stands still."""
    apart = {}
    for shuffled in (False, True):
        data = sounding(1, 8, 8, n=64)
        high = torch.arange(64) % 2 == 0
        data.others["sound"][:] = torch.sin(torch.arange(64) * torch.where(high, 1.5, 0.4)[:, None])[:, None]
        shown = high[torch.randperm(64, generator=torch.Generator().manual_seed(1))] if shuffled else high
        data.x[:] = torch.where(shown, 220, 30)[:, None, None, None]
        engine = engine_of(sound_to_image, data, settings={"batch": 16})
        game = engine.game
        game.generator.make = lambda parameters: torch.optim.SGD(parameters, lr=0.0)
        game.critic.make = lambda parameters: torch.optim.Adam(parameters, lr=1e-2)
        engine.play(Goal(rounds=40))
        x, sound = torch.where(high, 0.7, -0.8)[:, None, None, None].expand(-1, 1, 8, 8), data.others["sound"]
        game.eval()
        with torch.no_grad():
            apart[shuffled] = float((game.score(x, sound) - game.score(x, sound.roll(1, 0))).mean())
    assert apart[False] > 0.5
    assert apart[False] > 3 * abs(apart[True])


# ---------------------------------------------------------------------- what is asked for


def test_one_sound_for_all_or_one_each() -> None:
    game, sound = small().eval(), sounding(1, 8, 8).others["sound"][:1]
    torch.manual_seed(0)
    for_all = game.sample(3, sound)
    torch.manual_seed(0)
    torch.testing.assert_close(game.sample(3, sound.expand(3, -1, -1)), for_all)
    with pytest.raises(BadRequest, match="one sound for all or one each"):
        game.sample(3, sound.expand(2, -1, -1))
    with pytest.raises(BadRequest, match="draws what a sound says"):
        game.sample(3)


def test_a_file_becomes_a_datum_of_the_column(tmp_path: Path) -> None:
    column = Column("wave", (1, 1024), {"rate": 8000})
    x = 0.5 * np.sin(2 * np.pi * 500 * np.arange(6000) / 16_000)
    wavfile.write(tmp_path / "a.wav", 16_000, np.stack([x, x], 1).astype(np.float32))
    datum = one_datum(tmp_path / "a.wav", column)
    assert datum.shape == (1, 1, 1024) and abs(float(spectral_peak(datum, 8000)) - 500) < 4
    wavfile.write(tmp_path / "silent.wav", 8000, np.zeros(100, np.float32))
    (tmp_path / "corrupt.wav").write_bytes(b"RIFF")
    for name, why in {"silent": "silent", "corrupt": "cannot be used as a sound", "none": "no file"}.items():
        with pytest.raises(BadRequest, match=why):
            one_datum(tmp_path / f"{name}.wav", column)
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(BadRequest, match=r"is no sound; expected a \.wav"):
        one_datum(tmp_path / "a.txt", column)
    with pytest.raises(BadRequest, match="not read from single files"):
        one_datum(tmp_path / "a.wav", open_data("ring").spec.x)
