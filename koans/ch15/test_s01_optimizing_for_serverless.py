"""The tests of section 15.1."""

import base64
import gzip
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count, cycle
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.testclient import TestClient
from mangum import Mangum
from starlette.types import Receive, Scope, Send

from lab import (
    LambdaInstance,
    Unavailable,
    attempt,
    fastapi_app,
    in_words,
    lambda_instance,
    outcome,
)


@contextmanager
def instance(
    create: Callable[[threading.Event], FastAPI],
    context: Callable[[], object] = lambda: None,
) -> Iterator[LambdaInstance]:
    """Yield an instance of the application on Lambda."""
    with ExitStack() as stack:
        try:
            running = stack.enter_context(lambda_instance(create, context))
        except Unavailable as missing:
            pytest.skip(str(missing))
        yield running


class Journal:
    """What happened in all instances, in the order of time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.touch()

    def add(self, what: str, *values: int) -> None:
        """Add an entry."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps([what, *values]) + "\n")

    def of(self, what: str) -> list[list[int]]:
        """Return the values of all entries of this kind."""
        lines = self.path.read_text(encoding="utf-8").splitlines()
        return [values for kind, *values in map(json.loads, lines) if kind == what]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """Return an empty journal."""
    return Journal(tmp_path / "journal.jsonl")


UNKNOWN = 404  # no order has this number, and no photo


