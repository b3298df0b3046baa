"""The tests of section 1.2."""

import asyncio
import io
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from copy import deepcopy
from decimal import Decimal
from functools import cached_property
from socket import SHUT_RDWR
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import Body, FastAPI, HTTPException, Request, Response, WebSocket
from fastapi.websockets import WebSocketDisconnect
from graphql import build_schema, graphql_sync
from lxml import etree
from starlette.types import Receive, Scope, Send
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from lab import (
    Server,
    Traffic,
    client,
    in_words,
    json_or_text,
    outcome,
    patience,
    serve,
    stand_in,
)

# How often one side looks whether the other one has sent something, and for how many
# seconds each time. A busy machine needs more time for each look.
LOOKS = 40
LOOK = 0.05


def did(returned: object) -> str:
    """Return what a call did, for a message."""
    verb = "raised" if isinstance(returned, Exception) else "returned"
    return f"{verb} {shown(returned)}"


def shown(value: object) -> str:
    """Return a value in words, also an XML element or a fault."""
    if isinstance(value, etree._Element):
        fields = {etree.QName(one).localname: one.text for one in value}
        is_of_shop = all(
            etree.QName(one).namespace == "urn:shop" for one in value.iter()
        )
        where = "" if is_of_shop else ", not all in the namespace 'urn:shop',"
        name = etree.QName(value).localname
        return f"the element `{name}`{where} with {in_words(fields)}"
    if isinstance(value, Exception) and hasattr(value, "detail"):
        return f"a `Fault` with the code {getattr(value, 'code', None)!r}"
    return in_words(value)


PRODUCTS = {"lamp": "Lamp no. 3", "vase": "Vase", "rug": "Round rug", "pen": "Pen"}
ORDERS = {
    "Mara": ["lamp", "vase", "lamp", "rug"],
    "Jo": ["vase"],
    "O'Neill": ["rug"],
    'Jo "Zoë" {id}': ["pen", "rug"],
    "$customer\\": ["lamp"],
    " Jo": ["pen"],
    "": ["rug"],
}
PLACES = (3, 1, 4, 2)  # the orders of a customer are not sorted by their numbers


def product_of(sku: str) -> dict[str, Any]:
    """Return a product."""
    return {"sku": sku, "name": PRODUCTS[sku], "cents": 800, "description": "New."}


def orders_of(customer: str) -> list[dict[str, Any]]:
    """Return the orders of a customer, with the products inside."""
    return [
        {
            "number": 700 + 10 * len(customer) + PLACES[place],
            "state": "open",
            "address": f"Lange Gasse {place}",
            "product": product_of(sku),
        }
        for place, sku in enumerate(ORDERS.get(customer, []))
    ]


def order_app(schema: str) -> FastAPI:
    """Serve the orders over REST, and over GraphQL as `schema` describes them."""
    app = FastAPI()
    types = build_schema(schema)

    @app.get("/orders")
    def orders(customer: str) -> list[dict[str, Any]]:
        return [
            order | {"product": f"/products/{order['product']['sku']}"}
            for order in orders_of(customer)
        ]

    @app.get("/products/{sku}")
    def product(sku: str) -> dict[str, Any]:
        return product_of(sku)

    @app.post("/graphql")
    def query(query: Annotated[str, Body()], variables: Annotated[Any, Body()] = None):
        if not isinstance(variables, dict | None):
            return {"errors": [{"message": '"variables" is not a JSON object.'}]}
        root = {"orders": lambda info, customer: orders_of(customer)}
        return graphql_sync(types, query, root, None, variables).formatted

    return app


class Fetched:
    """The list that a program fetched for a customer, and what it sent for it."""

    def __init__(self, answers: Any, program: Callable[..., object], name: str) -> None:
        traffic = Traffic(order_app(answers.GRAPHQL_SCHEMA))
        self.requests = traffic.requests
        self.sent: list[Any] = []
        self.responses: list[Any] = []
        self.status = 0
        with client(traffic) as http:
            http.event_hooks["request"].append(self._keep_request)
            http.event_hooks["response"].append(self._keep_response)
            self.rows = outcome(lambda: program(http, name))

    def _keep_request(self, request: httpx2.Request) -> None:
        try:
            self.sent.append(json.loads(request.read()))
        except ValueError:
            self.sent.append(None)

    def _keep_response(self, response: httpx2.Response) -> None:
        response.read()
        self.status = response.status_code
        self.responses.append(json_or_text(response))

    @property
    def result(self) -> str:
        """What the program did, or the errors that GraphQL reported."""
        last = self.responses[-1] if self.responses else None
        if isinstance(last, dict) and "errors" in last:
            reported = " ".join(str(one.get("message")) for one in last["errors"])
            return f"received an error from GraphQL: {in_words(reported)}"
        if self.status >= 400:
            request = self.requests[-1].partition("?")[0]
            return f"sent `{request}`, received {self.status}, and {did(self.rows)}"
        return did(self.rows)


def same_list(answers: Any, customer: str) -> Fetched:
    """Fetch a customer's list over REST and GraphQL; return what GraphQL took."""
    rest = Fetched(answers, answers.packing_list_by_rest, customer)
    graphql = Fetched(answers, answers.packing_list, customer)
    same = graphql.rows == rest.rows
    assert same, (
        f"For {customer!r}, `packing_list` {graphql.result}. The docstring asks for "
        f"the list that REST returns: {in_words(rest.rows)}. Look at your query, and "
        "at what you return."
    )
    return graphql


@pytest.mark.parametrize("customer", ["Mara", "Jo", " Jo", "", "Nobody"])
def test_q1_graphql_returns_the_same_list_as_rest(answers, customer):
    same_list(answers, customer)


