"""The tests of section 1.2."""

import asyncio
import io
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from decimal import Decimal
from socket import SHUT_RDWR
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, HTTPException, WebSocket
from lxml import etree
from starlette.testclient import TestClient
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from lab import Server, Traffic, client, serve

# Seconds that one side of a conversation waits for a word of the other.
PATIENCE = 2.0


def outcome(call: Callable[[], object]) -> object:
    """Return what `call` returned, or the exception that it raised instead."""
    try:
        return call()
    except NotImplementedError:
        raise
    except Exception as error:
        return error


def content_of(answer: httpx2.Response) -> Any:
    """Return the JSON of an answer, or its text where it is none."""
    try:
        return answer.json()
    except ValueError:
        return answer.text


def short(seen: object, length: int = 120) -> str:
    """Return what was seen, as far as it fits into a message."""
    raised = f"{type(seen).__name__}: " if isinstance(seen, Exception) else ""
    text = " ".join(f"{raised}{seen}".split())
    return text if len(text) <= length else f"{text[:length]}…"


@contextmanager
def asking(app: object) -> Iterator[TestClient]:
    """Yield a client of `app`, provided that it is one."""
    assert isinstance(app, FastAPI | Traffic), f"Returned was {app!r}, no app."
    with client(app) as shop:
        yield shop


def answered(http: TestClient, method: str, path: str, **more: Any) -> httpx2.Response:
    """Return the answer to a request; an exception in the app is the text of a 500."""
    answer = outcome(lambda: http.request(method, path, **more))
    if isinstance(answer, httpx2.Response):
        return answer
    return httpx2.Response(500, text=repr(answer))


def order_book(answers: Any) -> dict[str, list[Any]]:
    """Return orders by customer; some customers have peculiar names."""
    ulm, linz = (
        answers.Supplier(name=name, city=city, terms=f"To be paid in {days} days.")
        for name, city, days in [("Hinkel", "Ulm", 30), ("Ost", "Linz", 14)]
    )
    lamp, vase, rug, pen = (
        answers.Product(
            sku=sku,
            name=f"{sku} no. {cents % 7}",
            cents=cents,
            description=f"For many years this {sku} has been our pride. " * 5,
            supplier=supplier,
        )
        for sku, cents, supplier in [
            ("lamp", 2090, ulm),
            ("vase", 800, linz),
            ("rug", 3300, ulm),
            ("pen", 120, linz),
        ]
    )
    book = {
        "Mara": [lamp, vase, lamp, rug, pen],
        "Jo": [vase, pen],
        "O'Neill": [rug],
        'Jo "Zoë" {id}': [pen, rug],
        "$customer\\": [lamp],
    }
    return {
        customer: [
            answers.Order(
                number=700 + 10 * len(customer) + place,
                state=["sent", "packed", "open"][place % 3],
                address=f"{customer}, Lange Gasse {place}, Ulm",
                product=product,
            )
            for place, product in enumerate(bought)
        ]
        for customer, bought in book.items()
    }


class Fetched:
    """What a program made of an order book, over `wire`, from the `answers` it got."""

    def __init__(
        self, answers: Any, program: Callable[..., object], name: str, *columns: str
    ) -> None:
        self.wire = Traffic(answers.shop_app(order_book(answers)))
        self.answers: list[httpx2.Response] = []
        with asking(self.wire) as http:
            http.event_hooks["response"].append(self.answers.append)
            self.rows = outcome(lambda: program(http, name, list(columns)))

    @property
    def cost(self) -> str:
        """What went over the wire."""
        return f"{self.wire.bytes} bytes, in requests: {len(self.wire.requests)}"

    @property
    def told(self) -> str:
        """The last answer, as far as it fits into a message."""
        return short(content_of(self.answers[-1])) if self.answers else "nothing"


def values_in(content: Any) -> list[Any]:
    """Return the values in a piece of JSON, at whatever depth."""
    if isinstance(content, dict):
        content = list(content.values())
    if isinstance(content, list):
        return [value for one in content for value in values_in(one)]
    return [content]


COLUMNS = {
    "numbers": ["number", "state"],
    "names": ["product.name"],
    "suppliers": ["product.supplier.city", "number", "product.supplier.name"],
    "everywhere": ["address", "product.sku", "product.cents", "product.supplier.terms"],
}


@pytest.mark.parametrize("customer", ["Mara", "Jo"])
@pytest.mark.parametrize("columns", COLUMNS.values(), ids=COLUMNS)
def test_q1_both_bring_the_same_rows(answers, columns, customer):
    rest = Fetched(answers, answers.report_by_rest, customer, *columns)
    graphql = Fetched(answers, answers.report, customer, *columns)

    same = graphql.rows == rest.rows
    assert same, (
        f"{customer}'s orders, {', '.join(columns)}. REST brings {short(rest.rows)}; "
        f"you return {short(graphql.rows)}, having read {graphql.told}"
    )


