"""Sentences: read from files, learned, sampled and scored."""

import math
from pathlib import Path

import pytest
import torch

import rivalry
from rivalry.data import open_data
from rivalry.data.source import Dataset, toy
from rivalry.errors import BadRequest
from rivalry.games.sentences import drawn
from rivalry.games.text.lstm import lstm
from rivalry.kinds.tokens import END, PAD, START, sentences
from rivalry.metrics.text.bleu import bleu

LINES = ["the cat sits here", "the dog sits there", "the owl sings here, too", "a cat sings"] * 10


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "lines.txt"
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join([*LINES, ""]).encode())
    return path


def test_a_file_is_read_word_by_word_and_every_tenth_line_is_held_out(text: Path) -> None:
    train, test = open_data(str(text)), open_data(str(text), "test")
    assert (len(train), len(test)) == (36, 4)
    assert train.spec == test.spec
    said = sentences(train.x, train.spec.x)
    assert said[:3] == ["the cat sits here", "the dog sits there", "the owl sings here , too"]


def test_ideographs_are_characters(tmp_path: Path) -> None:
    path = tmp_path / "poems.txt"
    path.write_text("床前明月光\n疑是地上霜\n" * 10, encoding="utf-8")
    data = open_data(str(path))
    assert sentences(data.x, data.spec.x)[0] == "床前明月光"
    assert data.spec.shape == (6,)


def test_files_of_a_folder_are_classes(tmp_path: Path) -> None:
    for name in ("glad", "sad"):
        (tmp_path / f"{name}.txt").write_text("\n".join(LINES[:20]))
    data = open_data(str(tmp_path))
    assert data.spec.classes == ("glad", "sad")
    assert data.label.bincount().tolist() == [18, 18]


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "0 sentences"), (b"one\n", "1 sentences"), (b"\xff\xfe\x00a\n", "not UTF-8")],
)
def test_what_is_no_text_is_said(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "bad.txt"
    path.write_bytes(content)
    with pytest.raises(BadRequest, match=words):
        open_data(str(path))


def test_the_likelihood_is_the_sum_over_possible_tokens_up_to_the_end() -> None:
    data = toy("tokens", classes=0)
    torch.manual_seed(0)
    game = lstm(data.spec, width=8, embedding=4).eval()
    x = data.x[:5]
    by_hand = torch.zeros(5)
    for i, row in enumerate(x.tolist()):
        before = [START]
        for token in row[: row.index(END) + 1]:
            logits, _ = game.network(torch.tensor([before]))
            by_hand[i] += game.possible(logits[0, -1]).log_softmax(0)[token]
            before.append(token)
    torch.testing.assert_close(game.log_prob(x), by_hand, atol=1e-5, rtol=1e-5)
    longer = torch.cat([x, torch.full((5, 3), PAD)], 1)
    torch.testing.assert_close(game.log_prob(longer), by_hand, atol=1e-5, rtol=1e-5)


def test_tokens_are_drawn_as_often_as_they_are_likely() -> None:
    p = torch.tensor([0.0, 0.0, 0.1, 0.2, 0.3, 0.4])
    chance = torch.rand(20_000, 1, generator=torch.Generator().manual_seed(0))
    token = drawn(p.log().clamp(min=-50).expand(20_000, -1), chance)
    share = token.flatten().bincount(minlength=6) / 20_000
    torch.testing.assert_close(share, p, atol=0.015, rtol=0)
    assert set(drawn(p.log().clamp(min=-50).expand(20_000, -1), chance, top_k=2).flatten().tolist()) == {4, 5}
    likeliest = drawn(p.log().clamp(min=-50).expand(20_000, -1), chance, top_p=0.65)
    assert set(likeliest.flatten().tolist()) == {4, 5}


def test_bleu_of_a_copy_is_one_and_of_strangers_almost_none() -> None:
    data = toy("tokens", n=30, classes=0)
    copied = {score.name: score.value for score in bleu(data, data.x)}
    assert copied["bleu-2"] == pytest.approx(1)
    strangers = torch.tensor([[5, 5, 5, 5, END], [9, 9, 9, 9, END]])
    assert bleu(data, strangers)[0].value < 0.2


def test_bleu_by_hand() -> None:
    """A b c against a b d: 2 of 3 words, 1 of 2 pairs, the same length: the root of 2/3 · 1/2."""
    spec = toy("tokens").spec
    real = Dataset(spec, torch.tensor([[4, 5, 7, END, PAD]]), torch.zeros(1, dtype=torch.long))
    fake = torch.tensor([[4, 5, 6, END, PAD]] * 2)
    assert bleu(real, fake)[0].value == pytest.approx(math.sqrt(2 / 3 * 1 / 2))


def test_a_colder_sampler_is_refused_at_zero() -> None:
    game = lstm(toy("tokens").spec, width=8)
    with pytest.raises(BadRequest, match="temperature is above 0"):
        game.sample(2, temperature=0.0)


def test_it_is_trained_sampled_and_scored_by_the_same_commands(text: Path, tmp_path: Path) -> None:
    run = rivalry.train(
        "lstm", str(text), rounds=60, run=tmp_path / "run", width=32, embedding=16, quiet=True
    )
    sheets = list((run.path / "samples").glob("*.txt"))
    assert sheets
    assert "cat" in sheets[-1].read_text() or "dog" in sheets[-1].read_text()
    page = (run.path / "report.html").read_text()
    assert "<pre>" in page
    scores = {score.name: score.value for score in rivalry.evaluate(run, n=50, metrics="bleu")}
    assert scores["bleu-2"] > 0.5  # a language of four sentences is soon learned
