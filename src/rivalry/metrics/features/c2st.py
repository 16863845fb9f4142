"""The classifier two-sample test: can a classifier tell fakes from data that it has not seen?

    value = accuracy on held-out samples,    under H₀: real and fake are one distribution, N(½, 1/(4 n_te))

Lopez-Paz and Oquab 2017, "Revisiting Classifier Two-Sample Tests" (arXiv 1610.06545).  No classifier can exceed
½ + ½ TV(real, fake): 1/2 says that this classifier at this number of samples found no difference, and 1 that the two
do not overlap.  It sees differences that moments do not show, and every other difference: rounding to 8 bits, or
JPEG.  Blind to copies of the data.

By default two classifiers learn from four fifths of the training half, a logistic regression and a network of one
hidden layer, stopped where its loss on the last fifth is least; the one whose loss there is less speaks.  A network
alone overfits: between Gaussians it stays .01 to .04 short of the best possible accuracy.  It is needed all the same,
where means are equal.

Deviations: at most 300 full-batch steps of Adam at a rate of 0.01, where the paper tells of 100 epochs and its code
runs 10,000 at 0.001; each class is split in half by itself, for a split of both together leaves the class that is
rarer in training the more frequent one in the test, and so pulls the null below ½.
"""

from math import erfc, isqrt, sqrt
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rivalry.errors import unknown
from rivalry.maths.optimizers import adam
from rivalry.metrics.extractors.extractor import require_comparable
from rivalry.metrics.features.neighbors import CHUNK, evened, squared_distances
from rivalry.metrics.interval import SPREAD_OF_SHARE, wilson_error
from rivalry.metrics.score import Score

CLASSIFIERS = ("chosen", "logistic", "mlp", "knn")
HIDDEN, STEPS, RATE = 20, 300, 0.01
LOOK = 10  # steps between two looks at the loss on rows that are not learned from
INNER = 5  # one row in so many is not learned from
RIDGE = 1e-3  # of logistic regression: this times |w|² is added to the mean loss


def c2st(
    real_features: Tensor,
    fake_features: Tensor,
    *,
    features: str = "features",
    provenance: dict[str, Any] | None = None,
    classifier: str = "chosen",
    most: int = 10_000,
    seed: int = 0,
) -> Score:
    """The held-out accuracy of a classifier of real against fake; lower is better, 1/2 best.

    Its details hold the p-value `p` (how often one distribution would score so high), the number `held_out`, and
    the accuracies on `real` and on `fake` ones.  Grows with the number of samples, which teach the classifier.

    Args:
        real_features: (n, d).
        fake_features: (m, d).
        features: the extractor's name, for the score's.
        classifier: "logistic", regression; "mlp", one layer of 20 ReLU; "chosen", whichever of these two is better
            on a fifth of the training half; or "knn", the vote of the ⌊√n_train⌋ nearest.
        most: how many a side are used at most, evenly spaced in their order; both sides are cut to the same
            number, half of it for training.
        seed: of the split and of the first weights.

    Raises:
        BadRequest: no such classifier, fewer than 20 samples a side, widths that differ, values not finite,
            constant real ones.
    """
    if classifier not in CLASSIFIERS:
        raise unknown("classifier", classifier, CLASSIFIERS, f"c2st has {', '.join(CLASSIFIERS)}")
    require_comparable("c2st", real_features, fake_features, least=20)
    real, fake = evened(real_features, fake_features, most)
    generator = torch.Generator().manual_seed(seed)
    (learn_real, test_real), (learn_fake, test_fake) = (_halves(x, generator) for x in (real, fake))
    train, test = standardized(torch.cat([learn_real, learn_fake]), torch.cat([test_real, test_fake]))
    is_fake = torch.arange(len(train), device=train.device) >= len(learn_real)
    predicted_fake = (
        _knn(train, is_fake, test)
        if classifier == "knn"
        else _predicted(classifier, train, is_fake, test, seed)
    )
    of_real, of_fake = (
        int((~predicted_fake[: len(test_real)]).sum()),
        int(predicted_fake[len(test_real) :].sum()),
    )
    n, hits = len(test), of_real + of_fake
    facts = {
        "n real": len(real),
        "n fake": len(fake),
        "classifier": classifier,
        "seed": seed,
        "spread": f"{SPREAD_OF_SHARE}, for this split and classifier",
    }
    found = {
        "p": p_value(hits / n, n),
        "held_out": n,
        "real": of_real / len(test_real),
        "fake": of_fake / len(test_fake),
    }
    facts = {**(provenance or {}), **facts}
    return Score(f"c2st[{features}]", hits / n, len(fake), wilson_error(hits, n), "low", facts, found)


