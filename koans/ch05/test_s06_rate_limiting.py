"""The tests of section 5.6."""

import asyncio
import gc
import random
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import httpx2
import pytest
import redis as redis_py
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from redis.asyncio import Connection, ConnectionPool, Redis

from lab import (
    Forked,
    Listening,
    RedisServer,
    async_client,
    attempt,
    client,
    fastapi_app,
    forked,
    in_words,
    json_or_text,
    outcome,
    returned_or_raised,
    stand_in,
    wire,
)

# Python 3.14 deprecates a function that slowapi 0.1 calls for each limit.
pytestmark = pytest.mark.filterwarnings(
    "ignore:'?asyncio.iscoroutinefunction:DeprecationWarning"
)

HOME = "203.0.113.7"
# Seconds that Redis gets to respond, however busy the machine is.
PATIENCE = 30.0


class Clock:
    """What `time.time` returns; it stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that slowapi and limits read."""
    one = Clock()
    monkeypatch.setattr(time, "time", one)
    return one


def send(
    app: FastAPI,
    method: str,
    path: str,
    address: str = HOME,
    **request: Any,
) -> httpx2.Response:
    """Return the response to one request from a client address."""

    def call() -> httpx2.Response:
        with TestClient(app, client=(address, 50_000)) as http:
            return http.request(method, path, **request)

    response: httpx2.Response = attempt(f"`{method} {path}`", call)
    return response


def doctors_app(answers) -> FastAPI:
    """Return an application of 5.6.1."""
    return fastapi_app(answers.doctors_app(), "doctors_app()")


def doctors_statuses(app: FastAPI, count: int, address: str = HOME) -> list[int]:
    """Return the status codes of some requests for the doctors."""
    return [send(app, "GET", "/doctors", address).status_code for _ in range(count)]


@pytest.mark.parametrize("count", [5, 8])
def test_q1_five_requests_per_minute_are_allowed(answers, count):
    app = doctors_app(answers)

    statuses = doctors_statuses(app, count)
    assert statuses == ([200] * 5 + [429] * 3)[:count], (
        f"One client sent {count} times `GET /doctors`. The status codes were "
        f"{statuses}. The docstring asks for 200 five times, and then for 429. Look at "
        "the limit, and at the order of the two decorators."
    )


def test_q1_each_request_returns_the_doctors_of_the_moment(answers):
    app = doctors_app(answers)
    expected = [["Dr. Sol"], [], ["Dr. Wu", "Dr. Sol"]]

    doctors = iter(expected)
    stand_in(answers.find_doctors, lambda: next(doctors))
    seen = [json_or_text(send(app, "GET", "/doctors")) for _ in expected]
    assert seen == expected, (
        f"`find_doctors()` returned {expected}, one after the other. `GET /doctors` "
        f"returned {in_words(seen)}. The docstring asks for what `find_doctors()` "
        "returns. Look at what your endpoint returns."
    )


def test_q1_a_refused_request_does_not_call_find_doctors(answers):
    app, calls = doctors_app(answers), []

    stand_in(answers.find_doctors, lambda: calls.append("call") or [])
    statuses = doctors_statuses(app, 9)
    assert (len(calls), statuses[5:]) == (5, [429] * 4), (
        f"A client sent nine requests, with the status codes {statuses}. "
        f"`find_doctors` was called {len(calls)} times. The docstring asks for 429 "
        "from the sixth on, without a call. Look at where the limit is checked."
    )


@pytest.mark.parametrize("other", ["203.0.113.70", "203.0.113.8", "2001:db8::7"])
def test_q1_each_client_address_has_its_own_limit(answers, other):
    app = doctors_app(answers)

    first = doctors_statuses(app, 6)
    second = doctors_statuses(app, 6, other)
    assert (first, second) == ([200] * 5 + [429],) * 2, (
        f"Six requests from {HOME} returned {first}, then six from {other} returned "
        f"{second}. The docstring asks for five requests for each client address. Look "
        "at the key function of the limiter."
    )


@pytest.mark.parametrize(
    "name",
    ["X-Forwarded-For", "X_FORWARDED_FOR", "X-Real-IP", "Forwarded", "Authorization"],
)
def test_q1_a_header_does_not_give_a_new_limit(answers, name):
    app = doctors_app(answers)

    statuses = [
        send(app, "GET", "/doctors", headers={name: f"198.51.100.{number}"}).status_code
        for number in range(7)
    ]
    assert statuses == [200] * 5 + [429] * 2, (
        f"One client sent seven requests with seven values of the header {name}. The "
        f"status codes were {statuses}. The docstring asks for five requests, whatever "
        "headers the client sends. Look at the key function."
    )


def test_q1_the_limit_holds_for_one_minute(answers, clock):
    app = doctors_app(answers)

    doctors_statuses(app, 1)
    clock.now += 50
    before = doctors_statuses(app, 5)
    clock.now += 11
    after = doctors_statuses(app, 6)
    assert (before, after) == ([200] * 4 + [429], [200] * 5 + [429]), (
        "A client sent one request at second 0. Five at second 50 returned "
        f"{before}, and six at second 61 returned {after}. The docstring asks for five "
        "in the minute that begins with the first request. Look at the limit and at "
        "the options of `Limiter`."
    )


@pytest.mark.parametrize("seconds", [0, 20, 45])
def test_q1_a_refusal_says_when_the_minute_is_over(answers, clock, seconds):
    app = doctors_app(answers)

    doctors_statuses(app, 5)
    clock.now += seconds
    header = send(app, "GET", "/doctors").headers.get("Retry-After")
    rest = 60 - seconds
    assert header in {str(rest), str(rest + 1)}, (
        f"A request was refused {seconds} seconds after the first one. Its header "
        f"Retry-After was {in_words(header)}. The docstring asks for the seconds until "
        f"the minute is over: {rest} or {rest + 1}. Look at the options of `Limiter`, "
        "and at the exception handler."
    )