@pytest.mark.parametrize("columns", COLUMNS.values(), ids=COLUMNS)
def test_q1_one_request_brings_it_all(answers, columns):
    rest = Fetched(answers, answers.report_by_rest, "Mara", *columns)
    graphql = Fetched(answers, answers.report, "Mara", *columns)

    assert graphql.wire.requests == ["POST /graphql"], (
        f"Columns {', '.join(columns)}. REST took {rest.cost}. You took "
        f"{graphql.cost} ({short(', '.join(graphql.wire.requests))})."
    )


@pytest.mark.parametrize("columns", COLUMNS.values(), ids=COLUMNS)
def test_q1_nothing_comes_that_nobody_picked(answers, columns):
    graphql = Fetched(answers, answers.report, "Mara", *columns)

    shown = 5 * len(columns)
    came = [len(values_in(content_of(answer))) for answer in graphql.answers]
    assert came == [shown], (
        f"A report of 5 orders with {', '.join(columns)} shows {shown} values. The "
        f"answers to your requests had {came}; the last one was {graphql.told}"
    )


NAMES = {
    "a quote": "O'Neill",
    "quotes and braces": 'Jo "Zoë" {id}',
    "a dollar": "$customer\\",
    "nobody": "Nobody",
}


@pytest.mark.parametrize("customer", NAMES.values(), ids=NAMES)
def test_q1_a_customer_may_have_any_name(answers, customer):
    rest = Fetched(answers, answers.report_by_rest, customer, "number", "product.sku")
    graphql = Fetched(answers, answers.report, customer, "number", "product.sku")

    same = graphql.rows == rest.rows
    assert same, (
        f"For the customer {customer} REST brings {rest.rows}, you return "
        f"{short(graphql.rows)}, having read {graphql.told}"
    )


SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
SHOP = "{urn:shop}"


class Partner:
    """A program of another company: a real SOAP client, made from a contract alone.

    `sent` are its messages, as they leave its house. On the way a `broker` may change
    them; `key` is what it signs its orders with.
    """

    def __init__(
        self,
        http: TestClient,
        contract: bytes,
        broker: Callable[[bytes], bytes] = bytes,
        sign: Callable[[Any], bytes] | None = None,
    ) -> None:
        from zeep import Client  # imported here: it takes its time

        self.sent: list[bytes] = []
        self.http = http
        self._broker = broker
        self._sign = sign
        self._zeep: Any = outcome(
            lambda: Client(io.BytesIO(contract), transport=self, wsse=sign and self)
        )
        assert isinstance(self._zeep, Client), (
            f"This is no contract to a partner: {contract[:60]!r}. ({self._zeep!r})"
        )

    def order(self, **fields: object) -> object:
        """Return the receipt for an order, or the exception that was raised."""
        return outcome(lambda: self._zeep.service.Order(**fields))

    def left(self, error: object) -> object:
        """Return how many are left, by a fault as the contract types it."""
        detail = getattr(error, "detail", None)
        types = self._zeep.wsdl.types
        kind = self._zeep.get_element(f"{SHOP}SoldOut")
        if detail is None or [one.tag for one in detail] != [kind.qname.text]:
            return f"no SoldOut, in {error!r}"
        return outcome(lambda: kind.parse(detail[0], types).left)

    def apply(self, envelope: Any, headers: Any) -> Any:
        """Sign an order in the header of its envelope (zeep asks for this)."""
        header = etree.Element(f"{SOAP}Header")
        order = envelope.find(f"{SOAP}Body/{SHOP}Order")
        etree.SubElement(header, f"{SHOP}Signature").text = self._sign(order)
        envelope.insert(0, header)
        return envelope, headers

    def verify(self, envelope: Any) -> None:
        """Take any answer (zeep asks for this)."""

    def post_xml(self, address: str, envelope: Any, headers: Any) -> httpx2.Response:
        """Send an envelope, by way of the broker (zeep asks for this)."""
        self.sent.append(etree.tostring(envelope, encoding="utf-8"))
        return post(self.http, self._broker(self.sent[-1]))


def post(http: TestClient, message: bytes | str) -> httpx2.Response:
    """Post a message to the shop, as XML."""
    headers = {"Content-Type": "text/xml"}
    return answered(http, "POST", "/soap", content=message, headers=headers)


