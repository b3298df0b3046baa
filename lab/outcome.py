"""What a call comes to, and how a message to the learner shows it."""

import inspect
import re
from collections.abc import Callable
from typing import Any

VALUE_LENGTH = 100
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def outcome(call: Callable[[], object]) -> object:
    """Return what `call` returns, or the exception that it raises.

    Raises:
        NotImplementedError: the answer is still open.
    """
    try:
        return call()
    except NotImplementedError:
        raise
    except Exception as error:
        return error


def attempt(what: str, call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """Return what `call` returns for these arguments.

    Raises:
        AssertionError: it raised an exception. The message names `what` was done, as
            in "`GET /stock`", and the exception.
    """
    try:
        return call(*arguments, **named)
    except Exception as error:
        raise AssertionError(f"{what} raised {in_words(error)}.") from error


def in_words(value: object) -> str:
    """Return `value` for a message: one line, 100 characters of it at most.

    An exception is shown by its type and the first line of its text, a validation error
    by its first entry, a coroutine as the missing `await` that it is. Such a coroutine
    is closed, so that Python does not warn of it during another test. An address in
    memory is left out: it is another one in each run.
    """
    if isinstance(value, BaseException):
        first = (
            _missing_await(value)
            or _first_entry(value)
            or str(value).strip().partition("\n")[0].rstrip(".")
        )
        return f"{type(value).__name__}: {_cut(first)}" if first else repr(value)
    if inspect.iscoroutine(value):
        if _is_new_coroutine(value):
            value.close()
        return f"a coroutine, because `await` is missing before `{value.__name__}(...)`"
    return _cut(repr(value))


def returned_or_raised(seen: object) -> str:
    """Return what an `outcome` is for a message: "returned 5" or "raised KeyError".

    The value or the exception is shown by `in_words`.
    """
    verb = "raised" if isinstance(seen, BaseException) else "returned"
    return f"{verb} {in_words(seen)}"


def _missing_await(error: BaseException) -> str:
    """Return which coroutine an exception is about, if it is about one."""
    if "coroutine" not in str(error):
        return ""
    traceback = error.__traceback__
    places = [entry.get("input") for entry in _entries(error)]
    while traceback is not None:
        places.extend(traceback.tb_frame.f_locals.values())
        traceback = traceback.tb_next
    for value in places:
        if _is_new_coroutine(value):
            return in_words(value).partition("because ")[2]
    return ""


def _is_new_coroutine(value: object) -> bool:
    if not inspect.iscoroutine(value):
        return False
    return inspect.getcoroutinestate(value) == inspect.CORO_CREATED


def _first_entry(error: BaseException) -> str:
    """Return the first thing that a validation error of Pydantic or FastAPI names."""
    for entry in _entries(error):
        where = ".".join(map(str, entry["loc"]))
        return f"{where}: {entry['msg']}" if where else str(entry["msg"])
    return ""


def _entries(error: BaseException) -> list[dict[str, Any]]:
    errors = getattr(error, "errors", None)
    match errors() if callable(errors) else None:
        case [{"loc": _, "msg": _}, *_] as entries:
            return list(entries)
    return []


def _cut(text: str) -> str:
    text = _ADDRESS.sub("", text)
    return text if len(text) <= VALUE_LENGTH else f"{text[: VALUE_LENGTH - 3]}..."
