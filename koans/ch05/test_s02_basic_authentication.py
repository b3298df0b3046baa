"""The tests of section 5.2."""

import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.client import HTTPMessage
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import Body, Depends, FastAPI, HTTPException, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import StreamingResponse
from fastapi.security import HTTPBasic, HTTPBasicCredentials

from lab import (
    Tls,
    Wire,
    attempt,
    client,
    fastapi_app,
    in_words,
    json_or_text,
    outcome,
    serve,
    stand_in,
    tls,
    wire,
)


def seen(response: httpx2.Response) -> tuple[int, Any]:
    """Return the status code and the body of a response."""
    return response.status_code, json_or_text(response)


def basic(name: str, password: str) -> str:
    """Return the header `Authorization` for these credentials."""
    return f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"


NAME, PASSWORD = "display", "c:7:Tq"
ACCOUNTS = [(NAME, PASSWORD), ("Display2", " spaced out ")]


def read_queue(app: object, authorization: str | None) -> httpx2.Response:
    """Return the response of the application of 5.2.1."""
    headers = {"Authorization": authorization} if authorization is not None else {}
    with client(fastapi_app(app, "screen_app(name, password)")) as http:
        response: httpx2.Response = attempt(
            f"`GET /queue` with `Authorization: {authorization}`"
            if authorization is not None
            else "`GET /queue` without the header `Authorization`",
            lambda: http.get("/queue", headers=headers),
        )
    return response


@pytest.mark.parametrize(("name", "password"), ACCOUNTS, ids=["colons", "spaces"])
def test_q1_the_right_credentials_return_the_queue(answers, name, password):
    waiting = [3]
    stand_in(answers.queue, lambda: list(waiting))
    app = answers.screen_app(name, password)
    answers.screen_app("other", "other")

    got = [seen(read_queue(app, basic(name, password)))]
    waiting[:] = []
    got.append(seen(read_queue(app, basic(name, password))))
    waiting[:] = [5, 4]
    got.append(seen(read_queue(app, basic(name, password).replace("Basic", "basic"))))
    asked = [(200, [3]), (200, []), (200, [5, 4])]
    codes = [code for code, _ in got]
    odd = next((one for one, right in zip(got, asked, strict=True) if one != right), 0)
    assert got == asked, (
        f"The screen logged in with {name!r} and {password!r}, while the queue was "
        f"[3], [] and [5, 4]. The status codes were {codes}. One response was "
        f"{in_words(odd)}. The docstring asks for 200 and what `queue()` returns. Look "
        "at how you compare, and at the `return`."
    )


HEADERS = {
    "missing": None,
    "empty": "",
    "scheme-only": "Basic",
    "other-scheme": "Bearer c:7:Tq",
    "no-base64": "Basic %%%",
    "plain": f"Basic {NAME}:{PASSWORD}",
    "no-colon": f"Basic {b64encode(NAME.encode()).decode()}",
    "not-utf8": f"Basic {b64encode(bytes([255, 58, 254])).decode()}",
    "not-ascii": basic(NAME, "grün"),
    "wrong-name": basic("admin", PASSWORD),
    "wrong-password": basic(NAME, "guess"),
    "both-wrong": basic("admin", "guess"),
    "swapped": basic(PASSWORD, NAME),
    "shifted": basic(NAME[:-1], NAME[-1] + PASSWORD),
    "empty-password": basic(NAME, ""),
    "empty-both": basic("", ""),
    "start": basic(NAME, "c:7:T"),
    "longer": basic(NAME, f"{PASSWORD}x"),
    "longer-name": basic(f"{NAME}x", PASSWORD),
    "first-part": basic(NAME, "c"),
    "last-part": basic(NAME, "Tq"),
    "small": basic(NAME, PASSWORD.lower()),
    "small-name": basic(NAME.upper(), PASSWORD),
    "space": basic(NAME, f"{PASSWORD} "),
    "zero": basic(NAME, f"{PASSWORD}\0"),
}


