"""Folders of sounds, the set of notes, and a copy of the spoken digits."""

import io
import struct
import wave
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.io import wavfile

from rivalry.data import open_data
from rivalry.data.check import check, render
from rivalry.data.sets.notes import NAMES, RATE, pitches
from rivalry.errors import BadRequest

T = np.arange(2000) / 8000


def tone(frequency: float = 500.0, rate: int = 8000, seconds: float = 0.25) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * frequency * np.arange(round(rate * seconds)) / rate)


def written(file: Path, x: np.ndarray, rate: int = 8000) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    wavfile.write(file, rate, x)
    return file


def pcm(x: np.ndarray) -> np.ndarray:
    return np.round(x * 32767).astype(np.int16)


def pcm24(x: np.ndarray, rate: int = 8000) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(3)
        out.setframerate(rate)
        out.writeframes(b"".join(struct.pack("<i", v)[:3] for v in np.round(x * (2**23 - 1)).astype(int)))
    return file.getvalue()


def test_every_depth_of_samples_is_the_same_sound(tmp_path: Path) -> None:
    x = tone()
    written(tmp_path / "16.wav", pcm(x))
    written(tmp_path / "32.wav", np.round(x * (2**31 - 1)).astype(np.int32))
    written(tmp_path / "8.wav", np.round(x * 127 + 128).astype(np.uint8))
    written(tmp_path / "float.wav", x.astype(np.float32))
    written(tmp_path / "double.wav", x)
    (tmp_path / "24.wav").write_bytes(pcm24(x))
    data = open_data(tmp_path)
    assert data.spec.shape == (1, 2000) and data.spec.about == {"rate": 8000} and len(data) == 6
    error = (data.x[:, 0] - torch.from_numpy(x)).abs().amax(1)
    coarse = sorted(error.tolist())
    assert coarse[-1] < 1 / 120 and coarse[-2] < 1e-4  # 8 bits, and all others


def test_a_tone_keeps_its_pitch_and_loudness_at_another_rate(tmp_path: Path) -> None:
    written(tmp_path / "a.wav", tone(500, 22_050), 22_050)
    written(tmp_path / "b.wav", tone(500))
    written(tmp_path / "c.wav", tone(500))
    data = open_data(tmp_path)  # the rate that most have
    assert data.spec.about["rate"] == 8000 and data.spec.shape == (1, 2000)
    assert data.facts["converted"]["resampled to 8,000 samples per second"] == 1
    inner = slice(100, 1900)
    assert (data.x[0, 0, inner] - data.x[1, 0, inner]).abs().max() < 0.01
    assert open_data(f"{tmp_path}:rate=4000").spec.shape == (1, 1000)
    written(tmp_path / "high/d.wav", tone(3500))
    high = open_data(f"{tmp_path / 'high'}:rate=4000")
    assert high.x[0, 0, 50:-50].abs().max() < 0.01  # above the new limit: gone, not folded back


def test_length_and_channels_are_as_asked(tmp_path: Path) -> None:
    left, right = tone(400), tone(800)
    for i, n in enumerate((1000, 1500, 2000)):
        written(tmp_path / f"{i}.wav", pcm(np.stack([left, right], 1)[:n]))
    data = open_data(tmp_path)
    assert data.spec.shape == (1, 1500)  # the median
    assert data.x[0, 0, 1000:].abs().max() == 0 and data.x[0, 0, :1000].abs().max() > 0.4
    assert (data.x[2, 0] - torch.from_numpy((left + right) / 2)[:1500]).abs().max() < 1e-3
    assert {k: v for k, v in data.facts["converted"].items() if "1,500" in k} == {
        "cut to 1,500 samples": 1,
        "padded with silence to 1,500 samples": 1,
    }
    both = open_data(f"{tmp_path}:channels=stereo,length=800")
    assert both.spec.shape == (2, 800)
    assert (both.x[1, 1] - torch.from_numpy(right)[:800]).abs().max() < 1e-3
    with pytest.raises(BadRequest, match="channels is one of mono, stereo"):
        open_data(f"{tmp_path}:channels=five")


