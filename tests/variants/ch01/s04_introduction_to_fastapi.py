"""Other answers to section 1.4."""

import json
from functools import cache
from typing import Literal

from fastapi import APIRouter, Body, Depends
from fastapi.concurrency import run_in_threadpool
from pydantic import ConfigDict, ValidationError
from pydantic_core import from_json, to_json

from sensei.variants import right, wrong

PREDICTED = {
    "flask def": 4,
    "flask async def": 4,
    "django async def": 50,
    "fastapi async def": 50,
    "fastapi def": 40,
}


@wrong(
    "1.4.1",
    caught_by="test_q1_the_number_of_waiting_requests_is_predicted[flask async def]",
)
def waiting_requests():
    """Believe that `async def` is enough, whatever the server is."""
    return PREDICTED | {"flask async def": 50}


@wrong(
    "1.4.1",
    caught_by="test_q1_the_number_of_waiting_requests_is_predicted[django async def]",
)
def waiting_requests():
    """Believe that only FastAPI has an event loop."""
    return PREDICTED | {"django async def": 1}


@wrong(
    "1.4.1",
    caught_by="test_q1_the_number_of_waiting_requests_is_predicted[fastapi def]",
)
def waiting_requests():
    """Believe that a `def` endpoint blocks the event loop."""
    return PREDICTED | {"fastapi def": 1}


@wrong(
    "1.4.1",
    caught_by="test_q1_the_number_of_waiting_requests_is_predicted[flask def]",
)
def waiting_requests():
    """Believe that without async, one request follows the other."""
    return PREDICTED | {"flask def": 1, "flask async def": 1}


@wrong(
    "1.4.1",
    caught_by="test_q1_the_number_of_waiting_requests_is_predicted[fastapi async def]",
)
def waiting_requests():
    """Believe that the thread pool limits `async def` endpoints, too."""
    return PREDICTED | {"fastapi async def": 40}


@right("1.4.1")
def waiting_requests():
    """Compute the numbers from the servers."""
    threads = dict.fromkeys(["flask def", "flask async def"], 4)
    loop = dict.fromkeys(["django async def", "fastapi async def"], 50)
    return {**threads, **loop, "fastapi def": min(40, 50)}


@right("1.4.1")
def waiting_requests():
    """Return the numbers in another order."""
    return dict(reversed(PREDICTED.items()))


@wrong(
    "1.4.2",
    caught_by="test_q2_limit_is_from_1_to_50_on_the_page_and_on_the_server",
)
def search_app():
    """Describe the rules in words, and leave them in the code."""
    app = FastAPI()

    @app.get("/products")
    def list_products(
        limit: Annotated[str, Query(description="From 1 to 50.")] = "20",
        sort: Annotated[str, Query(description="name or price.")] = "name",
    ) -> list[Product]:
        if not limit.isdecimal() or not 1 <= int(limit) <= 50:
            raise HTTPException(422)
        if sort not in list(Sort):
            raise HTTPException(422)
        return catalogue(sort)[: int(limit)]

    return app


@wrong("1.4.2", caught_by="test_q2_the_page_shows_the_fields_of_a_product")
def search_app():
    """Annotate the parameters, and leave the response as it is."""
    app = FastAPI()

    @app.get("/products")
    def list_products(
        limit: Annotated[int, Query(ge=1, le=50)] = 20, sort: Sort = Sort.NAME
    ) -> list[dict[str, Any]]:
        return [one.model_dump() for one in catalogue(sort)[:limit]]

    return app


@wrong(
    "1.4.2",
    caught_by="test_q2_limit_is_from_1_to_50_on_the_page_and_on_the_server",
)
def search_app():
    """Change the schema only, so that the server accepts each limit."""
    app = FastAPI()
    rule = {"minimum": 1, "maximum": 50}

    @app.get("/products")
    def list_products(
        limit: Annotated[int, Query(json_schema_extra=rule)] = 20,
        sort: Sort = Sort.NAME,
    ) -> list[Product]:
        return catalogue(sort)[:limit]

    return app


