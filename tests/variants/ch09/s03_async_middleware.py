"""Other answers to section 9.3."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack

from fastapi import BackgroundTasks
from starlette.concurrency import run_in_threadpool
from starlette.middleware.base import BaseHTTPMiddleware

from sensei.variants import right, wrong


@wrong(
    "9.3.1",
    caught_by="test_q1_each_response_has_the_level_and_stays_the_same[GET-/stations/7-200]",
)
def add_warning_level(app):
    """Forget to await the level."""

    @app.middleware("http")
    async def add_level(request, call_next):
        response = await call_next(request)
        response.headers["X-Warning-Level"] = warning_level()
        return response


@wrong(
    "9.3.1",
    caught_by="test_q1_each_response_has_the_level_and_stays_the_same[GET-/stations/7-200]",
)
def add_warning_level(app):
    """Declare the middleware with `def`."""

    @app.middleware("http")
    def add_level(request, call_next):
        response = call_next(request)
        response.headers["X-Warning-Level"] = asyncio.run(warning_level())
        return response


@wrong("9.3.1", caught_by="test_q1_the_level_is_asked_for_after_the_endpoint")
def add_warning_level(app):
    """Ask before the endpoint runs."""

    @app.middleware("http")
    async def add_level(request, call_next):
        level = await warning_level()
        response = await call_next(request)
        response.headers["X-Warning-Level"] = level
        return response


@wrong("9.3.1", caught_by="test_q1_each_request_asks_for_the_level_once")
def add_warning_level(app):
    """Ask once for the application."""
    known = []

    @app.middleware("http")
    async def add_level(request, call_next):
        response = await call_next(request)
        if not known:
            known.append(await warning_level())
        response.headers["X-Warning-Level"] = known[0]
        return response


@wrong("9.3.1", caught_by="test_q1_each_request_asks_for_the_level_once")
def add_warning_level(app):
    """Ask twice."""

    @app.middleware("http")
    async def add_level(request, call_next):
        response = await call_next(request)
        if await warning_level():
            response.headers["X-Warning-Level"] = await warning_level()
        return response


@wrong(
    "9.3.1",
    caught_by="test_q1_each_response_has_the_level_and_stays_the_same[GET-/nowhere-404]",
)
def add_warning_level(app):
    """Leave out the errors."""

    @app.middleware("http")
    async def add_level(request, call_next):
        response = await call_next(request)
        if response.status_code < 400:
            response.headers["X-Warning-Level"] = await warning_level()
        return response


@wrong(
    "9.3.1",
    caught_by="test_q1_each_response_has_the_level_and_stays_the_same[GET-/stations/7-200]",
)
def add_warning_level(app):
    """Return another response, without the headers of the endpoint."""

    @app.middleware("http")
    async def add_level(request, call_next):
        response = await call_next(request)
        body = b"".join([part async for part in response.body_iterator])
        headers = {"X-Warning-Level": await warning_level()}
        return Response(body, response.status_code, headers)


@wrong(
    "9.3.1",
    caught_by="test_q1_each_response_has_the_level_and_stays_the_same[GET-/stations/7-200]",
)
def add_warning_level(app):
    """Lose one of two cookies."""

    @app.middleware("http")
    async def add_level(request, call_next):
        response = await call_next(request)
        headers = dict(response.headers) | {"X-Warning-Level": await warning_level()}
        body = b"".join([part async for part in response.body_iterator])
        return Response(body, response.status_code, headers)


@wrong("9.3.1", caught_by="test_q1_two_requests_wait_at_the_same_time")
def add_warning_level(app):
    """Let one request in at a time."""
    one = asyncio.Lock()

    @app.middleware("http")
    async def add_level(request, call_next):
        async with one:
            response = await call_next(request)
            response.headers["X-Warning-Level"] = await warning_level()
        return response


@wrong("9.3.1", caught_by="test_q1_two_requests_wait_at_the_same_time")
def add_warning_level(app):
    """Block the event loop until another one has the level."""

    @app.middleware("http")
    async def add_level(request, call_next):
        response = await call_next(request)
        with ThreadPoolExecutor(1) as pool:
            level = pool.submit(lambda: asyncio.run(warning_level())).result()
        response.headers["X-Warning-Level"] = level
        return response


@right("9.3.1")
def add_warning_level(app):
    """Add a class."""

    class AddLevel(BaseHTTPMiddleware):
        async def dispatch(self, request, call_next):
            response = await call_next(request)
            response.headers.append("x-warning-level", await warning_level())
            return response

    app.add_middleware(AddLevel)


@right("9.3.1")
def add_warning_level(app):
    """Add an ASGI middleware."""

    def middleware(inner):
        async def run(scope, receive, send):
            async def send_with_level(message):
                if message["type"] == "http.response.start":
                    level = (await warning_level()).encode()
                    message["headers"].append((b"x-warning-level", level))
                await send(message)

            if scope["type"] == "http":
                await inner(scope, receive, send_with_level)
            else:
                await inner(scope, receive, send)

        return run

    app.add_middleware(middleware)


def app_with(check_key):
    """Return the application with this middleware."""
    app = FastAPI()
    app.middleware("http")(check_key)

    @app.get("/readings/{station}")
    async def read_celsius(station: str) -> dict[str, float]:
        if station != "oslo":
            raise HTTPException(404)
        return {"celsius": -2.5}

    return app


def key_of(request):
    """Return the key of a request."""
    return request.headers.get("X-Key", "")


def refusal():
    """Return the response for an unknown key."""
    return JSONResponse({"detail": "The key is unknown."}, 401)


@wrong(
    "9.3.2",
    caught_by="test_q2_another_request_ends_while_a_function_waits[store_usage]",
)
def readings_app():
    """Mend the first call only."""

    async def check_key(request, call_next):
        customer = await asyncio.to_thread(customer_of, key_of(request))
        if customer is None:
            return refusal()
        response = await call_next(request)
        store_usage(customer, response.status_code)
        return response

    return app_with(check_key)


@wrong(
    "9.3.2",
    caught_by="test_q2_another_request_ends_while_a_function_waits[customer_of]",
)
def readings_app():
    """Mend the second call only."""

    async def check_key(request, call_next):
        customer = customer_of(key_of(request))
        if customer is None:
            return refusal()
        response = await call_next(request)
        await asyncio.to_thread(store_usage, customer, response.status_code)
        return response

    return app_with(check_key)


@wrong(
    "9.3.2",
    caught_by="test_q2_another_request_ends_while_a_function_waits[customer_of]",
)
def readings_app():
    """Wrap the calls in async functions."""

    async def customer_of_async(key):
        return customer_of(key)

    async def check_key(request, call_next):
        customer = await customer_of_async(key_of(request))
        if customer is None:
            return refusal()
        response = await call_next(request)
        await asyncio.to_thread(store_usage, customer, response.status_code)
        return response

    return app_with(check_key)


@wrong(
    "9.3.2",
    caught_by="test_q2_another_request_ends_while_a_function_waits[customer_of]",
)
def readings_app():
    """Call the function, and pass its result to the thread."""

    async def check_key(request, call_next):
        found = customer_of(key_of(request))
        customer = await asyncio.to_thread(lambda: found)
        if customer is None:
            return refusal()
        response = await call_next(request)
        await asyncio.to_thread(store_usage, customer, response.status_code)
        return response

    return app_with(check_key)


@wrong(
    "9.3.2",
    caught_by="test_q2_another_request_ends_while_a_function_waits[customer_of]",
)
def readings_app():
    """Block the event loop until the thread has ended."""
    pool = ThreadPoolExecutor(4)

    async def check_key(request, call_next):
        customer = pool.submit(customer_of, key_of(request)).result()
        if customer is None:
            return refusal()
        response = await call_next(request)
        pool.submit(store_usage, customer, response.status_code).result()
        return response

    return app_with(check_key)


@wrong("9.3.2", caught_by="test_q2_an_unknown_key_returns_401[key-3-oslo]")
def readings_app():
    """Forget the first `await`: a coroutine is never None."""

    async def check_key(request, call_next):
        customer = asyncio.to_thread(customer_of, key_of(request))
        if customer is None:
            return refusal()
        customer = await customer
        response = await call_next(request)
        await asyncio.to_thread(store_usage, customer, response.status_code)
        return response

    return app_with(check_key)


@wrong(
    "9.3.2", caught_by="test_q2_the_usage_is_stored_before_the_response[oslo-200-body0]"
)
def readings_app():
    """Do not wait for the usage."""
    tasks = set()

    async def check_key(request, call_next):
        customer = await asyncio.to_thread(customer_of, key_of(request))
        if customer is None:
            return refusal()
        response = await call_next(request)
        usage = asyncio.to_thread(store_usage, customer, response.status_code)
        tasks.add(asyncio.create_task(usage))
        return response

    return app_with(check_key)


@wrong(
    "9.3.2", caught_by="test_q2_the_usage_is_stored_before_the_response[oslo-200-body0]"
)
def readings_app():
    """Store the usage in a background task."""

    async def check_key(request, call_next):
        customer = await asyncio.to_thread(customer_of, key_of(request))
        if customer is None:
            return refusal()
        response = await call_next(request)
        response.background = BackgroundTasks()
        response.background.add_task(store_usage, customer, response.status_code)
        return response

    return app_with(check_key)


@wrong(
    "9.3.2", caught_by="test_q2_the_usage_is_stored_before_the_response[rome-404-body1]"
)
def readings_app():
    """Store 200 for each response."""

    async def check_key(request, call_next):
        customer = await asyncio.to_thread(customer_of, key_of(request))
        if customer is None:
            return refusal()
        response = await call_next(request)
        await asyncio.to_thread(store_usage, customer, 200)
        return response

    return app_with(check_key)


@wrong("9.3.2", caught_by="test_q2_an_unknown_key_returns_401[None-oslo]")
def readings_app():
    """Raise an HTTPException, which becomes 500 outside of the endpoint."""

    async def check_key(request, call_next):
        customer = await asyncio.to_thread(customer_of, key_of(request))
        if customer is None:
            raise HTTPException(401, "The key is unknown.")
        response = await call_next(request)
        await asyncio.to_thread(store_usage, customer, response.status_code)
        return response

    return app_with(check_key)


@wrong("9.3.2", caught_by="test_q2_each_request_looks_for_its_key")
def readings_app():
    """Keep the customers of the keys."""
    known = {}

    async def check_key(request, call_next):
        key = key_of(request)
        if known.get(key) is None:
            known[key] = await asyncio.to_thread(customer_of, key)
        if known[key] is None:
            return refusal()
        response = await call_next(request)
        await asyncio.to_thread(store_usage, known[key], response.status_code)
        return response

    return app_with(check_key)


@wrong("9.3.2", caught_by="test_q2_an_unknown_key_does_not_run_the_endpoint")
def readings_app():
    """Run the endpoint while the key is looked for."""

    async def check_key(request, call_next):
        customer, response = await asyncio.gather(
            asyncio.to_thread(customer_of, key_of(request)), call_next(request)
        )
        if customer is None:
            return refusal()
        await asyncio.to_thread(store_usage, customer, response.status_code)
        return response

    return app_with(check_key)


@right("9.3.2")
def readings_app():
    """Take the thread pool of Starlette."""

    async def check_key(request, call_next):
        customer = await run_in_threadpool(customer_of, key_of(request))
        if customer is None:
            return refusal()
        response = await call_next(request)
        await run_in_threadpool(store_usage, customer, status=response.status_code)
        return response

    return app_with(check_key)


@right("9.3.2")
def readings_app():
    """Write an ASGI middleware with a pool of its own."""
    pool = ThreadPoolExecutor(8)

    class CheckKey:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            if scope["type"] != "http":
                await self.app(scope, receive, send)
                return
            loop = asyncio.get_running_loop()
            key = key_of(Request(scope))
            customer = await loop.run_in_executor(pool, customer_of, key)
            if customer is None:
                await refusal()(scope, receive, send)
                return

            async def store_and_send(message):
                if "status" in message:
                    status = message["status"]
                    await loop.run_in_executor(pool, store_usage, customer, status)
                await send(message)

            await self.app(scope, receive, store_and_send)

    app = FastAPI()
    app.add_middleware(CheckKey)

    @app.get("/readings/{station}")
    def read_celsius(station: str) -> dict[str, float]:
        if station != "oslo":
            raise HTTPException(404)
        return {"celsius": -2.5}

    return app


class Counting:
    """A middleware for the variants: it runs `around` for each HTTP request."""

    def __init__(self, app, records):
        self.app = app
        self.records = records

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        usage = Usage(scope["path"])
        current.set(usage)
        await self.around(scope, receive, send, usage)

    def counter(self, usage, send):
        async def count(message):
            usage.status = message.get("status", usage.status)
            usage.size += len(message.get("body", b""))
            await send(message)

        return count


@wrong("9.3.3", caught_by="test_q3_websockets_and_the_lifespan_pass_through")
class Metering(Counting):
    """Take each scope for a request."""

    async def __call__(self, scope, receive, send):
        usage = Usage(scope["path"])
        current.set(usage)
        try:
            await self.app(scope, receive, self.counter(usage, send))
        finally:
            self.records.append(usage)


@wrong("9.3.3", caught_by="test_q3_websockets_and_the_lifespan_pass_through")
class Metering(Counting):
    """Pass on the lifespan, but count WebSockets."""

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        usage = Usage(scope["path"])
        current.set(usage)
        try:
            await self.app(scope, receive, self.counter(usage, send))
        finally:
            self.records.append(usage)


@wrong(
    "9.3.3",
    caught_by="test_q3_an_exception_passes_through_and_is_recorded[/raises-500-0-4]",
)
class Metering(Counting):
    """Add the usage only after success."""

    async def around(self, scope, receive, send, usage):
        await self.app(scope, receive, self.counter(usage, send))
        self.records.append(usage)


@wrong(
    "9.3.3",
    caught_by="test_q3_an_exception_passes_through_and_is_recorded[/raises-500-0-4]",
)
class Metering(Counting):
    """Keep the exception."""

    async def around(self, scope, receive, send, usage):
        try:
            await self.app(scope, receive, self.counter(usage, send))
        except Exception:
            pass
        self.records.append(usage)


@wrong(
    "9.3.3",
    caught_by="test_q3_an_exception_passes_through_and_is_recorded[/breaks-206-3-0]",
)
class Metering(Counting):
    """Write 500 for each exception."""

    async def around(self, scope, receive, send, usage):
        try:
            await self.app(scope, receive, self.counter(usage, send))
        except Exception:
            usage.status = 500
            raise
        finally:
            self.records.append(usage)


@wrong("9.3.3", caught_by="test_q3_the_usage_is_added_after_the_background_tasks")
class Metering(Counting):
    """Add the usage with the last part of the body."""

    async def around(self, scope, receive, send, usage):
        count = self.counter(usage, send)

        async def count_and_add(message):
            await count(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                self.records.append(usage)

        await self.app(scope, receive, count_and_add)


@wrong("9.3.3", caught_by="test_q3_each_part_is_sent_at_once")
class Metering(Counting):
    """Collect the messages, and send them at the end."""

    async def around(self, scope, receive, send, usage):
        messages = []

        async def keep(message):
            messages.append(message)

        try:
            await self.app(scope, receive, self.counter(usage, keep))
        finally:
            for message in messages:
                await send(message)
            self.records.append(usage)


@wrong("9.3.3", caught_by="test_q3_a_request_adds_its_usage[/stream-200-7-0]")
class Metering(Counting):
    """Read the size from the header, which a stream does not have."""

    async def around(self, scope, receive, send, usage):
        async def count(message):
            if message["type"] == "http.response.start":
                usage.status = message["status"]
                usage.size = int(dict(message["headers"]).get(b"content-length", 0))
            await send(message)

        try:
            await self.app(scope, receive, count)
        finally:
            self.records.append(usage)


@wrong("9.3.3", caught_by="test_q3_a_request_adds_its_usage[/stream-200-7-0]")
class Metering(Counting):
    """Keep the size of the last part."""

    async def around(self, scope, receive, send, usage):
        async def count(message):
            usage.status = message.get("status", usage.status)
            usage.size = len(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, receive, count)
        finally:
            self.records.append(usage)


@wrong("9.3.3", caught_by="test_q3_requests_at_the_same_time_have_their_own_usage")
class Metering(Counting):
    """Share one usage between the requests."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        shared = state.setdefault("usage", Usage(""))
        current.set(shared)
        shared.path, shared.status, shared.size, shared.units = scope["path"], 500, 0, 0
        try:
            await self.app(scope, receive, self.counter(shared, send))
        finally:
            self.records.append(Usage(**vars(shared)))


