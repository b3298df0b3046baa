"""The tests of section 1.4."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from html.parser import HTMLParser
from itertools import count
from threading import Event
from typing import Any

import httpx2
import pytest
from anyio.to_thread import current_default_thread_limiter
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.http import JsonResponse
from django.urls import path as django_path
from fastapi import FastAPI
from flask import Flask
from pydantic import BaseModel, ValidationError

from lab import (
    Rendezvous,
    async_client,
    attempt,
    calls,
    client,
    fastapi_app,
    in_words,
    json_or_text,
    outcome,
    serve_wsgi,
    stand_in,
    swagger_ui,
)

REQUESTS = 50
THREADS = 4


def result_of(app: FastAPI, method: str, path: str, **options: Any) -> tuple[int, Any]:
    """Return the status code and the JSON of a response; of a 500, the exception."""
    with client(app) as http:
        result = outcome(lambda: http.request(method, path, **options))
    if isinstance(result, httpx2.Response):
        return result.status_code, json_or_text(result)
    return 500, result


class Warehouse:
    """Responds once its rendezvous has opened."""

    def __init__(self, room: Rendezvous) -> None:
        self.room = room

    def ask(self) -> int:
        """Return the number of lamps; block the thread until then."""
        self.room.wait()
        return 3

    async def ask_async(self) -> int:
        """Return the number of lamps; leave the event loop to others until then."""
        await self.room.wait_async()
        return 3


def endpoint_of(answers, kind: str, warehouse: Warehouse) -> Callable[[], Any]:
    """Return the endpoint of `GET /stock`, which asks this warehouse."""

    def stock() -> dict[str, int]:
        return answers.read_stock(warehouse)

    async def stock_async() -> dict[str, int]:
        return await answers.read_stock_async(warehouse)

    return stock if kind == "def" else stock_async


@pytest.fixture
def django_app(monkeypatch):
    """Return a function that creates a Django application with one endpoint."""
    if not settings.configured:
        settings.configure()

    def create(endpoint: Callable[[], Any]) -> ASGIHandler:
        async def view(_: object) -> JsonResponse:
            return JsonResponse(await endpoint())

        routes = (django_path("stock", view),)
        monkeypatch.setattr(settings, "ROOT_URLCONF", routes, raising=False)
        monkeypatch.setattr(settings, "ALLOWED_HOSTS", ["*"])
        monkeypatch.setattr(settings, "MIDDLEWARE", [])
        return ASGIHandler()

    return create


# A client of an application, and a function: can no further request get through?
Served = tuple[httpx2.AsyncClient, Callable[[], bool]]


@asynccontextmanager
async def on_threads(app: Flask, room: Rendezvous) -> AsyncIterator[Served]:
    """Serve a WSGI application with worker threads."""
    with serve_wsgi(app, threads=THREADS) as server:

        def is_full() -> bool:
            arrived = room.inside + server.in_line == REQUESTS
            return arrived and not (server.in_line and server.idle)

        async with httpx2.AsyncClient(
            base_url=server.url, timeout=None, trust_env=False, verify=False
        ) as http:
            yield http, is_full


@asynccontextmanager
async def on_a_loop(app: Any, room: Rendezvous) -> AsyncIterator[Served]:
    """Serve an ASGI application in the event loop of the test."""
    pool = current_default_thread_limiter()
    async with async_client(app) as http:
        yield http, lambda: room.inside + pool.statistics().tasks_waiting == REQUESTS


async def observed_waiting(answers, application: str, django_app: Callable) -> int:
    """Return how many requests to this application wait at the same time."""
    framework, _, kind = application.partition(" ")
    room = Rendezvous()
    endpoint = endpoint_of(answers, kind, Warehouse(room))
    if framework == "django":
        served = on_a_loop(django_app(endpoint), room)
    else:
        app = Flask("shop") if framework == "flask" else FastAPI()
        app.get("/stock")(endpoint)
        served = (on_threads if framework == "flask" else on_a_loop)(app, room)

    async with served as (http, is_full):
        sent = [asyncio.ensure_future(http.get("/stock")) for _ in range(REQUESTS)]
        while not (is_full() or all(one.done() for one in sent)):  # noqa: ASYNC110
            await asyncio.sleep(0)
        room.open()
        statuses = {response.status_code for response in await asyncio.gather(*sent)}
    assert statuses == {200}, (
        f'The application "{application}" returned the status codes {statuses}. '
        "`read_stock` and `read_stock_async` are given: `sensei reset` restores them."
    )
    return room.most


WHERE_TO_LOOK = {
    "flask def": "On a WSGI server a request keeps its thread while it waits. Look at "
    "the number of threads in `Given`.",
    "flask async def": "On a WSGI server each request has a thread of its own, and "
    "Flask runs the `async def` view in this thread until it is complete.",
    "django async def": "The number depends on the server and on `await`, not on the "
    "name of the framework. Compare Django's line in `Given` with FastAPI's.",
    "fastapi async def": "At `await` the event loop goes on with the next request.",
    "fastapi def": "FastAPI does not run a `def` endpoint in the event loop. See the "
    "last line of `Given`.",
}


@pytest.mark.parametrize("application", list(WHERE_TO_LOOK))
async def test_q1_the_number_of_waiting_requests_is_predicted(
    answers, django_app, application
):
    predictions = answers.waiting_requests()
    assert isinstance(predictions, dict), (
        f"`waiting_requests()` returned {in_words(predictions)}. The docstring asks "
        "for a number for each of the five applications."
    )
    predicted = predictions.get(application)
    assert not isinstance(predicted, str), (
        f'"{application}": you predicted the text {predicted!r}. The docstring asks '
        "for a number."
    )
    observed = await observed_waiting(answers, application, django_app)

    is_right = predicted == observed
    assert is_right, (
        f'"{application}": you predicted {in_words(predicted)}, but another number of '
        f"requests waited at the same time. {WHERE_TO_LOOK[application]}"
    )


def get_products(answers, app: FastAPI, **query: str) -> tuple[int, Any]:
    """Return the result of `GET /products`, with 60 products in the catalogue."""
    products = [
        answers.Product(sku=f"SKU-{n}", name=f"{99 - n}", price=Decimal(n))
        for n in range(60)
    ]
    stand_in(
        answers.catalogue,
        lambda sort: sorted(products, key=lambda one: getattr(one, sort)),
    )
    return result_of(app, "GET", "/products", params=query)


def assert_same_rule(answers, name: str, rule: dict[object, bool]) -> None:
    """Check the server and the page for a parameter; `rule` says what is allowed."""
    others = {"limit": "sort=name", "sort": "limit=1"}[name]
    app = fastapi_app(answers.search_app(), "search_app()")
    for value, is_allowed in rule.items():
        other, _, fits = others.partition("=")
        status, body = get_products(answers, app, **{name: str(value), other: fits})
        expected = 200 if is_allowed else 422
        assert status == expected, (
            f"`GET /products?{name}={value}&{others}` returned {status} and "
            f"{in_words(body)}. The docstring asks for {expected}: look at the rule "
            f"for `{name}`."
        )
    page = swagger_ui(app)
    schema = page.parameter("get", "/products", name)
    assert schema is not None, (
        f"The page `/docs` has no parameter `{name}`. The docstring asks for it. Look "
        "at the parameters of your endpoint."
    )
    shown = {value: page.allows(schema, value) for value in rule}
    assert shown == rule, (
        f"The server accepts and refuses the right values of `{name}`, but `/docs` "
        f"does not show this rule. It only knows {in_words(schema)}. FastAPI reads the "
        f"type and the limits from the annotation of `{name}`."
    )


def test_q2_limit_is_from_1_to_50_on_the_page_and_on_the_server(answers):
    rule = {0: False, 1: True, 50: True, 51: False, 20.5: False, "many": False}
    rule[10**30] = False
    assert_same_rule(answers, "limit", rule)


def test_q2_sort_is_a_sort_on_the_page_and_on_the_server(answers):
    rule = {"name": True, "price": True, "date": False, "Name": False, "": False}
    assert_same_rule(answers, "sort", rule)


def test_q2_the_page_shows_the_defaults_of_the_server(answers):
    app = fastapi_app(answers.search_app(), "search_app()")
    page = swagger_ui(app)
    status, found = get_products(answers, app)

    names = [one["name"] for one in found] if isinstance(found, list) else found
    expected = [str(number) for number in range(40, 60)]
    what = "the names " if isinstance(found, list) else ""
    assert names == expected, (
        f"With 60 products, `GET /products` returned {status} and {what}"
        f"{in_words(names)}. The docstring asks for 20 products, sorted by name."
    )
    shown = [
        (page.parameter("get", "/products", name) or {}).get("default")
        for name in ("limit", "sort")
    ]
    assert shown == [20, "name"], (
        f"The page `/docs` shows {in_words(shown)} as the defaults of `limit` and "
        "`sort`. The docstring asks for the integer 20 and for 'name'. Look at what "
        "follows `=` in the parameters."
    )


def test_q2_the_page_shows_the_fields_of_a_product(answers):
    app = fastapi_app(answers.search_app(), "search_app()")
    shown = swagger_ui(app).fields("get", "/products", "200")
    status, found = get_products(answers, app, limit="1", sort="price")

    assert found == [{"sku": "SKU-0", "name": "99", "price": "0"}], (
        f"`GET /products?limit=1&sort=price` returned {status} and {in_words(found)}."
        " The docstring asks for a list of `Product`, here with the "
        "cheapest one: 'SKU-0', '99', '0'."
    )
    assert shown == {"sku", "name", "price"}, (
        f"The page `/docs` shows {listed(shown)} for the products in the response. "
        "The docstring asks for a list of `Product`. FastAPI reads this from the "
        "return annotation."
    )


@dataclass
class Saved:
    """The orders that `save_order` has saved: its numbers begin at 501."""

    orders: list[tuple[str, int]]

    def save(self, sku: str, quantity: int) -> int:
        """Save an order, and return its number."""
        self.orders.append((sku, quantity))
        return 500 + len(self.orders)


def order_app(answers) -> tuple[FastAPI, Saved]:
    """Return the application of 1.4.3, and what it saves."""
    saved = Saved([])
    stand_in(answers.save_order, saved.save)
    return fastapi_app(answers.order_app(), "order_app()"), saved


def assert_orders_are_placed(app: FastAPI, saved: Saved) -> None:
    """Check that orders with the least and the greatest quantity are placed."""
    saved.orders.clear()
    seen = [
        result_of(app, "POST", "/orders", json={"sku": "VASE-07", "quantity": quantity})
        for quantity in (1, 1000)
    ]
    assert seen == [(201, {"number": 501}), (201, {"number": 502})], (
        f"Orders of 1 and of 1000 pieces fit `OrderIn`. They returned {in_words(seen)}."
        " The docstring asks for 201 and the number from `save_order`, which was 501, "
        "then 502."
    )
    assert saved.orders == [("VASE-07", 1), ("VASE-07", 1000)], (
        f"`save_order` got {in_words(saved.orders)} for orders of 1 and of 1000 pieces "
        "of 'VASE-07'. Look at the arguments that you pass to it."
    )


UNFIT: dict[str, object] = {
    "no sku": {"quantity": 2},
    "no quantity": {"sku": "LAMP-01"},
    "0 pieces": {"sku": "LAMP-01", "quantity": 0},
    "1001 pieces": {"sku": "LAMP-01", "quantity": 1001},
    "many pieces": {"sku": "LAMP-01", "quantity": 10**30},
    "quantity is a text": {"sku": "LAMP-01", "quantity": "two"},
    "quantity is null": {"sku": "LAMP-01", "quantity": None},
    "sku is a number": {"sku": 7, "quantity": 2},
    "both are wrong": {"sku": ["LAMP-01"], "quantity": {}},
    "sku is empty": {"sku": "", "quantity": 2},
}


@pytest.mark.parametrize("order", UNFIT.values(), ids=list(UNFIT))
def test_q3_an_order_that_does_not_fit_returns_422(answers, order):
    app, saved = order_app(answers)
    status, body = result_of(app, "POST", "/orders", json=order)
    others = {result_of(app, "POST", "/orders", json=one)[0] for one in ([], None, 3)}
    placed = list(saved.orders)
    assert_orders_are_placed(app, saved)

    assert status == 422, (
        f"`POST /orders` with {in_words(order)} returned {status} and "
        f"{in_words(body)}. The docstring asks for 422, because the "
        "body does not fit `OrderIn`. FastAPI checks what is annotated."
    )
    assert (others, placed) == ({422}, []), (
        f"A list, null and a number returned {others}, and `save_order` was called "
        f"with {in_words(placed)}. The docstring asks for 422, and to save nothing."
    )


def test_q3_the_page_lists_the_fields_of_the_request_and_of_the_response(answers):
    app, saved = order_app(answers)
    page = swagger_ui(app)
    assert_orders_are_placed(app, saved)

    request = page.body_fields("post", "/orders")
    assert request == {"sku", "quantity"}, (
        f"The page `/docs` lists {listed(request)} for the request body. The "
        "docstring asks for the fields of `OrderIn`. FastAPI reads them from the "
        "annotation of the parameter."
    )
    response = page.fields("post", "/orders", "201")
    assert response == {"number"}, (
        f"The page `/docs` lists {listed(response)} for the response 201. The "
        "docstring asks for the fields of `OrderOut`. FastAPI reads them from the "
        "return annotation."
    )


def listed(fields: set[str]) -> str:
    """Return these fields for a message."""
    return in_words(sorted(fields)) if fields else "no fields"


def blocks_a_loop() -> bool:
    """Return whether this thread runs an event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class SlowStorage:
    """Saves orders in `saved`; one of the product SLOW only when it is released."""

    def __init__(self, saved: Saved) -> None:
        self.saved = saved
        self.begun, self.released = Event(), Event()
        self.events: list[str] = []
        self.has_blocked = False

    def save(self, sku: str, quantity: int) -> int:
        """Return the number of the order."""
        if sku == "SLOW":
            self.begun.set()
            # Blocked, the event loop would never come to the other request.
            self.has_blocked = self.has_blocked or blocks_a_loop()
            if not self.has_blocked:
                self.released.wait(30)
            self.events.append("the slow order was saved")
        return self.saved.save(sku, quantity)


