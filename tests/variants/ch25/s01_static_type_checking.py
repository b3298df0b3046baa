"""Other answers to section 25.1."""

from typing import TYPE_CHECKING, Any, Optional, cast, no_type_check

from pydantic import BeforeValidator, TypeAdapter
from pydantic.alias_generators import to_camel

from sensei.variants import right, wrong


@wrong(
    "25.1.1",
    caught_by="test_q1_the_type_that_mypy_shows_is_predicted[a value of a dump]",
)
def views() -> dict[str, tuple[str, str]]:
    """A dump keeps the types of its fields."""
    return {
        "parcel.weight": ("Decimal", "Decimal"),
        "parcel.note": ("str | None", "NoneType"),
        'parcel.model_dump()["weight"]': ("Decimal", "Decimal"),
        'parcel.model_copy(update={"number": "seven"}).number': ("int", "str"),
        "Notice(due=date(2026, 12, 1)).due": ("date", "str"),
    }


@wrong(
    "25.1.1", caught_by="test_q1_the_class_at_run_time_is_predicted[a field of a copy]"
)
def views() -> dict[str, tuple[str, str]]:
    """A copy is validated."""
    return {
        "parcel.weight": ("Decimal", "Decimal"),
        "parcel.note": ("str | None", "NoneType"),
        'parcel.model_dump()["weight"]': ("Any", "Decimal"),
        'parcel.model_copy(update={"number": "seven"}).number': ("int", "int"),
        "Notice(due=date(2026, 12, 1)).due": ("date", "str"),
    }


@wrong(
    "25.1.1",
    caught_by="test_q1_the_type_that_mypy_shows_is_predicted[a field with a validator]",
)
def views() -> dict[str, tuple[str, str]]:
    """mypy follows what a validator returns."""
    return {
        "parcel.weight": ("Decimal", "Decimal"),
        "parcel.note": ("str | None", "NoneType"),
        'parcel.model_dump()["weight"]': ("Any", "Decimal"),
        'parcel.model_copy(update={"number": "seven"}).number': ("int", "str"),
        "Notice(due=date(2026, 12, 1)).due": ("str", "str"),
    }


@wrong(
    "25.1.1",
    caught_by="test_q1_the_class_at_run_time_is_predicted[a field with a validator]",
)
def views() -> dict[str, tuple[str, str]]:
    """What is declared is what is there."""
    return {
        "parcel.weight": ("Decimal", "Decimal"),
        "parcel.note": ("str | None", "NoneType"),
        'parcel.model_dump()["weight"]': ("Any", "Decimal"),
        'parcel.model_copy(update={"number": "seven"}).number': ("int", "str"),
        "Notice(due=date(2026, 12, 1)).due": ("date", "date"),
    }


@right("25.1.1")
def views() -> dict[str, tuple[str, str]]:
    """The same types, spelt as mypy and as older code spell them."""
    return {
        "parcel.weight": ("decimal.Decimal", "Decimal"),
        "parcel.note": ("Optional[str]", "NoneType"),
        'parcel.model_dump()["weight"]': ("typing.Any", "Decimal"),
        'parcel.model_copy(update={"number": "seven"}).number': ("builtins.int", "str"),
        "Notice(due=date(2026, 12, 1)).due": ("datetime.date", "str"),
    }


@wrong("25.1.1", caught_by="test_q1_mypy_alone_refuses_the_first")
def disagreements() -> tuple[str, str]:
    """Any text that Pydantic converts: also into a dict of which mypy knows nothing."""
    return (
        'Parcel.model_validate({"number": "7", "weight": "1.5"})',
        "Parcel(number=7, weight=Decimal(-1))",
    )


@wrong("25.1.1", caught_by="test_q1_mypy_alone_refuses_the_first")
def disagreements() -> tuple[str, str]:
    """What mypy refuses, Pydantic need not look at."""
    return (
        'Parcel.model_construct(number="7", weight=Decimal(1))',
        "Parcel(number=7, weight=Decimal(-1))",
    )


@wrong("25.1.1", caught_by="test_q1_mypy_alone_refuses_the_first")
def disagreements() -> tuple[str, str]:
    """Any fault will do."""
    return (
        '[Parcel(number=7, weight=Decimal(1)), "".nothing if False else 0][0]',
        "Parcel(number=7, weight=Decimal(-1))",
    )


