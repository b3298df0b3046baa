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
    raise NotImplementedError


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
    raise NotImplementedError


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
    return {
        "/required": ___,
        "/required?word=": ___,
        "/required?Word=pen": ___,
        "/nullable": ___,
        "/nullable?word=null": ___,
        "/optional": ___,
        "/defaulted": ___,
        "/between?low=cheap": ___,
        "ran": ___,
        "points at": ___,
        "errors": ___,
    }


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
    raise NotImplementedError


def baskets_app(baskets: dict[int, dict[str, int]], me: int) -> FastAPI:
    """2.2.5  What happens if a required path parameter is missing?

    `baskets` holds by user id how many pieces of which sku; `me` is who is asking.
    `GET /baskets/mine` has no user id and means `me`: it is refused. So is
    `GET /baskets/7/pieces`, which means all pieces, of whatever sku. And a client that
    lost the sku sends `DELETE /baskets/7/pieces/`: it empties the basket, where a 404
    is due. Repair these three; paths without a final slash keep working as they do.
    """
    app = FastAPI()

    @app.get("/baskets/{user_id}")
    def basket(user_id: int) -> dict[str, int]:
        return baskets.get(user_id, {})

    @app.get("/baskets/mine")
    def my_basket() -> dict[str, int]:
        return baskets.get(me, {})

    @app.get("/baskets/{user_id}/pieces/{sku}")
    def pieces(user_id: int, sku: str | None = None) -> int:
        basket = baskets.get(user_id, {})
        return sum(basket.values()) if sku is None else basket.get(sku, 0)

    @app.delete("/baskets/{user_id}/pieces/{sku}", status_code=204)
    def take_out(user_id: int, sku: str) -> None:
        baskets.get(user_id, {}).pop(sku, None)

    @app.delete("/baskets/{user_id}/pieces", status_code=204)
    def take_out_all(user_id: int) -> None:
        baskets.get(user_id, {}).clear()

    return app
