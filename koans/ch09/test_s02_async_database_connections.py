"""The tests of section 9.2."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import asyncpg
import httpx2
import psycopg
import pymysql
import pytest
from fastapi import FastAPI

from lab import (
    MysqlServer,
    PostgresDatabase,
    Rendezvous,
    async_client,
    attempt,
    client,
    fastapi_app,
    in_words,
    json_or_text,
    mysql_server,
    patience,
    stand_in,
)

# A moment, of which a test counts many: a slow machine has slow moments, too.
MOMENT = 0.05
MANY = 60
# Seconds after which a request that waits for a connection is given up.
PATIENCE = 5
# Seconds after which a shutdown that waits for a lost connection is given up.
SHUTDOWN = 2

TABLES = """
    CREATE TABLE stations (name text PRIMARY KEY);
    INSERT INTO stations VALUES ('Oslo'), ('O''Hare');
    CREATE TABLE arrivals (station text NOT NULL);
    CREATE TABLE readings (
        station text NOT NULL REFERENCES stations DEFERRABLE INITIALLY DEFERRED,
        taken_at timestamptz NOT NULL DEFAULT now(),
        celsius float
    );
"""
HISTORY = """
    INSERT INTO readings VALUES
        ('Oslo', '2031-01-05 06:00+00', -1.5), ('Oslo', '2031-01-05 08:00+00', -3.5),
        ('Oslo', '2031-01-05 07:00+00', 2.0), ('O''Hare', '2031-01-04 09:00+00', 4.0);
"""
OSLO = {"station": "Oslo", "celsius": -2.0}


@contextmanager
def session_of(postgres: PostgresDatabase) -> Iterator[psycopg.Connection]:
    """Yield a connection of the test's own."""
    with psycopg.connect(postgres.dsn, autocommit=True) as connection:
        yield connection


@pytest.fixture
def database(postgres: PostgresDatabase) -> Iterator[psycopg.Connection]:
    """The test's connection to the database of a weather service."""
    with session_of(postgres) as connection:
        connection.execute(TABLES)
        connection.execute(HISTORY)
        yield connection


@pytest.fixture
async def held(
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[list[asyncpg.Connection]]:
    """Keep the connections of the answer: else one that is lost would be closed."""
    kept: list[asyncpg.Connection] = []
    connect = asyncpg.connect

    async def connect_and_keep(*arguments: Any, **named: Any) -> asyncpg.Connection:
        kept.append(await connect(*arguments, **named))
        return kept[-1]

    monkeypatch.setattr(asyncpg, "connect", connect_and_keep)
    yield kept
    for connection in kept:
        connection.terminate()


def others(database: psycopg.Connection, *, waiting: bool = False) -> int:
    """Return how many other connections are open, or wait for a lock."""
    sql = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid() AND backend_type = 'client backend' "
        "AND (wait_event_type = 'Lock' OR NOT %s)"
    )
    row = database.execute(sql, [waiting]).fetchone()
    assert row is not None, "The count has no row."
    return int(row[0])


async def comes_true(condition: Callable[[], bool]) -> bool:
    """Return whether a condition holds within many moments."""
    for _ in range(MANY):
        if condition():
            return True
        await asyncio.sleep(MOMENT)
    return condition()


async def all_closed(
    held: list[asyncpg.Connection], database: psycopg.Connection
) -> bool:
    """Return whether the answer has closed its connections, and PostgreSQL has, too."""
    if not all(one.is_closed() for one in held):
        return False
    return await comes_true(lambda: others(database) == 0)


async def temperature(answers: Any, dsn: str, station: str) -> Any:
    """Return what the call of 9.2.1 returns."""
    try:
        return await answers.latest_celsius(dsn, station)
    except Exception as error:
        raise AssertionError(
            f"`latest_celsius(dsn, {station!r})` raised {in_words(error)}. The "
            "docstring asks for a temperature, or for None if there is no row, for any "
            "text `station`. Look at how it gets into the query, and at what is read."
        ) from error


@pytest.mark.parametrize(("station", "celsius"), [("Oslo", -3.5), ("O'Hare", 4.0)])
async def test_q1_the_latest_temperature_of_the_station_is_returned(
    answers: Any,
    postgres: PostgresDatabase,
    database: psycopg.Connection,
    station: str,
    celsius: float,
) -> None:
    seen = await temperature(answers, postgres.dsn, station)
    assert seen == celsius, (
        f"`latest_celsius(dsn, {station!r})` returned {in_words(seen)}. The docstring "
        f"asks for the value that `LATEST` returns, here {celsius}. Look at the method "
        "that runs the query, and at what it returns."
    )


