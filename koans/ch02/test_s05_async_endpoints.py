"""The tests of section 2.5."""

import asyncio
import inspect
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import wraps
from types import SimpleNamespace
from urllib.parse import quote

import anyio.to_thread
import httpx2
import pytest
from fastapi import FastAPI, Response
from fastapi.routing import iter_route_contexts

from lab import LoopLag, Rendezvous, async_client, client, loop_lag, serve


def body(answer: httpx2.Response) -> object:
    """Return what a client reads: JSON, or the text where it is none."""
    try:
        return answer.json()
    except ValueError:
        return answer.text


async def at_once(url: str, path: str, count: int) -> list[int]:
    """Return the statuses that `count` clients of a server read, who ask at once."""
    async with httpx2.AsyncClient(base_url=url, timeout=30, trust_env=False) as clients:
        answers = await asyncio.gather(*(clients.get(path) for _ in range(count)))
    return [answer.status_code for answer in answers]


def built(app: object) -> FastAPI:
    """Return the app that the learner built."""
    assert isinstance(app, FastAPI), f"What is returned is no app: {app!r}."
    return app


def of(told: object, key: str) -> object:
    """Return what is predicted for `key`."""
    assert isinstance(told, dict), f"What is returned is no dict: {told!r}."
    assert key in told, f"There is no prediction for {key}."
    return told[key]


@pytest.fixture
def on_this_machine(monkeypatch, tmp_path):
    """Let clients of httpx use no proxy, and load no certificates, which takes long."""
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))


@pytest.fixture
def supplied(answers, on_this_machine):
    """Return what serves the shop, and the supplier's API on a server of its own.

    The function that is given to it is the supplier's endpoint.
    """

    @contextmanager
    def supplied(stock: Callable, patience: float = 30):
        supplier = FastAPI()
        supplier.get("/stock", response_model=None)(stock)
        with (
            serve(supplier) as upstream,
            serve(built(answers.supplied_app(upstream.url, patience))) as shop,
        ):
            yield shop

    return supplied


def test_q1_the_client_reads_what_the_supplier_has(supplied):
    left = iter([3, 0])

    def stock(sku: str):
        return {"sku": sku, "pieces": next(left), "purchase_price": "1.10"}

    with supplied(stock) as shop:
        first, second = (shop.client.get("/products/lamp") for _ in range(2))

    statuses = [first.status_code, second.status_code]
    assert statuses == [200, 200], f"GET /products/lamp was answered {statuses}."
    read = [body(first), body(second)]
    same = read == [{"sku": "lamp", "pieces": 3}, {"sku": "lamp", "pieces": 0}]
    assert same, (
        "The supplier had 3 lamps, then none, and has a purchase price that is no part "
        f"of a Stock. The client read {read}."
    )


def test_q1_the_supplier_is_asked_for_the_very_product(supplied):
    asked = []

    def stock(sku: str):
        asked.append(sku)
        return {"sku": sku, "pieces": 1}

    skus = ["lamp", "nuts&bolts", "pen #2"]
    with supplied(stock) as shop:
        for sku in skus:
            shop.client.get(f"/products/{quote(sku)}")

    same = asked == skus
    assert same, (
        f"Clients asked for {skus}, the supplier was asked for {asked}. "
        "What is part of a sku can also be a part of an address."
    )


@pytest.mark.parametrize(
    ("said", "text", "status"),
    [
        pytest.param(404, '{"detail": "Not Found"}', 404, id="no such product"),
        pytest.param(503, '{"sku": "lamp", "pieces": 0}', 502, id="overloaded"),
        pytest.param(500, "Internal Server Error", 502, id="crashed"),
        pytest.param(200, "<h1>Back soon</h1>", 502, id="not JSON"),
        pytest.param(200, '{"sku": "lamp"}', 502, id="no pieces"),
        pytest.param(200, "[]", 502, id="no object"),
    ],
)
def test_q1_the_suppliers_trouble_is_told(supplied, said, text, status):
    def stock(sku: str):
        return Response(text, said, media_type="application/json")

    with supplied(stock) as shop:
        read = shop.client.get("/products/lamp").status_code

    assert read == status, (
        f"The supplier answered {said} with {text!r}. Your client read {read}: "
        "what does that tell it about whose fault it was?"
    )


def test_q1_a_supplier_that_is_down_is_a_bad_gateway(answers, on_this_machine):
    with socket.socket() as nobody:  # holds a port, and listens to none
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        with serve(built(answers.supplied_app(url, patience=30))) as shop:
            read = shop.client.get("/products/lamp").status_code

    assert read == 502, (
        f"Nobody listens at the supplier's address, and your client read {read}. "
        "Then there is no answer whose status could be looked at."
    )


