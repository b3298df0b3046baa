"""The tests of section 2.2."""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

import pytest
from fastapi import FastAPI, Query
from httpx2 import Response

from lab import client


def ask(app: FastAPI, method: str, url: str) -> Response:
    """Return what a client is answered; say in words what `app` raises instead."""
    assert isinstance(app, FastAPI), f"You returned {app!r}, which is no app."
    try:
        with client(app) as shop:
            return shop.request(method, url)
    except Exception as error:
        raise AssertionError(
            f"{method} {url} ended in {type(error).__name__}: {error}"
        ) from error


def body(answer: Response) -> Any:
    """Return the JSON that a client reads, or the text where it is none."""
    try:
        return answer.json()
    except ValueError:
        return answer.text


def listed(app: FastAPI, url: str, *fields: str) -> list[tuple[Any, ...]]:
    """Return these fields of every entry in the list that a client reads."""
    answer = ask(app, "GET", url)
    assert answer.status_code == 200, (
        f"GET {url} was answered {answer.status_code}: {answer.text}"
    )
    read = body(answer)
    assert isinstance(read, list), f"GET {url} was answered {read!r}, which is no list."
    strange = [entry for entry in read if not isinstance(entry, dict)]
    assert not strange, (
        f"In the list that GET {url} was answered stands {strange[0]!r}."
    )
    return [tuple(entry.get(field) for field in fields) for entry in read]


