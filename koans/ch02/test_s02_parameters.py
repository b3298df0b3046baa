"""The tests of section 2.2."""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from enum import StrEnum
from inspect import signature
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import FastAPI, Path, Query

from lab import (
    attempt,
    client,
    fastapi_app,
    in_words,
    json_or_text,
    outcome,
    returned_or_raised,
    stand_in,
)


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


LOOK = {
    404: "FastAPI returns 404 if no path matches. Look at the path in the decorator, "
    "and for a line that raises this error.",
    422: "Look at the types, constraints and default values of the parameters.",
}


def json_of(response: httpx2.Response, url: str, asked: str) -> Any:
    """Return the JSON of a response with the status code 200; `asked` names it."""
    status = response.status_code
    assert status == 200, (
        f"`GET {url}` returned {status} and {in_words(response.text)}. The docstring "
        f"asks for 200 and {asked}. {LOOK.get(status, 'Look at the decorator.')}"
    )
    return json_or_text(response)


def json_list(app: object, call: str, url: str) -> list[Any]:
    """Return the list that `GET url` returns."""
    body = json_of(get(app, call, url), url, "a list, which can be empty")
    assert isinstance(body, list), (
        f"`GET {url}` returned {in_words(body)}. The docstring asks for a JSON list. "
        "Look at what your endpoint returns."
    )
    return body


def where_to_look(url: str, body: list[Any], expected: list[Any], given: str) -> str:
    """Return where to look if an endpoint returned `body` instead of `expected`.

    `given` is the name of the function that the endpoint calls.
    """
    if set(map(repr, body)) == set(map(repr, expected)):
        return "Look for the line that changes the sequence, or removes equal items."
    _, query, name = url.partition("?")
    if query:
        name = name.partition("=")[0]
        return f"Look at the parameter `{name}`, and at how you filter by it."
    return f"Look at the default value of the filter, and at your call of `{given}`."


