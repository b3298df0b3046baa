"""Other answers to section 2.2."""

from enum import Enum, StrEnum
from typing import get_args, get_origin

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from pydantic import PositiveInt, ValidationError, create_model

from sensei.variants import right, wrong


@wrong(
    "2.2.1",
    caught_by="test_q1_the_endpoint_returns_the_orders_that_paid_selects"
    "[/users/0/orders-orders8]",
)
def orders_app():
    """Allow only user IDs from 1 on."""
    app = FastAPI()

    @app.get("/users/{user_id}/orders")
    def read(user_id: PositiveInt, paid: bool | None = None):
        return [one for one in orders_of(user_id) if paid in (None, one.paid)]

    return app


@wrong(
    "2.2.1",
    caught_by="test_q1_the_endpoint_returns_the_orders_that_paid_selects"
    "[/users/-7/orders-orders9]",
)
def orders_app():
    """Check by hand that the user ID has digits only."""
    app = FastAPI()

    @app.get("/users/{user_id}/orders")
    def read(user_id: str, paid: bool | None = None):
        if not user_id.isdigit():
            raise HTTPException(422, "The user ID is not an integer.")
        return [one for one in orders_of(int(user_id)) if paid in (None, one.paid)]

    return app


@wrong(
    "2.2.1",
    caught_by="test_q1_the_endpoint_returns_the_orders_that_paid_selects"
    "[/users/25/orders?paid=false-orders7]",
)
def orders_app():
    """Remove orders from the list while walking through it."""
    app = FastAPI()

    @app.get("/users/{user_id}/orders")
    def read(user_id: int, paid: bool | None = None):
        orders = orders_of(user_id)
        for one in orders:
            if paid not in (None, one.paid):
                orders.remove(one)
        return orders

    return app


@wrong(
    "2.2.1",
    caught_by="test_q1_the_endpoint_returns_the_orders_that_paid_selects[/users/21/orders?paid=false-orders2]",
)
def orders_app():
    """Test with `if paid`, which is also false for `?paid=false`."""
    app = FastAPI()

    @app.get("/users/{user_id}/orders")
    def orders(user_id: int, paid: bool | None = None) -> list[Order]:
        found = orders_of(user_id)
        if paid:
            found = [order for order in found if order.paid]
        return found

    return app


@wrong(
    "2.2.1",
    caught_by="test_q1_the_endpoint_returns_the_orders_that_paid_selects[/users/21/orders-orders0]",
)
def orders_app():
    """Use False as the default value."""
    app = FastAPI()

    @app.get("/users/{user_id}/orders")
    def orders(user_id: int, paid: bool = False) -> list[Order]:
        return [order for order in orders_of(user_id) if order.paid == paid]

    return app


@wrong(
    "2.2.1",
    caught_by="test_q1_the_endpoint_returns_the_orders_that_paid_selects[/users/21/orders-orders0]",
)
def orders_app():
    """Give `paid` no default value, so that it is required."""
    app = FastAPI()

    @app.get("/users/{user_id}/orders")
    def orders(user_id: int, paid: bool | None) -> list[Order]:
        orders = orders_of(user_id)
        return [order for order in orders if paid is None or order.paid == paid]

    return app


@wrong(
    "2.2.1",
    caught_by="test_q1_the_endpoint_returns_the_orders_that_paid_selects[/users/23/orders-orders5]",
)
def orders_app():
    """Return 404 for an empty list."""
    app = FastAPI()

    @app.get("/users/{user_id}/orders")
    def orders(user_id: int, paid: bool | None = None) -> list[Order]:
        found = orders_of(user_id)
        left = [order for order in found if paid is None or order.paid == paid]
        if not left:
            raise HTTPException(404)
        return left

    return app


@wrong("2.2.1", caught_by="test_q1_an_invalid_user_id_or_filter_returns_422")
def orders_app():
    """Declare both parameters as strings."""
    app = FastAPI()

    @app.get("/users/{user_id}/orders")
    def orders(user_id: str, paid: str | None = None) -> list[Order]:
        found = orders_of(int(user_id))
        return [one for one in found if paid is None or one.paid == (paid == "true")]

    return app