state = {}


@wrong("9.3.3", caught_by="test_q3_a_request_adds_its_usage[/forecast-200-15-5]")
class Metering(Counting):
    """Forget the context variable."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        usage = Usage(scope["path"])
        try:
            await self.app(scope, receive, self.counter(usage, send))
        finally:
            self.records.append(usage)


@wrong("9.3.3", caught_by="test_q3_the_messages_stay_the_same")
class Metering(Counting):
    """Leave out messages with an empty body."""

    async def around(self, scope, receive, send, usage):
        async def count(message):
            usage.status = message.get("status", usage.status)
            usage.size += len(message.get("body", b""))
            if message.get("body") or "status" in message:
                await send(message)

        try:
            await self.app(scope, receive, count)
        finally:
            self.records.append(usage)


@wrong("9.3.3", caught_by="test_q3_a_request_that_is_cancelled_is_recorded")
class Metering(Counting):
    """Catch `Exception`, which a cancellation is not."""

    async def around(self, scope, receive, send, usage):
        try:
            await self.app(scope, receive, self.counter(usage, send))
        except Exception:
            self.records.append(usage)
            raise
        self.records.append(usage)


@wrong("9.3.3", caught_by="test_q3_a_message_without_a_body_has_no_bytes")
class Metering(Counting):
    """Believe that each message has a body."""

    async def around(self, scope, receive, send, usage):
        async def count(message):
            if message["type"] == "http.response.start":
                usage.status = message["status"]
            else:
                usage.size += len(message["body"])
            await send(message)

        try:
            await self.app(scope, receive, count)
        finally:
            self.records.append(usage)


@right("9.3.3")
class Metering(Counting):
    """Add the usage when an async context manager ends."""

    async def around(self, scope, receive, send, usage):
        async with AsyncExitStack() as stack:
            stack.callback(self.records.append, usage)
            await self.app(scope, receive, self.counter(usage, send))


@right("9.3.3")
class Metering:
    """Make the usage at the end, and reset the context variable."""

    def __init__(self, app, *, records):
        self.app, self.records = app, records

    async def __call__(self, scope, receive, send):
        match scope:
            case {"type": "http", "path": path}:
                usage = Usage(path=path)
            case _:
                await self.app(scope, receive, send)
                return
        token = current.set(usage)

        async def count(message):
            match message:
                case {"type": "http.response.start", "status": status}:
                    usage.status = status
                case {"type": "http.response.body", "body": body}:
                    usage.size += len(body)
            await send(message)

        try:
            await self.app(scope, receive, count)
        except BaseException:
            self.records.append(usage)
            raise
        else:
            self.records.append(usage)
        finally:
            current.reset(token)


@wrong("9.3.1", caught_by="test_q1_the_level_is_asked_for_after_the_endpoint")
def add_warning_level(app):
    """Ask while the endpoint runs."""

    @app.middleware("http")
    async def add_level(request, call_next):
        response, level = await asyncio.gather(call_next(request), warning_level())
        response.headers["X-Warning-Level"] = level
        return response


@wrong("9.3.1", caught_by="test_q1_two_requests_wait_at_the_same_time")
def add_warning_level(app):
    """Keep the response in the middleware, where another request overwrites it."""

    class AddLevel(BaseHTTPMiddleware):
        async def dispatch(self, request, call_next):
            self.response = await call_next(request)
            self.response.headers["X-Warning-Level"] = await warning_level()
            return self.response

    app.add_middleware(AddLevel)


@wrong("9.3.2", caught_by="test_q2_an_exception_passes_through[store_usage]")
def readings_app():
    """Keep an exception of `store_usage`."""

    async def check_key(request, call_next):
        customer = await asyncio.to_thread(customer_of, key_of(request))
        if customer is None:
            return refusal()
        response = await call_next(request)
        try:
            await asyncio.to_thread(store_usage, customer, response.status_code)
        except Exception:
            pass
        return response

    return app_with(check_key)


@wrong("9.3.2", caught_by="test_q2_an_exception_passes_through[the endpoint]")
def readings_app():
    """Store 500 if the endpoint raises."""

    async def check_key(request, call_next):
        customer = await asyncio.to_thread(customer_of, key_of(request))
        if customer is None:
            return refusal()
        status = 500
        try:
            response = await call_next(request)
            status = response.status_code
            return response
        finally:
            await asyncio.to_thread(store_usage, customer, status)

    return app_with(check_key)


@wrong("9.3.3", caught_by="test_q3_a_request_that_is_cancelled_is_recorded")
class Metering(Counting):
    """Shield the application from the cancellation."""

    async def around(self, scope, receive, send, usage):
        try:
            await asyncio.shield(self.app(scope, receive, self.counter(usage, send)))
        finally:
            self.records.append(usage)


@wrong("9.3.1", caught_by="test_q1_a_stream_is_sent_part_by_part")
def add_warning_level(app):
    """Collect the body, and keep the headers."""

    @app.middleware("http")
    async def add_level(request, call_next):
        response = await call_next(request)
        body = b"".join([part async for part in response.body_iterator])
        level = (b"x-warning-level", (await warning_level()).encode())
        collected = Response(body, response.status_code)
        collected.raw_headers = [*response.raw_headers, level]
        return collected
