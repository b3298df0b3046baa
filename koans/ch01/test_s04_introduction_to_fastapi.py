"""The tests of section 1.4."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from enum import StrEnum
from html.parser import HTMLParser
from urllib.parse import urlsplit

import httpx2
import pytest
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from fastapi import FastAPI
from pydantic import BaseModel, ValidationError

from lab import Rendezvous, async_client, calls, client, serve_wsgi, swagger_ui


def body(answer: httpx2.Response) -> object:
    """Return what a client reads: JSON, or the text where it is none."""
    try:
        return answer.json()
    except ValueError:
        return answer.text


class Warehouse:
    """Says how many pieces it has once its rendezvous has opened."""

    def __init__(self, room: Rendezvous, pieces: int = 3) -> None:
        self.room = room
        self.pieces = pieces

    def ask(self, sku: str) -> int:
        """Return the pieces; block the thread until then."""
        self.room.wait()
        return self.pieces

    async def ask_async(self, sku: str) -> int:
        """Return the pieces; leave the event loop to others until then."""
        await self.room.wait_async()
        return self.pieces


CUSTOMERS = 50
THREADS = 4


@pytest.fixture
def django(monkeypatch):
    """Return a function that has Django serve some URL patterns and nothing else."""
    if not settings.configured:
        settings.configure()

    def serving(patterns: list) -> None:
        monkeypatch.setattr(settings, "ROOT_URLCONF", tuple(patterns), raising=False)
        monkeypatch.setattr(settings, "ALLOWED_HOSTS", ["*"])
        monkeypatch.setattr(settings, "MIDDLEWARE", [])

    return serving


@asynccontextmanager
async def on_threads(
    app: Callable, room: Rendezvous
) -> AsyncIterator[tuple[httpx2.AsyncClient, Callable[[], bool]]]:
    """Yield a client of a WSGI app, and whether nobody else can enter the room."""
    with serve_wsgi(app, threads=THREADS) as server:

        def full() -> bool:
            present = room.inside + server.in_line
            return present == CUSTOMERS and not (server.in_line and server.idle)

        async with httpx2.AsyncClient(
            base_url=server.url, timeout=None, trust_env=False
        ) as one:
            yield one, full


@asynccontextmanager
async def on_a_loop(
    app: Callable, room: Rendezvous
) -> AsyncIterator[tuple[httpx2.AsyncClient, Callable[[], bool]]]:
    """Yield a client of an ASGI app, and whether nobody else can enter the room."""
    async with async_client(app) as one:
        yield one, lambda: room.inside == CUSTOMERS


async def observed_waiting(answers, shop: str, django: Callable) -> int:
    """Return how many of the customers of a shop really wait in the warehouse."""
    framework, view = shop.split("/")
    room = Rendezvous()
    app = getattr(answers, f"{framework}_shop")(Warehouse(room))
    threaded = shop in ("flask/def", "flask/async", "django/def")
    if framework == "django":
        django(app)
        app = WSGIHandler() if threaded else ASGIHandler()
    async with (on_threads if threaded else on_a_loop)(app, room) as (customer, full):
        visits = [
            asyncio.ensure_future(customer.get(f"/{view}/lamp"))
            for _ in range(CUSTOMERS)
        ]
        while not (full() or all(visit.done() for visit in visits)):  # noqa: ASYNC110
            await asyncio.sleep(0)
        room.open()
        read = [answer.status_code for answer in await asyncio.gather(*visits)]
    assert set(read) == {200}, f"The customers of {shop} were answered {set(read)}."
    return room.most


@pytest.mark.parametrize(
    "shop",
    [
        "flask/def",
        "flask/async",
        "django/def",
        "django/async",
        "fastapi/async",
        "fastapi/blocking",
    ],
)
async def test_q1_the_number_of_those_who_wait_is_predicted(answers, django, shop):
    predicted = answers.waiting_at_once().get(shop)
    observed = await observed_waiting(answers, shop, django)

    same = predicted == observed
    assert same, (
        f'"{shop}": you expect {predicted} of fifty to wait together; it was not so. '
        "Whose thread is it that waits, and what else can it do meanwhile?"
    )


def fill(answers, count: int) -> None:
    """Put so many products into the catalogue; the first by sku is the last by name."""
    products = [
        answers.Product(
            sku=f"SKU-{number:02}", name=f"{count - number:02}", price=Decimal(number)
        )
        for number in range(count)
    ]
    answers.catalogue = lambda sort: sorted(
        products, key=lambda one: getattr(one, sort)
    )


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        (
            "limit",
            {0: False, 1: True, 50: True, 51: False, 100: False, "many": False},
        ),
        ("sort", {"name": True, "price": True, "date": False, "20": False}),
    ],
    ids=["limit", "sort"],
)
def test_q2_the_page_and_the_server_have_the_same_rule(answers, name, rule):
    app = answers.search_app()
    with client(app, raises=False) as shop:
        read = {
            value: shop.get("/products", params={name: value}).status_code
            for value in rule
        }
    page = swagger_ui(app)
    schema = page.parameter("get", "/products", name)

    odd = {
        value: read[value]
        for value, allowed in rule.items()
        if read[value] != (200 if allowed else 422)
    }
    assert not odd, f"For `{name}`, the server answered these values so: {odd}."
    assert schema is not None, f"The page knows no parameter `{name}`."
    odd = [value for value in rule if page.allows(schema, value) != rule[value]]
    assert not odd, (
        f"The server knows what to do with `{name}` = {odd}. The page does not: "
        f"all it says of `{name}` is {schema}."
    )


def test_q2_what_is_left_out_is_on_the_page_and_so_the_server_does(answers):
    fill(answers, 60)
    app = answers.search_app()
    with client(app, raises=False) as shop:
        answer = shop.get("/products")
    page = swagger_ui(app)
    limit = page.parameter("get", "/products", "limit") or {}
    sort = page.parameter("get", "/products", "sort") or {}

    found = body(answer)
    assert answer.status_code == 200, f"GET /products was {answer.status_code}: {found}"
    assert isinstance(found, list), f"GET /products answers {found}, which is no list."
    assert len(found) == 20, f"Of 60 products, GET /products answers {len(found)}."
    names = [one.get("name") for one in found if isinstance(one, dict)]
    assert names == sorted(names), f"GET /products answers in this order: {names}."
    announced = (limit.get("default"), sort.get("default"))
    same = announced == (20, "name")
    assert same, (
        f"For `limit` and `sort`, where left out, the page announces {announced}. "
        "That is not what the server takes, or not of that type."
    )


def test_q2_a_new_member_of_sort_is_on_the_page_and_served(answers):
    answers.Sort = StrEnum("Sort", {"NAME": "name", "PRICE": "price", "SKU": "sku"})
    fill(answers, 3)
    app = answers.search_app()
    with client(app, raises=False) as shop:
        answer = shop.get("/products", params={"sort": "sku"})
    page = swagger_ui(app)

    assert answer.status_code == 200, (
        f"`Sort` got a third member, sku. A client who sorts by it reads "
        f"{answer.status_code}: {body(answer)}"
    )
    schema = page.parameter("get", "/products", "sort") or {}
    known = [one for one in ("sku", "name", "date") if page.allows(schema, one)]
    assert known == ["sku", "name"], (
        "`Sort` got a third member, sku. "
        f"Of sku, name and date the page now offers {known or 'none'}."
    )


def test_q2_a_new_field_of_product_is_on_the_page_and_served(answers):
    class Heavy(answers.Product):
        weight: int = 1

    answers.Product = Heavy
    fill(answers, 3)
    app = answers.search_app()
    with client(app, raises=False) as shop:
        found = body(shop.get("/products"))
    promised = swagger_ui(app).fields("get", "/products", "200")

    fields = {"sku", "name", "price", "weight"}
    sent = set(found[0]) if isinstance(found, list) and found else set()
    assert sent == fields, f"`Product` got a `weight`. The client now reads {found}."
    assert promised == fields, (
        "`Product` got a `weight`. Of the products that come back the page promises "
        f"{', '.join(sorted(promised)) or 'no field'}."
    )


SHOP = "http://shop.example"
LAMPS = {"sku": "LAMP-01", "quantity": 2}


def print_nothing(number: int) -> str:
    """Stand in for the printer."""
    return f"invoice {number}"


@pytest.mark.parametrize(
    ("wish", "wrong"),
    [
        ({"sku": "LAMP-01", "quantity": 0}, ["quantity"]),
        ({"quantity": 2}, ["sku"]),
        ({"sku": 7, "quantity": "two"}, ["sku", "quantity"]),
    ],
    ids=["nothing of it", "of nothing", "all wrong"],
)
def test_q3_pro_a_wrong_order_is_refused_and_its_fields_named(answers, wish, wrong):
    with client(answers.shop_app([], print_nothing), raises=False) as shop:
        refused = shop.post(f"{SHOP}/orders", json=wish)
        booked = shop.post(f"{SHOP}/orders", json=LAMPS)

    assert booked.status_code == 201, (
        f"The order {LAMPS} was answered {booked.status_code}: {body(booked)}"
    )
    assert refused.status_code == 422, (
        f"The order {wish} was answered {refused.status_code}: {body(refused)}"
    )
    told = json.dumps(body(refused)).replace(json.dumps(wish), "")
    unnamed = [field for field in wrong if field not in told]
    assert not unnamed, (
        f"The order {wish} was refused, and {' and '.join(unnamed)} not named: {told}"
    )


def test_q3_pro_the_documentation_promises_the_fields_of_an_order(answers):
    page = swagger_ui(answers.shop_app([], print_nothing), SHOP)

    fields = page.body_fields("post", "/orders")

    assert fields == {"sku", "quantity"}, (
        "Who wants to order reads in the documentation that the body of POST /orders "
        f"has {' and '.join(sorted(fields)) or 'no fields that are known'}."
    )


class PatientWarehouse(Warehouse):
    """Answers when others have had time enough to be asked as well.

    The more it has, the sooner.
    """

    async def ask_async(self, sku: str) -> int:
        """Return the pieces, some rounds of the event loop later."""
        with self.room.visit():
            for _ in range(100 - 10 * self.pieces):
                await asyncio.sleep(0)
        return self.pieces


@pytest.mark.parametrize("count", [3, 5])
async def test_q3_pro_all_warehouses_are_asked_at_the_same_time(answers, count):
    room = Rendezvous(count)
    warehouses = [PatientWarehouse(room, pieces) for pieces in range(count)]
    async with async_client(answers.shop_app(warehouses, print_nothing)) as shop:
        answer = await shop.get(f"{SHOP}/stock/LAMP-01")

    found = body(answer)
    same = answer.status_code == 200 and found == {"pieces": list(range(count))}
    assert same, (
        f"The warehouses have {list(range(count))} pieces, in this order; "
        f"the client reads {answer.status_code}: {found}"
    )
    assert room.most == count, (
        f"Of {count} warehouses, {room.most} had a question at the same time. "
        "The others were asked when the one before had answered."
    )


async def test_q3_con_nobody_waits_for_the_printer(answers):
    room, log = Rendezvous(), []

    def print_slowly(number: int) -> str:
        log.append("the printer starts")
        room.wait()
        log.append("the printer stops")
        return f"Invoice {number}, 98.00 euros"

    async with async_client(answers.shop_app([], print_slowly)) as shop:
        printing = asyncio.ensure_future(shop.get(f"{SHOP}/orders/7/invoice"))
        while not (log or printing.done()):  # noqa: ASYNC110
            await asyncio.sleep(0)
        other = await shop.get(f"{SHOP}/orders/8")
        log.append("another customer is served")
        room.open()
        printed = await printing

    assert body(printed) == {"invoice": "Invoice 7, 98.00 euros"}, (
        f"GET /orders/7/invoice was answered {printed.status_code}: {body(printed)}"
    )
    assert body(other) == {"number": 8}, f"GET /orders/8 was answered {body(other)}."
    assert log[:2] == ["the printer starts", "another customer is served"], (
        f"This is the order of events: {', '.join(log)}. "
        "Whose thread was it that the printer blocked?"
    )


@pytest.mark.parametrize("number", [1006, 2041])
def test_q3_con_the_latest_order_is_not_taken_for_a_number(answers, number):
    answers.last_booked = lambda: number
    with client(answers.shop_app([], print_nothing), raises=False) as shop:
        latest = shop.get(f"{SHOP}/orders/latest")
        fifth = shop.get(f"{SHOP}/orders/5")
        none = shop.get(f"{SHOP}/orders/none")

    assert body(latest) == {"number": number}, (
        f"GET /orders/latest was answered {latest.status_code}: {body(latest)} "
        "Which endpoint is it that answered?"
    )
    assert body(fifth) == {"number": 5}, f"GET /orders/5 was answered {body(fifth)}."
    assert none.status_code == 422, f"GET /orders/none was answered {body(none)}."


@pytest.mark.parametrize("host", ["evil.example", "shop.example.evil.example"])
def test_q3_con_no_link_leads_to_another_host(answers, host):
    answers.book = lambda sku, quantity: 2042
    with client(answers.shop_app([], print_nothing), raises=False) as shop:
        own = shop.post(f"{SHOP}/orders", json=LAMPS)
        foreign = shop.post(f"http://{host}/orders", json=LAMPS)

    found = body(own)
    link = found.get("link") if isinstance(found, dict) else None
    assert isinstance(link, str), f"The shop's own customer reads {found}, not a link."
    parts = urlsplit(link)
    same = (parts.hostname or "shop.example", parts.path)
    assert same == ("shop.example", "/orders/2042"), (
        f"The shop's own customer, with the order 2042, gets the link {link}."
    )
    found = body(foreign)
    link = found.get("link") if isinstance(found, dict) else None
    away = isinstance(link, str) and urlsplit(link).hostname not in (
        None,
        "shop.example",
    )
    assert not away, (
        f"With the header `Host: {host}` a customer gets the link {link}. "
        "Anybody may write anything into that header."
    )


def engine_for(answers, endpoint: Callable) -> Callable[[bytes], object]:
    """Return what reads the answers of the learner's engine to bodies that fit."""
    engine = answers.engine(endpoint)

    def read(sent: bytes) -> object:
        try:
            returned = engine(sent)
        except ValidationError as error:
            raise AssertionError(f"The engine refuses {sent[:80]!r}: {error}") from None
        assert isinstance(returned, bytes), (
            f"The engine answers {returned!r}; bytes are what goes over the wire."
        )
        try:
            return json.loads(returned)
        except ValueError:
            return returned

    return read