def post_order(http: Any, sku: str) -> object:
    """Return the status code of the response to an order, or the exception."""
    order = {"sku": sku, "quantity": 1}
    result = outcome(lambda: http.post("/orders", json=order))
    return getattr(result, "status_code", result)


def test_q3_other_requests_are_served_while_an_order_is_saved(answers):
    app, saved = order_app(answers)
    storage = SlowStorage(saved)
    stand_in(answers.save_order, storage.save)
    with client(app) as http, ThreadPoolExecutor(1) as threads:
        slow = threads.submit(post_order, http, "SLOW")
        slow.add_done_callback(lambda _: storage.begun.set())
        storage.begun.wait(30)
        other = post_order(http, "LAMP-01")
        storage.events.append("the other request returned")
        storage.released.set()
        statuses = [slow.result(), other]

    assert statuses == [201, 201], (
        f"Two orders at the same time returned {in_words(statuses)}. The docstring "
        "asks for 201: both fit `OrderIn`."
    )
    why = (
        "because `save_order` blocked the event loop. Look at how your endpoint is "
        "defined: `def` or `async def`."
        if storage.has_blocked
        else "although the event loop was free. Look for a lock in your code, or for a "
        "pool with one thread."
    )
    in_order = ["the other request returned", "the slow order was saved"]
    assert storage.events == in_order, (
        "The docstring asks that the application responds to other requests while "
        f"`save_order` runs. Another order had to wait, {why}"
    )


