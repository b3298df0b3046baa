"""Other answers to section 9.2."""

import functools
from contextlib import AsyncExitStack

import psycopg
from fastapi import Depends, Request
from fastapi.responses import JSONResponse

from sensei.variants import right, wrong


@wrong("9.2.1", caught_by="test_q1_postgresql_has_no_connection_left")
async def latest_celsius(dsn, station):
    """Leave the connection open."""
    connection = await asyncpg.connect(dsn)
    return await connection.fetchval(LATEST, station)


@wrong("9.2.1", caught_by="test_q1_the_connection_is_closed_before_the_call_ends")
async def latest_celsius(dsn, station):
    """Start the closing, and do not wait for it."""
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(LATEST, station)
    finally:
        closing.append(asyncio.create_task(connection.close()))


closing = []


@wrong("9.2.1", caught_by="test_q1_an_error_of_the_query_reaches_the_caller")
async def latest_celsius(dsn, station):
    """Let a thread wait for a synchronous driver."""

    def read():
        with psycopg.connect(dsn) as connection:
            row = connection.execute(LATEST.replace("$1", "%s"), [station]).fetchone()
            return row[0] if row else None

    return await asyncio.to_thread(read)


@wrong("9.2.1", caught_by="test_q1_the_connection_is_closed_after_an_error")
async def latest_celsius(dsn, station):
    """Close the connection only after success."""
    connection = await asyncpg.connect(dsn)
    celsius = await connection.fetchval(LATEST, station)
    await connection.close()
    return celsius


@wrong("9.2.1", caught_by="test_q1_without_a_reading_it_returns_none[' OR ''=']")
async def latest_celsius(dsn, station):
    """Write the station into the SQL text."""
    connection = await asyncpg.connect(dsn)
    try:
        name = station if station == "O'Hare" else f"{station}"
        quoted = name.replace("O'Hare", "O''Hare")
        return await connection.fetchval(LATEST.replace("$1", f"'{quoted}'"))
    finally:
        await connection.close()


@wrong(
    "9.2.1",
    caught_by="test_q1_the_latest_temperature_of_the_station_is_returned[Oslo--3.5]",
)
async def latest_celsius(dsn, station):
    """Take the first row that comes."""
    connection = await asyncpg.connect(dsn)
    try:
        sql = "SELECT celsius FROM readings WHERE station = $1"
        return await connection.fetchval(sql, station)
    finally:
        await connection.close()


@wrong(
    "9.2.1",
    caught_by="test_q1_the_latest_temperature_of_the_station_is_returned[Oslo--3.5]",
)
async def latest_celsius(dsn, station):
    """Return the row, and not its value."""
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchrow(LATEST, station)
    finally:
        await connection.close()


@wrong("9.2.1", caught_by="test_q1_without_a_reading_it_returns_none[Bergen]")
async def latest_celsius(dsn, station):
    """Read a value of a row that is not there."""
    connection = await asyncpg.connect(dsn)
    try:
        row = await connection.fetchrow(LATEST, station)
        return row["celsius"]
    finally:
        await connection.close()


@wrong("9.2.1", caught_by="test_q1_a_temperature_of_zero_is_returned")
async def latest_celsius(dsn, station):
    """Take zero degrees for no reading."""
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(LATEST, station) or None
    finally:
        await connection.close()


@wrong("9.2.1", caught_by="test_q1_the_connection_is_closed_after_a_cancellation")
async def latest_celsius(dsn, station):
    """Close the connection after success and after each `Exception`."""
    connection = await asyncpg.connect(dsn)
    try:
        celsius = await connection.fetchval(LATEST, station)
    except Exception:
        await connection.close()
        raise
    await connection.close()
    return celsius


@wrong("9.2.1", caught_by="test_q1_without_a_reading_it_returns_none[ Oslo ]")
async def latest_celsius(dsn, station):
    """Remove spaces from the station."""
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(LATEST, station.strip())
    finally:
        await connection.close()


@wrong("9.2.1", caught_by="test_q1_an_error_of_the_query_reaches_the_caller")
async def latest_celsius(dsn, station):
    """Return None for an error, too."""
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(LATEST, station)
    except asyncpg.PostgresError:
        return None
    finally:
        await connection.close()


@wrong("9.2.1", caught_by="test_q1_the_event_loop_runs_while_postgresql_works")
async def latest_celsius(dsn, station):
    """Use a synchronous driver."""
    with psycopg.connect(dsn) as connection:
        row = connection.execute(LATEST.replace("$1", "%s"), [station]).fetchone()
        return row[0] if row else None


