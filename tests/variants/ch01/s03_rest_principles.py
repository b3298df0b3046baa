"""Other answers to section 1.3."""

import base64
import hashlib
from urllib.parse import urljoin

from fastapi import APIRouter, Path
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse

from sensei.variants import right, wrong


SHIPPING = "function shipping(cents) { return cents < 5000 ? 490 : 0 }"


def shop(
    cancelled,
    catalogue=lambda page: products_on(page),
    cache_control="private",
    cancel=("DELETE", "/orders/{number}"),
    host="",
):
    """Return a shop that is repaired, except for what is given."""
    app = FastAPI()
    app.get("/catalogue")(lambda page: catalogue(int(page)))
    app.get("/products/{name}")(lambda name: {"name": name, "cents": 1990})
    app.get("/shipping.js")(lambda: Response(SHIPPING, media_type="text/javascript"))
    numbers = count(1)

    @app.post("/orders", status_code=201)
    def place_order(response: Response) -> None:
        response.headers["Location"] = f"{host}/orders/{next(numbers)}"

    @app.get("/basket")
    def basket(customer: Annotated[str, Header()], response: Response):
        if cache_control:
            response.headers["Cache-Control"] = cache_control
        return f"the basket of {customer}"

    @app.api_route(cancel[1], methods=cancel[0].split(), status_code=204)
    def cancel_order(number: int) -> None:
        cancelled.add(number)

    return app


@wrong("1.3.1", caught_by="test_q1_stateless_a_request_names_its_page")
def shop_app(cancelled):
    """Start again with page 1 for each new client."""
    last = {"page": 0}

    def catalogue(page):
        last["page"] = 1 if page == 1 else last["page"] + 1
        return products_on(last["page"])

    return shop(cancelled, catalogue=catalogue)


@wrong("1.3.1", caught_by="test_q1_stateless_a_request_names_its_page")
def shop_app(cancelled):
    """Read the page from the request, and return the first one."""
    return shop(cancelled, catalogue=lambda page: products_on(1))


@wrong("1.3.1", caught_by="test_q1_cacheable_no_customer_gets_the_basket_of_another")
def shop_app(cancelled):
    """Remove the header, because then nothing is cached."""
    return shop(cancelled, cache_control=None)


@wrong("1.3.1", caught_by="test_q1_cacheable_no_customer_gets_the_basket_of_another")
def shop_app(cancelled):
    """Allow caches to store the basket for a shorter time."""
    return shop(cancelled, cache_control="public, max-age=5")


@wrong("1.3.1", caught_by="test_q1_uniform_interface_get_cancels_no_order")
def shop_app(cancelled):
    """Change the path, and keep the method."""
    return shop(cancelled, cancel=("GET", "/orders/{number}"))


@wrong("1.3.1", caught_by="test_q1_uniform_interface_get_cancels_no_order")
def shop_app(cancelled):
    """Add the new method, and keep the old one."""
    return shop(cancelled, cancel=("GET DELETE", "/orders/{number}"))


@wrong("1.3.1", caught_by="test_q1_uniform_interface_delete_cancels_the_order")
def shop_app(cancelled):
    """Use DELETE with the old path."""
    return shop(cancelled, cancel=("DELETE", "/orders/{number}/cancel"))


@wrong("1.3.1", caught_by="test_q1_each_constraint_has_its_endpoint")
def shop_app(cancelled):
    """Remove an endpoint that has nothing to do with the repair."""
    app = shop(cancelled)
    kept = [r for r in app.routes if getattr(r, "path", "") != "/shipping.js"]
    app.router.routes[:] = kept
    return app


@wrong("1.3.1", caught_by="test_q1_each_constraint_has_its_endpoint")
def shop_app(cancelled):
    """Send the address of the server itself, which a proxy's client cannot reach."""
    return shop(cancelled, host="http://10.0.0.5:8000")


@wrong("1.3.1", caught_by="test_q1_uniform_interface_delete_cancels_the_order")
def shop_app(cancelled):
    """Accept the new method, and do nothing."""
    return shop(set())


