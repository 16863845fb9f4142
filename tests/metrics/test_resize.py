"""Clean resizing against PIL's, and what must not change."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from rivalry.metrics.extractors.resize import at_least, resize


def noise(h, w, n=2, seed=0):
    return torch.randint(256, (n, 3, h, w), generator=torch.Generator().manual_seed(seed)).to(torch.uint8)


def by_pil(x, height, width):
    """Each channel as a float image, clipped and not rounded."""
    planes = x.flatten(0, 1).numpy().astype(np.float32)
    made = [np.asarray(Image.fromarray(p).resize((width, height), Image.Resampling.BICUBIC)) for p in planes]
    return torch.from_numpy(np.stack(made)).clamp(0, 255).view(*x.shape[:2], height, width)


@pytest.mark.parametrize(
    ("size", "to"),
    [((32, 32), (299, 299)), ((128, 96), (17, 23)), ((28, 28), (96, 96)), ((100, 60), (33, 150))],
)
def test_equals_the_bicubic_of_pil_on_floats_up_and_down(size, to):
    x = noise(*size)
    torch.testing.assert_close(resize(x, to), by_pil(x, *to), rtol=0, atol=1e-4)


def test_without_antialiasing_it_would_be_many_grey_levels_off():
    x = noise(128, 128)
    aliased = F.interpolate(x.float(), (32, 32), mode="bicubic").clamp(0, 255)
    assert float((aliased - by_pil(x, 32, 32)).abs().max()) > 10


def test_floats_and_bytes_come_to_the_same():
    x = noise(40, 30)
    of_floats = resize(x.float() / 127.5 - 1, 64)
    torch.testing.assert_close(of_floats, resize(x, 64) / 127.5 - 1, rtol=0, atol=1e-5)


def test_what_overshoots_is_clipped_to_the_range():
    edges = torch.tensor([0, 255], dtype=torch.uint8).repeat_interleave(8).expand(1, 1, 16, 16)
    free = F.interpolate(edges.float(), (50, 50), mode="bicubic", antialias=True)
    assert free.min() < 0 and free.max() > 255
    assert (float(resize(edges, 50).min()), float(resize(edges, 50).max())) == (0, 255)
    assert float(resize(edges.float() / 127.5 - 1, 50).abs().max()) == 1


def test_the_same_size_changes_nothing():
    x = noise(20, 30).float() / 127.5 - 1
    assert torch.equal(resize(x, (20, 30)), x)


@pytest.mark.parametrize(
    ("size", "becomes"),
    [((28, 28), (96, 96)), ((20, 40), (96, 192)), ((96, 96), (96, 96)), ((200, 100), (200, 100))],
)
def test_small_images_are_enlarged_at_their_aspect_and_large_ones_stay(size, becomes):
    assert at_least(noise(*size), 96).shape[2:] == becomes
