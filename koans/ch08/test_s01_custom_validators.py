"""The tests of section 8.1."""

import gc
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import BaseModel, TypeAdapter, ValidationError

from lab import calls, client, in_words, json_or_text, outcome, stand_in


def validated(model: type[BaseModel], **data: Any) -> object:
    """Return the model for this data, or the exception that it raises."""
    return outcome(lambda: model.model_validate(data))


def places(seen: object) -> object:
    """Return the `loc` of each validation error, or `seen` if it is something else."""
    if isinstance(seen, ValidationError):
        return sorted({entry["loc"] for entry in seen.errors()})
    return seen


def told(seen: object) -> str:
    """Return what happened, for a message."""
    words = in_words(seen).rstrip(".")
    return f"{'raised' if isinstance(seen, Exception) else 'gave'} {words}"


EMAILS = {
    "info@roma.example": "info@roma.example",
    "  Info@Roma.Example\n": "info@roma.example",
    "A.B+c_d-9@my-cafe.co.example": "a.b+c_d-9@my-cafe.co.example",
}


@pytest.mark.parametrize("typed", EMAILS, ids=["plain", "spaces", "long"])
def test_q1_the_model_stores_a_tidy_email(answers, typed):
    for text in (typed, typed.upper(), f" {typed}\t"):
        seen = validated(answers.Cafe, name=" Roma ", email=text)
        email = getattr(seen, "email", seen)
        assert email == EMAILS[typed], (
            f"The email {text!r} {told(seen)}. The docstring asks for the email "
            f"{EMAILS[typed]!r}: no spaces, tabs or line breaks at both ends, in "
            "lower case. Look at what your validator changes, and at what it returns."
        )
        assert seen.name == " Roma ", (
            f"The name ' Roma ' became {in_words(seen.name)}. The docstring asks for a "
            "validator of the field `email` only."
        )


REFUSED = {
    "no email": ["roma", "", "  ", "info@roma", "@roma.example", "info@.example"],
    "more text": ["info@roma.example x", "x <info@roma.example>", "a@b.example\nc"],
    "two": ["info@roma@roma.example", "a@roma.example,b@roma.example"],
    "letters": ["stra\u00dfe@roma.example", "jos\u00e9@roma.example"],
    "inside": ["in fo@roma.example", "info@ roma.example", "info@roma.\texample"],
}


@pytest.mark.parametrize("kind", REFUSED)
def test_q1_a_text_that_does_not_match_is_an_error_of_email(answers, kind):
    for typed in REFUSED[kind]:
        seen = validated(answers.Cafe, name="Roma", email=typed)

        assert places(seen) == [("email",)], (
            f"The email {typed!r} {told(seen)}. `EMAIL` does not match the whole of "
            "it in lower case. The docstring asks for a ValidationError of the field "
            "`email`. Look at what your validator changes, how it uses `EMAIL`, what "
            "it raises, and which kind of validator it is."
        )


def test_q1_a_value_of_another_type_is_not_stored_unchecked(answers):
    for value in (b"roma", bytearray(b"info@roma"), Path("info@roma.example"), None):
        seen = validated(answers.Cafe, name="Roma", email=value)

        assert places(seen) == [("email",)], (
            f"The email {value!r} {told(seen)}. The docstring asks for a "
            "ValidationError of the field `email`: the value is not a text, or its "
            "text does not match `EMAIL`. Look at the mode of your validator."
        )


def test_q1_the_validator_works_without_assert(answers):
    seen = validated(answers.Cafe, name="Roma", email="roma")
    kinds = (
        [entry["type"] for entry in seen.errors()]
        if isinstance(seen, ValidationError)
        else seen
    )
    assert isinstance(kinds, list), (
        f"The email 'roma' {told(seen)}. The docstring asks for a ValidationError. "
        "Look at what your validator raises."
    )
    assert "assertion_error" not in kinds, (
        "The validator uses `assert`. `python -O` removes every `assert`, and then "
        "each email is valid. The docstring asks to raise ValueError."
    )


def test_q1_fastapi_returns_422_for_an_invalid_email(answers):
    app = FastAPI()

    @app.post("/cafes")
    def add(cafe: answers.Cafe) -> str:
        return cafe.email

    with client(app) as http:
        for email in ("roma", None, 7, True, [], ["a@b.example"], {}):
            sent = {"name": "Roma", "email": email}
            response = outcome(lambda: http.post("/cafes", json=sent))  # noqa: B023
            assert not isinstance(response, Exception), (
                f"A request body with the email {email!r} raised {in_words(response)}, "
                "which is a 500. The docstring asks for a validation error of `email`. "
                "Look at which values your validator expects."
            )
            found = [one["loc"] for one in errors_in(response)]
            assert (response.status_code, found) == (422, [["body", "email"]]), (
                f"A request body with the email {email!r} returned "
                f"{response.status_code} and {in_words(response.text)}. The docstring "
                "asks for 422 and an error of the field `email`."
            )


