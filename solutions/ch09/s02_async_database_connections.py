"""9.2  Async database connections.

An async driver speaks the protocol of a database through the event loop. While the
database works, the loop runs other coroutines.
Notes: content/docs/async-programming/async-db-connections.md
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiomysql  # type: ignore[import-untyped]
import asyncpg  # type: ignore[import-untyped]

# region answer
# stub: import pymysql
# endregion
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field

# The newest reading of a station, which is the parameter $1.
LATEST = """
    SELECT celsius FROM readings WHERE station = $1 ORDER BY taken_at DESC LIMIT 1
"""


async def latest_celsius(dsn: str, station: str) -> float | None:
    """9.2.1  How do you establish an asynchronous database connection using `asyncpg`?

    PostgreSQL keeps the readings of weather stations in a table. Open a connection to
    the database `dsn` with asyncpg, and run the query `LATEST` above.

    - Return the value `celsius` that the query returns for `station`, or None if it
      returns no row.
    - Close the connection before the call ends, also if the query fails or the call is
      cancelled. The caller gets the error of the query.
    - Do not block the event loop: it runs other coroutines while PostgreSQL works.

    Given:
        `station` is any text, such as "O'Hare".

    Example:
        await latest_celsius(dsn, "Oslo")  ->  -3.5
    """
    # region answer
    connection = await asyncpg.connect(dsn)
    try:
        celsius: float | None = await connection.fetchval(LATEST, station)
        return celsius
    finally:
        await connection.close()
    # endregion


class Reading(BaseModel):
    """What a weather station sends. PostgreSQL stores no NUL character in a text."""

    station: str = Field(pattern=r"^[^\x00]*$")
    celsius: float


async def store(connection: asyncpg.Connection, reading: Reading) -> None:
    """Insert a reading into the tables `arrivals` and `readings`."""
    await connection.execute(
        "INSERT INTO arrivals (station) VALUES ($1)", reading.station
    )
    await connection.execute(
        "INSERT INTO readings (station, celsius) VALUES ($1, $2)",
        reading.station,
        reading.celsius,
    )


def readings_app(dsn: str, most: int) -> FastAPI:
    """9.2.2  Explain how to integrate async database operations with FastAPI.

    Return a FastAPI application that stores readings with `store` above. It has one
    connection pool of asyncpg for the database `dsn`.

    - Open the pool when the application starts, and close it when it shuts down.
    - The pool opens no more than `most` connections. A request waits until one is free,
      without a time limit. It gives it back in any case, also if it is cancelled.
    - `POST /readings` calls `store` in a transaction. It returns 201 after the reading
      was committed.
    - If the station is unknown, it returns 404, and nothing of the request is stored.
    - Do not catch any other exception. Nothing of its request is stored either.

    Given:
        `readings.station` is a foreign key that PostgreSQL checks at COMMIT. For an
        unknown station, the COMMIT raises `asyncpg.ForeignKeyViolationError`.
        `most` is at least 1.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # region answer
        # stub: raise NotImplementedError
        # stub: yield
        async with asyncpg.create_pool(
            dsn, min_size=1, max_size=most
        ) as app.state.pool:
            yield
        # endregion

    app = FastAPI(lifespan=lifespan)

    # region answer
    # In words: The pool belongs to the event loop of the application, so the lifespan
    # opens it there. A request borrows a connection for one transaction and gives it
    # back. The `try` is around the transaction, because the COMMIT can fail, too. In a
    # `yield` dependency, the COMMIT would run after the response was sent.
    @app.post("/readings", status_code=201)
    async def add_reading(reading: Reading) -> None:
        try:
            async with app.state.pool.acquire() as connection, connection.transaction():
                await store(connection, reading)
        except asyncpg.ForeignKeyViolationError:
            raise HTTPException(404, "Unknown station") from None

    return app
    # endregion


async def key_figures(
    address: dict[str, Any], queries: dict[str, str]
) -> dict[str, Any]:
    """9.2.3  What are the advantages of using async database drivers?

    The start page of the weather service shows figures from a MySQL database. The code
    below uses PyMySQL, a synchronous driver. Each query blocks the event loop, and the
    queries run one after another. Repair it with `aiomysql`.

    - Return the same dict as before, with the names in the order of `queries`.
    - All queries run at the same time, each on its own connection, also if two queries
      are equal.
    - Do not block the event loop: it runs other coroutines while MySQL works. Start no
      other thread.
    - The caller gets the error of a query, alone or in the `ExceptionGroup` of a task
      group.
    - When all queries have ended, no connection is open, also if one of them failed.

    Given:
        `address` has the arguments of `pymysql.connect`, which are also those of
        `aiomysql.connect`.
        There are ten queries at most. Each is a SELECT with one column.

    Example:
        await key_figures(address, {"stations": "SELECT COUNT(*) FROM stations"})
            ->  {"stations": 12}
    """

    # region answer
    # stub: figures = {}
    # stub: with pymysql.connect(**address) as connection:
    # stub:     cursor = connection.cursor()
    # stub:     for name, sql in queries.items():
    # stub:         cursor.execute(sql)
    # stub:         row = cursor.fetchone()
    # stub:         figures[name] = row[0] if row else None
    # stub: return figures
    # In words: One thread waits for many queries at the same time, and runs other
    # requests meanwhile. A synchronous driver needs a thread for each query that waits.
    # The database itself gets no faster, and one connection still runs one query at a
    # time.
    async def figure(sql: str) -> Any:
        async with (
            aiomysql.connect(**address) as connection,
            connection.cursor() as cursor,
        ):
            await cursor.execute(sql)
            row = await cursor.fetchone()
            return row[0] if row else None

    values = await asyncio.gather(*(figure(sql) for sql in queries.values()))
    return dict(zip(queries, values, strict=True))
    # endregion
