"""The tests of section 8.3."""

import copy
import importlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pydantic import BaseModel, PydanticUserError, ValidationError

from lab import attempt, importable, in_words, outcome, returned_or_raised

ADDRESS = {"street": "Kirkegata 3", "city": "Oslo"}
RYE = {"product": "rye bread", "pieces": 12}
ORDER: dict[str, Any] = {"cafe": "Luna", "address": ADDRESS, "items": [RYE]}


def order_model(answers) -> type[BaseModel]:
    """Return the model of 8.3.1."""
    model = attempt("`order_model()`", answers.order_model)
    is_model = isinstance(model, type) and issubclass(model, BaseModel)
    assert is_model, (
        f"`order_model()` returned {in_words(model)}. The docstring asks for the model "
        "for the order: the class itself. Look at your last line."
    )
    return model


VALID_ORDERS = {
    "one": ("Luna", [RYE]),
    "three": ("Sol", [RYE, {"product": "r", "pieces": 80}, RYE | {"pieces": 3}]),
    "the same product twice": ("Luna", [RYE, RYE]),
    "1 and 500 pieces": ("Luna", [RYE | {"pieces": 1}, RYE | {"pieces": 500}]),
    "empty names": ("", [{"product": "", "pieces": 3}]),
    "long names": ("Luna" * 99, [RYE | {"product": "rye" * 99}]),
    "many items": ("Luna", [RYE] * 999),
    "spaces": (" Luna ", [{"product": " Dark roll ", "pieces": 3}]),
}


@pytest.mark.parametrize(("cafe", "items"), VALID_ORDERS.values(), ids=VALID_ORDERS)
def test_q1_a_valid_order_becomes_objects(answers, cafe, items):
    text = json.dumps(ORDER | {"cafe": cafe, "items": items})

    model = order_model(answers)
    order: Any = outcome(lambda: model.model_validate_json(text))
    assert not isinstance(order, Exception), (
        f"Validating an order of {in_words(cafe)} with the items {in_words(items)} "
        f"raised {in_words(order)}. This order keeps all rules of the docstring. Look "
        "at the limits of the fields."
    )
    read = outcome(
        lambda: (
            order.cafe,
            order.address.street,
            order.address.city,
            [{"product": one.product, "pieces": one.pieces} for one in order.items],
        )
    )
    assert read == (cafe, "Kirkegata 3", "Oslo", items), (
        f"Validating a valid order returned {in_words(order)}. Reading the fields of "
        f"its parts {returned_or_raised(read)}. The docstring asks for objects with "
        "the values of the order. Look at the types of the fields."
    )
    assert isinstance(order.address, answers.Address), (
        f"`order.address` is {in_words(order.address)}, which is no instance of the "
        "given `Address`. The docstring asks for the model `Address` above. Look at "
        "the type of `address`."
    )


def changed(path: str, value: object) -> dict[str, Any]:
    """Return an order with another value at a place such as "items.0.pieces".

    The place is removed if the value is `...`.
    """
    order = copy.deepcopy(ORDER | {"items": [RYE, RYE]})
    *parents, last = path.split(".")
    target: Any = order
    for parent in parents:
        target = target[int(parent) if parent.isdigit() else parent]
    if value is ...:
        del target[last]
    else:
        target[int(last) if last.isdigit() else last] = value
    return order


def in_text(value: object) -> str:
    """Return a value for the id of a test and for its message."""
    return "missing" if value is ... else "empty" if value == [] else repr(value)


INVALID = [
    *[(path, ...) for path in ("cafe", "address", "items", "address.street")],
    *[(path, ...) for path in ("address.city", "items.0.product", "items.1.pieces")],
    *[(path, None) for path in ("cafe", "address", "items", "items.1")],
    *[(path, None) for path in ("items.0.product", "items.1.pieces")],
    *[(path, 7) for path in ("cafe", "address", "items", "items.1.product")],
    *[("items", []), ("items", RYE), ("items.1", "rye bread"), ("address", [ADDRESS])],
    *[("items.1.pieces", pieces) for pieces in (0, -1, 501, 1.5, "many", 2**70)],
]


@pytest.mark.parametrize(
    ("path", "value"),
    INVALID,
    ids=[f"{path} is {in_text(value)}" for path, value in INVALID],
)
def test_q1_an_order_that_breaks_a_rule_is_refused(answers, path, value):
    model = order_model(answers)
    attempt("Validating the order of the example", model.model_validate, ORDER)

    seen = outcome(lambda: model.model_validate(changed(path, value)))
    assert isinstance(seen, ValidationError), (
        f"In an order with two items, `{path}` was {in_text(value)}. Validation "
        f"{returned_or_raised(seen)}. The docstring asks for a `ValidationError`. Look "
        "at the type of this field and at its limits."
    )


LUNA = {"cafe": "Luna", "pieces": 40}
SOL = {"cafe": "Sol", "pieces": 500}


