"""An invisible mark in the pixels of a picture: spread spectrum in blocks of the cosine transform, read by votes.

Each block of 8 x 8 pixels carries one of 32 bits.  p is a pattern of signs over six middle frequencies of the block's
luma, another for each block, and s = ⟨DCT, p⟩ / √6.  Marking raises s to `STRENGTH` where the bit is 1, and lowers it
to the negative where the bit is 0, but changes it by no more than a limit.  Reading adds up s over the blocks of a bit,
none counting more than `VOTE`; the sign is the bit.  Bits that do not survive JPEG at qualities from 95 down to 70 are
marked again, stronger.  (Cox et al. 1997, "Secure Spread Spectrum Watermarking for Multimedia"; the host's own part of
s is taken out when marking, as in Malvar & Florêncio 2003, "Improved Spread Spectrum".)

It is the second line behind signed credentials, which a copy without its metadata loses.  It survives JPEG at quality
80 and nothing that moves the blocks: not resizing, turning, or cropping.  It is no secret: whoever reads this file can
read, remove and forge it.
"""

import io
from typing import NamedTuple

import numpy as np
from PIL import Image

BITS = 32
TAG = 0xA3D1_57E9  # the bits of "made by a model", chosen once at random
ENOUGH = 31  # bits that agree in a marked picture; by chance one picture in 130 million has so many
BLOCK = 8
LEAST = 4  # blocks for each bit
STRENGTH, LIMIT, VOTE = (
    14.0,
    8.0,
    8.0,
)  # of s: a change by 8 is one of 255 levels a pixel, on average over a block
STRONGER, WIDER, TIMES = 1.25, 1.6, 8  # of strength and limit where a bit does not survive; how often at most
QUALITIES = (95, 90, 80, 70)
PASSES = 3  # rounding and clipping take a part of the mark away: it is added again
CHOSEN = ((0, 2), (1, 1), (2, 0), (1, 2), (2, 1), (2, 2))  # frequencies, down and across
LUMA = np.array([0.299, 0.587, 0.114])
SEED = 20_181_107  # of the patterns


class Read(NamedTuple):
    """What was read from a picture.

    Attributes:
        bits: the 32 bits as a number.
        agree: how many of them are those of `TAG`; a block that says nothing agrees with nothing.
        found: whether that is enough to call the picture marked.
    """

    bits: int
    agree: int
    found: bool


