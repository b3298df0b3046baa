"""Other answers to section 8.1."""

from typing import Any

from fastapi import HTTPException
from pydantic import (
    ConfigDict,
    EmailStr,
    StringConstraints,
    ValidationInfo,
    WrapValidator,
    conint,
    constr,
)
from pydantic_core import PydanticCustomError

from sensei.variants import right, wrong


@wrong("8.1.1", caught_by="test_q1_the_model_stores_a_tidy_email")
class Cafe(BaseModel):
    """Check the email and return nothing."""

    name: str
    email: str

    @field_validator("email")
    @classmethod
    def check_email(cls, email):
        if not EMAIL.fullmatch(email.strip().lower()):
            raise ValueError("not an email address")


@wrong("8.1.1", caught_by="test_q1_the_model_stores_a_tidy_email[spaces]")
class Cafe(BaseModel):
    """Check the tidy text and store the text as it was sent."""

    name: str
    email: str

    @field_validator("email")
    @classmethod
    def check_email(cls, email: str) -> str:
        if not EMAIL.fullmatch(email.strip().lower()):
            raise ValueError("not an email address")
        return email


@wrong("8.1.1", caught_by="test_q1_the_model_stores_a_tidy_email")
class Cafe(BaseModel):
    """Check the text before it is in lower case."""

    name: str
    email: str

    @field_validator("email")
    @classmethod
    def check_email(cls, email: str) -> str:
        if not EMAIL.fullmatch(email.strip()):
            raise ValueError("not an email address")
        return email.strip().lower()


@wrong("8.1.1", caught_by="test_q1_the_model_stores_a_tidy_email[spaces]")
class Cafe(BaseModel):
    """Remove the spaces of every field by the configuration of the model."""

    model_config = ConfigDict(str_strip_whitespace=True, str_to_lower=True)
    name: str
    email: str

    @field_validator("email")
    @classmethod
    def check_email(cls, email: str) -> str:
        if not EMAIL.fullmatch(email):
            raise ValueError("not an email address")
        return email


@wrong(
    "8.1.1",
    caught_by="test_q1_a_text_that_does_not_match_is_an_error_of_email[more text]",
)
class Cafe(BaseModel):
    """Match the beginning of the text only."""

    name: str
    email: str

    @field_validator("email")
    @classmethod
    def check_email(cls, email: str) -> str:
        email = email.strip().lower()
        if not EMAIL.match(email):
            raise ValueError("not an email address")
        return email


@wrong(
    "8.1.1",
    caught_by="test_q1_a_text_that_does_not_match_is_an_error_of_email[no email]",
)
class Cafe(BaseModel):
    """Look for an @ only."""

    name: str
    email: str

    @field_validator("email")
    @classmethod
    def check_email(cls, email: str) -> str:
        if "@" not in email:
            raise ValueError("not an email address")
        return email.strip().lower()


@wrong("8.1.1", caught_by="test_q1_the_validator_works_without_assert")
class Cafe(BaseModel):
    """Use `assert`."""

    name: str
    email: str

    @field_validator("email")
    @classmethod
    def check_email(cls, email: str) -> str:
        email = email.strip().lower()
        assert EMAIL.fullmatch(email), "not an email address"
        return email


@wrong("8.1.1", caught_by="test_q1_fastapi_returns_422_for_an_invalid_email")
class Cafe(BaseModel):
    """Take the raw value for a string."""

    name: str
    email: str

    @field_validator("email", mode="before")
    @classmethod
    def check_email(cls, email: Any) -> str:
        email = email.strip().lower()
        if not EMAIL.fullmatch(email):
            raise ValueError("not an email address")
        return email


@wrong("8.1.1", caught_by="test_q1_fastapi_returns_422_for_an_invalid_email")
class Cafe(BaseModel):
    """Raise HTTPException, which is no validation error."""

    name: str
    email: str

    @field_validator("email")
    @classmethod
    def check_email(cls, email: str) -> str:
        email = email.strip().lower()
        if not EMAIL.fullmatch(email):
            raise HTTPException(422, "not an email address")
        return email


