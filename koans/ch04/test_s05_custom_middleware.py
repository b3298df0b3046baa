"""The tests of section 4.5."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any
from urllib.parse import unquote

import httpx2
import pytest
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse
from django.urls import path as django_path
from fastapi import FastAPI, HTTPException, Response
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lab import client, fastapi_app, in_words, json_or_text, outcome, stand_in


def ask(app: ASGIApp, method: str, url: str, **options: Any) -> httpx2.Response:
    """Return the response of the application to one request."""
    with client(app) as http:
        seen = outcome(lambda: http.request(method, url, **options))
    assert isinstance(seen, httpx2.Response), (
        f"`{method} {url}` returned no response: the application raised "
        f"{in_words(seen)}. Look at your middleware: it has to await `call_next` and "
        "return a response, and it must not raise an exception itself."
    )
    return seen


def client_in_loop(app: ASGIApp) -> httpx2.AsyncClient:
    """Return a client that sends requests within the same event loop."""
    transport = httpx2.ASGITransport(app=app)
    return httpx2.AsyncClient(transport=transport, base_url="http://desk")


def order_of_a_stream(app: FastAPI, *asked: str) -> list[str]:
    """Let the application stream four parts, and return when each was made and sent.

    Check that the response has the body, and the headers that are asked for. The event
    loop has many turns to send a part before the next one is made.
    """
    events: list[str] = []

    async def parts() -> AsyncIterator[bytes]:
        for part in "1234":
            events.append(f"made {part}")
            yield part.encode()
            for _ in range(2000):
                if f"sent {part}" in events:
                    break
                await asyncio.sleep(0)

    @app.get("/export")
    def export() -> StreamingResponse:
        return StreamingResponse(parts(), media_type="text/csv")

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        async def note(message: Message) -> None:
            if message.get("body"):
                events.append(f"sent {message['body'].decode()}")
            await send(message)

        await app(scope, receive, note)

    response = ask(watched, "GET", "/export")
    assert response.text == "1234", (
        f"The endpoint streams 1, 2, 3 and 4. The client received {response.text!r}. "
        "The docstring asks for the same body."
    )
    missing = [name for name in asked if name not in response.headers]
    assert not missing, (
        f"The stream has no header {in_words(missing)}. The docstring asks to add each "
        "of `self.headers` to every response."
    )
    return events


ONE_BY_ONE = [f"{event} {part}" for part in "1234" for event in ("made", "sent")]


class Records(logging.Handler):
    """The records that were written: level and message of each."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the record."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError) as error:
            message = f"{record.msg!r} with {record.args}: {error}"
        self.seen.append(f"{record.levelname} {message}")


@pytest.fixture
def records(answers):
    """Return what the answer writes to its logger."""
    handler, level = Records(), answers.logger.level
    answers.logger.setLevel(logging.INFO)
    answers.logger.addHandler(handler)
    yield handler.seen
    answers.logger.removeHandler(handler)
    answers.logger.setLevel(level)


def support_desk() -> FastAPI:
    """Return an application without middleware."""
    app = FastAPI()

    @app.get("/tickets/{number}")
    def read_ticket(number: int) -> dict[str, int]:
        if number > 100:
            raise HTTPException(410, "closed")
        return {"number": number}

    @app.post("/tickets", status_code=201)
    def open_ticket(response: Response) -> dict[str, int]:
        response.set_cookie("agent", "ada")
        response.set_cookie("desk", "oslo")
        return {"number": 8}

    return app


def logged_desk(answers) -> FastAPI:
    """Return the same application with the middleware of 4.5.1."""
    app = support_desk()
    answers.add_request_log(app)
    return app


LOOK = "what your middleware logs, and with which method of `logger`"
LOOK_WHERE = "where your code runs, and at the logger that it writes to"


