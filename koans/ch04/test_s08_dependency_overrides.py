"""The tests of section 4.8."""

import asyncio
from collections.abc import Callable
from typing import Any
from unittest.mock import NonCallableMock

import httpx2
import pytest
from fastapi import FastAPI, HTTPException

from lab import (
    async_client,
    attempt,
    client,
    fastapi_app,
    in_words,
    json_or_text,
    outcome,
    stand_in,
)


def send(
    app: FastAPI, method: str, path: str, json: object = None
) -> tuple[int, object]:
    """Return the status code and the body of the response of `app`.

    An exception of the application becomes a 500, with the exception as the body.
    """
    with client(app) as http:
        return send_with(http, method, path, json)


def send_with(
    http: Any, method: str, path: str, json: object = None
) -> tuple[int, object]:
    """Return the status code and the body of the response; see `send`."""
    response = outcome(lambda: http.request(method, path, json=json))
    if isinstance(response, httpx2.Response):
        return response.status_code, json_or_text(response)
    return 500, response


def status_and_body(app: FastAPI, path: str) -> tuple[int, object]:
    """Return the response to GET; the body of a 404 is left out."""
    status, body = send(app, "GET", path)
    return status, None if status == 404 else body


@pytest.fixture
def asked(answers) -> list[tuple[object, ...]]:
    """The arguments of each call of `ask_wholesaler`, which returns 999."""
    calls: list[tuple[object, ...]] = []

    def ask(*arguments: object) -> int:
        calls.append(arguments)
        return 999

    stand_in(answers.ask_wholesaler, ask)
    return calls


def override(answers, prices: dict[str, int]) -> FastAPI:
    """Return an application of 4.8.1 with these prices."""
    app: FastAPI = answers.price_app()
    attempt("`override_price(app, prices)`", answers.override_price, app, prices)
    return app


def test_q1_both_endpoints_use_the_prices_of_the_test(answers, asked):
    app = override(answers, {"82-02": 207, "0042": 0})

    paths = ("82-02/price", "82-02/club-price", "0042/price", "0042/club-price")
    got = [status_and_body(app, f"/books/{path}") for path in paths]
    assert got == [(200, 207), (200, 186), (200, 0), (200, 0)], (
        f"`prices` was {{'82-02': 207, '0042': 0}}. Four requests returned "
        f"{in_words(got)}, and `ask_wholesaler` was called {len(asked)} times. The "
        "docstring asks for `prices[isbn]`. Look at the key and at the value of your "
        "override."
    )


def test_q1_each_application_uses_its_own_prices(answers, asked):
    apps = [override(answers, {"82-02": cents}) for cents in (200, 500)]

    got = [status_and_body(app, "/books/82-02/price") for app in apps]
    assert got == [(200, 200), (200, 500)], (
        "Two applications got the prices {'82-02': 200} and {'82-02': 500}. Their "
        f"responses were {in_words(got)}. The docstring asks that each one uses the "
        "prices of its call. Look at what your code shares between two calls."
    )
    answers.override_price(apps[0], {"82-02": 700})
    again = status_and_body(apps[0], "/books/82-02/price")
    assert again == (200, 700), (
        "Another unit test gave the prices {'82-02': 700} to the same application. It "
        f"returned {in_words(again)}. The docstring asks for the prices of the test "
        "that called `override_price`: the last one."
    )


def test_q1_the_prices_are_read_for_every_request(answers, asked):
    prices = {"82-02": 200}
    app = override(answers, prices)

    got = [status_and_body(app, "/books/82-02/price")]
    prices["82-02"] = 250
    prices["82-03"] = 300
    got.append(status_and_body(app, "/books/82-02/price"))
    got.append(status_and_body(app, "/books/82-03/price"))
    assert got == [(200, 200), (200, 250), (200, 300)], (
        "The test changed a price from 200 to 250, and added a book for 300. The "
        f"responses were {in_words(got)}. The docstring asks to read `prices` for "
        "every request. Look at which function reads `prices`."
    )


@pytest.mark.parametrize("endpoint", ["price", "club-price"])
def test_q1_a_book_without_a_price_returns_404(answers, asked, endpoint):
    prices = {"82-0X": 200, "82-03": 300}
    app = override(answers, prices)
    del prices["82-03"]

    books = ("82-0X", "82-0", "82-0X2", "82-03", " 82-0X", "82-0x", "820X")
    with client(app) as http:
        got = [send_with(http, "GET", f"/books/{isbn}/{endpoint}") for isbn in books]
    statuses = [status for status, _ in got]
    assert statuses == [200, 404, 404, 404, 404, 404, 404], (
        f"`prices` contained 82-0X and 82-03, and the test deleted 82-03. Requests for "
        f"{books} returned {statuses}; the last body was {in_words(got[-1][1])}. The "
        "docstring asks for 404 if `prices` does not contain the book. Look at what "
        "your override does with `isbn`."
    )


