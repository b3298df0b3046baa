"""Other answers to section 25.1."""

from typing import TYPE_CHECKING, Any, Optional, cast, no_type_check

from pydantic import BeforeValidator, TypeAdapter
from pydantic.alias_generators import to_camel

from sensei.variants import right, wrong


@wrong(
    "25.1.1",
    caught_by="test_q1_the_type_that_mypy_shows_is_predicted[a value of a dump]",
)
def types_of_values() -> dict[str, tuple[str, str]]:
    """Expect that a dump keeps the types of the fields."""
    return {
        "parcel.note": ("str | None", "NoneType"),
        'parcel.model_dump()["weight"]': ("Decimal", "Decimal"),
        'parcel.model_copy(update={"number": "seven"}).number': ("int", "str"),
    }


@wrong(
    "25.1.1", caught_by="test_q1_the_class_at_run_time_is_predicted[a field of a copy]"
)
def types_of_values() -> dict[str, tuple[str, str]]:
    """Expect that a copy converts its values."""
    return {
        "parcel.note": ("str | None", "NoneType"),
        'parcel.model_dump()["weight"]': ("Any", "Decimal"),
        'parcel.model_copy(update={"number": "seven"}).number': ("int", "int"),
    }


@wrong(
    "25.1.1", caught_by="test_q1_the_class_at_run_time_is_predicted[a value of a dump]"
)
def types_of_values() -> dict[str, tuple[str, str]]:
    """Expect strings in a dump, as in JSON."""
    return {
        "parcel.note": ("str | None", "NoneType"),
        'parcel.model_dump()["weight"]': ("Any", "str"),
        'parcel.model_copy(update={"number": "seven"}).number': ("int", "str"),
    }


@wrong(
    "25.1.1",
    caught_by="test_q1_the_type_that_mypy_shows_is_predicted[a field that can be None]",
)
def types_of_values() -> dict[str, tuple[str, str]]:
    """Expect that mypy knows the value of a field."""
    return {
        "parcel.note": ("None", "NoneType"),
        'parcel.model_dump()["weight"]': ("Any", "Decimal"),
        'parcel.model_copy(update={"number": "seven"}).number': ("int", "str"),
    }


@wrong(
    "25.1.1",
    caught_by="test_q1_the_type_that_mypy_shows_is_predicted[a field of a copy]",
)
def types_of_values() -> dict[str, tuple[str, str]]:
    """Expect that mypy knows the value of a copy."""
    return {
        "parcel.note": ("str | None", "NoneType"),
        'parcel.model_dump()["weight"]': ("Any", "Decimal"),
        'parcel.model_copy(update={"number": "seven"}).number': ("str", "str"),
    }


@right("25.1.1")
def types_of_values() -> dict[str, tuple[str, str]]:
    """Write the same types as mypy and older code write them, with modules."""
    return {
        "parcel.note": ("Optional[str]", "NoneType"),
        'parcel.model_dump()["weight"]': ("typing.Any", "decimal.Decimal"),
        'parcel.model_copy(update={"number": "seven"}).number': ("builtins.int", "str"),
    }


@right("25.1.1")
def types_of_values() -> dict[str, tuple[str, str]]:
    """Write the union in the other order."""
    return {
        "parcel.note": ("None | str", "NoneType"),
        'parcel.model_dump()["weight"]': ("Any", "Decimal"),
        'parcel.model_copy(update={"number": "seven"}).number': ("int", "str"),
    }


@wrong("25.1.2", caught_by="test_q2_mypy_reports_no_error[Delivery]")
class Delivery(BaseModel):
    """Hide the error of mypy with a comment."""

    parcel: int
    note: str = None  # type: ignore[assignment]
    stops: list[str] = Field(default_factory=list)

    @field_validator("stops", mode="before")
    @classmethod
    def split(cls, value: object) -> object:
        return value.split(",") if isinstance(value, str) else value


# fmt: off
@wrong("25.1.2", caught_by="test_q2_mypy_reports_no_error[Delivery]")
class Delivery(BaseModel):
    """Hide the errors of mypy with a setting in the file."""

# mypy: disable-error-code="assignment, arg-type"

    parcel: int
    note: str | None = None
    stops: list[str] = Field(default_factory=dict)

    @field_validator("stops", mode="before")
    @classmethod
    def split(cls, value: object) -> object:
        return value.split(",") if isinstance(value, str) else value