def answer_of(respond: Any, body: object, name: str = "Your function") -> Any:
    """Return the JSON that the learner's function returns for this body."""
    assert callable(respond), (
        f"`fast_endpoint(...)` returned {in_words(respond)}. The docstring asks for a "
        "function that takes the JSON of a request."
    )
    returned = attempt(name, respond, json.dumps(body).encode())
    assert isinstance(returned, bytes), (
        f"{name} returned {in_words(returned)}. The docstring asks for the JSON "
        "of the response as `bytes`."
    )
    return attempt("Reading your JSON", json.loads, returned)


def lines(count: int) -> list[dict[str, Any]]:
    """Return so many lines of an order, as a client sends them."""
    return [
        {"sku": f"SKU-{number}", "quantity": number, "price": "2.50"}
        for number in range(count)
    ]


def echo(answers) -> Any:
    """Return `fast_endpoint` of an endpoint that returns the lines that it gets."""
    kind = list[answers.Line]
    return answers.fast_endpoint(lambda given: given, kind, kind)


class Parcel(BaseModel):
    """A parcel."""

    number: int
    weight: Decimal


PARCELS = {"a": {"number": 1, "weight": "9"}, "b": {"number": 2, "weight": "10"}}


def called_twice_each(answers: Any) -> tuple[list[Any], list[Any]]:
    """Return what two endpoints got, and the JSON of their responses.

    The first takes a list of lines, the second a dictionary of parcels.
    """
    seen: list[Any] = []

    def total(given: list[Any]) -> Decimal:
        seen.append(given)
        return Decimal("7.5") if given else Decimal()

    def heaviest(given: dict[str, Parcel]) -> str | None:
        seen.append(given)
        return "b" if given else None

    first = answers.fast_endpoint(total, list[answers.Line], Decimal)
    second = answers.fast_endpoint(heaviest, dict[str, Parcel], str | None)
    sent: list[tuple[Any, object, str]] = [
        (first, [{"sku": "LAMP-01", "quantity": "3", "price": 2.5}], "list[Line]"),
        (first, [], "list[Line]"),
        (second, PARCELS, "dict[str, Parcel]"),
        (second, {}, "dict[str, Parcel]"),
    ]
    returned = [
        answer_of(respond, body, f"Your function whose `takes` is {takes}")
        for respond, body, takes in sent
    ]
    return seen, returned


