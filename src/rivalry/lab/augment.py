"""Do samples of a generator help a classifier that has few real data?

For each seed, a few real rows a class are drawn, and a logistic regression is trained on them alone, and on them with
more rows of one of these:

    noise     the same rows with normal noise of a tenth of each column's deviation
    flips     the same pictures, mirrored
    smote     points between a row and one of its five nearest of the class (Chawla et al. 2002, arXiv 1106.1813)
    vae, gan  a variational autoencoder and WGAN-GP, each trained on those few rows with their class as further columns

How many rows are added, as many as the real ones or three times as many, is chosen on further real rows; the test is on
held-out real rows.  A generator sees nothing but the few rows, so that nothing is known to it that the classifier does
not know; what it can add is the shape of the distribution between them.

No result of it says anything about a patient: it is an experiment on methods, and no medical device.
"""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import mean, stdev

import numpy as np
import torch
from scipy.optimize import minimize
from scipy.special import stdtrit
from torch import Tensor
from torch.nn import functional as F

from rivalry.data import open_data, with_settings
from rivalry.data.sets.xrays import WHERE
from rivalry.data.source import Dataset, Spec, TableSource
from rivalry.errors import BadRequest
from rivalry.game import Game
from rivalry.games.image.wgan_gp import wgan_gp
from rivalry.games.likelihood.vae import vae
from rivalry.metrics.ranking import area_under_roc
from rivalry.play.engine import Engine
from rivalry.play.goal import Goal

QUESTION = "Do samples of a generator help a classifier that has few real data?"
DEVICE = (
    "This is an experiment on methods; it is no medical device, and nothing here may decide about a patient."
)
ABOUT = {
    "breast-cancer": "30 measurements of nuclei in 569 images of breast masses, half held out; positive: malignant",
    "digits": "1,797 handwritten digits of 8 x 8 pixels; sensitivity and specificity are means over the ten classes",
    "chest-xrays": "X-rays of children's chests, 28 x 28 grey, 624 of them held out; positive: pneumonia",
}
INCLUDED = ("breast-cancer", "digits")  # what needs no file of the user's
LEFT_OUT = f"chest-xrays are left out: they need --data chest-xrays:path=pneumoniamnist.npz.  {WHERE}"
SIZES = (10, 20, 50)  # real rows a class
CHOOSING = 20  # further real rows a class, on which the amount is chosen
AMOUNTS = (1, 3)  # added rows for each real one
BASELINES = ("nothing", "noise", "flips", "smote")
METHODS = (*BASELINES, "vae", "gan")
ROUNDS = {"vae": 400, "gan": 200}
DECAY = 5e-3  # weight of the sum of squares of the classifier's weights
LABEL = 2.0  # the size of the columns that tell a generator the class


@dataclass(frozen=True)
class Outcome:
    """One classifier on held-out data; `chosen_by` is its area on the data that the amount was chosen on."""

    method: str
    size: int
    area: float
    sensitivity: float
    specificity: float
    chosen_by: float


@dataclass(frozen=True)
class Few:
    """Rows (n, d) of about unit deviation and their classes (n,), of k; `side` is that of square pictures, or 0."""

    x: Tensor
    y: Tensor
    k: int
    side: int = 0


def augment(
    data: str,
    seeds: int = 10,
    sizes: tuple[int, ...] = SIZES,
    *,
    methods: tuple[str, ...] = METHODS,
    progress: Callable[[str, int, int], None] | None = None,
) -> list[Outcome]:
    """The outcomes of every method, size and seed.

    Args:
        data: "breast-cancer", "digits" or "chest-xrays:path=FILE".

    Raises:
        BadRequest: other data.
    """
    about(data)
    train, test = vectors(open_data(data)), vectors(open_data(data, "test"))
    found, work = list[Outcome](), [(seed, size) for seed in range(seeds) for size in sizes]
    for i, (seed, size) in enumerate(work):
        found += one_seed(train, test, size, seed, methods)
        if progress:
            progress(f"augmenting {data}", i + 1, len(work))
    return found


