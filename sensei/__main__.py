"""The entry point of the command `sensei`."""

import gc
import os
import signal
import sys

# If this is in the environment, a shell asks how a command line can be completed.
_COMPLETION = "_SENSEI_COMPLETE"


def main() -> None:
    """Do what the command line says."""
    # Ctrl-C while modules are imported ends the process without a traceback; what has
    # to be ended properly sets a handler, see `exit_with_message`.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    for stream in (sys.stdout, sys.stderr):
        # A character that the terminal lacks must not raise.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    if len(sys.argv) == 1 and _COMPLETION not in os.environ:
        # The commonest command does not wait for Typer: importing it takes longer
        # than all the rest.
        _show_status()
    else:
        from sensei.cli import app

        app(prog_name="sensei")


def _show_status() -> None:
    gc.disable()  # it is over before there is anything to collect

    from pathlib import Path

    from sensei.commands.status import read_statuses, write_status
    from sensei.content.repository import find_repository
    from sensei.errors import exit_with_message
    from sensei.output.console import console_renderer

    with exit_with_message():
        repository = find_repository(Path.cwd())
        write_status(read_statuses(repository), console_renderer(repository))


if __name__ == "__main__":
    main()
