"""Whether stated errors are true: scores of samples from known distributions, drawn again and again.

    python benchmarks/calibration.py [--repeats 300]

Reals and fakes are Gaussian in 8 dimensions, 600 and 200 of them; fakes are like the reals, or shifted by .3 or .8
along one axis.  Logits of ten classes are a fixed linear map of them.  Each repeat draws reals, and five sets of
fakes that are compared on these reals.  Told for each score:

- claimed / actual: the root mean square of the error that a score claims, over the standard deviation of the score over
  all repeats (reals and fakes are fresh in each); for fakes like the reals, and for fakes shifted by .8.
- difference: the same for the difference of two sets on the same reals: of equal ones, and of a shifted one from one
  that is not.
- false alarms: how often two sets of the same distribution are called different (p < .05 by only this score), like the
  reals and shifted by .8; in the last row, how often any score is, after Holm's correction.
- power: how often a shift of .3 is noticed, over how often it is by the actual standard deviation.

Writes benchmarks/results/calibration.json and .md.
"""

import argparse

import torch
from certificate import certificate
from record import Row, record
from torch import Tensor

from rivalry.metrics.classes.inception_score import inception_score
from rivalry.metrics.classes.judge import verdicts
from rivalry.metrics.features.density import prdc
from rivalry.metrics.features.diversity import diversity
from rivalry.metrics.features.frechet import fid
from rivalry.metrics.features.kid import kid, kid_of_subsets
from rivalry.metrics.score import Score
from rivalry.runs.comparison import Comparison, difference_of

D, REALS, FAKES, CLASSES = 8, 600, 200, 10
SHIFTS = {"a": 0.0, "b": 0.0, "small": 0.3, "far": 0.8, "far too": 0.8}
COLUMNS = (
    "claimed / actual, equal",
    "claimed / actual, shift .8",
    "difference, equal",
    "difference, shift .3",
    "difference, shift .8",
    "false alarms, equal",
    "false alarms, shift .8",
    "power at .3",
    "power by the actual error",
)
TO_LOGITS = torch.randn(D, CLASSES, generator=torch.Generator().manual_seed(7))
Scores = dict[str, Score]
Pair = tuple[str, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeats", type=int, default=300)
    repeats = parser.parse_args().repeats
    provenance, trials = certificate(), []
    for seed in range(repeats):
        trials.append(trial(seed))
        if seed % 50 == 49 or seed == repeats - 1:
            print(f"{seed + 1} of {repeats}", flush=True)
            keep(trials, provenance)


def keep(trials: list[dict[str, Scores]], provenance: Row) -> None:
    """Write the table of the trials so far."""
    rows: list[Row] = [{**row(name, trials), **provenance, "seed": 0} for name in trials[0]["a"]]
    rows.append({**table_row(trials), **provenance, "seed": 0})
    says = [f"{len(trials)} repeats, {REALS} reals, {FAKES} fakes, d = {D}"]
    record("calibration", rows, "score", COLUMNS, says)


def trial(seed: int) -> dict[str, Scores]:
    """The scores of five sets of fakes on the same reals."""
    generator = torch.Generator().manual_seed(seed)
    draw = lambda n: torch.randn(n, D, generator=generator)
    real, axis = draw(REALS), torch.eye(D)[0]
    return {name: measured(real, draw(FAKES) + shift * axis) for name, shift in SHIFTS.items()}


def measured(real: Tensor, fake: Tensor) -> Scores:
    logits = 1.5 * fake @ TO_LOGITS
    found = [
        fid(real, fake),
        kid(real, fake),
        kid_of_subsets(real, fake, subsets=20, size=100),
        inception_score(logits),
        *prdc(real, fake),
        verdicts(logits)[0],
        diversity(real, fake),
    ]
    return {score.name.partition("[")[0]: score for score in found}


def row(name: str, trials: list[dict[str, Scores]]) -> Row:
    """The row of one score, from the trials."""
    of = lambda which: [trial[which][name] for trial in trials]
    apart = {
        pair: torch.tensor([difference_of(t[pair[0]][name], t[pair[1]][name]) for t in trials]).double().T
        for pair in (("a", "b"), ("a", "small"), ("far", "far too"))
    }
    equal, small, far = apart.values()
    rate = lambda hits: float(hits.double().mean())
    return dict(
        zip(
            ("score", *COLUMNS),
            (
                name,
                ratio([s.value for s in of("a")], [s.error for s in of("a")]),
                ratio([s.value for s in of("far")], [s.error for s in of("far")]),
                *(ratio(d[0], d[1]) for d in (equal, small, far)),
                rate(equal[2] < 0.05),
                rate(far[2] < 0.05),
                rate(small[2] < 0.05),
                rate(small[0].abs() > 1.96 * small[0].std()),
            ),
        )
    )


def ratio(values: object, errors: object) -> float:
    """The root mean square of the claimed errors over the standard deviation of the values."""
    found, claimed = (torch.as_tensor(x, dtype=torch.float64) for x in (values, errors))
    return float(claimed.square().mean().sqrt() / found.std())


def table_row(trials: list[dict[str, Scores]]) -> Row:
    """How often any of the scores rings for equal sets."""
    rings = lambda pair: [
        any(not d.noise for d in Comparison({name: t[name] for name in pair}).differences) for t in trials
    ]
    rate = lambda pair: sum(rings(pair)) / len(trials)
    return {
        "score": "any of them (Holm)",
        "false alarms, equal": rate(("a", "b")),
        "false alarms, shift .8": rate(("far", "far too")),
        "power at .3": rate(("a", "small")),
    }


if __name__ == "__main__":
    main()
