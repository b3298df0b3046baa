"""Other answers to section 12.2."""

import asyncio
import time

from fastapi import Depends, Request, Response
from fastapi.responses import JSONResponse

from sensei.variants import right, wrong


def predicted(**differences):
    """Return the predictions, with other values for some of them."""
    answer = {
        "version, Uvicorn": "HTTP/1.1",
        "version, Hypercorn": "HTTP/2",
        "version, Hypercorn without TLS": "HTTP/1.1",
        "connections, Uvicorn": 6,
        "connections, Hypercorn": 1,
        "order, Hypercorn": ["/prices", "/trailer"],
    }
    return answer | differences


@wrong("12.2.1", caught_by="test_q1_the_runs_are_predicted[version, Uvicorn]")
def http_runs():
    """Believe that Uvicorn speaks HTTP/2 when the client asks for it."""
    return predicted(**{"version, Uvicorn": "HTTP/2"})


@wrong("12.2.1", caught_by="test_q1_the_runs_are_predicted[version, Hypercorn]")
def http_runs():
    """Believe that Hypercorn needs a setting for HTTP/2."""
    return predicted(**{"version, Hypercorn": "HTTP/1.1"})


@wrong(
    "12.2.1",
    caught_by="test_q1_the_runs_are_predicted[version, Hypercorn without TLS]",
)
def http_runs():
    """Believe that HTTP/2 works without TLS, too."""
    return predicted(**{"version, Hypercorn without TLS": "HTTP/2"})


@wrong("12.2.1", caught_by="test_q1_the_runs_are_predicted[connections, Uvicorn]")
def http_runs():
    """Believe that requests of HTTP/1.1 share a connection."""
    return predicted(**{"connections, Uvicorn": 1})


@wrong("12.2.1", caught_by="test_q1_the_runs_are_predicted[connections, Hypercorn]")
def http_runs():
    """Believe that each request has a connection."""
    return predicted(**{"connections, Hypercorn": 6})


@wrong("12.2.1", caught_by="test_q1_the_runs_are_predicted[connections, Hypercorn]")
def http_runs():
    """Give a truth value, which equals 1."""
    return predicted(**{"connections, Hypercorn": True})


@wrong("12.2.1", caught_by="test_q1_the_runs_are_predicted[connections, Uvicorn]")
def http_runs():
    """Give a number as text."""
    return predicted(**{"connections, Uvicorn": "6"})


@wrong("12.2.1", caught_by="test_q1_the_runs_are_predicted[order, Hypercorn]")
def http_runs():
    """Believe that responses arrive in the order of their requests."""
    return predicted(**{"order, Hypercorn": ["/trailer", "/prices"]})


@wrong("12.2.1", caught_by="test_q1_the_runs_are_predicted")
def http_runs():
    """Forget to return."""