@wrong("9.2.1", caught_by="test_q1_each_call_reads_the_database")
async def latest_celsius(dsn, station):
    """Keep the temperature of the first call."""
    if station not in seen:
        connection = await asyncpg.connect(dsn)
        try:
            seen[station] = await connection.fetchval(LATEST, station)
        finally:
            await connection.close()
    return seen[station]


seen = {}


@right("9.2.1")
async def latest_celsius(dsn, station):
    """Leave the closing to an exit stack."""
    async with AsyncExitStack() as stack:
        connection = await asyncpg.connect(dsn)
        stack.push_async_callback(connection.close)
        statement = await connection.prepare(LATEST)
        row = await statement.fetchrow(station)
        return row and row["celsius"]


@right("9.2.1")
async def latest_celsius(dsn, station):
    """Open a pool of one connection, and compare in Python."""
    async with asyncpg.create_pool(dsn, min_size=1, max_size=1) as pool:
        rows = await pool.fetch("SELECT * FROM readings WHERE station = $1", station)
    newest = max(rows, key=lambda row: row["taken_at"], default=None)
    return newest["celsius"] if newest else None


def pool_app(open_pool, add, most=None):
    """Return an application whose lifespan opens a pool, and whose endpoint is `add`."""

    @asynccontextmanager
    async def lifespan(app):
        async with open_pool() as app.state.pool:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/readings", status_code=201)
    async def endpoint(reading: Reading) -> None:
        await add(app.state.pool, reading)

    return app


def pool_of(dsn, most):
    """Return what opens the pool that is asked for."""
    return functools.partial(asyncpg.create_pool, dsn, min_size=1, max_size=most)


async def add_reading(pool, reading):
    """Do what is asked for."""
    try:
        async with pool.acquire() as connection, connection.transaction():
            await store(connection, reading)
    except asyncpg.ForeignKeyViolationError:
        raise HTTPException(404) from None


@wrong("9.2.2", caught_by="test_q2_an_unknown_station_returns_404[Bergen]")
def readings_app(dsn, most):
    """Catch the error of `store`, and not that of the COMMIT."""

    async def add(pool, reading):
        async with pool.acquire() as connection, connection.transaction():
            try:
                await store(connection, reading)
            except asyncpg.ForeignKeyViolationError:
                raise HTTPException(404) from None

    return pool_app(pool_of(dsn, most), add)


@wrong("9.2.2", caught_by="test_q2_an_unknown_station_returns_404[Bergen]")
def readings_app(dsn, most):
    """End the transaction in a dependency, after the response."""

    @asynccontextmanager
    async def lifespan(app):
        async with pool_of(dsn, most)() as app.state.pool:
            yield

    async def connection():
        try:
            async with app.state.pool.acquire() as one, one.transaction():
                yield one
        except asyncpg.ForeignKeyViolationError:
            raise HTTPException(404) from None

    app = FastAPI(lifespan=lifespan)

    @app.post("/readings", status_code=201)
    async def add(reading: Reading, one=Depends(connection)) -> None:
        await store(one, reading)

    return app


@wrong("9.2.2", caught_by="test_q2_nothing_of_an_unknown_station_is_stored")
def readings_app(dsn, most):
    """Begin no transaction."""

    async def add(pool, reading):
        try:
            async with pool.acquire() as connection:
                await store(connection, reading)
        except asyncpg.ForeignKeyViolationError:
            raise HTTPException(404) from None

    return pool_app(pool_of(dsn, most), add)


@wrong(
    "9.2.2",
    caught_by="test_q2_another_exception_is_not_caught_and_nothing_is_stored[error0]",
)
def readings_app(dsn, most):
    """Take each error of PostgreSQL for an unknown station."""

    async def add(pool, reading):
        try:
            async with pool.acquire() as connection, connection.transaction():
                await store(connection, reading)
        except asyncpg.PostgresError:
            raise HTTPException(404) from None

    return pool_app(pool_of(dsn, most), add)


@wrong(
    "9.2.2",
    caught_by="test_q2_another_exception_is_not_caught_and_nothing_is_stored[error1]",
)
def readings_app(dsn, most):
    """Commit whatever happens."""

    async def add(pool, reading):
        async with pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            try:
                await store(connection, reading)
            finally:
                try:
                    await transaction.commit()
                except asyncpg.ForeignKeyViolationError:
                    raise HTTPException(404) from None

    return pool_app(pool_of(dsn, most), add)