@wrong(
    "1.4.2",
    caught_by="test_q2_limit_is_from_1_to_50_on_the_page_and_on_the_server",
)
def search_app():
    """Reduce a limit that is too large, instead of refusing it."""
    app = FastAPI()

    @app.get("/products")
    def list_products(limit: int = 20, sort: Sort = Sort.NAME) -> list[Product]:
        return catalogue(sort)[: max(1, min(limit, 50))]

    return app


@wrong(
    "1.4.2",
    caught_by="test_q2_limit_is_from_1_to_50_on_the_page_and_on_the_server",
)
def search_app():
    """Use `gt` and `lt` for limits that are allowed themselves."""
    app = FastAPI()

    @app.get("/products")
    def list_products(
        limit: Annotated[int, Query(gt=1, lt=50)] = 20, sort: Sort = Sort.NAME
    ) -> list[Product]:
        return catalogue(sort)[:limit]

    return app


@wrong(
    "1.4.2",
    caught_by="test_q2_limit_is_from_1_to_50_on_the_page_and_on_the_server",
)
def search_app():
    """Accept numbers that are not integers."""
    app = FastAPI()

    @app.get("/products")
    def list_products(
        limit: Annotated[float, Query(ge=1, le=50)] = 20, sort: Sort = Sort.NAME
    ) -> list[Product]:
        return catalogue(sort)[: int(limit)]

    return app


@wrong("1.4.2", caught_by="test_q2_sort_is_a_sort_on_the_page_and_on_the_server")
def search_app():
    """Check `sort` in the code."""
    app = FastAPI()

    @app.get("/products")
    def list_products(
        limit: Annotated[int, Query(ge=1, le=50)] = 20, sort: str = "name"
    ) -> list[Product]:
        if sort not in list(Sort):
            raise HTTPException(422)
        return catalogue(sort)[:limit]

    return app


@wrong("1.4.2", caught_by="test_q2_the_page_shows_the_defaults_of_the_server")
def search_app():
    """Set the defaults in the code, where the page does not see them."""
    app = FastAPI()

    @app.get("/products")
    def list_products(
        limit: Annotated[int | None, Query(ge=1, le=50)] = None,
        sort: Sort | None = None,
    ) -> list[Product]:
        return catalogue(sort or "name")[: limit or 20]

    return app


@right("1.4.2")
def search_app():
    """Use a model for the query, a response model, and an async endpoint."""

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
    """Use a router, a dependency, and the old way to declare parameters."""
    router = APIRouter(prefix="/products")

    def at_most(limit: int = Query(default=20, ge=1, le=50)) -> int:
        return limit

    @router.get("")
    def products(
        limit: int = Depends(at_most), sort: Literal["name", "price"] = "name"
    ) -> list[Product]:
        return catalogue(sort)[:limit]

    app = FastAPI()
    app.include_router(router)
    return app


@wrong("1.4.3", caught_by="test_q3_other_requests_are_served_while_an_order_is_saved")
def order_app():
    """Add the annotations, and keep `async def`."""
    app = FastAPI()

    @app.post("/orders", status_code=201)
    async def place_order(order: OrderIn) -> OrderOut:
        return OrderOut(number=save_order(order.sku, order.quantity))

    return app


@wrong("1.4.3", caught_by="test_q3_other_requests_are_served_while_an_order_is_saved")
def order_app():
    """Wrap the blocking call in an async function."""
    app = FastAPI()

    async def save(order: OrderIn) -> int:
        return save_order(order.sku, order.quantity)

    @app.post("/orders", status_code=201)
    async def place_order(order: OrderIn) -> OrderOut:
        return OrderOut(number=await save(order))

    return app


@wrong("1.4.3", caught_by="test_q3_an_order_that_does_not_fit_returns_422")
def order_app():
    """Remove `async`, and keep the dict."""
    app = FastAPI()

    @app.post("/orders", status_code=201)
    def place_order(order: dict[str, Any]) -> OrderOut:
        return OrderOut(number=save_order(order["sku"], order["quantity"]))

    return app


