"""4.6  Event handlers: startup and shutdown.

Some work has to be done before the first request, and some after the last one. The
lifespan function of an application does both: the code before `yield` runs when the
server starts, and the code after `yield` runs when it stops.
Notes: content/docs/fastapi/advanced-features/event-handlers.md
"""

import asyncio
import tomllib
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TextIO

from fastapi import APIRouter, FastAPI, Request
from sqlalchemy import Engine, create_engine, text

from sensei import ___


def open_database(url: str) -> Engine:
    """Return an engine. Raise an exception if the database is not reachable."""
    engine = create_engine(url)
    engine.connect().close()
    return engine


books = APIRouter()


@books.get("/books/count")
def count_books(request: Request) -> int:
    """Return the number of books in the database of `app.state.engine`."""
    engine: Engine = request.app.state.engine
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM books")).scalar_one())


def books_app(url: str) -> FastAPI:
    """4.6.1  Write a FastAPI app with a startup event to initialize a database
    connection.

    Create an application with a lifespan function, include the router `books`, and
    return the application. `GET /books/count` needs the engine in `app.state.engine`.
    Do not use `on_event`, which is deprecated.

    - Each time the application starts, call `open_database(url)` once, and store the
      engine in `app.state.engine`. Do not call it earlier or in a request.
    - If `open_database` raises an exception, the application does not start.

    Given:
        Nothing has to be closed in this koan.

    Example:
        GET /books/count  ->  200  3
    """
    raise NotImplementedError


def open_journal(path: Path) -> TextIO:
    """Open the journal. Python keeps the lines in memory until the file is closed."""
    return path.open("a", encoding="utf-8")


def sales_app(path: Path) -> FastAPI:
    """4.6.2  How do you clean up resources in a `shutdown` event handler?

    The application writes each sale to a journal. Today, sales are missing from the
    file after the application has stopped, because nobody closes the file. Repair the
    lifespan function.

    - `app.state.journal` stays open while the application runs.
    - When the application stops, close the journal, so that the file has every sale.
    - The application can be started again after that. Call `open_journal` once at each
      start. The file keeps the sales of earlier runs.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.journal = open_journal(path)
        yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/sales/{isbn}", status_code=201)
    async def sell(isbn: str) -> None:
        app.state.journal.write(f"{isbn}\n")

    return app


def check_payments() -> None:
    """Raise a ConnectionError if the payment service is not reachable."""


async def update_prices() -> None:
    """Read new prices again and again, until the task is cancelled."""
    await asyncio.Event().wait()


def save_carts() -> None:
    """Write the carts of all customers to a file."""


def shop_app() -> FastAPI:
    """4.6.3  What are the use cases for FastAPI event handlers?

    Write a lifespan function with three of them: a check before the first request, a
    task that runs beside the requests, and work after the last request.

    - When the application starts, call `check_payments()`. If it raises an exception,
      the application does not start. Then call neither `update_prices()` nor
      `save_carts()`.
    - `update_prices()` runs as a task of asyncio while the application runs. When the
      application stops, cancel the task, and wait until it has ended. Other tasks go
      on.
    - When the application stops, call `save_carts()` once, before or after the task
      has ended.

    Given:
        `update_prices()` runs until it is cancelled. Then it can need some time until
        it ends, and raises CancelledError.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield

    return FastAPI(lifespan=lifespan)


