"""Extractors by name: the right one, by its own name, or a refusal that teaches."""

import pytest
import torch
from torch import nn

from rivalry.data.source import Spec
from rivalry.errors import BadRequest
from rivalry.metrics.extractors.find import NAMES, find_extractor

DIGITS = Spec("mnist", "image", (1, 28, 28), tuple("0123456789"))
RING = Spec("ring", "points", (2,))


def network(seed):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), nn.Linear(4, 2))


def test_the_judge_and_the_pixels_are_found_by_name():
    assert find_extractor("judge", DIGITS).name == "judge-mnist"
    assert find_extractor("pixels", DIGITS).name == "pixels"
    assert find_extractor("pixels", RING).name == "coordinates"


def test_a_network_is_named_by_its_weights():
    one, again, other = (find_extractor(network(seed), DIGITS) for seed in (0, 0, 1))
    assert one.name == again.name == f"module-{one.hash[:8]}" != other.name


def test_an_extractor_is_given_back():
    one = find_extractor("pixels", RING)
    assert find_extractor(one, RING) is one


def test_a_slip_of_the_pen_is_told():
    with pytest.raises(BadRequest, match="no extractor 'inception2015'; did you mean 'inception-2015'"):
        find_extractor("inception2015", DIGITS)
    with pytest.raises(BadRequest, match=f"no extractor 'vgg16'; there are {', '.join(NAMES)}"):
        find_extractor("vgg16", DIGITS)


@pytest.mark.parametrize("name", ["inception-2015", "efficientnet-lite0"])
def test_networks_for_photographs_refuse_points_and_alpha(name):
    with pytest.raises(BadRequest, match=f"{name} needs data of kind 'image'; 'ring' holds points"):
        find_extractor(name, RING)
    with pytest.raises(
        BadRequest, match=f"{name} takes grey or RGB images; those of 'emoji' have 4 channels"
    ):
        find_extractor(name, Spec("emoji", "image", (4, 32, 32)))


def test_inception_is_never_replaced_by_another_network():
    with pytest.raises(BadRequest, match="no weights for inception-2015"):
        find_extractor("inception-2015", DIGITS)
