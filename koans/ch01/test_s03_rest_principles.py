"""The tests of section 1.3."""

import logging
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle
from typing import Any, TypeGuard

import httpx2
import pytest
import strawberry
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from starlette.testclient import TestClient
from strawberry.fastapi import GraphQLRouter

from lab import (
    attempt,
    client,
    fastapi_app,
    in_words,
    json_or_text,
    outcome,
    returned_or_raised,
    serve,
    stand_in,
)


def send(
    http: httpx2.Client, method: str, url: str, headers: dict[str, str] | None = None
) -> httpx2.Response:
    """Return a response; an exception of the application is named in words."""
    response: httpx2.Response = attempt(
        f"`{method} {url}`", http.request, method, url, headers=headers
    )
    return response


class Cache(httpx2.BaseTransport):
    """A cache between clients and a server, as HTTP describes it (RFC 9111).

    It is `shared`, as in a proxy, or that of a browser.

    `now` is its clock in seconds. `passed_on` has the status code of each response that
    the server, not the cache, returned.
    """

    def __init__(self, server: TestClient) -> None:
        self.http = httpx2.Client(transport=self, base_url="http://shop.example")
        self.now = 0
        self.shared = True
        self.passed_on: list[int] = []
        self._server = server
        self._stored: list[tuple[httpx2.Request, int, httpx2.Response]] = []

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Use a stored response if the server allowed it, or ask the server."""
        stored = next((one for one in self._stored if matches(request, *one)), None)
        if stored is None:
            return self._store(request, self._ask(request))
        _, since, response = stored
        if self.now - since < (lifetime(response, self.shared) or 0):
            return copy(response)
        self._stored.remove(stored)
        if "ETag" in response.headers:
            request.headers["If-None-Match"] = response.headers["ETag"]
        fresh = self._ask(request)
        if fresh.status_code == 304:
            response.headers.update(fresh.headers)
            fresh = response
        return self._store(request, fresh)

    def _store(
        self, request: httpx2.Request, response: httpx2.Response
    ) -> httpx2.Response:
        if (
            request.method == "GET"
            and response.status_code == 200
            and lifetime(response, self.shared) is not None
        ):
            self._stored.append((request, self.now, copy(response)))
        return response

    def _ask(self, request: httpx2.Request) -> httpx2.Response:
        response = copy(self._server.send(request))
        self.passed_on.append(response.status_code)
        return response


def matches(
    request: httpx2.Request,
    earlier: httpx2.Request,
    _: int,
    response: httpx2.Response,
) -> bool:
    """Return whether the response to an earlier request is one to this request, too."""
    vary = [name.strip() for name in response.headers.get("Vary", "").split(",")]
    return (
        (request.method, request.url) == (earlier.method, earlier.url)
        and "*" not in vary
        and all(request.headers.get(n) == earlier.headers.get(n) for n in vary if n)
    )


def copy(response: httpx2.Response) -> httpx2.Response:
    """Return a response that can be read once more."""
    content = response.read()
    dropped = ("content-encoding", "content-length")
    headers = [(k, v) for k, v in response.headers.multi_items() if k not in dropped]
    return httpx2.Response(response.status_code, headers=headers, content=content)


def lifetime(response: httpx2.Response, shared: bool) -> int | None:
    """Return for how many seconds a cache may use a response; None for never.

    Without `Cache-Control`, a cache decides by itself.
    """
    directives: dict[str, str] = {}
    for part in response.headers.get("Cache-Control", "max-age=10").split(","):
        name, _, value = part.strip().lower().partition("=")
        directives[name] = value.strip('"')
    if "no-store" in directives or (shared and "private" in directives):
        return None
    if "no-cache" in directives:
        return 0
    seconds = directives.get("max-age", "10")
    if shared:
        seconds = directives.get("s-maxage", seconds)
    return int(seconds) if seconds.isdigit() else 0


@contextmanager
def cached(app: object, call: str) -> Iterator[Cache]:
    """Yield a cache in front of the application that `call` returned."""
    with client(fastapi_app(app, call)) as server:
        cache = Cache(server)
        with cache.http:
            yield cache


@contextmanager
def shop(answers: Any, cancelled: set[int] | None = None) -> Iterator[TestClient]:
    """Yield a client of the application of 1.3.1."""
    app = answers.shop_app(set() if cancelled is None else cancelled)
    with client(fastapi_app(app, "shop_app(set())")) as http:
        yield http


def test_q1_stateless_a_request_names_its_page(answers):
    stand_in(answers.products_on, lambda page: [f"product on page {page}"])

    with shop(answers) as http:
        for page in (1, 1, 3, 2, 3):
            url = f"/catalogue?page={page}"
            seen = json_or_text(send(http, "GET", url))
            assert seen == [f"product on page {page}"], (
                f"Two clients read the pages 1, 1, 3, 2, 3. `GET {url}` returned "
                f"{in_words(seen)}. The docstring asks for the products on page {page}."
                " Take the number of the page from the request."
            )


def test_q1_stateless_no_request_is_counted(answers):
    seen = []
    with shop(answers) as http:
        for page in (None, 2, None):
            url = "/catalogue" if page is None else f"/catalogue?page={page}"
            response = send(http, "GET", url)
            seen.append((response.status_code, json_or_text(response)))

    assert seen[0] == seen[2], (
        "`GET /catalogue` without a page was sent before and after `GET "
        f"/catalogue?page=2`. It returned {in_words(seen[0])}, then "
        f"{in_words(seen[2])}. The docstring asks that the server counts no requests."
    )


def test_q1_cacheable_no_customer_gets_the_basket_of_another(answers):
    with cached(answers.shop_app(set()), "shop_app(set())") as cache:
        for name in ("mara", "jo", "mara"):
            response = send(cache.http, "GET", "/basket", {"Customer": name})
            seen = json_or_text(response)
            assert seen == f"the basket of {name}", (
                f"Through a shared cache, the customer {name!r} got {in_words(seen)}. "
                "The response has the header `Cache-Control: "
                f"{response.headers.get('Cache-Control', '(missing)')}`. The docstring "
                "asks that no shared cache sends it to another customer."
            )


@pytest.mark.parametrize("number", [7, 12])
def test_q1_uniform_interface_delete_cancels_the_order(answers, number):
    cancelled: set[int] = set()

    with shop(answers, cancelled) as http:
        for times in ("once", "twice"):
            response = send(http, "DELETE", f"/orders/{number}")
            assert cancelled == {number}, (
                f"`DELETE /orders/{number}` was sent {times}, and returned "
                f"{response.status_code}. The cancelled orders: {sorted(cancelled)}. "
                f"The docstring asks that this request cancels order {number}. Look at "
                "`cancel_order` and its decorator."
            )


def test_q1_uniform_interface_get_cancels_no_order(answers):
    cancelled: set[int] = set()

    with shop(answers, cancelled) as http:
        for url in ("/orders/7", "/orders/7/cancel"):
            send(http, "GET", url)
            assert not cancelled, (
                f"`GET {url}` cancelled order {cancelled.pop()}. The docstring asks "
                "that no `GET` cancels an order. Look at the decorator of "
                "`cancel_order`."
            )


REQUESTS = [
    ("GET", "/catalogue?page=1"),
    ("GET", "/basket"),
    ("DELETE", "/orders/7"),
    ("GET", "/products/lamp"),
    ("POST", "/orders"),
    ("GET", "/shipping.js"),
]
# What the last three of them return: body, `Location`, content type and code.
UNCHANGED = [
    {"name": "lamp", "cents": 1990},
    "/orders/1",
    "text/javascript",
    "function shipping",
]


def test_q1_each_constraint_has_its_endpoint(answers):
    responses = []
    with shop(answers) as http:
        for method, url in REQUESTS:
            response = send(http, method, url, {"Customer": "mara"})
            responses.append(response)
            assert response.status_code < 400, (
                f"`{method} {url}` returned {response.status_code}. The docstring asks "
                "to repair three endpoints, and not to change the other three."
            )
    _, _, _, product, order, code = responses
    seen = [
        json_or_text(product),
        order.headers.get("Location"),
        code.headers.get("Content-Type", "").partition(";")[0],
        code.text[:17],
    ]
    assert seen == UNCHANGED, (
        "The last three endpoints returned a product, a `Location`, a content type and "
        f"code: {in_words(seen)}. Before your change, they returned "
        f"{in_words(UNCHANGED)}. The docstring asks not to change them."
    )


class LoadBalancer(httpx2.BaseTransport):
    """Sends each request to the next of several processes."""

    def __init__(self, processes: list[TestClient]) -> None:
        self._next = cycle(processes)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Return the response of the process whose turn it is."""
        return next(self._next).send(request)


