"""What the rooms Live and Use do: two games side by side, drawn data, a score's slopes, words, drawings, films."""

import base64
import io
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from smooth import SPEC, Drawing, Linear, Smooth, Stylish
from torch import Tensor

from rivalry.data.source import Column, Spec
from rivalry.errors import BadRequest
from rivalry.game import Game
from rivalry.kinds.image import to_image
from rivalry.studio import asked as get
from rivalry.studio.frames import BRIGHTER, DARKER, score_slopes
from rivalry.studio.shelf import Shelf
from rivalry.studio.use import Opened, dreamed, facts, film, mixed, samples, translated


def picture(data: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(data)))


def in_base64(x: Tensor) -> str:
    file = io.BytesIO()
    to_image(x).save(file, "png")
    return base64.b64encode(file.getvalue()).decode()


# ---------------------------------------------------------------------- what the critic dislikes


class Judged(Game):
    """A critic whose score is w · x, of which the slope is w."""

    def __init__(self, w: Tensor):
        super().__init__()
        self.w = torch.nn.Parameter(w)

    def score(self, x: Tensor) -> Tensor:
        return (x * self.w).sum((1, 2, 3))


def test_the_critics_wishes_are_the_slope_of_its_score() -> None:
    w = torch.zeros(1, 4, 5)
    w[0, 1, 2], w[0, 3, 0], w[0, 0, 4] = 2.0, -1.0, -2.0
    found = np.array(picture(score_slopes(Judged(w), torch.zeros(3, 1, 4, 5), {"label": torch.zeros(3)}, 1)))
    assert found.shape == (4, 5, 4)
    assert found[1, 2].tolist() == [*BRIGHTER, 255] and found[0, 4].tolist() == [*DARKER, 255]
    assert found[3, 0].tolist() == [*DARKER, 128]
    assert (found[..., 3] > 0).sum() == 3


def test_a_critic_of_pairs_has_no_wishes_about_pictures_alone() -> None:
    class Refusing(Judged):
        def score(self, x: Tensor) -> Tensor:
            raise BadRequest("with their sources")

    assert score_slopes(Refusing(torch.zeros(1, 4, 5)), torch.zeros(1, 1, 4, 5), {}, 0) == ""


# ---------------------------------------------------------------------- drawn data


def test_drawn_points_are_data(tmp_path) -> None:
    shelf, points = Shelf(tmp_path / "runs"), torch.randn(50, 2).clamp(-3, 3)
    names = [shelf.keep(points), shelf.keep(-points)]
    assert names == ["drawn-0", "drawn-1"] == list(shelf.drawn())
    with np.load(shelf.drawn()["drawn-1"]) as kept:
        np.testing.assert_array_equal(kept["x"], -points.numpy())
    (tmp_path / "runs" / "drawn-2.npz").symlink_to(tmp_path / "elsewhere")
    assert "drawn-2" not in shelf.drawn()


@pytest.mark.parametrize(
    "points",
    [[[0, 0]] * 19, [[0, 11]] * 20, [[0, 0, 0]] * 20, [["0", 0]] * 20, [[float("nan"), 0]] * 20, "x"],
)
def test_what_is_no_drawing_is_refused(points: Any) -> None:
    with pytest.raises(BadRequest):
        get.points({"points": points}, "points")


# ---------------------------------------------------------------------- use


def test_pictures_are_their_own_pixels() -> None:
    """So that what is painted on the page lies where it is seen."""
    opened = Opened(Smooth(), SPEC)
    found = samples(opened, {"n": 2, "seed": 3})
    assert [picture(one).size for one in found["pictures"]] == [(12, 10)] * 2


class Saying(Drawing):
    """All pixels are as bright as the first word says."""

    conditioned_on = "caption"

    def sample(self, n: int, caption: Tensor, **given: Any) -> Tensor:
        return (caption[:, :1, None, None].float() / 10).expand(n, 1, 10, 12)


def test_a_game_that_is_told_sentences_is_told_words() -> None:
    words = Column("tokens", (4,), {"vocabulary": ["dark", "bright"], "join": " "})
    opened = Opened(Saying(2), Spec("said", "image", (1, 10, 12), extra={"caption": words}))
    dark, bright = (
        np.array(picture(samples(opened, {"n": 1, "text": text})["pictures"][0]))[0, 0]
        for text in ("dark", "bright dark")
    )
    assert dark < bright
    with pytest.raises(BadRequest, match="not in the vocabulary: loud"):
        samples(opened, {"text": "loud"})
    with pytest.raises(BadRequest, match="1 to 3 tokens"):
        samples(opened, {})


