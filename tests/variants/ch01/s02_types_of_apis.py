"""Other answers to section 1.2."""

import threading
import uuid
from contextlib import suppress
from itertools import count

import websockets
from fastapi.websockets import WebSocketDisconnect

from sensei.variants import right, wrong

QUERY = "query ($customer: String!) { orders(customer: $customer) { %s } }"
LIST = "number product { name }"


def fetched(http, customer, selection=LIST):
    """Return a customer's orders from GraphQL."""
    body = {"query": QUERY % selection, "variables": {"customer": customer}}
    return http.post("/graphql", json=body).json()["data"]["orders"]


@wrong("1.2.1", caught_by="test_q1_the_query_selects_only_the_fields_of_the_list")
def packing_list(http, customer):
    """Select every field, and take those of the list in Python."""
    everything = "number state address product { sku name cents description }"
    return [
        {"number": order["number"], "product": {"name": order["product"]["name"]}}
        for order in fetched(http, customer, everything)
    ]


@wrong("1.2.1", caught_by="test_q1_one_request_fetches_the_whole_list")
def packing_list(http, customer):
    """Send one query for the orders, and another one for the products."""
    numbers = fetched(http, customer, "number")
    products = fetched(http, customer, "product { name }")
    return [one | other for one, other in zip(numbers, products)]


@wrong("1.2.1", caught_by="test_q1_one_request_fetches_the_whole_list")
def packing_list(http, customer):
    """Use REST, which returns the same list."""
    return packing_list_by_rest(http, customer)


@wrong("1.2.1", caught_by="test_q1_the_name_is_sent_as_a_variable[quotes and braces]")
def packing_list(http, customer):
    """Write the name into the query."""
    query = f'{{ orders(customer: "{customer}") {{ {LIST} }} }}'
    return http.post("/graphql", json={"query": query}).json()["data"]["orders"]


@wrong("1.2.1", caught_by="test_q1_the_name_is_sent_as_a_variable")
def packing_list(http, customer):
    """Write the name into the query, with its quotes escaped."""
    query = f"{{ orders(customer: {json.dumps(customer)}) {{ {LIST} }} }}"
    return http.post("/graphql", json={"query": query}).json()["data"]["orders"]


@wrong("1.2.1", caught_by="test_q1_the_name_is_sent_as_a_variable")
def packing_list(http, customer):
    """Send a variable, but write the name into the query."""
    query = f"{{ orders(customer: {json.dumps(customer)}) {{ {LIST} }} }}"
    body = {"query": query, "variables": {"customer": customer}}
    return http.post("/graphql", json=body).json()["data"]["orders"]


@wrong("1.2.1", caught_by="test_q1_graphql_returns_the_same_list_as_rest[Mara]")
def packing_list(http, customer):
    """Return the whole response, with its "data"."""
    body = {"query": QUERY % LIST, "variables": {"customer": customer}}
    return http.post("/graphql", json=body).json()


@wrong("1.2.1", caught_by="test_q1_graphql_returns_the_same_list_as_rest[Jo]")
def packing_list(http, customer):
    """Select the field of the product as a field of the order."""
    return fetched(http, customer, "number name")


@wrong("1.2.1", caught_by="test_q1_graphql_returns_the_same_list_as_rest[Jo]")
def packing_list(http, customer):
    """Forget the variables."""
    body = {"query": QUERY % LIST}
    return http.post("/graphql", json=body).json()["data"]["orders"]


@wrong("1.2.1", caught_by="test_q1_graphql_returns_the_same_list_as_rest[Mara]")
def packing_list(http, customer):
    """Sort the orders by their numbers."""
    return sorted(fetched(http, customer), key=lambda order: order["number"])


@wrong("1.2.1", caught_by="test_q1_graphql_returns_the_same_list_as_rest[ Jo]")
def packing_list(http, customer):
    """Remove the spaces around the name."""
    return fetched(http, customer.strip())


@wrong("1.2.1", caught_by="test_q1_graphql_returns_the_same_list_as_rest[Mara]")
def packing_list(http, customer):
    """Send the variables as a text."""
    variables = json.dumps({"customer": customer})
    body = {"query": QUERY % LIST, "variables": variables}
    return http.post("/graphql", json=body).json()["data"]["orders"]


lists = {}


