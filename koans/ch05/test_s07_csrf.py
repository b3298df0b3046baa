"""The tests of section 5.7."""

import base64
import binascii
import builtins
import hashlib
import hmac
import html
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import APIRouter, FastAPI, Form, Header, Request, Response
from starlette.types import Message

from lab import (
    Browser,
    attempt,
    browser,
    client,
    fastapi_app,
    in_words,
    outcome,
    returned_or_raised,
)

PORTAL = "https://portal.example"
EVIL = "https://evil.example"
ANA = {"name": "ana", "password": "tea and rain"}
MALLORY = {"name": "mallory", "password": "my account"}


def portal_app(answers, appointments: dict[str, str] | None = None) -> FastAPI:
    """Return the application of 5.7.1."""
    dates = {"ana": "May 4"} if appointments is None else appointments
    app = answers.portal_app(answers.Sessions(), dates)
    return fastapi_app(app, "portal_app(...)")


def done(response: httpx2.Response, what: str) -> httpx2.Response:
    """Return the response to a request that the portal must let through."""
    assert response.is_success, (
        f"{what} returned {response.status_code} and {in_words(response.text)}. The "
        "docstring asks to refuse requests of other sites only. Look at what you "
        "compare, and for which requests."
    )
    return response


@contextmanager
def patient(answers, appointments: dict[str, str]) -> Iterator[Browser]:
    """Yield a browser in which ana is logged in to 5.7.1."""
    with browser(portal_app(answers, appointments)) as user:
        response = attempt("`POST /login`", user.submit, "/login", ANA)
        done(response, "`POST /login` of the portal's own page")
        yield user


PAGES = {
    "other site": EVIL,
    "subdomain": "https://blog.portal.example",
    "http": "http://portal.example",
    "port": "https://portal.example:8443",
    "suffix": "https://portal.example.evil.example",
    "prefix": "https://evil-portal.example",
    "shorter": "https://portal.exampl",
    "null": "null",
    "none": None,
}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_q1_a_form_of_another_site_cancels_nothing(answers, page):
    appointments = {"ana": "May 4"}
    with patient(answers, appointments) as user:
        what = "`POST /cancel` returned no response: the application"
        response = attempt(what, user.submit, "/cancel", {}, page=page)
    origin = f"`Origin: {page}`" if page else "no `Origin`"
    assert (response.status_code, appointments) == (403, {"ana": "May 4"}), (
        f"`POST /cancel` with ana's cookie and {origin} returned "
        f"{response.status_code}, and the appointments are {in_words(appointments)}. "
        "The docstring asks for 403, and that the endpoint does not run: the origin is "
        f"not exactly {PORTAL!r}."
    )


@pytest.mark.parametrize("site", ["same-origin", "same-site", "none"])
def test_q1_another_header_does_not_replace_the_origin(answers, site):
    headers = {"Sec-Fetch-Site": site, "Referer": f"{PORTAL}/form"}
    app, seen = portal_app(answers), []
    for origin in ({"Origin": EVIL}, {}):
        with client(app) as http:
            response = attempt(
                "`POST /login`", http.post, "/login", data=ANA, headers=headers | origin
            )
        seen.append(response.status_code)
    assert seen == [403, 403], (
        f"`POST /login` with {headers} returned {seen}, first with `Origin: {EVIL}`, "
        "then without `Origin`. The docstring asks for 403 both times: only `Origin` "
        "decides."
    )


@pytest.mark.parametrize(
    "origin",
    [f"{PORTAL}/", f"{PORTAL}, {EVIL}", "", PORTAL.upper(), None],
    ids=["slash", "two", "empty", "capitals", "none"],
)
def test_q1_another_origin_than_the_portal_is_refused(answers, origin):
    headers = {"Referer": f"{PORTAL}/form", "Sec-Fetch-Site": "none"}
    if origin is not None:
        headers["Origin"] = origin
    with client(portal_app(answers)) as http:
        response = attempt(
            "`POST /login`", http.post, "/login", data=ANA, headers=headers
        )
    assert response.status_code == 403, (
        f"`POST /login` with the headers {headers} returned {response.status_code}. "
        f"The docstring asks for 403 unless `Origin` is exactly {PORTAL!r}."
    )


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_q1_the_host_does_not_decide(answers, scheme):
    origin = f"{scheme}://evil.example"
    headers = {"Origin": origin, "Host": "evil.example"}
    with client(portal_app(answers)) as http:
        response = attempt(
            "`POST /login`", http.post, "/login", data=ANA, headers=headers
        )
    assert response.status_code == 403, (
        f"`POST /login` with `Origin: {origin}` and `Host: evil.example` returned "
        f"{response.status_code}. The client writes the header `Host`. The docstring "
        f"asks for the origin {PORTAL!r}."
    )