@wrong(
    "8.1.1",
    caught_by="test_q1_a_text_that_does_not_match_is_an_error_of_email[no email]",
)
class Cafe(BaseModel):
    """Check the whole model, so that the error belongs to no field."""

    name: str
    email: str

    @model_validator(mode="after")
    def check_email(self) -> Self:
        self.email = self.email.strip().lower()
        if not EMAIL.fullmatch(self.email):
            raise ValueError("not an email address")
        return self


@wrong("8.1.1", caught_by="test_q1_the_model_stores_a_tidy_email[spaces]")
class Cafe(BaseModel):
    """Remove spaces, but not line breaks and tabs."""

    name: str
    email: str

    @field_validator("email")
    @classmethod
    def check_email(cls, email):
        email = email.strip(" ").lower()
        if not EMAIL.fullmatch(email):
            raise ValueError("not an email address")
        return email


@wrong(
    "8.1.1", caught_by="test_q1_a_text_that_does_not_match_is_an_error_of_email[inside]"
)
class Cafe(BaseModel):
    """Remove the spaces inside, too."""

    name: str
    email: str

    @field_validator("email")
    @classmethod
    def check_email(cls, email):
        email = "".join(email.split()).lower()
        if not EMAIL.fullmatch(email):
            raise ValueError("not an email address")
        return email


@wrong(
    "8.1.1",
    caught_by="test_q1_a_text_that_does_not_match_is_an_error_of_email[letters]",
)
class Cafe(BaseModel):
    """Use `casefold`, which changes other letters, too."""

    name: str
    email: str

    @field_validator("email")
    @classmethod
    def check_email(cls, email):
        email = email.strip().casefold()
        if not EMAIL.fullmatch(email):
            raise ValueError("not an email address")
        return email


@wrong("8.1.1", caught_by="test_q1_a_value_of_another_type_is_not_stored_unchecked")
class Cafe(BaseModel):
    """Check strings only, before Pydantic converts bytes."""

    name: str
    email: str

    @field_validator("email", mode="before")
    @classmethod
    def check_email(cls, email):
        if not isinstance(email, str):
            return email
        email = email.strip().lower()
        if not EMAIL.fullmatch(email):
            raise ValueError("not an email address")
        return email


@wrong("8.1.1", caught_by="test_q1_a_value_of_another_type_is_not_stored_unchecked")
class Cafe(BaseModel):
    """Make a string of every value."""

    name: str
    email: str

    @field_validator("email", mode="before")
    @classmethod
    def check_email(cls, email):
        email = str(email).strip().lower()
        if not EMAIL.fullmatch(email):
            raise ValueError("not an email address")
        return email


@right("8.1.1")
class Cafe(BaseModel):
    """Two validators, one before and one after."""

    name: str
    email: str

    @field_validator("email", mode="before")
    @classmethod
    def tidy_email(cls, email: Any) -> Any:
        return email.strip().lower() if isinstance(email, str) else email

    @field_validator("email", mode="after")
    @classmethod
    def check_email(cls, email: str) -> str:
        if EMAIL.fullmatch(email) is None:
            raise PydanticCustomError("email", "not an email address")
        return email


def to_email(value: str) -> str:
    """Return a tidy email address."""
    email = value.strip().lower()
    if EMAIL.fullmatch(email):
        return email
    raise ValueError(f"{value!r} is not an email address")


@right("8.1.1")
class Cafe(BaseModel):
    """A reusable type with a function."""

    name: str
    email: Annotated[str, AfterValidator(to_email)]


@wrong("8.1.2", caught_by="test_q2_the_steps_run_in_their_order[dozen]")
class Order(BaseModel):
    """Write the validators before the type in the order of the steps."""

    bread: int = Field(default=0, ge=0)
    rolls: Annotated[
        int,
        BeforeValidator(tidy),
        BeforeValidator(in_pieces),
        AfterValidator(full_trays),
        AfterValidator(fits_oven),
    ]

    @model_validator(mode="after")
    def check_space(self) -> Self:
        if self.rolls + 4 * self.bread > 90:
            raise ValueError("The van holds 90 rolls.")
        return self


