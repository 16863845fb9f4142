"""A tokenizer of the user: its tokens turn back into the very sentences, and what was typed is cut into them."""

from pathlib import Path

import pytest

from rivalry.data import open_data
from rivalry.errors import BadRequest
from rivalry.kinds.tokens import TOKENS, sentences
from rivalry.runs.schema import ABOUT

LINES = [
    "the small cat sits here",
    "the tall dog sits there",
    "a cat sings in Köln, and sings",
    "床前明月光",
] * 5


def tokenizer(kind: str, path: Path) -> Path:
    """A tokenizer of one of the usual kinds, of LINES."""
    package = pytest.importorskip("tokenizers")
    from tokenizers import decoders, models, pre_tokenizers, trainers

    alphabet = {"initial_alphabet": pre_tokenizers.ByteLevel.alphabet()} if kind == "bytes" else {}
    made, split, decoder, trainer = {
        "bytes": (
            models.BPE(),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
            decoders.ByteLevel(),
            trainers.BpeTrainer(vocab_size=320, **alphabet),
        ),
        "pieces": (
            models.Unigram(),
            pre_tokenizers.Metaspace(),
            decoders.Metaspace(),
            trainers.UnigramTrainer(vocab_size=80, unk_token="<unk>", special_tokens=["<unk>"]),
        ),
        "word pieces": (
            models.WordPiece(unk_token="[UNK]"),
            pre_tokenizers.BertPreTokenizer(),
            decoders.WordPiece(),
            trainers.WordPieceTrainer(vocab_size=80, special_tokens=["[UNK]"]),
        ),
        "ends of words": (
            models.BPE(end_of_word_suffix="</w>"),
            pre_tokenizers.WhitespaceSplit(),
            decoders.BPEDecoder(),
            trainers.BpeTrainer(vocab_size=90, end_of_word_suffix="</w>"),
        ),
        "words": (
            models.WordLevel(unk_token="[UNK]"),
            pre_tokenizers.WhitespaceSplit(),
            None,
            trainers.WordLevelTrainer(special_tokens=["[UNK]"]),
        ),
    }[kind]
    one = package.Tokenizer(made)
    one.pre_tokenizer = split
    if decoder:
        one.decoder = decoder
    one.train_from_iterator(LINES, trainer)
    one.save(str(path))
    return path


@pytest.mark.parametrize("kind", ["bytes", "pieces", "word pieces", "ends of words", "words"])
def test_tokens_of_a_tokenizer_turn_back_into_the_sentences(tmp_path: Path, kind: str) -> None:
    (tmp_path / "lines.txt").write_text("\n".join(LINES), encoding="utf-8")
    file = tokenizer(kind, tmp_path / "tokenizer.json")
    data = open_data(f"{tmp_path}/lines.txt:tokenizer={file},least=1,longest=80")
    column = data.spec.x
    assert ABOUT.holds(column.about) and TOKENS.fits(column.shape, column.about)
    kept = [line for i, line in enumerate(LINES) if i % 10 != 9]
    assert sentences(data.x, column) == kept
    assert max(map(len, column.about["vocabulary"])) > 1
    for line in LINES[:4]:
        assert sentences(TOKENS.typed(line, column), column) == [line]


def test_what_the_tokenizer_does_not_know_is_unknown(tmp_path: Path) -> None:
    file = tokenizer("words", tmp_path / "tokenizer.json")
    (tmp_path / "lines.txt").write_text("\n".join(["the zebra sits", "the cat sits"] * 10))
    data = open_data(f"{tmp_path}/lines.txt:tokenizer={file}")
    assert sentences(data.x, data.spec.x)[:2] == ["the sits", "the cat sits"]
    assert not any("zebra" in token or "<" in token for token in data.spec.about["vocabulary"])


def test_bad_tokenizers_are_told(tmp_path: Path) -> None:
    pytest.importorskip("tokenizers")
    (tmp_path / "lines.txt").write_text("\n".join(LINES))
    (tmp_path / "other.json").write_text('{"a": 1}')
    for told, said in (
        (f"tokenizer={tmp_path}/none.json", "no tokenizer .*none.json"),
        (f"tokenizer={tmp_path}/other.json", r"other\.json is no tokenizer\.json"),
        (f"tokenizer={tmp_path}/other.json,tokens=words", "leave one of them out"),
    ):
        with pytest.raises(BadRequest, match=said):
            open_data(f"{tmp_path}/lines.txt:{told}")