def plan(*days: list[object]) -> dict[str, Any]:
    """Return a plan with these deliveries for each day."""
    dated = [
        {"day": f"2026-03-{number:02}", "deliveries": deliveries}
        for number, deliveries in enumerate(days, 1)
    ]
    return {"driver": "Ida", "days": dated}


VALID = {
    "two days": plan([LUNA, SOL], [SOL]),
    "no days": plan(),
    "no deliveries": plan([]),
}


@pytest.mark.parametrize("valid", VALID.values(), ids=VALID)
def test_q2_a_valid_plan_has_no_problems(answers, valid):
    seen = outcome(lambda: answers.problems(copy.deepcopy(valid)))
    broken = outcome(lambda: answers.problems(plan([{**LUNA, "pieces": 0}])))

    assert (seen, isinstance(broken, list)) == ([], True), (
        f"`problems` {returned_or_raised(seen)} for the valid plan {in_words(valid)}, "
        f"and {returned_or_raised(broken)} for a plan with an error. The docstring "
        "asks for an empty list, and for a list of messages."
    )


PLACES: dict[str, tuple[object, list[str]]] = {
    "the first delivery": (
        plan([{**LUNA, "pieces": 0}]),
        ["days > 1 > deliveries > 1 > pieces"],
    ),
    "the tenth delivery of the second day": (
        plan([LUNA], [LUNA] * 9 + [{**LUNA, "pieces": 501}]),
        ["days > 2 > deliveries > 10 > pieces"],
    ),
    "a whole delivery": (
        plan([LUNA, LUNA, "Sol"]),
        ["days > 1 > deliveries > 3"],
    ),
    "a whole list": (plan([LUNA]) | {"days": {"1": []}}, ["days"]),
    "too many days": (plan(*[[LUNA]] * 8), ["days"]),
    "a field without a list": ({"days": []}, ["driver"]),
    "null": (None, ["plan"]),
    "a list": ([plan([LUNA])], ["plan"]),
    "a text": ("{}", ["plan"]),
    "several": (
        {
            "days": [
                {"day": "2026-02-30", "deliveries": [{"cafe": ""}, LUNA, {}]},
                {"day": "2026-03-02", "deliveries": [SOL]},
                {"day": "2026-03-03", "deliveries": None},
            ]
        },
        [
            "driver",
            "days > 1 > day",
            "days > 1 > deliveries > 1 > cafe",
            "days > 1 > deliveries > 1 > pieces",
            "days > 1 > deliveries > 3 > cafe",
            "days > 1 > deliveries > 3 > pieces",
            "days > 3 > deliveries",
        ],
    ),
}


@pytest.mark.parametrize("what", PLACES)
def test_q2_each_error_has_a_message_with_its_place(answers, what):
    broken, places = PLACES[what]
    try:
        answers.Plan.model_validate(broken)
    except ValidationError as error:
        texts = [entry["msg"] for entry in error.errors()]
    asked = [f"{place}: {text}" for place, text in zip(places, texts, strict=True)]

    seen = outcome(lambda: answers.problems(copy.deepcopy(broken)))
    is_list = isinstance(seen, list) and len(seen) == len(asked)
    assert is_list, (
        f"For the plan {in_words(broken)}, `problems` {returned_or_raised(seen)}. The "
        "docstring asks for a list with a message for each error. The number of errors "
        f"is {len(asked)}. Look at `error.errors()`."
    )
    for number, (one, right) in enumerate(zip(seen, asked, strict=True), 1):
        in_order = "It is there, but not in Pydantic's order." if right in seen else ""
        assert one == right, (
            f"Message {number} of {len(asked)} is {in_words(one)}. The docstring asks "
            f"for {in_words(right)}. {in_order or 'Look at `loc` and `msg`.'}"
        )


@contextmanager
def new_process(answers) -> Iterator[None]:
    """Let Python find the learner's package, no part of which is imported yet."""
    with importable(attempt("`bakery_path()`", answers.bakery_path), "bakery"):
        yield


def class_of(name: str) -> Any:
    """Return the class of a module, "Cafe" of "cafes" or "Order" of "orders"."""
    found = outcome(lambda: importlib.import_module(f"bakery.{name}"))
    assert not isinstance(found, Exception), (
        f"`import bakery.{name}` raised {in_words(found)}. The docstring asks that "
        "each module can be imported. Look at the imports at the top of both modules."
    )
    model = getattr(found, name[:-1].title(), None)
    is_model = isinstance(model, type) and issubclass(model, BaseModel)
    assert is_model, (
        f"`bakery.{name}.{name[:-1].title()}` is {in_words(model)}. The docstring asks "
        "that this class can still be imported from this module."
    )
    return model


def assert_usable(name: str, seen: object) -> None:
    """Check that using the class of a module did not raise an exception."""
    where = (
        "Look at where Pydantic can find the class that an annotation names."
        if isinstance(seen, PydanticUserError)
        else "Look at the types, limits and default values of the fields."
    )
    assert not isinstance(seen, Exception), (
        f"Using the class of `bakery.{name}` raised {in_words(seen)}. The docstring "
        f"asks that it can be used. {where}"
    )


