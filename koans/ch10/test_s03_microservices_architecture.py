"""The tests of section 10.3."""

import asyncio
import socket
import struct
import threading
from collections.abc import AsyncIterator, Awaitable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, contextmanager
from itertools import zip_longest
from typing import Annotated, Any

import httpx
import httpx2
import pytest
from fastapi import Body, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, StreamingResponse
from redis.asyncio import Redis

from lab import (
    RedisServer,
    Server,
    async_client,
    attempt,
    fastapi_app,
    in_words,
    json_or_text,
    outcome,
    patience,
    serve,
)

# Seconds that a test waits for something that never comes, and that a service keeps
# silent if nobody releases it.
PATIENCE = 6
SILENCE = 20
# The same for a health check: less than the 5 seconds that HTTPX waits by default.
SOON = 4
# A timeout for a service that is silent, and one for a service that responds.
SHORT, LONG = 0.1, 60
# Tenths of a second that a slow response gives a second attempt to come, and seconds
# that are enough for it, a third of which is not.
CHANCE, ENOUGH = 20, 5


@contextmanager
def closed_url() -> Iterator[str]:
    """Yield the URL of a service that is stopped: its port accepts no connection."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{closed.getsockname()[1]}"


@asynccontextmanager
async def http(url: str, seconds: float | None) -> AsyncIterator[httpx.AsyncClient]:
    """Yield the client of another service that an answer gets."""
    async with httpx.AsyncClient(
        base_url=url, timeout=seconds, trust_env=False, verify=False
    ) as one:
        yield one


async def patiently(what: str, work: Awaitable[Any], asks: str) -> Any:
    """Return the result, or say that `what` does not end, and what the koan asks."""
    limit = asyncio.timeout(patience(PATIENCE))
    try:
        async with limit:
            return await work
    except TimeoutError:
        if not limit.expired():
            raise  # It is the answer's own.
        raise AssertionError(
            f"{what} has not ended after {PATIENCE} seconds. The docstring asks {asks}."
        ) from None


class Prices:
    """A prices service that can be made to wait, and the paths it was asked for."""

    def __init__(self, **cents: int) -> None:
        self.cents = {int(name.strip("kg")): value for name, value in cents.items()}
        self.added: dict[str, Any] = {}
        self.paths: list[str] = []
        self.asked, self.release = threading.Event(), threading.Event()
        self.release.set()
        self.app = FastAPI()
        self.app.get("/prices/{kilograms}")(self.read_price)

    def read_price(self, kilograms: int, request: Request) -> dict[str, Any]:
        """Return a price, with the fields that were added later."""
        self.paths.append(request.url.path)
        self.asked.set()
        self.release.wait(SILENCE)
        return {"cents": self.cents[kilograms], **self.added}


@contextmanager
def quotes(answers: Any, url: str) -> Iterator[Server]:
    """Yield the running quotes service of the answer."""
    environ = {"LABELS_URL": "http://127.0.0.1:1", "PRICES_URL": url, "PORT": "80"}
    app = fastapi_app(answers.quotes_app(environ), "quotes_app(environ)")
    with ExitStack() as stack:
        # It may look for the other service before it starts.
        start = "The start of the quotes service"
        yield attempt(start, stack.enter_context, serve(app))


def asked(service: Server, path: str) -> tuple[int, Any]:
    """Return the status code and the body of a response."""
    response = attempt(f"`GET {path}`", service.client.get, path)
    if response.status_code == 500 and service.errors:
        return 500, in_words(service.errors[0])
    return response.status_code, json_or_text(response)


@pytest.mark.parametrize(("kilograms", "cents"), [(3, 890), (1, 450), (40_000, 4000)])
def test_q1_a_quote_has_the_price_of_the_prices_service(
    answers: Any, kilograms: int, cents: int
) -> None:
    prices = Prices(kg3=890, kg1=450, kg40000=4000)
    with serve(prices.app) as other, quotes(answers, other.url) as service:
        seen = asked(service, f"/quotes/{kilograms}")
    wanted = (200, {"kilograms": kilograms, "cents": cents})
    assert seen == wanted, (
        f"`GET /quotes/{kilograms}` returned {in_words(seen)}. The docstring asks for "
        f"{in_words(wanted)}, with the price of the prices service."
    )
    assert prices.paths == [f"/prices/{kilograms}"], (
        f"For `GET /quotes/{kilograms}`, the prices service got requests for "
        f"{in_words(prices.paths)}. The docstring asks for one, to "
        f"/prices/{kilograms}."
    )


def test_q1_each_request_asks_for_the_price(answers: Any) -> None:
    prices = Prices(kg3=890)
    with serve(prices.app) as other, quotes(answers, other.url) as service:
        first = asked(service, "/quotes/3")
        prices.cents[3] = 990
        second = asked(service, "/quotes/3")
    seen = [
        body.get("cents") if isinstance(body, dict) else body
        for _, body in (first, second)
    ]
    assert seen == [890, 990], (
        "The price changed from 890 to 990 between two requests. The quotes have "
        f"{in_words(seen)}. The docstring asks to send a request to the prices service "
        "for each request."
    )


@pytest.mark.parametrize("added", [{"currency": "EUR"}, {"kilograms": 5}])
def test_q1_a_field_that_is_added_later_changes_no_quote(
    answers: Any, added: dict[str, Any]
) -> None:
    prices = Prices(kg3=890)
    prices.added = added
    with serve(prices.app) as other, quotes(answers, other.url) as service:
        seen = asked(service, "/quotes/3")
    wanted = (200, {"kilograms": 3, "cents": 890})
    assert seen == wanted, (
        f"The prices service added {in_words(added)} to its response, and "
        f"`GET /quotes/3` returned {in_words(seen)}. The docstring asks for the same "
        "`Quote` as before. Look at which fields of the response you use."
    )


def test_q1_each_service_has_its_own_configuration(answers: Any) -> None:
    cheap, dear = Prices(kg3=100), Prices(kg3=9000)
    with (
        serve(cheap.app) as one,
        serve(dear.app) as two,
        quotes(answers, one.url) as first,
        quotes(answers, two.url) as second,
    ):
        seen = [asked(service, "/quotes/3")[1] for service in (first, second)]
    wanted = [{"kilograms": 3, "cents": cents} for cents in (100, 9000)]
    assert seen == wanted, (
        "Two quotes services have different values of `PRICES_URL`. They returned "
        f"{in_words(seen)}. The docstring asks for the URL in `environ`, here: "
        f"{in_words(wanted)}."
    )


def test_q1_a_weight_that_is_no_integer_returns_422(answers: Any) -> None:
    prices = Prices(kg3=890)
    with serve(prices.app) as other, quotes(answers, other.url) as service:
        codes = [asked(service, f"/quotes/{text}")[0] for text in ("3", "heavy", "2.5")]
    assert (codes, prices.paths) == ([200, 422, 422], ["/prices/3"]), (
        f"Quotes for 3, heavy and 2.5 returned {codes}, and the prices service got "
        f"requests for {in_words(prices.paths)}. The docstring asks for an integer: "
        "200, 422, 422, and one request. Look at the type of the parameter."
    )


def test_q1_the_service_is_healthy_while_the_prices_service_is_stopped(
    answers: Any,
) -> None:
    with closed_url() as url, quotes(answers, url) as service:
        seen = asked(service, "/health")
    assert seen == (200, {"status": "ok"}), (
        f"The prices service is stopped, and `GET /health` returned {in_words(seen)}. "
        'The docstring asks for 200 with {"status": "ok"}, also then.'
    )


def test_q1_the_service_is_healthy_while_a_quote_waits(answers: Any) -> None:
    prices = Prices(kg3=890)
    prices.release.clear()
    with (
        serve(prices.app) as other,
        quotes(answers, other.url) as service,
        ThreadPoolExecutor(1) as pool,
    ):
        quote = pool.submit(service.client.get, "/quotes/3", timeout=SILENCE)
        came = prices.asked.wait(patience(PATIENCE))
        try:
            seen = outcome(lambda: service.client.get("/health", timeout=SOON).json())
        finally:
            prices.release.set()
        code = quote.result().status_code
    assert came, (
        "`GET /quotes/3` sent no request to the prices service. The docstring asks for "
        "its price. Look at what your endpoint calls."
    )
    assert (seen, code) == ({"status": "ok"}, 200), (
        "A quote waited for the prices service, and `GET /health` came to "
        f"{in_words(seen)}. Then the quote returned {code}. The docstring asks for "
        '{"status": "ok"} while a quote waits. Look for what blocks the event loop.'
    )


class Labels:
    """A labels service: what it was sent, and what it does with the next requests."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.drawn: list[Any] = []
        self.plan: list[int | str] = []
        self.came, self.release = threading.Event(), threading.Event()
        self.app = FastAPI()
        self.app.post("/labels")(self.draw)

    async def draw(self, shipment: Annotated[dict[str, Any], Body()]) -> dict[str, str]:
        """Draw a label, or do what is planned: a status code, or "silent"."""
        self.sent.append(shipment)
        self.came.set()
        todo = self.plan.pop(0) if self.plan else 200
        if todo == "silent":
            await asyncio.to_thread(self.release.wait, SILENCE)
        elif isinstance(todo, int) and todo != 200:
            raise HTTPException(todo, "no label")
        self.drawn.append(shipment)
        return {"url": f"https://labels.example/{40 + len(self.drawn)}.pdf"}


