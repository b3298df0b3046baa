"""The tests of section 5.4."""

import base64
import random
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from typing import Annotated, Any
from urllib.parse import urljoin

import httpx2
import pytest
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm
from starlette.types import ASGIApp

from lab import (
    attempt,
    client,
    fastapi_app,
    in_words,
    json_or_text,
    outcome,
    serve,
    stand_in,
    tls,
)

ANA = ("ana", "a horse and 7 trees")
BEN = ("ben", "Über 90 % + more")


def send(app: ASGIApp, method: str, path: str, **what: Any) -> httpx2.Response:
    """Return the response of `app` to one request."""
    with client(app) as http:
        try:
            return http.request(method, path, **what)
        except Exception as error:
            raise AssertionError(
                f"`{method} {path}` raised {in_words(error)}. A client gets status 500 "
                "for it. The docstring says which responses there are. Look at the "
                "code of this endpoint."
            ) from error


def seen(response: httpx2.Response) -> tuple[int, Any]:
    """Return the status code and the body of a response."""
    return response.status_code, json_or_text(response)


def refusal(response: httpx2.Response) -> tuple[int, str]:
    """Return the status code, and the scheme in the header `WWW-Authenticate`."""
    challenge = response.headers.get("www-authenticate")
    scheme = "no header" if challenge is None else challenge.partition(" ")[0]
    return response.status_code, scheme


def bearer(token: str) -> dict[str, str]:
    """Return the header for a request with this token."""
    return {"Authorization": f"Bearer {token}"}


def token_in(response: httpx2.Response, form: str) -> str:
    """Return the token of a response of `POST /token` to a valid `form`."""
    status, body = seen(response)
    fields = body if isinstance(body, dict) else {}
    token, kind = fields.get("access_token"), fields.get("token_type")
    assert (status, kind, type(token)) == (200, "bearer", str), (
        f"`POST /token` returned {status} and {in_words(body)}. The request was a form "
        f"with {form}. The docstring asks for 200, the token as `access_token`, and "
        '"bearer" as `token_type`. Look at your `return`, and at what you raise.'
    )
    return str(token)


def portal_app(answers) -> FastAPI:
    """Return the application of 5.4.1."""
    return fastapi_app(answers.portal_app(), "portal_app()")


def sign_in(app: FastAPI, username: str, password: str) -> httpx2.Response:
    """Return the response of `POST /token` to a form of the password flow."""
    form = {"username": username, "password": password}
    return send(app, "POST", "/token", data={"grant_type": "password"} | form)


def user_token(app: FastAPI, username: str, password: str) -> str:
    """Return the token of a patient who signs in with the right password."""
    form = "the right `username` and `password`"
    return token_in(sign_in(app, username, password), form)


@pytest.mark.parametrize(
    "patient", [ANA, BEN, ("Eve ", " 7 Trees ")], ids=["ana", "ben", "spaces"]
)
def test_q1_the_password_is_exchanged_for_the_token_of_sign_in(answers, patient):
    tokens: list[str] = []

    def new_token(username: str, password: str) -> str:
        tokens.append(f"{len(tokens)}|{username}|{password}|")
        return tokens[-1]

    stand_in(answers.sign_in, new_token)
    app = portal_app(answers)
    got = [user_token(app, *patient) for _ in range(2)]

    expected = [f"{at}|{patient[0]}|{patient[1]}|" for at in (0, 1)]
    assert (got, tokens) == (expected, expected), (
        f"The patient {patient} signed in twice. The tokens were {in_words(got)}. The "
        f"docstring asks for `sign_in(username, password)`: {in_words(expected)}. Look "
        "at the call."
    )