PRICES = {"lamp": 2090, "pen": 120, "vase": 800}


@contextmanager
def processes(answers: Any, number: int, secret: str = "hush") -> Iterator[Any]:
    """Yield a function that returns a new customer of a shop of several processes.

    Each process has the module of the answer loaded on its own.
    """
    with ExitStack() as stack:
        modules = [answers() for _ in range(number)]
        for module in modules:
            stand_in(module.find_cents, PRICES.get)
        apps = [module.basket_app(secret) for module in modules]
        servers = [
            stack.enter_context(client(fastapi_app(app, f"basket_app({secret!r})")))
            for app in apps
        ]
        balancer = LoadBalancer(servers)

        def customer(cookies: Any = None) -> httpx2.Client:
            base = "https://shop.example"
            one = httpx2.Client(transport=balancer, base_url=base, cookies=cookies)
            return stack.enter_context(one)

        yield customer


def basket(http: httpx2.Client, *products: str) -> object:
    """Put products into a basket, and return what it contains then."""
    for product in products:
        send(http, "POST", f"/basket/{product}")
    return json_or_text(send(http, "GET", "/basket"))


@pytest.mark.parametrize("number", [2, 3])
def test_q2_every_process_returns_the_whole_basket(answers, number):
    with processes(answers, number) as customer:
        mara = customer()
        posted = [
            json_or_text(send(mara, "POST", f"/basket/{product}"))
            for product in ("lamp", "pen", "vase")
        ]
        read = [json_or_text(send(mara, "GET", "/basket")) for _ in range(number)]

    expected = [{"lamp": 2090}, {"lamp": 2090, "pen": 120}, PRICES]
    assert posted == expected, (
        f"A lamp, a pen and a vase were added, in turn by {number} processes. They "
        f"returned {in_words(posted)}. The docstring asks for the whole basket. "
        "Look at where its content is kept, and when the cookie is written."
    )
    assert read == [PRICES] * number, (
        f"The basket contains {PRICES}. `GET /basket`, sent to each of {number} "
        f"processes, returned {in_words(read)}. The docstring asks for the whole "
        "basket."
    )


