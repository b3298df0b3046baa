"""11.3  Monitoring and logging.

Metrics say how often requests fail and how long they take. The log says what happened
in one request, and a trace says which part of it took the time.
Notes: content/docs/deployment-and-testing/monitoring-and-logging.md
"""

import json
from collections import Counter as Counts
from collections.abc import Iterable
from itertools import count
from time import perf_counter

import httpx
from fastapi import FastAPI, HTTPException, Request, Response

# region answer
from opentelemetry import propagate, trace

# stub: from opentelemetry import trace
# endregion
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from starlette.middleware.base import RequestResponseEndpoint

# region answer
from structlog.contextvars import bind_contextvars, clear_contextvars

# stub:
# endregion
from structlog.typing import FilteringBoundLogger


def template_of(request: Request) -> str:
    """Return the path template of the route, such as "/bikes/{number}".

    FastAPI finds the route during `call_next`. Without a route, it is "unmatched".
    """
    return getattr(request.scope.get("route"), "path", "unmatched")


def monitor(app: FastAPI, registry: CollectorRegistry) -> None:
    """11.3.1  What are key metrics to monitor for a production FastAPI application?

    Three numbers are the most important: how many requests there are, how many of them
    fail, and how long they take. Users of the bike rental see errors with the status
    500, but the metrics of the application show none. And each bike has a time series
    of its own, so Prometheus runs out of memory. Repair `measure`.

    - Count each request once, and observe its duration once, in seconds. The `status`
      is the status code of the response.
    - If `call_next` raises an exception, count and observe the request, too. Its
      `status` is 500. Then raise the same exception again.
    - In both metrics, `route` is `template_of(request)`, also if it is "unmatched".

    Example of the lines at `GET /metrics` after `GET /bikes/7` and `GET /bikes/8`:
        http_requests_total{method="GET",route="/bikes/{number}",status="200"} 2.0
        http_request_duration_seconds_count{method="GET",route="/bikes/{number}"} 2.0
    """
    requests = Counter(
        "http_requests", "Requests.", ["method", "route", "status"], registry=registry
    )
    durations = Histogram(
        "http_request_duration_seconds",
        "How long requests take.",
        ["method", "route"],
        registry=registry,
    )

    @app.middleware("http")
    async def measure(request: Request, call_next: RequestResponseEndpoint) -> Response:
        # region answer
        # In words: Monitor the rate of requests, the rate of errors, and the durations.
        # A counter only grows, and Prometheus computes a rate from it. A histogram
        # counts durations in buckets, so that you can ask for percentiles. An endpoint
        # that raises is an error, too. Labels have few values: the template of the
        # route, and never a path or a user. Saturation is the fourth key metric, such
        # as the requests in progress.
        status = 500
        started = perf_counter()
        try:
            response = await call_next(request)
            status = response.status_code
            return response
        finally:
            route = template_of(request)
            requests.labels(request.method, route, status).inc()
            durations.labels(request.method, route).observe(perf_counter() - started)
        # stub: started = perf_counter()
        # stub: response = await call_next(request)
        # stub: path, seconds = request.url.path, perf_counter() - started
        # stub: requests.labels(request.method, path, response.status_code).inc()
        # stub: durations.labels(request.method, path).observe(seconds)
        # stub: return response
        # endregion

    @app.get("/metrics")
    def read_metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def failures(lines: Iterable[str]) -> Counts[tuple[str, str]]:
    """Count the events "unlock_failed" in a log, by station and error."""
    events = [json.loads(line) for line in lines]
    failed = [event for event in events if event["event"] == "unlock_failed"]
    return Counts((event["station"], event["error"]) for event in failed)


class LockError(Exception):
    """A dock does not open. Each reason is a subclass."""


class Docks:
    """The docks of all stations, which write into the log of the application."""

    def __init__(self, log: FilteringBoundLogger) -> None:
        self.log = log

    async def check(self, bike: int) -> None:
        """Check the battery of a bike."""
        self.log.info("battery_checked", bike=bike)

    async def unlock(self, bike: int) -> None:
        """Open the dock of a bike, or raise a `LockError`."""
        self.log.info("dock_opened", bike=bike)