def told(answer: object) -> str:
    """Return what the shop said: to a SOAP client, or to anybody who reads XML."""
    if isinstance(answer, httpx2.Response):
        try:
            root = etree.fromstring(answer.content)
            code = root.findtext(f"{SOAP}Body/{SOAP}Fault/faultcode")
        except etree.XMLSyntaxError:
            code = None
        answer = f"{answer.status_code} {answer.text}"
    else:
        code = getattr(answer, "code", None)
        if content := getattr(answer, "content", None):  # it was not even XML
            answer = f"{answer.status_code} {content.decode()}"
    if isinstance(code, str):
        return f"a {code.rpartition(':')[2]} fault"
    return short(answer)


def contract_of(http: TestClient) -> bytes:
    """Return the contract that a shop shows."""
    answer = answered(http, "GET", "/soap")
    assert answer.status_code == 200, (
        f"GET /soap was answered {answer.status_code}: a partner finds no contract."
    )
    return answer.content


@contextmanager
def shop_of(answers: Any, **contract: str) -> Iterator[tuple[Partner, list[Any]]]:
    """Yield a partner of a SOAP shop, and what is ordered there.

    The shop's contract is changed as told: text by text.
    """
    placed: list[Any] = []

    def place(sku: str, pieces: int) -> tuple[int, Decimal]:
        placed.append((sku, pieces))
        return 40 + len(sku), pieces * Decimal("0.95")

    answers.place_order = place
    for old, new in contract.items():
        answers.CONTRACT = answers.CONTRACT.replace(old, new)
    with asking(answers.soap_app()) as http:
        yield Partner(http, contract_of(http)), placed


@pytest.mark.parametrize(("sku", "pieces"), [("lamp", 3), ("ink-7", 120)])
def test_q2_a_generated_client_reads_a_typed_receipt(answers, sku, pieces):
    with shop_of(answers) as (partner, placed):
        receipt = partner.order(sku=sku, pieces=pieces)

    assert placed == [(sku, pieces)], (
        f"A partner ordered {pieces} {sku}. `place_order` was given "
        f"{placed or 'nothing'}; the partner read {told(receipt)}."
    )
    read = [getattr(receipt, name, None) for name in ("number", "total")]
    same = read == [40 + len(sku), pieces * Decimal("0.95")]
    assert same, (
        f"Of number and total in your answer zeep made {read}: {told(receipt)}. Did it "
        "get what the contract says?"
    )


MISTAKES = {
    "no pieces": {"sku": "lamp"},
    "a wrong name": {"sku": "lamp", "amount": 3},
    "a field too many": {"sku": "lamp", "pieces": 3, "colour": "red"},
}


@pytest.mark.parametrize("fields", MISTAKES.values(), ids=MISTAKES)
def test_q2_the_contract_stops_a_mistake_before_it_is_sent(answers, fields):
    with shop_of(answers) as (partner, _):
        seen = partner.order(**fields)

    assert not partner.sent, (
        f"A partner's program ordered {fields}. By the contract that it read at GET "
        f"/soap this was fine, so it was sent; it ended in {told(seen)}."
    )


FORBIDDEN = {
    "many pieces": {"sku": "lamp", "pieces": "many"},
    "0 pieces": {"sku": "lamp", "pieces": 0},
    "minus 3 pieces": {"sku": "lamp", "pieces": -3},
    "half a piece": {"sku": "lamp", "pieces": 0.5},
    "two skus": {"sku": "lamp vase", "pieces": 3},
}


@pytest.mark.parametrize("fields", FORBIDDEN.values(), ids=FORBIDDEN)
def test_q2_a_value_that_the_contract_forbids_goes_nowhere(answers, fields):
    with shop_of(answers) as (partner, placed):
        seen = told(partner.order(**fields))

    assert not placed, f"{fields} came to the shop; `place_order` was given {placed}."
    assert seen == "a Client fault", (
        f"A client checks names, not values: {fields} came to the shop. Whose mistake "
        f"is that? The partner was told {seen}."
    )


def enveloped(body: str) -> str:
    """Return an envelope with this body."""
    return (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
        f'xmlns="urn:shop"><s:Body>{body}</s:Body></s:Envelope>'
    )


MESSAGES = {
    "no pieces": enveloped("<Order><sku>lamp</sku></Order>"),
    "no sku": enveloped("<Order><pieces>3</pieces></Order>"),
    "a gift": enveloped("<Order><sku>a</sku><pieces>3</pieces><gift>1</gift></Order>"),
    "a receipt": enveloped("<Receipt><number>1</number><total>2</total></Receipt>"),
    "an empty body": enveloped(""),
    "no envelope": "<Order xmlns='urn:shop'><sku>a</sku><pieces>3</pieces></Order>",
    "JSON": '{"sku": "lamp", "pieces": 3}',
    "nothing": "",
}