@pytest.mark.parametrize("page", [EVIL, None], ids=["other site", "no origin"])
def test_q1_a_form_of_another_site_does_not_log_in(answers, page):
    with browser(portal_app(answers)) as user:
        response = attempt("`POST /login`", user.submit, "/login", MALLORY, page=page)
        cookies = [one.name for one in user.jar.cookies]
    assert (response.status_code, cookies) == (403, []), (
        f"A page of {page or 'no origin'} posted the password of mallory to `/login`. "
        f"The response was {response.status_code}, and the patient's browser got the "
        f"cookies {cookies}. The docstring asks for 403, also for the login."
    )


def test_q1_the_pages_of_the_portal_work(answers):
    appointments = {"ana": "May 4", "ben": "May 5"}
    with patient(answers, appointments) as user:
        before = user.open("/appointment").text
        attempt("`POST /cancel`", user.submit, "/cancel", {}, page=EVIL)
        kept = user.open("/appointment").text
        done(user.submit("/cancel", {}), "`POST /cancel` of the portal's own page")
    seen = [before, kept, appointments]
    assert seen == ['"May 4"', '"May 4"', {"ben": "May 5"}], (
        f"Ana's appointment was {before}, and after a form of another site {kept}. "
        f"After a form of the portal, the appointments are {in_words(appointments)}. "
        "The docstring asks that only the portal's own form cancels."
    )


METHODS = ["POST", "PUT", "PATCH", "DELETE", "MERGE"]


def with_endpoint(app: FastAPI, methods: list[str]) -> list[str]:
    """Add an endpoint to the application. Return the methods that it was called by."""
    ran: list[str] = []

    @app.api_route("/address", methods=methods)
    def change_address(request: Request) -> Response:
        ran.append(request.method)
        return Response("changed")

    return ran


@pytest.mark.parametrize("method", METHODS)
def test_q1_every_endpoint_and_method_is_protected(answers, method):
    app = portal_app(answers)
    ran = with_endpoint(app, METHODS)
    with client(app) as http:
        call = partial(attempt, f"`{method} /address`", http.request, method)
        seen = [
            call("/address", headers={"Origin": origin}).status_code
            for origin in (EVIL, PORTAL, EVIL)
        ]
    assert (seen, ran) == ([403, 200, 403], [method]), (
        f"`{method} /address`, an endpoint that was added later, returned {seen} for "
        f"the origins {EVIL}, {PORTAL} and {EVIL}. It ran {len(ran)} times. The "
        "docstring asks for 403, 200 and 403: every method that is not safe."
    )


@pytest.mark.parametrize("origin", [None, EVIL, "null"])
def test_q1_safe_methods_are_not_checked(answers, origin):
    app = portal_app(answers)
    ran = with_endpoint(app, ["GET", "HEAD", "OPTIONS", "POST"])
    headers = {"Origin": origin} if origin else {}
    with client(app) as http:
        seen = [
            attempt(
                f"`{method} /address`",
                http.request,
                method,
                "/address",
                headers=headers,
            ).status_code
            for method in ("GET", "HEAD", "OPTIONS", "POST")
        ]
    assert seen == [200, 200, 200, 403], (
        f"With `Origin: {origin}`, GET, HEAD, OPTIONS and POST returned {seen}. The "
        "docstring asks for 403 only if the method is not in `SAFE_METHODS`."
    )
    assert ran == ["GET", "HEAD", "OPTIONS"], (
        f"The endpoint ran for {ran}. The docstring asks that it does not run for a "
        "request that is refused."
    )


