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
    # region answer

    class Receipt(BaseModel):
        number: int
        state: str

    app = FastAPI()

    @app.post("/orders", status_code=202, response_model=Receipt)
    def order(order: OrderIn) -> dict[str, Any]:
        return accept(order)

    return app
    # endregion


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
    # region answer
    # In words: a response model is the endpoint's return annotation or, where the
    # function returns something else, the decorator's `response_model`, which wins
    # over the annotation. Any type that Pydantic knows will do, a list as well.
    # FastAPI filters the returned value through it and documents it as the schema.
    app = FastAPI()
    app.get("/accounts/{number}", response_model=AccountOut)(find_account)
    app.get("/staff/accounts/{number}", response_model=AccountForStaff)(find_account)

    @app.get("/accounts", response_model=list[AccountOut])
    def accounts(numbers: Annotated[list[int], Query()]) -> list[dict[str, Any]]:
        return [find_account(number) for number in numbers]

    return app
    # endregion


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
    # region answer
    # In words: `status_code` is what a success is answered with unless the endpoint
    # says otherwise, and what the documentation announces. It says otherwise by
    # setting it on the injected response, by raising an HTTPException, or by
    # returning a Response, whose own status (200 by default) is sent as it is.
    # A body that fails validation never reaches the endpoint.
    return {
        "lamp": 201,
        "known": 200,
        "sold-out": 409,
        "by-hand": 200,
        "incomplete": 422,
        "documented": 201,
    }
    # stub: return {
    # stub:     "lamp": ___,
    # stub:     "known": ___,
    # stub:     "sold-out": ___,
    # stub:     "by-hand": ___,
    # stub:     "incomplete": ___,
    # stub:     "documented": ___,
    # stub: }
    # endregion


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
    # region answer
    app = FastAPI()
    catalogue: dict[str, Product] = {}

    @app.post("/products", status_code=201)
    def add(product: Product, response: Response) -> Product:
        if product.sku in catalogue:
            raise HTTPException(409, f"There is a product {product.sku} already.")
        catalogue[product.sku] = product
        response.headers["Location"] = app.url_path_for("find", sku=product.sku)
        return product

    @app.get("/products/{sku}")
    def find(sku: str) -> Product:
        if sku not in catalogue:
            raise HTTPException(404, f"There is no product {sku}.")
        return catalogue[sku]

    return app
    # endregion


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
    # region answer
    # In words: give the output a model of its own that has only what may be read, at
    # every level: what is not in the schema cannot leak. What is there but empty is
    # left out by `response_model_exclude_none` (or `_unset`, `_defaults`).
    # `response_model_exclude` is a shortcut that reaches one level of one endpoint.

    class MemberOut(BaseModel):
        name: str
        nickname: str | None = None
        invited_by: "MemberOut | None" = None

    app = FastAPI()

    @app.get(
        "/members",
        response_model=list[MemberOut],
        response_model_exclude_none=True,
    )
    def all_members() -> list[Member]:
        return members

    return app
    # stub: app = FastAPI()
    # stub:
    # stub: @app.get("/members")
    # stub: def all_members() -> list[Member]:
    # stub:     return members
    # stub:
    # stub: return app
    # endregion


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
    # region answer
    # In words: `response_model` is a contract that FastAPI keeps on the way out. It
    # validates and converts what the endpoint returned, fills in defaults, drops
    # what the model does not name, writes the rest as JSON and documents it. A value
    # that breaks the contract is the server's mistake: a 500, never a wrong answer.
    if isinstance(returned, BaseModel):
        returned = returned.model_dump()
    return model.model_validate(returned, from_attributes=True).model_dump(mode="json")
    # endregion