@pytest.mark.parametrize("message", MESSAGES)
def test_q2_a_message_by_hand_that_is_no_order_goes_nowhere(answers, message):
    with shop_of(answers) as (partner, placed):
        seen = told(post(partner.http, MESSAGES[message]))

    assert not placed, (
        f"Somebody wrote a message by hand, with {message}: {MESSAGES[message]}. "
        f"`place_order` was given {placed}."
    )
    assert seen == "a Client fault", (
        f"Somebody wrote a message by hand, with {message}: {MESSAGES[message]!r}. The "
        f"shop said: {seen}."
    )


def test_q2_a_new_contract_is_kept_at_once(answers):
    a_dozen = (
        '<xs:element name="pieces"><xs:simpleType><xs:restriction base="xs:int">'
        '<xs:minInclusive value="12"/></xs:restriction></xs:simpleType></xs:element>'
    )
    old = '<xs:element name="pieces" type="xs:positiveInteger"/>'
    with shop_of(answers, **{old: a_dozen}) as (partner, placed):
        seen = [told(partner.order(sku="lamp", pieces=few)) for few in (3, 11)]
        receipt = partner.order(sku="lamp", pieces=12)

    assert seen == ["a Client fault"] * 2, (
        "In a new contract of the shop an order has at least 12 pieces. A partner who "
        f"ordered 3 and then 11 was told {' and '.join(seen)}."
    )
    assert placed == [("lamp", 12)], (
        "In a new contract of the shop an order has at least 12 pieces. A partner "
        f"ordered 12: {told(receipt)}, `place_order` was given {placed}."
    )


@pytest.mark.parametrize("left", [0, 4])
def test_q2_sold_out_is_a_fault_with_a_type(answers, left):
    def place(sku: str, pieces: int) -> None:
        raise answers.SoldOut(left)

    with shop_of(answers) as (partner, _):
        answers.place_order = place
        seen = partner.order(sku="lamp", pieces=5)
        read = partner.left(seen)

    assert told(seen) == "a Server fault", (
        f"The order was right and {left} lamps are left. The partner was told "
        f"{told(seen)}: whose fault is it, and can another try succeed?"
    )
    same = read == left
    assert same, f"{left} lamps are left. Of your fault's detail zeep made {read!r}."


class Counter:
    """A shop that speaks over HTTP and over the WebSocket /counter.

    There it does step by step what its `script` says: "hear" waits for a question, a
    number answers that one of those it has heard, and any other text is told as news.
    `trouble` is what it had to complain about.
    """

    def __init__(self, prices: dict[str, int], *script: int | str) -> None:
        app = FastAPI()
        self.trouble = ""
        self.wire = Traffic(app)
        self._prices = prices
        self._script = script
        self._over = threading.Event()
        app.get("/prices/{sku}")(self._price)
        app.websocket("/counter")(self._serve)

    def visited_by(self, visit: Callable[[str, list[str]], object]) -> object:
        """Return what a program makes of a visit that asks for all the prices."""
        with serve(self.wire) as server:
            address = server.url.replace("http", "ws") + "/counter"
            returned = outcome(lambda: visit(address, list(self._prices)))
            if self.wire.sockets:
                self._over.wait(2 * PATIENCE)
            else:
                self.trouble = "Nobody has opened a WebSocket."
            return returned

    def _price(self, sku: str) -> dict[str, int]:
        if self._prices[sku] == 0:
            raise HTTPException(404)
        return {"cents": self._prices[sku]}

    async def _serve(self, socket: WebSocket) -> None:
        await socket.accept()
        try:
            await self._talk(socket)
        finally:
            self._over.set()

    async def _talk(self, socket: WebSocket) -> None:
        asked: list[Any] = []
        for step in self._script:
            if step == "hear":
                question = await self._hear(socket, len(asked))
                if question is None:
                    return
                asked.append(question)
            elif isinstance(step, int):
                await socket.send_json(self._answer(asked[step]))
            else:
                await socket.send_json({"news": step})
        await self._await_the_end(socket)

    async def _hear(self, socket: WebSocket, heard: int) -> dict[str, Any] | None:
        so_far = f"It has heard {heard} of {len(self._prices)} questions,"
        try:
            message = await asyncio.wait_for(socket.receive(), PATIENCE)
        except TimeoutError:
            await self._refuse(socket, f"{so_far} and waited in vain for the next.")
            return None
        if message["type"] == "websocket.disconnect":
            self.trouble = f"{so_far} then its visitor was gone."
            return None
        try:
            question = json.loads(message.get("text") or message.get("bytes"))
            if question["ask"] is not None and question["sku"] in self._prices:
                return question
        except (ValueError, TypeError, KeyError):
            pass
        await self._refuse(socket, f"{so_far} then something else: {message}.")
        return None

    def _answer(self, question: dict[str, Any]) -> dict[str, Any]:
        cents = self._prices[question["sku"]]
        found = {"cents": cents} if cents else {"error": "unknown product"}
        return {"ask": question["ask"], **found}

    async def _await_the_end(self, socket: WebSocket) -> None:
        try:
            message = await asyncio.wait_for(socket.receive(), PATIENCE)
            if message["type"] != "websocket.disconnect":
                await self._refuse(socket, "It has answered all, and heard more.")
        except TimeoutError:
            await self._refuse(
                socket, "It has answered all; nobody hung up, so it had to."
            )

    async def _refuse(self, socket: WebSocket, why: str) -> None:
        self.trouble = why
        await socket.close(1008)