@pytest.mark.parametrize("authorization", HEADERS.values(), ids=HEADERS)
def test_q1_other_credentials_return_401_with_the_challenge(answers, authorization):
    app = answers.screen_app(NAME, PASSWORD)

    response = read_queue(app, authorization)
    challenge = response.headers.get("www-authenticate")
    scheme, _, realm = (challenge or "").split(",")[0].partition(" ")
    got = (response.status_code, scheme.lower(), realm)
    look_at = (
        "Look at how you compare."
        if response.status_code == 200
        else "Look at what returns 401: `HTTPBasic` and your code."
    )
    what = f"`Authorization: {authorization}`" if authorization else "no credentials"
    assert got == (401, "basic", 'realm="clinic"'), (
        f"The right credentials are {NAME!r} and {PASSWORD!r}. With {what} the status "
        f"code was {response.status_code}, and the header `WWW-Authenticate` was "
        f"{challenge!r}. The docstring asks for 401 and 'Basic realm=\"clinic\"'. "
        f"{look_at}"
    )


def test_q1_each_request_is_checked(answers):
    app = answers.screen_app(NAME, PASSWORD)
    sent = [(NAME, PASSWORD), (NAME, "no"), ("admin", PASSWORD), (NAME, PASSWORD)]

    got = [read_queue(app, basic(*credentials)).status_code for credentials in sent]
    assert got == [200, 401, 401, 200], (
        f"Four requests had the credentials {in_words(sent)}. They returned {got}. The "
        "docstring asks for 401 if one of them is wrong, also after the right ones. "
        "Look at what your code keeps after a request."
    )


def comparisons(
    answers: Any, name: str, password: str, *, result: bool | None = None
) -> tuple[httpx2.Response, list[tuple[object, ...]]]:
    """Return the response to these credentials, and the arguments of `same`.

    `same` compares, or returns `result` if it is given.
    """
    calls: list[tuple[object, ...]] = []

    def same(one: object, other: object) -> bool:
        calls.append((one, other))
        return one == other if result is None else result

    stand_in(answers.same, same)
    return read_queue(answers.screen_app(NAME, PASSWORD), basic(name, password)), calls


WRONG = {"name": ("admin", PASSWORD), "password": (NAME, "no"), "both": ("admin", "no")}


def test_q1_name_and_password_are_always_compared(answers):
    counts = {
        what: len(comparisons(answers, *credentials)[1])
        for what, credentials in {**WRONG, "nothing": (NAME, PASSWORD)}.items()
    }
    assert len(set(counts.values())) == 1, (
        f"The calls of `same`, by what was wrong: {counts}. The docstring asks to "
        "compare the name and the password always: else the time shows whether the "
        "name is right. Look at what Python skips after the first comparison."
    )
    for first, second in (
        (("admin", "no-1"), ("admin", "no-2")),
        (("admin-1", "no"), ("admin-2", "no")),
    ):
        got = [comparisons(answers, *sent)[1] for sent in (first, second)]
        assert got[0] != got[1], (
            f"Two requests had the wrong credentials {first} and {second}. Both times, "
            f"`same` was called with {in_words(got[0])}. The docstring asks to compare "
            "the name and the password always. Look at what you pass to `same`."
        )
    _, calls = comparisons(answers, NAME, "no")
    are_bytes = [isinstance(part, bytes) for call in calls for part in call]
    is_compared = bool(are_bytes) and all(are_bytes)
    assert is_compared, (
        f"`same` was called with {in_words(calls)}. The docstring asks to compare the "
        "name and the password as bytes with `same`. Look at `encode()`."
    )


@pytest.mark.parametrize("wrong", WRONG)
def test_q1_same_decides(answers, wrong):
    if_true, _ = comparisons(answers, *WRONG[wrong], result=True)
    if_false, _ = comparisons(answers, NAME, PASSWORD, result=False)
    statuses = (if_true.status_code, if_false.status_code)
    assert statuses == (200, 401), (
        "The test let `same` return True for wrong credentials, and False for the "
        f"right ones. The status codes were {statuses}. The docstring asks to compare "
        "the name and the password with `same`. Look for another comparison in your "
        "code."
    )


