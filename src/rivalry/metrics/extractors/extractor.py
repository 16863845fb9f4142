"""Extractors: networks that turn data into features, on which samples are compared, and into logits of classes.

A score on one extractor says nothing about another, so an `Extractor` carries the name and the hash that
stand in every score made with it.
"""

import hashlib
import json
import os
import shutil
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from rivalry.cache import cache_dir
from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.kinds.kind import Kind, in_full_precision
from rivalry.kinds.spec import Column
from rivalry.metrics.extractors.classifier import fit, untrained
from rivalry.metrics.extractors.fingerprints import fingerprint, hash_network, hash_weights
from rivalry.metrics.game.codes import evaluating

BUNDLED = Path(__file__).parent / "bundled"
Progress = Callable[[int, int], None]  # how much is done, of how much
PART = 1000  # data whose features are kept together while those of a whole set are made
CONFIDENT = 0.9  # a verdict at least this probable counts as confident


@dataclass(frozen=True)
class Extractor:
    """A network that samples are compared on.

    Attributes:
        name: as it stands in the name of a score: "judge-mnist", "pixels".
        network: float32 (n, ...) as a game makes them, images in [-1, 1] -> features (n, d), or
            (features (n, d), logits (n, k)).
        classes: the names of the classes of the logits; empty where there are no logits.
        facts: how it was made, and how good it is on held-out data.
        hash: sha256 over the names and bytes of the network's weights; worked out where it is not given.
    """

    name: str
    network: nn.Module
    classes: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    hash: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "hash", self.hash or hash_weights(self.network))


class Vectors(nn.Module):
    """The data themselves as vectors, as their kind compares them: (n, ...) -> (n, d).  Nothing is learned."""

    def __init__(self, kind: Kind):
        super().__init__()
        self.kind = kind

    def forward(self, x: Tensor) -> Tensor:
        return self.kind.vectors(x)


def pixels(spec: Spec) -> Extractor:
    """The data themselves as features: an image's pixels, a point's coordinates, a sentence's n-grams."""
    return Extractor(spec.meaning.raw, Vectors(spec.meaning))


def extract(
    extractor: Extractor,
    data: Tensor | Dataset,
    *,
    batch: int = 500,
    progress: Progress | None = None,
    among: "Processes | None" = None,
) -> tuple[Tensor, Tensor | None]:
    """Features and logits of data, a batch at a time, without gradients and in evaluation mode.

    Args:
        data: float32 (n, ...) as the extractor's network takes it, or a data set.
        batch: how many go through the network at once.
        progress: called with data done and data in all.
        among: processes that each take a share of the data; all of them get the whole.

    Returns:
        features float32 (n, d) and logits float32 (n, k) or None, on the CPU.

    Raises:
        BadRequest: there are no data, or features or logits are not finite.
    """
    network = extractor.network
    device = next((p.device for p in network.parameters()), torch.device("cpu"))
    rows = data.rows if isinstance(data, Dataset) else lambda index, device: data[index].to(device)
    if not len(data):
        raise BadRequest(f"{extractor.name}: there are no data to take features of")
    if among:
        mine, n = among.share_of(len(data)), len(data)
        share = data.only(mine) if isinstance(data, Dataset) else data[mine]
        features, logits = extract(extractor, share, batch=batch, progress=progress)
        return among.join(features, n), None if logits is None else among.join(logits, n)
    every_feature, every_logit = [], []
    with torch.no_grad(), evaluating(network):
        for start in range(0, len(data), batch):
            out = network(in_full_precision(rows(slice(start, start + batch), device)))
            features, logits = out if isinstance(out, tuple) else (out, None)
            every_feature.append(features.flatten(1).float().cpu())
            every_logit += [] if logits is None else [logits.float().cpu()]
            if progress:
                progress(min(start + batch, len(data)), len(data))
    features, logits = torch.cat(every_feature), torch.cat(every_logit) if every_logit else None
    _require_sound(extractor, features, logits)
    return features, logits


def _require_sound(extractor: Extractor, features: Tensor, logits: Tensor | None) -> None:
    named, came = len(extractor.classes), 0 if logits is None else logits.shape[1]
    if named and named != came:
        raise BadRequest(f"{extractor.name} names {named} classes; its network gives {came} logits")
    for values in (features, logits):
        if values is not None and (bad := int((~values.isfinite().all(1)).sum())):
            raise BadRequest(
                f"{extractor.name}: features of {bad:,} of {len(values):,} samples are not finite"
            )


class Processes(Protocol):
    """Processes that share the work, as `ranks.Ranks` are."""

    @property
    def first(self) -> bool: ...
    def any(self, flag: bool) -> bool: ...
    def share_of(self, n: int) -> Tensor: ...
    def join(self, share: Tensor, n: int) -> Tensor: ...