GOODS = {"lamp": 2090, "vase": 800, "eraser": 0, "pen": 120}

VISITS = {
    "answers each question": ["hear", 0, "hear", 1, "hear", 2, "hear", 3],
    "speaks first": ["Good morning.", *["hear"] * 4, 0, 1, 2, 3],
    "speaks in between": ["hear", "A", *["hear"] * 3, 0, "B", 1, "A", "C", 2, 3],
    "answers the first question last": [*["hear"] * 4, 3, 1, 2, 0],
    "does it all": ["Hello.", *["hear"] * 4, "Tea?", 2, 0, "Sale.", "Tea!", 3, 1],
}


def plot(script: list[int | str]) -> str:
    """Return what a shop does, for people to read."""
    steps = [
        f"answers no. {step + 1}"
        if isinstance(step, int)
        else ("hears" if step == "hear" else f"tells {step!r}")
        for step in script
    ]
    return ", ".join(steps)


@pytest.mark.parametrize("script", VISITS.values(), ids=VISITS)
def test_q3_answers_and_news_are_told_apart(answers, script):
    counter = Counter(GOODS, *script)

    returned = counter.visited_by(answers.visit)

    assert not counter.trouble, (
        f"The shop {plot(script)}. {counter.trouble} Your visit ended in "
        f"{short(returned)}."
    )
    prices = {sku: cents or None for sku, cents in GOODS.items()}
    news = [one for one in script if isinstance(one, str) and one != "hear"]
    same = returned == (prices, news)
    assert same, (
        f"The shop {plot(script)}. Asked were {GOODS}, where 0 is unknown. You return "
        f"{short(returned)}."
    )


def test_q3_other_prices_are_other_prices(answers):
    goods = {f"shelf-{place}": 70 + place for place in range(9)}
    counter = Counter(goods, *["hear"] * 9, *range(8, -1, -1))

    returned = counter.visited_by(answers.visit)

    assert not counter.trouble, f"{counter.trouble} You return {short(returned)}."
    same = returned == (goods, [])
    assert same, f"The shop has {goods} and no news. You return {returned!r}."


def test_q3_one_handshake_serves_for_all(answers):
    goods = {f"shelf-{place}": 70 + place for place in range(40)}
    http, counter = Counter(goods), Counter(goods, *["hear"] * 40, *range(40))

    with asking(http.wire) as one:
        answers.visit_by_http(one, list(goods))
    returned = counter.visited_by(answers.visit)

    assert counter.wire.sockets == ["/counter"], (
        f"For 40 prices HTTP took {len(http.wire.requests)} requests, you opened "
        f"{len(counter.wire.sockets)} WebSockets. {counter.trouble}"
    )
    assert not counter.trouble, f"{counter.trouble} You return {short(returned)}."
    assert counter.wire.bytes < http.wire.bytes / 2, (
        f"40 prices took {http.wire.bytes} bytes over HTTP and {counter.wire.bytes} "
        "over your WebSocket."
    )


KEY = b"between partner and shop"


def order_in(root: Any) -> Any:
    """Return the order in an envelope."""
    return root.find(f"{SOAP}Body/{SHOP}Order")


def rewrites(change: Callable[[Any], Any]) -> Callable[[bytes], bytes]:
    """Return a broker who reads an envelope, changes it, and writes it anew."""

    def broker(message: bytes) -> bytes:
        root = change(etree.fromstring(message))
        return etree.tostring(root, encoding="UTF-16", xml_declaration=True)

    return broker


def stamped(root: Any) -> Any:
    """Put a stamp into the header, before what is there."""
    stamp = etree.Element("{urn:broker}Stamp", seen="yes")
    root[0].insert(0, stamp)
    return root


