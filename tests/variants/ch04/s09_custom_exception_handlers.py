"""Other answers to section 4.9."""

import json
from dataclasses import dataclass

import fastapi
from fastapi.encoders import jsonable_encoder
from fastapi.exception_handlers import (
    http_exception_handler,
    request_validation_exception_handler,
)
from fastapi.exceptions import ValidationException
from fastapi.responses import Response
from pydantic import ValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException

from sensei.variants import right, wrong

INVALID = "The request is not valid."


@wrong("4.9.1", caught_by="test_q1_details_that_are_not_json_are_converted[error]")
def explain_invalid_requests(app: FastAPI) -> None:
    """Put `errors()` into the response as it is."""

    @app.exception_handler(RequestValidationError)
    def refuse(request: Request, error: RequestValidationError):
        return JSONResponse({"error": INVALID, "details": error.errors()}, 422)


@wrong("4.9.1", caught_by="test_q1_details_that_are_not_json_are_converted[error]")
def explain_invalid_requests(app: FastAPI) -> None:
    """Turn into text whatever is not JSON."""

    @app.exception_handler(RequestValidationError)
    def refuse(request: Request, error: RequestValidationError):
        details = json.loads(json.dumps(error.errors(), default=str))
        return JSONResponse({"error": INVALID, "details": details}, 422)


@wrong("4.9.1", caught_by="test_q1_details_that_are_not_json_are_converted[date]")
def explain_invalid_requests(app: FastAPI) -> None:
    """Remove `ctx` from each entry."""

    @app.exception_handler(RequestValidationError)
    def refuse(request: Request, error: RequestValidationError):
        details = [
            {key: value for key, value in one.items() if key != "ctx"}
            for one in error.errors()
        ]
        return JSONResponse({"error": INVALID, "details": details}, 422)


@wrong(
    "4.9.1",
    caught_by="test_q1_other_exceptions_keep_their_response[ResponseValidationError]",
)
def explain_invalid_requests(app: FastAPI) -> None:
    """Handle invalid responses as well, which are the server's fault."""

    @app.exception_handler(ValidationException)
    def refuse(request: Request, error: ValidationException):
        details = jsonable_encoder(error.errors())
        return JSONResponse({"error": INVALID, "details": details}, 422)


@wrong(
    "4.9.1", caught_by="test_q1_an_invalid_request_returns_422_with_the_details[text]"
)
def explain_invalid_requests(app: FastAPI) -> None:
    """Handle Pydantic's own error."""

    @app.exception_handler(ValidationError)
    def refuse(request: Request, error: ValidationError):
        details = jsonable_encoder(error.errors())
        return JSONResponse({"error": INVALID, "details": details}, 422)


@wrong(
    "4.9.1", caught_by="test_q1_an_invalid_request_returns_422_with_the_details[text]"
)
def explain_invalid_requests(app: FastAPI) -> None:
    """Handle the status code 422, which only an HTTPException has."""

    @app.exception_handler(422)
    def refuse(request: Request, error: Exception):
        details = jsonable_encoder(error.errors())
        return JSONResponse({"error": INVALID, "details": details}, 422)


@wrong(
    "4.9.1", caught_by="test_q1_an_invalid_request_returns_422_with_the_details[text]"
)
def explain_invalid_requests(app: FastAPI) -> None:
    """Return the status code 200."""

    @app.exception_handler(RequestValidationError)
    def refuse(request: Request, error: RequestValidationError):
        details = jsonable_encoder(error.errors())
        return JSONResponse({"error": INVALID, "details": details})


@wrong(
    "4.9.1", caught_by="test_q1_an_invalid_request_returns_422_with_the_details[text]"
)
def explain_invalid_requests(app: FastAPI) -> None:
    """Return a dict, as an endpoint does."""

    @app.exception_handler(RequestValidationError)
    def refuse(request: Request, error: RequestValidationError):
        return {"error": INVALID, "details": jsonable_encoder(error.errors())}


@wrong(
    "4.9.1", caught_by="test_q1_an_invalid_request_returns_422_with_the_details[text]"
)
def explain_invalid_requests(app: FastAPI) -> None:
    """Send the errors as a text."""

    @app.exception_handler(RequestValidationError)
    def refuse(request: Request, error: RequestValidationError):
        return JSONResponse({"error": INVALID, "details": str(error.errors())}, 422)


@wrong(
    "4.9.1", caught_by="test_q1_an_invalid_request_returns_422_with_the_details[two]"
)
def explain_invalid_requests(app: FastAPI) -> None:
    """Send the first error only."""

    @app.exception_handler(RequestValidationError)
    def refuse(request: Request, error: RequestValidationError):
        details = jsonable_encoder(error.errors()[:1])
        return JSONResponse({"error": INVALID, "details": details}, 422)