def test_q1_a_wrong_name_has_the_same_response_as_a_wrong_password(answers):
    app = answers.screen_app(NAME, PASSWORD)
    responses = [read_queue(app, basic(*pair)) for pair in WRONG.values()]
    got = [(seen(one), sorted(one.headers.items())) for one in responses]

    assert got[0] == got[1] == got[2], (
        "The responses to a wrong name, a wrong password, and both were "
        f"{in_words([what for what, _ in got])}. The docstring asks for the same "
        "response. Look at the body and the headers of your responses."
    )
    assert got[0][0][0] == 401, (
        f"The response to a wrong name was {in_words(got[0][0])}. The docstring asks "
        "for 401."
    )


def records() -> FastAPI:
    """Return an application of the clinic that two persons can use."""
    app, logins = FastAPI(), {("ana", "tea:9:x"), ("ben", "p=ss/wörd?~")}

    def logged_in(login: Annotated[HTTPBasicCredentials, Depends(HTTPBasic())]) -> None:
        if (login.username, login.password) not in logins:
            raise HTTPException(401, headers={"WWW-Authenticate": "Basic"})

    @app.api_route(
        "/{path:path}", methods=["GET", "PUT"], dependencies=[Depends(logged_in)]
    )
    def anything(path: str, body: Annotated[bytes, Body()] = b"") -> str:
        return path

    return app


@contextmanager
def recorded(sides: Tls | None) -> Iterator[tuple[httpx2.Client, Wire]]:
    """Yield a client of `records()`, and the line between the two."""
    with serve(records(), tls=sides) as server, wire(server.port) as line:
        url = server.url.replace(str(server.port), str(line.port))
        verify = sides.client if sides else False
        with httpx2.Client(base_url=url, verify=verify, trust_env=False) as http:
            yield http, line


@cache
def sent_by(*logins: tuple[str, str], is_https: bool = False) -> bytes:
    """Return the bytes that a program sends with these credentials.

    They do not depend on the answer, so they are recorded once.
    """
    with recorded(tls() if is_https else None) as (http, line):
        for number, login in enumerate(logins):
            method = ("GET", "PUT")[number % 2]
            http.request(method, f"/records/{number}", auth=login, json=[1])
        return bytes(line.sent)


def heard_in(answers: Any, line: bytes) -> object:
    """Return what `overhear` finds, as a list if it is a tuple."""
    heard = outcome(lambda: answers.overhear(bytes(line)))
    assert not isinstance(heard, Exception), (
        f"`overhear(line)` raised {in_words(heard)}. `line` has {len(line)} bytes and "
        f"begins with {in_words(bytes(line[:40]))}. The docstring asks for a list of "
        "names and passwords. Look at how you find and decode the codes."
    )
    return list(heard) if isinstance(heard, tuple) else heard


ANA, BEN = ("ana", "tea:9:x"), ("ben", "p=ss/wörd?~")


@pytest.mark.parametrize(
    "logins", [[ANA], [ANA, ANA, ANA], [BEN, ANA, ("", ""), BEN]], ids=["1", "3", "4"]
)
def test_q2_every_request_shows_name_and_password(answers, logins):
    heard = heard_in(answers, sent_by(*logins))

    assert heard == logins, (
        f"The requests had the credentials {in_words(logins)}. `overhear` returned "
        f"{in_words(heard)}. The docstring asks for one tuple for each. Look at how "
        "you find and decode the codes."
    )


def test_q2_what_was_overheard_opens_other_paths(answers):
    with recorded(None) as (http, line):
        http.get("/queue", auth=ANA)
        heard = heard_in(answers, line.sent)
        assert heard == [ANA], (
            f"A program sent one request with {ANA}. `overhear` returned "
            f"{in_words(heard)}. The docstring asks for a list with this tuple."
        )
        status = http.put("/password", auth=heard[0]).status_code
    assert status == 200, (
        f"With {in_words(heard[0])}, which `overhear` returned, the server refused "
        f"`PUT /password` with {status}. The docstring asks for name and password."
    )


