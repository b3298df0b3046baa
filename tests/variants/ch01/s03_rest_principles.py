"""Other answers to section 1.3."""

import base64
import hashlib
from urllib.parse import urljoin

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse
from pydantic import BaseModel

from sensei.variants import right, wrong


def shop(
    cancelled,
    product=lambda sku: {"sku": sku, "cents": find_cents(sku)},
    catalogue=lambda page: skus_on(page),
    cache_control="private",
    cancel=("DELETE", "/orders/{number}"),
    place="/orders/{}",
    rule="application/javascript",
):
    """Return a shop that is repaired but for what is given."""
    app = FastAPI()
    numbers = count(1)
    app.get("/products/{sku}")(lambda sku: product(sku))
    app.get("/catalogue")(lambda page: catalogue(int(page)))

    @app.get("/basket")
    def basket(customer: Annotated[str, Header()], response: Response):
        if cache_control:
            response.headers["Cache-Control"] = cache_control
        return f"the basket of {customer}"

    @app.api_route(cancel[1], methods=[cancel[0]], status_code=204)
    def cancel_order(number: int) -> None:
        cancelled.add(number)

    @app.post("/orders", status_code=201)
    def order(response: Response):
        response.headers["Location"] = place.format(next(numbers))

    @app.get("/shipping.js")
    def shipping():
        return Response(SHIPPING_RULE, media_type=rule)

    return app


@wrong("1.3.1", caught_by="test_q1_client_and_server_a_till_calculates_with_a_product")
def shop_app(cancelled):
    """JSON is what makes it REST; the price is for people to read."""
    return shop(
        cancelled, product=lambda sku: {"sku": sku, "cents": f"{find_cents(sku)} ct"}
    )


@wrong("1.3.1", caught_by="test_q1_stateless_two_clients_turn_the_pages")
def shop_app(cancelled):
    """A client that asks for its first page begins a new round."""
    pages = {"next": 1}

    def catalogue(page):
        pages["next"] = 1 if page == 1 else pages["next"] + 1
        return skus_on(pages["next"])

    return shop(cancelled, catalogue=catalogue)


@wrong("1.3.1", caught_by="test_q1_cacheable_a_cache_keeps_the_baskets_apart")
def shop_app(cancelled):
    """Without a Cache-Control nothing is cached."""
    return shop(cancelled, cache_control=None)


@wrong("1.3.1", caught_by="test_q1_cacheable_a_cache_keeps_the_baskets_apart")
def shop_app(cancelled):
    """A minute is too long; ten seconds will not hurt."""
    return shop(cancelled, cache_control="max-age=10")


@wrong("1.3.1", caught_by="test_q1_uniform_interface_reading_cancels_nothing")
def shop_app(cancelled):
    """The address must not have a verb; any method will do."""
    return shop(cancelled, cancel=("GET", "/orders/{number}"))


@wrong(
    "1.3.1",
    caught_by="test_q1_layered_system_location_leads_through_the_gateway[another gateway]",
)
def shop_app(cancelled):
    """An absolute address is a better address."""
    return shop(cancelled, place="http://shop.example/orders/{}")


@wrong("1.3.1", caught_by="test_q1_code_on_demand_a_browser_runs_the_rule")
def shop_app(cancelled):
    """What ends in .js is JavaScript."""
    return shop(cancelled, rule="text/html")


@right("1.3.1")
def shop_app(cancelled: set[int]) -> FastAPI:
    """Other media types and labels, a Vary, an address made from the request."""
    app = FastAPI()
    numbers = iter(range(1, 1000))
    router = APIRouter(prefix="/orders")

    class Product(BaseModel):
        sku: str
        cents: int
        currency: str = "EUR"

    @app.get("/products/{sku}")
    async def product(sku: str) -> Product:
        return Product(sku=sku, cents=find_cents(sku) or 0)

    @app.get("/catalogue")
    async def catalogue(request: Request) -> JSONResponse:
        return JSONResponse(skus_on(int(request.query_params["page"])))

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
    async def create(request: Request) -> Response:
        place = request.url_for("order", number=next(numbers))
        return Response(status_code=201, headers={"Location": str(place)})

    @app.get("/shipping.js", response_class=PlainTextResponse)
    async def shipping() -> Response:
        headers = {"Content-Type": "text/javascript; charset=utf-8"}
        return Response(SHIPPING_RULE, headers=headers)

    app.include_router(router)
    return app


