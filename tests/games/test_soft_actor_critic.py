"""Soft actor-critic: the density of bounded actions, the soft value where it is known, the kept steps, and resuming."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn

from rivalry.data.source import Dataset, toy
from rivalry.errors import BadRequest
from rivalry.games.agents.gail import gail
from rivalry.games.agents.sac import SAC, Replay
from rivalry.maths.optimizers import adam
from rivalry.nn.policy import Squashed
from rivalry.play.engine import Engine
from rivalry.play.goal import Goal
from rivalry.worlds import world as worlds
from rivalry.worlds.experience import played, returns, source_of

LOW, HIGH = torch.tensor([-2.0, 0.0]), torch.tensor([2.0, 1.0])


class Slide:
    """A step leads as far to the right or left as it says, at most 1, and is paid as much."""

    horizon, observation, action, choices, low, high, grid = 6, 1, 1, 0, (-1.0,), (1.0,), None

    def __init__(self, pictures: bool = False):
        self.place = 0.0

    def reset(self, seed: int) -> np.ndarray:
        self.place = 0.0
        return np.zeros(1, np.float32)

    def step(self, action: list[float]) -> tuple[np.ndarray, float, bool]:
        self.place += action[0]
        return np.array([self.place], np.float32), action[0], False


def shown(monkeypatch: pytest.MonkeyPatch, action: float) -> Dataset:
    """Demonstrations of one action alone."""
    monkeypatch.setattr(worlds, "make", lambda name, pictures=False: Slide())
    spec = worlds.spec_of(Slide(), "slide")
    return Dataset(spec, played(spec, [0] * 4, lambda seen: torch.full((len(seen), 1), action)))


def test_the_density_of_bounded_actions_is_that_of_a_squashed_normal() -> None:
    form, told = Squashed(4, LOW, HIGH), torch.tensor([[0.3, -0.5, 0.2, -1.0]]).expand(200, 4)
    action, log_pi = form.drawn(told)
    normal = torch.distributions.Normal(told[:, :2], told[:, 2:].exp())
    to = [
        torch.distributions.TanhTransform(),
        torch.distributions.AffineTransform((LOW + HIGH) / 2, (HIGH - LOW) / 2),
    ]
    truth = torch.distributions.TransformedDistribution(normal, to)
    torch.testing.assert_close(log_pi, truth.log_prob(action).sum(1), rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(form.log_prob(told, action), log_pi, rtol=1e-3, atol=1e-3)
    assert ((action >= LOW) & (action <= HIGH)).all()


def test_the_soft_value_of_one_step_is_α_log_of_the_integral_and_its_policy_the_only_best() -> None:
    """With Q = α log p + c for a density p of squashed normals, α log ∫ exp(Q/α) = c, and p alone reaches it."""
    torch.manual_seed(0)
    alpha, c, best = 0.3, 1.7, torch.tensor([0.4, -0.6])  # mean and log deviation before squashing
    game = nn.Module()
    game.pi = nn.Module()
    game.pi.body, game.pi.action = nn.Identity(), Squashed(2, torch.tensor([-1.0]), torch.tensor([1.0]))
    game.pi.action.read, game.log_alpha = nn.Identity(), torch.tensor(math.log(alpha))
    q = lambda x: (alpha * game.pi.action.log_prob(best.expand(len(x), 2), x[:, 2:]) + c)[:, None]
    learner = SAC(0.9, 1, 1)
    of = lambda told: learner.soft_value(game, [q, lambda x: q(x) + 1], told.expand(4000, 2))[0]
    torch.testing.assert_close(of(best), torch.full((4000,), c), rtol=1e-3, atol=1e-2)  # by every action
    grid = torch.linspace(-1, 1, 200_001)[1:-1, None]
    integral = (q(torch.cat([torch.zeros(len(grid), 2), grid], 1)) / alpha).exp().mean() * 2
    assert alpha * integral.log() == pytest.approx(c, abs=1e-3)
    told = torch.tensor([-0.5, 0.3], requires_grad=True)
    assert of(told).mean() < c - 0.1
    optimizer = adam(3e-2)([told])
    for _ in range(200):
        (told.grad,) = torch.autograd.grad(-of(told).mean(), told)
        optimizer.step()
    torch.testing.assert_close(told.detach(), best, atol=0.05, rtol=0)


def test_the_oldest_steps_give_way_to_new_ones() -> None:
    replay = Replay(4, (1, 2))
    for first in (0, 3, 6):
        new = torch.arange(first, first + 3.0)[:, None]
        replay.keep(new, new.repeat(1, 2))
    seen, done = replay.draw(200)
    assert set(seen[:, 0].tolist()) == {5, 6, 7, 8} and torch.equal(done, seen.repeat(1, 2))
    replay.keep(torch.arange(10.0)[:, None], torch.zeros(10, 2))
    assert set(replay.draw(200)[0][:, 0].tolist()) == {6, 7, 8, 9}


def test_an_imitator_does_what_it_was_shown_and_goes_on_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = {"width": 16, "actors": 4, "batch": 96, "minibatch": 96, "critic_steps": 2, "learner": "sac"}
    for action in (0.8, -0.8):
        data = shown(monkeypatch, action)
        torch.manual_seed(0)
        game = gail(data.spec, **tiny, lr=2e-2, critic_lr=2e-2)
        engine = Engine(game, source_of(data, game), seed=0)
        engine.play(Goal(rounds=7))
        kept = copy.deepcopy((engine.game.state_dict(), engine.state()))
        engine.play(Goal(rounds=14))
        found = returns(game.eval().sample(20)).mean()
        assert found * action > 1.5, (action, found)
    torch.manual_seed(1)
    other = gail(data.spec, **tiny, lr=2e-2, critic_lr=2e-2)
    again = Engine(other, source_of(data, other), seed=1)
    again.restore(*kept)
    again.play(Goal(rounds=14))
    assert all(torch.equal(a, b) for a, b in zip(game.state_dict().values(), other.state_dict().values()))


def test_actions_that_are_choices_or_have_no_bounds_are_refused() -> None:
    with pytest.raises(BadRequest, match="those of walk are choices: take learner=ppo"):
        gail(toy("episode", classes=0).spec, learner="sac")
    about = {"observation": 1, "action": 1, "reward": 1, "choices": 0, "env": "far"}
    endless = {**about, "low": [-1.0], "high": [float("inf")]}
    spec = type(toy("episode").spec)("far", "episode", (6, 4), about=endless)
    with pytest.raises(BadRequest, match="those of far have none"):
        gail(spec, learner="sac")
