"""Other answers to section 1.4."""

import asyncio
import inspect
import json
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Literal

from fastapi import APIRouter, Body, Depends, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.middleware.trustedhost import TrustedHostMiddleware
from pydantic import ConfigDict, TypeAdapter, validate_call

from sensei.variants import right, wrong

PREDICTED = {
    "flask/def": 4,
    "flask/async": 4,
    "django/def": 4,
    "django/async": 50,
    "fastapi/async": 50,
    "fastapi/blocking": 1,
}


@wrong(
    "1.4.1",
    caught_by="test_q1_the_number_of_those_who_wait_is_predicted[flask/async]",
)
def waiting_at_once():
    """`async def` is what makes it fast, whoever serves it."""
    return PREDICTED | {"flask/async": 50}


@wrong(
    "1.4.1",
    caught_by="test_q1_the_number_of_those_who_wait_is_predicted[django/async]",
)
def waiting_at_once():
    """It is FastAPI that waits together, not the event loop."""
    return PREDICTED | {"django/async": 4}


@wrong(
    "1.4.1",
    caught_by="test_q1_the_number_of_those_who_wait_is_predicted[fastapi/blocking]",
)
def waiting_at_once():
    """What stands in `async def` does not block."""
    return PREDICTED | {"fastapi/blocking": 50}


@wrong(
    "1.4.1",
    caught_by="test_q1_the_number_of_those_who_wait_is_predicted[django/def]",
)
def waiting_at_once():
    """Without async, one request comes after the other."""
    return PREDICTED | {"flask/def": 1, "django/def": 1}


@right("1.4.1")
def waiting_at_once():
    """The threads, the customers, or the one that blocks."""
    threads = dict.fromkeys(["flask/def", "flask/async", "django/def"], 4)
    loop = dict.fromkeys(["django/async", "fastapi/async"], 50)
    return {"fastapi/blocking": 1, **threads, **loop}


@wrong("1.4.2", caught_by="test_q2_the_page_and_the_server_have_the_same_rule")
def search_app():
    """The prose is brought up to date."""
    app = FastAPI()

    @app.get("/products")
    def products(
        limit: Annotated[str, Query(description="From 1 to 50.")] = "20",
        sort: Annotated[str, Query(description="name or price.")] = "name",
    ) -> list[Product]:
        if not limit.isdecimal() or not 1 <= int(limit) <= 50:
            raise HTTPException(422)
        if sort not in list(Sort):
            raise HTTPException(422)
        return catalogue(sort)[: int(limit)]

    return app


@wrong("1.4.2", caught_by="test_q2_a_new_member_of_sort_is_on_the_page_and_served")
def search_app():
    """The names of today, written once more."""
    app = FastAPI()

    @app.get("/products")
    def products(
        limit: Annotated[int, Query(ge=1, le=50)] = 20,
        sort: Literal["name", "price"] = "name",
    ) -> list[Product]:
        return catalogue(sort)[:limit]

    return app


@wrong("1.4.2", caught_by="test_q2_a_new_field_of_product_is_on_the_page_and_served")
def search_app():
    """What comes in needs a type; what goes out is what it is."""
    app = FastAPI()

    @app.get("/products")
    def products(
        limit: Annotated[int, Query(ge=1, le=50)] = 20, sort: Sort = Sort.NAME
    ) -> list[dict[str, Any]]:
        return [one.model_dump() for one in catalogue(sort)[:limit]]

    return app


@wrong("1.4.2", caught_by="test_q2_the_page_and_the_server_have_the_same_rule[limit]")
def search_app():
    """The rule stands in the schema, so the server will keep it."""
    app = FastAPI()
    rule = {"minimum": 1, "maximum": 50}

    @app.get("/products")
    def products(
        limit: Annotated[int, Query(json_schema_extra=rule)] = 20,
        sort: Sort = Sort.NAME,
    ) -> list[Product]:
        return catalogue(sort)[:limit]

    return app


@wrong("1.4.2", caught_by="test_q2_the_page_and_the_server_have_the_same_rule[limit]")
def search_app():
    """What is too much is cut off without a word."""
    app = FastAPI()

    @app.get("/products")
    def products(limit: int = 20, sort: Sort = Sort.NAME) -> list[Product]:
        return catalogue(sort)[: max(1, min(limit, 50))]

    return app