class Desk:
    """An answer to 10.3.2, connected to a labels service and to Redis."""

    def __init__(self, gateway: Any, client: httpx2.AsyncClient) -> None:
        self.client = client
        self._gateway = gateway

    async def post(self, path: str, shipment: object) -> tuple[int, Any]:
        """Return the status code and the body of a response."""
        what, work = f"`POST {path}`", self.client.post(path, json=shipment)
        asks = "for a response, also if the labels service fails"
        try:
            response = await patiently(what, work, asks)
        except (NotImplementedError, AssertionError):
            raise
        except Exception as error:
            return 500, in_words(error)
        return response.status_code, json_or_text(response)

    async def store(self, shipments: list[Any]) -> None:
        """Send shipments to `POST /async`."""
        for shipment in shipments:
            status, body = await self.post("/async", shipment)
            assert status == 202, (
                f"`POST /async` returned {status}, {in_words(body)}. The docstring "
                "asks for 202."
            )

    async def work(self) -> BaseException | None:
        """Return what `print_labels` raises."""
        try:
            asks = "to return when no message is left"
            await patiently("`print_labels`", self._gateway.print_labels(), asks)
        except (NotImplementedError, AssertionError):
            raise
        except Exception as error:
            return error
        return None


@asynccontextmanager
async def desk(
    answers: Any, redis: RedisServer, url: str, seconds: float = LONG
) -> AsyncIterator[Desk]:
    """Yield a new instance of the answer, connected to the labels service at `url`."""
    async with (
        http(url, seconds) as labels,
        Redis.from_url(redis.url, decode_responses=True) as broker,
    ):
        gateway = answers.LabelsGateway(labels, broker)
        app = fastapi_app(gateway.create_app(), "create_app()")
        async with async_client(app, lifespan=True) as one:
            yield Desk(gateway, one)


