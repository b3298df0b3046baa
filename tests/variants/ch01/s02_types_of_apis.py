"""Other answers to section 1.2."""

from contextlib import asynccontextmanager
from functools import reduce
from itertools import count

import websockets
from fastapi import APIRouter, Body, WebSocketDisconnect
from fastapi.responses import JSONResponse

from sensei.variants import right, wrong

EVERYTHING = (
    "number state address product { sku name cents description"
    " supplier { name city terms } }"
)


def asked(http, customer, selection):
    """Return a customer's orders in GraphQL."""
    query = "query ($c: String!) { orders(customer: $c) { %s } }" % selection
    body = {"query": query, "variables": {"c": customer}}
    return http.post("/graphql", json=body).json()["data"]["orders"]


def picked(order, column):
    """Return what stands in a column."""
    return reduce(lambda value, field: value[field], column.split("."), order)


def selected(column):
    """Return the selection of a column."""
    return column.replace(".", " { ") + " }" * column.count(".")


@wrong("1.2.1", caught_by="test_q1_nothing_comes_that_nobody_picked")
def report(http, customer, columns):
    """GraphQL is one request for everything."""
    orders = asked(http, customer, EVERYTHING)
    return [[picked(order, column) for column in columns] for order in orders]


@wrong("1.2.1", caught_by="test_q1_one_request_brings_it_all[suppliers]")
def report(http, customer, columns):
    """A query for each column."""
    filled = [
        [picked(order, column) for order in asked(http, customer, selected(column))]
        for column in columns
    ]
    return [list(row) for row in zip(*filled)]


@wrong("1.2.1", caught_by="test_q1_one_request_brings_it_all")
def report(http, customer, columns):
    """REST does it, too."""
    return report_by_rest(http, customer, columns)


@wrong("1.2.1", caught_by="test_q1_a_customer_may_have_any_name[quotes and braces]")
def report(http, customer, columns):
    """The name is written into the query."""
    selection = " ".join(selected(column) for column in columns)
    query = f'{{ orders(customer: "{customer}") {{ {selection} }} }}'
    body = {"query": query, "variables": {}}
    orders = http.post("/graphql", json=body).json()["data"]["orders"]
    return [[picked(order, column) for column in columns] for order in orders]


@wrong("1.2.1", caught_by="test_q1_both_bring_the_same_rows[suppliers-Mara]")
def report(http, customer, columns):
    """Fields are of the order or of its product."""
    own = [column for column in columns if "." not in column]
    products = [column.split(".")[1] for column in columns if "." in column]
    nested = f" product {{ {' '.join(products)} }}" if products else ""
    orders = asked(http, customer, " ".join(own) + nested)
    return [[picked(order, column) for column in columns] for order in orders]


@wrong("1.2.1", caught_by="test_q1_both_bring_the_same_rows[everywhere-Mara]")
def report(http, customer, columns):
    """The columns come in the order in which GraphQL answers."""
    selection = " ".join(selected(column) for column in columns)

    def values(content):
        if not isinstance(content, dict):
            return [content]
        return [value for name in sorted(content) for value in values(content[name])]

    return [values(order) for order in asked(http, customer, selection)]


@right("1.2.1")
def report(http: httpx2.Client, customer: str, columns: list[str]):
    """An alias for each column; what comes back is unpacked to the bottom."""
    selection = " ".join(f"c{n}: {selected(one)}" for n, one in enumerate(columns))

    def bottom(value):
        while isinstance(value, dict):
            (value,) = value.values()
        return value

    return [
        [bottom(order[f"c{n}"]) for n in range(len(columns))]
        for order in asked(http, customer, selection)
    ]


@right("1.2.1")
def report(http: httpx2.Client, customer: str, columns: list[str]):
    """A tree of fields, written out; the variable has another name and type."""
    tree: dict[str, Any] = {}
    for column in columns:
        reduce(lambda node, field: node.setdefault(field, {}), column.split("."), tree)

    def written(node):
        inner = [f"{field} {written(below)}" for field, below in node.items()]
        return "{\n" + "\n".join(inner) + "\n}" if inner else ""

    text = "query Report($name: String!) { orders(customer: $name) " + written(tree)
    answer = http.request(
        "POST",
        "/graphql",
        json={
            "operationName": "Report",
            "query": text + "}",
            "variables": {"name": customer},
        },
    )
    rows = []
    for order in answer.raise_for_status().json()["data"]["orders"]:
        rows.append([])
        for column in columns:
            value = order
            for field in column.split("."):
                value = value[field]
            rows[-1].append(value)
    return rows


