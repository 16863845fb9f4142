"""Over all kinds of data: what the best adversarial game reaches beside its likelihood baseline, from recorded results.

Odena's question (Distill 2019): GANs are at their best on images; is it that other data need other techniques, or
better priors, or that they do not suit?  Nothing is trained here: numbers are those of `benchmarks/results`, each with
its command, seeds and hardware there.  What is not on record is said to be missing.
"""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rivalry.errors import BadRequest
from rivalry.lab.answer import Answer, Row, mean, number
from rivalry.report.markup import Html, tag
from rivalry.report.question import section, table

QUESTION = "Beyond images: what do adversarial games reach on other data, and what made the difference?"
RESULTS = "benchmarks/results"


@dataclass(frozen=True)
class Contest:
    """One kind of data on which both were measured.

    Attributes:
        kind: of the data.
        files: of the results, without ".json"; the first that holds a game is taken.
        measure: a column, the kind's own.
        low: whether low is good.
        adversarial, baseline: names of games as they stand there.
        only: a column and the value that rows must have.
    """

    kind: str
    files: tuple[str, ...]
    measure: str
    low: bool
    adversarial: tuple[str, ...]
    baseline: tuple[str, ...]
    only: tuple[str, Any] | None = None


CONTESTS = (
    Contest("image (MNIST)", ("games-mnist", "denoising-steps"), "fid", True,
            ("dcgan", "r3gan", "gan", "sngan", "lsgan", "wgan-gp", "projection-gan", "cgan"),
            ("vae", "ddpm, 50", "flow-matching, 50")),
    Contest("points (ring)", ("modes-ring", "denoising-modes"), "reverse KL", True,
            ("pack 1", "pack 2"), ("ebm",)),
    Contest("graph (blocks)", ("graphs",), "roc", False, ("netgan",), ("cell",), ("data", "blocks")),
    Contest("table (breast cancer)", ("tables",), "all columns", False, ("ctgan",), ("tvae", "copula")),
    Contest("episode (CartPole)", ("agents-imitation",), "return", False, ("gail",),
            ("bc", "bc, 1 episode, every 20th step")),
    Contest("tokens (a known language)", ("text",), "nats by the oracle", True,
            ("seqgan", "relgan", "scratchgan", "wgan-text"), ("lstm", "transformer")),
    Contest("pairs of images (emoji)", ("translation-pix2pix",), "L1", True, ("pix2pix",), ("L1 alone",)),
    Contest("density of images (digits)", ("likelihood",), "bits/dim", True,
            ("flow-gan adversarial",), ("flow-gan likelihood",)),
)  # fmt: skip


@dataclass(frozen=True)
class Ablation:
    """One part that was taken away, all else being equal.

    Attributes:
        what: the part.
        sort: "technique" of training, or "prior": what the networks or the data structure know beforehand.
        with_it, without: names of the rows.
    """

    what: str
    sort: str
    file: str
    measure: str
    low: bool
    with_it: str
    without: str


ABLATIONS = (
    Ablation("the generator foresees 5 answers", "technique", "unrolling", "reverse KL", True, "5", "0"),
    Ablation(
        "the critic sees two samples at once",
        "technique",
        "modes-ring",
        "reverse KL",
        True,
        "pack 2",
        "pack 1",
    ),
    Ablation(
        "the critic sees wrong sentences",
        "technique",
        "text-to-image",
        "seen all",
        False,
        "matching",
        "no wrong sentences",
    ),
    Ablation(
        "walks go on from old samples",
        "technique",
        "denoising-modes",
        "reverse KL",
        True,
        "ebm",
        "ebm, every walk anew",
    ),
    Ablation(
        "path length",
        "technique",
        "styles",
        "fid",
        True,
        "stylegan2, mnist-32",
        "stylegan2 without path length, mnist-32",
    ),
    Ablation("a critic beside L1", "technique", "translation-pix2pix", "L1", True, "pix2pix", "L1 alone"),
    Ablation("attention", "prior", "attention", "consistent", False, "attention", "no attention"),
    Ablation("cycle consistency", "prior", "translation-cyclegan", "L1", True, "cyclegan", "no cycle"),
    Ablation("classes are told", "prior", "games-mnist", "fid", True, "projection-gan", "sngan"),
    Ablation("shared deep layers", "prior", "coupled", "same digit", False, "cogan", "nothing shared"),
)