@wrong("2.2.1", caught_by="test_q1_the_documentation_lists_both_parameters")
def orders_app():
    """Read the query from the request."""
    app = FastAPI()

    @app.get("/users/{user_id}/orders")
    def orders(user_id: int, request: Request) -> list[Order]:
        paid = request.query_params.get("paid")
        if paid not in (None, "true", "false"):
            raise HTTPException(422)
        found = orders_of(user_id)
        return [one for one in found if paid is None or one.paid == (paid == "true")]

    return app


@wrong(
    "2.2.1",
    caught_by="test_q1_the_endpoint_returns_the_orders_that_paid_selects[/users/22/orders-orders3]",
)
def orders_app():
    """Return the orders of the user in the example."""
    app = FastAPI()

    @app.get("/users/{user_id}/orders")
    def orders(user_id: int, paid: bool | None = None) -> list[Order]:
        return [one for one in orders_of(7) if paid is None or one.paid == paid]

    return app


@wrong("2.2.1", caught_by="test_q1_the_orders_are_read_for_every_request")
def orders_app():
    """Keep the orders of each user."""
    app = FastAPI()
    known = {}

    @app.get("/users/{user_id}/orders")
    def orders(user_id: int, paid: bool | None = None) -> list[Order]:
        if user_id not in known:
            known[user_id] = orders_of(user_id)
        return [one for one in known[user_id] if paid is None or one.paid == paid]

    return app


@wrong(
    "2.2.1",
    caught_by="test_q1_the_endpoint_returns_the_orders_that_paid_selects[/users/21/orders-orders0]",
)
def orders_app():
    """Sort the orders by number."""
    app = FastAPI()

    @app.get("/users/{user_id}/orders")
    def orders(user_id: int, paid: bool | None = None) -> list[Order]:
        found = [one for one in orders_of(user_id) if paid is None or one.paid == paid]
        return sorted(found, key=lambda order: order.number)

    return app


@wrong("2.2.1", caught_by="test_q1_the_documentation_lists_both_parameters")
def orders_app():
    """Hide the endpoint from the documentation."""
    app = FastAPI()

    @app.get("/users/{user_id}/orders", include_in_schema=False)
    def orders(user_id: int, paid: bool | None = None) -> list[Order]:
        found = orders_of(user_id)
        return [order for order in found if paid is None or order.paid == paid]

    return app


@wrong(
    "2.2.1",
    caught_by="test_q1_the_endpoint_returns_the_orders_that_paid_selects"
    "[/users/100000000000000000000/orders-orders10]",
)
def orders_app():
    """Allow only user IDs that a column of 64 bits can store."""
    app = FastAPI()

    @app.get("/users/{user_id}/orders")
    def read(
        user_id: Annotated[int, Path(ge=-(2**63), lt=2**63)], paid: bool | None = None
    ):
        return [one for one in orders_of(user_id) if paid in (None, one.paid)]

    return app


@right("2.2.1")
def orders_app():
    """Use a router, an async function, an alias, and dicts."""
    router = APIRouter(prefix="/users")

    @router.get("/{user_id}/orders")
    async def read(
        user_id: Annotated[int, Path()],
        only_paid: Annotated[bool | None, Query(alias="paid")] = None,
    ):
        orders = orders_of(user_id)
        if only_paid is not None:
            orders = filter(lambda order: order.paid is only_paid, orders)
        return [order.model_dump() for order in orders]

    app = FastAPI()
    app.include_router(router)
    return app


@right("2.2.1")
def orders_app():
    """Use the given function as a dependency, and a Literal for the filter."""
    app = FastAPI()

    @app.get("/users/{user_id}/orders", response_model=list[Order])
    def orders(
        found: Annotated[Any, Depends(orders_of)],
        paid: Literal["true", "false"] | None = None,
    ):
        wanted = {None: (True, False), "true": (True,), "false": (False,)}[paid]
        return [order for order in found if order.paid in wanted]

    return app