@wrong(
    "1.4.2",
    caught_by="test_q2_what_is_left_out_is_on_the_page_and_so_the_server_does",
)
def search_app():
    """The default is filled in behind the page's back."""
    app = FastAPI()

    @app.get("/products")
    def products(
        limit: Annotated[int | None, Query(ge=1, le=50)] = None,
        sort: Sort | None = None,
    ) -> list[Product]:
        return catalogue(sort or "name")[: limit or 20]

    return app


@right("1.4.2")
def search_app():
    """A model of the query, a response model, an async endpoint."""

    class Search(BaseModel):
        limit: int = Field(20, gt=0, lt=51)
        sort: Sort = Sort("name")

    app = FastAPI()

    @app.get("/products", response_model=list[Product])
    async def products(search: Annotated[Search, Query()]):
        return [one.model_dump() for one in catalogue(search.sort)][: search.limit]

    return app


@right("1.4.2")
def search_app():
    """Hand-written where it is derived, on a router, with a dependency."""
    router = APIRouter(prefix="/products")

    def limited(limit: int = Query(default=20, ge=1, le=50, title="At most")) -> int:
        return limit

    @router.get("")
    def products(
        most: int = Depends(limited),
        sort: str = Query("name", json_schema_extra={"enum": list(Sort)}),
    ) -> list[Product]:
        if sort not in list(Sort):
            raise HTTPException(status_code=422)
        return catalogue(sort)[:most]

    app = FastAPI()
    app.include_router(router)
    return app


def right_shop(app, warehouses, print_invoice, without=(), hosts=("shop.example",)):
    """Add all that is right, without some of it."""

    def route(method, path, **options):
        if path in without:
            return lambda endpoint: endpoint
        return getattr(app, method)(path, **options)

    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))

    @route("post", "/orders", status_code=201)
    async def place(order: OrderIn, request: Request) -> dict[str, str]:
        number = book(order.sku, order.quantity)
        return {"link": str(request.url_for("order", number=number))}

    @route("get", "/orders/latest")
    async def latest() -> dict[str, int]:
        return {"number": last_booked()}

    @route("get", "/orders/{number}")
    async def order(number: int) -> dict[str, int]:
        return {"number": number}

    @route("get", "/stock/{sku}")
    async def stock(sku: str) -> dict[str, list[int]]:
        asked = (warehouse.ask_async(sku) for warehouse in warehouses)
        return {"pieces": await asyncio.gather(*asked)}

    @route("get", "/orders/{number}/invoice")
    def invoice(number: int) -> dict[str, str]:
        return {"invoice": print_invoice(number)}

    return app


@wrong(
    "1.4.3",
    caught_by="test_q3_pro_a_wrong_order_is_refused_and_its_fields_named[all wrong]",
)
def shop_app(warehouses, print_invoice):
    """The first mistake found is refused, and nobody hears of the second."""
    app = FastAPI()

    @app.post("/orders", status_code=201)
    async def place(order: Annotated[Any, Body()], request: Request):
        for field in ("sku", "quantity"):
            if not isinstance(order.get(field), str if field == "sku" else int):
                raise HTTPException(422, f"{field} is wrong.")
        if order["quantity"] < 1:
            raise HTTPException(422, "quantity is wrong.")
        number = book(order["sku"], order["quantity"])
        return {"link": str(request.url_for("order", number=number))}

    return right_shop(app, warehouses, print_invoice, ["/orders"])


@wrong(
    "1.4.3",
    caught_by="test_q3_pro_the_documentation_promises_the_fields_of_an_order",
)
def shop_app(warehouses, print_invoice):
    """A model called by hand validates as well."""
    app = FastAPI()

    @app.post("/orders", status_code=201)
    async def place(request: Request) -> dict[str, str]:
        try:
            order = OrderIn.model_validate_json(await request.body())
        except ValueError as error:
            raise HTTPException(422, str(error)) from error
        number = book(order.sku, order.quantity)
        return {"link": str(request.url_for("order", number=number))}

    return right_shop(app, warehouses, print_invoice, ["/orders"])


