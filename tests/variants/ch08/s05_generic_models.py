"""Other answers to section 8.5."""

from typing import Optional

from pydantic import ConfigDict, NonNegativeInt, PositiveInt, field_validator
from pydantic_core import PydanticCustomError

from sensei.variants import right, wrong


@wrong("8.5.1", caught_by="test_q1_the_endpoints_return_pages")
class Page(BaseModel):
    """Forget `Generic`."""

    items: list[T]
    total: int = Field(ge=0)
    page: int = Field(ge=1)


@wrong("8.5.1", caught_by="test_q1_items_have_the_type_in_the_brackets[int]")
class Page(BaseModel, Generic[T]):
    """Allow any items."""

    items: list[Any]
    total: int = Field(ge=0)
    page: int = Field(ge=1)


@wrong("8.5.1", caught_by="test_q1_the_openapi_document_names_the_type_of_items")
class Page(BaseModel, Generic[T]):
    """Do not use the type variable."""

    items: list
    total: int = Field(ge=0)
    page: int = Field(ge=1)


@wrong("8.5.1", caught_by="test_q1_the_endpoints_return_pages[/cities-1]")
class Page(BaseModel, Generic[T]):
    """Take models for the items."""

    items: list[BaseModel]
    total: int = Field(ge=0)
    page: int = Field(ge=1)


@wrong("8.5.1", caught_by="test_q1_the_endpoints_return_pages[/orders-1]")
class Page(BaseModel, Generic[T]):
    """Write the type of one endpoint."""

    items: list[Cafe]
    total: int = Field(ge=0)
    page: int = Field(ge=1)


@wrong("8.5.1", caught_by="test_q1_items_have_the_type_in_the_brackets[date]")
class Page(BaseModel, Generic[T]):
    """List the types that are used today."""

    items: list[Cafe] | list[Order] | list[str]
    total: int = Field(ge=0)
    page: int = Field(ge=1)


@wrong("8.5.1", caught_by="test_q1_total_and_page_have_a_least_value")
class Page(BaseModel, Generic[T]):
    """Forget the least values."""

    items: list[T]
    total: int
    page: int


@wrong("8.5.1", caught_by="test_q1_a_list_without_rows_is_an_empty_page")
class Page(BaseModel, Generic[T]):
    """Refuse an empty list."""

    items: list[T]
    total: int = Field(gt=0)
    page: int = Field(gt=0)


@wrong("8.5.1", caught_by="test_q1_every_field_is_required")
class Page(BaseModel, Generic[T]):
    """Give the fields defaults."""

    items: list[T] = []
    total: int = Field(default=0, ge=0)
    page: int = Field(default=1, ge=1)


@wrong("8.5.1", caught_by="test_q1_items_have_the_type_in_the_brackets[int]")
class Page(BaseModel, Generic[T]):
    """Declare one item."""

    items: T
    total: int = Field(ge=0)
    page: int = Field(ge=1)


@wrong("8.5.1", caught_by="test_q1_total_and_page_have_a_least_value[total-0--1]")
class Page(BaseModel, Generic[T]):
    """Take any number for the total."""

    items: list[T]
    total: float = Field(ge=0)
    page: int = Field(ge=1)


@wrong("8.5.1", caught_by="test_q1_total_and_page_have_a_least_value[total-0--1]")
class Page(BaseModel, Generic[T]):
    """Add a largest value that nobody asked for."""

    items: list[T]
    total: int = Field(ge=0, le=100)
    page: int = Field(ge=1)


@wrong("8.5.1", caught_by="test_q1_items_have_the_type_in_the_brackets[int]")
class Page(BaseModel, Generic[T]):
    """Allow as many items as the endpoints return."""

    items: list[T] = Field(max_length=2)
    total: int = Field(ge=0)
    page: int = Field(ge=1)


Model = TypeVar("Model", bound=BaseModel)


@right("8.5.1")
class Page(BaseModel, Generic[Model]):
    """Declare a bound, which only a type checker looks at."""

    items: list[Model]
    total: NonNegativeInt
    page: PositiveInt


@right("8.5.1")
class Page(BaseModel, Generic[T]):
    """Check the numbers in a validator."""

    items: list[T]
    total: int
    page: int

    @model_validator(mode="after")
    def check(self):
        if self.total < 0 or self.page < 1:
            raise ValueError("a negative number")
        return self