def soap(handle, contract=lambda: Response(CONTRACT, media_type="text/xml")):
    """Return an app that shows a contract and handles an order."""
    app = FastAPI()
    app.get("/soap")(contract)

    @app.post("/soap")
    async def order(request: Request):
        return handle(await request.body())

    return app


def carry_out(order):
    """Answer to an order that is right."""
    fields = fields_of(order)
    try:
        number, total = place_order(fields["sku"], int(fields["pieces"]))
    except SoldOut as error:
        return fault("Server", str(error), element("SoldOut", left=error.left))
    return envelope(element("Receipt", number=number, total=total))


@wrong("1.2.2", caught_by="test_q2_a_value_that_the_contract_forbids_goes_nowhere")
def soap_app():
    """The client has checked everything already."""
    return soap(lambda message: carry_out(find_in(message, "Body", "Order")))


@wrong("1.2.2", caught_by="test_q2_a_new_contract_is_kept_at_once")
def soap_app():
    """What the contract says is written down once more, in Python."""

    def handle(message):
        order = find_in(message, "Body", "Order")
        if order is None or list(fields_of(order)) != ["sku", "pieces"]:
            return fault("Client", "no order")
        fields = fields_of(order)
        if " " in fields["sku"] or not fields["pieces"].isdecimal():
            return fault("Client", "no order")
        return carry_out(order) if int(fields["pieces"]) else fault("Client", "none")

    return soap(handle)


@wrong("1.2.2", caught_by="test_q2_a_generated_client_reads_a_typed_receipt")
def soap_app():
    """A text is a text: FastAPI sends it as JSON."""
    return soap(
        lambda message: carry_out(find_in(message, "Body", "Order")),
        contract=lambda: CONTRACT,
    )


@wrong("1.2.2", caught_by="test_q2_sold_out_is_a_fault_with_a_type")
def soap_app():
    """What did not work is told by a status, as everywhere."""

    def handle(message):
        order = find_in(message, "Body", "Order")
        if order is None or not schema().validate(order):
            return fault("Client", "no order")
        fields = fields_of(order)
        try:
            number, total = place_order(fields["sku"], int(fields["pieces"]))
        except SoldOut as error:
            return JSONResponse({"left": error.left}, status_code=409)
        return envelope(element("Receipt", number=number, total=total))

    return soap(handle)


@wrong("1.2.2", caught_by="test_q2_sold_out_is_a_fault_with_a_type")
def soap_app():
    """A fault has a text; people will read it."""

    def handle(message):
        order = find_in(message, "Body", "Order")
        if order is None or not schema().validate(order):
            return fault("Client", "no order")
        fields = fields_of(order)
        try:
            number, total = place_order(fields["sku"], int(fields["pieces"]))
        except SoldOut as error:
            return fault("Server", f"{error.left} left")
        return envelope(element("Receipt", number=number, total=total))

    return soap(handle)


@wrong("1.2.2", caught_by="test_q2_sold_out_is_a_fault_with_a_type")
def soap_app():
    """Whoever orders too much has made a mistake."""

    def handle(message):
        order = find_in(message, "Body", "Order")
        try:
            if not schema().validate(order):
                return fault("Client", "no order")
            fields = fields_of(order)
            number, total = place_order(fields["sku"], int(fields["pieces"]))
        except SoldOut as error:
            return fault("Client", "too much", element("SoldOut", left=error.left))
        except Exception:
            return fault("Client", "no order")
        return envelope(element("Receipt", number=number, total=total))

    return soap(handle)


@wrong(
    "1.2.2",
    caught_by="test_q2_a_message_by_hand_that_is_no_order_goes_nowhere[a receipt]",
)
def soap_app():
    """What the contract allows is an order."""

    def handle(message):
        try:
            (content,) = etree.fromstring(message)[-1]
        except Exception:
            return fault("Client", "no envelope")
        if not schema().validate(content):
            return fault("Client", "no order")
        return carry_out(content)

    return soap(handle)


@wrong("1.2.2", caught_by="test_q2_a_generated_client_reads_a_typed_receipt")
def soap_app():
    """The receipt of the example."""

    def handle(message):
        order = find_in(message, "Body", "Order")
        if order is None or not schema().validate(order):
            return fault("Client", "no order")
        return envelope(element("Receipt", number=7, total="19.90"))

    return soap(handle)


