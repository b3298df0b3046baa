"""Other answers to section 8.6."""

import functools
import json

from pydantic import ConfigDict, NonNegativeInt, RootModel, field_validator

from sensei.variants import right, wrong


class Total:
    note: str | None = None

    def total(self):
        return self.quantity * self.price


@wrong("8.6.1", caught_by="test_q1_texts_are_converted[twelve]")
class LineItem(BaseModel):
    """Make it a model, which has no positional arguments."""

    product: str = Field(min_length=1, max_length=40)
    quantity: int = Field(ge=1, le=500)
    price: Decimal = Field(gt=0)
    note: str | None = None

    def total(self):
        return self.quantity * self.price


@wrong("8.6.1", caught_by="test_q1_each_field_has_its_rules[quantity]")
@pydantic.dataclasses.dataclass
class LineItem:
    """Change only the decorator."""

    product: str
    quantity: int
    price: Decimal
    note: str | None = None
    total = Total.total


@wrong("8.6.1", caught_by="test_q1_texts_are_converted[twelve]")
@dataclasses.dataclass
class LineItem:
    """Keep the decorator of the standard library."""

    product: Annotated[str, Field(min_length=1, max_length=40)]
    quantity: Annotated[int, Field(ge=1, le=500)]
    price: Annotated[Decimal, Field(gt=0)]
    note: str | None = None
    total = Total.total


@wrong("8.6.1", caught_by="test_q1_texts_are_converted[twelve]")
@dataclasses.dataclass
class LineItem:
    """Check by hand, and convert nothing."""

    product: str
    quantity: int
    price: Decimal
    note: str | None = None
    total = Total.total

    def __post_init__(self):
        if not 1 <= self.quantity <= 500 or self.price <= 0:
            raise ValueError("wrong")


@wrong("8.6.1", caught_by="test_q1_each_field_has_its_rules[quantity]")
@pydantic.dataclasses.dataclass
class LineItem:
    """Exclude the largest quantity."""

    product: str = Field(min_length=1, max_length=40)
    quantity: int = Field(gt=0, lt=500)
    price: Decimal = Field(gt=0)
    note: str | None = None
    total = Total.total


@wrong("8.6.1", caught_by="test_q1_each_field_has_its_rules[price]")
@pydantic.dataclasses.dataclass
class LineItem:
    """Allow the price 0."""

    product: str = Field(min_length=1, max_length=40)
    quantity: int = Field(ge=1, le=500)
    price: Decimal = Field(ge=0)
    note: str | None = None
    total = Total.total


@wrong("8.6.1", caught_by="test_q1_texts_are_converted[twelve]")
@pydantic.dataclasses.dataclass(config=ConfigDict(strict=True))
class LineItem:
    """Refuse to convert."""

    product: str = Field(min_length=1, max_length=40)
    quantity: int = Field(ge=1, le=500)
    price: Decimal = Field(gt=0)
    note: str | None = None
    total = Total.total


@wrong("8.6.1", caught_by="test_q1_texts_are_converted[twelve]")
@pydantic.dataclasses.dataclass
class LineItem:
    """Make the price a float."""

    product: str = Field(min_length=1, max_length=40)
    quantity: int = Field(ge=1, le=500)
    price: float = Field(gt=0)
    note: str | None = None
    total = Total.total


@wrong("8.6.1", caught_by="test_q1_texts_are_converted[twelve]")
@pydantic.dataclasses.dataclass
class LineItem:
    """Lose the default of the note."""

    product: Annotated[str, Field(min_length=1, max_length=40)]
    quantity: Annotated[int, Field(ge=1, le=500)]
    price: Annotated[Decimal, Field(gt=0)]
    note: str | None
    total = Total.total


@wrong("8.6.1", caught_by="test_q1_each_field_has_its_rules[product]")
@pydantic.dataclasses.dataclass
class LineItem:
    """Forget the length of the product."""

    product: str
    quantity: int = Field(ge=1, le=500)
    price: Decimal = Field(gt=0)
    note: str | None = None
    total = Total.total


