"""The tests of section 21.1."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from copy import deepcopy
from functools import cache
from itertools import zip_longest
from typing import Any

import pytest
import redis.asyncio
import strawberry
from fastapi import FastAPI, WebSocketDisconnect
from redis import Redis
from strawberry.fastapi import GraphQLRouter

from lab import (
    GraphQLSubscription,
    GraphQLWebSocket,
    RedisServer,
    Server,
    attempt,
    fastapi_app,
    graphql_websocket,
    in_words,
    serve,
    stand_in,
)

# Looks at something that should have happened, and the seconds between them.
LOOKS, LOOK = 50, 0.01
# Looks, or calls of `receive`, where two servers need several turns: 10 s and more.
PATIENCE, TRIES = 1000, 45
# Calls of `receive` where a price is due: the worker has answered dozens of pings.
TURNS = 5


def executed(server: Server, query: str, **variables: object) -> dict[str, Any]:
    """Return the result of a query or a mutation, sent by POST."""
    body = {"query": query, "variables": variables}
    response = server.client.post("/graphql", json=body, timeout=30)
    assert response.status_code == 200, (
        f"`POST /graphql` returned {response.status_code}, {in_words(response.text)}. "
        "The docstring keeps the endpoint. Look at the router."
    )
    return dict(response.json())


class Saleroom:
    """The bids on lots, and the calls of `follow_bids`."""

    def __init__(self, answers: Any) -> None:
        self.bids: dict[int, list[Any]] = {}
        self.calls: list[int] = []
        self._sold: set[int] = set()
        self._new = answers.Bid
        self._followers: list[asyncio.Event] = []
        stand_in(answers.follow_bids, self._follow)

    def bid(self, lot: int, *bids: tuple[str, int]) -> None:
        """Make bids on a lot."""
        made = [self._new(bidder=bidder, euros=euros) for bidder, euros in bids]
        self.bids.setdefault(lot, []).extend(made)
        self._tell()

    def sell(self, *lots: int) -> None:
        """Sell these lots."""
        self._sold.update(lots)
        self._tell()

    def reopen(self) -> None:
        """Begin anew, without bids."""
        self.bids, self._sold = {}, set()

    def _tell(self) -> None:
        for follower in self._followers:
            self.loop.call_soon_threadsafe(follower.set)

    async def _follow(self, lot: int) -> AsyncIterator[Any]:
        self.loop: Any = asyncio.get_running_loop()
        self.calls.append(lot)
        self._followers.append(news := asyncio.Event())
        sent = 0
        while True:
            news.clear()
            is_sold, bids = lot in self._sold, self.bids.get(lot, [])
            while sent < len(bids):
                sent += 1
                yield bids[sent - 1]
            if is_sold:
                return
            await news.wait()


@contextmanager
def auction(answers: Any) -> Iterator[tuple[Saleroom, Server, GraphQLWebSocket]]:
    """Yield the bids of 21.1.1, its application on a server, and a client."""
    room = Saleroom(answers)
    app = fastapi_app(attempt("`auction_app()`", answers.auction_app), "auction_app()")
    with serve(app) as server, connected(server) as socket:
        yield room, server, socket


@contextmanager
def connected(server: Server) -> Iterator[GraphQLWebSocket]:
    """Yield a WebSocket to the GraphQL endpoint of a server."""
    with ExitStack() as stack:
        try:
            socket = stack.enter_context(graphql_websocket(f"{server.url}/graphql"))
        except ConnectionError as error:
            raise AssertionError(
                f"A client opened a WebSocket at `/graphql`: {in_words(error)}. The "
                "docstring asks for the protocol `graphql-transport-ws` at this path. "
                "Look at the router."
            ) from error
        yield socket


def shown(message: dict[str, Any]) -> str:
    """Return what a client has received, in words: the error, if it is one."""
    if message["type"] == "nothing":
        return "nothing"
    payload = message.get("payload")
    errors = payload.get("errors") if isinstance(payload, dict) else payload
    if errors:
        return f"the error {in_words(errors[0]['message'])}"
    return in_words(payload["data"] if payload else message)


def let_an_hour_pass(loop: Any, socket: GraphQLWebSocket) -> None:
    """Let the clock of a server's event loop go on by an hour."""
    for _ in range(3):
        socket.ping()  # the answer waits for the next event
    now = loop.time
    with suppress(AttributeError):  # the loop is not that of asyncio
        loop.time = lambda: now() + 3600
    loop.call_soon_threadsafe(lambda: None)  # it looks at its clock
    for _ in range(3):
        socket.ping()  # the server does what is due


@contextmanager
def clock_held(loop: Any) -> Iterator[None]:
    """Stop the clock of a server's event loop: who sleeps does not wake up."""
    now, stands = loop.time, loop.time()
    with suppress(AttributeError):  # the loop is not that of asyncio
        loop.time = lambda: stands
    yield
    with suppress(AttributeError):
        loop.time = now


BIDS = "subscription ($lot: Int!) { bids(lot: $lot) { bidder euros } }"


def receive_bids(
    subscription: GraphQLSubscription, given: str, *bids: tuple[str, int]
) -> None:
    """Check that the next messages have these bids."""
    for bidder, euros in bids:
        message = subscription.receive()
        payload = {"data": {"bids": {"bidder": bidder, "euros": euros}}}
        expected = {"id": subscription.id, "type": "next", "payload": payload}
        assert message == expected, (
            f"{given}. Expected is a `next` message with the bid of {bidder}, {euros} "
            f"euros. The client received {shown(message)}. The docstring asks to "
            "send each bid as soon as it is yielded. Look at your generator."
        )


def receive_complete(subscription: GraphQLSubscription, given: str) -> None:
    """Check that the next message ends the subscription."""
    message = subscription.receive()
    assert message == {"id": subscription.id, "type": "complete"}, (
        f"{given}. The client received {shown(message)}. The docstring asks "
        "for a message of the type `complete` now. Look at what your generator does "
        "after the last bid."
    )


FIELDS = """{
    __schema { subscriptionType { name fields {
        name type { ...Type } args { name defaultValue type { ...Type } }
    } } }
}
fragment Type on __Type {
    name kind ofType { name kind ofType { name kind ofType { name } } }
}"""