@pytest.mark.parametrize("station", ["Bergen", "", "' OR ''='", "oslo", " Oslo "])
async def test_q1_without_a_reading_it_returns_none(
    answers: Any, postgres: PostgresDatabase, database: psycopg.Connection, station: str
) -> None:
    seen = await temperature(answers, postgres.dsn, station)
    assert seen is None, (
        f"No reading has the station {station!r}, and `latest_celsius` returned "
        f"{in_words(seen)}. The docstring asks for None. Look at how the station gets "
        "into the query."
    )


async def test_q1_a_temperature_of_zero_is_returned(
    answers: Any, postgres: PostgresDatabase, database: psycopg.Connection
) -> None:
    database.execute("UPDATE readings SET celsius = 0")
    seen = await temperature(answers, postgres.dsn, "Oslo")
    assert (seen, type(seen)) == (0.0, float), (
        "The latest temperature is 0.0, and `latest_celsius` returned "
        f"{in_words(seen)}. The docstring asks for None only if there is no reading."
    )


async def test_q1_each_call_reads_the_database(
    answers: Any, postgres: PostgresDatabase, database: psycopg.Connection
) -> None:
    before = await temperature(answers, postgres.dsn, "Oslo")
    database.execute("INSERT INTO readings VALUES ('Oslo', '2031-01-06', 7.25)")
    after = await temperature(answers, postgres.dsn, "Oslo")
    assert (before, after) == (-3.5, 7.25), (
        f"Two calls, with a new reading of 7.25 between them, returned {before} and "
        f"{after}. The docstring asks for the latest reading: -3.5 and 7.25. Look at "
        "whether each call asks the database, and at what it does with the value."
    )


async def test_q1_the_connection_is_closed_before_the_call_ends(
    answers: Any,
    postgres: PostgresDatabase,
    database: psycopg.Connection,
    held: list[asyncpg.Connection],
) -> None:
    await temperature(answers, postgres.dsn, "Oslo")
    # No other task has run since the call ended.
    assert all(one.is_closed() for one in held), (
        "When the call ended, its connection was open. The docstring asks to close it "
        "before. Look for `await connection.close()`, and at whether the call waits "
        "for it."
    )


async def test_q1_postgresql_has_no_connection_left(
    answers: Any,
    postgres: PostgresDatabase,
    database: psycopg.Connection,
    held: list[asyncpg.Connection],
) -> None:
    await temperature(answers, postgres.dsn, "Oslo")
    await temperature(answers, postgres.dsn, "Bergen")
    assert await all_closed(held, database), (
        f"After two calls, PostgreSQL still has {others(database)} open connections of "
        "the answer. The docstring asks to close the connection. Look for "
        "`await connection.close()`."
    )


async def test_q1_an_error_of_the_query_reaches_the_caller(
    answers: Any, postgres: PostgresDatabase, database: psycopg.Connection
) -> None:
    database.execute("DROP TABLE readings")
    try:
        seen = await answers.latest_celsius(postgres.dsn, "Oslo")
    except asyncpg.UndefinedTableError:
        return
    except Exception as error:
        seen = error
    raise AssertionError(
        "The table `readings` was removed. The error of the query is "
        f"`asyncpg.UndefinedTableError`, but the caller got {in_words(seen)}. The "
        "docstring asks for asyncpg and for the error of the query. Look at the "
        "driver, and at what catches the error."
    )


async def test_q1_the_connection_is_closed_after_an_error(
    answers: Any,
    postgres: PostgresDatabase,
    database: psycopg.Connection,
    held: list[asyncpg.Connection],
) -> None:
    await temperature(answers, postgres.dsn, "Oslo")
    database.execute("DROP TABLE readings")
    errors = await asyncio.gather(
        answers.latest_celsius(postgres.dsn, "Oslo"), return_exceptions=True
    )
    assert await all_closed(held, database), (
        f"The query failed with {in_words(errors[0])}, and its connection is still "
        "open. The docstring asks to close it then, too. Look for `finally`."
    )