@pytest.mark.parametrize(
    ("method", "url", "asked"),
    [
        ("GET", "/tickets/7", "GET /tickets/7 200"),
        ("GET", "/tickets/8?full=true", "GET /tickets/8 200"),
        ("POST", "/tickets", "POST /tickets 201"),
        ("GET", "/tickets/101", "GET /tickets/101 410"),
        ("GET", "/docs", "GET /docs 200"),
    ],
    ids=["get", "query", "post", "gone", "docs"],
)
def test_q1_a_request_writes_one_record(answers, records, method, url, asked):
    ask(logged_desk(answers), method, url)

    assert records == [f"INFO {asked}"], (
        f"`{method} {url}` wrote the records {in_words(records)} to `logger`. The "
        f'docstring asks for one, with level INFO and the message "{asked}". Look at '
        f"{LOOK if records else LOOK_WHERE}."
    )


@pytest.mark.parametrize(
    ("method", "url", "status"),
    [
        ("GET", "/Nowhere/", 404),
        ("GET", "/health", 404),
        ("GET", "/tickets/x", 422),
        ("HEAD", "/tickets/7", 405),
        ("OPTIONS", "/tickets/7", 405),
    ],
    ids=["404", "health", "422", "405", "options"],
)
def test_q1_a_response_without_an_endpoint_is_logged(
    answers, records, method, url, status
):
    ask(logged_desk(answers), method, url)

    assert records == [f"INFO {method} {url} {status}"], (
        f"`{method} {url}` returned {status} and wrote the records "
        f"{in_words(records)}. No endpoint ran for this request, and the docstring "
        f'asks to log it, too: "{method} {url} {status}". Look at which requests your '
        "code logs."
    )


def test_q1_the_message_is_one_line(answers, records):
    ask(logged_desk(answers), "GET", "/no%0AINFO%20where")

    lines = [line for record in records for line in record.splitlines()]
    assert len(records) == len(lines) == 1, (
        "`GET /no%0AINFO%20where` wrote the records "
        f"{in_words(records)}. The docstring asks for one record with one line: "
        "otherwise, a client can add lines to the log. Look at where your code finds "
        "the path."
    )


@pytest.mark.parametrize("path", ["/50%25", "/100%25d", "/%25s/%7Bname%7D"])
def test_q1_the_path_may_contain_a_percent_sign_or_braces(
    answers, records, monkeypatch, path
):
    monkeypatch.setattr(answers.logger, "propagate", False)  # pytest's handler raises
    ask(logged_desk(answers), "GET", path)

    may_be = [f"INFO GET {one} 404" for one in (path, unquote(path))]
    is_logged = len(records) == 1 and records[0] in may_be
    assert is_logged, (
        f"`GET {path}` wrote the records {in_words(records)}. The docstring asks for "
        f'one record, with the message "{may_be[1].removeprefix("INFO ")}". Look at '
        "how your code puts the path into the message."
    )


def test_q1_concurrent_requests_are_logged_with_their_own_path(answers, records):
    app = logged_desk(answers)

    @app.get("/slow")
    async def slow() -> None:
        async with client_in_loop(app) as http:
            await http.get("/tickets/7")

    ask(app, "GET", "/slow")
    asked = ["INFO GET /tickets/7 200", "INFO GET /slow 200"]
    assert records == asked, (
        "While `GET /slow` was in the endpoint, `GET /tickets/7` came and returned. "
        f"The records are {in_words(records)}. The docstring asks for one record for "
        f"each request, with its own path: {in_words(asked)}. Look at what your "
        "middleware keeps outside of the function."
    )


def test_q1_each_request_of_one_client_is_logged_in_turn(answers, records):
    with client(logged_desk(answers)) as http:
        for number in (3, 101, 4, 4):
            http.get(f"/tickets/{number}")

    asked = [
        "INFO GET /tickets/3 200",
        "INFO GET /tickets/101 410",
        "INFO GET /tickets/4 200",
        "INFO GET /tickets/4 200",
    ]
    assert records == asked, (
        f"Four requests to one application wrote the records {in_words(records)}. The "
        f"docstring asks for one record for each request: {asked}."
    )


def values_of_headers(response: httpx2.Response) -> dict[str, list[str]]:
    """Return the values of each header."""
    return {name: response.headers.get_list(name) for name in response.headers}


