"""The tests of section 8.5."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import BaseModel, ValidationError

from lab import (
    attempt,
    client,
    in_words,
    json_or_text,
    outcome,
    returned_or_raised,
    stand_in,
)


def of(answers, name: str, kind: Any) -> Any:
    """Return a generic model of the answer, with `kind` in its brackets."""
    code = f"`{name}[{getattr(kind, '__name__', kind)}]`"
    return attempt(code, lambda: getattr(answers, name)[kind])


def lists_app(answers, cafes: list[str], orders: list[int]) -> FastAPI:
    """Return the application of 8.5.1 for these cafés and orders."""

    def all_cafes() -> list[Any]:
        return [answers.Cafe(name=name, city=f"{name} City") for name in cafes]

    def all_orders() -> list[Any]:
        return [answers.Order(number=number, loaves=0) for number in orders]

    stand_in(answers.all_cafes, all_cafes)
    stand_in(answers.all_orders, all_orders)
    app = outcome(answers.lists_app)
    assert isinstance(app, FastAPI), (
        f"`lists_app()` {returned_or_raised(app)}. The docstring asks for a generic "
        "model, so that `Page[Cafe]` is a model. Look at the base classes of `Page`."
    )
    return app


def body_of(app: FastAPI, path: str, **query: int) -> Any:
    """Return the body of a response, or the exception that the endpoint raises."""
    with client(app) as http:
        return outcome(lambda: json_or_text(http.get(path, params=query)))


@pytest.mark.parametrize("page", [1, 2, 3])
@pytest.mark.parametrize("path", ["/cafes", "/orders", "/cities"])
def test_q1_the_endpoints_return_pages(answers, path, page):
    app = lists_app(answers, ["Etna", "Mar", "Rio"], [70, 71, 72, 73])
    rows = {
        "/cafes": [{"name": n, "city": f"{n} City"} for n in ("Etna", "Mar", "Rio")],
        "/orders": [{"number": number, "loaves": 0} for number in (70, 71, 72, 73)],
        "/cities": ["Etna City", "Mar City", "Rio City"],
    }[path]
    expected = {"items": rows[2 * page - 2 : 2 * page], "total": len(rows)}

    found = body_of(app, path, page=page)
    assert found == expected | {"page": page}, (
        f"`GET {path}?page={page}` {returned_or_raised(found)}. The docstring asks "
        "for an object with `items`, `total` and `page`, also if there are no items on "
        "this page. Look at the fields of your model."
    )


def test_q1_a_list_without_rows_is_an_empty_page(answers):
    app = lists_app(answers, [], [])

    found = [body_of(app, path) for path in ("/cafes", "/cities")]
    assert found == [{"items": [], "total": 0, "page": 1}] * 2, (
        f"Without any café, `GET /cafes` {returned_or_raised(found[0])}, and "
        f"`GET /cities` {returned_or_raised(found[1])[:60]}. The docstring allows a "
        "total of 0, with a list that is empty. Look at the rules of your fields."
    )


@pytest.mark.parametrize(
    ("kind", "given", "valid"),
    [
        (int, ["3", 4, 5], [3, 4, 5]),
        (date, ["2026-02-03"], [date(2026, 2, 3)]),
        (list[int], [["1"], []], [[1], []]),
        (str, ["3", " 3 ", "", "3"], ["3", " 3 ", "", "3"]),
    ],
    ids=["int", "date", "list", "str"],
)
def test_q1_items_have_the_type_in_the_brackets(answers, kind, given, valid):
    model = of(answers, "Page", kind)

    got = outcome(lambda: model(items=given, total=9, page=1).items)
    assert got == valid, (
        f"The page of {kind.__name__} with the items {given} "
        f"{returned_or_raised(got)}. The docstring asks that each item is validated as "
        f"the type in the brackets, which gives {valid}. Look at the type of `items`, "
        "and at what else changes them."
    )


def test_q1_items_of_a_page_of_models_are_such_models(answers):
    model = of(answers, "Page", answers.Cafe)
    cafe = {"name": "Etna", "city": "Rome"}

    got = outcome(lambda: model(items=[cafe], total=1, page=1).items)
    assert got == [answers.Cafe(**cafe)], (
        f"`Page[Cafe]` with the item {cafe} {returned_or_raised(got)} as its items. "
        "The docstring asks that each item is validated as a `Cafe`. Look at the type "
        "of `items`."
    )


@pytest.mark.parametrize("items", [["seven"], [{"number": 7, "loaves": 1}, {}], None])
def test_q1_invalid_items_are_validation_errors(answers, items):
    model = of(answers, "Page", answers.Order)

    got = outcome(lambda: model(items=items, total=2, page=1))
    loc = got.errors()[0]["loc"][:1] if isinstance(got, ValidationError) else None
    assert loc == ("items",), (
        f"`Page[Order](items={items}, total=2, page=1)` {returned_or_raised(got)}. The "
        "docstring asks for a list whose items are validated as orders, so this is a "
        "ValidationError of `items`. Look at the type of `items`."
    )


@pytest.mark.parametrize("name", ["items", "total", "page"])
def test_q1_every_field_is_required(answers, name):
    model = of(answers, "Page", int)
    values = {"items": [1], "total": 1, "page": 1}
    del values[name]

    got = outcome(lambda: model(**values))
    errors = got.errors() if isinstance(got, ValidationError) else []
    assert [(one["type"], one["loc"]) for one in errors] == [("missing", (name,))], (
        f"`Page[int]` without `{name}` {returned_or_raised(got)}. The docstring asks "
        "that this field is required. Look at whether it has a default."
    )


@pytest.mark.parametrize(("name", "least", "below"), [("total", 0, -1), ("page", 1, 0)])
def test_q1_total_and_page_have_a_least_value(answers, name, least, below):
    model = of(answers, "Page", int)

    def create(value: object) -> object:
        return getattr(model(**{"items": [], "total": 5, "page": 5, name: value}), name)

    for value in (least, 2**70):
        got = outcome(lambda v=value: create(v))
        assert (got, type(got)) == (value, int), (
            f"With {name}={value}, the `{name}` of `Page[int]` "
            f"{returned_or_raised(got)}. The docstring asks for an integer of at least "
            f"{least}, without another rule. Look at the type and the rule of `{name}`."
        )
    for value in (below, least + 1.5, "many", None):
        got = outcome(lambda v=value: create(v))
        assert isinstance(got, ValidationError), (
            f"With {name}={value!r}, the `{name}` of `Page[int]` "
            f"{returned_or_raised(got)}. The docstring asks for an integer of at least "
            f"{least}, so this is a ValidationError. Look at the type and the rule of "
            f"`{name}`."
        )


@pytest.mark.parametrize(
    ("path", "type_of_items"),
    [
        ("/cafes", {"$ref": "#/components/schemas/Cafe"}),
        ("/orders", {"$ref": "#/components/schemas/Order"}),
        ("/cities", {"type": "string"}),
    ],
)
def test_q1_the_openapi_document_names_the_type_of_items(answers, path, type_of_items):
    document = lists_app(answers, ["Etna"], [1]).openapi()

    response = document["paths"][path]["get"]["responses"]["200"]
    schema = response["content"]["application/json"]["schema"]
    name = schema.get("$ref", "").rpartition("/")[2]
    page = document["components"]["schemas"].get(name, schema)
    found = page.get("properties", {}).get("items", {}).get("items")
    assert found == type_of_items, (
        f"In the OpenAPI document, the items of `GET {path}` are described as "
        f"{in_words(found)}. The docstring asks for their own type: {type_of_items}. "
        "Look at the type of `items`."
    )


HINTS = {
    "Tray(item='12')": "The type variable has no rules, and no type is chosen.",
    "Stock(item='12')": "Look at the line that creates `Count`.",
    "Label(item='12')": "Look at `Code`: the text has one of its types already.",
    "Basket(item=ROLL)": "Look at `Baked`, and at the fields of its bound.",
    "Basket[Roll](item=ROLL)": "Look at the fields of the type in the brackets.",
    "Basket[int](item='12')": "Pydantic does not check that the type fits the bound.",
}


HEADINGS = ["What a TypeVar means without brackets", "A bound is for the type checker"]


@pytest.mark.parametrize("code", HINTS)
def test_q2_the_item_is_predicted(answers, code):
    predicted = attempt("`items()`", answers.items)
    mine = predicted.get(code, "missing") if isinstance(predicted, dict) else predicted
    model, _, _ = code.partition("(")
    name, _, kind = model.rstrip("]").partition("[")
    kinds = {"Roll": answers.Roll, "int": int}
    generic = getattr(answers, name)
    chosen = generic[kinds[kind]] if kind else generic

    assert not (isinstance(mine, dict) and set(mine) == {"item"}), (
        f"Your prediction for {code} is {in_words(mine)}. The docstring asks for the "
        'value of "item" alone, without the dict around it. Look at the example.'
    )
    assert not isinstance(mine, BaseModel), (
        f"Your prediction for {code} is {in_words(mine)}. The docstring asks for what "
        "`model_dump()` returns, and it makes dicts of models. Look at the example."
    )

    value = answers.ROLL if "ROLL" in code else "12"
    got = outcome(lambda: chosen(item=value).model_dump()["item"])
    real = "error" if isinstance(got, ValidationError) else got
    assert (mine, type(mine)) == (real, type(real)), (
        f"Your prediction for {code} is {in_words(mine)}. The run had another result. "
        f'{HINTS[code]} Notes of 8.5: "{HEADINGS[bool(kind)]}".'
    )


def read(answers, kind: Any, text: str) -> object:
    """Return `Reply[kind]` of this JSON text, or the exception that it raises."""
    model = of(answers, "Reply", kind)
    return outcome(lambda: model.model_validate_json(text))


def unwrap(reply: Any) -> object:
    """Return what `unwrap()` returns, or the exception that it or the reply raises."""
    return reply if isinstance(reply, Exception) else outcome(lambda: reply.unwrap())


class Oven(BaseModel):
    """A payload that the answer does not know."""

    celsius: int


@pytest.mark.parametrize(
    ("kind", "text", "data"),
    [
        (Oven, '{"data": {"celsius": "230"}}', Oven(celsius=230)),
        (list[Oven], '{"data": [{"celsius": 1}]}', [Oven(celsius=1)]),
        (list[str], '{"data": ["b", " a ", "b"]}', ["b", " a ", "b"]),
        (date, '{"data": "2026-02-03"}', date(2026, 2, 3)),
    ],
    ids=["model", "models", "texts", "date"],
)
def test_q3_unwrap_returns_the_data_with_their_type(answers, kind, text, data):
    got = unwrap(read(answers, kind, text))

    assert got == data, (
        f"For the reply {text}, `unwrap()` {returned_or_raised(got)}. The docstring "
        f"asks for the data, validated as the type in the brackets: {in_words(data)}. "
        "Look at the type of `data`, and at `unwrap`."
    )


def test_q3_a_problem_that_is_null_counts_as_missing(answers):
    texts = ['{"data": 5, "problem": null}', '{"problem": null, "data": 0}']

    got = [unwrap(read(answers, int, text)) for text in texts]
    assert got == [5, 0], (
        f"For {texts[0]}, `unwrap()` {returned_or_raised(got[0])[:80]}, and for "
        f"{texts[1]} it {returned_or_raised(got[1])[:60]}. The docstring asks for the "
        "data: null counts as missing. Look at how your code decides what is missing."
    )


@pytest.mark.parametrize(
    ("kind", "text", "data"),
    [
        (int, '{"data": 0}', 0),
        (list[int], '{"data": []}', []),
        (bool, '{"data": false}', False),
        (str, '{"data": ""}', ""),
    ],
    ids=["zero", "list", "false", "text"],
)
def test_q3_empty_data_are_data(answers, kind, text, data):
    got = unwrap(read(answers, kind, text))

    assert (got, type(got)) == (data, type(data)), (
        f"For the reply {text}, `unwrap()` {returned_or_raised(got)}. The docstring "
        f"asks for {data!r}: empty and zero values are values. Look at how your code "
        "decides that there are no data."
    )


@pytest.mark.parametrize(
    "problem", ["no flour", "", " No "], ids=["text", "empty", "spaces"]
)
@pytest.mark.parametrize("kind", [int, list[str]], ids=["int", "list"])
@pytest.mark.parametrize(
    "form",
    ['{"problem": "%s"}', '{"data": null, "problem": "%s"}'],
    ids=["alone", "null"],
)
def test_q3_unwrap_raises_the_problem(answers, kind, problem, form):
    text = form % problem
    reply = read(answers, kind, text)
    got = unwrap(reply)

    seen = (type(reply).__name__.partition("[")[0], type(got), str(got))
    assert seen == ("Reply", answers.Refused, problem), (
        f"For the reply {text}, `unwrap()` {returned_or_raised(got)}. The docstring "
        f"asks to read the reply, and `unwrap()` raises Refused({problem!r}). Look at "
        "`unwrap`, and at how your code decides that there is a problem."
    )


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"data": null}',
        '{"data": null, "problem": null}',
        '{"data": 1, "problem": "no flour"}',
        '{"data": 0, "problem": ""}',
        '{"problem": null}',
        "[]",
        '"no flour"',
        "null",
    ],
    ids=["none", "null", "nulls", "both", "empty", "null-problem", "[]", "text", "-"],
)
def test_q3_a_reply_has_exactly_one_part(answers, text):
    good = read(answers, int, '{"data": 5}')
    got = read(answers, int, text)

    assert (isinstance(got, ValidationError), unwrap(good)) == (True, 5), (
        f"`Reply[int]` of {text} {returned_or_raised(got)}, and unwrapping the reply "
        f"with the data 5 {returned_or_raised(unwrap(good))}. The docstring asks for a "
        "ValidationError of the first one, and for 5. Look at your validator."
    )


@pytest.mark.parametrize(
    ("kind", "text", "part"),
    [
        (int, '{"data": "seven"}', "data"),
        (Oven, '{"data": {"celsius": null}}', "data"),
        (list[int], '{"data": 5}', "data"),
        (int, '{"problem": 7}', "problem"),
        (int, '{"problem": ["no flour"]}', "problem"),
    ],
    ids=["text", "field", "no-list", "number", "list"],
)
def test_q3_each_part_is_validated(answers, kind, text, part):
    got = read(answers, kind, text)

    loc = got.errors()[0]["loc"][:1] if isinstance(got, ValidationError) else None
    assert loc == (part,), (
        f"The reply {text} {returned_or_raised(got)}. The docstring asks that `data` "
        "is validated as the type in the brackets, and that `problem` is a string, so "
        f"this is a ValidationError of `{part}`. Look at the types of your fields."
    )


def test_q3_replies_of_two_types_can_be_read_in_turn(answers):
    texts = ['{"data": "7"}', '{"data": "7"}', '{"problem": "late"}', '{"data": "8"}']
    kinds: list[Callable[..., Any]] = [int, str, int, str]

    got = [unwrap(read(answers, k, t)) for k, t in zip(kinds, texts, strict=True)]
    assert got[:2] + got[3:] == [7, "7", "8"], (
        f"Reading {texts} as replies of int, str, int and str gave {in_words(got)}. "
        "The docstring asks that each reply has the type in its own brackets, and its "
        "own data. Look at where your code keeps them."
    )
