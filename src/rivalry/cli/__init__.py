"""The command line: `rivalry COMMAND ...`.  Torch is imported inside commands, so that help is at once there."""

import os
import sys

import typer

from rivalry.errors import BadRequest, RunFailed


def main() -> None:
    """Run the command that was typed; exit 0 for done, 1 for a run that failed, 2 for a request without sense."""
    from rivalry.cli.app import app

    debug = "--debug" in sys.argv
    arguments = [a for a in sys.argv[1:] if a != "--debug"]
    try:
        app(arguments, standalone_mode=False)
    except (BadRequest, RunFailed) as trouble:
        _say(trouble, debug)
        sys.exit(2 if isinstance(trouble, BadRequest) else 1)
    except typer.Exit as done:
        sys.exit(done.exit_code)
    except Exception as trouble:
        if hasattr(trouble, "format_message"):  # the command line itself was wrong
            _say(trouble.format_message(), debug)
            sys.exit(2)
        if debug or not isinstance(trouble, (OSError, MemoryError)):
            raise
        _say(f"{type(trouble).__name__}: {trouble}", debug)
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