@wrong(
    "4.9.1", caught_by="test_q1_an_invalid_request_returns_422_with_the_details[text]"
)
def explain_invalid_requests(app: FastAPI) -> None:
    """Send the body of the request as well."""

    @app.exception_handler(RequestValidationError)
    def refuse(request: Request, error: RequestValidationError):
        details = jsonable_encoder(error.errors())
        body = {"error": INVALID, "details": details, "body": error.body}
        return JSONResponse(jsonable_encoder(body), 422)


@wrong(
    "4.9.1", caught_by="test_q1_an_invalid_request_returns_422_with_the_details[text]"
)
def explain_invalid_requests(app: FastAPI) -> None:
    """Define the handler and do not register it."""

    def refuse(request: Request, error: RequestValidationError):
        details = jsonable_encoder(error.errors())
        return JSONResponse({"error": INVALID, "details": details}, 422)


@wrong("4.9.1", caught_by="test_q1_other_exceptions_keep_their_response[ValueError]")
def explain_invalid_requests(app: FastAPI) -> None:
    """Handle every ValueError, also one that an endpoint raises."""

    @app.exception_handler(ValueError)
    @app.exception_handler(RequestValidationError)
    def refuse(request: Request, error: Exception):
        errors = error.errors() if hasattr(error, "errors") else [str(error)]
        return JSONResponse(
            {"error": INVALID, "details": jsonable_encoder(errors)}, 422
        )


@wrong(
    "4.9.1", caught_by="test_q1_other_exceptions_keep_their_response[ValidationError]"
)
def explain_invalid_requests(app: FastAPI) -> None:
    """Handle Pydantic's error as well, which an endpoint can raise."""

    @app.exception_handler(ValidationError)
    @app.exception_handler(RequestValidationError)
    def refuse(request: Request, error: RequestValidationError | ValidationError):
        details = jsonable_encoder(error.errors())
        return JSONResponse({"error": INVALID, "details": details}, 422)


@wrong("4.9.1", caught_by="test_q1_other_exceptions_keep_their_response[HTTPException]")
def explain_invalid_requests(app: FastAPI) -> None:
    """Handle the status code 422 as well."""

    @app.exception_handler(422)
    @app.exception_handler(RequestValidationError)
    def refuse(request: Request, error: Exception):
        errors = error.errors() if hasattr(error, "errors") else [str(error)]
        return JSONResponse(
            {"error": INVALID, "details": jsonable_encoder(errors)}, 422
        )


@wrong(
    "4.9.1", caught_by="test_q1_an_invalid_request_returns_422_with_the_details[text]"
)
def explain_invalid_requests(app: FastAPI) -> None:
    """Remove the values that the client sent."""

    @app.exception_handler(RequestValidationError)
    def refuse(request: Request, error: RequestValidationError):
        details = [
            {key: value for key, value in one.items() if key != "input"}
            for one in jsonable_encoder(error.errors())
        ]
        return JSONResponse({"error": INVALID, "details": details}, 422)


@wrong(
    "4.9.1", caught_by="test_q1_an_invalid_request_returns_422_with_the_details[query]"
)
def explain_invalid_requests(app: FastAPI) -> None:
    """Send an error once that two parameters have."""

    @app.exception_handler(RequestValidationError)
    def refuse(request: Request, error: RequestValidationError):
        details = []
        for entry in jsonable_encoder(error.errors()):
            if entry not in details:
                details.append(entry)
        body = {"error": "The request is not valid.", "details": details}
        return JSONResponse(body, 422)


@right("4.9.1")
def explain_invalid_requests(app: FastAPI) -> None:
    """Read the list from FastAPI's own response."""

    async def refuse(request, error):
        default = await request_validation_exception_handler(request, error)
        details = json.loads(default.body)["detail"]
        return JSONResponse(
            status_code=422, content={"details": details, "error": INVALID}
        )

    app.add_exception_handler(RequestValidationError, refuse)


@right("4.9.1")
def explain_invalid_requests(app: FastAPI) -> None:
    """Put the handler into the table, and convert the whole body."""

    class Refuse:
        async def __call__(self, request, error):
            body = {"error": INVALID, "details": error.errors()}
            return Response(
                json.dumps(jsonable_encoder(body)), 422, media_type="application/json"
            )

    app.exception_handlers[RequestValidationError] = Refuse()


SORRY = "Something went wrong."


