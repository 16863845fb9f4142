"""A limit of memory for building the game of a run.

A run.json from somebody else may ask for networks that do not fit into memory.  The size of the run's checkpoints
tells about how many numbers the weights are.  Tensors are counted before they are made, and building stops when
they are more than the checkpoints can hold.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from rivalry.errors import BadRequest
from rivalry.runs.run import Run

SLACK = 4  # initializing a weight needs a few tensors of its size
SPARE = 10_000_000  # numbers in addition to the weights
_MAKERS = {torch.empty, torch.zeros, torch.ones, torch.full, torch.rand, torch.randn, torch.eye, torch.arange}


class Bounded(TorchFunctionMode):
    """A context in which at most `most` numbers are made in total.

    Raises:
        BadRequest: more would be made; its text is `message`.
    """

    def __init__(self, most: int, message: str):
        super().__init__()
        self.left, self.message = most, message

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func in _MAKERS:
            self.left -= _numbers(args if args else kwargs.get("size", ()))
            if self.left < 0:
                raise BadRequest(self.message)
        return func(*args, **kwargs)


def within_its_weights(run: Run) -> Bounded:
    """The limit for building the game of a run, from its largest checkpoint.  Without a checkpoint there is none."""
    files = [checkpoint.path / "weights.safetensors" for checkpoint in [*run.checkpoints(), *run.begun()]]
    sizes = [file.stat().st_size for file in files if file.exists()]
    most = SLACK * max(sizes) + SPARE if sizes else 2**62  # a weight may be saved in a single byte
    return Bounded(most, f"{run.path}/run.json asks for a larger game than its checkpoints hold")


def _numbers(sizes: Any) -> int:
    """The number of elements of a tensor of these sizes: `empty(2, 3)`, `empty((2, 3))`."""
    flat = [n for size in sizes for n in (size if isinstance(size, Iterable) else (size,))]
    return math.prod(n for n in flat if isinstance(n, int))
