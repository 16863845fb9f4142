"""Files through a translator that was trained and loaded: right pixels, under their own names."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from smooth import Linear
from turner import shades, turner

from rivalry.data.source import Spec
from rivalry.editing import translate as translating
from rivalry.editing.images import given_images
from rivalry.editing.translate import domain, places, require_translator, translated
from rivalry.errors import BadRequest
from rivalry.game import Game
from rivalry.kinds.image import to_uint8
from rivalry.runs import training
from rivalry.runs.opening import load

SPEC = shades().spec


@pytest.fixture(scope="module")
def game(tmp_path_factory: pytest.TempPathFactory) -> Game:
    run = training.train(
        turner, shades(), rounds=150, run=tmp_path_factory.mktemp("runs") / "turner", quiet=True, device="cpu"
    )
    return load(run, game=turner)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Five of them, one in a folder below."""
    rng = np.random.default_rng(0)
    for name in ("a.png", "b.png", "c.bmp", "d.png", "deep/a.png"):
        place = tmp_path / "photos" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(256, size=(9, 12, 3), dtype=np.uint8)).save(place)
    return tmp_path / "photos"


@pytest.mark.parametrize("chunk", [1, 2, 100])
def test_every_image_is_carried_over_in_chunks_of_any_size(game, photos, monkeypatch, chunk: int) -> None:
    monkeypatch.setattr(translating, "CHUNK", chunk)
    images = given_images([photos])
    made = list(translated(game, images, SPEC, domain("dark", SPEC)))
    assert [given for given, _ in made] == images
    for given, x in made:
        pixels = np.asarray(Image.open(given.path)).transpose(2, 0, 1)
        assert np.abs(to_uint8(x).numpy().astype(int) - (255 - pixels)).max() <= 2  # the gain is nearly 1


def test_the_other_way_gives_the_image_back(game, photos) -> None:
    for given, x in translated(game, given_images([photos]), SPEC, domain("bright", SPEC)):
        pixels = np.asarray(Image.open(given.path)).transpose(2, 0, 1)
        assert np.abs(to_uint8(x).numpy().astype(int) - pixels).max() <= 2


def test_nothing_is_translated_before_all_images_are_known_to_be_good(game, photos) -> None:
    (photos / "z.png").write_bytes(b"no image")
    with pytest.raises(BadRequest, match=r"z\.png cannot be read as an image"):
        translated(game, given_images([photos]), SPEC, 0)  # not even begun
    (photos / "z.png").unlink()
    Image.new("RGB", (30, 20)).save(photos / "z.png")
    with pytest.raises(BadRequest, match=r"z\.png is RGB, 20 x 30; .* RGB, 9 x 12: --resize converts it"):
        translated(game, given_images([photos]), SPEC, 0)
    assert len(list(translated(game, given_images([photos]), SPEC, 0, resize=True))) == 6


def test_chance_follows_the_seed(photos) -> None:
    class Chance(Linear):
        def translate(self, x: torch.Tensor, to: int | None = None) -> torch.Tensor:
            return torch.rand_like(x)

    images = given_images([photos])
    made = [torch.stack([x for _, x in translated(Chance(), images, SPEC, seed=s)]) for s in (1, 1, 2)]
    assert torch.equal(made[0], made[1])
    assert not torch.equal(made[0], made[2])


def test_one_picture_has_one_translation_whatever_lies_beside_it(photos, tmp_path, monkeypatch) -> None:
    class Chance(Linear):
        def translate(self, x: torch.Tensor, to: int | None = None) -> torch.Tensor:
            return torch.rand_like(x)

    monkeypatch.setattr("rivalry.editing.translate.CHUNK", 2)
    for name in ("b2.png", "e.png"):  # twice more, at other places
        (photos / name).write_bytes((photos / "b.png").read_bytes())
    among = {given.name.name: x for given, x in translated(Chance(), given_images([photos]), SPEC)}
    ((_, alone),) = translated(Chance(), given_images([photos / "b.png"]), SPEC)
    assert torch.equal(among["b.png"], among["b2.png"]) and torch.equal(among["b.png"], among["e.png"])
    assert torch.equal(among["b.png"], alone)
    assert not torch.equal(among["b.png"], among["a.png"])  # another picture, other chance


def test_each_is_written_under_its_own_name(photos, tmp_path) -> None:
    names = [str(p.relative_to(tmp_path / "out")) for p in places(given_images([photos]), tmp_path / "out")]
    assert names == ["a.png", "b.png", "c.png", "d.png", "deep/a.png"]


def test_names_that_meet_and_images_that_would_be_lost_are_refused(photos, tmp_path) -> None:
    with pytest.raises(BadRequest, match=r"photos/a\.png and .*deep/a\.png would both become .*out/a\.png"):
        places(given_images([photos, photos / "deep"]), tmp_path / "out")
    with pytest.raises(BadRequest, match=r"a\.png is one of the files to translate; write to another folder"):
        places(given_images([photos]), photos)


def test_domains_by_name_and_number() -> None:
    assert [domain(name, SPEC) for name in ("dark", "bright", "0", "1")] == [0, 1, 0, 1]
    assert domain("1", Spec("odd", "image", (1, 8, 8), ("1", "0"))) == 0  # a name comes first
    with pytest.raises(BadRequest, match="no domain 'brigth'; did you mean 'bright'"):
        domain("brigth", SPEC)
    with pytest.raises(BadRequest, match="no domain '2'; there is dark, bright"):
        domain("2", SPEC)
    with pytest.raises(BadRequest, match="one way to go and no domain to name"):
        domain("dark", Spec("pairs", "image", (3, 8, 8), (), ("source",)))


def test_a_game_that_does_not_translate_says_so() -> None:
    with pytest.raises(BadRequest, match="does not translate: it makes images of its own"):
        require_translator(Linear())
