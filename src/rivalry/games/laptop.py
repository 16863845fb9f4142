"""The recipe `laptop` of each game of images: settings for ten minutes of two cores, at 32 x 32 or less.

The papers' settings are for a GPU.  On a processor they play too few rounds to show anything.  A narrower network, a
larger step size and a moving average of the generator show what the game is about in minutes.

`MEASURED` names the games whose settings were found by trying, on pictures of 28 or 32 pixels.  The others have the
settings of their kin, and nobody has measured them.  A game that has a `laptop` recipe of its own keeps that.
"""

from typing import Any

_KIN = {"width": 16, "batch": 64, "lr": 1e-3, "average": 0.998}  # DCGAN's networks in one or another game
_CRITICS = {"width": 24, "lr": 5e-4, "average": 0.99}  # several critic steps a round

LAPTOP: dict[str, dict[str, Any]] = {
    "gan": {"average": 0.998},
    "cgan": _KIN,
    "dcgan": _KIN,
    "fgan": _KIN,
    "lsgan": _KIN,
    "unrolled": {"width": 16, "average": 0.998},
    "ebgan": {"width": 16, "average": 0.998},
    "cogan": {"width": 12, "batch": 32, "lr": 2e-3, "beta1": 0.0, "penalty": 5.0, "average": 0.998},
    "infogan": {
        "width": 16,
        "latent": 4,
        "batch": 64,
        "generator_lr": 2e-3,
        "critic_lr": 5e-4,
        "average": 0.995,
    },
    "acgan": _KIN,
    "wgan": {"width": 32, "lr": 2e-4},
    "wgan-gp": _CRITICS,
    "dragan": _KIN,
    "wgan-lp": _CRITICS,
    "began": {"width": 16, "lr": 5e-4, "average": 0.99},
    "pacgan": _KIN,
    "ot-gan": {"width": 16, "lr": 1e-3, "generator_steps": 2, "average": 0.998},
    "progan": {"width": 16, "phase": 12_000},
    "sngan": {"width": 16, "critic_steps": 1, "lr": 5e-4, "average": 0.99},
    "sngan-projection": {"width": 16, "critic_steps": 1, "lr": 5e-4, "average": 0.99},
    "projection-gan": {},
    "sagan": {
        "width": 16,
        "attend": 8,
        "generator_lr": 1e-3,
        "critic_lr": 2e-3,
        "penalty": 20.0,
        "average": 0.99,
    },
    "rpgan": _KIN,
    "ragan": _KIN,
    "biggan": {
        "latent": 60,
        "embedding": 32,
        "width": 8,
        "attend": 0,
        "batch": 64,
        "critic_steps": 1,
        "generator_lr": 5e-4,
        "critic_lr": 2e-3,
        "average": 0.998,
    },
    "biggan-deep": {
        "latent": 60,
        "embedding": 32,
        "width": 8,
        "attend": 0,
        "batch": 32,
        "critic_steps": 1,
        "generator_lr": 5e-4,
        "critic_lr": 2e-3,
        "average": 0.998,
    },
    "stylegan": {
        "width": 8,
        "latent": 64,
        "depth": 2,
        "mixing": 0.5,
        "lr": 3e-3,
        "penalty": 5.0,
        "every": 4,
    },
    "stylegan2": {"width": 8, "latent": 64, "depth": 2, "mixing": 0.5, "every": 4, "path": 0.0},
    "r3gan": {"lr": 1e-3, "every": 2},
    "fastgan": {"width": 8, "latent": 64, "batch": 32, "lr": 1e-3, "average": 0.998},
    "projected": {
        "side": 32,
        "latent": 64,
        "width": 8,
        "critic_width": 16,
        "batch": 32,
        "lr": 1e-3,
        "augment": "none",
        "average": 0.998,
    },
    "pix2pix": {
        "width": 16,
        "depth": 1,
        "dropout": 0.0,
        "batch": 8,
        "lr": 1e-3,
        "adversarial": 0.3,
    },
    "cyclegan": {"width": 16, "blocks": 3, "batch": 4, "lr": 5e-4},
    "discogan": {"width": 16, "batch": 16, "lr": 5e-4, "average": 0.99},
    "dualgan": {"width": 16, "batch": 4, "lr": 2e-4},
    "stargan": {"blocks": 3, "critic_steps": 1, "lr": 5e-4, "reconstruction": 20.0, "average": 0.99},
}

MEASURED = frozenset({
    "dcgan", "cogan", "infogan", "wgan", "wgan-gp", "progan", "sngan", "projection-gan", "biggan", "stylegan",
    "stylegan2", "r3gan", "fastgan", "projected", "pix2pix", "cyclegan", "stargan",
})  # fmt: skip
TIME = "10m"
