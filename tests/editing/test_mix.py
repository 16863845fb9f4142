"""Style mixing: the paper's parts of the layers, and whose style each layer has."""

import pytest
import torch
from smooth import SPEC, Linear, Stylish, same

from rivalry.editing.codes import decoded, of_seeds
from rivalry.editing.mix import BANDS, band, mixed, sheet
from rivalry.errors import BadRequest
from rivalry.show.tables import blank, table


def test_eighteen_layers_are_divided_as_in_the_paper() -> None:
    assert [band(name, 18) for name in BANDS] == [range(0, 4), range(4, 8), range(8, 18)]


@pytest.mark.parametrize("layers", range(3, 30))
def test_the_parts_are_all_layers_each_once_and_none_is_empty(layers: int) -> None:
    parts = [band(name, layers) for name in BANDS]
    assert all(parts)
    assert [i for part in parts for i in part] == list(range(layers))


def test_layers_by_number() -> None:
    assert band("2", 6) == range(2, 3)
    assert band("0-5", 6) == range(6)


@pytest.mark.parametrize(
    ("name", "layers", "said"),
    [
        ("fien", 6, "did you mean 'fine'"),
        ("6", 6, "6 layers, 0 to 5, counted upwards; asked for 6"),
        ("3-1", 6, "asked for 3-1"),
        ("2-9", 6, "asked for 2-9"),
        ("-2", 6, "no part of the layers '-2'"),
        ("fine", 2, "2 layers have no coarse"),
    ],
)
def test_layers_that_are_not_there_are_refused(name: str, layers: int, said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        band(name, layers)


def test_chosen_layers_are_the_sources_and_the_others_the_targets() -> None:
    targets, sources = torch.rand(3, 6, 5), torch.rand(2, 6, 5)
    before = targets.clone()
    w = mixed(targets, sources, range(1, 3))
    for i in range(3):
        for j in range(2):
            assert torch.equal(w[i, j, 1:3], sources[j, 1:3])
            assert torch.equal(w[i, j, [0, 3, 4, 5]], targets[i, [0, 3, 4, 5]])
    assert torch.equal(targets, before)


def test_with_all_layers_taken_targets_are_sources() -> None:
    game = Stylish()
    targets, sources = of_seeds(game, [1, 2], "w"), of_seeds(game, [3, 4, 5], "w")
    x = decoded(game, mixed(targets, sources, range(6)).flatten(0, 1), "w").unflatten(0, (2, 3))
    torch.testing.assert_close(x, decoded(game, sources, "w").expand(2, -1, -1, -1, -1))


def test_the_sheet_has_sources_above_and_targets_at_the_left() -> None:
    game = Stylish()
    targets, sources = of_seeds(game, [1, 2], "w"), of_seeds(game, [3], "w")
    x, y = decoded(game, targets, "w"), decoded(game, sources, "w")
    rows = [torch.stack([blank(SPEC), y[0]])]
    for name in ("coarse", "5"):
        w = mixed(targets, sources, band(name, 6))[:, 0]
        rows += [torch.stack(pair) for pair in zip(x, decoded(game, w, "w"))]
    told = table(torch.stack(rows), SPEC, ["", "coarse: 1", "coarse: 2", "5: 1", "5: 2"], ["", "3"])
    page = sheet(game, SPEC, [3], [1, 2], ["coarse", "5"])
    assert same(page, told)


def test_styles_are_needed() -> None:
    with pytest.raises(BadRequest, match="has no styles"):
        sheet(Linear(), SPEC, [1], [2])
