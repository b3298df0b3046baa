"""The tests of section 5.3."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, tzinfo
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import FastAPI
from starlette.types import ASGIApp

from lab import client, fastapi_app, in_words, json_or_text, outcome, stand_in

DAY = 86_400


def send(app: ASGIApp, method: str, path: str, **what: Any) -> httpx2.Response:
    """Return the response of `app` to one request."""
    with client(app) as http:
        got = outcome(lambda: http.request(method, path, **what))
    assert isinstance(got, httpx2.Response), (
        f"`{method} {path}` raised {in_words(got)}. A client gets status 500 for it. "
        "The docstring says which responses there are. Look at the calls in this "
        "endpoint, and at what it catches."
    )
    return got


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


def now() -> int:
    """Return the current time as JWTs have it."""
    return int(time.time())


def part(value: object) -> str:
    """Return a part of a JWT."""
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def forged(header: dict[str, Any], claims: dict[str, Any], key: bytes = b"") -> str:
    """Return a JWT with any header. It is signed with HMAC and SHA-256."""
    signed = f"{part(header)}.{part(claims)}"
    signature = hmac.digest(key, signed.encode(), hashlib.sha256) if key else b""
    return f"{signed}.{part(signature)}"


def hs256(key: bytes, **claims: Any) -> str:
    """Return a JWT with these claims. It is valid for a day."""
    return jwt.encode({"sub": "ana", "exp": now() + DAY} | claims, key, "HS256")


def with_other_claims(token: str, **claims: Any) -> str:
    """Return this token with other claims, and with the signature that it had."""
    header, payload, signature = token.split(".")
    before = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return f"{header}.{part(before | claims)}.{signature}"


# Tokens that are not valid, made with the key of the server.
INVALID: dict[str, Callable[[bytes], str]] = {
    "expired-yesterday": lambda key: hs256(key, exp=now() - DAY),
    "expired-just-now": lambda key: hs256(key, exp=now()),
    "another-key": lambda key: hs256(b"x" * 64),
    "changed-user": lambda key: with_other_claims(hs256(key), sub="ben"),
    "changed-end": lambda key: with_other_claims(
        hs256(key, exp=now() - 1), exp=now() + DAY
    ),
    "no-signature": lambda key: hs256(key).rpartition(".")[0] + ".",
    "alg-none": lambda key: forged({"alg": "none"}, {"sub": "ana", "exp": now() + DAY}),
    "alg-HS512": lambda key: jwt.encode(
        {"sub": "ana", "exp": now() + DAY}, key, "HS512"
    ),
    "alg-is-a-list": lambda key: forged(
        {"alg": ["HS256"]}, {"sub": "ana", "exp": now() + DAY}, key
    ),
    "no-alg": lambda key: forged({}, {"sub": "ana", "exp": now() + DAY}, key),
    "username": lambda key: "ana",
    "empty": lambda key: "",
}
INVALID_TOKENS = pytest.mark.parametrize("make", INVALID.values(), ids=INVALID)


@contextmanager
def later(seconds: int, names: dict[str, Any] | None = None) -> Iterator[None]:
    """Let PyJWT, or a file with these names, read a time that is so much later."""

    class Later(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return datetime.now(tz) + timedelta(seconds=seconds)

    with pytest.MonkeyPatch.context() as patch:
        if names is None:
            patch.setattr("jwt.api_jwt.datetime", Later)
        else:
            patch.setitem(names, "datetime", Later)
            clock = time.time
            patch.setattr("time.time", lambda: clock() + seconds)
        yield


def before_and_after_the_end(
    ask: Callable[[str], httpx2.Response], make: Callable[[int], str]
) -> tuple[int, int, int]:
    """Return three status codes: of a token, of it after its end, of another one then.

    An answer may have a clock of its own. For it, the last two are equal.
    """
    known, other = make(now() + DAY), make(now() + DAY + 1)
    before = ask(known).status_code
    with later(2 * DAY):
        return before, ask(known).status_code, ask(other).status_code


class Asked(list[str]):
    """What a given function was asked for."""


@pytest.fixture
def appointments(answers) -> tuple[FastAPI, Asked, dict[str, list[str]]]:
    """The application of 5.3.1, who was looked up, and the appointments."""
    asked = Asked()
    known = {"17": ["Friday 8:15"], "4": ["Monday 7:30", "Monday 9:00"]}

    def appointments_of(patient: str) -> list[str]:
        asked.append(patient)
        return list(known.get(patient, ()))

    stand_in(answers.appointments_of, appointments_of)
    return fastapi_app(answers.appointments_app(), "appointments_app()"), asked, known


@pytest.mark.parametrize("patient", ["17", "4", "04", "99"])
def test_q1_a_valid_token_returns_the_appointments_of_its_user(
    answers, appointments, patient
):
    app, asked, known = appointments

    token = hs256(answers.KEY, sub=patient)
    got = seen(send(app, "GET", "/appointments", headers=bearer(token)))
    assert (got, asked) == ((200, known.get(patient, [])), [patient]), (
        f"A valid token with the `sub` {patient!r} returned {in_words(got)}, and "
        f"`appointments_of` got {in_words(asked)}. The docstring asks for "
        f"`appointments_of({patient!r})`, here {known.get(patient, [])}. Look at "
        "what your endpoint returns."
    )


def test_q1_the_appointments_are_read_for_every_request(answers, appointments):
    app, _, known = appointments

    got = []
    for day in ("Monday", "Tuesday"):
        known["17"] = [day]
        token = hs256(answers.KEY, sub="17")
        got.append(seen(send(app, "GET", "/appointments", headers=bearer(token))))
    assert got == [(200, ["Monday"]), (200, ["Tuesday"])], (
        "The appointment of patient 17 was on Monday, then on Tuesday. Two requests "
        f"with valid tokens returned {in_words(got)}. The docstring asks for what "
        "`appointments_of` returns. Look at which line calls it."
    )


@INVALID_TOKENS
def test_q1_a_token_that_is_not_valid_returns_401(answers, appointments, make, request):
    app, asked, _ = appointments

    # A valid token before shows that the answer checks each token.
    headers = bearer(hs256(answers.KEY))
    before = send(app, "GET", "/appointments", headers=headers).status_code
    asked.clear()
    token = make(answers.KEY)
    got = refusal(send(app, "GET", "/appointments", headers=bearer(token)))
    assert (before, got, asked) == (200, (401, "Bearer"), []), (
        f"A valid token returned {before}. The token {token[:20]!r}..., which is not "
        f"valid ({request.node.callspec.id}), returned {got}, and `appointments_of` "
        f"got {in_words(asked)}. The docstring asks for 200, then for 401 with "
        "`WWW-Authenticate: Bearer` and no call. Look at your check and your 401."
    )


def test_q1_the_token_is_checked_for_every_request(answers, appointments):
    app, _, _ = appointments

    got = before_and_after_the_end(
        lambda token: send(app, "GET", "/appointments", headers=bearer(token)),
        lambda end: hs256(answers.KEY, exp=end),
    )
    assert (got[0], got[1]) == (200, got[2]), (
        f"A token returned {got[0]}. After its end it returned {got[1]}. Another token "
        f"that had expired, too, returned {got[2]}. The docstring asks for 401 if the "
        "token of a request is not valid. Look at what your application keeps."
    )


NO_TOKEN: dict[str, dict[str, Any]] = {
    "nothing": {},
    "basic": {"headers": {"Authorization": "Basic {0}"}},
    "token-alone": {"headers": {"Authorization": "{0}"}},
    "query": {"params": {"token": "{0}", "access_token": "{0}"}},
    "cookie": {"headers": {"Cookie": "token={0}; access_token={0}"}},
}


@pytest.mark.parametrize("what", NO_TOKEN.values(), ids=NO_TOKEN)
def test_q1_a_request_without_the_header_returns_401(answers, appointments, what):
    app, asked, _ = appointments

    token = hs256(answers.KEY)
    request = {
        kind: {name: value.format(token) for name, value in values.items()}
        for kind, values in what.items()
    }
    got = refusal(send(app, "GET", "/appointments", **request))
    assert (got, asked) == ((401, "Bearer"), []), (
        f"A request with {what or 'no token'}, where {{0}} is a valid token, returned "
        f"{got}, and `appointments_of` got {in_words(asked)}. The docstring asks for "
        "401 without the header `Authorization: Bearer <token>`. `bearer` does this."
    )


ERRORS = pytest.mark.parametrize(
    "error", [ConnectionError, KeyError, ValueError, jwt.ExpiredSignatureError]
)


@ERRORS
def test_q1_an_error_of_appointments_of_is_not_a_401(answers, appointments, error):
    app, _, _ = appointments

    def fail(patient: str) -> list[str]:
        raise error("not an error of this token")

    stand_in(answers.appointments_of, fail)
    with client(app) as http:
        headers = bearer(hs256(answers.KEY))
        got = outcome(lambda: http.get("/appointments", headers=headers))
    assert isinstance(got, error), (
        f"`appointments_of` raised {error.__name__}, but the request came out as "
        f"{in_words(got)}. The docstring asks not to catch this error: the token is "
        "valid. Look at what stands in your `try`, and at what `except` catches."
    )


PASSWORDS = {"ana": "a horse and 7 trees", "Zoë": "Über 90 % + more", "17": "tea"}
NUMBERS = {"ana": 17, "Zoë": 4, "17": 0}


@pytest.fixture
def sign_ins(answers) -> tuple[FastAPI, list[tuple[str, str]]]:
    """The application of 5.3.2, and what `is_password` gets."""
    checked: list[tuple[str, str]] = []
    accounts = {
        username: answers.Account(NUMBERS[username], f"hash of {password}")
        for username, password in PASSWORDS.items()
    }

    def is_password(password: str, password_hash: str) -> bool:
        checked.append((password, password_hash))
        return password_hash == f"hash of {password}"

    stand_in(answers.find_account, lambda username: accounts.get(username))
    stand_in(answers.is_password, is_password)
    return fastapi_app(answers.sign_in_app(), "sign_in_app()"), checked


def sign_in(app: FastAPI, username: str, password: str) -> httpx2.Response:
    """Return the response of `POST /token` to a form of the password flow."""
    form = {"grant_type": "password", "username": username, "password": password}
    return send(app, "POST", "/token", data=form)


def signed_in(app: FastAPI, username: str) -> str:
    """Return the token for this user."""
    status, body = seen(sign_in(app, username, PASSWORDS[username]))
    fields = body if isinstance(body, dict) else {}
    token, kind = fields.get("access_token"), fields.get("token_type")
    assert (status, kind, type(token), len(fields)) == (200, "bearer", str, 2), (
        f"`POST /token` with the right password returned {status} and "
        f"{in_words(body)}. The docstring asks for 200 and two fields: `access_token`, "
        'and `token_type` "bearer". Look at what you take from the form, and at your '
        "`return`."
    )
    return str(token)


def claims_in(answers, token: str) -> dict[str, Any]:
    """Return the claims of a valid token."""
    got = outcome(lambda: jwt.decode(token, answers.KEY, algorithms=["HS256"]))
    assert isinstance(got, dict), (
        f"The token came back with the next request, and PyJWT raised {in_words(got)}. "
        "The docstring asks for a JWT that is signed with `KEY` and HS256, with `sub` "
        "as text, and with an `exp` in the future. Look at what you pass to `encode`."
    )
    return got


@pytest.mark.parametrize("username", PASSWORDS)
def test_q2_the_token_has_the_number_of_the_account(answers, sign_ins, username):
    app, _ = sign_ins

    claims = claims_in(answers, signed_in(app, username))
    assert (claims.get("sub"), set(claims)) == (
        str(NUMBERS[username]),
        {"sub", "exp"},
    ), (
        f"The account of {username!r} has the number {NUMBERS[username]}. The claims "
        f"of its token are {in_words(claims)}. The docstring asks for `sub` with this "
        "number as text, for `exp`, and for no other claim: everybody can read them."
    )


@contextmanager
def time_zone(zone: str) -> Iterator[None]:
    """Put this process into a time zone, on systems that can do this."""
    if not hasattr(time, "tzset"):
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        try:
            yield
        finally:
            patch.undo()
            time.tzset()


@pytest.mark.parametrize(
    ("zone", "minutes"),
    [("UTC0", 15), ("EAST-9", 15), ("WEST8", 15), ("UTC0", 7)],
    ids=["UTC0", "EAST-9", "WEST8", "seven-minutes"],
)
def test_q2_the_token_expires_after_the_lifetime(
    answers, sign_ins, monkeypatch, zone, minutes
):
    lifetime = 60 * minutes
    given = answers.find_account.__globals__
    monkeypatch.setitem(given, "LIFETIME", timedelta(seconds=lifetime))
    app = fastapi_app(answers.sign_in_app(), "sign_in_app()")

    with time_zone(zone):
        before = now()
        token = signed_in(app, "ana")
        after = now() + 1
    options = {"verify_exp": False, "verify_sub": False}
    got = outcome(
        lambda: jwt.decode(token, answers.KEY, ["HS256"], options=options)["exp"]
    )
    is_time = isinstance(got, int | float)
    is_right = is_time and before <= got - lifetime <= after
    left = f"{int(got) - before} seconds" if is_time else in_words(got)
    assert is_right, (
        f"On a machine in the time zone {zone}, the token is valid for {left}. In this "
        f"test, `LIFETIME` is {lifetime} seconds. The docstring asks for the time of "
        "the request plus `LIFETIME`. PyJWT takes a `datetime` without a time zone for "
        "UTC. Look at `exp`."
    )


def test_q2_every_token_has_its_own_end(answers, sign_ins):
    app, _ = sign_ins

    def end() -> Any:
        token, options = signed_in(app, "ana"), {"verify_signature": False}
        return outcome(lambda: jwt.decode(token, options=options)["exp"])

    ends, second = [end()], now()
    # Most answers read the time from `datetime` or `time`. For others, a second passes.
    with later(2, answers.find_account.__globals__):
        ends.append(end())
    if ends[0] == ends[1]:
        while now() == second:
            time.sleep(0.01)
        ends[1] = end()
    is_right = all(isinstance(end, int | float) for end in ends) and ends[0] < ends[1]
    assert is_right, (
        "Ana signed in, and once more a second later. The `exp` of her tokens were "
        f"{in_words(ends)}. The docstring asks for the time of the request plus "
        "`LIFETIME`. Look at which line reads the time."
    )


WRONG = {
    "wrong-password": ("ana", "a horse"),
    "password-of-another": ("ana", "tea"),
    "hash-as-password": ("ana", "hash of a horse and 7 trees"),
    "no-account": ("eve", "tea"),
    "upper-case": ("ANA", "a horse and 7 trees"),
    "spaces": (" ana ", "a horse and 7 trees"),
    "number": ("4", "Über 90 % + more"),
}


@pytest.mark.parametrize("who", WRONG.values(), ids=WRONG)
def test_q2_a_wrong_username_or_password_returns_400(sign_ins, who):
    app, _ = sign_ins

    got, other = sign_in(app, *who), sign_in(app, "nobody", "nothing")
    same = seen(got) == seen(other) and dict(got.headers) == dict(other.headers)
    assert (got.status_code, same) == (400, True), (
        f"{who} returned {in_words(seen(got))}, and a username that does not exist "
        f"{in_words(seen(other))}. The docstring asks for 400, and for the same "
        "response in both cases, with the same headers. Look at your exceptions."
    )


@pytest.mark.parametrize("username", ["ana", "eve"])
def test_q2_each_request_checks_one_password(answers, sign_ins, username):
    app, checked = sign_ins

    passwords = ["wrong", PASSWORDS["ana"], "wrong", "   ", "x" * 200, "1"]
    for password in passwords:
        sign_in(app, username, password)
    stored = {"ana": f"hash of {PASSWORDS['ana']}"}.get(username, answers.NO_ACCOUNT)
    calls = [one[:5] for one, _ in checked]
    others = sorted({one[:22] for _, one in checked if one != stored})
    assert checked == [(one, stored) for one in passwords], (
        f"Six requests for {username!r} called `is_password` {len(checked)} times, "
        f"with the passwords {in_words(calls)} (cut). The wrong hashes among them were "
        f"{in_words(others)}. The docstring asks for one call each, with the hash "
        f"{stored[:22]!r}. Look at what decides about this call."
    )


def test_q2_the_password_of_no_account_opens_no_account(answers, sign_ins):
    app, _ = sign_ins
    stand_in(answers.is_password, lambda password, password_hash: True)

    got = sign_in(app, "eve", "the password of NO_ACCOUNT").status_code
    known = sign_in(app, "ana", "any").status_code
    assert (got, known) == (400, 200), (
        "Somebody found the password of `NO_ACCOUNT`, so `is_password` returned True. "
        f"The response for a username without an account was {got}, and for 'ana' it "
        f"was {known}. The docstring asks for 400 if there is no such account. Look at "
        "the condition of your 400."
    )


@pytest.mark.parametrize("kind", ["json", "params"])
def test_q2_the_password_comes_in_a_form(sign_ins, kind):
    app, _ = sign_ins

    signed_in(app, "ana")
    who = {"username": "ana", "password": PASSWORDS["ana"], "grant_type": "password"}
    got = send(app, "POST", "/token", **{kind: who})
    assert got.status_code == 422, (
        f"`POST /token` with the username and the password "
        f"{'in JSON' if kind == 'json' else 'in the URL'} returned "
        f"{in_words(seen(got))}. The docstring asks for the form of the OAuth2 "
        "password flow. FastAPI returns 422 for other requests by itself."
    )


class WebClient:
    """The client of the staff: it asks for the password after a 401.

    `prompts` counts how often it did. It gives up after three times.
    """

    def __init__(self, answers, app: FastAPI, username: str, token: str) -> None:
        self.prompts = 0
        self._answers, self._app = answers, app
        self._username, self._token = username, token

    def open(self, path: str) -> str:
        """Return what the user sees."""
        while True:
            response = send(self._app, "GET", path, headers=bearer(self._token))
            if refusal(response) != (401, "Bearer"):
                break
            if self.prompts == 3:
                return "a prompt for the password"
            self.prompts += 1
            self._token = hs256(self._answers.KEY, sub=self._username)
        if response.status_code == 403:
            return "You are not allowed to do this."
        return f"{response.status_code} {response.text}"


@pytest.fixture
def staff(answers) -> tuple[FastAPI, dict[str, set[str]]]:
    """The application of 5.3.3, and the roles."""
    roles = {
        "lee": {"doctor"},
        "sam": {"admin", "doctor"},
        "kim": {"reception"},
        "max": {"doctors", "head doctor", "Doctor"},
    }
    stand_in(answers.roles_of, lambda username: set(roles.get(username, ())))
    return fastapi_app(answers.staff_app(), "staff_app()"), roles


@pytest.mark.parametrize(
    ("path", "username", "page"),
    [
        ("/patients", "lee", '200 ["ana","ben"]'),
        ("/patients", "sam", '200 ["ana","ben"]'),
        ("/account", "lee", '200 "lee"'),
        ("/account", "kim", '200 "kim"'),
    ],
    ids=["patients", "patients-sam", "account", "account-kim"],
)
@pytest.mark.parametrize("make", ["expired-yesterday", "another-key", "alg-none"])
def test_q3_after_a_token_expired_the_client_asks_once(
    answers, staff, path, username, page, make
):
    app, roles = staff

    web = WebClient(answers, app, username, INVALID[make](answers.KEY))
    got = web.open(path), web.prompts
    assert got == (page, 1), (
        f"The token of {username} was not valid ({make}). The client opened {path}, "
        f"asked for the password {web.prompts} times, and showed {in_words(got[0])}. "
        f"The docstring asks for 401 first, and for {page} with the new token. "
        f"{username}'s roles are {sorted(roles[username])}. Look at "
        f"{'`doctor`' if web.prompts == 1 else '`signed_in`'}."
    )


@pytest.mark.parametrize("username", ["kim", "max", "doctor", "LEE", "lee "])
def test_q3_without_the_role_the_client_does_not_ask(answers, staff, username):
    app, roles = staff

    token = hs256(answers.KEY, sub=username, roles=["doctor"], role="doctor")
    web = WebClient(answers, app, username, token)
    got = [web.open("/account"), web.open("/patients"), web.prompts]
    expected = [f'200 "{username}"', "You are not allowed to do this.", 0]
    assert got == expected, (
        f"The user {username!r} has a valid token, and the roles "
        f"{sorted(roles.get(username, ()))}. /account and /patients showed "
        f"{in_words(got[:2])}, after {web.prompts} prompts for the password. The "
        "docstring asks for 200 and 403. Look at "
        f"{'`doctor`' if got[0] == expected[0] else '`signed_in`'}."
    )


def test_q3_a_403_has_no_challenge(answers, staff):
    app, _ = staff

    headers = bearer(hs256(answers.KEY, sub="kim"))
    got = refusal(send(app, "GET", "/patients", headers=headers))
    assert got == (403, "no header"), (
        f"Kim opened the list of patients. The status code and the scheme in "
        f"`WWW-Authenticate` were {got}. The docstring asks for 403 without this "
        "header: another token does not help her. Look at `doctor`."
    )


def test_q3_the_roles_are_read_for_every_request(answers, staff):
    app, roles = staff
    headers = bearer(hs256(answers.KEY, sub="kim"))

    def request() -> int:
        return send(app, "GET", "/patients", headers=headers).status_code

    got = [request()]
    roles["kim"] = {"doctor"}
    got.append(request())
    roles["kim"] = {"admin"}
    got.append(request())
    assert got == [403, 200, 403], (
        "Kim became a doctor, and then she lost the role. Three requests with the same "
        f"token returned {got}. The docstring asks for 403 without the role, and to "
        "call `roles_of` each time. Look at `doctor`."
    )


@pytest.mark.parametrize("path", ["/patients", "/account"])
@INVALID_TOKENS
def test_q3_authentication_comes_first(answers, staff, path, make):
    app, _ = staff

    token = make(answers.KEY)
    got = refusal(send(app, "GET", path, headers=bearer(token)))
    missing = refusal(send(app, "GET", path))
    assert (got, missing) == ((401, "Bearer"), (401, "Bearer")), (
        f"`GET {path}` with the token {token[:20]!r}..., which is not valid, returned "
        f"{got}. Without a token it returned {missing}. The docstring asks for 401 "
        "with `WWW-Authenticate: Bearer`: the server does not know who sends this "
        "request. Look at `signed_in`."
    )


@pytest.fixture
def letters(answers) -> tuple[FastAPI, dict[str, list[str]]]:
    """The application of 5.3.4, and the letters."""
    known = {"17": ["Please call us."], "4": ["Results", "Bill"]}
    stand_in(answers.letters_of, lambda patient: list(known.get(patient, ())))
    return fastapi_app(answers.letters_app(), "letters_app()"), known


def letter_claims(answers, **other: Any) -> dict[str, Any]:
    """Return claims of a valid token, with other ones instead. None leaves one out."""
    claims = {"iss": answers.ISSUER, "aud": "portal", "sub": "17", "exp": now() + DAY}
    return {
        name: value for name, value in (claims | other).items() if value is not None
    }


def es256(answers, **other: Any) -> str:
    """Return a token of the sign-in service."""
    return jwt.encode(letter_claims(answers, **other), answers.PRIVATE_KEY, "ES256")


def read_letters(app: FastAPI, token: str) -> httpx2.Response:
    """Return the response of `GET /letters`."""
    return send(app, "GET", "/letters", headers=bearer(token))


@pytest.mark.parametrize(
    "audience",
    ["portal", ["portal"], ["laboratory", "portal"]],
    ids=["text", "list", "two"],
)
@pytest.mark.parametrize("patient", ["17", "4", "04"])
def test_q4_a_valid_token_returns_the_letters(answers, letters, patient, audience):
    app, known = letters

    got = seen(read_letters(app, es256(answers, sub=patient, aud=audience)))
    assert got == (200, known.get(patient, [])), (
        f"A valid token with the `sub` {patient!r} and the `aud` {audience} returned "
        f"{in_words(got)}. The docstring asks for `letters_of({patient!r})`, which "
        f"returned {known.get(patient, [])}. Look at the arguments of `decode`."
    )


def test_q4_the_letters_are_read_for_every_request(answers, letters):
    app, known = letters

    token = es256(answers)
    got = [seen(read_letters(app, token))]
    known["17"] = ["A second letter"]
    got.append(seen(read_letters(app, token)))
    assert got == [(200, ["Please call us."]), (200, ["A second letter"])], (
        "The letters changed between two requests. The responses were "
        f"{in_words(got)}. The docstring asks for what `letters_of` returns. Look at "
        "which line calls it."
    )


@ERRORS
def test_q4_an_error_of_letters_of_is_not_a_401(answers, letters, error):
    app, _ = letters

    def fail(patient: str) -> list[str]:
        raise error("not an error of this token")

    stand_in(answers.letters_of, fail)
    with client(app) as http:
        headers = bearer(es256(answers))
        got = outcome(lambda: http.get("/letters", headers=headers))
    assert isinstance(got, error), (
        f"`letters_of` raised {error.__name__}, but the request came out as "
        f"{in_words(got)}. The docstring asks not to catch this error: the token is "
        "valid. Look at what stands in your `try`, and at what `except` catches."
    )


def test_q4_the_token_is_checked_for_every_request(answers, letters):
    app, _ = letters

    got = before_and_after_the_end(
        lambda token: read_letters(app, token), lambda end: es256(answers, exp=end)
    )
    assert (got[0], got[1]) == (200, got[2]), (
        f"A token returned {got[0]}. After its end it returned {got[1]}. Another token "
        f"that had expired, too, returned {got[2]}. The docstring asks for 401 if a "
        "token has expired. Look at what your application keeps."
    )


FOREIGN: dict[str, Callable[[Any], str]] = {
    "expired": lambda answers: es256(answers, exp=now()),
    "iss-other": lambda answers: es256(answers, iss="https://evil.example"),
    "iss-longer": lambda answers: es256(answers, iss=f"{answers.ISSUER}.evil.example"),
    "iss-shorter": lambda answers: es256(answers, iss=answers.ISSUER[:-1]),
    "aud-other": lambda answers: es256(answers, aud="laboratory"),
    "aud-longer": lambda answers: es256(answers, aud="portal-test"),
    "aud-others": lambda answers: es256(answers, aud=["laboratory", "portal2"]),
    "aud-empty": lambda answers: es256(answers, aud=[]),
    "aud-object": lambda answers: es256(answers, aud={"portal": True}),
    "no-exp": lambda answers: es256(answers, exp=None),
    "no-iss": lambda answers: es256(answers, iss=None),
    "no-aud": lambda answers: es256(answers, aud=None),
    "no-sub": lambda answers: es256(answers, sub=None),
    "sub-number": lambda answers: es256(answers, sub=17),
    "sub-list": lambda answers: es256(answers, sub=["17"]),
    "another-key": lambda answers: jwt.encode(
        letter_claims(answers), ec.generate_private_key(ec.SECP256R1()), "ES256"
    ),
    "changed-user": lambda answers: with_other_claims(es256(answers), sub="4"),
    "alg-none": lambda answers: forged({"alg": "none"}, letter_claims(answers)),
    "public-key-as-secret": lambda answers: forged(
        {"alg": "HS256"}, letter_claims(answers), answers.PUBLIC_KEY
    ),
    "key-of-5.3.1": lambda answers: hs256(answers.KEY, **letter_claims(answers)),
    "alg-is-a-list": lambda answers: forged(
        {"alg": ["ES256"]}, letter_claims(answers), b"x"
    ),
    "alg-RS256": lambda answers: forged({"alg": "RS256"}, letter_claims(answers), b"x"),
    "alg-ES384": lambda answers: forged({"alg": "ES384"}, letter_claims(answers), b"x"),
    "no-jwt": lambda answers: "17",
    "empty": lambda answers: "",
}


@pytest.mark.parametrize("make", FOREIGN.values(), ids=FOREIGN)
def test_q4_a_token_that_is_not_valid_returns_401(answers, letters, make, request):
    app, _ = letters

    before = read_letters(app, es256(answers)).status_code
    response = read_letters(app, make(answers))
    got = refusal(response)
    assert (before, got) == (200, (401, "Bearer")), (
        f"A valid token returned {before}. A token that is not valid "
        f"({request.node.callspec.id}) returned {got} and {in_words(response.text)}. "
        "The docstring asks for 200, then for 401 with `WWW-Authenticate: Bearer`. "
        "Look at the arguments of `decode`, and at your 401."
    )


def test_q4_the_body_does_not_tell_what_was_wrong(answers, letters):
    app, _ = letters

    got = {
        name: read_letters(app, make(answers)).text for name, make in FOREIGN.items()
    }
    valid = read_letters(app, es256(answers)).status_code
    different = sorted(set(got.values()))
    assert (valid, len(different)) == (200, 1), (
        f"{len(got)} tokens that are not valid returned {len(different)} different "
        f"bodies: {in_words(different)}. A valid token returned {valid}. The docstring "
        "asks for the same body for every token that is not valid. Look at your "
        "exceptions."
    )


def test_q4_a_request_without_a_token_returns_401(answers, letters):
    app, _ = letters

    valid = read_letters(app, es256(answers)).status_code
    got = [
        refusal(send(app, "GET", "/letters")),
        refusal(send(app, "GET", "/letters", params={"token": es256(answers)})),
    ]
    assert (valid, got) == (200, [(401, "Bearer")] * 2), (
        f"A valid token in the header returned {valid}. Without the header, and with "
        f"a token in the URL, `GET /letters` returned {got}. The docstring asks for "
        "200, then for 401 with `WWW-Authenticate: Bearer`. `bearer` does this."
    )


@pytest.fixture
def refreshes(answers) -> tuple[FastAPI, dict[str, bool]]:
    """The application of 5.3.5, and who is active."""
    active = {"ana": True, "Zoë": True}
    stand_in(answers.is_active, lambda username: active.get(username, False))
    return fastapi_app(answers.refresh_app(), "refresh_app()"), active


def read_me(app: FastAPI, token: str) -> httpx2.Response:
    """Return the response of `GET /me`."""
    return send(app, "GET", "/me", headers=bearer(token))


def refresh(app: FastAPI, token: str) -> httpx2.Response:
    """Return the response of `POST /refresh`."""
    return send(app, "POST", "/refresh", data={"refresh_token": token})


@pytest.mark.parametrize("username", ["ana", "Zoë", "eve"])
def test_q5_get_me_accepts_an_access_token(answers, refreshes, username):
    app, _ = refreshes

    got = seen(read_me(app, answers.new_token(username, "access")))
    assert got == (200, username), (
        f"`GET /me` with a valid access token of {username!r} returned "
        f"{in_words(got)}. The docstring asks `username_in` to return the `sub` of "
        "a valid token of this kind. Look at its conditions and its `return`."
    )


@pytest.mark.parametrize("username", ["ana", "Zoë"])
def test_q5_a_refresh_token_gets_a_new_access_token(answers, refreshes, username):
    app, _ = refreshes
    token = answers.new_token(username, "refresh")

    made: list[str] = []

    def new_token(username: str, kind: str) -> str:
        made.append(f"{len(made)} {username} {kind}")
        return made[-1]

    stand_in(answers.new_token, new_token)
    got = [seen(refresh(app, token)) for _ in range(2)]
    expected = [
        (200, {"access_token": f"{n} {username} access", "token_type": "bearer"})
        for n in range(2)
    ]
    if got[0][0] != 200:
        look_at = "what `POST /refresh` asks before it returns"
    elif made == [f"{n} {username} access" for n in range(2)]:
        look_at = "your `return`"
    else:
        look_at = "your arguments of `new_token`, and how often you call it"
    assert got == expected, (
        f"A refresh token of {username!r} was sent twice. The responses were "
        f"{in_words(got)}. The docstring asks for two fields: the new access token as "
        f'`access_token`, and "bearer" as `token_type`. Look at {look_at}.'
    )


def test_q5_the_new_access_token_opens_get_me(answers, refreshes):
    app, _ = refreshes

    status, body = seen(refresh(app, answers.new_token("ana", "refresh")))
    token = body.get("access_token") if isinstance(body, dict) else None
    got = seen(read_me(app, str(token)))
    again = refusal(refresh(app, str(token))) if token else (status, "")
    look_at = "what `POST /refresh` does with an access token"
    if (status, got) != (200, (200, "ana")):
        look_at = "the kind of the new token"
    assert (status, got, again) == (200, (200, "ana"), (401, "Bearer")), (
        f"A refresh token returned {status} from `POST /refresh`. The new access token "
        f"returned {in_words(got)} from `GET /me`, and {again} from `POST /refresh`. "
        f"The docstring asks for 200, 200 and 401. Look at {look_at}."
    )


def other_kinds(answers, *kinds: object) -> dict[str, str]:
    """Return tokens that are signed with `LOGIN_KEY`, and have another kind or none."""
    tokens = {f"{kind!r}": hs256(answers.LOGIN_KEY, kind=kind) for kind in kinds}
    return tokens | {"no kind": hs256(answers.LOGIN_KEY)}


@pytest.mark.parametrize(
    ("ask", "right", "other"),
    [(read_me, "access", "refresh"), (refresh, "refresh", "access")],
    ids=["me", "refresh"],
)
def test_q5_a_token_of_another_kind_returns_401(answers, refreshes, ask, right, other):
    app, _ = refreshes

    valid = ask(app, answers.new_token("ana", right)).status_code
    kinds = (other, "password-reset", right.upper(), right[:-1], f"{right}2", "", None)
    tokens = other_kinds(answers, *kinds, [right], True, {right: 1})
    got = {kind: refusal(ask(app, token)) for kind, token in tokens.items()}
    accepted = {kind: one for kind, one in got.items() if one != (401, "Bearer")}
    assert (valid, accepted) == (200, {}), (
        f"This endpoint needs the kind {right!r}. A token of this kind returned "
        f"{valid}. Other kinds returned {in_words(accepted or 'a 401')}. The docstring "
        "asks for 401 with `WWW-Authenticate: Bearer`. Look at your condition for "
        "`kind`."
    )


@pytest.mark.parametrize("ask", [read_me, refresh], ids=["me", "refresh"])
@pytest.mark.parametrize(
    "make", [make for name, make in INVALID.items() if name != "empty"]
)
def test_q5_a_token_that_is_not_valid_returns_401(answers, refreshes, ask, make):
    app, _ = refreshes

    kind = "access" if ask is read_me else "refresh"
    before = ask(app, answers.new_token("ana", kind)).status_code
    claims = {"kind": kind}
    tokens = [
        make(answers.LOGIN_KEY),
        hs256(answers.LOGIN_KEY, exp=now() - DAY, **claims),
    ]
    tokens.append(hs256(b"x" * 64, **claims))
    got = [refusal(ask(app, token)) for token in tokens]
    assert (before, got) == (200, [(401, "Bearer")] * 3), (
        f"A valid {kind} token returned {before}. Three tokens that are not valid "
        f"returned {got}. The docstring asks for 401 with `WWW-Authenticate: Bearer`. "
        "Look at what you do when `login_claims` returns None."
    )


def test_q5_an_account_that_is_not_active_gets_no_token(answers, refreshes):
    app, active = refreshes
    token = answers.new_token("ana", "refresh")

    got = [refusal(refresh(app, token))]
    active["ana"] = False
    got.append(refusal(refresh(app, token)))
    active["ana"] = True
    got.append(refusal(refresh(app, token)))
    stranger = refusal(refresh(app, answers.new_token("eve", "refresh")))
    ok, refused = (200, "no header"), (401, "Bearer")
    assert (got, stranger) == ([ok, refused, ok], refused), (
        "The account of ana was active, then blocked, then active again. `POST "
        f"/refresh` returned {got}. For a deleted account it returned {stranger}. The "
        "docstring asks for 401 with `WWW-Authenticate: Bearer` if "
        "`is_active(username)` is false. Look at your condition and its exception."
    )


def me(app: FastAPI, token: str) -> int:
    """Return the status code of `GET /me`."""
    return send(app, "GET", "/me", headers=bearer(token)).status_code


def run(answers, kind: str, what: str) -> int:
    """Return the status code of the last request of a run on real applications."""
    logins = {"session": answers.Sessions, "JWT": answers.Jwts}[kind]
    server_a = answers.portal_app(logins())
    server_b = answers.portal_app(logins())
    token = send(server_a, "POST", "/sign-in", data={"username": "ana"}).json()
    assert me(server_a, token) == 200, (
        "The given code has changed: the token does not work on the server where ana "
        "signed in. The docstring says that it does. Restore the code above."
    )
    if what == "server B":
        return me(server_b, token)
    if what == "A restarted":
        return me(answers.portal_app(logins()), token)
    send(server_a, "POST", "/sign-out", headers=bearer(token))
    return me(server_a, token)


LOOK_AT = {
    "session, server B": "Each server has its own `Sessions`. Look at `Sessions.find`.",
    "JWT, server B": "Look at what `Jwts.find` needs, and at which server has it.",
    "session, A restarted": "Look at `Sessions.__init__`, which the new object runs.",
    "JWT, A restarted": "Look at what `Jwts.find` needs, and at what A has lost.",
    "session, signed out": "Look at `Sessions.end`, and then at `Sessions.find`.",
    "JWT, signed out": "Look at `Jwts.end`, and then at `Jwts.find`.",
}


@pytest.mark.parametrize("key", LOOK_AT)
def test_q6_the_status_code_is_predicted(answers, key):
    predictions = answers.statuses()
    predicted = predictions.get(key) if isinstance(predictions, dict) else None
    assert predicted is not None, (
        f"`statuses()` returned {in_words(predictions)}. The docstring asks for a dict "
        f"with a status code for {key!r}. Look at the `return`."
    )

    real = run(answers, *key.split(", "))
    is_right = isinstance(predicted, int) and predicted == real
    assert is_right, (
        f"For {key!r} you predict {in_words(predicted)}. The real run came out "
        f"differently. {LOOK_AT[key]}"
    )
