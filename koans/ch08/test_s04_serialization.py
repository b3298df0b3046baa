"""The tests of section 8.4."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from lab import attempt, client, in_words, json_or_text, outcome, returned_or_raised

RYE = {"product": "rye bread", "pieces": 12}
ROLL = {"product": "roll", "pieces": 80}
LUNA = {"name": "Luna", "phone": None}
NOTE: dict[str, Any] = {"number": 7, "cafe": LUNA, "items": [RYE], "note": None}


def order_for(answers, note: dict[str, Any]) -> Any:
    """Return the order with this delivery note. Only what is not None is set."""
    items = [answers.Item(cost=31 + i, **one) for i, one in enumerate(note["items"])]
    cafe = {name: value for name, value in note["cafe"].items() if value is not None}
    values = {"items": items, "cafe": answers.Cafe(discount=15, **cafe), "margin": 900}
    if note["note"] is not None:
        values["note"] = note["note"]
    return answers.Order(number=note["number"], **values)


NOTES: dict[str, dict[str, Any]] = {
    "the example": NOTE,
    "three items": NOTE | {"items": [RYE, ROLL, RYE]},
    "no items": NOTE | {"items": []},
    "a phone and a note": {
        "number": 8,
        "cafe": {"name": "Sol", "phone": "555 0199"},
        "items": [ROLL, RYE],
        "note": "back door",
    },
    "texts that are empty or end with a space": {
        "number": 9,
        "cafe": {"name": " Mar ", "phone": ""},
        "items": [ROLL | {"product": "roll "}],
        "note": "",
    },
}


def leaves(value: Any, place: str = "note") -> dict[str, Any]:
    """Return each value in nested dicts and lists by its place."""
    if not isinstance(value, dict | list) or not value:
        return {place: value}
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    return {
        deep: leaf
        for key, part in pairs
        for deep, leaf in leaves(part, f"{place}[{key!r}]").items()
    }


def difference(seen: object, asked: dict[str, Any]) -> str:
    """Return in words where a delivery note is not as asked."""
    if not isinstance(seen, dict):
        return returned_or_raised(seen)
    got, right = leaves(seen), leaves(asked)
    more = [place for place in got if place not in right]
    less = [place for place in right if place not in got]
    other = [place for place in got if place in right and got[place] != right[place]]
    parts = [
        f"{text} {', '.join(places)}"
        for text, places in (
            ("with", more),
            ("without", less),
            ("with another value for", other),
        )
        if places
    ]
    return f"returned a dict `note` {', and '.join(parts)}"


@pytest.mark.parametrize("what", NOTES)
def test_q1_the_three_fields_are_left_out(answers, what):
    order = order_for(answers, NOTES[what])

    note = outcome(lambda: answers.delivery_note(order))
    assert note == NOTES[what], (
        f"`delivery_note` {difference(note, NOTES[what])}. The docstring asks for all "
        "fields except `margin`, `discount` and `cost`, with their values, as dicts. "
        "Look at what you leave out."
    )


def test_q1_fields_with_their_default_value_stay(answers):
    bun = answers.Item(product="bun", cost=9)
    order = answers.Order(number=0, cafe=answers.Cafe(name=""), items=[bun])

    note = outcome(lambda: answers.delivery_note(order))
    asked = {
        "number": 0,
        "cafe": {"name": "", "phone": None},
        "items": [{"product": "bun", "pieces": 1}],
        "note": None,
    }
    assert note == asked, (
        f"`phone`, `pieces` and `note` of the order were not set. `delivery_note` "
        f"{difference(note, asked)}. The docstring asks for all fields except three, "
        "so also for these."
    )


def test_q1_the_fields_of_a_subclass_are_left_out(answers):
    night = answers.NightCafe(name="Luna", alarm_code="4711", discount=5)
    items = [answers.Item(cost=3, **RYE)]
    order = answers.Order(number=7, cafe=night, items=items)

    note = outcome(lambda: answers.delivery_note(order))
    assert note == NOTE, (
        f"For an order of a `NightCafe`, `delivery_note` {difference(note, NOTE)}. "
        f"The docstring asks for the same fields as for a `Cafe`: {in_words(LUNA)}. "
        "Look at how the café is serialized."
    )


def test_q1_the_order_does_not_change(answers):
    order = order_for(answers, NOTE)
    before = order.model_copy(deep=True)

    first, again = (outcome(lambda: answers.delivery_note(order)) for _ in range(2))
    unchanged = order == before and first == again == NOTE
    assert unchanged, (
        f"The second call of `delivery_note` {returned_or_raised(again)}. Afterwards "
        f"the order was {in_words(order)}. The docstring asks for the same dict, and "
        "for an order that does not change."
    )


RUNS: dict[str, Callable[[Any], Any]] = {
    "dump": lambda answers: answers.rye().model_dump(),
    "dump by alias": lambda answers: answers.rye().model_dump(by_alias=True),
    "JSON": lambda answers: json.loads(answers.rye().model_dump_json()),
    "read again": lambda answers: answers.Bread.model_validate(
        answers.rye().model_dump(by_alias=True)
    ).model_dump(),
    "/aliases": lambda answers: read(answers, "/aliases"),
    "/names": lambda answers: read(answers, "/names"),
}
HINTS = {
    "dump": "Look at the default of `by_alias` in Pydantic.",
    "dump by alias": "Look at the two aliases of `weight`: one is for serialization.",
    "JSON": "`model_dump_json` has the same parameter `by_alias`, and its default.",
    "read again": "Look at which key validation needs for `weight`.",
    "/aliases": "Look at the default of `response_model_by_alias` in FastAPI.",
    "/names": "Look at the second argument of the decorator.",
}


def read(answers, path: str) -> Any:
    """Return the JSON of the response of 8.4.2's application."""
    with client(answers.breads_app()) as http:
        return json_or_text(http.get(path))


