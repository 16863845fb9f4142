"""What is made from MNIST is MNIST, but for what its name says."""

import pytest
import torch
from torch.nn import functional as F

from rivalry.data import open_data
from rivalry.data.sets.from_mnist import edges, open_from_mnist
from rivalry.data.sets.shapes import HUES
from rivalry.data.source import Dataset
from rivalry.errors import BadRequest

NAMES = ("mnist-32", "colored-mnist", "mnist-edges")


@pytest.fixture(scope="module")
def mnist() -> Dataset:
    return open_data("mnist", "test")


@pytest.mark.parametrize("name", NAMES)
def test_made_anew_it_is_the_same(name: str) -> None:
    one, again = open_from_mnist(name, "test"), open_from_mnist(name, "test")
    assert torch.equal(one.x, again.x)
    assert torch.equal(one.label, again.label)
    with pytest.raises(BadRequest, match=f"'{name}' has no split 'val'; it has train and test"):
        open_from_mnist(name, "val")


def test_a_border_is_black_and_the_rest_as_before(mnist: Dataset) -> None:
    data = open_data("mnist-32", "test")
    assert torch.equal(data.x[..., 2:-2, 2:-2], mnist.x)
    assert data.x.long().sum() == mnist.x.long().sum()
    assert torch.equal(data.label, mnist.label)


def test_a_digit_is_painted_in_its_color(mnist: Dataset) -> None:
    data = open_data("colored-mnist", "test")
    ink = torch.tensor([*HUES.values()])[data.others["color"]]  # (n, 3)
    assert torch.equal(data.label, mnist.label)
    assert (data.x * (mnist.x == 0)).sum() == 0
    rows, _, down, across = torch.nonzero(mnist.x == 255, as_tuple=True)
    assert torch.equal(data.x[rows, :, down, across], ink[rows].byte())
    exact = mnist.x[:500] * (ink[:500] / 255)[..., None, None]
    assert (data.x[:500] - exact).abs().max() <= 0.5 + 1e-4


def test_colors_do_not_depend_on_digits() -> None:
    data = open_data("colored-mnist", "test")
    counts = torch.bincount(6 * data.label + data.others["color"], minlength=60).view(10, 6)
    expected = counts.sum(1, keepdim=True) / 6
    assert ((counts - expected).abs() / expected.sqrt()).max() < 5


@pytest.mark.parametrize("split", ["train", "test"])
def test_digits_and_edges_are_of_disjoint_halves(split: str) -> None:
    data, mnist = open_data("mnist-edges", split), open_data("mnist", split)
    data.spec.require("cogan", kind="image", domains=2)
    assert data.spec.classes == ("digits", "edges")
    assert data.label.bincount().tolist() == [len(mnist) // 2] * 2
    assert torch.equal(data.others["digit"], mnist.label)
    for domain, made in enumerate([mnist.x, edges(mnist.x)]):
        rows = data.label == domain
        assert torch.equal(data.x[rows], made[rows])
    shares = [mnist.label[data.label == domain].bincount() / mnist.label.bincount() for domain in (0, 1)]
    assert (shares[0] - shares[1]).abs().max() < 0.12  # every digit is in both


def test_edges_surround_what_is_lit() -> None:
    x = torch.zeros(1, 1, 9, 11, dtype=torch.uint8)
    x[..., 3:6, 4:8] = 200
    ring = torch.zeros_like(x)
    ring[..., 2:7, 3:9] = 200
    ring[..., 3:6, 4:8] = 0
    assert torch.equal(edges(x), ring)
    assert edges(torch.full_like(x, 90)).max() == 0
    assert edges(torch.zeros_like(x)).max() == 0


def test_edges_of_bytes_and_of_floats_are_the_same(mnist: Dataset) -> None:
    rows = slice(0, 200)
    of_floats = edges(mnist.rows(rows))
    of_bytes = edges(mnist.x[rows]).float() / 127.5 - 1
    assert (of_floats - of_bytes).abs().max() < 1e-6
    assert of_floats.min() == -1
    assert of_floats.max() <= 1


def test_digits_are_hollow_in_their_edges(mnist: Dataset) -> None:
    lit, edge = mnist.x > 250, edges(mnist.x)
    assert edge[lit].max() <= 5
    near = F.max_pool2d((mnist.x > 0).float(), 3, 1, 1) > 0
    assert edge[~near].max() == 0


def test_stacked_digits_are_drawn_apart_and_their_mode_is_told(mnist: Dataset) -> None:
    data = open_data("stacked-mnist", "test")
    assert data.spec.shape == (3, 28, 28)
    assert not data.spec.classes
    of = {image.numpy().tobytes(): int(label) for image, label in zip(mnist.x[:, 0], mnist.label)}
    for x, mode in zip(data.x[:200], data.others["mode"]):
        assert int("".join(str(of[channel.numpy().tobytes()]) for channel in x)) == mode
    counts = data.others["mode"].bincount(minlength=1000).double()
    assert (counts > 0).all()
    assert (counts - 10).square().sum() / 10 < 1300  # about 1,000 for even modes; the digits are nearly so