@wrong("1.4.3", caught_by="test_q3_pro_all_warehouses_are_asked_at_the_same_time")
def shop_app(warehouses, print_invoice):
    """`await` in a loop: asynchronous, so at the same time."""
    app = FastAPI()

    @app.get("/stock/{sku}")
    async def stock(sku: str) -> dict[str, list[int]]:
        pieces = []
        for warehouse in warehouses:
            pieces.append(await asyncio.create_task(warehouse.ask_async(sku)))
        return {"pieces": pieces}

    return right_shop(app, warehouses, print_invoice, ["/stock/{sku}"])


@wrong("1.4.3", caught_by="test_q3_pro_all_warehouses_are_asked_at_the_same_time")
def shop_app(warehouses, print_invoice):
    """In the order in which they answered, the last first."""
    app = FastAPI()

    @app.get("/stock/{sku}")
    async def stock(sku: str) -> dict[str, list[int]]:
        asked = [warehouse.ask_async(sku) for warehouse in warehouses]
        return {"pieces": (await asyncio.gather(*asked))[::-1]}

    return right_shop(app, warehouses, print_invoice, ["/stock/{sku}"])


@wrong("1.4.3", caught_by="test_q3_con_nobody_waits_for_the_printer")
def shop_app(warehouses, print_invoice):
    """In `async def` everything is asynchronous."""
    app = FastAPI()

    async def printed(number: int) -> str:
        return print_invoice(number)

    @app.get("/orders/{number}/invoice")
    async def invoice(number: int) -> dict[str, str]:
        return {"invoice": await printed(number)}

    return right_shop(app, warehouses, print_invoice, ["/orders/{number}/invoice"])


@wrong("1.4.3", caught_by="test_q3_con_the_latest_order_is_not_taken_for_a_number")
def shop_app(warehouses, print_invoice):
    """The more special route comes later and wins."""
    app = FastAPI()

    @app.get("/orders/{number}")
    async def order(number: int) -> dict[str, int]:
        return {"number": number}

    return right_shop(app, warehouses, print_invoice, ["/orders/{number}"])


@wrong("1.4.3", caught_by="test_q3_con_the_latest_order_is_not_taken_for_a_number")
def shop_app(warehouses, print_invoice):
    """What is no number is the latest."""
    app = FastAPI()

    @app.get("/orders/{number}")
    async def order(number: str) -> dict[str, int]:
        return {"number": int(number) if number.isdecimal() else last_booked()}

    return right_shop(app, warehouses, print_invoice, ["/orders/{number}"])


@wrong("1.4.3", caught_by="test_q3_con_no_link_leads_to_another_host[evil.example]")
def shop_app(warehouses, print_invoice):
    """All that ends in .example is ours."""
    return right_shop(FastAPI(), warehouses, print_invoice, hosts=["*.example"])


@wrong(
    "1.4.3",
    caught_by="test_q3_con_no_link_leads_to_another_host[shop.example.evil.example]",
)
def shop_app(warehouses, print_invoice):
    """A host is ours if it begins like ours."""
    app = FastAPI()

    @app.middleware("http")
    async def check(request: Request, call_next):
        if not request.url.netloc.startswith("shop.example"):
            return Response(status_code=400)
        return await call_next(request)

    return right_shop(app, warehouses, print_invoice, hosts=["*"])


@right("1.4.3")
def shop_app(warehouses, print_invoice):
    """A relative link, a task group, a thread, a path converter."""
    app = FastAPI()

    @app.post("/orders", status_code=201)
    def place(order: Annotated[OrderIn, Body()]) -> dict[str, str]:
        number = book(**order.model_dump())
        return {"link": app.url_path_for("order", number=number)}

    @app.get("/orders/{number:int}")
    def order(number: int) -> dict[str, int]:
        return {"number": number}

    @app.get("/orders/{word}")
    def latest(word: Literal["latest"]) -> dict[str, int]:
        return {"number": last_booked()}

    @app.get("/stock/{sku}")
    async def stock(sku: str) -> dict[str, list[int]]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one.ask_async(sku)) for one in warehouses]
        return {"pieces": [task.result() for task in tasks]}

    @app.get("/orders/{number}/invoice")
    async def invoice(number: int) -> dict[str, str]:
        return {"invoice": await asyncio.to_thread(print_invoice, number)}

    return app