def test_q1_one_request_fetches_the_whole_list(answers):
    graphql = same_list(answers, "Mara")

    assert graphql.requests == ["POST /graphql"], (
        f"`packing_list` sent {len(graphql.requests)} requests: "
        f"{in_words(', '.join(graphql.requests))}. The docstring asks for one `POST "
        "/graphql`: a query can select fields of the orders and of their products. "
        "Look at your calls of `http`."
    )


def test_q1_the_list_is_fetched_for_every_call(answers, monkeypatch):
    same_list(answers, "Jo")
    monkeypatch.setitem(ORDERS, "Jo", ["vase", "pen"])
    rest = Fetched(answers, answers.packing_list_by_rest, "Jo")
    graphql = Fetched(answers, answers.packing_list, "Jo")

    same = graphql.rows == rest.rows
    assert same, (
        "'Jo' had ordered a vase, then also a pen. The second call of `packing_list` "
        f"{graphql.result}. The docstring asks for the list that REST returns: both "
        "orders. Look at what your code keeps from an earlier call."
    )


def leaves_of(value: Any) -> int:
    """Return how many values a piece of JSON contains, at any depth."""
    if isinstance(value, dict):
        value = list(value.values())
    return sum(map(leaves_of, value)) if isinstance(value, list) else 1


@pytest.mark.parametrize(("customer", "shown"), [("Mara", 8), ("Jo", 2)])
def test_q1_the_query_selects_only_the_fields_of_the_list(answers, customer, shown):
    graphql = same_list(answers, customer)

    received = sum(leaves_of(response) for response in graphql.responses)
    assert received == shown, (
        f"The responses contain {received} values; the list of {customer!r} shows "
        f"{shown}. The docstring asks for two fields of each order. The last response "
        f"is {in_words(graphql.responses[-1])}. Look at the fields in your query."
    )


NAMES = {
    "a quote": "O'Neill",
    "quotes and braces": 'Jo "Zoë" {id}',
    "a dollar and a backslash": "$customer\\",
}


@pytest.mark.parametrize("customer", NAMES.values(), ids=NAMES)
def test_q1_the_name_is_sent_as_a_variable(answers, customer):
    sent = [same_list(answers, name).sent[-1] for name in (customer, "Jo")]

    queries = [body.get("query") for body in sent]
    assert queries[0] == queries[1], (
        f"The query for {customer!r} is {in_words(queries[0])}, and the query for 'Jo' "
        "is a different one. The docstring asks for the name as a variable. Look at "
        "how the name gets into your query."
    )
    variables = sent[0].get("variables")
    is_sent = isinstance(variables, dict) and customer in variables.values()
    assert is_sent, (
        f'The request has {in_words(variables)} as "variables". The docstring asks for '
        f"a GraphQL variable with the customer's name, {customer!r}. Look at the JSON "
        "that you send."
    )


SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
SHOP = "{urn:shop}"
# What a WSDL contains beside its types: operations, their messages, the address.
WSDL = """
<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:shop="urn:shop"
  xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" targetNamespace="urn:shop">
  <types>{contract}</types>
  <message name="In"><part name="body" element="shop:Order"/></message>
  <message name="Out"><part name="body" element="shop:Receipt"/></message>
  <message name="No"><part name="detail" element="shop:SoldOut"/></message>
  <portType name="Shop"><operation name="Order">
    <input message="shop:In"/><output message="shop:Out"/>
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


def parsed(message: bytes) -> Any:
    """Return the root element of a message, which has no DTD and no comments."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True
    )
    root = etree.fromstring(message, parser)
    has_dtd = root.getroottree().docinfo.internalDTD is not None
    assert not has_dtd, "A SOAP message must not have a DTD."
    return root


def enveloped(content: Any, status: int = 200) -> Response:
    """Return a response: a SOAP envelope with `content` in its body."""
    root = etree.Element(f"{SOAP}Envelope", nsmap={"soap": SOAP[1:-1]})
    etree.SubElement(root, f"{SOAP}Body").append(content)
    return Response(etree.tostring(root), status, media_type="text/xml")


def fault_of(error: Any) -> Response:
    """Return a response: the SOAP fault for a `Fault`."""
    element = etree.Element(f"{SOAP}Fault", nsmap={"soap": SOAP[1:-1]})
    etree.SubElement(element, "faultcode").text = f"soap:{error.code}"
    etree.SubElement(element, "faultstring").text = str(error)
    if error.detail is not None:
        etree.SubElement(element, "detail").append(error.detail)
    return enveloped(element, 500)


