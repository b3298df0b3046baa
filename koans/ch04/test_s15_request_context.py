"""The tests of section 4.15."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from fastapi import BackgroundTasks, FastAPI, HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from lab import (
    Rendezvous,
    async_client,
    client,
    fastapi_app,
    in_words,
    json_or_text,
    outcome,
)


def seen_from(app: ASGIApp, address: tuple[str, int] | None) -> ASGIApp:
    """Return the application, whose server knows this address of the client."""

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["client"] = address
        await app(scope, receive, send)

    return served


def read_visit(
    http: httpx2.Client, method: str, url: str, **headers: str
) -> dict[str, Any]:
    """Return the JSON of the response of 4.15.1."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    seen = outcome(lambda: http.request(method, url, headers=named))
    assert isinstance(seen, httpx2.Response), (
        f"`{method} {url}` raised {in_words(seen)}. Look at `current_visit`."
    )
    body = json_or_text(seen)
    assert seen.status_code == 200, (
        f"`{method} {url}` returned {seen.status_code} and {in_words(body)}. The "
        "docstring asks for a `Visit`. FastAPI recognizes the parameter for the "
        "request by its type."
    )
    assert isinstance(body, dict), (
        f"`{method} {url}` returned {in_words(body)}. The docstring asks for a `Visit`."
    )
    return body


def visit(
    answers, method: str, url: str, address: tuple[str, int] | None, **headers: str
) -> dict[str, Any]:
    """Return the visit of one request from this address."""
    app = fastapi_app(answers.visits_app(), "visits_app()")
    with client(seen_from(app, address)) as http:
        return read_visit(http, method, url, **headers)


@pytest.mark.parametrize(
    ("method", "path", "query"),
    [
        ("GET", "/events/7", ""),
        ("GET", "/events/Oslo-8", "?lang=no&method=PUT"),
        ("POST", "/events/12/tickets", "?seat=A%201"),
    ],
    ids=["get", "query", "post"],
)
def test_q1_the_visit_has_the_method_and_the_path(answers, method, path, query):
    body = visit(answers, method, path + query, ("203.0.113.9", 4000))
    seen = (body.get("method"), body.get("path"))
    assert seen == (method, path), (
        f"`{method} {path}{query}` returned {in_words(body)}. The docstring asks for "
        f"the method {method!r} and the path without the query, {path!r}."
    )


@pytest.mark.parametrize("address", ["198.51.100.7", "2001:db8::1"])
def test_q1_the_visit_has_the_address_of_the_client(answers, address):
    seen = visit(answers, "GET", "/events/7", (address, 4000)).get("address")
    assert seen == address, (
        f"A client with the address {address} and the port 4000 sent a request. The "
        f"`address` of the visit is {in_words(seen)}. The docstring asks for the IP "
        "address."
    )


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Real-IP", "Forwarded"])
def test_q1_a_header_does_not_change_the_address(answers, name):
    sent = {name: "for=10.0.0.1" if name == "Forwarded" else "10.0.0.1"}
    for address in (("198.51.100.7", 4000), None):
        without, seen = (
            visit(answers, "GET", "/events/7", address, **headers).get("address")
            for headers in ({}, sent)
        )
        assert seen == without, (
            f"Without a header, the `address` of the visit is {in_words(without)}. "
            f"With the header {sent}, it is {in_words(seen)}. The docstring asks not "
            "to read a header for it: every client can send any header."
        )


def test_q1_an_unknown_address_is_none(answers):
    seen = visit(answers, "POST", "/events/7/tickets", None).get("address")
    assert seen is None, (
        "The server does not know the address of the client, so `request.client` is "
        f"None. The `address` of the visit is {in_words(seen)}. The docstring asks for "
        "None."
    )


def test_q1_each_request_has_a_visit_of_its_own(answers):
    app = fastapi_app(answers.visits_app(), "visits_app()")
    asked = [
        ("GET", "/events/1", "203.0.113.9"),
        ("POST", "/events/2/tickets", "203.0.113.9"),
        ("GET", "/events/1", "198.51.100.7"),
    ]
    seen = []
    for method, path, address in asked:
        with client(seen_from(app, (address, 4000))) as http:
            body = read_visit(http, method, path)
        seen.append((body.get("method"), body.get("path"), body.get("address")))

    assert seen == asked, (
        f"Three requests to one application returned {in_words(seen)}. The docstring "
        f"asks for the method, the path and the address of each request: {asked}."
    )


