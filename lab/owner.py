"""The process that the servers of a run belong to.

Workers and forked children come and go; what they start for each other lives as long
as the first process of the run. Its number is in an environment variable, which all
that it starts inherit.
"""

import os
import sys
from contextlib import suppress

_VARIABLE = "KOANS_LAB_OWNER"


def claim() -> None:
    """Make this process the owner, unless it was started by one that still lives."""
    if not _lives(os.environ.get(_VARIABLE, "")):
        os.environ[_VARIABLE] = str(os.getpid())


def owner() -> int:
    """Return the number of the owner: of this process if nobody else is it."""
    claim()
    return int(os.environ[_VARIABLE])


def _lives(process: str) -> bool:
    # Signal 0 ends a process on Windows; zero and less mean several on others.
    if sys.platform == "win32" or not process.isdecimal() or int(process) == 0:
        return False
    with suppress(PermissionError):  # it lives, as another user
        try:
            os.kill(int(process), 0)
        except (OverflowError, ProcessLookupError):
            return False
    return True