LINES: dict[str, tuple[bytes, list[tuple[str, str]]]] = {
    "small": (b"authorization: basic YTpi", [("a", "b")]),
    "capital": (b"AUTHORIZATION: BASIC YTpi", [("a", "b")]),
    "empty-password": (b"Authorization: Basic YTo=", [("a", "")]),
    "colons": (b"Authorization: Basic YTo6Yjo=", [("a", ":b:")]),
    "spaces": (b"Authorization: Basic IGE6IGIg", [(" a", " b ")]),
    "bearer": (b"Authorization: Bearer YTpi", []),
    "digest": (b"Authorization: Digest YTpi", []),
    "longer-scheme": (b"Authorization: Basics YTpi", []),
    "other-header": (b"X-Token: Basic YTpi", []),
    "look-alike": (b"X-Authorization: Basic YTpi", []),
    "longer-header": (b"Authorization-Info: Basic YTpi", []),
    "inside": (b"X-Name: \x85Authorization: Basic YTpi", []),
    "byte-before": (b"\xffAuthorization: Basic YTpi", []),
    "none": (b"Accept: */*", []),
    "binary": (b"X-Name: \xff\xfe\r\nAuthorization: Basic YTpi", [("a", "b")]),
    "after-others": (
        b"Accept: */*\r\nAuthorization: Basic YTpi\r\nX-A: b",
        [("a", "b")],
    ),
}


@pytest.mark.parametrize(("header", "expected"), LINES.values(), ids=LINES)
def test_q2_only_basic_credentials_are_found(answers, header, expected):
    request = b"PATCH /queue HTTP/1.1\r\nHost: clinic.example\r\n%b\r\n\r\n"
    heard = heard_in(
        answers, request % header + request % b"Authorization: Basic YzpkOmU="
    )

    assert heard == [*expected, ("c", "d:e")], (
        f"The first request has the header {in_words(header)}, and the second one has "
        f"the name c and the password d:e. `overhear` returned {in_words(heard)}. The "
        f"docstring asks for {in_words([*expected, ('c', 'd:e')])}. Look at which "
        "lines you take, and at where you split."
    )


def test_q2_over_https_nothing_is_found(answers):
    heard = heard_in(answers, sent_by(ANA, ANA, is_https=True))
    empty = heard_in(answers, b"")

    assert (heard, empty) == ([], []), (
        f"Two requests went over HTTPS, and `overhear` returned {in_words(heard)}. For "
        f"no bytes at all it returned {in_words(empty)}. The docstring asks for an "
        "empty list."
    )


class Doctors:
    """An application of doctors, as 5.2.3 gets it. `called` is what has run of it."""

    def __init__(self) -> None:
        self.called: list[str] = []
        self.app = FastAPI()
        self.app.add_middleware(CORSMiddleware, allow_origins=["https://ward.example"])
        security = HTTPBasic(realm="clinic")

        def logged_in(
            login: Annotated[HTTPBasicCredentials, Depends(security)],
        ) -> None:
            self.called.append("logged_in")
            if (login.username, login.password) != ANA:
                raise security.make_not_authenticated_error()

        def note() -> None:
            self.called.append("note")

        @self.app.get("/rounds", dependencies=[Depends(logged_in)])
        def rounds() -> str:
            return "room 3"

        @self.app.post("/https", dependencies=[Depends(note)], status_code=201)
        def post(response: Response, number: Annotated[int, Body()]) -> int:
            response.set_cookie("seen", "yes")
            return number

        @self.app.get("/stream")
        def stream() -> StreamingResponse:
            self.called.append("stream")
            return StreamingResponse(iter(["a", "b"]), headers={"X-Parts": "2"})

        @self.app.get("/closed")
        def closed() -> None:
            raise HTTPException(503, "closed", headers={"Retry-After": "60"})

    def secured(self, answers: Any) -> "Doctors":
        """Return this after `secure(app)`."""
        attempt("`secure(app)`", answers.secure, self.app)
        return self

    def send(self, origin: str, method: str, path: str, **request: Any) -> Any:
        """Return the response to a request with this scheme and host."""

        def call() -> httpx2.Response:
            with client(self.app) as http:
                url = f"{origin}{path}"
                return http.request(method, url, follow_redirects=False, **request)

        try:
            return attempt(f"`{method} {origin}{path}`", call)
        except AssertionError as error:
            if isinstance(error.__cause__, HTTPException):
                raise AssertionError(
                    f"{error} No handler made a response of it: they work inside of a "
                    "middleware. The docstring asks for a response. Look at the "
                    "`raise` in your code."
                ) from error.__cause__
            raise


