"""Which recipe is played: the one asked for, `laptop` for pictures without a GPU, and the settings that are given."""

import pytest
import torch

from rivalry import catalog
from rivalry.data.source import toy
from rivalry.errors import BadRequest
from rivalry.games.laptop import LAPTOP, MEASURED
from rivalry.play.goal import Goal
from rivalry.runs.recipes import in_place_of, in_words, plan, usual_recipe
from rivalry.settings import check

NOTHING = {"rounds": None, "samples": None, "seconds": None}
PICTURES, POINTS = (toy(kind, classes=2).spec for kind in ("image", "points"))
CPU, GPU = torch.device("cpu"), torch.device("cuda")


def planned(recipe: str | None, lengths: dict | None = None, **given: object):
    return plan("dcgan", catalog.maker(catalog.find("dcgan")), recipe, given, lengths or NOTHING)


def test_laptop_is_for_pictures_without_a_gpu() -> None:
    assert usual_recipe("dcgan", PICTURES, CPU) == "laptop"
    assert usual_recipe("dcgan", PICTURES, GPU) is None
    assert usual_recipe("gan", POINTS, CPU) is None
    assert usual_recipe("somebody's own", PICTURES, CPU) is None


def test_paper_is_the_defaults_and_what_is_given_comes_first() -> None:
    defaults = check(catalog.maker(catalog.find("dcgan")), {}, "dcgan")
    assert planned("paper").settings == planned(None).settings == defaults
    assert planned("laptop").settings["width"] == 16
    assert planned("laptop", width=8).settings == {**planned("laptop").settings, "width": 8}


def test_the_recipe_says_how_long_unless_the_user_does() -> None:
    assert planned("laptop").goal == Goal(seconds=600)
    assert planned(None).goal == Goal(seconds=120)
    assert planned("laptop", {**NOTHING, "rounds": 3}).goal == Goal(rounds=3)
    with pytest.raises(BadRequest, match="no recipe of dcgan 'fast'"):
        planned("fast")


def test_the_line_names_the_settings_and_the_way_back() -> None:
    line = in_words("dcgan", "laptop")
    assert "width=16" in line and "`--recipe paper`" in line and "\n" not in line


def test_a_time_in_place_of_the_rounds_of_a_recipe_is_said() -> None:
    assert "45 rounds" in in_place_of("cell", "laptop", Goal(seconds=180))
    assert in_place_of("cell", "laptop", Goal(rounds=3)) == ""
    assert in_place_of("dcgan", "laptop", Goal(seconds=180)) == ""  # it is found for a time


def test_every_game_of_pictures_has_the_recipe() -> None:
    rooms = {entry.name for entry in catalog.CATALOG if entry.room in ("image", "translation")}
    assert {name for name in rooms if "laptop" not in catalog.recipes(catalog.find(name))} == set()
    assert set(LAPTOP) <= {entry.name for entry in catalog.CATALOG}
    assert set(LAPTOP) > MEASURED
