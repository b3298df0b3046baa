"""Other answers to section 8.4."""

import copy
from functools import cached_property

from pydantic import ConfigDict, model_validator

from sensei.variants import right, wrong


@wrong("8.4.1", caught_by="test_q1_the_three_fields_are_left_out[the example]")
def delivery_note(order):
    """Name the field of the items without "__all__", which excludes nothing."""
    return order.model_dump(
        exclude={"margin": True, "cafe": {"discount"}, "items": {"cost"}}
    )


@wrong("8.4.1", caught_by="test_q1_the_three_fields_are_left_out[three items]")
def delivery_note(order):
    """Exclude a field of the first item only."""
    return order.model_dump(
        exclude={"margin": True, "cafe": {"discount"}, "items": {0: {"cost"}}}
    )


@wrong("8.4.1", caught_by="test_q1_the_three_fields_are_left_out[the example]")
def delivery_note(order):
    """Write all names into one set."""
    return order.model_dump(exclude={"margin", "discount", "cost"})


@wrong("8.4.1", caught_by="test_q1_the_three_fields_are_left_out[the example]")
def delivery_note(order):
    """Leave out what is None, too."""
    items = {"__all__": {"cost"}}
    return order.model_dump(
        exclude={"margin": True, "cafe": {"discount"}, "items": items},
        exclude_none=True,
    )


@wrong("8.4.1", caught_by="test_q1_fields_with_their_default_value_stay")
def delivery_note(order):
    """Leave out what was not set."""
    items = {"__all__": {"cost"}}
    return order.model_dump(
        exclude={"margin": True, "cafe": {"discount"}, "items": items},
        exclude_unset=True,
    )


@wrong("8.4.1", caught_by="test_q1_the_fields_of_a_subclass_are_left_out")
def delivery_note(order):
    """Serialize each part as what it is."""
    items = {"__all__": {"cost"}}
    return order.model_dump(
        exclude={"margin": True, "cafe": {"discount"}, "items": items},
        serialize_as_any=True,
    )


@wrong("8.4.1", caught_by="test_q1_the_fields_of_a_subclass_are_left_out")
def delivery_note(order):
    """Dump the café on its own, where it is a `NightCafe`."""
    note = order.model_dump(exclude={"margin", "cafe", "items"})
    note["cafe"] = order.cafe.model_dump(exclude={"discount"})
    note["items"] = [item.model_dump(exclude={"cost"}) for item in order.items]
    return note


@wrong("8.4.1", caught_by="test_q1_the_order_does_not_change")
def delivery_note(order):
    """Delete the attributes of the order."""
    del order.margin, order.cafe.discount
    for item in order.items:
        del item.cost
    return {
        "number": order.number,
        "cafe": {"name": order.cafe.name, "phone": order.cafe.phone},
        "items": [vars(item) for item in order.items],
        "note": order.note,
    }


@right("8.4.1")
def delivery_note(order):
    """Dump everything, and delete from the dict."""
    note = order.model_dump()
    del note["margin"], note["cafe"]["discount"]
    for item in note["items"]:
        del item["cost"]
    return note


@right("8.4.1")
def delivery_note(order):
    """Name the fields that stay."""
    items = {"__all__": {"product", "pieces"}}
    cafe = {"name", "phone"}
    return order.model_dump(
        include={"number": True, "note": True, "cafe": cafe, "items": items}
    )


@right("8.4.1")
def delivery_note(order):
    """Validate the order as a model without these fields."""

    class CafeOut(BaseModel):
        name: str
        phone: str | None

    class ItemOut(BaseModel):
        product: str
        pieces: int

    class Note(BaseModel):
        number: int
        cafe: CafeOut
        items: list[ItemOut]
        note: str | None

    return Note.model_validate(order, from_attributes=True).model_dump()


@wrong("8.4.2", caught_by="test_q2_the_prediction_is_what_comes_out[dump]")
def keys():
    """Expect aliases in every dump."""
    return {
        "dump": ["breadName", "weightGrams"],
        "dump by alias": ["breadName", "weightGrams"],
        "JSON": ["name", "weight"],
        "read again": "ValidationError",
        "/aliases": ["breadName", "weightGrams"],
        "/names": ["name", "weight"],
    }


@wrong("8.4.2", caught_by="test_q2_the_prediction_is_what_comes_out[dump by alias]")
def keys():
    """Take the alias for validation."""
    return {
        "dump": ["name", "weight"],
        "dump by alias": ["breadName", "millGrams"],
        "JSON": ["name", "weight"],
        "read again": "ValidationError",
        "/aliases": ["breadName", "weightGrams"],
        "/names": ["name", "weight"],
    }


