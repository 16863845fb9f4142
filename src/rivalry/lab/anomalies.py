"""Is an image unlike the normal ones?  AnoGAN and f-AnoGAN beside an autoencoder, all trained on normal images alone.

    A(x) = mean (x - G(z))²  +  κ mean (φ(x) - φ(G(z)))²        z the code of x, κ = 1

G is the generator and φ the critic's last features of WGAN-GP.  A generator of normal images cannot draw what is not
normal, so that a high A tells of it.  The ways to find z:

    f-anogan    z = E(x), of an encoder that is trained on normal images to lower A (Schlegl et al. 2019, "f-AnoGAN",
                Medical Image Analysis 54, the training that they call izi_f)
    anogan      the z that descent finds for x by itself, from codes drawn at random (Schlegl et al. 2017, arXiv
                1703.05921)

Beside them stand an autoencoder, whose score is its squared error, and the squared distance from the mean normal image,
for which nothing is trained.  The control is f-anogan with networks of random weights: E alone is trained.

Deviations from both papers:
    One score for both ways, of squares; AnoGAN's is of absolute values, and weighs the features with a tenth.
    Whole images of 28 x 28 in place of parts of large ones.

No result of it says anything about a patient: it is an experiment on methods, and no medical device.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn

from rivalry.data import open_data, with_settings
from rivalry.data.sets.xrays import WHERE
from rivalry.data.source import Dataset, Spec, TableSource
from rivalry.errors import unknown
from rivalry.games.image.wgan_gp import wgan_gp
from rivalry.games.likelihood.autoencoder import autoencoder
from rivalry.games.two_players import GAN
from rivalry.lab.answer import Answer, Row, mean, over, summary, words
from rivalry.lab.augment import DEVICE, interval
from rivalry.lab.small import engine_on, lowered, play_until
from rivalry.maths.optimizers import adam
from rivalry.metrics.features.neighbors import spaced
from rivalry.metrics.ranking import area_under_roc
from rivalry.nn.autoencoder import Encoder
from rivalry.nn.conv import ConvCritic
from rivalry.report.question import section

QUESTION = "Does a GAN of normal images find what is not normal, better than an autoencoder does?"
KAPPA = 1.0  # weight of the features in the score
LATENT, WIDTH, BATCH, RATE = 32, 16, 64, 5e-4
CRITIC_STEPS = 2
STARTS, DESCENT_RATE = 2, 0.1  # codes from which AnoGAN descends for each image, and Adam's step
METHODS = ("f-anogan", "anogan", "autoencoder", "distance from the mean", "random networks")
COLUMNS = ("AUC", "pixels alone", "features alone")


@dataclass(frozen=True)
class Plan:
    """How long everything is trained.

    Attributes:
        rounds: of the GAN.
        steps: of the encoder, and of the autoencoder.
        descent: of AnoGAN, for each image.
        most: held-out images that are judged.
    """

    rounds: int
    steps: int
    descent: int
    most: int


FULL, QUICK = Plan(2_000, 1_500, 200, 10_000), Plan(300, 300, 50, 200)


def answer(
    *,
    quick: bool,
    seeds: int,
    progress: Callable[[str, int, int], None],
    data: str | None = None,
    normal: str | None = None,
) -> Answer:
    """Train on normal images and judge held-out ones, with each seed.

    Args:
        data: labeled images with a test split; "digits" by default.
        normal: the class that is normal; the first by default.

    Raises:
        BadRequest: data without classes, or no such class.
    """
    name, plan = data or "digits", QUICK if quick else FULL
    train, test = open_data(name), open_data(name, "test")
    train.spec.require("anomalies", kind="image", classes=True)
    classes = train.spec.classes
    normal = normal or classes[0]
    if normal not in classes or len(classes) < 2:
        raise unknown("class", normal, classes, f"there is {', '.join(classes)}, and one other is needed")
    assert train.label is not None
    train = train.only(torch.nonzero(train.label == classes.index(normal)).flatten())
    rows = list[Row]()
    for seed in range(seeds):
        progress("anomalies", seed, seeds)
        rows += one_seed(train, test, classes.index(normal), plan, seed)
    return in_sentences(rows, with_settings(name)[0], normal, len(train), plan, seeds)


def one_seed(train: Dataset, test: Dataset, normal: int, plan: Plan, seed: int) -> list[Row]:
    """How well each method ranks abnormal above normal images."""
    rows = spaced(torch.arange(len(test)), min(plan.most, len(test)))
    assert test.label is not None
    x, odd = test.rows(rows), test.label[rows] != normal
    gan, untrained = trained_gan(train, plan.rounds, seed), trained_gan(train, 0, seed)
    normal_only = Dataset(Spec("normal", "image", train.spec.shape), train.x)
    source = partial(TableSource, normal_only, batch=BATCH, seed=seed)
    scores = {
        "f-anogan": errors(gan, encoder(gan, source(), plan.steps, seed), x),
        "anogan": errors(gan, lambda some: descended(gan, some, plan.descent, seed), x),
        "autoencoder": (autoencoded(normal_only, plan.steps, seed)(x), None),
        "distance from the mean": ((x - train.rows(slice(None)).mean(0)).square().flatten(1).mean(1), None),
        "random networks": errors(untrained, encoder(untrained, source(), plan.steps, seed), x),
    }
    judged = {"abnormal": int(odd.sum()), "normal": int((~odd).sum())}
    return [{"method": m, "seed": seed, **areas(*scores[m], odd), **judged} for m in METHODS]


def areas(pixels: Tensor, features: Tensor | None, odd: Tensor) -> dict[str, float]:
    """The area under ROC of the score, and of each of its parts where it has two."""
    area = lambda score: area_under_roc(score[odd], score[~odd])
    if features is None:
        return {"AUC": area(pixels)}
    both = pixels + KAPPA * features
    return {"AUC": area(both), "pixels alone": area(pixels), "features alone": area(features)}


# ---------------------------------------------------------------------- networks and codes


def trained_gan(data: Dataset, rounds: int, seed: int) -> GAN:
    """WGAN-GP on normal images, in evaluation mode; with 0 rounds, its networks as they begin."""
    torch.manual_seed(seed)
    spec = Spec("normal", "image", data.spec.shape)
    game = wgan_gp(
        spec, latent=LATENT, width=WIDTH, batch=BATCH, lr=RATE, critic_steps=CRITIC_STEPS, average=0.99
    )
    play_until(engine_on(game, Dataset(spec, data.x), seed), rounds)
    return game.eval().requires_grad_(False)


def encoder(gan: GAN, normal: TableSource, steps: int, seed: int) -> nn.Module:
    """An encoder, trained on normal images so that what is drawn from their codes is like them."""
    torch.manual_seed(seed)

    def loss(network: nn.Module) -> Tensor:
        (x,) = next(normal)
        pixels, features = apart(gan, network(x), x)
        return (pixels + KAPPA * features).mean()

    return lowered(Encoder(normal.spec, LATENT, width=WIDTH), loss, steps, RATE).eval()


def descended(gan: GAN, x: Tensor, steps: int, seed: int) -> Tensor:
    """The codes (n, latent) that descent finds for images (n, c, h, w); of several starts the best for each."""
    torch.manual_seed(seed)
    z = gan.draw(STARTS * len(x)).requires_grad_()
    many, optimizer = x.repeat(STARTS, 1, 1, 1), adam(DESCENT_RATE)([z])
    for _ in range(steps):
        with torch.enable_grad():
            pixels, features = apart(gan, z, many)
            loss = (pixels + KAPPA * features).sum()
        optimizer.descend(loss)
    pixels, features = apart(gan, z, many)
    best = (pixels + KAPPA * features).view(STARTS, -1).argmin(0)  # (n,)
    return z.detach().view(STARTS, len(x), -1)[best, torch.arange(len(x))]


def autoencoded(data: Dataset, steps: int, seed: int) -> Callable[[Tensor], Tensor]:
    """The mean squared error (n,) of images drawn again by an autoencoder of normal ones."""
    torch.manual_seed(seed)
    game = autoencoder(data.spec, latent=LATENT, width=WIDTH, batch=BATCH, lr=RATE)
    play_until(engine_on(game, data, seed), steps)
    again = game.eval().requires_grad_(False).reconstruct
    return lambda x: (again(x) - x).square().flatten(1).mean(1)


def apart(gan: GAN, z: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """The mean squared differences of images from what their codes draw, in pixels and in features: (n,) each."""
    again, seen = gan.decode(z), cast(ConvCritic, gan.D).features
    return (again - x).square().flatten(1).mean(1), (seen(again) - seen(x)).square().mean(1)


def errors(gan: GAN, code: Callable[[Tensor], Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
    """Both parts of the score of images (n, c, h, w), of which `code` finds the codes."""
    parts = [apart(gan, code(some), some) for some in x.split(256)]
    return torch.cat([one for one, _ in parts]).detach(), torch.cat([one for _, one in parts]).detach()


# ---------------------------------------------------------------------- in words


def in_sentences(rows: list[Row], data: str, normal: str, n: int, plan: Plan, seeds: int) -> Answer:
    """The answer that follows from the rows."""
    found = [
        f"{method}: an AUC of {words(over(rows, 'AUC', method=method), '.3f')}." for method in METHODS[:-1]
    ]
    return Answer(
        QUESTION,
        [*found, *verdicts(rows), DEVICE],
        METHOD,
        [control(rows)],
        [section("Areas under ROC", NOTE, summary(rows, "method", COLUMNS))],
        rows,
        "method",
        COLUMNS,
        f"{data}: {n:,} images of {normal!r} are learned, {plan.rounds:,} rounds of WGAN-GP and {plan.steps:,} steps "
        f"of the encoder and of the autoencoder; {seeds} seeds",
    )


def verdicts(rows: Sequence[Row]) -> list[str]:
    """Whether the GAN finds more than what is simpler, and whether a score ranks the wrong way round."""
    said = [compared(rows, "f-anogan", other) for other in ("autoencoder", "distance from the mean")]
    means, half = {m: mean(over(rows, "AUC", method=m)) for m in METHODS[:-1]}, by_chance(rows)
    if wrong := [m for m, area in means.items() if area < 0.5 - half]:
        said.append(f"Below one half, so that abnormal images look more normal to it: {', '.join(wrong)}.")
    if max(means.values()) <= 0.5 + half:
        said.append(f"No method finds what is not normal: by chance alone an AUC is 0.5 ± {half:.3f} here.")
    return said


def by_chance(rows: Sequence[Row]) -> float:
    """How far from one half the AUC of a score lies that knows nothing, in 95 of 100 cases (Mann & Whitney 1947)."""
    a, b = rows[0]["abnormal"], rows[0]["normal"]
    return 1.96 * math.sqrt((a + b + 1) / (12 * a * b))


def compared(rows: Sequence[Row], one: str, other: str) -> str:
    """How two methods compare, seed by seed."""
    pairs = zip(over(rows, "AUC", method=one), over(rows, "AUC", method=other))
    gain, half = interval([a - b for a, b in pairs])
    how = "finds more than" if gain > half else "finds less than" if gain < -half else "cannot be told from"
    return f"{one} {how} {other}: AUC {gain:+.3f} ± {half:.3f}."


def control(rows: Sequence[Row]) -> str:
    """Random networks must do worse than trained ones."""
    said = compared(rows, "f-anogan", "random networks")
    area = words(over(rows, "AUC", method="random networks"), ".3f")
    so = "What the GAN has learned counts, as it must."
    if "finds more" not in said:
        so = "SO WHAT THE GAN HAS LEARNED ADDS NOTHING."
    return f"Random networks, with an encoder trained for them, reach an AUC of {area}. {said} {so}"


METHOD = [
    "The GAN, the encoder and the autoencoder see normal images alone; nothing is chosen on abnormal ones.",
    "f-anogan's encoder lowers the score of normal images. AnoGAN descends from "
    f"{STARTS} random codes for each image and keeps the better one.",
    "The area under ROC is the chance that an abnormal held-out image has a higher score than a normal one.",
    f"The X-rays need a file of the user's: --data chest-xrays:path=pneumoniamnist.npz. {WHERE}.",
]
NOTE = "Means and deviations over seeds. pixels alone, features alone: of the two parts of the score."
