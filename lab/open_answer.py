"""An answer that is still open in another process is open in this one, too."""

import traceback


def line_of(error: BaseException) -> tuple[str, int]:
    """Return the file and the line that raised `error`."""
    *_, (frame, line) = traceback.walk_tb(error.__traceback__)
    return frame.f_code.co_filename, line


def raise_not_implemented(raised: str, file: str, line: int) -> None:
    """Raise it from this line of the file, as the other process did.

    Whether an answer is open depends on the line that says so.
    """
    padding = "\n" * (line - 1)
    code = compile(f"{padding}raise NotImplementedError(raised)", file, "exec")
    exec(code, {"raised": raised.partition(": ")[2]})  # noqa: S102
