"""The tests of section 5.8."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

import httpx
import httpx2
import jwt
import pytest
from fastapi import (
    APIRouter,
    Depends,
    FastAPI,
    HTTPException,
    Request,
    Response,
    WebSocket,
)
from starlette.types import ASGIApp, Message

from lab import (
    attempt,
    client,
    fastapi_app,
    in_words,
    json_or_text,
    outcome,
    returned_or_raised,
    serve,
    stand_in,
    tls,
)

# Who has which role, by name. A test changes it to change a role.
Roles = dict[str, str]


def signed_in(answers, roles: Mapping[str, str]) -> None:
    """Let `find_user` know these users. The access token of a user is their name."""

    def find_user(token: str) -> object:
        return answers.User(token, roles[token]) if token in roles else None

    stand_in(answers.find_user, find_user)


def send(app: ASGIApp, method: str, path: str, token: str | None) -> httpx2.Response:
    """Return the response of `app` to a request with this access token."""
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    with client(app) as http:
        got = outcome(lambda: http.request(method, path, headers=headers))
    assert isinstance(got, httpx2.Response), (
        f"`{method} {path}` raised {in_words(got)}. A client would receive 500. The "
        "docstring asks for other status codes only. Look at the code that runs for "
        "this request."
    )
    return got


def seen(response: httpx2.Response) -> tuple[int, Any]:
    """Return the status code and the body of a response."""
    return response.status_code, json_or_text(response)


# --- 5.8.1 ---


def portal(answers, roles: Roles, done: list[str]) -> FastAPI:
    """Return the application of 5.8.1, whose router writes to `done`."""
    signed_in(answers, roles)
    accounts = APIRouter()

    @accounts.get("/list")
    def list_accounts() -> list[str]:
        done.append("list")
        return ["ana"]

    @accounts.delete("/{number}", status_code=204)
    def delete_account(number: int) -> None:
        done.append(f"delete {number}")

    return fastapi_app(answers.portal_app(accounts), "portal_app(accounts)")


ACCOUNTS = [
    ("GET", "/accounts/list", 200, "list"),
    ("DELETE", "/accounts/7", 204, "delete 7"),
]


@pytest.mark.parametrize(("method", "path", "status", "what"), ACCOUNTS)
def test_q1_an_admin_reaches_the_endpoints_of_accounts(
    answers, method, path, status, what
):
    done: list[str] = []
    app = portal(answers, {"lea": "admin"}, done)

    got = send(app, method, path, "lea").status_code
    assert (got, done) == (status, [what]), (
        f'`{method} {path}` was sent by a user with the role "admin". The response was '
        f"{got}, and the endpoints did {done}. The docstring asks that admins can use "
        "the endpoints of `accounts` under `/accounts`."
    )


@pytest.mark.parametrize(
    "role", ["user", "Admin", "administrator", "admi", "admin ", "", "doctor"]
)
@pytest.mark.parametrize(("method", "path"), [one[:2] for one in ACCOUNTS])
def test_q1_another_role_returns_403(answers, method, path, role):
    done: list[str] = []
    # The name of the user is "admin": a name is not a role.
    app = portal(answers, {"admin": role}, done)

    got = send(app, method, path, "admin").status_code
    assert (got, done) == (403, []), (
        f"`{method} {path}` was sent by a user called 'admin' with the role {role!r}. "
        f"The response was {got}, and the endpoints did {done}. The docstring asks for "
        '403 for every role but "admin". Look at what your dependency compares, and '
        "where it is used."
    )


def test_q1_without_a_valid_token_the_response_is_401(answers):
    done: list[str] = []
    app = portal(answers, {"lea": "admin"}, done)

    got = [send(app, "GET", "/accounts/list", token) for token in (None, "stolen")]
    facts = [(one.status_code, "www-authenticate" in one.headers) for one in got]
    assert (facts, done) == ([(401, True)] * 2, []), (
        "`GET /accounts/list` was sent without a token, and with an invalid one. The "
        f"responses (status, has WWW-Authenticate) were {facts}, and the endpoints did "
        f"{done}. The docstring says that `CurrentUser` returns 401. Use it in your "
        "dependency."
    )


@pytest.mark.parametrize("role", ["user", "admin"])
def test_q1_both_roles_can_get_me(answers, role):
    app = portal(answers, {"lea": role}, [])

    got = seen(send(app, "GET", "/me", "lea"))
    assert got == (200, "lea"), (
        f"`GET /me` was sent by lea with the role {role!r}. The response was "
        f'{in_words(got)}. The docstring asks for 200 and "lea": this endpoint is for '
        "both roles. Look at what your dependency protects."
    )


def test_q1_a_role_is_checked_for_each_request(answers):
    roles, done = {"lea": "admin"}, []
    app = portal(answers, roles, done)

    got = []
    for role in ("admin", "user", "admin"):
        roles["lea"] = role
        got.append(send(app, "GET", "/accounts/list", "lea").status_code)
    assert got == [200, 403, 200], (
        "Lea was an admin, then a user, then an admin again. Her three requests "
        f"returned {got}. The docstring asks that the endpoints are for users who have "
        "the role. Look at when your code reads `user.role`."
    )


def test_q1_every_endpoint_of_the_router_is_protected(answers):
    signed_in(answers, {"lea": "admin", "tom": "user"})
    accounts = APIRouter()
    accounts.post("/export")(lambda: "exported")
    app = fastapi_app(answers.portal_app(accounts), "portal_app(accounts)")

    got = [send(app, "POST", "/accounts/export", name) for name in ("lea", "tom")]
    statuses = [one.status_code for one in got]
    assert statuses == [200, 403], (
        f"A router with another endpoint, `POST /export`, was passed to `portal_app`. "
        f"For an admin and a user, `POST /accounts/export` returned {statuses}. The "
        "docstring asks that all endpoints of the router are for admins only."
    )


# --- 5.8.2 ---


def clinic(begun: list[str] | None = None) -> FastAPI:
    """Return the application that the headers are added to."""
    log = [] if begun is None else begun

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, str]]:
        log.append("start")
        yield {"clinic": "open"}
        log.append("stop")

    app = FastAPI(lifespan=lifespan)

    @app.get("/patients/{number}")
    def read_patient(number: int) -> dict[str, int]:
        return {"number": number}

    @app.get("/broken")
    def fail() -> None:
        raise RuntimeError("The printer is on fire.")

    @app.get("/page")
    def read_page(response: Response) -> str:
        response.headers["content-security-policy"] = "default-src 'self'"
        response.headers["Referrer-Policy"] = ""
        response.headers["strict-transport-security"] = "max-age=60"
        response.set_cookie("a", "1")
        response.set_cookie("b", "2")
        return "page"

    @app.get("/request")
    def show_request(request: Request) -> list[str]:
        headers = [f"{name}: {value}" for name, value in request.headers.items()]
        return [request.method, str(request.url), *sorted(headers)]

    @app.websocket("/chat")
    async def chat(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(f"{socket.state.clinic}, {await socket.receive_text()}")
        await socket.close()

    return app


OTHER_SCOPES = (
    'Look at what your code does with scopes of another type than "http": they have '
    "other keys."
)


def check_start(app: ASGIApp) -> None:
    """Start an application and stop it again."""

    def start_and_stop() -> None:
        with client(app):
            pass

    got = outcome(start_and_stop)
    assert got is None, (
        f"Starting and stopping the application {returned_or_raised(got)}. The "
        f"docstring asks that the lifespan works as before. {OTHER_SCOPES}"
    )


def secured(answers) -> ASGIApp:
    """Return the application of 5.8.2."""
    app: ASGIApp = answers.with_secure_headers(clinic())
    assert callable(app), (
        f"`with_secure_headers(app)` returned {in_words(app)}. The docstring asks for "
        "an ASGI application. Look at what your function returns."
    )
    check_start(app)
    return app


PATHS = {"/patients/7": 200, "/nowhere": 404, "/patients/x": 422, "/broken": 500}


def values(response: httpx2.Response, names: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the values of each of these headers."""
    return {name: response.headers.get_list(name) for name in names}


