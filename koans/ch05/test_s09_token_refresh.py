"""The tests of section 5.9."""

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event, Thread, get_ident
from typing import Any

import jwt
import pytest
from fastapi import HTTPException
from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from lab import (
    attempt,
    client,
    engine_for,
    fastapi_app,
    in_words,
    json_or_text,
    outcome,
    returned_or_raised,
    stand_in,
)

UNAUTHORIZED = (401, "Bearer")


def send(http: TestClient, token: str) -> Any:
    """Return the response of `POST /refresh` for a refresh token."""
    got = outcome(lambda: http.post("/refresh", json={"refresh_token": token}))
    assert not isinstance(got, Exception), (
        f"`POST /refresh` with the refresh token {in_words(token)} raised "
        f"{in_words(got)}, which is a 500. The docstring asks for 200 or 401. Look at "
        "your endpoint."
    )
    return got


def refusal(response: Any) -> tuple[int, str | None]:
    """Return the status code and the header `WWW-Authenticate` of a response."""
    return response.status_code, response.headers.get("WWW-Authenticate")


def tokens_of(response: Any) -> dict[str, Any]:
    """Return the tokens in a response with the status code 200."""
    said = json_or_text(response)
    keys = sorted(said) if isinstance(said, dict) else said
    assert (response.status_code, keys) == (
        200,
        ["access_token", "refresh_token", "token_type"],
    ), (
        f"A valid refresh token was sent. The response was {response.status_code} with "
        f"{in_words(said)}. The docstring asks for 200 and `Tokens`. Look at what your "
        "endpoint returns."
    )
    return dict(said)


def claims_of(answers, token: object) -> dict[str, Any]:
    """Return the claims of an access token, whether it has expired or not."""
    options: Any = {"require": ["sub", "exp"]}
    options |= dict.fromkeys(["verify_exp", "verify_iat", "verify_nbf"], False)
    got = outcome(lambda: jwt.decode(token, answers.KEY, ["HS256"], options=options))
    assert isinstance(got, dict), (
        f"The access token was {in_words(token)}. PyJWT raised {in_words(got)}. The "
        "docstring asks for a JWT with `sub` and `exp`, signed with `KEY`. Look at how "
        "your code gets it."
    )
    assert isinstance(got["exp"], int | float), (
        f"The claim `exp` of the access token is {in_words(got['exp'])}. PyJWT reads "
        "it as a number of seconds. Look at what you pass to `jwt.encode`: it takes a "
        "`datetime` as it is."
    )
    return got


@dataclass
class Portal:
    """The application of 5.9.1, and the refresh tokens that are valid."""

    http: TestClient
    patients: dict[str, str]


@pytest.fixture
def portal(answers) -> Iterator[Portal]:
    """The learner's application, with the tokens of three devices."""
    patients = {"rt-ana-1": "Ana", "rt-ana-2": "Ana", "rt-ben": "Ben"}
    app = fastapi_app(answers.refresh_app(patients), "refresh_app(patients)")
    with client(app) as http:
        yield Portal(http, patients)


@pytest.mark.parametrize("token", ["rt-ana-1", "rt-ben"])
def test_q1_a_refresh_token_returns_new_tokens_for_its_patient(answers, portal, token):
    patient = portal.patients[token]
    stand_in(answers.new_token, lambda: f"new-of-{patient}")

    got = tokens_of(send(portal.http, token))
    assert (got["refresh_token"], got["token_type"]) == (
        f"new-of-{patient}",
        "bearer",
    ), (
        f"`new_token()` returned 'new-of-{patient}'. `POST /refresh` returned "
        f"{in_words(got['refresh_token'])} as `refresh_token`, and the `token_type` "
        f"{got['token_type']!r}. The docstring asks for the refresh token from "
        "`new_token()`. Look at your `Tokens`."
    )
    claims = claims_of(answers, got["access_token"])
    assert claims["sub"] == patient, (
        f"The refresh token of {patient} returned an access token for "
        f"{claims['sub']!r}. The docstring asks for `access_token(patient)`. Look at "
        "where `patient` comes from."
    )


