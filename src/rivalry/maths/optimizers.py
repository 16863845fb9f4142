"""Optimizers as values: each maker returns a function from a list of parameters to an optimizer.

They are torch's own functions (`torch.optim.adam.adam` and its like) with what they remember: their steps are those
of torch's classes bit for bit, and so is the form of their state.  The classes import torch's compiler when the first
one is made, which takes as long as a short training (docs/decisions/0007-optimizers-of-functions.md).
"""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.adam import adam as adam_step
from torch.optim.rmsprop import rmsprop as rmsprop_step
from torch.optim.sgd import sgd as sgd_step

from rivalry.game import Optimizer

MakeOptimizer = Callable[[list[nn.Parameter]], Optimizer]


def adam(lr: float, beta1: float = 0.9, beta2: float = 0.999) -> "Callable[[Sequence[Tensor]], Adam]":
    """Adam (Kingma & Ba 2015, arXiv 1412.6980), its fused kernel where the device has one."""
    return lambda parameters: Adam(parameters, lr=lr, betas=(beta1, beta2), eps=1e-8, weight_decay=0.0)


def rmsprop(lr: float, smoothing: float = 0.99) -> MakeOptimizer:
    """RMSProp (Tieleman & Hinton 2012), which the WGAN paper takes in place of Adam."""
    return lambda parameters: RMSProp(parameters, lr=lr, alpha=smoothing, eps=1e-8, weight_decay=0.0)


def sgd(lr: float, momentum: float = 0.0) -> MakeOptimizer:
    """Gradient descent: simultaneous or alternating, as the round has it."""
    return lambda parameters: SGD(parameters, lr=lr, momentum=momentum, dampening=0.0, weight_decay=0.0)


class Stepper(ABC):
    """Parameters, the state of each, and the settings of a step.

    Attributes:
        state: of each parameter that has moved, by name.
        settings: numbers by name; they may be changed between two steps.
    """

    def __init__(self, parameters: Sequence[Tensor], **settings: Any):
        self.parameters, self.settings = parameters, settings
        self.state: defaultdict[Tensor, dict[str, Tensor]] = defaultdict(dict)

    @torch.no_grad()
    def step(self) -> None:
        """Move every parameter that has a gradient."""
        pairs = [(p, p.grad) for p in self.parameters if p.grad is not None]
        if pairs:
            self.move([p for p, _ in pairs], [gradient for _, gradient in pairs])

    def descend(self, loss: Tensor) -> None:
        """Take the gradient of a loss in the parameters, and move them."""
        for p, gradient in zip(self.parameters, torch.autograd.grad(loss, self.parameters)):
            p.grad = gradient
        self.step()

    @abstractmethod
    def move(self, parameters: list[Tensor], gradients: list[Tensor]) -> None:
        """One step of these parameters, in place."""

    def recall(self, parameters: list[Tensor], name: str, start: Callable[[Tensor], Tensor]) -> list[Tensor]:
        """The state of each parameter under this name, or its first value."""
        states = [self.state[p] for p in parameters]
        return [s[name] if name in s else s.setdefault(name, start(p)) for s, p in zip(states, parameters)]

    def count(self, parameter: Tensor) -> Tensor:
        """The number of steps that a parameter has made at first: on the processor, where it is read."""
        return torch.zeros((), dtype=torch.promote_types(torch.get_default_dtype(), torch.float32))

    def state_dict(self) -> dict[str, Any]:
        """In the form of torch's optimizers: the state by the number of the parameter, and one group."""
        state = {i: dict(self.state[p]) for i, p in enumerate(self.parameters) if p in self.state}
        return {
            "state": state,
            "param_groups": [{**self.settings, "params": list(range(len(self.parameters)))}],
        }

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Take over a state, also one of torch's own optimizer of the same kind.

        Raises:
            ValueError: the state is that of other parameters.
        """
        (group,) = saved["param_groups"]
        if len(group["params"]) != len(self.parameters):
            counts = f"{len(self.parameters)} parameters, the state tells of {len(group['params'])}"
            raise ValueError(f"an optimizer of {counts}")
        self.settings = {name: group[name] for name in self.settings}
        self.state.clear()
        for i, moments in saved["state"].items():
            p = self.parameters[i]
            known = {name: value for name, value in moments.items() if value is not None}
            self.state[p] = {k: v.to(self.count(p) if k == "step" else p) for k, v in known.items()}


class Adam(Stepper):
    """`torch.optim.Adam`, fused on a processor and on CUDA."""

    def count(self, parameter: Tensor) -> Tensor:
        """At first 0, where the fused kernel reads it."""
        fused = _has_fused_kernel(parameter)
        return (
            torch.zeros((), dtype=torch.float32, device=parameter.device)
            if fused
            else super().count(parameter)
        )

    def move(self, parameters: list[Tensor], gradients: list[Tensor]) -> None:
        lr, (beta1, beta2), eps, decay = (self.settings[k] for k in ("lr", "betas", "eps", "weight_decay"))
        adam_step(
            parameters,
            gradients,
            self.recall(parameters, "exp_avg", torch.zeros_like),
            self.recall(parameters, "exp_avg_sq", torch.zeros_like),
            [],
            self.recall(parameters, "step", self.count),
            fused=all(map(_has_fused_kernel, parameters)),
            amsgrad=False,
            maximize=False,
            lr=lr,
            beta1=beta1,
            beta2=beta2,
            eps=eps,
            weight_decay=decay,
        )


class RMSProp(Stepper):
    """`torch.optim.RMSprop` without momentum."""

    def move(self, parameters: list[Tensor], gradients: list[Tensor]) -> None:
        steps = self.recall(parameters, "step", self.count)
        squares = self.recall(parameters, "square_avg", torch.zeros_like)
        rmsprop_step(
            parameters, gradients, squares, [], [], steps, momentum=0.0, centered=False, **self.settings
        )


class SGD(Stepper):
    """`torch.optim.SGD`; the first step with momentum is its gradient."""

    def move(self, parameters: list[Tensor], gradients: list[Tensor]) -> None:
        before = [self.state.get(p, {}).get("momentum_buffer") for p in parameters]
        sgd_step(parameters, gradients, before, nesterov=False, maximize=False, **self.settings)
        if self.settings["momentum"]:
            pairs = zip(parameters, before)
            self.state.update({p: {"momentum_buffer": b} for p, b in pairs if b is not None})


def _has_fused_kernel(parameter: Tensor) -> bool:
    return parameter.device.type in ("cpu", "cuda")