@wrong("8.1.2", caught_by="test_q2_the_steps_run_in_their_order[text]")
class Order(BaseModel):
    """Write the validators after the type in the reverse order."""

    bread: int = Field(default=0, ge=0)
    rolls: Annotated[
        int,
        AfterValidator(fits_oven),
        AfterValidator(full_trays),
        BeforeValidator(in_pieces),
        BeforeValidator(tidy),
    ]

    @model_validator(mode="after")
    def check_space(self) -> Self:
        if self.rolls + 4 * self.bread > 90:
            raise ValueError("The van holds 90 rolls.")
        return self


@wrong(
    "8.1.2", caught_by="test_q2_a_valid_order_is_returned[Order.model_validate(...)]"
)
class Order(BaseModel):
    """Return nothing from the model validator."""

    bread: int = Field(default=0, ge=0)
    rolls: Annotated[
        int,
        BeforeValidator(in_pieces),
        BeforeValidator(tidy),
        AfterValidator(full_trays),
        AfterValidator(fits_oven),
    ]

    @model_validator(mode="after")
    def check_space(self):
        if self.rolls + 4 * self.bread > 90:
            raise ValueError("The van holds 90 rolls.")


@wrong("8.1.2", caught_by="test_q2_too_little_space_is_an_error_of_the_whole_order")
class Order(BaseModel):
    """Check the space in a validator of one field."""

    rolls: Annotated[
        int,
        BeforeValidator(in_pieces),
        BeforeValidator(tidy),
        AfterValidator(full_trays),
        AfterValidator(fits_oven),
    ]
    bread: int = Field(default=0, ge=0)

    @field_validator("bread")
    @classmethod
    def check_space(cls, bread: int, info: ValidationInfo) -> int:
        if info.data.get("rolls", 0) + 4 * bread > 90:
            raise ValueError("The van holds 90 rolls.")
        return bread


@wrong("8.1.2", caught_by="test_q2_too_little_space_is_an_error_of_the_whole_order")
class Order(BaseModel):
    """Check the raw values."""

    bread: int = Field(default=0, ge=0)
    rolls: Annotated[
        int,
        BeforeValidator(in_pieces),
        BeforeValidator(tidy),
        AfterValidator(full_trays),
        AfterValidator(fits_oven),
    ]

    @model_validator(mode="before")
    @classmethod
    def check_space(cls, data: Any) -> Any:
        try:
            space = int(data["rolls"]) + 4 * int(data.get("bread", 0))
        except (KeyError, TypeError, ValueError):
            return data
        if space > 90:
            raise ValueError("The van holds 90 rolls.")
        return data


@wrong("8.1.2", caught_by="test_q2_a_valid_order_is_returned")
class Order(BaseModel):
    """Refuse 90 rolls, which the van holds."""

    bread: int = Field(default=0, ge=0)
    rolls: Annotated[
        int,
        BeforeValidator(in_pieces),
        BeforeValidator(tidy),
        AfterValidator(full_trays),
        AfterValidator(fits_oven),
    ]

    @model_validator(mode="after")
    def check_space(self) -> Self:
        if self.rolls + 4 * self.bread >= 90:
            raise ValueError("The van holds 90 rolls.")
        return self


@wrong("8.1.2", caught_by="test_q2_too_little_space_is_an_error_of_the_whole_order")
class Order(BaseModel):
    """Leave the whole order unchecked."""

    bread: int = Field(default=0, ge=0)
    rolls: Annotated[
        int,
        BeforeValidator(in_pieces),
        BeforeValidator(tidy),
        AfterValidator(full_trays),
        AfterValidator(fits_oven),
    ]


def all_steps(value: Any) -> Any:
    """Run all steps, for those values that are expected."""
    value = in_pieces(tidy(value))
    if isinstance(value, str):
        value = int(value)
    return fits_oven(full_trays(value)) if isinstance(value, int) else value


@wrong("8.1.2", caught_by="test_q2_the_steps_run_in_their_order[float]")
class Order(BaseModel):
    """Run all steps before Pydantic's own validation of an `int`."""

    bread: int = Field(default=0, ge=0)
    rolls: Annotated[int, BeforeValidator(all_steps)]

    @model_validator(mode="after")
    def check_space(self) -> Self:
        if self.rolls + 4 * self.bread > 90:
            raise ValueError("The van holds 90 rolls.")
        return self


