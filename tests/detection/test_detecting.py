"""A detector of made pictures, on toys that are told apart by a faint grid."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional as F

from rivalry.detection.calibration import calibration_error, errors, temperature
from rivalry.detection.corruption import blurred, compressed, corrupted
from rivalry.detection.detector import Detector, as_bytes, load_detector, opaque, seen, train_detector
from rivalry.detection.frequency import frequency_scores, spectrum
from rivalry.errors import BadRequest
from rivalry.metrics.ranking import average_precision

N, SIDE = 240, 16
QUICK = {"steps": 60, "batch": 32, "width": 8, "rate": 3e-3}


def clouds(n: int, seed: int) -> Tensor:
    """Smooth random pictures, uint8 (n, 1, 16, 16)."""
    draw = torch.Generator().manual_seed(seed)
    x = F.interpolate(torch.randn(n, 1, 5, 5, generator=draw), (SIDE, SIDE), mode="bicubic")
    return (x * 40 + 128 + 4 * torch.randn(x.shape, generator=draw)).clamp(0, 255).round().to(torch.uint8)


def gridded(x: Tensor) -> Tensor:
    """The pictures with a grid of 2 pixels, as transposed convolutions leave it."""
    grid = 24 * ((torch.arange(SIDE)[:, None] + torch.arange(SIDE)) % 2 - 0.5)
    return (x.float() + grid).clamp(0, 255).round().to(torch.uint8)


REAL, FAKE = clouds(N, 0), gridded(clouds(N, 1))


@pytest.fixture(scope="module")
def found() -> Detector:
    return train_detector(REAL, FAKE, names=("clouds", ("grids",)), augment=False, **QUICK)


def test_what_differs_is_told_apart_and_what_does_not_is_not(found: Detector) -> None:
    assert found.facts["ap"] >= 0.98 and found.facts["ap_frequencies"] >= 0.98
    mixed = torch.cat([REAL, FAKE])[torch.randperm(2 * N, generator=torch.Generator().manual_seed(2))]
    control = train_detector(mixed[:N], mixed[N:], augment=False, **QUICK)  # labels that mean nothing
    assert abs(control.facts["ap"] - 0.5) < 0.15
    assert control.facts["false_alarms"] + control.facts["misses"] == pytest.approx(1, abs=0.3)


def test_new_pictures_are_called_rightly_and_the_map_is_the_verdict(found: Detector) -> None:
    x = seen(torch.cat([clouds(40, 5), gridded(clouds(40, 6))]))
    p, made = found.probabilities(x), torch.arange(80) >= 40
    assert errors(p, made).false_alarms < 0.1 and errors(p, made).misses < 0.1
    assert torch.allclose((found.network(x).mean((1, 2)) / found.temperature).sigmoid(), p, atol=1e-5)


def test_heat_lies_where_the_grid_is(found: Detector) -> None:
    x = clouds(30, 7)
    x[..., SIDE // 2 :] = gridded(clouds(30, 7))[..., SIDE // 2 :]  # the right half is made
    heat = found.heat(seen(x))
    assert heat.shape == (30, SIDE, SIDE)
    assert float(heat[..., SIDE // 2 :].mean()) > float(heat[..., : SIDE // 2].mean()) + 0.1


def test_the_same_seed_trains_the_same_and_augmentation_changes_it() -> None:
    few = {**QUICK, "steps": 2}
    one, two, other = (
        train_detector(REAL, FAKE, augment=augment, **few).network.state_dict()["body.0.weight"]
        for augment in (True, True, False)
    )
    assert torch.equal(one, two) and not torch.equal(one, other)


def test_a_temperature_makes_overconfident_scores_honest() -> None:
    draw = torch.Generator().manual_seed(0)
    true = 1.5 * torch.randn(8000, generator=draw)
    made = torch.rand(8000, generator=draw) < true.sigmoid()
    t = temperature(4 * true, made)
    assert t == pytest.approx(4, rel=0.1)
    assert calibration_error((4 * true).sigmoid(), made) > 0.1
    assert calibration_error((4 * true / t).sigmoid(), made) <= 0.05


def test_no_certainty_follows_from_few_pictures() -> None:
    scores = torch.tensor([5.0] * 10 + [-5.0] * 10)
    p = torch.sigmoid(5 / torch.tensor(temperature(scores, scores > 0)))
    assert float(p) == pytest.approx(11 / 12, abs=1e-3)


def test_calibration_error_and_error_rates_by_hand() -> None:
    p, made = torch.tensor([0.95, 0.95, 0.15, 0.15]), torch.tensor([True, False, False, False])
    assert calibration_error(p, made) == pytest.approx((0.45 + 0.15) / 2)
    assert errors(p, made) == (pytest.approx(1 / 3), 0.0, 1)


def test_blur_keeps_the_mean_and_more_blur_leaves_less() -> None:
    x = FAKE[:6]
    sigma = torch.tensor([0.0, 0.5, 0.8, 1.2, 2.0, 3.0])
    y = blurred(x, sigma)
    assert torch.equal(y[0], x[0])
    spread = blurred(x[:1].expand(6, -1, -1, -1), sigma).float().flatten(1).std(1)
    assert bool((spread.diff() < 0).all())
    plain = torch.full((2, 3, 12, 20), 77, dtype=torch.uint8)
    assert torch.equal(blurred(plain, torch.tensor([0.5, 3.0])), plain)


def test_jpeg_loses_more_at_a_lower_quality() -> None:
    color = torch.cat([REAL[:1], FAKE[:1], REAL[1:2]], 1)[0]
    for x in (FAKE[0], color):
        low, high = (float((compressed(x, q).float() - x.float()).abs().mean()) for q in (30, 95))
        assert low > high and compressed(x, 95).shape == x.shape


def test_half_are_corrupted_by_either() -> None:
    x = FAKE[:200]
    y = corrupted(x, torch.Generator().manual_seed(0))
    same = (x == y).flatten(1).all(1).double().mean()
    assert 0.2 < float(same) < 0.55  # a quarter stay, and some were blurred by next to nothing


def test_a_wave_has_its_power_at_its_frequency() -> None:
    wave = torch.cos(2 * torch.pi * 5 * torch.arange(32) / 32).expand(1, 1, 32, 32)
    assert int(spectrum(wave)[0].argmax()) == 5
    made = torch.arange(2 * N) >= N
    scores = frequency_scores(
        seen(torch.cat([REAL, FAKE])), made, seen(torch.cat([clouds(40, 8), clouds(40, 9)]))
    )
    assert abs(average_precision(scores[:40].double(), scores[40:].double()) - 0.5) < 0.2  # both are clouds


def test_alpha_is_laid_over_white() -> None:
    x = torch.tensor([10, 20, 30, 0], dtype=torch.uint8)[None, :, None, None].expand(1, 4, 2, 2)
    assert opaque(x).unique().tolist() == [255]
    assert opaque(x[:, [0, 0]]).unique().tolist() == [10 * 10 // 255 + 255 - 10]


def test_the_file_holds_the_detector_to_the_bit(found: Detector, tmp_path: Path) -> None:
    path = tmp_path / "d.safetensors"
    path.write_bytes(as_bytes(found))
    again = load_detector(path)
    x = seen(torch.cat([REAL, FAKE]))
    assert torch.equal(again.probabilities(x), found.probabilities(x))
    assert (again.facts, again.temperature, again.limits()) == (
        found.facts,
        found.temperature,
        found.limits(),
    )
    assert "cannot know other generators" in again.limits()


def test_a_file_that_is_none_is_refused(found: Detector, tmp_path: Path) -> None:
    whole = as_bytes(found)
    weights = {name: value.contiguous() for name, value in found.network.state_dict().items()}

    def told(**change: object) -> bytes:
        facts = {**found.facts, **{k: v for k, v in change.items() if k != "temperature"}}
        header = {
            "format": "rivalry detector 1",
            "temperature": change.get("temperature", 1.0),
            "facts": facts,
        }
        save_file(weights, tmp_path / "x", {"told": json.dumps(header)})
        return (tmp_path / "x").read_bytes()

    bad = [b"", b"text", whole[:-9], told(width=9), told(shape=[2, 16, 16]), told(temperature=0.0),
           told(made=[3]), told(misses=float("nan")), told(shape="abc"), told(facts=1, real=None)]  # fmt: skip
    (tmp_path / "good").write_bytes(told())
    load_detector(tmp_path / "good")  # the control: unchanged, it is read
    for i, content in enumerate(bad):
        (tmp_path / str(i)).write_bytes(content)
        with pytest.raises(BadRequest, match="is no detector that"):
            load_detector(tmp_path / str(i))
    with pytest.raises(BadRequest, match="no detector"):
        load_detector(tmp_path / "nowhere")


def test_too_few_or_unlike_pictures_are_refused() -> None:
    with pytest.raises(BadRequest, match="40 real and 40 made pictures or more; got 1"):
        train_detector(REAL[:1], FAKE)
    with pytest.raises(BadRequest, match="1 x 16 x 16 and made ones 1 x 8 x 8: --size"):
        train_detector(REAL, FAKE[..., :8, :8])
