"""The family as a map: each game of the catalog, with the games that it comes from."""

import inspect
from typing import Any, get_args, get_origin

from rivalry import catalog
from rivalry.catalog import CATALOG, Entry
from rivalry.data.names import NAMES
from rivalry.settings import settings_of

# Game -> those whose idea it changes, as its paper says.  A game without parents begins a branch.
PARENTS: dict[str, tuple[str, ...]] = {
    "cgan": ("gan",), "dcgan": ("gan",), "fgan": ("gan",), "lsgan": ("gan",), "unrolled": ("gan",),
    "ebgan": ("gan",), "cogan": ("gan",), "infogan": ("gan",), "acgan": ("cgan",), "text-to-image": ("cgan",),
    "wgan": ("gan",), "wgan-gp": ("wgan",), "wgan-lp": ("wgan-gp",), "dragan": ("wgan-gp",), "began": ("ebgan",),
    "pacgan": ("gan",), "progan": ("wgan-gp",), "sngan": ("wgan-gp",), "sngan-projection": ("sngan", "acgan"),
    "projection-gan": ("sngan-projection",), "sagan": ("sngan-projection",), "rpgan": ("gan",), "ragan": ("rpgan",),
    "biggan": ("sagan",), "biggan-deep": ("biggan",), "stylegan": ("progan",), "stylegan2": ("stylegan",),
    "r3gan": ("rpgan",),
    "pix2pix": ("cgan",), "cyclegan": ("pix2pix",), "discogan": ("gan",), "dualgan": ("wgan",),
    "stargan": ("cyclegan", "acgan"), "cross-aligned": ("vae",),
    "esrgan": ("ragan",), "inpaint": ("gan",), "level-gan": ("dcgan", "wgan-gp"),
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


def about(name: str) -> dict[str, Any]:
    """A game's own words, its recipes, its settings, and the named data that it plays on.

    Raises:
        BadRequest: no such game.
    """
    entry = catalog.find(name)
    make = catalog.maker(entry)
    doc = inspect.getdoc(inspect.getmodule(make)) or ""
    return {
        **entry._asdict(),
        "target": None,
        "room": entry.room,
        "parents": parents(entry),
        "doc": doc,
        "recipes": {name: dict(values) for name, values in catalog.recipes(entry).items()},
        "settings": [field(setting) for setting in settings_of(make).values()],
        "data": [name for name, named in NAMES.items() if named.kind in entry.kinds],
    }


def field(setting: Any) -> dict[str, Any]:
    """A setting as a field of a form: what may be chosen, its default, its meaning."""
    base = setting.base
    choices = [str(one) for one in get_args(base)] if get_origin(base) is not None else []
    literal = bool(choices) and all(not isinstance(one, type) for one in get_args(base))
    return {
        "name": setting.name,
        "kind": setting.kind,
        "default": setting.default if isinstance(setting.default, int | float | str | bool) else None,
        "meaning": setting.meaning,
        "choices": choices if literal else ["True", "False"] if base is bool else [],
    }