@wrong("1.2.1", caught_by="test_q1_the_list_is_fetched_for_every_call")
def packing_list(http, customer):
    """Keep the list of each customer."""
    if customer not in lists:
        lists[customer] = fetched(http, customer)
    return lists[customer]


@right("1.2.1")
def packing_list(http: httpx2.Client, customer: str):
    """Use a named operation with fragments, and another name for the variable."""
    query = """
        query PackingList($who: String!) { orders(customer: $who) { ...Row } }
        fragment Row on Order { number product { ...Shown } }
        fragment Shown on Product { name }
    """
    body = {
        "operationName": "PackingList",
        "query": query,
        "variables": {"who": customer},
    }
    response = http.request("POST", "/graphql", json=body)
    return response.raise_for_status().json()["data"]["orders"]


@right("1.2.1")
def packing_list(http: httpx2.Client, customer: str):
    """Use aliases, build the rows in Python, and encode the body by hand."""
    selection = "n: number p: product { title: name }"
    body = json.dumps({"query": QUERY % selection, "variables": {"customer": customer}})
    headers = {"Content-Type": "application/json"}
    response = http.post("/graphql", content=body, headers=headers)
    return [
        {"number": order["n"], "product": {"name": order["p"]["title"]}}
        for order in response.json()["data"]["orders"]
    ]


def receipt_for(order):
    """Return the receipt for a valid order."""
    fields = fields_of(order)
    try:
        number, total = place_order(fields["sku"], int(fields["pieces"]))
    except SoldOut as error:
        detail = new_element("SoldOut", left=error.left)
        raise Fault("Server", str(error), detail) from error
    return new_element("Receipt", number=number, total=total)


def check(order, contract):
    """Raise a fault if the contract does not allow the order."""
    if not contract.validate(order):
        raise Fault("Client", "no order")


@wrong(
    "1.2.2", caught_by="test_q2_an_order_that_the_contract_forbids_is_a_client_fault"
)
def handle_order(order, contract):
    """Believe that the client has validated everything."""
    return receipt_for(order)


@wrong("1.2.2", caught_by="test_q2_another_contract_has_other_rules")
def handle_order(order, contract):
    """Write the rules of the contract in Python."""
    fields = fields_of(order)
    if list(fields) != ["sku", "pieces"] or " " in fields["sku"]:
        raise Fault("Client", "no order")
    if not fields["pieces"].isdecimal() or not 1 <= int(fields["pieces"]) <= 99:
        raise Fault("Client", "no order")
    return receipt_for(order)


@wrong("1.2.2", caught_by="test_q2_another_contract_has_other_rules")
def handle_order(order, contract):
    """Always use `CONTRACT`."""
    check(order, etree.XMLSchema(etree.fromstring(CONTRACT)))
    return receipt_for(order)


@wrong("1.2.2", caught_by="test_q2_sold_out_is_a_server_fault_with_a_detail")
def handle_order(order, contract):
    """Let `SoldOut` pass through."""
    check(order, contract)
    fields = fields_of(order)
    number, total = place_order(fields["sku"], int(fields["pieces"]))
    return new_element("Receipt", number=number, total=total)


@wrong("1.2.2", caught_by="test_q2_sold_out_is_a_server_fault_with_a_detail")
def handle_order(order, contract):
    """Return the `SoldOut` element as an ordinary response."""
    check(order, contract)
    try:
        return receipt_for(order)
    except Fault as error:
        return error.detail


@wrong("1.2.2", caught_by="test_q2_sold_out_is_a_server_fault_with_a_detail")
def handle_order(order, contract):
    """Raise a fault with a text, and without a detail."""
    check(order, contract)
    try:
        return receipt_for(order)
    except Fault as error:
        raise Fault("Server", str(error)) from error


@wrong("1.2.2", caught_by="test_q2_sold_out_is_a_server_fault_with_a_detail[4]")
def handle_order(order, contract):
    """Write the number that is left into the fault as a text element."""
    check(order, contract)
    fields = fields_of(order)
    try:
        number, total = place_order(fields["sku"], int(fields["pieces"]))
    except SoldOut as error:
        raise Fault("Server", "Sold out.", new_element("left", left=error.left))
    return new_element("Receipt", number=number, total=total)


