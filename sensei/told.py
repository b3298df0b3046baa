"""Errors that are told in a sentence."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Exit statuses: not all of a place is solved; the command or the set-up is wrong; the
# learner pressed Ctrl-C.
NOT_ALL, UNUSABLE, INTERRUPTED = 1, 2, 130


class Told(Exception):
    """Bad input, or a part that is missing; `str()` is what people are told of it."""


@contextmanager
def told() -> Iterator[None]:
    """Tell what is wrong in a sentence, and exit with `UNUSABLE`."""
    try:
        yield
    except Told as error:
        complain(str(error))
        sys.exit(UNUSABLE)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        complain(f"{where}{error.strerror or error}.")
        sys.exit(UNUSABLE)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def complain(sentence: str) -> None:
    """Write a sentence about what is wrong or missing to the standard error."""
    print(sentence, file=sys.stderr)