def type_of(shape: dict[str, Any]) -> str:
    """Return a type of the schema as GraphQL writes it, such as "[Bid!]!"."""
    if shape.get("kind") == "NON_NULL":
        return f"{type_of(shape['ofType'])}!"
    if shape.get("kind") == "LIST":
        return f"[{type_of(shape['ofType'])}]"
    return str(shape["name"])


def field_of(field: dict[str, Any]) -> str:
    """Return a field of the schema as GraphQL writes it."""
    defaults = [one["defaultValue"] for one in field["args"]]
    arguments = ", ".join(
        f"{one['name']}: {type_of(one['type'])}{f' = {value}' if value else ''}"
        for one, value in zip(field["args"], defaults, strict=True)
    )
    return f"{field['name']}({arguments}): {type_of(field['type'])}"


def test_q1_the_schema_has_the_subscription_and_the_query(answers: Any) -> None:
    with auction(answers) as (_, server, _):
        root = executed(server, FIELDS)["data"]["__schema"]["subscriptionType"]
        lots = executed(server, "{ lots }")
    assert root is not None, (
        "The schema has no subscription type. The docstring asks for `type "
        "Subscription`. Look at what you pass to `strawberry.Schema`."
    )
    assert root["name"] == "Subscription", (
        f"The subscription type has the name {in_words(root['name'])}. The docstring "
        "asks for `type Subscription`. Look at the name of your class."
    )
    fields = [field_of(field) for field in root["fields"]]
    assert fields == ["bids(lot: Int!): Bid!"], (
        f"The subscription type has {in_words('; '.join(fields))}. The docstring "
        "asks for `bids(lot: Int!): Bid!` alone. Look at the name, the parameters and "
        "the type hints of your function."
    )
    assert lots == {"data": {"lots": [7, 12]}}, (
        f"The query `{{ lots }}` returned {in_words(lots)}. The docstring asks to add "
        "a subscription. The queries stay. Look at what you pass to the schema."
    )


CASES = {
    7: [("Ada", 200), ("Zoë", 250), ("Zoë", 250), ("Bo", 260), ("Bo", 255)],
    41: [("Cy", 2_000_000_000), ("", 1)],
    12: [("Dan", 0)],
    5: [(f"Bidder {number % 3}", number) for number in range(120)],
    0: [("Eve", 30)],
    -3: [("Flo", 40)],
    2_147_483_647: [("Gil", 50)],
    8: [],
}


def test_q1_each_bid_is_sent_and_then_the_subscription_completes(answers: Any) -> None:
    with auction(answers) as (room, _, socket):
        for lot, bids in CASES.items():
            room.bid(lot, *bids)
            room.sell(lot)
        for lot, bids in CASES.items():
            count = "1 bid" if len(bids) == 1 else f"{len(bids)} bids"
            given = f"`follow_bids({lot})` yields {count} and ends"
            subscription = socket.subscribe(BIDS, lot=lot)
            receive_bids(subscription, given, *bids)
            receive_complete(subscription, given)


def test_q1_a_bid_is_sent_before_the_next_one_is_made(answers: Any) -> None:
    with auction(answers) as (room, _, socket):
        subscription = socket.subscribe(BIDS, lot=7)
        for bid in (("Ada", 200), ("Bo", 250)):
            room.bid(7, bid)
            receive_bids(subscription, "The lot 7 has a bid and is not sold yet", bid)
            let_an_hour_pass(room.loop, socket)

        with clock_held(room.loop):
            for bid in (("Ada", 300), ("Bo", 310)):
                room.bid(7, bid)
                given = "The lot 7 has a bid, and the clock of the event loop stands"
                receive_bids(subscription, given, bid)
        room.sell(7)
        receive_complete(subscription, "The lot 7 is sold")


def test_q1_each_subscription_follows_the_bids_of_its_lot(answers: Any) -> None:
    given = "Two clients follow the lot 7, and one of them also the lot 12"
    with auction(answers) as (room, server, socket), connected(server) as other:
        room.bid(7, ("Ada", 200))
        room.bid(12, ("Bo", 90))
        sevens = [socket.subscribe(BIDS, lot=7), other.subscribe(BIDS, lot=7)]
        twelve = socket.subscribe(BIDS, lot=12)
        for seven in sevens:
            receive_bids(seven, given, ("Ada", 200))
        receive_bids(twelve, given, ("Bo", 90))

        room.bid(7, ("Cy", 210), ("Ada", 220))
        for seven in sevens:
            receive_bids(seven, given, ("Cy", 210), ("Ada", 220))
        room.sell(7, 12)
        for subscription in (*sevens, twelve):
            receive_complete(subscription, f"{given}. Both lots are sold")

    assert sorted(room.calls) == [7, 7, 12], (
        f"{given}. `follow_bids` was called for the lots {room.calls}. The docstring "
        "asks to call it for each subscription. Look at where you call it."
    )


def test_q1_a_later_subscription_calls_follow_bids_again(answers: Any) -> None:
    with auction(answers) as (room, _, socket):
        for lot, bid in ((7, ("Ada", 1)), (7, ("Bo", 2)), (12, ("Cy", 3))):
            room.reopen()
            room.bid(lot, bid)
            room.sell(lot)
            given = f"A client subscribes to the lot {lot}, after others have ended"
            subscription = socket.subscribe(BIDS, lot=lot)
            receive_bids(subscription, given, bid)
            receive_complete(subscription, given)


class Halt(BaseException):
    """An exception that is no `Exception`, as KeyboardInterrupt is none."""


