"""The tests of section 1.1."""

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import Body, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse
from starlette.exceptions import HTTPException

from lab import client, in_words, outcome, returned_or_raised, stand_in


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    """Return a database with the table of 1.1.1 and some products."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(
            "CREATE TABLE products (name TEXT PRIMARY KEY, cents INTEGER NOT NULL)"
        )
        products = [("chair", 5900), ("vase", 800), ("sample", 0)]
        connection.executemany("INSERT INTO products VALUES (?, ?)", products)
        yield connection


def price(catalogue: Any, name: str) -> object:
    """Return the price of a product, or the exception that was raised."""
    return outcome(lambda: catalogue.price(name))


def about_the_row(seen: object) -> str:
    """Return where to look, if a value or an exception shows a frequent mistake."""
    if isinstance(seen, tuple):
        return " `fetchone()` returns a row, which is a tuple."
    if isinstance(seen, sqlite3.ProgrammingError):
        return " `execute` takes the parameters as a tuple, also if it is only one."
    return " Look at the row that your query returns."


@pytest.mark.parametrize(("name", "cents"), [("chair", 5900), ("sample", 0)])
def test_q1_price_returns_the_price_in_the_table(answers, database, name, cents):
    seen = price(answers.SqlCatalogue(database), name)

    assert seen == cents, (
        f"The table has the price {cents} for {name!r}. `price({name!r})` "
        f"{returned_or_raised(seen)}. The docstring asks for the price in the table."
        f"{about_the_row(seen)}"
    )


def test_q1_price_can_be_called_with_a_keyword(answers, database):
    seen = outcome(lambda: answers.SqlCatalogue(database).price(name="chair"))

    assert seen == 5900, (
        "The table has the price 5900 for 'chair'. A program called "
        f"`price(name='chair')`, and `price` {returned_or_raised(seen)}. The docstring "
        "asks for the same API as `DictCatalogue`. Keep the parameter `name`."
    )


@pytest.mark.parametrize("name", ["sofa", ""])
def test_q1_an_unknown_product_raises_unknown_product(answers, database, name):
    seen = price(answers.SqlCatalogue(database), name)

    assert isinstance(seen, answers.UnknownProduct), (
        f"The table has no product {name!r}. `price({name!r})` "
        f"{returned_or_raised(seen)}. The docstring asks to raise `UnknownProduct`. "
        "Look at what `fetchone()` returns if the query finds no row."
    )


@pytest.mark.parametrize("name", ["Chair", "chair%", "chai*", " chair", "chair "])
def test_q1_a_similar_name_is_another_product(answers, database, name):
    seen = price(answers.SqlCatalogue(database), name)

    assert isinstance(seen, answers.UnknownProduct), (
        f"The table has a product 'chair', and no product {name!r}. `price({name!r})` "
        f"{returned_or_raised(seen)}. The docstring asks to raise `UnknownProduct`. "
        "Look at how your query compares the names."
    )


def test_q1_a_price_that_changes_is_read_again(answers, database):
    catalogue = answers.SqlCatalogue(database)
    before = price(catalogue, "chair")
    database.execute("UPDATE products SET cents = 4900 WHERE name = 'chair'")
    after = price(catalogue, "chair")

    assert (before, after) == (5900, 4900), (
        "The price changed from 5900 to 4900. Before, `price('chair')` "
        f"{returned_or_raised(before)}; after, it {returned_or_raised(after)}. The "
        "docstring asks for the price at this moment: query the table in `price`."
    )


def test_q1_a_product_can_come_and_go(answers, database):
    catalogue = answers.SqlCatalogue(database)
    before = price(catalogue, "sofa")
    database.execute("INSERT INTO products VALUES ('sofa', 19900)")
    sold = price(catalogue, "sofa")
    database.execute("DELETE FROM products WHERE name = 'sofa'")
    after = price(catalogue, "sofa")

    is_unknown = [isinstance(seen, answers.UnknownProduct) for seen in (before, after)]
    assert (sold, *is_unknown) == (19900, True, True), (
        f"The table had no sofa: `price('sofa')` {returned_or_raised(before)}. Then it "
        f"had one for 19900 cents: it {returned_or_raised(sold)}. Then the sofa was "
        f"deleted: it {returned_or_raised(after)}. The docstring asks for the table at "
        "this moment."
    )


FAILURES: dict[str, Callable[[sqlite3.Connection], object]] = {
    "The table `products` was deleted": lambda it: it.execute("DROP TABLE products"),
    "The database was closed": lambda it: it.close(),
}


@pytest.mark.parametrize("failure", FAILURES, ids=["no table", "closed"])
def test_q1_another_failure_is_not_an_unknown_product(answers, database, failure):
    catalogue = answers.SqlCatalogue(database)
    price(catalogue, "chair")
    FAILURES[failure](database)
    seen = price(catalogue, "chair")

    assert isinstance(seen, Exception), (
        f"{failure}. `price('chair')` {returned_or_raised(seen)}. The docstring asks "
        "for the price in the table at this moment, and for an exception after any "
        "failure."
    )
    assert not isinstance(seen, answers.UnknownProduct), (
        f"{failure}, so `label` cannot know what is for sale. `price('chair')` "
        f"{returned_or_raised(seen)}. The docstring asks for another exception. Look "
        "at what your `except` catches."
    )


NAMES = {
    "a quote": "men's boots",
    "SQL": "'; --",
    "double quotes": 'a "large" box',
    "a column": "name",
    "NUL": "lamp\0shade",
    "a combining accent": "cafe\u0301 table",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_q1_a_name_can_contain_any_character(answers, database, name):
    database.execute("INSERT INTO products VALUES (?, ?)", (name, 1290))
    seen = price(answers.SqlCatalogue(database), name)

    told = returned_or_raised(seen).replace("\0", r"\0")
    assert seen == 1290, (
        f"The table has the product {name!r} for 1290 cents. `price` {told}. The "
        "docstring asks for names with any character. Look at how the name gets into "
        "your query."
    )


@pytest.mark.parametrize("name", ["' OR '1' = '1", "name"], ids=["SQL", "a column"])
def test_q1_a_name_is_never_read_as_sql(answers, database, name):
    seen = price(answers.SqlCatalogue(database), name)

    assert isinstance(seen, answers.UnknownProduct), (
        f"The table has no product with the name {name!r}. `price` "
        f"{returned_or_raised(seen)}. The docstring asks to raise `UnknownProduct`. "
        "Look at how the name gets into your query."
    )


@pytest.mark.parametrize("name", ["vase", "sofa"])
def test_q1_label_returns_the_same_text_for_both_catalogues(answers, database, name):
    before = answers.label(answers.DictCatalogue({"vase": 800, "chair": 5900}), name)
    after = outcome(lambda: answers.label(answers.SqlCatalogue(database), name))

    assert after == before, (
        f"For {name!r}, `label` returned {before!r} with `DictCatalogue`. With "
        f"`SqlCatalogue` it {returned_or_raised(after)}. The docstring asks that "
        "`label` works without a change. Look at what it needs from `price`."
    )


class Bank(httpx2.BaseTransport):
    """The bank, behind a network that has some faults and then works.

    `charged` has the orders that were charged, `requests` counts what was sent.
    """

    def __init__(self, *faults: str) -> None:
        self.http = httpx2.Client(transport=self, base_url="http://bank.example")
        self.charged: list[tuple[str, int]] = []
        self.requests = 0
        self._faults = list(faults)
        self._responses: dict[object, int] = {}

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Process a request, unless it gets lost, and return or lose the response."""
        self.requests += 1
        fault = self._faults.pop(0) if self._faults else "none"
        if fault == "request lost":
            raise httpx2.ConnectTimeout("no connection in time", request=request)
        for _ in range(2 if fault == "delivered twice" else 1):
            status = self._process(request)
        if fault == "response lost":
            raise httpx2.ReadTimeout("no response in time", request=request)
        if fault == "connection closed":
            raise httpx2.RemoteProtocolError("connection closed", request=request)
        return httpx2.Response(int(fault) if fault.isdigit() else status)

    def _process(self, request: httpx2.Request) -> int:
        key = request.headers.get("Idempotency-Key", object())
        if key not in self._responses:
            body = json.loads(request.read())
            declined = body["cents"] > 100_000
            self._responses[key] = 402 if declined else 201
            if not declined:
                self.charged.append((body["order"], body["cents"]))
        return self._responses[key]