@wrong(
    "2.2.2",
    caught_by="test_q2_a_request_has_the_same_outcome_as_in_fastapi"
    "[a word between spaces]",
)
def value_of(parameter, sent):
    """Remove the spaces around the string."""
    if parameter.name in sent:
        text = sent[parameter.name].strip()
        return TypeAdapter(parameter.annotation).validate_python(text)
    if parameter.default is Parameter.empty:
        raise ValueError(parameter.name)
    return parameter.default


@wrong("2.2.2", caught_by="test_q2_a_request_has_the_same_outcome_as_in_fastapi[false]")
def value_of(parameter, sent):
    """Call the annotated type instead of validating."""
    if parameter.name not in sent:
        if parameter.default is Parameter.empty:
            raise ValueError(parameter.name)
        return parameter.default
    kind = parameter.annotation
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if not isinstance(kind, type):
        kind = get_args(kind)[0]
    return kind(sent[parameter.name])


@wrong("2.2.2", caught_by="test_q2_a_request_has_the_same_outcome_as_in_fastapi[on]")
def value_of(parameter, sent):
    """Return the string without converting it."""
    if parameter.name in sent:
        return sent[parameter.name]
    if parameter.default is Parameter.empty:
        raise ValueError(parameter.name)
    return parameter.default


@wrong(
    "2.2.2",
    caught_by="test_q2_a_request_has_the_same_outcome_as_in_fastapi[an empty page]",
)
def value_of(parameter, sent):
    """Treat an empty string as a missing parameter."""
    if sent.get(parameter.name):
        return TypeAdapter(parameter.annotation).validate_python(sent[parameter.name])
    if parameter.default is Parameter.empty:
        raise ValueError(parameter.name)
    return parameter.default


@wrong(
    "2.2.2",
    caught_by="test_q2_a_request_has_the_same_outcome_as_in_fastapi[a page below the constraint]",
)
def value_of(parameter, sent):
    """Ignore the constraints in `Annotated`."""
    if parameter.name in sent:
        kind = parameter.annotation
        if get_origin(kind) is Annotated:
            kind = get_args(kind)[0]
        return TypeAdapter(kind).validate_python(sent[parameter.name])
    if parameter.default is Parameter.empty:
        raise ValueError(parameter.name)
    return parameter.default


@wrong("2.2.2", caught_by="test_q2_a_missing_or_invalid_parameter_raises_a_value_error")
def value_of(parameter, sent):
    """Use the default value if the string is invalid."""
    try:
        return TypeAdapter(parameter.annotation).validate_python(sent[parameter.name])
    except (KeyError, ValidationError):
        return parameter.default


@wrong(
    "2.2.2",
    caught_by="test_q2_a_request_has_the_same_outcome_as_in_fastapi[a missing weight]",
)
def value_of(parameter, sent):
    """Raise a KeyError for a missing parameter."""
    if parameter.name not in sent and parameter.default is not Parameter.empty:
        return parameter.default
    return TypeAdapter(parameter.annotation).validate_python(sent[parameter.name])


@wrong(
    "2.2.2",
    caught_by="test_q2_a_request_has_the_same_outcome_as_in_fastapi[numbers]",
)
def value_of(parameter, sent):
    """Treat a default value of None as no default value."""
    if parameter.name in sent:
        return TypeAdapter(parameter.annotation).validate_python(sent[parameter.name])
    if parameter.default is Parameter.empty or parameter.default is None:
        raise ValueError(parameter.name)
    return parameter.default


@wrong(
    "2.2.2",
    caught_by="test_q2_each_string_is_converted_to_the_type_of_its_own_parameter",
)
def value_of(parameter, sent, adapters={}):
    """Keep the validators by the name of the parameter."""
    if parameter.name in sent:
        if parameter.name not in adapters:
            adapters[parameter.name] = TypeAdapter(parameter.annotation)
        return adapters[parameter.name].validate_python(sent[parameter.name])
    if parameter.default is Parameter.empty:
        raise ValueError(parameter.name)
    return parameter.default


@wrong(
    "2.2.2",
    caught_by="test_q2_a_request_has_the_same_outcome_as_in_fastapi[a default value that the constraint forbids]",
)
def value_of(parameter, sent):
    """Validate the default value, too."""
    value = sent.get(parameter.name, parameter.default)
    if value is Parameter.empty:
        raise ValueError(parameter.name)
    return TypeAdapter(parameter.annotation).validate_python(value)


