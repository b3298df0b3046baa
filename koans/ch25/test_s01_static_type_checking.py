"""The tests of section 25.1."""

import ast
import json
import sys

import pytest
from pydantic import ValidationError

from lab.typecheck import SETTINGS, STRICT, Checked, Diagnostic, Program, same_type

# The very first check lets mypy read the libraries.
pytestmark = pytest.mark.timeout(60)

PARCEL = """parcel = Parcel.model_validate_json('{"number": "7", "weight": "1.5"}')"""
VIEWS = {
    "a field": "parcel.weight",
    "a field that may be missing": "parcel.note",
    "a value of a dump": 'parcel.model_dump()["weight"]',
    "a field of a copy": 'parcel.model_copy(update={"number": "seven"}).number',
    "a field with a validator": "Notice(due=date(2026, 12, 1)).due",
}
SCAN = 'scan = Scan.model_validate({"parcel": 7, "gateName": "A"})'
STATEMENTS = {
    "a change": 'scan.gate = "B"',
    "a name for an alias": 'Scan(parcel=7, gate="B")',
    "an argument left out": "Scan(parcel=7)",
    "a model without validation": 'Scan.model_construct(parcel="7", gate="B")',
    "a dict to be validated": 'Scan.model_validate({"parcel": "B"})',
}
PAGES = {
    "deliveries": 'Page[Delivery](items=[Delivery.model_validate({"parcel": 1})])',
    "texts": 'Page[str](items=["Oslo", "Bergen"])',
}
LABEL = 'Label(to="Oslo", weight_kg=1.5)'
MISUSES = {
    "a misspelt argument": 'Label(too="Oslo", weight_kg=1.5)',
    "a missing argument": 'Label(to="Oslo")',
    "an argument of another type": 'Label(to=["Oslo"], weight_kg=1.5)',
    "a change": f'label = {LABEL}\nlabel.to = "Bergen"',
}
# By which of mypy's rules they are refused.
RULES = {
    "an argument of another type": "arg-type",
    "a change": "misc",
    "an alias that it cannot read": "pydantic-alias",
}
TYPED_IN = 'Parcel(number="7", weight="1.5")'
SUSPECTS = {
    "an argument that no field has": 'Parcel(number=7, weight="1.5", nots="fragile")',
    "an alias that it cannot read": (
        'class Slip(BaseModel):\n    number: int = Field(alias=str.lower("NR"))'
    ),
}
# What mypy reads beneath the answer, all in one run; each use is known by its text.
USES = [
    *(f"{PARCEL}\nreveal_type({view})" for view in VIEWS.values()),
    *(f"{SCAN}\n{statement}" for statement in STATEMENTS.values()),
    *(f"item = first({page})\nreveal_type(item)" for page in PAGES.values()),
    'reveal_type(Delivery.model_validate({"parcel": 1}).note)',
    'reveal_type(Delivery.model_validate({"parcel": 1}).stops)',
    f"reveal_type({LABEL}.weight_kg)",
    *MISUSES.values(),
    TYPED_IN,
    *SUSPECTS.values(),
]


def checked(answers, checker, plugin=STRICT) -> Checked:
    """Return what mypy says of the section and of all uses of it."""
    uses = [*USES, *filter(None, map(parsed, expressions(answers)))]
    program = Program(answers.__source__, answers.__file__, {use: use for use in uses})
    return checker.check(program, plugin)


def expressions(answers) -> list[object]:
    """Return what `disagreements` returns; nothing while it is open or broken."""
    try:
        return list(answers.disagreements())
    except Exception:
        return []


def parsed(text: object) -> str | None:
    """Return the expression `text` as Python writes it, or None if it is none."""
    try:
        return ast.unparse(ast.parse(str.strip(text), mode="eval"))
    except (SyntaxError, TypeError, ValueError):
        return None


