"""LPIPS beside the package of its authors, on the same weights, and on their pictures.

The archive of weights lies in `.parity` (`make parity` fetches it), or where $RIVALRY_LPIPS says; the pictures,
ex_ref.png, ex_p0.png and ex_p1.png of github.com/richzhang/PerceptualSimilarity, in $RIVALRY_LPIPS_IMAGES.
"""

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import MagicMock

import numpy as np
import pytest
import torch
from PIL import Image

from rivalry.metrics.image.lpips import ARCHIVE, load_lpips

FILE = Path(os.environ.get("RIVALRY_LPIPS", Path(__file__).parents[2] / ".parity" / ARCHIVE))
IMAGES = Path(os.environ.get("RIVALRY_LPIPS_IMAGES", "-"))

pytestmark = pytest.mark.skipif(not FILE.is_file(), reason=f"no {ARCHIVE}")


@pytest.mark.parametrize("network", ["alex", "vgg"])
def test_images_are_as_far_apart_as_the_package_of_the_authors_says(network, monkeypatch):
    ours = load_lpips(FILE, network)
    backbone = lambda **_: SimpleNamespace(
        features=load_lpips(FILE, network).features
    )  # its heads are its own
    stub = MagicMock(models=SimpleNamespace(alexnet=backbone, vgg16=backbone))
    monkeypatch.setitem(sys.modules, "torchvision", stub)
    monkeypatch.setitem(sys.modules, "torchvision.models", stub.models)
    package = pytest.importorskip("lpips")
    monkeypatch.setattr(package.pretrained_networks, "tv", stub.models)  # it may have met another's
    theirs = package.LPIPS(net=network, verbose=False).eval()
    x, y = torch.rand(2, 4, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.no_grad():
        torch.testing.assert_close(ours(x, y), theirs(x, y).flatten(), rtol=1e-5, atol=0)


@pytest.mark.skipif(not IMAGES.is_dir(), reason="no pictures of the authors")
@pytest.mark.parametrize(("network", "p0", "p1"), [("alex", 0.7219, 0.1376), ("vgg", 0.5686, 0.4217)])
def test_the_pictures_of_the_authors(network, p0, p1):
    distance = load_lpips(FILE, network)
    ref, first, second = (read(IMAGES / f"ex_{name}.png") for name in ("ref", "p0", "p1"))
    assert float(distance(ref, first)) == pytest.approx(p0, abs=5e-5)
    assert float(distance(ref, second)) == pytest.approx(p1, abs=5e-5)


def read(path):
    return torch.from_numpy(np.array(Image.open(path).convert("RGB"))).permute(2, 0, 1)[None] / 127.5 - 1
