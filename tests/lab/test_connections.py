"""Of `connections`: what the pool lent and got back."""

import gc
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Session

from lab import async_sqlite_engine, connections, sqlite_engine


def _lose_a_session(engine: Engine) -> None:
    Session(engine).execute(text("SELECT 1"))
    gc.collect()


async def _lose_an_async_session(engine: AsyncEngine) -> None:
    await AsyncSession(engine).execute(text("SELECT 1"))
    gc.collect()


def test_what_is_returned_is_not_out() -> None:
    with sqlite_engine() as engine, connections(engine) as seen:
        for _ in range(3):
            with engine.connect():
                assert seen.out == 1

    assert (seen.lent, seen.returned, seen.out, seen.most) == (3, 3, 0, 1)
    assert seen.opened == 1


def test_the_most_at_the_same_time_are_counted() -> None:
    everybody = Barrier(4)

    def visit(engine: Engine) -> None:
        with engine.connect():
            everybody.wait(5)

    with (
        sqlite_engine() as engine,
        connections(engine) as seen,
        ThreadPoolExecutor(4) as threads,
    ):
        list(threads.map(visit, [engine] * 4))

    assert (seen.most, seen.out) == (4, 0)


def test_a_lost_session_stays_out_whatever_the_garbage_collector_does() -> None:
    with sqlite_engine() as engine, connections(engine) as seen:
        _lose_a_session(engine)

        assert (seen.lent, seen.out) == (1, 1)


def test_a_lost_session_is_missing_in_a_small_pool() -> None:
    small = {"pool_size": 1, "max_overflow": 0, "pool_timeout": 0.1}
    with sqlite_engine(**small) as engine, connections(engine):
        _lose_a_session(engine)
        with pytest.raises(PoolTimeoutError):
            engine.connect()


async def test_a_lost_async_session_stays_out() -> None:
    async with async_sqlite_engine() as engine:
        with connections(engine) as seen:
            await _lose_an_async_session(engine)

            assert (seen.lent, seen.out) == (1, 1)
    gc.collect()  # no complaint: the engine's helper took it back


def test_one_that_was_lent_before_is_none_of_its_business() -> None:
    with sqlite_engine() as engine:
        early = engine.connect()
        with connections(engine) as seen:
            early.close()

    assert (seen.lent, seen.returned, seen.out) == (0, 0, 0)


def test_a_detached_connection_is_not_out_but_not_returned() -> None:
    with sqlite_engine() as engine, connections(engine) as seen:
        connection = engine.connect()
        connection.detach()
        connection.close()

    assert (seen.lent, seen.returned, seen.out, seen.closed) == (1, 0, 0, 1)


def test_an_invalidated_connection_is_replaced() -> None:
    with sqlite_engine() as engine, connections(engine) as seen:
        with engine.connect() as connection:
            connection.invalidate()
        with engine.connect():
            pass

    assert (seen.lent, seen.out, seen.opened, seen.closed) == (2, 0, 2, 1)


def test_nothing_is_seen_after_the_block() -> None:
    with sqlite_engine() as engine:
        with connections(engine) as seen:
            pass
        engine.connect().close()

    assert seen.lent == 0
