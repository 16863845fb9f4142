"""`rivalry edit search`: it adds itself to `edit`."""

from pathlib import Path

import click

from rivalry.cli import options
from rivalry.cli.edit import Opened, _tool, edit
from rivalry.errors import RunFailed


@edit.command()
@_tool
@click.option("--want", required=True, help="what the level has, as in enemies=5,gaps=2")
@click.option("--budget", type=click.IntRange(300), default=3000, help="levels that are looked at, at most")
@click.option("--playable/--any", default=True, help="ask for a level that an agent can finish")
@options.seed
def search(opened: Opened, output: Path | None, want: str, budget: int, playable: bool, seed: int) -> None:
    """Look for a level with what is wanted, by CMA-ES over codes.

    Counted are enemies, gaps, pipes, coins, blocks and cannons.  -o takes a .png or a .txt.
    """
    from rivalry.editing.search import require_levels, search, wanted
    from rivalry.runs.drawing import refuse_seed
    from rivalry.runs.progress import steps
    from rivalry.show.samples import save
    from rivalry.terminal import say

    refuse_seed(seed)
    asked = wanted(want)
    require_levels(opened.game, opened.spec)
    output = output or opened.place("search", want, seed)
    with steps() as show:
        found = search(
            opened.game, opened.spec, asked, playable=playable, budget=budget, seed=seed, progress=show
        )
    has = ", ".join(f"{name} {count}" for name, count in found.measured.items())
    say(f"{has}; {'an' if found.finished else 'no'} agent finishes it; {found.tried:,} levels looked at")
    save(lambda: [found.x[None]], output, opened.spec)
    print(output)
    if not found.reached:
        raise RunFailed(
            "the nearest level that was found is not what was wanted; try --budget or another --seed"
        )
