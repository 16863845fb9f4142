"""Captions in two styles: every caption knows the one of the same photograph, and a judge of styles needs the words."""

from pathlib import Path

import pytest
import torch

from rivalry.data import open_data
from rivalry.data.source import toy
from rivalry.errors import BadRequest
from rivalry.kinds.tokens import END, SPECIAL, sentences
from rivalry.metrics.text.transfer import Classifier


def folder(where: Path, beginning: str = "imagecaption_") -> Path:
    for part, n in (("train", 6), ("dev", 3)):
        for k, words in enumerate(("A dog barks at", "a dog loves")):
            lines = "".join(f"{words} caf\xe9 {i}\n" for i in range(n))
            (where / f"{beginning}sentiment.{part}.{k}").write_bytes(lines.encode("cp1252"))
    return where


def test_the_partner_of_a_caption_is_of_the_same_photograph_in_the_other_style(tmp_path: Path) -> None:
    data = open_data(f"styled-captions:path={folder(tmp_path)},least=1", "test")
    assert data.spec.classes == ("humorous", "romantic") and data.label.tolist() == [0, 0, 0, 1, 1, 1]
    first, other = sentences(data.x[[1, int(data.others["partner"][1])]], data.spec.x)
    assert first == "a dog barks at café 1" and other == "a dog loves café 1"
    assert torch.equal(data.others["partner"][data.others["partner"]], torch.arange(6))


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    (folder(tmp_path, "") / "sentiment.dev.1").unlink()
    with pytest.raises(BadRequest, match=r"has no file sentiment\.dev\.1.*github"):
        open_data(f"styled-captions:path={tmp_path}")
    with pytest.raises(BadRequest, match="path=FOLDER"):
        open_data("styled-captions")


def test_a_word_tells_the_class_where_its_pairs_were_never_seen() -> None:
    """The class is the verb, and every pair of the judged words is new: 24 sentences without "owl" teach."""
    data = toy("tokens", n=120, classes=3)
    new = (data.x == len(SPECIAL) + 2).any(1)  # with "owl" before the verb
    taught, judged = (data.only(torch.nonzero(rows).flatten()[:24]) for rows in (~new, new))
    judged.x[:, 2] = END  # without a place after it
    says = Classifier(taught)
    assert (says(judged.x) == judged.label).double().mean() > 0.95