def test_q1_a_refresh_token_works_once(portal):
    new = tokens_of(send(portal.http, "rt-ana-1"))["refresh_token"]

    got = refusal(send(portal.http, "rt-ana-1"))
    assert got == UNAUTHORIZED, (
        "The same refresh token was sent a second time. The status code and the header "
        f"`WWW-Authenticate` were {got}. The docstring asks for {UNAUTHORIZED}: a "
        "refresh token works once. Look at what your code removes, and at its 401."
    )
    seen = {name: portal.patients.get(name) for name in ("rt-ana-1", new)}
    assert seen == {"rt-ana-1": None, new: "Ana"}, (
        f"Ana's token 'rt-ana-1' was refreshed, and `patients` is "
        f"{in_words(portal.patients)}. The docstring asks to remove the old token, and "
        "to add the new one for the same patient. Look at where your code writes."
    )


def test_q1_the_access_token_is_made_at_the_refresh(answers, portal):
    moments = [datetime(2030, 5, day, tzinfo=UTC) for day in (1, 2)]
    tokens, ends = "rt-ana-1", []
    for moment in moments:
        stand_in(answers.now, lambda moment=moment: moment)
        got = tokens_of(send(portal.http, tokens))
        tokens = got["refresh_token"]
        ends.append(claims_of(answers, got["access_token"])["exp"])

    expected = [int((moment + answers.ACCESS).timestamp()) for moment in moments]
    assert ends == expected, (
        f"A device refreshed on 1 May and on 2 May. Its access tokens have the `exp` "
        f"{ends}. `access_token(patient)` returns a token with `exp` {expected} on "
        "these days. The docstring asks for this token, at each request."
    )


@pytest.mark.parametrize(
    "token",
    ["rt-ana-3", "rt-ana", "RT-ANA-1", "rt-ana-11", "rt-ana-1.x", "Ana", "-"],
    ids=["unknown", "shorter", "upper", "longer", "dot", "patient", "dash"],
)
def test_q1_an_unknown_refresh_token_returns_401(portal, token):
    before = dict(portal.patients)

    got = refusal(send(portal.http, token))
    assert (got, portal.patients) == (UNAUTHORIZED, before), (
        f"`patients` does not contain {token!r}. The status code and "
        f"`WWW-Authenticate` were {got}, and `patients` is {in_words(portal.patients)}."
        " The docstring asks for 401, the header, and no change. Look at your 401."
    )


def test_q1_an_access_token_is_no_refresh_token(answers, portal):
    access = answers.access_token("Ana")

    got = refusal(send(portal.http, access))
    assert got == UNAUTHORIZED, (
        "An access token was sent to `POST /refresh`. The status code and the header "
        f"`WWW-Authenticate` were {got}. The docstring asks for 401 if `patients` does "
        "not contain the token. Look at where your code looks it up."
    )


NUMBER: ContextVar[bytes | None] = ContextVar("NUMBER", default=None)


class Numbered:
    """Remember which of two requests is running, also in its worker threads."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the number in a header of the request."""
        if scope["type"] == "http":
            NUMBER.set(dict(scope["headers"])[b"number"])
        await self.app(scope, receive, send)


class Slow(dict[str, str]):
    """The valid refresh tokens. During the first look-up, a second request comes."""

    second: Thread

    def __init__(self, patients: dict[str, str]) -> None:
        super().__init__(patients)
        self.second_looked = Event()

    def __getitem__(self, token: str) -> str:
        """Return the patient, if this is a valid token."""
        try:
            return super().__getitem__(token)
        finally:
            self.wait()

    def __contains__(self, token: object) -> bool:
        """Return whether this is a valid token."""
        found = super().__contains__(token)
        self.wait()
        return found

    def get(self, token: str, default: Any = None) -> Any:
        """Return the patient, or the default."""
        found = super().get(token, default)
        self.wait()
        return found

    def wait(self) -> None:
        """Let the second request look, if nothing makes it wait."""
        if NUMBER.get() == b"2":
            self.second_looked.set()
        if NUMBER.get() != b"1":
            return
        if self.second.ident is None:
            self.second.start()
        if not isinstance(outcome(asyncio.get_running_loop), RuntimeError):
            return  # nothing else can run in the event loop now
        self.second_looked.wait(1.5)  # a lock makes it wait, if there is one
        self.second_looked.set()


