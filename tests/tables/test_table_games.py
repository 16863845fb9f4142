"""Games of tables: mixtures that are known, codes that come back, conditions that hold, and controls."""

import pytest
import torch
from toys import engine_of

from rivalry.data.source import Dataset, Spec, toy
from rivalry.errors import BadRequest
from rivalry.games.table.copula import copula, independent
from rivalry.games.table.ctgan import ctgan
from rivalry.games.table.tvae import tvae
from rivalry.kinds.table import Place
from rivalry.maths.mixture import fit_mixtures
from rivalry.nn.row_code import RowCode
from rivalry.play.goal import Goal


def dependent(n: int = 2000) -> Dataset:
    """b = 2 a + noise, c is whether a is above 1 (16 %), and d a rare category of 3 %."""
    draw = torch.Generator().manual_seed(0)
    a = torch.randn(n, generator=draw)
    b = 2 * a + 0.2 * torch.randn(n, generator=draw)
    d = (torch.rand(n, generator=draw) < 0.03).float()
    known = [
        Place("a"),
        Place("b"),
        Place("c", "category", ("no", "yes")),
        Place("d", "category", ("x", "rare")),
    ]
    about = {"columns": [place.to_json() for place in known], "target": "c"}
    x = torch.stack([a, b, (a > 1).float(), d], 1)
    return Dataset(Spec("dependent", "table", (4,), ("no", "yes"), about=about), x, x[:, 2].long())


def correlation(x: torch.Tensor) -> float:
    return float(torch.corrcoef(x[:, :2].T)[0, 1])


def test_a_mixture_has_as_many_parts_as_the_data() -> None:
    draw = torch.Generator().manual_seed(0)
    one = torch.randn(1500, generator=draw)
    two = 0.5 * torch.randn(1500, generator=draw) + torch.where(
        torch.rand(1500, generator=draw) < 0.3, -4.0, 4.0
    )
    found = fit_mixtures(torch.stack([one, two], 1))
    assert (found.weights > 0).sum(1).tolist() == [1, 2]
    weights, order = found.weights[1].sort(descending=True)
    torch.testing.assert_close(weights[:2], torch.tensor([0.7, 0.3]), atol=0.04, rtol=0)
    torch.testing.assert_close(found.means[1][order[:2]], torch.tensor([4.0, -4.0]), atol=0.1, rtol=0)
    torch.testing.assert_close(found.stds[1][order[:2]], torch.tensor([0.5, 0.5]), atol=0.05, rtol=0)


def test_rows_come_back_from_their_code() -> None:
    data = toy("table", n=200)
    code = RowCode(data.spec.x)
    code.fit(data.x)
    coded = code.encode(data.x)
    assert coded.shape == (200, code.width)
    alpha, modes, sorts = coded.split([code.q, code.q * code.m, code.k], 1)
    rows = code.rows(
        alpha,
        100 * modes.unflatten(1, (code.q, code.m)),
        100 * sorts,
        torch.full((200, 1), 0.5).expand(-1, code.width - code.q),
    )
    torch.testing.assert_close(rows, data.x, atol=0.02, rtol=0)


def test_fewer_modes_are_a_narrower_code_of_the_same_rows() -> None:
    data = dependent()
    wide, narrow = (RowCode(data.spec.x, modes) for modes in (10, 4))
    for code in (wide, narrow):
        code.fit(data.x)
    assert wide.width - narrow.width == 6 * wide.q
    torch.testing.assert_close(wide.means[:, :4], narrow.means)  # no number of these has more than four


def test_a_copula_keeps_columns_and_their_correlation_and_independence_does_not() -> None:
    data = dependent()
    made = {}
    for make in (copula, independent):
        engine = engine_of(make, data, settings={"batch": 2000, "quantiles": 200})
        engine.play(Goal(rounds=1))
        made[make] = engine.game.sample(4000).detach()
        assert abs(float(made[make][:, 2].mean() - data.x[:, 2].mean())) < 0.03
        assert abs(float(made[make][:, 3].mean()) - 0.03) < 0.015
        assert (made[make][:, 1].sort().values[2000] - data.x[:, 1].median()).abs() < 0.15
    assert correlation(data.x) > 0.98
    assert correlation(made[copula]) > 0.96
    assert abs(correlation(made[independent])) < 0.1
    within = engine_of(independent, data, settings={"batch": 2000, "per_class": True, "quantiles": 200})
    within.play(Goal(rounds=1))
    rows = within.game.sample(4000).detach()
    assert (
        rows[rows[:, 2] == 1, 0].mean() > 1.3 and abs(float(rows[:, 2].mean() - data.x[:, 2].mean())) < 0.03
    )


def test_ctgan_gives_what_it_is_asked_for_and_real_rows_match() -> None:
    data = dependent()
    engine = engine_of(ctgan, data, settings={"batch": 40, "width": 16, "pool": 20})
    engine.play(Goal(rounds=3))
    game = engine.game
    assert (game.sample(300, where={"d": "rare"})[:, 3] == 1).all()
    assert (game.sample(300, where={"c": "no"})[:, 2] == 0).all()
    for where, said in (({"d": "seldom"}, "no category of 'd'"), ({"a": "1"}, "only a column of categories")):
        with pytest.raises(BadRequest, match=said):
            game.sample(2, where=where)
    asked, rows = game.matching(torch.tensor([0, 1, 2, 3] * 50), data.x)
    assert (game.code.categories(rows)[torch.arange(200), asked] == 1).all()
    drawn = torch.bincount(game.asked(4000), minlength=4) / 2000
    fair = torch.bincount(game.frequent(torch.rand(4000, 2)), minlength=4) / 2000
    assert drawn[3] > 0.25 and abs(float(fair[3]) - 0.03) < 0.03
    none = game.matching(torch.tensor([3] * 20), data.x[data.x[:, 3] == 0][:50])[0]
    assert (none == 2).all()  # nobody has it, so that another category of the column is asked for


def test_tvae_learns_that_columns_depend_on_each_other() -> None:
    data = dependent()
    torch.manual_seed(0)
    engine = engine_of(tvae, data, settings={"batch": 200, "width": 48, "latent": 8, "lr": 3e-3})
    engine.play(Goal(rounds=250))
    with torch.no_grad():
        rows = engine.game.sample(2000)
    assert correlation(rows) > 0.8
    assert rows[rows[:, 2] == 1, 0].mean() > rows[rows[:, 2] == 0, 0].mean() + 0.8
