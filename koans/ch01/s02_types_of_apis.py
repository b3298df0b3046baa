"""1.2  Types of APIs.

One shop, served in four ways. They differ in who decides what is sent, what it may
look like, and who speaks when.
"""

import asyncio
import hmac
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import httpx2
import strawberry
from fastapi import FastAPI, HTTPException, Request, Response, WebSocket
from lxml import etree  # type: ignore[import-untyped]
from strawberry.fastapi import GraphQLRouter
from websockets.sync import client


@strawberry.type
class Supplier:
    """Who makes a product."""

    name: str
    city: str
    terms: str


@strawberry.type
class Product:
    """What the shop sells."""

    sku: str
    name: str
    cents: int
    description: str
    supplier: Supplier


@strawberry.type
class Order:
    """What a customer has ordered."""

    number: int
    state: str
    address: str
    product: Product


def shop_app(book: dict[str, list[Order]]) -> FastAPI:
    """Serve a book of orders, which has them by customer, as REST and as GraphQL.

    In REST an order names the address of its product, and a product that of its
    supplier. At `POST /graphql` a client writes down the fields that it wants:
    `query ($customer: String!) { orders(customer: $customer) { product { name } } }`.
    """
    app = FastAPI()
    products = {
        order.product.sku: order.product for one in book.values() for order in one
    }
    suppliers = {one.supplier.name: one.supplier for one in products.values()}

    @app.get("/orders")
    def orders(customer: str) -> list[dict[str, Any]]:
        return [
            asdict(order) | {"product": f"/products/{order.product.sku}"}
            for order in book.get(customer, [])
        ]

    @app.get("/products/{sku}")
    def product(sku: str) -> dict[str, Any]:
        one = products[sku]
        return asdict(one) | {"supplier": f"/suppliers/{one.supplier.name}"}

    @app.get("/suppliers/{name}")
    def supplier(name: str) -> dict[str, Any]:
        return asdict(suppliers[name])

    @strawberry.type
    class Query:
        @strawberry.field
        def orders(self, customer: str) -> list[Order]:
            return book.get(customer, [])

    app.include_router(GraphQLRouter(strawberry.Schema(Query)), prefix="/graphql")
    return app


def report_by_rest(
    http: httpx2.Client, customer: str, columns: list[str]
) -> list[list[Any]]:
    """Do what 1.2.1 asks for, in REST."""
    known: dict[str, Any] = {}
    rows = []
    for order in http.get("/orders", params={"customer": customer}).json():
        row = []
        for column in columns:
            value = order
            for field in column.split("."):
                value = value[field]
                if field in ("product", "supplier"):
                    if value not in known:
                        known[value] = http.get(value).json()
                    value = known[value]
            row.append(value)
        rows.append(row)
    return rows


def report(http: httpx2.Client, customer: str, columns: list[str]) -> list[list[Any]]:
    """1.2.1  Compare RESTful APIs with GraphQL APIs in terms of data fetching and
    flexibility.

    A report has a row for each order of a customer, and columns that somebody picks:
    "state", "product.supplier.city". `report_by_rest` asks for the orders, for each
    product, for each supplier, and reads much that nobody picked. Return the same rows
    from `shop_app` with one `POST /graphql` of {"query": …, "variables": …}, whose
    answer holds the columns and nothing else. A customer may have any name.
    """
    raise NotImplementedError