@wrong("1.3.1", caught_by="test_q1_stateless_no_request_is_counted")
def shop_app(cancelled):
    """Go on counting for a client that names no page."""
    pages = count(1)
    app = FastAPI()

    @app.get("/catalogue")
    def catalogue(page: int | None = None):
        return products_on(page or next(pages))

    app.mount("", shop(cancelled))
    return app


@right("1.3.1")
def shop_app(cancelled: set[int]) -> FastAPI:
    """Use a `Vary` header, a router, and async functions."""
    app = FastAPI()
    router = APIRouter(prefix="/orders")
    numbers = count(1)

    @app.get("/catalogue")
    async def catalogue(request: Request) -> JSONResponse:
        return JSONResponse(products_on(int(request.query_params.get("page", 1))))

    @app.get("/basket")
    async def basket(customer: Annotated[str, Header()]) -> JSONResponse:
        headers = {"Cache-Control": "public, max-age=60", "Vary": "Customer"}
        return JSONResponse(f"the basket of {customer}", headers=headers)

    @router.delete("/{number}")
    async def cancel(number: Annotated[int, Path(ge=1)]) -> dict[str, str]:
        cancelled.add(number)
        return {"state": "cancelled"}

    @router.get("/{number}")
    async def order(number: int) -> dict[str, int]:
        return {"number": number}

    @router.post("", status_code=201)
    async def create() -> Response:
        place = app.url_path_for("order", number=next(numbers))
        return Response(status_code=201, headers={"Location": str(place)})

    @app.get("/products/{name}")
    async def product(name: str) -> dict[str, object]:
        return {"name": name, "cents": 1990}

    @app.get("/shipping.js", response_class=PlainTextResponse)
    async def shipping() -> Response:
        headers = {"Content-Type": "text/javascript; charset=utf-8"}
        return Response(SHIPPING, headers=headers)

    app.include_router(router)
    return app


@right("1.3.1")
def shop_app(cancelled):
    """Let a cache store the basket, if it asks before each use."""
    app = shop(cancelled, cache_control="no-cache")
    return app


BASKETS = {}


def price_of(product):
    """Return the price of a product, or raise the 404."""
    if (cents := find_cents(product)) is None:
        raise HTTPException(404)
    return cents


@wrong("1.3.2", caught_by="test_q2_every_process_returns_the_whole_basket")
def basket_app(secret):
    """Keep the baskets in the module, which every process has for itself."""
    app = FastAPI()

    @app.post("/basket/{product}")
    def put(product: str, response: Response, basket: Annotated[str, Cookie()] = ""):
        number = basket or hashlib.sha256(secret.encode()).hexdigest()
        content = BASKETS.setdefault(number, {})
        content[product] = find_cents(product)
        response.set_cookie("basket", number)
        return content

    @app.get("/basket")
    def show(basket: Annotated[str, Cookie()] = ""):
        return BASKETS.get(basket, {})

    return app


@wrong("1.3.2", caught_by="test_q2_each_customer_has_one_basket[vase]")
def basket_app(secret):
    """Keep the last basket as well, for all customers."""
    app = FastAPI()
    last: Basket = {}

    @app.post("/basket/{product}")
    def put(product: str, response: Response, basket: Annotated[str, Cookie()] = ""):
        last.update(unseal(basket, secret))
        last[product] = find_cents(product)
        response.set_cookie("basket", seal(last, secret))
        return last

    @app.get("/basket")
    def show(basket: Annotated[str, Cookie()] = ""):
        return unseal(basket, secret)

    return app


@wrong("1.3.2", caught_by="test_q2_a_forged_cookie_is_not_used")
def basket_app(secret):
    """Read the content of the cookie, and ignore the signature."""
    app = FastAPI()

    def read(cookie):
        return json.loads(bytes.fromhex(cookie.partition(".")[0]) or b"{}")

    @app.post("/basket/{product}")
    def put(product: str, response: Response, basket: Annotated[str, Cookie()] = ""):
        content = read(basket)
        content[product] = find_cents(product)
        response.set_cookie("basket", seal(content, secret))
        return content

    @app.get("/basket")
    def show(basket: Annotated[str, Cookie()] = ""):
        return read(basket)

    return app


