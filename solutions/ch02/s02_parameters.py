"""2.2  Path and query parameters.

All that a URL holds is text. The signature of an endpoint says what it stands for.
"""

import inspect
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Path, Query
from pydantic import BaseModel, TypeAdapter, ValidationError

from sensei import ___


class Order(BaseModel):
    """An order of the shop."""

    number: int
    paid: bool


def orders_of(user_id: int) -> list[Order] | None:
    """Stands in for the database; returns None where there is no such user."""
    orders = {7: [Order(number=1, paid=True), Order(number=2, paid=False)], 8: []}
    return orders.get(user_id)


def orders_app() -> FastAPI:
    """2.2.1  Create a FastAPI endpoint that accepts a user ID as a path parameter and
    an optional query parameter for filtering.

    Return an app with `GET /users/{user_id}/orders`. It answers with the orders that
    `orders_of` returns; with `?paid=true` only with those that are paid, and with
    `?paid=false` only with those that are not. It answers 404 where there is no such
    user, and 422 where the id is no integer or `paid` is neither true nor false. The
    API's documentation names both parameters.
    """
    # region answer
    app = FastAPI()

    @app.get("/users/{user_id}/orders")
    def orders(user_id: int, paid: bool | None = None) -> list[Order]:
        found = orders_of(user_id)
        if found is None:
            raise HTTPException(404, f"There is no user {user_id}.")
        return [order for order in found if paid is None or order.paid == paid]

    return app
    # endregion


class Refused(Exception):
    """Says which parameters are wrong: a list of pairs like ("query", "page")."""

    def __init__(self, wrong: list[tuple[str, str]]) -> None:
        super().__init__(wrong)
        self.wrong = wrong


def call(
    endpoint: Callable[..., Any], path: dict[str, str], query: dict[str, str]
) -> Any:
    """2.2.2  How does FastAPI validate path and query parameters automatically?

    Do what FastAPI does, given an endpoint and the strings of a URL. A parameter's
    string stands in `path`, or else in `query`, under the parameter's name. Convert
    it to the annotated type, call `endpoint` with the values, and return what it
    returns. Where FastAPI answers 422, raise `Refused` instead and call nothing: it
    holds ("path", name) or ("query", name) for every parameter that is wrong.
    FastAPI uses `inspect.signature` and Pydantic's `TypeAdapter`, imported above.
    """
    # region answer
    # In words: FastAPI reads the signature, once, when the route is declared. Names
    # in the path's template are taken from the path, the others from the query.
    # Pydantic converts each string to the annotated type and checks the constraints
    # in `Annotated`; a default stands in for what was not sent. All errors are
    # collected into one 422, and only without errors is the endpoint called.
    values: dict[str, Any] = {}
    wrong: list[tuple[str, str]] = []
    for name, parameter in inspect.signature(endpoint).parameters.items():
        place, sent = ("path", path) if name in path else ("query", query)
        if name in sent:
            try:
                adapter = TypeAdapter[Any](parameter.annotation)
                values[name] = adapter.validate_python(sent[name])
            except ValidationError:
                wrong.append((place, name))
        elif parameter.default is parameter.empty:
            wrong.append((place, name))
    if wrong:
        raise Refused(wrong)
    return endpoint(**values)
    # endregion


def search_app(ran: list[str]) -> FastAPI:
    """Return the shop that 2.2.3 asks about; endpoints note in `ran` that they ran."""
    app = FastAPI()

    @app.get("/required")
    def required(word: str) -> dict[str, str | None]:
        ran.append("required")
        return {"word": word}

    @app.get("/nullable")
    def nullable(word: str | None) -> dict[str, str | None]:
        ran.append("nullable")
        return {"word": word}

    @app.get("/optional")
    def optional(word: str | None = None) -> dict[str, str | None]:
        ran.append("optional")
        return {"word": word}

    @app.get("/defaulted")
    def defaulted(word: str = "sale") -> dict[str, str | None]:
        ran.append("defaulted")
        return {"word": word}

    @app.get("/between")
    def between(low: int, high: int) -> dict[str, str | None]:
        ran.append("between")
        return {"word": f"{low} to {high}"}

    return app


