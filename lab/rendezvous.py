"""A place where callers wait for each other."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from threading import Lock

# Seconds that callers wait for the next one to come. Then it opens for good.
_PATIENCE = 2.0


class Rendezvous:
    """Holds its callers, of any thread and of any event loop, until it opens.

    It opens once `parties` callers are inside, or when it is told to; who comes later
    walks through. `inside` is how many are in it now, `most` how many there were at
    the same time.
    """

    def __init__(self, parties: int | None = None) -> None:
        self.inside = 0
        self.most = 0
        self._came = 0
        self._parties = parties
        self._opened: Future[None] = Future()
        self._lock = Lock()

    def open(self) -> None:
        """Let everybody go."""
        with self._lock:
            self._open()

    def wait(self) -> None:
        """Wait inside, and block the thread meanwhile.

        Where that is the thread of a running event loop, nobody else of that loop
        could ever come in: such a caller is let go at once.
        """
        with self.visit():
            if _blocks_a_loop():
                return
            came = 0
            while came < self._came and not self._opened.done():
                came = self._came
                wait([self._opened], _PATIENCE)
            self.open()

    async def wait_async(self) -> None:
        """Wait inside, and leave the event loop to others meanwhile."""
        with self.visit():
            opened = asyncio.wrap_future(self._opened)
            came = 0
            while came < self._came and not opened.done():
                came = self._came
                await asyncio.wait([opened], timeout=_PATIENCE)
            self.open()

    @contextmanager
    def visit(self) -> Iterator[None]:
        """Count the caller as inside during the block, and hold nobody."""
        with self._lock:
            self.inside += 1
            self._came += 1
            self.most = max(self.most, self.inside)
            if self.inside == self._parties:
                self._open()
        try:
            yield
        finally:
            with self._lock:
                self.inside -= 1

    def _open(self) -> None:
        if not self._opened.done():
            self._opened.set_result(None)


def _blocks_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
