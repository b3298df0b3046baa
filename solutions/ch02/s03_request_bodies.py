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
    # region answer

    class User(BaseModel):
        name: str
        email: EmailStr
        age: int

    app = FastAPI()

    @app.post("/users")
    def create(user: User) -> dict[str, Any]:
        return register(user)

    return app
    # endregion


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
    # region answer
    # In words: FastAPI parses the body and has the parameter's model validate it.
    # Pydantic checks and converts every field at every depth, fills in defaults, and
    # gathers all mistakes in one ValidationError. So the endpoint gets an instance
    # that keeps the promises of its annotations, or it is not called at all and the
    # client reads 422 with the list of mistakes.
    try:
        value = model.model_validate_json(body)
    except ValidationError as error:
        detail = [
            {"type": one["type"], "loc": ["body", *one["loc"]], "msg": one["msg"]}
            for one in error.errors()
        ]
        return 422, {"detail": detail}
    return 200, endpoint(value)
    # endregion


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
        # region answer
        # In words: to a regular class annotations are notes; it keeps whatever it is
        # given, compares by identity, and `__init__` and the rest are yours to write.
        # BaseModel reads the annotations when the class is created and makes of them
        # a validator that converts or refuses, equality, a readable repr, dumping to
        # dicts and JSON, and the JSON schema that FastAPI documents.
        for name, annotation in get_type_hints(type(self)).items():
            if name not in data:
                raise ValueError(f"{name} is missing")
            setattr(self, name, TypeAdapter(annotation).validate_python(data[name]))
        # endregion

    def __eq__(self, other: object) -> bool:
        # region answer
        return type(self) is type(other) and vars(self) == vars(other)
        # endregion

    def model_dump(self) -> dict[str, Any]:
        """Return the values by their names."""
        # region answer
        return dict(vars(self))
        # endregion


def products_app() -> FastAPI:
    """2.3.4  Write a Pydantic model for a product (name, price, quantity) and use it in
    a POST endpoint.

    Return an app whose `POST /products` answers with the product that it took. The
    name loses the spaces around it and is not empty then. The price, a number or text
    in the JSON, is more than 0 and has at most two decimals; sent as text it loses no
    cent, however large it is. The quantity is a whole number, 0 or more. Any other
    field is refused. The 422 names every field that is wrong, as FastAPI does.
    """
    # region answer

    class Product(BaseModel):
        model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

        name: Annotated[str, Field(min_length=1)]  # counted once it is stripped
        price: Annotated[Decimal, Field(gt=0, decimal_places=2)]
        quantity: Annotated[int, Field(ge=0)]

    app = FastAPI()

    @app.post("/products")
    def create(product: Product) -> Product:
        return product

    return app
    # endregion


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
    # region answer
    # In words: Pydantic does not stop at the first mistake. Its ValidationError lists
    # them all, each with a type for programs, a message for people, the input, and
    # the path to it through fields and list positions. FastAPI puts the part of the
    # request in front of the path and answers 422. A body that cannot be parsed never
    # gets as far as Pydantic; FastAPI reports it in the same form, with the position
    # in the text for a path.
    found: dict[str, str] = {}
    for mistake in detail:
        _, *path = mistake["loc"]
        if mistake["type"] == "json_invalid":
            path = []
        found[".".join(map(str, path))] = mistake["msg"]
    return found
    # endregion


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
    # region answer
    # In words: a standard dataclass writes `__init__`, `__repr__` and `__eq__` and
    # checks nothing; BaseModel validates, dumps and takes keywords only. Pydantic's
    # dataclass is a dataclass whose `__init__` validates, and so does `replace`, which
    # calls it. FastAPI validates a body for all three. None of them checks
    # assignments unless told to, and `model_copy` trusts its update.
    return {
        "keyword": {"dataclass": "3", "pydantic": 3, "model": 3},
        "position": {"dataclass": "3", "pydantic": 3, "model": "refused"},
        "assignment": {"dataclass": "3", "pydantic": "3", "model": "3"},
        "copy": {"dataclass": "3", "pydantic": 3, "model": "3"},
        "body": {"dataclass": 3, "pydantic": 3, "model": 3},
    }
    # stub: return {
    # stub:     "keyword": {"dataclass": ___, "pydantic": ___, "model": ___},
    # stub:     "position": {"dataclass": ___, "pydantic": ___, "model": ___},
    # stub:     "assignment": {"dataclass": ___, "pydantic": ___, "model": ___},
    # stub:     "copy": {"dataclass": ___, "pydantic": ___, "model": ___},
    # stub:     "body": {"dataclass": ___, "pydantic": ___, "model": ___},
    # stub: }
    # endregion
