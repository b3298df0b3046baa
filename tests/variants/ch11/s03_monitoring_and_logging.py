"""Other answers to section 11.3."""

import asyncio
import itertools
import time
import uuid
from contextlib import contextmanager
from contextvars import ContextVar

import structlog
from fastapi import Depends
from fastapi.responses import JSONResponse
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.requests import Request as StarletteRequest
from structlog.contextvars import bound_contextvars, merge_contextvars

from sensei.variants import right, wrong


def both_metrics(registry):
    """Return the two metrics as they are given."""
    requests = Counter(
        "http_requests", "Requests.", ["method", "route", "status"], registry=registry
    )
    durations = Histogram(
        "http_request_duration_seconds",
        "How long requests take.",
        ["method", "route"],
        registry=registry,
    )
    return requests, durations


def add_metrics_endpoint(app, registry):
    """Add `GET /metrics` as it is given."""

    @app.get("/metrics")
    def read_metrics():
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def monitored(app, registry, measure):
    """Add everything that is given around `measure`, which gets the metrics."""
    requests, durations = both_metrics(registry)

    @app.middleware("http")
    async def call(request: Request, call_next):
        return await measure(request, call_next, requests, durations)

    add_metrics_endpoint(app, registry)


def noted(request, status, started, requests, durations, route=None):
    """Update both metrics as the solution does it."""
    route = route or template_of(request)
    requests.labels(request.method, route, status).inc()
    durations.labels(request.method, route).observe(perf_counter() - started)


@wrong("11.3.1", caught_by="test_q1_all_bikes_share_one_route")
def monitor(app, registry):
    """Leave the application as it is."""

    async def measure(request, call_next, requests, durations):
        started = perf_counter()
        response = await call_next(request)
        path, seconds = request.url.path, perf_counter() - started
        requests.labels(request.method, path, response.status_code).inc()
        durations.labels(request.method, path).observe(seconds)
        return response

    monitored(app, registry, measure)


@wrong("11.3.1", caught_by="test_q1_an_exception_is_counted_as_status_500[GET]")
def monitor(app, registry):
    """Use the template, and forget the exceptions."""

    async def measure(request, call_next, requests, durations):
        started = perf_counter()
        response = await call_next(request)
        noted(request, response.status_code, started, requests, durations)
        return response

    monitored(app, registry, measure)


@wrong("11.3.1", caught_by="test_q1_all_bikes_share_one_route")
def monitor(app, registry):
    """Count the exceptions, and keep the path."""

    async def measure(request, call_next, requests, durations):
        status, started = 500, perf_counter()
        try:
            response = await call_next(request)
            status = response.status_code
            return response
        finally:
            noted(request, status, started, requests, durations, request.url.path)

    monitored(app, registry, measure)


@wrong("11.3.1", caught_by="test_q1_a_route_can_have_two_parameters")
def monitor(app, registry):
    """Replace the last part of a path only."""

    async def measure(request, call_next, requests, durations):
        status, started = 500, perf_counter()
        try:
            response = await call_next(request)
            status = response.status_code
            return response
        finally:
            route = request.url.path.rpartition("/")[0] + "/{number}"
            noted(request, status, started, requests, durations, route)

    monitored(app, registry, measure)


@wrong("11.3.1", caught_by="test_q1_all_bikes_share_one_route")
def monitor(app, registry):
    """Ask for the template before the request has a route."""

    async def measure(request, call_next, requests, durations):
        status, started, route = 500, perf_counter(), template_of(request)
        try:
            response = await call_next(request)
            status = response.status_code
            return response
        finally:
            noted(request, status, started, requests, durations, route)

    monitored(app, registry, measure)


@wrong("11.3.1", caught_by="test_q1_all_bikes_share_one_route")
def monitor(app, registry):
    """Use the template in the counter only."""

    async def measure(request, call_next, requests, durations):
        status, started = 500, perf_counter()
        try:
            response = await call_next(request)
            status = response.status_code
            return response
        finally:
            requests.labels(request.method, template_of(request), status).inc()
            seconds = perf_counter() - started
            durations.labels(request.method, request.url.path).observe(seconds)

    monitored(app, registry, measure)


@wrong("11.3.1", caught_by="test_q1_requests_without_a_route_are_counted_too")
def monitor(app, registry):
    """Leave out requests without a route."""

    async def measure(request, call_next, requests, durations):
        status, started = 500, perf_counter()
        try:
            response = await call_next(request)
            status = response.status_code
            return response
        finally:
            if template_of(request) != "unmatched":
                noted(request, status, started, requests, durations)

    monitored(app, registry, measure)


@wrong("11.3.1", caught_by="test_q1_requests_without_a_route_are_counted_too")
def monitor(app, registry):
    """Use the path where there is no route."""

    async def measure(request, call_next, requests, durations):
        status, started = 500, perf_counter()
        try:
            response = await call_next(request)
            status = response.status_code
            return response
        finally:
            route = template_of(request)
            if route == "unmatched":
                route = request.url.path
            noted(request, status, started, requests, durations, route)

    monitored(app, registry, measure)


@wrong("11.3.1", caught_by="test_q1_requests_without_a_route_are_counted_too")
def monitor(app, registry):
    """Read the path of a route that is not there."""

    async def measure(request, call_next, requests, durations):
        status, started = 500, perf_counter()
        try:
            response = await call_next(request)
            status = response.status_code
            return response
        finally:
            route = request.scope["route"].path
            noted(request, status, started, requests, durations, route)

    monitored(app, registry, measure)


@wrong("11.3.1", caught_by="test_q1_the_exception_is_raised_again[4]")
def monitor(app, registry):
    """Return a response instead of raising the exception again."""

    async def measure(request, call_next, requests, durations):
        started = perf_counter()
        try:
            response = await call_next(request)
        except Exception:
            response = JSONResponse({"error": "Something went wrong."}, 500)
        noted(request, response.status_code, started, requests, durations)
        return response

    monitored(app, registry, measure)


@wrong("11.3.1", caught_by="test_q1_the_exception_is_raised_again[4]")
def monitor(app, registry):
    """Raise an HTTPException instead."""

    async def measure(request, call_next, requests, durations):
        status, started = 500, perf_counter()
        try:
            response = await call_next(request)
            status = response.status_code
            return response
        except Exception as error:
            raise HTTPException(500) from error
        finally:
            noted(request, status, started, requests, durations)

    monitored(app, registry, measure)


@wrong("11.3.1", caught_by="test_q1_the_exception_is_raised_again[4]")
def monitor(app, registry):
    """Return in `finally`, which swallows the exception."""

    async def measure(request, call_next, requests, durations):
        started, response = perf_counter(), Response(status_code=500)
        try:
            response = await call_next(request)
        finally:
            noted(request, response.status_code, started, requests, durations)
            return response  # noqa: B012

    monitored(app, registry, measure)


@wrong("11.3.1", caught_by="test_q1_an_exception_is_counted_as_status_500[GET]")
def monitor(app, registry):
    """Count an exception twice."""

    async def measure(request, call_next, requests, durations):
        status, started = 500, perf_counter()
        try:
            response = await call_next(request)
            status = response.status_code
            return response
        except Exception:
            noted(request, 500, started, requests, durations)
            raise
        finally:
            noted(request, status, started, requests, durations)

    monitored(app, registry, measure)


@wrong("11.3.1", caught_by="test_q1_an_exception_is_counted_as_status_500[GET]")
def monitor(app, registry):
    """Observe no duration for an exception."""

    async def measure(request, call_next, requests, durations):
        started = perf_counter()
        try:
            response = await call_next(request)
        except Exception:
            requests.labels(request.method, template_of(request), 500).inc()
            raise
        noted(request, response.status_code, started, requests, durations)
        return response

    monitored(app, registry, measure)


@wrong("11.3.1", caught_by="test_q1_an_exception_is_counted_as_status_500[GET]")
def monitor(app, registry):
    """Write a word instead of the status."""

    async def measure(request, call_next, requests, durations):
        status, started = "error", perf_counter()
        try:
            response = await call_next(request)
            status = response.status_code
            return response
        finally:
            noted(request, status, started, requests, durations)

    monitored(app, registry, measure)


@wrong("11.3.1", caught_by="test_q1_an_exception_is_counted_as_status_500[GET]")
def monitor(app, registry):
    """Begin with the status 200."""

    async def measure(request, call_next, requests, durations):
        status, started = 200, perf_counter()
        try:
            response = await call_next(request)
            status = response.status_code
            return response
        finally:
            noted(request, status, started, requests, durations)

    monitored(app, registry, measure)