@right("1.4.3")
def shop_app(warehouses, print_invoice):
    """Threads all over, and a link that believes nobody."""
    app = FastAPI()

    @app.post("/orders", status_code=201)
    async def place(order: OrderIn) -> dict[str, str]:
        number = book(order.sku, order.quantity)
        return {"link": f"https://shop.example/orders/{number}"}

    @app.get("/stock/{sku}")
    def stock(sku: str) -> dict[str, list[int]]:
        with ThreadPoolExecutor(len(warehouses)) as threads:
            return {"pieces": list(threads.map(lambda one: one.ask(sku), warehouses))}

    @app.get("/orders/{number}/invoice")
    async def invoice(number: int) -> dict[str, str]:
        return {"invoice": await run_in_threadpool(print_invoice, number)}

    return right_shop(
        app,
        warehouses,
        print_invoice,
        ["/orders", "/stock/{sku}", "/orders/{number}/invoice"],
        hosts=["*"],
    )


@wrong("1.4.4", caught_by="test_q4_annotations_are_worked_out_once")
def engine(endpoint):
    """Pydantic is fast, so it may be asked anew each time."""

    def answer(body: bytes) -> bytes:
        hints = get_type_hints(endpoint)
        returned = TypeAdapter(hints.pop("return"))
        ((name, wanted),) = hints.items()
        value = TypeAdapter(wanted).validate_json(body)
        return returned.dump_json(endpoint(**{name: value}))

    return answer


@wrong("1.4.4", caught_by="test_q4_annotations_are_worked_out_once")
def engine(endpoint):
    """The hints are read ahead, the adapters are made when they are needed."""
    hints = get_type_hints(endpoint)
    returns = hints.pop("return")
    ((name, wanted),) = hints.items()

    def answer(body: bytes) -> bytes:
        value = TypeAdapter(wanted).validate_json(body)
        return TypeAdapter(returns).dump_json(endpoint(**{name: value}))

    return answer


@wrong("1.4.4", caught_by="test_q4_a_thousand_lines_run_no_more_python_than_one")
def engine(endpoint):
    """What comes in is compiled; what goes out, json.dumps can do."""
    hints = get_type_hints(endpoint)
    returns = hints.pop("return")
    ((name, wanted),) = hints.items()
    given = TypeAdapter(wanted)

    def plain(value):
        if isinstance(value, BaseModel):
            return value.model_dump(mode="json")
        return vars(value) if is_dataclass(value) else str(value)

    def answer(body: bytes) -> bytes:
        value = given.validate_json(body)
        return json.dumps(endpoint(**{name: value}), default=plain).encode()

    return answer


@wrong("1.4.4", caught_by="test_q4_a_thousand_lines_run_no_more_python_than_one")
def engine(endpoint):
    """plain_engine, as it is."""
    return plain_engine(endpoint)


@wrong(
    "1.4.4",
    caught_by="test_q4_the_client_reads_what_it_would_with_fastapi[an object in, an object out]",
)
def engine(endpoint):
    """All endpoints take lines."""
    given = TypeAdapter(list[Line])
    returned = TypeAdapter(get_type_hints(endpoint)["return"])
    return lambda body: returned.dump_json(endpoint(given.validate_json(body)))


@wrong("1.4.4", caught_by="test_q4_a_body_that_does_not_fit_never_reaches_the_endpoint")
def engine(endpoint):
    """To check is to lose time."""
    hints = get_type_hints(endpoint)
    returned = TypeAdapter(hints.pop("return"))
    ((name, wanted),) = hints.items()
    given = TypeAdapter(wanted)

    def answer(body: bytes) -> bytes:
        try:
            value = given.validate_json(body)
        except ValueError:
            value = []
        return returned.dump_json(endpoint(**{name: value}))

    return answer


@right("1.4.4")
def engine(endpoint):
    """The signature, Python objects in between, JSON by the json module."""
    signature = inspect.signature(endpoint)
    (parameter,) = signature.parameters.values()
    given = TypeAdapter(parameter.annotation)
    returned = TypeAdapter(signature.return_annotation)

    def answer(body: bytes) -> bytes:
        value = endpoint(given.validate_python(json.loads(body)))
        return json.dumps(returned.dump_python(value, mode="json")).encode()

    return answer