def test_q1_an_endpoint_of_an_included_router_is_protected(answers):
    app, router, ran = portal_app(answers), APIRouter(), list[str]()

    @router.post("/letters")
    def write_letter(origin: Annotated[str, Header()] = "none") -> None:
        ran.append(origin)

    app.include_router(router)
    with client(app) as http:
        seen = [
            attempt(
                "`POST /letters`", http.post, "/letters", headers={"Origin": origin}
            ).status_code
            for origin in (EVIL, PORTAL)
        ]
    assert (seen, ran) == ([403, 200], [PORTAL]), (
        "A router was included after `portal_app` had returned. `POST /letters`, its "
        f"endpoint, returned {seen} for the origins {EVIL} and {PORTAL}. It ran "
        f"{len(ran)} times. The docstring asks for 403 and 200: every endpoint of the "
        "application."
    )


KEY = bytes(range(32))
IDS = ["Zk3x9-the-session-of-ana", "Qw8r2_the-session-of-ben", "M"]


def create(tokens: Any, session_id: str) -> str:
    """Return a token of 5.7.2."""
    token = attempt(f"`create({session_id!r})`", tokens.create, session_id)
    assert isinstance(token, str), (
        f"`create({session_id!r})` returned {in_words(token)}. The docstring asks for "
        "a token, which is a str."
    )
    return token


def validity(tokens: Any, session_id: str, token: str) -> object:
    """Return what `is_valid` of 5.7.2 returns."""
    call = f"`is_valid({session_id!r}, {in_words(token)})`"
    return attempt(call, tokens.is_valid, session_id, token)


@pytest.mark.parametrize("session_id", IDS)
def test_q2_a_token_is_valid_for_its_session(answers, session_id):
    tokens = answers.FormTokens(KEY)
    first, second = create(tokens, session_id), create(tokens, session_id)
    create(tokens, "another-session")

    seen = [validity(tokens, session_id, one) for one in (first, second, first)]
    assert seen == [True, True, True], (
        f"Two tokens were created for the session {session_id!r}. `is_valid` returned "
        f"{seen} for the first, the second, and the first again. The docstring asks "
        "for True: a patient can have two forms open."
    )


def test_q2_another_process_accepts_the_token(answers, monkeypatch):
    ours, theirs = answers.FormTokens(KEY), answers.FormTokens(bytes(KEY))
    token, own_hash = create(ours, IDS[0]), hash
    # Another process has other hashes of the same texts.
    monkeypatch.setattr(builtins, "hash", lambda one: own_hash(one) ^ 1)
    seen = validity(theirs, IDS[0], token)
    assert seen is True, (
        f"A second `FormTokens` object with the same key returned {in_words(seen)} for "
        "the token. The docstring asks for True, because another process can have "
        "created it. Look at what your object remembers, and at what differs from "
        "process to process."
    )


@pytest.mark.parametrize(
    "other",
    [*IDS[1:], IDS[0][:-1], IDS[0] + "x", "", IDS[0].swapcase(), f" {IDS[0]}"],
    ids=["ben", "short", "begin", "longer", "empty", "capitals", "space"],
)
def test_q2_the_token_of_another_session_is_not_valid(answers, other):
    tokens = answers.FormTokens(KEY)
    token = create(tokens, other)
    seen = validity(tokens, IDS[0], token), validity(tokens, other, token)
    assert seen == (False, True), (
        f"The token of the session {other!r} was checked for the session {IDS[0]!r}, "
        f"and for its own. `is_valid` returned {seen}. The docstring asks for False, "
        "then True. An attacker has a token from their own session."
    )


def test_q2_a_part_of_the_session_id_cannot_move_into_the_token(answers):
    tokens = answers.FormTokens(KEY)
    own = IDS[0]
    token = create(tokens, own)
    seen = [validity(tokens, own[:-n], own[-n:] + token) for n in (1, 2, 3)]
    assert seen == [False] * 3, (
        f"The token of {own!r} was changed: the last characters of the session ID were "
        f"put in front of it. `is_valid` returned {seen} for the shorter session IDs. "
        "The docstring asks for False. Look at which text you sign."
    )


