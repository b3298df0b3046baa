"""The entry point of the command `sensei`."""

import os
import sys
from pathlib import Path

from sensei.console import ConsolePaper
from sensei.page import Page
from sensei.root import find_repository
from sensei.status import status_of, write_status
from sensei.told import told

# With this in the environment a shell asks what could be typed next.
_COMPLETION = "_SENSEI_COMPLETE"


def main() -> None:
    """Do what the command line says."""
    for stream in (sys.stdout, sys.stderr):
        # A letter that the terminal lacks must not raise.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    if len(sys.argv) == 1 and _COMPLETION not in os.environ:
        # What is asked most often does not wait for what reads command lines: that
        # takes longer to import than to answer.
        with told():
            write_status(status_of(find_repository(Path.cwd())), Page(ConsolePaper()))
    else:
        from sensei.cli import app

        app(prog_name="sensei")


if __name__ == "__main__":
    main()
