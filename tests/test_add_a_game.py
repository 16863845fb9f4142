"""The worked example of docs/add-a-game.md is a game: it plays, resumes and samples as written."""

import importlib
import inspect
import re
import sys
from pathlib import Path

import pytest
import test_contract as contract
import torch

import rivalry
from rivalry.catalog import CATALOG
from rivalry.games.entry import VALUES, Entry

PAGE = Path(__file__).parents[1] / "docs" / "add-a-game.md"


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    code = re.search(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert code
    (tmp_path / "feature_matching.py").write_text(code[1])
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "feature_matching", raising=False)
    yield importlib.import_module("feature_matching").feature_matching
    sys.modules.pop("feature_matching", None)


def test_the_example_is_played_resumed_and_sampled(make, tmp_path: Path) -> None:
    run = rivalry.train(make, data="digits", rounds=20, run=tmp_path / "run", width=16, quiet=True)
    rivalry.resume(run, game=make, rounds=30, quiet=True)
    straight = rivalry.train(make, data="digits", rounds=30, run=tmp_path / "straight", width=16, quiet=True)
    resumed, unbroken = (rivalry.load(r, game=make, which="newest").state_dict() for r in (run, straight))
    assert all(torch.equal(resumed[name], unbroken[name]) for name in unbroken)
    x = rivalry.load(run, game=make).sample(5)
    assert x.shape == (5, 1, 8, 8)
    assert x.abs().max() <= 1


def duties() -> list[str]:
    """The parts of the contract that every game of the catalog owes."""
    names = []
    for name, function in vars(contract).items():
        marks = getattr(function, "pytestmark", ()) if name.startswith("test_") else ()
        cases = [mark.args[1] for mark in marks if mark.name == "parametrize" and mark.args[0] == "entry"]
        if cases and tuple(cases[0]) == CATALOG and len(marks) == 1:
            names.append(name)
    return names


@pytest.mark.parametrize("duty", duties())
def test_the_example_keeps_the_contract(duty: str, make, tmp_path: Path) -> None:
    entry = Entry(
        "feature-matching",
        "feature_matching:feature_matching",
        "Improved Techniques for Training GANs",
        "Salimans et al.",
        2016,
        "arXiv 1606.03498",
        "the generator matches the mean of the critic's features",
        kinds=VALUES,
    )
    function = getattr(contract, duty)
    place = {"tmp_path": tmp_path} if "tmp_path" in inspect.signature(function).parameters else {}
    function(entry, **place)


def test_the_contract_has_duties() -> None:
    assert len(duties()) > 10


def test_its_critic_learns_what_is_real(make, tmp_path: Path) -> None:
    run = rivalry.train(make, data="digits", rounds=60, run=tmp_path / "run", width=32, quiet=True)
    game = rivalry.load(run, game=make, which="newest")
    real = rivalry.open_data("digits").rows(slice(0, 256))
    noise = torch.rand_like(real) * 2 - 1
    assert game.score(real).mean() > game.score(noise).mean()