class Shop:
    """An application with the middleware of 4.15.2.

    Each of its three endpoints calls `wait`, and then keeps in `seen` what
    `RequestContext.current()` returned for the event.
    """

    def __init__(self, answers: Any, room: Rendezvous) -> None:
        self.current: Callable[[], Any] = answers.RequestContext.current
        self.room = room
        self.seen: dict[int, Any] = {}
        self.app = FastAPI()
        self.app.add_middleware(answers.RequestContext)
        self.app.get("/async/{event}")(self.in_async_def)
        self.app.get("/def/{event}")(self.in_def)
        self.app.post("/task/{event}")(self.in_background_task)
        self.app.get("/full")(self.full)

    def look(self, event: int) -> None:
        """Keep what the context has, in a function without the request."""
        self.seen[event] = outcome(self.current)

    async def in_async_def(self, event: int) -> None:
        """Look after the wait, in the event loop."""
        await self.room.wait_async()
        self.look(event)

    def in_def(self, event: int) -> None:
        """Look after the wait, in a worker thread."""
        self.room.wait()
        self.look(event)

    async def in_background_task(self, event: int, tasks: BackgroundTasks) -> None:
        """Look after the wait, in a background task."""
        tasks.add_task(self.in_async_def, event)

    async def full(self) -> None:
        """Return an error."""
        raise HTTPException(409, "sold out")


# The events 1 and 2 are requested with the same ID, and 8 with an empty one.
IDS = {1: "Tom A", 2: "Tom A", 3: "b3", 7: "Id-7", 8: ""}


def called(place: str, event: int) -> tuple[str, str]:
    """Return the request ID and the path of a request."""
    return IDS[event], f"/{place}/{event}"


def stored(value: Any) -> Any:
    """Return the two fields of a `Metadata`, or the value that is none."""
    if type(value).__name__ != "Metadata":
        return value
    return value.request_id, value.path


async def status_of(
    http: httpx2.AsyncClient, method: str, path: str, **headers: str
) -> int:
    """Return the status code of the response to a request."""
    named = {f"X-{name.replace('_', '-')}": value for name, value in headers.items()}
    try:
        response = await http.request(method, path, headers=named)
    except NotImplementedError:
        raise
    except Exception as error:
        raise AssertionError(
            f"`{method} {path}` returned no response: the application raised "
            f"{in_words(error)}. Look at the code that runs for each request."
        ) from error
    return response.status_code


async def ask(http: httpx2.AsyncClient, place: str, event: int) -> None:
    """Send a request, and check that it returned 200."""
    number, path = called(place, event)
    method = "POST" if place == "task" else "GET"
    status = await status_of(http, method, f"{path}?seat=4", Request_ID=number)
    assert status == 200, (
        f"`{method} {path}` returned {status}. The docstring asks to return the "
        "response. Look at `dispatch`."
    )


PLACES = {
    "async": "an `async def` endpoint",
    "def": "a `def` endpoint",
    "task": "a background task",
}


@pytest.mark.parametrize("place", PLACES)
async def test_q2_current_returns_the_metadata_of_the_request(answers, place):
    shop = Shop(answers, Rendezvous(1))
    async with async_client(shop.app) as http:
        for event in (7, 8):
            await ask(http, place, event)

    seen = {event: stored(value) for event, value in shop.seen.items()}
    asked = {event: called(place, event) for event in (7, 8)}
    assert seen == asked, (
        f"Two requests, one after the other, called `current()` in "
        f"{PLACES[place]}: it returned {in_words(seen)}. The docstring asks for the "
        f"`Metadata` of the request: {in_words(asked)}. The second ID is an empty text."
    )


@pytest.mark.parametrize("place", PLACES)
async def test_q2_requests_at_the_same_time_have_their_own(answers, place):
    room = Rendezvous(3)
    shop = Shop(answers, room)
    async with async_client(shop.app) as http:
        await asyncio.gather(*(ask(http, place, event) for event in (1, 2, 3)))

    assert room.most == 3, (
        f"Of three requests, only {room.most} ran at the same time. The docstring asks "
        "that several requests can run. Look for what waits in your middleware."
    )
    seen = {event: stored(shop.seen.get(event)) for event in (1, 2, 3)}
    asked = {event: called(place, event) for event in (1, 2, 3)}
    assert seen == asked, (
        f"Three requests waited in {PLACES[place]} at the same time. Then `current()` "
        f"returned {in_words(seen)}. Their own metadata are {in_words(asked)}. The "
        "docstring asks for these; two IDs can be the same. Look at where you store it."
    )


def test_q2_where_no_request_runs_current_returns_none(answers):
    room = Rendezvous(1)
    shop = Shop(answers, room)
    before = outcome(shop.current)
    headers = {"X-Request-ID": IDS[7]}
    with client(shop.app) as http:
        assert http.portal is not None, "A client in a `with` block has an event loop."
        outcome(lambda: http.get("/async/7", headers=headers))
        after = outcome(lambda: http.portal.call(shop.current))

    during = stored(shop.seen.get(7))
    assert during == called("async", 7), (
        f"During a request, `current()` gave {in_words(during)}. The docstring asks "
        f"for its `Metadata`: {in_words(called('async', 7))}."
    )
    for when, seen in (("Before", before), ("After", after)):
        assert seen is None, (
            f"{when} a request, `current()` gave {in_words(stored(seen))}. The "
            "docstring asks for None outside of a request. Look at what your code "
            "reads if nothing is stored."
        )


