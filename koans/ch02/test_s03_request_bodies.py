"""The tests of section 2.3."""

import copy
from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import FastAPI, HTTPException
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, Field, model_validator

from lab import (
    attempt,
    client,
    fastapi_app,
    in_words,
    json_or_text,
    outcome,
    returned_or_raised,
)


def post(app: object, call: str, path: str, body: object) -> httpx2.Response:
    """Return the response of the application that `call` returned."""
    with client(fastapi_app(app, call)) as http:
        try:
            return http.post(path, json=body)
        except Exception as error:
            raise AssertionError(
                f"`POST {path}` with {in_words(body)} raised {in_words(error)}, which "
                "gives the client a 500. The docstring asks for 200 or 422. Look at "
                "your code around the validation."
            ) from error


def json_object(response: httpx2.Response, sent: object) -> dict[str, Any]:
    """Return the JSON object of a response with the status code 200."""
    request = f"`POST {response.request.url.path}` with {in_words(sent)}"
    look = {
        404: "Look at the path in the decorator.",
        405: "Look at the method in the decorator.",
        422: "Look at the parameter of your endpoint, and at the fields of your model.",
    }.get(response.status_code, "Look at the decorator.")
    assert response.status_code == 200, (
        f"{request} returned {response.status_code} and {in_words(response.text)}. "
        f"The docstring asks for 200. {look}"
    )
    body = json_or_text(response)
    assert isinstance(body, dict), (
        f"{request} returned {in_words(body)}. The docstring asks for a JSON object. "
        "Look at what your endpoint returns."
    )
    return body


def request_body(app: FastAPI, path: str) -> dict[str, Any]:
    """Return the schema of the request body in the documentation of `POST path`."""
    document = attempt("Creating the documentation", app.openapi)
    endpoint = document["paths"].get(path, {}).get("post", {})
    content = endpoint.get("requestBody", {}).get("content", {})
    schema: dict[str, Any] = content.get("application/json", {}).get("schema", {})
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def assert_takes_a_model(app: FastAPI, path: str) -> None:
    """Fail unless the request body of `POST path` is a Pydantic model."""
    taken: object = None
    for route in iter_route_contexts(app.routes):
        if route.path == path and "POST" in (route.methods or ()):
            field = getattr(route, "body_field", None)
            taken = field and field.field_info.annotation
    # FastAPI creates a model `Body_...` for several parameters with `Body()`.
    is_model = (
        isinstance(taken, type)
        and issubclass(taken, BaseModel)
        and not taken.__name__.startswith("Body_")
    )
    assert is_model, (
        f"The request body of `POST {path}` is declared as {in_words(taken)}. The "
        "docstring asks for a Pydantic model: a class that is derived from BaseModel, "
        "as the type of one parameter of your endpoint."
    )


