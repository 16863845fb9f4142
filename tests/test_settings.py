"""A signature as configuration: read, checked, printed."""

import math
from typing import Any, Literal

import pytest

from rivalry.errors import BadRequest
from rivalry.settings import Count, Fraction, Natural, Rate, Weight, check, settings_of


def toy(
    spec: object,
    *,
    width: Count = 64,
    steps: Natural = 0,
    lr: Rate = 2e-4,
    penalty: Weight = 10.0,
    beta1: Fraction = 0.5,
    alpha: float = 0.5,
    saturating: bool = False,
    loss: Literal["hinge", "non-saturating"] = "hinge",
    word: str = "a",
    parts: int | None = None,
) -> None:
    """A toy.

    Settings:
        width: channels of the map
            nearest to the image
        steps: answers foreseen: at least 0
        lr: step size
        penalty: weight
        beta1: decay
        alpha: any number
        saturating: whether
        loss: which
        word: any
        parts: how many

    Returns:
        nothing: at all
    """


DEFAULTS = {name: setting.default for name, setting in settings_of(toy).items()}


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("width", "128", 128),
        ("steps", "0", 0),
        ("lr", "1e-3", 1e-3),
        ("lr", "1", 1.0),
        ("alpha", "-.5", -0.5),
        ("beta1", "0", 0.0),
        ("saturating", "true", True),
        ("saturating", "False", False),
        ("saturating", "1", True),
        ("saturating", "no", False),
        ("loss", "non-saturating", "non-saturating"),
        ("width", " +1_000.0 ", 1000),
        ("width", 3.0, 3),
        ("lr", 1, 1.0),
        ("saturating", "OFF", False),
        ("saturating", 1.0, True),
        ("word", "1", "1"),
        ("parts", "3", 3),
        ("parts", None, None),
    ],
)
def test_texts_become_values_of_their_types(name: str, text: str, value: Any) -> None:
    checked = check(toy, {name: text}, "toy")
    assert checked == {**DEFAULTS, name: value}
    assert type(checked[name]) is type(value)


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("width", "0", "int >= 1"),
        ("width", "-3", "int >= 1"),
        ("width", "1.5", "int >= 1"),
        ("width", "many", "int >= 1"),
        ("width", "", "int >= 1"),
        ("width", None, "int >= 1"),
        ("steps", "-1", "int >= 0"),
        ("lr", "0", "float > 0"),
        ("lr", "nan", "float > 0"),
        ("lr", "inf", "float > 0"),
        ("lr", math.inf, "float > 0"),
        ("penalty", "-1", "float >= 0"),
        ("beta1", "1.1", "float >= 0 and <= 1"),
        ("alpha", "nan", "float"),
        ("alpha", math.nan, "float"),
        ("saturating", "perhaps", "bool"),
        ("loss", "Hinge", "one of hinge, non-saturating"),
        ("loss", ["hinge"], "one of hinge, non-saturating"),
        ("width", "1e3", "int >= 1"),
        ("width", "٣", "int >= 1"),
        ("width", 1.5, "int >= 1"),
        ("lr", [1.0], "float > 0"),
        ("lr", 10**400, "float > 0"),
        ("saturating", 2, "bool"),
        ("saturating", "", "bool"),
        ("word", 1, "str"),
        ("parts", "few", "int | None"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(name: str, value: Any, kind: str) -> None:
    with pytest.raises(BadRequest) as raised:
        check(toy, {name: value}, "toy")
    assert str(raised.value).startswith(f"toy: {name} is {kind}; got {value!r}"[:80])


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("widht", "did you mean 'width'?"),
        ("beta", "did you mean 'beta1'?"),
        ("zzz", "it has width, steps, lr,"),
    ],
)
def test_an_unknown_setting_names_the_nearest_or_all(name: str, advice: str) -> None:
    with pytest.raises(BadRequest, match=f"no setting of toy '{name}'") as raised:
        check(toy, {name: "1"}, "toy")
    assert advice in str(raised.value)


def test_settings_come_in_the_order_of_the_signature_with_their_meanings() -> None:
    assert {name: setting.meaning for name, setting in settings_of(toy).items()} == {
        "width": "channels of the map nearest to the image",
        "steps": "answers foreseen: at least 0",
        "lr": "step size",
        "penalty": "weight",
        "beta1": "decay",
        "alpha": "any number",
        "saturating": "whether",
        "loss": "which",
        "word": "any",
        "parts": "how many",
    }
    assert list(settings_of(toy)) == list(toy.__kwdefaults__)


def test_what_was_checked_checks_to_itself() -> None:
    once = check(toy, {"width": "12", "lr": "3"}, "toy")
    assert check(toy, once, "toy") == once
    texts = {name: str(value) for name, value in once.items() if value is not None}
    assert check(toy, texts, "toy") == once


@pytest.mark.parametrize("value", ["9" * 30, 2**31, -(10**30), "1" * 5000])
def test_a_whole_number_beyond_any_size_is_refused(value: object) -> None:
    with pytest.raises(BadRequest, match=r"toy: width is .*; got") as refused:
        check(toy, {"width": value}, "toy")
    assert len(str(refused.value)) < 200
    assert check(toy, {"width": 2**31 - 1}, "toy")["width"] == 2**31 - 1
