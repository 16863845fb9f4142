"""What metrics are computed from: samples, data, features, verdicts, likelihoods; each made when it is asked for."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import torch
from torch import Tensor

from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.game import Actor, Density, Game, Layered, Linking
from rivalry.kinds.kind import in_full_precision
from rivalry.kinds.table import target_of
from rivalry.metrics.classes.stacked import judge_of_digits
from rivalry.metrics.extractors.extractor import Extractor, Processes, extract, features_of
from rivalry.metrics.extractors.find import default_extractor
from rivalry.metrics.features.neighbors import spaced

SHARED = (
    "real_features",
    "real_logits",
    "fake_features",
    "fake_logits",
    "held_out_features",
)  # in this order
Progress = Callable[[str, int, int], None]  # name of the step, how much is done, how much there is


@dataclass(frozen=True)
class Parts:
    """Samples that are made a part at a time, so that no more than one part need be in memory.

    Attributes:
        n: how many there are.
        make: makes them: (part, ...) float32 each, in order; the same ones every time.
    """

    n: int
    make: Callable[[], Iterator[Tensor]]

    def __len__(self) -> int:
        return self.n

    def whole(self) -> Tensor:
        """All of them: (n, ...)."""
        found: Tensor | None = None
        start = 0
        for part in self.make():
            found = part.new_empty(self.n, *part.shape[1:]) if found is None else found
            found[start : start + len(part)] = part
            start += len(part)
        assert found is not None
        return found


class Evidence:
    """The evidence that metrics are computed from, each part made when the first metric asks for it.

    The public names are those that a metric may list in its `needs`; see `evaluate` for the arguments.
    """

    def __init__(
        self,
        real: Dataset,
        fake: Tensor | Parts,
        asked: Tensor | None = None,
        extractor: Extractor | None = None,
        split: str = "train",
        progress: Progress | None = None,
        held_out: Callable[[], Dataset] | None = None,
        game: Game | None = None,
        among: Processes | None = None,
        rows: Tensor | None = None,
        real_n: int | None = None,
    ):
        self.real, self.asked, self.split, self.rows = real, asked, split, rows
        self._parts = fake if isinstance(fake, Parts) else None
        if isinstance(fake, Tensor):
            self.fake = fake
        self.progress, self.game = progress, game
        self._given, self._open_held_out, self._among = extractor, held_out, among
        self._real_n = real_n

    @cached_property
    def compared(self) -> Dataset:
        """The real data whose features are compared: all, or `real_n` evenly spread."""
        return self._some(self.real)

    def _some(self, data: Dataset) -> Dataset:
        if self._real_n is None or len(data) <= self._real_n:
            return data
        return data.only(spaced(torch.arange(len(data)), self._real_n))

    @cached_property
    def extractor(self) -> Extractor:
        if self._given:
            return self._given
        train = self.real if self.split == "train" else None
        return default_extractor(self.real.spec, train, self._reporting("training the judge"))

    @cached_property
    def _of_real(self) -> tuple[Tensor, Tensor | None]:
        report = self._reporting("features of real data")
        return features_of(self.extractor, self.compared, self.split, progress=report, among=self._among)

    @cached_property
    def _of_fake(self) -> tuple[Tensor, Tensor | None]:
        report = self._reporting("features of samples")
        if self._parts and "fake" not in vars(self):
            return self._of_parts(self._parts, report)
        return extract(self.extractor, self.fake, progress=report, among=self._among)

    def _of_parts(
        self, parts: Parts, report: Callable[[int, int], None] | None
    ) -> tuple[Tensor, Tensor | None]:
        """Features and logits of samples of which each part is gone before the next is made."""
        done, found = 0, list[tuple[Tensor, Tensor | None]]()
        for part in parts.make():
            found.append(extract(self.extractor, as_seen(self.real, part)))
            done += len(part)
            if report:
                report(done, len(parts))
        features, logits = zip(*found)
        return torch.cat(features), None if None in logits else torch.cat(logits)

    @cached_property
    def fake(self) -> Tensor:
        """Samples as extractors take them: (n, ...)."""
        assert self._parts is not None
        return as_seen(self.real, self._parts.whole())

    @cached_property
    def validity(self) -> Tensor:
        """Whether each sample could be a datum of the kind: (n,) bool."""
        return self.real.spec.meaning.valid(self.fake, self.real.spec.x)

    @cached_property
    def held_out(self) -> Dataset:
        """Data that no network was trained on."""
        assert self._open_held_out is not None
        return self._open_held_out()

    @cached_property
    def held_out_features(self) -> Tensor:
        other = "test" if self.split == "train" else "train"
        report = self._reporting("features of held-out data")
        held_out = self._some(self.held_out)
        return features_of(self.extractor, held_out, other, progress=report, among=self._among)[0]

    @property
    def real_label(self) -> Tensor:
        return self.compared.column("label", slice(None))

    @property
    def reader(self) -> Callable[[Tensor], dict[str, Tensor]]:
        """The rule that reads the attributes of pictures, of data that come with one."""
        return self.real.facts["read"]

    @property
    def captions(self) -> Tensor:
        """The sentence of each row of the data: (m, t)."""
        return self.real.others["caption"]

    @property
    def truth(self) -> Tensor:
        """The true translation of each row of the data: (m, t)."""
        return self.real.others["truth"]

    @property
    def digit_judge(self) -> Extractor:
        """The judge that reads the digits of stacked MNIST."""
        return judge_of_digits()

    def gather(self, needs: set[str]) -> None:
        """Make the parts that several processes make together; each process must call this."""
        for need in SHARED:
            if need in needs:
                getattr(self, need)

    @property
    def features(self) -> str:
        """The extractor's name."""
        return self.extractor.name

    @property
    def classes(self) -> tuple[str, ...]:
        return self.extractor.classes

    @property
    def real_features(self) -> Tensor:
        return self._of_real[0]

    @property
    def fake_features(self) -> Tensor:
        return self._of_fake[0]

    @property
    def logits(self) -> Tensor | None:
        """Of samples, whatever classes they tell apart: those of the data, or ImageNet's."""
        return self._of_fake[1]

    @property
    def real_logits(self) -> Tensor | None:
        return self._of_real[1]

    @property
    def fake_logits(self) -> Tensor | None:
        return self._of_fake[1]

    @property
    def density(self) -> Density:
        """The game, as one that knows likelihoods."""
        assert isinstance(self.game, Density)
        return self.game

    @cached_property
    def link_scores(self) -> Tensor:
        """What the game thinks of each pair of nodes."""
        assert isinstance(self.game, Linking)
        return self.game.link_scores().detach().cpu()

    @property
    def missing_edges(self) -> Tensor:
        """(m, 2), where the data's facts list edges that they lack."""
        return self.real.facts["held_out_edges"]

    @property
    def no_edges(self) -> Tensor:
        return self.real.facts["no_edges"]

    @property
    def target(self) -> int:
        """The place of the column of a table that is to be predicted."""
        return target_of(self.real.spec.x)

    @property
    def actor(self) -> Actor:
        """The game, as one that acts in an environment."""
        assert isinstance(self.game, Actor)
        return self.game

    @property
    def centers(self) -> Tensor:
        """(k, d), where the data's facts tell their modes."""
        return self.real.facts["modes"].centers

    @property
    def std(self) -> float:
        return self.real.facts["modes"].std

    @property
    def pitches(self) -> Tensor:
        """(classes,) Hz, where the data's facts tell what pitch each class is."""
        return self.real.facts["pitches"]

    @property
    def motion(self) -> Callable[[Tensor], Any]:
        """The rule that reads what moves in clips, of data that come with one."""
        return self.real.facts["motion"]

    @property
    def layered(self) -> Layered:
        """The game, as one that makes clips of a foreground and a background."""
        assert isinstance(self.game, Layered)
        return self.game

    @property
    def oracle(self) -> Any:
        """The language that the data are drawn from, where their facts hold it."""
        return self.real.facts["oracle"]

    def lacks(self, need: str) -> str:
        """Why this cannot be supplied, as the end of "metric ..."; "" when it can."""
        name = self.real.spec.name
        if need in ("centers", "std") and "modes" not in self.real.facts:
            return f"needs data whose modes are known; those of {name!r} are not"
        if need == "pitches" and "pitches" not in self.real.facts:
            return f"needs data whose pitches are known, such as 'notes'; those of {name!r} are not"
        if need == "motion" and "motion" not in self.real.facts:
            return f"needs data whose motion can be read, such as moving-shapes; {name!r} is other data"
        if need == "layered" and not isinstance(self.game, Layered):
            return "needs a game that makes a foreground and a background; this one has whole clips"
        if need == "target" and self.target < 0:
            return f"needs a column that is to be predicted; {name!r} names none (FILE:target=COLUMN)"
        if need == "oracle" and "oracle" not in self.real.facts:
            return f"needs data of a known language, such as 'oracle'; that of {name!r} is not"
        if need == "asked" and self.asked is None:
            return "needs the labels that the samples were asked for; none were given"
        if need == "rows" and self.rows is None:
            return (
                "needs samples that a game made for known rows of the data: for sentences, or by translation"
            )
        if need == "reader" and "read" not in self.real.facts:
            return (
                f"needs data whose attributes can be read, such as captioned-shapes; {name!r} is other data"
            )
        if need == "captions" and "caption" not in self.real.spec.extra:
            return f"needs pictures with sentences; {name!r} has none"
        if need == "truth" and "truth" not in self.real.others:
            return f"needs data whose translations are known, such as cipher; those of {name!r} are not"
        if need == "real_label" and not self.real.spec.classes:
            return f"needs labels; {name!r} has none"
        if need.startswith("held_out") and self._open_held_out is None:
            return f"needs held-out data; {name!r} has no other split"
        if need == "game" and self.game is None:
            return "needs a generator; these are images alone"
        if need == "density" and not isinstance(self.game, Density):
            return "needs a game that knows likelihoods; this one has samples alone"
        if need == "link_scores" and not isinstance(self.game, Linking):
            return "needs a game that scores pairs of nodes; this one has samples alone"
        if need in ("missing_edges", "no_edges") and "no_edges" not in self.real.facts:
            return f"needs a graph with held-out edges; {name!r} has none"
        if need == "actor" and not isinstance(self.game, Actor):
            return "needs a game that acts in an environment; this one has samples alone"
        if need == "digit_judge" and "stacked" not in self.real.facts:
            return f"needs stacked-mnist, whose modes are known; {name!r} is other data"
        if need == "logits" and not (self.extractor.classes or "logits" in self.extractor.facts):
            return f"needs a classifier; {self.extractor.name!r} tells no classes apart"
        if need in ("fake_logits", "real_logits") and not self.extractor.classes:
            return f"needs a classifier of the data; {self.extractor.name!r} tells no classes apart"
        return ""

    def provenance(self, with_extractor: bool) -> dict[str, object]:
        facts: dict[str, object] = {
            "data": self.real.spec.name,
            "split": self.split,
            "n real": len(self.compared if with_extractor else self.real),
        }
        if with_extractor:
            whole, some = len(self.real), len(self.compared)
            facts |= {} if some == whole else {"real data": f"{some:,} of {whole:,}, evenly spread"}
            facts |= {"extractor": self.extractor.name, "extractor hash": self.extractor.hash}
        return facts | {"torch": torch.__version__}

    def _reporting(self, what: str) -> Callable[[int, int], None] | None:
        return partial(self.progress, what) if self.progress else None