def test_q1_of_two_requests_at_the_same_time_one_succeeds(answers):
    patients = Slow({"rt-ana-1": "Ana"})
    seen: list[int] = []
    stand_in(answers.access_token, lambda patient: [patients.wait(), patient][1])
    app = fastapi_app(answers.refresh_app(patients), "refresh_app(patients)")
    app.add_middleware(Numbered)
    with client(app) as http:

        def request(number: str) -> None:
            body, headers = {"refresh_token": "rt-ana-1"}, {"number": number}
            got = outcome(lambda: http.post("/refresh", json=body, headers=headers))
            seen.append(getattr(got, "status_code", 500))
            if number == "2":
                patients.second_looked.set()

        patients.second = Thread(target=request, args=["2"], daemon=True)
        request("1")
        if patients.second.ident is None:
            patients.second.start()
        patients.second.join(60)

    assert sorted(seen) == [200, 401], (
        "Two requests sent the same refresh token at the same time. They returned "
        f"{sorted(seen)}. The docstring asks that the token works once. Look at what "
        "another request can do between your look-up and your removal."
    )


def test_q1_the_new_refresh_token_works_and_is_new_each_time(portal):
    seen = ["rt-ana-1"]
    for _ in range(4):
        seen.append(tokens_of(send(portal.http, seen[-1]))["refresh_token"])

    assert len(set(seen)) == 5, (
        "A device refreshed four times, each time with the newest token. Its refresh "
        f"tokens were {in_words(seen)}. The docstring asks for a new one each time. "
        "Look at when your code calls `new_token`."
    )


def test_q1_other_refresh_tokens_stay_valid(answers, portal):
    tokens_of(send(portal.http, "rt-ana-1"))

    left = {name: portal.patients.get(name) for name in ("rt-ana-2", "rt-ben")}
    assert left == {"rt-ana-2": "Ana", "rt-ben": "Ben"}, (
        "'rt-ana-1' was refreshed. `patients` has these other tokens now: "
        f"{in_words(left)}. The docstring asks that all other refresh tokens stay "
        "valid, also those of the same patient. Look at what your code removes."
    )
    patients = {"rt-9": "Cem", "rt-ana-1": "Ana"}
    with client(answers.refresh_app(patients)) as other:
        got = [refusal(send(other, token)) for token in ("rt-ben", "rt-ana-1")]
    assert got == [UNAUTHORIZED, (200, None)], (
        "Another application has the refresh tokens 'rt-9' and 'rt-ana-1'. With "
        f"'rt-ben' and 'rt-ana-1', its responses were {got}. The docstring asks for "
        "401 and 200: its own `patients` has the valid tokens. Look at where your code "
        "keeps the tokens."
    )


@dataclass
class Clinic:
    """The application of 5.9.2, twice, on one database."""

    answers: Any
    http: TestClient
    second: TestClient
    engine: Engine
    outside: Engine

    def log_in(self, patient: str) -> str:
        """Return the refresh token of a new login."""
        response = attempt(
            "`POST /login`", self.http.post, "/login", json={"patient": patient}
        )
        return str(tokens_of(response)["refresh_token"])

    def refresh(self, token: str) -> str:
        """Return the refresh token that the newest one returns."""
        return str(tokens_of(send(self.http, token))["refresh_token"])

    def rows(self) -> dict[str, tuple[str, str]]:
        """Return the patient and what is stored, for each login in the database."""
        with self.outside.connect() as connection:
            rows = connection.exec_driver_sql("SELECT id, patient, stored FROM logins")
            return {row.id: (row.patient, row.stored) for row in rows}

    def expect_hash(self, token: str) -> None:
        """Check what the database has for the newest token of a login."""
        login, _, secret = token.partition(".")
        row = self.rows().get(login)
        expected = hashlib.sha256(secret.encode()).hexdigest()
        stored = row and row[1]
        assert stored == expected, (
            f"The newest secret of a login is {in_words(secret)}, and `stored` is "
            f"{in_words(stored)}. The docstring asks for `digest(secret)`, which is "
            f"{expected[:12]}... Look at what this endpoint stores."
        )


@pytest.fixture
def clinic(answers, postgres) -> Iterator[Clinic]:
    """The learner's application, as two servers on one database."""
    with engine_for(postgres.url) as engine, engine_for(postgres.url) as outside:
        answers.Base.metadata.create_all(outside)
        apps = [
            fastapi_app(answers.portal_app(engine), "portal_app(engine)")
            for _ in range(2)
        ]
        with ExitStack() as stack:
            first, second = (stack.enter_context(client(app)) for app in apps)
            yield Clinic(answers, first, second, engine, outside)