class Shop:
    """The database and the model of the shop; each result is a new one."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.numbers = count(1)

    def connect(self) -> "Shop":
        """Open a connection."""
        self.journal.add("connect")
        return self

    def load_model(self) -> "Shop":
        """Load the model."""
        self.journal.add("load")
        return self

    def status(self, number: int) -> str:
        """Return the status of an order, another one for each call."""
        if number == UNKNOWN:
            raise LookupError(f"There is no order {number}.")
        return f"order {number!r}, change {next(self.numbers)}"

    def caption(self, photo: str) -> str:
        """Return a caption for a photo, another one for each call."""
        if photo == str(UNKNOWN):
            raise LookupError(f"There is no photo {photo}.")
        return f"photo {photo!r}, change {next(self.numbers)}"


@contextmanager
def shop(answers: Any, journal: Journal) -> Iterator[LambdaInstance]:
    """Yield an instance of the application of 15.1.1."""

    def create(_: threading.Event) -> FastAPI:
        given = Shop(journal)
        return fastapi_app(
            answers.shop_app(given.connect, given.load_model),
            "shop_app(connect, load_model)",
        )

    with instance(create) as running:
        yield running


def check(running: LambdaInstance, path: str, expected: object) -> None:
    """Check that `GET path` returns 200 and `expected`."""
    status, body = running.send("GET", path)
    assert (status, body) == (200, expected), (
        f"`GET {path}` returned {status} and {in_words(body)}. The docstring asks for "
        f"200 and {in_words(expected)}, which is the result of this call. Look at what "
        "the endpoint calls."
    )


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/health", "ok"),
        ("/orders/7", "order 7, change 1"),
        ("/orders/1234567", "order 1234567, change 1"),
    ],
    ids=["health", "order", "long_number"],
)
def test_q1_an_instance_starts_without_the_model(
    answers: Any, journal: Journal, path: str, body: str
) -> None:
    with shop(answers, journal) as running:
        check(running, path, body)

    loaded = len(journal.of("load"))
    assert loaded == 0, (
        f"A new instance received `GET {path}` only. Calls of `load_model` until then: "
        f"{loaded}. The docstring asks to load the model at the first request for a "
        "caption. Look at the line that calls `load_model`."
    )


def test_q1_the_first_caption_loads_the_model_once(
    answers: Any, journal: Journal
) -> None:
    loaded = []
    with shop(answers, journal) as running:
        check(running, "/health", "ok")
        for number, photo in enumerate(("Beach", "cake", "Beach"), 1):
            loaded.append(len(journal.of("load")))
            check(
                running, f"/photos/{photo}/caption", f"photo {photo!r}, change {number}"
            )
        loaded.append(len(journal.of("load")))

    assert loaded == [0, 1, 1, 1], (
        "An instance received `GET /health` and three requests for captions. After "
        f"each of the four, it had called `load_model` {in_words(loaded)} times. The "
        "docstring asks for [0, 1, 1, 1]. Look at where the model is kept."
    )


@pytest.mark.parametrize(
    "paths",
    [
        ["/orders/7", "/orders/8", "/orders/7"],
        ["/photos/dog/caption", "/orders/9", "/photos/dog/caption", "/orders/9"],
    ],
    ids=["orders", "both"],
)
def test_q1_an_instance_opens_one_connection(
    answers: Any, journal: Journal, paths: list[str]
) -> None:
    with shop(answers, journal) as running:
        for number, path in enumerate(paths, 1):
            _, kind, name, *_ = path.split("/")
            what = f"order {name}" if kind == "orders" else f"photo {name!r}"
            check(running, path, f"{what}, change {number}")
            check(running, "/health", "ok")

    opened = len(journal.of("connect"))
    assert opened == 1, (
        f"An instance received requests to {', '.join(paths)}. Calls of `connect`: "
        f"{opened}. The docstring asks for one connection in each instance. Look "
        "at the line that calls `connect`."
    )


def test_q1_the_order_is_a_number_as_before(answers: Any, journal: Journal) -> None:
    with shop(answers, journal) as running:
        status, body = running.send("GET", "/orders/beach")
        check(running, "/orders/0", "order 0, change 1")
        check(running, "/orders/-12", "order -12, change 2")

    seen = status, len(journal.of("load")), len(journal.of("connect"))
    assert seen == (422, 0, 1), (
        f"`GET /orders/beach` returned {status} and {in_words(body)}. After two more "
        f"orders, `load_model` and `connect` had been called {seen[1]} and {seen[2]} "
        "times. The docstring asks for the same responses as before (422), and for 0 "
        "and 1 calls. Look at the parameters of the endpoint."
    )


def test_q1_many_requests_use_one_model_and_one_connection(
    answers: Any, journal: Journal
) -> None:
    with shop(answers, journal) as running:
        for number in range(1, 40, 2):
            check(running, f"/orders/{number}", f"order {number}, change {number}")
            photo = f"photo '{number}', change {number + 1}"
            check(running, f"/photos/{number}/caption", photo)

    seen = len(journal.of("load")), len(journal.of("connect"))
    assert seen == (1, 1), (
        "An instance received 20 requests for orders and 20 for captions. It called "
        f"`load_model` {seen[0]} times and `connect` {seen[1]} times. The docstring "
        "asks for one call of each. Look at where both are kept."
    )


def test_q1_the_responses_stay_the_same(answers: Any, journal: Journal) -> None:
    what, given = "`shop_app(connect, load_model)`", Shop(journal)
    app = attempt(what, answers.shop_app, given.connect, given.load_model)
    responses = {
        "/health": (200, '"ok"'),
        "/orders/0": (200, '"order 0, change 1"'),
        f"/orders/{UNKNOWN}": (500, "Internal Server Error"),
        "/orders": (404, '{"detail":"Not Found"}'),
        "/photos/beach": (404, '{"detail":"Not Found"}'),
        "/orders/-1": (200, '"order -1, change 2"'),
        f"/photos/{UNKNOWN}/caption": (500, "Internal Server Error"),
        "/photos/a%20B/caption": (200, "\"photo 'a B', change 3\""),
    }
    loads = []
    with TestClient(fastapi_app(app, what), raise_server_exceptions=False) as client:
        for path, expected in responses.items():
            response = client.get(path)
            seen = response.status_code, response.text
            assert seen == expected, (
                f"`GET {path}` returned {seen[0]} and the text {in_words(seen[1])}. "
                f"The docstring asks for the response as before: {expected[0]} and "
                f"{in_words(expected[1])}. Look at what the endpoint returns or raises."
            )
            loads.append(len(journal.of("load")))
    opened = len(journal.of("connect"))
    assert (loads, opened) == ([0] * 6 + [1, 1], 1), (
        f"An instance received six requests, and then two for captions. After each, "
        f"the calls of `load_model` were {in_words(loads)}, and those of `connect` "
        f"{opened} in all. The docstring asks for one of each. Some responses were "
        "errors. Look at what is kept then."
    )


def test_q1_headers_and_documentation_stay_the_same(
    answers: Any, journal: Journal
) -> None:
    what, given = "`shop_app(connect, load_model)`", Shop(journal)
    app = attempt(what, answers.shop_app, given.connect, given.load_model)
    names = ["content-length", "content-type"]
    with TestClient(fastapi_app(app, what)) as client:
        for path in ("/docs", "/openapi.json", "/health", "/orders/7"):
            response = client.get(path)
            seen = response.status_code, sorted(response.headers)
            assert seen == (200, names), (
                f"`GET {path}` returned {seen[0]} with the headers {in_words(seen[1])}."
                f" The docstring asks for the response as before: 200 and {names}. Look"
                " at the arguments of `FastAPI`, and at what sets headers."
            )
    loaded = len(journal.of("load"))
    assert loaded == 0, (
        f"After requests without a caption, the calls of `load_model` were {loaded}. "
        "The docstring asks for none. Look at the line that calls `load_model`."
    )


@dataclass
class Sent:
    """A request of a client."""

    method: str = "GET"
    path: str = "/albums"
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    encode: bool = False  # whether API Gateway sends the body as Base64

    def event(self) -> dict[str, Any]:
        """Return the event that API Gateway makes of it."""
        event = {
            "requestContext": {"http": {"method": self.method}},
            "rawPath": self.path,
            "rawQueryString": self.query,
            "headers": dict(self.headers),
            "isBase64Encoded": self.encode and self.body is not None,
        }
        if self.body is not None:
            sent = base64.b64encode(self.body) if self.encode else self.body
            event["body"] = sent.decode()
        return event

    def __str__(self) -> str:
        return f"{self.method} {self.path}" + (f"?{self.query}" if self.query else "")


@dataclass
class Received:
    """A response as API Gateway sends it to the client."""

    status: int
    headers: dict[str, str]
    body: bytes


def handler_of(answers: Any, app: FastAPI) -> Any:
    """Return the function of 15.1.2 for an application."""
    handler = attempt("`handler_for(app)`", answers.handler_for, app)
    assert callable(handler), (
        f"`handler_for(app)` returned {in_words(handler)}. The docstring asks for the "
        "function that Lambda calls with an event and a context. Look at the `return` "
        "of `handler_for`."
    )
    return handler


def respond(handler: Any, sent: Sent) -> Received:
    """Return what the client receives for a request."""
    event = sent.event()
    result = outcome(lambda: handler(event, None))
    asked = (
        "The docstring asks for a number `statusCode`, strings in `headers`, a string "
        "`body` and a bool `isBase64Encoded`. Look at the dict that you return."
    )
    has = "has a" if "body" in event else "has no"
    place = "the types of what you pass to `call`, and of what it returns"
    if isinstance(result, KeyError):
        place = "the keys that you read"
    if isinstance(result, UnicodeDecodeError):
        place = "how bytes become a string: not all bytes are UTF-8"
    assert not isinstance(result, Exception), (
        f"For `{sent}`, the handler raised {in_words(result)}. The event {has} `body`. "
        f"The docstring asks for the response. Look at {place}."
    )
    try:
        status, headers = result["statusCode"], result["headers"]
        body, is_encoded = result["body"], result["isBase64Encoded"]
    except (KeyError, TypeError):
        status, headers, body, is_encoded = None, {}, "", False
    strings = [
        body,
        *headers,
        *(headers.values() if isinstance(headers, dict) else [0]),
    ]
    fits = isinstance(is_encoded, bool) and isinstance(status, int)
    fits = fits and all(isinstance(one, str) for one in strings)
    assert fits, (
        f"For the event of `{sent}`, the handler returned {in_words(result)}. {asked}"
    )
    try:
        content = base64.b64decode(body, validate=True) if is_encoded else body.encode()
    except ValueError:
        raise AssertionError(
            f"For `{sent}`, `isBase64Encoded` was {is_encoded}, but the body "
            f"{in_words(body[:40])} is not {'Base64' if is_encoded else 'UTF-8'}. The "
            "docstring asks for the text of the response, or for its bytes as Base64. "
            "Look at how the body becomes a string."
        ) from None
    return Received(status, {name.lower(): headers[name] for name in headers}, content)


METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def echo_app() -> FastAPI:
    """Create an application that returns what it has received."""
    app = FastAPI(openapi_url=None)

    @app.api_route("/{path:path}", methods=METHODS)
    async def echo(request: Request) -> Response:
        names = set(request.headers)
        received = {
            "method": request.method,
            "path": request.scope["path"],
            "query string": request.scope["query_string"].decode(),
            "headers": {name: request.headers.getlist(name) for name in sorted(names)},
            "body": base64.b64encode(await request.body()).decode(),
        }
        # ASCII, so that a fault of the response does not look like one of the request
        text = json.dumps(received, separators=(",", ":"))
        return Response(text, media_type="application/json")

    return app


def arrives(answers: Any, what: str, *requests: Sent) -> None:
    """Check what the application receives as `what` for each of the requests."""
    handler = handler_of(answers, echo_app())
    for sent in requests:
        response = respond(handler, sent)
        try:
            seen = json.loads(response.body)[what]
        except (ValueError, KeyError, TypeError):
            seen = f"{response.status}: {response.body!r}"
        expected: object = {
            "method": sent.method,
            "path": sent.path and decoded(sent.path),
            "query string": sent.query,
            "headers": {name: [value] for name, value in sent.headers.items()},
            "body": base64.b64encode(sent.body or b"").decode(),
        }[what]
        if what == "body" and isinstance(seen, str) and isinstance(expected, str):
            seen, expected = plain(seen), plain(expected)
        if isinstance(seen, dict) and isinstance(expected, dict):
            names = {name for each in requests for name in each.headers}
            seen = {name: seen[name] for name in sorted(names) if name in seen}
            expected = dict(sorted(expected.items()))
        event = f"the event of `{sent}`"
        if what == "body":
            event += f" has `isBase64Encoded` {sent.encode}"
        assert seen == expected, (
            f"The application received the {what} {in_words(seen)}. The docstring asks "
            f"for {in_words(expected)} ({event}). Look at what you pass to `call`."
        )


def plain(text: str) -> bytes | str:
    """Return what Base64 stands for, or the text itself if it is none."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return text