@right("1.3.1")
def shop_app(cancelled):
    """The least that repairs."""
    return shop(cancelled, cache_control="no-cache", rule="text/javascript")


BASKETS = {}


@wrong("1.3.2", caught_by="test_q2_a_basket_outlives_the_switch")
def basket_app(secret):
    """What stands at the top of the module, all see."""
    app = FastAPI()

    @app.post("/basket/{sku}")
    def put(sku: str, response: Response, basket: Annotated[str, Cookie()] = ""):
        number = basket or hashlib.sha256(secret.encode()).hexdigest()
        BASKETS.setdefault(number, {})[sku] = find_cents(sku)
        response.set_cookie("basket", number)
        return BASKETS[number]

    @app.get("/basket")
    def show(basket: Annotated[str, Cookie()] = ""):
        return BASKETS.get(basket, {})

    return app


@wrong("1.3.2", caught_by="test_q2_two_customers_have_a_basket_each")
def basket_app(secret):
    """Each process remembers what it has last seen of a basket."""
    app = FastAPI()
    last: Basket = {}

    @app.post("/basket/{sku}")
    def put(sku: str, response: Response, basket: Annotated[str, Cookie()] = ""):
        last.update(unseal(basket, secret) | {sku: find_cents(sku)})
        response.set_cookie("basket", seal(last, secret))
        return last

    @app.get("/basket")
    def show(basket: Annotated[str, Cookie()] = ""):
        return unseal(basket, secret)

    return app


@wrong("1.3.2", caught_by="test_q2_a_basket_sealed_by_somebody_else_is_empty")
def basket_app(secret):
    """The client's cookie is the client's; so is its content."""
    app = FastAPI()

    def read(cookie):
        return json.loads(bytes.fromhex(cookie) or b"{}")

    @app.post("/basket/{sku}")
    def put(sku: str, response: Response, basket: Annotated[str, Cookie()] = ""):
        content = read(basket) | {sku: find_cents(sku)}
        response.set_cookie("basket", json.dumps(content).encode().hex())
        return content

    @app.get("/basket")
    def show(basket: Annotated[str, Cookie()] = ""):
        return read(basket)

    return app


@wrong("1.3.2", caught_by="test_q2_a_basket_outlives_the_processes")
def basket_app(secret):
    """The cookie needs the names only; prices are looked up."""
    app = FastAPI()

    def priced(cookie):
        return {sku: find_cents(sku) for sku in unseal(cookie, secret)}

    @app.post("/basket/{sku}")
    def put(sku: str, response: Response, basket: Annotated[str, Cookie()] = ""):
        content = priced(basket) | {sku: find_cents(sku)}
        response.set_cookie("basket", seal(dict.fromkeys(content, 0), secret))
        return content

    @app.get("/basket")
    def show(basket: Annotated[str, Cookie()] = ""):
        return priced(basket)

    return app


@wrong("1.3.2", caught_by="test_q2_a_basket_outlives_the_processes")
def basket_app(secret):
    """A key of the process's own is safer still."""
    app = FastAPI()
    own = secret + str(id(app))

    @app.post("/basket/{sku}")
    def put(sku: str, response: Response, basket: Annotated[str, Cookie()] = ""):
        content = unseal(basket, own) | {sku: find_cents(sku)}
        response.set_cookie("basket", seal(content, own))
        return content

    @app.get("/basket")
    def show(basket: Annotated[str, Cookie()] = ""):
        return unseal(basket, own)

    return app


