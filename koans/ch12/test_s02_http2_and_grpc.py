"""The tests of section 12.2."""

import asyncio
import os
import socket
import ssl
import stat
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent import futures
from contextlib import (
    AbstractAsyncContextManager,
    ExitStack,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from functools import cache
from typing import Any, ClassVar

import grpc
import httpx
import httpx2
import hypercorn
import hypercorn.asyncio
import pytest
from fastapi import FastAPI, Request
from google.protobuf.wrappers_pb2 import Int32Value, StringValue

from lab import (
    Rendezvous,
    Tls,
    async_client,
    fastapi_app,
    free_port,
    in_words,
    json_or_text,
    patience,
    serve,
    stand_in,
    tls,
)

# Seconds that a start, a stop, a request or a call may take on a quiet machine.
PATIENCE = 2.5


class Waiting:
    """Waits for the answer of 12.2.3: once in vain, and then only briefly.

    So an answer that hangs does not take the whole patience in each test.
    """

    answer: object = None
    in_vain: ClassVar[set[object]] = set()

    @classmethod
    def seconds(cls) -> float:
        """Return how many seconds a test waits on a quiet machine."""
        return 0.3 if cls.answer in cls.in_vain else PATIENCE

    @classmethod
    def patience(cls) -> float:
        """Return for how many seconds a test waits now."""
        return patience(cls.seconds())

    @classmethod
    def was_in_vain(cls) -> None:
        """Remember that a test has waited for the answer in vain."""
        if cls.answer is not None:
            cls.in_vain.add(cls.answer)


class Cinema:
    """The application of 12.2.1, and what it has seen."""

    def __init__(self) -> None:
        self.connections: set[int] = set()
        self.six = Rendezvous(6)
        self.trailer: futures.Future[None] = futures.Future()
        self.over: futures.Future[None] = futures.Future()
        self.app = FastAPI()
        self.app.add_api_route("/films/{number}", self.film)
        self.app.add_api_route("/trailer", self.play)
        self.app.add_api_route("/prices", lambda: 9)

    async def film(self, request: Request) -> None:
        """Return when six requests run."""
        self.connections.add(request.scope["client"][1])  # the client's port
        await self.six.wait_async()

    async def play(self) -> None:
        """Return when the test says so."""
        self.trailer.set_result(None)
        await asyncio.wrap_future(self.over)


class Secure(hypercorn.Config):
    """A configuration of Hypercorn with a certificate that is not in a file."""

    ssl_enabled = True

    def __init__(self, certificates: Tls) -> None:
        self._context = certificates.server

    def create_ssl_context(self) -> ssl.SSLContext:
        """Return the server's side of TLS, with the versions that Hypercorn offers."""
        self._context.set_alpn_protocols(self.alpn_protocols)
        return self._context


@asynccontextmanager
async def hypercorn_serving(
    app: FastAPI, certificates: Tls | None
) -> AsyncIterator[str]:
    """Yield the URL at which Hypercorn serves `app`."""
    config = Secure(certificates) if certificates else hypercorn.Config()
    config.errorlog = None
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    config.bind = [f"fd://{listener.detach()}"]
    stop = asyncio.Event()
    running = asyncio.create_task(
        hypercorn.asyncio.serve(app, config, shutdown_trigger=stop.wait)
    )
    try:
        yield f"{'https' if certificates else 'http'}://127.0.0.1:{port}"
    finally:
        stop.set()
        await running


async def measured(http: httpx.AsyncClient, cinema: Cinema, what: str) -> object:
    """Return what a client sees in one of the runs."""
    if what == "version":
        return (await http.get("/prices")).http_version
    if what == "connections":
        await asyncio.gather(*(http.get(f"/films/{n}") for n in range(6)))
        return len(cinema.connections)
    order = []

    async def request(path: str) -> None:
        await http.get(path)
        order.append(path)

    trailer = asyncio.create_task(request("/trailer"))
    await asyncio.wrap_future(cinema.trailer)
    await asyncio.wait([asyncio.create_task(request("/prices"))], timeout=30)
    cinema.over.set_result(None)
    await trailer
    return order


async def real_run(blank: str) -> object:
    """Return what really happens in the run of a blank."""
    what, _, server = blank.partition(", ")
    cinema, certificates = Cinema(), tls()

    async def visit(url: str) -> object:
        limits = httpx.Limits(max_connections=1 if what == "order" else None)
        async with httpx.AsyncClient(
            http2=True,
            base_url=url,
            limits=limits,
            verify=certificates.client,
            timeout=30,
            trust_env=False,
        ) as http:
            return await measured(http, cinema, what)

    if server == "Uvicorn":
        with serve(cinema.app, tls=certificates) as uvicorn:
            return await visit(uvicorn.url)
    secure = None if server.endswith("without TLS") else certificates
    async with hypercorn_serving(cinema.app, secure) as url:
        return await visit(url)


@cache
def seen_in_run(blank: str) -> object:
    """Return what really happens; no answer has a part in it."""
    return asyncio.run(real_run(blank))


VERSION, NUMBER = '"HTTP/1.1" or "HTTP/2"', "a number, an `int`"
ORDER = "a list of the two paths"
LOOK_AT = {
    "version, Uvicorn": (VERSION, "which versions of HTTP Uvicorn speaks"),
    "version, Hypercorn": (VERSION, "which versions of HTTP Hypercorn speaks"),
    "version, Hypercorn without TLS": (
        VERSION,
        "when client and server agree on a version",
    ),
    "connections, Uvicorn": (
        NUMBER,
        "how many requests at a time a connection of HTTP/1.1 carries",
    ),
    "connections, Hypercorn": (
        NUMBER,
        "how many requests at a time a connection of HTTP/2 carries",
    ),
    "order, Hypercorn": (ORDER, "whether a slow response holds up the next one"),
}


@pytest.mark.parametrize("blank", LOOK_AT)
def test_q1_the_runs_are_predicted(answers: Any, blank: str) -> None:
    predictions = answers.http_runs()
    is_there = isinstance(predictions, dict) and blank in predictions
    assert is_there, (
        f"`http_runs()` returned {in_words(predictions)}, without {blank!r}. The "
        "docstring asks for the six predictions of the stub. Look at what the function "
        "returns."
    )
    predicted = predictions[blank]
    form, look_at = LOOK_AT[blank]
    value = list(predicted) if isinstance(predicted, tuple) else predicted
    is_right = value == seen_in_run(blank) and not isinstance(value, bool)
    assert is_right, (
        f"{blank!r}: you predicted {in_words(predicted)}. The real run came out "
        f"differently. The docstring asks for {form}. Look at {look_at}."
    )


# Addresses of this machine.
HOSTS = ["127.0.0.1", "127.0.0.2", "::1"]


def can_bind(host: str) -> bool:
    """Return whether a server on this machine can listen at this address."""
    with socket.socket() as probe:
        try:
            probe.bind((host, 0))
        except OSError:
            return False
    return True


Handle = Callable[[str, Any], int]


class Service:
    """A running gRPC service `Seats`: its address, and the calls it received."""

    def __init__(self, handle: Handle) -> None:
        self.target = ""
        self.calls: list[str] = []
        self.remaining: list[float] = []
        self._handle = handle

    def count(self, request: Any, context: Any) -> Any:
        """Handle a call."""
        self.calls.append(request.value)
        self.remaining.append(context.time_remaining())
        return Int32Value(value=self._handle(request.value, context))


@contextmanager
def seats_service(handle: Handle, address: str = "127.0.0.1:0") -> Iterator[Service]:
    """Yield a gRPC service that returns what `handle` does, in threads of its own."""
    service = Service(handle)
    method = grpc.unary_unary_rpc_method_handler(
        service.count, StringValue.FromString, Int32Value.SerializeToString
    )
    handlers = grpc.method_handlers_generic_handler(
        "cinema.Seats", {"CountFree": method}
    )
    with futures.ThreadPoolExecutor(4) as threads:
        server = grpc.server(threads, (handlers,))
        port = server.add_insecure_port(address)
        service.target = f"{address.rpartition(':')[0]}:{port}"
        server.start()
        try:
            yield service
        finally:
            server.stop(None).wait()


BOTH = "The docstring asks for an application that starts and stops."


async def in_time(step: Any, what: str, asks: str = BOTH) -> Any:
    """Await a start or a stop of the application."""
    came = f"was not over after {Waiting.seconds():g} s"
    reason: Exception | None = None
    try:
        async with asyncio.timeout(Waiting.patience()) as limit:
            return await step
    except Exception as error:
        if isinstance(error, NotImplementedError):
            raise
        if not limit.expired():
            came, reason = f"raised {in_words(error)}", error
        else:
            Waiting.was_in_vain()
    raise AssertionError(
        f"The {what} of the application {came}. {asks} Look at `lifespan`."
    ) from reason


class Running:
    """An application that has been started; `http` is its client."""

    def __init__(self, app: FastAPI) -> None:
        self._client: AbstractAsyncContextManager[Any] = async_client(
            app, lifespan=True
        )
        self.http: httpx2.AsyncClient

    async def start(self, asks: str = BOTH) -> None:
        """Start the application."""
        self.http = await in_time(self._client.__aenter__(), "start", asks)

    async def stop(self, asks: str = BOTH) -> None:
        """Stop the application."""
        await in_time(self._client.__aexit__(None, None, None), "stop", asks)


@asynccontextmanager
async def running(app: FastAPI, asks: str = BOTH) -> AsyncIterator[httpx2.AsyncClient]:
    """Yield a client of `app`, which is started before and stopped afterwards."""
    run = Running(app)
    await run.start(asks)
    try:
        yield run.http
    except BaseException:
        with suppress(AssertionError):
            await run.stop()
        raise
    await run.stop()


async def get(http: httpx2.AsyncClient, screening: str) -> tuple[Any, Any, str]:
    """Return status code and body of a response, and both in words.

    As a server does, take an exception that leaves the application for 500.
    """
    try:
        async with asyncio.timeout(patience(PATIENCE)) as limit:
            response = await http.get(f"/screenings/{screening}/seats")
    except Exception as error:
        if isinstance(error, NotImplementedError):
            raise
        if limit.expired():
            return None, None, f"returned nothing for {PATIENCE:g} s"
        return 500, None, f"raised {in_words(error)}"
    kind = response.headers.get("content-type", "")
    is_json = kind.startswith("application/json")
    body = json_or_text(response) if is_json else f"{response.text} as {kind}"
    return response.status_code, body, f"returned {response.status_code} and {body!r}"


def booking_app(answers: Any, target: str, deadline: float = 1000.0) -> FastAPI:
    """Return the application of 12.2.2."""
    app = answers.booking_app(target, deadline)
    return fastapi_app(app, "booking_app(target, deadline)")


def check_number(seen: tuple[Any, Any, str], screening: str, number: int) -> None:
    """Check that a response has this number."""
    status, body, came = seen
    is_right = status == 200 and body == number and type(body) is int
    assert is_right, (
        f"`CountFree` returned {number} for {screening!r}, and `GET /screenings/"
        f"{screening}/seats` {came}. The docstring asks for 200 and the number as "
        "JSON. Look at what the endpoint calls and returns."
    )


async def check(http: httpx2.AsyncClient, screening: str, number: int) -> None:
    """Check that a request returns this number."""
    check_number(await get(http, screening), screening, number)


NUMBERS = {"alien": 3, "metropolis": 0, "amélie": 2**31 - 1, "7": 300}
NUMBERS |= {" Romeo + Juliet ": 1}


async def test_q2_the_number_of_the_service_is_returned(answers: Any) -> None:
    with seats_service(lambda screening, _: NUMBERS.get(screening, -1)) as service:
        async with running(booking_app(answers, service.target)) as http:
            for screening, number in NUMBERS.items():
                service.calls.clear()
                seen = await get(http, screening)
                assert service.calls in ([], [screening]), (
                    f"`GET /screenings/{screening}/seats` called `CountFree` with "
                    f"{in_words(service.calls)}. The docstring asks for one call with "
                    "the screening from the path. Look at the message that you send."
                )
                check_number(seen, screening, number)


async def test_q2_each_request_makes_one_call(answers: Any) -> None:
    with seats_service(lambda *_: len(service.calls)) as service:
        async with running(booking_app(answers, service.target)) as http:
            assert service.calls == [], (
                f"The start of the application called `CountFree` with "
                f"{in_words(service.calls)}. The docstring asks for one call for each "
                "request. Look at `lifespan`."
            )
            for number in (1, 2, 3):
                await check(http, "alien", number)
            await asyncio.gather(get(http, "alien"), get(http, "alien"))
    assert service.calls == ["alien"] * 5, (
        "Three requests were sent one after the other, and then two at the same time. "
        f"They called `CountFree` with {in_words(service.calls)}. The docstring asks "
        "for one call for each request. Look at the endpoint."
    )


@pytest.fixture
def channels(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return a list that gets each `grpc.aio` channel that is opened."""
    opened: list[Any] = []
    kind = grpc.aio._channel.Channel
    original = kind.__init__

    def opening(self: Any, *arguments: Any, **named: Any) -> None:
        original(self, *arguments, **named)
        opened.append(self)

    monkeypatch.setattr(kind, "__init__", opening)
    return opened


def check_channels(channels: list[Any], asked: int, when: str) -> None:
    """Check how many channels were opened until now."""
    assert len(channels) == asked, (
        f"{when}, the number of opened `grpc.aio` channels was {len(channels)}, not "
        f"{asked}. "
        "The docstring asks for one channel, opened when the application starts and "
        "used for all requests. Look at where you open it."
    )


FAILURES = ["UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL"]


async def test_q2_one_channel_is_opened_at_the_start(
    answers: Any, channels: list[Any]
) -> None:
    def count(screening: str, context: Any) -> int:
        if screening in FAILURES:
            context.abort(grpc.StatusCode[screening], "Look at the log.")
        return 5

    with seats_service(count) as service:
        app = booking_app(answers, service.target)
        check_channels(channels, 0, "Before the start")
        async with running(app) as http:
            check_channels(channels, 1, "After the start")
            for _ in range(2):
                await asyncio.gather(check(http, "alien", 5), check(http, "kid", 5))
            check_channels(channels, 1, "After four requests")
            for name in FAILURES:
                await get(http, name)
                await check(http, "alien", 5)
                check_channels(channels, 1, f"After a call that failed with {name}")


@pytest.mark.parametrize("fails", [False, True], ids=["success", "failure"])
async def test_q2_the_channel_is_closed_at_the_stop(
    answers: Any, channels: list[Any], fails: bool
) -> None:
    def count(_: str, context: Any) -> int:
        if fails:
            context.abort(grpc.StatusCode.INTERNAL, "The disk is full.")
        return 5

    with seats_service(count) as service:
        async with running(booking_app(answers, service.target)) as http:
            await get(http, "alien")
            check_channels(channels, 1, "After a request")
        state = channels[0].get_state()
    assert state is grpc.ChannelConnectivity.SHUTDOWN, (
        f"After the stop of the application, the channel was {state.name}. The "
        "docstring asks that the application closes the channel. Look at what "
        "`lifespan` does after `yield`."
    )


async def test_q2_the_application_can_start_again(answers: Any) -> None:
    with seats_service(lambda *_: 5) as service:
        app = booking_app(answers, service.target)
        for _ in range(2):
            async with running(app) as http:
                await check(http, "alien", 5)


async def test_q2_two_applications_have_their_own_service(answers: Any) -> None:
    with ExitStack() as stack:
        one = stack.enter_context(seats_service(lambda *_: 1))
        # The same port at another address, where the system has one.
        other_host = one.target.replace(HOSTS[0], HOSTS[1])
        address = other_host if can_bind(HOSTS[1]) else f"{HOSTS[0]}:0"
        two = stack.enter_context(seats_service(lambda *_: 2, address))
        first, second = (booking_app(answers, each.target) for each in (one, two))
        async with running(first) as http, running(second) as other:
            await check(http, "alien", 1)
            await check(other, "alien", 2)
            await check(http, "alien", 1)


async def test_q2_requests_at_the_same_time_are_not_blocked(answers: Any) -> None:
    both = Rendezvous(2)

    def count(*_: Any) -> int:
        both.wait()
        return 5

    with seats_service(count) as service:
        async with running(booking_app(answers, service.target)) as http:
            await asyncio.gather(*(check(http, name, 5) for name in ("alien", "kid")))
    assert both.most == 2, (
        "Two requests were sent at the same time, and their calls ran one after the "
        "other. The docstring asks for one `grpc.aio` channel, which many calls use at "
        "the same time. Look at how the endpoint waits."
    )


@pytest.mark.parametrize("deadline", [1000.0, 5000.0])
async def test_q2_the_deadline_is_sent_to_the_service(
    answers: Any, deadline: float
) -> None:
    with seats_service(lambda *_: 5) as service:
        async with running(booking_app(answers, service.target, deadline)) as http:
            for _ in range(2):
                await check(http, "alien", 5)
    # gRPC rounds a deadline on its way; without one, it shows about 292 years.
    seen = ["none" if left > 1e9 else f"{left:.0f} s" for left in service.remaining]
    assert all(0.9 < left / deadline < 1.1 for left in service.remaining), (
        f"With `deadline={deadline}`, two calls arrived with these deadlines: {seen}. "
        "The docstring asks for `deadline` seconds for each call. Look at how you call "
        "`CountFree`."
    )


async def test_q2_a_call_beyond_its_deadline_returns_504(answers: Any) -> None:
    deadline = 0.4

    def count(screening: str, context: Any) -> int:
        over: futures.Future[None] = futures.Future()
        context.add_callback(lambda: over.set_result(None))
        with suppress(TimeoutError):
            over.result(deadline * (2 if screening == "alien" else 0.25))
        return 5

    with seats_service(count) as service:
        async with running(booking_app(answers, service.target, deadline)) as http:
            status, _, came = await get(http, "alien")
            _, body, then = await get(http, "kid")
    assert status == 504, (
        f"The service took twice as long as the deadline, and the request {came}. "
        "`STATUS_CODES` has 504 for DEADLINE_EXCEEDED. Look at the deadline of the "
        "call, and at what the endpoint does with the exception."
    )
    assert body == 5, (
        f"With `deadline={deadline}`, a call took too long. The next one took "
        f"{deadline / 4} s, and its request {then}. The docstring asks for `deadline` "
        "seconds for each call. Look at how you call `CountFree`."
    )


def aborts(service: Service, context: Any, name: str) -> int:
    """Abort the second call, and return a number for the others."""
    if len(service.calls) == 2:
        context.abort(grpc.StatusCode[name], "Look at the log.")
    return 5


async def failed(answers: Any, name: str) -> tuple[int, str]:
    """Return the status code of a request whose call fails, and what came in words.

    The same request succeeds before and afterwards.
    """
    with seats_service(lambda _, context: aborts(service, context, name)) as service:
        async with running(booking_app(answers, service.target)) as http:
            await check(http, "alien", 5)
            status, _, came = await get(http, "alien")
            calls = service.calls[1:]
            assert calls == ["alien"], (
                f"The call failed with {name}, and the request called `CountFree` with "
                f"{in_words(calls)}. The docstring asks for one call. Look at what the "
                "endpoint does then."
            )
            await check(http, "alien", 5)
    return status, came


@pytest.mark.parametrize("name", ["NOT_FOUND", "UNAVAILABLE", "DEADLINE_EXCEEDED"])
async def test_q2_a_status_of_grpc_becomes_a_status_code(
    answers: Any, name: str
) -> None:
    asked = {"NOT_FOUND": 404, "UNAVAILABLE": 503, "DEADLINE_EXCEEDED": 504}[name]
    status, came = await failed(answers, name)
    assert status == asked, (
        f"The call failed with {name}, and the request {came}. `STATUS_CODES` has "
        f"{asked} for it. Look at what the endpoint does with the exception."
    )


# A call that its service ends with CANCELLED raises another exception.
WITHOUT_A_CODE = {code.name for code in grpc.StatusCode} - {
    *("OK", "CANCELLED", "NOT_FOUND", "UNAVAILABLE", "DEADLINE_EXCEEDED")
}


async def test_q2_each_other_status_of_grpc_returns_500(answers: Any) -> None:
    def count(screening: str, context: Any) -> int:
        context.abort(grpc.StatusCode[screening], "Look at the log.")
        return 5  # not reached

    await failed(answers, "INTERNAL")
    with seats_service(count) as service:
        async with running(booking_app(answers, service.target)) as http:
            for name in sorted(WITHOUT_A_CODE):
                status, _, came = await get(http, name)
                assert status == 500, (
                    f"The call failed with {name}, and the request {came}. "
                    "`STATUS_CODES` does not have it, so the docstring asks for 500. "
                    "Look at what the endpoint does with the exception."
                )


STARTS = "The docstring asks that it also starts while the service is not running."


async def test_q2_a_service_that_is_not_running_returns_503(
    answers: Any, channels: list[Any]
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # nobody listens there
        target = f"127.0.0.1:{closed.getsockname()[1]}"
        app = booking_app(answers, target, patience(PATIENCE))
        async with running(app, STARTS) as http:
            status, _, came = await get(http, "alien")
            if status == 503:
                status, _, came = await get(http, "alien")
    assert status == 503, (
        f"The service was not running, and the request {came}. `STATUS_CODES` has 503 "
        "for UNAVAILABLE. Look at how you call `CountFree`, and at what the endpoint "
        "does with the exception."
    )
    check_channels(channels, 1, "After two requests while the service was not running")


async def test_q2_a_service_that_starts_later_is_called(answers: Any) -> None:
    target = f"{HOSTS[0]}:{free_port()}"
    async with running(booking_app(answers, target), STARTS) as http:
        with seats_service(lambda *_: 5, target):
            with suppress(TimeoutError):
                # A channel that has tried to connect too early waits a second.
                async with asyncio.timeout(patience(PATIENCE)):
                    while (await get(http, "alien"))[0] == 503:  # noqa: ASYNC110
                        await asyncio.sleep(0.05)
            status, _, came = await get(http, "alien")
    assert status == 200, (
        "The service started after the application. After that, the request "
        f"{came}. The docstring asks for 503 until the service runs, and for a call of "
        "`CountFree` for each request. Look at what `lifespan` does while the service "
        "is not running."
    )


class Hall:
    """Stands for the table of the screenings.

    A call for a screening that begins with "held" waits until it is released.
    """

    def __init__(self, answers: Any) -> None:
        self.loops: list[object] = []
        self.entered: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.release: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.cancelled: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.order: list[str] = []  # the calls that were cancelled, the first one first
        self.add_seats = answers.add_seats
        self._unknown = answers.NoScreening
        stand_in(answers.free_seats, self.free_seats)

    async def free_seats(self, screening: str) -> int:
        """Return the number of free seats."""
        self.loops.append(asyncio.get_running_loop())
        if screening == "unknown":
            raise self._unknown(screening)
        if screening.startswith("held"):
            self.entered[screening].set()
            try:
                await self.release[screening].wait()
            except asyncio.CancelledError:
                self.cancelled[screening].set()
                self.order.append(screening)
                raise
        return len(screening)


@asynccontextmanager
async def channel_to(address: str) -> AsyncIterator[grpc.aio.Channel]:
    """Yield a channel that shares no connection with other channels."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    async with grpc.aio.insecure_channel(address, options) as channel:
        yield channel


async def call(
    channel: grpc.aio.Channel, screening: str, deadline: float | None = None
) -> object:
    """Return what `CountFree` returns, or the name of the gRPC status."""
    method = channel.unary_unary(
        "/cinema.Seats/CountFree", StringValue.SerializeToString, Int32Value.FromString
    )
    request = StringValue(value=screening)
    try:
        deadline = deadline or Waiting.patience()
        return (await method(request, timeout=deadline)).value
    except grpc.aio.AioRpcError as error:
        if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
            Waiting.was_in_vain()
        return error.code().name
    except asyncio.CancelledError:
        return "CANCELLED"


async def new_call(address: str, screening: str) -> object:
    """Return the result of a call over a new channel."""
    async with channel_to(address) as channel:
        return await call(channel, screening)


@asynccontextmanager
async def held_call(
    hall: Hall, channel: grpc.aio.Channel, name: str = "held"
) -> AsyncIterator["asyncio.Task[object]"]:
    """Yield a call that runs, and release it afterwards."""
    held = asyncio.create_task(call(channel, name, 60))
    entered = asyncio.create_task(hall.entered[name].wait())
    either = asyncio.FIRST_COMPLETED
    seconds = Waiting.seconds()
    done, _ = await asyncio.wait(
        [entered, held], timeout=patience(seconds), return_when=either
    )
    if not done:
        Waiting.was_in_vain()
    try:
        came = repr(held.result()) if held.done() else f"nothing for {seconds:g} s"
        assert entered.done(), (
            f"`CountFree` returned {came}. The docstring asks for a gRPC server at "
            "`address` that serves `Seats`. Look at `lifespan`, before `yield`."
        )
        yield held
    finally:
        hall.release[name].set()
        entered.cancel()
        _, late = await asyncio.wait([held], timeout=Waiting.patience())
        if late:
            Waiting.was_in_vain()
        held.cancel()


NewApp = Callable[..., tuple[FastAPI, str]]


def listening() -> set[str]:
    """Return the addresses at which this process listens."""
    found = set()
    for number in range(1024):
        with suppress(OSError):
            if not stat.S_ISSOCK(os.fstat(number).st_mode):
                continue
            with socket.socket(fileno=os.dup(number)) as one:
                if one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                    host, port = one.getsockname()[:2]
                    found.add(f"{host.removeprefix('::ffff:')}:{port}")
    return found


@pytest.fixture
async def cinema_app(
    answers: Any, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[NewApp]:
    """Yield a function that returns an application of 12.2.3 and its address.

    Servers that the application does not stop are stopped afterwards.
    """
    servers: list[Any] = []
    kind = grpc.aio._server.Server
    original, add_port, stop = kind.__init__, kind.add_insecure_port, kind.stop

    def created(self: Any, *arguments: Any, **named: Any) -> None:
        original(self, *arguments, **named)
        servers.append(self)

    async def stopped(self: Any, grace: float | None) -> None:
        self.has_stopped = True
        await stop(self, grace)

    def added(self: Any, address: str) -> int:
        # gRPC ends the process here.
        if hasattr(self, "has_stopped"):
            raise RuntimeError("a server that has stopped cannot start again")
        return add_port(self, address)

    monkeypatch.setattr(kind, "__init__", created)
    monkeypatch.setattr(kind, "stop", stopped)
    monkeypatch.setattr(kind, "add_insecure_port", added)

    def new_app(
        grace: float = 0.5, host: str = HOSTS[0], port: int = 0
    ) -> tuple[FastAPI, str]:
        address = f"{host}:{port or free_port()}"
        code = getattr(answers.cinema_app, "__code__", None)
        monkeypatch.setattr(Waiting, "answer", code)
        app = answers.cinema_app(address, grace)
        return fastapi_app(app, "cinema_app(address, grace)"), address

    yield new_app
    loop = asyncio.get_running_loop()
    for server in (one for one in servers if one._loop is loop):
        # A stop that was cancelled before leaves a cancelled future in the server.
        await asyncio.wait([asyncio.create_task(server.stop(None))])


def accepts(address: str, host: str = "") -> bool:
    """Return whether a client can connect at this moment."""
    own, _, port = address.rpartition(":")
    try:
        socket.create_connection((host or own, int(port)), 1).close()
    except OSError:
        return False
    return True


async def check_calls(address: str, why: str) -> None:
    """Check a call that succeeds and one that does not."""
    for screening, asked in {"alien": 5, "unknown": "NOT_FOUND"}.items():
        seen = await new_call(address, screening)
        assert seen == asked, (
            f"{why}: `CountFree` for {screening!r} returned {seen!r}, not {asked!r}. "
            "The docstring asks for a gRPC server at `address` that serves `Seats`. "
            "Look at `lifespan`, before `yield`."
        )


async def test_q3_http_and_grpc_are_served_at_the_same_time(
    answers: Any, cinema_app: NewApp
) -> None:
    hall = Hall(answers)
    app, address = cinema_app()
    async with running(app) as http, channel_to(address) as channel:
        await check_calls(address, "While the application ran")
        async with held_call(hall, channel):
            await check_calls(address, "While another call ran")
            statuses = [(await get(http, name))[0] for name in ("alien", "unknown")]
    asked = [200, 404]
    assert statuses == asked, (
        f"While a call ran, two requests over HTTP returned {in_words(statuses)}, not "
        f"{asked}. The docstring asks for a server beside the application. Look at "
        "`lifespan`."
    )


async def test_q3_the_server_runs_in_the_event_loop_of_the_app(
    answers: Any, cinema_app: NewApp
) -> None:
    hall = Hall(answers)
    app, address = cinema_app()
    async with running(app):
        await check_calls(address, "While the application ran")
    is_same = {id(loop) for loop in hall.loops} == {id(asyncio.get_running_loop())}
    assert is_same, (
        "A call ran in another event loop than the application. The docstring asks for "
        "a `grpc.aio` server in the same event loop. Look at how you create the server."
    )


async def test_q3_the_server_listens_from_start_to_stop(
    answers: Any, cinema_app: NewApp
) -> None:
    app, address = cinema_app()
    seen = {"before the start": accepts(address)}
    async with running(app):
        seen["after the start"] = accepts(address)
    seen["after the stop"] = accepts(address)
    asked = {"before the start": False, "after the start": True}
    asked |= {"after the stop": False}
    for when, is_there in asked.items():
        assert seen[when] == is_there, (
            f"A client {'could' if seen[when] else 'could not'} connect to `address` "
            f"{when} of the application. The docstring asks for a server that has "
            "started when the start is over, and stopped when the stop is over. Look "
            "at `lifespan`."
        )


@pytest.mark.parametrize("host", HOSTS[:2])
async def test_q3_the_server_listens_at_this_address_only(
    answers: Any, cinema_app: NewApp, host: str
) -> None:
    # Not every system has the second address.
    own = host if can_bind(host) else HOSTS[0]
    app, address = cinema_app(host=own)
    before = listening()
    async with running(app):
        seen = [one for one in HOSTS if accepts(address, one)]
        more = listening() - before - {address}
    assert seen == [own], (
        f"With the address {address!r}, clients could connect to {in_words(seen)}. "
        f"The docstring asks for {own} only. Look at the port that you add."
    )
    assert not more, (
        f"With the address {address!r}, the application also listened at "
        f"{in_words(sorted(more))}. The docstring asks for a server that listens at "
        "`address` only. Look at the ports that you add."
    )


async def test_q3_the_start_raises_when_the_address_is_taken(
    cinema_app: NewApp,
) -> None:
    with socket.create_server((HOSTS[0], 0)) as taken:
        app, address = cinema_app(port=taken.getsockname()[1])
        came = "the application started all the same"
        try:
            async with asyncio.timeout(patience(PATIENCE)) as limit:
                async with async_client(app, lifespan=True):
                    pass
        except NotImplementedError:
            raise
        except Exception:
            if not limit.expired():
                return
            came = f"the start was not over after {PATIENCE:g} s"
    raise AssertionError(
        f"Another program listened at {address!r}, and {came}. The docstring asks for "
        "an error if the server cannot listen there. Look at what your code does with "
        "an exception."
    )


async def test_q3_two_applications_have_their_own_server(
    answers: Any, cinema_app: NewApp
) -> None:
    Hall(answers)
    (first, one), (second, two) = cinema_app(), cinema_app()
    async with running(first):
        async with running(second):
            await check_calls(one, "Two applications ran, and for the first one")
            await check_calls(two, "Two applications ran, and for the second one")
        await check_calls(one, "After the second of two applications had stopped")


AGAIN = "The docstring asks that the application can start again after it has stopped."


async def test_q3_the_application_can_start_again(
    answers: Any, cinema_app: NewApp
) -> None:
    Hall(answers)
    app, address = cinema_app()
    for time in ("first", "second"):
        async with running(app, AGAIN):
            await check_calls(address, f"After the {time} start")


async def refused(address: str) -> bool:
    """Return whether the server refuses connections before the patience ends."""
    with suppress(TimeoutError):
        async with asyncio.timeout(Waiting.patience()):
            while accepts(address):  # noqa: ASYNC110 - the server tells nobody
                await asyncio.sleep(0.005)
            return True
    return False


async def stopping(answers: Any, address: str, run: Running) -> dict[str, object]:
    """Stop an application while a call runs, and return what happens."""
    hall = Hall(answers)
    async with channel_to(address) as channel, held_call(hall, channel) as held:
        stop = asyncio.create_task(run.stop())
        seen: dict[str, object] = {"refuses new connections": await refused(address)}
        seen["result of a new call"] = await new_call(address, "alien")
        seen["stop is over before the running call"] = stop.done()
        hall.release["held"].set()
        await asyncio.wait([held], timeout=Waiting.patience())
        seen["result of the running call"] = held.result() if held.done() else None
        await asyncio.wait([stop])
        seen["stop is over after the running call"] = stop.exception() is None
    return seen


async def test_q3_a_running_call_ends_and_a_new_one_is_refused(
    answers: Any, cinema_app: NewApp
) -> None:
    app, address = cinema_app(grace=60.0)
    run = Running(app)
    await run.start()
    seen = await stopping(answers, address, run)
    asked = {
        "refuses new connections": True,
        "result of a new call": "UNAVAILABLE",
        "stop is over before the running call": False,
        "result of the running call": 4,
        "stop is over after the running call": True,
    }
    for what, value in asked.items():
        assert seen[what] == value, (
            "The application stopped while a call ran, with `grace=60.0`. "
            f"{what!r}: {in_words(seen[what])}, not {value!r}. The docstring asks to "
            "refuse new calls, and to wait for running calls. Look at `lifespan`, "
            "after `yield`."
        )


async def seconds_until(event: asyncio.Event) -> float:
    """Return how long an event takes, or infinity if it does not come."""
    loop = asyncio.get_running_loop()
    begin = loop.time()
    try:
        await asyncio.wait_for(event.wait(), 2 * Waiting.patience())
    except TimeoutError:
        return float("inf")
    return loop.time() - begin


@asynccontextmanager
async def late_server(
    hall: Hall, address: str, name: str, grace: float
) -> AsyncIterator[None]:
    """Stop a server of the test, while a call runs, when `address` is stopping."""
    server = grpc.aio.server()
    hall.add_seats(server)
    port = server.add_insecure_port(f"{HOSTS[0]}:0")
    await server.start()

    async def stop() -> None:
        released = hall.release[name].is_set
        while accepts(address) and not released():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        await server.stop(grace)

    async with (
        channel_to(f"{HOSTS[0]}:{port}") as channel,
        held_call(hall, channel, name),
    ):
        stopping = asyncio.create_task(stop())
        try:
            yield
        finally:
            hall.release[name].set()
            await stopping


async def stopped_with(app: FastAPI, address: str, hall: Hall, grace: float) -> float:
    """Stop an application while a call runs; return when the call is cancelled.

    Another server, which has half as long again, stops at the same time.
    """
    run, name, over = Running(app), f"held {grace}", asyncio.Event()
    await run.start()
    async with (
        channel_to(address) as channel,
        held_call(hall, channel, name),
        late_server(hall, address, f"{name} late", 1.5 * grace),
    ):
        cancelled = asyncio.create_task(seconds_until(hall.cancelled[name]))
        stopped = asyncio.create_task(seconds_until(over))
        await asyncio.sleep(0)  # both clocks run
        await run.stop(
            "A call ran, and the docstring asks to cancel it after `grace` seconds, "
            f"here {grace}."
        )
        over.set()
        seconds = await stopped
        assert seconds > 0.9 * grace, (
            f"With `grace={grace}`, a call ran, and the stop of the application was "
            f"over after {seconds:.1f} s. The docstring gives running calls `grace` "
            "seconds, and the stop is over when the server has stopped. Look at "
            "`lifespan`, after `yield`."
        )
        return await cancelled


async def test_q3_a_running_call_is_cancelled_after_the_grace(
    answers: Any, cinema_app: NewApp
) -> None:
    hall = Hall(answers)
    short, long = 0.4, 1.2
    stops = (stopped_with(*cinema_app(each), hall, each) for each in (short, long))
    first, second = await asyncio.gather(*stops)
    shown = [f"after {one:.1f} s" if one < 60 else "never" for one in (first, second)]
    # The difference is the same on a machine that is busy, and so is the order.
    is_right = second < 60 and second - first > (long - short) / 2
    order = [name for name in hall.order if name.startswith(f"held {long}")]
    is_right = is_right and order[0] == f"held {long}"
    assert is_right, (
        f"Two applications stopped while calls ran. With `grace={short}`, the call was "
        f"cancelled {shown[0]}, and with `grace={long}` {shown[1]}. The docstring asks "
        "to cancel it after `grace` seconds. Look at `lifespan`, after `yield`."
    )