class Numbered(BaseModel):
    total: Annotated[int, Field(ge=0)]
    page: Annotated[int, Field(gt=0)]


@right("8.5.1")
class Page(Numbered, Generic[T]):
    """Inherit the numbers from another model."""

    items: Annotated[list[T], Field(description="The rows of this page")]


RIGHT = {
    "Tray(item='12')": "12",
    "Stock(item='12')": 12,
    "Label(item='12')": "12",
    "Basket(item=ROLL)": {"name": "roll"},
    "Basket[Roll](item=ROLL)": {"name": "roll", "filling": "cheese"},
    "Basket[int](item='12')": 12,
}


@wrong("8.5.2", caught_by="test_q2_the_item_is_predicted[Tray(item='12')]")
def items():
    """Expect that Any converts."""
    return RIGHT | {"Tray(item='12')": 12}


@wrong("8.5.2", caught_by="test_q2_the_item_is_predicted[Stock(item='12')]")
def items():
    """Take the default for Any."""
    return RIGHT | {"Stock(item='12')": "12"}


@wrong("8.5.2", caught_by="test_q2_the_item_is_predicted[Label(item='12')]")
def items():
    """Take the first constraint."""
    return RIGHT | {"Label(item='12')": 12}


@wrong("8.5.2", caught_by="test_q2_the_item_is_predicted[Basket(item=ROLL)]")
def items():
    """Expect that the dict stays as it is."""
    return RIGHT | {"Basket(item=ROLL)": ROLL}


@wrong("8.5.2", caught_by="test_q2_the_item_is_predicted[Basket[Roll](item=ROLL)]")
def items():
    """Let the bound cut the fields of the type in the brackets."""
    return RIGHT | {"Basket[Roll](item=ROLL)": {"name": "roll"}}


@wrong("8.5.2", caught_by="test_q2_the_item_is_predicted[Basket[int](item='12')]")
def items():
    """Expect that Pydantic checks the bound."""
    return RIGHT | {"Basket[int](item='12')": "error"}


@wrong("8.5.2", caught_by="test_q2_the_item_is_predicted[Tray(item='12')]")
def items():
    """Write the whole dict."""
    return {code: {"item": value} for code, value in RIGHT.items()}


@wrong("8.5.2", caught_by="test_q2_the_item_is_predicted[Basket[Roll](item=ROLL)]")
def items():
    """Write the object instead of its dict."""
    return RIGHT | {"Basket[Roll](item=ROLL)": Roll(**ROLL)}


@right("8.5.2")
def items():
    """Run the code."""
    return {code: eval(code).model_dump()["item"] for code in RIGHT}


@right("8.5.2")
def items():
    """Write the constants by name."""
    return {**RIGHT, "Basket[Roll](item=ROLL)": dict(ROLL)}


class Envelope(BaseModel, Generic[T]):
    data: T | None = None
    problem: str | None = None

    def unwrap(self):
        if self.problem is not None:
            raise Refused(self.problem)
        return self.data


@wrong("8.5.3", caught_by="test_q3_a_reply_has_exactly_one_part[none]")
class Reply(Envelope[T], Generic[T]):
    """Check nothing."""


@wrong("8.5.3", caught_by="test_q3_empty_data_are_data")
class Reply(Envelope[T], Generic[T]):
    """Take empty data for missing ones."""

    @model_validator(mode="after")
    def check(self):
        if bool(self.data) == bool(self.problem):
            raise ValueError("one of them")
        return self


@wrong("8.5.3", caught_by="test_q3_a_reply_has_exactly_one_part[none]")
class Reply(Envelope[T], Generic[T]):
    """Refuse a reply with both only."""

    @model_validator(mode="after")
    def check(self):
        if self.data is not None and self.problem is not None:
            raise ValueError("both")
        return self


@wrong("8.5.3", caught_by="test_q3_a_reply_has_exactly_one_part[both]")
class Reply(Envelope[T], Generic[T]):
    """Refuse a reply with none only."""

    @model_validator(mode="after")
    def check(self):
        if self.data is None and self.problem is None:
            raise ValueError("none")
        return self


@wrong("8.5.3", caught_by="test_q3_a_problem_that_is_null_counts_as_missing")
class Reply(Envelope[T], Generic[T]):
    """Look at which fields were sent, so that null is a value."""

    @model_validator(mode="after")
    def check(self):
        if len(self.model_fields_set) != 1:
            raise ValueError("one of them")
        return self


