"""4.9  Custom exception handlers.

An exception handler turns an exception into a response. You register it with the
application, for one class of exceptions. Endpoints and dependencies only raise.
Notes: content/docs/fastapi/error-handling/custom-exception-handlers.md
"""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, FastAPI, Header, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse


def explain_invalid_requests(app: FastAPI) -> None:
    """4.9.1  Write a custom FastAPI exception handler for validation errors.

    `app` is the application of a ticket shop. A request is invalid if it does not fit
    the parameters of the endpoint. Register an exception handler for invalid requests
    with `app`.

    - The status code is 422. The body is a JSON object with two fields: "error" is "The
      request is not valid.", and "details" is the list of errors.
    - FastAPI's own handler sends a list as `detail`. Always send the same list.
    - The responses to all other exceptions stay as they are.

    Given:
        `errors()` of the exception returns a list of dicts. It can contain objects that
        `JSONResponse` cannot send, such as the ValueError that a validator raised.
        No request contains `NaN` or `Infinity`, which JSON does not know.

    Example:
        POST /orders  {"seats": "two"}
        ->  422  {"error": "The request is not valid.",
                  "details": [{"type": "int_parsing", "loc": ["body", "seats"], ...}]}
    """
    # region answer
    from fastapi.encoders import jsonable_encoder

    @app.exception_handler(RequestValidationError)
    def refuse(request: Request, error: RequestValidationError) -> JSONResponse:
        details = jsonable_encoder(error.errors())
        body = {"error": "The request is not valid.", "details": details}
        return JSONResponse(body, status_code=422)

    # endregion


def report_crash(error: Exception) -> str:
    """Store the exception for the developers. Return the number of the report."""
    return f"R-{id(error) % 10_000:04}"


def report_crashes(app: FastAPI) -> None:
    """4.9.2  How do you globally handle uncaught exceptions in FastAPI?

    An endpoint, a dependency or a middleware can raise an exception that nobody
    expected. Then the client gets the text "Internal Server Error", and no report is
    stored. Register an exception handler with `app` for all exceptions that have no
    handler yet.

    - The status code is 500. The body is `{"error": "Something went wrong.", "report":
      number}`. The number is what `report_crash(error)` returns. Call it once.
    - The server still gets the exception, so that it can log it.
    - If another handler exists for an exception, the response stays as it is. FastAPI
      has handlers for HTTPException and for invalid requests.

    Example:
        GET /sales, which divides by zero
        ->  500  {"error": "Something went wrong.", "report": "R-0417"}
    """

    # region answer
    # In words: A handler for `Exception` takes whatever no other handler takes. FastAPI
    # calls it in the outermost middleware, so it also covers the middlewares. The
    # exception is raised again after the response is sent: the server logs it. So the
    # client gets no details, and the developers get all of them.
    @app.exception_handler(Exception)
    def answer_crash(request: Request, error: Exception) -> JSONResponse:
        body = {"error": "Something went wrong.", "report": report_crash(error)}
        return JSONResponse(body, status_code=500)

    # endregion


def problem(
    status: int, title: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Return a response for an error, in the form that the phone app reads."""
    return JSONResponse({"status": status, "title": title}, status, headers)


def unify_errors(app: FastAPI) -> None:
    """4.9.3  What are the benefits of custom exception handlers over default error
    responses?

    The phone app of the ticket shop shows the `title` of each error. But FastAPI sends
    the field `detail`. It is a text for an HTTPException, and a list for an invalid
    request. Register exception handlers with `app` that return `problem(...)`. The
    endpoints of `app` do not change.

    - For every HTTPException, `title` is its `detail`. The status code and the headers
      are those of the exception.
    - This includes the 404 of a path that does not exist, and the 405 of a method that
      a path does not have.
    - For an invalid request, the status code is 422, and the title is "The request is
      not valid."

    Given:
        The `detail` of every HTTPException is a text, and the status code is 400 or
        higher.

    Example:
        GET /events/9  ->  404  {"status": 404, "title": "There is no event 9."}
        GET /nowhere   ->  404  {"status": 404, "title": "Not Found"}
    """
    # region answer
    # In words: Every error has the same form, which is written in one place. Clients
    # need one way to read errors, and endpoints only raise. A handler also covers the
    # errors that the framework raises, and the endpoints that are added later. It
    # decides what a client may see, and the next change of the form is one change.
    from starlette.exceptions import HTTPException

    @app.exception_handler(HTTPException)
    def show_error(request: Request, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, error.detail, error.headers)

    @app.exception_handler(RequestValidationError)
    def refuse(request: Request, error: RequestValidationError) -> JSONResponse:
        return problem(422, "The request is not valid.")

    # endregion


def find_user(token: str) -> str | None:
    """Return the name of the user with this token, or None."""
    return {"t-1": "Ana", "t-2": "Ben"}.get(token)


def is_blocked(name: str) -> bool:
    """Return whether this user may no longer log in."""
    return name == "Ben"


def log_refusal(reason: str) -> None:
    """Write the reason into the log, which only the developers can read."""
    print(f"refused: {reason}")


def wallet_app() -> FastAPI:
    """4.9.4  Write a custom exception class and handler for authentication errors.

    Write the exception class `AuthenticationError` and its exception handler. The code
    below yours uses the class. Do not tell the client the reason: it would show a
    stranger who has an account.

    - `AuthenticationError(reason)` creates the exception. The reason is a text.
    - The handler calls `log_refusal(reason)` once. If an endpoint catches the exception
      itself, as `/events` does, nothing is logged.
    - The handler returns the status code 401, the body `{"error": "Log in first."}` and
      the header `WWW-Authenticate: Bearer`, whatever the reason is.
    - The handler is also called for subclasses of `AuthenticationError`, such as
      `Blocked`. The responses to all other exceptions stay as they are.

    Example:
        GET /wallet  X-Token: t-1  ->  200  "the wallet of Ana"
        GET /wallet  X-Token: t-3  ->  401  {"error": "Log in first."}
        GET /events  X-Token: t-3  ->  200  "the events for a guest"
    """
    app = FastAPI()

    # region answer
    class AuthenticationError(Exception):
        def __init__(self, reason: str) -> None:
            super().__init__(reason)
            self.reason = reason

    @app.exception_handler(AuthenticationError)
    def refuse(request: Request, error: AuthenticationError) -> JSONResponse:
        log_refusal(error.reason)
        headers = {"WWW-Authenticate": "Bearer"}
        return JSONResponse({"error": "Log in first."}, 401, headers)

    # endregion

    class Blocked(AuthenticationError):
        """The user is known, and may not log in."""

    def current_user(token: Annotated[str, Header(alias="X-Token")] = "") -> str:
        name = find_user(token)
        if name is None:
            raise AuthenticationError("no user has this token")
        if is_blocked(name):
            raise Blocked(f"{name} is blocked")
        return name

    @app.get("/wallet")
    def read_wallet(name: Annotated[str, Depends(current_user)]) -> str:
        return f"the wallet of {name}"

    @app.get("/events")
    def list_events(token: Annotated[str, Header(alias="X-Token")] = "") -> str:
        try:
            return f"the events for {current_user(token)}"
        except AuthenticationError:
            return "the events for a guest"

    return app
