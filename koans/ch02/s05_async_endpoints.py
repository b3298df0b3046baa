"""2.5  Async endpoints.

FastAPI runs all `async def` endpoints in one thread, the thread of the event loop. Code
that blocks this thread blocks every client.
Notes: content/docs/fastapi/core-concepts/async-endpoints.md
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Self

import httpx
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.exception_handlers import http_exception_handler
from pydantic import BaseModel

from sensei import ___


class Stock(BaseModel):
    """How many pieces of a product are in stock."""

    sku: str
    pieces: int


def products_app(url: str) -> FastAPI:
    """2.5.1  Write an async FastAPI endpoint that fetches data from an external API.

    Add the endpoint `GET /products/{sku}` to the application below. It fetches the
    stock of a product from the supplier's API at `url`.

    - For every request, send `GET /stock` to the supplier, with the query parameter
      `sku`. Return the response as a `Stock`.
    - If the supplier sends a server error (500 to 599), no response, or none in time,
      return 502 Bad Gateway. The handler below does this for each exception of httpx.
    - Fifty requests can wait for the supplier at the same time.

    Given:
        The supplier sends 200 with a `Stock` as JSON, or a server error.
        A sku can contain a space, `&`, `#` or `%`, but no `/`.

    Example:
        GET /products/lamp  ->  200  {"sku": "lamp", "pieces": 3}
    """
    supplier = httpx.AsyncClient(base_url=url)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with supplier:  # one client for all requests, closed at shutdown
            yield

    app = FastAPI(lifespan=lifespan)

    @app.exception_handler(httpx.HTTPError)
    async def return_bad_gateway(request: Request, _: Exception) -> Response:
        return await http_exception_handler(request, HTTPException(502))

    raise NotImplementedError
    return app


async def rating_of(sku: str) -> float:
    """Return a rating from the review service.

    The connection to the service belongs to the event loop of the server.
    """
    await asyncio.sleep(0.05)
    return 4.5


def price_of(sku: str) -> float:
    """Return a price from the database. The driver blocks the calling thread."""
    time.sleep(0.05)
    return 2.5


def offers_app() -> FastAPI:
    """2.5.2  When should you use `async def` instead of `def` in FastAPI endpoints?

    The endpoints below are declared in the wrong way. `/rating` runs `rating_of` in
    another event loop, where its connection does not work. `/price` and `/offer` block
    the event loop: during `price_of`, the server runs no other request. Repair them.

    - `/rating` and `/offer` run `rating_of` in the event loop of the server.
    - `/price` and `/offer` run `price_of` in another thread, and the event loop can run
      other requests meanwhile.
    - All three return the same JSON as today.

    Given:
        Ratings and prices can change between two requests.
    """
    app = FastAPI()

    @app.get("/rating/{sku}")
    def read_rating(sku: str) -> dict[str, float]:
        return {"rating": asyncio.run(rating_of(sku))}

    @app.get("/price/{sku}")
    async def read_price(sku: str) -> dict[str, float]:
        return {"price": price_of(sku)}

    @app.get("/offer/{sku}")
    async def read_offer(sku: str) -> dict[str, float]:
        return {"rating": await rating_of(sku), "price": price_of(sku)}

    return app


class Desk:
    """A service desk, at which each customer waits for the same time."""

    def __init__(self) -> None:
        self.log: list[str] = []

    def wait(self, customer: str) -> None:
        """Wait, and block the calling thread."""
        time.sleep(0.2)

    async def wait_async(self, customer: str) -> None:
        """Wait, and let the event loop run other requests meanwhile."""
        await asyncio.sleep(0.2)


def desk_app(desk: Desk) -> FastAPI:
    """Return the application that 2.5.3 asks about."""
    app = FastAPI()

    @app.post("/awaits/{customer}")
    async def awaits(customer: str) -> None:
        desk.log.append(customer)
        await desk.wait_async(customer)
        desk.log.append(customer)

    @app.post("/blocks/{customer}")
    async def blocks(customer: str) -> None:
        desk.log.append(customer)
        desk.wait(customer)
        desk.log.append(customer)

    async def wait_inside(customer: str) -> None:
        desk.wait(customer)

    @app.post("/awaits-what-blocks/{customer}")
    async def awaits_what_blocks(customer: str) -> None:
        desk.log.append(customer)
        await wait_inside(customer)
        desk.log.append(customer)

    @app.post("/def/{customer}")
    def plain(customer: str) -> None:
        desk.log.append(customer)
        desk.wait(customer)
        desk.log.append(customer)

    return app


def logs() -> dict[str, str]:
    """2.5.3  How does FastAPI handle concurrent requests with async endpoints?

    A server runs `desk_app` above. Customer A sends a request. As soon as "A" is in the
    log, customer B sends a request to the same path. Predict the log of each path.

    - Write the four entries of the log as one string, such as "BBAA".
    """
    return {
        "/awaits": ___,
        "/blocks": ___,
        "/awaits-what-blocks": ___,
        "/def": ___,
    }


def place() -> str:
    """Return where the calling code runs."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return "worker thread"
    return "event loop"