@right("1.2.2")
def soap_app() -> FastAPI:
    """A def endpoint with a body of bytes; the types worked out once; exceptions."""
    app = FastAPI()
    types = schema()
    plain = Response(
        CONTRACT.encode(), headers={"content-type": "application/wsdl+xml"}
    )

    @app.get("/soap")
    def contract() -> Response:
        return plain

    @app.post("/soap")
    def order(message: bytes = Body(default=b"")) -> Response:
        try:
            order = find_in(message, "Body", "Order")
            types.assertValid(order)
        except (etree.DocumentInvalid, TypeError) as error:
            return fault("Client", str(error))
        sku, pieces = (child.text for child in order)
        try:
            number, total = place_order(sku, int(pieces))
        except SoldOut as none:
            return fault("Server", "Sold out.", element("SoldOut", left=none.left))
        return envelope(element("Receipt", number=number, total=f"{total:.3f}"))

    return app


@right("1.2.2")
def soap_app() -> FastAPI:
    """A router, an exception of one's own and its handler, findtext."""

    class Refused(Exception):
        pass

    app = FastAPI()
    router = APIRouter(prefix="/soap")

    @app.exception_handler(Refused)
    async def refuse(request: Request, error: Refused) -> Response:
        return fault("Client", "Not so.")

    @app.exception_handler(SoldOut)
    async def sold_out(request: Request, error: SoldOut) -> Response:
        return fault("Server", "Sold out.", element("SoldOut", left=error.left))

    @router.get("")
    async def contract():
        return Response(content=CONTRACT, media_type="application/xml")

    @router.post("", response_class=Response)
    async def order(request: Request):
        order = find_in(await request.body(), "Body", "Order")
        if order is None:
            raise Refused
        if not schema().validate(order):
            raise Refused
        pieces = int(order.findtext("{urn:shop}pieces"))
        receipt = place_order(order.findtext("{urn:shop}sku"), pieces)
        return envelope(element("Receipt", **dict(zip(("number", "total"), receipt))))

    app.include_router(router)
    return app


@wrong("1.2.3", caught_by="test_q3_answers_and_news_are_told_apart[speaks first]")
def visit(address, skus):
    """A question, its answer; a question, its answer."""
    prices = {}
    with connect(address) as socket:
        for sku in skus:
            socket.send(json.dumps({"ask": sku, "sku": sku}))
            prices[sku] = json.loads(socket.recv()).get("cents")
    return prices, []


@wrong("1.2.3", caught_by="test_q3_answers_and_news_are_told_apart[does it all]")
def visit(address, skus):
    """News may come at any time; an answer comes before the next question."""
    prices, news = {}, []
    with connect(address) as socket:
        for sku in skus:
            socket.send(json.dumps({"ask": sku, "sku": sku}))
            message = json.loads(socket.recv())
            while "news" in message:
                news.append(message["news"])
                message = json.loads(socket.recv())
            prices[sku] = message.get("cents")
    return prices, news


@wrong("1.2.3", caught_by="test_q3_one_handshake_serves_for_all")
def visit(address, skus):
    """A connection for each question."""
    prices, news = {}, []
    for sku in skus:
        with connect(address) as socket:
            socket.send(json.dumps({"ask": sku, "sku": sku}))
            message = json.loads(socket.recv())
            while "news" in message:
                news.append(message["news"])
                message = json.loads(socket.recv())
            prices[sku] = message.get("cents")
    return prices, news


@wrong(
    "1.2.3",
    caught_by="test_q3_answers_and_news_are_told_apart[answers the first question last]",
)
def visit(address, skus):
    """The first answer is to the first question."""
    answers, news = [], []
    with connect(address) as socket:
        for sku in skus:
            socket.send(json.dumps({"ask": sku, "sku": sku}))
        while len(answers) < len(skus):
            message = json.loads(socket.recv())
            if "news" in message:
                news.append(message["news"])
            else:
                answers.append(message.get("cents"))
    return dict(zip(skus, answers)), news


@wrong(
    "1.2.3", caught_by="test_q3_answers_and_news_are_told_apart[answers each question]"
)
def visit(address, skus):
    """The shop hangs up when all is said."""
    prices, news = {}, []
    with connect(address) as socket:
        for sku in skus:
            socket.send(json.dumps({"ask": sku, "sku": sku}))
        try:
            while True:
                message = json.loads(socket.recv())
                if "news" in message:
                    news.append(message["news"])
                else:
                    prices[message["ask"]] = message.get("cents")
        except Exception:
            return prices, news


