"""The tests of section 8.6."""

import dataclasses
import json
from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from lab import attempt, in_words, outcome, returned_or_raised

GOOD: dict[str, object] = {"product": "rye", "quantity": 12, "price": Decimal("2.40")}


def values(item: Any) -> Any:
    """Return the values of a line item, or the exception in its place."""
    if isinstance(item, Exception):
        return item
    return [getattr(item, name) for name in ("product", "quantity", "price", "note")]


def typed(found: Any) -> Any:
    """Return these values with their types, so that 12 is not 12.0."""
    return [(type(one), one) for one in found] if isinstance(found, list) else found


@pytest.mark.parametrize(
    ("given", "valid"),
    [
        (("rye", "12", "2.40"), ["rye", 12, Decimal("2.40"), None]),
        (("Laib", "7", "3", "sliced"), ["Laib", 7, Decimal(3), "sliced"]),
        (("rye", 1, "0.05", None), ["rye", 1, Decimal("0.05"), None]),
    ],
    ids=["twelve", "note", "one"],
)
def test_q1_texts_are_converted(answers, given, valid):
    got = values(outcome(lambda: answers.LineItem(*given)))

    assert typed(got) == typed(valid), (
        f"`LineItem` with the arguments {in_words(given)} {returned_or_raised(got)}. "
        f"The docstring asks for these values: {in_words(valid)}. Look at the "
        "decorator, and at the types and the default of the fields."
    )


@pytest.mark.parametrize(
    ("name", "allowed", "refused"),
    [
        (
            "product",
            ["r", "r" * 40, "½ Öl-Brot", " ", " rye "],
            ["", "r" * 41, "r" * 40 + " ", None, 7],
        ),
        ("quantity", [1, 500], [0, 501, -1, "many", "1.5", None]),
        (
            "price",
            [Decimal("0.001"), Decimal("98765432109876.25")],
            [0, "-1", "free", "NaN", "Infinity", None],
        ),
        ("note", [None, "", " sliced ", "s" * 1000], [7, ["sliced"]]),
    ],
    ids=["product", "quantity", "price", "note"],
)
def test_q1_each_field_has_its_rules(answers, name, allowed, refused):
    for value in allowed:
        got = outcome(lambda v=value: answers.LineItem(**{**GOOD, name: v}))
        assert getattr(got, name, "nothing") == value, (
            f"`LineItem` with {name}={in_words(value)} {returned_or_raised(got)}. The "
            f"docstring allows this value. Look at the rules of `{name}`."
        )
    for value in refused:
        got = outcome(lambda v=value: answers.LineItem(**{**GOOD, name: v}))
        assert isinstance(got, ValidationError), (
            f"`LineItem` with {name}={in_words(value)} {returned_or_raised(got)}. The "
            "docstring asks for a ValidationError. Look at the decorator of the class, "
            f"and at the type and the rules of `{name}`."
        )


@pytest.mark.parametrize("name", ["product", "quantity", "price"])
def test_q1_a_missing_value_is_a_validation_error(answers, name):
    given = {key: value for key, value in GOOD.items() if key != name}

    got = outcome(lambda: answers.LineItem(**given))
    assert isinstance(got, ValidationError), (
        f"`LineItem` without `{name}` {returned_or_raised(got)}. The docstring asks "
        "for a Pydantic dataclass with the same fields, so this is a ValidationError "
        "of a missing field. Look at the decorator and at the defaults."
    )


@pytest.mark.parametrize(
    ("quantity", "price", "total"), [("12", "2.40", "28.80"), ("3", "0.10", "0.30")]
)
def test_q1_total_uses_the_converted_values(answers, quantity, price, total):
    got = outcome(lambda: answers.LineItem("rye", quantity, price).total())

    assert got == Decimal(total), (
        f"`LineItem('rye', {quantity!r}, {price!r}).total()` "
        f"{returned_or_raised(got)}. The docstring asks that `total()` still works, so "
        f"it is {total}. Look at the decorator, and at whether the class has `total`."
    )


