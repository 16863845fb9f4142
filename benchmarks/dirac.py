"""The Dirac-GAN and its reference: ‖(θ, ψ)‖ after 500 rounds, method by method.

    python benchmarks/dirac.py

(Mescheder, Geiger & Nowozin 2018, arXiv 1801.04406.)  The reference is a simulation of the vector fields of the
authors' notebook (LMescheder/GAN_stability, notebooks/diracgan), as printed; the paper has plots only.  Ours are
losses and penalties of this package, played by its engine in float64.  Nothing is random.

Writes benchmarks/results/dirac.json and .md.
"""

import json
import time
from pathlib import Path
from typing import Any

import torch
from certificate import certificate

from rivalry.lab import dirac

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    torch.set_num_threads(1)
    begun = time.perf_counter()
    ours = dirac.table()
    seconds = time.perf_counter() - begun
    rows = [row(name, how, radius) for name, radii in ours.items() for how, radius in radii.items()]
    provenance = certificate()
    RESULTS.mkdir(exist_ok=True)
    record = {"certificate": provenance, "seconds": seconds, "rows": rows}
    (RESULTS / "dirac.json").write_text(json.dumps(record, indent=1) + "\n")
    (RESULTS / "dirac.md").write_text(page(ours, provenance))
    print(dirac.report(ours))
    print()
    print((RESULTS / "dirac.md").read_text())


def row(name: str, how: str, radius: float) -> dict[str, Any]:
    printed = dirac.REFERENCE[name][how]
    return {
        "method": name,
        "play": how,
        "ours": radius,
        "reference": printed,
        "agrees": dirac.as_printed(radius, printed) == printed,
    }


def page(ours: dict[str, dict[str, float]], provenance: dict[str, Any]) -> str:
    lines = ["# The Dirac-GAN after 500 rounds", "", "‖(θ, ψ)‖, ours / the reference as printed.", ""]
    lines += ["| method | " + " | ".join(dirac.PLAY) + " |", "|---|" + "---|" * len(dirac.PLAY)]
    for name, radii in ours.items():
        cells = [f"{radius:.4g} / {dirac.REFERENCE[name][how]}" for how, radius in radii.items()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += ["", "The reference's consensus optimization is the notebook's, whose gradient has a slip: see"]
    lines += ["`rivalry.lab.dirac`.  The method as published runs away with five turns of the critic."]
    return "\n".join([*lines, "", *[f"- {name}: `{value}`" for name, value in provenance.items()]]) + "\n"


if __name__ == "__main__":
    main()