def test_q2_the_database_has_a_hash_after_the_login(clinic):
    tokens = [clinic.log_in("Ana"), clinic.log_in("Ana"), clinic.log_in("Ben")]

    for token in tokens:
        clinic.expect_hash(token)


def test_q2_each_refresh_stores_the_hash_of_the_new_secret(clinic):
    token = clinic.log_in("Ana")
    login = token.partition(".")[0]
    for _ in range(3):
        before = clinic.rows()
        token = clinic.refresh(token)
        assert clinic.rows() != before, (
            "`POST /refresh` returned 200 and a new refresh token, and the table "
            "`logins` is the same as before. The docstring asks to store the hash of "
            "the new secret. Look at what you commit."
        )
        ids = [*clinic.rows(), token.partition(".")[0]]
        assert ids == [login, login], (
            f"Ana logged in once, and refreshed. The ids in the database and in her "
            f"new token are {in_words(ids)}. The docstring asks that the id "
            f"{in_words(login)} stays. Look at the token that you return."
        )
        clinic.expect_hash(token)


def test_q2_the_access_token_is_for_the_patient_of_the_login(answers, clinic):
    tokens = {name: clinic.log_in(name) for name in ("Ana", "Ben")}
    for name, token in tokens.items():
        got = tokens_of(send(clinic.http, token))
        claims = claims_of(answers, got["access_token"])
        assert claims["sub"] == name, (
            f"{name}'s refresh token returned an access token for {claims['sub']!r}. "
            "It is to be for the patient of the login. Look at `patient`."
        )
        clinic.expect_hash(got["refresh_token"])


def test_q2_what_is_stored_does_not_work_as_a_secret(clinic):
    token = clinic.log_in("Ana")
    login = token.partition(".")[0]
    stored = clinic.rows()[login][1]

    got = refusal(send(clinic.http, f"{login}.{stored}"))
    assert got == UNAUTHORIZED, (
        "Somebody read `stored` in the database, and sent it as the secret of a "
        f"refresh token. The status code and the header `WWW-Authenticate` were {got}. "
        "The docstring asks for 401. Look at what your code compares."
    )


@pytest.mark.parametrize("age", [1, 2])
def test_q2_an_older_secret_ends_its_login(clinic, age):
    tokens = [clinic.log_in("Ana")]
    for _ in range(2):
        tokens.append(clinic.refresh(tokens[-1]))
    other, ben = clinic.log_in("Ana"), clinic.log_in("Ben")

    copied = refusal(send(clinic.http, tokens[-1 - age]))
    newest = refusal(send(clinic.http, tokens[-1]))
    assert (copied, newest) == (UNAUTHORIZED, UNAUTHORIZED), (
        f"A login was refreshed twice, and then an older token was sent: {copied}. "
        f"Then its newest token was sent: {newest}. The docstring asks for 401 with "
        "`WWW-Authenticate: Bearer`, both times: the login is deleted. Look at what is "
        "committed before the 401."
    )
    named = {"first": tokens[0], "second": other, "Ben's": ben}
    names = {token.partition(".")[0]: name for name, token in named.items()}
    left = sorted(names.get(login, login) for login in clinic.rows())
    assert left == ["Ben's", "second"], (
        "Ana logged in twice, and Ben once. An older token of Ana's first login was "
        f"sent. These logins stay: {in_words(left)}. The docstring asks to delete the "
        "first login, and no other one. Look at your DELETE."
    )


def test_q2_a_wrong_secret_ends_a_login_that_was_never_refreshed(clinic):
    wrong: list[Callable[[str], str]] = [
        lambda secret: "wrong",
        lambda secret: "",
        lambda secret: secret[:-1],
        lambda secret: f"{secret}.x",
        str.swapcase,
    ]
    for change in wrong:
        login, _, secret = clinic.log_in("Ana").partition(".")
        sent = f"{login}.{change(secret)}"
        got = refusal(send(clinic.http, sent))
        state = "still there" if clinic.rows() else "deleted"
        assert (got, state) == (UNAUTHORIZED, "deleted"), (
            f"A login was not refreshed yet, and {in_words(change(secret))} was sent "
            f"as its secret, which is {in_words(secret)}. The response was {got}, and "
            f"the login is {state}. The docstring asks for 401, and to delete the "
            "login. Look at each way to your 401."
        )