def test_q1_the_functions_of_dataclasses_work(answers):
    def use() -> list[object]:
        item = answers.LineItem("rye", "12", "2.40")
        changed = dataclasses.replace(item, quantity="9")
        names = [field.name for field in dataclasses.fields(item)]
        return [names, dataclasses.asdict(item), changed.quantity]

    got = outcome(use)
    assert got == [[*GOOD, "note"], {**GOOD, "note": None}, 9], (
        "`fields`, `asdict` and `replace` of a line item with the texts '12' and "
        f"'2.40' gave {in_words(got)}. The docstring asks that the functions of the "
        "module `dataclasses` still work, with the converted values."
    )


@pytest.mark.parametrize("quantity", ["0", "501", "many"])
def test_q1_replace_validates_too(answers, quantity):
    item = attempt("`LineItem`", lambda: answers.LineItem(**GOOD))

    got = outcome(lambda: dataclasses.replace(item, quantity=quantity))
    assert isinstance(got, ValidationError), (
        f"`dataclasses.replace` with quantity={quantity!r} {returned_or_raised(got)}. "
        "The docstring asks for a Pydantic dataclass whose quantity is from 1 to 500, "
        "so this is a ValidationError. Look at the decorator and at `quantity`."
    )


def test_q1_equal_items_are_equal(answers):
    got = outcome(
        lambda: [
            answers.LineItem("rye", "12", "2.40") == answers.LineItem(**GOOD),
            answers.LineItem("rye", "12", "2.40") == answers.LineItem(**GOOD, note=""),
        ]
    )
    assert got == [True, False], (
        "Two line items with the quantities '12' and 12 were compared, then two with "
        f"other notes. This gave {in_words(got)}. The docstring asks for a dataclass "
        "that converts texts: equal values make equal objects."
    )


def work(answers, model: Any, data: Any) -> dict[str, Any]:
    """Return the code of 8.6.2 for each key, as functions."""
    loaf = TypeAdapter(answers.LoafData)
    return {
        "model copy": lambda: model.model_copy(update={"grams": "heavy"}).grams,
        "data copy": lambda: dataclasses.replace(data, grams="heavy").grams,
        "model unset": lambda: model.model_dump(exclude_unset=True),
        "data unset": lambda: loaf.dump_python(data, exclude_unset=True),
        "model new": lambda: setattr(model, "shape", "round") or model.shape,
        "data new": lambda: setattr(data, "shape", "round") or data.shape,
    }


HINTS = {
    "model copy": "`model_copy` does not call the class, which validates.",
    "data copy": "`replace` calls the class with the old and the new values.",
    "model unset": "A model stores which fields were passed to it.",
    "data unset": "A dataclass does not store which fields were passed to it.",
    "model new": "A model has no attributes beside its fields.",
    "data new": "A dataclass is a normal Python class.",
}


@pytest.mark.parametrize("key", HINTS)
def test_q2_the_outcome_is_predicted(answers, key):
    predicted = attempt("`outcomes()`", answers.outcomes)
    mine = predicted.get(key, "missing") if isinstance(predicted, dict) else predicted
    model, data = answers.LoafModel(name="rye"), answers.LoafData(name="rye")

    got = outcome(work(answers, model, data)[key])
    real = "error" if isinstance(got, Exception) else got
    assert mine == real, (
        f'Your prediction for "{key}" is {in_words(mine)}. The run had another result. '
        f'{HINTS[key]} Notes of 8.6: "What differs from a model".'
    )


def stops(answers, *lines: str) -> list[Any]:
    """Return what the library makes of these lines."""
    text = "\n".join(lines)
    read: Any = outcome(lambda: answers.read_lines(answers.Stop, text))
    assert isinstance(read, list), (
        f"`read_lines(Stop, {text!r})` {returned_or_raised(read)}. The docstring asks "
        "that `read_lines` works, and reads hours from texts. Look at which arguments "
        "your class takes, and which values."
    )
    return read