def test_q2_a_basket_survives_a_restart_of_all_processes(answers):
    with processes(answers, 2) as customer:
        mara = customer()
        basket(mara, "lamp")
    with processes(answers, 2) as customer:
        kept = {name: value for name, value in mara.cookies.items() if name == "basket"}
        seen = basket(customer(kept), "vase")

    assert seen == {"lamp": 2090, "vase": 800}, (
        "A lamp was added, all processes were restarted, and a vase was added with the "
        f"cookies {in_words(kept)}. `GET /basket` returned {in_words(seen)}. The "
        "docstring asks for the whole basket, also after a restart, in the cookie "
        "`basket`."
    )


@pytest.mark.parametrize("product", ["vase", "lamp"])
def test_q2_each_customer_has_one_basket(answers, product):
    with processes(answers, 2) as customer:
        mara, jo, new = customer(), customer(), customer()
        basket(mara, "lamp")
        basket(jo, product)
        seen = [basket(mara, "pen"), *(basket(jo) for _ in range(2)), basket(new)]

    jos = {product: PRICES[product]}
    assert seen == [{"lamp": 2090, "pen": 120}, jos, jos, {}], (
        f"Mara added a lamp, Jo a {product}, and then Mara a pen; a new customer added "
        "nothing. Mara, Jo, Jo again and the new customer read the baskets "
        f"{in_words(seen)}. The docstring asks for one basket for each customer. Look "
        "at what your code keeps between two requests."
    )