@wrong("1.2.2", caught_by="test_q2_sold_out_is_a_server_fault_with_a_detail")
def handle_order(order, contract):
    """Treat too many pieces as a mistake of the client."""
    check(order, contract)
    try:
        return receipt_for(order)
    except Fault as error:
        raise Fault("Client", str(error), error.detail) from error


@wrong("1.2.2", caught_by="test_q2_a_valid_order_returns_a_receipt")
def handle_order(order, contract):
    """Return the receipt of the example."""
    check(order, contract)
    return new_element("Receipt", number=7, total="59.70")


@wrong("1.2.2", caught_by="test_q2_a_valid_order_returns_a_receipt")
def handle_order(order, contract):
    """Pass the pieces as a string."""
    check(order, contract)
    number, total = place_order(**fields_of(order))
    return new_element("Receipt", number=number, total=total)


@wrong("1.2.2", caught_by="test_q2_the_receipt_is_the_one_of_the_contract")
def handle_order(order, contract):
    """Name the element after the operation."""
    check(order, contract)
    number, total = fields_of(receipt_for(order)).values()
    return new_element("OrderResponse", number=number, total=total)


@wrong("1.2.2", caught_by="test_q2_the_receipt_is_the_one_of_the_contract")
def handle_order(order, contract):
    """Write the total before the number."""
    check(order, contract)
    number, total = fields_of(receipt_for(order)).values()
    return new_element("Receipt", total=total, number=number)


@wrong("1.2.2", caught_by="test_q2_another_exception_passes_through")
def handle_order(order, contract):
    """Turn every exception into a fault."""
    check(order, contract)
    try:
        return receipt_for(order)
    except Fault:
        raise
    except Exception as error:
        raise Fault("Server", str(error)) from error


@wrong(
    "1.2.2", caught_by="test_q2_an_order_that_the_contract_forbids_is_a_client_fault"
)
def handle_order(order, contract):
    """Return the fault instead of raising it."""
    if not contract.validate(order):
        return Fault("Client", "no order")
    return receipt_for(order)


@wrong("1.2.2", caught_by="test_q2_sold_out_is_a_server_fault_with_a_detail")
def handle_order(order, contract):
    """Write the detail as a text."""
    check(order, contract)
    try:
        return receipt_for(order)
    except Fault as error:
        raise Fault("Server", str(error), etree.tostring(error.detail)) from error


@wrong("1.2.2", caught_by="test_q2_the_total_is_exact[12345678901234567.89]")
def handle_order(order, contract):
    """Convert the total to a float."""
    check(order, contract)
    number, total = fields_of(receipt_for(order)).values()
    return new_element("Receipt", number=number, total=float(total))


@wrong("1.2.2", caught_by="test_q2_the_total_is_exact[0.125]")
def handle_order(order, contract):
    """Write the total with two digits."""
    check(order, contract)
    number, total = fields_of(receipt_for(order)).values()
    return new_element("Receipt", number=number, total=f"{Decimal(total):.2f}")


@wrong("1.2.2", caught_by="test_q2_another_contract_has_other_rules")
def handle_order(order, contract):
    """Check the rules of `CONTRACT` in Python, too."""
    check(order, contract)
    if int(fields_of(order)["pieces"]) > 99:
        raise Fault("Client", "too many pieces")
    return receipt_for(order)


@wrong("1.2.2", caught_by="test_q2_another_exception_passes_through[error3]")
def handle_order(order, contract):
    """Turn the exceptions of a wrong type into a fault of the client."""
    check(order, contract)
    try:
        return receipt_for(order)
    except TypeError as error:
        raise Fault("Client", str(error)) from error


@wrong("1.2.2", caught_by="test_q2_spaces_around_the_values_are_no_part_of_them")
def handle_order(order, contract):
    """Use the texts as they are written."""
    check(order, contract)
    sku, pieces = (child.text for child in order)
    try:
        number, total = place_order(sku, int(pieces))
    except SoldOut as error:
        detail = new_element("SoldOut", left=error.left)
        raise Fault("Server", str(error), detail) from error
    return new_element("Receipt", number=number, total=total)


@right("1.2.2")
def handle_order(order: Any, contract: Any) -> Any:
    """Use `assertValid` and its exception, and read the children in their order."""
    try:
        contract.assertValid(order)
    except etree.DocumentInvalid as error:
        raise Fault("Client", str(error)) from error
    sku, pieces = (child.text.strip() for child in order)
    try:
        number, total = place_order(sku, int(pieces))
    except SoldOut as none:
        raise Fault("Server", "Sold out.", new_element("SoldOut", **vars(none)))
    return new_element("Receipt", number=number, total=f"{total:.3f}")