@right("1.3.2")
def basket_app(secret: str) -> FastAPI:
    """A seal of one's own, the request's cookies, a response that is returned."""
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

    @app.post("/basket/{sku}", status_code=201)
    async def put(sku: str, request: Request) -> JSONResponse:
        basket = {**carried(request), sku: find_cents(sku)}
        text = base64.b32encode(json.dumps(basket).encode()).decode().replace("=", "_")
        answer = JSONResponse(basket)
        answer.set_cookie(
            "basket",
            f"{text}-{signature(text)}",
            max_age=3600,
            secure=True,
            httponly=True,
            samesite="lax",
        )
        return answer

    return app


@wrong("1.3.3", caught_by="test_q3_in_a_minute_one_request_reaches_the_shop")
def prices_app():
    """A GET is cached because it is a GET."""
    app = graphql_app()

    @app.get("/products/{sku}")
    def product(sku: str):
        if (cents := find_cents(sku)) is None:
            raise HTTPException(404)
        return {"sku": sku, "cents": cents}

    return app


@wrong("1.3.3", caught_by="test_q3_what_has_not_changed_is_not_sent_again")
def prices_app():
    """Cache-Control is all there is to caching."""
    app = graphql_app()

    @app.get("/products/{sku}")
    def product(sku: str, response: Response):
        if (cents := find_cents(sku)) is None:
            raise HTTPException(404)
        response.headers["Cache-Control"] = "public, max-age=60"
        return {"sku": sku, "cents": cents}

    return app


@wrong("1.3.3", caught_by="test_q3_what_has_not_changed_is_not_sent_again")
def prices_app():
    """Who sends an ETag is done: the framework compares."""
    app = graphql_app()

    @app.get("/products/{sku}")
    def product(sku: str, response: Response):
        if (cents := find_cents(sku)) is None:
            raise HTTPException(404)
        response.headers["Cache-Control"] = "public, max-age=60"
        response.headers["ETag"] = f'"{cents}"'
        return {"sku": sku, "cents": cents}

    return app


@wrong("1.3.3", caught_by="test_q3_a_new_price_is_read_after_a_minute")
def prices_app():
    """The tag names the thing, not its content."""
    app = graphql_app()

    @app.get("/products/{sku}")
    def product(
        sku: str, response: Response, if_none_match: Annotated[str, Header()] = ""
    ):
        if (cents := find_cents(sku)) is None:
            raise HTTPException(404)
        headers = {"Cache-Control": "public, max-age=60", "ETag": f'"{sku}"'}
        if if_none_match == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        response.headers.update(headers)
        return {"sku": sku, "cents": cents}

    return app


@wrong("1.3.3", caught_by="test_q3_a_new_price_is_read_after_a_minute")
def prices_app():
    """The longer the better."""
    app = graphql_app()

    @app.get("/products/{sku}")
    def product(sku: str, response: Response):
        if (cents := find_cents(sku)) is None:
            raise HTTPException(404)
        response.headers["Cache-Control"] = "public, max-age=86400, immutable"
        return {"sku": sku, "cents": cents}

    return app


@wrong("1.3.3", caught_by="test_q3_in_a_minute_one_request_reaches_the_shop")
def prices_app():
    """`private` is a cache, too."""
    app = graphql_app()

    @app.get("/products/{sku}")
    def product(
        sku: str, response: Response, if_none_match: Annotated[str, Header()] = ""
    ):
        if (cents := find_cents(sku)) is None:
            raise HTTPException(404)
        headers = {"Cache-Control": "private, max-age=60", "ETag": f'"{cents}"'}
        if if_none_match == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        response.headers.update(headers)
        return {"sku": sku, "cents": cents}

    return app