KINDS: dict[str, Callable[[str], str]] = {
    "empty": lambda token: "",
    "shorter": lambda token: token[:-1],
    "longer": lambda token: token + "A",
    "twice": lambda token: token + token,
    "begin": lambda token: ("0" if token[0] != "0" else "1") + token[1:],
    "end": lambda token: (
        token[:-4] + "".join("0" if c != "0" else "1" for c in token[-4:])
    ),
    "accents": lambda token: "é" + token[1:],
    "one more accent": lambda token: token + "é",
    "capitals": lambda token: token.swapcase(),
    "line": lambda token: f"{token}\n",
    "space": lambda token: f" {token}",
    "emoji": lambda token: "🙂",
    "surrogate": lambda token: "\ud800" + token[1:],
    "zero": lambda token: "\0",
    "dots": lambda token: "a.b.c",
    "text": lambda token: "None",
    "session": lambda token: IDS[0],
    "hash": lambda token: hashlib.sha256(IDS[0].encode()).hexdigest(),
    "no key": lambda token: hmac.new(b"", IDS[0].encode(), "sha256").hexdigest(),
}


@pytest.mark.parametrize("kind", KINDS)
def test_q2_any_other_text_is_not_valid(answers, kind):
    tokens = answers.FormTokens(KEY)
    token = create(tokens, IDS[0])
    other = KINDS[kind](token)
    seen = outcome(lambda: tokens.is_valid(IDS[0], other))
    assert seen is False, (
        f"`create` returned {in_words(token)}. For the text {in_words(other)}, "
        f"`is_valid` {returned_or_raised(seen)}. The docstring asks for False for any "
        "text that `create` did not return, without an exception."
    )


def test_q2_tokens_are_too_long_to_be_guessed(answers):
    tokens = answers.FormTokens(KEY)
    ids = [f"session-{number}" for number in range(1000)]
    created = {create(tokens, session_id) for session_id in ids}
    assert len(created) == len(ids), (
        f"1000 sessions got {len(created)} different tokens, such as "
        f"{in_words(min(created))}. So a token can be guessed. The docstring asks that "
        "nobody can create one without the key. Look at the length of the token."
    )
    shortest = min(created, key=len)
    assert len(shortest) >= 22, (
        f"`create` returned {in_words(shortest)}: {len(shortest)} characters. "
        "The docstring asks for at least 22, so that nobody can guess a token."
    )


class Watched(str):
    """A token that notes with what `==` and `!=` compare it, also its bytes."""

    def __new__(cls, text: str, compared: list[object]) -> "Watched":
        """Return this token, which notes in `compared`."""
        self = super().__new__(cls, text)
        self.compared = compared
        return self

    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        self.compared.append(other)
        return str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def encode(self, *arguments: Any, **named: Any) -> "WatchedBytes":
        """Return the bytes of this token, which note the same."""
        return WatchedBytes(super().encode(*arguments, **named), self.compared)


class WatchedBytes(bytes):
    """The bytes of a token that note with what `==` and `!=` compare them."""

    def __new__(cls, content: bytes, compared: list[object]) -> "WatchedBytes":
        """Return these bytes, which note in `compared`."""
        self = super().__new__(cls, content)
        self.compared = compared
        return self

    __hash__ = bytes.__hash__

    def __eq__(self, other: object) -> bool:
        self.compared.append(other)
        return bytes.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other


def test_q2_no_comparison_tells_how_much_of_the_token_is_right(answers):
    tokens, compared = answers.FormTokens(KEY), list[object]()
    token = Watched(create(tokens, IDS[0]), compared)
    seen = attempt("`is_valid`", tokens.is_valid, IDS[0], token)
    plain = str.__str__(token)
    caught = [one for one in compared if one in (plain, plain.encode())]
    assert (seen, caught) == (True, []), (
        f"`is_valid` returned {in_words(seen)} for a token of `create`. `==` or `!=` "
        f"compared the token with the right one {len(caught)} times. The docstring "
        "asks for True, and for `hmac.compare_digest`: the time of `==` tells how much "
        "is right."
    )


