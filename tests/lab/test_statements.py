"""Of `statements`: what was really sent."""

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, Table, Text, select, text
from sqlalchemy.exc import OperationalError

from lab import async_sqlite_engine, sqlite_engine, statements

_BOOKS = Table(
    "books",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("title", Text),
)


def _fill(engine: Engine) -> None:
    _BOOKS.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(_BOOKS.insert(), [{"title": "Emma"}, {"title": "Ulysses"}])


def test_statements_are_seen_in_order_with_their_parameters() -> None:
    with sqlite_engine() as engine:
        _fill(engine)
        with statements(engine) as sent, engine.begin() as connection:
            connection.execute(select(_BOOKS.c.title).where(_BOOKS.c.id == 7))
            connection.execute(text("DELETE\n  FROM books"))

    first, second = sent
    assert first.sql == "SELECT books.title FROM books WHERE books.id = ?"
    assert first.parameters == (7,)
    assert str(second) == "DELETE FROM books"
    assert str(sent) == f"{first}\n{second}"


def test_executemany_is_one_statement_with_all_parameters() -> None:
    with sqlite_engine() as engine, statements(engine) as sent:
        _fill(engine)

    (insert,) = sent.of("insert")
    assert insert.parameters == [("Emma",), ("Ulysses",)]


def test_they_are_told_apart_by_verb() -> None:
    with (
        sqlite_engine() as engine,
        statements(engine) as sent,
        engine.connect() as connection,
    ):
        connection.execute(text("select 1"))
        connection.execute(text("WITH one AS (SELECT 1) SELECT * FROM one"))

    assert sent.verbs == ["SELECT", "WITH"]
    assert [one.sql for one in sent.of("select")] == ["select 1"]
    assert sent[0].verb == "SELECT"
    assert sent[:1] == sent.of("SELECT")
    assert len(sent) == 2


def test_the_ends_of_transactions_are_counted() -> None:
    with (
        sqlite_engine() as engine,
        statements(engine) as sent,
        engine.connect() as connection,
    ):
        connection.execute(text("SELECT 1"))
        connection.commit()
        connection.execute(text("SELECT 1"))
        connection.rollback()
        connection.execute(text("SELECT 1"))
        connection.rollback()

    assert (sent.commits, sent.rollbacks) == (1, 2)


def test_savepoints_are_among_them() -> None:
    with (
        sqlite_engine() as engine,
        statements(engine) as sent,
        engine.begin() as connection,
        connection.begin_nested(),
    ):
        connection.execute(text("SELECT 1"))

    assert sent.verbs == ["SAVEPOINT", "SELECT", "RELEASE"]


def test_a_refused_statement_is_among_them() -> None:
    with (
        sqlite_engine() as engine,
        statements(engine) as sent,
        engine.connect() as connection,
        pytest.raises(OperationalError),
    ):
        connection.execute(text("SELECT nothing FROM nowhere"))

    assert sent.verbs == ["SELECT"]


def test_nothing_is_seen_before_and_after_the_block() -> None:
    with sqlite_engine() as engine, engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        with statements(engine) as sent:
            connection.execute(text("SELECT 2"))
        connection.execute(text("SELECT 3"))
        connection.commit()

    assert [one.sql for one in sent] == ["SELECT 2"]
    assert sent.commits == 0


def test_they_can_be_cleared_half_way() -> None:
    with sqlite_engine() as engine, statements(engine) as sent:
        _fill(engine)
        sent.clear()
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    assert sent.verbs == ["SELECT"]
    assert sent.commits == 0


def test_two_blocks_see_the_same() -> None:
    with sqlite_engine() as engine, statements(engine) as outer:
        with statements(engine) as inner, engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        with engine.connect() as connection:
            connection.execute(text("SELECT 2"))

    assert len(inner) == 1
    assert len(outer) == 2


async def test_an_async_engine_is_seen_as_well() -> None:
    async with async_sqlite_engine() as engine:
        with statements(engine) as sent:
            async with engine.begin() as connection:
                await connection.execute(text("SELECT :n"), {"n": 7})

    assert sent.verbs == ["SELECT"]
    assert sent[0].parameters == (7,)
    assert sent.commits == 1


async def test_so_is_whatever_has_a_sync_engine() -> None:
    async with async_sqlite_engine() as engine, engine.connect() as connection:
        with statements(connection) as sent:
            await connection.execute(text("SELECT 1"))

    assert len(sent) == 1