@right("1.2.2")
def handle_order(order: Any, contract: Any) -> Any:
    """Use findtext, a fault that is a subclass, and an element without the helper."""

    class Empty(Fault):
        def __init__(self, left: int) -> None:
            detail = etree.fromstring(
                f"<SoldOut xmlns='urn:shop'><left>{left}</left></SoldOut>"
            )
            super().__init__(code="Server", text="Sold out.", detail=detail)

    if contract.validate(order):
        sku, pieces = (
            order.findtext(f"{{urn:shop}}{f}").strip() for f in ("sku", "pieces")
        )
        try:
            receipt = dict(zip(("number", "total"), place_order(sku, int(pieces))))
        except SoldOut as error:
            raise Empty(error.left) from None
        return new_element("Receipt", **receipt)
    raise Fault(code="Client", text=str(contract.error_log))


@wrong("1.2.3", caught_by="test_q3_the_prices_and_the_news_are_returned[news first]")
def visit(address, skus):
    """Send a question, and take the next message as its reply."""
    prices = {}
    with connect(address) as socket:
        for sku in skus:
            socket.send(json.dumps({"ask": sku, "sku": sku}))
            prices[sku] = json.loads(socket.recv()).get("cents")
    return prices, []


@wrong("1.2.3", caught_by="test_q3_the_prices_and_the_news_are_returned[all of it]")
def visit(address, skus):
    """Wait for each reply before the next question."""
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


@wrong("1.2.3", caught_by="test_q3_one_websocket_fetches_all_prices")
def visit(address, skus):
    """Open a WebSocket for each question."""
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
    caught_by="test_q3_the_prices_and_the_news_are_returned[replies in reverse]",
)
def visit(address, skus):
    """Take the first reply for the reply to the first question."""
    replies, news = [], []
    with connect(address) as socket:
        for sku in skus:
            socket.send(json.dumps({"ask": sku, "sku": sku}))
        while len(replies) < len(skus):
            message = json.loads(socket.recv())
            if "news" in message:
                news.append(message["news"])
            else:
                replies.append(message.get("cents"))
    return dict(zip(skus, replies)), news


@wrong("1.2.3", caught_by="test_q3_the_prices_and_the_news_are_returned")
def visit(address, skus):
    """Wait until the server closes the connection."""
    prices, news = {}, []
    with connect(address) as socket:
        for sku in skus:
            socket.send(json.dumps({"ask": sku, "sku": sku}))
        for text in socket:
            message = json.loads(text)
            if "news" in message:
                news.append(message["news"])
            else:
                prices[message["ask"]] = message.get("cents")
    return prices, news


@wrong("1.2.3", caught_by="test_q3_the_websocket_is_closed_after_the_last_reply")
def visit(address, skus):
    """Leave the WebSocket open."""
    prices, news = {}, []
    socket = client.connect(address, proxy=None, legacy=True)
    for sku in skus:
        socket.send(json.dumps({"ask": sku, "sku": sku}))
    while len(prices) < len(set(skus)):
        message = json.loads(socket.recv())
        if "news" in message:
            news.append(message["news"])
        else:
            prices[message["ask"]] = message.get("cents")
    still_open.append(socket)
    return prices, news


still_open = []


@wrong("1.2.3", caught_by="test_q3_the_prices_and_the_news_are_returned[news first]")
def visit(address, skus):
    """Expect a price in every reply."""
    prices, news = {}, []
    with connect(address) as socket:
        for sku in set(skus):
            socket.send(json.dumps({"ask": sku, "sku": sku}))
        while len(prices) < len(set(skus)):
            message = json.loads(socket.recv())
            if "news" in message:
                news.append(message["news"])
            else:
                prices[message["ask"]] = message["cents"]
    return prices, news


@wrong("1.2.3", caught_by="test_q3_the_prices_and_the_news_are_returned")
def visit(address, skus):
    """Return None for a price of 0."""
    prices, news = {}, []
    with connect(address) as socket:
        for sku in set(skus):
            socket.send(json.dumps({"ask": sku, "sku": sku}))
        while len(prices) < len(set(skus)):
            message = json.loads(socket.recv())
            if "news" in message:
                news.append(message["news"])
            else:
                prices[message["ask"]] = message.get("cents") or None
    return prices, news