@wrong("11.3.1", caught_by="test_q1_an_exception_is_counted_as_status_500[GET]")
def monitor(app, registry):
    """Expect one class of exceptions only."""

    async def measure(request, call_next, requests, durations):
        started = perf_counter()
        try:
            response = await call_next(request)
        except (HTTPException, ValueError, RuntimeError):
            noted(request, 500, started, requests, durations)
            raise
        noted(request, response.status_code, started, requests, durations)
        return response

    monitored(app, registry, measure)


@wrong("11.3.1", caught_by="test_q1_the_status_is_that_of_the_response")
def monitor(app, registry):
    """Count classes of status codes."""

    async def measure(request, call_next, requests, durations):
        status, started = "500", perf_counter()
        try:
            response = await call_next(request)
            status = f"{response.status_code // 100}xx"
            return response
        finally:
            noted(request, status, started, requests, durations)

    monitored(app, registry, measure)


@wrong("11.3.1", caught_by="test_q1_the_status_is_that_of_the_response")
def monitor(app, registry):
    """Count each server error as 500."""

    async def measure(request, call_next, requests, durations):
        status, started = 500, perf_counter()
        try:
            response = await call_next(request)
            status = min(response.status_code, 500)
            return response
        finally:
            noted(request, status, started, requests, durations)

    monitored(app, registry, measure)


@wrong("11.3.1", caught_by="test_q1_the_status_is_that_of_the_response")
def monitor(app, registry):
    """Count the errors only."""

    async def measure(request, call_next, requests, durations):
        status, started = 500, perf_counter()
        try:
            response = await call_next(request)
            status = response.status_code
            return response
        finally:
            if status >= 400:
                noted(request, status, started, requests, durations)

    monitored(app, registry, measure)


@wrong(
    "11.3.1",
    caught_by="test_q1_the_duration_is_the_time_of_the_request_in_seconds[response]",
)
def monitor(app, registry):
    """Observe milliseconds."""

    async def measure(request, call_next, requests, durations):
        status, started = 500, perf_counter()
        try:
            response = await call_next(request)
            status = response.status_code
            return response
        finally:
            route = template_of(request)
            requests.labels(request.method, route, status).inc()
            milliseconds = (perf_counter() - started) * 1000
            durations.labels(request.method, route).observe(milliseconds)

    monitored(app, registry, measure)


@wrong(
    "11.3.1",
    caught_by="test_q1_the_duration_is_the_time_of_the_request_in_seconds[response]",
)
def monitor(app, registry):
    """Observe the moment instead of the duration."""

    async def measure(request, call_next, requests, durations):
        status = 500
        try:
            response = await call_next(request)
            status = response.status_code
            return response
        finally:
            noted(request, status, 0, requests, durations)

    monitored(app, registry, measure)


@wrong(
    "11.3.1",
    caught_by="test_q1_the_duration_is_the_time_of_the_request_in_seconds[response]",
)
def monitor(app, registry):
    """Measure the time of the processor, which does not run while somebody waits."""

    async def measure(request, call_next, requests, durations):
        status, started = 500, time.process_time()
        try:
            response = await call_next(request)
            status = response.status_code
            return response
        finally:
            route = template_of(request)
            requests.labels(request.method, route, status).inc()
            seconds = time.process_time() - started
            durations.labels(request.method, route).observe(seconds)

    monitored(app, registry, measure)


@wrong(
    "11.3.1",
    caught_by="test_q1_the_duration_is_the_time_of_the_request_in_seconds[exception]",
)
def monitor(app, registry):
    """Observe a duration of zero for an exception."""

    async def measure(request, call_next, requests, durations):
        started = perf_counter()
        try:
            response = await call_next(request)
        except Exception:
            noted(request, 500, perf_counter(), requests, durations)
            raise
        noted(request, response.status_code, started, requests, durations)
        return response

    monitored(app, registry, measure)


@wrong(
    "11.3.1",
    caught_by="test_q1_the_duration_is_the_time_of_the_request_in_seconds[response]",
)
def monitor(app, registry):
    """Start the clock after `call_next`."""

    async def measure(request, call_next, requests, durations):
        status = 500
        try:
            response = await call_next(request)
            status = response.status_code
            return response
        finally:
            noted(request, status, perf_counter(), requests, durations)

    monitored(app, registry, measure)


@wrong(
    "11.3.1", caught_by="test_q1_durations_of_requests_at_the_same_time_are_separate"
)
def monitor(app, registry):
    """Keep the start of a request in the application."""

    async def measure(request, call_next, requests, durations):
        status, app.state.started = 500, perf_counter()
        try:
            response = await call_next(request)
            status = response.status_code
            return response
        finally:
            noted(request, status, app.state.started, requests, durations)

    monitored(app, registry, measure)


@wrong("11.3.1", caught_by="test_q1_the_metrics_are_those_of_one_application")
def monitor(app, registry):
    """Use the same metrics for all applications."""
    global shared  # noqa: PLW0603
    if "shared" not in globals():
        shared = CollectorRegistry()
        shared.metrics = both_metrics(shared)
    requests, durations = shared.metrics

    @app.middleware("http")
    async def measure(request: Request, call_next):
        status, started = 500, perf_counter()
        try:
            response = await call_next(request)
            status = response.status_code
            return response
        finally:
            noted(request, status, started, requests, durations)

    add_metrics_endpoint(app, shared)


@wrong("11.3.1", caught_by="test_q1_requests_to_metrics_are_counted_too")
def monitor(app, registry):
    """Leave out the requests of Prometheus."""

    async def measure(request, call_next, requests, durations):
        if request.url.path == "/metrics":
            return await call_next(request)
        status, started = 500, perf_counter()
        try:
            response = await call_next(request)
            status = response.status_code
            return response
        finally:
            noted(request, status, started, requests, durations)

    monitored(app, registry, measure)


@wrong("11.3.1", caught_by="test_q1_an_exception_is_counted_as_status_500[GET]")
def monitor(app, registry):
    """Observe each duration, and count only what returns."""

    async def measure(request, call_next, requests, durations):
        started = perf_counter()
        try:
            response = await call_next(request)
        finally:
            route = template_of(request)
            durations.labels(request.method, route).observe(perf_counter() - started)
        requests.labels(request.method, route, response.status_code).inc()
        return response

    monitored(app, registry, measure)


@wrong("11.3.1", caught_by="test_q1_a_route_can_have_two_parameters")
def monitor(app, registry):
    """Write a method into each label."""

    async def measure(request, call_next, requests, durations):
        status, started = 500, perf_counter()
        try:
            response = await call_next(request)
            status = response.status_code
            return response
        finally:
            route = template_of(request)
            requests.labels("GET", route, status).inc()
            durations.labels("GET", route).observe(perf_counter() - started)

    monitored(app, registry, measure)


@wrong(
    "11.3.1",
    caught_by="test_q1_an_exception_of_a_middleware_is_counted_as_status_500",
)
def monitor(app, registry):
    """Take the status of an HTTPException."""

    async def measure(request, call_next, requests, durations):
        status, started = 500, perf_counter()
        try:
            response = await call_next(request)
            status = response.status_code
            return response
        except HTTPException as error:
            status = error.status_code
            raise
        finally:
            noted(request, status, started, requests, durations)

    monitored(app, registry, measure)


@wrong("11.3.1", caught_by="test_q1_an_exception_is_counted_as_status_500[GET]")
def monitor(app, registry):
    """Take the status that an exception has, whatever it means."""

    async def measure(request, call_next, requests, durations):
        status, started = 500, perf_counter()
        try:
            response = await call_next(request)
            status = response.status_code
            return response
        except Exception as error:
            status = getattr(error, "status_code", 500)
            raise
        finally:
            noted(request, status, started, requests, durations)

    monitored(app, registry, measure)


@wrong("11.3.1", caught_by="test_q1_requests_without_a_route_are_counted_too")
def monitor(app, registry):
    """Remember the template by the first part of the path."""
    routes = {}

    async def measure(request, call_next, requests, durations):
        status, started = 500, perf_counter()
        try:
            response = await call_next(request)
            status = response.status_code
            return response
        finally:
            part = request.url.path.split("/")[1]
            route = routes.setdefault(part, template_of(request))
            noted(request, status, started, requests, durations, route)

    monitored(app, registry, measure)


@right("11.3.1")
def monitor(app, registry):
    """Catch, note and raise again, and return outside of `try`."""

    async def measure(request, call_next, requests, durations):
        started = time.monotonic()
        try:
            response = await call_next(request)
        except Exception:
            status = "500"
            raise
        else:
            status = str(response.status_code)
        finally:
            route = template_of(request)
            requests.labels(method=request.method, route=route, status=status).inc()
            seconds = time.monotonic() - started
            durations.labels(method=request.method, route=route).observe(seconds)
        return response

    monitored(app, registry, measure)