@wrong("1.4.3", caught_by="test_q3_an_order_that_does_not_fit_returns_422")
def order_app():
    """Return 400 for a body that does not fit."""
    app = FastAPI()

    @app.post("/orders", status_code=201)
    def place_order(body: Annotated[Any, Body()]) -> OrderOut:
        try:
            order = OrderIn.model_validate(body)
        except ValidationError as error:
            raise HTTPException(400, str(error)) from error
        return OrderOut(number=save_order(order.sku, order.quantity))

    return app


@wrong(
    "1.4.3",
    caught_by="test_q3_the_page_lists_the_fields_of_the_request_and_of_the_response",
)
def order_app():
    """Call the model in the code, so that the page does not know it."""
    app = FastAPI()

    @app.post("/orders", status_code=201)
    def place_order(body: Annotated[Any, Body()]) -> OrderOut:
        try:
            order = OrderIn.model_validate(body)
        except ValidationError as error:
            raise HTTPException(422, str(error)) from error
        return OrderOut(number=save_order(order.sku, order.quantity))

    return app


@wrong(
    "1.4.3",
    caught_by="test_q3_the_page_lists_the_fields_of_the_request_and_of_the_response",
)
def order_app():
    """Annotate the request, and return a dict."""
    app = FastAPI()

    @app.post("/orders", status_code=201)
    def place_order(order: OrderIn) -> dict[str, int]:
        return {"number": save_order(order.sku, order.quantity)}

    return app


@wrong("1.4.3", caught_by="test_q3_an_order_that_does_not_fit_returns_422")
def order_app():
    """Save every order as one piece."""
    app = FastAPI()

    @app.post("/orders", status_code=201)
    def place_order(order: OrderIn) -> OrderOut:
        return OrderOut(number=save_order(order.sku, 1))

    return app


@right("1.4.3")
def order_app():
    """Keep `async def`, and save in a thread."""
    app = FastAPI()

    @app.post("/orders", status_code=201)
    async def place_order(order: OrderIn) -> OrderOut:
        number = await run_in_threadpool(save_order, order.sku, order.quantity)
        return OrderOut(number=number)

    return app


@right("1.4.3")
def order_app():
    """Use a router, a dependency that saves, and a response model."""
    router = APIRouter()

    def saved(order: Annotated[OrderIn, Body()]) -> int:
        return save_order(**order.model_dump())

    @router.post("/orders", status_code=201, response_model=OrderOut)
    async def place_order(number: Annotated[int, Depends(saved)]):
        return {"number": number}

    app = FastAPI()
    app.include_router(router)
    return app


@wrong("1.4.4", caught_by="test_q4_the_types_are_analysed_once")
def fast_endpoint(endpoint, takes, returns):
    """Create the adapters for each request."""

    def respond(body: bytes) -> bytes:
        value = TypeAdapter(takes).validate_json(body)
        return TypeAdapter(returns).dump_json(endpoint(value))

    return respond


@wrong("1.4.4", caught_by="test_q4_the_types_are_analysed_once")
def fast_endpoint(endpoint, takes, returns):
    """Create one of the adapters for each request."""
    reader = TypeAdapter(takes)

    def respond(body: bytes) -> bytes:
        return TypeAdapter(returns).dump_json(endpoint(reader.validate_json(body)))

    return respond


@wrong("1.4.4", caught_by="test_q4_1000_lines_run_as_few_python_functions_as_one")
def fast_endpoint(endpoint, takes, returns):
    """Write the response with `json.dumps` and a function for each object."""
    reader, writer = TypeAdapter(takes), TypeAdapter(returns)

    def plain(value):
        return vars(value) if hasattr(value, "__dict__") else str(value)

    def respond(body: bytes) -> bytes:
        value = json.dumps(endpoint(reader.validate_json(body)), default=plain)
        return writer.dump_json(writer.validate_json(value))

    return respond


@wrong("1.4.4", caught_by="test_q4_the_response_has_the_declared_fields_only")
def fast_endpoint(endpoint, takes, returns):
    """Write whatever the endpoint returns, and ignore `returns`."""
    reader = TypeAdapter(takes)
    return lambda body: to_json(endpoint(reader.validate_json(body)))


