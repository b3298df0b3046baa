"""The tests of section 9.3."""

import asyncio
import inspect
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from typing import Any

import httpx2
import pytest
from fastapi import BackgroundTasks, FastAPI, Response, WebSocket
from fastapi.responses import StreamingResponse
from fastapi.routing import APIRoute
from starlette.types import ASGIApp

from lab import (
    Rendezvous,
    async_client,
    attempt,
    client,
    fastapi_app,
    in_words,
    json_or_text,
    patience,
    returned_or_raised,
    stand_in,
)

# Seconds that a blocking call waits at most for another request.
PATIENCE = 10
# Turns of the event loop after which a part of a stream has not arrived.
TURNS = 500
# Seconds that the search for an unknown key gives the endpoint to start by mistake.
CHANCE = 0.05
LEVEL = "X-Warning-Level"


class Warnings:
    """A warning service: its level, and how often it was asked."""

    def __init__(self) -> None:
        self.level = "green"
        self.asked = 0

    async def now(self) -> str:
        """Return the level of this moment, after a turn of the event loop."""
        self.asked += 1
        level = self.level
        await asyncio.sleep(0)
        return level


def stations_app(warnings: Warnings) -> FastAPI:
    """Return an application of a weather service, without a middleware."""
    app = FastAPI()

    @app.get("/stations/{number}")
    def read_station(number: int, response: Response) -> dict[str, int]:
        response.headers["X-Station"] = "oslo"
        response.set_cookie("seen", "1")
        response.set_cookie("lang", "no")
        return {"number": number}

    @app.put("/level/{level}", status_code=204)
    async def set_level(level: str) -> None:
        warnings.level = level

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        return StreamingResponse(iter(["-2.5;", "-3"]), status_code=203)

    return app


@pytest.fixture
def warnings(answers: Any) -> Warnings:
    """The warning service that the answer asks."""
    service = Warnings()
    stand_in(answers.warning_level, service.now)
    return service


def with_level(answers: Any, warnings: Warnings) -> FastAPI:
    """Return the application with the middleware of 9.3.1."""
    app = stations_app(warnings)
    answers.add_warning_level(app)
    return app


def sent(app: FastAPI, method: str, path: str) -> httpx2.Response:
    """Return the response to one request."""
    with client(app) as one:
        response: httpx2.Response = attempt(
            f"`{method} {path}`", one.request, method, path
        )
    return response


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/stations/7", 200),
        ("GET", "/stations/x", 422),
        ("GET", "/nowhere", 404),
        ("POST", "/stations/7", 405),
        ("GET", "/stream", 203),
    ],
)
def test_q1_each_response_has_the_level_and_stays_the_same(
    answers: Any, warnings: Warnings, method: str, path: str, status: int
) -> None:
    before = sent(stations_app(warnings), method, path)
    after = sent(with_level(answers, warnings), method, path)
    level = after.headers.get(LEVEL)
    assert level == "green", (
        f"The response to `{method} {path}` has the header `{LEVEL}` with "
        f'{in_words(level)}. The docstring asks for the current level, "green", in '
        "every response. Look at which responses your code sees."
    )
    headers = [item for item in after.headers.multi_items() if item[0] != LEVEL.lower()]
    old = before.headers.multi_items()
    lost = [item for item in old if item not in headers]
    new = [item for item in headers if item not in old]
    assert (after.status_code, after.content, sorted(headers)) == (
        status,
        before.content,
        sorted(old),
    ), (
        f"`{method} {path}` returned {after.status_code}, {in_words(after.content)}. "
        f"Headers that were lost: {in_words(lost)}; that are new: {in_words(new)}. The "
        f"docstring asks for the response as without the middleware: {status}, "
        f"{in_words(before.content)} and the same headers."
    )


def test_q1_each_request_asks_for_the_level_once(
    answers: Any, warnings: Warnings
) -> None:
    with client(with_level(answers, warnings)) as one:
        levels = []
        for warnings.level in ("green", "red", "green", "yellow"):
            response = attempt("`GET /stations/7`", one.get, "/stations/7")
            levels.append(response.headers.get(LEVEL))
    assert (levels, warnings.asked) == (["green", "red", "green", "yellow"], 4), (
        "The levels were green, red, green and yellow at four requests. The headers "
        f"were {levels}, and `warning_level` was called {warnings.asked} times. The "
        "docstring asks to call it once for each request. Look at where you call it."
    )