@right("11.3.1")
def monitor(app, registry):
    """Let the histogram measure, and name its labels afterwards."""
    requests, durations = both_metrics(registry)

    @contextmanager
    def counted(request, seen):
        with durations.time() as timer:
            try:
                yield
            finally:
                route = template_of(request)
                requests.labels(request.method, route, seen["status"]).inc()
                timer.labels(request.method, route)

    @app.middleware("http")
    async def measure(request: Request, call_next):
        seen = {"status": 500}
        with counted(request, seen):
            response = await call_next(request)
            seen["status"] = response.status_code
        return response

    add_metrics_endpoint(app, registry)


@right("11.3.1")
def monitor(app, registry):
    """Write the middleware without Starlette's base class."""
    requests, durations = both_metrics(registry)

    class Measure:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            if scope["type"] != "http":
                await self.app(scope, receive, send)
                return
            status, started = 500, perf_counter()

            async def note(message):
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                await send(message)

            try:
                await self.app(scope, receive, note)
            finally:
                noted(StarletteRequest(scope), status, started, requests, durations)

    app.add_middleware(Measure)
    add_metrics_endpoint(app, registry)


@right("11.3.1")
def monitor(app, registry):
    """Note in both branches."""

    async def measure(request, call_next, requests, durations):
        started = perf_counter()
        try:
            response = await call_next(request)
        except BaseException:
            noted(request, 500, started, requests, durations)
            raise
        noted(request, response.status_code, started, requests, durations)
        return response

    monitored(app, registry, measure)


@wrong("11.3.1", caught_by="test_q1_the_exception_is_raised_again[4]")
def monitor(app, registry):
    """Raise a new exception of the same class."""

    async def measure(request, call_next, requests, durations):
        status, started = 500, perf_counter()
        try:
            response = await call_next(request)
            status = response.status_code
            return response
        except Exception as error:
            raise type(error)(*error.args) from error
        finally:
            noted(request, status, started, requests, durations)

    monitored(app, registry, measure)


def rentals(log, docks, bind, begin, failed, done):
    """Return the application, with these four answers in it."""
    app = FastAPI()
    numbers = count(1)

    @app.middleware("http")
    async def call(request: Request, call_next):
        bind(request)
        return await call_next(request)

    @app.post("/stations/{station}/rides")
    async def start_ride(station: str, bike: int) -> dict[str, int]:
        await docks.check(bike)
        ride = next(numbers)
        begin(ride)
        try:
            await docks.unlock(bike)
        except LockError as error:
            failed(station, bike, error)
            raise HTTPException(503, "The dock does not open.") from error
        done(station, bike)
        return {"ride": ride}

    return app


def bind_id(request):
    """Bind the ID as the solution does it."""
    clear_contextvars()
    bind_contextvars(request_id=request.headers["X-Request-ID"])


def bind_ride(ride):
    """Bind the ride as the solution does it."""
    bind_contextvars(ride=ride)


def log_failure(log):
    """Return a function that logs a failure as the solution does it."""

    def failed(station, bike, error):
        kind = type(error).__name__
        log.error("unlock_failed", station=station, bike=bike, error=kind)

    return failed


def log_ride(log):
    """Return a function that logs a ride as the solution does it."""

    def done(station, bike):
        log.info("ride_started", station=station, bike=bike)

    return done


@wrong("11.3.2", caught_by="test_q2_a_program_can_count_the_failures_of_a_station[5]")
def rides_app(log, docks):
    """Leave the sentences."""

    def failed(station, bike, error):
        log.info(f"Bike {bike} at {station} was not unlocked: {error!r}")

    def done(station, bike):
        log.info(f"A ride with bike {bike} has started at {station}.")

    return rentals(log, docks, bind_id, bind_ride, failed, done)


@wrong(
    "11.3.2",
    caught_by="test_q2_a_failure_is_one_event_with_fields[Harbour-40-DockJammed]",
)
def rides_app(log, docks):
    """Log the sentence as well."""

    def failed(station, bike, error):
        log.info(f"Bike {bike} at {station} was not unlocked: {error!r}")
        log_failure(log)(station, bike, error)

    return rentals(log, docks, bind_id, bind_ride, failed, log_ride(log))


@wrong("11.3.2", caught_by="test_q2_a_program_can_count_the_failures_of_a_station[5]")
def rides_app(log, docks):
    """Log the text of the exception."""

    def failed(station, bike, error):
        log.error("unlock_failed", station=station, bike=bike, error=str(error))

    return rentals(log, docks, bind_id, bind_ride, failed, log_ride(log))


@wrong("11.3.2", caught_by="test_q2_a_program_can_count_the_failures_of_a_station[5]")
def rides_app(log, docks):
    """Log the exception itself."""

    def failed(station, bike, error):
        log.error("unlock_failed", station=station, bike=bike, error=repr(error))

    return rentals(log, docks, bind_id, bind_ride, failed, log_ride(log))


@wrong("11.3.2", caught_by="test_q2_a_program_can_count_the_failures_of_a_station[5]")
def rides_app(log, docks):
    """Log the class with its module, as `str` shows it."""

    def failed(station, bike, error):
        log.error("unlock_failed", station=station, bike=bike, error=str(type(error)))

    return rentals(log, docks, bind_id, bind_ride, failed, log_ride(log))


@wrong("11.3.2", caught_by="test_q2_a_program_can_count_the_failures_of_a_station[5]")
def rides_app(log, docks):
    """Log the name of the class that is caught."""

    def failed(station, bike, error):
        log.error("unlock_failed", station=station, bike=bike, error="LockError")

    return rentals(log, docks, bind_id, bind_ride, failed, log_ride(log))


@wrong("11.3.2", caught_by="test_q2_a_program_can_count_the_failures_of_a_station[5]")
def rides_app(log, docks):
    """Log the traceback only."""

    def failed(station, bike, error):
        log.exception("unlock_failed", station=station, bike=bike)

    return rentals(log, docks, bind_id, bind_ride, failed, log_ride(log))


@wrong(
    "11.3.2",
    caught_by="test_q2_a_failure_is_one_event_with_fields[Harbour-40-DockJammed]",
)
def rides_app(log, docks):
    """Log a warning."""

    def failed(station, bike, error):
        kind = type(error).__name__
        log.warning("unlock_failed", station=station, bike=bike, error=kind)

    return rentals(log, docks, bind_id, bind_ride, failed, log_ride(log))


@wrong(
    "11.3.2",
    caught_by="test_q2_a_failure_is_one_event_with_fields[Harbour-40-DockJammed]",
)
def rides_app(log, docks):
    """Keep the level info."""

    def failed(station, bike, error):
        kind = type(error).__name__
        log.info("unlock_failed", station=station, bike=bike, error=kind)

    return rentals(log, docks, bind_id, bind_ride, failed, log_ride(log))


@wrong(
    "11.3.2",
    caught_by="test_q2_a_failure_is_one_event_with_fields[Harbour-40-DockJammed]",
)
def rides_app(log, docks):
    """Leave out the bike of a failure."""

    def failed(station, bike, error):
        log.error("unlock_failed", station=station, error=type(error).__name__)

    return rentals(log, docks, bind_id, bind_ride, failed, log_ride(log))


@wrong("11.3.2", caught_by="test_q2_a_ride_is_one_event_with_fields[Harbour-7]")
def rides_app(log, docks):
    """Log the bike as a text."""

    def done(station, bike):
        log.info("ride_started", station=station, bike=f"{bike}")

    return rentals(log, docks, bind_id, bind_ride, log_failure(log), done)


@wrong("11.3.2", caught_by="test_q2_a_ride_is_one_event_with_fields[Harbour-7]")
def rides_app(log, docks):
    """Leave out the station."""

    def done(station, bike):
        log.info("ride_started", bike=bike)

    return rentals(log, docks, bind_id, bind_ride, log_failure(log), done)


@wrong("11.3.2", caught_by="test_q2_a_ride_is_one_event_with_fields[Harbour-7]")
def rides_app(log, docks):
    """Put all values into one field."""

    def done(station, bike):
        log.info("ride_started", ride={"station": station, "bike": bike})

    return rentals(log, docks, bind_id, bind_ride, log_failure(log), done)


@wrong("11.3.2", caught_by="test_q2_a_ride_is_one_event_with_fields[Harbour-7]")
def rides_app(log, docks):
    """Log the start at the level debug."""

    def done(station, bike):
        log.debug("ride_started", station=station, bike=bike)

    return rentals(log, docks, bind_id, bind_ride, log_failure(log), done)


