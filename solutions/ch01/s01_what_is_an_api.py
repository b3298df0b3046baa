"""1.1  What is an API?

An API is a promise: what may be asked, and what is answered. Who keeps it, and how, is
nobody else's business.
"""

import sqlite3
from itertools import count
from typing import Annotated, Any, Literal, Protocol

import httpx2
from fastapi import Body, FastAPI, Header, HTTPException, Response


class UnknownProduct(Exception):
    """The catalogue has no such product."""


class Catalogue(Protocol):
    """The API of the shop's catalogue: all that other programs know of it."""

    def put(self, sku: str, cents: int) -> None:
        """Offer a product at this price from now on, whatever it cost before."""

    def price(self, sku: str) -> int:
        """Return the price in cents.

        Raises:
            UnknownProduct: there is no such product.
        """

    def skus(self) -> list[str]:
        """Return the products on offer, in alphabetical order."""


class MemoryCatalogue:
    """Keeps the promise of `Catalogue` with a dict."""

    def __init__(self) -> None:
        self._cents: dict[str, int] = {}

    def put(self, sku: str, cents: int) -> None:
        """Offer a product at this price."""
        self._cents[sku] = cents

    def price(self, sku: str) -> int:
        """Return the price in cents."""
        if sku not in self._cents:
            raise UnknownProduct(sku)
        return self._cents[sku]

    def skus(self) -> list[str]:
        """Return the products on offer."""
        return sorted(self._cents)


def price_list(catalogue: Catalogue) -> str:
    """Return what hangs in the shop window: one of many clients of the API."""
    cents = {sku: catalogue.price(sku) for sku in catalogue.skus()}
    return ", ".join(f"{sku} {c // 100}.{c % 100:02d}" for sku, c in cents.items())


def create_goods(database: sqlite3.Connection) -> None:
    """Create the table of the warehouse, with a price in euros such as 19.9."""
    database.execute("CREATE TABLE goods (name TEXT PRIMARY KEY, euros REAL NOT NULL)")


class SqlCatalogue:
    """1.1.1  What is an API, and why is it essential in modern software development?

    The catalogue moves into a database with the table of `create_goods`, and programs
    written for `MemoryCatalogue` do not notice. Keep the promise of `Catalogue` there.
    What was put is found by other programs as well, each on a connection of its own.
    """

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def put(self, sku: str, cents: int) -> None:
        """Offer a product at this price."""
        # region answer
        # In words: an API is what one piece of software promises another: the names it
        # may use, what goes in, what comes out, and how failure is told. Its users
        # depend on the promise and not on what keeps it, so both sides are built,
        # replaced and scaled apart. Software made by many people rests on that.
        with self._database:  # commits
            self._database.execute(
                "INSERT OR REPLACE INTO goods (name, euros) VALUES (?, ?)",
                (sku, cents / 100),
            )
        # endregion

    def price(self, sku: str) -> int:
        """Return the price in cents."""
        # region answer
        query = "SELECT euros FROM goods WHERE name = ?"
        row = self._database.execute(query, (sku,)).fetchone()
        if row is None:
            raise UnknownProduct(sku)
        euros: float = row[0]
        return round(euros * 100)  # 19.99 * 100 is 1998.9999999999998
        # endregion

    def skus(self) -> list[str]:
        """Return the products on offer."""
        # region answer
        query = "SELECT name FROM goods ORDER BY name"
        return [name for (name,) in self._database.execute(query)]
        # endregion


class Declined(Exception):
    """The bank says no: nothing was paid."""


class OutcomeUnknown(Exception):
    """Nobody on this side can say whether the money was taken."""


class Bank:
    """Stands in for the bank; `charged` is what it has taken so far."""

    def __init__(self) -> None:
        self.charged: list[tuple[str, int]] = []

    def charge(self, order: str, cents: int) -> None:
        """Take the money for an order.

        Raises:
            Declined: it is more than the customer has.
        """
        if cents > 100_000:
            raise Declined(order)
        self.charged.append((order, cents))


def bank_app(bank: Bank) -> FastAPI:
    """Serve `bank.charge` to the network.

    `POST /charges` takes `{"order": …, "cents": …}` and answers 201 (taken) or 402
    (declined). A request whose header `Idempotency-Key` is that of an earlier one is
    not carried out: it is answered as the earlier one was.
    """
    app = FastAPI()
    answered: dict[str | object, int] = {}

    @app.post("/charges")
    def charge(
        order: Annotated[str, Body()],
        cents: Annotated[int, Body()],
        response: Response,
        idempotency_key: Annotated[str | None, Header()] = None,
    ) -> None:
        key = idempotency_key or object()
        if key not in answered:
            try:
                bank.charge(order, cents)
                answered[key] = 201
            except Declined:
                answered[key] = 402
        response.status_code = answered[key]

    return app