@pytest.mark.parametrize(
    ("method", "url"), [("POST", "/tickets"), ("GET", "/tickets/101")]
)
def test_q1_the_client_receives_the_same_response(answers, records, method, url):
    plain, logged = (
        ask(app, method, url) for app in (support_desk(), logged_desk(answers))
    )

    asked, seen = (
        {"status": one.status_code, "body": one.text, **values_of_headers(one)}
        for one in (plain, logged)
    )
    changed = [name for name in asked | seen if asked.get(name) != seen.get(name)]
    assert not changed, (
        f"`{method} {url}`: the middleware changed {in_words(changed)}. The docstring "
        "asks for the same response as without it. Return what `call_next` returned."
    )
    assert len(records) == 1, (
        f"`{method} {url}` wrote {len(records)} records. The docstring asks for one."
    )


def test_q1_the_parts_of_a_stream_are_sent_one_by_one(answers, records):
    app = logged_desk(answers)

    events = order_of_a_stream(app)
    assert events == ONE_BY_ONE, (
        f"A stream was made and sent in this order: {', '.join(events)}. The docstring "
        "asks that the client receives each part as soon as it exists. Look at where "
        "your middleware reads the body."
    )
    assert records == ["INFO GET /export 200"], (
        f"`GET /export` wrote the records {in_words(records)}. The docstring asks for "
        'one, "GET /export 200".'
    )


# The value of `X-Agent` (None: no such header), the method, and the path of a request.
Asked = tuple[str | None, str, str]
OPEN: Asked = ("ada", "POST", "/tickets")
REFUSED: Asked = (None, "POST", "/tickets")


def send(http: httpx2.Client, request: Asked) -> httpx2.Response:
    """Return the response to a request."""
    agent, method, path = request
    headers = {} if agent is None else {"X-Agent": agent}
    seen = outcome(lambda: http.request(method, path, headers=headers))
    assert isinstance(seen, httpx2.Response), (
        f"`{method} {path}` with the headers {headers} raised {in_words(seen)}. The "
        "client then receives 500. No exception handler handles what a middleware "
        "raises, also not an HTTPException: return a response."
    )
    return seen


def both(answers, *requests: Asked) -> list[list[httpx2.Response]]:
    """Return the responses of Flask and of FastAPI to the same requests."""
    tickets, same_tickets = answers.Tickets(), answers.Tickets()
    for one in (tickets, same_tickets):
        one.open[:] = [9, 4, 12]
    flask = httpx2.WSGITransport(app=answers.flask_desk(tickets))
    desk = fastapi_app(answers.fastapi_desk(same_tickets), "fastapi_desk(...)")
    with (
        httpx2.Client(transport=flask, base_url="http://desk") as in_flask,
        client(desk) as in_fastapi,
    ):
        return [
            [send(http, request) for request in requests]
            for http in (in_flask, in_fastapi)
        ]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/tickets"),
        ("POST", "/nowhere"),
        ("OPTIONS", "/tickets"),
        ("GET", "/docs"),
        ("GET", "/openapi.json"),
        ("GET", "/tickets"),
        ("GET", "/nowhere?agent=ada&X-Agent=ada&x-agent=ada"),
    ],
)
def test_q2_a_request_without_an_agent_is_refused_as_in_flask(answers, method, path):
    asked, seen = (
        (one.status_code, json_or_text(one))
        for (one,) in both(answers, (None, method, path))
    )
    assert seen == asked, (
        f"`{method} {path}` without `X-Agent` returned {in_words(seen)}. Flask "
        f"returned {in_words(asked)}, and the docstring asks for the same. Look at "
        "which requests your code refuses, and with which response."
    )


@pytest.mark.parametrize("agent", ["", "0", "bo"])
def test_q2_a_request_with_any_agent_is_not_refused(answers, agent):
    asked, seen = (
        [(one.status_code, json_or_text(one)) for one in responses]
        for responses in both(answers, (agent, "POST", "/tickets"), REFUSED)
    )
    assert seen == asked, (
        f"`POST /tickets` with `X-Agent: {agent}`, then without `X-Agent`, returned "
        f"{in_words(seen)}. Flask returned {in_words(asked)}. The docstring asks to "
        "refuse only a request without the header: its value may be empty. Look at "
        "your condition."
    )


