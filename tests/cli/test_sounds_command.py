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
