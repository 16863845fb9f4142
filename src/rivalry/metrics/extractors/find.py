"""Which extractor: by name, or a network of one's own."""

from contextlib import suppress

from torch import nn

from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest, unknown
from rivalry.metrics.extractors.extractor import Extractor, Progress, judge, pixels
from rivalry.metrics.extractors.fingerprints import hash_network

FOR_COLOR = ("inception-2015", "efficientnet-lite0", "dinov2", "clip")  # trained on photographs
NAMES = ("judge", "pixels", "reader", *FOR_COLOR)


def find_extractor(
    asked: str | nn.Module | Extractor,
    spec: Spec,
    train: Dataset | None = None,
    progress: Progress | None = None,
) -> Extractor:
    """The extractor that samples of this kind are compared on.

    - "judge": a classifier of the data themselves, trained on `train` where it is not there yet (`features.judge`);
    - "pixels": the data as they are;
    - "reader": a network that predicts the next token of sentences, trained on `train` (`reader.py`);
    - "inception-2015": the network of the Fréchet Inception Distance, from a file of the user's (`inception.py`);
    - "efficientnet-lite0": a network for photographs from PyPI (`efficientnet.py`);
    - "dinov2" and "clip": vision transformers, from a file of the user's (`vit.py`).

    Args:
        asked: one of these names, or a network: float32 (n, *spec.shape), images in [-1, 1] -> features (n, d) or
            (features, logits).  A network is called "module-" and the first 8 digits of a hash of
            its weights and code, so that scores on two networks never bear one name; an extractor is given back as
            it is.
        spec: of the data.
        train: labeled data that a judge may be trained on.
        progress: called with steps done and steps in all while a judge is trained.

    Raises:
        BadRequest: no such extractor, or one that cannot be had, or is not for such data.
    """
    if isinstance(asked, Extractor):
        return asked
    if isinstance(asked, nn.Module):
        hashed = hash_network(asked)
        return Extractor(f"module-{hashed[:8]}", asked, hash=hashed)
    if asked in ("pixels", spec.meaning.raw):
        return pixels(spec)
    if asked not in NAMES:
        raise unknown("extractor", asked, NAMES, f"there are {', '.join(NAMES)}")
    if asked == "judge":
        return judge(spec, train, progress=progress)
    if asked == "reader":
        from rivalry.metrics.extractors.reader import reader

        return reader(spec, train, progress=progress)
    return _for_color(asked, spec)


def default_extractor(
    spec: Spec, train: Dataset | None = None, progress: Progress | None = None
) -> Extractor:
    """The default: the first extractor for their kind that is available."""
    *preferred, last = spec.meaning.extractors(spec)
    for name in preferred:
        with suppress(BadRequest):  # not installed, or not for these
            return find_extractor(name, spec, train, progress)
    return find_extractor(last, spec, train, progress)


def _for_color(asked: str, spec: Spec) -> Extractor:
    """A network for photographs; imported only when it is asked for."""
    spec.require(asked, kind="image")
    if spec.shape[0] not in (1, 3):
        raise BadRequest(
            f"{asked} takes grey or RGB images; those of {spec.name!r} have {spec.shape[0]} channels"
        )
    if asked == "inception-2015":
        from rivalry.metrics.extractors.inception import inception_2015

        return inception_2015()
    if asked in ("dinov2", "clip"):
        from rivalry.metrics.extractors.vit import vision_transformer

        return vision_transformer(asked)
    from rivalry.metrics.extractors.efficientnet import efficientnet_lite0

    return efficientnet_lite0()
