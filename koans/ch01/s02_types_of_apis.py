"""1.2  Types of APIs.

REST, GraphQL, SOAP and WebSocket APIs differ in who decides which data is sent, in how
strictly the messages are described, and in who may send the next message.
Notes: content/docs/api-fundamentals/types-of-apis.md
"""

import asyncio
import hmac
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx2
from fastapi import FastAPI, WebSocket
from lxml import etree  # type: ignore[import-untyped]
from websockets.sync import client

GRAPHQL_SCHEMA = """
type Query   { orders(customer: String!): [Order!]! }
type Order   { number: Int! state: String! address: String! product: Product! }
type Product { sku: String! name: String! cents: Int! description: String! }
"""


def packing_list_by_rest(http: httpx2.Client, customer: str) -> list[dict[str, Any]]:
    """Return the packing list of a customer, fetched over REST."""
    rows = []
    for order in http.get("/orders", params={"customer": customer}).json():
        product = http.get(order["product"]).json()  # such as "/products/lamp"
        row = {"number": order["number"], "product": {"name": product["name"]}}
        rows.append(row)
    return rows


def packing_list(http: httpx2.Client, customer: str) -> list[dict[str, Any]]:
    """1.2.1  Compare RESTful APIs with GraphQL APIs in terms of data fetching and
    flexibility.

    A packing list shows two fields of each order: its number and the name of its
    product. `packing_list_by_rest` sends one request for each order, and receives many
    fields that it does not need. Return the same list from the GraphQL API that
    `GRAPHQL_SCHEMA` describes.

    - Send one request: `POST /graphql` with the JSON object
      `{"query": ..., "variables": ...}`.
    - Select the two fields of the list, and no other field.
    - Send the customer's name as a GraphQL variable, because a name can contain quotes.

    Example:
        POST /graphql  ->  200  {"data": {"orders": [
            {"number": 720, "product": {"name": "Vase"}}]}}
        packing_list(http, "Jo")  ->  [{"number": 720, "product": {"name": "Vase"}}]
    """
    raise NotImplementedError


CONTRACT = """
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"
    targetNamespace="urn:shop" elementFormDefault="qualified">
  <xs:element name="Order"><xs:complexType><xs:sequence>
    <xs:element name="sku" type="xs:NMTOKEN"/>
    <xs:element name="pieces"><xs:simpleType><xs:restriction base="xs:int">
      <xs:minInclusive value="1"/><xs:maxInclusive value="99"/>
    </xs:restriction></xs:simpleType></xs:element>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="Receipt"><xs:complexType><xs:sequence>
    <xs:element name="number" type="xs:int"/>
    <xs:element name="total" type="xs:decimal"/>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="SoldOut"><xs:complexType><xs:sequence>
    <xs:element name="left" type="xs:int"/>
  </xs:sequence></xs:complexType></xs:element>
</xs:schema>
"""


def fields_of(element: Any) -> dict[str, str]:
    """Return the fields of an XML element: the text of each child, by its name."""
    return {etree.QName(one).localname: (one.text or "").strip() for one in element}


def new_element(name: str, **fields: object) -> Any:
    """Return a new XML element of the shop with these fields."""
    element = etree.Element(f"{{urn:shop}}{name}", nsmap={None: "urn:shop"})
    for field, value in fields.items():
        etree.SubElement(element, f"{{urn:shop}}{field}").text = str(value)
    return element


class Fault(Exception):
    """A SOAP fault; the endpoint that catches it sends it to the client.

    The code is "Client" if the message is wrong, and "Server" if the message is right
    but cannot be processed. The detail is an XML element.
    """

    def __init__(self, code: str, text: str, detail: Any = None) -> None:
        super().__init__(text)
        self.code = code
        self.detail = detail


class SoldOut(Exception):
    """There are fewer pieces than ordered; `left` is their number."""

    def __init__(self, left: int) -> None:
        super().__init__(f"{left} left")
        self.left = left


def place_order(sku: str, pieces: int) -> tuple[int, Decimal]:
    """Place an order; return its number and its total, or raise `SoldOut`."""
    if pieces > 9:
        raise SoldOut(left=9)
    return 7, pieces * Decimal("19.90")


def handle_order(order: Any, contract: Any) -> Any:
    """1.2.2  What are the key features of SOAP APIs, and when are they preferred over
    REST?

    A SOAP endpoint receives an envelope, takes the `Order` element from its body, and
    calls this function. Process the order, and return the element for the body of the
    response. `contract` is a schema object, made from a text such as `CONTRACT`.

    - If `contract` allows the order, call `place_order` with the sku and the number of
      pieces, an `int`. Return the `Receipt` element that `CONTRACT` describes, with the
      number and the total.
    - If `contract` does not allow the order, raise a `Fault` with the code "Client",
      and do not call `place_order`.
    - If `place_order` raises `SoldOut`, raise a `Fault` with the code "Server". Its
      detail is the `SoldOut` element that `CONTRACT` describes, with `left`.
    - Every other exception of `place_order` passes through.

    Given:
        `contract.validate(order)` returns whether the XML Schema allows the element.
        Another `contract` can have other limits for the sku and the pieces.
        The values can have spaces or line breaks around them; `fields_of` removes them.

    Example:
        <Order><sku>lamp</sku><pieces>3</pieces></Order>
            ->  <Receipt><number>7</number><total>59.70</total></Receipt>
    """
    raise NotImplementedError