def test_q1_health_has_no_limit(answers):
    app = doctors_app(answers)

    def health() -> set[int]:
        return {send(app, "GET", "/health").status_code for _ in range(9)}

    before, doctors, after = health(), doctors_statuses(app, 7), health()
    assert (before, doctors, after) == ({200}, [200] * 5 + [429] * 2, {200}), (
        f"A client sent nine times `GET /health`: {before}, then seven times `GET "
        f"/doctors`: {doctors}, then nine times `GET /health`: {after}. The docstring "
        "asks for a limit of `GET /doctors` only. Look at which endpoints your limit "
        "holds for."
    )


def test_q1_each_application_counts_its_own_requests(answers):
    first, second = doctors_app(answers), doctors_app(answers)

    statuses = [doctors_statuses(app, 6) for app in (first, second)]
    assert statuses == [[200] * 5 + [429]] * 2, (
        "A client sent six requests to each of two applications. They returned "
        f"{statuses[0]} and {statuses[1]}. The docstring asks that each application "
        "counts its own requests. Look at where you create the limiter."
    )


def test_q1_an_error_of_find_doctors_is_not_a_429(answers):
    app = doctors_app(answers)

    def fail() -> None:
        raise ConnectionError("the database is down")

    stand_in(answers.find_doctors, fail)
    with client(app) as http:
        got = outcome(lambda: http.get("/doctors"))
    assert isinstance(got, ConnectionError), (
        "`find_doctors` raised ConnectionError. The request "
        f"{returned_or_raised(got)}. The docstring asks for 429 only if there are too "
        "many requests. Look at which exceptions your handler is for."
    )


def login_app(answers, limiter: FixedWindowRateLimiter | None = None) -> FastAPI:
    """Return an application of 5.6.2."""
    limiter = limiter or FixedWindowRateLimiter(MemoryStorage())
    return fastapi_app(answers.login_app(limiter), "login_app(limiter)")


def log_in(
    app: FastAPI, email: str, pin: object = "0000", address: str = HOME
) -> httpx2.Response:
    """Return the response to one attempt."""
    body = {"email": email, "pin": f"{pin:04}" if isinstance(pin, int) else pin}
    return send(app, "POST", "/login", address, json=body)


def attempts(app: FastAPI, email: str, count: int) -> list[int]:
    """Return the status codes of some attempts with a wrong PIN."""
    return [log_in(app, email, number).status_code for number in range(count)]


def test_q2_an_attempt_within_the_limit_returns_the_token(answers):
    app, seen, expected = login_app(answers), [], []

    def open_session(login: Any) -> str:
        expected.append((200, {"token": f"t-{login.email}-{login.pin}-{len(seen)}"}))
        return str(expected[-1][1]["token"])

    stand_in(answers.open_session, open_session)
    for email, pin in (("ana@example.org", 7391), ("cy@example.org", 12)):
        for _ in range(2):
            response = log_in(app, email, pin)
            seen.append((response.status_code, json_or_text(response)))
    assert seen == expected, (
        f"Two patients logged in twice. The responses were {in_words(seen)}. The "
        'docstring asks for 200 and `{"token": open_session(login)}`. Look at what '
        "your endpoint returns."
    )


def test_q2_a_wrong_pin_returns_the_401_of_open_session(answers):
    app = login_app(answers)

    response = log_in(app, "ana@example.org", 1)
    header = response.headers.get("WWW-Authenticate")
    assert (response.status_code, header) == (401, "Bearer"), (
        f"A wrong PIN returned {response.status_code}, and the header "
        f"WWW-Authenticate was {in_words(header)}. The docstring asks for the 401 that "
        "`open_session` raises. Look at what your code does with its exception."
    )


def test_q2_a_program_cannot_try_all_pins(answers):
    app, calls = login_app(answers), []

    def open_session(login: Any) -> str:
        calls.append(login.pin)
        if login.pin != "0020":
            raise answers.HTTPException(401)
        return "the token of Ana"

    stand_in(answers.open_session, open_session)
    statuses = [
        log_in(app, "ana@example.org", pin, f"198.51.100.{pin}").status_code
        for pin in range(30)
    ]
    assert (statuses, len(calls)) == ([401] * 5 + [429] * 25, 5), (
        "A program tried 30 PINs of Ana from 30 addresses. "
        f"{30 - statuses.count(429)} attempts were not refused, and `open_session` was "
        f"called {len(calls)} times. The docstring asks for five attempts, and then "
        "for 429 without a call. Look at the key, and at the order of your calls."
    )


@pytest.mark.parametrize(
    "pins",
    [[1, 2, 3, 4, 5, 7391], [7391] * 7, [7391, 1] * 4, [1, 7391] * 4],
    ids=["right-last", "right", "right-first", "wrong-first"],
)
def test_q2_every_attempt_counts(answers, pins):
    app = login_app(answers)

    statuses = [log_in(app, "ana@example.org", pin).status_code for pin in pins]
    expected = [200 if pin == 7391 else 401 for pin in pins[:5]]
    assert statuses == expected + [429] * (len(pins) - 5), (
        f"Ana's PIN is 7391. Attempts with the PINs {pins} returned {statuses}. The "
        "docstring asks that every attempt counts, with a right or a wrong PIN: 429 "
        "from the sixth on. Look at when you call `limiter.hit`."
    )


@pytest.mark.parametrize(
    "emails",
    [
        [
            "ana@example.org",
            "ANA@example.org",
            " ana@example.org",
            "Ana@Example.org",
            "ana@example.org\n",
            "aNa@example.org ",
        ],
        ["x@example.org"] * 6,
    ],
    ids=["spellings", "unknown"],
)
def test_q2_all_spellings_of_an_email_are_one_account(answers, emails):
    app = login_app(answers)

    statuses = [log_in(app, email).status_code for email in emails]
    assert statuses == [401] * 5 + [429], (
        f"`account_of` names one account for {in_words(emails)}. The attempts "
        f"returned {statuses}. The docstring asks for five attempts for each account, "
        "also if it does not exist. Look at the key."
    )


def test_q2_account_of_decides_which_emails_are_one_account(answers):
    app = login_app(answers)

    stand_in(answers.account_of, lambda email: email.partition("+")[0])
    statuses = [log_in(app, f"ana+{tag}").status_code for tag in range(6)]
    other = log_in(app, "Ana").status_code
    assert (statuses, other) == ([401] * 5 + [429], 401), (
        "`account_of` returned the same account for six emails, and another one for "
        f"a seventh. The attempts returned {statuses} and {other}. The docstring asks "
        "for a limit for each account that `account_of(email)` names. Look at the key."
    )


