"""Make the judge of MNIST that comes with the package: src/rivalry/metrics/bundled/judge-mnist.safetensors.

python tools/make_judge_mnist.py FOLDER      # FOLDER holds the four MNIST files, idx, gzipped
"""

import argparse
import json
from pathlib import Path

import torch

from rivalry.data.idx import read_idx
from rivalry.data.source import Dataset, Spec
from rivalry.metrics.features import BUNDLED, save_judge, train_judge

SPEC = Spec("mnist", "image", (1, 28, 28), tuple("0123456789"))


def read(folder: Path, part: str) -> Dataset:
    images, labels = (read_idx(folder / f"{part}-{of}-ubyte.gz") for of in ("images-idx3", "labels-idx1"))
    return Dataset(SPEC, torch.from_numpy(images)[:, None], torch.from_numpy(labels).long())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("-o", "--output", type=Path, default=BUNDLED / "judge-mnist.safetensors")
    told = parser.parse_args()
    torch.set_num_threads(told.threads)
    train, test = read(told.folder, "train"), read(told.folder, "t10k")

    def progress(done: int, steps: int) -> None:
        if done % 250 == 0:
            print(f"{done} of {steps} steps", flush=True)

    judge = train_judge(train, test, seed=told.seed, steps=told.steps, progress=progress)
    judge.facts["made by"] = f"tools/make_judge_mnist.py --seed {told.seed} --steps {told.steps}"
    save_judge(judge, told.output)
    print(json.dumps(judge.facts), judge.hash)


if __name__ == "__main__":
    main()
