"""The tests of section 1.3."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import Body, FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.testclient import TestClient

from lab import client, serve

PRICES = {"lamp": 2090, "vase": 800, "pen": 120, "chair": 5900, "rug": 3300}


def outcome(call: Callable[[], object]) -> object:
    """Return what `call` returned, or the exception that it raised instead."""
    try:
        return call()
    except NotImplementedError:
        raise
    except Exception as error:
        return error


@contextmanager
def asking(app: object) -> Iterator[TestClient]:
    """Yield a client of `app`, provided that it is one."""
    assert isinstance(app, FastAPI), f"Returned was {app!r}, no app."
    with client(app, raises=False) as shop:
        yield shop


def content_of(answer: httpx2.Response) -> Any:
    """Return the JSON of an answer, or its text where it is none."""
    try:
        return answer.json()
    except ValueError:
        return answer.text


class Cache(httpx2.BaseTransport):
    """A shared cache between clients and a server, as RFC 9111 wants it.

    `now` is its clock in seconds; `reached` are the method, the address and the status
    of each request that it had to pass on.
    """

    def __init__(self, server: TestClient) -> None:
        self.http = httpx2.Client(transport=self, base_url="http://shop.example")
        self.now = 0.0
        self.reached: list[tuple[str, str, int]] = []
        self._server = server
        self._kept: dict[tuple[str, ...], tuple[float, httpx2.Response]] = {}
        self._vary: dict[str, list[str]] = {}

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer from memory where that is allowed, else ask the server."""
        if request.method != "GET":
            return self._ask(request)
        since, kept = self._kept.get(self._key(request), (0.0, None))
        if kept is None:
            return self._keep(request, self._ask(request))
        if self.now - since < (lifetime(kept) or 0):
            return copied(kept)
        if "ETag" in kept.headers:
            request.headers["If-None-Match"] = kept.headers["ETag"]
        answer = self._ask(request)
        if answer.status_code == 304:
            kept.headers.update(answer.headers)
            answer = copied(kept)
        return self._keep(request, answer)

    def _key(self, request: httpx2.Request) -> tuple[str, ...]:
        address = str(request.url)
        names = self._vary.get(address, [])
        return (address, *(request.headers.get(name, "") for name in names))

    def _keep(
        self, request: httpx2.Request, answer: httpx2.Response
    ) -> httpx2.Response:
        vary = answer.headers.get("Vary", "")
        self._vary[str(request.url)] = [
            name.strip() for name in vary.split(",") if vary
        ]
        if answer.status_code == 200 and lifetime(answer) is not None and vary != "*":
            self._kept[self._key(request)] = (self.now, copied(answer))
        else:
            self._kept.pop(self._key(request), None)
        return answer

    def _ask(self, request: httpx2.Request) -> httpx2.Response:
        address = request.url.raw_path.decode()
        answer = copied(
            self._server.request(
                request.method,
                address,
                content=request.read(),
                headers=request.headers,
            )
        )
        self.reached.append((request.method, address, answer.status_code))
        return answer


def copied(answer: httpx2.Response) -> httpx2.Response:
    """Return an answer that can be read once more."""
    lost = ("content-encoding", "content-length")
    headers = [pair for pair in answer.headers.multi_items() if pair[0] not in lost]
    return httpx2.Response(answer.status_code, headers=headers, content=answer.content)


def lifetime(answer: httpx2.Response) -> float | None:
    """Return for how many seconds a shared cache may use an answer; None for never.

    What says nothing about it, a cache may keep for as long as it sees fit.
    """
    told = answer.headers.get("Cache-Control", "max-age=10").lower()
    directives = {}
    for directive in told.split(","):
        name, _, value = directive.strip().partition("=")
        directives[name] = value.strip('"')
    if "no-store" in directives or "private" in directives:
        return None
    if "no-cache" in directives:
        return 0
    seconds = directives.get("s-maxage", directives.get("max-age", "10"))
    return int(seconds) if seconds.isdigit() else 0


@contextmanager
def cached(app: object) -> Iterator[Cache]:
    """Yield a cache in front of `app`."""
    with asking(app) as server:
        cache = Cache(server)
        with cache.http:
            yield cache


@pytest.mark.parametrize("sku", ["lamp", "vase"])
def test_q1_client_and_server_a_till_calculates_with_a_product(answers, sku):
    answers.find_cents = PRICES.get

    with asking(answers.shop_app(set())) as shop:
        read = content_of(shop.get(f"/products/{sku}"))

    cents = read.get("cents") if isinstance(read, dict) else None
    assert cents == PRICES[sku], (
        f"A {sku} costs {PRICES[sku]} cents. The till, which shows its own page, wants "
        f"3 of them times `cents`, and read {read!r}."
    )
    assert read.get("sku") == sku, f"Asked for the {sku}, the till read {read!r}."