@wrong("8.6.1", caught_by="test_q1_each_field_has_its_rules[price]")
@pydantic.dataclasses.dataclass
class LineItem:
    """Add a rule for the decimal places."""

    product: str = Field(min_length=1, max_length=40)
    quantity: int = Field(ge=1, le=500)
    price: Decimal = Field(gt=0, decimal_places=2)
    note: str | None = None
    total = Total.total


@wrong("8.6.1", caught_by="test_q1_each_field_has_its_rules[note]")
@pydantic.dataclasses.dataclass
class LineItem:
    """Leave the note unchecked."""

    product: str = Field(min_length=1, max_length=40)
    quantity: int = Field(ge=1, le=500)
    price: Decimal = Field(gt=0)
    note: Any = None
    total = Total.total


@right("8.6.1")
@pydantic.dataclasses.dataclass
@dataclasses.dataclass
class LineItem:
    """Add the decorator to the one of the standard library."""

    product: Annotated[str, Field(min_length=1, max_length=40)]
    quantity: Annotated[int, Field(ge=1, le=500)]
    price: Annotated[Decimal, Field(gt=0)]
    note: str | None = None
    total = Total.total


@right("8.6.1")
@pydantic.dataclasses.dataclass(slots=True, config=ConfigDict(validate_assignment=True))
class LineItem:
    """Check the fields in a validator, and assignments too."""

    product: str
    quantity: int
    price: Decimal
    note: str | None = dataclasses.field(default=None)

    def total(self) -> Decimal:
        return self.quantity * self.price

    @field_validator("product", "quantity", "price")
    @classmethod
    def check(cls, value, info):
        size = len(value) if info.field_name == "product" else value
        most = {"product": 40, "quantity": 500}.get(info.field_name, size)
        if not 0 < size <= most:
            raise ValueError("wrong")
        return value


OUTCOMES = {
    "model copy": "heavy",
    "data copy": "error",
    "model unset": {"name": "rye"},
    "data unset": {"name": "rye", "grams": 500},
    "model new": "error",
    "data new": "round",
}


@wrong("8.6.2", caught_by="test_q2_the_outcome_is_predicted[model copy]")
def outcomes():
    """Expect that `model_copy` validates."""
    return OUTCOMES | {"model copy": "error"}


@wrong("8.6.2", caught_by="test_q2_the_outcome_is_predicted[data copy]")
def outcomes():
    """Expect that `replace` does not validate."""
    return OUTCOMES | {"data copy": "heavy"}


@wrong("8.6.2", caught_by="test_q2_the_outcome_is_predicted[model unset]")
def outcomes():
    """Take `exclude_unset` for `exclude_none`."""
    return OUTCOMES | {"model unset": {"name": "rye", "grams": 500}}


@wrong("8.6.2", caught_by="test_q2_the_outcome_is_predicted[data unset]")
def outcomes():
    """Expect that a dataclass knows which fields were set."""
    return OUTCOMES | {"data unset": {"name": "rye"}}


@wrong("8.6.2", caught_by="test_q2_the_outcome_is_predicted[model new]")
def outcomes():
    """Expect that a model takes new attributes."""
    return OUTCOMES | {"model new": "round"}


@wrong("8.6.2", caught_by="test_q2_the_outcome_is_predicted[data new]")
def outcomes():
    """Expect that a dataclass refuses new attributes."""
    return OUTCOMES | {"data new": "error"}


@right("8.6.2")
def outcomes():
    """Write down the prediction."""
    return dict(OUTCOMES)


@right("8.6.2")
def outcomes():
    """Dump the objects."""
    data = LoafData(name="rye")
    return OUTCOMES | {
        "model unset": LoafModel(name="rye").model_dump(exclude_unset=True),
        "data unset": dataclasses.asdict(data),
    }


Hour = Annotated[int, Field(ge=0, le=23)]


