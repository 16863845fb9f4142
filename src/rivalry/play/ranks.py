"""Several processes that train one game: one process for each device, started by torchrun.

Every process holds the whole game and its share of each batch.  The gradients of each move are averaged, so all
processes hold the same weights.  This is plain torch.distributed: gloo between CPUs, nccl between GPUs.
"""

import itertools
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from rivalry.errors import BadRequest, RunFailed

T = TypeVar("T")

PATIENCE = 1800.0  # seconds to wait for another process; RIVALRY_PATIENCE overrides it
GRACE = 5.0  # seconds within which all processes whose wait failed report it
LONGEST = 8192  # bytes of a text that the first process sends to the others
_board: "dist.Store | None" = None  # a failing process writes its error here for the others
_turns = itertools.count()  # counts the calls of `first_before_others`


@dataclass(frozen=True)
class Ranks:
    """The rank of this process, and how many processes there are."""

    rank: int = 0
    world: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the first process, which writes the run."""
        return self.rank == 0

    def average(self, tensors: list[Tensor]) -> None:
        """Replace each tensor by its mean over the processes.  All tensors are sent in one message."""
        if self.world == 1 or not tensors:
            return
        flat = torch.cat([t.reshape(-1) for t in tensors])
        with self._together():
            dist.all_reduce(flat)
        flat /= self.world
        for tensor, mean in zip(tensors, flat.split([t.numel() for t in tensors])):
            tensor.copy_(mean.view(tensor.shape))

    def same(self, module: nn.Module) -> None:
        """Copy the first process's parameters and buffers to every process."""
        if self.world == 1:
            return
        for tensor in [*module.parameters(), *module.buffers()]:
            whole = tensor.data.contiguous()
            with self._together():
                dist.broadcast(whole, 0)
            tensor.data.copy_(whole)

    def gather(self, tensor: Tensor) -> list[Tensor]:
        """The tensors of all processes, in order of rank, on the device of this one's.  They must have one shape."""
        if self.world == 1:
            return [tensor]
        mine = tensor.contiguous().to(_message_device())
        parts = [torch.empty_like(mine) for _ in range(self.world)]
        with self._together():
            dist.all_gather(parts, mine)
        return [part.to(tensor.device) for part in parts]

    def join(self, share: Tensor, n: int) -> Tensor:
        """All `n` rows, put together from the rows of each process; `share_of` says which rows those are."""
        if self.world == 1:
            return share
        most = -(-n // self.world)
        padded = torch.cat([share, share.new_zeros(most - len(share), *share.shape[1:])])
        parts = self.gather(padded)
        return torch.cat([part[: len(self.share_of(n, rank))] for rank, part in enumerate(parts)])

    def share_of(self, n: int, rank: int | None = None) -> Tensor:
        """Indices of the consecutive rows, of `n`, that a process (by default this one) works on."""
        return torch.arange(n).tensor_split(self.world)[self.rank if rank is None else rank]

    def tell(self, text: str) -> str:
        """Send the first process's text to all processes; returns it."""
        if self.world == 1:
            return text
        letters = torch.zeros(LONGEST, dtype=torch.uint8)
        written = text.encode("utf-8", "surrogateescape")[
            :LONGEST
        ]  # a path may hold bytes that are not UTF-8
        letters[: len(written)] = torch.tensor(list(written), dtype=torch.uint8)
        letters = letters.to(_message_device())
        with self._together():
            dist.broadcast(letters, 0)
        return bytes(letters.tolist()).rstrip(b"\0").decode("utf-8", "surrogateescape")

    def by_first(self, job: Callable[[], str]) -> str:
        """Run `job` in the first process only, and return its result in all processes.

        Raises:
            BadRequest: the first process raised it; then all processes do.
        """
        if self.world == 1:
            return job()
        answer, refused = "", ""
        if self.first:
            try:
                answer = job()
            except BadRequest as error:
                refused = str(error)
        answer, refused = json.loads(self.tell(json.dumps([answer, refused[:1000]])))
        if refused:
            raise BadRequest(refused)
        return answer

    def first_before_others(self, job: Callable[[], T]) -> T:
        """Run `job` in the first process, then in the others, which then find its results in a cache.

        Raises:
            BadRequest: the first process raised it; then all processes do.
        """
        if self.world == 1 or _board is None:
            return job()
        key = f"first {next(_turns)}"
        if not self.first:
            _board.wait([key], timedelta(days=7))  # no real limit: a large folder may take long
            if words := _board.get(key).decode():
                raise BadRequest(words)
            return job()
        try:
            done = job()
        except BadRequest as refused:
            _board.set(key, str(refused)[:1000].encode("utf-8", "replace").decode())
            raise
        _board.set(key, "")
        return done

    def any(self, flag: bool) -> bool:
        """Whether `flag` is true in any process.  It sends a message of its own, so do not call it in every round."""
        answer = torch.tensor([float(flag)], device=_message_device() if self.world > 1 else "cpu")
        self.average([answer])
        return answer.tolist()[0] > 0

    def wait(self) -> None:
        if self.world > 1:
            with self._together():
                dist.barrier()

    def leave(self) -> None:
        if self.world > 1:
            dist.destroy_process_group()

    # ------------------------------------------------------------------ when a process fails

    @contextmanager
    def failing_together(self) -> Iterator[None]:
        """Write an error in this block to the board, for the processes that wait for this one."""
        try:
            yield
        except Exception as failure:
            if self.world > 1 and _board is not None:
                kind = "refused" if isinstance(failure, BadRequest) else "failed"
                _board.set(f"end of {self.rank}", json.dumps([kind, str(failure)[:1000]]))
            raise

    @contextmanager
    def _together(self) -> Iterator[None]:
        """A block that all processes run together.  If one is missing, the error says which, and why if known.

        Raises:
            BadRequest, RunFailed: the error of the process that ended.
        """
        try:
            yield
        except RuntimeError as error:
            raise self._why() from error

    def _why(self) -> BadRequest | RunFailed:
        try:
            return self._read_board()
        except RuntimeError:  # its process has ended as well
            return RunFailed("another process ended; the run is kept")

    def _read_board(self) -> BadRequest | RunFailed:
        if _board is None:
            return RunFailed("another process ended, or does not answer; the run is kept")
        _board.set(f"waited {self.rank}", "")
        others = [rank for rank in range(self.world) if rank != self.rank]
        until = time.monotonic() + GRACE
        while time.monotonic() < until:
            for rank in others:
                if _board.check([f"end of {rank}"]):
                    kind, words = json.loads(_board.get(f"end of {rank}"))
                    return (BadRequest if kind == "refused" else RunFailed)(words)
            time.sleep(0.1)
        missing = [str(rank) for rank in others if not _board.check([f"waited {rank}"])]
        who = f"process {' and '.join(missing)} (of 0 to {self.world - 1})" if missing else "another process"
        return RunFailed(f"{who} ended, or did not answer within {_patience():g} seconds; the run is kept")


def join() -> Ranks:
    """Join the processes that torchrun started (WORLD_SIZE, RANK, LOCAL_RANK).  Without torchrun there is only one."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        return Ranks()
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    if not dist.is_initialized():
        _meet()
    return Ranks(dist.get_rank(), world)


def _meet() -> None:
    """Join the group of processes.  Its store is also the board for error messages."""
    global _board
    store, rank, world = next(dist.rendezvous("env://"))
    _board = dist.PrefixStore("rivalry", store)
    backend = "nccl" if torch.cuda.is_available() else "gloo"
    group = dist.PrefixStore("group", store)
    limit = timedelta(seconds=_patience())
    dist.init_process_group(backend, store=group, rank=rank, world_size=world, timeout=limit)


def _patience() -> float:
    return float(os.environ.get("RIVALRY_PATIENCE", PATIENCE))


def _message_device() -> torch.device:
    return torch.device("cuda" if dist.get_backend() == "nccl" else "cpu")


def floats(tensors: Iterable[Tensor | None]) -> list[Tensor]:
    """The tensors that are not None."""
    return [t for t in tensors if t is not None]
