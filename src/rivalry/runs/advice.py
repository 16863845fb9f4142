"""What to train on given data on this machine: one command, and what else suits, with the reasons.

The data decide the game: pairs, two domains, labels, or none of them, and how many there are.  The machine decides the
size of pictures: the largest of the usual sizes at which enough rounds fit into the time.
"""

import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from rivalry import catalog, settings
from rivalry.data import LAYOUTS
from rivalry.data.check import Report
from rivalry.data.source import Column, Spec
from rivalry.kinds import find_kind
from rivalry.play.goal import seconds
from rivalry.runs.probe import seconds_of_a_round
from rivalry.runs.recipes import LAPTOP

TIME = "10m"
SIZES = (64, 48, 32)  # pixels, the largest first
KEPT = 40  # pixels: pictures up to this size stay as they are
ENOUGH = 1500  # rounds after which a generator shows what it learns
FEW = 500  # pictures: with fewer, a critic learns them by heart
EACH = 50  # pictures of a label, with fewer of which nothing is learned of it
SHOWN = 6  # further games that are named

# What speaks for a game, in the order in which they are named; and what it needs to be named at all.
REASONS: dict[str, str] = {
    "tvae": "learns how columns depend on each other in a minute or two",
    "ctgan": "can be asked for a category; slower",
    "copula": "columns and their correlations in a second: what others have to beat",
    "projection-gan": "draws the label that is asked for; quick",
    "dcgan": "quick and steady on any pictures",
    "pix2pix": "turns a picture into its partner",
    "cyclegan": "carries pictures between the two labels, without pairs",
    "stargan": "one translator between all labels",
    "r3gan": "a modern baseline without tricks; finer than dcgan after half an hour",
    "stylegan2": "styles to mix and edit; behind dcgan at first, better after 20 minutes",
    "wgan-gp": "steady, and its critic measures a distance; slower",
    "sngan": "spectral norms in place of penalties",
    "infogan": "finds factors of the data without labels",
    "pacgan": "against missing modes",
    "acgan": "labels by a classifier inside of the critic",
    "cell": "a low-rank model of random walks; a minute",
    "gail": "an agent that a critic cannot tell from the demonstrator",
    "lstm": "the likelihood of the next token, the baseline of sequences",
}


@dataclass(frozen=True)
class Advice:
    """What to train.

    Attributes:
        game, recipe, time, size, settings: as `train` takes them; None and {} where nothing need be said.
        reasons: why, in words, one for each decision.
        others: further games that suit the data, the best first, with the reasons.
        more: the number of games that suit beyond those.
    """

    game: str
    recipe: str | None
    time: str | None
    size: tuple[int, int] | None
    settings: dict[str, Any] = field(default_factory=dict)
    reasons: Sequence[str] = ()
    others: Sequence[tuple[str, str]] = ()
    more: int = 0

    def command(self, data: str) -> str:
        """The command to copy."""
        words = ["rivalry", "train", self.game, "--data", data]
        words += ["--size", _one(self.size)] if self.size else []
        words += ["--recipe", self.recipe] if self.recipe else []
        words += ["--time", self.time] if self.time else []
        for name, value in self.settings.items():
            words += ["-s", f"{name}={value}"]
        return shlex.join(words)


Probe = Callable[[str, str | None, Spec], float]  # (game, recipe, spec) -> seconds of a round


def advise(report: Report, device: torch.device, probe: Probe | None = None) -> Advice | None:
    """What to train on these data; None if no game suits.

    Args:
        report: of `data.check`, with the games that suit.
        device: that will be trained on.
        probe: measures a round; by default it is played for a second at most two sizes.
    """
    if not report.suits or report.wrong:
        return None
    game, why, given = _game(report)
    reasons = [why]
    recipes = catalog.recipes(catalog.find(game))
    pictures = find_kind(report.kind).axes == 2
    recipe = LAPTOP if device.type == "cpu" and LAPTOP in recipes else None
    size = None
    if pictures and report.sizes:
        size, told = _size(report, game, recipe, probe or played_on(device))
        reasons.append(told)
    others = _others(report.suits, game)
    more = len(report.suits) - 1 - len(others)
    own = bool(
        recipe and {"rounds", "samples"} & recipes[recipe].keys()
    )  # a length that was found by measurement
    return Advice(game, recipe, None if own else TIME, size, given, reasons, others, more)


