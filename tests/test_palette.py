"""Few colors and large pixels."""

import pytest
import torch
from toys import points

from rivalry.errors import BadRequest
from rivalry.kinds.image import to_uint8
from rivalry.show.palette import few_colors, large_pixels, require_pictures


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_all_pictures_share_so_many_colors_and_alpha_is_all_or_nothing(channels: int) -> None:
    x = torch.rand(5, channels, 8, 8) * 2 - 1
    made = to_uint8(few_colors(x, 6))
    deep = 3 if channels >= 3 else 1
    assert len(made[:, :deep].movedim(1, -1).reshape(-1, deep).unique(dim=0)) <= 6
    assert set(made[:, deep:].unique().tolist()) <= {0, 255}
    off = (few_colors(x, 64) - x)[:, :deep].abs().mean()
    assert off < (few_colors(x, 4) - x)[:, :deep].abs().mean()


def test_a_picture_of_few_colors_stays_as_it_is_and_pixels_are_repeated() -> None:
    x = torch.tensor([-1.0, 1.0, 1 / 3])[torch.randint(3, (2, 1, 8, 8))].expand(2, 3, 8, 8)
    assert torch.equal(to_uint8(few_colors(x, 8)), to_uint8(x))
    large = large_pixels(x, 3)
    assert large.shape == (2, 3, 24, 24) and torch.equal(large[..., 1::3, 2::3], x)


def test_other_samples_have_no_colors() -> None:
    with pytest.raises(BadRequest, match="this game was trained on points"):
        require_pictures(points().spec)