@wrong("1.2.3", caught_by="test_q3_the_prices_and_the_news_are_returned[news first]")
def visit(address, skus):
    """Receive as many messages as there are questions."""
    prices, news = {}, []
    with connect(address) as socket:
        for sku in skus:
            socket.send(json.dumps({"ask": sku, "sku": sku}))
        for message in [json.loads(socket.recv()) for _ in skus]:
            if "news" in message:
                news.append(message["news"])
            else:
                prices[message["ask"]] = message.get("cents")
    return prices, news


@wrong("1.2.3", caught_by="test_q3_the_prices_and_the_news_are_returned[empty news]")
def visit(address, skus):
    """Take empty news for a reply."""
    prices, news = {}, []
    with connect(address) as socket:
        for sku in skus:
            socket.send(json.dumps({"ask": sku, "sku": sku}))
        while len(prices) < len(skus):
            message = json.loads(socket.recv())
            if message.get("news"):
                news.append(message["news"])
            else:
                prices[message.get("ask")] = message.get("cents")
    return prices, news


remembered = []


@wrong("1.2.3", caught_by="test_q3_a_second_visit_has_its_own_prices_and_news")
def visit(address, skus):
    """Keep the news of earlier visits."""
    prices = {}
    with connect(address) as socket:
        for sku in skus:
            socket.send(json.dumps({"ask": sku, "sku": sku}))
        while len(prices) < len(skus):
            message = json.loads(socket.recv())
            if "news" in message:
                remembered.append(message["news"])
            else:
                prices[message["ask"]] = message.get("cents")
    return prices, remembered


@wrong("1.2.3", caught_by="test_q3_the_websocket_is_closed_after_the_last_reply")
def visit(address, skus):
    """Send each question twice, to be sure."""
    prices, news = {}, []
    with connect(address) as socket:
        for sku in [*skus, *skus]:
            socket.send(json.dumps({"ask": sku, "sku": sku}))
        while len(prices) < len(skus):
            message = json.loads(socket.recv())
            if "news" in message:
                news.append(message["news"])
            else:
                prices[message["ask"]] = message.get("cents")
    return prices, news


@right("1.2.3")
def visit(address: str, skus: list[str]):
    """Number the questions, keep those that wait for a reply, and use `match`."""
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
    """Use the asyncio client: one task sends, another one receives."""

    async def talk():
        prices, news, numbers = {}, [], count()
        async with websockets.connect(address, proxy=None) as socket:

            async def ask():
                for sku in set(skus):
                    question = {"ask": f"{next(numbers)} {sku}", "sku": sku}
                    await socket.send(json.dumps(question))

            asking = asyncio.create_task(ask())
            async for text in socket:
                message = json.loads(text)
                if "ask" in message:
                    prices[message["ask"].split()[1]] = message.get("cents")
                else:
                    news += [message["news"]]
                if prices.keys() == set(skus):
                    break
            await asking
        return prices, news

    return asyncio.run(talk())


@right("1.2.3")
def visit(address: str, skus: list[str]):
    """Choose random numbers, and send from a thread."""
    waiting = {uuid.uuid4().hex: sku for sku in skus}
    questions = list(waiting.items())
    prices: dict[str, int | None] = dict.fromkeys(skus)
    news: list[str] = []
    with connect(address) as socket:

        def ask() -> None:
            for number, sku in questions:
                socket.send(json.dumps({"ask": number, "sku": sku}))

        sender = threading.Thread(target=ask)
        sender.start()
        while waiting:
            message = json.loads(socket.recv())
            if "ask" not in message:
                news.append(message["news"])
            elif "cents" in message:
                prices[waiting.pop(message["ask"])] = message["cents"]
            else:
                del waiting[message["ask"]]
        sender.join()
    return prices, news


@wrong("1.2.4", caught_by="test_q4_a_changed_message_returns_none[with_more_pieces]")
def signed_order(envelope, key):
    """Trust every order in an envelope."""
    return None if envelope.order is None else fields_of(envelope.order)


