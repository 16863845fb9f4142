"""Levels: what is read and refused, the agent on levels whose answer is known, and what is counted."""

from pathlib import Path

import pytest
import torch

from rivalry.data import open_data
from rivalry.data.sets.levels import TILES
from rivalry.errors import BadRequest
from rivalry.kinds.tile_sprites import ART, PALETTE, SIDE, sprite
from rivalry.kinds.tiles import TILES as KIND
from rivalry.kinds.tiles import patterns
from rivalry.metrics.levels.finished import finished
from rivalry.metrics.levels.tile_patterns import divergence, pattern_divergence, shuffled
from rivalry.worlds.level_measures import MEASURES
from rivalry.worlds.platformer import JUMP, finish


def flat(width: int = 12, height: int = 8) -> list[str]:
    return ["-" * width] * (height - 1) + ["X" * width]


def with_tiles(level: list[str], letter: str, *places: tuple[int, int]) -> list[str]:
    rows = [list(row) for row in level]
    for row, column in places:
        rows[row][column] = letter
    return ["".join(row) for row in rows]


def test_flat_ground_is_crossed_in_as_many_steps_as_it_is_wide() -> None:
    assert len(finish(flat(12)) or []) == 12


@pytest.mark.parametrize(("height", "can"), [(JUMP, True), (JUMP + 1, False)])
def test_a_wall_as_high_as_a_jump_is_crossed_and_a_higher_one_is_not(height: int, can: bool) -> None:
    wall = with_tiles(flat(12, 10), "X", *[(8 - i, 6) for i in range(height)])
    assert (finish(wall) is not None) == can


@pytest.mark.parametrize(("width", "can"), [(2 * JUMP - 1, True), (2 * JUMP, False)])
def test_a_gap_as_wide_as_a_jump_is_crossed_and_a_wider_one_is_not(width: int, can: bool) -> None:
    gap = with_tiles(flat(20), "-", *[(7, 4 + i) for i in range(width)])
    assert (finish(gap) is not None) == can


def test_an_enemy_is_jumped_over_but_not_under_a_low_ceiling() -> None:
    enemy = with_tiles(flat(12), "E", (6, 5))
    assert finish(enemy) is not None
    assert finish(with_tiles(enemy, "X", *[(5, i) for i in range(12)])) is None
    assert finish(with_tiles(flat(12), "X", *[(row, 5) for row in range(7)])) is None
    assert finish(["---", "---"]) is None  # nowhere to begin


def test_what_is_counted() -> None:
    level = with_tiles(flat(), "E", (6, 2), (2, 2))
    level = with_tiles(with_tiles(level, "-", (7, 0), (7, 5), (7, 6)), "o", (3, 3))
    counted = {name: measure(level) for name, measure in MEASURES.items()}
    assert counted == {"enemies": 2, "gaps": 2, "pipes": 0, "coins": 1, "blocks": 0, "cannons": 0}


def test_the_bundled_levels_are_windows_that_an_agent_finishes_and_shuffled_columns_are_not_alike() -> None:
    data = open_data("mario-levels:step=14")
    assert data.spec.shape == (14, 28) and data.spec.about["tiles"] == [*TILES]
    few = data.only(torch.arange(0, len(data), 4))
    score = finished(few.x, few)
    assert score.value == score.details["real"] > 0.9
    halves = divergence(data.x[::2], data.x[1::2])
    assert divergence(data.x, data.x) == 0 < halves < 0.5 * divergence(data.x, shuffled(data.x))
    assert torch.equal(shuffled(data.x).sort(2).values, data.x.sort(2).values)
    assert pattern_divergence(data.x[::2], data).details["shuffled columns"] > halves


def test_a_pattern_is_its_four_tiles() -> None:
    x = torch.tensor([[[1, 2, 1, 2], [3, 4, 3, 4], [1, 2, 1, 5]]])
    found = patterns(x)[0]
    assert found[0, 0] == found[0, 2] and len(found.unique()) == 5


def test_tiles_are_drawn_each_in_its_place_and_are_different() -> None:
    assert set(ART) == set(TILES)
    for rows in ART.values():
        assert (
            len(rows) == SIDE and {len(row) for row in rows} == {SIDE} and set("".join(rows)) <= set(PALETTE)
        )
    data = open_data("mario-levels:step=40")
    drawn = KIND.tiles(data.x[:2], data.spec.x)
    assert drawn.shape == (2, 3, 14 * SIDE, 28 * SIDE)
    at = drawn[1, :, SIDE * 13 : SIDE * 14, SIDE * 4 : SIDE * 5]
    letter = data.spec.about["tiles"][int(data.x[1, 13, 4])]
    assert torch.equal(((at + 1) * 127.5).round(), sprite(letter).float())
    assert len({sprite(letter).numpy().tobytes() for letter in "-XS?QE<>[]oBb~&"}) == 15


def test_what_is_written_is_read_again_and_other_files_are_refused(tmp_path: Path) -> None:
    data = open_data("mario-levels:step=60")
    with (tmp_path / "one.txt").open("wb") as file:
        KIND.write_single(data.x[3], data.spec.x, file)
    again = open_data(f"levels:path={tmp_path}")
    assert torch.equal(again.x, data.x[3:4])
    for lines, said in (
        (["-" * 28] * 3, "all levels have one height; one.txt has 14 rows and two.txt has 3"),
        (["-" * 28] * 13 + ["-"], "its lines have 2 different lengths"),
        (["-" * 28] * 13 + ["#" * 28], "two.txt has unknown tiles #; known are - X"),
        ([], "two.txt is no level"),
    ):
        (tmp_path / "two.txt").write_text("\n".join(lines))
        with pytest.raises(BadRequest, match=said):
            open_data(f"levels:path={tmp_path}")
    (tmp_path / "two.txt").unlink()
    with pytest.raises(BadRequest, match="no level is 40 tiles wide; the longest has 28"):
        open_data(f"levels:path={tmp_path},width=40")
    for name, said in (("levels", "levels:path=FOLDER"), ("mario-levels:path=x", "reads your own")):
        with pytest.raises(BadRequest, match=said):
            open_data(name)