class Negative(Game):
    """Translates a picture into its negative; into the domain 1 it leaves it as it is."""

    reads, makes = ("x",), "x"

    def __init__(self) -> None:
        super().__init__()
        self.origin = torch.nn.Parameter(torch.zeros(1))

    def sample(self, n: int, source: Tensor, label: Any = None) -> Tensor:
        return self.translate(source, label)

    def translate(self, x: Tensor, to: Any = None) -> Tensor:
        return x if to == 1 else -x


def test_a_drawing_is_translated() -> None:
    opened = Opened(Negative(), Spec("both", "image", (1, 10, 12), classes=("negative", "same")))
    x = torch.linspace(-1, 1, 120).view(1, 10, 12)
    for to, sign in ((0, -1), (1, 1), (None, -1)):
        before, after = translated(opened, {"picture": in_base64(x), "to": to})["pictures"]
        assert picture(before).tobytes() == to_image(x).tobytes()
        made = torch.tensor(np.array(picture(after)) / 127.5 - 1)
        assert (made - sign * x[0]).abs().max() < 0.02
    with pytest.raises(BadRequest, match="from 0 to 1"):
        translated(opened, {"picture": in_base64(x), "to": 2})
    with pytest.raises(BadRequest, match="translates no pictures"):
        translated(Opened(Linear(), SPEC), {})


def test_a_film_runs_forth_and_back() -> None:
    opened = Opened(Smooth(), SPEC)
    codes = samples(opened, {"n": 4})["codes"]
    with picture(film(opened, {"codes": codes})["film"]) as shown:
        assert shown.format == "GIF" and shown.n_frames == 6 and shown.size == (12, 10)
    with pytest.raises(BadRequest, match="2 to 64 codes"):
        film(opened, {"codes": codes[:1]})


def test_a_code_takes_the_layers_of_another() -> None:
    opened = Opened(Stylish(), SPEC)
    assert facts(opened, {})["bands"] == ["coarse", "middle", "fine"]
    one, other = (torch.tensor(code) for code in samples(opened, {"n": 2})["codes"])
    took = {}
    for band in ("coarse", "middle", "fine"):
        made = mixed(opened, {"code": one.tolist(), "of": other.tolist(), "band": band})
        layers = torch.tensor(made["codes"][0])
        took[band] = [torch.equal(layer, there) for layer, there in zip(layers, other)]
        assert all(torch.equal(w, one[i]) for i, w in enumerate(layers) if not took[band][i])
    assert torch.tensor([*took.values()]).sum(0).tolist() == [1] * len(
        one
    )  # the three bands are all layers, once
    with pytest.raises(BadRequest, match="styles"):
        mixed(Opened(Smooth(), SPEC), {})


class Looking(Drawing):
    """A critic with two convolutions."""

    def __init__(self) -> None:
        super().__init__(2)
        torch.manual_seed(0)
        self.eyes = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.ReLU(), torch.nn.Conv2d(4, 4, 3))

    def score(self, x: Tensor) -> Tensor:
        return self.eyes(x).mean((1, 2, 3))


def test_a_critic_dreams_of_a_picture() -> None:
    opened = Opened(Looking(), SPEC)
    assert facts(opened, {})["layers"] == ["eyes.0", "eyes.1", "eyes.2"]
    asked = {"picture": in_base64(torch.zeros(1, 10, 12)), "layer": "eyes.2"}

    def strength(steps: int) -> list[float]:
        shown = [np.array(picture(one)) for one in dreamed(opened, {**asked, "steps": steps})["pictures"]]
        assert {x.shape for x in shown} == {(110, 132)}
        eyes = opened.game.eyes  # type: ignore[union-attr]
        return [float(eyes(torch.tensor(x / 127.5 - 1).float()[None, None]).norm().detach()) for x in shown]  # type: ignore[operator]

    (before, some), (_, more) = strength(3), strength(20)
    assert before < some < more
    with pytest.raises(BadRequest, match="no layer 'ears'"):
        dreamed(opened, {**asked, "layer": "ears"})
    with pytest.raises(BadRequest, match="no critic"):
        dreamed(Opened(Smooth(), SPEC), asked)
