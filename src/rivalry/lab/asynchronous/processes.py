"""Processes that train one small game together: by turns that wait for each other, or without waiting.

- "one process": plays all rounds.
- "synchronous": every process plays its own batches; the gradients of every move are averaged (`play.ranks`).
- "shared weights": the processes change the same memory without any lock (Hogwild: Niu et al. 2011, arXiv 1106.5730).
- "parameter server": a process that owns the weights adds the change that each worker's round has made, and sends back
  the weights as they are by then (Dean et al. 2012, "Large Scale Distributed Deep Networks", downpour).

All draw the same number of data.  A worker's staleness is the number of other workers' rounds that changed the weights
between its look at them and its own change.
"""

import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import Tensor

from rivalry.data import open_data
from rivalry.game import Game
from rivalry.lab.small import engine_on, small_gan
from rivalry.maths.penalties import r1
from rivalry.play.ranks import Ranks

WAYS = ("one process", "synchronous", "shared weights", "parameter server")
PENALTY = 0.1


@dataclass(frozen=True)
class Job:
    """What is played.

    Attributes:
        data: a name that `open_data` knows.
        rounds: of all workers together.
        workers: processes that play.
        settings: of `small_gan`.
    """

    data: str
    rounds: int
    workers: int
    seed: int
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass
class Played:
    """The game at the end, the seconds of play, and the mean staleness in rounds."""

    game: Game
    seconds: float
    staleness: float


def game_of(job: Job) -> Game:
    """The game with the weights of the job's seed: the same in every process."""
    torch.manual_seed(job.seed)
    return small_gan(open_data(job.data).spec, penalties=[r1(PENALTY)], **job.settings)


def play(job: Job, way: str) -> Played:
    """Play the job in one of `WAYS`."""
    game = game_of(job)
    shared = [p.data.share_memory_() for p in game.parameters()]
    told = torch.zeros(3, dtype=torch.float64).share_memory_()  # rounds so far, the sum of staleness, seconds
    workers = 1 if way == "one process" else job.workers
    processes = workers + (way == "parameter server")
    with tempfile.TemporaryDirectory() as folder:
        where = str(Path(folder) / "meeting")
        mp.get_context("forkserver").set_forkserver_preload([__name__])  # imports are made once
        mp.start_processes(
            _process, (job, way, workers, shared, told, where), processes, start_method="forkserver"
        )
    return Played(game, float(told[2]), float(told[1] / told[0].clamp(min=1)))


def _process(
    rank: int, job: Job, way: str, workers: int, shared: list[Tensor], told: Tensor, where: str
) -> None:
    torch.set_num_threads(1)
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    world = workers + (way == "parameter server")
    dist.init_process_group(
        "gloo", init_method=f"file://{where}", rank=rank, world_size=world, timeout=timedelta(seconds=300)
    )
    try:
        dist.barrier()
        if way == "parameter server" and rank == workers:
            _serve(job.rounds // workers * workers, shared, told)
        else:
            _work(rank, job, way, workers, shared, told)
        dist.barrier()
    finally:
        dist.destroy_process_group()


def _work(rank: int, job: Job, way: str, workers: int, shared: list[Tensor], told: Tensor) -> None:
    game, data = game_of(job), open_data(job.data)
    if way == "shared weights":
        for parameter, weights in zip(game.parameters(), shared):
            parameter.data = weights  # every step of the optimizer changes the memory of all
    engine = engine_on(game, data, job.seed + 101 * rank)
    if way == "synchronous":
        engine.ranks = Ranks(rank, workers)
    dist.barrier() if way != "parameter server" else None
    begun = time.perf_counter()
    for _ in range(job.rounds // workers):
        before = float(told[0])
        stood = flat(game.parameters()) if way == "parameter server" else None
        for _moves in engine.turns():
            pass
        engine.t += 1
        if stood is not None:
            _exchange(game, stood, workers)
        elif way == "shared weights":
            told[1] += float(told[0]) - before
            told[0] += 1
    if rank == 0:
        told[2] = time.perf_counter() - begun
        if way in ("one process", "synchronous"):
            for weights, parameter in zip(shared, game.parameters()):
                weights.copy_(parameter.data)


# ---------------------------------------------------------------------- the parameter server


def _exchange(game: Game, stood: Tensor, server: int) -> None:
    """Send the change of a round, and take over the weights as the server has them."""
    dist.send(flat(game.parameters()) - stood, server)
    dist.recv(stood, server)
    unflatten(stood, list(game.parameters()))


def _serve(messages: int, shared: list[Tensor], told: Tensor) -> None:
    """Add the changes of workers as they come; the version of the weights that each worker has is remembered."""
    weights, version = flat(shared), dict[int, int]()
    change = torch.empty_like(weights)
    for now in range(messages):
        worker = dist.recv(change)
        told[1] += now - version.get(worker, 0)
        told[0] += 1
        weights += change
        version[worker] = now + 1
        dist.send(weights, worker)
    unflatten(weights, shared)


def flat(tensors: Any) -> Tensor:
    """All numbers of some tensors in one vector, a copy."""
    return torch.cat([t.detach().reshape(-1) for t in tensors])


@torch.no_grad()
def unflatten(vector: Tensor, into: Sequence[Tensor]) -> None:
    """Write the numbers of a vector into tensors, in their order."""
    for tensor, part in zip(into, vector.split([t.numel() for t in into])):
        tensor.copy_(part.view(tensor.shape))
