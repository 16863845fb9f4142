"""The command line: `rivalry COMMAND ...`.  Torch is imported inside commands, so that help is at once there."""

import os
import sys
import warnings
from typing import Any

import click

from rivalry.cli.process import settle
from rivalry.errors import BadRequest, RunFailed, unknown

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


def main() -> None:
    """Run the command that was typed; exit 0 for done, 1 for a run that failed, 2 for a request without sense."""
    settle()
    from rivalry.cli.app import app

    debug = "--debug" in sys.argv
    if not debug:
        warnings.showwarning = _warn
    arguments = [a for a in sys.argv[1:] if a != "--debug"]
    try:
        # Not `app(arguments)`: click would keep a KeyboardInterrupt to itself, and what it says with it.
        with app.make_context("rivalry", arguments) as context:
            app.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except (BadRequest, RunFailed) as trouble:
        _say(trouble, debug)
        sys.exit(2 if isinstance(trouble, BadRequest) else 1)
    except BrokenPipeError:  # `rivalry list | head -1`: whoever listened has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # for the interpreter's last flush
        sys.exit(128 + 13)
    except click.exceptions.NoArgsIsHelpError as told:  # no command after `rivalry`
        print(told.format_message(), file=sys.stderr)
        sys.exit(2)
    except click.ClickException as trouble:  # the command line itself is wrong
        _say(_about_the_line(trouble), debug)
        sys.exit(2)
    except Exception as trouble:
        lacking = _what_the_machine_lacks(trouble)
        if debug or not lacking:
            raise
        _say(lacking, debug)
        sys.exit(1)
    except KeyboardInterrupt as stop:
        print(f"rivalry: {stop}" if str(stop) else "rivalry: interrupted", file=sys.stderr)
        sys.exit(128 + getattr(stop, "signal", 2))


def _say(trouble: object, debug: bool) -> None:
    if debug:
        import traceback

        traceback.print_exc()
    if os.environ.get("RANK", "0") == "0":  # many processes, one message
        print(f"rivalry: {trouble}", file=sys.stderr)


def _warn(message: Any, category: type[Warning], filename: str, *_: Any, **__: Any) -> None:
    """What we ourselves warn of, without the line of code that did; the warnings of others are for developers."""
    if issubclass(category, UserWarning) and filename.startswith(PACKAGE):
        _say(message, False)


def _about_the_line(trouble: click.ClickException) -> str:
    """What is wrong with the command line, and the way to the right one."""
    context = trouble.ctx if isinstance(trouble, click.UsageError) else None
    path = context.command_path if context else "rivalry"
    if isinstance(trouble, click.NoSuchOption) and context:
        known = [o for p in context.command.params for o in p.opts if o.startswith("--")]
        long = trouble.option_name.startswith("--")
        return str(unknown("option", trouble.option_name, known if long else (), f"see `{path} --help`"))
    said = trouble.format_message().strip().rstrip(".").replace(". Did you mean", "; did you mean")
    return said[0].lower() + said[1:] + ("" if said.endswith("?") else f"; see `{path} --help`")


def _what_the_machine_lacks(trouble: Exception) -> str:
    """A full disk, no memory: nobody's mistake, so no traceback.  Empty for all else."""
    signs = ("out of memory", "allocate memory")  # torch has a RuntimeError for it
    if isinstance(trouble, MemoryError) or (
        isinstance(trouble, RuntimeError) and any(sign in str(trouble) for sign in signs)
    ):
        return "out of memory; a smaller batch, fewer samples or smaller networks (-s width=...) take less"
    return f"{type(trouble).__name__}: {trouble}" if isinstance(trouble, OSError) else ""
