"""A real WSGI server: on a free port of the loopback interface, with worker threads."""

import io
import socketserver
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from socket import socket
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from lab.server import Server

# Seconds between two looks whether the server is to stop.
_PAUSE = 0.02
# Seconds that requests under way get to end when the server is stopped.
_GRACE = 1.0

# A connection, and the address that it comes from.
_Visit = tuple[socket, tuple[str, int]]


class WorkerServer(Server):
    """A running WSGI server.

    `idle` is how many of its worker threads have nothing to do; `url`, `client` and
    `errors` are those of every server.
    """

    def __init__(
        self, port: int, threads: int, line: SimpleQueue[_Visit | None]
    ) -> None:
        super().__init__(port)
        self.idle = threads
        self._line = line

    @property
    def in_line(self) -> int:
        """How many requests wait for a worker thread."""
        return self._line.qsize()


class _Handler(WSGIRequestHandler):
    """Answers one request and prints nothing."""

    def get_stderr(self) -> Any:
        return io.StringIO()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


class _Listener(WSGIServer):
    """Puts the connections it accepts in line; worker threads handle them."""

    request_queue_size = 128

    def __init__(self, threads: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.line: SimpleQueue[_Visit | None] = SimpleQueue()
        self.server = WorkerServer(self.server_port, threads, self.line)
        self._lock = threading.Lock()

    def server_bind(self) -> None:
        # As wsgiref does it, less the look-up of the host's name.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]
        self.setup_environ()

    def process_request(self, request: Any, client_address: Any) -> None:
        self.line.put((request, client_address))

    def work(self) -> None:
        while (visit := self.line.get()) is not None:
            self._count(-1)
            with suppress(OSError):  # the client has gone away
                self.finish_request(*visit)
            self.shutdown_request(visit[0])
            self._count(1)

    def _count(self, change: int) -> None:
        with self._lock:
            self.server.idle += change


@contextmanager
def serve_wsgi(app: WSGIApplication, *, threads: int = 1) -> Iterator[WorkerServer]:
    """Yield a server that serves `app` with so many worker threads; stop it afterwards.

    What the block raises has what left the application first as its cause.
    """
    with _Listener(threads) as listener:
        server = listener.server
        listener.set_app(_witnessed(app, server.errors))
        workers = [
            threading.Thread(target=listener.work, daemon=True) for _ in range(threads)
        ]
        accepting = threading.Thread(
            target=listener.serve_forever, args=(_PAUSE,), daemon=True
        )
        for thread in (*workers, accepting):
            thread.start()
        try:
            with server.client:
                yield server
        except Exception as error:
            if server.errors and error.__cause__ is None:
                raise error from server.errors[0]
            raise
        finally:
            listener.shutdown()
            for _ in workers:
                listener.line.put(None)
            for worker in workers:
                worker.join(_GRACE)


def _witnessed(app: WSGIApplication, errors: list[Exception]) -> WSGIApplication:
    def witness(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        try:
            return app(environ, start)
        except Exception as error:
            errors.append(error)
            raise

    return witness
