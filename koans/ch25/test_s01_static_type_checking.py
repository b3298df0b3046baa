"""The tests of section 25.1."""

import json
import sys

import pytest
from pydantic import ValidationError

from lab import in_words, outcome, returned_or_raised
from lab.typecheck import STRICT, Checked, Diagnostic, Program, same_type

# The very first check lets mypy read the libraries.
pytestmark = pytest.mark.timeout(60)

PARCEL = """parcel = Parcel.model_validate_json('{"number": "7", "weight": "1.5"}')"""
EXPRESSIONS = {
    "a field that can be None": "parcel.note",
    "a value of a dump": 'parcel.model_dump()["weight"]',
    "a field of a copy": 'parcel.model_copy(update={"number": "seven"}).number',
}
WHERE_TO_LOOK = {
    "parcel.note": "Compare the annotation of `note` with the value that it has here.",
    'parcel.model_dump()["weight"]': (
        "`model_dump` returns a dict for every model, so its annotation cannot say "
        "more. The values in it stay Python objects."
    ),
    'parcel.model_copy(update={"number": "seven"}).number': (
        "mypy uses the annotation of the field. At run time, `model_copy` does not "
        "validate `update`."
    ),
}
PAGES = {
    "deliveries": 'Page[Delivery](items=[Delivery.model_validate({"parcel": 1})])',
    "strings": 'Page[str](items=["Oslo", "Bergen"])',
    "an empty string": 'Page[str](items=["", "Bergen"])',
}
LABEL = 'Label(to="Oslo", weight_kg=1.5)'
FIELDS = {"to": "str", "weight_kg": "float"}
# Pydantic ignores an unknown argument at run time.
UNKNOWN = 'Label(to="Oslo", weight_kg=1.5, colour="red")'
MISUSES = {
    "an unknown argument": (UNKNOWN, "call-arg"),
    "a misspelt argument": ('Label(too="Oslo", weight_kg=1.5)', "call-arg"),
    "a missing argument": ('Label(to="Oslo")', "call-arg"),
    "an argument of another type": ('Label(to=["Oslo"], weight_kg=1.5)', "arg-type"),
    "None as an argument": ("Label(to=None, weight_kg=1.5)", "arg-type"),
    "an assignment": (f'label = {LABEL}\nlabel.to = "Bergen"', "misc"),
    "an assignment to the other field": (
        f"label = {LABEL}\nlabel.weight_kg = 2.5",
        "misc",
    ),
    "an assignment to an unknown attribute": (
        f'label = {LABEL}\nlabel.too = "Bergen"',
        "attr-defined",
    ),
}
WHAT_THE_PLUGIN_READS = {
    True: (
        "The plugin reads the settings of the model. If the class has a `__setattr__`, "
        "mypy accepts every attribute."
    ),
    False: (
        "The plugin reads the fields and the settings of the model. If the class has "
        "an `__init__`, mypy reads that instead."
    ),
}
NOTE = 'reveal_type(Delivery.model_validate({"parcel": 1}).note)'
STOPS = 'reveal_type(Delivery.model_validate({"parcel": 1}).stops)'
# What mypy reads after the answer, all in one run; each use is known by its text.
USES = [
    *(f"{PARCEL}\nreveal_type({one})" for one in EXPRESSIONS.values()),
    *(f"item = first({page})\nreveal_type(item)" for page in PAGES.values()),
    NOTE,
    STOPS,
    *(f"reveal_type({LABEL}.{field})" for field in FIELDS),
    *(code for code, _ in MISUSES.values()),
]


def check(answers, checker) -> Checked:
    """Return what mypy with the plugin says of the section and of all uses of it."""
    program = Program(answers.__source__, answers.__file__, {use: use for use in USES})
    return checker.check(program, STRICT)