def test_q2_the_response_is_returned(answers):
    shop = Shop(answers, Rendezvous(1))
    headers = {"X-Request-ID": "id-7"}
    with client(shop.app) as http:
        seen = [
            outcome(lambda path=path: http.get(path, headers=headers).status_code)
            for path in ("/full", "/nowhere", "/async/7")
        ]
    assert seen == [409, 404, 200], (
        "An endpoint raised HTTPException(409), a path was unknown, and an endpoint "
        f"returned. The status codes are {in_words(seen)}. The docstring asks to "
        "return the response of each request."
    )


class Office:
    """A box office whose payments wait for each other."""

    def __init__(self, payments: int) -> None:
        self.log: list[str] = []
        self.paid: list[object] = []
        self.new_names: dict[str, str] = {}
        self.paying = Rendezvous(payments)

    async def buyer_of(self, token: str) -> str:
        """Return the name in the token, or its new name."""
        await asyncio.sleep(0)
        if token in ("unknown", "busy"):
            raise HTTPException(401 if token == "unknown" else 503)
        name = token.removeprefix("token-of-")
        return self.new_names.get(name, name)

    async def pay(self, buyer: str) -> None:
        """Wait until all payments have begun, or until `paying` opens."""
        if buyer == "Poor":
            raise HTTPException(402)
        await self.paying.wait_async()
        self.paid.append(buyer)

    def lines_of(self, number: str) -> list[str]:
        """Return the lines that begin with this ID, without it."""
        lines = [line.partition(" ") for line in self.log]
        return [text for begin, _, text in lines if begin == number]


async def buy(http: httpx2.AsyncClient, number: str, buyer: str) -> int:
    """Buy a ticket, and return the status code."""
    headers = {"Request_ID": number, "Token": f"token-of-{buyer}"}
    return await status_of(http, "POST", "/events/7/tickets", **headers)


def tickets_app(answers, office: Office) -> FastAPI:
    """Return the application of 4.15.3."""
    return fastapi_app(answers.tickets_app(office), "tickets_app(...)")


BUYERS = {"a1": "Ada", "b2": "Ben", "c3": "Cem"}


async def buy_at_the_same_time(answers, office: Office) -> None:
    """Let three people buy; each payment waits for the two others."""
    async with async_client(tickets_app(answers, office)) as http:
        seen = await asyncio.gather(*(buy(http, *one) for one in BUYERS.items()))

    assert (seen, office.paying.most) == ([200] * 3, 3), (
        f"Three people bought a ticket at the same time. {office.paying.most} of the "
        f"payments ran at once, and the status codes are {seen}. The docstring asks "
        "that several requests can run at the same time, and each returns 200."
    )
    assert set(office.paid) == set(BUYERS.values()), (
        f"{', '.join(BUYERS.values())} bought a ticket at the same time. The buyers "
        f"who paid are {in_words(office.paid)}. The docstring asks that each request "
        "pays for its own buyer. Look at what `current_buyer` returns."
    )


async def test_q3_each_line_begins_with_the_id_of_its_request(answers):
    office = Office(payments=3)
    await buy_at_the_same_time(answers, office)

    seen = [office.lines_of(number)[:2] for number in BUYERS]
    assert seen == [["waits for payment", "sold a ticket"]] * 3, (
        f"Requests a1, b2 and c3 ran at the same time. The log is "
        f"{in_words(office.log)}. The docstring asks that each line begins with the ID "
        "of the request that writes it. Look at where `write` finds the ID."
    )


async def test_q3_the_last_line_has_the_buyer_of_the_request(answers):
    office = Office(payments=3)
    await buy_at_the_same_time(answers, office)

    seen = {number: office.lines_of(number)[-1:] for number in BUYERS}
    assert seen == {number: [f"{name} 200"] for number, name in BUYERS.items()}, (
        f"The requests of {BUYERS} ran at the same time. The last lines are "
        f"{in_words(seen)}. The docstring asks for the buyer of the same request. "
        "Look at where the middleware finds the name."
    )


async def test_q3_requests_with_the_same_id_have_their_own_buyers(answers):
    office = Office(payments=2)
    async with async_client(tickets_app(answers, office)) as http:
        await asyncio.gather(*(buy(http, "a1", buyer) for buyer in ("Ada", "Ben")))
        await status_of(http, "POST", "/nowhere", Request_ID="a1", Token="unknown")

    seen = [line for line in office.lines_of("a1") if line[-3:].isdecimal()]
    asked = ["Ada 200", "Ben 200", "nobody 404"]
    assert (sorted(seen[:2]), seen[2:]) == (asked[:2], asked[2:]), (
        "Ada and Ben bought at the same time, then a third request had an unknown "
        "path. All three have the ID a1. Their last lines are "
        f"{in_words(seen)}. The docstring asks for the buyer of the request, and two "
        "requests can have the same ID."
    )