@pytest.mark.parametrize("what", RUNS)
def test_q2_the_prediction_is_what_comes_out(answers, what):
    predicted = attempt("`keys()`", answers.keys)
    has_all = isinstance(predicted, dict) and set(predicted) == set(RUNS)
    assert has_all, (
        f"`keys()` returned {in_words(predicted)}. The docstring asks to replace each "
        "`___`, and to keep the rest."
    )
    value = predicted[what]
    is_possible = value == "ValidationError" or (
        isinstance(value, list | tuple)
        and len(value) == 2
        and all(isinstance(key, str) for key in value)
    )
    assert is_possible, (
        f"Your prediction for {what!r} is {in_words(value)}. The docstring asks for a "
        'list of two keys, which are strings, or for "ValidationError".'
    )
    try:
        seen: object = sorted(RUNS[what](answers))
    except ValidationError:
        seen = "ValidationError"

    same = (value if isinstance(value, str) else sorted(value)) == seen
    assert same, (
        f"Your prediction for {what!r} is {in_words(value)}. Something else came out. "
        f"The docstring has the expression. {HINTS[what]}"
    )


def bill(answers, *lines: tuple[int, str]) -> Any:
    """Return a bill whose lines have these numbers of pieces and prices."""
    made = [{"product": "bun", "pieces": n, "price": cents} for n, cents in lines]
    return attempt("`Bill(...)`", answers.Bill, number=7, lines=made)


LINES: dict[str, list[tuple[int, str]]] = {
    "one line": [(3, "4.10")],
    "three lines": [(3, "4.10"), (1, "0.05"), (200, "1.50")],
    "the same line twice": [(3, "4.10"), (3, "4.10")],
    "prices that a float cannot store": [(3, "0.1"), (1, "0.0001")],
    "many digits": [(1, "123456789012345678.2501")],
    "no lines": [],
}


def has_all_digits(written: object, total: Decimal) -> bool:
    """Return whether a JSON value is a string with this number, no digit missing."""
    try:
        number = Decimal(written) if isinstance(written, str) else None
    except ArithmeticError:
        return False
    if number is None or number != total:
        return False
    return int(number.as_tuple().exponent) <= int(total.as_tuple().exponent)


