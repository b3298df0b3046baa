"""The tests of section 4.1."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import APIRouter, Depends, FastAPI

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
    app: FastAPI, method: str, path: str, headers: dict[str, str] | None = None
) -> httpx2.Response:
    """Return the response of `app` to one request."""
    with client(app) as http:
        response: httpx2.Response = attempt(
            f"`{method} {path}` with the headers {headers or {}}",
            http.request,
            method,
            path,
            headers=headers,
        )
    return response


def seen(response: httpx2.Response) -> tuple[int, Any]:
    """Return the status code and the JSON body of a response."""
    return response.status_code, json_or_text(response)


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


def test_q1_the_endpoint_gets_the_user_of_the_token(answers):
    users = {"t-7": answers.User("Zoë"), "t-8": answers.User("")}
    app, got = wallet(answers, users)

    statuses = [
        send(app, "GET", "/wallet", {"X-Token": token}).status_code for token in users
    ]
    assert (statuses, got) == ([200, 200], list(users.values())), (
        f"Two users sent their tokens. The status codes were {statuses}, and the "
        f"endpoint got {in_words(got)}. The docstring asks to return the user that "
        "`find_user(token)` returns. Look at the `return` of `current_user`."
    )


@pytest.mark.parametrize("headers", [{}, {"X-Token": "t-9"}], ids=["none", "unknown"])
def test_q1_a_request_without_a_known_token_returns_401(answers, headers):
    app, got = wallet(answers, {"t-7": answers.User("Zoë")})

    response = send(app, "GET", "/wallet", headers)
    assert (response.status_code, got) == (401, []), (
        f"No user belongs to the headers {headers}. The status code was "
        f"{response.status_code}, and the endpoint got {in_words(got)}. The docstring "
        "asks for 401, and the endpoint is not called. Look at what `current_user` "
        "does when there is no user."
    )


def test_q1_the_user_is_looked_up_for_every_request(answers):
    users = {"t-7": answers.User("Zoë")}
    app, got = wallet(answers, users)

    def request() -> int:
        return send(app, "GET", "/wallet", {"X-Token": "t-7"}).status_code

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


class Seats:
    """Functions as an application has them; `calls` says which of them ran."""

    def __init__(self) -> None:
        self.calls: list[str] = []

        def city(place: str) -> str:
            self.calls.append("city")
            return place.upper()

        def hall(city: Annotated[str, Depends(city)], number: str) -> str:
            self.calls.append("hall")
            return f"{city} {number}"

        def offer(
            city: Annotated[str, Depends(city)], hall: Annotated[str, Depends(hall)]
        ) -> None:
            self.calls.append("offer")

        def seats(
            row: str,
            hall: Annotated[str, Depends(hall)],
            offer: Annotated[None, Depends(offer)],
            town: Annotated[str, Depends(city)],
            deal: Annotated[None, Depends(offer)],
        ) -> list[str | None]:
            self.calls.append("seats")
            return [row, hall, offer, town, deal]

        def price(row: str, number: str) -> list[str]:
            return [number, row]

        self.endpoints: dict[str, Callable[..., Any]] = {
            "seats": seats,
            "hall": hall,
            "price": price,
        }


def real(seats: Seats, endpoint: Callable[..., Any], query: dict[str, str]) -> object:
    """Return what FastAPI gets from `endpoint` for a request with this query."""
    app = FastAPI()
    app.get("/")(endpoint)
    with client(app) as http:
        return json_or_text(http.get("/", params=query))


@pytest.mark.parametrize("name", ["price", "hall", "seats"])
@pytest.mark.parametrize(
    "query",
    [
        {"place": "Oslo", "number": "7", "row": "c"},
        {"row": "", "number": "12", "place": "Rome"},
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
        f"FastAPI gets {expected} from the same functions. The docstring asks for the "
        "value of each parameter: from its dependency, or else from the query."
    )


def test_q2_each_dependency_is_called_once_for_each_request(answers):
    seats = Seats()
    query = {"place": "Oslo", "number": "7", "row": "c"}

    real(seats, seats.endpoints["seats"], query)
    expected = Counter(seats.calls)
    seats.calls.clear()
    attempt("`call_endpoint`", answers.call_endpoint, seats.endpoints["seats"], query)
    got = Counter(seats.calls)
    assert got == expected, (
        f"One call of `call_endpoint` made these calls: {dict(got)}. FastAPI makes "
        f"these: {dict(expected)}. The docstring asks to call each dependency at most "
        "once, also one that returns None. Look at where you keep the results."
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


def events(answers) -> tuple[FastAPI, list[tuple[date, date]]]:
    """Return the application of 4.1.3, and the periods that `events_in` gets."""
    asked: list[tuple[date, date]] = []

    def events_in(period: Any) -> list[str]:
        asked.append((period.first, period.last))
        return [f"event {number}" for number in range((period.last.day + 1) // 2)]

    stand_in(answers.events_in, events_in)
    return fastapi_app(answers.events_app(), "events_app()"), asked


PERIODS = pytest.mark.parametrize(
    ("first", "last"),
    [("2027-02-28", "2027-03-05"), ("2027-03-01", "2027-03-01")],
    ids=["days", "one-day"],
)


@PERIODS
def test_q3_get_events_returns_the_events_of_the_period(answers, first, last):
    app, _ = events(answers)
    expected = answers.events_in(
        answers.Period(date.fromisoformat(first), date.fromisoformat(last))
    )

    got = seen(send(app, "GET", f"/events?last={last}&first={first}"))
    assert got == (200, expected), (
        f"`events_in` returns {expected} for {first} to {last}. The response of "
        f"`GET /events` was {in_words(got)}. The docstring asks for what `events_in` "
        "returns. Look at your endpoint."
    )


@PERIODS
def test_q3_get_period_returns_the_period_of_the_query(answers, first, last):
    app, asked = events(answers)

    got = seen(send(app, "GET", f"/events/count?first={first}&last={last}"))
    expected = [(date.fromisoformat(first), date.fromisoformat(last))]
    assert (got[0], asked) == (200, expected), (
        f"For `GET /events/count?first={first}&last={last}` the given endpoint "
        f"returned {in_words(got)}, and `events_in` got {in_words(asked)}. The "
        "docstring asks `get_period` to return a `Period` of these dates."
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

    status = send(app, "GET", f"{path}?{query}").status_code
    assert (status, asked) == (422, []), (
        f"`GET {path}?{query}` returned {status}, and `events_in` got "
        f"{in_words(asked)}. The docstring asks for two dates, and for 422 if `last` "
        "is before `first`. `events_in` is not called then. Look at `get_period`."
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


@pytest.fixture
def roles(answers) -> dict[str, set[str]]:
    """What `roles_of` returns, for each user."""
    known = {"Ana": {"customer", "organizer"}, "Ben": {"customer"}, "Cy": set()}
    stand_in(answers.roles_of, lambda name: set(known.get(name, ())))
    return known


@pytest.mark.parametrize("role", ["organizer", "customer"])
def test_q4_a_user_with_the_role_reaches_the_endpoint(answers, roles, role):
    app, got = sales(answers, role)

    status = send(app, "GET", "/sales", {"X-User": "Ana"}).status_code
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
        ("custom", "Ben"),
        ("Customer", "Ben"),
        ("", "Ben"),
    ],
)
def test_q4_a_user_without_the_role_gets_403(answers, roles, role, name):
    app, got = sales(answers, role)

    status = send(app, "GET", "/sales", {"X-User": name}).status_code
    assert (status, got) == (403, []), (
        f"The roles of {name} are {roles.get(name, set())}, and the endpoint is for "
        f"{role!r}. The status code was {status}, and the endpoint got "
        f"{in_words(got)}. The docstring asks for 403, and the endpoint is not called."
    )


def test_q4_the_roles_are_read_for_every_request(answers, roles):
    app, _ = sales(answers, "organizer")

    def request() -> int:
        return send(app, "GET", "/sales", {"X-User": "Ben"}).status_code

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

    statuses = [
        send(app, "GET", "/sales", {"X-User": "Ben"}).status_code for app in apps
    ]
    assert statuses == [200, 403, 200], (
        f"Ben is a customer. Endpoints for customer, organizer and customer returned "
        f"{statuses}. The docstring asks for the role that `require` was called with. "
        "Look at where your check reads the role from."
    )


def test_q4_the_name_comes_from_signed_in(answers, roles):
    app, got = sales(answers, "organizer")
    stand_in(answers.signed_in, lambda name: name.removeprefix("user:"))

    status = send(app, "GET", "/sales", {"X-User": "user:Ana"}).status_code
    assert (status, got) == (200, ["Ana"]), (
        f"`signed_in` returned 'Ana' for the header `X-User: user:Ana`. The status "
        f"code was {status}, and the endpoint got {in_words(got)}. The docstring asks "
        "to get the name from the dependency `signed_in`. Look at the parameters of "
        "your check."
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


def ask(
    app: FastAPI, request: tuple[str, str], number: int | str, name: str
) -> tuple[int, Any]:
    """Return the status code and the body of the response to `name`."""
    method, path = request
    return seen(send(app, method, path.format(number), {"X-User": name}))


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


@pytest.mark.parametrize("request_", [BOOKING, TICKET], ids=["read", "ticket"])
@pytest.mark.parametrize(
    ("number", "name"), [(99, "Ana"), (7, "Ana"), (8, "Ana"), (5, "ana"), (5, "An")]
)
def test_q5_a_booking_of_somebody_else_returns_404(bookings, request_, number, name):
    app, _ = bookings

    got = ask(app, request_, number, name)
    whose = {5: "belongs to Ana", 7: "belongs to Ben", 8: "belongs to Ben"}
    assert got[0] == 404, (
        f"Booking {number} {whose.get(number, 'does not exist')}. The response to "
        f"{name} was {in_words(got)}. The docstring asks for 404. Look at "
        "`own_booking`, and whether `open_booking` depends on it."
    )


def test_q5_open_booking_returns_the_booking_that_is_not_cancelled(bookings):
    app, _ = bookings

    got = [ask(app, TICKET, number, "Ana") for number in (5, 6)]
    statuses = [status for status, _ in got]
    assert (statuses, got[0][1]) == ([200, 409], {"sent": 5, "to": "Ana"}), (
        "Ana asked for the tickets of booking 5 and of booking 6, which is cancelled. "
        f"The responses were {in_words(got)}. The docstring asks for 200 with booking "
        "5, and for 409. Look at `open_booking`."
    )


@pytest.mark.parametrize("request_", [BOOKING, TICKET], ids=["read", "ticket"])
def test_q5_the_booking_is_found_once_for_each_request(bookings, request_):
    app, asked = bookings

    for number, name in ((5, "Ana"), (7, "Ben"), (5, "Ana")):
        ask(app, request_, number, name)
    assert asked == [5, 7, 5], (
        "Three requests were sent, for the bookings 5, 7 and 5. `find_booking` was "
        f"called with {asked}. The docstring asks for one call for each request. Look "
        "at which functions call `find_booking`, and which depend on `own_booking`."
    )


def test_q5_the_name_comes_from_signed_in(bookings, answers):
    app, _ = bookings
    stand_in(answers.signed_in, lambda name: name.removeprefix("user:"))

    got = [
        ask(app, BOOKING, 5, "user:Ana")[0],
        ask(app, TICKET, 5, "user:Ana")[0],
        ask(app, BOOKING, 5, "user:Ben")[0],
    ]
    assert got == [200, 200, 404], (
        "`signed_in` returned the header without `user:`. Ana's two requests for her "
        f"booking and Ben's request returned {got}. The docstring asks for the name "
        "that the dependency `signed_in` returns. Look at the parameters of "
        "`own_booking`."
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
    except Exception as error:
        if not manager.__exit__(type(error), error, error.__traceback__):
            raise
    else:
        attempt("Leaving the `with` block", manager.__exit__, None, None, None)


def read(app: FastAPI, path: str, headers: dict[str, str] | None = None) -> Any:
    """Return the status code, and the body of a response with status 200."""
    status, body = seen(send(app, "GET", path, headers))
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


def test_q6_a_block_that_raises_is_undone_as_well(answers):
    app = names_app(answers)

    def fail() -> None:
        with block(answers, app, "Ana"):
            assert read(app, "/name") == (200, "Ana"), (
                "Within the block the endpoint did not get 'Ana'. Look at the key and "
                "the value of the override."
            )
            raise LookupError("the test failed")

    raised = outcome(fail)
    if isinstance(raised, AssertionError):
        raise raised
    after = read(app, "/name")
    assert isinstance(raised, LookupError), (
        f"The block raised LookupError, and the `with` statement "
        f"{returned_or_raised(raised)}. An exception of the block must not be lost: "
        "a test would pass although it failed. Look at your `try`."
    )
    assert after == (422, "an error"), (
        f"After a block that raised an exception, a request without a header returned "
        f"{in_words(after)}. The docstring asks to undo the override then, too. Look "
        "at what runs after `yield` when the block raises."
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
        f"{in_words(bodies)}. The docstring asks to keep the other overrides, and for "
        "what was before."
    )
