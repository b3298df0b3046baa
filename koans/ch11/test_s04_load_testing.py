"""The tests of section 11.4."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import FastAPI, Header, HTTPException, Request, Response

from lab import (
    LoadGenerator,
    LoadTest,
    Reported,
    attempt,
    in_words,
    json_or_text,
    serve,
    stand_in,
)

# Locust starts in a process of its own.
pytestmark = pytest.mark.timeout(60)

API, TIMEOUT = "http://rental.example:8080", 30.0
LOGIN = {"Authorization": "Bearer 5f1c"}


async def turns(most: int, until: Callable[[], bool] = lambda: False) -> None:
    """Wait for so many turns of the event loop, or until something is true."""
    for _ in range(most):
        if until():
            return
        await asyncio.sleep(0)


class Network(httpx2.AsyncBaseTransport):
    """Passes requests on to an application, and loses the first ones of them."""

    def __init__(self, app: FastAPI, lost: Sequence[Exception] = ()) -> None:
        self.requests: list[httpx2.Request] = []
        self._server = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        self._lost = iter(lost)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Return the response of the application, or raise an error."""
        self.requests.append(request)
        for error in self._lost:
            raise error
        await turns(20)
        return await self._server.handle_async_request(request)


async def counted(answers: Any, network: Network, bike: int, riders: int) -> Any:
    """Return what the load test returns."""
    call = f"`status_codes(client, {bike}, {riders})`"
    async with httpx2.AsyncClient(
        transport=network, base_url=API, headers=LOGIN, timeout=TIMEOUT
    ) as client:
        try:
            seen = await answers.status_codes(client, bike, riders)
        except NotImplementedError:
            raise
        except Exception as error:
            raise AssertionError(
                f"{call} raised {in_words(error)}. The docstring asks to count a "
                "request without a response under 0, and all others under their status "
                "code. Look at where you catch the exception."
            ) from error
    is_counter = isinstance(seen, dict) and all(isinstance(one, int) for one in seen)
    assert is_counter, (
        f"{call} returned {in_words(seen)}. The docstring asks for a `Counter` of "
        "status codes, which are integers."
    )
    return seen


def given_app(answers: Any, riders: int) -> FastAPI:
    """Return the given API. It saves a ride when the requests of all riders are there.

    If they do not come, it saves the ride nevertheless.
    """
    there: list[int] = []

    async def save_ride(bike: int) -> None:
        there.append(bike)
        await turns(300, until=lambda: len(there) >= riders)

    stand_in(answers.save_ride, save_ride)
    app: FastAPI = answers.create_app()
    return app


@pytest.mark.parametrize("riders", [2, 25, 150])
async def test_q1_the_load_test_shows_that_a_bike_is_rented_twice(
    answers: Any, riders: int
) -> None:
    network = Network(given_app(answers, riders))
    seen = await counted(answers, network, 41, riders)
    assert Counter(seen) == Counter({201: riders}), (
        f"If {riders} riders rent the same bike at the same time, all get 201. "
        f"`client` sent {len(network.requests)} requests, and you count "
        f"{in_words(seen)}. The docstring asks to send {riders} with `client`, all at "
        "the same time. Look for an `await`, a limit or a timeout between them."
    )


def scripted(statuses: list[int]) -> FastAPI:
    """Return an API that returns these status codes, one after the other."""
    app = FastAPI()
    rest = iter(statuses)

    @app.post("/bikes/{bike}/rides")
    async def start_ride(bike: int, response: Response) -> dict[str, int]:
        response.status_code = next(rest)
        if response.status_code == 302:
            response.headers["Location"] = "/login"
        return {"bike": bike}

    return app


@pytest.mark.parametrize(
    "statuses",
    [
        [201],
        [409, 409],
        [201, 409, 409, 201, 409, 500, 404, 503, 201, 302, 429],
        [500, 503, 500, 201],
    ],
    ids=["one", "no success", "many", "a failure first"],
)
async def test_q1_each_status_code_is_counted(
    answers: Any, statuses: list[int]
) -> None:
    network = Network(scripted(statuses))
    seen = await counted(answers, network, 8, len(statuses))
    assert Counter(seen) == Counter(statuses), (
        f"The API returned the status codes {in_words(statuses)}. Your load test "
        f"counts {in_words(seen)}. The docstring asks how many responses have each "
        "status code. Look at which responses you count."
    )


