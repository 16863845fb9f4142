"""`rivalry edit`: the tools for a trained generator."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from rivalry.cli import options
from rivalry.errors import BadRequest

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor

    from rivalry.data.source import Spec
    from rivalry.editing.codes import Space
    from rivalry.game import Game
    from rivalry.runs.run import Run


@click.group()
def edit() -> None:
    """Use a trained generator: paths, arithmetic, mixing, truncation, directions, named codes, inversion.

    Codes are told by the seeds that draw them: 1,2,3 or 0-7.
    """


class Opened(NamedTuple):
    """A run with its trained game."""

    run: "Run"
    spec: "Spec"
    game: "Game"

    @property
    def sized(self) -> bool:
        """Whether the run was trained at a size of its own: then images are brought to it, as its data were."""
        return self.run.config.get("size") is not None

    def label(self, text: str | None) -> int | None:
        """The number of the class that was asked for by number or name."""
        from rivalry.cli.typed import given

        return given(self.game, self.spec, label=text).get("label")

    def place(self, tool: str, *facts: object) -> Path:
        """The default path of a picture.  Facts that are None or empty are left out of its name."""
        name = "-".join([tool, *(str(fact) for fact in facts if fact not in (None, ""))])
        safe = "".join(c if c.isalnum() or c in ".,-+" else "_" for c in name)
        return self.run.path / "edits" / f"{safe[:120]}.png"


def _tool(command: Callable[..., None]) -> Callable[..., Any]:
    """A command that gets an opened run and the place of its output."""

    @wraps(command)
    def opening(run: str, which: str, device: str, **given: Any) -> None:
        from rivalry.data.source import Spec
        from rivalry.runs.opening import load, local, open_run

        opened = open_run(local(run))
        spec = Spec.from_json(opened.config["spec"])
        command(Opened(opened, spec, load(opened, device=device, which=which)), **given)

    place = click.option("output", "-o", type=options.PATH, help="the picture; RUN/edits/... by default")
    for option in (options.device, options.which, place, click.argument("run")):
        opening = option(opening)
    return opening


def _draw(output: Path, draw: Callable[[], "Image.Image"]) -> None:
    """Write a picture and print where it is; the place is tried before the picture is made."""
    from rivalry.show.output import require_ending, written

    require_ending(output, (".png",))
    with written(output) as file:
        draw().save(file, "png")
    print(output)


_label = click.option("--label", help="a class, by number or name")
_space = click.option("--space", default="z", help="z, or w: the styles of a game that has them")
_resize = click.option("--resize", is_flag=True, help="convert images of another size or mode")


@edit.command()
@_tool
@click.option("--seeds", default="0-3", help="the seeds of the codes, in order")
@click.option(
    "--steps", type=click.IntRange(2), help="pictures from one code to the next; 9, or 24 in an animation"
)
@click.option("--how", type=click.Choice(["spherical", "linear"]), help="spherical by default; linear in w")
@click.option("--closed", is_flag=True, help="return to the first code at the end; an animation always does")
@_space
@_label
def interpolate(
    opened: Opened,
    output: Path | None,
    seeds: str,
    steps: int | None,
    how: str | None,
    closed: bool,
    space: "Space",
    label: str | None,
) -> None:
    """Interpolate from code to code.

    A .png is a sheet with a row for each way from a code to the next; a .gif or an .mp4 walks them all, and
    back to the first.
    """
    from rivalry.cli import typed
    from rivalry.editing import codes, interpolate
    from rivalry.maths import paths
    from rivalry.show import movies as moving
    from rivalry.show.output import require_ending, written

    output = output or opened.place("interpolate", seeds, space, how, label)
    require_ending(output, (".png", *moving.ENDINGS))
    codes.require(opened.game, space)
    if how == "spherical" and space == "w":
        raise BadRequest("styles do not lie on a sphere: take --how linear, or --space z")
    between = paths.lerp if how == "linear" or space == "w" else paths.slerp
    given: dict[str, Any] = {"between": between, "space": space, "label": opened.label(label)}
    way = typed.seeds(seeds)
    if output.suffix.lower() == ".png":
        more = {"steps": steps or 9, "closed": closed, **given}
        _draw(output, lambda: interpolate.sheet(opened.game, opened.spec, way, **more))
        return
    moving.require_movie(output.suffix.lower(), opened.spec)
    with written(output) as file:
        x = interpolate.frames(opened.game, way, steps=steps or 24, **given)
        moving.write_movie(x, file, output.suffix.lower(), opened.spec)
    print(output)


@edit.command()
@_tool
@click.option("--a", required=True, help="seeds, or a folder of images, which are inverted")
@click.option("--minus", required=True, help="seeds or a folder: subtracted")
@click.option("--plus", required=True, help="seeds or a folder: the difference is added to each")
@click.option("--strengths", help="add a - minus to each of --plus, this many times: 0,0.5,1")
@_space
@_label
@_resize
@options.seed
def arithmetic(
    opened: Opened,
    output: Path | None,
    a: str,
    minus: str,
    plus: str,
    strengths: str | None,
    space: "Space",
    label: str | None,
    resize: bool,
    seed: int,
) -> None:
    """Compute a - minus + plus with codes.

    Each is the mean over its examples; with --strengths every one of --plus is turned by itself.
    """
    from rivalry.cli import typed
    from rivalry.editing import arithmetic, codes

    texts = (a, minus, plus)
    output = output or opened.place("arithmetic", *(Path(t).name for t in texts), strengths, space, label)
    amounts = typed.numbers(strengths, "strengths") if strengths else None
    codes.require(opened.game, space)
    asked = opened.label(label)
    codes.require_one_class(opened.game, asked)
    examples = [_example(opened, text, resize) for text in texts]

    def draw() -> "Image.Image":
        found = [_codes(opened, example, space, asked, seed) for example in examples]
        if amounts is None:
            return arithmetic.sheet(opened.game, opened.spec, *found, space=space, label=asked)
        vector = arithmetic.turn(found[0], found[1])
        return arithmetic.turning(
            opened.game, opened.spec, vector, found[2], amounts, space=space, label=asked
        )

    _draw(output, draw)


def _example(opened: Opened, text: str, resize: bool) -> "list[int] | Tensor":
    """Seeds, or the images of a folder."""
    resize = resize or opened.sized
    from rivalry.cli import typed
    from rivalry.editing import images, invert

    if not Path(text).exists():
        return typed.seeds(text)
    some = images.given_images([Path(text)])
    images.require_readable(some, opened.spec, resize)
    invert.require_invertible(opened.game)
    return images.read(some, opened.spec, resize)


def _codes(
    opened: Opened, example: "list[int] | Tensor", space: "Space", label: int | None, seed: int
) -> "Tensor":
    """The codes of these seeds, or those found for these images."""
    from rivalry.editing import codes, invert
    from rivalry.runs.progress import steps

    if isinstance(example, list):
        return codes.of_seeds(opened.game, example, space, label)
    with steps() as show:
        return invert.invert(opened.game, example, space, label, seed=seed, progress=show).codes


@edit.command()
@_tool
@click.option("--sources", default="0-4", help="seeds of the samples whose styles are taken")
@click.option("--targets", default="5-7", help="seeds of the samples that get them")
@click.option(
    "--layers", default="coarse,middle,fine", help="layers to take styles of: parts, or numbers such as 2-5"
)
@_label
def mix(
    opened: Opened, output: Path | None, sources: str, targets: str, layers: str, label: str | None
) -> None:
    """Replace some of the styles of samples by those of others.

    Sources are in the first row, targets in the first column, and a block of rows shows each part of the layers.
    """
    from rivalry.cli import typed
    from rivalry.editing import codes, mix

    codes.require(opened.game, "w")
    output = output or opened.place("mix", sources, targets, label)
    givers, takers, asked = typed.seeds(sources), typed.seeds(targets), opened.label(label)
    parts = layers.split(",")
    for part in parts:
        mix.band(part, codes.drawn(opened.game, 1, "w").shape[1])
    _draw(output, lambda: mix.sheet(opened.game, opened.spec, givers, takers, parts, asked))


@edit.command()
@_tool
@click.option("--seeds", default="0-7", help="the seeds of the samples")
@click.option("--truncations", default="0.3,0.5,0.7,1,none", help="lower values are nearer to the mean code")
@_label
@click.option("--curve", is_flag=True, help="also measure at each value, and draw precision against recall")
@click.option(
    "-n", type=click.IntRange(4), default=2000, help="the number of samples to measure at each value"
)
@options.seed
def truncate(
    opened: Opened,
    output: Path | None,
    seeds: str,
    truncations: str,
    label: str | None,
    curve: bool,
    n: int,
    seed: int,
) -> None:
    """Show the same seeds at several truncations.

    A row for each.  With --curve a second picture shows what fidelity costs in diversity; --seed is that of its
    samples.
    """
    from rivalry.cli import typed
    from rivalry.data import open_data
    from rivalry.editing import truncate
    from rivalry.runs.drawing import refuse_seed
    from rivalry.runs.opening import as_trained
    from rivalry.runs.places import data_of
    from rivalry.runs.progress import steps

    refuse_seed(seed)
    columns, rows, asked = typed.seeds(seeds), typed.truncations(truncations), opened.label(label)
    truncate.require_truncations(opened.game, rows)
    output = output or opened.place("truncate", seeds, label)
    data = open_data(data_of(opened.run), **as_trained(opened.run)) if curve else None
    _draw(output, lambda: truncate.sheet(opened.game, opened.spec, rows, columns, asked))
    if data is None:
        return

    def draw() -> "Image.Image":
        with steps() as show:
            return truncate.plot(truncate.curve(opened.game, data, rows, n=n, seed=seed, progress=show))

    _draw(output.with_name(f"{output.stem}-curve.png"), draw)


@edit.command()
@_tool
@click.option("--count", type=click.IntRange(1), default=6, help="how many directions, strongest first")
@click.option("--strengths", default="-3,-2,-1,0,1,2,3", help="in standard deviations of codes along each")
@click.option("--layers", help="coarse, middle, fine, or numbers such as 0-3; all by default")
@click.option("--by", type=click.Choice(["weights", "styles"]), default="weights", help="SeFa, or GANSpace")
@_label
@options.seed
def factorize(
    opened: Opened,
    output: Path | None,
    count: int,
    strengths: str,
    layers: str | None,
    by: str,
    label: str | None,
    seed: int,
) -> None:
    """Move a sample along the strongest directions.

    They are found from the generator's weights alone, or as principal components of its styles; a row for each.  --seed
    is that of the sample.
    """
    from rivalry.cli import typed
    from rivalry.editing import codes, factorize, mix
    from rivalry.runs.drawing import refuse_seed

    refuse_seed(seed)
    codes.require(opened.game)
    many = len(factorize.input_matrices(opened.game))
    given: dict[str, Any] = {
        "count": count,
        "layers": mix.band(layers, many) if layers else None,
        "by": by,
        "seed": seed,
        "label": opened.label(label),
    }
    amounts = typed.numbers(strengths, "strengths")
    if by == "styles":
        codes.require(opened.game, "w")
    output = output or opened.place("factorize", seed, layers, by if by == "styles" else "", label)
    _draw(output, lambda: factorize.sheet(opened.game, opened.spec, amounts, **given))


@edit.command()
@_tool
@click.option("--code", required=True, help="the part of the code that changes: c0, c1, ...")
@click.option("--seeds", default="0-4", help="the seeds of the codes; their other parts stay")
@click.option("--values", help="the values that it takes; by default all categories, or -2 to 2")
def traverse(opened: Opened, output: Path | None, code: str, seeds: str, values: str | None) -> None:
    """Change one named part of the code.

    A row for each seed, a column for each value: what infogan's categories (c0) and numbers (c1, ...) mean.
    """
    from rivalry.cli import typed
    from rivalry.editing import traverse
    from rivalry.game import require_part

    named, rows = traverse.require_coded(opened.game).named, typed.seeds(seeds)
    steps = typed.numbers(values, "values") if values else traverse.values_of(opened.game, code)
    for value in steps:
        require_part(named, code, value)
    output = output or opened.place("traverse", code, seeds, values)
    _draw(output, lambda: traverse.sheet(opened.game, opened.spec, code, steps, rows))
