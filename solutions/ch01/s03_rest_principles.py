"""1.3  REST API Principles.

REST is the style of the web: rules that let clients, servers and whatever stands
between them know little of one another. A rule's purpose shows where it is broken.
"""

import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from itertools import count
from typing import Annotated, Any

import httpx2
import strawberry
from fastapi import Cookie, FastAPI, Header, HTTPException, Response
from strawberry.fastapi import GraphQLRouter


def find_cents(sku: str) -> int | None:
    """Stand in for the database; return what a product costs today."""
    return {"desk": 14900, "ink": 700, "lamp": 1990, "pen": 250}.get(sku)


def skus_on(page: int) -> list[str]:
    """Stand in for the database; return a page of the catalogue, the first is 1."""
    return ["desk", "ink", "lamp", "pen", "vase"][2 * page - 2 : 2 * page]


SHIPPING_RULE = "function shipping(cents) { return cents < 5000 ? 490 : 0 }"


def shop_app(cancelled: set[int]) -> FastAPI:
    """1.3.1  What are the six architectural constraints of REST?

    Each endpoint breaks one of the six; its docstring says which, and what comes of it.
    Repair each in one to three lines. Then a product is `{"sku": …, "cents": …}`, the
    catalogue is asked for `?page=1`, `DELETE /orders/{number}` cancels an order, and
    the rest keeps its place and its content.
    """
    # region answer
    # In words: client and server are separate (data here, presentation there); each
    # request is complete in itself (stateless); each answer says whether it may be
    # kept (cacheable); all speak one language of addresses, methods, statuses and
    # media types (uniform interface); nobody sees past its neighbour (layered system);
    # and a server may send code for the client to run (code on demand, optional).
    # stub: pages = count(1)
    # endregion
    numbers = count(1)
    app = FastAPI()

    @app.get("/products/{sku}")
    def product(sku: str) -> Any:
        """Client and server: a till cannot calculate with a web page."""
        # region answer
        return {"sku": sku, "cents": find_cents(sku)}
        # stub: page = f"<b>{sku}</b>, today only {find_cents(sku)} ct"
        # stub: return Response(page, media_type="text/html")
        # endregion

    @app.get("/catalogue")
    # region answer
    def catalogue(page: int) -> list[str]:
        """Stateless: of two clients that turn the pages, each misses some."""
        return skus_on(page)

    # stub: def catalogue() -> list[str]:
    # stub:     """Stateless: of two clients that turn the pages, each misses some."""
    # stub:     return skus_on(next(pages))
    # endregion

    @app.get("/basket")
    def basket(customer: Annotated[str, Header()], response: Response) -> str:
        """Cacheable: a cache on the way hands one customer's basket to the next."""
        # region answer
        response.headers["Cache-Control"] = "private, no-store"
        # stub: response.headers["Cache-Control"] = "public, max-age=60"
        # endregion
        return f"the basket of {customer}"

    # region answer
    @app.delete("/orders/{number}", status_code=204)
    # stub: @app.get("/orders/{number}/cancel", status_code=204)
    # endregion
    def cancel(number: int) -> None:
        """Uniform interface: a browser that fetches links ahead cancels orders."""
        cancelled.add(number)

    @app.post("/orders", status_code=201)
    def order(response: Response) -> None:
        """Layered system: who came through a gateway is sent where it cannot get."""
        # region answer
        response.headers["Location"] = f"/orders/{next(numbers)}"
        # stub: response.headers["Location"] = f"http://10.0.0.5/orders/{next(numbers)}"
        # endregion

    @app.get("/shipping.js")
    def shipping() -> Response:
        """Code on demand: browsers show this rule to people and do not run it."""
        # region answer
        return Response(SHIPPING_RULE, media_type="text/javascript")
        # stub: return Response(SHIPPING_RULE, media_type="text/plain")
        # endregion

    return app


Basket = dict[str, int]  # what each product cost when it was put in


