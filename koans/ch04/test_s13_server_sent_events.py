"""The tests of section 4.13."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from starlette.types import Receive, Scope, Send
from websockets.sync.client import connect

from lab import Server, fastapi_app, in_words, serve, stand_in

# How often the tests look for what has to happen, and the seconds of a look. During
# each look the server can do something, however busy the machine is.
LOOKS = 20
LOOK = 0.05


@dataclass(frozen=True)
class Event:
    """An event as a browser reads it: `id` is that of this event, if it has one."""

    data: str
    id: str | None = None
    event: str = "message"

    @property
    def value(self) -> Any:
        """The data, decoded from JSON if they are JSON."""
        try:
            return json.loads(self.data)
        except ValueError:
            return self.data


class Nothing:
    """What a client receives if nothing comes."""

    def __repr__(self) -> str:
        return "nothing"


class Decoder:
    """Reads a stream of events by the rules of the HTML standard."""

    def __init__(self) -> None:
        self._rest = ""
        self._fields: dict[str, list[str]] = {}

    def events(self, text: str) -> list[Event]:
        """Return the events that end in `text`. Without data, there is no event."""
        *lines, self._rest = (self._rest + text).replace("\r\n", "\n").split("\n")
        found = []
        for line in lines:
            name, _, value = line.partition(":")
            if line:
                self._fields.setdefault(name, []).append(value.removeprefix(" "))
                continue
            fields, self._fields = self._fields, {}
            if "data" in fields:
                event = Event(
                    "\n".join(fields["data"]),
                    fields.get("id", [None])[-1],
                    fields.get("event", ["message"])[-1],
                )
                found.append(event)
        return found


class Screen:
    """A client that reads a stream of events until it leaves.

    `status` and `kind` are the status code and the content type of the response.
    """

    def __init__(self, feed: "Feed", path: str, headers: dict[str, str]) -> None:
        self.status = 0
        self.kind = ""
        self._feed = feed
        self._events: asyncio.Queue[Event | str] = asyncio.Queue()
        self._reading = asyncio.create_task(self._read(path, headers))

    async def _read(self, path: str, headers: dict[str, str]) -> None:
        decoder = Decoder()
        try:
            async with self._feed.clients.stream(
                "GET", path, headers=headers
            ) as stream:
                self.status = stream.status_code
                self.kind = stream.headers.get("content-type", "missing")
                async for text in stream.aiter_text():
                    for event in decoder.events(text):
                        self._events.put_nowait(event)
        except httpx2.HTTPError as error:
            self._events.put_nowait(in_words(error))
        else:
            self._events.put_nowait("the end")

    async def receive(self) -> Event | str | Nothing:
        """Return the next event, "the end" after the last, or why nothing comes."""
        async for _ in self._feed.looks():
            if not self._events.empty():
                return self._events.get_nowait()
        return Nothing()

    async def leave(self) -> None:
        """Close the connection."""
        self._reading.cancel()
        await asyncio.wait([self._reading])


class Feed:
    """An application on a server, with clients. `open` is how many requests run."""

    def __init__(self, app: object, call: str) -> None:
        self.open = 0
        self._app = fastapi_app(app, call)
        self._server: Server
        self.clients: httpx2.AsyncClient

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_request = scope["type"] == "http"
        self.open += is_request
        try:
            await self._app(scope, receive, send)
        finally:
            self.open -= is_request

    @asynccontextmanager
    async def serve(self) -> AsyncIterator["Feed"]:
        """Serve the application during the block."""
        with serve(self._counted) as self._server:
            async with httpx2.AsyncClient(
                base_url=self._server.url, timeout=60, trust_env=False, verify=False
            ) as self.clients:
                yield self

    @asynccontextmanager
    async def screen(self, path: str, **headers: str) -> AsyncIterator[Screen]:
        """Yield a client that has just sent its request."""
        one = Screen(self, path, {k.replace("_", "-"): v for k, v in headers.items()})
        try:
            yield one
        finally:
            await one.leave()

    async def looks(self) -> AsyncIterator[None]:
        """Yield each time that the server had the opportunity to do something."""
        for _ in range(LOOKS):
            yield
            await self.clients.get("/look")
            await asyncio.sleep(LOOK / 5)

    async def until(self, happened: Callable[[], bool]) -> bool:
        """Wait until something has happened. Return False if it does not happen."""
        async for _ in self.looks():
            if happened():
                return True
        return False

    @property
    def error(self) -> str:
        """What the answer raised, as a sentence; else nothing."""
        for error in self._server.errors:
            if isinstance(error, NotImplementedError):
                raise error
            if isinstance(error, ExceptionGroup):
                error = error.exceptions[0]
            return f" Your code raised {in_words(error)}."
        return ""


class Updates:
    """The updates of each ticket of 4.13.1. At None they wait until `goes_on`.

    `first` is the number of the first update.
    """

    def __init__(self, answers: Any, **texts: list[str | None]) -> None:
        self.first = 41
        self.goes_on = False
        self._update = answers.Update
        self.texts = {int(ticket[1:]): list(texts[ticket]) for ticket in texts}
        self.called = ""
        stand_in(answers.updates_of, self._yield)

    async def _yield(self, ticket: int) -> AsyncIterator[Any]:
        number = self.first - 1
        await asyncio.sleep(0)  # an answer that calls this for ever does not block
        if ticket not in self.texts:
            self.called = f" Your code called `updates_of({ticket!r})`."
        for text in self.texts.get(ticket, []):
            while text is None and not self.goes_on:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
            if text is not None:
                number += 1
                yield self._update(number=number, text=text)


def as_events(*texts: str, first: int = 41) -> list[tuple[Any, str | None]]:
    """Return the data and the id of the events for these updates."""
    return [
        ({"number": number, "text": text}, str(number))
        for number, text in enumerate(texts, start=first)
    ]


async def all_events(feed: Feed, path: str, count: int) -> list[Any]:
    """Return the data and the id of `count` events, and what comes after them.

    Whatever is no event is the last one.
    """
    async with feed.screen(path) as screen:
        received = [await screen.receive()]
        while len(received) <= count and isinstance(received[-1], Event):
            received.append(await screen.receive())
        assert screen.status == 200, (
            f"`GET {path}` returned {screen.status}.{feed.error} The docstring asks "
            "for a stream of events. Look at the path in the decorator."
        )
        assert screen.kind.startswith("text/event-stream"), (
            f"`GET {path}` returned the content type {screen.kind}. The docstring asks "
            "for server-sent events. Look at `response_class` in the decorator."
        )
    return [(e.value, e.id) if isinstance(e, Event) else e for e in received]


TEXTS = {
    "two updates": ["Ada has seen it", "Solved"],
    "a text with two lines": ["Line one\nline two\n\ndata: three", "Zoë: “ok”"] * 2,
    "an empty text": [""],
    "no updates": [],
}


@pytest.mark.parametrize("texts", TEXTS.values(), ids=TEXTS)
async def test_q1_each_update_is_an_event(answers, texts):
    updates = Updates(answers, t7=texts)
    async with Feed(answers.updates_app(), "updates_app()").serve() as feed:
        received = await all_events(feed, "/tickets/7/updates", len(texts))

        expected = [*as_events(*texts), "the end"]
        for number, (one, asked) in enumerate(zip(received, expected, strict=False), 1):
            what = f"The client received {in_words(one)} in place of event {number}"
            asks = f"for an event with this data and id: {in_words(asked)}"
            if isinstance(one, tuple):
                what = f"The data and the id of event {number} are {in_words(one)}"
            elif one == "the end":
                what = f"The response ended before event {number} was complete"
            if asked == "the end":
                what = f"After the last update, the client received {in_words(one)}"
                asks = "to end the response"
            assert one == asked, (
                f"{what}.{updates.called}{feed.error} The docstring asks {asks}."
            )


async def test_q1_an_update_is_sent_as_soon_as_there_is_one(answers):
    texts = ("first", "second", "third", "fourth")
    updates = Updates(answers, t7=["first", None, *texts[1:]])
    updates.first = 0
    async with (
        Feed(answers.updates_app(), "updates_app()").serve() as feed,
        feed.screen("/tickets/7/updates") as screen,
    ):
        for text, expected in zip(texts, as_events(*texts, first=0), strict=True):
            event = await screen.receive()
            received = (event.value, event.id) if isinstance(event, Event) else event
            assert received == expected, (
                f"`updates_of` has yielded the update {text!r}, and the client "
                f"received {in_words(received)}.{feed.error} The docstring asks for "
                f"{in_words(expected)} as soon as the update is there."
            )
            updates.goes_on = True


async def test_q1_each_ticket_has_its_own_updates(answers):
    updates = Updates(answers, t7=["seven"])
    received = []
    async with Feed(answers.updates_app(), "updates_app()").serve() as feed:
        for ticket, text in ((8, "eight"), (7, "seven"), (8, "solved")):
            updates.texts[ticket] = [text]
            received += await all_events(feed, f"/tickets/{ticket}/updates", 1)

    data = [one[0] if isinstance(one, tuple) else one for one in received]
    texts = [one.get("text") if isinstance(one, dict) else one for one in data]
    texts = [one for one in texts if one != "the end"]
    assert texts == ["eight", "seven", "solved"], (
        "Requests for ticket 8, for ticket 7, and again for ticket 8 have one update "
        f"each: 'eight', 'seven' and 'solved'. The events have {in_words(texts)}. The "
        "docstring asks for `updates_of(ticket)` in each response."
    )


def prediction(predicted: object, key: str) -> object:
    """Return the prediction for `key`."""
    assert isinstance(predicted, dict), (
        f"`comparison()` returned {in_words(predicted)}. It has to return the dict, "
        "with your predictions in it."
    )
    assert key in predicted, (
        f"`comparison()` has no {key!r}. Leave the keys as they are in the stub."
    )
    return predicted[key]


def seen_in_a_run(answers: Any, key: str) -> object:
    """Return what is to be predicted for `key`."""
    paths: list[str] = []
    path, _, what = key.partition(": ")
    with serve(answers.compared_app(paths)) as server:
        if path == "/socket":
            address = server.url.replace("http", "ws", 1) + path
            with connect(address, proxy=None, open_timeout=30) as socket:
                assert socket.response is not None, "There was no handshake."
                status = socket.response.status_code
                text: object = socket.recv(timeout=30)
        else:
            response = server.client.get(path, timeout=30)
            status = response.status_code
            text = Decoder().events(response.text)[0].data
    return {
        "status code": status,
        "the middleware runs": path in paths,
        "the client receives": text,
    }[what]


KEYS = {
    "/events: status code": "A stream of events is an ordinary HTTP response.",
    "/socket: status code": "The server agrees to switch the protocol. Look at the "
    "status codes below 200.",
    "/events: the middleware runs": '`@app.middleware("http")` sees HTTP requests, and '
    "a stream of events is the response to one.",
    "/socket: the middleware runs": '`@app.middleware("http")` names the kind of '
    "connection that it sees.",
    "/events: the client receives": "`data: ` itself is no part of it. FastAPI writes "
    "what you yield as JSON. Look at how JSON writes a string.",
    "/socket: the client receives": "Compare `send_text` with `send_json`.",
}


@pytest.mark.parametrize("key", KEYS)
def test_q2_the_comparison_is_predicted(answers, key):
    predicted = prediction(answers.comparison(), key)

    seen = seen_in_a_run(answers, key)
    is_right = predicted == seen
    kinds = {bool: "True or False", int: "a number", str: "a string"}
    is_kind = isinstance(predicted, type(seen))
    is_kind &= isinstance(predicted, bool) == isinstance(seen, bool)
    assert is_kind, (
        f"For {key!r} the dict contains {in_words(predicted)}. The docstring asks for "
        f"{kinds[type(seen)]}."
    )
    assert is_right, (
        f"For {key!r} you predict {in_words(predicted)}. The run shows something else. "
        f"{KEYS[key]}"
    )


class Tickets:
    """The board of 4.13.3. `waiting` is how many calls wait for a ticket."""

    def __init__(self, *subjects: str) -> None:
        self.subjects = list(subjects)
        self.is_over = False
        self.waiting = 0

    async def subject_of(self, number: int) -> str | None:
        """Return the subject of a ticket, or wait for it."""
        self.waiting += 1
        try:
            while number > len(self.subjects) and not self.is_over:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        finally:
            self.waiting -= 1
        return self.subjects[number - 1] if number <= len(self.subjects) else None


@asynccontextmanager
async def board(answers: Any, *subjects: str) -> AsyncIterator[tuple[Feed, Tickets]]:
    """Serve 4.13.3 with a board that has these tickets."""
    tickets = Tickets(*subjects)
    app = answers.board_app(tickets)
    async with Feed(app, "board_app(board)").serve() as feed:
        try:
            yield feed, tickets
        finally:
            tickets.is_over = True  # ends an answer that catches its cancellation


async def check_next(feed: Feed, screen: Screen, given: str, *numbers: int) -> None:
    """Check that the next events are the tickets with these numbers."""
    for number in numbers:
        received = await screen.receive()
        assert screen.status in (0, 200), (
            f"{given}. `GET /board` returned {screen.status}.{feed.error} The "
            "docstring asks for a stream of events. Look at the path, and the header."
        )
        expected = Event(json.dumps(f"Ticket {number}"), str(number))
        assert received == expected, (
            f"{given}. Next, the client received {in_words(received)}.{feed.error} The "
            f"docstring asks for {in_words(expected)}."
        )


def subjects(count: int) -> list[str]:
    """Return the subjects of the first tickets."""
    return [f"Ticket {number}" for number in range(1, count + 1)]


@pytest.mark.parametrize("count", [0, 1, 3])
async def test_q3_existing_tickets_come_first_and_then_new_ones(answers, count):
    async with (
        board(answers, *subjects(count)) as (feed, tickets),
        feed.screen("/board") as screen,
    ):
        await check_next(
            feed, screen, f"The board has {count} tickets", *range(1, count + 1)
        )
        for number in (count + 1, count + 2):
            tickets.subjects = subjects(number)
            await check_next(feed, screen, f"Ticket {number} is new", number)


@pytest.mark.parametrize("last", [1, 2, 12])
async def test_q3_a_client_that_reconnects_receives_what_it_missed(answers, last):
    async with (
        board(answers, *subjects(12)) as (feed, tickets),
        feed.screen("/board", Last_Event_ID=str(last)) as screen,
    ):
        given = f"12 tickets exist, and the header `Last-Event-ID` is {last}"
        await check_next(feed, screen, given, *range(last + 1, 13))
        tickets.subjects = subjects(13)
        await check_next(feed, screen, f"{given}. Ticket 13 is new", 13)


async def test_q3_every_client_receives_every_ticket(answers):
    async with (
        board(answers, *subjects(2)) as (feed, tickets),
        feed.screen("/board") as first,
        feed.screen("/board", Last_Event_ID="1") as second,
    ):
        await check_next(feed, first, "2 tickets exist", 1, 2)
        await check_next(feed, second, "2 tickets exist, and the client has 1", 2)
        async with feed.screen("/board") as third:
            given = "2 tickets exist, and another client has received both"
            await check_next(feed, third, given, 1, 2)
            tickets.subjects = subjects(3)
            for screen in (first, second, third):
                await check_next(feed, screen, "Three clients read, 3 is new", 3)


ENDS = {
    "while the client reads": ({}, [1, 2], False),
    "before the client connects": ({}, [1, 2], True),
    "and the client has all tickets": ({"Last_Event_ID": "2"}, [], True),
}


@pytest.mark.parametrize(("headers", "missed", "is_over"), ENDS.values(), ids=ENDS)
async def test_q3_the_stream_ends_with_the_shift(answers, headers, missed, is_over):
    async with board(answers, *subjects(2)) as (feed, tickets):
        tickets.is_over = is_over
        async with feed.screen("/board", **headers) as screen:
            await check_next(feed, screen, "2 tickets exist", *missed)
            tickets.is_over = True
            received = [await screen.receive()]
            if isinstance(received[0], Event):
                received.append(await screen.receive())

    assert received == [Event('"over"', None, "end"), "the end"], (
        f"The shift is over, and the client received {in_words(received)}.{feed.error} "
        'The docstring asks for an event with the name "end", with "over" as JSON as '
        "its data, and without an id, and then for the end of the response."
    )


async def test_q3_a_ticket_with_an_empty_subject_is_an_event(answers):
    async with (
        board(answers, "", "Ticket 2", "Ticket 2") as (feed, _),
        feed.screen("/board") as screen,
    ):
        received = await screen.receive()
        assert received == Event('""', "1"), (
            'The subject of ticket 1 is "", and the client received '
            f"{in_words(received)}.{feed.error} The docstring asks for an event for "
            "each ticket. Only None means the end of the shift."
        )
        await check_next(feed, screen, 'The subject of ticket 1 is ""', 2)
        received = await screen.receive()
        assert received == Event('"Ticket 2"', "3"), (
            "Tickets 2 and 3 have the same subject. The client received "
            f"{in_words(received)} after ticket 2.{feed.error} The docstring asks for "
            "an event for each ticket."
        )


async def test_q3_nobody_waits_for_tickets_when_the_client_has_left(answers):
    async with board(answers, *subjects(1)) as (feed, tickets):
        async with feed.screen("/board") as screen:
            await check_next(feed, screen, "1 ticket exists", 1)
            await feed.until(lambda: tickets.waiting == 1)
        has_stopped = await feed.until(lambda: tickets.waiting == feed.open == 0)

        assert has_stopped, (
            f"The client has disconnected. {tickets.waiting} calls of `subject_of` "
            f"still wait, and {feed.open} requests still run.{feed.error} The "
            "docstring asks to stop waiting for tickets."
        )
