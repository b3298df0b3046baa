"""8.4  Serialization customization.

`model_dump()` turns a Pydantic model into a dict, and `model_dump_json()` turns it into
JSON. Both decide which fields are in the result, and under which names.
Notes: content/docs/pydantic/advanced-features/serialization.md
"""

from decimal import Decimal
from typing import Any

from fastapi import FastAPI
from pydantic import (
    BaseModel,
    Field,
)

from sensei import ___


class Cafe(BaseModel):
    """A café. `discount` is what it has agreed with the bakery, in percent."""

    name: str
    phone: str | None = None
    discount: int = 0


class NightCafe(Cafe):
    """A café that gets its bread at night, when nobody is there."""

    alarm_code: str


class Item(BaseModel):
    """A line of an order. `cost` is what the bakery pays for flour, in cents."""

    product: str
    pieces: int = 1
    cost: int


class Order(BaseModel):
    """An order of a café. `margin` is what the bakery earns, in cents."""

    number: int
    cafe: Cafe
    items: list[Item]
    note: str | None = None
    margin: int = 0


def delivery_note(order: Order) -> dict[str, Any]:
    """8.4.1  How do you exclude specific fields during Pydantic model serialization?

    The driver of the van gets each order, but must not see what the bakery earns.
    Return the order as a dict. The order itself does not change.

    - Leave out `margin` of the order, `discount` of its café, and `cost` of each item.
    - The dict has all other fields of `Order`, `Cafe` and `Item`, with their values.
      This is so even if a value is None, empty or the default value.
    - The café can be a `NightCafe`. Then the dict has the same fields as for a `Cafe`,
      without `alarm_code`.

    Example:
        {"number": 7, "cafe": {"name": "Luna", "phone": None},
            "items": [{"product": "rye bread", "pieces": 12}], "note": None}
    """
    raise NotImplementedError


class Bread(BaseModel):
    """A bread. The mill sends it to the bakery, and the bakery to its clients."""

    name: str = Field(alias="breadName")
    weight: int = Field(validation_alias="millGrams", serialization_alias="weightGrams")


def rye() -> Bread:
    """Return the bread that the examples are about."""
    return Bread.model_validate({"breadName": "rye", "millGrams": 750})


def breads_app() -> FastAPI:
    """Return an application with two endpoints for the same bread."""
    app = FastAPI()

    @app.get("/aliases")
    def read_aliases() -> Bread:
        return rye()

    @app.get("/names", response_model_by_alias=False)
    def read_names() -> Bread:
        return rye()

    return app


def keys() -> dict[str, list[str] | str]:
    """8.4.2  Explain the use of `by_alias=True` in `model_dump()` or `json()`.

    Predict what comes out of each expression. Replace each `___` by a list with the two
    keys of the dict or of the JSON object, in any order. If the expression raises
    `ValidationError`, write "ValidationError".

    - "dump", "dump by alias" and "JSON": `rye().model_dump()`,
      `rye().model_dump(by_alias=True)` and `rye().model_dump_json()`.
    - "read again": `Bread.model_validate(dumped).model_dump()`, where `dumped` is
      `rye().model_dump(by_alias=True)`.
    - "/aliases" and "/names": the JSON that `breads_app` returns for a GET request to
      this path.

    Example:
        ["id", "price"]
    """
    return {
        "dump": ___,
        "dump by alias": ___,
        "JSON": ___,
        "read again": ___,
        "/aliases": ___,
        "/names": ___,
    }


class Line(BaseModel):
    """A line of a bill. `price` is the price of one piece."""

    product: str
    pieces: int = Field(ge=1, le=1000)
    price: Decimal = Field(ge=0, max_digits=22, decimal_places=4)


class Bill(BaseModel):
    """8.4.3  Create a Pydantic model with a `@computed_field` and demonstrate its
    serialization.

    A café wants to see the total of its bill. Add `total` to this model: the sum of
    `pieces` times `price` of all lines. `bills_app` below shows it to the clients.

    - `bill.total` is a `Decimal`, also for a bill without lines. It is correct even
      after somebody has changed a line or the list, or assigned another list.
    - `model_dump()` contains `total` as a `Decimal`, and `model_dump_json()` contains
      it as a string with all its digits.
    - No assignment changes `total`. If the input of a `Bill` contains a total, ignore
      it, or raise `ValidationError`. A total from the input is never in a dump or in a
      response.
    - In the documentation of `bills_app`, `total` is a required string of the response
      that is read-only. The request body does not have it.

    Example:
        POST /bills  {"number": 7, "lines": [
                {"product": "rye bread", "pieces": 3, "price": "4.10"}]}
            ->  200  {"number": 7, "lines": [...], "total": "12.30"}
    """

    number: int
    lines: list[Line]


def bills_app() -> FastAPI:
    """Return an application that returns each bill that a client sends."""
    app = FastAPI()

    @app.post("/bills")
    def create_bill(bill: Bill) -> Bill:
        return bill

    return app