def bill(count: int, price: str = "2.50") -> bytes:
    """Return a bill of so many lines, as a client sends it."""
    lines = [
        {"sku": f"SKU-{number:03}", "quantity": number, "price": price}
        for number in range(count)
    ]
    return json.dumps(lines).encode()


def echo(answers) -> Callable:
    """Return an endpoint that sends back the lines it gets."""

    def endpoint(lines: list[answers.Line]) -> list[answers.Line]:
        return lines

    return endpoint


def test_q4_annotations_are_worked_out_once(answers):
    read = engine_for(answers, echo(answers))
    read(bill(1))

    with calls() as made:
        found = read(bill(2))

    again = [
        name
        for name in made.of("typing", "inspect", "pydantic._internal._generate_schema")
        if name != "typing.cast"
    ]
    assert not again, (
        f"For the second request Python ran {', '.join(again[:3])}: "
        "what the endpoint wants was found out once more."
    )
    same = found == json.loads(bill(2))
    assert same, f"The endpoint sends back two lines; the client reads {found}."


def python_run(work: Callable[[bytes], object], lines: int) -> int:
    """Return how many Python functions `work` calls for a bill, not the first one."""
    work(bill(lines, price="1.00"))
    with calls() as made:
        work(bill(lines, price="3.75"))
    return made.total()


