"""VAEs: their bound against an exact likelihood, and encoders and decoders that share codes."""

import math

import pytest
import torch
from torch import Tensor, nn
from toys import engine_of, images, points

from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.games.likelihood.autoencoder import autoencoder
from rivalry.games.likelihood.vae import VAE, vae
from rivalry.maths.codes import Posterior
from rivalry.maths.fitted import FittedNormal
from rivalry.maths.levels import Levels
from rivalry.maths.optimizers import adam
from rivalry.metrics.game.nll import nll
from rivalry.nn.conditionals import Binomial, Gaussians, Logistics, Softmax
from rivalry.play.goal import Goal

NOISE = 0.5  # deviation of the linear model's observation


class Linear(nn.Module):
    """Codes (n, 2) -> logit, mean and log-deviation of 4 numbers: N(W z, NOISE²), the columns of W orthogonal."""

    W: Tensor

    def __init__(self) -> None:
        super().__init__()
        basis = torch.linalg.qr(torch.randn(4, 2, generator=torch.Generator().manual_seed(0)).double())[0]
        self.W = nn.Parameter(basis * torch.tensor([2.0, 0.7]))

    def forward(self, z: Tensor) -> Tensor:
        mean = z @ self.W.T
        return torch.stack([torch.zeros_like(mean), mean, torch.full_like(mean, math.log(NOISE))], -1)


class Affine(nn.Module):
    """The encoder of a linear model: means A x, and one log-variance for each number of a code."""

    def __init__(self, matrix: Tensor, log_variance: Tensor):
        super().__init__()
        self.matrix, self.log_variance = nn.Parameter(matrix), nn.Parameter(log_variance)

    def forward(self, x: Tensor) -> Tensor:
        mean = x @ self.matrix.T
        return torch.cat([mean, self.log_variance.expand(len(x), -1)], 1)


def exact_posterior(W: Tensor) -> tuple[Tensor, Tensor]:
    """p(z|x) = N(S Wᵀ x / σ², S) with S = (I + WᵀW / σ²)⁻¹: the matrix, and the log of the diagonal of S."""
    variance = 1 / (1 + W.square().sum(0) / NOISE**2)
    return variance[:, None] * W.T / NOISE**2, variance.log()


def linear_vae(off: float) -> tuple[VAE, Tensor, Tensor]:
    """A VAE of the linear model, data, and their exact log-density.

    Args:
        off: added to the encoder's means and log-variances: 0 for the exact posterior.
    """
    decoder = Linear()
    W = decoder.W.detach()
    matrix, log_variance = exact_posterior(W)
    encoder = Affine(matrix + off, log_variance + off)
    game = VAE(
        encoder, decoder, Gaussians(1), latent=2, levels=None, beta=1.0, optimizer=adam(1e-3), shape=(4,), batch=8
    )  # fmt: skip
    covariance = W @ W.T + NOISE**2 * torch.eye(4)
    truth = torch.distributions.MultivariateNormal(torch.zeros(4).double(), covariance)
    torch.manual_seed(1)
    x = truth.sample((50,))
    return game.eval(), x, truth.log_prob(x)


def test_with_the_exact_posterior_the_bound_is_the_likelihood_of_every_datum() -> None:
    game, x, truth = linear_vae(off=0.0)
    torch.testing.assert_close(game.bound(x), truth, atol=1e-6, rtol=0)
    torch.testing.assert_close(game.log_prob(x), truth, atol=1e-6, rtol=0)


def test_with_another_the_bound_lies_below_by_the_divergence_and_more_draws_come_nearer() -> None:
    game, x, truth = linear_vae(off=0.3)
    told, exact = Posterior.told(game.encoder(x)), Posterior.told(linear_vae(off=0.0)[0].encoder(x))
    gap = torch.distributions.kl_divergence(*(normal_of(each) for each in (told, exact)))
    assert (truth - gap).mean() < truth.mean() - 0.05
    bound, scored = game.bound(x), game.log_prob(x)
    assert bound.mean().item() == pytest.approx((truth - gap).mean().item(), abs=0.05)
    assert bound.mean() < scored.mean() < truth.mean() + 0.02
    assert abs(scored - truth).mean() < abs(bound - truth).mean() / 2