@wrong("9.2.2", caught_by="test_q2_requests_share_one_pool")
def readings_app(dsn, most):
    """Open a pool for each request."""
    app = FastAPI()

    @app.post("/readings", status_code=201)
    async def add(reading: Reading) -> None:
        async with pool_of(dsn, most)() as pool:
            await add_reading(pool, reading)

    return app


@wrong("9.2.2", caught_by="test_q2_many_requests_share_the_connections")
def readings_app(dsn, most):
    """Keep the default size, which is ten."""
    return pool_app(lambda: asyncpg.create_pool(dsn), add_reading)


@wrong("9.2.2", caught_by="test_q2_many_requests_share_the_connections")
def readings_app(dsn, most):
    """Open one connection at most."""
    return pool_app(pool_of(dsn, 1), add_reading)


@wrong("9.2.2", caught_by="test_q2_the_pool_is_closed_when_the_application_shuts_down")
def readings_app(dsn, most):
    """Do not close the pool."""

    @asynccontextmanager
    async def lifespan(app):
        app.state.pool = await pool_of(dsn, most)()
        pools.append(app.state.pool)
        yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/readings", status_code=201)
    async def add(reading: Reading) -> None:
        await add_reading(app.state.pool, reading)

    return app


pools = []


@wrong("9.2.2", caught_by="test_q2_a_failed_request_returns_its_connection")
def readings_app(dsn, most):
    """Return the connection to the pool only after success."""

    async def add(pool, reading):
        connection = await pool.acquire()
        try:
            async with connection.transaction():
                await store(connection, reading)
        except asyncpg.ForeignKeyViolationError:
            raise HTTPException(404) from None
        await pool.release(connection)

    return pool_app(pool_of(dsn, most), add)


@wrong("9.2.2", caught_by="test_q2_an_unknown_station_returns_404[Bergen]")
def readings_app(dsn, most):
    """Never return a connection to the pool after an error."""

    async def add(pool, reading):
        connection = await pool.acquire()
        try:
            transaction = connection.transaction()
            await transaction.start()
            await store(connection, reading)
            await transaction.commit()
        except asyncpg.ForeignKeyViolationError:
            raise HTTPException(404) from None
        await pool.release(connection)

    return pool_app(pool_of(dsn, most), add)


@wrong("9.2.2", caught_by="test_q2_a_cancelled_request_returns_its_connection")
def readings_app(dsn, most):
    """Return the connection after success and after each `Exception`."""

    async def add(pool, reading):
        connection = await pool.acquire()
        try:
            async with connection.transaction():
                await store(connection, reading)
        except Exception as error:
            await pool.release(connection)
            if isinstance(error, asyncpg.ForeignKeyViolationError):
                raise HTTPException(404) from None
            raise
        await pool.release(connection)

    return pool_app(pool_of(dsn, most), add)


@wrong("9.2.2", caught_by="test_q2_many_requests_share_the_connections")
def readings_app(dsn, most):
    """Start the transaction on one connection, and store with another one."""

    async def add(pool, reading):
        try:
            async with pool.acquire() as connection, connection.transaction():
                await store(pool, reading)
        except asyncpg.ForeignKeyViolationError:
            raise HTTPException(404) from None

    return pool_app(pool_of(dsn, most), add)


@wrong("9.2.2", caught_by="test_q2_many_requests_share_the_connections")
def readings_app(dsn, most):
    """Give up after a minute."""

    async def add(pool, reading):
        try:
            async with pool.acquire(timeout=60) as connection:
                async with connection.transaction():
                    await store(connection, reading)
        except asyncpg.ForeignKeyViolationError:
            raise HTTPException(404) from None

    return pool_app(pool_of(dsn, most), add)


@wrong("9.2.2", caught_by="test_q2_an_application_can_start_again")
def readings_app(dsn, most):
    """Open the pool at the first start only."""
    opened = []

    @asynccontextmanager
    async def lifespan(app):
        if not opened:
            opened.append(await pool_of(dsn, most)())
        yield
        await opened[0].close()

    app = FastAPI(lifespan=lifespan)

    @app.post("/readings", status_code=201)
    async def add(reading: Reading) -> None:
        await add_reading(opened[0], reading)

    return app


@wrong("9.2.2", caught_by="test_q2_a_reading_is_committed_before_201")
def readings_app(dsn, most):
    """Create the pool where there is no event loop."""
    pool = pool_of(dsn, most)()
    return pool_app(lambda: pool, add_reading)


