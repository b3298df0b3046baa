"""2.3  Request bodies and Pydantic models.

A body is text from a stranger. A model says what it has to be before anybody uses it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Annotated, Any, get_type_hints

from fastapi import FastAPI
from pydantic import (
    BaseModel,
    ConfigDict,
    EmailStr,
    Field,
    TypeAdapter,
    ValidationError,
)
from pydantic.dataclasses import dataclass as pydantic_dataclass

from sensei import ___


def register(user: BaseModel) -> dict[str, Any]:
    """Stands in for the database; returns what it keeps of a new user."""
    return {"number": 1, **user.model_dump()}


def users_app() -> FastAPI:
    """2.3.1  Write a Pydantic model for a user with fields for name, email, and age,
    and use it in a POST endpoint.

    Return an app with `POST /users`. It takes a user, all of it required: a `name`,
    an `email` that is an e-mail address, an `age` in whole years. It hands the model
    to `register` and answers with what `register` returned. The API's documentation
    shows the three fields.
    """
    raise NotImplementedError


class Line(BaseModel):
    """So many pieces of one product."""

    sku: str
    quantity: int = Field(default=1, ge=1)


class Order(BaseModel):
    """What a customer orders."""

    customer: str
    lines: list[Line]
    gift: bool = False


def receive(
    model: type[BaseModel], endpoint: Callable[[Any], Any], body: bytes
) -> tuple[int, Any]:
    """2.3.2  How does Pydantic ensure data validation in FastAPI?

    Do what FastAPI does with `body`, a JSON object, for an `endpoint` whose parameter
    is a `model`. Return the status and the content for the client: 200 and what the
    endpoint returned, or 422 and `{"detail": [...]}` with the `type`, `loc` and `msg`
    of each mistake in the body; there `loc` begins with "body". What the endpoint
    raises, a ValidationError too, is no mistake in the body: let it out.
    """
    raise NotImplementedError


class Model:
    """2.3.3  Explain the difference between Pydantic’s `BaseModel` and a regular Python
    class.

    A regular class does nothing with its annotations. Have this one, not derived from
    BaseModel, treat those of its subclasses as BaseModel does. Each is a required
    keyword, whose value is validated (for an `int` as `TypeAdapter(int)` does it) and
    kept as an attribute; a value that is missing or does not fit raises a ValueError.
    Unknown keywords are ignored. Two of one class with equal values are equal.
    """

    def __init__(self, **data: Any) -> None:
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        raise NotImplementedError

    def model_dump(self) -> dict[str, Any]:
        """Return the values by their names."""
        raise NotImplementedError


def products_app() -> FastAPI:
    """2.3.4  Write a Pydantic model for a product (name, price, quantity) and use it in
    a POST endpoint.

    Return an app whose `POST /products` answers with the product that it took. The
    name loses the spaces around it and is not empty then. The price, a number or text
    in the JSON, is more than 0 and has at most two decimals; sent as text it loses no
    cent, however large it is. The quantity is a whole number, 0 or more. Any other
    field is refused. The 422 names every field that is wrong, as FastAPI does.
    """
    raise NotImplementedError


def orders_app() -> FastAPI:
    """Return the shop whose clients 2.3.5 is about."""
    app = FastAPI()

    @app.post("/orders")
    def create(order: Order) -> Order:
        return order

    return app


def messages(detail: list[dict[str, Any]]) -> dict[str, str]:
    """2.3.5  How does Pydantic handle invalid input in FastAPI?

    A page with a form posts to a shop like `orders_app` and reads 422. Make of the
    `detail` in that answer what the page shows: each `msg` under the name of its
    input field. The quantity of the second line is named `lines.1.quantity`. What is
    wrong with the body as a whole stands under "": there is none, it is not declared
    to be JSON, or it cannot be parsed.
    """
    raise NotImplementedError


@dataclass
class DataclassShelf:
    """What lies on a shelf, as a dataclass of the standard library."""

    sku: str
    pieces: int


@pydantic_dataclass
class PydanticShelf:
    """The same as a dataclass of Pydantic."""

    sku: str
    pieces: int


class ModelShelf(BaseModel):
    """The same as a model."""

    sku: str
    pieces: int


def make(kind: Any, way: str) -> Any:
    """Return a shelf of the class `kind` that has come about in this `way`."""
    if way == "keyword":
        return kind(sku="pen", pieces="3")
    if way == "position":
        return kind("pen", "3")
    shelf = kind(sku="pen", pieces=1)
    if way == "assignment":
        shelf.pieces = "3"
    elif isinstance(shelf, BaseModel):
        shelf = shelf.model_copy(update={"pieces": "3"})
    else:
        shelf = replace(shelf, pieces="3")
    return shelf


def pieces() -> dict[str, dict[str, Any]]:
    """2.3.6  Explain the difference between Pydantic’s `BaseModel` and Python
    dataclasses.

    Return what `pieces` is on a shelf that came about in this way: 3, "3", or
    "refused" if none did. Four of the ways are those of `make` above; for "body" a
    client sends `{"sku": "pen", "pieces": "3"}` to an endpoint that takes such a shelf.
    """
    return {
        "keyword": {"dataclass": ___, "pydantic": ___, "model": ___},
        "position": {"dataclass": ___, "pydantic": ___, "model": ___},
        "assignment": {"dataclass": ___, "pydantic": ___, "model": ___},
        "copy": {"dataclass": ___, "pydantic": ___, "model": ___},
        "body": {"dataclass": ___, "pydantic": ___, "model": ___},
    }