@wrong("1.4.4", caught_by="test_q4_the_endpoint_gets_an_object_and_the_client_json")
def fast_endpoint(endpoint, takes, returns):
    """Use the types of the example for every endpoint."""
    reader, writer = TypeAdapter(list[Line]), TypeAdapter(Decimal)
    return lambda body: writer.dump_json(endpoint(reader.validate_json(body)))


@wrong("1.4.4", caught_by="test_q4_the_endpoint_gets_an_object_and_the_client_json")
def fast_endpoint(endpoint, takes, returns):
    """Pass the parsed JSON to the endpoint, without `takes`."""
    writer = TypeAdapter(returns)
    return lambda body: writer.dump_json(endpoint(json.loads(body)))


@wrong("1.4.4", caught_by="test_q4_the_endpoint_gets_an_object_and_the_client_json")
def fast_endpoint(endpoint, takes, returns):
    """Return Python objects instead of JSON."""
    reader, writer = TypeAdapter(takes), TypeAdapter(returns)
    return lambda body: writer.dump_python(endpoint(reader.validate_json(body)))


@wrong("1.4.4", caught_by="test_q4_json_that_does_not_fit_raises_a_validation_error")
def fast_endpoint(endpoint, takes, returns):
    """Call the endpoint with None if the JSON does not fit."""
    reader, writer = TypeAdapter(takes), TypeAdapter(returns)

    def respond(body: bytes) -> bytes:
        try:
            value = reader.validate_json(body)
        except ValidationError:
            value = None
        return writer.dump_json(endpoint(value))

    return respond


@wrong("1.4.4", caught_by="test_q4_a_body_that_is_not_json_raises_a_validation_error")
def fast_endpoint(endpoint, takes, returns):
    """Parse the JSON first, so that Pydantic does not see what is not JSON."""
    reader, writer = TypeAdapter(takes), TypeAdapter(returns)

    def respond(body: bytes) -> bytes:
        return writer.dump_json(endpoint(reader.validate_python(from_json(body))))

    return respond


@wrong("1.4.4", caught_by="test_q4_each_request_calls_the_endpoint")
def fast_endpoint(endpoint, takes, returns):
    """Keep the response to each body."""
    reader, writer = TypeAdapter(takes), TypeAdapter(returns)

    @cache
    def respond(body: bytes) -> bytes:
        return writer.dump_json(endpoint(reader.validate_json(body)))

    return respond


@wrong("1.4.4", caught_by="test_q4_the_response_has_all_declared_fields")
def fast_endpoint(endpoint, takes, returns):
    """Leave out the fields that have their default."""
    reader, writer = TypeAdapter(takes), TypeAdapter(returns)

    def respond(body: bytes) -> bytes:
        value = endpoint(reader.validate_json(body))
        return writer.dump_json(value, exclude_defaults=True)

    return respond


@wrong(
    "1.4.4",
    caught_by="test_q4_a_body_that_is_not_json_raises_a_validation_error[not UTF-8]",
)
def fast_endpoint(endpoint, takes, returns):
    """Decode the body first, so that Pydantic does not see what is not UTF-8."""
    reader, writer = TypeAdapter(takes), TypeAdapter(returns)
    return lambda body: writer.dump_json(endpoint(reader.validate_json(body.decode())))


@wrong(
    "1.4.4",
    caught_by="test_q4_a_body_that_is_not_json_raises_a_validation_error[nothing]",
)
def fast_endpoint(endpoint, takes, returns):
    """Use null for a request without a body."""
    reader, writer = TypeAdapter(takes), TypeAdapter(returns)
    return lambda body: writer.dump_json(
        endpoint(reader.validate_json(body or b"null"))
    )


@right("1.4.4")
def fast_endpoint(endpoint, takes, returns):
    """Validate the result, too, as FastAPI does, and write it with `json.dumps`."""
    read = TypeAdapter(takes).validator.validate_json
    writer = TypeAdapter(returns)

    def respond(body: bytes) -> bytes:
        value = writer.validate_python(endpoint(read(body)), from_attributes=True)
        return json.dumps(writer.dump_python(value, mode="json")).encode()

    return respond