def normal_of(codes: Posterior) -> torch.distributions.MultivariateNormal:
    return torch.distributions.MultivariateNormal(codes.mean, torch.diag_embed(codes.log_variance.exp()))


def test_training_brings_the_bound_to_the_likelihood() -> None:
    """Only the encoder is wrong at first, and only it is asked at the end: W has hardly moved."""
    game, _, _ = linear_vae(off=0.5)
    game.float()
    optimizer = adam(0.02)(list(game.encoder.parameters()))
    for _ in range(200):
        x = game.decoder(torch.randn(256, 2))[..., 1].detach() + NOISE * torch.randn(256, 4)
        codes = Posterior.told(game.encoder(x))
        loss = (codes.divergence() - game.fit(game.networks, codes.draw(), x)).mean()
        for p, slope in zip(optimizer.parameters, torch.autograd.grad(loss, optimizer.parameters)):
            p.grad = slope
        optimizer.step()
    _, x, truth = linear_vae(off=0.0)
    assert (truth - game.bound(x.float()).detach()).mean().item() == pytest.approx(0, abs=0.03)


def test_the_divergence_and_the_weights_of_draws_are_those_of_torch() -> None:
    torch.manual_seed(0)
    codes, noise = Posterior.told(torch.randn(5, 6)), torch.randn(5, 3)
    q = torch.distributions.Normal(codes.mean, (codes.log_variance / 2).exp())
    p = torch.distributions.Normal(0.0, 1.0)
    torch.testing.assert_close(codes.divergence(), torch.distributions.kl_divergence(q, p).sum(1))
    z = codes.at(noise)
    torch.testing.assert_close(codes.log_ratio(z, noise), (p.log_prob(z) - q.log_prob(z)).sum(1))


@pytest.mark.parametrize("decoder", ["gaussian", "bernoulli", "levels"])
def test_bits_per_dimension_of_noise_are_at_least_its_entropy(decoder: str) -> None:
    """Of even noise on 5 levels: log2 5 bits, which no model can go below on data that it has not seen."""
    data = noise(5, 200)
    engine = engine_of(vae, data, settings={"decoder": decoder, "levels": 5, "width": 4, "average": 0.0})
    engine.play(Goal(rounds=20))
    score = nll(engine.game, noise(5, 100, seed=1), n=100)
    assert score.spread is not None and score.value > math.log2(5) - 3 * score.spread
    assert score.value < 2 * math.log2(5)
    assert "importance-weighted over 100 codes" in score.provenance["likelihood"]
    assert ("uniform over 5 levels" in score.provenance["dequantization"]) == (decoder == "gaussian")


def noise(levels: int, n: int, seed: int = 0) -> Dataset:
    k = torch.randint(levels, (n, 1, 8, 8), generator=torch.Generator().manual_seed(seed))
    return Dataset(Spec("noise", "image", (1, 8, 8)), (k * 255 / (levels - 1)).round().to(torch.uint8))


@pytest.mark.parametrize("observation", [Binomial(Levels(5)), Softmax(Levels(5)), Logistics(Levels(5), 2)])
def test_probabilities_of_levels_sum_to_one(observation: Softmax) -> None:
    parameters = torch.randn(6, 1, observation.parts, generator=torch.Generator().manual_seed(0))
    every = Levels(5).image(torch.arange(5)).expand(6, 5)
    shares = observation.log_prob(parameters.expand(-1, 5, -1), every).exp()
    torch.testing.assert_close(shares.sum(1), torch.ones(6))


@pytest.mark.parametrize("observation", [Binomial(Levels(5)), Softmax(Levels(5)), Gaussians(2)])
def test_means_and_draws_agree(observation: Softmax) -> None:
    parameters = torch.randn(4, 1, observation.parts, generator=torch.Generator().manual_seed(0))
    u = (torch.arange(20_000) + 0.5) / 20_000
    drawn = observation.quantile(parameters.expand(-1, 20_000, -1), u.expand(4, -1))
    torch.testing.assert_close(observation.mean(parameters)[:, 0], drawn.mean(1), atol=0.02, rtol=0)