@pytest.mark.parametrize(
    "patient", [("ana", "wrong"), ("eve", ANA[1]), ("ana", BEN[1]), ("ANA", ANA[1])]
)
def test_q1_a_wrong_password_returns_the_error_of_sign_in(answers, patient):
    app = portal_app(answers)

    response = sign_in(app, *patient)
    expected = (400, {"detail": "Incorrect username or password"})
    assert seen(response) == expected, (
        f"{patient} is no right username and password, and `sign_in` raised the "
        f"exception for 400. The response was {in_words(seen(response))}. The "
        "docstring asks for the response of this exception. Look at what you catch."
    )


@pytest.mark.parametrize(
    "what",
    [
        {},
        {"json": {"username": "ana", "password": ANA[1]}},
        {"params": {"username": "ana", "password": ANA[1]}},
        {"data": {"username": "ana"}},
        {"data": {"password": ANA[1]}},
        {"auth": ANA},
    ],
    ids=["empty", "json", "query", "no-password", "no-username", "basic"],
)
def test_q1_other_requests_get_no_token(answers, what):
    calls: list[object] = []
    stand_in(answers.sign_in, lambda *patient: calls.append(patient) or "a token")
    app = portal_app(answers)

    response = send(app, "POST", "/token", **what)
    assert (response.status_code, calls) == (422, []), (
        f"`POST /token` without the form of the password flow returned "
        f"{in_words(seen(response))}, and `sign_in` got {in_words(calls)}. The "
        "docstring asks for this form. FastAPI returns 422 without it by itself. Look "
        "at the parameters of your endpoint."
    )


def test_q1_get_me_returns_the_patient_of_the_token(answers):
    names = {"one": "ana", "two": "ben"}
    stand_in(
        answers.patient_of,
        lambda token: {"username": names.get(token, f"nobody: no token is {token!r}")},
    )
    app = portal_app(answers)

    def read(token: str, scheme: str = "Bearer") -> Any:
        headers = {"Authorization": f"{scheme} {token}"}
        return seen(send(app, "GET", "/me", headers=headers))

    got = [read("one"), read("two"), read("one", "bearer")]
    names["one"] = "eve"
    got.append(read("one"))
    expected = [(200, {"username": name}) for name in ("ana", "ben", "ana", "eve")]
    assert got == expected, (
        'For the tokens "one", "two", "one", "one", `patient_of` returned the patients '
        f"ana, ben, ana and then eve. `GET /me` returned {in_words(got)}. The "
        "docstring asks for `patient_of(token)`, for every request. Look at your "
        "`return`."
    )


NO_TOKENS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "basic": {"auth": ANA},
    "token-alone": {"headers": {"Authorization": "{0}"}},
    "other-scheme": {"headers": {"Authorization": "Token {0}"}},
    "no-token": {"headers": {"Authorization": "Bearer"}},
    "forged": {"headers": {"Authorization": "Bearer {0}x"}},
    "query": {"params": {"token": "{0}", "access_token": "{0}"}},
    "cookie": {"headers": {"Cookie": "token={0}; access_token={0}"}},
}


def shown(what: dict[str, Any]) -> str:
    """Return the parts of a request, with TOKEN for the token."""
    if not what:
        return "no header"
    text = str(what).replace("{0}", "TOKEN")
    return f"{text}, where TOKEN is a valid token," if "TOKEN" in text else text


@pytest.mark.parametrize("what", NO_TOKENS.values(), ids=NO_TOKENS)
def test_q1_without_a_valid_bearer_token_get_me_returns_401(answers, what):
    app = portal_app(answers)

    token = user_token(app, *ANA)
    request = {
        kind: values
        if isinstance(values, tuple)
        else {name: value.format(token) for name, value in values.items()}
        for kind, values in what.items()
    }
    response = send(app, "GET", "/me", **request)
    assert refusal(response) == (401, "Bearer"), (
        f"`GET /me` with {shown(what)} returned "
        f"{in_words((*seen(response), refusal(response)[1]))}. The docstring asks for "
        "401 with `WWW-Authenticate: Bearer`. Look at how `GET /me` gets the token."
    )