def test_q4_the_endpoint_gets_an_object_and_the_client_json(answers):
    seen, returned = called_twice_each(answers)

    line = answers.Line("LAMP-01", 3, Decimal("2.5"))
    assert seen[:2] == [[line], []], (
        f"For one line, and for none, the endpoint got {in_words(seen[:2])}. The "
        "docstring asks for the body, converted to `takes`, which is `list[Line]` here."
    )
    two = {name: Parcel(**fields) for name, fields in PARCELS.items()}
    assert seen[2:] == [two, {}], (
        f"For two parcels, and for none, the endpoint got {in_words(seen[2:])}. The "
        "docstring asks for the body, converted to `takes`, which is `dict[str, "
        "Parcel]` here."
    )
    assert returned == ["7.5", "0", "b", None], (
        f"Two endpoints returned Decimal('7.5'), Decimal('0'), 'b' and None. The JSON "
        f"was {in_words(returned)}. The docstring asks for '7.5', '0', 'b' and null: "
        "look at how you convert what the endpoint returns."
    )


UNFIT_LINES: dict[str, object] = {
    "no quantity": [{"sku": "LAMP-01", "price": "2.50"}],
    "quantity is a text": [{"sku": "LAMP-01", "quantity": "two", "price": "2.50"}],
    "sku is a number": [{"sku": 7, "quantity": 2, "price": "2.50"}],
    "an object": {"sku": "LAMP-01", "quantity": 2, "price": "2.50"},
    "null": None,
    "a number": 3,
}


