"""1.1  What is an API?

An API (application programming interface) defines what one program can ask another
program to do, and what it gets in return. It does not say how the work is done.
Notes: content/docs/api-fundamentals/what-is-an-api.md
"""

import sqlite3
from typing import Any, Protocol

import httpx2


class UnknownProduct(Exception):
    """The catalogue has no product with this name."""


class Catalogue(Protocol):
    """The API of the catalogue: what a program can call, and what it gets."""

    def price(self, name: str) -> int:
        """Return the price of a product in cents.

        Raises:
            UnknownProduct: the catalogue has no product with this name.
        """


def label(catalogue: Catalogue, name: str) -> str:
    """Return the text of a price label. This program uses only the API."""
    try:
        return f"{name}: {catalogue.price(name)} cents"
    except UnknownProduct:
        return f"{name}: not for sale"


class DictCatalogue:
    """A catalogue that keeps its prices in a dict."""

    def __init__(self, prices: dict[str, int]) -> None:
        self.prices = prices

    def price(self, name: str) -> int:
        """Return the price of a product in cents."""
        if name not in self.prices:
            raise UnknownProduct(name)
        return self.prices[name]


class SqlCatalogue:
    """1.1.1  What is an API, and why is it essential in modern software development?

    A shop moves its prices from a dict to an SQLite database. Programs such as `label`
    have to work without a change: they depend only on the API, `Catalogue`. Write the
    method `price`, so that `SqlCatalogue` has the same API as `DictCatalogue`.

    - `price` returns the price that the table `products` has at this moment.
    - If the table has no product with this name, `price` raises `UnknownProduct`. For
      any other failure, such as a missing table, it raises another exception.
    - A name can contain any character, such as the quote in "men's boots".

    Given: the table is `products (name TEXT PRIMARY KEY, cents INTEGER NOT NULL)`.

    Example:
        label(SqlCatalogue(database), "lamp")  ->  "lamp: 1990 cents"
        label(SqlCatalogue(database), "sofa")  ->  "sofa: not for sale"
    """

    def __init__(self, database: sqlite3.Connection) -> None:
        self.database = database

    def price(self, name: str) -> int:
        """Return the price of a product in cents."""
        # region answer
        # In words: An API is a promise between two programs: what the one can call,
        # what it gets, and how it learns of a failure. The caller depends on this
        # promise only. So the code behind an API can be replaced without changing its
        # callers, and many teams can work on one system at the same time.
        query = "SELECT cents FROM products WHERE name = ?"
        row = self.database.execute(query, (name,)).fetchone()
        if row is None:
            raise UnknownProduct(name)
        return int(row[0])
        # endregion


class Declined(Exception):
    """The bank has declined the charge. The customer has paid nothing."""


class OutcomeUnknown(Exception):
    """Nobody on this side of the network knows whether the customer has paid."""


def post_charge(http: httpx2.Client, order: str, cents: int, key: str) -> int:
    """Send `POST /charges` to the bank once, and return the status code.

    Raises:
        httpx2.TransportError: no response arrived.
    """
    body = {"order": order, "cents": cents}
    headers = {"Idempotency-Key": key}
    return http.post("/charges", json=body, headers=headers).status_code


def charge(http: httpx2.Client, order: str, cents: int) -> None:
    """1.1.2  How do APIs differ from traditional function calls in programming?

    A function call has two outcomes: it returns, or it raises. A request over a network
    has a third one: no response arrives, and the work may be done or not. Charge the
    customer for an order, over a network that loses requests and responses. Use
    `post_charge`.

    - Return after the status code 201 (charged). Raise `Declined` after 402.
    - After any other status code, or if no response arrives, send the request again.
      After 4 requests in all without a 201 or 402, raise `OutcomeUnknown`.
    - No order is charged twice, even if `charge` is called again for the same order: by
      another process, or with another amount.
    - Any error in this program passes through, such as the `RuntimeError` of a closed
      client.

    Given: the bank processes the first request with a `key`, and returns 201 or 402. It
    does nothing for a later request with this key, and returns the same status code.
    Given: any other status code comes from the network. The bank may have received the
    request, or not.
    Given: an order consists of the characters A-Z, a-z, 0-9 and `-`.
    """
    # region answer
    # In words: A function call runs in the same process: it returns or it raises.
    # A request to an API crosses a network, where the request or the response can get
    # lost. Without a response the caller cannot know whether the work was done. So it
    # sends the request again, with a key by which the server recognizes a repetition.
    for _ in range(4):
        try:
            status = post_charge(http, order, cents, key=order)
        except httpx2.TransportError:
            continue
        if status == 201:
            return
        if status == 402:
            raise Declined(order)
    raise OutcomeUnknown(order)
    # endregion


