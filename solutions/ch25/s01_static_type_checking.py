"""25.1  Static type checking for Pydantic.

mypy reads types and never sees a value; Pydantic checks values when they arrive. The
tests of this section ask both: mypy in strict mode, with Pydantic's plugin.
"""

# region answer
# stub: import json
# endregion
from datetime import date
from decimal import Decimal
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from sensei import ___


class Parcel(BaseModel):
    """What the depot knows of a parcel."""

    number: int
    weight: Annotated[Decimal, Field(gt=0)]
    note: str | None = None


class Notice(BaseModel):
    """What a customer is told of a parcel."""

    due: Annotated[date, AfterValidator(date.isoformat)]


def views() -> dict[str, tuple[str, str]]:
    """25.1.1  How does Mypy interact with Pydantic models for static type analysis?

    `parcel` is what `Parcel.model_validate_json('{"number": "7", "weight": "1.5"}')`
    returns. Return two things for each expression: the type that mypy's `reveal_type`
    shows for it, and the class of which its value is an instance at run time. Write
    types without their module, as in ("list[Parcel]", "list").
    """
    # region answer
    # In words: mypy takes a field's annotation for the type of the attribute, and
    # (told so by the plugin, or by `dataclass_transform`) for that of the argument of
    # the constructor. It runs nothing: conversions, constraints and validators are
    # invisible to it. So is what has no static type: the input of `model_validate`,
    # the values of `model_dump` and of `model_copy(update=…)`. There it believes
    # whatever is declared, and only Pydantic, or a test, finds out.
    return {
        "parcel.weight": ("Decimal", "Decimal"),
        "parcel.note": ("str | None", "NoneType"),
        'parcel.model_dump()["weight"]': ("Any", "Decimal"),
        'parcel.model_copy(update={"number": "seven"}).number': ("int", "str"),
        "Notice(due=date(2026, 12, 1)).due": ("date", "str"),
    }
    # stub: return {
    # stub:     "parcel.weight": (___, ___),
    # stub:     "parcel.note": (___, ___),
    # stub:     'parcel.model_dump()["weight"]': (___, ___),
    # stub:     'parcel.model_copy(update={"number": "seven"}).number': (___, ___),
    # stub:     "Notice(due=date(2026, 12, 1)).due": (___, ___),
    # stub: }
    # endregion


def disagreements() -> tuple[str, str]:
    """25.1.1  Where do the two judges of a Parcel disagree?

    Return two expressions as text, each making a Parcel, in the names of this module.
    The first one mypy refuses, and Pydantic accepts it: a valid Parcel comes out. The
    second one mypy lets pass, and Pydantic raises a ValidationError. Let mypy see what
    there is to see: no `Any`, no `cast`, no comment for it.
    """
    # region answer
    return (
        'Parcel(number="7", weight=Decimal("1.5"))',  # Pydantic would convert the text
        "Parcel(number=7, weight=Decimal(-1))",  # gt=0 is metadata, and no type
    )
    # endregion


T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """A page of a list that a partner sends."""

    items: list[T]
    more: bool = False


class Delivery(BaseModel):
    """25.1.2  What are common type-checking challenges when using Pydantic, and how
    can they be addressed?

    mypy refuses this class and `first` below, and trusts `read` below, wrongly. Repair
    all three, without `Any`, `cast`, comments for mypy or other ways around it. A
    delivery's `note` may be missing or null and is None then. Its `stops` are a list
    of names: empty if missing, also sent as one text with commas, which `split` takes
    apart.
    """

    parcel: int
    # region answer
    # In words: most trouble is a type that says less than the code knows. A default
    # of None belongs into the annotation; a factory returns what the field holds; a
    # validator that runs before validation gets an `object` and narrows it; generics
    # carry a type through, where a bare `Page` or `Any` loses it; and JSON becomes
    # typed at the border, by `model_validate_json`, instead of spreading as `Any`.
    note: str | None = None
    stops: list[str] = Field(default_factory=list)

    @field_validator("stops", mode="before")
    @classmethod
    def split(cls, value: object) -> object:
        """Take a text with commas apart."""
        return value.split(",") if isinstance(value, str) else value

    # stub: note: str = None
    # stub: stops: list[str] = Field(default_factory=dict)
    # stub:
    # stub: @field_validator("stops", mode="before")
    # stub: @classmethod
    # stub: def split(cls, value):
    # stub:     """Take a text with commas apart."""
    # stub:     return value.split(",") if isinstance(value, str) else value
    # endregion