@wrong("1.3.2", caught_by="test_q2_a_basket_survives_a_restart_of_all_processes")
def basket_app(secret):
    """Seal the basket with a secret of the process."""
    app = FastAPI()
    own = secret + str(id(app))

    @app.post("/basket/{product}")
    def put(product: str, response: Response, basket: Annotated[str, Cookie()] = ""):
        content = unseal(basket, own)
        content[product] = find_cents(product)
        response.set_cookie("basket", seal(content, own))
        return content

    @app.get("/basket")
    def show(basket: Annotated[str, Cookie()] = ""):
        return unseal(basket, own)

    return app


@wrong("1.3.2", caught_by="test_q2_every_process_returns_the_whole_basket")
def basket_app(secret):
    """Seal only the product that was added."""
    app = FastAPI()

    @app.post("/basket/{product}")
    def put(product: str, response: Response, basket: Annotated[str, Cookie()] = ""):
        content = {product: find_cents(product)}
        response.set_cookie("basket", seal(content, secret))
        return content

    @app.get("/basket")
    def show(basket: Annotated[str, Cookie()] = ""):
        return unseal(basket, secret)

    return app


@wrong("1.3.2", caught_by="test_q2_every_process_returns_the_whole_basket")
def basket_app(secret):
    """Put the product into the basket after the cookie is written."""
    app = FastAPI()

    @app.post("/basket/{product}")
    def put(product: str, response: Response, basket: Annotated[str, Cookie()] = ""):
        content = unseal(basket, secret)
        response.set_cookie("basket", seal(content, secret))
        content[product] = find_cents(product)
        return content

    @app.get("/basket")
    def show(basket: Annotated[str, Cookie()] = ""):
        return unseal(basket, secret)

    return app


@wrong("1.3.2", caught_by="test_q2_a_basket_survives_a_restart_of_all_processes")
def basket_app(secret):
    """Give the cookie another name."""
    app = FastAPI()

    @app.post("/basket/{product}")
    def put(product: str, response: Response, cart: Annotated[str, Cookie()] = ""):
        content = unseal(cart, secret)
        content[product] = price_of(product)
        response.set_cookie("cart", seal(content, secret))
        return content

    @app.get("/basket")
    def show(cart: Annotated[str, Cookie()] = ""):
        return unseal(cart, secret)

    return app


@wrong("1.3.2", caught_by="test_q2_a_forged_cookie_is_not_used")
def basket_app(secret):
    """Let a cookie with a wrong signature be an error of the server."""
    app = FastAPI()

    def read(basket):
        content = unseal(basket, secret)
        if basket and not content:
            raise ValueError("wrong signature")
        return content

    @app.post("/basket/{product}")
    def put(product: str, response: Response, basket: Annotated[str, Cookie()] = ""):
        content = read(basket)
        content[product] = price_of(product)
        response.set_cookie("basket", seal(content, secret))
        return content

    @app.get("/basket")
    def show(basket: Annotated[str, Cookie()] = ""):
        return read(basket)

    return app


@right("1.3.2")
def basket_app(secret: str) -> FastAPI:
    """Refuse a cookie that is not sealed with 400, in a dependency."""
    app = FastAPI()

    def read(basket: Annotated[str, Cookie()] = "") -> Basket:
        content = unseal(basket, secret)
        if basket and not content:
            raise HTTPException(400, "This cookie is not from this shop.")
        return content

    @app.post("/basket/{product}")
    def put(product: str, request: Request, response: Response) -> Basket:
        content = read(request.cookies.get("basket", ""))
        content[product] = price_of(product)
        response.set_cookie("basket", seal(content, secret), secure=True)
        return content

    @app.get("/basket")
    def show(request: Request) -> Basket:
        return read(request.cookies.get("basket", ""))

    return app