def as_seen(real: Dataset, fake: Tensor) -> Tensor:
    """Samples as extractors take them: float32, images in [-1, 1].

    Raises:
        BadRequest: no samples, of another shape or range than the data, or not finite.
    """
    if len(fake) == 0:
        raise BadRequest("there are no samples to measure")
    if tuple(fake.shape[1:]) != tuple(real.spec.shape):
        came, expected = (" x ".join(map(str, shape)) for shape in (fake.shape[1:], real.spec.shape))
        remedy = ": --resize converts them" if real.spec.meaning.axes == 2 and fake.ndim == 4 else ""
        raise BadRequest(f"samples are {came}, {real.spec.name!r} is {expected}{remedy}")
    seen = in_full_precision(real.spec.meaning.seen(fake))
    if why := real.spec.meaning.refuse(seen, real.spec.x):
        raise BadRequest(f"samples cannot be measured: {why}")
    _warn_of_another_range(real, seen)
    return seen


def _warn_of_another_range(real: Dataset, seen: Tensor) -> None:
    """Pictures in [0, 1] are read as pale ones in [-1, 1], and score as such; data with dark pixels tell."""
    if real.spec.meaning.axes != 2 or seen.min() < 0 or seen.max() > 1:
        return
    if real.rows(slice(0, 1000)).min() < -0.5:
        warnings.warn(
            "samples lie in [0, 1]; images are floats in [-1, 1] or uint8: give 2 * x - 1 if black is 0",
            stacklevel=3,
        )
