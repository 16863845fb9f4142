"""The worked example of docs/add-a-game.md is a game: it plays, resumes and samples as written."""

import importlib.util
import re
from pathlib import Path

import pytest
import torch

import rivalry

PAGE = Path(__file__).parents[1] / "docs" / "add-a-game.md"


@pytest.fixture
def make(tmp_path: Path):
    code = re.search(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert code
    file = tmp_path / "feature_matching.py"
    file.write_text(code[1])
    spec = importlib.util.spec_from_file_location("feature_matching", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.feature_matching


def test_the_example_is_played_resumed_and_sampled(make, tmp_path: Path) -> None:
    run = rivalry.train(make, data="digits", rounds=20, run=tmp_path / "run", width=16, quiet=True)
    rivalry.resume(run, game=make, rounds=30, quiet=True)
    straight = rivalry.train(make, data="digits", rounds=30, run=tmp_path / "straight", width=16, quiet=True)
    resumed, unbroken = (rivalry.load(r, game=make, which="newest").state_dict() for r in (run, straight))
    assert all(torch.equal(resumed[name], unbroken[name]) for name in unbroken)
    x = rivalry.load(run, game=make).sample(5)
    assert x.shape == (5, 1, 8, 8)
    assert x.abs().max() <= 1


def test_its_critic_learns_what_is_real(make, tmp_path: Path) -> None:
    run = rivalry.train(make, data="digits", rounds=60, run=tmp_path / "run", width=32, quiet=True)
    game = rivalry.load(run, game=make, which="newest")
    real = rivalry.open_data("digits").rows(slice(0, 256))
    noise = torch.rand_like(real) * 2 - 1
    assert game.score(real).mean() > game.score(noise).mean()
