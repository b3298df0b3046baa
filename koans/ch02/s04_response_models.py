"""2.4  Response models and status codes.

What leaves an endpoint is a promise to its clients: which fields, under which status.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from sensei import ___


class OrderIn(BaseModel):
    """What a customer orders."""

    sku: str
    quantity: int


def accept(order: OrderIn) -> dict[str, Any]:
    """Stands in for the order service; returns all that it knows."""
    return {
        "number": 7,
        "state": "accepted",
        "sku": order.sku,
        "supplier": "Hinkel & Sons",
        "margin": 0.31,
    }


def accepting_app() -> FastAPI:
    """2.4.1  Create a FastAPI endpoint that returns a custom response model with a
    specific HTTP status code.

    Return an app with `POST /orders`. It takes an `OrderIn`, hands it to `accept`,
    and answers 202: the order is accepted, not yet carried out. The client reads the
    fields `number` and `state` of the order, and no others; the API's documentation
    promises the same.
    """
    raise NotImplementedError


class AccountOut(BaseModel):
    """What everybody may read of an account."""

    name: str


class AccountForStaff(AccountOut):
    """What the staff may read of an account."""

    email: str
    warnings: int


def find_account(number: int) -> dict[str, Any]:
    """Stands in for the database; returns the whole row."""
    return {
        "number": number,
        "name": "Mara",
        "email": "mara@example.com",
        "warnings": 2,
        "password_hash": "$argon2id$v=19$nothing-to-see",
    }


def accounts_app() -> FastAPI:
    """2.4.2  How can you specify a response model in FastAPI to control the output
    schema?

    Return an app that serves what `find_account` returns in three schemas:
    `GET /accounts/{number}` as an `AccountOut`, `GET /staff/accounts/{number}` as an
    `AccountForStaff`, and `GET /accounts?numbers=1&numbers=2` as a list of
    `AccountOut`. The API's documentation names these schemas.
    """
    raise NotImplementedError


def order_app() -> FastAPI:
    """Return the shop that 2.4.3 asks about."""
    app = FastAPI()

    @app.post("/orders", status_code=201, response_model=None)
    def order(order: OrderIn, response: Response) -> dict[str, str] | Response:
        if order.sku == "known":
            response.status_code = 200
        if order.sku == "sold-out":
            raise HTTPException(409)
        if order.sku == "by-hand":
            return JSONResponse({"state": "accepted"})
        return {"state": "accepted"}

    return app


def statuses() -> dict[str, int]:
    """2.4.3  What is the purpose of the `status_code` parameter in FastAPI decorators?

    A client sends orders to `order_app` above. Return the status it reads for each:
    an order for "lamp", for "known", for "sold-out", for "by-hand", one without a
    quantity ("incomplete"), and the one success status that the API's documentation
    announces ("documented").
    """
    return {
        "lamp": ___,
        "known": ___,
        "sold-out": ___,
        "by-hand": ___,
        "incomplete": ___,
        "documented": ___,
    }


class Product(BaseModel):
    """A product of the shop."""

    sku: str
    price: Decimal


def catalogue_app() -> FastAPI:
    """2.4.4  Create a FastAPI endpoint with a response model and a 201 status code.

    Return an app with an empty catalogue of its own. `POST /products` takes a
    `Product` and answers 201 with it; the header `Location` of the answer holds the
    path under which `GET` finds that product from now on. A second product with the
    same sku is answered 409, a `GET` for one that is not there 404.
    """
    raise NotImplementedError


class Member(BaseModel):
    """An account as it is stored."""

    name: str
    password_hash: str
    nickname: str | None = None
    invited_by: "Member | None" = None


def members_app(members: list[Member]) -> FastAPI:
    """2.4.5  How do you exclude certain fields from a response model in FastAPI?

    `GET /members` sends every password hash, also those of the members that invited
    others. Repair this, in the answers and in the API's documentation. A member
    without a nickname is sent without the key `nickname`, and one that nobody
    invited without the key `invited_by`.
    """
    app = FastAPI()

    @app.get("/members")
    def all_members() -> list[Member]:
        return members

    return app


class Quote(BaseModel):
    """What the shop asks for a number of pieces."""

    sku: str
    pieces: int = 1
    price: Decimal


@dataclass
class QuoteRow:
    """A quote as the database hands it out."""

    sku: str
    pieces: int
    price: str
    purchase_price: str


def respond(model: type[BaseModel], returned: Any) -> Any:
    """2.4.6  What is the role of the `response_model` parameter in FastAPI?

    Do what FastAPI does with the value that an endpoint with `response_model=model`
    has returned. Return what `json.dumps` can then write for the client. Raise
    whatever Pydantic raises where the value does not fit: a dict that lacks a field,
    say. An endpoint may return a dict, a `QuoteRow`, or a model.
    """
    raise NotImplementedError
