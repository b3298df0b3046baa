"""Cutting: a stub is its solution with the answers cut out.

A solution marks its answers in comments, `#` or `//`:

    # region answer          opens an answer
    # stub: <line>           a line of the stub instead; may be repeated
    # endregion              closes it

An answer without a `stub:` line is cut to `raise NotImplementedError`. If all of its
`stub:` lines are empty, it is cut to nothing.
"""

import re
from collections.abc import Iterable, Iterator

from sensei.errors import SenseiError

_OPEN = re.compile(r"(\s*)(?:#|//) region answer\s*")
_CLOSE = re.compile(r"\s*(?:#|//) endregion\s*")
_STUB = re.compile(r"\s*(?:#|//) stub:(?: (.*))?\s*")


class CutError(SenseiError):
    """The marks of a solution do not pair up. `str()` names file and line."""


def cut(solution: str, name: str = "the solution") -> str:
    """Return the stub that the text `solution` of the file `name` is cut to.

    Raises:
        CutError: its marks do not pair up.
    """
    stub: list[str] = []
    for line in _cut_lines(_lines(solution), name):
        # Where an answer left nothing, the blank lines around it meet: two is
        # the most that formatted Python has.
        if line or stub[-2:] != ["", ""]:
            stub.append(line)
    return _text(stub)


def strip_marks(solution: str) -> str:
    """Return `solution` without the marks: only its code and comments."""
    return _text(
        line
        for line in _lines(solution)
        if not any(mark.fullmatch(line) for mark in (_OPEN, _CLOSE, _STUB))
    )


def given_lines(solution: str) -> list[str]:
    """Return the lines of `solution` outside of its answers."""
    return [line for line, in_answer in _marked_lines(solution) if not in_answer]


def answer_lines(solution: str) -> list[str]:
    """Return the lines of the answers in `solution`."""
    return [line for line, in_answer in _marked_lines(solution) if in_answer]


def _marked_lines(solution: str) -> Iterator[tuple[str, bool]]:
    """Yield each line that is no mark, and whether it belongs to an answer."""
    in_answer = False
    for line in _lines(solution):
        if _OPEN.fullmatch(line):
            in_answer = True
        elif _CLOSE.fullmatch(line):
            in_answer = False
        elif not _STUB.fullmatch(line):
            yield line, in_answer


def _lines(text: str) -> list[str]:
    """Return the lines of `text`.

    Not `splitlines`, which also splits at U+2028 and other characters of a text.
    """
    return text.removesuffix("\n").split("\n") if text else []


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _cut_lines(lines: list[str], name: str) -> Iterator[str]:
    opened = 0
    indent = ""
    stub: list[str] = []
    for number, line in enumerate(lines, start=1):
        if match := _OPEN.fullmatch(line):
            if opened:
                raise CutError(f"{name}:{number}: An answer opens within an answer.")
            opened, indent, stub = number, match[1], []
        elif _CLOSE.fullmatch(line):
            if not opened:
                raise CutError(f"{name}:{number}: This endregion closes no answer.")
            yield from _stub_lines(stub, indent)
            opened = 0
        elif match := _STUB.fullmatch(line):
            if not opened:
                raise CutError(f"{name}:{number}: This stub line is in no answer.")
            stub.append(match[1] or "")
        elif not opened:
            yield line
    if opened:
        raise CutError(f"{name}:{opened}: This answer is never closed.")


def _stub_lines(stub: list[str], indent: str) -> Iterator[str]:
    if not stub:
        yield f"{indent}raise NotImplementedError"
    elif any(stub):
        yield from (f"{indent}{line}".rstrip() for line in stub)