def test_what_holds_no_sound_is_named_skipped_and_counted(tmp_path: Path) -> None:
    good = pcm(tone())
    for i in range(2):
        written(tmp_path / f"good{i}.wav", good)
    written(tmp_path / "loud.wav", np.clip(4 * good.astype(int), -32768, 32767).astype(np.int16))
    written(tmp_path / "above.wav", 3 * tone())
    written(tmp_path / "silent.wav", 0 * good)
    written(tmp_path / "one.wav", good[:1])
    written(tmp_path / "nan.wav", np.full(100, np.nan, np.float32))
    (tmp_path / "corrupt.wav").write_bytes(b"RIFF\x10\0\0\0WAVEnothing of it")
    (tmp_path / "empty.wav").write_bytes(b"")
    (tmp_path / "song.mp3").write_bytes(b"ID3")
    (tmp_path / "notes.txt").write_text("x")
    data = open_data(tmp_path)
    assert len(data) == 4
    why = dict(data.facts["skipped"])
    why.pop("song.mp3", None)  # where soundfile is installed, it is asked
    assert why.keys() == {"silent.wav", "one.wav", "nan.wav", "corrupt.wav", "empty.wav"}
    assert why["one.wav"].startswith("1 sample;") and why["silent.wav"].startswith("silent")
    assert data.facts["passed"][".txt"] == 1
    assert data.facts["converted"] == {"clipped: flat at full scale for 1 % of the time or more": 1}
    assert float(data.x.abs().max()) <= 1
    said = render(check(str(tmp_path)))
    assert "clipped: flat at full scale for 1 % of the time or more (1)" in said
    assert "silent.wav: silent: all samples are equal" in said
    only = tmp_path / "only"
    written(only / "one.wav", good[:1])
    with pytest.raises(BadRequest, match=r"none of 1 files .* one.wav: 1 sample;"):
        open_data(only)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ("rate=99999999", "at most 1,000,000 a second"),
        ("length=8", "16 samples or more"),
        ("rate=1000000", "at 1,000,000 a second these sounds hold 2,250,000 samples, more than 2,000,000"),
        ("length=900000", "2 sounds of 900,000 samples"),
    ],
)
def test_no_setting_exhausts_the_memory(
    settings: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is resampled: 0.25 s at a million samples a second would be 250,000 of each file."""
    monkeypatch.setattr("rivalry.data.readers.sounds.MOST", 2_000_000 if "rate" in settings else 1_000_000)
    for k in range(9 if "rate" in settings else 2):
        written(tmp_path / f"{k}.wav", pcm(tone(300 + 40 * k)))
    with pytest.raises(BadRequest, match=says):
        open_data(f"{tmp_path}:{settings}")


def test_a_damaged_file_says_nothing_of_objects_in_memory(tmp_path: Path) -> None:
    pytest.importorskip("soundfile")
    written(tmp_path / "a.wav", pcm(tone()))
    (tmp_path / "b.mp3").write_bytes(b"ID3" + bytes(500))
    (tmp_path / "c.wav").write_bytes(b"RIFF" + bytes(40))
    report = check(str(tmp_path))
    assert [name for name, _ in report.corrupt] == ["b.mp3", "c.wav"] and "0x" not in report.corrupt[0][1]
    assert not report.wrong  # they are left out, and training begins


def test_mp3_without_a_decoder_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rivalry.data.readers import sounds

    monkeypatch.setattr(sounds, "find_spec", lambda name: None)
    (tmp_path / "song.mp3").write_bytes(b"ID3")
    with pytest.raises(BadRequest, match=r"pip install 'rivalry\[sound\]'"):
        open_data(tmp_path)


def test_compressed_files_are_read_where_soundfile_is(tmp_path: Path) -> None:
    soundfile = pytest.importorskip("soundfile")
    for ending in ("flac", "ogg"):
        soundfile.write(tmp_path / f"a.{ending}", tone(), 8000)
    (tmp_path / "damaged.flac").write_bytes(b"fLaC, but no more")
    data = open_data(tmp_path)
    assert [name for name, _ in data.facts["skipped"]] == ["damaged.flac"]
    assert (data.x[0, 0] - torch.from_numpy(tone())).abs().max() < 1e-4  # flac loses nothing
    assert data.x[1].abs().max() > 0.4


def test_folders_are_classes_and_splits(tmp_path: Path) -> None:
    for label in ("dog", "cat"):
        for i in range(10):
            written(tmp_path / f"plain/{label}/{i}.wav", pcm(tone()))
            written(tmp_path / f"split/{'train' if i else 'Test'}/{label}/{i}.wav", pcm(tone()))
    (tmp_path / "around").mkdir()
    (tmp_path / "plain").rename(tmp_path / "around/plain")
    for path in ("around", "around/plain", "split"):
        train, test = (open_data(tmp_path / path, split) for split in ("train", "test"))
        assert (len(train), len(test)) == (18, 2)
        assert train.spec.classes == ("cat", "dog") and test.label is not None
        assert test.label.tolist() == [0, 1]
    with pytest.raises(BadRequest, match="no split 'val'; it has train, test"):
        open_data(tmp_path / "around", "val")
    with pytest.raises(BadRequest, match="no size in pixels"):
        open_data(tmp_path / "around", size=(8, 8))
    report = check(str(tmp_path / "around"))
    assert (report.kind, report.n) == ("wave", 20) and report.labels == {"cat": 10, "dog": 10}


def test_the_peak_of_a_notes_spectrum_is_its_class() -> None:
    data = open_data("notes", "test")
    assert data.spec.shape == (1, 1024) and data.label is not None
    spectrum = torch.fft.rfft(data.x[:, 0] * torch.hann_window(1024), 8192).abs()
    peak = spectrum.argmax(1) * RATE / 8192
    assert torch.equal((peak[:, None] / pitches()).log().abs().argmin(1), data.label)
    assert data.label.bincount().tolist() == [100] * len(NAMES)
    assert data.others["timbre"].bincount().min() > 200
    assert data.x.abs().max() <= 0.9


def test_spoken_digits_are_those_of_the_copy(tmp_path: Path) -> None:
    for digit in range(10):
        for speaker in ("ada", "bob"):
            for take in (4, 5, 6):
                written(tmp_path / f"recordings/{digit}_{speaker}_{take}.wav", pcm(tone(200 + 40 * digit)))
    given = f"spoken-digits:path={tmp_path},length=1024"
    train, test = open_data(given), open_data(given, "test")
    assert (len(train), len(test)) == (40, 20) and train.spec.shape == (1, 1024)
    assert train.label is not None and train.label.bincount().tolist() == [4] * 10
    unheard = open_data(f"{given},speaker=bob", "test")
    assert len(unheard) == 30 and unheard.others["speaker"].unique().tolist() == [1]
    with pytest.raises(BadRequest, match="has ada, bob"):
        open_data(f"{given},speaker=eve")
    with pytest.raises(BadRequest, match=r"spoken-digits:path=FOLDER.*github"):
        open_data("spoken-digits")