class Released(threading.Thread):
    """Holds a lock until a query waits for it and the event loop had its turn.

    In its turn, the event loop calls `turn`.
    """

    def __init__(
        self, postgres: PostgresDatabase, turn: Callable[[], object] = object
    ) -> None:
        super().__init__(daemon=True)
        self._turn = turn
        self.waited = False
        self.loop_ran = threading.Event()
        self.call_ended = threading.Event()
        self._loop = asyncio.get_running_loop()
        self._postgres = postgres
        self._lock = psycopg.connect(postgres.dsn)
        self._lock.execute("LOCK TABLE readings IN ACCESS EXCLUSIVE MODE")

    def run(self) -> None:
        """Wait for a query, then for the event loop, as long as that may take."""
        with self._lock, session_of(self._postgres) as watching:
            for _ in range(MANY):
                self.waited = others(watching, waiting=True) > 0
                if self.waited or self.call_ended.wait(MOMENT):
                    break
            if self.waited:
                self._loop.call_soon_threadsafe(self._take_turn)
                self.loop_ran.wait(MOMENT * MANY)

    def _take_turn(self) -> None:
        self._turn()
        self.loop_ran.set()


async def test_q1_the_event_loop_runs_while_postgresql_works(
    answers: Any, postgres: PostgresDatabase, database: psycopg.Connection
) -> None:
    released = Released(postgres)
    released.start()
    try:
        seen = await temperature(answers, postgres.dsn, "Oslo")
        ran = released.loop_ran.is_set()
    finally:
        released.call_ended.set()
        await asyncio.to_thread(released.join)
    assert released.waited, (
        "Another transaction had locked the table `readings`, and no query waited for "
        f"it. `latest_celsius` returned {in_words(seen)}. The docstring asks to read "
        "the table."
    )
    assert ran, (
        "While a query waited for PostgreSQL, the event loop ran no other coroutine. "
        "The docstring asks for that. Look for a call without `await` that waits."
    )


async def test_q1_the_connection_is_closed_after_a_cancellation(
    answers: Any,
    postgres: PostgresDatabase,
    database: psycopg.Connection,
    held: list[asyncpg.Connection],
) -> None:
    call = asyncio.create_task(temperature(answers, postgres.dsn, "Oslo"))
    released = Released(postgres, call.cancel)
    released.start()
    try:
        await asyncio.wait([call])
    finally:
        released.call_ended.set()
        await asyncio.to_thread(released.join)
    seen = "was cancelled" if call.cancelled() else f"returned {call.result()!r}"
    assert await all_closed(held, database), (
        "A query waited for PostgreSQL, and its task was cancelled. The call "
        f"{seen}, and its connection is still open. The docstring asks to close it "
        "then, too. `CancelledError` is no `Exception`. Look for `finally`."
    )


def app_of(answers: Any, dsn: str, most: int) -> FastAPI:
    """Return the application of 9.2.2."""
    call = f"readings_app(dsn, {most})"
    return fastapi_app(attempt(f"`{call}`", answers.readings_app, dsn, most), call)


@contextmanager
def patient_closing() -> Iterator[None]:
    """Let a pool that waits for a connection that is lost be closed, and say so."""
    close = asyncpg.Pool.close

    async def close_or_tell(pool: asyncpg.Pool) -> None:
        try:
            async with asyncio.timeout(patience(PATIENCE)):
                await close(pool)
        except TimeoutError:
            raise AssertionError(
                "The application shut down, and its pool waited for a connection that "
                "a request had not given back. The docstring asks to give it back in "
                "any case. Look at what happens to it after an error."
            ) from None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncpg.Pool, "close", close_or_tell)
        yield


@contextmanager
def running(answers: Any, dsn: str, most: int = 2) -> Iterator[httpx2.Client]:
    """Yield a client of the application of 9.2.2, which runs."""
    app = app_of(answers, dsn, most)
    with ExitStack() as stack:
        start = stack.enter_context
        start(patient_closing())
        yield attempt("Starting the application", start, client(app, raises=False))


def stored(database: psycopg.Connection, table: str) -> list[tuple[Any, ...]]:
    """Return what the application has added to a table."""
    columns = "station, celsius" if table == "readings" else "station"
    since = "WHERE taken_at > '2031-01-06' OR taken_at < '2031-01-01'"
    where = since if table == "readings" else ""
    return database.execute(f"SELECT {columns} FROM {table} {where}").fetchall()


def status_of(http: httpx2.Client, reading: dict[str, Any]) -> tuple[int, Any]:
    """Return the status code of a `POST /readings`, and its body."""
    response = http.post("/readings", json=reading)
    return response.status_code, json_or_text(response)