def test_q1_only_this_application_does_without_the_wholesaler(answers, asked):
    others = [answers.price_app()]
    app = override(answers, {"82-02": 200})
    others.append(answers.price_app())

    own = status_and_body(app, "/books/82-02/club-price")
    calls = len(asked)
    got = [status_and_body(other, "/books/82-02/price") for other in others]
    assert (own, calls) == ((200, 180), 0), (
        f"A request to `app` returned {in_words(own)}, and `ask_wholesaler` was called "
        f"{calls} times. The docstring asks not to call it. Look at the key of your "
        "override: it is the function that stands in `Depends(...)`."
    )
    assert got == [(200, 999), (200, 999)], (
        f"`ask_wholesaler` returned 999. Two other applications returned "
        f"{in_words(got)}. The docstring asks that other applications still call "
        "`ask_wholesaler`. Look at what your code changes besides `app`."
    )


def mocked(answers, books: dict[str, Any]) -> tuple[FastAPI, Any]:
    """Return the application and the mock of 4.8.2."""
    both = attempt("`mocked_shop(books)`", answers.mocked_shop, books)
    is_pair = isinstance(both, tuple) and len(both) == 2
    assert is_pair, (
        f"`mocked_shop(books)` returned {in_words(both)}. The docstring asks for both "
        "the application and the mock, as a tuple. Look at your `return`."
    )
    app, session = both
    fastapi_app(app, "mocked_shop(books)[0]")
    assert isinstance(session, NonCallableMock), (
        f"The second value of `mocked_shop(books)` is {in_words(session)}. The "
        "docstring asks for a mock of `unittest.mock`, which records its calls."
    )
    return app, session


def book(answers, isbn: str, copies: int) -> Any:
    """Return a book that is in no database."""
    return answers.Book(isbn=isbn, copies=copies)


def test_q2_every_request_gets_the_same_mock(answers):
    opened: list[str] = []

    def refuse() -> Any:
        opened.append("open_session()")
        raise ConnectionError("A unit test has no database.")

    stand_in(answers.open_session, refuse)
    books = {"82-02": book(answers, "82-02", 3)}
    app, session = mocked(answers, books)

    got = [send(app, "POST", "/books/82-02/copies") for _ in range(2)]
    assert got == [(200, 4), (200, 5)], (
        "The book 82-02 had 3 copies. Two requests `POST /books/82-02/copies` returned "
        f"{in_words(got)}. The docstring asks that every request gets the mock, and "
        "that `session.get` returns the book. Look at the key and the value of your "
        "override, and at `get`."
    )
    assert session.commit.call_count == 2, (
        "Two requests called `commit`. The number of calls in the mock that you "
        f"returned is {session.commit.call_count}. The docstring asks that every "
        "request gets this mock. Look at what your override does and returns."
    )
    assert opened == [], (
        f"Two requests called {in_words(opened)}. The docstring asks not to call "
        "`open_session`. Look at what your override does."
    )


def test_q2_a_book_that_is_added_is_recorded(answers):
    app, session = mocked(answers, {})

    got = send(app, "POST", "/books", {"isbn": "82-05"})
    assert got[0] == 201, (
        f"`POST /books` returned {in_words(got)}. The docstring asks for the endpoints "
        "of `books_router` with the mock as their session. Look at the router, and at "
        "the key and the value of your override."
    )
    added = [getattr(call.args[0], "isbn", None) for call in session.add.mock_calls]
    assert added == ["82-05"], (
        f"The endpoint added the book 82-05. The mock recorded {in_words(added)}. The "
        "docstring asks that requests get the mock that you return."
    )


