"""What is advised on data and a machine: the command can be copied, and follows from both."""

import shlex
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from rivalry import catalog, settings
from rivalry.data.check import Report, check, glance
from rivalry.data.source import Spec, toy
from rivalry.runs import advice as module
from rivalry.runs.advice import advise, lines
from rivalry.runs.probe import noise, seconds_of_a_round

CPU, GPU = torch.device("cpu"), torch.device("cuda")


def report(
    n: int = 5000, size: tuple[int, int] = (28, 28), labels: tuple[str, ...] = (), pairs: str = ""
) -> Report:
    found = Report("my pictures", n=n, sizes={size: n}, channels=3, pairs=pairs)
    found.labels = dict.fromkeys(labels, n // max(1, len(labels)))
    there = {"labels": len(labels) > 1, "domains": len(labels) == 2, "pairs": bool(pairs)}
    there["captions"] = there["sounds"] = False
    found.suits = [e.name for e in catalog.CATALOG if "image" in e.kinds and all(there[x] for x in e.needs)]
    return found


def never(game: str, recipe: str | None, spec: Spec) -> float:
    raise AssertionError("pictures that stay as they are need no probe")


@pytest.mark.parametrize(
    ("given", "game"),
    [
        (report(), "dcgan"),
        (report(labels=tuple("0123456789")), "projection-gan"),
        (report(n=200, labels=tuple("0123456789")), "dcgan"),
        (report(n=60), "dcgan"),
        (report(labels=("A", "B")), "cyclegan"),
        (report(labels=("cat", "dog")), "projection-gan"),
        (report(pairs="400, of one name in the folders A and B"), "pix2pix"),
    ],
)
def test_the_data_decide_the_game(given: Report, game: str) -> None:
    found = advise(given, CPU, never)
    assert found is not None and found.game == game and found.size is None
    assert (found.settings == {"augment": "diffaugment"}) == (given.n < 500)
    assert game not in [name for name, _ in found.others]
    assert len(found.others) + found.more + 1 == len(given.suits)


def test_the_machine_decides_the_size() -> None:
    for a_pixel, size in ((1e-6, 64), (1e-4, 48), (1e-3, 32), (1.0, 32)):
        probe = lambda game, recipe, spec, a=a_pixel: a * spec.shape[1] ** 2
        found = advise(report(size=(200, 300)), CPU, probe)
        assert found is not None and found.size == (size, size)
        assert "--size 200 takes another" in found.reasons[1]


def test_the_command_is_one_that_train_takes() -> None:
    found = advise(report(n=60, size=(100, 100)), CPU, lambda *_: 0.01)
    assert found is not None
    words = shlex.split(found.command("my pictures"))
    assert words[:3] == ["rivalry", "train", "dcgan"]
    options = dict(zip(words[3::2], words[4::2]))
    assert options == {
        "--data": "my pictures", "--size": "64", "--recipe": "laptop", "--time": "10m", "-s": "augment=diffaugment",
    }  # fmt: skip
    settings.check(catalog.maker(catalog.find("dcgan")), dict([options["-s"].split("=")]), "dcgan")
    told = "\n".join(lines(report(), found))
    assert told.count("    rivalry train") == 1


def test_with_a_gpu_the_recipe_is_the_papers() -> None:
    found = advise(report(), GPU, never)
    assert found is not None and found.recipe is None


def test_what_is_wrong_or_suits_nothing_gets_no_advice() -> None:
    given = report()
    given.wrong = ["nothing in it can be read"]
    assert advise(given, CPU) is None and advise(Report("none"), CPU) is None
    assert "mend" in lines(given, None)[0]


def test_reasons_are_of_games_in_the_catalog() -> None:
    assert set(module.REASONS) <= {entry.name for entry in catalog.CATALOG}


def test_a_glance_agrees_with_the_whole_check(tmp_path: Path) -> None:
    for name, size in (("A/1", 12), ("A/2", 12), ("B/3", 12), ("B/4", 16)):
        path = tmp_path / "train" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(size).integers(0, 256, (size, size, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
    whole, quick = (look(str(tmp_path), catalog.CATALOG) for look in (check, glance))
    for what in ("kind", "n", "splits", "sizes", "channels", "labels", "pairs", "suits"):
        assert getattr(whole, what) == getattr(quick, what), what


def test_a_probe_measures_and_leaves_random_numbers_alone() -> None:
    make = catalog.maker(catalog.find("dcgan"))
    spec = Spec("probe", "image", (1, 8, 8))
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    took = {
        width: seconds_of_a_round(
            make, spec, settings.check(make, {"width": width, "batch": 8}, "dcgan"), CPU, limit=0.05
        )
        for width in (2, 256)
    }
    assert 0 < took[2] < took[256]
    assert torch.equal(before, torch.get_rng_state()) and torch.get_num_threads() == threads


def test_noise_has_every_column() -> None:
    spec = toy("image", classes=3).spec
    made = noise(spec, 6)
    assert made.x.shape == (6, *spec.shape) and made.label is not None
    assert made.label.tolist() == [0, 1, 2, 0, 1, 2]


@pytest.mark.parametrize(("kind", "game"), [("graph", "cell"), ("tokens", "lstm"), ("episode", "gail")])
def test_a_game_that_is_made_for_the_kind_comes_first(kind: str, game: str) -> None:
    suits = [entry.name for entry in catalog.CATALOG if kind in entry.kinds]
    found = advise(Report("mine", kind=kind, n=500, sizes={(8, 8): 500}, suits=suits), CPU, lambda *_: 0.01)
    assert found.game == game
    assert ("--time" in found.command("mine")) == (
        game == "lstm"
    )  # the others' recipes have a length of their own