OTHER_TEXTS = ["unknown.secret", "unknown", ".", "a.b.c", "..", ".secret", "unknown."]


def test_q2_any_other_text_returns_401_and_changes_nothing(answers, clinic):
    token = clinic.log_in("Ana")
    clinic.expect_hash(token)
    login, _, secret = token.partition(".")
    before = clinic.rows()
    other = [
        *OTHER_TEXTS,
        answers.access_token("Ana"),
        f"{login.swapcase()}.{secret}",
        f".{login}.{secret}",
        f"{secret}.{login}",
        f"x{token}",
    ]
    for text in other:
        got = refusal(send(clinic.http, text))
        assert (got, clinic.rows()) == (UNAUTHORIZED, before), (
            f"There is no login for the text {in_words(text)}. The status code and "
            f"`WWW-Authenticate` were {got}, and the database changed: "
            f"{clinic.rows() != before}. The docstring asks for 401 and no change. "
            "Look at how your code finds the login."
        )
    clinic.refresh(token)


class Rival:
    """A second request with the same token, sent after the first one's first statement.

    If it has to wait for the first one in the database, it goes on as soon as the first
    one has committed.
    """

    def __init__(self, clinic: Clinic, token: str) -> None:
        self.got: Any = None
        self.hangs = False
        self._clinic = clinic
        self._token = token
        self._first = 0
        self._waited = False
        self._request = Thread(target=self._send, daemon=True)
        event.listen(clinic.engine, "after_cursor_execute", self._after)
        event.listen(Session, "after_commit", self._committed)

    def _after(self, *_: object) -> None:
        if self._request.ident is None:
            self._first = get_ident()
            self.send()

    def _committed(self, _: object) -> None:
        if self._request.ident is None:
            self.send()
        elif get_ident() == self._first and self._waited:
            self._request.join(30)

    def finish(self) -> None:
        """Wait until the request has ended. Send it first if it was not sent."""
        event.remove(Session, "after_commit", self._committed)
        if self._request.ident is None:
            self.send()
        self._request.join(30)

    def send(self) -> None:
        """Send the request, and wait for its response while it does not hang."""
        self._request.start()
        for _ in range(200):
            self._request.join(0.05)
            self._waited = self._is_true(
                "SELECT count(*) FROM pg_locks WHERE NOT granted"
            )
            if self._waited or not self._request.is_alive():
                return
        # Another process does not wait either, if the row is not locked.
        with self._clinic.outside.connect() as own:
            lock = "SELECT id FROM logins FOR UPDATE NOWAIT"
            locked = outcome(lambda: own.exec_driver_sql(lock))
        self.hangs = not isinstance(locked, DBAPIError)

    def _is_true(self, query: str) -> bool:
        with self._clinic.outside.connect() as own:
            return own.exec_driver_sql(query).scalar_one() > 0

    def _send(self) -> None:
        http, body = self._clinic.second, {"refresh_token": self._token}
        self.got = outcome(lambda: http.post("/refresh", json=body).status_code)


def check_that_both_responded(rival: Rival, first: object) -> None:
    """Check that neither request waited for a process, or raised an exception."""
    assert not rival.hangs, (
        "A second process got the same token while the login was not locked in the "
        "database, and it had to wait for the first one. The portal runs in several "
        "processes, so a lock in one of them does not help. Look at what your code "
        "locks."
    )
    assert not isinstance(first, Exception), (
        "A second request came during the first one, which then raised "
        f"{in_words(first)}. This is a 500. The docstring asks that one returns 200. "
        "Look at this statement, and at what your code reads after its commit."
    )
    assert not isinstance(rival.got, Exception), (
        "A second request with the same token came while the first one was running. "
        f"It raised {in_words(rival.got)}, which is a 500. The docstring asks for 401. "
        "Look at how your code waits for the first request."
    )