@pytest.mark.parametrize(
    ("path", "status"), PATHS.items(), ids=map(str, PATHS.values())
)
def test_q2_every_response_has_the_headers(answers, path, status):
    app = secured(answers)

    with client(app, raises=False) as http:
        response = http.get(path)
    got = values(response, answers.SECURE_HEADERS)
    asked = {name: [value] for name, value in answers.SECURE_HEADERS.items()}
    wrong = {name: got[name] for name in asked if got[name] != asked[name]}
    assert (response.status_code, wrong) == (status, {}), (
        f"`GET {path}` returned {response.status_code} (expected {status}). Wrong "
        f"headers: {in_words(wrong)}. The docstring asks for each of `SECURE_HEADERS`, "
        "once, on every response."
    )


def test_q2_the_names_and_values_come_from_secure_headers(answers, monkeypatch):
    monkeypatch.setitem(answers.SECURE_HEADERS, "X-Frame-Options", "DENY")
    app = secured(answers)

    with client(app) as http:
        got = http.get("/patients/7").headers.get("X-Frame-Options")
    assert got == "DENY", (
        "The test added `X-Frame-Options: DENY` to `SECURE_HEADERS`. The response has "
        f"the value {got!r}. The docstring asks for each of `SECURE_HEADERS`."
    )


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_q2_a_header_of_the_response_keeps_its_value(answers, scheme):
    app = secured(answers)

    with client(app) as http:
        response = http.get(f"{scheme}://testserver/page")
    names = {**answers.SECURE_HEADERS, "Strict-Transport-Security": ""}
    every = values(response, names)
    asked = {
        "X-Content-Type-Options": ["nosniff"],
        "Content-Security-Policy": ["default-src 'self'"],
        "Referrer-Policy": [""],
        "Strict-Transport-Security": ["max-age=60"],
    }
    got = {name: every[name] for name in asked if every[name] != asked[name]}
    assert got == {}, (
        f"Over {scheme}, the endpoint set every header of this koan but "
        f"X-Content-Type-Options. In the response, these are not as asked: "
        f"{in_words(got)}. The docstring asks to keep a value that the response "
        "already has. Header names ignore case."
    )
    rest = (seen(response), len(response.headers.get_list("set-cookie")))
    assert rest == ((200, "page"), 2), (
        "The endpoint returned 'page' with 200 and two cookies. The response and "
        f"how many cookies it has: {in_words(rest)}. The docstring asks to add "
        "headers, and nothing else."
    )


def test_q2_a_response_over_https_has_hsts(answers):
    with serve(secured(answers), tls=tls()) as server:
        responses = {path: server.client.get(path) for path in PATHS}

    for path, response in responses.items():
        got = response.headers.get_list("Strict-Transport-Security")
        status = PATHS[path]
        assert (response.status_code, got) == (status, [answers.ONE_YEAR_OF_HTTPS]), (
            f"`GET {path}` over HTTPS returned {response.status_code} (expected "
            f"{status}) with the values {got} of `Strict-Transport-Security`. The "
            f"docstring asks for {answers.ONE_YEAR_OF_HTTPS!r}, once."
        )


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Forwarded-Proto": "https"},
        {"Forwarded": "proto=https"},
        {"Host": "https:443", "Origin": "https://a.example", "X-Forwarded-Ssl": "on"},
        {"Upgrade-Insecure-Requests": "1", "Referer": "https://a.example/"},
    ],
    ids=["plain", "proto", "forwarded", "host", "referer"],
)
def test_q2_a_response_over_http_has_no_hsts(answers, headers):
    app = secured(answers)

    facts = []
    with client(app, raises=False) as http:
        for path in ("/patients/7", "/broken"):
            response = http.get(path, headers=headers)
            names = ("Strict-Transport-Security", "X-Content-Type-Options")
            facts.append([name in response.headers for name in names])
    assert facts == [[False, True]] * 2, (
        f"`GET /patients/7` and `GET /broken` over HTTP with the headers {headers}: "
        "whether the responses had Strict-Transport-Security, X-Content-Type-Options "
        f"was {facts}. The docstring asks for the second only: the scheme in the scope "
        "decides."
    )


