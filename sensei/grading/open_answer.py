"""Open answers: which errors say that an answer has not been given yet."""

from pathlib import Path

from sensei import blank
from sensei.content.koan import find_definitions
from sensei.content.source import read_source
from sensei.grading.koan_test import KoanTest
from sensei.grading.loader import line_in
from sensei.grading.traces import chain, innermost

# A line of a stub that stands for the answer.
_STUB_LINE = "raise NotImplementedError"


def is_open(error: BaseException, test: KoanTest) -> bool:
    """Return whether `error` says that the answer has not been given yet.

    A line of the stub raised it then, or a blank. A library's `NotImplementedError`
    says something about the answer.
    """
    return open_error(error, test) is not None


def open_error(error: BaseException, test: KoanTest) -> BaseException | None:
    """Return the exception by which `error` says so, if it does."""
    for one in chain(error):
        if isinstance(one, NotImplementedError):
            file, line = _raised_at(one)
            if file == blank.__file__ or _is_stub_line(file, line, test):
                return one
    return None


def _is_stub_line(file: str, line: int, test: KoanTest) -> bool:
    """Return whether this line stands as it was shipped: in the tested file, or in one
    of the files beside it that the learner fills in.
    """
    path = Path(file)
    if path == test.file:
        shipped = _shipped_around(line, test)
    else:
        shipped = test.section.shipped_files.get(path, "")
    try:
        text = read_source(path).text.split("\n")[line - 1].strip() if shipped else ""
    except (OSError, SyntaxError, ValueError, IndexError):
        return False
    stub_lines = {one.strip() for one in shipped.split("\n")}
    return text.startswith(_STUB_LINE) and text in stub_lines


def _shipped_around(line: int, test: KoanTest) -> str:
    """Return the stub of the koan that holds this line of the tested file."""
    around = test.koan_at(line)
    shipped = test.section.shipped_stub
    if around is None:
        return shipped
    own = (one for one in find_definitions(shipped) if one.koan == around)
    return "\n".join(one.source for one in own)


def _raised_at(error: BaseException) -> tuple[str, int]:
    """Return the file and the line that raised `error`."""
    trace = innermost(error)
    return (trace.tb_frame.f_code.co_filename, trace.tb_lineno) if trace else ("", 0)


def open_message(error: BaseException, test: KoanTest) -> str:
    """Return what is still missing in an answer that was begun."""
    koan = test.koan_at(line_in(test.file, error.__traceback__))
    if koan not in (None, test.koan):
        return f"This uses koan {koan}, which is open. Answer it first."
    if _raised_at(error)[0] == blank.__file__:
        return str(error)
    return (
        f"The line `{_STUB_LINE}` still stands in your answer, and it was run. "
        "Remove it."
    )