def read(cls, text):
    return TypeAdapter(cls).validate_json(text)


@wrong("8.6.3", caught_by="test_q3_the_library_plans_a_route[sorted]")
@pydantic.dataclasses.dataclass
class Stop:
    """Give the decorator no options."""

    hour: Hour
    cafe: str
    from_json = classmethod(read)


@wrong("8.6.3", caught_by="test_q3_the_library_plans_a_route[sorted]")
@pydantic.dataclasses.dataclass(frozen=True)
class Stop:
    """Forget the order."""

    hour: Hour
    cafe: str
    from_json = classmethod(read)


@wrong("8.6.3", caught_by="test_q3_the_library_plans_a_route[one]")
@pydantic.dataclasses.dataclass(order=True)
class Stop:
    """Forget `frozen`, so that there is no hash."""

    hour: Hour
    cafe: str
    from_json = classmethod(read)


@wrong("8.6.3", caught_by="test_q3_a_stop_cannot_be_changed")
@pydantic.dataclasses.dataclass(order=True, unsafe_hash=True)
class Stop:
    """Make a hash of fields that can change."""

    hour: Hour
    cafe: str
    from_json = classmethod(read)


@wrong("8.6.3", caught_by="test_q3_the_library_reads_no_invalid_hours[24]")
@dataclasses.dataclass(frozen=True, order=True)
class Stop:
    """Use the decorator of the standard library."""

    hour: Hour
    cafe: str
    from_json = classmethod(read)


@wrong("8.6.3", caught_by="test_q3_the_library_delays_a_stop")
class Stop(BaseModel):
    """Keep the model, and add what is missing by hand."""

    model_config = ConfigDict(frozen=True)
    hour: Hour
    cafe: str

    def __init__(self, hour, cafe):
        super().__init__(hour=hour, cafe=cafe)

    def __lt__(self, other):
        return (self.hour, self.cafe) < (other.hour, other.cafe)

    @classmethod
    def from_json(cls, text):
        return cls.model_validate_json(text)


@wrong("8.6.3", caught_by="test_q3_from_json_returns_a_stop")
@pydantic.dataclasses.dataclass(frozen=True, order=True)
class Stop:
    """Keep the call of a model's method."""

    hour: Hour
    cafe: str

    @classmethod
    def from_json(cls, text):
        return cls.model_validate_json(text)


@wrong("8.6.3", caught_by="test_q3_from_json_validates[text]")
@pydantic.dataclasses.dataclass(frozen=True, order=True)
class Stop:
    """Read the JSON without Pydantic."""

    hour: Hour
    cafe: str

    @classmethod
    def from_json(cls, text):
        return cls(**json.loads(text))


@wrong("8.6.3", caught_by="test_q3_from_json_validates[hour]")
@pydantic.dataclasses.dataclass(frozen=True, order=True)
class Stop:
    """Create the stop without its validation."""

    hour: Hour
    cafe: str

    @classmethod
    def from_json(cls, text):
        stop = object.__new__(cls)
        stop.__dict__.update(TypeAdapter(dict[str, Any]).validate_json(text))
        return stop


@wrong("8.6.3", caught_by="test_q3_the_library_reads_stops")
@pydantic.dataclasses.dataclass(frozen=True, order=True)
class Stop:
    """Write the fields in another order."""

    cafe: str
    hour: Hour
    from_json = classmethod(read)


@wrong("8.6.3", caught_by="test_q3_the_library_reads_no_invalid_hours[24]")
@pydantic.dataclasses.dataclass(frozen=True, order=True)
class Stop:
    """Forget the last hour."""

    hour: NonNegativeInt
    cafe: str
    from_json = classmethod(read)


@wrong("8.6.3", caught_by="test_q3_the_library_plans_a_route[sorted]")
@pydantic.dataclasses.dataclass(frozen=True, order=True)
class Stop:
    """Leave the café out of the comparison."""

    hour: Hour
    cafe: str = dataclasses.field(compare=False)
    from_json = classmethod(read)