DECODED = {
    "/albums/Z%C3%BCrich": "/albums/Zürich",
    "/albums/100%25": "/albums/100%",
    "/albums/a%2520b": "/albums/a%20b",
    "/albums/a%2Bb": "/albums/a+b",
    "/albums/a%2Fb%3Fc%23d": "/albums/a/b?c#d",
}


def decoded(path: str) -> str:
    """Return the path in a scope for a path in an event."""
    return DECODED.get(path, path)


@pytest.mark.parametrize("method", METHODS)
def test_q2_the_application_receives_the_method(answers: Any, method: str) -> None:
    handler = handler_of(answers, echo_app())
    response = respond(handler, Sent(method, "/albums/7"))
    seen = response.body.decode()
    assert f'"method":"{method}","path":"/albums/7"' in seen, (
        f"The event has the method {method!r} and the path '/albums/7'. The "
        f"application received {in_words(seen)}. The docstring asks for the method and "
        "the path of the event. Look at the scope."
    )


@pytest.mark.parametrize(
    "path", ["/", "/prints", "/albums/", "/albums/a+b", "/Albums//B", *DECODED]
)
def test_q2_the_application_receives_the_decoded_path(answers: Any, path: str) -> None:
    arrives(answers, "path", Sent(path="/albums"), Sent(path=path))


