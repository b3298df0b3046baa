"""The tests of section 2.4."""

import json
import re
from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.exceptions import ResponseValidationError
from fastapi.testclient import TestClient
from pydantic import BaseModel, ValidationError

from lab import attempt, client, fastapi_app, in_words, json_or_text, outcome, stand_in


def request(http: TestClient, method: str, path: str, **sent: Any) -> httpx2.Response:
    """Return the response to a request. An exception becomes a message."""
    what = f"`{method} {path}`"
    try:
        response: httpx2.Response = attempt(what, http.request, method, path, **sent)
    except AssertionError as error:
        if isinstance(error.__cause__, ResponseValidationError):
            raise AssertionError(
                f"{error} This gives the client a 500: what your endpoint returned "
                "does not fit its response model. Look at the types in this model."
            ) from error.__cause__
        raise
    return response


def send(app: FastAPI, method: str, path: str, **sent: Any) -> httpx2.Response:
    """Return the response of an application to one request."""
    with client(app) as http:
        return request(http, method, path, **sent)


def json_of(response: httpx2.Response, status: int) -> Any:
    """Return the JSON of a response, which has this status code."""
    body = json_or_text(response)
    asked = f"`{response.request.method} {response.request.url.path}`"
    assert response.status_code == status, (
        f"{asked} returned {response.status_code} and {in_words(body)}. The docstring "
        f"asks for the status code {status}."
    )
    return body


def documented(app: FastAPI, method: str, path: str) -> dict[str, Any]:
    """Return what the documentation of `app` shows about an endpoint's responses.

    The parameters in `path` may have other names there.
    """
    schema = attempt("The documentation, `app.openapi()`,", app.openapi)
    for template, methods in schema["paths"].items():
        if re.sub(r"{\w+}", "{}", template) == re.sub(r"{\w+}", "{}", path):
            return dict(methods.get(method.lower(), {}).get("responses", {}))
    return {}


def documented_schema(
    app: FastAPI, method: str, path: str, status: int
) -> tuple[str, dict[str, Any]]:
    """Return the type and the fields that the documentation shows for a response.

    The fields of a list are those of its items. Each has its schema.
    """
    response = documented(app, method, path).get(str(status), {})
    schema = response.get("content", {}).get("application/json", {}).get("schema", {})
    kind = "list" if "items" in schema else "object"
    schema = schema.get("items", schema)
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        schema = app.openapi()["components"]["schemas"][name]
    return kind, schema.get("properties", {})


def check_documentation(
    app: FastAPI, endpoint: str, status: int, kind: str, fields: list[str]
) -> None:
    """Check the one successful response that the documentation of `app` shows."""
    method, path = endpoint.split()
    codes = [code for code in documented(app, method, path) if code < "300"]
    assert codes == [str(status)], (
        f"For `{endpoint}` the documentation shows the successful status codes "
        f"{in_words(codes)}. The docstring asks for {status}. FastAPI documents the "
        "status code of the decorator."
    )
    seen, properties = documented_schema(app, method, path, status)
    shown = sorted(properties)
    assert (seen, shown) == (kind, fields), (
        f"For `{endpoint}` and {status} the documentation shows "
        f"{'a list of objects' if seen == 'list' else 'an object'} with the fields "
        f"{in_words(shown)}. The docstring asks for {in_words(fields)}"
        f"{' in a list' if kind == 'list' else ''}. FastAPI reads them from the "
        "response model."
    )


LAMPS = {"sku": "lamp", "quantity": 3}


def orders_app(answers, *numbers: int, passed: list[Any] | None = None) -> FastAPI:
    """Return the application of 2.4.1, whose `accept` returns these numbers.

    What is passed to `accept` is added to `passed`.
    """
    left = iter(numbers)
    passed = [] if passed is None else passed

    def accept(order: object) -> dict[str, Any]:
        passed.append(order)
        return {
            "number": next(left, 0),
            "state": "waiting",
            "margin": 0.2,
            "note": None,
        }

    stand_in(answers.accept, accept)
    return fastapi_app(answers.orders_app(), "orders_app()")