def test_q2_a_reading_is_committed_before_201(
    answers: Any, postgres: PostgresDatabase, database: psycopg.Connection
) -> None:
    with running(answers, postgres.dsn) as http:
        for station in ("Oslo", "O'Hare"):
            seen = status_of(http, {"station": station, "celsius": -2.5})
            assert seen[0] == 201, (
                f"`POST /readings` with the known station {station!r} returned "
                f"{in_words(seen)}. The docstring asks for 201."
            )
        found = stored(database, "readings"), stored(database, "arrivals")
    assert found == ([("Oslo", -2.5), ("O'Hare", -2.5)], [("Oslo",), ("O'Hare",)]), (
        "Two readings were sent. Then another connection found in `readings` and "
        f"`arrivals`: {in_words(found)}. The docstring asks to call `store` in a "
        "transaction that is committed."
    )


@pytest.mark.parametrize("station", ["Bergen", ""])
def test_q2_an_unknown_station_returns_404(
    answers: Any, postgres: PostgresDatabase, database: psycopg.Connection, station: str
) -> None:
    with running(answers, postgres.dsn) as http:
        seen = status_of(http, {"station": station, "celsius": 1.0})
    assert seen[0] == 404, (
        f"`POST /readings` with the unknown station {station!r} returned "
        f"{in_words(seen)}. The docstring asks for 404. PostgreSQL checks the station "
        "at COMMIT. Look at where the COMMIT runs, and at what catches its error."
    )


def test_q2_nothing_of_an_unknown_station_is_stored(
    answers: Any, postgres: PostgresDatabase, database: psycopg.Connection
) -> None:
    with running(answers, postgres.dsn) as http:
        first = status_of(http, OSLO)
        second = status_of(http, {"station": "Bergen", "celsius": 1.0})
        found = stored(database, "arrivals")
    assert (first[0], second[0], found) == (201, 404, [("Oslo",)]), (
        f"`POST /readings` for Oslo and for the unknown Bergen returned {first[0]} and "
        f"{second[0]}. The table `arrivals` has {in_words(found)}. The docstring asks "
        "for 201, 404 and nothing stored for Bergen. Look for the transaction."
    )


@pytest.mark.parametrize(
    "error", [asyncpg.UniqueViolationError("twice"), RuntimeError("out of order")]
)
def test_q2_another_exception_is_not_caught_and_nothing_is_stored(
    answers: Any,
    postgres: PostgresDatabase,
    database: psycopg.Connection,
    error: Exception,
) -> None:
    async def store(connection: Any, reading: Any) -> None:
        await connection.execute("INSERT INTO arrivals VALUES ($1)", reading.station)
        raise error

    stand_in(answers.store, store)
    with running(answers, postgres.dsn) as http:
        seen = status_of(http, OSLO)
        found = stored(database, "arrivals")
    assert (seen[0], found) == (500, []), (
        f"`store` inserted a row into `arrivals` and raised {in_words(error)}. The "
        f"response was {in_words(seen)}, and `arrivals` has {in_words(found)}. The "
        "docstring asks not to catch it, so 500, and for nothing stored."
    )


def test_q2_requests_share_one_pool(
    answers: Any, postgres: PostgresDatabase, database: psycopg.Connection
) -> None:
    used: list[int] = []

    async def store(connection: Any, reading: Any) -> None:
        used.append(connection.get_server_pid())

    stand_in(answers.store, store)
    with running(answers, postgres.dsn, most=1) as http:
        seen = [status_of(http, OSLO)[0] for _ in range(4)]
    assert (seen, len(set(used))) == ([201] * 4, 1), (
        f"Four requests, one after another, returned {seen} and used "
        f"{len(set(used))} connections. The docstring asks for one pool, here with one "
        "connection. Look at where the pool is created."
    )


async def status_here(http: httpx2.AsyncClient, reading: dict[str, Any]) -> int | str:
    """Return the status code of a `POST /readings`, or what was raised in words."""
    try:
        return (await http.post("/readings", json=reading)).status_code
    except Exception as error:
        return in_words(error)


