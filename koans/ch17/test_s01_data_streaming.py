"""The tests of section 17.1."""

import asyncio
import inspect
import json
import math
import socket
import sys
import threading
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from concurrent.futures import Future
from datetime import UTC, datetime
from itertools import repeat
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lab import (
    Server,
    attempt,
    client,
    fastapi_app,
    in_words,
    outcome,
    serve,
    stand_in,
)

# Seconds that a wait lasts at most if nothing ends it.
PATIENCE = 10
# Turns of the event loop after which nothing more comes of a response that has ended.
TURNS = 200
# Turns of the event loop that the server takes to send a part of a body.
SLOW = 5


class Watched:
    """An application, and what it has sent.

    `lines` counts the lines by the path of the request, `sent` all bytes, `status` is
    the last status code. `on_body` is awaited with each part of a body, which takes its
    time to be sent. `left` is set when the client has left. `over` is set when the
    application has ended or its client has left, and the event loop has had its turns.
    `ended` is what else is set then. Async generators are kept: what closes them is not
    the garbage collector.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.lines: Counter[str] = Counter()
        self.sent = 0
        self.status: int | None = None
        self.on_body: Callable[[bytes], Awaitable[None]] | None = None
        self.left = asyncio.Event()
        self.over = threading.Event()
        self.ended: list[threading.Event] = [self.over]
        self._app = app
        self._kept: list[object] = []
        self._running: asyncio.Task[Any] | None = None
        self._limit: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        first = sys.get_asyncgen_hooks().firstiter

        def keep(generator: Any) -> None:
            self._kept.append(generator)
            if first:
                first(generator)

        sys.set_asyncgen_hooks(firstiter=keep)

        async def note(message: Message) -> None:
            self.status = message.get("status", self.status)
            body = bytes(message.get("body", b""))
            if body and self.on_body:
                await self.on_body(body)
            for _ in range(SLOW):
                await asyncio.sleep(0)
            self.lines[scope["path"]] += body.count(b"\n")
            self.sent += len(body)
            await send(message)

        request = [await receive()]

        async def replay() -> Message:
            return request.pop() if request else await receive()

        self._running = asyncio.current_task()
        gone = asyncio.create_task(self._notice(receive))
        try:
            await self._app(scope, replay, note)
        except asyncio.CancelledError:
            if self._limit:
                raise TimeoutError("the response did not end") from None
            raise
        finally:
            for _ in range(TURNS):
                await asyncio.sleep(0)
            gone.cancel()
            if self._limit:
                self._limit.cancel()
            self._end()

    async def _notice(self, receive: Receive) -> None:
        """Wait until the client has left, and the application had time to end."""
        while (await receive())["type"] != "http.disconnect":
            pass
        self.left.set()
        for _ in range(TURNS):
            await asyncio.sleep(0.001)
        self._end()

    def must_end(self) -> None:
        """Let the application have its turns, and cancel it if it has not ended."""

        async def cancel() -> None:
            for _ in range(TURNS):
                await asyncio.sleep(0.001)
            if self._running:
                self._running.cancel()

        self._limit = asyncio.create_task(cancel())

    def _end(self) -> None:
        for event in self.ended:
            event.set()


def shown(response: Any) -> Any:
    """Return status code, media type and body of a response, or the exception."""
    if isinstance(response, Exception):
        return response
    media_type = response.headers.get("content-type", "").partition(";")[0]
    return response.status_code, media_type, response.text


def objects(seen: Any) -> Any:
    """Return status code, media type and objects of a response of JSON Lines.

    If the body is not of this form, it is returned in the place of the objects. A time
    in UTC may end in "+00:00" instead of "Z".
    """
    if isinstance(seen, Exception):
        return seen
    status, media_type, body = seen
    *lines, rest = body.split("\n")
    try:
        found = [json.loads(line.replace('+00:00"', 'Z"')) for line in lines]
    except ValueError:
        found = body
    return status, media_type, body if rest else found


class Database:
    """The application of 17.1.1, and the database that it reads."""

    def __init__(self, answers: Any) -> None:
        self.years: dict[int, list[Any]] = {}
        self.asked: list[object] = []
        self.ahead = 0
        self.app = Watched(fastapi_app(answers.quakes_app(), "quakes_app()"))
        stand_in(answers.read_quakes, self.read)

    async def read(self, year: int) -> AsyncIterator[Any]:
        """Read the earthquakes of a year; note how many are not sent yet."""
        self.asked.append(year)
        before = sum(self.app.lines.values())
        for taken, quake in enumerate(self.years.get(year, [])):
            await asyncio.sleep(0)
            sent = sum(self.app.lines.values()) - before
            self.ahead = max(self.ahead, taken - sent)
            yield quake

    def get(self, year: object) -> Any:
        """Return status code, media type and objects of a response."""
        path = f"/quakes/{year}"
        with client(self.app) as http:
            return objects(shown(attempt(f"`GET {path}`", http.get, path)))


@pytest.fixture
def database(answers: Any) -> Database:
    """The database of earthquakes."""
    return Database(answers)


def quake(answers: Any, place: str, magnitude: float = 5.5, hour: int = 7) -> Any:
    """Return an earthquake."""
    at = datetime(2024, 2, 29, hour, 30, 15, 250_000, tzinfo=UTC)
    return answers.Quake(at=at, place=place, magnitude=magnitude)


def as_objects(quakes: Iterable[Any]) -> list[Any]:
    """Return earthquakes as JSON has them."""
    return [one.model_dump(mode="json") for one in quakes]


def difference(seen: Any, asked: list[Any]) -> str:
    """Return in words where the objects of a body differ from those asked for."""
    if not isinstance(seen, list):
        return f"The body is {in_words(seen)}, which is not JSON Lines."
    if len(seen) != len(asked):
        return f"The body has {len(seen)} lines for {len(asked)} earthquakes."
    pairs = enumerate(zip(seen, asked, strict=True), 1)
    different = ((number, *pair) for number, pair in pairs if pair[0] != pair[1])
    number, line, right = next(different, (0, None, None))
    return f"Line {number} is {in_words(line)} instead of {in_words(right)}."


KINDS = {
    "none": [],
    "one": [("Kobe", 5.5, 1)],
    "six": [
        ("Tromsø", 4.25, 9),
        ("two\nlines", -0.5, 3),
        ('the "Ring"', 7, 12),
        ("", 0, 3),
        ("Kobe", 5.5, 1),
        ("Kobe", 5.5, 1),
    ],
}


@pytest.mark.parametrize("values", KINDS.values(), ids=KINDS)
def test_q1_each_earthquake_is_a_line_of_json(answers, database, values):
    quakes = [quake(answers, *one) for one in values]
    database.years[1755] = quakes
    status, media_type, seen = database.get(1755)
    assert (status, media_type) == (200, "application/jsonl"), (
        f"`GET /quakes/1755` returned {status} with the media type {media_type!r}. The "
        "docstring asks for 200 and `application/jsonl`."
    )
    asked = as_objects(quakes)
    assert seen == asked, (
        f"`GET /quakes/1755`: {difference(seen, asked)} The docstring asks for a JSON "
        "object and a newline character for each earthquake."
    )


def test_q1_the_year_of_the_path_is_read_for_every_request(answers, database):
    database.years = {1960: [quake(answers, "Valdivia", 9.5)], 2011: []}
    seen = [database.get(1960), database.get(2011)]
    database.years[1960].append(quake(answers, "Concepción", 8.1))
    seen += [database.get(1960), database.get(1960)]
    counts = [len(one[2]) for one in seen]
    assert (database.asked, counts) == ([1960, 2011, 1960, 1960], [1, 0, 2, 2]), (
        "There were requests for 1960, 2011, 1960 and 1960, with 1, 0, 2 and 2 "
        f"earthquakes in the database. `read_quakes` was called with {database.asked}, "
        f"and the bodies had {counts} lines. The docstring asks to read the database "
        "anew for every request."
    )


def test_q1_each_line_is_sent_before_the_next_earthquake_is_taken(answers, database):
    quakes = [quake(answers, "Kobe", one / 4) for one in range(1001)]
    database.years[2024] = quakes
    database.get(2024)
    lines = database.app.lines["/quakes/2024"]
    assert (lines, database.ahead) == (1001, 0), (
        f"2024 has 1001 earthquakes. `GET /quakes/2024` sent {lines} lines. When an "
        f"earthquake was taken from `read_quakes`, up to {database.ahead} lines were "
        "not sent yet. The docstring asks to send each line before you take the next "
        "earthquake."
    )


YEARS = ["latest", "20.5", "2024x", pytest.param("²", id="superscript")]


@pytest.mark.parametrize("year", YEARS)
def test_q1_a_year_that_is_not_an_integer_returns_422(answers, database, year):
    seen = database.get(year)
    known = database.get(2024)
    assert (seen[0], known[0], database.asked) == (422, 200, [2024]), (
        f"`GET /quakes/{year}` gave {in_words(seen)}, `GET /quakes/2024` "
        f"{in_words(known)}. `read_quakes` was called with {in_words(database.asked)}. "
        "The docstring asks for 422 if `year` is not an integer."
    )


class Work:
    """The work of making a report, and what a response comes to.

    The clock is not real: each line takes its part of `seconds`. `most` is how many
    bytes at most were made and not sent, `waited` is the time of the first line.
    """

    def __init__(
        self, size: int, seconds: float, *, width: int = 50, error: bool = False
    ) -> None:
        self.made = self.most = 0
        self.now = 0.0
        self.waited: float | None = None
        self._sent: Callable[[], int] = lambda: 0
        full, rest = divmod(size, width)
        line = "Tromsø ".encode() + b"%0*d\n"
        self.lines = [line % (width - 9, number) for number in range(full)]
        if rest:
            self.lines.append(b"7" * (rest - 1) + b"\n")
        self._each = seconds / max(len(self.lines), 1)
        self._error = error

    async def make_lines(self) -> AsyncIterator[bytes]:
        """Make one line after another."""
        loop: Any = asyncio.get_running_loop()
        if not self.now:
            real = loop.time
            loop.time = lambda: real() + self.now
        for number, line in enumerate(self.lines, 1):
            await asyncio.sleep(0)
            self.now += self._each
            if self._error and number == len(self.lines):
                raise OSError("The archive is damaged.")
            self.made += len(line)
            self.most = max(self.most, self.made - self._sent())
            yield line

    def respond(self, answers: Any, known: tuple[Any, Any], limits: Any) -> Any:
        """Return the response of 17.1.2 to a client.

        `known` are the size and the seconds that the answer is told.
        """
        raised: Exception | None = None
        app = FastAPI()

        @app.get("/report", response_model=None)
        async def report() -> Any:
            nonlocal raised
            report = answers.Report(*known, self.make_lines)
            try:
                answer = answers.respond(report, *limits)
                return await answer if inspect.isawaitable(answer) else answer
            except Exception as error:
                raised = error
                raise

        watched = Watched(app)
        watched.on_body = self._arrives
        self._sent = lambda: watched.sent
        with client(watched, raises=False) as http:
            response = attempt("`GET /report`", http.get, "/report")
        if isinstance(raised, NotImplementedError):
            raise raised
        if raised and not self._error:
            what = f"`respond(Report{known}, {limits[0]}, {limits[1]})`"
            raise AssertionError(f"{what} raised {in_words(raised)}.") from raised
        return response

    async def _arrives(self, body: bytes) -> None:
        if self.waited is None:
            self.waited = self.now


LIMITS = (1000, 30.0)
FITS = {
    "small": (800, 2.0, LIMITS),
    "at_the_limits": (1000, 30.0, LIMITS),
    "empty": (0, 0.0, LIMITS),
    "large_where_there_is_room": (70_000, 90.0, (80_000, 120.0)),
}


@pytest.mark.parametrize(("size", "seconds", "limits"), FITS.values(), ids=FITS)
def test_q2_a_report_within_the_limits_has_a_full_response(
    answers, size, seconds, limits
):
    work = Work(size, seconds)
    response = work.respond(answers, (size, seconds), limits)
    length = response.headers.get("content-length")
    whole = response.content == b"".join(work.lines)
    seen = (*shown(response)[:2], length, whole)
    assert seen == (200, "text/csv", str(size), True), (
        f"A report has `size` {size} and `seconds` {seconds}. `max_bytes` is "
        f"{limits[0]}, `max_wait` is {limits[1]}. Status code, media type and "
        f"`Content-Length` were {in_words(seen[:3])}, and the body had "
        f"{len(response.content)} bytes. The docstring asks for a full response with "
        "all lines."
    )


def test_q2_an_error_in_the_last_line_returns_500_within_the_limits(answers):
    status = Work(800, 2, error=True).respond(answers, (800, 2.0), LIMITS).status_code
    assert status == 500, (
        "A report has `size` 800 and `seconds` 2. `max_bytes` is 1000, `max_wait` is "
        "30. The last line raises OSError. The client received the status code "
        f"{status}. The docstring asks for 500. Look at which response sends its "
        "status code first."
    )


EXCEEDS = {
    "one_byte_more": (1001, 2.0, LIMITS),
    "twice_as_large": (2000, 2.0, LIMITS),
    "a_little_longer": (800, 30.5, LIMITS),
    "slow": (800, 400.0, LIMITS),
    "large_and_slow": (5000, 500.0, LIMITS),
    "smaller_limit_of_bytes": (800, 2.0, (799, 30.0)),
    "smaller_limit_of_seconds": (800, 20.0, (1000, 10.0)),
}


@pytest.mark.parametrize(("size", "seconds", "limits"), EXCEEDS.values(), ids=EXCEEDS)
def test_q2_a_report_beyond_a_limit_keeps_both(answers, size, seconds, limits):
    keeps_both(answers, Work(size, seconds), (size, seconds), limits)


@pytest.mark.parametrize("size", [3000, None], ids=["known", "unknown"])
def test_q2_a_report_of_long_lines_keeps_both_limits(answers, size):
    # Two lines together are above the limit.
    keeps_both(answers, Work(3000, 5.0, width=600), (size, 5.0))


UNKNOWN = {"fast": (5000, 2.0), "slow": (5000, 500.0), "empty": (0, 2.0)}


@pytest.mark.parametrize(("size", "seconds"), UNKNOWN.values(), ids=UNKNOWN)
def test_q2_a_report_of_unknown_size_keeps_both_limits(answers, size, seconds):
    keeps_both(answers, Work(size, seconds), (None, seconds))


def test_q2_a_report_that_never_ends_keeps_both_limits(answers):
    # It ends in this test, where the client has enough of it.
    keeps_both(answers, Work(20_000, 400), (None, math.inf))


def keeps_both(
    answers: Any, work: Work, known: tuple[Any, Any], limits: tuple[int, float] = LIMITS
) -> None:
    """Assert that the client got all lines, and that both limits were kept.

    `known` are the size and the seconds that the answer is told.
    """
    response = work.respond(answers, known, limits)
    what = f"`size` {known[0]} and `seconds` {known[1]}"
    seen, body = shown(response), b"".join(work.lines)
    assert (*seen[:2], response.content) == (200, "text/csv", body), (
        f"A report of {len(body)} bytes with {what} gave {in_words(seen)}, "
        f"{len(response.content)} bytes. The docstring asks for 200, `text/csv`, and "
        "all lines of the report."
    )
    assert work.most <= limits[0], (
        f"A report of {len(body)} bytes has {what}. Up to {work.most} bytes of its "
        "lines were made and not sent yet. The docstring asks for at most `max_bytes`, "
        f"which is {limits[0]}."
    )
    if work.lines:
        reads_soon(work, what, limits[1])


def reads_soon(work: Work, what: str, max_wait: float) -> None:
    """Assert that the client had its first line in time."""
    assert work.waited is not None, (
        f"A report has {what}. No line was sent. The docstring asks for all lines."
    )
    assert work.waited <= max_wait, (
        f"A report has {what}. The client received the first line after "
        f"{work.waited:.1f} seconds. The docstring asks for at most `max_wait`, which "
        f"is {max_wait}."
    )


class Subscription:
    """A subscription, and what was done with it.

    `ahead` is how many earthquakes at most were not sent when `receive()` was called.
    """

    def __init__(self, feed: "Feed", region: str) -> None:
        self.taken = self.ahead = 0
        self.begun = self.closed = self.late = 0
        self.broke_off = ""
        self._path = f"/regions/{region}/live"
        self._feed = feed
        self._quakes = iter(feed.quakes)

    async def receive(self) -> Any:
        """Return the next earthquake, or do what the feed does at the end."""
        if self.begun or self.broke_off:
            self.late += 1
            return None
        try:
            return await self._receive()
        except BaseException as error:
            was_left = isinstance(error, asyncio.CancelledError)
            self.broke_off = "it was cancelled" if was_left else "its exception"
            raise

    async def _receive(self) -> Any:
        await asyncio.sleep(0)
        self.ahead = max(self.ahead, self.taken - self._feed.app.lines[self._path])
        for one in self._quakes:
            self.taken += 1
            if self.taken == 20:
                self._feed.reached.set()
            return one
        if self._feed.at_end is not no_more:
            self._feed.reached.set()
        return await self._feed.at_end()

    async def close(self) -> None:
        """Wait for the broker, and close the subscription."""
        self.begun += 1
        for _ in range(5):
            await asyncio.sleep(0)
        await self._feed.at_close()
        self.closed += 1

    def state(self) -> str:
        """Return the state of the subscription in words."""
        if self.late:
            return f"receive() called again after {self.broke_off or 'close()'}"
        if not self.begun:
            return "open, close() not called"
        if self.begun > self.closed:
            return "open, close() was cancelled"
        if self.closed > 1:
            return f"close() called {self.closed} times"
        return "closed"


async def for_ever() -> None:
    """Wait for an earthquake that does not come."""
    await asyncio.Event().wait()


async def no_more() -> None:
    """End the feed."""


class Feed:
    """The application of 17.1.3, and its subscriptions.

    `reached` is set where a client that leaves is to leave, or when there is no more to
    wait for.
    """

    def __init__(self, answers: Any) -> None:
        self.quakes: Iterable[Any] = ()
        self.at_subscribe: Callable[[], Awaitable[None]] = no_more
        self.at_end: Callable[[], Awaitable[Any]] = no_more
        self.at_close: Callable[[], Awaitable[None]] = no_more
        self.regions: list[str] = []
        self.subscriptions: list[Subscription] = []
        self.reached = threading.Event()
        self.app = Watched(fastapi_app(answers.live_app(), "live_app()"))
        self.app.ended.append(self.reached)
        self._one = quake(answers, "Anchorage")
        stand_in(answers.subscribe, self.subscribe)

    async def subscribe(self, region: str) -> Subscription:
        """Subscribe to the earthquakes of a region."""
        await asyncio.sleep(0)
        self.regions.append(region)
        await self.at_subscribe()
        self.subscriptions.append(Subscription(self, region))
        return self.subscriptions[-1]

    def states(self) -> list[str]:
        """Return the states of all subscriptions."""
        return [one.state() for one in self.subscriptions]

    def get(self, region: str) -> Any:
        """Return status code, media type and objects of a response, or an exception."""
        with client(self.app) as http:
            seen = outcome(lambda: http.get(f"/regions/{region}/live"))
        return objects(shown(seen))

    def leave(self, kind: str = "waits") -> Any:
        """Let a client leave, and return its status code and the subscription's state.

        It leaves while the feed "waits" after two earthquakes, is "silent" from the
        beginning, or "busy"; or it has stopped reading ("unread"). It leaves while
        `subscribe()` waits ("subscribing"), or `close()` ("closing").
        """
        counts = {"waits": 2, "silent": 0, "subscribing": 0, "closing": 2}
        endless = repeat(self._one)
        self.quakes = [self._one] * counts[kind] if kind in counts else endless
        self.at_subscribe = self._until_left if kind == "subscribing" else no_more
        self.at_end = no_more if kind == "closing" else for_ever
        self.at_close = self._until_left if kind == "closing" else no_more
        self.app.on_body = self._stall if kind == "unread" else None
        with serve(self.app) as server:
            status = self.visit(server)
            return status, *self.states()[-1:]

    def visit(self, server: Server, region: str = "alaska") -> Any:
        """Let a client come and leave; return the status code that was sent to it."""
        self.reached.clear()
        self.app.left = asyncio.Event()
        self.app.over.clear()
        self.app.status = None
        request = f"GET /regions/{region}/live HTTP/1.1\r\nHost: lab\r\n\r\n"
        with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as one:
            one.sendall(request.encode())
            self.reached.wait(PATIENCE)
        self.app.over.wait(PATIENCE)
        return self.app.status

    async def _until_left(self) -> None:
        """Wait until the client has left, and Starlette has had time to hear of it."""
        self.reached.set()
        await self.app.left.wait()
        for _ in range(SLOW):
            await asyncio.sleep(0)

    async def _stall(self, body: bytes) -> None:
        """Wait for a client that reads no more, from the third line on."""
        if self.app.lines["/regions/alaska/live"] >= 2:
            self.reached.set()
            await asyncio.Event().wait()


@pytest.fixture
def feed(answers: Any) -> Feed:
    """The feed of earthquakes."""
    return Feed(answers)


LEFT = {
    "waits": "while `receive()` waited for the third earthquake",
    "silent": "while `receive()` waited for the first earthquake",
    "busy": "while one earthquake came after the other",
    "unread": "that had stopped reading, while the response waited in `send`",
    "closing": "while `close()` waited, after the last earthquake",
}


@pytest.mark.parametrize("kind", LEFT)
def test_q3_a_client_that_leaves_closes_its_subscription(feed, kind):
    seen = feed.leave(kind)
    assert seen == (200, "closed"), (
        f"A client left {LEFT[kind]}. Status code and state of the subscription: "
        f"{in_words(seen)}. The docstring asks to run `close()` to its end, and not to "
        "call `receive()` again. Look at where your code waits at this moment."
    )


def test_q3_a_client_that_leaves_early_leaves_nothing_open(feed):
    _, *states = feed.leave("subscribing")
    # A cancelled `subscribe()` makes no subscription.
    assert states in ([], ["closed"]), (
        "A client left while `subscribe()` waited, before the first line. Then "
        f"`subscribe()` returned. State of its subscription: {in_words(states)}. The "
        "docstring asks to run `close()` to its end whenever the client leaves. Look "
        "at which part of your code has started at this moment."
    )
    left = feed.leave()
    assert left == (200, "closed"), left_open(left)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_q3_a_complete_response_closes_its_subscription_too(answers, feed, count):
    feed.quakes = [quake(answers, "Nome", one, one) for one in range(count)]
    seen = feed.get("chile")
    asked = (200, "application/jsonl", as_objects(feed.quakes))
    assert (seen, feed.regions, feed.states()) == (asked, ["chile"], ["closed"]), (
        f"Earthquakes in 'chile': {count}, then no more. The response was "
        f"{in_words(seen)}. Subscriptions: {in_words(feed.states())}. The docstring "
        "asks for the response of today, and to close the subscription once."
    )
    left = feed.leave()
    assert left == (200, "closed"), left_open(left)


@pytest.mark.parametrize("error", [OSError("the broker is gone"), ValueError("bad")])
def test_q3_an_exception_closes_the_subscription_and_passes_through(
    answers, feed, error
):
    async def fail() -> None:
        feed.app.must_end()
        raise error

    feed.quakes, feed.at_end = [quake(answers, "Nome")], fail
    seen = feed.get("alaska")
    assert (seen, feed.states()) == (error, ["closed"]), (
        f"`receive()` raised {in_words(error)}. The response gave {in_words(seen)}; "
        f"subscriptions: {in_words(feed.states())}. The docstring asks to close the "
        "subscription, and that the exception passes through."
    )
    left = feed.leave()
    assert left == (200, "closed"), left_open(left)


def test_q3_each_line_is_sent_before_receive_is_called_again(answers, feed):
    feed.quakes = [quake(answers, "Nome", one) for one in range(30)]
    seen = feed.get("japan")
    assert not isinstance(seen, Exception), f"The response raised {in_words(seen)}."
    lines = seen[2]
    ahead = max(one.ahead for one in feed.subscriptions)
    assert (len(lines), ahead) == (30, 0), (
        f"The response had {len(lines)} of 30 lines. Up to {ahead} earthquakes were "
        "not sent when `receive()` was called. The docstring asks to send each line "
        "first, as today."
    )
    left = feed.leave()
    assert left == (200, "closed"), left_open(left)


def test_q3_a_slow_broker_does_not_end_the_response(answers, feed, monkeypatch):
    after_hours = iter([quake(answers, "Nome")])

    async def hours() -> None:
        loop = asyncio.get_running_loop()
        now = loop.time
        monkeypatch.setattr(loop, "time", lambda: now() + 36_000)
        for _ in range(10):
            await asyncio.sleep(0)

    async def silence() -> Any:
        await hours()
        return next(after_hours, None)

    feed.at_end, feed.at_close = silence, hours
    seen = feed.get("alaska")
    asked = (200, "application/jsonl", as_objects([quake(answers, "Nome")]))
    assert (seen, feed.states()) == (asked, ["closed"]), (
        "By the clock of the event loop, `receive()` and `close()` took ten hours. The "
        f"response was {in_words(seen)}; subscriptions: {in_words(feed.states())}. The "
        "docstring asks for all earthquakes, and to run `close()` to its end. Look for "
        "a limit in seconds."
    )
    left = feed.leave()
    assert left == (200, "closed"), left_open(left)


def test_q3_a_client_that_leaves_does_not_disturb_another_one(answers, feed):
    feed.quakes = [quake(answers, "Nome")]
    between, body, states = two_visits(feed)
    assert between == ["open, close() not called", "closed"], (
        "Two clients asked for 'alaska', and the second one left. Subscriptions: "
        f"{between}. The docstring asks for a subscription for each request, and to "
        "close the one of the client that left."
    )
    assert (states, str(body).count("\n")) == (["closed", "closed"], 1), (
        "Two clients asked for 'alaska', and the second one left. The first one stayed "
        f"to the end, and got {in_words(body)}. Then the subscriptions were "
        f"{in_words(states)}. The docstring asks to close each one."
    )


def two_visits(feed: Feed) -> tuple[list[str], Any, list[str]]:
    """Let a client come and leave during the visit of another one, which stays.

    Return the states after it has left, the body of the other one, and the states after
    the end of the feed.
    """
    ended: Future[None] = Future()
    feed.at_end = lambda: asyncio.shield(asyncio.wrap_future(ended))
    path = "/regions/alaska/live"
    with (
        serve(feed.app) as server,
        server.client.stream("GET", path, timeout=PATIENCE) as other,
    ):
        feed.reached.wait(PATIENCE)
        feed.visit(server)
        between = feed.states()
        feed.app.over.clear()
        ended.set_result(None)
        body = outcome(lambda: other.read().decode())
        feed.app.over.wait(PATIENCE)
        return between, body, feed.states()


def left_open(left: Any) -> str:
    """Return the message for a client that left an open subscription."""
    return (
        "After that another client left while `receive()` waited. Status code and "
        f"state of its subscription: {in_words(left)}. The docstring asks to run "
        "`close()` to its end. Look at what is cancelled when a client leaves."
    )
