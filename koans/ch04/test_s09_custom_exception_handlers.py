"""The tests of section 4.9."""

import sys
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from fastapi.exceptions import ResponseValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, ValidationError, field_validator
from starlette.exceptions import HTTPException as StarletteHTTPException

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
    app: FastAPI, method: str, path: str, *, raises: bool = True, **request: Any
) -> httpx2.Response:
    """Return the response of `app` to one request."""

    def call() -> httpx2.Response:
        with client(app, raises=raises) as http:
            return http.request(method, path, **request)

    response = outcome(call)
    assert isinstance(response, httpx2.Response), (
        f"`{method} {path}`: the application raised {in_words(response)}. The "
        "docstring asks for a response. Look at the class that you register, at what "
        "your handler does, and at the object that it returns."
    )
    return response


def seen(response: httpx2.Response) -> tuple[int, Any]:
    """Return the status code and the JSON body of a response."""
    return response.status_code, json_or_text(response)


class Order(BaseModel):
    """An order of tickets, with a rule in Python."""

    seats: int
    day: Annotated[date, Field(ge=date(2026, 6, 1))] = date(2026, 6, 5)

    @field_validator("seats")
    @classmethod
    def check_seats(cls, seats: int) -> int:
        """Raise a ValueError for an odd number."""
        if seats % 2:
            raise ValueError("The sofas have two seats each.")
        return seats


def order_app() -> FastAPI:
    """Return an application without an exception handler of its own."""
    app = FastAPI()

    @app.post("/orders")
    def add_order(order: Order) -> str:
        return f"{order.seats} seats"

    def start(page: int) -> int:
        return page * 10

    @app.get("/events")
    def list_events(
        page: int, first: Annotated[int, Depends(start)], size: int = 10
    ) -> str:
        return f"page {page} from {first}"

    return app


def compare_details(
    answers: Any, method: str, path: str, **request: Any
) -> tuple[tuple[int, Any], tuple[int, Any]]:
    """Return 4.9.1's response, and the one that the docstring asks for."""
    app = order_app()
    attempt("`explain_invalid_requests(app)`", answers.explain_invalid_requests, app)
    default = send(order_app(), method, path, **request).json()["detail"]
    body = {"error": "The request is not valid.", "details": default}

    def call() -> httpx2.Response:
        with client(app) as http:
            return http.request(method, path, **request)

    response = outcome(call)
    assert isinstance(response, httpx2.Response), (
        f"`{method} {path}` was invalid, and raised {in_words(response)}. The "
        "docstring asks for a response with 422. Look at the object that your handler "
        "returns, and at how it makes JSON of the list of errors."
    )
    return seen(response), (422, body)


def in_detail(got: tuple[int, Any], expected: tuple[int, Any]) -> str:
    """Say where a response differs from the expected one."""
    (status, body), wanted = got, expected[1]
    if status != 422:
        return f"The status code was {status}, and the body {in_words(body)}"
    if not isinstance(body, dict) or body.keys() != wanted.keys():
        return f"The body was {in_words(body)}"
    if body["error"] != wanted["error"]:
        return f'The field "error" was {in_words(body["error"])}'
    details = body["details"]
    if not isinstance(details, list) or len(details) != len(wanted["details"]):
        count = len(wanted["details"])
        return f'"details" was {in_words(details)}. FastAPI sends a list of ' + (
            "one dict" if count == 1 else f"{count} dicts"
        )
    for entry, one in zip(details, wanted["details"], strict=True):
        if not isinstance(entry, dict) or entry.keys() != one.keys():
            keys = sorted(entry) if isinstance(entry, dict) else entry
            return (
                f'An entry of "details" had {in_words(keys)}. In FastAPI\'s list it '
                f"has {in_words(sorted(one))}"
            )
        for key, value in one.items():
            if entry[key] != value:
                return (
                    f'"{key}" in "details" was {in_words(entry[key])}. In FastAPI\'s '
                    f"list it is {in_words(value)}"
                )
    return '"details" had another order'


@pytest.mark.parametrize(
    ("method", "path", "request_"),
    [
        ("POST", "/orders", {"json": {"seats": "two"}}),
        ("POST", "/orders", {"json": {"seats": None, "day": "soon"}}),
        ("POST", "/orders", {"json": []}),
        ("POST", "/orders", {}),
        ("POST", "/orders", {"content": "{", "headers": {"Content-Type": "text/json"}}),
        ("GET", "/events?page=last&size=all", {}),
        ("GET", "/events", {}),
    ],
    ids=["text", "two", "list", "nothing", "no-json", "query", "no-query"],
)
def test_q1_an_invalid_request_returns_422_with_the_details(
    answers, method, path, request_
):
    got, expected = compare_details(answers, method, path, **request_)
    assert got == expected, (
        f"`{method} {path}` was invalid. {in_detail(got, expected)}. The docstring "
        'asks for 422 with "error", and with FastAPI\'s list as "details". Look at the '
        "class of your handler, and at what it returns."
    )