@right("1.4.4")
def engine(endpoint):
    """Worked out at the first request and kept; what is returned is checked, too."""

    @cache
    def adapters():
        hints = get_type_hints(endpoint)
        returned = TypeAdapter(hints.pop("return"))
        return TypeAdapter(*hints.values()), returned

    def answer(body):
        given, returned = adapters()
        value = returned.validate_python(endpoint(given.validate_json(body)))
        return returned.dump_json(value)

    return answer


@right("1.4.4")
def engine(endpoint):
    """Pydantic wraps the endpoint."""
    called = validate_call(endpoint, validate_return=True)
    returned = TypeAdapter(endpoint.__annotations__["return"])
    return lambda body: returned.dump_json(called(json.loads(body)))


def right_desk(app, order_in, return_in):
    """Add the two operations, for bodies of these types."""

    @app.post("/orders", status_code=201)
    def order(wish: order_in) -> dict[str, Decimal]:
        price = price_of(wish.sku)
        if price is None:
            raise HTTPException(404, f"There is no product {wish.sku}.")
        return {"total": price * wish.quantity}

    @app.post("/returns", status_code=202)
    def give_back(wish: return_in) -> dict[str, int]:
        if not was_booked(wish.order):
            raise HTTPException(404, f"There is no order {wish.order}.")
        return {"order": wish.order}

    return app


ANNOUNCED = {404: {"description": "Not there"}}


@wrong("1.4.5", caught_by="test_q5_execute_succeeds_with_what_the_page_fills_in")
def tryable_app():
    """A default is an example as well."""

    class OrderIn(BaseModel):
        sku: str = "LAMP-01"
        quantity: int = 1

    class ReturnIn(BaseModel):
        order: int = 1006
        reason: str = "It came broken."

    return right_desk(FastAPI(responses=ANNOUNCED), OrderIn, ReturnIn)


@wrong("1.4.5", caught_by="test_q5_no_status_is_undocumented")
def tryable_app():
    """What is raised, FastAPI documents."""

    class OrderIn(BaseModel):
        sku: str = Field(examples=["LAMP-01"])
        quantity: int = Field(examples=[1])

    class ReturnIn(BaseModel):
        order: int = Field(examples=[1006])
        reason: str = Field(examples=["It came broken."])

    return right_desk(FastAPI(), OrderIn, ReturnIn)


@wrong("1.4.5", caught_by="test_q5_execute_succeeds_with_what_the_page_fills_in")
def tryable_app():
    """An example shows the form; that there is such a product does not matter."""

    class OrderIn(BaseModel):
        sku: str = Field(examples=["ABC-12"])
        quantity: int = Field(examples=[1])

    class ReturnIn(BaseModel):
        order: int = Field(examples=[42])
        reason: str = Field(description="Such as: it came broken.")

    return right_desk(FastAPI(responses=ANNOUNCED), OrderIn, ReturnIn)


@wrong("1.4.5", caught_by="test_q5_no_status_is_undocumented[POST /orders]")
def tryable_app():
    """A choice of products fills itself in."""

    class OrderIn(BaseModel):
        sku: Literal["LAMP-01", "VASE-07"]
        quantity: int

    class ReturnIn(BaseModel):
        order: int = Field(examples=[1006])
        reason: str

    return right_desk(FastAPI(responses=ANNOUNCED), OrderIn, ReturnIn)


@wrong(
    "1.4.5",
    caught_by="test_q5_execute_succeeds_with_what_the_page_fills_in[POST /returns]",
)
def tryable_app():
    """An example in the description, in words."""

    class OrderIn(BaseModel):
        sku: str = Field(examples=["LAMP-01"])
        quantity: int

    class ReturnIn(BaseModel):
        order: int = Field(description="For example 1006.")
        reason: str

    return right_desk(FastAPI(responses=ANNOUNCED), OrderIn, ReturnIn)