def repacked(root: Any) -> Any:
    """Put header and body into an envelope of the broker's own."""
    envelope = etree.Element(f"{SOAP}Envelope", nsmap={"E": SOAP[1:-1], "b": "urn:b"})
    for part in root:
        own = etree.SubElement(envelope, part.tag)
        own.text = "\n    "
        own.extend(deepcopy(list(part)))
    return envelope


def with_more_pieces(root: Any) -> Any:
    """Order ten times as much."""
    order_in(root)[1].text += "0"
    return root


def with_another_product(root: Any) -> Any:
    """Order what the broker has too much of."""
    order_in(root)[0].text = "vase"
    return root


def without_signature(root: Any) -> Any:
    """Leave the header out."""
    root.remove(root[0])
    return root


def with_an_empty_signature(root: Any) -> Any:
    """Leave the header in, and nothing in it."""
    root[0][0].text = None
    return with_more_pieces(root)


def with_the_order_in_the_header(root: Any) -> Any:
    """Keep the signed order where nobody looks, and put another in its place."""
    root[0].append(deepcopy(order_in(root)))
    return with_more_pieces(root)


def with_two_orders(root: Any) -> Any:
    """Put another order before the signed one."""
    order = order_in(root)
    order.addprevious(deepcopy(order))
    return with_more_pieces(root)


@contextmanager
def wholesale(answers: Any) -> Iterator[tuple[TestClient, list[Any]]]:
    """Yield a client of the partners' app, and what is sold there."""
    sold: list[Any] = []

    def sell(sku: str, pieces: int) -> tuple[int, Decimal]:
        sold.append((sku, pieces))
        return 900 + pieces, pieces * Decimal("7.35")

    answers.sell_wholesale = sell
    answers.find_cents = {"lamp": 2090, "vase": 80}.get
    with asking(answers.partners_app(KEY)) as http:
        yield http, sold


def hand_on(message: bytes) -> bytes:
    """Be an honest broker, and a lazy one."""
    return message


def sent(
    answers: Any,
    http: TestClient,
    broker: Callable[[bytes], bytes] = hand_on,
    sign: Callable[[Any], bytes] | None = None,
    **order: object,
) -> object:
    """Return what a partner reads whose signed order went through a broker."""
    sign = sign or (lambda one: answers.signature(one, KEY))
    return Partner(http, answers.CONTRACT.encode(), broker, sign).order(**order)


BROKERS = {
    "hands on": hand_on,
    "stamps": rewrites(stamped),
    "repacks": rewrites(repacked),
}


@pytest.mark.parametrize("pieces", [3, 40])
@pytest.mark.parametrize("broker", BROKERS)
def test_q4_a_signed_order_outlives_its_broker(answers, broker, pieces):
    with wholesale(answers) as (http, sold):
        receipt = sent(answers, http, BROKERS[broker], sku="lamp", pieces=pieces)

    assert sold == [("lamp", pieces)], (
        f"A partner signed an order of {pieces} lamps; its broker {broker} envelopes. "
        f"Sold was {sold or 'nothing'}, the partner was told {told(receipt)}."
    )
    read = [getattr(receipt, name, None) for name in ("number", "total")]
    same = read == [900 + pieces, pieces * Decimal("7.35")]
    assert same, f"Number and total of the receipt: the partner read {read}."


FORGERIES = [
    with_more_pieces,
    with_another_product,
    without_signature,
    with_an_empty_signature,
    with_the_order_in_the_header,
    with_two_orders,
]


@pytest.mark.parametrize("forgery", FORGERIES)
def test_q4_a_changed_order_is_refused(answers, forgery):
    with wholesale(answers) as (http, sold):
        seen = told(sent(answers, http, rewrites(forgery), sku="lamp", pieces=3))

    how = forgery.__name__.replace("_", " ")
    assert not sold, (
        f"A partner signed an order of 3 lamps, the broker sent it {how}. Sold was "
        f"{sold}."
    )
    assert seen == "a Client fault", (
        f"A partner signed an order, the broker sent it {how}. The answer was {seen}."
    )


SIGNATURES = {
    "for another order": lambda answers, order: answers.signature(order[0], KEY),
    "with another key": lambda answers, order: answers.signature(order, b"stolen"),
    "by nobody": lambda answers, order: b"trust me",
}


@pytest.mark.parametrize("signed", SIGNATURES)
def test_q4_a_signature_is_for_one_order_and_one_key(answers, signed):
    def sign(order: Any) -> bytes:
        return SIGNATURES[signed](answers, order)

    with wholesale(answers) as (http, sold):
        seen = told(sent(answers, http, sign=sign, sku="lamp", pieces=3))

    assert not sold, f"An order of 3 lamps is signed {signed}. Sold was {sold}."
    assert seen == "a Client fault", (
        f"An order of 3 lamps is signed {signed}. It was answered with {seen}."
    )