def test_q2_each_request_is_looked_at(answers):
    app = secured(answers)

    facts = []
    with client(app) as http:
        for scheme in ("https", "http", "https"):
            response = http.get(f"{scheme}://testserver/patients/7")
            facts.append("Strict-Transport-Security" in response.headers)
    assert facts == [True, False, True], (
        "One application received requests over HTTPS, HTTP and HTTPS, in this order. "
        f"Whether the responses had Strict-Transport-Security: {facts}. The docstring "
        "asks for it on responses over HTTPS only."
    )


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_q2_the_application_receives_the_request_as_it_came(answers, scheme):
    path = f"{scheme}://testserver/request?x=1"
    with client(clinic()) as http:
        asked = http.get(path, headers={"X-Ward": "7"}).json()
    with client(secured(answers)) as http:
        got = json_or_text(http.get(path, headers={"X-Ward": "7"}))

    assert got == asked, (
        f"An endpoint returned what it knows of its request: {in_words(got)}. Without "
        f"`with_secure_headers`, it returns {in_words(asked)}. The docstring asks that "
        "`app` receives each request as it came. Look at what you pass on to `app`."
    )


def test_q2_the_exception_reaches_the_server(answers):
    app = secured(answers)

    with client(app) as http:
        got = outcome(lambda: http.get("/broken"))
    assert isinstance(got, RuntimeError), (
        "An endpoint raised a RuntimeError. The client of the test, which shows what "
        f"reaches the server, {returned_or_raised(got)}. The docstring asks that the "
        "exception reaches Uvicorn. Do not catch it for good."
    )
    with client(app, raises=False) as http:
        response = http.get("/broken")
    assert "fire" not in response.text, (
        f"The response to an exception was {in_words(response.text)}. It tells the "
        "client about the exception. The docstring asks to add headers only."
    )


def test_q2_the_lifespan_works(answers):
    begun: list[str] = []
    app = answers.with_secure_headers(clinic(begun))

    check_start(app)
    assert begun == ["start", "stop"], (
        "The test started the application and stopped it again. The lifespan of `app` "
        f"did {begun}, not ['start', 'stop']. The docstring asks that it works as "
        f"before. {OTHER_SCOPES}"
    )


def chat(app: ASGIApp) -> tuple[object, list[str]]:
    """Return the outcome of a WebSocket that says 'hello', and what it was sent."""
    sent: list[str] = []
    received = iter(
        [
            {"type": "websocket.connect"},
            {"type": "websocket.receive", "text": "hello"},
            {"type": "websocket.disconnect", "code": 1000},
        ]
    )

    async def receive() -> Message:
        return next(received)

    async def send(message: Message) -> None:
        sent.append(message.get("text", message["type"]))

    scope = {
        "type": "websocket",
        "scheme": "ws",
        "path": "/chat",
        "query_string": b"",
        "headers": [],
        "subprotocols": [],
        "state": {"clinic": "open"},
    }
    return outcome(lambda: asyncio.run(app(scope, receive, send))), sent


def test_q2_websockets_work(answers):
    got, sent = chat(secured(answers))
    expected = ["websocket.accept", "open, hello", "websocket.close"]
    assert (got, sent) == (None, expected), (
        "A client sent 'hello' to a WebSocket that accepts, sends 'open, hello' and "
        f"closes. This {returned_or_raised(got)}, and the application sent {sent}. The "
        "docstring asks that WebSockets work as before. "
        f"{OTHER_SCOPES}"
    )


# --- 5.8.3 ---

COMMENTS = ("GET", "/patients?name=x'/**/OR/**/1=1--", None)
REQUESTS: dict[str, tuple[str, str, str | None]] = {
    "injection": ("GET", "/patients?name=x'%20OR%201=1--", None),
    "comments": COMMENTS,
    "JSON": ("POST", "/search", r"""{"name": "x'\u0020OR 1=1--"}"""),
    "harmless": ("GET", "/patients?name=Union%20Select%20Care", None),
    "record": ("GET", "/records/Ben", None),
    "repaired": COMMENTS,
}
WHERE_TO_LOOK = {
    "injection": "Compare `ATTACK` with the query, after %20 became a space.",
    "comments": "`ATTACK` looks for white space. Look at `/**/`, and then at the SQL.",
    "JSON": "`ATTACK` looks at the body as it was sent. FastAPI decodes its JSON.",
    "harmless": "The firewall knows only `ATTACK`, not what you mean.",
    "record": "Look at `read_record`. Nothing in this request looks like an attack.",
    "repaired": "With a bound parameter, the whole text is a name to look for.",
}


@pytest.mark.parametrize("name", REQUESTS)
def test_q3_the_response_behind_the_firewall_is_predicted(answers, name):
    predictions = answers.names_received()
    assert isinstance(predictions, dict), (
        f"`names_received()` returned {in_words(predictions)}. The docstring asks for "
        "a dict."
    )
    predicted = predictions.get(name)

    signed_in(answers, {"ana": "user"})
    method, path, body = REQUESTS[name]
    headers = {"Authorization": "Bearer ana", "Content-Type": "application/json"}
    app = answers.search_app(is_repaired=name == "repaired")
    with serve(app) as upstream, serve(answers.firewall(upstream.url)) as front:
        response = front.client.request(method, path, content=body, headers=headers)
    got = 403 if response.status_code == 403 else len(response.json())

    assert predicted == got, (
        f"The prediction for {name!r} is {in_words(predicted)}, which is not what "
        f"`{method} {path}` really received. The docstring asks for the number of "
        f"names in the response, or 403. {WHERE_TO_LOOK[name]}"
    )


