"""Errors that the user reads as one sentence, and the exit codes of the command."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum


class ExitCode(IntEnum):
    """How the command ends if it does not end with 0.

    `FAILED`: something is not solved, differs or is missing. `ERROR`: the command line
    or the repository is wrong. `INTERRUPTED`: the user pressed Ctrl-C.
    """

    FAILED = 1
    ERROR = 2
    INTERRUPTED = 130


class SenseiError(Exception):
    """Wrong input, or a missing part. `str()` is the message for the user."""


@contextmanager
def exit_with_message() -> Iterator[None]:
    """Print an error of the block as a sentence, and exit with its `ExitCode`."""
    before = signal.getsignal(signal.SIGINT)
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        yield
    except SenseiError as error:
        print_error(str(error))
        sys.exit(ExitCode.ERROR)
    except OSError as error:
        name = f"{error.filename}: " if error.filename else ""
        print_error(f"{name}{error.strerror or error}.")
        sys.exit(ExitCode.ERROR)
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
    finally:
        signal.signal(signal.SIGINT, before)


def print_error(message: str) -> None:
    """Print `message` to the standard error."""
    print(message, file=sys.stderr)


def summary_of(error: BaseException) -> str:
    """Return the type of `error` and the first line of its message.

    Without a full stop at its end: the caller writes the sentence.
    """
    try:
        lines = str(error).strip().splitlines()
    except Exception:  # a learner's own exception may fail to print itself
        lines = []
    name = type(error).__name__
    if not lines:
        return name
    first = lines[0] if lines[0].endswith("...") else lines[0].removesuffix(".")
    return f"{name}: {first}"
