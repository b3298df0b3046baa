"""The tests of section 2.2."""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import FastAPI, Path, Query

from lab import attempt, client, fastapi_app, in_words, json_or_text, outcome, stand_in


def get(app: object, call: str, url: str) -> httpx2.Response:
    """Return the response of the application that `call` returned."""
    with client(fastapi_app(app, call)) as http:
        try:
            return http.get(url, follow_redirects=False)
        except Exception as error:
            raise AssertionError(
                f"`GET {url}` raised {in_words(error)}, which gives the client a 500. "
                "The docstring does not ask for a 500. Look at what your endpoint does "
                "with this request."
            ) from error


def json_list(response: httpx2.Response, url: str) -> list[Any]:
    """Return the JSON list of a response with the status code 200."""
    assert response.status_code == 200, (
        f"`GET {url}` returned {response.status_code} and {in_words(response.text)}. "
        "The docstring asks for 200 and a list, which can be empty. Look at the path "
        "in the decorator, and at the types and default values of the parameters."
    )
    body = json_or_text(response)
    assert isinstance(body, list), (
        f"`GET {url}` returned {in_words(body)}. The docstring asks for a JSON list."
    )
    return body


def documented(app: FastAPI, path: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the parameters in the documentation of `GET path`, by place and name."""
    document = attempt("Creating the documentation", app.openapi)
    endpoint = document["paths"].get(path, {}).get("get", {})
    return {(one["in"], one["name"]): one for one in endpoint.get("parameters", [])}


ORDERS = {21: [(5, True), (2, False), (1, True)], 22: [(3, True)], 23: []}


def orders_app(answers) -> FastAPI:
    """Return the application of 2.2.1, whose `orders_of` reads `ORDERS`."""

    def orders_of(user_id: int) -> list[Any]:
        found = ORDERS.get(user_id, [])
        return [answers.Order(number=number, paid=paid) for number, paid in found]

    stand_in(answers.orders_of, orders_of)
    return answers.orders_app()


@pytest.mark.parametrize(
    ("url", "orders"),
    [
        ("/users/21/orders", ORDERS[21]),
        ("/users/21/orders?paid=true", [(5, True), (1, True)]),
        ("/users/21/orders?paid=false", [(2, False)]),
        ("/users/22/orders", [(3, True)]),
        ("/users/22/orders?paid=false", []),
        ("/users/23/orders", []),
    ],
)
def test_q1_the_endpoint_returns_the_orders_that_paid_selects(answers, url, orders):
    body = json_list(get(orders_app(answers), "orders_app()", url), url)

    expected = [{"number": number, "paid": paid} for number, paid in orders]
    assert body == expected, (
        f"`GET {url}` returned {in_words(body)}. The docstring asks for the paid, the "
        f"unpaid or all orders of this user, here number {[n for n, _ in orders]}. "
        "Look at the default value of `paid`, and at how you compare it."
    )


@pytest.mark.parametrize(
    "url",
    [
        "/users/seven/orders",
        "/users/7.5/orders",
        "/users/21/orders?paid=maybe",
        "/users/21/orders?paid=2",
        "/users/21/orders?paid=",
    ],
)
def test_q1_an_invalid_user_id_or_filter_returns_422(answers, url):
    status = get(orders_app(answers), "orders_app()", url).status_code

    assert status == 422, (
        f"`GET {url}` returned {status}. The docstring asks for 422 if `user_id` is "
        "not an integer or `paid` is not a boolean. Look at the types in the signature "
        "of your endpoint."
    )


def test_q1_the_documentation_lists_both_parameters(answers):
    app = fastapi_app(orders_app(answers), "orders_app()")

    listed = documented(app, "/users/{user_id}/orders")
    assert {("path", "user_id"), ("query", "paid")} <= set(listed), (
        "For `GET /users/{user_id}/orders`, the documentation lists the parameters "
        f"{in_words(sorted(listed))}. The docstring asks for the path parameter "
        "`user_id` and the query parameter `paid`. FastAPI reads them from the "
        "signature of your endpoint."
    )
    assert not listed["query", "paid"].get("required"), (
        "In the documentation, `paid` is required. The docstring asks for an optional "
        "parameter. A default value makes a parameter optional."
    )


class Size(StrEnum):
    """The size of a product."""

    SMALL = "small"
    LARGE = "large"


def list_products(
    shelf: Annotated[int, Path(le=99)],
    page: Annotated[int, Query(ge=1)] = 1,
    sale: bool | None = None,
    word: str = "all",
) -> str:
    """Return the values of the parameters."""
    return f"{shelf!r}, {page!r}, {sale!r}, {word!r}"


def delivery(day: date, weight: Decimal, size: Size = Size.SMALL) -> str:
    """Return the types of the values, and the size."""
    return f"{type(day).__name__}, {type(weight).__name__}, {size!r}"


REQUESTS: dict[str, tuple[Callable[..., str], str, dict[str, str]]] = {
    "only the required parameter": (list_products, "7", {}),
    "numbers": (list_products, "7", {"page": "2"}),
    "the smallest page": (list_products, "7", {"page": "1"}),
    "a page below the constraint": (list_products, "7", {"page": "0"}),
    "an empty page": (list_products, "7", {"page": ""}),
    "the last shelf": (list_products, "99", {}),
    "a shelf above the constraint": (list_products, "100", {}),
    "a shelf that is not a number": (list_products, "seven", {}),
    "two invalid strings": (list_products, "seven", {"page": "last"}),
    "false": (list_products, "7", {"sale": "false"}),
    "on": (list_products, "7", {"sale": "on"}),
    "the string None": (list_products, "7", {"sale": "None"}),
    "an empty word": (list_products, "7", {"word": ""}),
    "a word of digits": (list_products, "7", {"word": "007"}),
    "another parameter": (list_products, "7", {"colour": "red"}),
    "a date, a decimal and a choice": (
        delivery,
        "2026-11-22",
        {"weight": "1.50", "size": "large"},
    ),
    "an unknown choice": (delivery, "2026-11-22", {"weight": "1", "size": "huge"}),
    "a missing weight": (delivery, "2026-11-22", {}),
    "a missing weight and an invalid date": (delivery, "today", {}),
}


def fastapi_response(
    endpoint: Callable[..., str], name: str, text: str, query: dict[str, str]
) -> tuple[int, Any]:
    """Return FastAPI's status code, and the body or the names of the parameters."""
    app = FastAPI()
    app.get(f"/{{{name}}}")(endpoint)
    with client(app) as http:
        response = http.get(f"/{text}", params=query)
    if response.status_code == 200:
        return 200, response.json()
    return response.status_code, [one["loc"][1] for one in response.json()["detail"]]


@pytest.mark.parametrize("request_", REQUESTS)
def test_q2_a_request_has_the_same_outcome_as_in_fastapi(answers, request_):
    endpoint, text, query = REQUESTS[request_]
    name = "shelf" if endpoint is list_products else "day"
    status, body = fastapi_response(endpoint, name, text, query)

    sent = {name: text, **query}
    what = f"`respond({endpoint.__name__}, {sent})`"
    tiny = outcome(lambda: answers.respond(endpoint, sent))

    assert tiny == (status, body), (
        f"{what} {'raised' if isinstance(tiny, Exception) else 'returned'} "
        f"{in_words(tiny)}. FastAPI returns {(status, body)}. The docstring asks for "
        "the converted value, the default value or a ValueError. Look at `value_of`."
    )


@pytest.mark.parametrize("sent", [{}, {"page": "0"}, {"page": "last"}])
def test_q2_a_missing_or_invalid_parameter_raises_a_value_error(answers, sent):
    def read_page(page: Annotated[int, Query(ge=1)]) -> None: ...

    parameter = answers.signature(read_page).parameters["page"]
    seen = outcome(lambda: answers.value_of(parameter, sent))

    assert isinstance(seen, ValueError), (
        "For the parameter `page: Annotated[int, Query(ge=1)]`, "
        f"`value_of(parameter, {sent})` "
        f"{'raised' if isinstance(seen, Exception) else 'returned'} {in_words(seen)}. "
        "The docstring asks for a ValueError."
    )


HINTS = {
    "/required": "`word: str` has no default value, and this URL has no `word`.",
    "/required?word=": "This URL contains `word`, and its string is empty.",
    "/nullable": "`word: str | None` allows None, but has no default value.",
    "/optional": "`word: str | None = None` has a default value.",
    "loc": "The first part of `loc` is the part of the request, then comes the name.",
    "errors": "`low` is invalid and `high` is missing. Are both reported?",
}


def observed(answers) -> dict[str, Any]:
    """Return what the client of `search_app` really gets."""
    seen: dict[str, Any] = {}
    with client(answers.search_app()) as http:
        for url in list(HINTS)[:4]:
            response = http.get(url)
            ok = response.status_code == 200
            seen[url] = response.json() if ok else response.status_code
        seen["loc"] = http.get("/required").json()["detail"][0]["loc"]
        seen["errors"] = len(http.get("/between?low=cheap").json()["detail"])
    return seen


@pytest.mark.parametrize("blank", HINTS)
def test_q3_the_prediction_is_what_the_client_gets(answers, blank):
    predicted = attempt("`predictions()`", answers.predictions)
    assert isinstance(predicted, dict), (
        f"`predictions()` returned {in_words(predicted)}. The docstring asks to "
        "replace each `___` in the dict."
    )
    assert blank in predicted, (
        f'The key "{blank}" is missing from the dict. The docstring asks to replace '
        "each `___`, and to keep the keys."
    )
    value = predicted[blank]
    value = list(value) if isinstance(value, tuple) else value

    same = value == observed(answers)[blank]
    assert same, (
        f'Your prediction for "{blank}" is {in_words(value)}. The application returned '
        f"something else. {HINTS[blank]} Look at this endpoint of `search_app`."
    )


PARCELS = {
    21: [(6, "sent"), (5, "delivered"), (4, "packed"), (2, "sent")],
    22: [(9, "delivered")],
    1: [(3, "packed")],
}


def parcels_app(answers) -> FastAPI:
    """Return the application of 2.2.4, whose `parcels_of` reads `PARCELS`."""

    def parcels_of(user_id: int) -> list[Any]:
        found = PARCELS.get(user_id, [])
        return [
            answers.Parcel(number=number, status=status) for number, status in found
        ]

    stand_in(answers.parcels_of, parcels_of)
    return answers.parcels_app()


@pytest.mark.parametrize(
    ("url", "numbers"),
    [
        ("/users/21/parcels", [6, 5, 4, 2]),
        ("/users/21/parcels?status=sent", [6, 2]),
        ("/users/21/parcels?status=packed", [4]),
        ("/users/21/parcels?status=delivered", [5]),
        ("/users/22/parcels?status=sent", []),
        ("/users/1/parcels", [3]),
        ("/users/23/parcels", []),
    ],
)
def test_q4_the_endpoint_returns_the_parcels_with_this_status(answers, url, numbers):
    body = json_list(get(parcels_app(answers), "parcels_app()", url), url)

    user_id = int(url.split("/")[2])
    expected = [
        {"number": number, "status": status}
        for number, status in PARCELS.get(user_id, [])
        if number in numbers
    ]
    assert body == expected, (
        f"`GET {url}` returned {in_words(body)}. The docstring asks for the parcels of "
        f"this user with this status, here number {numbers}. Look at your filter."
    )


@pytest.mark.parametrize("status", ["lost", "resent", "Sent", "sent,packed", ""])
def test_q4_another_status_returns_422(answers, status):
    url = f"/users/21/parcels?status={status}"
    seen = get(parcels_app(answers), "parcels_app()", url).status_code

    assert seen == 422, (
        f"`GET {url}` returned {seen}. The docstring asks for 422 for any status "
        'except "packed", "sent" and "delivered". Look at the type of `status`.'
    )


@pytest.mark.parametrize("user_id", ["0", "-1", "seven"])
def test_q4_an_invalid_user_id_returns_422(answers, user_id):
    url = f"/users/{user_id}/parcels"
    status = get(parcels_app(answers), "parcels_app()", url).status_code

    assert status == 422, (
        f"`GET {url}` returned {status}. The docstring asks for 422 if `user_id` is "
        "not an integer, or is less than 1. Look at the annotation of `user_id`."
    )


def allowed_values(schema: Any, schemas: dict[str, Any]) -> Iterator[object]:
    """Yield the values in the enums and constants of a JSON schema."""
    if isinstance(schema, list):
        for part in schema:
            yield from allowed_values(part, schemas)
    elif isinstance(schema, dict):
        yield from schema.get("enum", [])
        yield from [schema["const"]] if "const" in schema else []
        reference = str(schema.get("$ref", "")).rpartition("/")[2]
        yield from allowed_values(schemas.get(reference), schemas)
        for key in ("schema", "items", "anyOf", "oneOf", "allOf"):
            yield from allowed_values(schema.get(key), schemas)


def test_q4_the_documentation_lists_the_allowed_values(answers):
    app = fastapi_app(parcels_app(answers), "parcels_app()")

    listed = documented(app, "/users/{user_id}/parcels")
    assert ("query", "status") in listed, (
        f"The documentation lists the parameters {in_words(sorted(listed))} for "
        "`GET /users/{user_id}/parcels`. The docstring asks for the query parameter "
        "`status`. FastAPI reads it from the signature of your endpoint."
    )
    schemas = app.openapi().get("components", {}).get("schemas", {})
    values = set(allowed_values(listed["query", "status"], schemas)) - {None}
    assert values == {"packed", "sent", "delivered"}, (
        f"The documentation lists {in_words(sorted(map(str, values)))} as the allowed "
        'values of `status`. The docstring asks for "packed", "sent" and "delivered". '
        "FastAPI reads them from the type of the parameter."
    )


def baskets_app(answers) -> tuple[FastAPI, dict[int, dict[str, int]]]:
    """Return the application of 2.2.5 and its baskets."""
    baskets = {7: {"pen": 2, "ink": 1}, 8: {"pen": 4}, 9: {}}
    return answers.baskets_app(baskets), baskets


def pieces(app: FastAPI, path: str) -> Any:
    """Return the body of a response with the status code 200."""
    response = get(app, "baskets_app(baskets)", path)
    assert response.status_code == 200, (
        f"`GET {path}` returned {response.status_code} and {in_words(response.text)}. "
        "The docstring asks for 200 and a number. Look at which paths your application "
        "has: a path without `sku` is another path."
    )
    return json_or_text(response)


@pytest.mark.parametrize(("user_id", "number"), [(7, 3), (8, 4), (9, 0)])
def test_q5_without_a_sku_all_pieces_are_counted(answers, user_id, number):
    app, baskets = baskets_app(answers)

    counted = pieces(app, f"/baskets/{user_id}/pieces")
    assert counted == number, (
        f"The basket of user {user_id} contains {baskets[user_id]}, and "
        f"`GET /baskets/{user_id}/pieces` returned {in_words(counted)}. The docstring "
        "asks for the number of all pieces in this basket."
    )


def test_q5_the_pieces_are_counted_for_every_request(answers):
    app, baskets = baskets_app(answers)

    counted = [pieces(app, "/baskets/7/pieces")]
    baskets[7]["lamp"] = 5
    counted.append(pieces(app, "/baskets/7/pieces"))
    assert counted == [3, 8], (
        "The basket contained 3 pieces, then 5 lamps were added. Two requests returned "
        f"{in_words(counted)}. The docstring asks for the number of all pieces in "
        "`baskets`. Look at which line of your code counts them."
    )


@pytest.mark.parametrize(
    ("path", "number"),
    [("7/pieces/pen", 2), ("8/pieces/pen", 4), ("7/pieces/lamp", 0)],
)
def test_q5_with_a_sku_its_pieces_are_still_counted(answers, path, number):
    app, baskets = baskets_app(answers)
    pieces(app, "/baskets/7/pieces")

    counted = pieces(app, f"/baskets/{path}")
    assert counted == number, (
        f"The baskets are {baskets}, and `GET /baskets/{path}` returned "
        f"{in_words(counted)}. The docstring asks that requests with a `sku` work as "
        "before: they return the pieces of this product."
    )


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/baskets/seven/pieces", 422),
        ("/baskets/seven/pieces/pen", 422),
        ("/baskets/mine/pieces", 422),
        ("/baskets/pieces", 404),
        ("/baskets//pieces", 404),
    ],
)
def test_q5_what_returned_422_or_404_still_does(answers, path, status):
    app, _ = baskets_app(answers)
    pieces(app, "/baskets/7/pieces")

    seen = get(app, "baskets_app(baskets)", path).status_code
    assert seen == status, (
        f"`GET {path}` returned {seen}. The docstring asks for "
        + (
            "422, with and without a `sku`, if `user_id` is not an integer."
            if status == 422
            else "404 for a path without a `user_id`."
        )
        + " Look at which of your paths matches it."
    )
