"""Sentences: read from files, learned, sampled and scored."""

import math
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

import rivalry
from rivalry.cli.sample import sample as command
from rivalry.data import open_data
from rivalry.data.check import check, render
from rivalry.data.source import Dataset, Spec, toy
from rivalry.errors import BadRequest
from rivalry.games.sentences import drawn
from rivalry.games.text.lstm import lstm
from rivalry.kinds.tokens import END, GLUE, PAD, START, TOKENS, sentences, words_of
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
    assert said[:3] == ["the cat sits here", "the dog sits there", "the owl sings here, too"]


def test_ideographs_are_characters(tmp_path: Path) -> None:
    path = tmp_path / "poems.txt"
    path.write_text("床前明月光\n疑是地上霜\n" * 10, encoding="utf-8")
    data = open_data(str(path))
    assert sentences(data.x, data.spec.x)[0] == "床前明月光"
    assert data.spec.shape == (6,)


@pytest.mark.parametrize("tokens", ["words", "characters", "bytes"])
def test_tokens_turn_back_into_the_very_sentences(tmp_path: Path, tokens: str) -> None:
    lines = ["“Well,” she said: it's (almost) 5.30 — naïve!", "床前明月光, and more", "a , b"] * 2
    path = tmp_path / "lines.txt"
    path.write_text("\n".join(lines), encoding="utf-8")
    data = open_data(f"{path}:tokens={tokens},least=1,longest=80")
    assert sentences(data.x, data.spec.x) == lines


def test_a_sentence_is_cut_as_those_of_its_data_were(text: Path) -> None:
    column = open_data(str(text)).spec.x
    assert words_of("the owl sings here, too", column) == ["the", "owl", "sings", "here", GLUE + ",", "too"]
    assert words_of("a cat !", column) == ["a", "cat", "!"]
    assert words_of("a cat!", column) == [
        "a",
        "cat",
        "!",
    ]  # no sentence of the data has the sign behind a word


def test_sentences_over_the_length_are_cut_or_dropped_and_counted(text: Path) -> None:
    cut, dropped = open_data(f"{text}:longest=4"), open_data(f"{text}:longest=4,over=drop")
    assert (len(cut), len(dropped)) == (36, 26)
    assert cut.facts["remarks"] == [
        "10 of 36 sentences are longer than 4 tokens and were cut: longest=N, or over=drop"
    ]
    assert "10 sentences are longer than 4 tokens and are left out" in dropped.facts["remarks"][0]
    assert dropped.spec.shape == (5,)


def test_a_column_of_a_table_is_sentences_and_another_their_classes(tmp_path: Path) -> None:
    path = tmp_path / "reviews.csv"
    rows = [f'{k},"{line}",{("good", "bad")[k % 2]}' for k, line in enumerate(LINES)]
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(["id,body,label", *rows]).encode())
    assert open_data(str(path)).spec.kind == "table"  # no column has a name that says it holds sentences
    with pytest.raises(BadRequest, match="has no column 'words'; it has id, body, label"):
        open_data(f"{path}:column=words")
    data = open_data(f"{path}:column=body")
    assert data.spec.classes == ("bad", "good")
    assert sentences(data.x, data.spec.x)[0] == "the dog sits there"


