"""1.4  Introduction to FastAPI.

Requests that wait, wait together; and what an annotation says, nobody says twice.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, is_dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Protocol, get_args, get_origin, get_type_hints

from django import http, urls  # type: ignore[import-untyped]
from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.responses import HTMLResponse
from flask import Flask, render_template_string, request
from pydantic import BaseModel, Field

from sensei import ___


class Warehouse(Protocol):
    """Knows how many pieces of a product there are, and takes its time to say so."""

    def ask(self, sku: str) -> int:
        """Return the number of pieces; the thread waits for it."""

    async def ask_async(self, sku: str) -> int:
        """Return the number of pieces; the thread does other things meanwhile."""


def flask_shop(warehouse: Warehouse) -> Flask:
    """Return the shop in Flask."""
    app = Flask("shop")

    @app.get("/def/<sku>")
    def stock(sku: str) -> dict[str, int]:
        return {"pieces": warehouse.ask(sku)}

    @app.get("/async/<sku>")
    async def stock_async(sku: str) -> dict[str, int]:
        return {"pieces": await warehouse.ask_async(sku)}

    return app


def django_shop(warehouse: Warehouse) -> list[urls.URLPattern]:
    """Return the shop in Django."""

    def stock(_: http.HttpRequest, sku: str) -> http.JsonResponse:
        return http.JsonResponse({"pieces": warehouse.ask(sku)})

    async def stock_async(_: http.HttpRequest, sku: str) -> http.JsonResponse:
        return http.JsonResponse({"pieces": await warehouse.ask_async(sku)})

    return [urls.path("def/<sku>", stock), urls.path("async/<sku>", stock_async)]


def fastapi_shop(warehouse: Warehouse) -> FastAPI:
    """Return the shop in FastAPI."""
    app = FastAPI()

    @app.get("/async/{sku}")
    async def stock_async(sku: str) -> dict[str, int]:
        return {"pieces": await warehouse.ask_async(sku)}

    @app.get("/blocking/{sku}")
    async def stock_blocking(sku: str) -> dict[str, int]:
        return {"pieces": warehouse.ask(sku)}

    return app


def waiting_at_once() -> dict[str, int]:
    """1.4.1  What makes FastAPI faster than other Python frameworks like Flask or
    Django?

    Fifty customers come to one of these shops at once. The warehouse answers nobody
    as long as another of them can still get through to it. Return how many of them
    wait in it together. Flask, and Django's `def`, run on a WSGI server with 4 worker
    threads; Django's `async def`, and FastAPI, on an event loop in one thread.
    """
    # region answer
    # In words: FastAPI does not compute faster, it waits better. A WSGI server gives
    # each request a thread, which waits with it, even if the view is `async def`: so
    # as many wait together as there are threads. An ASGI server has an event loop: at
    # each `await` its one thread goes on to the next request, and all wait together.
    # Django's async views gain the same on such a server. And a call that blocks in
    # `async def` loses it all: one request at a time, fewer than in Flask.
    return {
        "flask/def": 4,
        "flask/async": 4,
        "django/def": 4,
        "django/async": 50,
        "fastapi/async": 50,
        "fastapi/blocking": 1,
    }
    # stub: return {
    # stub:     "flask/def": ___,
    # stub:     "flask/async": ___,
    # stub:     "django/def": ___,
    # stub:     "django/async": ___,
    # stub:     "fastapi/async": ___,
    # stub:     "fastapi/blocking": ___,
    # stub: }
    # endregion


class Product(BaseModel):
    """A product of the shop."""

    sku: str
    name: str
    price: Decimal


class Sort(StrEnum):
    """What products can be sorted by."""

    NAME = "name"
    PRICE = "price"


def catalogue(sort: str) -> list[Product]:
    """Stands in for the database; returns all products, sorted."""
    lamp = Product(sku="LAMP-01", name="Lamp", price=Decimal("49.00"))
    vase = Product(sku="VASE-07", name="Vase", price=Decimal("12.50"))
    return sorted([vase, lamp], key=lambda one: getattr(one, sort))


def search_app() -> FastAPI:
    """1.4.2  How does FastAPI’s automatic Swagger UI generation benefit developers?

    The shop's page at /docs says of `GET /products`: two strings come in, and who
    knows what goes out. The rules are in the code, and in prose that is out of date.
    Repair this: the page and the server have the same rules, for `limit` (1 to 50,
    else 20) and `sort` (a `Sort`, else by name), and the page promises a list of
    `Product`. An app that is made after `Sort` got one more member, or `Product` one
    more field, has it on the page and serves it.
    """
    # region answer
    # In words: Swagger UI draws its page from /openapi.json, and FastAPI makes that
    # from the annotations by which it validates. So there is nothing to write twice,
    # and nothing that can be out of date: the page is as true as the code. Whoever
    # writes a client reads it there, tries it there, or has the client generated.
    app = FastAPI()

    @app.get("/products")
    def products(
        limit: Annotated[int, Query(ge=1, le=50)] = 20, sort: Sort = Sort.NAME
    ) -> list[Product]:
        return catalogue(sort)[:limit]

    return app
    # stub: app = FastAPI()
    # stub:
    # stub: @app.get("/products")
    # stub: def products(
    # stub:     limit: Annotated[str, Query(description="From 1 to 100.")] = "20",
    # stub:     sort: Annotated[str, Query(description="name or date.")] = "name",
    # stub: ) -> list[dict[str, Any]]:
    # stub:     if not limit.isdecimal() or not 1 <= int(limit) <= 50:
    # stub:         raise HTTPException(422, "The limit goes from 1 to 50.")
    # stub:     if sort not in ("name", "price"):
    # stub:         raise HTTPException(422, "Sort by name or price.")
    # stub:     return [one.model_dump() for one in catalogue(sort)[: int(limit)]]
    # stub:
    # stub: return app
    # endregion


class OrderIn(BaseModel):
    """What a customer orders."""

    sku: str
    quantity: int = Field(ge=1)


def book(sku: str, quantity: int) -> int:
    """Stands in for the order service; returns the number of the new order."""
    return 1007


def last_booked() -> int:
    """Stands in for the order service; returns the number of the latest order."""
    return 1006


def shop_app(
    warehouses: list[Warehouse], print_invoice: Callable[[int], str]
) -> FastAPI:
    """1.4.3  List three pros and three cons of using FastAPI for API development.

    Take three gifts: `POST /orders` takes an `OrderIn`, and answers what is none with
    422 and the name of each wrong field; the documentation promises its fields;
    `GET /stock/{sku}` asks all warehouses at the same time. Get out of three traps:
    `print_invoice` blocks its thread, but keeps nobody else waiting;
    `GET /orders/latest` answers; and whatever the header Host says, no link leads
    to another host than shop.example (or the request is refused).
    """
    # region answer
    # In words: three pros: one annotation validates a body and tells the client what
    # is wrong with it; the same annotation is the documentation; one request can wait
    # for several things at once. Three cons: a blocking call in `async def` stops
    # everybody; much is left to you that Django, say, has switched on (it refuses a
    # foreign Host); and rules are implicit: the first route that fits wins.
    from fastapi.middleware.trustedhost import TrustedHostMiddleware

    app = FastAPI()
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["shop.example"])

    @app.post("/orders", status_code=201)
    async def place(order: OrderIn, request: Request) -> dict[str, str]:
        number = book(order.sku, order.quantity)
        return {"link": str(request.url_for("order", number=number))}

    @app.get("/orders/latest")
    async def latest() -> dict[str, int]:
        return {"number": last_booked()}

    @app.get("/orders/{number}")
    async def order(number: int) -> dict[str, int]:
        return {"number": number}

    @app.get("/stock/{sku}")
    async def stock(sku: str) -> dict[str, list[int]]:
        asked = (warehouse.ask_async(sku) for warehouse in warehouses)
        return {"pieces": await asyncio.gather(*asked)}

    @app.get("/orders/{number}/invoice")
    def invoice(number: int) -> dict[str, str]:
        return {"invoice": print_invoice(number)}

    return app
    # stub: app = FastAPI()
    # stub:
    # stub: @app.post("/orders", status_code=201)
    # stub: async def place(order: dict[str, Any], request: Request) -> dict[str, str]:
    # stub:     number = book(order["sku"], order["quantity"])
    # stub:     return {"link": str(request.url_for("order", number=number))}
    # stub:
    # stub: @app.get("/orders/{number}")
    # stub: async def order(number: int) -> dict[str, int]:
    # stub:     return {"number": number}
    # stub:
    # stub: @app.get("/orders/latest")
    # stub: async def latest() -> dict[str, int]:
    # stub:     return {"number": last_booked()}
    # stub:
    # stub: @app.get("/stock/{sku}")
    # stub: async def stock(sku: str) -> dict[str, list[int]]:
    # stub:     return {"pieces": [await one.ask_async(sku) for one in warehouses]}
    # stub:
    # stub: @app.get("/orders/{number}/invoice")
    # stub: async def invoice(number: int) -> dict[str, str]:
    # stub:     return {"invoice": print_invoice(number)}
    # stub:
    # stub: return app
    # endregion


@dataclass
class Line:
    """A line of a bill."""

    sku: str
    quantity: int
    price: Decimal


def plain_engine(endpoint: Callable[..., Any]) -> Callable[[bytes], bytes]:
    """Serve an endpoint of one parameter, JSON in and JSON out, in plain Python.

    What comes in is made to fit the annotation; what goes out fits already.
    """

    def convert(wanted: Any, value: Any) -> Any:
        if get_origin(wanted) is list:
            return [convert(get_args(wanted)[0], one) for one in value]
        if isinstance(wanted, type) and is_dataclass(wanted):
            hints = get_type_hints(wanted)
            return wanted(*(convert(hints[name], value[name]) for name in hints))
        return wanted(value)

    def answer(body: bytes) -> bytes:
        ((name, wanted), *_) = get_type_hints(endpoint).items()
        returned = endpoint(**{name: convert(wanted, json.loads(body))})
        return json.dumps(
            returned, default=lambda one: vars(one) if is_dataclass(one) else str(one)
        ).encode()

    return answer


def engine(endpoint: Callable[..., Any]) -> Callable[[bytes], bytes]:
    """1.4.4  What features make FastAPI faster than Flask or Django?

    `plain_engine` reads the annotations anew for each request, and walks through the
    values in Python. FastAPI does neither. Return an engine of its kind: annotations
    are worked out once for all requests, and a request runs no more Python for a
    thousand lines than for one. Endpoint and client read what they would read with
    FastAPI; a body that does not fit raises Pydantic's ValidationError.
    """
    # region answer
    # In words: FastAPI reads each signature once, when the app is put together, and
    # Pydantic compiles the annotations into a validator and a serializer in Rust. A
    # request only runs them: bytes to objects, objects to bytes. Add Starlette's thin
    # layer on an event loop, where requests wait together. Your own code gets no
    # faster: a loop over a thousand lines costs here what it costs in Flask.
    from pydantic import TypeAdapter

    hints = get_type_hints(endpoint)
    returned = TypeAdapter(hints.pop("return"))
    ((name, wanted),) = hints.items()
    given = TypeAdapter(wanted)

    def answer(body: bytes) -> bytes:
        value = given.validate_json(body)
        return returned.dump_json(endpoint(**{name: value}))

    return answer
    # endregion


def price_of(sku: str) -> Decimal | None:
    """Stands in for the price list; returns None for what is not in it."""
    return {"LAMP-01": Decimal("49.00"), "VASE-07": Decimal("12.50")}.get(sku)


def was_booked(number: int) -> bool:
    """Stands in for the order service."""
    return 1001 <= number <= 1006


def tryable_app() -> FastAPI:
    """1.4.5  How does FastAPI’s Swagger UI enhance developer productivity?

    A new colleague opens /docs, presses "Try it out" and "Execute", and types nothing.
    The page fills in the examples that the document has for a body or for its fields,
    and where it has none, "string" and 0. So all they read is a 404, "Undocumented".
    Repair this: what the page fills in succeeds, for both operations, and the 404 is
    documented. What the server accepts and refuses stays as it is.
    """
    # region answer
    # In words: the page is a client that is always there: it sends real requests and
    # shows what comes back, and nobody writes a script or reads the source first.
    # Types tell it what a value looks like; which product exists, you tell it in an
    # example. It knows the statuses of FastAPI itself; what you raise, you announce.

    class OrderIn(BaseModel):
        sku: str = Field(examples=["LAMP-01"])
        quantity: int = Field(examples=[2])

    class ReturnIn(BaseModel):
        order: int = Field(examples=[1006])
        reason: str = Field(examples=["It came broken."])

    app = FastAPI(responses={404: {"description": "There is no such thing."}})

    @app.post("/orders", status_code=201)
    def order(wish: OrderIn) -> dict[str, Decimal]:
        price = price_of(wish.sku)
        if price is None:
            raise HTTPException(404, f"There is no product {wish.sku}.")
        return {"total": price * wish.quantity}

    @app.post("/returns", status_code=202)
    def give_back(wish: ReturnIn) -> dict[str, int]:
        if not was_booked(wish.order):
            raise HTTPException(404, f"There is no order {wish.order}.")
        return {"order": wish.order}

    return app
    # stub:
    # stub: class OrderIn(BaseModel):
    # stub:     sku: str
    # stub:     quantity: int
    # stub:
    # stub: class ReturnIn(BaseModel):
    # stub:     order: int
    # stub:     reason: str
    # stub:
    # stub: app = FastAPI()
    # stub:
    # stub: @app.post("/orders", status_code=201)
    # stub: def order(wish: OrderIn) -> dict[str, Decimal]:
    # stub:     price = price_of(wish.sku)
    # stub:     if price is None:
    # stub:         raise HTTPException(404, f"There is no product {wish.sku}.")
    # stub:     return {"total": price * wish.quantity}
    # stub:
    # stub: @app.post("/returns", status_code=202)
    # stub: def give_back(wish: ReturnIn) -> dict[str, int]:
    # stub:     if not was_booked(wish.order):
    # stub:         raise HTTPException(404, f"There is no order {wish.order}.")
    # stub:     return {"order": wish.order}
    # stub:
    # stub: return app
    # endregion


@dataclass
class Call:
    """A request to a shop: `Call("POST", "/lamps", {"quantity": 1})`."""

    method: str
    path: str
    body: Any = None


def lamp_row() -> dict[str, Any]:
    """Stands in for the database; returns all that it knows of the lamp."""
    return {"sku": "LAMP-01", "cents": 4900, "margin": 0.31}


def flask_counter() -> Flask:
    """Return the counter that sells lamps, in Flask."""
    app = Flask("shop")

    @app.get("/lamp")
    def lamp() -> dict[str, Any]:
        return lamp_row()

    @app.post("/lamps")
    def buy() -> dict[str, Any]:
        return {"cents": request.get_json()["quantity"] * lamp_row()["cents"]}

    @app.get("/thanks")
    def thanks() -> str:
        page = "<p>Thank you, {{ name }}.</p>"
        return render_template_string(page, name=request.args["name"])

    return app


def fastapi_counter() -> FastAPI:
    """Return the same counter in FastAPI."""

    class LampOut(BaseModel):
        sku: str
        cents: int

    class Wish(BaseModel):
        quantity: int

    app = FastAPI()

    @app.get("/lamp")
    def lamp() -> LampOut:
        return LampOut(**lamp_row())

    @app.post("/lamps")
    def buy(wish: Wish) -> dict[str, int]:
        return {"cents": wish.quantity * lamp_row()["cents"]}

    @app.get("/thanks", response_class=HTMLResponse)
    def thanks(name: str) -> str:
        return f"<p>Thank you, {name}.</p>"

    return app


def evidence() -> dict[str, Call]:
    """1.4.6  List two advantages and two disadvantages of FastAPI for API development.

    Prove them with requests to the two counters above. Advantages: "leak", an answer
    of Flask's tells the margin, FastAPI's does not; "nonsense", Flask answers 200 with
    `cents` that are no number, FastAPI does not. Disadvantages: "unserved", Flask
    answers 200 and FastAPI 405; "script", FastAPI's page runs a script that came with
    the request, and Flask's shows it as text. Return a `Call` for each.
    """
    # region answer
    # In words: two advantages: what comes in is checked and converted by its
    # annotation before your code sees it, and what goes out is cut to the annotated
    # model. Two disadvantages: it brings less along (no templates that escape, no
    # forms, no admin, no ORM), and Flask serves HEAD and OPTIONS for each GET, which
    # here are yours to add.
    return {
        "leak": Call("GET", "/lamp"),
        "nonsense": Call("POST", "/lamps", {"quantity": "3"}),
        "unserved": Call("HEAD", "/lamp"),
        "script": Call("GET", "/thanks?name=<script>alert(1)</script>"),
    }
    # endregion
