"""Classifying: an exception that left a test becomes a verdict on the answer."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import pytest

from sensei import blank
from sensei.content.koan import Koan, KoanDefinition, find_definitions
from sensei.content.section import Section
from sensei.content.source import read_source
from sensei.errors import summary_of
from sensei.grading.deadline import DeadlineError
from sensei.grading.loader import AnswersError, line_in
from sensei.grading.verdict import State, Verdict

# What pytest appends to the message of an assertion: the comparison it saw.
_INTROSPECTION = re.compile(r"(?:^|\n)assert .*", re.DOTALL)
# A line of a stub that stands for the answer.
_STUB_LINE = "raise NotImplementedError"
_NEVER_AWAITED = re.compile(r"coroutine '(.+)' was never awaited")


class NeverAwaitedError(Exception):
    """A test left a coroutine behind that nobody awaited. `str()` is the warning."""


@dataclass(frozen=True)
class KoanTest:
    """A test function, the koan it tests, and the file with the answer it tests."""

    section: Section
    koan: Koan
    name: str
    file: Path

    @property
    def sentence(self) -> str:
        """Its name as words."""
        return self.name.split("_", 2)[2].replace("_", " ")

    def verdict(self, state: State, message: str, location: str = "") -> Verdict:
        """Return a verdict of this test; located at the koan if nothing else is."""
        return Verdict(
            self.koan,
            state,
            message,
            location or self.location,
            test=self.name,
        )

    @property
    def location(self) -> str:
        """Where the koan is in the file, as `path:line`."""
        found = (one.line for one in self.definitions if one.koan == self.koan)
        return self.at(next(found, None))

    @property
    def definitions(self) -> list[KoanDefinition]:
        """The definitions in the file; none if they cannot be read."""
        try:
            return find_definitions(read_source(self.file).text)
        except (OSError, SyntaxError, ValueError):
            return []

    @property
    def is_untouched(self) -> bool:
        """Whether it tests a stub about which the learner has changed nothing yet."""
        return self.file == self.section.stub and self.section.is_as_shipped(self.koan)

    def at(self, line: int | None) -> str:
        """Return a line of the file as `path:line`; only the path for None."""
        path = self.section.path_of(self.file)
        return f"{path}:{line}" if line else path


def classify(error: BaseException, test: KoanTest) -> Verdict:
    """Return what `error`, which left `test`, says about the answer."""
    if isinstance(error, AnswersError):
        return Verdict(
            test.koan,
            State.FAILING,
            str(error),
            error.location,
            test=test.name,
            is_of_file=error.is_of_file,
        )
    if isinstance(error, pytest.skip.Exception):
        return test.verdict(State.SKIPPED, str(error))
    unanswered = _open_error(error, test)
    if test.is_untouched:
        return test.verdict(State.OPEN, "", _location(unanswered or error, test))
    if unanswered is not None:
        message = _open_message(unanswered, test)
        return test.verdict(State.OPEN, message, _location(unanswered, test))
    return test.verdict(State.FAILING, _message(error, test), _location(error, test))


def is_explained(error: BaseException) -> bool:
    """Return whether `error` is an assertion that has a message of its own."""
    return isinstance(error, AssertionError) and bool(_assertion_message(error))


def is_open(error: BaseException, test: KoanTest) -> bool:
    """Return whether `error` says that the answer has not been given yet.

    A line of the stub raised it then, or a blank. A library's `NotImplementedError`
    says something about the answer.
    """
    return _open_error(error, test) is not None


def _open_error(error: BaseException, test: KoanTest) -> BaseException | None:
    for one in _chain(error):
        if isinstance(one, NotImplementedError):
            file, line = _raised_at(one)
            if file == blank.__file__ or _is_stub_line(file, line, test):
                return one
    return None


def _is_stub_line(file: str, line: int, test: KoanTest) -> bool:
    """Return whether this line of the tested file stands as it was shipped."""
    if file != str(test.file):
        return False
    try:
        text = read_source(test.file).text.split("\n")[line - 1].strip()
    except (OSError, SyntaxError, ValueError, IndexError):
        return False
    around = _koan_at(line, test)
    shipped = test.section.shipped_stub
    if around is not None:
        own = (one for one in find_definitions(shipped) if one.koan == around)
        shipped = "\n".join(one.source for one in own)
    stub_lines = {one.strip() for one in shipped.split("\n")}
    return text.startswith(_STUB_LINE) and text in stub_lines


def _raised_at(error: BaseException) -> tuple[str, int]:
    """Return the file and the line that raised `error`."""
    trace = _innermost(error)
    return (trace.tb_frame.f_code.co_filename, trace.tb_lineno) if trace else ("", 0)


def _innermost(error: BaseException) -> TracebackType | None:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace


def _koan_at(line: int | None, test: KoanTest) -> Koan | None:
    """Return the koan whose definition has this line of the tested file, if any."""
    for one in test.definitions:
        if line is not None and one.start <= line <= one.end:
            return one.koan
    return None


def _open_message(error: BaseException, test: KoanTest) -> str:
    """Return what is still missing in an answer that was begun."""
    koan = _koan_at(line_in(test.file, error.__traceback__), test)
    if koan not in (None, test.koan):
        return f"This uses koan {koan}, which is open. Answer it first."
    if _raised_at(error)[0] == blank.__file__:
        return str(error)
    return (
        f"The line `{_STUB_LINE}` still stands in your answer, and it was run. "
        "Remove it."
    )


def _message(error: BaseException, test: KoanTest) -> str:
    # Whatever the answer, or a library, made of being stopped.
    if stopped := _find(error, DeadlineError):
        return str(stopped)
    if isinstance(error, AssertionError):
        message = _assertion_message(error) or f"This is not so: {test.sentence}."
        return message + _earlier_error(error, test, message)
    if isinstance(error, NeverAwaitedError):
        match = _NEVER_AWAITED.search(str(error))
        name = match[1].rpartition(".")[2] if match else "a coroutine"
        return f"`{name}(…)` was called, but the coroutine it returned was not awaited."
    if isinstance(error, pytest.fail.Exception):
        return str(error)
    summary = summary_of(error)
    if isinstance(error, NotImplementedError):
        trace = _innermost(error)
        module = str(trace.tb_frame.f_globals.get("__name__")) if trace else ""
        package = module.partition(".")[0]
        if package != "koans":
            summary += f" (raised by {package}, not by the stub)"
    if line_in(test.file, error.__traceback__) is None:
        summary += f" (while testing: {test.sentence})"
    return summary


def _earlier_error(error: BaseException, test: KoanTest, message: str) -> str:
    """Return what the learner's code raised before, and made the test fail."""
    for earlier in list(_chain(error))[1:]:
        if line_in(test.file, earlier.__traceback__) and str(earlier) not in message:
            return f"\nBefore that, your code raised {summary_of(earlier)}."
    return ""


def _assertion_message(error: AssertionError) -> str:
    return _INTROSPECTION.sub("", str(error)).strip()


def _location(error: BaseException, test: KoanTest) -> str:
    """Return the line of the learner's file that `error` comes from, if any."""
    lines = [line_in(test.file, one.__traceback__) for one in _chain(error)]
    line = next(filter(None, lines), None)
    return test.at(line) if line else ""


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