@pytest.mark.parametrize("query", ["page=2", "tag=a%26b&tag=c", "q=a+b%20c&empty="])
def test_q2_the_application_receives_the_query_string(answers: Any, query: str) -> None:
    arrives(answers, "query string", Sent(query=query), Sent(), Sent(query=query[::2]))


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "prints.example", "authorization": "Bearer a=="},
        {"host": "pictures.example", "accept": "text/html, */*", "x-empty": ""},
        {"cookie": "a=1; b=C", "content-type": "text/plain", "content-length": "0"},
    ],
)
def test_q2_the_application_receives_all_headers(
    answers: Any, headers: dict[str, str]
) -> None:
    other = {"x-album": "Summer", "host": "www.example"}
    arrives(answers, "headers", Sent(headers=headers), Sent(headers=other))


@pytest.mark.parametrize(
    ("body", "encode"),
    [
        (b"Summer", False),
        ("Größe 10 € pro Stück, 照片".encode(), False),
        (b"U3VtbWVy", False),
        (b"U3VtbWVy", True),
        (b"\x00\x89PNG\r\n\xff\xfe\x80=", True),
        (bytes(range(256)) * 400, True),
        (b"\xef\xbb\xbf name;price\r\n print;2 \n\n", False),
        (b"", True),
        (b"", False),
    ],
    ids=[
        "text",
        "umlauts",
        "not_base64",
        "text_twice",
        "bytes",
        "large",
        "lines",
        "empty",
        "no_text",
    ],
)
def test_q2_the_application_receives_the_body(
    answers: Any, body: bytes, encode: bool
) -> None:
    sent = Sent("POST", body=body, encode=encode)
    arrives(answers, "body", Sent("POST", body=b"Winter"), sent, Sent("POST"))