@wrong("1.2.3", caught_by="test_q3_answers_and_news_are_told_apart[speaks first]")
def visit(address, skus):
    """Every answer has a price."""
    prices, news = {}, []
    with connect(address) as socket:
        for sku in skus:
            socket.send(json.dumps({"ask": sku, "sku": sku}))
        while len(prices) < len(skus):
            message = json.loads(socket.recv())
            if "news" in message:
                news.append(message["news"])
            else:
                prices[message["ask"]] = message["cents"]
    return prices, news


@right("1.2.3")
def visit(address: str, skus: list[str]):
    """Numbers for questions, a dict of what is open, match."""
    prices: dict[str, int | None] = {}
    news: list[str] = []
    waiting = dict(enumerate(skus, start=100))
    with connect(address) as socket:
        for number, sku in waiting.items():
            socket.send(json.dumps({"sku": sku, "ask": number}).encode())
        for text in socket:
            match json.loads(text):
                case {"news": told}:
                    news.append(told)
                case {"ask": number, "cents": cents}:
                    prices[waiting.pop(number)] = cents
                case {"ask": number}:
                    prices[waiting.pop(number)] = None
            if not waiting:
                break
    return prices, news


@right("1.2.3")
def visit(address: str, skus: list[str]):
    """The asyncio client: one task asks, another one listens."""

    async def talk():
        prices, news, numbers = {}, [], count()
        async with websockets.connect(address, proxy=None) as socket:

            async def ask():
                for sku in skus:
                    question = {"ask": [next(numbers), sku], "sku": sku}
                    await socket.send(json.dumps(question))

            asking = asyncio.create_task(ask())
            async for text in socket:
                message = json.loads(text)
                if "ask" in message:
                    prices[message["ask"][1]] = message.get("cents")
                else:
                    news += [message["news"]]
                if len(prices) == len(skus):
                    break
            await asking
        return prices, news

    return asyncio.run(talk())


def partners(
    key,
    order_of=lambda message: find_in(message, "Body", "Order"),
    trusted=lambda message, order, key: (
        find_in(message, "Header", "Signature") is not None
        and find_in(message, "Header", "Signature").text
        == signature(order, key).decode()
    ),
    allowed=lambda order: schema().validate(order),
    placed=lambda message, order: order,
    unknown=404,
):
    """Return an app that is repaired but for what is given."""
    app = FastAPI()

    @app.get("/prices/{sku}")
    def price(sku: str):
        if find_cents(sku) is None:
            return JSONResponse({"cents": None}, status_code=unknown)
        return {"cents": find_cents(sku)}

    @app.post("/soap")
    async def order(request: Request):
        message = await request.body()
        order = order_of(message)
        if order is None or not allowed(order) or not trusted(message, order, key):
            return fault("Client", "Not so.")
        fields = fields_of(placed(message, order))
        number, total = sell_wholesale(fields["sku"], int(fields["pieces"]))
        return envelope(element("Receipt", number=number, total=total))

    return app


@wrong("1.2.4", caught_by="test_q4_a_changed_order_is_refused[with_more_pieces]")
def partners_app(key):
    """An envelope is safe because it is one."""
    return partners(key, trusted=lambda message, order, key: True)


@wrong("1.2.4", caught_by="test_q4_a_changed_order_is_refused[without_signature]")
def partners_app(key):
    """A signature is checked where there is one."""

    def trusted(message, order, key):
        signed = find_in(message, "Header", "Signature")
        return signed is None or signed.text == signature(order, key).decode()

    return partners(key, trusted=trusted)


@wrong("1.2.4", caught_by="test_q4_a_changed_order_is_refused[with_more_pieces]")
def partners_app(key):
    """Who sends a signature has signed."""
    return partners(
        key,
        trusted=lambda message, order, key: (
            find_in(message, "Header", "Signature") is not None
        ),
    )


@wrong(
    "1.2.4",
    caught_by="test_q4_a_changed_order_is_refused[with_the_order_in_the_header]",
)
def partners_app(key):
    """The signed order is wherever there is an order; the body has what is ordered."""
    return partners(
        key,
        order_of=lambda message: etree.fromstring(message).find(".//{urn:shop}Order"),
        placed=lambda message, order: find_in(message, "Body", "Order"),
    )


@wrong("1.2.4", caught_by="test_q4_a_signed_order_outlives_its_broker")
def partners_app(key):
    """What is signed are the bytes."""

    def trusted(message, order, key):
        signed = find_in(message, "Header", "Signature")
        digest = hmac.new(key, message, "sha256").hexdigest()
        return signed is not None and signed.text == digest

    return partners(key, trusted=trusted)