def test_q2_an_unknown_product_is_not_added(answers):
    with processes(answers, 2) as customer:
        mara = customer()
        basket(mara, "lamp")
        status = send(mara, "POST", "/basket/sofa").status_code
        seen = basket(mara, "pen")

    assert (status, seen) == (404, {"lamp": 2090, "pen": 120}), (
        f"`POST /basket/sofa` returned {status}, between a lamp and a pen. Then the "
        f"basket was {in_words(seen)}. The docstring asks for 404, and for the "
        "whole basket."
    )


def forged(cookie: str, genuine: str, answers: Any) -> str:
    """Return a value for the cookie that is written without the secret."""
    content = b'{"lamp": 1}'.hex()
    if cookie == "without a seal":
        return content
    if cookie == "by hand":
        return "lamp"
    if cookie == "with the seal of another basket":
        return f"{content}.{genuine.rpartition('.')[2]}"
    with processes(answers, 1, "guessed") as customer:
        forger = customer()
        basket(forger, "lamp")
        return str(forger.cookies.get("basket", content))


def is_response(value: object) -> TypeGuard[httpx2.Response]:
    """Return whether this is a response, not an exception."""
    return isinstance(value, httpx2.Response)


FORGED = [
    "without a seal",
    "by hand",
    "with the seal of another basket",
    "with another secret",
]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("cookie", FORGED)
def test_q2_a_forged_cookie_is_not_used(answers, cookie, method):
    with processes(answers, 1) as customer:
        mara = customer()
        basket(mara, "lamp")
    value = forged(cookie, mara.cookies.get("basket", ""), answers)
    with processes(answers, 1) as customer:
        trusted = basket(customer(mara.cookies))
        url = "/basket/pen" if method == "POST" else "/basket"
        forger = customer({"basket": value})
        response = outcome(lambda: forger.request(method, url))

    assert trusted == {"lamp": 2090}, (
        "A lamp was added. With the cookie of the response, a new process returned "
        f"{in_words(trusted)}. The docstring asks for the whole basket."
    )
    seen = json_or_text(response) if is_response(response) else response
    expected = {"pen": 120} if method == "POST" else {}
    assert seen == expected or getattr(response, "status_code", None) == 400, (
        f"`{method} {url}` was sent with a cookie that was written {cookie}, and "
        f"{returned_or_raised(seen)}. The docstring asks for 400, or for an empty "
        f"basket, so that {expected} is returned. Look at how you read the cookie."
    )


@contextmanager
def prices(answers: Any, cents: dict[str, int], shared: bool = True) -> Iterator[Cache]:
    """Yield a cache in front of the application of 1.3.3, with these prices."""
    stand_in(answers.find_cents, cents.get)
    with cached(answers.prices_app(), "prices_app()") as cache:
        cache.shared = shared
        yield cache


def price(http: httpx2.Client, product: str) -> object:
    """Return the price that a client reads, or what else it reads."""
    body = json_or_text(send(http, "GET", f"/products/{product}"))
    if isinstance(body, dict):
        cents = body.get("cents")
        return cents if body == {"product": product, "cents": cents} else body
    return body


@pytest.mark.parametrize("kind", ["shared cache", "browser's cache"])
def test_q3_within_60_seconds_the_shop_gets_one_request(answers, kind):
    with prices(answers, {"lamp": 2090}, kind == "shared cache") as cache:
        read = []
        for cache.now in range(60):
            read.append(price(cache.http, "lamp"))

    assert len(cache.passed_on) == 1, (
        f"The price of a lamp was read 60 times within 60 seconds, through a {kind}. "
        f"The shop got {len(cache.passed_on)} requests. The docstring asks that every "
        "cache can use a price for 60 seconds. Look at `Cache-Control`."
    )
    assert read == [2090] * 60, (
        f"A lamp costs 2090 cents. A customer read {in_words(read[0])}. The docstring "
        "asks for the product and its price, as before."
    )