@wrong("25.1.1", caught_by="test_q1_pydantic_alone_refuses_the_second")
def disagreements() -> tuple[str, str]:
    """What Pydantic refuses, whether mypy does or not."""
    return (
        'Parcel(number="7", weight=Decimal("1.5"))',
        'Parcel(number="seven", weight=Decimal(1))',
    )


@wrong("25.1.1", caught_by="test_q1_pydantic_alone_refuses_the_second")
def disagreements() -> tuple[str, str]:
    """A cast persuades mypy."""
    return (
        'Parcel(number="7", weight=Decimal("1.5"))',
        'Parcel(number=cast(int, "seven"), weight=Decimal(1))',
    )


@wrong("25.1.1", caught_by="test_q1_pydantic_alone_refuses_the_second")
def disagreements() -> tuple[str, str]:
    """A comment persuades mypy."""
    return (
        'Parcel(number="7", weight=Decimal("1.5"))',
        'Parcel(number="seven", weight=Decimal(1))  # type: ignore[arg-type]',
    )


@right("25.1.1")
def disagreements() -> tuple[str, str]:
    """An extra argument that Pydantic passes over; text for a weight, over two lines."""
    return (
        "Parcel(number=7, weight=Decimal(1), colour='red')",
        """Parcel.model_validate_json(
            '{"number": 7, "weight": "heavy"}'
        )""",
    )


@right("25.1.1")
def disagreements() -> tuple[str, str]:
    """Through a dict, whose values mypy takes for what they are; and past it."""
    return (
        "Parcel(number=7.0, weight=2)",
        'Parcel(number=7, weight=Decimal("NaN"), note="?")',
    )


@wrong("25.1.2", caught_by="test_q2_mypy_lets_the_definition_pass[Delivery]")
class Delivery(BaseModel):
    """What mypy says of a default, a comment takes back."""

    parcel: int
    note: str = None  # type: ignore[assignment]
    stops: list[str] = Field(default_factory=list)

    @field_validator("stops", mode="before")
    @classmethod
    def split(cls, value: object) -> object:
        return value.split(",") if isinstance(value, str) else value


# fmt: off
@wrong("25.1.2", caught_by="test_q2_mypy_lets_the_definition_pass[Delivery]")
class Delivery(BaseModel):
    """What mypy says of a default, a setting at the file takes back."""

# mypy: disable-error-code="assignment, arg-type"

    parcel: int
    note: str | None = None
    stops: list[str] = Field(default_factory=dict)

    @field_validator("stops", mode="before")
    @classmethod
    def split(cls, value: object) -> object:
        return value.split(",") if isinstance(value, str) else value
# fmt: on


@wrong("25.1.2", caught_by="test_q2_mypy_lets_the_definition_pass[Delivery]")
class Delivery(BaseModel):
    """Whatever arrives at a validator is Any."""

    parcel: int
    note: str | None = None
    stops: list[str] = Field(default_factory=list)

    @field_validator("stops", mode="before")
    @classmethod
    def split(cls, value: Any) -> Any:
        return value.split(",") if isinstance(value, str) else value


@wrong("25.1.2", caught_by="test_q2_mypy_lets_the_definition_pass[Delivery]")
class Delivery(BaseModel):
    """A validator is called by Pydantic alone, and needs no types."""

    parcel: int
    note: str | None = None
    stops: list[str] = []

    @field_validator("stops", mode="before")
    @classmethod
    def split(cls, value):
        return value.split(",") if isinstance(value, str) else value


@wrong("25.1.2", caught_by="test_q2_stops_are_a_list_of_names")
class Delivery(BaseModel):
    """What is split is a text."""

    parcel: int
    note: str | None = None
    stops: list[str] = Field(default_factory=list)

    @field_validator("stops", mode="before")
    @classmethod
    def split(cls, value: str) -> list[str]:
        return value.split(",")


@wrong("25.1.2", caught_by="test_q2_a_note_may_be_missing")
class Delivery(BaseModel):
    """An empty text satisfies mypy."""

    parcel: int
    note: str = ""
    stops: list[str] = Field(default_factory=list)

    @field_validator("stops", mode="before")
    @classmethod
    def split(cls, value: object) -> object:
        return value.split(",") if isinstance(value, str) else value


