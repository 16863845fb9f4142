"""The brush: painted color comes, the rest stays, whole pictures are recovered; and what is refused."""

import pytest
import torch
from smooth import SHAPE, SPEC, Drawing, Mute, Smooth, weight
from torch import Tensor

from rivalry.editing.brush import Strokes, brush, edge_error, orientations, shares, warped
from rivalry.editing.codes import decoded, of_seeds
from rivalry.errors import BadRequest


class Local(Drawing):
    """Each code number colors a blot of its own, in a grid of 3 x 3 whose blots touch."""

    def __init__(self):
        super().__init__(9)
        y, x = torch.meshgrid(torch.arange(10.0), torch.arange(12.0), indexing="ij")
        centers = [(1.5 + 3.5 * i, 2 + 4.0 * j) for i in range(3) for j in range(3)]
        blots = [(-((y - cy) ** 2 + (x - cx) ** 2) / 2).exp() for cy, cx in centers]
        self.blots = torch.nn.Parameter(torch.stack(blots), requires_grad=False)

    def decode(self, z: Tensor) -> Tensor:
        return torch.einsum("nk,khw->nhw", z, self.blots).tanh()[:, None]


def block() -> Tensor:
    mask = torch.zeros(SHAPE[1:], dtype=torch.bool)
    mask[4:7, 5:8] = True
    return mask


def stroke(code: Tensor) -> Strokes:
    """The block in the middle in the opposite color, which the blot there can nearly take."""
    dark = decoded(Local(), code)[0, 0, 5, 6] > 0
    return Strokes(torch.full(SHAPE, -0.7 if dark else 0.7), block())


def test_a_stroke_takes_its_color_and_the_rest_stays() -> None:
    for seed in range(4):
        code = of_seeds(Local(), [seed])
        found = brush(Local(), code, stroke(code))
        assert found.inside[0] <= 0.3 and found.outside[0] <= 0.3
        assert found.x.shape == (8, *SHAPE)


def test_random_codes_do_neither() -> None:
    """The control of the test above: the shares of codes that nobody moved."""
    game, code = Local(), of_seeds(Local(), [0])
    before, others = decoded(game, code), decoded(game, of_seeds(game, range(100, 164)))
    inside, outside = shares(before, others, others, stroke(code))
    assert inside.mean() > 0.3
    assert float(outside.mean()) == pytest.approx(1)


def test_a_picture_that_is_painted_whole_is_recovered() -> None:
    everywhere = torch.ones(SHAPE[1:], dtype=torch.bool)
    for seed in range(3):
        game = Smooth(seed=seed)
        x = decoded(game, of_seeds(game, [seed + 50]))[0]
        found = brush(game, of_seeds(game, [seed]), Strokes(x, everywhere), steps=100)
        assert (found.x[0] - x).square().mean() <= 0.01


def test_far_from_the_code_costs() -> None:
    game, code = Local(), of_seeds(Local(), [0])
    near, far = (brush(game, code, stroke(code), close=close) for close in (10.0, 0.0))
    away = lambda found: float((found.codes[0] - code[0]).norm())
    assert away(near) < 0.5 * away(far)


def test_the_same_seed_finds_the_same() -> None:
    game, code = Local(), of_seeds(Local(), [0])
    one, again = (brush(game, code, stroke(code), seed=3, steps=3) for _ in range(2))
    assert torch.equal(one.codes, again.codes)


def test_edges_count_by_how_they_run_alone() -> None:
    upright, lying = torch.zeros(1, 16, 16), torch.zeros(1, 16, 16)
    upright[:, :, 8], lying[:, 8] = 1, 1
    for other in (-upright, 0.3 * upright):
        assert torch.allclose(orientations(other, 8), orientations(upright, 8), atol=2e-2, rtol=0)
    same, turned = (float(edge_error(x[None], upright[0])) for x in (upright, lying))
    assert same < 0.01 < 0.5 < turned


def test_lines_draw_lines() -> None:
    """A generator that knows stripes of two kinds turns to those that are drawn."""

    class Stripes(Drawing):
        def __init__(self):
            super().__init__(2)
            wave = torch.linspace(0, 12, 16).sin()
            both = torch.stack([wave.expand(16, 16), wave[:, None].expand(16, 16)])
            self.both = torch.nn.Parameter(both, requires_grad=False)

        def decode(self, z: Tensor) -> Tensor:
            return torch.einsum("nk,khw->nhw", z.softmax(1), self.both)[:, None]

    lines = torch.zeros(16, 16)
    lines[:, 2::4] = 1
    code = torch.tensor([[-0.5, 0.5]])
    none = Strokes(torch.zeros(1, 16, 16), torch.zeros(16, 16, dtype=torch.bool), lines)
    found = brush(Stripes(), code, none, close=0.0, steps=40)
    assert found.codes[0, 0] > found.codes[0, 1]


def test_what_is_opaque_was_painted() -> None:
    paint = torch.zeros(4, 10, 12, dtype=torch.uint8)
    paint[:, 2, 3] = 255
    strokes = Strokes.read(paint, None, SPEC)
    assert strokes.mask.nonzero().tolist() == [[2, 3]] and strokes.color[0, 2, 3] == pytest.approx(1)
    assert Strokes.read(None, paint, SPEC).edges.sum() == 1
    with pytest.raises(BadRequest, match="nothing was painted"):
        Strokes.read(torch.zeros_like(paint), None, SPEC)
    with pytest.raises(BadRequest, match="10 x 12"):
        Strokes.read(paint[:, :5], None, SPEC)


def test_a_warp_puts_a_disc_of_the_sample_elsewhere() -> None:
    x = torch.arange(120.0).view(1, 10, 12)
    strokes = warped(x, (3.5, 2.5), (6.5, 6.5), 1.2)  # 3 to the right, 4 down
    rows, columns = strokes.mask.nonzero().T
    assert sorted(zip(rows.tolist(), columns.tolist())) == [(5, 6), (6, 5), (6, 6), (6, 7), (7, 6)]
    assert torch.equal(strokes.color[0, rows, columns], x[0, rows - 4, columns - 3])
    at_the_edge = warped(x, (0.5, 0.5), (11.5, 0.5), 1.2).mask  # half of the disc was not in the picture
    assert at_the_edge.nonzero().tolist() == [[0, 11], [1, 11]]
    with pytest.raises(BadRequest, match="nothing of the disc"):
        warped(x, (3.5, 2.5), (40.0, 2.5), 1.2)
    painted = Strokes(torch.ones(1, 10, 12), x[0] == 78).over(strokes)
    assert painted.mask.sum() == 5 and painted.color[0, 6, 6] == 1 and painted.color[0, 5, 6] == x[0, 1, 3]


def test_a_game_without_codes_is_refused() -> None:
    with pytest.raises(BadRequest, match="decodes no codes"):
        brush(Mute(), weight(1, 2), Strokes(torch.zeros(SHAPE), block()))