def charge(http: httpx2.Client, order: str, cents: int) -> None:
    """1.1.2  How do APIs differ from traditional function calls in programming?

    Do through `bank_app` what `bank.charge(order, cents)` does in one process. The
    network loses requests and answers (an `httpx2.TransportError`, or a 504), delivers
    late, and twice. Yet an order is charged once, also if `charge` is called for it
    again. After 4 requests without a 201 or 402, raise `OutcomeUnknown`.
    """
    # region answer
    # In words: a call in one process happens once, and then it has returned or raised.
    # Over a network there is a third outcome: silence. The request may be lost, under
    # way, or carried out with its answer lost. So the caller waits only so long, asks
    # again, and says which request it repeats; the server carries that out once.
    for _ in range(4):
        try:
            answer = http.post(
                "/charges",
                json={"order": order, "cents": cents},
                headers={"Idempotency-Key": order},
            )
        except httpx2.TransportError:
            continue
        if answer.status_code == 201:
            return
        if answer.status_code == 402:
            raise Declined(order)
    raise OutcomeUnknown(order)
    # endregion


Currency = Literal["EUR", "USD"]


def find_prices(sku: str) -> dict[str, int] | None:
    """Stand in for the database; return a product's prices in cents by currency."""
    goods = {
        "desk": {"EUR": 14900, "USD": 15900},
        "lamp": {"EUR": 1990, "USD": 2150},
    }
    return goods.get(sku)


def first_version() -> FastAPI:
    """Return the API as it was published, before the shop sold in dollars."""
    app = FastAPI()
    numbers = count(1)

    @app.get("/products/{sku}")
    def product(sku: str) -> dict[str, Any]:
        if not (prices := find_prices(sku)):
            raise HTTPException(404, "unknown product")
        return {"sku": sku, "cents": prices["EUR"]}

    @app.post("/orders", status_code=201)
    def order(
        sku: Annotated[str, Body()], pieces: Annotated[int, Body()]
    ) -> dict[str, Any]:
        if not (prices := find_prices(sku)):
            raise HTTPException(404, "unknown product")
        return {"number": next(numbers), "cents": pieces * prices["EUR"]}

    return app


def till(http: httpx2.Client, sku: str, pieces: int) -> str:
    """Sell in a shop. This program runs in a thousand tills and stays as it is."""
    product = http.get(f"/products/{sku}")
    if product.status_code == 404:
        return "Call the manager."
    order = http.post("/orders", json={"sku": sku, "pieces": pieces}).json()
    each = product.json()["cents"]
    return f"No. {order['number']:04d}: {pieces} x {each} = {order['cents']}"


def web_shop(http: httpx2.Client, sku: str, pieces: int, currency: str) -> str:
    """Sell on the web. This program was written for the second version."""
    each = http.get(f"/products/{sku}").json()["prices"][currency]
    wanted = {"sku": sku, "pieces": pieces, "currency": currency}
    order = http.post("/orders", json=wanted).json()
    return f"{order['reference']}: {pieces} x {each} = {order['total'][currency]}"