def places_app(
    wait: Callable[[], None], wait_async: Callable[[], Awaitable[None]]
) -> FastAPI:
    """Return the application that 2.5.4 asks about."""
    app = FastAPI()

    @app.get("/def")
    def plain() -> str:
        return place()

    @app.get("/async-def")
    async def asynchronous() -> str:
        return place()

    @app.get("/calls-def")
    async def calls_plain() -> str:
        return plain()

    @app.get("/depends-on-def")
    async def depends_on_plain(seen: Annotated[str, Depends(plain)]) -> str:
        return seen

    @app.get("/waits/def")
    def waits() -> None:
        wait()

    @app.get("/waits/async-def")
    async def waits_async() -> None:
        await wait_async()

    return app


def differences() -> dict[str, str | int]:
    """2.5.4  What is the difference between synchronous and asynchronous endpoints in
    FastAPI?

    Predict how a server with the default settings runs `places_app` above.

    - The first four paths: the response, "event loop" or "worker thread".
    - The two paths with "/waits": fifty clients send a request to the path at the same
      time. No call of `wait` or `wait_async` returns. How many of the fifty requests
      are in such a call? Write a number.
    """
    return {
        "/def": ___,
        "/async-def": ___,
        "/calls-def": ___,
        "/depends-on-def": ___,
        "/waits/def": ___,
        "/waits/async-def": ___,
    }


class Warehouse:
    """A connection to the warehouse, whose calls block the thread."""

    def __enter__(self) -> Self:
        """Open the connection."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""

    def pieces(self, sku: str) -> int:
        """Return how many pieces of a product there are."""
        time.sleep(0.05)
        return {"lamp": 3}.get(sku, 0)


class AsyncWarehouse:
    """A connection to the warehouse, whose calls are awaited."""

    async def __aenter__(self) -> Self:
        """Open the connection."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connection."""

    async def pieces(self, sku: str) -> int:
        """Return how many pieces of a product there are."""
        await asyncio.sleep(0.05)
        return {"lamp": 3}.get(sku, 0)


def warehouse_app() -> FastAPI:
    """2.5.5  Provide an example of a synchronous and an asynchronous FastAPI endpoint.

    Add two endpoints to the application below. Both return the stock of a product as a
    `Stock`.

    - `GET /sync/{sku}` is a `def` that uses a `Warehouse`. `GET /async/{sku}` is an
      `async def` that uses an `AsyncWarehouse`.
    - Each request creates and opens a connection of its own. The connection is closed
      after the call of `pieces`, also if the call is cancelled or raises an exception.
      If it raises an exception, the client receives 500.
    - Each endpoint can serve several requests at the same time.

    Example:
        GET /sync/lamp  ->  200  {"sku": "lamp", "pieces": 3}
    """
    app = FastAPI()
    raise NotImplementedError
    return app
