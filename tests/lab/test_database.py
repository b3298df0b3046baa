"""Of the engines of the lab, and of SQLite behaving as a server does."""

import gc
from pathlib import Path
from threading import active_count

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from lab import async_sqlite_engine, engine_for, sqlite_engine, statements


def _file(engine: Engine) -> Path:
    assert engine.url.database is not None
    return Path(engine.url.database)


def _create(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE authors (id INTEGER PRIMARY KEY)"))
        connection.execute(
            text("CREATE TABLE books (author INTEGER REFERENCES authors (id))")
        )


def _count(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(text("SELECT count(*) FROM authors")) or 0)


def test_what_is_not_committed_is_lost() -> None:
    with sqlite_engine() as engine:
        _create(engine)
        with Session(engine) as session:
            session.execute(text("INSERT INTO authors VALUES (1)"))

        assert _count(engine) == 0


def test_one_session_does_not_see_what_another_one_has_not_committed() -> None:
    with sqlite_engine() as engine:
        _create(engine)
        with Session(engine) as writer:
            writer.execute(text("INSERT INTO authors VALUES (1)"))
            before = _count(engine)
            writer.commit()

            assert (before, _count(engine)) == (0, 1)


def test_a_reader_is_not_in_the_way_of_a_writer() -> None:
    with sqlite_engine() as engine:
        _create(engine)
        with Session(engine) as reader:
            reader.execute(text("SELECT * FROM authors")).all()
            with Session(engine) as writer:
                writer.execute(text("INSERT INTO authors VALUES (1)"))
                writer.commit()

            # A transaction sees what was there when it began.
            assert not reader.execute(text("SELECT * FROM authors")).all()


def test_two_writers_are_in_each_others_way() -> None:
    with sqlite_engine(connect_args={"timeout": 0.05}) as engine:
        _create(engine)
        with Session(engine) as one, Session(engine) as other:
            one.execute(text("INSERT INTO authors VALUES (1)"))
            with pytest.raises(OperationalError, match="locked"):
                other.execute(text("INSERT INTO authors VALUES (2)"))


def test_foreign_keys_are_checked() -> None:
    with sqlite_engine() as engine:
        _create(engine)
        with engine.begin() as connection, pytest.raises(IntegrityError):
            connection.execute(text("INSERT INTO books VALUES (7)"))


def test_tables_are_rolled_back_like_rows() -> None:
    with sqlite_engine() as engine, engine.connect() as connection:
        connection.execute(text("CREATE TABLE orders (id INTEGER)"))
        connection.rollback()
        with pytest.raises(OperationalError, match="no such table"):
            connection.execute(text("SELECT * FROM orders"))


def test_a_savepoint_rolls_back_alone() -> None:
    with sqlite_engine() as engine:
        _create(engine)
        with engine.begin() as connection:
            connection.execute(text("INSERT INTO authors VALUES (1)"))
            with connection.begin_nested() as inner:
                connection.execute(text("INSERT INTO authors VALUES (2)"))
                inner.rollback()

        assert _count(engine) == 1


def test_what_the_lab_sends_is_not_among_the_statements() -> None:
    with (
        sqlite_engine() as engine,
        statements(engine) as sent,
        engine.connect() as connection,
    ):
        connection.execute(text("SELECT 1"))

    assert [one.sql for one in sent] == ["SELECT 1"]


def test_two_databases_know_nothing_of_each_other() -> None:
    with sqlite_engine() as one, sqlite_engine() as other:
        _create(one)
        with pytest.raises(OperationalError, match="no such table"):
            _count(other)


def test_the_file_is_gone_afterwards_whatever_was_lost() -> None:
    with sqlite_engine() as engine:
        file = _file(engine)
        lost = Session(engine)
        lost.execute(text("SELECT 1"))
        assert file.exists()

    assert not file.parent.exists()
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    del lost
    gc.collect()


def test_it_is_gone_as_well_when_the_block_raises() -> None:
    files = []

    def use() -> None:
        with sqlite_engine() as engine:
            files.append(_file(engine))
            _create(engine)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        use()
    assert not files[0].parent.exists()


async def test_the_async_engine_behaves_like_the_other() -> None:
    async with async_sqlite_engine() as engine:
        async with engine.begin() as connection:
            await connection.execute(text("CREATE TABLE orders (id INTEGER)"))
        async with AsyncSession(engine) as one, AsyncSession(engine) as other:
            await one.execute(text("INSERT INTO orders VALUES (1)"))
            seen = await other.scalar(text("SELECT count(*) FROM orders"))
            checked = await other.scalar(text("PRAGMA foreign_keys"))

    assert (seen, checked) == (0, 1)


async def test_the_async_engine_leaves_no_thread_and_no_file() -> None:
    threads = active_count()
    async with async_sqlite_engine() as engine:
        file = _file(engine.sync_engine)
        lost = AsyncSession(engine)
        await lost.execute(text("SELECT 1"))
        assert active_count() > threads

    assert active_count() == threads
    assert not file.parent.exists()
    del lost
    gc.collect()


def test_an_engine_takes_the_options_of_sqlalchemy() -> None:
    with sqlite_engine(pool_size=1, max_overflow=0) as engine:
        assert engine.pool.size() == 1  # type: ignore[attr-defined]


def test_an_engine_for_any_url_is_disposed_of() -> None:
    with engine_for("sqlite://") as engine:
        pool = engine.pool
        with engine.connect() as connection:
            assert connection.execute(text("SELECT 1")).scalar_one() == 1

    assert engine.pool is not pool