def test_q3_after_60_seconds_a_cache_asks_again(answers):
    cents = {"lamp": 2090}
    with prices(answers, cents) as cache:
        read = [price(cache.http, "lamp")]
        cents["lamp"] = 1790
        for cache.now in (59, 60):
            read.append(price(cache.http, "lamp"))

    assert read == [2090, 2090, 1790], (
        "A lamp cost 2090, and then 1790. After 0, 59 and 60 seconds, customers read "
        f"{in_words(read)}; the shop returned {cache.passed_on}. The docstring asks "
        "for 60 seconds (`Cache-Control`), and for another `ETag` for another price."
    )


@pytest.mark.parametrize("cents", [800, 0], ids=str)
def test_q3_an_unchanged_price_returns_304(answers, cents):
    with prices(answers, {"vase": cents}) as cache:
        read = []
        for cache.now in range(0, 180, 30):
            read.append(price(cache.http, "vase"))

    assert cache.passed_on == [200, 304, 304], (
        "A cache read the same price after 0, 60 and 120 seconds, with the stored "
        f"`ETag` in `If-None-Match`. The shop returned {cache.passed_on}. The "
        "docstring asks for 304 if `If-None-Match` is the current `ETag`."
    )
    assert read == [cents] * 6, (
        f"A vase costs {cents} cents, and the customers read {in_words(read)}. The "
        "docstring asks for the same body as today. Look at what your endpoint returns."
    )


PRICES_OF_A_LAMP = [1990, 1991, 199, 19, 1990]


def test_q3_another_price_has_another_etag(answers):
    cents = {"lamp": 0}
    read, tags = [], []
    with prices(answers, cents) as cache:
        for minute, cents["lamp"] in enumerate(PRICES_OF_A_LAMP):
            cache.now = 60 * minute
            response = send(cache.http, "GET", "/products/lamp")
            read.append(json_or_text(response).get("cents"))
            tags.append(response.headers.get("ETag"))

    assert len(set(tags)) == len(set(PRICES_OF_A_LAMP)), (
        f"Each minute, a lamp had another price: {PRICES_OF_A_LAMP}. The `ETag` was "
        f"{in_words(tags)}. The docstring asks for another `ETag` for another price."
    )
    assert read == PRICES_OF_A_LAMP, (
        f"Each minute, a lamp had another price: {PRICES_OF_A_LAMP}. Customers read "
        f"{in_words(read)}, because the shop returned {cache.passed_on}. The docstring "
        "asks for 304 if `If-None-Match` is the current `ETag`."
    )


def etag(module: Any, seed: int, *earlier: int) -> str | None:
    """Return the `ETag` of a lamp for 1990 cents in a process of its own.

    The process has sent `earlier` prices before. As in a real process, `hash` of a
    string depends on the seed of the process.
    """
    module.hash = lambda value: hash((seed, value))
    cents = {"lamp": 0}
    stand_in(module.find_cents, cents.get)
    with client(fastapi_app(module.prices_app(), "prices_app()")) as http:
        for cents["lamp"] in (*earlier, 1990):
            response = send(http, "GET", "/products/lamp")
    return response.headers.get("ETag")


def test_q3_every_process_has_the_same_etag(answers):
    first, second = etag(answers(), 1), etag(answers(), 2, 2090, 1790)

    assert first is not None, (
        "The response to `GET /products/lamp` has no `ETag`. The docstring asks for "
        "one with each price."
    )
    assert first == second, (
        f"For the same price, two processes of the shop sent the `ETag` {first} and "
        f"{second}. The docstring asks for the same one in every process. Calculate it "
        "from the price alone: `hash()` and a counter differ between processes."
    )


