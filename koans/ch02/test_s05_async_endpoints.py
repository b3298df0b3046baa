"""The tests of section 2.5."""

import asyncio
import inspect
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import anyio.to_thread
import httpx
import httpx2
import pytest
from fastapi import FastAPI, Request, Response
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from starlette.exceptions import HTTPException

from lab import (
    Rendezvous,
    Server,
    async_client,
    attempt,
    client,
    fastapi_app,
    in_words,
    json_or_text,
    outcome,
    serve,
    stand_in,
)

# Seconds that a wait lasts at most if nothing ends it.
PATIENCE = 30


async def get_at_once(server: Server, path: str, count: int) -> list[int]:
    """Return the status codes of `count` requests that are sent at the same time."""
    async with httpx2.AsyncClient(
        base_url=server.url, timeout=30, trust_env=False, verify=False
    ) as clients:
        responses = await asyncio.gather(*(clients.get(path) for _ in range(count)))
    return [response.status_code for response in responses]


def failure(server: Server, response: httpx2.Response) -> str:
    """Return what a message says about a response that was not expected."""
    path = response.request.url.raw_path.decode()
    if response.status_code == 500 and server.errors:
        return f"`GET {path}` returned 500: it raised {in_words(server.errors[0])}"
    body = in_words(json_or_text(response))
    return f"`GET {path}` returned {response.status_code} and {body}"


@pytest.fixture
def supplied(answers, monkeypatch, tmp_path):
    """Return a context manager that serves 2.5.1 and its supplier.

    It takes the supplier's endpoint.
    """
    # Clients use no proxy, and load no certificates, which takes long.
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))

    @contextmanager
    def supplied(stock: Callable[..., Any]) -> Iterator[Server]:
        supplier = FastAPI()
        supplier.get("/stock", response_model=None)(stock)
        others: list[str] = []

        @supplier.exception_handler(HTTPException)
        async def note(asked: Request, error: HTTPException) -> Response:
            others.append(f"{asked.method} {asked.url.path}")
            return Response(status_code=error.status_code)

        with serve(supplier) as upstream:
            app = fastapi_app(answers.products_app(upstream.url), "products_app(...)")
            with serve(app) as shop:
                try:
                    yield shop
                finally:
                    assert not others, (
                        f"The supplier received {in_words(others)}, which it does not "
                        "have. The docstring asks to send `GET /stock` with the query "
                        "parameter `sku`."
                    )

    return supplied


def test_q1_every_request_returns_the_stock_from_the_supplier(supplied):
    left = iter([3, 0])

    def stock(sku: str) -> dict[str, Any]:
        return {"sku": sku, "pieces": next(left), "purchase_price": "1.10"}

    seen = []
    with supplied(stock) as shop:
        for _ in range(2):
            response = shop.client.get("/products/lamp")
            assert response.status_code == 200, (
                f"{failure(shop, response)}. The docstring asks to send `GET /stock` "
                "to the supplier, with the query parameter `sku`, and to return the "
                "`Stock` that it sends."
            )
            seen.append(json_or_text(response))

    asked = [{"sku": "lamp", "pieces": 3}, {"sku": "lamp", "pieces": 0}]
    assert seen == asked, (
        "The supplier had 3 lamps, then 0, and two requests returned "
        f"{in_words(seen)}. The docstring asks to fetch the stock for every request, "
        "and to return it as a `Stock`."
    )


@pytest.mark.parametrize("sku", ["lamp", "nuts&bolts", "Pen #2", "50% "])
def test_q1_the_supplier_receives_the_sku(supplied, sku):
    received = []

    def stock(sku: str = "") -> dict[str, Any]:
        received.append(sku)
        return {"sku": sku, "pieces": 1}

    with supplied(stock) as shop:
        response = shop.client.get(f"/products/{quote(sku)}")

    assert received == [sku], (
        f"{failure(shop, response)}. The supplier received {in_words(received)} for "
        f"`sku`. The docstring asks to send the sku {sku!r}, unchanged, in one "
        "request. In a URL, `&`, `#` and `%` have to be encoded; the client does it "
        "for query parameters."
    )


