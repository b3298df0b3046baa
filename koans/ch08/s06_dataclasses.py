"""8.6  Dataclasses integration.

`pydantic.dataclasses.dataclass` is a decorator. It makes a dataclass as the standard
library does, and validates the values of each new object.
Notes: content/docs/pydantic/advanced-features/dataclasses.md
"""

import dataclasses
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Annotated, Any, Self

import pydantic.dataclasses
from pydantic import (
    BaseModel,
    Field,
)

from sensei import ___


@dataclasses.dataclass
class LineItem:
    """8.6.1  Convert a standard Python dataclass to a Pydantic dataclass and add
    validation.

    A line item is one line of an order that a café sends to a bakery. This standard
    dataclass accepts all values, such as `LineItem("rye", "many", None)`. Convert it to
    a Pydantic dataclass with the same fields, and add rules.

    - `product` has 1 to 40 characters, and spaces count too. `quantity` is at least 1
      and at most 500. `price` is greater than 0. `note` is a text or None. Any other
      value raises a ValidationError.
    - Orders are read from text files: `LineItem("rye", "12", "2.40")` has the quantity
      12 and the price `Decimal("2.40")`.
    - The class is still a dataclass. Positional arguments, the default of `note`,
      `total()`, and the functions of the module `dataclasses` still work.

    Example:
        LineItem("rye", "12", "2.40").total()  ->  Decimal("28.80")
        LineItem("rye", "many", "2.40")        ->  ValidationError
    """

    product: str
    quantity: int
    price: Decimal
    note: str | None = None

    def total(self) -> Decimal:
        """Return the price of all pieces."""
        return self.quantity * self.price


class LoafModel(BaseModel):
    """A loaf of bread as a model."""

    name: str
    grams: int = 500


@pydantic.dataclasses.dataclass
class LoafData:
    """A loaf of bread as a Pydantic dataclass."""

    name: str
    grams: int = 500


def outcomes() -> dict[str, object]:
    """8.6.2  What are the differences between Pydantic `BaseModel` and Pydantic
    dataclasses?

    Each key stands for a piece of code. It starts with two new loaves,
    `model = LoafModel(name="rye")` and `data = LoafData(name="rye")`. Replace each
    `___` with the value of the code. If the code raises an exception, write "error".

    - "copy" changes the grams in a copy of the loaf.
    - "unset" converts the loaf to a dict, and asks to leave out the fields that were
      not passed.
    - "new" assigns an attribute that is not a field, and reads it.

    Given:
        model copy   model.model_copy(update={"grams": "heavy"}).grams
        data copy    dataclasses.replace(data, grams="heavy").grams
        model unset  model.model_dump(exclude_unset=True)
        data unset   TypeAdapter(LoafData).dump_python(data, exclude_unset=True)
        model new    model.shape = "round", then model.shape
        data new     data.shape = "round", then data.shape
    """
    return {
        "model copy": ___,
        "data copy": ___,
        "model unset": ___,
        "data unset": ___,
        "model new": ___,
        "data new": ___,
    }


def read_lines(kind: Callable[..., Any], text: str) -> list[Any]:
    """Create an object from each line. Its values are in the order of the fields."""
    return [kind(*line.split(";")) for line in text.splitlines()]


def route(stops: Iterable[Any]) -> list[Any]:
    """Return the stops in their order, each of them once."""
    return sorted(set(stops))


def delay(stop: Any, hours: int) -> Any:
    """Return a copy of the stop that is some hours later."""
    return dataclasses.replace(stop, hour=stop.hour + hours)


class Stop(BaseModel):
    """8.6.3  When might you prefer using Pydantic dataclasses over `BaseModel`?

    The three functions above belong to a library that plans routes. It works with
    dataclasses. Somebody made `Stop` a `BaseModel`, to have valid hours. Since then,
    the library raises TypeErrors. Repair the class.

    - `read_lines(Stop, text)`, `route(stops)` and `delay(stop, hours)` work. Stops are
      sorted by their hour. Stops of the same hour are sorted by the name of the café.
      The names stay as they are.
    - An hour that is not an integer from 0 to 23 raises a ValidationError, in
      `read_lines`, in `delay`, and in `Stop(...)` too. The text "9" becomes 9.
    - The fields of a stop cannot be changed. An assignment raises an exception.
    - `Stop.from_json(text)` works as before, also for a subclass of `Stop`. It ignores
      unknown keys, and raises a ValidationError if the text is not a JSON object that
      describes a valid stop.

    Example:
        read_lines(Stop, "9;Luna")  ->  [Stop(9, "Luna")]
        route([Stop(10, "Sol"), Stop(9, "Luna")])
            ->  [Stop(9, "Luna"), Stop(10, "Sol")]
        delay(Stop(22, "Sol"), 3)  ->  ValidationError
    """

    hour: Annotated[int, Field(ge=0, le=23)]
    cafe: str

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the stop that a JSON object describes."""
        return cls.model_validate_json(text)