class Shop:
    """A SOAP shop whose `POST /soap` calls `handle_order`, and a client of it.

    The client is generated by zeep from the shop's contract. `placed` are the calls of
    `place_order`, which raises `error` if there is one; `handled` is what
    `handle_order` did last.
    """

    def __init__(
        self, answers: Any, contract: str = "", error: Exception | None = None
    ) -> None:
        self.placed: list[tuple[str, int]] = []
        self.handled: object = None
        self._answers = answers
        self._error = error
        self.price = Decimal("0.95")
        self._contract = contract or answers.CONTRACT
        self.schema = etree.XMLSchema(etree.fromstring(self._contract))
        self._app = FastAPI()
        self._app.post("/soap", response_model=None)(self._endpoint)
        stand_in(answers.place_order, self._place)

    def _place(self, sku: str, pieces: int) -> tuple[int, Decimal]:
        self.placed.append((sku, pieces))
        if self._error is not None:
            raise self._error
        return 40 + len(sku), int(pieces) * self.price

    async def _endpoint(self, request: Request) -> Response:
        order = parsed(await request.body()).find(f"{SOAP}Body/{SHOP}Order")
        self.handled = self._handle(order)
        if isinstance(self.handled, self._answers.Fault):
            detail = self.handled.detail
            assert detail is None or isinstance(detail, etree._Element), (
                f"The detail of your `Fault` is {in_words(detail)}, not an XML "
                "element. The docstring asks for the element that `CONTRACT` describes."
            )
            return fault_of(self.handled)
        assert isinstance(self.handled, etree._Element), (
            f"`handle_order` {did(self.handled)}. The docstring asks to return an XML "
            "element, or to raise a `Fault`. Look at what your code does in this case."
        )
        return enveloped(self.handled)

    def _handle(self, order: Any) -> object:
        handle = self._answers.handle_order
        result = outcome(lambda: [handle(order, self.schema)])
        if not isinstance(result, list):
            return result
        returned = result[0]
        assert not isinstance(returned, Exception), (
            f"`handle_order` returned the exception {in_words(returned)}. The "
            "docstring asks to raise it. Look at your `return` lines."
        )
        return returned

    def post_xml(self, address: str, envelope: Any, headers: Any) -> httpx2.Response:
        """Send an envelope (zeep asks for this)."""
        headers = {"Content-Type": "text/xml"}
        content = etree.tostring(envelope, encoding="utf-8")
        with client(self._app) as http:
            return http.post("/soap", content=content, headers=headers)

    @cached_property
    def _client(self) -> Any:
        from zeep import Client  # imported here: it takes its time

        wsdl = WSDL.format(contract=self._contract).encode()
        return Client(io.BytesIO(wsdl), transport=self)

    def order(self, **fields: object) -> Any:
        """Return the receipt for an order, or the fault that the client raised."""
        from zeep.exceptions import Error

        try:
            return self._client.service.Order(**fields)
        except Error as error:
            return error

    def left_in(self, fault: object) -> object:
        """Return how many pieces are left, as the client reads it in a fault."""
        detail = getattr(fault, "detail", None)
        kind = self._client.get_element(f"{SHOP}SoldOut")
        if detail is None or [one.tag for one in detail] != [kind.qname.text]:
            return None
        return outcome(lambda: kind.parse(detail[0], self._client.wsdl.types).left)

    def handle(self, fields: str) -> object:
        """Return what `handle_order` does with an order that is written by hand."""
        order = etree.fromstring(f"<Order xmlns='urn:shop'>{fields}</Order>")
        return self._handle(order)


def code_of(seen: object) -> str:
    """Return the code of the fault that a client received, or what it received."""
    code = getattr(seen, "code", None)
    return str(code).rpartition(":")[2] if code else in_words(seen)


@pytest.mark.parametrize(("sku", "pieces"), [("lamp", 3), ("Ink-7", 1), ("pen", 99)])
def test_q2_a_valid_order_returns_a_receipt(answers, sku, pieces):
    shop = Shop(answers)
    receipt = shop.order(sku=sku, pieces=pieces)

    kinds = [type(number) for _, number in shop.placed]
    assert (shop.placed, kinds) == ([(sku, pieces)], [int]), (
        f"A client ordered {pieces} pieces of {sku!r}. `place_order` was called with "
        f"{in_words(shop.placed)}, and `handle_order` {did(shop.handled)}. The "
        "docstring asks for one call with the sku and the number of pieces, an int. "
        "Look at its arguments."
    )
    expected = [40 + len(sku), pieces * Decimal("0.95")]
    read = [getattr(receipt, name, None) for name in ("number", "total")]
    assert read == expected, (
        f"The client reads {in_words(read)} as number and total, and `place_order` "
        f"returned {in_words(expected)}. The docstring asks for the `Receipt` of "
        f"`CONTRACT`. `handle_order` {did(shop.handled)}. Look at your `return`."
    )


@pytest.mark.parametrize("total", ["12345678901234567.89", "0.125", "0", "100"])
def test_q2_the_total_is_exact(answers, total):
    shop = Shop(answers)
    shop.price = Decimal(total)
    receipt = shop.order(sku="lamp", pieces=1)

    read = getattr(receipt, "total", None)
    assert read == shop.price, (
        f"`place_order` returned the total {shop.price!r}. The client reads "
        f"{in_words(read)}. The docstring asks for the total. Look at what your code "
        "does with it."
    )
    allowed = shop.schema.validate(shop.handled)
    assert allowed, (
        f"`place_order` returned the total {shop.price!r}. `handle_order` "
        f"{did(shop.handled)}. The docstring asks for the `Receipt` that `CONTRACT` "
        "describes. An `xs:decimal` has no exponent. Look at the text of the total."
    )


def test_q2_spaces_around_the_values_are_no_part_of_them(answers):
    shop = Shop(answers)
    shop.handle("\n  <sku> lamp\n  </sku>\n  <pieces> 3 </pieces>\n")

    assert shop.placed == [("lamp", 3)], (
        "An `Order` has spaces around 'lamp' and '3'. `place_order` was called with "
        f"{in_words(shop.placed)}. The docstring asks for one call with the sku, here "
        "'lamp', and the pieces. Look at `fields_of`."
    )


def test_q2_the_receipt_is_the_one_of_the_contract(answers):
    shop = Shop(answers)
    shop.order(sku="lamp", pieces=3)

    receipt = shop.handled
    is_receipt = isinstance(receipt, etree._Element) and receipt.tag == f"{SHOP}Receipt"
    allowed = is_receipt and shop.schema.validate(receipt)
    assert allowed, (
        f"`handle_order` {did(receipt)}. The docstring asks for a `Receipt` element; "
        "by the contract it contains `number`, then `total`, and all of them have the "
        "namespace 'urn:shop'. Look at how you make this element."
    )


FORBIDDEN = {
    "no pieces": "<sku>lamp</sku>",
    "no sku": "<pieces>3</pieces>",
    "no fields": "",
    "a field too many": "<sku>a</sku><pieces>3</pieces><gift>1</gift>",
    "many pieces": "<sku>lamp</sku><pieces>many</pieces>",
    "0 pieces": "<sku>lamp</sku><pieces>0</pieces>",
    "100 pieces": "<sku>lamp</sku><pieces>100</pieces>",
    "half a piece": "<sku>lamp</sku><pieces>0.5</pieces>",
    "two skus": "<sku>lamp vase</sku><pieces>3</pieces>",
}