def visit_by_http(http: httpx2.Client, skus: list[str]) -> dict[str, int | None]:
    """Return prices fetched over HTTP, where each one has a request and a response."""
    responses = {sku: http.get(f"/prices/{sku}") for sku in skus}
    return {
        sku: response.json()["cents"] if response.is_success else None
        for sku, response in responses.items()
    }


@contextmanager
def connect(address: str) -> Iterator[client.ClientConnection]:
    """Yield an open WebSocket; close it at the end of the block.

    `socket.send(text)` sends a text. `socket.recv()` waits for the next text from the
    server, and returns it.
    """
    with client.connect(address, proxy=None) as socket:
        yield socket


def visit(address: str, skus: list[str]) -> tuple[dict[str, int | None], list[str]]:
    """1.2.3  Explain how WebSockets differ from traditional HTTP-based APIs.

    `visit_by_http` sends one request for each price. Fetch the same prices over one
    WebSocket, on which both sides send JSON objects at any time.

    - Open one WebSocket to `address`. Send `{"ask": ..., "sku": ...}` for each sku, all
      of them before you wait for a reply. "ask" is a number or a string of your choice.
    - Return the prices by sku, with None for an unknown sku, and the news in the order
      in which they arrived.
    - Close the WebSocket as soon as every question has its reply.

    Given:
        The server replies `{"ask": ..., "cents": ...}`, or `{"ask": ..., "error": ...}`
        for an unknown sku. It repeats your "ask"; its replies come in any order.
        Before a reply, the server can send news: `{"news": ...}`.
        The list `skus` contains at least one sku, and no sku twice.

    Example:
        visit(address, ["lamp", "sofa"])  ->  ({"lamp": 1990, "sofa": None}, ["Sale"])
    """
    raise NotImplementedError


@dataclass
class Envelope:
    """A SOAP message: the texts in its header, by name, and the order in its body."""

    header: dict[str, str]
    order: Any  # an XML element, or None


def sign(order: Any, key: bytes) -> str:
    """Return the signature of an XML element in its canonical form (C14N)."""
    canonical = etree.tostring(order, method="c14n", exclusive=True)
    return hmac.new(key, canonical, "sha256").hexdigest()


def signed_order(envelope: Envelope, key: bytes) -> dict[str, str] | None:
    """1.2.4  When would you choose SOAP over REST for an API?

    A partner's orders pass through a message broker. HTTPS protects each connection,
    but inside the broker somebody can change an order. So the partner signs the order,
    and sends the signature in the header of the envelope, as "Signature".

    - If the signature in the header equals `sign(order, key)`, return the fields of the
      order, as `fields_of` does.
    - If the signature is different or missing, return None.
    - If the envelope has no order, return None.

    Given:
        Partner and shop share the secret `key`. The broker does not know it.
        The broker can put any text into the header, also one that is not ASCII.

    Example:
        <Order><sku>lamp</sku><pieces>3</pieces></Order>
            ->  {"sku": "lamp", "pieces": "3"}
    """
    raise NotImplementedError


class Log:
    """The numbered entries of a packing hall; the first has the number 1."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._grown = asyncio.Condition()

    async def add(self, text: str) -> None:
        """Add an entry."""
        async with self._grown:
            self._texts.append(text)
            self._grown.notify_all()

    async def since(self, number: int) -> AsyncIterator[tuple[int, str]]:
        """Yield each entry after `number`, then wait for new entries and yield them.

        It never ends by itself.
        """
        while True:
            async with self._grown:
                while number >= len(self._texts):
                    await self._grown.wait()
            number += 1
            yield number, self._texts[number - 1]


def hall_app(log: Log) -> FastAPI:
    """Return an application in which each screen connects to the WebSocket `/hall`."""
    app = FastAPI()

    @app.websocket("/hall")
    async def hall(socket: WebSocket, after: int = 0) -> None:
        await socket.accept()
        await serve_screen(socket, log, after)

    return app


async def serve_screen(socket: WebSocket, log: Log, after: int) -> None:
    """1.2.5  Explain the use case for WebSocket APIs in real-time applications.

    Packers work in one hall, and each has a screen that shows what all of them do.
    `hall_app` calls this function for each screen that connects.

    - Send the screen each entry after the number `after`, as JSON: `{"number": ...,
      "text": ...}`. Begin with the entries in the log; send each new one at once.
    - Add each text that the screen sends to the log.
    - When the screen disconnects, return, and leave no task running that reads
      `log.since()`.

    Example:
        the screen sends     Order 17 is packed
        the screen receives  {"number": 1, "text": "Order 17 is packed"}
    """
    raise NotImplementedError