@right("1.4.4")
def fast_endpoint(endpoint, takes, returns):
    """Create the adapters at the first request, and keep them."""

    @cache
    def adapters():
        return TypeAdapter(takes), TypeAdapter(returns)

    class Respond:
        def __call__(self, body: bytes) -> bytes:
            reader, writer = adapters()
            return writer.dump_json(endpoint(reader.validate_json(body)))

    return Respond()


@wrong("1.4.5", caught_by="test_q5_the_page_lists_404_and_the_same_bodies_are_refused")
def quote_app():
    """Add an example, and do not document the 404."""
    app = FastAPI()

    class QuoteIn(BaseModel):
        sku: str = Field(examples=["LAMP-01"])
        quantity: int = Field(ge=1, le=100)

    @app.post("/quotes")
    def quote(wanted: QuoteIn) -> dict[str, int]:
        if wanted.sku not in PRICES:
            raise HTTPException(404, "Unknown product")
        return {"cents": PRICES[wanted.sku] * wanted.quantity}

    return app


@wrong("1.4.5", caught_by="test_q5_the_body_that_the_page_fills_in_returns_200")
def quote_app():
    """Document the 404, and write the example into the description."""
    app = FastAPI()

    class QuoteIn(BaseModel):
        sku: str = Field(description="For example LAMP-01.")
        quantity: int = Field(ge=1, le=100)

    @app.post("/quotes", responses={404: {"description": "Unknown product"}})
    def quote(wanted: QuoteIn) -> dict[str, int]:
        if wanted.sku not in PRICES:
            raise HTTPException(404, "Unknown product")
        return {"cents": PRICES[wanted.sku] * wanted.quantity}

    return app


@wrong("1.4.5", caught_by="test_q5_the_body_that_the_page_fills_in_returns_200")
def quote_app():
    """Use an example that is not a product of the shop."""
    app = FastAPI()

    class QuoteIn(BaseModel):
        sku: str = Field(examples=["ABC-12"])
        quantity: int = Field(ge=1, le=100)

    @app.post("/quotes", responses={404: {"description": "Unknown product"}})
    def quote(wanted: QuoteIn) -> dict[str, int]:
        if wanted.sku not in PRICES:
            raise HTTPException(404, "Unknown product")
        return {"cents": PRICES[wanted.sku] * wanted.quantity}

    return app


@wrong(
    "1.4.5",
    caught_by="test_q5_the_page_lists_404_and_the_same_bodies_are_refused[no sku]",
)
def quote_app():
    """Use a default as the example, so that a missing field is accepted."""
    app = FastAPI()

    class QuoteIn(BaseModel):
        sku: str = "LAMP-01"
        quantity: int = Field(1, ge=1, le=100)

    @app.post("/quotes", responses={404: {"description": "Unknown product"}})
    def quote(wanted: QuoteIn) -> dict[str, int]:
        if wanted.sku not in PRICES:
            raise HTTPException(404, "Unknown product")
        return {"cents": PRICES[wanted.sku] * wanted.quantity}

    return app


@wrong(
    "1.4.5",
    caught_by="test_q5_the_page_lists_404_and_the_same_bodies_are_refused[unknown]",
)
def quote_app():
    """List the products in the type, so that others return 422."""
    app = FastAPI()

    class QuoteIn(BaseModel):
        sku: Literal["LAMP-01", "VASE-07"]
        quantity: int = Field(ge=1, le=100)

    @app.post("/quotes", responses={404: {"description": "Unknown product"}})
    def quote(wanted: QuoteIn) -> dict[str, int]:
        return {"cents": PRICES[wanted.sku] * wanted.quantity}

    return app


@wrong("1.4.5", caught_by="test_q5_the_body_that_the_page_fills_in_returns_200")
def quote_app():
    """Refuse fields that the endpoint does not know."""
    app = FastAPI()

    class QuoteIn(BaseModel):
        model_config = ConfigDict(extra="forbid")
        sku: str = Field(examples=["LAMP-01"])
        quantity: int = Field(ge=1, le=100)

    @app.post("/quotes", responses={404: {"description": "Unknown product"}})
    def quote(wanted: QuoteIn) -> dict[str, int]:
        if wanted.sku not in PRICES:
            raise HTTPException(404, "Unknown product")
        return {"cents": PRICES[wanted.sku] * wanted.quantity}

    return app


