"""The tests of section 4.1."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException

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


def send(
    app: FastAPI,
    method: str,
    path: str,
    headers: dict[str, str] | None = None,
    *,
    asks: str,
) -> httpx2.Response:
    """Return the response of `app` to one request.

    If the request raises an exception, the message says what the docstring `asks` for.
    """
    with client(app) as http:
        got = outcome(lambda: http.request(method, path, headers=headers))
    assert isinstance(got, httpx2.Response), (
        f"`{method} {path}` with the headers {headers or {}} raised {in_words(got)}, "
        f"which is a 500. The docstring asks for {asks}"
    )
    return got


def seen(response: httpx2.Response) -> tuple[int, Any]:
    """Return the status code and the JSON body of a response."""
    return response.status_code, json_or_text(response)


ERRORS = pytest.mark.parametrize(
    "error", [ConnectionError, KeyError, AttributeError, TypeError]
)


def wallet(answers, users: dict[str, Any]) -> tuple[FastAPI, list[object]]:
    """Return an application with 4.1.1's dependency, and what its endpoint gets.

    `users` holds who is logged in with which token.
    """
    stand_in(answers.find_user, lambda token: users.get(token))
    app, got = FastAPI(), []

    @app.get("/wallet")
    def read_wallet(user: Annotated[Any, Depends(answers.current_user)]) -> str:
        got.append(user)
        return "the wallet"

    return app, got


def wallet_status(app: FastAPI, headers: dict[str, str]) -> int:
    """Return the status code of a request for the wallet."""
    asks = "the user or 401. Look at what `current_user` raises or returns."
    return send(app, "GET", "/wallet", headers, asks=asks).status_code


def test_q1_the_endpoint_gets_the_user_of_the_token(answers):
    users = {"t-7": answers.User("Zoë"), "t-8": answers.User("")}
    app, got = wallet(answers, users)

    statuses = [wallet_status(app, {"X-Token": token}) for token in users]
    assert (statuses, got) == ([200, 200], list(users.values())), (
        f"Two users sent their tokens. The status codes were {statuses}, and the "
        f"endpoint got {in_words(got)}. The docstring asks to return the user that "
        "`find_user(token)` returns. Look at where `current_user` gets the user from, "
        "and at its `return`."
    )


@pytest.mark.parametrize(
    "headers",
    [
        {},
        *(
            {"X-Token": token}
            for token in ("t-9", "", "T-7", "t-", "t-70", "Bearer t-7")
        ),
    ],
    ids=["none", "unknown", "empty", "upper", "shorter", "longer", "bearer"],
)
def test_q1_a_request_without_a_known_token_returns_401(answers, headers):
    app, got = wallet(answers, {"t-7": answers.User("Zoë")})

    status = wallet_status(app, headers)
    assert (status, got) == (401, []), (
        f"No user is logged in with the headers {headers}. The status code was "
        f"{status}, and the endpoint got {in_words(got)}. The docstring "
        "asks for 401, and the endpoint is not called. Look at what `current_user` "
        "does when there is no user."
    )


def test_q1_the_user_is_looked_up_for_every_request(answers):
    users = {"t-7": answers.User("Zoë")}
    app, got = wallet(answers, users)

    def request() -> int:
        return wallet_status(app, {"X-Token": "t-7"})

    statuses = [request()]
    del users["t-7"]
    statuses.append(request())
    users["t-7"] = answers.User("Yan")
    statuses.append(request())
    assert (statuses, got[1:]) == ([200, 401, 200], [answers.User("Yan")]), (
        f"Zoë logged out, and Yan got the same token. Three requests returned "
        f"{statuses}, and the endpoint got {in_words(got)}. The docstring asks to call "
        "`find_user` for every request. Look at where your code calls it."
    )


def test_q1_without_a_token_nobody_is_logged_in(answers):
    app, got = wallet(answers, {})

    def find_user(token: object) -> Any:
        return answers.User("Zoë")

    stand_in(answers.find_user, find_user)
    status = wallet_status(app, {})
    assert (status, got) == (401, []), (
        "`find_user` returns a user, whatever it is called with. A request without "
        f"`X-Token` returned {status}, and the endpoint got {in_words(got)}. The "
        "docstring asks for 401 if there is no token. Look at what you do when `token` "
        "is None."
    )


def test_q1_find_user_is_called_once_for_a_token(answers):
    app, got = wallet(answers, {})
    calls = []

    def find_user(token: str) -> Any:
        calls.append(token)
        return answers.User(f"user {len(calls)}")

    stand_in(answers.find_user, find_user)
    status = wallet_status(app, {"X-Token": "t-7"})
    assert (status, calls, got) == (200, ["t-7"], [answers.User("user 1")]), (
        f"A request with the token 't-7' returned {status}. `find_user` was called "
        f"with {calls}, and the endpoint got {in_words(got)}. The docstring asks to "
        "call it once: the user could log out between two calls."
    )


@ERRORS
def test_q1_an_error_of_find_user_is_not_a_401(answers, error):
    app, _ = wallet(answers, {})

    def fail(token: str) -> None:
        raise error("the database is down")

    stand_in(answers.find_user, fail)
    with client(app) as http:
        got = outcome(lambda: http.get("/wallet", headers={"X-Token": "t-7"}))
    assert isinstance(got, error), (
        f"`find_user` raised {error.__name__}. The request "
        f"{returned_or_raised(got)}. The docstring asks not to catch an error of "
        "`find_user`. Look at your `try`, and whether you call `find_user`."
    )


class Seats:
    """Functions as an application has them; `calls` says which of them ran."""

    def __init__(self) -> None:
        self.calls: list[str] = []

        def city(place: str) -> str:
            self.calls.append("city")
            return place.upper()

        def fee() -> int:
            self.calls.append("fee")
            return 0

        def hall(*, city: Annotated[str, Depends(city)], number: int) -> str:
            self.calls.append("hall")
            return f"{city} {number}"

        def offer(
            hall: Annotated[str, Depends(hall)], fee: Annotated[int, Depends(fee)]
        ) -> None:
            self.calls.append("offer")

        def seats(
            number: Annotated[int, Depends(fee)],
            row: str,
            offer: Annotated[None, Depends(offer)],
            hall: Annotated[str, Depends(hall)],
            town: Annotated[str, Depends(city)],
            deal: Annotated[None, Depends(offer)],
        ) -> list[Any]:
            self.calls.append("seats")
            return [number, row, offer, hall, town, deal]

        def price(row: str, number: int) -> list[Any]:
            return [number, row]

        self.endpoints: dict[str, Callable[..., Any]] = {
            "seats": seats,
            "hall": hall,
            "price": price,
        }


def real(seats: Seats, endpoint: Callable[..., Any], query: dict[str, Any]) -> object:
    """Return what FastAPI gets from `endpoint` for a request with this query."""
    app = FastAPI()
    app.get("/")(endpoint)
    with client(app) as http:
        return json_or_text(http.get("/", params=query))


@pytest.mark.parametrize("name", ["price", "hall", "seats"])
@pytest.mark.parametrize(
    "query",
    [
        {"place": "Oslo", "number": 7, "row": "c"},
        {"row": "", "number": 12, "place": "Rome", "city": "x", "hall": "y", "fee": 9},
    ],
    ids=["oslo", "rome"],
)
def test_q2_each_parameter_has_the_value_that_fastapi_finds(answers, name, query):
    seats = Seats()
    endpoint = seats.endpoints[name]

    got = outcome(lambda: answers.call_endpoint(endpoint, query))
    expected = real(seats, endpoint, query)
    assert got == expected, (
        f"With the query {query}, `call_endpoint({name})` {returned_or_raised(got)}. "
        f"FastAPI gets {in_words(expected)} from the same functions. The docstring "
        "asks for the value of the dependency, or else of the query."
    )


def test_q2_each_dependency_is_called_once_for_each_request(answers):
    seats = Seats()
    query = {"place": "Oslo", "number": 7, "row": "c"}

    real(seats, seats.endpoints["seats"], query)
    expected = Counter(seats.calls)
    seats.calls.clear()
    attempt("`call_endpoint`", answers.call_endpoint, seats.endpoints["seats"], query)
    got = Counter(seats.calls)
    assert got == expected, (
        f"One call of `call_endpoint` made these calls: {dict(got)}. FastAPI makes "
        f"these: {dict(expected)}. The docstring asks to call each dependency once, "
        "also one that returns None or 0. Look at where you keep the results."
    )


def test_q2_the_next_request_calls_the_dependencies_again(answers):
    queue = iter(["first", "second", "third"])

    def visitor() -> str:
        return next(queue)

    def greet(visitor: Annotated[str, Depends(visitor)]) -> str:
        return visitor

    got = [outcome(lambda: answers.call_endpoint(greet, {})) for _ in range(3)]
    assert got == ["first", "second", "third"], (
        "The dependency returned first, second, third, one for each request. Three "
        f"calls of `call_endpoint` returned {in_words(got)}. The docstring asks for "
        "one call of the dependency for each call of `call_endpoint`. Look at how long "
        "your results are kept."
    )


def adding(letter: str) -> Callable[[str], str]:
    """Return a new function `add`."""

    def add(text: str) -> str:
        return text + letter

    return add


def test_q2_two_functions_of_the_same_name_are_two_dependencies(answers):
    def pair(
        one: Annotated[str, Depends(adding("a"))],
        two: Annotated[str, Depends(adding("b"))],
    ) -> list[str]:
        return [one, two]

    got = outcome(lambda: answers.call_endpoint(pair, {"text": "x"}))
    assert got == ["xa", "xb"], (
        "Two parameters depend on two different functions that are both named `add`. "
        "They return 'xa' and 'xb'. The endpoint returns both values, and "
        f"`call_endpoint` {returned_or_raised(got)}. The docstring asks for what each "
        "dependency returns. Look at the key of your results."
    )


@pytest.mark.parametrize(
    "error",
    [LookupError("no hall"), KeyError("city"), HTTPException(404), TypeError("hall")],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("fails", ["get_hall", "seats"])
def test_q2_an_exception_leaves_call_endpoint(answers, error, fails):
    called = []

    def get_hall(city: str) -> str:
        called.append("get_hall")
        if fails == "get_hall":
            raise error
        return city

    def seats(hall: Annotated[str, Depends(get_hall)]) -> None:
        called.append("seats")
        raise error

    got = outcome(lambda: answers.call_endpoint(seats, {"city": "Oslo"}))
    expected = ["get_hall"] if fails == "get_hall" else ["get_hall", "seats"]
    assert (got is error, called) == (True, expected), (
        f"`seats` depends on `get_hall`, and `{fails}` raised {in_words(error)}. "
        f"`call_endpoint` {returned_or_raised(got)}, and these were called: {called}. "
        "The docstring asks that the exception leaves `call_endpoint` unchanged."
    )


TITLES = {
    ("2027-02-28", "2027-03-05"): ["Swan Lake", "Jazz Night", "Swan Lake"],
    ("2027-03-01", "2027-03-01"): ["Jazz Night"],
    ("2019-12-30", "2020-01-02"): [],
    ("1999-12-31", "2036-01-01"): ["Faust", "Jazz Night"],
}


def events(answers) -> tuple[FastAPI, list[tuple[Any, Any]]]:
    """Return the application of 4.1.3, and the periods that `events_in` gets."""
    asked: list[tuple[Any, Any]] = []

    def events_in(period: Any) -> list[str]:
        first, last = getattr(period, "first", period), getattr(period, "last", None)
        asked.append((first, last))
        dates = type(first) is date and type(last) is date
        return list(TITLES.get((str(first), str(last)), [])) if dates else []

    stand_in(answers.events_in, events_in)
    return fastapi_app(answers.events_app(), "events_app()"), asked


def get_events(app: FastAPI, path: str) -> tuple[int, Any]:
    """Return the status code and the JSON body of the response to a GET request."""
    asks = "200, or for 422 if the period is wrong. Look at `get_period`."
    return seen(send(app, "GET", path, asks=asks))


PERIODS = pytest.mark.parametrize(
    ("first", "last"), TITLES, ids=["days", "one-day", "no-events", "years"]
)


@PERIODS
def test_q3_get_events_returns_the_events_of_the_period(answers, first, last):
    app, _ = events(answers)
    expected = TITLES[first, last]

    got = get_events(app, f"/events?last={last}&first={first}")
    assert got == (200, expected), (
        f"`events_in` returns {expected} for {first} to {last}. The response of "
        f"`GET /events` was {in_words(got)}. The docstring asks for what `events_in` "
        "returns. Look at your endpoint, and at what `get_period` refuses and returns."
    )


@PERIODS
def test_q3_get_period_returns_the_period_of_the_query(answers, first, last):
    app, asked = events(answers)

    got = get_events(app, f"/events/count?first={first}&last={last}")
    expected = [(date.fromisoformat(first), date.fromisoformat(last))]
    assert (got[0], asked) == (200, expected), (
        f"For `GET /events/count?first={first}&last={last}` the given endpoint "
        f"returned {in_words(got)}, and `events_in` got {in_words(asked)}. The "
        "docstring asks `get_period` to return a `Period` of these dates. The given "
        "endpoint calls `events_in` with it once."
    )


@pytest.mark.parametrize("path", ["/events", "/events/count"])
@pytest.mark.parametrize(
    "query",
    [
        "first=2027-03-02&last=2027-03-01",
        "first=2027-03-02&last=2026-12-31",
        "first=2027-03-02",
        "last=2027-03-02",
        "first=today&last=2027-03-01",
    ],
)
def test_q3_a_wrong_period_returns_422(answers, path, query):
    app, asked = events(answers)

    status, _ = get_events(app, f"{path}?{query}")
    assert (status, asked) == (422, []), (
        f"`GET {path}?{query}` returned {status}, and `events_in` got "
        f"{in_words(asked)}. The docstring asks for 422 if a date is missing or not a "
        "date, or if `last` is before `first`. `events_in` is not called then. Look at "
        "`get_period`."
    )


def sales(answers, role: str) -> tuple[FastAPI, list[object]]:
    """Return an application for one role, and what its endpoint gets."""
    app, got = FastAPI(), []
    dependency = answers.require(role)
    assert callable(dependency), (
        f"`require({role!r})` returned {in_words(dependency)}. The docstring asks for "
        "a dependency, which is a function. Look at the `return` of `require`."
    )

    @app.get("/sales")
    def read_sales(name: Annotated[Any, Depends(dependency)]) -> str:
        got.append(name)
        return "the sales"

    return app, got


def sales_status(app: FastAPI, name: str, query: str = "") -> int:
    """Return the status code of a request for the sales."""
    asks = "200 or 403. Look at what your check raises or returns."
    return send(app, "GET", f"/sales{query}", {"X-User": name}, asks=asks).status_code


@pytest.fixture
def roles(answers) -> dict[str, set[str]]:
    """What `roles_of` returns, for each user."""
    known = {
        "Ana": {"customer", "organizer"},
        "Ben": {"customer"},
        "Cy": set(),
        "Eva": {"organizer"},
    }
    stand_in(answers.roles_of, lambda name: set(known.get(name, ())))
    return known


@pytest.mark.parametrize("role", ["organizer", "customer"])
def test_q4_a_user_with_the_role_reaches_the_endpoint(answers, roles, role):
    app, got = sales(answers, role)

    status = sales_status(app, "Ana")
    assert (status, got) == (200, ["Ana"]), (
        f"Ana has the role {role!r}. The status code was {status}, and the endpoint "
        f"got {in_words(got)}. The docstring asks to return her name from the "
        "dependency. Look at the function that `require` returns."
    )


@pytest.mark.parametrize(
    ("role", "name"),
    [
        ("organizer", "Ben"),
        ("customer", "Cy"),
        ("organizer", "Dan"),
        ("customer", "Eva"),
        ("custom", "Ben"),
        ("customers", "Ben"),
        ("Customer", "Ben"),
        ("", "Ben"),
    ],
)
def test_q4_a_user_without_the_role_gets_403(answers, roles, role, name):
    app, got = sales(answers, role)

    status = sales_status(app, name)
    assert (status, got) == (403, []), (
        f"The roles of {name} are {roles.get(name, set())}, and the endpoint is for "
        f"{role!r}. The status code was {status}, and the endpoint got "
        f"{in_words(got)}. The docstring asks for 403, and the endpoint is not called. "
        "Look at the condition in your check, and at what it raises."
    )


def test_q4_the_roles_are_read_for_every_request(answers, roles):
    app, _ = sales(answers, "organizer")

    def request() -> int:
        return sales_status(app, "Ben")

    statuses = [request()]
    roles["Ben"] = {"organizer"}
    statuses.append(request())
    roles["Ben"] = set()
    statuses.append(request())
    assert statuses == [403, 200, 403], (
        f"Ben became an organizer, and then he lost the role. Three requests returned "
        f"{statuses}. The docstring asks to read the roles for every request. Look at "
        "which function calls `roles_of`."
    )


def test_q4_each_endpoint_keeps_its_own_role(answers, roles):
    apps = [sales(answers, role)[0] for role in ("customer", "organizer", "customer")]

    statuses = [sales_status(app, "Ben") for app in apps]
    assert statuses == [200, 403, 200], (
        f"Ben is a customer. Endpoints for customer, organizer and customer returned "
        f"{statuses}. The docstring asks for the role that `require` was called with. "
        "Look at where your check reads the role from."
    )


def test_q4_the_name_comes_from_signed_in(answers, roles):
    app, got = sales(answers, "organizer")
    app.dependency_overrides[answers.signed_in] = lambda: "Ana"

    status = sales_status(app, "Ben")
    assert (status, got) == (200, ["Ana"]), (
        "An override replaced `signed_in` by a function that returns 'Ana'. The status "
        f"code was {status}, and the endpoint got {in_words(got)}. The docstring asks "
        "that your dependency depends on `signed_in`. FastAPI calls it then. Look at "
        "the parameters of your check."
    )


def test_q4_the_request_cannot_change_the_role(answers, roles):
    app, got = sales(answers, "organizer")
    operation = app.openapi()["paths"]["/sales"]["get"]
    read = [one["name"] for one in operation.get("parameters", ())]
    names = sorted({"role", *read} - {"X-User"})
    query = "?" + "&".join(f"{name}=customer" for name in names)

    status = sales_status(app, "Ben", query)
    assert (status, got) == (403, []), (
        f"Ben is a customer, and the endpoint is for 'organizer'. `GET /sales{query}` "
        f"returned {status}, and the endpoint got {in_words(got)}. The docstring asks "
        "for 403: nothing in a request can change the role. FastAPI reads each "
        "parameter of your check from the request."
    )


@pytest.fixture
def bookings(answers) -> tuple[FastAPI, list[int]]:
    """The application of 4.1.5, and the numbers that `find_booking` gets."""
    asked: list[int] = []
    known = {5: ("Ana", False), 6: ("Ana", True), 7: ("Ben", False), 8: ("Ben", True)}

    def find_booking(number: int) -> Any:
        asked.append(number)
        return answers.Booking(number, *known[number]) if number in known else None

    stand_in(answers.find_booking, find_booking)
    return fastapi_app(answers.bookings_app(), "bookings_app()"), asked


BOOKING = ("GET", "/bookings/{}")
TICKET = ("POST", "/bookings/{}/ticket")
CANCEL = ("DELETE", "/bookings/{}")
REQUESTS = pytest.mark.parametrize(
    "request_", [BOOKING, TICKET, CANCEL], ids=["read", "ticket", "cancel"]
)


def ask(
    app: FastAPI, request: tuple[str, str], number: int | str, name: str
) -> tuple[int, Any]:
    """Return the status code and the body of the response to `name`."""
    method, path = request
    asks = "the booking, 404 or 409. Look at what your dependencies raise and return."
    return seen(send(app, method, path.format(number), {"X-User": name}, asks=asks))


def test_q5_own_booking_returns_the_booking_of_the_user(bookings):
    app, _ = bookings

    got = [ask(app, BOOKING, 5, "Ana"), ask(app, BOOKING, 8, "Ben")]
    expected = [
        (200, {"number": 5, "name": "Ana", "cancelled": False}),
        (200, {"number": 8, "name": "Ben", "cancelled": True}),
    ]
    assert got == expected, (
        "Ana read her booking 5, and Ben his cancelled booking 8. The responses were "
        f"{in_words(got)}. The docstring asks `own_booking` to return the booking. "
        "Look at its `return`, and at the rule for 404."
    )


@REQUESTS
@pytest.mark.parametrize(
    ("number", "name"),
    [
        *((number, "Ana") for number in (99, 0, -3, 10**20, 7, 8)),
        *((5, name) for name in ("ana", "An", "Anna")),
    ],
)
def test_q5_a_booking_of_somebody_else_returns_404(bookings, request_, number, name):
    app, _ = bookings

    got = ask(app, request_, number, name)
    whose = {5: "belongs to Ana", 7: "belongs to Ben", 8: "belongs to Ben"}
    assert got[0] == 404, (
        f"Booking {number} {whose.get(number, 'does not exist')}. The response to "
        f"`{request_[0]} {request_[1].format(number)}` from {name} was "
        f"{in_words(got)}. The docstring asks for 404. Look at "
        "`own_booking`, and whether `open_booking` depends on it."
    )


def test_q5_open_booking_returns_the_booking_that_is_not_cancelled(bookings):
    app, _ = bookings

    got = [
        ask(app, one, number, "Ana") for one in (TICKET, CANCEL) for number in (5, 6)
    ]
    statuses = [status for status, _ in got]
    bodies = [got[0][1], got[2][1]]
    assert (statuses, bodies) == (
        [200, 409, 200, 409],
        [{"sent": 5, "to": "Ana"}, {"cancelled": 5}],
    ), (
        "Ana sent POST for the tickets of her bookings 5 and 6, then DELETE for both. "
        f"Booking 6 is cancelled. The status codes were {statuses}, and the bodies for "
        f"booking 5 {in_words(bodies)}. The docstring asks for booking 5, and for 409. "
        "Look at `open_booking`."
    )


@REQUESTS
def test_q5_the_booking_is_found_once_for_each_request(bookings, request_):
    app, asked = bookings

    for number, name in ((5, "Ana"), (7, "Ben"), (5, "Ana")):
        ask(app, request_, number, name)
    assert asked == [5, 7, 5], (
        "Three requests were sent, for the bookings 5, 7 and 5. `find_booking` was "
        f"called with {asked}. The docstring asks for one call for each request. Look "
        "at which functions call `find_booking`, and which depend on `own_booking`."
    )


@ERRORS
def test_q5_an_error_of_find_booking_is_not_a_404(bookings, answers, error):
    app, _ = bookings

    def fail(number: int) -> None:
        raise error("the database is down")

    stand_in(answers.find_booking, fail)
    with client(app) as http:
        got = outcome(lambda: http.get("/bookings/5", headers={"X-User": "Ana"}))
    assert isinstance(got, error), (
        f"`find_booking` raised {error.__name__}. The request "
        f"{returned_or_raised(got)}. The docstring asks not to catch an error of "
        "`find_booking`. Look at your `try`, and whether you call `find_booking`."
    )


def test_q5_the_name_comes_from_signed_in(bookings, answers):
    app, _ = bookings
    app.dependency_overrides[answers.signed_in] = lambda: "Ana"

    got = [
        ask(app, BOOKING, 5, "Ben")[0],
        ask(app, TICKET, 5, "Ben")[0],
        ask(app, BOOKING, 7, "Ben")[0],
    ]
    assert got == [200, 200, 404], (
        "An override replaced `signed_in` by a function that returns 'Ana'. Two "
        "requests for Ana's booking 5 and one for Ben's booking 7 returned "
        f"{got}. The docstring asks that `own_booking` depends on `signed_in`. FastAPI "
        "calls it then. Look at the parameters of `own_booking`."
    )


def names_app(answers) -> FastAPI:
    """Return an application whose endpoints return the name of the user."""
    app, router = FastAPI(), APIRouter()
    signed_in = Annotated[str, Depends(answers.signed_in)]

    def greeting(name: signed_in) -> str:
        return f"Hello {name}"

    @app.get("/name")
    def read_name(name: signed_in) -> str:
        return name

    @router.get("/greeting")
    def read_greeting(greeting: Annotated[str, Depends(greeting)]) -> str:
        return greeting

    app.include_router(router)
    return app


PATHS = ("/name", "/greeting")


@contextmanager
def block(answers, app: FastAPI, name: str) -> Iterator[None]:
    """Enter the learner's context manager; an error of its own is put into words."""
    manager = attempt("`signed_in_as(app, name)`", answers.signed_in_as, app, name)
    attempt("Entering the `with` block", manager.__enter__)
    try:
        yield
    except BaseException as error:
        if not manager.__exit__(type(error), error, error.__traceback__):
            raise
    else:
        attempt("Leaving the `with` block", manager.__exit__, None, None, None)