def test_q1_a_silent_supplier_is_a_gateway_timeout(supplied):
    released = threading.Event()

    def stock(sku: str):
        released.wait(9)
        return {"sku": sku, "pieces": 1}

    read = None
    with supplied(stock, patience=0.05) as shop:
        try:
            read = shop.client.get("/products/lamp", timeout=3).status_code
        except httpx2.TimeoutException:
            pass
        finally:
            released.set()

    assert read is not None, (
        "The supplier was silent. When your patience of 0.05 s had passed sixty times, "
        "the client was still without an answer."
    )
    assert read == 504, f"The supplier was silent, and your client read {read}."


async def test_q1_fifty_clients_wait_side_by_side(supplied):
    together = Rendezvous(50)

    async def stock(sku: str):
        await together.wait_async()
        return {"sku": sku, "pieces": 1}

    with supplied(stock) as shop:
        read = await at_once(shop.url, "/products/lamp", 50)

    assert together.most == 50, (
        "Fifty clients came at once. With the supplier, which waited for all of them, "
        f"were {together.most} at most. What holds up the others in your shop?"
    )
    assert set(read) == {200}, f"Fifty clients who came at once read {set(read)}."


WORK = {"/price/lamp": "price_of", "/label/lamp": "label_of", "/offer/lamp": "price_of"}


@pytest.mark.parametrize("sku", ["lamp", "pen"])
def test_q2_the_client_reads_what_the_functions_return(answers, sku):
    rating, price = {"lamp": (4.5, 2.5), "pen": (1.0, 9.0)}[sku]

    async def rating_of(sku: str) -> float:
        return rating

    answers.rating_of = rating_of
    answers.price_of = lambda sku: price
    label = answers.label_of(sku)
    paths = [f"/{name}/{sku}" for name in ("rating", "price", "label", "offer")]

    with client(built(answers.busy_app())) as shop:
        read = {path: body(shop.get(path)) for path in [*paths, "/health"]}

    returned = [
        {"rating": rating},
        {"price": price},
        {"label": label},
        {"rating": rating, "price": price},
        {"status": "ok"},
    ]
    wrong = [
        path for path, own in zip(read, returned, strict=True) if read[path] != own
    ]
    assert not wrong, (
        f"The {sku} is rated {rating} and costs {price}; clients read "
        f"{', '.join(f'{path}: {read[path]}' for path in wrong)}."
    )


def watched(work: Callable, lag: LoopLag, seen: list[bool]) -> Callable:
    """Return `work`, done until the event loop has come round, 20 times at most.

    Whether it has is added to `seen`.
    """

    @wraps(work)
    def watched(sku: str) -> object:
        before, turns = lag.ticks, 0
        while lag.ticks == before and turns < 20:
            done, turns = work(sku), turns + 1
        seen.append(lag.ticks > before)
        return done

    return watched


@pytest.mark.parametrize("path", WORK)
async def test_q2_the_event_loop_goes_on_meanwhile(answers, path):
    name, came_round = WORK[path], []
    async with loop_lag() as lag:
        setattr(answers, name, watched(getattr(answers, name), lag, came_round))
        async with async_client(built(answers.busy_app())) as shop:
            await shop.get(path)

    assert all(came_round), (
        f"GET {path}: while `{name}` was at work, again and again, the event loop "
        "stood still. All other clients waited for it, those of /health as well."
    )


@pytest.mark.parametrize("path", ["/rating/lamp", "/offer/lamp"])
async def test_q2_the_review_service_is_asked_in_the_event_loop(answers, path):
    loops = []

    async def rating_of(sku: str) -> float:
        loops.append(asyncio.get_running_loop())
        return 4.5

    answers.rating_of = rating_of
    async with async_client(built(answers.busy_app())) as shop:
        status = (await shop.get(path)).status_code

    assert loops, f"GET {path} was {status} and never asked `rating_of`."
    own = all(loop is asyncio.get_running_loop() for loop in loops)
    assert own, (
        f"GET {path} asked the review service in an event loop of its own. "
        "The client's connections belong to the server's."
    )