def test_q2_of_two_requests_at_the_same_time_one_succeeds(clinic):
    token = clinic.log_in("Ana")
    rival = Rival(clinic, token)
    body = {"refresh_token": token}
    first = outcome(lambda: clinic.http.post("/refresh", json=body).status_code)
    rival.finish()
    check_that_both_responded(rival, first)
    statuses = sorted([first, rival.got or 0])
    assert statuses == [200, 401], (
        "Two requests sent the same refresh token at the same time. They returned "
        f"{statuses}. The docstring asks that only one returns 200. Look at what can "
        "happen between the statement that reads and the one that writes."
    )
    assert clinic.rows() == {}, (
        "Two requests sent the same refresh token. The second one is a copy, so the "
        f"docstring asks to delete the login. The database has "
        f"{in_words(clinic.rows())}. Look at what your code does when it is too late."
    )


FAILURES = {
    "the table is missing": "ALTER TABLE logins RENAME TO lost",
    "each commit fails": """
        CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$;
        CREATE CONSTRAINT TRIGGER late AFTER UPDATE OR DELETE ON logins
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail()
    """,
}


@pytest.mark.parametrize("failure", FAILURES)
def test_q2_an_error_of_the_database_is_not_a_401(clinic, failure):
    token = clinic.log_in("Ana")
    clinic.expect_hash(token)
    with clinic.outside.begin() as connection:
        connection.exec_driver_sql(FAILURES[failure])

    got = outcome(
        lambda: clinic.http.post("/refresh", json={"refresh_token": token}).status_code
    )
    assert isinstance(got, DBAPIError) or got == 500, (
        f"In the database, {failure}. `POST /refresh` {returned_or_raised(got)}. The "
        "docstring asks not to catch an error of the database. Look at your `try`."
    )


START = datetime(2031, 6, 1, 12, tzinfo=UTC)


def renewed(answers, device: Any, moment: datetime) -> dict[str, Any] | None:
    """Return the claims of the token that a device gets at a moment, None for a 401."""
    stand_in(answers.now, lambda: moment)
    try:
        token = answers.renew(device)
    except HTTPException as error:
        seen = error.status_code, (error.headers or {}).get("WWW-Authenticate")
        assert seen == UNAUTHORIZED, (
            f"`renew` raised an HTTPException with the status code and the header "
            f"`WWW-Authenticate` {seen}. The docstring asks for `unauthorized()`. Look "
            "at your `raise`."
        )
        return None
    except Exception as error:
        if isinstance(error, NotImplementedError):
            raise
        raise AssertionError(
            f"`renew` raised {in_words(error)}, {moment - device.logged_in} after the "
            "login. The docstring asks for a token or for `unauthorized()`. Look at "
            "this line of your code."
        ) from error
    return claims_of(answers, token)


# After how much time since the login and since the last refresh a login has ended.
AGES = {
    "new": (timedelta(0), timedelta(0), False),
    "not quite idle": (timedelta(days=8), timedelta(days=7, seconds=-1), False),
    "idle": (timedelta(days=8), timedelta(days=7), True),
    "long idle": (timedelta(days=29), timedelta(days=28), True),
    "not quite absolute": (timedelta(days=30, seconds=-1), timedelta(hours=1), False),
    "absolute": (timedelta(days=30), timedelta(hours=1), True),
    "long absolute": (timedelta(days=400), timedelta(minutes=1), True),
    "both": (timedelta(days=90), timedelta(days=60), True),
}


@pytest.mark.parametrize("age", AGES)
def test_q3_a_login_ends_at_the_first_of_two_limits(answers, age):
    login, idle, ended = AGES[age]
    for moment in (START, datetime(2019, 2, 27, 23, tzinfo=UTC)):
        device = answers.Device("Ana", moment - login, moment - idle)
        refused = renewed(answers, device, moment) is None
        assert refused == ended, (
            f"The login was {login} ago, and the last refresh {idle} ago. `renew` "
            f"{'raised 401' if refused else 'returned a token'}. The docstring asks "
            f"for {'401' if ended else 'a token'}. Look at both limits, and at `now()`."
        )


def test_q3_a_device_that_refreshes_every_day_ends_as_well(answers):
    device = answers.Device("Ana", START, START)
    days = [
        day
        for day in range(1, 61)
        if renewed(answers, device, START + timedelta(days=day)) is not None
    ]
    assert days == list(range(1, 30)), (
        f"A device refreshed every day for 60 days. It got {len(days)} tokens, the "
        f"last one on day {max(days, default=0)}. The docstring asks for days 1 to 29, "
        "because the login ends after 30 days. Look at what moves each limit."
    )


