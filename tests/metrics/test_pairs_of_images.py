"""Light, color, and random pairs whose mean has the error that is told."""

import pytest
import torch

from rivalry.errors import BadRequest
from rivalry.metrics.image.images import error_of_pairs, in_color, light, random_pairs


def test_light_is_that_of_the_eye_and_leaves_alpha_out():
    red, green, blue = torch.eye(3).view(3, 3, 1, 1)
    assert [round(float(light(c[None])), 3) for c in (red, green, blue)] == [0.299, 0.587, 0.114]
    assert float(light(torch.ones(1, 3, 1, 1))) == pytest.approx(1)
    grey = torch.rand(2, 1, 3, 3)
    opaque = torch.ones(2, 1, 3, 3)
    assert torch.equal(light(torch.cat([grey, opaque], 1)), grey[:, 0])
    rgba = torch.cat([grey.expand(2, 3, 3, 3), opaque], 1)
    torch.testing.assert_close(light(rgba), grey[:, 0])


def test_grey_is_repeated_and_alpha_refused():
    grey = torch.rand(2, 1, 4, 4)
    assert torch.equal(in_color(grey), grey.repeat(1, 3, 1, 1))
    with pytest.raises(BadRequest, match="takes 1 or 3 channels; got 4"):
        in_color(torch.zeros(1, 4, 8, 8))


@pytest.mark.parametrize("n", [4, 7, 100])
def test_pairs_are_of_different_rows_and_use_every_row_before_one_comes_again(n):
    first, second = random_pairs(n, 500, seed=0)
    assert len(first) == len(second) == 500
    assert bool((first != second).all())
    assert len({*first[: n // 2].tolist(), *second[: n // 2].tolist()}) == 2 * (n // 2)
    assert first.bincount(minlength=n).min() > 0


def test_the_seed_of_pairs_is_the_only_chance_in_them():
    assert torch.equal(random_pairs(50, 80, 3)[0], random_pairs(50, 80, 3)[0])
    assert not torch.equal(random_pairs(50, 80, 3)[0], random_pairs(50, 80, 4)[0])


def test_pairs_of_few_images_do_not_make_the_error_small():
    """The mean of |x - y| over 1,000 pairs of 40 numbers: as if of 20 pairs, and no less than over fresh numbers."""

    def once(seed):
        x = torch.randn(40, generator=torch.Generator().manual_seed(seed))
        first, second = random_pairs(40, 1000, seed)
        values = (x[first] - x[second]).abs()
        return float(values.mean()), error_of_pairs(values, 40)

    means, told = map(torch.tensor, zip(*(once(seed) for seed in range(100))))
    assert 1 < float(told.mean() / means.std()) < 2