def pairs(found: Any) -> Any:
    """Return the hour and the café of each stop, or the exception in their place."""
    if isinstance(found, Exception):
        return found
    return [(one.hour, one.cafe) for one in found]


def test_q3_the_library_reads_stops(answers):
    read = stops(answers, "10;Sol", "9; Luna ", "0;", "23;7")

    got = outcome(lambda: pairs(read))
    assert got == [(10, "Sol"), (9, " Luna "), (0, ""), (23, "7")], (
        f"`read_lines` with the hours 10, 9, 0 and 23 gave {in_words(got)}. The "
        "docstring asks for stops with these hours as integers, and with the names as "
        "they are. Look at what validates the values of your class, and at the order "
        "and types of its fields."
    )


@pytest.mark.parametrize("hour", ["24", "-1", "noon", "", "9.5"])
def test_q3_the_library_reads_no_invalid_hours(answers, hour):
    good = pairs(stops(answers, "9;Luna"))

    got = outcome(lambda: answers.read_lines(answers.Stop, f"{hour};Sol"))
    assert (good, isinstance(got, ValidationError)) == ([(9, "Luna")], True), (
        f"`read_lines` of the line '{hour};Sol' {returned_or_raised(got)}. The "
        "docstring asks for a ValidationError: an hour is an integer from 0 to 23. "
        "Look at what validates the values of your class."
    )


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["10;Sol", "9;Luna", "9;Bar"], [(9, "Bar"), (9, "Luna"), (10, "Sol")]),
        (["9;Sol", "9;Sol", "9;Sol", "8;Sol"], [(8, "Sol"), (9, "Sol")]),
        (["7;Sol"], [(7, "Sol")]),
    ],
    ids=["sorted", "once", "one"],
)
def test_q3_the_library_plans_a_route(answers, lines, expected):
    read = stops(answers, *lines)

    got = outcome(lambda: pairs(answers.route(read)))
    assert got == expected, (
        f"`route` of {lines} {returned_or_raised(got)}. The docstring asks for "
        f"{expected}: each stop once, in their order. `sorted` needs an order, and "
        "`set` needs a hash. Look at the options of the decorator."
    )


@pytest.mark.parametrize("cafes", [("Bar", "Luna"), ("Luna", "Bar")])
def test_q3_stops_of_the_same_hour_are_sorted_by_the_cafe(answers, cafes):
    read = stops(answers, *(f"9;{cafe}" for cafe in cafes), "8;Nord")

    got = outcome(lambda: pairs(sorted(read)))
    assert got == [(8, "Nord"), (9, "Bar"), (9, "Luna")], (
        f"Sorting {in_words(read)} {returned_or_raised(got)}. The docstring asks for "
        "the order by the hour, and then by the name of the café. Look at what "
        "compares two stops of your class."
    )


@pytest.mark.parametrize("hour", [24, -1, 9.5, "noon", None])
def test_q3_a_new_stop_has_a_valid_hour(answers, hour):
    good = pairs(stops(answers, "9;Luna"))
    named = outcome(lambda: pairs([answers.Stop(hour="7", cafe="Sol")]))

    got = [
        outcome(lambda: answers.Stop(hour, "Sol")),
        outcome(lambda: answers.Stop(hour=hour, cafe="Sol")),
    ]
    refused = [isinstance(one, ValidationError) for one in got]
    assert (good, named, refused) == ([(9, "Luna")], [(7, "Sol")], [True, True]), (
        f"`Stop({hour!r}, 'Sol')` {returned_or_raised(got[0])[:80]}, and with keywords "
        f"it {returned_or_raised(got[1])[:80]}. The docstring asks for a "
        "ValidationError. Look at what validates the values of a new stop."
    )