def readings() -> dict[str, Any]:
    """2.2.3  What happens if a required query parameter is missing in a FastAPI
    request?

    A client sends these eight requests to `search_app` above. Return for each the
    `word` that it reads, or the status where it is refused. Then "ran": how many of
    the eight reached their endpoint; "points at": the `loc` of the one error in the
    answer to `/required`; "errors": how many errors the last of the eight is told.
    """
    # region answer
    # In words: the client reads 422, with an error of the type "missing" whose `loc`
    # is ["query", name]; the endpoint never runs. All that is wrong is told at once.
    # Only a default makes a parameter optional: `| None` on its own just widens the
    # type, to a value that no URL can hold. An empty string is a value, not a gap.
    return {
        "/required": 422,
        "/required?word=": "",
        "/required?Word=pen": 422,
        "/nullable": 422,
        "/nullable?word=null": "null",
        "/optional": None,
        "/defaulted": "sale",
        "/between?low=cheap": 422,
        "ran": 4,
        "points at": ["query", "word"],
        "errors": 2,
    }
    # stub: return {
    # stub:     "/required": ___,
    # stub:     "/required?word=": ___,
    # stub:     "/required?Word=pen": ___,
    # stub:     "/nullable": ___,
    # stub:     "/nullable?word=null": ___,
    # stub:     "/optional": ___,
    # stub:     "/defaulted": ___,
    # stub:     "/between?low=cheap": ___,
    # stub:     "ran": ___,
    # stub:     "points at": ___,
    # stub:     "errors": ___,
    # stub: }
    # endregion


class Parcel(BaseModel):
    """A parcel of the shop; its status is "packed", "sent" or "delivered"."""

    number: int
    status: str


def parcels_of(user_id: int) -> list[Parcel]:
    """Stands in for the carrier, which has parcels for everybody."""
    steps = ("delivered", "sent", "delivered", "packed")
    return [
        Parcel(number=10 * user_id + place, status=status)
        for place, status in enumerate(steps)
    ]


def parcels_app() -> FastAPI:
    """2.2.4  Create a FastAPI endpoint with a path parameter for user ID and an
    optional query parameter for status.

    Return an app with `GET /users/{user_id}/parcels`. Of what `parcels_of` returns,
    it answers with the parcels of every status that was asked for, as in
    `?status=sent&status=delivered`: each once, in the sequence they have. Who asks for
    none means "packed" and "sent". Any status but the three is refused with 422, and
    so is an id below 1. The API's documentation lists the three as choices of `status`.
    """
    # region answer

    class Status(StrEnum):
        PACKED = "packed"
        SENT = "sent"
        DELIVERED = "delivered"

    app = FastAPI()

    @app.get("/users/{user_id}/parcels")
    def parcels(
        user_id: Annotated[int, Path(ge=1)],
        status: Annotated[tuple[Status, ...], Query()] = (Status.PACKED, Status.SENT),
    ) -> list[Parcel]:
        return [parcel for parcel in parcels_of(user_id) if parcel.status in status]

    return app
    # endregion


def baskets_app(baskets: dict[int, dict[str, int]], me: int) -> FastAPI:
    """2.2.5  What happens if a required path parameter is missing?

    `baskets` holds by user id how many pieces of which sku; `me` is who is asking.
    `GET /baskets/mine` has no user id and means `me`: it is refused. So is
    `GET /baskets/7/pieces`, which means all pieces, of whatever sku. And a client that
    lost the sku sends `DELETE /baskets/7/pieces/`: it empties the basket, where a 404
    is due. Repair these three; paths without a final slash keep working as they do.
    """
    # region answer
    # In words: without the parameter it is another path, and so for another route, or
    # for none (404, or 405 where the path knows other methods); a default in the
    # signature is never used. The first route that matches answers, so fixed paths
    # come first; an optional parameter is a second route. Where no route matches,
    # the router tries again with or without the final slash, and redirects.
    app = FastAPI(redirect_slashes=False)

    @app.get("/baskets/mine")
    def my_basket() -> dict[str, int]:
        return baskets.get(me, {})

    # stub: app = FastAPI()
    # stub:
    # endregion
    @app.get("/baskets/{user_id}")
    def basket(user_id: int) -> dict[str, int]:
        return baskets.get(user_id, {})

    # region answer
    @app.get("/baskets/{user_id}/pieces")
    def all_pieces(user_id: int) -> int:
        return sum(baskets.get(user_id, {}).values())

    @app.get("/baskets/{user_id}/pieces/{sku}")
    def pieces(user_id: int, sku: str) -> int:
        return baskets.get(user_id, {}).get(sku, 0)

    # stub: @app.get("/baskets/mine")
    # stub: def my_basket() -> dict[str, int]:
    # stub:     return baskets.get(me, {})
    # stub:
    # stub: @app.get("/baskets/{user_id}/pieces/{sku}")
    # stub: def pieces(user_id: int, sku: str | None = None) -> int:
    # stub:     basket = baskets.get(user_id, {})
    # stub:     return sum(basket.values()) if sku is None else basket.get(sku, 0)
    # stub:
    # endregion
    @app.delete("/baskets/{user_id}/pieces/{sku}", status_code=204)
    def take_out(user_id: int, sku: str) -> None:
        baskets.get(user_id, {}).pop(sku, None)

    @app.delete("/baskets/{user_id}/pieces", status_code=204)
    def take_out_all(user_id: int) -> None:
        baskets.get(user_id, {}).clear()

    return app