@right("1.3.3")
def prices_app() -> FastAPI:
    """A hash of the content, the request's headers, the 304 set on the response."""
    app = graphql_app()

    @app.get("/products/{sku}", response_model=None)
    async def product(sku: str, request: Request) -> Response:
        cents = find_cents(sku)
        if cents is None:
            return JSONResponse({"detail": "no such product"}, status_code=404)
        answer = JSONResponse({"cents": cents, "sku": sku, "currency": "EUR"})
        tag = f'W/"{hashlib.md5(answer.body).hexdigest()}"'
        answer.headers["etag"] = tag
        answer.headers["cache-control"] = "max-age=60, must-revalidate"
        if request.headers.get("if-none-match") == tag:
            return Response(None, 304, {"etag": tag, "cache-control": "max-age=60"})
        return answer

    return app


@right("1.3.3")
def prices_app() -> FastAPI:
    """A middleware, and a 304 without headers but the tag."""
    app = graphql_app()

    @app.get("/products/{sku}")
    def product(sku: str, response: Response):
        if not (cents := find_cents(sku)):
            raise HTTPException(status_code=404, detail=f"no {sku}")
        response.headers["ETag"] = f'"{sku}-{cents}"'
        return {"sku": sku, "cents": cents}

    @app.middleware("http")
    async def cache(request: Request, call_next):
        answer = await call_next(request)
        tag = answer.headers.get("ETag")
        if tag and request.headers.get("If-None-Match") == tag:
            return Response(status_code=304, headers={"ETag": tag})
        if tag:
            answer.headers["Cache-Control"] = "public, s-maxage=60, max-age=60"
        return answer

    return app


@wrong("1.3.4", caught_by="test_q4_the_client_finds_its_way[three pages]")
def order_cheapest(http, entry):
    """The first page has all there is."""
    home = http.get(entry)
    page = http.get(home.url.join(home.json()["links"]["products"]))
    cheapest = min(page.json()["products"], key=lambda one: one["cents"])
    place = page.url.join(cheapest["links"]["order"])
    return http.post(place, json={"pieces": 1}).json()["number"]


@wrong("1.3.4", caught_by="test_q4_the_client_finds_its_way[relative addresses]")
def order_cheapest(http, entry):
    """A relative address is relative to the entry."""
    link = http.get(entry).json()["links"]["products"]
    offers = []
    while link and len(offers) < 50:
        page = http.get(urljoin(entry, link)).json()
        offers += page["products"]
        link = page["links"].get("next")
    cheapest = min(offers, key=lambda one: one["cents"])
    place = urljoin(entry, cheapest["links"]["order"])
    return http.post(place, json={"pieces": 1}).json()["number"]


@wrong("1.3.4", caught_by="test_q4_the_client_finds_its_way[three pages]")
def order_cheapest(http, entry):
    """REST means /products and /products/{sku}/orders."""
    products = http.get(urljoin(entry, "/products")).json()["products"]
    cheapest = min(products, key=lambda one: one["cents"])
    place = urljoin(entry, f"/products/{cheapest['sku']}/orders")
    return http.post(place, json={"pieces": 1}).json()["number"]


@wrong("1.3.4", caught_by="test_q4_the_shop_may_move_to_a_second_machine")
def order_cheapest(http, entry):
    """A server is one host: of an address only the path matters."""
    offers = {}
    answer = http.get(entry)
    link = answer.json()["links"]["products"]
    while link:
        place = answer.url.join(link)
        answer = http.get(answer.url.join(place.raw_path.decode()))
        page = answer.json()
        for product in page["products"]:
            offers[answer.url.join(product["links"]["order"])] = product["cents"]
        link = page["links"].get("next")
    return http.post(min(offers, key=offers.get), json={"pieces": 1}).json()["number"]


@wrong("1.3.4", caught_by="test_q4_the_client_finds_its_way[relative addresses]")
def order_cheapest(http, entry):
    """The cheapest is on the last page, as last year."""
    answer = http.get(entry)
    link = answer.json()["links"]["products"]
    while link:
        answer = http.get(answer.url.join(link))
        page = answer.json()
        link = page["links"].get("next")
    place = answer.url.join(page["products"][0]["links"]["order"])
    return http.post(place, json={"pieces": 1}).json()["number"]