@wrong("8.4.2", caught_by="test_q2_the_prediction_is_what_comes_out[JSON]")
def keys():
    """Expect aliases in JSON."""
    return {
        "dump": ["name", "weight"],
        "dump by alias": ["breadName", "weightGrams"],
        "JSON": ["breadName", "weightGrams"],
        "read again": "ValidationError",
        "/aliases": ["breadName", "weightGrams"],
        "/names": ["name", "weight"],
    }


@wrong("8.4.2", caught_by="test_q2_the_prediction_is_what_comes_out[read again]")
def keys():
    """Expect that a model reads what it has written."""
    return {
        "dump": ["name", "weight"],
        "dump by alias": ["breadName", "weightGrams"],
        "JSON": ["name", "weight"],
        "read again": ["name", "weight"],
        "/aliases": ["breadName", "weightGrams"],
        "/names": ["name", "weight"],
    }


@wrong("8.4.2", caught_by="test_q2_the_prediction_is_what_comes_out[/aliases]")
def keys():
    """Expect the same default in FastAPI as in Pydantic."""
    return {
        "dump": ["name", "weight"],
        "dump by alias": ["breadName", "weightGrams"],
        "JSON": ["name", "weight"],
        "read again": "ValidationError",
        "/aliases": ["name", "weight"],
        "/names": ["name", "weight"],
    }


@wrong("8.4.2", caught_by="test_q2_the_prediction_is_what_comes_out[/names]")
def keys():
    """Expect aliases in every response."""
    return {
        "dump": ["name", "weight"],
        "dump by alias": ["breadName", "weightGrams"],
        "JSON": ["name", "weight"],
        "read again": "ValidationError",
        "/aliases": ["breadName", "weightGrams"],
        "/names": ["breadName", "weightGrams"],
    }


@right("8.4.2")
def keys():
    """Write tuples, in another order."""
    names, aliases = ("weight", "name"), ("weightGrams", "breadName")
    return {
        "/aliases": aliases,
        "/names": names,
        "JSON": names,
        "dump": names,
        "dump by alias": aliases,
        "read again": "ValidationError",
    }


@right("8.4.2")
def keys():
    """Make the dumps instead of predicting them."""
    names = list(rye().model_dump())
    aliases = list(rye().model_dump(by_alias=True))
    return {
        "dump": names,
        "dump by alias": aliases,
        "JSON": names,
        "read again": "ValidationError",
        "/aliases": aliases,
        "/names": names,
    }


@wrong("8.4.3", caught_by="test_q3_the_serialized_bill_contains_the_total[one line]")
class Bill(BaseModel):
    """Write a property, which is not serialized."""

    number: int
    lines: list[Line]

    @property
    def total(self) -> Decimal:
        return sum((line.pieces * line.price for line in self.lines), Decimal(0))


@wrong("8.4.3", caught_by="test_q3_the_total_changes_with_the_lines")
class Bill(BaseModel):
    """Compute the total once."""

    number: int
    lines: list[Line]

    @computed_field
    @cached_property
    def total(self) -> Decimal:
        return sum((line.pieces * line.price for line in self.lines), Decimal(0))


@wrong("8.4.3", caught_by="test_q3_the_total_is_the_exact_sum_of_all_lines[no lines]")
class Bill(BaseModel):
    """Begin the sum with the integer 0."""

    number: int
    lines: list[Line]

    @computed_field
    @property
    def total(self) -> Decimal:
        return sum(line.pieces * line.price for line in self.lines)


@wrong("8.4.3", caught_by="test_q3_the_total_is_the_exact_sum_of_all_lines")
class Bill(BaseModel):
    """Compute with floats."""

    number: int
    lines: list[Line]

    @computed_field
    @property
    def total(self) -> float:
        return sum(line.pieces * float(line.price) for line in self.lines)


@wrong(
    "8.4.3",
    caught_by="test_q3_the_documentation_shows_the_total_of_the_response",
)
class Bill(BaseModel):
    """Declare the type as any."""

    number: int
    lines: list[Line]

    @computed_field
    @property
    def total(self) -> Any:
        return sum((line.pieces * line.price for line in self.lines), Decimal(0))


@wrong("8.4.3", caught_by="test_q3_the_total_changes_with_the_lines")
class Bill(BaseModel):
    """Set an ordinary field after the validation."""

    number: int
    lines: list[Line]
    total: Decimal = Decimal(0)

    @model_validator(mode="after")
    def add(self):
        self.total = sum((one.pieces * one.price for one in self.lines), Decimal(0))
        return self


@wrong("8.4.3", caught_by="test_q3_the_input_cannot_set_the_total[1.00]")
class Bill(BaseModel):
    """Compute the total only if there is none."""

    number: int
    lines: list[Line]
    total: Decimal | None = None

    @model_validator(mode="after")
    def add(self):
        if self.total is None:
            self.total = sum((one.pieces * one.price for one in self.lines), Decimal(0))
        return self