@pytest.mark.parametrize("unfit", UNFIT_LINES.values(), ids=list(UNFIT_LINES))
def test_q4_json_that_does_not_fit_raises_a_validation_error(answers, unfit):
    called = []
    respond = answers.fast_endpoint(called.append, list[answers.Line], type(None))

    raised = outcome(lambda: respond(json.dumps(unfit).encode()))
    result = "raised" if isinstance(raised, Exception) else "returned"
    assert isinstance(raised, ValidationError), (
        f"The JSON {in_words(unfit)} does not fit `list[Line]`. Your function {result} "
        f"{in_words(raised)}. The docstring asks for pydantic's ValidationError."
    )
    assert called == [], (
        f"The JSON {in_words(unfit)} does not fit, but the endpoint was called with "
        f"{in_words(called)}. The docstring asks not to call it."
    )


NOT_JSON = {
    "nothing": b"",
    "a bracket": b"[",
    "a word": b"lamps",
    "single quotes": b"{'a': 1}",
    "not UTF-8": b"\xff",
}


@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON)
def test_q4_a_body_that_is_not_json_raises_a_validation_error(answers, body):
    called: list[object] = []
    takes = list[answers.Line] | None
    respond = answers.fast_endpoint(called.append, takes, type(None))

    raised = outcome(lambda: respond(body))
    result = "raised" if isinstance(raised, Exception) else "returned"
    is_right = isinstance(raised, ValidationError) and not called
    assert is_right, (
        f"The body {body!r} is not JSON. Your function {result} {in_words(raised)}, "
        f"and called the endpoint {len(called)} times. The docstring asks for "
        "pydantic's ValidationError, and not to call it. Look at what reads the JSON."
    )