def test_q1_an_order_returns_202(answers):
    response = send(orders_app(answers, 41), "POST", "/orders", json=LAMPS)

    status = response.status_code
    assert status != 422, (
        f"`POST /orders` returned 422 and {in_words(json_or_text(response))}. The "
        "docstring asks to take an `OrderIn` as the request body. Look at the "
        "parameters of your endpoint."
    )
    assert status == 202, (
        f"`POST /orders` returned {status} and {in_words(json_or_text(response))}. The "
        "docstring asks for 202 Accepted: the shop has the order, but has not "
        "processed it yet."
    )


def test_q1_the_order_is_passed_to_accept(answers):
    passed: list[Any] = []
    send(orders_app(answers, 41, passed=passed), "POST", "/orders", json=LAMPS)

    assert passed == [answers.OrderIn(**LAMPS)], (
        f"During one request, `accept` was called with {in_words(passed)}. The "
        "docstring asks to pass the `OrderIn` of the request body to it, once."
    )


@pytest.mark.parametrize(
    "body",
    [{"sku": "lamp"}, {"sku": "lamp", "quantity": "three"}, {}, [], "lamp", None],
    ids=["no quantity", "a word", "empty", "list", "text", "null"],
)
def test_q1_a_body_that_is_no_order_returns_422(answers, body):
    passed: list[Any] = []
    app = orders_app(answers, 41, passed=passed)
    response = send(app, "POST", "/orders", json=body)

    assert (response.status_code, passed) == (422, []), (
        f"A client sent the body {in_words(body)}. `POST /orders` returned "
        f"{response.status_code}, and `accept` was called with {in_words(passed)}. The "
        "docstring asks to take an `OrderIn` as the request body, so FastAPI returns "
        "422 for any other body."
    )


def test_q1_the_response_contains_the_number_and_the_state_only(answers):
    response = send(orders_app(answers, 41), "POST", "/orders", json=LAMPS)

    body = json_or_text(response)
    fields = sorted(body) if isinstance(body, dict) else body
    assert fields == ["number", "state"], (
        f"The response contains {in_words(fields)}. The docstring asks for the fields "
        "`number` and `state`, and for no other field. FastAPI sends the fields of the "
        "response model."
    )


def test_q1_the_response_is_the_order_that_accept_returned(answers):
    with client(orders_app(answers, 41, 42)) as http:
        seen = [
            json_or_text(request(http, "POST", "/orders", json=LAMPS)) for _ in range(2)
        ]

    asked = [{"number": 41, "state": "waiting"}, {"number": 42, "state": "waiting"}]
    assert seen == asked, (
        "`accept` returned the numbers 41 and 42, and the state 'waiting'. The "
        f"responses were {in_words(seen)}. The docstring asks for the `number` and the "
        "`state` that `accept` returns."
    )


def test_q1_the_documentation_shows_202_and_the_two_fields(answers):
    app = orders_app(answers)

    check_documentation(app, "POST /orders", 202, "object", ["number", "state"])
    _, fields = documented_schema(app, "POST", "/orders", 202)
    types = {name: field.get("type") for name, field in fields.items()}
    assert types == {"number": "integer", "state": "string"}, (
        f"For `POST /orders` the documentation shows the types {in_words(types)}. The "
        "docstring asks for `number`, an integer, and `state`, a string. FastAPI reads "
        "the types from the response model."
    )


NAMES = {1: "Jo", 2: "Kim", 7: "Ada", 0: "Mo", -3: "Lu"}


def row(number: int) -> dict[str, Any]:
    """Return the row of an account."""
    return {
        "number": number,
        "name": NAMES[number],
        "email": f"{NAMES[number]}@example.org",
        "warnings": number - 1,
        "password_hash": "secret",
    }