def parcel(number: str, grams: int = 800) -> dict[str, Any]:
    """Return a shipment."""
    return {"number": number, "grams": grams}


SOME = [
    parcel("P-9"),
    parcel("P-10", 5),
    parcel('Ø: 1,|"\n' + "8" * 64, 31_500),
    parcel("P-9"),
    parcel("P-9", 70),
]


def difference(sent: list[Any], wanted: list[Any]) -> str:
    """Return the first place in which the shipments differ."""
    for index, (one, other) in enumerate(zip_longest(sent, wanted), 1):
        if one != other:
            instead = f", not {in_words(other)}" if other else ""
            what = in_words(one) if one else "missing"
            return f"Shipment {index} of {len(wanted)} is {what}{instead}."
    return "They are as expected."


def raised(error: BaseException | None) -> str:
    """Return what `print_labels` did for a message."""
    return f"raised {in_words(error)}" if error else "returned"


def contents(redis: RedisServer) -> dict[str, Any]:
    """Return all that is stored in Redis."""
    keys: Any = redis.client.keys()
    return {key: redis.client.dump(key) for key in keys}


def stored(redis: RedisServer, grams: int) -> list[str]:
    """Return the keys in whose values this weight stands."""
    client: Any = redis.client
    read = {
        "string": client.get,
        "list": lambda key: client.lrange(key, 0, -1),
        "set": client.smembers,
        "zset": lambda key: client.zrange(key, 0, -1),
        "hash": client.hgetall,
        "stream": client.xrange,
    }
    keys = client.keys()
    return [key for key in keys if str(grams) in str(read[client.type(key)](key))]


def crash(redis: RedisServer, kept: dict[str, Any]) -> None:
    """Let Redis hold this, as if the worker had done nothing since then."""
    redis.client.flushdb()
    for key, value in kept.items():
        redis.client.restore(key, 0, value)


@pytest.fixture
def labels() -> Iterator[Labels]:
    """A labels service, which waits for nobody once the test is over."""
    service = Labels()
    yield service
    service.release.set()


@contextmanager
def running(labels: Labels) -> Iterator[Server]:
    """Serve the labels service, and release its requests in the end."""
    with serve(labels.app) as other:
        try:
            yield other
        finally:
            labels.release.set()


