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
    pages = count(1)
    numbers = count(1)
    app = FastAPI()

    @app.get("/products/{sku}")
    def product(sku: str) -> Any:
        """Client and server: a till cannot calculate with a web page."""
        page = f"<b>{sku}</b>, today only {find_cents(sku)} ct"
        return Response(page, media_type="text/html")

    @app.get("/catalogue")
    def catalogue() -> list[str]:
        """Stateless: of two clients that turn the pages, each misses some."""
        return skus_on(next(pages))

    @app.get("/basket")
    def basket(customer: Annotated[str, Header()], response: Response) -> str:
        """Cacheable: a cache on the way hands one customer's basket to the next."""
        response.headers["Cache-Control"] = "public, max-age=60"
        return f"the basket of {customer}"

    @app.get("/orders/{number}/cancel", status_code=204)
    def cancel(number: int) -> None:
        """Uniform interface: a browser that fetches links ahead cancels orders."""
        cancelled.add(number)

    @app.post("/orders", status_code=201)
    def order(response: Response) -> None:
        """Layered system: who came through a gateway is sent where it cannot get."""
        response.headers["Location"] = f"http://10.0.0.5/orders/{next(numbers)}"

    @app.get("/shipping.js")
    def shipping() -> Response:
        """Code on demand: browsers show this rule to people and do not run it."""
        return Response(SHIPPING_RULE, media_type="text/plain")

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
    app = FastAPI()
    numbers = count(1)
    baskets: dict[str, Basket] = {}

    @app.post("/basket/{sku}")
    def put(
        sku: str, response: Response, basket: Annotated[str, Cookie()] = ""
    ) -> Basket:
        if (cents := find_cents(sku)) is None:
            raise HTTPException(404)
        number = basket or str(next(numbers))
        content = baskets.setdefault(number, {})
        content[sku] = cents
        response.set_cookie("basket", number, httponly=True)
        return content

    @app.get("/basket")
    def show(basket: Annotated[str, Cookie()] = "") -> Basket:
        return baskets.get(basket, {})

    return app


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
    raise NotImplementedError


def order_cheapest(http: httpx2.Client, entry: str) -> int:
    """1.3.4  Why is a uniform interface critical for REST API scalability?

    Order in a shop that you have never seen; all you know is the address `entry`. Each
    JSON document there has `"links": {name: address}`, relative to its own address as
    on the web. Follow "products", then "next" as long as there is one. A page lists
    `"products"`, each with "cents" and its own "links". POST `{"pieces": 1}` to the
    link "order" of the cheapest one; return the "number" that you read.
    """
    raise NotImplementedError


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
    raise NotImplementedError