def test_two_levels_are_bernoullis() -> None:
    logit, x = torch.tensor([[0.3], [-2.0]]), torch.tensor([1.0, -1.0])
    truth = torch.distributions.Bernoulli(logits=logit[:, 0]).log_prob((x + 1) / 2)
    torch.testing.assert_close(Binomial(Levels(2)).log_prob(logit, x), truth)


def test_codes_are_drawn_from_the_moments_of_those_that_were_seen() -> None:
    fitted, mix = FittedNormal(3), torch.tensor([[1.0, 0.0, 0.0], [2.0, 0.5, 0.0], [0.0, 1.0, 3.0]])
    torch.manual_seed(0)
    assert fitted.draw(10_000).std(0).tolist() == pytest.approx([1, 1, 1], abs=0.03)  # before any code
    for _ in range(50):
        fitted.update(torch.randn(400, 3) @ mix.T + 5)
    drawn = fitted.draw(100_000)
    torch.testing.assert_close(drawn.mean(0), torch.full((3,), 5.0), atol=0.1, rtol=0)
    torch.testing.assert_close(drawn.T.cov(), mix @ mix.T, atol=0.3, rtol=0)


def test_an_autoencoder_learns_to_draw_again_what_a_line_cannot() -> None:
    """Points on a circle by one number each: the best line leaves half of the variance."""
    angle = torch.rand(512, generator=torch.Generator().manual_seed(0)) * 5
    data = Dataset(Spec("arc", "points", (2,)), torch.stack([angle.cos(), angle.sin()], 1))
    x = data.x
    errors = []
    for rounds in (1, 250):
        engine = engine_of(autoencoder, data, settings={"latent": 1, "width": 32, "batch": 128, "lr": 5e-3})
        engine.play(Goal(rounds=rounds))
        with engine.evaluating() as game:
            errors.append(float((game.reconstruct(x) - x).square().mean()))
    line = torch.linalg.svdvals(x - x.mean(0))[1].square() / x.numel()
    assert errors[1] < 0.3 * line < errors[0]


@pytest.mark.parametrize("make", [autoencoder, vae])
def test_sizes_that_do_not_fit_are_refused(make) -> None:
    game = make(images(1, 8, 8).spec, latent=6, width=8)
    with pytest.raises(BadRequest, match="this game's codes are 6; got 7"):
        game.decode(torch.zeros(2, 7))
    with pytest.raises(BadRequest, match="this game's data are 1 x 8 x 8; got 1 x 8 x 9"):
        game.encode(torch.zeros(2, 1, 8, 9))


def test_a_game_of_classes_asks_for_those_of_its_data() -> None:
    game = vae(images(1, 8, 8).spec, latent=6, width=8, conditional=True)
    x = images(1, 8, 8).rows(slice(0, 4))
    with pytest.raises(BadRequest, match="give the label of each datum, or one for all"):
        game.encode(x)
    assert not torch.equal(game.encode(x, label=0), game.encode(x, label=1))
    each = torch.stack([game.log_mass(x, label=k) for k in range(3)])
    assert each.isfinite().all() and (each[0] - each[1]).abs().max() > 1e-4


def test_points_have_no_levels_to_decode() -> None:
    with pytest.raises(BadRequest, match="points need a gaussian decoder; 'bernoulli' is of levels"):
        vae(points().spec, decoder="bernoulli")


def test_beta_is_the_weight_of_the_divergence() -> None:
    """A heavier divergence leaves codes that tell less of the data."""
    told = []
    for beta in (0.0, 100.0):
        engine = engine_of(vae, points(), settings={"beta": beta, "width": 16, "lr": 1e-2, "batch": 64})
        engine.play(Goal(rounds=60))
        told.append(Posterior.told(engine.game.encoder(points().x)).divergence().mean().item())
    assert told[1] < 0.01 < 1 < told[0]