@pytest.mark.parametrize("key", [b"\0" * 32, KEY[::-1], KEY[:-1] + b"!"])
def test_q2_a_token_of_another_key_is_not_valid(answers, key):
    token = create(answers.FormTokens(key), IDS[0])
    seen = validity(answers.FormTokens(KEY), IDS[0], token)
    assert seen is False, (
        f"A token was created with another key, and `is_valid` returned "
        f"{in_words(seen)}. The docstring asks for False. Otherwise everybody who "
        "knows the session ID can create the token. Look at where you use `self.key`."
    )


@pytest.mark.parametrize("session_id", IDS[:2])
def test_q2_the_session_id_cannot_be_read_from_the_token(answers, session_id):
    token = create(answers.FormTokens(KEY), session_id)
    texts = [token]
    for part in re.split(r"[.:$|,]", token):
        for decode in (bytes.fromhex, base64.b64decode, base64.urlsafe_b64decode):
            try:
                padding = "" if decode is bytes.fromhex else "=="
                texts.append(decode(part + padding).decode("latin-1"))
            except (ValueError, binascii.Error):
                continue
    shown = [one for one in texts if session_id in one or session_id in one[::-1]]
    assert not shown, (
        f"The token for the session {session_id!r} is {in_words(token)}, and contains "
        f"{in_words(shown[0])}. The docstring asks that the session ID cannot be read "
        "from the token."
    )


def form_app(answers, appointments: dict[str, str]) -> FastAPI:
    """Return the application of 5.7.2, with the learner's tokens."""
    tokens = answers.FormTokens(KEY)
    return answers.form_app(tokens, answers.Sessions(), appointments)


def token_of(user: Browser) -> str:
    """Return the token in the form that the portal shows to this user."""
    page = attempt("`GET /form`", user.open, "/form")
    found = re.search(r'value="([^"]*)"', page.text)
    assert found, f"The form of the portal was {in_words(page.text)}, without a token."
    return html.unescape(found[1])


def enter(user: Browser, form: dict[str, str]) -> None:
    """Log in with the portal's own form."""
    fields = {**form, "csrf_token": token_of(user)}
    response = attempt("`POST /login`", user.submit, "/login", fields)
    assert response.status_code == 204, (
        f"The portal's own login form, with its token, returned "
        f"{response.status_code}. `is_valid` has to return True for a token of "
        "`create` and the same session."
    )


def test_q2_the_forms_of_the_portal_work(answers):
    appointments = {"ana": "May 4"}
    with browser(form_app(answers, appointments)) as user:
        enter(user, ANA)
        response = user.submit("/cancel", {"csrf_token": token_of(user)})
    assert (response.status_code, appointments) == (200, {}), (
        f"Ana posted the portal's own form to `/cancel`. The response was "
        f"{response.status_code}, and the appointments are {in_words(appointments)}. "
        "`is_valid` has to return True for a token of `create`."
    )


@pytest.mark.parametrize("stolen", ["none", "attacker", "before login"])
def test_q2_a_form_of_another_site_cancels_nothing(answers, stolen):
    appointments = {"ana": "May 4", "mallory": "May 5"}
    app = form_app(answers, appointments)
    with browser(app) as attacker, browser(app) as user:
        enter(attacker, MALLORY)
        fields = {
            "none": {},
            "attacker": {"csrf_token": token_of(attacker)},
            "before login": {"csrf_token": token_of(user)},
        }[stolen]
        enter(user, ANA)
        response = user.submit("/cancel", fields, page=EVIL)
    assert (response.status_code, len(appointments)) == (403, 2), (
        f"A page of {EVIL} posted a form to `/cancel` with ana's cookie and "
        f"{fields or 'no token'}. The response was {response.status_code}. It has to "
        "be 403: this is no token of ana's session."
    )


