"""Train on synthetic, test on real: are samples as good as data for learning to tell classes apart?

A classifier is trained only on labeled samples and measured on held-out real data (Ravuri & Vinyals 2019,
"Classification Accuracy Score for Conditional Generative Models", arXiv 1905.10887; Esteban et al. 2017, "Real-valued
(Medical) Time Series Generation", arXiv 1706.02633, who call it TSTR).  Beside it the same classifier, with the same
number of rows, steps, batch and augmentation, trained on real data: a score means nothing without its own ceiling.

Classes that are mixed up, drawn badly or left out cost accuracy, and so does a lack of diversity within them.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.metrics.extractors.classifier import fit
from rivalry.metrics.extractors.extractor import Extractor, extract
from rivalry.metrics.interval import SPREAD_OF_SHARE, wilson_error
from rivalry.metrics.score import Score


def train_on_synthetic(
    real: Dataset,
    held_out: Dataset,
    fake: Tensor,
    asked: Tensor,
    *,
    provenance: dict[str, Any] | None = None,
    steps: int = 600,
    seed: int = 0,
    progress: Callable[[str, int, int], None] | None = None,
) -> Score:
    """Accuracy on held-out data of a classifier that was trained only on samples; higher is better.

    Its details hold the accuracy after `real` training on as many data, the share that samples reach `of real`,
    and the accuracy `by class`.

    Args:
        real: labeled training data.
        held_out: labeled data that neither the generator nor the classifier has seen.
        fake: (n, c, h, w) samples in [-1, 1].
        asked: (n,) the labels they were asked for.
        steps: gradient steps of each of the two classifiers.
        progress: called with the name of the step, steps done and steps in all.

    Raises:
        BadRequest: data without labels, too few samples, or samples of only one class.
    """
    real.spec.require("train-on-synthetic", kind="image", classes=True)
    if len(fake) < 2 or len(asked.unique()) < 2:
        raise BadRequest(
            "train-on-synthetic needs samples of at least two classes, with the labels asked for"
        )
    n = min(len(fake), len(real))
    rows = torch.randperm(len(real), generator=torch.Generator().manual_seed(seed))[:n]
    samples = Dataset(replace(real.spec, name="samples", extra={}), fake[:n], asked[:n])
    right = {}
    for name, data in (("samples", samples), ("data", real.only(rows))):
        telling = partial(progress, f"training on {name}") if progress else None
        network = fit(data, seed=seed, steps=steps, progress=telling)
        _, logits = extract(Extractor(name, network), held_out)
        assert logits is not None
        right[name] = logits.argmax(1) == held_out.column("label", slice(None), "cpu")
    hits, m = int(right["samples"].sum()), len(held_out)
    ceiling = float(right["data"].double().mean())
    facts = {
        "n fake": n,
        "n real": n,
        "n held out": m,
        "steps": steps,
        "seed": seed,
        "spread": SPREAD_OF_SHARE,
    }
    label = held_out.column("label", slice(None), "cpu")
    by_class = {
        name: float(right["samples"][label == k].double().mean())
        for k, name in enumerate(real.spec.classes)
        if bool((label == k).any())
    }
    return Score(
        "train-on-synthetic",
        hits / m,
        n,
        wilson_error(hits, m),
        "high",
        {**(provenance or {}), **facts},
        {"real": ceiling, "of real": hits / m / ceiling if ceiling else None, "by class": by_class},
    )