@wrong("1.4.5", caught_by="test_q5_the_page_lists_404_and_the_same_bodies_are_refused")
def quote_app():
    """Document a class of status codes, which the page does not use for a 404."""
    app = FastAPI()

    class QuoteIn(BaseModel):
        sku: str = Field(examples=["LAMP-01"])
        quantity: int = Field(ge=1, le=100)

    @app.post("/quotes", responses={"4XX": {"description": "Unknown product"}})
    def quote(wanted: QuoteIn) -> dict[str, int]:
        if wanted.sku not in PRICES:
            raise HTTPException(404, "Unknown product")
        return {"cents": PRICES[wanted.sku] * wanted.quantity}

    return app


@wrong("1.4.5", caught_by="test_q5_the_body_that_the_page_fills_in_returns_200")
def quote_app():
    """Give the example itself instead of a list, so that the page cannot be shown."""
    app = FastAPI()

    class QuoteIn(BaseModel):
        sku: str = Field(examples="LAMP-01")
        quantity: int = Field(ge=1, le=100)

    @app.post("/quotes", responses={404: {"description": "Unknown product"}})
    def quote(wanted: QuoteIn) -> dict[str, int]:
        if wanted.sku not in PRICES:
            raise HTTPException(404, "Unknown product")
        return {"cents": PRICES[wanted.sku] * wanted.quantity}

    return app


@wrong(
    "1.4.5",
    caught_by="test_q5_the_page_lists_404_and_the_same_bodies_are_refused[a long sku]",
)
def quote_app():
    """Limit the length of a sku, so that a longer one returns 422."""
    app = FastAPI()

    class QuoteIn(BaseModel):
        sku: str = Field(examples=["LAMP-01"], max_length=7)
        quantity: int = Field(ge=1, le=100)

    @app.post("/quotes", responses={404: {"description": "Unknown product"}})
    def quote(wanted: QuoteIn) -> dict[str, int]:
        if wanted.sku not in PRICES:
            raise HTTPException(404, "Unknown product")
        return {"cents": PRICES[wanted.sku] * wanted.quantity}

    return app


@right("1.4.5")
def quote_app():
    """Use an example of the whole model, and document the router."""

    class QuoteIn(BaseModel):
        model_config = ConfigDict(
            json_schema_extra={"examples": [{"sku": "VASE-07", "quantity": 2}]}
        )
        sku: str
        quantity: int = Field(ge=1, le=100)

    router = APIRouter(responses={404: {"description": "Not there"}})

    @router.post("/quotes")
    def quote(wanted: QuoteIn) -> dict[str, int]:
        if wanted.sku not in PRICES:
            raise HTTPException(404, "Unknown product")
        return {"cents": PRICES[wanted.sku] * wanted.quantity}

    app = FastAPI()
    app.include_router(router)
    return app


@right("1.4.5")
def quote_app():
    """Give a named example at the parameter, and document the application."""

    class QuoteIn(BaseModel):
        sku: str
        quantity: int = Field(ge=1, le=100)

    lamps = {"two lamps": {"value": {"sku": "LAMP-01", "quantity": 2}}}
    app = FastAPI(responses={404: {"description": "Unknown product"}})

    @app.post("/quotes")
    def quote(
        wanted: Annotated[QuoteIn, Body(openapi_examples=lamps)],
    ) -> dict[str, int]:
        if wanted.sku not in PRICES:
            raise HTTPException(404, "Unknown product")
        return {"cents": PRICES[wanted.sku] * wanted.quantity}

    return app


@wrong("1.4.6", caught_by="test_q6_input_flask_computes_with_a_wrong_type")
def evidence():
    """Send a negative number, which both compute with."""
    return {
        "output": Call("GET", "/lamp"),
        "input": Call("POST", "/orders", {"quantity": -3}),
        "method": Call("HEAD", "/lamp"),
        "html": Call("GET", "/thanks?name=<script>alert(1)</script>"),
    }