def seal(basket: Basket, secret: str) -> str:
    """Return a text for a cookie; only who knows `secret` can write such a text."""
    text = json.dumps(basket).encode().hex()
    return f"{text}.{hmac.new(secret.encode(), text.encode(), 'sha256').hexdigest()}"


def unseal(sealed: str, secret: str) -> Basket:
    """Return the basket in a text of `seal`; an empty one for any other text."""
    text, _, signature = sealed.encode().partition(b".")
    expected = hmac.new(secret.encode(), text, "sha256").hexdigest()
    if not hmac.compare_digest(signature, expected.encode()):
        return {}
    basket: Basket = json.loads(bytes.fromhex(text.decode()))
    return basket


def basket_app(secret: str) -> FastAPI:
    """1.3.2  Why is statelessness important in REST API design?

    The shop runs in several processes that share nothing but `secret`; a switch hands
    requests to each in turn, and any process may be replaced at any time. So baskets
    get lost and mixed up. Repair this: the basket travels with the client, in the
    cookie `basket`, and nobody without the secret can forge one.
    """
    # region answer
    # In words: a stateless server keeps nothing between the requests of a client; each
    # request brings all that is needed to understand it. So any instance can answer
    # it: instances are added, replaced and lost without anybody noticing, and none
    # fills up with sessions. What the client carries is signed, for it might lie.
    app = FastAPI()

    @app.post("/basket/{sku}")
    def put(
        sku: str, response: Response, basket: Annotated[str, Cookie()] = ""
    ) -> Basket:
        if (cents := find_cents(sku)) is None:
            raise HTTPException(404)
        content = unseal(basket, secret) | {sku: cents}
        response.set_cookie("basket", seal(content, secret), httponly=True)
        return content

    @app.get("/basket")
    def show(basket: Annotated[str, Cookie()] = "") -> Basket:
        return unseal(basket, secret)

    return app
    # stub: app = FastAPI()
    # stub: numbers = count(1)
    # stub: baskets: dict[str, Basket] = {}
    # stub:
    # stub: @app.post("/basket/{sku}")
    # stub: def put(
    # stub:     sku: str, response: Response, basket: Annotated[str, Cookie()] = ""
    # stub: ) -> Basket:
    # stub:     if (cents := find_cents(sku)) is None:
    # stub:         raise HTTPException(404)
    # stub:     number = basket or str(next(numbers))
    # stub:     content = baskets.setdefault(number, {})
    # stub:     content[sku] = cents
    # stub:     response.set_cookie("basket", number, httponly=True)
    # stub:     return content
    # stub:
    # stub: @app.get("/basket")
    # stub: def show(basket: Annotated[str, Cookie()] = "") -> Basket:
    # stub:     return baskets.get(basket, {})
    # stub:
    # stub: return app
    # endregion


def find_label(order: int) -> bytes | None:
    """Stand in for the carrier; return the parcel label of an order as a PDF."""
    return b"%PDF-1.4 parcel to Ulm" if order == 17 else None


@strawberry.type
class Query:
    """What the shop answers in GraphQL."""

    @strawberry.field
    def cents(self, sku: str) -> int | None:
        """Return the price of a product."""
        return find_cents(sku)

    @strawberry.field
    def label(self, order: int) -> str | None:
        """Return the label of an order in Base64, for JSON has no bytes."""
        label = find_label(order)
        return None if label is None else b64encode(label).decode()


def graphql_app() -> FastAPI:
    """Return the shop that answers GraphQL, at `POST /graphql`, and nothing else."""
    app = FastAPI()
    app.include_router(GraphQLRouter(strawberry.Schema(Query)), prefix="/graphql")
    return app


