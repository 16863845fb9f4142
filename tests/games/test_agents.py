"""Agents: the mathematics of their rewards, and that a critic's form does what it is for."""

import pytest
import torch

from rivalry.data.source import Dataset, toy
from rivalry.errors import BadRequest
from rivalry.games.agents.bc import bc
from rivalry.games.agents.curiosity import entropy_only, icm, pixel_curiosity, rnd
from rivalry.games.agents.gail import REWARDS, airl, gail
from rivalry.maths.advantages import advantages, clipped_surrogate
from rivalry.maths.optimizers import adam
from rivalry.nn.policy import Choices, Numbers
from rivalry.nn.running import RunningNorm
from rivalry.play.engine import Engine
from rivalry.play.goal import Goal
from rivalry.worlds.experience import Experience, played, returns, source_of

TINY = {"width": 16, "actors": 4, "batch": 96, "minibatch": 48}


@pytest.fixture(scope="module")
def walks() -> Dataset:
    """Episodes that always go to the right: a return of 6, where random ones have 0."""
    spec = toy("episode", classes=0).spec
    return Dataset(spec, played(spec, [0] * 4, lambda seen: torch.ones(len(seen), dtype=torch.long)))


def test_with_a_trace_of_1_an_advantage_is_the_discounted_return_less_the_value() -> None:
    reward, value = torch.randn(5, 3), torch.randn(6, 3)
    none = torch.zeros(5, 3)
    ended = none.clone()
    ended[4] = 1
    found = advantages(reward, value[:5], value[1:], ended, none, discount=0.9, trace=1.0)
    expected = sum(0.9**k * reward[k] for k in range(5)) - value[0]
    torch.testing.assert_close(found[0], expected)


def test_what_follows_a_cut_is_estimated_and_what_follows_an_end_is_nothing() -> None:
    one = torch.ones(1, 1)
    of = lambda ended, cut: advantages(one, 0 * one, 7 * one, ended, cut, discount=0.5, trace=1.0).item()
    assert of(one, 0 * one) == 1
    assert of(0 * one, one) == 4.5


def test_a_ratio_beyond_the_clip_has_no_gradient_and_one_within_has() -> None:
    for log_ratio, advantage, moves in (
        (0.5, 1.0, False),
        (0.5, -1.0, True),
        (-0.5, -1.0, False),
        (0.1, 1.0, True),
    ):
        x = torch.tensor([log_ratio], requires_grad=True)
        clipped_surrogate(x, torch.tensor([advantage]), 0.2).backward()
        assert bool(x.grad.abs() > 0) == moves