class Auction:
    """A generator of results for 21.1.2, and what happens, in order.

    `send` notes the messages. Where `slow` is the number of a message, sending it
    waits until the task is cancelled or `go` is set; `failing` is the number of one
    that cannot be sent.
    """

    def __init__(self, *results: Any, error: BaseException | None = None) -> None:
        self.events: list[str] = []
        self.messages: list[dict[str, Any]] = []
        self.slow: int | None = None
        self.failing: int | None = None
        self.lost: BaseException = ConnectionError("the client is gone")
        self.waits = asyncio.Event()
        self.go = asyncio.Event()
        self.quiet = False
        self.cleaned: asyncio.Event | None = None
        self.is_closed = False
        self._error = error
        # Held here, so that it is closed by nobody but the answer.
        self.generator = self._results(*results)

    async def _results(self, *results: Any) -> AsyncGenerator[Any, None]:
        try:
            for number, result in enumerate(results, start=1):
                await asyncio.sleep(0)
                self.events.append(f"take {number}")
                with suppress(Exception):  # an `athrow()` does not end it
                    yield result
            if self.quiet:
                self.waits.set()
                await self.go.wait()
            if self._error is not None:
                raise self._error
        finally:
            for _ in range(5):
                await asyncio.sleep(0)
            if self.cleaned is not None:
                await self.cleaned.wait()
            self.is_closed = True

    async def send(self, message: dict[str, Any]) -> None:
        """Send a message, which takes some turns of the event loop."""
        assert isinstance(message, dict), (
            f"`send` was called with {in_words(message)}. The docstring asks for a "
            "message. Look at its example."
        )
        self.messages.append(deepcopy(message))
        number = len(self.messages)
        for _ in range(5):
            await asyncio.sleep(0)
        if number == self.slow:
            self.waits.set()
            await self.go.wait()
        if number == self.failing:
            raise self.lost
        self.events.append(f"sent {number}")

    def start(self, answers: Any, name: str = "s1") -> "asyncio.Task[None]":
        """Start the task that serves the subscription."""
        running = answers.serve_subscription(name, self.generator, self.send)
        assert asyncio.iscoroutine(running), (
            f"`serve_subscription(...)` returned {in_words(running)}. The docstring "
            "asks for the code of a task, an `async def`. Look at its first line."
        )
        return asyncio.create_task(running)

    async def serve(self, answers: Any, name: str = "s1") -> BaseException | None:
        """Serve the subscription; return what passed through, or None."""
        return await ended(self.start(answers, name))

    def check_closed(self, given: str) -> None:
        """Check that the generator is closed."""
        assert self.is_closed, (
            f"{given}. When `serve_subscription` ended, the `finally` block of "
            "`results` had not run to its end. The docstring asks that `results` is "
            "closed in every case. Look at who calls `aclose()`, and who awaits it."
        )


def raised_in_words(raised: BaseException | None) -> str:
    """Return an exception, or that there is none, for a message."""
    return in_words(raised) if raised else "no exception"


async def ended(task: "asyncio.Task[None]") -> BaseException | None:
    """Wait until a task has ended, and return its exception; cancel it if it hangs."""
    done, _ = await asyncio.wait([task], timeout=10)
    if not done:
        task.cancel()
        await asyncio.wait([task], timeout=1)
        raise AssertionError(
            "`serve_subscription` does not end. The docstring asks that it ends after "
            "the last result, an exception, or a cancellation. Look at what it awaits."
        )
    try:
        task.result()
    except NotImplementedError:
        raise
    except BaseException as error:
        return error
    return None


def numbered(*data: Any, name: str = "s1") -> list[dict[str, Any]]:
    """Return the `next` messages for this data."""
    return [{"id": name, "type": "next", "payload": {"data": one}} for one in data]


def message_in_words(message: Any) -> str:
    """Return a message that was sent, or that there is none, for a message."""
    return in_words(message) if message else "nothing"


def difference(messages: list[Any], expected: list[Any]) -> tuple[Any, Any]:
    """Return the first message that is not the expected one, and the expected one."""
    pairs = zip_longest(messages, expected)
    return next((pair for pair in pairs if pair[0] != pair[1]), (None, None))


SERVED = [[250, 250, 0], [90], []]


@cache
def strawberry_messages() -> list[tuple[str, list[dict[str, Any]]]]:
    """Return the id and the messages of each subscription, as Strawberry serves it."""

    @strawberry.type
    class Query:
        ok: bool = True

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def price(self, number: int) -> AsyncIterator[int]:
            for price in SERVED[number]:
                yield price

    schema = strawberry.Schema(Query, subscription=Subscription)
    app = FastAPI()
    app.include_router(GraphQLRouter(schema), prefix="/graphql")
    with serve(app) as server, connected(server) as socket:
        sent = []
        for number, prices in enumerate(SERVED):
            one = socket.subscribe(f"subscription {{ price(number: {number}) }}")
            sent.append((one.id, [one.receive() for _ in [*prices, "complete"]]))
        return sent


@pytest.mark.parametrize("number", [0, 1, 2], ids=["three", "one", "none"])
async def test_q2_the_messages_are_those_of_strawberry(
    answers: Any, number: int
) -> None:
    prices = SERVED[number]
    auction = Auction(*({"price": price} for price in prices))
    name, expected = (await asyncio.to_thread(strawberry_messages))[number]
    raised = await auction.serve(answers, name)
    assert raised is None, (
        f"`results` yielded {len(prices)} results, and `serve_subscription` raised "
        f"{raised_in_words(raised)}. The docstring asks to send them and a `complete`. "
        "Look at what your function does after the last result."
    )
    seen, right = difference(auction.messages, expected)
    assert auction.messages == expected, (
        f"`results` yielded {len(prices)} results. You sent {message_in_words(seen)} "
        f"where Strawberry sends {message_in_words(right)}. The docstring asks for a "
        "`next` for each result and one `complete`. Look at its example."
    )
    auction.check_closed("`results` has ended")


@pytest.mark.parametrize("name", ["7", "b1c2-d3"])
async def test_q2_each_message_has_the_id_of_its_subscription(
    answers: Any, name: str
) -> None:
    other = Auction({"price": 1})
    auction = Auction({"bids": {"euros": 7}}, {"bids": {"euros": 8}})
    raised = await asyncio.gather(
        auction.serve(answers, name), other.serve(answers, "s1")
    )
    expected = numbered({"bids": {"euros": 7}}, {"bids": {"euros": 8}}, name=name)
    expected.append({"id": name, "type": "complete"})
    assert raised == [None, None], (
        f"Two subscriptions run, and `serve_subscription` raised {in_words(raised)}. "
        "The docstring asks to send their results. Look at what the two calls share."
    )
    seen, right = difference(auction.messages, expected)
    assert auction.messages == expected, (
        f'Two subscriptions run. For the one with the id "{name}" you sent '
        f"{message_in_words(seen)}. Expected is {message_in_words(right)}. "
        "`subscription_id` is the id of each message. Look at where you use it."
    )