# fmt: on


@wrong("25.1.2", caught_by="test_q2_mypy_reports_no_error[Delivery]")
class Delivery(BaseModel):
    """Annotate the input of the validator as Any."""

    parcel: int
    note: str | None = None
    stops: list[str] = Field(default_factory=list)

    @field_validator("stops", mode="before")
    @classmethod
    def split(cls, value: Any) -> Any:
        return value.split(",") if isinstance(value, str) else value


@wrong("25.1.2", caught_by="test_q2_mypy_reports_no_error[Delivery]")
class Delivery(BaseModel):
    """Leave the validator without annotations."""

    parcel: int
    note: str | None = None
    stops: list[str] = []

    @field_validator("stops", mode="before")
    @classmethod
    def split(cls, value):
        return value.split(",") if isinstance(value, str) else value


@wrong("25.1.2", caught_by="test_q2_stops_are_a_list_of_strings")
class Delivery(BaseModel):
    """Expect a string in the validator, whatever arrives."""

    parcel: int
    note: str | None = None
    stops: list[str] = Field(default_factory=list)

    @field_validator("stops", mode="before")
    @classmethod
    def split(cls, value: str) -> list[str]:
        return value.split(",")


@wrong("25.1.2", caught_by="test_q2_a_note_is_a_string_or_none")
class Delivery(BaseModel):
    """Use an empty string instead of None."""

    parcel: int
    note: str = ""
    stops: list[str] = Field(default_factory=list)

    @field_validator("stops", mode="before")
    @classmethod
    def split(cls, value: object) -> object:
        return value.split(",") if isinstance(value, str) else value


@wrong("25.1.2", caught_by="test_q2_stops_are_a_list_of_strings")
class Delivery(BaseModel):
    """Annotate the items as object."""

    parcel: int
    note: str | None = None
    stops: list[object] = Field(default_factory=list)

    @field_validator("stops", mode="before")
    @classmethod
    def split(cls, value: object) -> object:
        return value.split(",") if isinstance(value, str) else value


@wrong("25.1.2", caught_by="test_q2_mypy_reports_no_error[Delivery]")
class Delivery(BaseModel):
    """Exclude the validator from mypy."""

    parcel: int
    note: str | None = None
    stops: list[str] = Field(default_factory=list)

    @field_validator("stops", mode="before")
    @classmethod
    @no_type_check
    def split(cls, value):
        return value.split(",") if isinstance(value, str) else value


@wrong("25.1.2", caught_by="test_q2_stops_are_a_list_of_strings")
class Delivery(BaseModel):
    """Split only where there is a comma."""

    parcel: int
    note: str | None = None
    stops: list[str] = Field(default_factory=list)

    @field_validator("stops", mode="before")
    @classmethod
    def split(cls, value: object) -> object:
        if isinstance(value, str) and "," in value:
            return value.split(",")
        return value


@wrong("25.1.2", caught_by="test_q2_stops_are_a_list_of_strings")
class Delivery(BaseModel):
    """Make an empty list of an empty string."""

    parcel: int
    note: str | None = None
    stops: list[str] = Field(default_factory=list)

    @field_validator("stops", mode="before")
    @classmethod
    def split(cls, value: object) -> object:
        if isinstance(value, str):
            return value.split(",") if value else []
        return value


@wrong("25.1.2", caught_by="test_q2_other_stops_raise_a_validation_error[None]")
class Delivery(BaseModel):
    """Accept null for a list."""

    parcel: int
    note: str | None = None
    stops: list[str] = Field(default_factory=list)

    @field_validator("stops", mode="before")
    @classmethod
    def split(cls, value: object) -> object:
        return value.split(",") if isinstance(value, str) else value or []


@wrong("25.1.2", caught_by="test_q2_stops_are_a_list_of_strings")
class Delivery(BaseModel):
    """Tidy the parts up."""

    parcel: int
    note: str | None = None
    stops: list[str] = Field(default_factory=list)

    @field_validator("stops", mode="before")
    @classmethod
    def split(cls, value: object) -> object:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part]
        return value


@right("25.1.2")
class Delivery(BaseModel):
    """Write the validator into the annotation."""

    parcel: int
    note: Optional[str] = None
    stops: Annotated[
        list[str],
        BeforeValidator(
            lambda stops: stops.split(",") if isinstance(stops, str) else stops
        ),
    ] = []