# --- 5.8.4 ---


class Laboratory:
    """The results of the laboratory, and who treats whom. A test changes them."""

    def __init__(self, answers) -> None:
        self.results = {
            number: answers.Result(number, patient, f"Result {number}")
            for number, patient in {1: "ana", 22: "ben", 333: "kim", 4: "lee"}.items()
        }
        self.treats = {("kim", "ana"), ("old", "ben"), ("lee", "ben"), ("lee", "lee")}
        self.roles = {
            "ana": "patient",
            "ben": "patient",
            "old": "patient",
            "Ana": "patient",
            "an": "patient",
            "kim": "doctor",
            "lee": "doctor",
        }
        self.asked: list[int] = []

    def find_result(self, number: int) -> object:
        """Return a result, a new object for each call."""
        self.asked.append(number)
        found = self.results.get(number)
        return type(found)(**asdict(found)) if found is not None else None


@pytest.fixture
def laboratory(answers) -> Laboratory:
    """The laboratory that the application of 5.8.4 uses."""
    one = Laboratory(answers)
    signed_in(answers, one.roles)
    stand_in(answers.find_result, one.find_result)
    stand_in(answers.treats, lambda doctor, patient: (doctor, patient) in one.treats)
    return one


def read_result(answers, number: int | str, name: str | None) -> httpx2.Response:
    """Return the response to a request for a result."""
    app = fastapi_app(answers.results_app(), "results_app()")
    return send(app, "GET", f"/results/{number}", name)


@pytest.mark.parametrize(
    ("name", "number", "patient"),
    [
        ("ana", 1, "ana"),
        ("ben", 22, "ben"),
        ("kim", 1, "ana"),
        ("lee", 22, "ben"),
        ("lee", 4, "lee"),
    ],
    ids=["ana", "ben", "kim", "lee", "lee treats lee"],
)
def test_q4_who_may_read_a_result_receives_it(
    answers, laboratory, name, number, patient
):
    got = seen(read_result(answers, number, name))
    asked = {"number": number, "patient": patient, "text": f"Result {number}"}
    treats = (name, patient) in laboratory.treats
    assert got == (200, asked), (
        f"{name} has the role {laboratory.roles[name]!r}. The patient of the result is "
        f"{patient}. `treats({name!r}, {patient!r})` is {treats}. `GET "
        f"/results/{number}` returned {in_words(got)}. The docstring asks for 200 and "
        "the result."
    )


HIDDEN = {
    "another patient": ("ana", 22),
    "another doctor's patient": ("kim", 22),
    "no patient of this doctor": ("lee", 1),
    "a former doctor": ("old", 22),
    "another case": ("Ana", 1),
    "a part of the name": ("an", 1),
    "a doctor's own": ("kim", 333),
}


@pytest.mark.parametrize(("name", "number"), HIDDEN.values(), ids=HIDDEN)
def test_q4_a_hidden_result_looks_like_a_missing_one(answers, laboratory, name, number):
    hidden = seen(read_result(answers, number, name))
    patient = laboratory.results.pop(number).patient
    missing = seen(read_result(answers, number, name))

    assert (hidden[0], missing[0]) == (404, 404), (
        f"{name} has the role {laboratory.roles[name]!r}. The patient of result "
        f"{number} is {patient}. The response was {in_words(hidden)}; without this "
        f"result, it was {in_words(missing)}. The docstring asks for 404 in both cases."
    )
    assert hidden == missing, (
        f"{name} may not read result {number}: the response was {in_words(hidden)}. "
        f"Without this result, it was {in_words(missing)}. The docstring asks for the "
        "same body, so that nobody can find out which numbers exist."
    )


@pytest.mark.parametrize("role", ["admin", "Doctor", "doc", "patients", ""])
@pytest.mark.parametrize(
    ("name", "number"),
    [("ana", 1), ("kim", 1), ("ana", 9)],
    ids=["own", "treats", "no"],
)
def test_q4_another_role_returns_403(answers, laboratory, role, name, number):
    laboratory.roles[name] = role

    got = seen(read_result(answers, number, name))
    assert got[0] == 403, (
        f"{name} has the role {role!r} and asked for result {number}. The response was "
        f"{in_words(got)}. The docstring asks for 403 for every role but "
        '"patient" and "doctor", whether or not there is such a result.'
    )


@pytest.mark.parametrize("token", [None, "stolen"])
def test_q4_without_a_valid_token_the_response_is_401(answers, laboratory, token):
    got = read_result(answers, 1, token)
    facts = (got.status_code, "www-authenticate" in got.headers, laboratory.asked)
    assert facts == (401, True, []), (
        f"With the token {token!r}, `GET /results/1` returned {got.status_code}, and "
        f"`find_result` was called with {laboratory.asked}. The docstring says that "
        "`CurrentUser` returns 401. Use it in your endpoint."
    )


@pytest.mark.parametrize("number", ["one", "1.5"])
@pytest.mark.parametrize("name", ["ana", "kim"])
def test_q4_a_number_that_is_no_integer_returns_422(answers, laboratory, name, number):
    got = read_result(answers, number, name).status_code
    assert got == 422, (
        f"{name} has the role {laboratory.roles[name]!r}. `GET /results/{number}` "
        f"returned {got}. FastAPI returns 422 if your parameter `number` is an `int`, "
        "as the docstring says."
    )


def test_q4_the_rights_are_checked_for_each_request(answers, laboratory):
    app = fastapi_app(answers.results_app(), "results_app()")

    def ask() -> int:
        return send(app, "GET", "/results/1", "kim").status_code

    got = [ask()]
    laboratory.treats.clear()
    got.append(ask())
    laboratory.treats.add(("kim", "ana"))
    got.append(ask())
    laboratory.roles["kim"] = "patient"
    got.append(ask())
    assert got == [200, 404, 200, 404], (
        "Doctor kim treated ana, then not, then again, then kim became a patient. "
        f"`GET /results/1` returned {got}. The docstring asks for 200, 404, 200 and "
        "404: what is true at the request decides."
    )