@pytest.mark.parametrize(("hours", "hour"), [(2, 22), (3, 23), (-20, 0), (0, 20)])
def test_q3_the_library_delays_a_stop(answers, hours, hour):
    (stop,) = stops(answers, "20;Sol")

    got = outcome(lambda: pairs([answers.delay(stop, hours), stop]))
    assert got == [(hour, "Sol"), (20, "Sol")], (
        f"`delay(Stop(20, 'Sol'), {hours})`, and the stop itself afterwards: "
        f"{in_words(got)}. The docstring asks that `delay` works: it returns a copy "
        f"with the hour {hour}. `replace` needs a dataclass. Look at your class."
    )


@pytest.mark.parametrize("hours", [4, -21, 100])
def test_q3_a_delayed_stop_has_a_valid_hour(answers, hours):
    (stop,) = stops(answers, "20;Sol")

    got = outcome(lambda: answers.delay(stop, hours))
    assert isinstance(got, ValidationError), (
        f"`delay(Stop(20, 'Sol'), {hours})` {returned_or_raised(got)}. The docstring "
        "asks for a ValidationError: an hour is from 0 to 23. Look at what validates "
        "the values when a stop is created."
    )


@pytest.mark.parametrize("name", ["hour", "cafe"])
def test_q3_a_stop_cannot_be_changed(answers, name):
    (stop,) = stops(answers, "20;Sol")
    value = {"hour": 21, "cafe": "Luna"}[name]

    got = outcome(lambda: setattr(stop, name, value))
    assert (isinstance(got, Exception), pairs([stop])) == (True, [(20, "Sol")]), (
        f"`stop.{name} = {value!r}` {returned_or_raised(got)}, and the stop is now "
        f"{in_words(stop)}. The docstring asks for an exception, and the stop stays as "
        "it is. Look at the options of the decorator."
    )


def test_q3_from_json_returns_a_stop(answers):
    read = stops(answers, "10;Sol", "9;Luna")
    texts = ['{"hour": "9", "cafe": "Luna"}', '{"cafe": "Sol", "hour": 10, "on": 1}']

    got = outcome(lambda: answers.route(map(answers.Stop.from_json, texts)))
    assert got == [read[1], read[0]], (
        f"`route` of `Stop.from_json` for {texts[0]} and {texts[1]} "
        f"{returned_or_raised(got)}. The docstring asks that it works as before, and "
        "ignores unknown keys. Look at what `from_json` calls."
    )


def test_q3_from_json_of_a_subclass_returns_the_subclass(answers):
    stops(answers, "10;Sol")

    class NightStop(answers.Stop):  # type: ignore[misc]
        """A stop of the library's own class."""

    text = '{"hour": "9", "cafe": " Luna ", "on": 1}'
    got = outcome(lambda: NightStop.from_json(text))
    seen = (type(got), outcome(lambda: pairs([got])))
    assert seen == (NightStop, [(9, " Luna ")]), (
        f"`class NightStop(Stop)` is a subclass. `NightStop.from_json` of {text} "
        f"{returned_or_raised(got)}. The docstring asks that it works as before, also "
        "for a subclass: it returns a `NightStop`, with the name as it is. Look at "
        "which class `from_json` creates."
    )


@pytest.mark.parametrize(
    "text",
    [
        '{"hour": 24, "cafe": "Sol"}',
        '{"hour": 9}',
        '{"hour": 9, "cafe": null}',
        '[9, "Sol"]',
        "null",
        "nine",
        "",
    ],
    ids=["hour", "missing", "null", "list", "none", "text", "empty"],
)
def test_q3_from_json_validates(answers, text):
    (stop,) = stops(answers, "20;Sol")
    line = json.dumps({"hour": stop.hour, "cafe": stop.cafe})
    good = outcome(lambda: pairs([answers.Stop.from_json(line)]))

    got = outcome(lambda: answers.Stop.from_json(text))
    assert (good, isinstance(got, ValidationError)) == ([(20, "Sol")], True), (
        f"`Stop.from_json({text!r})` {returned_or_raised(got)}, and for {line} it "
        f"gave {in_words(good)}. The docstring asks for a ValidationError, and for a "
        "stop. Look at what `from_json` calls."
    )