def test_q2_a_form_of_another_site_does_not_log_in(answers):
    app = form_app(answers, {})
    with browser(app) as attacker, browser(app) as user:
        token_of(user)
        fields = {**MALLORY, "csrf_token": token_of(attacker)}
        before = [one.value for one in user.jar.cookies]
        response = user.submit("/login", fields, page=EVIL)
        after = [one.value for one in user.jar.cookies]
        enter(user, ANA)
    assert (response.status_code, after) == (403, before), (
        f"A page of {EVIL} posted mallory's password to `/login`, with a token from "
        f"mallory's own browser. The response was {response.status_code}. It has to be "
        "403: the token belongs to another session."
    )


class Check:
    """Checks tokens for 5.7.3, and notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.tokens = {"s-ana": "t-ana", "s-ben": "t-ben"}
        self.accepts_all = False

    def __call__(self, session_id: str, token: str) -> bool:
        """Return whether this is the token of the session."""
        self.asked.append((session_id, token))
        return self.accepts_all or self.tokens.get(session_id) == token


class Guarded:
    """An application behind the middleware of 5.7.3."""

    def __init__(self, answers) -> None:
        self.ran: list[str] = []
        self.check = Check()

        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            self.ran.append("startup")
            yield

        self.app = FastAPI(lifespan=lifespan)
        self.app.add_middleware(answers.CsrfMiddleware, is_valid=self.check)

        @self.app.api_route("/cancel", methods=[*METHODS, "GET", "HEAD", "OPTIONS"])
        def cancel(request: Request) -> str:
            self.ran.append(request.method)
            return "cancelled"

        @self.app.post("/crash")
        def crash() -> None:
            raise LookupError("no such appointment")

    def send(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Return the response to one request. `ran` has what ran for it."""
        what = ""

        def call() -> httpx2.Response:
            nonlocal what
            with client(self.app) as http:
                what = f"`{method} {path}` with {in_words(options)}"
                self.ran.clear()
                self.check.asked.clear()
                return http.request(method, path, **options)

        response = outcome(call)
        assert what or isinstance(response, httpx2.Response), (
            "The server starts the application. It calls your middleware with a scope "
            f"whose type is 'lifespan'. The start raised {in_words(response)}. The "
            "docstring asks that the lifespan also reaches the application."
        )
        assert isinstance(response, httpx2.Response), (
            f"{what} raised {in_words(response)}. The docstring asks to call the "
            "application, or to return 403. Send one response, and raise nothing."
        )
        return response


OF_ANA = {"Cookie": "session=s-ana", "X-CSRF-Token": "t-ana"}


@pytest.mark.parametrize("method", METHODS)
def test_q3_a_request_with_the_token_reaches_the_application(answers, method):
    guarded = Guarded(answers)
    seen = [
        guarded.send(method, "/cancel", headers=headers).status_code
        for headers in (OF_ANA, {"Cookie": "session=s-ana"}, OF_ANA)
    ]
    assert (seen, guarded.ran) == ([200, 403, 200], [method]), (
        f"`{method} /cancel` was sent with the token, without it, and with it again. "
        f"The status codes were {seen}. The docstring asks for 200, 403 and 200."
    )


@pytest.mark.parametrize("name", ["ana", "ben", "Cy_9-Z"])
def test_q3_is_valid_gets_the_session_id_and_the_token(answers, name):
    guarded = Guarded(answers)
    guarded.check.tokens["s-Cy_9-Z"] = "t-Cy_9-Z"
    headers = {
        "Cookie": f"language=pl; session=s-{name}; sessions=x",
        "x-csrf-token": f"t-{name}",
    }
    response = guarded.send("POST", "/cancel", headers=headers)
    seen = response.status_code, guarded.check.asked
    assert seen == (200, [(f"s-{name}", f"t-{name}")]), (
        f"A request with {headers} returned {response.status_code}, and `is_valid` was "
        f"called with {in_words(guarded.check.asked)}. The docstring asks for one call "
        "with the session ID and the token."
    )