@right("1.3.2")
def basket_app(secret: str) -> FastAPI:
    """Write another seal, read the cookies of the request, return the response."""
    app = FastAPI()

    def signature(text: str) -> str:
        return hmac.digest(secret.encode(), text.encode(), "sha512").hex()

    def carried(request: Request) -> dict[str, int]:
        text, _, signed = request.cookies.get("basket", "").partition("-")
        if not text or not hmac.compare_digest(signed, signature(text)):
            return {}
        return json.loads(base64.b32decode(text.replace("_", "=")))

    @app.get("/basket")
    async def show(request: Request) -> dict[str, int]:
        return carried(request)

    @app.post("/basket/{product}", status_code=201)
    async def put(product: str, request: Request) -> JSONResponse:
        basket = carried(request)
        basket |= {product: price_of(product)}
        text = base64.b32encode(json.dumps(basket).encode()).decode().replace("=", "_")
        response = JSONResponse(basket)
        sealed = f"{text}-{signature(text)}"
        response.set_cookie("basket", sealed, secure=True, httponly=True)
        return response

    return app


@wrong("1.3.2", caught_by="test_q2_an_unknown_product_is_not_added")
def basket_app(secret):
    """Forget the 404 for an unknown product."""
    app = FastAPI()

    @app.post("/basket/{product}")
    def put(product: str, response: Response, basket: Annotated[str, Cookie()] = ""):
        content = unseal(basket, secret) | {product: find_cents(product) or 0}
        response.set_cookie("basket", seal(content, secret))
        return content

    @app.get("/basket")
    def show(basket: Annotated[str, Cookie()] = ""):
        return unseal(basket, secret)

    return app


@wrong("1.3.2", caught_by="test_q2_each_customer_has_one_basket[lamp]")
def basket_app(secret):
    """Keep each basket by its cookie, which two customers can share."""
    app = FastAPI()
    unsealed: dict[str, Basket] = {}

    def read(cookie):
        return unsealed.setdefault(cookie, unseal(cookie, secret)) if cookie else {}

    @app.post("/basket/{product}")
    def put(product: str, response: Response, basket: Annotated[str, Cookie()] = ""):
        content = read(basket)
        content[product] = price_of(product)
        response.set_cookie("basket", seal(content, secret))
        return content

    @app.get("/basket")
    def show(basket: Annotated[str, Cookie()] = ""):
        return read(basket)

    return app


@wrong("1.3.2", caught_by="test_q2_a_forged_cookie_is_not_used[by hand-GET]")
def basket_app(secret):
    """Decode the cookie first, and check its signature afterwards."""
    app = FastAPI()

    def read(cookie):
        content = json.loads(bytes.fromhex(cookie.partition(".")[0]) or b"{}")
        return content if seal(content, secret) == cookie else {}

    @app.post("/basket/{product}")
    def put(product: str, response: Response, basket: Annotated[str, Cookie()] = ""):
        content = read(basket) | {product: price_of(product)}
        response.set_cookie("basket", seal(content, secret))
        return content

    @app.get("/basket")
    def show(basket: Annotated[str, Cookie()] = ""):
        return read(basket)

    return app


def cacheable(cache_control, tag, is_current=lambda sent, tag: sent == tag):
    """Return an application whose endpoint has these headers."""
    app = FastAPI()

    @app.get("/products/{product}")
    def read_price(product: str, request: Request, response: Response):
        if (cents := find_cents(product)) is None:
            raise HTTPException(404)
        headers = {"Cache-Control": cache_control, "ETag": tag(product, cents)}
        sent = request.headers.get("If-None-Match")
        if is_current(sent, headers["ETag"]):
            return Response(status_code=304, headers=headers)
        response.headers.update(headers)
        return {"product": product, "cents": cents}

    return app


@wrong("1.3.3", caught_by="test_q3_an_unchanged_price_returns_304")
def prices_app():
    """Send an `ETag`, and expect that FastAPI compares it."""
    return cacheable(
        "public, max-age=60", lambda _, cents: f'"{cents}"', lambda sent, tag: False
    )


@wrong("1.3.3", caught_by="test_q3_another_price_has_another_etag")
def prices_app():
    """Make the `ETag` from the name of the product."""
    return cacheable("public, max-age=60", lambda product, _: f'"{product}"')