@wrong("8.4.3", caught_by="test_q3_the_total_is_the_exact_sum_of_all_lines[one line]")
class Bill(BaseModel):
    """Forget the number of pieces."""

    number: int
    lines: list[Line]

    @computed_field
    @property
    def total(self) -> Decimal:
        return sum((line.price for line in self.lines), Decimal(0))


@wrong("8.4.3", caught_by="test_q3_nobody_can_assign_the_total")
class Bill(BaseModel):
    """Allow to set it."""

    number: int
    lines: list[Line]
    _set: Decimal | None = None

    @computed_field
    @property
    def total(self) -> Decimal:
        if self._set is not None:
            return self._set
        return sum((line.pieces * line.price for line in self.lines), Decimal(0))

    @total.setter
    def total(self, value: Decimal) -> None:
        self._set = value


@right("8.4.3")
class Bill(BaseModel):
    """Refuse other fields, and leave out `@property`, which is then added."""

    model_config = ConfigDict(extra="forbid")

    number: int
    lines: list[Line]

    @computed_field
    def total(self) -> Decimal:
        total = Decimal()
        for line in self.lines:
            total += line.price * line.pieces
        return total


def add_up(bill) -> Decimal:
    return sum([Decimal(one.pieces) * one.price for one in bill.lines], start=Decimal())


@right("8.4.3")
class Bill(BaseModel):
    """Give the type to the decorator."""

    number: int
    lines: list[Line]

    @computed_field(return_type=Decimal, description="What the café pays.")
    @property
    def total(self):
        return add_up(copy.copy(self))


@right("8.4.3")
class Bill(BaseModel):
    """Begin the sum with two decimal places."""

    number: int
    lines: list[Line]

    @computed_field
    @property
    def total(self) -> Decimal:
        return sum((line.pieces * line.price for line in self.lines), Decimal("0.00"))


@wrong("8.4.3", caught_by="test_q3_the_input_cannot_set_the_total[1.00]")
class Bill(BaseModel):
    """Keep the total of the input in the extra fields, and so in the JSON."""

    model_config = ConfigDict(extra="allow")

    number: int
    lines: list[Line]

    @computed_field
    @property
    def total(self) -> Decimal:
        return sum((line.pieces * line.price for line in self.lines), Decimal(0))


@wrong("8.4.3", caught_by="test_q3_the_serialized_bill_contains_the_total[one line]")
class Bill(BaseModel):
    """Cut the zeros at the end."""

    number: int
    lines: list[Line]

    @computed_field
    @property
    def total(self) -> Decimal:
        total = sum((line.pieces * line.price for line in self.lines), Decimal(0))
        return total.normalize()


@wrong("8.4.2", caught_by="test_q2_the_prediction_is_what_comes_out[dump]")
def keys():
    """Write the values instead of the keys."""
    return {
        "dump": ["rye", 750],
        "dump by alias": ["breadName", "weightGrams"],
        "JSON": ["name", "weight"],
        "read again": "ValidationError",
        "/aliases": ["breadName", "weightGrams"],
        "/names": ["name", "weight"],
    }


@wrong("8.4.1", caught_by="test_q1_the_three_fields_are_left_out[the example]")
def delivery_note(order):
    """Make a dict of the order only, and leave its parts as they are."""
    note = dict(order)
    del note["margin"]
    return note


@wrong(
    "8.4.1",
    caught_by="test_q1_the_three_fields_are_left_out"
    "[texts that are empty or end with a space]",
)
def delivery_note(order):
    """Make None of an empty text."""
    cafe = {"name": order.cafe.name, "phone": order.cafe.phone or None}
    items = [{"product": one.product, "pieces": one.pieces} for one in order.items]
    note = order.note or None
    return {"number": order.number, "cafe": cafe, "items": items, "note": note}


@wrong(
    "8.4.3",
    caught_by="test_q3_the_total_is_the_exact_sum_of_all_lines[the same line twice]",
)
class Bill(BaseModel):
    """Add up a set of amounts, so that equal lines count once."""

    number: int
    lines: list[Line]

    @computed_field
    @property
    def total(self) -> Decimal:
        return sum({line.pieces * line.price for line in self.lines}, Decimal(0))


@wrong("8.4.3", caught_by="test_q3_the_total_changes_with_the_lines")
class Bill(BaseModel):
    """Freeze the whole model, so that its lines cannot be assigned."""

    model_config = ConfigDict(frozen=True)
    number: int
    lines: list[Line]

    @computed_field
    @property
    def total(self) -> Decimal:
        return sum((line.pieces * line.price for line in self.lines), Decimal(0))