def changed(whole: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """Return `whole` with this change; a value of `...` removes the field."""
    return {key: value for key, value in (whole | change).items() if value is not ...}


def named(change: object) -> str:
    """Return the name of a parameter of a test."""
    if not isinstance(change, dict):
        return str(change)
    return ",".join(
        f"{key} {'missing' if value is ... else repr(value)}"
        for key, value in change.items()
    )


MARA = {"name": "Mara", "email": "mara@example.com", "age": 31}


@pytest.mark.parametrize(
    "user",
    [
        MARA,
        {"name": "Łucja", "email": "Lu.S+shop@example.org", "age": 19},
        {"name": "", "email": "mara@example.com", "age": 0},
        {"name": " Mara  Lind\n", "email": "mara@example.com", "age": 31},
        {"name": "Mara", "email": "mara@example.com", "age": -1},
        {"name": "x" * 300, "email": "mara@example.com", "age": 31},
        {"name": "Mara", "email": "mara@example.com", "age": 10**20},
    ],
    ids=[
        "Mara",
        "another user",
        "shortest",
        "whitespace",
        "a negative age",
        "longest",
        "a large age",
    ],
)
def test_q1_the_endpoint_returns_the_user(answers, user):
    body = json_object(post(answers.users_app(), "users_app()", "/users", user), user)

    assert body == user, (
        f"`POST /users` with {in_words(user)} returned {in_words(body)}. The docstring "
        "asks for the user of the request, with any string as the name. Look at the "
        "fields and settings of your model, and at what your endpoint returns."
    )


def test_q1_each_request_returns_its_own_user(answers):
    app = answers.users_app()

    users = [MARA, MARA | {"name": "Jo"}, MARA | {"age": 32}]
    seen = [
        json_object(post(app, "users_app()", "/users", user), user) for user in users
    ]
    assert seen == users, (
        f"Three requests sent {[(user['name'], user['age']) for user in users]} with "
        f"the same email address, and returned {in_words(seen)}. The docstring asks "
        "for the user of the request. Look at what your endpoint returns."
    )


@pytest.mark.parametrize(
    "change",
    [
        *({"name": value} for value in (..., None, 7, [], {})),
        *({"email": value} for value in (..., None, 7, [], {}, "")),
        *({"email": value} for value in ("mara", "mara@", "@example.com")),
        *({"email": value} for value in ("mara@@example.com", "mara@exam ple.com")),
        *({"age": value} for value in (..., None, "old", 30.5, [], {})),
    ],
    ids=named,
)
def test_q1_a_missing_or_invalid_field_returns_422(answers, change):
    user = changed(MARA, change)
    response = post(answers.users_app(), "users_app()", "/users", user)

    assert response.status_code == 422, (
        f"`POST /users` with {in_words(user)} returned {response.status_code}. The "
        "docstring asks for 422: all three fields are required, a string, an email "
        "address and an integer. Look at the types and default values in your model."
    )


@pytest.mark.parametrize("body", [[], [MARA], "Mara", 7], ids=named)
def test_q1_a_body_that_is_not_a_user_returns_422(answers, body):
    response = post(answers.users_app(), "users_app()", "/users", body)

    assert response.status_code == 422, (
        f"`POST /users` with the JSON {in_words(body)} returned "
        f"{response.status_code}. The docstring asks for 422 if a field is missing. "
        "Look at the type of the parameter of your endpoint."
    )


def test_q1_the_documentation_shows_the_three_fields(answers):
    app = fastapi_app(answers.users_app(), "users_app()")

    fields = sorted(request_body(app, "/users").get("properties", {}))
    assert fields == ["age", "email", "name"], (
        "For the request body of `POST /users`, the documentation shows the fields "
        f"{fields}. The docstring asks for `name`, `email` and `age`. FastAPI reads "
        "them from the model in the signature of your endpoint."
    )


def test_q1_the_request_body_is_a_pydantic_model(answers):
    assert_takes_a_model(fastapi_app(answers.users_app(), "users_app()"), "/users")


class Review(BaseModel):
    """The request body of another application."""

    stars: int = Field(default=5, le=5)
    tags: list[str] = []

    @model_validator(mode="after")
    def bad_review_has_tags(self) -> "Review":
        """Refuse a bad review without tags."""
        if self.stars == 1 and not self.tags:
            raise ValueError("say what was bad")
        return self


def describe(value: object) -> str:
    """Return the value that the endpoint got, in words."""
    return repr(value)


def fastapi_response(model: type, data: dict[str, Any]) -> tuple[int, Any]:
    """Return the status code and the content of the response in FastAPI."""
    app = FastAPI()

    @app.post("/")
    def endpoint(value: model) -> str:
        return describe(value)

    with client(app) as http:
        response = http.post("/", json=data)
    return response.status_code, response.json()


VALID = {
    "an order": {"customer": "Mara", "lines": [{"sku": "pen", "quantity": 2}]},
    "an order with a default value": {"customer": "Jo", "lines": [{"sku": "ink"}]},
    "an order with a number in a string": {
        "customer": "Jo",
        "lines": [{"sku": "ink", "quantity": "4"}],
    },
    "an order with another field": {"customer": "Jo", "lines": [], "rebate": 100},
    "a review": {"stars": 4},
    "a review with no fields": {},
}


def model_of(answers, name: str) -> type[BaseModel]:
    """Return the model of the data with this name."""
    return Review if "review" in name else answers.Order


@pytest.mark.parametrize("name", VALID)
def test_q2_the_endpoint_gets_the_same_instance_as_in_fastapi(answers, name):
    model, data = model_of(answers, name), VALID[name]
    expected = fastapi_response(model, data)

    seen = outcome(lambda: answers.receive(model, describe, data))

    same = isinstance(seen, tuple | list) and tuple(seen) == expected
    assert same, (
        f"For {name}, `receive` {returned_or_raised(seen)}. The docstring asks for 200 "
        "and what the endpoint returns for an instance of "
        f"`{model.__name__}`. Look at what you pass to `endpoint`, and what you return."
    )


@pytest.mark.parametrize(
    "result", [None, 0, "", [], {}, False, Decimal("2.50")], ids=repr
)
def test_q2_the_content_is_what_the_endpoint_returns(answers, result):
    data = VALID["an order"]
    seen = outcome(lambda: answers.receive(answers.Order, lambda order: result, data))

    assert repr(seen) in (repr((200, result)), repr([200, result])), (
        f"The data was valid, and the endpoint returned {result!r}. `receive` "
        f"{returned_or_raised(seen)}. The docstring asks for 200 and what the endpoint "
        "returns, unchanged. Look at the line that returns the content."
    )


INVALID = {
    "an order without a customer": {"lines": []},
    "an order with an error in a line": {
        "customer": "Jo",
        "lines": [{"sku": "ink"}, {"sku": "pen", "quantity": 0}],
    },
    "an order with three errors": {"customer": 7, "lines": [{"quantity": "many"}]},
    "an order with no fields": {},
    "a review with two errors": {"stars": 6, "tags": ["sharp", 7]},
    "a review with an error of the whole model": {"stars": 1},
}


def reported(response: object) -> object:
    """Return `(loc, msg)` of each error in a 422 response, or the response itself."""
    try:
        status, content = response  # type: ignore[misc]
        errors = [(one["loc"], one["msg"]) for one in content["detail"]]
    except (TypeError, ValueError, LookupError):
        return response
    return sorted(errors, key=repr) if status == 422 else response


@pytest.mark.parametrize("name", INVALID)
def test_q2_invalid_data_returns_422_and_all_errors(answers, name):
    model, data = model_of(answers, name), INVALID[name]
    expected: Any = reported(fastapi_response(model, data))

    seen = outcome(lambda: answers.receive(model, describe, data))

    errors = reported(seen)
    found = errors if isinstance(errors, list) else []
    first = next((error for error in expected if error not in found), expected[0])
    assert errors == expected, (
        f"For {name}, `receive` {returned_or_raised(seen)}. The docstring asks for 422 "
        f"and all errors, here the `loc` {first[0]} with {first[1]!r}. Look at what "
        "you return."
    )


def test_q2_invalid_data_does_not_call_the_endpoint(answers):
    called: list[object] = []

    for name in ("an order without a customer", "an order with three errors"):
        outcome(lambda: answers.receive(answers.Order, called.append, INVALID[name]))  # noqa: B023
    attempt(
        "`receive`", answers.receive, answers.Order, called.append, VALID["an order"]
    )

    assert len(called) == 1, (
        "`receive` got two invalid orders, then a valid one, and called the endpoint "
        f"{len(called)} times. The docstring asks to call it for valid data only, and "
        "once. Look at the line that calls `endpoint`."
    )


@pytest.mark.parametrize("kind", ["ValidationError", "LookupError", "HTTPException"])
def test_q2_an_exception_from_the_endpoint_is_not_caught(answers, kind):
    error: Any = {
        "ValidationError": outcome(lambda: Review(stars="many")),
        "LookupError": LookupError("no such product"),
        "HTTPException": HTTPException(409, "sold out"),
    }[kind]

    def endpoint(order: object) -> None:
        raise error

    data = VALID["an order"]
    seen = outcome(lambda: answers.receive(answers.Order, endpoint, data))
    assert seen is error, (
        f"The data was valid, and the endpoint raised {kind}. `receive` "
        f"{returned_or_raised(seen)}. The docstring asks not to catch this exception. "
        "Look at which lines are below `try`."
    )


def parcel_class(base: type) -> type:
    """Return a class with fields of its own, of its base class, and of that one's."""

    class Item(base):  # type: ignore[misc]
        sku: str

    class Parcel(Item):
        pieces: Annotated[int, Field(ge=1)]

    class FragileParcel(Parcel):
        fragile: bool

    return FragileParcel


def own_parcel(answers) -> Any:
    """Return the class of `parcel_class` that is derived from the answer's Model."""
    assert not issubclass(answers.Model, BaseModel), (
        "`Model` is derived from BaseModel. The docstring asks not to do this: write "
        "`__init__` yourself."
    )
    return parcel_class(answers.Model)


PARCEL = {"sku": "pen", "pieces": 3, "fragile": False}


def values(instance: object, names: Iterable[str] = PARCEL) -> object:
    """Return the values of an instance; an exception stays an exception."""
    if isinstance(instance, Exception):
        return instance
    return [getattr(instance, name, "no attribute") for name in names]


@pytest.mark.parametrize(
    "change",
    [
        {"pieces": 3},
        {"pieces": "3"},
        {"pieces": 1.0},
        {"fragile": "false"},
        {"fragile": "yes"},
        {"sku": ""},
    ],
    ids=named,
)
def test_q3_each_value_is_converted_as_in_base_model(answers, change):
    data = PARCEL | change
    expected = values(parcel_class(BaseModel)(**data))
    parcel = own_parcel(answers)

    seen = values(outcome(lambda: parcel(**data)))
    assert repr(seen) == repr(expected), (
        f"With {data}, your class {'raised' if isinstance(seen, Exception) else 'has'} "
        f"{in_words(seen)}. BaseModel has {expected}. The docstring asks to convert "
        "and store each value, also for the fields of base classes. Look at your loop."
    )


@pytest.mark.parametrize(
    "change",
    [
        {"sku": ...},
        {"pieces": ...},
        {"fragile": ...},
        {"sku": 7},
        {"sku": None},
        {"pieces": "many"},
        {"pieces": 2.5},
        {"pieces": 0},
        {"fragile": None},
    ],
    ids=named,
)
def test_q3_a_missing_or_invalid_value_raises_a_value_error(answers, change):
    data = changed(PARCEL, change)
    parcel = own_parcel(answers)

    seen = values(outcome(lambda: parcel(**data)))
    assert isinstance(seen, ValueError), (
        f"With {data}, your class "
        f"{'raised' if isinstance(seen, Exception) else 'stored'} {in_words(seen)}. "
        "The docstring asks for a ValueError if a value is missing or not valid. Look "
        f"at how you treat `{next(iter(change))}`."
    )


def test_q3_a_field_that_may_be_none_is_required(answers):
    own_parcel(answers)

    class Label(answers.Model):  # type: ignore[misc]
        text: str | None

    seen = [
        values(outcome(lambda: Label(text=None)), ["text"]),
        values(outcome(Label), ["text"]),
    ]
    assert seen[0] == [None], (
        f"A class has the field `text: str | None`. With text=None, it "
        f"{'raised' if isinstance(seen[0], Exception) else 'stored'} "
        f"{in_words(seen[0])}. The docstring asks to store each valid value, and None "
        "is one. Look at how you find out that a value is missing."
    )
    assert isinstance(seen[1], ValueError), (
        "A class has the field `text: str | None`. Without arguments, it "
        f"{'raised' if isinstance(seen[1], Exception) else 'stored'} "
        f"{in_words(seen[1])}. The docstring asks for a ValueError if a value is "
        "missing, even if the field may be None."
    )


def test_q3_each_class_validates_by_its_own_annotations(answers):
    attempt("Your class", own_parcel(answers), **PARCEL)

    class Box(answers.Model):  # type: ignore[misc]
        sku: int
        pieces: str

    seen = values(outcome(lambda: Box(sku="7", pieces="many")), ["sku", "pieces"])
    assert seen == [7, "many"], (
        "With sku='7' and pieces='many', a class with `sku: int` and `pieces: str` "
        f"{'raised' if isinstance(seen, Exception) else 'stored'} {in_words(seen)}. "
        "Another class was used before. The docstring asks for the fields in "
        "`fields_of(type(self))`. Look at what your code keeps."
    )


def test_q3_another_keyword_argument_is_ignored(answers):
    parcel = own_parcel(answers)

    seen = outcome(lambda: parcel(**PARCEL, colour="red"))
    assert values(seen) == list(PARCEL.values()), (
        f"With {PARCEL | {'colour': 'red'}}, your class "
        f"{'raised' if isinstance(seen, Exception) else 'stored'} "
        f"{in_words(values(seen))}. The docstring asks to ignore `colour`, because no "
        "field has this name."
    )
    assert not hasattr(seen, "colour"), (
        "No field has the name `colour`, but the instance has such an attribute now. "
        "The docstring asks to ignore other keyword arguments. Look at what your loop "
        "goes through: the fields, not the arguments."
    )


def test_q3_two_instances_have_values_of_their_own(answers):
    parcel = own_parcel(answers)

    first = attempt("Your class", parcel, **PARCEL)
    second = attempt("Your class", parcel, **PARCEL | {"sku": "ink", "pieces": 9})
    seen = [values(first), values(second)]
    assert seen == [["pen", 3, False], ["ink", 9, False]], (
        f"Two instances were created, and have the values {in_words(seen)}. The "
        "docstring asks to store each value as an attribute of the instance. Look at "
        "where your code stores them."
    )


def test_q3_two_instances_do_not_share_a_list(answers):
    own_parcel(answers)

    class Route(answers.Model):  # type: ignore[misc]
        stops: list[str]

    first, second = (attempt("Your class", Route, stops=["Rome"]) for _ in range(2))
    first.stops.append("Oslo")
    assert (first.stops, second.stops) == (["Rome", "Oslo"], ["Rome"]), (
        "Two instances were created with stops=['Rome'], and 'Oslo' was appended to "
        f"the list of the first one. The lists are {first.stops} and {second.stops}. "
        "The docstring asks to convert each value: Pydantic creates a new list then. "
        "Look at what your code keeps for the next instance."
    )


LAMP = {"name": "Lamp", "price": "19.90", "quantity": 3}


@pytest.mark.parametrize(
    "change",
    [
        {"name": "x", "price": "2.5", "quantity": 1},
        {"name": "Fountain pen, 昭和"},
        pytest.param({"name": "x" * 300}, id="a long name"),
        {"price": "0.01"},
        {"price": "20"},
        {"price": "12345678901234567.89"},
        {"price": "98765432109876543210987654321098.76"},
        {"quantity": 0},
        {"quantity": 10**20},
    ],
    ids=named,
)
def test_q4_the_endpoint_returns_the_product(answers, change):
    product = LAMP | change
    response = post(answers.products_app(), "products_app()", "/products", product)

    body = json_object(response, product)
    field = next((key for key in product if body.get(key) != product[key]), "name")
    assert body == product, (
        f"`POST /products` with {in_words(product)} returned {in_words(body)}. The "
        "docstring asks for the validated product, and for the price as a string with "
        f"the same digits. Look at `{field}` in your model."
    )


@pytest.mark.parametrize(
    "name", ["  Lamp", "Desk lamp \t", "\n Ink ", " Pen  set"], ids=repr
)
def test_q4_whitespace_around_the_name_is_removed(answers, name):
    product = LAMP | {"name": name}
    response = post(answers.products_app(), "products_app()", "/products", product)

    seen = json_object(response, product).get("name")
    assert seen == name.strip(), (
        f"`POST /products` with the name {name!r} returned the name {in_words(seen)}. "
        "The docstring asks to remove whitespace at both ends, and nothing else. Look "
        "at `name` and at the settings of your model."
    )


@pytest.mark.parametrize(
    "change",
    [
        *({"name": value} for value in (..., "", "   ", None, 7, [], {})),
        *({"price": value} for value in (..., "0", "0.00", "-2.50", "2.505", "0.001")),
        *({"price": value} for value in ("cheap", "", "NaN", "Infinity", None, [], {})),
        *({"quantity": value} for value in (..., -1, 2.5, "many", None, [], {})),
    ],
    ids=named,
)
def test_q4_an_invalid_product_returns_422(answers, change):
    product = changed(LAMP, change)
    response = post(answers.products_app(), "products_app()", "/products", product)

    field = next(iter(change))
    assert response.status_code == 422, (
        f"`POST /products` with {in_words(product)} returned {response.status_code}. "
        f"The docstring asks for 422, because `{field}` is missing or not valid. Look "
        f"at the type, the constraints and the default value of `{field}`."
    )


def test_q4_a_422_reports_each_invalid_field(answers):
    product = {"name": " ", "price": "0", "quantity": -1}
    response = post(answers.products_app(), "products_app()", "/products", product)

    body = json_or_text(response)
    try:
        fields = sorted({str(error["loc"][-1]) for error in body["detail"]})
    except (TypeError, LookupError):
        fields = []
    assert (response.status_code, fields) == (422, ["name", "price", "quantity"]), (
        f"`POST /products` with {product} returned {response.status_code} and "
        f"{in_words(body)}. The docstring asks for 422 with an error for each invalid "
        "field. Pydantic reports all of them if each field has its own rules."
    )


def test_q4_the_request_body_is_a_pydantic_model(answers):
    app = fastapi_app(answers.products_app(), "products_app()")
    assert_takes_a_model(app, "/products")


def detail_of(model: type, request: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the `detail` of FastAPI's 422 response to this request."""
    app = FastAPI()

    @app.post("/")
    def endpoint(body: model) -> None: ...

    with client(app) as http:
        detail: list[dict[str, Any]] = http.post("/", **request).json()["detail"]
    return detail


class Box(BaseModel):
    """A box with its labels."""

    labels: list[str]


class Delivery(BaseModel):
    """The form of another page, with lists in a list."""

    boxes: list[Box]
    body: str = ""


FORMS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "a missing field": ({"lines": []}, ["customer"]),
    "a field of another type": ({"customer": "Mara", "lines": "pen"}, ["lines"]),
    "the second line": (
        {"customer": "Mara", "lines": [{"sku": "pen"}, {"sku": "ink", "quantity": 0}]},
        ["lines.1.quantity"],
    ),
    "four errors": (
        {"lines": [{"quantity": 0}, "pen"]},
        ["customer", "lines.0.sku", "lines.0.quantity", "lines.1"],
    ),
    "lists in a list": (
        {"boxes": [{"labels": []}, {"labels": ["up", 5]}, {}]},
        ["boxes.1.labels.1", "boxes.2.labels"],
    ),
    "a field with the name body": ({"boxes": [], "body": 7}, ["body"]),
}


@pytest.mark.parametrize("form", FORMS)
def test_q5_each_message_has_the_name_of_its_field(answers, form):
    body, fields = FORMS[form]
    detail = detail_of(Delivery if "boxes" in body else answers.Order, {"json": body})

    locs = [list(error["loc"]) for error in detail]

    seen = outcome(lambda: answers.errors_by_field(detail))
    expected = dict(zip(fields, [error["msg"] for error in detail], strict=True))
    found = seen if isinstance(seen, dict) else {}
    name = next((one for one in fields if found.get(one) != expected[one]), fields[0])
    assert seen == expected, (
        f"FastAPI reported an error with the `loc` {locs[fields.index(name)]}. "
        f"`errors_by_field` {returned_or_raised(seen)}. The docstring asks for the "
        f"name {name!r} with the `msg` of this error. Look at the names and messages "
        "that you store."
    )


ORDER = b'{"customer": "Mara", "lines": []}'
JSON = {"Content-Type": "application/json"}
BODIES: dict[str, dict[str, Any]] = {
    "missing": {},
    "not declared as JSON": {"content": ORDER},
    "cut off": {"content": ORDER[:20], "headers": JSON},
    "in single quotes": {"content": ORDER.replace(b'"', b"'"), "headers": JSON},
    "a list": {"json": ["pen", "ink"]},
}


@pytest.mark.parametrize("body", BODIES)
def test_q5_an_error_of_the_whole_body_has_an_empty_name(answers, body):
    detail = detail_of(answers.Order, BODIES[body])

    seen = outcome(lambda: answers.errors_by_field(detail))
    assert seen == {"": detail[0]["msg"]}, (
        f"The body was {body}. FastAPI reported the type {detail[0]['type']!r} and the "
        f"`loc` {detail[0]['loc']}. `errors_by_field` {returned_or_raised(seen)}. The "
        'docstring asks for the name "" with the `msg` of this error. Look at how your '
        "code finds out that an error concerns the whole body."
    )


def test_q5_the_detail_of_the_response_stays_as_it_was(answers):
    body, _ = FORMS["four errors"]
    detail = detail_of(answers.Order, {"json": body})
    before = copy.deepcopy(detail)

    attempt("`errors_by_field`", answers.errors_by_field, detail)
    changed = [one["loc"] for one in before if one not in detail]
    assert detail == before, (
        f"`errors_by_field` changed the list that it was called with, for example the "
        f"error with the `loc` {changed[0] if changed else before[0]['loc']}. The "
        "docstring asks not to change `detail`: a second call would return other names."
    )


HINTS = {
    ("constructor", "ShelfData"): "Look at what `__init__` of a dataclass does.",
    ("constructor", "ShelfModel"): "Look at what `__init__` of BaseModel does.",
    ("assignment", "ShelfData"): "Here, `__init__` is not called for the string.",
    ("assignment", "ShelfModel"): "Look at the default of `validate_assignment`.",
    ("request body", "ShelfData"): "Here, FastAPI creates the instance from the JSON.",
    ("request body", "ShelfModel"): "FastAPI validates the body with the model.",
}


def pieces_in(answers, case: str, name: str) -> object:
    """Return the value of `pieces` in this case, with the class of this name."""
    shelf_class = getattr(answers, name)
    if case == "request body":
        return pieces_in_body(shelf_class)
    try:
        if case == "constructor":
            return shelf_class(sku="pen", pieces="3").pieces
        shelf = shelf_class(sku="pen", pieces=1)
        shelf.pieces = "3"
    except ValueError:
        return "ValidationError"
    return shelf.pieces


def pieces_in_body(shelf_class: type) -> object:
    """Return the value of `pieces` in an endpoint."""
    app = FastAPI()
    seen: list[object] = []

    @app.post("/")
    def endpoint(shelf: shelf_class) -> None:
        seen.append(shelf.pieces)

    with client(app) as http:
        http.post("/", json={"sku": "pen", "pieces": "3"})
    return seen[0] if seen else "ValidationError"


@pytest.mark.parametrize(("case", "name"), HINTS)
def test_q6_the_prediction_is_the_value_of_pieces(answers, case, name):
    predicted = attempt("`predictions()`", answers.predictions)
    try:
        value = predicted[case][name]
    except (TypeError, LookupError):
        value = "missing from your dict"

    # Not `==`: there are objects that are equal to everything.
    same = repr(value) == repr(pieces_in(answers, case, name))
    assert same, (
        f'Your prediction for "{case}", {name} is {in_words(value)}. The run had '
        f'another value. The docstring asks for 3, "3" or "ValidationError". '
        f"{HINTS[case, name]}"
    )