@wrong(
    "2.2.2",
    caught_by="test_q2_a_request_has_the_same_outcome_as_in_fastapi[a missing word that may be None]",
)
def value_of(parameter, sent):
    """Use None for a missing parameter that may be None."""
    if parameter.name not in sent and parameter.default is not Parameter.empty:
        return parameter.default
    return TypeAdapter(parameter.annotation).validate_python(sent.get(parameter.name))


@wrong(
    "2.2.2",
    caught_by="test_q2_a_request_has_the_same_outcome_as_in_fastapi[a default value of another type]",
)
def value_of(parameter, sent):
    """Convert the default value, too, if this is possible."""
    value = sent.get(parameter.name, parameter.default)
    if value is Parameter.empty:
        raise ValueError(parameter.name)
    try:
        return TypeAdapter(parameter.annotation).validate_python(value)
    except ValidationError:
        if parameter.name in sent:
            raise
        return value


@right("2.2.2")
def value_of(parameter, sent):
    """Use a model with one field."""
    required = parameter.default is Parameter.empty
    default = ... if required else parameter.default
    model = create_model("One", **{parameter.name: (parameter.annotation, default)})
    return getattr(model.model_validate(dict(sent)), parameter.name)


@right("2.2.2")
def value_of(parameter, sent):
    """Ask for forgiveness, and raise errors of one's own."""
    try:
        text = sent[parameter.name]
    except KeyError:
        if parameter.default is parameter.empty:
            raise ValueError("missing") from None
        return parameter.default
    try:
        return TypeAdapter(parameter.annotation).validate_strings(text)
    except ValidationError as error:
        raise ValueError(f"invalid: {error.error_count()}") from error


@wrong("2.2.3", caught_by="test_q3_the_prediction_is_what_the_client_gets[/nullable]")
def predictions():
    """Believe that `| None` makes a parameter optional."""
    return {
        "/required": 422,
        "/required?word=": "",
        "/nullable": None,
        "/optional": None,
        "loc": ["query", "word"],
        "errors": 2,
    }


@wrong("2.2.3", caught_by="test_q3_the_prediction_is_what_the_client_gets[/required]")
def predictions():
    """Believe that FastAPI returns 400, and reports the first error only."""
    return {
        "/required": 400,
        "/required?word=": "",
        "/nullable": 400,
        "/optional": None,
        "loc": ["query", "word"],
        "errors": 1,
    }


@wrong(
    "2.2.3",
    caught_by="test_q3_the_prediction_is_what_the_client_gets[/required?word=]",
)
def predictions():
    """Believe that an empty string is a missing parameter."""
    return {
        "/required": 422,
        "/required?word=": 422,
        "/nullable": 422,
        "/optional": None,
        "loc": ["query", "word"],
        "errors": 2,
    }


@wrong("2.2.3", caught_by="test_q3_the_prediction_is_what_the_client_gets[loc]")
def predictions():
    """Believe that `loc` is the name of the parameter."""
    return {
        "/required": 422,
        "/required?word=": "",
        "/nullable": 422,
        "/optional": "",
        "loc": ["word"],
        "errors": 2,
    }


@right("2.2.3")
def predictions():
    """Write `loc` as a tuple, as Pydantic has it."""
    return {
        "/required": 422,
        "/required?word=": "",
        "/nullable": 422,
        "/optional": None,
        "loc": ("query", "word"),
        "errors": 2,
    }


@right("2.2.3")
def predictions():
    """Ask the application."""
    from fastapi.testclient import TestClient

    client = TestClient(search_app())

    def body(url):
        response = client.get(url)
        return response.json() if response.is_success else response.status_code

    urls = ["/required", "/required?word=", "/nullable", "/optional"]
    return {url: body(url) for url in urls} | {
        "loc": client.get("/required").json()["detail"][0]["loc"],
        "errors": len(client.get("/between?low=cheap").json()["detail"]),
    }