def report(diagnostics: list[Diagnostic], about: str) -> str:
    """Return what mypy reports about something, with its own lines below."""
    lines = [str(one) for one in diagnostics[:3]]
    if len(diagnostics) > len(lines):
        lines.append(f"(and {len(diagnostics) - len(lines)} more)")
    verdict = f"mypy reports errors in {about}:"
    if any(one.is_bypass for one in diagnostics):
        verdict = f"{about} hides errors from mypy. The docstring asks to repair them:"
    return "\n".join([verdict, *lines])


def run(answers, code: str) -> object:
    """Return the value of the last line of `code`, or the exception that it raises."""
    names = dict(vars(sys.modules[answers.__name__]))
    *before, last = code.split("\n")

    def call() -> object:
        exec("\n".join(before), names)
        is_assignment = last.startswith("label.")
        return exec(last, names) if is_assignment else eval(last, names)

    return outcome(call)


def prediction(answers, expression: str, place: int) -> str:
    """Return one of the two predictions about an expression."""
    predicted = answers.types_of_values()
    pair = predicted.get(expression) if isinstance(predicted, dict) else None
    is_pair = isinstance(pair, tuple | list) and len(pair) == 2
    assert is_pair, (
        f"For `{expression}` you return {in_words(pair)}. The docstring asks for two "
        "strings: the type for mypy, and the class at run time."
    )
    shown = f"{pair[place]}"  # an open blank refuses this
    assert isinstance(pair[place], str), (
        f"For `{expression}` you return {in_words(pair[place])}. The docstring asks "
        "for strings, in quotes."
    )
    return shown


@pytest.mark.parametrize("expression", EXPRESSIONS.values(), ids=EXPRESSIONS)
def test_q1_the_type_that_mypy_shows_is_predicted(answers, checker, expression):
    predicted = prediction(answers, expression, 0)
    shown = check(answers, checker).revealed(f"{PARCEL}\nreveal_type({expression})")

    is_same = any(same_type(predicted, one) for one in shown)
    assert is_same, (
        f"For `{expression}`, `reveal_type` shows another type than {predicted}. "
        f"{WHERE_TO_LOOK[expression]}"
    )


@pytest.mark.parametrize("expression", EXPRESSIONS.values(), ids=EXPRESSIONS)
def test_q1_the_class_at_run_time_is_predicted(answers, expression):
    predicted = prediction(answers, expression, 1)
    value = run(answers, f"{PARCEL}\n{expression}")

    is_same = same_type(predicted, type(value).__name__)
    assert is_same, (
        f"At run time, `{expression}` has another class than {predicted}. "
        f"{WHERE_TO_LOOK[expression]}"
    )


@pytest.mark.parametrize("name", ["Delivery", "first", "read"])
def test_q2_mypy_reports_no_error(answers, checker, name):
    # On the stub, mypy accepts `read`: what it returns shows that the repair is needed.
    if name == "read":
        page = run(answers, """read('{"items": []}')""")
        assert isinstance(page, answers.Page), (
            f"`read` {returned_or_raised(page)}. Its annotation promises a Page, and "
            "mypy believes it. `json.loads` returns Any, which fits every type."
        )
    assert getattr(answers, name), f"`{name}` is {in_words(getattr(answers, name))}."

    diagnostics = check(answers, checker).of(name)
    assert not diagnostics, report(diagnostics, f"`{name}`")


NOTES = [
    ({"parcel": 1}, None),
    ({"parcel": 1, "note": None}, None),
    ({"parcel": 1, "note": " fragile"}, " fragile"),
    ({"parcel": 1, "note": ""}, ""),
]
SENT_STOPS = [
    ({"parcel": 1}, []),
    ({"parcel": 1, "stops": "Oslo,Bergen"}, ["Oslo", "Bergen"]),
    ({"parcel": 1, "stops": "Oslo"}, ["Oslo"]),
    ({"parcel": 1, "stops": ""}, [""]),
    ({"parcel": 1, "stops": "Oslo, Bergen,,Oslo"}, ["Oslo", " Bergen", "", "Oslo"]),
    ({"parcel": 1, "stops": ["Oslo", "Bergen"]}, ["Oslo", "Bergen"]),
    ({"parcel": 1, "stops": ["Oslo,Bergen", ""]}, ["Oslo,Bergen", ""]),
    ({"parcel": 1, "stops": []}, []),
]


