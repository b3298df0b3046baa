"""25.1  Static type checking for Pydantic.

mypy reads the types in your code and runs nothing. Pydantic checks the values when your
code runs. The tests of this section use both: mypy in strict mode, and Pydantic.
Notes: content/docs/pydantic/type-checking/static-analysis.md
"""

import json
from decimal import Decimal
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, field_validator

from sensei import ___


class Parcel(BaseModel):
    """A parcel in the depot."""

    number: int
    weight: Annotated[Decimal, Field(gt=0)]
    note: str | None = None


def types_of_values() -> dict[str, tuple[str, str]]:
    """25.1.1  How does Mypy interact with Pydantic models for static type analysis?

    mypy takes each type from an annotation. Pydantic converts and checks a value only
    where it validates. For each expression, predict two things and write them as
    strings: the type that mypy shows with `reveal_type`, and the class of the value
    when the code runs.

    - Replace each `___`, the type for mypy first, then the class at run time.

    Given:
        parcel = Parcel.model_validate_json('{"number": "7", "weight": "1.5"}')
        Write types and classes as in "int", "list[int]", "int | None", "Any" or
        "NoneType". The module of a name may be left out.

    Example:
        "parcel.number": ("int", "int")
    """
    return {
        "parcel.note": (___, ___),
        'parcel.model_dump()["weight"]': (___, ___),
        'parcel.model_copy(update={"number": "seven"}).number': (___, ___),
    }


T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """A page of a list, as a partner sends it."""

    items: list[T]
    more: bool = False


class Delivery(BaseModel):
    """25.1.2  What are common type-checking challenges when using Pydantic, and how
    can they be addressed?

    mypy reports errors in this class and in `first` below. It reports none in `read`,
    which returns wrong values. Repair the class and the two functions.

    - mypy reports no error in `Delivery`, `first` and `read`. `Any`, `cast` and
      comments for mypy are not allowed.
    - `note` is a string or None. It is None if it is missing or null.
    - `stops` is a list of strings, and `[]` if it is missing. A string is split at its
      commas: "Oslo,Bergen" becomes ["Oslo", "Bergen"], and "Oslo" becomes ["Oslo"].
      The parts keep their spaces. Empty parts stay: "" becomes [""]. A list stays as
      it is.
    - For mypy, `first` of a `Page[Delivery]` is a `Delivery` or None, and `first` of a
      `Page[str]` is a `str` or None.
    - `read(text)` returns the `Page[Delivery]` in a JSON text. It raises Pydantic's
      ValidationError for every other text.
    """

    parcel: int
    note: str = None
    stops: list[str] = Field(default_factory=dict)

    @field_validator("stops", mode="before")
    @classmethod
    def split(cls, value):
        """Split a string at its commas."""
        return value.split(",") if isinstance(value, str) else value


def first(page):
    """Return the first item, or None for an empty page. A part of koan 25.1.2."""
    return page.items[0] if page.items else None


def read(text: str) -> Page[Delivery]:
    """Return the page of deliveries in a JSON text. A part of koan 25.1.2."""
    page: Page[Delivery] = json.loads(text)
    return page


class Label(BaseModel):
    """25.1.3  How can Pydantic plugins for type checkers enhance the development
    experience?

    mypy accepts any arguments for this class, and every assignment to its attributes.
    Mistakes appear only when the code runs. Pydantic's plugin for mypy reads the fields
    and `model_config`. Replace the two methods by settings of Pydantic.

    - mypy with the plugin reports an argument that is missing, unknown or of another
      type, and every assignment, such as `label.to = "Bergen"`. When the code runs, a
      missing or wrong argument and an assignment still raise an exception.
    - `Label(to="Oslo", weight_kg=1.5)` creates a label. mypy reports no error here and
      in the class. Today, this call raises a ValidationError.
    - JSON has the alias: `model_validate_json` reads the key "weightKg", and
      `model_dump_json(by_alias=True)` writes it.

    Given: The fields keep their names, types and the alias.
    """

    to: str
    weight_kg: float = Field(alias="weightKg")

    def __init__(self, **values: object) -> None:
        super().__init__(**values)

    def __setattr__(self, name: str, value: object) -> None:
        raise TypeError(f"{name} cannot be changed")