def told(diagnostics: list[Diagnostic], about: str) -> str:
    """Return what there is against `about`, with mypy's own lines beneath."""
    lines = [str(one) for one in diagnostics[:3]]
    if len(diagnostics) > len(lines):
        lines.append(f"(and {len(diagnostics) - len(lines)} more)")
    if any(one.is_bypass for one in diagnostics):
        verdict = f"{about} goes around mypy instead of through it."
    else:
        verdict = f"mypy does not let {about} pass. The rule stands in brackets."
    return "\n".join([verdict, *lines])


def attempt(answers, code: str) -> object:
    """Return the value of the last line of `code`, or the exception that it raises."""
    names = dict(vars(sys.modules[answers.__name__]))
    *before, last = code.split("\n")
    try:
        exec("\n".join(before), names)
        return eval(last, names) if parsed(last) else exec(last, names)
    except NotImplementedError:
        raise
    except Exception as error:
        return error


def shown(value: object) -> str:
    """Return how a message names what an attempt gave."""
    if isinstance(value, ValidationError):
        fault = value.errors()[0]
        place = ".".join(str(part) for part in fault["loc"])
        return f"a ValidationError ({place}: {fault['msg']})"
    return repr(value)


def pair(predicted: object, key: str) -> tuple[object, object]:
    """Return the two predictions about `key`."""
    found = predicted.get(key) if isinstance(predicted, dict) else None
    two = isinstance(found, tuple | list) and len(found) == 2
    assert two, f"You return {found!r} for `{key}`. Two things are asked of it."
    return found[0], found[1]


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_q1_the_type_that_mypy_shows_is_predicted(answers, checker, view):
    predicted = f"{pair(answers.views(), view)[0]}"
    seen = checked(answers, checker).revealed(f"{PARCEL}\nreveal_type({view})")

    same = any(same_type(predicted, one) for one in seen)
    assert same, (
        f"mypy takes `{view}` for something else than {predicted}. "
        "Which part of it has a declared type, and does mypy look any further?"
    )


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_q1_the_class_at_run_time_is_predicted(answers, view):
    predicted = pair(answers.views(), view)[1]
    value = attempt(answers, f"{PARCEL}\n{view}")

    same = predicted == type(value).__name__
    assert same, (
        f"At run time `{view}` is an instance of another class than {predicted}. "
        "Does Pydantic look at the value here, and what is done to it last?"
    )


def expression(answers, place: int) -> str:
    """Return one of the two expressions of `disagreements`."""
    texts = answers.disagreements()
    two = isinstance(texts, tuple | list) and len(texts) == 2
    assert two, f"You return {texts!r}. Two texts are asked for."
    code = parsed(texts[place])
    assert code is not None, f"{texts[place]!r} is not the text of one expression."
    return code


def holds_valid_values(parcel: object) -> bool:
    """Return whether validation would leave `parcel` as it is."""
    try:
        return type(parcel).model_validate(dict(parcel)) == parcel
    except ValidationError:
        return False


def test_q1_mypy_alone_refuses_the_first(answers, checker):
    code = expression(answers, 0)

    made = attempt(answers, code)
    assert isinstance(made, answers.Parcel), (
        f"At run time `{code}` gives {shown(made)}."
    )
    assert holds_valid_values(made), (
        f"`{code}` gives {made!r}, whose values Pydantic has never looked at."
    )
    diagnostics = checked(answers, checker).of_use(code)
    assert any('"Parcel"' in diagnostic.message for diagnostic in diagnostics), (
        f"Pydantic makes a Parcel of `{code}`, and mypy has nothing against that. "
        "What does Pydantic convert, or pass over, silently?"
    )


def test_q1_pydantic_alone_refuses_the_second(answers, checker):
    code = expression(answers, 1)

    made = attempt(answers, code)
    assert isinstance(made, ValidationError), (
        f"At run time `{code}` gives {shown(made)}, and no ValidationError."
    )
    assert made.title == "Parcel", f"`{code}` fails at a {made.title}, not at a Parcel."
    diagnostics = checked(answers, checker).of_use(code)
    assert not diagnostics, f"Pydantic is not alone. {told(diagnostics, f'`{code}`')}"