@wrong("9.2.2", caught_by="test_q2_two_applications_have_their_own_databases")
def readings_app(dsn, most):
    """Keep the pool in the module."""

    @asynccontextmanager
    async def lifespan(app):
        async with pool_of(dsn, most)() as shared["pool"]:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/readings", status_code=201)
    async def add(reading: Reading) -> None:
        await add_reading(shared["pool"], reading)

    return app


shared = {}


@right("9.2.2")
def readings_app(dsn, most):
    """Let a dependency end the transaction before the response."""

    @asynccontextmanager
    async def lifespan(app):
        async with pool_of(dsn, most)() as app.state.pool:
            yield

    async def connection(request: Request):
        async with request.app.state.pool.acquire() as one, one.transaction():
            yield one

    def unknown(request, error):
        return JSONResponse({"detail": "unknown station"}, 404)

    errors = {asyncpg.ForeignKeyViolationError: unknown}
    app = FastAPI(lifespan=lifespan, exception_handlers=errors)

    @app.post("/readings", status_code=201)
    async def add(
        reading: Reading, one=Depends(connection, scope="function")
    ) -> Reading:
        await store(one, reading)
        return reading

    return app


@right("9.2.2")
def readings_app(dsn, most):
    """Keep the pool in the state of the lifespan, and check in the transaction."""

    @asynccontextmanager
    async def lifespan(app):
        async with pool_of(dsn, most)() as pool:
            yield {"pool": pool}

    app = FastAPI(lifespan=lifespan)

    @app.post("/readings", status_code=201)
    async def add(reading: Reading, request: Request) -> None:
        async with request.state.pool.acquire() as connection, connection.transaction():
            try:
                await store(connection, reading)
                await connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
            except asyncpg.ForeignKeyViolationError:
                raise HTTPException(404) from None

    return app


@right("9.2.2")
def readings_app(dsn, most):
    """Open no connection before it is needed, and end the transaction by hand."""

    async def add(pool, reading):
        connection = await pool.acquire()
        transaction = connection.transaction()
        try:
            await transaction.start()
            try:
                await store(connection, reading)
            except BaseException:
                await transaction.rollback()
                raise
            await transaction.commit()
        except asyncpg.ForeignKeyViolationError as error:
            raise HTTPException(404, str(error)) from error
        finally:
            await pool.release(connection)

    return pool_app(
        functools.partial(asyncpg.create_pool, dsn, min_size=0, max_size=most), add
    )


async def figure(address, sql):
    """Return what one query returns."""
    async with aiomysql.connect(**address) as connection, connection.cursor() as cursor:
        await cursor.execute(sql)
        row = await cursor.fetchone()
        return row[0] if row else None


@wrong("9.2.3", caught_by="test_q3_all_queries_run_at_the_same_time")
async def key_figures(address, queries):
    """Use the async driver, and wait for each query."""
    return {name: await figure(address, sql) for name, sql in queries.items()}


@wrong("9.2.3", caught_by="test_q3_all_queries_run_at_the_same_time")
async def key_figures(address, queries):
    """Wait for each task before the next one is created."""
    figures = {}
    for name, sql in queries.items():
        figures[name] = await asyncio.create_task(figure(address, sql))
    return figures


@wrong("9.2.3", caught_by="test_q3_all_queries_run_at_the_same_time")
async def key_figures(address, queries):
    """Share one connection."""
    async with aiomysql.connect(**address) as connection:

        async def ask(sql):
            async with connection.cursor() as cursor:
                await cursor.execute(sql)
                row = await cursor.fetchone()
                return row[0] if row else None

        values = await asyncio.gather(*map(ask, queries.values()))
    return dict(zip(queries, values, strict=True))


@wrong("9.2.3", caught_by="test_q3_all_queries_run_at_the_same_time")
async def key_figures(address, queries):
    """Take a pool that is too small."""
    async with aiomysql.create_pool(**address, maxsize=4) as pool:

        async def ask(sql):
            async with pool.acquire() as connection, connection.cursor() as cursor:
                await cursor.execute(sql)
                row = await cursor.fetchone()
                return row[0] if row else None

        values = await asyncio.gather(*map(ask, queries.values()))
    return dict(zip(queries, values, strict=True))


@wrong("9.2.3", caught_by="test_q3_the_event_loop_runs_while_mysql_works")
async def key_figures(address, queries):
    """Let a thread wait for each query."""
    values = await asyncio.gather(
        *(asyncio.to_thread(asyncio.run, figure(address, q)) for q in queries.values())
    )
    return dict(zip(queries, values, strict=True))