@wrong("4.9.2", caught_by="test_q2_the_server_gets_the_exception[KeyError]")
def report_crashes(app: FastAPI) -> None:
    """Catch the exceptions in a middleware, which hides them from the server."""

    @app.middleware("http")
    async def catch(request: Request, call_next):
        try:
            return await call_next(request)
        except Exception as error:
            body = {"error": SORRY, "report": report_crash(error)}
            return JSONResponse(body, 500)


@wrong(
    "4.9.2",
    caught_by="test_q2_a_crash_returns_500_with_the_number_of_the_report[endpoint-KeyError]",
)
def report_crashes(app: FastAPI) -> None:
    """Handle the exceptions that came up so far."""

    async def answer(request: Request, error: Exception):
        return JSONResponse({"error": SORRY, "report": report_crash(error)}, 500)

    for kind in (ZeroDivisionError, RuntimeError, ValueError):
        app.add_exception_handler(kind, answer)


@wrong(
    "4.9.2",
    caught_by="test_q2_a_crash_returns_500_with_the_number_of_the_report[middleware-KeyError]",
)
def report_crashes(app: FastAPI) -> None:
    """Handle classes that cover almost everything, inside the middlewares."""

    async def answer(request: Request, error: Exception):
        return JSONResponse({"error": SORRY, "report": report_crash(error)}, 500)

    for kind in Exception.__subclasses__():
        if kind.__module__ == "builtins":
            app.add_exception_handler(kind, answer)


@wrong(
    "4.9.2",
    caught_by="test_q2_a_crash_returns_500_with_the_number_of_the_report[endpoint-KeyError]",
)
def report_crashes(app: FastAPI) -> None:
    """Show the text of the exception to the client."""

    @app.exception_handler(Exception)
    def answer(request: Request, error: Exception):
        return JSONResponse({"error": str(error), "report": report_crash(error)}, 500)


@wrong(
    "4.9.2",
    caught_by="test_q2_a_crash_returns_500_with_the_number_of_the_report"
    "[endpoint-ValueError]",
)
def report_crashes(app: FastAPI) -> None:
    """Take every ValueError for a mistake of the client."""

    @app.exception_handler(Exception)
    def answer(request: Request, error: Exception):
        body = {"error": "Something went wrong.", "report": report_crash(error)}
        return JSONResponse(body, 400 if isinstance(error, ValueError) else 500)


@wrong(
    "4.9.2",
    caught_by="test_q2_a_crash_returns_500_with_the_number_of_the_report"
    "[endpoint-ConnectionError]",
)
def report_crashes(app: FastAPI) -> None:
    """Choose 503 for a lost connection."""

    @app.exception_handler(Exception)
    def answer(request: Request, error: Exception):
        body = {"error": "Something went wrong.", "report": report_crash(error)}
        return JSONResponse(body, 503 if isinstance(error, ConnectionError) else 500)


@wrong("4.9.2", caught_by="test_q2_other_responses_stay_as_they_are[404]")
def report_crashes(app: FastAPI) -> None:
    """Treat an HTTPException as a crash."""

    def answer(request: Request, error: Exception):
        return JSONResponse({"error": SORRY, "report": report_crash(error)}, 500)

    app.add_exception_handler(Exception, answer)
    app.add_exception_handler(StarletteHTTPException, answer)


@wrong("4.9.2", caught_by="test_q2_other_responses_stay_as_they_are[invalid]")
def report_crashes(app: FastAPI) -> None:
    """Treat an invalid request as a crash."""

    def answer(request: Request, error: Exception):
        return JSONResponse({"error": SORRY, "report": report_crash(error)}, 500)

    app.add_exception_handler(Exception, answer)
    app.add_exception_handler(RequestValidationError, answer)


@wrong("4.9.2", caught_by="test_q2_other_responses_stay_as_they_are[own-handler]")
def report_crashes(app: FastAPI) -> None:
    """Replace all handlers."""

    def answer(request: Request, error: Exception):
        return JSONResponse({"error": SORRY, "report": report_crash(error)}, 500)

    app.exception_handlers.clear()
    app.add_exception_handler(Exception, answer)


@wrong("4.9.2", caught_by="test_q2_each_crash_is_reported_once[KeyError]")
def report_crashes(app: FastAPI) -> None:
    """Report in the handler, and in a middleware as well."""

    @app.middleware("http")
    async def report(request: Request, call_next):
        try:
            return await call_next(request)
        except Exception as error:
            report_crash(error)
            raise

    @app.exception_handler(Exception)
    def answer(request: Request, error: Exception):
        return JSONResponse({"error": SORRY, "report": report_crash(error)}, 500)


