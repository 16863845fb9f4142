"""Sentences and the same language in cipher: two styles without pairs, of which the true translation is known.

`cipher`: a small made language of up to 9 words, and the same with 60 % of its vocabulary exchanged among itself by a
    permutation without fixed points, so that a word that is written means something else in the other style.  In the
    split "train" no sentence is given in both styles.  The column "truth" holds each sentence in the other style; games
    do not read it.

A sentence is a subject, a verb, an object and often a place.  How often a word comes, and which words come beside it,
differ from word to word: that is all by which a cipher can be read.  (The task is that of Shen et al. 2017, arXiv
1705.09655, section 5.2.)
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.kinds.tokens import END, PAD, SPECIAL

Array = np.ndarray

SHARE = 0.6
SPLITS = {"train": (20_000, 0), "test": (2_000, 1)}  # how many sentences, from which seed
LONGEST = 9
STYLES = ("plain", "cipher")
NOUNS = (
    "man", "woman", "dog", "cat", "child", "bird", "horse", "teacher", "farmer", "boy", "girl", "cow",
    "king", "queen", "soldier", "doctor", "sheep", "wolf", "driver", "baker",
)  # fmt: skip
ADJECTIVES = (
    "old", "young", "small", "big", "red", "white", "happy", "tired", "quiet", "brown", "strange",
    "lost",
)  # fmt: skip
VERBS = (
    "sees", "holds", "likes", "follows", "finds", "wants", "watches", "carries", "paints", "calls",
    "feeds", "sells",
)  # fmt: skip
THINGS = (
    "ball", "book", "apple", "hat", "chair", "letter", "bread", "boat", "drum", "key", "lamp", "flower",
    "bag", "stone", "cup",
)  # fmt: skip
PREPOSITIONS = ("in", "near", "behind", "under")
PLACES = (
    "house", "garden", "street", "forest", "market", "river", "field", "school", "kitchen", "train",
    "tower", "bridge",
)  # fmt: skip
WORDS = ["the", "a", *NOUNS, *ADJECTIVES, *VERBS, *THINGS, *PREPOSITIONS, *PLACES]


def open_cipher(name: str, split: str = "train") -> Dataset:
    """The set "cipher".

    Raises:
        BadRequest: for a split that is neither "train" nor "test".
    """
    if split not in SPLITS:
        raise BadRequest(f"{name!r} has no split {split!r}; it has train and test")
    n, seed = SPLITS[split]
    sentences = made_sentences(n, seed)
    spec = Spec("cipher", "tokens", (LONGEST + 1,), about={"vocabulary": WORDS, "join": " "})
    facts = {"source": "generated", "splits": tuple(SPLITS)}
    return enciphered(Dataset(spec, sentences, None, facts))


def enciphered(plain: Dataset, share: float = SHARE, seed: int = 0) -> Dataset:
    """The first half of the sentences as they are, the other half in cipher.

    Args:
        plain: sentences.
        share: of the vocabulary that is exchanged.

    Returns:
        Classes "plain" and "cipher"; the column "truth" (n, t) is each sentence in the other style.
    """
    there = cipher(len(plain.spec.about["vocabulary"]), share, seed)
    half = len(plain) // 2
    first, second = plain.x[:half], plain.x[half:]
    spec = Spec(plain.spec.name, plain.spec.kind, plain.spec.shape, STYLES, about=plain.spec.about)
    label = (torch.arange(len(plain)) >= half).long()
    truth = torch.cat([there[first], second])
    return Dataset(spec, torch.cat([first, there[second]]), label, dict(plain.facts), {"truth": truth})


def cipher(words: int, share: float, seed: int = 0) -> Tensor:
    """The token that each token becomes, (4 + words,): this share of the words move around a circle, all else stays."""
    draw = np.random.default_rng(seed)
    moved = draw.permutation(words)[: round(share * words)] + len(SPECIAL)
    becomes = torch.arange(len(SPECIAL) + words)
    becomes[moved] = torch.from_numpy(np.roll(moved, 1))
    return becomes


def made_sentences(n: int, seed: int = 0) -> Tensor:
    """`n` sentences of the language as tokens (n, 10): the old man holds a key near the river."""
    draw = np.random.default_rng(seed)
    some = lambda p: draw.random(n) < p
    who = _likely(len(NOUNS), n, draw)
    verb = (who + _likely(5, n, draw)) % len(VERBS)
    placed = some(0.6)
    columns = [
        np.where(some(0.7), _first("the"), _first("a")),
        some(0.5) * _near(ADJECTIVES, who, draw),
        _first(NOUNS[0]) + who,
        _first(VERBS[0]) + verb,
        np.where(some(0.6), _first("a"), _first("the")),
        _near(THINGS, 2 * verb, draw),
        placed * (_first(PREPOSITIONS[0]) + _likely(4, n, draw)),
        placed * _first("the"),
        placed * _near(PLACES, verb, draw),
        np.full(n, END),
    ]
    x = torch.from_numpy(np.stack(columns, 1))
    return x.gather(1, (x == PAD).int().argsort(dim=1, stable=True))  # what is absent goes behind the end


def _first(word: str) -> int:
    """The token of a word."""
    return len(SPECIAL) + WORDS.index(word)


def _likely(words: int, n: int, draw: np.random.Generator) -> Array:
    """Numbers below `words`: (n,); k is 1 / (k + 1) as likely as 0."""
    p = 1 / np.arange(1, words + 1)
    return draw.choice(words, n, p=p / p.sum())


def _near(words: Sequence[str], place: Array, draw: np.random.Generator) -> Array:
    """For each place in another list the token of one of the five words that belong to it: (n,)."""
    return _first(words[0]) + (place + _likely(5, len(place), draw)) % len(words)
