"""Sentences beside images: the imagefolder of Hugging Face."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rivalry.data import open_data
from rivalry.errors import BadRequest
from rivalry.kinds.tokens import sentences

SAID = ["A red cat", "a blue cat", "a red dog, asleep", "a blue dog"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "train").mkdir()
    for i in range(4):
        pixels = np.full((8, 8, 3), 60 * i, np.uint8)
        Image.fromarray(pixels).save(tmp_path / "train" / f"{i}.png")
    return tmp_path


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_a_sentence_stands_beside_its_image(folder: Path, ending: str) -> None:
    rows = [{"file_name": f"{i}.png", "text": SAID[i]} for i in (2, 0, 3, 1)]
    lines = [json.dumps(row) for row in rows]
    if ending == "csv":
        lines = ["file_name,text", *(f'{row["file_name"]},"{row["text"]}"' for row in rows)]
    (folder / "train" / f"metadata.{ending}").write_text("\n".join(lines))
    data = open_data(folder)
    assert data.x[:, 0, 0, 0].tolist() == [0, 60, 120, 180]
    said = sentences(data.column("caption", slice(None)), data.spec.extra["caption"])
    assert said == ["a red cat", "a blue cat", "a red dog <unknown> <unknown>", "a blue dog"]
    assert data.spec.classes == () and not data.facts["skipped"] and not data.facts["passed"]


def test_labels_and_sentences_stand_in_one_table(folder: Path) -> None:
    lines = [f"{i}.png,{'dog' if i > 1 else 'cat'},{SAID[i].replace(',', '')}" for i in range(4)]
    (folder / "train" / "metadata.csv").write_text("\n".join(["file_name,label,text", *lines]))
    data = open_data(folder)
    assert (data.spec.classes, data.label.tolist()) == (("cat", "dog"), [0, 0, 1, 1])
    assert "caption" in data.spec.extra


def test_images_without_a_sentence_are_named(folder: Path) -> None:
    (folder / "train" / "metadata.csv").write_text("file_name,text\n0.png,a cat\n1.png,a cat")
    with pytest.raises(BadRequest, match=r"2 images in .* have no sentence; the first is .*2\.png"):
        open_data(folder)