@wrong("1.3.3", caught_by="test_q3_another_price_has_another_etag")
def prices_app():
    """Return 304 for every request with an `If-None-Match`."""
    return cacheable(
        "public, max-age=60", lambda _, cents: f'"{cents}"', lambda sent, tag: sent
    )


@wrong("1.3.3", caught_by="test_q3_every_process_has_the_same_etag")
def prices_app():
    """Make the `ETag` with `hash()`."""
    return cacheable(
        "public, max-age=60", lambda product, cents: f'"{hash((product, cents))}"'
    )


@wrong("1.3.3", caught_by="test_q3_an_unchanged_price_returns_304")
def prices_app():
    """Make a new `ETag` for each response."""
    numbers = count(1)
    return cacheable("public, max-age=60", lambda *_: f'"{next(numbers)}"')


@wrong(
    "1.3.3",
    caught_by="test_q3_within_60_seconds_the_shop_gets_one_request[browser's cache]",
)
def prices_app():
    """Allow shared caches only."""
    return cacheable("public, s-maxage=60", lambda _, cents: f'"{cents}"')


@wrong("1.3.3", caught_by="test_q3_every_process_has_the_same_etag")
def prices_app():
    """Number the prices in the order in which this process sends them."""
    seen = {}
    return cacheable(
        "public, max-age=60",
        lambda product, cents: f'"{seen.setdefault((product, cents), len(seen))}"',
    )


@wrong("1.3.3", caught_by="test_q3_another_price_has_another_etag")
def prices_app():
    """Make the `ETag` from the price in whole euros."""
    return cacheable("public, max-age=60", lambda _, cents: f'"{cents // 100}"')


@wrong(
    "1.3.3",
    caught_by="test_q3_within_60_seconds_the_shop_gets_one_request[shared cache]",
)
def prices_app():
    """Allow only the cache of the browser."""
    return cacheable("private, max-age=60", lambda _, cents: f'"{cents}"')


@wrong("1.3.3", caught_by="test_q3_within_60_seconds_the_shop_gets_one_request")
def prices_app():
    """Let a cache ask before each use."""
    return cacheable("no-cache", lambda _, cents: f'"{cents}"')


@wrong("1.3.3", caught_by="test_q3_after_60_seconds_a_cache_asks_again")
def prices_app():
    """Allow a day instead of a minute."""
    return cacheable("public, max-age=86400", lambda _, cents: f'"{cents}"')


@wrong("1.3.3", caught_by="test_q3_an_etag_is_quoted")
def prices_app():
    """Forget the quotes around the `ETag`."""
    return cacheable("public, max-age=60", lambda _, cents: f"{cents}")


@wrong("1.3.3", caught_by="test_q3_within_60_seconds_the_shop_gets_one_request")
def prices_app():
    """Send the `ETag` in the body, too."""
    app = FastAPI()

    @app.get("/products/{product}")
    def read_price(product: str, request: Request, response: Response):
        if (cents := find_cents(product)) is None:
            raise HTTPException(404)
        headers = {"Cache-Control": "public, max-age=60", "ETag": f'"{cents}"'}
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        response.headers.update(headers)
        return {"product": product, "cents": cents, "etag": headers["ETag"]}

    return app


@wrong("1.3.3", caught_by="test_q3_an_unknown_product_returns_404")
def prices_app():
    """Return 200 for an unknown product."""
    app = FastAPI()

    @app.get("/products/{product}")
    def read_price(product: str, request: Request, response: Response):
        cents = find_cents(product)
        headers = {"Cache-Control": "public, max-age=60", "ETag": f'"{cents}"'}
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        response.headers.update(headers)
        return {"product": product, "cents": cents}

    return app