def password_flow(document: dict[str, Any]) -> str:
    """Return the `tokenUrl` for `GET /me` in an OpenAPI document."""
    operation = document.get("paths", {}).get("/me", {}).get("get", {})
    schemes = document.get("components", {}).get("securitySchemes", {})
    for requirement in operation.get("security", []):
        for name in requirement:
            flow = schemes.get(name, {}).get("flows", {}).get("password")
            if flow:
                return str(flow["tokenUrl"])
    raise AssertionError(
        f"In the OpenAPI document, `security` of `GET /me` is "
        f"{in_words(operation.get('security'))}, and the schemes are "
        f"{in_words(schemes)}. The docstring asks for a token of the password flow. "
        "Look at the class of your security scheme."
    )


def test_q1_a_client_finds_the_endpoints_in_the_openapi_document(answers):
    app = portal_app(answers)

    with serve(app, tls=tls()) as server:
        page = f"{server.url}/docs"
        token_url = password_flow(server.client.get("/openapi.json").json())
        url = urljoin(page, token_url)
        assert url == f"{server.url}/token", (
            f"`tokenUrl` is {token_url!r}. For a client of {page} this is {url}. The "
            "docstring asks that it names no host, and leads to `POST /token`. This is "
            f"{server.url}/token here. Look at `tokenUrl` and at the path."
        )
        form = {"grant_type": "password", "username": ANA[0], "password": ANA[1]}
        sent = "the right `username` and `password`"
        token = token_in(server.client.post(url, data=form), sent)
        response = server.client.get("/me", headers=bearer(token))
    assert seen(response) == (200, {"username": "ana"}), (
        f"Ana signed in over HTTPS. `GET /me` returned {in_words(seen(response))}. The "
        'docstring asks for 200 and {"username": "ana"}. Look at `GET /me`.'
    )


def oauth2_app(answers, tokens: Any) -> FastAPI:
    """Return an OAuth2 application that works with any `tokens`."""
    app = FastAPI()
    oauth2 = OAuth2PasswordBearer(tokenUrl="token")

    @app.post("/token")
    def create_token(form: Annotated[OAuth2PasswordRequestForm, Depends()]) -> Any:
        if not answers.has_password(form.username, form.password):
            raise HTTPException(400)
        token = tokens.create(form.username)
        return {"access_token": token, "token_type": "bearer"}

    @app.get("/me")
    def read_me(token: Annotated[str, Depends(oauth2)]) -> Any:
        username = tokens.username_of(token)
        if username is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
        return {"username": username}

    @app.post("/sign-out", status_code=204)
    def sign_out(token: Annotated[str, Depends(oauth2)]) -> None:
        tokens.revoke(token)

    return app


def visit(app: FastAPI) -> list[tuple[int, Any]]:
    """Return what a client sees: it signs in, reads, signs out and reads again."""
    other = user_token(app, *BEN)
    token = user_token(app, *ANA)
    steps = [("GET", "/me"), ("POST", "/sign-out"), ("GET", "/me")]
    got = [seen(send(app, *step, headers=bearer(token))) for step in steps]
    got.insert(1, seen(send(app, "GET", "/me", headers=bearer(f"{token}x"))))
    return [*got, seen(send(app, "GET", "/me", headers=bearer(other)))]


def test_q2_the_oauth2_application_works_with_both_kinds_of_tokens(answers):
    tokens = answers.OpaqueTokens(answers.TokenTable())

    refused = (401, {"detail": "Unauthorized"})
    with_jwt = visit(oauth2_app(answers, answers.JwtTokens()))
    got = visit(oauth2_app(answers, tokens))
    expected = [*with_jwt[:3], refused, with_jwt[4]]
    names = [
        "`GET /me`",
        "`GET /me` with a wrong token",
        "`POST /sign-out`",
        "`GET /me` after it",
        "`GET /me` of another patient",
    ]
    for name, one, wanted in zip(names, got, expected, strict=True):
        assert one == wanted, (
            f"A patient signed in. {name} returned {in_words(one)} with your tokens. "
            f"The docstring asks for tokens with which it returns {in_words(wanted)}. "
            "Look at the method that is called for it."
        )