@pytest.mark.parametrize("pieces", ["many", -1])
def test_q4_a_signature_does_not_replace_the_contract(answers, pieces):
    with wholesale(answers) as (http, sold):
        seen = told(sent(answers, http, sku="lamp", pieces=pieces))

    assert not sold, f"A partner signed an order of {pieces} lamps. Sold was {sold}."
    assert seen == "a Client fault", (
        f"A partner signed an order of {pieces} lamps, which the contract forbids. It "
        f"was told {seen}."
    )


@pytest.mark.parametrize("path", ["/orders", "/soap"])
def test_q4_bare_json_orders_nothing(answers, path):
    with wholesale(answers) as (http, sold):
        json_order = {"sku": "lamp", "pieces": 30}
        answer = answered(http, "POST", path, json=json_order)
        receipt = sent(answers, http, sku="lamp", pieces=3)

    assert sold == [("lamp", 3)], (
        f"POST {path} of 30 lamps in JSON was answered {answer.status_code}, a signed "
        f"order of 3 lamps with {told(receipt)}. Sold was {sold or 'nothing'}."
    )


@pytest.mark.parametrize(("sku", "cents"), [("lamp", 2090), ("vase", 80)])
def test_q4_a_price_fits_into_a_price_tag(answers, sku, cents):
    with wholesale(answers) as (http, _):
        answer = answered(http, "GET", f"/prices/{sku}")
    envelope = answers.envelope(answers.element("Price", cents=cents))

    assert len(answer.content) <= 40, (
        f"The price of a {sku} takes {len(answer.content)} bytes; an envelope for it "
        f"takes {len(envelope.body)}. There is room for 40."
    )
    read = content_of(answer)
    same = isinstance(read, dict) and read.get("cents") == cents
    assert same, (
        f"A {sku} costs {cents} cents; read were {answer.status_code} {answer.text!r}."
    )


def test_q4_a_price_that_is_unknown_is_not_found(answers):
    with wholesale(answers) as (http, _):
        answer = answered(http, "GET", "/prices/eraser")

    assert answer.status_code == 404, (
        f"A price tag asked for an eraser, which nobody sells: {answer.status_code}. "
        "It can read a status and no XML."
    )


def watched_log(answers: Any) -> Any:
    """Return a log that counts who follows it."""

    class WatchedLog(answers.Log):
        def __init__(self) -> None:
            super().__init__()
            self.followers = 0
            self._changed = threading.Condition()

        async def since(self, number: int) -> AsyncIterator[tuple[int, str]]:
            self._count(1)
            try:
                async for entry in super().since(number):
                    yield entry
            finally:
                self._count(-1)

        def _count(self, change: int) -> None:
            with self._changed:
                self.followers += change
                self._changed.notify_all()

        def comes_down_to(self, number: int) -> bool:
            """Return whether no more than so many follow, now or in a while."""
            with self._changed:
                return self._changed.wait_for(
                    lambda: self.followers <= number, PATIENCE
                )

    return WatchedLog()


