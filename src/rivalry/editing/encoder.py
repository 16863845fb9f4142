"""An encoder for a generator: a small network that estimates the code of an image.

    min_E  E_z ‖E(G(z)) - z‖²        z in standard deviations of the prior

It is trained on the generator's own samples, whose codes are known and which are unlimited (Zhu et al. 2016, arXiv
1609.03552, train theirs on images).  Its estimate is a start for an optimizer.
"""

import hashlib
import math
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import cast

import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from rivalry.cache import cache_dir
from rivalry.editing.codes import Space, Typical, decode, drawn, given_labels, into, seeded, typical
from rivalry.game import Game, Latent
from rivalry.maths.optimizers import adam
from rivalry.metrics.suite import Progress
from rivalry.nn.conv import ConvCritic, Shape
from rivalry.runs.trees import load_tensors, write_tensors

STEPS, BATCH, WIDTH = 400, 64, 32
RATE = 2e-3  # of Adam at first; it falls to 0 along a cosine


class Encoder(nn.Module):
    """Images (n, c, h, w) -> codes (n, ...) in standard deviations of what is drawn: a critic with many scores."""

    def __init__(self, shape: Shape, code: tuple[int, ...]):
        super().__init__()
        self.code = code
        self.critic = ConvCritic(shape, width=WIDTH)
        self.critic.last = nn.Linear(self.critic.feature_count, math.prod(code))

    def forward(self, x: Tensor) -> Tensor:
        return self.critic.last(self.critic.features(x)).view(len(x), *self.code)


def encoder_of(
    game: Game,
    shape: Shape,
    space: Space = "z",
    *,
    steps: int = STEPS,
    seconds: float = math.inf,
    seed: int = 0,
    progress: Progress | None = None,
) -> Encoder:
    """The encoder of this game.  It is trained once, then kept in the user's cache under a hash of the game's weights.

    Args:
        shape: of an image.
        space: the target: a code z, or a style w (1, d), the same for all layers.
        steps: the number of training steps.
        seconds: the time that the training may take.  An encoder whose training was cut short is not kept.
        progress: called during the training.
    """
    with seeded(game, seed):
        encoder = Encoder(shape, _code(game, space)).to(game.device)
    path = cache_dir("encoders") / f"{space}-{seed}-{steps}-{fingerprint(game)[:32]}.safetensors"
    try:
        encoder.load_state_dict(load_tensors(path))
    except (OSError, SafetensorError, RuntimeError):  # not in the cache, damaged, or of another version
        if fit(encoder, game, space, steps=steps, seconds=seconds, seed=seed, progress=progress):
            _keep(encoder, path)
    return encoder.eval().requires_grad_(False)


def fit(
    encoder: Encoder,
    game: Game,
    space: Space,
    *,
    steps: int = STEPS,
    seconds: float = math.inf,
    seed: int = 0,
    progress: Progress | None = None,
) -> bool:
    """Train an encoder on the game's own samples, of every class in turn.

    Returns:
        Whether all steps were made within `seconds`.
    """
    until = time.monotonic() + seconds
    known, label = typical(game, space), given_labels(game, BATCH).get("label")
    optimizer = adam(RATE)(list(encoder.parameters()))
    with seeded(game, seed):
        for step in range(steps):
            if time.monotonic() >= until:
                return False
            with torch.no_grad():
                codes = into(game, cast(Latent, game).draw(BATCH), space, label)
                x = decode(game, codes, space, label).float()
            loss = (encoder(x) - whitened(codes, known, space)).square().mean()
            optimizer.settings["lr"] = RATE * (1 + math.cos(math.pi * step / steps)) / 2
            optimizer.descend(loss)
            if progress:
                progress("training an encoder", step + 1, steps)
    return True


def whitened(codes: Tensor, known: Typical, space: Space) -> Tensor:
    """Codes in standard deviations from the mean of what is drawn; of styles, that of the first layer (n, 1, d)."""
    away = (codes - known.mean) / known.std
    return away[:, :1] if space == "w" else away


def fingerprint(game: Game) -> str:
    """sha256 over the names and bytes of a game's weights, in hexadecimal."""
    digest = hashlib.sha256()
    for name, value in sorted([*game.named_parameters(), *game.named_buffers()], key=lambda pair: pair[0]):
        digest.update(f"{name} {tuple(value.shape)} {value.dtype}".encode())
        digest.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _code(game: Game, space: Space) -> tuple[int, ...]:
    one = drawn(game, 1, space)
    return tuple(one.shape[1:]) if space == "z" else (1, one.shape[2])


def _keep(encoder: Encoder, path: Path) -> None:
    """Write the encoder to the cache, completely or not at all.  If that fails, it is trained again next time."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with suppress(OSError, SafetensorError):
        try:
            with temporary.open("wb") as file:
                write_tensors(encoder.state_dict(), file)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
