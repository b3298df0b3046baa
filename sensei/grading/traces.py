"""Exceptions that come from others, and the lines that raised them."""

from collections.abc import Iterator
from opcode import opmap
from types import TracebackType


def chain(error: BaseException) -> Iterator[BaseException]:
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


def innermost(error: BaseException) -> TracebackType | None:
    """Return the traceback of the line that raised `error`; None if none did."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace


def is_raised_by_code(error: KeyboardInterrupt) -> bool:
    """Return whether a `raise` has raised `error`, and not the signal of Ctrl-C."""
    trace = innermost(error)
    if trace is None:
        return False
    code = trace.tb_frame.f_code.co_code
    return code[trace.tb_lasti] == opmap["RAISE_VARARGS"]