@wrong(
    "2.2.4",
    caught_by="test_q4_the_endpoint_returns_the_parcels_that_status_selects"
    "[/users/25/parcels-numbers7]",
)
def parcels_app():
    """Return a parcel only once for each number."""
    app = FastAPI()

    @app.get("/users/{user_id}/parcels")
    def read(
        user_id: PositiveInt,
        status: Literal["packed", "sent", "delivered"] | None = None,
    ) -> list[Parcel]:
        found = {one.number: one for one in parcels_of(user_id)}
        return [one for one in found.values() if status in (None, one.status)]

    return app


@wrong("2.2.4", caught_by="test_q4_another_status_returns_422")
def parcels_app():
    """Declare the status as a string."""
    app = FastAPI()

    @app.get("/users/{user_id}/parcels")
    def parcels(
        user_id: Annotated[int, Path(ge=1)], status: str | None = None
    ) -> list[Parcel]:
        found = parcels_of(user_id)
        return [parcel for parcel in found if status in (None, parcel.status)]

    return app


@wrong("2.2.4", caught_by="test_q4_the_documentation_lists_the_allowed_values")
def parcels_app():
    """Check the status inside the endpoint."""
    app = FastAPI()

    @app.get("/users/{user_id}/parcels")
    def parcels(
        user_id: Annotated[int, Path(ge=1)], status: str | None = None
    ) -> list[Parcel]:
        if status not in (None, "packed", "sent", "delivered"):
            raise HTTPException(422)
        found = parcels_of(user_id)
        return [parcel for parcel in found if status in (None, parcel.status)]

    return app


@wrong("2.2.4", caught_by="test_q4_another_status_returns_422[resent]")
def parcels_app():
    """Test with a pattern that has no anchors."""
    app = FastAPI()

    @app.get("/users/{user_id}/parcels")
    def parcels(
        user_id: Annotated[int, Path(ge=1)],
        status: Annotated[str | None, Query(pattern="packed|sent|delivered")] = None,
    ) -> list[Parcel]:
        found = parcels_of(user_id)
        return [one for one in found if status is None or one.status == status]

    return app


@wrong(
    "2.2.4",
    caught_by="test_q4_the_endpoint_returns_the_parcels_that_status_selects[/users/21/parcels?status=sent-numbers1]",
)
def parcels_app():
    """Compare a member of a plain Enum with a string."""

    class Status(Enum):
        PACKED = "packed"
        SENT = "sent"
        DELIVERED = "delivered"

    app = FastAPI()

    @app.get("/users/{user_id}/parcels")
    def parcels(
        user_id: Annotated[int, Path(gt=0)], status: Status | None = None
    ) -> list[Parcel]:
        found = parcels_of(user_id)
        return [one for one in found if status is None or one.status == status]

    return app


@wrong("2.2.4", caught_by="test_q4_an_invalid_user_id_returns_422[0]")
def parcels_app():
    """Accept every integer as a user ID."""
    app = FastAPI()

    @app.get("/users/{user_id}/parcels")
    def parcels(
        user_id: int, status: Literal["packed", "sent", "delivered"] | None = None
    ) -> list[Parcel]:
        found = parcels_of(user_id)
        return [one for one in found if status is None or one.status == status]

    return app


@wrong(
    "2.2.4",
    caught_by="test_q4_the_endpoint_returns_the_parcels_that_status_selects[/users/1/parcels-numbers5]",
)
def parcels_app():
    """Use `gt` in the place of `ge`."""
    app = FastAPI()

    @app.get("/users/{user_id}/parcels")
    def parcels(
        user_id: Annotated[int, Path(gt=1)],
        status: Literal["packed", "sent", "delivered"] | None = None,
    ) -> list[Parcel]:
        found = parcels_of(user_id)
        return [one for one in found if status is None or one.status == status]

    return app


@wrong(
    "2.2.4",
    caught_by="test_q4_the_endpoint_returns_the_parcels_that_status_selects[/users/21/parcels-numbers0]",
)
def parcels_app():
    """Use a status as the default value."""
    app = FastAPI()

    @app.get("/users/{user_id}/parcels")
    def parcels(
        user_id: Annotated[int, Path(ge=1)],
        status: Literal["packed", "sent", "delivered"] = "packed",
    ) -> list[Parcel]:
        return [one for one in parcels_of(user_id) if one.status == status]

    return app


