"""The comparison of model kinds: what it concludes follows from the numbers, and it runs at toy size."""

import json
import math

import pytest
from toys import bars

from rivalry.errors import BadRequest
from rivalry.lab.tradeoffs import (
    FAMILIES,
    Family,
    Finding,
    Plan,
    in_catalog,
    made,
    moments,
    parameters_of,
    sized,
    tradeoffs,
)
from rivalry.lab.tradeoffs_found import conclusions, growth, odena, reached
from rivalry.lab.tradeoffs_page import write
from rivalry.metrics.extractors.extractor import train_judge

TINY = Plan(seconds=0.1, looks=2, n=30, parameters=4000, drawn=2, held_out=4, sides=(8, 10), quick=True)


def finding(family: str, fids: list[float], **more) -> Finding:
    curve = [
        {"seconds": 10.0 * 2**i, "fid": fid, "precision": 0.5, "recall": 0.5} for i, fid in enumerate(fids)
    ]
    return Finding(family, family.lower(), {}, more.pop("parameters", 100), curve=curve, **more)


def test_the_seconds_to_a_quality_are_read_between_two_looks() -> None:
    gan = finding("GAN", [100.0, 25.0, 30.0])
    assert reached(gan, 100.0) == 10
    assert reached(gan, 25.0) == pytest.approx(20)
    assert reached(gan, 50.0) == pytest.approx(10 * 2**0.5)  # half of the way, in logarithms
    assert reached(gan, 20.0) == math.inf


def test_odenas_factors_are_held_against_what_was_measured() -> None:
    of = lambda flow, gan: " ".join(odena([finding("flow", flow), finding("GAN", gan)]))
    assert "took at least 1 times" in of([100.0, 50.0], [100.0, 50.0])
    slow = of([400.0, 200.0, 100.0, 90.0, 80.0, 50.0], [60.0, 40.0])
    assert "at least 23.4 times" in slow and "borne out" in slow and "not borne out" not in slow
    assert "not borne out" in of([10.0, 5.0], [100.0, 50.0])
    assert not list(odena([finding("GAN", [1.0])]))


def test_a_sample_that_takes_twice_the_time_for_four_times_the_pixels_grows_as_their_root() -> None:
    assert growth(finding("flow", [1.0], latency={8: (1.0, 3.0), 16: (2.0, 6.0)})) == pytest.approx(0.5)


def test_conclusions_turn_round_with_the_numbers() -> None:
    fast, slow = {8: (0.01, 1.0), 32: (0.011, 2.0)}, {8: (0.1, 10.0), 32: (1.6, 160.0)}
    one = [
        finding("GAN", [5.0], latency=fast),
        finding("autoregressive", [9.0], latency=slow, likelihood="exact", bits=2.0, inverted=None),
    ]
    other = [
        finding("GAN", [9.0], latency=slow),
        finding("autoregressive", [5.0], latency=fast, likelihood="exact", bits=2.0, inverted=0.0),
    ]
    said, turned = ("\n".join(conclusions(each)) for each in (one, other))
    assert "the GAN model is nearest" in said and "the autoregressive model is nearest" in turned
    assert (
        "One sample of the GAN model takes 1.1 times as long with 16 times the pixels: its time hardly"
        in said
    )
    assert "the autoregressive model takes 16 times as long with 16 times the pixels: its time grows" in said
    assert "the GAN model takes 16 times as long with 16 times the pixels: its time grows" in turned
    assert "No likelihood is known of: GAN." in said
    assert "No way from a datum to its code: GAN, autoregressive." in said
    assert "80 times as long" in said


def test_a_hybrid_is_held_against_its_parents() -> None:
    hybrid = finding("GAN and flow", [5.0], latency={8: (1, 1)}, bits=3.0, likelihood="exact", inverted=0.0)
    parents = [
        finding("GAN", [9.0], latency={8: (1, 0.5)}),
        finding("flow", [4.0], latency={8: (1, 2)}, bits=2.0, likelihood="exact", inverted=0.0),
    ]
    said = next(s for s in conclusions([*parents, hybrid]) if s.startswith("GAN and flow"))
    assert "over the GAN model a nearer Fréchet distance and a likelihood and a way to codes" in said
    assert "over the flow model less time a sample" in said


@pytest.mark.parametrize("family", [f for f in FAMILIES if in_catalog(f)], ids=lambda f: f.game)
def test_a_width_brings_a_model_near_to_the_parameters_asked_for(family: Family) -> None:
    plan = Plan(parameters=60_000, quick=True)
    game = made(family, bars(8, 0).spec, sized(family, bars(8, 0).spec, plan))
    assert 0.6 < parameters_of(game) / plan.parameters < 1.7
    assert not getattr(game, "classes", 0)  # classes are told to none of them


def test_looks_double_and_the_last_is_at_the_end() -> None:
    assert moments(Plan(seconds=80, looks=4)) == [10, 20, 40, 80]


def test_two_models_are_measured_and_reported(tmp_path) -> None:
    data, test = bars(200, 0), bars(60, 1)
    judge = train_judge(data, test, steps=20)
    some = [f for f in FAMILIES if f.game in ("dcgan", "realnvp")]
    found = tradeoffs(data, test, TINY, families=some, extractor=judge)
    gan, flow = found
    assert gan.likelihood == "none" and gan.bits is None and gan.inverted is None
    assert flow.likelihood == "exact" and flow.bits is not None
    assert flow.inverted is not None and flow.inverted < 0.05
    assert [len(f.curve) for f in found] == [2, 2] and sorted(gan.latency) == [8, 10]
    page = write(tmp_path / "out", found, TINY, "bars", ["vae"])
    text = page.read_text()
    assert "Which trade-offs lie between" in text and "left out: vae" in text and "<script" not in text
    assert json.loads((tmp_path / "out" / "found.json").read_text())["findings"][0]["game"] == "dcgan"


def test_without_any_model_there_is_nothing_to_compare() -> None:
    with pytest.raises(BadRequest, match="none of these"):
        tradeoffs(bars(8, 0), bars(8, 1), TINY, families=[Family("ghost", "no-such-game")])