# A request of 5.2.3: its method, its path, and what else it has.
Sent = tuple[str, str, dict[str, Any]]
REQUESTS: dict[str, Sent] = {
    "login": ("GET", "/rounds", {"auth": ANA}),
    "wrong": ("GET", "/rounds", {"auth": ("ana", "no")}),
    "no-login": ("GET", "/rounds", {}),
    "post": ("POST", "/https", {"json": 5}),
    "invalid": ("POST", "/https", {"json": "five"}),
    "stream": ("GET", "/stream?next=https://clinic.example", {}),
    "error": ("GET", "/closed", {}),
    "missing": ("GET", "/nowhere", {}),
    "method": ("DELETE", "/rounds", {}),
    "options": ("OPTIONS", "/rounds", {}),
    "head": ("HEAD", "/rounds", {}),
    "preflight": (
        "OPTIONS",
        "/rounds",
        {
            "headers": {
                "Origin": "https://ward.example",
                "Access-Control-Request-Method": "GET",
            }
        },
    ),
    "root": ("GET", "/", {}),
    "health": ("GET", "/health", {}),
    "slash": ("GET", "/rounds/", {}),
    "document": ("GET", "/openapi.json", {}),
    "forwarded": (
        "GET",
        "/rounds",
        {"auth": ANA, "headers": {"X-Forwarded-Proto": "https"}},
    ),
    "forwarded-http": (
        "GET",
        "/rounds",
        {"auth": ANA, "headers": {"X-Forwarded-Proto": "http"}},
    ),
}
ON_PORT_443 = "http://https.example:443"


@pytest.mark.parametrize(
    ("origin", "sent"),
    [("http://clinic.example", sent) for sent in REQUESTS.values()]
    + [
        (ON_PORT_443, REQUESTS["login"]),
        ("http://localhost", REQUESTS["login"]),
        ("http://127.0.0.1:8000", REQUESTS["login"]),
    ],
    ids=[*REQUESTS, "port-443", "localhost", "loopback"],
)
def test_q3_http_returns_403_and_calls_nothing(answers, origin, sent):
    method, path, request = sent
    doctors = Doctors().secured(answers)
    response = doctors.send(origin, method, path, **request)

    headers_sent = request.get("headers")
    what = f"`{method} {origin}{path}`" + (
        f" with {headers_sent}" if headers_sent else ""
    )
    assert response.status_code == 403, (
        f"{what} returned {response.status_code}. The docstring asks for 403 for every "
        "request over HTTP. Look at what your code checks, and when."
    )
    assert doctors.called == [], (
        f"{what} returned 403, but these functions of `app` ran before: "
        f"{doctors.called}. The docstring asks that no endpoint and no dependency is "
        "called. Look at when your code checks the scheme."
    )
    names = ("www-authenticate", "location", "strict-transport-security")
    headers = {
        name: response.headers[name] for name in names if name in response.headers
    }
    assert headers == {}, (
        f"{what} returned 403 with the headers {headers}. The docstring asks for a "
        "plain 403 without `WWW-Authenticate` and `Strict-Transport-Security`. Look at "
        "the response that your code creates."
    )