@right("1.3.3")
def prices_app() -> FastAPI:
    """Hash the body of the response, in an async endpoint."""
    app = FastAPI()

    @app.get("/products/{product}", response_model=None)
    async def read_price(product: str, request: Request) -> Response:
        cents = find_cents(product)
        if cents is None:
            return JSONResponse({"detail": "no such product"}, status_code=404)
        response = JSONResponse({"cents": cents, "product": product})
        tag = f'W/"{hashlib.md5(response.body).hexdigest()}"'
        response.headers["etag"] = tag
        response.headers["cache-control"] = "max-age=60, must-revalidate"
        if request.headers.get("if-none-match") == tag:
            return Response(None, 304, {"etag": tag, "cache-control": "max-age=60"})
        return response

    return app


@right("1.3.3")
def prices_app() -> FastAPI:
    """Compare in a middleware, and send only the `ETag` with the 304."""
    app = FastAPI()

    @app.get("/products/{product}")
    def read_price(product: str, response: Response):
        if (cents := find_cents(product)) is None:
            raise HTTPException(status_code=404, detail=f"no {product}")
        response.headers["ETag"] = f'"{product}-{cents}"'
        return {"product": product, "cents": cents}

    @app.middleware("http")
    async def cache(request: Request, call_next):
        response = await call_next(request)
        tag = response.headers.get("ETag")
        if tag and request.headers.get("If-None-Match") == tag:
            return Response(status_code=304, headers={"ETag": tag})
        if tag:
            response.headers["Cache-Control"] = "public, s-maxage=60, max-age=60"
        return response

    return app


@wrong("1.3.4", caught_by="test_q4_the_cheapest_product_is_ordered[several pages]")
def order_cheapest(http, entry):
    """Read the first page only."""
    response = http.get(entry)
    cheapest = min(response.json()["products"], key=lambda one: one["cents"])
    url = response.url.join(cheapest["order"])
    return http.post(url).json()["number"]


@wrong("1.3.4", caught_by="test_q4_the_cheapest_product_is_ordered[relative links]")
def order_cheapest(http, entry):
    """Resolve every link against `entry`."""
    link, offers = entry, []
    while link and len(offers) < 50:
        page = http.get(urljoin(entry, link)).json()
        offers += page["products"]
        link = page["next"]
    cheapest = min(offers, key=lambda one: one["cents"])
    return http.post(urljoin(entry, cheapest["order"])).json()["number"]


@wrong("1.3.4", caught_by="test_q4_the_cheapest_product_is_ordered[relative links]")
def order_cheapest(http, entry):
    """Go to the next page first, and resolve the links "order" against that."""
    link, offers = httpx2.URL(entry), {}
    while link:
        page = http.get(link).json()
        following = page["next"] and link.join(page["next"])
        for one in page["products"]:
            offers[(following or link).join(one["order"])] = one["cents"]
        link = following
    return http.post(min(offers, key=offers.get)).json()["number"]


@wrong("1.3.4", caught_by="test_q4_the_cheapest_product_is_ordered[one page]")
def order_cheapest(http, entry):
    """Order each product that is cheaper than those before."""
    link, best, number = entry, None, 0
    while link:
        response = http.get(link)
        page = response.json()
        for one in page["products"]:
            if best is None or one["cents"] < best:
                best, url = one["cents"], response.url.join(one["order"])
                number = http.post(url).json()["number"]
        link = page["next"] and response.url.join(page["next"])
    return number


@wrong("1.3.4", caught_by="test_q4_the_cheapest_product_is_ordered[relative links]")
def order_cheapest(http, entry):
    """Resolve the link "order" against the last page."""
    link, offers = entry, []
    while link:
        response = http.get(link)
        offers += response.json()["products"]
        following = response.json()["next"]
        link = following and response.url.join(following)
    cheapest = min(offers, key=lambda one: one["cents"])
    return http.post(response.url.join(cheapest["order"])).json()["number"]


@wrong(
    "1.3.4", caught_by="test_q4_the_cheapest_product_is_ordered[two cheapest products]"
)
def order_cheapest(http, entry):
    """Compare tuples, which compares the URLs if two prices are equal."""
    link, offers = entry, []
    while link:
        response = http.get(link)
        for one in response.json()["products"]:
            offers.append((one["cents"], response.url.join(one["order"])))
        following = response.json()["next"]
        link = following and response.url.join(following)
    return http.post(min(offers)[1]).json()["number"]


