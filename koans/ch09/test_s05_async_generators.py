"""The tests of section 9.5."""

import asyncio
import inspect
import socket
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import repeat
from typing import Any

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lab import (
    attempt,
    client,
    fastapi_app,
    in_words,
    outcome,
    returned_or_raised,
    serve,
    stand_in,
)

# Seconds that a wait lasts at most if nothing ends it.
PATIENCE = 10
# Looks at something that should have happened, and the seconds between them.
LOOKS, LOOK = 50, 0.02


class Station:
    """A station, and what was done with the generator of its readings."""

    def __init__(self, *readings: float, error: BaseException | None = None) -> None:
        self.taken = 0
        self.is_connected = False
        self.is_closed = False
        self._readings = readings
        self._error = error
        # Held here, so that it is closed by nobody but the answer.
        self.generator = self._read()

    async def _read(self) -> AsyncGenerator[float, None]:
        self.is_connected = True
        try:
            for celsius in self._readings:
                await asyncio.sleep(0)
                self.taken += 1
                yield celsius
            if self._error:
                raise self._error
        finally:
            await asyncio.sleep(0)
            self.is_closed = True


async def frost(answers: Any, station: Station) -> Any:
    """Return the generator that the answer makes of a station."""
    made = answers.frost(station.generator)
    if inspect.iscoroutine(made):
        await made  # raises NotImplementedError as long as the answer is open
    assert hasattr(made, "__anext__"), (
        f"`frost(readings)` is a {type(made).__name__}. The docstring asks for an "
        "async generator: an `async def` with `yield`. Look at what your function "
        "returns or yields."
    )
    return made


async def steps(generator: Any, count: int | None = None) -> Any:
    """Return the next values of a generator, all without `count`, or its exception."""
    values: list[object] = []
    try:
        while count is None or len(values) < count:
            values.append(await anext(generator))
    except StopAsyncIteration:
        return values
    except (Exception, asyncio.CancelledError) as error:
        return error
    return values


@pytest.mark.parametrize(
    "readings",
    [
        (),
        (3.0, 0.0, -0.0, 12.5),
        (3.0, -1.5, 0.0, -2.0),
        (-7.0, -7.0, -0.1, -9.5),
        (0.5, -3.0, 8.0, -3.0, -4.0, 1.0),
    ],
    ids=["none", "warm", "both", "frost", "same"],
)
async def test_q1_the_temperatures_below_zero_are_yielded(answers, readings):
    seen = await steps(await frost(answers, Station(*readings)))
    cold = [one for one in readings if one < 0]
    assert seen == cold, (
        f"The temperatures were {in_words(readings)}. `frost` gave {in_words(seen)}. "
        f"The docstring asks for each one below 0, in this order: {cold}. Look at your "
        "condition, and at what ends the loop."
    )


async def test_q1_nothing_is_taken_before_the_consumer_asks(answers):
    station = Station(-1.0, -2.0)
    generator = await frost(answers, station)
    for _ in range(10):
        await asyncio.sleep(0)
    early = station.is_connected
    seen = await steps(generator, 1)
    assert (early, seen) == (False, [-1.0]), (
        "`frost(readings)` was called, and the consumer had not asked for a value. "
        f"`readings` {'ran' if early else 'did not run'}; the first value was "
        f"{in_words(seen)}. The docstring asks to take nothing before that."
    )


@pytest.mark.parametrize(
    ("count", "taken"), [(1, 2), (2, 3), (3, 6)], ids=["first", "second", "third"]
)
async def test_q1_one_step_takes_no_more_than_it_needs(answers, count, taken):
    station = Station(2.0, -1.0, -2.0, 4.0, 0.0, -3.0, -4.0)
    generator = await frost(answers, station)
    seen = await steps(generator, count)
    for _ in range(10):
        await asyncio.sleep(0)
    assert (seen, station.taken) == ([-1.0, -2.0, -3.0][:count], taken), (
        f"Values that the consumer asked for: {count}. It received {in_words(seen)}. "
        f"Temperatures that were taken from `readings`: {station.taken}. The docstring "
        f"asks for {taken}: the next one is taken when the consumer asks for it."
    )


@pytest.mark.parametrize("count", [1, 2])
async def test_q1_a_consumer_that_stops_early_closes_the_readings(answers, count):
    station = Station(-1.0, -2.0, 4.0, -3.0)
    generator = await frost(answers, station)
    seen = await steps(generator, count)
    await generator.aclose()
    assert (seen, station.is_closed) == ([-1.0, -2.0][:count], True), (
        f"The consumer received {in_words(seen)}, and called `aclose()`. After that "
        f"`readings` was {'closed' if station.is_closed else 'not closed'}. The "
        "docstring asks to close it. Look at what runs when your generator is closed "
        "at its `yield`."
    )