async def test_q2_an_empty_result_and_an_equal_one_are_sent(answers: Any) -> None:
    bid = {"euros": 7}
    data = [{"bids": [bid]}, {"bids": [bid]}, {}, {"bids": None}, {"bids": []}]
    auction = Auction(*data)
    raised = await auction.serve(answers)
    seen, right = difference(
        auction.messages, [*numbered(*data), {"id": "s1", "type": "complete"}]
    )
    assert (seen, right, raised) == (None, None, None), (
        f"Some results are empty or equal. You sent {message_in_words(seen)} where "
        f"{message_in_words(right)} is expected, and raised {raised_in_words(raised)}. "
        "The docstring asks for a `next` for each result. Look at your loop."
    )


async def test_q2_a_result_is_taken_after_the_one_before_was_sent(answers: Any) -> None:
    auction = Auction({"price": 1}, {"price": 2}, {"price": 3})
    raised = await auction.serve(answers)
    expected = ["take 1", "sent 1", "take 2", "sent 2", "take 3", "sent 3", "sent 4"]
    assert (auction.events, raised) == (expected, None), (
        f"With three results and a `complete`, the order was "
        f"{in_words(auction.events)}. The docstring asks to take a result only when "
        "`send` has returned for the one before. Look at what your loop awaits."
    )


async def pass_an_hour() -> None:
    """Let the clock of the event loop go on by an hour, and do what is due."""
    loop = asyncio.get_running_loop()
    now = loop.time
    with suppress(AttributeError):  # the loop is not that of asyncio
        loop.time = lambda: now() + 3600  # type: ignore[method-assign]
    for _ in range(50):
        await asyncio.sleep(0)


async def test_q2_a_slow_client_stops_its_generator_and_no_other(
    answers: Any,
) -> None:
    auction, other = Auction({"price": 1}, {"price": 2}), Auction({"price": 9})
    auction.slow = 1
    task, second = auction.start(answers), other.start(answers, "s2")
    await reached(auction.waits, task, "`send` was not called")
    await pass_an_hour()
    taken, is_served = list(auction.events), second.done()
    auction.go.set()
    await ended(second)
    raised = await ended(task)
    assert (taken, raised) == (["take 1"], None), (
        f"`send` waited for an hour with the first result. Until then this happened: "
        f"{in_words(taken)}. `serve_subscription` raised {raised_in_words(raised)}. "
        "The docstring asks to take the next result when `send` has returned. Look "
        "at your loop."
    )
    assert is_served, (
        "`send` waited with a result of one subscription. A call of "
        "`serve_subscription` for another subscription did not go on. The docstring "
        "describes a task for each subscription. Look at what the calls share."
    )