@wrong(
    "1.3.4", caught_by="test_q4_the_cheapest_product_is_ordered[two cheapest products]"
)
def order_cheapest(http, entry):
    """Take the last one of several products with the same price."""
    link, best = entry, None
    while link:
        response = http.get(link)
        for one in response.json()["products"]:
            if best is None or one["cents"] <= best[0]:
                best = (one["cents"], response.url.join(one["order"]))
        following = response.json()["next"]
        link = following and response.url.join(following)
    return http.post(best[1]).json()["number"]


@wrong("1.3.4", caught_by="test_q4_the_cheapest_product_is_ordered[several pages]")
def order_cheapest(http, entry):
    """Build the URLs that shops usually have."""
    products = http.get(entry).json()["products"]
    cheapest = min(products, key=lambda one: one["cents"])
    return http.post(f"/orders/{cheapest['name']}").json()["number"]


@wrong("1.3.4", caught_by="test_q4_the_pages_can_be_on_two_servers")
def order_cheapest(http, entry):
    """Use only the path of a link, so everything is on one server."""
    link, offers = httpx2.URL(entry), {}
    while link:
        response = http.get(link)
        page = response.json()
        for one in page["products"]:
            path = response.url.join(one["order"]).raw_path.decode()
            offers.setdefault(response.url.join(path), one["cents"])
        following = page["next"]
        link = following and response.url.join(
            response.url.join(following).raw_path.decode()
        )
    return http.post(min(offers, key=offers.get)).json()["number"]


@wrong("1.3.4", caught_by="test_q4_the_number_of_the_order_is_returned")
def order_cheapest(http, entry):
    """Return the response to the order instead of its number."""
    link, offers = entry, {}
    while link:
        response = http.get(link)
        page = response.json()
        for one in page["products"]:
            offers[response.url.join(one["order"])] = one["cents"]
        link = page["next"] and response.url.join(page["next"])
    return http.post(min(offers, key=offers.get)).json()


@wrong("1.3.4", caught_by="test_q4_the_cheapest_product_is_ordered[a free product]")
def order_cheapest(http, entry):
    """Treat a price of 0 as no price."""
    link, best, best_url = entry, 0, None
    while link:
        response = http.get(link)
        page = response.json()
        for one in page["products"]:
            if not best or one["cents"] < best:
                best, best_url = one["cents"], response.url.join(one["order"])
        link = page["next"] and response.url.join(page["next"])
    return http.post(best_url).json()["number"]


@wrong("1.3.4", caught_by="test_q4_the_cheapest_product_is_ordered[expensive products]")
def order_cheapest(http, entry):
    """Begin with a price that seems high enough."""
    link, best, best_url = entry, 999_999, entry
    while link:
        response = http.get(link)
        page = response.json()
        for one in page["products"]:
            if one["cents"] < best:
                best, best_url = one["cents"], response.url.join(one["order"])
        link = page["next"] and response.url.join(page["next"])
    return http.post(best_url).json()["number"]


@right("1.3.4")
def order_cheapest(http: httpx2.Client, entry: str) -> int:
    """Use a generator of pages, `urljoin`, and a sorted list."""

    def pages(url: str):
        response = http.get(url).raise_for_status()
        page = response.json()
        yield str(response.url), page
        if page.get("next"):
            yield from pages(urljoin(str(response.url), page["next"]))

    offers = [
        (product["cents"], urljoin(base, product["order"]))
        for base, page in pages(entry)
        for product in page["products"]
    ]
    _, url = sorted(offers, key=lambda offer: offer[0])[0]
    response = http.request("POST", url, json={})
    return response.raise_for_status().json()["number"]


@right("1.3.4")
def order_cheapest(http, entry):
    """Remember the best product so far."""
    best_cents, best_url = None, None
    url = httpx2.URL(entry)
    while True:
        page = http.get(url).json()
        for product in page["products"]:
            if best_cents is None or product["cents"] < best_cents:
                best_cents, best_url = product["cents"], url.join(product["order"])
        if page["next"] is None:
            break
        url = url.join(page["next"])
    return http.post(best_url).json()["number"]