@wrong("1.2.4", caught_by="test_q4_a_signed_order_outlives_its_broker[stamps-3]")
def partners_app(key):
    """The signature is the first thing in the header."""

    def trusted(message, order, key):
        header = etree.fromstring(message)[0]
        signed = header[0].text if len(header) else None
        return signed == signature(order, key).decode()

    return partners(key, trusted=trusted)


@wrong("1.2.4", caught_by="test_q4_a_signature_does_not_replace_the_contract")
def partners_app(key):
    """What a partner has signed needs no other check."""
    return partners(key, allowed=lambda order: True)


@wrong("1.2.4", caught_by="test_q4_bare_json_orders_nothing")
def partners_app(key):
    """The old door stays open for old partners."""
    app = partners(key)

    @app.post("/orders")
    def order(wish: dict[str, Any]):
        number, total = sell_wholesale(wish["sku"], wish["pieces"])
        return {"number": number, "total": total}

    @app.middleware("http")
    async def json_at_soap(request: Request, call_next):
        if request.headers.get("content-type") == "application/json":
            wish = await request.json()
            sell_wholesale(wish["sku"], wish["pieces"])
        return await call_next(request)

    return app


@wrong("1.2.4", caught_by="test_q4_a_price_that_is_unknown_is_not_found")
def partners_app(key):
    """A price that is not there is null."""
    return partners(key, unknown=200)


@wrong("1.2.4", caught_by="test_q4_a_price_fits_into_a_price_tag")
def partners_app(key):
    """One protocol for all."""
    app = FastAPI()
    whole = partners(key)

    @app.get("/prices/{sku}")
    def price(sku: str):
        return envelope(element("Price", cents=find_cents(sku)))

    app.mount("", whole)
    return app


@right("1.2.4")
def partners_app(key: bytes) -> FastAPI:
    """def endpoints, a body of bytes, compare_digest on bytes, a fault that is raised."""
    app = FastAPI()

    class Refused(Exception):
        pass

    @app.exception_handler(Refused)
    def refuse(request: Request, error: Refused) -> Response:
        return fault("Client", str(error))

    def signed_order(message: bytes) -> dict[str, str]:
        order = find_in(message, "Body", "Order")
        signed = find_in(message, "Header", "Signature")
        if order is None or signed is None:
            raise Refused("Something is missing.")
        own = signature(order, key)
        if not hmac.compare_digest(own, str(signed.text).encode()):
            raise Refused("Somebody else has signed that.")
        try:
            schema().assertValid(order)
        except etree.DocumentInvalid as error:
            raise Refused(str(error)) from None
        return fields_of(order)

    @app.post("/soap")
    def order(message: bytes = Body(default=b"")) -> Response:
        order = signed_order(message)
        number, total = sell_wholesale(order["sku"], int(order["pieces"]))
        return envelope(element("Receipt", number=number, total=str(total)), 200)

    @app.get("/prices/{sku}")
    async def price(sku: str) -> Response:
        cents = find_cents(sku)
        return JSONResponse({"cents": cents} if cents else {}, 200 if cents else 404)

    return app


@wrong("1.2.5", caught_by="test_q5_a_screen_need_not_speak_to_hear")
def hall_app(log):
    """Who speaks gets an answer: the log so far."""
    app = FastAPI()

    @app.websocket("/hall")
    async def hall(socket: WebSocket, after: int = 0):
        await socket.accept()
        entries = log.since(after)
        async for text in socket.iter_text():
            await log.add(text)
            number, text = await anext(entries)
            await socket.send_json({"number": number, "text": text})

    return app


@wrong("1.2.5", caught_by="test_q5_a_screen_need_not_speak_to_hear")
def hall_app(log):
    """What comes from a screen goes to all screens; the log is for the archive."""
    app = FastAPI()
    screens = []
    numbers = count(1)

    @app.websocket("/hall")
    async def hall(socket: WebSocket, after: int = 0):
        await socket.accept()
        screens.append(socket)
        try:
            async for text in socket.iter_text():
                await log.add(text)
                entry = {"number": next(numbers), "text": text}
                for screen in screens:
                    await screen.send_json(entry)
        finally:
            screens.remove(socket)

    return app