@wrong(
    "11.3.2",
    caught_by="test_q2_a_failure_is_one_event_with_fields[Harbour-40-DockJammed]",
)
def rides_app(log, docks):
    """Log the start of the ride before the dock has opened."""
    app = FastAPI()
    numbers = count(1)

    @app.middleware("http")
    async def bind(request: Request, call_next):
        bind_id(request)
        return await call_next(request)

    @app.post("/stations/{station}/rides")
    async def start_ride(station: str, bike: int):
        await docks.check(bike)
        ride = next(numbers)
        bind_contextvars(ride=ride)
        log.info("ride_started", station=station, bike=bike)
        try:
            await docks.unlock(bike)
        except LockError as error:
            log_failure(log)(station, bike, error)
            raise HTTPException(503, "The dock does not open.") from error
        return {"ride": ride}

    return app


@wrong("11.3.2", caught_by="test_q2_each_line_has_the_request_id[ride]")
def rides_app(log, docks):
    """Bind no request ID."""
    return rentals(
        log, docks, lambda request: None, bind_ride, log_failure(log), log_ride(log)
    )


@wrong("11.3.2", caught_by="test_q2_each_line_has_the_request_id[ride]")
def rides_app(log, docks):
    """Invent an ID."""

    def bind(request):
        bind_contextvars(request_id=uuid.uuid4().hex)

    return rentals(log, docks, bind, bind_ride, log_failure(log), log_ride(log))


@wrong("11.3.2", caught_by="test_q2_each_line_has_the_request_id[ride]")
def rides_app(log, docks):
    """Give the field another name."""

    def bind(request):
        bind_contextvars(request=request.headers["X-Request-ID"])

    return rentals(log, docks, bind, bind_ride, log_failure(log), log_ride(log))


@wrong("11.3.2", caught_by="test_q2_each_line_has_the_request_id[ride]")
def rides_app(log, docks):
    """Pass the ID to the own events, and not to those of the docks."""
    app = FastAPI()
    numbers = count(1)

    @app.post("/stations/{station}/rides")
    async def start_ride(request: Request, station: str, bike: int):
        own = log.bind(request_id=request.headers["X-Request-ID"])
        await docks.check(bike)
        ride = next(numbers)
        own = own.bind(ride=ride)
        try:
            await docks.unlock(bike)
        except LockError as error:
            log_failure(own)(station, bike, error)
            raise HTTPException(503, "The dock does not open.") from error
        log_ride(own)(station, bike)
        return {"ride": ride}

    return app


@wrong("11.3.2", caught_by="test_q2_each_line_has_the_request_id[ride]")
def rides_app(log, docks):
    """Bind the ID in a `def` dependency, which runs in a context of its own."""
    app = FastAPI()
    numbers = count(1)

    def bind(request: Request):
        bind_id(request)

    @app.post("/stations/{station}/rides", dependencies=[Depends(bind)])
    async def start_ride(station: str, bike: int):
        await docks.check(bike)
        ride = next(numbers)
        bind_contextvars(ride=ride)
        try:
            await docks.unlock(bike)
        except LockError as error:
            log_failure(log)(station, bike, error)
            raise HTTPException(503, "The dock does not open.") from error
        log_ride(log)(station, bike)
        return {"ride": ride}

    return app


@wrong(
    "11.3.2",
    caught_by="test_q2_each_line_has_the_ride_as_soon_as_it_has_a_number[ride]",
)
def rides_app(log, docks):
    """Bind no ride."""
    return rentals(
        log, docks, bind_id, lambda ride: None, log_failure(log), log_ride(log)
    )


@wrong(
    "11.3.2",
    caught_by="test_q2_each_line_has_the_ride_as_soon_as_it_has_a_number[ride]",
)
def rides_app(log, docks):
    """Write the ride into the own event only."""
    app = FastAPI()
    numbers = count(1)

    @app.middleware("http")
    async def bind(request: Request, call_next):
        bind_id(request)
        return await call_next(request)

    @app.post("/stations/{station}/rides")
    async def start_ride(station: str, bike: int):
        await docks.check(bike)
        ride = next(numbers)
        try:
            await docks.unlock(bike)
        except LockError as error:
            log_failure(log.bind(ride=ride))(station, bike, error)
            raise HTTPException(503, "The dock does not open.") from error
        log.info("ride_started", ride=ride, station=station, bike=bike)
        return {"ride": ride}

    return app


@wrong(
    "11.3.2",
    caught_by="test_q2_each_line_has_the_ride_as_soon_as_it_has_a_number[failure]",
)
def rides_app(log, docks):
    """Bind the ride when it has started, and not before it can fail."""
    app = FastAPI()
    numbers = count(1)

    @app.middleware("http")
    async def bind(request: Request, call_next):
        bind_id(request)
        return await call_next(request)

    @app.post("/stations/{station}/rides")
    async def start_ride(station: str, bike: int):
        await docks.check(bike)
        ride = next(numbers)
        try:
            await docks.unlock(bike)
        except LockError as error:
            log_failure(log)(station, bike, error)
            raise HTTPException(503, "The dock does not open.") from error
        bind_contextvars(ride=ride)
        log_ride(log)(station, bike)
        return {"ride": ride}

    return app


@wrong(
    "11.3.2",
    caught_by="test_q2_each_line_has_the_ride_as_soon_as_it_has_a_number[ride]",
)
def rides_app(log, docks):
    """Bind the ride as a text."""
    return rentals(
        log,
        docks,
        bind_id,
        lambda ride: bind_contextvars(ride=f"{ride}"),
        log_failure(log),
        log_ride(log),
    )


@wrong(
    "11.3.2",
    caught_by="test_q2_each_line_has_the_ride_as_soon_as_it_has_a_number[ride]",
)
def rides_app(log, docks):
    """Bind the ride during the unlocking only."""
    app = FastAPI()
    numbers = count(1)

    @app.middleware("http")
    async def bind(request: Request, call_next):
        bind_id(request)
        return await call_next(request)

    @app.post("/stations/{station}/rides")
    async def start_ride(station: str, bike: int):
        await docks.check(bike)
        ride = next(numbers)
        try:
            with bound_contextvars(ride=ride):
                await docks.unlock(bike)
        except LockError as error:
            log_failure(log)(station, bike, error)
            raise HTTPException(503, "The dock does not open.") from error
        log_ride(log)(station, bike)
        return {"ride": ride}

    return app


@wrong("11.3.2", caught_by="test_q2_requests_at_the_same_time_have_their_own_fields")
def rides_app(log, docks):
    """Bind the values to the logger of the docks, which all requests share."""

    def bind(request):
        docks.log = log.bind(request_id=request.headers["X-Request-ID"])

    def begin(ride):
        docks.log = docks.log.bind(ride=ride)

    def failed(station, bike, error):
        log_failure(docks.log)(station, bike, error)

    def done(station, bike):
        log_ride(docks.log)(station, bike)

    return rentals(log, docks, bind, begin, failed, done)


@wrong(
    "11.3.2",
    caught_by="test_q2_each_line_has_the_ride_as_soon_as_it_has_a_number[ride]",
)
def rides_app(log, docks):
    """Bind the values to the logger of the docks, and never remove the ride."""

    def bind(request):
        docks.log = docks.log.bind(request_id=request.headers["X-Request-ID"])

    def begin(ride):
        docks.log = docks.log.bind(ride=ride)

    def failed(station, bike, error):
        log_failure(docks.log)(station, bike, error)

    def done(station, bike):
        log_ride(docks.log)(station, bike)

    return rentals(log, docks, bind, begin, failed, done)


@wrong("11.3.2", caught_by="test_q2_requests_at_the_same_time_have_their_own_fields")
def rides_app(log, docks):
    """Add a processor that reads one dict for all requests."""
    current = {}

    def bind(request):
        current.clear()
        current["request_id"] = request.headers["X-Request-ID"]

    def begin(ride):
        current["ride"] = ride

    class Shared:
        def __getattr__(self, level):
            return lambda event, **named: getattr(log, level)(
                event, **(current | named)
            )

    docks.log = Shared()
    failed, done = log_failure(docks.log), log_ride(docks.log)
    return rentals(log, docks, bind, begin, failed, done)


@wrong("11.3.2", caught_by="test_q2_requests_at_the_same_time_have_their_own_fields")
def rides_app(log, docks):
    """Let one request wait for the other."""
    lock = asyncio.Lock()
    app = rentals(log, docks, bind_id, bind_ride, log_failure(log), log_ride(log))

    @app.middleware("http")
    async def wait(request: Request, call_next):
        async with lock:
            return await call_next(request)

    return app


