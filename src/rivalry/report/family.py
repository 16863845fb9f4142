"""The family as a graph: each game of the catalog, with the games that it comes from."""

from typing import Any

from rivalry.catalog import CATALOG, Entry

# Game -> those whose idea it changes, as its paper says.  A game without parents begins a branch.
PARENTS: dict[str, tuple[str, ...]] = {
    "cgan": ("gan",), "dcgan": ("gan",), "fgan": ("gan",), "lsgan": ("gan",), "unrolled": ("gan",),
    "ebgan": ("gan",), "cogan": ("gan",), "infogan": ("gan",), "acgan": ("cgan",), "text-to-image": ("cgan",),
    "wgan": ("gan",), "wgan-gp": ("wgan",), "wgan-lp": ("wgan-gp",), "dragan": ("wgan-gp",), "began": ("ebgan",),
    "pacgan": ("gan",), "progan": ("wgan-gp",), "sngan": ("wgan-gp",), "sngan-projection": ("sngan", "acgan"),
    "projection-gan": ("sngan-projection",), "sagan": ("sngan-projection",), "rpgan": ("gan",), "ragan": ("rpgan",),
    "biggan": ("sagan",), "biggan-deep": ("biggan",), "stylegan": ("progan",), "stylegan2": ("stylegan",),
    "r3gan": ("rpgan",), "fastgan": ("dcgan", "sngan"), "projected": ("fastgan",),
    "pix2pix": ("cgan",), "cyclegan": ("pix2pix",), "discogan": ("gan",), "dualgan": ("wgan",),
    "stargan": ("cyclegan", "acgan"), "cross-aligned": ("vae",), "esrgan": ("ragan",), "inpaint": ("gan",),
    "level-gan": ("dcgan", "wgan-gp"), "sound-to-image": ("sngan-projection",),
    "wavegan": ("dcgan", "wgan-gp"), "specgan": ("dcgan", "wgan-gp"), "gansynth": ("progan", "acgan"),
    "hifigan": ("lsgan",), "videogan": ("dcgan",), "mocogan": ("videogan",), "next-frame": ("cgan",),
    "relgan": ("seqgan", "rpgan"), "scratchgan": ("seqgan",), "wgan-text": ("wgan-gp",), "ctgan": ("cgan", "wgan-gp"),
    "tvae": ("vae",), "ddgan": ("ddpm", "cgan"), "transformer": ("lstm",),
    "vae-gan": ("vae", "gan"), "aae": ("vae", "gan"), "realnvp": ("nice",), "pixelcnn++": ("pixelcnn",),
    "maf": ("made", "realnvp"), "flow-gan": ("realnvp", "gan"), "glow": ("realnvp",),
    "vqgan": ("autoencoder", "gan", "pixelcnn"), "autoencoder": ("vae",),
    "seqgan": ("lstm", "gan"), "netgan": ("wgan",), "cell": ("netgan",),
    "gail": ("bc", "gan"), "airl": ("gail",), "rnd": ("icm",), "pixel-curiosity": ("icm",), "entropy-only": ("icm",),
}  # fmt: skip


def family() -> list[dict[str, Any]]:
    """Every game: what the catalog says, and its parents."""
    return [
        {**entry._asdict(), "target": None, "room": entry.room, "parents": parents(entry)}
        for entry in CATALOG
    ]


def parents(entry: Entry) -> list[str]:
    """The parents of a game that the catalog has."""
    known = {one.name for one in CATALOG}
    return [name for name in PARENTS.get(entry.name, ()) if name in known]