def test_q1_the_level_is_asked_for_after_the_endpoint(
    answers: Any, warnings: Warnings
) -> None:
    response = sent(with_level(answers, warnings), "PUT", "/level/red")
    level = response.headers.get(LEVEL)
    assert level == "red", (
        "`PUT /level/red` sets the level to red, and the header of its response was "
        f"{in_words(level)}. The docstring asks to call `warning_level` after the "
        "endpoint has run. Look at the order of your lines."
    )


async def test_q1_two_requests_wait_at_the_same_time(
    answers: Any, warnings: Warnings
) -> None:
    waiting = Rendezvous(2)

    async def level() -> str:
        await waiting.wait_async()
        return "red"

    stand_in(answers.warning_level, level)
    async with async_client(with_level(answers, warnings)) as one:
        paths = ("/stations/7", "/stations/8")
        responses = await asyncio.gather(
            *(one.get(path) for path in paths), return_exceptions=True
        )
    raised = [one for one in responses if isinstance(one, BaseException)]
    found = [one for one in responses if not isinstance(one, BaseException)]
    bodies = [json_or_text(response) for response in found]
    assert bodies == [{"number": 7}, {"number": 8}] or waiting.most < 2, (
        f"Two requests at the same time, for the stations 7 and 8, returned {bodies} "
        f"and raised {in_words(raised)}. The docstring asks that each response stays "
        "the same. Look at what your middleware keeps between two lines with `await`."
    )
    levels = [response.headers.get(LEVEL) for response in found]
    assert (waiting.most, levels) == (2, ["red", "red"]), (
        f"Of two requests at the same time, {waiting.most} waited for `warning_level` "
        f"at once; the headers were {levels}. The question asks for an asynchronous "
        "middleware: other requests run while it waits. Look for `await`."
    )


async def test_q1_a_stream_is_sent_part_by_part(
    answers: Any, warnings: Warnings
) -> None:
    app = FastAPI()
    got: Messages = []
    early: list[bool] = []

    async def parts() -> AsyncIterator[bytes]:
        for number in (1, 2):
            yield b"-3;"
            for _ in range(TURNS):
                if len(got) > number:  # the start, and the parts up to this one
                    break
                await asyncio.sleep(0)
            early.append(len(got) > number)

    @app.get("/live")
    async def live() -> StreamingResponse:
        return StreamingResponse(parts())

    answers.add_warning_level(app)
    await run(app, "/live", got)
    names = [name.decode() for name, _ in got[0]["headers"]] if got else []
    assert (early, LEVEL.lower() in names) == ([True, True], True), (
        "An endpoint streamed two parts, and waited after each one until the client "
        f"had it. The parts arrived in time: {early}; the headers: {names}. The "
        f"docstring asks for `{LEVEL}`, and to send a stream part by part. Look at "
        "what you do with the body."
    )


class Database:
    """The database of 9.3.2: its keys, and the log of what runs."""

    def __init__(self) -> None:
        self.customers = {"key-1": "ada", "key-2": "bob"}
        self.log: list[str] = []
        self.slow = ""
        self.other_ended = threading.Event()
        self.endpoint_ran = threading.Event()
        self.in_loop: list[str] = []

    def customer_of(self, key: str) -> str | None:
        """Return the customer with a key."""
        self._wait("customer_of", self.customers.get(key))
        return self.customers.get(key)

    def store_usage(self, customer: str, status: int) -> None:
        """Log the usage."""
        self._wait("store_usage", customer)
        self.log.append(f"{customer} {status}")

    def _wait(self, name: str, customer: str | None) -> None:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            if self.slow == name and customer == "ada":
                self.other_ended.wait(patience(PATIENCE))
            if customer is None:
                self.endpoint_ran.wait(CHANCE)
        else:
            self.in_loop.append(name)


@pytest.fixture
def database(answers: Any) -> Database:
    """The database that the middleware uses."""
    database = Database()
    stand_in(answers.customer_of, database.customer_of)
    stand_in(answers.store_usage, database.store_usage)
    return database


async def read(app: FastAPI, key: str | None, station: str = "oslo") -> httpx2.Response:
    """Return the response to a request with this key."""
    headers = {} if key is None else {"X-Key": key}
    async with async_client(app) as one:
        try:
            return await one.get(f"/readings/{station}", headers=headers)
        except Exception as error:
            raise AssertionError(
                f"`GET /readings/{station}` with the key {key!r} raised "
                f"{in_words(error)}. The docstring asks for the response as today. "
                "Look at the line that raised it."
            ) from error