def test_q2_a_request_without_a_body_has_an_empty_body(answers: Any) -> None:
    no_body = Sent("PUT"), Sent("DELETE")
    arrives(answers, "body", *no_body, Sent("PUT", body=b"x"), *no_body)


def test_q2_the_adapter_does_not_use_mangum(
    answers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[str] = []
    convert = Mangum.__call__

    def note(mangum: Mangum, event: Any, context: Any) -> dict[str, Any]:
        used.append(event["rawPath"])
        return convert(mangum, event, context)

    monkeypatch.setattr(Mangum, "__call__", note)
    arrives(answers, "path", Sent(path="/albums/7"))
    assert not used, (
        f"The adapter called Mangum for the event of `GET {used[0]}`. The docstring "
        "asks to complete the adapter without Mangum. Look at what `handler` calls."
    )


@pytest.mark.parametrize("method", METHODS)
def test_q2_each_method_can_have_a_body(answers: Any, method: str) -> None:
    photo = Sent(method, body=b"\xff\xd8", encode=True)
    arrives(answers, "body", Sent(method, body=b"Summer"), photo, Sent(method))


def returns_app(status: int, headers: dict[str, str], body: bytes) -> FastAPI:
    """Create an application that returns this response to `GET /albums`."""
    app = FastAPI(openapi_url=None)

    @app.get("/albums")
    def respond() -> Response:
        return Response(body, status, headers)

    return app


@pytest.mark.parametrize("status", [200, 201, 204, 307, 404, 503])
def test_q2_the_dict_has_the_status_code(answers: Any, status: int) -> None:
    content = b"" if status == 204 else b"text"
    headers = {"x-album": f"number {status}", "location": "/albums/8"}
    app = returns_app(status, headers, content)
    response = respond(handler_of(answers, app), Sent())
    seen = response.status, response.headers.get("x-album"), response.body
    assert seen == (status, f"number {status}", content), (
        f"For `GET /albums`, the application returns {status}, the header `x-album: "
        f"number {status}`, and the body {content!r}. The dict had {seen[0]}, the "
        f"header {in_words(seen[1])}, and the body {in_words(seen[2])}. The docstring "
        "asks for those of the response. Look at the dict that you return."
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"location": "/Albums/8", "content-type": "text/plain"},
        {"content-type": "image/png", "etag": '"a,b: c"', "x-prints": "4"},
    ],
)
def test_q2_the_dict_has_all_headers(answers: Any, headers: dict[str, str]) -> None:
    app = returns_app(200, headers, b"text")
    response = respond(handler_of(answers, app), Sent())
    expected = {**headers, "content-length": "4"}
    assert response.headers == expected, (
        f"The application returned the headers {in_words(expected)}. The dict had "
        f"{in_words(response.headers)}. The docstring asks for all headers of the "
        "response. Look at what `call` returns."
    )


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", '{"price": "2 €", "name": "Zoë"}'.encode()),
        ("image/png", b"\x89PNG\r\n\x1a\n\x00\xff"),
        ("text/plain; charset=latin-1", "Größe".encode("latin-1")),
        ("application/zip", b"UEsDBBQA"),
        ("text/csv", b"\xef\xbb\xbf name;price\r\n print;2 \n\n"),
        ("application/json", b'{ "price" : 2.50, "price": 2e0 }\n'),
        ("text/html", b"<p>\xc3</p>"),
        ("image/png", bytes(range(256)) * 400),
        ("text/plain", b""),
        ("text/html; charset=utf-8", gzip.compress(b"<p>Summer</p>", mtime=0)),
        ("application/pdf", b"%PDF-1.7\n" + b"1 0 obj\n" * 2000 + b"\xe2\xe3"),
    ],
    ids=[
        "json",
        "photo",
        "latin_1",
        "zip",
        "lines",
        "spaces",
        "not_utf_8",
        "large",
        "empty",
        "gzip",
        "pdf",
    ],
)
def test_q2_the_body_comes_back_unchanged(answers: Any, kind: str, body: bytes) -> None:
    headers = {"content-type": kind}
    if body.startswith(b"\x1f\x8b"):
        headers["content-encoding"] = "gzip"
    app = returns_app(202, headers, body)
    response = respond(handler_of(answers, app), Sent())
    seen = response.status, response.body
    assert seen == (202, body), (
        f"The application returned 202 and {len(body)} bytes, {in_words(body[:12])}... "
        f"From the dict, the client received {seen[0]} and {len(seen[1])} bytes, "
        f"{in_words(seen[1][:12])}... The docstring asks for the same body. Look at "
        "how the body becomes a string."
    )


