"""A study: a folder with images and the answers that people gave about them.

It asks one question at a time, writes each answer to the disk at once, and computes scores from the answers.
"""

import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rivalry.errors import BadRequest, unknown
from rivalry.human import asking
from rivalry.human.ratings import bradley_terry, tally
from rivalry.human.realism import Staircase, hype_infinity, hype_time
from rivalry.human.store import ANSWERS, FILE, Item, Judgement, Store, require_pseudonym
from rivalry.metrics.score import Score

REAL = "real"  # the name of the source of real images
MOST = 5000  # images of a source; K of HYPE


@dataclass(frozen=True)
class Question:
    """A question for a judge.

    Attributes:
        judge: a pseudonym.
        images: the file to show, or the left and the right file.
        items: their numbers in the study.
        answers: the possible answers: "real" or "fake"; "left", "right" or "tie".
        exposure: milliseconds for which to show the image; None for no limit.
    """

    judge: str
    images: tuple[Path, ...]
    items: tuple[int, ...]
    answers: tuple[str, ...]
    exposure: int | None = None


class Study:
    """An open study, made by `create` or `open`.

    Attributes:
        folder: its place.
        kind: "real-or-fake" or "pairs".
        items: its images.
    """

    def __init__(self, store: Store):
        self._store = store
        self.folder, self.kind, self.items = store.path.parent, store.kind, store.items()
        self._item = {item.id: item for item in self.items}
        self._players = sorted({item.source for item in self.items})
        self._staircase = Staircase()

    @classmethod
    def create(
        cls,
        folder: str | Path,
        kind: str,
        sources: Mapping[str, str | Path],
        real: str | Path | None = None,
        *,
        timed: bool = False,
        width: float | None = None,
        most: int = MOST,
        seed: int = 0,
    ) -> "Study":
        """Create a study and copy its images into it.  The folder appears complete, or not at all.

        Args:
            kind: "real-or-fake", or "pairs": which of two images, of different sources, is better?
            sources: a folder or zip of images for each name, such as that of a model.
            real: a folder or zip of real images; in "pairs" it is a source like the others, called "real".
            timed: limit the exposure of images as `Staircase` says, and measure the exposure that people need.
            width: stop when every 95 % interval is at most this wide: in error rate, ms or log odds.
            most: the number of images of each source, drawn at random.
            seed: the seed of the images that are drawn and of the questions.

        Raises:
            BadRequest: no study follows from the arguments, a source has no images, or the place cannot be written.
        """
        from rivalry.human import images  # imported here, since it imports torch, which `ask` does not need

        folder = Path(folder)
        paths = {name: Path(path) for name, path in sources.items()}
        _require_sense(folder, kind, paths, real, timed, width, most, seed)
        if real is not None:
            paths[REAL] = Path(real)
        found = images.find(paths, most, np.random.default_rng(seed))
        settings = {"timed": timed, "width": width, "seed": seed, "most": most}
        made = [parent for parent in folder.parents if not parent.exists()]
        temporary = None
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            # only its owner can read it
            temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
            rows = images.copy(found, temporary, REAL)
            with Store.create(temporary / FILE, kind, settings) as store:
                store.add_items(rows)
            temporary.rename(folder)
        except BaseException as error:
            if temporary is not None:
                shutil.rmtree(temporary, ignore_errors=True)
            with suppress(OSError):
                for parent in made:  # the deepest first
                    parent.rmdir()
            if isinstance(error, OSError):
                raise BadRequest(f"cannot write {folder}: {error.strerror or error}") from error
            raise
        return cls.open(folder)

    @classmethod
    def open(cls, folder: str | Path) -> "Study":
        """Open an existing study.  Raises BadRequest if there is none, or if it cannot be read."""
        return cls(Store.open(Path(folder) / FILE))

    def close(self) -> None:
        self._store.close()

    def __enter__(self) -> "Study":
        return self

    def __exit__(self, *trouble: object) -> None:
        self.close()

    # ------------------------------------------------------------------ asking

    def next(self, judge: str) -> Question | None:
        """The question with the most information; None if there is no question left for this judge.

        There is none if every interval is narrow enough, if a judge of "real or fake?" has seen all reals or all
        fakes, or if there is only one pair and it was just asked.

        Raises:
            BadRequest: no pseudonym, or an image that is gone.
        """
        require_pseudonym(judge)
        judgements = self._store.judgements()
        if self._enough(judgements):
            return None
        mine = [one for one in judgements if one.judge == judge]
        generator = np.random.default_rng([self._store.settings["seed"], len(mine), *judge.encode()])
        choose = self._image if self.kind == "real-or-fake" else self._pair
        shown = choose(judgements, mine, generator)
        if shown is None:
            return None
        exposure = None
        if self._store.settings["timed"]:
            rights = [not self._wrong(one) for one in mine]
            exposure = self._staircase.next([one.exposure or 0 for one in mine], rights)
        files = tuple(self._store.image(item) for item in shown)
        return Question(judge, files, tuple(item.id for item in shown), ANSWERS[self.kind], exposure)

    def answer(self, question: Question, answer: str, seconds: float | None = None) -> None:
        """Keep an answer; it is on the disk when this returns.

        Args:
            answer: one of `question.answers`.
            seconds: how long the judge took.

        Raises:
            BadRequest: no such answer.
            RunFailed: it could not be written; what was kept before stays.
        """
        self._store.add(question.judge, question.items, answer, question.exposure, seconds)

    def answered(self, judge: str) -> int:
        """How many answers of this judge are kept."""
        return sum(one.judge == judge for one in self._store.judgements())

    def _image(
        self, judgements: list[Judgement], mine: list[Judgement], generator: np.random.Generator
    ) -> tuple[Item, ...] | None:
        """A real or a fake image, each with probability 1/2, that this judge has not seen.

        It is of the source with the fewest answers.
        """
        answered = {one.shown[0] for one in mine}
        left = [item for item in self.items if item.id not in answered]
        if len({item.real for item in left}) < 2:
            return None
        real = bool(generator.integers(2))
        asked = Counter(one.shown[0] for one in judgements)
        wrong = Counter(one.shown[0] for one in judgements if self._wrong(one))
        by_source = Counter({item.source: 0 for item in left if item.real == real})
        for number, times in asked.items():
            if self._item[number].source in by_source:
                by_source[self._item[number].source] += times
        source = self._rarest(by_source, generator)
        some = [item for item in left if item.source == source]
        of_each, errors = (np.array([counter[item.id] for item in some]) for counter in (asked, wrong))
        return (some[asking.next_image(of_each, errors, generator)],)

    def _pair(
        self, judgements: list[Judgement], mine: list[Judgement], generator: np.random.Generator
    ) -> tuple[Item, ...] | None:
        """An image of each of two sources, with left and right at random.

        Images that were shown least come first.  The judge's last images are not shown again, if there are others.
        """
        before = [self._item[number] for number in mine[-1].shown] if mine else []
        numbers = [self._players.index(item.source) for item in before]
        left, right, outcome, _ = self._comparisons(judgements)
        wins = tally(left, right, outcome, len(self._players))
        pair = asking.next_pair(wins, generator, (numbers[0], numbers[1]) if numbers else None)
        shown = Counter(number for one in judgements for number in one.shown)
        chosen = []
        for player in generator.permutation(pair):
            some = [item for item in self.items if item.source == self._players[player]]
            fresh = [item for item in some if item not in before] or some
            rarest = self._rarest(Counter({item.id: shown[item.id] for item in fresh}), generator)
            chosen.append(self._item[rarest])
        return None if set(chosen) == set(before) else tuple(chosen)

    def _rarest(self, counts: Counter[Any], generator: np.random.Generator) -> Any:
        """One of the keys with the lowest count."""
        least = min(counts.values())
        rare = [name for name, count in counts.items() if count == least]
        return rare[int(generator.integers(len(rare)))]

    # ------------------------------------------------------------------ results

    def result(self) -> list[Score]:
        """The scores from all answers: error rates, exposures, or strengths (see `realism` and `ratings`).

        Raises:
            BadRequest: there are too few answers for any number.
        """
        scores = self._scores(self._store.judgements())
        if not scores:
            needed = (
                "a judge who has ended a block of 150"
                if self._store.settings["timed"]
                else "some of each kind"
            )
            raise BadRequest(
                f"{self.folder} has too few answers, it needs {needed}; `rivalry human ask {self.folder}` asks"
            )
        return scores

    def _enough(self, judgements: list[Judgement]) -> bool:
        width = self._store.settings["width"]
        return width is not None and asking.enough(self._scores(judgements), width)

    def _scores(self, judgements: list[Judgement]) -> list[Score]:
        """None where a source has no answers yet."""
        provenance = {"study": self.folder.name, "kind": self.kind}
        if self.kind == "pairs":
            left, right, outcome, judge = self._comparisons(judgements)
            if not judgements:
                return []
            return bradley_terry(self._players, left, right, outcome, judge, provenance=provenance)
        fakes = [player for player in self._players if player != REAL]
        if self._store.settings["timed"]:
            exposures: dict[str, list[int]] = {}
            for one in judgements:
                exposures.setdefault(one.judge, []).append(one.exposure or 0)
            blocks = [self._staircase.blocks(some) for some in exposures.values()]
            return [hype_time(blocks, source=fakes[0], provenance=provenance)] if any(blocks) else []
        asked = {self._item[one.shown[0]].source for one in judgements}
        if asked != set(self._players):
            return []
        scores: list[Score] = []
        for source in fakes:
            some = [one for one in judgements if self._item[one.shown[0]].source in (source, REAL)]
            scores += hype_infinity(*self._answers(some), source=source, provenance=provenance)
        return scores

    def _answers(self, judgements: list[Judgement]) -> tuple[np.ndarray, ...]:
        """Judge, image, whether it is real, and whether the answer was wrong: (n,) each."""
        items = [self._item[one.shown[0]] for one in judgements]
        return (
            _numbered([one.judge for one in judgements]),
            np.array([item.id for item in items]),
            np.array([item.real for item in items]),
            np.array([self._wrong(one) for one in judgements]),
        )

    def _comparisons(self, judgements: list[Judgement]) -> tuple[np.ndarray, ...]:
        """Left and right source, how much of a win it was for the left one, and the judge: (n,) each."""
        sides = [
            [self._players.index(self._item[one.shown[side]].source) for one in judgements] for side in (0, 1)
        ]
        outcome = [{"left": 1.0, "right": 0.0, "tie": 0.5}[one.answer] for one in judgements]
        left, right = (np.array(side, int) for side in sides)
        return left, right, np.array(outcome), _numbered([one.judge for one in judgements])

    def _wrong(self, one: Judgement) -> bool:
        return (one.answer == "real") != self._item[one.shown[0]].real