def test_q2_get_returns_the_book_with_this_isbn(answers):
    books = {isbn: book(answers, isbn, 3) for isbn in ("82-02", "82-03")}
    app, session = mocked(answers, books)
    send(app, "POST", "/books/82-03/copies")
    books["82-04"] = book(answers, "82-04", 9)
    del books["82-02"]

    found = [
        outcome(lambda isbn=isbn: session.get(answers.Book, isbn))
        for isbn in ("82-02", "82-03", "82-04")
    ]
    copies = [getattr(one, "copies", one) for one in found]
    assert copies == [None, 4, 9], (
        "The test deleted the book 82-02 and added 82-04. `session.get` returned books "
        f"with {in_words(copies)} copies. The docstring asks to read `books` for every "
        "call: [None, 4, 9]. Look at how you set up `get`."
    )


def test_q2_get_finds_the_first_book_that_is_added(answers):
    books: dict[str, Any] = {}
    _, session = mocked(answers, books)
    books["82-02"] = book(answers, "82-02", 3)

    found = outcome(lambda: session.get(answers.Book, "82-02"))
    assert found is books["82-02"], (
        "`books` was empty, and then the test added 82-02. `session.get` gave "
        f"{in_words(found)}. The docstring asks for `books[isbn]`, read for every "
        "call. Look at which dict `get` reads."
    )


def test_q2_a_book_that_is_not_there_returns_404(answers):
    books = {"82-02": book(answers, "82-02", 3)}
    app, session = mocked(answers, books)

    status, body = send(app, "POST", "/books/82-09/copies")
    assert (status, session.commit.call_count) == (404, 0), (
        f"`books` does not contain 82-09. The response was {status} and "
        f"{in_words(body)}, and `commit` was called {session.commit.call_count} times. "
        "The docstring asks `session.get` to return None, and then the endpoint "
        "returns 404."
    )


def test_q2_the_mock_has_the_methods_of_a_session_only(answers):
    _, session = mocked(answers, {})

    names = ("get", "add", "delete", "scalars", "comit", "save", "query_all")
    there = [name for name in names if hasattr(session, name)]
    assert there == ["get", "add", "delete", "scalars"], (
        f"Of the names {list(names)}, the mock has {there}. `Session` has the first "
        "four. The docstring asks for the methods of `Session` and no others. Look at "
        "how you create the mock."
    )


def test_q2_each_call_creates_a_new_mock_and_application(answers):
    shelves = [{"82-02": book(answers, "82-02", copies)} for copies in (3, 8)]
    shops = [mocked(answers, books) for books in shelves]

    got = [send(app, "POST", "/books/82-02/copies") for app, _ in shops[:1]]
    counts = [session.commit.call_count for _, session in shops]
    assert (got, counts) == ([(200, 4)], [1, 0]), (
        "Two shops were created, the first one with 3 copies. A request to it returned "
        f"{in_words(got)}, and the mocks recorded {counts} commits. The docstring asks "
        "for a new mock and a new application with each call."
    )


def create_shop(answers, demo: bool) -> FastAPI:
    """Return the shop of 4.8.3."""
    app = attempt(f"`create_shop({demo})`", answers.create_shop, demo)
    return fastapi_app(app, f"create_shop({demo})")


def headers(shop: str | None) -> dict[str, str]:
    """Return the headers of a request to this shop."""
    return {} if shop is None else {"X-Shop": shop}


# The shops that are asked for, one after the other, and what they return.
SHOPS: list[tuple[str | None, int]] = [
    ("bergen", 25),
    (None, 15),
    ("oslo", 35),
    ("Oslo", 15),
    ("os", 15),
    ("molde", 0),
    ("molde", 6),
    ("hamar", 503),
    ("voss", 500),
    (None, 15),
]


def add_stocks(answers: Any) -> None:
    """Let each stock return a number of its own, or raise, as in `SHOPS`."""
    left = [0, 6]

    async def sold_out(isbn: str) -> int:
        return left.pop(0)

    async def closed(isbn: str) -> int:
        raise HTTPException(503, "The shop is closed.")

    async def fail(isbn: str) -> int:
        raise KeyError(isbn)

    for number, name in enumerate(("central", "bergen", "oslo"), start=1):

        async def count(isbn: str, number: int = number) -> int:
            return number * 10 + len(isbn)

        stand_in(getattr(answers, f"{name}_stock"), count)
    answers.STOCKS.update(voss=fail, molde=sold_out, hamar=closed)


def test_q3_each_shop_has_its_own_stock(answers):
    app = create_shop(answers, demo=False)
    add_stocks(answers)

    got = []
    with client(app, raises=False) as http:
        for shop, _ in SHOPS:
            response = http.get("/stock/82-02", headers=headers(shop))
            got.append(response.json() if response.is_success else response.status_code)
    assert got == [number for _, number in SHOPS], (
        f"For {[shop for shop, _ in SHOPS]} the responses were {got}. The stocks: "
        "bergen 25, oslo 35, molde 0 and then 6, hamar a 503, voss a KeyError (500). "
        "For any other name the docstring asks for the central stock, 15. Look at how "
        "you choose, and at what remains after voss."
    )