def opaque(answers, table: Any = None) -> Any:
    """Return tokens of 5.4.2, with a table of their own if none is given."""
    return answers.OpaqueTokens(answers.TokenTable() if table is None else table)


def create(tokens: Any, username: str = "ana") -> str:
    """Return a new token."""
    token = attempt(f"`create({username!r})`", tokens.create, username)
    assert isinstance(token, str), (
        f"`create({username!r})` returned {in_words(token)}. The docstring asks for "
        "random text. Look at what `create` returns."
    )
    return token


def username_of(tokens: Any, token: str) -> Any:
    """Return the patient of a token."""
    got = outcome(lambda: tokens.username_of(token))
    assert not isinstance(got, BaseException), (
        f"`username_of({token[:20]!r})` raised {in_words(got)}. The docstring asks for "
        "the patient of the token, or None if the token is not valid. Look at what "
        "`username_of` calls."
    )
    return got


def random_bytes(texts: list[str]) -> int:
    """Return how many random bytes are at most in each of these texts.

    It counts the places where they differ, and the characters that stand there.
    """
    places = [set(place) for place in zip_longest(*texts) if len(set(place)) > 1]
    characters = set().union(*places) - {None}
    return len(places) * (len(characters) - 1).bit_length() // 8


def test_q2_each_token_is_new_and_random(answers, monkeypatch):
    tokens = [opaque(answers), opaque(answers)]
    state = random.getstate()
    # `random`, `uuid4()` and `os.urandom` return the same each time, and `secrets` not.
    monkeypatch.setattr("os.urandom", bytes)
    made = []
    for _ in range(10):
        random.seed(54)
        made.extend(create(one) for one in tokens)
    random.setstate(state)

    size = random_bytes(made)
    assert (len(set(made)), size >= 16) == (20, True), (
        f"Twenty tokens were created for one patient, such as {in_words(made[:2])}. "
        f"{len(set(made))} of them are different. The places where they differ hold "
        f"at most {size} random bytes. In this test, `random`, `uuid4()` and "
        "`os.urandom` repeat themselves. The docstring asks for new random text from "
        "`secrets`, made of at least 16 bytes. Look at how `create` makes it."
    )


def test_q2_the_token_says_nothing_about_the_patient(answers):
    username = "maria.fernandez"
    token = create(opaque(answers), username)

    texts = [token]
    for part in re.split(r"[^A-Za-z0-9_=-]", token):
        decoded = outcome(lambda part=part: base64.urlsafe_b64decode(f"{part}==="))
        texts.append(decoded.decode("latin-1") if isinstance(decoded, bytes) else "")
    assert not any(username in text for text in texts), (
        f"The token of {username!r} is {in_words(token)}, and the name can be read in "
        "it. The docstring asks for random text. The row in the table says to whom it "
        "belongs. Look at how `create` makes the token."
    )


def test_q2_only_the_hash_of_the_token_is_stored(answers):
    table = answers.TokenTable()
    tokens = opaque(answers, table)
    names = ("ana", " Zoë B", "ana")
    made = [create(tokens, username) for username in names]

    rows = {hashed: username for hashed, (username, _) in table.rows.items()}
    hashes = map(answers.token_hash, made)
    assert rows == dict(zip(hashes, names, strict=True)), (
        f"Tokens were created for {names}. The rows are {in_words(rows)}. The "
        "docstring asks for one row for each, under the `token_hash` of the token. "
        "Look at what `create` passes to the table."
    )
    kept = repr([vars(tokens), table.rows, vars(type(tokens)), vars(answers)])
    assert not any(token in kept for token in made), (
        "The object, its class, its table or the module contains a token. The "
        "docstring asks that the token itself is stored nowhere. Look at what `create` "
        "stores."
    )


