"""Another behaviour for a function that a koan's file gives."""

import inspect
from collections.abc import Awaitable, Callable
from types import FunctionType
from typing import Any


def stand_in(function: Callable[..., Any], replacement: Callable[..., Any]) -> None:
    """Let every call of `function` return what `replacement` returns.

    The function stays the same object, so this also holds where an answer has stored it
    already: in another name, in a list, as an endpoint. Its signature stays as it was.
    An async function takes an async replacement.

    Raises:
        TypeError: `function` is not a function written in Python.
        ValueError: `function` is a closure.
    """
    if not isinstance(function, FunctionType):
        raise TypeError(f"{function!r} is not a function written in Python")
    signature = inspect.signature(function)
    is_async = inspect.iscoroutinefunction(function)
    relay: FunctionType = _async_relay if is_async else _relay  # type: ignore[assignment]
    function.__code__ = relay.__code__
    function.__defaults__ = None
    # Code with a closure cannot be exchanged: the default carries the replacement.
    function.__kwdefaults__ = {"_replacement": replacement}
    function.__signature__ = signature  # type: ignore[attr-defined]


def _relay(*arguments: Any, _replacement: Callable[..., Any], **named: Any) -> Any:
    return _replacement(*arguments, **named)


async def _async_relay(
    *arguments: Any, _replacement: Callable[..., Awaitable[Any]], **named: Any
) -> Any:
    return await _replacement(*arguments, **named)
