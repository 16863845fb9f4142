"""`rivalry keys` and `rivalry verify`."""

import json
import os
from pathlib import Path

import click

from rivalry.cli import options
from rivalry.errors import BadRequest, RunFailed


@click.group()
def keys() -> None:
    """Make keys to sign pictures with: rivalry sample RUN --sign KEY."""


@keys.command()
@click.argument("name")
@click.option("output", "-o", type=options.PATH, required=True, help="a new file, readable for you alone")
def new(name: str, output: Path) -> None:
    """Make a key.  NAME is written into every picture that is signed with it."""
    from rivalry.provenance.credentials import new_key

    text = new_key(name)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        place = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except FileExistsError as error:
        raise BadRequest(f"{output} is there already; a key is not written over") from error
    except OSError as error:
        raise BadRequest(f"cannot write {output}: {error.strerror or error}") from error
    with os.fdopen(place, "w") as file:
        file.write(text)
    print(output)


@click.command()
@click.argument("file", type=options.PATH)
@options.as_json
def verify(file: Path, as_json: bool) -> None:
    """Tell what a picture file says about who made it: valid, tampered, or none.

    The exit status is 0 for valid credentials, and 1 for others.  An invisible mark in the pixels is looked for as
    well.
    """
    from rivalry.provenance.credentials import credentials_of
    from rivalry.provenance.marked_files import LARGEST, mark_in, require_picture

    if not file.is_file():
        raise BadRequest(f"no file {str(file)!r}")
    if file.stat().st_size > LARGEST:
        raise BadRequest(f"{file} is larger than {LARGEST:,} bytes")
    raw = file.read_bytes()
    require_picture(raw)
    found = credentials_of(raw, file.suffix.lower())
    mark = None if found.state == "tampered" else mark_in(raw)
    if as_json:
        seen = None if mark is None else {"found": mark.found, "agree": mark.agree}
        print(json.dumps({"file": str(file), **found._asdict(), "mark": seen}))
    else:
        _tell(found.state, found.made, found.signer, found.why)
        if mark is not None:
            print(f"mark in the pixels: {'found' if mark.found else 'none'} ({mark.agree} of 32 bits)")
    if found.state != "valid":
        raise RunFailed(f"{file}: {found.state}")


def _tell(state: str, made: dict[str, object], signer: str, why: tuple[str, ...]) -> None:
    from rivalry.terminal import plain

    if state == "none":
        print("none: the file has no credentials; it may have been written again by another program")
        return
    if state == "tampered":
        print(
            f"tampered: the file is not as it was when it was signed ({plain(', '.join(why)) or 'unreadable'})"
        )
        return
    facts = ", ".join(f"{name} {value}" for name, value in made.items())
    print(f"valid: made by a model; {plain(facts)}")
    print(f"signed by {plain(signer)!r}, a key of its own for which no public authority vouches")