def documented(app: FastAPI, path: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the parameters in the documentation of `GET path`, by place and name."""
    document = attempt("Creating the documentation", app.openapi)
    endpoint = document["paths"].get(path, {}).get("get")
    assert endpoint is not None, (
        f"The documentation does not list `GET {path}`, only the paths "
        f"{in_words(list(document['paths']))}. The docstring asks for this endpoint "
        "and its parameters. Look at the decorator."
    )
    return {(one["in"], one["name"]): one for one in endpoint.get("parameters", [])}


ORDERS = {
    21: [(5, True), (2, False), (1, True)],
    22: [(3, True)],
    23: [],
    25: [(4, True), (4, True), (6, False)],
    0: [(8, False)],
    -7: [(9, True)],
    10**20: [(7, False)],
}


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
        ("/users/25/orders", ORDERS[25]),
        ("/users/25/orders?paid=false", [(6, False)]),
        ("/users/0/orders", ORDERS[0]),
        ("/users/-7/orders", ORDERS[-7]),
        (f"/users/{10**20}/orders", ORDERS[10**20]),
    ],
)
def test_q1_the_endpoint_returns_the_orders_that_paid_selects(answers, url, orders):
    body = json_list(orders_app(answers), "orders_app()", url)

    expected = [{"number": number, "paid": paid} for number, paid in orders]
    wanted = {"true": "the paid orders", "false": "the unpaid orders"}
    assert body == expected, (
        f"`GET {url}` returned {in_words(body)}. The docstring asks for "
        f"{wanted.get(url.partition('=')[2], 'all orders')} of this user, in the same "
        f"sequence: the numbers {[number for number, _ in orders]}. "
        f"{where_to_look(url, body, expected, 'orders_of')}"
    )


def test_q1_the_orders_are_read_for_every_request(answers, monkeypatch):
    app = orders_app(answers)

    bodies = []
    for orders in ([(7, False)], [(8, True), (7, False)]):
        monkeypatch.setitem(ORDERS, 24, orders)
        bodies.append(json_list(app, "orders_app()", "/users/24/orders"))

    numbers = [[order["number"] for order in body] for body in bodies]
    assert numbers == [[7], [8, 7]], (
        "A user had the order 7, then also the order 8. Two requests returned the "
        f"orders {numbers}. The docstring asks to call `orders_of` for each request. "
        "Look at which line of your code calls it."
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
        "not an integer, or if `paid` is not a boolean. Look at the types in the "
        "signature of your endpoint."
    )


def test_q1_the_documentation_lists_both_parameters(answers):
    app = fastapi_app(orders_app(answers), "orders_app()")

    listed = documented(app, "/users/{user_id}/orders")
    assert {("path", "user_id"), ("query", "paid")} <= set(listed), (
        "For `GET /users/{user_id}/orders`, the documentation lists the parameters "
        f"{in_words(sorted(listed))}. The docstring asks for the path parameter "
        "`user_id` and the query parameter `paid`. Look at the signature of your "
        "endpoint: FastAPI reads it."
    )
    assert not listed["query", "paid"].get("required"), (
        "In the documentation, `paid` is required. The docstring asks for an optional "
        "parameter. Look at its default value."
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


def archive(year: int, limit: Annotated[int, Query(ge=1)] = 0) -> str:
    """Return the values of the parameters; a limit of 0 means no limit."""
    return f"{year!r}, {limit!r}"


def shipping(zone: int, weight: float = 1) -> str:
    """Return the values of the parameters; the default weight is an int."""
    return f"{zone!r}, {weight!r}"


def search(shelf: int, word: str | None) -> str:
    """Return the values of the parameters; both are required."""
    return f"{shelf!r}, {word!r}"


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
    "a word between spaces": (list_products, "7", {"word": " Red "}),
    "another parameter": (list_products, "7", {"colour": "red"}),
    "a date, a decimal and a choice": (
        delivery,
        "2026-11-22",
        {"weight": "1.50", "size": "large"},
    ),
    "an unknown choice": (delivery, "2026-11-22", {"weight": "1", "size": "huge"}),
    "a missing weight": (delivery, "2026-11-22", {}),
    "a missing weight and an invalid date": (delivery, "today", {}),
    "a default value that the constraint forbids": (archive, "2026", {}),
    "a missing word that may be None": (search, "7", {}),
    "a default value of another type": (shipping, "7", {}),
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


def look_at(tiny: object, real: tuple[int, Any]) -> str:
    """Return where to look, with the parameters that only one of them refused."""
    refused = [
        set(one[1]) if isinstance(one, tuple) and one[0] == 422 else set[str]()
        for one in (tiny, real)
    ]
    names = ", ".join(sorted(refused[0] ^ refused[1]))
    return f"Look at `value_of` for {names}." if names else "Look at `value_of`."


@pytest.mark.parametrize("request_", REQUESTS)
def test_q2_a_request_has_the_same_outcome_as_in_fastapi(answers, request_):
    endpoint, text, query = REQUESTS[request_]
    name = next(iter(signature(endpoint).parameters))
    real = fastapi_response(endpoint, name, text, query)

    sent = {name: text, **query}
    tiny = outcome(lambda: answers.respond(endpoint, sent))

    asked = (
        "a ValueError for an invalid string, and for a missing required parameter"
        if real[0] == 422
        else "the converted string, or the default value of a missing parameter"
    )
    assert tiny == real, (
        f"`respond({endpoint.__name__}, {sent})` {returned_or_raised(tiny)}. FastAPI "
        f"returns {real}. The docstring asks for {asked}. {look_at(tiny, real)}"
    )


def test_q2_each_string_is_converted_to_the_type_of_its_own_parameter(answers):
    def by_number(place: int) -> None: ...

    def by_name(place: str) -> None: ...

    seen = [
        outcome(lambda: answers.value_of(parameter, {"place": "7"}))  # noqa: B023
        for endpoint in (by_number, by_name)
        for parameter in signature(endpoint).parameters.values()
    ]
    assert seen == [7, "7"], (
        f'For the string "7", `value_of` {returned_or_raised(seen[0])} for '
        f"`place: int` and {returned_or_raised(seen[1])} for `place: str` of another "
        "endpoint. The docstring asks to convert it with `TypeAdapter(annotation)`. "
        "Look at which annotation your code uses."
    )


@pytest.mark.parametrize("sent", [{}, {"page": "0"}, {"page": "last"}])
def test_q2_a_missing_or_invalid_parameter_raises_a_value_error(answers, sent):
    def read_page(page: Annotated[int, Query(ge=1)]) -> None: ...

    parameter = signature(read_page).parameters["page"]
    seen = outcome(lambda: answers.value_of(parameter, sent))

    assert isinstance(seen, ValueError), (
        "For the parameter `page: Annotated[int, Query(ge=1)]`, "
        f"`value_of(parameter, {sent})` {returned_or_raised(seen)}. The docstring asks "
        "for a ValueError if the string is not valid, or a required parameter is "
        "missing. Look at `value_of` for this case."
    )


HINTS = {
    "/required": "`word: str` has no default value, and this URL has no `word`: the "
    "request is not valid.",
    "/required?word=": "This URL contains `word`, and its string is empty.",
    "/nullable": "`word: str | None` allows None, but has no default value.",
    "/optional": "`word: str | None = None` has a default value.",
    "loc": "The first part of `loc` is the part of the request, then comes the name.",
    "errors": "`low` is invalid and `high` is missing. Look at both parameters.",
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
    asked = {
        "loc": "The docstring asks for the `loc` of the error.",
        "errors": "The docstring asks for the number of errors.",
    }.get(
        blank,
        "The docstring asks for the body if the status code is 200, otherwise for the "
        "status code.",
    )
    assert same, (
        f'Your prediction for "{blank}" is {in_words(value)}. The application returned '
        f"something else. {asked} {HINTS[blank]} Look at this endpoint of `search_app`."
    )


PARCELS = {
    21: [(6, "sent"), (5, "delivered"), (4, "packed"), (2, "sent")],
    22: [(9, "delivered")],
    1: [(3, "packed")],
    25: [(8, "sent"), (8, "sent")],
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
        ("/users/25/parcels", [8, 8]),
    ],
)
def test_q4_the_endpoint_returns_the_parcels_that_status_selects(answers, url, numbers):
    body = json_list(parcels_app(answers), "parcels_app()", url)

    user_id = int(url.split("/")[2])
    expected = [
        {"number": number, "status": status}
        for number, status in PARCELS.get(user_id, [])
        if number in numbers
    ]
    wanted = "the parcels with this status" if "?" in url else "all parcels"
    assert body == expected, (
        f"`GET {url}` returned {in_words(body)}. The docstring asks for {wanted}, in "
        f"the same sequence: the numbers {numbers}. "
        f"{where_to_look(url, body, expected, 'parcels_of')}"
    )


def test_q4_the_parcels_are_read_for_every_request(answers, monkeypatch):
    app = parcels_app(answers)

    bodies = []
    for parcels in ([(7, "packed")], [(8, "packed"), (7, "sent")]):
        monkeypatch.setitem(PARCELS, 24, parcels)
        bodies.append(json_list(app, "parcels_app()", "/users/24/parcels"))

    seen = [[(one["number"], one["status"]) for one in body] for body in bodies]
    assert seen == [[(7, "packed")], [(8, "packed"), (7, "sent")]], (
        "A user had a parcel 7, then parcel 7 was sent and a parcel 8 was packed. Two "
        f"requests returned {in_words(seen)}. The docstring asks to call `parcels_of` "
        "for each request. Look at which line of your code calls it."
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
        "`status`. Look at the signature of your endpoint: FastAPI reads it."
    )
    schemas = app.openapi().get("components", {}).get("schemas", {})
    values = set(allowed_values(listed["query", "status"], schemas)) - {None}
    assert values == {"packed", "sent", "delivered"}, (
        f"The documentation lists {in_words(sorted(map(str, values)))} as the allowed "
        'values of `status`. The docstring asks for "packed", "sent" and "delivered". '
        "Look at the type of the parameter: FastAPI reads it."
    )


def baskets_app(answers) -> tuple[FastAPI, dict[int, dict[str, int]]]:
    """Return the application of 2.2.5 and its baskets."""
    baskets = {7: {"pen": 2, "ink": 1}, 8: {"pen": 4}, 9: {}, 0: {"cup": 6}}
    return answers.baskets_app(baskets), baskets


def pieces(app: FastAPI, path: str) -> Any:
    """Return the body of a response with the status code 200."""
    return json_of(get(app, "baskets_app(baskets)", path), path, "a number")


@pytest.mark.parametrize(
    ("user_id", "number"), [(7, 3), (8, 4), (9, 0), (10, 0), (0, 6)]
)
def test_q5_without_a_sku_all_pieces_are_counted(answers, user_id, number):
    app, baskets = baskets_app(answers)

    counted = pieces(app, f"/baskets/{user_id}/pieces")
    assert counted == number, (
        f"The baskets are {baskets}, and `GET /baskets/{user_id}/pieces` returned "
        f"{in_words(counted)}. The docstring asks for the number of all pieces in the "
        "basket of this user, and for 0 without a basket. Look at what you count."
    )


def test_q5_the_pieces_are_counted_for_every_request(answers):
    app, baskets = baskets_app(answers)

    paths = ["/baskets/7/pieces", "/baskets/7/pieces/lamp"]
    counted = [pieces(app, path) for path in paths]
    baskets[7] = {**baskets[7], "lamp": 5}
    counted += [pieces(app, path) for path in paths]
    assert counted == [3, 0, 3 + 5, 5], (
        "A basket contained 3 pieces, then also 5 lamps. Requests for all pieces and "
        f"for the lamps returned {counted[:2]}, then {counted[2:]}. The docstring asks "
        "to count for each request: [3, 0], then [8, 5]. Look at which line of your "
        "code reads the basket."
    )


def test_q5_each_application_counts_in_its_own_baskets(answers):
    first = answers.baskets_app({7: {"pen": 2}})
    answers.baskets_app({7: {"pen": 9}})

    paths = ["/baskets/7/pieces", "/baskets/7/pieces/pen"]
    counted = [pieces(first, path) for path in paths]
    assert counted == [2, 2], (
        "`baskets_app` was called with a basket of 2 pens, then with another basket of "
        f"9 pens. Two requests to the first application returned {in_words(counted)}. "
        "The docstring asks for the pieces in its `baskets`, here [2, 2]. Look at what "
        "two calls of `baskets_app` share."
    )


@pytest.mark.parametrize(
    ("path", "number"),
    [
        ("7/pieces/pen", 2),
        ("8/pieces/pen", 4),
        ("7/pieces/lamp", 0),
        ("10/pieces/pen", 0),
        ("0/pieces/cup", 6),
        ("7/pieces/all", 0),
        ("7/pieces/None", 0),
    ],
)
def test_q5_with_a_sku_its_pieces_are_still_counted(answers, path, number):
    app, baskets = baskets_app(answers)
    pieces(app, "/baskets/7/pieces")

    counted = pieces(app, f"/baskets/{path}")
    assert counted == number, (
        f"The baskets are {baskets}, and `GET /baskets/{path}` returned "
        f"{in_words(counted)}. The docstring asks that requests with a `sku` work as "
        "before: they return the number of pieces of this product. Look at the "
        "endpoint of this path."
    )


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/baskets/seven/pieces", 422),
        ("/baskets/seven/pieces/pen", 422),
        ("/baskets/mine/pieces", 422),
        ("/baskets/pieces", 404),
        ("/baskets//pieces", 404),
        ("/baskets/7/pieces/pen/2", 404),
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
            else "404 for paths such as `/baskets/pieces` and "
            "`/baskets/7/pieces/pen/2`."
        )
        + " Look at which of your paths matches it."
    )