@wrong("2.2.4", caught_by="test_q4_the_documentation_lists_the_allowed_values")
def parcels_app():
    """Declare a list without `Query()`, which FastAPI reads from the body."""
    app = FastAPI()

    @app.get("/users/{user_id}/parcels")
    def parcels(
        user_id: Annotated[int, Path(ge=1)],
        status: list[Literal["packed", "sent", "delivered"]] | None = None,
    ) -> list[Parcel]:
        found = parcels_of(user_id)
        return [one for one in found if status is None or one.status in status]

    return app


@wrong("2.2.4", caught_by="test_q4_the_parcels_are_read_for_every_request")
def parcels_app():
    """Keep the parcels of each user."""
    from functools import cache

    app = FastAPI()
    known_parcels = cache(parcels_of)

    @app.get("/users/{user_id}/parcels")
    def parcels(
        user_id: Annotated[int, Path(ge=1)],
        status: Literal["packed", "sent", "delivered"] | None = None,
    ) -> list[Parcel]:
        found = known_parcels(user_id)
        return [one for one in found if status is None or one.status == status]

    return app


@wrong(
    "2.2.4",
    caught_by="test_q4_the_endpoint_returns_the_parcels_that_status_selects[/users/21/parcels-numbers0]",
)
def parcels_app():
    """Sort the parcels by number."""
    app = FastAPI()

    @app.get("/users/{user_id}/parcels")
    def parcels(
        user_id: Annotated[int, Path(ge=1)],
        status: Literal["packed", "sent", "delivered"] | None = None,
    ) -> list[Parcel]:
        found = sorted(parcels_of(user_id), key=lambda parcel: parcel.number)
        return [one for one in found if status is None or one.status == status]

    return app


@wrong(
    "2.2.4",
    caught_by="test_q4_the_endpoint_returns_the_parcels_that_status_selects[/users/22/parcels?status=sent-numbers4]",
)
def parcels_app():
    """Return 404 if no parcel has this status."""
    app = FastAPI()

    @app.get("/users/{user_id}/parcels")
    def parcels(
        user_id: Annotated[int, Path(ge=1)],
        status: Literal["packed", "sent", "delivered"] | None = None,
    ) -> list[Parcel]:
        found = [one for one in parcels_of(user_id) if status in (None, one.status)]
        if not found:
            raise HTTPException(404, "no parcels")
        return found

    return app


@right("2.2.4")
def parcels_app():
    """Use a StrEnum and a PositiveInt in an async function."""

    class Status(StrEnum):
        PACKED = "packed"
        SENT = "sent"
        DELIVERED = "delivered"

    app = FastAPI()

    @app.get("/users/{user_id}/parcels", response_model=list[Parcel])
    async def read(user_id: PositiveInt, status: Status | None = Query(None)):
        return [one for one in parcels_of(user_id) if status in (None, one.status)]

    return app


@right("2.2.4")
def parcels_app():
    """Use a model for the query, and check the ID inside the endpoint."""

    class Filter(BaseModel):
        status: Literal["packed", "sent", "delivered"] | None = None

    app = FastAPI()

    @app.get("/users/{user_id}/parcels")
    def read(user_id: int, only: Annotated[Filter, Query()]):
        if user_id < 1:
            raise HTTPException(422, "User IDs begin at 1.")
        return [
            parcel.model_dump()
            for parcel in parcels_of(user_id)
            if only.status in (None, parcel.status)
        ]

    return app


@wrong(
    "2.2.5",
    caught_by="test_q5_what_returned_422_or_404_still_does[/baskets/7/pieces/pen/2-404]",
)
def baskets_app(baskets):
    """Use a path convertor for the rest of the path."""
    app = FastAPI()

    @app.get("/baskets/{user_id}/pieces{rest:path}")
    def pieces(user_id: int, rest: str) -> int:
        basket = baskets.get(user_id, {})
        sku = rest.strip("/")
        return basket.get(sku, 0) if sku else sum(basket.values())

    return app