@pytest.mark.parametrize(
    ("method", "path", "request_"), REQUESTS.values(), ids=REQUESTS
)
def test_q3_https_returns_what_it_returned_with_the_header(
    answers, method, path, request_
):
    origin = "https://clinic.example"
    expected = Doctors().send(origin, method, path, **request_)
    response = Doctors().secured(answers).send(origin, method, path, **request_)

    what = f"`{method} {origin}{path}`"
    name = "strict-transport-security"
    sent = response.headers.get_list(name)
    assert sent == ["max-age=31536000"], (
        f"{what} returned {response.status_code}. The values of its header "
        f"`Strict-Transport-Security` are {sent}. The docstring asks for one, "
        "'max-age=31536000', in every response over HTTPS. Look at where your code "
        "sets it."
    )
    got, before = (
        (
            *seen(one),
            sorted(item for item in one.headers.multi_items() if item[0] != name),
        )
        for one in (response, expected)
    )
    lost = [item for item in before[2] if item not in got[2]]
    new = [item for item in got[2] if item not in before[2]]
    assert got == before, (
        f"{what} returned {in_words(got[:2])}, before `secure(app)` "
        f"{in_words(before[:2])}. Headers lost: {in_words(lost)}. Headers added: "
        f"{in_words(new)}. The docstring asks for the same response. Look at what your "
        "code does with it."
    )


def test_q3_http_and_https_are_told_apart_for_every_request(answers):
    doctors, other = Doctors().secured(answers), Doctors()
    schemes = ("https", "http", "https", "http")
    got = [
        doctors.send(
            f"{scheme}://clinic.example", "GET", "/rounds", auth=ANA
        ).status_code
        for scheme in schemes
    ]
    free = other.send("http://clinic.example", "GET", "/rounds", auth=ANA).status_code
    second = Doctors().secured(answers).send("http://clinic.example", "GET", "/rounds")

    assert (got, free) == ([200, 403, 200, 403], 200), (
        f"Requests over {schemes} returned {got}. Another application, for which "
        f"`secure` was not called, returned {free} over HTTP. The docstring asks for "
        "200, 403, 200, 403, and to change only `app`."
    )
    assert second.status_code == 403, (
        "`secure` was called for two applications. Over HTTP, the second one returned "
        f"{second.status_code}. The docstring asks for 403. Look at what your code "
        "keeps from one call of `secure` to the next."
    )


def browse(url: str, sides: Tls) -> tuple[int, HTTPMessage]:
    """Return status and headers for a browser that knows the password.

    Like a browser, it sends the password only if the server asks for it.
    """
    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    passwords.add_password(None, url, *ANA)
    browser = urllib.request.build_opener(
        urllib.request.ProxyHandler({}),
        urllib.request.HTTPBasicAuthHandler(passwords),
        urllib.request.HTTPSHandler(context=sides.client),
    )
    try:
        with browser.open(f"{url}/rounds", timeout=30) as response:
            return response.status, response.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers


def test_q3_a_browser_sends_the_password_over_https_only(answers):
    doctors, sides = Doctors().secured(answers), tls()
    code = basic(*ANA).split()[1].encode()
    got = []
    for certificate in (None, sides):
        with serve(doctors.app, tls=certificate) as server, wire(server.port) as line:
            url = server.url.replace(str(server.port), str(line.port))
            status, _ = browse(url, sides)
            got.append((status, code in line.sent))

    assert got[0] == (403, False), (
        "A browser that knows the password sent a request over HTTP. The status code "
        f"was {got[0][0]}, and the password was {'' if got[0][1] else 'not '}on the "
        "line. The docstring asks for 403, and that no browser is asked for the "
        "password. Look at the response over HTTP."
    )
    assert got[1] == (200, False), (
        f"The same request over HTTPS returned {got[1][0]}. The docstring asks for the "
        "same response as today, which is 401 first, and then 200."
    )