@wrong(
    "4.9.2",
    caught_by="test_q2_a_crash_returns_500_with_the_number_of_the_report[endpoint-KeyError]",
)
def report_crashes(app: FastAPI) -> None:
    """Forget the status code."""

    @app.exception_handler(Exception)
    def answer(request: Request, error: Exception):
        return JSONResponse({"error": SORRY, "report": report_crash(error)})


@wrong(
    "4.9.2",
    caught_by="test_q2_a_crash_returns_500_with_the_number_of_the_report[endpoint-KeyError]",
)
def report_crashes(app: FastAPI) -> None:
    """Raise an HTTPException in the handler, which nobody handles any more."""

    @app.exception_handler(Exception)
    def answer(request: Request, error: Exception):
        raise fastapi.HTTPException(500, SORRY)


@wrong("4.9.2", caught_by="test_q2_each_crash_is_reported_once[KeyError]")
def report_crashes(app: FastAPI) -> None:
    """Report a new exception with the text of the old one."""

    @app.exception_handler(Exception)
    def answer(request: Request, error: Exception):
        number = report_crash(Exception(str(error)))
        return JSONResponse({"error": SORRY, "report": number}, 500)


@right("4.9.2")
def report_crashes(app: FastAPI) -> None:
    """Register an async handler for the status code 500."""

    async def answer(request, error):
        return JSONResponse(
            status_code=500, content={"report": report_crash(error), "error": SORRY}
        )

    app.add_exception_handler(500, answer)


@right("4.9.2")
def report_crashes(app: FastAPI) -> None:
    """Put an object that can be called into the table of handlers."""

    class Answer:
        def __call__(self, request, error):
            number = json.dumps(report_crash(error))
            body = f'{{"error": "{SORRY}", "report": {number}}}'
            return Response(body, 500, media_type="application/json")

    app.exception_handlers[Exception] = Answer()


@wrong(
    "4.9.3", caught_by="test_q3_an_http_exception_has_the_title_of_its_detail[unknown]"
)
def unify_errors(app: FastAPI) -> None:
    """Handle FastAPI's HTTPException, which is a subclass of Starlette's."""

    @app.exception_handler(fastapi.HTTPException)
    def show(request: Request, error: fastapi.HTTPException):
        return problem(error.status_code, error.detail, error.headers)

    @app.exception_handler(RequestValidationError)
    def refuse(request: Request, error: RequestValidationError):
        return problem(422, INVALID)


@wrong(
    "4.9.3",
    caught_by="test_q3_the_headers_of_the_exception_stay[/orders-Retry-After-60]",
)
def unify_errors(app: FastAPI) -> None:
    """Forget the headers."""

    @app.exception_handler(StarletteHTTPException)
    def show(request: Request, error: StarletteHTTPException):
        return problem(error.status_code, error.detail)

    @app.exception_handler(RequestValidationError)
    def refuse(request: Request, error: RequestValidationError):
        return problem(422, INVALID)


@wrong(
    "4.9.3",
    caught_by="test_q3_the_headers_of_the_exception_stay[unknown-method-Allow-POST]",
)
def unify_errors(app: FastAPI) -> None:
    """Handle the status codes 404 and 405 separately, without headers."""

    @app.exception_handler(fastapi.HTTPException)
    @app.exception_handler(StarletteHTTPException)
    def show(request: Request, error: StarletteHTTPException):
        return problem(error.status_code, error.detail, error.headers)

    @app.exception_handler(405)
    def wrong_method(request: Request, error: StarletteHTTPException):
        return problem(405, "Method Not Allowed")

    @app.exception_handler(RequestValidationError)
    def refuse(request: Request, error: RequestValidationError):
        return problem(422, INVALID)


@wrong("4.9.3", caught_by="test_q3_an_invalid_request_returns_422_with_a_title[body]")
def unify_errors(app: FastAPI) -> None:
    """Forget the invalid requests."""

    @app.exception_handler(StarletteHTTPException)
    def show(request: Request, error: StarletteHTTPException):
        return problem(error.status_code, error.detail, error.headers)


@wrong("4.9.3", caught_by="test_q3_an_invalid_request_returns_422_with_a_title[body]")
def unify_errors(app: FastAPI) -> None:
    """Show the text of the exception."""

    @app.exception_handler(StarletteHTTPException)
    def show(request: Request, error: StarletteHTTPException):
        return problem(error.status_code, error.detail, error.headers)

    @app.exception_handler(RequestValidationError)
    def refuse(request: Request, error: RequestValidationError):
        return problem(422, str(error))