@wrong("8.1.2", caught_by="test_q2_rolls_is_required")
class Order(BaseModel):
    """Give the rolls a default."""

    bread: int = Field(default=0, ge=0)
    rolls: Annotated[
        int,
        BeforeValidator(in_pieces),
        BeforeValidator(tidy),
        AfterValidator(full_trays),
        AfterValidator(fits_oven),
    ] = 0

    @model_validator(mode="after")
    def check_space(self) -> Self:
        if self.rolls + 4 * self.bread > 90:
            raise ValueError("The van holds 90 rolls.")
        return self


@wrong("8.1.2", caught_by="test_q2_too_little_space_is_an_error_of_the_whole_order")
class Order(BaseModel):
    """Check the space only if there is bread."""

    bread: int = Field(default=0, ge=0)
    rolls: Annotated[
        int,
        BeforeValidator(in_pieces),
        BeforeValidator(tidy),
        AfterValidator(full_trays),
        AfterValidator(fits_oven),
    ]

    @model_validator(mode="after")
    def check_space(self) -> Self:
        if self.bread and self.rolls + 4 * self.bread > 90:
            raise ValueError("The van holds 90 rolls.")
        return self


@right("8.1.2")
class Order(BaseModel):
    """Decorators, in the order of the steps."""

    rolls: int
    bread: int = Field(default=0, ge=0)

    @field_validator("rolls", mode="before")
    @classmethod
    def raw(cls, value: Any) -> Any:
        return in_pieces(tidy(value))

    @field_validator("rolls")
    @classmethod
    def round_up(cls, value: int) -> int:
        return full_trays(value)

    @field_validator("rolls")
    @classmethod
    def check_oven(cls, value: int) -> int:
        return fits_oven(value)

    @model_validator(mode="after")
    def check_space(self) -> Self:
        if self.rolls + 4 * self.bread <= 90:
            return self
        raise ValueError("The van holds 90 rolls.")


@right("8.1.2")
class Order(BaseModel):
    """One wrap validator for the field, and one for the model."""

    bread: int = Field(default=0, ge=0)
    rolls: Annotated[
        int,
        WrapValidator(
            lambda value, inner: fits_oven(full_trays(inner(in_pieces(tidy(value)))))
        ),
    ]

    @model_validator(mode="wrap")
    @classmethod
    def check_space(cls, data: Any, handler: Any) -> Any:
        order = handler(data)
        if order.rolls + 4 * order.bread > 90:
            raise ValueError("The van holds 90 rolls.")
        return order


@right("8.1.2")
class Order(BaseModel):
    """Functions of two steps, and `model_post_init`."""

    bread: int = Field(default=0, ge=0)
    rolls: Annotated[
        int,
        BeforeValidator(lambda value: in_pieces(tidy(value))),
        AfterValidator(lambda pieces: fits_oven(full_trays(pieces))),
    ]

    def model_post_init(self, context: Any) -> None:
        if self.rolls + 4 * self.bread > 90:
            raise ValueError("The van holds 90 rolls.")


@wrong("8.1.3", caught_by="test_q3_the_number_of_python_calls_does_not_grow")
class FastItem(SlowItem):
    """Inherit the validators."""


@wrong("8.1.3", caught_by="test_q3_the_number_of_python_calls_does_not_grow")
class FastItem(BaseModel):
    """Put the Python functions into the annotations."""

    code: Annotated[str, AfterValidator(SlowItem.check_code)]
    pieces: Annotated[int, AfterValidator(SlowItem.check_pieces)]
    note: Annotated[str, AfterValidator(SlowItem.check_note)] = ""


@wrong("8.1.3", caught_by="test_q3_the_number_of_python_calls_does_not_grow")
class FastItem(BaseModel):
    """Keep one Python function, for the code."""

    code: str
    pieces: int = Field(ge=1, le=500)
    note: str = Field(default="", max_length=40)

    @field_validator("code")
    @classmethod
    def check_code(cls, code: str) -> str:
        return SlowItem.check_code(code)


@wrong("8.1.3", caught_by="test_q3_it_refuses_what_slow_item_refuses[pieces]")
class FastItem(BaseModel):
    """Declare the types only."""

    code: str
    pieces: int
    note: str = ""


