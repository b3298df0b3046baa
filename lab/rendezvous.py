"""A place where callers wait for each other."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from threading import Lock

# It opens when nobody has come during so many looks, of so many seconds each. Looks are
# counted, and not seconds, because each takes longer on a machine with much to do.
_LOOKS = 40
_LOOK = 0.05


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
            for _ in self._looks():
                wait([self._opened], _LOOK)
            self.open()

    async def wait_async(self) -> None:
        """Wait inside, and leave the event loop to others meanwhile."""
        with self.visit():
            opened = asyncio.wrap_future(self._opened)
            for _ in self._looks():
                await asyncio.wait([opened], timeout=_LOOK)
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

    def _looks(self) -> Iterator[None]:
        """Yield for each look, as long as others come and it has not opened."""
        came = looks = 0
        while looks < _LOOKS and not self._opened.done():
            looks = looks + 1 if came == self._came else 0
            came = self._came
            yield

    def _open(self) -> None:
        if not self._opened.done():
            self._opened.set_result(None)


def _blocks_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