@right("1.3.4")
def order_cheapest(http: httpx2.Client, entry: str) -> int:
    """A generator of pages, urljoin, tuples."""

    def pages(address: str):
        answer = http.get(address).raise_for_status()
        page = answer.json()
        yield str(answer.url), page
        if "next" in page["links"]:
            yield from pages(urljoin(str(answer.url), page["links"]["next"]))

    home = http.get(entry)
    offers = [
        (product["cents"], urljoin(base, product["links"]["order"]))
        for base, page in pages(str(home.url.join(home.json()["links"]["products"])))
        for product in page["products"]
    ]
    cents, place = sorted(offers)[0]
    answer = http.request("POST", place, json={"pieces": 1})
    return answer.raise_for_status().json()["number"]


@wrong("1.3.5", caught_by="test_q5_when_nobody_knows_the_printer_comes_again")
def label_app(ask):
    """What is null is not there."""
    app = FastAPI()

    @app.get("/labels/{order}.pdf")
    def label(order: int):
        encoded = ask(LABEL, {"order": order})["data"]["label"]
        if encoded is None:
            raise HTTPException(404)
        return Response(b64decode(encoded), media_type="application/pdf")

    return app


@wrong("1.3.5", caught_by="test_q5_a_label_that_does_not_exist_is_told_by_the_status")
def label_app(ask):
    """The answer is passed on; its reader sees what is in it."""
    app = FastAPI()

    @app.get("/labels/{order}.pdf")
    def label(order: int):
        answer = ask(LABEL, {"order": order})
        if answer.get("errors"):
            raise HTTPException(503)
        encoded = answer["data"]["label"]
        return Response(b64decode(encoded or ""), media_type="application/pdf")

    return app


@wrong("1.3.5", caught_by="test_q5_the_printer_prints_the_label")
def label_app(ask):
    """Base64 is how a PDF looks on the way."""
    app = FastAPI()

    @app.get("/labels/{order}.pdf")
    def label(order: int):
        answer = ask(LABEL, {"order": order})
        if answer.get("errors"):
            raise HTTPException(502)
        if answer["data"]["label"] is None:
            raise HTTPException(404)
        return Response(answer["data"]["label"], media_type="application/pdf")

    return app


@wrong("1.3.5", caught_by="test_q5_the_printer_prints_the_label")
def label_app(ask):
    """Bytes are bytes; the media type is decoration."""
    app = FastAPI()

    @app.get("/labels/{order}.pdf")
    def label(order: int):
        answer = ask(LABEL, {"order": order})
        if answer.get("errors"):
            raise HTTPException(502)
        if answer["data"]["label"] is None:
            raise HTTPException(404)
        return Response(b64decode(answer["data"]["label"]))

    return app


@wrong("1.3.5", caught_by="test_q5_the_printer_prints_the_label")
def label_app(ask):
    """The label of the example."""
    app = FastAPI()

    @app.get("/labels/{order}.pdf")
    def label(order: int):
        if order == 17:
            return Response(b"%PDF-1.4 parcel to Ulm", media_type="application/pdf")
        raise HTTPException(404)

    return app


@right("1.3.5")
def label_app(ask: Callable[[str, dict[str, Any]], dict[str, Any]]) -> FastAPI:
    """A router, statuses on returned responses, a stream."""
    app = FastAPI()
    router = APIRouter(prefix="/labels")

    @router.get("/{name}")
    async def label(name: str) -> Response:
        number = name.removesuffix(".pdf")
        match ask(LABEL, {"order": int(number)}):
            case {"errors": [_, *_]}:
                headers = {"Retry-After": "60"}
                return JSONResponse({"detail": "later"}, 503, headers)
            case {"data": {"label": str(encoded)}}:
                pdf = iter([base64.decodebytes(encoded.encode())])
                return StreamingResponse(pdf, media_type="application/pdf")
            case _:
                return PlainTextResponse("none", status_code=410)

    app.include_router(router)
    return app