def answer(
    *, quick: bool, seeds: int, progress: Callable[[str, int, int], None], results: str | None = None
) -> Answer:
    """Read the records; nothing is trained, so that quick and seeds change nothing.

    Raises:
        BadRequest: no such folder, or nothing of use in it.
    """
    folder = Path(results or RESULTS)
    if not folder.is_dir():
        raise BadRequest(
            f"no folder of recorded results at {folder}; say where they lie with --results FOLDER"
        )
    contests, ablations = (
        [contest(one, folder) for one in CONTESTS],
        [ablation(one, folder) for one in ABLATIONS],
    )
    if not any(row["adversarial"] for row in contests):
        raise BadRequest(f"{folder} holds none of the results that this question reads")
    return in_sentences(contests, ablations, folder)


ALIKE = {"reverse-kl": "reverse KL", "Fréchet distance": "fid"}  # columns that have two names in the records


def read(folder: Path, name: str) -> list[Row]:
    """The rows of one file, each with its name under "name"; none where there is no such file."""
    try:
        known = json.loads((folder / f"{name}.json").read_text())
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise BadRequest(f"{folder / name}.json cannot be read: {error}") from None
    rows = known.get("rows", known.get("runs", []))
    last = max((row.get("rounds", 0) for row in rows), default=0) if name == "modes-ring" else None
    rows = [row for row in rows if last is None or row.get("rounds") == last]
    renamed = lambda row: {new: row[old] for old, new in ALIKE.items() if old in row}
    return [{**row, **renamed(row), "name": _name(row)} for row in rows]


def _name(row: Row) -> str:
    if "pack" in row:
        return f"pack {row['pack']}"
    return str(next((row[key] for key in ("game", "sampler", "name", "foreseen") if key in row), ""))


def values(rows: Sequence[Row], name: str, measure: str) -> list[float]:
    """The measure of every row of this name."""
    some = [row.get(measure) for row in rows if row["name"] == name]
    return [float(value) for value in some if isinstance(value, int | float)]


def contest(one: Contest, folder: Path) -> Row:
    """The best of both sides."""
    rows = [row for file in one.files for row in read(folder, file)]
    if one.only:
        rows = [row for row in rows if row.get(one.only[0]) == one.only[1]]

    def best(names: Sequence[str]) -> tuple[str, float, int]:
        there = {name: values(rows, name, one.measure) for name in names}
        means = {name: mean(some) for name, some in there.items() if some}
        if not means:
            return "", math.nan, 0
        name = (min if one.low else max)(means, key=means.__getitem__)
        return name, means[name], len(there[name])

    (ours, value, n), (theirs, baseline, m) = best(one.adversarial), best(one.baseline)
    return {
        "kind": one.kind,
        "seed": 0,
        "measure": one.measure,
        "low": one.low,
        "adversarial": ours,
        "value": value,
        "seeds": n,
        "baseline": theirs,
        "baseline value": baseline,
        "baseline seeds": m,
        "gain": gain(value, baseline, one.low),
    }


def gain(value: float, baseline: float, low: bool) -> float:
    """How many times better the value is than the baseline, as log2; 0 is equal, above 0 better."""
    if not (value > 0 and baseline > 0):
        return math.nan
    return math.log2(baseline / value if low else value / baseline)


def ablation(one: Ablation, folder: Path) -> Row:
    """The measure with the part and without it."""
    rows = read(folder, one.file)
    with_it, without = (mean(values(rows, name, one.measure)) for name in (one.with_it, one.without))
    return {
        "kind": one.what,
        "seed": 0,
        "sort": one.sort,
        "measure": one.measure,
        "value": with_it,
        "baseline value": without,
        "gain": gain(with_it, without, one.low),
    }


