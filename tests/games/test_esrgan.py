"""ESRGAN: shapes, what it must learn, and what `rivalry enlarge` refuses."""

from pathlib import Path

import pytest
import torch
from PIL import Image
from toys import bars, engine_of, images

from rivalry.data.source import Dataset
from rivalry.editing.enlarge import MOST, enlarged, repeats, to_enlarge
from rivalry.errors import BadRequest
from rivalry.games.translation.esrgan import SHRINKS, esrgan
from rivalry.maths.chance import by_row
from rivalry.maths.shrink import blurred, resized
from rivalry.play.goal import Goal


def waves(n: int = 64) -> Dataset:
    """Fine stripes in one of two places: what is made small tells the place, and not the stripes."""
    data = images(1, 16, 16, n=n, classes=0)
    data.x[:] = 40
    half = torch.arange(n) % 2
    for i in range(n):
        data.x[i, :, 8 * half[i] : 8 * half[i] + 8, ::2] = 220
    return data


def test_pictures_made_smaller_keep_their_mean_and_a_flat_one_stays() -> None:
    x = torch.rand(6, 3, 16, 24) * 2 - 1
    assert torch.allclose(SHRINKS["area"](4)(x).mean((2, 3)), x.mean((2, 3)), atol=1e-6)
    flat = torch.full((6, 3, 16, 24), 0.3)
    for shrink in SHRINKS.values():
        assert shrink(4)(x).shape == (6, 3, 4, 6)
        assert (shrink(4)(flat) - 0.3).abs().mean() < 0.1
    assert torch.allclose(blurred(flat, torch.linspace(0.1, 2, 6)), flat, atol=1e-5)


def test_what_degrades_one_picture_does_not_depend_on_the_others() -> None:
    x = torch.rand(4, 1, 8, 8) * 2 - 1
    with by_row(3, range(4), torch.device("cpu")):
        whole = SHRINKS["degraded"](2)(x)
    with by_row(3, range(1, 2), torch.device("cpu")):
        assert torch.allclose(SHRINKS["degraded"](2)(x[1:2]), whole[1:2], atol=1e-5)


def test_it_learns_details_that_no_enlargement_has() -> None:
    settings = {"times": 4, "adversarial": 0.0, "lr": 3e-3, "batch": 16}
    engine = engine_of(esrgan, waves(), settings=settings)
    engine.play(Goal(rounds=120))
    x = waves(4).rows(slice(None))
    low = SHRINKS["bicubic"](4)(x)
    with engine.evaluating() as game:
        off = (game.enlarge(low) - x).abs().mean()
    assert off < 0.5 * (resized(low, (16, 16)) - x).abs().mean()


def test_any_size_is_enlarged_and_values_are_those_of_a_picture() -> None:
    game = engine_of(esrgan, bars(8, 0)).game.eval()
    for h, w in ((4, 4), (5, 9)):
        made = enlarged(game, torch.rand(1, 1, h, w) * 2 - 1)
        assert made.shape == (1, 1, 4 * h, 4 * w) and made.abs().max() <= 1
    assert enlarged(game, torch.zeros(1, 1, 4, 4), 2).shape == (1, 1, 64, 64)
    with pytest.raises(BadRequest, match="from 4 x 4 on; this one is 3 x 8"):
        game.enlarge(torch.zeros(1, 1, 3, 8))


def test_what_cannot_be_enlarged_is_refused(tmp_path: Path) -> None:
    data = bars(8, 0)
    game = engine_of(esrgan, data).game
    assert (repeats(game, None), repeats(game, 4), repeats(game, 16)) == (1, 1, 2)
    with pytest.raises(BadRequest, match="enlarges 4 times, or 16 by two passes; asked for 3"):
        repeats(game, 3)
    for name, size in (("color", (6, 6)), ("large", (1200, 1200))):
        page = Image.new("RGB", size, "red")
        page.putpixel((0, 0), (0, 255, 0))
        page.save(tmp_path / f"{name}.png")
    with pytest.raises(BadRequest, match=r"color\.png is RGB, 6 x 6; this game was trained on grey"):
        to_enlarge(tmp_path / "color.png", data.spec, 4)
    assert to_enlarge(tmp_path / "color.png", data.spec, 4, convert=True).shape == (1, 1, 6, 6)
    with pytest.raises(BadRequest, match=f"at most {MOST:,} pixels"):
        to_enlarge(tmp_path / "large.png", data.spec, 4)
    with pytest.raises(BadRequest, match="no picture"):
        to_enlarge(tmp_path / "none.png", data.spec, 4)
    for settings, said in (
        ({"times": 3}, "2, 4 or 8"),
        ({"adversarial": 0.0, "l1": 0.0}, "nothing to learn"),
    ):
        with pytest.raises(BadRequest, match=said):
            esrgan(data.spec, **settings)