@wrong("1.2.4", caught_by="test_q4_a_changed_message_returns_none[without_a_header]")
def signed_order(envelope, key):
    """Check the signature only if there is one."""
    signature = envelope.header.get("Signature")
    if envelope.order is None:
        return None
    if signature and signature != sign(envelope.order, key):
        return None
    return fields_of(envelope.order)


@wrong("1.2.4", caught_by="test_q4_a_changed_message_returns_none[with_more_pieces]")
def signed_order(envelope, key):
    """Trust every message that has a signature."""
    if envelope.order is None or "Signature" not in envelope.header:
        return None
    return fields_of(envelope.order)


@wrong("1.2.4", caught_by="test_q4_a_changed_message_returns_none[without_a_signature]")
def signed_order(envelope, key):
    """Expect a signature in every header."""
    if envelope.order is None or not envelope.header:
        return None
    if envelope.header["Signature"] != sign(envelope.order, key):
        return None
    return fields_of(envelope.order)


@wrong("1.2.4", caught_by="test_q4_a_signed_order_is_returned[adds_a_header-3]")
def signed_order(envelope, key):
    """Take the first text in the header for the signature."""
    signature = next(iter(envelope.header.values()), None)
    if envelope.order is None or signature != sign(envelope.order, key):
        return None
    return fields_of(envelope.order)


@wrong("1.2.4", caught_by="test_q4_a_changed_message_returns_none[without_an_order]")
def signed_order(envelope, key):
    """Expect an order in every envelope."""
    if envelope.header.get("Signature") != sign(envelope.order, key):
        return None
    return fields_of(envelope.order)


@wrong("1.2.4", caught_by="test_q4_another_signature_returns_none[not ASCII]")
def signed_order(envelope, key):
    """Call `compare_digest` with strings, which have to be ASCII."""
    if envelope.order is None:
        return None
    received = envelope.header.get("Signature", "")
    if not hmac.compare_digest(received, sign(envelope.order, key)):
        return None
    return fields_of(envelope.order)


@wrong(
    "1.2.4",
    caught_by="test_q4_another_signature_returns_none"
    "[only the beginning of the right one]",
)
def signed_order(envelope, key):
    """Compare only as many characters as arrived."""
    received = envelope.header.get("Signature")
    if envelope.order is None or not received:
        return None
    if not sign(envelope.order, key).startswith(received):
        return None
    return fields_of(envelope.order)


@wrong("1.2.4", caught_by="test_q4_a_signed_order_is_returned[writes_other_prefixes-3]")
def signed_order(envelope, key):
    """Sign the bytes of the order as they were written, without a canonical form."""
    if envelope.order is None:
        return None
    own = hmac.new(key, etree.tostring(envelope.order), "sha256").hexdigest()
    return (
        fields_of(envelope.order) if envelope.header.get("Signature") == own else None
    )


@wrong("1.2.4", caught_by="test_q4_an_order_with_spaces_around_its_fields_is_returned")
def signed_order(envelope, key):
    """Return all texts of the order in turn."""
    order = envelope.order
    if order is None or envelope.header.get("Signature") != sign(order, key):
        return None
    sku, pieces = order.itertext()
    return {"sku": sku, "pieces": pieces}


@wrong("1.2.4", caught_by="test_q4_another_signature_returns_none[not ASCII]")
def signed_order(envelope, key):
    """Encode the signature as Latin-1."""
    if envelope.order is None:
        return None
    received = envelope.header.get("Signature", "").encode("latin-1")
    if not hmac.compare_digest(received, sign(envelope.order, key).encode()):
        return None
    return fields_of(envelope.order)


@wrong("1.2.4", caught_by="test_q4_an_order_without_fields_is_an_order")
def signed_order(envelope, key):
    """Take an order without fields for no order."""
    if envelope.order is None or len(envelope.order) == 0:
        return None
    if envelope.header.get("Signature") != sign(envelope.order, key):
        return None
    return fields_of(envelope.order)


@wrong("1.2.4", caught_by="test_q4_every_field_of_the_order_is_returned")
def signed_order(envelope, key):
    """Return only the fields that have a text."""
    order = envelope.order
    if order is None or envelope.header.get("Signature") != sign(order, key):
        return None
    return {name: text for name, text in fields_of(order).items() if text}


