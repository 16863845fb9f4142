"""Make the judge of MNIST that comes with the package: src/rivalry/metrics/extractors/bundled/judge-mnist.safetensors.

    python tools/make_judge_mnist.py        # a few minutes on one quiet core

Seeded: the same machine, threads and torch make the same bytes.
"""

import argparse
import json
from pathlib import Path

import torch

from rivalry.data import open_data
from rivalry.metrics.extractors.extractor import BUNDLED, save_judge, train_judge


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path, default=BUNDLED / "judge-mnist.safetensors")
    told = parser.parse_args()
    torch.set_num_threads(told.threads)

    def progress(done: int, steps: int) -> None:
        if done % 250 == 0:
            print(f"{done} of {steps} steps", flush=True)

    train, test = open_data("mnist"), open_data("mnist", "test")
    judge = train_judge(train, test, seed=told.seed, steps=told.steps, progress=progress)
    options = f"--seed {told.seed} --steps {told.steps} --threads {told.threads}"
    judge.facts["made by"] = f"tools/make_judge_mnist.py {options}"
    told.output.parent.mkdir(parents=True, exist_ok=True)
    save_judge(judge, told.output)
    print(json.dumps(judge.facts), judge.hash)


if __name__ == "__main__":
    main()