def test_q2_a_refused_request_runs_no_endpoint(answers):
    asked, seen = (
        json_or_text(responses[2])
        for responses in both(answers, REFUSED, REFUSED, OPEN)
    )
    assert seen == asked, (
        "Two requests without `X-Agent` came before `POST /tickets` with it, which "
        f"returned {in_words(seen)}. Flask returned {in_words(asked)}. The docstring "
        "asks that the endpoint does not run for a request without `X-Agent`. Look at "
        "what runs before your check."
    )


@pytest.mark.parametrize(
    "requests",
    [
        [OPEN, ("bo", "POST", "/tickets")],
        [REFUSED],
        [("ada", "GET", "/nowhere")],
        [OPEN, ("ada", "PUT", "/tickets"), REFUSED],
    ],
    ids=["opened", "401", "404", "mixed"],
)
def test_q2_every_response_has_the_number_of_open_tickets(answers, requests):
    asked, seen = (
        [f"{one.status_code}: {one.headers.get('X-Open-Tickets')}" for one in responses]
        for responses in both(answers, *requests)
    )
    assert seen == asked, (
        f"The requests {in_words([' '.join(map(str, one)) for one in requests])} "
        f"(agent, method, path) returned {in_words(seen)}, Flask {in_words(asked)}. "
        "The docstring asks for `X-Open-Tickets` in every response, with the number "
        "after the endpoint. Look at where your code adds it."
    )


def test_q2_each_application_counts_its_own_tickets(answers):
    desks = [answers.Tickets(), answers.Tickets()]
    desks[1].open[:] = [5, 6, 7]
    apps = [
        fastapi_app(answers.fastapi_desk(one), "fastapi_desk(...)") for one in desks
    ]

    seen = []
    for app in (*apps, apps[0]):
        with client(app) as http:
            seen.append(send(http, OPEN).headers.get("X-Open-Tickets"))
    assert seen == ["2", "4", "3"], (
        "Two applications began with one ticket and with three. The first one got a "
        "ticket, then the second one, then the first one. The values of "
        f"`X-Open-Tickets` are {in_words(seen)}, not ['2', '4', '3']. The docstring "
        "asks for the number of open tickets. Look at what your code shares between "
        "two applications."
    )


HELP = {"Host": "help.example", "Accept-Encoding": "identity"}