def accounts_app(answers, *numbers: int, found: list[object] | None = None) -> FastAPI:
    """Return the application of 2.4.2, over a database with other rows.

    What `find_account` is called with is added to `found`. The rows are there when the
    application has been created.
    """
    found = [] if found is None else found
    is_created = False

    def find_account(number: Any) -> dict[str, Any]:
        found.append(number)
        return row(int(number))

    def all_accounts() -> list[dict[str, Any]]:
        return [row(number) for number in numbers if is_created]

    stand_in(answers.find_account, find_account)
    stand_in(answers.all_accounts, all_accounts)
    app = fastapi_app(answers.accounts_app(), "accounts_app()")
    is_created = True
    return app


@pytest.mark.parametrize("number", [7, 2, 0, -3])
def test_q2_the_number_in_the_path_is_passed_to_find_account(answers, number):
    found: list[object] = []
    send(accounts_app(answers, found=found), "GET", f"/accounts/{number}")

    assert found == [number], (
        f"During `GET /accounts/{number}`, `find_account` was called with "
        f"{in_words(found)}. The docstring asks for `find_account(number)`, which "
        "takes an `int`. Look at what your endpoint passes."
    )


@pytest.mark.parametrize("number", [7, 2, 0, -3])
def test_q2_an_account_is_returned_as_account_out(answers, number):
    response = send(accounts_app(answers), "GET", f"/accounts/{number}")

    body = json_or_text(response)
    assert (response.status_code, body) == (200, {"name": NAMES[number]}), (
        f"`find_account({number})` has the name {NAMES[number]!r}, and `GET /accounts/"
        f"{number}` returned {response.status_code} and {in_words(body)}. The "
        "docstring asks for this row as an `AccountOut`, so for its `name` alone."
    )


@pytest.mark.parametrize("numbers", [(7, 2, 1), (2,), ()], ids=["three", "one", "none"])
def test_q2_the_accounts_are_returned_as_a_list_of_staff_account_out(answers, numbers):
    response = send(accounts_app(answers, *numbers), "GET", "/staff/accounts")

    body = json_or_text(response)
    fields = ("name", "email", "warnings")
    asked = [{field: row(number)[field] for field in fields} for number in numbers]
    count = f"{len(body)} items, " if isinstance(body, list) else ""
    assert (response.status_code, body) == (200, asked), (
        f"At the request, `all_accounts()` has {len(numbers)} rows. The response is "
        f"{response.status_code} with {count}{in_words(body)}. The docstring asks for "
        "a list of `StaffAccountOut`: the `name`, `email` and `warnings` of each row."
    )


@pytest.mark.parametrize("path", ["/accounts/7", "/staff/accounts"])
def test_q2_a_row_that_changes_is_read_again(answers, monkeypatch, path):
    with client(accounts_app(answers, 7)) as http:
        json_of(request(http, "GET", path), 200)
        monkeypatch.setitem(NAMES, 7, "Eve")
        seen = json_of(request(http, "GET", path), 200)

    eve = {"name": "Eve", "email": "Eve@example.org", "warnings": 6}
    asked = [eve] if path == "/staff/accounts" else {"name": "Eve"}
    assert seen == asked, (
        f"The name of account 7 changed from 'Ada' to 'Eve'. After that, `GET {path}` "
        f"returned {in_words(seen)}. The docstring says that rows can change between "
        "two requests. Look at what your code keeps."
    )


def test_q2_the_documentation_shows_the_fields_of_account_out(answers):
    app = accounts_app(answers)

    check_documentation(app, "GET /accounts/{number}", 200, "object", ["name"])


def test_q2_the_documentation_shows_a_list_of_staff_account_out(answers):
    app = accounts_app(answers)

    fields = ["email", "name", "warnings"]
    check_documentation(app, "GET /staff/accounts", 200, "list", fields)