def test_q3_an_etag_is_quoted(answers):
    stand_in(answers.find_cents, {"lamp": 1990}.get)
    with client(fastapi_app(answers.prices_app(), "prices_app()")) as http:
        tag = send(http, "GET", "/products/lamp").headers.get("ETag", "")

    assert tag.removeprefix("W/")[:1] == tag[-1:] == '"', (
        f"The `ETag` is {tag or 'missing'}. The docstring asks for an `ETag` in double "
        'quotes, as in `ETag: "v7"`: the quotes are a part of the value.'
    )


def test_q3_an_unknown_product_returns_404(answers):
    with prices(answers, {"lamp": 1990}) as cache:
        status = send(cache.http, "GET", "/products/sofa").status_code
        tag = send(cache.http, "GET", "/products/lamp").headers.get("ETag")

    assert status == 404, (
        f"The shop does not sell a sofa. `GET /products/sofa` returned {status}. The "
        "docstring asks for 404, as before your change."
    )
    assert tag, (
        "The response to `GET /products/lamp` has no `ETag`. The docstring asks for "
        "one with each price."
    )


class Site:
    """A server of pages by their path and query, which takes orders at one path."""

    def __init__(self, pages: dict[str, Any], order: str = "") -> None:
        self.app = FastAPI(openapi_url=None)
        self.pages = pages
        self.read: list[str] = []
        self.orders: list[str] = []
        self._order = order
        self.app.get("/{path:path}")(self._read)
        self.app.post("/{path:path}")(self._take)

    def _read(self, request: Request) -> Any:
        query = f"?{request.url.query}" if request.url.query else ""
        self.read.append(request.url.path + query)
        if len(self.read) > 20 or self.read[-1] not in self.pages:
            return JSONResponse({"detail": "Not Found"}, 404)
        return self.pages[self.read[-1]]

    def _take(self, request: Request) -> Any:
        self.orders.append(request.url.path)
        if request.url.path == self._order:
            return JSONResponse({"number": 500 + len(self._order)}, 201)
        if request.url.path in self.links:
            return JSONResponse({"number": 0}, 201)
        return JSONResponse({"detail": "Not Found"}, 404)

    @property
    def links(self) -> set[str]:
        """The paths of the links "order" of all products."""
        return {
            httpx2.URL("http://shop.example").join(path).join(product["order"]).path
            for path, body in self.pages.items()
            for product in body["products"]
        }


def page(*offers: tuple[str, int, str], to: str | None = None) -> dict[str, Any]:
    """Return a page of products, each with its price and its link."""
    products = [
        {"name": name, "cents": cents, "order": order} for name, cents, order in offers
    ]
    return {"products": products, "next": to}


SHOPS = {
    "one page": (
        "http://shop.example/",
        {
            "/": page(
                ("lamp", 1990, "/orders/lamp"),
                ("pen", 250, "/orders/pen"),
                ("desk", 14900, "/orders/desk"),
            )
        },
        "/orders/pen",
    ),
    "a free product": (
        "http://shop.example/",
        {
            "/": page(("pen", 250, "/orders/pen"), to="/more"),
            "/more": page(("note", 0, "/orders/note"), ("lamp", 1990, "/orders/lamp")),
        },
        "/orders/note",
    ),
    "expensive products": (
        "http://shop.example/",
        {
            "/": page(
                ("ship", 90_000_000_000, "/orders/ship"),
                ("train", 9_000_000_000, "/orders/train"),
            ),
        },
        "/orders/train",
    ),
    "several pages": (
        "http://shop.example/goods?page=1",
        {
            "/goods?page=1": page(("lamp", 1990, "/buy/1"), to="/goods?page=2"),
            "/goods?page=2": page(to="/goods?page=3"),
            "/goods?page=3": page(("ink", 700, "/buy/2"), to="/goods?page=4"),
            "/goods?page=4": page(("rug", 3300, "/buy/3"), ("desk", 14900, "/buy/4")),
        },
        "/buy/2",
    ),
    "relative links": (
        "http://shop.example/r/start",
        {
            "/r/start": page(("lamp", 1990, "buy/x1"), to="list/a7?from=0"),
            "/r/list/a7?from=0": page(("vase", 800, "buy/x3"), to="?from=1"),
            "/r/list/a7?from=1": page(("ink", 700, "../buy/x2"), to="/goods/last"),
            "/goods/last": page(("rug", 3300, "../buy/x4")),
        },
        "/r/buy/x2",
    ),
    "two cheapest products": (
        "http://shop.example/goods",
        {
            "/goods": page(("lamp", 1990, "/buy/z"), ("pen", 250, "/buy/y"), to="/b"),
            "/b": page(("ink", 250, "/buy/x"), ("desk", 14900, "/buy/w")),
        },
        "/buy/y",
    ),
}