BAD_TOKENS: dict[str, Callable[[str], str]] = {
    "other": lambda token: "no token",
    "empty": lambda token: "",
    "longer": lambda token: f"{token}x",
    "shorter": lambda token: token[:-1],
    "space": lambda token: f"{token} ",
    "latin-1": lambda token: "é\xff",
}


@pytest.mark.parametrize("change", BAD_TOKENS.values(), ids=BAD_TOKENS)
def test_q2_another_text_is_no_token(answers, change):
    tokens = opaque(answers)
    token = create(tokens)

    got = username_of(tokens, token), username_of(tokens, change(token))
    assert got == ("ana", None), (
        f"Ana has the token {in_words(token)}. `username_of` returned {in_words(got)} "
        f"for it and for {in_words(change(token))}. The docstring asks for 'ana', and "
        "for None if the token is not valid. Look at what `username_of` looks for."
    )


def test_q2_the_hash_from_the_table_is_no_token(answers):
    table = answers.TokenTable()
    tokens = opaque(answers, table)
    token = create(tokens)

    hashed = answers.token_hash(token)
    what = "`revoke` with a text that is no token, where nothing has to happen,"
    attempt(what, tokens.revoke, hashed)
    got = [username_of(tokens, one) for one in (token, hashed)]
    assert got == ["ana", None], (
        "Somebody read the hash in the table, and sent it as a token. `username_of` "
        f"returned {in_words(got)} for Ana's token and for the hash. The docstring "
        "asks to find a token by its hash: only the token itself is valid. Look at "
        "`username_of`, and at `revoke`."
    )


def test_q2_a_token_ends_with_its_row(answers):
    table = answers.TokenTable()
    tokens = opaque(answers, table)
    made = [create(tokens), create(tokens)]
    before = [username_of(tokens, token) for token in made]

    past = datetime.now(UTC) - timedelta(seconds=1)
    table.rows[answers.token_hash(made[0])] = "ana", past
    got = [username_of(tokens, token) for token in made]
    assert (before, got) == (["ana", "ana"], [None, "ana"]), (
        f"Ana has two tokens. `username_of` returned {in_words(before)}. Then the row "
        f"of the first one ended, and it returned {in_words(got)}. The docstring asks "
        "for None if the token is not valid. Look at the methods of the table."
    )


def test_q2_revoke_ends_this_token_only(answers):
    table = answers.TokenTable()
    tokens, others = opaque(answers, table), opaque(answers, table)
    made = [create(tokens), create(tokens), create(tokens, "ben")]
    before = [username_of(others, token) for token in made]

    for token in (made[0], made[0], "no token"):
        attempt(
            "`revoke` with a token, again, and with another text", tokens.revoke, token
        )
    after = [[username_of(one, token) for token in made] for one in (tokens, others)]
    assert (before, after) == (["ana", "ana", "ben"], [[None, "ana", "ben"]] * 2), (
        "Two objects share a table. `username_of` returned "
        f"{in_words(before)}. One object revoked the first token. Then `username_of` "
        f"returned {in_words(after)}. The docstring asks to end this token for both, "
        "and no other token. Look at what `revoke` removes."
    )


def test_q2_each_table_has_its_own_tokens(answers):
    one, other = opaque(answers), opaque(answers)
    token = create(one, " Zoë B")

    got = [username_of(tokens, token) for tokens in (one, other)]
    assert got == [" Zoë B", None], (
        f"A token of ' Zoë B' is in one table. `username_of` returned {in_words(got)} "
        "with this table and with another one. The docstring asks to use `self.table`. "
        "Look at what your methods call."
    )


def programs_app(answers) -> FastAPI:
    """Return the application of 5.4.3."""
    return fastapi_app(answers.programs_app(), "programs_app()")


