"""Pictures that move: every sample one frame, in order, over and over."""

import io
import sys

import numpy as np
import pytest
import torch
from PIL import Image, ImageSequence

from rivalry.data.source import Spec
from rivalry.errors import BadRequest
from rivalry.show.movies import require_movie, write_movie
from rivalry.show.sheets import MARGIN, sheet

SPEC = Spec("pictures", "image", (3, 17, 9))


def samples(n: int) -> torch.Tensor:
    level = torch.linspace(-0.9, 0.9, n)
    return torch.stack([level, -level, level * 0], 1)[:, :, None, None].expand(-1, *SPEC.shape)


def middles(frames) -> np.ndarray:
    return np.stack([np.asarray(f.convert("RGB"))[f.height // 2, f.width // 2] for f in frames]).astype(int)


def test_a_gif_holds_every_sample_in_order_and_repeats() -> None:
    file = io.BytesIO()
    write_movie(samples(12), file, ".gif", SPEC)
    with Image.open(file) as opened:
        assert (opened.n_frames, opened.info["loop"], opened.info["duration"]) == (12, 0, 40)
        assert opened.size == sheet(samples(1), SPEC).size
        seen = middles(ImageSequence.Iterator(opened))
    assert np.abs(seen - middles([sheet(one[None], SPEC) for one in samples(12)])).max() <= 4


def test_an_mp4_holds_every_sample_in_order() -> None:
    av = pytest.importorskip("av", reason="PyAV writes .mp4; it is not installed")
    file = io.BytesIO()
    write_movie(samples(12), file, ".mp4", SPEC)
    with av.open(io.BytesIO(file.getvalue())) as opened:
        frames = [frame.to_image() for frame in opened.decode(video=0)]
    assert len(frames) == 12
    assert all(side % 2 == 0 for side in frames[0].size)
    assert np.abs(middles(frames) - middles([sheet(one[None], SPEC) for one in samples(12)])).max() < 24


def test_without_pyav_an_mp4_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(BadRequest, match=r"pip install 'rivalry\[video\]'; a \.gif needs nothing"):
        require_movie(".mp4", SPEC)
    require_movie(".gif", SPEC)


def test_points_do_not_move() -> None:
    with pytest.raises(BadRequest, match=r"a \.gif shows images; 'dots' holds points"):
        require_movie(".gif", Spec("dots", "points", (2,)))


def test_a_frame_has_a_white_margin() -> None:
    file = io.BytesIO()
    write_movie(samples(2), file, ".gif", SPEC)
    with Image.open(file) as opened:
        assert (np.asarray(opened.convert("RGB"))[:MARGIN] == 255).all()