CONTRACT = """\
<definitions
  xmlns="http://schemas.xmlsoap.org/wsdl/"
  xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
  xmlns:xs="http://www.w3.org/2001/XMLSchema"
  xmlns:shop="urn:shop" targetNamespace="urn:shop">
  <types>
    <xs:schema targetNamespace="urn:shop" elementFormDefault="qualified">
      <xs:element name="Order"><xs:complexType><xs:sequence>
        <xs:element name="sku" type="xs:NMTOKEN"/>
        <xs:element name="pieces" type="xs:positiveInteger"/>
      </xs:sequence></xs:complexType></xs:element>
      <xs:element name="Receipt"><xs:complexType><xs:sequence>
        <xs:element name="number" type="xs:int"/>
        <xs:element name="total" type="xs:decimal"/>
      </xs:sequence></xs:complexType></xs:element>
      <xs:element name="SoldOut"><xs:complexType><xs:sequence>
        <xs:element name="left" type="xs:int"/>
      </xs:sequence></xs:complexType></xs:element>
    </xs:schema>
  </types>
  <message name="In"><part name="body" element="shop:Order"/></message>
  <message name="Out"><part name="body" element="shop:Receipt"/></message>
  <message name="No"><part name="detail" element="shop:SoldOut"/></message>
  <portType name="Shop"><operation name="Order">
    <input message="shop:In"/>
    <output message="shop:Out"/>
    <fault name="SoldOut" message="shop:No"/>
  </operation></portType>
  <binding name="Soap" type="shop:Shop">
    <soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <operation name="Order">
      <soap:operation soapAction="" style="document"/>
      <input><soap:body use="literal"/></input>
      <output><soap:body use="literal"/></output>
      <fault name="SoldOut"><soap:fault name="SoldOut" use="literal"/></fault>
    </operation>
  </binding>
  <service name="Shop"><port name="Soap" binding="shop:Soap">
    <soap:address location="http://shop.example/soap"/>
  </port></service>
</definitions>
"""
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
XML_SCHEMA = "http://www.w3.org/2001/XMLSchema"


def schema() -> Any:
    """Return the types of `CONTRACT`.

    `schema().validate(element)` says whether they allow it.
    """
    contract = etree.fromstring(CONTRACT)
    return etree.XMLSchema(contract.find(f".//{{{XML_SCHEMA}}}schema"))


