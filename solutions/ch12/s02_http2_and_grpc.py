"""12.2  HTTP/2 and gRPC with FastAPI.

HTTP/2 carries many requests at the same time over one connection. gRPC calls functions
of another service over HTTP/2; its messages are bytes of Protocol Buffers.
Notes: content/docs/fastapi-pro/http2-grpc.md
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
from fastapi import FastAPI, HTTPException
from google.protobuf.wrappers_pb2 import Int32Value, StringValue

from sensei import ___


def http_runs() -> dict[str, object]:
    """12.2.1  How can FastAPI applications benefit from HTTP/2 when deployed with
    Uvicorn/Hypercorn?

    The test serves the same FastAPI application with Uvicorn and with Hypercorn. The
    URLs begin with `https://`. Only in the run "without TLS" the URL begins with
    `http://`. Each run has a new client, `httpx.AsyncClient(http2=True)`. Predict what
    happens.

    - "version": the client sends one request. Which version of HTTP does the response
      have, "HTTP/1.1" or "HTTP/2"?
    - "connections": the client sends six requests at the same time. Their endpoint
      returns when all six requests have arrived. How many connections do the requests
      use?
    - "order": the client may open one connection only. It requests `/trailer`, whose
      endpoint takes long. Meanwhile it requests `/prices`, whose endpoint returns at
      once. In which order do the two responses arrive?

    Example:
        With Uvicorn, "order" is ["/trailer", "/prices"].
    """
    # region answer
    # In words: Over HTTP/1.1, a connection carries one request at a time, so requests
    # at the same time need several connections, or wait for each other. Over HTTP/2,
    # they share one connection, and a slow response does not hold up the others. The
    # application stays the same: the server decides. Uvicorn speaks HTTP/1.1 only.
    # Hypercorn speaks both, and agrees with the client on the version during the TLS
    # handshake. Without TLS, browsers and httpx use HTTP/1.1.
    return {
        "version, Uvicorn": "HTTP/1.1",
        "version, Hypercorn": "HTTP/2",
        "version, Hypercorn without TLS": "HTTP/1.1",
        "connections, Uvicorn": 6,
        "connections, Hypercorn": 1,
        "order, Hypercorn": ["/prices", "/trailer"],
    }
    # stub: return {
    # stub:     "version, Uvicorn": ___,
    # stub:     "version, Hypercorn": ___,
    # stub:     "version, Hypercorn without TLS": ___,
    # stub:     "connections, Uvicorn": ___,
    # stub:     "connections, Hypercorn": ___,
    # stub:     "order, Hypercorn": ___,
    # stub: }
    # endregion


class SeatsStub:
    """The client of the gRPC service `Seats`, as it is generated from a .proto file.

    package cinema;
    service Seats {
      rpc CountFree (google.protobuf.StringValue) returns (google.protobuf.Int32Value);
    }
    """

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.CountFree = channel.unary_unary(
            "/cinema.Seats/CountFree",
            request_serializer=StringValue.SerializeToString,
            response_deserializer=Int32Value.FromString,
        )


STATUS_CODES = {
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
}


def booking_app(target: str, deadline: float) -> FastAPI:
    """12.2.2  Describe how a FastAPI service can act as a client to a gRPC service.

    The gRPC service `Seats` counts the free seats of a screening. It listens at the
    address `target`, without TLS. Write an application that returns its numbers over
    HTTP. `SeatsStub` above is the client, such as `seats = SeatsStub(channel)`.

    - When the application starts, open one `grpc.aio` channel. Use this channel for all
      requests. When the application stops, close it.
    - `GET /screenings/{screening}/seats` calls `CountFree` once for each request, with
      the screening from the path. It returns 200 and the number as JSON.
    - Each call has a deadline of `deadline` seconds, which gRPC sends to the service.
    - If the call raises `grpc.aio.AioRpcError`, return the status code that
      `STATUS_CODES` has for its gRPC status. For any other gRPC status, return 500.
    - The application also starts while the service is not running. Requests return 503
      until the service runs.

    Example:
        await seats.CountFree(StringValue(value="alien"))  ->  Int32Value(value=12)
        GET /screenings/alien/seats                        ->  200  12
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # region answer
        # In words: A channel holds the connections to a service. Open it once in the
        # lifespan, in the event loop that uses it, and share it: each call is a stream
        # of one HTTP/2 connection. Give each call a deadline, which the service sees,
        # too. A failed call raises `AioRpcError` with a status of gRPC, and your API
        # returns the status code of HTTP that fits.
        async with grpc.aio.insecure_channel(target) as channel:
            app.state.seats = SeatsStub(channel)
            yield
        # stub: raise NotImplementedError
        # stub: yield
        # endregion

    app = FastAPI(lifespan=lifespan)

    @app.get("/screenings/{screening}/seats")
    async def read_free_seats(screening: str) -> int:
        # region answer
        request = StringValue(value=screening)
        try:
            reply = await app.state.seats.CountFree(request, timeout=deadline)
        except grpc.aio.AioRpcError as error:
            status_code = STATUS_CODES.get(error.code(), 500)
            raise HTTPException(status_code) from error
        return int(reply.value)
        # endregion

    return app