@pytest.mark.parametrize(
    "other", ["ben@example.org", "anna@example.org", "ana@example.or", "na@example.org"]
)
def test_q2_other_accounts_keep_their_limit(answers, other):
    app = login_app(answers)

    first = attempts(app, "ana@example.org", 6)[-1]
    statuses = attempts(app, other, 6)
    assert (first, statuses) == (429, [401] * 5 + [429]), (
        f"The sixth attempt for ana@example.org returned {first}. Then six attempts "
        f"for {other} from the same address returned {statuses}. The docstring asks "
        "for five attempts for each account. Look at the key."
    )


def test_q2_the_limit_holds_for_one_minute(answers, clock):
    app = login_app(answers)

    attempts(app, "ana@example.org", 5)
    clock.now += 59
    before = attempts(app, "ana@example.org", 1)
    clock.now += 2
    after = attempts(app, "ana@example.org", 6)
    assert (before, after) == ([429], [401] * 5 + [429]), (
        "Five attempts were at second 0. An attempt at second 59 returned "
        f"{before}, and six at second 61 returned {after}. The docstring asks for "
        "`LOGINS`, five attempts per minute. Look at the limit that you pass."
    )


def test_q2_the_given_limiter_counts(answers):
    limiter = FixedWindowRateLimiter(MemoryStorage())
    first, second = login_app(answers, limiter), login_app(answers, limiter)
    other = login_app(answers)

    statuses = [attempts(app, "ana@example.org", 3) for app in (first, second, other)]
    assert statuses == [[401] * 3, [401, 401, 429], [401] * 3], (
        "Two applications with the same `limiter`, and a third with another one, got "
        f"three attempts each: {statuses}. The docstring asks to count with "
        "`limiter.hit`. Look at where your code counts."
    )


def test_q2_another_error_is_not_a_refusal(answers):
    app = login_app(answers)

    def fail(login: Any) -> None:
        raise ConnectionError("the database is down")

    stand_in(answers.open_session, fail)
    got = outcome(lambda: log_in(app, "ana@example.org", 7391))
    cause = got.__cause__ if isinstance(got, AssertionError) else got
    assert isinstance(cause, ConnectionError), (
        f"`open_session` raised ConnectionError. The request {returned_or_raised(got)}."
        " The docstring asks for its 401, and for 429 if there are too many attempts. "
        "Look at your `try`."
    )