def lines(report: Report, advice: Advice | None) -> list[str]:
    """The advice as text: the command last but for what else suits."""
    if advice is None:
        return [
            "no game of the catalog suits these data"
            if not report.wrong
            else "mend what is wrong, then train"
        ]
    wide = max(len(name) for name, _ in [*advice.others, ("", "")])
    found = ["", "To begin with, copy this:", "", f"    {advice.command(report.path)}", ""]
    found += [f"why         {reason}" for reason in advice.reasons]
    found += [f"also        {name:{wide}}  {reason}" for name, reason in advice.others]
    found += [f"and         {advice.more} more that suit: `rivalry list`"] if advice.more > 0 else []
    found += [f"layouts     {LAYOUTS}"]
    return found


def played_on(device: torch.device) -> Probe:
    """A probe that plays the game itself."""

    def probe(game: str, recipe: str | None, spec: Spec) -> float:
        entry = catalog.find(game)
        make = catalog.maker(entry)
        given = dict(catalog.recipes(entry)[recipe]) if recipe else {}
        for length in ("time", "rounds", "samples", "data"):
            given.pop(length, None)
        return seconds_of_a_round(make, spec, settings.check(make, given, game), device)

    return probe


def _game(report: Report) -> tuple[str, str, dict[str, Any]]:
    """The game, the reason for it, and settings that these data need."""
    suits, n = set(report.suits), report.n
    if report.pairs and "pix2pix" in suits:
        return "pix2pix", f"pix2pix, since the pictures are pairs: {report.pairs}", {}
    if set(report.labels) == {"A", "B"} and "cyclegan" in suits:
        return "cyclegan", "cyclegan, since A and B are two domains without pairs", {}
    if find_kind(report.kind).axes != 2:
        plural = find_kind(report.kind).plural
        own = [name for name in report.suits if catalog.find(name).kinds == (report.kind,)]
        if first := next((name for name in (*REASONS, *own) if name in own), ""):
            return first, f"{first}, which is made for {plural}", {}
        first = next((name for name in REASONS if name in suits), report.suits[0])
        return first, f"{first}, the first that plays on {plural}", {}
    if n < FEW and "dcgan" in suits:
        why = f"dcgan with augmentation, since {n:,} pictures are few: a critic would learn them by heart"
        return "dcgan", why, {"augment": "diffaugment"}
    if len(report.labels) > 1 and n >= EACH * len(report.labels) and "projection-gan" in suits:
        return "projection-gan", f"projection-gan, since there are {len(report.labels)} labels to ask for", {}
    first = next((name for name in ("dcgan", *REASONS) if name in suits), report.suits[0])
    return first, f"{first}: {REASONS.get(first, 'it suits these data')}", {}


def _size(report: Report, game: str, recipe: str | None, probe: Probe) -> tuple[tuple[int, int] | None, str]:
    """The size to train at, None for the size that the pictures have, and the reason."""
    height, width = max(report.sizes, key=lambda one: (report.sizes[one], one))
    if report.pairs.startswith("perhaps"):
        width //= 2
    if max(height, width) <= KEPT:
        return None, f"{height} x {width} as they are"
    fitting = [size for size in SIZES if size <= min(height, width)] or [SIZES[-1]]
    for size in fitting:
        took = probe(game, recipe, _spec(report, size))
        rounds = seconds(TIME) / took
        if rounds >= ENOUGH or size == fitting[-1]:
            break
    told = (
        f"{size} x {size} pixels, since this machine plays about {rounds:,.0f} rounds of it in {TIME}; "
        f"--size {min(height, width)} takes another, and larger ones learn slower"
    )
    return (size, size), told


def _spec(report: Report, size: int) -> Spec:
    """A description of such data at this size, as the game will get them."""
    shape = (report.channels, size, size)
    extra = {"source": Column(report.kind, shape)} if report.pairs else {}
    return Spec("probe", report.kind, shape, tuple(report.labels), extra)


def _others(suits: Iterable[str], game: str) -> list[tuple[str, str]]:
    there = set(suits) - {game}
    return [(name, why) for name, why in REASONS.items() if name in there][:SHOWN]


def _one(size: tuple[int, int]) -> str:
    return str(size[0]) if size[0] == size[1] else f"{size[0]}x{size[1]}"