def p_value(accuracy: float, n: int) -> float:
    """The chance of at least this accuracy on n held-out samples of one distribution: 1 - Φ(2 (accuracy - ½) √n)."""
    return erfc((accuracy - 0.5) * sqrt(2 * n)) / 2


def standardized(train: Tensor, test: Tensor) -> tuple[Tensor, Tensor]:
    """Both in float32, and in units of the mean and deviation of the first; constant features are not scaled."""
    mean, deviation = train.mean(0), train.std(0)
    deviation[deviation == 0] = 1
    return ((train - mean) / deviation).float(), ((test - mean) / deviation).float()


def _halves(x: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """To learn from and to test on, drawn at random; the second is larger by one where the number is odd."""
    order = torch.randperm(len(x), generator=generator)
    return x[order[: len(x) // 2]], x[order[len(x) // 2 :]]


def _predicted(classifier: str, train: Tensor, is_fake: Tensor, test: Tensor, seed: int) -> Tensor:
    """Which of (m, d) are fake, by a classifier trained on (n, d): (m,) bool; by the better of two if "chosen"."""
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(seed)).to(train.device)
    held, learn = order[: len(train) // INNER], order[len(train) // INNER :]
    target = is_fake.float()
    inner = (train[learn], target[learn], train[held], target[held])
    makers = {"logistic": _logistic, "mlp": _mlp}
    asked = makers.values() if classifier == "chosen" else [makers[classifier]]
    networks = [make(*inner, seed) for make in asked]
    with torch.no_grad():
        losses = [_loss(network, train[held], target[held]).item() for network in networks]
        return networks[losses.index(min(losses))](test)[:, 0] > 0


def _loss(network: nn.Module, x: Tensor, target: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(network(x)[:, 0], target)


def _logistic(x: Tensor, target: Tensor, held: Tensor, target_held: Tensor, seed: int) -> nn.Module:
    """Logistic regression with a small ridge, solved by L-BFGS; held-out rows are not asked."""
    with torch.random.fork_rng(devices=[]):
        network = nn.Linear(x.shape[1], 1, device=x.device)
    nn.init.zeros_(network.weight), nn.init.zeros_(network.bias)
    solver = torch.optim.LBFGS(network.parameters(), max_iter=100, line_search_fn="strong_wolfe")

    def step() -> Tensor:
        solver.zero_grad()
        loss = _loss(network, x, target) + RIDGE * network.weight.square().sum()
        loss.backward()
        return loss

    with torch.enable_grad():
        solver.step(step)
    return network


def _mlp(x: Tensor, target: Tensor, held: Tensor, target_held: Tensor, seed: int) -> nn.Module:
    """A small network, as it was where its loss on held-out rows was least."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = nn.Sequential(nn.Linear(x.shape[1], HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 1))
    network = network.to(x.device)
    optimizer = adam(RATE)(list(network.parameters()))
    least, best = float("inf"), network.state_dict()
    for step in range(1, STEPS + 1):
        with torch.enable_grad():
            optimizer.descend(_loss(network, x, target))
        if step % LOOK == 0:
            with torch.no_grad():
                loss = float(_loss(network, held, target_held))
            if loss < least:
                least, best = loss, {name: value.clone() for name, value in network.state_dict().items()}
    network.load_state_dict(best)
    return network


def _knn(train: Tensor, is_fake: Tensor, test: Tensor) -> Tensor:
    """The vote of the nearest of (n, d) on which of (m, d) are fake: (m,) bool; a tie is called real."""
    k = isqrt(len(train))
    near = [squared_distances(rows, train).topk(k, largest=False).indices for rows in test.split(CHUNK)]
    return is_fake[torch.cat(near)].float().mean(1) > 0.5