async def test_q2_sync_returns_the_label(
    answers: Any, redis: RedisServer, labels: Labels
) -> None:
    with running(labels) as other:
        async with desk(answers, redis, other.url) as one:
            seen = [await one.post("/sync", shipment) for shipment in SOME]
    wanted = [(200, {"url": f"https://labels.example/{n}.pdf"}) for n in range(41, 46)]
    assert seen == wanted, (
        f"`POST /sync` with five shipments returned {in_words(seen)}. The docstring "
        f"asks for the `Label` that the labels service returned: {in_words(wanted)}."
    )
    assert labels.sent == SOME, (
        f"`POST /sync` was called with five shipments, and sent {len(labels.sent)}. "
        f"{difference(labels.sent, SOME)} The docstring asks to send each shipment "
        "to the labels service."
    )


async def test_q2_sync_waits_for_the_labels_service(
    answers: Any, redis: RedisServer, labels: Labels
) -> None:
    labels.plan = ["silent"]
    with running(labels) as other:
        async with desk(answers, redis, other.url) as one:
            request = asyncio.create_task(one.post("/sync", parcel("P-7")))
            came = asyncio.to_thread(labels.came.wait, patience(PATIENCE))
            await asyncio.wait(
                [request, asyncio.create_task(came)],
                return_when=asyncio.FIRST_COMPLETED,
            )
            early = request.done()
            labels.release.set()
            labels.came.set()  # Nobody has to wait for it any more.
            seen = await request
    wanted = (False, (200, {"url": "https://labels.example/41.pdf"}))
    assert (early, seen) == wanted, (
        f"The labels service was slow. `POST /sync` returned {in_words(seen)}, before "
        f"the labels service responded: {early}. The docstring asks to wait, and then "
        "to return the `Label`."
    )


@pytest.mark.parametrize("trouble", ["stopped", "silent", 400, 500, 599])
async def test_q2_sync_returns_503_if_the_labels_service_fails(
    answers: Any, redis: RedisServer, labels: Labels, trouble: int | str
) -> None:
    labels.plan = [trouble]
    with running(labels) as other, closed_url() as closed:
        url = closed if trouble == "stopped" else other.url
        seconds = SHORT if trouble == "silent" else LONG
        async with desk(answers, redis, url, seconds) as one:
            status, body = await one.post("/sync", parcel("P-7", 31_517))
        keys = stored(redis, 31_517)
    assert status == 503, (
        f"The labels service was stopped, was silent or returned an error (here: "
        f"{trouble}), and `POST /sync` returned {status}, {in_words(body)}. The "
        "docstring asks for 503."
    )
    assert keys == [], (
        f"The labels service failed, `POST /sync` returned {status}, and the shipment "
        f"is in Redis, in {in_words(keys)}. The docstring asks not to store it: the "
        "client knows that it has no label, and can try again."
    )


@pytest.mark.parametrize("trouble", ["none", "stopped", "silent", 500])
async def test_q2_async_stores_a_message_and_does_not_contact_the_service(
    answers: Any, redis: RedisServer, labels: Labels, trouble: int | str
) -> None:
    labels.plan = [] if trouble == "none" else [trouble]
    with running(labels) as other, closed_url() as closed:
        url = closed if trouble == "stopped" else other.url
        async with desk(answers, redis, url) as one:
            status, _ = await one.post("/async", parcel("P-7"))
            keys = redis.client.dbsize()
    assert (status, keys > 0, labels.sent) == (202, True, []), (
        f"`POST /async` returned {status}. After it, Redis has {keys} keys, and the "
        f"labels service (trouble: {trouble}) was sent {in_words(labels.sent)}. The "
        "docstring asks for 202, a message in Redis, and no request to the service."
    )


@pytest.mark.parametrize("count", [0, 1, 5, 15])
async def test_q2_print_labels_sends_each_stored_shipment_once(
    answers: Any, redis: RedisServer, labels: Labels, count: int
) -> None:
    shipments = (SOME * 3)[:count]
    with running(labels) as other:
        async with desk(answers, redis, other.url) as one:
            await one.store(shipments)
            errors = [await one.work(), await one.work()]
            await one.store([parcel("P-11")])
            errors += [await one.work(), await one.work()]
    wanted = [*shipments, parcel("P-11")]
    assert errors == [None] * 4, (
        f"{count} messages were stored and `print_labels` ran twice. Then one more, "
        f"and it ran twice. It {' and '.join({*map(raised, errors)})}. The docstring "
        "asks to return when no message is left."
    )
    assert labels.sent == wanted, (
        f"{count} messages were stored and `print_labels` ran twice. Then one more, "
        f"and it ran twice. {difference(labels.sent, wanted)} The docstring asks for "
        "each shipment, in the order in which they were stored."
    )