@pytest.mark.parametrize(
    "body",
    [{"seats": 3}, {"seats": 2, "day": "2026-05-31"}, {"seats": "1", "day": ""}],
    ids=["error", "date", "both"],
)
def test_q1_details_that_are_not_json_are_converted(answers, body):
    got, expected = compare_details(answers, "POST", "/orders", json=body)
    assert got == expected, (
        f"`POST /orders` with {body}: {in_detail(got, expected)}. The docstring asks "
        "for 422, with the list that FastAPI sends. Look at your handler."
    )


@pytest.mark.parametrize(
    "error",
    [
        ValueError("no such seat"),
        ValidationError.from_exception_data("Order", []),
        KeyError("seat"),
        HTTPException(422, "Choose a seat."),
        ResponseValidationError([]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_q1_other_exceptions_keep_their_response(answers, error):
    def app() -> FastAPI:
        one = FastAPI()

        @one.get("/seats")
        def list_seats() -> str:
            raise error

        return one

    explained = app()
    attempt("`explain_invalid_requests`", answers.explain_invalid_requests, explained)
    got, expected = (
        seen(send(one, "GET", "/seats", raises=False)) for one in (explained, app())
    )
    assert got == expected, (
        f"The request was valid. The endpoint raised {in_words(error)}. The response "
        f"was {in_words(got)}, and {in_words(expected)} without your handler. The "
        "docstring asks that it stays. Look at which exceptions you handle."
    )


class SoldOut(Exception):
    """An exception with a handler of its own."""


def crash_app(
    answers: Any, error: Exception, *, handled: bool = True
) -> tuple[FastAPI, list[Exception]]:
    """Return an application that raises `error`, and the reported exceptions."""
    reports: list[Exception] = []

    def report_crash(error: Exception) -> str:
        reports.append(error)
        return f"R-{70 + len(reports)}"

    stand_in(answers.report_crash, report_crash)
    app = FastAPI()

    def fail() -> None:
        raise error

    @app.exception_handler(SoldOut)
    def handle_sold_out(request: Request, error: SoldOut) -> JSONResponse:
        return JSONResponse({"sold": "out"}, 409)

    if handled:
        attempt("`report_crashes(app)`", answers.report_crashes, app)

    @app.middleware("http")
    async def fail_outside(
        request: Request, call_next: Callable[[Request], Any]
    ) -> Any:
        if request.url.path == "/middleware":
            raise error
        return await call_next(request)

    @app.get("/endpoint")
    def fail_in_endpoint() -> None:
        raise error

    @app.get("/dependency", dependencies=[Depends(fail)])
    async def fail_before() -> None: ...

    @app.get("/events/{number}")
    def read_event(number: int) -> None:
        raise {
            1: HTTPException(404, "no event", headers={"X-Shop": "tickets"}),
            2: HTTPException(500, "no printer"),
            3: SoldOut(),
        }[number]

    return app, reports


CRASHES = pytest.mark.parametrize(
    "error",
    [
        ZeroDivisionError("division by zero"),
        KeyError("seat"),
        PermissionError(13, "/var/keys"),
        AssertionError("no seats"),
        ValueError("no date"),
        TimeoutError("no answer"),
        ConnectionError("no connection"),
        RuntimeError("no event loop"),
        ExceptionGroup("two", [ValueError("one"), TypeError("two")]),
    ],
    ids=lambda error: type(error).__name__,
)


def unexpected(server: object, error: Exception) -> str:
    """Return a sentence about an exception that is not the one of the endpoint."""
    cause = getattr(server, "__cause__", None)
    if cause is None or cause is error:
        return ""
    return f" The server got {in_words(cause)}."


@CRASHES
@pytest.mark.parametrize("place", ["endpoint", "dependency", "middleware"])
def test_q2_a_crash_returns_500_with_the_number_of_the_report(answers, error, place):
    app, reports = crash_app(answers, error)

    path = f"/{place}"
    got = [seen(send(app, "GET", path, raises=False)) for _ in range(2)]
    expected = [
        (500, {"error": "Something went wrong.", "report": f"R-{number}"})
        for number in (71, 72)
    ]
    calls = len(reports)
    server = outcome(lambda: send(app, "GET", path))
    assert got == expected, (
        f"The {place} raised {in_words(error)} twice. The responses were "
        f"{in_words(got)}, and `report_crash` was called {calls} times: it returns "
        f"R-71, then R-72.{unexpected(server, error)} The docstring asks for 500 with "
        "the number of one call. Look at where your code takes the exception."
    )


@CRASHES
def test_q2_each_crash_is_reported_once(answers, error):
    app, reports = crash_app(answers, error)

    for place in ("endpoint", "middleware"):
        send(app, "GET", f"/{place}", raises=False)
    assert [id(one) for one in reports] == [id(error)] * 2, (
        f"Two requests raised {in_words(error)}. `report_crash` was called with "
        f"{in_words(reports)}. The docstring asks to call it once for each request, "
        "with the exception. Look at your handler."
    )


@CRASHES
def test_q2_the_server_gets_the_exception(answers, error):
    app, _ = crash_app(answers, error)

    def get() -> httpx2.Response:
        with client(app) as http:
            return http.get("/endpoint")

    got = outcome(get)
    assert got is error, (
        f"The endpoint raised {in_words(error)}. The application "
        f"{returned_or_raised(got)}. The docstring asks that the server still gets the "
        "exception. Look at which part of your code catches it."
    )


@pytest.mark.parametrize(
    "number", ["1", "2", "3", "x"], ids=["404", "500", "own-handler", "invalid"]
)
def test_q2_other_responses_stay_as_they_are(answers, number):
    path = f"/events/{number}"

    def response(app: FastAPI) -> tuple[Any, ...]:
        one = send(app, "GET", path, raises=False)
        return (*seen(one), one.headers.get("X-Shop"))

    app, reports = crash_app(answers, LookupError())
    got = response(app)
    expected = response(crash_app(answers, LookupError(), handled=False)[0])
    assert got == expected, (
        f"`GET {path}`: the status code, the body and `X-Shop` were {in_words(got)}. "
        f"Without your handler they were {in_words(expected)}. The docstring asks that "
        "they stay. Look at which exceptions you handle."
    )
    assert reports == [], (
        f"`GET {path}` returned {got[0]}. `report_crash` was called with "
        f"{in_words(reports)}. The docstring asks for reports of exceptions that no "
        "other handler takes. Look at which exceptions you handle."
    )


class Refunded(HTTPException):
    """An HTTPException of the shop."""


def shop_app(answers: Any) -> FastAPI:
    """Return an application with the handlers of 4.9.3, and endpoints that raise."""
    app, router = FastAPI(), APIRouter()
    attempt("`unify_errors(app)`", answers.unify_errors, app)

    def staff_only() -> None:
        raise StarletteHTTPException(403, "For the staff only.", {"X-Desk": "5"})

    @app.get("/events/{number}")
    def read_event(number: int) -> str:
        raise HTTPException(404, f"There is no event {number}.")

    @app.post("/orders")
    def add_order(order: Order) -> str:
        raise HTTPException(409, "It is sold out.", {"Retry-After": "60"})

    @router.get("/sales", dependencies=[Depends(staff_only)])
    async def read_sales() -> str:
        return "the sales"

    @app.get("/printer")
    def use_printer() -> str:
        raise HTTPException(503, "No paper.")

    @app.get("/till")
    def open_till() -> str:
        raise HTTPException(500, "The till is closed.")

    @app.get("/queue")
    def leave_queue() -> str:
        raise HTTPException(499, "The client has left.")

    @app.get("/seats")
    def list_seats() -> str:
        raise HTTPException(422, "The hall has no seats.")

    @app.get("/refunds")
    def read_refund() -> str:
        raise Refunded(410, "The order is refunded.")

    @app.get("/empty")
    def read_nothing() -> str:
        raise HTTPException(400, "")

    @app.get("/spaces")
    def read_spaces() -> str:
        raise HTTPException(400, " row 7, seat 8 ")

    app.include_router(router)
    return app


RAISED = {
    "/events/9": ("GET", "/events/9", 404, "There is no event 9."),
    "/events/12": ("GET", "/events/12", 404, "There is no event 12."),
    "/orders": ("POST", "/orders", 409, "It is sold out."),
    "/sales": ("GET", "/sales", 403, "For the staff only."),
    "/printer": ("GET", "/printer", 503, "No paper."),
    "/till": ("GET", "/till", 500, "The till is closed."),
    "/queue": ("GET", "/queue", 499, "The client has left."),
    "/seats": ("GET", "/seats", 422, "The hall has no seats."),
    "/refunds": ("GET", "/refunds", 410, "The order is refunded."),
    "/empty": ("GET", "/empty", 400, ""),
    "/spaces": ("GET", "/spaces", 400, " row 7, seat 8 "),
    "unknown": ("GET", "/nowhere", 404, "Not Found"),
    "unknown-method": ("DELETE", "/orders", 405, "Method Not Allowed"),
}


@pytest.mark.parametrize("name", RAISED)
def test_q3_an_http_exception_has_the_title_of_its_detail(answers, name):
    method, path, status, detail = RAISED[name]

    got = seen(send(shop_app(answers), method, path, json={"seats": 2}))
    assert got == (status, {"status": status, "title": detail}), (
        f"`{method} {path}` raised an HTTPException with the detail {detail!r}. The "
        f"response was {in_words(got)}. The docstring asks for `problem(...)` with "
        "this title. Look at your handler, and at the class that it takes."
    )


@pytest.mark.parametrize(
    ("name", "header", "value"),
    [
        ("/orders", "Retry-After", "60"),
        ("/sales", "X-Desk", "5"),
        ("unknown-method", "Allow", "POST"),
    ],
)
def test_q3_the_headers_of_the_exception_stay(answers, name, header, value):
    method, path, status, _ = RAISED[name]

    response = send(shop_app(answers), method, path, json={"seats": 2})
    got = (response.status_code, response.headers.get(header))
    assert got == (status, value), (
        f"`{method} {path}` raised an HTTPException with the header `{header}: "
        f"{value}`. The status code and this header in the response were {got}. The "
        "docstring asks for the headers of the exception. Look at the arguments of "
        "`problem`."
    )


INVALID = {
    "body": ("POST", "/orders", {"json": {"seats": "two"}}),
    "rule": ("POST", "/orders", {"json": {"seats": 3}}),
    "path": ("GET", "/events/nine", {}),
}


@pytest.mark.parametrize("name", INVALID)
def test_q3_an_invalid_request_returns_422_with_a_title(answers, name):
    method, path, request_ = INVALID[name]

    got = seen(send(shop_app(answers), method, path, **request_))
    assert got == (422, {"status": 422, "title": "The request is not valid."}), (
        f"`{method} {path}` with {request_} returned {in_words(got)}. The docstring "
        'asks for 422 with the title "The request is not valid." Look at your handler '
        "for invalid requests."
    )


def test_q3_a_change_of_problem_changes_all_errors(answers):
    def problem(status: int, title: str, headers: Any = None) -> JSONResponse:
        return JSONResponse({"code": status}, status, headers)

    stand_in(answers.problem, problem)
    app = shop_app(answers)
    requests = [("GET", "/events/9"), ("GET", "/nowhere"), ("GET", "/events/nine")]

    got = [seen(send(app, method, path)) for method, path in requests]
    expected = [(code, {"code": code}) for code in (404, 404, 422)]
    assert got == expected, (
        '`problem` was changed to return {"code": status}. The responses to '
        f"{[path for _, path in requests]} were {in_words(got)}. The docstring asks "
        "for handlers that return `problem(...)`. Look at what yours return."
    )


OTHERS = {
    type(error).__name__: error
    for error in [
        LookupError("the database is gone"),
        ValueError("the token is damaged"),
        PermissionError("the file is locked"),
        RuntimeError("there is no connection"),
        HTTPException(401, "The login is closed."),
    ]
}


@pytest.fixture
def wallet(answers) -> tuple[FastAPI, list[str]]:
    """The application of 4.9.4, and what `log_refusal` gets."""
    reasons: list[str] = []

    def find_user(token: str) -> str | None:
        if token in OTHERS:
            raise OTHERS[token]
        return {"t-7": "Zoë", "t-8": "Yan", "t-9": "Eve"}.get(token)

    stand_in(answers.find_user, find_user)
    stand_in(answers.is_blocked, lambda name: name in ("Yan", "Eve"))
    stand_in(answers.log_refusal, reasons.append)
    return fastapi_app(answers.wallet_app(), "wallet_app()"), reasons


REFUSED = pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "no user has this token"),
        ({"X-Token": "t-6"}, "no user has this token"),
        ({"X-Token": "t-8"}, "Yan is blocked"),
        ({"X-Token": "t-9"}, "Eve is blocked"),
    ],
    ids=["none", "unknown", "Yan", "Eve"],
)


