"""The line between a client and a server, where everybody on the way can listen."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# Bytes that are passed on at a time.
_CHUNK = 65_536
# Seconds that a thread gets to end once its sockets are shut down.
_STOP = 5.0


class Wire:
    """A port that leads to another one.

    `sent` is what clients have sent through it so far, `received` what the server has
    sent back. Connect to `port` in the place of the server's own port.
    """

    def __init__(self, listener: socket.socket, to: int) -> None:
        self.port: int = listener.getsockname()[1]
        self.sent = bytearray()
        self.received = bytearray()
        self._listener = listener
        self._to = to
        self._lock = threading.Lock()
        self._ends: list[socket.socket] = []
        self._is_cut = False

    def cut(self) -> None:
        """Break all connections and accept no more, as if the server were gone."""
        with self._lock:
            self._is_cut = True
            ends = [self._listener, *self._ends]
        for end in ends:
            with suppress(OSError):  # it is broken already
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return  # cut
            try:
                far = socket.create_connection(("127.0.0.1", self._to))
            except OSError:
                near.close()
                continue
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._ends += [near, far]
            for way in ((near, far, self.sent), (far, near, self.received)):
                threading.Thread(target=self._pass_on, args=way, daemon=True).start()
            if self._is_cut:
                self.cut()

    def _pass_on(
        self, source: socket.socket, target: socket.socket, heard: bytearray
    ) -> None:
        with suppress(OSError):  # either side has gone
            while data := source.recv(_CHUNK):
                heard.extend(data)
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)


@contextmanager
def wire(to: int) -> Iterator[Wire]:
    """Yield a line to the port `to` of this machine; it is cut afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        line = Wire(listener, to)
        accepting = threading.Thread(target=line._accept, daemon=True)
        accepting.start()
        try:
            yield line
        finally:
            line.cut()
            accepting.join(_STOP)
