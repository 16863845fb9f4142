"""Tuning after inversion: a copy comes nearer to the pictures, the run stays, and other samples stay near."""

from pathlib import Path

import numpy as np
import pytest
import torch
from smooth import SPEC, Smooth, Stylish

from rivalry.editing.codes import decoded
from rivalry.editing.direction import Direction, read
from rivalry.editing.invert import invert, sheet
from rivalry.editing.tune import Tuned, along, in_words, require_along, tuned
from rivalry.errors import BadRequest
from rivalry.game import Game


def elsewhere(n: int = 3) -> torch.Tensor:
    """Pictures that neither game makes."""
    return Smooth(seed=50).decode(torch.randn(n, 6, generator=torch.Generator().manual_seed(0))) / 3


@pytest.fixture(scope="module", params=["z", "w+"])
def both(
    request: pytest.FixtureRequest,
) -> tuple[Game, torch.Tensor, dict[float, Tuned], dict[str, torch.Tensor]]:
    """A game, pictures, what tuning makes of it with and without the second term, and the weights before."""
    game, x = Stylish(), elsewhere()
    before = {name: value.clone() for name, value in game.state_dict().items()}
    found = invert(game, x, request.param, steps=40, guess=False)
    return (
        game,
        x,
        {hold: tuned(game, x, found, request.param, steps=400, hold=hold, rate=2e-3) for hold in (1.0, 0.0)},
        before,
    )


def test_the_error_falls_and_the_run_stays_as_it_was(both) -> None:
    game, x, made, before = both
    codes = made[1.0].found.codes
    space = "z" if codes.dim() == 2 else "w"
    at_first = (decoded(game, codes, space) - x).square().flatten(1).mean(1)
    errors = made[1.0].found.errors
    assert (errors < at_first).all() and errors.mean() < 0.5 * at_first.mean()
    torch.testing.assert_close(decoded(made[1.0].game, codes, space), made[1.0].found.x)
    assert all(torch.equal(value, before[name]) for name, value in game.state_dict().items())
    assert not any(p.requires_grad for p in (*game.parameters(), *made[1.0].game.parameters()))


def test_other_samples_stay_near_and_without_the_second_term_they_do_not(both) -> None:
    _, _, made, _ = both
    assert made[1.0].strayed < 0.02 and made[1.0].strayed < 0.7 * made[0.0].strayed


def test_a_class_that_was_found_is_kept() -> None:
    game, x = Smooth(classes=3), elsewhere(2)
    found = invert(game, x, label=torch.tensor([2, 0]), steps=20, guess=False)
    after = tuned(game, x, found, steps=40)
    assert after.found.label is found.label and (after.found.errors < found.errors).all()
    assert in_words(found, after).startswith("tuned: the mean squared error went from ")


def test_pictures_are_moved_along_a_direction_and_a_sheet_has_a_third_row(tmp_path: Path) -> None:
    game, x = Stylish(), elsewhere(2)
    found = invert(game, x, steps=10, guess=False)
    after = tuned(game, x, found, steps=2)
    np.savez(tmp_path / "d.npz", vector=np.eye(6, dtype=np.float32)[0], spread=1.0)
    way = read(tmp_path / "d.npz")
    require_along(way, game, "z")
    still = along(after.game, SPEC, after.found, way, [0.0], "z")
    assert along(after.game, SPEC, after.found, way, [-2, 0, 2], "z").width > still.width
    plain, more = (sheet(found, x, SPEC, tuned=third) for third in (None, after.found))
    assert more.height > plain.height and more.width >= plain.width


def test_what_is_no_direction_of_these_codes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("no archive")
    np.savez(tmp_path / "other.npz", x=np.ones(3))
    np.savez(tmp_path / "nan.npz", vector=np.full(6, np.nan), spread=1.0)
    np.savez(tmp_path / "pickle.npz", vector=np.array([{}], dtype=object), spread=1.0)
    for name in ("text", "other", "pickle"):
        with pytest.raises(BadRequest, match="holds no direction"):
            read(tmp_path / f"{name}.npz")
    with pytest.raises(BadRequest, match="empty or not finite"):
        read(tmp_path / "nan.npz")
    with pytest.raises(BadRequest, match="no file"):
        read(tmp_path / "nowhere.npz")
    with pytest.raises(BadRequest, match=r"of 5 numbers; codes in w\+ have 6 x 6"):
        require_along(Direction(torch.ones(5), 1.0, 0.0), Stylish(), "w+")
