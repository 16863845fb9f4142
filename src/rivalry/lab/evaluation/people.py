"""Simulated people, whose error rate is known: they see one image beside another and say which looks more real.

A person sees what a network sees that was trained to tell real images from those of all sources, on other images than
are shown.  Of two images the person names the one that looks more real, and with the probability `error` the other.
People see one image at a time, so that they cannot see that a source makes few images, or copies.
"""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import Tensor
from torch.nn import functional as F

from rivalry.human.asking import next_pair
from rivalry.human.ratings import fit
from rivalry.lab.small import lowered
from rivalry.nn.perceptron import PerceptronCritic

Choose = Callable[[np.ndarray, np.random.Generator, tuple[int, int] | None], tuple[int, int]]


class Crowd:
    """People before sources.

    Args:
        looks: for each source, how real each of its images looks: (n,).
        error: the probability of naming the other image; 1/2 is a person who does not look.
    """

    def __init__(self, looks: list[np.ndarray], error: float, seed: int):
        self.looks, self.error, self.generator = looks, error, np.random.default_rng(seed)

    def prefers_first(self, i: int, j: int) -> bool:
        """One answer about a random image of source i beside one of source j."""
        a, b = (self.generator.choice(self.looks[k]) for k in (i, j))
        return bool((a > b) != (self.generator.random() < self.error))

    def wins(self, each: int) -> np.ndarray:
        """(k, k): how often each beat each, in so many comparisons of every pair."""
        k = len(self.looks)
        table = np.zeros((k, k))
        for i in range(k):
            for j in range(i):
                won = sum(self.prefers_first(i, j) for _ in range(each))
                table[i, j], table[j, i] = won, each - won
        return table


def trained_eye(real: Tensor, fakes: Tensor, seed: int, rounds: int = 300) -> Callable[[Tensor], np.ndarray]:
    """A function from images (n, ...) to how real they look: (n,)."""
    torch.manual_seed(seed)
    eye = PerceptronCritic(tuple(real.shape[1:]), width=64, depth=2)

    def loss(eye: torch.nn.Module) -> Tensor:
        x, y = (some[torch.randint(len(some), (64,))] for some in (real, fakes))
        return F.softplus(-eye(x)).mean() + F.softplus(eye(y)).mean()

    lowered(eye, loss, rounds, 1e-3)
    with torch.no_grad():
        return lambda x: eye(x).detach().numpy()


def certain(wins: np.ndarray) -> list[tuple[int, int]]:
    """The pairs (better, worse) whose strengths differ by more than 1.96 standard errors."""
    strength, covariance = fit(wins)
    variance = covariance.diagonal()[:, None] + covariance.diagonal() - 2 * covariance
    apart = strength[:, None] - strength
    found = np.argwhere(apart > 1.96 * np.sqrt(variance.clip(min=1e-12)))
    return [(int(i), int(j)) for i, j in found]


def at_random(
    wins: np.ndarray, generator: np.random.Generator, last: tuple[int, int] | None
) -> tuple[int, int]:
    """Any two sources."""
    i, j = generator.choice(len(wins), 2, replace=False)
    return int(i), int(j)


CHOICES: Mapping[str, Choose] = {"active": next_pair, "at random": at_random}


def questions_until(
    target: float, choose: Choose, crowd: Crowd, truth: np.ndarray, most: int, seed: int, stays: int = 10
) -> int:
    """How many questions until the ranks correlate with the true ones by `target` and stay so; or `most`.

    Args:
        stays: for so many further questions.
    """
    generator, wins, last, since = np.random.default_rng(seed), np.zeros((len(truth),) * 2), None, 0
    for t in range(1, most + 1):
        i, j = last = choose(wins, generator, last)
        winner, loser = (i, j) if crowd.prefers_first(i, j) else (j, i)
        wins[winner, loser] += 1
        good = t >= len(truth) and spearmanr(fit(wins)[0], truth).statistic >= target
        since = since + 1 if good else 0
        if since > stays:
            return t - stays
    return most