class Screen:
    """A screen on the wall."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    def says(self, *texts: str) -> None:
        """Send texts, if anybody still takes them."""
        for text in texts:
            outcome(lambda text=text: self.socket.send(text))

    def hears(self, seconds: float) -> Any:
        """Return the next entry as (number, text); None if none comes in that time.

        What is no entry is returned as it came.
        """
        try:
            text = self.socket.recv(timeout=seconds)
            entry = json.loads(text)
            return (entry["number"], entry["text"])
        except (TimeoutError, ConnectionClosed):
            return None
        except (ValueError, TypeError, KeyError):
            return text


class Hall:
    """A packing hall at work."""

    def __init__(self, server: Server, stack: ExitStack) -> None:
        self._server = server
        self._stack = stack
        self._patience = PATIENCE

    def screen(self, query: str = "") -> Screen:
        """Return a screen that has just connected."""
        address = f"{self._server.url}/hall{query}".replace("http", "ws")
        socket = outcome(
            lambda: connect(
                address, proxy=None, open_timeout=PATIENCE, close_timeout=0.5
            )
        )
        assert isinstance(socket, ClientConnection), (
            f"A screen wanted to connect to /hall{query}: {short(socket)}."
        )
        self._stack.enter_context(socket)
        return Screen(socket)

    def note(self, *texts: str) -> None:
        """Add entries that no screen has sent."""
        self._server.client.post("/note", json=texts)

    def heard_by(self, *screens: Screen, entries: int = 1) -> list[list[Any]]:
        """Return what each screen hears next: so many entries, fewer if no more come.

        Once there was nothing to hear, nobody waits for long any more.
        """
        heard: list[list[Any]] = [[] for _ in screens]
        for screen, own in zip(screens, heard, strict=True):
            while len(own) < entries:
                entry = screen.hears(self._patience)
                if entry is None:
                    self._patience = 0.1
                    break
                own.append(entry)
        return heard


@contextmanager
def hall_of(answers: Any, log: Any = None) -> Iterator[Hall]:
    """Yield a hall with the app of the answer."""
    log = log or answers.Log()
    app = answers.hall_app(log)
    assert isinstance(app, FastAPI), f"Returned was {app!r}, no app."

    @app.post("/note")
    async def note(texts: list[str]) -> None:
        for text in texts:
            await log.add(text)

    with serve(app) as server, ExitStack() as stack:
        yield Hall(server, stack)


@pytest.mark.parametrize(
    "texts",
    [("A-17 packed", "A-18 lost"), ("tea", "no milk")],
    ids=["orders", "a break"],
)
def test_q5_every_screen_hears_what_one_of_them_says(answers, texts):
    with hall_of(answers) as hall:
        screens = [hall.screen() for _ in range(3)]
        screens[0].says(texts[0])
        first = hall.heard_by(*screens)
        screens[2].says(texts[1])
        second = hall.heard_by(*screens)

    assert first == [[(1, texts[0])]] * 3, (
        f"The first of three screens sent {texts[0]!r}; the three heard {first}."
    )
    assert second == [[(2, texts[1])]] * 3, (
        f"Then the third one sent {texts[1]!r}; the three heard {second}."
    )


def test_q5_a_screen_need_not_speak_to_hear(answers):
    with hall_of(answers) as hall:
        screens = [hall.screen() for _ in range(2)]
        hall.note("Fire drill at 10.")
        heard = hall.heard_by(*screens)
        hall.note("Back to work.")
        heard += hall.heard_by(*screens)

    same = heard == [[(1, "Fire drill at 10.")]] * 2 + [[(2, "Back to work.")]] * 2
    assert same, (
        "Two entries came into the log from elsewhere, one after the other. Two "
        f"screens that never sent a word heard {heard}."
    )


def test_q5_all_hear_the_same_in_the_same_order(answers):
    with hall_of(answers) as hall:
        screens = [hall.screen() for _ in range(3)]
        for screen, name in zip(screens, "ABC", strict=True):
            screen.says(*(f"{name}{number}" for number in range(10)))
        heard = hall.heard_by(*screens, entries=30)

    assert heard[0] == heard[1] == heard[2], (
        "Three screens sent 10 texts each, all at once. They heard them in orders that "
        f"differ, and so would their decisions: {heard}"
    )
    numbers = [entry[0] for entry in heard[0]]
    assert numbers == [*range(1, 31)], (
        f"Three screens sent 10 texts each. All heard {short(heard[0])}."
    )


@pytest.mark.parametrize(
    ("query", "missed"),
    [("?after=2", [3, 4]), ("?after=3", [4]), ("?after=4", []), ("", [1, 2, 3, 4])],
    ids=["after 2", "after 3", "after all", "from the start"],
)
def test_q5_who_comes_back_hears_what_they_missed(answers, query, missed):
    with hall_of(answers) as hall:
        hall.note(*(f"entry {number}" for number in range(1, 5)))
        screen = hall.screen(query)
        heard = hall.heard_by(screen, entries=len(missed))
        hall.note("entry 5")
        heard += hall.heard_by(screen)

    same = heard == [
        [(number, f"entry {number}") for number in missed],
        [(5, "entry 5")],
    ]
    assert same, (
        f"4 entries were in the log when a screen connected to /hall{query}, then came "
        f"the 5th. It heard {heard}."
    )


@pytest.mark.parametrize("manner", ["said goodbye", "vanished"])
def test_q5_nobody_follows_the_log_for_a_screen_that_left(answers, manner):
    log = watched_log(answers)
    with hall_of(answers, log) as hall:
        hall.note("lunch")
        stays = hall.screen()
        heard = hall.heard_by(stays)
        before = log.followers
        goes = hall.screen()
        heard += hall.heard_by(goes)
        if manner == "vanished":
            goes.socket.socket.shutdown(SHUT_RDWR)
        else:
            goes.socket.close()
        left = log.comes_down_to(before)
        after = log.followers
        hall.note("coffee")
        heard += hall.heard_by(stays)

    assert left, (
        f"Followers of the log with one screen: {before}. Another screen came, heard "
        f"and {manner}. Followers now: {after}, and more with each that comes and goes."
    )
    same = heard == [[(1, "lunch")], [(1, "lunch")], [(2, "coffee")]]
    assert same, (
        f"A screen {manner}, another one stays. In this order they heard {heard}."
    )