def read(app: FastAPI, path: str, headers: dict[str, str] | None = None) -> Any:
    """Return the status code, and the body of a response with status 200."""
    asks = (
        "the name within the block, and after it for what was before. Look at what "
        "you write into `dependency_overrides`."
    )
    status, body = seen(send(app, "GET", path, headers, asks=asks))
    return (status, body) if status == 200 else (status, "an error")


@pytest.mark.parametrize("name", ["Ana", "Ben"])
def test_q6_within_the_block_endpoints_get_the_name(answers, name):
    app = names_app(answers)

    with block(answers, app, name):
        got = [read(app, path) for path in PATHS]
    assert got == [(200, name), (200, f"Hello {name}")], (
        f"Within `with signed_in_as(app, {name!r})`, two endpoints that depend on "
        f"`signed_in` returned {in_words(got)}. The docstring asks that they get "
        f"{name!r} without a header. Look at the key and the value of the override."
    )


def test_q6_the_request_cannot_change_the_name(answers):
    app = names_app(answers)

    with block(answers, app, "Ana"):
        got = [
            read(app, "/name?name=Eve&x_user=Eve", {"X-User": "Eve", "name": "Eve"}),
            read(app, "/name?args=Eve&kwargs=Eve&self=Eve"),
        ]
    assert got == [(200, "Ana"), (200, "Ana")], (
        "Within `with signed_in_as(app, 'Ana')`, requests with the name Eve in headers "
        f"and in the query returned {in_words(got)}. The docstring asks that they "
        "change nothing. Look at the parameters of your override."
    )