# region answer
def first(page: Page[T]) -> T | None:
    # stub: def first(page):
    # endregion
    """25.1.2  Who asks a page for its first item gets it, and loses its type.

    mypy is to know it from the page: a Delivery or None comes from a
    `Page[Delivery]`, a text or None from a `Page[str]`. None stands for an empty page.
    """
    return page.items[0] if page.items else None


def read(text: str) -> Page[Delivery]:
    """25.1.2  What `json.loads` returns is `Any`, which mypy takes for everything.

    Return the page of deliveries that the JSON in `text` describes, and raise
    Pydantic's ValidationError if it describes none.
    """
    # region answer
    return Page[Delivery].model_validate_json(text)
    # stub: page: Page[Delivery] = json.loads(text)
    # stub: return page
    # endregion


class Label(BaseModel):
    """25.1.3  How can Pydantic plugins for type checkers enhance the development
    experience?

    A wrong Label fails when it is printed; mypy knows nothing of it beforehand. Repair
    the class so that mypy with the plugin refuses, on its line, whatever fails at run
    time: an argument that is missing, misspelt or of another type, a change of a
    finished label. In Python it is `Label(to="Oslo", weight_kg=1.5)`, in JSON, read and
    written by alias, the key remains `weightKg`.
    """

    # region answer
    # In words: the plugin reads a model as Pydantic does, `model_config` included. So
    # the constructor has one typed argument for each field, by the names it may be
    # called with, `frozen` makes attributes read-only, `model_construct` has a
    # signature. Mistakes show in the editor and not in production, and right code is
    # not refused. pyright has no plugins: it knows the alias alone, and no `frozen`
    # in `model_config`.
    model_config = ConfigDict(frozen=True, validate_by_name=True)

    # stub:
    # endregion
    to: str
    weight_kg: float = Field(alias="weightKg")
    # region answer
    # stub:
    # stub: def __init__(self, **values: object) -> None:
    # stub:     super().__init__(**values)
    # stub:
    # stub: def __setattr__(self, name: str, value: object) -> None:
    # stub:     raise TypeError(f"A label does not change: its {name} stays.")
    # endregion


def settings() -> dict[str, bool]:
    """25.1.3  The plugin knows three settings, which are all off unless you say so.

    At the desk numbers are typed in as text: mypy is to let
    `Parcel(number="7", weight="1.5")` pass, for Pydantic converts it. It is to refuse
    an argument that no field has, and a required field with an alias that it cannot
    read, such as `Field(alias=str.lower("NR"))`. Return the settings for this, by
    their names in `[tool.pydantic-mypy]`.
    """
    # region answer
    return {
        "init_typed": False,
        "init_forbid_extra": True,
        "warn_required_dynamic_aliases": True,
    }
    # endregion


class Scan(BaseModel):
    """A parcel that was seen at a gate."""

    model_config = ConfigDict(frozen=True, validate_by_name=True)

    parcel: int
    gate: str = Field(alias="gateName")


def refusals() -> dict[str, tuple[bool, bool]]:
    """25.1.3  What does mypy notice of a model without the plugin, and what with it?

    `scan` is a Scan. Return for each statement whether strict mypy refuses it on its
    own, and whether it does so with the plugin and all three settings on.
    """
    # region answer
    # pyright, which has no plugins, refuses the same of these as mypy alone.
    return {
        'scan.gate = "B"': (False, True),
        'Scan(parcel=7, gate="B")': (True, False),
        "Scan(parcel=7)": (True, True),
        'Scan.model_construct(parcel="7", gate="B")': (False, True),
        'Scan.model_validate({"parcel": "B"})': (False, False),
    }
    # stub: return {
    # stub:     'scan.gate = "B"': (___, ___),
    # stub:     'Scan(parcel=7, gate="B")': (___, ___),
    # stub:     "Scan(parcel=7)": (___, ___),
    # stub:     'Scan.model_construct(parcel="7", gate="B")': (___, ___),
    # stub:     'Scan.model_validate({"parcel": "B"})': (___, ___),
    # stub: }
    # endregion