def in_sentences(contests: list[Row], ablations: list[Row], folder: Path) -> Answer:
    """The answer that follows from the rows."""
    known = [row for row in contests if not math.isnan(row["gain"])]
    parts = [row for row in ablations if not math.isnan(row["gain"])]
    shown = [
        (
            r["kind"],
            f"{r['measure']} ({'low' if r['low'] else 'high'} is good)",
            r["adversarial"] or "not on record",
            number(r["value"]),
            str(r["seeds"]),
            r["baseline"] or "not on record",
            number(r["baseline value"]),
            number(r["gain"]),
        )
        for r in contests
    ]
    head = ("kind", "measure", "best adversarial", "", "seeds", "best baseline", "", "log2 of the gain")
    taken = [
        (
            r["kind"],
            r["sort"],
            r["measure"],
            number(r["value"]),
            number(r["baseline value"]),
            number(r["gain"]),
        )
        for r in parts
    ]
    return Answer(
        QUESTION,
        [*of_contests(contests, known), *of_ablations(parts)],
        [f"Read from {folder}; each number has its command, commit and hardware there. Nothing was trained."],
        controls(folder),
        [
            section("Adversarial games beside their baselines", table(head, shown)),
            section("Gain over the baseline, log2: right is better", bars(known)),
            section(
                "What was taken away",
                table(("part", "", "measure", "with it", "without", "log2 of the gain"), taken),
            ),
        ],
        [*contests, *ablations],
        "kind",
        ("measure", "adversarial", "value", "baseline", "baseline value", "gain"),
        f"{len(known)} of {len(contests)} comparisons and {len(parts)} of {len(ablations)} ablations are on record",
    )


def of_contests(contests: Sequence[Row], known: Sequence[Row]) -> list[str]:
    """Where the adversarial game is ahead, where behind, and what is missing."""
    ahead = [r["kind"] for r in known if r["gain"] > 0.1]
    behind = [r["kind"] for r in known if r["gain"] < -0.1]
    equal = [r["kind"] for r in known if abs(r["gain"]) <= 0.1]
    missing = [r["kind"] for r in contests if math.isnan(r["gain"])]
    said = (("ahead of", ahead), ("behind", behind), ("level with (within 7 %)", equal))
    found = [
        f"The best adversarial game is {how} its baseline on: {', '.join(some)}."
        for how, some in said
        if some
    ]
    return [*found, f"One side is not on record for: {', '.join(missing)}."] if missing else found


def of_ablations(parts: Sequence[Row]) -> list[str]:
    """Techniques against priors."""
    found = []
    by = {sort: [r["gain"] for r in parts if r["sort"] == sort] for sort in ("technique", "prior")}
    if all(by.values()):
        medians = {sort: sorted(gains)[len(gains) // 2] for sort, gains in by.items()}
        more = "priors" if medians["prior"] > medians["technique"] else "techniques of training"
        found.append(
            f"Of {len(by['technique'])} techniques the median gain is {2 ** medians['technique']:.2g} times, of "
            f"{len(by['prior'])} priors {2 ** medians['prior']:.2g} times: {more} made more of the difference, in "
            "different units and on different data."
        )
    if parts:
        most, least = max(parts, key=lambda r: r["gain"]), min(parts, key=lambda r: r["gain"])
        found.append(
            f"Most was gained by: {most['kind']} ({2 ** most['gain']:.3g} times in {most['measure']})."
        )
        if least["gain"] < 0:
            found.append(f"Worse with it than without: {least['kind']} ({2 ** least['gain']:.2g} times).")
    return found


def controls(folder: Path) -> list[str]:
    """Games that must fail, where they are on record: GAIL shown random demonstrations."""
    rows = read(folder, "agents-imitation")
    shown, blind = (mean(values(rows, name, "return")) for name in ("gail", "gail, random demonstrations"))
    if math.isnan(shown) or math.isnan(blind):
        return ["No control is on record."]
    fails = "as it must" if blind < shown / 2 else "WHICH MUST NOT BE"
    return [
        f"GAIL that is shown random demonstrations returns {blind:.3g} where GAIL returns {shown:.3g}, {fails}."
    ]


def bars(rows: Sequence[Row]) -> Html:
    """The gains as bars from a middle line, right for better; a bar ends at 4 doublings."""
    tall, middle, unit = 24, 520, 45
    drawn = []
    for k, row in enumerate(rows):
        length = max(-4.0, min(4.0, row["gain"])) * unit
        x, y = middle + min(0.0, length), k * tall + 4
        color = "#3c8852" if length > 0 else "#c06318"
        said = f"{row['kind']}: {row['adversarial']} beside {row['baseline']}"
        drawn += [
            tag(
                "rect",
                tag("title", said),
                x=f"{x:.1f}",
                y=y,
                width=f"{max(abs(length), 1):.1f}",
                height=15,
                fill=color,
            ),
            tag("text", said, x=0, y=y + 12),
        ]
    height = len(rows) * tall + 6
    line = tag("path", d=f"M{middle} 0V{height}", class_="rule")
    return tag("svg", line, *drawn, viewBox=f"0 0 720 {height}", style="max-width:900px", role="img")