async def test_q2_print_labels_sends_the_messages_of_all_instances_in_order(
    answers: Any, redis: RedisServer, labels: Labels
) -> None:
    other_gateway = answers()
    with running(labels) as other:
        async with (
            desk(answers, redis, other.url) as one,
            desk(other_gateway, redis, other.url) as two,
            desk(answers, redis, other.url) as three,
        ):
            for place, shipment in zip((one, one, two, one, two), SOME, strict=True):
                await place.store([shipment])
            error = await three.work()
    assert (labels.sent, error) == (SOME, None), (
        f"Two instances stored 5 messages. `print_labels` of a third {raised(error)}. "
        f"{difference(labels.sent, SOME)} The docstring asks for the order in which "
        "they were stored. Look at what lives in the instance only."
    )


async def test_q2_print_labels_reads_the_messages_from_redis(
    answers: Any, redis: RedisServer, labels: Labels
) -> None:
    with running(labels) as other:
        async with desk(answers, redis, other.url) as one:
            await one.store(SOME)
            redis.client.flushdb()
            await one.store([parcel("P-11")])
            error = await one.work()
    assert (labels.sent, error) == ([parcel("P-11")], None), (
        "Five messages were deleted from Redis, then P-11 was stored. `print_labels` "
        f"{raised(error)}, and sent {in_words(labels.sent)}. The docstring asks to "
        "keep the messages in Redis: only P-11 was left."
    )


async def test_q2_print_labels_processes_what_is_stored_while_it_runs(
    answers: Any, redis: RedisServer, labels: Labels
) -> None:
    labels.plan = ["silent"]
    with running(labels) as other:
        async with desk(answers, redis, other.url) as one:
            await one.store([parcel("P-7")])
            work = asyncio.create_task(one.work())
            await asyncio.to_thread(labels.came.wait, patience(PATIENCE))
            await one.store([parcel("P-8")])
            labels.release.set()
            error = await work
    assert (labels.drawn, error) == ([parcel("P-7"), parcel("P-8")], None), (
        "P-8 was stored while `print_labels` processed P-7. It "
        f"{raised(error)}, and labels were drawn for {in_words(labels.drawn)}. The "
        "docstring asks to process this message, too."
    )


@pytest.mark.parametrize("trouble", ["silent", 500, 400])
async def test_q2_after_a_failure_the_same_message_is_next(
    answers: Any, redis: RedisServer, labels: Labels, trouble: int | str
) -> None:
    labels.plan = [200, trouble]
    seconds = 1 if trouble == "silent" else LONG
    with running(labels) as other:
        async with desk(answers, redis, other.url, seconds) as one:
            await one.store(SOME)
            error = await one.work()
        tried = len(labels.sent)
        async with desk(answers, redis, other.url) as one:
            later = await one.work()
    wanted = [*SOME[:2], *SOME[1:]]
    assert isinstance(error, httpx.HTTPError), (
        f"The labels service failed at the second message ({trouble}), and "
        f"`print_labels` {raised(error)}. The docstring asks to raise an "
        "`httpx.HTTPError`."
    )
    assert (tried, labels.sent, later) == (2, wanted, None), (
        f"The labels service failed ({trouble}) at the second message. `print_labels` "
        f"had sent {tried}. The next call {raised(later)}. In all: "
        f"{difference(labels.sent, wanted)} The docstring asks to stop, then to begin "
        "with this message."
    )


async def test_q2_a_message_that_fails_many_times_is_still_next(
    answers: Any, redis: RedisServer, labels: Labels
) -> None:
    labels.plan = [500] * 12
    with running(labels) as other:
        async with desk(answers, redis, other.url) as one:
            await one.store(SOME[:2])
            errors = [await one.work() for _ in range(12)]
            later = await one.work()
    failed = sum(isinstance(error, httpx.HTTPError) for error in errors)
    wanted = [*SOME[:1] * 13, SOME[1]]
    assert (failed, labels.sent, later) == (12, wanted, None), (
        f"The labels service returned 500 for P-9 twelve times. {failed} calls of "
        f"`print_labels` raised an HTTPError. The next one {raised(later)}. In all: "
        f"{difference(labels.sent, wanted)} The docstring asks to begin with the "
        "message that failed."
    )


