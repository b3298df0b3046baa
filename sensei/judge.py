"""The judge: what an exception that left a test says about the answer."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sensei.koan import Koan
from sensei.section import Home, Section, homes
from sensei.trouble import Trouble, line_in, summary_of
from sensei.verdict import Finding, State

# What pytest appends to the message of an assertion: the comparison it saw.
_INTROSPECTION = re.compile(r"(?:^|\n)assert .*", re.DOTALL)
_TIMEOUT = re.compile(r"Timeout \(>([\d.]+)s\) from pytest-timeout")
_NEVER_AWAITED = re.compile(r"coroutine '(.+)' was never awaited")


class NeverAwaited(Exception):
    """A test left a coroutine behind that nobody awaited; `str()` is the warning."""


@dataclass(frozen=True)
class Asked:
    """Which test asked, about which koan, of the answers in which file."""

    section: Section
    koan: Koan
    test: str
    file: Path


def judge(error: BaseException, asked: Asked) -> Finding:
    """Return what `error`, which left a test, says of the answer it asked about."""
    if isinstance(error, Trouble):
        return Finding(State.FAILING, str(error), error.place, error.is_of_file)
    if unanswered := _find(error, NotImplementedError):
        return Finding(State.OPEN, str(unanswered), _place(unanswered, asked))
    state = State.OPEN if _untouched(asked) else State.FAILING
    return Finding(state, _message(error, asked), _place(error, asked))


def is_timeout(error: BaseException) -> bool:
    """Return whether `error` is the time-out that stops a test."""
    return bool(_TIMEOUT.search(str(error)))


def is_told(error: BaseException) -> bool:
    """Return whether `error` is an assertion that has a message of its own."""
    return isinstance(error, AssertionError) and bool(_assertion_message(error))


def is_open(error: BaseException) -> bool:
    """Return whether `error` says that the answer has not been given yet."""
    return _find(error, NotImplementedError) is not None


def _message(error: BaseException, asked: Asked) -> str:
    if isinstance(error, AssertionError):
        told = _assertion_message(error) or f"Not so yet: {_sentence(asked.test)}."
        return told + _what_came_before(error, asked, told)
    if isinstance(error, NeverAwaited):
        match = _NEVER_AWAITED.search(str(error))
        name = match[1].rpartition(".")[2] if match else "a coroutine"
        return f"`{name}(…)` was called, and nobody awaited what it returned."
    if isinstance(error, pytest.fail.Exception):
        text = str(error)
        if match := _TIMEOUT.search(text):
            seconds = float(match[1])
            return f"No end after {seconds:g} s: stopped while this line was running."
        return text
    told = summary_of(error)
    if line_in(asked.file, error.__traceback__) is None:
        told += f" (while checking: {_sentence(asked.test)})"
    return told


def _what_came_before(error: BaseException, asked: Asked, told: str) -> str:
    """Return what the learner's code raised that made the test fail later."""
    for before in list(_chain(error))[1:]:
        if line_in(asked.file, before.__traceback__) and str(before) not in told:
            return f"\nBefore that your code raised {summary_of(before)}."
    return ""


def _assertion_message(error: AssertionError) -> str:
    return _INTROSPECTION.sub("", str(error)).strip()


def _sentence(test: str) -> str:
    return test.split("_", 2)[2].replace("_", " ")


def home_of(asked: Asked) -> str:
    """Return where the koan lives in the learner's file, as `path:line`."""
    line = next((home.line for home in _homes(asked)), None)
    return _at(asked, line)


def _place(error: BaseException, asked: Asked) -> str:
    lines = [line_in(asked.file, one.__traceback__) for one in _chain(error)]
    line = next(filter(None, lines), None)
    return _at(asked, line) if line else home_of(asked)


def _at(asked: Asked, line: int | None) -> str:
    shown = asked.section.path_of(asked.file)
    return f"{shown}:{line}" if line else shown


def _untouched(asked: Asked) -> bool:
    if asked.file != asked.section.stub:
        return False
    shipped = [h.source for h in homes(asked.section.shipped) if h.koan == asked.koan]
    return [home.source for home in _homes(asked)] == shipped and all(
        path.exists() and path.read_bytes() == text.encode()
        for path, text in asked.section.files_of(asked.koan).items()
    )


def _homes(asked: Asked) -> list[Home]:
    try:
        found = homes(asked.file.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return []
    return [home for home in found if home.koan == asked.koan]


def _find(error: BaseException, kind: type[BaseException]) -> BaseException | None:
    return next((one for one in _chain(error) if isinstance(one, kind)), None)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield `error`, what it holds, and what it comes from."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [one.__context__, one.__cause__]
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions
