"""The tests of section 12.1."""

import asyncio
import copy
import inspect
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from fastapi import FastAPI, HTTPException, WebSocket, WebSocketDisconnect

from lab import (
    Server,
    client,
    in_words,
    outcome,
    returned_or_raised,
    serve,
    stand_in,
)

Messages = list[dict[str, Any]]
Asgi = Callable[[Any, Any, Any], Awaitable[None]]

BROWSER = (b"user-agent", b"Mozilla/5.0")
LANGUAGES = [(b"accept-language", b"fi"), (b"accept-language", b"en")]
# Turns of the event loop that an application gets once there is nothing to wait for.
TURNS = 100


def scope_of(kind: str, **changes: Any) -> dict[str, Any]:
    """Return a scope as a server makes it, with some other values."""
    asgi = {"version": "3.0", "spec_version": "2.3"}
    if kind == "lifespan":
        return {"type": kind, "asgi": asgi, "state": {}}
    scope = {
        "type": kind,
        "asgi": asgi,
        "http_version": "1.1",
        "scheme": "ws" if kind == "websocket" else "http",
        "path": "/films/7",
        "raw_path": b"/films/7",
        "query_string": b"",
        "root_path": "",
        "headers": [BROWSER, (b"host", b"cinema.example"), *LANGUAGES],
        "client": ("192.0.2.1", 5000),
        "server": ("cinema.example", 80),
        "state": {},
    }
    own = {"subprotocols": []} if kind == "websocket" else {"method": "GET"}
    return scope | own | changes


async def result(call: Callable[[], Any]) -> Any:
    """Return what an async call returns, or the exception that it raises."""
    try:
        made = call()
        if not inspect.isawaitable(made):
            return TypeError(
                f"the call returned {in_words(made)}, and not an awaitable"
            )
        return await made
    except NotImplementedError:
        raise
    except (Exception, asyncio.CancelledError) as error:
        return error


class Inner:
    """An application that notes its calls, and raises `error` if there is one."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.calls: list[tuple[Any, Any, Any]] = []
        self.tasks: list[Any] = []
        self.visits: list[Any] = []
        self.visits_before: list[Any] = []
        self.messages = 0
        self.error = error

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Note the call."""
        self.calls.append((scope, receive, send))
        self.tasks.append(asyncio.current_task())
        self.visits_before.append(list(self.visits))
        if self.error:
            raise self.error

    async def exchange(self, *_: Any) -> Any:
        """Stand for `receive` and `send`, which only the application may call."""
        self.messages += 1
        return {"type": "http.disconnect"}


async def visit(answers: Any, scope: Any, error: BaseException | None = None) -> Inner:
    """Let the middleware handle a scope, and return the application inside it."""
    inner = Inner(error)
    middleware = answers.VisitLog(inner, visits=inner.visits)
    seen = await result(lambda: middleware(scope, inner.exchange, inner.exchange))
    asked = "its exceptions pass through" if error else "it runs as without one"
    ran = f"raised {in_words(error)}" if error else "returned"
    look = "your call of the application"
    if not inner.calls:
        ran, look = "was not called", "what you do before you call it"
    assert (seen if isinstance(seen, BaseException) else None) is error, (
        f"For a scope of type {scope['type']!r}, the application {ran}, and the "
        f"middleware {returned_or_raised(seen)}. The docstring asks to call the "
        f"application, and that {asked}. Look at {look}."
    )
    return inner


RAW = {
    "a decoded path": {"path": "/films/amélie", "raw_path": b"/films/am%C3%A9lie"},
    "a slash in a name": {"path": "/films/a/b", "raw_path": b"/films/a%2Fb"},
    "a final slash": {"path": "/films/", "raw_path": b"/films/"},
    "an encoding in lower case": {"path": "/café", "raw_path": b"/caf%c3%a9"},
    "a root path": {
        "root_path": "/api",
        "path": "/api/films/7",
        "raw_path": b"/api/films/7",
    },
    "a question mark in the query": {"query_string": b"?title=a?&"},
    "a query": {"query_string": b"day=2&day=3&title=am%C3%A9lie"},
    "a query that is encoded": {"query_string": b"q=%3F+%26&empty="},
    "no user agent": {"headers": [(b"host", b"cinema.example")]},
    "no headers": {"headers": []},
    "an empty user agent": {"headers": [(b"user-agent", b"")]},
    "similar headers": {
        "headers": [(b"x-user-agent", b"x"), (b"user-agent-hint", b"user-agent")]
    },
    "the header between others": {
        "headers": [(b"accept", b"*/*"), (b"user-agent", b"curl/8.5"), (b"a", b"b")]
    },
    "bytes that are not ASCII": {"headers": [(b"user-agent", b"caf\xe9 \xc3\xa9")]},
    "spaces": {"headers": [(b"user-agent", b" VLC (a; b)  X ")]},
    "the documentation": {"path": "/docs", "raw_path": b"/docs"},
    "a health check": {"path": "/health", "raw_path": b"/health"},
}


def all_visits(answers: Any, visits: list[Any]) -> list[Any]:
    """Return the visits, all of which are of the class `Visit`."""
    assert all(isinstance(one, answers.Visit) for one in visits), (
        f"The middleware added {in_words(visits)}. The docstring asks for a `Visit`."
    )
    return visits


def check_visit(answers: Any, visits: list[Any], asked: Any, what: str) -> None:
    """Check that the only visit is `asked`; `what` says what happened."""
    assert len(all_visits(answers, visits)) == 1, (
        f"{what} The middleware added {len(visits)} visits: {in_words(visits)}. The "
        "docstring asks for one."
    )
    seen, right = visits[0]._asdict(), asked._asdict()
    for name, value in right.items():
        assert (seen[name], type(seen[name])) == (value, type(value)), (
            f"{what} In the `Visit` that was added, {name} is {in_words(seen[name])}. "
            f"The docstring asks for {in_words(value)}."
        )


@pytest.mark.parametrize("case", RAW)
@pytest.mark.parametrize("kind", ["http", "websocket"])
async def test_q1_a_visit_has_the_values_of_the_scope(
    answers: Any, kind: str, case: str
) -> None:
    scope = scope_of(kind, **RAW[case])
    inner = await visit(answers, scope)
    agents = [v for n, v in RAW[case].get("headers", [BROWSER]) if n == b"user-agent"]
    path = RAW[case].get("raw_path", b"/films/7")
    query = RAW[case].get("query_string", b"")
    asked = answers.Visit(kind, path, query, agents[0] if agents else None)
    what = f"A scope of type {kind!r} has {in_words(RAW[case])}."
    check_visit(answers, inner.visits, asked, what)


def cinema(answers: Any, visits: list[Any]) -> FastAPI:
    """Return an application of FastAPI with the middleware."""
    app = FastAPI()
    app.add_middleware(answers.VisitLog, visits=visits)

    @app.get("/films/{title}")
    async def read_film(title: str, day: int) -> str:
        return f"{title} {day}"

    @app.websocket("/seats")
    async def seats(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(await socket.receive_text())
        await socket.close()

    return app


def reply_of(server: Server, method: str, url: str, **named: Any) -> tuple[Any, Any]:
    """Return the status code and the body of a response.

    If there is no response, they are None and the client's exception.

    Raises:
        NotImplementedError: the answer is still open.
    """
    seen = outcome(lambda: server.client.request(method, url, **named))
    for error in server.errors:
        if isinstance(error, NotImplementedError):
            raise error
    if isinstance(seen, httpx2.Response):
        return seen.status_code, seen.content
    return None, seen


async def test_q1_a_websocket_connection_adds_one_visit(answers: Any) -> None:
    visits: list[Any] = []
    heard = {"type": "websocket.receive", "text": "B7"}
    line = Line([{"type": "websocket.connect"}, heard])
    scope = scope_of("websocket", path="/seats", raw_path=b"/seats")
    error = await line.run(cinema(answers, visits), scope)
    seen = [message.get("text") for message in line.sent]
    assert (error, seen) == (None, [None, "B7", None]), (
        "A client opened the WebSocket `/seats` and sent 'B7'. The application "
        f"{returned_or_raised(error)}, and sent {in_words(line.sent)}. The docstring "
        "asks that the endpoint runs: it sends 'B7' back."
    )
    asked = answers.Visit("websocket", b"/seats", b"", BROWSER[1])
    check_visit(answers, visits, asked, "A client opened the WebSocket `/seats`.")


async def test_q1_the_lifespan_adds_no_visit(answers: Any) -> None:
    inner = await visit(answers, scope_of("lifespan"))
    seen = (len(inner.calls), inner.visits)
    look = '`scope["type"]`' if inner.visits else "your call of the application"
    assert seen == (1, []), (
        f"For the lifespan, the application was called {seen[0]} times, and "
        f"{in_words(seen[1])} was added. The docstring asks to call it once, and to "
        f"add nothing. Look at {look}."
    )


@pytest.mark.parametrize("kind", ["http", "websocket"])
async def test_q1_the_visit_is_added_before_the_application_runs(
    answers: Any, kind: str
) -> None:
    inner = await visit(answers, scope_of(kind))
    seen = [len(visits) for visits in inner.visits_before]
    assert seen == [1], (
        f"When the application was called for a scope of type {kind!r}, `visits` had "
        f"these lengths: {seen}. The docstring asks for one call, with the `Visit` "
        "already in the list."
    )


def differences(inner: Inner, scope: Any, before: Any) -> list[str]:
    """Return the names of what the application received in another form."""
    names = ("scope", "receive", "send")
    given = (id(scope), inner.exchange, inner.exchange)
    found = [
        name
        for received, *ends in inner.calls
        for name, one, other in zip(names, (id(received), *ends), given, strict=True)
        if one != other
    ]
    return found if scope == before else [*found, "content of the scope"]


@pytest.mark.parametrize("kind", ["http", "websocket", "lifespan"])
async def test_q1_the_application_receives_the_same_objects(
    answers: Any, kind: str
) -> None:
    scope = scope_of(kind)
    before = copy.deepcopy(scope)
    inner = await visit(answers, scope)
    other = differences(inner, scope, before)
    assert (len(inner.calls), other) == (1, []), (
        f"For a scope of type {kind!r}, the application was called "
        f"{len(inner.calls)} times. Not the same as without the middleware: {other}. "
        "The docstring asks for one call with the same three, unchanged. Look at your "
        "call, and at what you change in the scope."
    )


@pytest.mark.parametrize("kind", ["http", "websocket", "lifespan"])
async def test_q1_the_messages_are_left_to_the_application(
    answers: Any, kind: str
) -> None:
    inner = await visit(answers, scope_of(kind))
    seen = (len(inner.calls), inner.messages)
    assert seen == (1, 0), (
        f"For a scope of type {kind!r}, the application was called {seen[0]} times. "
        f"The middleware called `receive` or `send` {seen[1]} times. The docstring "
        "asks for one call of the application, which receives and sends everything."
    )


class NoSuchFilm(HTTPException):
    """What an endpoint raises for a response 404."""

    def __init__(self, detail: str) -> None:
        super().__init__(404, detail)


ERRORS = (
    LookupError,
    KeyError,
    ConnectionError,
    RuntimeError,
    ValueError,
    TimeoutError,
    NoSuchFilm,
    WebSocketDisconnect,
    asyncio.CancelledError,
)


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("kind", ["http", "websocket", "lifespan"])
async def test_q1_an_exception_passes_through(
    answers: Any, kind: str, error: type[BaseException]
) -> None:
    inner = await visit(answers, scope_of(kind), error("There is no such film."))
    seen = (len(inner.calls), len(inner.visits))
    asked = (1, 0 if kind == "lifespan" else 1)
    assert seen == asked, (
        f"For a scope of type {kind!r}, the application raised {error.__name__}. It "
        f"was called {seen[0]} times, and {seen[1]} visits were added. The docstring "
        f"asks for one call, and for {asked[1]} visits. Look at what your code does "
        "with exceptions."
    )


@pytest.mark.parametrize("kind", ["http", "websocket", "lifespan"])
async def test_q1_the_application_runs_in_the_same_task(
    answers: Any, kind: str
) -> None:
    inner = await visit(answers, scope_of(kind))
    same = [task is asyncio.current_task() for task in inner.tasks]
    assert same == [True], (
        f"For a scope of type {kind!r}, the application was called {len(same)} times. "
        f"In the task of the middleware: {same}. The docstring asks that it runs as "
        "without the middleware, so in the same task. Look at how you call it."
    )


async def open_at_once(
    answers: Any, scopes: list[dict[str, Any]], visits: list[Any]
) -> list[Any]:
    """Open connections at the same time, and return the paths that reach the end.

    The application inside ends none of them before the others had their turn.
    """
    inside: list[Any] = []
    leave = asyncio.Event()

    async def wait(scope: Any, *_: Any) -> None:
        inside.append(scope.get("raw_path"))
        await leave.wait()

    middleware = answers.VisitLog(wait, visits=visits)
    calls = [
        asyncio.ensure_future(result(lambda s=one: middleware(s, wait, wait)))
        for one in scopes
    ]
    for _ in range(TURNS):
        await asyncio.sleep(0)
    seen = list(inside)
    leave.set()
    await asyncio.gather(*calls)
    return seen


async def test_q1_connections_are_handled_at_the_same_time(answers: Any) -> None:
    paths = {b"/films/1": "http", b"/films/2": "http", b"/seats": "websocket"}
    scopes = [scope_of(kind, raw_path=path) for path, kind in paths.items()]
    visits: list[Any] = []
    seen = await open_at_once(answers, [scope_of("lifespan"), *scopes], visits)
    added = sorted(one.raw_path for one in all_visits(answers, visits))
    assert (set(seen), len(seen), added) == ({None, *paths}, 4, sorted(paths)), (
        "The lifespan (None), two requests and a WebSocket are open at one time. "
        f"The application ran for {in_words(seen)}, and {len(added)} visits were "
        f"added: {in_words(added)}. The docstring asks that it runs for each, and for "
        "three visits."
    )


# Of each request: the number of the middleware, the method, the path, the user agent.
REQUESTS_OF_TWO = (
    (0, "GET", b"/films/1", b"Mozilla/5.0"),
    (1, "GET", b"/films/3", b"VLC"),
    (0, "POST", b"/films/2", None),
    (1, "HEAD", b"/films/3", None),
    (0, "OPTIONS", b"/films/2", None),
    (0, "GET", b"/films/1", b"curl/8.5"),
)


async def visits_of_two(answers: Any) -> tuple[str, list[Any], list[Any]]:
    """Send requests to two middlewares until a visit is wrong.

    Return the last request, the visits of its middleware, and those that are asked for.
    """
    apps = [Inner(), Inner()]
    both = [answers.VisitLog(app, visits=app.visits) for app in apps]
    asked: list[list[Any]] = [[], []]
    for which, method, path, agent in REQUESTS_OF_TWO:
        headers = [] if agent is None else [(b"user-agent", agent)]
        scope = scope_of("http", method=method, raw_path=path, headers=headers)
        scope["scheme"] = "https"
        ends = [apps[which].exchange] * 2
        await result(partial(both[which], scope, *ends))
        asked[which].append((path, agent))
        visits = all_visits(answers, apps[which].visits)
        seen = [(one.raw_path, one.user_agent) for one in visits]
        if seen != asked[which]:
            break
    return f"{method} {path.decode()}", seen, asked[which]


async def test_q1_each_request_adds_its_own_visit(answers: Any) -> None:
    last, seen, asked = await visits_of_two(answers)
    assert seen == asked, (
        f"After other requests came `{last}`. Path and user agent of the last visits "
        f"are {in_words(seen[-2:])}. The docstring asks to append one `Visit` for each "
        f"request, here {in_words(asked[-2:])}. Look at what you keep in `self`."
    )


def test_q1_the_scopes_of_uvicorn_are_inspected(answers: Any) -> None:
    visits: list[Any] = []
    with serve(cinema(answers, visits)) as server:
        url, headers = "/films/am%C3%A9lie?day=2", {"User-Agent": "curl/8.5"}
        status, body = reply_of(server, "GET", url, headers=headers)
    asked = answers.Visit("http", b"/films/am%C3%A9lie", b"day=2", b"curl/8.5")
    assert (status, body) == (200, '"amélie 2"'.encode()), (
        f"`GET {url}` returned {in_words(status)} and {in_words(body)}. The docstring "
        "asks that the endpoint runs as without the middleware."
    )
    check_visit(answers, visits, asked, f"Uvicorn received `GET {url}`.")


PATHS = {"film": "/film", "trailer": "/trailer", "seats": "/seats"}
LOOK_AT = {
    "film, base": "`call_next` runs the endpoint in a task of its own.",
    "film, pure": "`await self.app(...)` runs the endpoint in the same task.",
    "trailer, base": "`call_next` returns when the response has started.",
    "trailer, pure": "`self.app(...)` ends after the body, or with an exception.",
    "seats, base": "`BaseHTTPMiddleware` calls `dispatch` for HTTP requests only.",
    "seats, pure": "Look at the types of scope for which `PureLog` calls `watch`.",
}


def real_log(answers: Any, what: str, which: str) -> list[str]:
    """Return the log of a middleware after one request."""
    log: list[str] = []
    app = answers.cinema_app(log)
    middleware = answers.BaseLog if which == "base" else answers.PureLog
    app.add_middleware(middleware, log=log)
    with client(app, raises=False) as http:
        if what == "seats":
            with http.websocket_connect(PATHS[what]):
                pass
        else:
            http.get(PATHS[what])
    return log


@pytest.mark.parametrize("blank", LOOK_AT)
def test_q2_the_log_is_predicted(answers: Any, blank: str) -> None:
    predictions = answers.logs()
    is_there = isinstance(predictions, dict) and blank in predictions
    assert is_there, (
        f"`logs()` returned {in_words(predictions)}, without {blank!r}. The docstring "
        "asks for the six predictions of the stub."
    )
    predicted = predictions[blank]
    what, _, which = blank.partition(", ")
    seen = real_log(answers, what, which)
    if isinstance(predicted, tuple):
        predicted = list(predicted)
    assert predicted == seen, (
        f"{blank!r}: you predicted {in_words(predicted)}. The real log is different. "
        "The docstring asks for a list of its entries, such as "
        f"['begin', 'end, film=None']. {LOOK_AT[blank]}"
    )


class Office:
    """Stands for `box_office`, and notes its calls."""

    def __init__(self, answers: Any, status: int = 201, text: bytes = b"Sold") -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.reply = (status, text)
        stand_in(answers.box_office, self.sell)

    def sell(self, method: Any, path: Any, body: Any) -> tuple[int, bytes]:
        """Note the call, and return the reply."""
        if isinstance(body, bytearray):
            body = bytes(body)
        self.calls.append((method, path, body))
        return self.reply


class Line:
    """The line between a client and an application, with what the client sends."""

    def __init__(self, messages: Messages) -> None:
        self.messages = copy.deepcopy(messages)
        self.sent: Messages = []
        self.received = 0
        self.is_empty = asyncio.Event()

    async def receive(self) -> Any:
        """Return the next message of the client, or wait for ever.

        After a complete response there is always `http.disconnect`, as in Uvicorn.
        """
        self.received += 1
        await asyncio.sleep(0)
        last = self.sent[-1] if self.sent else {}
        if last.get("type") == "http.response.body" and not last.get("more_body"):
            return {"type": "http.disconnect"}
        if not self.messages:
            self.is_empty.set()
            await asyncio.Event().wait()  # the client sends no more
        return self.messages.pop(0)

    async def send(self, message: Any) -> None:
        """Keep a message to the client, whose values a server would accept."""
        body, headers = message.get("body", b""), message.get("headers", ())
        if not isinstance(body, bytes | bytearray):
            raise TypeError(f"the body is {in_words(body)}, and not bytes")
        for pair in headers:
            if not isinstance(pair, list | tuple) or len(pair) != 2:
                raise TypeError(f"a header is {in_words(pair)}, and not a pair")
            if not all(isinstance(one, bytes) for one in pair):
                raise TypeError(f"a header is {in_words(pair)}, and not two bytes")
        self.sent.append(dict(message))

    async def run(self, app: Asgi, scope: Any) -> Any:
        """Return the exception that the application raises, or None."""
        running = asyncio.ensure_future(result(lambda: app(scope, *self.ends)))
        empty = asyncio.ensure_future(self.is_empty.wait())
        await asyncio.wait([running, empty], return_when=asyncio.FIRST_COMPLETED)
        for _ in range(TURNS):
            if running.done():
                break
            await asyncio.sleep(0)
        late = not running.done()
        empty.cancel()
        running.cancel()
        await asyncio.gather(running, empty, return_exceptions=True)
        assert not late, (
            "The application called `receive` again after the last message of the "
            "client, and waits for ever. Look at where you call `receive`, and at what "
            "ends your loop."
        )
        error = running.result()
        return error if isinstance(error, Exception) else None

    @property
    def ends(self) -> tuple[Any, Any]:
        """The functions `receive` and `send`."""
        return self.receive, self.send

    def response(self) -> dict[str, Any]:
        """Return what the response is made of, by name."""
        start, *rest = self.sent or [{}]
        body = b"".join(part.get("body", b"") for part in rest)
        length = (b"content-length", b"%d" % len(body))  # a server may need it
        headers = [tuple(pair) for pair in start.get("headers", ())]
        return {
            "list of message types": [message.get("type") for message in self.sent],
            "list of `more_body` values": [bool(one.get("more_body")) for one in rest],
            "status": start.get("status"),
            "list of headers": [pair for pair in headers if pair != length],
            "body": body,
        }

    def complete(self, status: int, headers: Any, body: bytes) -> dict[str, Any]:
        """Return what a complete response is made of, in as many parts of the body."""
        sent = [message.get("type") for message in self.sent]
        parts = max(sent.count("http.response.body"), 1)
        types = ["http.response.start", *["http.response.body"] * parts]
        return {
            "list of message types": types,
            "list of `more_body` values": [True] * (parts - 1) + [False],
            "status": status,
            "list of headers": headers,
            "body": body,
        }


def part(body: bytes, more: bool = False) -> dict[str, Any]:
    """Return a part of the body of a request."""
    return {"type": "http.request", "body": body, "more_body": more}


BODIES: dict[str, tuple[Messages, bytes]] = {
    "one message": ([part(b"Metropolis, 2")], b"Metropolis, 2"),
    "two messages": ([part(b"Metro", True), part(b"polis")], b"Metropolis"),
    "four messages": (
        [*(part(b, True) for b in (b"a", b"b", b"a")), part(b"d")],
        b"abad",
    ),
    "a hundred messages": ([part(b"x", True)] * 99 + [part(b"y")], b"x" * 99 + b"y"),
    "an empty last message": ([part(b"Nosferatu", True), part(b"")], b"Nosferatu"),
    "an empty first message": ([part(b"", True), part(b"M, 3")], b"M, 3"),
    "an empty message in the middle": (
        [part(b"M", True), part(b"", True), part(b", 3")],
        b"M, 3",
    ),
    "an empty body": ([part(b"")], b""),
    "neither `body` nor `more_body`": ([{"type": "http.request"}], b""),
    "no `more_body`": ([{"type": "http.request", "body": b"M, 1"}], b"M, 1"),
    "no `body`, then more": (
        [{"type": "http.request", "more_body": True}, part(b"M, 4")],
        b"M, 4",
    ),
    "no `more_body` in the last one": (
        [part(b"M", True), {"type": "http.request", "body": b", 5"}],
        b"M, 5",
    ),
    "no UTF-8": ([part(b"\xff\xfe", True), part(b"\r\n\x00")], b"\xff\xfe\r\n\x00"),
    "percent signs": ([part(b"M%2", True), part(b"0+1%41")], b"M%20+1%41"),
}


@pytest.mark.parametrize("case", BODIES)
async def test_q3_the_whole_body_is_received(answers: Any, case: str) -> None:
    office = Office(answers)
    messages, body = BODIES[case]
    line = Line(messages)
    scope = scope_of("http", method="POST", path="/tickets", raw_path=b"/tickets")
    seen = await line.run(answers.ticket_app, scope)
    asked = [("POST", "/tickets", body)]
    place = (
        "calls of `send`" if office.calls == asked else "loop and call of `box_office`"
    )
    assert (seen, office.calls) == (None, asked), (
        f"The client sent its body like this: {case}. The application "
        f"{returned_or_raised(seen)}, and called `box_office` with "
        f"{in_words(office.calls)}. The docstring asks for one call with the whole "
        f"body {in_words(body[:20])}. Look at your {place}."
    )


REQUESTS: dict[str, tuple[str, str, bytes]] = {
    "POST": ("POST", "/tickets", b""),
    "GET": ("GET", "/tickets", b""),
    "DELETE": ("DELETE", "/tickets/7", b""),
    "HEAD": ("HEAD", "/tickets", b""),
    "OPTIONS": ("OPTIONS", "/tickets", b""),
    "a query": ("POST", "/tickets", b"day=2"),
    "not ASCII": ("PUT", "/films/amélie", b"title=%C3%A9"),
    "a percent sign": ("GET", "/films/%41", b""),
    "a space": ("PATCH", "/films/the kid", b""),
    "a question mark": ("GET", "/films/who?day=1", b"day=2"),
    "a number sign": ("GET", "/films/take #2", b""),
    "the root": ("GET", "/", b""),
    "a final slash": ("POST", "/tickets/", b""),
    "capital letters": ("POST", "/Tickets", b""),
    "a root path": ("POST", "/cinema/tickets", b""),
}


@pytest.mark.parametrize("case", REQUESTS)
async def test_q3_method_and_path_are_those_of_the_scope(
    answers: Any, case: str
) -> None:
    office = Office(answers)
    method, path, query = REQUESTS[case]
    asked = [(method, path, b"M")]
    scope = scope_of("http", method=method, path=path, query_string=query)
    scope["raw_path"] = quote(path).encode()
    scope["root_path"] = "/cinema" if case == "a root path" else ""
    seen = await Line([part(b"M")]).run(answers.ticket_app, scope)
    assert (seen, office.calls) == (None, asked), (
        f"The scope has the method {method!r}, the path {path!r} and the query "
        f"{query!r}. The application {returned_or_raised(seen)}, and called "
        f"`box_office` with {in_words(office.calls)}. The docstring asks for {asked}."
    )


@pytest.mark.parametrize(
    ("status", "text"),
    [(201, b"Sold: M, 2"), (404, b"No page"), (200, b""), (409, b"\xff\x00 sold out")],
)
async def test_q3_a_complete_response_is_sent(
    answers: Any, status: int, text: bytes
) -> None:
    Office(answers, status, text)
    headers, size = list(answers.HEADERS), len(answers.HEADERS)
    line = Line([part(b"M", True), part(b", 2")])
    method = "HEAD" if status == 409 else "POST"  # a server cuts the body of HEAD
    seen = await line.run(answers.ticket_app, scope_of("http", method=method))
    what = f"For {method}, `box_office` returned {(status, text)}."
    assert seen is None, (
        f"{what} The application {returned_or_raised(seen)}. The docstring asks for a "
        "complete response."
    )
    asked = line.complete(status, headers, text)
    for name, value in line.response().items():
        assert value == asked[name], (
            f"{what} The application sent a response whose {name} is "
            f"{in_words(value)}. The docstring asks for a complete response, and here "
            f"for {in_words(asked[name])}. Look at your calls of `send`."
        )
    assert len(answers.HEADERS) == size, (
        f"The application changed `HEADERS` to {in_words(answers.HEADERS)}. The "
        "docstring asks for these headers in each response. Look at where you add one."
    )


@pytest.mark.parametrize("parts", [0, 1, 2])
async def test_q3_a_client_that_disconnects_buys_nothing(
    answers: Any, parts: int
) -> None:
    office = Office(answers)
    gone = {"type": "http.disconnect"}
    # A server says it again, however often it is asked.
    line = Line([part(b"M", True)] * parts + [gone] * 3)
    headers = [BROWSER, (b"content-length", b"9")]
    scope = scope_of("http", method="POST", path="/tickets", headers=headers)
    seen = await line.run(answers.ticket_app, scope)
    came = (seen, office.calls, line.sent)
    assert came == (None, [], []), (
        f"A client sent parts of its body ({parts}), and disconnected. The application "
        f"{returned_or_raised(seen)}, called `box_office` {len(office.calls)} times, "
        f"and sent {in_words(line.sent)}. The docstring asks to return without both. "
        "Look at `http.disconnect`."
    )


@pytest.mark.parametrize("kind", ["lifespan", "websocket", "radio", "https", "HTTP"])
async def test_q3_another_type_of_scope_raises_value_error(
    answers: Any, kind: str
) -> None:
    office = Office(answers)
    line = Line([{"type": f"{kind}.startup"}, {"type": f"{kind}.shutdown"}])
    scope = scope_of(kind)
    seen = await line.run(answers.ticket_app, scope)
    came = (isinstance(seen, ValueError), line.received, line.sent, office.calls)
    assert came == (True, 0, [], []), (
        f"For a scope of type {kind!r}, the application {returned_or_raised(seen)}. It "
        f"called `receive` {line.received} times, and sent {in_words(line.sent)}. The "
        "docstring asks for `ValueError`, and to receive and send nothing. Look at "
        "your first lines."
    )


async def test_q3_requests_at_the_same_time_have_their_own_body(answers: Any) -> None:
    office = Office(answers)
    scopes = [scope_of("http", method="POST", path=f"/tickets/{n}") for n in "abc"]
    lines = [Line([part(n, True), part(n, True), part(n)]) for n in (b"1", b"2", b"3")]
    pairs = zip(lines, scopes, strict=True)
    await asyncio.gather(*(line.run(answers.ticket_app, one) for line, one in pairs))
    asked = [
        ("POST", f"/tickets/{n}", body)
        for n, body in zip("abc", (b"111", b"222", b"333"), strict=True)
    ]
    assert sorted(office.calls) == asked, (
        "Three requests arrived at the same time, each in three messages. `box_office` "
        f"was called with {in_words(sorted(office.calls))}. The docstring asks for one "
        "call for each request, with its own body, such as b'111'."
    )


BIG = b"Nosferatu, 1; " * 20_000
SOLD = {
    "a first request": ("POST", "/tickets?day=2", b"M, 2", 201, b"Sold: M, 2"),
    "a body of 280 kB": ("POST", "/tickets", BIG, 201, b"Sold: " + BIG),
    "another path": ("GET", "/films/7", b"", 404, b"There is no such page."),
}


def size_of(reply: list[Any]) -> str:
    """Return the status code of a response, and the length of its body, in words."""
    status, body = reply
    if isinstance(body, Exception):
        return in_words(body)
    return f"{status} and {in_words(body[:20])} ({len(body)} bytes)"


def test_q3_uvicorn_serves_the_application(answers: Any) -> None:
    with serve(answers.ticket_app) as server:
        for error in [e for e in server.errors if isinstance(e, ValueError)]:
            server.errors.remove(error)  # of the lifespan, as the docstring asks
        for name, (method, url, body, *asked) in SOLD.items():
            seen = list(reply_of(server, method, url, content=body))
            # Compared before: of long bodies, pytest would show every difference.
            is_same = seen == asked
            assert is_same, (
                f"Uvicorn served three requests, one after the other. For {name}, the "
                f"client received {size_of(seen)}. The docstring asks for "
                f"{size_of(asked)}."
            )
        kind = server.client.get("/").headers.get("content-type")
    assert kind == "text/plain; charset=utf-8", (
        f"The response has the content type {kind!r}. The docstring asks for `HEADERS`."
    )