def test_running_statistics_are_those_of_all_rows_together() -> None:
    x, norm = torch.randn(300, 4) * 3 + 5, RunningNorm(4)
    for part in x.split((100, 150, 50)):
        norm.update(part)
    torch.testing.assert_close(norm.mean, x.mean(0), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(norm.variance, x.var(0, correction=0), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(norm(x).std(0, correction=0), torch.ones(4), rtol=1e-4, atol=1e-4)


def test_actions_are_drawn_by_their_probabilities() -> None:
    torch.manual_seed(0)
    choices, logits = Choices(4, 3), torch.tensor([0.5, 0.3, 0.2]).log().expand(20_000, 3)
    drawn = choices.draw(logits)
    torch.testing.assert_close(drawn.bincount() / 20_000, torch.tensor([0.5, 0.3, 0.2]), atol=0.015, rtol=0)
    assert choices.log_prob(logits, drawn).exp().mean() == pytest.approx(0.25 + 0.09 + 0.04, abs=0.01)
    numbers = Numbers(4, 2)
    numbers.log_deviation.data = torch.tensor([0.0, -1.0])
    normal = torch.distributions.Normal(torch.ones(5, 2), numbers.log_deviation.exp())
    x = numbers.draw(torch.ones(5, 2))
    torch.testing.assert_close(numbers.log_prob(torch.ones(5, 2), x), normal.log_prob(x).sum(1))
    torch.testing.assert_close(numbers.entropy(torch.ones(5, 2)), normal.entropy().sum(1))


def test_rewards_have_the_signs_that_their_names_promise() -> None:
    d = torch.linspace(-5, 5, 11, dtype=torch.double)
    p = d.sigmoid()
    torch.testing.assert_close(REWARDS["survival"](d), -(1 - p).log())
    torch.testing.assert_close(REWARDS["ending"](d), p.log())
    torch.testing.assert_close(REWARDS["neutral"](d), p.log() - (1 - p).log())
    assert (REWARDS["survival"](d) > 0).all() and (REWARDS["ending"](d) < 0).all()


def lowering(game, lr: float, steps: int):
    """As often as asked, a function that takes a step of the model on seen, done and following."""
    parameters = [p for p in game.model.parameters() if p.requires_grad]
    optimizer = adam(lr)(parameters)

    def step(*batch: torch.Tensor) -> None:
        loss = torch.stack([*game.model.losses(*batch).values()]).sum()
        for p, gradient in zip(parameters, torch.autograd.grad(loss, parameters)):
            p.grad = gradient
        optimizer.step()

    return [step] * steps


def trained(make, data: Dataset, rounds: int, **settings):
    torch.manual_seed(0)
    game = make(data.spec, **settings)
    engine = Engine(game, source_of(data, game), seed=0)
    engine.play(Goal(rounds=rounds))
    return game.eval()


def test_an_imitator_goes_where_it_was_shown_to_go_and_not_where_reward_is(walks: Dataset) -> None:
    """One is shown the way to the right, which is rewarded; the others the way to the left, which is punished."""
    left = Dataset(
        walks.spec, played(walks.spec, [0] * 4, lambda seen: torch.zeros(len(seen), dtype=torch.long))
    )
    few = {**TINY, "minibatch": 96, "critic_steps": 2, "lr": 2e-2, "critic_lr": 2e-2}
    for make, data, sign in ((gail, walks, 1), (gail, left, -1), (airl, left, -1)):
        game = trained(make, data, 30, **few)
        assert sign * returns(game.sample(20)).mean() > 3, (make.__name__, sign)
    clone = trained(bc, walks, 60, width=16, lr=1e-2)
    assert returns(clone.sample(20)).mean() > 5


def test_the_reward_that_airl_recovers_is_of_states_alone_and_gail_has_none(walks: Dataset) -> None:
    game = airl(walks.spec, **TINY)
    seen = torch.tensor([[0.0], [1.0]])
    assert game.D.reward(seen).shape == (2,)
    done = game.pi.action.features(torch.tensor([0, 1]))
    a = game.D(seen, done, seen, torch.tensor([0.0, 0.0]))
    b = game.D(seen, 1 - done, seen, torch.tensor([0.0, 2.0]))
    torch.testing.assert_close(a - b, torch.tensor([0.0, 2.0]))  # the action counts by log π alone
    assert not hasattr(gail(walks.spec, **TINY).D, "reward")


def test_curiosity_is_paid_for_what_is_predicted_badly_and_its_control_for_nothing(walks: Dataset) -> None:
    none = Dataset(walks.spec, walks.x[:0])
    steps = (torch.randn(64, 1), torch.eye(2)[torch.randint(2, (64,))], torch.randn(64, 1))
    for make in (icm, rnd, pixel_curiosity):
        torch.manual_seed(0)
        game = make(walks.spec, **TINY)
        first = game.bonus(*steps)
        assert first.shape == (64,) and (first >= 0).all() and first.mean() > 0
        for step in lowering(game, 1e-2, 100):
            step(*steps)
        assert game.bonus(*steps).mean() < 0.9 * first.mean() or make is icm  # icm's features grow meanwhile
    assert (entropy_only(walks.spec, **TINY).bonus(*steps) == 0).all()
    assert isinstance(source_of(none, game), Experience)


def test_features_of_curiosity_leave_out_what_no_action_changes() -> None:
    """One number is set by the action and one is noise: ICM's bonus hardly sees the noise, that of pixels does."""
    torch.manual_seed(0)
    spec = toy("episode", classes=0).spec
    about = {**spec.about, "observation": 2}
    wide = type(spec)("two", "episode", (6, 5), about=about)
    found = {}
    for make in (icm, pixel_curiosity):
        game = make(wide, width=32, **({"features": 4} if make is icm else {}))
        for step in lowering(game, 5e-3, 250):
            done = torch.randint(2, (128,))
            seen = torch.randn(128, 2)
            following = torch.stack([2.0 * done - 1, torch.randn(128)], 1)
            step(seen, torch.eye(2)[done], following)
        quiet = following * torch.tensor([1.0, 0.0])
        found[make] = [float(game.bonus(seen, torch.eye(2)[done], x).mean()) for x in (following, quiet)]
    noisy, still = found[pixel_curiosity]
    assert noisy > 5 * still
    assert found[icm][0] < 0.5 * noisy / still * found[icm][1]


def test_demonstrations_are_asked_for_and_warned_of(walks: Dataset) -> None:
    game = gail(walks.spec, **TINY)
    with pytest.raises(BadRequest, match="learns from demonstrations"):
        source_of(Dataset(walks.spec, walks.x[:0]), game)
    with pytest.raises(BadRequest, match="one process"):
        source_of(walks, game, world=2)
    nameless = type(walks.spec)("walks", "episode", (6, 4), about={**walks.spec.about, "env": ""})
    with pytest.raises(BadRequest, match="names none"):
        gail(nameless)
    lived = Experience(walks, 2).play(game.act, 4)
    lived.ended[1, 1] = 1
    with pytest.warns(UserWarning, match="pays for survival"):
        game.warn_of_endings(lived)
    game.warn_of_endings(lived)  # once
