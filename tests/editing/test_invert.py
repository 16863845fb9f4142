"""Inversion: far nearer than the best of a thousand codes, from any start; and what is refused."""

import os
import time
from pathlib import Path

import pytest
import torch
from smooth import SHAPE, SPEC, Linear, Mute, Smooth, Stylish, same

from rivalry.cache import cache_dir
from rivalry.editing import encoder as encoding
from rivalry.editing.codes import decoded, drawn, lengths, of_seeds, typical
from rivalry.editing.encoder import Encoder, encoder_of, fingerprint, fit, whitened
from rivalry.editing.invert import PRIOR, Inverted, invert, require_invertible, sheet
from rivalry.errors import BadRequest
from rivalry.metrics.features.neighbors import squared_distances
from rivalry.show.tables import blank, table


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Encoders that learn for a moment alone: the descent has to do its part."""
    short = lambda *parts, steps, **more: fit(*parts, steps=min(steps, 20), **more)
    monkeypatch.setattr(encoding, "fit", short)
    monkeypatch.setattr(encoding, "WIDTH", 8)


def best_of_a_thousand(game, x: torch.Tensor, label: int | None = None) -> torch.Tensor:
    """The control: for each image the least error of codes that are drawn at random."""
    others = decoded(game, drawn(game, 1000, seed=99), label=label)
    apart = squared_distances(x.flatten(1).double(), others.flatten(1).double())
    return (apart.min(1).values / x[0].numel()).float()


@pytest.mark.parametrize("where", ["z", "w", "w+"])
def test_own_samples_are_found_far_nearer_than_the_best_of_a_thousand_codes(where) -> None:
    game = Stylish()
    x = decoded(game, of_seeds(game, range(10)))
    found = invert(game, x, where)
    assert found.errors.max() < 0.01
    assert (found.errors < 0.05 * best_of_a_thousand(game, x)).all()
    assert found.codes.shape == ((10, 6) if where == "z" else (10, 6, 6))
    again = decoded(game, found.codes, "z" if where == "z" else "w")
    torch.testing.assert_close(again, found.x)
    torch.testing.assert_close((again - x).square().flatten(1).mean(1), found.errors)


def test_one_style_for_all_layers_is_one_and_many_come_nearer_to_an_image_from_elsewhere() -> None:
    game = Stylish()
    x = Smooth(seed=50).decode(torch.randn(4, 6, generator=torch.Generator().manual_seed(0))) / 3
    one, many = invert(game, x, "w"), invert(game, x, "w+")
    assert torch.equal(one.codes, one.codes[:, :1].expand(-1, 6, -1))
    assert (many.codes.std(1) > 0.01).any()
    assert many.errors.mean() < 0.9 * one.errors.mean()


def test_a_class_that_is_not_told_is_found() -> None:
    game = Smooth(classes=3)
    label = torch.tensor([2, 0, 1, 1, 0, 2])
    x = decoded(game, drawn(game, 6, seed=5), label=label)
    found = invert(game, x)
    assert found.errors.max() < 0.01
    assert found.label is not None and torch.equal(found.label, label)
    wrong = invert(game, x, label=(label + 1) % 3)
    assert (wrong.errors > 2 * found.errors).all() and wrong.errors.mean() > 0.05


def test_a_code_far_out_is_drawn_back_as_far_as_the_formula_says() -> None:
    game = Linear()
    game.A.data = torch.linalg.qr(game.A)[0] * (120 / 8) ** 0.5  # the error of an image is that of its code
    rms = lambda codes: lengths(codes) / 8**0.5
    r = float(rms(drawn(game, 1000)).quantile(0.99))
    codes = drawn(game, 6)
    for far, truth in (
        (5.0, (5 + PRIOR * r) / (1 + PRIOR)),
        (0.5, 0.5),
    ):  # where the derivative along the way is 0
        found = rms(invert(game, decoded(game, codes * (far / rms(codes))[:, None])).codes)
        torch.testing.assert_close(found, torch.full((6,), truth), rtol=0.03, atol=0)


def test_the_same_seed_finds_the_same_codes() -> None:
    game = Smooth()
    x = decoded(game, drawn(game, 3, seed=4))
    a, b, c = (invert(game, x, steps=5, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(a.codes, b.codes)
    assert not torch.equal(a.codes, c.codes)


# ------------------------------------------------------------------ the encoder


def test_an_encoder_guesses_better_than_the_mean_code() -> None:
    game = Linear()
    made = Encoder(SHAPE, (8,))
    fit(made, game, "z", steps=150)
    codes = drawn(game, 200, seed=7)
    guess = made.eval()(decoded(game, codes))
    assert (guess - whitened(codes, typical(game), "z")).square().mean() < 0.3  # 1 for the mean code


def test_it_is_trained_once_for_the_same_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    trained: list[str] = []
    fitted = encoding.fit

    def counted(*parts, **more) -> bool:
        trained.append(parts[2])
        return fitted(*parts, **more)

    monkeypatch.setattr(encoding, "fit", counted)
    x = torch.rand(2, *SHAPE)
    first, again = (encoder_of(Stylish(), SHAPE)(x) for _ in range(2))
    assert trained == ["z"]
    assert torch.equal(first, again)
    encoder_of(Stylish(), SHAPE, "w")
    encoder_of(Smooth(seed=1), SHAPE)
    encoder_of(Stylish(), SHAPE, steps=30)
    assert trained == ["z", "w", "z", "z"]


def test_one_that_was_cut_short_on_disk_is_trained_again() -> None:
    game, x = Smooth(), torch.rand(2, *SHAPE)
    first = encoder_of(game, SHAPE)(x)
    (file,) = (Path(os.environ["RIVALRY_CACHE"]) / "encoders").iterdir()
    file.write_bytes(file.read_bytes()[:100])
    assert torch.equal(encoder_of(game, SHAPE)(x), first)
    assert file.stat().st_size > 100


def test_every_weight_counts_for_the_fingerprint() -> None:
    game = Smooth()
    before = fingerprint(game)
    assert fingerprint(Smooth()) == before
    game.last.data[3, 3] += 1
    assert fingerprint(game) != before


def test_the_descents_steps_bound_the_encoders(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def noted(*parts, steps, **more) -> bool:
        asked.append(steps)
        return fit(*parts, steps=1, **more)

    monkeypatch.setattr(encoding, "fit", noted)
    x = decoded(Smooth(), of_seeds(Smooth(), [1]))
    for steps in (5, 7, 200):
        invert(Smooth(), x, steps=steps)
    assert asked == [10, 14, 400]
    invert(Smooth(), x, steps=9, guess=False)
    assert len(asked) == 3


def test_without_an_encoder_the_nearest_samples_are_begun_from() -> None:
    game = Smooth()
    x = decoded(game, of_seeds(game, range(4)))
    found = invert(game, x, guess=False)
    assert found.errors.max() < 0.01
    assert not (cache_dir("encoders")).exists() or not list(cache_dir("encoders").iterdir())


def test_time_bounds_all_of_it_and_more_time_comes_nearer(monkeypatch: pytest.MonkeyPatch) -> None:
    game = Smooth()
    x = decoded(game, of_seeds(game, range(6)))
    encoder = encoder_of(game, SHAPE)
    invert(game, x, steps=1, encoder=encoder)  # what is made once is made
    begun = time.monotonic()
    some = invert(game, x, steps=10**6, seconds=1.0, encoder=encoder)
    assert time.monotonic() - begun < 4
    none = invert(game, x, steps=10**6, seconds=0.0, encoder=encoder)
    assert (some.errors < none.errors).all()


def test_an_encoder_that_ran_out_of_time_is_not_kept() -> None:
    game, x = Smooth(seed=3), torch.rand(2, *SHAPE)
    untrained = encoder_of(game, SHAPE, seconds=0)(x)
    assert not torch.equal(encoder_of(game, SHAPE)(x), untrained)


def test_the_descent_is_told_of_as_it_goes() -> None:
    told: list[tuple[str, float]] = []
    game = Smooth()
    x = decoded(game, of_seeds(game, range(3)))
    invert(game, x, steps=20, progress=lambda what, done, of: told.append((what, done / of)))
    of_descent = [share for what, share in told if what == "looking for codes"]
    assert of_descent == sorted(of_descent) and len(set(of_descent)) > 15 and of_descent[-1] == 1
    assert {what for what, _ in told} == {"training an encoder", "looking for codes"}


# ------------------------------------------------------------------ what is shown and refused


def test_the_sheet_shows_what_was_found_below_what_was_given() -> None:
    x, again = torch.rand(2, 3, *SHAPE) * 2 - 1
    found = Inverted(torch.zeros(3, 6), again, torch.tensor([0.1, 0.3, 0.05]), None)
    rows = [x[0], x[1], again[0], again[1], x[2], blank(SPEC), again[2], blank(SPEC)]
    told = table(
        torch.stack(rows).unflatten(0, (4, 2)),
        SPEC,
        ["given", "found, 0.2", "given", "found, 0.05"],
        ["", ""],
    )
    assert same(sheet(found, x, SPEC, columns=2), told)


def test_what_cannot_be_inverted_is_refused() -> None:
    class Stepped(Linear):
        def decode(self, z: torch.Tensor) -> torch.Tensor:
            return super().decode(z.detach())

    with pytest.raises(BadRequest, match="without a gradient"):
        require_invertible(Stepped())
    with pytest.raises(BadRequest, match="decodes no codes"):
        require_invertible(Mute())
    with pytest.raises(BadRequest, match="no styles"):
        require_invertible(Linear(), "w+")
    with pytest.raises(BadRequest, match="z, w or w\\+; got 'v'"):
        require_invertible(Linear(), "v")
    with pytest.raises(BadRequest, match=r"makes images \(1, 10, 12\); got \(1, 12, 12\)"):
        invert(Linear(), torch.zeros(1, 1, 12, 12))
    with pytest.raises(BadRequest, match=r"behind images; this game makes data of shape \(2,\)"):
        invert(Linear(shape=(2,)), torch.zeros(5, 2))
