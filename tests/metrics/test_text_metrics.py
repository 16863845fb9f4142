"""Metrics of sentences: closed forms on sentences whose n-grams can be counted by hand."""

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor

from rivalry.data import open_data
from rivalry.data.source import Dataset, toy
from rivalry.errors import BadRequest
from rivalry.games.text.lstm import lstm
from rivalry.kinds.tokens import END, PAD
from rivalry.metrics import suite
from rivalry.metrics.extractors import reader as reader_module
from rivalry.metrics.extractors.find import find_extractor
from rivalry.metrics.game.nll import nll
from rivalry.metrics.score import Score
from rivalry.metrics.text.bleu import bleu
from rivalry.metrics.text.distinct import distinct, share_of_different, unique
from rivalry.metrics.text.nll_oracle import nll_oracle
from rivalry.metrics.text.self_bleu import against_each_other, self_bleu

ROW = [4, 5, 6, 7, 8, END, PAD]


def data(*rows: list[int]) -> Dataset:
    return Dataset(toy("tokens").spec, torch.tensor(rows), torch.zeros(len(rows), dtype=torch.long))


def by_name(scores: list[Score]) -> dict[str, float]:
    return {score.name: score.value for score in scores}


def test_equal_sentences_have_a_self_bleu_of_one() -> None:
    found = by_name(self_bleu(data(ROW), torch.tensor([ROW] * 5)))
    assert found == pytest.approx({f"self-bleu-{n}": 1.0 for n in (2, 3, 4, 5)})


def test_sentences_that_share_nothing_have_almost_none() -> None:
    fake = torch.tensor([[k] * 5 + [END] for k in range(4, 10)])
    assert by_name(self_bleu(data(ROW), fake))["self-bleu-2"] < 0.05


def test_self_bleu_is_bleu_against_the_others() -> None:
    """In one pass over all n-grams, equal to leaving each sentence out and counting anew."""
    x = toy("tokens", n=30, classes=0).x.repeat(1, 2)[:, [0, 1, 2, 5, 1, 2, 3]]  # six words and an end
    x[::3, 4] = END
    rows = against_each_other([row[: [*row, END].index(END)] for row in x.tolist()])
    for i in (0, 1, 17):
        others = Dataset(toy("tokens", classes=0).spec, torch.cat([x[:i], x[i + 1 :]]))
        assert rows[i] == pytest.approx(
            {int(s.name[-1]): s.value for s in bleu(others, x[i : i + 1].repeat(2, 1))}
        )


def test_different_pairs_by_hand() -> None:
    """A b a b has pairs ab, ba, ab; a b c has ab, bc: 3 of 5 are different."""
    rows = [[4, 5, 4, 5], [4, 5, 6]]
    assert share_of_different(rows, 2)[0] == pytest.approx(3 / 5)
    assert by_name(distinct(data(ROW), torch.tensor([ROW, ROW])))["distinct-2"] == pytest.approx(4 / 8)


def test_the_jackknifes_error_is_the_deviation_over_draws() -> None:
    draw = torch.Generator().manual_seed(0)
    drawn = [torch.randint(30, (60, 8), generator=draw).tolist() for _ in range(60)]
    found = torch.tensor([share_of_different(rows, 2) for rows in drawn])
    assert 0.6 < float(found[:, 1].mean() / found[:, 0].std()) < 1.6


def test_unique_and_copied_by_hand() -> None:
    other = [4, 4, 4, 4, 4, END, PAD]
    found = by_name(
        unique(data(ROW, [9, 9, 9, 9, 9, END, PAD]), torch.tensor([ROW, ROW, other, other, other]))
    )
    assert found == pytest.approx({"unique": 2 / 5, "copied": 2 / 5})


def test_the_language_itself_scores_its_entropy_and_a_colder_one_lies_below_it() -> None:
    language = open_data("oracle:vocabulary=30,length=8", "test")
    oracle = language.facts["oracle"]
    score = nll_oracle(language, oracle.sample(2000, 8, seed=9) + 4, oracle)
    assert abs(score.value - score.details["entropy"]) < 4 * score.spread
    likeliest = most_likely(language)
    assert (
        nll_oracle(language, likeliest, oracle).value < score.details["entropy"] - 0.5
    )  # the trap of this score


def most_likely(language: Dataset) -> Tensor:
    logs = language.facts["oracle"].log_prob(language.x - 4)
    return language.x[logs.argmax()].expand(10, -1)


def test_an_oracle_is_needed_and_foreign_tokens_are_refused() -> None:
    language = open_data("oracle:vocabulary=30,length=8", "test")
    with pytest.raises(BadRequest, match="1 of 2 samples hold an end or an unknown token"):
        nll_oracle(language, torch.tensor([[4] * 8, [4] * 7 + [END]]), language.facts["oracle"])
    with pytest.raises(BadRequest, match="nll-oracle needs data of a known language"):
        suite.evaluate(data(ROW), torch.tensor([[4, 5, 6, 7, END]] * 2), metrics="nll-oracle")


def test_a_reader_of_the_data_tells_other_sentences_from_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RIVALRY_CACHE", str(tmp_path))
    monkeypatch.setattr(
        reader_module.train_reader, "__kwdefaults__", {"seed": 0, "steps": 40, "progress": None}
    )
    language = toy("tokens", n=400, classes=0)
    made = find_extractor("reader", language.spec, language)
    assert made.name == "reader-sentences"
    assert find_extractor("reader", language.spec, language).hash == made.hash  # kept, and read again
    shuffled = language.x[:, [2, 0, 1, 3, 4]]  # the same words in another order
    own, other = (
        suite.evaluate(language, x, metrics="fid", extractor=made)[0]
        for x in (language.x[:200], shuffled[:200])
    )
    assert own.name == "fid[reader-sentences]"
    assert other.value > 10 * own.value
    with pytest.raises(BadRequest, match="trained on its split train"):
        find_extractor("reader", language.spec)


def test_the_likelihood_of_sentences_is_of_their_tokens_and_not_of_padding() -> None:
    """As the sum over all tokens divided by their number, and the same in a table with more padding."""
    language = toy("tokens", n=30, classes=0)
    language.x[::2, 2] = END
    language.x[::2, 3] = PAD
    torch.manual_seed(0)
    game = lstm(language.spec, width=8, embedding=4).eval()
    score = nll(game, language)
    with torch.no_grad():
        by_hand = float(-game.log_prob(language.x).sum() / (language.x != PAD).sum()) / math.log(2)
    assert score.value == pytest.approx(by_hand, rel=1e-5)
    assert score.provenance["unit"] == "bits per token"
    wider = Dataset(language.spec, torch.cat([language.x, torch.full((30, 4), PAD)], 1))
    assert nll(game, wider).value == pytest.approx(score.value, rel=1e-5)