@wrong(
    "8.6.3", caught_by="test_q3_stops_of_the_same_hour_are_sorted_by_the_cafe[cafes1]"
)
@pydantic.dataclasses.dataclass(frozen=True)
class Stop:
    """Sort by the hour alone, so that the hash decides the rest."""

    hour: Hour
    cafe: str
    from_json = classmethod(read)

    def __lt__(self, other):
        return self.hour < other.hour


@wrong("8.6.3", caught_by="test_q3_from_json_returns_a_stop")
@pydantic.dataclasses.dataclass(
    frozen=True, order=True, config=ConfigDict(extra="forbid")
)
class Stop:
    """Refuse unknown keys."""

    hour: Hour
    cafe: str
    from_json = classmethod(read)


@wrong("8.6.3", caught_by="test_q3_a_new_stop_has_a_valid_hour[9.5]")
@dataclasses.dataclass(frozen=True, order=True)
class Stop:
    """Convert and check by hand, so that 9.5 becomes 9."""

    hour: int
    cafe: str

    def __post_init__(self):
        TypeAdapter(Hour).validate_python(int(self.hour))
        object.__setattr__(self, "hour", int(self.hour))

    from_json = classmethod(read)


@right("8.6.3")
@functools.total_ordering
@dataclasses.dataclass(frozen=True)
class Stop:
    """Keep a standard dataclass, and validate in `__post_init__`."""

    hour: int
    cafe: str

    def __post_init__(self):
        object.__setattr__(self, "hour", TypeAdapter(Hour).validate_python(self.hour))
        object.__setattr__(self, "cafe", TypeAdapter(str).validate_python(self.cafe))

    def __lt__(self, other):
        return (self.hour, self.cafe) < (other.hour, other.cafe)

    from_json = classmethod(read)


@right("8.6.3")
@pydantic.dataclasses.dataclass(frozen=True, order=True, slots=True)
class Stop:
    """Save the dict of each object, and read with a RootModel."""

    hour: Hour
    cafe: str

    @classmethod
    def from_json(cls, text: str):
        return RootModel[cls].model_validate_json(text).root


@right("8.6.3")
@functools.total_ordering
@pydantic.dataclasses.dataclass(frozen=True)
class Stop:
    """Write the order by hand."""

    hour: Hour
    cafe: str

    def __lt__(self, other):
        return (self.hour, self.cafe) < (other.hour, other.cafe)

    from_json = classmethod(read)


@right("8.6.3")
@pydantic.dataclasses.dataclass(frozen=True)
@dataclasses.dataclass(frozen=True, order=True)
class Stop:
    """Add the decorator to the one of the standard library."""

    hour: Hour
    cafe: str
    from_json = classmethod(read)


@wrong("8.6.1", caught_by="test_q1_each_field_has_its_rules[product]")
@pydantic.dataclasses.dataclass(config=ConfigDict(str_strip_whitespace=True))
class LineItem:
    """Remove the spaces before the characters are counted."""

    product: str = Field(min_length=1, max_length=40)
    quantity: int = Field(ge=1, le=500)
    price: Decimal = Field(gt=0)
    note: str | None = None
    total = Total.total


@wrong("8.6.3", caught_by="test_q3_from_json_of_a_subclass_returns_the_subclass")
@pydantic.dataclasses.dataclass(frozen=True, order=True)
class Stop:
    """Write the class instead of `cls`."""

    hour: Hour
    cafe: str

    @classmethod
    def from_json(cls, text):
        return TypeAdapter(Stop).validate_json(text)


@wrong("8.6.3", caught_by="test_q3_the_library_reads_stops")
@pydantic.dataclasses.dataclass(
    frozen=True, order=True, config=ConfigDict(str_strip_whitespace=True)
)
class Stop:
    """Remove the spaces around a name."""

    hour: Hour
    cafe: str
    from_json = classmethod(read)
