"""VQGAN: what a quantizer passes on, the ratio of gradients in closed form, and codes that write tokens."""

import math

import pytest
import torch
from torch import nn
from toys import engine_of, images

from rivalry.errors import BadRequest
from rivalry.game import Game
from rivalry.games.likelihood.vqgan import vqgan
from rivalry.maths.balance import MOST, SMALL, gradient_ratio
from rivalry.nn.quantizer import Quantizer, perplexity
from rivalry.nn.transformer import CausalTransformer
from rivalry.play.goal import Goal


def maps(n: int = 4, size: int = 3, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, size, 2, 5, generator=torch.Generator().manual_seed(seed)).requires_grad_()


# ---------------------------------------------------------------------- the quantizer


def test_each_place_gets_the_nearest_code_and_the_gradient_of_what_was_made_of_it() -> None:
    torch.manual_seed(0)
    quantizer, h = Quantizer(7, 3), maps()
    found = quantizer(h)
    flat = h.detach().movedim(1, -1).reshape(-1, 3)
    assert torch.equal(found.number.flatten(), torch.cdist(flat, quantizer.codes.detach()).argmin(1))
    torch.testing.assert_close(found.z, quantizer.looked_up(found.number))
    weight = torch.randn(h.shape)
    (slope,) = torch.autograd.grad((found.z * weight).sum(), h, retain_graph=True)
    assert torch.equal(slope, weight)  # straight through
    assert torch.autograd.grad((found.z * weight).sum(), quantizer.codes, allow_unused=True) == (None,)


def test_codes_go_to_their_places_and_beta_weighs_the_way_of_the_map() -> None:
    torch.manual_seed(0)
    quantizer, h = Quantizer(7, 3, commitment=0.25), maps()
    found = quantizer(h)
    e = quantizer.looked_up(found.number).detach()
    of_map, of_codes = torch.autograd.grad(found.loss, [h, quantizer.codes])
    torch.testing.assert_close(of_map, 0.25 * 2 * (h.detach() - e) / h.numel())
    pulls = (2 * (e - h.detach()) / h.numel()).movedim(1, -1).reshape(-1, 3)
    torch.testing.assert_close(of_codes, torch.zeros(7, 3).index_add(0, found.number.flatten(), pulls))


@pytest.mark.parametrize("patience", [3, 0])
def test_a_code_that_is_idle_for_so_long_is_put_onto_a_place_and_with_0_it_stays(patience: int) -> None:
    quantizer, h = Quantizer(4, 3, patience=patience), maps().detach()
    quantizer.codes.data[2:] = 100.0 * torch.ones(2, 3)  # far from any map
    before = quantizer.codes.detach().clone()
    for _ in range(2):
        quantizer.restart(h, quantizer.nearest(h))
    assert torch.equal(quantizer.codes, before)
    quantizer.restart(h, quantizer.nearest(h))
    places = h.movedim(1, -1).reshape(-1, 3)
    moved = (quantizer.codes != before).any(1)
    assert moved.tolist() == [False, False, bool(patience), bool(patience)]
    for code in quantizer.codes.detach()[moved]:
        assert (places == code).all(1).any()
    assert (quantizer.idle[moved] == 0).all()


def test_perplexity_counts_the_codes_that_are_used_alike() -> None:
    assert float(perplexity(torch.arange(6).repeat(3, 1), 10)) == pytest.approx(6)
    assert float(perplexity(torch.zeros(2, 2, dtype=torch.int64), 10)) == pytest.approx(1)


# ---------------------------------------------------------------------- the weight of the critic


def test_the_ratio_of_gradients_in_closed_form() -> None:
    """x̂ = W h, ½‖x̂ - x‖² and -c vᵀx̂: the gradients are (W h - x) hᵀ and -c v hᵀ, so λ = ‖W h - x‖ / (c ‖v‖)."""
    torch.manual_seed(0)
    W = nn.Parameter(torch.randn(3, 4).double())
    h, x, v = torch.randn(4).double(), torch.randn(3).double(), torch.randn(3).double()
    likeness = (W @ h - x).square().sum() / 2
    for c in (0.5, 50.0):  # a critic a hundred times as steep pulls no harder
        fooled = -c * v @ W @ h
        ratio = gradient_ratio(likeness, fooled, W)
        truth = (W @ h - x).norm() * h.norm() / (c * v.norm() * h.norm() + SMALL)
        assert float(ratio) == pytest.approx(float(truth.detach()), rel=1e-9)
        (pull,) = torch.autograd.grad(ratio * fooled, W, retain_graph=True)
        assert float(pull.norm()) == pytest.approx(float(((W @ h - x).norm() * h.norm()).detach()), rel=1e-3)
    assert float(gradient_ratio(1e9 * likeness, 0 * fooled, W)) == MOST


