"""The command line: `rivalry COMMAND ...`.  Torch is imported inside commands, so that help is fast."""

import os
import sys
import warnings
from typing import Any

import click

from rivalry.cli.process import settle
from rivalry.errors import BadRequest, RunFailed, unknown
from rivalry.terminal import plain_output, say

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


def main() -> None:
    """Run the command that was typed.  The exit status is 0 for success, 1 for a failed run, 2 for a wrong request."""
    settle()
    from rivalry.cli.app import app
    from rivalry.cli.completion import answer

    if (completed := answer(app)) is not None:
        sys.exit(completed)
    debug = "--debug" in sys.argv
    if not debug:
        warnings.showwarning = _warn
    arguments = [a for a in sys.argv[1:] if a != "--debug"]
    try:
        # Not `app(arguments)`: click would keep a KeyboardInterrupt to itself, and what it says with it.
        with plain_output(), app.make_context("rivalry", arguments) as context:
            app.invoke(context)
            sys.stdout.flush()
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except (BadRequest, RunFailed) as trouble:
        _say(trouble, debug)
        sys.exit(2 if isinstance(trouble, BadRequest) else 1)
    except BrokenPipeError:  # `rivalry list | head -1`: the reader has closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # for the interpreter's last flush
        sys.exit(128 + 13)
    except click.exceptions.NoArgsIsHelpError as no_command:  # no command after `rivalry`
        say(no_command.format_message())
        sys.exit(2)
    except click.ClickException as trouble:  # the command line itself is wrong
        _say(_about_the_line(trouble, arguments), debug)
        sys.exit(2)
    except Exception as trouble:
        lacking = _what_the_machine_lacks(trouble)
        if debug or not lacking:
            raise
        _say(lacking, debug)
        sys.exit(1)
    except KeyboardInterrupt as stop:
        say(f"rivalry: {stop}" if str(stop) else "rivalry: interrupted")
        sys.exit(128 + getattr(stop, "signal", 2))


def _say(trouble: object, debug: bool) -> None:
    if debug:
        import traceback

        say(traceback.format_exc())
    if os.environ.get("RANK", "0") == "0":  # many processes, one message
        say(f"rivalry: {trouble}")


def _warn(message: Any, category: type[Warning], filename: str, *_: Any, **__: Any) -> None:
    """Print a warning of this package without its line of code.  Warnings of other packages are for developers."""
    if issubclass(category, UserWarning) and filename.startswith(PACKAGE):
        _say(message, False)


def _about_the_line(trouble: click.ClickException, arguments: list[str]) -> str:
    """What is wrong with the command line, and the way to the right one."""
    context = trouble.ctx if isinstance(trouble, click.UsageError) else None
    path = context.command_path if context else "rivalry"
    if isinstance(trouble, click.NoSuchOption) and context:
        if setting := _typed_as_an_option(trouble.option_name, arguments):
            return setting
        known = [o for p in context.command.params for o in p.opts if o.startswith("--")]
        long = trouble.option_name.startswith("--")
        return str(unknown("option", trouble.option_name, known if long else (), f"see `{path} --help`"))
    message = trouble.format_message().strip().rstrip(".").replace(". Did you mean", "; did you mean")
    return message[0].lower() + message[1:] + ("" if message.endswith("?") else f"; see `{path} --help`")


def _typed_as_an_option(option: str, arguments: list[str]) -> str:
    """What is typed to `train` in place of this option; empty where that is not known."""
    if arguments[:1] != ["train"]:
        return ""
    from rivalry import catalog
    from rivalry.cli.other_words import answer
    from rivalry.settings import settings_of

    at = next((i for i, one in enumerate(arguments) if one.split("=")[0] == option), None)
    if at is None:
        return ""
    _, sign, value = arguments[at].partition("=")
    following = "".join(one for one in arguments[at + 1 : at + 2] if not one.startswith("-"))
    entries = [entry for entry in catalog.CATALOG if entry.name in arguments]
    known = [*settings_of(catalog.maker(entries[0]))] if entries else []
    return answer(
        option, (value if sign else following) or "VALUE", known, entries[0].name if entries else ""
    )


def _what_the_machine_lacks(trouble: Exception) -> str:
    """A message for a full disk or too little memory, which need no traceback; "" for other errors."""
    signs = ("out of memory", "allocate memory")  # torch has a RuntimeError for it
    if isinstance(trouble, MemoryError) or (
        isinstance(trouble, RuntimeError) and any(sign in str(trouble) for sign in signs)
    ):
        return "out of memory; a smaller batch, fewer samples or smaller networks (-s width=...) take less"
    return f"{type(trouble).__name__}: {trouble}" if isinstance(trouble, OSError) else ""