@pytest.mark.parametrize("status", [500, 503, 599])
def test_q1_a_server_error_of_the_supplier_returns_502(supplied, status):
    left = iter([200, status])  # then 200, if the application tries again

    def stock(sku: str) -> Response:
        content = '{"sku": "lamp", "pieces": 0}'
        return Response(content, next(left, 200), media_type="application/json")

    with supplied(stock) as shop:
        first, second = (shop.client.get("/products/lamp") for _ in range(2))

    assert first.status_code == 200, (
        f"The supplier returned 200. {failure(shop, first)}. The docstring asks for "
        "the `Stock` that the supplier sends."
    )
    assert second.status_code == 502, (
        f"The supplier returned 200 for one request, and {status} for the next. Then "
        f"{failure(shop, second)}. The docstring asks for 502 if the supplier returns "
        "a server error, and to send one request to it for each request."
    )


def test_q1_a_supplier_that_cannot_be_reached_returns_502(answers, supplied):
    with socket.socket() as silent:  # has a port, and does not listen on it
        silent.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        app = fastapi_app(answers.products_app(url), "products_app(...)")
        with serve(app) as shop:
            response = shop.client.get("/products/lamp")

    assert response.status_code == 502, (
        f"Nothing listens at the supplier's URL. {failure(shop, response)}. The "
        "docstring asks for 502 if the supplier sends no response."
    )