@pytest.mark.parametrize(
    "order", [("cafes", "orders"), ("orders", "cafes")], ids=["cafes", "orders"]
)
def test_q3_the_modules_can_be_imported_in_either_order(answers, order):
    with new_process(answers):
        models = {name: class_of(name) for name in order}
        luna = outcome(lambda: models["cafes"](name="Luna"))
        assert_usable("cafes", luna)
        seven = outcome(lambda: models["orders"](number=7, cafe=luna))
        assert_usable("orders", seven)

        kept = outcome(lambda: seven.cafe)
    assert kept == luna, (
        f"After `Order(number=7, cafe=luna)`, reading `order.cafe` "
        f"{returned_or_raised(kept)}. The docstring asks for a field with the same "
        "name, which has this café."
    )


INPUTS = {
    "cafes": {
        "name": "Luna",
        "orders": [{"number": 7, "cafe": None}],
        "branches": [{"name": "Sol"}],
    },
    "orders": {"number": 7, "cafe": {"name": "Luna", "orders": [{"number": 8}]}},
}
DEFAULTS = {"cafes": {"orders": [], "branches": []}, "orders": {"cafe": None}}


@pytest.mark.parametrize("name", INPUTS)
def test_q3_it_is_enough_to_import_one_module(answers, name):
    required = dict(list(INPUTS[name].items())[:1])
    with new_process(answers):
        model = class_of(name)
        full = outcome(lambda: model.model_validate(INPUTS[name]))
        assert_usable(name, full)
        short = outcome(lambda: model.model_validate(required))
        assert_usable(name, short)
        dumped = full.model_dump(exclude_unset=True), short.model_dump()

    asked = INPUTS[name], required | DEFAULTS[name]
    assert dumped == asked, (
        f"With all fields, the object has {in_words(dumped[0])}. With the required "
        f"one, it has {in_words(dumped[1])}. The docstring asks to keep the fields and "
        "their default values."
    )


def test_q3_nested_values_become_instances_of_the_classes(answers):
    deep = {"name": "Luna", "orders": [{"number": 7, "cafe": INPUTS["cafes"]}]}
    with new_process(answers):
        cafe, order = class_of("cafes"), class_of("orders")
        seen = outcome(lambda: cafe.model_validate(deep))
        assert_usable("cafes", seen)
        first = outcome(lambda: seen.orders[0])
        inner = getattr(first, "cafe", None)
        parts = [first, inner]
        if isinstance(inner, cafe):
            parts += [*inner.orders, *inner.branches]
        kinds = [type(part) for part in parts]

    assert kinds == [order, cafe, order, cafe], (
        "The input was a café with an order, whose café had an order and a branch. "
        f"They became instances of {[kind.__name__ for kind in kinds]}. The docstring "
        "asks for Order, Cafe, Order, Cafe. Look at the annotations."
    )


NAMELESS = {"name": ""}
REFUSED: dict[str, tuple[str, dict[str, object], tuple[object, ...]]] = {
    "an order": ("cafes", {"orders": [{"number": 0}]}, ("orders", 0, "number")),
    "a branch": ("cafes", {"branches": [NAMELESS]}, ("branches", 0, "name")),
    "a branch of a branch": (
        "cafes",
        {"branches": [{"name": "Sol", "branches": [{"name": "Ra"}, NAMELESS]}]},
        ("branches", 0, "branches", 1, "name"),
    ),
    "the value of `orders`": ("cafes", {"orders": None}, ("orders",)),
    "the value of `branches`": ("cafes", {"branches": None}, ("branches",)),
    "a fractional number": ("orders", {"number": 1.5}, ("number",)),
    "its cafe": ("orders", {"cafe": NAMELESS}, ("cafe", "name")),
    "the cafe of an order": (
        "cafes",
        {"orders": [{"number": 1}, {"number": 2, "cafe": NAMELESS}]},
        ("orders", 1, "cafe", "name"),
    ),
    "an order of its cafe": (
        "orders",
        {"cafe": {"name": "Sol", "orders": [{"number": "x"}]}},
        ("cafe", "orders", 0, "number"),
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_q3_an_invalid_nested_value_is_refused(answers, what):
    name, extra, loc = REFUSED[what]
    required = {"cafes": {"name": "Luna"}, "orders": {"number": 7}}[name]
    with new_process(answers):
        model = class_of(name)
        seen = outcome(lambda: model.model_validate(required | extra))
        is_error = isinstance(seen, ValidationError)
        where = [entry["loc"] for entry in seen.errors()] if is_error else []

    assert where == [loc], (
        f"In an input, {what} was invalid. Validation {returned_or_raised(seen)}. The "
        f"docstring asks for a `ValidationError` at {loc}. Look at the annotations "
        "and limits of the fields."
    )