class Parts(Response):
    """A response that sends its body in two parts."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response."""
        start = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **start})
        for part, more in ((self.body[:1], True), (self.body[1:], False)):
            body = {"type": "http.response.body", "body": part, "more_body": more}
            await send(body)


def test_q2_each_event_has_its_own_response(answers: Any) -> None:
    app, echoes = FastAPI(), handler_of(answers, echo_app())

    @app.get("/photo")
    def photo(number: int) -> Response:
        return Parts(b"\xff%d" % number, 203)

    handler = handler_of(answers, app)
    seen = []
    for number in (1, 2):
        seen.append(
            respond(handler, Sent(path="/photo", query=f"number={number}")).body
        )
        respond(echoes, Sent("POST", body=b"between"))
    seen.append(b"%d" % respond(handler, Sent(path="/photo", query="number=x")).status)
    assert seen == [b"\xff1", b"\xff2", b"422"], (
        "Two handlers received events in turn. For three events of "
        f"`GET /photo?number=...`, one returned {in_words(seen)}. The docstring asks "
        "for [b'\\xff1', b'\\xff2', b'422']. Look at what the handler keeps."
    )


@dataclass
class Context:
    """The context object of one request; its clock moves with the work."""

    remaining: int

    def get_remaining_time_in_millis(self) -> int:
        """Return how much time remains for the request."""
        return self.remaining


class Photo(bytes):
    """A photo that knows how many others are in memory."""

    in_memory = 0

    def __new__(cls, content: bytes) -> "Photo":
        """Put the photo into memory."""
        cls.in_memory += 1
        return super().__new__(cls, content)

    def __del__(self) -> None:
        type(self).in_memory -= 1