def test_q4_the_result_is_looked_up_for_each_request(answers, laboratory):
    app = fastapi_app(answers.results_app(), "results_app()")

    def ask() -> tuple[int, object]:
        got = send(app, "GET", "/results/1", "ana")
        return got.status_code, json_or_text(got)["text"] if got.is_success else ""

    got = [ask()]
    laboratory.results[1] = answers.Result(1, "ana", "corrected")
    got.append(ask())
    del laboratory.results[1]
    got.append(ask())
    assert got == [(200, "Result 1"), (200, "corrected"), (404, "")], (
        "The result of ana was corrected, and then it was deleted. Her three requests "
        f"returned {in_words(got)}. The docstring asks for the result, and for 404 if "
        "there is none. Look at when your code calls `find_result`."
    )


# --- 5.8.5 ---


class Ward:
    """The application of 5.8.5, and the roles in its database."""

    def __init__(self, answers) -> None:
        self.roles: dict[str, str | None] = {"kim": "doctor", "ana": "patient"}
        self.lookups: list[str] = []
        self.prescriptions = ["ibuprofen"]
        self._key = answers.KEY
        self._issue = answers.issue_token
        stand_in(answers.find_role, self._find_role)
        app = answers.ward_app(self.prescriptions)
        self.app = fastapi_app(app, "ward_app(prescriptions)")

    def _find_role(self, name: str) -> str | None:
        self.lookups.append(name)
        return self.roles.get(name)

    def token(self, name: str) -> str:
        """Return a token of `issue_token`, with the role as it is now."""
        token: str = self._issue(name)
        self.lookups.clear()
        return token

    def own_token(self, **claims: object) -> str:
        """Return a token with the right signature, for kim and with these claims."""
        expires = datetime.now(UTC) + timedelta(minutes=5)
        return jwt.encode({"sub": "kim", "exp": expires, **claims}, self._key, "HS256")

    def read(self, token: str | None) -> tuple[int, Any]:
        """Return the response to `GET /prescriptions`."""
        return seen(send(self.app, "GET", "/prescriptions", token))

    def prescribe(self, token: str | None, drug: str = "aspirin") -> int:
        """Return the status code of `POST /prescriptions`."""
        path = f"/prescriptions?drug={drug}"
        return send(self.app, "POST", path, token).status_code


@pytest.fixture
def ward(answers) -> Ward:
    """The ward, where kim is a doctor and ana is a patient."""
    return Ward(answers)


def test_q5_a_doctor_reads_without_a_lookup(ward):
    got = ward.read(ward.token("kim"))
    assert got == (200, ["ibuprofen"]), (
        'Kim\'s token has the role "doctor". `GET /prescriptions` returned '
        f"{in_words(got)}. The docstring asks that doctors can read."
    )
    assert ward.lookups == [], (
        "`GET /prescriptions` called `find_role` with "
        f"{ward.lookups}. The docstring asks not to call it: the role is in the token."
    )


def test_q5_a_doctor_prescribes(ward):
    got = [ward.prescribe(ward.token("kim"), drug) for drug in ("aspirin", "zinc")]
    assert (got, ward.prescriptions) == (
        [201, 201],
        ["ibuprofen", "aspirin", "zinc"],
    ), (
        "Kim is a doctor, and prescribed aspirin and zinc. The responses were "
        f"{got}, and the prescriptions are {ward.prescriptions}. The docstring asks "
        "that doctors can prescribe."
    )
    assert set(ward.lookups) == {"kim"}, (
        f"Kim prescribed twice. The calls of `find_role` were for {ward.lookups}. The "
        "docstring asks that the role which it returns now decides. Call it with the "
        "claim `sub`, for each request."
    )


def test_q5_after_a_role_is_taken_away_the_token_can_only_read(ward):
    token = ward.token("kim")
    ward.roles["kim"] = "patient"

    got = (ward.read(token)[0], ward.prescribe(token), ward.prescriptions)
    assert got == (200, 403, ["ibuprofen"]), (
        'Kim has a token with the role "doctor", and is a patient now. Reading '
        f"returned {got[0]}, prescribing {got[1]}, and the prescriptions are {got[2]}. "
        "The docstring asks for 200, and for 403 with nothing prescribed."
    )
    new = ward.read(ward.token("kim"))[0]
    assert new == 403, (
        "Kim is a patient and signed in again. With the new token, reading returned "
        f'{new}. The docstring asks for 403: the role in this token is "patient".'
    )


def test_q5_a_new_doctor_can_prescribe_with_an_old_token(ward):
    token = ward.token("ana")
    ward.roles["ana"] = "doctor"

    got = (ward.read(token)[0], ward.prescribe(token))
    assert got == (403, 201), (
        'Ana has a token with the role "patient", and is a doctor now. Reading '
        f"returned {got[0]}, prescribing {got[1]}. The docstring asks for 403 and 201: "
        "the role in the token decides about reading, `find_role` about prescribing."
    )


def test_q5_the_role_is_looked_up_for_each_prescription(ward):
    token = ward.token("kim")
    got = []
    for ward.roles["kim"] in ("doctor", "patient", "doctor", None):
        got.append(ward.prescribe(token))
    assert got == [201, 403, 201, 403], (
        "Kim was a doctor, a patient, a doctor, and then `find_role` returned None. "
        f"With one token, the four prescriptions returned {got}. The docstring asks "
        "for the role that `find_role` returns now. Look at what your code keeps."
    )


@pytest.mark.parametrize("role", ["patient", "Doctor", "doctors", "doc", "", None])
def test_q5_another_role_returns_403(ward, role):
    ward.roles["kim"] = role
    token = ward.own_token(role=role)

    got = (ward.read(token)[0], ward.prescribe(token), ward.prescriptions)
    assert got == (403, 403, ["ibuprofen"]), (
        f"The role in the token and in the database is {role!r}. Reading returned "
        f"{got[0]}, prescribing {got[1]}, and the prescriptions are {got[2]}. The "
        "docstring asks for 403 twice, and nothing is prescribed."
    )


