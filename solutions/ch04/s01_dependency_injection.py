"""4.1  Dependency injection.

An endpoint declares what it needs: a user, a database session, checked parameters.
FastAPI calls the function that provides it, and passes the result to the endpoint. Such
a function is called a dependency.
Notes: content/docs/fastapi/advanced-features/dependency-injection.md
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, get_args

from fastapi import Depends, FastAPI, Header, HTTPException
from fastapi.params import Depends as DependsMarker


@dataclass(frozen=True)
class User:
    """A customer of the ticket office."""

    name: str


USERS = {"t-1": User("Ana"), "t-2": User("Ben")}


def find_user(token: str) -> User | None:
    """Return the user who is logged in with this token, or None."""
    return USERS.get(token)


def current_user(
    token: Annotated[str | None, Header(alias="X-Token")] = None,
) -> User:
    """4.1.1  Create a dependency function that checks user authentication in FastAPI.

    Write the body of this dependency. An endpoint with the parameter
    `user: Annotated[User, Depends(current_user)]` is for logged-in users only. FastAPI
    calls `current_user` before the endpoint. `token` is the request header `X-Token`,
    or None if there is no such header.

    - Return the user that `find_user(token)` returns. Call `find_user` once for every
      request that has a token, because users log in and out.
    - If there is no token, or if `find_user` returns None, the response is 401, and the
      endpoint is not called.
    - An error of `find_user` is not a 401. Do not catch it.

    Example:
        GET /wallet  X-Token: t-1  ->  the endpoint is called with User("Ana")
        GET /wallet                ->  401
    """
    # region answer
    user = find_user(token) if token is not None else None
    if user is None:
        raise HTTPException(401, "Log in first.")
    return user
    # endregion


Function = Callable[..., object]


def parameters(function: Function) -> dict[str, Function | None]:
    """Return the dependency of each parameter, or None if the parameter has none.

    A parameter has a dependency if it is declared as `Annotated[..., Depends(...)]`.
    """
    found: dict[str, Function | None] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        markers = get_args(parameter.annotation)
        depends = [one for one in markers if isinstance(one, DependsMarker)]
        found[name] = depends[0].dependency if depends else None
    return found


def call_endpoint(endpoint: Function, query: Mapping[str, object]) -> object:
    """4.1.2  How does FastAPI’s `Depends()` work, and what are its benefits?

    Do for one request what FastAPI does: find the value for each parameter of
    `endpoint`, call `endpoint` with these values, and return what it returns.

    - If a parameter has a dependency, its value is what the dependency returns, even if
      the query contains the same name.
    - The value of any other parameter is the query parameter `query[name]`, unchanged.
    - A dependency can have parameters too, with or without a dependency of their own.
      Find their values in the same way.
    - Call each dependency once during one call of `call_endpoint`, even if several
      functions depend on it.
    - Call all functions with keyword arguments.
    - An exception that one of the functions raises leaves `call_endpoint` unchanged.

    Given:
        `parameters(function)` returns a dict with the dependency of each parameter.
        `query` contains every query parameter that the functions need.
        None of the functions is `async`.

    Example:
        def get_hall(city: str) -> str: ...
        def seats(hall: Annotated[str, Depends(get_hall)], row: int) -> list[int]: ...

        call_endpoint(seats, {"city": "Oslo", "row": 7})
            ->  seats(hall=get_hall(city="Oslo"), row=7)
    """
    # region answer
    # In words: `Depends(function)` only marks a parameter. For each request FastAPI
    # calls the function first, resolves its own parameters in the same way, and passes
    # the result on. Within one request the result is shared. So a check or a database
    # session is written once, and every endpoint that needs it declares it. The
    # endpoint does not know how it is made, so a test can provide another one.
    results: dict[Function, object] = {}

    def call(function: Function) -> object:
        if function not in results:
            results[function] = function(
                **{
                    name: query[name] if dependency is None else call(dependency)
                    for name, dependency in parameters(function).items()
                }
            )
        return results[function]

    return call(endpoint)
    # endregion


@dataclass(frozen=True)
class Period:
    """All days from the first to the last one."""

    first: date
    last: date


def events_in(period: Period) -> list[str]:
    """Return the titles of the events in this period."""
    events = {date(2026, 6, 5): "Jazz Night", date(2026, 7, 1): "Opera in the Park"}
    return [events[day] for day in events if period.first <= day <= period.last]


def events_app() -> FastAPI:
    """4.1.3  Write a FastAPI endpoint that uses a dependency to validate query
    parameters.

    Write the dependency `get_period` and the endpoint `GET /events`. The endpoint
    `GET /events/count` below your code is given. It uses the same dependency.

    - `get_period` reads the dates `first` and `last` from the query parameters, and
      returns a `Period`.
    - If `first` or `last` is missing or is not a date, or if `last` is before `first`,
      the response is 422, and `events_in` is not called.
    - `GET /events` returns what `events_in(period)` returns.

    Example:
        GET /events?first=2026-06-01&last=2026-06-30        ->  200  ["Jazz Night"]
        GET /events/count?first=2026-06-01&last=2026-06-30  ->  200  1
        GET /events?first=2026-06-30&last=2026-06-01        ->  422
    """
    app = FastAPI()

    # region answer
    def get_period(first: date, last: date) -> Period:
        if last < first:
            raise HTTPException(422, "`last` is before `first`.")
        return Period(first, last)

    @app.get("/events")
    def list_events(period: Annotated[Period, Depends(get_period)]) -> list[str]:
        return events_in(period)

    # endregion

    @app.get("/events/count")
    def count_events(period: Annotated[Period, Depends(get_period)]) -> int:
        return len(events_in(period))

    return app


def signed_in(name: Annotated[str, Header(alias="X-User")]) -> str:
    """Return the name of the user.

    A gateway in front of the application has checked the password and sets the header.
    """
    return name


def roles_of(name: str) -> set[str]:
    """Return the roles that the user has right now."""
    return {"Ana": {"customer", "organizer"}, "Ben": {"customer"}}.get(name, set())


def require(role: str) -> Callable[..., str]:
    """4.1.4  Write a dependency to check user permissions in FastAPI.

    Some endpoints are for users with a certain role. Return a dependency that an
    endpoint uses as `Depends(require("organizer"))`.

    - The dependency itself depends on `signed_in`, which returns the name of the user.
      It returns this name.
    - If `role` is not in `roles_of(name)`, the response is 403, and the endpoint is not
      called. Call `roles_of` for every request, because the roles change.
    - `role` is the argument of `require`. Nothing in a request can change it.

    Example:
        organizer = Depends(require("organizer"))
        GET /sales  X-User: Ana  ->  200
        GET /sales  X-User: Ben  ->  403
    """

    # region answer
    def check(name: Annotated[str, Depends(signed_in)]) -> str:
        if role not in roles_of(name):
            raise HTTPException(403, f"This is for the role {role} only.")
        return name

    return check
    # endregion


@dataclass(frozen=True)
class Booking:
    """A seat that somebody has booked."""

    number: int
    name: str
    cancelled: bool = False


def find_booking(number: int) -> Booking | None:
    """Return the booking with this number from the database, or None."""
    return {1: Booking(1, "Ana"), 2: Booking(2, "Ben", cancelled=True)}.get(number)


def bookings_app() -> FastAPI:
    """4.1.5  How do you create nested dependencies in FastAPI?

    Write the two dependencies `own_booking` and `open_booking`. The endpoints below
    your code use them.

    - `own_booking` calls `find_booking` with the path parameter `number`, and returns
      the booking.
    - `own_booking` depends on `signed_in`, which returns the name of the user. If there
      is no such booking, or if the booking has another `name`, the response is 404.
    - `open_booking` depends on `own_booking` and returns its booking. If the booking is
      cancelled, the response is 409.
    - Each request calls `find_booking` exactly once. An error of `find_booking` is not
      a 404. Do not catch it.

    Example:
        POST /bookings/2/ticket  X-User: Ben  ->  409, because booking 2 is cancelled
        POST /bookings/2/ticket  X-User: Ana  ->  404, because booking 2 is Ben's
    """
    app = FastAPI()

    # region answer
    # In words: A dependency is a function, and its parameters can have dependencies
    # too. FastAPI resolves the whole tree from the innermost function outwards. Each
    # dependency adds one rule and passes its result on. If one of them raises an
    # HTTPException, FastAPI sends this response and calls nothing further out.
    def own_booking(number: int, name: Annotated[str, Depends(signed_in)]) -> Booking:
        booking = find_booking(number)
        if booking is None or booking.name != name:
            raise HTTPException(404, "You have no booking with this number.")
        return booking

    def open_booking(booking: Annotated[Booking, Depends(own_booking)]) -> Booking:
        if booking.cancelled:
            raise HTTPException(409, "This booking is cancelled.")
        return booking

    # endregion

    @app.get("/bookings/{number}")
    def read_booking(booking: Annotated[Booking, Depends(own_booking)]) -> Booking:
        return booking

    @app.post("/bookings/{number}/ticket")
    def send_ticket(
        own: Annotated[Booking, Depends(own_booking)],
        booking: Annotated[Booking, Depends(open_booking)],
    ) -> dict[str, Any]:
        return {"sent": booking.number, "to": own.name}

    @app.delete("/bookings/{number}")
    def cancel_booking(
        booking: Annotated[Booking, Depends(open_booking)],
    ) -> dict[str, int]:
        return {"cancelled": booking.number}

    return app


@contextmanager
def signed_in_as(app: FastAPI, name: str) -> Iterator[None]:
    """4.1.6  What is dependency overriding, and how is it used in testing?

    The tests of an application run without the gateway. Write a context manager that
    the tests use. Within its `with` block, every endpoint of `app` that depends on
    `signed_in` gets `name`. Other applications do not change.

    - Within the block, a request needs no header `X-User`, and nothing in a request
      changes the name.
    - After the block, `signed_in` has the override that it had before, or none if it
      had none.
    - The same holds if the block raises an exception. The exception leaves the `with`
      statement.
    - All other overrides of `app` stay as they are, within the block and after it.

    Given:
        An override is an entry of `app.dependency_overrides`.
        Within the block, only `signed_in_as` changes overrides. Blocks can be nested.

    Example:
        with signed_in_as(app, "Ana"), TestClient(app) as client:
            client.get("/bookings/1")  # the endpoint gets "Ana"
    """
    # region answer
    # In words: `app.dependency_overrides` maps a dependency to the function that
    # FastAPI calls instead, wherever the dependency is used. A test replaces what it
    # cannot have, such as a gateway or a payment service, and leaves the application
    # unchanged. Remove the override afterwards: the next test uses the same `app`.
    before = dict(app.dependency_overrides)
    app.dependency_overrides[signed_in] = lambda: name
    try:
        yield
    finally:
        app.dependency_overrides = before
    # endregion