def test_q6_after_the_block_signed_in_is_called_again(answers):
    app = names_app(answers)

    with block(answers, app, "Ana"):
        within = read(app, "/name")
    after = [read(app, "/name"), read(app, "/name", {"X-User": "Ben"})]
    assert (within, after) == ((200, "Ana"), [(422, "an error"), (200, "Ben")]), (
        f"Within the block the endpoint returned {in_words(within)}. After it, "
        f"requests without a header and with `X-User: Ben` returned {in_words(after)}. "
        "The docstring asks for what was before the block: (422, ...), then "
        "(200, 'Ben')."
    )


@pytest.mark.parametrize("error", [LookupError, KeyboardInterrupt])
def test_q6_a_block_that_raises_is_undone_as_well(answers, error):
    app = names_app(answers)

    raised: BaseException | None = None
    try:
        with block(answers, app, "Ana"):
            within = read(app, "/name")
            raise error("the test ends here")
    except error as caught:
        raised = caught
    after = read(app, "/name")
    assert raised is not None, (
        f"The block raised {error.__name__}, but the `with` statement raised nothing. "
        "The docstring asks that the exception leaves it: otherwise a test passes "
        "although it failed. Look at your `try`."
    )
    assert (within, after) == ((200, "Ana"), (422, "an error")), (
        f"Within the block the endpoint returned {in_words(within)}. After the block, "
        f"which raised {error.__name__}, a request without a header returned "
        f"{in_words(after)}. The docstring asks to undo the override. Look at what "
        "runs after `yield` when the block raises."
    )