class Reference:
    """The counter as the docstring of 5.6.3 describes it, slow and plain."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.allowed: list[tuple[str, int]] = []

    def allow(self, client: str, now: float) -> bool:
        """Return whether the request is allowed."""
        minute = int(now // 60)
        share = 1 - (now - 60 * minute) / 60
        previous = self.allowed.count((client, minute - 1))
        current = self.allowed.count((client, minute))
        if previous * share + current + 1 > self.limit:
            return False
        self.allowed.append((client, minute))
        return True


def allow(counter: Any, client: str, now: float, count: int = 1) -> list[Any]:
    """Return what `counter` says to some requests at the same moment."""
    return [
        attempt(f"`allow({client!r}, {now})`", counter.allow, client, now)
        for _ in range(count)
    ]


def test_q3_the_example_of_the_docstring_holds(answers):
    counter = answers.SlidingCounter(10)

    first = allow(counter, "ana", 59, 11)
    second = allow(counter, "ana", 75, 3)
    assert (first, second) == ([True] * 10 + [False], [True, True, False]), (
        f"With the limit 10, eleven requests at second 59 returned {in_words(first)}, "
        f"and three at second 75 returned {second}. The docstring asks for ten, then "
        "for two. Look at the estimate."
    )


@pytest.mark.parametrize("limit", [1, 10, 60])
def test_q3_the_turn_of_a_minute_does_not_double_the_limit(answers, limit):
    counter, fixed = answers.SlidingCounter(limit), answers.FixedWindow(limit)

    start = 1_800_000_000
    seen = [
        allow(one, "ana", start + 59.5, limit) + allow(one, "ana", start + 60, limit)
        for one in (fixed, counter)
    ]
    allowed = [sum(one) for one in seen]
    assert allowed == [2 * limit, limit], (
        f"With the limit {limit}, a client sent {limit} requests half a second before "
        f"a minute was over, and {limit} after it. `FixedWindow` allowed {allowed[0]}, "
        f"and your counter {allowed[1]}. The docstring asks for an estimate with the "
        "previous minute. Look at `share`."
    )


@pytest.mark.parametrize("second", [0, 7.5, 15, 30, 45, 52.5])
@pytest.mark.parametrize("limit", [8, 20])
def test_q3_the_previous_minute_counts_with_its_share(answers, limit, second):
    counter, reference = answers.SlidingCounter(limit), Reference(limit)

    seen = []
    for one in (counter, reference):
        allow(one, "ana", 130, limit)
        seen.append(sum(allow(one, "ana", 180 + second, 2 * limit)))
    assert seen[0] == seen[1], (
        f"With the limit {limit}, {limit} requests were allowed in one minute. At "
        f"second {second} of the next one, your counter allowed {seen[0]} of "
        f"{2 * limit}. By the estimate of the docstring it is {seen[1]}. Look at "
        "`share`, and at what you compare with `limit`."
    )


def test_q3_refused_requests_do_not_count(answers):
    counter = answers.SlidingCounter(10)

    first = sum(allow(counter, "ana", 30, 50))
    second = sum(allow(counter, "ana", 90, 50))
    third = sum(allow(counter, "ana", 150, 50))
    assert (first, second, third) == (10, 5, 7), (
        "A client sent 50 requests in the middle of each of three minutes, with the "
        f"limit 10. Your counter allowed {first}, {second} and {third}. By the "
        "docstring it is 10, 5 and 7: refused requests do not count. Look at when you "
        "count."
    )


@pytest.mark.parametrize("later", [120, 179, 600, 86_400])
def test_q3_a_minute_before_the_previous_one_does_not_count(answers, later):
    counter = answers.SlidingCounter(10)

    first = sum(allow(counter, "ana", 59, 10))
    allowed = sum(allow(counter, "ana", later, 12))
    assert (first, allowed) == (10, 10), (
        f"A client sent ten requests at second 59, and {first} were allowed. It sent "
        f"twelve at second {later}, and {allowed} were allowed. The docstring asks "
        "only for this minute and the one before. Look at what you do if more than one "
        "minute has passed."
    )


@pytest.mark.parametrize("other", ["ben", "anna", ""])
def test_q3_each_client_has_its_own_counts(answers, other):
    counter = answers.SlidingCounter(4)

    seen = [
        sum(allow(counter, client, now, 6))
        for now in (59, 90)
        for client in ("ana", other)
    ]
    assert seen == [4, 4, 2, 2], (
        f"'ana' and {other!r} sent six requests each at second 59 and at second 90, "
        f"with the limit 4. Your counter allowed {seen}. By the docstring it is "
        "[4, 4, 2, 2]: each client has its own counts. Look at the keys."
    )


def test_q3_two_counters_share_nothing(answers):
    first, second = answers.SlidingCounter(3), answers.SlidingCounter(5)

    seen = [sum(allow(one, "ana", 10, 9)) for one in (first, second)]
    assert seen == [3, 5], (
        f"A client sent nine requests to two counters with the limits 3 and 5. They "
        f"allowed {seen}. By the docstring it is [3, 5]. Look at where the counts are "
        "stored."
    )


@pytest.mark.parametrize("seed", range(5))
def test_q3_a_long_run_is_as_the_estimate_says(answers, seed):
    chance = random.Random(seed)
    limit = chance.choice([1, 2, 8, 12])
    counter, reference, now = answers.SlidingCounter(limit), Reference(limit), 0.0

    for step in range(300):
        now += chance.choice([0, 0, 0, 7.5, 7.5, 15, 15, 60, 120])
        client = chance.choice(["ana", "ben", "cy"])
        seen, expected = allow(counter, client, now)[0], reference.allow(client, now)
        assert seen == expected, (
            f"Request {step} of three clients, at second {now}, limit {limit}: "
            f"`allow` returned {in_words(seen)}. By the estimate of the docstring it "
            f"is {expected}. Look at the counts of both minutes."
        )


@contextmanager
def traced() -> Iterator[Callable[[], int]]:
    """Yield a function that returns how many bytes more are held than before."""
    gc.freeze()  # collect only what is new, which is fast
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]

        def held() -> int:
            gc.collect()  # Python keeps deleted tuples for a while
            return tracemalloc.get_traced_memory()[0] - before

        yield held
    finally:
        tracemalloc.stop()
        gc.unfreeze()


def test_q3_the_memory_does_not_grow_with_the_requests(answers):
    def memory_of(counter: Any) -> int:
        counter.allow("ana", 1)
        with traced() as held:
            for number in range(500):
                counter.allow("ana", 30 + number / 20)
            return held()

    log = memory_of(answers.SlidingLog(100_000))
    counter = memory_of(answers.SlidingCounter(100_000))
    assert counter < log / 5, (
        f"One client sent 500 requests. `SlidingLog` then held {log} bytes more, and "
        f"your counter {counter}. The docstring asks that the memory for a client does "
        "not grow with its requests. Look at what you store."
    )


@pytest.mark.parametrize("minutes", [[2], [1, 2], [1, 2, 3]], ids=["2", "1-2", "1-3"])
def test_q3_clients_that_left_are_forgotten(answers, minutes):
    counter = answers.SlidingCounter(10)
    allow(counter, "ana", 10)

    with traced() as held:
        for number in range(1000):
            counter.allow(f"client {number}", 20)
        full = held()
        for minute in minutes:
            allow(counter, "ana", 60 * minute + 30)
        rest = held()
    assert rest < full / 10, (
        f"1000 clients sent one request, and your counter held {full} bytes more. "
        f"After a request in the minutes {minutes} after that one, it still held "
        f"{rest}. The docstring asks to store nothing for a client that sends none in "
        "two minutes. Look at what you delete."
    )


def test_q3_refused_clients_are_forgotten_as_well(answers):
    counter = answers.SlidingCounter(0)
    allow(counter, "ana", 10)

    with traced() as held:
        seen = {counter.allow(f"client {number}", 20) for number in range(1000)}
        allow(counter, "ana", 60 * 5)
        rest = held()
    assert (seen, rest < 20_000) == ({False}, True), (
        f"With the limit 0, 1000 clients sent a request. `allow` returned {seen}. Five "
        f"minutes later your counter still held {rest} bytes more. The docstring asks "
        "to refuse them, and to store nothing for clients that left. Look at what you "
        "store."
    )


def codes_app(
    answers,
    url: str,
    connection_class: type[Connection] = Connection,
    patience: float = PATIENCE,
) -> FastAPI:
    """Return an application of 5.6.4, whose store at this URL tries once."""
    pool = ConnectionPool.from_url(
        url, connection_class=connection_class, socket_timeout=patience, retry=None
    )
    app = answers.codes_app(Redis.from_pool(pool))
    return fastapi_app(app, "codes_app(store)")


def sent_codes(answers) -> list[str]:
    """Return the list of the numbers that `send_code` is called with."""
    sent: list[str] = []

    async def send_code(number: str) -> None:
        sent.append(number)

    stand_in(answers.send_code, send_code)
    return sent


def ask(http: httpx2.Client, number: str = "+4791234567") -> httpx2.Response:
    """Return the response to one request for a code."""
    response: httpx2.Response = attempt(
        "`POST /codes`", http.post, "/codes", json={"number": number}
    )
    return response


def ask_often(
    http: httpx2.Client, count: int, number: str = "+4791234567"
) -> list[int]:
    """Return the status codes of some requests for a code."""
    return [ask(http, number).status_code for _ in range(count)]


def let_expire(redis: RedisServer, milliseconds: int) -> None:
    """Let all keys expire that soon."""
    for key in redis.client.scan_iter():
        redis.client.pexpire(key, milliseconds)


@pytest.mark.parametrize("number", ["+4791234567", "+15550100"])
def test_q4_three_codes_are_sent_to_a_number(answers, redis, number):
    sent = sent_codes(answers)
    with client(codes_app(answers, redis.url)) as http:
        statuses = ask_often(http, 5, number)

    assert (statuses, sent) == ([202] * 3 + [429] * 2, [number] * 3), (
        f"Five requests for {number} returned {statuses}. The codes went to "
        f"{in_words(sent)}. The docstring asks for three times 202 with a code, and "
        "then for 429 without one. Look at what you compare, and at where you send."
    )


@pytest.mark.parametrize("seconds", [20, 45])
def test_q4_a_refusal_says_when_the_key_expires(answers, redis, seconds):
    with client(codes_app(answers, redis.url)) as http:
        ask_often(http, 3)
        first = ask(http)
        let_expire(redis, seconds * 1000)
        second = ask(http)

    headers = [one.headers.get("Retry-After", "") for one in (first, second)]
    is_rest = [
        text.isdigit() and rest - 15 < int(text) <= rest
        for text, rest in zip(headers, (60, seconds), strict=True)
    ]
    assert is_rest == [True, True], (
        "A request was refused with the header Retry-After "
        f"{headers[0]!r}. Then the test let the key expire in {seconds} seconds, and "
        f"the header was {headers[1]!r}. The docstring asks for the time until the key "
        "expires. Look at what you ask Redis for."
    )


def test_q4_the_limit_starts_again_when_the_key_has_expired(answers, redis):
    with client(codes_app(answers, redis.url)) as http:
        first = ask_often(http, 4)
        let_expire(redis, 1)
        while redis.client.dbsize():
            time.sleep(0.001)
        second = ask_often(http, 4)

    assert (first, second) == ([202] * 3 + [429],) * 2, (
        f"Four requests returned {first}. After the key had expired in Redis, four "
        f"more returned {second}. The docstring asks for three requests within 60 "
        "seconds. Look at what your code counts outside of Redis."
    )


def test_q4_further_requests_do_not_begin_a_new_minute(answers, redis):
    with client(codes_app(answers, redis.url)) as http:
        ask(http)
        let_expire(redis, 30_000)
        statuses = ask_often(http, 4)

    rest = [redis.client.ttl(key) for key in redis.client.scan_iter()]
    assert (statuses, [one <= 30 for one in rest]) == ([202, 202, 429, 429], [True]), (
        "30 seconds after the first request came four more. They returned "
        f"{statuses}, and the keys expire in {rest} seconds. The docstring asks that "
        "the 60 seconds begin with the first request. Look at when you set the expiry."
    )


@pytest.mark.parametrize("other", ["+47912345678", "+479123456", "+4691234567"])
def test_q4_each_number_has_its_own_key(answers, redis, other):
    with client(codes_app(answers, redis.url)) as http:
        first = ask_often(http, 4)
        second = ask_often(http, 4, other)

    keys = sorted(redis.client.scan_iter())
    assert (first, second, len(keys)) == (*[[202] * 3 + [429]] * 2, 2), (
        f"Four requests for +4791234567 returned {first}, and four for {other} "
        f"{second}. Redis had the keys {in_words(keys)}. The docstring asks for one "
        "key for each number. Look at the key."
    )


def test_q4_two_processes_count_together(answers, redis):
    sent = sent_codes(answers)
    with (
        client(codes_app(answers, redis.url)) as first,
        client(codes_app(answers, redis.url)) as second,
    ):
        statuses = [ask(http).status_code for http in (first, second) * 2]

    assert (statuses, len(sent)) == ([202] * 3 + [429], 3), (
        "Four requests went in turn to two applications with the same Redis. They "
        f"returned {statuses}, and {len(sent)} codes were sent. The docstring asks for "
        "a limit that is counted in Redis. Look at where your code counts."
    )


def test_q4_another_address_does_not_give_a_new_limit(answers, redis):
    body = {"number": "+4791234567"}
    statuses = [
        send(
            codes_app(answers, redis.url),
            "POST",
            "/codes",
            f"203.0.113.{last}",
            json=body,
        ).status_code
        for last in range(5)
    ]

    assert statuses == [202] * 3 + [429] * 2, (
        "Five requests for one number came from five client addresses. They returned "
        f"{statuses}. The docstring asks for one key for each number, so the fourth is "
        "refused, whoever sends it. Look at the key."
    )


def meeting(count: int) -> type[Connection]:
    """Return connections that hold their first response until `count` have one."""
    barrier = asyncio.Barrier(count)

    class Meeting(Connection):
        is_ready = False
        has_met = False

        async def on_connect_check_health(self, check_health: bool = True) -> None:
            await super().on_connect_check_health(check_health)
            self.is_ready = True

        async def read_response(self, *arguments: Any, **named: Any) -> Any:
            response = await super().read_response(*arguments, **named)
            if self.is_ready and not self.has_met:
                self.has_met = True
                # One connection may carry all requests, one after the other.
                with suppress(TimeoutError, asyncio.BrokenBarrierError):
                    await asyncio.wait_for(barrier.wait(), 1)
            return response

    return Meeting


async def test_q4_requests_at_the_same_time_are_counted(answers, redis):
    sent, connection = sent_codes(answers), meeting(8)
    one, two = (codes_app(answers, redis.url, connection) for _ in range(2))
    async with (
        async_client(one, lifespan=True) as first,
        async_client(two, lifespan=True) as second,
    ):
        pending = [
            http.post("/codes", json={"number": "+4791234567"})
            for http in (first, second) * 4
        ]
        got = await asyncio.gather(*pending, return_exceptions=True)

    failed = [one for one in got if isinstance(one, BaseException)]
    assert not failed, (
        f"`POST /codes` raised {in_words(failed[0])}. The docstring asks for 202 or "
        "429. Look at the line that the exception is about."
    )
    statuses = sorted(one.status_code for one in got)  # type: ignore[union-attr]
    assert (statuses, len(sent)) == ([202] * 3 + [429] * 5, 3), (
        "Eight requests for one number came to two processes at the same time. They "
        f"returned {statuses}, and {len(sent)} codes were sent. The docstring asks "
        "that they are counted: three codes. Look at what happens between the reading "
        "and the writing of the count."
    )


# Notes each key without an expiry. With the argument "expire", deletes all keys.
NOTE_KEYS = """
for _, key in ipairs(redis.call("KEYS", "*")) do
    if key ~= "noted" then
        if redis.call("PTTL", key) == -1 then redis.call("SADD", "noted", key) end
        if ARGV[1] == "expire" then redis.call("DEL", key) end
    end