def test_a_parquet_without_images_is_read_by_its_sentences(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = tmp_path / "lines.parquet"
    parquet.write_table(pyarrow.table({"text": LINES}), path)
    assert sentences((data := open_data(str(path))).x, data.spec.x)[0] == LINES[0]
    assert len(open_data(str(path), "test")) == 4


def test_files_of_a_folder_are_classes(tmp_path: Path) -> None:
    for name in ("glad", "sad"):
        (tmp_path / f"{name}.txt").write_text("\n".join(LINES[:20]))
    data = open_data(str(tmp_path))
    assert data.spec.classes == ("glad", "sad")
    assert data.label.bincount().tolist() == [18, 18]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "0 sentences"),
        (b"one\n", "1 sentence;"),
        (bytes(200), "no text: it is of zero bytes"),
        ("one\ntwo\n".encode("utf-16-le"), "not UTF-8 .byte 1. but UTF-16"),
        (b"one\n" * 9, "all 9 sentences of .* are the same"),
        (b"\xff\xfe\x00a\n", "not UTF-8"),
        ("one\ntwo\n".encode("utf-16"), "but UTF-16"),
        ("床前明月光\n疑是地上霜\n".encode("gb18030"), "but GB18030, it seems: iconv -f GB18030"),
        ("déjà vu\ncafé\n".encode("cp1252"), "but WINDOWS-1252"),
    ],
)
def test_what_is_no_text_is_said(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "bad.txt"
    path.write_bytes(content)
    with pytest.raises(BadRequest, match=words):
        open_data(str(path))


def test_classes_without_sentences_and_sentences_that_are_all_too_long_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("\n".join(LINES))
    (tmp_path / "b.txt").write_text("\n")
    with pytest.raises(BadRequest, match=r"b\.txt holds no sentence, and each file is a class"):
        open_data(str(tmp_path))
    with pytest.raises(BadRequest, match="no sentence of at most 2 tokens: longest=N"):
        open_data(f"{tmp_path}/a.txt:longest=2,over=drop")
    assert "10 of 36 sentences are longer" in render(check(f"{tmp_path}/a.txt:longest=4"))


@pytest.mark.parametrize("by", [";", "\t", "|"])
def test_another_delimiter_is_found_by_the_column_that_is_asked_for(tmp_path: Path, by: str) -> None:
    path = tmp_path / "reviews.csv"
    path.write_text("\n".join([f"id{by}body", *(f"{k}{by}{line}" for k, line in enumerate(LINES))]))
    data = open_data(f"{path}:column=body")
    assert sentences(data.x[:2], data.spec.x) == LINES[:2]
    with pytest.raises(BadRequest, match="no column 'text'"):
        open_data(f"{path}:column=text")


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


def test_a_sheet_marks_copies_and_what_is_new() -> None:
    spec, x = toy("tokens", classes=0).spec, toy("tokens", classes=0).x
    made = torch.stack([x[0], torch.tensor([4, 4, 4, END, PAD]), torch.tensor([5, 5, 5, END, PAD])])
    lines = TOKENS.marked(made, spec.x, made[2:], x)[".txt"].decode().splitlines()[1:]
    assert [line[:2] for line in lines] == ["= ", "+ ", "  "]
    assert lines[1][2:] == "cat cat cat"


def test_a_colder_sampler_is_refused_at_zero() -> None:
    game = lstm(toy("tokens").spec, width=8)
    for wrong in ({"temperature": 0.0}, {"temperature": float("inf")}, {"top_k": -1}, {"top_p": 0.0}):
        with pytest.raises(BadRequest, match=r"temperature is above 0|top-k is a number|top-p is a prob"):
            game.sample(2, **wrong)


def test_it_is_trained_sampled_and_scored_by_the_same_commands(text: Path, tmp_path: Path) -> None:
    run = rivalry.train(
        "lstm", str(text), rounds=60, run=tmp_path / "run", width=32, embedding=16, quiet=True
    )
    sheets = list((run.path / "samples").glob("*.txt"))
    assert sheets
    assert "cat" in sheets[-1].read_text() or "dog" in sheets[-1].read_text()
    page = (run.path / "report.html").read_text()
    assert "<pre>" in page
    said = rivalry.sample(run, 8, temperature=0.5)
    assert torch.equal(said, rivalry.sample(run, 8, temperature=0.5))
    told = [str(run.path), "-n", "5"]
    printed = CliRunner().invoke(command, [*told, "--temperature", "0.5"])
    assert printed.exit_code == 0
    assert printed.output.splitlines() == sentences(said[:5], Spec.from_json(run.config["spec"]).x)
    CliRunner().invoke(command, [*told, "--top-k", "1", "-o", str(tmp_path / "x.jsonl")])
    assert len({*(tmp_path / "x.jsonl").read_text().splitlines()}) == 1  # the likeliest sentence, five times
    scores = {score.name: score.value for score in rivalry.evaluate(run, n=50, metrics="bleu")}
    assert scores["bleu-2"] > 0.5  # a language of four sentences is soon learned