@REFUSED
def test_q4_a_refused_client_gets_401_without_the_reason(wallet, headers, reason):
    app, _ = wallet

    def get() -> httpx2.Response:
        with client(app) as http:
            return http.get("/wallet", headers=headers)

    response = outcome(get)
    assert isinstance(response, httpx2.Response), (
        f"`GET /wallet` with {headers} was refused: {reason}. The application raised "
        f"{in_words(response)}. The docstring asks for 401. Look at your handler, and "
        "at the class that it takes."
    )
    got = (*seen(response), response.headers.get("WWW-Authenticate"))
    assert got == (401, {"error": "Log in first."}, "Bearer"), (
        f"`GET /wallet` with {headers} was refused: {reason}. The status code, the "
        f"body and `WWW-Authenticate` were {in_words(got)}. The docstring asks for "
        "(401, {'error': 'Log in first.'}, 'Bearer'). Look at your handler."
    )
    shown = [name for name, value in response.headers.items() if reason in value]
    assert shown == [], (
        f"`GET /wallet` with {headers} was refused. These headers of the response "
        f"contain the reason {reason!r}: {shown}. The docstring asks not to tell the "
        "client the reason. Look at your handler."
    )


@REFUSED
def test_q4_the_reason_is_logged_once(wallet, headers, reason):
    app, reasons = wallet

    for _ in range(2):
        send(app, "GET", "/wallet", raises=False, headers=headers)
    assert reasons == [reason, reason], (
        f"Two requests were refused, with the reason {reason!r}. `log_refusal` was "
        f"called with {in_words(reasons)}. The docstring asks for one call for each "
        "exception, with its reason. Look at where the exception keeps it."
    )