def test_q1_a_supplier_that_is_too_slow_returns_502(answers, supplied, monkeypatch):
    async def wait_too_long(_: object, request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("no response in time", request=request)

    transport = httpx.AsyncHTTPTransport
    monkeypatch.setattr(transport, "handle_async_request", wait_too_long)
    with socket.socket() as silent:  # other clients cannot reach it, either
        silent.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        app = fastapi_app(answers.products_app(url), "products_app(...)")
        with serve(app) as shop:
            response = shop.client.get("/products/lamp")

    assert response.status_code == 502, (
        f"The supplier sent no response in time. {failure(shop, response)}. The "
        "docstring asks for 502 in this case, too."
    )


async def test_q1_a_supplier_that_closes_the_connection_returns_502(answers, supplied):
    async def close(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(close, "127.0.0.1", 0) as supplier:
        host, port = supplier.sockets[0].getsockname()
        app = fastapi_app(
            answers.products_app(f"http://{host}:{port}"), "products_app(...)"
        )
        with serve(app) as shop:
            response = await asyncio.to_thread(shop.client.get, "/products/lamp")

    assert response.status_code == 502, (
        "The supplier accepted the connection and closed it without a response. "
        f"{failure(shop, response)}. The docstring asks for 502 if the supplier sends "
        "no response."
    )


async def test_q1_fifty_requests_wait_at_the_same_time(supplied):
    together = Rendezvous(50)

    async def stock(sku: str) -> dict[str, Any]:
        await together.wait_async()
        return {"sku": sku, "pieces": 1}

    with supplied(stock) as shop:
        codes = await get_at_once(shop, "/products/lamp", 50)

    assert together.most == 50, (
        "Fifty clients sent a request at the same time. Only "
        f"{together.most} of these requests waited for the supplier at once. The "
        "docstring asks for fifty. Look at what the others wait for."
    )
    assert set(codes) == {200}, (
        f"Fifty requests at the same time returned the status codes {set(codes)}. The "
        "docstring asks for 200."
    )


class Threads:
    """Which threads the given functions of 2.5.2 run in.

    `is_free` is false if the event loop ran nothing else during `price_of`. Each call
    returns a value that is higher by 1 than that of the call before.
    """

    def __init__(self, answers: Any) -> None:
        self.rating: list[int] = []
        self.price: list[int] = []
        self.thread = 0
        self.loop: asyncio.AbstractEventLoop | None = None
        self.is_free = True
        stand_in(answers.rating_of, self.rating_of)
        stand_in(answers.price_of, self.price_of)

    async def watch(self) -> None:
        """Remember the event loop of the server, and its thread."""
        self.thread = threading.get_ident()
        self.loop = asyncio.get_running_loop()

    async def rating_of(self, sku: str) -> float:
        """Stand in for the review service."""
        self.rating.append(threading.get_ident())
        return {"lamp": 4.5, "Pen": 1.125}[sku] + len(self.rating) - 1

    def price_of(self, sku: str) -> float:
        """Stand in for the database, whose response comes after a turn of the loop."""
        self.price.append(threading.get_ident())
        if self.loop and self.price[-1] != self.thread and self.is_free:
            turn = threading.Event()
            self.loop.call_soon_threadsafe(turn.set)
            # Looks are counted, and not seconds: a busy machine makes each longer.
            self.is_free = any(turn.wait(0.05) for _ in range(40))
        return {"lamp": 2.5, "Pen": 9.375}[sku] + len(self.price) - 1


def check_offers(answers, path: str, asked: dict[str, float]) -> None:
    """Check what requests to `path` return, and where the given functions ran."""
    threads = Threads(answers)
    with client(fastapi_app(answers.offers_app(), "offers_app()")) as http:
        assert http.portal is not None, "A client in a `with` block has an event loop."
        http.portal.call(threads.watch)
        seen = outcome(lambda: json_or_text(http.get(path)))
        again = outcome(lambda: json_or_text(http.get(path))) if seen == asked else seen
    loop = threads.thread
    assert loop not in threads.price, (
        f"`GET {path}` ran `price_of` in the thread of the event loop. While it blocks "
        "this thread, the server runs no other request. The docstring asks for another "
        "thread. Look at the line that calls `price_of`."
    )
    assert threads.is_free, (
        f"`GET {path}` ran `price_of` in another thread, and the event loop ran "
        "nothing else meanwhile. The docstring asks that it can run other requests. "
        "Look at the line that waits for the other thread: it has to await."
    )
    assert not isinstance(seen, Exception), (
        f"`GET {path}` raised {in_words(seen)}. The docstring asks for the same JSON "
        "as today."
    )
    assert "rating" not in asked or threads.rating, (
        f"`GET {path}` did not run `rating_of`. The docstring asks to run it in the "
        "event loop of the server."
    )
    assert set(threads.rating) <= {loop}, (
        f"`GET {path}` ran `rating_of` in another event loop. The docstring asks to "
        "run it in the event loop of the server. Look at which kind of endpoint runs "
        "there."
    )
    assert seen == asked, (
        f"`GET {path}` returned {in_words(seen)}. The docstring asks for the same JSON "
        f"as today, which is {asked} for these values."
    )
    later = {name: value + 1 for name, value in asked.items()}
    assert again == later, (
        f"After the first `GET {path}`, ratings and prices rose by 1. The second "
        f"returned {in_words(again)}. The docstring asks for {later}, the values at "
        "the time of the request."
    )


PRODUCTS = pytest.mark.parametrize(
    ("sku", "rating", "price"), [("lamp", 4.5, 2.5), ("Pen", 1.125, 9.375)]
)


@PRODUCTS
def test_q2_a_rating_is_awaited_in_the_event_loop(answers, sku, rating, price):
    check_offers(answers, f"/rating/{sku}", {"rating": rating})


@PRODUCTS
def test_q2_a_price_does_not_block_the_event_loop(answers, sku, rating, price):
    check_offers(answers, f"/price/{sku}", {"price": price})


@PRODUCTS
def test_q2_an_offer_awaits_the_rating_and_does_not_block(answers, sku, rating, price):
    check_offers(answers, f"/offer/{sku}", {"rating": rating, "price": price})


class Log(list[str]):
    """A log of A and B, two entries each, that can be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.entries = {(who, n): threading.Event() for who in "AB" for n in (1, 2)}

    def append(self, customer: str) -> None:
        """Add an entry."""
        super().append(customer)
        self.entries[customer, self.count(customer)].set()

    def end_of_wait(self, customer: str) -> threading.Event:
        """Return what ends the wait of a customer.

        A waits until B has come, and B until A has gone.
        """
        return self.entries[("B", 1) if customer == "A" else ("A", 2)]


def desk_for_two(answers) -> Any:
    """Return a desk at which two waits take the same time on any machine.

    In the thread of the event loop nobody can come during a wait: it ends by itself.
    """

    class Desk(answers.Desk):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            self.log = Log()

        def wait(self, customer: str) -> None:
            in_loop = answers.place() == "event loop"
            self.log.end_of_wait(customer).wait(0.05 if in_loop else PATIENCE)

        async def wait_async(self, customer: str) -> None:
            await asyncio.to_thread(self.log.end_of_wait(customer).wait, PATIENCE)

    return Desk()


def real_log(answers, path: str) -> str:
    """Return the log of A and B, who send requests to `path` of a server."""
    desk = desk_for_two(answers)
    with serve(answers.desk_app(desk)) as server, ThreadPoolExecutor(2) as customers:
        first = customers.submit(server.client.post, f"{path}/A")
        desk.log.entries["A", 1].wait(PATIENCE)
        second = customers.submit(server.client.post, f"{path}/B")
        for request in (first, second):
            assert request.result().status_code == 200, "`desk_app` failed."
    return "".join(desk.log)


def prediction(predictions: object, path: str, call: str) -> object:
    """Return what is predicted for `path`."""
    assert isinstance(predictions, dict), (
        f"`{call}` returned {in_words(predictions)}. The docstring asks for a dict."
    )
    return predictions.get(path)


WAITS = {
    "/awaits": "Look at the `await`: A gives the event loop back until the wait ends.",
    "/blocks": "Look at `desk.wait`: A blocks the thread of the event loop, and the "
    "server runs each request in this loop.",
    "/awaits-what-blocks": "Look at `wait_inside`: it calls `desk.wait` in the thread "
    "of the event loop, and awaits nothing.",
    "/def": "FastAPI runs a `def` endpoint in a worker thread. Look at which thread "
    "the wait of A blocks.",
}


@pytest.mark.parametrize("path", WAITS)
def test_q3_the_log_is_predicted(answers, path):
    predicted = prediction(answers.logs(), path, "logs()")

    is_right = predicted == real_log(answers, path)
    is_log = isinstance(predicted, str) and sorted(predicted) == ["A", "A", "B", "B"]
    assert is_log, (
        f"For `{path}` the dict contains {in_words(predicted)}. The docstring asks for "
        'the four entries of the log as one string, such as "BBAA".'
    )
    assert is_right, (
        f"You predict {in_words(predicted)} for `POST {path}`. The log of the server "
        f"reads differently. {WAITS[path]}"
    )


PLACES = {
    "/def": "The endpoint is a `def`, and FastAPI calls it.",
    "/async-def": "The endpoint is an `async def`, and FastAPI awaits it.",
    "/calls-def": "Look at `calls_plain`: it calls `plain` itself, as one function "
    "calls another. FastAPI does not see this call.",
    "/depends-on-def": "FastAPI calls the dependency `plain`. Look at how `plain` is "
    "declared.",
}


@pytest.mark.parametrize("path", PLACES)
def test_q4_the_place_is_predicted(answers, path):
    predicted = prediction(answers.differences(), path, "differences()")
    with serve(answers.places_app(lambda: None, asyncio.Event().wait)) as server:
        seen = json_or_text(server.client.get(path))

    is_right = predicted == seen
    assert predicted in ("event loop", "worker thread"), (
        f"For `{path}` the dict contains {in_words(predicted)}. The docstring asks for "
        'the response, "event loop" or "worker thread".'
    )
    assert is_right, (
        f"You predict {in_words(predicted)} for `GET {path}`. The server returned "
        f"another response. {PLACES[path]}"
    )


async def waiting_requests(answers, path: str) -> int:
    """Return how many of fifty requests wait inside when no other can come in."""
    room = Rendezvous()
    threads = anyio.to_thread.current_default_thread_limiter()
    app = answers.places_app(room.wait, room.wait_async)
    async with async_client(app) as clients:
        requests = [asyncio.ensure_future(clients.get(path)) for _ in range(50)]
        while room.inside + threads.statistics().tasks_waiting < 50:  # noqa: ASYNC110
            await asyncio.sleep(0)
        inside = room.inside
        room.open()
        await asyncio.gather(*requests)
    return inside


LIMITS = {
    "/waits/def": "Each request needs a worker thread. Look at how many there are.",
    "/waits/async-def": "Each request awaits in the event loop, and needs no thread.",
}


@pytest.mark.parametrize("path", LIMITS)
async def test_q4_the_number_of_requests_is_predicted(answers, path):
    predicted = prediction(answers.differences(), path, "differences()")

    is_right = predicted == await waiting_requests(answers, path)
    assert type(predicted) is int, (
        f"For `{path}` the dict contains {in_words(predicted)}. The docstring asks for "
        "a number, which is an `int`."
    )
    assert is_right, (
        f"You predict {in_words(predicted)} for `GET {path}`. Of fifty requests, "
        f"another number was inside at the same time. {LIMITS[path]}"
    )


class Books:
    """What happens to the warehouses of 2.5.5: `log` has it in order.

    `gate` holds the calls of `pieces`. `opened` has the connections that were opened.
    """

    def __init__(self, answers: Any, parties: int = 1) -> None:
        self.log: list[str] = []
        self.opened: list[object] = []
        self.gate = Rendezvous(parties)
        for name in ("Warehouse", "AsyncWarehouse"):
            self.watch(getattr(answers, name), name)

    def watch(self, warehouse: Any, name: str) -> None:
        """Let the methods of a class be written down."""

        def enter(self_: object) -> object:
            self.log.append(f"open {name}")
            self.opened.append(self_)
            return self_

        def leave(*_: object) -> None:
            self.log.append(f"close {name}")

        def pieces(_: object, sku: str) -> int:
            self.log.append(f"pieces of {sku}")
            self.gate.wait()
            return self.count(sku)

        async def enter_async(self_: object) -> object:
            return enter(self_)

        async def leave_async(*_: object) -> None:
            leave()

        async def pieces_async(_: object, sku: str) -> int:
            self.log.append(f"pieces of {sku}")
            await self.gate.wait_async()
            return self.count(sku)

        if name == "Warehouse":
            stand_in(warehouse.__enter__, enter)
            stand_in(warehouse.__exit__, leave)
            stand_in(warehouse.pieces, pieces)
        else:
            stand_in(warehouse.__aenter__, enter_async)
            stand_in(warehouse.__aexit__, leave_async)
            stand_in(warehouse.pieces, pieces_async)

    def count(self, sku: str) -> int:
        """Return how many there are; "fire" raises an exception."""
        if sku == "fire":
            raise ConnectionError("the warehouse is on fire")
        return {"lamp": 7, "Pen": 0}[sku]


def warehouse_app(answers) -> FastAPI:
    """Return the application of 2.5.5."""
    return fastapi_app(answers.warehouse_app(), "warehouse_app()")


def get(http: TestClient, path: str) -> Any:
    """Return what a request reads."""
    return json_or_text(attempt(f"`GET {path}`", http.get, path))


BOTH = pytest.mark.parametrize("kind", ["sync", "async"])


@BOTH
@pytest.mark.parametrize(("sku", "pieces"), [("lamp", 7), ("Pen", 0)])
def test_q5_the_endpoint_returns_the_stock(answers, kind, sku, pieces):
    Books(answers)
    with client(warehouse_app(answers)) as http:
        seen = get(http, f"/{kind}/{sku}")

    assert seen == {"sku": sku, "pieces": pieces}, (
        f"The warehouse has {pieces} pieces of {sku!r}, and `GET /{kind}/{sku}` "
        f"returned {in_words(seen)}. The docstring asks for the stock of this product "
        "as a `Stock`."
    )


@BOTH
def test_q5_the_endpoint_is_declared_as_its_name_says(answers, kind):
    declared = [
        inspect.iscoroutinefunction(route.endpoint)
        for route in iter_route_contexts(warehouse_app(answers).routes)
        if (route.path or "").startswith(f"/{kind}/")
    ]

    words = {"sync": "a `def`", "async": "an `async def`"}
    other = {"sync": "async", "async": "sync"}[kind]
    assert len(declared) == 1, (
        f"The application has {len(declared)} endpoints below `/{kind}/`. The "
        f"docstring asks for one, `GET /{kind}/{{sku}}`, which is {words[kind]}."
    )
    assert declared == [kind == "async"], (
        f"The endpoint `GET /{kind}/{{sku}}` is {words[other]}. The docstring asks for "
        f"{words[kind]}. FastAPI runs the two in different places."
    )


@BOTH
def test_q5_the_endpoint_uses_its_own_warehouse(answers, kind):
    books = Books(answers)
    with client(warehouse_app(answers)) as http:
        seen = get(http, f"/{kind}/lamp")

    own = {"sync": "Warehouse", "async": "AsyncWarehouse"}[kind]
    asked = [f"open {own}", "pieces of lamp", f"close {own}"]
    assert books.log == asked, (
        f"`GET /{kind}/lamp` returned {in_words(seen)}, and did this: "
        f"{in_words(books.log)}. The docstring asks for one connection: {asked}."
    )


@BOTH
def test_q5_each_request_closes_its_connection(answers, kind):
    books = Books(answers)
    left = []
    with client(warehouse_app(answers), raises=False) as http:
        for sku in ("lamp", "fire", "lamp"):
            http.get(f"/{kind}/{sku}")
            words = [entry.split()[0] for entry in books.log]
            left.append((words.count("open"), words.count("close")))

    assert left == [(1, 1), (2, 2), (3, 3)], (
        f"After each of three requests to `/{kind}`, so many connections were opened "
        f"and closed: {left}. During the second, `pieces` raised an exception. The "
        "docstring asks to open and close one for each request."
    )


async def test_q5_a_cancelled_request_closes_its_connection(answers):
    books = Books(answers, parties=2)  # one request alone waits in `pieces`
    async with async_client(warehouse_app(answers)) as http:
        request = asyncio.ensure_future(http.get("/async/lamp"))
        while not (books.gate.inside or request.done()):  # noqa: ASYNC110
            await asyncio.sleep(0)
        request.cancel()
        await asyncio.gather(request, return_exceptions=True)
        books.gate.open()

    words = [entry.split()[0] for entry in books.log]
    assert (words.count("open"), words.count("close")) == (1, 1), (
        "A request to `/async/lamp` was cancelled during the call of `pieces`. The "
        f"log of the connections is {in_words(books.log)}. The docstring asks to close "
        "the connection also in this case. `pieces` raises a CancelledError, which is "
        "not a subclass of Exception."
    )


@BOTH
def test_q5_an_exception_of_pieces_returns_500(answers, kind):
    Books(answers)
    with client(warehouse_app(answers), raises=False) as http:
        response = http.get(f"/{kind}/fire")

    assert response.status_code == 500, (
        f"`pieces` raised a ConnectionError, and `GET /{kind}/fire` returned "
        f"{response.status_code} and {in_words(json_or_text(response))}. The docstring "
        "asks for 500. FastAPI returns it if your code does not handle the exception."
    )


@BOTH
def test_q5_each_request_creates_a_connection_of_its_own(answers, kind):
    books = Books(answers)
    with client(warehouse_app(answers)) as http:
        for _ in range(2):
            get(http, f"/{kind}/lamp")

    different = len({id(connection) for connection in books.opened})
    assert different == len(books.opened) == 2, (
        f"Two requests to `/{kind}` opened a connection {len(books.opened)} times, and "
        f"used {different} connection objects. The docstring asks each request to "
        "create a connection of its own."
    )


@BOTH
async def test_q5_several_requests_run_at_the_same_time(answers, kind):
    books = Books(answers, parties=5)
    with serve(warehouse_app(answers)) as server:
        codes = await get_at_once(server, f"/{kind}/lamp", 5)

    assert set(codes) == {200}, (
        f"Five requests to `/{kind}` at the same time returned the status codes "
        f"{set(codes)}. The docstring asks for a `Stock`."
    )
    assert books.gate.most == 5, (
        f"Five clients sent a request to `/{kind}`, and at most {books.gate.most} of "
        "them were in `pieces` at the same time. The docstring asks for several. Look "
        "at what the others wait for."
    )
