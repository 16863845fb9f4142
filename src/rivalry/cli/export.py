"""`rivalry export`."""

from pathlib import Path

import click

from rivalry.cli import options


@click.command()
@click.argument("run")
@click.option("output", "-o", type=options.PATH, required=True, help=".pt2, .safetensors or .onnx")
@options.which
def export(run: str, output: Path, which: str) -> None:
    """Write the trained generator as one file for other programs.

    It is what `sample` uses: the averaged generator, with standing statistics.  The file is read back and held against
    the run before it takes its place.

    RUN is its directory, demo:NAME of `rivalry list runs`, or its id on the Hugging Face Hub.
    """
    from rivalry.runs.export import export as write
    from rivalry.runs.opening import local, open_run

    print(write(open_run(local(run)), output, which))
