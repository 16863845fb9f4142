"""The speed of the metrics and of the packages that people use, and how far they agree.

    python benchmarks/metrics.py [--repeats 3] [--threads 2]

- Fréchet distance at d = 2,048 from moments, of 10,000 and of 1,000 features a side, against `scipy.linalg.sqrtm`
  of the product, as pytorch-fid and clean-fid take it, and against the eigenvalues of the product
  (`scipy.linalg.eigvals`), the quicker way that torchmetrics takes.
- Precision, recall, density and coverage of 10,000 against 10,000 features of 2,048, against `prdc`.
- KID on all of 10,000 against 10,000, against 100 subsets of 1,000 as torch-fidelity takes them.

Both sides of a row are timed by turns in one process, on the same features: unit normals through a random
rectified layer, so that their covariances are neither white nor of full rank for few.  A peer that is not
installed leaves its row out.  Writes benchmarks/results/metrics.json and .md.
"""

import argparse
import importlib.util
import statistics
import time
import warnings
from collections.abc import Callable, Iterator

import numpy as np
import torch
from certificate import certificate
from record import Row, record
from scipy import linalg
from torch import Tensor

from rivalry.metrics.features.density import prdc
from rivalry.metrics.features.frechet import Moments, frechet_distance, frechet_of_few
from rivalry.metrics.features.kid import kid, kid_of_subsets

WIDTH = 2048
COLUMNS = ("ours, s", "theirs, s", "ratio", "least", "difference")


def main() -> None:
    options = parse()
    torch.set_num_threads(options.threads)
    provenance, rows = certificate(), []
    for name, peer, ours, theirs in contests(options.n):
        rows.append(
            {"metric": name, "seed": 0, **contest(ours, theirs, options.repeats), **provenance, "peer": peer}
        )
        print(rows[-1], flush=True)
        says = [f"{row['metric']}: against {row['peer']}" for row in rows]
        record(
            "metrics",
            rows,
            "metric",
            COLUMNS,
            [*says, "ratio: theirs over ours, the median; `least`: the smallest"],
        )


def contests(n: int) -> Iterator[tuple[str, str, Callable[[], float], Callable[[], float]]]:
    x, y = features(n, 0), features(n, 1)
    few, others = x[:1000], y[:1000]
    of_x, of_y = Moments.of(x), Moments.of(y)
    yield (
        f"Fréchet, {n:,}",
        "scipy.linalg.sqrtm",
        lambda: frechet_distance(of_x, of_y),
        lambda: by_root(of_x, of_y),
    )
    yield (
        f"Fréchet, {n:,}, by eigenvalues",
        "scipy.linalg.eigvals",
        lambda: frechet_distance(of_x, of_y),
        lambda: by_eigenvalues(of_x, of_y),
    )
    yield (
        "Fréchet, 1,000 (n ≤ d)",
        "scipy.linalg.sqrtm",
        lambda: frechet_of_few(few, others),
        lambda: by_root(Moments.of(few), Moments.of(others)),
    )
    if importlib.util.find_spec("prdc"):
        from prdc import compute_prdc

        yield (
            f"precision ... coverage, {n:,}",
            "prdc",
            lambda: prdc(x, y)[2].value,
            lambda: compute_prdc(x.numpy(), y.numpy(), nearest_k=5)["density"],
        )
    yield (
        f"KID, {n:,}",
        "100 subsets of 1,000",
        lambda: kid(x, y).value,
        lambda: kid_of_subsets(x, y).value,
    )


def features(n: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    mix = torch.randn(512, WIDTH, generator=torch.Generator().manual_seed(2)) / 512**0.5
    hidden = torch.randn(n, 512, generator=generator) + 0.05 * seed
    return (hidden @ mix + 0.1 * torch.randn(n, WIDTH, generator=generator)).relu()


def by_root(a: Moments, b: Moments) -> float:
    """The distance with the root of the product of the covariances."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        root = linalg.sqrtm(a.covariance.numpy() @ b.covariance.numpy())
    return apart(a, b) - 2 * float(np.trace(np.real(root)))


def by_eigenvalues(a: Moments, b: Moments) -> float:
    """The distance with the roots of the eigenvalues of the product of the covariances."""
    values = linalg.eigvals(a.covariance.numpy() @ b.covariance.numpy())
    return apart(a, b) - 2 * float(np.sqrt(values + 0j).real.sum())


def apart(a: Moments, b: Moments) -> float:
    """The part of the distance that needs no root."""
    return float((a.mean - b.mean).square().sum() + a.covariance.trace() + b.covariance.trace())


def contest(ours: Callable[[], float], theirs: Callable[[], float], repeats: int) -> Row:
    """Both by turns; the values they gave, apart, relative to the greater."""
    times: list[tuple[float, float]] = []
    for _ in range(repeats):
        (a, mine), (b, other) = timed(ours), timed(theirs)
        times.append((a, b))
    ratios = [b / a for a, b in times]
    return {
        "ours, s": statistics.median(a for a, _ in times),
        "theirs, s": statistics.median(b for _, b in times),
        "ratio": statistics.median(ratios),
        "least": min(ratios),
        "difference": abs(mine - other) / max(abs(mine), abs(other)),
    }


def timed(call: Callable[[], float]) -> tuple[float, float]:
    start = time.perf_counter()
    value = call()
    return time.perf_counter() - start, value


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("-n", type=int, default=10_000)
    return parser.parse_args()


if __name__ == "__main__":
    main()