def rides_app(log: FilteringBoundLogger, docks: Docks) -> FastAPI:
    """11.3.2  How can structured logging improve debugging and analysis?

    The log of the bike rental has sentences. A program cannot count the failures of a
    station in them: `failures(lines)` above finds none. And nobody knows which lines
    belong to the same request. Repair the application: log one event instead of each
    sentence, and add no other lines. The responses and their headers stay the same.

    - The event "unlock_failed" has the level error and the fields `station`, `bike` and
      `error`. `error` is the name of the exception's class.
    - The event "ride_started" has the level info and the fields `station` and `bike`.
    - Each line of a request has the field `request_id`, also the lines that `docks`
      writes. It is the value of the request's header `X-Request-ID`.
    - As soon as the ride has a number, each line has this number in the field `ride`,
      also the lines that `docks` writes.
    - No line has the `request_id` or the `ride` of another request. Several requests
      can run at the same time.

    Given:
        `log` writes each event as one line of JSON. The line has the fields of the
        event, and what is bound with `structlog.contextvars`.
        The server runs each request in a task of its own. Each request has the header.

    Example of two lines of a request:
        {"request_id": "a1", "bike": 7, "event": "battery_checked", "level": "info"}
        {"request_id": "a1", "ride": 1, "station": "Harbour", "bike": 7,
            "error": "DockJammed", "event": "unlock_failed", "level": "error"}
    """
    app = FastAPI()
    numbers = count(1)

    @app.middleware("http")
    async def bind(request: Request, call_next: RequestResponseEndpoint) -> Response:
        # region answer
        # In words: An event has a fixed name and its values in fields, so a program can
        # filter, count and group without parsing sentences. The request ID and the ride
        # are bound once, and then stand in each line of the request, also in the lines
        # of code that does not know them. So one query finds everything that happened
        # in a request. Context variables keep requests apart.
        clear_contextvars()
        bind_contextvars(request_id=request.headers["X-Request-ID"])
        # stub:
        # endregion
        return await call_next(request)

    @app.post("/stations/{station}/rides")
    async def start_ride(station: str, bike: int) -> dict[str, int]:
        await docks.check(bike)
        ride = next(numbers)
        # region answer
        bind_contextvars(ride=ride)
        # stub:
        # endregion
        try:
            await docks.unlock(bike)
        except LockError as error:
            # region answer
            kind = type(error).__name__
            log.error("unlock_failed", station=station, bike=bike, error=kind)
            # stub: log.info(f"Bike {bike} at {station} was not unlocked: {error!r}")
            # endregion
            raise HTTPException(503, "The dock does not open.") from error
        # region answer
        log.info("ride_started", station=station, bike=bike)
        # stub: log.info(f"Ride {ride} with bike {bike} has started at {station}.")
        # endregion
        return {"ride": ride}

    return app


async def load_minutes(ride: int) -> int:
    """Return how many minutes a ride took, from the database."""
    return 25


def prices_app(provider: trace.TracerProvider, pricing: httpx.AsyncClient) -> FastAPI:
    """11.3.3  Discuss tools for application performance monitoring (APM) with FastAPI.

    `GET /rides/{ride}/price` is sometimes slow. Nobody knows if this is because of the
    database or the pricing service. An APM tool shows it, if the application makes
    spans: they say when each part of a request begins and ends. Make spans with
    OpenTelemetry, and send them to `provider`. Set no global provider. Responses and
    exceptions stay the same.

    - Each request has a span called "GET /rides/{ride}/price", also a request with the
      response 422. If there is a header `traceparent`, this span continues the trace of
      the caller.
    - The span "load minutes" is around the call of `load_minutes`. It has the attribute
      "ride", the number of the ride.
    - The span "ask pricing" is around the request to the pricing service and around
      `raise_for_status`. It has the attribute "minutes", the number of minutes. It
      begins after "load minutes" has ended.
    - Both spans are inside of the span of the request. If an exception leaves one of
      them, the span has the status ERROR and an event with the exception.
    - The pricing service receives a header `traceparent` that names the span "ask
      pricing" as its parent. Other code sends requests with `pricing`, too, also at
      the same time. These do not name this span.

    Given:
        FastAPI makes the span of the request if it knows the provider. Inside of this
        span, FastAPI makes spans such as "fastapi.endpoint". Yours can be inside of
        them. `provider` records all spans.
    """
    # region answer
    # In words: An APM tool shows which part of a request is slow or fails. The code
    # makes spans with OpenTelemetry, which FastAPI has built in. An exporter sends them
    # to Jaeger, Grafana Tempo, Datadog or another tool, so you can change the tool
    # without a change of the code. A span has a name, a parent, a start, an end,
    # attributes and a status. `traceparent` carries the trace to the next service.
    app = FastAPI(telemetry={"tracer_provider": provider})
    tracer = provider.get_tracer(__name__)
    # stub: app = FastAPI()
    # endregion

    @app.get("/rides/{ride}/price")
    async def read_price(ride: int) -> dict[str, int]:
        # region answer
        with tracer.start_as_current_span("load minutes", attributes={"ride": ride}):
            minutes = await load_minutes(ride)
        query = {"minutes": minutes}
        with tracer.start_as_current_span("ask pricing", attributes=query):
            headers: dict[str, str] = {}
            propagate.inject(headers)
            response = await pricing.get("/prices", params=query, headers=headers)
            response.raise_for_status()
        # stub: minutes = await load_minutes(ride)
        # stub: query = {"minutes": minutes}
        # stub: response = await pricing.get("/prices", params=query)
        # stub: response.raise_for_status()
        # endregion
        return {"cents": response.json()["cents"]}

    return app
