"""What is added to few data: SMOTE stays between rows of a class, and a verdict follows from the numbers."""

import pytest
import torch

from rivalry.errors import BadRequest
from rivalry.lab.augment import (
    Few,
    Outcome,
    about,
    added,
    fitted,
    generated,
    interval,
    measured,
    one_seed,
    verdict,
)


def two(n: int, seed: int, apart: float = 3.0) -> Few:
    y = torch.arange(n) % 2
    return Few(torch.randn(n, 3, generator=torch.Generator().manual_seed(seed)) + apart * y[:, None], y, 2)


def test_smote_stays_between_rows_of_a_class() -> None:
    y = torch.arange(40) % 2
    on_lines = Few(torch.stack([torch.rand(40), 5.0 * y], 1), y, 2)
    made = added("smote", on_lines, 200, 0)
    assert torch.equal(made.x[:, 1], 5.0 * made.y)
    assert made.x[:, 0].min() >= on_lines.x[:, 0].min() and made.x[:, 0].max() <= on_lines.x[:, 0].max()


def test_a_classifier_tells_what_is_apart_and_not_what_is_alike() -> None:
    area, sensitivity, specificity = measured(fitted(two(40, 0), two(0, 0), 0), two(400, 1))
    assert area > 0.99 and min(sensitivity, specificity) > 0.95
    assert abs(measured(fitted(two(40, 0, 0), two(0, 0), 0), two(400, 1, 0))[0] - 0.5) < 0.1


def test_a_generator_learns_classes() -> None:
    made = generated("vae", two(60, 0), 400, 0)
    assert 0.3 < made.y.double().mean() < 0.7
    assert made.x[made.y == 1].mean() > made.x[made.y == 0].mean() + 1.5


def test_a_seed_gives_every_method_and_the_verdict_follows_from_the_numbers() -> None:
    found = one_seed(two(200, 0), two(200, 1), 5, 0, ("nothing", "noise", "flips", "smote"))
    assert [one.method for one in found] == ["nothing", "noise", "smote"]
    alike = lambda gan: [
        Outcome(method, 10, area + 0.001 * seed, 0, 0, area)
        for seed in range(4)
        for method, area in (("nothing", 0.8), ("smote", 0.9), ("gan", gan))
    ]
    for gan, how in ((0.95, "beats"), (0.85, "is worse than"), (0.9, "cannot be told from")):
        assert f"the gan {how} the best baseline (smote)" in verdict(alike(gan))[0]


def test_other_data_are_refused_and_settings_are_no_part_of_the_name() -> None:
    assert "pneumonia" in about("chest-xrays:path=file.npz")
    with pytest.raises(BadRequest, match="measured on breast-cancer, digits, chest-xrays; got 'mnist'"):
        about("mnist")


def test_an_interval_is_students() -> None:
    """Of two numbers a distance of 2 apart: 1 ± 12.706, the quantile for one degree of freedom."""
    assert interval([0.0, 2.0]) == (1.0, pytest.approx(12.706, abs=1e-3))
    assert interval([3.0]) == (3.0, 0.0)