def require_comparable(who: str, real: Tensor, fake: Tensor, least: int) -> None:
    """Refuse two sets of features that a metric cannot compare.

    Constant fake features are let through: a generator that has collapsed to one image is a finding.

    Args:
        who: the metric, for the message.
        real: (n, d).
        fake: (m, d).
        least: how many samples a side the metric needs.

    Raises:
        BadRequest: too few samples, widths that differ, values not finite, or constant real features.
    """
    for side, values in (("real", real), ("fake", fake)):
        if len(values) < least:
            raise BadRequest(f"{who} needs at least {least} {side} samples; got {len(values)}")
        if bad := int((~values.isfinite().all(1)).sum()):
            raise BadRequest(
                f"{who}: the {side} features of {bad:,} of {len(values):,} samples are not finite"
            )
    if real.shape[1] != fake.shape[1]:
        raise BadRequest(f"{who}: real features are {real.shape[1]} wide, fake ones {fake.shape[1]}")
    if bool((real == real[0]).all()):
        raise BadRequest(f"{who}: the real features are all the same; there is nothing to compare with")


def judge(
    spec: Spec, train: Dataset | None = None, test: Dataset | None = None, *, progress: Progress | None = None
) -> Extractor:
    """The in-domain judge: a classifier trained on this data set's own labels.

    MNIST's comes with the package.  Another is trained once, from `train`, and kept in the user's cache
    under the name and a hash of the data.

    Args:
        spec: of the data.
        train: labeled images, sounds or clips; not needed for a judge that comes with the package.
        test: held-out ones to measure it on; without them a tenth of `train` is held out.
        progress: called with steps done and steps in all while a judge is trained.

    Returns:
        An extractor named "judge-<data>" with features (n, 128) and logits.

    Raises:
        BadRequest: the data have no labels, or are of a kind that has no judge, or are needed and were not given.
    """
    if not spec.meaning.judged or not spec.classes:
        raise BadRequest(
            f"no judge for {spec.name!r}: it needs labeled images, sounds or clips; use the extractor "
            f"{spec.meaning.raw!r} or a network"
        )
    bundled = BUNDLED / f"judge-{spec.name}.safetensors"
    if bundled.is_file():
        kept = load_judge(bundled)
        if (kept.facts["shape"], kept.classes) == (list(spec.shape), spec.classes):
            return kept
    if train is None:
        raise BadRequest(
            f"the judge of {spec.name!r} is not there yet: give the data that it is to be trained on"
        )
    path = cache_dir("judges") / f"{_safe(spec.name)}-{fingerprint(train)[:16]}.safetensors"
    try:
        return load_judge(path)
    except (FileNotFoundError, SafetensorError):  # never trained, or a file cut short
        made = train_judge(train, test, progress=progress)
        _keep(dict(made.network.state_dict()), path, _told(made))
        return made


def train_judge(
    train: Dataset,
    test: Dataset | None = None,
    *,
    seed: int = 0,
    steps: int = 1500,
    seconds: float | None = None,
    progress: Progress | None = None,
) -> Extractor:
    """Train a judge (see `classifier.fit`) and measure it on data that it did not see.

    Args:
        train: labeled images, sounds or clips.
        test: held-out ones; without them every tenth row of `train` is held out.
        steps, seconds: gradient steps, and the wall time that may end them early.

    Returns:
        The extractor "judge-<data>"; its facts hold `accuracy` (share of held-out data classified right),
        `confident` (share of them classified with a probability of at least 0.9), `held_out` (how many),
        `seed`, `steps`, and `kind`, `shape` and `about` of the data.
    """
    if test is None:
        train, test = _split(train)
    network = fit(train, seed=seed, steps=steps, seconds=seconds, progress=progress)
    name = f"judge-{train.spec.name}"
    _, logits = extract(Extractor(name, network), test)
    assert logits is not None
    confidence, verdict = logits.double().softmax(1).max(1)
    facts = {
        "accuracy": float((verdict == test.column("label", slice(None), "cpu")).double().mean()),
        "confident": float((confidence >= CONFIDENT).double().mean()),
        "held_out": len(test),
        "seed": seed,
        "steps": steps,
        "kind": train.spec.kind,
        "shape": list(train.spec.shape),
        "about": train.spec.about,
        "torch": torch.__version__,
    }
    return Extractor(name, network, train.spec.classes, facts)