@pytest.mark.parametrize("path", ["/rating/lamp", "/health"])
async def test_q2_some_are_served_without_a_worker_thread(answers, path):
    threads = anyio.to_thread.current_default_thread_limiter()
    others = [object() for _ in range(int(threads.available_tokens))]
    async with async_client(built(answers.busy_app())) as shop:
        for other in others:
            threads.acquire_on_behalf_of_nowait(other)
        request = asyncio.ensure_future(shop.get(path))
        while not (request.done() or threads.statistics().tasks_waiting):  # noqa: ASYNC110
            await asyncio.sleep(0)
        served = request.done()
        for other in others:
            threads.release_on_behalf_of(other)
        status = (await request).status_code

    assert status == 200, f"GET {path} was answered {status}."
    assert served, (
        f"{len(others)} clients keep every worker thread busy, and GET {path} waits "
        "for one of them to be done. What would it do with a thread?"
    )


class Log(list):
    """A log of A and B whose entries can be waited for, each of them three times."""

    def __init__(self) -> None:
        super().__init__()
        self.entries = {(who, n): threading.Event() for who in "AB" for n in (1, 2, 3)}

    def append(self, customer: str) -> None:
        """Add an entry, and tell who waits for it."""
        super().append(customer)
        self.entries[customer, self.count(customer)].set()

    def next_of_the_other(self, customer: str) -> threading.Event:
        """Return what comes now if A and B take turns."""
        own = self.count(customer)
        return self.entries[("B", own) if customer == "A" else ("A", own + 1)]


def desk_of(answers) -> object:
    """Return a desk where a wait lasts until the other customer has come as far.

    In the event loop's own thread nobody comes meanwhile: there it ends by itself.
    """

    class Desk(answers.Desk):
        def __init__(self) -> None:
            self.log = Log()

        def wait(self, customer: str) -> None:
            in_the_loop = answers.place() == "event loop"
            self.log.next_of_the_other(customer).wait(0.05 if in_the_loop else 5)

        async def wait_async(self, customer: str) -> None:
            await asyncio.to_thread(self.log.next_of_the_other(customer).wait, 5)

    return Desk()


def observed_log(answers, path: str) -> str:
    """Return the log of A and B, who come to `path` of a server one after the other."""
    desk = desk_of(answers)
    with serve(answers.desk_app(desk)) as shop, ThreadPoolExecutor(2) as customers:
        first = customers.submit(shop.client.post, f"{path}/A")
        desk.log.entries["A", 1].wait(5)
        second = customers.submit(shop.client.post, f"{path}/B")
        statuses = [first.result().status_code, second.result().status_code]
    assert statuses == [200, 200], f"POST {path} was answered {statuses}."
    return "".join(desk.log)


@pytest.mark.parametrize("path", ["/awaits", "/blocks", "/awaits-then-blocks", "/def"])
def test_q3_the_log_is_predicted(answers, path):
    predicted = of(answers.logs(), path)

    same = predicted == observed_log(answers, path)
    assert same, (
        f"POST {path}: you expect {predicted!r}, the server's log reads otherwise. "
        "Go from wait to wait: who can be served while this one lasts?"
    )


@pytest.mark.parametrize(
    "path",
    [
        "/place/def",
        "/place/async-def",
        "/place/def-called-by-async-def",
        "/place/def-dependency-of-async-def",
        "/member/set-by-def",
        "/member/set-by-async-def",
    ],
)
def test_q4_the_answer_is_predicted(answers, path):
    predicted = of(answers.differences(), path)
    with serve(answers.club_app(lambda: None, asyncio.Event().wait)) as club:
        observed = body(club.client.get(path))

    same = predicted == observed
    assert same, (
        f"GET {path}: you expect {predicted!r}, the club answers something else. "
        "Who calls each of the functions that take part: FastAPI, or you?"
    )


async def observed_inside(answers, path: str) -> int:
    """Return how many of fifty clients are inside once no more can enter."""
    room = Rendezvous()
    threads = anyio.to_thread.current_default_thread_limiter()
    club = answers.club_app(room.wait, room.wait_async)
    async with async_client(club) as clients:
        visits = [asyncio.ensure_future(clients.get(path)) for _ in range(50)]
        while room.inside + threads.statistics().tasks_waiting < 50:  # noqa: ASYNC110
            await asyncio.sleep(0)
        inside = room.inside
        room.open()
        await asyncio.gather(*visits)
    return inside


@pytest.mark.parametrize("path", ["/stay/def", "/stay/async-def"])
async def test_q4_the_number_inside_is_predicted(answers, path):
    predicted = of(answers.differences(), path)

    same = predicted == await observed_inside(answers, path)
    assert same, (
        f"GET {path}: of fifty clients you expect {predicted!r} to be inside together; "
        "it is another number. What does each of them need in order to be there?"
    )


