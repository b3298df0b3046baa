"""1.3  REST API principles.

REST (Representational State Transfer) is the style of the web: six constraints that an
API follows, so that caches, proxies and clients can work with it without knowing it.
Notes: content/docs/api-fundamentals/rest-api-principles.md
"""

import hmac
import json
from base64 import b64decode
from itertools import count
from typing import Annotated, Any

import httpx2
from fastapi import Cookie, FastAPI, Header, HTTPException, Request, Response


def products_on(page: int) -> list[str]:
    """Return the products on a page of the catalogue. The first page is 1."""
    return ["chair", "desk", "lamp", "pen", "vase"][2 * page - 2 : 2 * page]


def shop_app(cancelled: set[int]) -> FastAPI:
    """1.3.1  What are the six architectural constraints of REST?

    The shop below has an endpoint for each of the six constraints. Repair the first
    three endpoints. Do not change the last three: they follow their constraint.

    - Stateless: `GET /catalogue?page=2` returns the products on page 2, and the server
      counts no requests. Today it counts them, so two clients miss pages.
    - Cacheable: no shared cache sends a customer's basket to another customer. Today
      it may do so for a minute.
    - Uniform interface: `DELETE /orders/7` cancels order 7, and no `GET` cancels an
      order. Today a program that opens the link for a preview cancels the order.
    """
    app = FastAPI()
    numbers = count(1)

    pages = count(1)

    @app.get("/catalogue")
    def read_catalogue() -> list[str]:
        """Stateless: each request contains all that the server needs."""
        return products_on(next(pages))

    @app.get("/basket")
    def read_basket(customer: Annotated[str, Header()], response: Response) -> str:
        """Cacheable: each response says whether a cache may store it."""
        response.headers["Cache-Control"] = "public, max-age=60"
        return f"the basket of {customer}"

    @app.get("/orders/{number}/cancel", status_code=204)
    def cancel_order(number: int) -> None:
        """Uniform interface: a method has the same meaning for every resource."""
        cancelled.add(number)

    @app.get("/products/{name}")
    def read_product(name: str) -> dict[str, object]:
        """Client-server: the server sends data, the client decides how to show it."""
        return {"name": name, "cents": 1990}

    @app.post("/orders", status_code=201)
    def place_order(response: Response) -> None:
        """Layered system: the client finds the order through any proxy."""
        response.headers["Location"] = f"/orders/{next(numbers)}"

    @app.get("/shipping.js")
    def read_shipping_costs() -> Response:
        """Code on demand (optional): the client runs code from the server."""
        code = "function shipping(cents) { return cents < 5000 ? 490 : 0 }"
        return Response(code, media_type="text/javascript")

    return app


def find_cents(product: str) -> int | None:
    """Return the price of a product in cents, or None if the shop does not sell it."""
    return {"desk": 14900, "lamp": 1990, "pen": 250}.get(product)


Basket = dict[str, int]  # each product with its price in cents


def seal(basket: Basket, secret: str) -> str:
    """Return a text that contains the basket and a signature."""
    text = json.dumps(basket).encode().hex()
    return f"{text}.{hmac.new(secret.encode(), text.encode(), 'sha256').hexdigest()}"


def unseal(sealed: str, secret: str) -> Basket:
    """Return the basket in a text of `seal`, or {} if the signature is wrong."""
    text, _, signature = sealed.encode().partition(b".")
    expected = hmac.new(secret.encode(), text, "sha256").hexdigest()
    if not hmac.compare_digest(signature, expected.encode()):
        return {}
    basket: Basket = json.loads(bytes.fromhex(text.decode()))
    return basket