def where_to_look(site: Site) -> str:
    """Return the step of the koan that went wrong in a shop."""
    if strange := set(site.read) - set(site.pages):
        return f"Your code read {min(strange)}, which is not a page."
    if set(site.pages) - set(site.read):
        return "Your code did not read all pages."
    if not site.orders:
        return "Your code sent no `POST`. Look at how it finds the cheapest product."
    if len(site.orders) > 1:
        return "Look at how often you send a `POST`."
    if site.orders[0] in site.links:
        return "Look at how you compare the prices."
    return 'Look at the URL of the `POST`: "order" is relative to its page.'


@pytest.mark.parametrize("name", SHOPS)
def test_q4_the_cheapest_product_is_ordered(answers, name):
    entry, pages, expected = SHOPS[name]
    site = Site(pages, expected)
    with client(site.app) as http:
        seen = outcome(lambda: answers.order_cheapest(http, entry))

    assert site.orders == [expected], (
        f"A shop with {name}: your code read {in_words(site.read)}, sent `POST` to "
        f"{in_words(site.orders)} and {returned_or_raised(seen)}. The docstring asks "
        f"for one `POST` to {expected}. {where_to_look(site)}"
    )


@pytest.mark.parametrize("name", SHOPS)
def test_q4_the_number_of_the_order_is_returned(answers, name):
    entry, pages, expected = SHOPS[name]
    with client(Site(pages, expected).app) as http:
        seen = outcome(lambda: answers.order_cheapest(http, entry))

    assert seen == 500 + len(expected), (
        f"The response to the `POST` was {{'number': {500 + len(expected)}}}. "
        f"`order_cheapest` {returned_or_raised(seen)}. The docstring asks for this "
        "number."
    )


def test_q4_the_pages_can_be_on_two_servers(answers):
    first, second = Site({}, "/orders/ink"), Site({})
    with serve(first.app) as one, serve(second.app) as two:
        first.pages["/"] = page(("rug", 3300, "/orders/rug"), to=f"{two.url}/v/goods")
        second.pages["/v/goods"] = page(("pen", 990, "/orders/pen"), to="goods-2")
        second.pages["/v/goods-2"] = page(("ink", 700, f"{one.url}/orders/ink"))
        with httpx2.Client(trust_env=False, verify=False) as http:
            seen = outcome(lambda: answers.order_cheapest(http, f"{one.url}/"))

    assert first.orders == ["/orders/ink"], (
        f"The catalogue is on two servers. Your code read {first.read} on the first, "
        f"{second.read} on the second, and {returned_or_raised(seen)}. The docstring "
        "asks to order the ink. Look at how you use an absolute link."
    )


def label_response(answers: Any, result: dict[str, Any]) -> Response:
    """Return the response for a result, also if it is an `HTTPException`."""
    if "errors" in result:
        expected = '502, because there are "errors"'
    else:
        null = result["data"]["label"] is None
        expected = "404, because the label is null" if null else "the PDF"
    wrong = (
        f"The docstring asks for {expected}: return a `Response`, or raise an "
        "`HTTPException`."
    )
    try:
        seen = answers.label_response(result)
    except HTTPException as error:
        return JSONResponse({"detail": error.detail}, error.status_code)
    except NotImplementedError:
        raise
    except Exception as error:
        raise AssertionError(
            f"For {in_words(result)}, `label_response` raised {in_words(error)}. "
            + wrong
        ) from error
    assert isinstance(seen, Response), (
        f"For {in_words(result)}, `label_response` returned {in_words(seen)}. {wrong}"
    )
    return seen


