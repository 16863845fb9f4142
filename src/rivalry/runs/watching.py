"""Watching an agent: episodes that it plays, as returns and as pictures."""

from typing import cast

import torch
from PIL import Image

from rivalry.errors import BadRequest
from rivalry.game import Actor, Game
from rivalry.worlds.experience import played, returns
from rivalry.worlds.world import world_of

STEPS = 2**20  # no episode is longer


def require_actor(game: Game) -> Actor:
    """The game, as one that acts.

    Raises:
        BadRequest: it does not.
    """
    if not isinstance(game, Actor):
        raise BadRequest("this game acts in no environment; `rivalry sample` shows what it makes")
    return cast(Actor, game)


def require_count(n: int) -> None:
    if n < 1:
        raise BadRequest(f"episodes are watched by one or more; got {n}")


def watched(actor: Actor, n: int, seed: int) -> list[float]:
    """The returns of `n` episodes."""
    require_count(n)
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        return returns(played(actor.spec, [seed + k for k in range(n)], actor.act)).tolist()


def filmed(actor: Actor, seed: int, most: int = STEPS, widest: int = 480) -> tuple[list[Image.Image], float]:
    """The pictures of an episode, and its return.

    Args:
        most: pictures; evenly spread ones are kept of a longer episode.
        widest: pixels of a side.

    Raises:
        BadRequest: the environment draws no pictures.
    """
    world, horizon = world_of(actor.spec, pictures=True), actor.spec.shape[0]
    frames, gained = list[Image.Image](), 0.0
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        seen, every = world.reset(seed), -(-horizon // most)
        for k in range(horizon):
            if k % every == 0:
                frames.append(_reduced(Image.fromarray(world.picture()), widest))
            seen, reward, ended = world.step(actor.act(torch.from_numpy(seen)[None])[0].tolist())
            gained += reward
            if ended:
                break
    return frames, gained


def _reduced(image: Image.Image, widest: int) -> Image.Image:
    image.thumbnail((widest, widest))
    return image
