"""Many processes that play one game: one process a device, started by torchrun.

Every process holds the whole game and its share of each batch; gradients are averaged move by move, so
all hold the same weights.  Plain torch.distributed: gloo between processors, nccl between GPUs.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn


@dataclass(frozen=True)
class Ranks:
    """Which of how many processes this one is."""

    rank: int = 0
    world: int = 1

    @property
    def first(self) -> bool:
        """The process that writes."""
        return self.rank == 0

    def average(self, tensors: list[Tensor]) -> None:
        """Replace each tensor by its mean over the processes: one message for all of them."""
        if self.world == 1 or not tensors:
            return
        flat = torch.cat([t.reshape(-1) for t in tensors])
        dist.all_reduce(flat)
        flat /= self.world
        for tensor, mean in zip(tensors, flat.split([t.numel() for t in tensors])):
            tensor.copy_(mean.view(tensor.shape))

    def same(self, module: nn.Module) -> None:
        """Give every process the first one's parameters and buffers."""
        if self.world == 1:
            return
        for tensor in [*module.parameters(), *module.buffers()]:
            whole = tensor.data.contiguous()
            dist.broadcast(whole, 0)
            tensor.data.copy_(whole)

    def agree(self, module: nn.Module) -> None:
        """Replace each buffer by its mean over the processes: running statistics, ADA's p."""
        if self.world > 1:
            self.average([buffer for buffer in module.buffers() if buffer.is_floating_point()])

    def gather(self, tensor: Tensor) -> list[Tensor]:
        """Every process's tensor, in order of rank and where the own one is; all of one shape."""
        if self.world == 1:
            return [tensor]
        mine = tensor.contiguous().to(_message_device())
        parts = [torch.empty_like(mine) for _ in range(self.world)]
        dist.all_gather(parts, mine)
        return [part.to(tensor.device) for part in parts]

    def join(self, share: Tensor, n: int) -> Tensor:
        """All `n` rows, from the rows of each process that `share_of` gave it."""
        if self.world == 1:
            return share
        most = -(-n // self.world)
        padded = torch.cat([share, share.new_zeros(most - len(share), *share.shape[1:])])
        parts = self.gather(padded)
        return torch.cat([part[: len(self.share_of(n, rank))] for rank, part in enumerate(parts)])

    def share_of(self, n: int, rank: int | None = None) -> Tensor:
        """Which of `n` rows a process works on, this one where no rank is told: consecutive, and as many as others."""
        return torch.arange(n).tensor_split(self.world)[self.rank if rank is None else rank]

    def tell(self, text: str) -> str:
        """The first process's text, in all of them."""
        if self.world == 1:
            return text
        letters = torch.zeros(4096, dtype=torch.uint8)
        written = text.encode()[: len(letters)]
        letters[: len(written)] = torch.tensor(list(written), dtype=torch.uint8)
        letters = letters.to(_message_device())
        dist.broadcast(letters, 0)
        return bytes(letters.tolist()).rstrip(b"\0").decode()

    def any(self, flag: bool) -> bool:
        """Whether any process says so; all of them hear the same answer."""
        if self.world == 1:
            return flag
        # One small message a call: asked once a round, where a gradient travels anyway.
        said = torch.tensor(float(flag), device=_message_device())
        dist.all_reduce(said, op=dist.ReduceOp.MAX)
        return bool(said.item())

    def wait(self) -> None:
        if self.world > 1:
            dist.barrier()

    def leave(self) -> None:
        if self.world > 1:
            dist.destroy_process_group()


def join() -> Ranks:
    """Join the processes that torchrun started (WORLD_SIZE, RANK, LOCAL_RANK); alone when there are none."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        return Ranks()
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    if not dist.is_initialized():
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    return Ranks(dist.get_rank(), world)


def _message_device() -> torch.device:
    return torch.device("cuda" if dist.get_backend() == "nccl" else "cpu")


def floats(tensors: Iterable[Tensor | None]) -> list[Tensor]:
    """Those that are there."""
    return [t for t in tensors if t is not None]
