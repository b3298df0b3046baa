"""2.4  Response models and status codes.

A response model defines the fields of a response. A status code tells the client how
the request ended. Both are part of the API's documentation.
Notes: content/docs/fastapi/core-concepts/response-models-and-status-codes.md
"""

from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from typing import Any

from fastapi import FastAPI, HTTPException, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from sensei import ___


class OrderIn(BaseModel):
    """An order as clients send it."""

    sku: str
    quantity: int


def accept(order: OrderIn) -> dict[str, Any]:
    """Accept an order, and return everything that the shop knows about it."""
    return {
        "number": 7,
        "state": "accepted",
        "sku": order.sku,
        "supplier": "Hinkel & Sons",
        "margin": 0.31,
    }


def orders_app() -> FastAPI:
    """2.4.1  Create a FastAPI endpoint that returns a custom response model with a
    specific HTTP status code.

    Create an application and return it. Its endpoint `POST /orders` takes an `OrderIn`
    as the request body and passes it to `accept`. The shop processes the order later.

    - The status code is 202 Accepted.
    - The response contains `number` (an integer) and `state` (a string) of the order
      that `accept` returns. It contains no other field.
    - The API's documentation shows the status code 202 with these two fields and their
      types.

    Example:
        POST /orders  {"sku": "lamp", "quantity": 3}
            ->  202  {"number": 7, "state": "accepted"}
    """
    # region answer

    class OrderOut(BaseModel):
        number: int
        state: str

    app = FastAPI()

    @app.post("/orders", status_code=202)
    def create_order(order: OrderIn) -> OrderOut:
        return OrderOut(**accept(order))

    return app
    # endregion


class AccountOut(BaseModel):
    """What every client may read of an account."""

    name: str


class StaffAccountOut(AccountOut):
    """What the staff may read of an account."""

    email: str
    warnings: int


def find_account(number: int) -> dict[str, Any]:
    """Return the whole row of an account. There is one for every number."""
    return {
        "number": number,
        "name": "Mara",
        "email": "mara@example.com",
        "warnings": 2,
        "password_hash": "$argon2id$v=19$m=65536",
    }


def all_accounts() -> list[dict[str, Any]]:
    """Return the whole rows of all accounts."""
    return [find_account(1), find_account(2)]


def accounts_app() -> FastAPI:
    """2.4.2  How can you specify a response model in FastAPI to control the output
    schema?

    Create an application with two endpoints and return it. The rows from `find_account`
    and `all_accounts` contain more fields than a client may read.

    - `GET /accounts/{number}` returns `find_account(number)` as an `AccountOut`.
    - `GET /staff/accounts` returns `all_accounts()` as a list of `StaffAccountOut`.
    - The API's documentation shows the fields of these models for the two endpoints.

    Given:
        The rows can change between two requests.

    Example:
        GET /accounts/1  ->  200  {"name": "Mara"}
    """
    # region answer
    # In words: A response model is the return annotation of the endpoint, or the
    # parameter `response_model` of the decorator, which has priority over it. It can
    # be any type that Pydantic knows, such as `list[AccountOut]`. FastAPI sends only
    # the fields of this type, and shows them in the documentation.
    app = FastAPI()
    app.get("/accounts/{number}", response_model=AccountOut)(find_account)
    app.get("/staff/accounts", response_model=list[StaffAccountOut])(all_accounts)
    return app
    # endregion


def order_app() -> FastAPI:
    """Return the application that 2.4.3 asks about."""
    app = FastAPI()

    @app.post("/orders", status_code=201)
    def create_order(order: OrderIn, response: Response) -> Any:
        if order.sku == "sold-out":
            raise HTTPException(409)
        if order.sku == "gift-card":
            return JSONResponse({"state": "created"})
        if order.sku == "repeated":
            response.status_code = 200
        return {"state": "created"}

    return app


def statuses() -> dict[str, int]:
    """2.4.3  What is the purpose of the `status_code` parameter in FastAPI decorators?

    A client sends orders to `order_app()` above. Predict the status codes, and return
    them in a dict.

    - "lamp", "repeated", "sold-out" and "gift-card": an order with this sku.
    - "incomplete": an order without a quantity.
    - "documented": the API's documentation shows one successful status code. Which?
    """
    # region answer
    # In words: `status_code` is the default status code of a successful response, and
    # the one in the documentation. The endpoint can set another one: it sets
    # `response.status_code`, raises an HTTPException, or returns a Response, which is
    # sent with its own status code. A request with an invalid body returns 422, and
    # the endpoint is not called.
    return {
        "lamp": 201,
        "repeated": 200,
        "sold-out": 409,
        "gift-card": 200,
        "incomplete": 422,
        "documented": 201,
    }
    # stub: return {
    # stub:     "lamp": ___,
    # stub:     "repeated": ___,
    # stub:     "sold-out": ___,
    # stub:     "gift-card": ___,
    # stub:     "incomplete": ___,
    # stub:     "documented": ___,
    # stub: }
    # endregion


