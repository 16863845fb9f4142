"""A trained game as one file for other programs: the function from codes to data that `sample` uses, and no other part.

    G.pt2          a program of `torch.export`: torch.export.load("G.pt2").module()(z), without this package
    G.safetensors  the weights that the program reads, under their names in the game; what they belong to as metadata
    G.onnx         the program for other runtimes, where onnx and onnxscript are installed

The averaged generator with standing statistics is what is exported, for batches of any size.  Each file is read back
and held against the game before it takes its place.
"""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

import rivalry
from rivalry.errors import BadRequest, RunFailed
from rivalry.game import Conditional, Game, Latent, Translator
from rivalry.runs.opening import load
from rivalry.runs.run import Run
from rivalry.show.output import require_ending, written

ENDINGS = (".pt2", ".safetensors", ".onnx")
NEAR = 1e-4  # of values in [-1, 1]: another order of sums, in another runtime


def export(run: Run, output: Path, which: str = "best") -> Path:
    """Write what `sample` uses to `output`.

    The program takes codes z (n, d), as `game.draw(n)` gives them, and where the game is told classes also labels (n,)
    int64; a translator takes pictures (n, c, h, w) in [-1, 1], and the domain (n,) where there are several ways to go.

    Raises:
        BadRequest: another ending, a game without such a function, one that cannot be traced, or onnx is missing.
        RunFailed: what was written does not give what the game gives.
    """
    require_ending(output, ENDINGS)
    ending = output.suffix.lower()
    if ending == ".onnx":
        _require_onnx()
    game = load(run, which=which)
    few, more = _inputs(game, run, 2), _inputs(game, run, 3)
    program = _traced(game, few, run)
    with TemporaryDirectory() as folder:
        file = Path(folder) / f"G{ending}"
        write = {".pt2": _write_program, ".safetensors": _write_weights, ".onnx": _write_onnx}[ending]
        write(program, file, run)
        read = {".pt2": _read_program, ".safetensors": _read_weights, ".onnx": _read_onnx}[ending]
        _require_same(_drawn(game, more), _drawn(lambda *x: read(file, game, x), more), output)
        with written(output) as place:
            place.write(file.read_bytes())
    return output


def _inputs(game: Game, run: Run, n: int) -> tuple[Tensor, ...]:
    """What the program is traced and checked with: codes or pictures, and every class in turn."""
    if isinstance(game, Translator):
        x = torch.rand(n, *run.config["spec"]["shape"], generator=torch.Generator().manual_seed(n)) * 2 - 1
    elif isinstance(game, Latent):
        with torch.random.fork_rng([]):
            torch.manual_seed(n)
            x = game.draw(n)
    else:
        raise BadRequest(f"{run.config['game']} has no codes to decode, so there is no function to export")
    classes = game.classes if isinstance(game, Conditional) else 0
    return (x, torch.arange(n) % classes) if classes else (x,)


def _traced(game: Game, inputs: tuple[Tensor, ...], run: Run) -> torch.export.ExportedProgram:
    """By the tracer that runs the code, or, where that takes len(x) for a constant, by the one that reads it."""
    any_size = [{0: torch.export.Dim("n", min=1)} for _ in inputs]
    shapes = (any_size[0], tuple(any_size[1:])) if len(inputs) > 1 else (any_size[0],)
    failed: Exception | None = None
    game(*inputs)  # so that what is read from the weights once is known
    for strict in (False, True):
        try:
            return torch.export.export(game, inputs, dynamic_shapes=shapes, strict=strict)
        except Exception as error:  # torch's tracer raises whatever the traced code raises
            failed = error
    raise BadRequest(
        f"{run.config['game']} cannot be exported: what it computes depends on the values that it is given "
        f"({type(failed).__name__})"
    ) from failed


def _drawn(function: Callable[..., Tensor], inputs: tuple[Tensor, ...]) -> Tensor:
    """What it makes of the inputs, with the same random numbers for whoever draws some."""
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        return function(*inputs)


def _write_program(program: torch.export.ExportedProgram, file: Path, run: Run) -> None:
    torch.export.save(program, file)


def _read_program(file: Path, game: Game, inputs: tuple[Tensor, ...]) -> Tensor:
    return torch.export.load(file).module()(*inputs)


def _write_weights(program: torch.export.ExportedProgram, file: Path, run: Run) -> None:
    read = {node.name for node in program.graph.nodes if node.op == "placeholder" and node.users}
    names = [s.target for s in program.graph_signature.input_specs if s.target and s.arg.name in read]
    held: dict[str, Any] = {**program.state_dict, **program.constants}
    tensors = {name: held[name].detach().clone().contiguous() for name in names if name in held}
    told = {key: run.config[key] for key in ("game", "settings", "spec")}
    about = {"rivalry": rivalry.__version__, **{key: json.dumps(value) for key, value in told.items()}}
    save_file(tensors, file, about)


def _read_weights(file: Path, game: Game, inputs: tuple[Tensor, ...]) -> Tensor:
    """What the game gives with these weights, its others set to nothing."""
    kept = {name: value.clone() for name, value in game.state_dict().items() if isinstance(value, Tensor)}
    with safe_open(file, "pt") as tensors:
        read = {name: tensors.get_tensor(name) for name in tensors.keys()}  # noqa: SIM118  # it is no dict
    emptied = {name: read.get(name, torch.zeros_like(value)) for name, value in kept.items()}
    game.load_state_dict(emptied, strict=False)
    try:
        return game(*inputs)
    finally:
        game.load_state_dict(kept, strict=False)


def _write_onnx(program: torch.export.ExportedProgram, file: Path, run: Run) -> None:
    torch.onnx.export(program, f=str(file), dynamo=True, external_data=False)


def _read_onnx(file: Path, game: Game, inputs: tuple[Tensor, ...]) -> Tensor:
    from onnx.reference import ReferenceEvaluator

    model = ReferenceEvaluator(str(file))
    (made,) = model.run(None, {name: x.numpy() for name, x in zip(model.input_names, inputs)})
    return torch.from_numpy(made)


def _require_onnx() -> None:
    lacking = [name for name in ("onnx", "onnxscript") if importlib.util.find_spec(name) is None]
    if lacking:
        raise BadRequest(
            f"an .onnx needs {' and '.join(lacking)}: pip install 'rivalry[onnx]'; a .pt2 needs nothing"
        )


def _require_same(expected: Tensor, got: Tensor, output: Path) -> None:
    far = float((expected - got).abs().max()) if expected.shape == got.shape else float("inf")
    if not far <= NEAR:
        raise RunFailed(f"{output} is not written: it gives samples that differ from the game's by {far:.2g}")