@right("25.1.2")
class Delivery(BaseModel):
    """Use a union for the input, and other names."""

    parcel: int
    note: str | None = Field(default=None, description="for the driver")
    stops: list[str] = Field(default_factory=lambda: [])

    @field_validator("stops", mode="before")
    @classmethod
    def _apart(cls, sent: str | list[str]) -> list[str]:
        if isinstance(sent, str):
            return sent.split(",")
        return sent


@wrong("25.1.2", caught_by="test_q2_first_has_the_type_of_the_page")
def first(page: Page[Any]) -> Any:
    """Use Any for the page and for the item."""
    return page.items[0] if page.items else None


@wrong("25.1.2", caught_by="test_q2_first_has_the_type_of_the_page[strings]")
def first(page: Page[Delivery]) -> Delivery | None:
    """Accept pages of deliveries only."""
    return page.items[0] if page.items else None


@wrong("25.1.2", caught_by="test_q2_first_has_the_type_of_the_page")
def first(page: Page[T]) -> object:
    """Return an object."""
    return page.items[0] if page.items else None


@wrong("25.1.2", caught_by="test_q2_mypy_reports_no_error[first]")
def first(page: Page[T]) -> T:
    """Forget None in the return annotation."""
    return page.items[0] if page.items else None  # type: ignore[return-value]


@wrong("25.1.2", caught_by="test_q2_first_has_the_type_of_the_page[an empty string]")
def first(page: Page[T]) -> T | None:
    """Return None for an item that is empty."""
    return next((item for item in page.items if item), None)


@wrong("25.1.2", caught_by="test_q2_first_has_the_type_of_the_page")
def first(page: Page[T]) -> T | None:
    """Take the item out of the page."""
    return page.items.pop(0) if page.items else None


@right("25.1.2")
def first(page: "Page[T]") -> Optional[T]:
    """Return from a loop."""
    for item in page.items:
        return item
    return None


Item = TypeVar("Item")


@right("25.1.2")
def first(page: Page[Item]) -> Item | None:
    """Define another type variable."""
    return next(iter(page.items), None)


@wrong("25.1.2", caught_by="test_q2_read_returns_a_page_of_deliveries")
def read(text: str) -> Page[Delivery]:
    """Annotate the result of `json.loads` as a page."""
    import json

    page: Page[Delivery] = json.loads(text)
    return page


@wrong("25.1.2", caught_by="test_q2_read_returns_a_page_of_deliveries")
def read(text: str) -> Page[Delivery]:
    """Cast the result of `json.loads` to a page."""
    import json

    return cast("Page[Delivery]", json.loads(text))


@wrong("25.1.2", caught_by="test_q2_mypy_reports_no_error[read]")
def read(text: str) -> Page[Delivery]:
    """Cast a value that has the type already."""
    return cast(Page[Delivery], TypeAdapter(Page[Delivery]).validate_json(text))


@wrong(
    "25.1.2",
    caught_by="test_q2_read_raises_a_validation_error_for_other_texts[an item]",
)
def read(text: str) -> Page[Delivery]:
    """Validate the page, and not its items."""
    import json

    return Page[Delivery].model_construct(
        **Page[object].model_validate_json(text).model_dump()
    )


@wrong("25.1.2", caught_by="test_q2_mypy_reports_no_error[read]")
def read(text: str) -> Page[Delivery]:
    """Let mypy read code that never runs."""
    if TYPE_CHECKING:
        return Page[Delivery](items=[])
    else:
        page = Page.model_validate_json(text)
        return Page(items=[Delivery(**item) for item in page.items])


@right("25.1.2")
def read(text: str) -> Page[Delivery]:
    """Use a TypeAdapter."""
    return TypeAdapter(Page[Delivery]).validate_json(text)


@wrong(
    "25.1.2",
    caught_by="test_q2_read_raises_a_validation_error_for_other_texts[not JSON]",
)
def read(text: str) -> Page[Delivery]:
    """Parse with `json.loads` first, which raises an error of its own."""
    import json

    return Page[Delivery].model_validate(json.loads(text))


@right("25.1.2")
def read(text: str) -> Page[Delivery]:
    """Pass the text as bytes."""
    validate = Page[Delivery].model_validate_json
    page = validate(text.encode())
    return page