def test_q4_a_thousand_lines_run_no_more_python_than_one(answers):
    read = engine_for(answers, echo(answers))
    plain = answers.plain_engine(echo(answers))
    long = read(bill(1000))

    more = python_run(read, 1000) - python_run(read, 1)
    plain_more = python_run(plain, 1000) - python_run(plain, 1)

    same = long == json.loads(bill(1000))
    assert same, f"Of a thousand lines the client reads {str(long)[:60]}…"
    # A few calls are none of the engine's: the garbage collector may come round.
    assert more < 100, (
        f"For 999 lines more, your engine calls {more} Python functions more "
        f"(`plain_engine` {plain_more}). What goes from line to line is not compiled."
    )


class Parcel(BaseModel):
    """What the endpoints below take or return besides lines."""

    number: int
    weight: Decimal


def endpoint_named(answers, name: str) -> tuple[Callable, object]:
    """Return an endpoint, and what its client sends."""

    def total(lines: list[answers.Line]) -> Decimal:
        return sum((one.quantity * one.price for one in lines), Decimal())

    def parcel(line: answers.Line) -> Parcel:
        return Parcel(number=line.quantity + 1, weight=line.price / 2)

    def heaviest(parcels: dict[str, Parcel]) -> str | None:
        return max(parcels, key=lambda name: parcels[name].weight, default=None)

    line = {"sku": "LAMP-01", "quantity": "3", "price": 2.5}
    weights = {"a": {"number": 1, "weight": "9"}, "b": {"number": 2, "weight": "10"}}
    return {
        "a list in, a value out": (total, [line, line]),
        "an object in, an object out": (parcel, line),
        "a dict in, a text out": (heaviest, weights),
        "a dict in, null out": (heaviest, {}),
    }[name]