@wrong("11.3.2", caught_by="test_q2_another_exception_is_not_a_failed_unlock")
def rides_app(log, docks):
    """Catch every exception."""
    app = FastAPI()
    numbers = count(1)

    @app.middleware("http")
    async def bind(request: Request, call_next):
        bind_id(request)
        return await call_next(request)

    @app.post("/stations/{station}/rides")
    async def start_ride(station: str, bike: int):
        await docks.check(bike)
        ride = next(numbers)
        bind_contextvars(ride=ride)
        try:
            await docks.unlock(bike)
        except Exception as error:
            log_failure(log)(station, bike, error)
            raise HTTPException(503, "The dock does not open.") from error
        log_ride(log)(station, bike)
        return {"ride": ride}

    return app


@wrong("11.3.2", caught_by="test_q2_each_line_has_the_request_id[ride]")
def rides_app(log, docks):
    """Bind the ID in lower case."""

    def bind(request):
        bind_contextvars(request_id=request.headers["X-Request-ID"].lower())

    return rentals(log, docks, bind, bind_ride, log_failure(log), log_ride(log))


@wrong(
    "11.3.2",
    caught_by="test_q2_a_failure_is_one_event_with_fields[Harbour-40-DockJammed]",
)
def rides_app(log, docks):
    """Send the text of the exception to the client."""
    app = FastAPI()
    numbers = count(1)

    @app.post("/stations/{station}/rides")
    async def start_ride(request: Request, station: str, bike: int):
        bind_id(request)
        await docks.check(bike)
        ride = next(numbers)
        bind_ride(ride)
        try:
            await docks.unlock(bike)
        except LockError as error:
            log_failure(log)(station, bike, error)
            raise HTTPException(503, str(error)) from error
        log_ride(log)(station, bike)
        return {"ride": ride}

    return app


@wrong("11.3.2", caught_by="test_q2_each_line_has_the_request_id[failure]")
def rides_app(log, docks):
    """Bind the ID together with the ride."""
    app = FastAPI()
    numbers = count(1)

    @app.post("/stations/{station}/rides")
    async def start_ride(request: Request, station: str, bike: int):
        await docks.check(bike)
        ride = next(numbers)
        bind_id(request)
        bind_ride(ride)
        try:
            await docks.unlock(bike)
        except LockError as error:
            log_failure(log)(station, bike, error)
            raise HTTPException(503, "The dock does not open.") from error
        log_ride(log)(station, bike)
        return {"ride": ride}

    return app


@wrong("11.3.2", caught_by="test_q2_a_request_that_fails_before_takes_no_number")
def rides_app(log, docks):
    """Take the number in the middleware, and bind both there."""
    numbers = itertools.count(1)

    def bind(request):
        bind_id(request)
        bind_ride(next(numbers))

    app = FastAPI()

    @app.middleware("http")
    async def bind_both(request: Request, call_next):
        bind(request)
        return await call_next(request)

    @app.post("/stations/{station}/rides")
    async def start_ride(station: str, bike: int) -> dict[str, int]:
        await docks.check(bike)
        try:
            await docks.unlock(bike)
        except LockError as error:
            log_failure(log)(station, bike, error)
            raise HTTPException(503, "The dock does not open.") from error
        log_ride(log)(station, bike)
        return {"ride": structlog.contextvars.get_contextvars()["ride"]}

    return app


@wrong("11.3.2", caught_by="test_q2_a_request_that_fails_before_takes_no_number")
def rides_app(log, docks):
    """Handle the exceptions of the check as well."""
    app = FastAPI()
    numbers = count(1)

    @app.middleware("http")
    async def bind(request: Request, call_next):
        bind_id(request)
        return await call_next(request)

    @app.post("/stations/{station}/rides")
    async def start_ride(station: str, bike: int) -> dict[str, int]:
        try:
            await docks.check(bike)
            ride = next(numbers)
            bind_ride(ride)
            await docks.unlock(bike)
        except LockError as error:
            log_failure(log)(station, bike, error)
            raise HTTPException(503, "The dock does not open.") from error
        log_ride(log)(station, bike)
        return {"ride": ride}

    return app


@wrong("11.3.2", caught_by="test_q2_a_ride_is_one_event_with_fields[Harbour-7]")
def rides_app(log, docks):
    """Send the ID to the client as well."""
    app = rentals(log, docks, bind_id, bind_ride, log_failure(log), log_ride(log))

    @app.middleware("http")
    async def add_header(request: Request, call_next):
        response = await call_next(request)
        response.headers["X-Request-ID"] = request.headers["X-Request-ID"]
        return response

    return app


@wrong("11.3.2", caught_by="test_q2_a_ride_is_one_event_with_fields[Harbour-7]")
def rides_app(log, docks):
    """Log the end of each request as well."""
    app = rentals(log, docks, bind_id, bind_ride, log_failure(log), log_ride(log))

    @app.middleware("http")
    async def log_end(request: Request, call_next):
        response = await call_next(request)
        bind_id(request)
        log.info("request_finished", status=response.status_code)
        return response

    return app


@right("11.3.2")
def rides_app(log, docks):
    """Bind the ID at the beginning of the endpoint."""
    app = FastAPI()
    numbers = count(1)

    @app.post("/stations/{station}/rides")
    async def start_ride(request: Request, station: str, bike: int):
        bind_id(request)
        await docks.check(bike)
        ride = next(numbers)
        bind_ride(ride)
        try:
            await docks.unlock(bike)
        except LockError as error:
            log_failure(log)(station, bike, error)
            raise HTTPException(503, "The dock does not open.") from error
        log_ride(log)(station, bike)
        return {"ride": ride}

    return app


@right("11.3.2")
def rides_app(log, docks):
    """Bind for the time of a block, and log the traceback as well."""
    app = FastAPI()
    numbers = count(1)

    @app.middleware("http")
    async def bind(request: Request, call_next):
        with bound_contextvars(request_id=request.headers["x-request-id"]):
            return await call_next(request)

    @app.post("/stations/{station}/rides")
    async def start_ride(station: str, bike: int) -> dict[str, int]:
        await docks.check(bike)
        ride = next(numbers)
        with bound_contextvars(ride=ride):
            try:
                await docks.unlock(bike)
            except LockError as error:
                log.exception(
                    "unlock_failed",
                    station=station,
                    bike=bike,
                    error=error.__class__.__qualname__,
                )
                raise HTTPException(503, "The dock does not open.") from error
            log.info("ride_started", station=station, bike=bike)
        return {"ride": ride}

    return app


@right("11.3.2")
def rides_app(log, docks):
    """Bind in an `async def` dependency, and bind the station and the bike there."""
    app = FastAPI()
    numbers = count(1)

    async def bind(request: Request):
        clear_contextvars()
        bind_contextvars(request_id=request.headers["X-Request-ID"])

    @app.post("/stations/{station}/rides", dependencies=[Depends(bind)])
    async def start_ride(station: str, bike: int):
        bind_contextvars(station=station)
        await docks.check(bike)
        ride = next(numbers)
        bind_contextvars(bike=bike, ride=ride)
        try:
            await docks.unlock(bike)
        except LockError as error:
            log.error("unlock_failed", error=type(error).__name__, reason=str(error))
            raise HTTPException(503, "The dock does not open.") from error
        log.info("ride_started")
        return {"ride": ride}

    return app


@right("11.3.2")
def rides_app(log, docks):
    """Give the docks a logger that reads a context variable."""
    current = ContextVar("current", default={})  # noqa: B039

    def bind(request):
        current.set({"request_id": request.headers["X-Request-ID"]})

    def begin(ride):
        current.set({**current.get(), "ride": ride})

    class Own:
        def __getattr__(self, level):
            return lambda event, **named: getattr(log, level)(
                event, **current.get(), **named
            )

    docks.log = Own()
    failed, done = log_failure(docks.log), log_ride(docks.log)
    return rentals(log, docks, bind, begin, failed, done)


@right("11.3.2")
def rides_app(log, docks):
    """Write the middleware without Starlette's base class."""
    app = FastAPI()
    numbers = count(1)

    class Bind:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            if scope["type"] == "http":
                bind_id(StarletteRequest(scope))
            await self.app(scope, receive, send)

    app.add_middleware(Bind)

    @app.post("/stations/{station}/rides")
    async def start_ride(station: str, bike: int):
        events = log.bind(station=station, bike=bike)
        await docks.check(bike)
        bind_contextvars(ride=(ride := next(numbers)))
        try:
            await docks.unlock(bike)
        except LockError as error:
            events.error("unlock_failed", error=type(error).__name__)
            raise HTTPException(503, "The dock does not open.") from error
        events.info("ride_started")
        return {"ride": ride}

    return app