def total_of(lines: list[tuple[int, str]]) -> Decimal:
    """Return the exact total of lines."""
    return sum((pieces * Decimal(price) for pieces, price in lines), Decimal(0))


@pytest.mark.parametrize("what", LINES)
def test_q3_the_total_is_the_exact_sum_of_all_lines(answers, what):
    lines = LINES[what]
    made = bill(answers, *lines)

    total = outcome(lambda: made.total)
    is_exact = isinstance(total, Decimal) and total == total_of(lines)
    assert is_exact, (
        f"The lines of a bill were {in_words(lines)}, as pieces and price. Reading "
        f"`bill.total` {returned_or_raised(total)}. The docstring asks for "
        f"{total_of(lines)!r}."
    )


@pytest.mark.parametrize("what", LINES)
def test_q3_the_serialized_bill_contains_the_total(answers, what):
    lines = LINES[what]
    made = bill(answers, *lines)

    dump = attempt("`model_dump()`", made.model_dump)
    written = json.loads(attempt("`model_dump_json()`", made.model_dump_json))
    asked = total_of(lines)
    names = [list(dump), list(written)]
    assert list(map(sorted, names)) == [["lines", "number", "total"]] * 2, (
        f"The keys of `model_dump()` and of `model_dump_json()` are {in_words(names)}. "
        "The docstring asks for `number`, `lines` and `total`."
    )
    is_decimal = isinstance(dump["total"], Decimal) and dump["total"] == asked
    has_both = is_decimal and has_all_digits(written["total"], asked)
    assert has_both, (
        f"`total` is {in_words(dump['total'])} in the dict, and "
        f"{in_words(written['total'])} in the JSON. The docstring asks for a "
        f"`Decimal`, and for the string {str(asked)!r}. Look at the type of `total`, "
        "and at each step from the prices to the total."
    )


def test_q3_the_total_changes_with_the_lines(answers):
    made = bill(answers, (3, "4.10"))
    totals = [outcome(lambda: made.total), outcome(lambda: made.model_dump()["total"])]
    made.lines.append(answers.Line(product="roll", pieces=2, price=Decimal("1.00")))
    totals += [outcome(lambda: made.total), outcome(lambda: made.model_dump()["total"])]
    made.lines[0].pieces = 1
    totals += [outcome(lambda: made.total), outcome(lambda: made.model_dump()["total"])]
    assigned = outcome(lambda: setattr(made, "lines", []))
    assert not isinstance(assigned, Exception), (
        f"`bill.lines = []` {returned_or_raised(assigned)}. The docstring asks for a "
        "total that is correct after somebody has assigned another list, so this works "
        "as before. Look at the configuration of your model."
    )
    totals += [outcome(lambda: made.total), outcome(lambda: made.model_dump()["total"])]

    asked = [Decimal(text) for text in ("12.30", "14.30", "6.10", "0") for _ in "ab"]
    assert totals == asked, (
        f"`bill.total` and the dump had {in_words(list(map(str, totals)))}: at first, "
        "after a line of 2.00 was added, after the first line got 1 piece, and without "
        "lines. The docstring asks for 12.30, 14.30, 6.10 and 0, each of them twice. "
        "Look at when it is computed."
    )


@pytest.mark.parametrize("value", ["1.00", 1, None, "free"])
def test_q3_the_input_cannot_set_the_total(answers, value):
    values = {"number": 7, "lines": [RYE | {"price": "2.00"}]}
    honest = attempt("`Bill(...)`", answers.Bill.model_validate, values)

    seen = outcome(lambda: answers.Bill.model_validate(values | {"total": value}))
    refused = isinstance(seen, ValidationError)
    totals = [outcome(lambda one=one: one.total) for one in (honest, seen)]
    assert refused or totals == [Decimal("24.00")] * 2, (
        f"The input of a bill of 24.00 contained the total {value!r}. Validation "
        f"{returned_or_raised(seen)}. The docstring asks to ignore this total, or to "
        "raise `ValidationError`."
    )
    written = [
        "the same" if refused else outcome(lambda one=one: one.model_dump_json())
        for one in (honest, seen)
    ]
    assert written[0] == written[1], (
        f"The input of a bill of 24.00 contained the total {value!r}. The JSON of this "
        f"bill is {in_words(written[1])}, and without this total it is "
        f"{in_words(written[0])}. The docstring asks that the total of the input is "
        "never in a dump."
    )
    assert totals[0] == Decimal("24.00"), (
        f"The total of a bill of 24.00 is {in_words(totals[0])}. The docstring asks "
        "for the sum of all lines."
    )