def check_threads(database: Database) -> None:
    """Check that no function of the database ran in the event loop."""
    assert not database.in_loop, (
        f"`{database.in_loop[0]}` was called in the thread of the event loop. The "
        "docstring asks to run it in another thread. Look at the line that calls it."
    )


@pytest.mark.parametrize("slow", ["customer_of", "store_usage"])
async def test_q2_another_request_ends_while_a_function_waits(
    answers: Any, database: Database, slow: str
) -> None:
    app = fastapi_app(answers.readings_app(), "readings_app()")
    database.slow = slow

    async def ask(key: str, name: str) -> int:
        response = await read(app, key)
        database.log.append(f"{name} ended")
        if name == "bob":
            database.other_ended.set()
        return response.status_code

    codes = await asyncio.gather(ask("key-1", "ada"), ask("key-2", "bob"))
    ended = [entry for entry in database.log if entry.endswith("ended")]
    before_ada = database.log[: database.log.index("ada ended")]
    assert slow not in database.in_loop, (
        f"`{slow}` was called in the thread of the event loop. It blocks this thread, "
        "and no other request runs. The docstring asks to run it in another thread."
    )
    assert "ada 200" in before_ada, (
        "Ada received the response before `store_usage` had ended for her. The "
        "docstring asks that `store_usage` ends first. Look at what you await."
    )
    assert (ended, codes) == (["bob ended", "ada ended"], [200, 200]), (
        f"While `{slow}` waited for the database for Ada, the request of Bob did not "
        f"end ({ended}, {codes}). The docstring asks that other requests run "
        "meanwhile. Look at the line that waits for the thread."
    )


@pytest.mark.parametrize(
    ("station", "status", "body"),
    [
        ("oslo", 200, {"celsius": -2.5}),
        ("rome", 404, {"detail": "Not Found"}),
        ("no/such/path", 404, {"detail": "Not Found"}),
    ],
)
async def test_q2_the_usage_is_stored_before_the_response(
    answers: Any, database: Database, station: str, status: int, body: object
) -> None:
    app = fastapi_app(answers.readings_app(), "readings_app()")
    early: list[list[str]] = []

    async def watched(scope: Any, receive: Any, send: Any) -> None:
        async def watch(message: Any) -> None:
            early.append(list(database.log))
            await send(message)

        await app(scope, receive, watch)

    response = await read(watched, "key-1", station)  # type: ignore[arg-type]
    seen = (response.status_code, json_or_text(response), early[0], database.log)
    usage = [f"ada {status}"]
    assert seen == (status, body, usage, usage), (
        f"`GET /readings/{station}` returned {seen[:2]}. When the response began, "
        f"{early[0]} was stored, and {database.log} at the end. The docstring asks for "
        f"{status}, and for the usage {usage} before the client receives it."
    )
    check_threads(database)


@pytest.mark.parametrize("station", ["oslo", "no/such/path"])
@pytest.mark.parametrize("key", [None, "", "key-3", "KEY-1"])
async def test_q2_an_unknown_key_returns_401(
    answers: Any, database: Database, key: str | None, station: str
) -> None:
    app = fastapi_app(answers.readings_app(), "readings_app()")
    response = await read(app, key, station)
    seen = (response.status_code, json_or_text(response), database.log)
    assert seen == (401, {"detail": "The key is unknown."}, []), (
        f"`GET /readings/{station}` with the key {key!r}, which is unknown, returned "
        f"{seen[:2]}, and the stored usage was {database.log}. The docstring asks for "
        "401 as today, without usage. Look at what `customer` is."
    )
    check_threads(database)


async def test_q2_an_unknown_key_does_not_run_the_endpoint(
    answers: Any, database: Database
) -> None:
    app = fastapi_app(answers.readings_app(), "readings_app()")

    def run(**_: Any) -> dict[str, float]:
        database.endpoint_ran.set()
        return {"celsius": -2.5}

    async def run_async(**_: Any) -> dict[str, float]:
        return run()

    for route in app.routes:
        if isinstance(route, APIRoute):
            is_async = inspect.iscoroutinefunction(route.endpoint)
            stand_in(route.endpoint, run_async if is_async else run)
    await read(app, "key-3")
    unknown = database.endpoint_ran.is_set()
    await read(app, "key-1")
    assert (unknown, database.endpoint_ran.is_set()) == (False, True), (
        f"Did the endpoint run with an unknown key: {unknown}; with a known one: "
        f"{database.endpoint_ran.is_set()}. The docstring asks for False and True. "
        "Look at what starts before you know the customer."
    )
    check_threads(database)