def test_q4_each_request_calls_the_endpoint(answers):
    numbers = count(1)
    respond = answers.fast_endpoint(lambda _: next(numbers), list[int], int)
    returned = [answer_of(respond, [5]) for _ in range(3)]

    assert returned == [1, 2, 3], (
        "The endpoint returns 1, then 2, then 3. For three requests with the same "
        f"body, your function returned {in_words(returned)}. The docstring asks to "
        "call the endpoint for each request."
    )


class Shelf(BaseModel):
    """A shelf."""

    name: str
    note: str | None = None
    boards: int = 5


def test_q4_the_response_has_all_declared_fields(answers):
    respond = answers.fast_endpoint(lambda name: Shelf(name=name), str, Shelf)
    returned = answer_of(respond, "A")

    assert returned == {"name": "A", "note": None, "boards": 5}, (
        "The endpoint returned a `Shelf` with name='A', note=None and boards=5. The "
        f"JSON is {in_words(returned)}. The docstring asks for all fields that "
        "`returns` declares."
    )


def test_q4_the_response_has_the_declared_fields_only(answers):
    @dataclass
    class LineInStock(answers.Line):
        margin: float = 0.31

    def find(skus: list[str]) -> list[Any]:
        return [LineInStock(sku, 1, Decimal("2.50")) for sku in skus]

    respond = answers.fast_endpoint(find, list[str], list[answers.Line])
    returned = answer_of(respond, ["LAMP-01"])

    assert returned == [{"sku": "LAMP-01", "quantity": 1, "price": "2.50"}], (
        "The endpoint returned a line that also has a `margin`. The JSON is "
        f"{in_words(returned)}. The docstring asks for the fields that `returns` "
        "declares, here those of `Line`. Look at what your code does with `returns`."
    )


# Said once by a message of the test, not a thousand times by a warning.
quiet = pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")


@quiet
def test_q4_the_types_are_analysed_once(answers):
    respond = echo(answers)
    answer_of(respond, lines(1))

    with calls() as made:
        returned = answer_of(respond, lines(2))
    again = made.of("inspect", "pydantic._internal._generate_schema")

    assert returned == lines(2), (
        f"The endpoint returned the two lines that it got. The JSON is "
        f"{in_words(returned)}. The docstring asks for these lines as JSON."
    )
    assert not again, (
        "For the second request, Pydantic analysed the types again: it called "
        f"{in_words(again[:2])}. The docstring asks for this once. Look at where your "
        "code creates a `TypeAdapter`."
    )


def functions_run(respond: Callable[[bytes], bytes], count: int) -> int:
    """Return how many Python functions run for so many lines, after a first request."""
    body = json.dumps(lines(count)).encode()
    respond(body)
    with calls() as made:
        respond(body)
    return made.total()


