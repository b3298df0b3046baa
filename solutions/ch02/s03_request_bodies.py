"""2.3  Request bodies and Pydantic models.

A client can send any JSON. A Pydantic model declares which fields an endpoint accepts,
and FastAPI validates the request body with it before it calls the endpoint.
Notes: content/docs/fastapi/core-concepts/request-body-and-pydantic-models.md
"""

# region answer
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, get_type_hints

from fastapi import FastAPI
from pydantic import (
    BaseModel,
    ConfigDict,
    EmailStr,
    Field,
    TypeAdapter,
    ValidationError,
)

# stub: from collections.abc import Callable
# stub: from dataclasses import dataclass
# stub: from typing import Any, get_type_hints
# stub:
# stub: from fastapi import FastAPI
# stub: from pydantic import BaseModel, Field, TypeAdapter, ValidationError
# stub:
# endregion
from sensei import ___


def users_app() -> FastAPI:
    """2.3.1  Write a Pydantic model for a user with fields for name, email, and age,
    and use it in a POST endpoint.

    Write the model and an endpoint `POST /users`, and return the application. A user
    has a `name` (any string), an `email` (an email address) and an `age` (any integer).

    - `POST /users` returns the validated user of the request.
    - All three fields are required. A missing or invalid field returns 422.
    - The documentation (`/docs`) shows the three fields of the request body.

    Example:
        POST /users  {"name": "Mara", "email": "mara@example.com", "age": 31}
            ->  200  {"name": "Mara", "email": "mara@example.com", "age": 31}
        POST /users  {"name": "Mara", "email": "mara", "age": 31}  ->  422
    """
    app = FastAPI()

    # region answer
    class User(BaseModel):
        name: str
        email: EmailStr
        age: int

    @app.post("/users")
    def create_user(user: User) -> User:
        return user

    return app
    # endregion


class Line(BaseModel):
    """A product in an order."""

    sku: str
    quantity: int = Field(default=1, ge=1)


class Order(BaseModel):
    """The request body of a shop: what a customer orders."""

    customer: str
    lines: list[Line]


def receive(
    model: type[BaseModel], endpoint: Callable[[Any], Any], data: dict[str, Any]
) -> tuple[int, Any]:
    """2.3.2  How does Pydantic ensure data validation in FastAPI?

    Do what FastAPI does with a request body: validate it with a model, then call the
    endpoint. `data` is the JSON object of the body as a dict. `endpoint` is a function
    with one parameter of the type `model`. Return the status code and the content of
    the response.

    - If `data` is valid, call `endpoint` with an instance of `model`. Return 200 and
      what the endpoint returns, unchanged.
    - If `data` is not valid, do not call `endpoint`. Return 422 and
      `{"detail": errors}`, with a dict for each error in Pydantic's ValidationError.
    - Each dict contains the `loc` and the `msg` of the error. `loc` is a list here, and
      begins with "body". The dict can contain other keys, too.
    - Do not catch an exception from `endpoint`, not even a ValidationError or an
      HTTPException.

    Example:
        receive(Order, save_order, {"lines": []})  ->
            (422, {"detail": [{"loc": ["body", "customer"], "msg": "Field required"}]})
    """
    # region answer
    # In words: FastAPI parses the JSON of the body and validates it with the model in
    # the signature. Pydantic checks and converts each field, at every depth, and adds
    # default values. If the data is valid, the endpoint gets an instance of the model.
    # Otherwise Pydantic collects all errors, FastAPI returns them with the status code
    # 422, and the endpoint is not called.
    try:
        value = model.model_validate(data)
    except ValidationError as invalid:
        errors = [
            {"loc": ["body", *error["loc"]], "msg": error["msg"]}
            for error in invalid.errors()
        ]
        return 422, {"detail": errors}
    return 200, endpoint(value)
    # endregion


def fields_of(cls: type) -> dict[str, Any]:
    """Return the annotations of a class and of its base classes, by field name."""
    return get_type_hints(cls, include_extras=True)


class Model:
    """2.3.3  Explain the difference between Pydantic’s `BaseModel` and a regular Python
    class.

    Python does not check annotations, but BaseModel does. Write `__init__`, so that
    `Model` does it, too: subclasses of `Model` only declare their fields. Do not derive
    `Model` from BaseModel.

    - Each field in `fields_of(type(self))` is a required keyword argument. If one is
      missing, raise a ValueError, even if the field may be None.
    - Convert each value with Pydantic's `TypeAdapter(annotation)`, and store it as an
      attribute of the instance. If a value is not valid, raise a ValueError.
    - Ignore other keyword arguments.

    Given:
        Pydantic's ValidationError is a ValueError.
        The fields of the subclasses have no default values.

    Example:
        class Parcel(Model):
            sku: str
            pieces: int

        Parcel(sku="pen", pieces="3").pieces  ->  3
        Parcel(sku="pen", pieces="many")  raises a ValueError
    """

    def __init__(self, **data: Any) -> None:
        """Create an instance from keyword arguments."""
        # region answer
        # In words: A regular class ignores its annotations at run time. It stores any
        # value, and you write `__init__` yourself. BaseModel reads the annotations when
        # the class is created: it generates an `__init__` that validates and converts,
        # and methods to compare, to print, to convert to a dict or JSON, and to
        # describe the fields in a JSON schema.
        for name, annotation in fields_of(type(self)).items():
            if name not in data:
                raise ValueError(f"the field {name} is missing")
            setattr(self, name, TypeAdapter(annotation).validate_python(data[name]))
        # endregion


