"""What is exported gives what `sample` gives, from the weights of the average alone."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from toys import images, points

import rivalry
from rivalry.errors import BadRequest, RunFailed
from rivalry.runs import export as module
from rivalry.runs.export import export
from rivalry.runs.run import Run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    how = {"quiet": True, "measure": False, "width": 4, "latent": 4, "batch": 8, "average": 0.5}
    data = images(1, 8, 8, n=32, classes=3)
    return rivalry.train("cgan", data, rounds=3, run=tmp_path_factory.mktemp("export") / "run", **how)


def test_a_program_gives_the_samples_of_the_run_in_batches_of_any_size(run: Run, tmp_path: Path) -> None:
    program = torch.export.load(export(run, tmp_path / "G.pt2")).module()
    game = rivalry.load(run)
    for n in (1, 5):
        z, label = game.draw(n), torch.arange(n) % 3
        assert torch.allclose(program(z, label), game.decode(z, label), atol=1e-6)
        assert torch.equal(game(z, label), game.decode(z, label))
    assert not torch.allclose(
        game.G(z, label), game.decode(z, label), atol=1e-6
    )  # the average is another network


def test_a_file_for_other_runtimes_gives_the_samples_of_the_run(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("onnxscript", reason="needs onnx and onnxscript: pip install 'rivalry[onnx]'")
    reference = pytest.importorskip("onnx.reference")
    model = reference.ReferenceEvaluator(str(export(run, tmp_path / "G.onnx")))
    game = rivalry.load(run)
    z, label = game.draw(5), torch.arange(5) % 3
    given = dict(zip(model.input_names, (z.numpy(), label.numpy())))
    (made,) = model.run(None, given)
    assert torch.allclose(torch.from_numpy(made), game.decode(z, label), atol=1e-5)


def test_a_generator_that_asks_for_its_batch_can_be_exported(tmp_path: Path) -> None:
    """`len(x)` is a constant to the tracer that runs the code."""
    how = {"quiet": True, "measure": False, "width": 4, "latent": 4, "batch": 8}
    run = rivalry.train(
        "projection-gan", images(1, 8, 8, n=32, classes=3), rounds=1, run=tmp_path / "run", **how
    )
    program, game = torch.export.load(export(run, tmp_path / "G.pt2")).module(), rivalry.load(run)
    z, label = game.draw(5), torch.arange(5) % 3
    assert torch.allclose(program(z, label), game.decode(z, label), atol=1e-6)


def test_weights_are_those_that_sampling_reads(run: Run, tmp_path: Path) -> None:
    weights = load_file(export(run, tmp_path / "G.safetensors"))
    everything = rivalry.load(run).state_dict()
    assert weights
    assert all(
        name.startswith("average.") and torch.equal(weights[name], everything[name]) for name in weights
    )
    assert not any(name.startswith(("D.", "G.")) for name in weights)


def test_what_gives_other_samples_is_not_written(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_read_program", lambda file, game, inputs: game(*inputs) + 0.01)
    with pytest.raises(RunFailed, match=r"differ from the game's by 0\.01"):
        export(run, tmp_path / "G.pt2")
    assert not (tmp_path / "G.pt2").exists()


def test_what_cannot_be_exported_is_said(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadRequest, match=r"\.pt2 or \.safetensors or \.onnx"):
        export(run, tmp_path / "G.pth")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BadRequest, match="needs onnx and onnxscript"):
        export(run, tmp_path / "G.onnx")


def test_a_game_without_codes_says_so() -> None:
    from rivalry.catalog import find, maker

    game = maker(find("gan"))(points(classes=0).spec, width=4, latent=2)
    assert game(game.draw(3)).shape == (3, 2)
    with pytest.raises(BadRequest, match="no codes"):
        rivalry.Game()(torch.zeros(1))