async def reached(event: asyncio.Event, task: "asyncio.Task[None]", what: str) -> None:
    """Wait until an event has happened; if the task ends before, say `what`."""
    waiting = asyncio.create_task(event.wait())
    await asyncio.wait([waiting, task], timeout=10, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not event.is_set():
        raised = await ended(task)
        raise AssertionError(
            f"{what}, but `serve_subscription` ended, with "
            f"{raised_in_words(raised)}. The docstring asks to send each result. "
            "Look at what ends your loop."
        )


@pytest.mark.parametrize("slow", [2, 4], ids=["second", "complete"])
async def test_q2_a_cancellation_while_a_message_is_sent_closes_results(
    answers: Any, slow: int
) -> None:
    data = [{"price": price} for price in (1, 2, 3)]
    auction = Auction(*data)
    auction.slow = slow
    task = auction.start(answers)
    await reached(auction.waits, task, f"{slow} messages were not sent")
    task.cancel()
    raised = await ended(task)
    sent = [*numbered(*data), {"id": "s1", "type": "complete"}][:slow]
    given = f"The client left while `send` waited with the message {slow} of 4"
    await check_cancelled(auction, raised, given, sent)


async def test_q2_a_cancellation_while_results_waits_closes_it(answers: Any) -> None:
    auction = Auction({"price": 1})
    auction.quiet = True
    task = auction.start(answers)
    await reached(auction.waits, task, "`results` was not asked for a second result")
    await pass_an_hour()
    task.cancel()
    raised = await ended(task)
    given = "`results` waited for its second result, and the client unsubscribed"
    await check_cancelled(auction, raised, given, numbered({"price": 1}))


async def test_q2_results_is_closed_when_its_clean_up_takes_an_hour(
    answers: Any,
) -> None:
    auction = Auction({"price": 1})
    auction.failing, auction.cleaned = 1, asyncio.Event()
    task = auction.start(answers)
    for _ in range(50):
        await asyncio.sleep(0)
    await pass_an_hour()
    auction.cleaned.set()
    raised = await ended(task)
    given = "`send` raised an exception, and closing `results` took an hour"
    auction.check_closed(given)
    assert raised is auction.lost, (
        f"{given}. `serve_subscription` raised {raised_in_words(raised)}. The "
        "docstring asks that the exception of `send` passes through. Look at what "
        "catches it."
    )


async def check_cancelled(
    auction: Auction, raised: BaseException | None, given: str, sent: list[Any]
) -> None:
    """Check what a cancelled task has done: it sent these messages and no more."""
    auction.check_closed(given)
    assert isinstance(raised, asyncio.CancelledError), (
        f"{given}: the task was cancelled, and ended with {raised_in_words(raised)}. "
        "The docstring asks that the `CancelledError` passes through. Look at what "
        "catches it."
    )
    waited = len(auction.events)
    auction.go.set()
    await pass_an_hour()
    more, _ = difference(auction.messages, sent)
    assert auction.messages == sent, (
        f"{given}. After the cancellation, `send` was called with "
        f"{message_in_words(more)}. The docstring asks to send nothing more. Look at "
        "what runs after a cancellation."
    )
    assert len(auction.events) == waited, (
        f"{given}. `serve_subscription` ended, but this call of `send` went on. The "
        "docstring asks to send nothing more. Look at which task calls `send`."
    )


FAILURES: list[Callable[[str], BaseException]] = [
    *(OSError, ConnectionResetError, TimeoutError, RuntimeError, KeyError),
    *(StopAsyncIteration, lambda reason: WebSocketDisconnect(1001, reason), Halt),
]


@pytest.mark.parametrize("failing", [1, 2, 3], ids=["first", "second", "complete"])
async def test_q2_an_exception_of_send_closes_results(
    answers: Any, failing: int
) -> None:
    for kind in FAILURES:
        auction = Auction({"price": 1}, {"price": 2})
        auction.failing, auction.lost = failing, kind("the client is gone")
        raised = await auction.serve(answers)
        name = type(auction.lost).__name__
        given = f"`send` raised {name} for the message {failing} of 3"
        auction.check_closed(given)
        assert raised is auction.lost, (
            f"{given}, and `serve_subscription` raised {raised_in_words(raised)}. The "
            "docstring asks that this exception passes through. Look at what catches "
            "it."
        )
        assert len(auction.messages) == failing, (
            f"{given}, and `send` was called {len(auction.messages)} times. The "
            "docstring asks to send nothing more. Look at what runs after an exception."
        )


@pytest.mark.parametrize("count", [0, 2])
async def test_q2_an_exception_of_results_passes_through(
    answers: Any, count: int
) -> None:
    for kind in FAILURES:
        if kind is StopAsyncIteration:  # no async generator can raise it
            continue
        error = kind("the line to the saleroom is cut")
        data = [{"price": price} for price in range(count)]
        auction = Auction(*data, error=error)
        raised = await auction.serve(answers)
        given = f"`results` raised {type(error).__name__} after {count} results"
        assert raised is error, (
            f"{given}, and `serve_subscription` raised {raised_in_words(raised)}. The "
            "docstring asks that this exception passes through. Look at what catches "
            "it."
        )
        assert auction.messages == numbered(*data), (
            f"{given}. You sent {len(auction.messages)} messages, the last one "
            f"{message_in_words(auction.messages[-1:])}. The docstring asks to send "
            "nothing more. Look at what runs after an exception."
        )


def subscribes(command: Any) -> bool:
    """Return whether this is a command to subscribe, for a connection to Redis."""
    words = b"".join(command).upper()
    return b"SUBSCRIBE" in words and b"UNSUBSCRIBE" not in words


class SilentConnection(redis.asyncio.Connection):
    """A connection on which a command to subscribe gets lost: nobody confirms it."""

    lost = 0

    async def send_packed_command(
        self, command: Any, check_health: bool = True
    ) -> None:
        """Send a command, or count it if it subscribes."""
        if subscribes(command):
            SilentConnection.lost += 1
        else:
            await super().send_packed_command(command, check_health)


class LateConnection(redis.asyncio.Connection):
    """A connection on which the command to subscribe is on its way for some time."""

    async def send_packed_command(
        self, command: Any, check_health: bool = True
    ) -> None:
        """Send a command; if it subscribes, return before Redis gets it."""
        if subscribes(command):
            self._sending = asyncio.create_task(self._send_late(command, check_health))
        else:
            await super().send_packed_command(command, check_health)

    async def _send_late(self, command: Any, check_health: bool) -> None:
        for _ in range(LOOKS // 2):
            await asyncio.sleep(LOOK)  # what does not wait for Redis goes on
        with suppress(redis.exceptions.RedisError, OSError):
            await super().send_packed_command(command, check_health)


class House:
    """The database of 21.1.3, two workers, and the Redis server between them."""

    def __init__(self, answers: Any, server: RedisServer) -> None:
        self.prices: dict[int, int] = {}
        self.saves: list[tuple[int, int]] = []
        self.redis: Redis = server.client
        self.calls: list[str] = []
        self.reading: Callable[[int], Any] | None = None
        self.saving: Exception | None = None
        self.saved: Callable[[], None] | None = None
        self.newer: int | None = None
        # The test and a worker can ask Redis at the same time. With a connection open
        # for each, no other one is opened then.
        with self.redis.client() as one:
            one.ping()
            self.redis.ping()
        self._url = server.url
        self._clients: list[object] = []  # held, so that only the app closes them
        self._answers = answers
        stand_in(answers.current_price, self._current)
        stand_in(answers.save_price, self._save)

    async def _current(self, lot: int) -> int:
        self.loop = asyncio.get_running_loop()
        price = self.prices.get(lot, 100)
        if self.reading is not None:
            await self.reading(lot)
        return price

    async def _save(self, lot: int, euros: int) -> None:
        if self.saving is not None:
            raise self.saving
        if self.saved is not None:
            for _ in range(LOOKS // 2):
                await asyncio.sleep(LOOK / 5)  # what runs beside this goes on
            self.redis.ping()
            self.saved()
        self.prices[lot] = euros if self.newer is None else self.newer
        self.saves.append((lot, euros))

    @contextmanager
    def worker(self, **options: Any) -> Iterator[Server]:
        """Serve the application with a Redis client of its own."""
        options["decode_responses"] = True
        client = redis.asyncio.Redis.from_url(self._url, **options)
        self._clients.append(client)
        call = "prices_app(redis)"
        app = attempt(f"`{call}`", self._answers.prices_app, client)
        with serve(fastapi_app(app, call)) as server:
            yield server

    @contextmanager
    def workers(self) -> Iterator[tuple[Server, Server]]:
        """Serve the application by two workers."""
        with self.worker() as first, self.worker() as second:
            yield first, second

    def listeners(self, lot: int) -> int:
        """Return how many connections listen to the channel of a lot."""
        ((_, count),) = self.redis.pubsub_numsub(f"lot:{lot}")
        return int(count) + int(self.redis.pubsub_numpat())

    def connections(self) -> int:
        """Return how many connections the Redis server has."""
        return len(self.redis.client_list())

    def publish(self, lot: int, *prices: int) -> None:
        """Publish prices on the channel of a lot, as another program does."""
        for price in prices:
            self.redis.publish(f"lot:{lot}", str(price))

    async def listening(self, lot: int) -> bool:
        """Return whether a connection listens to the channel, now or very soon."""
        for _ in range(LOOKS // 2):
            if self.listeners(lot):
                return True
            await asyncio.sleep(LOOK)
        return False


@pytest.fixture
def house(answers: Any, redis: RedisServer) -> House:
    """The database and the Redis server of 21.1.3."""
    return House(answers, redis)


NOTHING = {"type": "nothing"}
PRICES = "subscription ($lot: Int!) { prices(lot: $lot) }"
BID = "mutation ($lot: Int!, $euros: Int!) { bid(lot: $lot, euros: $euros) }"


def follow(
    house: House, socket: GraphQLWebSocket, lot: int, current: int = 100
) -> GraphQLSubscription:
    """Subscribe to the prices of a lot, and receive its current price."""
    subscription = socket.subscribe(PRICES, lot=lot)
    given = f"A client subscribes to the lot {lot}"
    receive_prices(subscription, given, current, seen=lambda: house.listeners(lot) > 0)
    return subscription


def first_message(
    subscription: GraphQLSubscription, seen: Callable[[], bool] | None
) -> dict[str, Any]:
    """Return the next message; look for it until something is `seen`, and then more.

    Between these looks the worker and Redis have many turns.
    """
    left = TRIES if seen else 1
    while left:
        message = subscription.receive()
        if message["type"] != "nothing":
            return message
        left = min(left - 1, TURNS if seen and seen() else left)
    return NOTHING


def receive_prices(
    subscription: GraphQLSubscription,
    given: str,
    *prices: int,
    seen: Callable[[], bool] | None = None,
) -> None:
    """Check that the next messages have these prices."""
    for price in prices:
        message = first_message(subscription, seen)
        expected = {"data": {"prices": price}}
        assert message.get("payload") == expected, (
            f"{given}. Expected is the price {price}. The client "
            f"received {shown(message)}. The docstring asks for the current price, "
            "and then each price on the channel. Look at `bid` and `prices`."
        )


def bid(worker: Server, lot: int, euros: int) -> None:
    """Send a bid to a worker."""
    result = executed(worker, BID, lot=lot, euros=euros)
    assert result == {"data": {"bid": euros}}, (
        f"The mutation `bid(lot: {lot}, euros: {euros})` returned {in_words(result)}. "
        f"It has to return {euros}, as today. Look at what it calls."
    )


@contextmanager
def all_channels(house: House) -> Iterator[Callable[[int], list[tuple[str, str]]]]:
    """Yield a function that returns the messages that were published, on any channel.

    It waits until there are as many as it is called with.
    """
    heard: list[tuple[str, str]] = []
    with house.redis.pubsub(ignore_subscribe_messages=True) as listener:
        listener.psubscribe("*")
        listener.get_message(timeout=30)

        def messages(count: int) -> list[tuple[str, str]]:
            for _ in range(LOOKS):
                message = listener.get_message(timeout=LOOK)
                if message is not None:
                    heard.append((message["channel"], message["data"]))
                elif len(heard) >= count:
                    break
            return heard

        yield messages


def test_q3_a_bid_reaches_the_subscribers_of_every_worker(house: House) -> None:
    with (
        house.workers() as (first, second),
        connected(first) as socket,
        connected(second) as other,
    ):
        for lot in (7, 41):
            subscriptions = [follow(house, one, lot) for one in (socket, socket, other)]
            for worker, euros in ((first, 110), (second, 250), (second, 300)):
                bid(worker, lot, euros)
                given = f"There are two workers. One of them got the bid {euros}"
                for subscription in subscriptions:
                    receive_prices(subscription, given, euros)


BIDS_MADE = [(7, 250), (70, 90), (7, 260), (7, 260), (0, 250), (7, 0), (7, 250)]


@pytest.mark.parametrize("newer", [None, 275], ids=["alone", "beside another bid"])
def test_q3_bid_publishes_each_price_once_on_the_channel_of_the_lot(
    house: House, newer: int | None
) -> None:
    house.newer = newer
    with house.worker() as worker, all_channels(house) as messages:
        for lot, euros in BIDS_MADE:
            bid(worker, lot, euros)
        published = messages(len(BIDS_MADE))
    expected = [(f"lot:{lot}", str(euros)) for lot, euros in BIDS_MADE]
    seen, right = difference(published, expected)
    other = f", and another worker saves {newer} after each" if newer else ""
    assert published == expected, (
        f"The bids (lot, euros) are {in_words(BIDS_MADE)}{other}. You published "
        f"{message_in_words(seen)} where {message_in_words(right)} is expected. The "
        "docstring asks to publish `euros` for every bid. Look at `bid`."
    )
    assert house.saves == BIDS_MADE, (
        f"For the bids {in_words(BIDS_MADE)} `save_price` saved "
        f"{in_words(house.saves)}. The docstring asks to call it for each bid, as "
        "today. Look at `bid`."
    )


def test_q3_a_price_is_published_when_it_is_saved(house: House) -> None:
    with house.worker() as worker, all_channels(house) as messages:
        early: list[tuple[str, str]] = []
        bid(worker, 7, 240)  # connects to Redis
        messages(1).clear()
        house.saved = lambda: early.extend(messages(0))
        bid(worker, 7, 250)
        house.saved = None
        published = list(messages(1))

        house.saving = LookupError("the database is gone")
        failed = executed(worker, BID, lot=7, euros=260)
        house.saving = None
        bid(worker, 7, 270)
        after = list(messages(2))

    assert (early, published) == ([], [("lot:7", "250")]), (
        f"Before `save_price` returned, {in_words(early)} was published, and after it "
        f"{in_words(published)}. The docstring asks to publish after it. Look at the "
        "order in `bid`."
    )
    assert after == [("lot:7", "250"), ("lot:7", "270")], (
        "For the bid 260 `save_price` raised an exception; the bids 250 and 270 were "
        f"saved. Published was {in_words(after)}. The docstring asks to publish when "
        "`save_price` has returned. Look at what `bid` does after an exception."
    )
    assert failed.get("errors"), (
        f"`save_price` raised an exception, and `bid` returned {in_words(failed)}. As "
        "today, the response has to contain the error. Look at what catches it."
    )


def test_q3_prices_of_another_program_are_sent_in_order(house: House) -> None:
    series = {7: [250], 41: [100, 250, 90, 90, 0, 250, 2_000_000_000], 0: [100, 100]}
    series[12] = [*range(1, 150)]
    with house.worker() as worker, connected(worker) as socket:
        for lot, prices in series.items():
            subscription = follow(house, socket, lot)
            house.publish(lot, *prices)
            given = f"Another program published {in_words(prices)} on `lot:{lot}`"
            receive_prices(subscription, given, *prices)


def test_q3_a_price_is_sent_after_an_hour_of_silence(house: House) -> None:
    with house.worker() as worker, connected(worker) as socket:
        subscription = follow(house, socket, 7)
        assert_listening(house, 7)
        for price in (250, 260):
            let_an_hour_pass(house.loop, socket)
            house.publish(7, price)
            given = f"For an hour nothing was published, and then {price}"
            receive_prices(subscription, given, price)


NEIGHBOURS = [
    *("lot:71", "lot:70", "lot:17", "lot:77", "lot:-7"),
    *("lot:", "lot", "xlot:7", "lot:7:x", "LOT:7"),
]


def test_q3_prices_of_other_lots_are_not_sent(house: House) -> None:
    with house.worker() as worker, connected(worker) as socket:
        seven, seventy = follow(house, socket, 7), follow(house, socket, 70)
        for name in NEIGHBOURS:
            house.redis.publish(name, 900)
        house.publish(7, 250)
        given = "A price was published for other lots and then 250 for the lot 7"
        receive_prices(seven, given, 250)
        house.publish(70, 91)
        receive_prices(seventy, "900 and 91 were published for the lot 70", 900, 91)


def test_q3_the_first_result_is_the_current_price(house: House) -> None:
    house.prices = {7: 180, 12: 0}
    with house.worker() as worker, connected(worker) as socket:
        early = follow(house, socket, 7, current=180)
        follow(house, socket, 12, current=0)
        assert_listening(house, 7)
        bid(worker, 7, 190)
        receive_prices(early, "The price was 180, and then a bid of 190 was made", 190)
        late = follow(house, socket, 7, current=190)
        bid(worker, 7, 200)
        for subscription in (early, late):
            given = "The price was 190, and the worker got a bid of 200"
            receive_prices(subscription, given, 200)


def test_q3_a_price_is_not_missed_while_the_current_price_is_read(house: House) -> None:
    async def publish(lot: int) -> None:
        await asyncio.sleep(0)
        house.publish(lot, prices[0])
        await house.listening(lot)
        house.publish(lot, *prices[1:])
        for _ in range(10):
            await asyncio.sleep(LOOK)  # the worker receives them
        done.append(lot)

    done: list[int] = []
    house.reading = publish
    with house.worker() as worker, connected(worker) as socket:
        for lot, prices in ((7, [260]), (12, [*range(300)]), (7, [100, 265])):
            subscription = socket.subscribe(PRICES, lot=lot)
            given = f"While `current_price` read 100, {in_words(prices)} was published"
            receive_prices(subscription, given, 100, seen=lambda: bool(done))
            done.clear()
            receive_prices(subscription, given, *prices)
            house.publish(lot, 300)
            receive_prices(subscription, f"{given}, and later 300", 300)


def test_q3_the_current_price_is_read_when_redis_has_confirmed(house: House) -> None:
    async def look(lot: int) -> None:
        heard.append(house.listeners(lot) > 0)

    heard: list[bool] = []
    house.reading = look
    with (
        house.worker(connection_class=LateConnection) as worker,
        connected(worker) as socket,
    ):
        both = [socket.subscribe(PRICES, lot=7) for _ in range(2)]
        wait_for_reads(house, socket, lambda: len(heard) == 2)
        for subscription in both:
            given = "Two clients subscribe to the lot 7. Redis confirms it late"
            receive_prices(subscription, given, 100)
        assert heard == [True, True], (
            "Two clients subscribed to the lot 7. `current_price` was called before "
            "Redis had a subscriber to `lot:7`: a price published now is lost. "
            "The docstring asks to call it when Redis has confirmed. Look at what "
            "`prices` waits for."
        )
        house.publish(7, 250)
        for subscription in both:
            receive_prices(subscription, f"{given}. Then 250 was published", 250)


def wait_for(condition: Callable[[], bool], looks: int = LOOKS) -> bool:
    """Return whether a condition holds, now or soon."""
    for _ in range(looks):
        if condition():
            return True
        time.sleep(LOOK)
    return False


def wait_for_reads(
    house: House, socket: GraphQLWebSocket, condition: Callable[[], bool]
) -> None:
    """Wait until a condition holds, or `current_price` is overdue.

    Once a connection listens, the worker gets many turns more.
    """
    left = PATIENCE
    while left and not condition():
        socket.ping()
        time.sleep(LOOK)
        left = min(left - 1, 2 * LOOKS if house.listeners(7) else left)


def assert_listening(house: House, lot: int) -> None:
    """Check that a connection listens to the channel of a lot."""
    assert house.listeners(lot), (
        f"A client has received the current price of the lot {lot}, and no connection "
        f"listens to the Redis channel `lot:{lot}`. The docstring asks to replace the "
        "queues by Redis Pub/Sub. Look at `prices`."
    )


def comes_true(socket: GraphQLWebSocket, condition: Callable[[], bool]) -> bool:
    """Return whether a condition holds soon.

    Before each look, the worker and Redis have had a turn, however busy they are.
    """
    for _ in range(LOOKS):
        socket.ping()
        if condition():
            return True
        time.sleep(LOOK)
    return False


def is_silent(house: House, socket: GraphQLWebSocket, before: int = 0) -> bool:
    """Return whether the connections that listen to the lot 7 end."""
    return comes_true(socket, lambda: house.listeners(7) <= before)


WAYS: dict[str, Callable[[GraphQLWebSocket, GraphQLSubscription], None]] = {
    "unsubscribed": lambda _, subscription: subscription.unsubscribe(),
    "left": lambda socket, _: socket.leave(),
    "lost its connection": lambda socket, _: socket.lose(),
}


@pytest.mark.parametrize("way", WAYS)
def test_q3_the_subscription_in_redis_ends_with_that_of_the_client(
    house: House, way: str
) -> None:
    with (
        house.worker() as worker,
        connected(worker) as socket,
        connected(worker) as stays,
    ):
        other = follow(house, stays, 12)
        before = house.listeners(7)  # those of a pattern are among them
        subscription = follow(house, socket, 7)
        assert_listening(house, 7)
        WAYS[way](socket, subscription)

        assert is_silent(house, stays, before), (
            f"The only subscriber to the lot 7 {way}, and a connection still listens "
            "to `lot:7`. The docstring asks to end the subscription in "
            "Redis. Look at what runs when your generator is closed."
        )
        house.publish(12, 50)
        receive_prices(other, f"A subscriber to the lot 7 {way}, and one stayed", 50)


def test_q3_one_subscriber_leaves_and_the_others_stay(house: House) -> None:
    with house.worker() as worker, connected(worker) as socket:
        stays, goes, also = (follow(house, socket, 7) for _ in range(3))
        assert_listening(house, 7)
        goes.unsubscribe()
        for euros in (250, 260):
            bid(worker, 7, euros)
            for subscription in (stays, also):
                given = "One of three subscribers to the lot 7 has unsubscribed"
                receive_prices(subscription, given, euros)


def test_q3_an_exception_of_current_price_ends_the_subscription_in_redis(
    house: House,
) -> None:
    async def fail(lot: int) -> None:
        heard.append(await house.listening(lot))
        raise LookupError("the database is gone")

    heard: list[bool] = []
    house.reading = fail
    with house.worker() as worker, connected(worker) as socket:
        subscription = socket.subscribe(PRICES, lot=7)
        wait_for_reads(house, socket, lambda: bool(heard))
        first = subscription.receive()
        is_over = is_silent(house, socket)
    assert heard == [True], (
        f"`current_price` was called {len(heard)} times, and while it ran, no "
        "connection listened to `lot:7`. The docstring asks to call it when Redis has "
        "confirmed the subscription. Look at the order in `prices`."
    )
    assert "the database is gone" in str(first), (
        f"`current_price` raised LookupError. The client received {shown(first)}. As "
        "today, it has to receive the error. Look at what catches it."
    )
    assert is_over, (
        "`current_price` raised an exception, and a connection still listens to "
        "`lot:7`. The docstring asks to end the subscription in Redis in this case, "
        "too. Look at what runs when your generator is closed."
    )


def test_q3_a_subscriber_uses_the_connection_of_one_who_left(house: House) -> None:
    with house.worker(max_connections=4) as worker, connected(worker) as socket:
        for number in range(6):
            subscription = socket.subscribe(PRICES, lot=7)
            message = first_message(subscription, lambda: house.listeners(7) > 0)
            assert message.get("payload") == {"data": {"prices": 100}}, (
                f"The pool has 4 connections. {number} subscribers came and left, one "
                f"after another. The next one received {shown(message)}. The docstring "
                "asks to return each connection to the pool. Look at what you close."
            )
            assert_listening(house, 7)
            subscription.unsubscribe()
            is_silent(house, socket)
            socket.ping()


def leave(house: House, socket: GraphQLWebSocket) -> None:
    """Subscribe to the lot 7, and unsubscribe."""
    subscription = follow(house, socket, 7)
    assert_listening(house, 7)
    subscription.unsubscribe()


def leave_early(house: House, socket: GraphQLWebSocket) -> None:
    """Subscribe to the lot 7, and unsubscribe while `current_price` runs."""

    async def wait(lot: int) -> None:
        reads.append(await house.listening(lot))
        await asyncio.Event().wait()

    reads: list[bool] = []
    house.reading = wait
    subscription = socket.subscribe(PRICES, lot=7)
    wait_for_reads(house, socket, lambda: bool(reads))
    house.reading = None
    subscription.unsubscribe()


def fail(house: House, socket: GraphQLWebSocket) -> None:
    """Subscribe to the lot 7, whose current price cannot be read."""

    async def lose(lot: int) -> None:
        await house.listening(lot)
        raise LookupError("the database is gone")

    house.reading = lose
    socket.subscribe(PRICES, lot=7).receive()
    house.reading = None


def test_q3_the_connections_to_redis_return_to_the_pool(house: House) -> None:
    start, counts = house.connections(), []
    with house.worker() as worker, connected(worker) as socket:
        for one in (leave, leave, fail, leave_early):
            one(house, socket)
            is_silent(house, socket)
            counts.append(house.connections())
        comes_true(socket, lambda: house.connections() <= counts[0])
        counts.append(house.connections())
        bid(worker, 7, 250)  # a connection is in the pool at the shutdown
    # The first count can contain a connection that is about to be closed.
    assert counts[-1] <= counts[0], (
        "Two clients unsubscribed, for one `current_price` raised an exception, and "
        "one unsubscribed while it ran. After each, and at the end, Redis had "
        f"{counts} connections. The docstring asks to return each one to the pool. "
        "Look at what has to be closed."
    )
    assert wait_for(lambda: house.connections() <= start), (
        f"Before the app started, Redis had {start} connections, and after its "
        f"shutdown {house.connections()}. The app closes `redis` at the shutdown, as "
        "today. Look at `lifespan`."
    )


def leave_unconfirmed(socket: GraphQLWebSocket, reads: list[int]) -> None:
    """Subscribe to the lot 7, and unsubscribe before Redis has confirmed it."""
    lost = SilentConnection.lost
    subscription = socket.subscribe(PRICES, lot=7)
    wait_for(lambda: SilentConnection.lost > lost or bool(reads), PATIENCE)
    subscription.unsubscribe()


def test_q3_a_client_can_leave_before_redis_has_confirmed(house: House) -> None:
    async def look(lot: int) -> None:
        reads.append(lot)

    reads: list[int] = []
    house.reading = look
    with (
        house.worker(connection_class=SilentConnection) as worker,
        connected(worker) as socket,
    ):
        bid(worker, 7, 250)
        start = house.connections()
        for _ in range(3):
            leave_unconfirmed(socket, reads)
        is_over = comes_true(socket, lambda: house.connections() <= start)
        count = house.connections()
    assert not reads, (
        "Redis had not confirmed the subscription, and `current_price` was called. The "
        "docstring asks to call it when Redis has confirmed. Look at what `prices` "
        "waits for."
    )
    assert is_over, (
        f"Redis had {start} connections. Three clients left before Redis confirmed: it "
        f"has {count}. The docstring asks to return the connection when the "
        "subscription ends. Look at where your clean-up begins."
    )