def test_q1_stateless_two_clients_turn_the_pages(answers):
    answers.skus_on = lambda page: [f"{page}a", f"{page}b"]

    with asking(answers.shop_app(set())) as shop:
        read = [
            (page, content_of(shop.get("/catalogue", params={"page": page})))
            for page in (1, 1, 2, 2, 1, 3)
        ]

    same = [page for page in read if page[1] != [f"{page[0]}a", f"{page[0]}b"]] == []
    assert same, (
        "Two clients turned pages. In the order of their requests, page and products "
        f"were {read}. Who decides which page it is?"
    )


def test_q1_cacheable_a_cache_keeps_the_baskets_apart(answers):
    with cached(answers.shop_app(set())) as cache:
        read = [
            content_of(cache.http.get("/basket", headers={"Customer": name}))
            for name in ("mara", "jo", "mara")
        ]

    same = read == [f"the basket of {name}" for name in ("mara", "jo", "mara")]
    assert same, (
        f"Through a shared cache mara, jo and mara looked into their baskets and saw "
        f"{read}. A cache keeps what it is not told to leave."
    )


@pytest.mark.parametrize("number", [7, 12])
def test_q1_uniform_interface_reading_cancels_nothing(answers, number):
    cancelled: set[int] = set()

    with asking(answers.shop_app(cancelled)) as shop:
        for link in (f"/orders/{number}", f"/orders/{number}/cancel"):
            shop.get(link)
        by_reading = set(cancelled)
        status = shop.delete(f"/orders/{number}").status_code

    assert not by_reading, (
        f"A browser fetched two links ahead, with GET. Cancelled is now {by_reading}: "
        "which method promises that asking changes nothing?"
    )
    assert cancelled == {number}, (
        f"After DELETE /orders/{number}, answered {status}, cancelled is "
        f"{cancelled or 'nothing'}."
    )


@pytest.mark.parametrize(
    "gateway",
    ["http://shop.example", "http://b2b.example:8080"],
    ids=["a gateway", "another gateway"],
)
def test_q1_layered_system_location_leads_through_the_gateway(answers, gateway):
    with asking(answers.shop_app(set())) as shop:
        created = [shop.post(f"{gateway}/orders") for _ in range(2)]

    places = [one.headers.get("Location", "") for one in created]
    base = httpx2.URL(gateway)
    seen = [str(outcome(lambda to=place: base.join(to))) for place in places]
    assert seen == [f"{gateway}/orders/1", f"{gateway}/orders/2"], (
        f"Two orders came through {gateway}, which is all their clients can reach. "
        f"`Location` was {places}, and that leads them to {seen}."
    )


@pytest.mark.parametrize("rule", ["let rate = 490", "let rate = 0 // in May"])
def test_q1_code_on_demand_a_browser_runs_the_rule(answers, rule):
    answers.SHIPPING_RULE = rule

    with asking(answers.shop_app(set())) as shop:
        answer = shop.get("/shipping.js")

    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    assert kind in ("text/javascript", "application/javascript"), (
        f"The rule came as {kind or 'nothing'}. A browser takes it for what its media "
        "type says, and runs nothing but JavaScript."
    )
    same = answer.text == rule
    assert same, f"The rule is {rule!r}; the browser got {answer.text!r}."