@pytest.mark.parametrize(
    "error",
    [
        ConnectionError("the station is gone"),
        ValueError("no number"),
        asyncio.CancelledError(),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_q1_an_exception_of_the_readings_passes_through(answers, error):
    station = Station(-1.0, 2.0, error=error)
    seen = await steps(await frost(answers, station))
    assert seen is error, (
        f"`readings` yielded -1.0 and 2.0, and raised {in_words(error)}. `frost` "
        f"{returned_or_raised(seen)}. The docstring says that the exception passes "
        "through. Look at what you catch."
    )


async def test_q1_two_generators_are_independent(answers):
    stations = [Station(-1.0, -2.0), Station(-5.0, 1.0, -6.0)]
    generators = [await frost(answers, station) for station in stations]
    seen = [await steps(one, 1) for one in generators]
    await generators[0].aclose()
    seen.append(await steps(generators[1]))
    closed = [station.is_closed for station in stations]
    assert (seen, closed) == ([[-1.0], [-5.0], [-6.0]], [True, True]), (
        "Two generators took turns, and the first one was closed early. They gave "
        f"{in_words(seen)}; their `readings` were closed: {closed}. The docstring asks "
        "for the values of their own `readings`. Look at what they share."
    )


class Watched:
    """An application, and what it has sent.

    `lines` is how many lines the last response has so far, `over` is set when the
    application has done with a request.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.lines = 0
        self.over = threading.Event()
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        self.lines = 0

        async def note(message: Message) -> None:
            self.lines += bytes(message.get("body", b"")).count(b"\n")
            await send(message)

        try:
            await self._app(scope, receive, note)
        finally:
            self.over.set()


class Connection:
    """A connection to a station.

    `ahead` is how many temperatures at most were not sent when the next was asked for,
    `reached` is set when all temperatures were taken, or many of an endless station.
    """

    def __init__(
        self, readings: Iterator[float], at_end: Callable[[], Any], sent: Any
    ) -> None:
        self.taken = self.ahead = 0
        self.is_closed = self.has_ended = False
        self.reached = threading.Event()
        self._readings = readings
        self._at_end = at_end
        self._sent = sent

    async def receive(self) -> float | None:
        """Return the next temperature, or do what happens at the end."""
        await asyncio.sleep(0)
        if self.is_closed or self.has_ended:
            what = "the connection is closed" if self.is_closed else "None was returned"
            raise OSError(f"`receive()` was called, and {what}")
        self.ahead = max(self.ahead, self.taken - self._sent.lines)
        for celsius in self._readings:
            self.taken += 1
            if self.taken == 20:
                self.reached.set()
            return celsius
        self.reached.set()
        end = self._at_end()
        celsius = await end if inspect.isawaitable(end) else end
        self.has_ended = celsius is None
        return celsius

    def close(self) -> None:
        """Close the connection."""
        self.is_closed = True


class Live:
    """The application of 9.5.2, and the connections that it makes."""

    def __init__(self, answers: Any) -> None:
        app = attempt("`live_app()`", answers.live_app)
        self.app = Watched(fastapi_app(app, "live_app()"))
        self.names: list[str] = []
        self.connections: list[Connection] = []
        self.readings: Callable[[], Iterator[float]] = lambda: iter((4.5, 0.0, -3.5))
        self.at_end: Callable[[], Any] = lambda: None
        stand_in(answers.connect, self.connect)

    async def connect(self, name: str) -> Connection:
        """Connect to a station."""
        await asyncio.sleep(0)
        self.names.append(name)
        self.connections.append(Connection(self.readings(), self.at_end, self.app))
        return self.connections[-1]

    def get(self, name: str) -> Any:
        """Return status code, media type and body, or the exception of the response."""
        with client(self.app) as http:
            response = outcome(lambda: http.get(f"/stations/{name}/live"))
        if isinstance(response, Exception):
            return response
        media_type = response.headers.get("content-type", "").partition(";")[0]
        return response.status_code, media_type, response.text

    def closed(self) -> list[bool]:
        """Return of each connection whether it is closed."""
        return [one.is_closed for one in self.connections]


@pytest.fixture
def live(answers) -> Live:
    try:
        return Live(answers)
    except AssertionError as error:
        if isinstance(error.__cause__, NotImplementedError):
            raise error.__cause__ from None
        raise


@pytest.mark.parametrize(
    "readings", [(), (21.0,), (4.5, 0.0, -12.25, -12.25)], ids=["none", "one", "four"]
)
def test_q2_the_response_has_a_line_for_each_temperature(live, readings):
    live.readings = lambda: iter(readings)
    seen = live.get("oslo")
    body = "".join(f"{one}\n" for one in readings)
    assert seen == (200, "text/plain", body), (
        f"The station sent {in_words(readings)}, then None. The response was "
        f"{in_words(seen)}. The docstring asks for 200, `text/plain`, and the body "
        f"{body!r}. Look at each line and its end."
    )


def test_q2_a_station_can_be_silent_for_hours(live, monkeypatch):
    after_hours = iter([7.5])

    async def silence() -> float | None:
        loop = asyncio.get_running_loop()
        now = loop.time
        monkeypatch.setattr(loop, "time", lambda: now() + 36_000)
        for _ in range(10):
            await asyncio.sleep(0)
        return next(after_hours, None)

    live.at_end = silence
    seen = live.get("oslo")
    assert seen == (200, "text/plain", "4.5\n0.0\n-3.5\n7.5\n"), (
        "The station sent 4.5, 0.0, -3.5, and 7.5 when the clock of the event loop had "
        f"moved on by ten hours. The response was {in_words(seen)}. The docstring says "
        "that it can take hours. Look for a limit in seconds."
    )


def test_q2_each_line_is_sent_before_the_next_temperature_is_received(live):
    live.readings = lambda: iter([4.5, 0.0, -3.5] * 10)
    seen = live.get("oslo")
    ahead = max((one.ahead for one in live.connections), default=None)
    assert (live.app.lines, ahead) == (30, 0), (
        f"The station sent 30 temperatures; the response was {in_words(seen)}. Up to "
        f"{ahead} of them were received and not sent when `receive()` was called. "
        "The docstring asks to send each line before the next call. Look at what "
        "collects the lines."
    )


def test_q2_each_request_has_a_connection_of_its_own(live):
    names = ["oslo", "bergen", "oslo"]
    seen = [live.get(name) for name in names]
    bodies = [one[2] if isinstance(one, tuple) else one for one in seen]
    assert (live.names, bodies) == (names, ["4.5\n0.0\n-3.5\n"] * 3), (
        f"Requests for {names} connected to {live.names}. The bodies were "
        f"{in_words(bodies)}. The docstring asks to connect anew, to the station in "
        "the path. Look at where you connect."
    )


class Meeting:
    """Where a request waits for another one; `met` says of each whether it came."""

    def __init__(self) -> None:
        self.met: list[bool] = []
        self._both_wait = asyncio.Event()

    async def wait(self) -> None:
        """Wait until two requests wait at the same time, or until it is too late."""
        place = len(self.met)
        self.met.append(False)
        if len(self.met) == 2:
            self._both_wait.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._both_wait.wait(), PATIENCE)
        self.met[place] = self._both_wait.is_set()


def test_q2_two_requests_at_the_same_time_have_two_connections(live):
    meeting = Meeting()
    live.at_end = meeting.wait
    with serve(live.app) as server, ThreadPoolExecutor(1) as threads:

        def get() -> str:
            return server.client.get("/stations/oslo/live", timeout=3 * PATIENCE).text

        first = threads.submit(outcome, get)
        reached(live)
        second = outcome(get)
        bodies = [first.result(), second]
    assert (live.names, bodies) == (["oslo"] * 2, ["4.5\n0.0\n-3.5\n"] * 2), (
        "A second request came while the first one waited. `connect` was called for "
        f"{live.names}; the bodies were {in_words(bodies)}. The docstring asks to "
        "connect for each request. Look at what they share."
    )
    assert all(meeting.met), (
        "A second request for 'oslo' came while the first one waited for a "
        "temperature. It was not connected until the first response had ended. The "
        "docstring asks to connect also while another request is running. Look for a "
        "lock."
    )


@pytest.mark.parametrize("name", ["rome", "osl", "OSLO", "oslo1"])
def test_q2_an_unknown_station_returns_404(live, name):
    seen = live.get(name)
    status = seen[0] if isinstance(seen, tuple) else seen
    known = live.get("bergen")
    assert (status, live.names) == (404, ["bergen"]), (
        f"`GET /stations/{name}/live` gave {in_words(seen)}. Then `bergen` was asked "
        f"for. `connect` was called for {live.names}. The docstring asks for 404, and "
        "to connect to 'bergen' only. Look at what runs before the response begins."
    )
    assert known == (200, "text/plain", "4.5\n0.0\n-3.5\n"), (
        f"`GET /stations/bergen/live` gave {in_words(known)}. The docstring asks for "
        "the temperatures of a station that is in `STATIONS`."
    )


def test_q2_the_connection_is_closed_at_the_end(live):
    seen = [live.get("oslo"), live.get("bergen")]
    assert live.closed() == [True, True], (
        f"Two requests gave {in_words(seen)}. Then their connections were closed: "
        f"{live.closed()}. The docstring asks to close each one in the end. Look at "
        "what runs after the last line."
    )


def test_q2_the_connection_is_closed_after_an_exception(live):
    def fail() -> None:
        raise OSError("the station is gone")

    live.at_end = fail
    seen = live.get("oslo")
    passed = isinstance(seen, OSError)
    assert (passed, live.closed()) == (True, [True]), (
        "After three temperatures, `receive()` raised an OSError. The result was "
        f"{in_words(seen)}; closed: {live.closed()}. The docstring asks to close the "
        "connection, and that the exception passes through. Look at what runs then."
    )


@pytest.mark.parametrize("kind", ["waits", "sends"])
def test_q2_the_connection_is_closed_when_the_client_leaves(live, kind):
    live.at_end = lambda: asyncio.Event().wait()
    if kind == "sends":
        live.readings = lambda: repeat(4.5)
    with serve(live.app) as server:
        address = ("127.0.0.1", server.port)
        start = b""
        with socket.create_connection(address) as connection, suppress(OSError):
            connection.settimeout(PATIENCE)
            connection.sendall(b"GET /stations/oslo/live HTTP/1.1\r\nHost: lab\r\n\r\n")
            start = connection.recv(12) if reached(live) else b""
        is_over = bool(start) and live.app.over.wait(PATIENCE)
        for _ in range(LOOKS):
            if not start or live.closed() == [True]:
                break
            outcome(lambda: server.client.get("/"))  # lets the event loop turn
            time.sleep(LOOK)
        closed = live.closed()
    assert (start, closed) == (b"HTTP/1.1 200", [True]), (
        f"A client received {start!r} and left while the station "
        f"{'was silent' if kind == 'waits' else 'sent temperatures'}. The response had "
        f"{'' if is_over else 'not '}ended; connections that were closed: {closed}. "
        "The docstring asks to close it. Look at what runs when a wait is cancelled, "
        "and whether it waits again."
    )


def reached(live: Live) -> bool:
    """Wait until the endpoint has taken the temperatures; return whether it has."""
    for _ in range(LOOKS * 10):
        if live.connections:
            return live.connections[0].reached.wait(PATIENCE)
        time.sleep(LOOK)
    return False


class Consumer:
    """A consumer, and what it sees when it shows its first temperature."""

    def __init__(self, archive: Any) -> None:
        self.archive = archive
        self.shown = 0
        self.reads: int | None = None
        self.is_open: bool | None = None

    def show(self, celsius: float) -> None:
        """Show a temperature."""
        if self.shown == 0:
            self.reads, self.is_open = self.archive.reads, self.archive.is_open
        self.shown += 1


async def consume(answers: Any, kind: str, archive: Any) -> tuple[Consumer, int]:
    """Return a consumer after its first loop, and what the second loop shows."""
    first, second = Consumer(archive), Consumer(archive)
    with suppress(OSError):
        if kind == "list":
            readings = await answers.as_list(archive)
            for consumer in (first, second):
                for celsius in readings:
                    consumer.show(celsius)
        else:
            generator = answers.as_generator(archive)
            for consumer in (first, second):
                async for celsius in generator:
                    consumer.show(celsius)
    return first, second.shown


LOOK_AT = {
    "reads, list": "Look at the `return` of `as_list`: the loop starts after it.",
    "reads, generator": "Look at the `yield`: the generator stops there until the "
    "consumer asks for the next temperature.",
    "is open, list": "Look at the `async with` of `as_list`, and at its `return`.",
    "is open, generator": "Look at the `yield`: it is inside the `async with`.",
    "second loop, generator": "The generator has ended, and does not start again.",
    "shown before an error, generator": "Look at the numbers that are read before 3. "
    "Each value is yielded before the next one is read.",
}


@pytest.mark.parametrize("blank", LOOK_AT)
def test_q3_the_difference_is_predicted(answers, blank):
    predicted = answers.differences()[blank]
    what, _, kind = blank.partition(", ")
    broken = 3 if what == "shown before an error" else None
    first, second = asyncio.run(consume(answers, kind, answers.Archive(broken)))
    seen: object = {
        "reads": first.reads,
        "is open": first.is_open,
        "second loop": second,
        "shown before an error": first.shown,
    }[what]
    is_right = predicted == seen and type(predicted) is type(seen)
    assert is_right, (
        f"{blank!r}: you predicted {in_words(predicted)}. The real run came out "
        f"differently. {LOOK_AT[blank]}"
    )