@wrong(
    "2.2.5", caught_by="test_q5_with_a_sku_its_pieces_are_still_counted[7/pieces/all-0]"
)
def baskets_app(baskets):
    """Use a word for all products as the default value."""
    app = FastAPI()

    @app.get("/baskets/{user_id}/pieces")
    @app.get("/baskets/{user_id}/pieces/{sku}")
    def pieces(user_id: int, sku: str = "all") -> int:
        basket = baskets.get(user_id, {})
        return sum(basket.values()) if sku == "all" else basket.get(sku, 0)

    return app


@wrong("2.2.5", caught_by="test_q5_without_a_sku_all_pieces_are_counted[0-6]")
def baskets_app(baskets):
    """Allow only user IDs from 1 on in the new endpoint."""
    app = FastAPI()

    @app.get("/baskets/{user_id}/pieces")
    def all_pieces(user_id: PositiveInt) -> int:
        return sum(baskets.get(user_id, {}).values())

    @app.get("/baskets/{user_id}/pieces/{sku}")
    def pieces(user_id: int, sku: str) -> int:
        return baskets.get(user_id, {}).get(sku, 0)

    return app


@wrong("2.2.5", caught_by="test_q5_without_a_sku_all_pieces_are_counted")
def baskets_app(baskets):
    """Use an empty string as the default value."""
    app = FastAPI()

    @app.get("/baskets/{user_id}/pieces/{sku}")
    def pieces(user_id: int, sku: str = "") -> int:
        basket = baskets.get(user_id, {})
        return basket.get(sku, 0) if sku else sum(basket.values())

    return app


@wrong("2.2.5", caught_by="test_q5_with_a_sku_its_pieces_are_still_counted")
def baskets_app(baskets):
    """Make `sku` a query parameter."""
    app = FastAPI()

    @app.get("/baskets/{user_id}/pieces")
    def pieces(user_id: int, sku: str | None = None) -> int:
        basket = baskets.get(user_id, {})
        return sum(basket.values()) if sku is None else basket.get(sku, 0)

    return app


@wrong(
    "2.2.5",
    caught_by="test_q5_what_returned_422_or_404_still_does[/baskets/seven/pieces-422]",
)
def baskets_app(baskets):
    """Declare the user ID as a string in the new endpoint."""
    app = FastAPI()

    @app.get("/baskets/{user_id}/pieces")
    def all_pieces(user_id: str) -> int:
        key = int(user_id) if user_id.isdigit() else 0
        return sum(baskets.get(key, {}).values())

    @app.get("/baskets/{user_id}/pieces/{sku}")
    def pieces(user_id: int, sku: str) -> int:
        return baskets.get(user_id, {}).get(sku, 0)

    return app


@wrong(
    "2.2.5",
    caught_by="test_q5_what_returned_422_or_404_still_does[/baskets/pieces-404]",
)
def baskets_app(baskets):
    """Make the user ID optional, too."""
    app = FastAPI()

    @app.get("/baskets/pieces")
    @app.get("/baskets/{user_id}/pieces")
    @app.get("/baskets/{user_id}/pieces/{sku}")
    def pieces(user_id: int = 7, sku: str | None = None) -> int:
        basket = baskets.get(user_id, {})
        return sum(basket.values()) if sku is None else basket.get(sku, 0)

    return app


@wrong("2.2.5", caught_by="test_q5_without_a_sku_all_pieces_are_counted")
def baskets_app(baskets):
    """Use a path convertor, so that the request is redirected to another path."""
    app = FastAPI()

    @app.get("/baskets/{user_id}/pieces/{sku:path}")
    def pieces(user_id: int, sku: str) -> int:
        basket = baskets.get(user_id, {})
        return basket.get(sku, 0) if sku else sum(basket.values())

    return app


@wrong("2.2.5", caught_by="test_q5_the_pieces_are_counted_for_every_request")
def baskets_app(baskets):
    """Count all pieces once, when the application is created."""
    app = FastAPI()
    totals = {user_id: sum(basket.values()) for user_id, basket in baskets.items()}

    @app.get("/baskets/{user_id}/pieces")
    def all_pieces(user_id: int) -> int:
        return totals.get(user_id, 0)

    @app.get("/baskets/{user_id}/pieces/{sku}")
    def pieces(user_id: int, sku: str) -> int:
        return baskets.get(user_id, {}).get(sku, 0)

    return app