class Switch(httpx2.AsyncBaseTransport):
    """Gives each request to the next of several processes."""

    def __init__(self, processes: list[FastAPI]) -> None:
        self.replace(processes)

    def replace(self, processes: list[FastAPI]) -> None:
        """Put other processes in the place of the ones there are."""
        self._turns = cycle(
            httpx2.ASGITransport(app, raise_app_exceptions=False) for app in processes
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer as the process whose turn it is."""
        return await next(self._turns).handle_async_request(request)


def processes(
    answers: Any, number: int, secret: str = "hush", lamp: int = 1990
) -> list[FastAPI]:
    """Return `number` apps that share no module, as if each had a process."""
    modules = [answers() for _ in range(number)]
    for module in modules:
        module.find_cents = (PRICES | {"lamp": lamp}).get
    apps = [module.basket_app(secret) for module in modules]
    assert all(isinstance(app, FastAPI) for app in apps), (
        f"Returned was {apps}, no app."
    )
    return apps


def customer(switch: Switch, cookies: Any = None) -> httpx2.AsyncClient:
    """Return a client that keeps the cookies it is given."""
    return httpx2.AsyncClient(
        transport=switch, base_url="https://shop.example", cookies=cookies
    )


@pytest.mark.parametrize("number", [2, 3])
async def test_q2_a_basket_outlives_the_switch(answers, number):
    switch = Switch(processes(answers, number))

    async with customer(switch) as mara:
        put = [content_of(await mara.post(f"/basket/{sku}")) for sku in ("lamp", "pen")]
        read = [content_of(await mara.get("/basket")) for _ in range(number)]

    same = put == [{"lamp": 1990}, {"lamp": 1990, "pen": 120}]
    assert same, (
        f"A lamp and then a pen were put into a basket, and {number} processes took "
        f"turns to answer. The two answers were {put}."
    )
    same = read == [put[-1]] * number
    assert same, f"In the basket is {put[-1]}; {number} processes in turn show {read}."


async def test_q2_a_basket_outlives_the_processes(answers):
    switch = Switch(processes(answers, 2))

    async with customer(switch) as mara:
        await mara.post("/basket/lamp")
        switch.replace(processes(answers, 2, lamp=2490))
        await mara.post("/basket/vase")
        read = content_of(await mara.get("/basket"))

    same = read == {"lamp": 1990, "vase": 800}
    assert same, (
        "With a lamp for 1990 in the basket all processes were replaced, and a lamp is "
        f"2490 now. After a vase for 800 the basket reads {read}."
    )


async def test_q2_two_customers_have_a_basket_each(answers):
    switch = Switch(processes(answers, 2))

    async with customer(switch) as mara, customer(switch) as jo:
        for sku in ("lamp", "pen"):
            await mara.post(f"/basket/{sku}")
        for sku in ("vase", "rug", "chair"):
            await jo.post(f"/basket/{sku}")
        read = [content_of(await one.get("/basket")) for one in (mara, jo)]

    same = read == [
        {"lamp": 1990, "pen": 120},
        {"vase": 800, "rug": 3300, "chair": 5900},
    ]
    assert same, (
        "Mara put in a lamp and a pen, Jo a vase, a rug and a chair. Their baskets "
        f"read {read}."
    )


async def test_q2_a_basket_sealed_by_somebody_else_is_empty(answers):
    async with customer(Switch(processes(answers, 2, lamp=1))) as mara:
        await mara.post("/basket/lamp")
        same_shop = customer(Switch(processes(answers, 2)), mara.cookies)
        other_shop = customer(Switch(processes(answers, 2, "other")), mara.cookies)
        async with same_shop, other_shop:
            trusted = content_of(await same_shop.get("/basket"))
            forged = content_of(await other_shop.get("/basket"))

    assert trusted == {"lamp": 1}, (
        "A lamp was put into a basket for 1 cent, by a process that is gone. Another "
        f"one of the same shop reads {trusted} from the cookie."
    )
    assert forged == {}, (
        "A lamp for 1 cent: this cookie was made without the shop's secret, and the "
        f"shop reads {forged} from it."
    )


def query(cache: Cache, sku: str) -> Any:
    """Ask for a price in GraphQL."""
    body = {
        "query": "query ($sku: String!) { cents(sku: $sku) }",
        "variables": {"sku": sku},
    }
    return content_of(cache.http.post("/graphql", json=body))


def product_in(answer: httpx2.Response) -> object:
    """Return what a client reads of a product, or whatever it reads instead."""
    read = content_of(answer)
    if isinstance(read, dict):
        return {name: read.get(name) for name in ("sku", "cents")}
    return read


def test_q3_in_a_minute_one_request_reaches_the_shop(answers):
    answers.find_cents = PRICES.get

    with cached(answers.prices_app()) as cache:
        read = []
        for cache.now in range(60):
            read.append(product_in(cache.http.get("/products/lamp")))
            queried = query(cache, "lamp")

    assert queried == {"data": {"cents": 2090}}, f"In GraphQL they read {queried!r}."
    paths = [path for _, path, _ in cache.reached]
    assert paths.count("/products/lamp") == 1, (
        "In a minute 60 customers asked for a lamp, in GraphQL and by GET. Past the "
        f"cache, the shop was reached {paths.count('/graphql')} times for GraphQL, "
        f"{paths.count('/products/lamp')} times for GET."
    )
    same = read == [{"sku": "lamp", "cents": 2090}] * 60
    assert same, f"The first of 60 customers read {read[0]}, the last {read[-1]}."


def test_q3_what_has_not_changed_is_not_sent_again(answers):
    answers.find_cents = PRICES.get

    with cached(answers.prices_app()) as cache:
        read = []
        for cache.now in range(0, 240, 61):
            read.append(product_in(cache.http.get("/products/vase")))

    statuses = [status for _, _, status in cache.reached]
    assert statuses == [200, 304, 304, 304], (
        "Every 61 seconds the cache came and asked whether its vase is still right. It "
        f"is, and the shop answered {statuses}."
    )
    same = read == [{"sku": "vase", "cents": 800}] * 4
    assert same, f"The customers behind the cache read {read}."


@pytest.mark.parametrize(
    "changes",
    [[1990, 1790], [1790, 2090, 1990, 1790]],
    ids=["once", "there and back"],
)
def test_q3_a_new_price_is_read_after_a_minute(answers, changes):
    prices = {"lamp": 0}
    answers.find_cents = prices.get

    with cached(answers.prices_app()) as cache:
        read = []
        for minute, prices["lamp"] in enumerate(changes):
            cache.now = 61 * minute
            read.append(product_in(cache.http.get("/products/lamp")))

    same = read == [{"sku": "lamp", "cents": cents} for cents in changes]
    assert same, (
        f"Each minute a lamp had another price, {changes}. Customers read {read}; the "
        f"shop answered their cache {[status for _, _, status in cache.reached]}."
    )


def test_q3_each_product_is_kept_for_itself(answers):
    prices = {"lamp": 2090, "desk": 2090, "vase": 800}
    answers.find_cents = prices.get

    with cached(answers.prices_app()) as cache:
        read = [product_in(cache.http.get(f"/products/{sku}")) for sku in [*prices] * 2]
        unknown = cache.http.get("/products/eraser").status_code

    same = read == [{"sku": sku, "cents": prices[sku]} for sku in prices] * 2
    assert same, f"For {', '.join(prices)}, twice, the customers read {read}."
    assert unknown == 404, f"An eraser, which nobody sells, was answered {unknown}."
    asked = [path for _, path, _ in cache.reached]
    assert len(asked) == 4, (
        f"3 products were read twice and a 4th once; the shop was asked for {asked}."
    )


class Site:
    """A server of JSON documents by their address; orders are posted to `orders`.

    `asked` are the addresses that somebody wanted to read, `ordered` what was posted.
    """

    def __init__(self, documents: dict[str, Any], orders: list[str]) -> None:
        self.app = FastAPI(openapi_url=None)
        self.asked: list[str] = []
        self.ordered: list[tuple[str, Any]] = []
        self._documents = documents
        self._orders = orders
        self.app.get("/{path:path}")(self._show)
        self.app.post("/{path:path}")(self._order)

    def _show(self, request: Request) -> Any:
        query = f"?{request.url.query}" if request.url.query else ""
        self.asked.append(request.url.path + query)
        if len(self.asked) > 20:  # somebody goes in circles
            return JSONResponse({"error": "too many requests"}, 429)
        found = self._documents.get(self.asked[-1])
        return found or JSONResponse({"error": "no such document"}, 404)

    def _order(self, request: Request, body: Annotated[Any, Body()] = None) -> Any:
        self.ordered.append((request.url.path, body))
        if request.url.path not in self._orders:
            return JSONResponse({"error": "nobody takes orders here"}, 404)
        return JSONResponse({"number": 500 + len(request.url.path)}, 201)


def page(*offers: tuple[str, int, str], **links: str) -> dict[str, Any]:
    """Return a page of products, each with its price and where it is ordered."""
    products = [
        {
            "sku": sku,
            "cents": cents,
            "links": {"about": f"/about/{sku}", "order": order},
        }
        for sku, cents, order in offers
    ]
    return {"products": products, "links": {"home": "/"} | links}


SHOPS = {
    "one page": (
        "http://shop.example/",
        {
            "/": {"links": {"products": "/products", "news": "/news"}},
            "/products": page(
                ("lamp", 1990, "/products/lamp/orders"),
                ("pen", 250, "/products/pen/orders"),
                ("desk", 14900, "/products/desk/orders"),
            ),
        },
        "/products/pen/orders",
    ),
    "three pages": (
        "http://shop.example/api",
        {
            "/api": {"links": {"products": "/goods?page=1"}},
            "/goods?page=1": page(("lamp", 1990, "/buy/1"), next="/goods?page=2"),
            "/goods?page=2": page(("ink", 700, "/buy/2"), next="/goods?page=3"),
            "/goods?page=3": page(("rug", 3300, "/buy/3"), ("desk", 14900, "/buy/4")),
        },
        "/buy/2",
    ),
    "relative addresses": (
        "http://shop.example/r/start",
        {
            "/r/start": {"links": {"products": "list/a7?from=0"}},
            "/r/list/a7?from=0": page(("lamp", 1990, "../till/x1"), next="?from=1"),
            "/r/list/a7?from=1": page(("vase", 800, "../till/x2"), next="b9"),
            "/r/list/b9": page(("rug", 3300, "../till/x3"), ("ink", 700, "till/x4")),
        },
        "/r/list/till/x4",
    ),
}


@pytest.mark.parametrize("name", SHOPS)
def test_q4_the_client_finds_its_way(answers, name):
    entry, documents, place = SHOPS[name]
    shop = Site(documents, [place])

    with client(shop.app) as http:
        number = outcome(lambda: answers.order_cheapest(http, entry))

    assert shop.ordered == [(place, {"pieces": 1})], (
        f"A shop with {name}, entered at {entry}. The client read {shop.asked}, it "
        f"ordered {shop.ordered or 'nothing'} and ended with {number!r}."
    )
    same = number == 500 + len(place)
    assert same, f"The order was answered with a number; returned was {number!r}."


def test_q4_the_shop_may_move_to_a_second_machine(answers):
    documents = {"/": {"links": {}}}
    front, back = Site(documents, ["/orders/ink"]), Site({}, [])

    with serve(front.app) as first, serve(back.app) as second:
        documents["/"]["links"]["products"] = f"{second.url}/v/goods"
        back._documents["/v/goods"] = page(("pen", 990, "/orders/pen"), next="goods-2")
        back._documents["/v/goods-2"] = page(("ink", 700, f"{first.url}/orders/ink"))
        with httpx2.Client(trust_env=False) as http:
            number = outcome(lambda: answers.order_cheapest(http, f"{first.url}/"))

    assert front.ordered == [("/orders/ink", {"pieces": 1})], (
        "The catalogue moved to a second machine. On the first the client read "
        f"{front.asked}, on the second {back.asked}; it ended with {number!r}."
    )
    assert number == 511, (
        f"The order was answered with a number; returned was {number!r}."
    )


@contextmanager
def labels(answers: Any, label: Callable[[int], bytes | None]) -> Iterator[Any]:
    """Yield a client of the answer's app, and what the GraphQL shop behind it said."""
    answers.find_label = label
    told: list[Any] = []

    def ask(query: str, variables: dict[str, Any]) -> dict[str, Any]:
        body = {"query": query, "variables": variables}
        told.append(content_of(graphql.post("/graphql", json=body)))
        return told[-1]

    with (
        asking(answers.graphql_app()) as graphql,
        asking(answers.label_app(ask)) as one,
    ):
        yield one, told


PARCELS = {
    17: b"%PDF-1.4 to Ulm",
    18: b"%PDF-1.7 " + bytes(range(256)),
    404: b"%PDF-2.0",
}


@pytest.mark.parametrize("order", PARCELS)
def test_q5_the_printer_prints_the_label(answers, order):
    with labels(answers, PARCELS.get) as (http, told):
        paper = answers.printer(http, order)

    assert told, f"The printer came for the label of {order}; nobody asked the shop."
    same = paper == PARCELS[order]
    assert same, (
        f"The label of order {order} is {PARCELS[order][:20]!r}, the shop answered "
        f"{str(told)[:80]}. From the printer came {paper[:80]!r}."
    )


@pytest.mark.parametrize("order", [1, 99])
def test_q5_a_label_that_does_not_exist_is_told_by_the_status(answers, order):
    with labels(answers, PARCELS.get) as (http, told):
        shown = answers.printer(http, order)
        status = http.get(f"/labels/{order}.pdf").status_code

    assert shown == "There is no such label.", (
        f"Nobody made a label for order {order}; the shop said {told} with a status of "
        f"200, you with {status}. The printer: {shown!r}"
    )


@pytest.mark.parametrize("trouble", ["The carrier is down.", "Try again."])
def test_q5_when_nobody_knows_the_printer_comes_again(answers, trouble):
    def label(order: int) -> bytes:
        raise RuntimeError(trouble)

    with labels(answers, label) as (http, told):
        shown = answers.printer(http, 17)
        status = http.get("/labels/17.pdf").status_code

    assert shown == "Later again.", (
        f"Order 17 has a label that cannot be had now; the shop said {told[:1]} with a "
        f"status of 200, you with {status}. The printer: {shown!r}"
    )