@quiet
def test_q4_1000_lines_run_as_few_python_functions_as_one(answers):
    respond = echo(answers)
    returned = answer_of(respond, lines(1000))
    more = functions_run(respond, 1000) - functions_run(respond, 1)

    assert returned == lines(1000), (
        f"The endpoint returned the 1000 lines that it got. The JSON is "
        f"{in_words(returned)}. The docstring asks for these lines as JSON."
    )
    # The garbage collector may call a few functions of its own.
    assert more < 100, (
        f"1000 lines ran {more} Python functions more than one line. The docstring "
        "asks to leave the loop to Pydantic, which runs it in compiled code. Look for "
        "a loop, `vars`, or a function that is called for each line."
    )


def quote(app: FastAPI, body: object) -> tuple[int, Any]:
    """Return the result of `POST /quotes` for this body."""
    return result_of(app, "POST", "/quotes", json=body)


def test_q5_the_body_that_the_page_fills_in_returns_200(answers):
    app = fastapi_app(answers.quote_app(), "quote_app()")
    filled_in = swagger_ui(app).filled_in("post", "/quotes")
    status, returned = quote(app, filled_in)
    accepted = [
        quote(app, {"sku": sku, "quantity": quantity})
        for sku, quantity in (("VASE-07", 1), ("LAMP-01", 100))
    ]
    body = {"sku": "VASE-07", "quantity": "2", "gift": True}
    lenient = quote(app, body)

    assert status == 200, (
        f"The page fills in {in_words(filled_in)}. For this, `POST /quotes` returned "
        f"{status} and {in_words(returned)}. The docstring asks for 200. Look at the "
        "values that the endpoint knows, and at where the model can show one."
    )
    assert accepted == [(200, {"cents": 1250}), (200, {"cents": 490_000})], (
        "For 1 'VASE-07' and for 100 'LAMP-01', `POST /quotes` returned "
        f"{in_words(accepted)}. Before: 200, with 1250 and 490000 cents. The docstring "
        "asks for the same status code as before: look at what else you changed."
    )
    assert lenient == (200, {"cents": 2500}), (
        f"`POST /quotes` with {in_words(body)} returned {in_words(lenient)}. Before, "
        "it returned 200. The docstring asks for the same status code as before: "
        "look at what the model refuses now."
    )


REFUSED: dict[str, tuple[object, int]] = {
    "unknown": ({"sku": "GOAT-99", "quantity": 1}, 404),
    "string": ({"sku": "string", "quantity": 1}, 404),
    "small letters": ({"sku": "lamp-01", "quantity": 1}, 404),
    "an empty sku": ({"sku": "", "quantity": 1}, 404),
    "a long sku": ({"sku": "LAMP-01" * 50, "quantity": 1}, 404),
    "no sku": ({"quantity": 1}, 422),
    "no quantity": ({"sku": "LAMP-01"}, 422),
    "0 pieces": ({"sku": "LAMP-01", "quantity": 0}, 422),
    "101 pieces": ({"sku": "LAMP-01", "quantity": 101}, 422),
    "null": (None, 422),
}


@pytest.mark.parametrize(("body", "expected"), REFUSED.values(), ids=list(REFUSED))
def test_q5_the_page_lists_404_and_the_same_bodies_are_refused(answers, body, expected):
    app = fastapi_app(answers.quote_app(), "quote_app()")
    listed = swagger_ui(app).statuses("post", "/quotes")
    status, returned = quote(app, body)

    assert status == expected, (
        f"`POST /quotes` with {in_words(body)} returned {status} and "
        f"{in_words(returned)}. Before: {expected}. The docstring asks for the same "
        "status code as before: look at what else you changed."
    )
    assert "404" in listed, (
        f"The page lists the status codes {', '.join(sorted(listed))} for "
        "`POST /quotes`. The docstring asks to list 404 as well. FastAPI does not know "
        "which HTTPException your code raises."
    )


def both_responses(answers, key: str) -> tuple[httpx2.Response, httpx2.Response]:
    """Return what Flask and FastAPI return for the learner's request."""
    requests = answers.evidence()
    found = requests.get(key) if isinstance(requests, dict) else requests
    is_call = bool(found) and isinstance(found, answers.Call)
    assert is_call, (
        f'For "{key}", `evidence()` has {in_words(found)}. The docstring asks for a '
        '`Call`, such as `Call("POST", "/orders", {"quantity": 1})`.'
    )
    method, url = found.method, f"http://testserver{found.path}"
    transport = httpx2.WSGITransport(
        app=answers.flask_shop(), raise_app_exceptions=False
    )
    with (
        httpx2.Client(transport=transport) as flask,
        client(answers.fastapi_shop(), raises=False) as fastapi,
    ):
        what = f'Sending the request for "{key}"'
        return (
            attempt(what, flask.request, method, url, json=found.body),
            attempt(what, fastapi.request, method, url, json=found.body),
        )