@wrong(
    "4.9.3",
    caught_by="test_q3_an_http_exception_has_the_title_of_its_detail[/events/12]",
)
def unify_errors(app: FastAPI) -> None:
    """Hard-code the 404 of the example."""

    @app.exception_handler(StarletteHTTPException)
    def show(request: Request, error: StarletteHTTPException):
        titles = {"/events/9": "There is no event 9.", "/nowhere": "Not Found"}
        title = titles.get(request.url.path, "It is sold out.")
        return problem(error.status_code, title, error.headers)

    @app.exception_handler(RequestValidationError)
    def refuse(request: Request, error: RequestValidationError):
        return problem(422, INVALID)


@wrong(
    "4.9.3",
    caught_by="test_q3_an_http_exception_has_the_title_of_its_detail[/events/9]",
)
def unify_errors(app: FastAPI) -> None:
    """Show the whole exception, with its status code."""

    @app.exception_handler(StarletteHTTPException)
    def show(request: Request, error: StarletteHTTPException):
        return problem(error.status_code, str(error), error.headers)

    @app.exception_handler(RequestValidationError)
    def refuse(request: Request, error: RequestValidationError):
        return problem(422, INVALID)


@wrong(
    "4.9.3", caught_by="test_q3_an_http_exception_has_the_title_of_its_detail[/printer]"
)
def unify_errors(app: FastAPI) -> None:
    """Register a handler for each status code that is known."""

    def show(request: Request, error: StarletteHTTPException):
        return problem(error.status_code, error.detail, error.headers)

    for status in (400, 401, 403, 404, 405, 409):
        app.add_exception_handler(status, show)

    @app.exception_handler(RequestValidationError)
    def refuse(request: Request, error: RequestValidationError):
        return problem(422, INVALID)


@wrong(
    "4.9.3",
    caught_by="test_q3_an_http_exception_has_the_title_of_its_detail[/till]",
)
def unify_errors(app: FastAPI) -> None:
    """Register each number, of which 500 is the one for crashes."""

    def show(request: Request, error: StarletteHTTPException):
        return problem(error.status_code, error.detail, error.headers)

    for number in range(400, 600):
        app.add_exception_handler(number, show)

    @app.exception_handler(RequestValidationError)
    def refuse(request: Request, error: RequestValidationError):
        return problem(422, INVALID)


@wrong("4.9.3", caught_by="test_q3_a_change_of_problem_changes_all_errors")
def unify_errors(app: FastAPI) -> None:
    """Copy the form into one of the handlers."""

    @app.exception_handler(StarletteHTTPException)
    def show(request: Request, error: StarletteHTTPException):
        return problem(error.status_code, error.detail, error.headers)

    @app.exception_handler(RequestValidationError)
    def refuse(request: Request, error: RequestValidationError):
        return JSONResponse({"status": 422, "title": INVALID}, 422)


@wrong(
    "4.9.3",
    caught_by="test_q3_an_http_exception_has_the_title_of_its_detail[/events/9]",
)
def unify_errors(app: FastAPI) -> None:
    """Handle every exception, while the default handlers stay registered."""

    @app.exception_handler(Exception)
    def show(request: Request, error: Exception):
        if isinstance(error, RequestValidationError):
            return problem(422, INVALID)
        return problem(error.status_code, error.detail, error.headers)


@wrong(
    "4.9.3", caught_by="test_q3_an_http_exception_has_the_title_of_its_detail[/seats]"
)
def unify_errors(app: FastAPI) -> None:
    """Take every 422 for an invalid request."""

    @app.exception_handler(StarletteHTTPException)
    def show(request: Request, error: StarletteHTTPException):
        title = INVALID if error.status_code == 422 else error.detail
        return problem(error.status_code, title, error.headers)

    @app.exception_handler(RequestValidationError)
    def refuse(request: Request, error: RequestValidationError):
        return problem(422, INVALID)


@wrong(
    "4.9.3", caught_by="test_q3_an_http_exception_has_the_title_of_its_detail[/empty]"
)
def unify_errors(app: FastAPI) -> None:
    """Write a title of one's own if the detail is empty."""

    @app.exception_handler(StarletteHTTPException)
    def show(request: Request, error: StarletteHTTPException):
        return problem(error.status_code, error.detail or "Error", error.headers)

    @app.exception_handler(RequestValidationError)
    def refuse(request: Request, error: RequestValidationError):
        return problem(422, INVALID)