@pytest.mark.parametrize(
    "name",
    [
        "a list in, a value out",
        "an object in, an object out",
        "a dict in, a text out",
        "a dict in, null out",
    ],
)
def test_q4_the_client_reads_what_it_would_with_fastapi(answers, name):
    endpoint, sent = endpoint_named(answers, name)
    app = FastAPI()
    app.post("/")(endpoint)
    with client(app) as shop:
        observed = shop.post("/", json=sent).json()

    found = engine_for(answers, endpoint)(json.dumps(sent).encode())

    same = found == observed
    assert same, (
        f"{name.capitalize()}: the client sent {sent}. It reads {found!r} from your "
        "engine, and something else from FastAPI."
    )


@pytest.mark.parametrize(
    "unfit",
    [
        {"sku": "LAMP-01", "price": "2.50"},
        {"sku": "LAMP-01", "quantity": "two", "price": "2.50"},
        {"sku": 7, "quantity": 2, "price": "2.50"},
    ],
    ids=["quantity missing", "quantity in words", "sku a number"],
)
def test_q4_a_body_that_does_not_fit_never_reaches_the_endpoint(answers, unfit):
    engine = answers.engine(echo(answers))
    seen = None
    try:
        seen = f"answered {engine(json.dumps([unfit]).encode())!r}"
    except ValidationError:
        pass
    except Exception as error:
        seen = f"ended with a {type(error).__name__}"

    assert seen is None, f"The line {unfit} is no `Line`, and yet it was {seen}."


