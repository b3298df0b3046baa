"""2.5  Async endpoints.

One event loop serves every client: what keeps it from its work keeps it from all.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Annotated, Self

# region answer
import httpx
from fastapi import Depends, FastAPI, HTTPException
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ValidationError

# stub: import httpx
# stub: from fastapi import Depends, FastAPI, HTTPException
# stub: from pydantic import BaseModel
# stub:
# endregion
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
    # region answer

    @app.get("/products/{sku}")
    async def product(sku: str) -> Stock:
        try:
            answer = await supplier.get("/stock", params={"sku": sku})
            if answer.status_code == 404:
                raise HTTPException(404, f"The supplier does not know {sku}.")
            answer.raise_for_status()
            return Stock.model_validate_json(answer.content)
        except httpx.TimeoutException as error:
            raise HTTPException(504, "The supplier did not answer in time.") from error
        except (httpx.HTTPError, ValidationError) as error:
            raise HTTPException(502, "The supplier is in trouble.") from error

    # endregion
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
    # region answer
    # In words: `async def` where all the waiting is awaited, or where there is next
    # to nothing to do: it runs in the event loop and needs no thread. `def` where a
    # library blocks or the CPU is busy: FastAPI runs it in a worker thread. Where an
    # endpoint has both, it is `async def` and hands the blocking part to a thread.
    app = FastAPI()

    @app.get("/rating/{sku}")
    async def rating(sku: str) -> dict[str, float]:
        return {"rating": await rating_of(sku)}

    @app.get("/price/{sku}")
    def price(sku: str) -> dict[str, float]:
        return {"price": price_of(sku)}

    @app.get("/label/{sku}")
    def label(sku: str) -> dict[str, str]:
        return {"label": label_of(sku)}

    @app.get("/offer/{sku}")
    async def offer(sku: str) -> dict[str, float]:
        price = await run_in_threadpool(price_of, sku)
        return {"rating": await rating_of(sku), "price": price}

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    return app
    # endregion


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
    # region answer
    # In words: all async endpoints run in one thread, that of the event loop, and
    # take turns there: a request gives way where it awaits something that is not
    # ready yet, and nowhere else. While it blocks, nobody is served, and not even a
    # new client is heard. Plain `def` endpoints run in threads, side by side.
    return {
        "/awaits": "ABABAB",
        "/blocks": "AAABBB",
        "/awaits-then-blocks": "ABAABB",
        "/def": "ABABAB",
    }
    # stub: return {
    # stub:     "/awaits": ___,
    # stub:     "/blocks": ___,
    # stub:     "/awaits-then-blocks": ___,
    # stub:     "/def": ___,
    # stub: }
    # endregion


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
    # region answer
    # In words: FastAPI awaits an `async def` endpoint in the event loop and runs a
    # `def` one in a worker thread, of which there are 40: the next client waits for
    # one of them. Dependencies are treated the same way, each by its own kind, while
    # a function that you call yourself runs where you are. A thread works on a copy
    # of the request's context: it reads what was set before, and what it sets is lost.
    return {
        "/place/def": "worker thread",
        "/place/async-def": "event loop",
        "/place/def-called-by-async-def": "event loop",
        "/place/def-dependency-of-async-def": "worker thread",
        "/member/set-by-def": "nobody",
        "/member/set-by-async-def": "Mara",
        "/stay/def": 40,
        "/stay/async-def": 50,
    }
    # stub: return {
    # stub:     "/place/def": ___,
    # stub:     "/place/async-def": ___,
    # stub:     "/place/def-called-by-async-def": ___,
    # stub:     "/place/def-dependency-of-async-def": ___,
    # stub:     "/member/set-by-def": ___,
    # stub:     "/member/set-by-async-def": ___,
    # stub:     "/stay/def": ___,
    # stub:     "/stay/async-def": ___,
    # stub: }
    # endregion


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
    # region answer
    # In words: the two differ in where they wait. The synchronous endpoint blocks,
    # so FastAPI gives it a thread; the asynchronous one awaits every call and shares
    # the event loop with the others. All else is the same, the `with` included, and
    # a client cannot tell them apart.
    app = FastAPI()

    @app.get("/sync/{sku}")
    def stock(sku: str) -> Stock:
        try:
            with Warehouse() as warehouse:
                return Stock(sku=sku, pieces=warehouse.pieces(sku))
        except LookupError as error:
            raise HTTPException(404, f"There is no product {sku}.") from error

    @app.get("/async/{sku}")
    async def stock_async(sku: str) -> Stock:
        try:
            async with AsyncWarehouse() as warehouse:
                return Stock(sku=sku, pieces=await warehouse.pieces(sku))
        except LookupError as error:
            raise HTTPException(404, f"There is no product {sku}.") from error

    return app
    # endregion