REFUSED: dict[str, dict[str, Any]] = {
    "nothing": {},
    "no header": {"headers": {"Cookie": "session=s-ana"}},
    "no cookie": {"headers": {"X-CSRF-Token": "t-ana"}},
    "wrong": {"headers": {**OF_ANA, "X-CSRF-Token": "t-an"}},
    "attacker's": {"headers": {**OF_ANA, "X-CSRF-Token": "t-ben"}},
    "other cookie": {"headers": {**OF_ANA, "Cookie": "sessions=s-ana"}},
    "in the query": {
        "headers": {"Cookie": "session=s-ana"},
        "params": {"X-CSRF-Token": "t-ana"},
    },
    "in the query, as in forms": {
        "headers": {"Cookie": "session=s-ana"},
        "params": {"csrf_token": "t-ana"},
    },
    "in a cookie": {"headers": {"Cookie": "session=s-ana; X-CSRF-Token=t-ana"}},
    "in the form": {
        "headers": {"Cookie": "session=s-ana"},
        "data": {"csrf_token": "t-ana"},
    },
    "bearer": {"headers": {"Cookie": "session=s-ana", "Authorization": "Bearer x"}},
    "ajax": {
        "headers": {"Cookie": "session=s-ana", "X-Requested-With": "XMLHttpRequest"}
    },
}


@pytest.mark.parametrize("kind", REFUSED)
def test_q3_a_request_without_its_token_returns_403(answers, kind):
    guarded = Guarded(answers)
    response = guarded.send("POST", "/cancel", **REFUSED[kind])
    assert (response.status_code, guarded.ran) == (403, []), (
        f"`POST /cancel` with {in_words(REFUSED[kind])} returned "
        f"{response.status_code}, and the endpoint ran {len(guarded.ran)} times. The "
        "docstring asks for 403 without running the application."
    )


EMPTY = {
    "no cookie": {"X-CSRF-Token": "t"},
    "no header": {"Cookie": "session=s"},
    "empty cookie": {"Cookie": "session=", "X-CSRF-Token": "t"},
    "empty header": {"Cookie": "session=s", "X-CSRF-Token": ""},
    "both empty": {"Cookie": "session=", "X-CSRF-Token": ""},
    "nothing": {},
}


@pytest.mark.parametrize("kind", EMPTY)
def test_q3_an_empty_cookie_or_header_returns_403(answers, kind):
    guarded, headers = Guarded(answers), EMPTY[kind]
    guarded.check.accepts_all = True
    response = guarded.send("POST", "/cancel", headers=headers)
    assert (response.status_code, guarded.ran) == (403, []), (
        f"`POST /cancel` with {headers} returned {response.status_code}. The docstring "
        "asks for 403 if the cookie or the header is missing or empty, also where "
        "`is_valid` returns True."
    )


def test_q3_a_form_of_another_site_is_refused(answers):
    guarded = Guarded(answers)
    with browser(guarded.app) as user:
        user.jar.store("session=s-ana; Path=/; Secure; SameSite=None", PORTAL)
        guarded.ran.clear()
        fields = {"csrf_token": "t-ana", "X-CSRF-Token": "t-ana"}
        forged = attempt("`POST /cancel`", user.submit, "/cancel", fields, page=EVIL)
        ran = list(guarded.ran)
        own = user.fetch("POST", "/cancel", headers={"X-CSRF-Token": "t-ana"})
    assert (forged.status_code, ran, own.status_code) == (403, [], 200), (
        f"A form of {EVIL} returned {forged.status_code}, and a script of the portal "
        f"with the header {own.status_code}. The docstring asks for 403, then 200."
    )


def test_q3_tokens_are_checked_for_every_request(answers):
    guarded = Guarded(answers)
    first = guarded.send("POST", "/cancel", headers=OF_ANA).status_code
    guarded.check.tokens.clear()  # ana logs out
    second = guarded.send("POST", "/cancel", headers=OF_ANA).status_code
    assert (first, second) == (200, 403), (
        f"The same request returned {first}, and {second} after the token was no "
        "longer valid. The docstring asks to call `is_valid` for each request."
    )


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_q3_safe_methods_are_not_checked(answers, method):
    guarded = Guarded(answers)
    response = guarded.send(method, "/cancel", headers={"Origin": EVIL})
    seen = response.status_code, guarded.check.asked, guarded.ran
    assert seen == (200, [], [method]), (
        f"`{method} /cancel` without a token returned {response.status_code}, and "
        f"`is_valid` was called with {guarded.check.asked}. The docstring asks not to "
        "check requests with a method in `SAFE_METHODS`."
    )


