"""Extractors: training a judge, keeping it, extracting, and what is refused."""

import pytest
import torch
from torch import nn

from rivalry.cache import cache_dir
from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.metrics.extractors import extractor as features
from rivalry.metrics.extractors.classifier import Classifier, jitter
from rivalry.metrics.extractors.extractor import (
    Extractor,
    extract,
    features_of,
    judge,
    load_judge,
    pixels,
    save_judge,
    train_judge,
)
from rivalry.metrics.extractors.fingerprints import fingerprint, hash_network


def bars(n=400, shape=(1, 8, 8), seed=0, name="bars") -> Dataset:
    """Images of noise with one of three rows bright: a task that is learned in seconds."""
    generator = torch.Generator().manual_seed(seed)
    label = torch.randint(3, (n,), generator=generator)
    x = torch.randint(60, (n, *shape), generator=generator)
    x[torch.arange(n), :, 1 + 2 * label] += 180
    return Dataset(Spec(name, "image", shape, ("top", "middle", "bottom")), x.to(torch.uint8), label)


SEEN = {}


class Counting(nn.Module):
    """Mean and deviation of an image, and how many images it has seen: counted elsewhere, since a cache of features
    belongs to a network as it is, its attributes among it."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        SEEN[id(self)] = 0

    @property
    def seen(self):
        return SEEN[id(self)]

    def forward(self, x):
        SEEN[id(self)] += len(x)
        return self.scale * torch.stack([x.flatten(1).mean(1), x.flatten(1).std(1)], 1)


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 8, 13), (2, 28, 28), (4, 40, 17), (3, 64, 64)])
def test_a_classifier_sizes_itself(shape):
    network = Classifier(shape, 5).eval()
    found, logits = network(torch.rand(2, *shape) * 2 - 1)
    assert (found.shape, logits.shape) == ((2, 128), (2, 5))
    assert (found >= 0).all()


def test_a_judge_learns_bars_and_tells_how_well():
    made = train_judge(bars(), bars(seed=1), steps=40)
    assert made.name == "judge-bars"
    assert made.facts["accuracy"] > 0.98
    assert made.facts["held_out"] == 400


def test_the_same_seed_makes_the_same_judge():
    one, again, other = (train_judge(bars(100), bars(50), seed=seed, steps=5).hash for seed in (3, 3, 4))
    assert one == again != other


def test_a_judge_comes_back_from_its_file(tmp_path):
    made = train_judge(bars(100), bars(50), steps=5)
    save_judge(made, tmp_path / "kept.safetensors")
    kept = load_judge(tmp_path / "kept.safetensors")
    assert (kept.name, kept.classes, kept.hash, kept.facts) == (
        made.name,
        made.classes,
        made.hash,
        made.facts,
    )
    assert torch.equal(extract(kept, bars(20))[0], extract(made, bars(20))[0])
    assert [p.name for p in tmp_path.iterdir()] == ["kept.safetensors"]


def test_a_judge_is_trained_once_and_again_for_other_data(monkeypatch):
    trained = []

    def quick(train, test=None, **rest):
        trained.append(len(train))
        return train_judge(train, test, steps=2, **rest)

    monkeypatch.setattr(features, "train_judge", quick)
    data, other = bars(100), bars(60)
    assert judge(data.spec, data).hash == judge(data.spec, data).hash
    judge(other.spec, other)
    assert trained == [100, 60]


def test_a_damaged_judge_in_the_cache_is_made_again(monkeypatch):
    monkeypatch.setattr(features, "train_judge", lambda *a, **k: train_judge(*a, steps=2))
    data = bars(60)
    whole = judge(data.spec, data)
    (path,) = cache_dir("judges").iterdir()
    path.write_bytes(path.read_bytes()[:1000])
    assert judge(data.spec, data).hash == whole.hash


@pytest.mark.parametrize(
    "spec",
    [Spec("plain", "image", (1, 8, 8)), Spec("ring", "points", (2,), ("a", "b"))],
    ids=lambda s: s.name,
)
def test_no_judge_without_labels_or_of_points_and_what_to_use_instead(spec):
    says = f"{spec.name}.*labeled images, sounds or clips; use the extractor '{spec.meaning.raw}'"
    with pytest.raises(BadRequest, match=says):
        judge(spec)


def test_a_judge_that_is_not_there_asks_for_data():
    with pytest.raises(BadRequest, match="give the data"):
        judge(bars(4).spec)


def test_jitter_of_nothing_is_nothing_and_a_shift_is_a_shift():
    image = torch.rand(1, 2, 12, 20)
    generator = torch.Generator().manual_seed(0)
    torch.testing.assert_close(jitter(image, (0.0, 0.0), 0.0, generator), image, rtol=0, atol=1e-5)


def test_a_turn_keeps_a_disc_in_place_in_an_image_that_is_not_square():
    y, x = torch.meshgrid(torch.arange(20) - 9.5, torch.arange(40) - 19.5, indexing="ij")
    disc = torch.exp(-(x**2 + y**2) / 16)[None, None]
    turned = jitter(disc, (0.0, 0.0), 90.0, torch.Generator().manual_seed(1))
    torch.testing.assert_close(turned, disc, rtol=0, atol=0.05)


def test_pixels_are_the_data_themselves():
    data = bars(7)
    found, logits = extract(pixels(data.spec), data)
    assert torch.equal(found, data.rows(slice(None)).flatten(1))
    assert logits is None


def test_batches_change_nothing_and_the_network_stays_in_its_mode():
    network = Classifier((1, 8, 8), 3)
    network.hidden.eval()  # a part that is frozen while the rest is in training
    whole, pieces = (extract(Extractor("x", network), bars(50), batch=b)[0] for b in (50, 7))
    torch.testing.assert_close(whole, pieces, rtol=1e-5, atol=1e-6)
    assert (network.training, network.hidden.training) == (True, False)


def test_features_that_are_not_finite_are_refused():
    images = torch.zeros(10, 1, 8, 8)
    images[3] = float("inf")
    with pytest.raises(BadRequest, match="mean-std: features of 1 of 10 samples are not finite"):
        extract(Extractor("mean-std", Counting()), images)


def test_classes_that_the_network_does_not_tell_apart_are_refused():
    with pytest.raises(BadRequest, match="mean-std names 2 classes; its network gives 0 logits"):
        extract(Extractor("mean-std", Counting(), ("a", "b")), bars(10))


def test_real_features_are_computed_once_for_one_network_and_split():
    data, extractor = bars(30), Extractor("mean-std", Counting())
    first = features_of(extractor, data, "train")[0]
    assert torch.equal(features_of(extractor, data, "train")[0], first)
    assert extractor.network.seen == 30
    features_of(extractor, data, "test")
    assert extractor.network.seen == 60
    other = Counting()
    other.scale.data.fill_(2.0)
    assert torch.equal(features_of(Extractor("mean-std", other), data, "train")[0], 2 * first)


def test_a_full_disk_costs_a_warning_and_not_the_features(monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(features, "save_file", full)
    with pytest.warns(UserWarning, match="could not keep bars-.*No space left"):
        found, _ = features_of(Extractor("mean-std", Counting()), bars(30), "train")
    assert found.shape == (30, 2)
    assert not list(cache_dir("features").iterdir())


def test_the_fingerprint_sees_one_changed_byte_and_one_changed_label():
    prints = {fingerprint(bars(30))}
    for change in ("x", "label"):
        data = bars(30)
        getattr(data, change).view(-1)[17] ^= 1
        prints.add(fingerprint(data))
    assert len(prints) == 3
    assert fingerprint(bars(30)) in prints


def test_equal_weights_under_other_code_are_another_network():
    class Doubled(nn.Linear):
        def forward(self, x):
            return 2 * super().forward(x)

    class Held(nn.Linear):
        def __init__(self, a, b, shift):
            super().__init__(a, b)
            self.register_buffer("shift", torch.full((1,), shift), persistent=False)

    plain, double, one, other = nn.Linear(3, 2), Doubled(3, 2), Held(3, 2, 1.0), Held(3, 2, 2.0)
    for network in (double, one, other):
        network.load_state_dict(plain.state_dict())
    leaky = [nn.Sequential(plain, nn.LeakyReLU(slope)) for slope in (0.1, 0.2, 0.1)]
    bent = nn.Linear(3, 2)
    bent.load_state_dict(plain.state_dict())
    bent.forward = lambda x: x.exp()
    hashes = [hash_network(network) for network in (plain, double, one, other, bent, *leaky)]
    assert len(set(hashes)) == 7 and hashes[5] == hashes[7]
    assert hash_network(plain.eval()) == hashes[0]
