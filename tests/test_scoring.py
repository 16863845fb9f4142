"""Scores of samples that lie in a folder, an archive or a tensor."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from toys import bars

from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.game import Game
from rivalry.metrics.extractors.fingerprints import share_known
from rivalry.metrics.extractors.resize import fitted
from rivalry.runs.drawing import parts, require_truncation
from rivalry.runs.scoring import evaluate

FEW = {"metrics": "fid", "features": "pixels"}


def archive(path: Path, data: Dataset) -> str:
    np.savez(path, x=data.x.numpy())
    return str(path)


def test_of_more_samples_than_n_evenly_spaced_ones_are_measured(tmp_path: Path) -> None:
    """Sorted by class, the first n would be of only one class."""
    real, fake = bars(400, 0), bars(400, 1)
    by_class = archive(tmp_path / "sorted.npz", fake.only(fake.label.argsort(stable=True)))
    with pytest.warns(UserWarning, match="holds 400 samples; 100 of them are measured, evenly spaced"):
        (spread,) = evaluate(by_class, real, n=100, **FEW)
    (one_class,) = evaluate(fake.x[fake.label == 0], real, **FEW)
    assert spread.n == 100
    assert spread.value < 0.2 * one_class.value
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert evaluate(by_class, real, n=400, **FEW)[0].n == 400


def test_measured_against_itself_is_seen_by_content(tmp_path: Path) -> None:
    real = bars(60, 0)
    copy = archive(tmp_path / "another-name.npz", real.only(torch.arange(60).flip(0)))
    with pytest.warns(UserWarning, match="another-name.npz is measured against itself"):
        evaluate(copy, real, **FEW)
    mixed = torch.cat([real.x[:15], bars(45, 1).x])
    with pytest.warns(UserWarning, match="25% of the samples in the tensor are among the data"):
        evaluate(mixed, real, **FEW)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        evaluate(bars(60, 1).x, real, **FEW)


def test_the_share_that_is_known_is_counted_in_bytes_or_floats() -> None:
    real = bars(50, 0)
    assert share_known(real.rows(slice(0, 10)), real) == 1  # floats of the same bytes
    assert share_known(torch.cat([real.x[:5], bars(15, 1).x]), real) == 0.25
    points = Dataset(Spec("p", "points", (2,)), torch.arange(20.0).view(10, 2))
    assert share_known(torch.tensor([[0.0, 1.0], [0.0, 1.5]]), points) == 0.5


def test_another_size_or_mode_is_converted_on_request(tmp_path: Path) -> None:
    real = bars(60, 0)
    large = Dataset(
        Spec("large", "image", (3, 20, 20)),
        bars(60, 1).x.repeat(1, 3, 1, 1).repeat_interleave(2, 2).repeat_interleave(2, 3),
    )
    path = archive(tmp_path / "large.npz", large)
    with pytest.raises(
        BadRequest, match="samples are 3 x 20 x 20, 'bars' is 1 x 10 x 10: --resize converts them"
    ):
        evaluate(path, real, **FEW)
    (score,) = evaluate(path, real, resize=True, **FEW)
    (plain,) = evaluate(bars(60, 1).x, real, **FEW)
    assert score.value == pytest.approx(plain.value, rel=0.2)  # doubled and halved again
    assert "bicubic" in score.provenance["resizer"]


def test_samples_of_several_sizes_name_a_file(tmp_path: Path) -> None:
    """Resized without a word, some samples would be blurred, and the score would tell of that."""
    real = bars(60, 0)
    for i, pixels in enumerate(real.x[:40, 0].numpy()):
        Image.fromarray(pixels).save(tmp_path / f"{i:02d}.png")
    Image.fromarray(pixels).resize((20, 12)).save(tmp_path / "33.png")
    with pytest.raises(
        BadRequest, match=r"several sizes: 33\.png is 12 x 20, and most are 10 x 10 grey; --resize"
    ):
        evaluate(tmp_path, real, **FEW)
    assert evaluate(tmp_path, real, resize=True, **FEW)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("to", [1, 2, 3, 4])
def test_grey_stays_grey_in_every_mode(channels: int, to: int) -> None:
    grey = torch.full((2, channels, 8, 8), 0.25)
    if channels in (2, 4):
        grey[:, -1] = 1
    out = fitted(grey, Spec("x", "image", (to, 8, 8)))
    assert out.shape == (2, to, 8, 8)
    truth = torch.full_like(out, 0.25)
    if to in (2, 4):
        truth[:, -1] = 1
    torch.testing.assert_close(out, truth)


class Noise(Game):
    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(()))

    def sample(self, n: int, truncation: float | None = None) -> torch.Tensor:
        return self.weight * torch.randn(n, 3)


def test_parts_are_the_samples_of_draw_and_leave_the_random_numbers_alone() -> None:
    from rivalry.runs.drawing import draw

    torch.manual_seed(3)
    truth = torch.rand(2)
    torch.manual_seed(3)
    made = [part for part in parts(Noise(), 25, seed=4, chunk=10)]
    assert torch.equal(torch.rand(2), truth)
    assert [len(part) for part in made] == [10, 10, 5]
    assert torch.equal(torch.cat(made), draw(Noise(), 25, seed=4, chunk=10))


class Styles(Noise):
    def style(self, z: torch.Tensor, label: object = None) -> torch.Tensor:
        return z

    def synthesize(self, w: torch.Tensor) -> torch.Tensor:
        return w

    def middle(self) -> torch.Tensor:
        return torch.zeros(3)


def test_styles_may_be_truncated_to_their_middle_and_beyond() -> None:
    for psi in (0.7, 0.0, -0.5):
        require_truncation(Styles(), psi)
    for game, psi in ((Styles(), float("nan")), (Noise(), 0.0), (Noise(), -0.5)):
        with pytest.raises(BadRequest, match="above 0"):
            require_truncation(game, psi)