class NoScreening(Exception):
    """There is no such screening."""


async def free_seats(screening: str) -> int:
    """Return the number of free seats, or raise `NoScreening`."""
    if screening != "alien":
        raise NoScreening(screening)
    return 12


async def count_free(
    request: StringValue, context: "grpc.aio.ServicerContext[StringValue, Int32Value]"
) -> Int32Value:
    """Handle a call of `CountFree`."""
    try:
        return Int32Value(value=await free_seats(request.value))
    except NoScreening:
        await context.abort(grpc.StatusCode.NOT_FOUND, "There is no such screening.")


def add_seats(server: grpc.aio.Server) -> None:
    """Add the service `Seats` to a server, as generated code does."""
    method = grpc.unary_unary_rpc_method_handler(
        count_free, StringValue.FromString, Int32Value.SerializeToString
    )
    handler = grpc.method_handlers_generic_handler(
        "cinema.Seats", {"CountFree": method}
    )
    server.add_generic_rpc_handlers((handler,))


def cinema_app(address: str, grace: float) -> FastAPI:
    """12.2.3  What are the challenges of exposing gRPC services directly from
    FastAPI/Starlette?

    gRPC needs HTTP/2 and trailers, which are headers after the body. Uvicorn does not
    speak HTTP/2, and the responses of FastAPI have no trailers, so a route of FastAPI
    cannot serve gRPC. Run a gRPC server beside the application below, in the same
    process and in the same event loop.

    - When the application starts, start a `grpc.aio` server without TLS that serves
      `Seats`. Clients can connect as soon as the application has started.
    - The server listens at `address` only, such as "127.0.0.1:50051". If it cannot
      listen there, the start of the application raises an exception.
    - When the application stops, the server refuses new calls at once. Running calls
      have `grace` seconds to end, and then they are cancelled.
    - The application has stopped when the server has stopped. After that, the same
      application can start again.

    Given:
        `add_seats` above adds the service `Seats` to a server.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # region answer
        # In words: gRPC is a protocol of its own. It needs HTTP/2, its messages are
        # framed bytes and not JSON, and the status of a call comes in a trailer, after
        # the body. It knows nothing of FastAPI's routes, validation, middlewares and
        # exception handlers. So it gets its own server on its own port. Both share the
        # functions below, and the lifespan starts and stops the server.
        server = grpc.aio.server()
        add_seats(server)
        server.add_insecure_port(address)
        await server.start()
        yield
        await server.stop(grace)
        # stub: raise NotImplementedError
        # stub: yield
        # endregion

    app = FastAPI(lifespan=lifespan)

    @app.get("/screenings/{screening}/seats")
    async def read_free_seats(screening: str) -> int:
        try:
            return await free_seats(screening)
        except NoScreening as error:
            raise HTTPException(404, "There is no such screening.") from error

    return app