@wrong(
    "4.9.3", caught_by="test_q3_an_http_exception_has_the_title_of_its_detail[/spaces]"
)
def unify_errors(app: FastAPI) -> None:
    """Remove the spaces around the detail."""

    @app.exception_handler(StarletteHTTPException)
    def show(request: Request, error: StarletteHTTPException):
        return problem(error.status_code, error.detail.strip(), error.headers)

    @app.exception_handler(RequestValidationError)
    def refuse(request: Request, error: RequestValidationError):
        return problem(422, INVALID)


@wrong(
    "4.9.3", caught_by="test_q3_an_http_exception_has_the_title_of_its_detail[/refunds]"
)
def unify_errors(app: FastAPI) -> None:
    """Handle the two classes only, and no subclass of them."""

    @app.exception_handler(StarletteHTTPException)
    async def show(request: Request, error: StarletteHTTPException):
        if type(error) not in (StarletteHTTPException, fastapi.HTTPException):
            return await http_exception_handler(request, error)
        return problem(error.status_code, error.detail, error.headers)

    @app.exception_handler(RequestValidationError)
    def refuse(request: Request, error: RequestValidationError):
        return problem(422, INVALID)


@right("4.9.3")
def unify_errors(app: FastAPI) -> None:
    """Give crashes the same form as well."""

    @app.exception_handler(Exception)
    def sorry(request: Request, error: Exception):
        return problem(500, "Internal Server Error")

    @app.exception_handler(fastapi.HTTPException)
    @app.exception_handler(StarletteHTTPException)
    def show(request: Request, error: StarletteHTTPException):
        return problem(error.status_code, error.detail, error.headers)

    @app.exception_handler(RequestValidationError)
    def refuse(request: Request, error: RequestValidationError):
        return problem(422, INVALID)


@right("4.9.3")
def unify_errors(app: FastAPI) -> None:
    """Use one async handler for both classes."""

    async def show(request, error):
        if isinstance(error, StarletteHTTPException):
            return problem(
                headers=error.headers, status=error.status_code, title=error.detail
            )
        return problem(422, INVALID)

    for kind in (StarletteHTTPException, RequestValidationError):
        app.add_exception_handler(kind, show)


@right("4.9.3")
def unify_errors(app: FastAPI) -> None:
    """Find Starlette's class through FastAPI's, and update the table."""
    base = fastapi.HTTPException.__base__
    app.exception_handlers |= {
        base: lambda _, e: problem(e.status_code, e.detail, dict(e.headers or {})),
        RequestValidationError: lambda *_: problem(422, INVALID),
    }


def with_wallet(app, AuthenticationError):
    """Return `app` with the dependency and the endpoints that are given."""

    class Blocked(AuthenticationError):
        pass

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


BEARER = {"WWW-Authenticate": "Bearer"}


@wrong("4.9.4", caught_by="test_q4_a_refused_client_gets_401_without_the_reason[Yan]")
def wallet_app() -> FastAPI:
    """Tell the client the reason."""
    app = FastAPI()

    class AuthenticationError(Exception): ...

    @app.exception_handler(AuthenticationError)
    def refuse(request: Request, error: AuthenticationError):
        log_refusal(str(error))
        return JSONResponse({"error": str(error)}, 401, BEARER)

    return with_wallet(app, AuthenticationError)


@wrong("4.9.4", caught_by="test_q4_a_refused_client_gets_401_without_the_reason[none]")
def wallet_app() -> FastAPI:
    """Forget the header."""
    app = FastAPI()

    class AuthenticationError(Exception): ...

    @app.exception_handler(AuthenticationError)
    def refuse(request: Request, error: AuthenticationError):
        log_refusal(str(error))
        return JSONResponse({"error": "Log in first."}, 401)

    return with_wallet(app, AuthenticationError)


@wrong("4.9.4", caught_by="test_q4_a_refused_client_gets_401_without_the_reason[none]")
def wallet_app() -> FastAPI:
    """Return 403."""
    app = FastAPI()

    class AuthenticationError(Exception): ...

    @app.exception_handler(AuthenticationError)
    def refuse(request: Request, error: AuthenticationError):
        log_refusal(str(error))
        return JSONResponse({"error": "Log in first."}, 403, BEARER)

    return with_wallet(app, AuthenticationError)


@wrong("4.9.4", caught_by="test_q4_the_reason_is_logged_once[none]")
def wallet_app() -> FastAPI:
    """Do not log the reason."""
    app = FastAPI()

    class AuthenticationError(Exception): ...

    @app.exception_handler(AuthenticationError)
    def refuse(request: Request, error: AuthenticationError):
        return JSONResponse({"error": "Log in first."}, 401, BEARER)

    return with_wallet(app, AuthenticationError)