def _split(data: Dataset) -> tuple[Dataset, Dataset]:
    """Every tenth row held out, drawn at random but the same for the same data."""
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(0))
    cut = max(1, len(data) // 10)
    return data.only(order[cut:]), data.only(order[:cut])


def save_judge(judge: Extractor, path: Path) -> None:
    """Write a judge as safetensors, its facts in the header; the file appears whole or not at all."""
    _save_whole(dict(judge.network.state_dict()), path, _told(judge))


def _told(judge: Extractor) -> dict[str, Any]:
    return {"name": judge.name, "classes": judge.classes, "facts": judge.facts}


def load_judge(path: Path) -> Extractor:
    """Read a judge that `save_judge` wrote.

    Raises:
        FileNotFoundError: there is no such file.
        SafetensorError: the file is damaged.
    """
    with safe_open(path, "pt") as file:
        header = json.loads(file.metadata()["told"])
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    facts = header["facts"]
    column = Column(facts.get("kind", "image"), tuple(facts["shape"]), facts.get("about", {}))
    _, _, network = untrained(column, len(header["classes"]))
    network.load_state_dict(weights)
    network = network.eval().requires_grad_(False)
    return Extractor(header["name"], network, tuple(header["classes"]), facts)


def features_of(
    extractor: Extractor,
    data: Dataset,
    split: str,
    *,
    progress: Progress | None = None,
    among: Processes | None = None,
) -> tuple[Tensor, Tensor | None]:
    """`extract` for a whole data set, kept in the user's cache: the second time it is only read."""
    if not any(True for _ in extractor.network.parameters()):  # nothing learned: quicker done again than read
        return extract(extractor, data, progress=progress)
    computed = hash_network(extractor.network)  # equal weights under other code give other features
    known = (
        data.spec.name,
        split,
        str(len(data)),
        fingerprint(data),
        extractor.name,
        extractor.hash,
        computed,
    )
    digest = hashlib.sha256("/".join(known).encode()).hexdigest()[:24]
    path = cache_dir("features") / f"{_safe(data.spec.name)}-{digest}.safetensors"
    try:
        kept = load_file(path)
    except (FileNotFoundError, SafetensorError):  # never computed, or a file cut short
        kept = {}
    if not (among.any(not kept) if among else not kept):
        return kept["features"], kept.get("logits")
    if among:
        features, logits = extract(extractor, data, progress=progress, among=among)
    else:
        features, logits = _extract_in_parts(extractor, data, path.with_suffix(".parts"), known, progress)
    _keep(_named(features, logits), path, {"of": known})
    shutil.rmtree(path.with_suffix(".parts"), ignore_errors=True)
    return features, logits


def _extract_in_parts(
    extractor: Extractor, data: Dataset, folder: Path, known: tuple[str, ...], progress: Progress | None
) -> tuple[Tensor, Tensor | None]:
    """`extract`, with the features of every thousand data kept in `folder`, so that after a stop it goes on."""
    parts: list[tuple[Tensor, Tensor | None]] = []
    with suppress(OSError):  # a cache that cannot be written costs only the warning of `_keep`
        folder.mkdir(exist_ok=True)
    for start in range(0, len(data), PART):
        path = folder / f"{start:09d}.safetensors"
        rows = torch.arange(start, min(start + PART, len(data)))
        try:
            kept = load_file(path)
            found = kept["features"], kept.get("logits")
        except (FileNotFoundError, SafetensorError, KeyError):  # not computed yet, or cut short
            report = _further(progress, start, len(data))
            found = extract(extractor, data.only(rows), progress=report)
            if len(data) > PART:
                _keep(_named(*found), path, {"of": known})
        parts.append(found)
    features, logits = zip(*parts)
    return torch.cat(features), None if logits[0] is None else torch.cat(logits)


def _further(progress: Progress | None, start: int, of: int) -> Progress | None:
    """The progress of a part as that of the whole."""
    return None if progress is None else lambda done, part: progress(start + done, of)


def _named(features: Tensor, logits: Tensor | None) -> dict[str, Tensor]:
    return {"features": features} | ({} if logits is None else {"logits": logits})


def _keep(tensors: dict[str, Tensor], path: Path, header: dict[str, Any]) -> None:
    """Write to the cache; a disk that is full or cannot be written costs a warning, not the work done."""
    try:
        _save_whole(tensors, path, header)
    except (OSError, SafetensorError) as error:
        warnings.warn(f"could not keep {path.name} in {path.parent}: {error}", stacklevel=3)


def _save_whole(tensors: dict[str, Tensor], path: Path, header: dict[str, Any]) -> None:
    """Write safetensors with `header` as JSON in its header, under "told"; the file appears whole or not at all."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        save_file({k: v.contiguous() for k, v in tensors.items()}, temporary, {"told": json.dumps(header)})
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _safe(name: str) -> str:
    """A name fit for a file: whatever is not a letter, a digit, '-' or '_' becomes '-'."""
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in name)[:64]