OPERATIONS = [
    pytest.param("/orders", {"sku": "VASE-07", "quantity": 3}, id="POST /orders"),
    pytest.param("/returns", {"order": 1003, "reason": "Late."}, id="POST /returns"),
]


@pytest.mark.parametrize(("path", "known"), OPERATIONS)
def test_q5_execute_succeeds_with_what_the_page_fills_in(answers, path, known):
    app = answers.tryable_app()
    filled_in = swagger_ui(app).filled_in("post", path)
    with client(app, raises=False) as shop:
        tried = shop.post(path, json=filled_in)

    assert tried.is_success, (
        f"POST {path}: the page fills in {filled_in}, and the colleague reads "
        f"{tried.status_code}: {body(tried)}"
    )
    with client(app, raises=False) as shop:
        empty, other = shop.post(path, json={}), shop.post(path, json=known)
    assert empty.status_code == 422, (
        f"POST {path} used to refuse an empty body. Now it answers "
        f"{empty.status_code}: {body(empty)}"
    )
    assert other.is_success, (
        f"POST {path} used to accept {known}. Now it answers "
        f"{other.status_code}: {body(other)}"
    )


@pytest.mark.parametrize(
    ("path", "unknown"),
    [
        pytest.param("/orders", {"sku": "GOAT-99", "quantity": 1}, id="POST /orders"),
        pytest.param(
            "/orders", {"sku": "string", "quantity": 0}, id="POST /orders as before"
        ),
        pytest.param("/returns", {"order": 9999, "reason": "No"}, id="POST /returns"),
    ],
)
def test_q5_no_status_is_undocumented(answers, path, unknown):
    app = answers.tryable_app()
    with client(app, raises=False) as shop:
        answer = shop.post(path, json=unknown)
    announced = swagger_ui(app).statuses("post", path)

    assert answer.status_code == 404, (
        f"POST {path} used to answer 404 to {unknown}. Now it answers "
        f"{answer.status_code}: {body(answer)}"
    )
    assert announced & {"404", "4XX", "default"}, (
        f"POST {path} answers 404 to {unknown}. The page announces "
        f"{', '.join(sorted(announced))}, and calls all else undocumented."
    )


