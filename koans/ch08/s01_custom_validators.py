"""8.1  Custom validators.

A validator is a function that Pydantic calls while it validates a field or a model. It
returns the value to store, or it raises ValueError.
Notes: content/docs/pydantic/advanced-features/custom-validators.md
"""

import re
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    field_validator,
    model_validator,
)

# The email addresses that the bakery's mail program can send to.
EMAIL = re.compile(r"[a-z0-9._+-]+@[a-z0-9-]+(\.[a-z0-9-]+)+")


class Cafe(BaseModel):
    """8.1.1  Write a Pydantic model with a custom validator for email format.

    A bakery sends its invoices to cafés by email. People type the address in many ways.
    Add a validator for the field `email`.

    - The validator removes spaces, tabs and line breaks at both ends, and changes the
      text to lower case (`str.lower`). The model stores the result.
    - The result is valid if the whole of it matches `EMAIL`. Otherwise the validator
      raises ValueError. Do not use `assert`, because `python -O` removes it.
    - Every invalid value is a validation error of the field `email`. This includes
      bytes without a valid address, such as `b"roma"`, and values that are not a text,
      such as None, a list or a `Path`. For a request body, FastAPI then returns 422.

    Example:
        Cafe(name="Roma", email=" Info@Roma.Example ").email  ->  "info@roma.example"
        Cafe(name="Roma", email="info@roma")  ->  ValidationError
    """

    name: str
    email: str


def tidy(value: object) -> object:
    """Remove spaces at both ends of a string and change it to lower case.

    Any other value is returned unchanged.
    """
    return value.strip().lower() if isinstance(value, str) else value


def in_pieces(value: object) -> object:
    """Return 24 for the string "2 dozen". Raise ValueError for "x dozen".

    Any other value is returned unchanged.
    """
    if isinstance(value, str) and value.endswith(" dozen"):
        return 12 * int(value.removesuffix(" dozen"))
    return value


def full_trays(pieces: int) -> int:
    """Round up to full trays of 6 rolls. Raise ValueError for a negative number."""
    if pieces < 0:
        raise ValueError("The number of rolls is negative.")
    return -(-pieces // 6) * 6


def fits_oven(pieces: int) -> int:
    """Return the number unchanged. Raise ValueError if the oven is too small for it."""
    if pieces > 100:
        raise ValueError("The oven holds 100 rolls.")
    return pieces


class Order(BaseModel):
    """8.1.2  How do you chain multiple validators in a Pydantic model?

    A café orders rolls and bread. Declare the field `rolls`, and write one check that
    needs both fields. The four functions above are complete: use them as validators.

    - The value of `rolls` passes these steps, in this order: `tidy`, `in_pieces`,
      Pydantic's own validation of an `int`, `full_trays`, `fits_oven`. `rolls` is
      required.
    - If a step refuses the value, the order has a validation error of the field
      `rolls`, and the later steps do not run.
    - The delivery van holds 90 rolls. A bread needs the space of 4 rolls. If the order
      needs more space, it has a validation error of the whole model: its `loc` is `()`.
    - The check of the space uses the values after all steps. It does not run if a field
      is invalid.
    - For valid data, `Order(...)` and `Order.model_validate(...)` return an `Order`.

    Example:
        Order(rolls=" 2 DOZEN ")        ->  rolls=24
        Order(rolls="13", bread=3)      ->  rolls=18, bread=3
        Order(rolls="13", bread=19)     ->  ValidationError, because 18 + 4 * 19 > 90
    """

    bread: int = Field(default=0, ge=0)


class SlowItem(BaseModel):
    """A line of the bakery's yearly list of sales, with custom validators."""

    code: str
    pieces: int
    note: str = ""

    @field_validator("code")
    @classmethod
    def check_code(cls, code: str) -> str:
        """Accept three letters, a hyphen and three digits, such as ROL-042."""
        if not re.fullmatch("[A-Z]{3}-[0-9]{3}", code):
            raise ValueError("not a product code")
        return code

    @field_validator("pieces")
    @classmethod
    def check_pieces(cls, pieces: int) -> int:
        """Accept 1 to 500."""
        if not 1 <= pieces <= 500:
            raise ValueError("not between 1 and 500")
        return pieces

    @field_validator("note")
    @classmethod
    def check_note(cls, note: str) -> str:
        """Accept 40 characters."""
        if len(note) > 40:
            raise ValueError("too long")
        return note


class FastItem(BaseModel):
    """8.1.3  What are the performance considerations of custom validators?

    The bakery imports a list with a million items. `SlowItem` above runs three Python
    functions for each of them. Declare the same three fields so that Pydantic, which is
    written in Rust, checks them without Python.

    - `FastItem` accepts the values that `SlowItem` accepts, and stores the same.
    - It refuses the values that `SlowItem` refuses. The errors have the same `loc`.
    - Pydantic calls no Python function for an item. The test counts the calls while
      Pydantic validates a list of 10 items, and then a list of 100.

    Given:
        Pydantic's `pattern` searches in the text, as `re.search` does.

    Example:
        FastItem(code="ROL-042", pieces="12")  ->  code="ROL-042", pieces=12, note=""
        FastItem(code="ROL-042", pieces=0)     ->  ValidationError of `pieces`
    """

