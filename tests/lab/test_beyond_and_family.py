"""What recorded results say, whatever they are; and the map of the catalog."""

import json
import math
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from rivalry.catalog import CATALOG
from rivalry.errors import BadRequest
from rivalry.lab import beyond, family_tree
from rivalry.report.family import family
from rivalry.report.family_map import family_map, places

QUIET = {"quick": True, "seeds": 1, "progress": lambda *_: None}


def record(folder: Path, name: str, rows: list[dict]) -> None:
    (folder / f"{name}.json").write_text(json.dumps({"rows": rows}))


def test_the_better_side_is_named_whichever_it_is(tmp_path: Path) -> None:
    graph = lambda name, roc: {"game": name, "data": "blocks", "roc": roc, "seed": 0}
    for ours, theirs, said in (
        (0.9, 0.6, "is ahead of"),
        (0.5, 0.7, "is behind"),
        (0.7, 0.7, "is level with"),
    ):
        record(tmp_path, "graphs", [graph("netgan", ours), graph("cell", theirs)])
        found = beyond.answer(**QUIET, results=str(tmp_path)).found
        assert f"{said}" in found[0] and "graph (blocks)" in found[0]
        assert "One side is not on record for: image (MNIST)" in found[1]


def test_the_best_of_each_side_counts_and_low_is_good_where_it_is(tmp_path: Path) -> None:
    record(
        tmp_path,
        "games-mnist",
        [{"game": g, "fid": f, "seed": 0} for g, f in (("gan", 8.0), ("r3gan", 4.0), ("vae", 16.0))],
    )
    (row, *_) = beyond.answer(**QUIET, results=str(tmp_path)).rows
    assert (row["adversarial"], row["value"], row["baseline"], row["gain"]) == ("r3gan", 4.0, "vae", 2.0)
    assert beyond.gain(4.0, 2.0, low=False) == 1.0 and math.isnan(beyond.gain(4.0, math.nan, low=True))


def test_recorded_results_are_needed(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="--results"):
        beyond.answer(**QUIET, results=str(tmp_path / "none"))
    with pytest.raises(BadRequest, match="none of the results"):
        beyond.answer(**QUIET, results=str(tmp_path))


def test_every_game_stands_on_the_map_once_and_boxes_do_not_overlap() -> None:
    games = family()
    at, bands, years, height = places(games)
    assert set(at) == {entry.name for entry in CATALOG} and len(set(at.values())) == len(at)
    drawn = ET.fromstring(family_map(games, {"gan"}))
    space = "{http://www.w3.org/2000/svg}"
    assert len(drawn.findall(f"{space}g")) == len(games)
    assert len(drawn.findall(f"{space}path")) == sum(len(game["parents"]) for game in games)
    assert max(y for _, y in at.values()) < height and years == sorted(years)
    assert set(bands) == {game["room"] for game in games}


def test_the_family_is_written_as_a_page_and_a_picture(tmp_path: Path) -> None:
    answer = family_tree.answer(**QUIET)
    assert "none, as it must be" in answer.control[0]
    assert "<svg" in answer.write(tmp_path).read_text() and (tmp_path / "family.svg").stat().st_size > 1000
    row = {"game": "child", "year": 2000, "from": "parent", "children": 0}
    assert "child" in family_tree.controls([row, {**row, "game": "parent", "year": 2001, "from": ""}])[0]


def test_baselines_are_games_of_the_catalog() -> None:
    assert family_tree.BASELINES - {entry.name for entry in CATALOG} == set()