FAULTS = [
    ("none",),
    ("delivered twice",),
    ("request lost",),
    ("response lost",),
    ("connection closed",),
    ("504",),
    ("429",),
    ("409",),
    ("200",),
    ("response lost", "request lost", "504"),
]
LOST = ("request lost", "response lost", "504")


def network(*faults: str) -> str:
    """Return a sentence about the faults of the network."""
    if faults == ("none",):
        return "The network had no fault."
    return f"The network had this fault: {', then '.join(faults)}."


def charge(answers: Any, bank: Bank, order: str, cents: int) -> object:
    """Return what `charge` returned, or the exception that it raised."""
    return outcome(lambda: answers.charge(bank.http, order, cents))


def about_charges(bank: Bank) -> str:
    """Return where to look if the bank has not charged an order once."""
    if bank.charged:
        return "The bank recognizes a repetition by its `key`."
    return "Look at when you send the request again."


@pytest.mark.parametrize("faults", FAULTS, ids=" then ".join)
def test_q2_an_order_is_charged_once(answers, faults):
    bank = Bank(*faults)
    seen = charge(answers, bank, "A-17", 1990)

    assert bank.charged == [("A-17", 1990)], (
        f"{network(*faults)} The number of requests was {bank.requests}, and the bank "
        f"charged {in_words(bank.charged)}. `charge` {returned_or_raised(seen)}. The "
        f"docstring asks to charge the order once. {about_charges(bank)}"
    )


