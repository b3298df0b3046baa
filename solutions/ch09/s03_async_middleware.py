"""9.3  Async middleware in FastAPI.

A middleware runs in the event loop for every request. If it waits with `await`, other
requests run meanwhile. If it blocks, the whole server waits.
Notes: content/docs/async-programming/async-middleware.md
"""

import asyncio
import time
from contextvars import ContextVar
from dataclasses import dataclass

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from starlette.middleware.base import RequestResponseEndpoint

# region answer
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# stub: from starlette.types import ASGIApp, Receive, Scope, Send
# endregion


async def warning_level() -> str:
    """Return the current level, such as "yellow", from the warning service."""
    await asyncio.sleep(0.01)
    return "yellow"


def add_warning_level(app: FastAPI) -> None:
    """9.3.1  Create a custom asynchronous middleware in FastAPI.

    `app` is the application of a weather service. Add a middleware that tells every
    client the current warning level.

    - Every response has the header `X-Warning-Level`, also a 404 or a 422. Its value is
      what `warning_level` returns.
    - Call `warning_level` once for each request, after the endpoint has run. The
      endpoint can change the level.
    - Everything else in the response stays the same. A stream is still sent part by
      part.

    Given:
        Endpoints return a response or raise `HTTPException`. They do not set
        `X-Warning-Level`.

    Example:
        GET /stations/oslo  ->  200  {"celsius": -2.5}
            X-Warning-Level: yellow
    """

    # region answer
    @app.middleware("http")
    async def add_level(
        request: Request, call_next: RequestResponseEndpoint
    ) -> Response:
        response = await call_next(request)
        response.headers["X-Warning-Level"] = await warning_level()
        return response

    # endregion


def customer_of(key: str) -> str | None:
    """Return the customer with this API key from the database, or None.

    The driver of the database is synchronous. It blocks the calling thread.
    """
    time.sleep(0.01)
    return {"key-of-ada": "ada"}.get(key)


def store_usage(customer: str, status: int) -> None:
    """Store the status code of a response in the database; block the thread."""
    time.sleep(0.01)


def readings_app() -> FastAPI:
    """9.3.2  How does async middleware differ from synchronous middleware?

    The middleware below is declared with `async def`, but it works like a synchronous
    one: while `customer_of` or `store_usage` wait for the database, the server runs no
    other request. Repair it.

    - `customer_of` and `store_usage` run in another thread, and the event loop runs
      other requests meanwhile.
    - The client receives the response after `store_usage` has ended.
    - Everything else stays as it is today. An unknown key returns 401, and then neither
      the endpoint nor `store_usage` runs.

    Given:
        Keys can be added to the database and removed from it at any time.
    """
    app = FastAPI()

    # region answer
    # In words: A synchronous middleware, as in Flask or Django, runs in the thread of
    # its request, and may block it. All requests of FastAPI share the thread of the
    # event loop. A middleware has to await whatever waits, or run it in another thread
    # and await that. The word `async` alone changes nothing.
    @app.middleware("http")
    async def check_key(
        request: Request, call_next: RequestResponseEndpoint
    ) -> Response:
        customer = await asyncio.to_thread(
            customer_of, request.headers.get("X-Key", "")
        )
        if customer is None:
            return JSONResponse({"detail": "The key is unknown."}, 401)
        response = await call_next(request)
        await asyncio.to_thread(store_usage, customer, response.status_code)
        return response

    # stub: @app.middleware("http")
    # stub: async def check_key(
    # stub:     request: Request, call_next: RequestResponseEndpoint
    # stub: ) -> Response:
    # stub:     customer = customer_of(request.headers.get("X-Key", ""))
    # stub:     if customer is None:
    # stub:         return JSONResponse({"detail": "The key is unknown."}, 401)
    # stub:     response = await call_next(request)
    # stub:     store_usage(customer, response.status_code)
    # stub:     return response
    # stub:
    # endregion
    @app.get("/readings/{station}")
    async def read_celsius(station: str) -> dict[str, float]:
        if station != "oslo":
            raise HTTPException(404)
        return {"celsius": -2.5}

    return app


@dataclass
class Usage:
    """What the weather service writes on the bill for a request."""

    path: str
    status: int = 500
    size: int = 0
    units: int = 0


current: ContextVar[Usage] = ContextVar("current")


def charge(units: int) -> None:
    """Add units to the usage of the current request."""
    current.get().units += units


class Metering:
    """9.3.3  What are common use cases for async middleware?

    One of them is to measure the requests. Write this ASGI middleware: it adds one
    `Usage` for each HTTP request to the list `self.records`.

    - `path` is the path of the request and `status` the status code of the response. If
      the application raises before a response has started, `status` is 500.
    - `size` is the number of bytes of the body. Each part of a body is sent on at once.
    - During the request, `current` holds its `Usage`, so that `charge` works.
    - Add the `Usage` when the application has ended, after all background tasks. Add it
      also if the application raised or was cancelled. The exception passes through.
    - WebSockets and the lifespan pass through as they are, without a `Usage`.

    Given:
        The server runs each request in a task of its own.
        A message `http.response.body` can lack the key `body`: it has 0 bytes.

    Example:
        app.add_middleware(Metering, records=records)
        GET /forecast  ->  Usage(path="/forecast", status=200, size=16, units=5)
    """

    def __init__(self, app: ASGIApp, records: list[Usage]) -> None:
        self.app = app
        self.records = records

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application for a request, a WebSocket or the lifespan."""
        # region answer
        # In words: Async middleware is for what belongs to every request: to measure
        # and log it, to give it an ID or a user, to check a key with another service,
        # to limit clients, to change headers. An ASGI middleware sees each message, so
        # it can also count a stream while it is sent, and it ends after the background
        # tasks. `BaseHTTPMiddleware` is simpler, but sees only the response.
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        usage = Usage(scope["path"])
        current.set(usage)

        async def count(message: Message) -> None:
            usage.status = message.get("status", usage.status)
            usage.size += len(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, receive, count)
        finally:
            self.records.append(usage)
        # endregion
