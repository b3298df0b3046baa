"""Of `loop_lag`: how long an event loop was kept from its other work."""

import asyncio
import time

import pytest

from lab import loop_lag


async def test_a_blocking_call_is_seen_with_its_length() -> None:
    async with loop_lag() as lag:
        time.sleep(0.1)  # noqa: ASYNC251

    assert lag.longest >= 0.09


async def test_a_waiting_one_lets_it_tick() -> None:
    async with loop_lag() as lag:
        await asyncio.sleep(0.1)

    assert lag.ticks > 5
    assert lag.longest < 0.1


async def test_a_blocked_loop_does_not_tick() -> None:
    async with loop_lag() as lag:
        before = lag.ticks
        time.sleep(0.05)  # noqa: ASYNC251
        assert lag.ticks == before


async def test_a_blocking_call_is_seen_though_the_block_ends_with_it() -> None:
    async with loop_lag() as lag:
        await asyncio.sleep(0.01)
        calm = lag.longest
        time.sleep(0.1)  # noqa: ASYNC251

    assert lag.longest >= 0.09 > calm


async def test_the_ticker_ends_with_the_block_whatever_is_raised() -> None:
    before = asyncio.all_tasks()

    async def fail() -> None:
        async with loop_lag():
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert asyncio.all_tasks() == before
