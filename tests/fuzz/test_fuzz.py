"""A seeded look at hostile data and command lines; `make fuzz` looks longer."""

import importlib.util
from itertools import islice
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def load(name: str):
    spec = importlib.util.spec_from_file_location(f"fuzz_{name}", HERE / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("name", "n"), [("readers", 200), ("arguments", 40)])
def test_whatever_comes_is_read_or_refused(name: str, n: int, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("RIVALRY_CACHE", str(tmp_path))
    for what, attack in islice(load(name).cases(0), n):
        try:
            attack()
        except Exception as escaped:
            raise AssertionError(f"{what}: {type(escaped).__name__} escaped") from escaped


def test_an_escape_would_be_seen(monkeypatch) -> None:
    module = load("readers")
    monkeypatch.setattr(module, "open_data", lambda *_a, **_k: 1 / 0)
    monkeypatch.setattr(module, "check", lambda *_a: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        next(module.cases(0))[1]()