@wrong("8.5.3", caught_by="test_q3_a_reply_has_exactly_one_part[none]")
class Reply(Envelope[T], Generic[T]):
    """Write a field validator, which never runs for a default."""

    @field_validator("problem")
    @classmethod
    def check(cls, problem, info):
        if (info.data.get("data") is None) == (problem is None):
            raise ValueError("one of them")
        return problem


@wrong("8.5.3", caught_by="test_q3_unwrap_returns_the_data_with_their_type")
class Reply(Envelope[T], Generic[T]):
    """Forget to return the object from the validator."""

    @model_validator(mode="after")
    def check(self):
        if (self.data is None) == (self.problem is None):
            raise ValueError("one of them")


class Checked(Envelope[T], Generic[T]):
    @model_validator(mode="after")
    def check(self):
        if (self.data is None) == (self.problem is None):
            raise ValueError("one of them")
        return self


@wrong("8.5.3", caught_by="test_q3_each_part_is_validated[text]")
class Reply(Checked[T], Generic[T]):
    """Validate nothing of the data."""

    data: Any = None


@wrong("8.5.3", caught_by="test_q3_unwrap_raises_the_problem")
class Reply(Checked[T], Generic[T]):
    """Return the problem instead of raising it."""

    def unwrap(self):
        return self.data if self.problem is None else self.problem


@wrong("8.5.3", caught_by="test_q3_unwrap_raises_the_problem[alone-int-empty]")
class Reply(Checked[T], Generic[T]):
    """Treat an empty problem as none."""

    def unwrap(self):
        if self.problem:
            raise Refused(self.problem)
        return self.data


@wrong("8.5.3", caught_by="test_q3_unwrap_raises_the_problem")
class Reply(Checked[T], Generic[T]):
    """Raise an error of another type."""

    def unwrap(self):
        if self.problem is not None:
            raise ValueError(self.problem)
        return self.data


@wrong("8.5.3", caught_by="test_q3_unwrap_raises_the_problem")
class Reply(BaseModel, Generic[T]):
    """Raise the problem when the reply is read."""

    data: T | None = None
    problem: str | None = None

    @model_validator(mode="after")
    def check(self):
        if (self.data is None) == (self.problem is None):
            raise ValueError("one of them")
        if self.problem is not None:
            raise Refused(self.problem)
        return self

    def unwrap(self):
        return self.data


@wrong("8.5.3", caught_by="test_q3_a_reply_has_exactly_one_part[text]")
class Reply(Envelope[T], Generic[T]):
    """Take all JSON for objects."""

    @model_validator(mode="before")
    @classmethod
    def check(cls, values):
        if (values.get("data") is None) == (values.get("problem") is None):
            raise ValueError("one of them")
        return values


@right("8.5.3")
class Reply(Envelope[T], Generic[T]):
    """Look at the raw values, before the fields are validated."""

    @model_validator(mode="before")
    @classmethod
    def check(cls, values):
        if isinstance(values, dict):
            parts = [values.get(name) for name in ("data", "problem")]
            if parts.count(None) != 1:
                raise PydanticCustomError("parts", "one of data and problem")
        return values


@right("8.5.3")
class Reply(BaseModel, Generic[T]):
    """Check when the object is complete, and keep optional fields."""

    data: Optional[T] = None
    problem: Optional[str] = None

    def model_post_init(self, context):
        if [self.data, self.problem].count(None) != 1:
            raise ValueError("one of data and problem")

    def unwrap(self) -> T:
        if self.data is None:
            raise Refused(self.problem)
        return self.data


@wrong("8.5.1", caught_by="test_q1_items_have_the_type_in_the_brackets[str]")
class Page(BaseModel, Generic[T]):
    """Remove the spaces around texts."""

    model_config = ConfigDict(str_strip_whitespace=True)
    items: list[T]
    total: int = Field(ge=0)
    page: int = Field(ge=1)


@wrong("8.5.3", caught_by="test_q3_unwrap_raises_the_problem[alone-int-spaces]")
class Reply(BaseModel, Generic[T]):
    """Remove the spaces around a problem."""

    data: T | None = None
    problem: str | None = None

    @model_validator(mode="after")
    def one_part(self):
        if (self.data is None) == (self.problem is None):
            raise ValueError("either data or a problem")
        return self

    def unwrap(self):
        if self.problem is not None:
            raise Refused(self.problem.strip())
        return self.data
