"""8.3  Complex nested models.

A field of a Pydantic model can be another model, or a list of models. Pydantic then
validates the whole structure, and reports the place of each error.
Notes: content/docs/pydantic/advanced-features/complex-nested-models.md
"""

from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import (
    BaseModel,
    Field,
    # region answer
    ValidationError,
    # stub:
    # endregion
)


class Address(BaseModel):
    """Where the van of the bakery stops."""

    street: str
    city: str


def order_model() -> type[BaseModel]:
    """8.3.1  Write Pydantic models for a nested JSON structure (e.g., an order with
    multiple line items).

    A café sends its order to the bakery as JSON, as in the example. Declare a model for
    a line item and a model for the order, and return the model for the order. The model
    for the address is `Address` above.

    - All fields are required. `cafe` and `product` are strings, which can be empty.
      `pieces` is an integer from 1 to 500. `items` is a list with at least one line
      item.
    - For an order that breaks one of these rules, validation raises `ValidationError`.
    - After validation, the parts of an order are objects with the values of the JSON.
      In the example, `order.address.city` is "Oslo" and `order.items[0].pieces` is 12.

    Example:
        {"cafe": "Luna", "address": {"street": "Kirkegata 3", "city": "Oslo"},
            "items": [{"product": "rye bread", "pieces": 12}]}
    """

    # region answer
    class LineItem(BaseModel):
        product: str
        pieces: Annotated[int, Field(ge=1, le=500)]

    class Order(BaseModel):
        cafe: str
        address: Address
        items: Annotated[list[LineItem], Field(min_length=1)]

    return Order
    # endregion


class Delivery(BaseModel):
    """How much bread a café gets."""

    cafe: Annotated[str, Field(min_length=1)]
    pieces: Annotated[int, Field(ge=1, le=500)]


class Day(BaseModel):
    """The deliveries of a day, in the order in which the van makes them."""

    day: date
    deliveries: list[Delivery]


class Plan(BaseModel):
    """The plan for a week."""

    driver: str
    days: Annotated[list[Day], Field(max_length=7)]


def problems(plan: object) -> list[str]:
    """8.3.2  How does Pydantic handle validation for lists of nested models?

    The office sends the plan for the van. `plan` is a dict, or something else by
    mistake. Validate it as a `Plan`, and return a message for each error, so that the
    office can correct all of them at once.

    - For a valid plan, return an empty list.
    - Otherwise return one string for each error, in Pydantic's order: the place of the
      error, a colon, a space, and Pydantic's message.
    - The place consists of the parts of the error's `loc`, joined by " > ". People
      count from 1, so the first item of a list has the position 1.
    - If `loc` is empty, the error is about the whole plan. Its place is "plan".

    Example:
        The second day has one delivery, {"cafe": "Luna", "pieces": 0}.
            ->  ["days > 2 > deliveries > 1 > pieces: Input should be greater than or
                equal to 1"]
    """
    # region answer
    # In words: Pydantic validates each item of the list with its model, and does not
    # stop at the first error. After all items it raises a single `ValidationError`. Its
    # `errors()` has an entry for each error, and the `loc` of an entry is the path from
    # the outermost model to the value: field names, and positions in lists from 0.
    try:
        Plan.model_validate(plan)
    except ValidationError as error:
        messages = []
        for entry in error.errors():
            parts = [str(p + 1) if isinstance(p, int) else p for p in entry["loc"]]
            messages.append(f"{' > '.join(parts) or 'plan'}: {entry['msg']}")
        return messages
    return []
    # endregion


def bakery_path() -> Path:
    """8.3.3  Explain how to use forward references (`"TypeName"`) for circular
    dependencies in Pydantic models.

    Repair the package `bakery` in the folder `s03_complex_nested_models/q3`, beside
    this file. A `Cafe` has a list of `Order`, and an `Order` has a `Cafe`. Each class
    has its own module, and Python cannot import them: `cafes.py` imports `orders.py`,
    which imports `cafes.py`. You can change all files. This function stays as it is.

    - In a new Python process, a program can import `bakery.cafes` only,
      `bakery.orders` only, or both in either order.
    - After each of these imports, the program can use the class of each imported
      module: `bakery.cafes.Cafe`, `bakery.orders.Order`. A module can define its class
      or import it.
    - `Cafe` still validates `orders` and `branches`, and `Order` still validates
      `cafe`, at every depth. A valid dict becomes a `Cafe` or an `Order`.
    - The names, types, limits and default values of the fields stay the same.

    Given:
        `import bakery.orders` first runs `bakery/__init__.py`, and so does
        `import bakery.cafes`.

    Example:
        Cafe(name="Luna", orders=[{"number": 7, "cafe": {"name": ""}}])
            ->  ValidationError at orders > 0 > cafe > name
    """
    # region answer
    # In words: An annotation can name its class as a string. The module then needs the
    # class only later, so the import is for the type checker alone (`if
    # TYPE_CHECKING:`). Pydantic needs the real class before it can validate. Where both
    # classes are known, `model_rebuild()` resolves the names: here in `__init__.py`,
    # which runs before every import from the package. A model can refer to itself in
    # the same way, and Pydantic resolves this name by itself.
    # stub:
    # endregion
    return Path(__file__).with_suffix("") / "q3"