@wrong("1.2.4", caught_by="test_q4_every_field_of_the_order_is_returned")
def signed_order(envelope, key):
    """Return only the fields of the example."""
    order = envelope.order
    if order is None or envelope.header.get("Signature") != sign(order, key):
        return None
    fields = fields_of(order)
    return {"sku": fields.get("sku"), "pieces": fields.get("pieces")}


@wrong(
    "1.2.4",
    caught_by="test_q4_another_signature_returns_none"
    "[the right one and an accented letter]",
)
def signed_order(envelope, key):
    """Ignore the characters that are not ASCII."""
    received = envelope.header.get("Signature", "").encode("ascii", "ignore")
    order = envelope.order
    if order is None or not hmac.compare_digest(received, sign(order, key).encode()):
        return None
    return fields_of(order)


@wrong(
    "1.2.4",
    caught_by="test_q4_another_signature_returns_none[the right one in capitals]",
)
def signed_order(envelope, key):
    """Accept small and capital letters, and spaces around them."""
    received = envelope.header.get("Signature", "").strip().lower()
    order = envelope.order
    if order is None or received != sign(order, key):
        return None
    return fields_of(order)


known_signatures = set()


@wrong("1.2.4", caught_by="test_q4_a_signature_is_right_for_its_own_order_only")
def signed_order(envelope, key):
    """Keep the signatures that were right, to compute each of them once."""
    received, order = envelope.header.get("Signature", ""), envelope.order
    if order is None:
        return None
    if received not in known_signatures and received != sign(order, key):
        return None
    known_signatures.add(received)
    return fields_of(order)


@wrong(
    "1.2.4",
    caught_by="test_q4_a_changed_message_returns_none"
    "[with_a_signature_header_in_small_letters]",
)
def signed_order(envelope, key):
    """Read the header as HTTP headers are read, in small or capital letters."""
    header = {name.lower(): text for name, text in envelope.header.items()}
    order = envelope.order
    if order is None or header.get("signature") != sign(order, key):
        return None
    return fields_of(order)


@right("1.2.4")
def signed_order(envelope: Envelope, key: bytes):
    """Compare strings, in one expression."""
    order, header = envelope.order, envelope.header
    is_signed = order is not None and header.get("Signature") == sign(order, key)
    return fields_of(order) if is_signed else None


@right("1.2.4")
def signed_order(envelope: Envelope, key: bytes):
    """Expect the usual case, and catch the exceptions of the others."""
    try:
        received = envelope.header["Signature"].encode()
        expected = sign(envelope.order, key).encode()
    except (KeyError, TypeError):
        return None
    if hmac.compare_digest(received, expected):
        return {
            etree.QName(one).localname: (one.text or "").strip()
            for one in envelope.order
        }
    return None


@wrong("1.2.5", caught_by="test_q5_a_screen_that_sends_nothing_receives_new_entries")
async def serve_screen(socket, log, after):
    """Send an entry only after the screen has sent a text."""
    entries = log.since(after)
    async for text in socket.iter_text():
        await log.add(text)
        number, text = await anext(entries)
        await socket.send_json({"number": number, "text": text})


screens = []
numbers = count(1)


@wrong("1.2.5", caught_by="test_q5_a_screen_that_sends_nothing_receives_new_entries")
async def serve_screen(socket, log, after):
    """Send each text to all screens, and use the log only as an archive."""
    screens.append(socket)
    try:
        async for text in socket.iter_text():
            await log.add(text)
            entry = {"number": next(numbers), "text": text}
            for screen in screens:
                await screen.send_json(entry)
    finally:
        screens.remove(socket)


async def send_from(socket, log, after):
    """Send the entries after a number."""
    async for number, text in log.since(after):
        await socket.send_json({"number": number, "text": text})


@wrong(
    "1.2.5",
    caught_by="test_q5_a_screen_that_reconnects_receives_what_it_missed[after 2]",
)
async def serve_screen(socket, log, after):
    """Begin with the first entry, also when a screen reconnects."""
    task = asyncio.create_task(send_from(socket, log, 0))
    async for text in socket.iter_text():
        await log.add(text)
    task.cancel()


@wrong(
    "1.2.5",
    caught_by="test_q5_a_screen_that_reconnects_receives_what_it_missed[after 2]",
)
async def serve_screen(socket, log, after):
    """Begin with the entry `after` itself."""
    task = asyncio.create_task(send_from(socket, log, max(after - 1, 0)))
    async for text in socket.iter_text():
        await log.add(text)
    task.cancel()