@pytest.mark.parametrize("fields", FORBIDDEN.values(), ids=FORBIDDEN)
def test_q2_an_order_that_the_contract_forbids_is_a_client_fault(answers, fields):
    shop = Shop(answers)
    seen = shop.handle(fields)

    is_fault = isinstance(seen, answers.Fault) and seen.code == "Client"
    assert is_fault, (
        f"The contract does not allow an `Order` with {fields!r}. `handle_order` "
        f'{did(seen)}. The docstring asks to raise a `Fault` with the code "Client". '
        "Look at what your code checks first."
    )
    assert not shop.placed, (
        f"`place_order` was called with {in_words(shop.placed)} for an `Order` with "
        f"{fields!r}. The docstring asks not to call it, because the contract does not "
        "allow this order. Look at what your code does before this call."
    )


def test_q2_another_contract_has_other_rules(answers):
    contract = answers.CONTRACT
    for old, new in [("NMTOKEN", "token"), ('"1"', '"12"'), ('"99"', '"500"')]:
        contract = contract.replace(old, new)
    shop = Shop(answers, contract=contract)

    for pieces in (3, 11, 501):
        seen = code_of(shop.order(sku="lamp", pieces=pieces))
        assert seen == "Client", (
            f"This `contract` allows 12 to 500 pieces. For an order of {pieces} pieces "
            f"`handle_order` {did(shop.handled)}. The docstring asks for a `Fault` "
            'with the code "Client". Look at what you check the order with.'
        )
    shop.order(sku="lamp no. 3", pieces=12)
    shop.order(sku="lamp no. 3", pieces=500)
    assert shop.placed == [("lamp no. 3", 12), ("lamp no. 3", 500)], (
        "This `contract` allows 12 to 500 pieces, and spaces in the sku. For orders of "
        "12 and 500 pieces of 'lamp no. 3', `place_order` was called with "
        f"{in_words(shop.placed)}. The docstring asks to call it if the contract "
        "allows the order. Look at what you check the order with."
    )


@pytest.mark.parametrize("left", [0, 4])
def test_q2_sold_out_is_a_server_fault_with_a_detail(answers, left):
    shop = Shop(answers, error=answers.SoldOut(left))
    seen = shop.order(sku="lamp", pieces=5)

    assert code_of(seen) == "Server", (
        f"`place_order` raised SoldOut({left}), `handle_order` {did(shop.handled)}. "
        'The docstring asks to raise a `Fault` with the code "Server": the message is '
        "right, but the shop cannot process it. Look at your `except`."
    )
    read = shop.left_in(seen)
    detail = getattr(shop.handled, "detail", None)
    assert read == left, (
        f"`place_order` raised SoldOut({left}). The detail of your `Fault` is "
        f"{shown(detail)}. The docstring asks for the `SoldOut` element that "
        f"`CONTRACT` describes, with `left`, here {left}. Look at what you pass to "
        "`Fault`."
    )


ERRORS = [
    ValueError("disk"),
    KeyError("sku"),
    OSError("net"),
    TypeError("int"),
    RuntimeError("stopped"),
]


@pytest.mark.parametrize("error", ERRORS)
def test_q2_another_exception_passes_through(answers, error):
    shop = Shop(answers, error=error)
    seen = shop.handle("<sku>lamp</sku><pieces>3</pieces>")

    assert seen is error, (
        f"`place_order` raised {in_words(error)}, and `handle_order` {did(seen)}. The "
        "docstring asks that this exception passes through. Look at what your `except` "
        "names."
    )


async def patiently(waiting: Awaitable[Any]) -> Any:
    """Return the result, or None if there is none for a long time."""
    task = asyncio.ensure_future(waiting)
    if (await asyncio.wait([task], timeout=patience(LOOKS * LOOK)))[0]:
        return task.result()
    task.cancel()
    return None


QUESTION = "question"  # a step of a script: wait for a question
LAST_NEWS = "Bye"


class Counter:
    """A shop that serves prices over HTTP and over the WebSocket /counter.

    There it goes through the steps of its `script`: QUESTION waits for a question, a
    number replies to that one of the questions, another text is sent as news. Then it
    sends LAST_NEWS and closes, or, if it is `patient`, waits for the visitor to close.
    `trouble` is what it has seen that the docstring does not allow.
    """

    def __init__(
        self, prices: dict[str, int | None], *script: int | str, patient: bool = False
    ) -> None:
        app = FastAPI()
        app.get("/prices/{sku}")(self._price)
        app.websocket("/counter")(self._serve)
        self.traffic = Traffic(app)
        self.trouble = ""
        self._prices = prices
        self._script = script
        self._patient = patient
        self._over = threading.Event()

    def visited_by(self, visit: Callable[..., object]) -> object:
        """Return what a visit did that asks for all prices."""
        with serve(self.traffic) as server:
            address = server.url.replace("http", "ws") + "/counter"
            seen = outcome(lambda: visit(address, list(self._prices)))
            if self.traffic.sockets:
                self._over.wait(patience(2 * LOOKS * LOOK))
            return seen

    def prices_by_http(self, answers: Any) -> object:
        """Return the prices that `visit_by_http` fetches."""
        with client(self.traffic) as http:
            return answers.visit_by_http(http, list(self._prices))

    def _price(self, sku: str) -> dict[str, int]:
        cents = self._prices[sku]
        if cents is None:
            raise HTTPException(404)
        return {"cents": cents}

    async def _serve(self, socket: WebSocket) -> None:
        await socket.accept()
        try:
            with suppress(WebSocketDisconnect, RuntimeError):  # the visitor has left
                await self._follow(socket)
        finally:
            self._over.set()

    async def _follow(self, socket: WebSocket) -> None:
        questions: list[dict[str, Any]] = []
        for step in self._script:
            if step == QUESTION:
                message = await patiently(socket.receive())
                if not self._is_question(message, len(questions)):
                    await socket.close(1008)
                    return
                questions.append(message)
            elif isinstance(step, int):
                await socket.send_json(self._reply(questions[step]))
            else:
                await socket.send_json({"news": step})
        if not self._patient:
            await socket.send_json({"news": LAST_NEWS})
        else:
            message = await patiently(socket.receive())
            if message is None:
                self.trouble = "After the last reply, `visit` left the WebSocket open."
            elif message["type"] != "websocket.disconnect":
                sent = in_words(message.get("text") or message.get("bytes"))
                self.trouble = (
                    f"Every question had its reply. Then `visit` sent {sent}."
                )
        await socket.close()

    def _is_question(self, message: Any, number: int) -> bool:
        so_far = f"The server received {number} of {len(self._prices)} questions"
        if message is None:
            self.trouble = (
                f"{so_far}, and `visit` waited for a reply before the next one."
            )
        elif message["type"] == "websocket.disconnect":
            self.trouble = f"{so_far}, and then `visit` closed the WebSocket."
        else:
            read = outcome(lambda: self._reply(message))
            if isinstance(read, dict) and read["ask"] is not None:
                return True
            sent = message.get("text") or message.get("bytes")
            self.trouble = f"{so_far}, and then {in_words(sent)}, not a question."
        return False

    def _reply(self, message: Any) -> dict[str, Any]:
        question = json.loads(message.get("text") or message.get("bytes"))
        cents = self._prices[question["sku"]]
        found = {"error": "unknown"} if cents is None else {"cents": cents}
        return {"ask": question["ask"], **found}


