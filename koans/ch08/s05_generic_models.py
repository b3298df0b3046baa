"""8.5  Generic models.

A generic model leaves the type of a field open. `Page[Cafe]` and `Page[Order]` are two
models that share one declaration.
Notes: content/docs/pydantic/advanced-features/generic-models.md
"""

from typing import (
    Annotated,
    Any,
    Generic,
)

from fastapi import FastAPI, Query
from pydantic import (
    BaseModel,
)
from typing_extensions import TypeVar

from sensei import ___


class Cafe(BaseModel):
    """A café that the bakery delivers to."""

    name: str
    city: str


class Order(BaseModel):
    """An order of a café."""

    number: int
    loaves: int


def all_cafes() -> list[Cafe]:
    """Return all cafés from the database."""
    towns = {"Nord": "Oslo", "Luna": "Rome", "Sol": "Lima"}
    return [Cafe(name=name, city=city) for name, city in towns.items()]


def all_orders() -> list[Order]:
    """Return all orders from the database."""
    return [Order(number=number, loaves=10 * number) for number in range(1, 6)]


T = TypeVar("T")


class Page(BaseModel):
    """8.5.1  Write a generic Pydantic model for a paginated API response.

    The API of a bakery returns each list page by page. `lists_app` below uses your
    model as `Page[Cafe]`, as `Page[Order]` and as `Page[str]`. Make it generic, and
    declare its fields.

    - `items` is a required list. Each item is validated as the type in the brackets,
      which can be any type. Nothing else changes the list.
    - `total` is a required integer of at least 0, `page` a required integer of at
      least 1.
    - The endpoints of `lists_app` work. The OpenAPI document describes the items of
      each endpoint with their own type.

    Example:
        GET /cafes?page=2  ->  200  {"items": [{"name": "Sol", "city": "Lima"}],
            "total": 3, "page": 2}
        Page[Order](items=["seven"], total=1, page=1)  ->  ValidationError
    """


Number = Annotated[int, Query(ge=1)]


def lists_app() -> FastAPI:
    """Return the application, which has two items on each page."""
    app = FastAPI()

    def part(rows: list[Any], page: int) -> dict[str, Any]:
        items = rows[2 * page - 2 : 2 * page]
        return {"items": items, "total": len(rows), "page": page}

    @app.get("/cafes")
    def list_cafes(page: Number = 1) -> Page[Cafe]:
        return Page[Cafe](**part(all_cafes(), page))

    @app.get("/orders")
    def list_orders(page: Number = 1) -> Page[Order]:
        return Page[Order](**part(all_orders(), page))

    @app.get("/cities")
    def list_cities(page: Number = 1) -> Page[str]:
        return Page[str](**part([cafe.city for cafe in all_cafes()], page))

    return app


class Bread(BaseModel):
    """Something that the bakery bakes."""

    name: str


class Roll(Bread):
    """A roll with a filling."""

    filling: str


ROLL = {"name": "roll", "filling": "cheese"}

Thing = TypeVar("Thing")
Baked = TypeVar("Baked", bound=Bread)
Code = TypeVar("Code", int, str)
Count = TypeVar("Count", default=int)


class Tray(BaseModel, Generic[Thing]):
    """Its type variable has no rules."""

    item: Thing


class Basket(BaseModel, Generic[Baked]):
    """Its type variable has a bound."""

    item: Baked


class Label(BaseModel, Generic[Code]):
    """Its type variable has two constraints."""

    item: Code


class Stock(BaseModel, Generic[Count]):
    """Its type variable has a default."""

    item: Count


def items() -> dict[str, object]:
    """8.5.2  How can `TypeVar` be used with Pydantic generic models?

    Each key below is Python code that creates an object of one of the four models
    above. `model_dump()` of this object returns `{"item": ...}`. Replace each `___`
    with the value of "item". If the code raises a ValidationError, write "error".

    - With brackets, Pydantic uses the type in the brackets.
    - Without brackets, the type variable decides, by its bound, its constraints or its
      default.

    Example:
        Tray[Roll](item=ROLL).model_dump()
            ->  {"item": {"name": "roll", "filling": "cheese"}}
        "Tray[Roll](item=ROLL)": {"name": "roll", "filling": "cheese"}
    """
    return {
        "Tray(item='12')": ___,
        "Stock(item='12')": ___,
        "Label(item='12')": ___,
        "Basket(item=ROLL)": ___,
        "Basket[Roll](item=ROLL)": ___,
        "Basket[int](item='12')": ___,
    }


class Refused(Exception):
    """A service did not do what it was asked. The message says why."""


class Reply(BaseModel, Generic[T]):
    """8.5.3  What are the use cases for generic models in Pydantic?

    Every service of the bakery replies with the same envelope: `{"data": ...}` if it
    has a result, and `{"problem": "..."}` if not. One service sends an order, another
    one a list of cafés. Write one model that reads all these replies.

    - `Reply[X]` validates `data` as an X. `problem` is a string.
    - A reply is a JSON object with either `data` or `problem`. If it has both or
      neither, or if the JSON is not an object, it raises a ValidationError.
    - A field that is null counts as missing. 0, false, an empty list and an empty text
      do not, neither as `data` nor as `problem`.
    - `unwrap()` returns the data. If there is a problem, it raises `Refused` with
      exactly this problem as its message. Texts keep their spaces.

    Given: X can be any type, but None is never a value of it.

    Example:
        text = '{"data": null, "problem": "no flour"}'
        reply = Reply[Order].model_validate_json(text)
        reply.unwrap()  ->  raises Refused("no flour")
    """

    def unwrap(self) -> T:
        """Return the data, or raise `Refused`."""
        raise NotImplementedError
