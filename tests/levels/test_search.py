"""The search reaches what a generator can make, and says so where it cannot."""

import pytest
import torch
from smooth import Drawing, Smooth

from rivalry.data.sets.levels import TILES
from rivalry.data.source import Spec
from rivalry.editing.search import search, wanted
from rivalry.errors import BadRequest

SPEC = Spec("toy", "tiles", (8, 12), about={"tiles": [*TILES]})
ENEMY = [*TILES].index("E")


class Enemies(Drawing):
    """Ground, with an enemy above it wherever a number of the code is above 1."""

    def __init__(self) -> None:
        super().__init__(12)

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        x = torch.zeros(len(z), 8, 12, dtype=torch.int64)
        x[:, 7] = 1
        x[:, 3] = ENEMY * (z > 1)
        return x


def test_what_is_wanted_is_read_and_other_words_are_refused() -> None:
    assert wanted("enemies=5, gaps=2") == {"enemies": 5, "gaps": 2}
    for text, said in (
        ("enemies", "is as in enemies=5"),
        ("gaps=-1", "is as in"),
        ("enemy=1", "did you mean 'enemies'"),
    ):
        with pytest.raises(BadRequest, match=said):
            wanted(text)


def test_the_search_finds_what_random_codes_do_not_have() -> None:
    pytest.importorskip("cma")
    game = Enemies()
    found = search(game, SPEC, {"enemies": 8}, seed=1)
    assert found.reached and found.finished and found.measured["enemies"] == 8
    assert (game.decode(torch.randn(200, 12)) == ENEMY).sum((1, 2)).max() < 8  # the control
    assert torch.equal(game.decode(found.code[None])[0], found.x)
    never = [search(game, SPEC, {"enemies": 1, "coins": 3}, playable=False, budget=300) for _ in range(2)]
    assert not never[0].reached and never[0].measured["coins"] == 0
    assert torch.equal(never[0].code, never[1].code)


def test_a_game_of_pictures_is_not_searched() -> None:
    with pytest.raises(BadRequest, match="levels are searched; this game was trained on images"):
        search(Smooth(), Spec("waves", "image", (1, 10, 12)), {"gaps": 1})