end
"""


def between_commands(redis: RedisServer, note: str) -> type[Connection]:
    """Return connections that run `NOTE_KEYS` between all that Redis does in one step.

    A pipeline without a transaction is several steps, although it is sent together.
    """

    class Watched(Connection):
        async def read_response(self, *arguments: Any, **named: Any) -> Any:
            response = await super().read_response(*arguments, **named)
            redis.client.eval(NOTE_KEYS, 0, note)
            return response

        def pack_commands(self, commands: Any) -> list[bytes]:
            commands = list(commands)
            if commands[0][0] != "MULTI":
                hidden = [("CLIENT", "REPLY", "SKIP"), ("EVAL", NOTE_KEYS, 0, note)]
                commands = [one for it in commands for one in (it, *hidden)]
            packed: list[bytes] = super().pack_commands(commands)
            return packed

    return Watched


@pytest.mark.parametrize("note", ["watch", "expire"])
def test_q4_every_key_expires_at_every_moment(answers, redis, note):
    with client(codes_app(answers, redis.url, between_commands(redis, note))) as http:
        statuses = ask_often(http, 4)
    lasting = sorted(redis.client.smembers("noted"))
    rest = [redis.client.ttl(one) for one in redis.client.scan_iter() if one != "noted"]
    assert (lasting, [one for one in rest if one > 60]) == ([], []), (
        f"Four requests returned {statuses}. Between two commands, these keys in Redis "
        f"had no expiry: {in_words(lasting)}. At the end the keys expired in {rest} "
        "seconds. The docstring asks for 60 or less at every moment. Look at which "
        "commands Redis runs in one step."
    )


@contextmanager
def silent_server() -> Iterator[int]:
    """Yield a port that takes connections and never responds."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@contextmanager
