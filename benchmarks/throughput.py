"""How long one round takes: rivalry's engine against a plain PyTorch loop with the same layers.

    python benchmarks/throughput.py [--device cpu|cuda] [--precision auto fp32] [--threads N] [--quick]

Seven systems, each played by every contender in one process, turn and turn about:

    28       `dcgan` on 28 x 28 x 1, batch 128
    64       `dcgan` on 64 x 64 x 3, batch 64
    public   the sizes of the most copied public DCGAN script (eriklindernoren/PyTorch-GAN, 32 x 32 x 1, batch 64)
    stylegan2, r3gan, biggan, cyclegan
             our networks, played by ours and by a loop that makes the passes of the system's public repository
             (see public_loops.py); sixteen rounds of stylegan2 are one, since its terms are lazy

The plain loop is that of most public repositories (see plain_loop.py).  Nothing holds it back: it has no image
files to decode and nothing to print, its loader runs with 0 and with 2 workers and the faster one races, and what
workers prefetch while it waits for its turn is not charged to it.  On 28 and 64 its layers are those of
`rivalry.games.image.dcgan`, where most scripts have a transposed convolution of a 1 x 1 map, slower than our
linear layer.

A ratio is the plain time over ours, taken turn by turn; the table gives the median and, in brackets, the
smallest and the largest.  Time is wall time.  Beside it stands the ratio of processor time, this process's
own, without the loader's workers: with `--threads 1` it holds on a crowded machine too, where wall time says
little; on a GPU it is the cost of launching kernels and of waiting for them.

Writes benchmarks/results/throughput-<device>.json and .md.
"""

import argparse
import json
import math
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from certificate import certificate
from plain_loop import Images, Plain, plain_rounds
from public_loops import Batches, biggan_rounds, cyclegan_rounds, r3gan_rounds, stylegan2_rounds
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torch.utils.flop_counter import FlopCounterMode

from rivalry.data.source import Dataset, Spec, TableSource
from rivalry.games.image.biggan import BigGAN, biggan
from rivalry.games.image.dcgan import dcgan
from rivalry.games.image.relativistic import RelativisticGAN, r3gan
from rivalry.games.image.stylegan import StyleGAN, stylegan2
from rivalry.games.translation.cyclegan import CycleGAN, cyclegan
from rivalry.games.two_players import GAN
from rivalry.maths.divergences import non_saturating
from rivalry.maths.optimizers import adam
from rivalry.maths.priors import normal
from rivalry.play.engine import Engine
from rivalry.play.goal import Goal
from rivalry.play.precision import choose_precision, describe

SEED = 0
ROWS = 8192  # images in memory: an epoch is 64 or 128 batches
BLOCK = 1.0  # seconds of one turn in the race, at least one round


# ---------------------------------------------------------------- the public script's networks, from their sizes


class ChannelsLast(nn.Module):
    """(n, 128 * 8 * 8) -> (n, 128, 8, 8) as a view in the layout (n, h, w, c), in which we compute."""

    def forward(self, x: Tensor) -> Tensor:
        return x.view(len(x), 8, 8, 128).permute(0, 3, 1, 2)


class UpsamplingGenerator(nn.Sequential):
    """(n, 100) -> (n, 1, 32, 32): a map of 128 at 8 x 8, doubled twice by nearest neighbors, 3 x 3 kernels."""

    def __init__(self) -> None:
        super().__init__(
            nn.Linear(100, 128 * 8 * 8),
            ChannelsLast(),
            nn.BatchNorm2d(128),
            *(nn.Upsample(scale_factor=2), nn.Conv2d(128, 128, 3, padding=1)),
            *(nn.BatchNorm2d(128, eps=0.8), nn.LeakyReLU(0.2, inplace=True)),
            *(nn.Upsample(scale_factor=2), nn.Conv2d(128, 64, 3, padding=1)),
            *(nn.BatchNorm2d(64, eps=0.8), nn.LeakyReLU(0.2, inplace=True)),
            *(nn.Conv2d(64, 1, 3, padding=1), nn.Tanh()),
        )


class DropoutCritic(nn.Sequential):
    """(n, 1, 32, 32) -> scores (n,): four strided 3 x 3 convolutions with dropout, then a linear layer."""

    def __init__(self) -> None:
        layers: list[nn.Module] = []
        for a, b in ((1, 16), (16, 32), (32, 64), (64, 128)):
            layers += [nn.Conv2d(a, b, 3, 2, 1), nn.LeakyReLU(0.2, inplace=True), nn.Dropout2d(0.25)]
            layers += [nn.BatchNorm2d(b, eps=0.8)] if a > 1 else []
        super().__init__(*layers, nn.Flatten(), nn.Linear(128 * 2 * 2, 1), nn.Flatten(0))


