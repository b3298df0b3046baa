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

from opentelemetry import trace
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from starlette.middleware.base import RequestResponseEndpoint

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
        started = perf_counter()
        response = await call_next(request)
        path, seconds = request.url.path, perf_counter() - started
        requests.labels(request.method, path, response.status_code).inc()
        durations.labels(request.method, path).observe(seconds)
        return response

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
        return await call_next(request)

    @app.post("/stations/{station}/rides")
    async def start_ride(station: str, bike: int) -> dict[str, int]:
        await docks.check(bike)
        ride = next(numbers)
        try:
            await docks.unlock(bike)
        except LockError as error:
            log.info(f"Bike {bike} at {station} was not unlocked: {error!r}")
            raise HTTPException(503, "The dock does not open.") from error
        log.info(f"Ride {ride} with bike {bike} has started at {station}.")
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
    app = FastAPI()

    @app.get("/rides/{ride}/price")
    async def read_price(ride: int) -> dict[str, int]:
        minutes = await load_minutes(ride)
        query = {"minutes": minutes}
        response = await pricing.get("/prices", params=query)
        response.raise_for_status()
        return {"cents": response.json()["cents"]}

    return app
