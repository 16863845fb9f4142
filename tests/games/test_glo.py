"""GLO: codes that stay in the ball, start from principal components, and belong each to one datum."""

import pytest
import torch
from torch import Tensor
from toys import engine_of, images, points

from rivalry.errors import BadRequest
from rivalry.games.likelihood.glo import Principal, glo, in_ball
from rivalry.maths.pyramid import halved, laplacian, laplacian_distance
from rivalry.play.goal import Goal


def test_the_projection_is_the_nearest_point_of_the_ball() -> None:
    z = torch.randn(50, 3, generator=torch.Generator().manual_seed(0)) * 2
    near = in_ball(z)
    inside = z.norm(dim=1) <= 1
    assert 0 < inside.sum() < 50 and torch.equal(near[inside], z[inside])
    torch.testing.assert_close(near[~inside].norm(dim=1), torch.ones(int((~inside).sum())))
    others = in_ball(torch.randn(2000, 3, generator=torch.Generator().manual_seed(1)))
    assert ((z - near).norm(dim=1)[:, None] <= torch.cdist(z, others) + 1e-6).all()
    torch.testing.assert_close(in_ball(near), near)


def test_no_code_leaves_the_ball_however_large_the_step() -> None:
    engine = engine_of(glo, points(), settings={"code_lr": 1e6})
    engine.play(Goal(rounds=20))
    lengths = engine.game.table[engine.game.begun].norm(dim=1)
    assert lengths.max() <= 1 + 1e-6
    assert (lengths > 0.999).float().mean() > 0.9  # and most were held back


def test_a_step_moves_the_codes_of_its_batch_alone_each_by_the_slope_of_its_own_loss() -> None:
    engine = engine_of(glo, images(1, 8, 8), settings={"code_lr": 0.01})
    engine.play(Goal(rounds=20))  # every datum has been seen
    game = engine.game
    before, x, row = game.table.detach().clone(), *engine.data.take(8)
    engine.data = Given(x, row)
    z = before[row].requires_grad_()
    (slope,) = torch.autograd.grad(game.distance(game.G(z), x).sum(), z)
    list(engine.turns())
    torch.testing.assert_close(game.table[row].detach(), in_ball(before[row] - 0.01 * slope))
    rest = torch.ones(len(before), dtype=torch.bool)
    rest[row] = False
    assert torch.equal(game.table[rest], before[rest])


class Given:
    """A source that gives the same data always."""

    def __init__(self, *columns: Tensor):
        self.columns = columns

    def take(self, n: int) -> tuple[Tensor, ...]:
        return self.columns


def test_codes_start_as_principal_components() -> None:
    """Uncorrelated, of deviation 1/√d, and a line through the data gives back what they keep."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(500, 3, generator=generator) @ torch.randn(3, 5, generator=generator) * 0.1
    start = Principal(5, 4)
    start.look(x)
    z = (x - start.mean) @ start.basis
    torch.testing.assert_close(z.T.cov(correction=0)[:3, :3], torch.eye(3) / 4, atol=1e-4, rtol=0)
    assert (z[:, 3] == 0).all()  # data of three directions have no fourth
    line = torch.linalg.lstsq(z[:, :3], x - start.mean).solution
    torch.testing.assert_close(z[:, :3] @ line, x - start.mean, atol=1e-4, rtol=0)
    assert torch.equal(start(x), in_ball(z))


def test_samples_have_the_moments_of_the_codes() -> None:
    game = glo(points().spec, latent=3, width=8, rows=5000)
    mix = torch.tensor([[0.1, 0.0, 0.0], [0.05, 0.02, 0.0], [0.0, 0.1, 0.1]])
    game.table.data = torch.randn(5000, 3, generator=torch.Generator().manual_seed(0)) @ mix.T + 0.2
    torch.manual_seed(0)
    assert game.draw(20_000).std(0).tolist() == pytest.approx(
        [3**-0.5] * 3, rel=0.03
    )  # before any is learned
    game.begun[:] = True
    drawn = game.draw(50_000)
    torch.testing.assert_close(drawn.mean(0), game.table.mean(0).detach(), atol=3e-3, rtol=0)
    torch.testing.assert_close(drawn.T.cov(), game.table.detach().T.cov(), atol=1e-3, rtol=0)


def test_more_data_than_codes_are_refused() -> None:
    engine = engine_of(glo, points(64), settings={"rows": 10, "batch": 32})
    with pytest.raises(BadRequest, match="glo has 10 codes, one for each datum, and there are more data"):
        engine.play(Goal(rounds=1))


def test_codes_of_another_length_are_refused() -> None:
    with pytest.raises(BadRequest, match="this game's codes are 6; got 5"):
        glo(points().spec, latent=6, width=8).decode(torch.zeros(2, 5))


@pytest.mark.parametrize("size", [(16, 16), (9, 14), (3, 3)])
def test_a_pyramid_can_be_put_together_again(size: tuple[int, int]) -> None:
    x = torch.rand(2, 3, *size)
    *finer, again = laplacian(x, 3)
    for level in reversed(finer):
        up = torch.nn.functional.interpolate(
            again, size=level.shape[2:], mode="bilinear", align_corners=False
        )
        again = up + level
    torch.testing.assert_close(again, x)
    assert len(finer) == (0 if size == (3, 3) else 2)


def test_a_constant_shows_in_the_last_level_alone_and_noise_in_the_first() -> None:
    torch.testing.assert_close(halved(torch.ones(1, 2, 8, 10)), torch.ones(1, 2, 4, 5))
    x = torch.zeros(1, 1, 16, 16)
    assert float(laplacian_distance(x + 0.3, x)) == pytest.approx(0.3)
    noise = torch.randn(1, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    first, *rest = (float(level.abs().mean()) for level in laplacian(noise, 3))
    assert first > 2 * max(rest)
    torch.testing.assert_close(laplacian_distance(noise, x)[0], torch.tensor(first + sum(rest)))