def read_article(app: FastAPI, **headers: str) -> httpx2.Response:
    """Return the response to a request for the article on printers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ask(app, "GET", "/articles/printer", headers=HELP | named)


def check_that_articles_are_served(app: FastAPI) -> None:
    """Check that an article is served for the host of the desk."""
    response = read_article(app)
    seen = (response.status_code, response.text)
    assert seen == (200, "Switch it off and on."), (
        "`GET /articles/printer` for the host help.example, not closed, returned "
        f"{in_words(seen)}. The docstring asks to serve the articles as before."
    )


@pytest.fixture
def help_app(answers):
    """Return the application of 4.5.3, and check that it serves articles."""
    stand_in(answers.is_closed, lambda: False)
    stand_in(answers.article, lambda name: "Switch it off and on.")
    return fastapi_app(answers.help_app(), "help_app()")


def test_q3_during_maintenance_every_request_returns_503(answers, help_app):
    closed = [False]
    ran = []
    stand_in(answers.is_closed, lambda: closed[0])
    check_that_articles_are_served(help_app)
    stand_in(answers.article, lambda name: ran.append(name) or "text")

    closed[0] = True
    seen = []
    for request in (
        "GET /articles/printer",
        "POST /nowhere",
        "GET /docs",
        "GET /health",
    ):
        response = ask(help_app, *request.split(), headers=HELP)
        seen.append((response.status_code, response.headers.get("Retry-After")))
    assert seen == [(503, "600")] * 4, (
        "While `is_closed()` returned True, four requests returned these statuses and "
        f"values of `Retry-After`: {in_words(seen)}. The docstring asks for 503 and "
        "600 for every request. Look at when your code calls `is_closed`."
    )
    assert ran == [], (
        "`is_closed()` returned True, and the endpoint read an article. The docstring "
        "asks that no endpoint runs during maintenance. Look at what your code does "
        "before it calls `is_closed`."
    )


def test_q3_after_maintenance_articles_are_served_again(answers, help_app):
    states = iter([True, False, True, False])
    stand_in(answers.is_closed, lambda: next(states))

    seen = [read_article(help_app).status_code for _ in range(4)]
    assert seen == [503, 200, 503, 200], (
        "The desk was closed, open, closed and open again, and four requests returned "
        f"{seen}. The docstring asks for 503 while `is_closed()` returns True. Call it "
        "once for every request."
    )


@pytest.mark.parametrize(
    "host",
    [
        "shop.example",
        "help.example.evil.test",
        "evilhelp.example",
        "www.help.example",
        "evil.test:8000",
        "localhost",
        "127.0.0.1:8000",
        "testserver",
    ],
)
def test_q3_a_request_for_another_host_returns_400(help_app, host):
    check_that_articles_are_served(help_app)

    status = read_article(help_app, Host=host).status_code
    assert status == 400, (
        f"A request with `Host: {host}` returned {status}. The docstring asks for 400 "
        "if the host is not help.example. Look at which hosts your code allows."
    )


@pytest.mark.parametrize("name", ["X_Forwarded_Host", "Origin", "Forwarded"])
def test_q3_another_header_does_not_name_the_host(help_app, name):
    check_that_articles_are_served(help_app)
    value = "host=help.example" if name == "Forwarded" else "help.example"

    status = read_article(help_app, Host="evil.test", **{name: value}).status_code
    assert status == 400, (
        f"A request with `Host: evil.test` and `{name.replace('_', '-')}: {value}` "
        f"returned {status}. The docstring asks for 400 if `Host` is not help.example. "
        "Look at which header your code reads."
    )


@pytest.mark.parametrize("port", [8443, 9000])
def test_q3_the_host_may_have_a_port(help_app, port):
    wrong = read_article(help_app, Host="evil.test").status_code
    status = read_article(help_app, Host=f"help.example:{port}").status_code
    assert (status, wrong) == (200, 400), (
        f"`Host: help.example:{port}` returned {status}, and `Host: evil.test` "
        f"returned {wrong}. The docstring asks for 200 and 400: the host may have a "
        "port. Look at what your code compares."
    )


@pytest.mark.parametrize("size", [1000, 40_000])
def test_q3_a_long_body_is_compressed(answers, help_app, size):
    stand_in(answers.article, lambda name: "x" * size)

    response = read_article(help_app, Accept_Encoding="gzip")
    encoding = response.headers.get("content-encoding")
    is_whole = response.text == "x" * size
    assert (response.status_code, encoding, is_whole) == (200, "gzip", True), (
        f"A text of {size} bytes, for a client that accepts gzip, returned "
        f"{response.status_code} with the content encoding {encoding!r}. The docstring "
        "asks to compress bodies of at least 1000 bytes with gzip. Look at the size "
        "that your code sets."
    )


def test_q3_a_short_body_is_not_compressed(answers, help_app):
    seen = []
    for size in (1000, 999, 1):
        stand_in(answers.article, lambda name, size=size: "x" * size)
        response = read_article(help_app, Accept_Encoding="gzip")
        seen.append(response.headers.get("content-encoding"))

    assert seen == ["gzip", None, None], (
        f"Bodies of 1000, 999 and 1 bytes have the content encodings {seen}. The "
        "docstring asks to compress 1000, and not less. Look at the size, and at the "
        "order of the middlewares: outside of a `BaseHTTPMiddleware`, every body is a "
        "stream."
    )


def test_q3_a_client_that_does_not_accept_gzip_gets_plain_text(answers, help_app):
    stand_in(answers.article, lambda name: "y" * 5000)

    seen = [
        read_article(help_app, Accept_Encoding=accepted).headers.get("content-encoding")
        for accepted in ("gzip, deflate", "identity", "br")
    ]
    assert seen == ["gzip", None, None], (
        "Clients that accept gzip, nothing, and br received the content encodings "
        f"{seen}. The docstring asks for gzip if the client accepts gzip. Look at "
        "`Accept-Encoding`."
    )


def desk_with(answers, headers: dict[str, str]) -> FastAPI:
    """Return an application with the middleware of 4.5.4, if there are headers."""
    app = FastAPI()
    if headers:
        app.add_middleware(answers.AddHeaders, headers=headers)

    @app.get("/tickets")
    def list_tickets() -> list[int]:
        return [7]

    @app.get("/private")
    def private() -> Response:
        response = JSONResponse({"number": 9}, 203)
        response.headers["cache-control"] = "no-store"
        response.headers["x-note"] = ""
        response.set_cookie("agent", "ada")
        response.set_cookie("desk", "oslo")
        return response

    return app


@pytest.mark.parametrize("path", ["/tickets", "/nowhere", "/tickets/"])
@pytest.mark.parametrize(
    "headers",
    [{"X-Desk": "Oslo", "X-Frame-Options": "DENY"}, {"X-Desk": "Rome", "X-Floor": ""}],
    ids=["two", "empty"],
)
def test_q4_every_response_has_the_headers(answers, headers, path):
    app = desk_with(answers, headers)
    response = ask(app, "GET", path, follow_redirects=False)

    seen = {name: response.headers.get(name) for name in headers}
    assert seen == headers, (
        f"`GET {path}` returned {response.status_code}. Its headers are "
        f"{in_words(seen)}. The docstring asks to add each of `self.headers`, "
        f"here {headers}, to every response. Look at your loop and its conditions."
    )


@pytest.mark.parametrize("method", ["POST", "HEAD", "OPTIONS"])
def test_q4_the_response_to_each_method_has_the_headers(answers, method):
    response = ask(desk_with(answers, {"X-Desk": "Oslo"}), method, "/tickets")

    value = response.headers.get("X-Desk")
    assert value == "Oslo", (
        f"`{method} /tickets` returned {response.status_code} with the value {value!r} "
        "of `X-Desk`. The docstring asks to add each of `self.headers` to every "
        "response. Look at your conditions."
    )


def test_q4_two_applications_have_headers_of_their_own(answers):
    apps = [desk_with(answers, {"X-Oslo": "1"}), desk_with(answers, {"X-Rome": "2"})]

    responses = [ask(app, "GET", "/tickets") for app in (*apps, apps[0])]
    seen = [
        {name for name in ("X-Oslo", "X-Rome") if name in one.headers}
        for one in responses
    ]
    assert seen == [{"X-Oslo"}, {"X-Rome"}, {"X-Oslo"}], (
        f"Requests to the desks of Oslo, Rome and Oslo returned the headers {seen}. "
        "Each application has headers of its own: the docstring asks to add "
        "`self.headers`. Look at what your code keeps in the class."
    )


def test_q4_a_header_of_the_response_keeps_its_value(answers):
    added = {"Cache-Control": "max-age=60", "X-Note": "none", "X-Desk": "Oslo"}
    app = desk_with(answers, added)

    response = ask(app, "GET", "/private")
    seen = [response.headers.get_list(name) for name in added]
    assert seen == [["no-store"], [""], ["Oslo"]], (
        "The endpoint set `cache-control: no-store` and an empty `x-note`. With the "
        f"middleware, the values of {', '.join(added)} are {seen}. The docstring asks "
        "to keep the value that the response already has. Header names ignore case."
    )
    response = ask(app, "GET", "/tickets")
    seen = [response.headers.get_list(name) for name in added]
    assert seen == [[value] for value in added.values()], (
        "The next response had none of these headers. With the middleware, the values "
        f"of {', '.join(added)} are {seen}. The docstring asks to add each of "
        "`self.headers`. Look at what your code keeps from an earlier response."
    )


@pytest.mark.parametrize("path", ["/private", "/tickets"])
def test_q4_everything_else_in_the_response_stays_the_same(answers, path):
    apps = [desk_with(answers, headers) for headers in ({}, {"X-Desk": "Oslo"})]
    ask(apps[1], "GET", "/private")
    plain, added = (ask(app, "GET", path) for app in apps)

    asked, seen = (
        {"status": one.status_code, "body": one.text, **values_of_headers(one)}
        for one in (plain, added)
    )
    asked["x-desk"] = ["Oslo"]
    changed = [name for name in asked | seen if asked.get(name) != seen.get(name)]
    got = {name: seen.get(name) for name in changed}
    assert not changed, (
        f"A client sent `GET /private`, and then `GET {path}`. The second response had "
        f"{in_words(got)} in place of "
        f"{in_words({name: asked.get(name) for name in changed})}. The docstring asks "
        "to add X-Desk and to change nothing else. Look at what you return."
    )


def test_q4_the_parts_of_a_stream_are_sent_one_by_one(answers):
    events = order_of_a_stream(desk_with(answers, {"X-Desk": "Oslo"}), "X-Desk")
    assert events == ONE_BY_ONE, (
        f"A stream was made and sent in this order: {', '.join(events)}. The docstring "
        "asks to send each part as soon as it exists. Look at where your middleware "
        "reads the body."
    )


@contextmanager
def django_desk(
    middleware: dict[str, Any], log: list[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[httpx2.Client]:
    """Yield a client of a Django application with this middleware."""
    if not settings.configured:
        settings.configure()

    def view(request: Any, path: str) -> HttpResponse:
        log.append("view")
        if path == "broken":
            raise ValueError("broken")
        return HttpResponse("ok")

    module = ModuleType("desk_middleware")
    vars(module).update(middleware)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    names = [f"{module.__name__}.{name}" for name in middleware]
    routes = (django_path("<str:path>", view),)
    monkeypatch.setattr(settings, "ROOT_URLCONF", routes, raising=False)
    monkeypatch.setattr(settings, "ALLOWED_HOSTS", ["*"])
    monkeypatch.setattr(settings, "MIDDLEWARE", names)
    monkeypatch.setattr(logging.getLogger("django.request"), "disabled", True)
    transport = httpx2.WSGITransport(app=WSGIHandler())
    with httpx2.Client(transport=transport, base_url="http://desk") as http:
        yield http


@contextmanager
def fastapi_desk(middleware: dict[str, Any], log: list[str]) -> Iterator[httpx2.Client]:
    """Yield a client of a FastAPI application with this middleware."""
    app = FastAPI()
    for one in middleware.values():
        app.middleware("http")(one)

    @app.get("/{path}")
    def view(path: str) -> str:
        log.append("view")
        if path == "broken":
            raise ValueError("broken")
        return "ok"

    with client(app, raises=False) as http:
        yield http


@pytest.mark.parametrize("path", ["/ticket", "/closed", "/broken"])
@pytest.mark.parametrize("framework", ["Django", "FastAPI"])
def test_q5_the_log_of_a_request_is_predicted(answers, monkeypatch, framework, path):
    predictions = answers.executions()
    assert isinstance(predictions, dict), (
        f"`executions()` returned {in_words(predictions)}. The docstring asks for a "
        "dict."
    )
    predicted = predictions.get(f"{framework} {path}")
    log: list[str] = []
    if framework == "Django":
        layers = {name: answers.django_middleware(name, log) for name in "AB"}
        served = django_desk(layers, log, monkeypatch)
    else:
        layers = {name: answers.fastapi_middleware(name, log) for name in "AB"}
        served = fastapi_desk(layers, log)
    with served as http:
        http.get(path)

    hint = {
        "/ticket": f"Look at how {framework} orders A and B. The code of the outer one "
        "runs first for a request and last for a response.",
        "/closed": "B returns a response itself. Look at which layer is outside of B, "
        "and which one is inside.",
        "/broken": f"The {'view' if framework == 'Django' else 'endpoint'} raises. "
        f"Look at whether the next layer of {framework} gets a response.",
    }[path]
    is_right = predicted == " ".join(log)
    assert is_right, (
        f'You predict {in_words(predicted)} for "{framework} {path}". The real log is '
        f"different. {hint}"
    )