def find_prices(product: str) -> dict[str, int] | None:
    """Return the price of a product in cents by currency, or None if it is unknown."""
    prices = {"desk": {"EUR": 14900, "USD": 15900}, "lamp": {"EUR": 1990, "USD": 2150}}
    return prices.get(product)


def first_version(order: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Return the status code and the body of the response to `POST /orders`."""
    prices = find_prices(order["product"])
    if prices is None:
        return 404, {"detail": "unknown product"}
    return 201, {"cents": order["pieces"] * prices["EUR"]}


def second_version(order: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """1.1.3  How do APIs facilitate communication between a client and a server?

    Client and server are separate programs. They share only the form of their messages.
    A thousand tills (cash registers) send orders in the form of `first_version`, and
    nobody can update them. The second version of the server was written for a web shop,
    which also sends a "currency". Now the tills fail. Repair the second version, so
    that tills and web shop can use it.

    - For an order without "currency", return the status code of `first_version`, and
      all fields of its body with the same values.
    - For an order with "currency", return the same status code and fields as today.

    Given: "currency" is "EUR" or "USD".
    Given: tills and web shop ignore fields that they do not know.

    Example:
        {"product": "lamp", "pieces": 2}  ->  201, {"cents": 3980, ...}
        {"product": "lamp", "pieces": 2, "currency": "USD"}
            ->  201, {"total": 4300, "currency": "USD", ...}
    """
    # region answer
    # In words: An API defines the messages between client and server: the method, the
    # path, the fields and the status codes. Both sides can be written in any language
    # and be changed alone, as long as the messages keep their meaning. A server may
    # add fields. It breaks its clients if it removes, renames or newly requires one.
    prices = find_prices(order["product"])
    if prices is None:
        return 404, {"detail": "unknown product", "error": "unknown product"}
    currency = order.get("currency", "EUR")
    total = order["pieces"] * prices[currency]
    return 201, {"cents": total, "total": total, "currency": currency}
    # stub: prices = find_prices(order["product"])
    # stub: if prices is None:
    # stub:     return 404, {"error": "unknown product"}
    # stub: currency = order["currency"]
    # stub: total = order["pieces"] * prices[currency]
    # stub: return 201, {"total": total, "currency": currency}
    # endregion


class CheckoutFailed(Exception):
    """The order was not placed."""


def checkout(
    payments: httpx2.Client,
    carrier: httpx2.Client,
    card: str,
    cents: int,
    address: str,
) -> str:
    """1.1.4  Provide a real-world example of an API and its functionality.

    A shop uses the APIs of two companies: one takes payments, one delivers parcels.
    Reserve the money, then book the parcel, then take the money. Return the tracking
    number of the parcel.

    - If the payment company does not return 201 for `POST /payments`, raise
      `CheckoutFailed`, and book no parcel.
    - If the carrier does not return 201 for `POST /parcels`, release the reserved money
      and raise `CheckoutFailed`.

    Given: both companies always send a response.
    Given: the API of the payment company. `capture` and `DELETE` always succeed.
        POST /payments  {"card": "4111", "cents": 1990}  ->  201  {"number": 501}
            reserves the money
        POST /payments/501/capture  ->  200  takes the reserved money
        DELETE /payments/501  ->  204  releases the reserved money
    Given: the API of the carrier.
        POST /parcels  {"address": "Ulm"}  ->  201  {"tracking": "X-77"}
            books a parcel
    """
    # region answer
    # In words: Payment companies, carriers, maps and weather services sell their work
    # as an API. A shop reserves money with one `POST` request, and does not need to
    # know which banks are involved. The API defines the resources (payments, parcels),
    # what can be done with them, and how a refusal looks. The client handles refusals.
    payment = payments.post("/payments", json={"card": card, "cents": cents})
    if payment.status_code != 201:
        raise CheckoutFailed(payment.text)
    path = f"/payments/{payment.json()['number']}"
    parcel = carrier.post("/parcels", json={"address": address})
    if parcel.status_code != 201:
        payments.delete(path)
        raise CheckoutFailed(parcel.text)
    payments.post(f"{path}/capture")
    return str(parcel.json()["tracking"])
    # endregion
