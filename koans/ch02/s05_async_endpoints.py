"""2.5  Async endpoints.

One event loop serves every client: what keeps it from its work keeps it from all.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Annotated, Self

import httpx
from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel

from sensei import ___


class Stock(BaseModel):
    """How many pieces of a product are there."""

    sku: str
    pieces: int


def supplied_app(url: str, patience: float) -> FastAPI:
    """2.5.1  Write an async FastAPI endpoint that fetches data from an external API.

    The supplier's API at `url` tells of a product under `GET /stock?sku=…`. Serve
    what it says as a `Stock` under `GET /products/{sku}`. Where the supplier answers
    404, so do you. Where it is silent for `patience` seconds, answer 504; where it
    cannot be reached, answers another error, or says what is no `Stock`, 502.
    Fifty clients may be waiting for the supplier at once.
    """
    supplier = httpx.AsyncClient(base_url=url, timeout=patience)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with supplier:  # one client for all requests, closed at shutdown
            yield

    app = FastAPI(lifespan=lifespan)
    raise NotImplementedError
    return app


async def rating_of(sku: str) -> float:
    """Ask the review service, with a client that belongs to the server's event loop."""
    await asyncio.sleep(0.05)
    return 4.5


def price_of(sku: str) -> float:
    """Ask the price database, whose driver blocks the thread that calls it."""
    time.sleep(0.05)
    return 2.5


def label_of(sku: str) -> str:
    """Compute the check digits of a label: nothing to wait for, much to do."""
    check = 0
    for step in range(300_000):
        check = (check * 31 + ord(sku[step % len(sku)])) % 97
    return f"{sku}-{check:02}"


def busy_app() -> FastAPI:
    """2.5.2  When should you use `async def` instead of `def` in FastAPI endpoints?

    Return an app that serves what the three functions above return: `GET
    /rating/{sku}`, `/price/{sku}` and `/label/{sku}` as a dict with the one key
    `rating`, `price` or `label`, `/offer/{sku}` as a dict with `rating` and `price`.
    `GET /health` answers `{"status": "ok"}`. Whatever one client waits for, the event
    loop goes on; and `/rating` and `/health` need no worker thread: they are answered
    even while none is free.
    """
    raise NotImplementedError


class Desk:
    """Where customers pay, then wait for their parcel; either takes a while."""

    def __init__(self) -> None:
        self.log: list[str] = []

    def wait(self, customer: str) -> None:
        """Block the calling thread for a while."""
        time.sleep(0.2)

    async def wait_async(self, customer: str) -> None:
        """Wait as long, and let the event loop go on meanwhile."""
        await asyncio.sleep(0.2)


def desk_app(desk: Desk) -> FastAPI:
    """Return the shop that 2.5.3 asks about: one desk, four ways to serve at it."""
    app = FastAPI()

    @app.post("/awaits/{customer}")
    async def awaits(customer: str) -> None:
        desk.log.append(customer)
        await desk.wait_async(customer)
        desk.log.append(customer)
        await desk.wait_async(customer)
        desk.log.append(customer)

    @app.post("/blocks/{customer}")
    async def blocks(customer: str) -> None:
        desk.log.append(customer)
        desk.wait(customer)
        desk.log.append(customer)
        desk.wait(customer)
        desk.log.append(customer)

    @app.post("/awaits-then-blocks/{customer}")
    async def awaits_then_blocks(customer: str) -> None:
        desk.log.append(customer)
        await desk.wait_async(customer)
        desk.log.append(customer)
        desk.wait(customer)
        desk.log.append(customer)

    @app.post("/def/{customer}")
    def plain(customer: str) -> None:
        desk.log.append(customer)
        desk.wait(customer)
        desk.log.append(customer)
        desk.wait(customer)
        desk.log.append(customer)

    return app


def logs() -> dict[str, str]:
    """2.5.3  How does FastAPI handle concurrent requests with async endpoints?

    A server runs `desk_app` above. Customer A comes, and customer B to the same path
    as soon as A stands in the log; every wait takes the same while. Return the log
    of each path, its six letters joined: "BBBAAA", say.
    """
    return {
        "/awaits": ___,
        "/blocks": ___,
        "/awaits-then-blocks": ___,
        "/def": ___,
    }


member: ContextVar[str] = ContextVar("member", default="nobody")


def place() -> str:
    """Return where the caller runs."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return "worker thread"
    return "event loop"


def club_app(
    stay: Callable[[], None], stay_async: Callable[[], Awaitable[None]]
) -> FastAPI:
    """Return the members' club that 2.5.4 asks about."""
    app = FastAPI()

    def enter() -> str:
        member.set("Mara")
        return place()

    async def enter_async() -> str:
        member.set("Mara")
        return place()

    @app.get("/place/def")
    def place_of_def() -> str:
        return place()

    @app.get("/place/async-def")
    async def place_of_async_def() -> str:
        return place()

    @app.get("/place/def-called-by-async-def")
    async def place_of_called() -> str:
        return place_of_def()

    @app.get("/place/def-dependency-of-async-def")
    async def place_of_dependency(entered: Annotated[str, Depends(enter)]) -> str:
        return entered

    @app.get("/member/set-by-def", dependencies=[Depends(enter)])
    async def member_set_by_def() -> str:
        return member.get()

    @app.get("/member/set-by-async-def", dependencies=[Depends(enter_async)])
    def member_set_by_async_def() -> str:
        return member.get()

    @app.get("/stay/def")
    def stay_in_def() -> None:
        stay()

    @app.get("/stay/async-def")
    async def stay_in_async_def() -> None:
        await stay_async()

    return app


def differences() -> dict[str, str | int]:
    """2.5.4  What is the difference between synchronous and asynchronous endpoints in
    FastAPI?

    Return what `club_app` above answers under each of the first six paths. Under the
    last two nobody leaves before all who can be inside are there: of fifty clients
    that come at once, how many are inside together?
    """
    return {
        "/place/def": ___,
        "/place/async-def": ___,
        "/place/def-called-by-async-def": ___,
        "/place/def-dependency-of-async-def": ___,
        "/member/set-by-def": ___,
        "/member/set-by-async-def": ___,
        "/stay/def": ___,
        "/stay/async-def": ___,
    }


class Warehouse:
    """A connection to the warehouse, whose calls block the thread; `with` closes it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""

    def pieces(self, sku: str) -> int:
        """Return how many there are; LookupError if there is no such product."""
        time.sleep(0.05)
        return {"lamp": 3, "pen": 0}[sku]


class AsyncWarehouse:
    """The same, over an asynchronous driver; `async with` closes it."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connection."""

    async def pieces(self, sku: str) -> int:
        """Return how many there are; LookupError if there is no such product."""
        await asyncio.sleep(0.05)
        return {"lamp": 3, "pen": 0}[sku]


def twin_app() -> FastAPI:
    """2.5.5  Provide an example of a synchronous and an asynchronous FastAPI endpoint.

    Return an app with two endpoints: `GET /sync/{sku}`, a `def` that asks a
    `Warehouse`, and `GET /async/{sku}`, an `async def` that asks an
    `AsyncWarehouse`. Both answer with a `Stock`, and 404 where there is no such
    product. Both open a connection for each request and close it whatever happens.
    Under both, several clients are served at once.
    """
    raise NotImplementedError