async def test_q2_a_failed_request_returns_its_connection(
    answers: Any, postgres: PostgresDatabase, database: psycopg.Connection
) -> None:
    app = app_of(answers, postgres.dsn, 1)
    seen: list[int | str] = []
    # A pool is not closed before its connections are returned.
    with suppress(TimeoutError):
        async with (
            asyncio.timeout(patience(PATIENCE) + SHUTDOWN),
            async_client(app, lifespan=True) as http,
            asyncio.timeout(patience(PATIENCE)),
        ):
            for station in ("Bergen", "Bergen", "Oslo"):
                reading = {"station": station, "celsius": 1.0}
                seen.append(await status_here(http, reading))
    assert seen == [404, 404, 201], (
        "With one connection, two requests for an unknown station and one for Oslo "
        f"returned {seen}. The docstring asks for [404, 404, 201]. A request that is "
        "missing waits for a connection. Look at whether the pool gets it back."
    )


async def test_q2_a_cancelled_request_returns_its_connection(
    answers: Any, postgres: PostgresDatabase, database: psycopg.Connection
) -> None:
    app = app_of(answers, postgres.dsn, 1)
    seen: int | str = "nothing, because it waited for a connection"
    with suppress(TimeoutError):
        async with (
            asyncio.timeout(patience(PATIENCE) + SHUTDOWN),
            async_client(app, lifespan=True) as http,
        ):
            with session_of(postgres) as lock, lock.transaction():
                lock.execute("LOCK TABLE arrivals, readings IN EXCLUSIVE MODE")
                post = asyncio.create_task(status_here(http, OSLO))
                await comes_true(lambda: others(database, waiting=True) > 0)
                post.cancel()
                await asyncio.wait([post])
            async with asyncio.timeout(patience(PATIENCE)):
                seen = await status_here(http, OSLO)
    found = stored(database, "arrivals")
    assert (seen, found) == (201, [("Oslo",)]), (
        "With one connection, a request was cancelled before it had ended. The next "
        f"request for Oslo returned {seen}, and `arrivals` has {in_words(found)}. "
        "The docstring asks to give the connection back in any case, so for 201 and "
        "one row. `CancelledError` is no `Exception`."
    )


async def statuses_of(posts: list[asyncio.Task[int | str]]) -> list[int | str]:
    """Return the status codes, also if some requests wait for each other."""
    pending = set(posts)
    while pending:
        done, pending = await asyncio.wait(
            pending, timeout=patience(PATIENCE), return_when=asyncio.FIRST_COMPLETED
        )
        if not done:
            for one in pending:
                one.cancel()
            await asyncio.wait(pending)
            break
    return ["no response" if one.cancelled() else one.result() for one in posts]