def find_in(message: bytes, part: str, name: str) -> Any:
    """Return the shop's element `name` in the "Body" or "Header" of an envelope.

    Where the message holds no such thing, or is no envelope at all, return None.
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(message, parser)
    except etree.XMLSyntaxError:
        return None
    return root.find(f"{{{SOAP}}}{part}/{{urn:shop}}{name}")


def element(name: str, **fields: object) -> Any:
    """Return an element of the shop with a child for each field."""
    one = etree.Element(f"{{urn:shop}}{name}", nsmap={None: "urn:shop"})
    for field, value in fields.items():
        etree.SubElement(one, f"{{urn:shop}}{field}").text = str(value)
    return one


def fields_of(one: Any) -> dict[str, str]:
    """Return the texts of the children of an element, by their names."""
    return {etree.QName(child).localname: child.text for child in one}


def envelope(content: Any, status: int = 200) -> Response:
    """Answer with an element in an envelope."""
    root = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soap": SOAP})
    etree.SubElement(root, f"{{{SOAP}}}Body").append(content)
    return Response(etree.tostring(root), status, media_type="text/xml")


def fault(code: str, text: str, detail: Any = None) -> Response:
    """Answer with a fault.

    The code is "Client" if the message is wrong, and "Server" if it is right and
    cannot be carried out. The detail is an element.
    """
    one = etree.Element(f"{{{SOAP}}}Fault", nsmap={"soap": SOAP})
    etree.SubElement(one, "faultcode").text = f"soap:{code}"
    etree.SubElement(one, "faultstring").text = text
    if detail is not None:
        etree.SubElement(one, "detail").append(detail)
    return envelope(one, status=500)


class SoldOut(Exception):
    """There are not that many pieces; `left` is how many there are."""

    def __init__(self, left: int) -> None:
        super().__init__(f"{left} left")
        self.left = left


def place_order(sku: str, pieces: int) -> tuple[int, Decimal]:
    """Stand in for the order service; return the order's number and total.

    Raises:
        SoldOut: more is ordered than there is.
    """
    if pieces > 9:
        raise SoldOut(left=9)
    return 7, pieces * Decimal("19.90")


def soap_app() -> FastAPI:
    """1.2.2  What are the key features of SOAP APIs, and when are they preferred over
    REST?

    Serve what `CONTRACT` says, whatever it says. `GET /soap` answers with it. `POST
    /soap` takes an envelope with an `Order`, hands it to `place_order`, and answers
    with a `Receipt`. An order that the contract does not allow, or anything else, goes
    nowhere and is a "Client" fault. `SoldOut` is a "Server" fault, with a `SoldOut` of
    the contract as its detail.
    """
    raise NotImplementedError


def visit_by_http(http: httpx2.Client, skus: list[str]) -> dict[str, int | None]:
    """Ask for prices over HTTP: a request for each, and an answer to each."""
    answers = {sku: http.get(f"/prices/{sku}") for sku in skus}
    return {
        sku: answer.json()["cents"] if answer.is_success else None
        for sku, answer in answers.items()
    }


@contextmanager
def connect(address: str) -> Iterator[client.ClientConnection]:
    """Yield an open WebSocket; close it afterwards.

    `socket.send(text)` sends, `socket.recv()` waits for the next text and returns it.
    """
    with client.connect(address, proxy=None) as socket:
        yield socket


def visit(address: str, skus: list[str]) -> tuple[dict[str, int | None], list[str]]:
    """1.2.3  Explain how WebSockets differ from traditional HTTP-based APIs.

    Ask for the same prices over one WebSocket, in JSON. To `{"ask": …, "sku": …}` the
    shop answers `{"ask": …, "cents": …}`, or `"error"` in place of the cents; "ask" is
    a number or text of yours that it repeats, for it may answer the first question
    last. Whenever it likes, it also tells `{"news": …}`. When all is answered, hang up
    and return the prices (None after an error) and the news in their order.
    """
    raise NotImplementedError


def find_cents(sku: str) -> int | None:
    """Stand in for the database; return what a product costs."""
    return {"desk": 14900, "ink": 700, "lamp": 1990}.get(sku)


def sell_wholesale(sku: str, pieces: int) -> tuple[int, Decimal]:
    """Stand in for the wholesale department, which always has enough.

    Return the order's number and total.
    """
    return 4007, pieces * Decimal("15.90")


def signature(order: Any, key: bytes) -> bytes:
    """Return, in bytes, a signature of what an element says, however it is written."""
    canonical = etree.tostring(order, method="c14n", exclusive=True)
    return hmac.new(key, canonical, "sha256").hexdigest().encode()


def partners_app(key: bytes) -> FastAPI:
    """1.2.4  When would you choose SOAP over REST for an API?

    A price tag, with room for 40 bytes, reads envelopes, and a partner's orders come as
    bare JSON through a broker, who may change them unnoticed. It is the wrong way
    round. Repair it: a price is JSON, `{"cents": …}`, or a 404. An order is taken from
    an envelope only, at `POST /soap`, and answered with a `Receipt`. In its header
    is the `Signature` of the `Order` in its body. Where they do not fit, or
    the contract does not allow the order, the answer is a "Client" fault.
    """
    app = FastAPI()

    @app.get("/prices/{sku}")
    def price(sku: str) -> Response:
        if (cents := find_cents(sku)) is None:
            return fault("Client", "There is no such product.")
        return envelope(element("Price", cents=cents))

    @app.post("/orders")
    def order(wish: dict[str, Any]) -> dict[str, Any]:
        number, total = sell_wholesale(wish["sku"], wish["pieces"])
        return {"number": number, "total": total}

    return app


class Log:
    """What has happened in the packing hall, numbered from 1."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._grown = asyncio.Condition()

    async def add(self, text: str) -> None:
        """Add an entry."""
        async with self._grown:
            self._texts.append(text)
            self._grown.notify_all()

    async def since(self, number: int) -> AsyncIterator[tuple[int, str]]:
        """Yield number and text of each entry after `number`, also of those to come."""
        while True:
            async with self._grown:
                while number >= len(self._texts):
                    await self._grown.wait()
            number += 1
            yield number, self._texts[number - 1]


def hall_app(log: Log) -> FastAPI:
    """1.2.5  Explain the use case for WebSocket APIs in real-time applications.

    Packers see on their screens, at once, what the others do. Serve them the WebSocket
    `/hall`: each text that a screen sends is added to the log, and each entry of the
    log goes to every screen, as JSON `{"number": …, "text": …}`. A screen that comes
    back connects to `/hall?after=4` and hears what follows number 4; without `after` it
    hears everything. Nobody follows the log for a screen that has left.
    """
    raise NotImplementedError