ORDERS = {
    "lamp": "No branch of `create_order` applies to it.",
    "repeated": "Look at the line that sets `response.status_code`.",
    "sold-out": "Look at the line that raises an exception.",
    "gift-card": "The endpoint returns a Response of its own. Look at the line that "
    "creates it.",
    "incomplete": "The body does not fit `OrderIn`. FastAPI validates it before it "
    "calls the endpoint.",
    "documented": "The documentation is written before any request arrives.",
}


def real_status(app: FastAPI, order: str) -> int:
    """Return the status code that a client of `order_app` reads."""
    if order == "documented":
        codes = documented(app, "POST", "/orders")
        return next(int(code) for code in codes if code < "300")
    complete = {} if order == "incomplete" else {"quantity": 1}
    body = {"sku": order, **complete}
    return send(app, "POST", "/orders", json=body).status_code


@pytest.mark.parametrize("order", ORDERS)
def test_q3_the_status_code_is_predicted(answers, order):
    predictions = answers.statuses()
    assert isinstance(predictions, dict), (
        f"`statuses()` returned {in_words(predictions)}. The docstring asks for a dict."
    )
    predicted = predictions.get(order)

    is_right = predicted == real_status(answers.order_app(), order)
    assert isinstance(predicted, int), (
        f'For "{order}" the dict contains {in_words(predicted)}. The docstring asks '
        "for a status code, which is an `int`."
    )
    assert is_right, (
        f'You predict {in_words(predicted)} for "{order}". The application shows '
        f"another status code. {ORDERS[order]}"
    )


LAMP = {"name": "lamp", "price": "19.90"}
PEN = {"name": "pen & ink", "price": "2.50"}
DESK = {"name": " Desk  lamp", "price": "5"}


def catalogue_app(answers) -> FastAPI:
    """Return the application of 2.4.4, whose first product has the number 41."""
    app = answers.catalogue_app(answers.Catalogue(first=41))
    return fastapi_app(app, "catalogue_app(...)")


def test_q4_a_new_product_returns_201(answers):
    response = send(catalogue_app(answers), "POST", "/products", json=LAMP)

    body = in_words(json_or_text(response))
    assert response.status_code != 422, (
        f"`POST /products` returned 422 and {body}. The docstring asks to take a "
        "`ProductIn` as the request body. Look at the parameters of your endpoint."
    )
    assert response.status_code == 201, (
        f"`POST /products` returned {response.status_code} and {body}. The docstring "
        "asks for 201 Created."
    )


def test_q4_the_response_contains_the_fields_of_product_out(answers):
    products = (LAMP, PEN, LAMP, DESK)
    with client(catalogue_app(answers)) as http:
        seen = [
            json_or_text(request(http, "POST", "/products", json=product))
            for product in products
        ]

    for number, product, body in zip(count(41), products, seen, strict=False):
        asked = product | {"number": number}
        assert body == asked, (
            f"The response for the product with the number {number} was "
            f"{in_words(body)}. The docstring asks for the fields of `ProductOut`, "
            f"here {in_words(asked)}, and for no others."
        )


def test_q4_the_location_is_the_url_of_the_new_product(answers):
    shop = "http://shop.example"
    with client(catalogue_app(answers)) as http:
        created = [
            request(http, "POST", f"{shop}/products", json=product)
            for product in (LAMP, PEN, LAMP)
        ]
        locations = [response.headers.get("Location", "") for response in created]
        assert all(locations), (
            f"The responses to `POST /products` have the headers "
            f"{in_words(list(created[0].headers))}. The docstring asks for `Location`."
        )
        urls = [
            str(response.url.join(response.headers["Location"])) for response in created
        ]
        others = [url for url in urls if not url.startswith(f"{shop}/")]
        assert not others, (
            f"The headers `Location` were {in_words(locations)}. The client reached "
            f"the shop at {shop}. The docstring asks for the URLs at which `GET` "
            "returns the products; these are on another host."
        )
        found = [json_or_text(request(http, "GET", url)) for url in urls]

    asked = [LAMP | {"number": 41}, PEN | {"number": 42}, LAMP | {"number": 43}]
    assert found == asked, (
        f"The headers `Location` were {in_words(locations)}. `GET` for these URLs "
        f"returned {in_words(found)}. The docstring asks for the URLs of the products "
        "41, 42 and 43, in this order."
    )


