"""1.4  Introduction to FastAPI.

FastAPI is a web framework that runs on an event loop. From the annotations of a
function it validates requests, converts values and creates the documentation.
Notes: content/docs/fastapi/introduction/introduction-to-fastapi.md
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Protocol, TypeVar

from fastapi import FastAPI, HTTPException, Query
from fastapi.responses import HTMLResponse
from flask import Flask, render_template_string, request
from pydantic import BaseModel, Field, TypeAdapter

from sensei import ___


class Warehouse(Protocol):
    """A service that needs some time to respond."""

    def ask(self) -> int:
        """Return the number of lamps. The thread is blocked until then."""

    async def ask_async(self) -> int:
        """Return the number of lamps. The event loop does other work until then."""


def read_stock(warehouse: Warehouse) -> dict[str, int]:
    """Ask the warehouse with a blocking call."""
    return {"lamps": warehouse.ask()}


async def read_stock_async(warehouse: Warehouse) -> dict[str, int]:
    """Ask the warehouse with `await`."""
    return {"lamps": await warehouse.ask_async()}


def waiting_requests() -> dict[str, int]:
    """1.4.1  What makes FastAPI faster than other Python frameworks like Flask or
    Django?

    Five applications have the same endpoint, `GET /stock`. To each of them, 50 clients
    send a request at the same time. The warehouse waits until no further request can
    reach it, and only then responds. Predict how many of the 50 requests wait for the
    warehouse at the same time.

    - Fill in one number for each application. In "flask def", Flask calls `read_stock`
      for each request, in "flask async def" it calls `read_stock_async`, and so on.

    Given:
        Flask runs on a WSGI server with 4 threads.
        Django and FastAPI run on an ASGI server, with one event loop in one thread.
        FastAPI runs endpoints that are `def` functions in a pool of 40 threads.
    """
    # region answer
    # In words: Most of the time, a request waits for a database or another service. On
    # a WSGI server each waiting request occupies a thread, even if the view is
    # `async def`. On an ASGI server the event loop goes on with the next request at
    # each `await`, so all requests wait at the same time in one thread. Django gains
    # the same from async views on an ASGI server. In FastAPI this is the normal case.
    return {
        "flask def": 4,
        "flask async def": 4,
        "django async def": 50,
        "fastapi async def": 50,
        "fastapi def": 40,
    }
    # stub: return {
    # stub:     "flask def": ___,
    # stub:     "flask async def": ___,
    # stub:     "django async def": ___,
    # stub:     "fastapi async def": ___,
    # stub:     "fastapi def": ___,
    # stub: }
    # endregion


class Product(BaseModel):
    """A product of the shop."""

    sku: str
    name: str
    price: Decimal


class Sort(StrEnum):
    """The fields by which products can be sorted."""

    NAME = "name"
    PRICE = "price"


def catalogue(sort: str) -> list[Product]:
    """Return all products, sorted by this field."""
    lamp = Product(sku="LAMP-01", name="Lamp", price=Decimal("49.00"))
    vase = Product(sku="VASE-07", name="Vase", price=Decimal("12.50"))
    return sorted([vase, lamp], key=lambda product: getattr(product, sort))


def search_app() -> FastAPI:
    """1.4.2  How does FastAPI’s automatic Swagger UI generation benefit developers?

    FastAPI creates the page `/docs` from the annotations. Here the rules for `limit`
    and `sort` are in the code instead, so the page shows two strings without rules, and
    no fields of a product. Move the rules into the annotations. Then `/docs` shows
    them, and the server returns 422 for all other values.

    - `limit` is an integer from 1 to 50. The default is 20.
    - `sort` is one of the values of `Sort`. The default is "name".
    - The response is a list of `Product`.

    Example:
        GET /products?limit=1  ->  200  [{"sku": "LAMP-01", "name": "Lamp",
            "price": "49.00"}]
    """
    # region answer
    # In words: Swagger UI shows what /openapi.json contains, and FastAPI creates that
    # from the same annotations with which it validates requests. You write each rule
    # once, and the documentation cannot be out of date. Other developers can read the
    # rules and try the API without reading your code.
    app = FastAPI()

    @app.get("/products")
    def list_products(
        limit: Annotated[int, Query(ge=1, le=50)] = 20,
        sort: Sort = Sort.NAME,
    ) -> list[Product]:
        return catalogue(sort)[:limit]

    return app
    # stub: app = FastAPI()
    # stub:
    # stub: @app.get("/products")
    # stub: def list_products(
    # stub:     limit: Annotated[str, Query()] = "20",
    # stub:     sort: str = "name",
    # stub: ) -> list[dict[str, Any]]:
    # stub:     if not limit.isdecimal() or not 1 <= int(limit) <= 50:
    # stub:         raise HTTPException(422, "limit must be from 1 to 50")
    # stub:     if sort not in ("name", "price"):
    # stub:         raise HTTPException(422, "sort must be name or price")
    # stub:     return [one.model_dump() for one in catalogue(sort)[: int(limit)]]
    # stub:
    # stub: return app
    # endregion


class OrderIn(BaseModel):
    """An order, as a client sends it."""

    sku: str = Field(min_length=1, max_length=40)
    quantity: int = Field(ge=1, le=1000)


class OrderOut(BaseModel):
    """The response to an order."""

    number: int


def save_order(sku: str, quantity: int) -> int:
    """Save an order in the database, and return its number. Blocks the thread."""
    time.sleep(0.2)
    return 1007


def order_app() -> FastAPI:
    """1.4.3  List three pros and three cons of using FastAPI for API development.

    The endpoint below shows three cons: FastAPI checks only what is annotated, it
    documents only what is annotated, and a blocking call in an `async def` function
    stops all other requests. Repair the endpoint. Then each con becomes a pro.

    - A body that does not fit `OrderIn` returns 422, and the order is not saved.
    - The page `/docs` lists the fields of `OrderIn` for the request body and those of
      `OrderOut` for the response.
    - While `save_order` runs, the application responds to other requests.
    - An order that fits `OrderIn` still returns 201 and the number from `save_order`.

    Example:
        POST /orders {"sku": "LAMP-01", "quantity": 2}  ->  201  {"number": 1007}
    """
    # region answer
    # In words: Three pros: annotations validate each request and tell the client what
    # is wrong, the same annotations become the documentation, and many requests can
    # wait at the same time. Three cons: without an annotation nothing is checked, and
    # no error tells you so; one blocking call in `async def` stops all requests; and
    # much that Django brings along, such as an ORM, forms and an admin, is left to you.
    app = FastAPI()

    @app.post("/orders", status_code=201)
    def place_order(order: OrderIn) -> OrderOut:
        return OrderOut(number=save_order(order.sku, order.quantity))

    return app
    # stub: app = FastAPI()
    # stub:
    # stub: @app.post("/orders", status_code=201)
    # stub: async def place_order(order: dict[str, Any]) -> dict[str, Any]:
    # stub:     return {"number": save_order(order["sku"], order["quantity"])}
    # stub:
    # stub: return app
    # endregion


@dataclass
class Line:
    """A line of an order."""

    sku: str
    quantity: int
    price: Decimal


T = TypeVar("T")
R = TypeVar("R")


def fast_endpoint(
    endpoint: Callable[[T], R], takes: type[T], returns: type[R]
) -> Callable[[bytes], bytes]:
    """1.4.4  What features make FastAPI faster than Flask or Django?

    One feature is Pydantic. When an application starts, FastAPI creates a validator for
    the request body and a serializer for the response. Both run in compiled code. Build
    this with Pydantic's `TypeAdapter`: return a function that takes the JSON of a
    request, calls `endpoint` and returns the JSON of the response.

    - For each request, call `endpoint` with the body, converted to the type `takes`.
    - If the body is not JSON, or does not fit `takes`, raise pydantic's
      `ValidationError`, and do not call `endpoint`.
    - The JSON of the response has all fields that `returns` declares, and no others.
    - Analyse the types once, not for each request.
    - Let Pydantic loop over lists. With 1000 lines, as few Python functions run as with
      one line.

    Example:
        def total(lines: list[Line]) -> Decimal: ...  # the sum of all prices

        respond = fast_endpoint(total, list[Line], Decimal)
        respond(b'[{"sku": "LAMP-01", "quantity": 2, "price": "2.50"}]')  ->  b'"5.00"'
    """
    # region answer
    # In words: FastAPI analyses the annotations once, when the application starts.
    # Pydantic makes a validator and a serializer in Rust of them, so a request converts
    # and checks its JSON without a loop in Python. Starlette and Uvicorn add an event
    # loop, in which requests wait at the same time. Your own Python code in the
    # endpoint is as fast or as slow as in Flask.
    reader = TypeAdapter(takes)
    writer = TypeAdapter(returns)

    def respond(body: bytes) -> bytes:
        return writer.dump_json(endpoint(reader.validate_json(body)))

    return respond
    # endregion


PRICES = {"LAMP-01": 4900, "VASE-07": 1250}


def quote_app() -> FastAPI:
    """1.4.5  How does FastAPI’s Swagger UI enhance developer productivity?

    A new colleague opens `/docs`, clicks "Try it out" and then "Execute". The page
    sends the example from the documentation, or "string" where a text has no example.
    So the response is 404, and the page calls this status code undocumented. Repair
    the documentation of `POST /quotes`.

    - `POST /quotes` returns 200 for the body that the page fills in.
    - The page lists the status code 404.
    - For each body, `POST /quotes` returns the same status code as before.
    """
    # region answer
    # In words: Swagger UI is a client that is ready to use: it sends real requests and
    # shows the responses, so nobody has to write a script or read the code first.
    # FastAPI documents the types and its own 422. It cannot know which values exist or
    # what you raise, so you add examples and the other status codes.
    app = FastAPI()

    class QuoteIn(BaseModel):
        sku: str = Field(examples=["LAMP-01"])
        quantity: int = Field(ge=1, le=100)

    @app.post("/quotes", responses={404: {"description": "Unknown product"}})
    def quote(wanted: QuoteIn) -> dict[str, int]:
        if wanted.sku not in PRICES:
            raise HTTPException(404, "Unknown product")
        return {"cents": PRICES[wanted.sku] * wanted.quantity}

    return app
    # stub: app = FastAPI()
    # stub:
    # stub: class QuoteIn(BaseModel):
    # stub:     sku: str
    # stub:     quantity: int = Field(ge=1, le=100)
    # stub:
    # stub: @app.post("/quotes")
    # stub: def quote(wanted: QuoteIn) -> dict[str, int]:
    # stub:     if wanted.sku not in PRICES:
    # stub:         raise HTTPException(404, "Unknown product")
    # stub:     return {"cents": PRICES[wanted.sku] * wanted.quantity}
    # stub:
    # stub: return app
    # endregion


@dataclass
class Call:
    """A request, such as `Call("POST", "/orders", {"quantity": 1})`."""

    method: str
    path: str
    body: Any = None


LAMP = {"sku": "LAMP-01", "cents": 4900, "margin": 0.31}


def flask_shop() -> Flask:
    """Return a shop that sells lamps, in Flask."""
    app = Flask("shop")

    @app.get("/lamp")
    def lamp() -> dict[str, Any]:
        return LAMP

    @app.post("/orders")
    def order() -> dict[str, Any]:
        return {"cents": request.get_json()["quantity"] * 4900}

    @app.get("/thanks")
    def thanks() -> str:
        page = "<p>Thank you, {{ name }}.</p>"
        return render_template_string(page, name=request.args["name"])

    return app


class LampOut(BaseModel):
    """The lamp, as customers see it."""

    sku: str
    cents: int


class LampOrder(BaseModel):
    """An order of lamps."""

    quantity: int = Field(le=1000)


def fastapi_shop() -> FastAPI:
    """Return the same shop in FastAPI."""
    app = FastAPI()

    @app.get("/lamp")
    def lamp() -> LampOut:
        return LampOut.model_validate(LAMP)

    @app.post("/orders")
    def order(wanted: LampOrder) -> dict[str, int]:
        return {"cents": wanted.quantity * 4900}

    @app.get("/thanks", response_class=HTMLResponse)
    def thanks(name: str) -> str:
        return f"<p>Thank you, {name}.</p>"

    return app


def evidence() -> dict[str, Call]:
    """1.4.6  List two advantages and two disadvantages of FastAPI for API development.

    The two shops above have the same endpoints. Find one request for each advantage
    and each disadvantage, and return it as a `Call`. The test sends it to both shops.

    - "output" (advantage): the JSON from Flask has the field `margin`. The JSON from
      FastAPI does not.
    - "input" (advantage): Flask returns 200, and its `cents` is not a number. FastAPI
      returns a number for `cents`, or 422.
    - "method" (disadvantage): Flask returns 200. FastAPI returns 405.
    - "html" (disadvantage): the page from FastAPI contains a script from the request,
      and a browser can run it. The page from Flask shows this script as text.
    """
    # region answer
    # In words: Two advantages: FastAPI checks and converts the input by its
    # annotations before your code runs, and it limits the output to the fields of the
    # annotated model. Two disadvantages: it brings less along (no templates that escape
    # HTML, no forms, no admin, no ORM), and some defaults are missing: Flask responds
    # to HEAD and OPTIONS for each GET endpoint.
    return {
        "output": Call("GET", "/lamp"),
        "input": Call("POST", "/orders", {"quantity": "3"}),
        "method": Call("HEAD", "/lamp"),
        "html": Call("GET", "/thanks?name=<script>alert(1)</script>"),
    }
    # stub: return {
    # stub:     "output": ___,
    # stub:     "input": ___,
    # stub:     "method": ___,
    # stub:     "html": ___,
    # stub: }
    # endregion