def failing_server() -> Iterator[int]:
    """Yield a port at which each command gets an error, as if the memory were full."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def work() -> None:
            try:
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        while connection.recv(65_536):
                            connection.sendall(b"-OOM command not allowed\r\n" * 8)
            except OSError:
                return

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


@pytest.mark.parametrize("server", [silent_server, failing_server])
def test_q4_without_a_count_no_code_is_sent(answers, redis, server):
    sent = sent_codes(answers)
    with (
        server() as port,
        client(codes_app(answers, redis.url_at(port), patience=0.05)) as http,
    ):
        statuses = ask_often(http, 2)

    assert (statuses, sent) == ([503, 503], []), (
        f"With a Redis server that does not count ({server.__name__}), two requests "
        f"returned {statuses}, and the codes went to {sent}. The docstring asks for "
        "503 for each RedisError, and to send nothing. Look at what your code catches."
    )


def test_q4_a_redis_that_goes_away_is_a_503(answers, redis):
    sent = sent_codes(answers)
    with (
        wire(redis.port) as line,
        client(codes_app(answers, redis.url_at(line.port))) as it,
    ):
        statuses = ask_often(it, 1)
        line.cut()
        statuses += ask_often(it, 2)

    assert (statuses, len(sent)) == ([202, 503, 503], 1), (
        "The connection to Redis broke after the first request. The requests returned "
        f"{statuses}, and {len(sent)} codes were sent. The docstring asks for 503, "
        "and to send nothing. Look at what your code catches."
    )


@pytest.mark.parametrize("error", [ConnectionError, ValueError, RuntimeError])
def test_q4_an_error_of_send_code_is_not_a_503(answers, redis, error):
    async def fail(number: str) -> None:
        raise error("the SMS service is down")

    stand_in(answers.send_code, fail)
    with client(codes_app(answers, redis.url)) as http:
        got = outcome(lambda: http.post("/codes", json={"number": "+4791234567"}))

    assert isinstance(got, error), (
        f"`send_code` raised {error.__name__}. The request {returned_or_raised(got)}. "
        "The docstring asks for 503 only if Redis raises a RedisError. Look at what "
        "your code catches, and at whether you await `send_code`."
    )


NUMBERS = {
    "memory": "Each process stores a count in its own memory.",
    "redis": "Both processes use the same count.",
    "memory, restart": "One of the two counts is lost, the other one is kept.",
    "redis, restart": "The count is in Redis, which does not restart.",
    "redis, data lost": "After its restart, Redis has no keys.",
    "redis, other service": "No part of the key in Redis names the service.",
}


def prediction(answers, key: str) -> object:
    """Return one of the predictions."""
    predicted = attempt("`predictions()`", answers.predictions)
    try:
        return predicted[key]
    except (TypeError, LookupError):
        return "missing from your dict"


def assert_predicted(predicted: object, seen: int, key: str) -> None:
    """Fail unless the prediction is what the run has shown."""
    same = predicted == seen and not isinstance(predicted, bool)
    is_number = isinstance(predicted, int | float) and not isinstance(predicted, bool)
    assert same or is_number, (
        f'Your prediction for "{key}" is {in_words(predicted)}. The docstring asks for '
        "a number."
    )
    assert same, (
        f'Your prediction for "{key}" is {in_words(predicted)}. The run of '
        f"`search_app` in two processes had another result. {NUMBERS[key]} Notes: "
        "One limit for all processes."
    )


class Cluster(ExitStack):
    """Two processes that serve 5.6.5's application, and a load balancer."""

    def __init__(self, answers, storage: str) -> None:
        super().__init__()
        self._create = lambda: answers.search_app(storage)
        self._urls: list[str] = []

    def start(self, count: int) -> None:
        """Start as many processes, in the place of the first ones."""
        new = [self.enter_context(forked(self._run)) for _ in range(count)]
        self._urls = [self._url(one) for one in new] + self._urls[count:]

    def _run(self) -> None:
        uvicorn.run(self._create(), host="127.0.0.1", port=0, log_config=None)

    def _url(self, process: Forked) -> str:
        report = process.report()
        assert isinstance(report, Listening), f"A process has ended: {report}"
        return f"http://127.0.0.1:{report.addresses[0][1]}"

    def allowed(self) -> int:
        """Return how many of 40 requests return 200."""
        with httpx2.Client(trust_env=False, verify=False) as http:
            statuses = [
                http.get(f"{self._urls[number % 2]}/search").status_code
                for number in range(40)
            ]
        return statuses.count(200)