async def test_q2_a_message_is_removed_when_it_is_processed(
    answers: Any, redis: RedisServer, labels: Labels
) -> None:
    with running(labels) as other:
        async with desk(answers, redis, other.url) as one:
            await one.store([parcel("P-7", 31_517), parcel("P-8", 31_517)])
            before = stored(redis, 31_517)
            expiring = [key for key in before if redis.client.ttl(key) != -1]
            error = await one.work()
    assert not expiring, (
        f"Two messages were stored, and {in_words(expiring)} will expire in Redis. The "
        "docstring asks that no message expires."
    )
    left = stored(redis, 31_517)
    assert (left, error) == ([], None), (
        f"Two messages were stored and processed. `print_labels` {raised(error)}, and "
        f"there are still shipments in Redis, in {in_words(left)}. The docstring asks "
        "to remove each message when the labels service has returned 200."
    )


async def test_q2_a_stopped_labels_service_loses_no_message(
    answers: Any, redis: RedisServer, labels: Labels
) -> None:
    with closed_url() as closed:
        async with desk(answers, redis, closed) as one:
            await one.store(SOME[:2])
            error = await one.work()
    with running(labels) as other:
        async with desk(answers, redis, other.url) as one:
            later = await one.work()
    assert isinstance(error, httpx.HTTPError), (
        f"The labels service was stopped, and `print_labels` {raised(error)}. "
        "The docstring asks to raise an `httpx.HTTPError`."
    )
    assert (labels.sent, later) == (SOME[:2], None), (
        "Two messages were stored while the labels service was stopped. When it ran "
        f"again, `print_labels` {raised(later)}. It sent {in_words(labels.sent)}. The "
        "docstring asks for both shipments."
    )


async def test_q2_a_message_stays_until_the_labels_service_has_returned(
    answers: Any, redis: RedisServer, labels: Labels
) -> None:
    labels.plan = ["silent"]
    with running(labels) as other:
        async with desk(answers, redis, other.url) as one:
            await one.store(SOME[:2])
            work = asyncio.create_task(one.work())
            await asyncio.to_thread(labels.came.wait, patience(PATIENCE))
            kept = contents(redis)
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
        crash(redis, kept)
        async with desk(answers, redis, other.url) as one:
            error = await one.work()
    assert (labels.sent[1:], error) == (SOME[:2], None), (
        "The worker crashed while it sent P-9, before P-10. The next `print_labels` "
        f"{raised(error)}, and sent {in_words(labels.sent[1:])}. The docstring asks "
        "for both shipments: remove a message after the 200, not earlier."
    )


class Payments:
    """A payments service: its charges, and the headers of each attempt."""

    def __init__(self) -> None:
        self.charges: list[dict[str, Any]] = []
        self.known: dict[str, dict[str, Any]] = {}
        self.request_ids: list[str | None] = []
        self.plan: list[str] = []
        self.release = threading.Event()
        self.app = FastAPI()
        self.app.post("/charges", response_model=None)(self.charge)

    async def charge(
        self, request: Request, booking: Annotated[dict[str, Any], Body()]
    ) -> JSONResponse | StreamingResponse:
        """Charge a customer, and then do what is planned for this attempt."""
        self.request_ids.append(request.headers.get("X-Request-ID"))
        todo = self.plan.pop(0) if self.plan else "respond"
        if todo == "refuse":
            return JSONResponse({"detail": "Payment Required"}, 402)
        charge = self.take(booking, request.headers.get("Idempotency-Key"))
        if todo == "silent":
            await asyncio.to_thread(self.release.wait, SILENCE)
        if todo in ("slow", "meet"):
            await self.second_attempt()
        if todo in ("broken", "meet"):
            return StreamingResponse(broken(), 201)
        return JSONResponse(charge, 201)

    def take(self, booking: dict[str, Any], key: str | None) -> dict[str, Any]:
        """Charge a customer, once for each key."""
        if key in self.known:
            return self.known[key]
        number = len(self.charges) + 1
        charge = {"number": number, "cents": booking.get("cents")}
        self.charges.append(charge)
        if key:
            self.known[key] = charge
        return charge

    async def second_attempt(self) -> None:
        """Wait for a second attempt, which may never come."""
        for _ in range(CHANCE):
            if len(self.request_ids) > 1:
                return
            await asyncio.sleep(0.1)


async def broken() -> AsyncIterator[bytes]:
    """Begin a body, and break the connection."""
    yield b"{"
    raise asyncio.CancelledError


# Request IDs that are easily mistaken for each other.
ALIKE = ["r-2026-000001", "r-2026-000002", "R-2026-000001", "r-2026-00000", "2026"]