@pytest.mark.parametrize(
    "claims",
    [{}, {"role": ["doctor"]}, {"roles": "doctor"}],
    ids=["no", "list", "roles"],
)
def test_q5_a_token_without_this_role_cannot_read(ward, claims):
    token = ward.own_token(**claims)

    got = (ward.read(token)[0], ward.prescribe(token))
    assert got == (403, 201), (
        f"A valid token of the doctor kim has the claims {claims} besides `sub` and "
        f"`exp`. Reading returned {got[0]}, prescribing {got[1]}. The docstring asks "
        "for 403 without the role in the token, and for 201 because of `find_role`."
    )


def test_q5_the_account_in_the_token_decides(ward):
    tokens = [ward.token(name) for name in ("kim", "ana")]
    got = [ward.prescribe(token) for token in tokens]
    ward.roles |= {"kim": "patient", "ana": "doctor"}
    got += [ward.prescribe(token) for token in tokens]
    assert got == [201, 403, 403, 201], (
        "Kim is a doctor and ana a patient, then the other way round. Each of them "
        f"tried to prescribe, both times: {got}. The docstring asks for 201, 403, 403 "
        "and 201. Look at which name you pass to `find_role`."
    )


def test_q5_a_closed_account_cannot_prescribe(ward):
    token = ward.token("kim")
    del ward.roles["kim"]

    got = (ward.prescribe(token), ward.prescriptions)
    assert got == (403, ["ibuprofen"]), (
        "The account of kim does not exist any more: `find_role` returns None. "
        f"Prescribing returned {got[0]}, and the prescriptions are {got[1]}. The "
        "docstring asks for 403, and nothing is prescribed."
    )


def bad_tokens(ward: Ward) -> dict[str, str | None]:
    """Return tokens that are not valid."""
    claims = {
        "sub": "kim",
        "role": "doctor",
        "exp": datetime.now(UTC) + timedelta(days=1),
    }
    old = datetime.now(UTC) - timedelta(minutes=1)
    return {
        "none": None,
        "text": "doctor",
        "expired": ward.own_token(role="doctor", exp=old),
        "foreign key": jwt.encode(claims, b"k" * 32, "HS256"),
        "no signature": jwt.encode(claims, None, "none"),
    }


@pytest.mark.parametrize(
    "kind", ["none", "text", "expired", "foreign key", "no signature"]
)
def test_q5_a_token_that_is_not_valid_returns_401(ward, kind):
    token = bad_tokens(ward)[kind]

    got = (ward.read(token)[0], ward.prescribe(token), ward.prescriptions)
    assert got == (401, 401, ["ibuprofen"]), (
        f"With a token of the kind {kind!r}, reading returned {got[0]} and prescribing "
        f"{got[1]}. The docstring says that `claims: Claims` are verified, and 401 "
        "comes from there. Use it in both dependencies."
    )


# --- 5.8.6 ---


class RoleService:
    """The service that stores the roles, and a clock that the test moves."""

    def __init__(self, answers) -> None:
        self.roles: dict[str, str] = {"kim": "doctor", "ana": "patient"}
        self.time = 1000.0
        self.fetched: list[str] = []
        self.error: Exception | None = None
        self.meanwhile: Callable[[], object] = lambda: None
        stand_in(answers.now, lambda: self.time)

    def fetch(self, user: str) -> str | None:
        """Return the role of a user. The answer is made, then `meanwhile` happens."""
        self.fetched.append(user)
        if self.error is not None:
            raise self.error
        role = self.roles.get(user)
        self.meanwhile()
        return role


def is_free(lock: Any) -> bool:
    """Return whether another thread can take this lock right now."""

    def take() -> None:
        if lock.acquire(blocking=False):
            lock.release()
            free.append(True)

    free: list[bool] = []
    thread = Thread(target=take)
    thread.start()
    thread.join()
    return free == [True]


def forget(roles: Any, user: str) -> None:
    """Call `forget`, unless it would wait forever."""
    assert is_free(roles.lock), LOCKED
    roles.forget(user)


LOCKED = (
    "`self.lock` was held while `fetch` ran, so `forget` would have to wait. The "
    "docstring asks not to hold it then. Look at what your `with self.lock:` contains."
)


@pytest.fixture
def service(answers) -> RoleService:
    """The role service."""
    return RoleService(answers)


@pytest.mark.parametrize(
    ("user", "role"),
    [
        ("kim", "doctor"),
        ("kim", "doc"),
        ("kim", "Doctor"),
        ("kim", "doctor,admin"),
        ("kim", ""),
        ("ana", "patient"),
        ("ana", "doctor"),
        ("nobody", "patient"),
        ("nobody", "None"),
    ],
)
def test_q6_has_returns_whether_the_user_has_the_role(answers, service, user, role):
    roles = answers.Roles(service.fetch, seconds=30)

    got = [roles.has(user, role) for _ in range(2)]
    asked = service.roles.get(user) == role
    assert got == [asked] * 2, (
        f"`fetch` returned {service.roles.get(user)!r} for {user!r}. Two calls of "
        f"`has({user!r}, {role!r})` returned {in_words(got)}. The docstring asks "
        f"whether the user has exactly this role: {asked}."
    )


@pytest.mark.parametrize("user", ["kim", "nobody"])
def test_q6_an_answer_is_kept(answers, service, user):
    roles = answers.Roles(service.fetch, seconds=30)

    for role in ("doctor", "admin", "doctor"):
        roles.has(user, role)
        service.time += 9
    assert service.fetched == [user], (
        f"`has` was called three times for {user!r} within 18 of 30 seconds, for two "
        f"roles. `fetch` was called {len(service.fetched)} times. The docstring asks "
        "for one call: there is an answer for this user. None is an answer, too."
    )