def both_answers(answers, key: str) -> tuple[httpx2.Response, httpx2.Response]:
    """Return what Flask's and FastAPI's counter answer to the learner's call."""
    proofs = answers.evidence()
    call = proofs.get(key) if isinstance(proofs, dict) else None
    assert isinstance(call, answers.Call), (
        f'Under "{key}" stands {call!r}, which is no `Call`.'
    )
    transport = httpx2.WSGITransport(
        app=answers.flask_counter(), raise_app_exceptions=False
    )
    url = f"{SHOP}{call.path}"
    with (
        httpx2.Client(transport=transport) as flask,
        client(answers.fastapi_counter(), raises=False) as fastapi,
    ):
        try:
            return (
                flask.request(call.method, url, json=call.body),
                fastapi.request(call.method, url, json=call.body),
            )
        except Exception as error:
            raise AssertionError(f"{call} cannot be sent: {error}") from None


def said(flask: httpx2.Response, fastapi: httpx2.Response) -> str:
    """Return what both counters said, for a message."""
    return (
        f"Flask answered {flask.status_code} {flask.text[:60]!r}, "
        f"FastAPI {fastapi.status_code} {fastapi.text[:60]!r}."
    )


def test_q6_advantage_the_margin_stays_in_the_house(answers):
    flask, fastapi = both_answers(answers, "leak")

    def tells(answer: httpx2.Response) -> bool:
        read = body(answer)
        return isinstance(read, dict) and "margin" in read

    seen = [tells(one) for one in (flask, fastapi)]
    assert seen == [True, False], (
        f'"leak": {said(flask, fastapi)} Which of Flask\'s answers has a margin?'
    )


def test_q6_advantage_no_nonsense_is_computed(answers):
    flask, fastapi = both_answers(answers, "nonsense")

    def is_nonsense(answer: httpx2.Response) -> bool:
        read = body(answer)
        cents = read.get("cents", 0) if isinstance(read, dict) else 0
        return answer.status_code == 200 and not isinstance(cents, int | float)

    seen = [is_nonsense(one) for one in (flask, fastapi)]
    assert seen == [True, False], (
        f'"nonsense": {said(flask, fastapi)} '
        "Python multiplies by a number what is not one, too."
    )


def test_q6_disadvantage_what_flask_serves_unasked(answers):
    flask, fastapi = both_answers(answers, "unserved")

    seen = [flask.status_code, fastapi.status_code]

    assert seen == [200, 405], (
        f'"unserved": {said(flask, fastapi)} '
        "What do clients send besides GET and POST, to learn something?"
    )


class Scripts(HTMLParser):
    """Notes what a browser would run: script elements, handlers, links to scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what of an element would run."""
        self.found += [tag] * (tag == "script")
        for name, value in attrs:
            if name.startswith("on") or str(value).lower().startswith("javascript:"):
                self.found.append(name)


def test_q6_disadvantage_a_script_comes_in_with_a_name(answers):
    flask, fastapi = both_answers(answers, "script")

    seen = [bool(Scripts(one.text).found) for one in (flask, fastapi)]

    assert seen == [False, True], (
        f'"script": {said(flask, fastapi)} '
        "A browser runs what stands in a page as an element, not as text."
    )