async def test_q2_each_request_looks_for_its_key(
    answers: Any, database: Database
) -> None:
    app = fastapi_app(answers.readings_app(), "readings_app()")
    codes = [(await read(app, "key-1")).status_code]
    del database.customers["key-1"]
    database.customers["key-9"] = "eve"
    codes += [(await read(app, key)).status_code for key in ("key-1", "key-9")]
    assert (codes, database.log) == ([200, 401, 200], ["ada 200", "eve 200"]), (
        "The key-1 was removed after one request, and key-9 was added. Requests with "
        f"key-1, key-1 and key-9 returned {codes}, with the usage {database.log}. The "
        "docstring asks for 200, 401 and 200: look for the key in each request."
    )
    check_threads(database)


class Broken(Exception):
    """The error of an endpoint, or of the database."""


@pytest.mark.parametrize("what", ["the endpoint", "store_usage"])
async def test_q2_an_exception_passes_through(
    answers: Any, database: Database, what: str
) -> None:
    app = fastapi_app(answers.readings_app(), "readings_app()")

    def breaks(*_: Any, **__: Any) -> None:
        raise Broken("disk full")

    async def breaks_async(**_: Any) -> None:
        breaks()

    endpoints = [one.endpoint for one in app.routes if isinstance(one, APIRoute)]
    for function in endpoints if what == "the endpoint" else [answers.store_usage]:
        is_async = inspect.iscoroutinefunction(function)
        stand_in(function, breaks_async if is_async else breaks)
    seen: object
    async with async_client(app) as one:
        try:
            seen = await one.get("/readings/oslo", headers={"X-Key": "key-1"})
        except Exception as error:
            seen = error
    assert (type(seen), database.log) == (Broken, []), (
        f"In a request with a known key, {what} raised an exception. The request "
        f"{returned_or_raised(seen)}, and {database.log} was stored. The docstring "
        "asks that everything else stays as today: the exception passes through, and "
        "nothing is stored. Look at your `try`."
    )
    check_threads(database)


Messages = list[dict[str, Any]]


HEARD: dict[str, Messages] = {
    "http": [{"type": "http.request", "body": b"", "more_body": False}],
    "websocket": [{"type": "websocket.connect"}],
    "lifespan": [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}],
}


async def run(
    app: ASGIApp, path: str, got: Messages | None = None, kind: str = "http"
) -> Messages:
    """Return what an application sends for a scope, in a task of its own."""
    messages: Messages = [] if got is None else got
    scope: dict[str, Any] = {"type": kind, "asgi": {"version": "3.0"}}
    if kind != "lifespan":
        scope |= {
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"day=2",
            "headers": [],
            "client": ("192.0.2.1", 5000),
            "server": ("lab", 80),
        }
    asked = iter(HEARD[kind])

    async def receive() -> Any:
        return next(asked, None) or await asyncio.Event().wait()

    async def send(message: Any) -> None:
        messages.append(dict(message))

    async def serve() -> None:
        await app(scope, receive, send)

    await asyncio.create_task(serve())
    return messages