def field_of(answers, row: dict[str, object], field: str) -> object:
    """Return this field of the delivery in a row, or the exception."""
    return outcome(lambda: getattr(answers.Delivery.model_validate(row), field))


def test_q2_a_note_is_a_string_or_none(answers, checker):
    for row, expected in NOTES:
        note = field_of(answers, row, "note")
        assert note == expected, (
            f"`Delivery.model_validate({row}).note` {returned_or_raised(note)}. The "
            f"docstring asks for {expected!r}. A note that is missing or null is None."
        )

    (shown,) = check(answers, checker).revealed(NOTE) or ["nothing"]
    is_same = same_type(shown, "str | None")
    assert is_same, (
        f"For mypy, the type of `note` is {shown}. The docstring asks for a string or "
        "None. Look at the annotation of the field."
    )


def test_q2_stops_are_a_list_of_strings(answers, checker):
    for row, expected in SENT_STOPS:
        stops = field_of(answers, row, "stops")
        assert stops == expected, (
            f"`Delivery.model_validate({row}).stops` {returned_or_raised(stops)}. The "
            f"docstring asks for {expected}. Look at the default and the validator of "
            "`stops`."
        )

    (shown,) = check(answers, checker).revealed(STOPS) or ["nothing"]
    is_same = same_type(shown, "list[str]")
    assert is_same, (
        f"For mypy, the type of `stops` is {shown}. The docstring asks for a list of "
        "strings."
    )


@pytest.mark.parametrize("value", [7, None, ["Oslo", 7], {"Oslo": 1}], ids=repr)
def test_q2_other_stops_raise_a_validation_error(answers, checker, value):
    seen = run(
        answers, f'Delivery(parcel=1, stops="Oslo", note=None).stops and {value}'
    )
    assert not isinstance(seen, Exception), (
        f"A delivery without a note {returned_or_raised(seen)}. The docstring asks for "
        "a note of None."
    )

    row = {"parcel": 1, "stops": value}
    seen = field_of(answers, row, "stops")
    assert isinstance(seen, ValidationError), (
        f"`Delivery.model_validate({row}).stops` {returned_or_raised(seen)}. The "
        "docstring asks for a list of strings, so this is a ValidationError."
    )


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (PAGES["deliveries"], "Delivery | None"),
        (PAGES["strings"], "str | None"),
        (PAGES["an empty string"], "str | None"),
    ],
    ids=PAGES,
)
def test_q2_first_has_the_type_of_the_page(answers, checker, page, expected):
    use = f"item = first({page})\nreveal_type(item)"
    (shown,) = check(answers, checker).revealed(use) or ["nothing"]
    is_same = same_type(shown, expected)
    assert is_same, (
        f"For mypy, the type of `first({page})` is {shown}. The docstring asks for "
        f"{expected}. Look at the annotations of `first`."
    )

    items = run(answers, f"{page}.items")
    seen = run(answers, f"page = {page}\nfirst(page), page.items")
    assert not isinstance(seen, Exception), (
        f"`first({page})` {returned_or_raised(seen)}. The docstring asks for the first "
        "item of the page."
    )
    item, left = seen
    assert [item] == items[:1], (
        f"`first({page})` {returned_or_raised(item)}. The docstring asks for the first "
        "item of the page. It asks for None only if the page is empty."
    )
    assert left == items, (
        f"After `first({page})`, the page has the items {in_words(left)}. `first` "
        "should return an item, and not change the page."
    )
    empty = run(answers, "first(Page[str](items=[]))")
    assert empty is None, (
        f"`first` of an empty page {returned_or_raised(empty)}. The docstring asks for "
        "None."
    )