def second_version() -> FastAPI:
    """1.1.3  How do APIs facilitate communication between a client and a server?

    The API learns of currencies. `web_shop` likes its second version, and a thousand
    tills stop. Repair it: whatever a client of `first_version` sends is answered with
    the status and the fields that it would read there, and `web_shop` still reads all
    that it needs.
    """
    # region answer
    # In words: client and server are programs apart; all they share is messages, whose
    # form the API lays down: method, path, fields, statuses. So each may change alone.
    # A server may add what old clients overlook, and ask for more if it does without.
    # What it removes, renames or demands breaks clients that it has never seen.
    app = FastAPI()
    numbers = count(1)

    @app.get("/products/{sku}")
    def product(sku: str) -> dict[str, Any]:
        if not (prices := find_prices(sku)):
            raise HTTPException(404, "unknown product")
        return {"sku": sku, "cents": prices["EUR"], "prices": prices}

    @app.post("/orders", status_code=201)
    def order(
        sku: Annotated[str, Body()],
        pieces: Annotated[int, Body()],
        currency: Annotated[Currency, Body()] = "EUR",
    ) -> dict[str, Any]:
        if not (prices := find_prices(sku)):
            raise HTTPException(404, "unknown product")
        number, cents = next(numbers), pieces * prices[currency]
        return {
            "number": number,
            "cents": cents,
            "reference": f"{currency}-{number}",
            "total": {currency: cents},
        }

    return app
    # stub: app = FastAPI()
    # stub: numbers = count(1)
    # stub:
    # stub: @app.get("/products/{sku}")
    # stub: def product(sku: str) -> dict[str, Any]:
    # stub:     if not (prices := find_prices(sku)):
    # stub:         return {"error": "unknown product"}
    # stub:     return {"sku": sku, "prices": prices}
    # stub:
    # stub: @app.post("/orders", status_code=201)
    # stub: def order(
    # stub:     sku: Annotated[str, Body()],
    # stub:     pieces: Annotated[int, Body()],
    # stub:     currency: Annotated[Currency, Body()],
    # stub: ) -> dict[str, Any]:
    # stub:     if not (prices := find_prices(sku)):
    # stub:         return {"error": "unknown product"}
    # stub:     number, cents = next(numbers), pieces * prices[currency]
    # stub:     return {"reference": f"{currency}-{number}", "total": {currency: cents}}
    # stub:
    # stub: return app
    # endregion


def payment_app(states: dict[int, str]) -> FastAPI:
    """Serve the API of a payment company, which notes the `states` of its payments.

    `POST /payments` with `{"card": …, "cents": …}` reserves the money and answers 201
    with `{"number": …}`, or 402 with a reason. `POST /payments/{number}/capture` takes
    what is reserved, `DELETE /payments/{number}` frees it; neither is refused then.
    """
    app = FastAPI()

    @app.post("/payments", status_code=201)
    def reserve(
        card: Annotated[str, Body()], cents: Annotated[int, Body()]
    ) -> dict[str, int]:
        if card.endswith("0000"):
            raise HTTPException(402, "The card has expired.")
        number = 501 + len(states)
        states[number] = f"{cents} reserved"
        return {"number": number}

    def settle(number: int, state: str) -> None:
        if not states.get(number, "").endswith("reserved"):
            raise HTTPException(409, "Nothing is reserved under this number.")
        states[number] = states[number].replace("reserved", state)

    @app.post("/payments/{number}/capture")
    def capture(number: int) -> None:
        settle(number, "taken")

    @app.delete("/payments/{number}", status_code=204)
    def free(number: int) -> None:
        settle(number, "freed")

    return app


def carrier_app(parcels: list[str]) -> FastAPI:
    """Serve the API of a carrier, which notes where its `parcels` go.

    `POST /parcels` with `{"address": …}` books a parcel and answers 201 with
    `{"tracking": …}`. If it does not book, it says why with another status.
    """
    app = FastAPI()

    @app.post("/parcels", status_code=201)
    def book(address: Annotated[str, Body(embed=True)]) -> dict[str, str]:
        if address == "Atlantis":
            raise HTTPException(422, "Nobody lives there.")
        parcels.append(address)
        return {"tracking": f"{address}-{len(parcels)}"}

    return app


class CheckoutFailed(Exception):
    """The sale did not come about."""


def checkout(
    payments: httpx2.Client,
    carrier: httpx2.Client,
    card: str,
    cents: int,
    address: str,
) -> str:
    """1.1.4  Provide a real-world example of an API and its functionality.

    Sell through the APIs of two companies, `payment_app` and `carrier_app`: reserve the
    money, book the parcel, take the money, return the tracking. If either refuses,
    whatever the status, raise `CheckoutFailed` and leave nothing behind: no parcel that
    is not paid for, no money reserved for a parcel that never leaves.
    """
    # region answer
    # In words: payment companies, carriers, maps and weather services sell what they
    # can do as an API: a shop reserves money with one POST and never sees the banks
    # behind it. The API names the things (payments, parcels), what can be done with
    # them in which order, and how it says no, which the client has to be ready for.
    reserved = payments.post("/payments", json={"card": card, "cents": cents})
    if not reserved.is_success:
        raise CheckoutFailed(reserved.text)
    payment = f"/payments/{reserved.json()['number']}"
    booked = carrier.post("/parcels", json={"address": address})
    if not booked.is_success:
        payments.delete(payment)
        raise CheckoutFailed(booked.text)
    payments.post(f"{payment}/capture")
    tracking: str = booked.json()["tracking"]
    return tracking
    # endregion