@pytest.mark.parametrize("faults", FAULTS, ids=" then ".join)
def test_q2_charge_returns_after_201(answers, faults):
    bank = Bank(*faults)
    seen = charge(answers, bank, "B-4", 700)

    assert not isinstance(seen, Exception), (
        f"{network(*faults)} The number of requests was {bank.requests}, then `charge` "
        f"raised {in_words(seen)}. The docstring asks to send the request again until "
        "it returns 201 or 402, up to 4 times."
    )


DECLINED = [*FAULTS[:4], ("504",), ("response lost", "504", "request lost")]


@pytest.mark.parametrize("faults", DECLINED, ids=" then ".join)
def test_q2_a_declined_charge_raises_declined(answers, faults):
    bank = Bank(*faults)
    seen = charge(answers, bank, "A-17", 200_000)

    assert isinstance(seen, answers.Declined), (
        f"{network(*faults)} The bank returned 402, because the customer does not have "
        f"200000 cents. `charge` {returned_or_raised(seen)}. The docstring asks to "
        "raise `Declined` after 402."
    )
    expected = 1 + sum(fault in LOST for fault in faults)
    assert bank.requests == expected, (
        f"{network(*faults)} The response to request {expected} was 402. The number of "
        f"requests was {bank.requests}. The docstring asks to raise `Declined` after "
        "402, and to send no other request."
    )


ALWAYS = [
    ("request lost",),
    ("response lost",),
    ("504",),
    ("429",),
    ("409",),
    ("200",),
    ("request lost", "504"),
]


