"""The exact parts of the games of sentences: roll-outs, the policy gradient, relaxed tokens, the oracle."""

import itertools

import pytest
import torch
from torch import Tensor

from rivalry.data import open_data
from rivalry.data.source import Spec, toy
from rivalry.errors import BadRequest
from rivalry.games.sentences import Sentences
from rivalry.games.text.relgan import relgan
from rivalry.games.text.scratchgan import scratchgan
from rivalry.games.text.seqgan import SeqGAN, seqgan
from rivalry.games.text.transformer import transformer
from rivalry.games.text.wgan_text import wgan_text
from rivalry.kinds.tokens import SPECIAL
from rivalry.maths.policy import gumbel, mean_of_others, relaxed, returns, surrogate

FIRST = len(SPECIAL)
WORDS, LENGTH = 3, 3
EVERY = torch.tensor([*itertools.product(range(FIRST, FIRST + WORDS), repeat=LENGTH)])  # all 27 sentences
SPEC = Spec("tiny", "tokens", (LENGTH,), about={"vocabulary": list("abc"), "join": " ", "fixed": True})


def tiny(seed: int = 0, **given: object) -> SeqGAN:
    torch.manual_seed(seed)
    return seqgan(SPEC, embedding=4, width=5, critic_width=3, **given)  # type: ignore[arg-type]


def liking(x: Tensor) -> Tensor:
    """A reward of each sentence of the tiny language, between 0 and 1."""
    weight = torch.tensor([0.2, 0.5, -0.4])
    return ((x - FIRST).float() @ weight + (x[:, 0] == x[:, 2])).sigmoid()


def flat(game: Sentences, loss: Tensor) -> Tensor:
    parts = torch.autograd.grad(loss, list(game.network.parameters()))
    return torch.cat([part.flatten() for part in parts])


def test_the_probabilities_of_all_sentences_sum_to_one() -> None:
    assert tiny().log_prob(EVERY).exp().sum().item() == pytest.approx(1, abs=1e-5)
    torch.manual_seed(0)
    other = transformer(SPEC, width=8, layers=2, heads=2).eval()
    assert other.log_prob(EVERY).exp().sum().item() == pytest.approx(1, abs=1e-5)


def test_samples_are_as_frequent_as_they_are_likely() -> None:
    torch.manual_seed(0)
    for game in (tiny(), transformer(SPEC, width=8, layers=1, heads=2).eval()):
        with torch.no_grad():
            x, p = game.sample(20_000), game.log_prob(EVERY).exp()
        found = ((x - FIRST) @ torch.tensor([9, 3, 1])).bincount(minlength=27) / len(x)
        assert (found - p).abs().max() < 4 * (p.max() / len(x)) ** 0.5


def test_the_policy_gradient_is_that_of_the_expected_reward_for_any_baseline() -> None:
    """Over all sentences of a language of three words, each as often as it is likely."""
    game, there = tiny(), torch.ones(len(EVERY), LENGTH, dtype=torch.bool)
    exact = -flat(game, (game.log_prob(EVERY).exp() * liking(EVERY)).sum())
    p = game.log_prob(EVERY).exp().detach()
    for baseline in (0.0, 0.7):
        advantage = (liking(EVERY) - baseline)[:, None].expand(-1, LENGTH)
        each = [
            flat(game, surrogate(game.of_tokens(x[None]), a[None], t[None]))
            for x, a, t in zip(EVERY, advantage, there)
        ]
        torch.testing.assert_close((torch.stack(each) * p[:, None]).sum(0), exact, atol=1e-6, rtol=1e-4)


def test_with_exact_action_values_the_gradient_is_the_same() -> None:
    """Q_t in place of the sentence's reward, less a baseline of what came before: equal in the mean."""
    game = tiny()
    p = game.log_prob(EVERY).exp().detach()
    q = torch.stack([value(p, EVERY[:, : t + 1]) for t in range(LENGTH)], 1)
    before = torch.stack([value(p, EVERY[:, :t]) for t in range(LENGTH)], 1)
    weighted = (game.of_tokens(EVERY) * (q - before)).sum(1) @ p
    exact = flat(game, (game.log_prob(EVERY).exp() * liking(EVERY)).sum())
    torch.testing.assert_close(flat(game, weighted), exact, atol=1e-6, rtol=1e-4)


def value(p: Tensor, begin: Tensor) -> Tensor:
    """The expected reward of sentences with each of these beginnings, under p of all sentences."""
    same = (EVERY[None, :, : begin.shape[1]] == begin[:, None]).all(2).float() * p
    return (same @ liking(EVERY)) / same.sum(1)


def test_rolled_out_values_are_those_of_the_tree() -> None:
    game = tiny(rollouts=4000)
    game.follow(1.0)
    x = EVERY[::5]
    torch.manual_seed(1)
    made = game.completed(x)
    assert made.shape == (LENGTH - 1, 4000, len(x), LENGTH)
    p = game.log_prob(EVERY).exp().detach()
    for t in range(1, LENGTH):
        assert torch.equal(made[t - 1, ..., :t], x[:, :t].expand(4000, -1, -1))
        found = liking(made[t - 1].flatten(0, 1)).view(4000, len(x)).mean(0)
        torch.testing.assert_close(found, value(p, x[:, :t]), atol=0.015, rtol=0)


def test_completions_end_where_sentences_end() -> None:
    data = toy("tokens", classes=0)
    torch.manual_seed(0)
    game = seqgan(data.spec, embedding=4, width=5, critic_width=3, rollouts=3)
    made = game.completed(data.x[:4])
    assert torch.equal(made[-1][..., :4], data.x[:4, :4].expand(3, -1, -1))
    assert (made[-1][..., 4] == 0).all()  # behind the end there is padding


