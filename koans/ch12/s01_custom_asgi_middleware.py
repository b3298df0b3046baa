"""12.1  Custom ASGI middleware.

Below FastAPI is ASGI, the protocol between a server and an application. An application
is a callable with three parameters: `scope`, `receive` and `send`. A pure ASGI
middleware is such a callable, too, and calls the next one.
Notes: content/docs/fastapi-pro/custom-asgi-middleware.md
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from fastapi import FastAPI, Request, Response, WebSocket
from fastapi.responses import StreamingResponse
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.types import ASGIApp, Receive, Scope, Send

from sensei import ___


class Visit(NamedTuple):
    """What the website of a cinema keeps of a request."""

    kind: str
    raw_path: bytes
    query_string: bytes
    user_agent: bytes | None


class VisitLog:
    """12.1.1  Write a pure ASGI middleware to inspect raw request scopes.

    Write `__call__`. It appends one `Visit` to `self.visits` for each HTTP request and
    each WebSocket connection, before the application runs. The application runs as
    without the middleware.

    - `kind` is the type of the scope. The other fields are bytes from the scope,
      unchanged. `user_agent` is the value of the header `User-Agent`, or None if this
      header is missing.
    - For the lifespan, append nothing.
    - For every scope, also for the lifespan, call the application once, with the same
      `scope`, `receive` and `send`. Its exceptions pass through.

    Given:
        There are three types of scope: "http", "websocket" and "lifespan".
        The names of headers in a scope are bytes in lower case.
        A scope has the header `User-Agent` at most once. Its value can be empty.

    Example:
        GET /films/am%C3%A9lie?day=2 with the header `User-Agent: curl/8.5`
            ->  Visit("http", b"/films/am%C3%A9lie", b"day=2", b"curl/8.5")
    """

    def __init__(self, app: ASGIApp, visits: list[Visit]) -> None:
        self.app = app
        self.visits = visits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add a visit, and run the application."""
        raise NotImplementedError


film: ContextVar[str | None] = ContextVar("film", default=None)


@contextmanager
def watch(log: list[str]) -> Iterator[None]:
    """Log that the block below `with` begins, and that it ends or raises."""
    log.append("begin")
    try:
        yield
    except Exception:
        log.append("error")
        raise
    log.append(f"end, film={film.get()}")


class BaseLog(BaseHTTPMiddleware):
    """A middleware that uses `BaseHTTPMiddleware`."""

    def __init__(self, app: ASGIApp, log: list[str]) -> None:
        super().__init__(app)
        self.log = log

    async def dispatch(
        self, request: Request, call_next: RequestResponseEndpoint
    ) -> Response:
        """Log a request."""
        with watch(self.log):
            return await call_next(request)


class PureLog:
    """The same as a pure ASGI middleware."""

    def __init__(self, app: ASGIApp, log: list[str]) -> None:
        self.app = app
        self.log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Log a request or a WebSocket connection."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        else:
            with watch(self.log):
                await self.app(scope, receive, send)


def cinema_app(log: list[str]) -> FastAPI:
    """Create the application of a cinema."""
    app = FastAPI()

    @app.get("/film")
    async def read_film() -> str:
        film.set("Metropolis")
        return "Metropolis, 20:15"

    @app.get("/trailer")
    async def play_trailer() -> StreamingResponse:
        async def parts() -> AsyncIterator[str]:
            yield "first part"
            raise OSError("The disk is broken.")

        return StreamingResponse(parts())

    @app.websocket("/seats")
    async def show_seats(socket: WebSocket) -> None:
        await socket.accept()
        log.append("endpoint")
        await socket.close()

    return app


def logs() -> dict[str, list[str]]:
    """12.1.2  When would you choose pure ASGI middleware over FastAPI's
    `BaseHTTPMiddleware`?

    The test runs `cinema_app(log)` with one middleware: `BaseLog` for the keys that end
    with "base", and `PureLog` for those that end with "pure". It sends one request, and
    waits until the application has handled it. Predict the entries of `log`.

    - "film": the request is `GET /film`.
    - "trailer": the request is `GET /trailer`. The exception is raised after the
      response has started.
    - "seats": a client opens the WebSocket `/seats`.

    Example:
        `GET /unknown` returns 404. With both middlewares, the log is
        ["begin", "end, film=None"].
    """
    return {
        "film, base": ___,
        "film, pure": ___,
        "trailer, base": ___,
        "trailer, pure": ___,
        "seats, base": ___,
        "seats, pure": ___,
    }


HEADERS = [(b"content-type", b"text/plain; charset=utf-8")]


def box_office(method: str, path: str, body: bytes) -> tuple[int, bytes]:
    """Sell tickets, and return the status code and the body of the response."""
    if (method, path) != ("POST", "/tickets"):
        return 404, b"There is no such page."
    return 201, b"Sold: " + body


async def ticket_app(scope: Scope, receive: Receive, send: Send) -> None:
    """12.1.3  What are the `scope`, `receive`, and `send` parameters in an ASGI
    application?

    Write an ASGI application without a framework. It serves the function `box_office`
    above over HTTP.

    - For each HTTP request, call `box_office` once. Pass the method, the decoded path
      without the query, and the whole body. A body can arrive in several messages.
    - Then send a complete response. It has the status code and the body that
      `box_office` returns, and the headers `HEADERS`. The body can be empty. You may
      add the header `content-length`.
    - If the client disconnects before the whole body has arrived, return. Do not call
      `box_office`, and send nothing.
    - If the scope has any other type than "http", raise `ValueError`. Receive nothing,
      and send nothing.

    Given:
        A message `http.request` can lack the keys `body` and `more_body`. They are then
        `b""` and False.
        If an application raises an exception for the lifespan, Uvicorn runs it without
        the lifespan.

    Example:
        POST /tickets with the body `M, 2`  ->  201 with the body `Sold: M, 2`
    """
    raise NotImplementedError
