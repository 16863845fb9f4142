"""Annealed importance sampling against decoders whose likelihood is known, and against what must be far off."""

from math import log, pi

import pytest
import torch
from torch import nn
from torch.distributions import MultivariateNormal

from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.game import Game
from rivalry.metrics.game.ais import ais, bounds, log_likelihood, sigmoid_schedule


class Linear:
    """x = W z + b + noise of variance σ², whose likelihood is N(b, W Wᵀ + σ² I)."""

    def __init__(self, latent, d, variance, seed=0):
        generator = torch.Generator().manual_seed(seed)
        self.W = torch.randn(d, latent, generator=generator, dtype=torch.float64)
        self.b = torch.randn(d, generator=generator, dtype=torch.float64)
        covariance = self.W @ self.W.T + variance * torch.eye(d, dtype=torch.float64)
        self.truth = MultivariateNormal(self.b, covariance)

    def __call__(self, z):
        return z @ self.W.T + self.b


LINEAR = {"variance": 0.5, "step": 0.05}


@pytest.mark.parametrize(("temperatures", "stated"), [(100, -0.10), (200, -0.06)])
def test_a_linear_decoder_scores_its_known_likelihood(temperatures, stated):
    decode = Linear(5, 20, 0.5)
    torch.manual_seed(0)
    x = decode.truth.sample((16,))
    found = log_likelihood(decode, x, 5, temperatures=temperatures, **LINEAR)
    assert float((found - decode.truth.log_prob(x)).mean()) == pytest.approx(stated, abs=0.15)


def test_both_bounds_of_a_linear_decoder_are_close_at_400_temperatures():
    decode = Linear(5, 20, 0.5)
    found = bounds(decode, 5, temperatures=400, dtype=torch.float64, **LINEAR)
    truth = decode.truth.log_prob(found.x)
    assert float((found.lower - truth).mean()) == pytest.approx(0.05, abs=0.15)
    assert float((found.upper - truth).mean()) == pytest.approx(0.11, abs=0.15)