@wrong("25.1.2", caught_by="test_q2_stops_are_a_list_of_names")
class Delivery(BaseModel):
    """A list is a list."""

    parcel: int
    note: str | None = None
    stops: list[object] = Field(default_factory=list)

    @field_validator("stops", mode="before")
    @classmethod
    def split(cls, value: object) -> object:
        return value.split(",") if isinstance(value, str) else value


@wrong("25.1.2", caught_by="test_q2_mypy_lets_the_definition_pass[Delivery]")
class Delivery(BaseModel):
    """Who is not checked makes no mistakes."""

    parcel: int
    note: str | None = None
    stops: list[str] = Field(default_factory=list)

    @field_validator("stops", mode="before")
    @classmethod
    @no_type_check
    def split(cls, value):
        return value.split(",") if isinstance(value, str) else value


@right("25.1.2")
class Delivery(BaseModel):
    """A validator beside the annotation, and a union narrowed."""

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
    """Another name, a precise signature, and a default in Field."""

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
    """Any fits every page."""
    return page.items[0] if page.items else None


@wrong("25.1.2", caught_by="test_q2_first_has_the_type_of_the_page[texts]")
def first(page: Page[Delivery]) -> Delivery | None:
    """The one page of the task."""
    return page.items[0] if page.items else None


@wrong("25.1.2", caught_by="test_q2_first_has_the_type_of_the_page")
def first(page: Page[T]) -> object:
    """Everything is an object."""
    return page.items[0] if page.items else None


@wrong("25.1.2", caught_by="test_q2_mypy_lets_the_definition_pass[first]")
def first(page: Page[T]) -> T:
    """There always is a first one."""
    return page.items[0] if page.items else None  # type: ignore[return-value]


@right("25.1.2")
def first(page: "Page[T]") -> Optional[T]:
    """The first turn of a loop."""
    for item in page.items:
        return item
    return None


Item = TypeVar("Item")


@right("25.1.2")
def first(page: Page[Item]) -> Item | None:
    """A type variable of its own."""
    return next(iter(page.items), None)


@wrong("25.1.2", caught_by="test_q2_read_returns_a_page_of_deliveries")
def read(text: str) -> Page[Delivery]:
    """An annotation makes a page of it."""
    import json

    page: Page[Delivery] = json.loads(text)
    return page


@wrong("25.1.2", caught_by="test_q2_read_returns_a_page_of_deliveries")
def read(text: str) -> Page[Delivery]:
    """A cast makes a page of it."""
    import json

    return cast("Page[Delivery]", json.loads(text))


@wrong("25.1.2", caught_by="test_q2_read_returns_a_page_of_deliveries")
def read(text: str) -> Page[Delivery]:
    """Validated, and cast nevertheless, for mypy's sake."""
    return cast(Page[Delivery], TypeAdapter(Page[Delivery]).validate_json(text))


@wrong("25.1.2", caught_by="test_q2_read_refuses_what_is_no_page_of_deliveries[a row]")
def read(text: str) -> Page[Delivery]:
    """The page is validated, and its items are whatever they are."""
    import json

    return Page[Delivery].model_construct(
        **Page[object].model_validate_json(text).model_dump()
    )


@wrong("25.1.2", caught_by="test_q2_read_returns_a_page_of_deliveries")
def read(text: str) -> Page[Delivery]:
    """mypy may read a part that never runs."""
    if TYPE_CHECKING:
        return Page[Delivery](items=[])
    else:
        page = Page.model_validate_json(text)
        return Page(items=[Delivery(**item) for item in page.items])


@right("25.1.2")
def read(text: str) -> Page[Delivery]:
    """A TypeAdapter knows the type as well."""
    return TypeAdapter(Page[Delivery]).validate_json(text)


@right("25.1.2")
def read(text: str) -> Page[Delivery]:
    """Parsed first, Any for a moment, validated then."""
    import json

    return Page[Delivery].model_validate(json.loads(text))


@wrong("25.1.3", caught_by="test_q3_mypy_refuses_misuse_of_a_label[a change]")
class Label(BaseModel):
    """The constructor was all that hid the model."""

    model_config = ConfigDict(validate_by_name=True)

    to: str
    weight_kg: float = Field(alias="weightKg")

    def __setattr__(self, name: str, value: object) -> None:
        raise TypeError(f"A label does not change: its {name} stays.")


