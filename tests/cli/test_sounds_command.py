"""What a user does with sounds: pictures for one of them."""

from pathlib import Path

import numpy as np
from scipy.io import wavfile

import rivalry


def test_pictures_for_a_sound(typed, here: Path) -> None:
    rivalry.train(
        "sound-to-image", "tones-to-discs", rounds=2, run="run", width=8, batch=8, quiet=True, measure=False
    )
    wavfile.write("a.wav", 8000, (0.5 * np.sin(np.arange(2000) / 3)).astype(np.float32))
    answer = typed("sample run -n 6 --sound a.wav -o six.png")
    assert (answer.status, answer.out, answer.err) == (0, "six.png\n", "")
    assert Path("six.png").exists()
    assert "samples for a sound: rivalry sample run --sound FILE.wav" in typed("sample run").err
    for asked, why in {"--sound b.wav": "no file 'b.wav'", "--sound six.png": "is no sound"}.items():
        answer = typed(f"sample run {asked}")
        assert answer.status == 2 and why in answer.err
    assert "sounds cannot be typed" in typed("sample run --text loud").err
    rivalry.train("gan", "ring", rounds=1, run="ring", quiet=True, measure=False)
    assert "not told sounds, so --sound" in typed("sample ring --sound a.wav").err


def test_sounds_are_made_again_in_a_folder(typed, here: Path) -> None:
    rivalry.train(
        "hifigan", "notes", rounds=1, run="run", width=8, critic_width=4, batch=2, quiet=True, measure=False
    )
    for name, t in (("short", 300), ("below/long", 3000)):
        Path(f"speech/{name}.wav").parent.mkdir(parents=True, exist_ok=True)
        wavfile.write(f"speech/{name}.wav", 16_000, (0.5 * np.sin(np.arange(t) / 9)).astype(np.float32))
    answer = typed("translate run speech -o resynthesized")
    assert (answer.status, answer.out, answer.err) == (0, "resynthesized\n", "")
    for name, t in (("short", 150), ("below/long", 1500)):
        rate, x = wavfile.read(f"resynthesized/{name}.wav")
        assert (rate, x.shape) == (8000, (t,))
    Path("speech/corrupt.wav").write_bytes(b"RIFF")
    for asked, why in {
        "speech -o out": "speech/corrupt.wav cannot be used as a sound",
        "speech/short.wav -o speech": "is one of the files to translate",
        "nowhere -o out": "no file or folder 'nowhere'",
        "speech/short.wav --to one -o out": "no domain",
    }.items():
        answer = typed(f"translate run {asked}")
        assert answer.status == 2 and why in answer.err, (asked, answer.err)
    assert not Path("out").exists()
