"""The cutter: a stub is its solution with the answers cut out.

A solution marks its answers in comments, `#` or `//`:

    # region answer          opens an answer
    # stub: <line>           what stands in the stub instead; may be repeated
    # endregion              closes it

An answer without a `stub:` line is cut to `raise NotImplementedError`; one whose
`stub:` lines are all empty is cut to nothing.
"""

import re
from collections.abc import Iterator

from sensei.told import Told

_OPEN = re.compile(r"(\s*)(?:#|//) region answer\s*")
_CLOSE = re.compile(r"\s*(?:#|//) endregion\s*")
_STUB = re.compile(r"\s*(?:#|//) stub:(?: (.*))?\s*")


class CutError(Told):
    """The marks of a solution do not pair up."""


def cut(solution: str, name: str = "the solution") -> str:
    """Return the stub that `solution` cuts to.

    Raises:
        CutError: its marks do not pair up; says where, calling the file `name`.
    """
    lines: list[str] = []
    for line in _cut_lines(solution.splitlines(), name):
        # Where an answer left nothing, the blank lines around it meet: two is
        # the most that formatted Python has.
        if line or lines[-2:] != ["", ""]:
            lines.append(line)
    return "\n".join(lines) + "\n" if lines else ""


def whole(solution: str) -> str:
    """Return `solution` without the marks: only code and comments."""
    lines = [
        line
        for line in solution.splitlines()
        if not any(mark.fullmatch(line) for mark in (_OPEN, _CLOSE, _STUB))
    ]
    return "\n".join(lines) + "\n"


def frame(solution: str) -> list[str]:
    """Return the lines of `solution` that are given: all outside of its answers."""
    given: list[str] = []
    inside = False
    for line in solution.splitlines():
        if _OPEN.fullmatch(line):
            inside = True
        elif _CLOSE.fullmatch(line):
            inside = False
        elif not inside:
            given.append(line)
    return given


def _cut_lines(lines: list[str], name: str) -> Iterator[str]:
    opened = 0
    indent = ""
    stub: list[str] = []
    for number, line in enumerate(lines, start=1):
        if match := _OPEN.fullmatch(line):
            if opened:
                raise CutError(f"{name}:{number}: an answer opens within an answer.")
            opened, indent, stub = number, match[1], []
        elif _CLOSE.fullmatch(line):
            if not opened:
                raise CutError(f"{name}:{number}: an endregion closes no answer.")
            yield from _stub_lines(stub, indent)
            opened = 0
        elif match := _STUB.fullmatch(line):
            if not opened:
                raise CutError(f"{name}:{number}: a stub line stands in no answer.")
            stub.append(match[1] or "")
        elif not opened:
            yield line
    if opened:
        raise CutError(f"{name}:{opened}: this answer is never closed.")


def _stub_lines(stub: list[str], indent: str) -> Iterator[str]:
    if not stub:
        yield f"{indent}raise NotImplementedError"
    elif any(stub):
        yield from (f"{indent}{line}".rstrip() for line in stub)
