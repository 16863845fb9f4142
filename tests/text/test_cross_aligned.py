"""Style transfer: the cipher, the losses, and what becomes of a sentence."""

import pytest
import torch

from rivalry.data.sets.cipher import LONGEST, WORDS, cipher, enciphered, made_sentences, open_cipher
from rivalry.data.source import TableSource, toy
from rivalry.errors import BadRequest
from rivalry.games.translation.cross_aligned import CrossAligned, cross_aligned, cycle
from rivalry.kinds.tokens import END, PAD, SPECIAL, TOKENS, length
from rivalry.maths.chance import seeded
from rivalry.metrics.text.transfer import against_truth, style_and_source


def small(**given: float) -> CrossAligned:
    torch.manual_seed(0)
    return cross_aligned(toy("tokens", classes=2).spec, embedding=6, style=3, content=5, filters=4, **given)


# ---------------------------------------------------------------------- the cipher


@pytest.mark.parametrize("share", [0.0, 0.6, 1.0])
def test_a_cipher_exchanges_its_share_of_the_words_among_themselves(share: float) -> None:
    becomes = cipher(50, share)
    assert sorted(becomes.tolist()) == list(range(len(SPECIAL) + 50))
    assert int((becomes != torch.arange(len(becomes))).sum()) == round(50 * share)
    assert torch.equal(becomes[: len(SPECIAL)], torch.arange(len(SPECIAL)))


def test_no_sentence_is_given_in_both_styles_and_the_truth_is_the_way_there_and_back() -> None:
    data = open_cipher("cipher", "test")
    plain, other = data.x[data.label == 0], data.x[data.label == 1]
    becomes = cipher(len(WORDS), 0.6)
    truth = data.others["truth"]
    assert torch.equal(becomes[plain], truth[data.label == 0])
    assert torch.equal(becomes[truth[data.label == 1]], other)
    assert not torch.equal(truth, data.x)


def test_enciphering_nothing_changes_nothing() -> None:
    data = enciphered(toy("tokens", classes=0), share=0.0)
    assert torch.equal(data.others["truth"], data.x)


def test_sentences_of_the_language_end_once_and_use_every_word() -> None:
    x = made_sentences(3000)
    assert set(x.unique().tolist()) == {PAD, END, *range(len(SPECIAL), len(SPECIAL) + len(WORDS))}
    assert all(row[length(row)] == END and not any(row[length(row) + 1 :]) for row in x.tolist())
    assert max(length(row) for row in x.tolist()) == LONGEST


# ---------------------------------------------------------------------- the game


def test_fed_with_its_own_words_the_decoder_does_what_it_does_when_it_is_taught_them() -> None:
    game = small(dropout=0.0).eval()
    x = toy("tokens", classes=2).x[:6]
    style = torch.tensor([0, 1] * 3)
    state = game.G.begin(game.G.encode(game.G.embed(x), style), 1 - style)
    fed = game.G.free(state)
    states, logits = game.G.taught(fed.tokens, state)
    torch.testing.assert_close(states, fed.states)
    assert torch.equal(logits.argmax(2), fed.tokens)


def test_very_hard_soft_words_are_words() -> None:
    game = small(dropout=0.0).eval()
    state, words = game.G.begin(torch.randn(4, 5), torch.ones(4).long()), game.G.embed.weight
    assert torch.cdist(game.G.free(state, 1e-4).words, words).amin(2).max() < 1e-3
    assert torch.cdist(game.G.free(state, 1.0).words, words).amin(2).max() > 1e-2  # they are between words


def test_what_is_translated_ends_once() -> None:
    game = small().eval()
    for p in game.parameters():
        p.data += torch.randn(p.shape, generator=torch.Generator().manual_seed(p.numel()))
    x = toy("tokens", classes=2).x
    made = game.translate(x, 1)
    rows = made.tolist()
    assert all(not any(row[length(row) + 1 :]) for row in rows)
    assert not TOKENS.refuse(made, toy("tokens", classes=2).spec.x)


def test_the_cycle_of_a_sentence_that_stays_itself_is_its_reconstruction() -> None:
    """Soft words that are the sentence itself, in styles that are alike, cost what reconstruction costs."""
    game = small(dropout=0.0).eval()
    x = toy("tokens", classes=2).x[:8]
    style = torch.tensor([0, 1] * 4)
    game.G.read_style.weight.data[1] = game.G.read_style.weight.data[0]
    fed = game.G.free(game.G.begin(torch.zeros(8, 5), style))._replace(words=game.G.embed(x))
    own = game.unlike(x, game.G.encode(game.G.embed(x), style), style)[1]
    torch.testing.assert_close(cycle(1.0).measure(game, x, style, fed), own)


def test_without_the_critics_ear_the_generator_only_reconstructs() -> None:
    """ρ = 0: the loss is the error of the sentences; with ρ = 1 the critics' part is added."""
    data = toy("tokens", classes=2)
    losses = {}
    for alignment in (0.0, 1.0):
        game = small(alignment=alignment, dropout=0.0, batch=8)
        with seeded(0, game.device):
            losses[alignment] = list(game.round(TableSource(data, ("x",), batch=8), 0))[1]
    for alignment, move in losses.items():
        notes = move.notes
        torch.testing.assert_close(
            move.loss, notes["reconstruction"] + alignment * notes["heard"] * notes["adversarial"]
        )
    torch.testing.assert_close(losses[0.0].notes["reconstruction"], losses[1.0].notes["reconstruction"])


def test_a_translation_needs_its_direction() -> None:
    with pytest.raises(BadRequest, match="name the domain"):
        small().translate(toy("tokens", classes=2).x[:2])


# ---------------------------------------------------------------------- measured


def test_the_truth_is_right_and_a_copy_gets_what_the_details_say() -> None:
    data, held_out = open_cipher("cipher", "test"), open_cipher("cipher").only(torch.arange(0, 20_000, 10))
    rows, asked = torch.arange(0, 2000, 5), 1 - data.label[::5]
    true, copy = data.others["truth"], data.x[rows]
    found = {score.name: score for score in against_truth(data, true[rows], rows, true)}
    assert found["word-accuracy"].value == 1
    assert found["bleu-truth"].value == pytest.approx(1, abs=1e-3)
    copied = {score.name: score for score in against_truth(data, copy, rows, true)}
    assert copied["word-accuracy"].value == found["word-accuracy"].details["copy"] < 0.7
    styles = {score.name: score for score in style_and_source(held_out, data, true[rows], rows, asked)}
    assert styles["style-accuracy[words+pairs]"].value > 0.95
    kept = {score.name: score for score in style_and_source(held_out, data, copy, rows, asked)}
    assert kept["style-accuracy[words+pairs]"].value < 0.05
    assert kept["bleu-source"].value == pytest.approx(1, abs=1e-3)
