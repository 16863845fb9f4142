"""Translating image files to another domain.  The results keep the names of the files."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from rivalry.data.source import Spec
from rivalry.editing.codes import seeded
from rivalry.editing.images import Given, read, require_readable
from rivalry.errors import BadRequest, unknown
from rivalry.game import Game, Translator
from rivalry.metrics.suite import Progress

CHUNK = 16  # images at a time


def require_translator(game: Game) -> None:
    """Refuse a game that does not translate.

    Raises:
        BadRequest: it draws from codes.
    """
    if not isinstance(game, Translator):
        raise BadRequest("this game does not translate: it makes images of its own (`rivalry sample`)")


def domain(name: str, spec: Spec) -> int:
    """The number of a domain, told by name or by number; a name comes first.

    Raises:
        BadRequest: no such domain; names the nearest, or those that there are.
    """
    if not spec.classes:
        raise BadRequest(f"there is one way to go and no domain to name; leave --to {name} out")
    if name in spec.classes:
        return spec.classes.index(name)
    if name.isdigit() and int(name) < len(spec.classes):
        return int(name)
    raise unknown("domain", name, spec.classes, f"there is {', '.join(spec.classes[:20])}")


def places(images: Sequence[Given], folder: Path, ending: str = ".png") -> list[Path]:
    """Where each translation is written: the name of the image, or sound, below `folder`, with this ending.

    Raises:
        BadRequest: two of one name, or one that would be written over.
    """
    found: dict[Path, Given] = {}
    for image in images:
        place = folder / image.name.with_suffix(ending)
        if place in found:
            raise BadRequest(f"{found[place].path} and {image.path} would both become {place}; rename one")
        found[place] = image
    given = {image.path.resolve() for image in images}
    if over := [place for place in found if place.resolve() in given]:
        raise BadRequest(f"{over[0]} is one of the files to translate; write to another folder with -o")
    return list(found)


def translated(
    game: Game,
    images: Sequence[Given],
    spec: Spec,
    to: int | None = None,
    *,
    resize: bool = False,
    seed: int = 0,
    progress: Progress | None = None,
) -> Iterator[tuple[Given, Tensor]]:
    """Each image with its translation (c, h, w) in [-1, 1], float32 on the processor; a chunk at a time.

    Args:
        spec: of the data that the game was trained on.
        to: the number of a domain; None where there is only one way to go.
        resize: crop, resize and convert images of another size or mode, which are refused otherwise.
        seed: for games whose translations are random.  The result for a picture does not depend on the other pictures.

    Raises:
        BadRequest: the game does not translate, has no such domain, or an image cannot be read.  Raised before the
            first image is translated.
    """
    require_translator(game)
    require_readable(images, spec, resize)
    return _in_chunks(game, images, spec, to, resize, seed, progress)


def _in_chunks(
    game: Game,
    images: Sequence[Given],
    spec: Spec,
    to: int | None,
    resize: bool,
    seed: int,
    progress: Progress | None,
) -> Iterator[tuple[Given, Tensor]]:
    for start in range(0, len(images), CHUNK):
        some = images[start : start + CHUNK]
        x = read(some, spec, resize).to(game.device)
        made = carried(cast(Translator, game), x, to, seed)
        if progress:
            progress("translating", start + len(some), len(images))
        yield from zip(some, made)


def carried(game: Translator, x: Tensor, to: int | None, seed: int) -> Tensor:
    """The translations of pictures (n, c, h, w).  They do not depend on the other pictures in the batch.

    Where a translation draws random numbers, each picture is translated by itself, from numbers that its own pixels
    and the seed decide.
    """
    made, chance = _once(game, x, to, seed)
    if not chance:
        return made
    return torch.cat([_once(game, one, to, _seed_of(one, seed))[0] for one in x.split(1)])


def _once(game: Translator, x: Tensor, to: int | None, seed: int) -> tuple[Tensor, bool]:
    """A translation, and whether it drew random numbers."""
    of = cast(Game, game)
    with seeded(of, seed), torch.no_grad():
        before = _random_state(of)
        made = game.translate(x, to).float().cpu()
        return made, not torch.equal(before, _random_state(of))


def _random_state(game: Game) -> Tensor:
    cuda = game.device.type == "cuda"
    return torch.cuda.get_rng_state(game.device) if cuda else torch.get_rng_state()


def _seed_of(x: Tensor, seed: int) -> int:
    """A seed that is decided by the numbers of a picture, and by `seed`."""
    digest = hashlib.sha256(f"{seed} ".encode() + x.cpu().contiguous().numpy().tobytes())
    return int.from_bytes(digest.digest()[:4], "big")