# ---------------------------------------------------------------- the systems


@dataclass(frozen=True)
class System:
    """A system that is measured.

    Attributes:
        shape: (c, h, w) of the images.
        game: builds ours.
        plain: wires the same networks for the plain loop; or
        loop: plays them round by round on batches.
        stored: (c, h, w) of the images that the plain loop reads, where it resizes every one anew.
        classes: how many there are, or domains.
        period: rounds until the same work comes again.
    """

    name: str
    shape: tuple[int, int, int]
    batch: int
    game: Callable[["System"], Any]
    plain: Callable[[Any], Plain] | None = None
    loop: Callable[[Any, Batches], Iterator[object]] | None = None
    stored: tuple[int, int, int] | None = None
    classes: int = 0
    period: int = 1

    @property
    def spec(self) -> Spec:
        return Spec("noise", "image", self.shape, tuple(map(str, range(self.classes))))


def _dcgan(system: System) -> GAN:
    return dcgan(system.spec, batch=system.batch)


def _plain_dcgan(game: GAN) -> Plain:
    # The same layers, their maps unrolled in the order (c, h, w): ours go with the layout that we compute in.
    small = game.G.small
    unroll = nn.Unflatten(1, (game.G.first.out_features // math.prod(small), *small))
    G = nn.Sequential(game.G.first, unroll, *game.G.body)
    D = nn.Sequential(*game.D.body, nn.Flatten(), game.D.last, nn.Flatten(0))
    return Plain(G, D, lambda n, device: torch.randn(n, 100, device=device), nn.BCEWithLogitsLoss())


def _public(system: System) -> GAN:
    # One pass of G serves both turns here as there; the order of the turns is our game's own.
    return GAN(
        UpsamplingGenerator(),
        DropoutCritic(),
        prior=normal(100),
        divergence=non_saturating,
        generator=adam(2e-4, 0.5),
        critic=adam(2e-4, 0.5),
        batch=system.batch,
    )


def _plain_public(game: GAN) -> Plain:
    noise = lambda n, device: torch.from_numpy(np.random.normal(0, 1, (n, 100)).astype(np.float32)).to(device)
    first, _, *rest = game.G
    G, D = nn.Sequential(first, nn.Unflatten(1, (128, 8, 8)), *rest), nn.Sequential(game.D, nn.Sigmoid())
    return Plain(G, D, noise, nn.BCELoss(), generator_first=True, share=0.5)


def _stylegan2(system: System) -> StyleGAN:
    return stylegan2(system.spec, batch=system.batch)


def _r3gan(system: System) -> RelativisticGAN:
    return r3gan(system.spec, batch=system.batch)


def _biggan(system: System) -> BigGAN:
    return biggan(system.spec, batch=system.batch, width=16)


def _cyclegan(system: System) -> CycleGAN:
    return cyclegan(system.spec, batch=system.batch)


SYSTEMS = {
    "28": System("dcgan, 28 x 28 x 1, batch 128", (1, 28, 28), 128, _dcgan, _plain_dcgan),
    "64": System("dcgan, 64 x 64 x 3, batch 64", (3, 64, 64), 64, _dcgan, _plain_dcgan),
    "public": System(
        "public script, 32 x 32 x 1, batch 64", (1, 32, 32), 64, _public, _plain_public, stored=(1, 28, 28)
    ),
    "stylegan2": System(
        "stylegan2, 32 x 32 x 3, batch 4", (3, 32, 32), 4, _stylegan2, loop=stylegan2_rounds, period=16
    ),
    "r3gan": System("r3gan, 32 x 32 x 3, batch 16", (3, 32, 32), 16, _r3gan, loop=r3gan_rounds),
    "biggan": System("biggan, 32 x 32 x 3, batch 8", (3, 32, 32), 8, _biggan, loop=biggan_rounds, classes=10),
    "cyclegan": System(
        "cyclegan, 64 x 64 x 3, batch 1", (3, 64, 64), 1, _cyclegan, loop=cyclegan_rounds, classes=2
    ),
}


# ---------------------------------------------------------------- the contenders


@dataclass
class Contender:
    """One that plays rounds, and its measurements."""

    name: str
    precision: str
    play: Callable[[int], None]
    gflop: float = 0.0
    wall: list[float] = field(default_factory=list)  # ms a round, one entry a turn
    cpu: list[float] = field(default_factory=list)  # the same of processor time, of only this process


def ours(system: System, precision: str, device: torch.device) -> Contender:
    torch.manual_seed(SEED)
    game = system.game(system)
    label = torch.arange(ROWS) % system.classes if system.classes else None
    images = Dataset(system.spec, noise_images(system.shape), label).to(device)
    source = TableSource(images, game.reads, batch=game.batch, seed=SEED, device=device)
    engine = Engine(game, source, seed=SEED, device=device, precision=precision)
    return Contender(f"rivalry, {precision}", precision, lambda n: engine.play(Goal(rounds=engine.t + n)))


def contenders_of(system: System, device: torch.device) -> list[Contender]:
    """The loops that ours is raced against."""
    if system.loop:
        return [by_hand(system, device)]
    return [plain(system, workers, device) for workers in (0, 2)]


def by_hand(system: System, device: torch.device) -> Contender:
    """The loop of the public kind; its batches lie in memory and only have to be scaled."""
    assert system.loop
    torch.manual_seed(SEED)
    rounds = system.loop(system.game(system).to(device).train(), batches(system, device))
    return Contender("public loop", "fp32", lambda n: [next(rounds) for _ in range(n)] and None)


def batches(system: System, device: torch.device) -> Batches:
    x, n = noise_images(system.shape), system.batch
    scaled = lambda: x[torch.randint(len(x), (n,))].to(device).float() / 127.5 - 1
    while True:
        if system.loop is cyclegan_rounds:
            yield scaled(), scaled()
        elif system.classes:
            yield scaled(), torch.randint(system.classes, (n,), device=device)
        else:
            yield (scaled(),)


def plain(system: System, workers: int, device: torch.device) -> Contender:
    assert system.plain
    torch.manual_seed(SEED)
    images = Images(noise_images(system.stored or system.shape), system.shape[1] if system.stored else None)
    loader = DataLoader(
        images,
        system.batch,
        shuffle=True,
        drop_last=True,
        num_workers=workers,
        persistent_workers=workers > 0,
    )
    rounds = plain_rounds(system.plain(system.game(system)), loader, device)

    def play(n: int) -> None:
        for _ in range(n):
            next(rounds)

    return Contender(f"plain loop, {workers} workers", "fp32", play)


def noise_images(shape: tuple[int, int, int]) -> Tensor:
    generator = torch.Generator().manual_seed(SEED)
    return torch.randint(0, 256, (ROWS, *shape), dtype=torch.uint8, generator=generator)


# ---------------------------------------------------------------- the race


def wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


class WholeProgram(nullcontext):
    """In place of the counter's table by modules: it cannot be kept where a loss derives in a module's input."""

    parents = ("Global",)


def warm_up(contender: Contender, device: torch.device) -> float:
    """Let it choose its kernels, count its FLOPs; returns the seconds of one round."""
    counter = FlopCounterMode(display=False)
    counter.mod_tracker = WholeProgram()
    with counter:
        contender.play(1)
    contender.gflop = counter.get_total_flops() / 1e9
    contender.play(10 if device.type == "cuda" else 1)
    wait_for(device)
    start = time.perf_counter()
    contender.play(1)
    wait_for(device)
    return time.perf_counter() - start


def race(contenders: list[Contender], rounds: int, turns: int, device: torch.device) -> None:
    """A B C, B C A, ...: each plays `rounds` rounds in each of its turns."""
    for contender in contenders:
        contender.wall, contender.cpu = [], []
    for i in range(turns):
        k = i % len(contenders)
        for contender in contenders[k:] + contenders[:k]:
            time.sleep(0.1)  # a loader's workers fill their queue: not in somebody else's time
            start, cpu = time.perf_counter(), time.process_time()
            contender.play(rounds)
            wait_for(device)
            contender.wall.append(1e3 * (time.perf_counter() - start) / rounds)
            contender.cpu.append(1e3 * (time.process_time() - cpu) / rounds)


def measure(system: System, precisions: list[str], device: torch.device, quick: bool) -> list[Contender]:
    """The plain loop with the faster loader, then ours at each precision."""
    loops = contenders_of(system, device)
    mine = [ours(system, precision, device) for precision in precisions]
    seconds = [warm_up(contender, device) for contender in [*loops, *mine]]
    rounds = max(1, round((BLOCK / 4 if quick else BLOCK) / max(seconds) / system.period)) * system.period
    turns = 3 if quick else 9
    race(loops, rounds, 1 if quick else 3, device)
    baseline = min(loops, key=lambda loop: statistics.median(loop.wall))
    print(
        f"{system.name}: {', '.join(f'{c.name} {statistics.median(c.wall):.1f} ms' for c in loops)}",
        file=sys.stderr,
    )
    contenders = [baseline, *mine]
    race(contenders, rounds, turns, device)
    return contenders


def gemm_peak(precision: str, device: torch.device) -> float:
    """GFLOP/s of the best of many products of square matrices, in the arithmetic that convolutions use there."""
    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    best = 0.0
    for n in (4096, 8192) if device.type == "cuda" else (512, 1024, 2048):
        a, until = torch.randn(n, n, device=device, dtype=dtype), time.perf_counter() + 1
        while time.perf_counter() < until:
            start = time.perf_counter()
            _ = a @ a
            wait_for(device)
            best = max(best, 2 * n**3 / (time.perf_counter() - start) / 1e9)
    torch.backends.cuda.matmul.allow_tf32 = before
    return best


# ---------------------------------------------------------------- the record


def spread(values: list[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def row(contender: Contender, baseline: Contender, peak: float) -> dict[str, Any]:
    ms = statistics.median(contender.wall)
    by_wall = [a / b for a, b in zip(baseline.wall, contender.wall, strict=True)]
    by_processor = [a / b for a, b in zip(baseline.cpu, contender.cpu, strict=True)]
    return {
        "contender": contender.name,
        "ms": ms,
        "ms_each": contender.wall,
        "processor_ms_each": contender.cpu,
        "ratio": spread(by_wall),
        "processor_ratio": spread(by_processor),
        "gflop": contender.gflop,
        "gflop_per_s": contender.gflop / ms * 1e3,
        "share_of_gemm_peak": contender.gflop / ms * 1e3 / peak,
    }


def table(results: dict[str, list[dict[str, Any]]]) -> str:
    lines = [
        "| system | contender | ms a round | plain / this | by processor time | GFLOP | GFLOP/s | of GEMM peak |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for system, rows in results.items():
        for r in rows:
            wall, processor = (
                f"{ratio['median']:.2f} ({ratio['min']:.2f} to {ratio['max']:.2f})"
                for ratio in (r["ratio"], r["processor_ratio"])
            )
            lines.append(
                f"| {system} | {r['contender']} | {r['ms']:.1f} | {wall} | {processor} | {r['gflop']:.1f} "
                f"| {r['gflop_per_s']:,.0f} | {r['share_of_gemm_peak']:.0%} |"
            )
    return "\n".join(lines)


def page(record: dict[str, Any]) -> str:
    peaks = ", ".join(f"{name} {peak:,.0f} GFLOP/s" for name, peak in record["gemm_gflop_per_s"].items())
    lines = [
        f"Device: {record['hardware']}; processor: {record['processor']}; torch {record['torch']}; "
        f"commit {record['commit']}; {record['date']}.",
        f"Command: `{record['command']}`",
        f"Products of square matrices: {peaks}.",
        table(record["results"]),
    ]
    return "\n\n".join(lines)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--precision", nargs="+", choices=("auto", "fp32", "bf16"), default=["fp32", "auto"])
    parser.add_argument("--systems", nargs="+", choices=list(SYSTEMS), default=list(SYSTEMS))
    parser.add_argument("--threads", type=int, help="of the processor; default: as torch chooses")
    parser.add_argument("--quick", action="store_true", help="3 short turns each in place of 9")
    parser.add_argument("--out", type=Path, help="default: benchmarks/results/throughput-DEVICE.json")
    return parser.parse_args()


def main() -> None:
    options = parse()
    if options.threads:
        torch.set_num_threads(options.threads)
    device = torch.device(options.device)
    precisions = list(dict.fromkeys(choose_precision(name, device) for name in options.precision))
    peaks = dict.fromkeys(["fp32", *precisions], 0.0)
    raced = {}
    for name in options.systems:
        peaks = {precision: max(peak, gemm_peak(precision, device)) for precision, peak in peaks.items()}
        raced[SYSTEMS[name].name] = measure(SYSTEMS[name], precisions, device, options.quick)
    results = {name: [row(c, some[0], peaks[c.precision]) for c in some] for name, some in raced.items()}
    record = {
        **certificate(options.device),
        "seed": SEED,
        "processor": f"{describe(torch.device('cpu'))}, {torch.backends.cpu.get_cpu_capability()}",
        "gemm_gflop_per_s": peaks,
        "results": results,
    }
    out = options.out or Path(__file__).parent / "results" / f"throughput-{device.type}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(record, indent=1) + "\n")
    out.with_suffix(".md").write_text(page(record) + "\n")
    print(page(record), f"\n\n{out}", sep="")


if __name__ == "__main__":
    main()