class Prints:
    """An album, the printer, and the clock of Lambda."""

    added = 0  # photos that are added before each request

    def __init__(
        self, journal: Journal, photos: int, times: list[int], *costs: int
    ) -> None:
        self.journal, self.photos, self.costs = journal, photos, costs
        self.starts, self.times = times, cycle(times)  # one for each request, in ms

    def __len__(self) -> int:
        return self.photos

    def __str__(self) -> str:
        times, costs = (
            " or ".join(map(str, each)) for each in (self.starts, self.costs)
        )
        return (
            f"the album has {self.photos} photos, a request has {times} ms, and a "
            f"print takes {costs} ms"
        )

    def new_context(self) -> Context:
        """Return the context object of the next request."""
        self.photos += self.added
        self.context = Context(next(self.times))
        return self.context

    def read(self, number: int) -> Photo:
        """Read a photo."""
        if number not in range(self.photos):
            raise IndexError(f"There is no photo {number}.")
        photo = Photo(b"photo %d" % number)
        self.journal.add("read", self.context.remaining, Photo.in_memory, number)
        return photo

    def make_print(self, photo: bytes) -> None:
        """Print a photo, which takes some of the remaining time."""
        number = int(photo.removeprefix(b"photo "))
        self.journal.add("print", number)
        self.context.remaining -= self.costs[number % len(self.costs)]


@contextmanager
def prints(answers: Any, given: Prints) -> Iterator[LambdaInstance]:
    """Yield an instance of the application of 15.1.3."""

    def create(_: threading.Event) -> FastAPI:
        return fastapi_app(
            answers.prints_app(given, given.make_print), "prints_app(album, make_print)"
        )

    with instance(create, given.new_context) as running:
        yield running


def check_print(
    running: LambdaInstance, given: Prints, first: int | None, expected: object
) -> None:
    """Send `POST /prints`, and check which number the response has."""
    path = "/prints" if first is None else f"/prints?first={first}"
    status, body = running.send("POST", path)
    assert (status, body) == (200, {"next": expected}), (
        f"`POST {path}` returned {status} and {in_words(body)}. The docstring asks for "
        f"200 and {in_words({'next': expected})}: {given}. Look at when you stop, and "
        "at what you return then."
    )


def printed(journal: Journal) -> list[int]:
    """Return the numbers of the photos that were printed."""
    return [number for (number,) in journal.of("print")]


def check_printed(journal: Journal, expected: list[int]) -> None:
    """Check which photos were printed in all."""
    seen = printed(journal)
    assert seen == expected, (
        f"The photos {in_words(seen)} were printed. The docstring asks for "
        f"{in_words(expected)}. Look at where the loop begins and ends, and at the "
        "order of the prints."
    )
    read = [number for _, _, number in journal.of("read")]
    assert read == expected, (
        f"The photos {in_words(read)} were read, but {in_words(seen)} were printed. "
        "The docstring asks to look at the time first, and then to read the photo and "
        "to print it. Look at when each photo is read."
    )


@pytest.mark.parametrize("photos", [7, 70, 700])
def test_q3_at_most_five_photos_are_in_memory(
    answers: Any, journal: Journal, photos: int
) -> None:
    given = Prints(journal, photos, [900_000], 10)
    with prints(answers, given) as running:
        check_print(running, given, None, None)
        for first in range(photos - 6, photos):
            check_print(running, given, first, None)
    starts = [0, *range(photos - 6, photos)]
    check_printed(journal, [n for first in starts for n in range(first, photos)])
    most = max(held for _, held, _ in journal.of("read"))
    assert most <= 5, (
        f"Seven requests printed an album of {photos} photos, or its end. In memory at "
        f"the same time: {most} photos. The docstring asks for at most five. Look at "
        "when each photo is read, and at what is kept."
    )