@wrong("1.3.5", caught_by="test_q5_with_errors_the_status_code_is_502")
def label_response(result):
    """Treat every null as a missing label."""
    label = result["data"]["label"]
    if label is None:
        raise HTTPException(404)
    return Response(b64decode(label), media_type="application/pdf")


@wrong("1.3.5", caught_by="test_q5_with_errors_the_data_is_not_used[no data]")
def label_response(result):
    """Read the data before the errors."""
    label = result["data"]["label"]
    if result.get("errors"):
        raise HTTPException(502)
    if label is None:
        raise HTTPException(404)
    return Response(b64decode(label), media_type="application/pdf")


@wrong("1.3.5", caught_by="test_q5_without_a_label_the_status_code_is_404")
def label_response(result):
    """Return an empty PDF if there is no label."""
    if result.get("errors"):
        raise HTTPException(502)
    label = result["data"]["label"]
    return Response(b64decode(label or ""), media_type="application/pdf")


@wrong("1.3.5", caught_by="test_q5_a_label_is_returned_as_a_pdf")
def label_response(result):
    """Return the Base64 text."""
    if result.get("errors"):
        raise HTTPException(502)
    if result["data"]["label"] is None:
        raise HTTPException(404)
    return Response(result["data"]["label"], media_type="application/pdf")


@wrong("1.3.5", caught_by="test_q5_a_label_is_returned_as_a_pdf")
def label_response(result):
    """Forget the content type."""
    if result.get("errors"):
        raise HTTPException(502)
    if result["data"]["label"] is None:
        raise HTTPException(404)
    return Response(b64decode(result["data"]["label"]))


@wrong("1.3.5", caught_by="test_q5_a_label_is_returned_as_a_pdf")
def label_response(result):
    """Return the bytes without a response."""
    if result.get("errors"):
        raise HTTPException(502)
    if result["data"]["label"] is None:
        raise HTTPException(404)
    return b64decode(result["data"]["label"])


@wrong("1.3.5", caught_by="test_q5_without_a_label_the_status_code_is_404")
def label_response(result):
    """Treat a missing label as an error of the server."""
    try:
        label = b64decode(result["data"]["label"])
    except (KeyError, TypeError):
        return Response(status_code=502)
    return Response(label, media_type="application/pdf")


@wrong("1.3.5", caught_by="test_q5_with_errors_the_data_is_not_used[a label]")
def label_response(result):
    """Look at the errors only if there is no label."""
    label = (result.get("data") or {}).get("label")
    if label is not None:
        return Response(b64decode(label), media_type="application/pdf")
    return Response(status_code=502 if "errors" in result else 404)


@wrong("1.3.5", caught_by="test_q5_without_a_label_the_status_code_is_404")
def label_response(result):
    """Return the exception instead of raising it."""
    if "errors" in result:
        return HTTPException(502)
    if result["data"]["label"] is None:
        return HTTPException(404)
    return Response(b64decode(result["data"]["label"]), media_type="application/pdf")


@right("1.3.5")
def label_response(result: dict[str, Any]) -> Response:
    """Use a match statement, and return all responses."""
    match result:
        case {"errors": [_, *_]}:
            headers = {"Retry-After": "60"}
            return JSONResponse({"detail": "try again"}, 502, headers)
        case {"data": {"label": str(encoded)}}:
            pdf = iter([base64.decodebytes(encoded.encode())])
            return StreamingResponse(pdf, media_type="application/pdf")
        case _:
            return PlainTextResponse("none", status_code=404)


@right("1.3.5")
def label_response(result):
    """Set the content type as a header, and test for the key."""
    if "errors" in result:
        raise HTTPException(status_code=502, detail="no label now")
    encoded = result["data"].get("label")
    if encoded is None:
        raise HTTPException(status_code=404, detail="no label")
    headers = {"Content-Type": "application/pdf"}
    return Response(base64.b64decode(encoded, validate=True), headers=headers)