@right("12.2.1")
def http_runs():
    """Give tuples, and compute the rest."""
    versions = ["HTTP/1.1", "HTTP/2", "HTTP/1.1"]
    keys = ["Uvicorn", "Hypercorn", "Hypercorn without TLS"]
    answer = {f"version, {key}": one for key, one in zip(keys, versions)}
    answer |= {"connections, Uvicorn": 6, "connections, Hypercorn": 6 // 6}
    return answer | {"order, Hypercorn": ("/prices", "/trailer")}


@right("12.2.1")
def http_runs():
    """Add a note of one's own."""
    return predicted(note="Chrome does the same.")


def seats_app(lifespan, target, deadline, endpoint=None):
    """Return an application with a lifespan, and the usual endpoint or another one."""
    app = FastAPI(lifespan=lifespan)

    async def read_free_seats(screening: str) -> int:
        return await usual(app.state.seats, screening, deadline)

    app.get("/screenings/{screening}/seats")(endpoint or read_free_seats)
    return app


def usual_lifespan(target):
    """Return the lifespan of the solution."""

    @asynccontextmanager
    async def lifespan(app):
        async with grpc.aio.insecure_channel(target) as channel:
            app.state.seats = SeatsStub(channel)
            yield

    return lifespan


async def usual(seats, screening, deadline, **more):
    """Call the service as the solution does."""
    try:
        call = seats.CountFree(StringValue(value=screening), timeout=deadline, **more)
        return (await call).value
    except grpc.aio.AioRpcError as error:
        raise HTTPException(STATUS_CODES.get(error.code(), 500)) from error


@wrong("12.2.2", caught_by="test_q2_one_channel_is_opened_at_the_start")
def booking_app(target, deadline):
    """Open a channel for each request."""

    async def read(screening: str) -> int:
        async with grpc.aio.insecure_channel(target) as channel:
            return await usual(SeatsStub(channel), screening, deadline)

    return seats_app(None, target, deadline, read)


@wrong("12.2.2", caught_by="test_q2_one_channel_is_opened_at_the_start")
def booking_app(target, deadline):
    """Open the channel when the application is created."""
    channel = grpc.aio.insecure_channel(target)

    @asynccontextmanager
    async def lifespan(app):
        app.state.seats = SeatsStub(channel)
        yield
        await channel.close()

    return seats_app(lifespan, target, deadline)


@wrong("12.2.2", caught_by="test_q2_one_channel_is_opened_at_the_start")
def booking_app(target, deadline):
    """Open the channel at the first request."""
    opened = []

    @asynccontextmanager
    async def lifespan(app):
        yield
        for channel in opened:
            await channel.close()

    async def read(screening: str) -> int:
        if not opened:
            opened.append(grpc.aio.insecure_channel(target))
        return await usual(SeatsStub(opened[0]), screening, deadline)

    return seats_app(lifespan, target, deadline, read)


@wrong("12.2.2", caught_by="test_q2_one_channel_is_opened_at_the_start")
def booking_app(target, deadline):
    """Use a channel that blocks, in an `async def` endpoint."""

    @asynccontextmanager
    async def lifespan(app):
        with grpc.insecure_channel(target) as channel:
            app.state.seats = SeatsStub(channel)
            yield

    async def read(screening: str) -> int:
        try:
            request = StringValue(value=screening)
            return app.state.seats.CountFree(request, timeout=deadline).value
        except grpc.RpcError as error:
            raise HTTPException(STATUS_CODES.get(error.code(), 500)) from error

    app = seats_app(lifespan, target, deadline, read)
    return app


@wrong("12.2.2", caught_by="test_q2_the_channel_is_closed_at_the_stop")
def booking_app(target, deadline):
    """Do not close the channel."""

    @asynccontextmanager
    async def lifespan(app):
        app.state.channel = grpc.aio.insecure_channel(target)
        app.state.seats = SeatsStub(app.state.channel)
        yield

    return seats_app(lifespan, target, deadline)


@wrong("12.2.2", caught_by="test_q2_the_channel_is_closed_at_the_stop")
def booking_app(target, deadline):
    """Forget `await` before `close()`."""

    @asynccontextmanager
    async def lifespan(app):
        channel = app.state.channel = grpc.aio.insecure_channel(target)
        app.state.seats = SeatsStub(channel)
        yield
        channel.close().close()

    return seats_app(lifespan, target, deadline)


@wrong("12.2.2", caught_by="test_q2_the_channel_is_closed_at_the_stop")
def booking_app(target, deadline):
    """Do not wait until the channel is closed."""

    @asynccontextmanager
    async def lifespan(app):
        channel = grpc.aio.insecure_channel(target)
        app.state.seats = SeatsStub(channel)
        yield
        app.state.closing = asyncio.create_task(channel.close())

    return seats_app(lifespan, target, deadline)


@wrong("12.2.2", caught_by="test_q2_the_number_of_the_service_is_returned")
def booking_app(target, deadline):
    """Close the channel before the first request."""

    @asynccontextmanager
    async def lifespan(app):
        async with grpc.aio.insecure_channel(target) as channel:
            app.state.seats = SeatsStub(channel)
        yield

    return seats_app(lifespan, target, deadline)


@wrong("12.2.2", caught_by="test_q2_the_deadline_is_sent_to_the_service")
def booking_app(target, deadline):
    """Call without a deadline."""

    async def read(screening: str) -> int:
        return await usual(app.state.seats, screening, None)

    app = seats_app(usual_lifespan(target), target, deadline, read)
    return app


@wrong("12.2.2", caught_by="test_q2_the_deadline_is_sent_to_the_service")
def booking_app(target, deadline):
    """Let asyncio watch the deadline, which the service does not see."""

    async def read(screening: str) -> int:
        try:
            call = usual(app.state.seats, screening, None)
            return await asyncio.wait_for(call, deadline)
        except TimeoutError:
            raise HTTPException(504) from None

    app = seats_app(usual_lifespan(target), target, deadline, read)
    return app


@wrong("12.2.2", caught_by="test_q2_the_deadline_is_sent_to_the_service")
def booking_app(target, deadline):
    """Take seconds for milliseconds."""

    async def read(screening: str) -> int:
        return await usual(app.state.seats, screening, deadline / 1000)

    app = seats_app(usual_lifespan(target), target, deadline, read)
    return app


@wrong("12.2.2", caught_by="test_q2_the_deadline_is_sent_to_the_service[5000.0]")
def booking_app(target, deadline):
    """Write a number instead of the parameter."""

    async def read(screening: str) -> int:
        return await usual(app.state.seats, screening, min(deadline, 1000.0))

    app = seats_app(usual_lifespan(target), target, deadline, read)
    return app


@wrong("12.2.2", caught_by="test_q2_a_service_that_is_not_running_returns_503")
def booking_app(target, deadline):
    """Wait until the service is ready."""

    async def read(screening: str) -> int:
        return await usual(app.state.seats, screening, deadline, wait_for_ready=True)

    app = seats_app(usual_lifespan(target), target, deadline, read)
    return app


@wrong("12.2.2", caught_by="test_q2_a_service_that_is_not_running_returns_503")
def booking_app(target, deadline):
    """Wait at the start until the service is connected."""

    @asynccontextmanager
    async def lifespan(app):
        async with grpc.aio.insecure_channel(target) as channel:
            await channel.channel_ready()
            app.state.seats = SeatsStub(channel)
            yield

    return seats_app(lifespan, target, deadline)


@wrong("12.2.2", caught_by="test_q2_each_request_makes_one_call")
def booking_app(target, deadline):
    """Check the service at the start with a call."""

    @asynccontextmanager
    async def lifespan(app):
        async with grpc.aio.insecure_channel(target) as channel:
            app.state.seats = SeatsStub(channel)
            await usual(app.state.seats, "alien", deadline)
            yield

    return seats_app(lifespan, target, deadline)


@wrong("12.2.2", caught_by="test_q2_a_service_that_starts_later_is_called")
def booking_app(target, deadline):
    """Give up for good if the service is not there at the start."""

    @asynccontextmanager
    async def lifespan(app):
        async with grpc.aio.insecure_channel(target) as channel:
            app.state.seats = SeatsStub(channel)
            try:
                await asyncio.wait_for(channel.channel_ready(), 0.1)
            except TimeoutError:
                app.state.seats = None
            yield

    async def read(screening: str) -> int:
        if app.state.seats is None:
            raise HTTPException(503)
        return await usual(app.state.seats, screening, deadline)

    app = seats_app(lifespan, target, deadline, read)
    return app


@right("12.2.2")
def booking_app(target, deadline):
    """Begin to connect at the start, and do not wait for it."""

    @asynccontextmanager
    async def lifespan(app):
        async with grpc.aio.insecure_channel(target) as channel:
            channel.get_state(try_to_connect=True)
            app.state.seats = SeatsStub(channel)
            yield

    return seats_app(lifespan, target, deadline)


@wrong("12.2.2", caught_by="test_q2_each_request_makes_one_call")
def booking_app(target, deadline):
    """Share a running call between requests for the same screening."""
    calls = {}

    async def read(screening: str) -> int:
        if screening not in calls:
            call = usual(app.state.seats, screening, deadline)
            calls[screening] = asyncio.ensure_future(call)
            calls[screening].add_done_callback(lambda _: calls.pop(screening))
        return await calls[screening]

    app = seats_app(usual_lifespan(target), target, deadline, read)
    return app


@wrong("12.2.2", caught_by="test_q2_each_request_makes_one_call")
def booking_app(target, deadline):
    """Cache the numbers."""
    numbers = {}

    async def read(screening: str) -> int:
        if screening not in numbers:
            numbers[screening] = await usual(app.state.seats, screening, deadline)
        return numbers[screening]

    app = seats_app(usual_lifespan(target), target, deadline, read)
    return app


@wrong(
    "12.2.2", caught_by="test_q2_a_status_of_grpc_becomes_a_status_code[UNAVAILABLE]"
)
def booking_app(target, deadline):
    """Call again after a failure."""

    async def read(screening: str) -> int:
        try:
            return await usual(app.state.seats, screening, deadline)
        except HTTPException:
            return await usual(app.state.seats, screening, deadline)

    app = seats_app(usual_lifespan(target), target, deadline, read)
    return app


@wrong("12.2.2", caught_by="test_q2_the_number_of_the_service_is_returned")
def booking_app(target, deadline):
    """Take 0 for an unknown screening."""

    async def read(screening: str) -> int:
        number = await usual(app.state.seats, screening, deadline)
        if not number:
            raise HTTPException(404)
        return number

    app = seats_app(usual_lifespan(target), target, deadline, read)
    return app


@wrong("12.2.2", caught_by="test_q2_the_number_of_the_service_is_returned")
def booking_app(target, deadline):
    """Return an object."""

    async def read(screening: str):
        return {"free": await usual(app.state.seats, screening, deadline)}

    app = seats_app(usual_lifespan(target), target, deadline, read)
    return app


@wrong("12.2.2", caught_by="test_q2_the_number_of_the_service_is_returned")
def booking_app(target, deadline):
    """Return the number as text."""

    async def read(screening: str):
        return str(await usual(app.state.seats, screening, deadline))

    app = seats_app(usual_lifespan(target), target, deadline, read)
    return app


@wrong("12.2.2", caught_by="test_q2_the_number_of_the_service_is_returned")
def booking_app(target, deadline):
    """Return the message."""

    async def read(screening: str):
        return await app.state.seats.CountFree(
            StringValue(value=screening), timeout=deadline
        )

    app = seats_app(usual_lifespan(target), target, deadline, read)
    return app


@wrong("12.2.2", caught_by="test_q2_the_number_of_the_service_is_returned")
def booking_app(target, deadline):
    """Forget `await`."""

    async def read(screening: str):
        call = app.state.seats.CountFree(StringValue(value=screening), timeout=deadline)
        return call.value

    app = seats_app(usual_lifespan(target), target, deadline, read)
    return app


def with_handling(target, deadline, handle):
    """Return an application whose endpoint handles errors in another way."""

    async def read(screening: str) -> int:
        request = StringValue(value=screening)
        try:
            return (await app.state.seats.CountFree(request, timeout=deadline)).value
        except grpc.aio.AioRpcError as error:
            return handle(error)

    app = seats_app(usual_lifespan(target), target, deadline, read)
    return app


@wrong("12.2.2", caught_by="test_q2_each_other_status_of_grpc_returns_500")
def booking_app(target, deadline):
    """Return 503 for each other status."""

    def handle(error):
        raise HTTPException(STATUS_CODES.get(error.code(), 503))

    return with_handling(target, deadline, handle)


@wrong("12.2.2", caught_by="test_q2_each_other_status_of_grpc_returns_500")
def booking_app(target, deadline):
    """Return 502 for each other status."""

    def handle(error):
        raise HTTPException(STATUS_CODES.get(error.code(), 502))

    return with_handling(target, deadline, handle)


@wrong("12.2.2", caught_by="test_q2_a_status_of_grpc_becomes_a_status_code[NOT_FOUND]")
def booking_app(target, deadline):
    """Let all exceptions pass through."""

    def handle(error):
        raise error

    return with_handling(target, deadline, handle)


@wrong(
    "12.2.2",
    caught_by="test_q2_a_status_of_grpc_becomes_a_status_code[DEADLINE_EXCEEDED]",
)
def booking_app(target, deadline):
    """Forget the deadline's status."""

    def handle(error):
        codes = {grpc.StatusCode.NOT_FOUND: 404, grpc.StatusCode.UNAVAILABLE: 503}
        raise HTTPException(codes.get(error.code(), 500))

    return with_handling(target, deadline, handle)


@wrong("12.2.2", caught_by="test_q2_a_status_of_grpc_becomes_a_status_code[NOT_FOUND]")
def booking_app(target, deadline):
    """Return the status code in the body."""

    def handle(error):
        return STATUS_CODES.get(error.code(), 500)

    return with_handling(target, deadline, handle)


@wrong("12.2.2", caught_by="test_q2_a_status_of_grpc_becomes_a_status_code[NOT_FOUND]")
def booking_app(target, deadline):
    """Compare the status with its name."""

    def handle(error):
        codes = {"NOT_FOUND": 404, "UNAVAILABLE": 503, "DEADLINE_EXCEEDED": 504}
        raise HTTPException(codes.get(error.code(), 500))

    return with_handling(target, deadline, handle)


@wrong(
    "12.2.2", caught_by="test_q2_a_status_of_grpc_becomes_a_status_code[UNAVAILABLE]"
)
def booking_app(target, deadline):
    """Take each failure for an unknown screening."""

    def handle(error):
        raise HTTPException(404)

    return with_handling(target, deadline, handle)


LAST = {}


@wrong("12.2.2", caught_by="test_q2_two_applications_have_their_own_service")
def booking_app(target, deadline):
    """Keep the client in the module."""

    @asynccontextmanager
    async def lifespan(app):
        async with grpc.aio.insecure_channel(target) as channel:
            LAST["seats"] = SeatsStub(channel)
            yield

    async def read(screening: str) -> int:
        return await usual(LAST["seats"], screening, deadline)

    return seats_app(lifespan, target, deadline, read)


@wrong("12.2.2", caught_by="test_q2_requests_at_the_same_time_are_not_blocked")
def booking_app(target, deadline):
    """Allow one call at a time."""
    lock = asyncio.Lock()

    async def read(screening: str) -> int:
        async with lock:
            return await usual(app.state.seats, screening, deadline)

    app = seats_app(usual_lifespan(target), target, deadline, read)
    return app


@wrong("12.2.2", caught_by="test_q2_the_application_can_start_again")
def booking_app(target, deadline):
    """Open the channel only at the first start."""
    opened = []

    @asynccontextmanager
    async def lifespan(app):
        if not opened:
            opened.append(grpc.aio.insecure_channel(target))
        app.state.seats = SeatsStub(opened[0])
        yield
        await opened[0].close()

    return seats_app(lifespan, target, deadline)


@wrong("12.2.2", caught_by="test_q2_the_number_of_the_service_is_returned")
def booking_app(target, deadline):
    """Use TLS."""

    @asynccontextmanager
    async def lifespan(app):
        credentials = grpc.ssl_channel_credentials()
        async with grpc.aio.secure_channel(target, credentials) as channel:
            app.state.seats = SeatsStub(channel)
            yield

    return seats_app(lifespan, target, deadline)


@wrong("12.2.2", caught_by="test_q2_one_channel_is_opened_at_the_start")
def booking_app(target, deadline):
    """Use a channel for threads, in a `def` endpoint."""

    @asynccontextmanager
    async def lifespan(app):
        with grpc.insecure_channel(target) as channel:
            app.state.seats = SeatsStub(channel)
            yield

    def read(screening: str) -> int:
        try:
            request = StringValue(value=screening)
            return app.state.seats.CountFree(request, timeout=deadline).value
        except grpc.RpcError as error:
            raise HTTPException(STATUS_CODES.get(error.code(), 500)) from error

    app = seats_app(lifespan, target, deadline, read)
    return app


@wrong("12.2.2", caught_by="test_q2_the_number_of_the_service_is_returned")
def booking_app(target, deadline):
    """Convert the screening to lower case."""

    async def read(screening: str) -> int:
        return await usual(app.state.seats, screening.lower(), deadline)

    app = seats_app(usual_lifespan(target), target, deadline, read)
    return app


@wrong(
    "12.2.2", caught_by="test_q2_a_status_of_grpc_becomes_a_status_code[UNAVAILABLE]"
)
def booking_app(target, deadline):
    """Let gRPC call again after a failure."""
    import json

    policy = {
        "maxAttempts": 3,
        "initialBackoff": "0.01s",
        "maxBackoff": "0.01s",
        "backoffMultiplier": 1,
        "retryableStatusCodes": ["UNAVAILABLE"],
    }
    config = json.dumps({"methodConfig": [{"name": [{}], "retryPolicy": policy}]})

    @asynccontextmanager
    async def lifespan(app):
        options = [("grpc.service_config", config)]
        async with grpc.aio.insecure_channel(target, options) as channel:
            app.state.seats = SeatsStub(channel)
            yield

    return seats_app(lifespan, target, deadline)


@wrong("12.2.2", caught_by="test_q2_one_channel_is_opened_at_the_start")
def booking_app(target, deadline):
    """Open one channel for each screening."""
    channels = {}

    @asynccontextmanager
    async def lifespan(app):
        yield
        for channel in channels.values():
            await channel.close()

    async def read(screening: str) -> int:
        if screening not in channels:
            channels[screening] = grpc.aio.insecure_channel(target)
        return await usual(SeatsStub(channels[screening]), screening, deadline)

    return seats_app(lifespan, target, deadline, read)


def with_new_channels(target, deadline, reopens):
    """Return an application that sometimes opens the channel again."""

    async def reopen():
        await app.state.channel.close()
        app.state.channel = grpc.aio.insecure_channel(target)

    async def read(screening: str) -> int:
        if reopens(app.state.channel):
            await reopen()
        try:
            return await usual(SeatsStub(app.state.channel), screening, deadline)
        except HTTPException as error:
            if reopens(error):
                await reopen()
            raise

    @asynccontextmanager
    async def lifespan(app):
        app.state.channel = grpc.aio.insecure_channel(target)
        yield
        await app.state.channel.close()

    app = seats_app(lifespan, target, deadline, read)
    return app


@wrong("12.2.2", caught_by="test_q2_one_channel_is_opened_at_the_start")
def booking_app(target, deadline):
    """Open another channel when a call has failed."""
    return with_new_channels(
        target, deadline, lambda one: getattr(one, "status_code", 0) == 503
    )


@wrong("12.2.2", caught_by="test_q2_a_service_that_is_not_running_returns_503")
def booking_app(target, deadline):
    """Open another channel when this one could not connect."""
    broken = grpc.ChannelConnectivity.TRANSIENT_FAILURE
    return with_new_channels(
        target,
        deadline,
        lambda one: not isinstance(one, Exception) and one.get_state() is broken,
    )


@wrong("12.2.2", caught_by="test_q2_the_number_of_the_service_is_returned")
def booking_app(target, deadline):
    """Close the channel after each request."""

    async def read(screening: str) -> int:
        try:
            return await usual(app.state.seats, screening, deadline)
        finally:
            await app.state.channel.close()

    @asynccontextmanager
    async def lifespan(app):
        app.state.channel = grpc.aio.insecure_channel(target)
        app.state.seats = SeatsStub(app.state.channel)
        yield

    app = seats_app(lifespan, target, deadline, read)
    return app


def with_read(target, deadline):
    """Return a decorator that makes an application of an endpoint."""
    return lambda read: seats_app(usual_lifespan(target), target, deadline, read)


@wrong("12.2.2", caught_by="test_q2_the_number_of_the_service_is_returned")
def booking_app(target, deadline):
    """Return plain text."""

    @with_read(target, deadline)
    async def app(screening: str):
        return Response(str(await usual(app.state.seats, screening, deadline)))

    return app


@wrong("12.2.2", caught_by="test_q2_the_number_of_the_service_is_returned")
def booking_app(target, deadline):
    """Remove spaces from the screening."""

    @with_read(target, deadline)
    async def app(screening: str) -> int:
        return await usual(app.state.seats, screening.strip(), deadline)

    return app


@wrong(
    "12.2.2", caught_by="test_q2_a_status_of_grpc_becomes_a_status_code[UNAVAILABLE]"
)
def booking_app(target, deadline):
    """Return the last number if the service is not available."""
    last = {}

    @with_read(target, deadline)
    async def app(screening: str) -> int:
        try:
            last[screening] = await usual(app.state.seats, screening, deadline)
        except HTTPException as error:
            if error.status_code != 503 or screening not in last:
                raise
        return last[screening]

    return app


@wrong("12.2.2", caught_by="test_q2_a_status_of_grpc_becomes_a_status_code[NOT_FOUND]")
def booking_app(target, deadline):
    """Remember the failures."""
    failed = {}

    @with_read(target, deadline)
    async def app(screening: str) -> int:
        if screening in failed:
            raise failed[screening]
        try:
            return await usual(app.state.seats, screening, deadline)
        except HTTPException as error:
            failed[screening] = error
            raise

    return app


@wrong("12.2.2", caught_by="test_q2_each_other_status_of_grpc_returns_500")
def booking_app(target, deadline):
    """Add a status to the table."""

    def handle(error):
        codes = STATUS_CODES | {grpc.StatusCode.ALREADY_EXISTS: 409}
        raise HTTPException(codes.get(error.code(), 500))

    return with_handling(target, deadline, handle)


@wrong("12.2.2", caught_by="test_q2_a_call_beyond_its_deadline_returns_504")
def booking_app(target, deadline):
    """Take whole seconds."""

    @with_read(target, deadline)
    async def app(screening: str) -> int:
        return await usual(app.state.seats, screening, int(deadline) or 1)

    return app


@wrong("12.2.2", caught_by="test_q2_a_call_beyond_its_deadline_returns_504")
def booking_app(target, deadline):
    """Let all calls share one deadline."""
    begin = time.monotonic()

    @with_read(target, deadline)
    async def app(screening: str) -> int:
        left = begin + deadline - time.monotonic()
        return await usual(app.state.seats, screening, max(0.001, left))

    return app


@wrong("12.2.2", caught_by="test_q2_two_applications_have_their_own_service")
def booking_app(target, deadline):
    """Take the port alone, and write the host."""
    own = "localhost:" + target.rpartition(":")[2]
    return seats_app(usual_lifespan(own), target, deadline)


@right("12.2.2")
def booking_app(target, deadline):
    """Ask the call for its status, and do not catch an exception."""

    @with_read(target, deadline)
    async def app(screening: str) -> int:
        request = StringValue(value=screening)
        call = app.state.seats.CountFree(request, timeout=deadline)
        code = await call.code()
        if code is not grpc.StatusCode.OK:
            raise HTTPException(STATUS_CODES.get(code, 500), await call.details())
        return (await call).value

    return app


@right("12.2.2")
def booking_app(target, deadline):
    """Use a dependency, the lifespan state and an exception handler."""

    @asynccontextmanager
    async def lifespan(app):
        channel = grpc.aio.insecure_channel(target)
        try:
            yield {"channel": channel}
        finally:
            await channel.close()

    def seats(request: Request):
        return SeatsStub(request.state.channel)

    app = FastAPI(lifespan=lifespan)

    @app.exception_handler(grpc.aio.AioRpcError)
    async def fail(request, error):
        status = STATUS_CODES.get(error.code())
        if status is None:
            raise error
        return JSONResponse({"detail": error.details()}, status)

    @app.get("/screenings/{screening}/seats")
    async def read_free_seats(screening: str, seats=Depends(seats)):
        reply = await seats.CountFree(StringValue(value=screening), timeout=deadline)
        return reply.value

    return app


@right("12.2.2")
def booking_app(target, deadline):
    """Use a variable of the function, and `match`."""
    seats = None

    @asynccontextmanager
    async def lifespan(app):
        nonlocal seats
        async with grpc.aio.insecure_channel(target) as channel:
            seats = SeatsStub(channel)
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/screenings/{screening}/seats")
    async def read_free_seats(screening: str) -> int:
        try:
            return (
                await seats.CountFree(StringValue(value=screening), timeout=deadline)
            ).value
        except grpc.RpcError as error:
            match error.code():
                case grpc.StatusCode.NOT_FOUND:
                    raise HTTPException(404, "There is no such screening.")
                case grpc.StatusCode.UNAVAILABLE:
                    raise HTTPException(503, "Try again later.")
                case grpc.StatusCode.DEADLINE_EXCEEDED:
                    raise HTTPException(504, "The service is slow.")
            raise

    return app


@right("12.2.2")
def booking_app(target, deadline):
    """Keep the channel, and create the client for each call."""

    @asynccontextmanager
    async def lifespan(app):
        app.state.channel = grpc.aio.insecure_channel(target)
        yield
        await app.state.channel.close()

    async def read(screening: str):
        call = SeatsStub(app.state.channel).CountFree(
            StringValue(value=screening), timeout=deadline
        )
        if await call.code() is grpc.StatusCode.OK:
            return JSONResponse((await call).value)
        return JSONResponse(
            await call.details(), STATUS_CODES.get(await call.code(), 500)
        )

    app = seats_app(lifespan, target, deadline, read)
    return app


def cinema(lifespan):
    """Return an application with this lifespan, and the endpoint of the solution."""
    app = FastAPI(lifespan=lifespan)

    @app.get("/screenings/{screening}/seats")
    async def read_free_seats(screening: str) -> int:
        try:
            return await free_seats(screening)
        except NoScreening as error:
            raise HTTPException(404) from error

    return app


def server_at(address):
    """Return a server that has been created, but not started."""
    server = grpc.aio.server()
    add_seats(server)
    server.add_insecure_port(address)
    return server


@wrong("12.2.3", caught_by="test_q3_a_running_call_ends_and_a_new_one_is_refused")
def cinema_app(address, grace):
    """Stop at once."""

    @asynccontextmanager
    async def lifespan(app):
        server = server_at(address)
        await server.start()
        yield
        await server.stop(None)

    return cinema(lifespan)


@wrong("12.2.3", caught_by="test_q3_a_running_call_is_cancelled_after_the_grace")
def cinema_app(address, grace):
    """Write a number instead of the parameter."""

    @asynccontextmanager
    async def lifespan(app):
        server = server_at(address)
        await server.start()
        yield
        await server.stop(1)

    return cinema(lifespan)


@wrong("12.2.3", caught_by="test_q3_the_server_listens_from_start_to_stop")
def cinema_app(address, grace):
    """Do not stop the server."""

    @asynccontextmanager
    async def lifespan(app):
        app.state.server = server_at(address)
        await app.state.server.start()
        yield

    return cinema(lifespan)


@wrong("12.2.3", caught_by="test_q3_a_running_call_ends_and_a_new_one_is_refused")
def cinema_app(address, grace):
    """Do not wait until the server has stopped."""

    @asynccontextmanager
    async def lifespan(app):
        server = server_at(address)
        await server.start()
        yield
        app.state.stopping = asyncio.create_task(server.stop(grace))

    return cinema(lifespan)


@wrong("12.2.3", caught_by="test_q3_a_running_call_ends_and_a_new_one_is_refused")
def cinema_app(address, grace):
    """Serve on during the grace, and then stop."""

    @asynccontextmanager
    async def lifespan(app):
        server = server_at(address)
        await server.start()
        yield
        await asyncio.sleep(grace)
        await server.stop(None)

    return cinema(lifespan)


@wrong("12.2.3", caught_by="test_q3_the_application_can_start_again")
def cinema_app(address, grace):
    """Wait at the start until the server ends."""

    @asynccontextmanager
    async def lifespan(app):
        server = server_at(address)
        await server.start()
        await server.wait_for_termination()
        yield
        await server.stop(grace)

    return cinema(lifespan)


@wrong("12.2.3", caught_by="test_q3_the_application_can_start_again")
def cinema_app(address, grace):
    """Forget to start the server."""

    @asynccontextmanager
    async def lifespan(app):
        server = server_at(address)
        yield
        await server.stop(grace)

    return cinema(lifespan)


@wrong("12.2.3", caught_by="test_q3_two_applications_have_their_own_server")
def cinema_app(address, grace):
    """Forget to add the service."""

    @asynccontextmanager
    async def lifespan(app):
        server = grpc.aio.server()
        server.add_insecure_port(address)
        await server.start()
        yield
        await server.stop(grace)

    return cinema(lifespan)


@wrong("12.2.3", caught_by="test_q3_the_server_listens_from_start_to_stop")
def cinema_app(address, grace):
    """Forget to add the port."""

    @asynccontextmanager
    async def lifespan(app):
        server = grpc.aio.server()
        add_seats(server)
        await server.start()
        yield
        await server.stop(grace)

    return cinema(lifespan)


@wrong("12.2.3", caught_by="test_q3_the_server_listens_at_this_address_only")
def cinema_app(address, grace):
    """Listen at all addresses of the machine."""

    @asynccontextmanager
    async def lifespan(app):
        server = server_at("0.0.0.0:" + address.rpartition(":")[2])
        await server.start()
        yield
        await server.stop(grace)

    return cinema(lifespan)


@wrong("12.2.3", caught_by="test_q3_the_server_listens_from_start_to_stop")
def cinema_app(address, grace):
    """Use a port of the documentation."""

    @asynccontextmanager
    async def lifespan(app):
        server = server_at("127.0.0.1:50051")
        await server.start()
        yield
        await server.stop(grace)

    return cinema(lifespan)


@wrong("12.2.3", caught_by="test_q3_the_server_listens_from_start_to_stop")
def cinema_app(address, grace):
    """Start the server in a task, and do not wait for it."""

    @asynccontextmanager
    async def lifespan(app):
        async def run():
            nonlocal server
            server = server_at(address)
            await server.start()

        server = None
        starting = asyncio.create_task(run())
        yield
        await starting
        await server.stop(grace)

    return cinema(lifespan)


@wrong("12.2.3", caught_by="test_q3_the_server_listens_from_start_to_stop")
def cinema_app(address, grace):
    """Create the server with the application."""
    server = server_at(address)

    @asynccontextmanager
    async def lifespan(app):
        await server.start()
        yield
        await server.stop(grace)

    return cinema(lifespan)


@wrong("12.2.3", caught_by="test_q3_the_application_can_start_again")
def cinema_app(address, grace):
    """Create the server once, and add the port at each start."""
    servers = []

    @asynccontextmanager
    async def lifespan(app):
        if not servers:
            servers.append(server_at(address))
        await servers[0].start()
        yield
        await servers[0].stop(grace)

    return cinema(lifespan)


@wrong("12.2.3", caught_by="test_q3_the_application_can_start_again")
def cinema_app(address, grace):
    """Create the server with the application, and add the port at each start."""
    server = grpc.aio.server()
    add_seats(server)

    @asynccontextmanager
    async def lifespan(app):
        server.add_insecure_port(address)
        await server.start()
        yield
        await server.stop(grace)

    return cinema(lifespan)


@wrong("12.2.3", caught_by="test_q3_the_server_runs_in_the_event_loop_of_the_app")
def cinema_app(address, grace):
    """Run the server in a thread with an event loop of its own."""
    import threading

    @asynccontextmanager
    async def lifespan(app):
        ready, over = threading.Event(), threading.Event()

        async def serve():
            server = server_at(address)
            await server.start()
            ready.set()
            await asyncio.to_thread(over.wait)
            await server.stop(grace)

        thread = threading.Thread(target=asyncio.run, args=(serve(),))
        thread.start()
        await asyncio.to_thread(ready.wait)
        try:
            yield
        finally:
            over.set()
            await asyncio.to_thread(thread.join)

    return cinema(lifespan)


@wrong("12.2.3", caught_by="test_q3_the_server_listens_at_this_address_only")
def cinema_app(address, grace):
    """Take the port alone, and listen at localhost."""

    @asynccontextmanager
    async def lifespan(app):
        server = server_at("[::]:" + address.rpartition(":")[2])
        await server.start()
        yield
        await server.stop(grace)

    return cinema(lifespan)


@wrong("12.2.3", caught_by="test_q3_the_server_listens_at_this_address_only[127.0.0.2]")
def cinema_app(address, grace):
    """Take the port alone, and write the host."""

    @asynccontextmanager
    async def lifespan(app):
        server = server_at("127.0.0.1:" + address.rpartition(":")[2])
        await server.start()
        yield
        await server.stop(grace)

    return cinema(lifespan)


@wrong("12.2.3", caught_by="test_q3_http_and_grpc_are_served_at_the_same_time")
def cinema_app(address, grace):
    """Allow one call at a time."""

    @asynccontextmanager
    async def lifespan(app):
        server = grpc.aio.server(maximum_concurrent_rpcs=1)
        add_seats(server)
        server.add_insecure_port(address)
        await server.start()
        yield
        await server.stop(grace)

    return cinema(lifespan)


@wrong("12.2.3", caught_by="test_q3_the_server_listens_from_start_to_stop")
def cinema_app(address, grace):
    """Forget `await` before `stop()`."""

    @asynccontextmanager
    async def lifespan(app):
        server = app.state.server = server_at(address)
        await server.start()
        yield
        server.stop(grace).close()

    return cinema(lifespan)


def stopping_with(address, stop):
    """Return an application whose server is stopped in another way."""

    @asynccontextmanager
    async def lifespan(app):
        server = app.state.server = server_at(address)
        await server.start()
        yield
        await stop(server)

    return cinema(lifespan)


@wrong("12.2.3", caught_by="test_q3_a_running_call_is_cancelled_after_the_grace")
def cinema_app(address, grace):
    """Take whole seconds."""
    return stopping_with(address, lambda server: server.stop(int(grace)))


@wrong("12.2.3", caught_by="test_q3_a_running_call_is_cancelled_after_the_grace")
def cinema_app(address, grace):
    """Round up to whole seconds."""
    return stopping_with(address, lambda server: server.stop(int(grace) + 1))


@wrong("12.2.3", caught_by="test_q3_a_running_call_is_cancelled_after_the_grace")
def cinema_app(address, grace):
    """Take seconds for milliseconds."""
    return stopping_with(address, lambda server: server.stop(grace / 1000))


@wrong("12.2.3", caught_by="test_q3_a_running_call_is_cancelled_after_the_grace")
def cinema_app(address, grace):
    """Stop in a task, and wait for a moment only."""

    async def stop(server):
        stopping.append(asyncio.create_task(server.stop(grace)))
        await asyncio.sleep(0.05)

    stopping = []
    return stopping_with(address, stop)


@wrong("12.2.3", caught_by="test_q3_the_server_listens_at_this_address_only")
def cinema_app(address, grace):
    """Add a second port."""

    @asynccontextmanager
    async def lifespan(app):
        server = server_at(address)
        server.add_insecure_port("127.0.0.1:0")
        await server.start()
        yield
        await server.stop(grace)

    return cinema(lifespan)


@wrong("12.2.3", caught_by="test_q3_the_start_raises_when_the_address_is_taken")
def cinema_app(address, grace):
    """Serve HTTP alone if the address is taken."""

    @asynccontextmanager
    async def lifespan(app):
        server = grpc.aio.server()
        add_seats(server)
        try:
            server.add_insecure_port(address)
        except RuntimeError:
            print("The address is taken.")
        await server.start()
        yield
        await server.stop(grace)

    return cinema(lifespan)


@right("12.2.3")
def cinema_app(address, grace):
    """Use `try` and `finally`, and a task that waits for the end."""

    @asynccontextmanager
    async def lifespan(app):
        server = server_at(address)
        await server.start()
        serving = asyncio.create_task(server.wait_for_termination())
        try:
            yield
        finally:
            await server.stop(grace=grace)
            await serving

    return cinema(lifespan)


@right("12.2.3")
def cinema_app(address, grace):
    """Use a class with two methods."""

    class GrpcServer:
        async def __aenter__(self):
            self.server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
            self.server.add_insecure_port(address)
            add_seats(self.server)
            await self.server.start()
            return self.server

        async def __aexit__(self, *_):
            await self.server.stop(grace)

    @asynccontextmanager
    async def lifespan(app):
        async with GrpcServer() as app.state.server:
            yield

    return cinema(lifespan)
