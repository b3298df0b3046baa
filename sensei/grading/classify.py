"""Classifying: an exception that left a test becomes a verdict on the answer."""

import bdb
import re

import pytest

from sensei.errors import summary_of
from sensei.grading.deadline import DeadlineError
from sensei.grading.koan_test import KoanTest
from sensei.grading.loader import AnswersError, line_in
from sensei.grading.open_answer import open_error, open_message
from sensei.grading.traces import chain, innermost
from sensei.grading.verdict import State, Verdict

# What pytest appends to the message of an assertion: the comparison it saw.
_INTROSPECTION = re.compile(r"(?:^|\n)assert .*", re.DOTALL)
_READ_STDIN = re.compile("reading from stdin while|EOF when reading a line")
_NEVER_AWAITED = re.compile(r"coroutine '(.+)' was never awaited")


class NeverAwaitedError(Exception):
    """A test left a coroutine behind that nobody awaited. `str()` is the warning."""


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
    unanswered = open_error(error, test)
    if test.is_untouched:
        return test.verdict(State.OPEN, "", _location(unanswered or error, test))
    if unanswered is not None:
        message = open_message(unanswered, test)
        return test.verdict(State.OPEN, message, _location(unanswered, test))
    return test.verdict(State.FAILING, _message(error, test), _location(error, test))


def is_explained(error: BaseException) -> bool:
    """Return whether `error` is an assertion that has a message of its own."""
    return isinstance(error, AssertionError) and bool(_assertion_message(error))


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
    if isinstance(error, bdb.BdbQuit):
        return (
            "`breakpoint()` starts the debugger, which needs a terminal. To debug this "
            f"koan in a terminal:\n{test.debug_command}"
        )
    if isinstance(error, OSError | EOFError) and _READ_STDIN.search(str(error)):
        return (
            "`input()` reads from the keyboard, and a test has none. Remove it. To "
            f"debug this koan in a terminal:\n{test.debug_command}"
        )
    summary = summary_of(error)
    if isinstance(error, NotImplementedError):
        trace = innermost(error)
        module = str(trace.tb_frame.f_globals.get("__name__")) if trace else ""
        package = module.partition(".")[0]
        if package != "koans":
            summary += f" (raised by {package}, not by the stub)"
    if line_in(test.file, error.__traceback__) is None:
        summary += f" (while testing: {test.sentence})"
    return summary


def _earlier_error(error: BaseException, test: KoanTest, message: str) -> str:
    """Return what the learner's code raised before, if the message does not name it."""
    for earlier in list(chain(error))[1:]:
        is_named = type(earlier).__name__ in message
        if line_in(test.file, earlier.__traceback__) and not is_named:
            return f"\nBefore that, your code raised {summary_of(earlier)}."
    return ""


def _assertion_message(error: AssertionError) -> str:
    return _INTROSPECTION.sub("", str(error)).strip()


def _location(error: BaseException, test: KoanTest) -> str:
    """Return the line of the learner's file that `error` comes from, if any."""
    lines = [line_in(test.file, one.__traceback__) for one in chain(error)]
    line = next(filter(None, lines), None)
    return test.at(line) if line else ""


def _find(error: BaseException, kind: type[BaseException]) -> BaseException | None:
    return next((one for one in chain(error) if isinstance(one, kind)), None)
