"""`rivalry sample`."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rivalry.cli import options
from rivalry.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from torch import Tensor

    from rivalry.data.source import Spec
    from rivalry.provenance.credentials import Key
    from rivalry.runs.run import Run


@click.command()
@click.argument("run")
@click.option("-n", type=int, default=64, help="how many")
@click.option("--label", help="a class, by number or name")
@click.option("--text", help="what the samples should show, of a game that is told sentences (text-to-image)")
@click.option(
    "--sound", type=options.PATH, help="a .wav file, of a game that is told sounds (sound-to-image)"
)
@click.option(
    "--truncation",
    type=float,
    help="codes drawn closer to the middle: 0.7; of styles also 0, the middle, and below",
)
@click.option(
    "--steps", type=int, help="of a sampler that takes steps (ddpm, flow-matching, ebm): fewer is faster"
)
@click.option("--code", multiple=True, help="set a named part of the code (infogan): c0=3; several allowed")
@click.option("--temperature", type=float, help="of sentences: below 1 likely words become likelier still")
@click.option("--top-k", type=int, help="of sentences: each word is one of so many likeliest")
@click.option(
    "--top-p", type=float, help="of sentences: each word is of the likeliest that have this probability"
)
@click.option("--where", help="a category of one column of a table: sex=F (ctgan)")
@options.seed
@click.option(
    "output",
    "-o",
    type=options.PATH,
    help=".png, .jpg, .webp, .gif: a sheet; .npz: arrays, with labels; .txt, .jsonl: sentences; else a folder",
)
@click.option(
    "--sign",
    type=options.PATH,
    help="a key of `rivalry keys new`: mark and sign the sheet as made by a model",
)
@click.option(
    "--colors", type=click.IntRange(2, 256), help="bring all pictures to so many colors, the same for all"
)
@click.option("--pixels", type=click.IntRange(2, 64), help="repeat each pixel so often in both directions")
@click.option("--attention", is_flag=True, help="beside each sample, where four of its places looked")
@options.which
@options.device
def sample(
    run: str,
    n: int,
    label: str | None,
    text: str | None,
    sound: Path | None,
    truncation: float | None,
    steps: int | None,
    code: tuple[str, ...],
    temperature: float | None,
    top_k: int | None,
    top_p: float | None,
    where: str | None,
    seed: int,
    output: Path | None,
    sign: Path | None,
    colors: int | None,
    pixels: int | None,
    attention: bool,
    which: str,
    device: str,
) -> None:
    """Draw samples from a trained game.  Sentences are printed where no -o is given.

    RUN is its directory, demo:NAME of `rivalry list runs`, or its id on the Hugging Face Hub.
    """
    from functools import partial

    import torch

    from rivalry.cli.typed import asking, sampler
    from rivalry.cli.typed import given as given_for_sample
    from rivalry.data.source import Spec
    from rivalry.game import Conditioned, Translator
    from rivalry.given import with_condition, words_under
    from rivalry.labels import every_class
    from rivalry.maths.watched import watching
    from rivalry.runs import progress
    from rivalry.runs.drawing import parts
    from rivalry.runs.opening import load, local, open_run
    from rivalry.show.samples import save
    from rivalry.terminal import plain

    if n < 1:
        raise BadRequest(f"-n is one or more; got {n}")
    if steps is not None and steps < 1:
        raise BadRequest(f"--steps is one or more; got {steps}")
    key = None if sign is None else _key(sign, output)
    opened = open_run(local(run))
    spec = Spec.from_json(opened.config["spec"])
    game = load(opened, device=device, which=which)
    if isinstance(game, Translator):
        given_as = "pictures" if spec.meaning.axes == 2 else spec.meaning.plural
        raise BadRequest(
            f"this game makes its samples from {given_as}: rivalry translate {run} {given_as.upper()} -o FOLDER"
        )
    given = given_for_sample(
        game, spec, label=label, truncation=truncation, text=text, sound=sound, steps=steps
    )
    if isinstance(game, Conditioned) and game.conditioned_on not in given:
        raise BadRequest(
            f"this game makes its samples for a {game.conditioned_on}: rivalry sample {run} {asking(game, spec)}"
        )
    given = with_condition(game, given, n)
    if where is not None:
        from rivalry.cli.typed import category

        given["where"] = category(where, game)
    if code:
        from rivalry.cli import typed
        from rivalry.editing import traverse

        if attention:
            raise BadRequest("--attention shows samples of any code: leave --code out")
        given["code"] = traverse.parts(game, typed.parts(code))
    given |= sampler(game, temperature=temperature, top_k=top_k, top_p=top_p)
    if colors or pixels:
        from rivalry.show.palette import require_pictures

        require_pictures(spec)
        if attention:
            raise BadRequest("--attention shows samples as they are: leave --colors and --pixels out")
    printed = (
        output is None and sign is None and bool(spec.meaning.said(spec.meaning.blank(spec.x)[None], spec.x))
    )
    output = output or opened.path / "samples" / f"sample-{seed}.png"
    if attention:
        from rivalry.editing.attention import attention_maps, attention_tiles

        tiles = lambda: [attention_tiles(*attention_maps(game, n, seed=seed, label=given.get("label")))]
        save(tiles, output, replace(spec, shape=(3, *spec.shape[1:])), columns=5)
        if key:
            _signed(output, key, opened, seed)
        print(output)
        return
    label_of = every_class(game, n) if "label" not in given else torch.full((n,), given["label"])
    if label_of is not None:
        given["label"] = label_of.to(game.device)
    under = words_under(game, spec, given, each=n)
    with progress.steps() as show, watching(partial(show, "sampling")):
        if printed:
            for part in parts(game, n, seed=seed, **given):
                click.echo("\n".join(map(plain, spec.meaning.said(part, spec.x))))
            return
        drawn: Callable[[], Iterable[Tensor]] = lambda: parts(game, n, seed=seed, **given)
        shape = spec.shape
        if colors or pixels:
            drawn, shape = _as_game_art(drawn, spec, colors, pixels or 1)
        save(drawn, output, replace(spec, shape=shape), label=label_of, under=under)
    if key:
        _signed(output, key, opened, seed)
    print(output)


def _as_game_art(
    draw: "Callable[[], Iterable[Tensor]]", spec: "Spec", colors: int | None, pixels: int
) -> "tuple[Callable[[], Iterable[Tensor]], tuple[int, ...]]":
    """Samples in few colors and with large pixels, and their shape."""
    import torch

    from rivalry.show.palette import few_colors, large_pixels

    def drawn() -> "Iterable[Tensor]":
        x = torch.cat(list(draw()))
        return [large_pixels(few_colors(x, colors) if colors else x, pixels)]

    c, h, w = spec.shape
    return drawn, (c, h * pixels, w * pixels)


def _key(sign: Path, output: Path | None) -> "Key":
    """The key, before any work is done; what is signed is a picture."""
    from rivalry.provenance.credentials import require_format
    from rivalry.provenance.marked_files import key_of

    require_format(".png" if output is None else output.suffix.lower())
    return key_of(sign)


def _signed(output: Path, key: "Key", run: "Run", seed: int) -> None:
    """Mark and sign the sheet that was written."""
    from rivalry.provenance.marked_files import leaving
    from rivalry.show.output import written
    from rivalry.terminal import say

    made = {"game": run.config["game"], "run": run.path.name, "seed": seed}
    whole, marked = leaving(output.read_bytes(), output.suffix.lower(), key, made)
    with written(output) as file:
        file.write(whole)
    if not marked:
        say("signed; the picture is too small for a mark in its pixels (128 blocks of 8 x 8)")
