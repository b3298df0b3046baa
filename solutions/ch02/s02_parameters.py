"""2.2  Path and query parameters.

A URL contains strings. The signature of an endpoint declares which parameters there
are, which type each of them has, and which of them are required.
Notes: content/docs/fastapi/core-concepts/path-and-query-parameters.md
"""

# region answer
from collections.abc import Callable, Mapping
from inspect import Parameter, signature
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Path

# stub: from collections.abc import Callable, Mapping
# stub: from inspect import Parameter, signature
# stub: from typing import Any
# stub:
# stub: from fastapi import FastAPI
# endregion
from pydantic import BaseModel, TypeAdapter

from sensei import ___


class Order(BaseModel):
    """An order of a user."""

    number: int
    paid: bool


def orders_of(user_id: int) -> list[Order]:
    """Return the orders of a user; an unknown user has none."""
    orders = {7: [Order(number=1, paid=True), Order(number=2, paid=False)]}
    return orders.get(user_id, [])


def orders_app() -> FastAPI:
    """2.2.1  Create a FastAPI endpoint that accepts a user ID as a path parameter and
    an optional query parameter for filtering.

    Create an application with the endpoint `GET /users/{user_id}/orders`, and return
    it. For each request, the endpoint calls `orders_of(user_id)` and returns the orders
    in the same sequence.

    - `?paid=true` returns only the paid orders, `?paid=false` only the unpaid ones.
      Without `paid`, the endpoint returns all orders.
    - `user_id` can be any integer. A `user_id` that is not an integer returns 422. A
      `paid` that is not a boolean, such as `?paid=maybe`, also returns 422.
    - The documentation (`/docs`) lists `user_id`, and `paid` as an optional parameter.

    Example:
        GET /users/7/orders?paid=true  ->  200  [{"number": 1, "paid": true}]
        GET /users/7/orders?paid=maybe  ->  422
    """
    # region answer
    app = FastAPI()

    @app.get("/users/{user_id}/orders")
    def read_orders(user_id: int, paid: bool | None = None) -> list[Order]:
        orders = orders_of(user_id)
        return [order for order in orders if paid is None or order.paid == paid]

    return app
    # endregion


def respond(endpoint: Callable[..., Any], sent: Mapping[str, str]) -> tuple[int, Any]:
    """Return the status code and the body of the response.

    `sent` contains the strings from the path and the query, by parameter name.
    """
    values: dict[str, Any] = {}
    invalid: list[str] = []
    for parameter in signature(endpoint).parameters.values():
        try:
            values[parameter.name] = value_of(parameter, sent)
        except ValueError:
            invalid.append(parameter.name)
    return (422, invalid) if invalid else (200, endpoint(**values))


def value_of(parameter: Parameter, sent: Mapping[str, str]) -> Any:
    """2.2.2  How does FastAPI validate path and query parameters automatically?

    FastAPI calls an endpoint with one value for each parameter in its signature. Return
    the value of one parameter. `respond` above calls this function for each of them.

    - If `sent` contains the parameter, convert its string with Pydantic's
      `TypeAdapter(annotation)`, and return the result.
    - If `sent` does not contain the parameter, return its default value. Do not
      convert or validate it.
    - If the string is not valid for the annotation, or a parameter without a default
      value is missing, raise a ValueError.

    Given:
        `parameter` has the attributes `name`, `annotation` and `default`.
        Without a default value, `parameter.default` is `Parameter.empty`.
        Pydantic's ValidationError is a ValueError.

    Example:
        def list_products(shelf: int, page: int = 1) -> str: ...

        respond(list_products, {"shelf": "7"})  calls  list_products(shelf=7, page=1)
        respond(list_products, {"page": "x"})  ->  (422, ["shelf", "page"])
    """
    # region answer
    # In words: FastAPI reads the signature of the endpoint when the route is declared.
    # For each request, Pydantic converts the string of each parameter to the annotated
    # type and checks its constraints. A missing parameter gets its default value.
    # If anything is invalid, the client gets one 422 response with all the errors, and
    # the endpoint is not called.
    if parameter.name in sent:
        return TypeAdapter(parameter.annotation).validate_python(sent[parameter.name])
    if parameter.default is Parameter.empty:
        raise ValueError(f"the parameter {parameter.name} is missing")
    return parameter.default
    # endregion


def search_app() -> FastAPI:
    """Return the application of 2.2.3. Its endpoints return what they were given."""
    app = FastAPI()

    @app.get("/required")
    def required(word: str) -> str:
        return word

    @app.get("/nullable")
    def nullable(word: str | None) -> str | None:
        return word

    @app.get("/optional")
    def optional(word: str | None = None) -> str | None:
        return word

    @app.get("/between")
    def between(low: int, high: int) -> list[int]:
        return [low, high]

    return app