@pytest.mark.parametrize(
    ("time", "costs", "stops_at"),
    [
        (9_999, (1_000,), 0),
        (10_000, (1_000,), 1),
        (10_001, (1,), 2),
        (12_500, (1_000,), 3),
        (31_000, (500,), 43),
        (40_000, (9_000, 10, 10), 10),
        (29_000, (10, 10, 10, 10, 18_961), 5),
    ],
    ids=["9999", "10000", "10001", "12500", "31000", "uneven", "late"],
)
def test_q3_no_photo_is_begun_in_the_last_10_s(
    answers: Any, journal: Journal, time: int, costs: tuple[int, ...], stops_at: int
) -> None:
    given = Prints(journal, 50, [time], *costs)
    with prints(answers, given) as running:
        check_print(running, given, None, stops_at)
    check_printed(journal, list(range(stops_at)))
    late = [left for left, _, _ in journal.of("read") if left < 10_000]
    assert not late, (
        f"Photos were read when {in_words(late)} ms remained. The docstring asks not "
        "to read a photo if less than 10,000 ms remain. Look at when you ask for the "
        "remaining time."
    )


def test_q3_the_next_request_goes_on(answers: Any, journal: Journal) -> None:
    given = Prints(journal, 8, [12_000], 1_000)
    with prints(answers, given) as running:
        check_print(running, given, None, 3)
        check_print(running, given, 3, 6)
        check_print(running, given, 6, None)
    check_printed(journal, list(range(8)))


def test_q3_each_request_begins_at_its_own_number(
    answers: Any, journal: Journal
) -> None:
    given = Prints(journal, 9, [11_000], 1_000)
    with prints(answers, given) as running:
        check_print(running, given, 4, 6)
        check_print(running, given, None, 2)
        check_print(running, given, 4, 6)
        refused = [
            running.send("POST", f"/prints?first={first}")[0] for first in (-1, "x")
        ]
    assert refused == [422, 422], (
        f"`POST /prints` with `first=-1` and `first=x` returned {in_words(refused)}. "
        "The docstring asks to repair the endpoint. Before, both returned 422. Look at "
        "the parameters of the endpoint."
    )
    check_printed(journal, [4, 5, 0, 1, 4, 5])


def test_q3_an_album_can_grow_between_two_requests(
    answers: Any, journal: Journal
) -> None:
    given = Prints(journal, 3, [11_000], 1_000)
    given.added = 3
    with prints(answers, given) as running:
        seen = [running.send("POST", f"/prints?first={n}")[1] for n in (3, 5)]
    expected = [{"next": 5}, {"next": 7}]
    assert seen == expected, (
        "Photos were added: the album had 3 at the cold start, and then 6 and 9. A "
        "request has 11000 ms, and a print takes 1000 ms. `first=3` and `first=5` "
        f"returned {in_words(seen)}. The docstring asks for {in_words(expected)}. Look "
        "at when you ask for the length of the album."
    )
    check_printed(journal, [3, 4, 5, 6])


@pytest.mark.parametrize(
    ("photos", "first", "time"),
    [(3, 0, 12_000), (3, 2, 10_000), (1, 0, 10_500), (2, 1, 60_000)],
)
def test_q3_null_is_returned_after_the_last_photo(
    answers: Any, journal: Journal, photos: int, first: int, time: int
) -> None:
    given = Prints(journal, photos, [time, 9_000], 1_000)
    with prints(answers, given) as running:
        check_print(running, given, first, None)
        check_print(running, given, first, first)
    check_printed(journal, list(range(first, photos)))


@pytest.mark.parametrize("first", [2, 5])
def test_q3_null_is_returned_if_no_photo_is_left(
    answers: Any, journal: Journal, first: int
) -> None:
    given = Prints(journal, 2, [5_000], 1_000)
    with prints(answers, given) as running:
        check_print(running, given, first, None)
        check_print(running, given, 1, 1)
    check_printed(journal, [])


def test_q3_null_is_returned_for_an_empty_album(answers: Any, journal: Journal) -> None:
    given = Prints(journal, 0, [5_000], 1_000)
    with prints(answers, given) as running:
        check_print(running, given, None, None)
    given = Prints(journal, 1, [5_000], 1_000)
    with prints(answers, given) as running:
        check_print(running, given, None, 0)