def about(data: str) -> str:
    """What the data are, in a sentence.

    Raises:
        BadRequest: other data than the experiment is made for.
    """
    name = with_settings(data)[0]
    if name not in ABOUT:
        raise BadRequest(f"augment is measured on {', '.join(ABOUT)}; got {name!r}")
    return ABOUT[name]


def vectors(data: Dataset) -> Few:
    """Data as rows of numbers, without the column that is to be predicted."""
    assert data.label is not None
    x = data.rows(slice(None)).flatten(1).float()
    if "target" in data.spec.about:
        x = x[:, :-1]
    return Few(
        x, data.label, len(data.spec.classes), data.spec.shape[-1] if data.spec.meaning.axes == 2 else 0
    )


def one_seed(train: Few, test: Few, size: int, seed: int, methods: tuple[str, ...]) -> list[Outcome]:
    draw = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(train.y), generator=draw)
    by_class = [order[train.y[order] == c] for c in range(train.k)]
    rows = torch.cat([one[:size] for one in by_class])
    others = torch.cat([one[size : size + CHOOSING] for one in by_class])
    center, spread = train.x[rows].mean(0), train.x[rows].std(0).clamp(min=0.1)
    real, choosing, held_out = (
        Few((x - center) / spread, y, train.k, train.side)
        for x, y in ((train.x[rows], train.y[rows]), (train.x[others], train.y[others]), (test.x, test.y))
    )
    found = []
    for method in methods:
        if method == "flips" and not train.side:
            continue
        most = added(method, real, max(AMOUNTS) * len(rows), seed)
        fits = [fitted(real, most, n * len(rows)) for n in (AMOUNTS if method != "nothing" else (0,))]
        areas = [measured(W, choosing)[0] for W in fits]
        best = max(range(len(fits)), key=lambda i: areas[i])
        found.append(Outcome(method, size, *measured(fits[best], held_out), areas[best]))
    return found


# ---------------------------------------------------------------------- what is added


def added(method: str, real: Few, n: int, seed: int) -> Few:
    """`n` further rows by one of `METHODS`."""
    torch.manual_seed(seed)
    pick = torch.randint(len(real.y), (n,))
    x, y = real.x[pick], real.y[pick]
    if method == "noise":
        x = x + 0.1 * torch.randn_like(x)
    if method == "flips":
        x = x.view(n, real.side, real.side).flip(2).flatten(1)
    if method == "smote":
        x = smote(real, pick)
    if method in ROUNDS:
        return generated(method, real, n, seed)
    return Few(x, y, real.k)


def smote(real: Few, pick: Tensor) -> Tensor:
    """Points between rows and one of their five nearest of the same class: (n, d)."""
    apart = torch.cdist(real.x, real.x)
    apart[real.y[:, None] != real.y] = torch.inf
    apart.fill_diagonal_(torch.inf)
    others = min(5, int(real.y.bincount(minlength=real.k)[real.y].min()) - 1)
    near = apart.topk(others, largest=False).indices[pick, torch.randint(others, pick.shape)]
    return torch.lerp(real.x[pick], real.x[near], torch.rand(len(pick), 1))


def generated(method: str, real: Few, n: int, seed: int) -> Few:
    """Samples of a generator trained on the rows; the class of each is the greatest of its last columns."""
    x = torch.cat([real.x, LABEL * F.one_hot(real.y, real.k).float()], 1)
    data = Dataset(Spec("few", "points", (x.shape[1],)), x)
    batch = min(64, len(x))
    game: Game = (
        vae(data.spec, width=64, latent=8, batch=batch, average=0.99)
        if method == "vae"
        else wgan_gp(data.spec, width=64, latent=16, batch=batch, lr=1e-3, average=0.99)
    )
    engine = Engine(game, TableSource(data, batch=batch, seed=seed), seed=seed)
    engine.play(Goal(rounds=ROUNDS[method]))
    with engine.evaluating() as trained, torch.no_grad():
        made = trained.sample(n)
    return Few(made[:, : -real.k], made[:, -real.k :].argmax(1), real.k)