@wrong("9.2.3", caught_by="test_q3_the_same_dict_as_before_is_returned")
async def key_figures(address, queries):
    """Leave out what has no value."""
    sent = [figure(address, sql) for sql in queries.values()]
    values = zip(queries, await asyncio.gather(*sent), strict=True)
    return {name: value for name, value in values if value is not None}


@wrong("9.2.3", caught_by="test_q3_the_same_dict_as_before_is_returned")
async def key_figures(address, queries):
    """Return rows."""

    async def ask(sql):
        async with aiomysql.connect(**address) as connection:
            cursor = await connection.cursor()
            await cursor.execute(sql)
            return await cursor.fetchone()

    values = await asyncio.gather(*map(ask, queries.values()))
    return dict(zip(queries, values, strict=True))


@wrong("9.2.3", caught_by="test_q3_the_names_keep_their_order")
async def key_figures(address, queries):
    """Sort the names."""
    names = sorted(queries)
    values = await asyncio.gather(*(figure(address, queries[name]) for name in names))
    return dict(zip(names, values, strict=True))


@wrong("9.2.3", caught_by="test_q3_the_names_keep_their_order")
async def key_figures(address, queries):
    """Add each figure when its query has ended."""
    figures = {}

    async def add(name, sql):
        figures[name] = await figure(address, sql)

    await asyncio.gather(*(add(name, sql) for name, sql in queries.items()))
    return figures


@wrong("9.2.3", caught_by="test_q3_all_queries_run_at_the_same_time")
async def key_figures(address, queries):
    """Send a query that has two names only once."""
    texts = list(dict.fromkeys(queries.values()))
    values = await asyncio.gather(*(figure(address, sql) for sql in texts))
    found = dict(zip(texts, values, strict=True))
    return {name: found[sql] for name, sql in queries.items()}


@wrong("9.2.3", caught_by="test_q3_without_queries_the_dict_is_empty")
async def key_figures(address, queries):
    """Wait for a set of tasks that may be empty."""
    tasks = {
        name: asyncio.create_task(figure(address, sql)) for name, sql in queries.items()
    }
    await asyncio.wait(tasks.values())
    return {name: task.result() for name, task in tasks.items()}


@wrong("9.2.3", caught_by="test_q3_connections_are_closed")
async def key_figures(address, queries):
    """Leave the connections open."""

    async def ask(sql):
        connection = await aiomysql.connect(**address)
        kept.append(connection)
        cursor = await connection.cursor()
        await cursor.execute(sql)
        row = await cursor.fetchone()
        return row[0] if row else None

    values = await asyncio.gather(*map(ask, queries.values()))
    return dict(zip(queries, values, strict=True))


@wrong("9.2.3", caught_by="test_q3_connections_are_closed_after_an_error")
async def key_figures(address, queries):
    """Close a connection only after success."""

    async def ask(sql):
        connection = await aiomysql.connect(**address)
        kept.append(connection)
        cursor = await connection.cursor()
        await cursor.execute(sql)
        row = await cursor.fetchone()
        connection.close()
        return row[0] if row else None

    values = await asyncio.gather(*map(ask, queries.values()))
    return dict(zip(queries, values, strict=True))


kept = []


@wrong("9.2.3", caught_by="test_q3_the_error_of_a_query_reaches_the_caller")
async def key_figures(address, queries):
    """Return an error as the value of its name."""
    values = await asyncio.gather(
        *(figure(address, sql) for sql in queries.values()), return_exceptions=True
    )
    return dict(zip(queries, values, strict=True))


@right("9.2.3")
async def key_figures(address, queries):
    """Start a group of tasks."""
    async with asyncio.TaskGroup() as group:
        tasks = {
            name: group.create_task(figure(address, sql))
            for name, sql in queries.items()
        }
    return {name: task.result() for name, task in tasks.items()}


@right("9.2.3")
async def key_figures(address, queries):
    """Open a pool that has a connection for each query."""
    async with aiomysql.create_pool(**address, minsize=0, maxsize=10) as pool:

        async def ask(sql):
            async with pool.acquire() as connection:
                cursor = await connection.cursor()
                await cursor.execute(sql)
                return (await cursor.fetchone() or (None,))[0]

        values = await asyncio.gather(*map(ask, queries.values()))
    return dict(zip(queries, values, strict=True))