class Service:
    """A metered weather service, and what it saw."""

    def __init__(self, answers: Any, *, metered: bool = True) -> None:
        self.records: list[Any] = []
        self.before_background: list[int] = []
        self.got: Messages = []
        self.early: list[bool] = []
        self.before_end: list[int] = []
        self.both = Rendezvous(2)
        self.app = self._app(answers.charge if metered else lambda _: None)
        self.asgi: ASGIApp = self.app
        if metered:
            self.asgi = answers.Metering(self.app, records=self.records)

    def _app(self, charge: Callable[[int], None]) -> FastAPI:
        app = FastAPI()

        @app.get("/forecast")
        async def forecast() -> dict[str, int]:
            charge(5)
            return {"celsius": -12}

        @app.get("/sync/{station}")
        def sync(station: str) -> str:
            charge(2)
            charge(1)
            return station

        @app.get("/empty", status_code=204)
        async def empty() -> None:
            return None

        @app.get("/stream")
        async def stream() -> StreamingResponse:
            return StreamingResponse(self._parts(["å", "bc", "def"]))

        @app.get("/breaks")
        async def breaks() -> StreamingResponse:
            return StreamingResponse(self._parts(["abc", None]), status_code=206)

        @app.get("/endless")
        async def endless() -> StreamingResponse:
            return StreamingResponse(self._endless(), status_code=206)

        @app.get("/raises")
        async def raises() -> None:
            charge(4)
            raise Broken

        @app.get("/background")
        async def background(tasks: BackgroundTasks) -> str:
            tasks.add_task(self._background, charge)
            return "ok"

        @app.get("/both/{units}")
        async def both(units: int) -> None:
            await self.both.wait_async()
            charge(units)

        @app.websocket("/live")
        async def live(socket: WebSocket) -> None:
            await socket.accept()
            await socket.send_text("wind")
            await socket.close()

        return app

    async def _parts(self, parts: list[str | None]) -> AsyncIterator[str]:
        for number, part in enumerate(parts, 1):
            if part is None:
                raise Broken
            yield part
            for _ in range(TURNS):
                if len(self.got) > number:  # the start, and the parts up to this one
                    break
                await asyncio.sleep(0)
            self.early.append(len(self.got) > number)

    async def _endless(self) -> AsyncIterator[str]:
        yield "abc"
        try:
            await asyncio.Event().wait()
        finally:
            self.before_end.append(len(self.records))

    def _background(self, charge: Callable[[int], None]) -> None:
        self.before_background.append(len(self.records))
        charge(7)

    async def serve(self, path: str, kind: str = "http") -> Messages:
        """Return what is sent for a scope, in which nothing is raised."""
        try:
            return await run(self.asgi, path, self.got, kind)
        except NotImplementedError:
            raise
        except Exception as error:
            what = f"`GET {path}`" if kind == "http" else f"A scope of type {kind!r}"
            raise AssertionError(
                f"{what} raised {in_words(error)} in the middleware or below it. "
                "The docstring asks that everything goes on as without the middleware. "
                "Look at the types of the scope, and at what `current` holds."
            ) from error

    def bill(self) -> list[dict[str, Any]]:
        """Return the records as dicts."""
        return [asdict(record) for record in self.records]


def usage(path: str, status: int, size: int, units: int) -> list[dict[str, Any]]:
    """Return a bill with one record."""
    return [{"path": path, "status": status, "size": size, "units": units}]


@pytest.mark.parametrize(
    ("path", "status", "size", "units"),
    [
        ("/forecast", 200, 15, 5),
        ("/sync/oslo", 200, 6, 3),
        ("/empty", 204, 0, 0),
        ("/missing", 404, 22, 0),
        ("/stream", 200, 7, 0),
    ],
)
async def test_q3_a_request_adds_its_usage(
    answers: Any, path: str, status: int, size: int, units: int
) -> None:
    service = Service(answers)
    await service.serve(path)
    assert service.bill() == usage(path, status, size, units), (
        f"`GET {path}` added {in_words(service.records)}. The docstring asks for one "
        f"`Usage` with status {status}, size {size} (bytes of the body) and {units} "
        "units."
    )


async def test_q3_the_messages_stay_the_same(answers: Any) -> None:
    service = Service(answers)
    for path in ("/forecast", "/stream", "/empty"):
        service.got.clear()
        seen = list(await service.serve(path))
        plain = Service(answers, metered=False)
        asked = await run(plain.asgi, path, plain.got)
        assert seen == asked, (
            f"For `GET {path}` the middleware sent {in_words(seen)}. Without it, the "
            f"application sends {in_words(asked)}. Send on each message as it is."
        )


async def test_q3_each_part_is_sent_at_once(answers: Any) -> None:
    service = Service(answers)
    await service.serve("/stream")
    assert service.early == [True, True, True], (
        "An endpoint streamed three parts, and waited after each one until the client "
        f"had it. The parts arrived in time: {service.early}. The docstring asks to "
        "send each part on at once. Do not collect them."
    )