def visited(answers: Any, counter: Counter) -> Any:
    """Return what `visit` returned, provided that the server had no trouble with it."""
    seen = counter.visited_by(answers.visit)
    assert counter.traffic.sockets, (
        f"`visit` opened no WebSocket; it {did(seen)}. The docstring asks for one "
        "WebSocket to `address`. Look at `connect`, which opens it."
    )
    assert not counter.trouble, (
        f"{counter.trouble} Then the server closed the WebSocket, and `visit` "
        f"{did(seen)}. The docstring asks to send all questions, then to receive, and "
        "to close after the last reply. Look at the order of these steps."
    )
    return seen


GOODS = {"lamp": 2090, "gift": 0, "sofa": None}
ALL = [QUESTION] * 3
VISITS = {
    "replies in order": [*ALL, 0, 1, 2],
    "replies at once": [QUESTION, 0, QUESTION, 1, QUESTION, 2],
    "replies in reverse": [*ALL, 2, 1, 0],
    "news first": ["Hi", *ALL, 0, 1, 2],
    "empty news": [*ALL, "", 0, "", 1, 2],
    "news in between": [QUESTION, "A", *ALL[1:], 0, "B", 1, "A", "C", 2],
    "all of it": ["Hi", *ALL, "Tea?", 2, " Sale ", 0, "Tea!\n", 1],
}


def plot(script: list[int | str]) -> str:
    """Return what the server sends, for people to read."""
    steps = [
        f"reply {step + 1}" if isinstance(step, int) else repr(step)
        for step in script
        if step != QUESTION
    ]
    return f"{', '.join(steps)}, then {LAST_NEWS!r}, and closed"


@pytest.mark.parametrize("script", VISITS.values(), ids=VISITS)
def test_q3_the_prices_and_the_news_are_returned(answers, script):
    counter = Counter(GOODS, *script)
    seen = visited(answers, counter)

    prices = counter.prices_by_http(answers)
    news = [one for one in script if isinstance(one, str) and one != QUESTION]
    same = seen == (prices, news)
    assert same, (
        f"The server sent {plot(script)}. `visit` {did(seen)}. The docstring asks for "
        f"{in_words((prices, news))}. Look at how you receive, up to the last reply."
    )


def test_q3_one_websocket_fetches_all_prices(answers):
    goods = {f"shelf-{place}": 70 + place for place in range(20)}
    counter = Counter(goods, *[QUESTION] * 20, *range(19, -1, -1))
    seen = counter.visited_by(answers.visit)

    assert counter.traffic.sockets == ["/counter"], (
        f"For 20 prices `visit` opened {len(counter.traffic.sockets)} WebSockets. The "
        "docstring asks for one, on which all questions are sent. Look at where your "
        "code opens it."
    )
    same = seen == (goods, [])
    assert same, (
        f"The server replied to 20 questions, the last one first. {counter.trouble} "
        f"`visit` {did(seen)}. The docstring asks for {in_words((goods, []))}."
    )


def test_q3_the_websocket_is_closed_after_the_last_reply(answers):
    script = VISITS["all of it"]
    counter = Counter(GOODS, *script, patient=True)
    seen = visited(answers, counter)

    closed = isinstance(seen, tuple)
    assert closed, (
        f"`visit` closed the WebSocket, and {did(seen)}. The docstring asks for the "
        "prices and the news. Look at what your code does after the last reply."
    )


def test_q3_a_second_visit_has_its_own_prices_and_news(answers):
    visited(answers, Counter({"lamp": 2090}, QUESTION, "Sale", 0))
    seen = visited(answers, Counter({"lamp": 1990}, "Hi", QUESTION, 0))

    same = seen == ({"lamp": 1990}, ["Hi"])
    assert same, (
        f"In a first visit, the server sent 'Sale' and a reply; in a second one, it "
        f"sent 'Hi' and a reply. The second call of `visit` {did(seen)}. The docstring "
        "asks for the prices and the news of one WebSocket. Look at what your code "
        "keeps from an earlier call."
    )


KEY = b"between partner and shop"


def message_of(order: Any, signature: str) -> bytes:
    """Return an envelope with an order, and with its signature in the header."""
    envelope = etree.Element(f"{SOAP}Envelope", nsmap={"soap": SOAP[1:-1]})
    header = etree.SubElement(envelope, f"{SOAP}Header")
    etree.SubElement(header, f"{SHOP}Signature").text = signature
    etree.SubElement(envelope, f"{SOAP}Body").append(order)
    return etree.tostring(envelope, encoding="utf-8")