@contextmanager
def printer(answers: Any, label: Callable[[int], bytes | None]) -> Iterator[Any]:
    """Yield a function that sends `GET /labels/{order}.pdf` as a label printer.

    The shop behind it has a real GraphQL API, which finds a `label`.
    """

    @strawberry.type
    class Query:
        @strawberry.field
        def label(self, order: int) -> str | None:
            found = label(order)
            return None if found is None else b64encode(found).decode()

    graphql, labels = FastAPI(), FastAPI()
    graphql.include_router(GraphQLRouter(strawberry.Schema(Query)), prefix="/graphql")
    ready: list[Response] = []

    @labels.get("/labels/{order}.pdf")
    def read_label(order: int) -> Response:
        return ready.pop()

    def get(order: int) -> httpx2.Response:
        query = f"{{ label(order: {order}) }}"
        result = shop.post("/graphql", json={"query": query}).json()
        ready.append(label_response(answers, result))
        return send(http, "GET", f"/labels/{order}.pdf")

    with client(graphql) as shop, client(labels) as http:
        yield get


PDFS = {17: b"%PDF-1.4 to Ulm", 18: b"%PDF-1.7 " + bytes(range(256)), 404: b"%PDF-2"}


@pytest.mark.parametrize("order", PDFS)
def test_q5_a_label_is_returned_as_a_pdf(answers, order):
    with printer(answers, PDFS.get) as get:
        response = get(order)

    kind = response.headers.get("Content-Type", "missing")
    assert (response.status_code, kind) == (200, "application/pdf"), (
        f"The order {order} has a label. The printer got the status code "
        f"{response.status_code} and the content type {kind}. The docstring asks for "
        "the content type application/pdf, which is the `media_type` of a `Response`."
    )
    assert response.content == PDFS[order], (
        f"The label has {len(PDFS[order])} bytes, which begin with {PDFS[order][:9]}. "
        f"The printer got {len(response.content)} bytes, which begin with "
        f"{response.content[:9]}. The docstring asks for the PDF. Look at how "
        "you make bytes from the text in Base64."
    )


@pytest.mark.parametrize("order", [1, 99])
def test_q5_without_a_label_the_status_code_is_404(answers, order):
    with printer(answers, PDFS.get) as get:
        response = get(order)

    assert response.status_code == 404, (
        f"The order {order} has no label: it is null. The printer got the status code "
        f"{response.status_code}. The docstring asks for 404. Look at what your code "
        "does if the label is null."
    )


class Failed(Exception):
    """The carrier sends no label."""


def fail(order: int) -> bytes:
    """Find no label, because something is broken."""
    raise Failed("The carrier does not respond.")


def test_q5_with_errors_the_status_code_is_502(answers, monkeypatch):
    # Its log would show the failure of the carrier below the message of this test.
    monkeypatch.setattr(logging.getLogger("strawberry.execution"), "disabled", True)
    with printer(answers, fail) as get:
        response = get(17)

    assert response.status_code == 502, (
        'The carrier failed, so `result` has "errors", and the label is null. The '
        f"printer got the status code {response.status_code}. The docstring asks for "
        '502. Look at what your code does with "errors".'
    )


WITH_ERRORS = {
    "no data": {"errors": [{"message": "Syntax Error"}]},
    "data is null": {"errors": [{"message": "Syntax Error"}], "data": None},
    "a label": {
        "data": {"label": "JVBERi0xLjQ="},
        "errors": [{"message": "The label is from yesterday."}],
    },
}


@pytest.mark.parametrize("result", WITH_ERRORS.values(), ids=WITH_ERRORS)
def test_q5_with_errors_the_data_is_not_used(answers, result):
    status = label_response(answers, result).status_code

    assert status == 502, (
        f"For {in_words(result)}, the printer got the status code {status}. The "
        'docstring asks for 502 if there are "errors". Look at the order of your '
        "checks."
    )