async def test_q2_many_requests_share_the_connections(
    answers: Any,
    postgres: PostgresDatabase,
    database: psycopg.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = asyncio.get_running_loop()
    clock = loop.time
    app = app_of(answers, postgres.dsn, 3)
    async with async_client(app, lifespan=True) as http:
        with session_of(postgres) as lock, lock.transaction():
            lock.execute("LOCK TABLE arrivals, readings IN EXCLUSIVE MODE")
            posts = [asyncio.create_task(status_here(http, OSLO)) for _ in range(30)]
            if await comes_true(lambda: others(database, waiting=True) >= 3):
                # An hour passes: whoever has a time limit gives up.
                monkeypatch.setattr(loop, "time", lambda: clock() + 3600)
            # Now those that are too many get the time to come.
            for _ in range(4):
                await asyncio.sleep(MOMENT)
            most = others(database) - 1
        seen = await statuses_of(posts)
    assert (most, set(seen)) == (3, {201}), (
        "30 requests came at the same time to an application with `most=3`, and waited "
        f"for a lock of PostgreSQL. Connections: {most}. Results: "
        f"{in_words(list(dict.fromkeys(seen)))}. The docstring asks for no more than "
        "three connections, all of them used, and for 201 however long a request waits."
    )


def test_q2_the_pool_is_closed_when_the_application_shuts_down(
    answers: Any, postgres: PostgresDatabase, database: psycopg.Connection
) -> None:
    with running(answers, postgres.dsn) as http:
        seen = status_of(http, OSLO)[0]
    closed = asyncio.run(comes_true(lambda: others(database) == 0))
    assert (seen, closed) == (201, True), (
        f"`POST /readings` returned {seen}, and then the application shut down. "
        f"PostgreSQL still has {others(database)} open connections. The docstring asks "
        "to close the pool."
    )


def test_q2_an_application_can_start_again(
    answers: Any, postgres: PostgresDatabase, database: psycopg.Connection
) -> None:
    app = app_of(answers, postgres.dsn, 2)
    seen = []
    for _ in range(2):
        with client(app, raises=False) as http:
            seen.append(status_of(http, OSLO))
    assert [status for status, _ in seen] == [201, 201], (
        f"One application was started, stopped, and started again. Its requests "
        f"returned {in_words(seen)}. The docstring asks to open the pool when the "
        "application starts. Look at where it is created."
    )


def test_q2_two_applications_have_their_own_databases(
    answers: Any, postgres: PostgresDatabase, database: psycopg.Connection
) -> None:
    with (
        running(answers, postgres.dsn) as http,
        running(answers, f"{postgres.dsn}?options=-csearch_path=missing"),
    ):
        seen = status_of(http, OSLO)
        found = stored(database, "arrivals")
    assert (seen[0], found) == (201, [("Oslo",)]), (
        "A second application with another `dsn` was started. Then `POST /readings` of "
        f"the first one returned {in_words(seen)}. The docstring asks for the database "
        "`dsn` of this application. Look at what the applications share."
    )


QUERIES = {
    "stations": "SELECT COUNT(*) FROM stations",
    "warmest": "SELECT MAX(celsius) FROM readings",
    "coldest": "SELECT MIN(celsius) FROM readings",
    "storm": "SELECT celsius FROM readings WHERE celsius > 90",
    "unknown": "SELECT MAX(celsius) FROM readings WHERE celsius > 90",
    "first": "SELECT name FROM stations ORDER BY name",
}
FIGURES = {
    "stations": 2,
    "warmest": 12.5,
    "coldest": 0,
    "storm": None,
    "unknown": None,
    "first": "Bergen",
}
MYSQL_TABLES = """
    CREATE TABLE stations (name TEXT);
    INSERT INTO stations VALUES ('Oslo'), ('Bergen');
    CREATE TABLE readings (celsius REAL);
    INSERT INTO readings VALUES (0), (12.5), (4);
"""


def refuse(*arguments: Any, **named: Any) -> None:
    """Take the place of `pymysql.connect`."""
    raise AssertionError(
        "`key_figures` called `pymysql.connect`, which blocks its thread. The "
        "docstring asks for the async driver: look for `aiomysql.connect`."
    )


@pytest.fixture
def mysql(monkeypatch: pytest.MonkeyPatch) -> Iterator[MysqlServer]:
    """The MySQL server of the weather service, for `aiomysql` only."""
    monkeypatch.setattr(pymysql, "connect", refuse)
    with mysql_server() as server:
        server.fill(MYSQL_TABLES)
        yield server


async def figures(answers: Any, mysql: MysqlServer, queries: dict[str, str]) -> Any:
    """Return what the call of 9.2.3 returns."""
    try:
        return await answers.key_figures(dict(mysql.address), dict(queries))
    except AssertionError:
        raise
    except Exception as error:
        raise AssertionError(
            f"`key_figures(address, queries)` raised {in_words(error)}. The docstring "
            "asks for a dict with a value for each query, which has its own connection."
        ) from error


async def test_q3_all_queries_run_at_the_same_time(
    answers: Any, mysql: MysqlServer
) -> None:
    # The last query has the text of the first one.
    ten = {f"at least {n}": f"SELECT {n % 9} FROM stations" for n in range(10)}
    mysql.meeting = Rendezvous(10)
    seen = await figures(answers, mysql, ten)
    assert mysql.meeting.most == 10, (
        "The server waited until ten queries had arrived, but there were "
        f"{mysql.meeting.most} at the same time. The docstring asks for all queries at "
        "the same time, each on its own connection, also if two are equal. Look at "
        "what waits."
    )
    assert seen == {f"at least {n}": n % 9 for n in range(10)}, (
        f"`key_figures` returned {in_words(seen)} for ten queries. The docstring asks "
        "for the same dict as before."
    )


async def test_q3_the_same_dict_as_before_is_returned(
    answers: Any, mysql: MysqlServer
) -> None:
    seen = await figures(answers, mysql, QUERIES)
    assert seen == FIGURES, (
        f"`key_figures` returned {in_words(seen)}. The docstring asks for the same "
        f"dict as before: {FIGURES}. Look at what is read of the row."
    )


class LastFirst(Rendezvous):
    """Lets the queries meet at the server, and then end in the opposite order."""

    def __init__(self, mysql: MysqlServer, queries: dict[str, str]) -> None:
        super().__init__(len(queries))
        self._mysql = mysql
        self._order = list(queries.values())

    async def wait_async(self) -> None:
        """Wait until the later queries have ended, or many moments have passed."""
        before = self._order.index(self._mysql.statements[-1])
        await super().wait_async()
        for _ in range(MANY // 3):
            await asyncio.sleep(MOMENT)
            if self._mysql.connections <= before + 1:
                break


async def test_q3_the_names_keep_their_order(answers: Any, mysql: MysqlServer) -> None:
    backwards = dict(reversed(QUERIES.items()))
    mysql.meeting = LastFirst(mysql, backwards)
    seen = list(await figures(answers, mysql, backwards))
    assert seen == list(backwards), (
        "The last query ended first. The names of the result are "
        f"{in_words(seen)}. The docstring asks for the order of `queries`: "
        f"{in_words(list(backwards))}."
    )


async def test_q3_without_queries_the_dict_is_empty(
    answers: Any, mysql: MysqlServer
) -> None:
    one = await figures(answers, mysql, {"stations": QUERIES["stations"]})
    none = await figures(answers, mysql, {})
    assert (one, none) == ({"stations": 2}, {}), (
        f"With one query, `key_figures` returned {in_words(one)}, and with none "
        f"{in_words(none)}. The docstring asks for the same dicts as before: "
        "{'stations': 2} and {}."
    )


async def test_q3_the_event_loop_runs_while_mysql_works(
    answers: Any, mysql: MysqlServer
) -> None:
    mysql.meeting = Rendezvous()
    before = threading.active_count()
    seen: list[int] = []

    async def open_when_all_wait() -> None:
        if await comes_true(lambda: mysql.meeting.inside == 3):
            seen.append(threading.active_count() - before)
        mysql.meeting.open()

    opening = asyncio.create_task(open_when_all_wait())
    three = dict(list(QUERIES.items())[:3])
    await figures(answers, mysql, three)
    await opening
    assert seen, (
        "Three queries waited for MySQL, and no other coroutine of the event loop ran "
        "meanwhile. The docstring asks for that. Look for a call without `await` that "
        "waits."
    )
    assert seen == [0], (
        f"While three queries waited for MySQL, {seen[0]} more threads were running. "
        "The docstring asks to start no other thread. aiomysql needs none: look for "
        "`to_thread` or an executor."
    )


async def test_q3_connections_are_closed(answers: Any, mysql: MysqlServer) -> None:
    await figures(answers, mysql, QUERIES)
    assert await comes_true(lambda: mysql.connections == 0), (
        f"After the call, there are open connections to MySQL: {mysql.connections}. "
        "The docstring asks that none is open. Look at what closes them."
    )


async def failure(answers: Any, mysql: MysqlServer) -> Any:
    """Return what comes of a call in which one of three queries fails."""
    queries = {
        "warmest": QUERIES["warmest"],
        "wind": "SELECT speed FROM winds",
        "coldest": QUERIES["coldest"],
    }
    call = answers.key_figures(dict(mysql.address), queries)
    (seen,) = await asyncio.gather(call, return_exceptions=True)
    # The other queries may go on after the call. They end before the event loop does.
    running = asyncio.all_tasks() - {asyncio.current_task()}
    if running:
        await asyncio.wait(running, timeout=patience(PATIENCE))
    if isinstance(seen, AssertionError):
        raise seen
    return seen


async def test_q3_the_error_of_a_query_reaches_the_caller(
    answers: Any, mysql: MysqlServer
) -> None:
    seen = await failure(answers, mysql)
    # A task group puts the errors of its tasks into a group.
    errors = seen.exceptions if isinstance(seen, ExceptionGroup) else [seen]
    assert any(isinstance(one, pymysql.err.ProgrammingError) for one in errors), (
        "One of three queries failed, because its table is missing. `key_figures` "
        f"gave {in_words(seen)}. The docstring asks that the error reaches the caller. "
        "Look at what catches it."
    )


async def test_q3_connections_are_closed_after_an_error(
    answers: Any, mysql: MysqlServer
) -> None:
    seen = await failure(answers, mysql)
    assert await comes_true(lambda: mysql.connections == 0), (
        f"One of three queries failed, and the call gave {in_words(seen)}. Then there "
        f"were open connections to MySQL: {mysql.connections}. The docstring asks that "
        "none is open, also if a query failed. Look at what closes them."
    )