@pytest.mark.parametrize("key", NUMBERS)
def test_q5_a_prediction_is_what_the_run_shows(answers, redis, key):
    predicted = prediction(answers, key)
    storage, _, event = key.partition(", ")
    with Cluster(answers, "memory://" if storage == "memory" else redis.url) as one:
        one.start(2)
        seen = one.allowed()
        if event == "data lost":
            redis.client.flushdb()
        elif event:
            one.start({"restart": 1, "other service": 2}[event])
        if event:
            seen = one.allowed()

    assert_predicted(predicted, seen, key)


class Counts:
    """5.6.6's `count`: the calls, and the windows that it returns."""

    def __init__(self, answers) -> None:
        self.calls: list[str] = []
        self.windows: dict[str, tuple[int, float]] = {}
        self._window = answers.Window

    async def __call__(self, address: str) -> Any:
        """Note the call, and return the window of the address."""
        self.calls.append(address)
        return self._window(*self.windows.get(address, (1, 60.0)))


def slots_app(answers, count: Any, blocked: dict[str, float] | None = None) -> FastAPI:
    """Return an application of 5.6.6."""
    blocked = {} if blocked is None else blocked
    app = answers.slots_app(count, blocked)
    return fastapi_app(app, "slots_app(count, blocked)")


def at(answers, moment: float) -> None:
    """Set the clock of 5.6.6."""
    stand_in(answers.now, lambda: moment)


def slots(app: FastAPI, address: str = HOME) -> tuple[int, str | None]:
    """Return the status code and the Retry-After of a request for the slots."""
    response = send(app, "GET", "/slots", address)
    return response.status_code, response.headers.get("Retry-After")


def slots_statuses(app: FastAPI, count: int) -> Any:
    """Return the status codes of some requests for the slots, or what they raised."""
    with client(app) as http:
        return outcome(lambda: [http.get("/slots").status_code for _ in range(count)])


@pytest.mark.parametrize(
    ("requests", "expected"),
    [(1, (200, None)), (20, (200, None)), (21, (429, "40")), (500, (429, "40"))],
    ids=["1", "20", "21", "500"],
)
def test_q6_more_than_limit_requests_are_refused(answers, requests, expected):
    count = Counts(answers)
    count.windows[HOME] = (requests, 39.5)

    seen = slots(slots_app(answers, count))
    assert (seen, count.calls) == (expected, [HOME]), (
        f"`count` returned a window with {requests} requests and 39.5 seconds left. "
        f"The response was {seen}, and `count` was called with {count.calls}. The "
        f"docstring asks for {expected}, after one call. Look at what you compare with "
        "`LIMIT`."
    )


@pytest.mark.parametrize("other", ["203.0.113.70", "2001:db8::7"])
def test_q6_each_address_is_counted_and_refused_alone(answers, other):
    count = Counts(answers)
    count.windows = {HOME: (21, 30.0), other: (2, 30.0)}
    app = slots_app(answers, count)

    seen = [slots(app, address)[0] for address in (HOME, other, HOME, other)]
    assert (seen, count.calls) == ([429, 200, 429, 200], [HOME, other, other]), (
        f"{HOME} was over the limit, and {other} was not. Four requests in turn "
        f"returned {seen}, and `count` was called with {count.calls}. The docstring "
        "asks to refuse only the first one, and not to count it again. Look at the "
        "key, and at what you store."
    )


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X_FORWARDED_FOR", "X-Real-IP"])
def test_q6_a_header_is_not_the_client_address(answers, name):
    count = Counts(answers)
    count.windows[HOME] = (21, 30.0)
    app = slots_app(answers, count)

    seen = [
        send(app, "GET", "/slots", headers={name: f"198.51.100.{last}"}).status_code
        for last in range(2)
    ]
    assert (seen, count.calls) == ([429, 429], [HOME]), (
        f"The client {HOME} was over the limit. It sent two requests, with another "
        f"value in the header {name} each time. They returned {seen}, and `count` was "
        f"called with {count.calls}. The docstring asks for 429 and one call with the "
        "client address. Look at the key."
    )


def test_q6_a_flood_does_not_reach_redis(answers, redis):
    asked: list[str] = []

    async def count(address: str) -> Any:
        asked.append(address)
        requests = redis.client.incr(address)
        redis.client.expire(address, 60, nx=True)
        return answers.Window(requests, redis.client.pttl(address) / 1000)

    app = slots_app(answers, count)
    statuses = [slots(app)[0] for _ in range(120)]
    seen = (statuses.count(200), statuses.count(429), len(asked))
    assert seen == (20, 100, 21), (
        f"A client sent 120 requests. {seen[0]} returned 200 and {seen[1]} returned "
        f"429, and Redis was asked {seen[2]} times. The docstring asks for 20, 100 and "
        "21: the first refusal needs a count, the others do not. Look at what you do "
        "first, and at what you store."
    )


def test_q6_a_refused_address_is_stored_until_its_window_ends(answers):
    count, blocked = Counts(answers), {}
    count.windows[HOME] = (21, 30.0)
    app = slots_app(answers, count, blocked)

    at(answers, 1000.0)
    slots(app)
    stored = dict(blocked)
    seen = []
    for moment in (1010.0, 1029.5, 1030.0):
        at(answers, moment)
        count.windows[HOME] = (1, 60.0)
        seen.append((*slots(app), len(count.calls)))
    assert stored == {HOME: 1030.0}, (
        "At 1000, an address was refused with 30 seconds left. Then `blocked` was "
        f"{in_words(stored)}. The docstring asks to store until when it is refused, "
        "on the clock `now()`. Look at the time that you store."
    )
    assert seen == [(429, "20", 1), (429, "1", 1), (200, None, 2)], (
        "At 1000, an address was refused until 1030. At 1010, 1029.5 and 1030 the "
        f"status, Retry-After and number of counts were {seen}. The docstring asks for "
        "429 without a count before this time, and then for a count. Look at the time "
        "that you compare."
    )