@pytest.mark.parametrize("seconds", [30, 5.5])
def test_q6_an_old_answer_is_not_used(answers, service, seconds):
    roles = answers.Roles(service.fetch, seconds)

    got = [roles.has("kim", "doctor")]
    service.roles["kim"] = "patient"
    for passed in (seconds - 0.5, 0.5, 0.5):
        service.time += passed
        got.append(roles.has("kim", "doctor"))
    assert (got, len(service.fetched)) == ([True, True, False, False], 2), (
        f"`seconds` is {seconds}. `has` was called after 0, {seconds - 0.5}, {seconds} "
        f"and {seconds + 0.5} s. The role was taken away after the first call. `has` "
        f"returned {in_words(got)} with {len(service.fetched)} calls of `fetch`. The "
        "docstring asks for a new call when `seconds` have passed."
    )


def test_q6_the_age_is_counted_from_the_call_of_fetch(answers, service):
    def wait() -> None:
        service.time += 20

    service.meanwhile = wait
    roles = answers.Roles(service.fetch, seconds=30)
    roles.has("kim", "doctor")
    service.roles["kim"] = "patient"
    service.time += 10

    got = roles.has("kim", "doctor")
    assert (got, len(service.fetched)) == (False, 2), (
        "`fetch` took 20 seconds, and 10 more have passed. `seconds` is 30. `has` "
        f"returned {in_words(got)}, after {len(service.fetched)} calls of `fetch`. The "
        "docstring counts from the moment when `fetch` was called. Look at when you "
        "read the clock."
    )


def test_q6_after_forget_the_next_has_calls_fetch(answers, service):
    roles = answers.Roles(service.fetch, seconds=30)
    for user in ("kim", "ana"):
        roles.has(user, "doctor")
    service.roles["kim"] = "patient"

    roles.forget("nobody")
    roles.forget("kim")
    got = [roles.has("kim", "doctor"), roles.has("ana", "patient")]
    assert (got, service.fetched) == ([False, True], ["kim", "ana", "kim"]), (
        "Kim became a patient, and `forget('kim')` was called. `has` returned "
        f"{in_words(got)} for kim as a doctor and ana as a patient. `fetch` was called "
        f"for {service.fetched}. The docstring asks for a new call for kim only."
    )


@pytest.mark.parametrize("is_known", [False, True], ids=["first", "later"])
def test_q6_an_answer_that_was_forgotten_meanwhile_is_not_kept(
    answers, service, is_known
):
    roles = answers.Roles(service.fetch, seconds=30)
    if is_known:
        roles.has("kim", "doctor")
        service.time += 30

    def change() -> None:
        service.roles["kim"] = "patient"
        forget(roles, "kim")
        service.meanwhile = lambda: None

    service.meanwhile = change
    roles.has("kim", "doctor")
    got = [roles.has("kim", "doctor"), roles.has("kim", "patient")]
    count = len(service.fetched) - is_known
    assert (got, count) == ([False, True], 2), (
        "While `fetch('kim')` ran, kim became a patient, and `forget('kim')` was "
        f"called. Then `has` returned {in_words(got)} for doctor and patient. Calls "
        f"of `fetch`: {count}. The docstring asks not to keep an answer that was "
        "forgotten while `fetch` ran, and to keep the next one."
    )


def test_q6_a_forget_counts_also_if_another_user_is_asked_for(answers, service):
    roles = answers.Roles(service.fetch, seconds=30)

    def change() -> None:
        service.meanwhile = lambda: None
        service.roles["kim"] = "patient"
        forget(roles, "kim")
        roles.has("ana", "patient")

    service.meanwhile = change
    roles.has("kim", "doctor")
    got = roles.has("kim", "doctor")
    assert got is False, (
        "While `fetch('kim')` ran, kim became a patient, `forget('kim')` was called, "
        "and `has` returned an answer for ana. Then `has('kim', 'doctor')` returned "
        f"{in_words(got)}. The docstring asks for False: an answer that was forgotten "
        "is not kept. Look at what your code does with `forgotten`."
    )


@pytest.mark.parametrize("is_known", [False, True], ids=["first", "later"])
def test_q6_the_lock_is_free_while_fetch_runs(answers, service, is_known):
    roles = answers.Roles(service.fetch, seconds=30)
    if is_known:
        roles.has("kim", "doctor")
        service.time += 30

    free: list[bool] = []
    service.meanwhile = lambda: free.append(is_free(roles.lock))
    roles.has("kim", "doctor")
    assert free, (
        f"The answer for kim is {'30 seconds old' if is_known else 'unknown'}, and "
        "`seconds` is 30. `has` did not call `fetch`. The docstring asks for a call."
    )
    assert free == [True], LOCKED


def test_q6_a_forget_before_the_answer_is_stored_is_not_lost(answers, service):
    roles = answers.Roles(service.fetch, seconds=30)

    class Store(dict[str, Any]):
        """Another thread calls `forget` just before an answer is stored, if it can."""

        def __setitem__(self, user: str, answer: Any) -> None:
            if is_free(roles.lock):
                service.roles["kim"] = "patient"
                roles.forget("kim")
            super().__setitem__(user, answer)

    roles.known = Store()
    roles.has("kim", "doctor")
    got = roles.has("kim", "doctor")
    assert got == (service.roles["kim"] == "doctor"), (
        "Just before an answer was stored in `known`, kim became a patient, and "
        f"`forget('kim')` was called. The next `has` returned {got} for doctor. The "
        "docstring asks for a new call of `fetch`. Look at when your code holds `lock`."
    )