def documented(app: FastAPI, path: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Return what the documentation says of a path's parameters, by place and name."""
    assert isinstance(app, FastAPI), f"You returned {app!r}, which is no app."
    endpoint = app.openapi().get("paths", {}).get(path, {}).get("get", {})
    return {(one["in"], one["name"]): one for one in endpoint.get("parameters", [])}


def shop_with_orders(answers) -> FastAPI:
    """Return the app over a database with the users 21, 22 and 23."""
    rows = {21: [(1, True), (2, False), (5, True)], 22: [(3, True)], 23: []}

    def orders_of(user_id: int) -> list | None:
        if user_id not in rows:
            return None
        return [answers.Order(number=n, paid=paid) for n, paid in rows[user_id]]

    answers.orders_of = orders_of
    return answers.orders_app()


@pytest.mark.parametrize(
    ("url", "orders"),
    [
        ("/users/21/orders", [(1, True), (2, False), (5, True)]),
        ("/users/21/orders?paid=true", [(1, True), (5, True)]),
        ("/users/21/orders?paid=false", [(2, False)]),
        ("/users/22/orders", [(3, True)]),
    ],
    ids=["no filter", "paid", "not paid", "another user"],
)
def test_q1_the_filter_keeps_what_it_names(answers, url, orders):
    read = listed(shop_with_orders(answers), url, "number", "paid")

    same = sorted(read, key=repr) == orders
    assert same, (
        f"User 21 has the orders 1 and 5, paid, and 2, not paid; 22 has 3, paid. GET "
        f"{url} reads (number, paid) as {read}. Which filters can a client ask for?"
    )


@pytest.mark.parametrize(
    "url",
    ["/users/22/orders?paid=false", "/users/23/orders", "/users/23/orders?paid=true"],
)
def test_q1_where_nothing_is_left_the_list_is_empty(answers, url):
    read = listed(shop_with_orders(answers), url, "number")

    assert not read, (
        f"22 has one order, which is paid, and 23 has none. GET {url} reads the "
        f"orders {[number for (number,) in read]}."
    )


@pytest.mark.parametrize("url", ["/users/24/orders", "/users/24/orders?paid=false"])
def test_q1_a_user_that_is_not_there_is_not_found(answers, url):
    answer = ask(shop_with_orders(answers), "GET", url)

    assert answer.status_code == 404, (
        f"There is no user 24. GET {url} was answered {answer.status_code}: "
        f"{answer.text}"
    )


@pytest.mark.parametrize(
    "url", ["/users/seven/orders", "/users/21/orders?paid=perhaps"]
)
def test_q1_what_cannot_be_understood_is_refused(answers, url):
    answer = ask(shop_with_orders(answers), "GET", url)

    assert answer.status_code == 422, (
        f"GET {url} was answered {answer.status_code}: {answer.text} "
        "Does the endpoint's signature say what it takes?"
    )


def test_q1_the_documentation_names_both_parameters(answers):
    named = documented(shop_with_orders(answers), "/users/{user_id}/orders")

    missing = {("path", "user_id"), ("query", "paid")} - set(named)
    assert not missing, (
        f"The documentation names {sorted(named) or 'no parameters'}: a program that "
        f"was generated from it knows nothing of {sorted(missing)}."
    )
    assert not named["query", "paid"].get("required"), (
        "The documentation says that every client has to send `paid`."
    )


class Size(StrEnum):
    """How large a parcel is."""

    SMALL = "small"
    LARGE = "large"


def shelf(
    number: int, page: Annotated[int, Query(ge=1)] = 1, sale: bool | None = None
) -> str:
    """An endpoint of the shop; says what it was called with."""
    return f"{number=} {page=} {sale=}"


def delivery(day: date, weight: Decimal, size: Size = Size.SMALL) -> str:
    """Another endpoint of the shop; says what it was called with."""
    return f"{day=} {weight=} {size=}"


URLS: dict[str, tuple[Callable[..., str], dict[str, str], dict[str, str]]] = {
    "a number": (shelf, {"number": "7"}, {"page": "2"}),
    "a number in spaces": (shelf, {"number": " 7 "}, {}),
    "a number with a point": (shelf, {"number": "7.0"}, {}),
    "a number in words": (shelf, {"number": "seven"}, {}),
    "a page too low": (shelf, {"number": "7"}, {"page": "0"}),
    "a page that is empty": (shelf, {"number": "7"}, {"page": ""}),
    "no sale": (shelf, {"number": "7"}, {"sale": "false"}),
    "a sale that is on": (shelf, {"number": "7"}, {"sale": "on"}),
    "a sale that is 2": (shelf, {"number": "7"}, {"sale": "2"}),
    "a sale that is None": (shelf, {"number": "7"}, {"sale": "None"}),
    "a name that is of no parameter": (shelf, {"number": "7"}, {"colour": "red"}),
    "a name in path and query": (shelf, {"number": "7"}, {"number": "9"}),
    "two that are wrong": (shelf, {"number": "seven"}, {"page": "0"}),
    "a date and a decimal": (delivery, {"day": "2026-11-22"}, {"weight": "1.50"}),
    "a choice": (delivery, {"day": "2026-11-22"}, {"weight": "1", "size": "large"}),
    "no choice": (delivery, {"day": "2026-11-22"}, {"weight": "1", "size": "huge"}),
    "a weight that is missing": (delivery, {"day": "2026-11-22"}, {}),
    "a weight that is missing and a wrong day": (delivery, {"day": "today"}, {}),
}


def refusal_of(wrong: Any) -> str:
    """Return the pairs in `wrong`, in words that depend on no order."""
    try:
        pairs = sorted(pair if isinstance(pair, str) else tuple(pair) for pair in wrong)
    except TypeError:
        pairs = wrong
    return f"a refusal of {pairs}"


def fastapi_does(
    endpoint: Callable[..., str], path: dict[str, str], query: dict[str, str]
) -> str:
    """Return what FastAPI makes of a URL, in words."""
    app = FastAPI()
    app.get("".join(f"/{{{name}}}" for name in path))(endpoint)
    with client(app) as shop:
        answer = shop.get("/" + "/".join(path.values()), params=query)
    if answer.status_code == 200:
        return f"the endpoint saying {answer.json()}"
    return refusal_of([error["loc"][:2] for error in answer.json()["detail"]])


def you_do(
    answers,
    endpoint: Callable[..., object],
    path: dict[str, str],
    query: dict[str, str],
) -> str:
    """Return what the answer makes of a URL, in the same words."""
    try:
        return f"the endpoint saying {answers.call(endpoint, path, query)}"
    except answers.Refused as refused:
        return refusal_of(refused.wrong)
    except NotImplementedError:
        raise
    except Exception as error:
        return f"{type(error).__name__}: {error}"


@pytest.mark.parametrize("case", URLS)
def test_q2_a_url_is_understood_as_fastapi_understands_it(answers, case):
    endpoint, path, query = URLS[case]
    observed = fastapi_does(endpoint, path, query)

    done = you_do(answers, endpoint, path, query)

    same = done == observed
    assert same, (
        f"{case}: with the path {path} and the query {query}, `{endpoint.__name__}` "
        f"ends in {done}. FastAPI ends otherwise."
    )


def test_q2_with_a_wrong_string_nothing_is_called(answers):
    called = []

    def shelf(number: int, page: int = 1, sale: bool = False) -> None:
        called.append((number, page, sale))

    done = you_do(answers, shelf, {"number": "7"}, {"page": "last", "sale": "true"})

    assert not called, (
        f"The page was `last`, and the endpoint was called with {called[0]}. A wrong "
        "page is the client's mistake; the endpoint never hears of it."
    )
    same = done == refusal_of([("query", "page")])
    assert same, f"The page was `last`, the rest is right. The call ended in {done}."


REQUESTS = [
    "/required",
    "/required?word=",
    "/required?Word=pen",
    "/nullable",
    "/nullable?word=null",
    "/optional",
    "/defaulted",
    "/between?low=cheap",
]


def observed_readings(answers) -> dict[str, Any]:
    """Return what clients of the shop of 2.2.3 really read."""
    ran: list[str] = []
    with client(answers.search_app(ran)) as shop:
        read = {url: shop.get(url) for url in REQUESTS}
    observed: dict[str, Any] = {
        url: answer.json()["word"] if answer.is_success else answer.status_code
        for url, answer in read.items()
    }
    return observed | {
        "ran": len(ran),
        "points at": read["/required"].json()["detail"][0]["loc"],
        "errors": len(read["/between?low=cheap"].json()["detail"]),
    }


@pytest.mark.parametrize("part", [*REQUESTS, "ran", "points at", "errors"])
def test_q3_what_the_client_reads_is_predicted(answers, part):
    predictions = answers.readings()
    observed = observed_readings(answers)

    assert isinstance(predictions, dict), f"You return {predictions!r}, not a dict."
    assert part in predictions, f'Your readings have no key "{part}".'
    predicted = predictions[part]
    if isinstance(predicted, tuple):
        predicted = list(predicted)
    same = predicted == observed[part]
    assert same, (
        f'"{part}": you expect {predicted!r}, the run shows something else. Which '
        "parameters does the signature require, and which did the URL bring?"
    )


def shop_with_parcels(answers) -> FastAPI:
    """Return the app over a carrier with parcels of the users 21 and 22."""
    rows = {
        21: [(6, "sent"), (5, "delivered"), (4, "packed"), (2, "sent"), (1, "packed")],
        22: [(9, "delivered"), (3, "packed")],
    }

    def parcels_of(user_id: int) -> list:
        return [
            answers.Parcel(number=number, status=status)
            for number, status in rows.get(user_id, [])
        ]

    answers.parcels_of = parcels_of
    return answers.parcels_app()


@pytest.mark.parametrize(
    ("url", "parcels"),
    [
        ("/users/21/parcels?status=packed", [4, 1]),
        ("/users/21/parcels?status=sent&status=delivered", [6, 5, 2]),
        ("/users/21/parcels?status=packed&status=sent&status=packed", [6, 4, 2, 1]),
        ("/users/22/parcels?status=delivered", [9]),
        ("/users/22/parcels?status=sent", []),
    ],
    ids=["one", "two", "one of two twice", "of another user", "none there"],
)
def test_q4_the_parcels_of_every_status_asked_for_are_read(answers, url, parcels):
    read = listed(shop_with_parcels(answers), url, "number")

    same = [number for (number,) in read] == parcels
    assert same, (
        f"GET {url} reads the parcels {[number for (number,) in read]}. The carrier "
        "has of 21: 6 sent, 5 delivered, 4 packed, 2 sent, 1 packed; "
        "of 22: 9 delivered, 3 packed."
    )


@pytest.mark.parametrize(("user_id", "parcels"), [(21, [6, 4, 2, 1]), (22, [3])])
def test_q4_without_a_status_what_is_under_way_is_read(answers, user_id, parcels):
    app = shop_with_parcels(answers)

    read = listed(app, f"/users/{user_id}/parcels", "number", "status")

    same = [number for number, _ in read] == parcels
    assert same, (
        f"Who asks for no status means what is packed or sent; of user {user_id} such "
        f"a client reads {read}."
    )


@pytest.mark.parametrize(
    "query", ["status=lost", "status=Sent", "status=sent&status=lost"]
)
def test_q4_a_status_that_does_not_exist_is_refused(answers, query):
    answer = ask(shop_with_parcels(answers), "GET", f"/users/21/parcels?{query}")

    assert answer.status_code == 422, (
        f"?{query} was answered {answer.status_code}: {answer.text} "
        "The client goes on believing that it asked for something."
    )


@pytest.mark.parametrize("user_id", ["0", "-1"])
def test_q4_an_id_that_nobody_can_have_is_refused(answers, user_id):
    answer = ask(shop_with_parcels(answers), "GET", f"/users/{user_id}/parcels")

    assert answer.status_code == 422, (
        f"The parcels of user `{user_id}` were answered {answer.status_code}: "
        f"{answer.text}"
    )


def choices(schema: object, schemas: dict[str, Any]) -> Iterator[object]:
    """Yield the values that `schema` allows, however deep it says so."""
    if isinstance(schema, list):
        for part in schema:
            yield from choices(part, schemas)
    elif isinstance(schema, dict):
        yield from schema.get("enum", [])
        yield from [schema["const"]] if "const" in schema else []
        reference = str(schema.get("$ref", "")).rpartition("/")[2]
        yield from choices(schemas.get(reference), schemas)
        for key in ("schema", "items", "anyOf", "oneOf", "allOf"):
            yield from choices(schema.get(key), schemas)


def test_q4_the_documentation_lists_the_choices(answers):
    app = shop_with_parcels(answers)

    status = documented(app, "/users/{user_id}/parcels").get(("query", "status"))

    assert status is not None, "The documentation names no query parameter `status`."
    schemas = app.openapi().get("components", {}).get("schemas", {})
    found = {str(choice) for choice in choices(status, schemas) if choice is not None}
    same = found == {"packed", "sent", "delivered"}
    assert same, (
        f"As choices of `status` the documentation lists {sorted(found) or 'nothing'}. "
        "It reads them from the parameter's type."
    )


def shop_with_baskets(answers, me: int = 8) -> tuple[FastAPI, dict[int, dict]]:
    """Return the app and the baskets of the users 7 and 8."""
    baskets = {7: {"pen": 2, "ink": 1}, 8: {"pen": 4, "lamp": 5}}
    return answers.baskets_app(baskets, me), baskets


@pytest.mark.parametrize("me", [7, 8])
def test_q5_mine_is_the_basket_of_who_is_asking(answers, me):
    app, baskets = shop_with_baskets(answers, me)

    read = {
        place: ask(app, "GET", f"/baskets/{place}") for place in ("mine", "7", "8", "9")
    }

    assert read["mine"].status_code == 200, (
        f"GET /baskets/mine was answered {read['mine'].status_code}: "
        f"{read['mine'].text} Which route took it?"
    )
    same = body(read["mine"]) == baskets[me]
    assert same, f"User {me} asked for /baskets/mine and read {body(read['mine'])}."
    others = [body(read[place]) for place in ("7", "8", "9")]
    kept = others == [baskets[7], baskets[8], {}]
    assert kept, f"Asked for the baskets of 7, 8 and 9, the app answers {others}."


def test_q5_without_a_sku_all_pieces_are_counted(answers):
    app, _ = shop_with_baskets(answers)

    counted = {
        user_id: ask(app, "GET", f"/baskets/{user_id}/pieces") for user_id in (7, 8)
    }
    of_a_sku = [
        body(ask(app, "GET", f"/baskets/{place}"))
        for place in ("7/pieces/pen", "8/pieces/lamp", "8/pieces/ink")
    ]

    for user_id, answer in counted.items():
        assert answer.status_code == 200, (
            f"GET /baskets/{user_id}/pieces was answered {answer.status_code}: "
            f"{answer.text} Which routes have this path, and for which methods?"
        )
    same = [body(answer) for answer in counted.values()] == [3, 9]
    assert same, (
        "7 has 2 pens and 1 ink, 8 has 4 pens and 5 lamps; asked for their pieces "
        f"without a sku, the app answers {[body(one) for one in counted.values()]}."
    )
    kept = of_a_sku == [2, 5, 0]
    assert kept, f"7's pens, 8's lamps, 8's inks are now answered {of_a_sku}."


def test_q5_a_lost_sku_takes_nothing_out(answers):
    app, baskets = shop_with_baskets(answers)

    lost = ask(app, "DELETE", "/baskets/7/pieces/")

    left = dict(baskets[7])
    assert left == {"pen": 2, "ink": 1}, (
        f"DELETE /baskets/7/pieces/ left {left} in the basket. "
        "Which route took it, and how did it get there?"
    )
    assert lost.status_code == 404, (
        f"DELETE /baskets/7/pieces/ was answered {lost.status_code}: {lost.text}"
    )
    ask(app, "DELETE", "/baskets/7/pieces/ink")
    assert baskets[7] == {"pen": 2}, f"With the ink taken out, {baskets[7]} is left."
    ask(app, "DELETE", "/baskets/7/pieces")
    assert not baskets[7], f"DELETE /baskets/7/pieces now leaves {baskets[7]}."
