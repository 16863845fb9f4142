"""Heads: that they are what their columns say, and that the rule reads them back, damaged ones too."""

import pytest
import torch

from rivalry.data import open_data
from rivalry.data.sets.avatars import WEARS, avatars, drawn, read_avatars
from rivalry.data.sets.shapes import COLORS
from rivalry.errors import BadRequest


@pytest.fixture(scope="module")
def heads():
    return avatars(600, seed=3)


def agree(x, heads):
    found = read_avatars(x)
    return {name: float((found[name] == heads.others[name]).float().mean()) for name in ("hair", "wears")}


def test_every_head_is_read_back(heads):
    assert agree(heads.rows(slice(None)), heads) == {"hair": 1, "wears": 1}


def test_noise_does_not_change_what_is_read_and_a_picture_of_another_head_does(heads):
    x = heads.rows(slice(None))
    assert min(agree(x + 0.3 * torch.randn(x.shape, generator=torch.manual_seed(0)), heads).values()) > 0.99
    assert max(agree(x.roll(1, 0), heads).values()) < 0.35  # a quarter by chance


def test_the_columns_are_what_was_drawn():
    hair, wears = torch.tensor([0, 3]), torch.tensor([WEARS.index("nothing"), WEARS.index("mask")])
    free = torch.zeros(2), torch.zeros(2), torch.zeros(2, 2)
    bare, masked = drawn(hair, wears, *free)
    assert [bare[:, 6, 16].tolist(), masked[:, 6, 16].tolist()] == [[*COLORS["red"]], [*COLORS["yellow"]]]
    assert bare[0, 25, 16] == bare[0, 21, 16]  # skin below the mouth and above it
    assert masked[0, 25, 16] < masked[2, 25, 16]  # cloth is bluish, skin is not
    assert bare[:, 0, 0].tolist() == [96, 96, 96]


def test_all_combinations_are_there_and_the_label_is_what_is_worn(heads):
    kinds = torch.stack([heads.others["hair"], heads.others["wears"]], 1).unique(dim=0)
    assert len(kinds) == 16
    assert torch.equal(heads.label, heads.others["wears"])
    assert heads.spec.classes == WEARS
    assert heads.facts["attributes"] == {"hair": tuple(COLORS), "wears": WEARS}


def test_the_set_is_the_same_every_time_and_its_splits_are_not():
    train, test = open_data("avatars"), open_data("avatars", "test")
    assert (len(train), len(test), train.spec.shape) == (10_000, 2_000, (3, 32, 32))
    assert torch.equal(test.x, open_data("avatars", "test").x)
    assert not torch.equal(train.x[:2000], test.x)


def test_other_pictures_and_splits_are_refused():
    with pytest.raises(BadRequest, match=r"expected pictures \(n, 3, 32, 32\)"):
        read_avatars(torch.zeros(1, 1, 32, 32))
    with pytest.raises(BadRequest, match="no split 'validation'; it has train and test"):
        open_data("avatars", "validation")