@pytest.fixture
def books(answers):
    """Put in warehouses that keep books; `pieces` is what they have, `gate` holds."""
    books = SimpleNamespace(opened=[], closed=[], asked=[], gate=Rendezvous(1))
    books.pieces = {"lamp": 3, "pen": 0}.__getitem__

    class Warehouse(answers.Warehouse):
        def __init__(self) -> None:
            books.opened.append("sync")

        def __exit__(self, *_: object) -> None:
            books.closed.append("sync")

        def pieces(self, sku: str) -> int:
            books.asked.append("Warehouse")
            books.gate.wait()
            return books.pieces(sku)

    class AsyncWarehouse(answers.AsyncWarehouse):
        def __init__(self) -> None:
            books.opened.append("async")

        async def __aexit__(self, *_: object) -> None:
            books.closed.append("async")

        async def pieces(self, sku: str) -> int:
            books.asked.append("AsyncWarehouse")
            await books.gate.wait_async()
            return books.pieces(sku)

    answers.Warehouse, answers.AsyncWarehouse = Warehouse, AsyncWarehouse
    return books


BOTH = pytest.mark.parametrize("kind", ["sync", "async"])


@BOTH
def test_q5_the_client_reads_the_stock(answers, books, kind):
    with client(built(answers.twin_app())) as shop:
        read = [body(shop.get(f"/{kind}/{sku}")) for sku in ("lamp", "pen")]

    same = read == [{"sku": "lamp", "pieces": 3}, {"sku": "pen", "pieces": 0}]
    assert same, f"There are 3 lamps and no pens; who asked at /{kind} read {read}."


def on_fire(sku: str) -> int:
    """Tell of a warehouse that has three lamps, and where "fire" breaks out."""
    if sku == "fire":
        raise ConnectionError("the warehouse is on fire")
    return {"lamp": 3}[sku]


@BOTH
def test_q5_a_product_that_is_not_there_is_not_found(answers, books, kind):
    books.pieces = on_fire
    with client(built(answers.twin_app()), raises=False) as shop:
        known, unknown, fire = (
            shop.get(f"/{kind}/{sku}").status_code for sku in ("lamp", "eraser", "fire")
        )

    assert (known, unknown) == (200, 404), (
        f"The warehouse knows the lamp and not the eraser: /{kind} answered {known} "
        f"and {unknown}."
    )
    assert fire != 404, (
        f"/{kind}: the warehouse was on fire, and the client read {fire}, as if it had "
        "looked and there were no such product."
    )


@BOTH
def test_q5_each_endpoint_asks_in_its_own_way(answers, books, kind):
    app = built(answers.twin_app())
    with client(app, raises=False) as shop:
        status = shop.get(f"/{kind}/lamp").status_code

    own = {"sync": "Warehouse", "async": "AsyncWarehouse"}[kind]
    assert set(books.asked) == {own}, (
        f"GET /{kind}/lamp was {status}; it asked {books.asked or 'no warehouse'}."
    )
    awaited = {
        inspect.iscoroutinefunction(route.endpoint)
        for route in iter_route_contexts(app.routes)
        if (route.path or "").startswith(f"/{kind}/")
    }
    assert awaited <= {kind == "async"}, (
        f"FastAPI takes the endpoint of /{kind} for one of the other kind: "
        "how is it declared?"
    )


@BOTH
def test_q5_connections_are_closed_whatever_happens(answers, books, kind):
    books.pieces = on_fire
    left = {}
    with client(built(answers.twin_app()), raises=False) as shop:
        for sku in ("lamp", "eraser", "fire"):
            shop.get(f"/{kind}/{sku}")
            left[sku] = (len(books.opened), len(books.closed))

    same = list(left.values()) == [(1, 1), (2, 2), (3, 3)]
    assert same, (
        f"/{kind} was asked for a lamp, for what is not there, and while the warehouse "
        f"was on fire. Connections opened and closed by then: {left}."
    )


@BOTH
async def test_q5_several_clients_are_served_at_once(answers, books, kind):
    books.gate = Rendezvous(5)
    with serve(built(answers.twin_app())) as shop:
        read = await at_once(shop.url, f"/{kind}/lamp", 5)

    assert set(read) == {200}, f"Five clients of /{kind} at once read {set(read)}."
    assert books.gate.most == 5, (
        f"Five clients came to /{kind} at once. With the warehouse, which waited for "
        f"them all, were {books.gate.most} at most. What holds up the others?"
    )