def test_the_same_seed_gives_the_same_bound():
    decode, x = Linear(5, 20, 0.5), torch.zeros(2, 20, dtype=torch.float64)
    one, again, other = (log_likelihood(decode, x, 5, temperatures=5, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def test_few_temperatures_are_not_enough_for_a_hard_case_and_the_gap_says_so():
    decode = Linear(10, 50, 0.05)
    found = bounds(decode, 10, n=8, variance=0.05, temperatures=60, dtype=torch.float64)
    truth = decode.truth.log_prob(found.x)
    assert float((found.lower - truth).mean()) < -5
    assert float((found.upper - found.lower).mean()) > 5


def test_more_temperatures_come_nearer_from_both_sides():
    gaps = []
    for temperatures in (10, 30, 90):
        found = bounds(
            Linear(5, 20, 0.5), 5, chains=4, temperatures=temperatures, dtype=torch.float64, **LINEAR
        )
        gaps.append(float((found.upper - found.lower).mean()))
    assert gaps[0] > gaps[1] > gaps[2] > 0


def test_a_decoder_that_ignores_its_code_is_exact_at_any_temperatures():
    x = torch.tensor([[0.0, 1.0, 2.0], [3.0, 0.0, 0.0]], dtype=torch.float64)
    found = log_likelihood(lambda z: z @ torch.zeros(2, 3).double() + 1, x, 2, variance=0.5, temperatures=3)
    truth = -((x - 1) ** 2).sum(1) / (2 * 0.5) - 1.5 * log(2 * pi * 0.5)
    assert torch.allclose(found, truth, rtol=1e-12, atol=0)


def test_the_schedule_goes_from_prior_to_posterior_slowly_at_both_ends():
    betas = sigmoid_schedule(101)
    assert (betas[0], betas[-1]) == (0, 1)
    assert betas[50] == pytest.approx(0.5)
    steps = [b - a for a, b in zip(betas, betas[1:])]
    assert min(steps) > 0
    assert steps[50] / steps[0] == pytest.approx(
        0.25 / 0.0177, rel=0.1
    )  # slopes of the sigmoid at 0 and at 4


# ---------------------------------------------------------------------- games


class Decoder(Game):
    """A game that can only be asked for samples: the linear decoder, or another network."""

    def __init__(self, network: nn.Module, latent=3, draw=torch.randn, classes=0, noise=0.0):
        super().__init__()
        self.network, self.latent, self.kind = network, latent, draw
        self.classes, self.noise = classes, noise

    def draw(self, n):
        return self.kind(n, self.latent)

    def decode(self, z, label=None):
        shift = 0 if label is None else 5.0 * label[:, None]
        x = self.network(z) + shift
        return x + self.noise * torch.randn_like(x) if self.noise else x


def linear(latent=3, d=6, seed=0):
    torch.manual_seed(seed)
    return nn.Linear(latent, d)


def made_by(game, n=40):
    torch.manual_seed(1)
    with torch.no_grad():
        x = game.network(game.draw(n))
    return Dataset(Spec("made", "points", tuple(x.shape[1:])), x + 0.5 * torch.randn_like(x))


EASY = {"variance": 0.25, "temperatures": 50, "leapfrog": 4, "chains": 8, "step": 0.2}


def exact(network, x, variance):
    W, b = network.weight.detach().double(), network.bias.detach().double()
    covariance = W @ W.T + variance * torch.eye(len(b), dtype=torch.float64)
    return MultivariateNormal(b, covariance).log_prob(x.double())


def test_the_score_is_the_mean_over_the_data_and_tells_how_it_was_made():
    game = Decoder(linear())
    real = made_by(game)
    score = ais(game, real, n=20, **EASY, provenance={"split": "test"})
    rows = torch.linspace(0, 39, 20).long()
    truth = exact(game.network, real.x[rows], 0.25)
    assert score.value == pytest.approx(float(truth.mean()), abs=0.3)
    assert score.spread == pytest.approx(float(truth.std() / 20**0.5), rel=0.3)
    assert (score.name, score.better, score.n) == ("ais", "high", 20)
    assert (score.provenance["split"], score.provenance["temperatures"]) == ("test", 50)
    assert abs(score.details["gap"]) < 0.5


def test_worse_generators_score_lower():
    game = Decoder(linear())
    real = made_by(game)
    other = linear(seed=9)
    nn.init.constant_(other.bias, 3.0)
    assert ais(game, real, n=8, **EASY).value > ais(Decoder(other), real, n=8, **EASY).value + 5


def test_a_game_that_is_told_classes_is_told_those_of_the_data():
    game = Decoder(linear(), classes=3)
    x, label = made_by(Decoder(game.network)).x, torch.arange(40) % 3
    spec = Spec("made", "points", (6,), ("a", "b", "c"))
    there = ais(game, Dataset(spec, x + 5.0 * label[:, None], label), n=8, **EASY)
    astray = ais(game, Dataset(spec, x + 5.0 * label[:, None], (label + 1) % 3), n=8, **EASY)
    rows = torch.linspace(0, 39, 8).long()
    assert there.value == pytest.approx(float(exact(game.network, x[rows], 0.25).mean()), abs=0.5)
    assert astray.value < there.value - 20
    with pytest.raises(BadRequest, match=r"needs classes, and .* has no labels"):
        ais(game, Dataset(Spec("made", "points", (6,)), x), **EASY)


def test_images_are_measured_on_the_unit_interval_and_dequantized():
    """All pixels at level 128, decoded to 1/2 whatever the code: E (u/256)² = 1/(3 · 256²)."""
    still = nn.Sequential(nn.Linear(3, 64), nn.Unflatten(1, (1, 8, 8)))
    nn.init.zeros_(still[0].weight), nn.init.zeros_(still[0].bias)
    real = Dataset(Spec("gray", "image", (1, 8, 8)), torch.full((4, 1, 8, 8), 128, dtype=torch.uint8))
    score = ais(Decoder(still), real, n=4, temperatures=3)
    truth = -32 * log(2 * pi * 0.025) - 64 / (3 * 256**2 * 2 * 0.025)
    assert score.value == pytest.approx(truth, abs=1e-3)
    assert "dequantized" in score.provenance["scale"]


def test_batch_norm_is_asked_in_evaluation_mode_and_left_as_it_was():
    network = nn.Sequential(linear(), nn.BatchNorm1d(6))
    game = Decoder(network).train()
    ais(game, made_by(Decoder(linear())), n=4, **EASY | {"temperatures": 5})
    assert network[1].training
    assert int(network[1].num_batches_tracked) == 0


def test_the_random_numbers_of_the_caller_go_on_undisturbed():
    game = Decoder(linear())
    real = made_by(game)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    ais(game, real, n=2, **EASY | {"temperatures": 3})
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize(
    "draw",
    [
        lambda n, d: torch.rand(n, d) * 2 - 1,
        lambda n, d: 1.2 * torch.randn(n, d),
        lambda n, d: torch.randn(n, 1).expand(n, d),
        lambda n, d: nn.functional.normalize(torch.randn(n, d)) * d**0.5,
    ],
    ids=["uniform", "too wide", "all the same number", "on a sphere"],
)
def test_codes_that_are_not_normal_are_refused(draw):
    game = Decoder(linear(), draw=draw)
    with pytest.raises(BadRequest, match="draws its codes from another distribution"):
        ais(game, made_by(game))


@pytest.mark.parametrize(
    ("game", "given", "says"),
    [
        (Game(), {}, "this game decodes none"),
        (Decoder(linear(), noise=0.1), {}, "adds chance of its own"),
        (Decoder(linear()), {"n": 0}, "from 1 to all 40 of the data; asked for 0"),
        (Decoder(linear()), {"n": 41}, "from 1 to all 40 of the data; asked for 41"),
        (Decoder(linear()), {"temperatures": 1}, "temperatures are 2 or more; got 1"),
        (Decoder(linear()), {"variance": 0.0}, "variance is above 0; got 0.0"),
        (Decoder(linear(d=5)), {"n": 2}, r"data are \(6,\), decoded ones \(5,\)"),
    ],
)
def test_refuses_in_one_line(game, given, says):
    with pytest.raises(BadRequest, match=says) as refusal:
        ais(game, made_by(Decoder(linear())), **given)
    assert "\n" not in str(refusal.value)