def test_q3_nobody_can_assign_the_total(answers):
    made = bill(answers, (3, "4.10"))

    seen = outcome(lambda: setattr(made, "total", Decimal(1)))
    total = outcome(lambda: made.total)
    assert total == Decimal("12.30"), (
        f"`bill.total = Decimal(1)` {returned_or_raised(seen)}. Afterwards, reading "
        f"`bill.total` {returned_or_raised(total)}. The docstring asks that no "
        "assignment changes the total: it is 12.30."
    )


@pytest.mark.parametrize("what", LINES)
def test_q3_the_response_contains_the_total(answers, what):
    lines = LINES[what]
    body = {
        "number": 7,
        "lines": [
            {"product": "bun", "pieces": n, "price": cents} for n, cents in lines
        ],
    }
    with client(answers.bills_app()) as http:
        response = attempt("`POST /bills`", http.post, "/bills", json=body)

    seen = json_or_text(response)
    total = seen.get("total") if isinstance(seen, dict) else None
    is_right = has_all_digits(total, total_of(lines)) and seen == body | {
        "total": total
    }
    assert is_right, (
        f"`POST /bills` returned {response.status_code} and {in_words(response.text)}. "
        "The docstring asks for the bill with its total, a string: "
        f"{str(total_of(lines))!r}."
    )


def test_q3_a_request_cannot_set_the_total(answers):
    body = {"number": 7, "lines": [RYE | {"price": "2.00"}]}
    with client(answers.bills_app()) as http:
        honest, seen = (
            attempt("`POST /bills`", http.post, "/bills", json=one)
            for one in (body, body | {"total": "1.00"})
        )

    assert '"total":"24.00"' in honest.text, (
        f"A bill of 24.00 was sent. `POST /bills` returned {honest.status_code} and "
        f"{in_words(honest.text)}. The docstring asks for the total in the response."
    )
    assert seen.status_code == 422 or seen.text == honest.text, (
        "A bill of 24.00 was sent with the total 1.00. `POST /bills` returned "
        f"{seen.status_code} and {in_words(seen.text)}. Without the total, it was "
        f"{honest.status_code} and {in_words(honest.text)}. The docstring asks that "
        "the total of the input is never in a response."
    )


def schema(answers, path: list[str]) -> dict[str, Any]:
    """Return the documented model at a place below the endpoint."""
    whole = attempt("`bills_app().openapi()`", answers.bills_app().openapi)
    found = whole["paths"]["/bills"]["post"]
    for part in [*path, "content", "application/json", "schema"]:
        found = found[part]
    name = found["$ref"].rpartition("/")[2]
    model: dict[str, Any] = whole["components"]["schemas"][name]
    return model


def test_q3_the_documentation_shows_the_total_of_the_response(answers):
    response = schema(answers, ["responses", "200"])
    request = schema(answers, ["requestBody"])

    total = response["properties"].get("total", "missing")
    seen = isinstance(total, dict) and (total.get("type"), total.get("readOnly"))
    assert (seen, "total" in response["required"]) == (("string", True), True), (
        f"In the documented response, `total` is {in_words(total)}, and these fields "
        f"are required: {in_words(response['required'])}. The docstring asks for a "
        "required string that is read-only."
    )
    assert "total" not in request["properties"], (
        "The documented request body has `total`. The docstring asks for a request "
        "body without it, because nobody can set it."
    )
