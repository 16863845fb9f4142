"""Completion of commands in bash, zsh and fish, by click's own scripts, laid where each shell looks for them."""

import os
from pathlib import Path

import click
from click.shell_completion import get_completion_class, shell_complete

from rivalry.errors import BadRequest

ASKED = "_RIVALRY_COMPLETE"  # the variable by which a shell asks: its value is like "bash_complete"
OF_ZSH = "fpath+=~/.zfunc; autoload -Uz compinit && compinit"


def answer(app: click.Command) -> int | None:
    """Answer a shell that asks for completions; None where none asks."""
    asked = os.environ.get(ASKED)
    return shell_complete(app, {}, "rivalry", ASKED, asked) if asked else None


def install(shell: str, home: Path) -> Path:
    """Write the script of this shell below `home`; of zsh also the line of .zshrc that reads it, once.

    Raises:
        BadRequest: a shell that there is no script for, or a place that cannot be written.
    """
    places = {
        "bash": home / ".local/share/bash-completion/completions/rivalry",
        "zsh": home / ".zfunc/_rivalry",
        "fish": home / ".config/fish/completions/rivalry.fish",
    }
    script = get_completion_class(shell) if shell in places else None
    if script is None:
        raise BadRequest(
            f"completion is there for {', '.join(places)}; the shell ($SHELL) is {shell or 'unknown'}"
        )
    text = script.source_template % script(click.Command("rivalry"), {}, "rivalry", ASKED).source_vars()
    try:
        places[shell].parent.mkdir(parents=True, exist_ok=True)
        places[shell].write_text(text)
        if shell == "zsh":
            _add_once(home / ".zshrc", OF_ZSH)
    except OSError as error:
        raise BadRequest(f"cannot write {error.filename}: {error.strerror}") from error
    return places[shell]


def _add_once(file: Path, line: str) -> None:
    there = file.read_text() if file.exists() else ""
    if line not in there.splitlines():
        file.write_text(f"{there.rstrip()}\n{line}\n".lstrip())


def on_request(context: click.Context, option: click.Parameter, wanted: bool) -> None:
    """The option --install-completion."""
    if wanted and not context.resilient_parsing:
        place = install(Path(os.environ.get("SHELL", "")).name, Path.home())
        print(f"{place}: completion works in shells that are opened from now on")
        context.exit()
