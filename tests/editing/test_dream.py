"""Deep Dream on the judge of digits that comes with the package."""

from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from toys import bars

from rivalry.editing.dream import Ascent, dream, film, octave_sizes, toward, zoomed
from rivalry.editing.seers import Seer, answer, find_seer, layers, log_probability, require_layer
from rivalry.errors import BadRequest
from rivalry.metrics.extractors.classifier import Classifier

JUDGE = find_seer("judge-mnist")


def cloud(size: int, seed: int = 0, channels: int = 1) -> Tensor:
    """A smooth random picture (1, c, size, size) of little contrast."""
    coarse = torch.randn(1, channels, 6, 6, generator=torch.Generator().manual_seed(seed))
    return 0.2 * F.interpolate(coarse, (size, size), mode="bicubic", align_corners=False).clamp(-3, 3)


def variation(x: Tensor) -> float:
    """Mean total variation."""
    return float((x.diff(dim=2).abs().mean() + x.diff(dim=3).abs().mean()).detach())


def strength(x: Tensor, layer: str) -> float:
    return float(answer(JUDGE, x, layer).norm())


LAYER = require_layer(JUDGE, None)


class Tiny(nn.Module):
    """A classifier of bars without biases in its convolutions: it answers nothing to a flat grey picture."""

    def __init__(self) -> None:
        super().__init__()
        one, two = nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.Conv2d(8, 16, 3, 2, 1, bias=False)
        self.body = nn.Sequential(one, nn.ReLU(), two, nn.ReLU(), nn.AdaptiveAvgPool2d(5), nn.Flatten())
        self.verdict = nn.Linear(16 * 25, 4)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.body(x)
        return features, self.verdict(features)


@pytest.fixture(scope="module")
def tiny() -> Seer:
    """The classifier, trained on bars (10 x 10) to tell their four places."""
    data = bars(400, 0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Tiny()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    for _ in range(60):
        loss = F.cross_entropy(network(data.rows(slice(0, 400)))[1], data.column("label", slice(0, 400)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    network.requires_grad_(False)
    test = bars(100, 1)
    right = network(test.rows(slice(0, 100)))[1].argmax(1) == test.column("label", slice(0, 100))
    assert float(right.double().mean()) > 0.95
    return Seer("tiny", network, network, (1, 10, 10), ("one", "two", "three", "four"))


def test_the_layer_answers_five_times_as_strongly(tiny: Seer) -> None:
    x = 0.25 * cloud(40)
    y = dream(tiny, x, "body.3")
    strength = lambda x: float(answer(tiny, x, "body.3").norm())
    assert strength(y) >= 5 * strength(x)
    order = torch.randperm(y.numel(), generator=torch.Generator().manual_seed(0))
    noise = (x + (y - x).flatten()[order].view_as(y)).clamp(-1, 1)  # the same change at other places
    assert strength(noise) < 0.8 * strength(y)


def test_without_jitter_total_variation_is_larger() -> None:
    with_it, without = (
        variation(dream(JUDGE, cloud(64, seed), LAYER, ascent=Ascent(jitter=jitter)))
        for jitter in (None, 0)
        for seed in (1,)
    )
    assert without > with_it


def test_the_probability_of_a_class_rises_with_every_step(tiny: Seer) -> None:
    data = bars(50, 2)
    x = data.rows((data.column("label", slice(0, 50)) == 0).nonzero().flatten()[:1])
    way = list(toward(tiny, x, "three", until=0.9, ascent=Ascent(steps=20)))
    again = [float(log_probability(tiny, y, 2).exp()) for y, _ in way]
    assert again == pytest.approx([p for _, p in way], abs=1e-5)
    assert all(b > a for a, b in pairwise(again))
    assert torch.equal(way[0][0], x) and again[0] < 0.3 and again[-1] >= 0.9
    assert float(log_probability(tiny, way[-1][0], 1).exp()) < 0.1  # another class is not raised


def test_a_guide_draws_the_answers_to_its_own() -> None:
    """The dream toward a picture of a bar shares more of its features than one of a gradient alone."""
    guide = -torch.ones(1, 1, 40, 40)
    guide[..., 18:22] = 1
    x = cloud(40)
    toward_it, free = dream(JUDGE, x, LAYER, guide=guide), dream(JUDGE, x, LAYER)
    wanted = answer(JUDGE, guide, LAYER)[0].flatten(1)

    def alike(y: Tensor) -> float:
        found = answer(JUDGE, y, LAYER)[0].flatten(1)
        return float((F.normalize(found, dim=0).T @ F.normalize(wanted, dim=0)).amax(1).mean())

    assert alike(toward_it) > alike(free)


def test_the_same_seed_dreams_the_same() -> None:
    ascent = Ascent(octaves=2, steps=2)
    a, b, c = (dream(JUDGE, cloud(40), ascent=ascent, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(a, b) and not torch.equal(a, c)


def test_zooming_keeps_the_middle_and_the_film_goes_on_from_it() -> None:
    x = cloud(41)
    assert torch.allclose(zoomed(x, 0.5)[0, 0, 20, 20], x[0, 0, 20, 20], atol=1e-5)
    assert torch.allclose(zoomed(x, 0), x, atol=1e-5)
    seen: list[Tensor] = []
    add: Callable[[Tensor], Tensor] = lambda y: seen.append(y) or y
    frames = list(film(3, add, x, zoom=0.5))
    assert torch.equal(seen[2], zoomed(frames[1], 0.5))


def test_octaves_grow_to_the_picture_and_none_is_too_small() -> None:
    assert octave_sizes((28, 56), Ascent()) == [(10, 20), (14, 29), (20, 40), (28, 56)]
    assert octave_sizes((12, 12), Ascent()) == [(9, 9), (12, 12)]


def test_a_layer_of_one_size_is_asked_at_that_size() -> None:
    """A linear layer takes no other size; a convolution before it does."""
    network = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.Flatten(), nn.Linear(2 * 64, 3))
    seer = Seer("toy", network, network, (1, 8, 8))
    assert layers(seer) == {"0": (2, 8, 8), "1": (128,), "2": (3,)}
    assert answer(seer, torch.zeros(1, 1, 20, 20), "0").shape == (1, 2, 20, 20)
    assert answer(seer, torch.zeros(1, 1, 20, 20), "2").shape == (1, 3)
    assert dream(seer, cloud(20), "2").shape == (1, 1, 20, 20)


def test_what_cannot_be_dreamed_is_refused() -> None:
    with pytest.raises(BadRequest, match=r"no layer 'conv9'; it has convolutions\.0, convolutions\.1"):
        dream(JUDGE, cloud(40), "conv9")
    with pytest.raises(BadRequest, match="28 pixels a side at least; got 20 x 20"):
        dream(JUDGE, cloud(20))
    with pytest.raises(BadRequest, match=r"takes one picture \(1, 1, h, w\)"):
        dream(JUDGE, cloud(40, channels=3))
    with pytest.raises(BadRequest, match="no class '12'"):
        next(toward(JUDGE, cloud(40), "12"))
    without = Seer("plain", Classifier((1, 8, 8), 2), lambda x: x, (1, 8, 8))
    with pytest.raises(BadRequest, match="knows no classes"):
        next(toward(without, cloud(40), "1"))