@wrong("2.2.5", caught_by="test_q5_without_a_sku_all_pieces_are_counted[7-3]")
def baskets_app(baskets):
    """Return the number of products instead of the number of pieces."""
    app = FastAPI()

    @app.get("/baskets/{user_id}/pieces")
    def all_pieces(user_id: int) -> int:
        return len(baskets.get(user_id, {}))

    @app.get("/baskets/{user_id}/pieces/{sku}")
    def pieces(user_id: int, sku: str) -> int:
        return baskets.get(user_id, {}).get(sku, 0)

    return app


@wrong("2.2.5", caught_by="test_q5_without_a_sku_all_pieces_are_counted[10-0]")
def baskets_app(baskets):
    """Raise a KeyError for a user without a basket."""
    app = FastAPI()

    @app.get("/baskets/{user_id}/pieces")
    def all_pieces(user_id: int) -> int:
        return sum(baskets[user_id].values())

    @app.get("/baskets/{user_id}/pieces/{sku}")
    def pieces(user_id: int, sku: str) -> int:
        return baskets.get(user_id, {}).get(sku, 0)

    return app


@wrong(
    "2.2.5",
    caught_by="test_q5_with_a_sku_its_pieces_are_still_counted[10/pieces/pen-0]",
)
def baskets_app(baskets):
    """Return 404 for a product that is not in the basket."""
    app = FastAPI()

    @app.get("/baskets/{user_id}/pieces")
    def all_pieces(user_id: int) -> int:
        return sum(baskets.get(user_id, {}).values())

    @app.get("/baskets/{user_id}/pieces/{sku}")
    def pieces(user_id: int, sku: str) -> int:
        if sku not in baskets.get(user_id, {}):
            raise HTTPException(404, "not in the basket")
        return baskets[user_id][sku]

    return app


@wrong("2.2.5", caught_by="test_q5_the_pieces_are_counted_for_every_request")
def baskets_app(baskets):
    """Copy the baskets for the endpoint with a `sku`."""
    app = FastAPI()
    known = {user_id: dict(basket) for user_id, basket in baskets.items()}

    @app.get("/baskets/{user_id}/pieces")
    def all_pieces(user_id: int) -> int:
        return sum(baskets.get(user_id, {}).values())

    @app.get("/baskets/{user_id}/pieces/{sku}")
    def pieces(user_id: int, sku: str) -> int:
        return known.get(user_id, {}).get(sku, 0)

    return app


shop = FastAPI()
all_baskets = {}


@shop.get("/baskets/{user_id}/pieces")
@shop.get("/baskets/{user_id}/pieces/{sku}")
def pieces_of(user_id: int, sku: str | None = None) -> int:
    """Return the pieces in a basket."""
    basket = all_baskets.get(user_id, {})
    return sum(basket.values()) if sku is None else basket.get(sku, 0)


@wrong("2.2.5", caught_by="test_q5_each_application_counts_in_its_own_baskets")
def baskets_app(baskets):
    """Keep one application in the module."""
    all_baskets.clear()
    all_baskets.update(baskets)
    return shop


@right("2.2.5")
def baskets_app(baskets):
    """Declare a second path for the same function."""
    app = FastAPI()

    @app.get("/baskets/{user_id}/pieces")
    @app.get("/baskets/{user_id}/pieces/{sku}")
    def pieces(user_id: int, sku: str | None = None) -> int:
        basket = baskets.get(user_id, {})
        return sum(basket.values()) if sku is None else basket.get(sku, 0)

    return app


@right("2.2.5")
def baskets_app(baskets):
    """Register an async function for two paths of a router."""
    router = APIRouter(prefix="/baskets/{user_id}/pieces")

    async def pieces(user_id: int, sku: str | None = None):
        basket = baskets.get(user_id) or {}
        return [basket.get(sku, 0), sum(basket.values())][sku is None]

    for path in ("", "/{sku}"):
        router.add_api_route(path, pieces)
    app = FastAPI()
    app.include_router(router)
    return app
