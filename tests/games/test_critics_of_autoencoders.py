"""AAE and VAE-GAN: codes that come to lie as the prior does, and three losses on one graph."""

import pytest
import torch
from toys import engine_of, points

from rivalry.data.source import Dataset, Spec
from rivalry.games.likelihood.aae import aae
from rivalry.games.likelihood.vae_gan import vae_gan
from rivalry.maths.codes import Posterior
from rivalry.maths.divergences import non_saturating
from rivalry.maths.optimizers import sgd
from rivalry.play.goal import Goal


def cloud() -> Dataset:
    """A normal cloud whose middle is at (4, 4): an encoder without an adversary has no reason to go to the prior."""
    x = torch.randn(512, 2, generator=torch.Generator().manual_seed(0))
    return Dataset(Spec("cloud", "points", (2,)), x @ torch.tensor([[2.0, 1.0], [0.0, 0.5]]) + 4)


@pytest.mark.parametrize("prior", ["normal", "uniform"])
def test_codes_come_to_lie_as_the_prior_does_and_without_the_critic_they_do_not(prior: str) -> None:
    """By W₁ of each number of a code from the prior, in deviations of the prior: seeds 0 and 1 end between .5 and 1."""
    data, off = cloud(), {}
    settings = {"latent": 2, "prior": prior, "width": 32, "critic_width": 32, "batch": 64, "lr": 2e-3}
    for name, rate in (("played", 2e-3), ("control", 1e-12)):
        engine = engine_of(aae, data, settings={**settings, "critic_lr": rate})
        engine.play(Goal(rounds=150))
        with engine.evaluating() as game:
            z, drawn = game.encode(data.x), game.draw(len(data.x))
            again = game.reconstruct(data.x)
        apart = (z.sort(0).values - drawn.sort(0).values).abs().mean(0) / drawn.std(0)
        off[name] = float(apart.max())
        assert (again - data.x).square().mean() < 0.4 * (data.x - data.x.mean(0)).square().mean()
    assert off["played"] < 1.3 < 4 < off["control"]


def test_the_three_losses_of_a_vae_gan_are_the_papers() -> None:
    """Each player's gradient is that of its own loss alone, with every weight as it was."""
    spec = points().spec
    torch.manual_seed(0)
    game = vae_gan(spec, latent=3, width=8, likeness=5.0)
    torch.manual_seed(2)
    x = points().x[:6]
    (moves,) = game.round(Given(x), 0)
    torch.manual_seed(2)
    codes = Posterior.told(game.encoder(x))
    again, fake = game.decoder(codes.draw()), game.decoder(game.draw(6))
    features = [game.D.body(each) for each in (x, again)]
    unlike = (features[1] - features[0]).square().mean() / 2
    real, of_again, of_fake = (game.D(each)[:, 0] for each in (x, again, fake))
    torch.testing.assert_close(moves[0].loss, codes.divergence().mean() / features[0].shape[1] + unlike)
    lost = non_saturating.generator(of_again) + non_saturating.generator(of_fake)
    torch.testing.assert_close(moves[1].loss, 5 * unlike + lost)
    told = (non_saturating.critic(real, of_again) + non_saturating.critic(real, of_fake)) / 2
    torch.testing.assert_close(moves[2].loss, told)
    assert [move.player for move in moves] == [game.inference, game.generator, game.critic]


def test_the_three_move_at_once() -> None:
    """One plain step of the engine is -rate times gradients that were taken before any weight moved."""
    engine = engine_of(vae_gan, points(), settings={"latent": 3})
    game, x = engine.game, points().x[:8]
    for player in game.players.values():
        player.make = sgd(0.5)
    before = {name: [p.detach().clone() for p in player.parameters] for name, player in game.players.items()}
    engine.data = Given(x)
    torch.manual_seed(3)
    (moves,) = game.round(Given(x), 0)
    slopes = [torch.autograd.grad(m.loss, m.player.parameters, retain_graph=True) for m in moves]
    torch.manual_seed(3)
    list(engine.turns())
    for move, slope in zip(moves, slopes):
        for old, new, g in zip(before[move.name], move.player.parameters, slope):
            torch.testing.assert_close(new.detach(), old - 0.5 * g, atol=1e-5, rtol=1e-4)


class Given:
    """A source that gives the same data always."""

    def __init__(self, x: torch.Tensor):
        self.x = x

    def take(self, n: int) -> tuple[torch.Tensor]:
        return (self.x,)