@pytest.mark.parametrize(
    ("path", "status", "size", "units"),
    [("/raises", 500, 0, 4), ("/breaks", 206, 3, 0)],
)
async def test_q3_an_exception_passes_through_and_is_recorded(
    answers: Any, path: str, status: int, size: int, units: int
) -> None:
    # Starlette sends the 500 outside of this middleware.
    service = Service(answers)
    service.app.add_middleware(answers.Metering, records=service.records)
    error: BaseException | None = None
    try:
        await run(service.app, path, service.got)
    except NotImplementedError:
        raise
    except Exception as raised:
        error = raised
    assert isinstance(error, Broken), (
        f"The endpoint `{path}` raised Broken, and from the middleware came "
        f"{in_words(error)}. The docstring asks that the exception passes through."
    )
    assert service.bill() == usage(path, status, size, units), (
        f"The endpoint `{path}` raised an exception. {in_words(service.records)} was "
        f"added. The docstring asks for one `Usage`, with status {status}, size {size} "
        f"and {units} units."
    )


async def test_q3_a_request_that_is_cancelled_is_recorded(answers: Any) -> None:
    service = Service(answers)
    task = asyncio.create_task(run(service.asgi, "/endless", service.got))
    for _ in range(TURNS):
        if len(service.got) == 2 or task.done():
            break
        await asyncio.sleep(0)
    task.cancel()
    (ended,) = await asyncio.gather(task, return_exceptions=True)
    if isinstance(ended, NotImplementedError):
        raise ended
    seen = (type(ended).__name__, service.bill())
    assert seen == ("CancelledError", usage("/endless", 206, 3, 0)), (
        "The server cancelled a request after 3 bytes of the body. From the middleware "
        f"came {in_words(ended)}, and {in_words(service.records)} was added. The "
        "docstring asks for one `Usage` with status 206 and size 3 also then, and that "
        "the exception, CancelledError, passes through."
    )
    assert service.before_end == [0], (
        "The server cancelled a request. When the middleware had ended, the endpoint "
        f"had ended {len(service.before_end)} times, with {service.before_end} `Usage` "
        "added before. The docstring asks to add it when the application has ended. "
        "Look at how you run the application."
    )


async def test_q3_a_message_without_a_body_has_no_bytes(answers: Any) -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"abc", "more_body": True})
        await send({"type": "http.response.body"})

    records: list[Any] = []
    error: Exception | None = None
    try:
        await run(answers.Metering(app, records=records), "/raw")
    except NotImplementedError:
        raise
    except Exception as raised:
        error = raised
    assert (error, [asdict(one) for one in records]) == (
        None,
        usage("/raw", 200, 3, 0),
    ), (
        "An application sent 3 bytes, and then a last message `http.response.body` "
        f"without the key `body`. The middleware raised {in_words(error)}, and "
        f"{in_words(records)} was added. The docstring asks for size 3: such a message "
        "has 0 bytes."
    )


async def test_q3_the_usage_is_added_after_the_background_tasks(answers: Any) -> None:
    service = Service(answers)
    await service.serve("/background")
    seen = (service.before_background, service.bill())
    assert seen == ([0], usage("/background", 200, 4, 7)), (
        f"When the background task ran, there were {service.before_background} "
        f"records, at the end {in_words(service.records)}. The docstring asks to add "
        "the `Usage` after the background tasks, with their units (7)."
    )


async def test_q3_requests_at_the_same_time_have_their_own_usage(answers: Any) -> None:
    service = Service(answers)
    await asyncio.gather(*(service.serve(f"/both/{number}") for number in (1, 20)))
    bill = {record["path"]: record["units"] for record in service.bill()}
    assert bill == {"/both/1": 1, "/both/20": 20}, (
        f"Two requests at the same time charged 1 and 20 units. The records have "
        f"{bill}. The docstring asks for one `Usage` for each request. Do not keep it "
        "in `self`."
    )


async def test_q3_websockets_and_the_lifespan_pass_through(answers: Any) -> None:
    for kind in ("lifespan", "websocket"):
        service, plain = Service(answers), Service(answers, metered=False)
        seen = await service.serve("/live", kind)
        asked = await run(plain.asgi, "/live", kind=kind)
        assert (seen, service.records) == (asked, []), (
            f"For a scope of type {kind!r} the middleware sent {in_words(seen)}, and "
            f"{in_words(service.records)} was added. Without it, the application sends "
            f"{in_words(asked)}. The docstring asks for the same, and for no `Usage`. "
            'Look at `scope["type"]`.'
        )
