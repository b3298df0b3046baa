"""4.5  Custom middleware.

A middleware runs code around every request: before the application looks for the
endpoint, and after there is a response.
Notes: content/docs/fastapi/advanced-features/custom-middleware.md
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpResponse  # type: ignore[import-untyped]
from fastapi import FastAPI, Request, Response

from fastapi.responses import JSONResponse, PlainTextResponse
from flask import Flask
from flask import Response as FlaskResponse
from flask import request as flask_request
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.types import ASGIApp

from sensei import ___

logger = logging.getLogger("support_desk")


def add_request_log(app: FastAPI) -> None:
    """4.5.1  Create a custom middleware in FastAPI to log request details.

    Add a middleware to `app`, the application of a support desk. It logs every
    request.

    - For each request, write one record with level INFO to `logger`. Its message is
      the method, the path without the query, and the status code of the response,
      with one space between them. The message is one line, even if the path contains
      the line break `%0A`.
    - Also log a request whose response does not come from an endpoint, such as 404 for
      an unknown path and 422 for an invalid parameter.
    - The client receives the same response as without the middleware. The parts of a
      stream still reach it one by one, as soon as they exist.

    Given:
        Endpoints return a response or raise `HTTPException`.
        The test sets the level of `logger` to INFO.

    Example:
        GET /tickets/7?full=true  ->  the record "GET /tickets/7 200"
    """
    raise NotImplementedError


class Tickets:
    """The open tickets of the desk."""

    def __init__(self) -> None:
        self.open = [7]

    def add(self) -> int:
        """Open a ticket, and return its number."""
        self.open.append(max(self.open) + 1)
        return self.open[-1]


def flask_desk(tickets: Tickets) -> Flask:
    """Return the desk's application in Flask."""
    app = Flask("desk")

    @app.before_request
    def check_agent() -> tuple[dict[str, str], int] | None:
        if "X-Agent" not in flask_request.headers:
            return {"detail": "Sign in first."}, 401  # the endpoint does not run
        return None

    @app.after_request
    def add_count(response: FlaskResponse) -> FlaskResponse:
        response.headers["X-Open-Tickets"] = str(len(tickets.open))
        return response

    @app.post("/tickets")
    def open_ticket() -> dict[str, int]:
        return {"number": tickets.add()}

    return app


def fastapi_desk(tickets: Tickets) -> FastAPI:
    """4.5.2  How does FastAPI’s middleware differ from Flask’s middleware?

    `flask_desk` above has a function that Flask calls before each request, and one that
    Flask calls after it. Make the FastAPI application below do the same, with a
    middleware. The test sends the same requests to both applications.

    - A request without the header `X-Agent` returns 401 and the same JSON as in Flask,
      also for an unknown path. The endpoint does not run.
    - A request with the header is not refused. As in Flask, its value may be empty.
    - Every response has the header `X-Open-Tickets`, also a 401 and a 404. Its value is
      the number of open tickets. Count them after the endpoint has run.

    Example:
        POST /tickets, without X-Agent  ->  401  {"detail": "Sign in first."}
            X-Open-Tickets: 1
    """
    app = FastAPI()

    @app.post("/tickets")
    def open_ticket() -> dict[str, int]:
        return {"number": tickets.add()}

    raise NotImplementedError
    return app


def is_closed() -> bool:
    """Return whether the help pages are closed for maintenance right now."""
    return False


def article(name: str) -> str:
    """Return the text of a help article."""
    return f"How to reset the {name}"


def help_app() -> FastAPI:
    """4.5.3  What are common use cases for middleware in FastAPI?

    The application below has three problems: it serves articles during maintenance, it
    accepts requests for every host, and it sends long articles without compression.
    Solve each of them with a middleware. For two, FastAPI has a ready-made class.

    - While `is_closed()` returns True, every request returns 503, with the header
      `Retry-After: 600`. No endpoint runs.
    - A request whose `Host` is not "help.example" returns 400. A port after the right
      host is allowed, as in "help.example:8443".
    - If the client accepts gzip, a body of at least 1000 bytes is compressed with gzip.
      A shorter body is not compressed.

    Given:
        During maintenance, a request for another host may return 503 or 400.
    """
    app = FastAPI()

    @app.get("/articles/{name}")
    def read_article(name: str) -> PlainTextResponse:
        return PlainTextResponse(article(name))

    raise NotImplementedError
    return app


class AddHeaders(BaseHTTPMiddleware):
    """4.5.4  Write a FastAPI middleware to add custom headers to responses.

    Several applications use this middleware, each with other headers. Write `dispatch`.

    - Add each of `self.headers` to every response, also to a 404.
    - If the response already has a header with this name, keep that value.
    - Everything else in the response stays the same. The parts of a
      `StreamingResponse` still reach the client one by one, as soon as they exist.

    Given:
        Endpoints return a response or raise `HTTPException`.

    Example:
        app.add_middleware(AddHeaders, headers={"X-Desk": "Oslo"})
    """

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        super().__init__(app)
        self.headers = headers

    async def dispatch(
        self, request: Request, call_next: RequestResponseEndpoint
    ) -> Response:
        """Return the response to the request, with the headers."""
        raise NotImplementedError


def django_middleware(name: str, log: list[str]) -> Callable[..., Any]:
    """Return a middleware for Django."""

    def create(get_response: Callable[..., Any]) -> Callable[..., Any]:
        def handle(request: Any) -> Any:
            log.append(name)
            if name == "B" and request.path == "/closed":
                return HttpResponse(status=503)
            response = get_response(request)
            log.append(f"{name}{response.status_code}")
            return response

        return handle

    return create


def fastapi_middleware(name: str, log: list[str]) -> Callable[..., Any]:
    """Return the same middleware for FastAPI."""

    async def handle(request: Request, call_next: RequestResponseEndpoint) -> Response:
        log.append(name)
        if name == "B" and request.url.path == "/closed":
            return Response(status_code=503)
        response = await call_next(request)
        log.append(f"{name}{response.status_code}")
        return response

    return handle


def executions() -> dict[str, str]:
    """4.5.5  How does FastAPI’s middleware execution differ from Django’s?

    A Django and a FastAPI application have the same two middlewares, A and B. Django
    has the setting `MIDDLEWARE = ["A", "B"]`, FastAPI has these two lines:

        app.middleware("http")(fastapi_middleware("A", log))
        app.middleware("http")(fastapi_middleware("B", log))

    Predict the log of each request. Write its entries in one string, with one space
    between them, such as "A view A200".

    - "/ticket": the endpoint adds "view" to the log and returns 200.
    - "/closed": the endpoint is the same, but B treats this path differently.
    - "/broken": the endpoint adds "view" to the log and raises `ValueError`. The client
      receives 500 from both applications.

    Given:
        Django calls its endpoints views.
    """
    return {
        "Django /ticket": ___,
        "Django /closed": ___,
        "Django /broken": ___,
        "FastAPI /ticket": ___,
        "FastAPI /closed": ___,
        "FastAPI /broken": ___,
    }
