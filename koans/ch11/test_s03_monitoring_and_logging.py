"""The tests of section 11.3."""

import asyncio
import io
import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextvars import Context
from functools import partial
from typing import Any

import httpx
import httpx2
import pytest
import structlog
from fastapi import Depends, FastAPI, HTTPException, Request
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.util._once import Once
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from lab import (
    Rendezvous,
    async_client,
    attempt,
    client,
    fastapi_app,
    in_words,
    json_or_text,
    outcome,
    returned_or_raised,
    stand_in,
)


@pytest.fixture(autouse=True)
def nothing_global_stays(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Remove what an answer has set for the whole process."""
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER_SET_ONCE", Once())
    before = set(REGISTRY._collector_to_names)
    yield
    for added in set(REGISTRY._collector_to_names) - before:
        REGISTRY.unregister(added)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


async def send(http: httpx2.AsyncClient, method: str, path: str, **headers: str) -> str:
    """Send a request, check that it returned 200 or 503, and return the text."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        response = await http.request(method, path, headers=named)
    except NotImplementedError:
        raise
    except Exception as error:
        raise AssertionError(
            f"`{method} {path}` returned no response: the application raised "
            f"{in_words(error)}. Look at the code that runs for each request."
        ) from error
    assert response.status_code in (200, 503), (
        f"`{method} {path}` returned {response.status_code} and "
        f"{in_words(response.text)}. The status codes are to stay the same. Look at "
        "the code that runs for each request."
    )
    return response.text


class Broken(Exception):
    """An exception that no endpoint handles. It is no response."""

    status_code = 404


def bikes_app(answers: Any) -> FastAPI:
    """Return an application with endpoints that `monitor` measures."""
    app = FastAPI()

    @app.middleware("http")
    async def refuse_guests(request: Request, call_next: Any) -> Any:
        if request.url.path == "/guests":
            raise HTTPException(403)
        return await call_next(request)

    attempt("`monitor`", answers.monitor, app, CollectorRegistry())

    @app.get("/bikes/{number}")
    async def read_bike(number: int) -> int:
        if number >= 400:
            raise HTTPException(number)
        return number

    @app.post("/stations/{station}/docks/{dock}", status_code=201)
    def add_dock(station: str, dock: int) -> str:
        return f"{station} {dock}"

    def refuse() -> None:
        raise Broken("in a dependency")

    @app.get("/repairs/{number}")
    async def read_repair(number: int) -> None:
        app.state.error = Broken(f"repair {number}")
        raise app.state.error

    @app.delete("/repairs/{number}", dependencies=[Depends(refuse)])
    def delete_repair(number: int) -> None:
        """Return nothing."""

    return app


def metrics_of(http: httpx2.Client) -> dict[str, dict[tuple[str, ...], float]]:
    """Return the samples of `/metrics`, by name and values of the labels."""
    response = attempt("`GET /metrics`", http.get, "/metrics")
    text, status = response.text, response.status_code
    assert status == 200, (
        f"`GET /metrics` returned {status} and {in_words(text)}. The docstring asks "
        "for the metrics. Look at what your code does with this request."
    )
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in attempt(
        "Reading `/metrics`", lambda: list(text_string_to_metric_families(text))
    ):
        for name, labels, value, *_ in family.samples:
            if labels.get("route") != "/metrics" and "le" not in labels:
                values = tuple(labels[one] for one in sorted(labels))
                found.setdefault(name, {})[values] = value
    return found


def measured(
    app: FastAPI, *requests: tuple[str, str]
) -> dict[str, dict[tuple[str, ...], float]]:
    """Return the metrics of `app` after these requests."""
    with client(app, raises=False) as http:
        for method, path in requests:
            http.request(method, path)
        return metrics_of(http)


def joined(samples: Mapping[tuple[str, ...], float]) -> dict[str, int]:
    """Return the samples with the values of their labels in one text."""
    return {" ".join(labels): int(value) for labels, value in samples.items()}


def check_counts(
    app: FastAPI,
    requests: list[tuple[str, str]],
    asked: dict[tuple[str, ...], float],
    why: str,
) -> None:
    """Send the requests, and compare what both metrics have counted."""
    found = measured(app, *requests)
    sent = f"After `{' '.join(requests[0])}` and more"
    seen = found.get("http_requests_total", {})
    assert seen == asked, (
        f"{sent}, `http_requests_total` is {in_words(joined(seen))}. The docstring "
        f"asks for {in_words(joined(asked))}: {why}"
    )
    durations = Counter[tuple[str, ...]]()
    for (method, route, _), number in asked.items():
        durations[method, route] += int(number)
    observed = found.get("http_request_duration_seconds_count", {})
    assert observed == durations, (
        f"{sent}, the count of durations is {in_words(joined(observed))}. The "
        f"docstring asks for one of each request: {in_words(joined(durations))}."
    )


def test_q1_all_bikes_share_one_route(answers):
    check_counts(
        bikes_app(answers),
        [("GET", f"/bikes/{number}") for number in (1, 2, 2, 399)],
        {("GET", "/bikes/{number}", "200"): 4},
        "one `route` for all of them, and their status. Look at the labels.",
    )


def test_q1_a_route_can_have_two_parameters(answers):
    check_counts(
        bikes_app(answers),
        [("POST", f"/stations/{name}/docks/3") for name in ("a", "b", "a%20b")],
        {("POST", "/stations/{station}/docks/{dock}", "201"): 3},
        "their method, template and status. Look at the labels.",
    )


def test_q1_requests_without_a_route_are_counted_too(answers):
    check_counts(
        bikes_app(answers),
        [
            ("GET", "/nowhere/1"),
            ("GET", "/bikes/7/bell"),
            ("GET", "/bikes/7"),
            ("PUT", "/bikes"),
        ],
        {
            ("GET", "unmatched", "404"): 2,
            ("GET", "/bikes/{number}", "200"): 1,
            ("PUT", "unmatched", "404"): 1,
        },
        "`route` is `template_of(request)`, also without a route.",
    )


def test_q1_the_status_is_that_of_the_response(answers):
    paths = ["7", "x", "404", "409", "500", "503", "503"]
    asked = Counter(
        ("GET", "/bikes/{number}", status)
        for status in ("200", "422", "404", "409", "500", "503", "503")
    )
    check_counts(
        bikes_app(answers),
        [("GET", f"/bikes/{one}") for one in paths],
        dict(asked),
        "the status code of each response. Look at the label `status`.",
    )


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_q1_an_exception_is_counted_as_status_500(answers, method):
    check_counts(
        bikes_app(answers),
        [(method, "/repairs/4"), (method, "/repairs/5"), (method, "/repairs/4")],
        {(method, "/repairs/{number}", "500"): 3},
        "`call_next` raised an exception, so the status is 500.",
    )


def test_q1_an_exception_of_a_middleware_is_counted_as_status_500(answers):
    check_counts(
        bikes_app(answers),
        [("GET", "/guests"), ("POST", "/guests")],
        {("GET", "unmatched", "500"): 1, ("POST", "unmatched", "500"): 1},
        "`call_next` raised an HTTPException, so the status is 500.",
    )


@pytest.mark.parametrize("number", [4, 8])
def test_q1_the_exception_is_raised_again(answers, number):
    app = bikes_app(answers)
    with client(app) as http:
        seen = outcome(lambda: http.get(f"/repairs/{number}"))
        counted = metrics_of(http).get("http_requests_total", {})
    copied = ", which is another object" * (repr(seen) == repr(app.state.error))
    assert seen is app.state.error, (
        f"An endpoint raised {in_words(app.state.error)}. The application "
        f"{returned_or_raised(seen)}{copied}. The docstring asks to raise the same "
        "exception again. Look at what your code does with it."
    )
    assert counted == {("GET", "/repairs/{number}", "500"): 1}, (
        "An endpoint raised an exception, and `http_requests_total` is "
        f"{in_words(counted)}. The docstring asks to count the request once, with the "
        "status 500."
    )


def test_q1_the_metrics_are_those_of_one_application(answers):
    first, second = bikes_app(answers), bikes_app(answers)
    measured(first, ("GET", "/bikes/1"))
    seen = [
        measured(app, ("GET", "/bikes/2")).get("http_requests_total")
        for app in (first, second)
    ]
    asked = [{("GET", "/bikes/{number}", "200"): float(number)} for number in (2, 1)]
    assert seen == asked, (
        "One application had two requests and another one had one. Their counters are "
        f"{in_words(seen)}. The docstring asks to count each request once, in "
        "`registry`."
    )


def test_q1_requests_to_metrics_are_counted_too(answers):
    with client(bikes_app(answers)) as http:
        for path in ("/bikes/1", "/metrics", "/metrics"):
            http.get(path)
        text = http.get("/metrics").text
    seen = {
        line.partition('route="')[2]
        for line in text.splitlines()
        if line.startswith("http_requests_total{")
    }
    asked = {'/bikes/{number}",status="200"} 1.0', '/metrics",status="200"} 2.0'}
    assert seen == asked, (
        "After one request to `/bikes/1` and two to `/metrics`, the lines of "
        f"`http_requests_total` end with {in_words(sorted(seen))}. The docstring asks "
        f"to count each request: {in_words(sorted(asked))}."
    )


def slow_app(answers: Any, inside: dict[str, float], error: bool) -> FastAPI:
    """Return an application whose endpoint notes in `inside` how long it took."""
    app = bikes_app(answers)

    @app.get("/slow/{number}")
    def wait(number: int) -> None:
        started = time.perf_counter()
        time.sleep(0.02)
        inside["seconds"] = time.perf_counter() - started
        if error:
            raise Broken("slow")

    return app


@pytest.mark.parametrize("error", [False, True], ids=["response", "exception"])
def test_q1_the_duration_is_the_time_of_the_request_in_seconds(answers, error):
    inside: dict[str, float] = {}
    with client(slow_app(answers, inside, error), raises=False) as http:
        started = time.perf_counter()
        http.get("/slow/1")
        most = time.perf_counter() - started
        sums = metrics_of(http).get("http_request_duration_seconds_sum", {})
    seen = sums.get(("GET", "/slow/{number}"), 0.0)
    least = inside["seconds"]
    assert least - 0.001 <= seen <= most + 0.001, (
        f"The endpoint took {least:.4f} seconds, and the whole request {most:.4f}. "
        f"The sum of the durations for its template is {seen:.4f}. The docstring asks "
        "for the duration in seconds, also if `call_next` raises an exception. Look at "
        "what you subtract, and when."
    )


class Overlap:
    """A request to `/long/1` during which another one to `/short/1` begins and ends."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self.began, self.goes_on = asyncio.Event(), asyncio.Event()
        self.seconds = 0.0
        app.get("/long/{number}")(self.take_long)
        app.get("/short/{number}")(self.take_short)

    async def take_long(self, number: int) -> None:
        """Wait until the other request has ended, and fail."""
        started = time.perf_counter()
        self.began.set()
        await self.goes_on.wait()
        self.seconds = time.perf_counter() - started
        raise Broken("at the end")

    async def take_short(self, number: int) -> None:
        """Return nothing."""

    async def run(self) -> str:
        """Send both requests, and return the metrics."""
        async with async_client(self.app) as http:
            first = asyncio.create_task(http.get("/long/1"))
            waits = asyncio.create_task(self.began.wait())
            await asyncio.wait([first, waits], return_when=asyncio.FIRST_COMPLETED)
            waits.cancel()
            await asyncio.sleep(0.02)  # so that their starts differ
            await send(http, "GET", "/short/1")
            self.goes_on.set()
            await asyncio.wait([first])
            first.exception()  # so that nobody warns of it
            return await send(http, "GET", "/metrics")


async def test_q1_durations_of_requests_at_the_same_time_are_separate(answers):
    overlap = Overlap(bikes_app(answers))
    text = await overlap.run()
    sums = [line for line in text.splitlines() if "_sum{" in line and "/long/{" in line]
    seen = float(sums[0].rpartition(" ")[2]) if sums else 0.0
    assert seen >= overlap.seconds - 0.001, (
        f"A request took {overlap.seconds:.4f} seconds, and another one ran meanwhile. "
        f"The duration for its template is {seen:.4f}. The docstring asks for the "
        "duration of this request. Look at where you keep its start."
    )
    asked = 'http_requests_total{method="GET",route="/long/{number}",status="500"} 1.0'
    assert asked in text.splitlines(), (
        "A request raised an exception after another one had returned 200. The "
        f"docstring asks for the line `{asked}` in the metrics. Look at where you keep "
        "the status."
    )


class Log:
    """A log of 11.3.2. It keeps the lines that a logger writes."""

    def __init__(self) -> None:
        self.output = io.StringIO()
        self.logger = structlog.wrap_logger(
            structlog.WriteLogger(self.output),  # type: ignore[arg-type]
            processors=[
                structlog.contextvars.merge_contextvars,
                structlog.processors.add_log_level,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
            wrapper_class=structlog.make_filtering_bound_logger(0),
        )

    @property
    def lines(self) -> list[str]:
        """The lines of the log."""
        return self.output.getvalue().splitlines()

    def of(self, bike: int, event: str = "") -> list[Any]:
        """Return the entries about this bike, or only those of one event."""
        entries = [json.loads(line) for line in self.lines]
        return [
            entry
            for entry in entries
            if entry.get("bike") == bike and event in ("", entry["event"])
        ]


def rides_app(answers: Any, log: Log, room: Rendezvous | None = None) -> FastAPI:
    """Return the application of 11.3.2. The docks of a few bikes do not open."""
    jammed = type("DockJammed", (answers.LockError,), {})
    empty = type("BatteryEmpty", (answers.LockError,), {})
    errors = {
        40: jammed("dock 4"),
        41: empty("2 %"),
        42: jammed("BatteryEmpty"),
        50: ValueError("no such bike"),
    }

    class Docks(answers.Docks):  # type: ignore[misc]
        async def check(self, bike: int) -> None:
            if bike == 60:
                raise jammed("a flat battery")
            await super().check(bike)

        async def unlock(self, bike: int) -> None:
            if room is not None:
                await room.wait_async()
            if bike in errors:
                raise errors[bike]
            await super().unlock(bike)

    docks = Docks(log.logger)
    app = attempt("`rides_app(...)`", answers.rides_app, log.logger, docks)
    return fastapi_app(app, "rides_app(...)")


def start(
    http: httpx2.Client, station: str, bike: int, number: str = "R-1"
) -> tuple[int, Any]:
    """Start a ride, and return the status code and the body of the response."""
    response = attempt(
        f"`POST /stations/{station}/rides?bike={bike}`",
        partial(http.post, headers={"X-Request-ID": number}),
        f"/stations/{station}/rides?bike={bike}",
    )
    added = sorted(set(response.headers) - {"content-length", "content-type"})
    assert not added, (
        f"`POST /stations/{station}/rides?bike={bike}` returned a response with the "
        f"new headers {in_words(added)}. The docstring asks that the headers stay the "
        "same. Look at your middleware."
    )
    return response.status_code, json_or_text(response)


def started(answers: Any, *rides: tuple[str, int]) -> Log:
    """Return the log after these rides were started, one after the other."""
    log = Log()
    app = rides_app(answers, log)
    with client(app) as http:
        for order, (station, bike) in enumerate(rides, start=1):
            status, body = start(http, station, bike, f"R-{order}")
            asked: tuple[int, Any] = (200, {"ride": order})
            if bike in (40, 41, 42):
                asked = (503, {"detail": "The dock does not open."})
            assert (status, body) == asked, (
                f"`POST /stations/{station}/rides?bike={bike}` returned {status} and "
                f"{in_words(body)}. The response is still to be {in_words(asked)}. "
                "Look at the endpoint."
            )
    return log


FAILED = [("Harbour", 40), ("Park", 41), ("Harbour", 42), ("Park", 7), ("Park", 40)]


@pytest.mark.parametrize("number", [1, 2, 5])
def test_q2_a_program_can_count_the_failures_of_a_station(answers, number):
    log = started(answers, *FAILED[:number])
    kinds = {40: "DockJammed", 41: "BatteryEmpty", 42: "DockJammed"}
    asked = Counter((at, kinds[bike]) for at, bike in FAILED[:number] if bike in kinds)
    seen = outcome(lambda: dict(answers.failures(log.lines)))
    assert seen == asked, (
        f"`failures(lines)` {returned_or_raised(seen)}, but {in_words(dict(asked))} "
        'happened. The docstring asks for the event "unlock_failed" with `station` '
        "and `error`, the name of the exception's class."
    )


def fields(entry: Any, *names: str) -> dict[str, Any]:
    """Return these fields of an entry."""
    return {name: entry.get(name, "missing") for name in names}


@pytest.mark.parametrize(
    ("station", "bike", "error"),
    [("Harbour", 40, "DockJammed"), ("Old Mill", 41, "BatteryEmpty")],
)
def test_q2_a_failure_is_one_event_with_fields(answers, station, bike, error):
    log = started(answers, (station, bike))
    events = [entry["event"] for entry in log.of(bike)]
    assert events == ["battery_checked", "unlock_failed"], (
        f"A dock did not open. The events of this bike are {in_words(events)}. The "
        'docstring asks for "battery_checked" of `docks`, then "unlock_failed", '
        "and for no others. Look at the two sentences."
    )
    asked = {"level": "error", "station": station, "bike": bike, "error": error}
    seen = fields(log.of(bike)[-1], *asked)
    assert (seen, len(log.lines)) == (asked, 2), (
        f"A dock did not open. The event has {in_words(seen)}, and the log has "
        f"{len(log.lines)} lines. The docstring asks for {in_words(asked)} in the "
        "second of two lines."
    )


@pytest.mark.parametrize(("station", "bike"), [("Harbour", 7), ("Old Mill", 4711)])
def test_q2_a_ride_is_one_event_with_fields(answers, station, bike):
    log = started(answers, (station, bike))
    events = [entry["event"] for entry in log.of(bike)]
    assert events == ["battery_checked", "dock_opened", "ride_started"], (
        f"A ride started. The events of this bike are {in_words(events)}. The "
        'docstring asks for those of `docks` and then for "ride_started", instead of '
        "the sentence."
    )
    asked = {"level": "info", "station": station, "bike": bike}
    seen = fields(log.of(bike)[-1], *asked)
    assert (seen, len(log.lines)) == (asked, 3), (
        f"A ride started. The event has {in_words(seen)}, and the log has "
        f"{len(log.lines)} lines. The docstring asks for {in_words(asked)} in the last "
        "of three lines."
    )


@pytest.mark.parametrize("bike", [7, 40], ids=["ride", "failure"])
def test_q2_each_line_has_the_request_id(answers, bike):
    log = started(answers, ("Park", bike), ("Park", bike), ("Park", bike))
    seen = Counter(json.loads(line).get("request_id") for line in log.lines)
    lines = 2 if bike == 40 else 3
    asked = {"R-1": lines, "R-2": lines, "R-3": lines}
    assert seen == asked, (
        "Three requests with the IDs R-1, R-2 and R-3 came one after the other. The "
        f"lines by `request_id` are {in_words(dict(seen))}. The docstring asks for "
        f"{asked}: each line has it, also those of `docks`."
    )


@pytest.mark.parametrize("bike", [7, 40], ids=["ride", "failure"])
def test_q2_each_line_has_the_ride_as_soon_as_it_has_a_number(answers, bike):
    log = started(answers, ("Park", 1), ("Park", bike), ("Park", 8))
    for number, one in ((2, bike), (3, 8)):
        seen = [(entry["event"], entry.get("ride")) for entry in log.of(one)]
        assert {ride for _, ride in seen[1:]} == {number}, (
            f"The ride has the number {number}. Its events and their `ride` are "
            f"{in_words(seen)}. The docstring asks for this number in each line from "
            "then on, also in those of `docks`."
        )
        assert seen[0][1] in (None, number), (
            f"A request logged {in_words(seen[0])} before its ride had a number. The "
            "docstring asks that no line has the `ride` of another request. Look at "
            "where you keep it."
        )


async def test_q2_requests_at_the_same_time_have_their_own_fields(answers):
    log, room = Log(), Rendezvous(3)
    app = rides_app(answers, log, room)
    bikes = {11: "a1", 12: "b2", 40: "c3"}

    async with async_client(app) as http:
        await asyncio.gather(
            *(
                send(
                    http, "POST", f"/stations/S/rides?bike={bike}", X_Request_ID=number
                )
                for bike, number in bikes.items()
            )
        )
    assert room.most == 3, (
        f"Of three requests, only {room.most} ran at the same time. The docstring asks "
        "that several requests can run. Look for what waits in your code."
    )
    seen = {
        bike: {(one.get("request_id"), one.get("ride")) for one in log.of(bike)[1:]}
        for bike in bikes
    }
    asked = {bike: {(bikes[bike], n)} for n, bike in enumerate(bikes, start=1)}
    assert seen == asked, (
        "Three requests waited for their docks at the same time. The `request_id` and "
        f"`ride` in their lines are {in_words(seen)}, by bike. The docstring asks for "
        f"their own: {in_words(asked)}."
    )


def test_q2_another_exception_is_not_a_failed_unlock(answers):
    log = Log()
    app = rides_app(answers, log)
    with client(app) as http:
        seen = outcome(lambda: start(http, "Park", 50, "R-9"))
    cause = getattr(seen, "__cause__", None)
    events = [(one["event"], one.get("request_id")) for one in log.of(50)]
    assert (type(cause), events) == (ValueError, [("battery_checked", "R-9")]), (
        f"`docks.unlock` raised a ValueError. The request {returned_or_raised(seen)}, "
        f"and the log has {in_words(events)}. The docstring asks for an event only for "
        "a `LockError`, and for `request_id` in the line of `docks`."
    )


def test_q2_a_request_that_fails_before_takes_no_number(answers):
    log = Log()
    app = rides_app(answers, log)
    with client(app, raises=False) as http:
        header = {"X-Request-ID": "R-8"}
        paths = [f"/stations/Park/rides?bike={bike}" for bike in ("x", "60")]
        seen = [http.post(path, headers=header).status_code for path in paths]
        seen.append(start(http, "Park", 7)[1])
    events = [json.loads(line)["event"] for line in log.lines]
    asked = [422, 500, {"ride": 1}]
    assert (seen, events[-1]) == (asked, "ride_started"), (
        "A request with the bike 'x' came, then one whose `docks.check` raised a "
        f"LockError, then a good one. The responses were {in_words(seen)}, and the "
        f"last event was {in_words(events[-1])}. The docstring asks that responses "
        f'stay the same: {asked}, and for "ride_started" at the end.'
    )


class Recorder(SpanProcessor):
    """Keeps the spans that have ended, and the order of all that happens."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []
        self.order: list[str] = []

    def on_start(self, span: trace.Span, parent_context: Any = None) -> None:
        """Note the start of a span."""
        self.order.append(f"start {getattr(span, 'name', '')}")

    def on_end(self, span: ReadableSpan) -> None:
        """Note the end of a span."""
        self.order.append(f"end {span.name}")
        self.spans.append(span)

    def named(self, name: str) -> list[ReadableSpan]:
        """Return the spans with this name, in the order of their ends."""
        return [span for span in self.spans if span.name == name]


class Tracing:
    """An application of 11.3.3, with what it sends to its provider and to pricing."""

    def __init__(self, answers: Any, room: Rendezvous | None = None) -> None:
        self.recorder = Recorder()
        self.provider = TracerProvider(shutdown_on_exit=False)
        self.provider.add_span_processor(self.recorder)
        self.requests: list[httpx.Request] = []
        self.room = room
        self.others = 0
        self.load: Exception | None = None
        self.price: Exception | int = 200
        stand_in(answers.load_minutes, self.load_minutes)
        self.pricing = httpx.AsyncClient(
            transport=httpx.MockTransport(self.respond), base_url="http://pricing"
        )
        given = self.provider, self.pricing
        app = attempt("`prices_app(...)`", answers.prices_app, *given)
        self.app = fastapi_app(app, "prices_app(...)")

    async def load_minutes(self, ride: int) -> int:
        """Return ten more minutes than the ride's number, or raise `load`."""
        self.recorder.order.append("call load_minutes")
        await (self.room.wait_async() if self.room else asyncio.sleep(0))
        self.recorder.order.append("return load_minutes")
        if self.load is not None:
            raise self.load
        return ride + 10

    async def respond(self, request: httpx.Request) -> httpx.Response:
        """Respond as the pricing service: 3 cents a minute."""
        self.recorder.order.append("call pricing")
        await asyncio.sleep(0)
        self.requests.append(request)
        if self.others:
            self.others -= 1
            await self.send_other()
        self.recorder.order.append("return pricing")
        if isinstance(self.price, Exception):
            raise self.price
        if request.url.path != "/prices":
            return httpx.Response(404)
        minutes = int(request.url.params["minutes"])
        return httpx.Response(self.price, json={"cents": 3 * minutes})

    async def send_other(self) -> None:
        """Send a request to pricing as other code does it, outside of all spans."""
        send = self.pricing.get("/prices", params={"minutes": 1})
        await asyncio.create_task(send, context=Context())

    def ask(self, ride: int | str, **headers: str) -> object:
        """Return status code and body of a response, or what the application raised."""
        with client(self.app) as http:
            seen = outcome(lambda: http.get(f"/rides/{ride}/price", headers=headers))
        if isinstance(seen, httpx2.Response):
            return seen.status_code, json_or_text(seen)
        return seen

    def span(self, name: str) -> Any:
        """Return the only span with this name."""
        found = self.recorder.named(name)
        names = sorted({span.name for span in self.recorder.spans})
        assert len(found) == 1, (
            f"After one request, `provider` has {len(found)} spans called {name!r}. "
            f"All names are {in_words(names)}. The docstring asks for one span with "
            "this name, which ends."
        )
        return found[0]


REQUEST = "GET /rides/{ride}/price"
PARTS = ["load minutes", "ask pricing"]


def check_price(tracing: Tracing, ride: int, **headers: str) -> None:
    """Ask for the price of a ride, and compare the response."""
    seen = tracing.ask(ride, **headers)
    assert seen == (200, {"cents": 3 * (ride + 10)}), (
        f"Ride {ride} took {ride + 10} minutes, at 3 cents each. The request "
        f"{returned_or_raised(seen)}. The docstring asks that responses stay the same."
    )


@pytest.mark.parametrize("ride", [7, 25])
def test_q3_the_request_has_a_span(answers, ride):
    tracing = Tracing(answers)
    check_price(tracing, ride)
    span = tracing.span(REQUEST)
    assert span.parent is None, (
        f"The span {REQUEST!r} has the parent {in_words(span.parent)}, but the request "
        "had no `traceparent`. The docstring asks for the span that FastAPI makes. "
        "Look at how FastAPI gets the provider."
    )


def test_q3_a_request_with_a_wrong_number_has_a_span_too(answers):
    tracing = Tracing(answers)
    seen = tracing.ask("x")
    names = sorted({span.name for span in tracing.recorder.spans})
    status = seen[0] if isinstance(seen, tuple) else returned_or_raised(seen)
    assert (status, REQUEST in names) == (422, True), (
        f"`GET /rides/x/price` returned {in_words(status)}, and `provider` has the "
        f"spans {in_words(names)}. The docstring asks for the status 422 as before, "
        f"and for the span {REQUEST!r}. Look at where you make this span."
    )


@pytest.mark.parametrize("number", ["0af7651916cd43dd8448eb211c80319c", "1" * 32])
def test_q3_the_trace_of_the_caller_is_continued(answers, number):
    tracing = Tracing(answers)
    check_price(tracing, 7, traceparent=f"00-{number}-b7ad6b7169203331-01")
    parent = tracing.span(REQUEST).parent
    seen = f"{parent.span_id:016x}" if parent else None
    assert seen == "b7ad6b7169203331", (
        "A `traceparent` header named the span b7ad6b7169203331. The parent of the "
        f"request's span is {in_words(seen)}. The docstring asks to continue the trace."
    )
    for name in PARTS:
        trace_id = f"{tracing.span(name).context.trace_id:032x}"
        assert trace_id == number, (
            f"The caller's trace is {number}, but the span {name!r} belongs to the "
            f"trace {trace_id}. The docstring asks to continue the trace. Look at the "
            "parent of the span."
        )


@pytest.mark.parametrize("name", PARTS)
def test_q3_each_part_is_inside_of_the_span_of_the_request(answers, name):
    tracing = Tracing(answers)
    check_price(tracing, 7)
    spans = {one.context.span_id: one for one in tracing.recorder.spans}
    at, above = tracing.span(name), []
    while at.parent is not None and at.parent.span_id in spans:
        at = spans[at.parent.span_id]
        above.append(at.name)
    seen = [one for one in above if one in (REQUEST, *PARTS)]
    assert seen == [REQUEST], (
        f"The spans above {name!r} are {in_words(above)}, from its parent on. The "
        f"docstring asks that it is inside of {REQUEST!r}, and that one part has ended "
        "before the other begins. Look at where the span begins."
    )


def check_order(order: list[str], *asked: str) -> None:
    """Check that these things happened once each, in this order."""
    seen = [one for one in order if one in asked]
    assert seen == list(asked), (
        f"What happened is {in_words(seen)}. The docstring asks for this order: "
        f"{in_words(list(asked))}. Look at what stands inside of the span."
    )


def test_q3_load_minutes_runs_inside_of_its_span(answers):
    tracing = Tracing(answers)
    check_price(tracing, 7)
    check_order(
        tracing.recorder.order,
        "start load minutes",
        "call load_minutes",
        "return load_minutes",
        "end load minutes",
    )


def test_q3_the_request_to_pricing_runs_inside_of_its_span(answers):
    tracing = Tracing(answers)
    check_price(tracing, 7)
    check_order(
        tracing.recorder.order,
        "end load minutes",
        "start ask pricing",
        "call pricing",
        "return pricing",
        "end ask pricing",
    )


@pytest.mark.parametrize("ride", [7, 25])
def test_q3_each_part_has_its_attribute(answers, ride):
    tracing = Tracing(answers)
    check_price(tracing, ride)
    for name, attribute, number in (
        ("load minutes", "ride", ride),
        ("ask pricing", "minutes", ride + 10),
    ):
        seen = dict(tracing.span(name).attributes or {})
        assert seen.get(attribute) == number, (
            f"Ride {ride} took {ride + 10} minutes. The span {name!r} has the "
            f"attributes {in_words(seen)}. The docstring asks for the number {number} "
            f"in {attribute!r}."
        )


def check_attribute(span: Any, name: str, number: int) -> None:
    """Check an attribute of a span of ride 7."""
    seen = dict(span.attributes or {})
    assert seen.get(name) == number, (
        f"Ride 7 took 17 minutes. The span {span.name!r} with the status "
        f"{span.status.status_code.name} has the attributes {in_words(seen)}. The "
        f"docstring asks for {number} in {name!r}. Look at when you set it."
    )


def check_failure(tracing: Tracing, name: str, error: type[Exception]) -> None:
    """Ask for a price, and check the exception and the span of the part that fails."""
    seen = tracing.ask(7)
    assert type(seen) is error, (
        f"The part {name!r} failed with {error.__name__}. The application "
        f"{returned_or_raised(seen)}. The docstring asks that the exceptions stay the "
        "same."
    )
    span = tracing.span(name)
    assert span.status.status_code is trace.StatusCode.ERROR, (
        f"The part {name!r} failed with {error.__name__}, and its span has the status "
        f"{span.status.status_code.name}. The docstring asks for ERROR. Look at what "
        "stands inside of the span."
    )
    kinds = [
        str((event.attributes or {}).get("exception.type")).rpartition(".")[2]
        for event in span.events
        if event.name == "exception"
    ]
    assert set(kinds) == {error.__name__}, (
        f"The part {name!r} failed with {error.__name__}, and the exceptions in the "
        f"events of its span are {in_words(kinds)}. The docstring asks for this one."
    )
    attribute = {"load minutes": ("ride", 7), "ask pricing": ("minutes", 17)}[name]
    check_attribute(span, *attribute)


@pytest.mark.parametrize("error", [ConnectionError, KeyError])
def test_q3_a_failure_of_load_minutes_is_in_its_span(answers, error):
    tracing = Tracing(answers)
    tracing.load = error("the database")
    check_failure(tracing, "load minutes", error)


@pytest.mark.parametrize(
    ("price", "error"),
    [
        (httpx.ConnectError("no service"), httpx.ConnectError),
        (500, httpx.HTTPStatusError),
        (404, httpx.HTTPStatusError),
    ],
    ids=["no connection", "500", "404"],
)
def test_q3_a_failure_of_pricing_is_in_its_span(answers, price, error):
    tracing = Tracing(answers)
    tracing.price = price
    check_failure(tracing, "ask pricing", error)
    status = tracing.span("load minutes").status.status_code
    assert status is not trace.StatusCode.ERROR, (
        'The pricing service failed, and the span "load minutes" has the status '
        f"{status.name}. The docstring asks for ERROR in the span of the part that "
        "fails."
    )


def named_as_parent(span: Any) -> str:
    """Return a `traceparent` with this span, without its last three characters."""
    return f"00-{span.context.trace_id:032x}-{span.context.span_id:016x}"


@pytest.mark.parametrize("ride", [7, 25])
def test_q3_pricing_receives_its_span_as_the_parent(answers, ride):
    tracing = Tracing(answers)
    check_price(tracing, ride)
    asked = named_as_parent(tracing.span("ask pricing"))
    seen = tracing.requests[0].headers.get("traceparent", "")
    assert seen[:-3] == asked, (
        f"The pricing service received the `traceparent` {in_words(seen)}. The "
        f'docstring asks for the trace and the span of "ask pricing": {asked}-... '
        "Look at where you make the header."
    )


async def test_q3_other_requests_to_pricing_do_not_name_the_span(answers):
    tracing = Tracing(answers)
    tracing.others = 1
    async with async_client(tracing.app) as http:
        await send(http, "GET", "/rides/7/price")
    await tracing.send_other()
    span = named_as_parent(tracing.span("ask pricing"))
    names = [
        one.headers.get("traceparent", "")[:-3] == span for one in tracing.requests
    ]
    assert names == [True, False, False], (
        "The application sent a request to pricing. Other code sent one with `pricing` "
        'at the same time, and one afterwards. The three requests name the span "ask '
        f'pricing" as their parent: {names}. The docstring asks for the first one '
        "only. Look at where the header is kept."
    )


async def test_q3_requests_at_the_same_time_have_traces_of_their_own(answers):
    room = Rendezvous(3)
    tracing = Tracing(answers, room)
    async with async_client(tracing.app) as http:
        await asyncio.gather(
            *(send(http, "GET", f"/rides/{ride}/price") for ride in (7, 8, 9))
        )
    names: dict[int, list[str]] = {}
    for span in tracing.recorder.spans:
        if span.name in (REQUEST, *PARTS):
            assert span.context is not None, "A span that has ended has a context."
            names.setdefault(span.context.trace_id, []).append(span.name)
    seen = sorted(sorted(one) for one in names.values())
    assert seen == [sorted([REQUEST, *PARTS])] * 3, (
        "Three requests ran at the same time. The spans of their traces are "
        f"{in_words(seen)}. The docstring asks for one trace for each request, with "
        "its span and both parts."
    )
    named = {one.headers.get("traceparent", "")[:-3] for one in tracing.requests}
    spans = {named_as_parent(one) for one in tracing.recorder.named("ask pricing")}
    assert named == spans, (
        f"For three requests, pricing received the parents {in_words(sorted(named))}. "
        f'The spans "ask pricing" are {in_words(sorted(spans))}. The docstring asks '
        "for the span of the request."
    )


def test_q3_each_application_sends_its_spans_to_its_own_provider(answers):
    first, second = Tracing(answers), Tracing(answers)
    for tracing, ride in ((second, 8), (first, 7)):
        stand_in(answers.load_minutes, tracing.load_minutes)
        check_price(tracing, ride)
        for name in (REQUEST, *PARTS):
            tracing.span(name)
    found = trace.get_tracer_provider()
    assert isinstance(found, trace.ProxyTracerProvider), (
        f"The global provider is now a {type(found).__name__}. The docstring asks that "
        "no global provider is set. Look at what your code does with `provider`."
    )
