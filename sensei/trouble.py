"""Trouble: a learner's file that cannot be used at all, told in words."""

import traceback
from pathlib import Path
from types import TracebackType


class Trouble(Exception):
    """A file, or a name in it, that keeps a koan from being asked at all.

    `str()` of it is one sentence for the learner: what, and what to do next;
    `place` is the file, with a line where there is one. `is_of_file` tells that it
    is the same for every koan of the file.
    """

    def __init__(self, message: str, place: str, *, is_of_file: bool = True) -> None:
        super().__init__(message)
        self.place = place
        self.is_of_file = is_of_file


def line_in(path: Path, trace: TracebackType | None) -> int | None:
    """Return the last line of the file `path` that `trace` went through, if any."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(trace)
        if frame.filename == str(path)
    ]
    return lines[-1] if lines else None


def unreadable(path: str, error: SyntaxError | ValueError) -> Trouble:
    """Return the trouble of a file that is not Python."""
    if isinstance(error, SyntaxError) and error.lineno:
        text = (error.text or "").strip()
        quoted = f", at `{text}`" if text else ""
        return Trouble(
            f"Python cannot read this file: {error.msg}{quoted}.",
            f"{path}:{error.lineno}",
        )
    # `encoding problem`, null bytes: no line to name.
    return Trouble(
        f"Python cannot read this file: {error}. Save it as UTF-8 text.", path
    )


def unimportable(path: Path, shown: str, error: BaseException) -> Trouble:
    """Return the trouble of a file that raises `error` while it is imported.

    `shown` is the path as the learner writes it.
    """
    line = line_in(path, error.__traceback__)
    place = f"{shown}:{line}" if line else shown
    what = summary_of(error)
    if "pytest-timeout" in what:
        return Trouble("Importing this file has no end.", place)
    if isinstance(error, SystemExit):
        return Trouble(f"Importing this file ends Python: {what}.", place)
    return Trouble(f"Importing this file raises {what}.", place)


def summary_of(error: BaseException) -> str:
    """Return the kind of `error` and the first line of what it says."""
    try:
        lines = str(error).strip().splitlines()
    except Exception:  # an exception of the learner's own may fail to print itself
        lines = []
    kind = type(error).__name__
    return f"{kind}: {lines[0]}" if lines else kind
