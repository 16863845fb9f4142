"""Series: what is known of the sines, a score with controls that must fail, and a generator that learns."""

import pytest
import torch
from toys import engine_of

from rivalry.data import open_data
from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.games.table.rgan import SeriesGenerator, rgan
from rivalry.metrics.rows.series import series
from rivalry.play.goal import Goal

SINES = open_data("sines")


def scores(fake: torch.Tensor) -> dict[str, float]:
    return {score.name: score.value for score in series(SINES, fake)}


def test_sines_are_sines() -> None:
    x = SINES.rows(slice(0, 500))[:, :, :5]
    curve = 2 * x - 1
    assert SINES.spec.shape == (24, 6) and not SINES.spec.meaning.refuse(SINES.x[:9], SINES.spec.x)
    assert SINES.spec.meaning.valid(SINES.x[:9], SINES.spec.x).all()
    # sin(a + η) + sin(a - η) = 2 cos(η) sin(a), with a cosine between cos(0.1) and 1
    cosine = (curve[:, 2:] + curve[:, :-2]) / (2 * curve[:, 1:-1].clamp(min=1e-3))
    assert ((cosine > 0.994) & (cosine < 1.001))[curve[:, 1:-1] > 0.05].all()
    with pytest.raises(BadRequest, match="has train and test"):
        open_data("sines", "validation")


def test_data_pass_and_the_mean_path_and_shuffled_steps_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rivalry.metrics.rows.series.ROUNDS", 120)
    monkeypatch.setattr("rivalry.metrics.rows.series.ROWS", 500)
    fresh = scores(open_data("sines", "test").x)
    assert fresh["discriminative"] < 0.1
    assert abs(fresh["std-ratio"] - 1) < 0.05 and abs(fresh["jump-ratio"] - 1) < 0.05
    flat = scores(SINES.x.mean(0).expand(2000, 24, 6))
    assert flat["std-ratio"] < 0.01 and flat["discriminative"] > fresh["discriminative"]
    draw = torch.Generator().manual_seed(0)
    order = torch.stack([torch.randperm(24, generator=draw) for _ in range(2000)])
    mixed = scores(SINES.x[:2000].gather(1, order[:, :, None].expand(-1, -1, 6)))
    assert mixed["discriminative"] > 0.4 and mixed["jump-ratio"] > 2


def test_a_series_lasts_from_its_first_step_and_does_not_begin_again() -> None:
    torch.manual_seed(0)
    G = SeriesGenerator(3, 8, 4)
    G.read.weight.data *= 40
    lasting = G(torch.randn(50, 12, 3))[:, :, -1]
    assert (lasting[:, 0] == 1).all() and (lasting.diff(dim=1) <= 0).all()
    assert (lasting[:, -1] < 0.5).any()
    data = Dataset(SINES.spec, SINES.x[:64])
    game = engine_of(rgan, data).game.eval()
    assert SINES.spec.meaning.valid(game.sample(20), SINES.spec.x).all()


def test_series_come_to_lie_where_the_data_do() -> None:
    data = Dataset(SINES.spec, SINES.x[:1000])
    settings = {"batch": 48, "width": 24, "lr": 3e-3, "critic_steps": 1, "average": 0.8}
    engine = engine_of(rgan, data, settings=settings)
    away = lambda x: float((x[:, :, :5].mean(0) - data.x[:, :, :5].mean(0)).abs().mean())
    with engine.evaluating() as game:
        before = away(game.sample(200))
    engine.play(Goal(rounds=80))
    with engine.evaluating() as game:
        after = game.sample(200)
    assert away(after) < 0.5 * before and after[:, :, :5].std(0).mean() > 0.02