def order_in(root: Any) -> Any:
    """Return the order in the body of an envelope."""
    return root.find(f"{SOAP}Body/{SHOP}Order")


def accept(answers: Any, message: bytes, broker: Any, key: bytes = KEY) -> object:
    """Return what `signed_order` does with a message that passed through a broker."""
    written = etree.tostring(broker(parsed(message)), encoding="UTF-16")
    root = parsed(written)
    header = root.find(f"{SOAP}Header")
    texts = {} if header is None else {etree.QName(h).localname: h.text for h in header}
    envelope = answers.Envelope(
        {name: text or "" for name, text in texts.items()}, order_in(root)
    )
    return outcome(lambda: answers.signed_order(envelope, key))


def changes_nothing(root: Any) -> Any:
    """Change nothing."""
    return root


def adds_a_header(root: Any) -> Any:
    """Put another header before the signature."""
    root[0].insert(0, etree.Element("{urn:broker}Stamp", seen="yes"))
    return root


def writes_other_prefixes(root: Any) -> Any:
    """Put header and body into a new envelope with other prefixes and spaces."""
    envelope = etree.Element(f"{SOAP}Envelope", nsmap={"E": SOAP[1:-1], "b": "urn:b"})
    for part in root:
        own = etree.SubElement(envelope, part.tag)
        own.text = "\n    "
        own.extend(deepcopy(list(part)))
        own[-1].tail = "\n  "
    return envelope


@pytest.mark.parametrize("pieces", ["3", "40"])
@pytest.mark.parametrize(
    "broker", [changes_nothing, adds_a_header, writes_other_prefixes]
)
def test_q4_a_signed_order_is_returned(answers, broker, pieces):
    order = answers.new_element("Order", sku="lamp", pieces=pieces)
    message = message_of(order, answers.sign(order, KEY))
    seen = accept(answers, message, broker)

    same = seen == {"sku": "lamp", "pieces": pieces}
    assert same, (
        f"The signature of an order of {pieces} lamps is right, and the broker "
        f"{broker.__name__.replace('_', ' ')}. `signed_order` {did(seen)}. The "
        "docstring asks for the fields of the order. Look at what you compare, and at "
        "what you return."
    )


def test_q4_an_order_with_spaces_around_its_fields_is_returned(answers):
    order = answers.new_element("Order", sku="pen", pieces=1)
    etree.indent(order)
    seen = accept(answers, message_of(order, answers.sign(order, KEY)), changes_nothing)

    same = seen == {"sku": "pen", "pieces": "1"}
    assert same, (
        "The partner writes each field of the order into a line of its own, and signs "
        f"this. `signed_order` {did(seen)}. The docstring asks for the fields of the "
        "order, such as {'sku': 'pen', 'pieces': '1'}. Look at `fields_of`."
    )


def test_q4_every_field_of_the_order_is_returned(answers):
    fields = {"sku": "pen", "color": "red", "gift": ""}
    order = answers.new_element("Order", **fields)
    seen = accept(answers, message_of(order, answers.sign(order, KEY)), changes_nothing)

    same = seen == fields
    assert same, (
        f"A partner signed an order with the fields {fields}. `signed_order` "
        f"{did(seen)}. The docstring asks for the fields of the order. Look at what "
        "you return."
    )


def test_q4_an_order_without_fields_is_an_order(answers):
    order = answers.new_element("Order")
    seen = accept(answers, message_of(order, answers.sign(order, KEY)), changes_nothing)

    same = seen == {}
    assert same, (
        f"A partner signed an order without fields. `signed_order` {did(seen)}. The "
        "docstring asks for the fields of the order, here {}. Look at how your code "
        "finds out that there is no order."
    )


def with_more_pieces(root: Any) -> Any:
    """Order ten times as much."""
    order_in(root)[1].text += "0"
    return root


def with_another_product(root: Any) -> Any:
    """Order another product."""
    order_in(root)[0].text = "vase"
    return root


def with_another_field(root: Any) -> Any:
    """Add a field to the order."""
    etree.SubElement(order_in(root), f"{SHOP}address").text = "Lange Gasse 1"
    return root


def without_a_header(root: Any) -> Any:
    """Remove the signature, and the header."""
    root.remove(root[0])
    return root


def without_a_signature(root: Any) -> Any:
    """Put another element in the place of the signature."""
    root[0][0].tag = "{urn:broker}Stamp"
    return root


def with_a_signature_header_in_small_letters(root: Any) -> Any:
    """Change the name of the header to "signature"."""
    root[0][0].tag = f"{SHOP}signature"
    return root


def without_an_order(root: Any) -> Any:
    """Remove the order."""
    root[1].remove(order_in(root))
    return root


FORGERIES = [
    with_more_pieces,
    with_another_product,
    with_another_field,
    without_a_header,
    without_a_signature,
    with_a_signature_header_in_small_letters,
    without_an_order,
]


@pytest.mark.parametrize("forgery", FORGERIES)
def test_q4_a_changed_message_returns_none(answers, forgery):
    order = answers.new_element("Order", sku="lamp", pieces="3")
    message = message_of(order, answers.sign(order, KEY))
    seen = accept(answers, message, forgery)

    how = forgery.__name__.replace("_", " ")
    assert seen is None, (
        f"A partner signed an order of 3 lamps. The message arrives {how}. "
        f"`signed_order` {did(seen)}. The docstring asks for None. Look at what "
        "your code does in this case."
    )


def test_q4_a_signature_is_right_for_its_own_order_only(answers):
    order = answers.new_element("Order", sku="lamp", pieces="3")
    message = message_of(order, answers.sign(order, KEY))
    accept(answers, message, changes_nothing)
    seen = accept(answers, message, with_more_pieces)

    assert seen is None, (
        "A signed order of 3 lamps arrived. Then an order of 30 lamps arrived with the "
        f"same signature. `signed_order` {did(seen)}. The docstring asks for None. "
        "Look at what your code keeps from an earlier call."
    )


