"""`rivalry sample`."""

from pathlib import Path
from typing import Annotated

import typer

from rivalry.errors import BadRequest


def sample(
    run: Annotated[str, typer.Argument(help="the run's directory, or its id on the Hugging Face Hub")],
    n: Annotated[int, typer.Option("-n", help="how many")] = 64,
    label: Annotated[str | None, typer.Option(help="a class, by number or name")] = None,
    truncation: Annotated[float | None, typer.Option(help="codes drawn closer to the middle: 0.7")] = None,
    seed: Annotated[int, typer.Option(help="of the codes")] = 0,
    output: Annotated[
        Path | None, typer.Option("-o", help=".png: a sheet; .npz: arrays; else a folder")
    ] = None,
    which: Annotated[str, typer.Option(help="best, newest, or a round that has a checkpoint")] = "best",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda")] = "cpu",
) -> None:
    """Draw samples from a trained game."""
    from rivalry import trained
    from rivalry.data.source import Spec
    from rivalry.samples import save

    if n < 1:
        raise BadRequest(f"-n is one or more; got {n}")
    opened = trained.open_run(trained.local(run))
    spec = Spec.from_json(opened.told["spec"])
    game = trained.load(opened, device=device, which=which)
    given = trained.given(game, spec, label=label, truncation=truncation)
    output = output or opened.path / "samples" / f"sample-{seed}.png"
    save(lambda: trained.draw(game, n, seed=seed, **given), output, spec)
    print(output)