async def until(condition: Callable[[], bool]) -> bool:
    """Wait until the condition is true. This takes some seconds at most."""
    for _ in range(4_000):
        if condition():
            break
        await asyncio.sleep(0.001)
    return condition()


async def overlap(
    answers, second: str | None, where: str, ends_first: str
) -> list[object]:
    """Return the responses to a request for bergen and to one for `second`.

    Both requests wait in the function `where`, until the other one is there too.
    `ends_first` says which of them goes on first.
    """
    app = create_shop(answers, demo=True)
    gates, there = [asyncio.Event(), asyncio.Event()], []

    async def wait(*arguments: object) -> int:
        there.append(arguments)
        await gates[len(there) - 1].wait()
        return 3

    stand_in(getattr(answers, where), wait)
    async with async_client(app) as http:

        async def request(shop: str | None) -> object:
            response = await http.get("/stock/82-02", headers=headers(shop))
            return json_or_text(response)

        one = asyncio.create_task(request("bergen"))
        await until(lambda: len(there) == 1 or one.done())
        if ends_first == "second":
            gates[1].set()
        two = asyncio.create_task(request(second))
        both = await until(lambda: len(there) == 2 or two.done())
        if both and ends_first == "second":
            both = await until(two.done)
        gates[0].set()
        await until(one.done)
        gates[1].set()
        got = await asyncio.gather(one, two, return_exceptions=True)
    assert both, (
        f"While a request for bergen was in `{where}`, a request for {second} made "
        "no progress. The docstring asks that no request waits until another one is "
        "finished. Look for a lock."
    )
    assert where != "check_customer" or len(there) == 2, (
        f"Two requests called `check_customer` {len(there)} times. The docstring asks "
        "that every request still calls it. Look at how you create the application."
    )
    return list(got)


@pytest.mark.parametrize(
    ("second", "where", "ends_first"),
    [
        ("oslo", "check_customer", "first"),
        ("oslo", "check_customer", "second"),
        (None, "check_customer", "second"),
        (None, "bergen_stock", "second"),
    ],
)
async def test_q3_two_requests_at_the_same_time_get_their_own_stock(
    answers, second, where, ends_first
):
    got = await overlap(answers, second, where, ends_first)

    expected = [3, 7 if second else 120]
    assert got == expected, (
        f"While a request for bergen was in `{where}`, a request for {second} was "
        f"sent, and the {ends_first} one ended first. They returned {in_words(got)}. "
        f"The docstring asks for {expected}. Look at what both requests share."
    )


def pay_and_look(app: FastAPI, cents: int) -> object:
    """Return the receipt of a payment, after which the stock was read."""
    receipt = send(app, "POST", f"/payments?cents={cents}")[1]
    with client(app) as http:
        response = attempt("`GET /stock/82-02`", http.get, "/stock/82-02")
    assert response.status_code == 200, (
        f"`GET /stock/82-02` returned {response.status_code}. The docstring asks for "
        "the central stock if the header is missing. Look at the parameter that reads "
        "the header."
    )
    return receipt


def test_q3_the_demo_always_charges_nothing(answers):
    stand_in(answers.charge_nothing, lambda cents: f"nothing for {cents}")
    stand_in(answers.charge_card, lambda cents: f"card for {cents}")
    checks: list[int] = []

    async def check() -> None:
        checks.append(1)

    stand_in(answers.check_customer, check)
    apps = [create_shop(answers, demo) for demo in (True, False)]

    receipts = [pay_and_look(app, cents) for app in apps for cents in (500, 900)]
    expected = ["nothing for 500", "nothing for 900", "card for 500", "card for 900"]
    assert receipts == expected, (
        "Two payments and requests for the stock were sent to a demo, then to a real "
        f"shop. The receipts were {in_words(receipts)}. The docstring asks for "
        "`charge_nothing` in the demo, always, and for `charge_card` in the real shop. "
        "Look at the override of `charge_card`, and at what removes it."
    )
    assert len(checks) == 8, (
        "Four payments and four requests for the stock called `check_customer` "
        f"{len(checks)} times. The docstring asks that every request still calls it, "
        "payments too. Look at how you create the application."
    )