def test_q4_the_product_is_added_as_product_in(answers):
    catalogue = answers.Catalogue(first=41)
    added: list[object] = []

    def add(_: object, product: object) -> dict[str, Any]:
        added.append(product)
        return {"number": 41, **LAMP, "margin": 0.2}

    stand_in(answers.Catalogue.add, add)
    app = fastapi_app(answers.catalogue_app(catalogue), "catalogue_app(...)")
    send(app, "POST", "/products", json=LAMP)
    assert added == [answers.ProductIn(**LAMP)], (
        f"`catalogue.add` was called with {in_words(added)}. The docstring asks to add "
        "the `ProductIn` of the request body, once."
    )


def test_q4_the_documentation_shows_201_and_the_fields_of_product_out(answers):
    app = catalogue_app(answers)

    fields = ["name", "number", "price"]
    check_documentation(app, "POST /products", 201, "object", fields)


def generations(answers, *nicknames: str | None) -> Any:
    """Return a member whom another one invited, and so on.

    They are called "a", "b", and so on, and have these nicknames.
    """
    member = None
    for letter, nickname in reversed(list(zip("abcd", nicknames, strict=False))):
        member = answers.Member(
            name=letter,
            password_hash=f"hash of {letter}",
            nickname=nickname,
            invited_by=member,
        )
    return member


def read_members(answers, *members: Any) -> list[Any]:
    """Return the members in the response of 2.4.5."""
    app = fastapi_app(answers.members_app(list(members)), "members_app(...)")
    body = json_of(send(app, "GET", "/members"), 200)
    is_list = isinstance(body, list) and all(isinstance(one, dict) for one in body)
    assert is_list, (
        f"`GET /members` returned {in_words(body)}. The docstring asks for a list of "
        "objects, one for each member."
    )
    assert len(body) == len(members), (
        f"There are {len(members)} members, and `GET /members` returned {len(body)}. "
        "The docstring asks for all of them. Look at what your endpoint returns."
    )
    return list(body)


def path_of(depth: int) -> str:
    """Return how to reach a member, as in "[0].invited_by"."""
    return "[0]" + ".invited_by" * depth


@pytest.mark.parametrize("depth", [0, 1, 2, 3])
def test_q5_the_password_hash_is_not_sent_at_this_depth(answers, depth):
    member: Any = read_members(answers, generations(answers, "A", "B", "C", "D"))[0]
    for _ in range(depth):
        member = member.get("invited_by") or {}

    assert "password_hash" not in member, (
        f"The response contains `{path_of(depth)}.password_hash`. The docstring asks "
        "for no `password_hash`, at any depth of `invited_by`. Look at the model, or "
        "the dict, that this part of the response comes from."
    )
    assert member.get("name") == "abcd"[depth], (
        f"At `{path_of(depth)}` the response has {in_words(member)}, and the member "
        f"there is called {'abcd'[depth]!r}. The docstring asks for `name`, `nickname` "
        "and `invited_by`, at any depth."
    )


@pytest.mark.parametrize(
    "nicknames",
    [("A",), (None,), ("A", None), (None, "B", None), (None, None, None, "D")],
    ids=["nickname", "nothing", "two", "three", "four"],
)
def test_q5_a_field_without_a_value_is_left_out(answers, nicknames):
    seen = read_members(answers, generations(answers, *nicknames))[0]

    asked: dict[str, Any] = {}
    for letter, nickname in reversed(list(zip("abcd", nicknames, strict=False))):
        inviter = {"invited_by": asked} if asked else {}
        asked = {
            "name": letter,
            **({"nickname": nickname} if nickname else {}),
        } | inviter
    assert seen == asked, (
        f"The response contains {in_words(seen)}. The docstring asks to leave out what "
        f"is None, and to keep the other fields: {in_words(asked)}."
    )