def errors_in(response: Any) -> list[Any]:
    """Return the errors in a response of FastAPI."""
    match json_or_text(response):
        case {"detail": [*errors]}:
            return errors
    return []


STEPS = ("tidy", "in_pieces", "full_trays", "fits_oven")


def steps_of(answers, **data: Any) -> tuple[list[Any], object]:
    """Return the steps that run, each with the value it gets, and the outcome."""
    ran: list[Any] = []

    def watch(name: str, function: Any) -> None:
        copy = type(function)(function.__code__, function.__globals__)

        def watched(value: Any) -> Any:
            ran.append((name, value))
            return copy(value)

        stand_in(function, watched)

    for name in STEPS:
        watch(name, getattr(answers, name))
    return ran, validated(answers.Order, **data)


@pytest.mark.parametrize(
    ("value", "got"),
    [
        (" 2 DOZEN ", [" 2 DOZEN ", "2 dozen", 24, 24]),
        (" 13", [" 13", "13", 13, 18]),
        (7, [7, 7, 7, 12]),
        (13.0, [13.0, 13.0, 13, 18]),
        ("13.0", ["13.0", "13.0", 13, 18]),
    ],
    ids=["dozen", "text", "number", "float", "decimal"],
)
def test_q2_the_steps_run_in_their_order(answers, value, got):
    ran, seen = steps_of(answers, rolls=value)

    expected = list(zip(STEPS, got, strict=True))
    assert ran == expected, (
        f"For rolls={value!r}, the steps and their values were "
        f"{ran or f'none, and it {told(seen)}'}. The "
        "docstring asks for tidy, in_pieces, Pydantic's `int`, full_trays, fits_oven. "
        "Look at the order in which validators before and after the type run."
    )
    assert getattr(seen, "rolls", seen) == got[-1], (
        f"For rolls={value!r}, `Order.model_validate(...)` {told(seen)}. The docstring "
        f"asks for an order with rolls={got[-1]}. Look at what your validators return, "
        "also the one of the whole order."
    )


@pytest.mark.parametrize(
    ("value", "last"),
    [
        ("x dozen", 2),
        ("many", 2),
        (None, 2),
        (2.5, 2),
        (-5, 3),
        (97, 4),
        ("9 dozen", 4),
    ],
    ids=str,
)
def test_q2_an_error_in_a_step_is_an_error_of_rolls(answers, value, last):
    ran, seen = steps_of(answers, rolls=value)

    assert places(seen) == [("rolls",)], (
        f"rolls={value!r} {told(seen)}. The docstring asks for a validation error of "
        "the field `rolls` only. Look at which steps you have declared, and at when "
        "you check the space."
    )
    names = [name for name, _ in ran]
    assert names == list(STEPS[:last]), (
        f"For rolls={value!r}, these steps ran: {names}. The docstring asks that no "
        f"step runs after the one that fails, so `{STEPS[last - 1]}` is the last of "
        "the functions."
    )


def test_q2_rolls_is_required(answers):
    seen = validated(answers.Order, bread=1)

    assert places(seen) == [("rolls",)], (
        f"An order without `rolls` {told(seen)}. The docstring asks for a required "
        "field `rolls`. Look at its default."
    )


def test_q2_too_little_space_is_an_error_of_the_whole_order(answers):
    for data in (
        {"rolls": "13", "bread": 19},
        {"rolls": 0, "bread": 23},
        {"rolls": "8 dozen"},
        {"rolls": 67, "bread": 5},
        {"rolls": 6, "bread": 2000},
    ):
        seen = validated(answers.Order, **data)
        assert places(seen) == [()], (
            f"{data} {told(seen)}. It needs the space of more than 90 rolls, after "
            "`rolls` is rounded up. The docstring asks for one validation error, whose "
            "`loc` is (). Look at which kind of validator gets the whole order."
        )