@wrong("8.1.3", caught_by="test_q3_it_refuses_what_slow_item_refuses[around]")
class FastItem(BaseModel):
    """Search for the pattern anywhere in the text."""

    code: str = Field(pattern="[A-Z]{3}-[0-9]{3}")
    pieces: int = Field(ge=1, le=500)
    note: str = Field(default="", max_length=40)


@wrong("8.1.3", caught_by="test_q3_it_refuses_what_slow_item_refuses[digits]")
class FastItem(BaseModel):
    """Allow the digits of all languages."""

    code: str = Field(pattern=r"^[A-Z]{3}-\d{3}$")
    pieces: int = Field(ge=1, le=500)
    note: str = Field(default="", max_length=40)


@wrong("8.1.3", caught_by="test_q3_it_stores_what_slow_item_stores[bounds]")
class FastItem(BaseModel):
    """Exclude the bounds."""

    code: str = Field(pattern="^[A-Z]{3}-[0-9]{3}$")
    pieces: int = Field(gt=1, lt=500)
    note: str = Field(default="", max_length=40)


@wrong("8.1.3", caught_by="test_q3_it_stores_what_slow_item_stores[default]")
class FastItem(BaseModel):
    """Require the note."""

    code: str = Field(pattern="^[A-Z]{3}-[0-9]{3}$")
    pieces: int = Field(ge=1, le=500)
    note: str = Field(max_length=40)


@wrong("8.1.3", caught_by="test_q3_it_stores_what_slow_item_stores[converted]")
class FastItem(BaseModel):
    """Do not convert the number of pieces."""

    code: str = Field(pattern="^[A-Z]{3}-[0-9]{3}$")
    pieces: int = Field(ge=1, le=500, strict=True)
    note: str = Field(default="", max_length=40)


@wrong("8.1.3", caught_by="test_q3_it_refuses_what_slow_item_refuses[around]")
class FastItem(BaseModel):
    """Use Python's engine, where "$" also matches before a line break."""

    model_config = ConfigDict(regex_engine="python-re")
    code: str = Field(pattern="^[A-Z]{3}-[0-9]{3}$")
    pieces: int = Field(ge=1, le=500)
    note: str = Field(default="", max_length=40)


@wrong("8.1.3", caught_by="test_q3_it_stores_what_slow_item_stores[codes]")
class FastItem(BaseModel):
    """Remove spaces at both ends."""

    model_config = ConfigDict(str_strip_whitespace=True)
    code: str = Field(pattern="^[A-Z]{3}-[0-9]{3}$")
    pieces: int = Field(ge=1, le=500)
    note: str = Field(default="", max_length=40)


@wrong("8.1.3", caught_by="test_q3_it_stores_what_slow_item_stores[extra]")
class FastItem(BaseModel):
    """Refuse fields that are not declared."""

    model_config = ConfigDict(extra="forbid")
    code: str = Field(pattern="^[A-Z]{3}-[0-9]{3}$")
    pieces: int = Field(ge=1, le=500)
    note: str = Field(default="", max_length=40)


@wrong("8.1.3", caught_by="test_q3_it_stores_what_slow_item_stores[bytes]")
class FastItem(BaseModel):
    """Convert nothing."""

    model_config = ConfigDict(strict=True)
    code: str = Field(pattern="^[A-Z]{3}-[0-9]{3}$")
    pieces: int = Field(ge=1, le=500)
    note: str = Field(default="", max_length=40)


@right("8.1.3")
class FastItem(BaseModel):
    """Constraints in the annotations."""

    code: Annotated[str, StringConstraints(pattern=r"\A[A-Z]{3}-[0-9]{3}\z")]
    pieces: Annotated[int, Field(gt=0, lt=501)]
    note: Annotated[str, Field(max_length=40)] = ""


@right("8.1.3")
class FastItem(BaseModel):
    """The older functions `constr` and `conint`, and Python's regular expressions."""

    model_config = ConfigDict(regex_engine="python-re")
    code: constr(pattern=r"\A[A-Z]{3}-[0-9]{3}\Z")
    pieces: conint(ge=1, le=500)
    note: constr(max_length=40) = ""
