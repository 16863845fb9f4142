"""`rivalry demonstrate` and `rivalry watch`: episodes of an environment, played by a policy."""

from pathlib import Path

import click

from rivalry.cli import options


@click.command()
@click.argument("env")
@click.option(
    "--policy", default="scripted", help="random, scripted, or the .zip of a Stable-Baselines3 policy"
)
@click.option(
    "--statistics",
    type=options.PATH,
    help="a .npz of mean and variance that the .zip's observations are normalized by",
)
@click.option("-n", type=int, default=10, help="how many episodes")
@click.option("--every", type=int, default=1, help="keep only so many-th step of each episode")
@click.option(
    "output", "-o", type=options.PATH, required=True, help="the .npz to write, or the .hdf5 of Minari"
)
@options.seed
def demonstrate(
    env: str, policy: str, statistics: Path | None, n: int, every: int, output: Path, seed: int
) -> None:
    """Play episodes that an agent can learn from.

    ENV is an environment of Gymnasium, or CartPole-fixed, whose episodes are all of one length.  Prints the mean
    return.  Of a policy's .zip only the weights are read: the pickles beside them can run any code.
    """
    from rivalry.data.readers.minari import h5py
    from rivalry.errors import BadRequest
    from rivalry.runs.drawing import refuse_seed
    from rivalry.show.output import require_ending, written
    from rivalry.worlds.demonstrations import demonstrate as play
    from rivalry.worlds.demonstrations import seeds_of, write
    from rivalry.worlds.experience import returns
    from rivalry.worlds.minari import write_minari
    from rivalry.worlds.policies import find_policy
    from rivalry.worlds.world import make, spec_of

    require_ending(output, (".npz", ".hdf5"))
    refuse_seed(seed)
    to_minari = output.suffix.lower() == ".hdf5"
    package = h5py(output) if to_minari else None  # raises before anything is played
    if to_minari and every > 1:
        raise BadRequest("an .hdf5 holds every step; leave --every out, or write a .npz")
    spec, x = play(env, find_policy(policy, spec_of(make(env), env), statistics), n, seed, every)
    who = policy if policy in ("random", "scripted") else Path(policy).name
    with written(output) as file:
        if to_minari:
            write_minari(x, spec, seeds_of(seed, n), who, file, package)
        else:
            write(x, spec, who, file)
    _tell(returns(x).tolist())
    print(output)


@click.command()
@click.argument("run")
@click.option("-n", type=int, default=1, help="how many episodes; the first is shown")
@click.option("output", "-o", type=options.PATH, help="the .gif or .mp4 to write")
@options.seed
@options.which
def watch(run: str, n: int, output: Path | None, seed: int, which: str) -> None:
    """Watch a trained agent.

    RUN is the directory of its run.  Prints the return of each episode, and writes the first as an animation.
    """
    from rivalry.runs.drawing import refuse_seed
    from rivalry.runs.opening import load, local, open_run
    from rivalry.runs.watching import filmed, require_actor, require_count, watched
    from rivalry.show.movies import ENDINGS, require_format, write_frames
    from rivalry.show.output import require_ending, written

    if output:
        require_ending(output, ENDINGS)
        require_format(output.suffix.lower())
    refuse_seed(seed)
    game = load(open_run(local(run)), which=which)
    actor = require_actor(game)
    if not output:
        _tell(watched(actor, n, seed))
        return
    require_count(n)
    frames, first = filmed(actor, seed)
    with written(output) as file:
        write_frames(frames, file, output.suffix.lower())
    _tell([first, *(watched(actor, n - 1, seed + 1) if n > 1 else [])])
    print(output)


def _tell(returns: list[float]) -> None:
    """Print the returns of episodes, and their mean."""
    shown = ", ".join(f"{value:g}" for value in returns[:20]) + (", ..." if len(returns) > 20 else "")
    mean = f"; mean {sum(returns) / len(returns):.1f}" if len(returns) > 1 else ""
    print(f"return {shown}{mean}")