def load_settings(path: Path) -> dict[str, Any]:
    """Read the settings from a TOML file."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


settings = APIRouter()


@settings.get("/settings/{name}")
def read_setting(request: Request, name: str) -> object:
    """Return a setting, or null, from the dict `request.state.settings`."""
    return request.state.settings.get(name)


def settings_app(path: Path) -> FastAPI:
    """4.6.4  Write a FastAPI app with a startup event to cache configuration data.

    Create an application with a lifespan function, include the router `settings`, and
    return the application. `GET /settings/{name}` needs the dict of all settings in
    `request.state.settings`. A lifespan function can `yield` a dict: FastAPI copies its
    items to the `request.state` of each request.

    - `request.state.settings` is the dict that `load_settings(path)` returns.
    - Call `load_settings(path)` once each time the application starts. A change of the
      file has an effect after the next start, and not earlier.

    Example:
        the file has the line  currency = "EUR"
        GET /settings/currency  ->  200  "EUR"
    """
    raise NotImplementedError


class Connection:
    """A connection to another service of the bookshop."""

    def __init__(self, service: str) -> None:
        self.service = service

    def close(self) -> None:
        """Close the connection. This can raise an exception."""


def connect(service: str) -> Connection:
    """Open a connection. Raise an exception if the service is not reachable."""
    return Connection(service)


def services_app(services: Sequence[str]) -> FastAPI:
    """4.6.5  How do you ensure resources are released in a shutdown event?

    When it starts, the application opens a connection to each service in `services`,
    in this order. Today, connections stay open after an error. Repair the lifespan
    function.

    - When the application stops, close the connections in the reverse order.
    - If `connect` raises an exception, close the connections that are already open.
    - If `yield` raises an exception, close all connections.
    - If `close` raises an exception, still close the other connections.
    - After that, let the exception pass in each of these three cases. If there are
      two exceptions, let one of them pass.

    Given:
        The exceptions can be of any class, also KeyboardInterrupt.
        A service can stand in `services` twice. Then it gets two connections.
        `yield` raises an exception if the startup of an included router fails. It
        raises CancelledError if a second Ctrl-C ends Uvicorn before the requests end.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        connections = [connect(service) for service in services]
        yield
        for connection in connections:
            connection.close()

    return FastAPI(lifespan=lifespan)


def open_index(log: list[str], is_broken: bool) -> None:
    """Open the search index."""
    if is_broken:
        raise OSError("The index is broken.")
    log.append("open index")


def on_event_app(log: list[str], is_broken: bool) -> FastAPI:
    """Return an application with `on_event` that notes what it opens and closes."""
    app = FastAPI()

    @app.on_event("startup")
    def start_database() -> None:
        log.append("open database")

    @app.on_event("shutdown")
    def stop_database() -> None:
        log.append("close database")

    @app.on_event("startup")
    def start_index() -> None:
        open_index(log, is_broken)

    @app.on_event("shutdown")
    def stop_index() -> None:
        log.append("close index")

    return app


@contextmanager
def database(log: list[str]) -> Iterator[None]:
    """Open the database for a `with` block."""
    log.append("open database")
    try:
        yield
    finally:
        log.append("close database")


@contextmanager
def index(log: list[str], is_broken: bool) -> Iterator[None]:
    """Open the search index for a `with` block."""
    open_index(log, is_broken)
    try:
        yield
    finally:
        log.append("close index")


def lifespan_app(log: list[str], is_broken: bool) -> FastAPI:
    """Return an application with a lifespan function that does the same work."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with database(log), index(log, is_broken):
            yield

    return FastAPI(lifespan=lifespan)


def mixed_app(log: list[str]) -> FastAPI:
    """Return an application with a lifespan function and an `on_event` handler."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with database(log):
            yield

    app = FastAPI(lifespan=lifespan)

    @app.on_event("startup")
    def start_index() -> None:
        open_index(log, is_broken=False)

    return app


def differences() -> dict[str, object]:
    """4.6.6  What is the difference between `@app.on_event` and lifespan context
    managers?

    Predict what the three applications above do. Replace the first `___` with a string.
    Replace the others with lists of "database" and "index", such as `["database"]` or
    `[]`.

    - "warning": the name of the class of the warning that `app.on_event` gives.
    - "closed by on_event", "closed by lifespan": what `on_event_app(log, False)` and
      `lifespan_app(log, False)` close when they stop, the first one first.
    - "closed by on_event after an error", "closed by lifespan after an error": what
      `on_event_app(log, True)` and `lifespan_app(log, True)` close. They do not start,
      because the index is broken.
    - "opened by mixed_app": what `mixed_app(log)` opens when it starts.
    """
    return {
        "warning": ___,
        "closed by on_event": ___,
        "closed by lifespan": ___,
        "closed by on_event after an error": ___,
        "closed by lifespan after an error": ___,
        "opened by mixed_app": ___,
    }