tasks = set()


@wrong("1.2.5", caught_by="test_q5_nobody_reads_the_log_for_a_screen_that_left")
async def serve_screen(socket, log, after):
    """Let the task run when the function returns."""
    tasks.add(asyncio.create_task(send_from(socket, log, after)))
    async for text in socket.iter_text():
        await log.add(text)


@wrong("1.2.5", caught_by="test_q5_nobody_reads_the_log_for_a_screen_that_left")
async def serve_screen(socket, log, after):
    """Wait for both tasks, of which one never ends."""

    async def receive():
        async for text in socket.iter_text():
            await log.add(text)

    await asyncio.gather(receive(), send_from(socket, log, after))


@wrong(
    "1.2.5",
    caught_by="test_q5_every_screen_receives_what_one_of_them_sends[two texts]",
)
async def serve_screen(socket, log, after):
    """First send all entries, then receive."""
    await send_from(socket, log, after)
    async for text in socket.iter_text():
        await log.add(text)


@wrong("1.2.5", caught_by="test_q5_nobody_reads_the_log_for_a_screen_that_left")
async def serve_screen(socket, log, after):
    """Cancel the task only if there was no exception."""
    task = asyncio.create_task(send_from(socket, log, after))
    tasks.add(task)
    while True:
        await log.add(await socket.receive_text())
    task.cancel()


@wrong("1.2.5", caught_by="test_q5_a_screen_that_sends_nothing_receives_new_entries")
async def serve_screen(socket, log, after):
    """Look for new entries each second."""

    async def tell(number):
        while True:
            for text in log._texts[number:]:
                number += 1
                await socket.send_json({"number": number, "text": text})
            await asyncio.sleep(1)

    task = asyncio.create_task(tell(after))
    async for text in socket.iter_text():
        await log.add(text)
    task.cancel()


@wrong(
    "1.2.5",
    caught_by="test_q5_every_screen_receives_what_one_of_them_sends[an empty text]",
)
async def serve_screen(socket, log, after):
    """Take an empty text for the end of the connection."""
    task = asyncio.create_task(send_from(socket, log, after))
    with suppress(WebSocketDisconnect):
        while text := await socket.receive_text():
            await log.add(text)
    task.cancel()


@wrong(
    "1.2.5", caught_by="test_q5_every_screen_receives_what_one_of_them_sends[spaces]"
)
async def serve_screen(socket, log, after):
    """Remove the spaces around a text."""
    task = asyncio.create_task(send_from(socket, log, after))
    async for text in socket.iter_text():
        await log.add(text.strip())
    task.cancel()


@right("1.2.5")
async def serve_screen(socket: WebSocket, log: Log, after: int) -> None:
    """Use a task group, whose first task ends the other one."""
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


@right("1.2.5")
async def serve_screen(socket: WebSocket, log: Log, after: int) -> None:
    """Run two tasks, and cancel the second when the first one is done."""

    async def tell() -> None:
        async for number, text in log.since(after):
            await socket.send_json({"number": number, "text": text})

    async def listen() -> None:
        while (message := await socket.receive())["type"] == "websocket.receive":
            await log.add(message["text"])

    running = {asyncio.create_task(tell()), asyncio.create_task(listen())}
    _, rest = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


@right("1.2.5")
async def serve_screen(socket: WebSocket, log: Log, after: int) -> None:
    """Send in the function itself, and receive in a task that cancels it."""
    sending = asyncio.current_task()
    left = False

    async def receive() -> None:
        nonlocal left
        async for text in socket.iter_text():
            await log.add(text)
        left = True
        sending.cancel()

    receiving = asyncio.create_task(receive())
    try:
        async for number, text in log.since(after):
            await socket.send_json({"number": number, "text": text})
    except asyncio.CancelledError:
        if not left:
            raise
    finally:
        receiving.cancel()


@wrong("1.2.5", caught_by="test_q5_every_screen_receives_what_one_of_them_sends")
async def serve_screen(socket, log, after):
    """Send the text alone, without its number."""

    async def tell():
        async for _, text in log.since(after):
            await socket.send_text(text)

    task = asyncio.create_task(tell())
    async for text in socket.iter_text():
        await log.add(text)
    task.cancel()
