"""The tests of section 12.3."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, Field

from lab import (
    Listening,
    attempt,
    client,
    fastapi_app,
    forked,
    in_words,
    outcome,
    returned_or_raised,
    stand_in,
)

LIGHTS = [
    ("dim", "POST", "/lights/dim", 202, "dim the lights"),
    ("lights", "GET", "/lights", 200, "read the lights"),
    ("set_lights", "PUT", "/lights", 201, "set the lights"),
    ("reset", "DELETE", "/lights", 200, "reset the lights"),
    ("sign", "GET", "/", 200, 'show "C\\D" on the sign'),
]
CURTAIN = [("openCurtain", "PATCH", "/hall/2/curtain", 203, "open the curtain")]
CONFIGS = {"four entries": LIGHTS, "one entry": CURTAIN}
configs = pytest.mark.parametrize("entries", CONFIGS.values(), ids=CONFIGS)


def control_app(answers: Any, entries: list[tuple[Any, ...]]) -> FastAPI:
    """Return the application of 12.3.1 for these entries."""
    config = [answers.RouteConfig(*one) for one in entries]
    call = "control_app(config)"
    return fastapi_app(attempt(f"`{call}`", answers.control_app, config), call)


@dataclass(frozen=True)
class NotJson:
    """The body of a response that is not JSON."""

    text: str


def json_of(response: httpx2.Response) -> Any:
    """Return the JSON of a response, or say that its body is not JSON."""
    if "json" not in response.headers.get("content-type", ""):
        return NotJson(response.text)
    try:
        return response.json()
    except ValueError:
        return NotJson(response.text)


def raised_in_words(error: object) -> str:
    """Return "raised" and the exception; its text may fail."""
    words = outcome(lambda: returned_or_raised(error))
    return words if isinstance(words, str) else f"raised {type(error).__name__}"


def sent(app: FastAPI, method: str, url: str, **more: Any) -> tuple[Any, Any, str]:
    """Return the status code and the JSON of a response, and both in words.

    If the endpoint raises an exception, return None, the exception, and its words.
    """
    with client(app) as http:
        http.follow_redirects = False
        seen = outcome(lambda: http.request(method, url, **more))
    if not isinstance(seen, httpx2.Response):
        return None, seen, raised_in_words(seen)
    body = json_of(seen)
    return seen.status_code, body, f"returned {seen.status_code} and {in_words(body)}"


def check(app: FastAPI, request: str, expected: Any, why: str, **more: Any) -> None:
    """Check the response to a request; `why` says what the docstring asks for."""
    method, _, url = request.partition(" ")
    status, body, came = sent(app, method, url, **more)
    # Compared before: of long lists, pytest would show every difference.
    is_same = (status, body) == expected
    assert is_same, (
        f"`{request}` {came}. The docstring asks for {expected[0]} and "
        f"{in_words(expected[1])}: {why}"
    )


@configs
def test_q1_each_entry_has_its_route(answers: Any, entries: Any) -> None:
    app = control_app(answers, entries)
    for _, method, path, status, command in entries:
        check(
            app,
            f"{method} {path}",
            (status, f"done: {command}"),
            f"the command is {command!r}. Look at which route matches first, and at "
            "what its endpoint runs.",
        )


def test_q1_the_command_runs_for_each_request(answers: Any) -> None:
    ran: list[str] = []

    def run(command: str) -> str:
        ran.append(command)
        return f"{command}, {len(ran)} so far"

    stand_in(answers.run, run)
    app = control_app(answers, LIGHTS)
    for number in (1, 2):
        check(
            app,
            "POST /lights/dim",
            (202, f"dim the lights, {number} so far"),
            "`run` is called once for each request. Look at where you call it.",
        )


def documented(app: FastAPI) -> Any:
    """Return the operations of the OpenAPI document, by method and path."""
    status, document, came = sent(app, "GET", app.openapi_url or "/openapi.json")
    is_document = isinstance(document, dict) and "paths" in document
    assert (status, is_document) == (200, True), (
        f"`GET /openapi.json` {came}. The docstring asks for an OpenAPI document. Look "
        "at how the application is created, and at its models."
    )
    return {
        f"{method.upper()} {path}": operation
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }


# The names that an endpoint's parameter for the command might have.
NAMES = (
    *("command", "cmd", "c", "entry", "e", "config", "cfg", "conf", "route", "r"),
    *("_command", "_cmd", "_c", "_entry", "command_", "text", "value", "name", "x"),
    *("instruction", "operation", "action", "task", "order", "item", "message", "run"),
    *("X-Command", "override", "default", "bound", "body", "data", "q"),
)
DOORS = dict.fromkeys(NAMES, "unlock the doors")
COOKIES = "; ".join(f"{name}={value}" for name, value in DOORS.items())
# Everything that a client can send with a request.
ATTACK = {"params": DOORS, "headers": {**DOORS, "cookie": COOKIES}, "json": DOORS}


@configs
def test_q1_a_client_cannot_change_the_command(answers: Any, entries: Any) -> None:
    app = control_app(answers, entries)
    operations = documented(app)
    for _, method, path, status, command in entries:
        found = operations.get(f"{method} {path}", {})
        inputs = [
            f"the parameter {one['name']!r}" for one in found.get("parameters", [])
        ]
        inputs += ["a body"] if "requestBody" in found else []
        assert not inputs, (
            f"In the OpenAPI document, `{method} {path}` takes {in_words(inputs)}. The "
            "docstring says that a client cannot change the command. Look at the "
            "parameters of your endpoint."
        )
        check(
            app,
            f"{method} {path}",
            (status, f"done: {command}"),
            "a client cannot change the command. Look at your endpoint's parameters.",
            **ATTACK,
        )


METHODS = {"HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}


@configs
def test_q1_a_route_has_the_method_of_its_entry_only(
    answers: Any, entries: Any
) -> None:
    app = control_app(answers, entries)
    for path in {one[2] for one in entries}:
        own = {one[1] for one in entries if one[2] == path}
        for method in sorted(METHODS - own):
            status, _, came = sent(app, method, path)
            assert status == 405, (
                f"`{method} {path}` {came}. The docstring asks for the method of the "
                f"entry: {in_words(sorted(own))}. So this request returns 405. Look at "
                "the methods of your routes."
            )


@configs
def test_q1_the_name_is_the_operation_id(answers: Any, entries: Any) -> None:
    found = {
        request: operation.get("operationId")
        for request, operation in documented(control_app(answers, entries)).items()
    }
    for name, method, path, _, _ in entries:
        request = f"{method} {path}"
        assert request in found, (
            f"The OpenAPI document has {in_words(sorted(found))}, but not `{request}`. "
            "The docstring asks for a route for each entry. Look at the paths and "
            "methods that you add."
        )
        assert found[request] == name, (
            f"In the OpenAPI document, the `operationId` of `{request}` is "
            f"{in_words(found[request])}. The docstring asks for {name!r}, the name of "
            "the entry. Look at the arguments of `add_api_route`."
        )


@configs
def test_q1_the_status_code_is_in_the_openapi_document(
    answers: Any, entries: Any
) -> None:
    operations = documented(control_app(answers, entries))
    for _, method, path, status, _ in entries:
        found = operations.get(f"{method} {path}", {}).get("responses", {})
        seen = [one for one in found if one.startswith("2")]
        assert seen == [str(status)], (
            f"In the OpenAPI document, `{method} {path}` has responses with "
            f"{in_words(seen)}. The docstring asks for the status code of the entry: "
            f"{status}. Look at the arguments of `add_api_route`."
        )


@pytest.mark.parametrize(
    "path",
    [
        "prices",
        "amélie",
        "film noir",
        "lights/",
        "lights/dim",
        "lights/dim/now",
        "LIGHTS",
        "light",
        "dim",
        "a/b/c",
    ],
)
def test_q1_every_other_get_request_returns_the_page(answers: Any, path: str) -> None:
    app = control_app(answers, LIGHTS)
    check(
        app,
        f"GET /{path}",
        (200, f"page: {path}"),
        "no entry has this method and path. Look at the route of the website.",
    )


def test_q1_each_app_has_the_entries_of_its_own_config(answers: Any) -> None:
    apps = [control_app(answers, one) for one in ([], LIGHTS, CURTAIN)]
    why = "this app has no such entry. Look at where you add the routes."
    check(apps[0], "GET /lights", (200, "page: lights"), why)
    check(apps[0], "GET /", (200, "page: "), why)
    check(apps[2], "GET /lights", (200, "page: lights"), why)
    check(apps[2], "GET /docs/x", (200, "page: docs/x"), why)
    status, _, came = sent(apps[1], "PATCH", "/hall/2/curtain")
    assert status == 405, (
        f"`PATCH /hall/2/curtain` {came}. The docstring asks for the entries of "
        f"`config`, and {why}"
    )


# The entries of another cinema: only the commands differ.
STAGE = [(*one[:4], f"{one[4]}, on the stage") for one in LIGHTS]


def test_q1_two_apps_can_have_entries_that_differ_in_the_command(answers: Any) -> None:
    configs = LIGHTS, STAGE
    apps = [control_app(answers, entries) for entries in configs]
    for app, entries in zip(apps, configs, strict=True):
        for _, method, path, status, command in entries:
            check(
                app,
                f"{method} {path}",
                (status, f"done: {command}"),
                "two apps have these routes, each with commands of its own. Look at "
                "where you keep the commands.",
            )


def film_table(answers: Any, *rows: Any) -> Any:
    """Return a table of films."""

    class Film(BaseModel):
        title: Annotated[str, Field(min_length=1)]
        minutes: Annotated[int, Field(gt=0)] = 90

    return answers.Table("films", Film, list(rows))


def voucher_table(answers: Any, *rows: Any) -> Any:
    """Return a table of vouchers."""

    class Voucher(BaseModel):
        code: Annotated[str, Field(pattern="^[A-Z]{3}$")]
        value: Decimal
        until: date
        row: int | None = None

    return answers.Table("Gift-Vouchers", Voucher, list(rows))


def popcorn_table(answers: Any, *rows: Any) -> Any:
    """Return a table of popcorn, whose model has another model inside."""

    class Topping(BaseModel):
        name: str

    class Popcorn(BaseModel):
        size: Literal["small", "large"]
        toppings: list[Topping] = []

    return answers.Table("popcorn", Popcorn, list(rows))


def seat_table(answers: Any) -> Any:
    """Return a table of seats, whose model has a field with an alias."""

    class Seat(BaseModel):
        area: str
        seat_number: Annotated[int, Field(alias="seatNumber", gt=0)]

    return answers.Table("seats", Seat, [])


def plugin_app(answers: Any, *tables: Any) -> FastAPI:
    """Return the application with these tables."""
    app = attempt("`add_table(app, table)`", answers.plugin_app, list(tables))
    return fastapi_app(app, "plugin_app(tables)")


def as_dicts(rows: list[Any], model: type[BaseModel]) -> list[Any]:
    """Return the rows with the instances of the model as dicts, and dicts as None."""
    first, *rest = rows
    return [first, *(one.model_dump() if type(one) is model else None for one in rest)]


def types_of(rows: list[Any]) -> list[str]:
    """Return the names of the types of the rows."""
    return [type(row).__name__ for row in rows]


def four_tables(answers: Any) -> tuple[FastAPI, list[Any]]:
    """Return the application with four empty tables, and the tables."""
    makers = (film_table, voucher_table, popcorn_table, seat_table)
    tables = [make(answers) for make in makers]
    return plugin_app(answers, *tables), tables


LOOK_AT_ROUTES = "Look at the paths and the endpoints of your routes."


def test_q2_get_returns_all_rows_in_their_order(answers: Any) -> None:
    films = film_table(answers)
    for number in range(1_200):
        films.rows.append({"title": f"Film {number % 7}", "minutes": 1_200 - number})
    app = plugin_app(answers, films, popcorn_table(answers))
    expected = list(films.rows)
    check(app, "GET /films", (200, expected), f"all rows. {LOOK_AT_ROUTES}")
    check(app, "GET /popcorn", (200, []), f"the table is empty. {LOOK_AT_ROUTES}")


def test_q2_get_returns_the_rows_at_the_time_of_the_request(answers: Any) -> None:
    films = film_table(answers)
    app = plugin_app(answers, films)
    for number in range(4):
        expected = [{"title": f"Film {one}", "minutes": 90} for one in range(number)]
        why = f"so many rows are in the table now: {number}. {LOOK_AT_ROUTES}"
        check(app, "GET /films", (200, expected), why)
        film = {"title": f"Film {number}", "minutes": 90}
        if number == 1:
            check(app, "POST /films", (201, film), "the new row.", json=film)
        else:
            films.rows.append(film)


def test_q2_get_does_not_change_the_rows(answers: Any) -> None:
    ran = {"title": "Ran", "minutes": 162, "paid": 9_000}
    films = film_table(answers, dict(ran))
    rows = films.rows
    sent(plugin_app(answers, films), "GET", "/films")
    assert rows == [ran], (
        f"After `GET /films`, the rows are {in_words(rows)}. Before, they were "
        f"{in_words([ran])}. The docstring says that the request changes no row. Look "
        "at what your endpoint does with `table.rows`."
    )


def test_q2_get_returns_the_fields_of_the_model_only(answers: Any) -> None:
    films = film_table(answers, {"title": "Ran", "minutes": 162, "paid": 9_000})
    popcorn = {"size": "large", "toppings": [{"name": "salt", "cost": 1}], "title": "x"}
    app = plugin_app(answers, films, popcorn_table(answers, popcorn))
    why = "the model has no other fields. Look at the response model of the route."
    check(app, "GET /films", (200, [{"title": "Ran", "minutes": 162}]), why)
    asked = [{"size": "large", "toppings": [{"name": "salt"}]}]
    check(app, "GET /popcorn", (200, asked), why)


# For each table: the number in `four_tables`, the path, a body and the row of it.
SEAT = {"area": "stalls", "seatNumber": 7}
VOUCHER = {"code": "ABC", "value": "7.50", "until": "2027-01-31"}
POSTS = {
    "film": (0, "/films", {"title": "Alien"}, {"title": "Alien", "minutes": 90}),
    "text": (
        0,
        "/films",
        {"title": "Ran", "minutes": "162"},
        {"title": "Ran", "minutes": 162},
    ),
    "alias": (3, "/seats", SEAT, SEAT),
    "voucher": (1, "/Gift-Vouchers", VOUCHER, {**VOUCHER, "row": None}),
    "popcorn": (
        2,
        "/popcorn",
        {"size": "small", "toppings": [{"name": "salt"}], "title": "Alien"},
        {"size": "small", "toppings": [{"name": "salt"}]},
    ),
}


@pytest.mark.parametrize(
    ("number", "path", "body", "row"), POSTS.values(), ids=list(POSTS)
)
def test_q2_post_returns_the_row_and_get_lists_it(
    answers: Any, number: int, path: str, body: Any, row: Any
) -> None:
    app, _ = four_tables(answers)
    for count in (1, 2):
        check(
            app,
            f"POST {path}",
            (201, row),
            "the new row. Look at the types of your endpoint.",
            json=body,
        )
        why = f"so many rows were appended: {count}. Look at what you append."
        check(app, f"GET {path}", (200, [row] * count), why)


@pytest.mark.parametrize(
    ("number", "path", "body", "row"), POSTS.values(), ids=list(POSTS)
)
def test_q2_post_appends_an_instance_of_the_model(
    answers: Any, number: int, path: str, body: Any, row: Any
) -> None:
    app, tables = four_tables(answers)
    table = tables[number]
    rows = table.rows
    rows.append({"earlier": "row"})
    why = "the new row, after an earlier one. Look at what you return."
    check(app, f"POST {path}", (201, row), why, json=body)
    expected = [{"earlier": "row"}, table.model.model_validate(body).model_dump()]
    assert as_dicts(rows, table.model) == expected, (
        f"`POST {path}` returned 201. Then the types of the rows were "
        f"{in_words(types_of(rows))}. The docstring asks for an instance of "
        f"{table.model.__name__!r} after the earlier row. Look at what you append."
    )
    others = [one.name for one in tables if one is not table and one.rows]
    assert others == [], (
        f"`POST {path}` appended a row to other tables: {in_words(others)}. The "
        "docstring asks for a row in the table of this name. Look at where you append."
    )


class Busy(list[Any]):
    """The rows of a table to which another program appends at the same time."""

    def append(self, row: Any) -> None:
        """Append a row, and then the row of the other program."""
        super().append(row)
        super().append({"title": "Ran", "minutes": 162})


def test_q2_post_returns_its_own_row(answers: Any) -> None:
    films = film_table(answers)
    films.rows = Busy()
    app = plugin_app(answers, films)
    why = "this row; another program appended one at the same time. Look at what you "
    alien = {"title": "Alien", "minutes": 90}
    check(app, "POST /films", (201, alien), f"{why}return.", json=alien)


def test_q2_two_tables_can_have_the_same_model(answers: Any) -> None:
    films, archive = film_table(answers), film_table(answers)
    archive.name, archive.model = "archive", films.model
    app = plugin_app(answers, films, archive)
    alien = {"title": "Alien", "minutes": 90}
    why = "two tables have the same model, and each has its own rows. "
    check(app, "POST /films", (201, alien), f"{why}{LOOK_AT_ROUTES}", json=alien)
    check(app, "GET /films", (200, [alien]), f"{why}{LOOK_AT_ROUTES}")
    check(app, "GET /archive", (200, []), f"{why}{LOOK_AT_ROUTES}")


def test_q2_two_models_can_have_the_same_name(answers: Any) -> None:
    films, popcorn = film_table(answers), popcorn_table(answers)
    popcorn.model.__name__ = films.model.__name__
    app = plugin_app(answers, films, popcorn)
    why = "two plugins have models with the same name. Look at how you find the model."
    alien, small = {"title": "Alien"}, {"size": "small"}
    check(app, "POST /films", (201, alien | {"minutes": 90}), why, json=alien)
    check(app, "POST /popcorn", (201, small | {"toppings": []}), why, json=small)
    check(app, "GET /popcorn", (200, [small | {"toppings": []}]), why)


AS_JSON = {"content-type": "application/json"}
REFUSED = {
    "no field": ("/films", {"json": {}}),
    "null field": ("/films", {"json": {"title": None}}),
    "number field": ("/films", {"json": {"title": 7}}),
    "short title": ("/films", {"json": {"title": ""}}),
    "zero": ("/films", {"json": {"title": "Alien", "minutes": 0}}),
    "null": ("/films", {"json": None}),
    "list": ("/films", {"json": [{"title": "Alien"}]}),
    "text": ("/films", {"json": "Alien"}),
    "number": ("/films", {"json": 7}),
    "empty": ("/films", {}),
    "no JSON": ("/films", {"content": b"{", "headers": AS_JSON}),
    "query": ("/films?title=Alien", {}),
    "embedded": ("/films", {"json": {"row": {"title": "Alien"}}}),
    "film as voucher": ("/Gift-Vouchers", {"json": {"title": "Alien"}}),
    "lower case": ("/Gift-Vouchers", {"json": {**VOUCHER, "code": "abc"}}),
    "no date": ("/Gift-Vouchers", {"json": {**VOUCHER, "until": "soon"}}),
    "size": ("/popcorn", {"json": {"size": "huge"}}),
    "nested": ("/popcorn", {"json": {"size": "small", "toppings": [{"name": 1}]}}),
    "no alias": ("/seats", {"json": {"area": "stalls", "seat_number": 7}}),
    "no object": ("/popcorn", {"json": {"size": "small", "toppings": ["salt"]}}),
}


@pytest.mark.parametrize(("url", "more"), REFUSED.values(), ids=list(REFUSED))
def test_q2_a_body_that_the_model_refuses_returns_422(
    answers: Any, url: str, more: Any
) -> None:
    app, tables = four_tables(answers)
    status, body, came = sent(app, "POST", url, **more)
    shown = in_words(more.get("json", more.get("content", "no body")))
    entries = body.get("detail") if isinstance(body, dict) else None
    places = [one.get("loc") for one in entries] if isinstance(entries, list) else []
    is_fastapis = bool(places) and all(one and one[0] == "body" for one in places)
    assert (status, is_fastapis) == (422, True), (
        f"`POST {url}` with {shown} {came}. The docstring asks for the 422 of FastAPI. "
        "Look at how the endpoint declares its body."
    )
    rows = [row for table in tables for row in table.rows]
    assert rows == [], (
        f"`POST {url}` with {shown} appended {in_words(types_of(rows))}. The docstring "
        "says that the rows stay the same. Look at when you append."
    )


def resolved(schema: Any, document: Any) -> Any:
    """Return a schema, or the one that it refers to."""
    name = schema.get("$ref", "").rpartition("/")[2]
    return document.get("components", {}).get("schemas", {}).get(name, schema)


def schemas_of(app: FastAPI, path: str) -> dict[str, Any]:
    """Return the schemas of both routes of a table: of a body, and of the responses."""
    operations = documented(app)
    document = app.openapi()

    def content(holder: Any) -> Any:
        return holder.get("content", {}).get("application/json", {}).get("schema", {})

    post, get = (operations.get(f"{one} {path}", {}) for one in ("POST", "GET"))
    rows = content(get.get("responses", {}).get("200", {}))
    return {
        "the body of `POST`": resolved(content(post.get("requestBody", {})), document),
        "the response 201 of `POST`": resolved(
            content(post.get("responses", {}).get("201", {})), document
        ),
        "a row in the response 200 of `GET`": resolved(
            rows.get("items", {}) if rows.get("type") == "array" else {}, document
        ),
    }


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_q2_the_model_is_in_the_openapi_document(answers: Any, number: int) -> None:
    app, tables = four_tables(answers)
    table = tables[number]
    asked = table.model.model_json_schema()
    for what, schema in schemas_of(app, f"/{table.name}").items():
        seen, fields = list(schema.get("properties", {})), list(asked["properties"])
        assert set(seen) == set(fields), (
            f"In the OpenAPI document, {what} of the table {table.name!r} has the "
            f"fields {in_words(seen)}. The docstring asks for the model, which has "
            f"{in_words(fields)}. Look at the types that your routes declare."
        )
        needed = set(asked.get("required", []))
        assert needed <= set(schema.get("required", [])), (
            f"In the OpenAPI document, {what} requires "
            f"{in_words(schema.get('required', []))}. The model requires "
            f"{in_words(sorted(needed))}. Look at the types that your routes declare."
        )


def test_q2_each_table_has_two_routes(answers: Any) -> None:
    app, tables = four_tables(answers)
    found = set(documented(app))
    asked = {f"{method} /{one.name}" for one in tables for method in ("GET", "POST")}
    missing, extra = sorted(asked - found), sorted(found - asked)
    what = f"lacks {in_words(missing)}" if missing else f"also has {in_words(extra)}"
    assert found == asked, (
        f"The OpenAPI document {what}. The docstring asks for two routes for each "
        "table. Look at the paths and the methods that you add."
    )


def test_q2_two_apps_with_the_same_name_of_a_table_share_nothing(answers: Any) -> None:
    first, second = film_table(answers), popcorn_table(answers)
    second.name = "films"
    apps = [plugin_app(answers, one) for one in (first, second)]
    why = "this app has a table of its own. Look at where your routes find the table."
    alien, small = {"title": "Alien"}, {"size": "small"}
    check(apps[0], "POST /films", (201, alien | {"minutes": 90}), why, json=alien)
    check(apps[1], "GET /films", (200, []), why)
    check(apps[1], "POST /films", (201, small | {"toppings": []}), why, json=small)
    check(apps[0], "GET /films", (200, [alien | {"minutes": 90}]), why)


@pytest.mark.parametrize("path", ["/film", "/Films", "/vouchers", "/films/1", "/"])
def test_q2_another_name_returns_404(answers: Any, path: str) -> None:
    app, _ = four_tables(answers)
    sent(app, "POST", "/films", json={"title": "Alien"})
    status, _, came = sent(app, "GET", path)
    assert status == 404, (
        f"`GET {path}` {came}. There is no such table, and the docstring asks for two "
        "routes whose path is the name of the table. Look at the paths that you add."
    )


@contextmanager
def process_of(answers: Any) -> Iterator[httpx2.Client]:
    """Yield a client of a new worker process, which is killed afterwards."""

    def serve() -> None:
        uvicorn.run(answers.worker(), port=0, log_config=None)

    with forked(serve) as process:
        report = process.report()
        assert isinstance(report, Listening), (
            f"The worker process ended: {in_words(report)}. Look at `worker()`, which "
            "is given."
        )
        host, port = report.addresses[0]
        with httpx2.Client(base_url=f"http://{host}:{port}", trust_env=False) as http:
            yield http


def add(http: Any, path: str, text: str) -> None:
    """Add a route while the application runs."""
    http.post("/admin/routes", params={"path": path, "text": text})


def is_listed(http: Any) -> bool:
    """Request the OpenAPI document, and return whether it lists `/prices`."""
    return "/prices" in http.get("/openapi.json").json()["paths"]


def real_run(answers: Any, what: str) -> object:
    """Return what happens in one of the runs in several processes."""
    with process_of(answers) as first:
        add(first, "/prices", "9")
        if what == "workers":
            with process_of(answers) as second:
                return second.get("/prices").status_code
    with process_of(answers) as restarted:
        return restarted.get("/prices").status_code


def run_in_one_process(app: FastAPI, what: str) -> object:
    """Return what happens in one of the other runs."""
    with client(app) as http:
        if what == "order":
            add(http, "/films/today", "today")
            return http.get("/films/today").json()
        if what == "added":
            is_listed(http)
        add(http, "/prices", "old")
        if what == "twice":
            add(http, "/prices", "new")
            return http.get("/prices").json()
        if what == "removed":
            is_listed(http)
            http.delete("/admin/routes", params={"path": "/prices"})
        return is_listed(http)


LOOK_AT = {
    "order": "Look at which route comes first.",
    "twice": "Look at which route comes first.",
    "added": "Look at how the route is added: by a method of FastAPI.",
    "removed": "Look at how the route is removed: not by a method of FastAPI.",
    "workers": "Look at which process holds the list of routes.",
    "restart": "Look at what a new process calls, and which routes it adds.",
}
TEXT, LISTED, STATUS = "a text", "True or False", "a status code, which is a number"
FORM = dict(zip(LOOK_AT, (TEXT, TEXT, LISTED, LISTED, STATUS, STATUS), strict=True))


@pytest.mark.parametrize("blank", LOOK_AT)
def test_q3_the_runs_are_predicted(answers: Any, blank: str) -> None:
    predictions = answers.drawbacks()
    is_there = isinstance(predictions, dict) and blank in predictions
    assert is_there, (
        f"`drawbacks()` returned {in_words(predictions)}, without {blank!r}. The "
        "docstring asks for the six predictions of the stub."
    )
    predicted = predictions[blank]
    is_bool = isinstance(predicted, bool)
    if FORM[blank] == STATUS:
        seen = real_run(answers, blank)
    else:
        seen = run_in_one_process(answers.worker(), blank)
    assert (predicted, is_bool) == (seen, FORM[blank] == LISTED), (
        f"{blank!r}: you predicted {in_words(predicted)}. The real run came out "
        f"differently. The docstring asks for {FORM[blank]}. {LOOK_AT[blank]}"
    )