def traced(provider, pricing, read):
    """Return an application whose request span is made by FastAPI."""
    app = FastAPI(telemetry={"tracer_provider": provider})
    tracer = provider.get_tracer("rides")

    @app.get("/rides/{ride}/price")
    async def read_price(ride: int) -> dict[str, int]:
        return {"cents": await read(tracer, ride)}

    return app


async def ask(pricing, minutes):
    """Ask for a price as the solution does it, in the current span."""
    headers = {}
    propagate.inject(headers)
    response = await pricing.get(
        "/prices", params={"minutes": minutes}, headers=headers
    )
    response.raise_for_status()
    return response.json()["cents"]


@wrong(
    "11.3.3", caught_by="test_q3_each_application_sends_its_spans_to_its_own_provider"
)
def prices_app(provider, pricing):
    """Set the global provider, and let everything find it there."""
    trace.set_tracer_provider(provider)
    app = FastAPI()
    tracer = trace.get_tracer("rides")

    @app.get("/rides/{ride}/price")
    async def read_price(ride: int) -> dict[str, int]:
        with tracer.start_as_current_span("load minutes", attributes={"ride": ride}):
            minutes = await load_minutes(ride)
        query = {"minutes": minutes}
        with tracer.start_as_current_span("ask pricing", attributes=query):
            return {"cents": await ask(pricing, minutes)}

    return app


@wrong(
    "11.3.3", caught_by="test_q3_each_application_sends_its_spans_to_its_own_provider"
)
def prices_app(provider, pricing):
    """Set the global provider as well."""
    trace.set_tracer_provider(provider)

    async def read(tracer, ride):
        with tracer.start_as_current_span("load minutes", attributes={"ride": ride}):
            minutes = await load_minutes(ride)
        query = {"minutes": minutes}
        with tracer.start_as_current_span("ask pricing", attributes=query):
            return await ask(pricing, minutes)

    return traced(provider, pricing, read)


@wrong("11.3.3", caught_by="test_q3_each_part_has_its_attribute[7]")
def prices_app(provider, pricing):
    """Take the tracer of the global provider, which records nothing."""

    async def read(tracer, ride):
        tracer = trace.get_tracer("rides")
        with tracer.start_as_current_span("load minutes", attributes={"ride": ride}):
            minutes = await load_minutes(ride)
        query = {"minutes": minutes}
        with tracer.start_as_current_span("ask pricing", attributes=query):
            return await ask(pricing, minutes)

    return traced(provider, pricing, read)


@wrong("11.3.3", caught_by="test_q3_the_request_has_a_span[7]")
def prices_app(provider, pricing):
    """Do not tell FastAPI the provider."""
    app = FastAPI()
    tracer = provider.get_tracer("rides")

    @app.get("/rides/{ride}/price")
    async def read_price(ride: int) -> dict[str, int]:
        with tracer.start_as_current_span("load minutes", attributes={"ride": ride}):
            minutes = await load_minutes(ride)
        query = {"minutes": minutes}
        with tracer.start_as_current_span("ask pricing", attributes=query):
            return {"cents": await ask(pricing, minutes)}

    return app


@wrong(
    "11.3.3",
    caught_by="test_q3_the_trace_of_the_caller_is_continued[0af7651916cd43dd8448eb211c80319c]",
)
def prices_app(provider, pricing):
    """Make the request's span in the endpoint, without the caller's trace."""
    app = FastAPI()
    tracer = provider.get_tracer("rides")

    @app.get("/rides/{ride}/price")
    async def read_price(ride: int) -> dict[str, int]:
        name = "GET /rides/{ride}/price"
        with tracer.start_as_current_span(name, kind=SpanKind.SERVER):
            start = tracer.start_as_current_span
            with start("load minutes", attributes={"ride": ride}):
                minutes = await load_minutes(ride)
            with start("ask pricing", attributes={"minutes": minutes}):
                return {"cents": await ask(pricing, minutes)}

    return app


@wrong("11.3.3", caught_by="test_q3_the_request_has_a_span[7]")
def prices_app(provider, pricing):
    """Turn the spans of FastAPI off."""
    app = FastAPI(telemetry={"tracer_provider": provider, "tracing": False})
    tracer = provider.get_tracer("rides")

    @app.get("/rides/{ride}/price")
    async def read_price(ride: int) -> dict[str, int]:
        with tracer.start_as_current_span("load minutes", attributes={"ride": ride}):
            minutes = await load_minutes(ride)
        query = {"minutes": minutes}
        with tracer.start_as_current_span("ask pricing", attributes=query):
            return {"cents": await ask(pricing, minutes)}

    return app


@wrong(
    "11.3.3", caught_by="test_q3_each_application_sends_its_spans_to_its_own_provider"
)
def prices_app(provider, pricing):
    """Make a provider of one's own."""

    async def read(tracer, ride):
        with tracer.start_as_current_span("load minutes", attributes={"ride": ride}):
            minutes = await load_minutes(ride)
        query = {"minutes": minutes}
        with tracer.start_as_current_span("ask pricing", attributes=query):
            return await ask(pricing, minutes)

    return traced(TracerProvider(shutdown_on_exit=False), pricing, read)


@wrong("11.3.3", caught_by="test_q3_each_part_has_its_attribute[7]")
def prices_app(provider, pricing):
    """Write the number of the ride into both spans."""

    async def read(tracer, ride):
        with tracer.start_as_current_span("load minutes", attributes={"ride": ride}):
            minutes = await load_minutes(ride)
        query = {"minutes": ride}
        with tracer.start_as_current_span("ask pricing", attributes=query):
            return await ask(pricing, minutes)

    return traced(provider, pricing, read)


@wrong(
    "11.3.3",
    caught_by="test_q3_each_part_is_inside_of_the_span_of_the_request[load minutes]",
)
def prices_app(provider, pricing):
    """Begin the spans in an empty context."""
    from opentelemetry.context import Context

    async def read(tracer, ride):
        start = tracer.start_as_current_span
        with start("load minutes", context=Context(), attributes={"ride": ride}):
            minutes = await load_minutes(ride)
        with start("ask pricing", context=Context(), attributes={"minutes": minutes}):
            return await ask(pricing, minutes)

    return traced(provider, pricing, read)


@wrong(
    "11.3.3",
    caught_by="test_q3_each_part_is_inside_of_the_span_of_the_request[ask pricing]",
)
def prices_app(provider, pricing):
    """Put one span inside of the other."""

    async def read(tracer, ride):
        start = tracer.start_as_current_span
        with start("load minutes", attributes={"ride": ride}):
            minutes = await load_minutes(ride)
            with start("ask pricing", attributes={"minutes": minutes}):
                return await ask(pricing, minutes)

    return traced(provider, pricing, read)


@wrong("11.3.3", caught_by="test_q3_load_minutes_runs_inside_of_its_span")
def prices_app(provider, pricing):
    """Await the minutes after their span."""

    async def read(tracer, ride):
        with tracer.start_as_current_span("load minutes", attributes={"ride": ride}):
            loading = load_minutes(ride)
        minutes = await loading
        query = {"minutes": minutes}
        with tracer.start_as_current_span("ask pricing", attributes=query):
            return await ask(pricing, minutes)

    return traced(provider, pricing, read)


@wrong("11.3.3", caught_by="test_q3_load_minutes_runs_inside_of_its_span")
def prices_app(provider, pricing):
    """Make the span when the minutes are there."""

    async def read(tracer, ride):
        minutes = await load_minutes(ride)
        with tracer.start_as_current_span("load minutes", attributes={"ride": ride}):
            query = {"minutes": minutes}
        with tracer.start_as_current_span("ask pricing", attributes=query):
            return await ask(pricing, minutes)

    return traced(provider, pricing, read)


@wrong("11.3.3", caught_by="test_q3_load_minutes_runs_inside_of_its_span")
def prices_app(provider, pricing):
    """Never end the first span."""

    async def read(tracer, ride):
        tracer.start_span("load minutes", attributes={"ride": ride})
        minutes = await load_minutes(ride)
        query = {"minutes": minutes}
        with tracer.start_as_current_span("ask pricing", attributes=query):
            return await ask(pricing, minutes)

    return traced(provider, pricing, read)


@wrong("11.3.3", caught_by="test_q3_pricing_receives_its_span_as_the_parent[7]")
def prices_app(provider, pricing):
    """Make the header before the span begins."""

    async def read(tracer, ride):
        headers = {}
        propagate.inject(headers)
        with tracer.start_as_current_span("load minutes", attributes={"ride": ride}):
            minutes = await load_minutes(ride)
        query = {"minutes": minutes}
        with tracer.start_as_current_span("ask pricing", attributes=query):
            response = await pricing.get("/prices", params=query, headers=headers)
            response.raise_for_status()
        return response.json()["cents"]

    return traced(provider, pricing, read)