def ask(
    app: FastAPI, program: tuple[str, str] | None, scope: str | None = None
) -> httpx2.Response:
    """Return the response of `POST /token` to a program."""
    form = {"grant_type": "client_credentials"}
    if scope is not None:
        form["scope"] = scope
    auth = {"auth": program} if program else {}
    return send(app, "POST", "/token", data=form, **auth)


def granted_token(
    app: FastAPI, program: tuple[str, str], scope: str | None = None
) -> str:
    """Return the token of a program that asks for scopes that it has."""
    return token_in(ask(app, program, scope), f"the right id and scope {scope!r}")


@pytest.fixture
def granted(answers) -> list[tuple[str, set[str]]]:
    """What `program_token` of 5.4.3 gets: the program and its scopes."""
    got: list[tuple[str, set[str]]] = []

    def token(client_id: str, scopes: Any) -> str:
        got.append((client_id, scopes if isinstance(scopes, str) else set(scopes)))
        return f"token {len(got)}"

    stand_in(answers.program_token, token)
    return got


def test_q3_a_program_works_in_its_own_name(answers):
    saved: list[tuple[str, str]] = []
    stand_in(answers.save_result, lambda author, text: saved.append((author, text)))
    app = programs_app(answers)
    made = {}
    for name in ("laboratory", "X-Ray 2"):
        program = name, answers.register_program(name, {"results:write"})
        made[name] = granted_token(app, program, "results:write")

    for name, token in made.items():
        form = {"text": f"by {name}"}
        send(app, "POST", "/results", headers=bearer(token), data=form)
    assert saved == [("laboratory", "by laboratory"), ("X-Ray 2", "by X-Ray 2")], (
        "The programs 'laboratory' and 'X-Ray 2' got tokens and added a result each. "
        f"`save_result` got {in_words(saved)}. The docstring asks for a token in the "
        "program's own name. Look at the arguments of `program_token`."
    )


def test_q3_a_program_can_do_its_own_work_only(answers):
    app = programs_app(answers)
    got = {}
    for name, scope in (
        ("laboratory", "results:write"),
        ("reminders", "appointments:read"),
    ):
        secret = answers.register_program(name, {scope})
        headers = bearer(granted_token(app, (name, secret)))
        got[name] = [
            send(
                app, "POST", "/results", headers=headers, data={"text": "A"}
            ).status_code,
            send(app, "GET", "/appointments", headers=headers).status_code,
        ]

    assert got == {"laboratory": [201, 403], "reminders": [403, 200]}, (
        "Each program sent `POST /results` and `GET /appointments` with its token. The "
        f"status codes were {in_words(got)}. The docstring asks for a token with the "
        "scopes of the program: 201 and 403 for laboratory, 403 and 200 for reminders. "
        "Look at the arguments of `program_token`."
    )


ASKED: dict[str, tuple[str | None, set[str]]] = {
    "one": ("results:write", {"results:write"}),
    "other": ("results:read", {"results:read"}),
    "two": ("results:read results:write", {"results:read", "results:write"}),
    "twice": ("results:read results:read", {"results:read"}),
    "missing": (None, {"results:read", "results:write", "samples:read"}),
    "empty": ("", {"results:read", "results:write", "samples:read"}),
    "blank": ("  ", {"results:read", "results:write", "samples:read"}),
}


@pytest.mark.parametrize(("scope", "expected"), ASKED.values(), ids=ASKED)
def test_q3_the_token_has_the_scopes_that_are_asked_for(
    answers, granted, scope, expected
):
    scopes = {"results:read", "results:write", "samples:read"}
    secret = answers.register_program("laboratory", scopes)
    app = programs_app(answers)

    token = granted_token(app, ("laboratory", secret), scope)
    assert (token, granted) == ("token 1", [("laboratory", expected)]), (
        f"The program has the scopes {sorted(scopes)} and sent the scope {scope!r}. "
        f"`program_token` got {in_words(granted)}. The docstring asks for "
        f"{sorted(expected)}. Look at how you read `form.scope`."
    )