def prices_app() -> FastAPI:
    """1.3.3  Describe a use case where a REST API is more suitable than a GraphQL API.

    Thousands ask for the same prices, through caches that keep what HTTP lets them.
    Return `graphql_app()` with `GET /products/{sku}` added, which answers
    `{"sku": …, "cents": …}` or 404. For 60 seconds (`Cache-Control`) no cache needs to
    ask again. Later it sends the last answer's `ETag` in `If-None-Match`, and while the
    price is the same, it gets a 304 without content.
    """
    # region answer
    # In words: data that many read and few change, like a catalogue. A GET has an
    # address, so every browser, proxy and CDN can keep the answer for the time that
    # the server grants, and most requests never reach it. A GraphQL query is as a rule
    # a POST to the one address of all queries, which no cache on the way may keep.
    app = graphql_app()

    @app.get("/products/{sku}")
    def product(
        sku: str,
        response: Response,
        if_none_match: Annotated[str, Header()] = "",
    ) -> Any:
        if (cents := find_cents(sku)) is None:
            raise HTTPException(404)
        tag = f'"{cents}"'
        headers = {"Cache-Control": "public, max-age=60", "ETag": tag}
        if tag in if_none_match:  # which may list several, each in its quotes
            return Response(status_code=304, headers=headers)
        response.headers.update(headers)
        return {"sku": sku, "cents": cents}

    return app
    # endregion


def order_cheapest(http: httpx2.Client, entry: str) -> int:
    """1.3.4  Why is a uniform interface critical for REST API scalability?

    Order in a shop that you have never seen; all you know is the address `entry`. Each
    JSON document there has `"links": {name: address}`, relative to its own address as
    on the web. Follow "products", then "next" as long as there is one. A page lists
    `"products"`, each with "cents" and its own "links". POST `{"pieces": 1}` to the
    link "order" of the cheapest one; return the "number" that you read.
    """
    # region answer
    # In words: addresses, a few methods with a known meaning, media types and links are
    # the same for all servers. So a client needs to know nothing but an entry, and the
    # server may move its parts to as many machines as it needs. Caches, proxies and
    # load balancers help every service alike, since they understand each message.
    offers: dict[httpx2.URL, int] = {}
    answer = http.get(entry)
    link = answer.json()["links"]["products"]
    while link:
        answer = http.get(answer.url.join(link))
        page = answer.json()
        for product in page["products"]:
            offers[answer.url.join(product["links"]["order"])] = product["cents"]
        link = page["links"].get("next")
    cheapest = min(offers, key=offers.__getitem__)
    number: int = http.post(cheapest, json={"pieces": 1}).json()["number"]
    return number
    # endregion


LABEL = "query ($order: Int!) { label(order: $order) }"


def printer(http: httpx2.Client, order: int) -> bytes | str:
    """Be the label printer of the warehouse; return the paper, or what it displays.

    It can GET, read a status and a media type, and print. Nobody will teach it more.
    """
    answer = http.get(f"/labels/{order}.pdf")
    if answer.status_code >= 500:
        return "Later again."
    if answer.status_code >= 400:
        return "There is no such label."
    if answer.headers.get("Content-Type") != "application/pdf":
        return "What is this?"
    return answer.content


def label_app(ask: Callable[[str, dict[str, Any]], dict[str, Any]]) -> FastAPI:
    """1.3.5  Describe a scenario where REST is preferred over GraphQL.

    A `printer` needs labels from a shop that speaks GraphQL: `ask(LABEL, variables)`
    returns the JSON that the shop answers. Return an app that puts them where the
    printer can use them. A label that is null does not exist; where the answer has
    "errors", nobody knows, and the printer has to come again later.
    """
    # region answer
    # In words: wherever the other side is not yours and speaks plain HTTP: printers,
    # browsers that follow a link, monitoring, a partner's script. REST tells them all
    # with an address, a status, a media type and the bytes. GraphQL puts success,
    # failure and Base64 into a JSON that says 200, which takes a client that knows it.
    app = FastAPI()

    @app.get("/labels/{order}.pdf")
    def label(order: int) -> Response:
        answer = ask(LABEL, {"order": order})
        if answer.get("errors"):
            raise HTTPException(502)
        encoded = answer["data"]["label"]
        if encoded is None:
            raise HTTPException(404)
        return Response(b64decode(encoded), media_type="application/pdf")

    return app
    # endregion