@wrong("4.9.4", caught_by="test_q4_the_reason_is_logged_once[none]")
def wallet_app() -> FastAPI:
    """Log when the exception is created, and again in the handler."""
    app = FastAPI()

    class AuthenticationError(Exception):
        def __init__(self, reason):
            self.reason = reason
            log_refusal(reason)

    @app.exception_handler(AuthenticationError)
    def refuse(request: Request, error: AuthenticationError):
        log_refusal(error.reason)
        return JSONResponse({"error": "Log in first."}, 401, BEARER)

    return with_wallet(app, AuthenticationError)


@wrong("4.9.4", caught_by="test_q4_the_reason_is_logged_once[none]")
def wallet_app() -> FastAPI:
    """Log the exception instead of its reason."""
    app = FastAPI()

    class AuthenticationError(Exception): ...

    @app.exception_handler(AuthenticationError)
    def refuse(request: Request, error: AuthenticationError):
        log_refusal(repr(error))
        return JSONResponse({"error": "Log in first."}, 401, BEARER)

    return with_wallet(app, AuthenticationError)


@wrong("4.9.4", caught_by="test_q4_an_endpoint_can_catch_the_exception[unknown]")
def wallet_app() -> FastAPI:
    """Log when the exception is created, and not in the handler."""
    app = FastAPI()

    class AuthenticationError(Exception):
        def __init__(self, reason):
            log_refusal(reason)

    @app.exception_handler(AuthenticationError)
    def refuse(request: Request, error: AuthenticationError):
        return JSONResponse({"error": "Log in first."}, 401, BEARER)

    return with_wallet(app, AuthenticationError)


@wrong("4.9.4", caught_by="test_q4_another_exception_is_not_a_refusal[PermissionError]")
def wallet_app() -> FastAPI:
    """Use an exception of Python under another name."""
    app = FastAPI()
    AuthenticationError = PermissionError

    @app.exception_handler(AuthenticationError)
    def refuse(request: Request, error: AuthenticationError):
        log_refusal(str(error))
        return JSONResponse({"error": "Log in first."}, 401, BEARER)

    return with_wallet(app, AuthenticationError)


@wrong("4.9.4", caught_by="test_q4_another_exception_is_not_a_refusal[ValueError]")
def wallet_app() -> FastAPI:
    """Take every ValueError for a refusal."""
    app = FastAPI()

    class AuthenticationError(ValueError): ...

    @app.exception_handler(ValueError)
    def refuse(request: Request, error: ValueError):
        log_refusal(str(error))
        return JSONResponse({"error": "Log in first."}, 401, BEARER)

    return with_wallet(app, AuthenticationError)


@wrong("4.9.4", caught_by="test_q4_another_exception_is_not_a_refusal[HTTPException]")
def wallet_app() -> FastAPI:
    """Take every HTTPException for a refusal."""
    app = FastAPI()

    class AuthenticationError(fastapi.HTTPException):
        def __init__(self, reason):
            super().__init__(401, reason)

    @app.exception_handler(fastapi.HTTPException)
    def refuse(request: Request, error: fastapi.HTTPException):
        log_refusal(error.detail)
        return JSONResponse({"error": "Log in first."}, 401, BEARER)

    return with_wallet(app, AuthenticationError)


@wrong("4.9.4", caught_by="test_q4_another_exception_is_not_a_refusal[LookupError]")
def wallet_app() -> FastAPI:
    """Take every LookupError for a refusal."""
    app = FastAPI()

    class AuthenticationError(LookupError): ...

    @app.exception_handler(LookupError)
    def refuse(request: Request, error: LookupError):
        log_refusal(str(error))
        return JSONResponse({"error": "Log in first."}, 401, BEARER)

    return with_wallet(app, AuthenticationError)


@wrong("4.9.4", caught_by="test_q4_a_refused_client_gets_401_without_the_reason[none]")
def wallet_app() -> FastAPI:
    """Handle every exception, which the server then gets as a crash."""
    app = FastAPI()

    class AuthenticationError(Exception): ...

    @app.exception_handler(Exception)
    def refuse(request: Request, error: Exception):
        log_refusal(str(error))
        return JSONResponse({"error": "Log in first."}, 401, BEARER)

    return with_wallet(app, AuthenticationError)