SIGNATURES = {
    "empty": lambda answers, order: "",
    "not ASCII": lambda answers, order: "größer 1 €",
    "the one of another order": lambda answers, order: answers.sign(
        answers.new_element("Order", sku="pen"), KEY
    ),
    "made with another key": lambda answers, order: answers.sign(order, b"stolen"),
    "only the beginning of the right one": lambda answers, order: answers.sign(
        order, KEY
    )[:20],
    "longer than the right one": lambda answers, order: answers.sign(order, KEY) + "0",
    "the right one and a space": lambda answers, order: answers.sign(order, KEY) + " ",
    "the right one and an accented letter": lambda answers, order: (
        answers.sign(order, KEY) + "é"
    ),
    "the right one in capitals": lambda answers, order: answers.sign(
        order, KEY
    ).upper(),
}


@pytest.mark.parametrize("kind", SIGNATURES)
def test_q4_another_signature_returns_none(answers, kind):
    order = answers.new_element("Order", sku="lamp", pieces="3")
    message = message_of(order, SIGNATURES[kind](answers, order))
    seen = accept(answers, message, changes_nothing)

    look = "Look at how your code compares the two signatures."
    if isinstance(seen, TypeError):
        look = "`hmac.compare_digest` takes bytes, or strings that are ASCII."
    assert seen is None, (
        f"The signature in the header is {kind}. `signed_order` {did(seen)}. The "
        f"docstring asks for None. {look}"
    )


def test_q4_each_partner_has_a_key(answers):
    order = answers.new_element("Order", sku="pen", pieces="1")
    message = message_of(order, answers.sign(order, b"another key"))
    seen = accept(answers, message, changes_nothing, key=b"another key")

    same = seen == {"sku": "pen", "pieces": "1"}
    assert same, (
        f"The order is signed with the `key` of another partner. `signed_order` "
        f"{did(seen)}. The docstring asks for the fields of the order. Look at the key "
        "that you sign with."
    )


# How often the event loop can go round until a new entry has to be sent.
TURNS = 200


class Hall:
    """A packing hall at work: its server, its log, and who reads the log."""

    def __init__(self, answers: Any) -> None:
        self.readers = 0
        self.screens = 0
        self.sent = 0
        self._tasks: list[asyncio.Task[Any]] = []
        self._log = self._watched(answers.Log())
        self._app = answers.hall_app(self._log)
        self._app.get("/tick")(lambda: None)
        self._app.post("/note")(self._note)
        self._patience = LOOKS
        self._stack = ExitStack()
        self._server: Server

    def _watched(self, log: Any) -> Any:
        since = log.since

        async def watched(number: int) -> AsyncIterator[tuple[int, str]]:
            self.readers += 1
            try:
                async for entry in since(number):
                    yield entry
            finally:
                self.readers -= 1

        log.since = watched
        return log

    async def _note(self, texts: list[str]) -> int:
        before = self.sent
        for text in texts:
            await self._log.add(text)
        for _ in range(TURNS):
            await asyncio.sleep(0)
        return self.sent - before

    async def _count(self, scope: Scope, receive: Receive, send: Send) -> None:
        asyncio.get_running_loop().set_task_factory(self._task)
        is_screen = scope["type"] == "websocket"
        self.screens += is_screen

        async def counted(message: Any) -> None:
            self.sent += message["type"] == "websocket.send"
            await send(message)

        try:
            await self._app(scope, receive, counted)
        finally:
            self.screens -= is_screen

    def _task(self, loop: Any, work: Any, **options: Any) -> "asyncio.Task[Any]":
        # An exception in a task is shown to nobody until somebody awaits the task.
        self._tasks.append(asyncio.Task(work, loop=loop, **options))
        return self._tasks[-1]

    @contextmanager
    def open(self) -> Iterator["Hall"]:
        """Serve the hall during the block."""
        with serve(self._count) as self._server, self._stack:
            yield self

    def screen(self, query: str = "") -> ClientConnection:
        """Return the WebSocket of a screen that has just connected."""
        address = f"{self._server.url}/hall{query}".replace("http", "ws")
        opening = connect(address, proxy=None, open_timeout=30, close_timeout=0.5)
        return self._stack.enter_context(opening)

    def note(self, *texts: str) -> int:
        """Add entries that no screen has sent; return how many were sent at once."""
        sent: int = self._server.client.post("/note", json=texts).json()
        return sent

    def send(self, screen: ClientConnection, *texts: str) -> None:
        """Send texts from a screen, if its WebSocket is still open."""
        with suppress(ConnectionClosed):
            for text in texts:
                screen.send(text)

    def looks(self) -> Iterator[None]:
        """Yield each time that the server had the opportunity to do something."""
        for _ in range(self._patience):
            self._server.client.get("/tick")
            yield

    def received_by(self, screen: ClientConnection, entries: int = 1) -> list[Any]:
        """Return the next entries that a screen receives, as (number, text).

        They are fewer if no more come; then nobody waits for long any more.
        """
        received: list[Any] = []
        while len(received) < entries:
            text = self._next(screen)
            if text is None:
                self._patience = 3
                break
            try:
                entry = json.loads(text)
                is_entry = entry.keys() == {"number", "text"}
            except (ValueError, AttributeError):
                is_entry = False
            received.append((entry["number"], entry["text"]) if is_entry else text)
        return received

    def _next(self, screen: ClientConnection) -> Any:
        for _ in self.looks():
            try:
                return screen.recv(timeout=LOOK)
            except TimeoutError:
                if any(not isinstance(e, WebSocketDisconnect) for e in self._raised()):
                    break
            except ConnectionClosed:
                break
        return None

    @property
    def error(self) -> str:
        """What `serve_screen` or a task of it raised, as a sentence; else nothing."""
        raised = self._raised()
        if raised and isinstance(raised[0], NotImplementedError):
            raise raised[0]
        return f" Your code raised {in_words(raised[0])}." if raised else ""

    def _raised(self) -> list[BaseException]:
        ended = [task for task in self._tasks if task.done() and not task.cancelled()]
        return [*self.errors, *filter(None, (task.exception() for task in ended))]

    @property
    def errors(self) -> list[Exception]:
        """The exceptions that left `serve_screen`."""
        return self._server.errors


