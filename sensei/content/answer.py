"""A learner's answer: the lines of a file that hold a koan, and others in their place.

They are also found in a file that Python cannot read: a koan ends where the next one,
or what was given after it, begins.
"""

import re
from collections.abc import Iterator

from sensei.content.koan import Definition, Koan, KoanDefinition, find_definitions
from sensei.content.section import Section
from sensei.content.source import parse_source
from sensei.errors import SenseiError

# Where something begins that is defined at the top of a file.
_TOP = re.compile(r"(?:async\s+def|def|class)\b|@")
# A line that goes on with what begins above it.
_INNER = re.compile(r"\s|[)\]}]|$")


class AnswerError(SenseiError):
    """The lines of a koan were not found in a file. `str()` says what to do."""


def answer_in(text: str, section: Section, koan: Koan) -> str | None:
    """Return the lines of `text` that hold `koan`; None if they were not found."""
    lines = text.split("\n")
    spans = _spans(text, section, koan)
    return _joined("\n".join(lines[one]) for one in spans) if spans else None


def shipped_answer(section: Section, koan: Koan) -> str:
    """Return the lines of the stub as shipped that hold `koan`."""
    return _joined(one.source for one in _shipped(section, koan))


def with_answer(text: str, section: Section, koan: Koan, answer: str) -> str:
    """Return `text`, a file of `section`, with `answer` in the place of `koan`.

    A koan that is gone from the file comes back before the one that follows it.

    Raises:
        AnswerError: it cannot be told where the koan is.
    """
    lines = text.split("\n")
    spans = _spans(text, section, koan)
    if spans:
        for span in reversed(spans):
            lines[span] = answer.split("\n") if span is spans[0] else []
        return "\n".join(lines)
    path = section.path_of(section.stub)
    names = {one.name for one in _shipped(section, koan)}
    try:
        defined = _defined(text)
    except (SyntaxError, ValueError):
        raise AnswerError(
            f"Python cannot read {path}, and koan {koan} was not found in it. Repair "
            f"the file, or start the section again: sensei reset {section}."
        ) from None
    if names & defined:
        raise AnswerError(
            f"{path}: The docstring of {' or '.join(sorted(names))} does not begin "
            f"with {koan} any more. Add this number, then try again."
        )
    return _inserted(text, koan, answer)


def _spans(text: str, section: Section, koan: Koan) -> list[slice]:
    """Return where the lines of the definitions of `koan` are in `text`."""
    try:
        found = find_definitions(text)
    except (SyntaxError, ValueError):
        return list(_spans_in_broken(text.split("\n"), section, koan))
    return [slice(one.start - 1, one.end) for one in found if one.koan == koan]


def _spans_in_broken(lines: list[str], section: Section, koan: Koan) -> Iterator[slice]:
    shipped = section.shipped_stub.split("\n")
    for definition in _shipped(section, koan):
        at = _line_of(lines, definition)
        if at is None:
            continue
        given = next((one for one in shipped[definition.end :] if one.strip()), None)
        end = at + 1
        while end < len(lines) and not (_TOP.match(lines[end]) or lines[end] == given):
            end += 1
        # Blank lines and comments above what follows belong to that.
        while end > at + 1 and (not lines[end - 1] or lines[end - 1].startswith("#")):
            end -= 1
        yield slice(_first_decorator(lines, at), end)


def _line_of(lines: list[str], definition: KoanDefinition) -> int | None:
    """Return the index of the line in which `definition` begins, if it is there."""
    name = re.compile(rf"(?:async\s+def|def|class)\s+{definition.name}\b")
    by_name = (at for at, line in enumerate(lines) if name.match(line))
    by_number = (
        at
        for at, line in enumerate(lines)
        if line.lstrip().startswith(f'"""{definition.koan} ')
    )
    at = next(by_name, None)
    if at is None:
        at = next(by_number, None)
        # What is left of its first line is above its docstring.
        while at is not None and _INNER.match(lines[at]):
            at = at - 1 if at else None
    return at


def _first_decorator(lines: list[str], at: int) -> int:
    first = at
    for above in range(at - 1, -1, -1):
        if not lines[above].strip():
            break
        if lines[above].startswith("@"):
            first = above
        elif not _INNER.match(lines[above]):
            break
    return first


def _inserted(text: str, koan: Koan, answer: str) -> str:
    """Put a koan that is gone from `text` before the next one, or at the end."""
    later = [one.start for one in find_definitions(text) if one.koan > koan]
    lines = text.rstrip("\n").split("\n")
    index = min(later) - 1 if later else len(lines)
    before = "\n".join(lines[:index]).rstrip("\n")
    after = "\n".join(lines[index:])
    parts = [part for part in (before, answer, after) if part]
    return _joined(parts) + "\n"


def _shipped(section: Section, koan: Koan) -> list[KoanDefinition]:
    found = find_definitions(section.shipped_stub)
    return [one for one in found if one.koan == koan]


def _defined(text: str) -> set[str]:
    nodes = parse_source(text).body
    return {node.name for node in nodes if isinstance(node, Definition)}


def _joined(parts: Iterator[str] | list[str]) -> str:
    return "\n\n\n".join(parts)