@pytest.mark.parametrize(
    "age",
    [timedelta(days=6, hours=5, microseconds=700_001), timedelta(seconds=2)],
    ids=["days", "seconds"],
)
def test_q3_each_refresh_moves_the_idle_limit(answers, age):
    device = answers.Device("Ana", START, START)
    moment = START + age
    claims = renewed(answers, device, moment)

    assert claims is not None, (
        f"`renew` raised 401, {age} after the login. The docstring asks for a token. "
        "Look at both limits."
    )
    assert (device.last_refresh, device.logged_in) == (moment, START), (
        f"`now()` was {moment}. After `renew`, `last_refresh` is {device.last_refresh} "
        f"and `logged_in` is {device.logged_in}. The docstring asks to set "
        "`last_refresh` to `now()`, and not to change `logged_in`. Look at what is set."
    )


@pytest.mark.parametrize("used", [1, 29], ids=["idle", "absolute"])
def test_q3_a_login_that_has_ended_does_not_come_back(answers, used):
    device = answers.Device("Ana", START, START + timedelta(days=used))
    before = vars(device).copy()
    moments = [START + timedelta(days=31, minutes=minute) for minute in (0, 1)]
    got = [renewed(answers, device, moment) for moment in moments]

    assert got == [None, None], (
        f"A device was used for {used} days. On day 31 it asked twice, and got "
        f"{['401' if one is None else 'a token' for one in got]}. The docstring asks "
        "for 401, and to change nothing. Look at when you set `last_refresh`."
    )
    changed = {key: str(now) for key, now in vars(device).items() if before[key] != now}
    assert changed == {}, (
        f"The login of a device had ended. `renew` raised 401, and changed the device: "
        f"now it has {in_words(changed)}. The docstring asks to change nothing. Look "
        "at what you do before you raise."
    )


@pytest.mark.parametrize("minutes", [2, 4])
def test_q3_the_idle_limit_does_not_shorten_the_access_token(answers, minutes):
    last_refresh = START + timedelta(minutes=minutes) - answers.IDLE
    device = answers.Device("Ana", last_refresh, last_refresh)
    claims = renewed(answers, device, START)

    seen = claims and datetime.fromtimestamp(claims["exp"], UTC) - START
    assert seen == answers.ACCESS, (
        f"{minutes} minutes before its idle limit, a device refreshed. The new token "
        f"is valid for {seen}. The docstring asks for `ACCESS`: this refresh moves the "
        "idle limit. Look at what limits `exp`."
    )


@pytest.mark.parametrize("patient", ["Ana", "Zoë"])
@pytest.mark.parametrize("minutes", [4, 5, 6, 9000])
def test_q3_the_access_token_ends_with_the_login_at_the_latest(
    answers, patient, minutes
):
    end = START + timedelta(minutes=minutes)
    device = answers.Device(patient, end - answers.ABSOLUTE, START)
    claims = renewed(answers, device, START)

    expected = min(START + answers.ACCESS, end)
    seen = claims and (claims["sub"], datetime.fromtimestamp(claims["exp"], UTC))
    shown = seen and f"{seen[0]!r} and {seen[1]:%H:%M:%S on %d %B}"
    assert seen == (patient, expected), (
        f"{patient}'s login ends at {end:%H:%M} on {end:%d %B}. At {START:%H:%M} on "
        f"{START:%d %B}, `sub` and `exp` of the token are {shown}. The docstring asks "
        f"for {patient!r} and {expected:%H:%M}: the token ends with the login at the "
        "latest. Look at what limits `exp`."
    )


@pytest.mark.parametrize("part", [0.2, 0.8])
def test_q3_no_token_outlives_the_login_by_a_part_of_a_second(answers, part):
    end = START + timedelta(seconds=90 + part)
    device = answers.Device("Ana", end - answers.ABSOLUTE, START)
    claims = renewed(answers, device, START)

    seen = claims["exp"] - START.timestamp() if claims else None
    assert 89 < (seen or 0) < 90 + part + 0.001, (
        f"The login ends in {90 + part} seconds. `exp` of the new token is in {seen} "
        "seconds. The docstring asks for no later moment than the end of the login. "
        "Look at how you round `exp`."
    )