def basket_app(secret: str) -> FastAPI:
    """1.3.2  Why is statelessness important in REST API design?

    The shop runs in several processes, which share nothing but `secret`. A load
    balancer sends each request to the next process. Today each process keeps baskets in
    its memory, so customers lose products or see the basket of somebody else. Repair
    this: keep the whole basket in the cookie `basket` of the customer.

    - A customer always gets the whole basket, also if different processes handle the
      requests, and after a restart of all processes.
    - The cookie is signed with `secret`, so that customers cannot change a price. For a
      cookie without the correct signature, the basket is empty, or the status code is
      400.
    - A product that the shop does not sell still returns 404.

    Given: `seal` signs a basket, and `unseal` checks the signature.

    Example of one customer:
        POST /basket/lamp  ->  {"lamp": 1990}
        POST /basket/pen  ->  {"lamp": 1990, "pen": 250}
        GET /basket  ->  {"lamp": 1990, "pen": 250}
    """
    app = FastAPI()

    baskets: dict[str, Basket] = {}

    @app.post("/basket/{product}")
    def add_product(
        product: str, response: Response, basket: Annotated[str, Cookie()] = ""
    ) -> Basket:
        if (cents := find_cents(product)) is None:
            raise HTTPException(404)
        number = basket or str(len(baskets) + 1)
        content = baskets.setdefault(number, {})
        content[product] = cents
        response.set_cookie("basket", number, httponly=True)
        return content

    @app.get("/basket")
    def read_basket(basket: Annotated[str, Cookie()] = "") -> Basket:
        return baskets.get(basket, {})

    return app


def prices_app() -> FastAPI:
    """1.3.3  Describe a use case where a REST API is more suitable than a GraphQL API.

    Thousands of customers read the same prices. Caches between them and the shop can
    store the response to a `GET`. They do not store the response to a GraphQL query,
    which is usually a `POST`. Make the endpoint below cacheable. The body of a price
    and the 404 of an unknown product stay as they are.

    - Every cache, also a shared one, can use a price for 60 seconds without asking the
      shop. Say so in `Cache-Control`.
    - Each price is sent with an `ETag` in double quotes. The `ETag` changes when the
      price changes, and only then. It is the same in every process of the shop.
    - If the header `If-None-Match` of a request is the current `ETag`, return 304.

    Given: after 60 seconds, a cache sends the `ETag` that it has stored in
    `If-None-Match`. A 304 allows it to use the stored price for 60 more seconds.

    Example:
        GET /products/lamp  ->  200  {"product": "lamp", "cents": 1990}
    """
    app = FastAPI()

    @app.get("/products/{product}")
    def read_price(product: str, request: Request, response: Response) -> Any:
        cents = find_cents(product)
        if cents is None:
            raise HTTPException(404)
        return {"product": product, "cents": cents}

    return app


def order_cheapest(http: httpx2.Client, entry: str) -> int:
    """1.3.4  Why is a uniform interface critical for REST API scalability?

    Order the cheapest product of a shop that you have never seen. You know one URL:
    `entry`, the first page of its catalogue. All other URLs are links. A link can be
    absolute or relative. A relative link is relative to the URL of its page, as in a
    browser, and each page can be in another folder or on another server.

    - Read all pages. "next" is the link to the next page, or null on the last page.
    - Find the cheapest product. If several have the lowest price, take the first.
    - Send one `POST` to its link "order". Return "number" from the response's JSON.

    Given: `entry` is an absolute URL. A page can be without products.

    Example of a page:
        {"products": [{"name": "lamp", "cents": 1990, "order": "/orders/lamp"}],
         "next": "?page=2"}
    """
    raise NotImplementedError


def label_response(result: dict[str, Any]) -> Response:
    """1.3.5  Describe a scenario where REST is preferred over GraphQL.

    A label printer can send a `GET`, read the status code and the content type, and
    print a PDF. It knows nothing of GraphQL. The shop has a GraphQL API, where `result`
    is the JSON of the response to the query `{ label(order: 17) }`. The label is a PDF
    in Base64, because JSON has no type for bytes. Convert `result` for the printer.

    - If `result` has "errors", return 502: the printer will try again.
    - If the label is null, return 404: the order has no label.
    - Otherwise return the PDF, with the content type `application/pdf`.

    Given: an endpoint calls `label_response`. You can return a `Response` for a status
    code, or raise an `HTTPException`.
    Given: "errors" is never empty. If it is there, "data" can be missing or null.

    Example:
        {"data": {"label": "JVBERi0xLjQ="}}  ->  200  b"%PDF-1.4"
        {"data": {"label": null}}  ->  404
        {"data": null, "errors": [{"message": "timeout"}]}  ->  502
    """
    raise NotImplementedError