def test_q3_the_lifespan_reaches_the_application(answers):
    guarded = Guarded(answers)

    def run() -> list[str]:
        with client(guarded.app):
            return list(guarded.ran)

    seen = attempt("The start of the application", run)
    assert seen == ["startup"], (
        "The application's lifespan did not run. The docstring asks that it reaches "
        'the application: an ASGI application is also called for `scope["type"]` '
        '"lifespan".'
    )


def test_q3_an_exception_of_an_endpoint_passes_through(answers):
    guarded = Guarded(answers)

    def crash() -> httpx2.Response:
        with client(guarded.app) as http:
            return http.post("/crash", headers=OF_ANA)

    seen = outcome(crash)
    assert isinstance(seen, LookupError), (
        "An endpoint raised a LookupError, and the request "
        f"{returned_or_raised(seen)}. The docstring asks to call the application. "
        "What it raises has nothing to do with the token."
    )


class Upload:
    """A request whose body arrives in parts, and what happens to it."""

    def __init__(
        self,
        answers,
        headers: dict[str, str],
        path: str = "/upload",
        parts: tuple[bytes, ...] = (b"1", b"2", b"3"),
    ) -> None:
        self.events: list[str] = []
        self.status = 0
        self._path = path
        self._left = list(parts)
        self._headers = [(k.lower().encode(), v.encode()) for k, v in headers.items()]
        app = FastAPI()
        app.add_middleware(answers.CsrfMiddleware, is_valid=Check())

        @app.post("/upload")
        async def upload(request: Request) -> None:
            async for part in request.stream():
                if part:
                    self.events.append(f"read {part.decode()}")

        @app.post("/note")
        def write_note(note: Annotated[str, Form()]) -> None:
            self.events.append(note)

        self._app = app

    async def run(self) -> None:
        """Send the request, and let the client leave after its body."""
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "https",
            "path": self._path,
            "raw_path": self._path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(b"host", b"portal.example"), *self._headers],
            "client": ("127.0.0.1", 5000),
            "server": ("portal.example", 443),
        }
        try:
            await self._app(scope, self._receive, self._send)
        except NotImplementedError:
            raise
        except Exception as error:
            self.events.append(in_words(error))

    async def _receive(self) -> Message:
        if not self._left:
            self.events.append("disconnect")
            return {"type": "http.disconnect"}
        part = self._left.pop(0)
        self.events.append(f"arrived {part.decode()}")
        return {"type": "http.request", "body": part, "more_body": bool(self._left)}

    async def _send(self, message: Message) -> None:
        self.status = message.get("status", self.status)


async def test_q3_each_part_of_the_body_reaches_the_endpoint_at_once(answers):
    upload = Upload(answers, OF_ANA)
    await upload.run()
    order = [f"{what} {n}" for n in "123" for what in ("arrived", "read")]
    seen = [one for one in upload.events if one != "disconnect"]
    assert (upload.status, seen) == (200, order), (
        f"A body arrived in three parts. The status code was {upload.status}, and the "
        f"order was: {', '.join(seen)}. The docstring asks that the application "
        "receives each part as soon as it arrives."
    )


async def test_q3_nobody_reads_the_body_of_a_refused_request(answers):
    upload = Upload(answers, {**OF_ANA, "X-CSRF-Token": "t-ben"})
    await upload.run()
    assert (upload.status, upload.events) == (403, []), (
        f"A request with a wrong token returned {upload.status}, and the body was "
        f"received: {', '.join(upload.events) or 'no part'}. The docstring asks for "
        "403 without reading the body."
    )


async def test_q3_the_endpoint_can_read_a_form(answers):
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    upload = Upload(answers, {**OF_ANA, **form}, "/note", (b"note=see+you", b"+at+9"))
    await upload.run()
    read = "see you at 9" in upload.events
    assert (upload.status, read) == (200, True), (
        f"An endpoint reads a form. The status code was {upload.status}, and this "
        f"happened: {in_words(upload.events)}. The docstring asks not to read the "
        "body: it can be received only once."
    )