def test_q2_read_returns_a_page_of_deliveries(answers):
    rows = [{"parcel": 1, "stops": "Oslo"}, {"parcel": 2}]
    page = run(answers, f"read({json.dumps({'items': rows, 'more': True})!r})")

    assert isinstance(page, answers.Page), (
        f"`read` {returned_or_raised(page)}. The docstring asks for a Page. mypy does "
        "not see the difference: `json.loads` returns Any, which fits every type."
    )
    items = [isinstance(one, answers.Delivery) and one.parcel for one in page.items]
    assert items == [1, 2], (
        f"`read` got the parcels 1 and 2. It returned {in_words(page)}. The docstring "
        "asks for a page of deliveries."
    )
    assert page.more is True, (
        "`read` got a JSON text where `more` is true. It returned a page where `more` "
        f"is {in_words(page.more)}. The docstring asks for the page in the text."
    )


@pytest.mark.parametrize(
    "text",
    [
        '{"items": [{"parcel": "seven"}]}',
        '{"items": [{}]}',
        '{"rows": []}',
        "[]",
        "",
        "Closed",
    ],
    ids=["an item", "no parcel", "the page", "a list", "empty", "not JSON"],
)
def test_q2_read_raises_a_validation_error_for_other_texts(answers, text):
    seen = run(answers, f"read({text!r})")

    assert isinstance(seen, ValidationError), (
        f"`read({text!r})` {returned_or_raised(seen)}. The docstring asks for "
        "Pydantic's ValidationError. Look at what parses the text, and at what checks "
        "the values."
    )


@pytest.mark.parametrize("misuse", MISUSES)
def test_q3_mypy_reports_a_misuse(answers, checker, misuse):
    code, rule = MISUSES[misuse]
    shown = code.splitlines()[-1]
    seen = run(answers, code)
    assert isinstance(seen, Exception) or code == UNKNOWN, (
        f"`{shown}` raised nothing when the code ran. The docstring asks for an "
        "exception. Look at the fields and the settings of the model."
    )

    diagnostics = check(answers, checker).of_use(code)
    line = code.count("\n") + 1
    is_reported = any(one.line == line and one.code == rule for one in diagnostics)
    assert is_reported, (
        f"mypy does not report {misuse}, `{shown}`. The docstring asks for an error of "
        f"mypy. {WHAT_THE_PLUGIN_READS['assignment' in misuse]}"
    )


def test_q3_mypy_accepts_a_correct_label(answers, checker):
    label = run(answers, LABEL)
    assert isinstance(label, answers.Label), (
        f"`{LABEL}` {returned_or_raised(label)}. The docstring asks for a label. Look "
        "at the settings of the model."
    )
    assert (label.to, label.weight_kg) == ("Oslo", 1.5), (
        f"`{LABEL}` created {in_words(label)}. The docstring asks for these values."
    )

    checked = check(answers, checker)
    use = f"reveal_type({LABEL}.weight_kg)"
    for code, diagnostics in {
        "Label": checked.of("Label"),
        LABEL: checked.of_use(use),
    }.items():
        assert not diagnostics, report(diagnostics, f"`{code}`")
    for field, expected in FIELDS.items():
        (shown,) = checked.revealed(f"reveal_type({LABEL}.{field})") or ["nothing"]
        is_same = same_type(shown, expected)
        assert is_same, (
            f"For mypy, the type of `{field}` is {shown}. The docstring says that the "
            "fields keep their types."
        )


def test_q3_the_key_in_json_is_the_alias(answers):
    label = run(answers, LABEL)
    assert isinstance(label, answers.Label), (
        f"`{LABEL}` {returned_or_raised(label)}. The docstring asks for a label."
    )

    written = json.loads(label.model_dump_json(by_alias=True))
    assert written == {"to": "Oslo", "weightKg": 1.5}, (
        f"In JSON, the label is {written}. The docstring asks for the alias weightKg. "
        "Look at the alias of the field."
    )
    text = '{"to": "Oslo", "weightKg": 1.5}'
    read = run(answers, f"Label.model_validate_json({text!r})")
    assert read == label, (
        f"Reading {text} {returned_or_raised(read)}. The docstring asks for the label "
        "with these values. Look at the alias of the field, and at the settings."
    )