@wrong("25.1.3", caught_by="test_q3_mypy_reports_a_misuse[an assignment]")
class Label(BaseModel):
    """Keep `__setattr__`."""

    model_config = ConfigDict(validate_by_name=True)

    to: str
    weight_kg: float = Field(alias="weightKg")

    def __setattr__(self, name: str, value: object) -> None:
        raise TypeError(f"A label does not change: its {name} stays.")


@wrong(
    "25.1.3",
    caught_by="test_q3_mypy_reports_a_misuse[an assignment to an unknown attribute]",
)
class Label(BaseModel):
    """Freeze the model, and keep `__setattr__` as well."""

    model_config = ConfigDict(frozen=True, validate_by_name=True)

    to: str
    weight_kg: float = Field(alias="weightKg")

    def __setattr__(self, name: str, value: object) -> None:
        raise TypeError(f"A label does not change: its {name} stays.")


@wrong("25.1.3", caught_by="test_q3_mypy_accepts_a_correct_label")
class Label(BaseModel):
    """Forget that the label is created by name."""

    model_config = ConfigDict(frozen=True)

    to: str
    weight_kg: float = Field(alias="weightKg")


@wrong("25.1.3", caught_by="test_q3_the_key_in_json_is_the_alias")
class Label(BaseModel):
    """Remove the alias."""

    model_config = ConfigDict(frozen=True)

    to: str
    weight_kg: float


@wrong("25.1.3", caught_by="test_q3_mypy_reports_a_misuse[a misspelt argument]")
class Label(BaseModel):
    """Keep the constructor."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    to: str
    weight_kg: float = Field(alias="weightKg")

    def __init__(self, **values: object) -> None:
        super().__init__(**values)


@wrong("25.1.3", caught_by="test_q3_mypy_accepts_a_correct_label")
class Label(BaseModel):
    """Let a function create the aliases, and forget the names."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel)

    to: str
    weight_kg: float


@wrong("25.1.3", caught_by="test_q3_mypy_reports_a_misuse[an unknown argument]")
class Label(BaseModel):
    """Write a constructor that takes other arguments as well."""

    model_config = ConfigDict(frozen=True, validate_by_name=True)

    to: str
    weight_kg: float = Field(alias="weightKg")

    def __init__(self, to: str, weight_kg: float = 0, **others: object) -> None:
        super().__init__(to=to, weight_kg=weight_kg, **others)


@wrong("25.1.3", caught_by="test_q3_the_key_in_json_is_the_alias")
class Label(BaseModel):
    """Forbid the alias."""

    model_config = ConfigDict(
        frozen=True, validate_by_name=True, validate_by_alias=False
    )

    to: str
    weight_kg: float = Field(alias="weightKg")


@wrong("25.1.3", caught_by="test_q3_the_key_in_json_is_the_alias")
class Label(BaseModel):
    """Write a typed constructor, which Pydantic uses for JSON as well."""

    model_config = ConfigDict(frozen=True, validate_by_name=True)

    to: str
    weight_kg: float = Field(alias="weightKg")

    def __init__(self, to: str, weight_kg: float) -> None:
        super().__init__(to=to, weight_kg=weight_kg)


@wrong(
    "25.1.3",
    caught_by="test_q3_mypy_reports_a_misuse[an assignment to the other field]",
)
class Label(BaseModel):
    """Freeze only one of the fields."""

    model_config = ConfigDict(validate_by_name=True)

    to: str = Field(frozen=True)
    weight_kg: float = Field(alias="weightKg")


@wrong("25.1.3", caught_by="test_q3_mypy_reports_a_misuse[None as an argument]")
class Label(BaseModel):
    """Accept a label without an address."""

    model_config = ConfigDict(frozen=True, validate_by_name=True)

    to: str | None
    weight_kg: float = Field(alias="weightKg")


@right("25.1.3")
class Label(BaseModel):
    """Use the older name of the setting, and freeze each field."""

    model_config = {"populate_by_name": True}

    to: str = Field(frozen=True)
    weight_kg: float = Field(alias="weightKg", frozen=True)


@right("25.1.3")
class Label(BaseModel, frozen=True, validate_by_name=True, alias_generator=to_camel):
    """Configure in the class line, with a function for the alias."""

    to: str
    weight_kg: float