@pytest.mark.parametrize("faults", ALWAYS, ids=" and ".join)
def test_q2_after_four_requests_the_outcome_is_unknown(answers, faults):
    bank = Bank(*faults * 20)
    seen = charge(answers, bank, "A-17", 1990)

    every = f"The requests had these faults: {', '.join((faults * 4)[:4])}."
    assert isinstance(seen, answers.OutcomeUnknown), (
        f"{every} `charge` {returned_or_raised(seen)}. The docstring asks to raise "
        "`OutcomeUnknown` after 4 requests without a 201 or 402."
    )
    assert bank.requests == 4, (
        f"{every} The number of requests was {bank.requests}. The docstring asks for 4 "
        "in all. Look at your loop."
    )


@pytest.mark.parametrize("cents", [1990, 2490], ids=["same amount", "another amount"])
def test_q2_a_second_call_for_an_order_does_not_charge_again(answers, cents):
    bank = Bank(*["response lost"] * 4)
    for amount in (1990, cents):
        charge(answers, bank, "A-17", amount)

    assert bank.charged == [("A-17", 1990)], (
        f"`charge` was called for order 'A-17' and 1990 cents, then for {cents} cents. "
        f"The bank charged {in_words(bank.charged)}. The docstring asks to charge an "
        "order once. The bank recognizes it by `key`, which has to be the same."
    )


def test_q2_another_process_does_not_charge_again(answers, monkeypatch):
    bank = Bank(*["response lost"] * 4)
    for seed in (1, 2):
        # As in a real process, the process has its own id, and `hash` of a string
        # depends on the seed of the process.
        monkeypatch.setattr(os, "getpid", lambda number=seed: number)
        process = answers()
        process.hash = lambda value, seed=seed: hash((seed, value))
        charge(process, bank, "A-17", 1990)

    assert bank.charged == [("A-17", 1990)], (
        "`charge` was called for order 'A-17' in two processes. The bank charged "
        f"{in_words(bank.charged)}. The docstring asks that no order is charged twice. "
        "The bank recognizes it by `key`, which has to be the same in each process."
    )


def test_q2_each_order_is_charged(answers):
    bank = Bank("response lost")
    names = ["A-17", "A-18", "B-17", "a-17", "A-170", "A17"]
    names += [f"{'7' * 40}-{number}" for number in (1, 2)]
    orders = [(order, 500) for order in names]
    for order, cents in orders:
        charge(answers, bank, order, cents)

    missing = [order for order, _ in orders if (order, 500) not in bank.charged]
    assert bank.charged == orders, (
        f"`charge` was called for the orders {in_words(names)}. The bank did not "
        f"charge {in_words(missing)}. The docstring asks to charge each order. The "
        "bank does nothing for a `key` that it knows."
    )


@pytest.mark.parametrize("error", [TypeError, OSError, KeyError, ValueError])
def test_q2_an_error_of_a_hook_is_not_caught(answers, error):
    def log(request: httpx2.Request) -> None:
        raise error("the log is broken")

    bank = Bank()
    bank.http.event_hooks = {"request": [log]}
    seen = charge(answers, bank, "A-17", 1990)

    assert type(seen) is error, (
        "The HTTP client calls a function of this program that writes a log. The "
        f"function raised {error.__name__}. `charge` {returned_or_raised(seen)}. The "
        "docstring asks that such an error passes through. Look at your `except`."
    )


def test_q2_another_exception_is_not_caught(answers):
    bank = Bank()
    bank.http.close()
    seen = charge(answers, bank, "A-17", 1990)

    assert type(seen) is RuntimeError, (
        "The HTTP client was closed, so `post_charge` raised a RuntimeError. `charge` "
        f"{returned_or_raised(seen)}. The docstring asks that this exception "
        "passes through. Look at your `except`."
    )


def prices(product: str) -> dict[str, int] | None:
    """Return other prices than `find_prices` in the koan's file."""
    known = {"lamp": {"EUR": 2090, "USD": 2290}, "vase": {"EUR": 700, "USD": 800}}
    return known.get(product)