@pytest.mark.parametrize(
    "scope",
    [
        "appointments:read",
        "results:write appointments:read",
        "appointments:read results:write",
        "results",
        "RESULTS:WRITE",
        "results:write,results:read",
        "*",
    ],
)
def test_q3_another_scope_returns_400(answers, granted, scope):
    secret = answers.register_program("laboratory", {"results:write", "results:read"})
    answers.register_program("reminders", {"appointments:read"})
    app = programs_app(answers)

    response = ask(app, ("laboratory", secret), scope)
    assert (response.status_code, granted) == (400, []), (
        "A program with the scopes results:read and results:write asked for "
        f"{scope!r}. It got {in_words(seen(response))}, and `program_token` "
        f"got {in_words(granted)}. The docstring asks for 400, and no token. Look at "
        "your condition for the scopes."
    )


def test_q3_a_program_without_scopes_gets_a_token_without_scopes(answers, granted):
    secret = answers.register_program("monitor", set())
    app = programs_app(answers)

    got = [ask(app, ("monitor", secret), scope).status_code for scope in (None, "a")]
    assert (got, granted) == ([200, 400], [("monitor", set())]), (
        "A program without scopes asked for no scope, and then for the scope 'a'. The "
        f"status codes were {got}, and `program_token` got {in_words(granted)}. The "
        "docstring asks for 200 with a token without scopes, then 400. Look at your "
        "conditions: an empty set is not None."
    )


WRONG_PROGRAMS: dict[str, Callable[[str, str], tuple[str, str] | None]] = {
    "nothing": lambda secret, other: None,
    "wrong-secret": lambda secret, other: ("laboratory", "wrong"),
    "other-secret": lambda secret, other: ("laboratory", other),
    "no-secret": lambda secret, other: ("laboratory", ""),
    "longer": lambda secret, other: ("laboratory", f"{secret}x"),
    "shorter": lambda secret, other: ("laboratory", secret[:-1]),
    "unknown": lambda secret, other: ("pharmacy", secret),
    "other-case": lambda secret, other: ("Laboratory", secret),
    "no-id": lambda secret, other: ("", ""),
    "doctor": lambda secret, other: ANA,
}


@pytest.mark.parametrize("change", WRONG_PROGRAMS.values(), ids=WRONG_PROGRAMS)
@pytest.mark.parametrize("scope", [None, "appointments:read"], ids=["own", "foreign"])
def test_q3_a_wrong_id_or_secret_returns_401(answers, granted, change, scope):
    secret = answers.register_program("laboratory", {"results:write"})
    other = answers.register_program("reminders", {"appointments:read"})
    app = programs_app(answers)

    right = ask(app, ("laboratory", secret)).status_code
    program = change(secret, other)
    response = ask(app, program, scope)
    got = right, refusal(response), len(granted)
    assert got == (200, (401, "Basic"), 1), (
        f"With the right id and secret, the status code was {right}. With "
        f"{in_words(program)}, it was {in_words(refusal(response))}, and "
        f"the calls of `program_token` are {len(granted)} in all. The docstring asks "
        "for 200, then for 401 with `WWW-Authenticate: Basic` and no token. Look at "
        "what you check first, and at your 401."
    )


def test_q3_a_new_secret_ends_the_old_one(answers, granted):
    old = answers.register_program("laboratory", {"results:write"})
    app = programs_app(answers)

    got = [ask(app, ("laboratory", old)).status_code]
    new = answers.register_program("laboratory", {"results:read"})
    got += [ask(app, ("laboratory", secret)).status_code for secret in (old, new)]
    names = [("laboratory", {"results:write"}), ("laboratory", {"results:read"})]
    assert (got, granted) == ([200, 401, 200], names), (
        "A program got a token. Then it was registered again, with a new secret and "
        f"the scope results:read. The old secret and the new one returned {got[1:]}, "
        f"and `program_token` got {in_words(granted)}. The docstring asks for "
        "`scopes_of`, for every request. Look at what you keep."
    )