@right("1.4.5")
def tryable_app():
    """Whole examples at the models, statuses at a router."""

    class OrderIn(BaseModel):
        model_config = ConfigDict(
            json_schema_extra={"example": {"sku": "VASE-07", "quantity": 1}}
        )
        sku: str
        quantity: int

    class ReturnIn(BaseModel):
        model_config = {
            "json_schema_extra": {"examples": [{"order": 1001, "reason": "Too big."}]}
        }
        order: int
        reason: str

    router = right_desk(APIRouter(responses=ANNOUNCED), OrderIn, ReturnIn)
    app = FastAPI()
    app.include_router(router)
    return app


@right("1.4.5")
def tryable_app():
    """Examples at the bodies, one of them with a name."""

    class OrderIn(BaseModel):
        sku: str
        quantity: int

    class ReturnIn(BaseModel):
        order: int
        reason: str

    lamps = {"two lamps": {"value": {"sku": "LAMP-01", "quantity": 2}}}
    broken = [{"order": 1002, "reason": "It came broken."}]
    return right_desk(
        FastAPI(responses={"4XX": {"description": "Your mistake"}}),
        Annotated[OrderIn, Body(openapi_examples=lamps)],
        Annotated[ReturnIn, Body(examples=broken)],
    )


@wrong("1.4.6", caught_by="test_q6_advantage_no_nonsense_is_computed")
def evidence():
    """A negative quantity is nonsense, and FastAPI knows."""
    return {
        "leak": Call("GET", "/lamp"),
        "nonsense": Call("POST", "/lamps", {"quantity": -3}),
        "unserved": Call("HEAD", "/lamp"),
        "script": Call("GET", "/thanks?name=<script>alert(1)</script>"),
    }


@wrong("1.4.6", caught_by="test_q6_advantage_no_nonsense_is_computed")
def evidence():
    """An error of the server's is nonsense."""
    return {
        "leak": Call("GET", "/lamp"),
        "nonsense": Call("POST", "/lamps", {}),
        "unserved": Call("HEAD", "/lamp"),
        "script": Call("GET", "/thanks?name=<script>alert(1)</script>"),
    }


@wrong("1.4.6", caught_by="test_q6_disadvantage_what_flask_serves_unasked")
def evidence():
    """Flask serves what is not there."""
    return {
        "leak": Call("GET", "/lamp"),
        "nonsense": Call("POST", "/lamps", {"quantity": "3"}),
        "unserved": Call("DELETE", "/lamp"),
        "script": Call("GET", "/thanks?name=<script>alert(1)</script>"),
    }


@wrong("1.4.6", caught_by="test_q6_disadvantage_a_script_comes_in_with_a_name")
def evidence():
    """The text of a script is a script; the margin is in every answer."""
    return {
        "leak": Call("HEAD", "/lamp"),
        "nonsense": Call("POST", "/lamps", {"quantity": "3"}),
        "unserved": Call("HEAD", "/lamp"),
        "script": Call("GET", "/thanks?name=alert(1)"),
    }


@wrong("1.4.6", caught_by="test_q6_advantage_the_margin_stays_in_the_house")
def evidence():
    """Who buys learns the margin."""
    return {
        "leak": Call("POST", "/lamps", {"quantity": "margin"}),
        "nonsense": Call("POST", "/lamps", {"quantity": "3"}),
        "unserved": Call("HEAD", "/lamp"),
        "script": Call("GET", "/thanks?name=<b>Mara</b>"),
    }


@right("1.4.6")
def evidence():
    """Other requests that prove the same."""
    return {
        "leak": Call("get", "/lamp?margin=yes"),
        "nonsense": Call("POST", "/lamps", {"quantity": [2]}),
        "unserved": Call("OPTIONS", "/thanks"),
        "script": Call("GET", "/thanks?name=%3Cimg src=x onerror=alert(1)%3E"),
    }


@right("1.4.6")
def evidence():
    """Built by keyword, from one path."""
    proofs = dict.fromkeys(["leak"], Call(method="GET", path="/lamp"))
    proofs["unserved"] = Call(method="OPTIONS", path="/lamps")
    proofs["nonsense"] = Call(method="POST", path="/lamps", body={"quantity": "NaN"})
    proofs["script"] = Call("GET", '/thanks?name=<a href="javascript:alert(1)">M</a>')
    return proofs