def in_short(flask: httpx2.Response, fastapi: httpx2.Response) -> str:
    """Return both responses in a sentence."""
    return (
        f"Flask returned {flask.status_code} {flask.text[:40]!r}, "
        f"FastAPI {fastapi.status_code} {fastapi.text[:40]!r}."
    )


def test_q6_output_only_flask_returns_the_margin(answers):
    flask, fastapi = both_responses(answers, "output")

    def has_margin(response: httpx2.Response) -> bool:
        body = json_or_text(response)
        return isinstance(body, dict) and "margin" in body

    seen = [has_margin(flask), has_margin(fastapi)]
    assert seen == [True, False], (
        f'"output": {in_short(flask, fastapi)} The docstring asks for a request to '
        "which Flask's JSON has the field `margin`. Look for an endpoint that returns "
        "`LAMP`."
    )


def test_q6_input_flask_computes_with_a_wrong_type(answers):
    responses = both_responses(answers, "input")

    seen = []
    for response in responses:
        body = json_or_text(response)
        cents = body.get("cents") if isinstance(body, dict) else None
        seen.append((response.status_code, isinstance(cents, int | float)))
    is_right = seen[0] == (200, False) and seen[1] in ((200, True), (422, False))
    assert is_right, (
        f'"input": {in_short(*responses)} The docstring asks for 200 from Flask with '
        "`cents` that is not a number, and for a number or 422 from FastAPI. Look at "
        "which other values Python can multiply by an integer."
    )


def test_q6_method_only_flask_serves_it(answers):
    flask, fastapi = both_responses(answers, "method")

    assert (flask.status_code, fastapi.status_code) == (200, 405), (
        f'"method": {in_short(flask, fastapi)} The docstring asks for 200 from Flask '
        "and 405 from FastAPI. Look at which methods Flask adds to a GET endpoint."
    )


# In these elements, a browser shows text or nothing at all.
INERT = {"textarea", "title", "style", "noscript", "template", "xmp", "iframe"}


class Scripts(HTMLParser):
    """Finds what a browser runs: script elements, event handlers, script links."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._is_script = False
        self._inert = ""
        self.feed(page)

    def handle_data(self, data: str) -> None:
        """Note the text of a script element; an empty one runs nothing."""
        if self.cdata_elem == "script" and self._is_script and data.strip():
            self.found.append("script")

    def handle_endtag(self, tag: str) -> None:
        """Leave an element in which nothing runs."""
        self._inert = "" if tag == self._inert else self._inert

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what runs in this element."""
        kind = (dict(attrs).get("type") or "module").lower()
        self._is_script = kind == "module" or kind.endswith("script")
        if self._inert or (tag == "script" and not self._is_script):
            self._is_script = False
            return
        self._inert = tag if tag in INERT else ""
        for name, value in attrs:
            self.found += [tag] * (tag == "script" and name == "src" and bool(value))
            if name.startswith("on") or str(value).lower().startswith("javascript:"):
                self.found.append(name)


def test_q6_html_only_the_page_from_fastapi_contains_the_script(answers):
    flask, fastapi = both_responses(answers, "html")

    seen = [bool(Scripts(page.text).found) for page in (flask, fastapi)]
    is_html = fastapi.is_success and flask.text != fastapi.text
    look = (
        "FastAPI's page has your HTML: look at whether a browser runs code in it."
        if is_html
        else "Look for the endpoint that puts text from the request into HTML."
    )
    assert seen == [False, True], (
        f'"html": {in_short(flask, fastapi)} The docstring asks for a script that a '
        f"browser can run in the page from FastAPI only. {look}"
    )
