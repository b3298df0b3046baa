"""Of `stand_in`."""

import asyncio
import inspect

import pytest

from lab import stand_in


def test_a_stand_in_is_called_where_the_function_was_bound_before() -> None:
    def double(number: int, times: int = 1) -> int:
        return number * 2 * times

    bound = double
    before = inspect.signature(double)
    stand_in(double, lambda number, times=1: f"{number} and {times}")

    assert bound(3) == "3 and 1"
    assert bound(3, times=2) == "3 and 2"
    assert inspect.signature(bound) == before


def test_an_async_function_takes_an_async_stand_in() -> None:
    async def read() -> int:
        return 1

    async def other() -> int:
        return 2

    stand_in(read, other)

    assert inspect.iscoroutinefunction(read)
    assert asyncio.run(read()) == 2


def test_a_function_with_a_closure_is_refused() -> None:
    count = 1

    def read() -> int:
        return count

    with pytest.raises(ValueError, match="free vars"):
        stand_in(read, lambda: 2)


def test_what_is_no_python_function_is_refused() -> None:
    with pytest.raises(TypeError, match="not a function written in Python"):
        stand_in(len, len)