@pytest.mark.parametrize("count", [0, 1, 3])
def test_q5_every_member_is_sent_without_the_password_hash(answers, count):
    members = [
        answers.Member(name=f"m{number}", password_hash="hash", nickname="")
        for number in range(count)
    ]
    # Two people can have the same name.
    members += [answers.Member(name="Jo", password_hash=one) for one in "ab"]
    seen = read_members(answers, *members)

    asked = [{"name": f"m{number}", "nickname": ""} for number in range(count)]
    asked += [{"name": "Jo"}, {"name": "Jo"}]
    assert seen == asked, (
        f"The response contains {in_words(seen)}. The docstring asks for all members, "
        f"in their order: {in_words(asked)}. An empty string is a value; None is not."
    )


def test_q5_a_member_who_comes_later_is_sent_as_well(answers):
    members: list[Any] = []
    app = fastapi_app(answers.members_app(members), "members_app(...)")

    with client(app) as http:
        for name, asked in (("Jo", [{"name": "Jo"}]), ("Mara", [{"name": "Mara"}])):
            members[:] = [answers.Member(name=name, password_hash="hash")]
            seen = json_of(request(http, "GET", "/members"), 200)
            assert seen == asked, (
                "The list `members` was empty when `members_app` was called. Before "
                f"this request, {name} became its only member, and `GET /members` "
                f"returned {in_words(seen)}. The docstring asks for the members at the "
                "time of the request, without `password_hash` and None."
            )


def test_q5_the_documentation_shows_no_password_hash(answers):
    app = fastapi_app(answers.members_app([]), "members_app(...)")

    schemas = attempt("The documentation", app.openapi).get("components", {})
    showing = [
        name
        for name, schema in schemas.get("schemas", {}).items()
        if "password_hash" in schema.get("properties", {})
    ]
    assert not showing, (
        f"The documentation shows `password_hash` in {', '.join(showing)}. The "
        "docstring asks for a documentation without it. FastAPI documents the fields "
        "of the response model."
    )
    fields = ["invited_by", "name", "nickname"]
    check_documentation(app, "GET /members", 200, "list", fields)


class Purchase(BaseModel):
    """A second model for 2.4.6."""

    purchase_price: Decimal
    sku: str
    checked: date | None = None


class Part(BaseModel):
    """A model for the fields of another model."""

    sku: str
    price: Decimal


class Kit(BaseModel):
    """A third model for 2.4.6, with models in it."""

    parts: list[Part]
    box: Part | None = None


def fastapi_sends(model: type[BaseModel], returned: object) -> object:
    """Return the body of a response of FastAPI with this response model."""
    app = FastAPI()
    app.get("/", response_model=model)(lambda: returned)
    with client(app) as http:
        return http.get("/").json()


def body_for(answers, model: type[BaseModel], returned: object) -> object:
    """Return the JSON of the body that `respond` returns."""
    body = outcome(lambda: answers.respond(model, returned))
    assert not isinstance(body, Exception), (
        f"`respond({model.__name__}, {in_words(returned)})` raised {in_words(body)}. "
        "This value fits the model. The docstring asks for the body of the response."
    )
    try:
        return json.loads(json.dumps(body))
    except (TypeError, ValueError) as error:
        raise AssertionError(
            f"`respond` returned {in_words(body)}, and `json.dumps` raised "
            f"{in_words(error)}. The docstring asks for a result for which it works."
        ) from error


