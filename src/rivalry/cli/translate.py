"""`rivalry translate`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rivalry.cli import options
from rivalry.errors import BadRequest

if TYPE_CHECKING:
    from rivalry.data.source import Spec
    from rivalry.game import Game


@click.command()
@click.argument("run")
@click.argument("inputs", nargs=-1, required=True, type=options.PATH, metavar="IMAGE|SOUND|FOLDER|TEXT...")
@click.option(
    "--to", help="the domain to translate to, by name or number; not needed where there is one way to go"
)
@click.option(
    "output", "-o", type=options.PATH, required=True, help="the folder to write to; of sentences a .txt"
)
@click.option("--resize", is_flag=True, help="convert images of another size or mode")
@options.seed
@options.which
@options.device
def translate(
    run: str,
    inputs: tuple[Path, ...],
    to: str | None,
    output: Path,
    resize: bool,
    seed: int,
    which: str,
    device: str,
) -> None:
    """Carry images, sentences or sounds to another domain, or sounds through their mel spectrum (hifigan).

    RUN is the directory of a run that learned to translate, or its id on the Hugging Face Hub.  Images are
    written under their own names, as .png, and sounds as .wav; the lines of a text file become the lines of another.
    """
    from rivalry.data.source import Spec
    from rivalry.editing.images import given_images
    from rivalry.editing.translate import domain, places, require_translator, translated
    from rivalry.kinds.image import to_image
    from rivalry.runs.drawing import refuse_seed
    from rivalry.runs.opening import load, local, open_run
    from rivalry.runs.progress import steps
    from rivalry.show.output import written

    refuse_seed(seed)
    opened = open_run(local(run))
    spec = Spec.from_json(opened.config["spec"])
    game = load(opened, device=device, which=which)
    require_translator(game)
    resize = resize or opened.config.get("size") is not None  # as the data that it was trained on
    target = None if to is None else domain(to, spec)
    if ".txt" in spec.meaning.writes:
        _lines(game, inputs, spec, target, output)
        return
    if ".wav" in spec.meaning.writes:
        _sounds(game, inputs, spec, target, output, seed)
        return
    images = given_images(inputs)
    written_to = places(images, output)
    with steps() as show:
        made = translated(game, images, spec, target, resize=resize, seed=seed, progress=show)
        for place, (_, x) in zip(written_to, made):
            with written(place) as file:
                to_image(x).save(file, "png")
    print(output)


def _sounds(
    game: "Game", inputs: tuple[Path, ...], spec: "Spec", to: int | None, output: Path, seed: int
) -> None:
    """Translate sound files."""
    from rivalry.data.readers.sounds import ENDINGS
    from rivalry.editing.images import given_files
    from rivalry.editing.translate import places
    from rivalry.editing.translate_sounds import translated_sounds
    from rivalry.runs.progress import steps
    from rivalry.show.output import written

    sounds = given_files(inputs, ENDINGS, "sounds", ".wav, .flac, .ogg or .mp3")
    written_to = places(sounds, output, ".wav")
    with steps() as show:
        made = translated_sounds(game, sounds, spec, to, seed=seed, progress=show)
        for place, (_, x) in zip(written_to, made):
            with written(place) as file:
                spec.meaning.write_single(x, spec.x, file)
    print(output)


def _lines(game: "Game", inputs: tuple[Path, ...], spec: "Spec", to: int | None, output: Path) -> None:
    """Translate one text file."""
    from rivalry.data.readers.text import lines_of
    from rivalry.editing.translate_lines import translated_lines
    from rivalry.show.output import require_ending, written
    from rivalry.terminal import say

    require_ending(output, (".txt",))
    if len(inputs) != 1:
        raise BadRequest(f"sentences are translated a file at a time; got {len(inputs)} files")
    if output.resolve() == inputs[0].resolve():
        raise BadRequest(f"{output} is the file to translate; write to another with -o")
    made, unknown = translated_lines(game, lines_of(inputs[0]), spec, to)
    with written(output) as file:
        file.write("".join(f"{line}\n" for line in made).encode())
    if unknown:
        say(f"not in the vocabulary, and read as unknown: {', '.join(unknown[:8])}")
    print(output)