def test_q6_a_forget_after_the_comparison_is_not_lost(answers, service):
    roles = answers.Roles(service.fetch, seconds=30)

    class Counts(Counter[str]):
        """Another thread calls `forget` just after a count is read, if it can."""

        def __getitem__(self, user: str) -> int:
            count = super().__getitem__(user)
            if is_first and service.fetched and is_free(roles.lock):
                service.roles["kim"] = "patient"
                roles.forget("kim")
            return count

        def get(self, user: str, default: Any = None) -> Any:
            return self[user] or default

    roles.forgotten = Counts(kim=1)
    is_first = True
    roles.has("kim", "doctor")
    is_first = False
    got = roles.has("kim", "doctor")
    assert got == (service.roles["kim"] == "doctor"), (
        "`has` read `forgotten['kim']` after `fetch`. Just then, kim became a patient, "
        f"and `forget('kim')` was called. The next `has` returned {got} for doctor. "
        "The docstring asks not to keep such an answer. Compare and store while you "
        "hold `lock`."
    )


def test_q6_forgetting_another_user_meanwhile_does_not_matter(answers, service):
    roles = answers.Roles(service.fetch, seconds=30)
    service.meanwhile = lambda: forget(roles, "ana")

    for _ in range(3):
        roles.has("kim", "doctor")
    assert service.fetched == ["kim"], (
        "While `fetch('kim')` ran, `forget('ana')` was called. Then `has` was called "
        f"twice for kim. `fetch` was called for {service.fetched}. The docstring asks "
        "to keep an answer, unless this user was forgotten meanwhile."
    )


ERRORS = [
    httpx.ConnectError("The role service is down."),
    httpx.ReadTimeout("The role service is slow."),
    httpx.HTTPStatusError(
        "503",
        request=httpx.Request("GET", "http://roles"),
        response=httpx.Response(503),
    ),
]


@pytest.mark.parametrize("error", ERRORS, ids=["down", "slow", "503"])
@pytest.mark.parametrize("is_known", [False, True], ids=["unknown", "old"])
def test_q6_without_an_answer_nobody_has_a_role(answers, service, error, is_known):
    roles = answers.Roles(service.fetch, seconds=30)
    if is_known:
        roles.has("kim", "doctor")
    service.time += 30

    service.error = error
    got = [outcome(lambda: roles.has("kim", "doctor"))]
    service.error = None
    got.append(outcome(lambda: roles.has("kim", "doctor")))
    assert got == [False, True], (
        f"There is {'only an old' if is_known else 'no'} answer for kim, and `fetch` "
        f"raised {type(error).__name__}. `has` {returned_or_raised(got[0])}. Then "
        f"`fetch` worked again, and `has` {returned_or_raised(got[1])}. The docstring "
        "asks for False, and to try again at the next call."
    )


def test_q6_a_young_answer_counts_while_the_role_service_is_down(answers, service):
    roles = answers.Roles(service.fetch, seconds=30)
    roles.has("kim", "doctor")
    service.error = httpx.ConnectError("The role service is down.")
    service.time += 29

    got = [outcome(lambda n=name: roles.has(n, "doctor")) for name in ("kim", "ana")]
    got.append(outcome(lambda: roles.has("kim", "doctor")))
    assert got == [True, False, True], (
        "The role service went down when the answer for kim was 29 of 30 seconds old. "
        f"For kim, ana (unknown) and kim, `has` came to {in_words(got)}. The docstring "
        "asks to call `fetch` only without an answer, or with an old one."
    )


@pytest.mark.parametrize(
    "error", [ValueError("not JSON"), KeyError("role"), OSError("x")]
)
def test_q6_another_exception_is_raised(answers, service, error):
    roles = answers.Roles(service.fetch, seconds=30)
    service.error = error

    got = outcome(lambda: roles.has("kim", "doctor"))
    assert got is error, (
        f"`fetch` raised {in_words(error)}. `has` {returned_or_raised(got)}. The "
        "docstring asks to raise exceptions other than `httpx.HTTPError`."
    )


def test_q6_each_service_has_answers_of_its_own(answers, service):
    first, second = (answers.Roles(service.fetch, seconds=30) for _ in range(2))

    first.has("kim", "doctor")
    service.roles["kim"] = "patient"
    got = [first.has("kim", "doctor"), second.has("kim", "doctor")]
    assert got == [True, False], (
        "Two objects of `Roles` were created. One of them knows kim as a doctor. Then "
        f"kim became a patient. `has('kim', 'doctor')` returned {in_words(got)}. Each "
        "object keeps answers of its own in `self.known`: True, then False."
    )


@pytest.fixture
def role_service(service) -> Iterator[FastAPI]:
    """The role service as an application."""
    app = FastAPI()

    @app.get("/roles/{user}")
    def read_role(user: str) -> str | None:
        service.fetched.append(user)
        return service.roles.get(user)

    return app


def appointments(roles: Any) -> FastAPI:
    """Return the appointment service, which is for doctors."""
    app = FastAPI()

    def require_doctor(user: str) -> None:
        if not roles.has(user, "doctor"):
            raise HTTPException(403)

    @app.get("/appointments", dependencies=[Depends(require_doctor)])
    def read_appointments() -> list[str]:
        return ["Monday"]

    return app


def test_q6_two_services_work_together(answers, service, role_service):
    got = []
    with httpx.Client(trust_env=False, verify=False) as http:
        with serve(role_service) as server:

            def fetch(user: str) -> Any:
                return http.get(f"{server.url}/roles/{user}").raise_for_status().json()

            app = appointments(answers.Roles(fetch, seconds=30))
            got += [send_as(app, user) for user in ("kim", "ana", "kim")]
        for passed in (29, 1):
            service.time += passed
            got.append(send_as(app, "kim"))
    assert (got, service.fetched) == ([200, 403, 200, 200, 403], ["kim", "ana"]), (
        "The appointment service asked a real role service for kim, ana and kim. Then "
        "the role service was stopped, and kim asked after 29 and after 30 seconds. "
        f"The responses were {got}, and `fetch` was called for {service.fetched}. The "
        "docstring asks for 200, 403, 200, 200 and 403."
    )


def send_as(app: FastAPI, user: str) -> int:
    """Return the status code of a request to the appointment service."""
    with client(app) as http:
        response = attempt(
            "`GET /appointments`", http.get, f"/appointments?user={user}"
        )
    status: int = response.status_code
    return status