def hall_with(log, follow, leave=lambda task: task.cancel()):
    """Return a hall whose screens follow the log in some way."""
    app = FastAPI()

    @app.websocket("/hall")
    async def hall(socket: WebSocket, after: int = 0):
        await socket.accept()

        async def tell():
            async for number, text in log.since(follow(after)):
                await socket.send_json({"number": number, "text": text})

        task = asyncio.create_task(tell())
        async for text in socket.iter_text():
            await log.add(text)
        leave(task)

    return app


@wrong("1.2.5", caught_by="test_q5_who_comes_back_hears_what_they_missed[after 2]")
def hall_app(log):
    """Who comes back begins anew."""
    return hall_with(log, follow=lambda after: 0)


@wrong("1.2.5", caught_by="test_q5_who_comes_back_hears_what_they_missed[after 2]")
def hall_app(log):
    """`after=2` begins with number 2."""
    return hall_with(log, follow=lambda after: max(after - 1, 0))


@wrong("1.2.5", caught_by="test_q5_nobody_follows_the_log_for_a_screen_that_left")
def hall_app(log):
    """The task ends when the endpoint does."""
    return hall_with(log, follow=lambda after: after, leave=lambda task: None)


@wrong(
    "1.2.5",
    caught_by="test_q5_nobody_follows_the_log_for_a_screen_that_left[said goodbye]",
)
def hall_app(log):
    """First all that the log has, then what the screen has to say."""
    app = FastAPI()

    @app.websocket("/hall")
    async def hall(socket: WebSocket, after: int = 0):
        await socket.accept()
        try:
            async for number, text in log.since(after):
                await socket.send_json({"number": number, "text": text})
            async for text in socket.iter_text():
                await log.add(text)
        except WebSocketDisconnect:
            pass

    return app


@wrong("1.2.5", caught_by="test_q5_every_screen_hears_what_one_of_them_says[orders]")
def hall_app(log):
    """Real time is when the server tells."""
    app = FastAPI()

    @app.websocket("/hall")
    async def hall(socket: WebSocket, after: int = 0):
        await socket.accept()
        async for number, text in log.since(after):
            await socket.send_json({"number": number, "text": text})

    return app


@right("1.2.5")
def hall_app(log: Log) -> FastAPI:
    """A task group, in which the one that listens ends the other."""
    app = FastAPI()

    @app.websocket("/hall")
    async def hall(socket: WebSocket, after: int = 0) -> None:
        await socket.accept()
        async with asyncio.TaskGroup() as group:

            async def tell() -> None:
                async for number, text in log.since(after):
                    await socket.send_text(json.dumps({"text": text, "number": number}))

            telling = group.create_task(tell())
            try:
                while True:
                    await log.add(await socket.receive_text())
            except WebSocketDisconnect:
                telling.cancel()

    return app


@right("1.2.5")
def hall_app(log: Log) -> FastAPI:
    """Two tasks; when the first one is done, so is the other. A router, a query."""
    app = FastAPI()
    router = APIRouter()

    async def tell(socket: WebSocket, after: int) -> None:
        async for number, text in log.since(after):
            await socket.send_json({"number": number, "text": text, "kind": "entry"})

    async def listen(socket: WebSocket) -> None:
        while (message := await socket.receive())["type"] == "websocket.receive":
            await log.add(message["text"])

    @router.websocket("/hall")
    async def hall(socket: WebSocket) -> None:
        await socket.accept()
        after = int(socket.query_params.get("after", 0))
        tasks = {
            asyncio.create_task(tell(socket, after)),
            asyncio.create_task(listen(socket)),
        }
        _, rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    app.include_router(router)
    return app


@right("1.2.5")
def hall_app(log: Log) -> FastAPI:
    """One task follows the log for all screens; what they missed is remembered."""
    entries: list[dict[str, Any]] = []
    screens: dict[WebSocket, asyncio.Queue] = {}

    async def broadcast():
        async for number, text in log.since(0):
            entries.append({"number": number, "text": text})
            for line in screens.values():
                line.put_nowait(entries[-1])

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        task = asyncio.create_task(broadcast())
        yield
        task.cancel()

    app = FastAPI(lifespan=lifespan)

    @app.websocket("/hall")
    async def hall(socket: WebSocket, after: int = 0) -> None:
        await socket.accept()
        line: asyncio.Queue = asyncio.Queue()
        for entry in entries[after:]:
            line.put_nowait(entry)
        screens[socket] = line

        async def tell():
            while True:
                await socket.send_json(await line.get())

        telling = asyncio.create_task(tell())
        try:
            while True:
                await log.add(await socket.receive_text())
        except WebSocketDisconnect:
            pass
        finally:
            del screens[socket]
            telling.cancel()

    return app