@pytest.mark.parametrize("name", ["Delivery", "first"])
def test_q2_mypy_lets_the_definition_pass(answers, checker, name):
    assert getattr(answers, name), f"`{name}` is {getattr(answers, name)!r}."

    diagnostics = checked(answers, checker).of(name)

    assert not diagnostics, told(diagnostics, f"`{name}`")


def delivered(answers, **row: object) -> object:
    """Return the Delivery that a row of JSON makes, or the name of what it raises."""
    validate = answers.Delivery.model_validate
    try:
        return validate({"parcel": 1, **row})
    except Exception as error:
        return type(error).__name__


def test_q2_a_note_may_be_missing(answers, checker):
    sent = [{}, {"note": None}, {"note": "fragile"}]
    made = [delivered(answers, **row) for row in sent]

    notes = [getattr(one, "note", one) for one in made]
    assert notes == [None, None, "fragile"], f"The notes of {sent} are {notes}."
    use = 'reveal_type(Delivery.model_validate({"parcel": 1}).note)'
    (seen,) = checked(answers, checker).revealed(use) or ["nothing"]
    assert same_type(seen, "str | None"), (
        f"mypy takes a note for {seen}: whoever writes `delivery.note.upper()` "
        "is not warned, or cannot write it at all."
    )


def test_q2_stops_are_a_list_of_names(answers, checker):
    sent = [{}, {"stops": "Oslo,Bergen"}, {"stops": ["Oslo", "Bergen"]}]
    made = [delivered(answers, **row) for row in sent]

    stops = [getattr(one, "stops", one) for one in made]
    assert stops == [[], ["Oslo", "Bergen"], ["Oslo", "Bergen"]], (
        f"The stops of {sent} are {stops}."
    )
    use = 'reveal_type(Delivery.model_validate({"parcel": 1}).stops)'
    (seen,) = checked(answers, checker).revealed(use) or ["nothing"]
    assert same_type(seen, "list[str]"), f"mypy takes stops for {seen}."


@pytest.mark.parametrize(
    ("page", "expected"),
    [(PAGES["deliveries"], "Delivery | None"), (PAGES["texts"], "str | None")],
    ids=PAGES,
)
def test_q2_first_has_the_type_of_the_page(answers, checker, page, expected):
    use = f"item = first({page})\nreveal_type(item)"
    (seen,) = checked(answers, checker).revealed(use) or ["nothing"]

    same = same_type(seen, expected)
    assert same, (
        f"mypy takes `first({page})` for {seen}. What the page holds, "
        "the signature of `first` does not pass on."
    )
    item = attempt(answers, f"first({page})")
    assert item == attempt(answers, f"{page}.items[0]"), (
        f"`first({page})` is {shown(item)}."
    )
    empty = attempt(answers, "first(Page[str](items=[]))")
    assert empty is None, f"The first item of an empty page is {shown(empty)}."


def test_q2_read_returns_a_page_of_deliveries(answers, checker):
    rows = [{"parcel": 1, "stops": "Oslo"}, {"parcel": 2}]

    page = attempt(answers, f"read({json.dumps({'items': rows, 'more': True})!r})")

    kind = type(page).__name__
    assert isinstance(page, answers.Page), (
        f"`read` promises a page, mypy believes it, and at run time it gives a {kind}. "
        "Who has looked at the JSON?"
    )
    assert all(isinstance(one, answers.Delivery) for one in page.items), (
        f"The page holds {page.items}: not all of them are deliveries."
    )
    same = [one.parcel for one in page.items] == [1, 2] and page.more is True
    assert same, (
        f"`read` was told of the parcels 1 and 2, and that there is more. "
        f"It returns {page!r}."
    )
    diagnostics = checked(answers, checker).of("read")
    assert not diagnostics, told(diagnostics, "`read`")


@pytest.mark.parametrize(
    "sent", [{"items": [{"parcel": "seven"}]}, {"rows": []}], ids=["a row", "the page"]
)
def test_q2_read_refuses_what_is_no_page_of_deliveries(answers, sent):
    found = attempt(answers, f"read({json.dumps(sent)!r})")

    assert isinstance(found, ValidationError), (
        f"`read` was sent {sent}, and gives {shown(found)}, and no ValidationError."
    )