def predictions() -> dict[str, Any]:
    """2.2.3  What happens if a required query parameter is missing in a FastAPI
    request?

    Predict the responses of `search_app` above. Replace each `___`.

    - The first four keys are the URLs of requests. If the status code is 200, write the
      body of the response as a Python value. Otherwise write the status code.
    - "loc": the `loc` of the only error in the response to `GET /required`.
    - "errors": the number of errors in the response to `GET /between?low=cheap`.
    """
    # region answer
    # In words: The response is 422, and the endpoint is not called. The body contains
    # an error of the type "missing" for each missing parameter, whose `loc` is
    # ["query", name], together with all other errors. Only a default value makes a
    # parameter optional; `| None` alone does not. An empty string is not missing.
    return {
        "/required": 422,
        "/required?word=": "",
        "/nullable": 422,
        "/optional": None,
        "loc": ["query", "word"],
        "errors": 2,
    }
    # stub: return {
    # stub:     "/required": ___,
    # stub:     "/required?word=": ___,
    # stub:     "/nullable": ___,
    # stub:     "/optional": ___,
    # stub:     "loc": ___,
    # stub:     "errors": ___,
    # stub: }
    # endregion


class Parcel(BaseModel):
    """A parcel; its status is "packed", "sent" or "delivered"."""

    number: int
    status: str


def parcels_of(user_id: int) -> list[Parcel]:
    """Return the parcels of a user, the newest one first."""
    return [
        Parcel(number=10 * user_id + 2, status="sent"),
        Parcel(number=10 * user_id + 1, status="delivered"),
    ]


def parcels_app() -> FastAPI:
    """2.2.4  Create a FastAPI endpoint with a path parameter for user ID and an
    optional query parameter for status.

    Create an application with the endpoint `GET /users/{user_id}/parcels`, and return
    it. For each request, the endpoint calls `parcels_of(user_id)` and returns the
    parcels in the same sequence.

    - `?status=sent` returns only the parcels with this status; the same for "packed"
      and "delivered". Without `status`, the endpoint returns all parcels.
    - Any other status returns 422.
    - A `user_id` that is not an integer, or is less than 1, returns 422.
    - The documentation (`/docs`) lists these three strings as the allowed values of
      `status`.

    Example:
        GET /users/7/parcels?status=sent  ->  200  [{"number": 72, "status": "sent"}]
        GET /users/7/parcels?status=lost  ->  422
    """
    # region answer
    app = FastAPI()

    @app.get("/users/{user_id}/parcels")
    def read_parcels(
        user_id: Annotated[int, Path(ge=1)],
        status: Literal["packed", "sent", "delivered"] | None = None,
    ) -> list[Parcel]:
        parcels = parcels_of(user_id)
        return [one for one in parcels if status is None or one.status == status]

    return app
    # endregion


def baskets_app(baskets: dict[int, dict[str, int]]) -> FastAPI:
    """2.2.5  What happens if a required path parameter is missing?

    `baskets` contains the basket of each user: how many pieces of which product (`sku`)
    are in it. The author of this endpoint wanted `sku` to be optional. But
    `GET /baskets/7/pieces` returns 404. Repair the application.

    - For each request, `GET /baskets/{user_id}/pieces` returns the number of all pieces
      in the basket. For a user without a basket, this is 0.
    - Requests with a `sku` work as before: they return the number of pieces of this
      product.
    - A `user_id` that is not an integer still returns 422, with and without a `sku`.
      `/baskets/pieces`, without a `user_id`, still returns 404. Longer paths, such as
      `/baskets/7/pieces/pen/2`, also still return 404.

    Given:
        No request has a `sku` in its query.

    Example:
        baskets_app({7: {"pen": 2, "ink": 1}})

        GET /baskets/7/pieces  ->  200  3
        GET /baskets/7/pieces/pen  ->  200  2
    """
    app = FastAPI()

    # region answer
    # In words: A path without the parameter is another path. If no route matches it,
    # the response is 404, and the endpoint is not called: a default value in the
    # signature is never used, so a path parameter is always required. If another
    # route matches, its endpoint is called. To make a path parameter optional,
    # declare a second path.
    @app.get("/baskets/{user_id}/pieces")
    def count_all_pieces(user_id: int) -> int:
        return sum(baskets.get(user_id, {}).values())

    @app.get("/baskets/{user_id}/pieces/{sku}")
    def count_pieces(user_id: int, sku: str) -> int:
        return baskets.get(user_id, {}).get(sku, 0)

    # stub: @app.get("/baskets/{user_id}/pieces/{sku}")
    # stub: def count_pieces(user_id: int, sku: str | None = None) -> int:
    # stub:     basket = baskets.get(user_id, {})
    # stub:     return sum(basket.values()) if sku is None else basket.get(sku, 0)
    # stub:
    # endregion
    return app
