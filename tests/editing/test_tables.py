"""Tables: each sample in its row and column, each head beside its own."""

import numpy as np
import pytest
import torch

from rivalry.data.source import Spec
from rivalry.errors import BadRequest
from rivalry.show.sheets import GAP, MARGIN, sheet
from rivalry.show.tables import HEAD, LONGEST, blank, heads, table

SPEC = Spec("pictures", "image", (1, 32, 64))


def levels(rows: int, columns: int) -> torch.Tensor:
    """Each sample of one grey."""
    grey = torch.linspace(-1, 0.5, rows * columns)
    return grey.view(rows, columns, 1, 1, 1).expand(-1, -1, *SPEC.shape)


def ink(pixels: np.ndarray) -> bool:
    return bool((pixels < 120).any())


def test_samples_lie_in_their_rows_and_columns_with_their_heads_beside_them() -> None:
    x = levels(2, 3) + 1  # light, so that dark letters can be told from them
    page = np.asarray(table(x.clamp(max=1), SPEC, ["upper", ""], ["", "middle", ""]).convert("L")).astype(int)
    plain = np.asarray(sheet(x.clamp(max=1).flatten(0, 1), SPEC, 3).convert("L")).astype(int)
    left, top = page.shape[1] - plain.shape[1], page.shape[0] - plain.shape[0]
    assert top == HEAD and left > MARGIN
    assert np.array_equal(page[top + MARGIN :, left + MARGIN :], plain[MARGIN:, MARGIN:])
    lower = top + MARGIN + 32 + GAP
    assert ink(page[top + MARGIN : lower, :left]) and not ink(page[lower:, :left])
    cell = lambda i: page[
        : top + MARGIN, left + MARGIN + i * (64 + GAP) : left + MARGIN + 64 + i * (64 + GAP)
    ]
    assert [ink(cell(i)) for i in range(3)] == [False, True, False]


def test_without_heads_it_is_a_sheet() -> None:
    x = levels(2, 3)
    assert np.array_equal(
        np.asarray(table(x, SPEC, [""] * 2, [""] * 3)), np.asarray(sheet(x.flatten(0, 1), SPEC, 3))
    )


def test_heads_that_do_not_fit_are_thinned_out_and_long_ones_cut() -> None:
    x = levels(1, 6)
    page = lambda words: np.asarray(table(x, SPEC, [""], words))
    each = [f"a long head {i}" for i in range(6)]
    assert np.array_equal(page(each), page(["", each[1], "", each[3], "", ""]))
    width_of = lambda head: table(x, SPEC, [head], [""] * 6).width
    assert width_of("x" * 500) == width_of("x" * (LONGEST - 1) + "…")


def test_points_are_a_scatter_with_a_color_for_each_row() -> None:
    x = torch.rand(2, 5, 2)
    spec = Spec("dots", "points", (2,))
    told = sheet(x.flatten(0, 1), Spec("", "points", (2,), ("p", "q")), labels=[0] * 5 + [1] * 5)
    assert np.array_equal(np.asarray(table(x, spec, ["p", "q"], [""] * 5)), np.asarray(told))


@pytest.mark.parametrize("c", [1, 2, 3, 4])
def test_a_blank_cell_is_white(c: int) -> None:
    shape = (c, 8, 8)
    x = blank(Spec("", "image", shape))
    assert x.shape == shape
    page = np.asarray(sheet(x[None], Spec("", "image", shape)))[MARGIN:-MARGIN, MARGIN:-MARGIN]
    if c in (1, 3):
        assert (page == 255).all()
    else:
        assert page.min() == 220  # the checkerboard of what is transparent
    assert blank(Spec("", "points", (2,))).isnan().all()


def test_numbers_become_heads() -> None:
    assert heads([0.0, 0.125, 1 / 3, -2.0]) == ["0", "0.125", "0.333", "-2"]
    assert heads([7, 123456]) == ["7", "123456"]


def test_an_unknown_kind_is_refused_at_once() -> None:
    with pytest.raises(BadRequest, match="no kind of data 'audio'"):
        Spec("songs", "audio", (10,))