class ProductIn(BaseModel):
    """A product as clients send it."""

    name: str
    price: Decimal


class ProductOut(ProductIn):
    """A product as clients read it."""

    number: int


class Catalogue:
    """The products of the shop."""

    def __init__(self, first: int = 1) -> None:
        self.rows: dict[int, dict[str, Any]] = {}
        self.numbers = count(first)

    def add(self, product: ProductIn) -> dict[str, Any]:
        """Store a product under a new number, and return its row."""
        row = {"number": next(self.numbers), **product.model_dump(), "margin": 0.31}
        self.rows[row["number"]] = row
        return row


def catalogue_app(catalogue: Catalogue) -> FastAPI:
    """2.4.4  Create a FastAPI endpoint with a response model and a 201 status code.

    Add the endpoint `POST /products` to the application below. It takes a `ProductIn`
    as the request body, adds it with `catalogue.add`, and returns the new product.

    - The status code is 201 Created, and the response contains the fields of
      `ProductOut`, and no others.
    - The response header `Location` contains the URL of the new product: `GET` for
      this URL returns the product. The URL can be absolute or relative.
    - The API's documentation shows the status code 201 with the fields of `ProductOut`.

    Example:
        POST /products  {"name": "lamp", "price": "19.90"}
            ->  201  {"name": "lamp", "price": "19.90", "number": 1}
                Location: /products/1
    """
    app = FastAPI()

    @app.get("/products/{number}")
    def read_product(number: int) -> ProductOut:
        if number not in catalogue.rows:
            raise HTTPException(404)
        return ProductOut(**catalogue.rows[number])

    # region answer
    @app.post("/products", status_code=201)
    def create_product(product: ProductIn, response: Response) -> ProductOut:
        created = ProductOut(**catalogue.add(product))
        response.headers["Location"] = f"/products/{created.number}"
        return created

    # endregion
    return app


class Member(BaseModel):
    """A member as the database stores it."""

    name: str
    password_hash: str
    nickname: str | None = None
    invited_by: "Member | None" = None


def members_app(members: list[Member]) -> FastAPI:
    """2.4.5  How do you exclude certain fields from a response model in FastAPI?

    `GET /members` sends the password hash of each member, and the password hashes of
    those who invited them. It also sends fields whose value is None. Repair it.

    - The response contains no `password_hash`, at any depth of `invited_by`.
    - It contains the other three fields, at any depth. If the value of a field is None,
      the field is left out.
    - The API's documentation shows these three fields, and no `password_hash`.

    Given:
        The list `members` can change between two requests.

    Example, where Jo invited Mara:
        GET /members  ->  200  [{"name": "Mara", "invited_by": {"name": "Jo"}}]
    """
    # region answer
    # In words: Write an output model that has only the fields that a client may read,
    # at every level. A field that is not in the response model is not sent and not
    # documented. `response_model_exclude_none` leaves out fields without a value.
    # `response_model_exclude` names fields for one level of one endpoint, and the
    # documentation still shows them.

    class MemberOut(BaseModel):
        name: str
        nickname: str | None = None
        invited_by: "MemberOut | None" = None

    app = FastAPI()

    @app.get(
        "/members", response_model=list[MemberOut], response_model_exclude_none=True
    )
    def read_members() -> list[Member]:
        return members

    return app
    # stub: app = FastAPI()
    # stub:
    # stub: @app.get("/members")
    # stub: def read_members() -> list[Member]:
    # stub:     return members
    # stub:
    # stub: return app
    # endregion


class Quote(BaseModel):
    """What the shop asks for some pieces of a product."""

    sku: str
    pieces: int = 1
    price: Decimal


@dataclass
class QuoteRow:
    """A quote as the database returns it."""

    sku: str
    pieces: int
    price: str
    purchase_price: str


def respond(model: type[BaseModel], returned: dict[str, Any] | QuoteRow) -> Any:
    """2.4.6  What is the role of the `response_model` parameter in FastAPI?

    An endpoint has the parameter `response_model=model`, and it has returned
    `returned`, a dict or a `QuoteRow`. Return the body that FastAPI sends, before it
    is written as JSON text.

    - The result contains the fields of `model`, and no others. A field that is missing
      in `returned` has the default value of `model`.
    - The result is ready for JSON: `json.dumps(result)` works, and a Decimal becomes a
      string.
    - If `returned` does not fit `model`, raise Pydantic's `ValidationError`. (FastAPI
      raises an error of its own here.)

    Example:
        respond(Quote, {"sku": "pen", "price": Decimal("2.50"), "margin": 2})
            ->  {"sku": "pen", "pieces": 1, "price": "2.50"}
    """
    # region answer
    # In words: `response_model` is a contract that FastAPI checks before it sends a
    # response. FastAPI validates and converts what the endpoint returned, adds the
    # default values, drops all other fields, and writes the rest as JSON. It also
    # documents the model. A value that does not fit is a mistake of the server: 500.
    return model.model_validate(returned, from_attributes=True).model_dump(mode="json")
    # endregion