async def while_ada_pays(answers, office: Office, path: str, token: str) -> int:
    """Send request x9 while Ada pays (request a1), and return its status code."""
    async with async_client(tickets_app(answers, office)) as http:
        buying = asyncio.create_task(buy(http, "a1", "Ada"))
        while not office.paying.inside and not buying.done():  # noqa: ASYNC110
            await asyncio.sleep(0)
        status = await status_of(http, "POST", path, Request_ID="x9", Token=token)
        office.paying.open()
        await buying
    return status


@pytest.mark.parametrize(
    ("path", "token", "status"),
    [
        ("/events/7/tickets", "unknown", 401),
        ("/events/7/tickets", "busy", 503),
        ("/nowhere", "unknown", 404),
        ("/nowhere", "token-of-Ben", 404),
    ],
    ids=["unknown token", "busy service", "unknown path", "no endpoint"],
)
async def test_q3_without_a_buyer_the_last_line_has_nobody(
    answers, path, token, status
):
    office = Office(payments=2)
    got = await while_ada_pays(answers, office, path, token)

    assert got == status, (
        f"Request x9 asked for {path} with the token {token!r} and returned {got}. The "
        f"docstring asks for the same status code as today: {status}."
    )
    seen = {number: office.lines_of(number)[-1:] for number in ("x9", "a1")}
    assert seen == {"x9": [f"nobody {status}"], "a1": ["Ada 200"]}, (
        f"While Ada paid (request a1), request x9 returned {status}, and "
        "`current_buyer` found no buyer or did not run. The last lines of both are "
        f"{in_words(seen)}. The docstring asks for the buyer of the request, or for "
        '"nobody".'
    )


@pytest.mark.parametrize(
    ("path", "buyer", "status"),
    [("/events/x/tickets", "Ben", 422), ("/events/7/tickets", "Poor", 402)],
    ids=["no number", "payment"],
)
async def test_q3_a_refused_request_has_its_buyer_in_the_last_line(
    answers, path, buyer, status
):
    office = Office(payments=2)
    got = await while_ada_pays(answers, office, path, f"token-of-{buyer}")

    assert got == status, (
        f"Request x9 of {buyer} asked for {path} and returned {got}. The docstring "
        f"asks for the same status code as today: {status}."
    )
    seen = {number: office.lines_of(number)[-1:] for number in ("x9", "a1")}
    assert seen == {"x9": [f"{buyer} {status}"], "a1": ["Ada 200"]}, (
        f"While Ada paid (request a1), request x9 returned {status}. `current_buyer` "
        f"had found {buyer}. The last lines of both are {in_words(seen)}. The "
        "docstring asks for the buyer of the request. Look at when you store the name."
    )


async def test_q3_the_same_token_can_have_another_buyer(answers):
    office = Office(payments=2)
    async with async_client(tickets_app(answers, office)) as http:
        buying = asyncio.create_task(buy(http, "a1", "Ada"))
        while not office.paying.inside and not buying.done():  # noqa: ASYNC110
            await asyncio.sleep(0)
        office.new_names["Ada"] = "Eve"
        await asyncio.gather(buying, buy(http, "b2", "Ada"))

    seen = {number: office.lines_of(number)[-1:] for number in ("a1", "b2")}
    assert seen == {"a1": ["Ada 200"], "b2": ["Eve 200"]}, (
        "While Ada paid (a1), her token became Eve's. Then b2 sent the same token. The "
        f"last lines are {in_words(seen)}. The docstring asks for the buyer of each "
        "request. Look at what your code keeps from one request to the next."
    )


async def test_q3_the_next_request_does_not_know_the_buyer_before(answers):
    office = Office(payments=2)
    unknown = {"Request_ID": "x9", "Token": "unknown"}
    async with async_client(tickets_app(answers, office)) as http:
        both = [buy(http, "a1", "Ada"), buy(http, "b2", "Ben")]
        await asyncio.gather(*both)
        await status_of(http, "POST", "/nowhere", **unknown)

    seen = {number: office.lines_of(number)[-1:] for number in ("a1", "b2", "x9")}
    asked = {"a1": ["Ada 200"], "b2": ["Ben 200"], "x9": ["nobody 404"]}
    assert seen == asked, (
        "Ada and Ben bought at the same time (a1, b2), then x9 asked for an unknown "
        f"path. The last lines are {in_words(seen)}. The docstring asks for the buyer "
        'of each request, and for "nobody" if there is none.'
    )