@wrong("4.9.4", caught_by="test_q4_a_refused_client_gets_401_without_the_reason[none]")
def wallet_app() -> FastAPI:
    """Write no handler: let the class be an HTTPException."""
    app = FastAPI()

    class AuthenticationError(fastapi.HTTPException):
        def __init__(self, reason):
            log_refusal(reason)
            super().__init__(401, "Log in first.", BEARER)

    return with_wallet(app, AuthenticationError)


@wrong("4.9.4", caught_by="test_q4_the_reason_is_logged_once[none]")
def wallet_app() -> FastAPI:
    """Log the same text for every exception."""
    app = FastAPI()

    class AuthenticationError(Exception): ...

    @app.exception_handler(AuthenticationError)
    def refuse(request: Request, error: AuthenticationError):
        log_refusal("Log in first.")
        return JSONResponse({"error": "Log in first."}, 401, BEARER)

    return with_wallet(app, AuthenticationError)


@wrong("4.9.4", caught_by="test_q4_a_refused_client_gets_401_without_the_reason[none]")
def wallet_app() -> FastAPI:
    """Raise an HTTPException in the handler."""
    app = FastAPI()

    class AuthenticationError(Exception): ...

    @app.exception_handler(AuthenticationError)
    def refuse(request: Request, error: AuthenticationError):
        log_refusal(str(error))
        raise fastapi.HTTPException(401, "Log in first.", BEARER)

    return with_wallet(app, AuthenticationError)


@wrong("4.9.4", caught_by="test_q4_a_refused_client_gets_401_without_the_reason[Yan]")
def wallet_app() -> FastAPI:
    """Handle exactly this class, and let subclasses through."""
    app = FastAPI()

    class AuthenticationError(Exception): ...

    @app.exception_handler(AuthenticationError)
    def refuse(request: Request, error: AuthenticationError):
        if type(error) is not AuthenticationError:
            raise error
        log_refusal(str(error))
        return JSONResponse({"error": "Log in first."}, 401, BEARER)

    return with_wallet(app, AuthenticationError)


@wrong("4.9.4", caught_by="test_q4_each_exception_has_a_reason_of_its_own[empty]")
def wallet_app() -> FastAPI:
    """Keep the reason in the class, which all exceptions share."""
    app = FastAPI()

    class AuthenticationError(Exception):
        def __init__(self, reason):
            AuthenticationError.reason = reason

    @app.exception_handler(AuthenticationError)
    def refuse(request: Request, error: AuthenticationError):
        log_refusal(error.reason)
        return JSONResponse({"error": "Log in first."}, 401, BEARER)

    return with_wallet(app, AuthenticationError)


@wrong("4.9.4", caught_by="test_q4_each_exception_has_a_reason_of_its_own[empty]")
def wallet_app() -> FastAPI:
    """Log no empty reason."""
    app = FastAPI()

    class AuthenticationError(Exception): ...

    @app.exception_handler(AuthenticationError)
    def refuse(request: Request, error: AuthenticationError):
        if reason := str(error).strip():
            log_refusal(reason)
        return JSONResponse({"error": "Log in first."}, 401, BEARER)

    return with_wallet(app, AuthenticationError)


@wrong("4.9.4", caught_by="test_q4_a_refused_client_gets_401_without_the_reason[Yan]")
def wallet_app() -> FastAPI:
    """Tell the client the reason in the header."""
    app = FastAPI()

    class AuthenticationError(Exception): ...

    @app.exception_handler(AuthenticationError)
    def refuse(request: Request, error: AuthenticationError):
        log_refusal(str(error))
        headers = {**BEARER, "X-Reason": str(error)}
        return JSONResponse({"error": "Log in first."}, 401, headers)

    return with_wallet(app, AuthenticationError)


@right("4.9.4")
def wallet_app() -> FastAPI:
    """Use a plain subclass, and an async handler."""
    app = FastAPI()

    class AuthenticationError(PermissionError): ...

    async def refuse(request, error):
        log_refusal(error.args[0])
        response = JSONResponse({"error": "Log in first."}, status_code=401)
        response.headers["www-authenticate"] = "Bearer"
        return response

    app.add_exception_handler(AuthenticationError, refuse)
    return with_wallet(app, AuthenticationError)


@dataclass
class Refused(fastapi.HTTPException):
    """An HTTPException that keeps the reason."""

    reason: str
    status_code = 401
    detail = "Log in first."


@right("4.9.4")
def wallet_app() -> FastAPI:
    """Use a subclass of HTTPException with a handler of its own."""
    app = FastAPI()

    @app.exception_handler(Refused)
    def refuse(request: Request, error: Refused):
        log_refusal(error.reason)
        return JSONResponse({"error": error.detail}, error.status_code, BEARER)

    return with_wallet(app, Refused)