def test_q6_two_applications_have_two_names(answers):
    one, two = names_app(answers), names_app(answers)

    with block(answers, one, "Ana"):
        alone = read(two, "/name")
        with block(answers, two, "Ben"):
            got = [read(one, "/name"), read(two, "/name")]
    assert (alone, got) == ((422, "an error"), [(200, "Ana"), (200, "Ben")]), (
        f"In a block for Ana, another application returned {in_words(alone)}. In a "
        f"block of that application for Ben, the two returned {in_words(got)}. The "
        "docstring asks that other applications do not change. Look at where the "
        "override gets the name from."
    )


def test_q6_other_overrides_stay(answers):
    app = names_app(answers)

    def clock() -> str:
        return "now"

    @app.get("/clock")
    def read_clock(time: Annotated[str, Depends(clock)]) -> str:
        return time

    app.dependency_overrides[clock] = lambda: "noon"
    app.dependency_overrides[answers.signed_in] = lambda: "Zoë"
    got = []
    with block(answers, app, "Ana"):
        with block(answers, app, "Ben"):
            got += [read(app, "/name"), read(app, "/clock")]
        got += [read(app, "/name"), read(app, "/clock")]
    got += [read(app, "/name"), read(app, "/clock")]
    bodies = [body for _, body in got]
    assert bodies == ["Ben", "noon", "Ana", "noon", "Zoë", "noon"], (
        "The tests had set the name 'Zoë' and the time 'noon'. In a block for Ben, in "
        "the block for Ana around it, and after both, the name and the time were "
        f"{in_words(bodies)}. The docstring asks for the name of each block, for what "
        "was before after it, and to keep the other overrides."
    )