@REFUSED
def test_q4_an_endpoint_can_catch_the_exception(wallet, headers, reason):
    app, reasons = wallet

    got = seen(send(app, "GET", "/events", headers=headers))
    assert (got, reasons) == ((200, "the events for a guest"), []), (
        f"`GET /events` with {headers} catches the exception: {reason}. The response "
        f"was {in_words(got)}, and `log_refusal` was called with {in_words(reasons)}. "
        "The docstring asks for calls in the handler only. Look at where you log."
    )


def class_of_the_caller() -> Any:
    """Return the `AuthenticationError` that the given `current_user` raises."""
    frame = sys._getframe()
    while frame.f_code.co_name != "current_user" and frame.f_back:
        frame = frame.f_back
    return (frame.f_globals | frame.f_locals)["AuthenticationError"]


@pytest.mark.parametrize("reason", ["", " the card is lost "], ids=["empty", "spaces"])
def test_q4_each_exception_has_a_reason_of_its_own(answers, wallet, reason):
    app, reasons = wallet

    def find_user(token: str) -> str | None:
        kind = class_of_the_caller()
        error = kind(reason)
        kind("another reason")
        raise error

    stand_in(answers.find_user, find_user)
    send(app, "GET", "/wallet", raises=False)
    assert reasons == [reason], (
        f"`AuthenticationError({reason!r})` was created and raised. Another one was "
        f"created before the handler ran. `log_refusal` was called with "
        f"{in_words(reasons)}. The docstring asks for one call with the reason of the "
        "exception. Look at where the exception keeps it."
    )


def test_q4_a_user_reaches_the_endpoint(wallet):
    app, reasons = wallet

    got = seen(send(app, "GET", "/wallet", headers={"X-Token": "t-7"}))
    assert (got, reasons) == ((200, "the wallet of Zoë"), []), (
        f"Zoë is not refused. The response was {in_words(got)}, and `log_refusal` was "
        f"called with {reasons}. The docstring asks for a call in the handler only."
    )


@pytest.mark.parametrize("name", OTHERS)
def test_q4_another_exception_is_not_a_refusal(wallet, name):
    app, reasons = wallet
    error = OTHERS[name]
    expected = (500, "Internal Server Error")
    if isinstance(error, HTTPException):
        expected = (error.status_code, {"detail": error.detail})

    got = seen(send(app, "GET", "/wallet", headers={"X-Token": name}, raises=False))
    assert (got, reasons) == (expected, []), (
        f"`find_user` raised {in_words(error)}. The response was {in_words(got)}, and "
        f"`log_refusal` was called with {in_words(reasons)}. The docstring asks that "
        f"the response stays {in_words(expected)}. Look at the class of your handler."
    )
