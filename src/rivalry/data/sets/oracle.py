"""`oracle`: a synthetic language whose likelihood is known, a recurrent network with random weights.

Every weight of the network is drawn from N(0, 1), and the language is what it says: sentences of one length, token by
token from its own distribution (Yu et al. 2016, "SeqGAN", arXiv 1609.05473, section 4.1).  So the probability of any
sentence is known, of a generator's as well, and so is the language's entropy.

The weights follow from a seed.  The 15 arrays of the paper's own oracle can be given in a .npz, `arr_0` to `arr_14`, in
the order of `NAMES`; they are read without pickle.
"""

import zipfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.kinds.tokens import SPECIAL
from rivalry.settings import Count, Natural

SPLITS = {"train": (10_000, 1), "test": (2_000, 2)}  # how many sentences, from which seed
WIDTH = 32  # numbers that stand for a token, and units of the recurrent layer
GATES = ("input", "forget", "output", "cell")
NAMES = ("embedding", *(f"{gate} {part}" for gate in GATES for part in ("W", "U", "b")), "out W", "out b")
FIRST = len(SPECIAL)  # the number of the language's token 0
CHUNK = 1000  # sentences at a time


class Oracle:
    """The language: draws sentences, and tells how likely any sentence is.

    Args:
        weights: by the names of `NAMES`: embedding (v, e); W (e, h), U (h, h) and b (h,) of each gate; out W (h, v),
            out b (v,).
    """

    def __init__(self, weights: dict[str, Tensor]):
        self.weights = weights
        self.vocabulary = len(weights["embedding"])
        join = lambda part: torch.cat([weights[f"{gate} {part}"] for gate in GATES], -1)
        self._W, self._U, self._b = join("W"), join("U"), join("b")

    def sample(self, n: int, length: int, seed: int) -> Tensor:
        """`n` sentences of `length` tokens from 0 to v - 1: (n, length) int64."""
        draw = torch.Generator().manual_seed(seed)
        return torch.cat([self._some(min(CHUNK, n - i), length, draw) for i in range(0, n, CHUNK)])

    def _some(self, n: int, length: int, draw: torch.Generator) -> Tensor:
        token, h, c, said = torch.zeros(n, dtype=torch.long), *self._silent(n), []
        for _ in range(length):
            h, c = self._step(token, h, c)
            edges = self._next(h).exp().cumsum(1)
            chance = torch.rand(n, 1, generator=draw) * edges[:, -1:]
            token = torch.searchsorted(edges, chance, right=True)[:, 0].clamp(max=self.vocabulary - 1)
            said.append(token)
        return torch.stack(said, 1)

    def log_prob(self, x: Tensor) -> Tensor:
        """log p of sentences (n, t), in nats: (n,)."""
        return torch.cat([self._each(some)[0].sum(1) for some in x.split(CHUNK)])

    def entropy(self, x: Tensor) -> Tensor:
        """The entropy of each next token, given those before it, added up over the sentence: (n, t) -> (n,) nats.

        Its mean over sentences of the language estimates the language's entropy with less noise than their likelihood.
        """
        return torch.cat([self._each(some)[1].sum(1) for some in x.split(CHUNK)])

    def _each(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """log p of each token, and the entropy of the distribution that it was drawn from: both (n, t)."""
        token, h, c = torch.zeros(len(x), dtype=torch.long), *self._silent(len(x))
        logs, entropies = [], []
        for said in x.unbind(1):
            h, c = self._step(token, h, c)
            log_p = self._next(h)
            logs.append(log_p.gather(1, said[:, None])[:, 0])
            entropies.append(-(log_p.exp() * log_p).sum(1))
            token = said
        return torch.stack(logs, 1), torch.stack(entropies, 1)

    def _step(self, token: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        gates = self.weights["embedding"][token] @ self._W + h @ self._U + self._b
        i, f, o, new = gates.chunk(4, 1)
        c = f.sigmoid() * c + i.sigmoid() * new.tanh()
        return o.sigmoid() * c.tanh(), c

    def _next(self, h: Tensor) -> Tensor:
        return (h @ self.weights["out W"] + self.weights["out b"]).log_softmax(1)

    def _silent(self, n: int) -> tuple[Tensor, Tensor]:
        width = self._U.shape[0]
        return torch.zeros(n, width), torch.zeros(n, width)


def open_oracle(
    name: str,
    split: str = "train",
    *,
    vocabulary: Count = 500,
    length: Count = 20,
    seed: Natural = 0,
    weights: str = "",
) -> Dataset:
    """10,000 training and 2,000 test sentences of the language.

    Settings:
        vocabulary: different tokens of the language
        length: tokens of a sentence; each has as many
        seed: of the network's weights
        weights: a .npz with the 15 arrays of another oracle, in place of a seed and a vocabulary

    Returns:
        int64 (n, length) without an end token.  The fact `oracle` is the `Oracle` itself.

    Raises:
        BadRequest: no such split, or a file that holds no oracle.
    """
    if split not in SPLITS:
        raise BadRequest(f"{name!r} has no split {split!r}; it has {' and '.join(SPLITS)}")
    oracle = Oracle(read(Path(weights)) if weights else random_weights(vocabulary, seed))
    n, own = SPLITS[split]
    x = oracle.sample(n, length, own) + FIRST
    words = [str(i) for i in range(oracle.vocabulary)]
    about = {"vocabulary": words, "join": " ", "fixed": True}
    same = (oracle.vocabulary, length, seed, weights) == (500, 20, 0, "")
    called = name if same else f"{name}-{oracle.vocabulary}x{length}"
    facts = {"source": weights or "generated", "splits": tuple(SPLITS), "oracle": oracle}
    return Dataset(Spec(called, "tokens", (length,), about=about), x, None, facts)


def random_weights(vocabulary: int, seed: int = 0, width: int = WIDTH) -> dict[str, Tensor]:
    """Weights from N(0, 1), in the order of `NAMES`."""
    draw = torch.Generator().manual_seed(seed)
    shapes = {"W": (width, width), "U": (width, width), "b": (width,)}
    known = {"embedding": (vocabulary, width), "out W": (width, vocabulary), "out b": (vocabulary,)}
    return {name: torch.randn(known.get(name) or shapes[name[-1]], generator=draw) for name in NAMES}


def read(path: Path) -> dict[str, Tensor]:
    """The weights in a .npz.

    Raises:
        BadRequest: no such file, or not the arrays of an oracle.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            found = [torch.from_numpy(np.asarray(file[f"arr_{k}"], np.float32)) for k in range(len(NAMES))]
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise BadRequest(f"{path} holds no oracle: expected a .npz with arr_0 to arr_14") from error
    weights = dict(zip(NAMES, found))
    vocabulary, width = weights["embedding"].shape if weights["embedding"].ndim == 2 else (0, 0)
    shapes = {name: tuple(value.shape) for name, value in weights.items()}
    expected = {
        name: tuple(value.shape) for name, value in random_weights(max(vocabulary, 1), 0, width).items()
    }
    if wrong := [name for name in NAMES if shapes[name] != expected[name]]:
        came, wanted = shapes[wrong[0]], expected[wrong[0]]
        raise BadRequest(f"{path} holds no oracle: {wrong[0]!r} has the shape {came}; expected {wanted}")
    return weights