async def test_q1_a_response_within_the_timeout_of_the_client_is_counted(
    answers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, app = asyncio.get_running_loop(), FastAPI()
    usual, slow = loop.time, TIMEOUT - 5
    ahead: list[float] = []
    monkeypatch.setattr(loop, "time", lambda: usual() + sum(ahead))

    @app.post("/bikes/{bike}/rides", status_code=201)
    async def start_ride(bike: int) -> dict[str, int]:
        await turns(20)
        if not ahead:
            ahead.append(slow)  # the clock of the event loop jumps
        await turns(20)
        return {"bike": bike}

    seen = await counted(answers, Network(app), 8, 3)
    assert Counter(seen) == Counter({201: 3}), (
        f"The three responses came after {slow:g} seconds, with status 201. Your load "
        f"test counts {in_words(seen)}. The docstring asks for `client`, whose timeout "
        f"is {TIMEOUT:g} seconds. Look for a timeout of your own."
    )


LOST = {
    "refused": httpx2.ConnectError("connection refused"),
    "no response in time": httpx2.ReadTimeout("timed out"),
    "cut": httpx2.RemoteProtocolError("the server disconnected"),
    "no free connection": httpx2.PoolTimeout("no connection"),
    "broken": httpx2.ReadError("broken"),
}


@pytest.mark.parametrize("why", LOST)
async def test_q1_a_request_without_a_response_counts_under_0(
    answers: Any, why: str
) -> None:
    for lost, statuses in ((1, [201, 409, 503]), (2, [409]), (3, [])):
        network = Network(scripted(statuses), [LOST[why]] * lost)
        seen = await counted(answers, network, 8, lost + len(statuses))
        asked = Counter({0: lost}) + Counter(statuses)
        assert Counter(seen) == asked, (
            f"Of {lost + len(statuses)} requests, {lost} raised "
            f"{type(LOST[why]).__name__}, and the others returned {statuses}. Your "
            f"load test counts {in_words(seen)}. The docstring asks for "
            f"{in_words(asked)}. Look at where you catch the exception."
        )


@pytest.mark.parametrize(("bike", "riders"), [(41, 3), (7, 1)])
async def test_q1_each_rider_sends_one_request_for_the_bike(
    answers: Any, bike: int, riders: int
) -> None:
    network = Network(scripted([201] * (riders + 5)))
    await counted(answers, network, bike, riders)
    sent = Counter(f"{one.method} {one.url}" for one in network.requests)
    asked = Counter({f"POST {API}/bikes/{bike}/rides": riders})
    assert sent == asked, (
        f"For bike {bike} and {riders} riders, `client` sent {in_words(dict(sent))}. "
        f"The docstring asks for {in_words(dict(asked))}. Look at the URL, and at the "
        "number of requests."
    )
    timeouts = [
        one.extensions.get("timeout", {}).get("read") for one in network.requests
    ]
    assert timeouts == [TIMEOUT] * riders, (
        f"The requests have the timeouts {timeouts}. The docstring asks to use "
        f"`client`, whose timeout is {TIMEOUT:g} seconds. Look at the arguments of "
        "`post`."
    )
    logins = [one.headers.get("Authorization") for one in network.requests]
    assert logins == [LOGIN["Authorization"]] * riders, (
        f"The requests have the `Authorization` {in_words(logins)}. The docstring asks "
        "to use `client`, which is logged in. Look at the headers that you send."
    )


USERS, TASKS = 3, 16
REASONS = {
    "The lock does not open.": 200,
    "The battery is empty.": 200,
    "Bike 7 is rented.": 409,
    "The bike has a flat tire.": 503,
}
REFUSED = [
    (503, {"detail": "The database is busy."}),
    (429, {"detail": "Too many requests."}),
]


@dataclass
class Rental:
    """The API that Locust sends requests to, and what it received."""

    received: list[tuple[str, str, str]] = field(default_factory=list)
    bodies: list[tuple[str, Any]] = field(default_factory=list)
    rides: list[dict[str, Any]] = field(default_factory=list)

    async def note(self, request: Request) -> None:
        """Keep what a request is: the method, the path and the token."""
        path = request.url.path
        login = request.headers.get("Authorization", "")
        self.received.append((request.method, path, login))
        self.bodies.append((path, await request.body()))

    def app(self) -> FastAPI:
        """Return the API."""
        app = FastAPI()

        @app.post("/login")
        async def log_in(request: Request) -> dict[str, str]:
            await self.note(request)
            logins = [one for one in self.received if one[1] == "/login"]
            return {"token": f"token-{len(logins)}"}

        @app.post("/rides")
        async def start_ride(request: Request, response: Response) -> Any:
            await self.note(request)
            number = len(self.rides)
            turns = [(status, {"error": reason}) for reason, status in REASONS.items()]
            turns += [(200, {"ride": 12 + number, "message": "No error."})]
            turns += [(201, {"ride": 12}), (202, {"place": 3}), *REFUSED]
            response.status_code, body = turns[number % len(turns)]
            self.rides.append(body)
            return body

        @app.get("/{rest:path}")
        async def read(
            request: Request, authorization: Annotated[str, Header()] = ""
        ) -> dict[str, str]:
            await self.note(request)
            if not authorization:
                raise HTTPException(401, "Log in first.")
            return {"station": request.url.path}

        return app


@dataclass(frozen=True)
class Seen:
    """A load test from both sides."""

    locust: LoadTest
    api: Rental

    def of(self, method: str, start: str) -> list[Reported]:
        """Return what Locust reports of requests to paths that start like this."""
        return [
            one
            for one in self.locust.requests
            if one.method == method and one.path.startswith(start)
        ]


_SEEN: dict[str, Seen | AssertionError] = {}


def load_test(answers: Any, locust: LoadGenerator) -> Seen:
    """Return what came of the answer's locustfile, which is run once for all tests."""
    path = attempt("`locustfile_path()`", answers.locustfile_path)
    text = path.read_text(encoding="utf-8")
    if text not in _SEEN:
        api = Rental()
        with serve(api.app()) as server:
            try:
                done = locust.run(path, server.url, users=USERS, tasks=TASKS)
                _SEEN[text] = Seen(done, api)
            except AssertionError as error:
                _SEEN[text] = error
    seen = _SEEN[text]
    if isinstance(seen, AssertionError):
        raise seen
    assert not seen.locust.errors, (
        f"In Locust, a user raised {seen.locust.errors[0][:100].rstrip('.')}. The "
        "docstring asks for users that log in, and run their tasks without an "
        "exception. Look at `locustfile.py`."
    )
    return seen


def test_q2_each_user_logs_in_once(answers: Any, locust: LoadGenerator) -> None:
    api = load_test(answers, locust).api
    logins = [
        place for place, one in enumerate(api.received) if one[:2] == ("POST", "/login")
    ]
    assert len(logins) == USERS, (
        f"{USERS} users, who each ran {TASKS} tasks, sent `POST /login` {len(logins)} "
        f"times. The docstring asks for {USERS} times: once for each user. Look at "
        "`on_start`."
    )
    bodies = [body for path, body in api.bodies if path == "/login"]
    assert not any(bodies), (
        f"`POST /login` had the bodies {in_words(bodies)}. The docstring asks for no "
        "body. Look at the arguments of `post`."
    )


def test_q2_each_user_sends_its_own_token(answers: Any, locust: LoadGenerator) -> None:
    api = load_test(answers, locust).api
    sent = Counter(login for _, path, login in api.received if path != "/login")
    asked = {f"Bearer token-{one}" for one in range(1, USERS + 1)}
    # The users run the same tasks, so they send the same number of requests.
    assert set(sent) == asked and len(set(sent.values())) == 1, (  # noqa: PT018
        f"{USERS} users ran {TASKS} tasks each. By `Authorization`, their requests "
        f"after the login are {in_words(dict(sent))}. The docstring asks for "
        "`Bearer` and the token of this user in each request. Look at the headers of "
        "the user's client."
    )


def test_q2_stations_have_three_times_the_weight(
    answers: Any, locust: LoadGenerator
) -> None:
    api = load_test(answers, locust).api
    sent = Counter(
        f"{method} {path if path == '/rides' else path.rpartition('/')[0] + '/{id}'}"
        for method, path, _ in api.received
        if path != "/login"
    )
    total = USERS * TASKS
    asked = {"GET /stations/{id}": total * 3 // 4, "POST /rides": total // 4}
    assert sent == asked, (
        f"{total} tasks sent the requests {in_words(dict(sent))}. The docstring asks "
        f"for {in_words(asked)}: one request in each task, and three times the weight "
        "for stations. Look at the weights, and at what each task sends."
    )


def test_q2_the_station_is_a_random_one(answers: Any, locust: LoadGenerator) -> None:
    api = load_test(answers, locust).api
    ids = Counter(
        path.removeprefix("/stations/")
        for method, path, _ in api.received
        if method == "GET"
    )
    known = {str(number) for number in range(1, 21)}
    assert len(ids) > 10 and set(ids) <= known, (  # noqa: PT018
        f"The users requested the stations {in_words(dict(ids))} (id: number of "
        "requests). The docstring asks for a random station each time. Look at when "
        "`random_station` is called."
    )


def test_q2_a_ride_is_started_with_bike_7(answers: Any, locust: LoadGenerator) -> None:
    api = load_test(answers, locust).api
    bodies = {body for path, body in api.bodies if path == "/rides"}
    values = [json_or_text(httpx2.Response(200, content=body)) for body in bodies]
    assert values == [{"bike": 7}], (
        f"`POST /rides` had the bodies {in_words(bodies)}. The docstring asks for the "
        'JSON `{"bike": 7}`. Look at the arguments of `post`.'
    )


def test_q2_a_user_waits_between_1_and_3_seconds(
    answers: Any, locust: LoadGenerator
) -> None:
    by_user = load_test(answers, locust).locust.waits
    assert [len(waits) for waits in by_user] == [TASKS] * USERS, (
        f"{USERS} users ran {TASKS} tasks each, and waited "
        f"{[len(waits) for waits in by_user]} times. The docstring asks for one wait "
        "after each task. Look for other waits, and for exceptions, in the tasks."
    )
    waits = sorted(wait for waits in by_user for wait in waits)
    assert 1 <= waits[0] < 1.5 and 2.5 < waits[-1] <= 3, (  # noqa: PT018
        f"After {len(waits)} tasks, users wait from {waits[0]:.1f} to {waits[-1]:.1f} "
        "s. The docstring asks for a random time between 1 and 3 seconds. Look at "
        "`wait_time`."
    )
    assert all(len(set(waits)) > 1 for waits in by_user), (
        "Users wait for different times, but each of them always for the same time. "
        "The docstring asks for a new random time after each task. Look at when you "
        "choose the time."
    )


def test_q2_all_stations_have_one_name(answers: Any, locust: LoadGenerator) -> None:
    names = Counter(one.name for one in load_test(answers, locust).of("GET", "/"))
    assert list(names) == ["/stations/[id]"], (
        f"In Locust's statistics, the requests for stations have the names "
        f"{in_words(dict(names))}. The docstring asks for `/stations/[id]`. Look at "
        "the arguments of `get`."
    )
    others = Counter(one.name for one in load_test(answers, locust).of("POST", "/"))
    assert "/stations/[id]" not in others, (
        f"In Locust's statistics, the requests with POST have the names "
        f"{in_words(dict(others))}. The docstring asks for `/stations/[id]` for "
        "stations only. Look at what sets the name, and for which requests."
    )


def test_q2_a_ride_with_an_error_is_a_failure(
    answers: Any, locust: LoadGenerator
) -> None:
    seen = load_test(answers, locust)
    reported = Counter(one.failure for one in seen.of("POST", "/rides"))
    for reason, status in REASONS.items():
        times = sum(body.get("error") == reason for body in seen.api.rides)
        assert times and reported[reason] == times, (  # noqa: PT018
            f"`POST /rides` returned {status} with the error {reason!r} {times} times. "
            f"Locust reports {in_words(dict(reported))}. The docstring asks for a "
            "failure with this message each time. Look at each call of `failure`."
        )


def test_q2_other_responses_count_as_usual(answers: Any, locust: LoadGenerator) -> None:
    seen = load_test(answers, locust)
    rides = seen.of("POST", "/rides")
    usual = [body for body in seen.api.rides if "error" not in body]
    failed = sum("detail" in body for body in usual)
    good = len(usual) - failed
    reported = sum(one.failure is None for one in rides)
    assert good and reported == good, (  # noqa: PT018
        f"Of the responses without an `error`, {good} had status 200, 201 or 202, and "
        f"{failed} had 429 or 503. Locust reports {reported} successes. The docstring "
        "asks that a status below 400 is a success, and all others are failures. Look "
        "at each way out of the `with` block."
    )
    assert len(rides) == len(seen.api.rides), (
        f"`POST /rides` returned {len(seen.api.rides)} responses. Locust reports "
        f"{len(rides)}. The docstring asks to count all. Look at the exceptions."
    )
    lost = [one.failure for one in seen.of("GET", "/") if one.failure]
    assert not lost, (
        f"`GET /stations/...` failed with {in_words(lost[0])}. The docstring asks for "
        "the token in each request. Look at the headers."
    )


STATION, RIDES = "GET /stations/[id]", "POST /rides"
# (status, milliseconds) of the requests to each endpoint, not sorted.
RUNS: dict[str, dict[str, list[tuple[int, float]]]] = {
    "one request": {STATION: [(200, 12.5)], RIDES: [(503, 900.0), (201, 20.0)]},
    "one failed request": {STATION: [(0, 5000.0)], RIDES: [(201, 20.0)] * 3},
    "two requests": {STATION: [(200, 7.0), (404, 9.0)], RIDES: [(0, 1.0)]},
    "19 requests": {
        STATION: [(200, float(one)) for one in range(19, 0, -1)],
        RIDES: [(400, 30.0), (399, 31.0), (302, 32.0)],
    },
    "20 requests": {
        STATION: [(200, float(one * 7 % 20)) for one in range(20)],
        RIDES: [(500, 30.0), (499, 31.0), (201, 32.0), (100, 33.0)],
    },
    "21 requests": {
        STATION: [(200, float(one * 8 % 21)) for one in range(21)],
        "GET /stations": [(500, 999.0)] * 4,
        "GET /stations/[id]/": [(404, 0.25)] * 5,
        "get /stations/[id]": [(500, 999.0)] * 2,
        "GET /stations/[id]/bikes": [(500, 0.5)] * 3,
        "POST /stations/[id]": [(429, 77.0)] * 3,
    },
    "100 requests": {
        STATION: [(0 if one % 10 else 200, one * 37 % 100 / 8) for one in range(100)],
        RIDES: [(201, 50.0)] * 95 + [(500, 3000.0)] * 5,
    },
    "101 requests": {
        STATION: [(200, 40.0)] * 95 + [(504, 30_000.0 + one) for one in range(6)],
        RIDES: [(503, 1.0)] * 30 + [(201, 250.0)] * 71,
    },
}
CASES = [(run, endpoint) for run, endpoints in RUNS.items() for endpoint in endpoints]


def samples_of(answers: Any, run: str) -> tuple[Any, ...]:
    """Return the samples of a run; those of different endpoints take turns."""
    rows = [
        (place / len(own), endpoint, status, milliseconds)
        for endpoint, own in RUNS[run].items()
        for place, (status, milliseconds) in enumerate(own)
    ]
    rows.sort(key=lambda row: row[0])
    return tuple(answers.Sample(*row[1:]) for row in rows)


def kpis(answers: Any, run: str, endpoint: str, seconds: float) -> Any:
    """Return the KPIs of an endpoint in a run."""
    what = f"`kpis(samples, {endpoint!r}, {seconds:g})`"
    samples = samples_of(answers, run)
    seen = attempt(what, answers.kpis, samples, endpoint, seconds)
    assert isinstance(seen, answers.Kpis), (
        f"{what} returned {in_words(seen)}. The docstring asks for a `Kpis`. Look at "
        "the `return`."
    )
    return seen


@pytest.mark.parametrize(("run", "endpoint"), CASES)
def test_q3_throughput_is_the_requests_per_second(
    answers: Any, run: str, endpoint: str
) -> None:
    seconds = (10, 0.5, 3600.0)[CASES.index((run, endpoint)) % 3]
    seen = kpis(answers, run, endpoint, seconds).throughput
    count = len(RUNS[run][endpoint])
    assert seen == pytest.approx(count / seconds), (
        f"Requests to {endpoint!r} in {seconds:g} seconds: {count}. `throughput` is "
        f"{in_words(seen)}. The docstring asks for the requests to this endpoint per "
        "second. Look at which requests you count, and at the division."
    )


@pytest.mark.parametrize(("run", "endpoint"), CASES)
def test_q3_error_rate_is_the_fraction_that_failed(
    answers: Any, run: str, endpoint: str
) -> None:
    seen = kpis(answers, run, endpoint, 10).error_rate
    statuses = Counter(status for status, _ in RUNS[run][endpoint])
    failed = sum(statuses[one] for one in statuses if one == 0 or one >= 400)
    assert seen == pytest.approx(failed / statuses.total()), (
        f"{endpoint!r} returned {in_words(dict(statuses))} (status: number). The error "
        f"rate is {in_words(seen)}. The docstring asks for the fraction with status 0, "
        "or 400 and above. Look at the condition, and at the division."
    )


@pytest.mark.parametrize(("run", "endpoint"), CASES)
def test_q3_p95_is_the_nearest_rank(answers: Any, run: str, endpoint: str) -> None:
    seen = kpis(answers, run, endpoint, 10).p95
    durations = sorted(milliseconds for _, milliseconds in RUNS[run][endpoint])
    asked = durations[(95 * len(durations) + 99) // 100 - 1]
    within = sum(one <= asked for one in durations)
    assert seen == asked, (
        f"Requests to {endpoint!r}: {len(durations)}. The slowest took "
        f"{durations[:-8:-1]} ms. `p95` is {in_words(seen)}. The docstring asks for "
        f"{asked:g}: {within} of {len(durations)} took this long or less. Look at "
        "which requests you sort, and at the index."
    )