def room(size: tuple[int, int]) -> bool:
    """Whether a picture (height, width) has blocks enough."""
    return (size[0] // BLOCK) * (size[1] // BLOCK) >= LEAST * BITS


def mark(pixels: np.ndarray, bits: int = TAG) -> np.ndarray:
    """The picture with the mark.

    Args:
        pixels: uint8 (h, w) or (h, w, 3), or with alpha as a further channel, which stays as it is.
        bits: what is written, 0 to 2³² - 1.

    Raises:
        ValueError: the picture is too small; ask `room`.
    """
    if not room(pixels.shape[:2]):
        raise ValueError("the picture has too few blocks for a mark")
    strength, limit = np.full(BITS, STRENGTH), np.full(BITS, LIMIT)
    for _ in range(TIMES):
        marked = _marked(pixels, bits, strength, limit)
        lost = _lost(marked, bits)
        if not lost.any():
            break
        strength, limit = np.where(lost, STRONGER * strength, strength), np.where(lost, WIDER * limit, limit)
    return marked


def _marked(pixels: np.ndarray, bits: int, strength: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """The picture with a mark of this strength and limit for each bit (32,)."""
    colors, rest = _split(pixels)
    begun, patterns = _projected(_luma(colors))
    place = _place_of_block(len(begun))
    wanted = 2.0 * _as_array(bits)[place] - 1
    goal = begun + wanted * np.clip(strength[place] - wanted * begun, 0, limit[place])
    for _ in range(PASSES):
        lacking = goal - _projected(_luma(colors))[0]
        added = _inverse((lacking / len(CHOSEN) ** 0.5)[:, None, None] * patterns, colors.shape[:2])
        colors = np.clip(np.rint(colors + added[..., None]), 0, 255)
    return _joined(colors, rest, pixels)


def _lost(pixels: np.ndarray, bits: int) -> np.ndarray:
    """Which bits cannot be read after JPEG: (32,) bool."""
    votes = [_votes(_compressed(pixels, quality)) for quality in QUALITIES]
    return np.any([np.sign(each) != 2.0 * _as_array(bits) - 1 for each in votes], 0)


def _compressed(pixels: np.ndarray, quality: int) -> np.ndarray:
    """The picture without its alpha, written as JPEG and read again."""
    colors = _split(pixels)[0].astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(colors[..., 0] if colors.shape[2] == 1 else colors).save(file, "jpeg", quality=quality)
    with Image.open(file) as image:
        return np.array(image)


def read(pixels: np.ndarray) -> Read:
    """What a picture says; of one that is too small nothing."""
    if not room(pixels.shape[:2]):
        return Read(0, 0, False)
    votes = _votes(pixels)
    agree = int((np.sign(votes) == 2.0 * _as_array(TAG) - 1).sum())
    bits = sum(int(vote > 0) << i for i, vote in enumerate(votes))
    return Read(bits, agree, agree >= ENOUGH)


def _votes(pixels: np.ndarray) -> np.ndarray:
    """The sum of the blocks of each bit: (32,), above 0 for a 1."""
    s, _ = _projected(_luma(_split(pixels)[0]))
    votes = np.zeros(BITS)
    np.add.at(votes, _place_of_block(len(s)), np.clip(s, -VOTE, VOTE))
    return votes


def _split(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Colors (h, w, 1 or 3) as floats, and alpha (h, w, 0 or 1)."""
    deep = pixels[..., None] if pixels.ndim == 2 else pixels
    colors = 3 if deep.shape[2] >= 3 else 1
    return deep[..., :colors].astype(np.float64), deep[..., colors:]


def _joined(colors: np.ndarray, rest: np.ndarray, like: np.ndarray) -> np.ndarray:
    return np.concatenate([colors.astype(np.uint8), rest], 2).reshape(like.shape)


def _luma(colors: np.ndarray) -> np.ndarray:
    return colors @ LUMA if colors.shape[2] == 3 else colors[..., 0]


def _basis() -> np.ndarray:
    """The orthonormal cosine transform (8, 8): frequencies down, places across."""
    k, n = np.arange(BLOCK)[:, None], np.arange(BLOCK)
    basis = np.cos(np.pi * (2 * n + 1) * k / (2 * BLOCK)) * (2 / BLOCK) ** 0.5
    basis[0] /= 2**0.5
    return basis


def _blocks(luma: np.ndarray) -> np.ndarray:
    """The transform of each whole block: (h, w) -> (blocks, 8, 8)."""
    h, w = (side // BLOCK for side in luma.shape)
    cut = luma[: h * BLOCK, : w * BLOCK].reshape(h, BLOCK, w, BLOCK).transpose(0, 2, 1, 3)
    return _basis() @ cut.reshape(-1, BLOCK, BLOCK) @ _basis().T


def _inverse(coefficients: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """(blocks, 8, 8) -> (h, w), 0 beyond the last whole blocks."""
    h, w = (side // BLOCK for side in size)
    cut = (_basis().T @ coefficients @ _basis()).reshape(h, w, BLOCK, BLOCK).transpose(0, 2, 1, 3)
    whole = np.zeros(size)
    whole[: h * BLOCK, : w * BLOCK] = cut.reshape(h * BLOCK, w * BLOCK)
    return whole


def _projected(luma: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """s of each block (blocks,), and the patterns (blocks, 8, 8)."""
    coefficients = _blocks(luma)
    signs = np.random.default_rng(SEED).choice((-1.0, 1.0), (len(coefficients), len(CHOSEN)))
    patterns = np.zeros_like(coefficients)
    rows, columns = zip(*CHOSEN)
    patterns[:, rows, columns] = signs
    return (coefficients * patterns).sum((1, 2)) / len(CHOSEN) ** 0.5, patterns


def _place_of_block(blocks: int) -> np.ndarray:
    """Which bit each block carries: each of them as often, in a random order."""
    return np.random.default_rng(SEED + 1).permutation(np.arange(blocks) % BITS)


def _as_array(bits: int) -> np.ndarray:
    return np.array([bits >> i & 1 for i in range(BITS)])
