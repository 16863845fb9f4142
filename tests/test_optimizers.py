"""Our optimizers against torch's classes: the same bits, the same state, and none of torch's compiler."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from rivalry.maths.optimizers import MakeOptimizer, adam, rmsprop, sgd

Torch = Callable[[list[nn.Parameter]], torch.optim.Optimizer]
PAIRS: dict[str, tuple[MakeOptimizer, Torch]] = {
    "adam": (adam(1e-2, 0.5), lambda p: torch.optim.Adam(p, lr=1e-2, betas=(0.5, 0.999), fused=True)),
    "rmsprop": (rmsprop(1e-2, 0.9), lambda p: torch.optim.RMSprop(p, lr=1e-2, alpha=0.9)),
    "sgd": (sgd(1e-2), lambda p: torch.optim.SGD(p, lr=1e-2)),
    "momentum": (sgd(1e-2, 0.9), lambda p: torch.optim.SGD(p, lr=1e-2, momentum=0.9)),
}
pairs = pytest.mark.parametrize(("ours", "theirs"), PAIRS.values(), ids=PAIRS)


def parameters() -> list[nn.Parameter]:
    """A number, a vector, filters in channels_last, and doubles."""
    torch.manual_seed(0)
    filters = torch.randn(8, 4, 3, 3).to(memory_format=torch.channels_last)
    values = [torch.randn(()), torch.randn(70), filters, torch.randn(5, 3, dtype=torch.float64)]
    return [nn.Parameter(value) for value in values]


def push(moving: list[nn.Parameter], t: int) -> None:
    """Gradients of step t; one parameter has none in each third."""
    generator = torch.Generator().manual_seed(t)
    for i, p in enumerate(moving):
        noise = torch.randn(p.shape, dtype=p.dtype, generator=generator)
        p.grad = None if t % 3 == i else torch.empty_like(p).copy_(noise)


def differing(some: list[nn.Parameter], others: list[nn.Parameter]) -> list[int]:
    return [i for i, (a, b) in enumerate(zip(some, others, strict=True)) if not torch.equal(a, b)]


@pairs
def test_the_steps_are_those_of_torchs_class_bit_for_bit(ours: MakeOptimizer, theirs: Torch) -> None:
    mine, other = parameters(), parameters()
    optimizer, control = ours(mine), theirs(other)
    for t in range(20):
        push(mine, t)
        push(other, t)
        optimizer.step()
        control.step()
    assert not differing(mine, other)
    assert differing(mine, parameters()) == [0, 1, 2, 3]


@pairs
def test_what_torchs_class_remembers_goes_on_in_ours(ours: MakeOptimizer, theirs: Torch) -> None:
    """A run that an earlier version of rivalry began is resumed bit for bit."""
    mine, other = parameters(), parameters()
    begun, control = theirs(mine), theirs(other)
    for t in range(12):
        push(mine, t)
        push(other, t)
        if t == 6:
            saved = begun.state_dict()
            begun = ours(mine)  # type: ignore[assignment]
            begun.load_state_dict(saved)
        begun.step()
        control.step()
    assert not differing(mine, other)


def test_a_state_of_other_parameters_is_refused() -> None:
    with pytest.raises(ValueError, match="4 parameters, the state tells of 1"):
        adam(1e-2)(parameters()).load_state_dict(adam(1e-2)(parameters()[:1]).state_dict())


WITHOUT_COMPILER = """
import sys, torch
sys.argv = ["rivalry", "train", "gan", *{}]
from rivalry.cli import main
try:
    main()
except SystemExit:
    pass
print("torch._dynamo" in sys.modules)
torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))])
print("torch._dynamo" in sys.modules)
"""


def test_a_training_does_not_import_torchs_compiler(tmp_path: Path) -> None:
    """It takes seconds.  A control shows that torch's own classes do import it."""
    run = tmp_path / "run"
    code = WITHOUT_COMPILER.format(["--data", "ring", "--rounds", "1", "--run", str(run)])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(run), "False", "True"]