@wrong("1.4.6", caught_by="test_q6_input_flask_computes_with_a_wrong_type")
def evidence():
    """Send no quantity, so that Flask returns 500."""
    return {
        "output": Call("GET", "/lamp"),
        "input": Call("POST", "/orders", {}),
        "method": Call("HEAD", "/lamp"),
        "html": Call("GET", "/thanks?name=<script>alert(1)</script>"),
    }


@wrong("1.4.6", caught_by="test_q6_method_only_flask_serves_it")
def evidence():
    """Use a method that Flask does not serve either."""
    return {
        "output": Call("GET", "/lamp"),
        "input": Call("POST", "/orders", {"quantity": "3"}),
        "method": Call("DELETE", "/lamp"),
        "html": Call("GET", "/thanks?name=<script>alert(1)</script>"),
    }


@wrong("1.4.6", caught_by="test_q6_html_only_the_page_from_fastapi_contains_the_script")
def evidence():
    """Send the text of a script, without an element."""
    return {
        "output": Call("GET", "/lamp"),
        "input": Call("POST", "/orders", {"quantity": "3"}),
        "method": Call("HEAD", "/lamp"),
        "html": Call("GET", "/thanks?name=alert(1)"),
    }


@wrong("1.4.6", caught_by="test_q6_html_only_the_page_from_fastapi_contains_the_script")
def evidence():
    """Send an element that is not a script."""
    return {
        "output": Call("GET", "/lamp"),
        "input": Call("POST", "/orders", {"quantity": "3"}),
        "method": Call("HEAD", "/lamp"),
        "html": Call("GET", "/thanks?name=<b>Mara</b>"),
    }


@wrong("1.4.6", caught_by="test_q6_output_only_flask_returns_the_margin")
def evidence():
    """Ask for the headers only."""
    return {
        "output": Call("HEAD", "/lamp"),
        "input": Call("POST", "/orders", {"quantity": "3"}),
        "method": Call("HEAD", "/lamp"),
        "html": Call("GET", "/thanks?name=<script>alert(1)</script>"),
    }


@wrong("1.4.6", caught_by="test_q6_html_only_the_page_from_fastapi_contains_the_script")
def evidence():
    """Send a script that is empty."""
    return {
        "output": Call("GET", "/lamp"),
        "input": Call("POST", "/orders", {"quantity": "3"}),
        "method": Call("HEAD", "/lamp"),
        "html": Call("GET", "/thanks?name=<script></script>"),
    }


@wrong("1.4.6", caught_by="test_q6_html_only_the_page_from_fastapi_contains_the_script")
def evidence():
    """Send a script that a browser shows as text, because it is in a text field."""
    return {
        "output": Call("GET", "/lamp"),
        "input": Call("POST", "/orders", {"quantity": "3"}),
        "method": Call("HEAD", "/lamp"),
        "html": Call("GET", "/thanks?name=<textarea><script>alert(1)</script>"),
    }


@wrong("1.4.6", caught_by="test_q6_html_only_the_page_from_fastapi_contains_the_script")
def evidence():
    """Send an element of a type that no browser runs."""
    return {
        "output": Call("GET", "/lamp"),
        "input": Call("POST", "/orders", {"quantity": "3"}),
        "method": Call("HEAD", "/lamp"),
        "html": Call("GET", "/thanks?name=<script type=text/plain>alert(1)</script>"),
    }


@right("1.4.6")
def evidence():
    """Use other requests that show the same."""
    return {
        "output": Call("get", "/lamp?margin=yes"),
        "input": Call("POST", "/orders", {"quantity": [2]}),
        "method": Call("OPTIONS", "/thanks"),
        "html": Call("GET", "/thanks?name=%3Cimg src=x onerror=alert(1)%3E"),
    }


@right("1.4.6")
def evidence():
    """Create the calls by keyword."""
    calls = dict.fromkeys(["output"], Call(method="GET", path="/lamp"))
    calls["method"] = Call(method="OPTIONS", path="/orders")
    calls["input"] = Call(method="POST", path="/orders", body={"quantity": "NaN"})
    calls["html"] = Call("GET", '/thanks?name=<a href="javascript:alert(1)">M</a>')
    return calls