def second_version(answers: Any, order: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Return the status code and the body that the second version returns."""
    seen = outcome(lambda: answers.second_version(dict(order)))
    match seen:
        case (int() as status, dict() as body):
            return status, body
    raise AssertionError(
        f"`second_version({order})` {returned_or_raised(seen)}. The docstring asks for "
        "a status code and a body, as from `first_version`. Look at the fields of this "
        "order."
    )


def differences(seen: dict[str, Any], expected: dict[str, Any]) -> str:
    """Return a sentence about the fields that are missing or have another value."""
    wrong = [field for field in expected if seen.get(field) != expected[field]]
    return f"Look at {' and '.join(repr(field) for field in wrong)}." if wrong else ""


@pytest.mark.parametrize(
    ("product", "pieces"),
    [("lamp", 2), ("vase", 1), ("eraser", 1), ("sofa", 2), ("lamp", 0)],
)
def test_q3_a_till_gets_the_response_of_the_first_version(answers, product, pieces):
    stand_in(answers.find_prices, prices)
    order = {"product": product, "pieces": pieces}

    status, body = second_version(answers, order)
    expected, fields = answers.first_version(order)
    assert (status, body | fields) == (expected, body), (
        f"For {order}, `first_version` returned {expected}, {fields}, and "
        f"`second_version` returned {status}, {in_words(body)}. The docstring asks for "
        "the status code and all fields of `first_version`. "
        f"{differences(body, fields)}"
    )


WEB = [
    ("lamp", "EUR", 201, {"total": 6270, "currency": "EUR"}),
    ("lamp", "USD", 201, {"total": 6870, "currency": "USD"}),
    ("sofa", "USD", 404, {"error": "unknown product"}),
]


@pytest.mark.parametrize(
    ("product", "currency", "expected", "fields"), WEB, ids=["EUR", "USD", "unknown"]
)
def test_q3_web_shop_and_till_use_the_same_server(
    answers, product, currency, expected, fields
):
    stand_in(answers.find_prices, prices)
    order = {"product": product, "pieces": 3}

    status, web = second_version(answers, order | {"currency": currency})
    assert (status, web | fields) == (expected, web), (
        f"For {order | {'currency': currency}}, `second_version` returned {status}, "
        f"{in_words(web)}. Before your change, it returned {expected}, {fields}. The "
        "docstring asks for the same status code and fields as today. "
        f"{differences(web, fields)}"
    )
    _, till = second_version(answers, order)
    assert till.keys() >= answers.first_version(order)[1].keys(), (
        f"The web shop gets its fields. For {order} of a till, `second_version` "
        f"returned {in_words(till)}. The docstring asks for all fields of "
        "`first_version`."
    )


Text = Annotated[str, Body(embed=True)]
Integer = Annotated[int, Body(embed=True, strict=True)]


class Companies:
    """A payment company and a carrier, which write what they do into `log`.

    They refuse with the status code `payment` or `parcel`, unless it is 201.
    """

    def __init__(self, payment: int = 201, parcel: int = 201) -> None:
        self.log: list[str] = []
        self.payments = FastAPI()
        self.carrier = FastAPI()
        self.tracking = "X-77"
        numbers = count(701)
        for app in (self.payments, self.carrier):
            app.add_exception_handler(RequestValidationError, self._refuse)
            app.add_exception_handler(HTTPException, self._refuse)

        @self.payments.post("/payments", status_code=201)
        def reserve(card: Text, cents: Integer) -> Any:
            if payment != 201:
                self.log.append("refuse the payment")
                return PlainTextResponse("Not today.", payment)
            self.log.append(f"reserve {cents} from {card}")
            return {"number": next(numbers)}

        @self.payments.post("/payments/{number}/capture")
        def capture(number: int) -> None:
            self.log.append(f"take payment {number}")

        @self.payments.delete("/payments/{number}", status_code=204)
        def release(number: int) -> None:
            self.log.append(f"release payment {number}")

        @self.carrier.post("/parcels", status_code=201)
        def book(address: Text) -> Any:
            if parcel != 201:
                self.log.append("refuse the parcel")
                return PlainTextResponse("Not today.", parcel)
            self.log.append(f"book parcel to {address}")
            return {"tracking": self.tracking}

    def _refuse(self, request: Request, error: Exception) -> Response:
        """Return the status code for a request that the API does not have."""
        status = getattr(error, "status_code", 422)
        self.log.append(f"return {status} for {request.method} {request.url.path}")
        return Response(status_code=status)

    def sell(self, answers: Any, card: str, cents: int, address: str) -> object:
        """Return what `checkout` returned, or the exception that it raised."""
        with client(self.payments) as payments, client(self.carrier) as carrier:
            return outcome(
                lambda: answers.checkout(payments, carrier, card, cents, address)
            )


@pytest.mark.parametrize(
    ("card", "cents", "address"),
    [("4111", 1990, "Ulm"), ("4222", 700, "Bad Saulgau"), ("4111", 1, " Linz\n")],
    ids=["Ulm", "Bad Saulgau", "spaces"],
)
def test_q4_the_money_is_taken_after_the_parcel_is_booked(
    answers, card, cents, address
):
    companies = Companies()
    sold = companies.sell(answers, card, cents, address)

    expected = [
        f"reserve {cents} from {card}",
        f"book parcel to {address}",
        "take payment 701",
    ]
    assert companies.log == expected, (
        f"The companies did this: {in_words(companies.log)}. `checkout` "
        f"{returned_or_raised(sold)}. The docstring asks for this order: {expected}."
    )


def test_q4_each_sale_has_its_own_payment(answers):
    companies = Companies()
    for address in ("Ulm", "Linz"):
        companies.sell(answers, "4111", 1990, address)

    taken = [done for done in companies.log if done.startswith("take")]
    assert taken == ["take payment 701", "take payment 702"], (
        "Two sales had the payments 701 and 702. The payment company did this: "
        f"{in_words(taken)}. The docstring asks to take the money of each sale. The "
        "number of a payment is in the response to `POST /payments`."
    )


@pytest.mark.parametrize("tracking", ["X-77", "0-8-15"])
def test_q4_checkout_returns_the_tracking_number(answers, tracking):
    companies = Companies()
    companies.tracking = tracking
    sold = companies.sell(answers, "4111", 1990, "Ulm")

    assert sold == tracking, (
        f"The carrier returned the tracking number {tracking!r}; `checkout` "
        f"{returned_or_raised(sold)}. The docstring asks to return the tracking number."
    )


@pytest.mark.parametrize("status", [402, 429, 500, 200, 202])
def test_q4_without_a_payment_no_parcel_is_booked(answers, status):
    companies = Companies(payment=status)
    sold = companies.sell(answers, "4111", 1990, "Ulm")

    assert companies.log == ["refuse the payment"], (
        f"The payment company returned {status}, and the companies did this: "
        f"{in_words(companies.log)}. The docstring asks to book no parcel. The client "
        "`payments` raises no exception for such a status code."
    )
    assert isinstance(sold, answers.CheckoutFailed), (
        f"The payment company returned {status}, and `checkout` "
        f"{returned_or_raised(sold)}. The docstring asks to raise `CheckoutFailed`. "
        "Look at what your code does with the first response."
    )


@pytest.mark.parametrize("status", [409, 422, 503, 200, 202])
def test_q4_without_a_parcel_the_money_is_released(answers, status):
    companies = Companies(parcel=status)
    sold = companies.sell(answers, "4111", 1990, "Atlantis")

    expected = ["reserve 1990 from 4111", "refuse the parcel", "release payment 701"]
    assert companies.log == expected, (
        f"The carrier returned {status}, and the companies did this: "
        f"{in_words(companies.log)}. The docstring asks to release the reserved money "
        "then, and for nothing else. Look at what you do after `POST /parcels`."
    )
    assert isinstance(sold, answers.CheckoutFailed), (
        f"The carrier returned {status}, and `checkout` {returned_or_raised(sold)}. "
        "The docstring asks to raise `CheckoutFailed`. Look at what you do after "
        "`POST /parcels`."
    )