# ---------------------------------------------------------------------- the classifier


def fitted(real: Few, more: Few, n: int) -> Tensor:
    """A logistic regression on the real rows and the first `n` further ones: weights (d + 1, k)."""
    x, y = torch.cat([real.x, more.x[:n]]).double(), torch.cat([real.y, more.y[:n]])
    x = torch.cat([x, torch.ones(len(x), 1, dtype=x.dtype)], 1)
    hot = F.one_hot(y, real.k).double()

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        W = torch.from_numpy(flat).view(x.shape[1], real.k)
        log_chance = (x @ W).log_softmax(1)
        slope = x.T @ (log_chance.exp() - hot) / len(x) + 2 * DECAY * W
        return float(-(hot * log_chance).sum() / len(x) + DECAY * W.square().sum()), slope.flatten().numpy()

    start = np.zeros(x.shape[1] * real.k)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 100}).x
    return torch.from_numpy(found).view(x.shape[1], real.k)


def measured(W: Tensor, test: Few) -> tuple[float, float, float]:
    """The area under ROC, sensitivity and specificity: of the last class where there are two, else means of all."""
    x = torch.cat([test.x.double(), torch.ones(len(test.x), 1, dtype=torch.float64)], 1)
    chance = (x @ W).softmax(1)
    said, areas, sensitive, specific = chance.argmax(1), [], [], []
    for c in [test.k - 1] if test.k == 2 else range(test.k):
        of = test.y == c
        areas.append(area_under_roc(chance[of, c], chance[~of, c]))
        sensitive.append(float((said[of] == c).double().mean()))
        specific.append(float((said[~of] != c).double().mean()))
    return mean(areas), mean(sensitive), mean(specific)


# ---------------------------------------------------------------------- in words


def interval(some: list[float]) -> tuple[float, float]:
    """The mean, and half of its 95 % interval over seeds by Student's distribution (0 for one seed)."""
    n = len(some)
    return mean(some), float(stdtrit(n - 1, 0.975)) * stdev(some) / n**0.5 if n > 1 else 0.0


def table(found: list[Outcome]) -> str:
    """A line for each size and method: area, sensitivity and specificity with their intervals."""
    lines = [f"{'real a class':>12}  {'added':<8}  {'AUC':<14}  {'sensitivity':<14}  specificity"]
    for size in sorted({one.size for one in found}):
        for method in dict.fromkeys(one.method for one in found):
            some = [one for one in found if (one.size, one.method) == (size, method)]
            numbers = (
                interval([getattr(o, what) for o in some]) for what in ("area", "sensitivity", "specificity")
            )
            cells = "  ".join(f"{f'{m:.3f} ± {half:.3f}':<14}" for m, half in numbers)
            lines.append(f"{size:>12}  {method:<8}  {cells}".rstrip())
    return "\n".join(lines)


def verdict(found: list[Outcome], generator: str = "gan") -> list[str]:
    """For each size, whether the generator beats the baseline that did best where amounts were chosen."""
    said = []
    for size in sorted({one.size for one in found}):
        by = {method: [o for o in found if (o.size, o.method) == (size, method)] for method in METHODS}
        best = max(filter(by.get, BASELINES), key=lambda one: mean(o.chosen_by for o in by[one]))
        gain, half = interval([a.area - b.area for a, b in zip(by[generator], by[best])])
        how = "beats" if gain > half else "is worse than" if gain < -half else "cannot be told from"
        said.append(
            f"With {size} real rows a class, the {generator} {how} the best baseline ({best}): "
            f"AUC {gain:+.3f} ± {half:.3f} over {len(by[best])} seeds."
        )
    return said