def test_q2_the_space_is_not_checked_if_a_field_is_invalid(answers):
    for rolls, bread, wrong in (
        (97, 40, [("rolls",)]),
        ("x", 40, [("rolls",)]),
        ("8 dozen", -1, [("bread",)]),
        (7, "x", [("bread",)]),
        ("x", -1, [("bread",), ("rolls",)]),
    ):
        seen = validated(answers.Order, rolls=rolls, bread=bread)
        assert places(seen) == wrong, (
            f"rolls={rolls!r}, bread={bread!r} {told(seen)}, with errors at "
            f"{in_words(places(seen))}. The docstring asks for errors at {wrong} only: "
            "the space is checked if all fields are valid. Look at the mode of your "
            "validator."
        )


@pytest.mark.parametrize("way", ["Order(...)", "Order.model_validate(...)"])
def test_q2_a_valid_order_is_returned(answers, way):
    for rolls, bread, stored in ((85, 0, 90), ("2 dozen", 16, 24), (0, 22, 0)):
        data = {"rolls": rolls, "bread": bread}
        if way == "Order(...)":
            seen = outcome(lambda: answers.Order(**data))  # noqa: B023
        else:
            seen = validated(answers.Order, **data)

        values = seen.model_dump() if isinstance(seen, answers.Order) else seen
        assert values == {"rolls": stored, "bread": bread}, (
            f"`{way}` with {data} {told(seen)}. The docstring asks for an order with "
            f"rolls={stored}, bread={bread}. Look at what your validator of the whole "
            "order returns, and at its limit."
        )


ROLL = {"code": "ROL-042", "pieces": 12}
GOOD = {
    "bounds": [{**ROLL, "pieces": 1}, {**ROLL, "pieces": 500, "note": "x" * 40}],
    "default": [ROLL, {**ROLL, "note": ""}],
    "converted": [{**ROLL, "pieces": "7"}, {**ROLL, "pieces": 7.0}],
    "bytes": [{**ROLL, "code": b"ROL-042"}, {**ROLL, "note": b"fresh"}],
    "codes": [{**ROLL, "code": "ZAZ-909", "note": " a\nb "}],
    "emoji": [{**ROLL, "note": "\U0001f950" * 40}],
    "extra": [{**ROLL, "price": 2}],
}
CODES = ["rol-042", "ROL042", "ROL-04", "", 7]
AROUND = ["ROLL-042", "ROL-0422", "ROL-042\n", "\nROL-042", "x\nROL-042"]
BAD = {
    "code": [{**ROLL, "code": code} for code in CODES],
    "around": [{**ROLL, "code": code} for code in AROUND],
    "digits": [{**ROLL, "code": "ROL-04٣"}],
    "pieces": [{**ROLL, "pieces": one} for one in (0, 501, -3, 10**30, "x", 1.5, None)],
    "note": [{**ROLL, "note": note} for note in ("x" * 41, " " * 41, None, 7)],
    "missing": [{}, {"code": "ROL-042"}, {"pieces": 12}],
    "several": [{"code": "rol", "pieces": 0, "note": "x" * 50}],
}


def same_as_slow(answers, data: dict[str, Any]) -> None:
    """Check that `FastItem` has the outcome of `SlowItem`."""
    slow, fast = (
        validated(model, **data) for model in (answers.SlowItem, answers.FastItem)
    )
    expected, seen = (
        one.model_dump() if isinstance(one, BaseModel) else places(one)
        for one in (slow, fast)
    )
    verdict = "refuses" if isinstance(slow, Exception) else "accepts"
    assert seen == expected, (
        f"For {in_words(data)}, `FastItem` {told(fast)}. `SlowItem` {verdict} this. "
        "The docstring asks for the same. Look at the constraints and the defaults of "
        "your fields."
    )


@pytest.mark.parametrize("kind", GOOD)
def test_q3_it_stores_what_slow_item_stores(answers, kind):
    for data in GOOD[kind]:
        same_as_slow(answers, data)


@pytest.mark.parametrize("kind", BAD)
def test_q3_it_refuses_what_slow_item_refuses(answers, kind):
    for data in BAD[kind]:
        same_as_slow(answers, data)


def python_calls(model: type[BaseModel], number: int) -> int:
    """Return how many Python functions run to validate a list of items."""
    items = TypeAdapter(list[model])
    data = [{**ROLL, "note": f"{one}"} for one in range(number)]
    gc.disable()
    try:
        with calls() as made:
            items.validate_python(data)
    finally:
        gc.enable()
    return made.total()


def test_q3_the_number_of_python_calls_does_not_grow(answers):
    same_as_slow(answers, ROLL)
    few, many = (python_calls(answers.FastItem, number) for number in (10, 100))

    assert many <= few, (
        f"Python functions called for 10 items: {few}, for 100 items: {many}. The "
        "docstring asks for no more calls for 100 items than for 10. Look for a "
        "validator that is a Python function."
    )