RETURNED = {
    "all fields": {"sku": "pen", "pieces": 3, "price": Decimal("7.50")},
    "more fields": {"sku": "pen", "pieces": 3, "price": "1", "margin": 2},
    "no pieces": {"sku": "pen", "price": Decimal("2.50")},
    "a string": {"sku": "pen", "pieces": "3", "price": 2},
}


@pytest.mark.parametrize("kind", RETURNED)
def test_q6_a_dict_becomes_what_fastapi_sends(answers, kind):
    returned = RETURNED[kind]

    seen = body_for(answers, answers.Quote, dict(returned))
    asked = fastapi_sends(answers.Quote, dict(returned))
    assert seen == asked, (
        f"`respond(Quote, {in_words(returned)})` returned {in_words(seen)}. FastAPI "
        f"sends {in_words(asked)}: the fields of the model, validated and converted."
    )


@pytest.mark.parametrize("pieces", [3, 0])
def test_q6_a_row_becomes_what_fastapi_sends(answers, pieces):
    row = answers.QuoteRow("pen", pieces, "7.50", purchase_price="1.10")

    seen = body_for(answers, answers.Quote, row)
    asked = fastapi_sends(answers.Quote, row)
    assert seen == asked, (
        f"For a `QuoteRow`, `respond` returned {in_words(seen)}. FastAPI sends "
        f"{in_words(asked)}. The docstring asks for the fields of the model, and no "
        "others."
    )


def test_q6_another_model_has_other_fields(answers):
    row = answers.QuoteRow("pen", 3, "7.50", purchase_price="1.10")
    bought = {"sku": "ink", "purchase_price": 4, "checked": date(2026, 7, 1)}

    for returned in (row, bought):
        seen = body_for(answers, Purchase, returned)
        asked = fastapi_sends(Purchase, returned)
        assert seen == asked, (
            "A model has the fields `purchase_price`, `sku` and `checked`, and "
            f"`respond` returned {in_words(seen)} for it. FastAPI sends "
            f"{in_words(asked)}. Use the fields of `model`."
        )


def test_q6_a_model_in_a_model_becomes_what_fastapi_sends(answers):
    part = {"sku": "nib", "price": "2.50", "margin": 2}
    returned = {"parts": [part, part], "box": part}

    seen = body_for(answers, Kit, returned)
    asked = fastapi_sends(Kit, returned)
    assert seen == asked, (
        "A model has the fields `parts` and `box`, which contain models. `respond` "
        f"returned {in_words(seen)} for it. FastAPI sends {in_words(asked)}. The "
        "docstring asks for the fields of the model, ready for JSON. Look at how you "
        "convert them."
    )


@pytest.mark.parametrize(
    "returned",
    [
        {"sku": "pen"},
        {"sku": "pen", "price": "cheap"},
        {"sku": "pen", "price": None},
        {"sku": "pen", "price": 1, "pieces": "three"},
    ],
    ids=["no price", "a word", "null", "pieces"],
)
def test_q6_a_value_that_does_not_fit_raises_a_validation_error(answers, returned):
    seen = outcome(lambda: answers.respond(answers.Quote, returned))

    assert isinstance(seen, ValidationError), (
        f"`respond(Quote, {returned})` "
        + ("raised " if isinstance(seen, Exception) else "returned ")
        + f"{in_words(seen)}. The docstring asks for Pydantic's `ValidationError`, "
        "because this value does not fit the model."
    )


def test_q6_a_row_that_does_not_fit_raises_a_validation_error(answers):
    row = answers.QuoteRow("pen", 3, "cheap", purchase_price="1.10")
    seen = outcome(lambda: answers.respond(answers.Quote, row))

    assert isinstance(seen, ValidationError), (
        "For a `QuoteRow` with the price 'cheap', `respond` "
        + ("raised " if isinstance(seen, Exception) else "returned ")
        + f"{in_words(seen)}. The docstring asks for Pydantic's `ValidationError`."
    )
