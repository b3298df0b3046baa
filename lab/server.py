"""A real server: uvicorn on a free port of the loopback interface, in a thread."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx2
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from lab.tls import Tls

# Seconds that a start may take, however busy the machine is.
_START = 30.0
# Seconds that a stop may take: an endpoint may block the event loop for good.
_STOP = 5.0
# Seconds that requests under way get to end when the server is stopped.
_GRACE = 1.0


class Server:
    """A running server.

    `url` is its address without a final slash; `client` is connected to it, and trusts
    its certificate where it has one.
    """

    def __init__(self, port: int, tls: "Tls | None" = None) -> None:
        self.port = port
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
        self.client = httpx2.Client(
            base_url=self.url, trust_env=False, verify=tls.client if tls else False
        )
        self._errors: list[Exception] = []
        self._failing: list[threading.Event] = []

    @property
    def errors(self) -> list[Exception]:
        """The exceptions that left the application."""
        for over in self._failing:
            over.wait(_GRACE)
        return self._errors


class _Witness:
    """Notes what leaves an application, which a client sees only as a 500."""

    def __init__(self, app: ASGIApp, server: Server) -> None:
        self._app = app
        self._server = server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        over = threading.Event()

        async def tell(message: Message) -> None:
            # The client has its answer before the exception leaves the application.
            if message.get("status") == 500:
                self._server._failing.append(over)
            await send(message)

        try:
            await self._app(scope, receive, tell)
        except Exception as error:
            self._server._errors.append(error)
            raise
        finally:
            over.set()


class _Uvicorn(uvicorn.Server):
    """Tells when it is ready, and stops when told to rather than at its next tick."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.settled = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        await self.on_tick(0)
        self.settled.set()
        await self._stopping.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # As uvicorn does it, less the tenth of a second that it always waits.
        for listening in self.servers:
            listening.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if self.server_state.tasks:
            _, late = await asyncio.wait(self.server_state.tasks, timeout=_GRACE)
            for task in late:
                task.cancel()
        await self.lifespan.shutdown()

    def serve_in_thread(self, listener: socket.socket) -> None:
        try:
            self.run(sockets=[listener])
        except SystemExit:
            pass  # uvicorn's word for "the application's start-up failed"
        except OSError:
            pass  # it was given up, and its listener closed, before it was ready
        finally:
            self.settled.set()

    def stop(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stopping.set)


@contextmanager
def serve(app: ASGIApp, *, tls: "Tls | None" = None) -> Iterator[Server]:
    """Yield a server that serves `app`, started up; stop it afterwards.

    It speaks HTTP; with the two sides of `tls`, HTTPS.
    What the block raises has what left the application first as its cause.

    Raises:
        RuntimeError: the application's own start-up failed.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # asyncio sets it only on sockets that name their protocol; without it, a
        # second request on a connection waits 40 ms for an acknowledgement.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server = Server(listener.getsockname()[1], tls)
        config = uvicorn.Config(
            _Witness(app, server),
            log_config=None,
            ssl_context_factory=(lambda *_: tls.server) if tls else None,
        )
        running = _Uvicorn(config)
        thread = threading.Thread(
            target=running.serve_in_thread, args=(listener,), daemon=True
        )
        thread.start()
        try:
            if not running.settled.wait(_START) or not running.started:
                raise RuntimeError("The application's start-up failed.")
            with server.client:
                yield server
        except Exception as error:
            if server.errors and error.__cause__ is None:
                raise error from server.errors[0]
            raise
        finally:
            running.stop()
            thread.join(_STOP)