@asynccontextmanager
async def breaking(trouble: str) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Yield the URL of a service that breaks each connection, and its attempts."""
    attempts: list[bytes] = []

    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        attempts.append(await reader.readuntil(b"\r\n\r\n"))
        if trouble == "reset":
            now = struct.pack("ii", 1, 0)
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
        writer.close()

    server = await asyncio.start_server(cut, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", attempts


@contextmanager
def paying(plan: list[str]) -> Iterator[tuple[Payments, str]]:
    """Yield a running payments service and its URL."""
    payments = Payments()
    payments.plan = plan
    with serve(payments.app) as other:
        try:
            yield payments, other.url
        finally:
            payments.release.set()


@asynccontextmanager
async def bookings(
    answers: Any, url: str, seconds: float = LONG
) -> AsyncIterator[httpx2.AsyncClient]:
    """Yield a client of the bookings service of the answer."""
    async with http(url, None) as payments:
        app = answers.bookings_app(payments, seconds)
        app = fastapi_app(app, "bookings_app(payments, seconds)")
        async with async_client(app, lifespan=True) as one:
            yield one


async def book(
    one: httpx2.AsyncClient, request_id: str, cents: int = 890
) -> tuple[int, Any]:
    """Return the status code and the body of the response to a booking."""
    booking = {"customer": "ada", "cents": cents}
    headers = {"X-Request-ID": request_id}
    work = one.post("/bookings", json=booking, headers=headers)
    asks = "for three attempts at most, each with `seconds` to respond"
    try:
        response = await patiently("`POST /bookings`", work, asks)
    except (NotImplementedError, AssertionError):
        raise
    except Exception as error:
        return 500, in_words(error)
    return response.status_code, json_or_text(response)


async def test_q3_a_booking_passes_on_its_request_id(answers: Any) -> None:
    with paying([]) as (payments, url):
        async with bookings(answers, url) as one:
            seen = [await book(one, "r-1"), await book(one, "r-2", 450)]
    wanted = [(201, {"number": 1, "cents": 890}), (201, {"number": 2, "cents": 450})]
    assert seen == wanted, (
        f"Two bookings, r-1 and r-2, returned {in_words(seen)}. The docstring asks for "
        f"the charges as before: {in_words(wanted)}."
    )
    assert payments.request_ids == ["r-1", "r-2"], (
        "Two bookings had the `X-Request-ID` r-1 and r-2. The payments service got "
        f"{in_words(payments.request_ids)}. The docstring asks to send the header of "
        "the request."
    )


async def test_q3_a_slow_response_within_the_time_is_no_failure(answers: Any) -> None:
    with paying(["slow"]) as (payments, url):
        async with bookings(answers, url, ENOUGH) as one:
            seen = await book(one, "r-1")
    wanted = (201, {"number": 1, "cents": 890})
    assert (seen, payments.request_ids) == (wanted, ["r-1"]), (
        f"The response came after {CHANCE / 10:g} s, and `seconds` was {ENOUGH}. "
        f"`POST /bookings` returned {in_words(seen)}, after attempts with the "
        f"`X-Request-ID` {in_words(payments.request_ids)}. The docstring asks for one."
    )


@pytest.mark.parametrize("failures", [1, 2])
@pytest.mark.parametrize("trouble", ["silent", "broken"])
async def test_q3_a_failed_attempt_is_repeated_and_charged_once(
    answers: Any, trouble: str, failures: int
) -> None:
    with paying([trouble] * failures) as (payments, url):
        async with bookings(answers, url, 1 if trouble == "silent" else LONG) as one:
            seen = await book(one, "r-1")
    tried = payments.request_ids
    first = "The first attempt was" if failures == 1 else "The first two attempts were"
    assert (seen[0], len(tried)) == (201, failures + 1), (
        f"{first} {trouble}. `POST /bookings` returned {in_words(seen)}. Attempts: "
        f"{len(tried)}. The docstring asks to try again: 201 at attempt {failures + 1}."
    )
    once = {"number": 1, "cents": 890}
    assert (seen[1], payments.charges) == (once, [once]), (
        f"{first} {trouble}, but had charged the customer. "
        f"After {len(tried)} attempts there are these charges: "
        f"{in_words(payments.charges)}. The docstring asks for one charge."
    )
    assert tried == ["r-1"] * len(tried), (
        f"The attempts had the `X-Request-ID` {in_words(tried)}. The docstring asks "
        "for r-1 in each attempt."
    )


@pytest.mark.parametrize("trouble", ["silent", "broken"])
async def test_q3_the_third_failure_returns_503(answers: Any, trouble: str) -> None:
    for seconds in (SHORT, 2) if trouble == "silent" else (LONG,):
        with paying([trouble] * 4) as (payments, url):
            async with bookings(answers, url, seconds) as one:
                seen = await book(one, "r-1")
        tried = len(payments.request_ids)
        # On a busy machine, a short time can be over before an attempt has arrived.
        if tried >= 3:
            break
    assert (seen[0], tried) == (503, 3), (
        f"Each attempt at the payments service was {trouble}. `POST /bookings` "
        f"returned {in_words(seen)} after {tried} attempts. The docstring asks for 503 "
        "after the third."
    )


async def test_q3_a_stopped_payments_service_returns_503(answers: Any) -> None:
    with closed_url() as url:
        async with bookings(answers, url) as one:
            seen = await book(one, "r-1")
    assert seen[0] == 503, (
        "The payments service is stopped, so each connection fails. `POST /bookings` "
        f"returned {in_words(seen)}. The docstring asks for 503."
    )


@pytest.mark.parametrize("trouble", ["closed", "reset"])
async def test_q3_a_connection_that_breaks_before_a_response_is_a_failure(
    answers: Any, trouble: str
) -> None:
    async with breaking(trouble) as (url, attempts), bookings(answers, url) as one:
        seen = await book(one, "r-1")
    assert (seen[0], len(attempts)) == (503, 3), (
        f"Each connection was {trouble} before a response. `POST /bookings` returned "
        f"{in_words(seen)} after {len(attempts)} attempts. The docstring asks for 503 "
        "after the third failed connection."
    )


async def test_q3_each_request_makes_attempts_of_its_own(answers: Any) -> None:
    with paying(["broken"] * 5) as (payments, url):
        async with bookings(answers, url) as one:
            first = await book(one, "r-1")
            second = await book(one, "r-2", 450)
    codes, ids = [first[0], second[0]], payments.request_ids
    assert (codes, ids) == ([503, 201], ["r-1"] * 3 + ["r-2"] * 3), (
        "The first five attempts were broken. Two requests, r-1 and r-2, returned "
        f"{codes}, after attempts with {in_words(ids)}. The docstring asks for three "
        "attempts for each request: 503, then 201."
    )


async def test_q3_two_requests_at_the_same_time_share_nothing(answers: Any) -> None:
    with paying(["meet", "meet"]) as (payments, url):
        async with bookings(answers, url) as one:
            pair = await asyncio.gather(book(one, "r-1"), book(one, "r-2", 450))
    seen = [body.get("cents") if code == 201 else code for code, body in pair]
    ids = sorted(map(str, payments.request_ids))
    assert (seen, ids) == ([890, 450], ["r-1", "r-1", "r-2", "r-2"]), (
        "r-1 for 890 cents and r-2 for 450 were sent at the same time, and the first "
        f"attempt of each broke. Their charges: {in_words(seen)}. The attempts had the "
        f"`X-Request-ID` {in_words(ids)}. The docstring asks for the ID and the charge "
        "of the own request."
    )


async def test_q3_two_requests_with_the_same_body_charge_twice(answers: Any) -> None:
    *alike, last = ALIKE
    many = [f"r-{number}" for number in range(20)]
    with paying(["broken"]) as (payments, url):
        async with bookings(answers, url) as one:
            seen = [await book(one, name) for name in many]
            seen += await asyncio.gather(*(book(one, name) for name in alike))
        async with bookings(answers(), url) as one:  # after a restart
            seen.append(await book(one, last))
    codes = {code for code, _ in seen}
    assert (codes, len(payments.charges)) == ({201}, len(seen)), (
        f"{len(seen)} requests had the same body, the last one after a restart. The "
        f"first attempt of all was broken. The status codes were {in_words(codes)}, "
        f"the number of charges was {len(payments.charges)}. The docstring asks for "
        "201, and for one charge for each request. Look at which requests have the "
        "same key."
    )


@pytest.mark.parametrize("plan", [["refuse"], ["broken", "refuse"]])
async def test_q3_a_payment_that_is_refused_is_not_repeated(
    answers: Any, plan: list[str]
) -> None:
    tries = len(plan)
    with paying([*plan]) as (payments, url):
        async with bookings(answers, url) as one:
            seen = await book(one, "r-1")
    ids = payments.request_ids
    assert (seen[0], len(ids)) == (402, tries), (
        f"The payments service returned 402 at attempt {tries}. `POST /bookings` "
        f"returned {in_words(seen)} after {len(ids)} attempts. The docstring asks for "
        "402 without another attempt."
    )
    assert ids == ["r-1"] * tries, (
        f"A payment was refused. The attempts had the `X-Request-ID` {in_words(ids)}. "
        "The docstring asks for r-1 in each attempt."
    )