@wrong("11.3.3", caught_by="test_q3_pricing_receives_its_span_as_the_parent[7]")
def prices_app(provider, pricing):
    """Send no header."""

    async def read(tracer, ride):
        with tracer.start_as_current_span("load minutes", attributes={"ride": ride}):
            minutes = await load_minutes(ride)
        query = {"minutes": minutes}
        with tracer.start_as_current_span("ask pricing", attributes=query):
            response = await pricing.get("/prices", params=query)
            response.raise_for_status()
        return response.json()["cents"]

    return traced(provider, pricing, read)


@wrong("11.3.3", caught_by="test_q3_pricing_receives_its_span_as_the_parent[7]")
def prices_app(provider, pricing):
    """Pass the caller's header on as it is."""
    app = FastAPI(telemetry={"tracer_provider": provider})
    tracer = provider.get_tracer("rides")

    @app.get("/rides/{ride}/price")
    async def read_price(request: Request, ride: int) -> dict[str, int]:
        with tracer.start_as_current_span("load minutes", attributes={"ride": ride}):
            minutes = await load_minutes(ride)
        query = {"minutes": minutes}
        headers = {"traceparent": request.headers.get("traceparent", "")}
        with tracer.start_as_current_span("ask pricing", attributes=query):
            response = await pricing.get("/prices", params=query, headers=headers)
            response.raise_for_status()
        return {"cents": response.json()["cents"]}

    return app


@wrong("11.3.3", caught_by="test_q3_pricing_receives_its_span_as_the_parent[7]")
def prices_app(provider, pricing):
    """Start the span without making it the current one."""

    async def read(tracer, ride):
        with tracer.start_as_current_span("load minutes", attributes={"ride": ride}):
            minutes = await load_minutes(ride)
        span = tracer.start_span("ask pricing", attributes={"minutes": minutes})
        try:
            return await ask(pricing, minutes)
        except Exception as error:
            span.record_exception(error)
            span.set_status(StatusCode.ERROR)
            raise
        finally:
            span.end()

    return traced(provider, pricing, read)


@wrong("11.3.3", caught_by="test_q3_a_failure_of_pricing_is_in_its_span[500]")
def prices_app(provider, pricing):
    """Check the status of the response after the span."""

    async def read(tracer, ride):
        with tracer.start_as_current_span("load minutes", attributes={"ride": ride}):
            minutes = await load_minutes(ride)
        query = {"minutes": minutes}
        with tracer.start_as_current_span("ask pricing", attributes=query):
            headers = {}
            propagate.inject(headers)
            response = await pricing.get("/prices", params=query, headers=headers)
        response.raise_for_status()
        return response.json()["cents"]

    return traced(provider, pricing, read)


@wrong("11.3.3", caught_by="test_q3_a_failure_of_pricing_is_in_its_span[500]")
def prices_app(provider, pricing):
    """Forget to check the status of the response."""

    async def read(tracer, ride):
        with tracer.start_as_current_span("load minutes", attributes={"ride": ride}):
            minutes = await load_minutes(ride)
        query = {"minutes": minutes}
        with tracer.start_as_current_span("ask pricing", attributes=query):
            headers = {}
            propagate.inject(headers)
            response = await pricing.get("/prices", params=query, headers=headers)
        return response.json()["cents"]

    return traced(provider, pricing, read)


@wrong(
    "11.3.3",
    caught_by="test_q3_a_failure_of_load_minutes_is_in_its_span[ConnectionError]",
)
def prices_app(provider, pricing):
    """End the first span by hand, also after an exception, and record nothing."""

    async def read(tracer, ride):
        span = tracer.start_span("load minutes", attributes={"ride": ride})
        try:
            minutes = await load_minutes(ride)
        finally:
            span.end()
        query = {"minutes": minutes}
        with tracer.start_as_current_span("ask pricing", attributes=query):
            return await ask(pricing, minutes)

    return traced(provider, pricing, read)


@wrong(
    "11.3.3",
    caught_by="test_q3_a_failure_of_load_minutes_is_in_its_span[ConnectionError]",
)
def prices_app(provider, pricing):
    """Record the exception of the first part without the status."""

    async def read(tracer, ride):
        start = tracer.start_as_current_span
        with start(
            "load minutes", attributes={"ride": ride}, set_status_on_exception=False
        ):
            minutes = await load_minutes(ride)
        with start("ask pricing", attributes={"minutes": minutes}):
            return await ask(pricing, minutes)

    return traced(provider, pricing, read)


@wrong("11.3.3", caught_by="test_q3_a_failure_of_pricing_is_in_its_span[500]")
def prices_app(provider, pricing):
    """Set the status of the second part without the exception."""

    async def read(tracer, ride):
        start = tracer.start_as_current_span
        with start("load minutes", attributes={"ride": ride}):
            minutes = await load_minutes(ride)
        query = {"minutes": minutes}
        with start("ask pricing", attributes=query, record_exception=False):
            return await ask(pricing, minutes)

    return traced(provider, pricing, read)


@wrong("11.3.3", caught_by="test_q3_a_failure_of_pricing_is_in_its_span[500]")
def prices_app(provider, pricing):
    """Return 502 instead of the exception."""

    async def read(tracer, ride):
        with tracer.start_as_current_span("load minutes", attributes={"ride": ride}):
            minutes = await load_minutes(ride)
        query = {"minutes": minutes}
        try:
            with tracer.start_as_current_span("ask pricing", attributes=query):
                return await ask(pricing, minutes)
        except httpx.HTTPError as error:
            raise HTTPException(502) from error

    return traced(provider, pricing, read)