def test_a_baseline_of_the_others_leaves_the_row_itself_out() -> None:
    q = torch.tensor([[1.0, 5.0], [3.0, 7.0], [8.0, 9.0]])
    there = torch.tensor([[True, True], [True, False], [True, False]])
    assert torch.equal(mean_of_others(q, there), torch.tensor([[5.5, 0.0], [4.5, 5.0], [2.0, 5.0]]))


def test_returns_by_hand() -> None:
    assert returns(torch.tensor([[1.0, 2.0, 4.0]]), 0.5).tolist() == [[3.0, 4.0, 4.0]]


def test_gumbel_noise_draws_from_the_softmax_and_relaxed_tokens_have_its_limits() -> None:
    torch.manual_seed(0)
    logits = torch.tensor([0.5, -1.0, 2.0])
    noise = gumbel(torch.rand(20_000, 3))
    soft, hard = relaxed(logits, noise, 1.0), relaxed(logits, noise, 1e4)
    chosen = (logits + noise).argmax(1)
    torch.testing.assert_close(chosen.bincount() / 20_000, logits.softmax(0), atol=0.015, rtol=0)
    one_hot = torch.nn.functional.one_hot(chosen, 3).float()
    assert (hard - one_hot).abs().mean() < 1e-3  # β -> ∞: one token
    torch.testing.assert_close(
        relaxed(logits, noise, 1e-6), torch.full((20_000, 3), 1 / 3), atol=1e-4, rtol=0
    )
    assert (soft - one_hot).abs().mean() > 0.1  # the control: at β = 1 it is no token


def test_relaxed_sentences_are_draws_of_the_generator_and_carry_its_gradient() -> None:
    torch.manual_seed(0)
    game = relgan(SPEC, embedding=4, width=5, critic_width=3, representations=2, beta=50.0, anneal=10)
    soft = game.soft(20_000, 1e4)
    x = soft.argmax(2)
    with torch.no_grad():
        p = game.log_prob(EVERY).exp()
    found = ((x - FIRST) @ torch.tensor([9, 3, 1])).bincount(minlength=27) / len(x)
    assert (found - p).abs().max() < 4 * (p.max() / len(x)) ** 0.5
    assert flat(game, game.D(game.soft(8, 1.0)).sum()).norm() > 0
    assert [game.inverse_temperature(t) for t in (0, 5, 10, 99)] == pytest.approx([1, 50**0.5, 50, 50])


def test_soft_sentences_end_in_exact_padding() -> None:
    data = toy("tokens", classes=0)
    torch.manual_seed(0)
    game = relgan(data.spec, embedding=4, width=5, critic_width=3, representations=2)
    soft = game.soft(64, 1.0)
    ended = soft[..., 0] == 1
    assert ended.any()
    assert (ended[:, 1:] >= ended[:, :-1]).all()  # once ended, always ended
    assert torch.equal(wgan_text(data.spec, width=4).sharp(data.x).argmax(2), data.x)


def test_a_sentence_is_scored_alike_as_tokens_and_as_sharp_distributions() -> None:
    torch.manual_seed(0)
    game = scratchgan(SPEC, embedding=4, width=5, critic_width=6).eval()
    sharp = torch.nn.functional.one_hot(EVERY, FIRST + WORDS).float()
    torch.testing.assert_close(game.D(EVERY), game.D(sharp))
    cut = EVERY.clone()
    cut[:, -1] = FIRST
    torch.testing.assert_close(game.D(cut)[:, :-1], game.D(EVERY)[:, :-1])  # no place sees what comes later


# ---------------------------------------------------------------------- the oracle


def test_the_oracle_scores_its_own_language_at_its_entropy() -> None:
    data = open_data("oracle:vocabulary=20,length=6", "test")
    oracle, x = data.facts["oracle"], data.x - FIRST
    nats, entropy = -oracle.log_prob(x) / 6, oracle.entropy(x) / 6
    assert abs(float(nats.mean() - entropy.mean())) < 4 * float(nats.std()) / len(x) ** 0.5
    other = torch.randint(20, x.shape, generator=torch.Generator().manual_seed(0))
    assert float(-oracle.log_prob(other).mean()) / 6 > float(entropy.mean()) + 0.5


def test_the_probabilities_of_the_oracles_sentences_sum_to_one() -> None:
    oracle = open_data("oracle:vocabulary=5,length=3").facts["oracle"]
    every = torch.tensor([*itertools.product(range(5), repeat=3)])
    p = oracle.log_prob(every).exp()
    assert float(p.sum()) == pytest.approx(1, abs=1e-5)
    exact = float(-(p * p.log()).sum())  # the entropy over all sentences is the mean of its parts
    assert float((p * oracle.entropy(every)).sum()) == pytest.approx(exact, abs=1e-4)


def test_settings_of_the_oracle_are_told_behind_its_name() -> None:
    data = open_data("oracle:vocabulary=7,length=5")
    assert (data.spec.shape, len(data.spec.about["vocabulary"]), data.spec.name) == ((5,), 7, "oracle-7x5")
    with pytest.raises(BadRequest, match="vocabulary is int >= 1; got '0'"):
        open_data("oracle:vocabulary=0")
    with pytest.raises(BadRequest, match="no setting of oracle 'size'"):
        open_data("oracle:size=3")
    with pytest.raises(BadRequest, match="'ring' has no settings; got n"):
        open_data("ring:n=3")