@pytest.mark.parametrize("misuse", MISUSES)
def test_q3_mypy_refuses_misuse_of_a_label(answers, checker, misuse):
    code = MISUSES[misuse]
    made = attempt(answers, code)
    assert isinstance(made, Exception), f"`{code}` passes at run time."

    diagnostics = checked(answers, checker).of_use(code)

    line, rule = code.count("\n") + 1, RULES.get(misuse, "call-arg")
    assert any(one.line == line and one.code == rule for one in diagnostics), (
        f"mypy has nothing against {misuse}, `{code.splitlines()[-1]}`. "
        "It fails at run time. From which line of the model could the plugin know?"
    )


def test_q3_a_right_label_passes_with_both(answers, checker):
    label = attempt(answers, LABEL)

    same = isinstance(label, answers.Label)
    assert same, f"At run time `{LABEL}` gives {shown(label)}."
    same = (label.to, label.weight_kg) == ("Oslo", 1.5)
    assert same, f"`{LABEL}` has become {label!r}."
    seen = checked(answers, checker)
    use = f"reveal_type({LABEL}.weight_kg)"
    diagnostics = [*seen.of("Label"), *seen.of_use(use)]
    assert not diagnostics, told(diagnostics, "`Label`, or a right use of it,")
    assert seen.revealed(use) == ["float"], f"A weight is {seen.revealed(use)} to mypy."


def test_q3_the_key_in_json_remains(answers):
    label = attempt(answers, LABEL)
    same = isinstance(label, answers.Label)
    assert same, f"At run time `{LABEL}` gives {shown(label)}."

    written = label.model_dump_json(by_alias=True)
    read = attempt(answers, f"Label.model_validate_json({written!r})")

    same = json.loads(written) == {"to": "Oslo", "weightKg": 1.5}
    assert same, f"`{LABEL}` is written as {written}."
    assert read == label, f"Written as {written}, the label is read as {shown(read)}."


def chosen(answers) -> dict[str, bool]:
    """Return the settings of the plugin that `settings` returns."""
    settings = answers.settings()
    assert isinstance(settings, dict), f"You return {settings!r}: no names of settings."
    wrong = [name for name in settings if name not in SETTINGS]
    assert not wrong, f"The plugin has no setting {wrong[0]!r}, and would pass over it."
    wrong = [name for name in settings if not isinstance(settings[name], bool)]
    assert not wrong, f"A setting is on or off; {wrong[0]} is {settings[wrong[0]]!r}."
    return settings


def test_q3_numbers_typed_in_as_text_are_let_in(answers, checker):
    settings = chosen(answers)

    diagnostics = checked(answers, checker, settings).of_use(TYPED_IN)

    assert not diagnostics, (
        f"Pydantic would convert what the desk types in, but with {settings} "
        f"{told(diagnostics, f'`{TYPED_IN}`')}"
    )


@pytest.mark.parametrize("suspect", SUSPECTS)
def test_q3_the_settings_refuse(answers, checker, suspect):
    settings = chosen(answers)
    code = SUSPECTS[suspect]

    diagnostics = checked(answers, checker, settings).of_use(code)

    line, rule = code.count("\n") + 1, RULES.get(suspect, "call-arg")
    assert any(one.line == line and one.code == rule for one in diagnostics), (
        f"With {settings} mypy has nothing against {suspect}: "
        f"`{code.splitlines()[-1].strip()}`."
    )


@pytest.mark.parametrize("plugin", [None, STRICT], ids=["mypy alone", "the plugin"])
@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS)
def test_q3_the_refusal_is_predicted(answers, checker, statement, plugin):
    alone, helped = pair(answers.refusals(), statement)
    predicted = alone if plugin is None else helped
    same = predicted == bool(
        checked(answers, checker, plugin).of_use(f"{SCAN}\n{statement}")
    )

    who = "mypy alone" if plugin is None else "mypy with the plugin"
    does = "refuses" if predicted else "lets in"
    assert same, (
        f"You expect that {who} {does} `{statement}`, and that is not so. "
        "What would it have to know of the model for that?"
    )