@pytest.fixture
def hall(answers):
    """A hall whose screens are served by the answer."""
    with Hall(answers).open() as one:
        yield one


SENT = {
    "two texts": ("A-17 packed", "A-18 lost"),
    "the same text twice": ("tea", "tea"),
    "an empty text": ("", "no milk"),
    "spaces": (" tea\n", " "),
}


@pytest.mark.parametrize("texts", SENT.values(), ids=SENT)
def test_q5_every_screen_receives_what_one_of_them_sends(hall, texts):
    screens = [hall.screen() for _ in range(3)]
    for number, (sender, text) in enumerate(zip((0, 2), texts, strict=True), start=1):
        hall.send(screens[sender], text)
        received = [hall.received_by(screen) for screen in screens]

        assert received == [[(number, text)]] * 3, (
            f"Screen {sender + 1} of three sent {text!r}, and they received "
            f"{in_words(received)}.{hall.error} The docstring asks to add the text to "
            f"the log, and to send the entry ({number}, {text!r}) to every screen. "
            "Look at what your code does with a text."
        )


def test_q5_a_screen_that_sends_nothing_receives_new_entries(hall):
    screens = [hall.screen() for _ in range(2)]
    for number, text in enumerate(["Fire drill", "Back to work"], start=1):
        at_once = hall.note(text)
        received = [hall.received_by(screen) for screen in screens]

        assert received == [[(number, text)]] * 2, (
            f"Entry {number} came into the log, and two screens that sent nothing "
            f"received {in_words(received)}.{hall.error} The docstring asks to send "
            "new entries at once. Look at what your code waits for before it sends."
        )
        assert at_once == 2, (
            f"Entry {number} came into the log, and two screens were connected. The "
            f"event loop went round {TURNS} times, and your code had sent it to "
            f"{at_once} of them. The docstring asks to send new entries at once. Look "
            "at what your code waits for."
        )


def test_q5_all_screens_receive_all_entries_in_the_same_order(hall):
    screens = [hall.screen() for _ in range(3)]
    for screen, name in zip(screens, "ABC", strict=True):
        hall.send(screen, *(f"{name}{number}" for number in range(10)))
    received = [hall.received_by(screen, entries=30) for screen in screens]

    numbers = [[entry[0] for entry in entries] for entries in received]
    assert numbers == [[*range(1, 31)]] * 3, (
        f"Three screens sent 10 texts each. The first one received the numbers "
        f"{in_words(numbers[0])}.{hall.error} The docstring asks to send each entry, "
        "from 1 to 30. Look at what your code sends."
    )
    assert received[0] == received[1] == received[2], (
        f"Three screens received the texts in different orders: {in_words(received)}. "
        "The docstring asks for the entries of the log, which have one order. Look at "
        "where your code takes them from."
    )


@pytest.mark.parametrize(
    ("query", "missed"),
    [("?after=2", [3, 4]), ("?after=3", [4]), ("?after=4", []), ("", [1, 2, 3, 4])],
    ids=["after 2", "after 3", "after all", "from the start"],
)
def test_q5_a_screen_that_reconnects_receives_what_it_missed(hall, query, missed):
    hall.note(*(f"entry {number}" for number in range(1, 5)))
    screen = hall.screen(query)
    received = hall.received_by(screen, entries=len(missed))
    hall.note("entry 5")
    received += hall.received_by(screen)

    expected = [(number, f"entry {number}") for number in [*missed, 5]]
    assert received == expected, (
        f"The log had 4 entries when a screen connected to /hall{query}; then came "
        f"entry 5. The screen received {in_words(received)}.{hall.error} The docstring "
        f"asks for the entries after `after`, here {[*missed, 5]}. Look at the number "
        "that your code begins with."
    )


def leave(screen: ClientConnection, manner: str) -> None:
    """Close the connection of a screen, or cut it."""
    if manner == "lost its connection":
        with suppress(OSError):  # an answer that fails has closed it already
            screen.socket.shutdown(SHUT_RDWR)
    else:
        screen.close()


@pytest.mark.parametrize("manner", ["disconnected", "lost its connection"])
def test_q5_nobody_reads_the_log_for_a_screen_that_left(hall, manner):
    hall.note("lunch")
    stays = hall.screen()
    received = hall.received_by(stays)
    before, goes = hall.readers, hall.screen()
    received += hall.received_by(goes)
    leave(goes, manner)
    for _ in hall.looks():
        if hall.readers <= before and hall.screens == 1:
            break
    readers, screens = hall.readers, hall.screens
    hall.note("coffee")
    received += hall.received_by(stays)

    assert received == [(1, "lunch"), (1, "lunch"), (2, "coffee")], (
        f"One screen stays, another one {manner}. Together they received "
        f"{in_words(received)}.{hall.error} The docstring asks to send each entry to "
        "every screen that is connected. Look at what your task belongs to."
    )
    assert screens == 1, (
        f"A screen {manner}, and `serve_screen` has not returned. The docstring asks "
        "to return. Look at what it still waits for."
    )
    assert readers <= before, (
        f"A screen {manner}. `log.since()` is still read {readers} times, for one "
        "screen. The docstring asks to stop reading it. Look at what stops your task."
    )
    assert not hall.errors, (
        f"A screen {manner}.{hall.error} The docstring asks to return. Look at what "
        "your code does with this exception."
    )
