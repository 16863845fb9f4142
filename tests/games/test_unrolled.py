"""Unrolling: the answers that are foreseen are those that the critic would give, and the generator feels them."""

import copy

import pytest
import torch
from torch import Tensor
from toys import engine_of, images, points

from rivalry.data.source import Dataset
from rivalry.games.image.unrolled import UnrolledGAN, as_vector, unrolled
from rivalry.play.goal import Goal


def after(rounds: int, data: Dataset, **settings: float) -> tuple[UnrolledGAN, Tensor, Tensor]:
    """A game after some rounds in float64, a batch, and fakes."""
    engine = engine_of(unrolled, data, settings=settings)
    if rounds:
        engine.play(Goal(rounds=rounds))
    game = engine.game.double()
    for moments in game.critic.optimizer.state.values():
        moments.update({name: moments[name].double() for name in ("exp_avg", "exp_avg_sq")})
    return game, data.rows(slice(0, 8)).double(), game.G(torch.randn(8, 6, dtype=torch.double))


@pytest.mark.parametrize("data", [points(), images(1, 8, 8)], ids=["points", "images"])
@pytest.mark.parametrize("rounds", [0, 3])
def test_the_answers_foreseen_are_the_optimizers_own_steps(data: Dataset, rounds: int) -> None:
    game, real, fake = after(rounds, data, steps=3, critic_lr=0.01)
    foreseen = game.unroll(real, fake)
    before = as_vector(game.critic.parameters)
    twin = copy.deepcopy(game)  # its critic answers three times, by torch's own Adam
    optimizer = twin.critic.make(twin.critic.parameters)
    optimizer.load_state_dict(game.critic.optimizer.state_dict())
    for _ in range(3):
        for parameter in twin.critic.parameters:
            parameter.grad = None
        twin.divergence.critic(twin.D(real), twin.D(fake.detach())).backward()
        optimizer.step()
    torch.testing.assert_close(foreseen, as_vector(twin.critic.parameters))
    assert (foreseen - before).abs().max() > 0.01
    assert torch.equal(as_vector(game.critic.parameters), before)


def test_the_generators_gradient_goes_through_the_answers() -> None:
    """Against central differences of the loss; the control, a critic held still, differs."""
    game, real, fake = after(2, points(), steps=2, critic_lr=0.05)
    fake = fake.detach().requires_grad_()

    def loss(y: Tensor) -> Tensor:
        return game.divergence.generator(game.judged(game.unroll(real, y), y))

    (slope,) = torch.autograd.grad(loss(fake), fake)
    way = torch.randn_like(fake)
    rise = (loss(fake + 1e-6 * way) - loss(fake - 1e-6 * way)) / 2e-6
    torch.testing.assert_close((slope * way).sum(), rise.detach(), rtol=1e-5, atol=1e-9)
    still = game.unroll(real, fake).detach()
    (control,) = torch.autograd.grad(game.divergence.generator(game.judged(still, fake)), fake)
    assert (slope - control).norm() > 0.01 * control.norm()


def test_nothing_foreseen_is_the_plain_game() -> None:
    game, real, fake = after(2, points(), steps=0)
    assert torch.equal(game.judged(game.unroll(real, fake), fake), game.D(fake))


def test_a_weight_that_never_had_a_gradient_stays_and_gives_no_nan() -> None:
    game, real, fake = after(0, points(), steps=2)
    with torch.no_grad():
        game.D.body[0].weight[:, 1] = 0.5
        real[:, 1] = fake[:, 1] = 0
    fake = fake.detach().requires_grad_()
    foreseen = game.unroll(real, fake)
    (slope,) = torch.autograd.grad(game.judged(foreseen, fake).sum(), fake)
    assert slope.isfinite().all()
    assert (foreseen[: game.D.body[0].weight.numel()].view(-1, 2)[:, 1] == 0.5).all()
