"""Inception-v3 with the public names: its size, its corners, and which files it takes."""

import hashlib

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

from rivalry.errors import BadRequest
from rivalry.metrics.extractors import inception
from rivalry.metrics.extractors.inception import Inception, Mixed, inception_2015, pool_beside, prepared


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    made = Inception()
    for part in made.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight)
    return made.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def file(network, tmp_path_factory):
    """Random weights under the public names, without counts of batches, as older files are."""
    path = tmp_path_factory.mktemp("weights") / "random.safetensors"
    state = network.state_dict()
    save_file({name: value for name, value in state.items() if "num_batches" not in name}, path)
    return path


def images(n=2, c=1, side=40):
    return torch.rand(n, c, side, side, generator=torch.Generator().manual_seed(1)) * 2 - 1


def test_it_has_566_entries_and_23_9_million_parameters(network):
    state = network.state_dict()
    assert len(state) == 566 == 94 * 6 + 2
    assert sum(p.numel() for p in network.parameters()) == 23_850_960


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("Conv2d_4a_3x3.conv.weight", (192, 80, 3, 3)),
        ("Mixed_5b.branch5x5_2.conv.weight", (64, 48, 5, 5)),
        ("Mixed_5d.branch3x3dbl_3.bn.running_mean", (96,)),
        ("Mixed_6a.branch3x3.conv.weight", (384, 288, 3, 3)),
        ("Mixed_6c.branch7x7_2.conv.weight", (160, 160, 1, 7)),
        ("Mixed_6e.branch7x7dbl_2.conv.weight", (192, 192, 7, 1)),
        ("Mixed_7a.branch7x7x3_4.conv.weight", (192, 192, 3, 3)),
        ("Mixed_7b.branch_pool.conv.weight", (192, 1280, 1, 1)),
        ("Mixed_7c.branch3x3_2a.conv.weight", (384, 384, 1, 3)),
        ("Mixed_7c.branch3x3dbl_3b.bn.bias", (384,)),
        ("fc.weight", (1008, 2048)),
    ],
)
def test_its_names_are_the_public_ones(network, name, shape):
    assert network.state_dict()[name].shape == shape


def test_weights_come_back_from_a_file_and_parts_of_a_batch_change_nothing(network, file, monkeypatch):
    features, logits = network(images())
    assert (features.shape, logits.shape) == ((2, 2048), (2, 1008))
    assert features.min() >= 0 and features.std() > 0.01
    monkeypatch.setattr(inception, "TOGETHER", 1)
    monkeypatch.setenv("RIVALRY_INCEPTION", str(file))
    kept = inception_2015()
    assert kept.name == "inception-2015-unchecked"
    assert (kept.classes, kept.facts["sha256"], kept.facts["file"]) == ((), None, "random.safetensors")
    torch.testing.assert_close(kept.network(images())[0], features, rtol=1e-4, atol=1e-5)


def test_logits_leave_out_the_bias_unless_they_are_asked_for_with_it(network, monkeypatch):
    seen = torch.rand(3, 2048)
    monkeypatch.setattr(network, "features", lambda x: seen[: len(x)])
    plain = network(images(3))[1]
    torch.testing.assert_close(plain, seen @ network.fc.weight.T)
    monkeypatch.setattr(network, "unbiased", False)
    torch.testing.assert_close(network(images(3))[1], plain + network.fc.bias)


def test_only_the_public_file_bears_the_name(file, tmp_path, monkeypatch):
    path = tmp_path / "weights.pth"
    torch.save({name: value.half() for name, value in inception.read_weights(file).items()}, path)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(BadRequest, match=f"not opened: its sha256 is {found}, expected 6726825d"):
        inception_2015(path)
    monkeypatch.setattr(inception, "SHA256", found)
    assert inception_2015(path).name == "inception-2015"


def test_the_pool_divides_by_the_pixels_there_are():
    ones = torch.ones(1, 2, 5, 5)
    assert torch.equal(pool_beside(ones, "average"), ones)
    assert float(F.avg_pool2d(ones, 3, 1, padding=1)[0, 0, 0, 0]) == pytest.approx(4 / 9)  # what it would be
    assert pool_beside(ones, "max").shape == ones.shape
    assert pool_beside(ones, "").shape == (1, 2, 2, 2)


def test_the_last_block_alone_pools_by_the_maximum(network):
    pools = [block.pool for block in network.children() if isinstance(block, Mixed)]
    assert pools == ["average"] * 3 + [""] + ["average"] * 4 + ["", "average", "max"]


def test_a_constant_image_stays_constant_through_a_padded_block_of_pools():
    """With branches of 1 x 1 alone nothing but the pool could see the border."""
    block = Mixed(3, {"branch1x1": [inception.Layer(4)]}, "average", 5).eval()
    out = block(torch.full((1, 3, 6, 6), 0.7))
    assert out.shape == (1, 9, 6, 6)
    torch.testing.assert_close(out, out[:, :, :1, :1].expand_as(out))


def test_images_are_prepared_as_bytes_less_128_over_128():
    values = torch.tensor([-1.0, 0, 1]).view(3, 1, 1, 1).expand(3, 1, 28, 28)
    ready = prepared(values)
    assert ready.shape == (3, 3, 299, 299)
    torch.testing.assert_close(ready[:, 0, 0, 0], torch.tensor([-1, -0.5 / 128, 127 / 128]))
    torch.testing.assert_close(prepared(images(c=1)), prepared(images(c=1).repeat(1, 3, 1, 1)))


def test_without_weights_it_tells_what_was_tried_and_where_they_are():
    with pytest.raises(
        BadRequest, match=r"\$RIVALRY_INCEPTION.*6726825d\.pth.*github\.com/mseitzer/pytorch-fid"
    ):
        inception_2015()


def test_weights_of_another_network_are_refused(tmp_path):
    save_file({"fc.weight": torch.zeros(2, 2)}, tmp_path / "other.safetensors")
    with pytest.raises(BadRequest, match=r"other\.safetensors does not fit"):
        inception_2015(tmp_path / "other.safetensors")