@wrong("25.1.3", caught_by="test_q3_a_right_label_passes_with_both")
class Label(BaseModel):
    """Frozen, and to be called by its alias alone."""

    model_config = ConfigDict(frozen=True)

    to: str
    weight_kg: float = Field(alias="weightKg")


@wrong("25.1.3", caught_by="test_q3_the_key_in_json_remains")
class Label(BaseModel):
    """Without an alias there is no trouble with it."""

    model_config = ConfigDict(frozen=True)

    to: str
    weight_kg: float


@wrong(
    "25.1.3", caught_by="test_q3_mypy_refuses_misuse_of_a_label[a misspelt argument]"
)
class Label(BaseModel):
    """Frozen by name; the constructor still takes anything."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    to: str
    weight_kg: float = Field(alias="weightKg")

    def __init__(self, **values: object) -> None:
        super().__init__(**values)


@wrong("25.1.3", caught_by="test_q3_a_right_label_passes_with_both")
class Label(BaseModel):
    """Aliases made by a function, which the plugin does not run."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel)

    to: str
    weight_kg: float


@right("25.1.3")
class Label(BaseModel):
    """By older names, and frozen field by field."""

    model_config = {"populate_by_name": True}

    to: str = Field(frozen=True)
    weight_kg: float = Field(alias="weightKg", frozen=True)


@right("25.1.3")
class Label(BaseModel, frozen=True, validate_by_name=True, alias_generator=to_camel):
    """Configured in the line of the class, aliases by a function and names as well."""

    to: str
    weight_kg: float


@wrong("25.1.3", caught_by="test_q3_numbers_typed_in_as_text_are_let_in")
def settings() -> dict[str, bool]:
    """As strict as can be."""
    return {
        "init_typed": True,
        "init_forbid_extra": True,
        "warn_required_dynamic_aliases": True,
    }


@wrong("25.1.3", caught_by="test_q3_the_settings_refuse")
def settings() -> dict[str, bool]:
    """The defaults will do."""
    return {}


@wrong("25.1.3", caught_by="test_q3_the_settings_refuse[an alias that it cannot read]")
def settings() -> dict[str, bool]:
    """Extra arguments are all there is to forbid."""
    return {"init_forbid_extra": True}


@wrong("25.1.3", caught_by="test_q3_the_settings_refuse")
def settings() -> dict[str, bool]:
    """mypy's own settings count as well."""
    return {"init_forbid_extra": True, "strict": False}


@right("25.1.3")
def settings() -> dict[str, bool]:
    """What is off need not be said."""
    return dict(warn_required_dynamic_aliases=True, init_forbid_extra=True)


@wrong("25.1.3", caught_by="test_q3_the_refusal_is_predicted[a change-mypy alone]")
def refusals() -> dict[str, tuple[bool, bool]]:
    """mypy reads `model_config` by itself."""
    return {
        'scan.gate = "B"': (True, True),
        'Scan(parcel=7, gate="B")': (True, False),
        "Scan(parcel=7)": (True, True),
        'Scan.model_construct(parcel="7", gate="B")': (False, True),
        'Scan.model_validate({"parcel": "B"})': (False, False),
    }


@wrong(
    "25.1.3",
    caught_by="test_q3_the_refusal_is_predicted[a dict to be validated-the plugin]",
)
def refusals() -> dict[str, tuple[bool, bool]]:
    """The plugin validates."""
    return {
        'scan.gate = "B"': (False, True),
        'Scan(parcel=7, gate="B")': (True, False),
        "Scan(parcel=7)": (True, True),
        'Scan.model_construct(parcel="7", gate="B")': (False, True),
        'Scan.model_validate({"parcel": "B"})': (False, True),
    }


@wrong(
    "25.1.3",
    caught_by="test_q3_the_refusal_is_predicted[a name for an alias-mypy alone]",
)
def refusals() -> dict[str, tuple[bool, bool]]:
    """The plugin only ever refuses more."""
    return {
        'scan.gate = "B"': (False, True),
        'Scan(parcel=7, gate="B")': (False, False),
        "Scan(parcel=7)": (True, True),
        'Scan.model_construct(parcel="7", gate="B")': (False, True),
        'Scan.model_validate({"parcel": "B"})': (False, False),
    }
