"""The precision and the device of the networks."""

from contextlib import AbstractContextManager, nullcontext
from functools import cache
from pathlib import Path

import torch

from rivalry.errors import BadRequest


def choose_device(name: str) -> torch.device:
    """`auto` is CUDA, else Apple's MPS, else the processor.

    Raises:
        BadRequest: the device does not exist, or this machine does not have it.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda", torch.cuda.current_device())
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    there = ["cpu", *(["mps"] if torch.backends.mps.is_available() else [])]
    there += (
        ["cuda", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
        if torch.cuda.is_available()
        else []
    )
    if name not in there:
        raise BadRequest(f"no device {name!r} here; there is: auto, {', '.join(there)}")
    return torch.device(name)


def choose_precision(name: str, device: torch.device, *, small: bool = False) -> str:
    """`fp32` or `bf16`.  `auto` is bf16 if the device computes fast in bfloat16 and the game is not `small`."""
    if name not in ("auto", "fp32", "bf16"):
        raise BadRequest(f"no precision {name!r}; there is: auto, fp32, bf16")
    if name != "auto":
        return name
    return "bf16" if not small and has_fast_bfloat16(device.type) else "fp32"


@cache
def has_fast_bfloat16(device: str) -> bool:
    """Whether the device is a GPU that computes in bfloat16, or a CPU with instructions for it (AVX-512 or AMX)."""
    if device == "cuda":
        return torch.cuda.get_device_capability() >= (8, 0)
    return device == "cpu" and bool({"avx512_bf16", "amx_bf16"} & _abilities())


def _abilities() -> set[str]:
    """The features of this processor by their names in Linux; empty on other systems.

    Torch knows them too, but its functions are private so far (`torch.cpu._is_avx512_bf16_supported`).
    """
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    return next((set(line.split()) for line in lines if line.startswith("flags")), set())


def autocast(precision: str, device: torch.device) -> AbstractContextManager:
    """The context in which the networks of a round are computed.  Losses and penalties use float32 themselves."""
    if precision == "fp32":
        return nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)


def describe(device: torch.device) -> str:
    """The device in words, for run.json: "cuda (NVIDIA H100)", "cpu (AMD EPYC, 2 threads)"."""
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    if device.type == "cpu":
        return f"cpu ({_processor()}, {torch.get_num_threads()} threads)"
    return str(device)


@cache
def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else "processor"