def test_q6_an_address_in_blocked_is_refused(answers):
    count, blocked = Counts(answers), {HOME: 1500.0}
    first, second = slots_app(answers, count, blocked), slots_app(answers, count)

    at(answers, 1490.0)
    seen = [slots(first), slots(second), len(count.calls)]
    assert seen == [(429, "10"), (200, None), 1], (
        "Only the first of two applications got a `blocked` with the address. They "
        f"returned {seen[0]} and {seen[1]}, and `count` was called {seen[2]} times. "
        "The docstring asks for 429 with the rest of the time, without a call. Look at "
        "which dict you read."
    )


def test_q6_addresses_whose_time_is_over_are_deleted(answers):
    count = Counts(answers)
    count.windows[HOME] = (21, 30.0)
    kept = {"198.51.100.1": 1000.5, "198.51.100.2": 2000.0}
    blocked = {"192.0.2.1": 999.0, "192.0.2.2": 1000.0, "192.0.2.3": 3.0, **kept}

    at(answers, 1000.0)
    status = slots(slots_app(answers, count, blocked))[0]
    assert (status, blocked) == (429, {**kept, HOME: 1030.0}), (
        f"At 1000, a new address was refused with {status}. `blocked` had five others: "
        "until 999, 1000, 3, 1000.5 and 2000. Then it was "
        f"{in_words(sorted(blocked.values()))}. The docstring asks to delete those "
        "whose time is over, and no others. Look at what you do before you store."
    )


def test_q6_an_allowed_address_is_not_stored(answers):
    count, blocked = Counts(answers), {"198.51.100.1": 2000.0}
    app = slots_app(answers, count, blocked)

    at(answers, 1000.0)
    count.windows[HOME] = (20, 30.0)
    statuses = [slots(app)[0] for _ in range(3)]
    seen = (statuses, len(count.calls), blocked)
    assert seen == ([200] * 3, 3, {"198.51.100.1": 2000.0}), (
        f"Three requests within the limit returned {statuses}, after {seen[1]} calls "
        f"of `count`. Then `blocked` was {in_words(blocked)}. The docstring asks to "
        "count each one, and to store only refused addresses. Look at your `if`."
    )


def test_q6_a_slow_count_allows_the_request(answers):
    steps, blocked = [], {}

    async def count(address: str) -> Any:
        await asyncio.sleep(0.5)
        steps.append("counted")
        return answers.Window(21, 30.0)

    app = slots_app(answers, count, blocked)
    got = slots_statuses(app, 1)
    assert (got, steps, blocked) == ([200], [], {}), (
        f"`count` took much longer than `PATIENCE`. The request "
        f"{returned_or_raised(got)}. It waited for the count: {steps != []}. "
        f"`blocked` was "
        f"{in_words(blocked)}. The docstring asks to allow the request after "
        "`PATIENCE` seconds. Look at how long you wait, and at what you do then."
    )


@pytest.mark.parametrize(
    "error",
    [
        redis_py.exceptions.ConnectionError,
        redis_py.exceptions.TimeoutError,
        redis_py.exceptions.ResponseError,
        redis_py.exceptions.RedisError,
        TimeoutError,
    ],
    ids=lambda one: f"{one.__module__.partition('.')[0]}-{one.__name__}",
)
def test_q6_a_redis_error_allows_the_request(answers, error):
    calls, blocked = [], {}

    async def count(address: str) -> Any:
        calls.append(address)
        raise error("Redis is down")

    app = slots_app(answers, count, blocked)
    got = slots_statuses(app, 2)
    assert (got, len(calls), blocked) == ([200, 200], 2, {}), (
        f"`count` raised {error.__name__} for two requests. They "
        f"{returned_or_raised(got)}, and `blocked` was {in_words(blocked)}. The "
        "docstring asks to allow the request, and to count the next one again. Look at "
        "your `except`."
    )


def test_q6_a_blocked_address_stays_refused_without_redis(answers):
    async def count(address: str) -> Any:
        raise redis_py.exceptions.ConnectionError("Redis is down")

    app = slots_app(answers, count, {HOME: 1500.0})
    at(answers, 1000.0)
    seen = [slots(app)[0], slots(app, "198.51.100.9")[0]]
    assert seen == [429, 200], (
        "While Redis was down, a request from a blocked address and one from another "
        f"address returned {seen}. The docstring asks for 429 before the time in "
        "`blocked`, and else for 200. Look at the order of your steps."
    )


@pytest.mark.parametrize("error", [RuntimeError, KeyError, ValueError, OSError])
def test_q6_another_error_of_count_is_not_caught(answers, error):
    async def count(address: str) -> Any:
        raise error("a mistake in count")

    app = slots_app(answers, count)
    with client(app) as http:
        got = outcome(lambda: http.get("/slots"))
    assert isinstance(got, error), (
        f"`count` raised {error.__name__}. The request {returned_or_raised(got)}. The "
        "docstring asks not to catch other exceptions. Look at your `except`."
    )


async def test_q6_a_request_that_is_cancelled_stays_cancelled(answers):
    async def count(address: str) -> Any:
        request.cancel()
        await asyncio.sleep(0)
        return answers.Window(1, 60.0)

    async with async_client(slots_app(answers, count)) as http:
        request = asyncio.create_task(http.get("/slots"))
        [got] = await asyncio.gather(request, return_exceptions=True)
    assert isinstance(got, asyncio.CancelledError), (
        "The task of a request was cancelled while it waited for `count`. The request "
        f"{returned_or_raised(got)}. The docstring asks not to catch other exceptions, "
        "and a CancelledError is one. Look at your `except`."
    )