# ---------------------------------------------------------------------- the game


def toy(rounds: int, classes: int = 3, **settings: object) -> Game:
    engine = engine_of(vqgan, images(1, 8, 8, classes=classes), settings={"width": 4, **settings})
    if rounds:
        engine.play(Goal(rounds=rounds))
    return engine.game.eval()


def test_the_code_of_an_image_draws_it_again_as_its_tokens_do() -> None:
    game, x, label = toy(6), images(1, 8, 8).rows(slice(0, 20)), torch.arange(20) % 3
    z = game.encode(x, label=label)
    assert z.shape == (20, 4)
    torch.testing.assert_close(game.decode(z, label=label), game.reconstruct(x))


def test_tokens_of_normal_codes_have_the_transformers_probabilities() -> None:
    """Of every pair of tokens of a grid of two places, by 20,000 codes."""
    torch.manual_seed(0)
    game = vqgan(images(1, 8, 8, classes=0).spec, codes=3, width=4, halvings=2, transformer_width=8)
    game.transformer = CausalTransformer(3, 2, width=8, depth=1, heads=4)
    for p in game.transformer.parameters():
        p.data += 0.5 * torch.randn(p.shape)
    written = game.written(torch.randn(20_000, 2))
    pairs = torch.cartesian_prod(torch.arange(3), torch.arange(3))
    logs = game.transformer(pairs).log_softmax(2).gather(2, pairs[..., None]).sum((1, 2))
    shares = torch.bincount(3 * written[:, 0] + written[:, 1], minlength=9) / 20_000
    assert logs.exp().sum().item() == pytest.approx(1, abs=1e-5)
    torch.testing.assert_close(shares, logs.exp().detach(), atol=4 * (0.25 / 20_000) ** 0.5, rtol=0)


def test_no_token_is_told_by_itself_or_by_a_later_one() -> None:
    torch.manual_seed(0)
    network = CausalTransformer(5, 6, width=8, depth=2, heads=2, classes=2).eval()
    x = torch.randint(5, (1, 6))
    told = network(x, torch.tensor([1]))
    for place in range(6):
        other = x.clone()
        other[0, place] = (x[0, place] + 1) % 5
        changed = (network(other, torch.tensor([1])) - told).abs().amax((0, 2)) > 1e-7
        assert changed.tolist() == [i > place for i in range(6)]
    assert not torch.allclose(network(x, torch.tensor([0]))[:, 0], told[:, 0])


def test_the_second_phase_leaves_the_tokenizer_as_it_is() -> None:
    first, second = toy(2, tokenizer_rounds=2), toy(5, tokenizer_rounds=2)
    for name, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[name]) != name.startswith("transformer."), name


def test_the_critic_counts_from_its_round_on() -> None:
    """Before it the tokenizer's loss is likeness and codes alone."""
    game, x = toy(0), images(1, 8, 8).rows(slice(0, 8))
    early, late = (next(iter(game.play(x, counts))) for counts in (0.0, 1.0))
    plain = early.notes["reconstruction"] + early.notes["codes"]
    torch.testing.assert_close(early.loss, plain)
    assert not math.isclose(float(late.loss.detach()), float(plain.detach()), rel_tol=1e-3)


def test_what_does_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    game = toy(0)
    with pytest.raises(BadRequest, match="this game's codes are 4; got 5"):
        game.decode(torch.zeros(2, 5))
    with pytest.raises(BadRequest, match="this game's data are 1 x 8 x 8; got 1 x 8 x 9"):
        game.encode(torch.zeros(2, 1, 8, 9), label=0)
    with pytest.raises(BadRequest, match="give the label of each datum"):
        game.encode(torch.zeros(2, 1, 8, 8))
    with pytest.raises(BadRequest, match="transformer_width is a multiple of 4; got 6"):
        vqgan(images(1, 8, 8).spec, transformer_width=6)
    monkeypatch.delenv("RIVALRY_LPIPS", raising=False)
    with pytest.raises(BadRequest, match="no weights for lpips"):
        toy(1, perceptual=1.0)