@wrong("11.3.3", caught_by="test_q3_a_failure_of_pricing_is_in_its_span[500]")
def prices_app(provider, pricing):
    """Record the exceptions of the connection only."""

    async def read(tracer, ride):
        start = tracer.start_as_current_span
        with start("load minutes", attributes={"ride": ride}):
            minutes = await load_minutes(ride)
        query = {"minutes": minutes}
        with start(
            "ask pricing",
            attributes=query,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                return await ask(pricing, minutes)
            except httpx.TransportError as error:
                span.record_exception(error)
                span.set_status(StatusCode.ERROR)
                raise

    return traced(provider, pricing, read)


@wrong("11.3.3", caught_by="test_q3_each_part_has_its_attribute[7]")
def prices_app(provider, pricing):
    """Write the number of the ride as a text."""

    async def read(tracer, ride):
        start = tracer.start_as_current_span
        with start("load minutes", attributes={"ride": str(ride)}):
            minutes = await load_minutes(ride)
        with start("ask pricing", attributes={"minutes": minutes}):
            return await ask(pricing, minutes)

    return traced(provider, pricing, read)


@wrong("11.3.3", caught_by="test_q3_each_part_has_its_attribute[7]")
def prices_app(provider, pricing):
    """Write the attributes to the span around the parts."""

    async def read(tracer, ride):
        span = trace.get_current_span()
        span.set_attribute("ride", ride)
        with tracer.start_as_current_span("load minutes"):
            minutes = await load_minutes(ride)
        span.set_attribute("minutes", minutes)
        with tracer.start_as_current_span("ask pricing"):
            return await ask(pricing, minutes)

    return traced(provider, pricing, read)


@wrong("11.3.3", caught_by="test_q3_each_part_has_its_attribute[7]")
def prices_app(provider, pricing):
    """Write the number into the name of a span."""

    async def read(tracer, ride):
        with tracer.start_as_current_span(f"load minutes {ride}"):
            minutes = await load_minutes(ride)
        query = {"minutes": minutes}
        with tracer.start_as_current_span("ask pricing", attributes=query):
            return await ask(pricing, minutes)

    return traced(provider, pricing, read)


@wrong("11.3.3", caught_by="test_q3_requests_at_the_same_time_have_traces_of_their_own")
def prices_app(provider, pricing):
    """Keep the span of the request in the application."""
    kept = {}

    async def read(tracer, ride):
        kept["span"] = trace.get_current_span()
        start = tracer.start_as_current_span
        with start("load minutes", attributes={"ride": ride}):
            minutes = await load_minutes(ride)
        above = trace.set_span_in_context(kept["span"])
        with start("ask pricing", context=above, attributes={"minutes": minutes}):
            return await ask(pricing, minutes)

    return traced(provider, pricing, read)


@wrong(
    "11.3.3",
    caught_by="test_q3_a_failure_of_load_minutes_is_in_its_span[ConnectionError]",
)
def prices_app(provider, pricing):
    """Set the attribute when the minutes are there."""

    async def read(tracer, ride):
        with tracer.start_as_current_span("load minutes") as span:
            minutes = await load_minutes(ride)
            span.set_attribute("ride", ride)
        query = {"minutes": minutes}
        with tracer.start_as_current_span("ask pricing", attributes=query):
            return await ask(pricing, minutes)

    return traced(provider, pricing, read)


@wrong("11.3.3", caught_by="test_q3_requests_at_the_same_time_have_traces_of_their_own")
def prices_app(provider, pricing):
    """Make the header once, and keep it."""
    headers = {}

    async def read(tracer, ride):
        with tracer.start_as_current_span("load minutes", attributes={"ride": ride}):
            minutes = await load_minutes(ride)
        query = {"minutes": minutes}
        with tracer.start_as_current_span("ask pricing", attributes=query):
            if not headers:
                propagate.inject(headers)
            response = await pricing.get("/prices", params=query, headers=headers)
            response.raise_for_status()
        return response.json()["cents"]

    return traced(provider, pricing, read)


@wrong("11.3.3", caught_by="test_q3_pricing_receives_its_span_as_the_parent[7]")
def prices_app(provider, pricing):
    """Write the trace and the span in decimal digits."""

    async def read(tracer, ride):
        with tracer.start_as_current_span("load minutes", attributes={"ride": ride}):
            minutes = await load_minutes(ride)
        query = {"minutes": minutes}
        with tracer.start_as_current_span("ask pricing", attributes=query) as span:
            found = span.get_span_context()
            headers = {"traceparent": f"00-{found.trace_id}-{found.span_id}-01"}
            response = await pricing.get("/prices", params=query, headers=headers)
            response.raise_for_status()
        return response.json()["cents"]

    return traced(provider, pricing, read)


@wrong("11.3.3", caught_by="test_q3_other_requests_to_pricing_do_not_name_the_span")
def prices_app(provider, pricing):
    """Write the header into the client, which sends it with each request."""

    async def read(tracer, ride):
        with tracer.start_as_current_span("load minutes", attributes={"ride": ride}):
            minutes = await load_minutes(ride)
        query = {"minutes": minutes}
        with tracer.start_as_current_span("ask pricing", attributes=query):
            propagate.inject(pricing.headers)
            response = await pricing.get("/prices", params=query)
            response.raise_for_status()
        return response.json()["cents"]

    return traced(provider, pricing, read)


@wrong("11.3.3", caught_by="test_q3_other_requests_to_pricing_do_not_name_the_span")
def prices_app(provider, pricing):
    """Write the header into the client, and remove it afterwards."""

    async def read(tracer, ride):
        with tracer.start_as_current_span("load minutes", attributes={"ride": ride}):
            minutes = await load_minutes(ride)
        query = {"minutes": minutes}
        with tracer.start_as_current_span("ask pricing", attributes=query):
            propagate.inject(pricing.headers)
            try:
                response = await pricing.get("/prices", params=query)
            finally:
                pricing.headers.pop("traceparent", None)
            return response.raise_for_status().json()["cents"]

    return traced(provider, pricing, read)


@wrong("11.3.3", caught_by="test_q3_a_request_with_a_wrong_number_has_a_span_too")
def prices_app(provider, pricing):
    """Make the request's span in the endpoint, with the caller's trace."""
    app = FastAPI()
    tracer = provider.get_tracer("rides")

    @app.get("/rides/{ride}/price")
    async def read_price(request: Request, ride: int) -> dict[str, int]:
        start = tracer.start_as_current_span
        above = propagate.extract(request.headers)
        with start("GET /rides/{ride}/price", context=above, kind=SpanKind.SERVER):
            with start("load minutes", attributes={"ride": ride}):
                minutes = await load_minutes(ride)
            with start("ask pricing", attributes={"minutes": minutes}):
                return {"cents": await ask(pricing, minutes)}

    return app


@right("11.3.3")
def prices_app(provider, pricing):
    """Make the request's span in a middleware, with the caller's trace."""
    app = FastAPI()
    tracer = provider.get_tracer("rides")
    start = tracer.start_as_current_span

    @app.middleware("http")
    async def trace_request(request: Request, call_next):
        above = propagate.extract(request.headers)
        with start("GET /rides/{ride}/price", context=above, kind=SpanKind.SERVER):
            return await call_next(request)

    @app.get("/rides/{ride}/price")
    async def read_price(ride: int) -> dict[str, int]:
        with start("load minutes", attributes={"ride": ride}):
            minutes = await load_minutes(ride)
        with start("ask pricing", attributes={"minutes": minutes}):
            return {"cents": await ask(pricing, minutes)}

    return app


@right("11.3.3")
def prices_app(provider, pricing):
    """Record the exception by hand as well, and write the header in a hook."""
    tracer = trace.get_tracer("rides", tracer_provider=provider)

    async def add_header(request):
        propagate.inject(request.headers)

    pricing.event_hooks["request"].append(add_header)

    async def read(_, ride):
        with tracer.start_as_current_span("load minutes") as span:
            span.set_attribute("ride", ride)
            try:
                minutes = await load_minutes(ride)
            except Exception as error:
                span.record_exception(error)
                span.set_status(StatusCode.ERROR, "no minutes")
                raise
        query = {"minutes": minutes}
        with tracer.start_as_current_span("ask pricing", attributes=query):
            response = await pricing.get("/prices", params=query)
            response.raise_for_status()
        return response.json()["cents"]

    return traced(provider, pricing, read)


@right("11.3.3")
def prices_app(provider, pricing):
    """Decorate a function for each part, and set the attributes inside."""
    tracer = provider.get_tracer("rides", "1.0")

    @tracer.start_as_current_span("load minutes")
    async def load(ride):
        trace.get_current_span().set_attribute("ride", ride)
        return await load_minutes(ride)

    @tracer.start_as_current_span("ask pricing", kind=SpanKind.CLIENT)
    async def price(minutes):
        trace.get_current_span().set_attribute("minutes", minutes)
        return await ask(pricing, minutes)

    async def read(tracer, ride):
        return await price(await load(ride))

    return traced(provider, pricing, read)


@right("11.3.3")
def prices_app(provider, pricing):
    """Start, use and end the spans by hand, with a propagator of one's own."""

    async def read(tracer, ride):
        span = tracer.start_span("load minutes")
        with trace.use_span(span, end_on_exit=True):
            span.set_attributes({"ride": ride, "database": "rides"})
            minutes = await load_minutes(ride)
        span = tracer.start_span("ask pricing", attributes={"minutes": minutes})
        carrier = {}
        above = trace.set_span_in_context(span)
        TraceContextTextMapPropagator().inject(carrier, context=above)
        try:
            query = {"minutes": minutes}
            response = await pricing.get("/prices", params=query, headers=carrier)
            response.raise_for_status()
        except httpx.HTTPError as error:
            span.record_exception(error)
            span.set_status(StatusCode.ERROR, str(error))
            raise
        finally:
            span.end()
        return response.json()["cents"]

    return traced(provider, pricing, read)


@right("11.3.3")
def prices_app(provider, pricing):
    """Load the minutes in a dependency, without FastAPI's spans between."""
    app = FastAPI(
        telemetry={"tracer_provider": provider, "operation_spans": False, "logs": False}
    )
    tracer = provider.get_tracer("rides")

    async def loaded(ride: int) -> int:
        with tracer.start_as_current_span("load minutes", attributes={"ride": ride}):
            return await load_minutes(ride)

    @app.get("/rides/{ride}/price")
    async def read_price(minutes=Depends(loaded)) -> dict[str, int]:
        with tracer.start_as_current_span("ask pricing") as span:
            span.set_attribute("minutes", minutes)
            return {"cents": await ask(pricing, minutes)}

    return app


@right("11.3.3")
def prices_app(provider, pricing):
    """Write the header from the numbers of the span."""

    @contextmanager
    def part(tracer, name, **attributes):
        with tracer.start_as_current_span(name, attributes=attributes) as span:
            found = span.get_span_context()
            yield f"00-{found.trace_id:032x}-{found.span_id:016x}-01"

    async def read(tracer, ride):
        with part(tracer, "load minutes", ride=ride):
            minutes = await load_minutes(ride)
        with part(tracer, "ask pricing", minutes=minutes) as parent:
            response = await pricing.get(
                f"/prices?minutes={minutes}", headers={"traceparent": parent}
            )
            return response.raise_for_status().json()["cents"]

    return traced(provider, pricing, read)