def _numbered(names: list[str]) -> np.ndarray:
    return np.unique(names, return_inverse=True)[1]


def _require_sense(
    folder: Path,
    kind: str,
    sources: Mapping[str, Path],
    real: str | Path | None,
    timed: bool,
    width: float | None,
    most: int,
    seed: int,
) -> None:
    """Refuse a study that has no questions, or that would stop before the first."""
    if kind not in ANSWERS:
        raise unknown("kind of study", kind, ANSWERS, f"there is {' and '.join(ANSWERS)}")
    if folder.exists():
        raise BadRequest(f"{folder} is already there; a study is never written over another")
    if kind == "real-or-fake" and (real is None or not sources):
        raise BadRequest("real-or-fake needs fakes and, with --real, a folder of real images")
    if kind == "pairs" and len(sources) + (real is not None) < 2:
        raise BadRequest("pairs needs two sources or more, of which --real may be one")
    if REAL in sources:
        raise BadRequest(f"a source cannot be called {REAL!r}; name the real images with --real")
    if timed and (kind != "real-or-fake" or len(sources) != 1):
        raise BadRequest("a timed study asks real or fake, about one source of fakes")
    if real is not None and any(path.resolve() == Path(real).resolve() for path in sources.values()):
        raise BadRequest(f"{real} cannot be both real and fake")
    if width is not None and not width > 0:
        raise BadRequest(f"the width of an interval is above 0; got {width}")
    if most < 1 or seed < 0:
        raise BadRequest(f"images of a source are 1 or more, and a seed 0 or more; got {most} and {seed}")