def products_app() -> FastAPI:
    """2.3.4  Write a Pydantic model for a product (name, price, quantity) and use it in
    a POST endpoint.

    Write the model and an endpoint `POST /products` that returns the validated product,
    and return the application. All fields are required.

    - `name` is a string. The model removes whitespace at both ends, and does not accept
      a name that is empty then.
    - `price` is greater than 0 and has at most two decimal places. The response
      contains the price as a string with the same digits as in the request.
    - `quantity` is an integer, 0 or greater.
    - An invalid request returns 422, with an error for each invalid field.

    Given:
        Clients send the price as a string, such as "19.90".

    Example:
        POST /products  {"name": " Lamp ", "price": "19.90", "quantity": 3}
            ->  200  {"name": "Lamp", "price": "19.90", "quantity": 3}
    """
    # region answer
    app = FastAPI()

    class Product(BaseModel):
        model_config = ConfigDict(str_strip_whitespace=True)

        name: str = Field(min_length=1)
        price: Decimal = Field(gt=0, decimal_places=2)
        quantity: int = Field(ge=0)

    @app.post("/products")
    def create_product(product: Product) -> Product:
        return product

    return app
    # endregion


def errors_by_field(detail: list[dict[str, Any]]) -> dict[str, str]:
    """2.3.5  How does Pydantic handle invalid input in FastAPI?

    A web page has a form for an `Order`. It sends the order as JSON and gets a 422
    response, whose `detail` contains a dict for each error. Return the messages that
    the page shows, by the name of the input field.

    - The name of a field is its `loc` without the first part, "body", joined with dots.
      For the quantity of the second line, this is "lines.1.quantity".
    - The message is the `msg` of the error. Do not change `detail`.
    - If the body is missing, not an object or not JSON, the error concerns the whole
      body. Use "" as its name.

    Given:
        If the body is missing or is not an object, `loc` is `["body"]`.
        If the body is not JSON, `type` is "json_invalid" and `loc` is `["body", 17]`,
        for example. The number is a position in the text.
        Each field has at most one error.

    Example:
        [{"type": "missing", "loc": ["body", "customer"], "msg": "Field required"}]
            ->  {"customer": "Field required"}
    """
    # region answer
    # In words: Pydantic does not stop at the first error. It collects all of them, each
    # with a type for programs, a message for people, the input, and the path to the
    # field (`loc`). FastAPI puts the part of the request in front of the path, and
    # returns 422. If the body is not JSON, FastAPI returns an error of the same form.
    messages: dict[str, str] = {}
    for error in detail:
        path = [] if error["type"] == "json_invalid" else error["loc"][1:]
        messages[".".join(str(part) for part in path)] = error["msg"]
    return messages
    # endregion


@dataclass
class ShelfData:
    """A shelf, as a dataclass of the standard library."""

    sku: str
    pieces: int


class ShelfModel(BaseModel):
    """A shelf, as a Pydantic model."""

    sku: str
    pieces: int


def predictions() -> dict[str, dict[str, Any]]:
    """2.3.6  Explain the difference between Pydantic’s `BaseModel` and Python
    dataclasses.

    Predict the value of `pieces` in six cases. Replace each `___` with 3, "3" or, if
    the string "3" is refused, "ValidationError". `Shelf` stands for `ShelfData` or
    `ShelfModel`.

    - "constructor": `pieces` of `Shelf(sku="pen", pieces="3")`.
    - "assignment": `pieces` of `shelf`, after `shelf = Shelf(sku="pen", pieces=1)` and
      `shelf.pieces = "3"`.
    - "request body": a FastAPI endpoint has a parameter `shelf: Shelf`, and the client
      sends `{"sku": "pen", "pieces": "3"}`. Predict `shelf.pieces` in the endpoint.
    """
    # region answer
    # In words: A dataclass generates `__init__`, `__repr__` and `__eq__` from the
    # annotations, and validates nothing. BaseModel generates an `__init__` that
    # validates and converts, and methods for dicts, JSON and the JSON schema. By
    # default, neither of them validates assignments. FastAPI validates a request body
    # with Pydantic, even if the parameter is a dataclass.
    return {
        "constructor": {"ShelfData": "3", "ShelfModel": 3},
        "assignment": {"ShelfData": "3", "ShelfModel": "3"},
        "request body": {"ShelfData": 3, "ShelfModel": 3},
    }
    # stub: return {
    # stub:     "constructor": {"ShelfData": ___, "ShelfModel": ___},
    # stub:     "assignment": {"ShelfData": ___, "ShelfModel": ___},
    # stub:     "request body": {"ShelfData": ___, "ShelfModel": ___},
    # stub: }
    # endregion
